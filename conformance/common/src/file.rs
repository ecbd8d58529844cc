//! Files that are written whole or not at all.

use std::io::Write as _;
use std::path::Path;

/// Writes a file whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
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
