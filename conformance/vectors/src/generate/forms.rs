//! What may be wrong with a `COSE_Sign1` or a `COSE_Encrypt0` of which every other part is right.

use encryptediot::cose;
use encryptediot::crypto::{SecretBytes, SigningKey};

use super::super::{Error, Result};
use super::item::{Item, NULL};
use super::messages::Fault;
use super::world::rng;

const BAD: Option<&str> = Some("malformed");
const FORM: Option<&str> = Some("not-deterministic");
const FORGED: Option<&str> = Some("invalid-signature");
const SEALED: Option<&str> = Some("sealed-open");

/// −7, ES256.
pub const ES256: Item = Item::Nint(6);
/// −37, PS256.
pub const PS256: Item = Item::Nint(36);

/// Signs what it is given.
pub type Sign<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<u8>>;

/// The protected header `{1: alg}`.
pub fn header(alg: Item) -> Vec<u8> {
    Item::Map(vec![(Item::Uint(1), alg)]).encode()
}

/// RFC 9052 section 4.4.
pub fn to_be_signed(context: &str, protected: &[u8], external: &[u8], payload: &[u8]) -> Vec<u8> {
    let parts = vec![
        Item::text(context),
        Item::bytes(protected),
        Item::bytes(external),
        Item::bytes(payload),
    ];
    Item::Array(parts).encode()
}

/// A `COSE_Sign1` from its parts.
pub fn sign1(protected: &[u8], payload: &[u8], signature: &[u8]) -> Item {
    let parts = vec![
        Item::bytes(protected),
        Item::Map(Vec::new()),
        Item::bytes(payload),
        Item::bytes(signature),
    ];
    Item::Tag(18, Box::new(Item::Array(parts)))
}

/// Signs with a P-256 key.
pub fn es256(key: &SigningKey) -> impl Fn(&[u8]) -> Result<Vec<u8>> + '_ {
    |bytes| Ok(key.sign(bytes)?.to_vec())
}

/// Collects faults.
#[derive(Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn add(
        &mut self,
        (name, flag): (&str, &'static str),
        comment: &str,
        bytes: Vec<u8>,
        reason: Option<&'static str>,
    ) {
        let (name, comment) = (name.to_owned(), comment.to_owned());
        self.0.push(Fault {
            name,
            comment,
            flag,
            bytes,
            reason,
        });
    }
}

/// The bytes with one bit of the byte at `place` flipped.
pub fn flip(bytes: &[u8], place: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    if let Some(byte) = flipped.get_mut(place) {
        *byte ^= 1;
    }
    flipped
}

/// The bytes without the last one.
pub fn cut(bytes: &[u8]) -> Vec<u8> {
    bytes
        .split_last()
        .map_or(&[][..], |(_, rest)| rest)
        .to_vec()
}

/// What may be wrong with a `COSE_Sign1` around a good payload.
///
/// # Errors
/// If signing fails.
pub fn sign1_faults(alg: Item, payload: &[u8], sign: Sign<'_>) -> Result<Vec<Fault>> {
    let mut faults = Faults::default();
    let protected = header(alg.clone());
    let signature = sign(&to_be_signed("Signature1", &protected, &[], payload))?;
    let good = sign1(&protected, payload, &signature);
    containers(&mut faults, &good);
    headers(&mut faults, &alg, payload, sign)?;
    let with = |signature: &[u8]| sign1(&protected, payload, signature).encode();
    signatures(&mut faults, &signature, with);
    let flag = "ForgedSignature";
    let other = |bytes: Vec<u8>| Ok::<_, Error>(with(&sign(&bytes)?));
    let contexts = [
        (
            "context-of-several",
            "signed as one of several signers",
            to_be_signed("Signature", &protected, &[], payload),
        ),
        (
            "external-data",
            "signed with external data",
            to_be_signed("Signature1", &protected, &[0], payload),
        ),
        (
            "payload-alone",
            "the payload alone was signed",
            payload.to_vec(),
        ),
        (
            "no-header",
            "signed without the header",
            to_be_signed("Signature1", &[], &[], payload),
        ),
    ];
    for (name, comment, signed) in contexts {
        faults.add((name, flag), comment, other(signed)?, FORGED);
    }
    for (name, comment, altered) in [
        (
            "payload-first-bit",
            "the payload's first byte is altered",
            flip(payload, 0),
        ),
        (
            "payload-last-bit",
            "the payload's last byte is altered",
            flip(payload, payload.len() - 1),
        ),
        (
            "payload-cut",
            "the payload's last byte is missing",
            cut(payload),
        ),
        ("payload-empty", "the payload is empty", Vec::new()),
    ] {
        let altered = sign1(&protected, &altered, &signature).encode();
        faults.add((name, flag), comment, altered, FORGED);
    }
    Ok(faults.0)
}

