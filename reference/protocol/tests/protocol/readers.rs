//! No reader of others' bytes or texts panics, whatever they are.

use encryptediot::error::Result;
use encryptediot::keys::Name;
use encryptediot::link::{self, Link};
use encryptediot::message::AccountId;
use encryptediot::phone::Phone;
use encryptediot_testkit::*;
use proptest::prelude::*;

/// Everything that reads bytes or a text of others, with keys and places that are as good as any.
struct Readers {
    account: AccountId,
    root: encryptediot::crypto::RsaPublic,
    camera: encryptediot::crypto::VerifyingKey,
    member: encryptediot::crypto::KemSecret,
    ring: encryptediot::vault::Ring,
    pdk: encryptediot::vault::Pdk,
    link: Link,
    offer: encryptediot::pairing::Offer,
}

fn readers() -> Readers {
    use encryptediot::crypto::KemSecret;
    use encryptediot::vault::{Pdk, Work};

    let home = rich().saved.load(1);
    Readers {
        account: home.id(),
        root: home.root(),
        camera: home.cameras[&n("door")].verifying_key(),
        member: KemSecret::from_bytes(&[7; 32]).unwrap(),
        ring: home.opened().ring,
        pdk: Pdk::derive(&home.passphrase, Work::LEAST, &mut rng(1)).unwrap(),
        link: Link::from_text(&rich().link).unwrap(),
        offer: encryptediot::pairing::Offer::new(home.id(), START, &mut rng(2)),
    }
}

impl Readers {
    /// Reads `bytes` in every way there is. Gives the reasons for which they were refused.
    fn read(&self, bytes: &[u8]) -> Vec<&'static str> {
        use encryptediot::checkpoint::{self, Checkpoint};
        use encryptediot::contact::{self, Card};
        use encryptediot::message::{self, Body};
        use encryptediot::{acknowledgement, announcement, camera, cbor, clip, cose, grant, keys};
        use encryptediot::{lease, member, pairing, past, roster, statement, unlock, vault};

        fn message<T: Body>(readers: &Readers, bytes: &[u8]) -> Result<()> {
            message::decode_any_account::<T>(bytes)?;
            message::decode::<T>(&readers.account, bytes).map(drop)
        }
        let (id, root, x) = (&self.account, &self.root, &n("x"));
        let text = String::from_utf8_lossy(bytes);
        let base32 = data_encoding::BASE32_NOPAD.encode(bytes);
        let hash = message::hash(bytes);
        let clock = encryptediot::clock::ManualClock::at(START);
        let lookup = grant::Lookup::new(self.ring.key(1).unwrap(), &hash, 1, 3).unwrap();
        let shard = |shard: grant::Shard| lookup.open(&hash, &self.member.public(), &shard);
        let all = [
            message::<vault::Vault>(self, bytes),
            message::<unlock::Unlock>(self, bytes),
            message::<roster::Roster>(self, bytes),
            message::<announcement::Announcement>(self, bytes),
            message::<lease::Lease>(self, bytes),
            message::<acknowledgement::Acknowledgement>(self, bytes),
            message::<grant::Introduction>(self, bytes),
            message::<grant::Shard>(self, bytes),
            message::<grant::SealedMember>(self, bytes),
            message::<grant::Backup>(self, bytes),
            message::<past::PastShare>(self, bytes),
            message::<clip::Manifest>(self, bytes),
            message::<statement::TreeHead>(self, bytes),
            message::<checkpoint::Checkpoint>(self, bytes),
            message::decode(id, bytes).and_then(shard).map(drop),
            statement::open::<roster::Roster>(root, id, bytes).map(drop),
            roster::open(root, id, bytes).map(drop),
            announcement::open(root, id, bytes).map(drop),
            lease::open(id, bytes).map(drop),
            acknowledgement::open(id, &self.camera, x, bytes).map(drop),
            past::open(root, id, bytes).map(drop),
            clip::open(id, &self.camera, x, bytes).map(drop),
            grant::open_introduction(root, id, &self.member, bytes).map(drop),
            grant::open_member(root, id, &self.ring, 1, bytes).map(drop),
            grant::open_backup(id, &self.ring, x, &hash, bytes).map(drop),
            vault::open_kept(id, self.pdk.clone(), bytes).map(drop),
            vault::Ring::from_bytes(bytes).map(drop),
            keys::decode_root(id, bytes).map(drop),
            cose::unverified_payload(bytes).map(drop),
            cose::unseal(self.ring.key(1).unwrap(), b"", bytes).map(drop),
            pairing::open_reply(&self.offer, bytes).map(drop),
            link::open(&self.link, bytes, START).map(drop),
            contact::decode_proximity(bytes).map(drop),
            contact::proximity_from_text(&text).map(drop),
            Card::from_text(&text).map(drop),
            Card::from_text(&format!("{}{base32}", contact::CARD_PREFIX)).map(drop),
            pairing::Offer::from_text(&text).map(drop),
            pairing::Offer::from_text(&format!("{}{base32}", pairing::OFFER_PREFIX)).map(drop),
            Checkpoint::from_text(id, &format!("{}{base32}", checkpoint::CHECKPOINT_PREFIX))
                .map(drop),
            Link::from_text(&text).map(drop),
            Link::from_text(&format!("{}{base32}#{base32}", link::LINK_PREFIX)).map(drop),
            encryptediot::passphrase::Passphrase::parse(&text).map(drop),
            text.parse::<Name>().map(drop).map_err(Into::into),
            text.parse::<AccountId>().map(drop).map_err(Into::into),
            cbor::decode(bytes).and_then(Phone::from_state).map(drop),
            cbor::decode(bytes)
                .and_then(member::Member::from_state)
                .map(drop),
            cbor::decode(bytes)
                .and_then(|state| camera::Paired::from_state(state, &clock))
                .map(drop),
            cbor::decode::<camera::Recorded<()>>(bytes).map(drop),
        ];
        all.into_iter()
            .filter_map(|read| read.err().map(|error| error.reason()))
            .collect()
    }
}

