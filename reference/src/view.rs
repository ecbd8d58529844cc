//! What owner's phones and members do alike: follow a stream's announcements, check its manifests,
//! read its clips (SPEC section "Viewing").

use std::io::Write;

use minicbor::{Decode, Encode};

use crate::announcement::{self, Announcement, Head, Step};
use crate::clip::{self, Manifest, OpenClip, Seen};
use crate::cloud::{Cloud, Paths};
use crate::cose::Signed;
use crate::crypto::{RsaPublic, VerifyingKey};
use crate::error::{AnnouncementError, ClipError, Result, StoreError};
use crate::keys::Name;
use crate::message::{AccountId, Hash};

/// What a viewer remembers of one stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Followed {
    /// The camera that every announcement so far has named.
    #[n(0)]
    pub camera: VerifyingKey,
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
/// Those of [`announcement::open`] and [`announcement::follow`]; `wrong-camera`, `unknown-stream`;
/// `announcement-rollback` if what was seen is gone; `object-path` if an announcement lies at the place
/// of another; those of the store and of `each`.
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
        let epoch = followed.as_ref().map_or(1, |f| f.head.epoch + 1);
        let Some(bytes) = cloud.find(&paths.announcement(stream, epoch))? else {
            return Ok(());
        };
        let next = announcement::open(pinned.root, pinned.account, &bytes)?;
        if next.body.stream != *stream {
            return Err(AnnouncementError::UnknownStream.into());
        }
        if followed
            .as_ref()
            .is_some_and(|f| f.camera != next.body.camera)
        {
            return Err(AnnouncementError::WrongCamera.into());
        }
        let head = followed.as_ref().map(|f| &f.head);
        let Step::Next(head) = announcement::follow(head, &next)? else {
            return Err(StoreError::Path.into());
        };
        each(&next)?;
        let Signed { hash, body } = next;
        match followed {
            Some(f) => (f.current, f.head) = (body, head),
            None => {
                let (camera, known, seen) = (body.camera, Vec::new(), Seen::default());
                *followed = Some(Followed {
                    camera,
                    current: body,
                    head,
                    known,
                    seen,
                });
            }
        }
        if let Some(f) = followed {
            f.known.push(hash);
        }
    }
}

impl Followed {
    /// Fetches and checks the manifest of clip `sequence`: signature, shape, stream, place in the
    /// chain of manifests, and that the announcement it names is one that was verified.
    ///
    /// # Errors
    /// `clip-missing` if a later clip was seen, `no-such-clip` if none was; those of
    /// [`clip::open`] and [`Seen::check`]; `unknown-announcement`.
    pub fn manifest(
        &mut self,
        cloud: &dyn Cloud,
        account: &AccountId,
        stream: &Name,
        sequence: u64,
    ) -> Result<(Signed<Manifest>, Vec<u8>)> {
        let Some(bytes) = cloud.find(&Paths(*account).manifest(stream, sequence))? else {
            let later = self.seen.manifests.keys().any(|seen| *seen >= sequence);
            let reason = if later {
                ClipError::Missing
            } else {
                ClipError::NoSuchClip
            };
            return Err(reason.into());
        };
        let manifest = clip::open(account, &self.camera, stream, &bytes)?;
        if !self.known.contains(&manifest.body.announcement) {
            return Err(ClipError::UnknownAnnouncement.into());
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

/// How many segments are fetched at a time (1 MiB).
const FETCH: u64 = 16;

/// Reads a clip from segment `first` to its end. Every segment is verified before its bytes are
/// written; on an error, what was written is a genuine prefix from there.
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
    let open = |index, sealed: &mut Vec<u8>| clip.open_segment(index, sealed);
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

/// Reads segments of the object at `path`, opening each with `open`.
///
/// # Errors
/// As [`read`].
pub fn read_segments(
    cloud: &dyn Cloud,
    path: &str,
    total: u64,
    first: u64,
    range: impl Fn(u64) -> std::ops::Range<u64>,
    open: impl Fn(u64, &mut Vec<u8>) -> Result<()>,
    out: &mut dyn Write,
) -> Result<u64> {
    let mut written = 0;
    for start in (first..total).step_by(FETCH as usize) {
        let end = (start + FETCH).min(total);
        let last = end == total;
        // One byte more than the clip has: a body that goes on is not the clip's.
        let fetch = range(start).start..range(end - 1).end + u64::from(last);
        let sealed = cloud
            .find_range(path, fetch.clone())?
            .ok_or(ClipError::Missing)?;
        for index in start..end {
            let place = range(index);
            let from = usize::try_from(place.start - fetch.start).unwrap_or(usize::MAX);
            let to = usize::try_from(place.end - fetch.start).unwrap_or(usize::MAX);
            let mut segment = sealed
                .get(from..to.min(sealed.len()))
                .unwrap_or_default()
                .to_vec();
            open(index, &mut segment)?;
            if last && index + 1 == end && sealed.len() as u64 == fetch.end - fetch.start {
                return Err(ClipError::Trailing.into());
            }
            out.write_all(&segment).map_err(|_| StoreError::Output)?;
            written += segment.len() as u64;
        }
    }
    Ok(written)
}
