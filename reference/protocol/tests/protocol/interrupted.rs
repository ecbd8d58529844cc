//! Acts that are cut short after any number of writes, devices that are killed, and phones that
//! act at the same time: it completes when run again, or it had no effect.

use std::cell::RefCell;

use encryptediot::camera::Unpaired;
use encryptediot::contact::{self, VerifiedMember};
use encryptediot::error::Result;
use encryptediot::evidence::Evidence;
use encryptediot::member::Member;
use encryptediot::owner::{self, Env, Meeting, Owner, Term};
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::Phone;
use encryptediot::vault::Work;
use encryptediot_testkit::household::window;
use encryptediot_testkit::*;

/// Two phones, a camera, the member alice on `x`, bob introduced and revoked, a clip on each stream.
pub fn household() -> Home {
    static SAVED: std::sync::OnceLock<Saved> = std::sync::OnceLock::new();
    let saved = SAVED.get_or_init(|| {
        let mut home = home();
        home.enroll("tablet", None).unwrap();
        home.share("phone", &["x"], &["alice"], Term::UntilRevoked)
            .unwrap();
        home.share("phone", &["y"], &["bob", "carol"], Term::AllStreams)
            .unwrap();
        home.revoke("phone", &["x", "y"], "bob").unwrap();
        home.sync_camera("door").unwrap();
        for stream in ["x", "y"] {
            home.record("door", stream, b"before").unwrap();
        }
        home.sync_phone("tablet").unwrap();
        for member in ["alice", "bob", "carol"] {
            home.sync_member(member).unwrap();
        }
        Saved::of(&home)
    });
    saved.load(31)
}

pub type Act = fn(&mut Owner<'_>, &mut Env<'_>) -> Result<()>;

/// A member with the same key in every run.
fn new_dora() -> Member {
    Member::generate(n("dora"), &mut rng(40)).unwrap()
}

fn dora() -> VerifiedMember {
    VerifiedMember::by_proximity(new_dora().card())
}

/// The member on her side, with the account pinned.
pub fn pinned_dora(home: &Home) -> Member {
    let mut dora = new_dora();
    let number = contact::safety_number(&home.id(), &dora.card().key);
    dora.pin(home.id(), &number).unwrap();
    dora
}

pub fn share(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    let (streams, term) = (ns(&["x", "y"]), Term::AllStreams);
    owner
        .share(&streams, &[dora()], term, Meeting::Remote, env)
        .map(drop)
}

fn revoke(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    owner.revoke(&ns(&["x", "y"]), &n("carol"), env)
}

pub fn lose(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    owner.lose_phone(&n("tablet"), None, env)
}

fn add_camera(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    let offer = encryptediot::pairing::Offer::new(*owner.phone().account(), START, &mut rng(1));
    let clock = encryptediot::clock::ManualClock::at(START);
    let (_, reply) = Unpaired::new(ns(&["z"]))
        .pair(&offer, &clock, &mut rng(41))
        .unwrap();
    owner.add_camera(
        n("garden"),
        &offer,
        &reply,
        Some(&Evidence::OwnersWord),
        env,
    )
}

pub fn new_passphrase() -> Passphrase {
    Passphrase::generate(&mut rng(42))
}

pub fn change_passphrase(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    owner.change_passphrase(&new_passphrase(), Work::LEAST, env)
}

fn make_link(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    let until = env.now + 1_000;
    owner.make_link(&n("x"), &[1], until, env).map(drop)
}

fn share_past(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    owner
        .share_past(&n("y"), &ns(&["alice"]), window(START, 3_600_000), env)
        .map(drop)
}

fn keep_unlocked(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    owner.keep_unlocked(env)
}

fn set_clock_back(owner: &mut Owner<'_>, env: &mut Env<'_>) -> Result<()> {
    owner.set_clock_back(&n("door"), 1_000, env)
}

pub const ACTS: [(&str, Act); 9] = [
    ("share", share),
    ("revoke", revoke),
    ("lose a phone", lose),
    ("add a camera", add_camera),
    ("change the passphrase", change_passphrase),
    ("make a link", make_link),
    ("share the past", share_past),
    ("keep unlocked", keep_unlocked),
    ("set a clock back", set_clock_back),
];

