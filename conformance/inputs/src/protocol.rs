//! The protocol's readers.

use std::sync::OnceLock;

use encryptediot::acknowledgement::Acknowledgement;
use encryptediot::announcement::Announcement;
use encryptediot::cbor::{self, Bytes};
use encryptediot::checkpoint::{self, Checkpoint};
use encryptediot::clip::Manifest;
use encryptediot::contact::{self, Card};
use encryptediot::correction::Correction;
use encryptediot::crypto::{
    KemSecret, RsaPublic, RsaSigningKey, SecretBytes, VerifyingKey, hpke_seal,
};
use encryptediot::error::Result;
use encryptediot::evidence::{Answer, Challenge};
use encryptediot::grant::{self, Backup, Introduction, SealedMember, Shard};
use encryptediot::keys::{self, Name};
use encryptediot::lease::{self, Lease};
use encryptediot::link::{self, Link};
use encryptediot::message::{self, AccountId, Body};
use encryptediot::pairing::{self, Offer, Reply};
use encryptediot::passphrase::Passphrase;
use encryptediot::past::{self, PastShare};
use encryptediot::phone::{self, Phone};
use encryptediot::roster::{self, Roster, Wrapped};
use encryptediot::statement::{self, SignedStatement, TreeHead};
use encryptediot::unlock::{self, Unlock};
use encryptediot::vault::{self, Pdk, Ring, Vault, Work};
use encryptediot::{acknowledgement, announcement, camera, clip, clock, cose, evidence, member};
use encryptediot_testkit::{START, load_phone, n, rich, rng};
use minicbor::{Decode, Encode};

/// Nobody's bytes are said to be this device's own failure.
fn taken<T>(read: Result<T>) -> Option<T> {
    read.inspect_err(|error| assert_ne!(error.reason(), "crypto", "{error}"))
        .ok()
}

fn message<T: Body>(bytes: &[u8]) {
    if let Some((account, body)) = taken(message::decode_any_account::<T>(bytes)) {
        assert_eq!(message::encode(&account, body), bytes, "{}", T::TYPE);
    }
}

/// A message of any type, and what is read without the form of one.
pub fn messages(bytes: &[u8]) {
    for read in [
        message::<Acknowledgement>,
        message::<Announcement>,
        message::<Answer>,
        message::<Backup>,
        message::<Challenge>,
        message::<Checkpoint>,
        message::<Correction>,
        message::<Introduction>,
        message::<Lease>,
        message::<Manifest>,
        message::<PastShare>,
        message::<Roster>,
        message::<SealedMember>,
        message::<Shard>,
        message::<TreeHead>,
        message::<Unlock>,
        message::<Vault>,
    ] {
        read(bytes);
    }
    if let Some((account, number, key)) = taken(contact::decode_proximity(bytes)) {
        assert_eq!(*contact::encode_proximity(&account, number, &key), bytes);
    }
    let keys = keys();
    if let Some(root) = taken(keys::decode_root(&keys.account, bytes)) {
        assert_eq!(keys::encode_root(&root), bytes);
    }
    // As the one shard of an announcement of two bits.
    let hash = message::hash(bytes);
    if let Ok(shard) = message::decode::<Shard>(&keys.account, bytes) {
        for bits in [0, 2, 16, u8::MAX] {
            let lookup = grant::Lookup::new(&keys.pairwise, &shard.statement, 0, bits);
            let looked = lookup.and_then(|l| l.open(&hash, &keys.member.public(), &shard));
            taken(looked.map(drop));
        }
    }
}

/// Keys and places that are as good as any.
struct Keys {
    account: AccountId,
    root: RsaPublic,
    camera: VerifyingKey,
    member: KemSecret,
    pairwise: SecretBytes<32>,
    ring: Ring,
    pdk: Pdk,
    link: Link,
    offer: Offer,
    roster: Roster,
}

const SALT: Bytes<16> = Bytes([1; 16]);

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let home = rich().saved.load(1);
        let ring = home.opened().ring;
        let paths = home.paths();
        let bytes = home.cloud.bytes(&paths.roster(1));
        Keys {
            account: home.id(),
            root: home.root(),
            camera: home.cameras[&n("door")].verifying_key(),
            member: KemSecret::from_bytes(&[7; 32]).unwrap(),
            pairwise: SecretBytes::new([9; 32]),
            pdk: Pdk::derive_with_salt(&home.passphrase, Work::LEAST, SALT).unwrap(),
            link: Link::from_text(&rich().link).unwrap(),
            offer: Offer::new(home.id(), START, &mut rng(2)),
            roster: roster::open(&home.root(), &home.id(), &bytes)
                .unwrap()
                .roster,
            ring,
        }
    })
}

