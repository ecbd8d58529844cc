//! What one backend makes, the other takes, and both make the same where nothing is random.

use hpke::aead::AesGcm128;
use hpke::kdf::HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};

use super::super::p256_codec::Point;
use super::super::testing::{hex_array, rng};
use super::super::{RsaSigningKey, SigningKey};
use super::{aws_lc, rust_crypto};
use crate::crypto::{CryptoError, SecretBytes};

/// Lengths at and about the borders of a block and of what is unrolled.
const LENGTHS: [usize; 12] = [0, 1, 15, 16, 17, 31, 63, 64, 65, 255, 4096, 65_536];

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7) as u8).collect()
}

macro_rules! sealed_by_one_and_opened_by_the_other {
    ($name:ident, $type:ident, $key:expr) => {
        #[test]
        fn $name() {
            let (ours, theirs) = (aws_lc::$type::new($key), rust_crypto::$type::new($key));
            for length in LENGTHS {
                let (nonce, aad) = ([length as u8; 12], bytes(length % 97));
                let (mut a, mut b) = (bytes(length), bytes(length));
                let tag = ours.seal(&nonce, &aad, &mut a).unwrap();
                assert_eq!(theirs.seal(&nonce, &aad, &mut b), Ok(tag));
                assert_eq!(a, b);
                let mut sealed = [&a[..], &tag].concat();
                let mut again = sealed.clone();
                assert_eq!(
                    *theirs.open(&nonce, &aad, &mut sealed).unwrap(),
                    bytes(length)
                );
                assert_eq!(*ours.open(&nonce, &aad, &mut again).unwrap(), bytes(length));
                let mut altered = [&a[..], &tag].concat();
                altered[length / 2] ^= 1;
                for opened in [
                    ours.open(&nonce, &aad, &mut altered.clone()).map(drop),
                    theirs.open(&nonce, &aad, &mut altered).map(drop),
                ] {
                    assert_eq!(opened, Err(CryptoError::DecryptionFailed));
                }
            }
        }
    };
}

sealed_by_one_and_opened_by_the_other!(aes_128_gcm, Aes128Gcm, &[3; 16]);
sealed_by_one_and_opened_by_the_other!(aes_256_gcm, Aes256Gcm, &[5; 32]);

#[test]
fn hashes_and_derived_keys() {
    for length in LENGTHS {
        let data = bytes(length);
        let expected = rust_crypto::sha256(&data);
        assert_eq!(aws_lc::sha256(&data), expected);
        let mut stream = aws_lc::Sha256::default();
        let (first, rest) = data.split_at(length / 3);
        stream.update(first);
        let mut fork = stream.clone();
        stream.update(rest);
        assert_eq!(stream.finish(), expected);
        fork.update(b"other");
        assert_ne!(fork.finish(), expected);
    }
    for iterations in [1, 2, 1_000] {
        let (mut a, mut b) = ([0; 32], [1; 32]);
        aws_lc::pbkdf2(b"password", b"salt", iterations, &mut a);
        rust_crypto::pbkdf2(b"password", b"salt", iterations, &mut b);
        assert_eq!(a, b);
    }
}

#[test]
fn public_keys() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let mut last: [u8; 32] = hex_array(order);
    last[31] -= 1;
    let one = core::array::from_fn(|i| u8::from(i == 31));
    for scalar in [one, [7; 32], last] {
        let scalar = SecretBytes::new(scalar);
        assert_eq!(
            aws_lc::p256_public(&scalar),
            rust_crypto::p256_public(&scalar)
        );
    }
    for bad in [[0; 32], hex_array(order), [255; 32]] {
        let bad = SecretBytes::new(bad);
        let refused = Err(CryptoError::InvalidKey);
        assert_eq!(
            (aws_lc::p256_public(&bad), rust_crypto::p256_public(&bad)),
            (refused, refused)
        );
    }
}

