//! Windows, leases, offers and links one before, at, and one after their limits; clocks that jump.

use encryptediot::announcement::Window;
use encryptediot::camera::Unpaired;
use encryptediot::clock::ManualClock;
use encryptediot::lease::{self, Lease};
use encryptediot::link;
use encryptediot::owner::Term;
use encryptediot::pairing::{OFFER_LIFE, Offer};
use encryptediot_testkit::household::window;
use encryptediot_testkit::*;

pub(crate) const DAY: u64 = 24 * 3_600_000;

/// Records a session from now for `length` milliseconds and uploads it.
pub(crate) fn record(home: &mut Home, length: u64) -> u64 {
    let recorded = home.record_only("door", "x", b"clip", length).unwrap();
    let cloud = home.cloud.clone();
    encryptediot::uplink::upload(home.camera("door").unwrap(), &cloud, &recorded).unwrap();
    recorded.sequence
}

pub(crate) fn alice_opens(home: &mut Home, clip: u64) -> bool {
    home.sync_phone("phone").unwrap();
    assert_eq!(
        home.view_as_phone("phone", "x", clip).unwrap(),
        b"clip",
        "the owner always does"
    );
    assert_eq!(home.sync_member("alice").unwrap().refused, []);
    match home.view_as_member("alice", "x", clip) {
        Ok(bytes) => bytes == b"clip",
        Err(error) => {
            assert_eq!(error.reason(), "no-envelope");
            false
        }
    }
}

pub(crate) fn share(home: &mut Home, term: Term) {
    home.share("phone", &["x"], &["alice"], term).unwrap();
    home.sync_camera("door").unwrap();
}

#[test]
fn a_session_lies_in_a_window_as_a_whole_or_not_at_all() {
    // A window of a second that begins in ten; a session that begins `early` before it (or, if
    // negative, after it) and takes `length`.
    let cases = [
        (0, 1_000, true),
        (0, 999, true),
        (0, 1_001, false),
        (1, 500, false),
        (-1, 999, true),
        (-1, 1_000, false),
        (0, 0, true),
        (-1_000, 0, true),
        (-1_001, 0, false),
        (1, 0, false),
        (1, 1_002, false),
    ];
    for (early, length, expected) in cases {
        let mut home = home();
        let from = home.now() + 10_000;
        share(&mut home, Term::Window(window(from, 1_000)));
        home.clock.advance(10_000_u64.saturating_add_signed(-early));
        let clip = record(&mut home, length);
        assert_eq!(alice_opens(&mut home, clip), expected, "{early} {length}");
    }
}

#[test]
fn a_window_is_one_from_its_first_millisecond_to_the_last_before_its_end() {
    let w = |from, until| Window { from, until };
    assert!(w(5, 9).contains(5, 9) && w(5, 9).contains(5, 5) && w(5, 9).contains(9, 9));
    assert!(!w(5, 9).contains(4, 9) && !w(5, 9).contains(5, 10));
    let mut home = home();
    let now = home.now();
    for (term, expected) in [
        (w(now, now), "window-empty"),
        (w(now + 1, now), "window-empty"),
        (w(now - 5, now), "window-empty"),
        (w(now - 5, now + 1), "nothing was refused"),
        (w(now, now + 1), "nothing was refused"),
    ] {
        let shared = home.share("phone", &["x"], &["alice"], Term::Window(term));
        assert_eq!(reason(shared), expected, "{term:?}");
    }
}

#[test]
fn a_session_that_ends_after_the_lease_is_for_the_owner_alone() {
    for (over, expected) in [(-1, true), (0, true), (1, false)] {
        let mut home = home();
        share(&mut home, Term::UntilRevoked);
        let until = home.camera("door").unwrap().lease_until(&n("x")).unwrap();
        assert_eq!(until, home.now() + 7 * DAY);
        home.clock.advance(7 * DAY - 1_000);
        let clip = record(&mut home, 1_000_u64.saturating_add_signed(over));
        assert_eq!(alice_opens(&mut home, clip), expected, "{over}");
    }
}

