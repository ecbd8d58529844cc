//! Secret byte strings of a fixed length.

use core::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// `N` secret bytes: wiped on drop, never printed, compared in constant time.
#[derive(Clone)]
pub struct SecretBytes<const N: usize>(Zeroizing<[u8; N]>);

impl<const N: usize> SecretBytes<N> {
    /// Takes over the given bytes. The caller's own copy is not wiped.
    pub fn new(bytes: [u8; N]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Draws `N` bytes from `rng`.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = Self::zero();
        rng.fill_bytes(bytes.as_mut_bytes());
        bytes
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// Copies `N` bytes, `None` if there is another number of them.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self::zero();
        (bytes.len() == N).then(|| secret.as_mut_bytes().copy_from_slice(bytes))?;
        Some(secret)
    }

    /// All zero, to be written into.
    pub(crate) fn zero() -> Self {
        Self(Zeroizing::new([0; N]))
    }

    pub(crate) fn as_mut_bytes(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> PartialEq for SecretBytes<N> {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self.as_bytes(), other.as_bytes())
    }
}

impl<const N: usize> Eq for SecretBytes<N> {}

impl<const N: usize> fmt::Debug for SecretBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes")
    }
}

/// Whether `a` and `b` are equal. The time taken depends on their lengths only.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::rng;
    use super::*;

    #[test]
    fn compares_and_hides() {
        let a = SecretBytes::<16>::random(&mut rng(1));
        assert_eq!(a, SecretBytes::random(&mut rng(1)));
        assert_ne!(a, SecretBytes::random(&mut rng(2)));
        assert_eq!(format!("{a:?}"), "SecretBytes");
        assert!(!constant_time_eq(b"ab", b"abc"));
        assert!(constant_time_eq(b"", b""));
    }
}
