//! RustCrypto: the crates `aes-gcm`, `sha2`, `pbkdf2`, `p256`, `hpke` and `rsa`.

use aes_gcm::{AeadInOut, KeyInit};
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Verifier as _;
use sha2::Digest as _;

use super::super::p256_codec::Point;
use super::super::rsa::RsaPublic;
use super::super::{CryptoError, SecretBytes};

macro_rules! aes_gcm {
    ($name:ident, $key_len:literal) => {
        /// AES-GCM under an expanded key.
        pub struct $name(aes_gcm::$name);

        impl $name {
            pub fn new(key: &[u8; $key_len]) -> Self {
                Self(aes_gcm::$name::new(key.into()))
            }

            /// Encrypts `buf` and returns the tag.
            pub fn seal(
                &self,
                nonce: &[u8; 12],
                aad: &[u8],
                buf: &mut [u8],
            ) -> Result<[u8; 16], CryptoError> {
                self.0
                    .encrypt_inout_detached(nonce.into(), aad, buf.into())
                    .map(Into::into)
                    .map_err(|_| CryptoError::InvalidParameter)
            }

            /// Decrypts `sealed`, a ciphertext and its tag, and returns where the plaintext is.
            pub fn open<'a>(
                &self,
                nonce: &[u8; 12],
                aad: &[u8],
                sealed: &'a mut [u8],
            ) -> Result<&'a mut [u8], CryptoError> {
                let failed = CryptoError::DecryptionFailed;
                let (buf, tag) = sealed.split_last_chunk_mut::<16>().ok_or(failed)?;
                let tag = (&*tag).into();
                self.0
                    .decrypt_inout_detached(nonce.into(), aad, (&mut *buf).into(), tag)
                    .map_err(|_| failed)?;
                Ok(buf)
            }
        }
    };
}

aes_gcm!(Aes128Gcm, 16);
aes_gcm!(Aes256Gcm, 32);

/// SHA-256 of a stream.
#[derive(Clone, Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

pub fn sha256(data: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(data).into()
}

/// PBKDF2 with HMAC-SHA256.
pub fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8; 32]) {
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, iterations, out);
}

/// scalar * G, uncompressed.
pub fn p256_public(scalar: &SecretBytes<32>) -> Result<[u8; 65], CryptoError> {
    use p256::elliptic_curve::sec1::ToSec1Point as _;
    let secret =
        p256::SecretKey::from_slice(scalar.as_bytes()).map_err(|_| CryptoError::InvalidKey)?;
    Ok(secret.public_key().to_uncompressed_point().into())
}

/// ECDSA with SHA-256.
pub fn es256_verify(key: &Point, message: &[u8], signature: &[u8; 64]) -> Result<(), CryptoError> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key.as_bytes())
        .map_err(|_| CryptoError::InvalidKey)?;
    Signature::from_slice(signature)
        .and_then(|signature| key.verify(message, &signature))
        .map_err(|_| CryptoError::InvalidSignature)
}

/// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
pub fn ps256_verify(
    key: &RsaPublic,
    message: &[u8],
    signature: &[u8; 256],
) -> Result<(), CryptoError> {
    key.inner
        .pss_verify::<sha2::Sha256>(message, signature)
        .map_err(|_| CryptoError::InvalidSignature)
}

/// DHKEM(P-256, HKDF-SHA256).
pub type DhKem = hpke::kem::DhP256HkdfSha256;
