//! Statements: the tree head's signature, and the way through the hash tree.

use encryptediot::cbor::Bytes;
use encryptediot::crypto::RsaSigningKey;
use encryptediot::message;
use encryptediot::statement::TreeHead;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::{Pkcs1v15Sign, PrivateKey, Pss};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::super::file::File;
use super::super::{Error, Result};
use super::builder::{Builder, hexed};
use super::encoding::{bad_payloads, oversized};
use super::forms::{Faults, PS256, cut, header, sign1, sign1_faults, to_be_signed};
use super::item::{Item, NULL};
use super::messages::Fault;
use super::world::{World, rng};

/// The types of statements.
const KINDS: [&str; 6] = [
    "roster",
    "announcement",
    "introduction",
    "past-share",
    "grants",
    "member",
];

/// A statement taken apart.
#[derive(Clone)]
struct Parts {
    leaf: Vec<u8>,
    index: u64,
    path: Vec<Vec<u8>>,
    head: Vec<u8>,
}

impl Parts {
    fn of(statement: &[u8]) -> Result<Self> {
        let odd = || Error::Generate("no statement".to_owned());
        let Item::Array(parts) = Item::parse(statement)? else {
            return Err(odd());
        };
        let [
            Item::Bytes(leaf),
            Item::Uint(index),
            Item::Array(path),
            Item::Bytes(head),
        ] = &parts[..]
        else {
            return Err(odd());
        };
        let hash = |item: &Item| match item {
            Item::Bytes(bytes) => Ok(bytes.clone()),
            _ => Err(odd()),
        };
        Ok(Self {
            leaf: leaf.clone(),
            index: *index,
            path: path.iter().map(hash).collect::<Result<_>>()?,
            head: head.clone(),
        })
    }

    fn item(&self) -> Item {
        Item::Array(vec![
            Item::bytes(&self.leaf),
            Item::Uint(self.index),
            Item::Array(self.path.iter().map(Item::bytes).collect()),
            Item::bytes(&self.head),
        ])
    }

    fn encode(&self) -> Vec<u8> {
        self.item().encode()
    }

    fn but(&self, change: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut changed = self.clone();
        change(&mut changed);
        changed.encode()
    }
}

/// Signs as an account does.
fn ps256(key: &RsaSigningKey) -> impl Fn(&[u8]) -> Result<Vec<u8>> + '_ {
    |bytes| {
        let mut rng = super::world::rng_of(bytes);
        Ok(key.sign(&mut rng, bytes)?.to_vec())
    }
}

/// `statement-open`.
pub fn statement_open(world: &World) -> Result<File> {
    let mut b = Builder::new("statement-open");
    let root = hexed(world.root_bytes());
    let input = |kind: &str, statement: &[u8]| json!({ "root": root, "type": kind, "statement": hexed(statement) });
    let checks = ["SPEC#statements", "CLAIM-ROOT"];
    for kind in KINDS {
        let leaf = world.message(kind)?;
        let expected = json!({ "hash": hexed(message::hash(&leaf).0), "message": hexed(&leaf) });
        let good = world.sign(leaf.clone())?;
        b.about(&checks, &["Valid"]);
        b.accept_as(
            kind,
            &format!("a good {kind} by itself"),
            input(kind, &good),
            expected,
        );
        for (fault, comment, flag, leaf, reason) in bad_payloads(kind, &leaf)? {
            b.flag(flag);
            let statement = world.sign(leaf)?;
            b.reject(
                &format!("{kind}.{fault}"),
                comment,
                input(kind, &statement),
                reason,
            );
        }
    }
    trees(&mut b, world, |statement| input("roster", statement))?;
    heads(&mut b, world, |statement| input("roster", statement))?;
    b.faults(
        "form",
        forms(&world.sign(world.message("roster")?)?)?,
        |s| input("roster", s),
    );
    oversized(
        &mut b,
        "statement",
        |statement| json!({ "root": root, "type": "roster", "statement": statement }),
    );
    b.finish()
}

/// Other leaves beside the one of interest.
fn leaves(world: &World, count: usize, place: usize) -> Result<Vec<Vec<u8>>> {
    let one = world.message("roster")?;
    let other = |i: usize| match i == place {
        true => one.clone(),
        false => format!("leaf {i}").into_bytes(),
    };
    Ok((0..count).map(other).collect())
}

