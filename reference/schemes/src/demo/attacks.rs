//! What the provider tries, and what a thief gets of a phone.

use super::scene::Outcome;
use super::stage::Stage;
use super::stage::Viewer::{Member, Phone};
use super::story::{closed, part, status};
use super::{Demo, Failure, VIDEO_STREAM, tracks};
use encryptediot::clip;
use encryptediot::cloud::Paths;
use encryptediot::error::{AccountError, AnnouncementError, ClipError, MessageError, Result};
use encryptediot::grant;
use encryptediot::owner::DEFAULT_LEASE;
use encryptediot_testkit::household::{Household, name};
use encryptediot_testkit::{fixture, theft};

/// The provider cheats, then keeps a revocation back; then a phone is lost.
pub(super) fn play(demo: &mut Demo<'_>) -> std::result::Result<(), Failure> {
    demo.scene("The provider tampers with what it stores");
    bodies(&mut demo.stage)?;
    manifests(&mut demo.stage)?;
    announcements(&mut demo.stage)?;
    root(&mut demo.stage)?;
    demo.scene("The provider keeps a revocation from the camera");
    suppressed(&mut demo.stage)?;
    demo.scene("The second phone is lost");
    lost(&mut demo.stage)?;
    Ok(())
}

fn paths(stage: &Stage) -> Result<Paths> {
    Ok(Paths(stage.home.account()?))
}

/// Lets `then` see an object altered, and puts it back.
fn altered(
    stage: &mut Stage,
    path: &str,
    alter: impl FnOnce(&mut Vec<u8>),
    then: impl FnOnce(&mut Stage),
) -> Result<()> {
    let kept = stage.home.cloud.get(path)?;
    let mut bytes = kept.clone();
    alter(&mut bytes);
    stage.home.cloud.put(path, &bytes)?;
    then(stage);
    stage.home.cloud.put(path, &kept)
}

/// Lets `then` see an object withheld, and puts it back.
fn withheld(stage: &mut Stage, path: &str, then: impl FnOnce(&mut Stage)) -> Result<()> {
    let kept = stage.home.cloud.get(path)?;
    stage.home.cloud.delete(path)?;
    then(stage);
    stage.home.cloud.put(path, &kept)
}

/// The owner opens a clip and is refused.
fn refused(stage: &mut Stage, clip: u64, reason: impl Into<encryptediot::Error>, note: &str) {
    let expected = Outcome::refused(reason);
    stage.tries(Phone("owner"), VIDEO_STREAM, [clip], expected);
    stage.note(note);
}

fn bodies(stage: &mut Stage) -> Result<()> {
    let (stream, cloud) = (name(VIDEO_STREAM)?, &*stage.home.cloud);
    let phone = stage.home.phones.get_mut(&name("owner")?);
    let phone = phone.ok_or(AccountError::UnknownPhone)?;
    let clip = phone.open(cloud, &stream, 1)?.manifest.clip;
    let body = paths(stage)?.body(&clip);
    let flip = |bytes: &mut Vec<u8>| {
        if let Some(byte) = bytes.get_mut(1_000) {
            *byte ^= 1;
        }
    };
    altered(stage, &body, flip, |stage| {
        refused(stage, 1, ClipError::Segment, "one bit of its body flipped");
    })?;
    let shorten = |bytes: &mut Vec<u8>| bytes.truncate(1_000);
    altered(stage, &body, shorten, |stage| {
        refused(stage, 1, ClipError::Truncated, "its body cut short");
    })
}

fn manifests(stage: &mut Stage) -> Result<()> {
    let (paths, stream) = (paths(stage)?, name(VIDEO_STREAM)?);
    let (second, third) = (paths.manifest(&stream, 2), paths.manifest(&stream, 3));
    withheld(stage, &third, |stage| {
        refused(stage, 3, ClipError::Missing, "withheld");
    })?;
    let [two, three] = [&second, &third].map(|path| stage.home.cloud.get(path));
    let (two, three) = (two?, three?);
    let mut tried = Ok(());
    altered(
        stage,
        &second,
        |bytes| *bytes = three,
        |stage| {
            tried = altered(
                stage,
                &third,
                |bytes| *bytes = two,
                |stage| {
                    let wrong = Outcome::refused(ClipError::WrongSequence);
                    stage.tries(Phone("owner"), VIDEO_STREAM, 2..=3, wrong);
                    stage.note("their manifests swapped");
                },
            );
        },
    )?;
    tried
}

