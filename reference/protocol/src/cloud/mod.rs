//! The cloud: an untrusted object store (SPEC section "Store").

mod paths;

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use crate::error::{Result, StoreError};

pub use paths::Paths;

/// [`Cloud::create`] by the device that owes the object: what an interrupted write of it left, a part of it with
/// nothing or zeros after, is written over.
///
/// # Errors
/// As [`Cloud::create`].
pub(crate) fn create_whole(cloud: &dyn Cloud, path: &str, bytes: &[u8]) -> Result<()> {
    let created = cloud.create(path, bytes);
    if matches!(&created, Err(error) if error.is(StoreError::Conflict))
        && let Some(found) = cloud.find(path)?
        && is_torn(&found, bytes)
    {
        return cloud.put(path, bytes);
    }
    created
}

/// Is this a part of `whole`, with nothing or zeros after it?
fn is_torn(found: &[u8], whole: &[u8]) -> bool {
    let same = found.iter().zip(whole).take_while(|(a, b)| a == b).count();
    same < whole.len() && found.iter().skip(same).all(|byte| *byte == 0)
}

/// An object store. The provider may return anything: every answer is verified by the protocol.
/// Nothing protects against an object that is deleted.
///
/// The protocol calls it synchronously, from whatever thread the caller is on: each call blocks until
/// the store has answered. A program built on an async runtime runs the protocol on a thread
/// where blocking is allowed.
pub trait Cloud: Send + Sync {
    /// The object at `path`, or `None`. Of one that is longer than [`MAX_MESSAGE`](crate::message::MAX_MESSAGE)
    /// a store may give the first bytes, one more than that, so that its reader refuses it: no store should
    /// read what nobody will take into memory.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>>;

    /// The object at `path` from byte `from` on, as it comes: nothing if it ends before. Or `None`.
    ///
    /// # Errors
    /// `store-unavailable`; so is an error while it is read.
    fn read<'a>(&'a self, path: &str, from: u64) -> Result<Option<Box<dyn Read + 'a>>> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(self.find(path)?.map(|bytes| {
            let rest = bytes.get(from..).unwrap_or_default().to_vec();
            Box::new(Cursor::new(rest)) as Box<dyn Read>
        }))
    }

    /// Writes a new object, all of it or nothing. Writing the same bytes again is no error.
    ///
    /// # Errors
    /// `conflict` if another object is there; `store-unavailable`.
    fn create(&self, path: &str, bytes: &[u8]) -> Result<()>;

    /// [`Self::create`] from a file, which the store may keep as the object: nobody writes to it any more.
    ///
    /// # Errors
    /// `conflict` if another object is there; `local-state` if the file cannot be read; `store-unavailable`.
    fn create_from(&self, path: &str, file: &std::path::Path) -> Result<()> {
        let bytes = std::fs::read(file).map_err(|error| StoreError::LocalState.because(error))?;
        self.create(path, &bytes)
    }

    /// Writes an object, all of it or nothing, over what is there.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn put(&self, path: &str, bytes: &[u8]) -> Result<()>;

    /// The paths that start with the folder `prefix`, sorted.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn list(&self, prefix: &str) -> Result<Vec<String>>;

    /// The names of the folders right under the folder `prefix`, sorted.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn folders(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(folders_of(prefix, &self.list(prefix)?))
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn delete(&self, path: &str) -> Result<()>;

    /// The object at `path`.
    ///
    /// # Errors
    /// `object-missing`; `store-unavailable`.
    fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.find(path)?.ok_or_else(|| StoreError::Missing.into())
    }
}

/// The folders right under `prefix` that these paths are in, sorted.
pub fn folders_of(prefix: &str, paths: &[String]) -> Vec<String> {
    let within = |path: &String| {
        let rest = path.strip_prefix(prefix)?.strip_prefix('/')?;
        Some(rest.split_once('/')?.0.to_owned())
    };
    let folders: BTreeSet<String> = paths.iter().filter_map(within).collect();
    folders.into_iter().collect()
}
