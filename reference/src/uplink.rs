//! The camera's way to the cloud: fetch what it is to obey, upload what it recorded.

use crate::announcement::Head;
use crate::camera::{Paired, Recorded};
use crate::clock::Clock;
use crate::cloud::{Cloud, Paths};
use crate::error::{AnnouncementError, Error, Result, StoreError};
use crate::keys::Name;

/// What a synchronisation brought the camera.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Announcements accepted, by stream.
    pub accepted: Vec<(Name, Head)>,
    /// Leases extended.
    pub extended: Vec<Name>,
    /// What was refused, and why. It changed nothing.
    pub refused: Vec<(String, Error)>,
}

/// Fetches the root if the camera has none yet, then every announcement after the one in force,
/// then lease extensions; uploads the acknowledgements.
///
/// # Errors
/// `store-unavailable`, `object-missing` if there is no root. What the cloud returns is refused
/// object by object, in [`Synced`].
pub fn sync(camera: &mut Paired, cloud: &dyn Cloud, clock: &dyn Clock) -> Result<Synced> {
    let paths = Paths(*camera.account());
    let mut synced = Synced::default();
    if !camera.has_root() {
        camera.take_root(&cloud.get(&paths.root())?)?;
    }
    let streams: Vec<Name> = camera.streams().cloned().collect();
    for stream in streams {
        if let Err(error) = announcements(camera, cloud, clock, &stream, &mut synced) {
            let epoch = camera.head(&stream).map_or(1, |head| head.epoch + 1);
            synced
                .refused
                .push((paths.announcement(&stream, epoch), error));
        }
        let Some(head) = camera.head(&stream) else {
            continue;
        };
        for path in cloud.list(&paths.leases(&stream, &head))? {
            let extended = cloud
                .get(&path)
                .and_then(|bytes| camera.extend(&bytes, clock));
            match extended {
                Ok(()) => synced.extended.push(stream.clone()),
                Err(Error::Announcement(AnnouncementError::LeaseShorter)) => {}
                Err(error) => synced.refused.push((path, error)),
            }
        }
    }
    Ok(synced)
}

fn announcements(
    camera: &mut Paired,
    cloud: &dyn Cloud,
    clock: &dyn Clock,
    stream: &Name,
    synced: &mut Synced,
) -> Result<()> {
    let paths = Paths(*camera.account());
    // An acknowledgement that was signed and not uploaded is signed again.
    if let Some(head) = camera.head(stream) {
        let path = paths.acknowledgement(stream, head.epoch);
        if cloud.find(&path)?.is_none() {
            cloud.put(&path, &camera.acknowledge(stream, clock)?)?;
        }
    }
    loop {
        let epoch = camera.head(stream).map_or(1, |head| head.epoch + 1);
        let Some(bytes) = cloud.find(&paths.announcement(stream, epoch))? else {
            return Ok(());
        };
        let ack = camera.accept(&bytes, clock)?;
        let head = camera.head(stream).filter(|head| head.epoch == epoch);
        let (Some(ack), Some(head)) = (ack, head) else {
            return Err(StoreError::Path.into());
        };
        synced.accepted.push((stream.clone(), head));
        cloud.put(&paths.acknowledgement(stream, epoch), &ack)?;
    }
}

/// Uploads a finished session: the body first, so that a manifest never speaks of what is not
/// there. Uploading again what is there already is no error.
///
/// # Errors
/// `conflict`, `store-unavailable`.
pub fn upload(camera: &Paired, cloud: &dyn Cloud, recorded: &Recorded) -> Result<()> {
    let paths = Paths(*camera.account());
    cloud.create(&paths.body(&recorded.clip), &recorded.body)?;
    cloud.create(
        &paths.manifest(&recorded.stream, recorded.sequence),
        &recorded.manifest,
    )
}
