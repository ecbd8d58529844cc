//! What the harness and the runner of vectors share.

pub mod file;
pub mod spec;

use serde::Serialize;

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "why", rename_all = "kebab-case")]
pub enum Outcome {
    /// The property holds.
    Held,
    /// It does not, and why.
    Failed(String),
    /// It could not be checked, and why. This is no success.
    NotChecked(String),
}
