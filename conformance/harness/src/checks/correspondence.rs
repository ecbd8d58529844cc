//! What ties model, code and words together: claims, and runs of the reference as runs of the model.

use std::path::Path;

use crate::check::{Check, Context, Outcome};
use crate::claims;
use crate::household::facts::Lemmas;
use crate::household::search as hands;
use crate::pairs;
use crate::trace::cli::Profile;
use crate::trace::search::Effort;

/// Seconds of work; `conformance trace` tries more.
const STEPS: (u64, u64) = (2_000, 400);
const HOUSEHOLD_STEPS: u64 = 1_500;
const LENGTH: usize = 100;
/// Attacks on the paper's scheme that every few histories show. Others of the prover's need luck.
const ATTACKS: [&str; 3] = ["agreement", "injective_agreement", "no_replay"];

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
            |context| traced(context, Profile::Repaired, STEPS.0, &[]),
        ),
        Check::new(
            "attacks",
            "what succeeds where a check is dropped is refused by the reference, for the reason that is declared",
            attacked,
        ),
        Check::new(
            "trace-paper",
            "random runs of the paper's scheme show, as the prover does, that a grant agrees on nothing",
            |context| traced(context, Profile::Paper, STEPS.1, &ATTACKS),
        ),
        Check::new(
            "trace-household",
            "with many hands, each with a cloud and a clock of its own, nobody opens what the owner did not give",
            household,
        ),
    ]
}

/// The project's own folder, where it is.
fn root() -> Option<&'static Path> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
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

fn attacked(context: &Context<'_>) -> Outcome {
    let Some(root) = root() else {
        return Outcome::NotChecked("the project's sources are not here".to_owned());
    };
    context.progress("attacks");
    let played = || -> Result<Vec<String>, String> {
        let mut wrong = Vec::new();
        let pairs = pairs::read(root)?;
        let pairs = pairs.iter().map(|(pair, _)| (&pair.program, &pair.refused));
        let others = pairs::attacks(root)?;
        let others = others
            .iter()
            .map(|attack| (&attack.repaired, &attack.refused));
        for (program, refused) in pairs.chain(others) {
            if let Some(program) = program {
                wrong.extend(pairs::attempt(root, program, refused.as_deref())?);
            }
        }
        Ok(wrong)
    };
    match played() {
        Ok(wrong) if wrong.is_empty() => Outcome::Held,
        Ok(wrong) => Outcome::Failed(wrong.join("; ")),
        Err(why) => Outcome::Failed(why),
    }
}

fn traced(context: &Context<'_>, profile: Profile, steps: u64, attacks: &[&str]) -> Outcome {
    let Some(root) = root() else {
        return Outcome::NotChecked("the models are not here".to_owned());
    };
    context.progress("random histories");
    let effort = Effort {
        steps,
        seed: context.seed,
    };
    let outcome = match profile.run(&root.join("tamarin"), (effort, LENGTH), &|_| ()) {
        Ok((_, outcome)) => outcome,
        Err(why) => return Outcome::Failed(why),
    };
    let found = |attack: &&&str| outcome.known.contains_key(**attack);
    let missed: Vec<_> = attacks
        .iter()
        .filter(|attack| !found(attack))
        .copied()
        .collect();
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

fn household(context: &Context<'_>) -> Outcome {
    let Some(root) = root() else {
        return Outcome::NotChecked("the models are not here".to_owned());
    };
    context.progress("random histories with many hands");
    let effort = hands::Effort {
        steps: HOUSEHOLD_STEPS,
        seed: context.seed,
        length: LENGTH,
        only: None,
        about: "",
    };
    let found = Lemmas::read(&root.join("tamarin"))
        .and_then(|lemmas| hands::search(&effort, &lemmas, &|_| ()));
    let outcome = match found {
        Ok(outcome) => outcome,
        Err(why) => return Outcome::Failed(why),
    };
    let result = match &outcome.counterexample {
        Some(wrong) => Outcome::Failed(wrong.what.join("; ")),
        None => Outcome::Held,
    };
    context.show(String::new(), &outcome);
    result
}
