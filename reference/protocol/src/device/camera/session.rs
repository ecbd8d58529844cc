//! A session: being recorded, and finished.

use std::io::Write;

use minicbor::{Decode, Encode};

use crate::clip::{self, ClipId};
use crate::error::{ClipError, Result};
use crate::keys::Name;
use crate::message::{Hash, Time};
use crate::segment::{Sealer, SessionKey};

/// What the camera made and must not let go before its [state](crate::camera::Paired::to_state) is stored.
#[must_use = "it leaves the camera only once the camera's state is stored"]
pub struct Unstored<T>(pub(super) T);

impl<T> Unstored<T> {
    /// Calls `save`, which stores the camera's state, and gives what may leave then.
    ///
    /// # Errors
    /// Those of `save`; then it must not leave, and is gone.
    pub fn store(self, save: impl FnOnce(&T) -> Result<()>) -> Result<T> {
        save(&self.0)?;
        Ok(self.0)
    }
}

impl<B> Unstored<Recorded<B>> {
    /// The session without its body, and that: sealed segments may leave at any time.
    pub fn take_body(self) -> (Unstored<Recorded<()>>, B) {
        let (recorded, body) = self.0.take_body();
        (Unstored(recorded), body)
    }
}

/// A session that is being recorded. Dropping it erases its key and leaves no trace.
pub struct Session<W = Vec<u8>> {
    pub(super) stream: Name,
    /// The announcement in force when it began.
    pub(super) under: Hash,
    pub(super) clip: ClipId,
    pub(super) start: Time,
    /// How often the camera's clock had been set back then.
    pub(super) corrections: u64,
    pub(super) key: SessionKey,
    pub(super) sealer: Sealer<W>,
}

impl<W: Write> Session<W> {
    /// Appends recorded bytes.
    ///
    /// # Errors
    /// `session-full`; then nothing was appended. `local-state` if the body cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.sealer.length() + bytes.len() as u64 > clip::MAX_SESSION {
            return Err(ClipError::SessionFull.into());
        }
        self.sealer.write(bytes)
    }

    /// The stream that is recorded.
    pub fn stream(&self) -> &Name {
        &self.stream
    }

    /// Plaintext bytes so far.
    pub fn length(&self) -> u64 {
        self.sealer.length()
    }

    /// Where the sealed segments go.
    pub fn body(&self) -> &W {
        self.sealer.sink()
    }
}

/// A finished session: nothing in it is secret, and nothing secret is needed to upload it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Recorded<B = Vec<u8>> {
    /// The stream.
    #[n(0)]
    pub stream: Name,
    /// The clip's sequence number.
    #[n(1)]
    pub sequence: u64,
    /// The clip.
    #[n(2)]
    pub clip: ClipId,
    /// The signed manifest.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub manifest: Vec<u8>,
    /// The sealed segments, or where they are. It is not stored with the rest.
    #[cbor(skip)]
    pub body: B,
}

impl<B> Recorded<B> {
    /// The session without its body, and that.
    pub fn take_body(self) -> (Recorded<()>, B) {
        let Self {
            stream,
            sequence,
            clip,
            manifest,
            body,
        } = self;
        let recorded = Recorded {
            stream,
            sequence,
            clip,
            manifest,
            body: (),
        };
        (recorded, body)
    }
}

impl Recorded<()> {
    /// The session with its body.
    pub fn with_body<B>(self, body: B) -> Recorded<B> {
        Recorded {
            stream: self.stream,
            sequence: self.sequence,
            clip: self.clip,
            manifest: self.manifest,
            body,
        }
    }
}
