//! What the household does: record, enroll, share, revoke, share again, and make a link.

use super::scene::Outcome;
use super::stage::Viewer::{Member, Phone};
use super::stage::{Stage, Track};
use super::{AUDIO_STREAM, Demo, Failure, VIDEO_STREAM, tracks};
use encryptediot::error::{ClipError, GrantError, LinkError, Result};
use encryptediot::link::{self, Link};
use encryptediot::message::Time;
use encryptediot::owner::Term;
use encryptediot_testkit::household::{name, window};

/// For which reason a clip stays closed that is not wrapped for any key of the viewer's.
pub(super) fn closed() -> Outcome {
    Outcome::refused(ClipError::NoEnvelope)
}

/// For which reason a stream stays closed of which the viewer never had a key.
fn nothing() -> Outcome {
    Outcome::refused(GrantError::NothingGranted)
}

/// Some of the sessions of every track.
pub(super) fn part(tracks: &[Track], sessions: std::ops::Range<usize>) -> Vec<Track> {
    let take = |track: &Track| Track {
        camera: track.camera,
        stream: track.stream,
        sessions: track
            .sessions
            .iter()
            .skip(sessions.start)
            .take(sessions.len())
            .cloned()
            .collect(),
    };
    tracks.iter().map(take).collect()
}

/// The story up to where the provider begins to cheat.
pub(super) fn play(demo: &mut Demo<'_>) -> std::result::Result<(), Failure> {
    let tracks = tracks()?;
    let counts: Vec<u64> = tracks.iter().map(|t| t.sessions.len() as u64).collect();
    let lengths: Vec<Time> = tracks
        .iter()
        .flat_map(|t| t.sessions.iter().map(|(_, length)| *length))
        .take(tracks.first().map_or(0, |t| t.sessions.len()))
        .collect();
    let (video, audio) = (
        counts.first().copied().unwrap_or(0),
        counts.get(1).copied().unwrap_or(0),
    );
    let begin = demo.stage.home.now();
    alone(demo, &tracks, video, audio)?;
    second_phone(demo, video)?;
    shared(demo, &tracks, &lengths, video, audio)?;
    revoked(demo, &tracks)?;
    shared_again(demo, &tracks)?;
    past(demo, begin, &lengths)?;
    linked(demo)
}

fn alone(
    demo: &mut Demo<'_>,
    tracks: &[Track],
    video: u64,
    audio: u64,
) -> std::result::Result<(), Failure> {
    demo.scene("Nothing is shared yet");
    for member in ["alice", "provider"] {
        demo.stage.home.meet(member)?;
    }
    demo.stage.roll(tracks)?;
    demo.stage.sync_members()?;
    let (owner, stage) = (Phone("owner"), &mut demo.stage);
    let got = stage.tries(owner, VIDEO_STREAM, 1..=video, Outcome::Opened);
    demo.keep("owner.ts", VIDEO_STREAM, 1..=video, got);
    let stage = &mut demo.stage;
    let got = stage.tries(owner, AUDIO_STREAM, 1..=audio, Outcome::Opened);
    demo.keep("owner-audio.ts", AUDIO_STREAM, 1..=audio, got);
    for member in ["alice", "provider"] {
        let stage = &mut demo.stage;
        stage.tries(Member(member), VIDEO_STREAM, 1..=video, nothing());
    }
    demo.stage.note("it stores every object, and holds no key");
    Ok(())
}

fn second_phone(demo: &mut Demo<'_>, video: u64) -> std::result::Result<(), Failure> {
    demo.scene("A second phone is enrolled with the passphrase");
    let home = &mut demo.stage.home;
    // Shown by the first phone, scanned by the second: the cloud cannot show it an older account.
    let checkpoint = home.phone("owner")?.checkpoint();
    home.enroll("second-phone", Some(&checkpoint))?;
    demo.stage.sync_cameras()?;
    let (phone, stage) = (Phone("second-phone"), &mut demo.stage);
    let got = stage.tries(phone, VIDEO_STREAM, 1..=video, Outcome::Opened);
    demo.keep("second-phone.ts", VIDEO_STREAM, 1..=video, got);
    Ok(())
}

