//! Rosters: the statement and its chain, the ring for a phone, what the owner's phones alone know.

use encryptediot::cose;
use encryptediot::crypto::hpke_seal;
use encryptediot::keys::kem_id;
use encryptediot::message;
use encryptediot::roster::{Draft, PhoneKeys};
use encryptediot_testkit::household::name;
use serde_json::json;

use super::super::Result;
use super::super::file::File;
use super::account::{other_ring, ring};
use super::builder::{Builder, but, hexed};
use super::item::{Item, NULL};
use super::world::{World, kem, rng, signing};

/// `roster-open`.
pub fn roster_open(world: &World) -> Result<File> {
    let mut b = Builder::new("roster-open");
    let head = |number: u64, byte: u8| json!({ "number": number, "hash": hexed([byte; 32]) });
    let input = |roster: &[u8]| json!({ "root": hexed(world.root_bytes()), "head": head(1, 19), "roster": hexed(roster) });
    let signed = |draft: Draft| world.sign(world.roster(draft)?);
    let good = signed(world.roster_draft()?)?;
    let first = || -> Result<Draft> {
        Ok(Draft {
            number: 1,
            previous: None,
            ..world.roster_draft()?
        })
    };
    b.about(
        &["SPEC#roster", "CLAIM-ROOT", "CLAIM-NO-ROLLBACK"],
        &["Valid"],
    );
    b.accept("good", "roster 2 after the first", input(&good));
    let start = signed(first()?)?;
    b.accept(
        "first",
        "roster 1 on a fresh phone",
        but(&input(&start), json!({ "head": null })),
    );
    let phones = |count: u8| -> Result<Vec<_>> {
        let phone = |i: u8| {
            Ok((
                name(&format!("phone-{i}"))?,
                PhoneKeys {
                    instance: kem(100 + i)?.public(),
                    lease: signing(150 + i)?.verifying_key(),
                },
            ))
        };
        (0..count).map(phone).collect()
    };
    let three = Draft {
        phones: phones(3)?,
        ..world.roster_draft()?
    };
    b.accept("three-phones", "three phones", input(&signed(three)?));
    let bare = Draft {
        cameras: Vec::new(),
        ..world.roster_draft()?
    };
    b.accept("no-cameras", "no camera", input(&signed(bare)?));
    b.flag("Rollback");
    b.reject("again", "the roster that the phone has already",
        but(&input(&good), json!({ "head": { "number": 2, "hash": hexed(message::hash(&world.message("roster")?).0) } })), "roster-chain");
    b.reject(
        "older",
        "a phone that has seen roster 3",
        but(&input(&good), json!({ "head": head(3, 19) })),
        "roster-chain",
    );
    b.reject(
        "first-again",
        "roster 1 after roster 1",
        input(&start),
        "roster-chain",
    );
    b.flag("Fork");
    b.reject(
        "other-previous",
        "it follows another roster 1",
        but(&input(&good), json!({ "head": head(1, 20) })),
        "roster-chain",
    );
    b.flag("Gap");
    b.reject(
        "gap",
        "roster 2 on a fresh phone",
        but(&input(&good), json!({ "head": null })),
        "roster-chain",
    );
    let fourth = Draft {
        number: 4,
        ..world.roster_draft()?
    };
    b.reject(
        "skips",
        "roster 4 after roster 1",
        input(&signed(fourth)?),
        "roster-chain",
    );
    b.flag("Grammar");
    let leaf = Item::parse(&world.roster(world.roster_draft()?)?)?;
    let put = |place: usize, item: Item| world.sign(leaf.put(&[3, place], item).encode());
    b.reject(
        "no-phones",
        "no phone at all",
        input(&put(4, Item::Array(Vec::new()))?),
        "malformed",
    );
    b.reject(
        "number-0",
        "roster 0",
        input(&put(0, Item::Uint(0))?),
        "malformed",
    );
    b.reject(
        "previous-missing",
        "roster 2 without a predecessor",
        input(&put(1, NULL)?),
        "malformed",
    );
    let orphan = Draft {
        number: 1,
        ..world.roster_draft()?
    };
    b.reject(
        "first-with-previous",
        "roster 1 with a predecessor",
        input(&signed(orphan)?),
        "malformed",
    );
    b.flag("RootSwap");
    let foreign = World::other()?;
    let theirs = foreign.sign(world.message("roster")?)?;
    b.reject(
        "other-root",
        "signed by another account's key",
        input(&theirs),
        "invalid-signature",
    );
    let forged = foreign.sign_for(&world.account, world.message("roster")?)?;
    b.reject(
        "forged",
        "signed by another account's key in this one's name",
        input(&forged),
        "invalid-signature",
    );
    let all_theirs = foreign.sign(foreign.message("roster")?)?;
    b.reject(
        "other-account",
        "another account's roster",
        input(&all_theirs),
        "invalid-signature",
    );
    b.flag("WrongType");
    let other = world.sign(world.message("announcement")?)?;
    b.reject(
        "announcement",
        "an announcement in its place",
        input(&other),
        "wrong-type",
    );
    b.flag("WrongAccount");
    let mixed = world.sign(foreign.message("roster")?)?;
    b.reject(
        "signed-for-other",
        "signed by this account, about another",
        input(&mixed),
        "wrong-account",
    );
    b.finish()
}

