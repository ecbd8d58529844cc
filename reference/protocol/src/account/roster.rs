//! The roster: which phones and cameras the account has (SPEC section "Account").
//!
//! A chain of statements of the account, one per change. It hands the key ring to every phone that
//! is still on it, wrapped to that phone's instance key (IK).

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::cbor::{self, Bytes};
use crate::cose;
use crate::crypto::{self, KemPublic, KemSecret, RsaPublic, VerifyingKey};
use crate::error::{AccountError, AnnouncementError, Result};
use crate::keys::{KeyId, MemberId, Name, kem_id};
use crate::message::{self, AccountId, Body, Hash, Time};
use crate::statement;
use crate::vault::Ring;

/// A phone's public keys. The certificate of both, with their roles, is the signed statement that
/// lists them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PhoneKeys {
    /// The instance key (IK): session keys and the key ring are wrapped to it.
    #[n(0)]
    pub instance: KemPublic,
    /// The lease key: verifies lease extensions and nothing else.
    #[n(1)]
    pub lease: VerifyingKey,
}

/// A phone on the roster.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PhoneEntry {
    /// What the owner calls it.
    #[n(0)]
    pub name: Name,
    /// Its public keys.
    #[n(1)]
    pub keys: PhoneKeys,
    /// The key ring under its instance key.
    #[n(2)]
    pub ring: Wrapped,
}

/// What was sealed to a public key by HPKE (RFC 9180, base mode, single shot).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Wrapped {
    /// The encapsulated key, a 65-byte point.
    #[n(0)]
    pub enc: Bytes<65>,
    /// Ciphertext and 16-byte tag.
    #[n(1)]
    pub ciphertext: ByteVec,
}

/// A camera on the roster.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CameraEntry {
    /// What the owner calls it.
    #[n(0)]
    pub name: Name,
    /// The key under which it signs, as exchanged at pairing; none once it is retired.
    #[n(1)]
    pub key: Option<VerifyingKey>,
    /// Its streams; a stream's name is unique in the account.
    #[n(2)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub streams: Vec<Name>,
}

/// The statement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Roster {
    /// Counts the account's rosters, from 1.
    #[n(0)]
    pub number: u64,
    /// The hash of the roster before, none for the first.
    #[n(1)]
    pub previous: Option<Hash>,
    /// When it was made.
    #[n(2)]
    pub issued: Time,
    /// The generation of the ring's newest key.
    #[n(3)]
    pub generation: u64,
    /// The phones, each name and key once, at least one.
    #[n(4)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub phones: Vec<PhoneEntry>,
    /// The cameras.
    #[n(5)]
    pub cameras: Vec<CameraEntry>,
    /// [`Private`], sealed under the ring's newest key, `COSE_Encrypt0`.
    #[n(6)]
    pub private: ByteVec,
}

impl Body for Roster {
    const TYPE: &'static str = "roster";
}

impl Roster {
    /// The camera that has `stream`.
    pub fn camera_of(&self, stream: &Name) -> Option<&CameraEntry> {
        self.cameras
            .iter()
            .find(|camera| camera.streams.contains(stream))
    }

    /// Every stream of every camera.
    pub fn streams(&self) -> impl Iterator<Item = &Name> {
        self.cameras.iter().flat_map(|camera| &camera.streams)
    }

    /// The phone whose instance key this is.
    pub fn phone(&self, instance: &KemPublic) -> Option<&PhoneEntry> {
        self.phones
            .iter()
            .find(|phone| phone.keys.instance == *instance)
    }

    /// The keys of every phone, as an announcement lists them.
    pub fn phone_keys(&self) -> Vec<PhoneKeys> {
        self.phones.iter().map(|phone| phone.keys.clone()).collect()
    }
}

/// What the owner's phones alone know of the members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Private {
    /// How many member records have been made: a withheld one shows.
    #[n(0)]
    pub members: u64,
    /// The members who are given every stream, those to come as well (paper section 4.3), ascending.
    #[n(1)]
    pub all_streams: Vec<MemberId>,
    /// The instance keys of the phones that are or were kept unlocked: the account's signing key is
    /// within their reach for good.
    #[n(2)]
    pub unlocked: Vec<KeyId>,
}

/// What changes from one roster to the next.
pub struct Draft {
    /// The roster's number.
    pub number: u64,
    /// The hash of the one before.
    pub previous: Option<Hash>,
    /// When it is made.
    pub issued: Time,
    /// The phones.
    pub phones: Vec<(Name, PhoneKeys)>,
    /// The cameras.
    pub cameras: Vec<CameraEntry>,
    /// The private part.
    pub private: Private,
}

impl Draft {
    /// Seals the ring to every phone and gives the statement's message, to be signed.
    ///
    /// # Errors
    /// `crypto`.
    pub fn message<R>(self, account: &AccountId, ring: &Ring, rng: &mut R) -> Result<Vec<u8>>
    where
        R: CryptoRng + ?Sized,
    {
        let Self {
            number,
            previous,
            issued,
            cameras,
            ..
        } = self;
        let generation = ring.generation();
        let mut phones = Vec::new();
        for (name, keys) in self.phones {
            let info = ring_context(account, number, &keys.instance);
            let (enc, ciphertext) =
                crypto::hpke_seal(&keys.instance, &info, &[], &ring.to_bytes(), rng)?;
            let ring = Wrapped {
                enc: Bytes(enc),
                ciphertext: ciphertext.into(),
            };
            phones.push(PhoneEntry { name, keys, ring });
        }
        let place = private_context(account, number, generation);
        let plain = cbor::encode(&self.private);
        let private = cose::seal(ring.key(generation)?, &place, &plain, rng)?.into();
        let roster = Roster {
            number,
            previous,
            issued,
            generation,
            phones,
            cameras,
            private,
        };
        Ok(message::encode(account, roster))
    }
}

