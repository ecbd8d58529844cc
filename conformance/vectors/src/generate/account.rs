//! Root, passphrase, vault, roster, checkpoint.

use data_encoding::BASE32_NOPAD;
use encryptediot::cbor::Bytes;
use encryptediot::checkpoint::CHECKPOINT_PREFIX;
use encryptediot::cose;
use encryptediot::crypto::{self, SecretBytes, hpke_seal, sha256};
use encryptediot::keys::kem_id;
use encryptediot::message;
use encryptediot::vault;
use serde_json::{Value, json};

use super::super::file::File;
use super::super::{Error, Result};
use super::builder::{Builder, but, hexed};
use super::forms::{cut, flip};
use super::item::{Item, NULL};
use super::world::{WORDS, World, bad_rsa, rng};

/// `root-make`.
pub fn root_make(world: &World) -> Result<File> {
    let mut b = Builder::new("root-make");
    let input = |modulus: &[u8]| json!({ "modulus": hexed(modulus) });
    let modulus = *world.root.public().modulus();
    b.about(&["SPEC#account", "CLAIM-ROOT"], &["Valid"]);
    // The one form that the map has.
    let root = [
        &[0xa3, 0x01, 0x03, 0x20, 0x59, 0x01, 0x00][..],
        &modulus,
        &[0x21, 0x43, 0x01, 0x00, 0x01],
    ]
    .concat();
    let expected = json!({ "root": hexed(&root), "account": hexed(sha256(&root)) });
    b.accept_as("good", "a modulus of 2,048 bits", input(&modulus), expected);
    b.flag("InvalidRsa");
    for (name, comment, modulus) in bad_moduli(&modulus) {
        b.reject(name, comment, input(&modulus), "invalid-key");
    }
    b.finish()
}

/// Moduli that no account may have.
fn bad_moduli(good: &[u8]) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut low = good.to_vec();
    if let Some(first) = low.first_mut() {
        *first &= 0x7f;
    }
    vec![
        ("even", "the modulus is even", flip(good, 255)),
        ("top-bit", "its top bit is not set: 2,047 bits", low),
        ("short", "255 bytes", cut(good)),
        ("long", "257 bytes: a byte after it", [good, &[1]].concat()),
        (
            "zero-first",
            "257 bytes: a zero before it",
            [&[0], good].concat(),
        ),
        ("1024-bits", "1,024 bits", [&[0xc0; 127][..], &[1]].concat()),
        ("3072-bits", "3,072 bits", [&[0xc0; 383][..], &[1]].concat()),
        ("empty", "no bytes", Vec::new()),
        ("zero", "256 zeros", vec![0; 256]),
    ]
}

