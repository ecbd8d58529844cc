//! Keys, signatures and sealed records, whatever they say.

use encryptediot::cose;
use encryptediot::crypto::{SecretBytes, sha256};
use encryptediot::message;
use serde_json::{Value, json};

use super::super::Result;
use super::super::file::File;
use super::builder::{Builder, hexed};
use super::forms::{
    ES256, ecdsa_faults, es256, header, sealed_faults, sign1, sign1_faults, to_be_signed,
};
use super::item::Item;
use super::messages::bad_points;
use super::world::{World, rng, signing};

/// `key-id`.
pub fn key_id(world: &World) -> Result<File> {
    let mut b = Builder::new("key-id");
    let input = |point: &[u8]| json!({ "point": hexed(point) });
    b.about(&["SPEC#primitives"], &["Valid"]);
    let good = *world.member.public().as_bytes();
    let hash = sha256(&good);
    let id = json!({ "id": hexed(&hash[..16]) });
    b.accept_as("good", "a point on the curve", input(&good), id);
    let zero = "0400000000000000000000000000000000000000000000000000000000000000006648\
                5c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
    b.flag("Edge");
    b.accept(
        "x-is-0",
        "x = 0 is a point like any other",
        json!({ "point": zero }),
    );
    b.flag("InvalidKey");
    for (name, comment, point) in bad_points(&good) {
        b.reject(name, comment, input(&point), "invalid-key");
    }
    b.finish()
}

/// Bytes that no message may have: as many as are permitted, and one more.
pub fn oversized(b: &mut Builder, name: &str, input: impl Fn(Value) -> Value) {
    const CHUNK: usize = 1 << 16;
    b.share("zeros", &[0; CHUNK]);
    let of = |last: &str| {
        let chunks = message::MAX_MESSAGE / CHUNK;
        let mut pieces = vec![json!({ "of": "zeros" }); chunks];
        pieces.push(last.into());
        input(json!({ "pieces": pieces }))
    };
    b.flag("Oversized");
    b.reject(
        &format!("{name}.greatest"),
        "16 MiB, which may be, of which all but the first byte follow the first item",
        of(""),
        "not-deterministic",
    );
    b.reject(
        &format!("{name}.too-large"),
        "one byte more than 16 MiB: refused before anything is read",
        of("00"),
        "too-large",
    );
}

/// Name, comment, flag, payload and reason.
type BadPayload = (
    &'static str,
    &'static str,
    &'static str,
    Vec<u8>,
    &'static str,
);

/// Messages whose signature is good and that are not what they must be.
pub fn bad_payloads(kind: &str, good: &[u8]) -> Result<Vec<BadPayload>> {
    let item = Item::parse(good)?;
    let put = |place: usize, item_there: Item| item.put(&[place], item_there).encode();
    let other = if kind == "lease" { "manifest" } else { "lease" };
    let foreign = World::other()?.account;
    Ok(vec![
        (
            "payload.type",
            "it says that it is of another type",
            "WrongType",
            put(0, Item::text(other)),
            "wrong-type",
        ),
        (
            "payload.version",
            "it is of version 2",
            "UnknownVersion",
            put(1, Item::Uint(2)),
            "unknown-version",
        ),
        (
            "payload.account",
            "it is of another account",
            "WrongAccount",
            put(2, Item::bytes(foreign.0)),
            "wrong-account",
        ),
        (
            "payload.trailing",
            "a byte follows the message that was signed",
            "NotDeterministic",
            [good, &[0]].concat(),
            "not-deterministic",
        ),
        (
            "payload.longer",
            "its version in more bytes than it needs",
            "NotDeterministic",
            put(1, Item::Raw(vec![0x18, 0x01])),
            "not-deterministic",
        ),
        (
            "payload.empty",
            "no message was signed",
            "Grammar",
            Vec::new(),
            "malformed",
        ),
        (
            "payload.body",
            "a field of the body is missing",
            "Grammar",
            put(
                3,
                item.at(&[3])
                    .map(Item::without_last)
                    .unwrap_or(Item::Uint(0)),
            ),
            "malformed",
        ),
    ])
}

