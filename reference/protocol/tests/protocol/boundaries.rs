//! One before, at, and one after every limit; clocks that jump; what is old, replayed or forked.

use encryptediot_store::ObjectCloud;
use std::io::{Read, Write};

use encryptediot::announcement::Window;
use encryptediot::camera::Unpaired;
use encryptediot::checkpoint::Checkpoint;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::contact::{Card, VerifiedMember};
use encryptediot::keys::kem_id;
use encryptediot::lease::{self, Lease};
use encryptediot::link;
use encryptediot::owner::{Meeting, Term};
use encryptediot::pairing::{OFFER_LIFE, Offer};
use encryptediot::segment::{SEALED_SEGMENT, SEGMENT};
use encryptediot::{clip, view};
use encryptediot_testkit::household::{name, window};
use encryptediot_testkit::*;

const DAY: u64 = 24 * 3_600_000;

/// Records a session from now for `length` milliseconds and uploads it.
fn record(home: &mut Home, length: u64) -> u64 {
    let recorded = home.record_only("door", "x", b"clip", length).unwrap();
    let cloud = home.cloud.clone();
    encryptediot::uplink::upload(home.camera("door").unwrap(), &cloud, &recorded).unwrap();
    recorded.sequence
}

fn alice_opens(home: &mut Home, clip: u64) -> bool {
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

fn share(home: &mut Home, term: Term) {
    home.share("phone", &["x"], &["alice"], term).unwrap();
    home.sync_camera("door").unwrap();
}

// ---------------------------------------------------------------- windows and leases

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

// ---------------------------------------------------------------- clocks

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
fn a_camera_learns_the_time_from_what_the_owner_signed_and_counts_it_once() {
    let mut home = home();
    // The camera's own wall clock is not set, and it was off for a while.
    home.clock.advance(5 * DAY);
    let issued = home.now();
    home.rotate("phone", &["x"]).unwrap();
    let stored = store_camera(home.camera("door").unwrap());
    home.clock = ManualClock::at(0);
    let camera = load_camera(&stored, &home.clock);
    home.cameras.insert(n("door"), camera);
    home.clock.advance(3 * DAY);
    home.clock.set_wall(0);
    home.sync_camera("door").unwrap();
    let (camera, clock, _) = home.at_camera("door");
    assert_eq!(camera.now(clock), issued);
    clock.advance(1);
    clock.set_wall(0);
    assert_eq!(camera.now(clock), issued + 1);
}

// ---------------------------------------------------------------- pairing, links

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

#[test]
fn a_name_has_1_to_64_plain_characters() {
    let long = "a".repeat(64);
    for good in ["a", "0", "a-b_c.d9", &*long] {
        assert!(name(good).is_ok(), "{good}");
    }
    let too_long = "a".repeat(65);
    for bad in [
        "", "-a", ".", "_", "..", "A", "a/b", "a b", "é", "a\0", &*too_long,
    ] {
        assert_eq!(reason(name(bad)), "stream-name", "{bad:?}");
    }
}

// ---------------------------------------------------------------- lengths

#[test]
fn clips_of_every_length_around_a_segment_come_back_from_every_segment() {
    let mut home = home();
    home.sync_phone("phone").unwrap();
    for length in [
        0,
        1,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        2 * SEGMENT - 1,
        2 * SEGMENT,
    ] {
        let bytes: Vec<u8> = (0..length).map(|i| (i / 251) as u8).collect();
        let clip = home.record("door", "x", &bytes).unwrap();
        let (cloud, id) = (home.cloud.clone(), home.id());
        let opened = home
            .phone("phone")
            .unwrap()
            .open(&cloud, &n("x"), clip)
            .unwrap();
        for first in 0..opened.segments() + 2 {
            let mut out = Vec::new();
            let read = view::read(&cloud, &id, &opened, first, &mut out).unwrap();
            let from = usize::try_from(first).unwrap() * SEGMENT;
            assert_eq!(out, bytes[from.min(length)..], "{length} from {first}");
            assert_eq!(read, out.len() as u64);
        }
    }
}

#[test]
fn a_session_takes_nothing_beyond_its_greatest_length() {
    let mut home = home();
    let (camera, clock, rng) = home.at_camera("door");
    let mut session = camera.begin(&n("x"), clock, rng).unwrap();
    session.write(b"a").unwrap();
    let rest = vec![0; usize::try_from(clip::MAX_SESSION).unwrap()];
    assert_eq!(reason(session.write(&rest)), "session-full");
    assert_eq!(session.length(), 1);
}

// ---------------------------------------------------------------- what is fetched

/// Notes how much of the body was read when bytes came out, each time.
struct Noting(MemoryCloud, Vec<usize>);

impl Write for Noting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.push(self.0.streamed().1);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn bytes_come_a_segment_at_a_time_by_one_request_and_nothing_before_them_is_read() {
    let mut home = home();
    home.sync_phone("phone").unwrap();
    let clip = home.record("door", "x", &vec![7; 20 * SEGMENT]).unwrap();
    let (inside, id) = (home.cloud.clone(), home.id());
    let opened = home.phone("phone").unwrap();
    let opened = opened.open(&inside, &n("x"), clip).unwrap();
    for first in [0, 1, 10, 19] {
        let cloud = MemoryCloud::with(inside.objects());
        let mut out = Noting(cloud.clone(), Vec::new());
        view::read(&cloud, &id, &opened, first, &mut out).unwrap();
        let left = 20 - usize::try_from(first).unwrap();
        let expected: Vec<usize> = (1..=left).map(|count| count * SEALED_SEGMENT).collect();
        assert_eq!(out.1, expected, "from segment {first}");
        assert_eq!(cloud.streamed().0, 1);
    }
}

/// A body too large for one write goes up in parts; a directory of the same file system takes the file itself.
#[test]
fn an_object_from_a_large_file() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("file"), folder.path().join("other"));
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|i| (i / 1000) as u8).collect();
    std::fs::write(&file, &bytes).unwrap();
    std::fs::write(&other, &bytes[1..]).unwrap();
    let directory = folder.path().join("cloud");
    for cloud in [
        ObjectCloud::memory().unwrap(),
        ObjectCloud::directory(&directory).unwrap(),
    ] {
        cloud.create_from("a/b", &file).unwrap();
        assert!(cloud.get("a/b").unwrap() == bytes);
        cloud.create_from("a/b", &file).unwrap();
        assert_eq!(reason(cloud.create_from("a/b", &other)), "conflict");
        assert!(cloud.get("a/b").unwrap() == bytes);
        let missing = cloud.create_from("a/c", &folder.path().join("missing"));
        assert_eq!(reason(missing), "local-state");
        assert_eq!(cloud.list("a").unwrap(), ["a/b"]);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let inode = |path: &std::path::Path| std::fs::metadata(path).unwrap().ino();
        assert_eq!(inode(&directory.join("a/b")), inode(&file));
    }
    std::fs::remove_file(&file).unwrap();
    let cloud = ObjectCloud::directory(&directory).unwrap();
    assert!(cloud.get("a/b").unwrap() == bytes);
}