/// The HPKE `info` of the ring that roster `number` carries for one phone.
pub fn ring_context(account: &AccountId, number: u64, instance: &KemPublic) -> Vec<u8> {
    message::context("roster-ring", account, (number, kem_id(instance)))
}

fn private_context(account: &AccountId, number: u64, generation: u64) -> Vec<u8> {
    message::context("roster-private", account, (number, generation))
}

/// A roster that was verified, with its name.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The statement's hash.
    pub hash: Hash,
    /// What it says.
    pub roster: Roster,
}

/// Verifies a roster under the pinned root.
///
/// # Errors
/// Those of [`statement::open`]; `malformed` if it has no place in a chain.
pub fn open(root: &RsaPublic, account: &AccountId, bytes: &[u8]) -> Result<Verified> {
    let signed = statement::open::<Roster>(root, account, bytes)?;
    let roster = signed.body;
    let first = roster.number == 1;
    if roster.number == 0 || roster.previous.is_none() != first {
        return Err(crate::error::MessageError::Malformed.into());
    }
    Ok(Verified {
        hash: signed.hash,
        roster,
    })
}

/// The place in the chain of rosters that a phone has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Head {
    /// The roster's number.
    #[n(0)]
    pub number: u64,
    /// Its hash.
    #[n(1)]
    pub hash: Hash,
}

impl Head {
    /// Is this the roster `before`, or one of a later number?
    pub fn is_from(&self, before: &Self) -> bool {
        self == before || self.number > before.number
    }
}

/// Takes `next` after `head`.
///
/// # Errors
/// `roster-chain` if it does not follow.
pub fn follow(head: Option<Head>, next: &Verified) -> Result<Head> {
    let (number, previous) = match head {
        Some(head) => (head.number.saturating_add(1), Some(head.hash)),
        None => (1, None),
    };
    if next.roster.number != number || next.roster.previous != previous {
        return Err(AccountError::RosterChain.into());
    }
    Ok(Head {
        number,
        hash: next.hash,
    })
}

/// The rosters that a device has verified, one after the other: a phone's from number 1, a camera's from
/// the one under which its first announcement was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct History {
    /// The number of the roster before the first one.
    #[n(0)]
    before: u64,
    /// Their hashes, by number.
    #[n(1)]
    hashes: Vec<Hash>,
}

impl History {
    /// A history that begins with the roster at `head`.
    pub fn from(head: Head) -> Self {
        Self {
            before: head.number.saturating_sub(1),
            hashes: vec![head.hash],
        }
    }

    /// The latest roster.
    pub fn head(&self) -> Option<Head> {
        let hash = *self.hashes.last()?;
        let number = self.before.saturating_add(self.hashes.len() as u64);
        Some(Head { number, hash })
    }

    /// Is this one of its rosters?
    pub fn contains(&self, roster: &Head) -> bool {
        let place = roster
            .number
            .checked_sub(self.before)
            .and_then(|n| n.checked_sub(1));
        let place = place.and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.hashes.get(place)) == Some(&roster.hash)
    }

    /// Is what names `roster` of the same history, as far as this device has followed it?
    ///
    /// # Errors
    /// `fork` if another roster has that number here.
    pub fn check(&self, roster: &Head) -> Result<()> {
        let later = self.head().is_none_or(|head| roster.number > head.number);
        if !later && !self.contains(roster) {
            return Err(AnnouncementError::Fork.into());
        }
        Ok(())
    }

    /// Takes the next roster.
    ///
    /// # Errors
    /// `roster-chain` if it does not follow.
    pub fn follow(&mut self, next: &Verified) -> Result<Head> {
        let head = follow(self.head(), next)?;
        self.hashes.push(head.hash);
        Ok(head)
    }
}

/// Opens the key ring that a roster holds for this phone.
///
/// # Errors
/// `phone-not-listed`; `sealed-open`.
pub fn open_ring(account: &AccountId, roster: &Roster, instance: &KemSecret) -> Result<Ring> {
    let public = instance.public();
    let entry = roster.phone(&public).ok_or(AccountError::PhoneNotListed)?;
    let info = ring_context(account, roster.number, &public);
    let Wrapped { enc, ciphertext } = &entry.ring;
    let plain = crypto::hpke_open(instance, &enc.0, &info, &[], ciphertext)
        .map_err(|_| AccountError::SealedOpen)?;
    Ring::from_bytes(&plain)
}

/// Opens the private part.
///
/// # Errors
/// `sealed-open`, `malformed`.
pub fn open_private(account: &AccountId, roster: &Roster, ring: &Ring) -> Result<Private> {
    let place = private_context(account, roster.number, roster.generation);
    let plain = cose::unseal(ring.key(roster.generation)?, &place, &roster.private)?;
    cbor::decode(&plain)
}
