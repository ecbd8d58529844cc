//! The search: random histories, each held against the model; what is wrong is shrunk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Serialize;

use super::history::Played;
use super::judge::{Found, Judge};

/// A kind of history.
pub struct Game<'g, O> {
    /// Random histories.
    pub histories: BoxedStrategy<Vec<O>>,
    pub play: &'g dyn Fn(&[O], u64) -> encryptediot::Result<Played>,
    /// Is it the adversary who does this?
    pub is_hostile: &'g dyn Fn(&O) -> bool,
}

/// How much is to be tried.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Until so many things have happened.
    pub steps: u64,
    /// What everything random is drawn from.
    pub seed: u64,
}

/// Something that is not as the model says, with the shortest history that was found for it.
#[derive(Clone, Debug, Serialize)]
pub struct Counterexample {
    /// What is wrong.
    pub what: Vec<String>,
    /// What happened.
    pub history: Vec<String>,
    /// The seed of the household.
    pub seed: u64,
}

/// When something was found first.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct First {
    pub history: u64,
    /// After how many things had happened.
    pub steps: u64,
    /// After how many milliseconds.
    pub milliseconds: u64,
}

/// What a search found.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// Histories played.
    pub histories: u64,
    /// Things that happened in them.
    pub steps: u64,
    /// Those that the adversary did.
    pub hostile: u64,
    pub model_steps: u64,
    /// Seconds in the reference: protocol and primitives.
    pub playing: f64,
    /// Seconds in the oracle.
    pub judging: f64,
    /// Steps of the model by rule.
    pub rules: BTreeMap<String, u64>,
    /// Lemmas that the prover has falsified and a history did too.
    pub known: BTreeMap<String, First>,
    /// `exists-trace` lemmas that a history is a witness of.
    pub reached: BTreeSet<String>,
    /// What is wrong, if anything is: the search ends with it.
    pub counterexample: Option<Counterexample>,
}

/// Shrinking ends after so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays histories until so many things have happened, or one is wrong.
///
/// # Errors
/// If a household cannot be furnished, or a formula cannot be evaluated.
pub fn search<O: Clone + Debug + Display>(
    judge: &Judge,
    game: &Game<'_, O>,
    effort: Effort,
    progress: &dyn Fn(&Outcome),
) -> Result<Outcome, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&effort.seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let begin = Instant::now();
    let mut outcome = Outcome::default();
    while outcome.steps < effort.steps {
        let mut tree = game
            .histories
            .new_tree(&mut runner)
            .map_err(|reason| reason.to_string())?;
        let (ops, seed) = (tree.current(), effort.seed ^ outcome.histories);
        let (played, found) = attempt(judge, game, &ops, seed)?;
        outcome.histories += 1;
        outcome.steps += ops.len() as u64;
        outcome.hostile += ops.iter().filter(|op| (game.is_hostile)(op)).count() as u64;
        outcome.model_steps += played.log.steps.len() as u64;
        outcome.playing += played.took.as_secs_f64();
        outcome.judging += found.took.as_secs_f64();
        for (rule, count) in &found.rules {
            *outcome.rules.entry(rule.clone()).or_default() += count;
        }
        let first = First {
            history: outcome.histories,
            steps: outcome.steps,
            milliseconds: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        for lemma in &found.known {
            outcome.known.entry(lemma.clone()).or_insert(first);
        }
        outcome.reached.extend(found.reached.iter().cloned());
        let wrong = faults(&played, &found);
        if !wrong.is_empty() {
            outcome.counterexample = Some(shrink(judge, game, &mut *tree, seed, wrong)?);
            break;
        }
        progress(&outcome);
    }
    Ok(outcome)
}

fn attempt<O>(
    judge: &Judge,
    game: &Game<'_, O>,
    ops: &[O],
    seed: u64,
) -> Result<(Played, Found), String> {
    let played = (game.play)(ops, seed).map_err(|error| error.to_string())?;
    let found = judge.judge(&played.log)?;
    Ok((played, found))
}

fn faults(played: &Played, found: &Found) -> Vec<String> {
    let faults = found.faults.iter().map(ToString::to_string);
    faults.chain(played.altered.clone()).collect()
}

fn shrink<O: Clone + Debug + Display>(
    judge: &Judge,
    game: &Game<'_, O>,
    tree: &mut dyn ValueTree<Value = Vec<O>>,
    seed: u64,
    mut what: Vec<String>,
) -> Result<Counterexample, String> {
    let mut best = tree.current();
    let begin = Instant::now();
    let mut more = tree.simplify();
    while more && begin.elapsed() < PATIENCE {
        let ops = tree.current();
        let (played, found) = attempt(judge, game, &ops, seed)?;
        let wrong = faults(&played, &found);
        more = if wrong.is_empty() {
            tree.complicate()
        } else {
            (best, what) = (ops, wrong);
            tree.simplify()
        };
    }
    let history = best.iter().map(ToString::to_string).collect();
    Ok(Counterexample {
        what,
        history,
        seed,
    })
}
