//! PS256: RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes
//! (RFC 8017 section 8.1, RFC 8230 section 2), on keys of 2048 bits, e = 65537.
//!
//! # Side channels
//!
//! RUSTSEC-2023-0071 ("Marvin") says of the crate `rsa` that its private key
//! operation was not constant time and could leak the key. The attack it is
//! named after uses decryption; EncryptedIoT decrypts nothing with RSA (only
//! Ring's scheme does, see `oaep`), and PKCS #1 v1.5 is not compiled in. Its
//! authors resolved the advisory in 0.10.0, by their
//! README. What that version does when signing with PSS:
//!
//! * Its big integers are those of `crypto-bigint`, whose modular
//!   exponentiation is written to take constant time.
//! * Every signature draws from `rng` a salt and fresh blinding: a factor r for
//!   the message (m * r^e mod n), 128 bits for each of the CRT exponents
//!   (d_p + b * (p - 1)) and 128 bits for each of the CRT moduli (p * g, g odd).
//! * The result is raised to e and compared with the message before it leaves,
//!   which catches faults in the CRT computation.
//!
//! Generating a key is not constant time: the search for primes is not. The
//! crate wipes the key on drop, but not every intermediate of a computation.

use core::fmt;

use rand_core::CryptoRng;
use rsa::pkcs1::RsaPrivateKeyRef;
use rsa::pkcs8::{EncodePrivateKey, PrivateKeyInfoRef};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey, PublicKey};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{CryptoError, backend, constant_time_eq};

const BITS: u32 = 2048;
const EXPONENT: u64 = 65_537;

/// A private key.
pub struct RsaSigningKey {
    pub(super) inner: PrivateKey,
    public: RsaPublic,
}

impl RsaSigningKey {
    /// A key of two random primes of 1024 bits with their top two bits set.
    ///
    /// The time varies widely from key to key. The same bytes from `rng` give
    /// the same key with the same build of the crate `rsa`; another version, or
    /// another backend, may search for primes differently.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<Self, CryptoError> {
        PrivateKey::new(rng, BITS as usize)
            .map_err(|_| CryptoError::InvalidKey)
            .and_then(Self::from_inner)
    }

    /// The key as DER PKCS #8 (RFC 5958), about 1.2 kB, with the algorithm
    /// rsaEncryption and no attributes.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.inner
            .to_pkcs8_der()
            .map(|document| document.to_bytes())
            .map_err(|_| CryptoError::InvalidKey)
    }

    /// Reads what [`Self::to_pkcs8`] writes, and only that encoding.
    ///
    /// Refused as [`CryptoError::InvalidKey`] are: other sizes, exponents and
    /// algorithms; n other than p * q; p or q of more than 1024 bits; d, or its
    /// CRT values, that do not belong to e, p and q; attributes; anything that
    /// is not canonical DER. The primes are not tested for primality: a key
    /// with composite ones fails in [`Self::sign`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let invalid = CryptoError::InvalidKey;
        // The size first: the checks of the crate take time that grows with it.
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| invalid)?;
        let parts = RsaPrivateKeyRef::try_from(info.private_key).map_err(|_| invalid)?;
        check_modulus(parts.modulus.as_bytes())?;

        let inner = PrivateKey::try_from(info).map_err(|_| invalid)?;
        if *inner.e() != BoxedUint::from(EXPONENT) {
            return Err(invalid);
        }
        let key = Self::from_inner(inner)?;
        if !constant_time_eq(&key.to_pkcs8()?, der) {
            return Err(invalid);
        }
        Ok(key)
    }

    fn from_inner(inner: PrivateKey) -> Result<Self, CryptoError> {
        let modulus = inner.n_bytes();
        let modulus = check_modulus(&modulus)?;
        let public = RsaPublic::from_modulus(modulus)?;
        Ok(Self { inner, public })
    }

    /// The public key.
    pub fn public(&self) -> &RsaPublic {
        &self.public
    }

    /// Signs `message`. The salt and the blinding come from `rng`, so two
    /// signatures of one message differ.
    ///
    /// [`CryptoError::InvalidKey`] if the signature does not verify, by a key
    /// of composite primes or a fault.
    pub fn sign<R: CryptoRng + ?Sized>(
        &self,
        rng: &mut R,
        message: &[u8],
    ) -> Result<[u8; 256], CryptoError> {
        self.inner
            .pss_sign_with_rng::<Sha256, R>(rng, message)
            .ok()
            .and_then(|signature| signature.try_into().ok())
            .ok_or(CryptoError::InvalidKey)
    }
}

