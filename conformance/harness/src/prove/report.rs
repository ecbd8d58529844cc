//! What was found: lemma by lemma, as JSON, and as JUnit's XML.

use std::collections::BTreeSet;

use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::manifest::{Seconds, Verdict};
use super::spthy::Quantifier;
use conformance_common::Outcome;

/// All that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The prover that was found.
    pub prover: Option<String>,
    /// The prover that checked its proofs.
    pub recheck: Option<String>,
    /// What is to be known of them.
    pub warnings: Vec<String>,
    /// Was it stopped before its end?
    pub interrupted: bool,
    /// What is wrong with models and manifest as such.
    pub problems: Vec<Problem>,
    /// Lemma by lemma.
    pub lemmas: Vec<Row>,
    /// How long it took.
    pub seconds: f64,
}

/// Something wrong with models and manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// The model.
    pub file: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: String,
}

/// A lemma under a set of flags.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// `stem+FLAG/lemma`.
    pub id: String,
    /// The file.
    pub file: String,
    /// The flags.
    pub flags: BTreeSet<String>,
    /// In an ablation: what they drop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drops: Option<String>,
    /// The lemma.
    pub lemma: String,
    /// All traces or one.
    pub quantifier: Option<Quantifier>,
    /// The claims that it supports.
    pub claims: Vec<String>,
    /// What it says.
    pub sentence: String,
    /// The verdict expected.
    pub expect: Option<Verdict>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The prover whose verdict counts here.
    pub prover: Option<String>,
    /// The verdict seen, even if it is not the one expected.
    pub verdict: Option<Verdict>,
    /// The steps of its proof.
    pub steps: Option<u64>,
    /// The time for it alone.
    pub seconds: Seconds,
    /// Was it seen in a former run?
    pub cached: bool,
    /// The hash of all that the verdict depends on.
    pub text: String,
    /// Lemmas that it assumes and that were not proven here.
    pub conditional_on: Vec<String>,
}

impl Report {
    /// How many held, failed, and were not checked.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count =
            |is: fn(&Outcome) -> bool| self.lemmas.iter().filter(|r| is(&r.outcome)).count();
        (
            count(|o| matches!(o, Outcome::Held)),
            count(|o| matches!(o, Outcome::Failed(_))),
            count(|o| matches!(o, Outcome::NotChecked(_))),
        )
    }

    /// 0 if all that was checked holds, 1 if something does not, 2 if nothing was checked.
    pub fn exit_code(&self) -> u8 {
        match self.counts() {
            _ if !self.problems.is_empty() => 1,
            (_, 1.., _) => 1,
            (0, ..) => 2,
            // Stopped before its end, it has not shown that all of them hold.
            _ if self.interrupted => 1,
            _ => 0,
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// None that is known: every part is plain data.
    pub fn json(&self) -> serde_json::Result<String> {
        let (held, failed, not_checked) = self.counts();
        let mut all = serde_json::to_value(self)?;
        if let Some(all) = all.as_object_mut() {
            let counts = serde_json::json!({
                "held": held, "failed": failed, "not-checked": not_checked
            });
            all.insert("counts".to_owned(), counts);
            all.insert("exit_code".to_owned(), self.exit_code().into());
        }
        serde_json::to_string_pretty(&all)
    }

    /// As JUnit's XML: what was not checked is "skipped" there.
    ///
    /// # Errors
    /// If a text cannot stand in XML.
    pub fn junit(&self) -> Result<String, quick_junit::SerializeError> {
        let mut suite = TestSuite::new("proofs");
        let failure = |why: &str| {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(why);
            status
        };
        for problem in &self.problems {
            let mut case = TestCase::new(problem.what.as_str(), failure(&problem.mend));
            case.set_classname(problem.file.as_str());
            suite.add_test_case(case);
        }
        for row in &self.lemmas {
            let status = match &row.outcome {
                Outcome::Held => TestCaseStatus::success(),
                Outcome::Failed(why) => failure(why),
                Outcome::NotChecked(why) => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(why.as_str());
                    status
                }
            };
            let mut case = TestCase::new(row.lemma.as_str(), status);
            let class = row.id.rsplit_once('/').map_or("", |(class, _)| class);
            case.set_classname(class);
            if let Seconds::Measured(seconds) = row.seconds {
                case.set_time(std::time::Duration::from_secs_f64(seconds));
            }
            suite.add_test_case(case);
        }
        let mut xml = Xml::new("EncryptedIoT proofs");
        xml.add_test_suite(suite);
        xml.to_string()
    }
}
