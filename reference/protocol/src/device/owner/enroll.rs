//! A further phone, enrolled with the passphrase alone (paper section 3.2.1).

use rand_core::CryptoRng;

use super::unlocked::{Env, Owner, latest_vault};
use crate::action;
use crate::checkpoint::Checkpoint;
use crate::cloud::{Cloud, Paths};
use crate::error::{Result, StoreError};
use crate::keys::{self, Name};
use crate::message::AccountId;
use crate::passphrase::Passphrase;
use crate::phone::Phone;
use crate::vault::{self, Opened};

/// Enrolls a further phone with the passphrase alone (paper section 3.2.1), and lists it on every
/// stream. `checkpoint` is what another device of the account says over a trusted channel.
///
/// # Errors
/// `object-missing`, `vault-open`, `vault-rollback`, `sealed-open` if the vault is of another history than the
/// roster, `checkpoint-mismatch` and those of [`Phone::sync`].
pub fn enroll(
    name: Name,
    account: AccountId,
    passphrase: &Passphrase,
    checkpoint: Option<&Checkpoint>,
    env: &mut Env<'_>,
) -> Result<Phone> {
    let (mut phone, opened) = recover(name, account, passphrase, checkpoint, env.cloud, env.rng)?;
    action::log("Enroll_further", || {
        phone.account_facts(&opened.signing_key, &opened.ring)
    });
    let mut owner = Owner::new(&mut phone, opened);
    owner.list_this_phone(env)?;
    Ok(phone)
}

/// What a further phone gets from the passphrase and the cloud before it lists itself. Of the ring in the vault
/// it has what the roster's phones have: a later key is that of a loss which this roster does not show.
pub fn recover<R>(
    name: Name,
    account: AccountId,
    passphrase: &Passphrase,
    checkpoint: Option<&Checkpoint>,
    cloud: &dyn Cloud,
    rng: &mut R,
) -> Result<(Phone, Opened)>
where
    R: CryptoRng + ?Sized,
{
    let paths = Paths(account);
    let root = keys::decode_root(&account, &cloud.get(&paths.root())?)?;
    let (number, bytes) = latest_vault(cloud, &paths, 0)?;
    let (_, opened) = vault::open(&account, passphrase, &bytes)?;
    let mut phone = Phone::fresh(name, root, opened.ring.clone(), rng)?;
    phone.vault = number;
    phone.follow_account(cloud)?;
    phone.ring = opened.ring.up_to(phone.roster()?.generation)?;
    // Of two losses each has made a key of this generation: the roster's private part is under its own.
    phone.private()?;
    if let Some(checkpoint) = checkpoint {
        phone.check(cloud, checkpoint)?;
    }
    Ok((phone, opened))
}

impl Owner<'_> {
    /// Lists this phone, which has just recovered the account's keys, on roster and streams.
    fn list_this_phone(&mut self, env: &mut Env<'_>) -> Result<()> {
        let (name, keys) = (self.phone.name.clone(), self.phone.keys());
        let act = self.begin(env)?;
        let mut draft = self.next_roster(env.now)?;
        if draft.phones.iter().any(|(other, _)| *other == name) {
            return Err(StoreError::LocalExists.into());
        }
        draft.phones.push((name, keys));
        self.republish(act, draft, None, env)
    }
}
