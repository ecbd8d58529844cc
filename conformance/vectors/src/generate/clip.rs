//! Clips: sealing, manifests, envelopes, bodies.

use encryptediot::cbor::Bytes;
use encryptediot::clip::{self, MAX_SESSION, Manifest, Role};
use encryptediot::cose;
use encryptediot::crypto::{Aes128Gcm, KemSecret, TAG_LEN, hpke_seal, sha256};
use encryptediot::keys::kem_id;
use encryptediot::message;
use encryptediot::segment::{SEALED_SEGMENT, SEGMENT};
use serde_json::{Value, json};

use super::super::Result;
use super::super::file::File;
use super::builder::{Builder, but, hexed};
use super::forms::flip;
use super::item::Item;
use super::messages::bad_points;
use super::world::{START, World, rng, signing};

/// `body-seal`.
pub fn body_seal(world: &World) -> Result<File> {
    let mut b = Builder::new("body-seal");
    b.about(&["SPEC#clips", "CLAIM-PREFIX"], &["Valid"]);
    let (clip, key) = ([15; 16], [16; 16]);
    let context = message::context("segment", &world.account, Bytes(clip));
    let input = |byte: u8, length: usize| {
        json!({
            "account": hexed(world.account.0), "clip": hexed(clip), "session_key": hexed(key), "byte": hexed([byte]), "length": length,
        })
    };
    // As SPEC has it: segment by segment, its number and whether it is the last in the nonce.
    let sealed = |byte: u8, length: usize| -> Result<Vec<Vec<u8>>> {
        let plain = vec![byte; length];
        let mut segments: Vec<&[u8]> = plain.chunks(SEGMENT).collect();
        if segments.is_empty() {
            segments.push(&[]);
        }
        let last = segments.len() - 1;
        let seal = |(i, segment): (usize, &[u8])| -> Result<Vec<u8>> {
            let mut nonce = [0; 12];
            nonce[3..11].copy_from_slice(&(i as u64).to_be_bytes());
            nonce[11] = u8::from(i == last);
            Ok(Aes128Gcm::new(&key).seal(&nonce, &context, segment)?)
        };
        segments.into_iter().enumerate().map(seal).collect()
    };
    for (name, comment, byte, length) in [
        ("empty", "nothing: one segment, which is empty", 0, 0),
        ("one", "one byte", 7, 1),
        ("block", "16 bytes", 7, 16),
        ("short", "1,000 bytes", 7, 1_000),
        ("one-less", "a byte less than a segment", 7, SEGMENT - 1),
        (
            "segment",
            "exactly one segment: the last one is full",
            7,
            SEGMENT,
        ),
        ("one-more", "a byte more than a segment", 7, SEGMENT + 1),
        (
            "two-less",
            "a byte less than two segments",
            255,
            2 * SEGMENT - 1,
        ),
        ("two", "exactly two segments", 0, 2 * SEGMENT),
        (
            "two-more",
            "a byte more than two segments",
            7,
            2 * SEGMENT + 1,
        ),
        ("three", "three segments", 7, 3 * SEGMENT),
        (
            "257",
            "257 segments: the number takes two bytes of the nonce",
            7,
            256 * SEGMENT + 1,
        ),
    ] {
        if length > SEGMENT * 4 {
            b.flag("Edge");
        }
        let segments = sealed(byte, length)?;
        let hashes: Value = segments
            .iter()
            .map(|segment| hexed(sha256(segment)))
            .collect();
        let expected = json!({ "segments": hashes, "sha256": hexed(sha256(&segments.concat())) });
        b.accept_as(name, comment, input(byte, length), expected);
    }
    b.finish()
}

