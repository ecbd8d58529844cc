//! A cloud in memory: honest until it is told to fail, to lie, or to show a device another history.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encryptediot::cloud::Cloud;
use encryptediot::error::{Result, StoreError};
use encryptediot::message::AccountId;

/// Objects by path.
pub type Objects = BTreeMap<String, Vec<u8>>;

/// The number by which the cloud tells devices apart.
pub type Viewer = usize;

/// What a device is shown at a path in place of the object there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lie {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A path that is listed, and no object when it is asked for.
    Withheld,
    /// No object, in listings neither.
    Hidden,
    /// The object that is at another path at the time of the request, or none.
    Moved(Option<String>),
}

/// Objects in memory. Clones are the same cloud.
#[derive(Clone, Debug, Default)]
pub struct MemoryCloud {
    state: Arc<Mutex<State>>,
    /// The device that uses this value; else the one that is [served](Self::serves).
    viewer: Option<Viewer>,
}

#[derive(Debug, Default)]
struct State {
    objects: Objects,
    /// The bytes at each path before they were last written over.
    old: Objects,
    /// Every write and removal that went through, in order.
    writes: Vec<(String, Option<Vec<u8>>)>,
    views: BTreeMap<Viewer, View>,
    served: Viewer,
    /// Devices that were served since the last [`MemoryCloud::served`].
    came: BTreeSet<Viewer>,
    /// Devices whose view ends at the next [`MemoryCloud::served`] after they came.
    once: BTreeSet<Viewer>,
    /// Whether a device sees what it wrote, and may write where it is shown no object.
    forking: bool,
    /// Writes until every further one fails with `store-unavailable`.
    fail_after: Option<usize>,
    /// Creations until every further one is refused with `conflict`.
    lie_after: Option<usize>,
    /// Paths that were read, in order.
    read: Vec<(Viewer, String)>,
    /// Paths that were listed.
    listed: BTreeSet<(Viewer, String)>,
    /// Requests of [`Cloud::read`], and the bytes that were taken from their answers.
    streamed: (usize, usize),
}

/// What one device is shown.
#[derive(Debug, Default)]
struct View {
    /// Only the first so many writes.
    writes: Option<usize>,
    lies: BTreeMap<String, Lie>,
}

/// Objects, as the provider sees and changes them.
impl MemoryCloud {
    /// A cloud that holds these objects.
    pub fn with(objects: Objects) -> Self {
        let cloud = Self::default();
        cloud.restore(objects);
        cloud
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of every object.
    pub fn objects(&self) -> Objects {
        self.state().objects.clone()
    }

    /// Every path of an object, sorted.
    pub fn paths(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Replaces every object by these.
    pub fn restore(&self, objects: Objects) {
        self.state().objects = objects;
    }

    /// The object at `path`; panics if there is none.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        self.state().objects[path].clone()
    }

    /// Puts an object at `path`.
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
        let prefix = format!("{account}/{folder}/");
        let mut paths = self.paths();
        paths.retain(|path| path.starts_with(&prefix));
        paths
    }
}

/// Failures that every device meets.
impl MemoryCloud {
    /// Lets `writes` more writes through, then fails every one.
    pub fn fail_after(&self, writes: usize) {
        self.state().fail_after = Some(writes);
    }

    /// Lets `writes` more creations through, then refuses every one with a `conflict` that does not exist.
    pub fn lie_after(&self, writes: usize) {
        self.state().lie_after = Some(writes);
    }

    /// Neither fails nor refuses any more.
    pub fn work_again(&self) {
        let mut state = self.state();
        (state.fail_after, state.lie_after) = (None, None);
    }
}

/// Views of single devices.
impl MemoryCloud {
    /// The same cloud as this device sees it.
    pub fn seen_by(&self, viewer: Viewer) -> Self {
        Self {
            viewer: Some(viewer),
            ..self.clone()
        }
    }

    /// Requests come from this device from now on, but for those of [`Self::seen_by`].
    pub fn serves(&self, viewer: Viewer) {
        let mut state = self.state();
        state.served = viewer;
        state.came.insert(viewer);
    }

