//! An enrolled phone, and what it knows.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::action;
use crate::cloud::Paths;
use crate::crypto::{KemSecret, RsaPublic, SigningKey, VerifyingKey};
use crate::error::{AccountError, AnnouncementError, Result};
use crate::grant;
use crate::keys::{self, MemberId, Name, kem_id};
use crate::message::AccountId;
use crate::pairing::OfferId;
use crate::roster::{self, PhoneKeys, Roster};
use crate::vault::Ring;
use crate::view::{Followed, Pinned};

/// An enrolled phone.
///
/// It stores its own two private keys and the key ring. The account signing key and the
/// passphrase-derived key it does not store.
pub struct Phone {
    pub(crate) name: Name,
    pub(crate) account: AccountId,
    pub(crate) root: RsaPublic,
    pub(crate) instance: KemSecret,
    pub(crate) lease: SigningKey,
    pub(crate) ring: Ring,
    /// The latest vault that this phone has seen.
    pub(crate) vault: u64,
    /// The latest roster.
    pub(crate) roster: Option<Roster>,
    /// Every roster up to that one.
    pub(crate) history: roster::History,
    pub(crate) streams: BTreeMap<Name, Followed>,
    /// Each member's latest record, of those that were read and verified.
    pub(crate) records: BTreeMap<MemberId, grant::Member>,
    /// How many records that is, from number 1: what lies under one never changes.
    pub(crate) records_read: u64,
    /// What this phone has decided and not yet written to the cloud, in the order of writing.
    pub(crate) outbox: Vec<Outgoing>,
    /// The offers that were used, and the camera that was paired by each.
    pub(crate) offers: BTreeMap<OfferId, VerifyingKey>,
}

/// A write to the cloud that is owed. A command that is killed leaves it, the next one pays it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Outgoing {
    #[n(0)]
    pub(crate) path: String,
    /// Whether it may replace an object at that path.
    #[n(1)]
    pub(crate) replace: bool,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) bytes: Vec<u8>,
}

impl Phone {
    pub(crate) fn fresh<R>(name: Name, root: RsaPublic, ring: Ring, rng: &mut R) -> Result<Self>
    where
        R: CryptoRng + ?Sized,
    {
        let (account, instance) = (keys::account_id(&root), KemSecret::generate(rng)?);
        action::log("Phone_new", || {
            let ik = action::fresh("key", kem_id(&instance.public()));
            vec![("U", action::name(account)), ("ik", ik)]
        });
        Ok(Self::new(
            name,
            root,
            ring,
            instance,
            SigningKey::generate(rng)?,
        ))
    }

    /// A phone that has read nothing yet, of ready-made keys: the pinned root, the ring, its instance
    /// key, its lease key.
    pub fn new(
        name: Name,
        root: RsaPublic,
        ring: Ring,
        instance: KemSecret,
        lease: SigningKey,
    ) -> Self {
        Self {
            name,
            account: keys::account_id(&root),
            root,
            instance,
            lease,
            ring,
            vault: 0,
            roster: None,
            history: roster::History::default(),
            streams: BTreeMap::new(),
            outbox: Vec::new(),
            records: BTreeMap::new(),
            records_read: 0,
            offers: BTreeMap::new(),
        }
    }

    /// The same phone, which has seen vault `number`.
    pub fn having_seen_vault(self, number: u64) -> Self {
        Self {
            vault: number,
            ..self
        }
    }

    /// The same phone with other keys of its own.
    pub fn with_keys(self, instance: KemSecret, lease: SigningKey) -> Self {
        Self {
            instance,
            lease,
            ..self
        }
    }

    /// The phone's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The phone's public keys.
    pub fn keys(&self) -> PhoneKeys {
        PhoneKeys {
            instance: self.instance.public(),
            lease: self.lease.verifying_key(),
        }
    }

    /// The roster, as this phone knows it.
    ///
    /// # Errors
    /// `phone-not-listed` before the first synchronisation.
    pub fn roster(&self) -> Result<&Roster> {
        Ok(self.roster.as_ref().ok_or(AccountError::PhoneNotListed)?)
    }

    /// The streams, as this phone knows them.
    pub fn streams(&self) -> impl Iterator<Item = (&Name, &Followed)> {
        self.streams.iter()
    }

    /// The announcements of a stream that this phone has verified.
    pub fn followed(&self, stream: &Name) -> Option<&Followed> {
        self.streams.get(stream)
    }

    /// The part of the roster that only the owner's phones can read.
    ///
    /// # Errors
    /// `phone-not-listed` before the first synchronisation; those of [`roster::open_private`].
    pub fn private(&self) -> Result<roster::Private> {
        roster::open_private(&self.account, self.roster()?, &self.ring)
    }

    pub(crate) fn pinned(&self) -> Pinned<'_> {
        Pinned {
            root: &self.root,
            account: &self.account,
        }
    }

    pub(crate) fn paths(&self) -> Paths {
        Paths(self.account)
    }

    /// The key of the camera that has `stream`, as the roster lists it; none if that is retired.
    pub(crate) fn camera_of(&self, stream: &Name) -> Result<Option<VerifyingKey>> {
        let camera = self.roster()?.camera_of(stream);
        Ok(camera.ok_or(AnnouncementError::UnknownStream)?.key)
    }
}
