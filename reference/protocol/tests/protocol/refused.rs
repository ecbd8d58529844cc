//! An act that is refused, and the same unlocked phone used again: whatever it publishes then opens for
//! everyone who is entitled.

use std::cell::{Cell, RefCell};

use encryptediot::error::{Result, StoreError};
use encryptediot::owner::{Env, Owner};
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::Phone;
use encryptediot::vault::{self, Work};
use encryptediot_testkit::*;

use crate::interrupted::{self, Act, household, pinned_dora};

fn lose_with_passphrase(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    let passphrase = Passphrase::generate(&mut rng(80));
    owner.lose_phone(&n("tablet"), Some((&passphrase, Work::LEAST)), env)
}

/// The acts that change what the phone seals under, and one that does not.
const ACTS: [(&str, Act); 4] = [
    ("lose a phone", interrupted::lose),
    ("lose a phone, new passphrase", lose_with_passphrase),
    ("change the passphrase", interrupted::change_passphrase),
    ("share", interrupted::share),
];

/// Every passphrase that some act here may have set, and the first one.
fn passphrases(home: &Home) -> Vec<Passphrase> {
    vec![
        Passphrase::parse(home.passphrase.words()).unwrap(),
        Passphrase::generate(&mut rng(80)),
        interrupted::new_passphrase(),
        Passphrase::generate(&mut rng(81)),
    ]
}

/// What another phone does between the reading and the writing of an act.
type First = fn(&mut Home) -> Result<()>;

/// Why an act is refused.
#[derive(Clone, Copy)]
enum Refusal {
    /// The phone cannot store its state.
    Unsaved,
    /// The cloud fails after so many writes.
    Down(usize),
    /// The cloud says after so many writes that another device was first.
    Lied(usize),
    /// Another phone is first, with one of [`FIRST`].
    Raced(usize),
}

const FIRST: [First; 3] = [
    |home| home.rotate("tablet", &["y"]),
    |home| home.enroll("third", None),
    |home| {
        let other = Passphrase::generate(&mut rng(81));
        home.act("tablet", |owner, env| {
            owner.change_passphrase(&other, Work::LEAST, env)
        })
    },
];

/// Runs `act` into a refusal, then acts again with the same owner. Gives the result of the acts after it, or `None` if it was not refused.
fn again(home: &mut Home, act: Act, refusal: Refusal) -> Option<Result<()>> {
    let ahead = RefCell::new(Saved::of(home).load(82));
    let (cloud, first_save) = (home.cloud.clone(), Cell::new(true));
    let save = |_: &Phone| match refusal {
        _ if !first_save.replace(false) => Ok(()),
        Refusal::Unsaved => Err(StoreError::LocalState.into()),
        Refusal::Raced(which) => {
            let mut ahead = ahead.borrow_mut();
            ahead.cloud.restore(cloud.objects());
            FIRST[which](&mut ahead).unwrap();
            cloud.restore(ahead.cloud.objects());
            Ok(())
        }
        Refusal::Down(_) | Refusal::Lied(_) => Ok(()),
    };
    match refusal {
        Refusal::Down(writes) => home.cloud.fail_after(writes),
        Refusal::Lied(writes) => home.cloud.lie_after(writes),
        Refusal::Unsaved | Refusal::Raced(_) => {}
    }
    let cloud = home.cloud.clone();
    let second = home.act_saving("phone", &save, |owner, env| {
        if act(owner, env).is_ok() {
            return Ok(None);
        }
        cloud.work_again();
        if let Refusal::Down(_) | Refusal::Lied(_) = refusal {
            // What is owed is written first.
            owner.phone().sync(env.cloud)?;
        }
        let streams = ns(&["x", "y"]);
        let second = interrupted::share(owner, env)
            .and_then(|()| owner.rotate(&streams, env))
            .and_then(|()| owner.keep_unlocked(env));
        Ok(Some(second))
    });
    for (name, phone) in Saved::of(&ahead.borrow()).phones {
        if let Refusal::Raced(_) = refusal
            && name != n("phone")
        {
            home.phones.insert(name, load_phone(&phone));
        }
    }
    second.unwrap()
}

