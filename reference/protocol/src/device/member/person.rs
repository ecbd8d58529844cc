//! The member's own device: its key, its accounts.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;

use super::membership::{Granted, Membership, News};
use crate::action;
use crate::clip::{Manifest, OpenClip};
use crate::cloud::Cloud;
use crate::contact::{self, Card};
use crate::cose::Key;
use crate::crypto::KemSecret;
use crate::error::{GrantError, Result};
use crate::keys::{Name, kem_id};
use crate::message::AccountId;
use crate::view::Followed;

/// A member with nothing but its own key.
pub struct Member {
    pub(super) name: Name,
    pub(super) key: KemSecret,
    pub(super) accounts: BTreeMap<AccountId, Membership>,
}

impl Member {
    /// A member with a fresh key.
    ///
    /// # Errors
    /// `crypto`.
    pub fn generate<R: CryptoRng + ?Sized>(name: Name, rng: &mut R) -> Result<Self> {
        let member = Self::with_key(name, KemSecret::generate(rng)?);
        action::log("Member", || {
            let id = kem_id(&member.key.public());
            vec![("M", action::name(id)), ("ltk", action::fresh("key", id))]
        });
        Ok(member)
    }

    /// A member with a key that it has already.
    pub fn with_key(name: Name, key: KemSecret) -> Self {
        Self {
            name,
            key,
            accounts: BTreeMap::new(),
        }
    }

    /// The member key's private half, for another program of the same member: whoever has it is the member.
    pub fn private_key(&self) -> &KemSecret {
        &self.key
    }

    /// The pairwise keys with an account, by the numbers of their introductions; secret as the private key is.
    pub fn pairwise_keys(&self, account: &AccountId) -> impl Iterator<Item = (u64, &Key)> {
        let membership = self.accounts.get(account);
        let pairwise = membership.into_iter().flat_map(|of| &of.pairwise);
        pairwise.map(|(number, key)| (*number, key))
    }

    /// The card to give to owners.
    pub fn card(&self) -> Card {
        Card::new(self.name.clone(), self.key.public())
    }

    /// The accounts that this member has pinned.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.accounts.keys()
    }

    /// Pins an account after comparing safety numbers: `told` is what the owner read out.
    ///
    /// # Errors
    /// `safety-number`.
    pub fn pin(&mut self, account: AccountId, told: &str) -> Result<()> {
        contact::check_safety_number(&account, &self.key.public(), told)?;
        self.membership(account);
        Ok(())
    }

    /// Takes what the owner's phone handed over by touch: pins the account and keeps the pairwise
    /// key. Taking it twice changes nothing.
    ///
    /// # Errors
    /// `card-malformed`.
    pub fn touch(&mut self, payload: &[u8]) -> Result<AccountId> {
        let (account, number, pairwise) = contact::decode_proximity(payload)?;
        self.membership(account)
            .pairwise
            .entry(number)
            .or_insert(pairwise);
        Ok(account)
    }

    fn membership(&mut self, account: AccountId) -> &mut Membership {
        self.accounts.entry(account).or_insert_with(|| Membership {
            root: None,
            pairwise: BTreeMap::new(),
            introductions: BTreeSet::new(),
            streams: BTreeMap::new(),
        })
    }

    /// Reads what is new for this member in every account that it has pinned.
    ///
    /// # Errors
    /// `store-unavailable`. What the cloud returns is refused object by object, in [`News`].
    pub fn sync(&mut self, cloud: &dyn Cloud) -> Result<News> {
        let mut news = News::default();
        let key = &self.key;
        for (account, membership) in &mut self.accounts {
            membership.sync(account, key, cloud, None, &mut news)?;
        }
        Ok(news)
    }

    /// [`Member::sync`] without other accounts and streams than these.
    ///
    /// # Errors
    /// As [`Member::sync`].
    pub fn sync_stream(
        &mut self,
        cloud: &dyn Cloud,
        account: &AccountId,
        stream: &Name,
    ) -> Result<News> {
        let mut news = News::default();
        if let Some(membership) = self.accounts.get_mut(account) {
            membership.sync(account, &self.key, cloud, Some(stream), &mut news)?;
        }
        Ok(news)
    }

    /// The streams of `account` of which this member holds a key.
    pub fn streams(&self, account: &AccountId) -> Vec<Name> {
        let streams = self
            .accounts
            .get(account)
            .into_iter()
            .flat_map(|m| &m.streams);
        let held = streams.filter(|(_, s)| !s.grants.is_empty());
        held.map(|(name, _)| name.clone()).collect()
    }

    /// The announcements of a stream that this member has verified.
    pub fn followed(&self, account: &AccountId, stream: &Name) -> Option<&Followed> {
        self.accounts
            .get(account)?
            .streams
            .get(stream)?
            .followed
            .as_ref()
    }

    /// What this member was granted on a stream, oldest first.
    pub fn grants(&self, account: &AccountId, stream: &Name) -> Vec<Granted> {
        let shared = self
            .accounts
            .get(account)
            .and_then(|m| m.streams.get(stream));
        shared
            .into_iter()
            .flat_map(|s| s.grants.values().cloned())
            .collect()
    }

    /// Verifies clip `sequence` of a stream and opens its session key with whatever this member
    /// holds.
    ///
    /// # Errors
    /// `nothing-granted`, `no-envelope`, `envelope-open`, and those of [`crate::view::Followed::manifest`].
    pub fn open(
        &mut self,
        cloud: &dyn Cloud,
        account: &AccountId,
        stream: &Name,
        sequence: u64,
    ) -> Result<OpenClip> {
        let membership = self
            .accounts
            .get_mut(account)
            .ok_or(GrantError::NothingGranted)?;
        let shared = membership
            .streams
            .get_mut(stream)
            .ok_or(GrantError::NothingGranted)?;
        shared.open(cloud, account, stream, sequence)
    }

    /// Is this the first time that the clip is shown?
    pub fn show(&mut self, account: &AccountId, clip: &Manifest) -> bool {
        let membership = self.accounts.get_mut(account);
        let shared = membership.and_then(|m| m.streams.get_mut(&clip.stream));
        let followed = shared.and_then(|s| s.followed.as_mut());
        let new = followed.is_some_and(|f| f.seen.show(clip.clip));
        if new {
            action::log("View_member", || {
                let mut values = clip.facts(account);
                values.push(("M", action::name(kem_id(&self.key.public()))));
                values
            });
        }
        new
    }
}