fn containers(faults: &mut Faults, good: &Item) {
    let bytes = good.encode();
    let Item::Tag(_, untagged) = good else { return };
    let tag = |tag| Item::Tag(tag, untagged.clone()).encode();
    let longer = |item: Option<Item>| item.unwrap_or(NULL).encode();
    let inner = |item: Option<Item>| good.put(&[0], item.unwrap_or(NULL)).encode();
    let (grammar, form) = ("Grammar", "NotDeterministic");
    for (name, comment, bytes) in [
        ("empty", "no bytes", Vec::new()),
        ("cut-by-one", "the last byte is missing", cut(&bytes)),
        ("untagged", "without the tag", untagged.encode()),
        ("tag-16", "tagged as COSE_Encrypt0", tag(16)),
        ("tag-17", "tagged as COSE_Mac0", tag(17)),
        ("tag-98", "tagged as COSE_Sign", tag(98)),
        (
            "tag-61",
            "tagged as a CWT too",
            Item::Tag(61, Box::new(good.clone())).encode(),
        ),
        (
            "item-less",
            "three items",
            inner(Some(untagged.without_last())),
        ),
        ("item-more", "five items", inner(Some(untagged.and(NULL)))),
        (
            "payload-null",
            "detached payload",
            good.put(&[0, 2], NULL).encode(),
        ),
        (
            "payload-text",
            "the payload is a text",
            good.put(&[0, 2], Item::text("x")).encode(),
        ),
        (
            "payload-array",
            "the payload is an array",
            good.put(&[0, 2], Item::Array(Vec::new())).encode(),
        ),
        (
            "signature-null",
            "null for the signature",
            good.put(&[0, 3], NULL).encode(),
        ),
        (
            "signature-text",
            "the signature is a text",
            good.put(&[0, 3], Item::text("x")).encode(),
        ),
        (
            "unprotected-null",
            "null for the unprotected header",
            good.put(&[0, 1], NULL).encode(),
        ),
        (
            "unprotected-array",
            "an array for the unprotected header",
            good.put(&[0, 1], Item::Array(Vec::new())).encode(),
        ),
    ] {
        faults.add((name, grammar), comment, bytes, BAD);
    }
    for (name, comment, bytes) in [
        ("trailing-byte", "a byte follows", [&*bytes, &[0]].concat()),
        (
            "tag-longer",
            "the tag in more bytes than it needs",
            longer(good.longer()),
        ),
        (
            "array-longer",
            "the array's length in more bytes than it needs",
            inner(untagged.longer()),
        ),
        (
            "array-indefinite",
            "the array in indefinite length",
            inner(untagged.indefinite()),
        ),
        ("payload-indefinite", "the payload in indefinite length", {
            let payload = good.at(&[0, 2]).and_then(Item::indefinite);
            good.put(&[0, 2], payload.unwrap_or(NULL)).encode()
        }),
        (
            "unprotected-indefinite",
            "the unprotected header in indefinite length",
            good.put(&[0, 1], Item::Raw(vec![0xbf, 0xff])).encode(),
        ),
    ] {
        faults.add((name, form), comment, bytes, FORM);
    }
}

