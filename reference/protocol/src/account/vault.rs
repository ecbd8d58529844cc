//! The vault: what the passphrase opens (paper section 3.2.1; SPEC section "Account").
//!
//! The passphrase-derived key (PDK) seals the account signing key (ASK) and the key ring: the
//! 32-byte keys under which the account's own records lie in the cloud.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::cbor::{self, Bytes};
use crate::cose::{self, Key};
use crate::crypto::{self, RsaSigningKey, SecretBytes};
use crate::error::{AccountError, Error, Result, StoreError};
use crate::keys;
use crate::message::{self, AccountId, Body};
use crate::passphrase::Passphrase;

/// The parameters of the passphrase function, as they stand in the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Work {
    /// scrypt's N is 2 to this power: 10 to 20.
    #[n(0)]
    pub log_n: u8,
    /// scrypt's block size: 8.
    #[n(1)]
    pub r: u32,
    /// scrypt's parallelism: 1.
    #[n(2)]
    pub p: u32,
    /// PBKDF2's iterations: 1,000 to 10,000,000.
    #[n(3)]
    pub iterations: u32,
}

impl Work {
    /// What new vaults use: N = 2^17, r = 8, p = 1, then 100,000 iterations.
    pub const DEFAULT: Self = Self {
        log_n: crypto::Work::DEFAULT.log_n,
        r: crypto::Work::DEFAULT.r,
        p: crypto::Work::DEFAULT.p,
        iterations: crypto::Work::DEFAULT.iterations,
    };

    /// The least that a receiver takes; for tests. The passphrase alone carries 110 bits.
    pub const LEAST: Self = Self {
        log_n: 10,
        r: 8,
        p: 1,
        iterations: 1_000,
    };
}

/// The key ring: every 32-byte key that the account has had, oldest first. The last one seals; the
/// others still open what was sealed before a phone was lost.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct Ring {
    /// The account's keys; generation `g` stands at index `g - 1`.
    #[n(0)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub keys: Vec<Key>,
    /// The rings of the accounts that this one replaced, for their old clips.
    #[n(1)]
    pub predecessors: Vec<(AccountId, Vec<Key>)>,
}

impl Ring {
    /// A ring with one fresh key.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self {
            keys: vec![SecretBytes::random(rng)],
            predecessors: Vec::new(),
        }
    }

    /// The generation of the key that seals now, from 1.
    pub fn generation(&self) -> u64 {
        self.keys.len() as u64
    }

    /// The key of one generation.
    ///
    /// # Errors
    /// `sealed-open` if this ring has no such key.
    pub fn key(&self, generation: u64) -> Result<&Key> {
        let index = usize::try_from(generation)
            .ok()
            .and_then(|g| g.checked_sub(1));
        index
            .and_then(|i| self.keys.get(i))
            .ok_or_else(|| AccountError::SealedOpen.into())
    }

    /// The ring as it was when this generation was the last.
    ///
    /// # Errors
    /// `vault-rollback` if it has not come so far.
    pub fn up_to(&self, generation: u64) -> Result<Self> {
        if generation == 0 || generation > self.generation() {
            return Err(AccountError::VaultRollback.into());
        }
        let keys = self.keys.iter().zip(1..=generation);
        Ok(Self {
            keys: keys.map(|(key, _)| key.clone()).collect(),
            predecessors: self.predecessors.clone(),
        })
    }

    /// Whether this is the other one, or that one after further losses.
    pub fn continues(&self, other: &Self) -> bool {
        self.keys.starts_with(&other.keys)
    }

    /// The ring of an account that this one replaced.
    pub fn of_predecessor(&self, account: &AccountId) -> Option<Self> {
        let (_, keys) = self.predecessors.iter().find(|(id, _)| id == account)?;
        Some(Self {
            keys: keys.clone(),
            predecessors: Vec::new(),
        })
    }

    /// The ring as it is sealed: under the PDK in the vault, under each IK in the roster.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        cbor::encode_secret(self)
    }

    /// Reads a ring that has been opened.
    ///
    /// # Errors
    /// Those of [`cbor::decode`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        cbor::decode(bytes)
    }
}

/// The vault as it lies in the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Vault {
    /// Counts the account's vaults, from 1: a phone takes none older than it has seen.
    #[n(0)]
    pub number: u64,
    /// The passphrase function's salt, fresh in each vault.
    #[n(1)]
    pub salt: Bytes<16>,
    /// The passphrase function's parameters.
    #[n(2)]
    pub work: Work,
    /// The ASK's private part (PKCS #8) under the PDK, `COSE_Encrypt0`.
    #[n(3)]
    pub signing_key: ByteVec,
    /// The key ring under the PDK, `COSE_Encrypt0`.
    #[n(4)]
    pub ring: ByteVec,
}

impl Body for Vault {
    const TYPE: &'static str = "vault";
}

/// What the vault holds, open.
pub struct Opened {
    /// The account signing key.
    pub signing_key: RsaSigningKey,
    /// The key ring.
    pub ring: Ring,
    /// The passphrase-derived key: seals the next vault under the same passphrase.
    pub pdk: Pdk,
}

/// The passphrase-derived key, with what it was derived from.
#[derive(Clone)]
pub struct Pdk {
    salt: Bytes<16>,
    work: Work,
    key: Key,
}

