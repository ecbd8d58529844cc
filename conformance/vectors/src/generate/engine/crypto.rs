//! Functions that hash, sign, seal.

use encryptediot::crypto::{
    Aes128Gcm, Aes256Gcm, KemPublic, KemSecret, SecretBytes, SigningKey, Work, hkdf_expand,
    hpke_seal, hpke_seal_export, passphrase_derived_key, sha256,
};
use encryptediot::keys::kem_id;
use encryptediot::segment::SEGMENT;
use encryptediot::{cose, message, statement};
use rand_core::Rng as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::{Pkcs1v15Sign, PrivateKey, Pss};
use sha2::{Digest as _, Sha256};

use super::super::super::{Error, Result};
use super::super::item::Item;
use super::super::world::{bad_rsa, rng, rng_of};
use super::functions::{Arguments, Functions, bytes};

/// Calls a function of this name.
///
/// # Errors
/// If there is none, or it is not of these arguments.
pub fn call(functions: &Functions<'_>, name: &str, a: &Arguments<'_>) -> Result<Item> {
    Ok(match name {
        "sha256" => Item::bytes(sha256(&a.bytes(0)?)),
        // The hash that names a message, which is that of a leaf.
        "hash" => Item::bytes(message::hash(&a.bytes(0)?).0),
        // What SPEC names a public key by.
        "key-id" => Item::bytes(kem_id(&KemPublic::from_bytes(&a.bytes(0)?)?).0),
        // Bytes drawn with a seed.
        "random" => {
            let mut out = vec![0; a.size(1)?];
            rng(a.number(0)?).fill_bytes(&mut out);
            Item::Bytes(out)
        }
        // SPEC's safety number: account, member's key.
        "safety-number" => Item::text(&safety_number(&a.bytes(0)?, &a.bytes(1)?)),
        // An RSA key that no account may have, by its kind, as PKCS #8.
        "other-rsa" => {
            let kind = a.text(0)?;
            let found = bad_rsa()?.into_iter().find(|(name, _)| *name == kind);
            let none = || Error::Generate(format!("no RSA key of {kind}"));
            Item::Bytes(found.ok_or_else(none)?.1)
        }
        // The public key of 32 private bytes, for ECDH or for ECDSA.
        "public" => Item::bytes(KemSecret::from_bytes(&a.array(0)?)?.public().as_bytes()),
        // `context` of SPEC: type, account, place.
        "context" => {
            let parts = [a.item(0)?, &Item::Uint(1), a.item(1)?, a.item(2)?];
            Item::bytes(Item::Array(parts.map(Clone::clone).to_vec()).encode())
        }
        // `sealed` of SPEC: key, context, plaintext, seed.
        "seal" => {
            let (key, context) = (SecretBytes::new(a.array(0)?), a.bytes(1)?);
            Item::bytes(cose::seal(
                &key,
                &context,
                &a.bytes(2)?,
                &mut rng(a.number(3)?),
            )?)
        }
        // `wrapped` of SPEC: public key, context, plaintext, seed.
        "wrap" => {
            let (to, context) = (KemPublic::from_bytes(&a.bytes(0)?)?, a.bytes(1)?);
            let (enc, text) = hpke_seal(&to, &context, &[], &a.bytes(2)?, &mut rng(a.number(3)?))?;
            Item::Array(vec![Item::bytes(enc), Item::bytes(text)])
        }
        // `wrapped` as of a library that takes points in other forms: public key, context, plaintext, seed,
        // and the first byte of the encapsulated key, 2 for a compressed one or 6 for a hybrid one.
        "wrap-as" => wrap_as(a)?,
        // HPKE with an exported key: public key, context, exporter context, seed; enc, tag and key.
        "wrap-export" => {
            let (to, context) = (KemPublic::from_bytes(&a.bytes(0)?)?, a.bytes(1)?);
            let (exporter, mut rng) = (a.bytes(2)?, rng(a.number(3)?));
            let (enc, tag, key) = hpke_seal_export(&to, &context, &[], &[], &exporter, &mut rng)?;
            let parts = [&enc[..], &tag, key.as_bytes()];
            Item::Array(parts.map(Item::bytes).to_vec())
        }
        // AES-128-GCM: key, nonce, associated data, plaintext.
        "aes" => {
            let (key, nonce) = (a.array(0)?, a.array(1)?);
            Item::bytes(Aes128Gcm::new(&key).seal(&nonce, &a.bytes(2)?, &a.bytes(3)?)?)
        }
        // AES-256-GCM, likewise.
        "aes256" => {
            let (key, nonce) = (a.array(0)?, a.array(1)?);
            Item::bytes(Aes256Gcm::new(&key).seal(&nonce, &a.bytes(2)?, &a.bytes(3)?)?)
        }
        // The tag of AES-256-GCM over so many zeros of ciphertext: key, nonce, associated data, how many.
        "zeros-tag" => {
            let (key, nonce, aad) = (Aes256Gcm::new(&a.array(0)?), a.array(1)?, a.bytes(2)?);
            let length = a.size(3)?;
            let mut stream = key.seal(&nonce, &aad, &vec![0; length])?;
            stream.truncate(length);
            let sealed = key.seal(&nonce, &aad, &stream)?;
            Item::bytes(sealed.get(length..).unwrap_or_default())
        }
        // A body's segments, sealed as SPEC has it: key, context, plaintext.
        "seal-segments" => {
            let (key, context, plain) = (Aes128Gcm::new(&a.array(0)?), a.bytes(1)?, a.bytes(2)?);
            let mut segments: Vec<&[u8]> = plain.chunks(SEGMENT).collect();
            if segments.is_empty() {
                segments.push(&[]);
            }
            let last = segments.len() - 1;
            let seal = |(number, segment): (usize, &&[u8])| -> Result<Item> {
                let mut nonce = [0; 12];
                nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
                nonce[11] = u8::from(number == last);
                Ok(Item::bytes(key.seal(&nonce, &context, segment)?))
            };
            let sealed = segments.iter().enumerate().map(seal);
            Item::Array(sealed.collect::<Result<_>>()?)
        }
        // HKDF-Expand with SHA-256: key, info, length.
        "expand" => {
            let mut out = vec![0; a.size(2)?];
            hkdf_expand(&a.array(0)?, &[&a.bytes(1)?], &mut out)?;
            Item::Bytes(out)
        }
        // Passphrase, salt and `work` of SPEC.
        "pdk" => {
            let work = a.list(2)?.iter().map(|item| match item {
                Item::Uint(n) => u32::try_from(*n).ok(),
                _ => None,
            });
            let work: Option<Vec<u32>> = work.collect();
            let Some([log_n, r, p, iterations]) = work.as_deref() else {
                return Err(Error::Generate("no work".to_owned()));
            };
            let work = Work {
                log_n: u8::try_from(*log_n).map_err(wrong)?,
                r: *r,
                p: *p,
                iterations: *iterations,
            };
            Item::bytes(passphrase_derived_key(&a.bytes(0)?, &a.array(1)?, &work)?.as_bytes())
        }
        // A signature of 64 bytes: private key, what is signed.
        "es256" => Item::bytes(SigningKey::from_bytes(&a.array(0)?)?.sign(&a.bytes(1)?)?),
        // A signature of 256 bytes: private key, what is signed, and what the salt is drawn from if
        // not from that.
        "ps256" => {
            let (key, signed) = (functions.signer(&a.bytes(0)?)?, a.bytes(1)?);
            let mut rng = rng_of(&a.bytes(2).unwrap_or(signed.clone()));
            Item::bytes(key.sign(&mut rng, &signed)?)
        }
        // The paper's certificates, drawn one after the other: private key, seed, keys.
        "certificates" => {
            let (key, mut rng) = (functions.signer(&a.bytes(0)?)?, rng(a.number(1)?));
            let certify = |public: &Item| -> Result<Item> {
                let signature = key.sign(&mut rng, &bytes(public))?;
                Ok(Item::Array(vec![public.clone(), Item::bytes(signature)]))
            };
            Item::Array(a.list(2)?.iter().map(certify).collect::<Result<_>>()?)
        }
        // RSASSA-PSS with a salt of another length: private key, what is signed, length.
        "pss" => {
            let key = PrivateKey::from_pkcs8_der(&a.bytes(0)?).map_err(wrong)?;
            let (digest, salt) = (Sha256::digest(a.bytes(1)?), a.size(2)?);
            let padding = Pss::<Sha256>::new_with_salt(salt);
            Item::Bytes(
                key.sign_with_rng(&mut rng(60), padding, &digest)
                    .map_err(wrong)?,
            )
        }
        // RSASSA-PKCS1-v1_5: private key, what is signed.
        "pkcs1" => {
            let key = PrivateKey::from_pkcs8_der(&a.bytes(0)?).map_err(wrong)?;
            let padding = Pkcs1v15Sign::new::<Sha256>();
            Item::Bytes(
                key.sign(padding, &Sha256::digest(a.bytes(1)?))
                    .map_err(wrong)?,
            )
        }
        // A statement: account's key, account, leaf.
        "sign" => signed(functions, a, vec![a.bytes(2)?], 0)?,
        // The statement at a place in a tree: account's key, account, leaves, place.
        "sign-tree" => signed(
            functions,
            a,
            a.list(2)?.iter().map(bytes).collect(),
            a.size(3)?,
        )?,
        _ => return Err(Error::Generate(format!("there is no function `{name}`"))),
    })
}

