//! RSAES-OAEP with SHA-256, MGF1 with SHA-256 and an empty label (RFC 8017 section 7.1), on keys of
//! 2048 bits, e = 65537.
//!
//! Ring's account data key (ADK) is such a key (paper section 3.2.1); EncryptedIoT has none. Decryption
//! draws fresh blinding.

use core::fmt;

use rand_core::CryptoRng;
use rsa::pkcs8::PrivateKeyInfoRef;
use rsa::{BoxedUint, PrivateKey, PublicKey};
use sha2::Sha256;
use zeroize::Zeroizing;

use encryptediot::crypto::{CryptoError, RsaPublic, RsaSigningKey};

/// A private key that decrypts, and does nothing else.
pub struct OaepSecret {
    key: PrivateKey,
    pkcs8: Zeroizing<Vec<u8>>,
    public: RsaPublic,
}

impl OaepSecret {
    /// A fresh key, as [`RsaSigningKey::generate`] makes it.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<Self, CryptoError> {
        Self::from_pkcs8(&RsaSigningKey::generate(rng)?.to_pkcs8()?)
    }

    /// The key as DER PKCS #8, about 1.2 kB.
    pub fn to_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Reads what [`Self::to_pkcs8`] writes, with the checks of [`RsaSigningKey::from_pkcs8`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let checked = RsaSigningKey::from_pkcs8(der)?;
        let invalid = |_| CryptoError::InvalidKey;
        let info = PrivateKeyInfoRef::try_from(der).map_err(invalid)?;
        Ok(Self {
            key: PrivateKey::try_from(info).map_err(invalid)?,
            pkcs8: checked.to_pkcs8()?,
            public: checked.public().clone(),
        })
    }

    /// The public key.
    pub fn public(&self) -> OaepPublic {
        OaepPublic(self.public.clone())
    }

    /// Opens what [`OaepPublic::seal`] made; `rng` blinds.
    ///
    /// [`CryptoError::DecryptionFailed`] whatever is wrong with it.
    pub fn open<R: CryptoRng + ?Sized>(
        &self,
        sealed: &[u8],
        rng: &mut R,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let opened = self.key.oaep_decrypt_with_rng::<Sha256, R>(rng, sealed);
        opened
            .map(Zeroizing::new)
            .map_err(|_| CryptoError::DecryptionFailed)
    }
}

impl fmt::Debug for OaepSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OaepSecret")
    }
}

/// A public key to encrypt to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OaepPublic(RsaPublic);

impl OaepPublic {
    /// Reads a big-endian modulus of 256 bytes.
    pub fn from_modulus(n: &[u8; 256]) -> Result<Self, CryptoError> {
        RsaPublic::from_modulus(n).map(Self)
    }

    /// The modulus, big-endian.
    pub fn modulus(&self) -> &[u8; 256] {
        self.0.modulus()
    }

    fn key(&self) -> Result<PublicKey, CryptoError> {
        let invalid = |_| CryptoError::InvalidKey;
        let modulus = BoxedUint::from_be_slice(self.modulus(), 2048).map_err(invalid)?;
        PublicKey::new(modulus, BoxedUint::from(65_537_u32)).map_err(|_| CryptoError::InvalidKey)
    }

    /// Seals up to 190 bytes; the result has 256.
    ///
    /// [`CryptoError::InvalidParameter`] if there are more.
    pub fn seal<R: CryptoRng + ?Sized>(
        &self,
        plain: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, CryptoError> {
        let sealed = self.key()?.oaep_encrypt_with_rng::<Sha256, R>(rng, plain);
        sealed.map_err(|_| CryptoError::InvalidParameter)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn rng(seed: u8) -> ChaCha20Rng {
        ChaCha20Rng::from_seed([seed; 32])
    }

    #[test]
    fn opens_what_was_sealed_and_refuses_every_change() {
        let key = OaepSecret::generate(&mut rng(1)).unwrap();
        let public = OaepPublic::from_modulus(key.public().modulus()).unwrap();
        let sealed = public.seal(b"sixteen byte key", &mut rng(2)).unwrap();
        assert_eq!(sealed.len(), 256);
        let opened = key.open(&sealed, &mut rng(3)).unwrap();
        assert_eq!(&**opened, b"sixteen byte key");
        for i in [0, 1, 100, 254, 255] {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            let refused = key.open(&changed, &mut rng(3));
            assert_eq!(refused, Err(CryptoError::DecryptionFailed));
        }
        let refused = key.open(&sealed[1..], &mut rng(3));
        assert_eq!(refused, Err(CryptoError::DecryptionFailed));
        let read = OaepSecret::from_pkcs8(key.to_pkcs8()).unwrap();
        assert!(read.open(&sealed, &mut rng(4)).is_ok());
        assert_eq!(format!("{read:?}"), "OaepSecret");
    }

    #[test]
    fn seals_no_more_than_fits() {
        let public = OaepSecret::generate(&mut rng(1)).unwrap().public();
        assert!(public.seal(&[0; 190], &mut rng(2)).is_ok());
        let refused = public.seal(&[0; 191], &mut rng(2));
        assert_eq!(refused, Err(CryptoError::InvalidParameter));
    }
}
