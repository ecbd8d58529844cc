//! Where decrypted bytes go.

use std::io::{Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use encryptediot::error::StoreError;
use tempfile::NamedTempFile;

use crate::failure::{Failure, Outcome};
use crate::temporary;

/// A file that appears when it is whole; or bytes as they come, into standard output or what is no regular file.
pub enum Sink {
    /// A file: the place that it will have, and what there is of it.
    File(PathBuf, NamedTempFile),
    /// Standard output, a device, a pipe.
    Stream(Box<dyn Write>),
}

impl Sink {
    /// Prepares to write to `path`, `-` being standard output.
    pub fn open(path: &Path) -> Outcome<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stream(Box::new(std::io::stdout())));
        }
        // A new file would take the place of what is no regular file, and of a link to one.
        let path = &match std::fs::symlink_metadata(path) {
            Ok(there) if there.is_symlink() => {
                path.canonicalize().map_err(|error| failed(path, error))?
            }
            _ => path.to_owned(),
        };
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            let opened = std::fs::OpenOptions::new().write(true).open(path);
            let opened = opened.map_err(|error| failed(path, error))?;
            return Ok(Self::Stream(Box::new(opened)));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.eiot-");
        // Decrypted video that nobody asked to keep.
        temporary::remove_stale(folder, &prefix);
        let part = temporary::create(folder, &prefix, 0o600);
        let part = part.map_err(|error| failed(path, error))?;
        Ok(Self::File(path.to_owned(), part))
    }

    /// How much there is.
    pub fn place(&mut self) -> Outcome<u64> {
        match self {
            Self::File(path, part) => part.stream_position().map_err(|error| failed(path, error)),
            Self::Stream(_) => Ok(0),
        }
    }

    /// Takes back what was written since `place`. Standard output cannot.
    pub fn take_back(&mut self, place: u64) -> Outcome<()> {
        let Self::File(path, part) = self else {
            return Ok(());
        };
        let back = part.as_file_mut().set_len(place);
        let back = back.and_then(|()| part.seek(SeekFrom::Start(place)));
        back.map(drop).map_err(|error| failed(path, error))
    }

    /// Hands on what was written until now.
    pub fn flush(&mut self) -> Outcome<()> {
        match self {
            Self::File(..) => Ok(()),
            Self::Stream(out) => out.flush().map_err(|error| failed(Path::new("-"), error)),
        }
    }

    /// The file takes its place, with all that was written.
    pub fn finish(self) -> Outcome<()> {
        let Self::File(path, part) = self else {
            return Ok(());
        };
        let placed = || {
            part.as_file().sync_all()?;
            part.persist(&path).map_err(|error| error.error)?;
            temporary::sync_folder_of(&path)
        };
        placed().map_err(|error| failed(&path, error))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::File(_, part) => part.write(bytes),
            Self::Stream(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::File(_, part) => part.flush(),
            Self::Stream(out) => out.flush(),
        }
    }
}

fn failed(path: &Path, error: std::io::Error) -> Box<Failure> {
    Box::<Failure>::from(StoreError::Output.because(error))
        .at(format!("writing {}", path.display()))
}

/// Leaves out the first bytes of what is written: the start of a segment before the byte that was
/// asked for.
pub struct Skipping<'a> {
    /// Where the rest goes.
    pub out: &'a mut dyn Write,
    /// How much is to be left out yet.
    pub left: usize,
    /// How much was written, with what was left out.
    pub taken: u64,
}

impl Write for Skipping<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let skip = self.left.min(bytes.len());
        self.left -= skip;
        self.out.write_all(&bytes[skip..])?;
        self.taken += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
