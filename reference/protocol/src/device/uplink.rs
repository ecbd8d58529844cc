//! The camera's way to the cloud: fetch what it is to obey, upload what it recorded.

use std::path::PathBuf;

use crate::acknowledgement;
use crate::announcement::{self, Head, Step};
use crate::camera::{Accepted, Paired, Recorded, Unstored};
use crate::clip;
use crate::clock::Clock;
use crate::cloud::{Cloud, Paths, create_whole};
use crate::crypto::{RsaPublic, VerifyingKey};
use crate::error::{AnnouncementError, Error, Result, StoreError};
use crate::evidence::{self, Challenge};
use crate::keys::{self, KeyId, Name, verifying_id};
use crate::message;
use crate::pairing::Offer;

/// The result of a camera's synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// Announcements accepted, by stream.
    pub accepted: Vec<(Name, Head)>,
    /// Streams on which the camera was found to be retired or replaced.
    pub relieved: Vec<Name>,
    /// Leases extended.
    pub extended: Vec<Name>,
    /// Corrections of the camera's clock that were obeyed.
    pub corrected: Vec<u64>,
    /// Objects that were refused: path and reason. They changed nothing.
    pub refused: Vec<(String, Error)>,
}

/// Stores a camera's state: called before anything leaves that the state must not forget.
pub type Save<'a> = &'a dyn Fn(&Paired) -> Result<()>;

/// Where a camera is kept, perhaps for several processes at once.
pub trait Keeper {
    /// Looks at the camera, and stores nothing.
    ///
    /// # Errors
    /// `local-state`, `local-missing`.
    fn read<T>(&mut self, look: impl FnOnce(&Paired) -> T) -> Result<T>;

    /// Runs `act` on the camera. If it succeeds, the camera's state is stored, and only then is its
    /// result returned.
    ///
    /// # Errors
    /// Those of `act`, which changed nothing; `local-state`, `local-missing`.
    fn with<T>(&mut self, act: impl FnOnce(&mut Paired) -> Result<T>) -> Result<T>;
}

/// What [`Keeper::with`] gave back: it has stored the camera's state.
fn stored<T>(made: Unstored<T>) -> Result<T> {
    made.store(|_| Ok(()))
}

/// A camera that one process has to itself.
struct InHand<'a> {
    camera: &'a mut Paired,
    save: Save<'a>,
}

impl Keeper for InHand<'_> {
    fn read<T>(&mut self, look: impl FnOnce(&Paired) -> T) -> Result<T> {
        Ok(look(self.camera))
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Paired) -> Result<T>) -> Result<T> {
        let done = act(self.camera)?;
        (self.save)(self.camera)?;
        Ok(done)
    }
}

/// Fetches the root if the camera has none yet, then corrections of its clock, then every announcement
/// after the one in force, then lease extensions; uploads each acknowledgement once `save` has stored what it says.
///
/// # Errors
/// `store-unavailable`, `object-missing` if there is no root. `local-state` if `save` failed: the
/// camera in memory is then ahead of the stored one, and nothing has left that tells of it. What
/// the cloud returns is refused object by object, in [`Synced`].
pub fn sync(
    camera: &mut Paired,
    cloud: &dyn Cloud,
    clock: &dyn Clock,
    save: Save<'_>,
) -> Result<Synced> {
    sync_kept(InHand { camera, save }, cloud, clock)
}

/// [`sync`] for a camera that others may use while the cloud is waited for.
///
/// # Errors
/// As [`sync`]; `local-missing`.
pub fn sync_kept<K: Keeper>(mut keeper: K, cloud: &dyn Cloud, clock: &dyn Clock) -> Result<Synced> {
    let (account, key, has_root, streams) = keeper.read(|camera| {
        let head = |stream: &Name| (stream.clone(), camera.head(stream));
        let streams = camera
            .streams()
            .filter(|stream| !camera.is_relieved(stream));
        let streams: Vec<_> = streams.map(head).collect();
        (
            *camera.account(),
            camera.verifying_key(),
            camera.has_root(),
            streams,
        )
    })?;
    let mut link = Link {
        keeper,
        cloud,
        clock,
        camera: verifying_id(&key),
        key,
        paths: Paths(account),
        synced: Synced::default(),
    };
    if !has_root {
        let root = cloud.get(&link.paths.root())?;
        link.keeper.with(|camera| camera.take_root(&root))?;
    }
    link.corrections()?;
    for (stream, mut head) in streams {
        if let Err(error) = link.announcements(&stream, &mut head) {
            let path = link.paths.announcement(&stream, next(head));
            link.refuse(path, error)?;
        }
        if let Some(head) = head {
            link.leases(&stream, &head)?;
        }
    }
    link.challenges()?;
    Ok(link.synced)
}