fn shared(
    demo: &mut Demo<'_>,
    tracks: &[Track],
    lengths: &[Time],
    video: u64,
    audio: u64,
) -> std::result::Result<(), Failure> {
    demo.scene(
        "Alice is given the video for a window, Bob video and audio, the provider the video",
    );
    let stage = &mut demo.stage;
    // The window leaves out the first session to come and the last.
    let (whole, last): (Time, _) = (lengths.iter().sum(), lengths.last().copied().unwrap_or(0));
    let first = lengths.first().copied().unwrap_or(0);
    let from = stage.home.now() + first;
    let term = Term::Window(window(from, whole.saturating_sub(first + last)));
    stage
        .home
        .share("owner", &[VIDEO_STREAM], &["alice"], term)?;
    let both = [VIDEO_STREAM, AUDIO_STREAM];
    let bytes = stage.share_by_touch("owner", &both, "bob", Term::UntilRevoked)?;
    let until_revoked = Term::UntilRevoked;
    stage
        .home
        .share("owner", &[VIDEO_STREAM], &["provider"], until_revoked)?;
    stage.sync()?;
    stage.roll(tracks)?;
    stage.sync_members()?;

    let touch = Outcome::says(match bytes {
        0..=144 => "fits an NFC tag of 144 bytes",
        _ => "too large for an NFC tag",
    });
    let expected = Outcome::says("fits an NFC tag of 144 bytes");
    stage.row("bob", format!("by touch: {bytes} bytes"), expected, touch);
    let window = video + 2..=2 * video - 1;
    let got = stage.tries(
        Member("alice"),
        VIDEO_STREAM,
        window.clone(),
        Outcome::Opened,
    );
    demo.keep("alice.ts", VIDEO_STREAM, window, got);
    let (stage, alice) = (&mut demo.stage, Member("alice"));
    stage.tries(alice, VIDEO_STREAM, [video + 1, 2 * video], closed());
    stage.note("before and after the window");
    stage.tries(alice, AUDIO_STREAM, audio + 1..=2 * audio, nothing());
    let (bob, provider) = (Member("bob"), Member("provider"));
    let (videos, audios) = (video + 1..=2 * video, audio + 1..=2 * audio);
    for (who, stream, clips, file) in [
        (bob, VIDEO_STREAM, &videos, "bob.ts"),
        (bob, AUDIO_STREAM, &audios, "bob-audio.ts"),
        (provider, VIDEO_STREAM, &videos, "provider.ts"),
    ] {
        let got = demo
            .stage
            .tries(who, stream, clips.clone(), Outcome::Opened);
        demo.keep(file, stream, clips.clone(), got);
    }
    let stage = &mut demo.stage;
    stage.tries(provider, AUDIO_STREAM, audios, nothing());
    stage.tries(bob, VIDEO_STREAM, 1..=video, closed());
    stage.note("recorded before it was shared");
    Ok(())
}

/// What the owner's phone must say, and says, of the revocation that was made last.
pub(super) fn status(stage: &mut Stage, what: &str, in_effect: Option<u64>) -> Result<()> {
    let words = |first: Option<u64>| match first {
        Some(first) => Outcome::says(format!("in effect from clip {first}")),
        None => Outcome::says("revoked, not yet in effect"),
    };
    let seen = stage.revocation("owner", VIDEO_STREAM)?;
    stage.row("owner", what, words(in_effect), words(seen));
    Ok(())
}

fn revoked(demo: &mut Demo<'_>, tracks: &[Track]) -> std::result::Result<(), Failure> {
    demo.scene("Bob is revoked");
    let (stage, bob) = (&mut demo.stage, Member("bob"));
    let both = [VIDEO_STREAM, AUDIO_STREAM];
    stage.home.revoke("owner", &both, "bob")?;
    status(stage, "asks for Bob's status", None)?;
    stage.roll(&part(tracks, 0..1))?;
    stage.sync_members()?;
    let clip = stage.count(VIDEO_STREAM);
    stage.tries(bob, VIDEO_STREAM, [clip], Outcome::Opened);
    stage.note("the camera has not heard of it yet");
    stage.sync_cameras()?;
    status(stage, "asks again", Some(clip + 1))?;
    stage.note("the camera has acknowledged it");
    stage.roll(&part(tracks, 1..2))?;
    stage.sync_members()?;
    for stream in both {
        stage.tries(bob, stream, [stage.count(stream)], closed());
    }
    Ok(())
}

