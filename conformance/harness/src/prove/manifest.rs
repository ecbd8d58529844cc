//! `verdicts.toml`: what the models are expected to prove, lemma by lemma, and what each lemma says.
//!
//! By hand: `what` a theory is, its sets of flags, what an ablation `drops`, and which verdict is
//! expected of its lemmas. All else is written by `conformance prove --bless`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result, file};
use super::spthy::Quantifier;

/// The manifest's file in the directory of models.
pub const FILE: &str = "verdicts.toml";

/// All that is expected.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// File by file.
    #[serde(default, rename = "theory")]
    pub theories: Vec<Theory>,
}

/// A `.spthy` file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theory {
    /// Its name.
    pub file: String,
    /// What it is, for people.
    #[serde(default)]
    pub what: String,
    /// How provers read it.
    #[serde(default)]
    pub mode: Mode,
    /// Set by set of flags.
    #[serde(default, rename = "set")]
    pub sets: Vec<Set>,
}

/// How provers read a theory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Traces.
    #[default]
    Trace,
    /// Two sides that are compared: `--diff`.
    Diff,
}

/// Which lemmas of a theory are expected under a set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every one.
    #[default]
    Whole,
    /// Those that are named; the others are not looked at.
    Named,
}

/// A theory under a set of flags.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// The flags.
    #[serde(default)]
    pub flags: BTreeSet<String>,
    /// Which lemmas.
    #[serde(default)]
    pub scope: Scope,
    /// In an ablation: the element that the flags drop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drops: Option<String>,
    /// The restrictions in force.
    #[serde(default)]
    pub restrictions: Vec<String>,
    /// Their hash.
    #[serde(default)]
    pub restrictions_hash: String,
    /// Lemma by lemma.
    #[serde(default, rename = "lemma")]
    pub lemmas: Vec<Entry>,
}

/// What is expected of a lemma, and what it says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The verdict expected.
    pub expect: Verdict,
    /// All traces or one.
    #[serde(default)]
    pub quantifier: Option<Quantifier>,
    /// Claims of the specification.
    #[serde(default)]
    pub claims: Vec<String>,
    /// What it says.
    #[serde(default)]
    pub sentence: String,
    /// The hash of its formula.
    #[serde(default)]
    pub formula_hash: String,
    /// No Haskell prover has seen this verdict.
    #[serde(default)]
    pub provisional: bool,
    /// Which provers saw it.
    #[serde(default)]
    pub seen: Vec<Seen>,
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The lemma holds.
    Verified,
    /// It does not.
    Falsified,
}

impl Verdict {
    /// As provers write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Falsified => "falsified",
        }
    }

    /// Was it reached by finding a trace? Then it holds whatever lemmas were assumed: an
    /// assumption can hide traces, it cannot make one up.
    pub fn by_trace(self, quantifier: Quantifier) -> bool {
        (self == Self::Verified) == (quantifier == Quantifier::ExistsTrace)
    }
}

/// A prover's verdict on a lemma.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The prover and its version.
    pub prover: String,
    /// What it said.
    pub verdict: Verdict,
    /// The seconds for this lemma alone, precomputation included.
    pub seconds: Seconds,
    /// The hash of all that the verdict depends on: the rules, the lemma, and what it rests on.
    pub text: String,
}

/// A time that was measured, or not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Seconds {
    /// It was.
    Measured(f64),
    /// It was not.
    #[default]
    NotMeasured,
}

const NOT_MEASURED: &str = "not measured";

impl Seconds {
    /// For tables.
    pub fn show(self) -> String {
        match self {
            Self::Measured(seconds) => format!("{seconds:.1} s"),
            Self::NotMeasured => NOT_MEASURED.to_owned(),
        }
    }

    /// If it was measured.
    pub fn known(self) -> Option<f64> {
        match self {
            Self::Measured(seconds) => Some(seconds),
            Self::NotMeasured => None,
        }
    }
}

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Measured(seconds) => to.serialize_f64(*seconds),
            Self::NotMeasured => to.serialize_str(NOT_MEASURED),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(f64),
            Text(String),
        }
        match Either::deserialize(from)? {
            Either::Number(seconds) => Ok(Self::Measured(seconds)),
            Either::Text(text) if text == NOT_MEASURED => Ok(Self::NotMeasured),
            Either::Text(text) => Err(serde::de::Error::custom(format!(
                "\"{text}\" is neither a number of seconds nor \"{NOT_MEASURED}\""
            ))),
        }
    }
}

impl Entry {
    /// An entry with a name and a verdict.
    pub fn new(name: &str, expect: Verdict) -> Self {
        Self {
            name: name.to_owned(),
            expect,
            quantifier: None,
            claims: Vec::new(),
            sentence: String::new(),
            formula_hash: String::new(),
            provisional: true,
            seen: Vec::new(),
        }
    }

    /// The longest time that is known.
    pub fn seconds(&self) -> Option<f64> {
        let known = self.seen.iter().filter_map(|s| s.seconds.known());
        known.reduce(f64::max)
    }

    /// The longest time that is known of this prover in any version; if none is, of any prover.
    pub fn seconds_with(&self, prover: &str) -> Option<f64> {
        let same = |id: &str| id.split(' ').next() == prover.split(' ').next();
        let seen = self.seen.iter().filter(|s| same(&s.prover));
        let own = seen.filter_map(|s| s.seconds.known()).reduce(f64::max);
        own.or_else(|| self.seconds())
    }
}

impl Set {
    /// Does it show that something is needed?
    pub fn ablation(&self) -> bool {
        self.drops.is_some()
    }

