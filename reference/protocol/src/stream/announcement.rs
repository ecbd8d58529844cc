//! Announcements: which keys a camera wraps for, one chain per stream (SPEC section
//! "Announcements").

use minicbor::{Decode, Encode};

use crate::action::{self, Value};
use crate::cose::Signed;
use crate::crypto::{KemPublic, RsaPublic, VerifyingKey};
use crate::error::{AnnouncementError, Result};
use crate::keys::{Name, kem_id, verifying_id};
use crate::message::{AccountId, Body, Hash, Time};
use crate::roster::{self, PhoneKeys};
use crate::statement;

/// The longest lease, in milliseconds: 31 days.
pub const MAX_LEASE: Time = 31 * 24 * 60 * 60 * 1000;

/// At most this many phones and as many stream keys stand in an announcement.
pub const MAX_KEYS: usize = 64;

/// What a stream key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// The owner's own stream key: held by no member, it lets later phones in. It takes the place
    /// of the account data key (ADK) of Ring's scheme, per stream.
    #[n(0)]
    Owner,
    /// A data stream key (DSK): shared until it is replaced.
    #[n(1)]
    Dsk,
    /// A temporary data stream key (TDSK): shared for a window.
    #[n(2)]
    Tdsk,
}

/// A span of time: from the first millisecond up to, not including, the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Window {
    /// The first millisecond of the window.
    #[n(0)]
    pub from: Time,
    /// The first millisecond after the window.
    #[n(1)]
    pub until: Time,
}

impl Window {
    /// Does a session from `start` up to `end` lie within the window as a whole?
    pub fn contains(&self, start: Time, end: Time) -> bool {
        self.from <= start && end <= self.until
    }
}

/// A key that the camera wraps session keys for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StreamKey {
    /// What it is for.
    #[n(0)]
    pub kind: Kind,
    /// The window of a TDSK, none for the others.
    #[n(1)]
    pub window: Option<Window>,
    /// The public part.
    #[n(2)]
    pub public: KemPublic,
}

/// Since when the camera that an announcement names records the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Tenure {
    /// The epoch of the first announcement that named it.
    #[n(0)]
    pub epoch: u64,
    /// The hash of the manifest of the last clip before, none if there was none.
    #[n(1)]
    pub last: Option<Hash>,
    /// How many clips of the stream there were before: the cameras before it made these and no more.
    #[n(2)]
    pub clips: u64,
}

impl Tenure {
    /// That of a stream's first camera.
    pub const FIRST: Self = Self {
        epoch: 1,
        last: None,
        clips: 0,
    };
}

/// The statement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Announcement {
    /// The key of the camera that it is for; none once the camera is retired.
    #[n(0)]
    pub camera: Option<VerifyingKey>,
    /// The stream.
    #[n(1)]
    pub stream: Name,
    /// Counts the stream's announcements, from 1.
    #[n(2)]
    pub epoch: u64,
    /// The hash of the announcement before, none for the first.
    #[n(3)]
    pub previous: Option<Hash>,
    /// When it was made.
    #[n(4)]
    pub issued: Time,
    /// Shared keys may be used until `issued + lease`, in milliseconds.
    #[n(5)]
    pub lease: Time,
    /// The owner's phones: the session key of every clip is wrapped for each.
    #[n(6)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub phones: Vec<PhoneKeys>,
    /// The owner's stream key, then at most one DSK, then TDSKs by window.
    #[n(7)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub keys: Vec<StreamKey>,
    /// The hash of the [`crate::grant::Backup`] that holds the private parts.
    #[n(8)]
    pub backup: Hash,
    /// The members' parts lie in `2^shard_bits` objects.
    #[n(9)]
    pub shard_bits: u8,
    /// The roster under which it is made.
    #[n(10)]
    pub roster: roster::Head,
    /// Since when that camera records the stream.
    #[n(11)]
    pub since: Tenure,
}

impl Body for Announcement {
    const TYPE: &'static str = "announcement";
}

