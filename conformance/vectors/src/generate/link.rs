//! Links.

use data_encoding::BASE32_NOPAD;
use encryptediot::crypto::{SecretBytes, hpke_seal, sha256};
use encryptediot::link::{self, LINK_PREFIX, Link, Source};
use encryptediot::message;
use encryptediot::segment::{SEALED_SEGMENT, SEGMENT};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::super::file::File;
use super::super::{Error, Result};
use super::account::wrapped;
use super::builder::{Builder, but, hexed};
use super::item::{Item, NULL};
use super::world::{START, World, rng, signing};

const UNTIL: u64 = START + 86_400_000;
/// The private half of the link's TDSK.
const SECRET: [u8; 32] = [18; 32];
const ID: [u8; 16] = [19; 16];

fn text(account: &[u8; 32], id: &[u8], secret: &[u8]) -> String {
    let name = BASE32_NOPAD.encode(&[&account[..], id].concat());
    format!("{LINK_PREFIX}{name}#{}", BASE32_NOPAD.encode(secret))
}

/// `link-read`.
pub fn link_read(world: &World) -> Result<File> {
    let mut b = Builder::new("link-read");
    let account = world.account.0;
    let good = text(&account, &ID, &SECRET);
    let input = |text: &str| json!({ "text": text });
    b.about(&["SPEC#links", "CLAIM-LINK"], &["Valid"]);
    let expected = json!({ "account": hexed(account), "id": hexed(ID), "private": hexed(SECRET) });
    b.accept_as("good", "a link", input(&good), expected.clone());
    b.accept_as(
        "space",
        "white space before and after",
        input(&format!(" {good}\n")),
        expected,
    );
    b.flag("Text");
    let (name, secret) = good.split_once('#').unwrap_or_default();
    let cut = |text: &str| {
        text.chars()
            .take(text.chars().count() - 1)
            .collect::<String>()
    };
    // 48 bytes leave three bits of the last character, 32 bytes four: they are zero.
    let bits = |text: &str| {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let last = text.chars().last().and_then(|c| alphabet.find(c));
        let next = last
            .and_then(|at| alphabet.chars().nth(at + 1))
            .unwrap_or('B');
        format!("{}{next}", cut(text))
    };
    for (what, comment, text) in [
        ("empty", "nothing", String::new()),
        ("no-secret", "without what follows #", name.to_owned()),
        ("secret-empty", "nothing follows #", format!("{name}#")),
        (
            "no-prefix",
            "without its prefix",
            good.trim_start_matches(LINK_PREFIX).to_owned(),
        ),
        (
            "other-prefix",
            "the prefix of a card",
            good.replace(LINK_PREFIX, "EIOT:CARD:"),
        ),
        ("lower-case", "in lower case", good.to_lowercase()),
        (
            "upper-case",
            "the prefix in upper case",
            good.to_uppercase(),
        ),
        (
            "name-cut",
            "the last character before # is missing",
            format!("{}#{secret}", cut(name)),
        ),
        ("secret-cut", "the last character is missing", cut(&good)),
        (
            "name-bits",
            "the bits that no byte needs before # are not zero",
            format!("{}#{secret}", bits(name)),
        ),
        (
            "secret-bits",
            "the bits that no byte needs are not zero",
            bits(&good),
        ),
        ("padding", "with padding", format!("{good}====")),
        ("two-hashes", "a second #", format!("{good}#{secret}")),
        ("query", "a query between", good.replace('#', "?a=b#")),
        (
            "secret-31",
            "a key of 31 bytes",
            text(&account, &ID, &SECRET[..31]),
        ),
        (
            "secret-33",
            "a key of 33 bytes",
            text(&account, &ID, &[&SECRET[..], &[0]].concat()),
        ),
        (
            "id-15",
            "an id of 15 bytes",
            text(&account, &ID[..15], &SECRET),
        ),
        (
            "id-17",
            "an id of 17 bytes",
            text(&account, &[&ID[..], &[0]].concat(), &SECRET),
        ),
        ("secret-0", "0 for a key", text(&account, &ID, &[0; 32])),
        (
            "secret-greatest",
            "2^256 − 1 for a key",
            text(&account, &ID, &[255; 32]),
        ),
    ] {
        b.reject(what, comment, input(&text), "link-malformed");
    }
    b.finish()
}

/// A link of one clip: the object, the copy's body, the plaintext.
struct Made {
    object: Vec<u8>,
    body: Vec<u8>,
    plain: Vec<u8>,
}

