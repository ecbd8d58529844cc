//! The paper's figures 2 to 6 as scenes that are played: who opens which clip. What must come of
//! each try is taken from the paper's text, which each figure quotes.

use std::collections::BTreeSet;

use super::scene::{Outcome, Scene};
use super::stage::{Stage, Viewer::Member, Viewer::Phone};
use encryptediot::error::{ClipError, GrantError, Result};
use encryptediot::keys::kem_id;
use encryptediot::owner::Term;
use encryptediot_testkit::household::{Household, name, window};

/// A figure of the paper.
pub struct Figure {
    /// The figure's number in the paper.
    pub number: u8,
    /// The figure's title.
    pub title: &'static str,
    /// The sentence of the paper that says who may open what.
    pub text: &'static str,
    /// Plays it, from a seed.
    pub run: fn(u64) -> Result<Scene>,
}

/// The figures, in order.
pub const FIGURES: &[Figure] = &[
    Figure {
        number: 2,
        title: "the general case: stream keys open session keys",
        text: "the ASK signs and authenticates a set of data stream keys (DSKs) which are in \
               turn used to encrypt/decrypt the session keys to view a video or audio stream \
               (section 4)",
        run: general,
    },
    Figure {
        number: 3,
        title: "nothing is shared",
        text: "since Ring does not have access to the DSKs used to encrypt the videos, it \
               cannot view any of the files (section 4.1)",
        run: nobody,
    },
    Figure {
        number: 4,
        title: "Alice is given video X for a time",
        text: "Alice can now use this data stream key to decrypt the session key for video \
               stream X. Since Alice does not have a way to get access to the other session \
               keys, other data streams are safe (section 4.2)",
        run: alice,
    },
    Figure {
        number: 5,
        title: "Alice and Bob are given video X, and Bob alone audio Y",
        text: "Since Alice does not have access to TDSK_Y, she has no way to access audio \
               stream Y. Bob can use TDSK_Y to decrypt audio stream Y. [...] users who have \
               access to DSKs have access to all streams being added to the account (section \
               4.3)",
        run: alice_and_bob,
    },
    Figure {
        number: 6,
        title: "a user is added: all keys are replaced, by touch and remotely",
        text: "revoke all pre-existing data stream keys (T)DSK_i when adding a new user to the \
               shared users pool. Once all previous keys are revoked, a new data stream key \
               (T)DSK_{i+1} is shared among all users including the users who were previously \
               part of the trusted user base (section 4.4)",
        run: proliferation,
    },
];

/// The streams of the figures: video X and audio Y.
const X: &str = "video-x";
const Y: &str = "audio-y";

/// A household with one camera that has both streams.
fn stage(seed: u64, title: &str) -> Result<Stage> {
    let mut home = Household::in_memory(seed)?;
    home.pair("phone", "door", &[X, Y])?;
    let mut stage = Stage::new(home);
    stage.scene(title);
    Ok(stage)
}

/// One session of each stream.
fn both(stage: &mut Stage) -> Result<()> {
    for stream in [X, Y] {
        let bytes = format!("{stream}, session {}", stage.count(stream) + 1);
        stage.record("door", stream, bytes.as_bytes())?;
    }
    Ok(())
}

fn scene(stage: Stage) -> Scene {
    stage.scenes.into_iter().next().unwrap_or_default()
}

/// The reason for a stream of which somebody has no key at all.
fn nothing() -> Outcome {
    Outcome::refused(GrantError::NothingGranted)
}

/// The reason for a clip that is not wrapped for any key that somebody holds.
fn closed() -> Outcome {
    Outcome::refused(ClipError::NoEnvelope)
}

fn wrapped_for(stage: &mut Stage, clip: u64, keys: usize) -> Result<()> {
    let found = stage.envelopes("phone", X, clip)?.len();
    let (expected, seen) = (format!("for {keys} keys"), format!("for {found} keys"));
    let what = format!("{X} {clip} is wrapped");
    stage.row("camera", what, Outcome::says(expected), Outcome::says(seen));
    Ok(())
}

