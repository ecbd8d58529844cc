//! Ring's scheme and the paper's profile, as their text has them. What they accept and ought not to
//! is accepted here: the flag says which attack it is.

use encryptediot::cloud::Cloud as _;
use encryptediot::cose;
use encryptediot::crypto::{self, KemSecret, SecretBytes, sha256};
use encryptediot_schemes::oaep::OaepPublic;
use encryptediot_schemes::scheme::envelope::{self, Recipient};
use encryptediot_schemes::scheme::{World as Bare, account};
use serde_json::{Value, json};

use super::super::Result;
use super::super::file::File;
use super::builder::{Builder, but, hexed};
use super::forms::{cut, flip};
use super::item::{Item, NULL};
use super::messages::bad_points;
use super::world::{START, WORDS, World, rng};

const RING: &str = "ring";
const PAPER: &str = "paper";

/// `ring-certificate-open`.
pub fn certificate_open(world: &World) -> Result<File> {
    let mut b = Builder::of(RING, "ring-certificate-open");
    let mut bare = Bare::new(1)?;
    let mut certify = |public: &[u8]| account::certificate(&mut bare, &world.root, public);
    let input = |certificate: &[u8]| json!({ "root": hexed(world.root.public().modulus()), "certificate": hexed(certificate) });
    let key = *world.instance.public().as_bytes();
    let good = certify(&key)?;
    let public = |bytes: &[u8]| json!({ "public": hexed(bytes) });
    b.about(&["SPEC#errata"], &["Valid"]);
    b.accept_as("good", "a phone's IK", input(&good), public(&key));
    let adk = *World::other()?.root.public().modulus();
    b.accept_as(
        "adk",
        "an ADK: a modulus",
        input(&certify(&adk)?),
        public(&adk),
    );
    b.flag("BareCertificate");
    let stream_key = *world.dsk.public().as_bytes();
    b.accept_as(
        "stream-key",
        "a DSK: nothing says that it is no IK (erratum E14)",
        input(&certify(&stream_key)?),
        public(&stream_key),
    );
    b.accept_as(
        "anything",
        "whatever was signed, no key at all (erratum E14)",
        input(&certify(b"anything")?),
        public(b"anything"),
    );
    b.flag("ForgedSignature");
    let theirs = account::certificate(&mut Bare::new(2)?, &World::other()?.root, &key)?;
    b.reject(
        "other-root",
        "the provider's own key signs",
        input(&theirs),
        "invalid-signature",
    );
    b.reject(
        "last-bit",
        "the last bit of the signature is flipped",
        input(&flip(&good, good.len() - 1)),
        "invalid-signature",
    );
    b.reject(
        "other-key",
        "another key under the signature",
        input(&flip(&good, 20)),
        "invalid-signature",
    );
    grammar(&mut b, &good, input)?;
    b.finish()
}

/// What may be wrong with an array of two.
fn grammar(b: &mut Builder, good: &[u8], input: impl Fn(&[u8]) -> Value) -> Result<()> {
    let item = Item::parse(good)?;
    b.flag("Grammar");
    for (name, comment, bytes, reason) in [
        ("empty", "no bytes", Vec::new(), "malformed"),
        ("cut", "the last byte is missing", cut(good), "malformed"),
        (
            "item-less",
            "an item less",
            item.without_last().encode(),
            "malformed",
        ),
        (
            "item-more",
            "an item more",
            item.and(NULL).encode(),
            "malformed",
        ),
        (
            "trailing-byte",
            "a byte follows",
            [good, &[0]].concat(),
            "not-deterministic",
        ),
        (
            "indefinite",
            "in indefinite length",
            item.indefinite().unwrap_or(NULL).encode(),
            "not-deterministic",
        ),
    ] {
        b.reject(name, comment, input(&bytes), reason);
    }
    Ok(())
}

/// `ring-wrapped-open`.
pub fn wrapped_open(world: &World) -> Result<File> {
    let mut b = Builder::of(RING, "ring-wrapped-open");
    let private = |key: &KemSecret| hexed(*key.to_bytes());
    let input = |blob: &[u8]| json!({ "private": private(&world.instance), "blob": hexed(blob) });
    let good = account::wrap(&mut Bare::new(3)?, &world.instance.public(), &[34; 32])?;
    b.about(&["SPEC#errata"], &["Valid"]);
    b.accept_as(
        "good",
        "32 bytes under a phone's IK: PDK or new key, nothing says which (erratum E3)",
        input(&good),
        json!({ "plaintext": hexed([34; 32]) }),
    );
    b.flag("WrongKey");
    b.reject(
        "other-phone",
        "under another phone's IK",
        but(
            &input(&good),
            json!({ "private": private(&world.stranger) }),
        ),
        "sealed-open",
    );
    b.flag("InvalidKey");
    let item = Item::parse(&good)?;
    let Some(Item::Bytes(enc)) = item.at(&[0]) else {
        return Err(super::super::Error::Generate("no enc".to_owned()));
    };
    for (name, comment, point) in bad_points(enc) {
        if point.len() == 65 {
            b.reject(
                &format!("enc-{name}"),
                comment,
                input(&item.put(&[0], Item::Bytes(point)).encode()),
                "sealed-open",
            );
        }
    }
    b.flag("ModifiedCiphertext");
    b.reject(
        "last-bit",
        "the tag's last bit is flipped",
        input(&flip(&good, good.len() - 1)),
        "sealed-open",
    );
    grammar(&mut b, &good, input)?;
    b.finish()
}

