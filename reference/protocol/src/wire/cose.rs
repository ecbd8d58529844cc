//! COSE (RFC 9052): the two containers that the protocol uses, each in exactly one form.
//!
//! * `COSE_Sign1`, tagged, protected header `{1: alg}`, no unprotected header, payload attached,
//!   no external data. The algorithm is PS256 (-37, RFC 8230) under the account signing key and
//!   ES256 (-7) under a camera's or a phone's lease key.
//! * `COSE_Encrypt0`, tagged, protected header `{1: 3}` (A256GCM), unprotected header `{5: IV}`
//!   with 12 random bytes; the place of the sealed bytes is the external associated data.

use coset::iana::Algorithm;
use coset::{
    CoseEncrypt0, CoseEncrypt0Builder, CoseSign1, CoseSign1Builder, Header, HeaderBuilder,
    TaggedCborSerializable,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::cbor;
use crate::crypto::{
    Aes256Gcm, NONCE_LEN, RsaPublic, RsaSigningKey, SecretBytes, SigningKey, VerifyingKey,
};
use crate::error::{AccountError, Error, ErrorKind, MessageError, Result};
use crate::message::{self, AccountId, Body, MAX_MESSAGE};

/// A 32-byte symmetric key: the PDK, a backup key, a pairing secret.
pub type Key = SecretBytes<32>;

fn protected(algorithm: Algorithm) -> Header {
    HeaderBuilder::new().algorithm(algorithm).build()
}

/// Signs `payload` under a P-256 key (ES256, deterministic). Returns the tagged `COSE_Sign1`.
///
/// # Errors
/// `crypto` if the encoding fails.
pub fn sign(key: &SigningKey, payload: Vec<u8>) -> Result<Vec<u8>> {
    CoseSign1Builder::new()
        .protected(protected(Algorithm::ES256))
        .payload(payload)
        .try_create_signature(&[], |to_be_signed| {
            key.sign(to_be_signed).map(|s| s.to_vec())
        })?
        .build()
        .to_tagged_vec()
        .map_err(|_| ErrorKind::Crypto.into())
}

/// Signs `payload` under the account signing key (PS256). Returns the tagged `COSE_Sign1`.
///
/// # Errors
/// `crypto` if the signature cannot be made.
pub fn sign_root<R>(key: &RsaSigningKey, payload: Vec<u8>, rng: &mut R) -> Result<Vec<u8>>
where
    R: CryptoRng + ?Sized,
{
    CoseSign1Builder::new()
        .protected(protected(Algorithm::PS256))
        .payload(payload)
        .try_create_signature(&[], |to_be_signed| {
            key.sign(rng, to_be_signed).map(|s| s.to_vec())
        })?
        .build()
        .to_tagged_vec()
        .map_err(|_| ErrorKind::Crypto.into())
}

/// Verifies a `COSE_Sign1` under a P-256 key and reads the message in it.
///
/// # Errors
/// `malformed` and `not-deterministic` for the container, `invalid-signature`, and those of
/// [`message::decode`].
pub fn open<T: Body>(key: &VerifyingKey, account: &AccountId, signed: &[u8]) -> Result<Signed<T>> {
    let payload = verify(Algorithm::ES256, signed, |signature, data| {
        let signature = signature
            .try_into()
            .map_err(|_| MessageError::InvalidSignature)?;
        key.verify(data, signature)
            .map_err(|_| MessageError::InvalidSignature)
    })?;
    Ok(Signed {
        hash: message::hash(&payload),
        body: message::decode(account, &payload)?,
    })
}

/// Verifies a `COSE_Sign1` under the account signing key and reads the message in it.
///
/// # Errors
/// As [`open`].
pub fn open_root<T: Body>(root: &RsaPublic, account: &AccountId, signed: &[u8]) -> Result<T> {
    let payload = verify(Algorithm::PS256, signed, |signature, data| {
        let signature = signature
            .try_into()
            .map_err(|_| MessageError::InvalidSignature)?;
        root.verify(data, signature)
            .map_err(|_| MessageError::InvalidSignature)
    })?;
    message::decode(account, &payload)
}

/// The payload of a `COSE_Sign1`, its signature not yet verified: for reading from a message
/// which key must have signed it. Whatever is read so is checked again by [`open`].
///
/// # Errors
/// `malformed` and `not-deterministic`.
pub fn unverified_payload(signed: &[u8]) -> Result<Vec<u8>> {
    verify(Algorithm::ES256, signed, |_, _| Ok(()))
}

/// What was signed (`Sig_structure`, RFC 9052 section 4.4): for test vectors.
pub fn to_be_signed(signed: &[u8]) -> Option<Vec<u8>> {
    Some(CoseSign1::from_tagged_slice(signed).ok()?.tbs_data(&[]))
}

/// The associated data of what is sealed for the place that `context` names (`Enc_structure`, RFC
/// 9052 section 5.3): for test vectors.
pub fn associated_data(context: &[u8]) -> Vec<u8> {
    let header = coset::ProtectedHeader {
        original_data: None,
        header: protected(Algorithm::A256GCM),
    };
    coset::enc_structure_data(coset::EncryptionContext::CoseEncrypt0, header, context)
}

/// A message whose signature has been verified.
#[derive(Clone, Debug)]
pub struct Signed<T> {
    /// The message's name; the signature is no part of it, since signatures are not unique.
    pub hash: message::Hash,
    /// What it says.
    pub body: T,
}

fn verify(
    algorithm: Algorithm,
    signed: &[u8],
    check: impl FnOnce(&[u8], &[u8]) -> std::result::Result<(), MessageError>,
) -> Result<Vec<u8>> {
    if signed.len() > MAX_MESSAGE {
        return Err(MessageError::TooLarge.into());
    }
    cbor::check(signed)?;
    let sign1 = CoseSign1::from_tagged_slice(signed).map_err(|_| MessageError::Malformed)?;
    if sign1.protected.header != protected(algorithm) || !sign1.unprotected.is_empty() {
        return Err(MessageError::Malformed.into());
    }
    // Parsing keeps the protected bytes as they came: rebuild them, since they have one form.
    let mut canonical = sign1.clone();
    canonical.protected.original_data = None;
    if canonical
        .to_tagged_vec()
        .map_err(|_| MessageError::Malformed)?
        != signed
    {
        return Err(MessageError::Malformed.into());
    }
    if sign1.payload.is_none() {
        return Err(MessageError::Malformed.into());
    }
    sign1.verify_signature(&[], check)?;
    Ok(sign1.payload.unwrap_or_default())
}

/// Seals `plaintext` for the place that `context` names (see [`message::context`]). Returns the
/// tagged `COSE_Encrypt0`.
///
/// # Errors
/// `crypto` if the encryption fails.
pub fn seal<R>(key: &Key, context: &[u8], plaintext: &[u8], rng: &mut R) -> Result<Vec<u8>>
where
    R: CryptoRng + ?Sized,
{
    let mut iv = [0; NONCE_LEN];
    rng.fill_bytes(&mut iv);
    CoseEncrypt0Builder::new()
        .protected(protected(Algorithm::A256GCM))
        .unprotected(HeaderBuilder::new().iv(iv.to_vec()).build())
        .try_create_ciphertext(plaintext, context, |plaintext, aad| {
            Aes256Gcm::new(key.as_bytes())
                .seal(&iv, aad, plaintext)
                .map_err(|_| ErrorKind::Crypto)
        })?
        .build()
        .to_tagged_vec()
        .map_err(|_| ErrorKind::Crypto.into())
}

/// Opens what [`seal`] made for the same key and place.
///
/// # Errors
/// `sealed-open`, whatever is wrong with it: the key, the place or the bytes.
pub fn unseal(key: &Key, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let refused = || Error::from(AccountError::SealedOpen);
    if sealed.len() > MAX_MESSAGE {
        return Err(refused());
    }
    let encrypt0 = CoseEncrypt0::from_tagged_slice(sealed).map_err(|_| refused())?;
    let iv = <[u8; NONCE_LEN]>::try_from(&*encrypt0.unprotected.iv).map_err(|_| refused())?;
    let only_iv = HeaderBuilder::new().iv(iv.to_vec()).build();
    if encrypt0.protected.header != protected(Algorithm::A256GCM) || encrypt0.unprotected != only_iv
    {
        return Err(refused());
    }
    let mut canonical = encrypt0.clone();
    canonical.protected.original_data = None;
    if canonical.to_tagged_vec().map_err(|_| refused())? != sealed {
        return Err(refused());
    }
    // `coset` hands the plaintext on as a plain `Vec`: it is moved, not copied, into the wiped one.
    encrypt0
        .decrypt_ciphertext(context, refused, |ciphertext, aad| {
            let cipher = Aes256Gcm::new(key.as_bytes());
            let mut plaintext = cipher.open(&iv, aad, ciphertext).map_err(|_| refused())?;
            Ok(std::mem::take(&mut *plaintext))
        })
        .map(Zeroizing::new)
}
