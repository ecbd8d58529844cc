//! The owner's backup of stream keys: private halves and who holds them (SPEC section "The owner's
//! records").

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::cbor::{self, Bytes};
use crate::cose;
use crate::crypto::{KemPublic, KemSecret};
use crate::error::{GrantError, MessageError, Result, StoreError};
use crate::keys::Name;
use crate::message::{self, AccountId, Body, Hash};
use crate::vault::Ring;

/// The private halves of an announcement's or past share's keys and who holds them, sealed for the
/// owner's phones. The statement names its hash, so the cloud can withhold it, not replace it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Backup {
    /// The generation of the key that seals it.
    #[n(0)]
    pub generation: u64,
    /// The stream.
    #[n(1)]
    pub stream: Name,
    /// One [`Holding`] per key, in the statement's order, `COSE_Encrypt0`.
    #[n(2)]
    pub sealed: ByteVec,
}

impl Body for Backup {
    const TYPE: &'static str = "backup";
}

/// A stream key's private half and the numbers of the members who hold it.
#[derive(Clone)]
pub struct Holding {
    /// The private half.
    pub secret: KemSecret,
    /// The members' numbers, ascending; none for the owner's key.
    pub members: Vec<u64>,
}

/// Seals the backup. Returns the object and its hash.
///
/// # Errors
/// `crypto`.
pub fn seal_backup<R>(
    account: &AccountId,
    ring: &Ring,
    stream: &Name,
    holdings: &[Holding],
    rng: &mut R,
) -> Result<(Hash, Vec<u8>)>
where
    R: CryptoRng + ?Sized,
{
    let generation = ring.generation();
    let place = message::context(Backup::TYPE, account, (generation, stream.clone()));
    let plain = |h: &Holding| (Bytes(*h.secret.to_bytes()), h.members.clone());
    let plain: Vec<_> = holdings.iter().map(plain).collect();
    let plain = Zeroizing::new(cbor::encode(&plain));
    let sealed = cose::seal(ring.key(generation)?, &place, &plain, rng)?.into();
    let bytes = message::encode(
        account,
        Backup {
            generation,
            stream: stream.clone(),
            sealed,
        },
    );
    Ok((message::hash(&bytes), bytes))
}

/// Are these the private halves of the statement's keys, in its order?
///
/// # Errors
/// `grant-key`.
pub fn check_holdings(
    holdings: &[Holding],
    announced: impl ExactSizeIterator<Item = KemPublic>,
) -> Result<()> {
    let count = announced.len();
    let agree = holdings
        .iter()
        .zip(announced)
        .all(|(holding, public)| holding.secret.public() == public);
    if holdings.len() != count || !agree {
        return Err(GrantError::GrantKey.into());
    }
    Ok(())
}

/// Opens the backup that a statement names. Returns the generation of the ring's key that seals it
/// as well.
///
/// # Errors
/// `object-path` if its hash is another; those of the message; `sealed-open`.
pub fn open_backup(
    account: &AccountId,
    ring: &Ring,
    stream: &Name,
    hash: &Hash,
    bytes: &[u8],
) -> Result<(u64, Vec<Holding>)> {
    if message::hash(bytes) != *hash {
        return Err(StoreError::Path.into());
    }
    let backup: Backup = message::decode(account, bytes)?;
    let place = message::context(Backup::TYPE, account, (backup.generation, stream.clone()));
    let plain = cose::unseal(ring.key(backup.generation)?, &place, &backup.sealed)?;
    let holdings: Vec<(Bytes<32>, Vec<u64>)> = cbor::decode(&plain)?;
    if holdings.is_empty() {
        return Err(MessageError::Malformed.into());
    }
    let holding = |(secret, members): (Bytes<32>, Vec<u64>)| {
        Ok(Holding {
            secret: KemSecret::from_bytes(&secret.0).map_err(|_| MessageError::InvalidKey)?,
            members,
        })
    };
    let holdings: Result<Vec<Holding>> = holdings.into_iter().map(holding).collect();
    Ok((backup.generation, holdings?))
}
