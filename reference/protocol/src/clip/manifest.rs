//! The manifest: the camera vouches for a clip, its place in the stream and every envelope.

use minicbor::{Decode, Encode};

use super::envelope::Envelope;
use crate::action::{self, Value};
use crate::cose::{self, Signed};
use crate::crypto::{SigningKey, VerifyingKey};
use crate::error::{ClipError, Result};
use crate::keys::{Name, verifying_id};
use crate::message::{self, AccountId, Body, Hash, Time};
use crate::segment::{self, ClipId, MAX_SESSION};

/// The manifest, `COSE_Sign1` under the camera's key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Manifest {
    /// The camera.
    #[n(0)]
    pub camera: VerifyingKey,
    /// The stream.
    #[n(1)]
    pub stream: Name,
    /// Counts the stream's clips, from 1, across announcements.
    #[n(2)]
    pub sequence: u64,
    /// The hash of the manifest before, none for the first.
    #[n(3)]
    pub previous: Option<Hash>,
    /// The announcement in force.
    #[n(4)]
    pub announcement: Hash,
    /// The clip.
    #[n(5)]
    pub clip: ClipId,
    /// The camera's time when the session began.
    #[n(6)]
    pub start: Time,
    /// The camera's time when it ended.
    #[n(7)]
    pub end: Time,
    /// Plaintext bytes of the body.
    #[n(8)]
    pub length: u64,
    /// SHA-256 of every sealed segment.
    #[n(9)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub segments: Vec<Hash>,
    /// The session key for every recipient.
    #[n(10)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub envelopes: Vec<Envelope>,
}

impl Body for Manifest {
    const TYPE: &'static str = "manifest";
}

impl Manifest {
    /// What the model's rules of recording and viewing say of a clip.
    pub(crate) fn facts(&self, account: &AccountId) -> Vec<(&'static str, Value)> {
        let segments: Vec<u8> = self.segments.iter().flat_map(|hash| hash.0).collect();
        vec![
            ("U", action::name(account)),
            ("cam", action::public("key", verifying_id(&self.camera))),
            ("s", action::name(&self.stream)),
            ("e", action::fresh("epoch", self.announcement)),
            ("w", Value::Span(self.start, self.end)),
            ("sk", action::fresh("session", self.clip)),
            ("clip", action::fresh("content", message::hash(&segments))),
            ("n", action::fresh("clip", self.clip)),
        ]
    }
}

/// Signs a manifest.
///
/// # Errors
/// `crypto`.
pub fn sign(key: &SigningKey, account: &AccountId, manifest: Manifest) -> Result<Vec<u8>> {
    cose::sign(key, message::encode(account, manifest))
}

/// Verifies a manifest under the key of the camera that must have made it, and that its own
/// numbers agree.
///
/// # Errors
/// Those of [`cose::open`]; `wrong-stream`; `manifest-shape`.
pub fn open(
    account: &AccountId,
    camera: &VerifyingKey,
    stream: &Name,
    bytes: &[u8],
) -> Result<Signed<Manifest>> {
    let signed = cose::open::<Manifest>(camera, account, bytes)?;
    let m = &signed.body;
    if m.camera != *camera || m.stream != *stream {
        return Err(ClipError::WrongStream.into());
    }
    let shape = m.segments.len() as u64 == segment::count(m.length)
        && m.length <= MAX_SESSION
        && m.start <= m.end
        && m.sequence >= 1
        && m.previous.is_none() == (m.sequence == 1);
    if !shape {
        return Err(ClipError::ManifestShape.into());
    }
    Ok(signed)
}
