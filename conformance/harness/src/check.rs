//! Checks, and the summary of running a list of them.

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use encryptediot_schemes::demo::{self, Options, Report};
use serde::Serialize;

pub use conformance_common::outcome::{Counts, Outcome};

pub struct Check {
    /// What it goes by: lower case, digits and hyphens, no other check's.
    pub name: String,
    /// What is so if it holds, in one sentence.
    pub shows: String,
    /// Makes the check.
    pub run: Box<dyn Fn(&Context<'_>) -> Outcome>,
}

impl Check {
    pub fn new(
        name: impl Into<String>,
        shows: impl Into<String>,
        run: impl Fn(&Context<'_>) -> Outcome + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            shows: shows.into(),
            run: Box::new(run),
        }
    }
}

/// What checks share: settings, the demo (played once), and a place for what they show people.
pub struct Context<'p> {
    /// Everything random comes from it.
    pub seed: u64,
    /// How the demo is played.
    pub demo: Options,
    played: OnceCell<Result<Report, String>>,
    shown: RefCell<Shown>,
    progress: &'p dyn Fn(&str),
}

#[derive(Default)]
struct Shown {
    text: String,
    detail: serde_json::Value,
}

impl<'p> Context<'p> {
    /// The settings of a run; `progress` is called with what is being done.
    pub fn new(seed: u64, directory: PathBuf, progress: &'p dyn Fn(&str)) -> Self {
        let demo = Options {
            seed,
            ..Options::new(directory)
        };
        Self {
            seed,
            demo,
            played: OnceCell::new(),
            shown: RefCell::default(),
            progress,
        }
    }

    /// The demo's report: the demo is played when it is asked for the first time.
    ///
    /// # Errors
    /// Why it could not be played to its end.
    pub fn report(&self) -> Result<&Report, String> {
        let play = || {
            let mut progress = |scene: &str| (self.progress)(&format!("demo: {scene}"));
            demo::run(&self.demo, &mut progress).map_err(|failure| failure.to_string())
        };
        self.played.get_or_init(play).as_ref().map_err(Clone::clone)
    }

    /// Tells what is being done.
    pub fn progress(&self, text: &str) {
        (self.progress)(text);
    }

    /// Shows people a text, and machines the same as JSON.
    pub fn show(&self, text: impl Into<String>, detail: &impl Serialize) {
        let detail = serde_json::to_value(detail).unwrap_or_default();
        let text = text.into();
        self.shown.replace(Shown { text, detail });
    }
}

/// A check that was run.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The check's name.
    pub name: String,
    /// What it shows if it holds.
    pub shows: String,
    /// Its outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub time: Duration,
    /// What it showed people.
    #[serde(skip)]
    pub text: String,
    /// The same for machines.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub detail: serde_json::Value,
}

fn seconds<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

/// Runs checks one after the other.
pub fn run(checks: &[Check], context: &Context<'_>) -> Summary {
    let begin = Instant::now();
    let mut findings = Vec::new();
    for check in checks {
        (context.progress)(&check.name);
        let start = Instant::now();
        // A check that panics has failed, and the others are run all the same.
        let look = std::panic::AssertUnwindSafe(|| (check.run)(context));
        let outcome = std::panic::catch_unwind(look)
            .unwrap_or_else(|_| Outcome::Failed("it panicked".to_owned()));
        let Shown { text, detail } = context.shown.take();
        findings.push(Finding {
            name: check.name.clone(),
            shows: check.shows.clone(),
            outcome,
            time: start.elapsed(),
            text,
            detail,
        });
    }
    Summary {
        findings,
        time: begin.elapsed(),
    }
}

/// All that was found.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Check by check, in the order of running.
    pub findings: Vec<Finding>,
    /// How long all of it took.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub time: Duration,
}

impl Summary {
    /// How many held, failed, and were not checked.
    pub fn counts(&self) -> Counts {
        self.findings.iter().map(|f| &f.outcome).collect()
    }

    /// 0 if what was checked held, 1 if something failed, 2 if nothing was checked.
    pub fn exit_code(&self) -> u8 {
        self.counts().exit_code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(outcomes: &[Outcome]) -> Summary {
        let checks: Vec<Check> = outcomes
            .iter()
            .map(|outcome| {
                let outcome = outcome.clone();
                Check::new("check", "shows", move |_| outcome.clone())
            })
            .collect();
        let context = Context::new(1, PathBuf::new(), &|_| ());
        run(&checks, &context)
    }

    #[test]
    fn what_was_not_checked_is_no_success() {
        let (failed, not) = (
            Outcome::Failed("no".to_owned()),
            Outcome::NotChecked("no prover".to_owned()),
        );
        for (outcomes, code) in [
            (vec![], 2),
            (vec![not.clone()], 2),
            (vec![not.clone(), failed.clone()], 1),
            (vec![Outcome::Held, failed], 1),
            (vec![Outcome::Held, not], 0),
            (vec![Outcome::Held], 0),
        ] {
            assert_eq!(summary(&outcomes).exit_code(), code, "{outcomes:?}");
        }
    }

    #[test]
    fn a_check_that_panics_has_failed_and_the_next_is_run() {
        let checks = [
            Check::new("bad", "", |_| -> Outcome { panic!("on purpose") }),
            Check::new("good", "", |_| Outcome::Held),
        ];
        let context = Context::new(1, PathBuf::new(), &|_| ());
        let counts = run(&checks, &context).counts();
        assert_eq!((counts.held, counts.failed, counts.not_checked), (1, 1, 0));
    }
}