/// `manifest-open`.
pub fn manifest_open(world: &World) -> Result<File> {
    let mut b = Builder::new("manifest-open");
    let camera = world.camera.verifying_key();
    let input = |manifest: &[u8]| {
        json!({
            "account": hexed(world.account.0), "camera": hexed(camera.as_bytes()), "stream": "x", "manifest": hexed(manifest),
        })
    };
    let with = |change: &dyn Fn(&mut Manifest)| -> Result<Value> {
        let (mut manifest, _) = world.recorded(b"clip")?;
        change(&mut manifest);
        Ok(input(&world.manifest(manifest)?))
    };
    let sized = |length: u64, segments: usize| {
        with(&|m| {
            m.length = length;
            m.segments = vec![Bytes([1; 32]); segments];
        })
    };
    b.about(&["SPEC#viewing", "CLAIM-CLIP-ORIGIN"], &["Valid"]);
    let (good, _) = world.recorded(b"clip")?;
    let expected = json!({
        "hash": hexed(message::hash(&world.encode(good.clone())).0), "sequence": 3, "previous": hexed([17; 32]),
        "announcement": hexed(world.announced_hash()?.0), "clip": hexed([15; 16]), "start": START, "end": START + 1_000,
        "length": 4, "segments": 1,
        "recipients": good.envelopes.iter().map(|e| hexed(e.recipient.0)).collect::<Value>(),
    });
    b.accept_as("good", "clip 3 of x, four bytes", with(&|_| ())?, expected);
    b.accept(
        "first",
        "clip 1, which has no predecessor",
        with(&|m| (m.sequence, m.previous) = (1, None))?,
    );
    b.flag("Edge");
    let segment = SEGMENT as u64;
    for (name, comment, length, segments) in [
        ("length-0", "no bytes, one segment", 0, 1),
        ("length-1", "one byte", 1, 1),
        ("length-segment", "exactly one segment", segment, 1),
        ("length-segment-1", "a byte more: two", segment + 1, 2),
        (
            "length-greatest",
            "64 MiB, 1,024 segments",
            MAX_SESSION,
            1_024,
        ),
    ] {
        b.accept(name, comment, sized(length, segments)?);
    }
    b.accept(
        "moment",
        "it starts and ends in the same millisecond",
        with(&|m| m.end = m.start)?,
    );
    b.flag("ManifestShape");
    for (name, comment, length, segments) in [
        ("two-for-4", "four bytes in two segments", 4, 2),
        ("two-for-0", "no bytes in two segments", 0, 2),
        (
            "two-for-segment",
            "exactly one segment, said to be two",
            segment,
            2,
        ),
        (
            "one-for-more",
            "a byte more than a segment, in one",
            segment + 1,
            1,
        ),
        ("too-long", "64 MiB and a byte", MAX_SESSION + 1, 1_025),
        ("length-huge", "2^64 − 1 bytes", u64::MAX, 1),
    ] {
        b.reject(name, comment, sized(length, segments)?, "manifest-shape");
    }
    b.reject(
        "reversed",
        "it ends a millisecond before it starts",
        with(&|m| m.end = m.start - 1)?,
        "manifest-shape",
    );
    b.reject(
        "sequence-0",
        "clip 0",
        with(&|m| (m.sequence, m.previous) = (0, None))?,
        "manifest-shape",
    );
    b.reject(
        "sequence-0-previous",
        "clip 0 with a predecessor",
        with(&|m| m.sequence = 0)?,
        "manifest-shape",
    );
    b.reject(
        "first-previous",
        "clip 1 with a predecessor",
        with(&|m| m.sequence = 1)?,
        "manifest-shape",
    );
    b.reject(
        "no-previous",
        "clip 3 without a predecessor",
        with(&|m| m.previous = None)?,
        "manifest-shape",
    );
    b.flag("Grammar");
    b.reject(
        "no-segments",
        "no segments at all",
        sized(0, 0)?,
        "malformed",
    );
    b.reject(
        "no-envelopes",
        "wrapped for nobody",
        with(&|m| m.envelopes.clear())?,
        "malformed",
    );
    let other_stream = super::world::y()?;
    b.flag("WrongStream");
    b.reject(
        "other-stream",
        "it is of another stream",
        with(&|m| m.stream = other_stream.clone())?,
        "wrong-stream",
    );
    b.flag("WrongCamera");
    let other = signing(13)?;
    b.reject(
        "other-camera",
        "it names another camera",
        with(&|m| m.camera = other.verifying_key())?,
        "wrong-stream",
    );
    b.flag("ForgedSignature");
    let (manifest, _) = world.recorded(b"clip")?;
    let payload = world.encode(manifest);
    let signed = cose::sign(&world.camera, payload.clone())?;
    b.reject(
        "forged",
        "another camera signs for this one",
        input(&cose::sign(&other, payload.clone())?),
        "invalid-signature",
    );
    b.reject(
        "by-lease-key",
        "a phone's lease key signs",
        input(&cose::sign(&world.lease, payload.clone())?),
        "invalid-signature",
    );
    b.reject(
        "last-bit",
        "the last bit of the signature is flipped",
        input(&flip(&signed, signed.len() - 1)),
        "invalid-signature",
    );
    for (name, comment, place) in [
        ("altered-start", "its first bytes were altered", 20),
        (
            "altered-end",
            "its last byte was altered",
            payload.len() - 1,
        ),
    ] {
        let altered = Item::parse(&signed)?
            .put(&[0, 2], Item::Bytes(flip(&payload, place)))
            .encode();
        b.reject(name, comment, input(&altered), "invalid-signature");
    }
    b.flag("WrongType");
    let ack = cose::sign(&world.camera, world.encode(world.acknowledgement()?))?;
    b.reject(
        "acknowledgement",
        "an acknowledgement by the same camera",
        input(&ack),
        "wrong-type",
    );
    b.flag("WrongAccount");
    let (manifest, _) = world.recorded(b"clip")?;
    let foreign = cose::sign(
        &world.camera,
        message::encode(&World::other()?.account, manifest),
    )?;
    b.reject(
        "other-account",
        "it is of another account",
        input(&foreign),
        "wrong-account",
    );
    b.finish()
}