// ---------------------------------------------------------------- forks and replays

#[test]
fn of_two_forks_the_camera_keeps_to_one_and_the_other_phone_is_told() {
    let mut one = home();
    one.enroll("tablet", None).unwrap();
    one.sync_phone("phone").unwrap();
    // The provider gives each phone a cloud of its own, and the camera what `phone` wrote.
    let (mut a, mut b) = (Saved::of(&one).load(1), Saved::of(&one).load(2));
    a.rotate("phone", &["x"]).unwrap();
    b.rotate("tablet", &["x"]).unwrap();
    b.rotate("tablet", &["x"]).unwrap();
    assert_eq!(a.sync_camera("door").unwrap().refused, []);
    let head = a.camera("door").unwrap().head(&n("x")).unwrap();
    let epoch = head.epoch;
    // Then what `tablet` wrote: the camera takes neither its epoch nor the next.
    for (epoch, expected) in [
        (epoch, "announcement-fork"),
        (epoch + 1, "announcement-fork"),
    ] {
        let bytes = b.cloud.bytes(&b.paths().announcement(&n("x"), epoch));
        let (camera, clock, _) = a.at_camera("door");
        assert_eq!(reason(camera.accept(&bytes, clock)), expected, "{epoch}");
    }
    assert_eq!(a.camera("door").unwrap().head(&n("x")), Some(head));
    // The tablet never reads `in effect`.
    let acknowledgement = a.paths().acknowledgement(&n("x"), epoch);
    for place in [epoch, epoch + 1] {
        let place = a.paths().acknowledgement(&n("x"), place);
        b.cloud.set(&place, a.cloud.bytes(&acknowledgement));
    }
    let cloud = b.cloud.clone();
    assert_eq!(
        reason(b.phone("tablet").unwrap().status(&cloud)),
        "ack-unknown"
    );
    // And no member follows from one to the other.
    a.meet("alice").unwrap();
    assert_eq!(first_refusal(a.sync_member("alice")), Ok(()));
    a.cloud.set(
        &a.paths().announcement(&n("x"), epoch),
        b.cloud.bytes(&b.paths().announcement(&n("x"), epoch)),
    );
    assert_eq!(
        reason(first_refusal(a.sync_member("alice"))),
        "announcement-fork"
    );
    assert_eq!(reason(a.sync_phone("phone")), "announcement-fork");
}

