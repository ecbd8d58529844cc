//! ES256: ECDSA on P-256 with SHA-256 (FIPS 186-5), for cameras and for the
//! lease keys of phones.
//!
//! A signature is `r || s`, 32 bytes each, big-endian (RFC 7518 section 3.4).
//! Where `(r, s)` verifies, `(r, n - s)` does too: the bytes of a signature
//! must not serve as the unique name of anything.

use core::fmt;

use p256::ecdsa::{Signature, signature::Signer};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::p256_codec::{Point, random_scalar};
use super::{CryptoError, SecretBytes, backend};

/// A private key, a scalar in 1..n-1.
#[derive(Clone)]
pub struct SigningKey {
    inner: p256::ecdsa::SigningKey,
    public: VerifyingKey,
}

impl SigningKey {
    /// A uniformly random key: the first 32 bytes from `rng` that are a scalar
    /// in 1..n-1, big-endian (FIPS 186-5 appendix A.2.2).
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<Self, CryptoError> {
        Self::from_secret(random_scalar(rng))
    }

    /// Reads a big-endian scalar. Zero, and n or more, are
    /// [`CryptoError::InvalidKey`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        Self::from_secret(SecretBytes::new(*bytes))
    }

    pub(crate) fn from_secret(scalar: SecretBytes<32>) -> Result<Self, CryptoError> {
        let public = VerifyingKey(Point::of_scalar(&scalar)?);
        let inner = p256::ecdsa::SigningKey::from_slice(scalar.as_bytes())
            .map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self { inner, public })
    }

    /// The big-endian scalar, 32 bytes.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.inner.to_bytes().into())
    }

    /// The public key.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public
    }

    /// Signs `message` with the deterministic nonce of RFC 6979.
    ///
    /// The error, [`CryptoError::InvalidKey`], is for r or s being zero, which
    /// has probability 2^-255.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], CryptoError> {
        let signature: Signature = self
            .inner
            .try_sign(message)
            .map_err(|_| CryptoError::InvalidKey)?;
        Ok(signature.to_bytes().into())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// A public key, a point on the curve. Its order is that of its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey(Point);

impl VerifyingKey {
    /// Reads a point of exactly 65 bytes, `04 || x || y` (SEC 1 section
    /// 2.3.4). Anything else is [`CryptoError::InvalidKey`]: another length or
    /// form, off the curve, infinity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        Point::from_bytes(bytes).map(Self)
    }

    /// The encoding that [`Self::from_bytes`] reads.
    pub fn as_bytes(&self) -> &[u8; 65] {
        self.0.as_bytes()
    }

    /// Verifies a signature, or returns [`CryptoError::InvalidSignature`].
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), CryptoError> {
        backend::es256_verify(&self.0, message, signature)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{hex_array, rng};
    use super::*;

    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    #[test]
    fn rfc_6979_a_2_5_sample() {
        let key = SigningKey::from_bytes(&hex_array(
            "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        ))
        .unwrap();
        let public = VerifyingKey::from_bytes(&hex_array::<65>(
            "04
            60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
            7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        ))
        .unwrap();
        let signature = hex_array(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716
            f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        );
        assert_eq!(key.verifying_key(), public);
        assert_eq!(key.sign(b"sample"), Ok(signature));
        assert_eq!(public.verify(b"sample", &signature), Ok(()));
    }

    #[test]
    fn refuses_every_change() {
        let key = SigningKey::generate(&mut rng(1)).unwrap();
        let public = key.verifying_key();
        let signature = key.sign(b"message").unwrap();
        let invalid = Err(CryptoError::InvalidSignature);
        for i in 0..64 {
            let mut changed = signature;
            changed[i] ^= 1;
            assert_eq!(public.verify(b"message", &changed), invalid);
        }
        assert_eq!(public.verify(b"massage", &signature), invalid);
        assert_eq!(public.verify(b"message", &[0; 64]), invalid);
        assert_eq!(public.verify(b"message", &[255; 64]), invalid);
        let other = SigningKey::generate(&mut rng(2)).unwrap().verifying_key();
        assert_eq!(other.verify(b"message", &signature), invalid);
    }

    #[test]
    fn scalars() {
        let n: [u8; 32] = hex_array(ORDER);
        let mut last = n;
        last[31] -= 1;
        assert_eq!(*SigningKey::from_bytes(&last).unwrap().to_bytes(), last);
        for bad in [[0; 32], n, [255; 32]] {
            let result = SigningKey::from_bytes(&bad).map(drop);
            assert_eq!(result, Err(CryptoError::InvalidKey));
        }
    }

    #[test]
    fn generation_is_reproducible() {
        let key = SigningKey::generate(&mut rng(1)).unwrap();
        let same = SigningKey::generate(&mut rng(1)).unwrap();
        let dynamic: &mut dyn CryptoRng = &mut rng(1);
        let again = SigningKey::generate(dynamic).unwrap();
        assert_eq!(key.to_bytes(), same.to_bytes());
        assert_eq!(key.to_bytes(), again.to_bytes());
        let bytes = SecretBytes::<32>::random(&mut rng(1));
        assert_eq!(&*key.to_bytes(), bytes.as_bytes());
        assert_eq!(format!("{key:?}"), "SigningKey");
    }
}
