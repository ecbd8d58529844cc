//! The cloud as the adversary runs it: every device may be shown something else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encryptediot::cloud::Cloud;
use encryptediot::error::{Result, StoreError};

/// What one device is shown.
#[derive(Default)]
struct View {
    /// Only the first so many writes.
    writes: Option<usize>,
    /// Other bytes at a path, or nothing there.
    lies: BTreeMap<String, Option<Vec<u8>>>,
    /// At one path what lies at another by then, or nothing.
    redirected: BTreeMap<String, Option<String>>,
}

#[derive(Default)]
struct State {
    /// Every write and removal, in its order.
    writes: Vec<(String, Option<Vec<u8>>)>,
    now: BTreeMap<String, Vec<u8>>,
    views: BTreeMap<usize, View>,
    /// Who asks.
    who: usize,
    /// Who is lied to only until the next time.
    once: BTreeSet<usize>,
    /// Who has asked.
    asked: BTreeSet<usize>,
}

/// A store in the adversary's hands.
#[derive(Clone, Default)]
pub struct Hostile(Arc<Mutex<State>>);

impl Hostile {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it is this device that asks.
    pub fn serves(&self, who: usize) {
        let mut state = self.state();
        state.who = who;
        state.asked.insert(who);
    }

    /// A device is lied to only until it has asked the next time, or for good.
    pub fn until_next(&self, who: usize, once: bool) {
        let mut state = self.state();
        state.asked.remove(&who);
        match once {
            true => state.once.insert(who),
            false => state.once.remove(&who),
        };
    }

    /// Those who have asked are done.
    pub fn served(&self) {
        let state = &mut *self.state();
        for who in std::mem::take(&mut state.asked) {
            if state.once.remove(&who) {
                state.views.remove(&who);
            }
        }
    }

    /// How many writes there were.
    pub fn writes(&self) -> usize {
        self.state().writes.len()
    }

    /// What was written at some time.
    pub fn write(&self, number: usize) -> Option<(String, Vec<u8>)> {
        let state = self.state();
        let (path, bytes) = state.writes.get(number)?;
        Some((path.clone(), bytes.clone()?))
    }

    /// Every path that is there.
    pub fn paths(&self) -> Vec<String> {
        self.state().now.keys().cloned().collect()
    }

    /// Shows a device other bytes at a path, or nothing.
    pub fn lie(&self, who: usize, path: &str, bytes: Option<Vec<u8>>) {
        let mut state = self.state();
        let view = state.views.entry(who).or_default();
        view.lies.insert(path.to_owned(), bytes);
    }

    /// Shows a device at one path what lies at another when it asks, or nothing.
    pub fn redirect(&self, who: usize, path: &str, to: Option<String>) {
        let mut state = self.state();
        let view = state.views.entry(who).or_default();
        view.redirected.insert(path.to_owned(), to);
    }

    /// Shows a device the store as it was after so many writes.
    pub fn rewind(&self, who: usize, writes: usize) {
        let mut state = self.state();
        state.views.entry(who).or_default().writes = Some(writes);
    }

    /// Shows a device what is there again.
    pub fn restore(&self, who: usize) {
        self.state().views.remove(&who);
    }
}

impl State {
    fn find(&self, path: &str) -> Option<&Vec<u8>> {
        let Some(view) = self.views.get(&self.who) else {
            return self.now.get(path);
        };
        if let Some(lie) = view.lies.get(path) {
            return lie.as_ref();
        }
        if let Some(to) = view.redirected.get(path) {
            return self.now.get(to.as_ref()?);
        }
        match view.writes {
            None => self.now.get(path),
            Some(first) => {
                let mut before = self.writes.iter().take(first).rev();
                before.find(|(is, _)| is == path)?.1.as_ref()
            }
        }
    }

    fn set(&mut self, path: &str, bytes: Option<&[u8]>) {
        let bytes = bytes.map(<[u8]>::to_vec);
        self.writes.push((path.to_owned(), bytes.clone()));
        match &bytes {
            Some(bytes) => self.now.insert(path.to_owned(), bytes.clone()),
            None => self.now.remove(path),
        };
        // Whoever writes sees it.
        if let Some(view) = self.views.get_mut(&self.who) {
            view.lies.insert(path.to_owned(), bytes);
        }
    }
}

impl Cloud for Hostile {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.state().find(path).cloned())
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let state = &mut *self.state();
        match state.find(path) {
            Some(there) if there == bytes => return Ok(()),
            Some(_) => return Err(StoreError::Conflict.into()),
            None => {}
        }
        if state.now.contains_key(path) {
            // The device is shown that nothing is there, and keeps its own.
            let who = state.who;
            let view = state.views.entry(who).or_default();
            view.lies.insert(path.to_owned(), Some(bytes.to_vec()));
            state.writes.push((path.to_owned(), Some(bytes.to_vec())));
            return Ok(());
        }
        state.set(path, Some(bytes));
        Ok(())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.state().set(path, Some(bytes));
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let state = self.state();
        let folder = format!("{prefix}/");
        let mut all: BTreeSet<&String> = state.now.keys().collect();
        if let Some(view) = state.views.get(&state.who) {
            all.extend(view.lies.keys().chain(view.redirected.keys()));
            all.extend(
                view.writes
                    .into_iter()
                    .flat_map(|_| state.writes.iter().map(|w| &w.0)),
            );
        }
        let listed = all
            .into_iter()
            .filter(|path| path.starts_with(&folder) && state.find(path).is_some());
        Ok(listed.cloned().collect())
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.state().set(path, None);
        Ok(())
    }
}
