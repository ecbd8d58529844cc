//! The owner's backup of stream keys: private halves and who holds them (SPEC section "The owner's
//! records").

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::cbor;
use crate::cose;
use crate::crypto::{KemPublic, KemSecret};
use crate::error::{AccountError, GrantError, MessageError, Result, StoreError};
use crate::keys::{MemberId, Name};
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

/// A stream key's private half and the members who hold it.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct Holding {
    /// The private half.
    #[n(0)]
    pub secret: KemSecret,
    /// The members, ascending; none for the owner's key.
    #[n(1)]
    pub members: Vec<MemberId>,
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
    let plain = cbor::encode_secret(&holdings);
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
    if backup.stream != *stream {
        return Err(AccountError::SealedOpen.into());
    }
    let place = message::context(Backup::TYPE, account, (backup.generation, stream.clone()));
    let plain = cose::unseal(ring.key(backup.generation)?, &place, &backup.sealed)?;
    let holdings: Vec<Holding> = cbor::decode(&plain)?;
    if holdings.is_empty() {
        return Err(MessageError::Malformed.into());
    }
    Ok((backup.generation, holdings))
}
