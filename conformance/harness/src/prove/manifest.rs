//! `verdicts.toml`: the pins. For each lemma its quantifier, claims and the hash of its formula; for
//! each set of flags the restrictions in force and the verdict that each lemma must have.
//!
//! Which prover saw which verdict is in [`super::observed`]; sentences are read from the models.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result, file};
use crate::spthy::{Lemma, Quantifier};

/// The manifest's file in the directory of models.
pub const FILE: &str = "verdicts.toml";

/// All pins.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// One entry for each `.spthy` file.
    #[serde(default, rename = "theory")]
    pub theories: Vec<Theory>,
}

/// The pins of a `.spthy` file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theory {
    /// The file's name, as in `paper.spthy`.
    pub file: String,
    /// What the file models, in words.
    #[serde(default)]
    pub what: String,
    /// How provers read it.
    #[serde(default)]
    pub mode: Mode,
    /// What its lemmas state, by their names. A lemma states the same under every set of flags.
    #[serde(default, rename = "lemma")]
    pub lemmas: BTreeMap<String, Statement>,
    /// The sets of flags under which it is proven.
    #[serde(default, rename = "set")]
    pub sets: Vec<Set>,
}

/// How provers read a theory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Trace properties.
    #[default]
    Trace,
    /// Observational equivalence of two sides: `--diff`.
    Diff,
}

/// What a lemma states.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// All traces, or one.
    pub quantifier: Quantifier,
    /// The hash of its formula, as [`Lemma::hash`].
    pub formula: String,
    /// The claims of the specification that it supports.
    #[serde(default)]
    pub claims: Vec<String>,
}

impl Statement {
    /// What a lemma of a model states.
    pub fn of(lemma: &Lemma) -> Self {
        Self {
            quantifier: lemma.quantifier,
            formula: lemma.hash.clone(),
            claims: lemma.claims.clone(),
        }
    }

    /// Whether the same is proven: claims aside.
    pub fn same_proposition(&self, other: &Self) -> bool {
        self.quantifier == other.quantifier && self.formula == other.formula
    }
}

/// Which lemmas of a theory have a pinned verdict under a set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All that are in force.
    #[default]
    Whole,
    /// Those that are listed; the others are not judged.
    Named,
}

/// The pins of a theory under a set of flags.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    #[serde(default)]
    pub flags: BTreeSet<String>,
    /// Which lemmas have a pinned verdict.
    #[serde(default)]
    pub scope: Scope,
    /// In an ablation: the element that the flags drop.
    #[serde(default)]
    pub drops: Option<String>,
    /// The names of the restrictions in force.
    #[serde(default)]
    pub restrictions: Vec<String>,
    /// The hash of these restrictions.
    #[serde(default)]
    pub restrictions_hash: String,
    /// The verdict that each lemma must have, by its name.
    #[serde(default)]
    pub expect: BTreeMap<String, Verdict>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The lemma holds.
    Verified,
    /// The lemma does not hold.
    Falsified,
}

impl Verdict {
    /// The word that provers print.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Falsified => "falsified",
        }
    }

    /// Whether it was reached by finding a trace. Then it holds whatever lemmas were assumed: an
    /// assumption can hide traces, it cannot make one up.
    pub fn by_trace(self, quantifier: Quantifier) -> bool {
        (self == Self::Verified) == (quantifier == Quantifier::ExistsTrace)
    }
}

impl Set {
    /// Whether it is an ablation: it shows that what it drops is needed.
    pub fn ablation(&self) -> bool {
        self.drops.is_some()
    }

    /// The lemmas that must be falsified.
    pub fn falsified(&self) -> impl Iterator<Item = &str> {
        self.with(Verdict::Falsified)
    }

    /// The `reuse` lemmas that the prover may assume here: those that must be verified.
    pub fn trusted(&self) -> BTreeSet<&str> {
        self.with(Verdict::Verified).collect()
    }

    fn with(&self, verdict: Verdict) -> impl Iterator<Item = &str> {
        let expected = self.expect.iter().filter(move |(_, v)| **v == verdict);
        expected.map(|(name, _)| name.as_str())
    }
}

impl Theory {
    /// Its file's name without the extension.
    pub fn stem(&self) -> &str {
        self.file.strip_suffix(".spthy").unwrap_or(&self.file)
    }
}

/// `stem+FLAG+FLAG`.
pub fn set_id(stem: &str, flags: &BTreeSet<String>) -> String {
    let mut id = stem.to_owned();
    for flag in flags {
        id.push('+');
        id.push_str(flag);
    }
    id
}

