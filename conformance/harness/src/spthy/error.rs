//! Errors of reading a model.

use std::path::PathBuf;

/// Why a model cannot be read: where, and what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its file cannot be read.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// Its text is not understood.
    #[error("{}:{line}: {what}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        line: usize,
        /// What is not understood.
        what: String,
    },
}

/// What may fail with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
