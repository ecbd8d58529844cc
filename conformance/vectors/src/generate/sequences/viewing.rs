//! Viewers against a provider that withholds, swaps, cuts and repeats clips.

use encryptediot::owner::Term;

use super::super::super::Result;
use super::super::builder::Builder;
use super::home::{Home, Objects, plaintext};
use super::play::{About, Play, Sees};

/// The sequences.
pub fn sequences(out: &mut Builder) -> Result<()> {
    for who in ["phone", "alice"] {
        let home = home(220)?;
        withheld(&home, who, out)?;
        swapped(&home, who, out)?;
        bodies(&home, who, out)?;
        announcements(&home, who, out)?;
        forked(who, out)?;
        stolen(who, out)?;
    }
    Ok(())
}

/// Four clips of x and one of y, both shared with alice; everything that is in the cloud.
struct Recorded {
    home: Home,
    all: Objects,
}

fn home(seed: u64) -> Result<Recorded> {
    let mut home = Home::new(seed)?;
    home.pair("door", 5, &["x", "y"])?;
    home.meet("alice", 8)?;
    home.share(&["x", "y"], &["alice"], Term::UntilRevoked)?;
    home.obey("door")?;
    for _ in 0..4 {
        home.record("door", "x")?;
    }
    home.record("door", "y")?;
    let all = home.all()?;
    Ok(Recorded { home, all })
}

/// A viewer who has everything but clips.
fn viewer(recorded: &Recorded, who: &str) -> Result<Play> {
    let mut play = recorded.home.play();
    play.put(
        "the account, without clips",
        &recorded.all.without("manifests/").without("bodies/"),
    );
    match who {
        "phone" => play.sync_new_phone(&recorded.home)?,
        member => {
            play.pinned(member)?;
            play.member_syncs(member, (1, 2, &[]), "the keys of x and y");
        }
    }
    Ok(play)
}

fn end(play: Play, out: &mut Builder, name: &str, comment: &str, checks: &[&str], flags: &[&str]) {
    play.end(
        out,
        &About {
            name,
            comment,
            checks,
            flags,
        },
    );
}

fn manifest(stream: &str, number: u64) -> String {
    format!("manifests/{stream}/{number:012}")
}

/// A clip's manifest and body.
fn clip(recorded: &Recorded, stream: &str, number: u64) -> Result<Objects> {
    let one = recorded.all.only(&manifest(stream, number));
    Ok(one.and(&recorded.all.only(&body(recorded, stream, number)?)))
}

/// The path of a clip's body.
fn body(recorded: &Recorded, stream: &str, number: u64) -> Result<String> {
    let signed = recorded.all.bytes(&manifest(stream, number))?;
    let payload = encryptediot::cose::unverified_payload(&signed)?;
    let account = &recorded.home.world.account;
    let manifest: encryptediot::clip::Manifest = encryptediot::message::decode(account, &payload)?;
    Ok(format!("bodies/{}", manifest.clip))
}

fn withheld(recorded: &Recorded, who: &str, out: &mut Builder) -> Result<()> {
    let mut play = viewer(recorded, who)?;
    play.views(
        who,
        ("x", 1),
        Sees::Not("no-such-clip"),
        "nothing was recorded, so it seems",
    );
    play.put(
        "the provider shows clips 1 and 3",
        &clip(recorded, "x", 1)?.and(&clip(recorded, "x", 3)?),
    );
    play.views(who, ("x", 1), Sees::New, "clip 1");
    play.views(who, ("x", 3), Sees::New, "clip 3");
    play.views(
        who,
        ("x", 2),
        Sees::Not("clip-missing"),
        "clip 2 is withheld, and that shows",
    );
    play.views(
        who,
        ("x", 4),
        Sees::Not("no-such-clip"),
        "the newest held back looks like a camera that is offline",
    );
    play.restart(who, "the device is switched off and on");
    play.views(who, ("x", 2), Sees::Not("clip-missing"), "it remembers");
    let two = clip(recorded, "x", 2)?;
    play.put("clip 2 without its body", &two.without("bodies/"));
    play.views(
        who,
        ("x", 2),
        Sees::Cut("clip-missing", Vec::new()),
        "its body is withheld",
    );
    play.put("clip 2 comes after all", &two);
    play.views(who, ("x", 2), Sees::New, "it is shown");
    end(
        play,
        out,
        &format!("{who}.withheld"),
        "The provider withholds clips: a gap shows.",
        &["CLAIM-CLIP-GAP", "CLAIM-CLIP-ONCE", "SPEC#viewing"],
        &["Withheld", "Restart"],
    );
    Ok(())
}

