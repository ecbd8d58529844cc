//! A cloud in the adversary's hands: it keeps every version of every object that any device ever wrote, and shows
//! each device, object by object, the one that it likes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encryptediot::cloud::Cloud;
use encryptediot::error::{Result, StoreError};
use encryptediot_testkit::Objects;

/// The number by which the provider tells devices apart.
pub type Device = usize;

/// One version of an object.
#[derive(Clone)]
pub struct Version {
    /// Its place among all writes.
    at: usize,
    by: Device,
    /// Whether it was made where its device was shown nothing.
    created: bool,
    /// None if it was removed.
    bytes: Option<Arc<[u8]>>,
}

/// What a device is shown at one path, whatever else it is shown.
#[derive(Clone, Copy)]
enum Exception {
    Absent,
    Version(usize),
}

/// What one device is shown.
#[derive(Clone, Default)]
struct View {
    /// Of what others wrote, only the first so many of all writes.
    cut: Option<usize>,
    exceptions: BTreeMap<String, Exception>,
    /// The version that it was shown or made first, where there are several: a provider that goes on with a fork
    /// shows each device its own side.
    side: BTreeMap<String, usize>,
}

#[derive(Clone, Default)]
struct Log {
    versions: BTreeMap<String, Vec<Version>>,
    writes: usize,
    views: BTreeMap<Device, View>,
    /// What was written since this was asked last.
    new: Vec<Written>,
}

/// A write.
#[derive(Clone)]
pub struct Written {
    pub path: String,
    pub by: Device,
    pub bytes: Vec<u8>,
}

/// The provider. Clones are the same one.
#[derive(Clone, Default)]
pub struct Provider(Arc<Mutex<Log>>);

/// The cloud as one device sees it.
pub struct Seat {
    provider: Provider,
    device: Device,
}

/// Objects that are named by their own content, or by that of what names them: to hold them back from whoever has
/// that name is an exception.
fn is_named_by_hash(path: &str) -> bool {
    let folder = path.split('/').nth(1).unwrap_or_default();
    ["root", "backups", "grants", "bodies"].contains(&folder)
}

impl Provider {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A provider of its own that begins with the same objects and views.
    pub fn copied(&self) -> Self {
        let log = self.log().clone();
        Self(Arc::new(Mutex::new(log)))
    }

    /// The cloud as a device sees it.
    pub fn seat(&self, device: Device) -> Seat {
        Seat {
            provider: self.clone(),
            device,
        }
    }

    /// What was written since this was asked last.
    pub fn written(&self) -> Vec<Written> {
        std::mem::take(&mut self.log().new)
    }

    /// All versions of all objects as the objects of one cloud: where a path has several, the later ones stand
    /// under names that are made for them.
    pub fn everything(&self) -> Objects {
        let log = self.log();
        let mut all = Objects::new();
        for (path, versions) in &log.versions {
            let mut kept: Vec<&Arc<[u8]>> = Vec::new();
            for bytes in versions.iter().filter_map(|version| version.bytes.as_ref()) {
                if !kept.contains(&bytes) {
                    kept.push(bytes);
                }
            }
            for (number, bytes) in kept.into_iter().enumerate() {
                let name = match number {
                    0 => path.clone(),
                    _ => format!("{path}~{number}"),
                };
                all.insert(name, bytes.to_vec());
            }
        }
        all
    }

    /// Shows a device nothing of what others write from now on, nor of the last `back` writes.
    pub fn freeze(&self, device: Device, back: usize) {
        let mut log = self.log();
        let cut = log.writes.saturating_sub(back);
        log.views.entry(device).or_default().cut = Some(cut);
    }

    /// Shows a device what is there. Where a fork was begun, it goes on to see its own side.
    pub fn thaw(&self, device: Device) {
        let mut log = self.log();
        let view = log.views.entry(device).or_default();
        view.cut = None;
        view.exceptions.clear();
    }

    /// Shows a device the paths that start with `prefix` as they are shown to another one now.
    pub fn lend(&self, device: Device, prefix: &str, of: Device) {
        let mut log = self.log();
        let within = log.versions.keys().filter(|path| path.starts_with(prefix));
        let lent = within.map(|path| {
            let shown = log.shown(of, path);
            let shown = shown.map_or(Exception::Absent, Exception::Version);
            (path.clone(), shown)
        });
        let lent: Vec<_> = lent.collect();
        let view = log.views.entry(device).or_default();
        view.exceptions.extend(lent);
    }

    /// Shows a device nothing at the paths that start with `prefix`.
    pub fn hide(&self, device: Device, prefix: &str) {
        let mut log = self.log();
        let within = log.versions.keys().filter(|path| path.starts_with(prefix));
        let hidden: Vec<_> = within.map(|p| (p.clone(), Exception::Absent)).collect();
        let view = log.views.entry(device).or_default();
        view.exceptions.extend(hidden);
    }

