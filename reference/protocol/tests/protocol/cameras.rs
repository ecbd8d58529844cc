//! A camera's life: replaced, given a new key, retired; and what a copy of its key can do then.

use std::cell::RefCell;

use encryptediot::announcement::Window;
use encryptediot::camera::{Paired, Recorded, Unpaired};
use encryptediot::error::Result;
use encryptediot::evidence::{Challenge, Evidence};
use encryptediot::keys::verifying_id;
use encryptediot::owner::{Counted, Term};
use encryptediot::pairing::Offer;
use encryptediot::phone::Phone;
use encryptediot::uplink;
use encryptediot_testkit::*;

/// Two phones, a camera for x and y that has recorded two clips of x, and alice, who has x; and a copy of the
/// camera, made then.
fn copied() -> (Home, Paired) {
    static SAVED: std::sync::OnceLock<Saved> = std::sync::OnceLock::new();
    let saved = SAVED.get_or_init(|| {
        let mut home = home();
        home.enroll("tablet", None).unwrap();
        home.share("phone", &["x"], &["alice"], Term::UntilRevoked)
            .unwrap();
        home.sync_camera("door").unwrap();
        for content in ["one", "two"] {
            home.record("door", "x", content.as_bytes()).unwrap();
        }
        home.sync_phone("tablet").unwrap();
        home.sync_member("alice").unwrap();
        Saved::of(&home)
    });
    let mut home = saved.load(51);
    let state = store_camera(home.camera("door").unwrap());
    let copy = load_camera(&state, &home.clock);
    (home, copy)
}

/// Another device, with a key of its own, in the place of `door`.
fn replace(home: &mut Home, counted: Counted, evidence: &Evidence) -> Result<()> {
    let offer = Offer::new(home.id(), home.now(), &mut rng(60));
    let (paired, reply) = Unpaired::new(ns(&["x", "y"])).pair(&offer, &home.clock, &mut rng(61))?;
    home.act("phone", |owner, env| {
        owner.replace_camera(&n("door"), counted, &offer, &reply, Some(evidence), env)
    })?;
    home.cameras.insert(n("door"), paired);
    let refused = home.sync_camera("door")?.refused;
    assert_eq!(refused, []);
    Ok(())
}

fn replaced() -> (Home, Paired) {
    let (mut home, copy) = copied();
    let evidence = home.evidence().unwrap();
    replace(&mut home, Counted::new(), &evidence).unwrap();
    (home, copy)
}

/// What the copy records of x.
fn forge(copy: &mut Paired, home: &Home, content: &str) -> Recorded {
    let mut session = copy.begin(&n("x"), &home.clock, &mut rng(62)).unwrap();
    session.write(content.as_bytes()).unwrap();
    let recorded = copy.finish(session, &home.clock, &mut rng(63)).unwrap();
    recorded.store(|_| Ok(())).unwrap()
}

/// Puts what the copy recorded where the cloud has clip `sequence`.
fn put(home: &Home, recorded: &Recorded, sequence: u64) {
    let paths = home.paths();
    home.cloud
        .set(&paths.body(&recorded.clip), recorded.body.clone());
    home.cloud.set(
        &paths.manifest(&n("x"), sequence),
        recorded.manifest.clone(),
    );
}

/// Both phones and alice, who have read what is new, view a clip of x.
fn views(home: &mut Home, sequence: u64) -> Vec<std::result::Result<String, &'static str>> {
    for phone in ["phone", "tablet"] {
        home.sync_phone(phone).unwrap();
    }
    home.sync_member("alice").unwrap();
    let mut all = Vec::new();
    for phone in ["phone", "tablet"] {
        all.push(home.view_as_phone(phone, "x", sequence));
    }
    all.push(home.view_as_member("alice", "x", sequence));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let shown = all.into_iter();
    shown
        .map(|one| one.map(text).map_err(|why| why.reason()))
        .collect()
}

