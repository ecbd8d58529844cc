//! Sharing a window that has already passed: the session keys of its clips are wrapped anew for a
//! fresh TDSK; the video is not encrypted again (SPEC section "Past windows").

use minicbor::{Decode, Encode};

use crate::announcement::Window;
use crate::clip::Envelope;
use crate::cose::Signed;
use crate::crypto::{KemPublic, RsaPublic};
use crate::error::{AnnouncementError, Result};
use crate::keys::Name;
use crate::message::{AccountId, Body, Hash, Time};
use crate::roster;
use crate::statement;

/// The statement. Its own hash takes the place of the announcement's in the members' parts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PastShare {
    /// The stream.
    #[n(0)]
    pub stream: Name,
    /// When it was made.
    #[n(1)]
    pub issued: Time,
    /// The window; every clip lies in it as a whole.
    #[n(2)]
    pub window: Window,
    /// The TDSK.
    #[n(3)]
    pub key: KemPublic,
    /// The clips, ascending by sequence number, at least one.
    #[n(4)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub clips: Vec<PastClip>,
    /// As in an announcement.
    #[n(5)]
    pub backup: Hash,
    /// As in an announcement.
    #[n(6)]
    pub shard_bits: u8,
    /// The roster under which it is made.
    #[n(7)]
    pub roster: roster::Head,
}

impl Body for PastShare {
    const TYPE: &'static str = "past-share";
}

/// One clip of a past window.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PastClip {
    /// Its sequence number.
    #[n(0)]
    pub sequence: u64,
    /// Its manifest's hash: the owner vouches for the very clip.
    #[n(1)]
    pub manifest: Hash,
    /// Its session key, wrapped for the TDSK; the context names the manifest's hash where that of
    /// a camera's envelope names the announcement's.
    #[n(2)]
    pub envelope: Envelope,
}

/// Verifies a past share.
///
/// # Errors
/// Those of [`statement::open`]; `announcement-keys` if its shape is not one that may be made.
pub fn open(root: &RsaPublic, account: &AccountId, bytes: &[u8]) -> Result<Signed<PastShare>> {
    let signed = statement::open::<PastShare>(root, account, bytes)?;
    let share = &signed.body;
    let ascending = share
        .clips
        .iter()
        .zip(share.clips.iter().skip(1))
        .all(|(a, b)| a.sequence < b.sequence);
    let shape = ascending && share.window.from < share.window.until && share.shard_bits <= 16;
    if !shape {
        return Err(AnnouncementError::Keys.into());
    }
    Ok(signed)
}