/// A role as inputs have it.
const ROLES: [(&str, Role); 5] = [
    ("owner", Role::Owner),
    ("dsk", Role::Dsk),
    ("tdsk", Role::Tdsk),
    ("instance", Role::Instance),
    ("past", Role::Past),
];

/// `envelope-open`.
pub fn envelope_open(world: &World) -> Result<File> {
    let mut b = Builder::new("envelope-open");
    let statement = world.announced_hash()?;
    let context = |role: u64| {
        message::context(
            "envelope",
            &world.account,
            ("x", statement, Bytes([15; 16]), role),
        )
    };
    let envelope = |key: &KemSecret, context: &[u8], seed: u64| -> Result<Value> {
        let to = key.public();
        let (enc, sealed) = hpke_seal(&to, context, &[], &[16; 16], &mut rng(seed))?;
        Ok(json!({ "recipient": hexed(kem_id(&to).0), "enc": hexed(enc), "sealed": hexed(sealed) }))
    };
    let input = |role: &str, key: &KemSecret, envelopes: Value| {
        json!({
            "account": hexed(world.account.0), "stream": "x", "statement": hexed(statement.0), "clip": hexed([15; 16]),
            "role": role, "private": hexed(*key.to_bytes()), "envelopes": envelopes,
        })
    };
    let expected = json!({ "session_key": hexed([16; 16]) });
    b.about(&["SPEC#clips", "CLAIM-CLIP-SECRECY"], &["Valid"]);
    let key = &world.dsk;
    for (number, (name, _)) in ROLES.iter().enumerate() {
        let number = number as u64;
        let envelopes = json!([envelope(key, &context(number), 90 + number)?]);
        b.accept_as(
            name,
            &format!("for the role {name}"),
            input(name, key, envelopes),
            expected.clone(),
        );
    }
    let good = envelope(key, &context(1), 91)?;
    let other = envelope(&world.stranger, &context(1), 96)?;
    b.accept_as(
        "second",
        "the second of two envelopes",
        input("dsk", key, json!([other, good])),
        expected.clone(),
    );
    let spoilt = envelope(key, &context(2), 97)?;
    b.flag("Edge");
    b.accept_as(
        "twice",
        "two envelopes under one short name, of which the first opens",
        input("dsk", key, json!([good, spoilt])),
        expected.clone(),
    );
    b.reject(
        "twice-spoilt",
        "two envelopes under one short name, of which the first does not open",
        input("dsk", key, json!([spoilt, good])),
        "envelope-open",
    );
    b.about(&["SPEC#viewing", "CLAIM-STREAM-ISOLATION"], &["Isolation"]);
    b.reject(
        "none",
        "no envelope for this key",
        input("dsk", key, json!([other])),
        "no-envelope",
    );
    b.reject(
        "empty",
        "no envelope at all",
        input("dsk", key, json!([])),
        "no-envelope",
    );
    b.flag("WrongContext");
    for (name, role) in ROLES {
        if role != Role::Dsk {
            b.reject(
                &format!("as-{name}"),
                &format!("an envelope of the role dsk, opened as {name}"),
                input(name, key, json!([good])),
                "envelope-open",
            );
        }
    }
    let hex16 = |byte: u8| hexed([byte; 16]);
    for (name, comment, change) in [
        (
            "stream",
            "opened for another stream",
            json!({ "stream": "y" }),
        ),
        (
            "statement",
            "opened under another announcement",
            json!({ "statement": hexed([1; 32]) }),
        ),
        (
            "clip",
            "opened for another clip",
            json!({ "clip": hex16(14) }),
        ),
        (
            "account",
            "opened for another account",
            json!({ "account": hexed(World::other()?.account.0) }),
        ),
    ] {
        b.reject(
            &format!("other-{name}"),
            comment,
            but(&input("dsk", key, json!([good])), change),
            "envelope-open",
        );
    }
    let segment = message::context("segment", &world.account, Bytes([15; 16]));
    for (name, comment, context) in [
        ("context-segment", "wrapped with another type", segment),
        ("context-empty", "wrapped without a context", Vec::new()),
    ] {
        b.reject(
            name,
            comment,
            input("dsk", key, json!([envelope(key, &context, 97)?])),
            "envelope-open",
        );
    }
    b.flag("WrongKey");
    let renamed = but(&other, json!({ "recipient": good["recipient"] }));
    b.reject(
        "other-key",
        "wrapped for another key under this one's name",
        input("dsk", key, json!([renamed])),
        "envelope-open",
    );
    b.flag("InvalidKey");
    let bytes =
        |field: &str| hex::decode(good[field].as_str().unwrap_or_default()).unwrap_or_default();
    let with = |change: Value| input("dsk", key, json!([but(&good, change)]));
    for (name, comment, point) in bad_points(&bytes("enc")) {
        if point.len() == 65 {
            b.reject(
                &format!("enc-{name}"),
                comment,
                with(json!({ "enc": hexed(point) })),
                "envelope-open",
            );
        }
    }
    b.flag("ModifiedCiphertext");
    let sealed = bytes("sealed");
    for (name, comment, altered) in [
        ("first-bit", "its first bit is flipped", flip(&sealed, 0)),
        (
            "key-last-bit",
            "the last bit of the sealed key is flipped",
            flip(&sealed, 15),
        ),
        (
            "tag-first-bit",
            "the tag's first byte is altered",
            flip(&sealed, 16),
        ),
        (
            "tag-last-bit",
            "the tag's last bit is flipped",
            flip(&sealed, 31),
        ),
        ("zeros", "32 zeros", vec![0; 32]),
    ] {
        b.reject(
            name,
            comment,
            with(json!({ "sealed": hexed(altered) })),
            "envelope-open",
        );
    }
    let enc = envelope(key, &context(1), 98)?["enc"].clone();
    b.reject(
        "enc-other",
        "the encapsulated key of another envelope",
        with(json!({ "enc": enc })),
        "envelope-open",
    );
    b.finish()
}

