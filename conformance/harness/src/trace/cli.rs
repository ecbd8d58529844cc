//! `conformance trace`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use proptest::prelude::*;
use serde::Serialize;

use super::judge::Judge;
use super::search::{Effort, Game, Outcome, search};
use super::{history, op, paper};
use crate::household::facts::Lemmas;
use crate::household::report;
use crate::household::search as hands;
use conformance_common::report::deliver_json;

/// Hold random runs of the reference against the models' own rules and lemmas.
///
/// Devices of the reference act, an adversary runs the cloud, reveals keys and acts with them. Every
/// honest step is logged as an instance of a rule of the model; the log must be a run of the model,
/// and every lemma that the prover verified must hold of it. This can refute, and never prove.
///
/// The profile `household` follows no model's rules: in its histories many phones, cameras and members, each with a clock
/// and a view of the cloud of its own, act at once. Who can open what is held against what the owner meant, and what was
/// done against lemmas of the models that have several phones or cameras.
///
/// Exit status: 0 if nothing was refuted, 1 if something was, 2 if nothing was tried.
#[derive(Args)]
pub struct TraceArgs {
    /// What to run; all where none is named.
    #[arg(value_enum)]
    pub profiles: Vec<Profile>,
    /// Until so many things have happened, in each.
    #[arg(long, default_value_t = 5_000)]
    pub steps: u64,
    /// Things that happen in one history.
    #[arg(long, default_value_t = 100)]
    pub length: usize,
    /// What everything random is drawn from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Of `household`: play only the history of this number, as a run with the same seed and length does.
    #[arg(long, value_name = "NUMBER")]
    pub history: Option<u64>,
    /// Where the models are.
    #[arg(long, value_name = "DIR", default_value = "tamarin")]
    pub models: PathBuf,
    /// Write what was found as JSON (`-`: to the standard output, and the table to the standard error).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// A scheme, and the model that its runs are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The repaired scheme, and `encryptediot.spthy` with links and windows.
    Repaired,
    /// The paper's scheme, and `paper.spthy`.
    Paper,
    /// The paper's scheme with a directory that the provider runs, and `paper.spthy` with `NO_PKI`.
    PaperDirectory,
    /// The repaired scheme with many hands, and what the owner meant.
    Household,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Repaired,
        Self::Paper,
        Self::PaperDirectory,
        Self::Household,
    ];

    /// The model, and its flags.
    pub fn model(self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Repaired => Some(("encryptediot.spthy", &["CLOCK", "LINK"])),
            Self::Paper => Some(("paper.spthy", &[])),
            Self::PaperDirectory => Some(("paper.spthy", &["NO_PKI"])),
            Self::Household => None,
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::Paper => "paper",
            Self::PaperDirectory => "paper-directory",
            Self::Household => "household",
        }
    }

    /// Searches against the model.
    pub fn run(
        self,
        models: &std::path::Path,
        (effort, length): (Effort, usize),
        progress: &dyn Fn(&Outcome),
    ) -> Result<(Judge, Outcome), String> {
        let model = self.model();
        let (file, flags) = model.ok_or_else(|| format!("{} has no model", self.name()))?;
        let judge = Judge::read(models, file, flags)?;
        // Short histories show what long ones hide: what has not happened yet.
        let lengths = 1..=length.max(1);
        let outcome = match self {
            Self::Repaired => {
                let game = Game {
                    histories: prop::collection::vec(op::op(), lengths).boxed(),
                    play: &history::play,
                    is_hostile: &op::Op::is_hostile,
                };
                search(&judge, &game, effort, progress)
            }
            Self::Paper | Self::PaperDirectory | Self::Household => {
                let op = paper::op(self == Self::Paper);
                let game = Game {
                    histories: prop::collection::vec(op, lengths).boxed(),
                    play: &paper::play,
                    is_hostile: &paper::Op::is_hostile,
                };
                search(&judge, &game, effort, progress)
            }
        };
        Ok((judge, outcome?))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    Model(Box<ModelReport>),
    Household {
        profile: Profile,
        #[serde(flatten)]
        outcome: Box<hands::Outcome>,
    },
}

#[derive(Serialize)]
struct ModelReport {
    profile: Profile,
    model: &'static str,
    flags: &'static [&'static str],
    /// Lemmas that the prover has falsified and no history did.
    not_found: Vec<String>,
    #[serde(flatten)]
    outcome: Outcome,
}

