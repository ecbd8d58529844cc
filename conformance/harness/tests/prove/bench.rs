//! A model, its pins, and a stub that replays what provers printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

pub const HASKELL: &str = "tamarin-prover 1.11.0, (C) David Basin and others\n";
pub const PORT: &str = "tamarin-rs 1.13.0\n";

/// What is written by hand before the first bless.
const BY_HAND: &str = r#"
    [[theory]]
    file = "small.spthy"
    what = "a small one"
    [[theory.set]]
    [[theory.set]]
    flags = ["LEAK"]
    scope = "named"
    drops = "the secrecy of the key's channel"
    expect.message_secret = "falsified"
"#;

pub fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recorded")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// A model, its manifest, and a stub that prints what was recorded for it.
pub struct Bench {
    directory: tempfile::TempDir,
}

pub struct Run {
    pub code: i32,
    pub text: String,
    pub json: Value,
}

impl Bench {
    /// As it is before the first bless.
    pub fn raw() -> Self {
        let bench = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for place in ["models", "stub"] {
            std::fs::create_dir(bench.path(place)).unwrap();
        }
        bench.put("models/small.spthy", &recorded("small.spthy"));
        bench.put("models/verdicts.toml", BY_HAND);
        bench.put("stub/version", HASKELL);
        bench.put("stub/out", &recorded("haskell-1.11.0.txt"));
        bench.put("stub/out+LEAK", &recorded("haskell-1.11.0+LEAK.txt"));
        bench
    }

    /// With a manifest that its prover agrees with.
    pub fn new() -> Self {
        let bench = Self::raw();
        let blessed = bench.command(&["--bless"]);
        assert_eq!(blessed.code, 0, "{}", blessed.text);
        std::fs::remove_file(bench.path("stub/calls")).unwrap();
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn get(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.get(name);
        assert!(text.contains(from), "{name} has no `{from}`");
        self.put(name, &text.replace(from, to));
    }

    pub fn start(&self, arguments: &[&str]) -> Command {
        let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stub-prover.sh");
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command
            .arg("prove")
            .args(arguments)
            .arg("--models")
            .arg(self.path("models"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("STUB", self.path("stub"))
            .current_dir(self.directory.path());
        if !arguments.contains(&"--prover") {
            command.arg("--prover").arg(stub);
        }
        command
    }

    /// Runs a command that writes no report.
    pub fn command(&self, arguments: &[&str]) -> Run {
        Run::new(self.start(arguments).output().unwrap())
    }

    /// Judges, without what former runs gave.
    pub fn judge(&self, arguments: &[&str]) -> Run {
        let arguments = [arguments, &["--no-cache", "--json", "-"]].concat();
        self.command(&arguments)
    }

    /// Judges; expects a failure for this reason.
    pub fn fails(&self, arguments: &[&str], why: &str) {
        let run = self.judge(arguments);
        assert!(
            run.code == 1 && run.text.contains(why),
            "{why}: {}\n{}",
            run.code,
            run.text
        );
        assert!(
            run.json["counts"]["failed"].as_u64() > Some(0) || run.json["problems"][0].is_object()
        );
    }
}

impl Run {
    pub fn new(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let out = text(&output.stdout);
        Self {
            code: output.status.code().unwrap_or(-1),
            json: serde_json::from_str(&out).unwrap_or_default(),
            text: out + &text(&output.stderr),
        }
    }

    pub fn outcome(&self, id: &str) -> String {
        let rows = self.json["lemmas"].as_array().cloned().unwrap_or_default();
        let row = rows
            .iter()
            .find(|r| r["id"] == id)
            .cloned()
            .unwrap_or_default();
        row["outcome"].as_str().unwrap_or("absent").to_owned()
    }
}