fn trees(b: &mut Builder, world: &World, input: impl Fn(&[u8]) -> serde_json::Value) -> Result<()> {
    let signed = |count: usize, place: usize| -> Result<Parts> {
        let all = world.sign_all(leaves(world, count, place)?)?;
        let one = all
            .get(place)
            .ok_or_else(|| Error::Generate("no leaf".to_owned()))?;
        Parts::of(one)
    };
    b.flag("Valid");
    for (count, place) in [
        (2, 0),
        (2, 1),
        (3, 2),
        (5, 4),
        (6, 3),
        (7, 6),
        (8, 5),
        (9, 8),
        (300, 137),
        (300, 299),
    ] {
        let name = format!("tree.{place}-of-{count}");
        let comment = format!("leaf {place} of {count}");
        b.accept(&name, &comment, input(&signed(count, place)?.encode()));
    }
    b.flag("TreePath");
    let zero = vec![0; 32];
    for (count, place) in [(1, 0), (2, 0), (3, 2), (7, 6), (8, 5)] {
        let good = signed(count, place)?;
        let size = count as u64;
        let mut cases = vec![
            ("index-more", "the next place", good.but(|p| p.index += 1)),
            (
                "index-size",
                "a place beyond the last",
                good.but(|p| p.index += size),
            ),
            (
                "index-2-to-32",
                "2^32 more than its place",
                good.but(|p| p.index += 1 << 32),
            ),
            (
                "index-2-to-63",
                "2^63 more than its place",
                good.but(|p| p.index += 1 << 63),
            ),
            (
                "path-more",
                "a hash more at the end",
                good.but(|p| p.path.push(zero.clone())),
            ),
            (
                "path-first",
                "a hash more at the start",
                good.but(|p| p.path.insert(0, zero.clone())),
            ),
            (
                "path-64",
                "64 hashes",
                good.but(|p| p.path = vec![zero.clone(); 64]),
            ),
            (
                "leaf-altered",
                "another leaf in its place",
                good.but(|p| p.leaf = b"leaf 0!".to_vec()),
            ),
        ];
        if count > 1 {
            cases.push(("path-none", "no way at all", good.but(|p| p.path.clear())));
            cases.push((
                "path-less",
                "without its last hash",
                good.but(|p| drop(p.path.pop())),
            ));
            cases.push((
                "path-altered",
                "the last hash is another",
                good.but(|p| {
                    p.path.pop();
                    p.path.push(zero.clone());
                }),
            ));
        }
        if good.path.len() > 1 {
            cases.push((
                "path-reversed",
                "its hashes in the opposite order",
                good.but(|p| p.path.reverse()),
            ));
        }
        for (name, comment, statement) in cases {
            let name = format!("tree.{place}-of-{count}.{name}");
            b.reject(&name, comment, input(&statement), "invalid-tree-path");
        }
    }
    // An inner node of the tree, served as if it were a leaf: its hash starts with another byte.
    let four = world.sign_all(leaves(world, 4, 0)?)?;
    let [first, second] =
        [0, 1].map(|i| message::hash(&leaves(world, 4, 0).unwrap_or_default()[i]).0);
    let mut inner = Parts::of(&four[0])?;
    inner.leaf = [first, second].concat();
    inner.path.remove(0);
    b.reject(
        "tree.inner-node",
        "an inner node in place of a leaf",
        input(&inner.encode()),
        "invalid-tree-path",
    );
    let mut size = signed(3, 2)?;
    let sized = |size: u64, root: [u8; 32]| {
        world.encode(TreeHead {
            root: Bytes(root),
            size,
        })
    };
    size.head = world.sign_head(sized(0, message::hash(&size.leaf).0))?;
    size.path.clear();
    size.index = 0;
    b.reject(
        "tree.of-none",
        "the signed head is of a tree without leaves",
        input(&size.encode()),
        "invalid-tree-path",
    );
    Ok(())
}

/// What may be wrong with the signature of the head.
fn heads(b: &mut Builder, world: &World, input: impl Fn(&[u8]) -> serde_json::Value) -> Result<()> {
    let good = Parts::of(&world.sign(world.message("roster")?)?)?;
    let with = |head: &[u8]| good.but(|p| p.head = head.to_vec());
    let head = TreeHead {
        root: message::hash(&good.leaf),
        size: 1,
    };
    let payload = world.encode(head);
    let sign = ps256(&world.root);
    b.faults("head", sign1_faults(PS256, &payload, &sign)?, |head| {
        input(&with(head))
    });
    let other = World::other()?;
    let mut faults = Faults::default();
    let protected = header(PS256);
    let signed = |payload: &[u8]| to_be_signed("Signature1", &protected, &[], payload);
    let head = |signature: Vec<u8>| sign1(&protected, &payload, &signature).encode();
    let foreign = ps256(&other.root)(&signed(&payload))?;
    faults.add(
        ("other-root", "RootSwap"),
        "signed by another account's key",
        head(foreign),
        Some("invalid-signature"),
    );
    let key = world.root.to_pkcs8()?;
    let key =
        PrivateKey::from_pkcs8_der(&key).map_err(|error| Error::Generate(error.to_string()))?;
    for salt in [0, 20, 31, 33, 222] {
        let name = format!("salt-{salt}");
        let comment = format!("a salt of {salt} bytes");
        let signature = pss(&key, salt, &Sha256::digest(signed(&payload)))?;
        faults.add(
            (&name, "PssSaltLength"),
            &comment,
            head(signature),
            Some("invalid-signature"),
        );
    }
    let old = key.sign(
        Pkcs1v15Sign::new::<Sha256>(),
        &Sha256::digest(signed(&payload)),
    );
    let old = old.map_err(|error| Error::Generate(error.to_string()))?;
    faults.add(
        ("pkcs1-v1-5", "SignaturePadding"),
        "signed by RSASSA-PKCS1-v1_5",
        head(old),
        Some("invalid-signature"),
    );
    let typed = |kind: &str| -> Result<Vec<u8>> {
        let payload = Item::parse(&payload)?.put(&[0], Item::text(kind)).encode();
        Ok(sign1(&protected, &payload, &sign(&signed(&payload))?).encode())
    };
    faults.add(
        ("of-other-type", "WrongType"),
        "what was signed says that it is a lease",
        typed("lease")?,
        Some("wrong-type"),
    );
    let changed = |place: usize, item: Item| -> Result<Vec<u8>> {
        let payload = Item::parse(&payload)?.put(&[place], item).encode();
        Ok(sign1(&protected, &payload, &sign(&signed(&payload))?).encode())
    };
    faults.add(
        ("version-2", "UnknownVersion"),
        "the head is of version 2",
        changed(1, Item::Uint(2))?,
        Some("unknown-version"),
    );
    faults.add(
        ("of-other-account", "WrongAccount"),
        "the head is of another account",
        changed(2, Item::bytes(other.account.0))?,
        Some("wrong-account"),
    );
    faults.add(
        ("leaf-signed", "WrongType"),
        "the leaf itself was signed, not a head over it",
        sign1(&protected, &good.leaf, &sign(&signed(&good.leaf))?).encode(),
        Some("wrong-type"),
    );
    b.faults("head", faults.0, |head| input(&with(head)));
    Ok(())
}

