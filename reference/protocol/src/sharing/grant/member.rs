//! The owner's record of a member (SPEC section "The owner's records").

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::cbor;
use crate::cose::{self, Key};
use crate::crypto::{KemPublic, RsaPublic};
use crate::error::{AccountError, Result};
use crate::keys::Name;
use crate::message::{self, AccountId, Body};
use crate::statement;
use crate::vault::Ring;

/// A member as the owner keeps it, sealed in the cloud.
#[derive(Clone)]
pub struct Member {
    /// The number in the introduction.
    pub number: u64,
    /// The generation of the ring's key that seals the record.
    pub generation: u64,
    /// What the owner calls the member.
    pub name: Name,
    /// The member's verified key.
    pub key: KemPublic,
    /// The key that both derived at the introduction.
    pub pairwise: Key,
}

/// A record that lies in the cloud sealed under a key of the ring.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SealedMember {
    /// The member's number.
    #[n(0)]
    pub number: u64,
    /// The generation of the key that seals it.
    #[n(1)]
    pub generation: u64,
    /// Name, key and pairwise key, `COSE_Encrypt0`.
    #[n(2)]
    pub sealed: ByteVec,
}

impl Body for SealedMember {
    const TYPE: &'static str = "member";
}

/// Seals a member's record under the ring's key of its generation. Gives the statement's message, to be signed:
/// whoever has a key of the ring, a lost phone say, must not make records.
///
/// # Errors
/// `crypto`; `sealed-open` if the ring has no such generation.
pub fn seal_member<R>(account: &AccountId, ring: &Ring, m: &Member, rng: &mut R) -> Result<Vec<u8>>
where
    R: CryptoRng + ?Sized,
{
    let generation = m.generation;
    let place = message::context(SealedMember::TYPE, account, (m.number, generation));
    let plain = cbor::encode_secret(&(&m.name, m.key, &m.pairwise));
    let sealed = cose::seal(ring.key(generation)?, &place, &plain, rng)?.into();
    Ok(message::encode(
        account,
        SealedMember {
            number: m.number,
            generation,
            sealed,
        },
    ))
}

/// Verifies a member's record under the pinned root and opens it.
///
/// # Errors
/// Those of [`statement::open`]; `sealed-open`, also if it is another member's.
pub fn open_member(
    root: &RsaPublic,
    account: &AccountId,
    ring: &Ring,
    number: u64,
    bytes: &[u8],
) -> Result<Member> {
    let record = statement::open::<SealedMember>(root, account, bytes)?.body;
    if record.number != number {
        return Err(AccountError::SealedOpen.into());
    }
    let place = message::context(SealedMember::TYPE, account, (number, record.generation));
    let plain = cose::unseal(ring.key(record.generation)?, &place, &record.sealed)?;
    let (name, key, pairwise) = cbor::decode(&plain)?;
    Ok(Member {
        number,
        generation: record.generation,
        name,
        key,
        pairwise,
    })
}