/// `roster-ring-open`.
pub fn roster_ring_open(world: &World) -> Result<File> {
    let mut b = Builder::new("roster-ring-open");
    let input = |roster: &[u8]| {
        json!({
            "root": hexed(world.root_bytes()), "roster": hexed(roster), "instance": hexed(*world.instance.to_bytes()),
        })
    };
    let leaf = Item::parse(&world.message("roster")?)?;
    let signed = |leaf: &[u8]| world.sign(leaf.to_vec());
    let good = signed(&leaf.encode())?;
    b.about(&["SPEC#roster", "CLAIM-SECOND-PHONE"], &["Valid"]);
    let expected = json!({
        "keys": ring(world),
        "predecessors": [{ "account": hexed([3; 32]), "keys": [hexed([4; 32])] }],
    });
    b.accept_as(
        "good",
        "the ring under the phone's IK",
        input(&good),
        expected,
    );
    b.about(&["SPEC#roster", "CLAIM-LOST-PHONE"], &["LostPhone"]);
    let dropped = but(
        &input(&good),
        json!({ "instance": hexed(*world.stranger.to_bytes()) }),
    );
    b.reject(
        "not-listed",
        "a phone that is not on the roster",
        dropped,
        "phone-not-listed",
    );
    b.about(&["SPEC#roster", "CLAIM-ACCOUNT-SECRETS"], &["Valid"]);
    // Each of these is signed anew: whoever signs could do so; what does not open is still told.
    let mut wrong = Vec::new();
    wrapped_cases(&leaf, &mut wrong);
    for (name, comment, flag, item) in wrong {
        b.flag(flag);
        b.reject(&name, &comment, input(&signed(&item)?), "sealed-open");
    }
    b.flag("WrongContext");
    let key = world.instance.public();
    let foreign = World::other()?.account;
    let plain = world.ring.to_bytes();
    for (name, comment, context) in [
        (
            "number",
            "wrapped for another roster",
            message::context("roster-ring", &world.account, (3u64, kem_id(&key))),
        ),
        (
            "phone",
            "wrapped for another phone's name",
            message::context(
                "roster-ring",
                &world.account,
                (2u64, kem_id(&world.stranger.public())),
            ),
        ),
        (
            "account",
            "wrapped for another account",
            message::context("roster-ring", &foreign, (2u64, kem_id(&key))),
        ),
        (
            "type",
            "wrapped as a passphrase-derived key",
            message::context("unlock", &world.account, kem_id(&key)),
        ),
    ] {
        let (enc, text) = hpke_seal(&key, &context, &[], &plain, &mut rng(63))?;
        let item = leaf.put(
            &[3, 4, 0, 2],
            Item::Array(vec![Item::bytes(enc), Item::bytes(text)]),
        );
        b.reject(
            &format!("context.{name}"),
            comment,
            input(&signed(&item.encode())?),
            "sealed-open",
        );
    }
    b.finish()
}

