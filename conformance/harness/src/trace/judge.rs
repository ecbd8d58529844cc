//! What a log is held against: the rules, the restrictions, and the lemmas that the manifest says hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use super::log::Log;
use super::run::Run;
use crate::prove::manifest::Manifest;
use crate::spthy::theory::Theory;
use crate::spthy::{Quantifier, Source};

/// Flags that make a model's world smaller, for the prover's search: they drop nothing.
pub const WORLDS: [&str; 2] = ["SMALL", "UNSHARED"];

/// A model that logs are held against.
pub struct Judge {
    /// The model.
    pub theory: Theory,
    /// Lemmas about all traces that the prover has falsified.
    pub falsified: BTreeSet<String>,
}

/// What was wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A lemma that holds of the model does not hold of the log.
    Lemma(String),
    /// A step is no instance of its rule.
    Rule(String),
    /// A restriction of the model is not kept.
    Restriction(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lemma(what) => write!(f, "lemma violated: {what}"),
            Self::Rule(what) => write!(f, "no run of the model: {what}"),
            Self::Restriction(what) => write!(f, "no run of the model: {what}"),
        }
    }
}

/// What was found in a log.
#[derive(Default)]
pub struct Found {
    /// What was wrong.
    pub faults: Vec<Fault>,
    /// Lemmas that the prover has falsified, and this log does too.
    pub known: Vec<String>,
    /// `exists-trace` lemmas of which this log is a witness.
    pub reached: Vec<String>,
    /// Steps, by rule.
    pub rules: BTreeMap<String, u64>,
    /// The time that the oracle took.
    pub took: Duration,
}

impl Judge {
    /// Reads a model and what the manifest beside it expects of it.
    pub fn read(models: &Path, file: &str, flags: &[&str]) -> Result<Self, String> {
        let source = Source::read(&models.join(file)).map_err(|e| e.to_string())?;
        let flags: BTreeSet<String> = flags.iter().map(|f| (*f).to_owned()).collect();
        let theory = Theory::read(&source, &flags)?;
        let manifest = Manifest::read(models).map_err(|e| e.to_string())?;
        let manifest = manifest.ok_or("there is no verdicts.toml beside the models")?;
        let sets = manifest.theories.iter().filter(|t| t.file == file);
        // What falls under fewer flags, or in a smaller world, falls here as well.
        let within = |flag: &String| flags.contains(flag) || WORLDS.contains(&flag.as_str());
        let sets = sets
            .flat_map(|t| &t.sets)
            .filter(|set| set.flags.iter().all(within));
        let falsified = sets.flat_map(|set| set.falsified());
        let falsified = falsified.map(str::to_owned).collect();
        Ok(Self { theory, falsified })
    }

    /// Follows a log through the model and evaluates every lemma.
    pub fn judge(&self, log: &Log) -> Result<Found, String> {
        Ok(self.follow(log)?.0)
    }

    /// As [`Self::judge`]; and the run itself.
    pub fn follow(&self, log: &Log) -> Result<(Found, Run<'_>), String> {
        let begin = Instant::now();
        let mut found = Found::default();
        let mut run = Run::new(&self.theory);
        for step in &log.steps {
            run.step(step);
            *found.rules.entry(step.rule.clone()).or_default() += 1;
        }
        for departure in &run.departures {
            let what = format!(
                "step {} ({}): {}",
                departure.step + 1,
                departure.rule,
                departure.why
            );
            found.faults.push(Fault::Rule(what));
        }
        for (name, verdict) in run.broken_restrictions().map_err(|e| e.to_string())? {
            let what = format!("restriction {name}, with {}", shown(&verdict.witness));
            found.faults.push(Fault::Restriction(what));
        }
        let lemmas = run.lemmas().map_err(|e| e.to_string())?;
        for ((name, verdict), lemma) in lemmas.into_iter().zip(&self.theory.lemmas) {
            match (lemma.quantifier, verdict.holds) {
                (Quantifier::ExistsTrace, true) => found.reached.push(name.to_owned()),
                (Quantifier::AllTraces, false) if self.falsified.contains(name) => {
                    found.known.push(name.to_owned());
                }
                (Quantifier::AllTraces, false) => {
                    let what = format!("{name}, with {}", shown(&verdict.witness));
                    found.faults.push(Fault::Lemma(what));
                }
                _ => {}
            }
        }
        found.took = begin.elapsed();
        Ok((found, run))
    }
}

fn shown(witness: &[(String, String)]) -> String {
    let parts: Vec<_> = witness
        .iter()
        .map(|(name, is)| format!("{name} = {is}"))
        .collect();
    parts.join(", ")
}