/// A body: its name, its plaintext's length, and what of it is shared under that name.
struct Recorded {
    manifest: Vec<u8>,
    body: Vec<u8>,
    plain: Vec<u8>,
}

fn recorded(world: &World, length: usize) -> Result<Recorded> {
    // A pattern in which no two segments are alike.
    let plain: Vec<u8> = (0..length).map(|i| ((i >> 16) as u8) ^ (i as u8)).collect();
    let (manifest, body) = world.recorded(&plain)?;
    Ok(Recorded {
        manifest: world.manifest(manifest)?,
        body,
        plain,
    })
}

/// `body-open`.
pub fn body_open(world: &World) -> Result<File> {
    let mut b = Builder::new("body-open");
    b.about(
        &["SPEC#viewing", "CLAIM-PREFIX", "CLAIM-CLIP-ORIGIN"],
        &["Valid"],
    );
    let input = |clip: &Recorded, body: Value| {
        json!({
            "account": hexed(world.account.0), "camera": hexed(world.camera.verifying_key().as_bytes()), "stream": "x",
            "manifest": hexed(&clip.manifest), "session_key": hexed([16; 16]), "first": 0, "body": body,
        })
    };
    let released =
        |plain: &[u8]| json!({ "released": plain.len(), "sha256": hexed(sha256(plain)) });
    let sizes = [
        ("empty", "no bytes of plaintext", 0),
        ("one", "one byte", 1),
        ("short", "1,000 bytes", 1_000),
        ("segment", "exactly one segment", SEGMENT),
        ("one-more", "a byte more than a segment", SEGMENT + 1),
        ("two", "exactly two segments", 2 * SEGMENT),
        ("three", "two segments and 100 bytes", 2 * SEGMENT + 100),
    ];
    let mut clips = Vec::new();
    for (name, comment, length) in sizes {
        let clip = recorded(world, length)?;
        b.share(name, &clip.body);
        b.accept_as(
            name,
            comment,
            input(&clip, json!({ "pieces": [{ "of": name }] })),
            released(&clip.plain),
        );
        clips.push((name, clip));
    }
    let find = |name: &str| clips.iter().find(|(n, _)| *n == name).map(|(_, clip)| clip);
    let (Some(three), Some(two), Some(short), Some(empty)) =
        (find("three"), find("two"), find("short"), find("empty"))
    else {
        return Err(super::super::Error::Generate("bodies".to_owned()));
    };
    let whole = || json!({ "pieces": [{ "of": "three" }] });
    for first in [1, 2] {
        let from = but(&input(three, whole()), json!({ "first": first }));
        b.accept_as(
            &format!("from-{first}"),
            &format!("read from segment {first}"),
            from,
            released(&three.plain[first * SEGMENT..]),
        );
    }
    b.flag("Edge");
    for (name, comment, first) in [
        ("from-end", "read from behind the last segment", 3u64),
        ("from-far", "read from segment 2^53 − 1", (1 << 53) - 1),
    ] {
        let from = but(&input(three, whole()), json!({ "first": first }));
        b.accept_as(name, comment, from, released(&[]));
    }
    truncated(&mut b, three, two, short, empty, &input);
    altered(&mut b, world, three, &input)?;
    b.flag("Swapped");
    b.reject_after(
        "other-clip",
        "the body of another clip under the same key",
        input(three, json!({ "pieces": [{ "of": "two" }] })),
        ("segment-altered", SEGMENT as u64),
    );
    b.flag("WrongKey");
    let other = but(
        &input(three, whole()),
        json!({ "session_key": hexed([17; 16]) }),
    );
    b.reject_after(
        "other-key",
        "another session key",
        other,
        ("segment-altered", 0),
    );
    b.flag("Withheld");
    b.reject_after(
        "withheld",
        "the cloud does not return it",
        input(three, Value::Null),
        ("clip-missing", 0),
    );
    b.finish()
}