fn headers(faults: &mut Faults, alg: &Item, payload: &[u8], sign: Sign<'_>) -> Result<()> {
    let none = || Item::Map(Vec::new());
    let one = |alg: Item| (Item::Uint(1), alg);
    let other = if *alg == ES256 { PS256 } else { ES256 };
    let kid = (Item::Uint(4), Item::bytes(b"key"));
    let twice = vec![one(alg.clone()), one(alg.clone())];
    let longer = Item::Map(vec![one(alg.longer().unwrap_or(NULL))]);
    let named = Item::text(if *alg == ES256 { "ES256" } else { "PS256" });
    let cases = [
        (
            "alg-other",
            "another algorithm of this protocol is named",
            header(other),
            none(),
        ),
        (
            "alg-hmac",
            "5, HMAC with SHA-256, is named",
            header(Item::Uint(5)),
            none(),
        ),
        (
            "alg-eddsa",
            "−8, EdDSA, is named",
            header(Item::Nint(7)),
            none(),
        ),
        (
            "alg-es384",
            "−35, ES384, is named",
            header(Item::Nint(34)),
            none(),
        ),
        (
            "alg-ps512",
            "−39, PS512, is named",
            header(Item::Nint(38)),
            none(),
        ),
        (
            "alg-text",
            "the algorithm's name as a text",
            header(named),
            none(),
        ),
        ("alg-null", "null for the algorithm", header(NULL), none()),
        (
            "alg-missing",
            "an empty protected header",
            none().encode(),
            none(),
        ),
        (
            "protected-empty",
            "no bytes for the protected header",
            Vec::new(),
            none(),
        ),
        (
            "alg-unprotected",
            "the algorithm where nothing protects it",
            Vec::new(),
            Item::Map(vec![one(alg.clone())]),
        ),
        (
            "alg-twice",
            "the algorithm is there twice",
            Item::Map(twice).encode(),
            none(),
        ),
        (
            "alg-longer",
            "the algorithm in more bytes than it needs, inside the byte string",
            longer.encode(),
            none(),
        ),
        (
            "protected-more",
            "the protected header names a key, too",
            Item::Map(vec![one(alg.clone()), kid.clone()]).encode(),
            none(),
        ),
        (
            "protected-array",
            "an array for the protected header",
            Item::Array(vec![alg.clone()]).encode(),
            none(),
        ),
        (
            "kid-unprotected",
            "the unprotected header names a key",
            header(alg.clone()),
            Item::Map(vec![kid]),
        ),
    ];
    for (name, comment, protected, unprotected) in cases {
        let signature = sign(&to_be_signed("Signature1", &protected, &[], payload))?;
        let signed = sign1(&protected, payload, &signature).put(&[0, 1], unprotected);
        faults.add((name, "WrongAlgorithm"), comment, signed.encode(), BAD);
    }
    Ok(())
}

fn signatures(faults: &mut Faults, good: &[u8], with: impl Fn(&[u8]) -> Vec<u8>) {
    let last = good.len() - 1;
    for (name, comment, signature) in [
        ("signature-empty", "an empty signature", Vec::new()),
        (
            "signature-short",
            "the signature's last byte is missing",
            cut(good),
        ),
        (
            "signature-long",
            "a byte after the signature",
            [good, &[0]].concat(),
        ),
        (
            "signature-zero-first",
            "a zero before the signature",
            [&[0], good].concat(),
        ),
        ("signature-zeros", "nothing but zeros", vec![0; good.len()]),
        ("signature-ones", "nothing but ones", vec![0xff; good.len()]),
        (
            "signature-first-bit",
            "a bit of the first byte is flipped",
            flip(good, 0),
        ),
        (
            "signature-middle-bit",
            "a bit in the middle is flipped",
            flip(good, last / 2),
        ),
        (
            "signature-last-bit",
            "a bit of the last byte is flipped",
            flip(good, last),
        ),
    ] {
        faults.add((name, "ForgedSignature"), comment, with(&signature), FORGED);
    }
}

