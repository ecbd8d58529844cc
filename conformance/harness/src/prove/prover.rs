//! Provers: how one is found, what it can be trusted with, and its command line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use super::error::{Error, Result};
use super::manifest::Mode;
use crate::spthy::{Reading, hash};
use conformance_common::process::{Limits, run};

/// The name on PATH.
pub const NAME: &str = "tamarin-prover";

/// The line that installs a prover.
pub const INSTALL: &str = "`brew install tamarin-prover/tap/tamarin-prover` (macOS, Linux), \
    `pacman -S tamarin-prover` (Arch) or `nix-shell -p tamarin-prover maude graphviz` install one";

/// Versions that this gate was really run with.
const RUN_HERE: [&str; 2] = ["tamarin-prover 1.11.0", "tamarin-rs 1.13.0"];

/// Which implementation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// tamarin-prover itself, in Haskell.
    Haskell,
    /// Its port to Rust.
    Port,
}

#[derive(Clone, Debug)]
pub struct Prover {
    /// The program.
    pub path: PathBuf,
    /// Which implementation.
    pub kind: Kind,
    /// Name and version, as in `tamarin-prover 1.10.0`.
    pub id: String,
    version: (u32, u32),
    /// A hash of what `--version` prints: builds of one version differ.
    pub build: String,
}

/// The arguments of a run.
pub struct Call<'c> {
    /// The file, as the summary will name it.
    pub file: &'c Path,
    /// How the prover reads it.
    pub mode: Mode,
    pub flags: &'c BTreeSet<String>,
    /// What to prove; an empty name is everything.
    pub prove: Vec<&'c str>,
    /// Seconds for the checks of message derivation.
    pub derivcheck: u32,
    pub threads: usize,
    /// Where to write the theory with its proofs.
    pub output: Option<&'c Path>,
    /// Where to write traces: as JSON, and for Graphviz.
    pub traces: Option<(&'c Path, &'c Path)>,
}

impl Prover {
    /// The prover at a path, or on PATH; `None` if there is none on PATH.
    ///
    /// # Errors
    /// If the one that is named is not there, or if it is not a prover that is known.
    pub fn find(named: Option<&Path>) -> Result<Option<Self>> {
        let path = match (named, which::which(named.unwrap_or(Path::new(NAME)))) {
            (_, Ok(path)) => path,
            (None, Err(_)) => return Ok(None),
            (Some(path), Err(error)) => {
                return Err(Error::Prover(format!("{}: {error}", path.display())));
            }
        };
        let mut command = Command::new(&path);
        command.arg("--version").env("LC_ALL", "C.UTF-8");
        let printed = run(command, Limits::SHORT, &AtomicBool::new(false));
        let printed = printed.map_err(|e| Error::Prover(format!("{}: {e}", path.display())))?;
        let printed = String::from_utf8_lossy(&printed.output).into_owned();
        Self::new(path, &printed).map(Some)
    }

    fn new(path: PathBuf, printed: &str) -> Result<Self> {
        let mut words = printed.lines().next().unwrap_or("").split_whitespace();
        let kind = match words.next() {
            Some("tamarin-prover") => Some(Kind::Haskell),
            Some("tamarin-rs") => Some(Kind::Port),
            _ => None,
        };
        let text = words.next().unwrap_or("").trim_end_matches(',');
        let mut parts = text.split('.').map_while(|p| p.parse().ok());
        let (Some(kind), Some(major)) = (kind, parts.next()) else {
            return Err(Error::Prover(format!(
                "{}: `--version` does not name tamarin-prover and a version, but `{}`",
                path.display(),
                printed.lines().next().unwrap_or("")
            )));
        };
        let version = (major, parts.next().unwrap_or(0));
        if kind == Kind::Haskell && version < (1, 8) {
            return Err(Error::Prover(format!(
                "{}: version {text} is older than 1.8 and knows no macros",
                path.display()
            )));
        }
        let name = match kind {
            Kind::Haskell => "tamarin-prover",
            Kind::Port => "tamarin-rs",
        };
        Ok(Self {
            id: format!("{name} {text}"),
            build: hash([printed]),
            path,
            kind,
            version,
        })
    }

    /// Whether this is the id of a Haskell prover.
    pub fn is_haskell(id: &str) -> bool {
        id.starts_with("tamarin-prover ")
    }

    /// Warnings about this prover in this version.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if !RUN_HERE.contains(&self.id.as_str()) {
            all.push(format!("{} is untested with this gate", self.id));
        }
        if self.kind == Kind::Port {
            all.push(
                "the port's verdicts are provisional until a Haskell prover has seen them".into(),
            );
        }
        if self.kind == Kind::Haskell && self.version < (1, 10) {
            all.push(format!("{} writes no traces; 1.10 does", self.id));
        }
        all
    }

    /// Why its verdicts on a theory are not to be had.
    pub fn unfit(&self, reading: &Reading, mode: Mode) -> Option<&'static str> {
        match (self.kind, mode) {
            (Kind::Port, Mode::Diff) => Some("the Rust port has no --diff"),
            (Kind::Port, _) if reading.naturals => {
                Some("the Rust port prints `verified` for false lemmas on natural-numbers")
            }
            _ => None,
        }
    }

    /// Whether it writes traces.
    pub fn traces(&self) -> bool {
        self.kind == Kind::Port || self.version >= (1, 10)
    }

    pub fn command(&self, call: &Call<'_>) -> Command {
        let mut command = Command::new(&self.path);
        // Where the locale is another one, the Haskell prover stops at the first `∀`.
        command.env("LC_ALL", "C.UTF-8").arg(call.file);
        command.args(call.prove.iter().map(|name| match *name {
            "" => "--prove".to_owned(),
            name => format!("--prove={name}"),
        }));
        command.args(call.flags.iter().map(|flag| format!("-D={flag}")));
        command.arg(format!("--derivcheck-timeout={}", call.derivcheck));
        if call.mode == Mode::Diff {
            command.arg("--diff");
        }
        if let Some(output) = call.output {
            command.arg(format!("--output={}", output.display()));
        }
        if let Some((json, dot)) = call.traces {
            command.arg(format!("--output-json={}", json.display()));
            command.arg(format!("--output-dot={}", dot.display()));
        }
        let threads = call.threads;
        match self.kind {
            Kind::Port => command.arg(format!("--processors={threads}")),
            Kind::Haskell => command.args(["+RTS", &format!("-N{threads}"), "-RTS"]),
        };
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prover(printed: &str) -> Result<Prover> {
        Prover::new("p".into(), printed)
    }

    #[test]
    fn provers_are_known_by_what_they_say() {
        let haskell = prover("tamarin-prover 1.10.0, (C) David Basin, …\n").unwrap();
        assert_eq!(
            (haskell.kind, haskell.id.as_str()),
            (Kind::Haskell, "tamarin-prover 1.10.0")
        );
        let port = prover("tamarin-rs 1.13.0\ngit revision …\n").unwrap();
        assert_eq!((port.kind, port.version), (Kind::Port, (1, 13)));
        assert!(haskell.traces() && !prover("tamarin-prover 1.8.0, (C)").unwrap().traces());
        for printed in [
            "",
            "hello 1.0",
            "tamarin-prover",
            "tamarin-prover 1.6.1, (C)",
        ] {
            assert!(prover(printed).is_err(), "{printed}");
        }
        assert!(port.warnings()[0].contains("provisional"));
        assert!(haskell.warnings()[0].contains("untested"));
    }

    #[test]
    fn a_prover_that_is_named_has_to_be_there() {
        assert!(Prover::find(Some(Path::new("no-such-prover-here"))).is_err());
    }
}
