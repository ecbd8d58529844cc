//! What owner's phones and members do alike: follow a stream's announcements, check its manifests,
//! read its clips (SPEC section "Viewing").

use std::io::{ErrorKind, Read, Write};

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::announcement::{self, Announcement, Head, Step, Tenure};
use crate::clip::{self, Manifest, OpenClip, Seen};
use crate::cloud::{Cloud, Paths};
use crate::cose::Signed;
use crate::crypto::{RsaPublic, VerifyingKey};
use crate::error::{AnnouncementError, ClipError, MessageError, Result, StoreError};
use crate::keys::Name;
use crate::message::{AccountId, Hash};
use crate::segment::SEALED_SEGMENT;

/// What a viewer remembers of one stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Followed {
    /// The cameras that the announcements have named, each since when; none where one was retired.
    #[n(0)]
    pub cameras: Vec<(Tenure, Option<VerifyingKey>)>,
    /// The latest announcement.
    #[n(1)]
    pub current: Announcement,
    /// Its place in the chain.
    #[n(2)]
    pub head: Head,
    /// The hash of every announcement, by epoch from 1.
    #[n(3)]
    pub known: Vec<Hash>,
    /// The clips.
    #[n(4)]
    pub seen: Seen,
}

/// The account as every viewer has it pinned.
pub struct Pinned<'a> {
    /// The root.
    pub root: &'a RsaPublic,
    /// Its name.
    pub account: &'a AccountId,
}

/// Reads the announcements of `stream` that are new to `followed`, calling `each` for every one of
/// them in order. The one that was the latest must still be there, unchanged.
///
/// # Errors
/// Those of [`announcement::open`] and [`announcement::follow`]; `unknown-stream`; `wrong-camera`,
/// `announcement-tenure`; `announcement-rollback` if what was seen is gone; `object-path` if an announcement lies at the place
/// of another; `fork` if one goes back behind the roster of its predecessor; those of the store and of `each`.
pub fn follow(
    cloud: &dyn Cloud,
    pinned: &Pinned<'_>,
    stream: &Name,
    followed: &mut Option<Followed>,
    mut each: impl FnMut(&Signed<Announcement>) -> Result<()>,
) -> Result<()> {
    let paths = Paths(*pinned.account);
    if let Some(followed) = followed {
        let path = paths.announcement(stream, followed.head.epoch);
        let latest = cloud.find(&path)?.ok_or(AnnouncementError::Rollback)?;
        let latest = announcement::open(pinned.root, pinned.account, &latest)?;
        if let Step::Next(_) = announcement::follow(Some(&followed.head), &latest)? {
            return Err(StoreError::Path.into());
        }
    }
    loop {
        let epoch = followed
            .as_ref()
            .map_or(1, |f| f.head.epoch.saturating_add(1));
        let Some(bytes) = cloud.find(&paths.announcement(stream, epoch))? else {
            return Ok(());
        };
        let next = announcement::open(pinned.root, pinned.account, &bytes)?;
        if next.body.stream != *stream {
            return Err(AnnouncementError::UnknownStream.into());
        }
        let head = followed.as_ref().map(|f| &f.head);
        let Step::Next(head) = announcement::follow(head, &next)? else {
            return Err(StoreError::Path.into());
        };
        if let Some(f) = followed {
            next.body.check_tenure(&f.current)?;
        }
        // An older roster than the last announcement's names phones that may have been lost since.
        let before = followed.as_ref().map(|f| &f.current.roster);
        if before.is_some_and(|before| !next.body.roster.is_from(before)) {
            return Err(AnnouncementError::Fork.into());
        }
        each(&next)?;
        let Signed { hash, body } = next;
        let f = followed.get_or_insert_with(|| Followed {
            cameras: Vec::new(),
            current: body.clone(),
            head,
            known: Vec::new(),
            seen: Seen::default(),
        });
        if f.cameras
            .last()
            .is_none_or(|(since, _)| *since != body.since)
        {
            f.cameras.push((body.since, body.camera));
            // What the last camera signed counts from now on if it leads to the clip that the owner names.
            f.seen.manifests.clear();
        }
        (f.current, f.head) = (body, head);
        f.known.push(hash);
    }
}

