//! What the models drop, dropped in the code: every attack of `conformance/pairs.toml` succeeds against
//! its twin, and not against the copy without a fault.

// As in the harness, whose files these are.
#![allow(missing_docs)]

// The histories are written for the reference; here they play on the copy.
extern crate encryptediot_broken as encryptediot;

mod by_hand;
mod common;

#[path = "../../harness/src/trace/adversary.rs"]
pub mod adversary;
#[path = "../../harness/src/trace/forge.rs"]
pub mod forge;
#[path = "../../harness/src/trace/history.rs"]
pub mod history;
#[path = "../../harness/src/trace/op.rs"]
pub mod op;
#[path = "../../harness/src/trace/world.rs"]
pub mod world;

use std::collections::{BTreeMap, BTreeSet};

use common::{ask, failed, files, root};
use conformance::pairs::{self, Ablation, Pair};
use conformance::trace::judge::{Fault, Found, Judge};
use conformance::trace::term::Terms;
use conformance::trace::{embed, prover};
use conformance_vectors::file::File;
use encryptediot::fault;
use history::{Played, play};

/// The lemmas that were refuted, of those that the manifest knows to fall and of others.
fn refuted(found: &Found) -> BTreeSet<String> {
    let lemma = |fault: &Fault| match fault {
        Fault::Lemma(what) => what.split(',').next().map(str::to_owned),
        _ => None,
    };
    let others = found.faults.iter().filter_map(lemma);
    found.known.iter().cloned().chain(others).collect()
}

fn departures(found: &Found) -> Vec<String> {
    let of_rules = |fault: &&Fault| !matches!(fault, Fault::Lemma(_));
    let departures = found.faults.iter().filter(of_rules);
    departures.map(ToString::to_string).collect()
}

/// The fault of that name.
fn twin(pair: &Pair) -> Option<&'static str> {
    let name = pair.twin.as_deref()?;
    let known = fault::ALL.iter().find(|fault| fault.name == name);
    let known = known.unwrap_or_else(|| panic!("there is no fault {name}"));
    Some(known.name)
}

fn reasons_of(played: &Played) -> BTreeSet<&str> {
    played.refused.iter().map(|(_, reason)| *reason).collect()
}

/// Plays the history of a pair; what is not as the pair says.
fn history_of(pair: &Pair, ablation: &Ablation, program: &str) -> Vec<String> {
    let models = root().join("tamarin");
    let file = format!("{}.spthy", pair.model);
    let judge = |flags: &[&str]| Judge::read(&models, &file, flags).unwrap();
    let mut wrong = Vec::new();
    let mut say = |is: bool, what: String| {
        if is {
            wrong.push(what);
        }
    };

    let refused = pair.refused.as_deref();
    let reference = pairs::attempt(&root(), program, refused).unwrap();
    say(
        !reference.is_empty(),
        format!("the reference: {reference:?}"),
    );
    let played = play_on(None, program);
    let copy = reasons_of(&played);
    let why = format!("the copy without a fault refuses {copy:?}");
    say(refused.is_some_and(|reason| !copy.contains(reason)), why);

    let whole = judge(&["CLOCK", "LINK"]);
    let without = judge(&["CLOCK", "LINK", &pair.flag]);
    let played = play_on(twin(pair), program);
    let (found, run) = without.follow(&played.log).unwrap();
    let refuted = refuted(&found);
    if let Some(reason) = &pair.twin_refuses {
        // Nothing but what falls in the whole model as well.
        let more: Vec<_> = refuted.difference(&whole.falsified).collect();
        say(!more.is_empty(), format!("the twin is refuted: {more:?}"));
        let expected = Some(reason.as_str()).filter(|reason| !reason.is_empty());
        let why = format!("the twin refuses: {:?}", reasons_of(&played));
        say(reasons_of(&played) != expected.into_iter().collect(), why);
        return wrong;
    }
    for lemma in pair.breaks.iter().filter(|lemma| !refuted.contains(*lemma)) {
        let why = format!(
            "{lemma} is not refuted; the twin refuses: {:?}",
            reasons_of(&played)
        );
        say(true, why);
    }
    let departures = departures(&found);
    let why = format!("it is a run of the model with the flag, or is not: {departures:?}");
    say(departures.is_empty() == pair.departs.is_some(), why);
    let missing: Vec<_> = pair
        .breaks
        .iter()
        .filter_map(|lemma| {
            let flags: Vec<_> = ablation.falls[lemma].iter().cloned().collect();
            let flags = flags.join("+");
            let kept = prover::kept(&root(), (&pair.model, &flags, lemma)).unwrap();
            let (name, json) = kept?;
            let mut terms = Terms::default();
            let traces = prover::read(&json, &without.theory, &mut terms).unwrap();
            let found = embed::contains((&run.trace, &run.terms), (&traces[0], &terms));
            found.err().map(|step| format!("{name}: {step}"))
        })
        .collect();
    let why = format!("it contains the prover's trace, or does not: {missing:?}");
    say(missing.is_empty() == pair.other_trace.is_some(), why);
    wrong
}