/// What is signed, sealed or both, as it lies in the cloud.
pub fn containers(bytes: &[u8]) {
    let Keys {
        account,
        root,
        camera,
        member,
        ring,
        pdk,
        link,
        offer,
        ..
    } = keys();
    let x = &n("x");
    if let Some(statement) = taken(cbor::decode::<SignedStatement>(bytes)) {
        assert_eq!(cbor::encode(&statement), bytes);
    }
    taken(cose::unverified_payload(bytes));
    taken(statement::open::<Roster>(root, account, bytes));
    taken(roster::open(root, account, bytes));
    taken(announcement::open(root, account, bytes));
    taken(past::open(root, account, bytes));
    taken(lease::open(account, bytes));
    taken(acknowledgement::open(account, camera, x, bytes));
    taken(evidence::open(
        account,
        camera,
        &Challenge(Bytes([5; 16])),
        bytes,
    ));
    taken(clip::open(account, camera, x, bytes));
    taken(grant::open_introduction(root, account, member, bytes).map(drop));
    taken(grant::open_member(root, account, ring, 1, bytes).map(drop));
    taken(grant::open_backup(account, ring, x, &message::hash(bytes), bytes).map(drop));
    taken(unlock::open(account, member, bytes).map(drop));
    taken(vault::open_kept(account, pdk.clone(), bytes).map(drop));
    taken(link::open(link, bytes, START).map(drop));
    taken(pairing::open_reply(offer, bytes).map(drop));
}

/// Bytes that whoever has the key has sealed: what is read once it is open. The first byte says where.
pub fn sealed(bytes: &[u8]) {
    let Some((which, plain)) = bytes.split_first() else {
        return;
    };
    let keys = keys();
    let Keys {
        account,
        ring,
        member,
        link,
        offer,
        pdk,
        ..
    } = keys;
    let rng = &mut rng(3);
    let wrapped = |public, info: &[u8], rng: &mut _| {
        let (enc, ciphertext) = hpke_seal(public, info, &[], plain, rng).unwrap();
        Wrapped {
            enc: Bytes(enc),
            ciphertext: ciphertext.into(),
        }
    };
    match which % 7 {
        0 => {
            let place = message::context("pairing-reply", account, offer.id());
            let reply = cose::seal(offer.secret(), &place, plain, rng).unwrap();
            if let Some(reply) = taken(pairing::open_reply(offer, &reply)) {
                assert_eq!(cbor::encode::<Reply>(&reply), plain);
            }
        }
        1 => {
            let mut roster = keys.roster.clone();
            let place = message::context(
                "roster-private",
                account,
                (roster.number, roster.generation),
            );
            let key = ring.key(roster.generation).unwrap();
            roster.private = cose::seal(key, &place, plain, rng).unwrap().into();
            if let Some(private) = taken(roster::open_private(account, &roster, ring)) {
                assert_eq!(cbor::encode(&private), plain);
            }
        }
        2 => {
            if let Some(ring) = taken(Ring::from_bytes(plain)) {
                assert_eq!(*ring.to_bytes(), plain);
            }
        }
        3 => {
            let (generation, x) = (ring.generation(), n("x"));
            let place = message::context(Backup::TYPE, account, (generation, x.clone()));
            let sealed = cose::seal(ring.key(generation).unwrap(), &place, plain, rng).unwrap();
            let backup = Backup {
                generation,
                stream: x.clone(),
                sealed: sealed.into(),
            };
            let backup = message::encode(account, backup);
            let opened = grant::open_backup(account, ring, &x, &message::hash(&backup), &backup);
            if let Some((_, holdings)) = taken(opened) {
                assert_eq!(*cbor::encode_secret(&holdings), plain);
            }
        }
        4 => {
            let phone = keys::kem_id(&member.public());
            let pdk = wrapped(
                &member.public(),
                &message::context(Unlock::TYPE, account, phone),
                rng,
            );
            let unlock = message::encode(account, Unlock { phone, pdk });
            taken(unlock::open(account, member, &unlock).map(drop));
        }
        5 => {
            let index = wrapped(&link.secret().public(), &link.context(), rng);
            let object = cbor::encode(&("link", message::VERSION, account, (link.id, index)));
            taken(link::open(link, &object, START).map(drop));
        }
        _ => {
            // The signing key in a vault, whose ring is right.
            let number = 1;
            let seal = |kind, plain: &[u8], rng: &mut _| {
                let context = pdk.context(kind, account, number);
                cose::seal(pdk.key(), &context, plain, rng).unwrap().into()
            };
            let vault = Vault {
                number,
                salt: SALT,
                work: Work::LEAST,
                signing_key: seal(vault::SIGNING_KEY, plain, rng),
                ring: seal(vault::RING, &ring.to_bytes(), rng),
            };
            taken(
                vault::open_kept(account, pdk.clone(), &message::encode(account, vault)).map(drop),
            );
            if let Ok(key) = RsaSigningKey::from_pkcs8(plain) {
                assert_eq!(*key.to_pkcs8().unwrap(), plain);
            }
        }
    }
}

