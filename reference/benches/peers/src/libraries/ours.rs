// Included for each backend, with its `crypto`.

/// The primitives of `crypto`.
pub fn library(name: &'static str, inputs: &Inputs) -> Result<Library> {
    let (sealing, opening) = (crypto::Aes128Gcm::new(&KEY), crypto::Aes128Gcm::new(&KEY));
    let signer = crypto::SigningKey::from_bytes(&SCALAR)?;
    let (verifier, es256) = (signer.verifying_key(), inputs.es256);
    let rsa = crypto::RsaSigningKey::from_pkcs8(&inputs.rsa)?;
    let (rsa_public, ps256) = (rsa.public().clone(), inputs.ps256);
    let kem = crypto::KemSecret::from_bytes(&SCALAR)?;
    let (public, mut random) = (kem.public(), rng());
    let (enc, sealed) = crypto::hpke_seal(&public, &INFO, b"", &KEY, &mut random)?;
    let (mut random_2, mut random_3) = (rng(), rng());
    Ok(Library::new(
        name,
        move |nonce, buffer| tagged(buffer, |text| sealing.seal_in_place(nonce, &AAD, text)),
        move |nonce, buffer| took(opening.open_in_place(nonce, &AAD, buffer)).map(drop),
    )
    .with(SHA_256_SHORT, || always(crypto::sha256(black_box(&INFO))))
    .with(SHA_256, || always(crypto::sha256(black_box(&DATA))))
    .with(HKDF, || {
        let mut out = [0; 16];
        crypto::hkdf_expand(black_box(&KEY_32), &[&INFO], &mut out).map(|()| out)
    })
    .with(SCRYPT, || {
        crypto::scrypt(black_box(&KEY_32), &SALT, &crypto::Work::DEFAULT)
    })
    .with(PASSPHRASE, || {
        crypto::passphrase_derived_key(black_box(&KEY_32), &SALT, &crypto::Work::DEFAULT)
    })
    .with(KEY_PAIR, move || crypto::KemSecret::generate(&mut random))
    .with(HPKE_SEAL, move || {
        crypto::hpke_seal(&public, &INFO, b"", black_box(&KEY), &mut random_2)
    })
    .with(HPKE_OPEN, move || {
        crypto::hpke_open(&kem, &enc, &INFO, b"", black_box(&sealed))
    })
    .with(ES256_SIGN, move || signer.sign(black_box(&MESSAGE)))
    .with(ES256_VERIFY, move || {
        verifier.verify(black_box(&MESSAGE), &es256)
    })
    .with(PS256_SIGN, move || {
        rsa.sign(&mut random_3, black_box(&MESSAGE))
    })
    .with(PS256_VERIFY, move || {
        rsa_public.verify(black_box(&MESSAGE), &ps256)
    }))
}
