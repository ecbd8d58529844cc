//! What a device that was there before tells a fresh phone of the account over a trusted channel, so
//! that the cloud cannot show that phone an older account (SPEC section "Enrollment").

use data_encoding::BASE32_NOPAD;
use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Decoder, Encode};

use crate::announcement;
use crate::error::{MessageError, Result};
use crate::keys::Name;
use crate::message::{self, AccountId, Body};
use crate::roster;

/// The start of a checkpoint's text.
pub const CHECKPOINT_PREFIX: &str = "EIOT:CHECKPOINT:";

/// The latest of every chain that a device knows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Checkpoint {
    /// The latest roster; a camera knows none before its first announcement.
    #[n(0)]
    pub roster: Option<roster::Head>,
    /// The latest announcement of each stream that the device knows, ascending by name.
    #[n(1)]
    #[cbor(decode_with = "ascending")]
    pub streams: Vec<(Name, announcement::Head)>,
}

/// Reads the heads of streams, each of them once and ascending by name.
///
/// # Errors
/// If they are not.
pub(crate) fn ascending<'b, C>(
    d: &mut Decoder<'b>,
    context: &mut C,
) -> std::result::Result<Vec<(Name, announcement::Head)>, DecodeError> {
    let heads: Vec<(Name, announcement::Head)> = Decode::decode(d, context)?;
    match heads.is_sorted_by(|a, b| a.0 < b.0) {
        true => Ok(heads),
        false => Err(DecodeError::message("streams out of order")),
    }
}

impl Body for Checkpoint {
    const TYPE: &'static str = "checkpoint";
}

impl Checkpoint {
    /// The checkpoint as text.
    pub fn to_text(&self, account: &AccountId) -> String {
        let bytes = message::encode(account, self.clone());
        format!("{CHECKPOINT_PREFIX}{}", BASE32_NOPAD.encode(&bytes))
    }

    /// Reads a checkpoint of `account`.
    ///
    /// # Errors
    /// `malformed` and the others of [`message::decode`].
    pub fn from_text(account: &AccountId, text: &str) -> Result<Self> {
        let text = text.trim().to_ascii_uppercase();
        let text = text
            .strip_prefix(CHECKPOINT_PREFIX)
            .ok_or(MessageError::Malformed)?;
        let bytes = BASE32_NOPAD.decode(text.as_bytes());
        message::decode(account, &bytes.map_err(|_| MessageError::Malformed)?)
    }
}
