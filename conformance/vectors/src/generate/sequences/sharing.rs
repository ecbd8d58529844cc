//! Members: what they are given, what they open, what a provider can do about it.

use encryptediot::grant;
use encryptediot::owner::Term;
use encryptediot::{message, past, statement};
use encryptediot_testkit::household::name;

use super::super::super::{Error, Result};
use super::super::builder::Builder;
use super::super::world::{kem, rng};
use super::home::{Home, Objects};
use super::play::{About, Play, Sees};

/// The sequences.
pub fn sequences(out: &mut Builder) -> Result<()> {
    share(out)?;
    revoke(out)?;
    late(out)?;
    window(out)?;
    everything(out)?;
    touch(out)?;
    introductions(out)?;
    provider(out)?;
    past(out)?;
    past_elsewhere(out)
}

/// A household with the camera `door` and the members alice and bob.
fn home(seed: u64) -> Result<Home> {
    let mut home = Home::new(seed)?;
    home.pair("door", 5, &["x", "y"])?;
    home.meet("alice", 8)?;
    home.meet("bob", 14)?;
    Ok(home)
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

/// The camera takes what was announced, and everything that is new is put into the view.
fn obeyed(home: &mut Home, news: Objects) -> Result<Objects> {
    let obeyed = home.obey("door")?;
    Ok(news.and(&obeyed))
}

fn share(out: &mut Builder) -> Result<()> {
    let mut home = home(200)?;
    home.record("door", "x")?;
    let news = home.share(&["x"], &["alice"], Term::UntilRevoked)?;
    let start = home.all()?.and(&news);
    obeyed(&mut home, news)?;
    home.record("door", "x")?;
    home.record("door", "y")?;
    let all = home.all()?;
    let mut play = home.play();
    play.pinned("alice")?;
    play.pinned("bob")?;
    play.put("the first share, not yet acknowledged", &start);
    play.member_syncs("alice", (1, 1, &[]), "one introduction, one key");
    play.member_syncs("alice", (0, 0, &[]), "nothing is new");
    play.views(
        "alice",
        ("x", 1),
        Sees::Not("no-envelope"),
        "clip 1 is from before the share",
    );
    play.put("the camera took it and recorded", &all);
    play.views("alice", ("x", 2), Sees::New, "clip 2 of x");
    play.views(
        "alice",
        ("x", 2),
        Sees::Again,
        "the same once more is no new event",
    );
    play.restart("alice", "alice's device is switched off and on");
    play.views(
        "alice",
        ("x", 2),
        Sees::Again,
        "it remembers what it showed",
    );
    play.views(
        "alice",
        ("y", 1),
        Sees::Not("nothing-granted"),
        "y was not shared",
    );
    play.views(
        "alice",
        ("x", 3),
        Sees::Not("no-such-clip"),
        "there is no clip 3",
    );
    play.member_syncs("bob", (0, 0, &[]), "nothing is there for bob");
    play.views(
        "bob",
        ("x", 2),
        Sees::Not("nothing-granted"),
        "bob was given nothing",
    );
    play.sync_new_phone(&home)?;
    play.views("phone", ("x", 1), Sees::New, "the owner sees clip 1");
    play.views("phone", ("y", 1), Sees::New, "and that of y");
    end(
        play,
        out,
        "member.share",
        "A stream is shared with one of two members: who opens what.",
        &[
            "CLAIM-CLIP-SECRECY",
            "CLAIM-STREAM-ISOLATION",
            "CLAIM-CLIP-ONCE",
            "CLAIM-LATE-JOINER",
            "SPEC#sharing",
        ],
        &["Valid", "Isolation", "Restart"],
    );
    Ok(())
}

fn revoke(out: &mut Builder) -> Result<()> {
    let mut home = home(201)?;
    let news = home.share(&["x"], &["alice", "bob"], Term::UntilRevoked)?;
    obeyed(&mut home, news)?;
    home.record("door", "x")?;
    let before = home.all()?;
    let revoked = home.revoke(&["x"], "alice")?;
    let held_back = home.record("door", "x")?;
    let acknowledged = home.obey("door")?;
    let after = home.record("door", "x")?;
    let news = home.share(&["x"], &["alice"], Term::UntilRevoked)?;
    let again = obeyed(&mut home, news)?;
    let again = again.and(&home.record("door", "x")?);
    let mut play = home.play();
    play.pinned("alice")?;
    play.pinned("bob")?;
    play.put("x is shared with both", &before);
    play.member_syncs("alice", (1, 1, &[]), "alice has a key");
    play.member_syncs("bob", (1, 1, &[]), "bob has it, too");
    play.views("alice", ("x", 1), Sees::New, "alice opens clip 1");
    play.views("bob", ("x", 1), Sees::New, "bob does, too");
    play.put(
        "alice is revoked, and the camera has not heard of it",
        &revoked.and(&held_back),
    );
    play.sync_new_phone(&home)?;
    play.status(
        "phone",
        &[("x", 3, false), ("y", 1, true)],
        "the revocation is not in effect",
    );
    play.member_syncs("alice", (0, 0, &[]), "no new key for alice");
    play.member_syncs("bob", (0, 1, &[]), "a new one for bob");
    play.views(
        "alice",
        ("x", 2),
        Sees::New,
        "until the camera hears of it, alice opens what it records",
    );
    play.put(
        "the camera acknowledges, and records",
        &acknowledged.and(&after),
    );
    play.status(
        "phone",
        &[("x", 3, true), ("y", 1, true)],
        "now the revocation is in effect",
    );
    play.views(
        "alice",
        ("x", 3),
        Sees::Not("no-envelope"),
        "alice opens nothing more",
    );
    play.views("alice", ("x", 1), Sees::Again, "what was seen stays seen");
    play.views("bob", ("x", 3), Sees::New, "bob goes on");
    play.put("alice is given x again", &again);
    play.member_syncs("alice", (0, 1, &[]), "a key for alice");
    play.views("alice", ("x", 4), Sees::New, "what is recorded from now on");
    play.views(
        "alice",
        ("x", 3),
        Sees::Not("no-envelope"),
        "and nothing of the time between",
    );
    play.member_syncs("bob", (0, 1, &[]), "bob's next key");
    play.views("bob", ("x", 4), Sees::New, "bob sees clip 4 as well");
    end(
        play,
        out,
        "member.revoke",
        "A member is revoked and, later, given the stream again.",
        &[
            "CLAIM-REVOCATION",
            "CLAIM-LATE-JOINER",
            "SPEC#what-the-owner-does",
            "SPEC#acknowledgement",
        ],
        &["Revocation", "Acknowledged"],
    );
    Ok(())
}

fn late(out: &mut Builder) -> Result<()> {
    let mut home = home(202)?;
    let news = home.share(&["x"], &["alice"], Term::UntilRevoked)?;
    obeyed(&mut home, news)?;
    home.record("door", "x")?;
    for _ in 0..2 {
        let news = home.rotate(&["x"])?;
        obeyed(&mut home, news)?;
        home.record("door", "x")?;
    }
    let news = home.share(&["x"], &["bob"], Term::UntilRevoked)?;
    obeyed(&mut home, news)?;
    home.record("door", "x")?;
    let all = home.all()?;
    let mut play = home.play();
    play.pinned("alice")?;
    play.pinned("bob")?;
    play.put("three epochs for alice, a fourth with bob", &all);
    play.member_syncs("alice", (1, 4, &[]), "alice was offline and catches up");
    play.member_syncs("bob", (1, 1, &[]), "bob has the last key alone");
    for clip in 1..=4 {
        play.views("alice", ("x", clip), Sees::New, "alice opens it");
    }
    for clip in 1..=3 {
        play.views(
            "bob",
            ("x", clip),
            Sees::Not("no-envelope"),
            "from before bob's first epoch",
        );
    }
    play.views(
        "bob",
        ("x", 4),
        Sees::New,
        "bob opens what was recorded since",
    );
    end(
        play,
        out,
        "member.late",
        "Keys rotate; one member comes late, another was offline.",
        &[
            "CLAIM-LATE-JOINER",
            "CLAIM-STREAM-KEYS",
            "SPEC#announcements",
        ],
        &["Revocation", "Valid"],
    );
    Ok(())
}

fn window(out: &mut Builder) -> Result<()> {
    let mut home = home(203)?;
    let now = home.house.now();
    let window = encryptediot::announcement::Window {
        from: now,
        until: now + 2_500,
    };
    let news = home.share(&["x"], &["alice"], Term::Window(window))?;
    obeyed(&mut home, news)?;
    for _ in 0..4 {
        home.record("door", "x")?;
    }
    let all = home.all()?;
    let mut play = home.play();
    play.pinned("alice")?;
    play.put(
        "a window of two and a half seconds, four clips of one",
        &all,
    );
    play.member_syncs("alice", (1, 1, &[]), "the TDSK");
    play.views("alice", ("x", 1), Sees::New, "the first second");
    play.views("alice", ("x", 2), Sees::New, "the second one");
    play.views(
        "alice",
        ("x", 3),
        Sees::Not("no-envelope"),
        "it spans the end of the window",
    );
    play.views(
        "alice",
        ("x", 4),
        Sees::Not("no-envelope"),
        "after the window",
    );
    play.sync_new_phone(&home)?;
    play.views("phone", ("x", 3), Sees::New, "the owner sees all");
    end(
        play,
        out,
        "member.window",
        "A stream is shared for a window.",
        &["CLAIM-WINDOW", "SPEC#sharing"],
        &["Window"],
    );
    Ok(())
}

fn everything(out: &mut Builder) -> Result<()> {
    let mut home = home(204)?;
    let news = home.share(&["x"], &["alice"], Term::AllStreams)?;
    obeyed(&mut home, news)?;
    home.record("door", "y")?;
    let before = home.all()?;
    let mut later = home.pair("hall", 15, &["z"])?;
    later = later.and(&home.obey("hall")?);
    later = later.and(&home.record("hall", "z")?);
    let mut play = home.play();
    play.pinned("alice")?;
    play.put("alice is given every stream", &before);
    play.member_syncs("alice", (1, 2, &[]), "a key for x and one for y");
    play.views("alice", ("y", 1), Sees::New, "y as well");
    play.put("a second camera is paired", &later);
    play.member_syncs(
        "alice",
        (0, 1, &[]),
        "its stream's key, without being asked",
    );
    play.views("alice", ("z", 1), Sees::New, "its first clip");
    end(
        play,
        out,
        "member.every-stream",
        "A member with every stream is given those that come later.",
        &["CLAIM-NEW-STREAMS", "SPEC#what-the-owner-does"],
        &["Valid"],
    );
    Ok(())
}

fn touch(out: &mut Builder) -> Result<()> {
    let mut home = home(205)?;
    let (news, payload) = home.touch(&["x"], "alice")?;
    obeyed(&mut home, news)?;
    home.record("door", "x")?;
    let all = home.all()?;
    let mut play = home.play();
    play.member("alice", "alice's device");
    play.touch("alice", &payload, None, "the owner's phone is held to hers");
    play.touch("alice", &payload, None, "once more: it says the same");
    play.put("x is shared with alice by touch", &all);
    play.member_syncs("alice", (0, 1, &[]), "the key, without an introduction");
    play.views("alice", ("x", 1), Sees::New, "clip 1");
    play.restart("alice", "the device is switched off and on");
    play.member_syncs("alice", (0, 0, &[]), "nothing is accepted twice");
    play.views("alice", ("x", 1), Sees::Again, "seen before");
    end(
        play,
        out,
        "member.touch",
        "A member is met by touch.",
        &["CLAIM-GRANT-AGREEMENT", "CLAIM-GRANT-ONCE", "SPEC#contacts"],
        &["Valid", "Replay"],
    );
    let mut play = home.play();
    play.member("alice", "alice's device");
    let number = play.number("alice")?;
    let wrong: String = number.chars().rev().collect();
    play.pin(
        "alice",
        &wrong,
        Some("safety-number"),
        "the numbers differ: a key was exchanged on the way",
    );
    play.pin("alice", "", Some("safety-number"), "nothing was read out");
    play.pin("alice", &number, None, "they agree");
    play.pin("alice", &number, None, "once more changes nothing");
    end(
        play,
        out,
        "member.pin",
        "A member pins an account only where the numbers agree.",
        &["CLAIM-ROOT", "SPEC#contacts"],
        &["SafetyNumber"],
    );
    Ok(())
}

fn introductions(out: &mut Builder) -> Result<()> {
    let mut home = home(206)?;
    let news = home.share(&["x"], &["alice"], Term::UntilRevoked)?;
    obeyed(&mut home, news)?;
    home.record("door", "x")?;
    let all = home.all()?;
    let mut play = home.play();
    play.pinned("alice")?;
    play.pinned("bob")?;
    play.put(
        "the provider holds the introduction back",
        &all.without("introductions/"),
    );
    play.member_syncs("alice", (0, 0, &[]), "no introduction, no key");
    play.views(
        "alice",
        ("x", 1),
        Sees::Not("nothing-granted"),
        "and nothing to see",
    );
    play.put("the introduction comes late", &all.only("introductions/"));
    play.member_syncs("alice", (1, 1, &[]), "it is accepted, and the key found");
    play.views("alice", ("x", 1), Sees::New, "clip 1");
    let introduction = all.bytes("introductions/")?;
    let path = all.path("introductions/")?;
    let second = path.replace("00000001", "00000002");
    play.put(
        "it comes again under another number",
        &Objects::just(second.clone(), introduction.clone()),
    );
    play.member_syncs(
        "alice",
        (0, 0, &["introduction-replayed"]),
        "it was accepted before",
    );
    play.remove("and goes", &Objects::just(second, Vec::new()));
    let short = |key: u8| -> Result<String> {
        Ok(encryptediot::keys::kem_id(&kem(key)?.public()).to_string())
    };
    let bobs = path.replace(&short(8)?, &short(14)?);
    play.put(
        "alice's introduction is served to bob",
        &Objects::just(bobs, introduction),
    );
    play.member_syncs(
        "bob",
        (0, 0, &["not-recipient"]),
        "it is for another member",
    );
    play.views(
        "bob",
        ("x", 1),
        Sees::Not("nothing-granted"),
        "bob has nothing",
    );
    end(
        play,
        out,
        "member.introduction",
        "An introduction comes late, again, and to another member.",
        &["CLAIM-GRANT-ONCE", "CLAIM-GRANT-OWN", "SPEC#introductions"],
        &["Replay", "OtherRecipient", "Withheld"],
    );
    // Grants of the provider's own making.
    let (forged, _) = grant::introduce(&home.world.account, &kem(8)?.public(), 9, &mut rng(207))?;
    let forged = super::super::world::World::other()?.state(forged)?;
    let mut play = home.play();
    play.pinned("alice")?;
    let other = path.replace("00000001", "00000009");
    play.put(
        "the provider makes an introduction itself",
        &all.only("/root").and(&Objects::just(other, forged)),
    );
    play.member_syncs(
        "alice",
        (0, 0, &["invalid-signature"]),
        "the account did not sign it",
    );
    end(
        play,
        out,
        "member.forged-introduction",
        "The provider introduces itself in the account's name.",
        &["CLAIM-GRANT-AGREEMENT", "SPEC#introductions"],
        &["ForgedSignature"],
    );
    Ok(())
}

fn provider(out: &mut Builder) -> Result<()> {
    let mut home = home(208)?;
    home.meet("provider", 16)?;
    let news = home.share(&["y"], &["provider"], Term::UntilRevoked)?;
    obeyed(&mut home, news)?;
    let (secret, shared) = (home.record("door", "x")?, home.record("door", "y")?);
    let all = home.all()?.and(&secret).and(&shared);
    let mut play = home.play();
    play.pinned("provider")?;
    play.put("y is shared with the provider as a third party", &all);
    play.member_syncs("provider", (1, 1, &[]), "the key of y");
    play.views(
        "provider",
        ("y", 1),
        Sees::New,
        "a feature that needs y has it",
    );
    play.views(
        "provider",
        ("x", 1),
        Sees::Not("nothing-granted"),
        "although it runs the cloud, x stays shut",
    );
    end(
        play,
        out,
        "member.provider",
        "The provider is a third party: it opens what it was granted.",
        &["CLAIM-THIRD-PARTY", "SPEC#what-the-owner-does"],
        &["Isolation"],
    );
    Ok(())
}

fn past(out: &mut Builder) -> Result<()> {
    let mut home = home(209)?;
    let from = home.house.now();
    for _ in 0..4 {
        home.record("door", "x")?;
    }
    let until = from + 2_500;
    let (stream, alice) = (name("x")?, name("alice")?);
    // A member must have been introduced: with the other stream.
    let news = home.share(&["y"], &["alice"], Term::UntilRevoked)?;
    obeyed(&mut home, news)?;
    let before = home.all()?;
    let shared = home.act(|owner, env| {
        let window = encryptediot::announcement::Window { from, until };
        owner
            .share_past(&stream, std::slice::from_ref(&alice), window, env)
            .map(drop)
    })?;
    let mut play = home.play();
    play.pinned("alice")?;
    play.put("four clips of x, and y shared with alice", &before);
    play.member_syncs("alice", (1, 1, &[]), "the key of y");
    play.views(
        "alice",
        ("x", 1),
        Sees::Not("nothing-granted"),
        "x was not shared",
    );
    play.put("the first two and a half seconds of x are", &shared);
    play.member_syncs("alice", (0, 1, &[]), "the TDSK of the past window");
    play.views("alice", ("x", 1), Sees::New, "the first clip");
    play.views("alice", ("x", 2), Sees::New, "the second");
    play.views(
        "alice",
        ("x", 3),
        Sees::Not("no-envelope"),
        "it spans the end of the window",
    );
    play.views(
        "alice",
        ("x", 4),
        Sees::Not("no-envelope"),
        "after the window",
    );
    let (path, bytes) = shared.one("past/")?;
    let elsewhere =
        path.split("past/").next().unwrap_or_default().to_owned() + "past/" + &"ff".repeat(32);
    play.put(
        "the same share under another name",
        &Objects::just(elsewhere.clone(), bytes.clone()),
    );
    play.member_syncs(
        "alice",
        (0, 0, &["grant-replayed"]),
        "the key was accepted before",
    );
    play.remove("and it goes", &Objects::just(elsewhere, Vec::new()));
    let narrowed = narrowed(&home, &shared, from + 500)?;
    play.put(
        "the owner's mistake: a share that lists a clip from outside its window",
        &narrowed,
    );
    play.member_syncs("alice", (0, 1, &[]), "the key of that share");
    play.views(
        "alice",
        ("x", 4),
        Sees::Not("outside-window"),
        "the clip does not lie in the window",
    );
    end(
        play,
        out,
        "member.past",
        "A window that has passed is shared.",
        &["CLAIM-PAST-WINDOW", "SPEC#past-windows"],
        &["Window"],
    );
    Ok(())
}

/// A share is known by its statement's hash, wherever it lies.
fn past_elsewhere(out: &mut Builder) -> Result<()> {
    let mut home = home(216)?;
    let from = home.house.now();
    home.record("door", "x")?;
    let (stream, alice) = (name("x")?, name("alice")?);
    let news = home.share(&["y"], &["alice"], Term::UntilRevoked)?;
    obeyed(&mut home, news)?;
    let before = home.all()?;
    let shared = home.act(|owner, env| {
        let until = from + 2_500;
        let window = encryptediot::announcement::Window { from, until };
        owner
            .share_past(&stream, std::slice::from_ref(&alice), window, env)
            .map(drop)
    })?;
    let (path, bytes) = shared.one("past/")?;
    let elsewhere =
        path.split("past/").next().unwrap_or_default().to_owned() + "past/" + &"ff".repeat(32);
    let moved = shared
        .without("past/")
        .and(&Objects::just(elsewhere, bytes));
    let mut play = home.play();
    play.pinned("alice")?;
    play.put("a clip of x, and y shared with alice", &before);
    play.member_syncs("alice", (1, 1, &[]), "the key of y");
    play.put(
        "a share of x's past, under another name than its own",
        &moved,
    );
    play.member_syncs("alice", (0, 1, &[]), "it is as good as in its place");
    play.views("alice", ("x", 1), Sees::New, "and opens the clip");
    let again = "it was accepted before, and lies elsewhere";
    play.member_syncs("alice", (0, 0, &["grant-replayed"]), again);
    end(
        play,
        out,
        "member.past-elsewhere",
        "A share of a past window lies in another place.",
        &["CLAIM-PAST-WINDOW", "CLAIM-GRANT-ONCE", "SPEC#past-windows"],
        &["Swapped", "Replay"],
    );
    Ok(())
}

/// A past share that lists the fourth clip too, though its window ends at `until`: what no owner makes.
fn narrowed(home: &Home, shared: &Objects, until: u64) -> Result<Objects> {
    let (root, account) = (home.world.root.public(), &home.world.account);
    let alice = kem(8)?;
    let mut share = past::open(root, account, &shared.bytes("past/")?)?;
    let everything = home.everything()?;
    let introduction = everything.bytes("introductions/")?;
    let (_, _, pairwise) = grant::open_introduction(root, account, &alice, &introduction)?;
    let shard = statement::open::<grant::Shard>(root, account, &shared.bytes("grants/")?)?.body;
    let lookup = grant::Lookup::new(&pairwise, &share.hash, 0, share.body.shard_bits)?;
    let secret = lookup.open(&share.hash, &share.body.key, &shard)?;
    let secret = secret.ok_or_else(|| Error::Generate("alice has no part".to_owned()))?;
    let fourth = everything.bytes("manifests/x/000000000004")?;
    let fourth = encryptediot::cose::unverified_payload(&fourth)?;
    share.body.window.until = until;
    share.body.clips.truncate(1);
    if let Some(clip) = share.body.clips.first_mut() {
        (clip.sequence, clip.manifest) = (4, message::hash(&fourth));
    }
    let leaf = home.world.encode(share.body);
    let hash = message::hash(&leaf);
    let part = grant::part(&pairwise, &hash, 0, &secret)?;
    let shard = grant::shards(&hash, 0, vec![part]).into_iter().next();
    let shard = shard.ok_or_else(|| Error::Generate("no shard".to_owned()))?;
    let paths = encryptediot::cloud::Paths(*account);
    let past = Objects::just(paths.past_share(&hash), home.world.sign(leaf)?);
    Ok(past.and(&Objects::just(
        paths.shard(&hash, 0),
        home.world.state(shard)?,
    )))
}