impl StreamKey {
    /// The public half as the model has it. The owner's key, which the model does not have as a key
    /// of its own, stands there as a key of each epoch that nobody is granted.
    pub(crate) fn fact(&self, announcement: &Hash) -> Value {
        match self.kind {
            Kind::Owner => action::public("owner-key", announcement),
            Kind::Dsk | Kind::Tdsk => action::public("key", kem_id(&self.public)),
        }
    }

    /// Kind and window as the model has them.
    pub(crate) fn place(&self) -> [(&'static str, Value); 2] {
        let kind = match self.kind {
            Kind::Owner | Kind::Dsk => "DSK",
            Kind::Tdsk => "TDSK",
        };
        let always = || action::name("always");
        let window = self
            .window
            .map_or_else(always, |w| Value::Span(w.from, w.until));
        [("k", action::name(kind)), ("w", window)]
    }
}

/// What the model's rules say of an epoch: whose, which camera's and stream's, and which.
pub(crate) fn place(
    account: &AccountId,
    camera: Option<&VerifyingKey>,
    stream: &Name,
    hash: &Hash,
) -> Vec<(&'static str, Value)> {
    let camera = match camera {
        Some(camera) => action::public("key", verifying_id(camera)),
        None => action::name("retired"),
    };
    vec![
        ("U", action::name(account)),
        ("cam", camera),
        ("s", action::name(stream)),
        ("e", action::fresh("epoch", hash)),
    ]
}

impl Announcement {
    /// What the model's rules say of an epoch of a stream.
    pub(crate) fn facts(&self, account: &AccountId, hash: &Hash) -> Vec<(&'static str, Value)> {
        place(account, self.camera.as_ref(), &self.stream, hash)
    }

    /// Notes that a camera has accepted this announcement for a stream: in the model each of its keys.
    pub(crate) fn accepted(
        &self,
        account: &AccountId,
        camera: &VerifyingKey,
        stream: &Name,
        hash: &Hash,
    ) {
        for key in &self.keys {
            action::log("Camera_accept", || {
                let mut values = place(account, Some(camera), stream, hash);
                values.extend(key.place());
                values.push(("p", key.fact(hash)));
                values
            });
        }
    }

    /// When shared keys lapse unless the lease is extended.
    pub fn lease_until(&self) -> Time {
        self.issued.saturating_add(self.lease)
    }

    /// When it lapses at a camera that takes it at this lease time: a phone whose clock is ahead does
    /// not make it last longer.
    pub fn lease_until_from(&self, taken: Time) -> Time {
        self.lease_until().min(taken.saturating_add(self.lease))
    }

    /// Is the announcement one that may be made at all? The order of `keys` is fixed, so that a
    /// set of keys has one form.
    fn check_shape(&self) -> Result<()> {
        let [owner, shared @ ..] = &*self.keys else {
            return Err(AnnouncementError::Keys.into());
        };
        let order = |key: &StreamKey| (key.kind, key.window);
        let sorted = shared
            .iter()
            .zip(shared.iter().skip(1))
            .all(|(a, b)| order(a) < order(b));
        let windows = self.keys.iter().all(|key| match (key.kind, key.window) {
            (Kind::Owner | Kind::Dsk, None) => true,
            (Kind::Tdsk, Some(window)) => window.from < window.until,
            _ => false,
        });
        let mut points: Vec<_> = self.keys.iter().map(|key| key.public).collect();
        points.extend(self.phones.iter().map(|phone| phone.instance));
        let count = points.len();
        points.sort_unstable();
        points.dedup();
        let shape = owner.kind == Kind::Owner
            && shared.iter().all(|key| key.kind != Kind::Owner)
            && sorted
            && windows
            && points.len() == count
            && self.phones.len() <= MAX_KEYS
            && self.keys.len() <= MAX_KEYS
            && self.shard_bits <= 16;
        if !shape {
            return Err(AnnouncementError::Keys.into());
        }
        if self.lease == 0 || self.lease > MAX_LEASE {
            return Err(AnnouncementError::Lease.into());
        }
        let Tenure { epoch, clips, last } = self.since;
        let first = self.since == Tenure::FIRST && self.camera.is_some();
        let possible = match epoch {
            1 => first,
            _ => (1..=self.epoch).contains(&epoch) && (clips == 0) == last.is_none(),
        };
        if !possible {
            return Err(AnnouncementError::Tenure.into());
        }
        Ok(())
    }