impl fmt::Debug for RsaSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaSigningKey")
    }
}

/// A public key: a modulus of 2048 bits, with e = 65537.
#[derive(Clone)]
pub struct RsaPublic {
    n: [u8; 256],
    pub(super) inner: PublicKey,
}

impl RsaPublic {
    /// Reads a big-endian modulus. Its top bit must be set and it must be odd,
    /// or the result is [`CryptoError::InvalidKey`]. Whether it is the product
    /// of two primes cannot be seen.
    pub fn from_modulus(n: &[u8; 256]) -> Result<Self, CryptoError> {
        check_modulus(n)?;
        let modulus = BoxedUint::from_be_slice(n, BITS).map_err(|_| CryptoError::InvalidKey)?;
        let inner = PublicKey::new(modulus, BoxedUint::from(EXPONENT))
            .map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self { n: *n, inner })
    }

    /// The modulus, big-endian.
    pub fn modulus(&self) -> &[u8; 256] {
        &self.n
    }

    /// Verifies a signature with a salt of exactly 32 bytes, or returns
    /// [`CryptoError::InvalidSignature`].
    pub fn verify(&self, message: &[u8], signature: &[u8; 256]) -> Result<(), CryptoError> {
        backend::ps256_verify(self, message, signature)
    }
}

impl PartialEq for RsaPublic {
    fn eq(&self, other: &Self) -> bool {
        self.n == other.n
    }
}

impl Eq for RsaPublic {}

impl fmt::Debug for RsaPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.n.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// 256 bytes, the top bit set, odd.
fn check_modulus(n: &[u8]) -> Result<&[u8; 256], CryptoError> {
    let n: &[u8; 256] = n.try_into().map_err(|_| CryptoError::InvalidKey)?;
    if n[0] < 0x80 || n[255] & 1 == 0 {
        return Err(CryptoError::InvalidKey);
    }
    Ok(n)
}

#[cfg(test)]
mod tests {
    use rsa::pss;
    use rsa::signature::{RandomizedSigner, SignatureEncoding};

    use super::super::testing::rng;
    use super::*;

    fn key() -> RsaSigningKey {
        RsaSigningKey::generate(&mut rng(1)).unwrap()
    }

    #[test]
    fn signs_and_refuses_every_change() {
        let key = key();
        let public = RsaPublic::from_modulus(key.public().modulus()).unwrap();
        assert_eq!(public, *key.public());
        let signature = key.sign(&mut rng(2), b"message").unwrap();
        let invalid = Err(CryptoError::InvalidSignature);
        assert_eq!(public.verify(b"message", &signature), Ok(()));
        assert_eq!(public.verify(b"massage", &signature), invalid);
        for i in 0..256 {
            let mut changed = signature;
            changed[i] ^= 1;
            assert_eq!(public.verify(b"message", &changed), invalid);
        }
        for special in [[0; 256], [255; 256], *public.modulus()] {
            assert_eq!(public.verify(b"message", &special), invalid);
        }
    }