type Input<'a> = &'a dyn Fn(&Recorded, Value) -> Value;

fn piece(of: &str, from: usize, until: usize) -> Value {
    json!({ "of": of, "from": from, "until": until })
}

fn truncated(
    b: &mut Builder,
    three: &Recorded,
    two: &Recorded,
    short: &Recorded,
    empty: &Recorded,
    input: Input<'_>,
) {
    let (sealed, plain) = (SEALED_SEGMENT, SEGMENT as u64);
    let body = |pieces: Vec<Value>| json!({ "pieces": pieces });
    let all = three.body.len();
    b.flag("Truncated");
    let missing = ("body-truncated", 0);
    b.reject_after(
        "empty-body",
        "no bytes at all",
        input(short, "".into()),
        missing,
    );
    b.reject_after(
        "empty-of-empty",
        "no bytes, where an empty clip has a tag",
        input(empty, "".into()),
        missing,
    );
    b.reject_after(
        "tag-cut",
        "an empty clip's tag without its last byte",
        input(empty, body(vec![piece("empty", 0, TAG_LEN - 1)])),
        missing,
    );
    for (name, comment, until, released) in [
        ("cut-1", "the last byte is missing", all - 1, 2 * plain),
        (
            "cut-tag",
            "the last tag is missing",
            all - TAG_LEN,
            2 * plain,
        ),
        (
            "cut-last",
            "the last segment is missing",
            2 * sealed,
            2 * plain,
        ),
        (
            "cut-in-second",
            "it ends within the second segment",
            sealed + 1_000,
            plain,
        ),
        (
            "cut-at-second",
            "it ends with the first segment",
            sealed,
            plain,
        ),
        ("cut-in-first", "it ends within the first segment", 1_000, 0),
        (
            "cut-first-tag",
            "it ends before the first segment's tag",
            SEGMENT,
            0,
        ),
    ] {
        b.reject_after(
            name,
            comment,
            input(three, body(vec![piece("three", 0, until)])),
            ("body-truncated", released),
        );
    }
    b.reject_after(
        "cut-of-two",
        "exactly two segments, the second missing",
        input(two, body(vec![piece("two", 0, sealed)])),
        ("body-truncated", plain),
    );
    b.reject_after(
        "short-cut",
        "one segment of 1,000 bytes, one byte missing",
        input(short, body(vec![piece("short", 0, short.body.len() - 1)])),
        missing,
    );
    b.flag("Prefix");
    for (name, comment, more) in [
        ("byte-more", "a byte follows", json!("00")),
        (
            "segment-more",
            "the last segment follows once more",
            piece("three", 2 * sealed, all),
        ),
        (
            "whole-more",
            "the whole body follows once more",
            json!({ "of": "three" }),
        ),
    ] {
        let pieces = vec![json!({ "of": "three" }), more];
        b.reject_after(
            name,
            comment,
            input(three, body(pieces)),
            ("body-trailing", 2 * plain),
        );
    }
    b.reject_after(
        "empty-more",
        "a byte follows an empty clip",
        input(empty, body(vec![json!({ "of": "empty" }), json!("00")])),
        ("body-trailing", 0),
    );
    let (first, second, last) = (
        piece("three", 0, sealed),
        piece("three", sealed, 2 * sealed),
        piece("three", 2 * sealed, all),
    );
    for (name, comment, pieces, released) in [
        (
            "swapped",
            "the first two segments have changed places",
            vec![second.clone(), first.clone(), last.clone()],
            0,
        ),
        (
            "first-twice",
            "the first segment in place of the second",
            vec![first.clone(), first.clone(), last.clone()],
            plain,
        ),
        (
            "second-missing",
            "the second segment is missing",
            vec![first.clone(), last.clone()],
            plain,
        ),
        (
            "first-missing",
            "the first segment is missing",
            vec![second.clone(), last.clone()],
            0,
        ),
        (
            "last-first",
            "the last segment comes first",
            vec![last.clone(), first.clone(), second.clone()],
            0,
        ),
    ] {
        let reason = if name == "second-missing" {
            "body-truncated"
        } else {
            "segment-altered"
        };
        b.reject_after(
            name,
            comment,
            input(three, body(pieces)),
            (reason, released),
        );
    }
    let spliced = vec![first, piece("two", sealed, 2 * sealed), last];
    b.reject_after(
        "spliced",
        "the second segment of another clip under the same key",
        input(three, body(spliced)),
        ("segment-altered", plain),
    );
}

