//! Clips: one session of a stream, its session key wrapped for everyone who may open it, and the
//! manifest by which the camera vouches for all of it (paper section 3.2.2; SPEC section "Clips").

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::action::{self, Value};
use crate::announcement::{Announcement, Kind, StreamKey};
use crate::cbor::Bytes;
use crate::cose::{self, Signed};
use crate::crypto::{self, KemPublic, KemSecret, SigningKey, VerifyingKey, sha256};
use crate::error::{ClipError, Result};
use crate::keys::{KeyId, Name, kem_id, verifying_id};
use crate::message::{self, AccountId, Body, Hash, Time};
use crate::segment::{self, Opener, Sealed, SessionKey};

/// The name of a clip: 16 random bytes.
pub type ClipId = Bytes<16>;

/// The most plaintext that one session may hold: 64 MiB, 1,024 segments.
pub const MAX_SESSION: u64 = 64 << 20;

/// The session key, wrapped for one recipient by HPKE.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Envelope {
    /// The recipient's key, by its short name.
    #[n(0)]
    pub recipient: KeyId,
    /// The encapsulated key.
    #[n(1)]
    pub enc: Bytes<65>,
    /// The sealed session key and the tag.
    #[n(2)]
    pub sealed: Bytes<32>,
}

/// What an envelope is for, and thus bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// The owner's stream key ([`Kind::Owner`]).
    #[n(0)]
    Owner,
    /// A DSK ([`Kind::Dsk`]).
    #[n(1)]
    Dsk,
    /// A TDSK ([`Kind::Tdsk`]).
    #[n(2)]
    Tdsk,
    /// A phone's instance key (IK).
    #[n(3)]
    Instance,
    /// The TDSK of a past share.
    #[n(4)]
    Past,
}

impl From<Kind> for Role {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Owner => Self::Owner,
            Kind::Dsk => Self::Dsk,
            Kind::Tdsk => Self::Tdsk,
        }
    }
}

/// Where an envelope belongs: the HPKE `info` of its encryption.
pub fn envelope_context(
    account: &AccountId,
    stream: &Name,
    statement: &Hash,
    clip: &ClipId,
    role: Role,
) -> Vec<u8> {
    message::context(
        "envelope",
        account,
        (stream.clone(), *statement, *clip, role),
    )
}

/// Wraps `key` for `recipient`.
///
/// # Errors
/// `crypto`.
#[expect(
    clippy::too_many_arguments,
    reason = "the five fields of the context are the binding"
)]
pub fn wrap<R>(
    account: &AccountId,
    stream: &Name,
    statement: &Hash,
    clip: &ClipId,
    role: Role,
    recipient: &KemPublic,
    key: &SessionKey,
    rng: &mut R,
) -> Result<Envelope>
where
    R: CryptoRng + ?Sized,
{
    let info = envelope_context(account, stream, statement, clip, role);
    let (enc, sealed) = crypto::hpke_seal(recipient, &info, &[], key.as_bytes(), rng)?;
    let sealed = Bytes(
        sealed
            .try_into()
            .map_err(|_| crate::error::ErrorKind::Crypto)?,
    );
    Ok(Envelope {
        recipient: kem_id(recipient),
        enc: Bytes(enc),
        sealed,
    })
}

/// Opens the envelope for `secret`, if there is one.
///
/// # Errors
/// `no-envelope`, `envelope-open`.
pub fn unwrap(
    account: &AccountId,
    stream: &Name,
    statement: &Hash,
    clip: &ClipId,
    envelopes: &[Envelope],
    (role, secret): (Role, &KemSecret),
) -> Result<SessionKey> {
    let id = kem_id(&secret.public());
    let envelope = envelopes
        .iter()
        .find(|e| e.recipient == id)
        .ok_or(ClipError::NoEnvelope)?;
    let info = envelope_context(account, stream, statement, clip, role);
    let plain = crypto::hpke_open(secret, &envelope.enc.0, &info, &[], &envelope.sealed.0)
        .map_err(|_| ClipError::EnvelopeOpen)?;
    let key = <[u8; 16]>::try_from(&**plain).map_err(|_| ClipError::EnvelopeOpen)?;
    Ok(SessionKey::new(key))
}

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

