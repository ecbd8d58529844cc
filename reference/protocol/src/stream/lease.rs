//! Lease extensions: an enrolled phone lets shared keys be used for longer (SPEC section "Lease").

use minicbor::{Decode, Encode};

use crate::cose;
use crate::crypto::{SigningKey, VerifyingKey};
use crate::error::Result;
use crate::keys::Name;
use crate::message::{self, AccountId, Body, Hash, Time};

/// The extension, `COSE_Sign1` under the phone's lease key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Lease {
    /// The camera.
    #[n(0)]
    pub camera: VerifyingKey,
    /// The stream.
    #[n(1)]
    pub stream: Name,
    /// The announcement in force: a lease does not outlive it.
    #[n(2)]
    pub announcement: Hash,
    /// The phone's lease key, one of those that the announcement lists.
    #[n(3)]
    pub key: VerifyingKey,
    /// Shared keys may be used until then.
    #[n(4)]
    pub until: Time,
}

impl Body for Lease {
    const TYPE: &'static str = "lease";
}

/// Signs a lease extension.
///
/// # Errors
/// `crypto`.
pub fn sign(key: &SigningKey, account: &AccountId, lease: Lease) -> Result<Vec<u8>> {
    cose::sign(key, message::encode(account, lease))
}

/// Verifies a lease extension under the key that it names; the camera checks that key.
///
/// # Errors
/// Those of [`cose::open`].
pub fn open(account: &AccountId, bytes: &[u8]) -> Result<Lease> {
    let (_, claimed): (_, Lease) = message::decode_any_account(&cose::unverified_payload(bytes)?)?;
    Ok(cose::open::<Lease>(&claimed.key, account, bytes)?.body)
}
