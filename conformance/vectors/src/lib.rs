//! Test vectors: what an implementation must accept and what it must reject, a runner that asks any
//! program, and the generator that makes them from fixed keys and seeds.
//!
//! `vectors/README.md` says how to read them without this code, `vectors/PROTOCOL.md` how a program is
//! asked.

pub mod cli;
pub mod coverage;
pub mod file;
pub mod generate;
pub mod process;
pub mod program;
pub mod report;
pub mod run;
pub mod schema;

use std::path::PathBuf;

/// Why nothing could be run or made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A vector was not what it must be.
    #[error("{0}")]
    Generate(String),
    /// The program under test cannot be asked anything.
    #[error("the program under test says no hello: {0}; see vectors/PROTOCOL.md")]
    NoHello(String),
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] conformance_common::report::Undelivered),
}

impl From<encryptediot::Error> for Error {
    fn from(error: encryptediot::Error) -> Self {
        Self::Generate(format!("a step that must succeed was refused: {error}"))
    }
}

impl From<encryptediot::crypto::CryptoError> for Error {
    fn from(error: encryptediot::crypto::CryptoError) -> Self {
        Self::Generate(format!("a primitive that must succeed failed: {error}"))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Generate(error.to_string())
    }
}

impl Error {
    /// Something is wrong with a file.
    fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::File {
            path,
            why: why.to_string(),
        }
    }
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// The vectors that come with this source: the directory `vectors` here or in a directory above, or
/// beside the source that this program was built from.
pub fn default_directory() -> PathBuf {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
    let near = std::env::current_dir().ok().and_then(|here| {
        let mut above = here.ancestors().map(|d| d.join("vectors"));
        above.find(|d| d.join("schemas").is_dir())
    });
    near.unwrap_or_else(|| built.into())
}