fn made(world: &World) -> Result<Made> {
    let plain: Vec<u8> = (0..2 * SEGMENT + 100)
        .map(|i| ((i >> 16) as u8) ^ (i as u8))
        .collect();
    let (manifest, _) = world.recorded(&plain)?;
    let source = Source {
        manifest: world.manifest(manifest)?,
        key: world.session_key(),
        plaintext: Zeroizing::new(plain.clone()),
    };
    let link = Link::from_text(&text(&world.account.0, &ID, &SECRET))?;
    let announced = vec![world.state(world.announced()?)?];
    let made = link::make(
        &link,
        UNTIL,
        world.root_bytes(),
        announced,
        vec![source],
        &mut rng(100),
    )?;
    let body = made.bodies.into_iter().next().unwrap_or_default();
    Ok(Made {
        object: made.index,
        body,
        plain,
    })
}

/// `link-plain` with everything right in it.
fn plain(world: &World) -> Result<Vec<Item>> {
    let (manifest, _) = world.recorded(b"clip")?;
    let clip = vec![
        Item::bytes(world.manifest(manifest)?),
        Item::bytes([16; 16]),
        Item::bytes([20; 16]),
    ];
    Ok(vec![
        Item::Uint(UNTIL),
        Item::bytes(world.root_bytes()),
        Item::Array(vec![Item::bytes(world.state(world.announced()?)?)]),
        Item::Array(vec![Item::Array(clip)]),
    ])
}

/// The object `link` around what is sealed in it.
fn object(world: &World, context: &[u8], plain: &[u8]) -> Result<Item> {
    let key = encryptediot::crypto::KemSecret::from_bytes(&SECRET)?.public();
    let (enc, sealed) = hpke_seal(&key, context, &[], plain, &mut rng(101))?;
    let body = vec![
        Item::bytes(ID),
        Item::Array(vec![Item::bytes(enc), Item::bytes(sealed)]),
    ];
    Ok(Item::Array(vec![
        Item::text("link"),
        Item::Uint(1),
        Item::bytes(world.account.0),
        Item::Array(body),
    ]))
}

/// `link-open`.
pub fn link_open(world: &World) -> Result<File> {
    let mut b = Builder::new("link-open");
    let account = world.account.0;
    let context = message::context("link", &world.account, encryptediot::cbor::Bytes(ID));
    let good = object(world, &context, &Item::Array(plain(world)?).encode())?;
    let input = |object: &[u8]| json!({ "text": text(&account, &ID, &SECRET), "object": hexed(object), "now": START });
    let bytes = good.encode();
    b.about(
        &["SPEC#links", "CLAIM-LINK", "CLAIM-CLIP-ORIGIN"],
        &["Valid"],
    );
    let shown = json!({ "clips": [{ "stream": "x", "sequence": 3, "clip": hexed([15; 16]), "length": 4 }] });
    b.accept_as("good", "a link of one clip", input(&bytes), shown.clone());
    b.flag("Expiry");
    let at = |now: u64| but(&input(&bytes), json!({ "now": now }));
    b.accept_as(
        "one-before",
        "one millisecond before its end",
        at(UNTIL - 1),
        shown.clone(),
    );
    b.reject("at", "at its end", at(UNTIL), "link-expired");
    b.reject(
        "one-after",
        "one millisecond after its end",
        at(UNTIL + 1),
        "link-expired",
    );
    b.accept_as("clock-at-0", "by a clock that was never set", at(0), shown);
    b.flag("WrongKey");
    let other = |account: &[u8; 32], id: &[u8], secret: &[u8]| {
        but(&input(&bytes), json!({ "text": text(account, id, secret) }))
    };
    b.reject(
        "other-secret",
        "another link's key",
        other(&account, &ID, &[21; 32]),
        "link-open",
    );
    b.reject(
        "other-id",
        "another link's object",
        other(&account, &[22; 16], &SECRET),
        "link-open",
    );
    b.flag("WrongAccount");
    let foreign = World::other()?;
    b.reject(
        "other-account",
        "another account's object",
        other(&foreign.account.0, &ID, &SECRET),
        "wrong-account",
    );
    b.flag("Text");
    b.reject(
        "text",
        "no link",
        but(&input(&bytes), json!({ "text": "eiot:link:" })),
        "link-malformed",
    );
    wrapped(&mut b, &good, &[3, 1], "link-open", input);
    b.flag("WrongContext");
    let all = Item::Array(plain(world)?).encode();
    for (name, comment, context) in [
        (
            "type",
            "sealed as another type",
            message::context(
                "link-segment",
                &world.account,
                encryptediot::cbor::Bytes(ID),
            ),
        ),
        (
            "account",
            "sealed for another account",
            message::context("link", &foreign.account, encryptediot::cbor::Bytes(ID)),
        ),
        (
            "id",
            "sealed for another link",
            message::context("link", &world.account, encryptediot::cbor::Bytes([22; 16])),
        ),
    ] {
        b.reject(
            &format!("context.{name}"),
            comment,
            input(&object(world, &context, &all)?.encode()),
            "link-open",
        );
    }
    indexes(&mut b, world, |plain: Vec<u8>| {
        Ok(input(&object(world, &context, &plain)?.encode()))
    })?;
    b.finish()
}

