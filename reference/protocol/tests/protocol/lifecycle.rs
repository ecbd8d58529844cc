//! The life of an account, as the paper tells it: record, share, rotate, revoke, lose a phone.

use encryptediot::cloud::Paths;
use encryptediot::owner::Term;
use encryptediot_testkit::household::{Household, name, window};

fn reason<T: std::fmt::Debug>(result: encryptediot::Result<T>) -> &'static str {
    result.unwrap_err().reason()
}

/// A household with one camera, `door`, of the streams `x` (video) and `y` (audio).
fn household() -> Household {
    let mut home = Household::in_memory(1).unwrap();
    home.pair("phone", "door", &["x", "y"]).unwrap();
    home
}

#[test]
fn nobody_but_the_owner_sees_what_is_not_shared() {
    let mut home = household();
    let clip = home.record("door", "x", b"nobody").unwrap();
    home.phone("phone").unwrap();
    assert_eq!(home.view_as_phone("phone", "x", clip).unwrap(), b"nobody");
    home.meet("alice").unwrap();
    home.sync_member("alice").unwrap();
    assert_eq!(
        reason(home.view_as_member("alice", "x", clip)),
        "nothing-granted"
    );
}

#[test]
fn alice_sees_x_from_when_it_is_shared_until_it_is_revoked() {
    let mut home = household();
    let before = home.record("door", "x", b"before").unwrap();
    home.share("phone", &["x"], &["alice"], Term::UntilRevoked)
        .unwrap();
    home.sync_camera("door").unwrap();
    let during = home.record("door", "x", b"during").unwrap();
    let other = home.record("door", "y", b"audio").unwrap();
    home.revoke("phone", &["x"], "alice").unwrap();
    home.sync_camera("door").unwrap();
    let after = home.record("door", "x", b"after").unwrap();
    assert_eq!(home.sync_member("alice").unwrap().refused, []);
    assert_eq!(
        reason(home.view_as_member("alice", "x", before)),
        "no-envelope"
    );
    assert_eq!(
        home.view_as_member("alice", "x", during).unwrap(),
        b"during"
    );
    assert_eq!(
        reason(home.view_as_member("alice", "x", after)),
        "no-envelope"
    );
    assert_eq!(
        reason(home.view_as_member("alice", "y", other)),
        "nothing-granted"
    );
    for (clip, bytes) in [
        (before, &b"before"[..]),
        (during, b"during"),
        (after, b"after"),
    ] {
        assert_eq!(home.view_as_phone("phone", "x", clip).unwrap(), bytes);
    }
}

#[test]
fn a_window_opens_exactly_the_sessions_that_lie_in_it() {
    let mut home = household();
    let from = home.now() + 1_000;
    home.share("phone", &["x"], &["bob"], Term::Window(window(from, 2_000)))
        .unwrap();
    home.sync_camera("door").unwrap();
    let clips: Vec<u64> = (0..4)
        .map(|i| home.record("door", "x", format!("{i}").as_bytes()).unwrap())
        .collect();
    home.sync_member("bob").unwrap();
    let seen: Vec<bool> = clips
        .iter()
        .map(|clip| home.view_as_member("bob", "x", *clip).is_ok())
        .collect();
    assert_eq!(seen, [false, true, true, false]);
}

#[test]
fn a_second_phone_sees_old_clips_and_new_ones() {
    let mut home = household();
    let old = home.record("door", "x", b"old").unwrap();
    home.enroll("tablet", None).unwrap();
    home.sync_camera("door").unwrap();
    let new = home.record("door", "x", b"new").unwrap();
    assert_eq!(home.view_as_phone("tablet", "x", old).unwrap(), b"old");
    assert_eq!(home.view_as_phone("tablet", "x", new).unwrap(), b"new");
}