impl Followed {
    /// The camera that records the stream now, none once it is retired.
    pub fn camera(&self) -> Option<VerifyingKey> {
        self.current.camera
    }

    /// The camera that the announcement of `epoch` names.
    pub fn camera_at(&self, epoch: u64) -> Option<VerifyingKey> {
        let mut cameras = self.cameras.iter().rev();
        cameras.find(|(since, _)| since.epoch <= epoch)?.1
    }

    /// Fetches and checks the manifest of clip `sequence`: signature of the camera whose clip it is, shape,
    /// stream, place in the chain of manifests, and that the announcement it names is one that was verified. Of
    /// an earlier camera those clips count that lead to the last one, which the owner has named: the manifests
    /// between are read first.
    ///
    /// # Errors
    /// `clip-missing` if this clip or a later one was seen or counts, `no-such-clip` if none was, also where there is
    /// one that a camera before this number's has signed; those of
    /// [`clip::open`] and [`Seen::check`]; `unknown-announcement`; `manifest-chain`.
    pub fn manifest(
        &mut self,
        cloud: &dyn Cloud,
        account: &AccountId,
        stream: &Name,
        sequence: u64,
    ) -> Result<(Signed<Manifest>, Vec<u8>)> {
        let (_, until) = self.tenure_of(sequence);
        if let Some(Tenure { clips: last, .. }) = until {
            let unread = |n: &u64| !self.seen.manifests.contains_key(n);
            let from = (sequence.saturating_add(1)..=last).rev().find(unread);
            for between in (sequence.saturating_add(1)..=from.unwrap_or(0)).rev() {
                self.checked(cloud, account, stream, between)?;
            }
        }
        self.checked(cloud, account, stream, sequence)
    }

    /// Whose clip `sequence` is, and the tenure after that one.
    fn tenure_of(
        &self,
        sequence: u64,
    ) -> (Option<&(Tenure, Option<VerifyingKey>)>, Option<Tenure>) {
        let after = |(since, _): &(Tenure, Option<VerifyingKey>)| since.clips >= sequence.max(1);
        // Of several that begin with one clip all but the last have recorded nothing.
        let next = self
            .cameras
            .iter()
            .skip(1)
            .position(after)
            .map(|place| place + 1);
        let place = next.unwrap_or(self.cameras.len()).checked_sub(1);
        let until = next.and_then(|next| self.cameras.get(next));
        (
            place.and_then(|place| self.cameras.get(place)),
            until.map(|(since, _)| *since),
        )
    }

    /// [`Self::manifest`] of a clip whose successor, if it is an earlier camera's, was read.
    fn checked(
        &mut self,
        cloud: &dyn Cloud,
        account: &AccountId,
        stream: &Name,
        sequence: u64,
    ) -> Result<(Signed<Manifest>, Vec<u8>)> {
        let (whose, until) = self.tenure_of(sequence);
        let found = cloud.find(&Paths(*account).manifest(stream, sequence))?;
        let later = self.seen.manifests.keys().any(|seen| *seen >= sequence);
        let absent = match later || until.is_some() {
            true => ClipError::Missing,
            false => ClipError::NoSuchClip,
        };
        // Where a camera was retired nobody has recorded what is shown.
        let (Some(bytes), Some((since, Some(camera)))) = (found, whose) else {
            return Err(absent.into());
        };
        let manifest = match clip::open(account, camera, stream, &bytes) {
            Err(error) if error.is(MessageError::InvalidSignature) => {
                // What a camera before it has left there is none of its clips.
                let earlier = self.cameras.iter().take_while(|(first, _)| first != since);
                let mut keys = earlier.filter_map(|(_, key)| key.as_ref());
                let left = keys.any(|key| clip::open(account, key, stream, &bytes).is_ok());
                return Err(if left { absent.into() } else { error });
            }
            opened => opened?,
        };
        let Manifest {
            announcement,
            previous,
            ..
        } = manifest.body;
        let epoch = self.known.iter().position(|hash| *hash == announcement);
        let epoch = epoch.ok_or(ClipError::UnknownAnnouncement)? as u64 + 1;
        if epoch < since.epoch || until.is_some_and(|until| epoch >= until.epoch) {
            return Err(ClipError::UnknownAnnouncement.into());
        }
        let first = since.clips.saturating_add(1) == sequence;
        let last = until.filter(|until| until.clips == sequence);
        let leads = (!first || previous == since.last)
            && last.is_none_or(|until| until.last == Some(manifest.hash));
        if manifest.body.sequence == sequence && !leads {
            return Err(ClipError::ManifestChain.into());
        }
        self.seen.check(sequence, &manifest)?;
        Ok((manifest, bytes))
    }
}