fn altered(b: &mut Builder, world: &World, three: &Recorded, input: Input<'_>) -> Result<()> {
    let (sealed, plain, all) = (SEALED_SEGMENT, SEGMENT as u64, three.body.len());
    b.flag("Prefix");
    for (name, comment, place, released) in [
        ("bit-first", "the first bit of all", 0, 0),
        ("bit-first-tag", "a bit of the first tag", sealed - 1, 0),
        (
            "bit-second",
            "the first byte of the second segment",
            sealed,
            plain,
        ),
        (
            "bit-second-tag",
            "the last byte of the second tag",
            2 * sealed - 1,
            plain,
        ),
        (
            "bit-last",
            "the first byte of the last segment",
            2 * sealed,
            2 * plain,
        ),
        ("bit-last-tag", "the last bit of all", all - 1, 2 * plain),
    ] {
        let byte = hexed([three.body.get(place).copied().unwrap_or_default() ^ 1]);
        let body =
            json!({ "pieces": [piece("three", 0, place), byte, piece("three", place + 1, all)] });
        b.reject_after(
            name,
            &format!("flipped: {comment}"),
            input(three, body),
            ("segment-altered", released),
        );
    }
    // Whoever holds the session key can seal again: the hash in the manifest is what tells.
    let context = clip::segment_context(&world.account, &Bytes([15; 16]));
    let seal = |number: u8, last: u8, plain: &[u8]| -> Result<Vec<u8>> {
        let mut nonce = [0; 12];
        (nonce[10], nonce[11]) = (number, last);
        Ok(Aes128Gcm::new(&[16; 16]).seal(&nonce, &context, plain)?)
    };
    let last_plain = &three.plain[2 * SEGMENT..];
    for (name, comment, flag, segment) in [
        (
            "resealed",
            "a member seals another last segment",
            "Prefix",
            seal(2, 1, &vec![9; last_plain.len()])?,
        ),
        (
            "last-flag",
            "the last segment is sealed as one that is not the last",
            "Truncated",
            seal(2, 0, last_plain)?,
        ),
        (
            "number",
            "the last segment is sealed under another number",
            "Prefix",
            seal(1, 1, last_plain)?,
        ),
    ] {
        b.flag(flag);
        let body = json!({ "pieces": [piece("three", 0, 2 * sealed), hexed(segment)] });
        b.reject_after(
            name,
            comment,
            input(three, body),
            ("segment-altered", 2 * plain),
        );
    }
    // What the camera signed does not open: its hash is right, and its tag is not.
    let (mut manifest, _) = world.recorded(&three.plain)?;
    let zeros = vec![0; last_plain.len() + TAG_LEN];
    if let Some(last) = manifest.segments.last_mut() {
        *last = Bytes(sha256(&zeros));
    }
    let signed = Recorded {
        manifest: world.manifest(manifest)?,
        body: Vec::new(),
        plain: Vec::new(),
    };
    b.flag("ModifiedCiphertext");
    let body = json!({ "pieces": [piece("three", 0, 2 * sealed), hexed(zeros)] });
    b.reject_after(
        "signed-and-shut",
        "the camera signed a last segment that does not open",
        input(&signed, body),
        ("segment-altered", 2 * plain),
    );
    Ok(())
}