/// The order of P-256's group.
const N: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// What may be wrong with an ES256 signature alone, and what looks wrong and is not.
///
/// # Errors
/// If signing fails.
pub fn ecdsa_faults(payload: &[u8], key: &SigningKey) -> Result<Vec<Fault>> {
    let mut faults = Faults::default();
    let protected = header(ES256);
    let signature = key.sign(&to_be_signed("Signature1", &protected, &[], payload))?;
    let with = |signature: &[u8]| sign1(&protected, payload, signature).encode();
    let (r, s) = signature.split_at(32);
    let order = hex::decode(N).map_err(|error| Error::Generate(error.to_string()))?;
    faults.add(
        ("n-minus-s", "MalleableSignature"),
        "n − s in place of s: as good as s",
        with(&[r, &subtract(&order, s)].concat()),
        None,
    );
    let zero = [0; 32];
    for (name, comment, signature) in [
        ("r-is-0", "r = 0", [&zero, s].concat()),
        ("s-is-0", "s = 0", [r, &zero].concat()),
        ("r-is-n", "r is the group's order", [&order, s].concat()),
        ("s-is-n", "s is the group's order", [r, &order].concat()),
        ("swapped", "r and s have changed places", [s, r].concat()),
        ("der", "in DER, as X.509 has it", der(r, s)),
    ] {
        faults.add((name, "ForgedSignature"), comment, with(&signature), FORGED);
    }
    Ok(faults.0)
}

/// a − b, both 32 bytes, a > b.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = false;
    let digit = |(a, b): (&u8, &u8)| {
        let (d, first) = a.overflowing_sub(*b);
        let (d, second) = d.overflowing_sub(u8::from(borrow));
        borrow = first || second;
        d
    };
    let mut digits: Vec<u8> = a.iter().rev().zip(b.iter().rev()).map(digit).collect();
    digits.reverse();
    digits
}

/// An ECDSA signature in DER.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |n: &[u8]| {
        let zeros = n.iter().take_while(|byte| **byte == 0).count();
        let digits = n.get(zeros..).unwrap_or_default();
        let sign: &[u8] = match digits.first() {
            Some(0x80..) => &[0],
            _ => &[],
        };
        let length = u8::try_from(sign.len() + digits.len()).unwrap_or(0);
        [&[2, length], sign, digits].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).unwrap_or(0)], &*both].concat()
}