/// Plays a history on the copy.
fn play_on(fault: Option<&'static str>, program: &str) -> Played {
    let ops: Vec<op::Op> = op::read(program).unwrap();
    fault::switch(fault);
    let played = play(&ops, pairs::SEED).unwrap();
    fault::switch(None);
    played
}

/// Asks the vector of a pair.
fn vector_of(pair: &Pair, all: &[File], id: &str) -> Vec<String> {
    let mut places = all.iter().enumerate().flat_map(|(at, file)| {
        let tests = file.tests.iter().enumerate();
        tests.map(move |(place, test)| ((at, place), test))
    });
    let Some((place, test)) = places.find(|(_, test)| test.id == id) else {
        return vec![format!("there is no vector {id}")];
    };
    let mut wrong = Vec::new();
    if !failed(&ask(all, &[place], None).0).is_empty() {
        wrong.push(format!("the reference fails {id}"));
    }
    let text = serde_json::to_string(test).unwrap();
    if let Some(reason) = &pair.refused
        && !text.contains(&format!("{reason:?}"))
    {
        wrong.push(format!("{id} does not demand {reason}"));
    }
    let (report, _) = ask(all, &[place], twin(pair));
    let mismatch = report.findings.iter().find_map(|f| f.mismatch.as_ref());
    let Some(mismatch) = mismatch else {
        wrong.push(format!("the twin passes {id}"));
        return wrong;
    };
    // Another reason is no success.
    let other = (mismatch.field == "reason").then_some(mismatch.given.as_str());
    if other != pair.twin_refuses.as_deref() {
        wrong.push(format!("the twin, asked {id}: {mismatch:?}"));
    }
    wrong
}

/// Runs a program that is written by hand.
fn by_hand_of(pair: &Pair, name: &str) -> Vec<String> {
    let Some((_, program)) = by_hand::ALL.iter().find(|(is, _)| *is == name) else {
        return vec![format!("there is no program {name}")];
    };
    let run = |fault| {
        fault::switch(fault);
        let outcome = program();
        fault::switch(None);
        outcome
    };
    let mut wrong = Vec::new();
    let expected = Err(pair.refused.clone().unwrap_or_default());
    let reference = run(None);
    if reference != expected {
        wrong.push(format!("against the reference: {reference:?}"));
    }
    let twin = run(twin(pair));
    if twin != Ok(()) {
        wrong.push(format!("against the twin: {twin:?}"));
    }
    wrong
}

#[test]
fn every_attack_succeeds_against_its_twin_and_not_against_the_reference() {
    let all = files();
    let mut wrong = BTreeMap::new();
    for (pair, ablation) in pairs::read(&root()).unwrap() {
        let found = match (&pair.program, &pair.vector, &pair.by_hand) {
            (Some(program), ..) => history_of(&pair, &ablation, program),
            (_, Some(id), _) => vector_of(&pair, &all, id),
            (.., Some(name)) => by_hand_of(&pair, name),
            // That there is such a fault.
            _ => {
                twin(&pair);
                Vec::new()
            }
        };
        if !found.is_empty() {
            wrong.insert(format!("{}/{}", pair.model, pair.flag), found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_is_up_to_date() {
    let (path, pairs) = (
        root().join("conformance/PAIRS.md"),
        pairs::read(&root()).unwrap(),
    );
    let page = pairs::page(&pairs, &pairs::caught(&root()).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let how = "UPDATE=1 cargo test -p encryptediot-broken writes it";
    assert!(written == page, "conformance/PAIRS.md is stale: {how}");
}