/// The objects that an act leaves: paths, without hashes, which are random. A camera that obeyed in
/// between has acknowledged what it found then: that may be more.
fn shape(home: &Home) -> Vec<String> {
    let hashed = |path: &String| {
        ["backups", "grants", "past", "links", "bodies"].contains(&path.split('/').nth(1).unwrap())
    };
    let objects = home.cloud.objects();
    let mut shape: Vec<_> = objects
        .keys()
        .filter(|path| !path.contains("/acknowledgements/"))
        .map(|path| {
            if hashed(path) {
                path.split('/').take(2).collect::<Vec<_>>().join("/")
            } else {
                path.clone()
            }
        })
        .collect();
    shape.sort();
    shape
}

/// Everyone who is entitled now still is: the camera obeys what it finds, and a clip that it
/// records opens for both phones that are listed and for whoever `x` is shared with.
pub fn everyone_goes_on(home: &mut Home, what: &str) {
    let synced = home.sync_camera("door").unwrap();
    assert_eq!(synced.refused, [], "{what}");
    let clip = home.record("door", "x", b"during").unwrap();
    for member in ["alice", "bob", "carol"] {
        let news = home.sync_member(member).unwrap();
        assert_eq!(news.refused, [], "{what}, {member}");
    }
    assert_eq!(
        home.view_as_member("alice", "x", 1).unwrap(),
        b"before",
        "{what}"
    );
    assert_eq!(
        home.view_as_member("alice", "x", clip).unwrap(),
        b"during",
        "{what}"
    );
    assert!(home.view_as_member("bob", "x", clip).is_err(), "{what}");
}

/// Runs `act` and lets `writes` writes through; the phone then starts from what it saved last.
fn cut_short(home: &mut Home, writes: usize, act: Act) -> Result<()> {
    let saved = RefCell::new(store_phone(home.phone("phone").unwrap()));
    let save = |phone: &Phone| {
        saved.replace(store_phone(phone));
        Ok(())
    };
    home.cloud.fail_after(writes);
    let result = home.act_saving("phone", &save, act);
    home.cloud.work_again();
    home.phones
        .insert(n("phone"), load_phone(&saved.into_inner()));
    result
}

#[test]
fn an_act_that_is_cut_short_completes_with_the_next_synchronisation() {
    for (name, act) in ACTS {
        let mut whole = household();
        let before = whole.cloud.writes();
        whole.act("phone", act).unwrap();
        let count = whole.cloud.writes() - before;
        assert!(count > 0, "{name} writes nothing");
        for writes in 0..count {
            let what = format!("{name}, after {writes} of {count} writes");
            let mut home = household();
            assert_eq!(
                reason(cut_short(&mut home, writes, act)),
                "store-unavailable",
                "{what}"
            );
            everyone_goes_on(&mut home, &what);
            home.sync_phone("phone")
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            // Recording and obeying wrote as well: of those there is the same afterwards.
            let mut whole = household();
            everyone_goes_on(&mut whole, name);
            whole.act("phone", act).unwrap();
            assert_eq!(shape(&home), shape(&whole), "{what}");
            if name == "change the passphrase" {
                home.passphrase = new_passphrase();
            }
            everyone_goes_on(&mut home, &what);
            home.rotate("phone", &["x"])
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            everyone_goes_on(&mut home, &what);
        }
    }
}

#[test]
fn an_act_that_the_phone_did_not_keep_had_no_effect() {
    for (name, act) in ACTS {
        let mut home = household();
        let before = home.cloud.objects();
        let full = |_: &Phone| Err(encryptediot::error::StoreError::LocalState.into());
        let stored = store_phone(home.phone("phone").unwrap());
        assert_eq!(
            reason(home.act_saving("phone", &full, act)),
            "local-state",
            "{name}"
        );
        home.phones.insert(n("phone"), load_phone(&stored));
        home.sync_phone("phone").unwrap();
        assert_eq!(home.cloud.objects(), before, "{name}");
    }
}

