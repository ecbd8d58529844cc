//! The PDK wrapped to one phone's instance key (IK), where the owner chose that (paper section
//! 3.2.1; SPEC section "Passphrase and PDK").

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::cbor::Bytes;
use crate::crypto::{self, KemPublic, KemSecret};
use crate::error::{AccountError, Result};
use crate::keys::{KeyId, kem_id};
use crate::message::{self, AccountId, Body};
use crate::roster::Wrapped;
use crate::vault::Pdk;

/// The object: the PDK for one phone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Unlock {
    /// The phone's instance key.
    #[n(0)]
    pub phone: KeyId,
    /// The PDK, its salt and its parameters.
    #[n(1)]
    pub pdk: Wrapped,
}

impl Body for Unlock {
    const TYPE: &'static str = "unlock";
}

/// The HPKE `info` of the PDK that is wrapped for one phone.
fn context(account: &AccountId, phone: KeyId) -> Vec<u8> {
    message::context(Unlock::TYPE, account, phone)
}

/// Wraps the PDK to a phone's instance key. Returns the object.
///
/// # Errors
/// `crypto`.
pub fn seal<R>(account: &AccountId, instance: &KemPublic, pdk: &Pdk, rng: &mut R) -> Result<Vec<u8>>
where
    R: CryptoRng + ?Sized,
{
    let phone = kem_id(instance);
    let info = context(account, phone);
    let (enc, ciphertext) = crypto::hpke_seal(instance, &info, &[], &pdk.to_bytes(), rng)?;
    let pdk = Wrapped {
        enc: Bytes(enc),
        ciphertext: ciphertext.into(),
    };
    Ok(message::encode(account, Unlock { phone, pdk }))
}

/// Opens what [`seal`] made for the phone with this instance key.
///
/// # Errors
/// Those of the message; `sealed-open`, also if it is another phone's.
pub fn open(account: &AccountId, instance: &KemSecret, blob: &[u8]) -> Result<Pdk> {
    let id = kem_id(&instance.public());
    let Unlock {
        phone,
        pdk: Wrapped { enc, ciphertext },
    } = message::decode(account, blob)?;
    if phone != id {
        return Err(AccountError::SealedOpen.into());
    }
    let info = context(account, id);
    let pdk = crypto::hpke_open(instance, &enc.0, &info, &[], &ciphertext)
        .map_err(|_| AccountError::SealedOpen)?;
    Pdk::from_bytes(&pdk)
}