/// Opens everything for everyone: the newest vault with one passphrase, new clips for every phone on
/// the roster and every member, old ones for a phone that enrolls now.
fn everything_opens(home: &mut Home, shared: bool, what: &str) {
    let newest = home.cloud.under(&home.id(), "vault").pop().unwrap();
    let newest = home.cloud.bytes(&newest);
    let opens = |p: &Passphrase| vault::open(&home.id(), p, &newest).is_ok();
    let mut opening = passphrases(home).into_iter().filter(opens);
    let passphrase = opening.next().unwrap();
    drop(opening);
    home.passphrase = passphrase;
    home.enroll("fourth", None)
        .unwrap_or_else(|error| panic!("{what}: enroll: {error}"));
    assert_eq!(home.sync_camera("door").unwrap().refused, [], "{what}");
    if shared {
        let dora = pinned_dora(home);
        home.members.insert(n("dora"), dora);
    }
    home.sync_phone("phone")
        .unwrap_or_else(|error| panic!("{what}: phone: {error}"));
    let roster = home.phone("phone").unwrap().roster().unwrap().clone();
    for stream in ["x", "y"] {
        let clip = home.record("door", stream, b"after").unwrap();
        for phone in &roster.phones {
            let name = phone.name.as_str();
            home.sync_phone(name)
                .unwrap_or_else(|error| panic!("{what}: {name}: {error}"));
            for (sequence, expected) in [(1, &b"before"[..]), (clip, b"after")] {
                let seen = home.view_as_phone(name, stream, sequence);
                assert_eq!(seen.as_deref(), Ok(expected), "{what}: {name}, {stream}");
            }
        }
        let mut members = vec!["carol"];
        members.extend((stream == "x").then_some("alice"));
        members.extend(shared.then_some("dora"));
        for member in members {
            assert_eq!(home.sync_member(member).unwrap().refused, [], "{what}");
            let seen = home.view_as_member(member, stream, clip);
            assert_eq!(seen.as_deref(), Ok(&b"after"[..]), "{what}: {member}");
        }
    }
    let env = Env {
        cloud: &home.cloud.clone(),
        now: home.now(),
        save: &|_| Ok(()),
        rng: &mut rng(83),
    };
    if shared {
        let kept = home.phone("phone").unwrap().unlock_kept(&env).map(drop);
        assert_eq!(kept, Ok(()), "{what}: what was kept does not unlock");
    }
}

#[test]
fn what_the_same_owner_publishes_after_a_refusal_opens_for_everyone() {
    for (name, act) in ACTS {
        let mut whole = household();
        let before = whole.cloud.writes();
        whole.act("phone", act).unwrap();
        let writes = 0..whole.cloud.writes() - before;
        let mut refusals = vec![("not stored".to_owned(), Refusal::Unsaved)];
        refusals.extend(
            writes
                .clone()
                .map(|k| (format!("down after {k}"), Refusal::Down(k))),
        );
        refusals.extend(writes.map(|k| (format!("lied to after {k}"), Refusal::Lied(k))));
        let raced = |i| (format!("race {i}"), Refusal::Raced(i));
        refusals.extend((0..FIRST.len()).map(raced));
        for (why, refusal) in refusals {
            let what = format!("{name}, {why}");
            let mut home = household();
            let second = again(&mut home, act, refusal);
            let unlock_again = matches!(refusal, Refusal::Raced(2));
            match second {
                // The acts do not meet.
                None => assert!(matches!(refusal, Refusal::Raced(_)), "{what}"),
                Some(Err(error)) => {
                    // What it has in hand is of an older vault.
                    assert!(unlock_again, "{what}: {error}");
                    assert_eq!(error.reason(), "conflict", "{what}");
                }
                Some(Ok(())) => {}
            }
            everything_opens(&mut home, second == Some(Ok(())), &what);
        }
    }
}

/// A phone that stays unlocked while another one enrolls a third goes by the roster that lists it.
#[test]
fn an_unlocked_phone_does_not_go_by_a_roster_that_another_has_replaced() {
    let mut home = household();
    let ahead = RefCell::new(Saved::of(&home).load(84));
    let cloud = home.cloud.clone();
    home.act("phone", |owner, env| {
        let mut ahead = ahead.borrow_mut();
        ahead.enroll("third", None).unwrap();
        cloud.restore(ahead.cloud.objects());
        let stale = owner.rotate(&ns(&["x"]), env);
        assert_eq!(reason(stale), "conflict");
        owner.rotate(&ns(&["x"]), env)
    })
    .unwrap();
    let third = store_phone(ahead.borrow_mut().phone("third").unwrap());
    home.phones.insert(n("third"), load_phone(&third));
    home.sync_camera("door").unwrap();
    let clip = home.record("door", "x", b"after").unwrap();
    home.sync_phone("third").unwrap();
    let announced = home.phones[&n("third")].followed(&n("x")).unwrap();
    assert_eq!(announced.current.phones.len(), 3);
    assert_eq!(home.view_as_phone("third", "x", clip).unwrap(), b"after");
}