impl Pdk {
    /// PBKDF2 over scrypt's output (paper section 3.2.1), with a fresh salt.
    ///
    /// # Errors
    /// `work-out-of-range`.
    pub fn derive<R>(passphrase: &Passphrase, work: Work, rng: &mut R) -> Result<Self>
    where
        R: CryptoRng + ?Sized,
    {
        Self::derive_with_salt(passphrase, work, Self::salt(rng))
    }

    /// A fresh salt.
    pub fn salt<R: CryptoRng + ?Sized>(rng: &mut R) -> Bytes<16> {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        Bytes(salt)
    }

    /// The passphrase function, which draws nothing.
    pub fn derive_with_salt(passphrase: &Passphrase, work: Work, salt: Bytes<16>) -> Result<Self> {
        let Work {
            log_n,
            r,
            p,
            iterations,
        } = work;
        let cost = crypto::Work {
            log_n,
            r,
            p,
            iterations,
        };
        let key = crypto::passphrase_derived_key(passphrase.as_bytes(), &salt.0, &cost).map_err(
            |error| match error {
                crypto::CryptoError::OutOfMemory => StoreError::LocalState.because(error),
                _ => AccountError::WorkOutOfRange.into(),
            },
        )?;
        Ok(Self { salt, work, key })
    }

    /// The PDK's own bytes.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The PDK's own bytes and origin, for the blob that wraps it to an instance key.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        cbor::encode_secret(&(self.salt, self.work, &self.key))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (salt, work, key) = cbor::decode(bytes)?;
        Ok(Self { salt, work, key })
    }

    /// The associated data of what the PDK seals in vault `number`: `kind` is [`SIGNING_KEY`] or [`RING`].
    pub fn context(&self, kind: &str, account: &AccountId, number: u64) -> Vec<u8> {
        message::context(kind, account, (number, self.salt, self.work))
    }
}

/// The type in the associated data of the sealed signing key.
pub const SIGNING_KEY: &str = "vault-signing-key";
/// The type in the associated data of the sealed key ring.
pub const RING: &str = "vault-ring";

/// Seals the account signing key and the key ring as vault `number`.
///
/// # Errors
/// `crypto`.
pub fn seal<R>(
    number: u64,
    pdk: &Pdk,
    signing_key: &RsaSigningKey,
    ring: &Ring,
    rng: &mut R,
) -> Result<Vec<u8>>
where
    R: CryptoRng + ?Sized,
{
    let account = keys::account_id(signing_key.public());
    let pkcs8 = signing_key.to_pkcs8()?;
    let mut part = |kind, plain: &[u8]| {
        cose::seal(&pdk.key, &pdk.context(kind, &account, number), plain, rng).map(ByteVec::from)
    };
    let signing_key = part(SIGNING_KEY, &pkcs8)?;
    let ring = part(RING, &ring.to_bytes())?;
    let vault = Vault {
        number,
        salt: pdk.salt,
        work: pdk.work,
        signing_key,
        ring,
    };
    Ok(message::encode(&account, vault))
}

/// Does a vault lie under its own number, and is that not lower than the one that the phone has seen?
///
/// # Errors
/// `vault-rollback`.
pub fn check_place(vault: &Vault, place: u64, seen: u64) -> Result<()> {
    if vault.number != place || place < seen {
        return Err(AccountError::VaultRollback.into());
    }
    Ok(())
}

/// Opens a vault with the passphrase.
///
/// # Errors
/// Those of the message; `work-out-of-range`; `vault-open` for a wrong passphrase and an altered
/// vault alike; `root-mismatch` if it holds another key than the account's.
pub fn open(account: &AccountId, passphrase: &Passphrase, bytes: &[u8]) -> Result<(u64, Opened)> {
    let vault: Vault = message::decode(account, bytes)?;
    let pdk = Pdk::derive_with_salt(passphrase, vault.work, vault.salt)?;
    open_with(account, pdk, &vault)
}

/// Opens a vault with a PDK that was kept.
///
/// # Errors
/// As [`open`]; `vault-open` also when the vault is of another passphrase than the PDK.
pub fn open_kept(account: &AccountId, pdk: Pdk, bytes: &[u8]) -> Result<(u64, Opened)> {
    let vault: Vault = message::decode(account, bytes)?;
    open_with(account, pdk, &vault)
}

fn open_with(account: &AccountId, pdk: Pdk, vault: &Vault) -> Result<(u64, Opened)> {
    let (number, same) = (
        vault.number,
        vault.salt == pdk.salt && vault.work == pdk.work,
    );
    let part = |kind, sealed: &[u8]| {
        cose::unseal(&pdk.key, &pdk.context(kind, account, number), sealed)
            .map_err(|_| Error::from(AccountError::VaultOpen))
    };
    if !same {
        return Err(AccountError::VaultOpen.into());
    }
    let pkcs8 = part(SIGNING_KEY, &vault.signing_key)?;
    let ring = Ring::from_bytes(&part(RING, &vault.ring)?).map_err(|_| AccountError::VaultOpen)?;
    let signing_key = RsaSigningKey::from_pkcs8(&pkcs8).map_err(|_| AccountError::VaultOpen)?;
    if keys::account_id(signing_key.public()) != *account {
        return Err(AccountError::RootMismatch.into());
    }
    Ok((
        number,
        Opened {
            signing_key,
            ring,
            pdk,
        },
    ))
}