/// `ring-recover`.
pub fn recover(world: &World) -> Result<File> {
    let mut b = Builder::of(RING, "ring-recover");
    let work = crypto::Work {
        log_n: 10,
        r: 8,
        p: 1,
        iterations: 1_000,
    };
    let salt = [60; 16];
    let pdk = crypto::passphrase_derived_key(WORDS.as_bytes(), &salt, &work)?;
    let new_key = SecretBytes::<32>::new([61; 32]);
    let stored = |work: [u64; 4]| {
        Item::Array(vec![
            Item::bytes(salt),
            Item::Array(work.map(Item::Uint).to_vec()),
        ])
        .encode()
    };
    let other = World::other()?;
    let seal = |key: &SecretBytes<32>, plain: &[u8], seed: u64| {
        cose::seal(key, &[], plain, &mut rng(seed))
    };
    let ask = seal(&pdk, &world.root.to_pkcs8()?, 110)?;
    let wrapped = seal(&pdk, new_key.as_bytes(), 111)?;
    let adk = seal(&new_key, &other.root.to_pkcs8()?, 112)?;
    let good = json!({
        "passphrase": WORDS, "salt": hexed(stored([10, 8, 1, 1_000])), "ask": hexed(&ask), "new_key": hexed(&wrapped), "adk": hexed(&adk),
    });
    let modulus = |world: &World| hexed(world.root.public().modulus());
    let with = |change: Value| but(&good, change);
    let expected = |root: Value| json!({ "root": root, "new_key": hexed(new_key.as_bytes()), "adk": modulus(&other) });
    b.about(&["SPEC#errata"], &["Valid"]);
    b.accept_as(
        "good",
        "ASK, new key and ADK",
        good.clone(),
        expected(modulus(world)),
    );
    b.flag("RootSwap");
    let swapped = seal(&pdk, &other.root.to_pkcs8()?, 113)?;
    b.accept_as(
        "root-swap",
        "whoever knows the PDK serves a root of its own, and it is taken (erratum E2)",
        with(json!({ "ask": hexed(swapped) })),
        expected(modulus(&other)),
    );
    b.flag("WrongKey");
    b.reject(
        "other-passphrase",
        "another passphrase",
        with(json!({ "passphrase": WORDS.replace("abuse", "zoo") })),
        "sealed-open",
    );
    let under_new = seal(&new_key, &world.root.to_pkcs8()?, 114)?;
    b.reject(
        "ask-under-new-key",
        "the ASK lies under the new key alone",
        with(json!({ "ask": hexed(under_new) })),
        "sealed-open",
    );
    let under_pdk = seal(&pdk, &other.root.to_pkcs8()?, 115)?;
    b.reject(
        "adk-under-pdk",
        "the ADK lies under the PDK",
        with(json!({ "adk": hexed(under_pdk) })),
        "sealed-open",
    );
    b.flag("WrongContext");
    b.reject(
        "swapped",
        "ASK and new key have changed places",
        with(json!({ "ask": hexed(&wrapped), "new_key": hexed(&ask) })),
        "sealed-open",
    );
    b.flag("ModifiedCiphertext");
    for (field, blob) in [("ask", &ask), ("new_key", &wrapped), ("adk", &adk)] {
        let altered = with(json!({ field: hexed(flip(blob, blob.len() - 1)) }));
        b.reject(
            &format!("{}-last-bit", field.replace('_', "-")),
            &format!("{field}: the tag's last bit is flipped"),
            altered,
            "sealed-open",
        );
    }
    b.flag("WorkFactor");
    for (name, work) in [
        ("work-little", [9, 8, 1, 1_000]),
        ("work-much", [21, 8, 1, 1_000]),
        ("work-iterations", [10, 8, 1, 1]),
    ] {
        b.reject(
            name,
            "parameters out of range",
            with(json!({ "salt": hexed(stored(work)) })),
            "work-out-of-range",
        );
    }
    b.flag("Grammar");
    b.reject(
        "salt-empty",
        "no salt",
        with(json!({ "salt": "" })),
        "malformed",
    );
    b.flag("Passphrase");
    b.reject(
        "nine-words",
        "two words",
        with(json!({ "passphrase": "zoo zoo" })),
        "word-count",
    );
    b.finish()
}

