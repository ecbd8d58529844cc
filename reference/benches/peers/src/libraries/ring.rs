// Included for ring and for aws-lc-rs, as `library`: all that their interfaces share.

use library::{aead, agreement, digest, hkdf, pbkdf2, rand, signature};

fn key() -> Result<aead::LessSafeKey> {
    took(aead::UnboundKey::new(&aead::AES_128_GCM, &KEY)).map(aead::LessSafeKey::new)
}

/// HKDF is to put out 16 bytes.
struct Short;

impl hkdf::KeyType for Short {
    fn len(&self) -> usize {
        16
    }
}

fn common(name: &'static str, inputs: &Inputs, signer: signature::EcdsaKeyPair) -> Result<Library> {
    let (sealing, opening, random) = (key()?, key()?, rand::SystemRandom::new());
    let rsa = took(signature::RsaKeyPair::from_pkcs8(&inputs.rsa))?;
    let es256 = (inputs.public, inputs.es256);
    let ps256 = (inputs.modulus, inputs.ps256);
    let (random_2, random_3) = (random.clone(), random.clone());
    Ok(Library::new(
        name,
        move |nonce, buffer| {
            let nonce = aead::Nonce::assume_unique_for_key(*nonce);
            tagged(buffer, |text| {
                sealing.seal_in_place_separate_tag(nonce, aead::Aad::from(&AAD), text)
            })
        },
        move |nonce, buffer| {
            let nonce = aead::Nonce::assume_unique_for_key(*nonce);
            took(opening.open_in_place(nonce, aead::Aad::from(&AAD), buffer)).map(drop)
        },
    )
    .with(SHA_256_SHORT, || {
        always(digest::digest(&digest::SHA256, black_box(&INFO)))
    })
    .with(SHA_256, || {
        always(digest::digest(&digest::SHA256, black_box(&DATA)))
    })
    .with(HKDF, || {
        let mut out = [0; 16];
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, black_box(&KEY_32))
            .expand(&[&INFO], Short)
            .and_then(|okm| okm.fill(&mut out))
            .map(|()| out)
    })
    .with(PBKDF2, || {
        let (algorithm, mut out) = (pbkdf2::PBKDF2_HMAC_SHA256, [0; 32]);
        let rounds = std::num::NonZeroU32::new(100_000).context("rounds")?;
        pbkdf2::derive(algorithm, rounds, &SALT, black_box(&KEY_32), &mut out);
        anyhow::Ok(out)
    })
    .with(KEY_PAIR, move || {
        agreement::EphemeralPrivateKey::generate(&agreement::ECDH_P256, &random)
            .and_then(|secret| secret.compute_public_key())
    })
    .with(ES256_SIGN, move || {
        signer.sign(&random_2, black_box(&MESSAGE))
    })
    .with(ES256_VERIFY, move || {
        let algorithm = &signature::ECDSA_P256_SHA256_FIXED;
        signature::UnparsedPublicKey::new(algorithm, es256.0).verify(&MESSAGE, &es256.1)
    })
    .with(PS256_SIGN, move || {
        let mut out = [0; 256];
        let padding = &signature::RSA_PSS_SHA256;
        rsa.sign(padding, &random_3, black_box(&MESSAGE), &mut out)
            .map(|()| out)
    })
    .with(PS256_VERIFY, move || {
        let (n, e) = (ps256.0.as_slice(), [1, 0, 1].as_slice());
        let algorithm = &signature::RSA_PSS_2048_8192_SHA256;
        signature::RsaPublicKeyComponents { n, e }.verify(algorithm, &MESSAGE, &ps256.1)
    }))
}
