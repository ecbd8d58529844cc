//! A device's own files: written whole or not at all, readable by their owner alone, used by one
//! process at a time.

use std::fs::{self, File};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use encryptediot::cbor;
use encryptediot::error::{Result, StoreError};

use crate::{local_state, make_folder};

/// A file that is being written. There is one at a time, since the directory is locked.
const UNFINISHED: &str = ".unfinished";

/// A directory of one device's files, locked while this value lives.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    _lock: File,
}

/// The file that is locked. Whoever holds the lock has written its process number into it.
const LOCK: &str = "lock";

/// Waits for the lock of a directory.
fn lock(path: &Path) -> std::io::Result<File> {
    let mut lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path.join(LOCK))?;
    lock.lock()?;
    // It is a help alone: a full disk keeps nobody out.
    let _ = lock.set_len(0);
    let _ = write!(lock, "{}", std::process::id());
    Ok(lock)
}

impl Home {
    /// Opens the directory, making it (mode 0700) if it is not there, and waits for the lock.
    ///
    /// # Errors
    /// `local-state`.
    pub fn open(path: &Path) -> Result<Self> {
        Self::try_open(path).map_err(local_state)
    }

    fn try_open(path: &Path) -> std::io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        make_folder(path, &mut builder)?;
        let lock = lock(path)?;
        // Private bytes that a killed process has left.
        remove(&path.join(UNFINISHED))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The number of the process that has the directory locked now, if one has; 0 where it does not say.
    pub fn holder(path: &Path) -> Option<u32> {
        let mut lock = File::open(path.join(LOCK)).ok()?;
        if !matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            return None;
        }
        let mut number = String::new();
        let _ = lock.read_to_string(&mut number);
        Some(number.parse().unwrap_or_default())
    }

    /// Reads a file of a directory that another process may have locked: files are replaced whole.
    ///
    /// # Errors
    /// As [`Home::load`].
    pub fn peek<T>(path: &Path, name: &str) -> Result<T>
    where
        T: Encode<()> + for<'b> Decode<'b, ()>,
    {
        load(&path.join(name))
    }

    /// Waits until all that was renamed or removed here is so on the medium.
    ///
    /// # Errors
    /// `local-state`.
    pub fn sync(&self) -> Result<()> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(local_state)
    }

    /// The names of the files here, sorted, without the lock.
    ///
    /// # Errors
    /// `local-state`.
    pub fn names(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(&self.path).map_err(local_state)?;
        let name =
            |entry: std::io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
        let mut names: Vec<String> = entries.filter_map(name).collect();
        names.retain(|name| name != LOCK && !name.starts_with('.'));
        names.sort_unstable();
        Ok(names)
    }

    /// Is there a file of this name?
    pub fn exists(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `local-missing`; `local-state` if it is not what [`Home::save`] wrote.
    pub fn load<T>(&self, name: &str) -> Result<T>
    where
        T: Encode<()> + for<'b> Decode<'b, ()>,
    {
        load(&self.path.join(name))
    }

    /// Writes a file (mode 0600) in place of the one that may be there. After a crash there is
    /// either the old one or the new one.
    ///
    /// # Errors
    /// `local-state`.
    pub fn save<T: Encode<()>>(&self, name: &str, value: &T) -> Result<()> {
        let bytes = cbor::encode_secret(value);
        let unfinished = self.path.join(UNFINISHED);
        let written = (|| {
            let mut options = File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&unfinished)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, self.path.join(name))
        })();
        if let Err(error) = written {
            // If this fails too, the next command that opens the directory tries again.
            let _ = remove(&unfinished);
            return Err(local_state(error));
        }
        self.sync()
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// `local-state`.
    pub fn remove(&self, name: &str) -> Result<()> {
        remove(&self.path.join(name)).map_err(local_state)
    }
}

fn load<T>(path: &Path) -> Result<T>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    let bytes = match fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(StoreError::LocalMissing.into());
        }
        Err(error) => return Err(local_state(error)),
    };
    cbor::decode(&bytes).map_err(|error| StoreError::LocalState.because(error))
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_and_are_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("home");
        let home = Home::open(&path).unwrap();
        assert_eq!(home.load::<u64>("a").unwrap_err().reason(), "local-missing");
        home.save("a", &1_u64).unwrap();
        home.save("a", &2_u64).unwrap();
        assert_eq!(home.load::<u64>("a").unwrap(), 2);
        assert_eq!(home.names().unwrap(), ["a"]);
        assert_eq!(Home::holder(&path), Some(std::process::id()));
        drop(home);
        assert_eq!(Home::holder(&path), None);
        fs::write(path.join(UNFINISHED), "what a killed process has left").unwrap();
        let home = Home::open(&path).unwrap();
        assert!(!path.join(UNFINISHED).exists());
        fs::create_dir(path.join("b")).unwrap();
        assert!(home.save("b", &1_u64).is_err(), "a folder is in the way");
        assert!(!path.join(UNFINISHED).exists());
        assert_eq!(
            home.load::<String>("a").unwrap_err().reason(),
            "local-state"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(&path.join("a"))), (0o700, 0o600));
        }
    }
}