#[test]
fn signatures() {
    let key = SigningKey::generate(&mut rng(1)).unwrap();
    let point = Point::from_bytes(key.verifying_key().as_bytes()).unwrap();
    let good = key.sign(b"message").unwrap();
    let mut altered = good;
    altered[40] ^= 1;
    for (signature, message, expected) in [
        (good, b"message".as_slice(), Ok(())),
        (good, b"massage", Err(CryptoError::InvalidSignature)),
        (altered, b"message", Err(CryptoError::InvalidSignature)),
        ([0; 64], b"message", Err(CryptoError::InvalidSignature)),
    ] {
        assert_eq!(aws_lc::es256_verify(&point, message, &signature), expected);
        assert_eq!(
            rust_crypto::es256_verify(&point, message, &signature),
            expected
        );
    }

    let key = RsaSigningKey::generate(&mut rng(2)).unwrap();
    let good = key.sign(&mut rng(3), b"message").unwrap();
    for (signature, message, expected) in [
        (good, b"message".as_slice(), Ok(())),
        (good, b"massage", Err(CryptoError::InvalidSignature)),
        ([0; 256], b"message", Err(CryptoError::InvalidSignature)),
    ] {
        assert_eq!(
            aws_lc::ps256_verify(key.public(), message, &signature),
            expected
        );
        assert_eq!(
            rust_crypto::ps256_verify(key.public(), message, &signature),
            expected
        );
    }
}

/// HPKE over one group, of the same randomness: the encapsulated key, the ciphertext, the export.
fn sealed<G: Kem>(public: &[u8; 65]) -> (Vec<u8>, Vec<u8>, [u8; 32]) {
    let public = G::PublicKey::from_bytes(public).unwrap();
    let (enc, mut context) = hpke::setup_sender_with_rng::<AesGcm128, HkdfSha256, G>(
        &OpModeS::Base,
        &public,
        b"info",
        &mut rng(5),
    )
    .unwrap();
    let ciphertext = context.seal(b"plaintext", b"aad").unwrap();
    let mut exported = [0; 32];
    context.export(b"context", &mut exported).unwrap();
    (enc.to_bytes().to_vec(), ciphertext, exported)
}

fn opened<G: Kem>(secret: &[u8; 32], enc: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let secret = G::PrivateKey::from_bytes(secret).unwrap();
    let enc = G::EncappedKey::from_bytes(enc).unwrap();
    let context =
        hpke::setup_receiver::<AesGcm128, HkdfSha256, G>(&OpModeR::Base, &secret, &enc, b"info");
    context.unwrap().open(ciphertext, b"aad").unwrap()
}

#[test]
fn hpke_is_the_same() {
    let scalar = [7; 32];
    let public = rust_crypto::p256_public(&SecretBytes::new(scalar)).unwrap();
    let ours = sealed::<aws_lc::DhKem>(&public);
    let theirs = sealed::<rust_crypto::DhKem>(&public);
    assert_eq!(ours, theirs);
    assert_eq!(
        opened::<aws_lc::DhKem>(&scalar, &theirs.0, &theirs.1),
        b"plaintext"
    );
    assert_eq!(
        opened::<rust_crypto::DhKem>(&scalar, &ours.0, &ours.1),
        b"plaintext"
    );
    let (secret, public) = aws_lc::DhKem::derive_keypair(b"ikm of some length or another one");
    let (other, _) = rust_crypto::DhKem::derive_keypair(b"ikm of some length or another one");
    assert_eq!(secret.to_bytes(), other.to_bytes());
    assert_eq!(aws_lc::DhKem::sk_to_pk(&secret), public);
}

/// Authenticated modes of HPKE are not offered, so they are refused and not made wrongly.
#[test]
fn no_authenticated_mode() {
    let (secret, public) = aws_lc::DhKem::derive_keypair(&[1; 32]);
    let pair = Some((&secret, &public));
    assert!(aws_lc::DhKem::encap_with_rng(&public, pair, &mut rng(1)).is_err());
    let (_, enc) = aws_lc::DhKem::encap_with_rng(&public, None, &mut rng(1)).unwrap();
    assert!(aws_lc::DhKem::decap(&secret, Some(&public), &enc).is_err());
    assert!(aws_lc::DhKem::decap(&secret, None, &enc).is_ok());
}