#[test]
fn a_camera_goes_on_with_the_streams_of_the_one_that_it_replaces() {
    let (mut home, _) = replaced();
    assert_eq!(home.record("door", "x", b"three").unwrap(), 3);
    for (sequence, content) in (1..).zip(["one", "two", "three"]) {
        assert_eq!(views(&mut home, sequence), vec![Ok(content.to_owned()); 3]);
    }
    let cloud = home.cloud.clone();
    let status = home.phone("phone").unwrap().status(&cloud);
    assert!(
        status
            .unwrap()
            .iter()
            .all(|s| s.acknowledged.is_some() && !s.retired)
    );
    // Whoever comes later finds all of them, too; and nothing is shared that was not.
    home.enroll("laptop", None).unwrap();
    home.sync_camera("door").unwrap();
    assert_eq!(home.view_as_phone("laptop", "x", 1).unwrap(), b"one");
    assert_eq!(home.view_as_phone("laptop", "x", 3).unwrap(), b"three");
    let clip = home.record("door", "y", b"for the owner").unwrap();
    assert_eq!(
        reason(home.view_as_member("alice", "y", clip)),
        "nothing-granted"
    );
}

#[test]
fn what_a_copied_key_signs_counts_no_more_once_the_camera_is_replaced() {
    let (mut home, mut copy) = replaced();
    let forged = forge(&mut copy, &home, "forged");
    // As the next clip, which the new camera has not recorded yet, and in the place of one that it has.
    put(&home, &forged, 3);
    assert_eq!(views(&mut home, 3), vec![Err("no-such-clip"); 3]);
    home.record("door", "x", b"three").unwrap();
    assert_eq!(views(&mut home, 3), vec![Ok("three".to_owned()); 3]);
    put(&home, &forged, 3);
    assert_eq!(views(&mut home, 3), vec![Err("clip-missing"); 3]);
    // An acknowledgement and an answer of the copy.
    let cloud = home.cloud.clone();
    let ack = copy
        .acknowledge(&n("x"), &home.clock)
        .unwrap()
        .store(|_| Ok(()))
        .unwrap();
    let epoch = home.camera("door").unwrap().head(&n("x")).unwrap().epoch;
    cloud.set(&home.paths().acknowledgement(&n("x"), epoch), ack);
    assert_eq!(
        reason(home.phone("phone").unwrap().status(&cloud)),
        "invalid-signature"
    );
    let challenge = Challenge::random(&mut rng(64));
    let signed = copy.answer(&challenge, &home.clock).unwrap();
    let checked = home
        .phone("phone")
        .unwrap()
        .check_answer(&challenge, &signed);
    assert_eq!(reason(checked), "wrong-camera");
    // In the cloud it is passed over.
    let paths = home.paths();
    let own = verifying_id(&camera_key(&copy).verifying_key());
    cloud.set(&paths.answer(&challenge, own), signed);
    let phone = home.phone("phone").unwrap();
    assert_eq!(phone.answer(&cloud, &challenge).unwrap(), None);
    let (door, clock, _) = home.at_camera("door");
    let signed = door.answer(&challenge, clock).unwrap();
    let its = verifying_id(&door.verifying_key());
    cloud.set(&paths.answer(&challenge, its), signed.clone());
    let phone = home.phone("phone").unwrap();
    assert_eq!(phone.answer(&cloud, &challenge).unwrap(), Some(signed));
}

#[test]
fn the_past_is_the_one_that_the_owner_has_counted() {
    let (mut home, mut copy) = copied();
    let forged = forge(&mut copy, &home, "forged three");
    put(&home, &forged, 3);
    // Counted up to two, the forged third is none, and the new camera's third is.
    let evidence = home.evidence().unwrap();
    replace(&mut home, Counted::from([(n("x"), 2)]), &evidence).unwrap();
    assert_eq!(views(&mut home, 3), vec![Err("no-such-clip"); 3]);
    // Nor is it in the way of sharing the past.
    let (from, until) = (0, home.now() + 1);
    let shared = home.act("phone", |owner, env| {
        owner.share_past(&n("x"), &[n("alice")], Window { from, until }, env)
    });
    assert_eq!(shared.unwrap(), 2);
    assert_eq!(home.record("door", "x", b"three").unwrap(), 3);
    assert_eq!(views(&mut home, 3), vec![Ok("three".to_owned()); 3]);
}

