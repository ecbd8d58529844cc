//! Acts of the owner that cannot be done, and an upload that is interrupted.

use encryptediot::announcement;
use encryptediot::checkpoint::Checkpoint;
use encryptediot::owner::Term;
use serde_json::{Value, json};

use super::super::super::Result;
use super::super::builder::{Builder, hexed};
use super::super::world::{START, WORDS, kem, signing, x};
use super::home::{Home, Objects};
use super::play::{About, Play, at};

/// The sequences.
pub fn sequences(out: &mut Builder) -> Result<()> {
    acts(out)?;
    writes(out)?;
    resume(out)
}

/// Who acts, so many milliseconds after the start.
fn act(after: u64) -> Value {
    json!({ "device": "phone", "store": "cloud", "passphrase": WORDS, "now": START + after })
}

fn share(
    play: &Play,
    streams: &[&str],
    member: &str,
    (key, told): (u8, &str),
    until: Value,
) -> Result<Value> {
    let number = play.number(told)?;
    Ok(json!({
        "act": act(10_000), "streams": streams, "member": member, "told": number, "until": until,
        "key": hexed(kem(key)?.public().as_bytes()),
    }))
}

fn acts(out: &mut Builder) -> Result<()> {
    let mut home = Home::new(260)?;
    home.pair("door", 5, &["x", "y"])?;
    home.meet("alice", 8)?;
    home.meet("bob", 14)?;
    home.share(&["x"], &["alice"], Term::UntilRevoked)?;
    home.obey("door")?;
    home.record("door", "x")?;
    let all = home.all()?;
    let mut play = home.play();
    play.put("x is shared with alice", &all);
    play.sync_new_phone(&home)?;
    let revoked = json!({ "revoked": {} });
    let window = |from: u64, until: u64| json!({ "window": { "from": START + from, "until": START + until } });
    let s = |play: &Play, streams: &[&str], member: &str, who, until| {
        share(play, streams, member, who, until)
    };
    for (operation, comment, input, reason) in [
        (
            "owner-share",
            "the safety number is another member's",
            s(&play, &["x"], "bob", (14, "alice"), revoked.clone())?,
            "safety-number",
        ),
        (
            "owner-share",
            "another key under alice's name",
            s(&play, &["x"], "alice", (14, "bob"), revoked.clone())?,
            "already-member",
        ),
        (
            "owner-share",
            "a window that is empty",
            s(&play, &["x"], "bob", (14, "bob"), window(20_000, 20_000))?,
            "window-empty",
        ),
        (
            "owner-share",
            "a window that ends before it begins",
            s(&play, &["x"], "bob", (14, "bob"), window(30_000, 20_000))?,
            "window-empty",
        ),
        (
            "owner-share",
            "a window that has passed",
            s(&play, &["x"], "bob", (14, "bob"), window(0, 10_000))?,
            "window-empty",
        ),
        (
            "owner-share",
            "a stream that is not there",
            s(&play, &["z"], "bob", (14, "bob"), revoked.clone())?,
            "unknown-stream",
        ),
        (
            "owner-revoke",
            "a member who is none",
            json!({ "act": act(10_000), "streams": ["x"], "member": "bob" }),
            "unknown-member",
        ),
        (
            "owner-revoke",
            "a stream that alice was not given",
            json!({ "act": act(10_000), "streams": ["y"], "member": "alice" }),
            "nothing-granted",
        ),
        (
            "owner-share-past",
            "a window without a clip",
            json!({ "act": act(10_000), "stream": "x", "member": "alice", "from": 0, "until": 1 }),
            "no-clips",
        ),
        (
            "owner-share-past",
            "a window that is empty",
            json!({ "act": act(10_000), "stream": "x", "member": "alice", "from": 1, "until": 1 }),
            "window-empty",
        ),
        (
            "owner-share-past",
            "a member who is none",
            json!({ "act": act(10_000), "stream": "x", "member": "bob", "from": 0, "until": START + 10_000 }),
            "unknown-member",
        ),
        (
            "owner-lose-phone",
            "a phone that is not on the roster",
            json!({ "act": act(10_000), "lost": "tablet" }),
            "unknown-phone",
        ),
        (
            "owner-lose-phone",
            "the only phone that there is",
            json!({ "act": act(10_000), "lost": "phone" }),
            "last-phone",
        ),
        (
            "owner-pair",
            "a camera whose stream's name is taken",
            json!({
                "act": act(10_000), "camera": "hall", "key": hexed(signing(15)?.verifying_key().as_bytes()), "streams": ["z", "x"],
            }),
            "stream-taken",
        ),
    ] {
        play.steps.reject(operation, comment, input, reason);
    }
    play.status(
        "phone",
        &[("x", 2, true), ("y", 1, true)],
        "nothing was done",
    );
    let input = share(&play, &["y"], "bob", (14, "bob"), revoked)?;
    play.steps
        .accept_as("owner-share", "y is shared with bob", input, json!({}));
    play.status(
        "phone",
        &[("x", 2, true), ("y", 2, false)],
        "announced, not yet in effect",
    );
    play.pinned("bob")?;
    play.member_syncs(
        "bob",
        (1, 1, &[]),
        "bob has the key that the same program made",
    );
    let revoke = json!({ "act": act(20_000), "streams": ["y"], "member": "bob" });
    play.steps.accept_as(
        "owner-revoke",
        "and it is taken from him",
        revoke,
        json!({}),
    );
    play.status("phone", &[("x", 2, true), ("y", 3, false)], "a third epoch");
    play.member_syncs("bob", (0, 0, &[]), "with nothing for bob");
    play.end(
        out,
        &About {
            name: "owner.acts",
            comment: "Acts that cannot be done are refused and change nothing; others are done.",
            checks: &[
                "CLAIM-GRANT-AGREEMENT",
                "CLAIM-PAIRING",
                "SPEC#what-the-owner-does",
                "SPEC#loss",
            ],
            flags: &["Edge", "Window", "SafetyNumber"],
        },
    );
    withheld(&home, &all, out)
}