#[test]
fn a_lease_that_is_extended_in_time_does_not_lapse_and_one_that_lapsed_comes_back() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    home.clock.advance(8 * DAY);
    let lapsed = record(&mut home, 1);
    let (now, cloud) = (home.now(), home.cloud.clone());
    home.phone("phone")
        .unwrap()
        .extend_lease(&cloud, &n("x"), now, now + DAY)
        .unwrap();
    let not_yet = record(&mut home, 1);
    assert_eq!(home.sync_camera("door").unwrap().extended, [n("x")]);
    let again = record(&mut home, 1);
    let opened = [lapsed, not_yet, again].map(|clip| alice_opens(&mut home, clip));
    assert_eq!(opened, [false, false, true]);
}

/// A lease by `phone` for what is in force on `x`, signed with what the phone stores.
fn signed_lease(home: &mut Home, until: u64) -> Vec<u8> {
    let id = home.id();
    let stored = store_phone(home.phone("phone").unwrap());
    let key = lease_key(&stored);
    let camera = home.camera("door").unwrap();
    let lease = Lease {
        camera: camera.verifying_key(),
        stream: n("x"),
        announcement: camera.head(&n("x")).unwrap().hash,
        key: key.verifying_key(),
        until,
    };
    lease::sign(&key, &id, lease).unwrap()
}

#[test]
fn nobody_gets_a_longer_lease_than_the_longest() {
    use encryptediot::announcement::MAX_LEASE;
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    let (now, cloud) = (home.now(), home.cloud.clone());
    // The phone refuses to sign it, and the camera to take it.
    for (until, phone) in [
        (now + MAX_LEASE + 1, "lease-out-of-range"),
        (now + MAX_LEASE, "nothing was refused"),
        (now, "lease-out-of-range"),
    ] {
        let extended = home
            .phone("phone")
            .unwrap()
            .extend_lease(&cloud, &n("x"), now, until);
        assert_eq!(reason(extended), phone);
    }
    for (until, camera) in [
        (now + MAX_LEASE + 1, "lease-out-of-range"),
        (u64::MAX, "lease-out-of-range"),
        (now + 7 * DAY - 1, "lease-shorter"),
        (now + 7 * DAY, "lease-shorter"),
        (now + 7 * DAY + 1, "nothing was refused"),
        (now + MAX_LEASE, "nothing was refused"),
        (now + MAX_LEASE, "lease-shorter"),
    ] {
        let bytes = signed_lease(&mut home, until);
        let (door, clock, _) = home.at_camera("door");
        assert_eq!(reason(door.extend(&bytes, clock)), camera, "{until}");
    }
    for (lease, expected) in [
        (0, "lease-out-of-range"),
        (1, "nothing was refused"),
        (MAX_LEASE, "nothing was refused"),
        (MAX_LEASE + 1, "lease-out-of-range"),
    ] {
        let set = home.act("phone", |owner, env| {
            owner.set_lease(&ns(&["x"]), lease, env)
        });
        assert_eq!(reason(set), expected, "{lease}");
    }
}

