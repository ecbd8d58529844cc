//! COSE (RFC 9052): the two containers that the protocol uses, each in exactly one form.
//!
//! * `COSE_Sign1`, tagged, protected header `{1: alg}`, no unprotected header, payload attached,
//!   no external data. The algorithm is PS256 (-37, RFC 8230) under the account signing key and
//!   ES256 (-7) under a camera's or a phone's lease key.
//! * `COSE_Encrypt0`, tagged, protected header `{1: 3}` (A256GCM), unprotected header `{5: IV}`
//!   with 12 random bytes; the place of the sealed bytes is the external associated data.

use coset::iana::Algorithm;
use coset::{
    CoseEncrypt0Builder, CoseSign1, CoseSign1Builder, EncryptionContext, Header, HeaderBuilder,
    ProtectedHeader, SignatureContext, TaggedCborSerializable, enc_structure_data,
    sig_structure_data,
};
use minicbor::Decoder;
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
    let header = ProtectedHeader {
        original_data: None,
        header: protected(Algorithm::A256GCM),
    };
    enc_structure_data(EncryptionContext::CoseEncrypt0, header, context)
}

/// A message whose signature has been verified.
#[derive(Clone, Debug)]
pub struct Signed<T> {
    /// The message's name; the signature is no part of it, since signatures are not unique.
    pub hash: message::Hash,
    /// What it says.
    pub body: T,
}

/// What stands before the payload of a `COSE_Sign1` of an algorithm: the tag, the array of four, the protected
/// header, and no unprotected one.
const ES256_HEAD: &[u8] = &[0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0];
const PS256_HEAD: &[u8] = &[0xd2, 0x84, 0x44, 0xa1, 0x01, 0x38, 0x24, 0xa0];

/// What stands before the IV of a `COSE_Encrypt0`: the tag, the array of three, the protected header, and the
/// label of the only parameter of the unprotected one.
const A256GCM_HEAD: &[u8] = &[0xd0, 0x83, 0x43, 0xa1, 0x01, 0x03, 0xa1, 0x05];

/// The byte strings that follow the fixed beginning of a container, and nothing else: no header from outside is
/// ever built in memory.
fn parts<'b, const N: usize>(head: &[u8], container: &'b [u8]) -> Option<[&'b [u8]; N]> {
    let rest = container.strip_prefix(head)?;
    let mut decoder = Decoder::new(rest);
    let mut parts = [&rest[..0]; N];
    for part in &mut parts {
        *part = decoder.bytes().ok()?;
    }
    (decoder.position() == rest.len()).then_some(parts)
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
    let head = match algorithm {
        Algorithm::PS256 => PS256_HEAD,
        _ => ES256_HEAD,
    };
    let [payload, signature] = parts(head, signed).ok_or(MessageError::Malformed)?;
    let header = ProtectedHeader {
        original_data: None,
        header: protected(algorithm),
    };
    let context = SignatureContext::CoseSign1;
    let to_be_signed = sig_structure_data(context, header, None, &[], payload);
    check(signature, &to_be_signed)?;
    Ok(payload.to_vec())
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
    cbor::check(sealed).map_err(|_| refused())?;
    let [iv, ciphertext] = parts(A256GCM_HEAD, sealed).ok_or_else(refused)?;
    let iv = <&[u8; NONCE_LEN]>::try_from(iv).map_err(|_| refused())?;
    let cipher = Aes256Gcm::new(key.as_bytes());
    let opened = cipher.open(iv, &associated_data(context), ciphertext);
    opened.map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    /// The fixed beginnings are what the library that makes the containers writes.
    #[test]
    fn containers_begin_as_they_are_written() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let key = SigningKey::generate(&mut rng).unwrap();
        let signed = sign(&key, vec![7; 300]).unwrap();
        assert_eq!(parts::<2>(ES256_HEAD, &signed).unwrap()[0], [7; 300]);
        let root = RsaSigningKey::generate(&mut rng).unwrap();
        let signed = sign_root(&root, vec![7; 3], &mut rng).unwrap();
        assert_eq!(parts::<2>(PS256_HEAD, &signed).unwrap()[0], [7; 3]);
        let sealed = seal(&Key::random(&mut rng), b"place", b"text", &mut rng).unwrap();
        assert_eq!(
            parts::<2>(A256GCM_HEAD, &sealed).unwrap()[0].len(),
            NONCE_LEN
        );
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    /// Examples of the COSE working group (cose-wg/Examples): `aes-gcm-enc-03` as it is, and `sign-pass-03` with
    /// the tag and without the key's name, neither of which is signed. Others of theirs have headers that are not
    /// of this protocol, which are refused.
    #[test]
    fn examples_of_the_working_group_are_read() {
        let key = bytes("0F1E2D3C4B5A69788796A5B4C3D2E1F01F2E3D4C5B6A798897A6B5C4D3E2F100");
        let key = Key::new(key.try_into().unwrap());
        let mut sealed = bytes(
            "D08343A10103A1054C02D1F7E6F26C43D4868D87CE58249D64A5A59A3B04867DCCF6B8EF82F7D1A3B25EF8
             4ECA2BC5D7593A96E943859A9CC24AD3",
        );
        let opened = unseal(&key, &[], &sealed).unwrap();
        assert_eq!(&**opened, b"This is the content.");
        *sealed.last_mut().unwrap() ^= 1;
        assert!(unseal(&key, &[], &sealed).is_err());

        let point = bytes(
            "04BAC5B11CAD8F99F9C72B05CF4B9E26D244DC189F745228255A219A86D6A09EFF
             20138BF82DC1B6D562BE0FA54AB7804A3A64B6D72CCFED6B6FB6ED28BBFC117E",
        );
        let key = VerifyingKey::from_bytes(&point).unwrap();
        let check = |signature: &[u8], data: &[u8]| {
            let refused = MessageError::InvalidSignature;
            let signature = signature.try_into().map_err(|_| refused)?;
            key.verify(data, signature).map_err(|_| refused)
        };
        let rest = "54546869732069732074686520636F6E74656E742E5840EAE868ECC176883766C5DC5BA5B8DCA25DAB3C2E56A551CE
             5705B793914348E19F43D6C6BA654472DA301B645B293C9BA939295B97C4BDB847782BFF384C5794";
        let signed = bytes(&format!("D28443A10126A0{rest}"));
        let payload = verify(Algorithm::ES256, &signed, check).unwrap();
        assert_eq!(payload, b"This is the content.");
        let named = bytes(&format!("D28443A10126A104423131{rest}"));
        let refused = verify(Algorithm::ES256, &named, check).unwrap_err();
        assert_eq!(refused, MessageError::Malformed.into());
    }

    /// Sixteen mebibytes of headers: refused before anything is made of them.
    #[test]
    fn a_large_header_is_refused_at_once() {
        let mut signed = vec![0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa1, 0x04, 0x9a];
        let count = MAX_MESSAGE as u32 - 64;
        signed.extend(count.to_be_bytes());
        signed.extend(vec![0x80; count as usize]);
        signed.extend([0x41, 0x00, 0x41, 0x00]);
        let refused = verify(Algorithm::ES256, &signed, |_, _| Ok(())).unwrap_err();
        assert_eq!(refused, MessageError::Malformed.into());
    }
}
