//! Attacks on the schemes that the paper describes, and what the repaired one does not promise
//! (`conformance/pairs.toml`): each program refutes the lemmas that it says, contains the steps of the
//! prover's trace, and comes to nothing, or to what is said, against the repaired scheme.
//!
//! What the models drop, dropped in the code, is in `conformance/broken/tests/pairs.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use conformance::pairs::{self, Attack};
use conformance::trace::history::{self, Played};
use conformance::trace::judge::{Fault, Judge};
use conformance::trace::term::Terms;
use conformance::trace::{embed, op, paper, prover, translate};
use conformance_source::name::resolve;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn judge(file: &str, flags: &[&str]) -> Judge {
    Judge::read(&root().join("tamarin"), file, flags).unwrap()
}

fn repaired(program: &str) -> Played {
    let ops: Vec<op::Op> = op::read(program).unwrap();
    history::play(&ops, pairs::SEED).unwrap()
}

/// Plays the program of an attack; what is not as it says.
fn play(attack: &Attack, program: &str) -> Vec<String> {
    let flags: Vec<&str> = attack.flags.iter().map(String::as_str).collect();
    let (judge, played) = match attack.model.as_str() {
        "paper" => {
            let ops: Vec<paper::Op> = op::read(program).unwrap();
            (
                judge("paper.spthy", &flags),
                paper::play(&ops, pairs::SEED).unwrap(),
            )
        }
        _ => (
            judge("encryptediot.spthy", &["CLOCK", "LINK"]),
            repaired(program),
        ),
    };
    let (found, run) = judge.follow(&played.log).unwrap();
    let mut wrong: Vec<String> = found.faults.iter().map(Fault::to_string).collect();
    let mut missing = Vec::new();
    for lemma in &attack.lemmas {
        if !found.known.contains(lemma) {
            wrong.push(format!("{lemma} is not refuted: {:?} are", found.known));
        }
        let kept = prover::kept(&root(), (&attack.model, &flags.join("+"), lemma)).unwrap();
        let Some((name, json)) = kept else { continue };
        let mut terms = Terms::default();
        let traces = prover::read(&json, &judge.theory, &mut terms).unwrap();
        let contained = embed::contains((&run.trace, &run.terms), (&traces[0], &terms));
        missing.extend(contained.err().map(|step| format!("{name}: {step}")));
    }
    if missing.is_empty() == attack.other_trace.is_some() {
        wrong.push(format!(
            "it contains the prover's traces, or does not: {missing:?}"
        ));
    }
    wrong
}

#[test]
fn every_attack_does_what_it_says() {
    let mut wrong = BTreeMap::new();
    let tests = conformance_source::test::all(&root()).unwrap();
    for attack in pairs::attacks(&root()).unwrap() {
        let mut found = Vec::new();
        if let Some(program) = &attack.program {
            found.extend(play(&attack, program));
        }
        if let Some(program) = &attack.repaired {
            found.extend(pairs::attempt(&root(), program, attack.refused.as_deref()).unwrap());
        }
        if let Some(test) = &attack.test {
            found.extend(resolve("test", test, tests.iter()).err());
        }
        if !found.is_empty() {
            wrong.insert(format!("{} {:?}", attack.model, attack.lemmas), found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An attack that is none, a program that another one refuses, and missing traces are noticed.
#[test]
fn what_an_attack_says_can_be_wrong() {
    let all = pairs::attacks(&root()).unwrap();
    let of = |lemma: &str| {
        let is = |attack: &&Attack| attack.lemmas.iter().any(|is| is == lemma);
        all.iter().find(is).unwrap().clone()
    };
    let mut attack = of("no_replay");
    attack.lemmas = vec!["secret_B".to_owned()];
    let program = attack.program.clone().unwrap();
    assert!(play(&attack, &program)[0].contains("secret_B is not refuted"));
    let attack = of("agreement");
    let program = attack.repaired.clone().unwrap();
    let wrong = pairs::attempt(&root(), &program, Some("grant-replayed")).unwrap();
    assert!(wrong[0].contains("invalid-signature"));
    let elsewhere = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let missing = prover::kept(&elsewhere, ("paper", "", "agreement"));
    assert!(missing.unwrap_err().contains("no such folder"));
}

/// The prover's traces of the paper's model, as histories of the paper's scheme: each refutes the lemma
/// that the prover falsified by it, and contains its steps.
#[test]
fn traces_of_the_papers_model_are_programs() {
    let (mut done, mut others) = (Vec::new(), Vec::new());
    for set in ["", "NO_PKI"] {
        let flags: Vec<&str> = set.split('+').filter(|flag| !flag.is_empty()).collect();
        let judge = judge("paper.spthy", &flags);
        for lemma in &judge.falsified {
            let kept = prover::kept(&root(), ("paper", set, lemma)).unwrap();
            let Some((_, json)) = kept else { continue };
            let mut terms = Terms::default();
            let trace = prover::read(&json, &judge.theory, &mut terms)
                .unwrap()
                .remove(0);
            let Ok(ops) = translate::history(&trace, &terms) else {
                others.push(lemma.clone());
                continue;
            };
            let played = paper::play(&ops, pairs::SEED).unwrap();
            let (found, run) = judge.follow(&played.log).unwrap();
            let contained = embed::contains((&run.trace, &run.terms), (&trace, &terms));
            assert!(
                found.known.contains(lemma),
                "{lemma}: {ops:?}, {:?}",
                found.known
            );
            assert_eq!(contained, Ok(()), "{lemma}: {ops:?}");
            done.push(lemma.clone());
        }
    }
    let translated = [
        "eventually_received",
        "received_was_sent",
        "secret_A_forward",
        "secret_A_unless_alice",
        "secret_B",
        "secret_A",
        "secret_A_unless_bob",
    ];
    assert_eq!(done, translated);
    // In these Bob takes for Alice's what another agent sent: the scheme has one who shares.
    let by_hand = ["agreement", "alive", "injective_agreement", "no_replay"];
    assert_eq!(others, by_hand);
}
