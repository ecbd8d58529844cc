//! AES-GCM with a 12-byte nonce and a 16-byte tag (NIST SP 800-38D).
//!
//! A nonce must never be used twice with one key. Nothing here keeps count.

use core::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::{CryptoError, backend};

/// Length of a nonce in bytes.
pub const NONCE_LEN: usize = 12;

/// Length of a tag in bytes.
pub const TAG_LEN: usize = 16;

macro_rules! aes_gcm {
    ($name:ident, $key_len:literal, $doc:literal) => {
        #[doc = $doc]
        ///
        /// Holds the expanded key, to be used for many messages.
        pub struct $name(backend::$name);

        impl $name {
            /// Expands the key.
            pub fn new(key: &[u8; $key_len]) -> Self {
                Self(backend::$name::new(key))
            }

            /// Encrypts `buf` in place and returns the tag.
            ///
            /// More than 2^36 - 32 bytes, or a longer `aad` than 2^61 - 1
            /// bytes, is [`CryptoError::InvalidParameter`].
            pub fn seal_in_place(
                &self,
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                buf: &mut [u8],
            ) -> Result<[u8; TAG_LEN], CryptoError> {
                self.0.seal(nonce, aad, buf)
            }

            /// Decrypts `sealed = ciphertext || tag` in place, after the tag was verified, and returns
            /// the plaintext.
            ///
            /// If it does not verify, or is shorter than a tag, `sealed` is set to zero and the result
            /// is [`CryptoError::DecryptionFailed`].
            pub fn open_in_place<'a>(
                &self,
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                sealed: &'a mut [u8],
            ) -> Result<&'a mut [u8], CryptoError> {
                let plain = sealed.len().saturating_sub(TAG_LEN);
                if self.0.open(nonce, aad, sealed).is_err() {
                    sealed.zeroize();
                    return Err(CryptoError::DecryptionFailed);
                }
                Ok(&mut sealed[..plain])
            }

            /// Encrypts `plaintext` to `ciphertext || tag`. Errors as
            /// [`Self::seal_in_place`].
            pub fn seal(
                &self,
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                plaintext: &[u8],
            ) -> Result<Vec<u8>, CryptoError> {
                let mut out = Vec::with_capacity(plaintext.len() + TAG_LEN);
                out.extend_from_slice(plaintext);
                let tag = self.seal_in_place(nonce, aad, &mut out)?;
                out.extend_from_slice(&tag);
                Ok(out)
            }

            /// Decrypts `ciphertext || tag`. What does not authenticate, or is
            /// shorter than a tag, is [`CryptoError::DecryptionFailed`].
            pub fn open(
                &self,
                nonce: &[u8; NONCE_LEN],
                aad: &[u8],
                ciphertext_and_tag: &[u8],
            ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
                let mut out = Zeroizing::new(ciphertext_and_tag.to_vec());
                let plain = self.open_in_place(nonce, aad, &mut out)?.len();
                out.truncate(plain);
                Ok(out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

aes_gcm!(Aes128Gcm, 16, "AES-GCM with a key of 16 bytes.");
aes_gcm!(Aes256Gcm, 32, "AES-GCM with a key of 32 bytes.");

#[cfg(test)]
mod tests {
    use super::super::testing::{hex, hex_array};
    use super::*;

    // Test cases 4 and 16 of McGrew and Viega, "The Galois/Counter Mode of
    // Operation", the submission that became SP 800-38D.
    const KEY: &str = "feffe9928665731c6d6a8f9467308308";
    const NONCE: &str = "cafebabefacedbaddecaf888";
    const AAD: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
    const PLAINTEXT: &str = "
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";

    #[test]
    fn test_case_4() {
        let aead = Aes128Gcm::new(&hex_array(KEY));
        let expected = hex("
            42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
            21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091
            5bc94fbc3221a5db94fae95ae7121a47");
        let (nonce, aad) = (hex_array(NONCE), hex(AAD));
        assert_eq!(
            aead.seal(&nonce, &aad, &hex(PLAINTEXT)),
            Ok(expected.clone())
        );
        assert_eq!(*aead.open(&nonce, &aad, &expected).unwrap(), hex(PLAINTEXT));
    }

    #[test]
    fn test_case_16() {
        let aead = Aes256Gcm::new(&hex_array(&[KEY, KEY].concat()));
        let expected = hex("
            522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
            8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662
            76fc6ece0f4e1768cddf8853bb2d551b");
        let (nonce, aad) = (hex_array(NONCE), hex(AAD));
        assert_eq!(
            aead.seal(&nonce, &aad, &hex(PLAINTEXT)),
            Ok(expected.clone())
        );
        assert_eq!(*aead.open(&nonce, &aad, &expected).unwrap(), hex(PLAINTEXT));
    }

    #[test]
    fn refuses_every_change() {
        let aead = Aes256Gcm::new(&[7; 32]);
        let sealed = aead.seal(&[1; 12], b"aad", b"plaintext").unwrap();
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            let result = aead.open(&[1; 12], b"aad", &changed);
            assert_eq!(result, Err(CryptoError::DecryptionFailed));
        }
        let open = |nonce, aad: &[u8], sealed: &[u8]| aead.open(nonce, aad, sealed).is_ok();
        assert!(open(&[1; 12], b"aad", &sealed));
        assert!(!open(&[2; 12], b"aad", &sealed));
        assert!(!open(&[1; 12], b"aae", &sealed));
        assert!(!open(&[1; 12], b"aad", &sealed[1..]));
        assert!(!open(&[1; 12], b"aad", &sealed[..15]));
        assert!(!open(&[1; 12], b"aad", b""));
    }

    #[test]
    fn a_failed_opening_leaves_zeros() {
        let aead = Aes128Gcm::new(&[7; 16]);
        let mut sealed = aead.seal(&[1; 12], b"", b"plaintext").unwrap();
        sealed[24] ^= 1;
        assert!(aead.open_in_place(&[1; 12], b"", &mut sealed).is_err());
        assert_eq!(sealed, [0; 25]);
    }

    #[test]
    fn hides_the_key() {
        assert_eq!(format!("{:?}", Aes128Gcm::new(&[7; 16])), "Aes128Gcm");
    }
}
