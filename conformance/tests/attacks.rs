//! Attacks on the schemes that the paper describes, and what the repaired one does not promise
//! (`conformance/pairs.toml`): each program refutes the lemmas that it says, contains the steps of the
//! prover's trace, and comes to nothing, or to what is said, against the repaired scheme.
//!
//! What the models drop, dropped in the code, is in `conformance/broken/tests/pairs.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use conformance::pairs::{self, Attack};
use conformance::trace::history::{self, Told};
use conformance::trace::judge::{Fault, Judge};
use conformance::trace::term::Terms;
use conformance::trace::{embed, op, paper, prover};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn judge(file: &str, flags: &[&str]) -> Judge {
    Judge::read(&root().join("tamarin"), file, flags).unwrap()
}

fn repaired(program: &str) -> Told {
    let ops: Vec<op::Op> = op::read(program).unwrap();
    history::play(&ops, 7).unwrap()
}

/// Plays the program of an attack; what is not as it says.
fn play(attack: &Attack, program: &str) -> Vec<String> {
    let flags: Vec<&str> = attack.flags.iter().map(String::as_str).collect();
    let (judge, told) = match attack.model.as_str() {
        "paper" => {
            let ops: Vec<paper::Op> = op::read(program).unwrap();
            (judge("paper.spthy", &flags), paper::play(&ops, 7).unwrap())
        }
        _ => (
            judge("encryptediot.spthy", &["CLOCK", "LINK"]),
            repaired(program),
        ),
    };
    let (found, run) = judge.follow(&told.log).unwrap();
    let mut wrong: Vec<String> = found.faults.iter().map(Fault::to_string).collect();
    let mut missing = Vec::new();
    for lemma in &attack.lemmas {
        if !found.known.contains(lemma) {
            wrong.push(format!("{lemma} is not refuted: {:?} are", found.known));
        }
        let name = format!("{}.{}.{lemma}.json", attack.model, flags.join("+"));
        let path = root().join("conformance/tests/recorded/traces").join(&name);
        // Of lemmas that fall for the same reason one trace is kept.
        let Ok(json) = std::fs::read_to_string(path) else {
            continue;
        };
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

/// The same attempt against the repaired scheme.
fn attempt(attack: &Attack, program: &str) -> Vec<String> {
    let whole = judge("encryptediot.spthy", &["CLOCK", "LINK"]);
    let told = repaired(program);
    let found = whole.judge(&told.log).unwrap();
    let mut wrong: Vec<String> = found.faults.iter().map(Fault::to_string).collect();
    let reasons: BTreeSet<&str> = told.refused.iter().map(|(_, reason)| *reason).collect();
    let as_said = match attack.refused.as_deref() {
        Some(reason) => reasons.contains(reason),
        None => reasons.is_empty(),
    };
    if !as_said {
        wrong.push(format!("the repaired scheme refuses: {reasons:?}"));
    }
    wrong
}

#[test]
fn every_attack_does_what_it_says() {
    let mut wrong = BTreeMap::new();
    for attack in pairs::attacks(&root()).unwrap() {
        let mut found = Vec::new();
        if let Some(program) = &attack.program {
            found.extend(play(&attack, program));
        }
        if let Some(program) = &attack.repaired {
            found.extend(attempt(&attack, program));
        }
        if let Some(test) = &attack.test {
            let (file, function) = test.split_once("::").unwrap();
            let path = root().join(format!("reference/tests/{file}.rs"));
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if !text.contains(&format!("#[test]\nfn {function}()")) {
                found.push(format!("there is no test {test}"));
            }
        }
        if !found.is_empty() {
            wrong.insert(format!("{} {:?}", attack.model, attack.lemmas), found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An attack that is none, and a program that another one refuses, are noticed.
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
    let mut attack = of("agreement");
    attack.refused = Some("grant-replayed".to_owned());
    let program = attack.repaired.clone().unwrap();
    assert!(attempt(&attack, &program)[0].contains("invalid-signature"));
}