/// `ring-recording-open`.
pub fn recording_open(world: &World) -> Result<File> {
    let mut b = Builder::of(RING, "ring-recording-open");
    let mut bare = Bare::new(4)?;
    let adk = World::other()?.root;
    let public = OaepPublic::from_modulus(adk.public().modulus())?;
    let recipients = [
        Recipient::Ecc(world.instance.public()),
        Recipient::Ecc(world.dsk.public()),
        Recipient::Rsa(Box::new(public)),
    ];
    let plain = vec![7; 1_000];
    envelope::record(&mut bare, "x", &plain, (START, START + 1_000), &recipients)?;
    let (manifest, video) = (
        bare.cloud.get(&envelope::manifest("x", 1))?,
        bare.cloud.get(&envelope::video("x", 1))?,
    );
    let private = |key: &KemSecret| hexed(*key.to_bytes());
    let input = |private: Value| json!({ "manifest": hexed(&manifest), "video": hexed(&video), "private": private });
    let expected = json!({ "released": 1_000, "sha256": hexed(sha256(&plain)) });
    b.about(&["SPEC#errata"], &["Valid"]);
    b.accept_as(
        "instance",
        "by a phone's IK",
        input(private(&world.instance)),
        expected.clone(),
    );
    b.accept_as(
        "stream-key",
        "by a DSK",
        input(private(&world.dsk)),
        expected.clone(),
    );
    b.accept_as(
        "adk",
        "by the ADK (RSA-OAEP)",
        input(hexed(&*adk.to_pkcs8()?)),
        expected,
    );
    b.flag("ForgedSignature");
    let mut forger = Bare::new(5)?;
    let forged = vec![9; 10];
    envelope::record(
        &mut forger,
        "x",
        &forged,
        (START, START + 1_000),
        &recipients[..1],
    )?;
    let files = json!({
        "manifest": hexed(forger.cloud.get(&envelope::manifest("x", 1))?), "video": hexed(forger.cloud.get(&envelope::video("x", 1))?),
    });
    b.accept_as(
        "forged",
        "made by whoever knows the public IK, and taken for genuine (erratum E5)",
        but(&input(private(&world.instance)), files),
        json!({ "released": 10, "sha256": hexed(sha256(&forged)) }),
    );
    b.flag("Isolation");
    b.reject(
        "stranger",
        "by a key that it is not wrapped for",
        input(private(&world.stranger)),
        "no-envelope",
    );
    b.flag("Truncated");
    let good = input(private(&world.instance));
    b.reject(
        "cut",
        "the video's last byte is missing",
        but(&good, json!({ "video": hexed(cut(&video)) })),
        "segment-altered",
    );
    b.reject(
        "empty",
        "no video",
        but(&good, json!({ "video": "" })),
        "body-truncated",
    );
    b.flag("ModifiedCiphertext");
    b.reject(
        "bit",
        "the video's first bit is flipped",
        but(&good, json!({ "video": hexed(flip(&video, 0)) })),
        "segment-altered",
    );
    let item = Item::parse(&manifest)?;
    let Some(Item::Bytes(wrapped)) = item.at(&[3, 0, 1]) else {
        return Err(super::super::Error::Generate("no envelope".to_owned()));
    };
    let altered = item
        .put(&[3, 0, 1], Item::Bytes(flip(wrapped, wrapped.len() - 1)))
        .encode();
    b.reject(
        "envelope",
        "the encrypted session key was altered",
        but(&good, json!({ "manifest": hexed(altered) })),
        "envelope-open",
    );
    b.flag("Grammar");
    b.reject(
        "manifest-empty",
        "no manifest",
        but(&good, json!({ "manifest": "" })),
        "malformed",
    );
    b.finish()
}

