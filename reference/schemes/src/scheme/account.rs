//! Enrollment as section 3.2.1 has it, step by step: what a phone makes, what it uploads, and how a
//! further phone comes by it. Ring's scheme and the paper's profile share it.
//!
//! Blobs and certificates are as bare as the text: no type, no account, no role is bound to them
//! (SPEC, errata E2, E3 and E14 say what that costs).

use minicbor::bytes::ByteVec;

use super::World;
use encryptediot::cbor::{self, Bytes};
use encryptediot::cloud::Cloud as _;
use encryptediot::cose::{self, Key};
use encryptediot::crypto::{self, KemPublic, KemSecret, RsaPublic, RsaSigningKey, SecretBytes};
use encryptediot::error::{AccountError, MessageError, Result};
use encryptediot::passphrase::Passphrase;

/// Where the account's blobs lie.
pub mod place {
    /// Salt and cost of the passphrase function.
    pub const SALT: &str = "account/salt";
    /// The public ASK, self-signed root.
    pub const ROOT: &str = "account/root";
    /// The private ASK under the PDK.
    pub const ASK: &str = "account/ask";
    /// The new key under the PDK.
    pub const NEW_KEY: &str = "account/new-key";

    /// The PDK under a phone's IK.
    pub fn pdk(phone: &str) -> String {
        format!("account/pdk/{phone}")
    }

    /// The new key under a phone's IK.
    pub fn new_key(phone: &str) -> String {
        format!("account/new-key-for/{phone}")
    }

    /// Every certified IK.
    pub const INSTANCES: &str = "certificates/ik";

    /// A certified IK.
    pub fn instance(phone: &str) -> String {
        format!("{INSTANCES}/{phone}")
    }
}

/// An enrolled phone: its IK is in its keystore, everything else is in the cloud.
pub struct Phone {
    /// The device's name.
    pub name: String,
    /// The instance key (IK).
    pub ik: KemSecret,
}

/// What the first phone has at hand while it enrolls.
pub struct Made {
    /// The library's phone.
    pub phone: Phone,
    /// Ten words.
    pub passphrase: Passphrase,
    /// The account signing key (ASK).
    pub ask: RsaSigningKey,
    /// The 32 random bytes that the paper calls the new key.
    pub new_key: Key,
}

/// Enrolls the first phone.
///
/// # Errors
/// `crypto`, `work-out-of-range`, `store-unavailable`.
pub fn create(world: &mut World, name: &str) -> Result<Made> {
    let passphrase = Passphrase::generate(&mut world.rng);
    let ask = RsaSigningKey::generate(&mut world.rng)?;
    let new_key: Key = SecretBytes::random(&mut world.rng);
    let salt = *SecretBytes::<16>::random(&mut world.rng).as_bytes();
    let stored = cbor::encode(&(Bytes(salt), world.work));
    world.cloud.put(place::SALT, &stored)?;
    world.cloud.put(place::ROOT, ask.public().modulus())?;
    let pdk = derive(world, &passphrase)?;
    let blob = cose::seal(&pdk, &[], &ask.to_pkcs8()?, &mut world.rng)?;
    world.cloud.put(place::ASK, &blob)?;
    let blob = cose::seal(&pdk, &[], new_key.as_bytes(), &mut world.rng)?;
    world.cloud.put(place::NEW_KEY, &blob)?;
    let phone = add(world, name, &ask, &pdk, &new_key)?;
    Ok(Made {
        phone,
        passphrase,
        ask,
        new_key,
    })
}

/// Enrolls a further phone with the passphrase: PDK, ASK and new key, in the reading in which this
/// works (SPEC, erratum E1).
///
/// # Errors
/// `sealed-open` for a wrong passphrase; `object-missing`; as [`create`].
pub fn recover(world: &mut World, passphrase: &Passphrase, name: &str) -> Result<(Phone, Key)> {
    let pdk = derive(world, passphrase)?;
    let ask = open_ask(world, &pdk)?;
    let new_key = key(&cose::unseal(&pdk, &[], &world.cloud.get(place::NEW_KEY)?)?)?;
    let phone = add(world, name, &ask, &pdk, &new_key)?;
    Ok((phone, new_key))
}

/// The ASK by the IK alone, without a passphrase: "allows an enrolled mobile device to access the
/// private portion of the ASK". The phone compares it with nothing (E2), and whoever has the phone
/// has the account (E4).
///
/// # Errors
/// `sealed-open`, `object-missing`.
pub fn unlock(world: &World, phone: &Phone) -> Result<RsaSigningKey> {
    let pdk = world.cloud.get(&place::pdk(&phone.name))?;
    open_ask(world, &key(&unwrap(&phone.ik, &pdk)?)?)
}

/// The new key by the IK alone.
///
/// # Errors
/// `sealed-open`, `object-missing`.
pub fn new_key(world: &World, phone: &Phone) -> Result<Key> {
    let new_key = world.cloud.get(&place::new_key(&phone.name))?;
    key(&unwrap(&phone.ik, &new_key)?)
}