fn general(seed: u64) -> Result<Scene> {
    let mut stage = stage(seed, "Figure 2")?;
    stage
        .home
        .share("phone", &[X], &["viewer-x"], Term::UntilRevoked)?;
    stage
        .home
        .share("phone", &[Y], &["viewer-y"], Term::UntilRevoked)?;
    stage.home.meet("provider")?;
    stage.sync_cameras()?;
    both(&mut stage)?;
    stage.sync_members()?;
    wrapped_for(&mut stage, 1, 3)?;
    stage.note("the owner's IK, the owner's stream key, DSK X");
    for stream in [X, Y] {
        stage.tries(Phone("phone"), stream, [1], Outcome::Opened);
    }
    for (viewer, own, other) in [("viewer-x", X, Y), ("viewer-y", Y, X)] {
        stage.tries(Member(viewer), own, [1], Outcome::Opened);
        stage.tries(Member(viewer), other, [1], nothing());
    }
    stage.tries(Member("provider"), X, [1], nothing());
    stage.home.enroll("second-phone", None)?;
    stage.tries(Phone("second-phone"), X, [1], Outcome::Opened);
    stage.note("with the owner's stream key, from the backup");
    Ok(scene(stage))
}

fn nobody(seed: u64) -> Result<Scene> {
    let mut stage = stage(seed, "Figure 3")?;
    for member in ["alice", "provider"] {
        stage.home.meet(member)?;
    }
    both(&mut stage)?;
    stage.sync_members()?;
    wrapped_for(&mut stage, 1, 2)?;
    stage.note("the owner's IK and the owner's stream key, no other");
    for stream in [X, Y] {
        stage.tries(Phone("phone"), stream, [1], Outcome::Opened);
        stage.tries(Member("alice"), stream, [1], nothing());
        stage.tries(Member("provider"), stream, [1], nothing());
    }
    Ok(scene(stage))
}

/// Figure 4, with an expectation of what Alice gets of the audio: the paper's, or the control's.
fn alice_with(seed: u64, title: &str, audio: Outcome) -> Result<Scene> {
    let mut stage = stage(seed, title)?;
    stage.home.meet("provider")?;
    both(&mut stage)?;
    let now = stage.home.now();
    let term = Term::Window(window(now, 4_000));
    stage.home.share("phone", &[X], &["alice"], term)?;
    stage.sync_cameras()?;
    for _ in 0..3 {
        both(&mut stage)?;
    }
    stage.sync_members()?;
    stage.tries(Phone("phone"), X, 1..=4, Outcome::Opened);
    stage.tries(Phone("phone"), Y, 1..=4, Outcome::Opened);
    stage.tries(Member("alice"), X, [1], closed());
    stage.note("before the window");
    stage.tries(Member("alice"), X, 2..=3, Outcome::Opened);
    stage.tries(Member("alice"), X, [4], closed());
    stage.note("after the window");
    stage.tries(Member("alice"), Y, 1..=4, audio);
    stage.tries(Member("provider"), X, 1..=4, nothing());
    Ok(scene(stage))
}

fn alice(seed: u64) -> Result<Scene> {
    alice_with(seed, "Figure 4", nothing())
}

/// The failing control: figure 4 with one expectation that is wrong, that Alice hears audio Y.
/// Whoever reports this scene as held would report anything.
///
/// # Errors
/// None with an honest library.
pub fn control(seed: u64) -> Result<Scene> {
    alice_with(
        seed,
        "Control: figure 4, wrongly expecting that Alice hears audio Y",
        Outcome::Opened,
    )
}

fn alice_and_bob(seed: u64) -> Result<Scene> {
    let mut stage = stage(seed, "Figure 5")?;
    let term = Term::Window(window(stage.home.now(), 4_000));
    stage.home.share("phone", &[X], &["alice", "bob"], term)?;
    stage.home.share("phone", &[Y], &["bob"], term)?;
    stage
        .home
        .share("phone", &[], &["carol"], Term::AllStreams)?;
    stage.sync_cameras()?;
    for _ in 0..3 {
        both(&mut stage)?;
    }
    stage.home.pair("phone", "garden", &["video-z"])?;
    stage.record("garden", "video-z", b"a stream that came later")?;
    stage.sync_members()?;
    for stream in [X, Y] {
        stage.tries(Phone("phone"), stream, 1..=3, Outcome::Opened);
    }
    stage.tries(Member("alice"), X, 1..=2, Outcome::Opened);
    stage.tries(Member("alice"), Y, 1..=3, nothing());
    stage.tries(Member("bob"), X, 1..=2, Outcome::Opened);
    stage.tries(Member("bob"), Y, 1..=2, Outcome::Opened);
    for (member, stream) in [("alice", X), ("bob", X), ("bob", Y)] {
        stage.tries(Member(member), stream, [3], closed());
        stage.note("after the window");
    }
    stage.tries(Member("carol"), X, 1..=3, Outcome::Opened);
    stage.tries(Member("carol"), "video-z", [1], Outcome::Opened);
    stage.note("a DSK of all streams, those to come as well");
    stage.tries(Member("bob"), "video-z", [1], nothing());
    Ok(scene(stage))
}

