//! What a viewer has seen of a stream's clips.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use super::manifest::Manifest;
use crate::cose::Signed;
use crate::error::{ClipError, Result};
use crate::message::Hash;
use crate::segment::ClipId;

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