/// `root-open`.
pub fn root_open(world: &World) -> Result<File> {
    let mut b = Builder::new("root-open");
    let input =
        |account: &[u8], root: &[u8]| json!({ "account": hexed(account), "root": hexed(root) });
    // Each root is asked for as the account that its own bytes stand for: the account is not what is wrong.
    let own = |root: &[u8]| input(&sha256(root), root);
    let good = world.root_bytes();
    let modulus = *world.root.public().modulus();
    b.about(&["SPEC#account", "CLAIM-ROOT"], &["Valid"]);
    let expected = json!({ "modulus": hexed(modulus) });
    b.accept_as(
        "good",
        "the account's root",
        input(&world.account.0, &good),
        expected,
    );
    b.flag("RootSwap");
    let other = World::other()?.root_bytes();
    b.reject(
        "other",
        "another account's root",
        input(&world.account.0, &other),
        "wrong-account",
    );
    let mut last = world.account.0;
    last[31] ^= 1;
    b.reject(
        "account-last-bit",
        "the last bit of the account differs",
        input(&last, &good),
        "wrong-account",
    );
    b.flag("InvalidRsa");
    let map = |modulus: &[u8], exponent: &[u8]| {
        vec![
            (Item::Uint(1), Item::Uint(3)),
            (Item::Nint(0), Item::bytes(modulus)),
            (Item::Nint(1), Item::bytes(exponent)),
        ]
    };
    let e = [1, 0, 1];
    let root = |entries: Vec<(Item, Item)>| Item::Map(entries).encode();
    for (name, comment, modulus) in bad_moduli(&modulus) {
        b.reject(
            &format!("modulus-{name}"),
            comment,
            own(&root(map(&modulus, &e))),
            "invalid-key",
        );
    }
    for (name, comment, exponent) in [
        ("3", "e = 3", &[3][..]),
        ("1", "e = 1", &[1]),
        ("17", "e = 17", &[17]),
        ("65539", "e = 65539", &[1, 0, 3]),
        ("0", "e = 0", &[0, 0, 0]),
        ("zero-first", "65537 with a zero before it", &[0, 1, 0, 1]),
        ("empty", "no bytes", &[]),
    ] {
        let root = root(map(&modulus, exponent));
        b.reject(
            &format!("exponent-{name}"),
            comment,
            own(&root),
            "invalid-key",
        );
    }
    let good_map = || map(&modulus, &e);
    let mut swapped = good_map();
    swapped.swap(1, 2);
    let mut unsorted = good_map();
    unsorted.rotate_left(1);
    let mut more = good_map();
    more.push((Item::Nint(2), Item::bytes([1])));
    let mut twice = good_map();
    twice.push((Item::Nint(1), Item::bytes(e)));
    let mut doubled = good_map();
    if let Some(first) = doubled.first().cloned() {
        doubled[1] = first;
    }
    let put = |place: usize, item: Item| {
        let mut entries = good_map();
        if let Some(entry) = entries.get_mut(place) {
            entry.1 = item;
        }
        root(entries)
    };
    let bad = [
        ("empty", "no bytes", Vec::new()),
        ("cut-by-one", "the last byte is missing", cut(&good)),
        (
            "array",
            "an array in place of the map",
            Item::Array(vec![Item::bytes(modulus), Item::bytes(e)]).encode(),
        ),
        ("kty-2", "key type 2, EC2", put(0, Item::Uint(2))),
        (
            "kty-text",
            "the key type as a text",
            put(0, Item::text("RSA")),
        ),
        ("n-text", "n is a text", put(1, Item::text("n"))),
        ("n-number", "n is a number", put(1, Item::Uint(3))),
        ("e-number", "e is a number", put(2, Item::Uint(65_537))),
        ("e-null", "null for e", put(2, NULL)),
        ("order", "e stands before n", root(swapped)),
        ("unsorted", "the key type comes last", root(unsorted)),
        ("more", "d, the private exponent, is there too", root(more)),
        ("twice", "e is there twice", root(twice)),
        (
            "doubled",
            "the key type is there twice, and no n",
            root(doubled),
        ),
        (
            "no-e",
            "without e",
            root(good_map().into_iter().take(2).collect()),
        ),
        ("modulus-alone", "the modulus alone", modulus.to_vec()),
    ];
    b.flag("Grammar");
    for (name, comment, root) in bad {
        b.reject(name, comment, own(&root), "malformed");
    }
    b.flag("NotDeterministic");
    let item = Item::Map(good_map());
    let form = [
        ("trailing-byte", "a byte follows", [&*good, &[0]].concat()),
        (
            "longer",
            "its length in more bytes than it needs",
            item.longer().unwrap_or(NULL).encode(),
        ),
        (
            "indefinite",
            "in indefinite length",
            item.indefinite().unwrap_or(NULL).encode(),
        ),
        (
            "n-longer",
            "n's length in more bytes than it needs",
            put(1, Item::bytes(modulus).longer().unwrap_or(NULL)),
        ),
        (
            "n-indefinite",
            "n in indefinite length",
            put(1, Item::bytes(modulus).indefinite().unwrap_or(NULL)),
        ),
        (
            "e-longer",
            "e's length in more bytes than it needs",
            put(2, Item::bytes(e).longer().unwrap_or(NULL)),
        ),
    ];
    for (name, comment, root) in form {
        b.reject(name, comment, own(&root), "not-deterministic");
    }
    b.finish()
}

