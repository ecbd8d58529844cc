//! `observed.jsonl`: which prover saw which verdict, on which text, in how many seconds. Written by
//! `conformance prove --bless`, one JSON object a line, sorted by lemma and prover.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result, file};
use super::manifest::Verdict;

/// The file in the directory of models.
pub const FILE: &str = "observed.jsonl";

/// All observations: by `stem+FLAG/lemma`, then by the prover's name and version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed(BTreeMap<String, BTreeMap<String, Observation>>);

/// A prover's verdict on a lemma.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub verdict: Verdict,
    /// The time for this lemma alone, precomputation included.
    pub seconds: Seconds,
    /// The hash of all that the verdict depends on, as [`crate::spthy::Reading::key`].
    pub text: String,
}

/// An observation as a line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    lemma: String,
    prover: String,
    verdict: Verdict,
    seconds: Seconds,
    text: String,
}

/// A time in seconds, or that it was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Seconds {
    /// The lemma had a process of its own.
    Measured(f64),
    /// The lemma shared a process with others.
    #[default]
    NotMeasured,
}

const NOT_MEASURED: &str = "not measured";

impl Seconds {
    /// For tables: `0.5 s`, or `not measured`.
    pub fn show(self) -> String {
        match self {
            Self::Measured(seconds) => format!("{seconds:.1} s"),
            Self::NotMeasured => NOT_MEASURED.to_owned(),
        }
    }

    /// The seconds, if they were measured.
    pub fn known(self) -> Option<f64> {
        match self {
            Self::Measured(seconds) => Some(seconds),
            Self::NotMeasured => None,
        }
    }

    /// To a tenth of a second: what is measured is not exact to more.
    fn rounded(self) -> Self {
        match self {
            Self::Measured(seconds) => Self::Measured((seconds * 10.0).round() / 10.0),
            Self::NotMeasured => self,
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

impl Observed {
    /// Reads the file; empty where there is none.
    ///
    /// # Errors
    /// If it cannot be read, or has two lines for one lemma and prover.
    pub fn read(models: &Path) -> Result<Self> {
        let path = models.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&path).map_err(file(&path))?;
        Self::parse(&text).map_err(|what| Error::Manifest { path, what })
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let mut all = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line: Line =
                serde_json::from_str(line).map_err(|e| format!("line {number}: {e}"))?;
            let of_lemma = all.0.entry(line.lemma).or_default();
            let observation = Observation {
                verdict: line.verdict,
                seconds: line.seconds,
                text: line.text,
            };
            if of_lemma.insert(line.prover, observation).is_some() {
                return Err(format!(
                    "line {number}: a second line for a lemma and prover"
                ));
            }
        }
        Ok(all)
    }

    /// As JSON lines, always the same for the same content.
    pub fn json_lines(&self) -> serde_json::Result<String> {
        let mut out = String::new();
        for (lemma, by_prover) in &self.0 {
            for (prover, observation) in by_prover {
                let line = Line {
                    lemma: lemma.clone(),
                    prover: prover.clone(),
                    verdict: observation.verdict,
                    seconds: observation.seconds,
                    text: observation.text.clone(),
                };
                out.push_str(&serde_json::to_string(&line)?);
                out.push('\n');
            }
        }
        Ok(out)
    }

    /// The observations of a lemma, by prover.
    pub fn of<'o>(
        &'o self,
        lemma: &str,
    ) -> impl Iterator<Item = (&'o str, &'o Observation)> + use<'o> {
        let all = self.0.get(lemma).into_iter().flatten();
        all.map(|(prover, observation)| (prover.as_str(), observation))
    }

    /// The observations of a lemma on the text that it has now.
    pub fn on<'o>(
        &'o self,
        lemma: &str,
        text: &str,
    ) -> impl Iterator<Item = (&'o str, &'o Observation)> + use<'o> {
        let text = text.to_owned();
        self.of(lemma).filter(move |(_, seen)| seen.text == text)
    }

    /// The longest time that is known of a lemma.
    pub fn seconds(&self, lemma: &str) -> Option<f64> {
        let known = self.of(lemma).filter_map(|(_, seen)| seen.seconds.known());
        known.reduce(f64::max)
    }

    /// The longest time that is known of this prover in any version; if none is, of any prover.
    pub fn seconds_with(&self, lemma: &str, prover: &str) -> Option<f64> {
        let name = |id: &str| id.split(' ').next().map(str::to_owned);
        let own = self.of(lemma).filter(|(id, _)| name(id) == name(prover));
        let own = own.filter_map(|(_, seen)| seen.seconds.known());
        own.reduce(f64::max).or_else(|| self.seconds(lemma))
    }

    /// Adds an observation. What other provers saw stays if it is the same verdict on the same
    /// text; a time that was measured on it stays where none was measured now.
    pub fn add(&mut self, lemma: &str, prover: &str, mut new: Observation) {
        let of_lemma = self.0.entry(lemma.to_owned()).or_default();
        let before = of_lemma.remove(prover).filter(|s| s.text == new.text);
        new.seconds = match new.seconds {
            Seconds::Measured(_) => new.seconds.rounded(),
            Seconds::NotMeasured => before.map(|s| s.seconds).unwrap_or_default(),
        };
        of_lemma.retain(|_, seen| seen.text == new.text && seen.verdict == new.verdict);
        of_lemma.insert(prover.to_owned(), new);
    }

    /// Drops what is of lemmas that are not listed.
    pub fn retain(&mut self, listed: impl Fn(&str) -> bool) {
        self.0.retain(|lemma, _| listed(lemma));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"{"lemma":"a/one","prover":"p 1","verdict":"falsified","seconds":"not measured","text":"x"}
{"lemma":"a/one","prover":"q 1","verdict":"falsified","seconds":2.0,"text":"x"}
{"lemma":"a/one","prover":"tamarin-prover 1","verdict":"falsified","seconds":9.0,"text":"x"}
"#;

    #[test]
    fn what_is_written_is_read_again() {
        let observed = Observed::parse(LINES).unwrap();
        assert_eq!(observed.json_lines().unwrap(), LINES);
        assert!(Observed::parse(&LINES.replace("not measured", "soon")).is_err());
        assert!(Observed::parse(&LINES.replace("q 1", "p 1")).is_err());
    }

    #[test]
    fn times_are_the_longest_that_are_known() {
        let observed = Observed::parse(LINES).unwrap();
        assert_eq!(observed.seconds("a/one"), Some(9.0));
        let with = ["p 1", "q 2", "tamarin-prover 2"].map(|p| observed.seconds_with("a/one", p));
        assert_eq!(with, [Some(9.0), Some(2.0), Some(9.0)]);
    }

    #[test]
    fn an_observation_is_of_one_text() {
        let mut observed = Observed::parse(LINES).unwrap();
        assert_eq!(observed.on("a/one", "x").count(), 3);
        assert_eq!(observed.on("a/one", "y").count(), 0);
        let again = Observation {
            verdict: Verdict::Falsified,
            seconds: Seconds::NotMeasured,
            text: "x".to_owned(),
        };
        observed.add("a/one", "q 1", again.clone());
        assert_eq!(observed.json_lines().unwrap(), LINES);
        let text = "y".to_owned();
        observed.add("a/one", "q 1", Observation { text, ..again });
        let left: Vec<_> = observed.of("a/one").map(|(p, s)| (p, s.seconds)).collect();
        assert_eq!(left, [("q 1", Seconds::NotMeasured)]);
    }
}
