//! AWS-LC, by the crate `aws-lc-rs`.

use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{aead, agreement, digest, pbkdf2 as aws_pbkdf2, signature};
use hkdf::Hkdf;
use hpke::hybrid_array::sizes::{U32, U65};
use hpke::kem::SharedSecret;
use hpke::{Deserializable, HpkeError, Kem, Serializable};
use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::super::p256_codec::{Point, check_scalar};
use super::super::rsa::RsaPublic;
use super::super::{CryptoError, SecretBytes};

macro_rules! aes_gcm {
    ($name:ident, $algorithm:ident, $key_len:literal) => {
        /// AES-GCM under an expanded key; none where there was no memory for it, which shows at its use.
        pub struct $name(Option<aead::LessSafeKey>);

        impl $name {
            pub fn new(key: &[u8; $key_len]) -> Self {
                let key = aead::UnboundKey::new(&aead::$algorithm, key);
                Self(key.ok().map(aead::LessSafeKey::new))
            }

            /// Encrypts `buf` and returns the tag.
            pub fn seal(
                &self,
                nonce: &[u8; 12],
                aad: &[u8],
                buf: &mut [u8],
            ) -> Result<[u8; 16], CryptoError> {
                let nonce = aead::Nonce::assume_unique_for_key(*nonce);
                let aad = aead::Aad::from(aad);
                let key = self.0.as_ref().ok_or(CryptoError::InvalidParameter)?;
                key.seal_in_place_separate_tag(nonce, aad, buf)
                    .ok()
                    .and_then(|tag| tag.as_ref().try_into().ok())
                    .ok_or(CryptoError::InvalidParameter)
            }

            /// Decrypts `sealed`, a ciphertext and its tag, and returns where the plaintext is.
            pub fn open<'a>(
                &self,
                nonce: &[u8; 12],
                aad: &[u8],
                sealed: &'a mut [u8],
            ) -> Result<&'a mut [u8], CryptoError> {
                let nonce = aead::Nonce::assume_unique_for_key(*nonce);
                let key = self.0.as_ref().ok_or(CryptoError::DecryptionFailed)?;
                key.open_in_place(nonce, aead::Aad::from(aad), sealed)
                    .map_err(|_| CryptoError::DecryptionFailed)
            }
        }
    };
}

aes_gcm!(Aes128Gcm, AES_128_GCM, 16);
aes_gcm!(Aes256Gcm, AES_256_GCM, 32);

/// SHA-256 of a stream.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub fn finish(self) -> [u8; 32] {
        hash(&self.0.finish())
    }
}

pub fn sha256(data: &[u8]) -> [u8; 32] {
    hash(&digest::digest(&digest::SHA256, data))
}

/// A digest of this algorithm has 32 bytes.
fn hash(digest: &digest::Digest) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// PBKDF2 with HMAC-SHA256.
pub fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8; 32]) {
    let iterations = iterations.try_into().unwrap_or(core::num::NonZeroU32::MIN);
    let algorithm = aws_pbkdf2::PBKDF2_HMAC_SHA256;
    aws_pbkdf2::derive(algorithm, iterations, salt, password, out);
}

/// scalar * G, uncompressed.
pub fn p256_public(scalar: &SecretBytes<32>) -> Result<[u8; 65], CryptoError> {
    key_pair(scalar).map(|(_, public)| public)
}

/// A private key and its public one.
fn key_pair(scalar: &SecretBytes<32>) -> Result<(agreement::PrivateKey, [u8; 65]), CryptoError> {
    check_scalar(scalar)?;
    let invalid = CryptoError::InvalidKey;
    let secret = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, scalar.as_bytes())
        .map_err(|_| invalid)?;
    let public = secret.compute_public_key().map_err(|_| invalid)?;
    let public = public.as_ref().try_into().map_err(|_| invalid)?;
    Ok((secret, public))
}

/// ECDSA with SHA-256.
pub fn es256_verify(key: &Point, message: &[u8], signature: &[u8; 64]) -> Result<(), CryptoError> {
    signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key.as_bytes())
        .verify(message, signature)
        .map_err(|_| CryptoError::InvalidSignature)
}

/// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
pub fn ps256_verify(
    key: &RsaPublic,
    message: &[u8],
    signature: &[u8; 256],
) -> Result<(), CryptoError> {
    let (n, e) = (key.modulus().as_slice(), [1, 0, 1].as_slice());
    signature::RsaPublicKeyComponents { n, e }
        .verify(&signature::RSA_PSS_2048_8192_SHA256, message, signature)
        .map_err(|_| CryptoError::InvalidSignature)
}

/// DHKEM(P-256, HKDF-SHA256), RFC 9180 section 4.1, in base mode, for the crate `hpke`, which makes the rest
/// of HPKE of it.
pub struct DhKem;

/// A private key, a scalar in 1..n-1, with what AWS-LC makes of it.
#[derive(Clone)]
pub struct PrivateKey {
    scalar: SecretBytes<32>,
    secret: Arc<agreement::PrivateKey>,
    public: PublicKey,
}