    #[test]
    fn takes_its_randomness_from_the_generator() {
        let key = key();
        let signature = key.sign(&mut rng(2), b"message").unwrap();
        assert_eq!(key.sign(&mut rng(2), b"message"), Ok(signature));
        assert_ne!(key.sign(&mut rng(3), b"message"), Ok(signature));

        assert_eq!(
            key.to_pkcs8(),
            RsaSigningKey::generate(&mut rng(1)).unwrap().to_pkcs8()
        );
        let dynamic: &mut dyn CryptoRng = &mut rng(2);
        assert_eq!(key.sign(dynamic, b"message"), Ok(signature));
        assert_eq!(format!("{key:?}"), "RsaSigningKey");
    }

    #[test]
    fn salt_is_32_bytes() {
        let key = key();
        for salt_len in [0, 20, 31, 32, 33, 64] {
            let other = pss::SigningKey::<Sha256>::new_with_salt_len(key.inner.clone(), salt_len);
            let signature = other.sign_with_rng(&mut rng(2), b"message").to_vec();
            let verified = key
                .public()
                .verify(b"message", &signature.try_into().unwrap());
            assert_eq!(verified.is_ok(), salt_len == 32);
        }
    }

    #[test]
    fn moduli() {
        let good = *key().public().modulus();
        let mut even = good;
        even[255] ^= 1;
        let mut short = good;
        short[0] &= 0x7f;
        for bad in [even, short, [0; 256]] {
            let result = RsaPublic::from_modulus(&bad);
            assert_eq!(result, Err(CryptoError::InvalidKey));
        }
    }

    #[test]
    fn pkcs8_round_trip_and_every_change() {
        let key = key();
        let der = key.to_pkcs8().unwrap();
        let read = RsaSigningKey::from_pkcs8(&der).unwrap();
        assert_eq!(read.to_pkcs8().unwrap(), der);
        assert_eq!(read.public(), key.public());

        let refused = |der: &[u8]| {
            let result = RsaSigningKey::from_pkcs8(der).map(drop);
            assert_eq!(result, Err(CryptoError::InvalidKey));
        };
        for i in 0..der.len() {
            let mut changed = der.to_vec();
            changed[i] ^= 1;
            refused(&changed);
            refused(&der[..i]);
        }
        refused(&[&der[..], &[0]].concat());
    }

    #[test]
    fn pkcs8_of_other_kinds() {
        let exponent = |e: u64| {
            let key = PrivateKey::new_with_exp(&mut rng(1), 2048, BoxedUint::from(e)).unwrap();
            key.to_pkcs8_der().unwrap()
        };
        assert!(RsaSigningKey::from_pkcs8(exponent(65_537).as_bytes()).is_ok());
        let bits = |bits| {
            let key = PrivateKey::new(&mut rng(1), bits).unwrap();
            key.to_pkcs8_der().unwrap()
        };
        for bad in [
            exponent(257),
            exponent(65_539),
            bits(1024),
            bits(2040),
            bits(2056),
        ] {
            let result = RsaSigningKey::from_pkcs8(bad.as_bytes()).map(drop);
            assert_eq!(result, Err(CryptoError::InvalidKey));
        }
    }

    /// A key with a composite "prime" passes the other checks, and never
    /// gives out a signature.
    #[test]
    fn composite_primes_do_not_sign() {
        use rsa::traits::PrivateKeyParts;

        let key = key();
        let q = key.inner.primes()[1].as_ref().clone();
        let composite = (0..64).find_map(|byte: u8| {
            let mut p = [0xe1 ^ byte; 128];
            (p[0], p[127]) = (0xe1, 0x01 | byte);
            let p = BoxedUint::from_be_slice(&p, 1024).unwrap();
            PrivateKey::from_p_q(p, q.clone(), BoxedUint::from(EXPONENT)).ok()
        });
        let der = composite.unwrap().to_pkcs8_der().unwrap();
        let key = RsaSigningKey::from_pkcs8(der.as_bytes()).unwrap();
        let result = key.sign(&mut rng(2), b"message");
        assert_eq!(result, Err(CryptoError::InvalidKey));
    }
}