/// How many challenges a camera answers at a time, and how many it reads: whoever writes to the cloud can make
/// any number.
const ANSWERS: usize = 16;
const CHALLENGES: usize = 256;

fn next(head: Option<Head>) -> u64 {
    head.map_or(1, |head| head.epoch.saturating_add(1))
}

/// A camera at the cloud, and the result so far.
struct Link<'a, K> {
    keeper: K,
    cloud: &'a dyn Cloud,
    clock: &'a dyn Clock,
    camera: KeyId,
    key: VerifyingKey,
    paths: Paths,
    synced: Synced,
}

impl<K: Keeper> Link<'_, K> {
    /// Notes what was refused. A camera that cannot store its state does not go on.
    fn refuse(&mut self, path: String, error: Error) -> Result<()> {
        if error.is(StoreError::LocalState) || error.is(StoreError::LocalMissing) {
            return Err(error);
        }
        self.synced.refused.push((path, error));
        Ok(())
    }

    /// Takes the corrections of the clock that follow those obeyed.
    fn corrections(&mut self) -> Result<()> {
        let clock = self.clock;
        loop {
            let count = self.keeper.read(Paired::corrections)?;
            let next = count.saturating_add(1);
            let path = self.paths.clock(self.camera, next);
            let bytes = match self.cloud.find(&path) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(()),
                Err(error) => return self.refuse(path, error),
            };
            let mut after = count;
            let taken = self.keeper.with(|camera| {
                let taken = camera.correct(&bytes, clock);
                after = camera.corrections();
                taken
            });
            match taken {
                Ok(()) => self.synced.corrected.push(next),
                // Others who use this camera were first.
                Err(_) if after > count => {}
                Err(error) => return self.refuse(path, error),
            }
        }
    }

    /// Takes what follows `head`, and moves it along.
    fn announcements(&mut self, stream: &Name, head: &mut Option<Head>) -> Result<()> {
        let clock = self.clock;
        // An acknowledgement that did not arrive whole is signed again, and one of a time set right.
        if let Some(known) = *head
            && let path = self.paths.acknowledgement(stream, known.epoch)
            && let found = self.cloud.find(&path)?
            && (!self.synced.corrected.is_empty() || !self.is_own(stream, known, found))
        {
            check_shown(&self.paths, self.cloud, Some((stream, known)))?;
            let (now, ack) = self.keeper.with(|camera| {
                let ack = camera.acknowledge(stream, clock)?;
                Ok((camera.head(stream).unwrap_or(known), ack))
            })?;
            *head = Some(now);
            self.acknowledge(stream, now, &stored(ack)?)?;
        }
        // Those before a new camera's first one name the cameras before it.
        let mut passed = 0;
        loop {
            let epoch = next(*head).max(passed + 1);
            let path = self.paths.announcement(stream, epoch);
            let Some(bytes) = self.cloud.find(&path)? else {
                return Ok(());
            };
            let (mut before, mut after) = (None, None);
            let mut accept = |keeper: &mut K| {
                keeper.with(|camera| {
                    before = camera.head(stream);
                    let ack = camera.accept(&bytes, clock);
                    after = camera.head(stream);
                    ack
                })
            };
            let mut taken = accept(&mut self.keeper);
            if matches!(&taken, Err(error) if error.is(AnnouncementError::Fork)) {
                self.rosters()?;
                taken = accept(&mut self.keeper);
            }
            match (taken, after) {
                (Ok(Accepted::InForce(ack)), Some(now)) if before != after => {
                    *head = after;
                    self.synced.accepted.push((stream.clone(), now));
                    self.acknowledge(stream, now, &stored(ack)?)?;
                }
                (Ok(Accepted::Relieved), _) => {
                    *head = None;
                    self.synced.relieved.push(stream.clone());
                    return Ok(());
                }
                // Others who use this camera were first, and acknowledge what they took.
                (_, Some(now)) if before == after && now.epoch >= epoch => *head = after,
                (Err(error), None) if error.is(AnnouncementError::WrongCamera) => passed = epoch,
                // It is another stream's, whose turn comes.
                (Ok(_), _) => return Err(StoreError::Path.into()),
                (Err(error), _) => return Err(error),
            }
        }
    }

    /// Is this the camera's own acknowledgement of the announcement in force?
    fn is_own(&self, stream: &Name, head: Head, found: Option<Vec<u8>>) -> bool {
        let ack =
            found.map(|found| acknowledgement::open(&self.paths.0, &self.key, stream, &found));
        matches!(ack, Some(Ok(ack)) if ack.check_head(&head).is_ok())
    }

    /// Follows the account's rosters. One that is refused is no roster of this camera's history, and what was
    /// announced under it is refused for that.
    fn rosters(&mut self) -> Result<()> {
        let mut head = self.keeper.read(Paired::roster)?;
        while let Some(known) = head {
            let path = self.paths.roster(known.number.saturating_add(1));
            let Some(bytes) = self.cloud.find(&path)? else {
                break;
            };
            let taken = self.keeper.with(|camera| {
                // Others who use this camera may have taken it.
                if camera.roster() == head {
                    camera.take_roster(&bytes)?;
                }
                Ok(camera.roster())
            });
            match taken {
                Ok(now) => head = now,
                Err(error) => return self.refuse(path, error),
            }
        }
        Ok(())
    }

    fn acknowledge(&self, stream: &Name, head: Head, ack: &[u8]) -> Result<()> {
        let path = self.paths.acknowledgement(stream, head.epoch);
        self.cloud.put(&path, ack)
    }

    /// Answers the phones' challenges that it has not answered yet.
    fn challenges(&mut self) -> Result<()> {
        let (clock, mut answered) = (self.clock, 0);
        let mut listed = self.cloud.list(&self.paths.challenges())?;
        // Those that nobody withdrew must not stand before a new one for ever.
        let first = self.clock.monotonic() as usize % listed.len().max(1);
        listed.rotate_left(first);
        for path in listed.into_iter().take(CHALLENGES) {
            if answered == ANSWERS {
                break;
            }
            let bytes = self.cloud.get(&path);
            let read = bytes.and_then(|bytes| message::decode::<Challenge>(&self.paths.0, &bytes));
            let challenge = match read {
                Ok(challenge) => challenge,
                Err(error) => {
                    self.refuse(path, error)?;
                    continue;
                }
            };
            if path != self.paths.challenge(&challenge) {
                self.refuse(path, StoreError::Path.into())?;
                continue;
            }
            let place = self.paths.answer(&challenge, self.camera);
            // Nobody but this camera can have put an answer there that opens.
            let found = self.cloud.find(&place)?;
            let (account, key) = (&self.paths.0, &self.key);
            let opens = |bytes: Vec<u8>| evidence::open(account, key, &challenge, &bytes).is_ok();
            if !found.is_some_and(opens) {
                let answer = self
                    .keeper
                    .with(|camera| camera.answer(&challenge, clock))?;
                self.cloud.put(&place, &answer)?;
                answered += 1;
            }
        }
        Ok(())
    }

    fn leases(&mut self, stream: &Name, head: &Head) -> Result<()> {
        let clock = self.clock;
        for path in self.cloud.list(&self.paths.leases(stream, head))? {
            let bytes = self.cloud.get(&path);
            let extend = |bytes: Vec<u8>| self.keeper.with(|camera| camera.extend(&bytes, clock));
            match bytes.and_then(extend) {
                Ok(()) => self.synced.extended.push(stream.clone()),
                Err(error) if error.is(AnnouncementError::LeaseShorter) => {}
                Err(error) => self.refuse(path, error)?,
            }
        }
        Ok(())
    }
}