/// Runs the command.
pub fn run(args: &TraceArgs) -> Result<u8, String> {
    if args.steps == 0 || args.length == 0 {
        return Err("nothing would be tried: --steps and --length must be more than 0".to_owned());
    }
    let mut chosen = match &*args.profiles {
        [] => Profile::ALL.to_vec(),
        some => some.to_vec(),
    };
    chosen.sort_unstable();
    chosen.dedup();
    let effort = Effort {
        steps: args.steps,
        seed: args.seed,
    };
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut reports = Vec::new();
    for profile in chosen {
        let Some((model, flags)) = profile.model() else {
            let effort = hands::Effort {
                steps: args.steps,
                seed: args.seed,
                length: args.length,
                only: args.history,
                about: "",
            };
            let progress = |outcome: &hands::Outcome| {
                let steps = outcome.steps;
                bar.set_message(format!("household: {steps} of {} steps", args.steps));
            };
            let lemmas = Lemmas::read(&args.models)?;
            let outcome = Box::new(hands::search(&effort, &lemmas, &progress)?);
            reports.push(Report::Household { profile, outcome });
            continue;
        };
        let progress = |outcome: &Outcome| {
            let name = profile.name();
            bar.set_message(format!("{name}: {} of {} steps", outcome.steps, args.steps));
        };
        let (judge, outcome) = profile.run(&args.models, (effort, args.length), &progress)?;
        let found = |lemma: &&String| !outcome.known.contains_key(*lemma);
        let not_found = judge.falsified.iter().filter(found).cloned().collect();
        reports.push(Report::Model(Box::new(ModelReport {
            profile,
            model,
            flags,
            not_found,
            outcome,
        })));
    }
    bar.finish_and_clear();
    let again = format!("--length {} --seed {}", args.length, args.seed);
    let text: String = reports
        .iter()
        .map(|report| match report {
            Report::Model(report) => describe(report),
            Report::Household { outcome, .. } => report::describe(outcome, &again),
        })
        .collect();
    let json = || serde_json::to_string_pretty(&reports);
    deliver_json(&text, args.json.as_deref(), json).map_err(|e| e.to_string())?;
    let refuted = reports.iter().any(|report| match report {
        Report::Model(report) => report.outcome.counterexample.is_some(),
        Report::Household { outcome, .. } => outcome.counterexample.is_some(),
    });
    Ok(u8::from(refuted))
}

fn describe(report: &ModelReport) -> String {
    let ModelReport { outcome: o, .. } = report;
    let flags: String = report
        .flags
        .iter()
        .map(|flag| format!(" -D={flag}"))
        .collect();
    let mut out = format!(
        "{}, against {}{flags}\n  {} histories, {} steps, {} of them the adversary's; {} steps of the model\n",
        report.profile.name(),
        report.model,
        o.histories,
        o.steps,
        o.hostile,
        o.model_steps,
    );
    let rate = |count: u64, seconds: f64| {
        if seconds > 0.0 {
            count as f64 / seconds
        } else {
            0.0
        }
    };
    out += &format!(
        "  {:.2} s in the reference ({:.0} steps/s), {:.2} s in the oracle ({:.0} steps/s, {:.0} of the model)\n",
        o.playing,
        rate(o.steps, o.playing),
        o.judging,
        rate(o.steps, o.judging),
        rate(o.model_steps, o.judging),
    );
    let rules: Vec<_> = o
        .rules
        .iter()
        .map(|(rule, count)| format!("{rule} {count}"))
        .collect();
    out += &format!("  rules: {}\n", rules.join(", "));
    for (lemma, first) in &o.known {
        out += &format!(
            "  attack found: {lemma}, in history {}, after {} steps, {} ms\n",
            first.history, first.steps, first.milliseconds,
        );
    }
    for lemma in &report.not_found {
        out += &format!("  attack not found: {lemma}, which the prover falsifies\n");
    }
    match &o.counterexample {
        None => out += "  refuted: nothing\n\n",
        Some(wrong) => {
            for what in &wrong.what {
                out += &format!("  REFUTED: {what}\n");
            }
            out += &format!("  after this, with seed {}:\n", wrong.seed);
            for (at, op) in wrong.history.iter().enumerate() {
                out += &format!("  {:4}. {op}\n", at + 1);
            }
            out.push('\n');
        }
    }
    out
}
