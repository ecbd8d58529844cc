//! Corrections of a camera's clock: its owner sets it back (SPEC section "Time").

use minicbor::{Decode, Encode};

use crate::crypto::{RsaPublic, VerifyingKey};
use crate::error::{AnnouncementError, Result};
use crate::message::{AccountId, Body, Time};
use crate::statement;

/// The statement. It says by how much and not to what, so that it is as right when it is late.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Correction {
    /// The camera.
    #[n(0)]
    pub camera: VerifyingKey,
    /// Counts the camera's corrections, from 1.
    #[n(1)]
    pub count: u64,
    /// By how many milliseconds its clock is set back.
    #[n(2)]
    pub back: Time,
}

impl Body for Correction {
    const TYPE: &'static str = "clock";
}

impl Correction {
    /// Is it the next one for a camera that has obeyed `obeyed`?
    ///
    /// # Errors
    /// `clock-replayed`, `clock-gap`.
    pub fn check_count(&self, obeyed: u64) -> Result<()> {
        if self.count <= obeyed {
            return Err(AnnouncementError::ClockReplayed.into());
        }
        if self.count - obeyed > 1 {
            return Err(AnnouncementError::ClockGap.into());
        }
        Ok(())
    }
}

/// Verifies a correction under the pinned root.
///
/// # Errors
/// Those of [`statement::open`].
pub fn open(root: &RsaPublic, account: &AccountId, bytes: &[u8]) -> Result<Correction> {
    Ok(statement::open::<Correction>(root, account, bytes)?.body)
}