    /// Shows a device one version of the object at a path, chosen by number among all paths and among the versions
    /// there are and none.
    pub fn except(&self, device: Device, path: usize, version: usize) {
        let mut log = self.log();
        let count = log.versions.len().max(1);
        let Some((path, versions)) = log.versions.iter().nth(path % count) else {
            return;
        };
        let shown = match version % (versions.len() + 1) {
            0 => Exception::Absent,
            number => Exception::Version(number - 1),
        };
        let path = path.clone();
        let view = log.views.entry(device).or_default();
        view.exceptions.insert(path, shown);
    }
}

impl Log {
    /// The number of the version that a device is shown at a path.
    fn shown(&self, device: Device, path: &str) -> Option<usize> {
        let versions = self.versions.get(path)?;
        let view = self.views.get(&device);
        match view.and_then(|view| view.exceptions.get(path)) {
            Some(Exception::Absent) => return None,
            Some(Exception::Version(number)) => return Some(*number),
            None => {}
        }
        let forked = versions.iter().filter(|version| version.created).count() > 1;
        if let Some(side) = view.and_then(|view| view.side.get(path))
            && forked
        {
            return Some(*side);
        }
        let cut = view.and_then(|view| view.cut);
        let visible = |version: &Version| {
            version.by == device || is_named_by_hash(path) || cut.is_none_or(|cut| version.at < cut)
        };
        versions.iter().rposition(visible)
    }

    fn bytes(&self, device: Device, path: &str) -> Option<(usize, Arc<[u8]>)> {
        let number = self.shown(device, path)?;
        let bytes = self.versions.get(path)?.get(number)?.bytes.clone()?;
        Some((number, bytes))
    }

    fn write(&mut self, device: Device, path: &str, bytes: Option<&[u8]>, created: bool) {
        let versions = self.versions.entry(path.to_owned()).or_default();
        versions.push(Version {
            at: self.writes,
            by: device,
            created,
            bytes: bytes.map(Arc::from),
        });
        self.writes += 1;
        let number = versions.len() - 1;
        let view = self.views.entry(device).or_default();
        view.exceptions.remove(path);
        if created {
            view.side.insert(path.to_owned(), number);
        }
        self.new.extend(bytes.map(|bytes| Written {
            path: path.to_owned(),
            by: device,
            bytes: bytes.to_vec(),
        }));
    }
}

impl Cloud for Seat {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let mut log = self.provider.log();
        let Some((number, bytes)) = log.bytes(self.device, path) else {
            return Ok(None);
        };
        let view = log.views.entry(self.device).or_default();
        view.side.entry(path.to_owned()).or_insert(number);
        Ok(Some(bytes.to_vec()))
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let mut log = self.provider.log();
        match log.bytes(self.device, path) {
            Some((_, found)) if *found == *bytes => return Ok(()),
            Some(_) => return Err(StoreError::Conflict.into()),
            None => {}
        }
        log.write(self.device, path, Some(bytes), true);
        Ok(())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let mut log = self.provider.log();
        log.write(self.device, path, Some(bytes), false);
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let log = self.provider.log();
        let folder = match prefix {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let from = log.versions.range(folder.clone()..);
        let within = from.take_while(|(path, _)| path.starts_with(&folder));
        let shown = within.filter(|(path, _)| log.bytes(self.device, path).is_some());
        Ok(shown.map(|(path, _)| path.clone()).collect())
    }

    fn delete(&self, path: &str) -> Result<()> {
        let mut log = self.provider.log();
        log.write(self.device, path, None, false);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_sees_its_own_side_and_exceptions() {
        let provider = Provider::default();
        let seats: Vec<_> = (0..3).map(|device| provider.seat(device)).collect();
        let at = |device: usize, path: &str| seats[device].find(path).unwrap();
        seats[0].create("a/roster/1", b"1").unwrap();
        provider.freeze(1, 0);
        seats[0].create("a/roster/2", b"2").unwrap();
        assert_eq!(at(1, "a/roster/2"), None);
        assert_eq!(seats[1].list("a/roster").unwrap(), ["a/roster/1"]);
        seats[1].create("a/roster/2", b"two").unwrap();
        // Each goes on to see its own, and a third one the newest.
        provider.thaw(1);
        let seen = [0, 1, 2].map(|device| at(device, "a/roster/2").unwrap());
        assert_eq!(seen, [&b"2"[..], b"two", b"two"]);
        assert_eq!(
            seats[0].create("a/roster/2", b"3").unwrap_err().reason(),
            "conflict"
        );
        provider.lend(1, "a/roster", 0);
        assert_eq!(at(1, "a/roster/2").unwrap(), b"2");
        provider.hide(1, "a/roster");
        assert_eq!(at(1, "a/roster/1"), None);
        provider.except(1, 1, 2);
        assert_eq!(at(1, "a/roster/2").unwrap(), b"two");
        assert_eq!(provider.everything().len(), 3);
        assert_eq!(provider.written().len(), 3);
        assert!(provider.written().is_empty());
    }
}