#[test]
fn an_introduction_is_accepted_once() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    assert_eq!(home.sync_member("alice").unwrap().introductions, 1);
    // Where it is, it may stay; elsewhere it is a replay.
    let news = home.sync_member("alice").unwrap();
    assert_eq!(
        (news.introductions, news.grants, news.refused.len()),
        (0, 0, 0)
    );
    let path = home.cloud.under(&home.id(), "introductions").remove(0);
    let id = kem_id(&home.member("alice").unwrap().card().key);
    home.cloud
        .set(&home.paths().introduction(id, 2), home.cloud.bytes(&path));
    let news = home.sync_member("alice").unwrap();
    assert_eq!((news.introductions, news.grants), (0, 0));
    assert_eq!(reason(first_refusal(Ok(news))), "introduction-replayed");
}

#[test]
fn a_clip_is_new_once() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    let clip = record(&mut home, 1);
    home.sync_member("alice").unwrap();
    let (cloud, id) = (home.cloud.clone(), home.id());
    let alice = home.member("alice").unwrap();
    let opened = alice.open(&cloud, &id, &n("x"), clip).unwrap();
    assert!(alice.show(&id, &opened.manifest));
    assert!(!alice.show(&id, &opened.manifest));
    let mut again = load_member(&store_member(alice));
    assert!(!again.show(&id, &opened.manifest), "also after a restart");
    assert!(
        again.open(&cloud, &id, &n("x"), clip).is_ok(),
        "watching again is allowed"
    );
}

/// What is said twice is done once, and a key that goes by two names is one member twice.
#[test]
fn streams_and_members_may_be_named_twice() {
    let mut home = home();
    let alice = home.meet("alice").unwrap();
    let again = Card::new(n("aunt"), *alice.key());
    let aunt = VerifiedMember::by_proximity(again);
    let twice = [alice.clone(), alice.clone(), aunt.clone(), aunt];
    home.act("phone", |owner, env| {
        let term = Term::UntilRevoked;
        owner.share(&ns(&["x", "x"]), &twice, term, Meeting::Remote, env)
    })
    .unwrap();
    let introductions = home.cloud.under(&home.id(), "introductions").len();
    assert_eq!(introductions, 2, "one for each name");
    assert_eq!(home.cloud.under(&home.id(), "announcements/x").len(), 2);
    home.enroll("tablet", None).unwrap();
    home.lose("phone", "tablet").unwrap();
    home.rotate("phone", &["x", "x"]).unwrap();
    home.sync_camera("door").unwrap();
    let clip = record(&mut home, 1);
    assert!(alice_opens(&mut home, clip));
    // One name is revoked: the key still opens what the other name was given.
    home.revoke("phone", &["x", "x"], "aunt").unwrap();
    home.sync_camera("door").unwrap();
    let clip = record(&mut home, 1);
    assert!(alice_opens(&mut home, clip));
    home.revoke("phone", &["x"], "alice").unwrap();
    home.sync_camera("door").unwrap();
    let clip = record(&mut home, 1);
    assert!(!alice_opens(&mut home, clip));
}