/// HPKE in which the encapsulated key has another form wherever it stands.
fn wrap_as(a: &Arguments<'_>) -> Result<Item> {
    let (to, context, plain) = (a.bytes(0)?, a.bytes(1)?, a.bytes(2)?);
    let mut scalar = [0; 32];
    rng(a.number(3)?).fill_bytes(&mut scalar);
    let secret = p256::SecretKey::from_slice(&scalar).map_err(wrong)?;
    let public = p256::PublicKey::from_sec1_bytes(&to).map_err(wrong)?;
    let shared = p256::ecdh::diffie_hellman(secret.to_nonzero_scalar(), public.as_affine());
    let mut enc = secret.public_key().to_sec1_bytes().to_vec();
    let odd = enc.last().copied().unwrap_or_default() & 1;
    let form = a.number(4)? as u8;
    enc[0] = form + odd;
    if form == 2 {
        enc.truncate(33);
    }
    let kem = [b"KEM", &[0, 0x10][..]].concat();
    let eae = extract(&kem, &[], b"eae_prk", shared.raw_secret_bytes());
    let shared = expand(&kem, &eae, b"shared_secret", &[&enc[..], &to].concat(), 32)?;
    let suite = [b"HPKE", &[0, 0x10, 0, 1, 0, 1][..]].concat();
    let id = extract(&suite, &[], b"psk_id_hash", &[]);
    let info = extract(&suite, &[], b"info_hash", &context);
    let schedule = [&[0][..], &id, &info].concat();
    let secret = extract(&suite, &shared, b"secret", &[]);
    let key = expand(&suite, &secret, b"key", &schedule, 16)?;
    let nonce = expand(&suite, &secret, b"base_nonce", &schedule, 12)?;
    let key = Aes128Gcm::new(&key.try_into().map_err(|_| wrong("no key"))?);
    let nonce = nonce.try_into().map_err(|_| wrong("no nonce"))?;
    let text = key.seal(&nonce, &[], &plain)?;
    Ok(Item::Array(vec![Item::Bytes(enc), Item::Bytes(text)]))
}

