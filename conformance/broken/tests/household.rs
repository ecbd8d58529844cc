//! Histories with many hands against copies of the protocol that do again what it did once: each is refuted, and
//! it is said after how many steps.

// As in the harness, whose files these are.
#![allow(missing_docs)]

// The histories are written for the reference; here they play on the copy.
extern crate encryptediot_broken as encryptediot;

#[path = "../../harness/src/household/mod.rs"]
pub mod household;

use encryptediot::fault;
use household::search::{Effort, Outcome, play, search};

/// What the protocol did once: the faults that bring it back, and the start of what is then wrong.
type Old = (&'static [&'static str], &'static str);

/// What a few thousand random steps find.
const FOUND: [Old; 7] = [
    (
        &["holders-by-number", "any-roster-at-the-phone"],
        "STREAM-KEYS, GRANT-AGREEMENT",
    ),
    (&["pairs-without-evidence"], "LOST-PHONE"),
    (&["any-roster-at-the-phone"], "NO-FORK"),
    (&["any-roster-at-the-camera"], "NO-FORK"),
    (&["unlocked-phone-dropped"], "ACCOUNT-SECRETS"),
    (&["reply-for-ever"], "PAIRING"),
    (&["offer-again"], "PAIRING"),
];

/// What takes more of them: the shortest histories, written down.
const WRITTEN: [(Old, &str); 3] = [
    (
        (
            &["holders-by-number", "any-roster-at-the-phone"],
            "STREAM-KEYS, GRANT-AGREEMENT",
        ),
        "freeze laptop 0
        share phone alice y always
        share laptop bob x always
        lend phone announcements/x laptop
        rotate phone x",
    ),
    (
        (&["pairs-without-evidence"], "LOST-PHONE"),
        "freeze laptop 0
        lose phone tablet
        sync door
        pair laptop attic nothing 0
        record v",
    ),
    (
        (&["clock-not-set-back"], "WINDOW"),
        "clock door 25
        sync door
        clock door 0
        correct phone door 0
        sync door",
    ),
];

fn within(steps: u64, (faults, about): Old) -> Outcome {
    // What every history begins with is made before anything is broken.
    household::house::House::new(1).unwrap();
    let effort = Effort {
        steps,
        seed: 5,
        length: 60,
        only: None,
        about,
    };
    fault::switch_all(faults);
    let outcome = search(&effort, &|_| ());
    fault::switch_all(&[]);
    outcome.unwrap()
}

#[test]
fn what_the_protocol_did_once_is_found() {
    for old in FOUND {
        let outcome = within(10_000, old);
        let found = outcome.counterexample;
        println!(
            "{:?}: {} histories, {} steps, {found:?}",
            old.0, outcome.histories, outcome.steps
        );
        assert!(found.is_some(), "{:?}", old.0);
    }
}

#[test]
fn what_takes_many_histories_is_judged_by_its_shortest() {
    household::house::House::new(1).unwrap();
    for ((faults, about), text) in WRITTEN {
        let ops: Vec<household::op::Op> = conformance::trace::op::read(text).unwrap();
        assert_eq!(play(&ops, 1).unwrap().wrong, Vec::<String>::new(), "{text}");
        fault::switch_all(faults);
        let wrong = play(&ops, 1).unwrap().wrong;
        fault::switch_all(&[]);
        assert!(
            wrong.iter().any(|what| what.starts_with(about)),
            "{faults:?}: {wrong:?}"
        );
    }
}

#[test]
#[ignore = "for whoever wants to know which of all faults they find"]
fn which_faults_are_found() {
    for one in fault::ALL {
        household::house::House::new(1).unwrap();
        let effort = Effort {
            steps: 3_000,
            seed: 1,
            length: 100,
            only: None,
            about: "",
        };
        fault::switch(Some(one.name));
        let outcome = std::panic::catch_unwind(|| search(&effort, &|_| ()));
        fault::switch(None);
        match outcome {
            Ok(Ok(outcome)) => {
                let what = outcome.counterexample.map(|found| found.what);
                println!(
                    "{}: {} {} {what:?}",
                    one.name, outcome.histories, outcome.steps
                );
            }
            Ok(Err(why)) => println!("{}: {why}", one.name),
            Err(_) => println!("{}: panic", one.name),
        }
    }
}
