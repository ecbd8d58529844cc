//! Files that are written whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct Unwritable {
    /// The file.
    pub path: PathBuf,
    /// The system's error.
    pub error: std::io::Error,
}

/// Writes a file whole or not at all, readable by all (mode 0644). A link stays one; what is no regular file, a
/// device or a pipe, is written to and never replaced.
///
/// # Errors
/// If the directory is missing or cannot be written.
pub fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A link to a pipe of this process leads nowhere that has a name.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        let mut there = std::fs::OpenOptions::new().write(true).open(path)?;
        return there.write_all(bytes);
    }
    let path = &match std::fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => path.canonicalize()?,
        _ => path.to_owned(),
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let readable = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(readable)?;
    }
    file.persist(path).map(|_| ()).map_err(|e| e.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for text in ["longer", "short"] {
            store(&path, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{FileTypeExt as _, symlink};

            let (link, null) = (directory.path().join("link"), directory.path().join("null"));
            symlink(&path, &link).unwrap();
            store(&link, b"through").unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read(&path).unwrap(), b"through");
            symlink("/dev/null", &null).unwrap();
            store(&null, b"into").unwrap();
            let device = std::fs::metadata(&null).unwrap().file_type();
            assert!(device.is_char_device());
            // As a shell hands over a pipe: by a link to what has no name.
            let (mut from, to) = std::io::pipe().unwrap();
            let pipe = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&to));
            store(Path::new(&pipe), b"piped").unwrap();
            drop(to);
            let mut piped = Vec::new();
            std::io::Read::read_to_end(&mut from, &mut piped).unwrap();
            assert_eq!(piped, b"piped");
        }
        assert!(store(&directory.path().join("no/file"), b"").is_err());
    }
}
