//! Pairing and announcements: one case for each reason.

use encryptediot::correction::Correction;
use encryptediot::crypto::VerifyingKey;

use super::*;

pub(super) fn offer_malformed() -> Result<()> {
    Offer::from_text("EIOT:PAIR:A").map(drop)
}

pub(super) fn offer_expired() -> Result<()> {
    let home = home();
    let offer = Offer::new(home.id(), home.now() - pairing::OFFER_LIFE - 1, &mut rng(1));
    Unpaired::new(ns(&["z"]))
        .pair(&offer, &home.clock, &mut rng(2))
        .map(drop)
}

/// Two cameras have read one offer.
pub(super) fn offer_used() -> Result<()> {
    let mut home = home();
    let offer = Offer::new(home.id(), home.now(), &mut rng(1));
    for (seed, camera) in [(2, "garden"), (3, "attic")] {
        let unpaired = Unpaired::new(ns(&[camera]));
        let (_, reply) = unpaired.pair(&offer, &home.clock, &mut rng(seed))?;
        home.act("phone", |owner, env| {
            owner.add_camera(name(camera)?, &offer, &reply, None, env)
        })?;
    }
    Ok(())
}

pub(super) fn reply_open() -> Result<()> {
    let home = home();
    let offer = |seed| Offer::new(home.id(), home.now(), &mut rng(seed));
    let (_, reply) = Unpaired::new(ns(&["z"])).pair(&offer(1), &home.clock, &mut rng(2))?;
    pairing::open_reply(&offer(3), &reply).map(drop)
}

pub(super) fn stream_name() -> Result<()> {
    name("../etc").map(drop)
}

pub(super) fn stream_taken() -> Result<()> {
    home().pair("phone", "garden", &["x"])
}

pub(super) fn wrong_camera() -> Result<()> {
    let mut home = home();
    let other = SigningKey::generate(&mut rng(1))?.verifying_key();
    let bytes = forged_announcement(&home, |body| body.camera = Some(other));
    accept(&mut home, &bytes)
}

/// A tenure that begins later than the announcement.
pub(super) fn announcement_tenure() -> Result<()> {
    let mut home = home();
    let bytes = forged_announcement(&home, |body| body.since.epoch = body.epoch + 1);
    accept(&mut home, &bytes)
}

pub(super) fn camera_relieved() -> Result<()> {
    let mut home = home();
    home.act("phone", |owner, env| {
        owner.retire_camera(&n("door"), owner::Counted::new(), env)
    })?;
    home.sync_camera("door")?;
    home.record("door", "x", b"").map(drop)
}

pub(super) fn unknown_stream() -> Result<()> {
    home().record("door", "z", b"").map(drop)
}

/// The provider withholds the first announcement from a new camera.
pub(super) fn not_first() -> Result<()> {
    let mut home = home();
    let offer = Offer::new(home.id(), home.now(), &mut rng(1));
    let (mut camera, reply) = Unpaired::new(ns(&["z"])).pair(&offer, &home.clock, &mut rng(2))?;
    home.act("phone", |owner, env| {
        owner.add_camera(
            name("garden")?,
            &offer,
            &reply,
            Some(&Evidence::OwnersWord),
            env,
        )
    })?;
    home.rotate("phone", &["z"])?;
    camera.take_root(&home.cloud.bytes(&home.paths().root()))?;
    let second = home.cloud.bytes(&home.paths().announcement(&n("z"), 2));
    camera.accept(&second, &home.clock).map(drop)
}

pub(super) fn announcement_rollback() -> Result<()> {
    let mut home = shared();
    let first = home.cloud.bytes(&home.paths().announcement(&n("x"), 1));
    accept(&mut home, &first)
}

pub(super) fn epoch_gap() -> Result<()> {
    let mut home = home();
    home.rotate("phone", &["x"])?;
    home.rotate("phone", &["x"])?;
    home.cloud
        .drop_object(&home.paths().announcement(&n("x"), 2));
    let third = home.cloud.bytes(&home.paths().announcement(&n("x"), 3));
    accept(&mut home, &third)
}