impl Manifest {
    /// Reads it; `None` where there is none.
    ///
    /// # Errors
    /// If it cannot be read, or lists a theory or a set twice.
    pub fn read(models: &Path) -> Result<Option<Self>> {
        let path = models.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).map_err(file(&path))?;
        let wrong = |what: String| Error::Manifest {
            path: path.clone(),
            what,
        };
        let manifest: Self = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        match manifest.duplicate() {
            Some(what) => Err(wrong(format!("{what} is listed twice"))),
            None => Ok(Some(manifest)),
        }
    }

    fn duplicate(&self) -> Option<String> {
        let mut ids = BTreeSet::new();
        for theory in &self.theories {
            let sets = theory.sets.iter().map(|s| set_id(theory.stem(), &s.flags));
            // A file's name ends in `.spthy`: no set has the id of one.
            for id in std::iter::once(theory.file.clone()).chain(sets) {
                if !ids.insert(id.clone()) {
                    return Some(id);
                }
            }
        }
        None
    }

    /// The pins of a file.
    pub fn theory(&self, file: &str) -> Option<&Theory> {
        self.theories.iter().find(|t| t.file == file)
    }

    /// Every pinned verdict, by `stem+FLAG/lemma`.
    pub fn verdicts(&self) -> BTreeMap<String, Verdict> {
        let mut all = BTreeMap::new();
        for theory in &self.theories {
            for set in &theory.sets {
                let id = set_id(theory.stem(), &set.flags);
                let verdicts = set.expect.iter();
                all.extend(verdicts.map(|(name, verdict)| (format!("{id}/{name}"), *verdict)));
            }
        }
        all
    }

    /// As TOML, always the same for the same content.
    pub fn toml(&self) -> String {
        let mut out = String::from(HEADER);
        // Writing to a string does not fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        for theory in &self.theories {
            writeln!(out, "\n[[theory]]\nfile = {}", quoted(&theory.file))?;
            writeln!(out, "what = {}", quoted(&theory.what))?;
            if theory.mode == Mode::Diff {
                writeln!(out, "mode = \"diff\"")?;
            }
            for (name, statement) in &theory.lemmas {
                statement.write(name, out)?;
            }
            for set in &theory.sets {
                set.write(out)?;
            }
        }
        Ok(())
    }
}

const HEADER: &str = "\
# The pins: the verdict that every lemma must have under every set of flags, and what each lemma states.
# `conformance prove` fails where a model or a prover differs; `conformance prove --bless` takes what
# they say now and prints what changed. README.md tells how to read it.
# By hand: `what`, `mode`, `drops`, and new sets of flags, as in
#     [[theory.set]]
#     flags = [\"NO_SIGNATURE\"]
#     scope = \"named\"                  # only the lemmas listed here; without it, every lemma
#     drops = \"the signature of the …\"  # an ablation: at least one lemma must be falsified
#     expect.agreement = \"falsified\"
";

impl Statement {
    fn write(&self, name: &str, out: &mut String) -> std::fmt::Result {
        let (name, word, formula) = (key(name), self.quantifier.word(), quoted(&self.formula));
        write!(
            out,
            "lemma.{name} = {{ quantifier = \"{word}\", formula = {formula}"
        )?;
        if !self.claims.is_empty() {
            write!(out, ", claims = {}", list(&self.claims))?;
        }
        writeln!(out, " }}")
    }
}

impl Set {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n[[theory.set]]\nflags = {}", list(&self.flags))?;
        if self.scope == Scope::Named {
            writeln!(out, "scope = \"named\"")?;
        }
        if let Some(drops) = &self.drops {
            writeln!(out, "drops = {}", quoted(drops))?;
        }
        writeln!(out, "restrictions = {}", list(&self.restrictions))?;
        let hash = quoted(&self.restrictions_hash);
        writeln!(out, "restrictions_hash = {hash}")?;
        for (name, verdict) in &self.expect {
            writeln!(out, "expect.{} = \"{}\"", key(name), verdict.word())?;
        }
        Ok(())
    }
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<'s>(of: impl IntoIterator<Item = &'s String>) -> String {
    let items: Vec<_> = of.into_iter().map(|s| quoted(s)).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [[theory]]
        file = "a.spthy"
        what = "it's \"a\""
        lemma.one = { quantifier = "all-traces", formula = "01", claims = ["CLAIM-A"] }
        lemma."two (LHS)" = { quantifier = "exists-trace", formula = "02" }
        [[theory.set]]
        expect.one = "verified"
        [[theory.set]]
        flags = ["Z", "B"]
        scope = "named"
        drops = "the signature"
        restrictions = ["Once"]
        restrictions_hash = "03"
        expect.one = "falsified"
        expect."two (LHS)" = "verified"
    "#;

    #[test]
    fn what_is_written_is_read_again() {
        let manifest: Manifest = toml::from_str(TEXT).unwrap();
        let text = manifest.toml();
        let mut again: Manifest = toml::from_str(&text).unwrap();
        assert_eq!(manifest, again);
        assert_eq!(again.toml(), text);
        let ids: Vec<_> = again.verdicts().into_keys().collect();
        assert_eq!(ids, ["a+B+Z/one", "a+B+Z/two (LHS)", "a/one"]);
        assert!(again.theories[0].sets[1].falsified().eq(["one"]));
        let set = again.theories[0].sets[1].clone();
        again.theories[0].sets.push(set);
        assert_eq!(again.duplicate().as_deref(), Some("a+B+Z"));
    }

    #[test]
    fn a_trace_is_evidence_by_itself() {
        for (verdict, quantifier, by_trace) in [
            (Verdict::Verified, Quantifier::ExistsTrace, true),
            (Verdict::Falsified, Quantifier::ExistsTrace, false),
            (Verdict::Verified, Quantifier::AllTraces, false),
            (Verdict::Falsified, Quantifier::AllTraces, true),
        ] {
            assert_eq!(verdict.by_trace(quantifier), by_trace);
        }
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        for (from, to) in [
            ("\"falsified\"", "\"either\""),
            (
                "expect.one = \"falsified\"",
                "expect.one = \"falsified\"\nexpect.one = \"verified\"",
            ),
            ("formula = \"01\"", "formula = \"01\", provisional = true"),
            ("quantifier = \"all-traces\", ", ""),
        ] {
            let text = TEXT.replace(from, to);
            assert_ne!(text, TEXT);
            assert!(toml::from_str::<Manifest>(&text).is_err(), "{to}");
        }
    }
}