/// Indexes that whoever holds the link could make: what is in them is wrong.
fn indexes(b: &mut Builder, world: &World, input: impl Fn(Vec<u8>) -> Result<Value>) -> Result<()> {
    let foreign = World::other()?;
    let with = |place: usize, there: Item| -> Result<Vec<u8>> {
        let mut fields = plain(world)?;
        if let Some(field) = fields.get_mut(place) {
            *field = there;
        }
        Ok(Item::Array(fields).encode())
    };
    b.flag("Grammar");
    let mut short = plain(world)?;
    short.pop();
    for (name, comment, plain) in [
        ("plain-empty", "nothing was sealed", Vec::new()),
        ("plain-less", "without clips", Item::Array(short).encode()),
        (
            "plain-no-clips",
            "an empty list of clips",
            with(3, Item::Array(Vec::new()))?,
        ),
        (
            "plain-no-announcements",
            "no announcement",
            with(2, Item::Array(Vec::new()))?,
        ),
        (
            "plain-more",
            "a field more",
            Item::Array([plain(world)?, vec![NULL]].concat()).encode(),
        ),
        (
            "plain-trailing",
            "a byte follows",
            [Item::Array(plain(world)?).encode(), vec![0]].concat(),
        ),
    ] {
        b.reject(name, comment, input(plain)?, "link-open");
    }
    b.flag("RootSwap");
    b.reject(
        "root-other",
        "another account's root",
        input(with(1, Item::bytes(foreign.root_bytes()))?)?,
        "link-root",
    );
    b.reject(
        "root-empty",
        "no root",
        input(with(1, Item::bytes([]))?)?,
        "link-root",
    );
    let swapped = vec![
        Item::Uint(UNTIL),
        Item::bytes(foreign.root_bytes()),
        Item::Array(vec![Item::bytes(foreign.state(foreign.announced()?)?)]),
        plain(world)?.remove(3),
    ];
    b.reject(
        "root-all-other",
        "root, announcement and clips of the provider's own account",
        input(Item::Array(swapped).encode())?,
        "link-root",
    );
    let in_our_name = foreign.sign_for(&world.account, world.encode(world.announced()?))?;
    let renamed = vec![
        Item::Uint(UNTIL),
        Item::bytes(foreign.root_bytes()),
        Item::Array(vec![Item::bytes(in_our_name.clone())]),
        plain(world)?.remove(3),
    ];
    b.reject(
        "root-forged",
        "the provider's root, and its announcement in this account's name",
        input(Item::Array(renamed).encode())?,
        "link-root",
    );
    b.flag("LinkOrigin");
    let statements = |statement: Vec<u8>| Item::Array(vec![Item::bytes(statement)]);
    let clips = |manifest: Vec<u8>| {
        Item::Array(vec![Item::Array(vec![
            Item::bytes(manifest),
            Item::bytes([16; 16]),
            Item::bytes([20; 16]),
        ])])
    };
    let (manifest, _) = world.recorded(b"clip")?;
    let strange = signing(13)?;
    let forged = encryptediot::cose::sign(&strange, world.encode(manifest.clone()))?;
    let mut own = manifest.clone();
    own.camera = strange.verifying_key();
    let own = encryptediot::cose::sign(&strange, world.encode(own))?;
    let mut unannounced = manifest.clone();
    unannounced.announcement = encryptediot::cbor::Bytes([1; 32]);
    let mut other_stream = manifest.clone();
    other_stream.stream = super::world::y()?;
    let mut shape = manifest.clone();
    shape.length = 1 << 40;
    let announced = world.encode(world.announced()?);
    for (name, comment, place, there) in [
        (
            "announcement-other",
            "an announcement that another account signed",
            2,
            statements(foreign.sign(announced.clone())?),
        ),
        (
            "announcement-forged",
            "an announcement that another account signed in this one's name",
            2,
            statements(in_our_name),
        ),
        (
            "announcement-unsigned",
            "an announcement without a signature",
            2,
            statements(announced),
        ),
        (
            "announcement-roster",
            "a roster in its place",
            2,
            statements(world.sign(world.message("roster")?)?),
        ),
        (
            "manifest-forged",
            "another camera's signature",
            3,
            clips(forged),
        ),
        (
            "manifest-other-camera",
            "a clip of a camera that nobody announced",
            3,
            clips(own),
        ),
        (
            "manifest-unannounced",
            "a clip under another announcement",
            3,
            clips(world.manifest(unannounced)?),
        ),
        (
            "manifest-other-stream",
            "a clip of another stream",
            3,
            clips(world.manifest(other_stream)?),
        ),
        (
            "manifest-shape",
            "a manifest whose numbers do not agree",
            3,
            clips(world.manifest(shape)?),
        ),
        ("manifest-empty", "no manifest", 3, clips(Vec::new())),
    ] {
        b.reject(name, comment, input(with(place, there)?)?, "link-clip");
    }
    Ok(())
}

