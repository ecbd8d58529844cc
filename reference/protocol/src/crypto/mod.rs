//! The cryptographic primitives of the protocol, and nothing above them.
//!
//! Each file wraps one primitive and names its standard. The types of the
//! crates underneath appear in no public signature, only byte arrays and the
//! newtypes of this module do, so that another backend can take their place.
//!
//! | File | Primitive | Standard |
//! |---|---|---|
//! | `hash`  | SHA-256 | FIPS 180-4 |
//! | `kdf`   | HKDF-Expand, scrypt, PBKDF2 with SHA-256 | RFC 5869, RFC 7914, RFC 8018 |
//! | `aead`  | AES-128-GCM, AES-256-GCM | NIST SP 800-38D |
//! | `ecdsa` | ECDSA on P-256 with SHA-256 (ES256) | FIPS 186-5, RFC 6979 |
//! | `kem`   | HPKE base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM | RFC 9180 |
//! | `rsa`   | RSASSA-PSS, 2048 bits, SHA-256 (PS256) | RFC 8017, RFC 8230 |
//! | `backend` | what of these another library can do instead: RustCrypto, or AWS-LC | |
//!
//! Conventions:
//!
//! * There is no global random number generator. What needs randomness takes
//!   `rng`, and the same byte stream from it gives the same result.
//! * Secrets are wiped on drop and have no `Debug` output beyond a type name.
//! * No input can cause a panic; what is refused is a [`CryptoError`].

mod aead;
mod backend;
mod ecdsa;
mod hash;
mod kdf;
mod kem;
mod p256_codec;
mod rsa;
mod secret;

pub use aead::{Aes128Gcm, Aes256Gcm, NONCE_LEN, TAG_LEN};
pub use ecdsa::{SigningKey, VerifyingKey};
pub use hash::{Hash, Sha256, sha256, sha256_concat};
pub use kdf::{Work, hkdf_expand, passphrase_derived_key, scrypt};
pub use kem::{
    HPKE_INFO_MAX, KemPublic, KemSecret, hpke_open, hpke_open_export, hpke_seal, hpke_seal_export,
    hpke_shared_secret,
};
pub use rsa::{RsaPublic, RsaSigningKey};
pub use secret::{SecretBytes, constant_time_eq};

/// Why a primitive refused its input.
///
/// It says no more than this on purpose: a failed decryption has one cause.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum CryptoError {
    /// A key that is malformed, of the wrong size or exponent, off the curve,
    /// the point at infinity, or a scalar outside 1..n-1.
    #[error("invalid key")]
    InvalidKey,
    /// A signature that does not verify.
    #[error("invalid signature")]
    InvalidSignature,
    /// A ciphertext that does not authenticate, or is too short to.
    #[error("decryption failed")]
    DecryptionFailed,
    /// A length or work parameter outside its documented limits.
    #[error("invalid parameter")]
    InvalidParameter,
    /// The system does not give the memory that the passphrase function takes.
    #[error("not enough memory")]
    OutOfMemory,
}

#[cfg(test)]
mod testing {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    /// A reproducible generator.
    pub fn rng(seed: u8) -> ChaCha20Rng {
        ChaCha20Rng::from_seed([seed; 32])
    }

    /// Decodes hexadecimal, ignoring white space.
    pub fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_digit(16).unwrap() as u8)
            .collect();
        digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
    }

    /// Decodes hexadecimal into an array.
    pub fn hex_array<const N: usize>(text: &str) -> [u8; N] {
        hex(text).try_into().unwrap()
    }
}