#[test]
fn a_lost_phone_sees_nothing_recorded_after_its_loss_is_acknowledged() {
    let mut home = household();
    home.enroll("tablet", None).unwrap();
    home.share("phone", &["x"], &["alice"], Term::AllStreams)
        .unwrap();
    home.sync_camera("door").unwrap();
    let before = home.record("door", "x", b"before").unwrap();
    home.sync_phone("tablet").unwrap();
    home.act("phone", |owner, env| {
        owner.lose_phone(&name("tablet")?, None, env)
    })
    .unwrap();
    home.sync_camera("door").unwrap();
    let after = home.record("door", "x", b"after").unwrap();
    assert_eq!(
        home.view_as_phone("tablet", "x", before).unwrap(),
        b"before"
    );
    assert!(home.view_as_phone("tablet", "x", after).is_err());
    assert_eq!(reason(home.sync_phone("tablet")), "phone-not-listed");
    assert_eq!(home.view_as_phone("phone", "x", after).unwrap(), b"after");
    assert_eq!(home.sync_member("alice").unwrap().introductions, 2);
    for (clip, bytes) in [(before, &b"before"[..]), (after, b"after")] {
        assert_eq!(home.view_as_member("alice", "x", clip).unwrap(), bytes);
    }
}

#[test]
fn whoever_has_every_stream_gets_later_ones_as_they_come() {
    let mut home = household();
    home.share("phone", &[], &["carol"], Term::AllStreams)
        .unwrap();
    home.sync_camera("door").unwrap();
    home.pair("phone", "garden", &["z"]).unwrap();
    let clip = home.record("garden", "z", b"later").unwrap();
    home.sync_member("carol").unwrap();
    assert_eq!(home.view_as_member("carol", "z", clip).unwrap(), b"later");
}

#[test]
fn a_past_window_opens_its_clips_and_no_others() {
    let mut home = household();
    let start = home.now();
    let clips: Vec<u64> = (0..3)
        .map(|_| home.record("door", "x", b"past").unwrap())
        .collect();
    home.share("phone", &["y"], &["dora"], Term::UntilRevoked)
        .unwrap();
    let past = window(start + 1_000, 1_000);
    let (x, dora) = (name("x").unwrap(), name("dora").unwrap());
    let shared = home.act("phone", |owner, env| {
        owner.share_past(&x, &[dora], past, env)
    });
    assert_eq!(shared.unwrap(), 1);
    home.sync_member("dora").unwrap();
    let seen: Vec<bool> = clips
        .iter()
        .map(|clip| home.view_as_member("dora", "x", *clip).is_ok())
        .collect();
    assert_eq!(seen, [false, true, false]);
}

/// What a lease does not promise (SPEC, "Lease"): a phone that is kept in the old state extends it.
#[test]
fn a_phone_that_does_not_know_of_a_revocation_extends() {
    let mut home = household();
    home.enroll("tablet", None).unwrap();
    home.share("phone", &["x"], &["alice"], Term::UntilRevoked)
        .unwrap();
    home.sync_camera("door").unwrap();
    home.sync_phone("tablet").unwrap();
    let (x, now) = (name("x").unwrap(), home.now());
    let before = home.cameras[&name("door").unwrap()]
        .lease_until(&x)
        .unwrap();
    home.revoke("phone", &["x"], "alice").unwrap();
    // The provider shows the tablet, and the camera, what was there before.
    let tablet = &home.phones[&name("tablet").unwrap()];
    tablet
        .extend_lease(&*home.cloud, &x, now, before + 1_000)
        .unwrap();
    let (paths, head) = (
        Paths(home.account().unwrap()),
        tablet.streams().next().unwrap().1.head,
    );
    let lease = home.cloud.list(&paths.leases(&x, &head)).unwrap().remove(0);
    let lease = home.cloud.get(&lease).unwrap();
    let camera = home.cameras.get_mut(&name("door").unwrap()).unwrap();
    camera.extend(&lease, &home.clock).unwrap();
    assert_eq!(camera.lease_until(&x), Some(before + 1_000));
    // Whoever knows of the revocation speaks of another announcement, and so the camera, once it does.
    home.sync_phone("tablet").unwrap();
    let known = &home.phones[&name("tablet").unwrap()];
    assert_ne!(known.streams().next().unwrap().1.head, head);
    home.sync_camera("door").unwrap();
    let camera = home.cameras.get_mut(&name("door").unwrap()).unwrap();
    assert_eq!(reason(camera.extend(&lease, &home.clock)), "lease-stale");
}