#[test]
fn a_phone_reads_each_members_record_once() {
    let mut home = home();
    let names = ["alice", "bob", "carol", "dora", "erin"];
    home.share("phone", &["x", "y"], &names, Term::UntilRevoked)
        .unwrap();
    let (id, cloud) = (home.id(), home.cloud.clone());
    let asked = || cloud.asked(&id, "members");
    home.rotate("phone", &["x", "y"]).unwrap();
    assert_eq!(asked(), 0, "it wrote them itself");
    home.enroll("tablet", None).unwrap();
    assert_eq!(asked(), 5);
    home.rotate("tablet", &["x", "y"]).unwrap();
    assert_eq!(asked(), 0);
    let again = encryptediot::phone::Phone::from_state(home.phone("tablet").unwrap().to_state());
    *home.phone("tablet").unwrap() = again.unwrap();
    home.share("tablet", &["x", "y"], &["alice", "fred"], Term::AllStreams)
        .unwrap();
    home.revoke("tablet", &["x", "y"], "bob").unwrap();
    assert_eq!(asked(), 0, "after a restart");
    home.rotate("phone", &["x", "y"]).unwrap();
    assert_eq!(asked(), 1, "the one who is new to it");
}

/// So does a member that is asked for one stream, and it gets the same of that one.
#[test]
fn a_member_may_read_one_stream_alone() {
    let mut home = home();
    home.share("phone", &["x", "y"], &["alice"], Term::UntilRevoked)
        .unwrap();
    let (id, cloud) = (home.id(), home.cloud.clone());
    let alice = home.member("alice").unwrap();
    let asked = |stream: &str| cloud.asked(&id, &format!("announcements/{stream}"));
    let _ = asked("y");
    let news = alice.sync_stream(&cloud, &id, &n("x")).unwrap();
    assert_eq!((news.grants, news.refused), (1, vec![]));
    assert_eq!(asked("y"), 0);
    assert_eq!(alice.streams(&id), ns(&["x"]));
    assert_eq!(alice.sync(&cloud).unwrap().grants, 1, "the other one");
    assert_eq!(alice.streams(&id), ns(&["x", "y"]));
}

/// `asked` counts since it was last called. What an act asks the cloud for does not grow with the streams that it does not touch.
#[test]
fn an_act_asks_for_the_streams_that_it_touches() {
    let mut home = home();
    let names = ["alice", "bob"];
    home.share("phone", &["x", "y"], &names, Term::UntilRevoked)
        .unwrap();
    let (id, cloud) = (home.id(), home.cloud.clone());
    let asked = |stream: &str| cloud.asked(&id, &format!("announcements/{stream}"));
    assert!(asked("y") > 0);
    home.rotate("phone", &["x"]).unwrap();
    home.share("phone", &["x"], &["carol"], Term::UntilRevoked)
        .unwrap();
    home.revoke("phone", &["x"], "bob").unwrap();
    assert_eq!(asked("y"), 0);
    home.sync_phone("phone").unwrap();
    assert!(asked("y") > 0);
}

// ---------------------------------------------------------------- checkpoints

