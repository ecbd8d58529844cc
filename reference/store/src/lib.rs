//! Where things are kept: the cloud as a directory or an S3 bucket, and a device's own files.

mod directory;
mod local;
#[cfg(feature = "objects")]
mod objects;

use std::fs::{DirBuilder, File};
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use encryptediot::error::{Error, StoreError};
use encryptediot::message::MAX_MESSAGE;

pub use directory::DirectoryCloud;
pub use local::Home;
#[cfg(feature = "objects")]
pub use objects::ObjectCloud;

/// `local-state`, with what the system said.
fn local_state(error: std::io::Error) -> Error {
    StoreError::LocalState.because(error)
}

/// Makes a folder, and those above it that are not there, and waits until their names are on the medium.
fn make_folder(path: &Path, builder: &mut DirBuilder) -> std::io::Result<()> {
    let there = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let made: Vec<&Path> = path.ancestors().take_while(there).collect();
    builder.recursive(true).create(path)?;
    for folder in made {
        let above = match folder.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        File::open(above)?.sync_all()?;
    }
    Ok(())
}

/// Reads an object that is a message: one that is longer than any message is cut one byte beyond the limit, so that
/// its reader refuses it.
fn read_message(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_MESSAGE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Compares two readers to their ends, in constant memory.
fn same(a: impl Read, b: impl Read) -> std::io::Result<bool> {
    let (mut a, mut b) = (BufReader::new(a), BufReader::new(b));
    loop {
        let (left, right) = (a.fill_buf()?, b.fill_buf()?);
        let common = left.len().min(right.len());
        if left[..common] != right[..common] {
            return Ok(false);
        }
        if common == 0 {
            return Ok(left.is_empty() && right.is_empty());
        }
        a.consume(common);
        b.consume(common);
    }
}
