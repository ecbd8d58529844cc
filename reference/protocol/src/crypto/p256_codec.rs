//! What ECDSA and the KEM share: encodings of P-256 points and scalars.

use core::fmt;

use rand_core::CryptoRng;

use super::{CryptoError, SecretBytes, backend};

/// A point of P-256 other than infinity, as `04 || x || y` (SEC 1 section
/// 2.3.3, uncompressed). The only constructors check or compute it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point([u8; 65]);

impl Point {
    /// Accepts exactly the encoding above, and only points on the curve. The
    /// group has prime order, so there is no subgroup to check.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let bytes: [u8; 65] = bytes.try_into().map_err(|_| CryptoError::InvalidKey)?;
        if bytes[0] != 4 {
            return Err(CryptoError::InvalidKey);
        }
        p256::PublicKey::from_sec1_bytes(&bytes).map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self(bytes))
    }

    /// scalar * G.
    pub fn of_scalar(scalar: &SecretBytes<32>) -> Result<Self, CryptoError> {
        backend::p256_public(scalar).map(Self)
    }

    pub fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Whether the big-endian `scalar` is in 1..n-1.
pub fn check_scalar(scalar: &SecretBytes<32>) -> Result<(), CryptoError> {
    p256::SecretKey::from_slice(scalar.as_bytes())
        .map(drop)
        .map_err(|_| CryptoError::InvalidKey)
}

/// A uniformly random scalar in 1..n-1: the first 32 bytes from `rng` that are
/// one, read big-endian (FIPS 186-5 appendix A.2.2, by rejection). A second
/// draw is needed with probability 2^-32.
pub fn random_scalar<R: CryptoRng + ?Sized>(rng: &mut R) -> SecretBytes<32> {
    loop {
        let scalar = SecretBytes::random(rng);
        if check_scalar(&scalar).is_ok() {
            return scalar;
        }
    }
}