#[test]
fn an_enrolment_that_is_cut_short_completes_from_what_the_phone_kept() {
    let enroll = |home: &Home, save: owner::Save<'_>| {
        let env = &mut Env {
            cloud: &home.cloud,
            now: home.now(),
            save,
            rng: &mut rng(50),
        };
        owner::enroll(n("third"), home.id(), &home.passphrase, None, env)
    };
    let home = household();
    let before = home.cloud.writes();
    enroll(&home, &|_| Ok(())).unwrap();
    let count = home.cloud.writes() - before;
    for writes in 0..count {
        let mut home = household();
        let saved = RefCell::new(None);
        let save = |phone: &Phone| {
            saved.replace(Some(store_phone(phone)));
            Ok(())
        };
        home.cloud.fail_after(writes);
        assert_eq!(reason(enroll(&home, &save)), "store-unavailable");
        home.cloud.work_again();
        let what = format!("after {writes} of {count} writes");
        everyone_goes_on(&mut home, &what);
        let mut third = load_phone(&saved.into_inner().unwrap());
        third
            .sync(&home.cloud)
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        home.phones.insert(n("third"), third);
        everyone_goes_on(&mut home, &what);
        assert_eq!(
            home.view_as_phone("third", "x", 1).unwrap(),
            b"before",
            "{what}"
        );
        assert_eq!(
            home.view_as_phone("third", "x", 3).unwrap(),
            b"during",
            "{what}"
        );
        home.rotate("third", &["x", "y"]).unwrap();
    }
}

#[test]
fn an_act_that_the_cloud_says_came_too_late_works_when_it_is_run_again() {
    for (name, act) in ACTS {
        let mut whole = household();
        let before = whole.cloud.writes();
        whole.act("phone", act).unwrap();
        // What may replace another object, and is written last, never comes too late.
        let replaces = usize::from(name == "keep unlocked");
        for writes in 0..whole.cloud.writes() - before - replaces {
            let what = format!("{name}, after {writes} writes");
            let mut home = household();
            home.cloud.lie_after(writes);
            assert_eq!(reason(home.act("phone", act)), "conflict", "{what}");
            home.cloud.work_again();
            everyone_goes_on(&mut home, &what);
            home.act("phone", act).unwrap_or_else(|error| {
                // What the roster had begun was completed first.
                let done = (name, error.reason()) == ("lose a phone", "unknown-phone");
                assert!(done, "{what}, again: {error}");
            });
            if name == "change the passphrase" {
                home.passphrase = new_passphrase();
            }
            if name == "share" {
                home.sync_camera("door").unwrap();
                let clip = home.record("door", "y", b"shared").unwrap();
                let dora = pinned_dora(&home);
                home.members.insert(n("dora"), dora);
                assert_eq!(home.sync_member("dora").unwrap().refused, [], "{what}");
                let seen = home.view_as_member("dora", "y", clip).unwrap();
                assert_eq!(seen, b"shared", "{what}");
            }
            if name == "add a camera" {
                assert!(
                    home.cloud
                        .objects()
                        .contains_key(&home.paths().announcement(&n("z"), 1))
                );
            }
            everyone_goes_on(&mut home, &what);
            home.rotate("tablet", &["y"]).map_or_else(
                |error| assert_eq!((name, error.reason()), ("lose a phone", "phone-not-listed")),
                |()| assert_ne!(name, "lose a phone"),
            );
        }
    }
}

/// Runs `act` on `phone` when another phone's `first` is written between what it reads and what it
/// writes, and only `writes` of that one's writes, if so many are told.
fn raced(home: &mut Home, act: Act, first: &dyn Fn(&mut Home) -> Result<()>) -> Result<()> {
    let ahead = RefCell::new(Saved::of(home).load(60));
    let cloud = home.cloud.clone();
    let before = cloud.objects();
    let done = std::cell::Cell::new(false);
    let other_first = |_: &Phone| {
        if !done.replace(true) {
            let mut ahead = ahead.borrow_mut();
            ahead.cloud.restore(before.clone());
            first(&mut ahead).unwrap();
            cloud.restore(ahead.cloud.objects());
        }
        Ok(())
    };
    let result = home.act_saving("phone", &other_first, act);
    let tablet = store_phone(ahead.borrow_mut().phone("tablet").unwrap());
    home.phones.insert(n("tablet"), load_phone(&tablet));
    result
}

