//! Attempts on the repaired scheme.

use std::collections::BTreeSet;
use std::path::Path;

use crate::trace::judge::Judge;
use crate::trace::{history, op};

/// Plays an attack on the repaired scheme, as a history. It must refute no lemma and no rule, and must be
/// refused for the reason `refused`, or nothing of it at all. Returns what is not so.
///
/// # Errors
/// A history or a model that is not understood.
pub fn attempt(root: &Path, program: &str, refused: Option<&str>) -> Result<Vec<String>, String> {
    let models = root.join("tamarin");
    let judge = Judge::read(&models, "encryptediot.spthy", &["CLOCK", "LINK"])?;
    let ops: Vec<op::Op> = op::read(program)?;
    let played = history::play(&ops, SEED).map_err(|error| error.to_string())?;
    let found = judge.judge(&played.log)?;
    let mut wrong: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    let reasons: BTreeSet<&str> = played.refused.iter().map(|(_, reason)| *reason).collect();
    let as_declared = match refused {
        Some(reason) => reasons.contains(reason),
        None => reasons.is_empty(),
    };
    if !as_declared {
        wrong.push(format!("refused is {reasons:?}, and not {refused:?}"));
    }
    Ok(wrong)
}

/// The seed of the households that attacks are played in.
pub const SEED: u64 = 7;
