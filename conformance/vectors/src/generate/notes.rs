//! What the flags of tests mean.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::file::Note;

/// The notes of `notes.toml`; none if that cannot be read, which every flag then shows.
static NOTES: LazyLock<BTreeMap<String, Note>> =
    LazyLock::new(|| toml::from_str(include_str!("notes.toml")).unwrap_or_default());

/// What a flag means.
pub fn note(flag: &str) -> Option<Note> {
    NOTES.get(flag).cloned()
}