/// The epoch of the announcement that the owner's phone knows as the latest.
fn epoch(stage: &Stage, stream: &str) -> Result<u64> {
    let stream = name(stream)?;
    let phone = stage.home.phones.get(&name("owner")?);
    let phone = phone.ok_or(AccountError::UnknownPhone)?;
    let mut streams = phone.streams();
    let followed = streams.find_map(|(name, followed)| (*name == stream).then_some(followed));
    Ok(followed.ok_or(AnnouncementError::UnknownStream)?.head.epoch)
}

fn announcements(stage: &mut Stage) -> Result<()> {
    let (paths, stream) = (paths(stage)?, name(VIDEO_STREAM)?);
    let epoch = epoch(stage, VIDEO_STREAM)?;
    let old = stage.home.cloud.get(&paths.announcement(&stream, 1))?;
    let next = paths.announcement(&stream, epoch + 1);
    stage.home.cloud.put(&next, &old)?;
    let synced = stage.home.sync_camera("door")?;
    stage.home.cloud.delete(&next)?;
    let seen = match synced.refused.first() {
        Some((_, reason)) => Outcome::refused(reason.clone()),
        None => Outcome::says("obeyed"),
    };
    let rollback = Outcome::refused(AnnouncementError::Rollback);
    let what = "an old announcement as new";
    stage.row("camera", what, rollback.clone(), seen);
    let latest = paths.announcement(&stream, epoch);
    altered(
        stage,
        &latest,
        |bytes| *bytes = old,
        |stage| {
            let seen = Outcome::done(&stage.home.sync_phone("owner"), "believed");
            stage.row("owner", "an old one for the latest", rollback, seen);
        },
    )
}

/// The attack on Ring's scheme that opens everything: a phone adopts a root of the provider's.
fn root(stage: &mut Stage) -> Result<()> {
    let foreign = Household::in_memory(u64::MAX)?;
    let foreign = foreign.cloud.get(&Paths(foreign.account()?).root())?;
    let path = paths(stage)?.root();
    altered(
        stage,
        &path,
        |bytes| *bytes = foreign,
        |stage| {
            let result = stage.home.enroll("third-phone", None);
            let seen = Outcome::done(&result, "enrolled");
            let expected = Outcome::refused(MessageError::WrongAccount);
            stage.row("third-phone", "a root of the provider's", expected, seen);
        },
    )
}

fn suppressed(stage: &mut Stage) -> Result<()> {
    let tracks = tracks()?;
    let (bob, provider, owner) = (Member("bob"), Member("provider"), Phone("owner"));
    stage.home.revoke("owner", &[VIDEO_STREAM], "bob")?;
    let stream = name(VIDEO_STREAM)?;
    let path = paths(stage)?.announcement(&stream, epoch(stage, VIDEO_STREAM)?);
    let kept = stage.home.cloud.get(&path)?;
    stage.home.cloud.delete(&path)?;
    stage.sync_cameras()?;
    status(stage, "asks for Bob's status", None)?;
    stage.roll(&part(&tracks, 0..1))?;
    stage.sync_members()?;
    let clip = stage.count(VIDEO_STREAM);
    stage.tries(bob, VIDEO_STREAM, [clip], Outcome::Opened);
    stage.note("until the lease of seven days ends");
    stage.home.clock.advance(DEFAULT_LEASE);
    stage.roll(&part(&tracks, 1..2))?;
    stage.sync_members()?;
    stage.tries(bob, VIDEO_STREAM, [clip + 1], closed());
    stage.tries(provider, VIDEO_STREAM, [clip + 1], closed());
    stage.note("the lease is over: for the owner alone");
    stage.tries(owner, VIDEO_STREAM, [clip + 1], Outcome::Opened);
    stage.home.cloud.put(&path, &kept)?;
    let (now, cloud) = (stage.home.now(), &*stage.home.cloud);
    let phone = stage.home.phones.get(&name("owner")?);
    let phone = phone.ok_or(AccountError::UnknownPhone)?;
    phone.extend_lease(cloud, &stream, now, now + DEFAULT_LEASE)?;
    stage.sync_cameras()?;
    status(stage, "the provider gives in", Some(clip + 2))?;
    stage.note("and a phone extends the lease");
    stage.roll(&part(&tracks, 2..3))?;
    stage.sync_members()?;
    stage.tries(bob, VIDEO_STREAM, [clip + 2], closed());
    stage.tries(provider, VIDEO_STREAM, [clip + 2], Outcome::Opened);
    Ok(())
}

