//! A clip that a viewer can read.

use super::manifest::Manifest;
use crate::cbor::Bytes;
use crate::crypto::{self, sha256};
use crate::error::{ClipError, Result};
use crate::message::AccountId;
use crate::segment::{self, Opener, SessionKey, segment_context};

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
