//! Ring's scheme and the paper's profile, as their text has them (`scheme`): for comparison. What they
//! accept and ought not to is in SPEC's errata.

use minicbor::bytes::ByteVec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Fixed, Hex, Released, not};
use super::{Devices, Outcome, Refused};
use encryptediot::announcement::Window;
use encryptediot::cbor::{self, Bytes};
use encryptediot::cloud::Cloud as _;
use encryptediot::cose;
use encryptediot::crypto::{KemSecret, RsaPublic, sha256};
use encryptediot::error::AccountError;
use encryptediot::passphrase::Passphrase;
use encryptediot_schemes::oaep::OaepSecret;
use encryptediot_schemes::scheme::envelope::{self, Secret};
use encryptediot_schemes::scheme::{World, account};

/// What draws the randomness that no output shows.
const SEED: u64 = 1;

fn root(modulus: &Fixed<256>) -> Result<RsaPublic, Refused> {
    RsaPublic::from_modulus(&modulus.0).map_err(|_| not("a modulus of 2,048 bits"))
}

/// Ring: verifies a certificate, `[public key, PS256 signature over its bytes]` in CBOR, under a root.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateOpen {
    /// The root's modulus.
    root: Fixed<256>,
    /// The certificate.
    certificate: Hex,
}

/// A certified key.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Certified {
    /// The key's bytes: of what kind it is, nothing says.
    public: Hex,
}

pub fn certificate_open(input: CertificateOpen, _: &mut Devices) -> Outcome<Certified> {
    let public = account::verify(&root(&input.root)?, &input.certificate.0)?.into();
    Ok(Certified { public })
}

/// Ring: opens what is encrypted to a P-256 key: `[enc, ciphertext]` in CBOR, HPKE with an empty `info`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrappedOpen {
    /// The private key.
    private: Fixed<32>,
    /// The blob.
    blob: Hex,
}

/// What was encrypted.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Opened {
    /// The plaintext.
    plaintext: Hex,
}

pub fn wrapped_open(input: WrappedOpen, _: &mut Devices) -> Outcome<Opened> {
    let plaintext = account::unwrap(&input.private.decrypting()?, &input.blob.0)?;
    let plaintext = plaintext.to_vec().into();
    Ok(Opened { plaintext })
}

/// Ring: a second phone recovers the account from the passphrase (section 3.2.1, read so that it works:
/// the new key lies under the PDK). No root is pinned.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    /// The passphrase as it was typed.
    passphrase: String,
    /// Salt and parameters: `[salt, [log-n, r, p, iterations]]` in CBOR.
    salt: Hex,
    /// The ASK (PKCS #8) under the PDK, `COSE_Encrypt0` with an empty context.
    ask: Hex,
    /// The new key under the PDK, likewise.
    new_key: Hex,
    /// The ADK (PKCS #8) under the new key, likewise.
    adk: Hex,
}

/// What a second phone recovers.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Recovered {
    /// The ASK's modulus.
    root: Fixed<256>,
    /// The new key.
    new_key: Fixed<32>,
    /// The ADK's modulus.
    adk: Fixed<256>,
}

pub fn recover(input: Recover, _: &mut Devices) -> Outcome<Recovered> {
    let passphrase = Passphrase::parse(&input.passphrase)?;
    let mut world = World::new(SEED)?;
    for (place, object) in [
        (account::place::SALT, &input.salt),
        (account::place::ASK, &input.ask),
        (account::place::NEW_KEY, &input.new_key),
    ] {
        world.cloud.put(place, &object.0)?;
    }
    let (phone, new_key) = account::recover(&mut world, &passphrase, "phone")?;
    let ask = account::unlock(&world, &phone)?;
    let adk = cose::unseal(&new_key, &[], &input.adk.0)?;
    let adk = OaepSecret::from_pkcs8(&adk).map_err(|_| AccountError::SealedOpen)?;
    Ok(Recovered {
        root: Fixed(*ask.public().modulus()),
        new_key: Fixed(*new_key.as_bytes()),
        adk: Fixed(*adk.public().modulus()),
    })
}

/// Ring: opens a clip (section 3.2.2). The manifest is `[start, end, length, [* [public key, session key
/// encrypted to it]]]` in CBOR, the video is sealed in segments as SPEC's clips are, with an empty context.
/// Nobody signs either.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordingOpen {
    /// The manifest file.
    manifest: Hex,
    /// The video file.
    video: Hex,
    /// A private key: 32 bytes of a P-256 key (an IK, a (T)DSK), otherwise PKCS #8 of the ADK.
    private: Hex,
}

pub fn recording_open(input: RecordingOpen, _: &mut Devices) -> Outcome<Released> {
    let mut world = World::new(SEED)?;
    let (stream, clip) = ("x", 1);
    world
        .cloud
        .put(&envelope::manifest(stream, clip), &input.manifest.0)?;
    world
        .cloud
        .put(&envelope::video(stream, clip), &input.video.0)?;
    let plain = match <[u8; 32]>::try_from(&*input.private.0) {
        Ok(scalar) => {
            let secret = KemSecret::from_bytes(&scalar).map_err(|_| not("a P-256 scalar"))?;
            envelope::open(&mut world, stream, clip, &[Secret::Ecc(&secret)])
        }
        Err(_) => {
            let adk = OaepSecret::from_pkcs8(&input.private.0).map_err(|_| not("an RSA key"))?;
            envelope::open(&mut world, stream, clip, &[Secret::Rsa(&adk)])
        }
    }?;
    let (released, hash) = (plain.len() as u64, Fixed(sha256(&plain)));
    Ok(Released {
        released,
        sha256: hash,
    })
}

/// Paper: opens a grant (section 5): `[nonce, private key]` in CBOR, encrypted to the member as in
/// `ring-wrapped-open`. Who sent it, nothing says, and the nonce is not looked at.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantOpen {
    /// The private half of the member's key.
    member: Fixed<32>,
    /// The grant.
    grant: Hex,
}

/// What a grant holds.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Granted {
    /// The nonce.
    nonce: Fixed<16>,
    /// The private half of the TDSK.
    private: Fixed<32>,
}

pub fn grant_open(input: GrantOpen, _: &mut Devices) -> Outcome<Granted> {
    let opened = account::unwrap(&input.member.decrypting()?, &input.grant.0)?;
    let (nonce, private): (Bytes<16>, Bytes<32>) = cbor::decode(&opened)?;
    let (nonce, private) = (nonce.into(), private.into());
    Ok(Granted { nonce, private })
}

/// Paper: verifies the stream keys that a camera wraps for, `[* [certificate, window / null]]` in CBOR,
/// and says which of them are for a session (section 4).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeysOpen {
    /// The root's modulus.
    root: Fixed<256>,
    /// The list.
    keys: Hex,
    /// When the session began.
    start: u64,
    /// When it ended.
    end: u64,
}

/// The keys that a session key is wrapped for.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Wanted {
    /// The public keys, in their order.
    keys: Vec<Fixed<65>>,
}

pub fn keys_open(input: KeysOpen, _: &mut Devices) -> Outcome<Wanted> {
    let root = root(&input.root)?;
    let announced: Vec<(ByteVec, Option<Window>)> = cbor::decode(&input.keys.0)?;
    let mut keys = Vec::new();
    for (certificate, window) in announced {
        let key = account::verify_kem(&root, &certificate)?;
        if window.is_none_or(|window| window.contains(input.start, input.end)) {
            keys.push(key.into());
        }
    }
    Ok(Wanted { keys })
}
