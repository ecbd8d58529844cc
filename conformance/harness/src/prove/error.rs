//! Errors that keep the gate from judging at all. Verdicts are in [`super::report`].

use std::path::{Path, PathBuf};

/// Why nothing could be judged: what was wrong, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory.
    #[error("{}: {error}", path.display())]
    File {
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// A model that cannot be read.
    #[error(transparent)]
    Model(#[from] crate::spthy::Error),
    /// A manifest that cannot be read.
    #[error("{}: {what}; mend it by hand, or remove it and write it anew with `conformance prove --bless`", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    #[error("there are no models in {}; name their directory with `--models DIR`", .0.display())]
    NoModels(PathBuf),
    #[error("there is no {}; write it with `conformance prove --bless`", .0.display())]
    NoManifest(PathBuf),
    /// There is no prover.
    #[error("{0}")]
    Prover(String),
    /// A wrong command line.
    #[error("{0}; see `conformance prove --help`")]
    Usage(String),
    /// A report that cannot be written.
    #[error("the report cannot be written: {0}")]
    Report(String),
    /// A report that cannot be delivered.
    #[error(transparent)]
    Delivery(#[from] conformance_common::report::Undelivered),
}

/// What may fail with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// The error of a file.
pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::File { path, error }
}
