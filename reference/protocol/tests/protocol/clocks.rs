//! Clocks that lie: of phones, of cameras, of the provider; and how the owner sets a camera's right.

use encryptediot::camera::{Paired, Unpaired};
use encryptediot::clip;
use encryptediot::clock::ManualClock;
use encryptediot::correction::{self, Correction};
use encryptediot::error::{Result, StoreError};
use encryptediot::message;
use encryptediot::owner::Term;
use encryptediot::pairing::{OFFER_LIFE, Offer};
use encryptediot::phone::{ClockDifference, Phone};
use encryptediot_testkit::household::window;
use encryptediot_testkit::*;

use super::times::{DAY, alice_opens, record, share};

const YEAR: u64 = 365 * DAY;

/// Lets a phone whose clock differs from the camera's by `ahead` (or is behind, if it is negative) do
/// something. Its counter does not matter.
fn with_phone_ahead(home: &mut Home, ahead: i64, act: impl FnOnce(&mut Home)) {
    let now = home.now();
    home.clock.set_wall(now.saturating_add_signed(ahead));
    act(home);
    home.clock.set_wall(now);
}

#[test]
fn a_phone_whose_clock_is_ahead_opens_no_window_early() {
    let mut home = home();
    let from = home.now() + DAY;
    share(&mut home, Term::Window(window(from, DAY)));
    with_phone_ahead(&mut home, DAY as i64 + 1_000, |home| {
        home.rotate("phone", &["y"]).unwrap();
    });
    assert_eq!(home.sync_camera("door").unwrap().refused, []);
    let now = home.now();
    let clip = record(&mut home, 1);
    assert!(!alice_opens(&mut home, clip));
    let cloud = home.cloud.clone();
    let phone = home.phone("phone").unwrap();
    assert_eq!(
        phone.manifest(&cloud, &n("x"), clip).unwrap().body.start,
        now
    );
    let status = phone.status(&cloud).unwrap();
    let y = status
        .iter()
        .find(|status| status.stream == n("y"))
        .unwrap();
    assert_eq!(y.acknowledged.as_ref().unwrap().time, now);
    home.clock.advance(DAY);
    let clip = record(&mut home, 1);
    assert!(alice_opens(&mut home, clip));
}

#[test]
fn a_phone_whose_clock_is_ahead_stretches_no_lease_and_ends_none_of_another_stream() {
    for ahead in [DAY, YEAR] {
        let mut home = home();
        share(&mut home, Term::UntilRevoked);
        with_phone_ahead(&mut home, ahead as i64, |home| {
            home.rotate("phone", &["y"]).unwrap();
        });
        home.sync_camera("door").unwrap();
        let now = home.now();
        let door = home.camera("door").unwrap();
        assert_eq!(door.lease_until(&n("y")), Some(now + 7 * DAY));
        let clip = record(&mut home, 1);
        assert!(alice_opens(&mut home, clip));
        // The right phone announces on y after it: `issued` stays ahead, the lease is as long as any.
        home.rotate("phone", &["y"]).unwrap();
        home.sync_camera("door").unwrap();
        let now = home.now();
        let door = home.camera("door").unwrap();
        assert_eq!(door.lease_until(&n("y")), Some(now + 7 * DAY));
    }
}

#[test]
fn a_phone_sees_when_a_lease_ends_that_was_announced_in_time_to_come() {
    let mut home = home();
    with_phone_ahead(&mut home, YEAR as i64, |home| {
        home.rotate("phone", &["y"]).unwrap();
    });
    let (taken, cloud) = (home.now(), home.cloud.clone());
    let seen = |home: &mut Home| {
        let now = home.now();
        let phone = home.phone("phone").unwrap();
        let announced = phone.lease_announced(&cloud, &n("y"), now).unwrap();
        (
            announced,
            phone.lease_extended(&cloud, &n("y"), now).unwrap(),
        )
    };
    home.clock.advance(DAY);
    assert_eq!(seen(&mut home), (taken + 8 * DAY, None), "not taken yet");
    home.sync_camera("door").unwrap();
    home.clock.advance(DAY);
    assert_eq!(seen(&mut home), (taken + 8 * DAY, None), "taken a day ago");
    let now = home.now();
    let phone = home.phone("phone").unwrap();
    phone
        .extend_lease(&cloud, &n("y"), now, now + 20 * DAY)
        .unwrap();
    assert_eq!(seen(&mut home), (taken + 8 * DAY, Some(now + 20 * DAY)));
    home.sync_camera("door").unwrap();
    let door = home.camera("door").unwrap();
    assert_eq!(door.lease_until(&n("y")), Some(now + 20 * DAY));
}