/// Does the cloud show the account that the camera knows: its root, and the announcement in force on
/// `stream`? Nothing is uploaded into any other store: it would be lost there. And nothing by a camera that the
/// owner has retired or replaced: another one's clips have its numbers.
///
/// # Errors
/// `object-missing`; `wrong-account`, `announcement-fork` and what else another object in their place is
/// refused for; `camera-relieved`; `store-unavailable`.
pub fn check_store(camera: &Paired, cloud: &dyn Cloud, stream: &Name) -> Result<()> {
    let (account, paths) = (camera.account(), Paths(*camera.account()));
    let relieved = || AnnouncementError::Relieved.into();
    if camera.is_relieved(stream) {
        return Err(relieved());
    }
    let head = camera.head(stream);
    let root = check_shown(&paths, cloud, head.map(|head| (stream, head)))?;
    if let Some(head) = head
        && let Some(bytes) = cloud.find(&paths.announcement(stream, next(Some(head))))?
        && let Ok(after) = announcement::open(&root, account, &bytes)
        && let Ok(Step::Next(_)) = announcement::follow(Some(&head), &after)
        && after.body.camera != Some(camera.verifying_key())
    {
        return Err(relieved());
    }
    Ok(())
}

fn check_shown(
    paths: &Paths,
    cloud: &dyn Cloud,
    shown: Option<(&Name, Head)>,
) -> Result<RsaPublic> {
    let account = &paths.0;
    let missing = |path: String| {
        let text = format!("the store does not show the account: there is no {path}");
        StoreError::Missing.because(text)
    };
    let path = paths.root();
    let root = cloud.find(&path)?.ok_or_else(|| missing(path))?;
    let root = keys::decode_root(account, &root)?;
    if let Some((stream, head)) = shown {
        let path = paths.announcement(stream, head.epoch);
        let bytes = cloud.find(&path)?.ok_or_else(|| missing(path))?;
        if announcement::open(&root, account, &bytes)?.hash != head.hash {
            return Err(AnnouncementError::Chain.into());
        }
    }
    Ok(root)
}