/// RFC 9180 section 4, LabeledExtract.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], material: &[u8]) -> [u8; 32] {
    let labeled = [b"HPKE-v1", suite, label, material].concat();
    let (key, _) = hkdf::Hkdf::<Sha256>::extract(Some(salt), &labeled);
    key.into()
}

/// RFC 9180 section 4, LabeledExpand.
fn expand(
    suite: &[u8],
    key: &[u8; 32],
    label: &[u8],
    info: &[u8],
    length: usize,
) -> Result<Vec<u8>> {
    let size = (length as u16).to_be_bytes();
    let labeled = [&size, &b"HPKE-v1"[..], suite, label, info].concat();
    let mut out = vec![0; length];
    hkdf_expand(key, &[&labeled], &mut out)?;
    Ok(out)
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::Generate(error.to_string())
}

fn signed(
    functions: &Functions<'_>,
    a: &Arguments<'_>,
    leaves: Vec<Vec<u8>>,
    place: usize,
) -> Result<Item> {
    let (key, account) = (
        functions.signer(&a.bytes(0)?)?,
        encryptediot::cbor::Bytes(a.array(1)?),
    );
    let mut rng = rng_of(&leaves.concat());
    let all = statement::sign_all(key, &account, leaves, &mut rng)?;
    let none = || Error::Generate("there is no such leaf".to_owned());
    Item::parse(all.get(place).ok_or_else(none)?)
}

/// Two halves of six groups of five digits.
fn safety_number(account: &[u8], member: &[u8]) -> String {
    let half = |half: &[u8]| -> Vec<String> {
        let hash = sha256(&[b"eiot/1 safety number ", half, b" ", account, member].concat());
        let number = |group: &[u8]| group.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let groups = hash.chunks(5).take(6);
        groups
            .map(|group| format!("{:05}", number(group) % 100_000))
            .collect()
    };
    [half(b"1"), half(b"2")].concat().join(" ")
}
