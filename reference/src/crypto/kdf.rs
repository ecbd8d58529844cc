//! Key derivation: HKDF-Expand, and the passphrase derived key.
//!
//! What these functions return is wiped on drop. The working memory of the
//! crates underneath, such as the blocks of scrypt, is not.

use sha2::Sha256;

use super::{CryptoError, SecretBytes};

/// HKDF-Expand with SHA-256 (RFC 5869 section 2.3).
///
/// `key` must be uniformly random: the extract step is left out. The parts of
/// `info` are concatenated with nothing in between. Fills `out`, of at most
/// 255 * 32 = 8160 bytes; anything longer is [`CryptoError::InvalidParameter`].
pub fn hkdf_expand(key: &[u8; 32], info: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
    hkdf::Hkdf::<Sha256>::from_prk(key)
        .map_err(|_| CryptoError::InvalidParameter)?
        .expand_multi_info(info, out)
        .map_err(|_| CryptoError::InvalidParameter)
}

/// The work factors of a passphrase derived key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// scrypt: base 2 logarithm of the cost N, 10 to 20.
    /// Memory is 128 * r * N bytes, 128 MiB by default and 1 GiB at most.
    pub log_n: u8,
    /// scrypt: block size, always 8.
    pub r: u32,
    /// scrypt: parallelisation, always 1.
    pub p: u32,
    /// PBKDF2: iterations, 1,000 to 10,000,000.
    pub iterations: u32,
}

impl Work {
    /// N = 2^17, r = 8, p = 1 and 100,000 iterations.
    pub const DEFAULT: Self = Self {
        log_n: 17,
        r: 8,
        p: 1,
        iterations: 100_000,
    };

    /// Refuses, with [`CryptoError::InvalidParameter`], what is outside the
    /// limits given at the fields: too little work to protect a passphrase, or
    /// enough to exhaust the machine of whoever reads parameters sent to it.
    pub fn check(&self) -> Result<(), CryptoError> {
        let within = (10..=20).contains(&self.log_n)
            && self.r == 8
            && self.p == 1
            && (1_000..=10_000_000).contains(&self.iterations);
        within.then_some(()).ok_or(CryptoError::InvalidParameter)
    }
}

/// The passphrase derived key (PDK), 32 bytes:
///
/// ```text
/// PDK = PBKDF2-HMAC-SHA256(scrypt(passphrase, salt, N, r, p), salt, iterations)
/// ```
///
/// where both functions put out 32 bytes (paper section 3.2.1, RFC 7914,
/// RFC 8018 section 5.2). Work outside its limits is
/// [`CryptoError::InvalidParameter`].
pub fn passphrase_derived_key(
    passphrase: &[u8],
    salt: &[u8; 16],
    work: &Work,
) -> Result<SecretBytes<32>, CryptoError> {
    let stretched = scrypt(passphrase, salt, work)?;
    Ok(pbkdf2(stretched.as_bytes(), salt, work.iterations))
}

/// The inner step of [`passphrase_derived_key`], scrypt with 32 bytes of
/// output (RFC 7914), public so that test vectors can show it. Same errors.
pub fn scrypt(
    passphrase: &[u8],
    salt: &[u8; 16],
    work: &Work,
) -> Result<SecretBytes<32>, CryptoError> {
    work.check()?;
    scrypt_any_salt(passphrase, salt, work)
}

fn scrypt_any_salt(
    passphrase: &[u8],
    salt: &[u8],
    work: &Work,
) -> Result<SecretBytes<32>, CryptoError> {
    let params = scrypt::Params::new(work.log_n, work.r, work.p)
        .map_err(|_| CryptoError::InvalidParameter)?;
    let mut out = SecretBytes::zero();
    scrypt::scrypt(passphrase, salt, &params, out.as_mut_bytes())
        .map_err(|_| CryptoError::InvalidParameter)?;
    Ok(out)
}

fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32) -> SecretBytes<32> {
    let mut out = SecretBytes::zero();
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, out.as_mut_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::{hex, hex_array};
    use super::*;

    const SMALL: Work = Work {
        log_n: 10,
        r: 8,
        p: 1,
        iterations: 1_000,
    };

    #[test]
    fn rfc_5869_test_case_2() {
        let prk = hex_array("06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244");
        let info: Vec<u8> = (0xb0..=0xff).collect();
        let mut out = [0; 82];
        hkdf_expand(&prk, &[&info[..7], &info[7..]], &mut out).unwrap();
        let expected = hex(
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c
            59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71
            cc30c58179ec3e87c14c01d5c1f3434f1d87",
        );
        assert_eq!(out[..], expected[..]);
    }

    #[test]
    fn hkdf_expand_limit() {
        assert!(hkdf_expand(&[1; 32], &[], &mut [0; 8160]).is_ok());
        assert_eq!(
            hkdf_expand(&[1; 32], &[], &mut [0; 8161]),
            Err(CryptoError::InvalidParameter)
        );
    }

    /// Vectors of 64 bytes: the first 32 are the output for that length.
    #[test]
    fn rfc_7914_scrypt_and_pbkdf2() {
        let work = Work { log_n: 14, ..SMALL };
        let out = scrypt_any_salt(b"pleaseletmein", b"SodiumChloride", &work).unwrap();
        let expected = hex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
        assert_eq!(out.as_bytes()[..], expected[..]);

        let out = pbkdf2(b"Password", b"NaCl", 80_000);
        let expected = hex("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
        assert_eq!(out.as_bytes()[..], expected[..]);
    }

    /// Expected values made with Python's hashlib.
    #[test]
    fn passphrase_derived_key_against_hashlib() {
        let salt = core::array::from_fn(|i| i as u8);
        let passphrase = b"correct horse battery staple";
        let inner = scrypt(passphrase, &salt, &SMALL).unwrap();
        let expected = hex("9a9f74cc441de571a18c4bf8580ad51f86745d14b39065ad24ad92fc05c99515");
        assert_eq!(inner.as_bytes()[..], expected[..]);
        let key = passphrase_derived_key(passphrase, &salt, &SMALL).unwrap();
        let expected = hex("c90e0998bafa16e436ceb98562e3b46df3d31790c1333f9bd5de3c8b5e63bd6a");
        assert_eq!(key.as_bytes()[..], expected[..]);
    }

    #[test]
    fn work_limits() {
        let good = Work::DEFAULT;
        assert_eq!(good.check(), Ok(()));
        for bad in [
            Work { log_n: 9, ..good },
            Work { log_n: 21, ..good },
            Work { r: 7, ..good },
            Work { p: 2, ..good },
            Work {
                iterations: 999,
                ..good
            },
            Work {
                iterations: 10_000_001,
                ..good
            },
        ] {
            let result = passphrase_derived_key(b"x", &[0; 16], &bad);
            assert_eq!(result, Err(CryptoError::InvalidParameter));
        }
    }
}