/// The sequence numbers of a stream's clips that the cloud lists, ascending. The cloud may leave
/// some out: the numbers between show that.
///
/// # Errors
/// `store-unavailable`.
pub fn list(cloud: &dyn Cloud, account: &AccountId, stream: &Name) -> Result<Vec<u64>> {
    let found = cloud.list(&Paths(*account).manifests(stream))?;
    let number = |path: &String| path.rsplit('/').next().and_then(|name| name.parse().ok());
    Ok(found.iter().filter_map(number).collect())
}

/// Reads a clip from segment `first` to its end, in one request. Every segment is verified before its bytes
/// are written; on an error, what was written is a genuine prefix from there. One segment is held in memory.
///
/// Returns the plaintext bytes written.
///
/// # Errors
/// `clip-missing`, `body-truncated`, `segment-altered`, `body-trailing`, `output`.
pub fn read(
    cloud: &dyn Cloud,
    account: &AccountId,
    clip: &OpenClip,
    first: u64,
    out: &mut dyn Write,
) -> Result<u64> {
    let path = Paths(*account).body(&clip.manifest.clip);
    let total = clip.segments();
    let open = |index, sealed: &mut [u8]| clip.open_segment(index, sealed);
    read_segments(
        cloud,
        &path,
        total,
        first,
        |i| clip.sealed_range(i),
        open,
        out,
    )
}

/// Reads segments of the object at `path`, opening each with `open`, which says how much of it is plaintext.
///
/// # Errors
/// As [`read`].
pub fn read_segments(
    cloud: &dyn Cloud,
    path: &str,
    total: u64,
    first: u64,
    range: impl Fn(u64) -> std::ops::Range<u64>,
    open: impl Fn(u64, &mut [u8]) -> Result<usize>,
    out: &mut dyn Write,
) -> Result<u64> {
    if first >= total {
        return Ok(0);
    }
    let body = cloud.read(path, range(first).start)?;
    let mut body = body.ok_or(ClipError::Missing)?;
    let mut buffer = Zeroizing::new(vec![0; SEALED_SEGMENT]);
    let mut written = 0;
    for index in first..total {
        let place = range(index);
        let length = usize::try_from(place.end - place.start).unwrap_or(usize::MAX);
        let sealed = &mut buffer[..length.min(SEALED_SEGMENT)];
        let there = fill(&mut *body, sealed)?;
        let sealed = &mut sealed[..there];
        let plain = open(index, sealed)?;
        // A body that goes on is not the clip's.
        if index + 1 == total && fill(&mut *body, &mut [0])? > 0 {
            return Err(ClipError::Trailing.into());
        }
        out.write_all(&sealed[..plain])
            .map_err(|error| StoreError::Output.because(error))?;
        written += plain as u64;
    }
    Ok(written)
}

/// Fills the buffer as far as there are bytes, and says how far that is.
fn fill(body: &mut dyn Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match body.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(StoreError::Unavailable.because(error)),
        }
    }
    Ok(filled)
}