#[test]
fn a_clip_of_an_earlier_camera_must_lead_to_the_last_one_that_counts() {
    // A camera whose key was copied before it recorded anything; the copy makes another first clip.
    let mut home = home();
    home.sync_camera("door").unwrap();
    let state = store_camera(home.camera("door").unwrap());
    let mut copy = load_camera(&state, &home.clock);
    for content in ["one", "two", "three"] {
        home.record("door", "x", content.as_bytes()).unwrap();
    }
    let forged = forge(&mut copy, &home, "another one");
    let evidence = home.evidence().unwrap();
    replace(&mut home, Counted::new(), &evidence).unwrap();
    let genuine = home.cloud.bytes(&home.paths().manifest(&n("x"), 1));
    put(&home, &forged, 1);
    assert_eq!(
        reason(home.view_as_phone("phone", "x", 1)),
        "manifest-chain"
    );
    home.cloud
        .set(&home.paths().manifest(&n("x"), 1), genuine.clone());
    assert_eq!(home.view_as_phone("phone", "x", 1).unwrap(), b"one");
    // Whoever comes later reads what lies between, and is not shown less.
    home.enroll("tablet", None).unwrap();
    let second = home.cloud.drop_object(&home.paths().manifest(&n("x"), 2));
    assert_eq!(reason(home.view_as_phone("tablet", "x", 1)), "clip-missing");
    home.cloud.set(&home.paths().manifest(&n("x"), 2), second);
    let third = home.cloud.drop_object(&home.paths().manifest(&n("x"), 3));
    assert_eq!(reason(home.view_as_phone("tablet", "x", 3)), "clip-missing");
    home.cloud.set(&home.paths().manifest(&n("x"), 3), third);
    put(&home, &forged, 1);
    assert_eq!(
        reason(home.view_as_phone("tablet", "x", 1)),
        "manifest-chain"
    );
    // The same copy goes on to the end: three clips of its own, and the last is not the one that counts.
    for (sequence, content) in (2..).zip(["another two", "another three"]) {
        let forged = forge(&mut copy, &home, content);
        put(&home, &forged, sequence);
    }
    home.enroll("laptop", None).unwrap();
    for sequence in 1..=3 {
        let refused = home.view_as_phone("laptop", "x", sequence);
        assert_eq!(reason(refused), "manifest-chain");
    }
}

#[test]
fn a_camera_that_was_replaced_is_told_and_leaves_its_successors_clips_alone() {
    let (mut home, mut old) = replaced();
    let cloud = home.cloud.clone();
    // It recorded in the meantime; what it has not uploaded nobody takes.
    forge(&mut old, &home, "late");
    home.record("door", "x", b"three").unwrap();
    let stored = home.cloud.bytes(&home.paths().manifest(&n("x"), 3));
    assert_eq!(
        reason(uplink::check_store(&old, &cloud, &n("x"))),
        "camera-relieved"
    );
    let synced = uplink::sync(&mut old, &cloud, &home.clock, &|_| Ok(())).unwrap();
    assert_eq!((synced.relieved, synced.refused), (ns(&["x", "y"]), vec![]));
    assert_eq!(
        reason(uplink::check_store(&old, &cloud, &n("x"))),
        "camera-relieved"
    );
    assert_eq!(home.cloud.bytes(&home.paths().manifest(&n("x"), 3)), stored);
    // It stays so after a restart, whatever it is shown.
    let mut old = load_camera(&store_camera(&old), &home.clock);
    assert_eq!(
        reason(old.begin(&n("x"), &home.clock, &mut rng(65))),
        "camera-relieved"
    );
    let first = home.cloud.bytes(&home.paths().announcement(&n("x"), 1));
    assert_eq!(reason(old.accept(&first, &home.clock)), "camera-relieved");
    let synced = uplink::sync(&mut old, &cloud, &home.clock, &|_| Ok(())).unwrap();
    assert_eq!((synced.relieved, synced.refused), (vec![], vec![]));
}