    /// May this announcement, which follows `before` in the chain, name the camera that it names?
    ///
    /// # Errors
    /// `wrong-camera` if it names another one without a tenure of its own; `announcement-tenure` if the new one's
    /// does not begin here, is the same camera's, or counts other clips of the cameras before than were counted.
    pub fn check_tenure(&self, before: &Self) -> Result<()> {
        let (since, was) = (self.since, before.since);
        let same = self.camera == before.camera;
        if since == was {
            if !same {
                return Err(AnnouncementError::WrongCamera.into());
            }
            return Ok(());
        }
        let begins = since.epoch == self.epoch;
        let counted = since.clips > was.clips || (since.clips, since.last) == (was.clips, was.last);
        if !begins || same || !counted {
            return Err(AnnouncementError::Tenure.into());
        }
        Ok(())
    }
}

/// Verifies an announcement by itself: the signature, and that it is one that may be made.
///
/// # Errors
/// Those of [`statement::open`]; `announcement-keys`; `lease-out-of-range`; `announcement-tenure`.
pub fn open(root: &RsaPublic, account: &AccountId, bytes: &[u8]) -> Result<Signed<Announcement>> {
    let signed = statement::open::<Announcement>(root, account, bytes)?;
    signed.body.check_shape()?;
    Ok(signed)
}

/// The place in one stream's chain that a camera, phone or member has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Head {
    /// The epoch.
    #[n(0)]
    pub epoch: u64,
    /// The announcement's hash.
    #[n(1)]
    pub hash: Hash,
    /// When it was made.
    #[n(2)]
    pub issued: Time,
}

/// What following a chain found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The announcement is the one in force.
    Same,
    /// The announcement is the next one; this is the new head.
    Next(Head),
}

/// The place of the first announcement that a camera takes of a stream: the one with which its tenure begins.
///
/// # Errors
/// `not-first`.
pub fn begin(first: &Signed<Announcement>) -> Result<Head> {
    let Announcement {
        epoch,
        previous,
        issued,
        since,
        ..
    } = first.body;
    if epoch != since.epoch || previous.is_none() != (epoch == 1) {
        return Err(AnnouncementError::NotFirst.into());
    }
    let hash = first.hash;
    Ok(Head {
        epoch,
        hash,
        issued,
    })
}

/// May `next` come after `head`?
///
/// # Errors
/// In this order: `not-first` where there is no head; `announcement-rollback`, `epoch-gap`,
/// `announcement-fork`, `issued-backwards`.
pub fn follow(head: Option<&Head>, next: &Signed<Announcement>) -> Result<Step> {
    let Announcement {
        epoch,
        previous,
        issued,
        ..
    } = next.body;
    let Some(head) = head else {
        if epoch != 1 || previous.is_some() {
            return Err(AnnouncementError::NotFirst.into());
        }
        return Ok(Step::Next(Head {
            epoch,
            hash: next.hash,
            issued,
        }));
    };
    if epoch < head.epoch {
        return Err(AnnouncementError::Rollback.into());
    }
    if epoch == head.epoch && next.hash == head.hash {
        return Ok(Step::Same);
    }
    if epoch > head.epoch.saturating_add(1) {
        return Err(AnnouncementError::EpochGap.into());
    }
    if epoch == head.epoch || previous != Some(head.hash) {
        return Err(AnnouncementError::Chain.into());
    }
    if issued < head.issued {
        return Err(AnnouncementError::TimeBackwards.into());
    }
    Ok(Step::Next(Head {
        epoch,
        hash: next.hash,
        issued,
    }))
}