#[test]
fn a_phone_whose_clock_is_behind_shortens_its_own_lease_alone() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    home.clock.advance(DAY);
    with_phone_ahead(&mut home, -(DAY as i64), |home| {
        home.rotate("phone", &["y"]).unwrap();
    });
    home.sync_camera("door").unwrap();
    let (now, door) = (home.now(), home.camera("door").unwrap());
    assert_eq!(door.lease_until(&n("y")), Some(now + 6 * DAY));
    let clip = record(&mut home, 1);
    assert!(alice_opens(&mut home, clip));
}

#[test]
fn an_end_near_the_end_of_time_does_not_overflow() {
    let mut home = home();
    with_phone_ahead(&mut home, i64::MAX, |home| {
        home.clock.set_wall(u64::MAX - 1);
        home.rotate("phone", &["y"]).unwrap();
    });
    assert_eq!(home.sync_camera("door").unwrap().refused, []);
    let (now, door) = (home.now(), home.camera("door").unwrap());
    assert_eq!(door.lease_until(&n("y")), Some(now + 7 * DAY));
}

/// A camera without a clock, paired by a phone whose clock is right, and its reply.
fn without_a_clock(home: &mut Home) -> (Paired, ManualClock) {
    let (offer, clock) = (
        Offer::new(home.id(), home.now(), &mut rng(1)),
        ManualClock::at(0),
    );
    let (mut camera, reply) = Unpaired::new(ns(&["z"]))
        .pair(&offer, &clock, &mut rng(2))
        .unwrap();
    home.act("phone", |owner, env| {
        owner.add_camera(n("garden"), &offer, &reply, None, env)
    })
    .unwrap();
    camera
        .take_root(&home.cloud.bytes(&home.paths().root()))
        .unwrap();
    (camera, clock)
}

#[test]
fn a_camera_without_a_clock_ends_leases_and_takes_nobodys_time_for_its_own() {
    let mut home = home();
    let (mut camera, clock) = without_a_clock(&mut home);
    let first = home.cloud.bytes(&home.paths().announcement(&n("z"), 1));
    // Held back for longer than its lease: it is over when it arrives, although the wall clock stands.
    for _ in 0..8 {
        clock.advance(DAY);
        clock.set_wall(0);
    }
    camera.accept(&first, &clock).unwrap();
    assert_eq!(camera.now(&clock), 8 * DAY);
    assert!(camera.lease_until(&n("z")).unwrap() < camera.lease_time(&clock));
    // Nor does a restart bring it back.
    let stored = store_camera(&camera);
    let mut camera = load_camera(&stored, &clock);
    assert_eq!(camera.now(&clock), 8 * DAY);
    assert!(camera.lease_until(&n("z")).unwrap() < camera.lease_time(&clock));
    let session = camera.begin(&n("z"), &clock, &mut rng(3)).unwrap();
    let made = camera.finish(session, &clock, &mut rng(4)).unwrap();
    let recorded = made.store(|_| Ok(())).unwrap();
    let manifest = clip::open(
        &home.id(),
        &camera.verifying_key(),
        &n("z"),
        &recorded.manifest,
    );
    let manifest = manifest.unwrap().body;
    assert_eq!((manifest.start, manifest.end), (8 * DAY, 8 * DAY));
    assert_eq!(manifest.envelopes.len(), 2, "the phone and the owner");
}