    /// Whether a device's view ends once it has been served the next time.
    pub fn until_next(&self, viewer: Viewer, once: bool) {
        let mut state = self.state();
        state.came.remove(&viewer);
        match once {
            true => state.once.insert(viewer),
            false => state.once.remove(&viewer),
        };
    }

    /// Ends the views of the devices that were served and are lied to once.
    pub fn served(&self) {
        let state = &mut *self.state();
        for viewer in std::mem::take(&mut state.came) {
            if state.once.remove(&viewer) {
                state.views.remove(&viewer);
            }
        }
    }

    /// From now on a device sees what it wrote itself, whatever else it is shown; where it is shown no
    /// object it may create one, which is kept for it alone if there is another.
    pub fn fork(&self) {
        self.state().forking = true;
    }

    /// Tells a device this lie about a path.
    pub fn lie(&self, viewer: Viewer, path: &str, lie: Lie) {
        self.state().lie(viewer, path, lie);
    }

    /// Shows a device at `path` the object that is at another at the time of the request, or none.
    /// Where the device is lied to otherwise, or sees what it wrote, it goes on to.
    pub fn redirect(&self, viewer: Viewer, path: &str, to: Option<String>) {
        let mut state = self.state();
        let lies = &mut state.views.entry(viewer).or_default().lies;
        if matches!(lies.get(path), None | Some(Lie::Moved(_))) {
            lies.insert(path.to_owned(), Lie::Moved(to));
        }
    }

    /// Shows a device the objects as they were after so many writes.
    pub fn rewind(&self, viewer: Viewer, writes: usize) {
        let mut state = self.state();
        state.views.entry(viewer).or_default().writes = Some(writes);
    }

    /// Is honest to a device again.
    pub fn honest(&self, viewer: Viewer) {
        self.state().views.remove(&viewer);
    }
}

/// What was asked for and written.
impl MemoryCloud {
    /// The number of writes that went through.
    pub fn writes(&self) -> usize {
        self.state().writes.len()
    }

    /// The path and bytes of a write; none for a removal.
    pub fn write(&self, number: usize) -> Option<(String, Vec<u8>)> {
        let state = self.state();
        let (path, bytes) = state.writes.get(number)?;
        Some((path.clone(), bytes.clone()?))
    }

    /// The bytes at each path before they were last written over.
    pub fn old_versions(&self) -> Objects {
        self.state().old.clone()
    }

    /// How often objects in a folder of an account were read since the last call.
    pub fn asked(&self, account: &AccountId, folder: &str) -> usize {
        let prefix = format!("{account}/{folder}/");
        let read = std::mem::take(&mut self.state().read);
        let within = read.iter().filter(|(_, path)| path.starts_with(&prefix));
        within.count()
    }

    /// Every path that a device has read or seen in a listing.
    pub fn asked_by(&self, viewer: Viewer) -> BTreeSet<String> {
        let state = self.state();
        let all = state.read.iter().chain(&state.listed);
        all.filter(|(who, _)| *who == viewer)
            .map(|(_, path)| path.clone())
            .collect()
    }

    /// The number of [`Cloud::read`] requests, and the bytes that were taken from the answers.
    pub fn streamed(&self) -> (usize, usize) {
        self.state().streamed
    }
}

impl State {
    fn lie(&mut self, viewer: Viewer, path: &str, lie: Lie) {
        let view = self.views.entry(viewer).or_default();
        view.lies.insert(path.to_owned(), lie);
    }

    /// What a device is shown at a path.
    fn shown(&self, viewer: Viewer, path: &str) -> Option<&Vec<u8>> {
        let Some(view) = self.views.get(&viewer) else {
            return self.objects.get(path);
        };
        match (view.lies.get(path), view.writes) {
            (Some(Lie::Bytes(bytes)), _) => Some(bytes),
            (Some(Lie::Withheld | Lie::Hidden), _) => None,
            (Some(Lie::Moved(from)), _) => self.objects.get(from.as_ref()?),
            (None, None) => self.objects.get(path),
            (None, Some(first)) => {
                let mut before = self.writes.iter().take(first).rev();
                before.find(|(is, _)| is == path)?.1.as_ref()
            }
        }
    }