#[test]
fn a_new_camera_begins_where_its_owner_says() {
    let (mut home, _) = copied();
    let evidence = home.evidence().unwrap();
    replace(&mut home, Counted::new(), &evidence).unwrap();
    home.rotate("phone", &["x"]).unwrap();
    let last = home
        .phone("phone")
        .unwrap()
        .followed(&n("x"))
        .unwrap()
        .head
        .epoch;
    let announced = |epoch| home.cloud.bytes(&home.paths().announcement(&n("x"), epoch));
    let (before, handover, after) = (announced(last - 2), announced(last - 1), announced(last));
    let state = store_camera(home.camera("door").unwrap());
    // As it was when it had obeyed nothing yet.
    let key = camera_key(&load_camera(&state, &home.clock));
    let offer = Offer::new(home.id(), home.now(), &mut rng(66));
    let mut camera = Paired::new(&offer, key, ns(&["x", "y"]), &home.clock);
    camera
        .take_root(&home.cloud.bytes(&home.paths().root()))
        .unwrap();
    assert_eq!(reason(camera.accept(&before, &home.clock)), "wrong-camera");
    assert_eq!(reason(camera.accept(&after, &home.clock)), "not-first");
    assert!(camera.accept(&handover, &home.clock).is_ok());
    assert_eq!(camera.last_sequence(&n("x")), 2);
}

#[test]
fn nobody_records_for_a_camera_that_is_retired_until_another_takes_its_place() {
    let (mut home, mut copy) = copied();
    home.act("phone", |owner, env| {
        owner.retire_camera(&n("door"), Counted::new(), env)
    })
    .unwrap();
    let again = home.act("phone", |owner, env| {
        owner.retire_camera(&n("door"), Counted::new(), env)
    });
    assert_eq!(reason(again), "wrong-camera");
    let forged = forge(&mut copy, &home, "forged");
    put(&home, &forged, 3);
    assert_eq!(views(&mut home, 3), vec![Err("no-such-clip"); 3]);
    assert_eq!(views(&mut home, 2), vec![Ok("two".to_owned()); 3]);
    let cloud = home.cloud.clone();
    let phone = home.phone("phone").unwrap();
    let status = phone.status(&cloud).unwrap();
    assert!(status.iter().all(|s| s.retired && s.acknowledged.is_none()));
    let now = START + 60_000;
    assert_eq!(
        reason(phone.extend_lease(&cloud, &n("x"), now, now + 1)),
        "wrong-camera"
    );
    let relieved = home.sync_camera("door").unwrap().relieved;
    assert_eq!(relieved, ns(&["x", "y"]));
    // The account goes on: a phone is lost, one comes, the past is shared.
    home.lose("phone", "tablet").unwrap();
    home.enroll("laptop", None).unwrap();
    assert_eq!(home.view_as_phone("laptop", "x", 1).unwrap(), b"one");
    let clock = home.act("phone", |owner, env| {
        owner.set_clock_back(&n("door"), 1, env)
    });
    assert_eq!(reason(clock), "wrong-camera");
    home.sync_phone("phone").unwrap();
    replace(&mut home, Counted::new(), &Evidence::OwnersWord).unwrap();
    assert_eq!(home.record("door", "x", b"three").unwrap(), 3);
    home.sync_phone("laptop").unwrap();
    home.sync_member("alice").unwrap();
    for (sequence, content) in (1..).zip(["one", "two", "three"]) {
        let content = content.as_bytes();
        assert_eq!(home.view_as_phone("phone", "x", sequence).unwrap(), content);
        assert_eq!(
            home.view_as_phone("laptop", "x", sequence).unwrap(),
            content
        );
        assert_eq!(
            home.view_as_member("alice", "x", sequence).unwrap(),
            content
        );
    }
}