/// The owner sets the clock of `door` back.
fn set_back(home: &mut Home, back: u64) -> Vec<u8> {
    home.act("phone", |owner, env| {
        owner.set_clock_back(&n("door"), back, env)
    })
    .unwrap();
    let path = home.cloud.under(&home.id(), "clocks").pop().unwrap();
    home.cloud.bytes(&path)
}

fn correct(home: &mut Home, bytes: &[u8]) -> Result<()> {
    let (door, clock, _) = home.at_camera("door");
    door.correct(bytes, clock)
}

/// `door` looks at its clock.
fn look(home: &mut Home) {
    let (door, clock, _) = home.at_camera("door");
    door.now(clock);
}

/// `door`'s wall clock was once a year ahead; it is right again.
fn once_ahead() -> Home {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    let now = home.now();
    home.clock.set_wall(now + YEAR);
    record(&mut home, 1);
    home.clock.set_wall(now + 1);
    home
}

#[test]
fn a_clock_that_was_once_ahead_is_set_right_and_members_are_served_again() {
    let mut home = once_ahead();
    let shut_out = record(&mut home, 1);
    assert!(!alice_opens(&mut home, shut_out));
    set_back(&mut home, YEAR);
    let synced = home.sync_camera("door").unwrap();
    assert_eq!((synced.refused, synced.corrected), (vec![], vec![1]));
    let (door, clock, _) = home.at_camera("door");
    let now = clock_of(clock);
    assert_eq!((door.now(clock), door.lease_time(clock)), (now, now));
    let (cloud, paths) = (home.cloud.clone(), home.paths());
    let phone = home.phone("phone").unwrap();
    phone.extend_lease(&cloud, &n("x"), now, now + DAY).unwrap();
    home.sync_camera("door").unwrap();
    let clip = record(&mut home, 1);
    assert!(alice_opens(&mut home, clip));
    let names = cloud.under(&home.id(), "clocks");
    assert_eq!(names.len(), 1);
    let door = encryptediot::keys::verifying_id(&home.camera("door").unwrap().verifying_key());
    assert_eq!(names, [paths.clock(door, 1)]);
}

fn clock_of(clock: &ManualClock) -> u64 {
    encryptediot::clock::Clock::wall(clock)
}

#[test]
fn a_correction_is_obeyed_once_and_in_its_turn() {
    let mut home = once_ahead();
    let first = set_back(&mut home, DAY);
    let second = set_back(&mut home, DAY);
    assert_eq!(reason(correct(&mut home, &second)), "clock-gap");
    correct(&mut home, &first).unwrap();
    let after = home.camera("door").unwrap().corrections();
    for _ in 0..2 {
        assert_eq!(reason(correct(&mut home, &first)), "clock-replayed");
    }
    assert_eq!(home.camera("door").unwrap().corrections(), after);
    // After a restart as well.
    let stored = store_camera(home.camera("door").unwrap());
    let camera = load_camera(&stored, &home.clock);
    home.cameras.insert(n("door"), camera);
    assert_eq!(reason(correct(&mut home, &first)), "clock-replayed");
    // The provider shows the first in the second's place.
    let places = home.cloud.under(&home.id(), "clocks");
    home.cloud.set(&places[1], first);
    let refused = home.sync_camera("door").unwrap().refused;
    assert_eq!(refused[0].1.reason(), "clock-replayed");
    home.cloud.set(&places[1], second);
    assert_eq!(home.sync_camera("door").unwrap().corrected, [2]);
}

