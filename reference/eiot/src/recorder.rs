//! A camera on this machine: its state, the sessions that wait to be uploaded, and its time.
//!
//! Two streams of one camera may be recorded by two processes at once, and a store that hangs must
//! not stop either. So the camera's directory is locked for moments only: to begin a session, to
//! finish one, to take in an announcement that was fetched before.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use encryptediot::camera::{Paired, Recorded, Session};
use encryptediot::clock::{CameraClock, SystemClock};
use encryptediot::cloud::{Cloud, Paths};
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::uplink::{self, Keeper, Synced};
use encryptediot::{Error, Result};
use encryptediot_store::Home;
use tempfile::NamedTempFile;

use crate::devices::{self, Kind};
use crate::random::SystemRandom;
use crate::temporary;

/// A camera's directory.
pub struct Recorder {
    path: PathBuf,
    /// This machine's clock.
    pub clock: SystemClock,
    /// The camera's clock when this process has seen it last. The camera's state is read anew each time;
    /// its time goes on from here, by the monotonic counter.
    seen: Mutex<Option<CameraClock>>,
}

/// The file of a session that waits; a listing is in the order of the sequence numbers.
fn spooled(stream: &Name, sequence: u64) -> String {
    format!("{}{sequence:012}", prefix(stream))
}

/// The file of its sealed segments, from the name of the other.
fn body_of(spooled: &str) -> String {
    format!("{spooled}.body")
}

/// How the names of bodies begin that are being recorded.
const RECORDING: &str = ".body.";

/// The body of a session that is being recorded: a file that is gone if the session is not finished.
pub type BodyFile = NamedTempFile;

/// Is this a body whose manifest is gone, or was never kept?
fn is_orphan(home: &Home, name: &str) -> bool {
    let spooled = name.strip_suffix(".body");
    spooled.is_some_and(|spooled| spooled.starts_with("spool.") && !home.exists(spooled))
}

fn prefix(stream: &Name) -> String {
    format!("spool.{stream}.")
}

/// What became of the sessions that waited.
#[derive(Debug, Default)]
pub struct Uploaded {
    /// The streams and sequence numbers that are in the cloud now.
    pub clips: Vec<(Name, u64)>,
    /// How many still wait.
    pub waiting: usize,
    /// The first error of the store, if sessions still wait.
    pub failure: Option<Error>,
}

