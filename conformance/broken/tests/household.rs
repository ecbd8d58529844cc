//! Histories with many hands against copies of the protocol that do again what it did once: each is refuted, and
//! it is said after how many steps.

// As in the harness, whose files these are.
#![allow(missing_docs)]

// The histories are written for the reference; here they play on the copy.
extern crate encryptediot_broken as encryptediot;

#[path = "../../harness/src/household/mod.rs"]
pub mod household;

use encryptediot::fault;
use household::search::{Effort, Outcome, search};

/// Old behaviour: what it was, the faults that bring it back, the start of what is then wrong, and the steps within
/// which it must be found.
struct Old {
    what: &'static str,
    faults: &'static [&'static str],
    wrong: &'static str,
}

const OLD: [Old; 13] = [
    Old {
        what: "holders by number, and no one history",
        faults: &["holders-by-number", "any-roster-at-the-phone", "any-roster-at-the-camera"],
        wrong: "STREAM-KEYS, GRANT-AGREEMENT",
    },
    Old {
        what: "announcements under any roster, at phones",
        faults: &["any-roster-at-the-phone"],
        wrong: "NO-FORK",
    },
    Old {
        what: "announcements under any roster, at cameras",
        faults: &["any-roster-at-the-camera"],
        wrong: "NO-FORK",
    },
    Old {
        what: "cameras paired by an old view",
        faults: &["pairs-without-evidence"],
        wrong: "LOST-PHONE",
    },
    Old {
        what: "an old answer for a new one",
        faults: &["answer-to-any-challenge"],
        wrong: "LOST-PHONE",
    },
    Old {
        what: "time learnt from announcements",
        faults: &["time-learnt"],
        wrong: "WINDOW",
    },
    Old {
        what: "leases from when they were issued",
        faults: &["lease-from-issue"],
        wrong: "LEASE",
    },
    Old {
        what: "a phone that was kept unlocked is dropped as any other",
        faults: &["unlocked-phone-dropped"],
        wrong: "ACCOUNT-SECRETS",
    },
    Old {
        what: "the provider is asked which phone was kept unlocked",
        faults: &["unlocked-phone-hidden"],
        wrong: "ACCOUNT-SECRETS",
    },
    Old {
        what: "replies of any age",
        faults: &["reply-for-ever"],
        wrong: "PAIRING",
    },
    Old {
        what: "replies from before the offer",
        faults: &["reply-before-offer"],
        wrong: "PAIRING",
    },
    Old {
        what: "an offer for any number of cameras",
        faults: &["offer-again"],
        wrong: "PAIRING",
    },
    Old {
        what: "no way back for a camera's clock",
        faults: &["clock-not-set-back"],
        wrong: "CLAIM-WINDOW",
    },
];

fn within(steps: u64, faults: &'static [&'static str]) -> Outcome {
    // What every history begins with is made before anything is broken.
    household::house::House::new(1).unwrap();
    let effort = Effort {
        steps,
        seed: std::env::var("SEED").map_or(1, |seed| seed.parse().unwrap()),
        length: 100,
        only: None,
    };
    fault::switch_all(faults);
    let outcome = search(&effort, &|_| ());
    fault::switch_all(&[]);
    outcome.unwrap()
}

#[test]
fn what_the_protocol_did_once_is_found() {
    let steps = std::env::var("STEPS").map_or(20_000, |steps| steps.parse().unwrap());
    let mut missed = Vec::new();
    for Old { what, faults, wrong } in OLD {
        assert!(faults.iter().all(|name| fault::ALL.iter().any(|fault| fault.name == *name)));
        let outcome = within(steps, faults);
        let (histories, all) = (outcome.histories, outcome.steps);
        match outcome.counterexample {
            Some(found) if found.what.iter().any(|what| what.starts_with(wrong)) => {
                println!("| {what} | {} | {histories} | {all} | {:.0} s |", found.history.len(), outcome.seconds);
                println!("  {:?}\n  {:?}", found.what, found.history);
            }
            other => missed.push(format!("{what}: {other:?} after {all} steps")),
        }
    }
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
#[ignore = "for whoever wants to know which of all faults they find"]
fn which_faults_are_found() {
    for one in fault::ALL {
        household::house::House::new(1).unwrap();
        let effort = Effort { steps: 3_000, seed: 1, length: 100, only: None };
        fault::switch(Some(one.name));
        let outcome = std::panic::catch_unwind(|| search(&effort, &|_| ()));
        fault::switch(None);
        match outcome {
            Ok(Ok(outcome)) => {
                let what = outcome.counterexample.map(|found| found.what);
                println!("{}: {} {} {what:?}", one.name, outcome.histories, outcome.steps);
            }
            Ok(Err(why)) => println!("{}: {why}", one.name),
            Err(_) => println!("{}: panic", one.name),
        }
    }
}