/// `passphrase-read`.
pub fn passphrase_read(_: &World) -> Result<File> {
    let mut b = Builder::new("passphrase-read");
    let input = |text: &str| json!({ "text": text });
    b.about(&["SPEC#passphrase-and-pdk"], &["Passphrase"]);
    let canonical = json!({ "words": WORDS });
    let fours = "aban abil able abou abov abse abso abst absu abus";
    for (name, comment, text) in [
        ("canonical", "as it was shown", WORDS.to_owned()),
        ("upper-case", "in upper case", WORDS.to_uppercase()),
        (
            "mixed-case",
            "each word starts with a capital",
            "Abandon Ability Able About Above Absent Absorb Abstract Absurd Abuse".to_owned(),
        ),
        (
            "four-letters",
            "the first four letters of each",
            fours.to_owned(),
        ),
        (
            "four-letters-upper-case",
            "the first four letters, in upper case",
            fours.to_uppercase(),
        ),
        (
            "mixed",
            "some whole, some shortened",
            "aban ability able about abov absent absorb abst absurd abuse".to_owned(),
        ),
        (
            "spaces",
            "more spaces than one, before and behind too",
            format!("  {}  ", WORDS.replace(' ', "   ")),
        ),
        ("lines", "a word a line", WORDS.replace(' ', "\n") + "\n"),
        ("tabs", "tabs", WORDS.replace(' ', "\t")),
        (
            "no-break-space",
            "no-break spaces (U+00A0)",
            WORDS.replace(' ', "\u{a0}"),
        ),
    ] {
        b.accept_as(name, comment, input(&text), canonical.clone());
    }
    let zoo = ["zoo"; 10].join(" ");
    let expected = json!({ "words": zoo });
    b.accept_as(
        "zoo",
        "ten times the last word, of three letters",
        input(&zoo),
        expected,
    );
    b.flag("Text");
    let nine = WORDS.rsplit_once(' ').map_or("", |(nine, _)| nine);
    for (name, comment, text) in [
        ("empty", "nothing", String::new()),
        ("spaces-only", "nothing but spaces", "   ".to_owned()),
        ("nine", "nine words", nine.to_owned()),
        ("eleven", "eleven words", format!("{WORDS} zoo")),
        (
            "hyphens",
            "hyphens between the words",
            WORDS.replace(' ', "-"),
        ),
        (
            "together",
            "nothing between the words",
            WORDS.replace(' ', ""),
        ),
    ] {
        b.reject(name, comment, input(&text), "word-count");
    }
    for (name, comment, last) in [
        ("unknown", "a word that is not in the list", "abuses"),
        ("three-letters", "three letters of a longer word", "abu"),
        (
            "five-letters",
            "five letters of a longer one (absurd)",
            "absur",
        ),
        ("four-of-none", "four letters that start no word", "abbb"),
        ("accent", "an accent on a letter", "abus\u{e9}"),
        (
            "kelvin",
            "U+212A, which looks like K and is lower-case k to some",
            "\u{212a}ick",
        ),
        ("digit", "a number for a word", "7"),
        ("other-list", "a word of another list", "\u{e1}baco"),
        ("punctuation", "a full stop after the last word", "abuse."),
    ] {
        b.reject(
            name,
            comment,
            input(&format!("{nine} {last}")),
            "unknown-word",
        );
    }
    b.finish()
}