fn shared_again(demo: &mut Demo<'_>, tracks: &[Track]) -> std::result::Result<(), Failure> {
    demo.scene("Bob is given the video again; Alice's window is over");
    let stage = &mut demo.stage;
    let streams = [VIDEO_STREAM];
    stage
        .home
        .share("owner", &streams, &["bob"], Term::UntilRevoked)?;
    stage.sync()?;
    let (video, audio) = (stage.count(VIDEO_STREAM), stage.count(AUDIO_STREAM));
    stage.roll(&part(tracks, 2..usize::MAX))?;
    stage.sync_members()?;
    let videos = video + 1..=stage.count(VIDEO_STREAM);
    let audios = audio + 1..=stage.count(AUDIO_STREAM);
    let bob = Member("bob");
    stage.tries(bob, VIDEO_STREAM, videos.clone(), Outcome::Opened);
    stage.tries(bob, AUDIO_STREAM, audios, closed());
    stage.tries(Member("alice"), VIDEO_STREAM, videos, closed());
    Ok(())
}

fn past(demo: &mut Demo<'_>, begin: Time, lengths: &[Time]) -> std::result::Result<(), Failure> {
    demo.scene("Alice is given a window that has passed (the video is not encrypted again)");
    let stage = &mut demo.stage;
    let (first, next): (Time, Time) = (
        lengths.iter().take(1).sum(),
        lengths.iter().skip(1).take(2).sum(),
    );
    let (stream, alice) = (name(VIDEO_STREAM)?, name("alice")?);
    stage.home.act("owner", |owner, env| {
        owner.share_past(&stream, &[alice], window(begin + first, next), env)
    })?;
    stage.sync_members()?;
    let got = stage.tries(Member("alice"), VIDEO_STREAM, 2..=3, Outcome::Opened);
    demo.keep("alice-past.ts", VIDEO_STREAM, 2..=3, got);
    let stage = &mut demo.stage;
    stage.tries(Member("alice"), VIDEO_STREAM, [1], closed());
    Ok(())
}

fn linked(demo: &mut Demo<'_>) -> std::result::Result<(), Failure> {
    demo.scene("A link to two clips, for whoever has its text");
    let stage = &mut demo.stage;
    let (stream, now) = (name(VIDEO_STREAM)?, stage.home.now());
    let until = now + 60 * 60 * 1000;
    let link = stage.home.act("owner", |owner, env| {
        owner.make_link(&stream, &[1, 2], until, env)
    })?;
    let text = link.to_text();
    let clips = [1, 2].into_iter().filter_map(|clip| {
        let place = (VIDEO_STREAM.to_owned(), clip);
        stage.truth.get(&place)
    });
    let truth: Vec<u8> = clips.flatten().copied().collect();
    let (got, result) = visit(stage, &text, now);
    let seen = Outcome::of(&result, &got, Some(&truth));
    stage.row("visitor", "the link: video 1-2", Outcome::Opened, seen);
    demo.keep("link.ts", VIDEO_STREAM, 1..=2, got);
    // The provider sees where the link lies, not what stands after the `#`.
    let stage = &mut demo.stage;
    let other = Link::generate(link.account, &mut stage.home.rng)?.to_text();
    let place = text.split_once('#').map_or("", |(place, _)| place);
    let secret = other.split_once('#').map_or("", |(_, secret)| secret);
    let (got, result) = visit(stage, &format!("{place}#{secret}"), now);
    let seen = Outcome::of(&result, &got, Some(&truth));
    stage.row(
        "provider",
        "the link without its secret",
        Outcome::refused(LinkError::Open),
        seen,
    );
    let (got, result) = visit(stage, &text, until);
    let seen = Outcome::of(&result, &got, Some(&truth));
    stage.row(
        "visitor",
        "the link, an hour later",
        Outcome::refused(LinkError::Expired),
        seen,
    );
    Ok(())
}

/// What somebody with nothing but a link's text gets at a time.
fn visit(stage: &mut Stage, text: &str, now: Time) -> (Vec<u8>, Result<()>) {
    let mut out = Vec::new();
    let result = link::read(&*stage.home.cloud, text, now, &mut out);
    (out, result)
}

/// The end: through all of it, the owner has lost nothing.
pub(super) fn end(demo: &mut Demo<'_>) -> std::result::Result<(), Failure> {
    demo.scene("The owner looks back");
    for stream in [VIDEO_STREAM, AUDIO_STREAM] {
        let clips = 1..=demo.stage.count(stream);
        demo.stage
            .tries(Phone("owner"), stream, clips, Outcome::Opened);
    }
    Ok(())
}
