//! The form of `claims.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file.
#[derive(Deserialize)]
pub(super) struct Listed {
    /// What serves no claim.
    #[serde(default)]
    pub(super) other: Vec<Other>,
    /// What supports each claim, by its name.
    #[serde(flatten)]
    pub(super) claims: BTreeMap<String, Entry>,
}

/// What supports a claim, beside lemmas and vectors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Where the paper speaks of it.
    pub(super) paper: String,
    /// Public functions of the protocol, each by the end of its path.
    pub(super) functions: Vec<String>,
    /// Tests of the workspace, each by the end of its path.
    pub(super) tests: Vec<String>,
    /// What it rests on that is outside.
    pub(super) rests_on: String,
    /// Why no lemma supports it.
    pub(super) no_lemma: Option<String>,
}

/// What serves no claim, by name or, with `*`, by a pattern of whole names; and why.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Other {
    pub(super) functions: Vec<String>,
    pub(super) tests: Vec<String>,
    pub(super) vectors: Vec<String>,
    pub(super) lemmas: Vec<String>,
    pub(super) reasons: Vec<String>,
    pub(super) why: String,
}
