//! Evidence that a phone's view of the account is recent (SPEC section "Freshness"): a camera's signed answer
//! to a challenge that the phone has just made.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::announcement;
use crate::cbor::Bytes;
use crate::checkpoint::Checkpoint;
use crate::cose;
use crate::crypto::VerifyingKey;
use crate::error::{AccountError, AnnouncementError, Result};
use crate::keys::Name;
use crate::message::{self, AccountId, Body, Time};
use crate::roster;

/// 16 random bytes that a phone has just drawn: what names them was signed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Challenge(#[n(0)] pub Bytes<16>);

impl Challenge {
    /// A fresh challenge.
    pub fn random<R>(rng: &mut R) -> Self
    where
        R: CryptoRng + ?Sized,
    {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(Bytes(bytes))
    }
}

impl Body for Challenge {
    const TYPE: &'static str = "challenge";
}

/// What a camera says it obeys, `COSE_Sign1` under its key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Answer {
    /// The camera.
    #[n(0)]
    pub camera: VerifyingKey,
    /// The challenge.
    #[n(1)]
    pub challenge: Bytes<16>,
    /// The camera's time.
    #[n(2)]
    pub time: Time,
    /// The latest roster that it has followed; none before its first announcement.
    #[n(3)]
    pub roster: Option<roster::Head>,
    /// The announcement in force on each of its streams that has one, ascending by name.
    #[n(4)]
    #[cbor(decode_with = "crate::checkpoint::ascending")]
    pub streams: Vec<(Name, announcement::Head)>,
}

impl Body for Answer {
    const TYPE: &'static str = "answer";
}

/// Why an act that cannot be taken back may go by this phone's view of the account.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// A camera of the account has answered a challenge that was made for this act.
    Answer {
        /// The challenge.
        challenge: Challenge,
        /// The answer, signed.
        signed: Vec<u8>,
    },
    /// Another device of the account has verified no more, as it says over a trusted channel.
    Checkpoint(Checkpoint),
    /// The owner says so, having been told what depends on it.
    OwnersWord,
}

/// The camera that an answer names: which key is to verify it.
///
/// # Errors
/// Those of reading a `COSE_Sign1` and its message.
pub(crate) fn named_camera(account: &AccountId, bytes: &[u8]) -> Result<VerifyingKey> {
    let payload = cose::unverified_payload(bytes)?;
    Ok(message::decode::<Answer>(account, &payload)?.camera)
}

/// Verifies a camera's answer to `challenge`.
///
/// # Errors
/// Those of [`cose::open`]; `wrong-camera`; `not-fresh` if it answers another challenge.
pub fn open(
    account: &AccountId,
    camera: &VerifyingKey,
    challenge: &Challenge,
    bytes: &[u8],
) -> Result<Answer> {
    let answer = cose::open::<Answer>(camera, account, bytes)?.body;
    if answer.camera != *camera {
        return Err(AnnouncementError::WrongCamera.into());
    }
    if answer.challenge != challenge.0 {
        return Err(AccountError::NotFresh.into());
    }
    Ok(answer)
}