/// `pdk-derive`.
pub fn pdk_derive(_: &World) -> Result<File> {
    let mut b = Builder::new("pdk-derive");
    let work = |log_n: u64, r: u64, p: u64, iterations: u64| json!({ "log_n": log_n, "r": r, "p": p, "iterations": iterations });
    let input = |passphrase: &str, salt: [u8; 16], work: Value| json!({ "passphrase": passphrase, "salt": hexed(salt), "work": work });
    b.about(
        &["SPEC#passphrase-and-pdk", "CLAIM-ACCOUNT-SECRETS"],
        &["Valid"],
    );
    let salt = [60; 16];
    let least = || work(10, 8, 1, 1_000);
    b.accept(
        "least",
        "the least work that is taken",
        input(WORDS, salt, least()),
    );
    b.accept(
        "full",
        "the work of a new vault",
        input(WORDS, salt, work(17, 8, 1, 100_000)),
    );
    b.accept(
        "n-2-to-11",
        "N = 2^11",
        input(WORDS, salt, work(11, 8, 1, 1_000)),
    );
    b.accept(
        "iterations-1001",
        "1,001 iterations",
        input(WORDS, salt, work(10, 8, 1, 1_001)),
    );
    b.accept(
        "salt-zeros",
        "a salt of zeros",
        input(WORDS, [0; 16], least()),
    );
    b.accept(
        "salt-ones",
        "a salt of ones",
        input(WORDS, [255; 16], least()),
    );
    let other = WORDS.replace("abuse", "zoo");
    b.accept(
        "other-words",
        "another passphrase",
        input(&other, salt, least()),
    );
    b.flag("Passphrase");
    b.accept(
        "typed",
        "typed otherwise: the same key as `least`",
        input(
            "  ABAN abil able abou abov abse abso abst absu\tabus",
            salt,
            least(),
        ),
    );
    b.flag("WorkFactor");
    let top = u64::from(u32::MAX);
    for (name, comment, log_n, r, p, iterations) in [
        ("n-2-to-9", "N = 2^9", 9, 8, 1, 1_000),
        ("n-2-to-0", "N = 1", 0, 8, 1, 1_000),
        ("n-2-to-21", "N = 2^21", 21, 8, 1, 1_000),
        ("n-2-to-63", "N = 2^63", 63, 8, 1, 1_000),
        ("n-2-to-255", "N = 2^255", 255, 8, 1, 1_000),
        ("r-7", "r = 7", 10, 7, 1, 1_000),
        ("r-9", "r = 9", 10, 9, 1, 1_000),
        ("r-0", "r = 0", 10, 0, 1, 1_000),
        ("r-greatest", "r = 2^32 − 1", 10, top, 1, 1_000),
        ("p-0", "p = 0", 10, 8, 0, 1_000),
        ("p-2", "p = 2", 10, 8, 2, 1_000),
        ("p-greatest", "p = 2^32 − 1", 10, 8, top, 1_000),
        ("iterations-0", "no iterations", 10, 8, 1, 0),
        ("iterations-1", "one iteration", 10, 8, 1, 1),
        ("iterations-999", "999 iterations", 10, 8, 1, 999),
        (
            "iterations-10000001",
            "10,000,001 iterations",
            10,
            8,
            1,
            10_000_001,
        ),
        ("iterations-greatest", "2^32 − 1 iterations", 10, 8, 1, top),
    ] {
        let input = input(WORDS, salt, work(log_n, r, p, iterations));
        b.reject(name, comment, input, "work-out-of-range");
    }
    b.flag("Text");
    b.reject(
        "nine-words",
        "nine words",
        input("zoo zoo zoo zoo zoo zoo zoo zoo zoo", salt, least()),
        "word-count",
    );
    b.reject(
        "unknown-word",
        "a word that is not in the list",
        input(&WORDS.replace("abuse", "abuses"), salt, least()),
        "unknown-word",
    );
    b.finish()
}

