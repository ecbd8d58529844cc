//! A policy at work: a file says who sees what, applying it leads there, and again after it changed.

use super::scene::{Outcome, Scene};
use super::stage::Stage;
use super::stage::Viewer::{Member, Phone};
use encryptediot::error::{ClipError, GrantError, Result};
use encryptediot_policy::{Contacts, Error, Policy};
use encryptediot_testkit::household::Household;

const VIDEO: &str = "video";
const AUDIO: &str = "audio";

/// Alice sees everything, those streams to come as well; the provider makes a timeline of the video.
const FIRST: &str = r#"
provider = "provider"
[[share]]
to = ["alice"]
streams = "all"
[features.event-timeline]
streams = ["video"]
"#;

/// The provider's feature is off, and Alice sees the video alone.
const SECOND: &str = r#"
provider = "provider"
[[share]]
to = ["alice"]
streams = ["video"]
"#;

/// A stream that is not there.
const WRONG: &str = r#"
[[share]]
to = ["alice"]
streams = ["attic"]
"#;

/// Applies the demo's policy to a household and checks the result.
pub fn play(seed: u64) -> Result<Scene> {
    let mut home = Household::in_memory(seed)?;
    home.pair("phone", "door", &[VIDEO, AUDIO])?;
    let mut contacts = Contacts::new();
    for member in ["alice", "provider"] {
        let verified = home.meet(member)?;
        contacts.insert(verified.name().clone(), verified);
    }
    let mut stage = Stage::new(home);
    stage.scene("A policy says who sees what");
    let (alice, provider) = (Member("alice"), Member("provider"));

    let refused = apply(&mut stage, WRONG, &contacts)?;
    says(
        &mut stage,
        "a stream that is not there",
        "refused",
        &refused,
    );
    let done = apply(&mut stage, FIRST, &contacts)?;
    says(&mut stage, "the first policy", "applied", &done);
    drift(&mut stage, FIRST, &contacts, "not as stated yet")?;
    stage.note("no camera has acknowledged");
    stage.sync_cameras()?;
    drift(&mut stage, FIRST, &contacts, "as stated")?;
    let done = apply(&mut stage, FIRST, &contacts)?;
    says(&mut stage, "the first policy again", "nothing to do", &done);
    record(&mut stage)?;
    for stream in [VIDEO, AUDIO] {
        stage.tries(Phone("phone"), stream, [1], Outcome::Opened);
        stage.tries(alice, stream, [1], Outcome::Opened);
    }
    stage.tries(provider, VIDEO, [1], Outcome::Opened);
    let nothing = Outcome::refused(GrantError::NothingGranted);
    stage.tries(provider, AUDIO, [1], nothing);

    let done = apply(&mut stage, SECOND, &contacts)?;
    says(&mut stage, "the second policy", "applied", &done);
    stage.sync_cameras()?;
    record(&mut stage)?;
    let closed = || Outcome::refused(ClipError::NoEnvelope);
    stage.tries(alice, VIDEO, [2], Outcome::Opened);
    stage.tries(alice, AUDIO, [2], closed());
    stage.tries(provider, VIDEO, [2], closed());
    stage.tries(provider, VIDEO, [1], Outcome::Opened);
    stage.note("what it could open before stays open");
    Ok(stage.scenes.into_iter().next().unwrap_or_default())
}

fn record(stage: &mut Stage) -> Result<()> {
    for stream in [VIDEO, AUDIO] {
        let bytes = format!("{stream}, session {}", stage.count(stream) + 1);
        stage.record("door", stream, bytes.as_bytes())?;
    }
    stage.sync_members()
}

fn says(stage: &mut Stage, what: &str, expected: &str, seen: &str) {
    stage.row("owner", what, Outcome::says(expected), Outcome::says(seen));
}

/// The result of applying a policy, in a word or two.
fn apply(stage: &mut Stage, text: &str, contacts: &Contacts) -> Result<String> {
    let Ok(policy) = Policy::parse(text) else {
        return Ok("not a policy".to_owned());
    };
    let done = stage.home.act("phone", |owner, env| {
        Ok(encryptediot_policy::apply(&policy, contacts, owner, env))
    })?;
    Ok(match done {
        Ok(steps) if steps.is_empty() => "nothing to do".to_owned(),
        Ok(_) => "applied".to_owned(),
        Err(Error::Refused(_)) => "refused".to_owned(),
        Err(Error::Failed(error)) => return Err(error),
    })
}

fn drift(stage: &mut Stage, text: &str, contacts: &Contacts, expected: &str) -> Result<()> {
    let now = stage.home.now();
    let Ok(policy) = Policy::parse(text) else {
        return Ok(());
    };
    let home = &mut stage.home;
    let phone = home.phones.values_mut().next();
    let phone = phone.ok_or(encryptediot::error::AccountError::UnknownPhone)?;
    let found = match encryptediot_policy::check(&policy, contacts, phone, &*home.cloud, now) {
        Ok(found) => Some(found),
        Err(Error::Failed(error)) => return Err(error),
        Err(Error::Refused(_)) => None,
    };
    let seen = match found.map(|drift| drift.is_empty()) {
        Some(true) => "as stated",
        Some(false) => "not as stated yet",
        None => "refused",
    };
    says(stage, "a check", expected, seen);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_sees_what_the_file_says() {
        let scene = play(7).unwrap();
        assert!(scene.held(), "{scene}");
        assert_eq!(scene.rows.len(), 16, "{scene}");
    }
}