/// Signs a bare public key with the ASK and uploads both.
///
/// # Errors
/// `crypto`, `store-unavailable`.
pub fn certify(world: &mut World, ask: &RsaSigningKey, place: &str, public: &[u8]) -> Result<()> {
    let certificate = certificate(world, ask, public)?;
    world.cloud.put(place, &certificate)
}

/// A bare public key with its signature.
///
/// # Errors
/// `crypto`.
pub fn certificate(world: &mut World, ask: &RsaSigningKey, public: &[u8]) -> Result<Vec<u8>> {
    let signature = ask.sign(&mut world.rng, public)?;
    let pair = (ByteVec::from(public.to_vec()), Bytes(signature));
    Ok(cbor::encode(&pair))
}

/// The key in a certificate that this root signed.
///
/// # Errors
/// `malformed`, `invalid-signature`.
pub fn verify(root: &RsaPublic, certificate: &[u8]) -> Result<Vec<u8>> {
    let (public, signature): (ByteVec, Bytes<256>) = cbor::decode(certificate)?;
    root.verify(&public, &signature.0)
        .map_err(|_| MessageError::InvalidSignature)?;
    Ok(public.to_vec())
}

/// A P-256 key in a certificate.
pub fn verify_kem(root: &RsaPublic, certificate: &[u8]) -> Result<KemPublic> {
    let public = verify(root, certificate)?;
    Ok(KemPublic::from_bytes(&public).map_err(|_| MessageError::InvalidKey)?)
}

/// The IK of every phone, as the cloud gives them and the root has signed them: "These public keys are
/// downloaded from the Ring cloud and validated using the root".
pub fn instances(world: &World, root: &RsaPublic) -> Result<Vec<KemPublic>> {
    let paths = world.cloud.list(place::INSTANCES)?;
    let verified = paths
        .iter()
        .map(|path| verify_kem(root, &world.cloud.get(path)?));
    verified.collect()
}

/// The root as the cloud gives it.
///
/// # Errors
/// `object-missing`, `invalid-key`.
pub fn root(world: &World) -> Result<RsaPublic> {
    let bytes = world.cloud.get(place::ROOT)?;
    let modulus: &[u8; 256] = (&*bytes).try_into().map_err(|_| MessageError::InvalidKey)?;
    Ok(RsaPublic::from_modulus(modulus).map_err(|_| MessageError::InvalidKey)?)
}

/// Seals to a public key, bound to nothing.
///
/// # Errors
/// `crypto`.
pub fn wrap(world: &mut World, to: &KemPublic, plain: &[u8]) -> Result<Vec<u8>> {
    let (enc, sealed) = crypto::hpke_seal(to, &[], &[], plain, &mut world.rng)?;
    Ok(cbor::encode(&(Bytes(enc), ByteVec::from(sealed))))
}

/// Opens what [`wrap`] sealed.
///
/// # Errors
/// `malformed`, `sealed-open`.
pub fn unwrap(secret: &KemSecret, blob: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    let (enc, sealed): (Bytes<65>, ByteVec) = cbor::decode(blob)?;
    let opened = crypto::hpke_open(secret, &enc.0, &[], &[], &sealed);
    Ok(opened.map_err(|_| AccountError::SealedOpen)?)
}

/// Makes the phone's IK, certifies it, and leaves PDK and new key under it.
fn add(
    world: &mut World,
    name: &str,
    ask: &RsaSigningKey,
    pdk: &Key,
    new_key: &Key,
) -> Result<Phone> {
    let ik = KemSecret::generate(&mut world.rng)?;
    certify(world, ask, &place::instance(name), ik.public().as_bytes())?;
    let blob = wrap(world, &ik.public(), pdk.as_bytes())?;
    world.cloud.put(&place::pdk(name), &blob)?;
    let blob = wrap(world, &ik.public(), new_key.as_bytes())?;
    world.cloud.put(&place::new_key(name), &blob)?;
    Ok(Phone {
        name: name.to_owned(),
        ik,
    })
}

fn derive(world: &World, passphrase: &Passphrase) -> Result<Key> {
    let (salt, work): (Bytes<16>, encryptediot::vault::Work) =
        cbor::decode(&world.cloud.get(place::SALT)?)?;
    let cost = crypto::Work {
        log_n: work.log_n,
        r: work.r,
        p: work.p,
        iterations: work.iterations,
    };
    let pdk = crypto::passphrase_derived_key(passphrase.words().as_bytes(), &salt.0, &cost);
    Ok(pdk.map_err(|_| AccountError::WorkOutOfRange)?)
}

fn open_ask(world: &World, pdk: &Key) -> Result<RsaSigningKey> {
    let pkcs8 = cose::unseal(pdk, &[], &world.cloud.get(place::ASK)?)?;
    Ok(RsaSigningKey::from_pkcs8(&pkcs8).map_err(|_| AccountError::SealedOpen)?)
}

fn key(bytes: &[u8]) -> Result<Key> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| AccountError::SealedOpen)?;
    Ok(SecretBytes::new(bytes))
}
