//! A camera that is stopped at any moment loses no clip, no number and no acknowledgement.

use std::cell::RefCell;

use encryptediot::acknowledgement;
use encryptediot::camera::{Paired, Recorded};
use encryptediot::cbor;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::error::Result;
use encryptediot::uplink;
use encryptediot_testkit::household::Household;
use encryptediot_testkit::*;

use crate::interrupted::*;

#[test]
fn a_camera_killed_between_the_clip_and_its_state_goes_on_with_the_next_number() {
    let mut home = household();
    let before = store_camera(home.camera("door").unwrap());
    let finished = home.record_only("door", "x", b"spooled", 1_000).unwrap();
    let (spooled, body) = (cbor::encode(&finished), finished.body);
    // The state after the clip was never stored.
    let mut camera = load_camera(&before, &home.clock);
    let recorded = cbor::decode::<Recorded<()>>(&spooled).unwrap();
    let recorded = recorded.with_body(body);
    assert!(camera.adopt(&recorded).unwrap());
    assert!(
        !camera.adopt(&recorded).unwrap(),
        "adopting twice changes nothing"
    );
    uplink::upload(&camera, &home.cloud, &recorded).unwrap();
    home.cameras.insert(n("door"), camera);
    let next = home.record("door", "x", b"next").unwrap();
    assert_eq!(next, recorded.sequence + 1);
    home.sync_phone("phone").unwrap();
    assert_eq!(
        home.view_as_phone("phone", "x", recorded.sequence).unwrap(),
        b"spooled"
    );
    assert_eq!(home.view_as_phone("phone", "x", next).unwrap(), b"next");
}

#[test]
fn what_a_camera_has_spooled_holds_no_session_key() {
    let mut home = household();
    let recorded = home
        .record_only("door", "x", b"a clip of which nothing is kept", 1_000)
        .unwrap();
    let spooled = [cbor::encode(&recorded), recorded.body.clone()].concat();
    let state = store_camera(home.camera("door").unwrap());
    home.sync_phone("phone").unwrap();
    uplink::upload(
        home.camera("door").unwrap(),
        &MemoryCloud::default(),
        &recorded,
    )
    .unwrap();
    let camera = home.cameras.get(&n("door")).unwrap();
    uplink::upload(camera, &home.cloud, &recorded).unwrap();
    let key = session_key(&home, "x", recorded.sequence);
    for stored in [&spooled, &state] {
        assert!(
            !stored.windows(16).any(|bytes| bytes == key),
            "a session key is stored"
        );
        assert!(
            !stored.windows(7).any(|bytes| bytes == b"nothing"),
            "plaintext is stored"
        );
    }
}

/// The session key of a clip, as the owner's stream key opens it.
fn session_key(home: &Home, stream: &str, sequence: u64) -> [u8; 16] {
    use encryptediot::{clip, grant};
    let (id, ring) = (home.id(), home.opened().ring);
    let phone = &home.phones[&n("phone")];
    let (_, followed) = phone
        .streams()
        .find(|(name, _)| **name == n(stream))
        .unwrap();
    let bytes = home
        .cloud
        .bytes(&home.paths().manifest(&n(stream), sequence));
    let manifest = clip::open(&id, &followed.camera().unwrap(), &n(stream), &bytes)
        .unwrap()
        .body;
    let backup = followed.current.backup;
    let held = home.cloud.bytes(&home.paths().backup(&backup));
    let (_, held) = grant::open_backup(&id, &ring, &n(stream), &backup, &held).unwrap();
    let (role, owner) = (clip::Role::Owner, &held[0].secret);
    let (of, clip) = (&manifest.announcement, &manifest.clip);
    let key = clip::unwrap(&id, &n(stream), of, clip, &manifest.envelopes, role, owner).unwrap();
    *key.as_bytes()
}

#[test]
fn an_upload_that_is_cut_short_is_resumed() {
    for writes in 0..2 {
        let mut home = household();
        let recorded = home
            .record_only("door", "x", b"interrupted", 1_000)
            .unwrap();
        let state = store_camera(home.camera("door").unwrap());
        home.cloud.fail_after(writes);
        let camera = home.cameras.get(&n("door")).unwrap();
        assert_eq!(
            reason(uplink::upload(camera, &home.cloud, &recorded)),
            "store-unavailable"
        );
        home.cloud.work_again();
        home.sync_phone("phone").unwrap();
        let early = home.view_as_phone("phone", "x", recorded.sequence);
        assert_eq!(reason(early), "no-such-clip", "nobody is shown half a clip");
        let camera = load_camera(&state, &home.clock);
        for _ in 0..2 {
            uplink::upload(&camera, &home.cloud, &recorded).unwrap();
        }
        let seen = home.view_as_phone("phone", "x", recorded.sequence).unwrap();
        assert_eq!(seen, b"interrupted");
    }
}

#[test]
fn a_camera_whose_acknowledgement_was_lost_gives_it_again() {
    let mut home = household();
    home.rotate("phone", &["x"]).unwrap();
    home.cloud.fail_after(0);
    home.sync_camera("door").unwrap();
    home.cloud.work_again();
    let cloud = home.cloud.clone();
    let acknowledged = |home: &mut Home| {
        let status = home.phone("phone").unwrap().status(&cloud).unwrap();
        status
            .into_iter()
            .find(|s| s.stream == n("x"))
            .unwrap()
            .acknowledged
    };
    assert_eq!(acknowledged(&mut home), None);
    let stored = store_camera(home.camera("door").unwrap());
    let camera = load_camera(&stored, &home.clock);
    home.cameras.insert(n("door"), camera);
    home.sync_camera("door").unwrap();
    assert!(acknowledged(&mut home).is_some());
}