/// What may be wrong with a `COSE_Encrypt0`: its reason is one, whatever it is.
///
/// # Errors
/// If sealing fails.
pub fn sealed_faults(
    key: &SecretBytes<32>,
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<Fault>> {
    let mut faults = Faults::default();
    let bytes = cose::seal(key, context, plaintext, &mut rng(50))?;
    let good = Item::parse(&bytes)?;
    let Item::Tag(_, untagged) = &good else {
        return Err(Error::Generate("no tag".to_owned()));
    };
    let put = |way: &[usize], item: Item| good.put(way, item).encode();
    let tag = |tag| Item::Tag(tag, untagged.clone()).encode();
    let text = match good.at(&[0, 2]) {
        Some(Item::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    };
    let iv = |entries: Vec<(Item, Item)>| put(&[0, 1], Item::Map(entries));
    let nonce = match good.at(&[0, 1]) {
        Some(Item::Map(entries)) => entries.first().map(|(_, iv)| iv.clone()).unwrap_or(NULL),
        _ => NULL,
    };
    let five = |item: Item| (Item::Uint(5), item);
    let alg = |n| put(&[0, 0], Item::bytes(header(Item::Uint(n))));
    let other_nonce = match &nonce {
        Item::Bytes(bytes) => Item::Bytes(flip(bytes, 11)),
        _ => NULL,
    };
    let nonce_of = |n: usize| Item::bytes(vec![0; n]);
    for (name, comment, bytes) in [
        ("empty", "no bytes", Vec::new()),
        ("cut-by-one", "the last byte is missing", cut(&bytes)),
        ("trailing-byte", "a byte follows", [&*bytes, &[0]].concat()),
        ("untagged", "without the tag", untagged.encode()),
        ("tag-18", "tagged as COSE_Sign1", tag(18)),
        ("tag-96", "tagged as COSE_Encrypt", tag(96)),
        (
            "tag-longer",
            "the tag in more bytes than it needs",
            good.longer().unwrap_or(NULL).encode(),
        ),
        (
            "array-indefinite",
            "the array in indefinite length",
            put(&[0], untagged.indefinite().unwrap_or(NULL)),
        ),
        ("item-less", "two items", put(&[0], untagged.without_last())),
        ("item-more", "four items", put(&[0], untagged.and(NULL))),
        ("alg-1", "A128GCM is named", alg(1)),
        ("alg-2", "A192GCM is named", alg(2)),
        ("alg-24", "ChaCha20-Poly1305 is named", alg(24)),
        (
            "alg-none",
            "no bytes for the protected header",
            put(&[0, 0], Item::bytes([])),
        ),
        (
            "alg-longer",
            "the algorithm in more bytes than it needs",
            put(&[0, 0], Item::bytes([0xa1, 0x01, 0x18, 0x03])),
        ),
        (
            "alg-unprotected",
            "the algorithm where nothing protects it",
            good.put(&[0, 0], Item::bytes([]))
                .put(
                    &[0, 1],
                    Item::Map(vec![(Item::Uint(1), Item::Uint(3)), five(nonce.clone())]),
                )
                .encode(),
        ),
        ("iv-none", "without a nonce", iv(Vec::new())),
        (
            "iv-short",
            "a nonce of 11 bytes",
            iv(vec![five(nonce_of(11))]),
        ),
        (
            "iv-long",
            "a nonce of 13 bytes",
            iv(vec![five(nonce_of(13))]),
        ),
        (
            "iv-empty",
            "a nonce of no bytes",
            iv(vec![five(nonce_of(0))]),
        ),
        (
            "iv-twice",
            "the nonce is there twice",
            iv(vec![five(nonce.clone()), five(nonce.clone())]),
        ),
        (
            "iv-partial",
            "a partial IV in its place",
            iv(vec![(Item::Uint(6), nonce.clone())]),
        ),
        (
            "iv-text",
            "the nonce is a text",
            iv(vec![five(Item::text("0123456789ab"))]),
        ),
        (
            "unprotected-more",
            "the unprotected header names a key, too",
            iv(vec![
                (Item::Uint(4), Item::bytes(b"key")),
                five(nonce.clone()),
            ]),
        ),
        ("ciphertext-null", "detached ciphertext", put(&[0, 2], NULL)),
        (
            "ciphertext-text",
            "the ciphertext is a text",
            put(&[0, 2], Item::text("x")),
        ),
    ] {
        faults.add((name, "Grammar"), comment, bytes, SEALED);
    }
    for (name, comment, bytes) in [
        ("iv-other", "another nonce", iv(vec![five(other_nonce)])),
        (
            "ciphertext-empty",
            "no ciphertext",
            put(&[0, 2], Item::bytes([])),
        ),
        (
            "ciphertext-15",
            "shorter than a tag",
            put(&[0, 2], Item::bytes([0; 15])),
        ),
        (
            "ciphertext-cut",
            "its last byte is missing",
            put(&[0, 2], Item::Bytes(cut(&text))),
        ),
        (
            "ciphertext-longer",
            "a byte after the tag",
            put(&[0, 2], Item::bytes([&*text, &[0]].concat())),
        ),
        (
            "ciphertext-first-bit",
            "its first bit is flipped",
            put(&[0, 2], Item::Bytes(flip(&text, 0))),
        ),
        (
            "tag-last-bit",
            "the tag's last bit is flipped",
            put(&[0, 2], Item::Bytes(flip(&text, text.len() - 1))),
        ),
        (
            "tag-first-bit",
            "the tag's first byte is altered",
            put(&[0, 2], Item::Bytes(flip(&text, text.len() - 16))),
        ),
        (
            "tag-zeros",
            "a tag of zeros",
            put(&[0, 2], {
                let body = text.get(..text.len() - 16).unwrap_or_default();
                Item::bytes([body, &[0; 16]].concat())
            }),
        ),
    ] {
        faults.add((name, "ModifiedCiphertext"), comment, bytes, SEALED);
    }
    Ok(faults.0)
}
