//! Files that are not whole yet: whoever writes one holds a lock on it, so that what a killed command has left
//! is known by having none.

use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

/// A file in `folder` whose name begins with `prefix`, of this mode less the umask. It is gone with the value.
pub fn create(folder: &Path, prefix: &str, mode: u32) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    let file = builder.prefix(prefix).tempfile_in(folder)?;
    file.as_file().lock()?;
    Ok(file)
}

/// Writes a secret into a new file that its owner alone can read.
pub fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(path)?;
    writeln!(out, "{text}")?;
    out.sync_all()?;
    sync_folder_of(path)
}

/// Waits until a file that was made or renamed has its name on the medium.
pub fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::File::open(folder)?.sync_all()
}

/// Removes what commands that were killed have left.
pub fn remove_stale(folder: &Path, prefix: &str) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|e| e.file_name().to_string_lossy().starts_with(prefix)) {
        let free = std::fs::File::open(entry.path()).is_ok_and(|part| part.try_lock().is_ok());
        if free {
            // If it cannot be removed, the next command tries again.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
