//! A run's report, lemma by lemma; as JSON, and as JUnit's XML.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::manifest::Verdict;
use super::observed::Seconds;
use crate::spthy::Quantifier;
use conformance_common::outcome::{Counts, Outcome};
use conformance_common::report;

/// The report of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The prover that was found.
    pub prover: Option<String>,
    /// The prover that checked its proofs.
    pub recheck: Option<String>,
    /// Warnings about them.
    pub warnings: Vec<String>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Problems that are not of one lemma.
    pub problems: Vec<Problem>,
    pub lemmas: Vec<Row>,
    /// How long the run took, in seconds.
    pub seconds: f64,
}

/// A problem of models and manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// The model.
    pub file: String,
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

/// A lemma under a set of flags.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// `stem+FLAG/lemma`.
    pub id: String,
    pub file: String,
    pub flags: BTreeSet<String>,
    /// In an ablation: what they drop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drops: Option<String>,
    pub lemma: String,
    /// All traces or one.
    pub quantifier: Option<Quantifier>,
    /// The claims that it supports.
    pub claims: Vec<String>,
    /// The sentence before it.
    pub sentence: String,
    /// The verdict expected.
    pub expect: Option<Verdict>,
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The prover whose verdict counts here.
    pub prover: Option<String>,
    /// The verdict of the prover, even if it is not the one expected.
    pub verdict: Option<Verdict>,
    /// The steps of its proof.
    pub steps: Option<u64>,
    /// The time for it alone.
    pub seconds: Seconds,
    /// Whether the verdict is of a former run.
    pub cached: bool,
    /// The hash of all that the verdict depends on.
    pub text: String,
    /// Lemmas that it assumes and that were not proven here.
    pub conditional_on: Vec<String>,
}

impl Report {
    /// How many held, failed, and were not checked.
    pub fn counts(&self) -> Counts {
        self.lemmas.iter().map(|row| &row.outcome).collect()
    }

    /// 0 if all that was checked holds, 1 if something does not, 2 if nothing was checked.
    pub fn exit_code(&self) -> u8 {
        match self.counts().exit_code() {
            _ if !self.problems.is_empty() => 1,
            // Stopped before its end, it has not shown that all of them hold.
            0 if self.interrupted => 1,
            code => code,
        }
    }

    pub fn json(&self) -> serde_json::Result<String> {
        let code = Some(self.exit_code());
        report::json(self, self.counts(), "not-checked", code)
    }

    /// As JUnit's XML; a problem is a failed test of its file.
    pub fn junit(&self) -> Result<String, report::SerializeError> {
        let problems = self.problems.iter().map(|problem| report::Case {
            class: &problem.file,
            name: &problem.what,
            outcome: Outcome::Failed(problem.mend.clone()),
            time: None,
        });
        let lemmas = self.lemmas.iter().map(|row| report::Case {
            class: row.id.rsplit_once('/').map_or("", |(class, _)| class),
            name: &row.lemma,
            outcome: row.outcome.clone(),
            time: row.seconds.known().map(Duration::from_secs_f64),
        });
        report::junit(
            "EncryptedIoT proofs",
            "proofs",
            None,
            problems.chain(lemmas),
        )
    }
}