#[test]
fn a_correction_is_for_one_camera_of_one_account() {
    let mut home = once_ahead();
    home.pair("phone", "garden", &["z"]).unwrap();
    let bytes = set_back(&mut home, YEAR);
    let (garden, clock, _) = home.at_camera("garden");
    let before = garden.now(clock);
    assert_eq!(reason(garden.correct(&bytes, clock)), "wrong-camera");
    assert_eq!(garden.now(clock), before);
    let unknown = home.act("phone", |owner, env| owner.set_clock_back(&n("z"), 1, env));
    assert_eq!(reason(unknown), "wrong-camera");
    let camera = home.camera("door").unwrap().verifying_key();
    let correction = Correction {
        camera,
        count: 1,
        back: 1,
    };
    let other = other_home();
    let forged = other.forge(message::encode(&home.id(), correction));
    assert_eq!(reason(correct(&mut home, &forged)), "invalid-signature");
    assert!(correction::open(&home.root(), &home.id(), &bytes).is_ok());
}

#[test]
fn a_correction_that_comes_late_is_as_right() {
    let mut home = once_ahead();
    let bytes = set_back(&mut home, YEAR);
    home.clock.advance(30 * DAY);
    correct(&mut home, &bytes).unwrap();
    let (door, clock, _) = home.at_camera("door");
    assert_eq!(door.now(clock), clock_of(clock));
    // Later than the clock was ahead: it is not behind the wall clock.
    let mut home = once_ahead();
    let bytes = set_back(&mut home, YEAR);
    home.clock.advance(2 * YEAR);
    correct(&mut home, &bytes).unwrap();
    let (door, clock, _) = home.at_camera("door");
    assert_eq!(door.now(clock), clock_of(clock));
}

#[test]
fn a_correction_makes_no_lease_longer() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    let now = home.now();
    // Ahead by less than the lease: six days and a half are left of it, and stay so.
    home.clock.set_wall(now + DAY / 2);
    look(&mut home);
    home.clock.set_wall(now);
    let bytes = set_back(&mut home, DAY / 2);
    correct(&mut home, &bytes).unwrap();
    let door = home.camera("door").unwrap();
    assert_eq!(door.lease_until(&n("x")), Some(now + 6 * DAY + DAY / 2));
    // One that was over stays over.
    home.clock.set_wall(now + YEAR);
    look(&mut home);
    home.clock.set_wall(now);
    let bytes = set_back(&mut home, YEAR);
    correct(&mut home, &bytes).unwrap();
    let clip = record(&mut home, 1);
    assert!(!alice_opens(&mut home, clip));
}

#[test]
fn a_session_across_a_correction_is_for_the_owner_alone_and_does_not_end_before_it_begins() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    let now = home.now();
    home.clock.set_wall(now + DAY);
    let (door, clock, _) = home.at_camera("door");
    let session = door.begin(&n("x"), clock, &mut rng(5)).unwrap();
    home.clock.set_wall(now);
    let bytes = set_back(&mut home, DAY);
    correct(&mut home, &bytes).unwrap();
    let (door, clock, _) = home.at_camera("door");
    let made = door.finish(session, clock, &mut rng(6)).unwrap();
    let recorded = made.store(|_| Ok(())).unwrap();
    let camera = door.verifying_key();
    let manifest = clip::open(&home.id(), &camera, &n("x"), &recorded.manifest);
    let manifest = manifest.unwrap().body;
    assert_eq!((manifest.start, manifest.end), (now, now));
    assert_eq!(manifest.envelopes.len(), 2, "the phone and the owner");
}

/// What the phone says of `door`'s clock, by `x`.
fn difference(home: &mut Home) -> Option<ClockDifference> {
    let now = home.now();
    difference_at(home, now)
}

fn difference_at(home: &mut Home, now: u64) -> Option<ClockDifference> {
    let cloud = home.cloud.clone();
    home.sync_phone("phone").unwrap();
    let phone = home.phone("phone").unwrap();
    phone.camera_clock(&cloud, &n("x"), now).unwrap()
}