/// PS256 with a salt of another length than it has.
fn pss(key: &PrivateKey, salt: usize, digest: &[u8]) -> Result<Vec<u8>> {
    let signature = key.sign_with_rng(&mut rng(60), Pss::<Sha256>::new_with_salt(salt), digest);
    signature.map_err(|error| Error::Generate(error.to_string()))
}

/// What may be wrong with a statement as a whole.
fn forms(good: &[u8]) -> Result<Vec<Fault>> {
    let parts = Parts::of(good)?;
    let item = parts.item();
    let put = |way: &[usize], there: Item| item.put(way, there).encode();
    let bad = Some("malformed");
    let mut faults = Faults::default();
    for (name, comment, bytes) in [
        ("empty", "no bytes", Vec::new()),
        ("cut-by-one", "the last byte is missing", cut(good)),
        ("item-less", "three items", item.without_last().encode()),
        ("item-more", "five items", item.and(NULL).encode()),
        (
            "tagged",
            "with a tag",
            Item::Tag(55_799, Box::new(item.clone())).encode(),
        ),
        (
            "leaf-text",
            "the leaf is a text",
            put(&[0], Item::text("x")),
        ),
        (
            "leaf-array",
            "the leaf not in a byte string",
            put(&[0], Item::parse(&parts.leaf)?),
        ),
        ("index-negative", "place −1", put(&[1], Item::Nint(0))),
        (
            "index-text",
            "the place is a text",
            put(&[1], Item::text("0")),
        ),
        (
            "path-bytes",
            "the way is a byte string",
            put(&[2], Item::bytes([])),
        ),
        (
            "path-31",
            "a hash of 31 bytes",
            put(&[2], Item::Array(vec![Item::bytes([0; 31])])),
        ),
        (
            "path-33",
            "a hash of 33 bytes",
            put(&[2], Item::Array(vec![Item::bytes([0; 33])])),
        ),
        ("head-null", "null for the head", put(&[3], NULL)),
        (
            "head-array",
            "the head not in a byte string",
            put(&[3], Item::parse(&parts.head)?),
        ),
    ] {
        faults.add((name, "Grammar"), comment, bytes, bad);
    }
    let form = Some("not-deterministic");
    let longer = |way: &[usize]| put(way, item.at(way).and_then(Item::longer).unwrap_or(NULL));
    let indefinite =
        |way: &[usize]| put(way, item.at(way).and_then(Item::indefinite).unwrap_or(NULL));
    for (name, comment, bytes) in [
        ("trailing-byte", "a byte follows", [good, &[0]].concat()),
        (
            "array-longer",
            "its length in more bytes than it needs",
            longer(&[]),
        ),
        ("array-indefinite", "in indefinite length", indefinite(&[])),
        (
            "leaf-longer",
            "the leaf's length in more bytes than it needs",
            longer(&[0]),
        ),
        (
            "leaf-indefinite",
            "the leaf in indefinite length",
            indefinite(&[0]),
        ),
        (
            "index-longer",
            "its place in more bytes than it needs",
            longer(&[1]),
        ),
        (
            "path-indefinite",
            "the way in indefinite length",
            indefinite(&[2]),
        ),
    ] {
        faults.add((name, "NotDeterministic"), comment, bytes, form);
    }
    Ok(faults.0)
}
