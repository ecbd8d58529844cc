//! Viewing while recording, over the store alone: a second phone and a member follow a stream as it
//! is recorded. A clip grows, the camera goes offline, the keys rotate in between.

use super::scene::{Outcome, Scene};
use super::stage::Viewer::{Member, Phone};
use super::stage::{Stage, Viewer};
use super::{SAMPLE, film};
use encryptediot::cloud::Paths;
use encryptediot::error::{ClipError, Result, StoreError};
use encryptediot::message::Time;
use encryptediot::owner::Term;
use encryptediot::uplink;
use encryptediot_testkit::household::{Household, name};

const STREAM: &str = "video";
const FOLLOWERS: [Viewer<'static>; 2] = [Phone("second-phone"), Member("alice")];

/// Plays the story on a household of the library.
pub fn play(seed: u64) -> Result<Scene> {
    let mut film = film(SAMPLE)?.into_iter().cycle();
    let mut next = move || film.next().unwrap_or_default();

    let mut home = Household::in_memory(seed)?;
    home.pair("phone", "door", &[STREAM])?;
    home.enroll("second-phone", None)?;
    home.share("phone", &[STREAM], &["alice"], Term::UntilRevoked)?;
    let mut stage = Stage::new(home);
    stage.scene("Two devices follow a stream while it is recorded");
    stage.sync()?;

    for _ in 0..2 {
        let (bytes, length) = next();
        session(&mut stage, &bytes, length)?;
    }
    grows(&mut stage, &next())?;
    let stream = name(STREAM)?;
    stage.home.act("phone", |owner, env| {
        owner.rotate(std::slice::from_ref(&stream), env)
    })?;
    stage.sync_cameras()?;
    let (bytes, length) = next();
    session(&mut stage, &bytes, length)?;
    stage.note("the keys were rotated before it");
    offline(&mut stage, &[next(), next()])?;
    let (bytes, length) = next();
    session(&mut stage, &bytes, length)?;
    Ok(stage.scenes.into_iter().next().unwrap_or_default())
}

/// Everyone who follows reads what is new.
fn sync(stage: &mut Stage) -> Result<()> {
    stage.home.sync_phone("second-phone")?;
    stage.sync_members()
}

/// One session; how long after its first frame the followers have it.
fn session(stage: &mut Stage, bytes: &[u8], length: Time) -> Result<()> {
    let start = stage.home.now();
    let recorded = stage.home.record_only("door", STREAM, bytes, length)?;
    upload(stage, &recorded, bytes)?;
    sync(stage)?;
    for who in FOLLOWERS {
        stage.tries(who, STREAM, [recorded.sequence], Outcome::Opened);
    }
    let waited = Outcome::says(format!("{} ms late", stage.home.now() - start));
    let expected = Outcome::says(format!("{length} ms late"));
    let what = format!("{STREAM} {} came", recorded.sequence);
    stage.row("both", what, expected, waited);
    stage.note("one session");
    Ok(())
}

fn upload(
    stage: &mut Stage,
    recorded: &encryptediot::camera::Recorded,
    bytes: &[u8],
) -> Result<()> {
    let camera = stage.home.cameras.get(&name("door")?);
    let camera = camera.ok_or(StoreError::LocalMissing)?;
    uplink::upload(camera, &*stage.home.cloud, recorded)?;
    let place = (STREAM.to_owned(), recorded.sequence);
    stage.truth.insert(place, bytes.to_vec());
    Ok(())
}

/// While a session is recorded, and while its body is there and its manifest is not, there is
/// nothing to see, and nothing half.
fn grows(stage: &mut Stage, (bytes, length): &(Vec<u8>, Time)) -> Result<()> {
    let recorded = stage.home.record_only("door", STREAM, bytes, *length)?;
    let clip = recorded.sequence;
    let not_yet = Outcome::refused(ClipError::NoSuchClip);
    for who in FOLLOWERS {
        stage.tries(who, STREAM, [clip], not_yet.clone());
    }
    stage.note("it is being recorded");
    let body = Paths(stage.home.account()?).body(&recorded.clip);
    stage.home.cloud.create(&body, &recorded.body)?;
    sync(stage)?;
    for who in FOLLOWERS {
        stage.tries(who, STREAM, [clip], not_yet.clone());
    }
    stage.note("its body is there, its manifest is not");
    upload(stage, &recorded, bytes)?;
    for who in FOLLOWERS {
        stage.tries(who, STREAM, [clip], Outcome::Opened);
    }
    Ok(())
}

/// A camera that cannot reach the cloud goes on recording, and catches up in order.
fn offline(stage: &mut Stage, sessions: &[(Vec<u8>, Time)]) -> Result<()> {
    let mut kept = Vec::new();
    for (bytes, length) in sessions {
        let recorded = stage.home.record_only("door", STREAM, bytes, *length)?;
        let clip = recorded.sequence;
        sync(stage)?;
        let not_yet = Outcome::refused(ClipError::NoSuchClip);
        for who in FOLLOWERS {
            stage.tries(who, STREAM, [clip], not_yet.clone());
        }
        stage.note("the camera is offline");
        kept.push((recorded, bytes));
    }
    for (recorded, bytes) in kept {
        upload(stage, &recorded, bytes)?;
        sync(stage)?;
        for who in FOLLOWERS {
            stage.tries(who, STREAM, [recorded.sequence], Outcome::Opened);
        }
        stage.note("the camera is back");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_devices_follow_through_all_of_it() {
        let scene = play(7).unwrap();
        assert!(scene.held(), "{scene}");
        assert!(scene.rows.len() > 20, "{scene}");
    }
}
