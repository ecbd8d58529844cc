//! The account's phones: a lost one is dropped (SPEC section "Loss"), and what its keys open is
//! replaced.

use super::act::Act;
use super::unlocked::{Env, Owner};
use crate::crypto::SecretBytes;
use crate::error::{AccountError, Error, Result};
use crate::grant::Member;
use crate::keys::{Name, kem_id};
use crate::passphrase::Passphrase;
use crate::roster::{self, PhoneKeys};
use crate::vault::{Pdk, Work};

impl Owner<'_> {
    /// Drops a lost phone (SPEC section "Loss"): a fresh key on the ring, fresh pairwise keys by
    /// public key for every member, fresh keys on every stream. With `passphrase`, the vault is
    /// sealed under that one from now on.
    ///
    /// A phone that is or was kept unlocked can reach the account's signing key, whatever becomes of
    /// the passphrase: it is refused, and [`Owner::replace_root`] is the way out.
    ///
    /// Where another phone's announcement came first on some stream (`conflict`), that stream is
    /// not done: the same command, run again, does it, although the phone is off the roster.
    ///
    /// # Errors
    /// `phone-unlocked`, `unknown-phone`, `last-phone`, and those of committing.
    pub fn lose_phone(
        &mut self,
        lost: &Name,
        passphrase: Option<(&Passphrase, Work)>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let noted = self.phone.private()?.unlocked;
        let mut others = self.phone.roster()?.phones.iter();
        if let Some(phone) = others.find(|phone| phone.name == *lost && *lost != self.phone.name) {
            let id = kem_id(&phone.keys.instance);
            let unlock = self.phone.paths().unlock(id);
            if noted.contains(&id) || env.cloud.find(&unlock)?.is_some() {
                return Err(AccountError::PhoneUnlocked.into());
            }
        }
        self.lose_unlocked_phone(lost, passphrase, env)
    }

    /// [`Self::lose_phone`] although the phone was kept unlocked: it is shut out of what its own keys
    /// open, and not of what the account's signing key can do.
    ///
    /// # Errors
    /// `unknown-phone`, `last-phone`, and those of committing.
    pub fn lose_unlocked_phone(
        &mut self,
        lost: &Name,
        passphrase: Option<(&Passphrase, Work)>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let mut act = self.begin(env)?;
        let mut draft = self.next_roster(env.now)?;
        let before = draft.phones.len();
        draft.phones.retain(|(name, _)| name != lost);
        let mut unfinished = || {
            self.phone.follow_every_stream(env.cloud)?;
            let mut streams = self.phone.streams.keys();
            streams.try_fold(false, |any, stream| {
                Ok::<_, Error>(any | self.phone.in_force(env.cloud, stream)?.predates_loss)
            })
        };
        if draft.phones.len() == before && !unfinished()? {
            return Err(AccountError::UnknownPhone.into());
        }
        if draft.phones.is_empty() || *lost == self.phone.name {
            return Err(AccountError::LastPhone.into());
        }
        // Not the vault's, which may have the key of a loss whose roster is not shown: the phone that was lost then
        // would be given it.
        act.ring.keys.push(SecretBytes::random(env.rng));
        let pdk = match passphrase {
            Some((passphrase, work)) => Pdk::derive(passphrase, work, env.rng)?,
            None => self.opened.pdk.clone(),
        };
        self.republish(act, draft, Some(pdk), env)
    }

    /// Publishes a roster and, for its phones, a new announcement on every stream. With `pdk`, the
    /// act's ring is a new one: it is sealed under that PDK, and everything that the old ring opens is
    /// replaced.
    pub(super) fn republish(
        &mut self,
        mut act: Act,
        mut draft: roster::Draft,
        pdk: Option<Pdk>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let mut streams = self.streams(&self.every_stream()?, env)?;
        if let Some(pdk) = pdk {
            // Also those who have nothing now: they may be given something later.
            let members = self.phone.members(env.cloud)?;
            self.phone.take_records(members);
            let ring = act.ring.clone();
            self.add_vault(&mut act, ring, pdk, env)?;
            for Member { name, key, .. } in self.phone.records.values() {
                self.introduce(&mut act, &mut draft.private, name.clone(), key, env)?;
            }
            for next in streams.values_mut() {
                next.owner = None;
            }
        }
        let phones: Vec<PhoneKeys> = draft.phones.iter().map(|(_, keys)| keys.clone()).collect();
        self.add_roster(&mut act, draft, env)?;
        self.announce_to(&mut act, streams, &phones, None, env)?;
        self.commit(act, env)
    }
}
