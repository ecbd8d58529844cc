//! What ties model, code and words together: claims, and runs of the reference as runs of the model.

use std::path::Path;

use crate::check::{Check, Context, Outcome};
use crate::claims;
use crate::trace::cli::Profile;
use crate::trace::search::Effort;

/// Enough for every rule to be a step of some history; `conformance trace` tries more.
const STEPS: u64 = 2_000;
const LENGTH: usize = 100;

/// The checks.
pub fn checks() -> Vec<Check> {
    vec![
        Check::new(
            "claims",
            "lemmas, tests, vectors and functions stand behind each claim of SPEC, and none for nothing",
            claimed,
        ),
        Check::new(
            "trace",
            "random runs of the reference are runs of the model, and no lemma that was verified fails on one",
            |context| traced(context, Profile::Repaired),
        ),
        Check::new(
            "trace-paper",
            "random runs of the paper's scheme show the attacks that the prover finds in the paper's model",
            |context| traced(context, Profile::Paper),
        ),
    ]
}

/// The project's own folder, where it is.
fn root() -> Option<&'static Path> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    root.join("tamarin").is_dir().then_some(root)
}

fn claimed(context: &Context<'_>) -> Outcome {
    let Some(root) = root() else {
        return Outcome::NotChecked("the project's sources are not here".to_owned());
    };
    match claims::read(root) {
        Ok(claims::Checked { claims, wrong }) => {
            context.show(claims::table(&claims), &claims.len());
            match &*wrong {
                [] => Outcome::Held,
                wrong => Outcome::Failed(wrong.join("; ")),
            }
        }
        Err(why) => Outcome::Failed(why),
    }
}

fn traced(context: &Context<'_>, profile: Profile) -> Outcome {
    let Some(root) = root() else {
        return Outcome::NotChecked("the models are not here".to_owned());
    };
    context.progress("random histories");
    let effort = Effort {
        steps: STEPS,
        seed: context.seed,
    };
    let found = match profile.run(&root.join("tamarin"), (effort, LENGTH), &|_| ()) {
        Ok((judge, outcome)) => (judge, outcome),
        Err(why) => return Outcome::Failed(why),
    };
    let (judge, outcome) = found;
    let missed = judge
        .falsified
        .iter()
        .filter(|lemma| !outcome.known.contains_key(*lemma));
    let missed: Vec<_> = missed.cloned().collect();
    let result = match &outcome.counterexample {
        Some(wrong) => Outcome::Failed(wrong.what.join("; ")),
        None if !missed.is_empty() => Outcome::Failed(format!(
            "attacks that were not found: {}",
            missed.join(", ")
        )),
        None => Outcome::Held,
    };
    context.show(String::new(), &outcome);
    result
}
