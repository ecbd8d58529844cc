//! What owner's phones and members do alike: follow a stream's announcements, check its manifests,
//! read its clips (SPEC section "Viewing").

use std::io::{ErrorKind, Read, Write};

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::announcement::{self, Announcement, Head, Step};
use crate::clip::{self, Manifest, OpenClip, Seen};
use crate::cloud::{Cloud, Paths};
use crate::cose::Signed;
use crate::crypto::{RsaPublic, VerifyingKey};
use crate::error::{AnnouncementError, ClipError, Result, StoreError};
use crate::keys::Name;
use crate::message::{AccountId, Hash};
use crate::segment::SEALED_SEGMENT;

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
        // An older roster than the last announcement's names phones that may have been lost since.
        let before = followed.as_ref().map(|f| &f.current.roster);
        if before.is_some_and(|before| !next.body.roster.is_from(before)) {
            return Err(AnnouncementError::Fork.into());
        }
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