fn swapped(recorded: &Recorded, who: &str, out: &mut Builder) -> Result<()> {
    let mut play = viewer(recorded, who)?;
    play.put("every clip", &recorded.all);
    let two = recorded.all.bytes(&manifest("x", 2))?;
    play.put(
        "clip 2's manifest in place of clip 1's",
        &recorded.all.at(&manifest("x", 1), &two)?,
    );
    play.views(
        who,
        ("x", 1),
        Sees::Not("wrong-sequence"),
        "it is another clip's",
    );
    let y = recorded.all.bytes(&manifest("y", 1))?;
    play.put(
        "y's manifest in place of x's",
        &recorded.all.at(&manifest("x", 1), &y)?,
    );
    play.views(
        who,
        ("x", 1),
        Sees::Not("wrong-stream"),
        "it is another stream's",
    );
    let mut altered = recorded.all.bytes(&manifest("x", 1))?;
    if let Some(last) = altered.last_mut() {
        *last ^= 1;
    }
    play.put(
        "an altered manifest",
        &recorded.all.at(&manifest("x", 1), &altered)?,
    );
    play.views(
        who,
        ("x", 1),
        Sees::Not("invalid-signature"),
        "the camera did not sign it",
    );
    play.put(
        "no manifest, but bytes",
        &recorded.all.at(&manifest("x", 1), &[])?,
    );
    play.views(who, ("x", 1), Sees::Not("malformed"), "no message");
    play.put("everything as it was", &recorded.all);
    play.views(who, ("x", 1), Sees::New, "clip 1 opens after all that");
    let bodies = recorded
        .all
        .swapped(&body(recorded, "x", 3)?, &body(recorded, "x", 4)?)?;
    play.put("the bodies of clips 3 and 4 have changed places", &bodies);
    play.views(
        who,
        ("x", 3),
        Sees::Cut("segment-altered", Vec::new()),
        "it is not what the camera signed",
    );
    play.views(
        who,
        ("x", 4),
        Sees::Cut("segment-altered", Vec::new()),
        "nor is this",
    );
    play.put("and back", &recorded.all);
    play.views(
        who,
        ("x", 3),
        Sees::New,
        "clip 3: what was refused was not shown",
    );
    end(
        play,
        out,
        &format!("{who}.swapped"),
        "The provider serves one object in place of another.",
        &[
            "CLAIM-CLIP-ORIGIN",
            "CLAIM-STREAM-ISOLATION",
            "SPEC#viewing",
        ],
        &["Swapped", "WrongStream"],
    );
    Ok(())
}

fn bodies(recorded: &Recorded, who: &str, out: &mut Builder) -> Result<()> {
    let mut play = viewer(recorded, who)?;
    play.put("every clip", &recorded.all);
    let path = body(recorded, "x", 1)?;
    let good = recorded.all.bytes(&path)?;
    let nothing = || Vec::new();
    for (comment, altered, reason) in [
        (
            "cut by one byte",
            super::super::forms::cut(&good),
            "body-truncated",
        ),
        ("empty", Vec::new(), "body-truncated"),
        ("with a byte more", [&*good, &[0]].concat(), "body-trailing"),
        ("twice in a row", [&*good, &*good].concat(), "body-trailing"),
        (
            "with its first bit flipped",
            super::super::forms::flip(&good, 0),
            "segment-altered",
        ),
    ] {
        play.put(
            &format!("the body {comment}"),
            &recorded.all.at(&path, &altered)?,
        );
        play.views(
            who,
            ("x", 1),
            Sees::Cut(reason, nothing()),
            "nothing of it is shown",
        );
    }
    play.put("the body as it was", &recorded.all.at(&path, &good)?);
    play.views(who, ("x", 1), Sees::New, "it is shown, as new");
    end(
        play,
        out,
        &format!("{who}.bodies"),
        "The provider alters a body.",
        &["CLAIM-PREFIX", "CLAIM-CLIP-ORIGIN", "SPEC#viewing"],
        &["Prefix", "Truncated"],
    );
    Ok(())
}