/// `sign1-open`.
pub fn sign1_open(world: &World) -> Result<File> {
    let mut b = Builder::new("sign1-open");
    let checks = ["SPEC#messages", "CLAIM-CLIP-ORIGIN"];
    let other = signing(13)?;
    for (kind, key) in [
        ("acknowledgement", &world.camera),
        ("lease", &world.lease),
        ("manifest", &world.camera),
    ] {
        let payload = world.message(kind)?;
        let public = hexed(key.verifying_key().as_bytes());
        let input = |signed: &[u8]| json!({ "account": hexed(world.account.0), "type": kind, "key": public, "signed": hexed(signed) });
        let (protected, sign) = (header(ES256), es256(key));
        let signed = |payload: &[u8]| -> Result<Vec<u8>> {
            let signature = sign(&to_be_signed("Signature1", &protected, &[], payload))?;
            Ok(sign1(&protected, payload, &signature).encode())
        };
        b.about(&checks, &["Valid"]);
        let good = signed(&payload)?;
        let hash = hexed(message::hash(&payload).0);
        let expected = json!({ "hash": hash, "message": hexed(&payload) });
        b.accept_as(kind, &format!("a good {kind}"), input(&good), expected);
        b.faults(kind, sign1_faults(ES256, &payload, &sign)?, input);
        b.faults(kind, ecdsa_faults(&payload, key)?, input);
        b.flag("ForgedSignature");
        let foreign = cose::sign(&other, payload.clone())?;
        let name = format!("{kind}.other-key");
        b.reject(
            &name,
            "signed under another key",
            input(&foreign),
            "invalid-signature",
        );
        for (fault, comment, flag, payload, reason) in bad_payloads(kind, &payload)? {
            b.flag(flag);
            b.reject(
                &format!("{kind}.{fault}"),
                comment,
                input(&signed(&payload)?),
                reason,
            );
        }
    }
    let key = hexed(world.camera.verifying_key().as_bytes());
    oversized(
        &mut b,
        "manifest",
        |signed| json!({ "account": hexed(world.account.0), "type": "manifest", "key": key, "signed": signed }),
    );
    b.finish()
}

/// `sealed-open`.
pub fn sealed_open(world: &World) -> Result<File> {
    let mut b = Builder::new("sealed-open");
    let key = SecretBytes::new([40; 32]);
    let place = (2u64, 1u64);
    let context = message::context("member", &world.account, place);
    let input = |sealed: &[u8]| json!({ "key": hexed(key.as_bytes()), "context": hexed(&context), "sealed": hexed(sealed) });
    let seal = |plain: &[u8], seed| cose::seal(&key, &context, plain, &mut rng(seed));
    let checks = ["SPEC#messages", "CLAIM-ACCOUNT-SECRETS"];
    b.about(&checks, &["Valid"]);
    for (name, comment, plain) in [
        ("good", "32 bytes", vec![7; 32]),
        ("one-byte", "one byte", vec![7]),
        ("block", "16 bytes, a whole block", vec![7; 16]),
        ("blocks", "1,024 bytes", vec![7; 1024]),
    ] {
        let expected = json!({ "plaintext": hexed(&plain) });
        b.accept_as(name, comment, input(&seal(&plain, 51)?), expected);
    }
    b.flag("Edge");
    let expected = json!({ "plaintext": "" });
    b.accept_as(
        "nothing",
        "no bytes are sealed: a tag alone",
        input(&seal(&[], 52)?),
        expected,
    );
    b.faults("form", sealed_faults(&key, &context, &[7; 32])?, input);
    let good = hexed(seal(&[7; 32], 51)?);
    let foreign = World::other()?.account;
    let contexts = [
        (
            "type",
            "sealed as another type",
            message::context("backup", &world.account, place),
        ),
        (
            "account",
            "sealed for another account",
            message::context("member", &foreign, place),
        ),
        (
            "place",
            "sealed for another place",
            message::context("member", &world.account, (3u64, 1u64)),
        ),
        (
            "generation",
            "sealed for another generation",
            message::context("member", &world.account, (2u64, 2u64)),
        ),
        (
            "order",
            "the place's parts in another order",
            message::context("member", &world.account, (1u64, 2u64)),
        ),
        (
            "place-alone",
            "one part of the place is missing",
            message::context("member", &world.account, 2u64),
        ),
        ("empty", "an empty context", Vec::new()),
    ];
    b.flag("WrongContext");
    for (name, comment, context) in contexts {
        let input =
            json!({ "key": hexed(key.as_bytes()), "context": hexed(context), "sealed": good });
        b.reject(&format!("context.{name}"), comment, input, "sealed-open");
    }
    b.flag("WrongKey");
    for (name, comment, other) in [
        ("key.other", "another key", [41; 32]),
        ("key.zeros", "a key of zeros", [0; 32]),
    ] {
        let input = json!({ "key": hexed(other), "context": hexed(&context), "sealed": good });
        b.reject(name, comment, input, "sealed-open");
    }
    b.finish()
}
