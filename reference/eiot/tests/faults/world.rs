//! A place to run the program in, and what must hold there afterwards.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::disk::{self, Tree};

/// What is recorded: of no known format, one clip.
pub const FILM: &[u8] = &[b'f'; 700];

/// A store, a home and the files of the commands, in a folder of their own.
pub struct World {
    folder: tempfile::TempDir,
}

/// How a command ended: its exit code, none if it was killed, and the one object that it printed.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub json: Value,
}

impl Ended {
    fn of(output: &std::process::Output) -> Self {
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Self {
            code: output.status.code(),
            json,
        }
    }

    pub fn done(&self) -> bool {
        self.code == Some(0)
    }

    fn reason(&self) -> &str {
        self.json["error"].as_str().unwrap_or("none")
    }
}

/// What was reported as done, and so must stay so.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// The clips of `x` that were uploaded or wait on the camera.
    pub clips: BTreeSet<u64>,
    /// Members who see `x`, and those from whom it was taken.
    pub see: BTreeSet<String>,
    pub revoked: BTreeSet<String>,
}

impl World {
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("film"), FILM).unwrap();
        Self { folder }
    }

    pub fn of(tree: &Tree) -> Self {
        let folder = tempfile::tempdir().unwrap();
        disk::write(tree, folder.path());
        Self { folder }
    }

    pub fn tree(&self) -> Tree {
        disk::read(self.place())
    }

    pub fn place(&self) -> &Path {
        self.folder.path()
    }

    /// The files that may hold the passphrase, the newest first.
    fn words(&self) -> Vec<String> {
        let files = ["newest", "newer", "new", "words"].map(|name| self.place().join(name));
        files
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok())
            .collect()
    }

    /// A command with these words for the passphrase; `{link}` stands for what is in the file of that name.
    fn command_with(&self, line: &str, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eiot"));
        let link = fs::read_to_string(self.place().join("link")).unwrap_or_default();
        command.args(
            line.split_whitespace()
                .map(|word| if word == "{link}" { &link } else { word }),
        );
        command
            .arg("--json")
            .current_dir(self.place())
            .env_clear()
            .env("EIOT_WORK", "least");
        command.env("EIOT_PASSPHRASE", words).stdin(Stdio::null());
        command
    }

    /// The command that a fault is put into.
    pub fn command(&self, line: &str) -> Command {
        self.command_with(line, self.words().last().map_or("", String::as_str))
    }

    pub fn end(command: &mut Command) -> Ended {
        Ended::of(&command.output().unwrap())
    }

    /// Runs a command with whichever passphrase the account has.
    pub fn run(&self, line: &str) -> Ended {
        let mut words = self.words();
        words.push(String::new());
        let mut ended = None;
        for words in words {
            let now = Self::end(&mut self.command_with(line, &words));
            if now.reason() == "vault-open" || now.reason() == "word-count" {
                ended.get_or_insert(now);
                continue;
            }
            return now;
        }
        ended.unwrap()
    }

    pub fn must(&self, line: &str) -> Result<Value, String> {
        let ended = self.run(line);
        match ended.done() {
            true => Ok(ended.json),
            false => Err(format!(
                "'{line}' ended with {:?}: {}",
                ended.code, ended.json
            )),
        }
    }

    /// Whoever `line` is about must be refused.
    fn refused(&self, line: &str) -> Result<(), String> {
        let ended = self.run(line);
        match ended.code {
            // 2 is whoever never had a key.
            Some(1 | 2) => Ok(()),
            _ => Err(format!(
                "'{line}' was not refused: {:?} {}",
                ended.code, ended.json
            )),
        }
    }

    /// Brings phone and camera up to date, as a next command would.
    pub fn settle(&self) -> Result<(), String> {
        let first = self.run("phone sync --as anna");
        // What was begun is dropped if another phone was first.
        if first.reason() == "conflict" {
            self.must("phone sync --as anna")?;
        } else if !first.done() {
            return Err(format!("the phone does not open: {}", first.json));
        }
        let camera = self.must("camera sync --camera door")?;
        match camera["refused"].as_array().is_some_and(Vec::is_empty) && camera["waiting"] == 0 {
            true => Ok(()),
            false => Err(format!("the camera refuses or keeps something: {camera}")),
        }
    }

    /// Everything that must hold in a house: the account opens, clips are all there, who may see does and who may not
    /// does not, and nothing temporary is left.
    pub fn house(&self, done: &Done) -> Result<(), String> {
        self.settle()?;
        self.must("rotate --stream y --as anna")?;
        let recorded = self.must("record --camera door --stream x film")?;
        let new = recorded["last"].as_u64().ok_or("no clip")?;
        let seen = self.must("view --stream x --as anna -o .seen")?;
        let _ = fs::remove_file(self.place().join(".seen"));
        let clips = seen["clips"].as_array().ok_or("no clips")?;
        let numbers: BTreeSet<u64> = clips
            .iter()
            .filter_map(|clip| clip["clip"].as_u64())
            .collect();
        let whole = seen["bytes"].as_u64() == Some((FILM.len() * numbers.len()) as u64);
        if numbers != (1..=new).collect() || !done.clips.is_subset(&numbers) || !whole {
            return Err(format!(
                "clips are missing of {:?} and {new}: {seen}",
                done.clips
            ));
        }
        for member in &done.see {
            self.must(&format!("member sync --as {member}"))?;
            self.must(&format!(
                "view --stream x --as {member} --clip {new} -o .seen"
            ))?;
        }
        for member in &done.revoked {
            self.must(&format!("member sync --as {member}"))?;
            self.refused(&format!(
                "view --stream x --as {member} --clip {new} -o .seen"
            ))?;
        }
        let _ = fs::remove_file(self.place().join(".seen"));
        self.clean()
    }

    /// A line that begins with `+` must succeed, with `-` be refused.
    pub fn holds(&self, line: &str) -> Result<(), String> {
        match (line.strip_prefix('+'), line.strip_prefix('-')) {
            (Some(line), _) => self.must(line).map(drop),
            (_, Some(line)) => self.refused(line),
            _ => panic!("neither + nor -: {line}"),
        }
    }

    /// No temporary file is left.
    fn clean(&self) -> Result<(), String> {
        let tree = self.tree();
        let hidden = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'))
        };
        let left: Vec<_> = tree
            .iter()
            .filter(|(path, bytes)| bytes.is_some() && hidden(path))
            .collect();
        match left.first() {
            None => Ok(()),
            Some((path, _)) => Err(format!("a temporary file is left: {}", path.display())),
        }
    }
}