pub(super) fn announcement_fork() -> Result<()> {
    let (mut a, b) = forked();
    a.sync_camera("door")?;
    accept(&mut a, &b.cloud.bytes(&b.paths().announcement(&n("x"), 2)))
}

pub(super) fn announcement_keys() -> Result<()> {
    let mut home = home();
    let bytes = forged_announcement(&home, |body| body.keys.push(body.keys[0].clone()));
    accept(&mut home, &bytes)
}

pub(super) fn lease_out_of_range() -> Result<()> {
    let mut home = home();
    let until = home.now() + announcement::MAX_LEASE + 1;
    lease(&mut home, until).map(drop)
}

/// A key that is on no roster signs a lease.
pub(super) fn lease_key() -> Result<()> {
    let mut home = home();
    let key = SigningKey::generate(&mut rng(1))?;
    let (id, until) = (home.id(), home.now() + 8 * 24 * 3_600_000);
    let camera = home.camera("door")?;
    let lease = Lease {
        camera: camera.verifying_key(),
        stream: n("x"),
        announcement: camera.head(&n("x")).unwrap().hash,
        key: key.verifying_key(),
        until,
    };
    let bytes = lease::sign(&key, &id, lease)?;
    extend(&mut home, &bytes)
}

pub(super) fn lease_stale() -> Result<()> {
    let mut home = home();
    let until = home.now() + 8 * 24 * 3_600_000;
    let bytes = lease(&mut home, until)?;
    home.rotate("phone", &["x"])?;
    home.sync_camera("door")?;
    extend(&mut home, &bytes)
}

pub(super) fn lease_shorter() -> Result<()> {
    let mut home = home();
    let until = home.now() + 8 * 24 * 3_600_000;
    let bytes = lease(&mut home, until)?;
    extend(&mut home, &bytes)?;
    extend(&mut home, &bytes)
}

pub(super) fn ack_unknown() -> Result<()> {
    let (mut a, mut b) = forked();
    a.sync_camera("door")?;
    let path = a.paths().acknowledgement(&n("x"), 2);
    b.cloud.set(&path, a.cloud.bytes(&path));
    let cloud = b.cloud.clone();
    b.phone("phone")?.status(&cloud).map(drop)
}

pub(super) fn issued_backwards() -> Result<()> {
    let mut home = home();
    let bytes = forged_announcement(&home, |body| body.issued -= 1);
    accept(&mut home, &bytes)
}

/// A phone is shown what another one announced under a roster of another history.
pub(super) fn roster_fork() -> Result<()> {
    let (mut a, _) = crate::forked::forked();
    a.rotate("phone", &["x"])
}

/// Another phone may have lost one, and nothing shows that this one knows.
pub(super) fn not_fresh() -> Result<()> {
    let mut home = home();
    home.enroll("tablet", None)?;
    let offer = Offer::new(home.id(), home.now(), &mut rng(1));
    let (_, reply) = Unpaired::new(ns(&["z"])).pair(&offer, &home.clock, &mut rng(2))?;
    home.act("phone", |owner, env| {
        owner.add_camera(name("garden")?, &offer, &reply, None, env)
    })
}

/// A correction of `door`'s clock, `count`, made by the owner.
fn correction(home: &Home, camera: VerifyingKey, count: u64) -> Vec<u8> {
    let correction = Correction {
        camera,
        count,
        back: 1,
    };
    home.forge(message::encode(&home.id(), correction))
}

fn correct(counts: &[u64]) -> Result<()> {
    let mut home = home();
    let key = home.camera("door")?.verifying_key();
    for count in counts {
        let bytes = correction(&home, key, *count);
        let (door, clock, _) = home.at_camera("door");
        door.correct(&bytes, clock)?;
    }
    Ok(())
}

pub(super) fn clock_replayed() -> Result<()> {
    correct(&[1, 1])
}

pub(super) fn clock_gap() -> Result<()> {
    correct(&[2])
}