#[test]
fn an_old_lease_serves_for_nothing_newer_and_a_dropped_phone_extends_none() {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    share(&mut home, Term::UntilRevoked);
    home.sync_phone("tablet").unwrap();
    let (now, cloud) = (home.now(), home.cloud.clone());
    home.phone("tablet")
        .unwrap()
        .extend_lease(&cloud, &n("x"), now, now + 20 * DAY)
        .unwrap();
    let old = cloud.under(&home.id(), "leases/x").pop().unwrap();
    home.lose("phone", "tablet").unwrap();
    // The provider moves the old lease to the new announcement's place, and the lost phone signs one
    // for the new announcement.
    let head = home.phone("phone").unwrap().checkpoint().streams;
    let (_, head) = head
        .into_iter()
        .find(|(stream, _)| *stream == n("x"))
        .unwrap();
    let tablet = lease_key(&store_phone(home.phone("tablet").unwrap()));
    let (paths, id) = (home.paths(), home.id());
    let place = |number| paths.lease(&n("x"), &head, encryptediot::cbor::Bytes([number; 16]));
    cloud.set(&place(1), cloud.bytes(&old));
    let lease = Lease {
        camera: home.camera("door").unwrap().verifying_key(),
        stream: n("x"),
        announcement: head.hash,
        key: tablet.verifying_key(),
        until: now + 20 * DAY,
    };
    cloud.set(&place(2), lease::sign(&tablet, &id, lease).unwrap());
    let synced = home.sync_camera("door").unwrap();
    let refused: Vec<_> = synced
        .refused
        .iter()
        .map(|(_, error)| error.reason())
        .collect();
    assert_eq!(refused, ["lease-stale", "lease-key"]);
    assert_eq!(synced.extended, []);
    assert_eq!(
        home.camera("door").unwrap().lease_until(&n("x")),
        Some(now + 7 * DAY)
    );
}

#[test]
fn a_phone_does_not_shorten_what_it_has_extended() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    let (now, cloud) = (home.now(), home.cloud.clone());
    let phone = home.phone("phone").unwrap();
    let extend = |days| reason(phone.extend_lease(&cloud, &n("x"), now, now + days * DAY));
    assert_eq!(extend(20), "nothing was refused");
    assert_eq!(extend(19), "lease-shorter");
    assert_eq!(extend(20), "nothing was refused");
    assert_eq!(extend(21), "nothing was refused");
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_a_lease() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    for _ in 0..8 {
        home.clock.advance(DAY);
        home.clock.set_wall(START);
        home.sync_camera("door").unwrap();
    }
    let clip = record(&mut home, 1);
    assert!(!alice_opens(&mut home, clip));
    // Nor does a restart, from what was stored then.
    let stored = store_camera(home.camera("door").unwrap());
    home.clock = ManualClock::at(START);
    let camera = load_camera(&stored, &home.clock);
    home.cameras.insert(n("door"), camera);
    let clip = record(&mut home, 1);
    assert!(!alice_opens(&mut home, clip));
}

#[test]
fn a_clock_that_is_set_forward_ends_a_lease_and_never_comes_back() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    home.clock.set_wall(START + 8 * DAY);
    let ahead = record(&mut home, 1);
    home.clock.set_wall(START);
    let after = record(&mut home, 1);
    for clip in [ahead, after] {
        assert!(!alice_opens(&mut home, clip));
    }
}

#[test]
fn an_offer_lives_for_ten_minutes() {
    let home = home();
    let issued = home.now();
    let offer = Offer::new(home.id(), issued, &mut rng(1));
    for (age, expected) in [
        (0, "nothing was refused"),
        (OFFER_LIFE - 1, "nothing was refused"),
        (OFFER_LIFE, "nothing was refused"),
        (OFFER_LIFE + 1, "offer-expired"),
    ] {
        let clock = ManualClock::at(issued + age);
        let paired = Unpaired::new(ns(&["z"])).pair(&offer, &clock, &mut rng(2));
        assert_eq!(reason(paired), expected, "{age}");
    }
}

#[test]
fn a_link_is_shown_until_its_time() {
    let mut home = home();
    record(&mut home, 1);
    home.sync_phone("phone").unwrap();
    let now = home.now();
    assert_eq!(reason(home.link("x", &[1], now)), "window-empty");
    assert_eq!(reason(home.link("x", &[], now + 1)), "no-clips");
    let link = home.link("x", &[1], now + 5).unwrap();
    let object = home.cloud.bytes(&home.paths().link(&link.id));
    for (time, expected) in [
        (0, "nothing was refused"),
        (now + 4, "nothing was refused"),
        (now + 5, "link-expired"),
        (u64::MAX, "link-expired"),
    ] {
        assert_eq!(reason(link::open(&link, &object, time)), expected, "{time}");
    }
}