/// The phone is in a thief's hands: it follows no rule, so what counts is what its keys open.
fn lost(stage: &mut Stage) -> Result<()> {
    let (phone, tracks) = (name("second-phone")?, tracks()?);
    stage.home.sync_phone("second-phone")?;
    let before = stage.count(VIDEO_STREAM);
    stage
        .home
        .act("owner", |owner, env| owner.lose_phone(&phone, None, env))?;
    stage.sync_cameras()?;
    stage.roll(&part(&tracks, 3..4))?;
    stage.sync_members()?;
    let clip = stage.count(VIDEO_STREAM);
    let result = stage.home.sync_phone("second-phone");
    let seen = Outcome::done(&result, "let in");
    let expected = Outcome::refused(AccountError::PhoneNotListed);
    stage.row("second-phone", "the account", expected, seen);
    let (instance, ring) = stolen(stage, clip)?;
    let what = format!("video {clip} with its own key");
    stage.row("second-phone", what, closed(), instance);
    let sealed = Outcome::refused(AccountError::SealedOpen);
    let what = format!("video {clip} with its key ring");
    stage.row("second-phone", what, sealed, ring);
    let thief = Phone("second-phone");
    stage.tries(thief, VIDEO_STREAM, [before], Outcome::Opened);
    stage.note("what it could open, it still opens");
    stage.tries(Phone("owner"), VIDEO_STREAM, [clip], Outcome::Opened);
    stage.tries(Member("provider"), VIDEO_STREAM, [clip], Outcome::Opened);
    stage.note("by a fresh pairwise key");
    Ok(())
}

/// What the two secrets that the lost phone stored do with a clip, every check skipped: its
/// instance key with the clip's envelopes, its key ring with the backup of the stream's keys.
fn stolen(stage: &mut Stage, clip: u64) -> Result<(Outcome, Outcome)> {
    let (paths, stream) = (paths(stage)?, name(VIDEO_STREAM)?);
    let (home, unknown) = (&mut stage.home, AccountError::UnknownPhone);
    let owner = home.phones.get_mut(&name("owner")?).ok_or(unknown)?;
    let manifest = owner.open(&*home.cloud, &stream, clip)?.manifest;
    let (announced, _) = owner.announcement(&*home.cloud, &stream, &manifest.announcement)?;
    let backup = announced.body.backup;
    let thief = home.phones.get(&name("second-phone")?).ok_or(unknown)?;
    let loot = theft::loot(&fixture::store_phone(thief));
    let key = clip::unwrap(
        thief.account(),
        &stream,
        &manifest.announcement,
        &manifest.clip,
        &manifest.envelopes,
        clip::Role::Instance,
        &loot.instance,
    );
    let bytes = home.cloud.get(&paths.backup(&backup))?;
    let holdings = grant::open_backup(thief.account(), &loot.ring, &stream, &backup, &bytes);
    Ok((
        Outcome::done(&key, "its session key"),
        Outcome::done(&holdings, "the owner's stream key"),
    ))
}
