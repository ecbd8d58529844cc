//! A phone with the account signing key (ASK) at hand: how it is unlocked, and how an act is begun
//! and committed.

use rand_core::CryptoRng;

use super::act::{Act, NextVault, Signed, Unsigned, create};
use crate::action;
use crate::cloud::{Cloud, Paths};
use crate::crypto::RsaSigningKey;
use crate::error::{AccountError, Result, StoreError};
use crate::keys::{self, kem_id};
use crate::message::{self, Time};
use crate::passphrase::Passphrase;
use crate::phone::Phone;
use crate::roster;
use crate::unlock;
use crate::vault::{self, Opened, Pdk, Ring};

/// How a phone keeps its state: called before anything of an act leaves the phone.
pub type Save<'a> = &'a dyn Fn(&Phone) -> Result<()>;

/// The world around an act of the owner.
pub struct Env<'a> {
    /// The cloud.
    pub cloud: &'a dyn Cloud,
    /// The time.
    pub now: Time,
    /// How the phone keeps its state.
    pub save: Save<'a>,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
}

/// A phone with the account signing key at hand. It forgets the key when dropped.
pub struct Owner<'a> {
    pub(super) phone: &'a mut Phone,
    /// What the newest vault holds, as far as this phone knows.
    pub(super) opened: Opened,
    /// What the vault of an act holds that is not yet known to be written.
    next_vault: Option<NextVault>,
    /// Did an act end without success? Then the account is read again before the next one.
    pub(super) interrupted: bool,
}

/// The newest vault that the cloud shows, at least number `seen`.
pub(super) fn latest_vault(cloud: &dyn Cloud, paths: &Paths, seen: u64) -> Result<(u64, Vec<u8>)> {
    let mut number = seen.max(1);
    let mut latest = match cloud.find(&paths.vault(number))? {
        Some(bytes) => bytes,
        None if seen == 0 => return Err(StoreError::Missing.into()),
        None => return Err(AccountError::VaultRollback.into()),
    };
    while let Some(next) = cloud.find(&paths.vault(number + 1))? {
        (number, latest) = (number + 1, next);
    }
    let vault: vault::Vault = message::decode(&paths.0, &latest)?;
    vault::check_place(&vault, number, seen)?;
    Ok((number, latest))
}

impl Phone {
    /// The values of the account that the model's rules of unlocking name.
    pub(super) fn account_facts(
        &self,
        signing_key: &RsaSigningKey,
        ring: &Ring,
    ) -> Vec<(&'static str, action::Value)> {
        let own = keys::account_id(signing_key.public());
        vec![
            ("U", action::name(self.account)),
            ("pw", action::fresh("passphrase", self.account)),
            ("salt", action::fresh("salt", self.account)),
            ("ask", action::fresh("root", own)),
            ("ik", action::fresh("key", kem_id(&self.instance.public()))),
            (
                "ring",
                action::fresh("ring", message::hash(&ring.to_bytes())),
            ),
        ]
    }

