//! Clips: sealing, manifests, envelopes, bodies (SPEC sections "Clips" and "Viewing").

use encryptediot_testkit::MemoryCloud;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Fixed, Hex, Released, Role, name};
use super::{Devices, Done, Outcome, Refused};
use encryptediot::clip::{self, Envelope, OpenClip};
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::crypto::{hpke_shared_secret, sha256};
use encryptediot::error::Result;
use encryptediot::keys::kem_id;
use encryptediot::segment::{Sealer, SessionKey};
use encryptediot::view;

/// Seals a body in segments, as a camera does.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BodySeal {
    /// The account.
    account: Fixed<32>,
    /// The clip.
    clip: Fixed<16>,
    /// The session key.
    session_key: Fixed<16>,
    /// One byte of the plaintext, which is this byte over and over.
    byte: Fixed<1>,
    /// How many bytes of plaintext.
    length: u64,
}

/// What the manifest says of a sealed body, and the body's own hash.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Sealed {
    /// SHA-256 of each sealed segment.
    segments: Vec<Fixed<32>>,
    /// SHA-256 of the sealed segments, one after the other.
    sha256: Fixed<32>,
}

pub fn body_seal(input: BodySeal, _: &mut Devices) -> Outcome<Done<Sealed>> {
    let context = clip::segment_context(&input.account.into(), &input.clip.into());
    let length = usize::try_from(input.length.min(clip::MAX_SESSION)).unwrap_or(0);
    let [byte] = input.byte.0;
    let key = SessionKey::new(input.session_key.0);
    let mut sealer = Sealer::new(&key, context.clone(), Vec::new());
    sealer.write(&vec![byte; length])?;
    let sealed = sealer.finish()?;
    let output = Sealed {
        segments: sealed.hashes.into_iter().map(Into::into).collect(),
        sha256: Fixed(sha256(&sealed.body)),
    };
    Ok(Done::from(output).with("context", context))
}

/// Verifies a manifest under the camera's key: signature, stream, and that its numbers agree.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestOpen {
    /// The pinned account.
    account: Fixed<32>,
    /// The camera's key.
    camera: Fixed<65>,
    /// The stream.
    stream: String,
    /// The `COSE_Sign1`.
    manifest: Hex,
}

/// What a manifest says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Manifest {
    /// Its hash.
    hash: Fixed<32>,
    /// The clip's number.
    sequence: u64,
    /// The hash of the manifest before, `null` for the first.
    previous: Option<Fixed<32>>,
    /// The hash of the announcement in force.
    announcement: Fixed<32>,
    /// The clip.
    clip: Fixed<16>,
    /// When it began.
    start: u64,
    /// When it ended.
    end: u64,
    /// Bytes of plaintext.
    length: u64,
    /// How many segments.
    segments: usize,
    /// The short names of the keys that it is wrapped for, in their order.
    recipients: Vec<Fixed<16>>,
}

pub fn manifest_open(input: ManifestOpen, _: &mut Devices) -> Outcome<Manifest> {
    let (camera, stream) = (input.camera.verifying()?, name(&input.stream)?);
    let signed = clip::open(&input.account.into(), &camera, &stream, &input.manifest.0)?;
    let (hash, body) = (signed.hash.into(), signed.body);
    Ok(Manifest {
        hash,
        sequence: body.sequence,
        previous: body.previous.map(Into::into),
        announcement: body.announcement.into(),
        clip: body.clip.into(),
        start: body.start,
        end: body.end,
        length: body.length,
        segments: body.segments.len(),
        recipients: body.envelopes.iter().map(|e| e.recipient.into()).collect(),
    })
}

/// Opens the envelope for a private key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeOpen {
    /// The account.
    account: Fixed<32>,
    /// The stream.
    stream: String,
    /// The announcement's hash; for the role `past`, the manifest's.
    statement: Fixed<32>,
    /// The clip.
    clip: Fixed<16>,
    /// What the key is for.
    role: Role,
    /// The private key.
    private: Fixed<32>,
    /// The envelopes, as in the manifest.
    envelopes: Vec<EnvelopeBytes>,
}

/// An envelope.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EnvelopeBytes {
    /// The short name of the recipient's key.
    recipient: Fixed<16>,
    /// The encapsulated key.
    enc: Fixed<65>,
    /// The sealed session key and the tag.
    sealed: Fixed<32>,
}

/// What an envelope holds.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Session {
    /// The session key.
    session_key: Fixed<16>,
}

pub fn envelope_open(input: EnvelopeOpen, _: &mut Devices) -> Outcome<Done<Session>> {
    let (account, stream) = (input.account.into(), name(&input.stream)?);
    let (statement, clip) = (input.statement.into(), input.clip.into());
    let envelope = |e: &EnvelopeBytes| Envelope {
        recipient: e.recipient.into(),
        enc: e.enc.into(),
        sealed: e.sealed.into(),
    };
    let envelopes: Vec<_> = input.envelopes.iter().map(envelope).collect();
    let (role, secret) = (input.role.into(), input.private.decrypting()?);
    let opened = clip::unwrap(
        &account, &stream, &statement, &clip, &envelopes, role, &secret,
    );
    let session_key = Fixed(*opened?.as_bytes());
    let info = clip::envelope_context(&account, &stream, &statement, &clip, role);
    let id = kem_id(&secret.public());
    let own = envelopes.iter().find(|e| e.recipient == id);
    let shared = own.map(|e| hpke_shared_secret(&secret, &e.enc.0));
    let shared = shared.transpose()?.map(|s| s.as_bytes().to_vec());
    Ok(Done::from(Session { session_key })
        .with("info", info)
        .with("shared_secret", shared.unwrap_or_default()))
}

/// Reads a clip's body from a segment to its end: verifies each segment, then releases it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BodyOpen {
    /// The account.
    account: Fixed<32>,
    /// The camera's key.
    camera: Fixed<65>,
    /// The stream.
    stream: String,
    /// The manifest, `COSE_Sign1`: a good one.
    manifest: Hex,
    /// The session key.
    session_key: Fixed<16>,
    /// The segment to read from, from 0.
    first: u64,
    /// The body as the cloud returns it, `null` if it does not.
    body: Option<Hex>,
}

pub fn body_open(input: BodyOpen, _: &mut Devices) -> Outcome<Released> {
    let (camera, stream) = (input.camera.verifying()?, name(&input.stream)?);
    let account = input.account.into();
    let manifest = clip::open(&account, &camera, &stream, &input.manifest.0)?.body;
    let cloud = MemoryCloud::default();
    if let Some(body) = &input.body {
        cloud.put(&Paths(account).body(&manifest.clip), &body.0)?;
    }
    let clip = OpenClip::new(&account, manifest, &SessionKey::new(input.session_key.0));
    released(|out| view::read(&cloud, &account, &clip, input.first, out))
}

/// Reads, and says what was released, whether it came to its end or not.
pub fn released(read: impl FnOnce(&mut Vec<u8>) -> Result<u64>) -> Outcome<Released> {
    let mut out = Vec::new();
    let result = read(&mut out);
    let output = Released {
        released: out.len() as u64,
        sha256: Fixed(sha256(&out)),
    };
    match result {
        Ok(_) => Ok(output),
        Err(error) => Err(Refused::Reason(error, Some(output))),
    }
}