/// `link-body-open`.
pub fn link_body_open(world: &World) -> Result<File> {
    let mut b = Builder::new("link-body-open");
    let made = made(world)?;
    b.share("copy", &made.body);
    b.share("object", &made.object);
    let input = |body: Value| {
        json!({
            "text": text(&world.account.0, &ID, &SECRET), "object": { "pieces": [{ "of": "object" }] }, "now": START, "number": 0, "body": body,
        })
    };
    let body = |pieces: Vec<Value>| input(json!({ "pieces": pieces }));
    b.about(&["SPEC#links", "CLAIM-LINK", "CLAIM-PREFIX"], &["Valid"]);
    let expected = json!({ "released": made.plain.len(), "sha256": hexed(sha256(&made.plain)) });
    b.accept_as(
        "good",
        "two segments and 100 bytes",
        body(vec![json!({ "of": "copy" })]),
        expected,
    );
    let (sealed, plain, all) = (SEALED_SEGMENT, SEGMENT as u64, made.body.len());
    let piece = |from: usize, until: usize| json!({ "of": "copy", "from": from, "until": until });
    b.flag("Truncated");
    for (name, comment, until, released) in [
        ("empty", "no bytes", 0, 0),
        ("cut-1", "the last byte is missing", all - 1, 2 * plain),
        (
            "cut-last",
            "the last segment is missing",
            2 * sealed,
            2 * plain,
        ),
        (
            "cut-second",
            "it ends within the second segment",
            sealed + 1,
            plain,
        ),
    ] {
        b.reject_after(
            name,
            comment,
            body(vec![piece(0, until)]),
            ("body-truncated", released),
        );
    }
    b.flag("Prefix");
    for (name, comment, place, released) in [
        ("bit-first", "the first bit of all", 0, 0),
        (
            "bit-second",
            "the first byte of the second segment",
            sealed,
            plain,
        ),
        ("bit-last", "the last bit of all", all - 1, 2 * plain),
    ] {
        let byte = hexed([made.body.get(place).copied().unwrap_or_default() ^ 1]);
        let altered = body(vec![piece(0, place), byte, piece(place + 1, all)]);
        b.reject_after(
            name,
            &format!("flipped: {comment}"),
            altered,
            ("segment-altered", released),
        );
    }
    b.reject_after(
        "swapped",
        "the first two segments have changed places",
        body(vec![
            piece(sealed, 2 * sealed),
            piece(0, sealed),
            piece(2 * sealed, all),
        ]),
        ("segment-altered", 0),
    );
    b.reject_after(
        "byte-more",
        "a byte follows",
        body(vec![json!({ "of": "copy" }), json!("00")]),
        ("body-trailing", 2 * plain),
    );
    b.flag("LinkOrigin");
    // Whoever holds the link's keys seals something else in the copy's place: it opens, and is not the camera's.
    let copy = forged(world, &made)?;
    b.reject_after(
        "forged",
        "another plaintext under the copy's own key",
        input(hexed(copy)),
        ("segment-altered", 0),
    );
    b.flag("Withheld");
    b.reject_after(
        "withheld",
        "the cloud does not return it",
        input(Value::Null),
        ("clip-missing", 0),
    );
    b.finish()
}

/// A body for the link's clip that opens, of a plaintext that no camera recorded.
fn forged(world: &World, made: &Made) -> Result<Vec<u8>> {
    let link = Link::from_text(&text(&world.account.0, &ID, &SECRET))?;
    let (manifest, _) = world.recorded(&made.plain)?;
    let source = Source {
        manifest: world.manifest(manifest)?,
        key: SecretBytes::new([16; 16]),
        plaintext: Zeroizing::new(vec![9; made.plain.len()]),
    };
    // The same randomness draws the same key for the copy.
    let announced = vec![world.state(world.announced()?)?];
    let again = link::make(
        &link,
        UNTIL,
        world.root_bytes(),
        announced,
        vec![source],
        &mut rng(100),
    )?;
    if again.index != made.object {
        return Err(Error::Generate(
            "the forged copy has another key".to_owned(),
        ));
    }
    Ok(again.bodies.into_iter().next().unwrap_or_default())
}