#[test]
fn a_fresh_phone_with_a_checkpoint_takes_no_older_account() {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    let early = home.cloud.objects();
    home.share("phone", &["x"], &["alice"], Term::AllStreams)
        .unwrap();
    home.sync_camera("door").unwrap();
    let id = home.id();
    let by_phone = home.phone("phone").unwrap().checkpoint();
    let by_camera = home.camera("door").unwrap().checkpoint();
    let late = home.cloud.objects();
    let cut = |gone: &str| {
        let mut some = late.clone();
        let path = some
            .keys()
            .rev()
            .find(|path| path.contains(gone))
            .unwrap()
            .clone();
        some.remove(&path);
        some
    };
    let clouds = [
        ("as it is", late.clone(), [true, true]),
        ("rolled back", early, [false, false]),
        (
            "one announcement less",
            cut("/announcements/y/"),
            [false, false],
        ),
        ("one roster less", cut("/roster/"), [false, true]),
    ];
    for (what, objects, expected) in clouds {
        for (checkpoint, expected) in [&by_phone, &by_camera].into_iter().zip(expected) {
            let text = checkpoint.clone().to_text(&id);
            let checkpoint = Checkpoint::from_text(&id, &text).unwrap();
            let mut home = Saved::of(&home).load(7);
            home.cloud.restore(objects.clone());
            let enrolled = home.enroll("third", Some(&checkpoint));
            match expected {
                true => assert_eq!(enrolled, Ok(()), "{what}"),
                false => assert_eq!(reason(enrolled), "checkpoint-mismatch", "{what}"),
            }
        }
    }
}

// ---------------------------------------------------------------- the cloud of these tests

/// What is done to a cloud, at a handful of places.
#[derive(Clone, Debug)]
enum Do {
    Create(u8, u8),
    Put(u8, u8),
    Find(u8),
    Read(u8, u8),
    CreateFrom(u8, u8),
    List(u8),
    Delete(u8),
}

impl quickcheck::Arbitrary for Do {
    fn arbitrary(g: &mut quickcheck::Gen) -> Self {
        let mut byte = || u8::arbitrary(g) % 6;
        let (kind, a, b, other) = (byte(), byte(), byte(), byte());
        match kind {
            0 if other < 3 => Self::CreateFrom(a, b),
            0 => Self::Create(a, b),
            1 => Self::Put(a, b),
            2 => Self::Find(a),
            3 => Self::Read(a, b),
            4 => Self::List(a),
            _ => Self::Delete(a),
        }
    }
}

fn done(cloud: &dyn Cloud, what: &Do) -> String {
    let path = |place: u8| ["a/b", "a/c", "ab/c", "a/d/e", "b", "c/d"][usize::from(place)];
    let bytes = |length: u8| vec![length; usize::from(length)];
    let folder = |place: u8| ["a", "ab", "a/d", "b", "c", "x"][usize::from(place)];
    match *what {
        Do::Create(place, length) => format!("{:?}", cloud.create(path(place), &bytes(length))),
        Do::Put(place, length) => format!("{:?}", cloud.put(path(place), &bytes(length))),
        Do::Find(place) => format!("{:?}", cloud.find(path(place))),
        Do::Read(place, from) => {
            let read = cloud.read(path(place), u64::from(from)).map(|found| {
                let mut bytes = Vec::new();
                found.map(|mut found| found.read_to_end(&mut bytes).map(|_| bytes).ok())
            });
            format!("{read:?}")
        }
        Do::CreateFrom(place, length) => {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes(length)).unwrap();
            format!("{:?}", cloud.create_from(path(place), file.path()))
        }
        Do::List(place) => {
            let listed = cloud.list(folder(place)).map(|mut paths| {
                paths.sort();
                paths
            });
            format!("{listed:?} {:?}", cloud.folders(folder(place)))
        }
        Do::Delete(place) => format!("{:?}", cloud.delete(path(place))),
    }
}

#[test]
fn every_cloud_does_the_same() {
    fn property(all: Vec<Do>) -> bool {
        let directory = tempfile::tempdir().unwrap();
        let clouds: [Box<dyn Cloud>; 3] = [
            Box::new(MemoryCloud::default()),
            Box::new(ObjectCloud::memory().unwrap()),
            Box::new(ObjectCloud::directory(directory.path()).unwrap()),
        ];
        all.iter().all(|what| {
            let [a, b, c] = [0, 1, 2].map(|cloud| done(&*clouds[cloud], what));
            a == b && b == c
        })
    }
    quickcheck::QuickCheck::new().quickcheck(property as fn(Vec<Do>) -> bool);
}
