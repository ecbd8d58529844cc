//! Introductions: owner and member come to share a pairwise key (SPEC section "Introductions").

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::cbor::Bytes;
use crate::cose::Key;
use crate::crypto::{self, KemPublic, KemSecret, RsaPublic};
use crate::error::{ErrorKind, GrantError, Result};
use crate::message::{self, AccountId, Body, Hash};
use crate::statement;

/// The statement that sets up a pairwise key by public-key encryption.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Introduction {
    /// The member's key, as verified out of band.
    #[n(0)]
    pub member: KemPublic,
    /// The number under which the owner keeps the member, never used again.
    #[n(1)]
    pub number: u64,
    /// HPKE's encapsulated key.
    #[n(2)]
    pub enc: Bytes<65>,
    /// HPKE's ciphertext of the empty string: 16 bytes that confirm the key.
    #[n(3)]
    pub confirmation: Bytes<16>,
}

impl Body for Introduction {
    const TYPE: &'static str = "introduction";
}

/// The exporter context (RFC 9180 section 5.3) of the pairwise key.
const PAIRWISE: &[u8] = b"eiot/1 pairwise key";

/// The HPKE `info` of introduction `number`.
pub fn introduction_context(account: &AccountId, number: u64) -> Vec<u8> {
    message::context(Introduction::TYPE, account, number)
}

/// Makes an introduction and the pairwise key that it sets up.
///
/// # Errors
/// `crypto`.
pub fn introduce<R>(
    account: &AccountId,
    member: &KemPublic,
    number: u64,
    rng: &mut R,
) -> Result<(Introduction, Key)>
where
    R: CryptoRng + ?Sized,
{
    let info = introduction_context(account, number);
    let (enc, tag, pairwise) = crypto::hpke_seal_export(member, &info, &[], &[], PAIRWISE, rng)?;
    let confirmation = Bytes(tag.try_into().map_err(|_| ErrorKind::Crypto)?);
    Ok((
        Introduction {
            member: *member,
            number,
            enc: Bytes(enc),
            confirmation,
        },
        pairwise,
    ))
}

/// Verifies an introduction under the pinned root and opens it: the member's side.
///
/// # Errors
/// Those of [`statement::open`]; `not-recipient`; `introduction-open`.
pub fn open_introduction(
    root: &RsaPublic,
    account: &AccountId,
    member: &KemSecret,
    bytes: &[u8],
) -> Result<(Hash, u64, Key)> {
    let signed = statement::open::<Introduction>(root, account, bytes)?;
    let Introduction {
        member: recipient,
        number,
        enc,
        confirmation,
    } = signed.body;
    if recipient != member.public() {
        return Err(GrantError::NotRecipient.into());
    }
    let info = introduction_context(account, number);
    let opened = crypto::hpke_open_export(member, &enc.0, &info, &[], &confirmation.0, PAIRWISE);
    let (_, pairwise) = opened.map_err(|_| GrantError::IntroductionOpen)?;
    Ok((signed.hash, number, pairwise))
}