    /// Whether a listing for a device has a path.
    fn lists(&self, viewer: Viewer, path: &str) -> bool {
        let lies = self.views.get(&viewer).map(|view| &view.lies);
        match lies.and_then(|lies| lies.get(path)) {
            Some(Lie::Withheld) => self.objects.contains_key(path),
            _ => self.shown(viewer, path).is_some(),
        }
    }

    fn list(&self, viewer: Viewer, prefix: &str) -> Vec<String> {
        let folder = match prefix {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let within = |path: &&String| path.starts_with(&folder);
        let mut all: BTreeSet<&String> = self.objects.keys().filter(within).collect();
        if let Some(view) = self.views.get(&viewer) {
            all.extend(view.lies.keys().filter(within));
            if view.writes.is_some() {
                all.extend(self.writes.iter().map(|(path, _)| path).filter(within));
            }
        }
        let listed = all.into_iter().filter(|path| self.lists(viewer, path));
        listed.cloned().collect()
    }

    /// Lets one write through, or fails.
    fn spend(&mut self) -> Result<()> {
        match &mut self.fail_after {
            Some(0) => return Err(StoreError::Unavailable.into()),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    fn write(&mut self, viewer: Viewer, path: &str, bytes: Option<&[u8]>) -> Result<()> {
        self.spend()?;
        let bytes = bytes.map(<[u8]>::to_vec);
        self.writes.push((path.to_owned(), bytes.clone()));
        let before = self.objects.remove(path);
        if let Some(bytes) = &bytes {
            self.objects.insert(path.to_owned(), bytes.clone());
            if let Some(before) = before.filter(|before| before != bytes) {
                self.old.insert(path.to_owned(), before);
            }
        }
        if self.forking && self.views.contains_key(&viewer) {
            self.lie(viewer, path, bytes.map_or(Lie::Hidden, Lie::Bytes));
        }
        Ok(())
    }

    fn create(&mut self, viewer: Viewer, path: &str, bytes: &[u8]) -> Result<()> {
        match &mut self.lie_after {
            Some(0) => return Err(StoreError::Conflict.into()),
            Some(left) => *left -= 1,
            None => {}
        }
        let other = |found: Option<&Vec<u8>>| found.is_some_and(|found| found != bytes);
        if other(self.shown(viewer, path)) {
            return Err(StoreError::Conflict.into());
        }
        if self.forking {
            if self.shown(viewer, path).is_some() {
                return Ok(());
            }
            if self.objects.contains_key(path) {
                self.spend()?;
                self.writes.push((path.to_owned(), Some(bytes.to_vec())));
                self.lie(viewer, path, Lie::Bytes(bytes.to_vec()));
                return Ok(());
            }
        } else if other(self.objects.get(path)) {
            return Err(StoreError::Conflict.into());
        }
        self.write(viewer, path, Some(bytes))
    }
}

impl MemoryCloud {
    /// The state, and who asks.
    fn request(&self) -> (MutexGuard<'_, State>, Viewer) {
        let state = self.state();
        let viewer = self.viewer.unwrap_or(state.served);
        (state, viewer)
    }
}

impl Cloud for MemoryCloud {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let (mut state, viewer) = self.request();
        state.read.push((viewer, path.to_owned()));
        Ok(state.shown(viewer, path).cloned())
    }

    fn read<'a>(&'a self, path: &str, from: u64) -> Result<Option<Box<dyn Read + 'a>>> {
        self.state().streamed.0 += 1;
        let found = self.find(path)?;
        Ok(found.map(|bytes| {
            let mut bytes = Cursor::new(bytes);
            bytes.set_position(from);
            Box::new(Streamed { cloud: self, bytes }) as Box<dyn Read>
        }))
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let (mut state, viewer) = self.request();
        state.create(viewer, path, bytes)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let (mut state, viewer) = self.request();
        state.write(viewer, path, Some(bytes))
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let (mut state, viewer) = self.request();
        let found = state.list(viewer, prefix);
        let listed = found.iter().map(|path| (viewer, path.clone()));
        state.listed.extend(listed);
        Ok(found)
    }

