//! Verdicts of former runs, by the hash of all that they depend on. Only clean verdicts are kept:
//! what was a failure is looked at again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::manifest::Verdict;
use super::observed::Seconds;

/// A finished proof.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    pub verdict: Verdict,
    pub steps: u64,
    /// The time for this lemma alone.
    pub seconds: Seconds,
}

/// A directory of verdicts, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Cache(Option<PathBuf>);

impl Cache {
    /// A cache in a directory, which is made when something is stored.
    pub fn at(directory: PathBuf) -> Self {
        Self(Some(directory))
    }

    /// A cache that keeps nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether it keeps nothing.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The proof of a key, if it is cached.
    pub fn get(&self, key: &str) -> Option<Proof> {
        let text = std::fs::read_to_string(self.0.as_ref()?.join(key)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Caches a proof. A cache that cannot be written is no reason to fail: the next run is slower.
    pub fn put(&self, key: &str, proof: &Proof) {
        let Some(directory) = &self.0 else { return };
        let Ok(text) = serde_json::to_string(proof) else {
            return;
        };
        let _ = std::fs::create_dir_all(directory)
            .and_then(|()| conformance_common::store::store(&directory.join(key), text.as_bytes()));
    }
}
