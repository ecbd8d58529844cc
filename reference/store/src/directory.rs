//! The cloud as a directory: each object is a file, written whole, on the medium before it counts.
//!
//! The provider may put anything into the directory. So nothing in it is followed: every folder on the
//! way to an object is opened from the one above, without symbolic links, and only regular files whose
//! names follow the grammar of SPEC section "Store" are objects. Anything else is passed over in
//! listings and refused where an object is asked for.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use encryptediot::cloud::Cloud;
use encryptediot::error::{Error, Result, StoreError};
use rustix::fs::{AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::{local_state, make_folder, read_message, same};

/// Objects are readable by everyone: they are ciphertext and signatures.
const FILE: Mode = Mode::from_raw_mode(0o644);
const FOLDER: Mode = Mode::from_raw_mode(0o755);
const OPEN_FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A [`Cloud`] in a directory of this machine, which another program may carry elsewhere.
#[derive(Debug)]
pub struct DirectoryCloud {
    root: OwnedFd,
}

/// Where objects are written before they have their place, in the store so that a rename moves them.
const UNFINISHED: &str = ".unfinished";

/// Distinguishes the temporary files of this process.
static TEMPORARY: AtomicU64 = AtomicU64::new(0);

impl DirectoryCloud {
    /// Opens a directory that is there.
    ///
    /// # Errors
    /// `store-unavailable`.
    pub fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty());
        let root = root.map_err(|error| unavailable(error.into()))?;
        remove_stale(&root);
        Ok(Self { root })
    }

    /// Opens a directory, which is made if it is not there.
    ///
    /// # Errors
    /// `store-unavailable`.
    pub fn create(path: &Path) -> Result<Self> {
        make_folder(path, &mut DirBuilder::new()).map_err(unavailable)?;
        Self::open(path)
    }

    /// The folder of an object and the object's name in it, or `None` if the folder is not there.
    fn place<'p>(&self, path: &'p str, make: bool) -> io::Result<Option<(OwnedFd, &'p str)>> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        names(path)?;
        let folder = self.folder(folders, make)?;
        Ok(folder.map(|folder| (folder, name)))
    }

    fn folder(&self, path: &str, make: bool) -> io::Result<Option<OwnedFd>> {
        let mut folder = rustix::io::fcntl_dupfd_cloexec(&self.root, 0)?;
        let folders = match path {
            "" => Vec::new(),
            path => names(path)?,
        };
        for name in folders {
            let open =
                |folder: &OwnedFd| rustix::fs::openat(folder, name, OPEN_FOLDER, Mode::empty());
            folder = match open(&folder) {
                Ok(inner) => inner,
                Err(Errno::NOENT) if make => {
                    match rustix::fs::mkdirat(&folder, name, FOLDER) {
                        Ok(()) => rustix::fs::fsync(&folder)?,
                        Err(Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    open(&folder)?
                }
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Some(folder))
    }

    fn open_object(&self, path: &str) -> io::Result<Option<File>> {
        let Some((folder, name)) = self.place(path, false)? else {
            return Ok(None);
        };
        // A pipe would wait for its writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&folder, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match file.metadata()?.is_file() {
            true => Ok(Some(file)),
            false => Err(io::Error::new(ErrorKind::InvalidData, "no regular file")),
        }
    }

    /// Writes an object whole, over an earlier one or not.
    fn write(&self, path: &str, mut from: impl Read, replace: bool) -> io::Result<()> {
        let Some((folder, name)) = self.place(path, true)? else {
            return Err(ErrorKind::NotFound.into());
        };
        let temporary = Temporary::new(&self.root)?;
        let mut file = &temporary.file;
        io::copy(&mut from, &mut file)?;
        file.flush()?;
        file.sync_all()?;
        match replace {
            true => rustix::fs::renameat(&temporary.folder, &temporary.name, &folder, name)?,
            false => temporary.become_new(&folder, name)?,
        }
        Ok(rustix::fs::fsync(&folder)?)
    }

    /// Makes a file of this file system an object without copying it.
    fn link(&self, path: &str, file: &Path) -> io::Result<()> {
        let Some((folder, name)) = self.place(path, true)? else {
            return Err(ErrorKind::NotFound.into());
        };
        File::open(file)?.sync_all()?;
        rustix::fs::linkat(CWD, file, &folder, name, AtFlags::empty())?;
        Ok(rustix::fs::fsync(&folder)?)
    }

    /// Is the object at `path` the same bytes?
    fn must_be(&self, path: &str, bytes: impl Read) -> Result<()> {
        let object = self.open_object(path).map_err(unavailable)?;
        let object = object.ok_or(StoreError::Conflict)?;
        match same(bytes, object).map_err(unavailable)? {
            true => Ok(()),
            false => Err(StoreError::Conflict.into()),
        }
    }

    fn walk(&self, folder: &OwnedFd, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
        for (name, kind) in entries(folder)? {
            let path = match prefix {
                "" => name.clone(),
                prefix => format!("{prefix}/{name}"),
            };
            match kind {
                FileType::RegularFile => found.push(path),
                FileType::Directory => {
                    match rustix::fs::openat(folder, &*name, OPEN_FOLDER, Mode::empty()) {
                        Ok(inner) => self.walk(&inner, &path, found)?,
                        Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A file that is not an object yet. It goes with this value unless it became one. It is locked as long as its
/// process lives, so that what a killed one has left is known by having no lock.
struct Temporary {
    folder: OwnedFd,
    name: String,
    file: File,
}

impl Temporary {
    fn new(root: &OwnedFd) -> io::Result<Self> {
        match rustix::fs::mkdirat(root, UNFINISHED, FOLDER) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let folder = rustix::fs::openat(root, UNFINISHED, OPEN_FOLDER, Mode::empty())?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let number = TEMPORARY.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}-{number}", std::process::id());
            match rustix::fs::openat(&folder, &*name, flags, FILE) {
                Ok(file) => {
                    // Where there are no locks, nothing is removed for having none.
                    let _ = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
                    // Another process may have taken it for a killed one's before it was locked.
                    if rustix::fs::fstat(&file)?.st_nlink > 0 {
                        let file = File::from(file);
                        return Ok(Self { folder, name, file });
                    }
                }
                // A process of the same number left it, or has it on another machine.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes the name if nothing has it.
    fn become_new(&self, folder: &OwnedFd, name: &str) -> io::Result<()> {
        let rename = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(&self.folder, &self.name, folder, name, rename) {
            // File systems differ in which of the two they know.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                let flags = AtFlags::empty();
                rustix::fs::linkat(&self.folder, &self.name, folder, name, flags)?;
                Ok(())
            }
            renamed => Ok(renamed?),
        }
    }
}

/// Removes what processes that were killed have left. Where that fails, the next one tries again.
fn remove_stale(root: &OwnedFd) {
    let Ok(folder) = rustix::fs::openat(root, UNFINISHED, OPEN_FOLDER, Mode::empty()) else {
        return;
    };
    for entry in Dir::read_from(&folder).into_iter().flatten().flatten() {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let name = entry.file_name();
        // The folder itself and the store, which are listed too, are nobody's to lock.
        if entry.file_type() == FileType::Directory {
            continue;
        }
        if let Ok(file) = rustix::fs::openat(&folder, name, flags, Mode::empty())
            && rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _ = rustix::fs::unlinkat(&folder, name, AtFlags::empty());
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = rustix::fs::unlinkat(&self.folder, &self.name, AtFlags::empty());
    }
}

/// Can this be a part of an object's path? Letters, digits, `-`, `_` and `.`, the last not in front.
fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(allowed)
}

/// The parts of an object's path.
fn names(path: &str) -> io::Result<Vec<&str>> {
    let names: Vec<&str> = path.split('/').collect();
    match names.iter().all(|name| is_name(name)) {
        true => Ok(names),
        false => Err(io::Error::new(ErrorKind::InvalidInput, "no object's path")),
    }
}

/// The names in a folder that can be parts of an object's path, and what each is, sorted.
fn entries(folder: &OwnedFd) -> io::Result<Vec<(String, FileType)>> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(folder.as_fd())? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().ok().filter(|name| is_name(name)) else {
            continue;
        };
        let kind = match entry.file_type() {
            FileType::Unknown => {
                match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                    Err(Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            kind => kind,
        };
        entries.push((name.to_owned(), kind));
    }
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(entries)
}

/// A file of this device, which must be one that can be read to an end.
fn open_local(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    match file.metadata()?.is_dir() {
        true => Err(ErrorKind::IsADirectory.into()),
        false => Ok(file),
    }
}

/// `store-unavailable`, with what the system said.
fn unavailable(error: io::Error) -> Error {
    StoreError::Unavailable.because(error)
}

impl Cloud for DirectoryCloud {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.open_object(path).map_err(unavailable)? else {
            return Ok(None);
        };
        let bytes = read_message(file).map_err(unavailable)?;
        Ok(Some(bytes))
    }

    fn read<'a>(&'a self, path: &str, from: u64) -> Result<Option<Box<dyn Read + 'a>>> {
        let Some(mut file) = self.open_object(path).map_err(unavailable)? else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(from)).map_err(unavailable)?;
        Ok(Some(Box::new(file)))
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        match self.write(path, bytes, false) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.must_be(path, bytes),
            written => written.map_err(unavailable),
        }
    }

    /// A file on the file system of the directory becomes the object by a hard link; any other is copied.
    fn create_from(&self, path: &str, file: &Path) -> Result<()> {
        let open = || open_local(file).map_err(local_state);
        let mut created = self.link(path, file);
        if let Err(error) = &created
            && error.kind() != ErrorKind::AlreadyExists
        {
            created = self.write(path, open()?, false);
        }
        match created {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.must_be(path, open()?),
            created => created.map_err(unavailable),
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.write(path, bytes, true).map_err(unavailable)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let folder = match self.folder(prefix, false) {
            Err(error) if error.kind() == ErrorKind::NotADirectory => None,
            folder => folder.map_err(unavailable)?,
        };
        if let Some(folder) = folder {
            self.walk(&folder, prefix, &mut found)
                .map_err(unavailable)?;
        }
        found.sort_unstable();
        Ok(found)
    }

    fn delete(&self, path: &str) -> Result<()> {
        let Some((folder, name)) = self.place(path, false).map_err(unavailable)? else {
            return Ok(());
        };
        let removed = match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
            Ok(()) => rustix::fs::fsync(&folder),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error),
        };
        removed.map_err(|error| unavailable(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn objects_are_written_whole_and_once() {
        let directory = tempfile::tempdir().unwrap();
        let cloud = DirectoryCloud::create(&directory.path().join("store")).unwrap();
        cloud.create("a/b/c", b"one").unwrap();
        cloud.create("a/b/c", b"one").unwrap();
        let refused = cloud.create("a/b/c", b"two").unwrap_err();
        assert_eq!(refused.reason(), "conflict");
        cloud.put("a/b/c", b"two").unwrap();
        assert_eq!(cloud.find("a/b/c").unwrap().as_deref(), Some(&b"two"[..]));
        let file = directory.path().join("spooled");
        std::fs::write(&file, b"body").unwrap();
        cloud.create_from("a/d", &file).unwrap();
        cloud.create_from("a/d", &file).unwrap();
        std::fs::write(directory.path().join("other"), b"else").unwrap();
        let refused = cloud.create_from("a/d", &directory.path().join("other"));
        assert_eq!(refused.unwrap_err().reason(), "conflict");
        assert_eq!(cloud.list("a").unwrap(), ["a/b/c", "a/d"]);
        assert_eq!(cloud.folders("a").unwrap(), ["b"]);
        cloud.delete("a/b/c").unwrap();
        cloud.delete("a/b/c").unwrap();
        assert_eq!(cloud.list("").unwrap(), ["a/d"]);
        assert!(cloud.folders("a").unwrap().is_empty());
    }

    #[test]
    fn what_a_killed_process_has_left_is_removed_and_what_another_writes_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let cloud = DirectoryCloud::create(directory.path()).unwrap();
        let writing = Temporary::new(&cloud.root).unwrap();
        let unfinished = directory.path().join(UNFINISHED);
        std::fs::write(unfinished.join("4711-0"), "half an object").unwrap();
        DirectoryCloud::open(directory.path()).unwrap();
        let left = || std::fs::read_dir(&unfinished).unwrap().count();
        assert_eq!(left(), 1);
        writing.become_new(&cloud.root, "object").unwrap();
        drop(writing);
        assert_eq!(
            (left(), cloud.list("").unwrap()),
            (0, vec!["object".to_owned()])
        );
        // Nor is it followed if the provider put it there.
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("kept"), "kept").unwrap();
        std::fs::remove_dir(&unfinished).unwrap();
        symlink(outside.path(), &unfinished).unwrap();
        let cloud = DirectoryCloud::open(directory.path()).unwrap();
        assert!(cloud.put("object", b"x").is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_in_the_directory_is_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (outside, store) = (directory.path().join("outside"), directory.path().join("s"));
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("kept"), b"kept").unwrap();
        let cloud = DirectoryCloud::create(&store).unwrap();
        cloud.create("a/real", b"object").unwrap();
        symlink(&outside, store.join("a/folder")).unwrap();
        symlink(outside.join("kept"), store.join("a/file")).unwrap();
        assert_eq!(cloud.list("").unwrap(), ["a/real"]);
        assert!(cloud.find("a/folder/kept").is_err());
        assert!(cloud.find("a/file").is_err());
        assert!(cloud.create("a/folder/new", b"x").is_err());
        assert!(cloud.delete("a/folder/kept").is_err());
        // A link itself can be written over and removed; what it led to stays.
        cloud.put("a/file", b"object").unwrap();
        cloud.delete("a/file").unwrap();
        assert_eq!(std::fs::read(outside.join("kept")).unwrap(), b"kept");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_object_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let cloud = DirectoryCloud::open(directory.path()).unwrap();
        cloud.create("a/real", b"object").unwrap();
        for name in ["Icon\r", ".DS_Store", "real~", "two words"] {
            std::fs::write(directory.path().join("a").join(name), b"").unwrap();
        }
        let pipe = directory.path().join("a/pipe");
        rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, FILE, 0).unwrap();
        assert_eq!(cloud.list("a").unwrap(), ["a/real"]);
        assert!(cloud.find("a/pipe").is_err());
        for path in ["a/../b", "/a", "a//b", "", ".a", "a/Icon\r"] {
            assert!(cloud.create(path, b"x").is_err(), "{path:?}");
        }
    }
}