#[test]
fn taking_over_a_stream_needs_evidence_of_that_stream() {
    let (mut home, _) = copied();
    home.pair("phone", "garden", &["z"]).unwrap();
    let challenge = Challenge::random(&mut rng(67));
    let answer = |home: &mut Home, camera| {
        let (camera, clock, _) = home.at_camera(camera);
        let signed = camera.answer(&challenge, clock).unwrap();
        Evidence::Answer { challenge, signed }
    };
    let garden = answer(&mut home, "garden");
    assert_eq!(
        reason(replace(&mut home, Counted::new(), &garden)),
        "not-fresh"
    );
    let door = answer(&mut home, "door");
    replace(&mut home, Counted::new(), &door).unwrap();
    // Of other streams than the camera's nothing is taken over.
    let offer = Offer::new(home.id(), home.now(), &mut rng(68));
    let (_, reply) = Unpaired::new(ns(&["x"]))
        .pair(&offer, &home.clock, &mut rng(69))
        .unwrap();
    let (word, count) = (Evidence::OwnersWord, Counted::new());
    let fewer = home.act("phone", |owner, env| {
        owner.replace_camera(&n("door"), count, &offer, &reply, Some(&word), env)
    });
    assert_eq!(reason(fewer), "unknown-stream");
    let unknown = home.act("phone", |owner, env| {
        owner.retire_camera(&n("door"), Counted::from([(n("z"), 1)]), env)
    });
    assert_eq!(reason(unknown), "unknown-stream");
    let unheard = home.act("phone", |owner, env| {
        owner.retire_camera(&n("door"), Counted::from([(n("x"), 7)]), env)
    });
    assert_eq!(reason(unheard), "no-such-clip");
    // What was counted once is not counted again.
    let fewer = home.act("phone", |owner, env| {
        owner.retire_camera(&n("door"), Counted::from([(n("x"), 1)]), env)
    });
    assert_eq!(reason(fewer), "no-such-clip");
}

#[test]
fn a_replacement_that_is_cut_short_completes_with_the_next_synchronisation() {
    for writes in 0.. {
        let (mut home, _) = copied();
        let offer = Offer::new(home.id(), home.now(), &mut rng(60));
        let unpaired = Unpaired::new(ns(&["x", "y"]));
        let (paired, reply) = unpaired.pair(&offer, &home.clock, &mut rng(61)).unwrap();
        let evidence = home.evidence().unwrap();
        let saved = RefCell::new(store_phone(home.phone("phone").unwrap()));
        let save = |phone: &Phone| {
            saved.replace(store_phone(phone));
            Ok(())
        };
        home.cloud.fail_after(writes);
        let counted = || Counted::from([(n("x"), 1)]);
        let result = home.act_saving("phone", &save, |owner, env| {
            owner.replace_camera(&n("door"), counted(), &offer, &reply, Some(&evidence), env)
        });
        home.cloud.work_again();
        if result.is_ok() {
            assert!(writes > 4, "{writes}");
            break;
        }
        home.phones
            .insert(n("phone"), load_phone(&saved.into_inner()));
        home.cameras.insert(n("door"), paired);
        home.sync_phone("phone").unwrap();
        home.act("phone", |owner, env| {
            let word = Evidence::OwnersWord;
            owner.replace_camera(&n("door"), counted(), &offer, &reply, Some(&word), env)
        })
        .unwrap_or_else(|why| panic!("after {writes} writes: {why}"));
        home.sync_camera("door").unwrap();
        assert_eq!(home.record("door", "x", b"new two").unwrap(), 2, "{writes}");
        assert_eq!(
            views(&mut home, 2),
            vec![Ok("new two".to_owned()); 3],
            "{writes}"
        );
        assert_eq!(
            views(&mut home, 1),
            vec![Ok("one".to_owned()); 3],
            "{writes}"
        );
    }
}

#[test]
fn a_phone_alone_gives_no_stream_to_its_members_again_by_an_old_view() {
    let mut home = home();
    let replace = |home: &mut Home| {
        let offer = Offer::new(home.id(), home.now(), &mut rng(70));
        let unpaired = Unpaired::new(ns(&["x", "y"]));
        let (_, reply) = unpaired.pair(&offer, &home.clock, &mut rng(71))?;
        home.act("phone", |owner, env| {
            owner.replace_camera(&n("door"), Counted::new(), &offer, &reply, None, env)
        })
    };
    home.share("phone", &["x"], &["alice"], Term::UntilRevoked)
        .unwrap();
    // A phone that was enrolled since may have revoked her.
    assert_eq!(reason(replace(&mut home)), "not-fresh");
    home.revoke("phone", &["x"], "alice").unwrap();
    assert!(replace(&mut home).is_ok());
}