    /// The `reuse` lemmas that the prover must not assume here: all but those that this set
    /// expects to be verified.
    pub fn trusted(&self) -> BTreeSet<&str> {
        let verified = self.lemmas.iter().filter(|e| e.expect == Verdict::Verified);
        verified.map(|e| e.name.as_str()).collect()
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
    /// If it cannot be read, or says one thing twice.
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
        manifest.twice().map_or(Ok(Some(manifest)), |what| {
            Err(wrong(format!("{what} stands there twice")))
        })
    }

    fn twice(&self) -> Option<String> {
        let mut ids = BTreeSet::new();
        for theory in &self.theories {
            if !ids.insert(theory.file.clone()) {
                return Some(theory.file.clone());
            }
            for set in &theory.sets {
                let id = set_id(theory.stem(), &set.flags);
                for entry in &set.lemmas {
                    let lemma = format!("{id}/{}", entry.name);
                    if !ids.insert(lemma.clone()) {
                        return Some(lemma);
                    }
                }
                // A file's name ends in `.spthy`: no set has the id of one.
                if !ids.insert(id.clone()) {
                    return Some(id);
                }
            }
        }
        None
    }

    /// The theory of a file.
    pub fn theory(&self, file: &str) -> Option<&Theory> {
        self.theories.iter().find(|t| t.file == file)
    }

    /// Every lemma by its id.
    pub fn entries(&self) -> BTreeMap<String, &Entry> {
        let mut all = BTreeMap::new();
        for theory in &self.theories {
            for set in &theory.sets {
                let id = set_id(theory.stem(), &set.flags);
                for entry in &set.lemmas {
                    all.insert(format!("{id}/{}", entry.name), entry);
                }
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
            for set in &theory.sets {
                writeln!(out, "\n[[theory.set]]\nflags = {}", list(&set.flags))?;
                let scope = match set.scope {
                    Scope::Whole => "whole",
                    Scope::Named => "named",
                };
                writeln!(out, "scope = \"{scope}\"")?;
                if let Some(drops) = &set.drops {
                    writeln!(out, "drops = {}", quoted(drops))?;
                }
                writeln!(out, "restrictions = {}", list(&set.restrictions))?;
                writeln!(
                    out,
                    "restrictions_hash = {}",
                    quoted(&set.restrictions_hash)
                )?;
                for entry in &set.lemmas {
                    entry.write(out)?;
                }
            }
        }
        Ok(())
    }
}

const HEADER: &str = "\
# The expected verdict of every lemma under every set of flags, and hashes of what each says.
# Written by `conformance prove --bless`, which prints what changed; README.md tells how to read it.
# By hand: `what`, `drops`, and sets of flags, as in
#     [[theory.set]]
#     flags = [\"NO_SIGNATURE\"]
#     scope = \"named\"                  # only the lemmas named here; \"whole\": every lemma
#     drops = \"the signature of the …\"  # an ablation: at least one lemma must be falsified
#     lemma = [{ name = \"agreement\", expect = \"falsified\" }]
# `provisional`: no Haskell prover has seen this verdict on this text.
";

impl Entry {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n[[theory.set.lemma]]\nname = {}", quoted(&self.name))?;
        if let Some(quantifier) = self.quantifier {
            writeln!(out, "quantifier = \"{}\"", quantifier.word())?;
        }
        writeln!(out, "expect = \"{}\"", self.expect.word())?;
        writeln!(out, "claims = {}", list(&self.claims))?;
        writeln!(out, "sentence = {}", quoted(&self.sentence))?;
        writeln!(out, "formula_hash = {}", quoted(&self.formula_hash))?;
        writeln!(out, "provisional = {}", self.provisional)?;
        writeln!(out, "seen = [")?;
        for seen in &self.seen {
            let seconds = match seen.seconds {
                Seconds::Measured(seconds) => format!("{seconds:.1}"),
                Seconds::NotMeasured => quoted(NOT_MEASURED),
            };
            let (prover, text) = (quoted(&seen.prover), quoted(&seen.text));
            let verdict = seen.verdict.word();
            writeln!(
                out,
                "  {{ prover = {prover}, verdict = \"{verdict}\", seconds = {seconds}, text = {text} }},"
            )?;
        }
        writeln!(out, "]")
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
        [[theory.set]]
        flags = ["Z", "B"]
        scope = "named"
        drops = "the signature"
        lemma = [{ name = "one", expect = "falsified", seen = [
            { prover = "p 1", verdict = "falsified", seconds = "not measured", text = "x" },
            { prover = "q 1", verdict = "falsified", seconds = 2, text = "x" },
            { prover = "r 1", verdict = "falsified", seconds = 9, text = "x" }] }]
    "#;

    #[test]
    fn what_is_written_is_read_again() {
        let manifest: Manifest = toml::from_str(TEXT).unwrap();
        let text = manifest.toml();
        let mut again: Manifest = toml::from_str(&text).unwrap();
        assert_eq!(manifest, again);
        assert_eq!(again.toml(), text);
        assert!(again.entries().contains_key("a+B+Z/one"));
        let one = &again.theories[0].sets[0].lemmas[0];
        assert_eq!(one.seconds(), Some(9.0));
        let with = ["p 1", "q 2", "r 1"].map(|prover| one.seconds_with(prover));
        assert_eq!(with, [Some(9.0), Some(2.0), Some(9.0)]);
        let set = again.theories[0].sets[0].clone();
        again.theories[0].sets.push(set);
        assert_eq!(again.twice().as_deref(), Some("a+B+Z/one"));
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
    fn either_is_no_verdict_and_soon_is_no_time() {
        assert!(
            toml::from_str::<Manifest>(&TEXT.replace("\"falsified\", seen", "\"either\", seen"))
                .is_err()
        );
        assert!(toml::from_str::<Manifest>(&TEXT.replace("not measured", "soon")).is_err());
    }
}
