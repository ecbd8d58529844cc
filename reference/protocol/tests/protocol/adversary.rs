//! A cloud that lies: whatever it does to any one object, every device either refuses or behaves
//! as if nothing had been done, and nothing is lost once the cloud is honest again.

use std::collections::{BTreeMap, BTreeSet};

use encryptediot::cloud::{Cloud, Paths};
use encryptediot::keys::Name;
use encryptediot::message;
use encryptediot::uplink;
use encryptediot_testkit::*;

use crate::trials::*;

#[test]
fn phones_withstand_every_lie() {
    withstand(
        &[("phone", phone), ("a phone that was away", old_phone)],
        0,
        3,
    );
}

#[test]
fn a_camera_withstands_every_lie() {
    withstand(&[("camera", camera)], 0, 1);
}

#[test]
fn members_withstand_every_lie() {
    let new: [Device; 3] = [
        ("bob, new", new_bob),
        ("carol, new", new_carol),
        ("dora, new", new_dora),
    ];
    withstand(&[&new[..], &[("alice", alice)]].concat(), 1, 2);
}

#[test]
fn a_link_withstands_every_lie() {
    withstand(&[("link", link_viewer)], 0, 1);
}

#[test]
fn acts_of_the_owner_withstand_every_lie() {
    let acts: [Device; 3] = [
        ("revoking", revoking),
        ("losing a phone", losing),
        ("enrolling", enrolling),
    ];
    withstand(&acts, 1, 5);
}

/// One object that is listed and not returned keeps out nothing but what is in it.
#[test]
fn what_is_withheld_keeps_nothing_else_out() {
    let rich = rich();
    let objects = &rich.saved.objects;
    let account = account(rich);
    let withheld = |path: &String| {
        let cloud = MemoryCloud::with(objects.clone());
        cloud.lie(VICTIM, path, Lie::Withheld);
        cloud.seen_by(VICTIM)
    };
    let member = |name: &str| {
        let stored = rich.early.members.iter().find(|(n, _)| n.as_str() == name);
        load_member(&stored.unwrap().1)
    };
    let listed = ["introductions", "past", "leases"];
    for path in objects.keys().filter(|path| listed.contains(&kind(path))) {
        let cloud = withheld(path);
        for name in ["alice", "bob", "carol", "dora"] {
            assert!(member(name).sync(&cloud).is_ok(), "{name}, {path}");
        }
        let home = rich.early.load(1);
        let mut camera = load_camera(&rich.early.cameras[0].1, &home.clock);
        uplink::sync(&mut camera, &cloud, &home.clock, &|_| Ok(())).unwrap();
        let all = objects
            .keys()
            .filter(|path| path.contains("/announcements/y/"))
            .count();
        assert_eq!(camera.head(&n("y")).unwrap().epoch, all as u64, "{path}");
    }
    // Carol was given everything in every epoch but the first.
    let opens = |cloud: &dyn Cloud| {
        let mut carol = member("carol");
        carol.sync(cloud).unwrap();
        let open = |s: &Name, n: u64| carol.open(cloud, &account, s, n);
        let seen = watch(rich, cloud, &account, open).seen;
        seen.into_iter()
            .filter(|(_, seen)| seen.is_ok())
            .map(|(clip, _)| clip)
            .collect()
    };
    let all: BTreeSet<String> = opens(&MemoryCloud::with(objects.clone()));
    let mut fewer = 0;
    for path in objects.keys().filter(|path| kind(path) == "grants") {
        let hash = path.split('/').nth(2).unwrap();
        let under = |clip: &&String| {
            let (stream, sequence) = clip[5..].split_once('/').unwrap();
            let manifest = Paths(account).manifest(&n(stream), sequence.parse().unwrap());
            let payload = encryptediot::cose::unverified_payload(&objects[&manifest]).unwrap();
            let manifest: encryptediot::clip::Manifest =
                message::decode(&account, &payload).unwrap();
            manifest.announcement.to_string() == hash
        };
        let expected: BTreeSet<String> = all.iter().filter(|c| !under(c)).cloned().collect();
        fewer += usize::from(expected != all);
        assert_eq!(opens(&withheld(path)), expected, "{path}");
    }
    assert!(fewer > 2, "this test is about nothing");
}

/// A viewer that takes the cloud's word: the trials must find out about it.
fn gullible(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let paths = Paths(account(rich));
    let mut cached = None;
    [first, then].map(|cloud| {
        let root = cached.get_or_insert_with(|| cloud.get(&paths.root()).unwrap_or_default());
        Outcome {
            seen: BTreeMap::from([("root".to_owned(), Ok(root.clone()))]),
            state: Vec::new(),
        }
    })
}

#[test]
fn the_trials_find_a_device_that_believes_the_cloud() {
    let failures = trials(&[("gullible", gullible)], 0, 1);
    assert!(failures.iter().any(|failure| failure.contains("is taken")));
    assert!(
        failures
            .iter()
            .any(|failure| failure.contains("not as before"))
    );
}