#[test]
fn a_phone_sees_by_how_much_a_cameras_clock_differs() {
    let mut home = once_ahead();
    assert_eq!(difference(&mut home), Some(ClockDifference::Ahead(YEAR)));
    set_back(&mut home, YEAR);
    home.sync_camera("door").unwrap();
    assert_eq!(difference(&mut home), None);
    record(&mut home, 1);
    assert_eq!(difference(&mut home), None);
    with_phone_ahead(&mut home, DAY as i64, |home| {
        home.rotate("phone", &["x"]).unwrap();
    });
    home.sync_camera("door").unwrap();
    // Until the phone's clock has come so far, it is the phone whose clock is wrong.
    assert_eq!(difference(&mut home), None);
    let later = home.now() + DAY;
    let behind = Some(ClockDifference::Behind(DAY));
    assert_eq!(difference_at(&mut home, later), behind);
    for (stamp, expected) in [
        (60_000, None),
        (60_001, Some(ClockDifference::Ahead(60_001))),
    ] {
        assert_eq!(ClockDifference::of(stamp, 0, 0), expected);
    }
    assert_eq!(ClockDifference::of(0, 60_000, 90_000), None);
    let behind = Some(ClockDifference::Behind(60_001));
    assert_eq!(ClockDifference::of(0, 60_001, 90_000), behind);
}

#[test]
fn a_phone_takes_a_reply_within_ten_minutes_of_its_offer() {
    let mut home = home();
    for (at, expected) in [
        (30 * DAY as i64, "offer-expired"),
        (OFFER_LIFE as i64 + 1, "offer-expired"),
        (-(OFFER_LIFE as i64) - 1, "offer-expired"),
        (-30 * DAY as i64, "offer-expired"),
        (-(OFFER_LIFE as i64), "nothing was refused"),
        (0, "nothing was refused"),
        (OFFER_LIFE as i64, "nothing was refused"),
    ] {
        let number = (at + 40 * DAY as i64).unsigned_abs();
        let offer = Offer::new(home.id(), home.now(), &mut rng(number));
        let streams = ns(&[&format!("z{number}")]);
        let (_, reply) = Unpaired::new(streams)
            .pair(&offer, &home.clock, &mut rng(number + 1))
            .unwrap();
        with_phone_ahead(&mut home, at, |home| {
            let added = home.act("phone", |owner, env| {
                owner.add_camera(n(&format!("camera{number}")), &offer, &reply, None, env)
            });
            assert_eq!(reason(added), expected, "{at}");
        });
    }
}

#[test]
fn an_offer_is_used_for_one_camera_and_what_was_paired_goes_on_at_any_time() {
    let mut home = home();
    let offer = Offer::new(home.id(), home.now(), &mut rng(1));
    let reply = |stream: &str, seed| {
        let unpaired = Unpaired::new(ns(&[stream]));
        unpaired
            .pair(&offer, &home.clock, &mut rng(seed))
            .unwrap()
            .1
    };
    let (ours, theirs) = (reply("z", 2), reply("w", 3));
    // An act that the phone cannot store uses nothing.
    let full = |_: &Phone| Err(StoreError::LocalState.into());
    let unstored = home.act_saving("phone", &full, |owner, env| {
        owner.add_camera(n("attic"), &offer, &theirs, None, env)
    });
    assert_eq!(reason(unstored), "local-state");
    let mut add = |name: &str, reply: &[u8], later: u64| {
        home.clock.advance(later);
        reason(home.act("phone", |owner, env| {
            owner.add_camera(n(name), &offer, reply, None, env)
        }))
    };
    assert_eq!(add("garden", &ours, 0), "nothing was refused");
    assert_eq!(add("attic", &theirs, 0), "offer-used");
    assert_eq!(add("garden", &ours, 0), "nothing was refused");
    assert_eq!(add("garden", &ours, 30 * DAY), "nothing was refused");
    // The phone remembers it.
    let stored = store_phone(home.phone("phone").unwrap());
    let phone = load_phone(&stored);
    home.phones.insert(n("phone"), phone);
    home.clock.set_wall(START);
    let again = home.act("phone", |owner, env| {
        owner.add_camera(n("attic"), &offer, &theirs, None, env)
    });
    assert_eq!(reason(again), "offer-used");
}
