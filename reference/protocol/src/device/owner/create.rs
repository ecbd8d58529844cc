//! A new account on its first phone (paper section 3.2.1), also in place of one whose account signing
//! key may be known to others.

use std::panic::resume_unwind;
use std::thread;

use rand_core::CryptoRng;

use super::act::{Act, Unsigned, create};
use super::unlocked::{Env, Owner};
use crate::action;
use crate::crypto::RsaSigningKey;
use crate::error::Result;
use crate::keys::{self, Name};
use crate::message::Time;
use crate::passphrase::Passphrase;
use crate::phone::Phone;
use crate::roster::{self, Private};
use crate::vault::{self, Opened, Pdk, Ring, Work};

/// Creates an account on its first phone (paper section 3.2.1). Nothing is in the cloud yet: show
/// the passphrase, keep the phone, then [`Phone::sync`].
///
/// # Errors
/// `work-out-of-range`, `crypto`.
pub fn create_account<R>(
    phone: Name,
    work: Work,
    now: Time,
    rng: &mut R,
) -> Result<(Phone, Passphrase)>
where
    R: CryptoRng + ?Sized,
{
    let ring = Ring::generate(rng);
    create_with_ring(phone, ring, work, now, rng)
}

fn create_with_ring<R>(
    name: Name,
    ring: Ring,
    work: Work,
    now: Time,
    rng: &mut R,
) -> Result<(Phone, Passphrase)>
where
    R: CryptoRng + ?Sized,
{
    let passphrase = Passphrase::generate(rng);
    let (pdk, signing_key) = slow_keys(&passphrase, work, rng)?;
    let opened = Opened {
        signing_key,
        ring,
        pdk,
    };
    let phone = create_account_of(name, opened, now, rng)?;
    Ok((phone, passphrase))
}

/// Creates an account as [`create_account`] does, of a signing key, a ring and a passphrase-derived
/// key that are there already: with ready-made ones, test vectors are the same bytes each time.
///
/// # Errors
/// `crypto`.
pub fn create_account_of<R>(name: Name, opened: Opened, now: Time, rng: &mut R) -> Result<Phone>
where
    R: CryptoRng + ?Sized,
{
    let Opened {
        signing_key,
        ring,
        pdk,
    } = opened;
    let mut phone = Phone::fresh(name, signing_key.public().clone(), ring, rng)?;
    let root = keys::encode_root(&phone.root);
    let vault = vault::seal(1, &pdk, &signing_key, &phone.ring, rng)?;
    let draft = roster::Draft {
        number: 1,
        previous: None,
        issued: now,
        phones: vec![(phone.name.clone(), phone.keys())],
        cameras: Vec::new(),
        private: Private::default(),
    };
    let roster = draft.message(&phone.account, &phone.ring, rng)?;
    let mut act = Act::under(phone.ring.clone());
    act.root = Some(create(phone.paths().root(), root));
    act.vault = Some(create(phone.paths().vault(1), vault));
    act.roster = Some(Unsigned {
        path: phone.paths().roster(1),
        message: roster,
    });
    phone.outbox = act.sign(&phone.account, &signing_key, rng)?.writes;
    phone.vault = 1;
    action::log("Enroll", || phone.account_facts(&signing_key, &phone.ring));
    Ok(phone)
}

/// The passphrase-derived key and a fresh account signing key. Both take their time and neither
/// needs the other: they are made side by side. Only one draws from `rng`, so the same seed gives
/// the same keys.
fn slow_keys<R>(passphrase: &Passphrase, work: Work, rng: &mut R) -> Result<(Pdk, RsaSigningKey)>
where
    R: CryptoRng + ?Sized,
{
    let salt = Pdk::salt(rng);
    let derive = || Pdk::derive_with_salt(passphrase, work, salt);
    thread::scope(|scope| {
        let aside = thread::Builder::new().spawn_scoped(scope, derive);
        let signing_key = RsaSigningKey::generate(rng);
        let pdk = match aside {
            Ok(aside) => aside.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // This machine has no more threads.
            Err(_) => derive(),
        };
        Ok((pdk?, signing_key?))
    })
}

impl Owner<'_> {
    /// Starts a new account in place of this one, for when the account signing key may be known to
    /// others. Its ring opens the old account's clips; cameras are paired and members verified
    /// again by hand, since no key of the old account can vouch for the new one.
    ///
    /// # Errors
    /// As [`create_account`].
    pub fn replace_root(&self, work: Work, env: &mut Env<'_>) -> Result<(Phone, Passphrase)> {
        let mut ring = Ring::generate(env.rng);
        ring.predecessors = self.phone.ring.predecessors.clone();
        ring.predecessors
            .push((self.phone.account, self.phone.ring.keys.clone()));
        create_with_ring(self.phone.name.clone(), ring, work, env.now, env.rng)
    }
}