/// Puts a camera's answer to a pairing offer into the cloud, which must show the account of the offer. What an
/// interrupted write of it left is written over; the answer of another camera is not.
///
/// # Errors
/// `object-missing` if there is no such account, and what else an object in the place of its root is refused for;
/// `conflict` if another camera has answered; `store-unavailable`.
pub fn answer_offer(cloud: &dyn Cloud, offer: &Offer, sealed: &[u8]) -> Result<()> {
    let paths = Paths(offer.account);
    check_shown(&paths, cloud, None)?;
    create_whole(cloud, &paths.pairing_reply(&offer.id()), sealed)
}

/// Uploads a finished session: the body first, so that a manifest never speaks of what is not
/// there. Uploading again what is there already is no error.
///
/// # Errors
/// `conflict`, `store-unavailable`.
pub fn upload(camera: &Paired, cloud: &dyn Cloud, recorded: &Recorded) -> Result<()> {
    let body = Paths(*camera.account()).body(&recorded.clip);
    match cloud.create(&body, &recorded.body) {
        // The name is this clip's alone: what lies there is torn.
        Err(error) if error.is(StoreError::Conflict) => cloud.put(&body, &recorded.body)?,
        created => created?,
    }
    upload_manifest(camera, cloud, recorded)
}

/// [`upload`] of a session whose body is in a file.
///
/// # Errors
/// As [`upload`]; `local-state` if the file cannot be read.
pub fn upload_file(camera: &Paired, cloud: &dyn Cloud, recorded: &Recorded<PathBuf>) -> Result<()> {
    let body = Paths(*camera.account()).body(&recorded.clip);
    match cloud.create_from(&body, &recorded.body) {
        // The name is this clip's alone: what lies there is torn.
        Err(error) if error.is(StoreError::Conflict) => {
            cloud.delete(&body)?;
            cloud.create_from(&body, &recorded.body)?;
        }
        created => created?,
    }
    upload_manifest(camera, cloud, recorded)
}

fn upload_manifest<B>(camera: &Paired, cloud: &dyn Cloud, recorded: &Recorded<B>) -> Result<()> {
    let place = Paths(*camera.account()).manifest(&recorded.stream, recorded.sequence);
    match cloud.create(&place, &recorded.manifest) {
        Err(error) if error.is(StoreError::Conflict) => {
            let (account, key) = (camera.account(), camera.verifying_key());
            let found = cloud.find(&place)?.unwrap_or_default();
            // Only the camera can have put a genuine one there; anything else is torn or in the way.
            match clip::open(account, &key, &recorded.stream, &found) {
                Ok(_) => Err(error),
                Err(_) => cloud.put(&place, &recorded.manifest),
            }
        }
        created => created,
    }
}