type Case = (String, String, &'static str, Vec<u8>);

/// Some alterations at the first phone's ring, as messages that are still to be signed.
fn wrapped_cases(leaf: &Item, out: &mut Vec<Case>) {
    let way = [3, 4, 0, 2];
    let inner = |place: usize| match leaf.at(&[&way[..], &[place]].concat()) {
        Some(Item::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    };
    let (enc, text) = (inner(0), inner(1));
    let put = |place: usize, bytes: Vec<u8>| {
        leaf.put(&[&way[..], &[place]].concat(), Item::Bytes(bytes))
            .encode()
    };
    let off = super::forms::flip(&enc, 64);
    out.push((
        "enc-off-curve".into(),
        "the encapsulated key is not on the curve".into(),
        "InvalidKey",
        put(0, off),
    ));
    out.push((
        "ciphertext-last-bit".into(),
        "the tag's last bit is flipped".into(),
        "ModifiedCiphertext",
        put(1, super::forms::flip(&text, text.len() - 1)),
    ));
    out.push((
        "ciphertext-empty".into(),
        "no bytes".into(),
        "ModifiedCiphertext",
        put(1, Vec::new()),
    ));
}

/// `roster-private-open`.
pub fn roster_private_open(world: &World) -> Result<File> {
    let mut b = Builder::new("roster-private-open");
    let good = world.sign(world.message("roster")?)?;
    let input = |roster: &[u8]| json!({ "root": hexed(world.root_bytes()), "roster": hexed(roster), "ring": ring(world) });
    b.about(&["SPEC#roster"], &["Valid"]);
    b.accept_as(
        "good",
        "three member records, one member with every stream",
        input(&good),
        json!({ "members": 3, "all_streams": [2] }),
    );
    b.about(&["SPEC#roster", "CLAIM-ACCOUNT-SECRETS"], &["WrongKey"]);
    b.reject(
        "other-ring",
        "under another ring",
        but(&input(&good), json!({ "ring": other_ring() })),
        "sealed-open",
    );
    let old = json!({ "ring": [hexed([1; 32])] });
    b.reject(
        "older-ring",
        "the ring of a phone that was lost lacks the newest generation",
        but(&input(&good), old),
        "sealed-open",
    );
    let leaf = Item::parse(&world.message("roster")?)?;
    b.flag("WrongContext");
    let key = world.ring.key(2)?;
    let plain = Item::Array(vec![Item::Uint(3), Item::Array(vec![Item::Uint(2)])]).encode();
    for (name, comment, kind, place) in [
        (
            "number",
            "sealed for another roster",
            "roster-private",
            (3u64, 2u64),
        ),
        (
            "generation",
            "sealed for another generation",
            "roster-private",
            (2, 1),
        ),
        ("type", "sealed as a member's record", "member", (2, 2)),
    ] {
        let sealed = cose::seal(
            key,
            &message::context(kind, &world.account, place),
            &plain,
            &mut rng(64),
        )?;
        let roster = world.sign(leaf.put(&[3, 6], Item::bytes(sealed)).encode())?;
        b.reject(
            &format!("context.{name}"),
            comment,
            input(&roster),
            "sealed-open",
        );
    }
    b.flag("Grammar");
    for (name, comment, plain) in [
        ("plain-empty", "nothing was sealed", Vec::new()),
        (
            "plain-number",
            "a number was sealed",
            Item::Uint(3).encode(),
        ),
        (
            "plain-more",
            "a field more",
            Item::Array(vec![Item::Uint(3), Item::Array(Vec::new()), NULL]).encode(),
        ),
    ] {
        let context = message::context("roster-private", &world.account, (2u64, 2u64));
        let sealed = cose::seal(key, &context, &plain, &mut rng(65))?;
        let roster = world.sign(leaf.put(&[3, 6], Item::bytes(sealed)).encode())?;
        b.reject(name, comment, input(&roster), "malformed");
    }
    b.finish()
}
