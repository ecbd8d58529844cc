//! What a phone tells the owner of a stream: acknowledgements and leases.

use super::enrolled::Phone;
use crate::acknowledgement::{self, Acknowledgement};
use crate::action;
use crate::announcement::{self, Head};
use crate::clip;
use crate::cloud::Cloud;
use crate::error::{AnnouncementError, Result};
use crate::keys::{Name, verifying_id};
use crate::lease::{self, Lease};
use crate::message::Time;
use crate::view::{self, Followed};

/// The state of a stream, as an owner's phone shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StreamStatus {
    /// The stream.
    pub stream: Name,
    /// The latest announcement.
    pub head: Head,
    /// Is the stream's camera retired? Then nobody records it, and nothing is acknowledged.
    pub retired: bool,
    /// The camera's acknowledgement of it. Only with it is a revocation in effect.
    pub acknowledged: Option<Acknowledgement>,
    /// When shared keys lapse, as announced (extensions are the camera's to know).
    pub lease_until: Time,
}

/// How a camera's clock differs from the phone's, at least: what the camera signed may be old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockDifference {
    /// The camera's clock is ahead of the phone's by so much.
    Ahead(Time),
    /// When the camera took an announcement, it was behind the clock of the phone that made it by so
    /// much.
    Behind(Time),
}

/// What two clocks may differ by before it is worth a word: a minute.
const CLOCK_SLACK: Time = 60_000;

impl ClockDifference {
    /// What a camera's `stamp`, put no earlier than `since` and no later than `now`, tells.
    pub fn of(stamp: Time, since: Time, now: Time) -> Option<Self> {
        // A phone that says that it made something in time to come has a wrong clock itself.
        let since = if since > now { 0 } else { since };
        let (ahead, behind) = (stamp.saturating_sub(now), since.saturating_sub(stamp));
        match (ahead > CLOCK_SLACK, behind > CLOCK_SLACK) {
            (true, _) => Some(Self::Ahead(ahead)),
            (_, true) => Some(Self::Behind(behind)),
            _ => None,
        }
    }
}