fn withheld(home: &Home, all: &Objects, out: &mut Builder) -> Result<()> {
    let mut play = home.play();
    play.put("everything but the backups", &all.without("backups/"));
    play.sync_new_phone(home)?;
    let revoke = json!({ "act": act(10_000), "streams": ["x"], "member": "alice" });
    play.steps.reject(
        "owner-revoke",
        "who holds what cannot be known",
        revoke.clone(),
        "object-missing",
    );
    play.put("the backups are back", &all.only("backups/"));
    play.steps
        .accept_as("owner-revoke", "now it can be done", revoke, json!({}));
    play.end(
        out,
        &About {
            name: "owner.withheld",
            comment: "The provider withholds the owner's records.",
            checks: &["SPEC#store", "SPEC#the-owners-records"],
            flags: &["Withheld"],
        },
    );
    Ok(())
}

fn writes(out: &mut Builder) -> Result<()> {
    let home = Home::new(261)?;
    let mut play = home.play();
    let write = |bytes: &[u8]| json!({ "store": "cloud", "path": "account/vault/00000002", "bytes": hexed(bytes) });
    play.steps.accept_as(
        "store-write",
        "a vault is written",
        write(b"one"),
        json!({}),
    );
    play.steps.accept_as(
        "store-write",
        "the same bytes again",
        write(b"one"),
        json!({}),
    );
    play.steps.reject(
        "store-write",
        "other bytes: another phone was first",
        write(b"two"),
        "conflict",
    );
    play.steps
        .reject("store-write", "no bytes", write(b""), "conflict");
    play.end(
        out,
        &About {
            name: "store.once",
            comment: "What is written once is not written over.",
            checks: &["CLAIM-RESUME", "SPEC#store"],
            flags: &["Replay"],
        },
    );
    Ok(())
}