fn announcements(recorded: &Recorded, who: &str, out: &mut Builder) -> Result<()> {
    let all = &recorded.all;
    let mut play = viewer(recorded, who)?;
    play.put("every clip", all);
    let (first, second) = ("announcements/x/00000001", "announcements/x/00000002");
    play.remove(
        "the announcement that the viewer has is gone",
        &all.only(second),
    );
    let refused = |play: &mut Play, reason: &str, comment: &str| match who {
        "phone" => play.sync("phone", Some(reason), comment),
        member => play.member_syncs(member, (0, 0, &[reason]), comment),
    };
    refused(
        &mut play,
        "announcement-rollback",
        "the cloud went back behind it",
    );
    let one = all.bytes(first)?;
    play.put("the first in place of the second", &all.at(second, &one)?);
    refused(
        &mut play,
        "announcement-rollback",
        "an older one lies there",
    );
    let mut other = recorded.home.announcement(&all.bytes(second)?)?.body;
    other.issued += 1;
    let other = recorded.home.world.state(other)?;
    play.put("another second one", &all.at(second, &other)?);
    refused(&mut play, "announcement-fork", "another one lies there");
    play.put("everything as it was", all);
    match who {
        "phone" => play.sync("phone", None, "it goes on"),
        member => play.member_syncs(member, (0, 0, &[]), "it goes on"),
    }
    play.views(who, ("x", 1), Sees::New, "and views");
    end(
        play,
        out,
        &format!("{who}.rollback"),
        "The provider takes announcements back.",
        &["CLAIM-NO-ROLLBACK", "SPEC#what-the-camera-checks"],
        &["Rollback", "Restart"],
    );
    Ok(())
}

/// A camera that lost its state records another clip of a number that was used.
fn forked(who: &str, out: &mut Builder) -> Result<()> {
    let mut recorded = home(221)?;
    let stored = recorded.home.stored_camera("door")?;
    let five = recorded.home.record("door", "x")?;
    let six = recorded.home.record("door", "x")?;
    recorded.home.restore_camera("door", &stored)?;
    // The household's cloud holds the first: the second goes into a cloud of its own.
    let copy = recorded.home.fork()?;
    recorded.home.move_to(copy)?;
    for path in five.and(&six).0.keys() {
        recorded.home.house.cloud.delete(path)?;
    }
    let other = recorded
        .home
        .record_bytes("door", "x", b"another clip 5", 1_000)?;
    let other_six = recorded
        .home
        .record_bytes("door", "x", b"another clip 6", 1_000)?;
    let mut play = viewer(&recorded, who)?;
    play.put("four clips and a fifth", &recorded.all.and(&five));
    play.views(who, ("x", 5), Sees::New, "clip 5");
    play.put("another clip 5 by the same camera", &other);
    play.views(
        who,
        ("x", 5),
        Sees::Not("manifest-fork"),
        "it is not the one seen there before",
    );
    play.put("a clip 6 that follows the other clip 5", &other_six);
    play.views(
        who,
        ("x", 6),
        Sees::Not("manifest-chain"),
        "it does not follow the one seen",
    );
    play.restart(who, "the device is switched off and on");
    play.views(who, ("x", 6), Sees::Not("manifest-chain"), "it remembers");
    play.put("the clip 6 that does", &six);
    play.views(who, ("x", 6), Sees::New, "clip 6");
    end(
        play,
        out,
        &format!("{who}.fork"),
        "A camera that was set back records another clip of the same number.",
        &["CLAIM-CLIP-ORIGIN", "CLAIM-CLIP-ONCE", "SPEC#viewing"],
        &["Fork", "Restart"],
    );
    Ok(())
}

/// What whoever stole the camera has of the past: its stored state.
fn stolen(who: &str, out: &mut Builder) -> Result<()> {
    let mut recorded = home(222)?;
    let stored = recorded.home.stored_camera("door")?;
    let mut play = viewer(&recorded, who)?;
    play.put("every clip", &recorded.all);
    play.views(who, ("x", 1), Sees::New, "clip 1");
    // The only key in what the camera stores is the one that it signs with.
    if !stored.windows(32).any(|bytes| bytes == [5; 32]) {
        let why = "the camera's key is not in its state".to_owned();
        return Err(super::super::super::Error::Generate(why));
    }
    recorded
        .home
        .facts
        .members
        .insert("thief".to_owned(), [5; 32]);
    let mut theft = recorded.home.play();
    theft.put("every clip", &recorded.all);
    theft.pinned("thief")?;
    theft.member_syncs(
        "thief",
        (0, 0, &[]),
        "the stolen camera's key is nobody's member key",
    );
    for number in 1..=4 {
        theft.views(
            "thief",
            ("x", number),
            Sees::Not("nothing-granted"),
            "no clip that it finished opens with it",
        );
    }
    if who == "phone" {
        end(
            theft,
            out,
            "camera.stolen",
            "Whoever takes a camera's key opens nothing of what it recorded.",
            &["CLAIM-STOLEN-CAMERA", "SPEC#clips"],
            &["Isolation"],
        );
    }
    let usual = plaintext("x", 2);
    play.views(
        who,
        ("x", 2),
        Sees::Bytes(usual),
        "the owner's viewers go on",
    );
    end(
        play,
        out,
        &format!("{who}.after-theft"),
        "Clips stay genuine after their camera was stolen.",
        &["CLAIM-STOLEN-CAMERA", "SPEC#clips"],
        &["Valid"],
    );
    Ok(())
}
