//! Acknowledgements: a camera says which announcement is in force (SPEC section "Acknowledgement").

use minicbor::{Decode, Encode};

use crate::announcement::Head;
use crate::cose;
use crate::crypto::VerifyingKey;
use crate::error::{AnnouncementError, Result};
use crate::keys::Name;
use crate::message::{AccountId, Body, Hash, Time};
use crate::roster;

/// The acknowledgement, `COSE_Sign1` under the camera's key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Acknowledgement {
    /// The camera.
    #[n(0)]
    pub camera: VerifyingKey,
    /// The stream.
    #[n(1)]
    pub stream: Name,
    /// The announcement's epoch.
    #[n(2)]
    pub epoch: u64,
    /// The announcement's hash: two phones may have made the same epoch.
    #[n(3)]
    pub announcement: Hash,
    /// The sequence number of the first clip that is recorded under it.
    #[n(4)]
    pub first: u64,
    /// The camera's time.
    #[n(5)]
    pub time: Time,
    /// The latest roster that the camera has followed: of every stream, not of this one alone.
    #[n(6)]
    pub roster: roster::Head,
}

impl Body for Acknowledgement {
    const TYPE: &'static str = "acknowledgement";
}

impl Acknowledgement {
    /// Does it say that the head of this phone's own chain is in force?
    ///
    /// # Errors
    /// `ack-unknown` if it speaks of another phone's fork.
    pub fn check_head(&self, head: &Head) -> Result<()> {
        if self.epoch != head.epoch || self.announcement != head.hash {
            return Err(AnnouncementError::AckUnknown.into());
        }
        Ok(())
    }
}

/// Verifies an acknowledgement under the key of the camera that must have made it.
///
/// # Errors
/// Those of [`cose::open`]; `wrong-camera`, `unknown-stream` if it speaks of another.
pub fn open(
    account: &AccountId,
    camera: &VerifyingKey,
    stream: &Name,
    bytes: &[u8],
) -> Result<Acknowledgement> {
    let ack = cose::open::<Acknowledgement>(camera, account, bytes)?.body;
    if ack.camera != *camera {
        return Err(AnnouncementError::WrongCamera.into());
    }
    if ack.stream != *stream {
        return Err(AnnouncementError::UnknownStream.into());
    }
    Ok(ack)
}