#[test]
fn of_two_phones_that_act_at_once_the_second_runs_again() {
    let rotate: &dyn Fn(&mut Home) -> Result<()> = &|home| home.rotate("tablet", &["y"]);
    let with_roster: &dyn Fn(&mut Home) -> Result<()> = &|home| {
        let garage = Member::generate(n("eve"), &mut rng(61)).unwrap();
        let eve = VerifiedMember::by_proximity(garage.card());
        home.act("tablet", |owner, env| {
            owner
                .share(
                    &ns(&["y"]),
                    &[eve],
                    Term::UntilRevoked,
                    Meeting::Remote,
                    env,
                )
                .map(drop)
        })
    };
    for (name, act) in ACTS {
        for (i, first) in [rotate, with_roster].into_iter().enumerate() {
            let what = format!("{name}, race {i}");
            let mut home = household();
            let result = raced(&mut home, act, first);
            let races = !["change the passphrase", "make a link", "share the past"].contains(&name);
            if result.is_err() {
                assert_eq!(reason(result), "conflict", "{what}");
                assert!(races, "{what}");
                // What it had begun breaks nothing for the others, and nothing for itself.
                everyone_goes_on(&mut home, &what);
                home.sync_phone("phone").unwrap();
                home.act("phone", act)
                    .unwrap_or_else(|error| panic!("{what}, again: {error}"));
            }
            if name == "change the passphrase" {
                home.passphrase = new_passphrase();
            }
            everyone_goes_on(&mut home, &what);
            home.rotate("phone", &["x", "y"])
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            everyone_goes_on(&mut home, &what);
        }
    }
}

/// Does what a thief gets out of a stored phone, with the whole cloud, open a clip?
fn thief_opens(thief: &[u8], home: &Home, stream: &str, clip: u64) -> bool {
    opens(
        &loot(thief).keys(&home.cloud),
        &home.cloud,
        &n(stream),
        clip,
    )
}

#[test]
fn a_loss_that_raced_with_another_phone_is_finished_by_running_it_again() {
    let mut home = household();
    home.enroll("third", None).unwrap();
    home.sync_phone("phone").unwrap();
    home.sync_phone("tablet").unwrap();
    let thief = store_phone(home.phone("third").unwrap());
    let lose: Act = |owner, env| owner.lose_phone(&n("third"), None, env);
    // The tablet rotates `y` alone: the loss gets through on `x` and stops before `y`.
    let result = raced(&mut home, lose, &|home| home.rotate("tablet", &["y"]));
    assert_eq!(reason(result), "conflict");
    home.sync_camera("door").unwrap();
    let between = home.record("door", "y", b"between").unwrap();
    assert!(
        thief_opens(&thief, &home, "y", between),
        "this test is about nothing"
    );
    home.act("phone", lose).unwrap();
    home.sync_camera("door").unwrap();
    for stream in ["x", "y"] {
        let after = home.record("door", stream, b"after").unwrap();
        assert!(!thief_opens(&thief, &home, stream, after), "{stream}");
    }
    let again = home.act("phone", lose);
    assert_eq!(reason(again), "unknown-phone");
}

/// Else the latest vault would lack the ring key of the roster: nobody could enroll.
#[test]
fn of_two_losses_that_stop_behind_their_vaults_the_first_goes_on_no_more() {
    let mut home = household();
    home.enroll("third", None).unwrap();
    home.sync_phone("phone").unwrap();
    home.sync_phone("tablet").unwrap();
    // A backup for each stream, and the vault.
    let writes = 3;
    let lose: Act = |owner, env| owner.lose_phone(&n("third"), None, env);
    assert_eq!(
        reason(cut_short(&mut home, writes, lose)),
        "store-unavailable"
    );
    home.cloud.fail_after(writes);
    assert_eq!(reason(home.act("tablet", lose)), "store-unavailable");
    home.cloud.work_again();
    let paths = home.paths();
    assert!(home.cloud.objects().contains_key(&paths.vault(3)));
    let rosters = home.cloud.under(&home.id(), "roster").len();
    assert_eq!(reason(home.sync_phone("phone")), "conflict");
    assert_eq!(home.cloud.under(&home.id(), "roster").len(), rosters);
    home.sync_phone("tablet").unwrap();
    home.sync_phone("phone").unwrap();
    home.enroll("desk", None).unwrap();
}

#[test]
fn a_loss_that_stopped_short_is_healed_by_any_later_act_on_the_stream() {
    let mut home = household();
    home.enroll("third", None).unwrap();
    home.sync_phone("phone").unwrap();
    home.sync_phone("tablet").unwrap();
    let thief = store_phone(home.phone("third").unwrap());
    let lose: Act = |owner, env| owner.lose_phone(&n("third"), None, env);
    let result = raced(&mut home, lose, &|home| home.rotate("tablet", &["y"]));
    assert_eq!(reason(result), "conflict");
    home.rotate("tablet", &["y"]).unwrap();
    home.sync_camera("door").unwrap();
    let after = home.record("door", "y", b"after").unwrap();
    assert!(!thief_opens(&thief, &home, "y", after));
    assert_eq!(home.sync_member("carol").unwrap().refused, []);
    assert_eq!(home.view_as_member("carol", "y", after).unwrap(), b"after");
}