    /// Unlocks the account signing key with the passphrase. What is owed is written first, and the
    /// rosters are read; of the streams, an act then follows those that it touches.
    ///
    /// # Errors
    /// Those of [`Phone::sync`]; `vault-rollback`; `vault-open`; `root-mismatch`.
    pub fn unlock(&mut self, passphrase: &Passphrase, env: &Env<'_>) -> Result<Owner<'_>> {
        self.sync_account(env.cloud)?;
        let (number, bytes) = latest_vault(env.cloud, &self.paths(), self.vault)?;
        let (_, opened) = vault::open(&self.account, passphrase, &bytes)?;
        self.vault = number;
        Ok(Owner::new(self, opened))
    }

    /// Unlocks the account signing key with what [`Owner::keep_unlocked`] left. A convenience of
    /// the paper that makes one stolen phone the whole account; off unless the owner chose it.
    ///
    /// # Errors
    /// `no-unlock-blob`; otherwise as [`Phone::unlock`].
    pub fn unlock_kept(&mut self, env: &Env<'_>) -> Result<Owner<'_>> {
        self.sync_account(env.cloud)?;
        let id = kem_id(&self.instance.public());
        let blob = env
            .cloud
            .find(&self.paths().unlock(id))?
            .ok_or(AccountError::NoConvenience)?;
        let pdk = unlock::open(&self.account, &self.instance, &blob)?;
        let (number, bytes) = latest_vault(env.cloud, &self.paths(), self.vault)?;
        let (_, opened) = vault::open_kept(&self.account, pdk, &bytes)?;
        self.vault = number;
        Ok(Owner::new(self, opened))
    }
}

impl<'a> Owner<'a> {
    pub(super) fn new(phone: &'a mut Phone, opened: Opened) -> Self {
        action::log("Unlock", || {
            let mut values = phone.account_facts(&opened.signing_key, &opened.ring);
            values.retain(|(name, _)| !["pw", "salt"].contains(name));
            values
        });
        Self {
            phone,
            opened,
            next_vault: None,
            interrupted: false,
        }
    }
}

impl Owner<'_> {
    /// The phone.
    pub fn phone(&mut self) -> &mut Phone {
        self.phone
    }

    /// Begins an act under the ring that the account's phones have. After one that did not succeed the
    /// account is read again first: another phone may have changed it.
    ///
    /// # Errors
    /// `store-unavailable` while an earlier act is owed to a cloud that failed: this one would not
    /// know of it. Those of [`Phone::sync`]. `conflict` if another phone has sealed a later vault, whose
    /// passphrase this one may not have.
    pub(super) fn begin(&mut self, env: &mut Env<'_>) -> Result<Act> {
        if !self.phone.outbox.is_empty() {
            return Err(StoreError::Unavailable.into());
        }
        self.take_vault();
        if self.interrupted {
            self.phone.sync_account(env.cloud)?;
            let later = self.phone.paths().vault(self.phone.vault + 1);
            if env.cloud.find(&later)?.is_some() {
                return Err(StoreError::Conflict.into());
            }
            self.interrupted = false;
        }
        let mut act = Act::under(self.phone.ring.clone());
        if !self.opened.ring.continues(&act.ring) {
            // Of two losses the one wrote the latest vault, and the other the roster.
            let pdk = self.opened.pdk.clone();
            self.add_vault(&mut act, self.phone.ring.clone(), pdk, env)?;
        }
        Ok(act)
    }

    /// Stores the act on the phone, writes it to the cloud, reads it back, and only then goes by it. An
    /// act that the phone cannot store has no effect.
    ///
    /// # Errors
    /// Those of storing (`local-state`); those of [`Phone::sync_streams`]; `crypto`.
    pub(super) fn commit(&mut self, act: Act, env: &mut Env<'_>) -> Result<()> {
        let Signed {
            writes,
            next_vault,
            met,
            streams,
            offer,
        } = act.sign(&self.phone.account, &self.opened.signing_key, env.rng)?;
        self.phone.outbox = writes;
        let before = self.phone.offers.clone();
        self.phone.offers.extend(offer);
        if let Err(error) = (env.save)(self.phone) {
            self.phone.outbox.clear();
            self.phone.offers = before;
            return Err(error);
        }
        (self.next_vault, self.interrupted) = (next_vault, true);
        let result = self.phone.sync_streams(env.cloud, &streams);
        if matches!(&result, Err(error) if error.is(StoreError::Conflict)) {
            // Another phone was first: the act is dropped, and its offer serves the next try.
            self.phone.offers = before;
        }
        self.take_vault();
        if result.is_ok() {
            self.interrupted = false;
            self.phone.take_records(met);
        }
        (env.save)(self.phone)?;
        result
    }

    /// Goes by the vault of the last act if it was written, and forgets it if it never will be.
    fn take_vault(&mut self) {
        let written = |next: &NextVault| next.number <= self.phone.vault;
        if self.next_vault.as_ref().is_some_and(written) {
            if let Some(NextVault { ring, pdk, .. }) = self.next_vault.take() {
                (self.opened.ring, self.opened.pdk) = (ring, pdk);
            }
        } else if self.phone.outbox.is_empty() {
            self.next_vault = None;
        }
    }

    /// Adds the next vault to an act: the signing key and `ring` under `pdk`.
    pub(super) fn add_vault(
        &self,
        act: &mut Act,
        ring: Ring,
        pdk: Pdk,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let number = self.phone.vault + 1;
        let sealed = vault::seal(number, &pdk, &self.opened.signing_key, &ring, env.rng)?;
        act.vault = Some(create(self.phone.paths().vault(number), sealed));
        act.next_vault = Some(NextVault { number, ring, pdk });
        Ok(())
    }

    /// The latest roster as the draft of the next one.
    pub(super) fn next_roster(&self, now: Time) -> Result<roster::Draft> {
        let last = self.phone.roster()?;
        let head = self.phone.history.head();
        let head = head.ok_or(AccountError::PhoneNotListed)?;
        let entry = |phone: &roster::PhoneEntry| (phone.name.clone(), phone.keys.clone());
        Ok(roster::Draft {
            number: head.number + 1,
            previous: Some(head.hash),
            issued: now.max(last.issued),
            phones: last.phones.iter().map(entry).collect(),
            cameras: last.cameras.clone(),
            private: self.phone.private()?,
        })
    }

    /// Adds a roster to an act, before what is made under it.
    pub(super) fn add_roster(
        &self,
        act: &mut Act,
        draft: roster::Draft,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let (path, number) = (self.phone.paths().roster(draft.number), draft.number);
        let message = draft.message(&self.phone.account, &act.ring, env.rng)?;
        let hash = message::hash(&message);
        act.roster_head = Some(roster::Head { number, hash });
        act.roster = Some(Unsigned { path, message });
        Ok(())
    }

    /// The roster under which an act is made: its own, or the latest.
    pub(super) fn roster_of(&self, act: &Act) -> Result<roster::Head> {
        let head = act.roster_head.or(self.phone.history.head());
        Ok(head.ok_or(AccountError::PhoneNotListed)?)
    }
}