type SyncCamera = fn(&mut Paired, &dyn Cloud, &ManualClock, uplink::Save<'_>) -> Result<()>;

fn sync_camera(
    camera: &mut Paired,
    cloud: &dyn Cloud,
    clock: &ManualClock,
    save: uplink::Save<'_>,
) -> Result<()> {
    uplink::sync(camera, cloud, clock, save).map(drop)
}

/// The wrong way round: what it has acknowledged is stored when all is done.
fn sync_camera_then_save(
    camera: &mut Paired,
    cloud: &dyn Cloud,
    clock: &ManualClock,
    save: uplink::Save<'_>,
) -> Result<()> {
    uplink::sync(camera, cloud, clock, &|_| Ok(()))?;
    save(camera)
}

/// A household whose camera has two announcements to take on `x`, in the second of which alice is
/// revoked, one on `y`, and a lease; and one acknowledgement to give again. With it, the lease.
fn much_to_take() -> (Saved, u64) {
    let mut home = household();
    let lost = home.cameras[&n("door")].head(&n("y")).unwrap().epoch;
    home.cloud
        .drop_object(&home.paths().acknowledgement(&n("y"), lost));
    home.rotate("phone", &["x", "y"]).unwrap();
    home.revoke("phone", &["x"], "alice").unwrap();
    let (phone, month) = (&home.phones[&n("phone")], home.now() + 30 * 24 * 3_600_000);
    phone
        .extend_lease(&home.cloud, &n("x"), home.now(), month)
        .unwrap();
    (Saved::of(&home), month)
}

/// Stops a camera that takes all this in after `writes` of its writes, and lets it start again
/// from what it stored until then; `killed`, it stores nothing after the last write, otherwise it
/// is the cloud that goes away. Is all that it has acknowledged in force?
fn stopped_after(
    writes: usize,
    killed: bool,
    before: &Saved,
    sync: SyncCamera,
) -> std::result::Result<Home, String> {
    let mut home = before.load(70);
    let (id, cloud) = (home.id(), home.cloud.clone());
    let Household { clock, cameras, .. } = &mut *home;
    let camera = cameras.get_mut(&n("door")).unwrap();
    let stored = RefCell::new(store_camera(camera));
    let save = |camera: &Paired| {
        if killed && cloud.writes() == writes {
            return Err(encryptediot::error::StoreError::LocalState.into());
        }
        stored.replace(store_camera(camera));
        Ok(())
    };
    cloud.fail_after(writes);
    let _stopped = sync(camera, &cloud, clock, &save);
    cloud.work_again();
    *camera = load_camera(&stored.borrow(), clock);
    for path in cloud.under(&id, "acknowledgements") {
        let (stream, key) = (n(path.split('/').nth(2).unwrap()), camera.verifying_key());
        let bytes = cloud.bytes(&path);
        let ack = acknowledgement::open(&id, &key, &stream, &bytes).unwrap();
        if camera.head(&stream).unwrap().epoch < ack.epoch {
            return Err(path);
        }
    }
    Ok(home)
}

#[test]
fn a_camera_never_forgets_what_it_has_acknowledged() {
    let (before, lease) = much_to_take();
    let mut whole = before.load(70);
    whole.sync_camera("door").unwrap();
    let count = whole.cloud.writes();
    assert_eq!(count, 4, "one acknowledgement each, and one again");
    for (writes, killed) in (0..=count).flat_map(|writes| [(writes, false), (writes, true)]) {
        let what = format!("after {writes} writes, killed: {killed}");
        let mut home = stopped_after(writes, killed, &before, sync_camera)
            .unwrap_or_else(|path| panic!("{what}: {path} is forgotten"));
        // It goes on as if nothing had been.
        assert_eq!(home.sync_camera("door").unwrap().refused, [], "{what}");
        let camera = &home.cameras[&n("door")];
        assert_eq!(camera.lease_until(&n("x")), Some(lease), "{what}");
        let count = |folder| home.cloud.under(&home.id(), folder).len();
        assert_eq!(count("acknowledgements"), count("announcements"), "{what}");
        let clip = home.record("door", "x", b"after").unwrap();
        home.sync_member("alice").unwrap();
        let seen = home.view_as_member("alice", "x", clip);
        assert_eq!(reason(seen), "no-envelope", "{what}");
    }
    // Control: the wrong order is found out, after every write that tells of what was not stored.
    for writes in 1..=count {
        let forgot = stopped_after(writes, true, &before, sync_camera_then_save).err();
        assert!(forgot.is_some(), "this test is about nothing: {writes}");
    }
}

#[test]
fn a_camera_that_cannot_store_its_state_acknowledges_nothing() {
    let (before, _) = much_to_take();
    let mut home = before.load(71);
    let cloud = home.cloud.clone();
    let Household { clock, cameras, .. } = &mut *home;
    let camera = cameras.get_mut(&n("door")).unwrap();
    let full = |_: &Paired| Err(encryptediot::error::StoreError::LocalState.into());
    for _ in 0..2 {
        let synced = uplink::sync(camera, &cloud, clock, &full);
        assert_eq!(reason(synced), "local-state");
        assert_eq!(cloud.writes(), 0);
    }
}
