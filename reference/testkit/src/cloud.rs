//! A cloud in memory: honest unless it is told to fail, to lie, or to show other objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encryptediot::cloud::Cloud;
use encryptediot::error::{Result, StoreError};
use encryptediot::message::AccountId;

/// Objects by path.
pub type Objects = BTreeMap<String, Vec<u8>>;

/// Objects in memory. Clones are the same cloud.
#[derive(Clone, Debug, Default)]
pub struct MemoryCloud(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    objects: Objects,
    /// The bytes at each path before they were last written over.
    old: Objects,
    /// Writes until every further one fails with `store-unavailable`.
    fail_after: Option<usize>,
    /// Creations until every further one is refused with `conflict`.
    lie_after: Option<usize>,
    writes: usize,
    /// Paths that were read, in order.
    asked: Vec<String>,
}

impl MemoryCloud {
    /// A cloud that holds these objects.
    pub fn with(objects: Objects) -> Self {
        let cloud = Self::default();
        cloud.restore(objects);
        cloud
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of every object.
    pub fn objects(&self) -> Objects {
        self.state().objects.clone()
    }

    /// Replaces every object by these.
    pub fn restore(&self, objects: Objects) {
        self.state().objects = objects;
    }

    /// Lets `writes` more writes through, then fails every one.
    pub fn fail_after(&self, writes: usize) {
        self.state().fail_after = Some(writes);
    }

    /// Lets `writes` more creations through, then refuses every one with a `conflict` that does not exist.
    pub fn lie_after(&self, writes: usize) {
        self.state().lie_after = Some(writes);
    }

    /// Neither fails nor lies any more.
    pub fn work_again(&self) {
        let mut state = self.state();
        (state.fail_after, state.lie_after) = (None, None);
    }

    /// The bytes at each path before they were last written over.
    pub fn old_versions(&self) -> Objects {
        self.state().old.clone()
    }

    /// The number of writes that went through.
    pub fn writes(&self) -> usize {
        self.state().writes
    }

    /// How often objects in a folder of an account were read since the last call.
    pub fn asked(&self, account: &AccountId, folder: &str) -> usize {
        let prefix = format!("{account}/{folder}/");
        let asked = std::mem::take(&mut self.state().asked);
        asked
            .iter()
            .filter(|path| path.starts_with(&prefix))
            .count()
    }

    /// The object at `path`; panics if there is none.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        self.state().objects[path].clone()
    }

    /// Puts an object at `path`, as the provider could.
    pub fn set(&self, path: &str, bytes: Vec<u8>) {
        self.state().objects.insert(path.to_owned(), bytes);
    }

    /// Removes the object at `path` and returns it; panics if there is none.
    pub fn drop_object(&self, path: &str) -> Vec<u8> {
        self.state().objects.remove(path).unwrap()
    }

    /// Changes the object at `path` in place; panics if there is none.
    pub fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.state().objects.get_mut(path).unwrap());
    }

    /// The paths in a folder of an account.
    pub fn under(&self, account: &AccountId, folder: &str) -> Vec<String> {
        self.state().list(&format!("{account}/{folder}"))
    }
}

impl State {
    fn list(&self, prefix: &str) -> Vec<String> {
        let prefix = format!("{prefix}/");
        let within = self.objects.keys().filter(|path| path.starts_with(&prefix));
        within.cloned().collect()
    }

    fn spend(&mut self) -> Result<()> {
        match &mut self.fail_after {
            Some(0) => return Err(StoreError::Unavailable.into()),
            Some(left) => *left -= 1,
            None => {}
        }
        self.writes += 1;
        Ok(())
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        self.spend()?;
        let before = self.objects.insert(path.to_owned(), bytes.to_vec());
        if let Some(before) = before.filter(|before| before != bytes) {
            self.old.insert(path.to_owned(), before);
        }
        Ok(())
    }
}

impl Cloud for MemoryCloud {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let mut state = self.state();
        state.asked.push(path.to_owned());
        Ok(state.objects.get(path).cloned())
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        match &mut state.lie_after {
            Some(0) => return Err(StoreError::Conflict.into()),
            Some(left) => *left -= 1,
            None => {}
        }
        let before = state.objects.get(path);
        if before.is_some_and(|before| before != bytes) {
            return Err(StoreError::Conflict.into());
        }
        state.put(path, bytes)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.state().put(path, bytes)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(self.state().list(prefix))
    }

    fn delete(&self, path: &str) -> Result<()> {
        let mut state = self.state();
        state.spend()?;
        state.objects.remove(path);
        Ok(())
    }
}