/// The associated data of a clip's segments.
pub fn segment_context(account: &AccountId, clip: &ClipId) -> Vec<u8> {
    message::context("segment", account, *clip)
}

/// Whom a session is wrapped for: the phones and the owner's key always; DSKs while the lease
/// lasts; a TDSK while the lease lasts and if the whole session lies in its window.
pub fn recipients(
    announcement: &Announcement,
    lease_until: Time,
    start: Time,
    end: Time,
) -> Vec<(Role, KemPublic)> {
    let leased = end <= lease_until;
    let entitled = |key: &&StreamKey| match (key.kind, key.window) {
        (Kind::Owner, _) => true,
        (Kind::Dsk, _) => leased,
        (Kind::Tdsk, window) => leased && window.is_some_and(|w| w.contains(start, end)),
    };
    let phones = announcement
        .phones
        .iter()
        .map(|phone| (Role::Instance, phone.instance));
    let keys = announcement.keys.iter().filter(entitled);
    phones
        .chain(keys.map(|key| (Role::from(key.kind), key.public)))
        .collect()
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

/// A clip whose manifest is verified and whose session key this viewer holds.
pub struct OpenClip {
    /// The manifest.
    pub manifest: Manifest,
    opener: Opener,
}

impl OpenClip {
    /// Binds a verified manifest to its session key.
    pub fn new(account: &AccountId, manifest: Manifest, key: &SessionKey) -> Self {
        let context = segment_context(account, &manifest.clip);
        let opener = Opener::new(key, context, manifest.length);
        Self { manifest, opener }
    }

    /// How many segments the clip has.
    pub fn segments(&self) -> u64 {
        self.manifest.segments.len() as u64
    }

    /// Bytes of sealed segment `index`, and where it starts in the body.
    pub fn sealed_range(&self, index: u64) -> std::ops::Range<u64> {
        let start = index * segment::SEALED_SEGMENT as u64;
        let plain = segment::plain_len(self.manifest.length, index);
        start..start + (plain + crypto::TAG_LEN) as u64
    }

    /// Verifies sealed segment `index` against the manifest and opens it in place. Nothing of a
    /// segment is released before all of it is verified.
    ///
    /// Returns how long the plaintext is that `sealed` begins with.
    ///
    /// # Errors
    /// `body-truncated` if bytes are missing, `segment-altered`; then `sealed` holds no plaintext.
    pub fn open_segment(&self, index: u64, sealed: &mut [u8]) -> Result<usize> {
        let expected = self.sealed_range(index);
        let place = usize::try_from(index)
            .ok()
            .and_then(|i| self.manifest.segments.get(i));
        if (sealed.len() as u64) < expected.end - expected.start {
            return Err(ClipError::Truncated.into());
        }
        if place != Some(&Bytes(sha256(sealed))) {
            return Err(ClipError::Segment.into());
        }
        self.opener.open(index, sealed)
    }

    /// Is `plaintext` what the camera sealed as segment `index`? For a link's viewer, who has the
    /// plaintext from another ciphertext.
    ///
    /// # Errors
    /// `segment-altered`.
    pub fn check_plaintext(&self, index: u64, plaintext: &[u8]) -> Result<()> {
        let sealed = self.opener.seal_again(index, plaintext)?;
        let place = usize::try_from(index)
            .ok()
            .and_then(|i| self.manifest.segments.get(i));
        if place != Some(&Bytes(sha256(&sealed))) {
            return Err(ClipError::Segment.into());
        }
        Ok(())
    }
}

/// What a viewer remembers of one stream, so that nothing old is shown as new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Seen {
    /// By sequence number: the hash of the manifest that was verified, and the one it names before.
    #[n(0)]
    pub manifests: BTreeMap<u64, (Hash, Option<Hash>)>,
    /// The clips that were shown.
    #[n(1)]
    pub shown: BTreeSet<ClipId>,
}