/// `vault-open`.
pub fn vault_open(world: &World) -> Result<File> {
    let mut b = Builder::new("vault-open");
    let good = world.vault()?;
    let item = Item::parse(&good)?;
    let input = |vault: &[u8]| json!({ "account": hexed(world.account.0), "passphrase": WORDS, "place": 2, "seen": 2, "vault": hexed(vault) });
    let put = |way: &[usize], there: Item| item.put(&[&[3], way].concat(), there).encode();
    b.about(
        &[
            "SPEC#vault-and-ring",
            "CLAIM-SECOND-PHONE",
            "CLAIM-ACCOUNT-SECRETS",
        ],
        &["Valid"],
    );
    let keys = json!({
        "keys": [hexed([1; 32]), hexed([2; 32])],
        "predecessors": [{ "account": hexed([3; 32]), "keys": [hexed([4; 32])] }],
    });
    let expected = json!({ "signing_key": hexed(&*world.root.to_pkcs8()?), "ring": keys });
    b.accept_as("good", "vault 2", input(&good), expected.clone());
    b.accept_as(
        "fresh-phone",
        "a phone that has seen none",
        but(&input(&good), json!({ "seen": 0 })),
        expected.clone(),
    );
    b.accept_as(
        "newer",
        "a phone that has seen vault 1",
        but(&input(&good), json!({ "seen": 1 })),
        expected,
    );
    b.flag("Rollback");
    b.reject(
        "rollback",
        "a phone that has seen vault 3",
        but(&input(&good), json!({ "seen": 3 })),
        "vault-rollback",
    );
    b.reject(
        "place-later",
        "an old vault under a new number",
        but(&input(&good), json!({ "place": 3 })),
        "vault-rollback",
    );
    b.reject(
        "place-earlier",
        "a vault under an earlier number",
        but(&input(&good), json!({ "place": 1, "seen": 0 })),
        "vault-rollback",
    );
    b.flag("WrongKey");
    let other = WORDS.replace("abuse", "zoo");
    b.reject(
        "other-passphrase",
        "another passphrase",
        but(&input(&good), json!({ "passphrase": other })),
        "vault-open",
    );
    b.flag("Passphrase");
    b.reject(
        "nine-words",
        "nine words",
        but(&input(&good), json!({ "passphrase": "zoo zoo" })),
        "word-count",
    );
    b.reject(
        "unknown-word",
        "a word that is not in the list",
        but(
            &input(&good),
            json!({ "passphrase": WORDS.replace("abuse", "abuses") }),
        ),
        "unknown-word",
    );
    b.flag("WorkFactor");
    for (name, comment, work) in [
        ("work-little", "N = 2^9", [9, 8, 1, 1_000]),
        ("work-much", "N = 2^21", [21, 8, 1, 1_000]),
        (
            "work-r",
            "r = 2^32 − 1",
            [10, u64::from(u32::MAX), 1, 1_000],
        ),
        (
            "work-iterations",
            "2^32 − 1 iterations",
            [10, 8, 1, u64::from(u32::MAX)],
        ),
        ("work-one-iteration", "one iteration", [10, 8, 1, 1]),
    ] {
        let work = Item::Array(work.map(Item::Uint).to_vec());
        b.reject(name, comment, input(&put(&[2], work)), "work-out-of-range");
    }
    b.flag("ModifiedCiphertext");
    let parts = [3, 4].map(|place| match item.at(&[3, place]) {
        Some(Item::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    });
    for (name, place, bytes) in [("signing-key", 3, &parts[0]), ("ring", 4, &parts[1])] {
        for (what, comment, altered) in [
            (
                "last-bit",
                "its last bit is flipped",
                flip(bytes, bytes.len() - 1),
            ),
            ("cut", "its last byte is missing", cut(bytes)),
            ("empty", "no bytes", Vec::new()),
            ("trailing", "a byte follows", [&**bytes, &[0]].concat()),
        ] {
            b.reject(
                &format!("{name}-{what}"),
                &format!("{name}: {comment}"),
                input(&put(&[place], Item::Bytes(altered))),
                "vault-open",
            );
        }
    }
    let more = Item::Array([11, 8, 1, 1_000].map(Item::Uint).to_vec());
    b.reject(
        "work-other",
        "other work than it was sealed with",
        input(&put(&[2], more)),
        "vault-open",
    );
    b.reject(
        "salt-other",
        "another salt",
        input(&put(&[1], Item::bytes([9; 16]))),
        "vault-open",
    );
    b.flag("WrongContext");
    let swapped = item
        .put(&[3, 3], Item::bytes(&parts[1]))
        .put(&[3, 4], Item::bytes(&parts[0]))
        .encode();
    b.reject(
        "swapped",
        "ring and signing key have changed places",
        input(&swapped),
        "vault-open",
    );
    let ring_twice = put(&[3], Item::bytes(&parts[1]));
    b.reject(
        "ring-twice",
        "the ring in the place of the signing key",
        input(&ring_twice),
        "vault-open",
    );
    let renumbered = put(&[0], Item::Uint(3));
    b.reject(
        "renumbered",
        "vault 2 says that it is vault 3, and lies there",
        but(&input(&renumbered), json!({ "place": 3 })),
        "vault-open",
    );
    resealed(&mut b, world, &item, input)?;
    b.finish()
}

/// Vaults that whoever knows the passphrase could make: what is in them is wrong.
fn resealed(
    b: &mut Builder,
    world: &World,
    item: &Item,
    input: impl Fn(&[u8]) -> Value,
) -> Result<()> {
    let Some(Item::Bytes(salt)) = item.at(&[3, 1]) else {
        return Err(Error::Generate("no salt".to_owned()));
    };
    let salt: [u8; 16] = salt
        .as_slice()
        .try_into()
        .map_err(|_| Error::Generate("no salt".to_owned()))?;
    let work = crypto::Work {
        log_n: 10,
        r: 8,
        p: 1,
        iterations: 1_000,
    };
    let pdk = crypto::passphrase_derived_key(WORDS.as_bytes(), &salt, &work)?;
    let place = (
        2u64,
        Bytes(salt),
        vault::Work {
            log_n: 10,
            r: 8,
            p: 1,
            iterations: 1_000,
        },
    );
    let seal = |kind: &str, plain: &[u8]| {
        let context = message::context(kind, &world.account, place);
        cose::seal(&pdk, &context, plain, &mut rng(61))
    };
    let put = |place: usize, kind: &str, plain: &[u8]| -> Result<Vec<u8>> {
        Ok(item
            .put(&[3, place], Item::bytes(seal(kind, plain)?))
            .encode())
    };
    let (signing, ring) = ("vault-signing-key", "vault-ring");
    b.flag("RootSwap");
    let other = World::other()?.root.to_pkcs8()?;
    b.reject(
        "other-root",
        "the provider's own signing key, under the right passphrase",
        input(&put(3, signing, &other)?),
        "root-mismatch",
    );
    b.flag("InvalidRsa");
    for (name, key) in bad_rsa()? {
        let comment = format!("a signing key of another kind: {name}");
        b.reject(
            &format!("root-{name}"),
            &comment,
            input(&put(3, signing, &key)?),
            "vault-open",
        );
    }
    b.reject(
        "root-garbage",
        "no key where the signing key should be",
        input(&put(3, signing, &[1; 32])?),
        "vault-open",
    );
    b.flag("Grammar");
    let key = || Item::bytes([1; 32]);
    for (name, comment, plain) in [
        (
            "ring-no-keys",
            "a ring without keys",
            Item::Array(vec![Item::Array(Vec::new()), Item::Array(Vec::new())]),
        ),
        (
            "ring-short-key",
            "a key of 31 bytes on the ring",
            Item::Array(vec![
                Item::Array(vec![Item::bytes([1; 31])]),
                Item::Array(Vec::new()),
            ]),
        ),
        (
            "ring-one-part",
            "a ring without predecessors",
            Item::Array(vec![Item::Array(vec![key()])]),
        ),
        ("ring-key-alone", "a key alone in place of a ring", key()),
    ] {
        b.reject(
            name,
            comment,
            input(&put(4, ring, &plain.encode())?),
            "vault-open",
        );
    }
    Ok(())
}

/// `checkpoint-read`.
pub fn checkpoint_read(world: &World) -> Result<File> {
    let mut b = Builder::new("checkpoint-read");
    let input = |text: &str| json!({ "account": hexed(world.account.0), "text": text });
    let good = world.checkpoint()?.to_text(&world.account);
    let message = world.message("checkpoint")?;
    b.about(&["SPEC#enrollment", "CLAIM-NO-ROLLBACK"], &["Valid"]);
    b.accept("good", "a phone's checkpoint", input(&good));
    let camera = encryptediot::checkpoint::Checkpoint {
        roster: None,
        ..world.checkpoint()?
    };
    b.accept(
        "camera",
        "a camera's, which knows no roster",
        input(&camera.to_text(&world.account)),
    );
    let foreign = world.checkpoint()?.to_text(&World::other()?.account);
    b.flag("WrongAccount");
    b.reject(
        "other-account",
        "another account's",
        input(&foreign),
        "wrong-account",
    );
    texts(&mut b, CHECKPOINT_PREFIX, &message, "malformed", input);
    b.finish()
}

/// What may be wrong with a text that starts with `prefix` and holds a message in Base32.
pub fn texts(
    b: &mut Builder,
    prefix: &str,
    message: &[u8],
    reason: &str,
    input: impl Fn(&str) -> Value,
) {
    let code = BASE32_NOPAD.encode(message);
    let good = format!("{prefix}{code}");
    b.flag("Text");
    b.accept(
        "text.lower-case",
        "in lower case",
        input(&good.to_lowercase()),
    );
    b.accept(
        "text.space",
        "white space before and after",
        input(&format!(" {good}\n")),
    );
    let kind = prefix.trim_end_matches(':');
    let spaced: String = code.chars().flat_map(|c| [c, ' ']).collect();
    // The last character holds bits that no byte needs: they are zero.
    let last = code.chars().last().unwrap_or('A');
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let next = alphabet
        .find(last)
        .and_then(|at| alphabet.chars().nth(at + 1))
        .unwrap_or('B');
    let most: String = code.chars().take(code.len() - 1).collect();
    for (name, comment, text) in [
        ("empty", "nothing", String::new()),
        ("prefix", "the prefix alone", prefix.to_owned()),
        ("no-prefix", "without its prefix", code.clone()),
        (
            "other-prefix",
            "another prefix",
            format!("EIOT:OTHER:{code}"),
        ),
        (
            "no-colon",
            "without the second colon",
            format!("{kind}{code}"),
        ),
        ("padding", "with padding", format!("{good}=")),
        (
            "spaces",
            "a space after each character",
            format!("{prefix}{spaced}"),
        ),
        (
            "digit",
            "1, which is not in the alphabet, in front",
            format!("{prefix}1{code}"),
        ),
        (
            "hexadecimal",
            "hexadecimal in place of Base32",
            format!("{prefix}{}", hex::encode(message)),
        ),
        (
            "last-bits",
            "the bits that no byte needs are not zero",
            format!("{prefix}{most}{next}"),
        ),
        (
            "cut",
            "its last character is missing",
            format!("{prefix}{most}"),
        ),
        ("twice", "twice in a row", format!("{good}{good}")),
        (
            "dotless-i",
            "U+0131 for the I of the prefix",
            good.replacen('I', "\u{131}", 1),
        ),
        ("nul", "a NUL at its end", format!("{good}\0")),
    ] {
        b.reject(&format!("text.{name}"), comment, input(&text), reason);
    }
    let encoded = |bytes: &[u8]| format!("{prefix}{}", BASE32_NOPAD.encode(bytes));
    let short = encoded(&cut(message));
    b.reject(
        "text.message-cut",
        "the message in it lacks its last byte",
        input(&short),
        reason,
    );
}

/// `unlock-open`.
pub fn unlock_open(world: &World) -> Result<File> {
    let mut b = Builder::new("unlock-open");
    let instance = |secret: &encryptediot::crypto::KemSecret| hexed(*secret.to_bytes());
    let input = |unlock: &[u8]| json!({ "account": hexed(world.account.0), "instance": instance(&world.instance), "unlock": hexed(unlock) });
    let plain = world.unlock_plain();
    let good = world.encode(world.unlock(&plain.encode())?);
    let item = Item::parse(&good)?;
    b.about(&["SPEC#enrollment", "CLAIM-ACCOUNT-SECRETS"], &["Valid"]);
    b.accept_as(
        "good",
        "the PDK under the phone's IK",
        input(&good),
        json!({ "pdk": hexed([34; 32]) }),
    );
    b.flag("OtherRecipient");
    let other = but(
        &input(&good),
        json!({ "instance": instance(&world.stranger) }),
    );
    b.reject("other-phone", "another phone's", other, "sealed-open");
    let renamed = item
        .put(&[3, 0], Item::bytes(kem_id(&world.stranger.public()).0))
        .encode();
    let taken = but(
        &input(&renamed),
        json!({ "instance": instance(&world.stranger) }),
    );
    b.reject(
        "renamed",
        "another phone's, said to be this one's",
        taken,
        "sealed-open",
    );
    wrapped(&mut b, &item, &[3, 1], "sealed-open", input);
    let key = world.instance.public();
    let foreign = World::other()?.account;
    b.flag("WrongContext");
    for (name, comment, context) in [
        (
            "type",
            "wrapped as a ring",
            message::context("roster-ring", &world.account, kem_id(&key)),
        ),
        (
            "account",
            "wrapped for another account",
            message::context("unlock", &foreign, kem_id(&key)),
        ),
        (
            "place",
            "wrapped with a number for its place",
            message::context("unlock", &world.account, 1u64),
        ),
    ] {
        let (enc, text) = hpke_seal(&key, &context, &[], &plain.encode(), &mut rng(62))?;
        let object = item
            .put(
                &[3, 1],
                Item::Array(vec![Item::bytes(enc), Item::bytes(text)]),
            )
            .encode();
        b.reject(
            &format!("context.{name}"),
            comment,
            input(&object),
            "sealed-open",
        );
    }
    b.finish()
}

/// What may be wrong with HPKE's encapsulated key and ciphertext at `way`, `[enc, ciphertext]`.
pub fn wrapped(
    b: &mut Builder,
    item: &Item,
    way: &[usize],
    reason: &str,
    input: impl Fn(&[u8]) -> Value,
) {
    let inner = |place: usize| match item.at(&[way, &[place]].concat()) {
        Some(Item::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    };
    let (enc, text) = (inner(0), inner(1));
    let put = |place: usize, bytes: Vec<u8>| {
        item.put(&[way, &[place]].concat(), Item::Bytes(bytes))
            .encode()
    };
    b.flag("InvalidKey");
    for (name, comment, point) in super::messages::bad_points(&enc) {
        if point.len() == enc.len() {
            b.reject(
                &format!("enc-{name}"),
                comment,
                input(&put(0, point)),
                reason,
            );
        }
    }
    b.flag("ModifiedCiphertext");
    for (name, comment, altered) in [
        ("first-bit", "its first bit is flipped", flip(&text, 0)),
        (
            "last-bit",
            "the tag's last bit is flipped",
            flip(&text, text.len() - 1),
        ),
        ("cut", "its last byte is missing", cut(&text)),
        ("longer", "a byte follows", [&*text, &[0]].concat()),
        ("short", "shorter than a tag", vec![0; 15]),
        ("empty", "no bytes", Vec::new()),
    ] {
        b.reject(
            &format!("ciphertext-{name}"),
            comment,
            input(&put(1, altered)),
            reason,
        );
    }
}

/// A key of a ring, and one that is on none.
pub fn ring(world: &World) -> Value {
    world
        .ring
        .keys
        .iter()
        .map(|key| hexed(key.as_bytes()))
        .collect()
}

/// A ring whose keys are others.
pub fn other_ring() -> Value {
    let key = |byte| SecretBytes::<32>::new([byte; 32]);
    [71, 72]
        .map(key)
        .iter()
        .map(|key| hexed(key.as_bytes()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_the_vectors_stands_for_their_account() {
        let world = World::new().unwrap();
        let root = world.root_bytes();
        assert_eq!(sha256(&root), world.account.0);
        assert!(encryptediot::keys::decode_root(&world.account, &root).is_ok());
    }
}