fn value<T: for<'b> Decode<'b, ()> + Encode<()>>(bytes: &[u8]) -> Option<T> {
    let value = taken(cbor::decode::<T>(bytes))?;
    assert_eq!(*cbor::encode_secret(&value), bytes);
    Some(value)
}

/// What a device stored of itself, and a disk may have changed.
pub fn states(bytes: &[u8]) {
    let clock = clock::ManualClock::at(START);
    if let Some(state) = value::<phone::State>(bytes)
        && taken(Phone::from_state(state).map(drop)).is_some()
    {
        drop(load_phone(bytes).checkpoint());
    }
    if let Some(state) = value::<member::State>(bytes) {
        taken(member::Member::from_state(state).map(drop));
    }
    if let Some(state) = value::<camera::State>(bytes)
        && let Some(mut camera) = taken(camera::Paired::from_state(state, &clock))
    {
        camera.now(&clock);
        let streams: Vec<Name> = camera.streams().cloned().collect();
        for stream in streams {
            taken(camera.acknowledge(&stream, &clock).map(drop));
        }
    }
    value::<camera::Recorded<()>>(bytes);
}

/// A text that somebody shows, types or sends: as it is, and as what follows each prefix.
pub fn texts(bytes: &[u8]) {
    let account = &keys().account;
    let text = String::from_utf8_lossy(bytes);
    let base32 = data_encoding::BASE32_NOPAD.encode(bytes);
    let of = |prefix: &str| [text.clone().into_owned(), format!("{prefix}{base32}")];
    // A text is taken in any case and with white space around, and written in one form.
    let same = |text: &str, written: &str| {
        assert!(
            text.trim().eq_ignore_ascii_case(written),
            "{text:?}, {written:?}"
        );
    };
    for text in of(contact::CARD_PREFIX) {
        if let Some(card) = taken(Card::from_text(&text)) {
            same(&text, &card.to_text());
        }
    }
    for text in of(pairing::OFFER_PREFIX) {
        if let Some(offer) = taken(Offer::from_text(&text)) {
            same(&text, &offer.to_text());
        }
    }
    for text in of(checkpoint::CHECKPOINT_PREFIX) {
        if let Some(checkpoint) = taken(Checkpoint::from_text(account, &text)) {
            same(&text, &checkpoint.to_text(account));
        }
    }
    for text in of(contact::PROXIMITY_PREFIX) {
        if let Some(payload) = taken(contact::proximity_from_text(&text)) {
            same(&text, &contact::proximity_text(&payload));
        }
    }
    if let Some(link) = taken(Link::from_text(&text)) {
        assert_eq!(
            Link::from_text(&link.to_text()).unwrap().to_text(),
            link.to_text()
        );
    }
    if let Some(passphrase) = taken(Passphrase::parse(&text)) {
        let again = Passphrase::parse(passphrase.words()).unwrap();
        assert_eq!(again.words(), passphrase.words());
    }
    if let Ok(name) = text.parse::<Name>() {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(id) = text.parse::<AccountId>() {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
    }
    let member = keys().member.public();
    taken(contact::check_safety_number(account, &member, &text));
}
