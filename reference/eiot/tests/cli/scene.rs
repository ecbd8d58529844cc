//! A place to run the program in.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What is recorded: ten seconds, three clips of at most four.
pub const SAMPLE: &[u8] = include_bytes!("../../../assets/sample.ts");

/// A store and two machines' homes.
pub struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    pub fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("film.ts"), SAMPLE).unwrap();
        Self { dir }
    }

    /// An account on phone `anna`, its passphrase in `words`.
    pub fn account() -> Self {
        let scene = Self::empty();
        scene.json([
            "account",
            "create",
            "--phone",
            "anna",
            "--passphrase-to",
            "words",
        ]);
        scene
    }

    /// With camera `door` and its stream `video`.
    pub fn paired() -> Self {
        let scene = Self::account();
        scene.json(["camera", "pair", "door", "--streams", "video"]);
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        self.run_by(env!("CARGO_BIN_EXE_eiot"), args)
    }

    /// A command of this program, a copy of the one under test.
    pub fn run_by<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).args(args);
        command.env_clear().env("EIOT_WORK", "least");
        if self.path("words").exists() {
            command.env(
                "EIOT_PASSPHRASE",
                fs::read_to_string(self.path("words")).unwrap(),
            );
        }
        command.stdin(Stdio::null());
        command
    }

    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command with `--json`: its exit code and its one object.
    pub fn ask<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> (i32, Value) {
        let output = self.command(args).arg("--json").output().unwrap();
        let json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("one object: {error}: {output:?}"));
        (output.status.code().unwrap(), json)
    }

    pub fn json<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Value {
        let (code, json) = self.ask(args);
        assert_eq!((code, json.get("error")), (0, None), "{json}");
        json
    }

    /// Runs a command that is refused, with this reason.
    pub fn refused<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        reason: &str,
    ) -> Value {
        let (code, json) = self.ask(args);
        let expected = if reason == "usage" { 2 } else { 1 };
        assert_eq!(
            (code, json["error"].as_str()),
            (expected, Some(reason)),
            "{json}"
        );
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        json
    }

    pub fn record(&self) -> Value {
        self.json(["record", "--camera", "door", "--stream", "video", "film.ts"])
    }

    /// What `viewer` gets of clips `clips`.
    pub fn view(&self, viewer: &str, clips: &str) -> Vec<u8> {
        let out = [
            "view", "--stream", "video", "--as", viewer, "--clip", clips, "-o", "out",
        ];
        self.json(out);
        fs::read(self.path("out")).unwrap()
    }

    /// Views clips that stay closed, and leaves nothing behind.
    pub fn closed(&self, viewer: &str, clips: &str, reason: &str) {
        let out = [
            "view", "--stream", "video", "--as", viewer, "--clip", clips, "-o", "none",
        ];
        self.refused(out, reason);
        assert!(!self.path("none").exists());
        let left = fs::read_dir(self.dir.path()).unwrap();
        let names = left.map(|entry| entry.unwrap().file_name());
        assert!(
            names
                .into_iter()
                .all(|name| !name.to_string_lossy().contains(".eiot-"))
        );
    }

    pub fn account_id(&self) -> String {
        self.json(["account", "show"])["account"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The files under a folder.
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.path(folder)]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }

    /// An object of the store, by the end of its path.
    pub fn object(&self, end: &str) -> PathBuf {
        let mut files = self.files("eiot-store");
        files.retain(|file| file.to_string_lossy().ends_with(end));
        assert_eq!(files.len(), 1, "{end}: {files:?}");
        files.remove(0)
    }
}

/// Waits until `done`, for a process that works at its own pace.
pub fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "waited for {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

pub fn text(json: &Value, field: &str) -> String {
    json[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {json}"))
        .to_owned()
}
