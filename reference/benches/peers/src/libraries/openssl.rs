//! OpenSSL, by the crate `openssl`.

use super::*;
use ::openssl::bn::{BigNum, BigNumContext};
use ::openssl::cipher::Cipher;
use ::openssl::cipher_ctx::CipherCtx;
use ::openssl::derive::Deriver;
use ::openssl::ec::{EcGroup, EcKey, EcPoint};
use ::openssl::ecdsa::EcdsaSig;
use ::openssl::hash::MessageDigest;
use ::openssl::md::Md;
use ::openssl::nid::Nid;
use ::openssl::pkcs5;
use ::openssl::pkey::{Id, PKey};
use ::openssl::pkey_ctx::{HkdfMode, PkeyCtx};
use ::openssl::rsa::Padding;
use ::openssl::sha::sha256;
use ::openssl::sign::{RsaPssSaltlen, Signer, Verifier};

pub fn library(inputs: &Inputs) -> Result<Library> {
    let (mut sealing, mut opening) = (CipherCtx::new()?, CipherCtx::new()?);
    sealing.encrypt_init(Some(Cipher::aes_128_gcm()), Some(&KEY), None)?;
    opening.decrypt_init(Some(Cipher::aes_128_gcm()), Some(&KEY), None)?;
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let (scalar, mut context) = (BigNum::from_slice(&SCALAR)?, BigNumContext::new()?);
    let point = EcPoint::from_bytes(&group, &inputs.public, &mut context)?;
    let key = EcKey::from_private_components(&group, &scalar, &point)?;
    let public = EcKey::from_public_key(&group, &point)?;
    let (secret, theirs) = (
        PKey::from_ec_key(key.clone())?,
        PKey::from_ec_key(public.clone())?,
    );
    let (r, s) = inputs.es256.split_at(32);
    let (r, s) = (BigNum::from_slice(r)?, BigNum::from_slice(s)?);
    let es256 = EcdsaSig::from_private_components(r, s)?;
    let rsa = PKey::private_key_from_pkcs8(&inputs.rsa)?;
    let (rsa_public, ps256) = (rsa.clone(), inputs.ps256);
    Ok(Library::new(
        "OpenSSL",
        move |nonce, buffer| {
            tagged(buffer, |text| {
                let (length, mut tag) = (text.len(), [0; 16]);
                sealing.encrypt_init(None, None, Some(nonce))?;
                sealing.cipher_update(&AAD, None)?;
                sealing.cipher_update_inplace(text, length)?;
                sealing.cipher_final(&mut [0; 16])?;
                sealing.tag(&mut tag)?;
                anyhow::Ok(tag)
            })
        },
        move |nonce, buffer| {
            let (text, tag) = buffer.split_last_chunk_mut::<16>().context("a tag")?;
            opening.decrypt_init(None, None, Some(nonce))?;
            opening.set_tag(tag)?;
            opening.cipher_update(&AAD, None)?;
            opening.cipher_update_inplace(text, text.len())?;
            opening.cipher_final(&mut [0; 16])?;
            Ok(())
        },
    )
    .with(SHA_256_SHORT, || always(sha256(black_box(&INFO))))
    .with(SHA_256, || always(sha256(black_box(&DATA))))
    .with(HKDF, || {
        let (mut context, mut out) = (PkeyCtx::new_id(Id::HKDF)?, [0; 16]);
        context.derive_init()?;
        context.set_hkdf_mode(HkdfMode::EXPAND_ONLY)?;
        context.set_hkdf_md(Md::sha256())?;
        context.set_hkdf_key(black_box(&KEY_32))?;
        context.add_hkdf_info(&INFO)?;
        context.derive(Some(&mut out))?;
        anyhow::Ok(out)
    })
    .with(PBKDF2, || {
        let (sha256, mut out) = (MessageDigest::sha256(), [0; 32]);
        pkcs5::pbkdf2_hmac(black_box(&KEY_32), &SALT, 100_000, sha256, &mut out).map(|()| out)
    })
    .with(SCRYPT, || {
        let mut out = [0; 32];
        pkcs5::scrypt(
            black_box(&KEY_32),
            &SALT,
            1 << 17,
            8,
            1,
            256 << 20,
            &mut out,
        )
        .map(|()| out)
    })
    .with(KEY_PAIR, move || EcKey::generate(&group))
    .with(ECDH, move || {
        let mut deriver = Deriver::new(&secret)?;
        deriver.set_peer(&theirs)?;
        deriver.derive_to_vec()
    })
    .with(ES256_SIGN, move || {
        EcdsaSig::sign(&sha256(black_box(&MESSAGE)), &key)
    })
    .with(ES256_VERIFY, move || {
        let good = es256.verify(&sha256(black_box(&MESSAGE)), &public)?;
        good.then_some(()).context("a signature")
    })
    .with(PS256_SIGN, move || {
        let mut signer = Signer::new(MessageDigest::sha256(), &rsa)?;
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        signer.sign_oneshot_to_vec(black_box(&MESSAGE))
    })
    .with(PS256_VERIFY, move || {
        let mut verifier = Verifier::new(MessageDigest::sha256(), &rsa_public)?;
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        let good = verifier.verify_oneshot(&ps256, black_box(&MESSAGE))?;
        good.then_some(()).context("a signature")
    }))
}