impl Phone {
    /// How the clock of the camera that has `stream` differs from this phone's, by its latest
    /// acknowledgement and its latest clip.
    ///
    /// # Errors
    /// Those of [`Self::status`].
    pub fn camera_clock(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        now: Time,
    ) -> Result<Option<ClockDifference>> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let head = &followed.head;
        let path = self.paths().acknowledgement(stream, head.epoch);
        let ack = match cloud.find(&path)? {
            Some(bytes) => Some(self.acknowledgement(stream, followed, &bytes)?),
            None => None,
        };
        let mut stamp = ack.as_ref().map(|ack| ack.time);
        if let Some(last) = view::list(cloud, &self.account, stream)?.last()
            && let Some(bytes) = cloud.find(&self.paths().manifest(stream, *last))?
            // What is no clip of the camera, whoever views it refuses.
            && let Some(camera) = followed.camera()
            && let Ok(clip) = clip::open(&self.account, &camera, stream, &bytes)
            && clip.body.announcement == head.hash
            // Of the two, the camera's last word: its clock may have been set right in between.
            && ack.is_none_or(|ack| ack.first <= clip.body.sequence)
        {
            stamp = Some(clip.body.end);
        }
        Ok(stamp.and_then(|stamp| ClockDifference::of(stamp, head.issued, now)))
    }

    /// What is known of every stream, with the camera's acknowledgements.
    ///
    /// # Errors
    /// Those of [`acknowledgement::open`]; `ack-unknown` if the camera acknowledged
    /// an announcement that is not on this phone's chain: another phone's fork is in force; `fork` if the
    /// camera follows other rosters than this phone.
    pub fn status(&self, cloud: &dyn Cloud) -> Result<Vec<StreamStatus>> {
        let mut all = Vec::new();
        for (stream, followed) in &self.streams {
            let path = self.paths().acknowledgement(stream, followed.head.epoch);
            let retired = followed.camera().is_none();
            let acknowledged = match cloud.find(&path)? {
                Some(bytes) if !retired => Some(self.acknowledgement(stream, followed, &bytes)?),
                _ => None,
            };
            all.push(StreamStatus {
                stream: stream.clone(),
                head: followed.head,
                retired,
                acknowledged,
                lease_until: followed.current.lease_until(),
            });
        }
        Ok(all)
    }

    /// When the lease of a stream ends as announced. Where the phone that announced it was ahead, it is
    /// counted as the camera does: from when it was taken.
    ///
    /// # Errors
    /// Those of [`Self::status`], `unknown-stream`.
    pub fn lease_announced(&self, cloud: &dyn Cloud, stream: &Name, now: Time) -> Result<Time> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let head = &followed.head;
        if head.issued <= now {
            return Ok(followed.current.lease_until());
        }
        let path = self.paths().acknowledgement(stream, head.epoch);
        let taken = match cloud.find(&path)? {
            Some(bytes) => self
                .acknowledgement(stream, followed, &bytes)?
                .time
                .min(now),
            None => now,
        };
        Ok(followed.current.lease_until_from(taken))
    }

    /// Until when the lease of a stream was extended beyond what is announced, if a phone of the
    /// account has done so and the cloud shows it.
    ///
    /// # Errors
    /// Those of [`Self::lease_announced`], `object-missing`, `store-unavailable`.
    pub fn lease_extended(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        now: Time,
    ) -> Result<Option<Time>> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let mut latest = None;
        for path in cloud.list(&self.paths().leases(stream, &followed.head))? {
            // What is not a lease of ours the camera refuses as well.
            let Ok(lease) = lease::open(&self.account, &cloud.get(&path)?) else {
                continue;
            };
            let listed = followed.current.phones.iter().any(|p| p.lease == lease.key);
            let of_it = Some(lease.camera) == followed.camera();
            if listed && of_it && lease.announcement == followed.head.hash {
                latest = latest.max(Some(lease.until));
            }
        }
        let announced = self.lease_announced(cloud, stream, now)?;
        Ok(latest.filter(|until| *until > announced))
    }

    fn acknowledgement(
        &self,
        stream: &Name,
        followed: &Followed,
        bytes: &[u8],
    ) -> Result<Acknowledgement> {
        let camera = followed.camera().ok_or(AnnouncementError::WrongCamera)?;
        let ack = acknowledgement::open(&self.account, &camera, stream, bytes)?;
        ack.check_head(&followed.head)?;
        self.history.check(&ack.roster)?;
        action::log("Acknowledge", || {
            let Head { hash, .. } = &followed.head;
            announcement::place(&self.account, Some(&camera), stream, hash)
        });
        Ok(ack)
    }

    /// Extends the lease of a stream until `until`. Needs no passphrase.
    ///
    /// # Errors
    /// `unknown-stream`, `wrong-camera` if its camera is retired, `lease-out-of-range` if it is longer than a camera takes, `lease-shorter`
    /// if this phone has extended it further already, `crypto`, `store-unavailable`.
    pub fn extend_lease(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        now: Time,
        until: Time,
    ) -> Result<()> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        if until <= now || until > now.saturating_add(announcement::MAX_LEASE) {
            return Err(AnnouncementError::Lease.into());
        }
        let key = self.lease.verifying_key();
        let lease = Lease {
            camera: followed.camera().ok_or(AnnouncementError::WrongCamera)?,
            stream: stream.clone(),
            announcement: followed.head.hash,
            key,
            until,
        };
        let path = self
            .paths()
            .lease(stream, &followed.head, verifying_id(&key));
        // This phone's earlier word lies at the same place, and may not have been taken yet.
        if let Some(earlier) = cloud.find(&path)?
            && let Ok(earlier) = lease::open(&self.account, &earlier)
            && (earlier.key, earlier.announcement) == (key, lease.announcement)
            && earlier.until > until
        {
            return Err(AnnouncementError::LeaseShorter.into());
        }
        let signed = lease::sign(&self.lease, &self.account, lease)?;
        cloud.put(&path, &signed)
    }
}
