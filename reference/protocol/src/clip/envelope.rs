//! Envelopes: the session key of a clip, wrapped for one recipient by HPKE.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::announcement::{Announcement, Kind, StreamKey};
use crate::cbor::Bytes;
use crate::crypto::{self, KemPublic, KemSecret};
use crate::error::{ClipError, ErrorKind, Result};
use crate::keys::{KeyId, Name, kem_id};
use crate::message::{self, AccountId, Hash, Time};
use crate::segment::{ClipId, SessionKey};

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
    let sealed = Bytes(sealed.try_into().map_err(|_| ErrorKind::Crypto)?);
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
    role: Role,
    secret: &KemSecret,
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

/// Whom a session is wrapped for: the phones and the owner's key always; DSKs while the lease
/// lasts; a TDSK while the lease lasts and if the whole session lies in its window.
pub fn recipients(
    announcement: &Announcement,
    lease_until: Option<Time>,
    start: Time,
    end: Time,
) -> Vec<(Role, KemPublic)> {
    let leased = lease_until.is_some_and(|lease_until| end <= lease_until);
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