/// The public parts of the keys of members that are announced on X, by their short names.
fn announced(stage: &mut Stage) -> Result<BTreeSet<String>> {
    let home = &mut stage.home;
    let phone = home.phones.get(&name("phone")?);
    let phone = phone.ok_or(encryptediot::error::AccountError::UnknownPhone)?;
    let keys = phone.shared_with(&*home.cloud, &name(X)?)?;
    let shared = keys.into_iter().filter(|(_, members)| !members.is_empty());
    Ok(shared
        .map(|(key, _)| kem_id(&key.public).to_string())
        .collect())
}

/// Every key of `before` is replaced: the clip is not wrapped for any of them.
fn replaced(stage: &mut Stage, before: &BTreeSet<String>, clip: u64) -> Result<()> {
    let wrapped = stage.envelopes("phone", X, clip)?;
    let still = wrapped.iter().filter(|key| before.contains(*key)).count();
    let (expected, seen) = (
        format!("{} of {} revoked", before.len(), before.len()),
        format!("{} of {} revoked", before.len() - still, before.len()),
    );
    let what = format!("keys from before clip {clip}");
    stage.row("camera", what, Outcome::says(expected), Outcome::says(seen));
    Ok(())
}

fn proliferation(seed: u64) -> Result<Scene> {
    let mut stage = stage(seed, "Figure 6")?;
    let next = |stage: &mut Stage| {
        stage.sync_cameras()?;
        both(stage)
    };
    stage
        .home
        .share("phone", &[X], &["alice"], Term::UntilRevoked)?;
    next(&mut stage)?;
    let first = announced(&mut stage)?;
    let term = Term::Window(window(stage.home.now(), 1_000_000));
    let bytes = stage.share_by_touch("phone", &[X], "bob", term)?;
    next(&mut stage)?;
    let second = announced(&mut stage)?;
    stage
        .home
        .share("phone", &[X], &["carol"], Term::UntilRevoked)?;
    next(&mut stage)?;
    let third = announced(&mut stage)?;
    stage.home.revoke("phone", &[X], "alice")?;
    next(&mut stage)?;
    stage.sync_members()?;

    replaced(&mut stage, &first, 2)?;
    stage.note(format!(
        "Bob was added by touch: {bytes} bytes, a tag holds 144"
    ));
    replaced(&mut stage, &second, 3)?;
    stage.note("Carol was added remotely");
    replaced(&mut stage, &third, 4)?;
    stage.note("Alice was removed");
    stage.tries(Member("alice"), X, 1..=3, Outcome::Opened);
    stage.tries(Member("alice"), X, [4], closed());
    stage.tries(Member("bob"), X, [1], closed());
    stage.tries(Member("bob"), X, 2..=4, Outcome::Opened);
    stage.tries(Member("carol"), X, 1..=2, closed());
    stage.tries(Member("carol"), X, 3..=4, Outcome::Opened);
    stage.tries(Phone("phone"), X, 1..=4, Outcome::Opened);
    let fits = match bytes {
        0..=144 => "fits an NFC tag",
        _ => "too large",
    };
    let fits = Outcome::says(fits);
    stage.row(
        "bob",
        "payload by touch",
        Outcome::says("fits an NFC tag"),
        fits,
    );
    Ok(scene(stage))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_the_scheme_holds() {
        assert_eq!(
            FIGURES.iter().map(|f| f.number).collect::<Vec<_>>(),
            [2, 3, 4, 5, 6]
        );
        for figure in FIGURES {
            let scene = (figure.run)(u64::from(figure.number)).unwrap();
            assert!(scene.held(), "{scene}");
            assert!(scene.rows.len() >= 6, "{scene}");
        }
    }

    #[test]
    fn the_control_fails_in_the_wrong_expectation_and_nowhere_else() {
        let scene = control(4).unwrap();
        assert!(!scene.held());
        let failed: Vec<_> = scene.rows.iter().filter(|row| !row.held()).collect();
        assert_eq!(failed.len(), 1, "{scene}");
        assert_eq!(
            (&*failed[0].who, &*failed[0].what),
            ("alice", "audio-y 1-4")
        );
        assert_eq!(scene.failures().len(), 1);
    }
}