#[test]
fn a_second_act_does_not_overwrite_one_that_is_still_owed() {
    let mut home = household();
    home.cloud.fail_after(3);
    let cloud = home.cloud.clone();
    let result = home.act("phone", |owner, env| {
        assert_eq!(reason(share(owner, env)), "store-unavailable");
        cloud.work_again();
        revoke(owner, env)
    });
    assert_eq!(reason(result), "store-unavailable");
    home.sync_phone("phone").unwrap();
    home.act("phone", revoke).unwrap();
    home.sync_camera("door").unwrap();
    assert!(home.record_of("phone", "dora").is_ok());
}

/// What a write that was cut short left at the place of anything that a phone owes is written over. What another
/// phone wrote there is not.
#[test]
fn a_torn_object_is_written_again() {
    let mut home = household();
    let before = home.cloud.objects();
    home.cloud.fail_after(0);
    assert_eq!(reason(home.act("phone", revoke)), "store-unavailable");
    home.cloud.work_again();
    let owed = store_phone(home.phone("phone").unwrap());
    let mut pay = |objects| {
        home.cloud.restore(objects);
        home.phones.insert(n("phone"), load_phone(&owed));
        let paid = home.sync_phone("phone");
        (paid, home.cloud.objects())
    };
    let (paid, whole) = pay(before.clone());
    assert_eq!(paid, Ok(()));
    let written: Vec<_> = whole
        .iter()
        .filter(|(path, _)| !before.contains_key(*path))
        .collect();
    assert!(written.len() > 5, "{}", written.len());
    for (path, bytes) in written {
        let half = bytes.len() / 2;
        let zeros = vec![0; bytes.len() - half];
        for torn in [
            vec![],
            bytes[..half].to_vec(),
            [&bytes[..half], &zeros].concat(),
        ] {
            let mut objects = before.clone();
            objects.insert(path.clone(), torn);
            assert_eq!(pay(objects), (Ok(()), whole.clone()), "{path}");
        }
    }
    let path = home.paths().announcement(
        &n("x"),
        home.phones[&n("phone")]
            .followed(&n("x"))
            .unwrap()
            .head
            .epoch,
    );
    let mut other = whole[&path].to_vec();
    other[50] ^= 1;
    home.cloud.restore(before);
    home.cloud.set(&path, other.clone());
    home.phones.insert(n("phone"), load_phone(&owed));
    assert_eq!(reason(home.sync_phone("phone")), "conflict");
    assert_eq!(home.cloud.bytes(&path), other);
}

#[test]
fn a_stream_whose_pairing_was_cut_short_is_announced_to_those_with_every_stream() {
    let mut home = household();
    let stored = RefCell::new(Vec::new());
    let save = |phone: &Phone| {
        stored.replace(store_phone(phone));
        Ok(())
    };
    // Backup, grants, roster, then no announcement.
    home.cloud.fail_after(3);
    let offer = encryptediot::pairing::Offer::new(home.id(), home.now(), &mut rng(1));
    let (camera, reply) = Unpaired::new(ns(&["z"]))
        .pair(&offer, &home.clock, &mut rng(41))
        .unwrap();
    let result = home.act_saving("phone", &save, |owner, env| {
        owner.add_camera(
            n("garden"),
            &offer,
            &reply,
            Some(&Evidence::OwnersWord),
            env,
        )
    });
    assert_eq!(reason(result), "store-unavailable");
    home.cloud.work_again();
    assert_eq!(
        home.cloud.under(&home.id(), "announcements/z"),
        [] as [String; 0]
    );
    home.cameras.insert(n("garden"), camera);
    home.rotate("tablet", &["z"]).unwrap();
    assert_eq!(home.sync_camera("garden").unwrap().refused, []);
    let clip = home.record("garden", "z", b"garden").unwrap();
    home.sync_member("carol").unwrap();
    assert_eq!(home.view_as_member("carol", "z", clip).unwrap(), b"garden");
    // The first phone finds that it came too late, and goes on.
    assert_eq!(reason(home.sync_phone("phone")), "conflict");
    home.sync_phone("phone").unwrap();
    assert_eq!(home.view_as_phone("phone", "z", clip).unwrap(), b"garden");
}
