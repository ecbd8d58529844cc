//! RustCrypto, bare: the crates that ours takes by default.

use super::*;
use aes_gcm::{AeadInOut as _, Aes128Gcm, KeyInit as _};
use hpke::aead::AesGcm128;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256 as DhKem;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::Generate as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use rsa::pkcs8::DecodePrivateKey as _;
use sha2::{Digest as _, Sha256};

pub fn library(inputs: &Inputs) -> Result<Library> {
    let (sealing, opening) = (Aes128Gcm::new(&KEY.into()), Aes128Gcm::new(&KEY.into()));
    let signer = SigningKey::from_slice(&SCALAR)?;
    let (verifier, es256) = (
        *signer.verifying_key(),
        Signature::from_slice(&inputs.es256)?,
    );
    let (secret, theirs) = (p256::SecretKey::from_slice(&SCALAR)?, inputs.public);
    let rsa = rsa::PrivateKey::from_pkcs8_der(&inputs.rsa)?;
    let (rsa_public, ps256) = (rsa.to_public_key(), inputs.ps256);
    let kem = took(<DhKem as Kem>::PrivateKey::from_bytes(&SCALAR))?;
    let public = DhKem::sk_to_pk(&kem);
    let (mut random, mut random_2, mut random_3) = (rng(), rng(), rng());
    let mut seal = move || {
        let mode = OpModeS::Base;
        hpke::single_shot_seal_with_rng::<AesGcm128, HkdfSha256, DhKem>(
            &mode,
            &public,
            &INFO,
            black_box(&KEY),
            b"",
            &mut random,
        )
    };
    let (enc, sealed) = took(seal())?;
    Ok(Library::new(
        "RustCrypto",
        move |nonce, buffer| {
            tagged(buffer, |text| {
                sealing.encrypt_inout_detached(nonce.into(), &AAD, text.into())
            })
        },
        move |nonce, buffer| {
            let (text, tag) = buffer.split_last_chunk_mut::<16>().context("a tag")?;
            let (text, tag) = (text.into(), (&*tag).into());
            took(opening.decrypt_inout_detached(nonce.into(), &AAD, text, tag))
        },
    )
    .with(SHA_256_SHORT, || always(Sha256::digest(black_box(&INFO))))
    .with(SHA_256, || always(Sha256::digest(black_box(&DATA))))
    .with(HKDF, || {
        let mut out = [0; 16];
        let hkdf = took(hkdf::Hkdf::<Sha256>::from_prk(black_box(&KEY_32)))?;
        took(hkdf.expand(&INFO, &mut out)).map(|()| out)
    })
    .with(PBKDF2, || {
        let mut out = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(black_box(&KEY_32), &SALT, 100_000, &mut out);
        always(out)
    })
    .with(SCRYPT, || {
        let mut out = [0; 32];
        let params = took(scrypt::Params::new(17, 8, 1))?;
        took(scrypt::scrypt(black_box(&KEY_32), &SALT, &params, &mut out)).map(|()| out)
    })
    .with(KEY_PAIR, move || {
        let secret = p256::SecretKey::generate_from_rng(&mut random_2);
        let public = secret.public_key().to_uncompressed_point();
        always((secret, public))
    })
    .with(ECDH, move || {
        let public = p256::PublicKey::from_sec1_bytes(&theirs)?;
        let shared = p256::ecdh::diffie_hellman(secret.to_nonzero_scalar(), public.as_affine());
        p256::elliptic_curve::Result::Ok(shared)
    })
    .with(HPKE_SEAL, seal)
    .with(HPKE_OPEN, move || {
        hpke::single_shot_open::<AesGcm128, HkdfSha256, DhKem>(
            &OpModeR::Base,
            &kem,
            &enc,
            &INFO,
            black_box(&sealed),
            b"",
        )
    })
    .with(ES256_SIGN, move || -> Result<Signature, _> {
        signer.try_sign(black_box(&MESSAGE))
    })
    .with(ES256_VERIFY, move || {
        verifier.verify(black_box(&MESSAGE), &es256)
    })
    .with(PS256_SIGN, move || {
        rsa.pss_sign_with_rng::<Sha256, _>(&mut random_3, black_box(&MESSAGE))
    })
    .with(PS256_VERIFY, move || {
        rsa_public.pss_verify::<Sha256>(black_box(&MESSAGE), &ps256)
    }))
}