impl Recorder {
    /// The camera in `path`.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            clock: SystemClock::start(),
            seen: Mutex::default(),
        }
    }

    /// Lets the camera do something under the lock. Its state is kept if that succeeds.
    ///
    /// # Errors
    /// `local-missing`, `local-state`, and those of `act`.
    pub fn with<T>(&self, act: impl FnOnce(&mut Paired, &Home) -> Result<T>) -> Result<T> {
        self.locked(|camera, home| {
            let done = act(camera, home)?;
            devices::save_camera(home, camera)?;
            Ok(done)
        })
    }

    /// [`Self::with`] for what leaves nothing to remember: a camera whose disk is full must be able to
    /// upload what fills it, and flash wears out with each write.
    ///
    /// # Errors
    /// As [`Self::with`].
    pub fn locked<T>(&self, act: impl FnOnce(&mut Paired, &Home) -> Result<T>) -> Result<T> {
        let home = Home::open(&self.path)?;
        let mut camera = devices::load_camera(&home, &self.clock)?;
        adopt(&mut camera, &home)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = *seen {
            camera.go_on_from(seen, &self.clock);
        }
        let done = act(&mut camera, &home)?;
        *seen = Some(camera.clock(&self.clock));
        Ok(done)
    }

    /// Starts a session. Its body goes into a file as it is recorded; what a killed process has left of such
    /// files is removed.
    ///
    /// The file becomes the object in the cloud where the cloud is a directory of the same file system, so
    /// it has the mode that the umask gives; the camera's directory is its owner's alone. What is in it is
    /// sealed.
    ///
    /// # Errors
    /// Those of [`Self::with`] and [`Paired::begin`].
    pub fn begin(&self, stream: &Name) -> Result<Session<BodyFile>> {
        self.locked(|camera, home| {
            temporary::remove_stale(&self.path, RECORDING);
            let names = home.names()?;
            for name in names.iter().filter(|name| is_orphan(home, name)) {
                home.remove(name)?;
            }
            let body = temporary::create(&self.path, RECORDING, 0o666);
            let body = body.map_err(|error| StoreError::LocalState.because(error))?;
            camera.begin_into(stream, body, &self.clock, &mut SystemRandom)
        })
    }

    /// Ends a session and keeps it until it is uploaded: the body first, then the manifest, then the state, so
    /// that a kill between two of them loses neither the session nor its number.
    ///
    /// # Errors
    /// Those of [`Self::with`] and [`Paired::finish`].
    pub fn finish(&self, session: Session<BodyFile>) -> Result<Recorded<()>> {
        let local = |error: std::io::Error| StoreError::LocalState.because(error);
        // Most of it before the lock: nobody shall wait for the disk.
        session.body().as_file().sync_data().map_err(local)?;
        self.with(|camera, home| {
            let stream = session.stream().clone();
            let made = camera.finish(session, &self.clock, &mut SystemRandom)?;
            let name = spooled(&stream, camera.last_sequence(&stream));
            let (recorded, body) = made.take_body();
            let kept = body.as_file().sync_data().and_then(|()| {
                let placed = body.persist(self.path.join(body_of(&name)));
                placed.map_err(|error| error.error)
            });
            kept.map_err(local)?;
            // After a power cut there is no manifest without its body.
            home.sync()?;
            // The manifest is kept here; `with` stores the state before anything is uploaded.
            recorded.store(|recorded| home.save(&name, recorded))
        })
    }

    /// Takes in what the cloud has for the camera. The directory is locked while the camera is given
    /// an answer of the cloud, not while the cloud is asked.
    ///
    /// # Errors
    /// Those of [`uplink::sync_kept`].
    pub fn sync(&self, cloud: &dyn Cloud) -> Result<Synced> {
        uplink::sync_kept(self, cloud, &self.clock)
    }

    /// Uploads what waits, of one stream or of all, in order. A clip that cannot be uploaded stops no other,
    /// a store that is away or does not show the account all of a stream.
    ///
    /// # Errors
    /// `local-missing`, `local-state`. A cloud that fails is in [`Uploaded`].
    pub fn upload(
        &self,
        cloud: &dyn Cloud,
        only: Option<&Name>,
        mut each: impl FnMut(u64),
    ) -> Result<Uploaded> {
        let (streams, account) = self.locked(|camera, home| {
            // A process that was killed may have left what is not on the medium yet: what is uploaded is
            // removed, and nothing that tells of it may be lost.
            home.sync()?;
            let mut streams: Vec<Name> = camera.streams().cloned().collect();
            streams.retain(|stream| only.is_none_or(|only| only == stream));
            Ok((streams, Paired::from_state(camera.to_state(), &self.clock)?))
        })?;
        let mut uploaded = Uploaded::default();
        for stream in streams {
            let files = self.waiting(&stream)?;
            if files.is_empty() {
                continue;
            }
            if let Err(error) = uplink::check_store(&account, cloud, &stream) {
                uploaded.failure.get_or_insert(error);
                uploaded.waiting += files.len();
                continue;
            }
            for (place, file) in files.iter().enumerate() {
                let sent = self.load(file).and_then(|recorded| match recorded {
                    Some(recorded) => {
                        if recorded.body.exists() || !is_uploaded(&account, cloud, &recorded)? {
                            uplink::upload_file(&account, cloud, &recorded)?;
                        }
                        Ok(Some(recorded))
                    }
                    None => Ok(None),
                });
                let recorded = match sent {
                    Ok(Some(recorded)) => recorded,
                    Ok(None) => continue,
                    Err(error) => {
                        let away = error.is(StoreError::Unavailable);
                        uploaded.failure.get_or_insert(error);
                        uploaded.waiting += if away { files.len() - place } else { 1 };
                        // What is wrong with one clip stops no other.
                        match away {
                            true => break,
                            false => continue,
                        }
                    }
                };
                self.forget(file)?;
                each(recorded.sequence);
                uploaded.clips.push((stream.clone(), recorded.sequence));
            }
        }
        Ok(uploaded)
    }

    /// Removes a session that is in the cloud. The state must know its number by then; where there is no room
    /// to store that, the session's body makes it.
    fn forget(&self, file: &str) -> Result<()> {
        let home = Home::open(&self.path)?;
        let mut camera = devices::load_camera(&home, &self.clock)?;
        if adopt(&mut camera, &home)? && devices::save_camera(&home, &camera).is_err() {
            home.remove(&body_of(file))?;
            devices::save_camera(&home, &camera)?;
        }
        home.remove(file)?;
        home.remove(&body_of(file))
    }

    /// The files of a stream's sessions that wait, in order.
    ///
    /// # Errors
    /// `local-state`.
    pub fn waiting(&self, stream: &Name) -> Result<Vec<String>> {
        let prefix = prefix(stream);
        let mut files = Home::open(&self.path)?.names()?;
        files.retain(|file| {
            let number = file.strip_prefix(&prefix);
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        Ok(files)
    }

    /// How much waits of all streams.
    ///
    /// # Errors
    /// `local-state`.
    pub fn waiting_bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for file in Home::open(&self.path)?.names()? {
            // Another process may have uploaded it in the meantime.
            let about = std::fs::metadata(self.path.join(&file));
            bytes += about.map_or(0, |about| match file.starts_with("spool.") {
                true => about.len(),
                false => 0,
            });
        }
        Ok(bytes)
    }

    /// A session that waits; none if another process has uploaded it in the meantime.
    fn load(&self, file: &str) -> Result<Option<Recorded<PathBuf>>> {
        match Home::open(&self.path)?.load::<Recorded<()>>(file) {
            Ok(recorded) => Ok(Some(recorded.with_body(self.path.join(body_of(file))))),
            Err(error) if error.is(StoreError::LocalMissing) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Keeper for &Recorder {
    fn read<T>(&mut self, look: impl FnOnce(&Paired) -> T) -> Result<T> {
        self.locked(|camera, _| Ok(look(camera)))
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Paired) -> Result<T>) -> Result<T> {
        Recorder::with(self, |camera, _| act(camera))
    }
}

/// Does the cloud have the clip already? A power cut may bring the manifest back of which the body was removed.
fn is_uploaded(camera: &Paired, cloud: &dyn Cloud, recorded: &Recorded<PathBuf>) -> Result<bool> {
    let paths = Paths(*camera.account());
    let manifest = paths.manifest(&recorded.stream, recorded.sequence);
    let there = cloud.find(&manifest)?.as_ref() == Some(&recorded.manifest);
    Ok(there && cloud.read(&paths.body(&recorded.clip), 0)?.is_some())
}

/// A process that was killed after it kept a session and before it kept the state has left one
/// session for each stream at most that the state does not know.
///
/// The state is stored with what is done next, or before the session is removed. Says whether there was one.
fn adopt(camera: &mut Paired, home: &Home) -> Result<bool> {
    let streams: Vec<Name> = camera.streams().cloned().collect();
    let mut adopted = false;
    for stream in streams {
        let next = spooled(&stream, camera.last_sequence(&stream) + 1);
        // A torn file was never uploaded: its number is given out again.
        if home.exists(&next)
            && let Ok(recorded) = home.load::<Recorded<()>>(&next)
        {
            adopted |= camera.adopt(&recorded)?;
        }
    }
    Ok(adopted)
}

/// The directory of camera `name`.
pub fn of(context: &crate::context::Context, name: &Name) -> Recorder {
    Recorder::new(devices::path(context, Kind::Camera, name))
}
