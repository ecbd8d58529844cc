//! Types that hold secrets are not copied by accident and show nothing of them.

use std::fmt::Debug;

use encryptediot::camera::{self, Paired, Session};
use encryptediot::crypto::{
    Aes128Gcm, Aes256Gcm, KemSecret, RsaSigningKey, SecretBytes, SigningKey,
};
use encryptediot::grant::{self, Holding, Lookup};
use encryptediot::link::{Link, Source};
use encryptediot::member::{self, Granted, Member};
use encryptediot::owner::{Owner, TouchPayload};
use encryptediot::pairing::Offer;
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::{self, InForce, Phone};
use encryptediot::vault::{Opened, Pdk, Ring};
use encryptediot_testkit::rng;

/// Implemented twice for a type that has the trait: `<T as Absent<_>>` then does not compile.
macro_rules! absent {
    ($absent:ident: $trait:ident) => {
        trait $absent<A> {
            fn absent() {}
        }

        impl<T: ?Sized> $absent<()> for T {}

        impl<T: ?Sized + $trait> $absent<u8> for T {}
    };
}

absent!(NotCopy: Copy);
absent!(NotDebug: Debug);

macro_rules! neither_copied_nor_shown {
    ($($secret:ty),+ $(,)?) => {$(
        <$secret as NotCopy<_>>::absent();
        <$secret as NotDebug<_>>::absent();
    )+};
}

macro_rules! not_copied {
    ($($secret:ty),+ $(,)?) => {$(<$secret as NotCopy<_>>::absent();)+};
}

#[test]
fn no_type_that_holds_secrets_is_copied_or_shown() {
    neither_copied_nor_shown!(
        camera::State,
        grant::Member,
        Granted,
        Holding,
        InForce,
        Link,
        Lookup,
        Member,
        member::State,
        Offer,
        Opened,
        Owner<'_>,
        Paired,
        Pdk,
        Phone,
        phone::State,
        Ring,
        Session,
        Source,
        TouchPayload,
    );
    // These have a `Debug`, for the types of others around them.
    not_copied!(
        Aes128Gcm,
        Aes256Gcm,
        KemSecret,
        Passphrase,
        RsaSigningKey,
        SecretBytes<16>,
        SecretBytes<32>,
        SigningKey,
    );
}

#[test]
fn a_secret_shows_its_type_alone() {
    let rng = &mut rng(90);
    let shown = [
        format!("{:?}", SecretBytes::<16>::random(rng)),
        format!("{:?}", SecretBytes::<32>::random(rng)),
        format!("{:?}", KemSecret::generate(rng).unwrap()),
        format!("{:?}", SigningKey::generate(rng).unwrap()),
        format!("{:?}", RsaSigningKey::generate(rng).unwrap()),
        format!("{:?}", Passphrase::generate(rng)),
        format!("{:?}", Aes128Gcm::new(&[1; 16])),
        format!("{:?}", Aes256Gcm::new(&[1; 32])),
    ];
    let types = [
        "SecretBytes",
        "SecretBytes",
        "KemSecret",
        "SigningKey",
        "RsaSigningKey",
        "Passphrase",
        "Aes128Gcm",
        "Aes256Gcm",
    ];
    assert_eq!(shown, types);
}

#[test]
fn a_secret_is_read_as_it_was_written_and_nothing_else_is() {
    use encryptediot::cbor;
    let rng = &mut rng(91);
    let secret = SecretBytes::<32>::random(rng);
    let bytes = cbor::encode_secret(&secret);
    assert_eq!(*bytes, [&[0x58, 32], &secret.as_bytes()[..]].concat());
    assert_eq!(bytes.capacity(), bytes.len(), "it grew, and left a copy");
    assert!(cbor::decode::<SecretBytes<32>>(&bytes).unwrap() == secret);
    let another_length = cbor::decode::<SecretBytes<16>>(&bytes).map(drop);
    assert_eq!(another_length.unwrap_err().reason(), "malformed");
    let key = SigningKey::generate(rng).unwrap();
    let read: SigningKey = cbor::decode(&cbor::encode_secret(&key)).unwrap();
    assert_eq!(read.to_bytes(), key.to_bytes());
    let zero = cbor::encode(&SecretBytes::<32>::new([0; 32]));
    for refused in [
        cbor::decode::<KemSecret>(&zero).map(drop),
        cbor::decode::<SigningKey>(&zero).map(drop),
    ] {
        assert_eq!(refused.unwrap_err().reason(), "invalid-key");
    }
}

/// The types of a source that hold what wipes itself and print it: `Zeroizing` prints what it holds.
fn printed(source: &str) -> Vec<&str> {
    let (mut derived, mut name, mut found) = ("", "", Vec::new());
    for line in source.lines().map(str::trim) {
        let is_type = line.contains("struct ") || line.contains("enum ");
        if line.starts_with("#[derive(") {
            derived = line;
        } else if is_type && !line.starts_with("//") {
            name = line;
        }
        let field = line.contains(": Zeroizing<") || is_type && line.contains("(Zeroizing<");
        if field && !line.contains("fn ") && !line.starts_with("let ") && derived.contains("Debug")
        {
            found.push(name);
        }
        if line.is_empty() || line == "}" {
            derived = "";
        }
    }
    found
}

#[test]
fn nothing_that_wipes_itself_is_printed_by_what_holds_it() {
    let reference = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut folders, mut sources) = (vec![reference], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ends| ends == "rs") {
                sources += 1;
                let source = std::fs::read_to_string(&path).unwrap();
                assert_eq!(printed(&source), [""; 0], "{}", path.display());
            }
        }
    }
    assert!(sources > 100, "{sources}");
    let shown = "#[derive(Clone, Debug)]\nstruct Key {\n    bytes: Zeroizing<Vec<u8>>,\n}\n";
    assert_eq!(printed(shown), ["struct Key {"]);
    assert_eq!(printed(&shown.replace(", Debug", "")), [""; 0]);
    assert_eq!(
        printed("#[derive(Debug)]\nstruct Key(Zeroizing<[u8; 2]>);\n").len(),
        1
    );
}