    fn delete(&self, path: &str) -> Result<()> {
        let (mut state, viewer) = self.request();
        state.write(viewer, path, None)
    }
}

/// An object as it is taken, piece by piece.
struct Streamed<'a> {
    cloud: &'a MemoryCloud,
    bytes: Cursor<Vec<u8>>,
}

impl Read for Streamed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.cloud.state().streamed.1 += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cloud: &MemoryCloud, path: &str) -> Option<Vec<u8>> {
        cloud.find(path).unwrap()
    }

    #[test]
    fn a_view_lies_to_one_device_alone() {
        let cloud = MemoryCloud::default();
        let victim = cloud.seen_by(1);
        for (path, bytes) in [("f/a", b"a"), ("f/b", b"b"), ("f/c", b"c")] {
            cloud.create(path, bytes).unwrap();
        }
        cloud.lie(1, "f/a", Lie::Withheld);
        cloud.lie(1, "f/b", Lie::Hidden);
        cloud.lie(1, "f/d", Lie::Bytes(b"d".to_vec()));
        assert_eq!(victim.list("f").unwrap(), ["f/a", "f/c", "f/d"]);
        assert_eq!((at(&victim, "f/a"), at(&victim, "f/b")), (None, None));
        assert_eq!(at(&victim, "f/d").as_deref(), Some(&b"d"[..]));
        assert_eq!(cloud.list("f").unwrap(), ["f/a", "f/b", "f/c"]);
        // A redirection may change; a lie goes before it.
        cloud.redirect(1, "f/c", None);
        assert_eq!(at(&victim, "f/c"), None);
        cloud.redirect(1, "f/c", Some("f/a".to_owned()));
        cloud.redirect(1, "f/b", Some("f/a".to_owned()));
        assert_eq!(at(&victim, "f/c").as_deref(), Some(&b"a"[..]));
        assert_eq!(at(&victim, "f/b"), None);
        cloud.honest(1);
        assert_eq!(victim.list("f").unwrap(), ["f/a", "f/b", "f/c"]);
    }

    #[test]
    fn a_device_that_is_shown_the_past_forks() {
        let cloud = MemoryCloud::default();
        cloud.fork();
        let victim = cloud.seen_by(1);
        cloud.create("f/a", b"1").unwrap();
        cloud.put("f/a", b"2").unwrap();
        cloud.create("f/b", b"3").unwrap();
        cloud.rewind(1, 1);
        assert_eq!(at(&victim, "f/a").as_deref(), Some(&b"1"[..]));
        assert_eq!(victim.list("f").unwrap(), ["f/a"]);
        victim.create("f/b", b"4").unwrap();
        assert_eq!(at(&victim, "f/b").as_deref(), Some(&b"4"[..]));
        assert_eq!(at(&cloud, "f/b").as_deref(), Some(&b"3"[..]));
    }

    #[test]
    fn failures_and_false_conflicts_begin_when_they_are_told_to() {
        let cloud = MemoryCloud::default();
        cloud.fail_after(1);
        cloud.put("f/a", b"1").unwrap();
        let refused = cloud.put("f/a", b"2").unwrap_err();
        assert_eq!(refused.reason(), "store-unavailable");
        cloud.work_again();
        cloud.lie_after(0);
        assert_eq!(cloud.create("f/b", b"").unwrap_err().reason(), "conflict");
        assert_eq!(cloud.writes(), 1);
        cloud.work_again();
        cloud.put("f/a", b"2").unwrap();
        assert_eq!(cloud.old_versions()["f/a"], b"1");
    }
}