/// Everything that a household writes, sends and stores, and the messages inside.
fn samples() -> Vec<Vec<u8>> {
    let rich = rich();
    let mut samples: Vec<_> = rich
        .saved
        .objects
        .values()
        .filter(|bytes| bytes.len() < 9_000)
        .cloned()
        .collect();
    for bytes in samples.clone() {
        let statement = encryptediot::cbor::decode::<encryptediot::statement::SignedStatement>;
        samples.extend(
            statement(&bytes)
                .ok()
                .map(|statement| statement.leaf.to_vec()),
        );
        samples.extend(encryptediot::cose::unverified_payload(&bytes));
    }
    for stored in [&rich.saved.phones, &rich.saved.cameras, &rich.saved.members] {
        samples.extend(stored.iter().map(|(_, bytes)| bytes.clone()));
    }
    samples.push(rich.link.clone().into_bytes());
    samples
}

/// Bytes that are nearly right.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0_u8..5, any::<u8>());
    (
        any::<prop::sample::Index>(),
        prop::collection::vec(change, 1..4),
    )
        .prop_map(|(which, changes)| {
            static SAMPLES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
            let mut bytes = which.get(SAMPLES.get_or_init(samples)).clone();
            for (place, kind, byte) in changes {
                let place = place.index(bytes.len() + 1);
                match (kind, bytes.get_mut(place)) {
                    (0, Some(at)) => *at = byte,
                    (1, Some(at)) => *at = at.wrapping_add(1),
                    (2, Some(_)) => drop(
                        bytes.drain(place..(place + 1 + usize::from(byte) % 9).min(bytes.len())),
                    ),
                    (3, _) => bytes.insert(place, byte),
                    _ => bytes.truncate(place.max(1)),
                }
            }
            bytes
        })
}

fn cases(cases: u32) -> ProptestConfig {
    let told = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: told.unwrap_or(cases),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Nobody's bytes make a reader panic, or are said to be this device's own failure.
fn never_panics(strategy: impl Strategy<Value = Vec<u8>>, count: u32) {
    let readers = readers();
    let mut runner = proptest::test_runner::TestRunner::new(cases(count));
    let result = runner.run(&strategy, |bytes| {
        prop_assert!(!readers.read(&bytes).contains(&"crypto"));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn no_reader_panics_on_any_bytes() {
    never_panics(prop::collection::vec(any::<u8>(), 0..200), 400);
}

#[test]
fn no_reader_panics_on_bytes_that_are_nearly_right() {
    never_panics(nearly(), 1_500);
}

#[test]
fn the_readers_read_what_is_right() {
    let readers = readers();
    let most = readers.read(b"").len();
    let read = samples()
        .iter()
        .filter(|bytes| readers.read(bytes).len() < most)
        .count();
    assert!(read * 2 > samples().len(), "{read} of {}", samples().len());
}