/// A public key, and so an encapsulated key: a point on the curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Point);

impl PrivateKey {
    fn new(scalar: SecretBytes<32>) -> Result<Self, CryptoError> {
        let (secret, public) = key_pair(&scalar)?;
        let (secret, public) = (Arc::new(secret), PublicKey(Point::from_bytes(&public)?));
        Ok(Self {
            scalar,
            secret,
            public,
        })
    }

    /// DH of the RFC, and ExtractAndExpand over it.
    fn shared_secret(
        &self,
        other: &PublicKey,
        enc: &PublicKey,
        recipient: &PublicKey,
    ) -> Result<SharedSecret<DhKem>, Unspecified> {
        let theirs = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, other.0.as_bytes());
        agreement::agree(&self.secret, theirs, Unspecified, |dh| {
            let prk = labeled_extract(b"eae_prk", dh);
            let context = [*enc.0.as_bytes(), *recipient.0.as_bytes()].concat();
            let mut shared = SharedSecret::default();
            labeled_expand(&prk, b"shared_secret", &context, &mut shared.0.0)?;
            Ok(shared)
        })
    }
}

const SUITE: &[u8] = b"KEM\x00\x10";

/// LabeledExtract of RFC 9180 section 4, without a salt, and LabeledExpand with what it makes, to 32 bytes.
fn labeled_extract(label: &[u8], ikm: &[u8]) -> Hkdf<sha2::Sha256> {
    let labeled = Zeroizing::new([b"HPKE-v1", SUITE, label, ikm].concat());
    Hkdf::new(None, &labeled)
}

fn labeled_expand(
    prk: &Hkdf<sha2::Sha256>,
    label: &[u8],
    info: &[u8],
    out: &mut [u8; 32],
) -> Result<(), Unspecified> {
    let info = [&[0, 32], b"HPKE-v1".as_slice(), SUITE, label, info];
    prk.expand_multi_info(&info, out).map_err(|_| Unspecified)
}

impl Kem for DhKem {
    type PublicKey = PublicKey;
    type PrivateKey = PrivateKey;
    type EncappedKey = PublicKey;
    type NSecret = U32;

    const KEM_ID: u16 = 0x0010;

    fn sk_to_pk(secret: &PrivateKey) -> PublicKey {
        secret.public.clone()
    }

    /// DeriveKeyPair of RFC 9180 section 7.1.3. It takes the first candidate that is a scalar; none of 256
    /// is one with probability 2^-8192, and the RFC gives up there.
    fn derive_keypair(ikm: &[u8]) -> (PrivateKey, PublicKey) {
        let prk = labeled_extract(b"dkp_prk", ikm);
        let mut counter = 0_u8;
        loop {
            let mut candidate = SecretBytes::zero();
            let expanded = labeled_expand(&prk, b"candidate", &[counter], candidate.as_mut_bytes());
            if let (Ok(()), Ok(secret)) = (expanded, PrivateKey::new(candidate)) {
                let public = secret.public.clone();
                return (secret, public);
            }
            counter = counter.wrapping_add(1);
        }
    }

    fn encap_with_rng(
        recipient: &PublicKey,
        sender: Option<(&PrivateKey, &PublicKey)>,
        rng: &mut impl CryptoRng,
    ) -> Result<(SharedSecret<Self>, PublicKey), HpkeError> {
        let (ephemeral, enc) = Self::gen_keypair_with_rng(rng);
        match sender {
            None => ephemeral.shared_secret(recipient, &enc, recipient),
            Some(_) => Err(Unspecified),
        }
        .map(|shared| (shared, enc))
        .map_err(|_| HpkeError::EncapError)
    }

    fn decap(
        recipient: &PrivateKey,
        sender: Option<&PublicKey>,
        enc: &PublicKey,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        match sender {
            None => recipient.shared_secret(enc, enc, &recipient.public),
            Some(_) => Err(Unspecified),
        }
        .map_err(|_| HpkeError::DecapError)
    }
}

impl Serializable for PrivateKey {
    type OutputSize = U32;

    fn write_exact(&self, buf: &mut [u8]) {
        buf.copy_from_slice(self.scalar.as_bytes());
    }
}

impl Deserializable for PrivateKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        let invalid = HpkeError::ValidationError;
        let scalar = SecretBytes::new(encoded.try_into().map_err(|_| invalid)?);
        Self::new(scalar).map_err(|_| invalid)
    }
}

impl ConstantTimeEq for PrivateKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.scalar.as_bytes().ct_eq(other.scalar.as_bytes())
    }
}

impl Serializable for PublicKey {
    type OutputSize = U65;

    fn write_exact(&self, buf: &mut [u8]) {
        buf.copy_from_slice(self.0.as_bytes());
    }
}

impl Deserializable for PublicKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        Point::from_bytes(encoded)
            .map(Self)
            .map_err(|_| HpkeError::ValidationError)
    }
}