fn resume(out: &mut Builder) -> Result<()> {
    let mut home = Home::new(262)?;
    home.pair("door", 5, &["x"])?;
    let all = home.all()?;
    let first = home.announcement(&all.bytes("announcements/x/00000001")?)?;
    let recipients: Vec<String> = {
        let keys = &first.body;
        let phone = keys
            .phones
            .iter()
            .map(|p| encryptediot::keys::kem_id(&p.instance).to_string());
        let owner = keys
            .keys
            .iter()
            .take(1)
            .map(|k| encryptediot::keys::kem_id(&k.public).to_string());
        phone.chain(owner).collect()
    };
    let clip = |sequence: u64, start: u64, end: u64| {
        json!({
            "sequence": sequence, "start": START + start, "end": START + end,
            "announcement": first.hash.to_string(), "recipients": recipients,
        })
    };
    let mut play = home.play();
    play.put("the account", &all);
    play.camera("door", at(0));
    play.sync_camera(
        "door",
        at(1_000),
        (&[("x", 1)], &[], &[]),
        "the camera takes the announcement",
    );
    play.begin("door", "x", at(2_000), "a session");
    play.write("door", "x", b"clip 1 of x", "bytes");
    play.finish(
        "door",
        "x",
        at(3_000),
        clip(1, 2_000, 3_000),
        "clip 1 is stored, not uploaded",
    );
    play.restart_camera("door", at(4_000), "the camera is switched off and on");
    play.upload("door", 1, "it uploads what it owes");
    play.upload("door", 0, "and nothing twice");
    full(&mut play);
    play.begin("door", "x", at(5_000), "a session");
    play.write("door", "x", b"lost", "bytes");
    play.restart_camera(
        "door",
        at(6_000),
        "it is switched off in the middle of a session",
    );
    play.upload("door", 0, "which leaves nothing");
    play.begin("door", "x", at(7_000), "the next session");
    play.write("door", "x", b"clip 2 of x", "bytes");
    play.finish(
        "door",
        "x",
        at(8_000),
        clip(2, 7_000, 8_000),
        "its number is the next one",
    );
    play.upload("door", 1, "it is uploaded");
    let head = announcement::Head {
        epoch: 1,
        hash: first.hash,
        issued: first.body.issued,
    };
    let checkpoint = Checkpoint {
        roster: None,
        streams: vec![(x()?, head)],
    };
    let text = checkpoint.to_text(&home.world.account);
    play.checkpoint(
        "camera-checkpoint",
        "door",
        &text,
        "it names what it follows, and no roster",
    );
    play.sync_new_phone(&home)?;
    let (now, days) = (START + 9_000, 86_400_000);
    let far = "more than 31 days from now";
    play.extend(
        "phone",
        "x",
        (now, now + 32 * days),
        Some("lease-out-of-range"),
        far,
    );
    play.extend(
        "phone",
        "x",
        (now, now + 20 * days),
        None,
        "the phone extends the lease",
    );
    play.sync_camera("door", at(9_500), (&[], &["x"], &[]), "the camera takes it");
    play.views(
        "phone",
        ("x", 1),
        super::play::Sees::New,
        "the owner sees clip 1",
    );
    play.views("phone", ("x", 2), super::play::Sees::New, "and clip 2");
    play.end(
        out,
        &About {
            name: "camera.resume",
            comment: "A camera is switched off before it uploads, and in the middle of a session.",
            checks: &["CLAIM-RESUME", "SPEC#what-the-camera-does"],
            flags: &["Restart", "Oversized"],
        },
    );
    Ok(())
}

/// A session that reaches its greatest length; what it holds is not kept.
fn full(play: &mut Play) {
    const CHUNK: usize = 1 << 16;
    play.steps.share("zeros", &[0; CHUNK]);
    let quarter = vec![json!({ "of": "zeros" }); (16 << 20) / CHUNK];
    let write = |bytes: Value| json!({ "device": "door", "stream": "x", "bytes": bytes });
    play.begin("door", "x", at(4_500), "a session");
    for _ in 0..4 {
        let input = write(json!({ "pieces": quarter }));
        play.steps
            .accept_as("camera-write", "16 MiB", input, json!({}));
    }
    let more = write("00".into());
    play.steps.reject(
        "camera-write",
        "a byte more than 64 MiB",
        more,
        "session-full",
    );
    play.restart_camera(
        "door",
        at(4_600),
        "it is switched off, and the session is gone",
    );
}