impl Seen {
    /// Checks a verified manifest that was served as number `sequence` against its neighbours.
    ///
    /// # Errors
    /// `wrong-sequence`; `manifest-fork` if another was seen there; `manifest-chain` if it does
    /// not follow, or is not followed by, the neighbour that was seen.
    pub fn check(&mut self, sequence: u64, manifest: &Signed<Manifest>) -> Result<()> {
        if manifest.body.sequence != sequence {
            return Err(ClipError::WrongSequence.into());
        }
        let (hash, previous) = (manifest.hash, manifest.body.previous);
        match self.manifests.get(&sequence) {
            Some((seen, _)) if *seen == hash => return Ok(()),
            Some(_) => return Err(ClipError::ManifestFork.into()),
            None => {}
        }
        let before = self.manifests.get(&sequence.saturating_sub(1));
        let after = self.manifests.get(&sequence.saturating_add(1));
        if before.is_some_and(|(seen, _)| previous != Some(*seen))
            || after.is_some_and(|(_, named)| *named != Some(hash))
        {
            return Err(ClipError::ManifestChain.into());
        }
        self.manifests.insert(sequence, (hash, previous));
        Ok(())
    }

    /// Is this the first time that the clip is shown? Remembers it.
    pub fn show(&mut self, clip: ClipId) -> bool {
        self.shown.insert(clip)
    }
}

/// The camera's part of making a clip: wraps, hashes, signs.
pub(crate) struct Draft<'a> {
    pub account: &'a AccountId,
    pub camera: &'a SigningKey,
    pub stream: &'a Name,
    pub announcement: &'a Announcement,
    pub announcement_hash: Hash,
    pub lease_until: Time,
    pub sequence: u64,
    pub previous: Option<Hash>,
    pub clip: ClipId,
    pub start: Time,
    pub end: Time,
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

impl Draft<'_> {
    /// The model wraps for one phone in the step of recording; envelopes for others are left out.
    fn log(&self, manifest: &Manifest) {
        let phones = &self.announcement.phones;
        let Some(first) = phones.first().map(|phone| kem_id(&phone.instance)) else {
            return;
        };
        action::log("Record", || {
            let mut values = manifest.facts(self.account);
            values.push(("pik", action::public("key", first)));
            values
        });
        for key in &self.announcement.keys {
            let id = kem_id(&key.public);
            if !manifest.envelopes.iter().any(|e| e.recipient == id) {
                continue;
            }
            let rule = match key.kind {
                Kind::Owner | Kind::Dsk => "Envelope_DSK",
                Kind::Tdsk => "Envelope_TDSK",
            };
            action::log(rule, || {
                let mut values = manifest.facts(self.account);
                values.retain(|(name, _)| ["U", "cam", "s", "e", "n"].contains(name));
                values.push(("p", key.fact(&self.announcement_hash)));
                values
            });
        }
    }

    /// Wraps `key` for everyone who is entitled and signs the manifest. Returns its hash and the
    /// `COSE_Sign1`.
    pub fn sign<W, R>(
        &self,
        key: &SessionKey,
        sealed: &Sealed<W>,
        rng: &mut R,
    ) -> Result<(Hash, Vec<u8>)>
    where
        R: CryptoRng + ?Sized,
    {
        let Self {
            account,
            stream,
            announcement_hash,
            clip,
            start,
            end,
            ..
        } = *self;
        let mut envelopes = Vec::new();
        for (role, public) in recipients(self.announcement, self.lease_until, start, end) {
            let envelope = wrap(
                account,
                stream,
                &announcement_hash,
                &clip,
                role,
                &public,
                key,
                rng,
            )?;
            envelopes.push(envelope);
        }
        let manifest = Manifest {
            camera: self.camera.verifying_key(),
            stream: stream.clone(),
            sequence: self.sequence,
            previous: self.previous,
            announcement: announcement_hash,
            clip,
            start,
            end,
            length: sealed.length,
            segments: sealed.hashes.clone(),
            envelopes,
        };
        let hash = message::hash(&message::encode(account, manifest.clone()));
        self.log(&manifest);
        Ok((hash, sign(self.camera, account, manifest)?))
    }
}