/// `paper-grant-open`.
pub fn grant_open(world: &World) -> Result<File> {
    let mut b = Builder::of(PAPER, "paper-grant-open");
    let private = |key: &KemSecret| hexed(*key.to_bytes());
    let input = |grant: &[u8]| json!({ "member": private(&world.member), "grant": hexed(grant) });
    let plain = |nonce: [u8; 16], key: &[u8]| {
        Item::Array(vec![Item::bytes(nonce), Item::bytes(key)]).encode()
    };
    let wrap =
        |plain: &[u8], seed| account::wrap(&mut Bare::new(seed)?, &world.member.public(), plain);
    let good = wrap(&plain([62; 16], &*world.tdsk.to_bytes()), 6)?;
    let expected = |key: &KemSecret| json!({ "nonce": hexed([62; 16]), "private": private(key) });
    b.about(&["SPEC#errata"], &["Valid"]);
    b.accept_as(
        "good",
        "a TDSK for alice",
        input(&good),
        expected(&world.tdsk),
    );
    b.flag("BareGrant");
    let forged = wrap(&plain([62; 16], &*world.stranger.to_bytes()), 7)?;
    b.accept_as(
        "forged",
        "made by anybody, with a key of its own (erratum E15)",
        input(&forged),
        expected(&world.stranger),
    );
    b.accept_as(
        "again",
        "the same grant once more (erratum E15)",
        input(&good),
        expected(&world.tdsk),
    );
    b.flag("OtherRecipient");
    b.reject(
        "other-member",
        "another member",
        but(&input(&good), json!({ "member": private(&world.stranger) })),
        "sealed-open",
    );
    b.flag("ModifiedCiphertext");
    b.reject(
        "last-bit",
        "the tag's last bit is flipped",
        input(&flip(&good, good.len() - 1)),
        "sealed-open",
    );
    b.flag("Grammar");
    b.reject(
        "plain-short",
        "a key of 31 bytes in it",
        input(&wrap(&plain([62; 16], &[1; 31]), 8)?),
        "malformed",
    );
    b.reject(
        "plain-key-alone",
        "the key without a nonce",
        input(&wrap(&Item::bytes([1; 32]).encode(), 9)?),
        "malformed",
    );
    grammar(&mut b, &good, input)?;
    b.finish()
}

/// `paper-keys-open`.
pub fn keys_open(world: &World) -> Result<File> {
    let mut b = Builder::of(PAPER, "paper-keys-open");
    let mut bare = Bare::new(10)?;
    let mut certify = |key: &[u8]| account::certificate(&mut bare, &world.root, key);
    let (dsk, tdsk) = (
        *world.dsk.public().as_bytes(),
        *world.tdsk.public().as_bytes(),
    );
    let window = |from: u64, until: u64| {
        Item::Array(vec![Item::Uint(START + from), Item::Uint(START + until)])
    };
    let entry =
        |certificate: Vec<u8>, window: Item| Item::Array(vec![Item::bytes(certificate), window]);
    let list = Item::Array(vec![
        entry(certify(&dsk)?, NULL),
        entry(certify(&tdsk)?, window(0, 1_000)),
    ]);
    let at = |list: &Item, start: u64, end: u64| {
        json!({
            "root": hexed(world.root.public().modulus()), "keys": hexed(list.encode()), "start": START + start, "end": START + end,
        })
    };
    let keys = |all: &[[u8; 65]]| json!({ "keys": all.iter().map(hexed).collect::<Value>() });
    b.about(&["SPEC#errata"], &["Window"]);
    b.accept_as(
        "within",
        "a session within the window",
        at(&list, 0, 1_000),
        keys(&[dsk, tdsk]),
    );
    b.accept_as(
        "one-after",
        "it ends a millisecond after the window",
        at(&list, 0, 1_001),
        keys(&[dsk]),
    );
    b.accept_as(
        "after",
        "a session after it",
        at(&list, 2_000, 3_000),
        keys(&[dsk]),
    );
    b.accept_as(
        "none",
        "nothing is shared",
        at(&Item::Array(Vec::new()), 0, 0),
        keys(&[]),
    );
    b.flag("Rollback");
    let old = Item::Array(vec![entry(certify(&dsk)?, NULL)]);
    b.accept_as(
        "older",
        "an older list is as good as the newest (erratum E13)",
        at(&old, 0, 0),
        keys(&[dsk]),
    );
    b.flag("BareCertificate");
    let instance = *world.instance.public().as_bytes();
    let other = Item::Array(vec![entry(certify(&instance)?, NULL)]);
    b.accept_as(
        "other-role",
        "a certificate of another role or stream (erratum E14)",
        at(&other, 0, 0),
        keys(&[instance]),
    );
    let widened = list.put(&[1, 1], window(0, 1 << 40));
    b.accept_as(
        "window-moved",
        "the window is not signed (erratum E14)",
        at(&widened, 2_000, 3_000),
        keys(&[dsk, tdsk]),
    );
    b.flag("ForgedSignature");
    let theirs = account::certificate(&mut Bare::new(11)?, &World::other()?.root, &dsk)?;
    b.reject(
        "other-root",
        "the provider's own key signs",
        at(&Item::Array(vec![entry(theirs, NULL)]), 0, 0),
        "invalid-signature",
    );
    b.flag("InvalidKey");
    let odd = Item::Array(vec![entry(certify(&flip(&dsk, 64))?, NULL)]);
    b.reject(
        "off-curve",
        "the account signed a point off the curve",
        at(&odd, 0, 0),
        "invalid-key",
    );
    b.flag("Grammar");
    b.reject(
        "number",
        "a number in its place",
        at(&Item::Uint(1), 0, 0),
        "malformed",
    );
    b.finish()
}
