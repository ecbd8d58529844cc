//! Asking a slow cloud first and acting on the answers later, without the cloud.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use encryptediot::Result;
use encryptediot::cloud::Cloud;
use encryptediot::error::StoreError;

/// The objects that were asked for, and the listings.
#[derive(Default)]
struct Answers {
    objects: BTreeMap<String, Option<Vec<u8>>>,
    listings: BTreeMap<String, Vec<String>>,
    /// Was anything to be written?
    owes: bool,
}

/// Asks the cloud and remembers what it answers. What is written goes nowhere.
pub struct Fetching<'a> {
    cloud: &'a dyn Cloud,
    answers: RefCell<Answers>,
}

impl<'a> Fetching<'a> {
    /// Asks `cloud`.
    pub fn new(cloud: &'a dyn Cloud) -> Self {
        let answers = RefCell::default();
        Self { cloud, answers }
    }

    /// Stops asking.
    pub fn done(self) -> Fetched {
        let (answers, writes) = (self.answers.into_inner(), RefCell::default());
        Fetched { answers, writes }
    }
}

impl Cloud for Fetching<'_> {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let found = self.cloud.find(path)?;
        let mut answers = self.answers.borrow_mut();
        answers.objects.insert(path.to_owned(), found.clone());
        Ok(found)
    }

    fn find_range(&self, _: &str, _: Range<u64>) -> Result<Option<Vec<u8>>> {
        Err(StoreError::Unavailable.into())
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.put(path, bytes)
    }

    fn put(&self, _: &str, _: &[u8]) -> Result<()> {
        self.answers.borrow_mut().owes = true;
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let found = self.cloud.list(prefix)?;
        let mut answers = self.answers.borrow_mut();
        answers.listings.insert(prefix.to_owned(), found.clone());
        Ok(found)
    }

    fn delete(&self, _: &str) -> Result<()> {
        Err(StoreError::Unavailable.into())
    }
}

/// What a cloud has answered. What is written waits for [`Fetched::writes`].
pub struct Fetched {
    answers: Answers,
    writes: RefCell<Vec<(String, Vec<u8>)>>,
}

impl Fetched {
    /// Was anything to be written when the cloud was asked?
    pub fn owes(&self) -> bool {
        self.answers.owes
    }

    /// What is to be written, in order.
    pub fn writes(&self) -> Vec<(String, Vec<u8>)> {
        self.writes.take()
    }
}

impl Cloud for Fetched {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        // Asked for something new: another process was faster. The next time will do.
        let found = self.answers.objects.get(path);
        found.cloned().ok_or(StoreError::Unavailable.into())
    }

    fn find_range(&self, _: &str, _: Range<u64>) -> Result<Option<Vec<u8>>> {
        Err(StoreError::Unavailable.into())
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.put(path, bytes)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let write = (path.to_owned(), bytes.to_vec());
        self.writes.borrow_mut().push(write);
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let found = self.answers.listings.get(prefix);
        found.cloned().ok_or(StoreError::Unavailable.into())
    }

    fn delete(&self, _: &str) -> Result<()> {
        Err(StoreError::Unavailable.into())
    }
}
