//! A camera before and after it belongs to an account.

use std::collections::BTreeMap;
use std::io::Write;

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use super::session::{Recorded, Session, Unstored};
use crate::acknowledgement::Acknowledgement;
use crate::announcement::{self, Announcement, Head, Step, Tenure};
use crate::cbor::Bytes;
use crate::checkpoint::Checkpoint;
use crate::clip;
use crate::clock::{self, CameraClock, Clock};
use crate::correction;
use crate::cose;
use crate::crypto::{RsaPublic, SigningKey, VerifyingKey};
use crate::error::{AnnouncementError, ClipError, PairingError, Result, StoreError};
use crate::evidence::{Answer, Challenge};
use crate::keys::{self, Name};
use crate::lease;
use crate::message::{self, AccountId, Hash, Time};
use crate::pairing::{self, Offer, Reply};
use crate::roster;
use crate::segment::{Sealer, SessionKey};

/// A camera that belongs to nobody. It has streams and nothing else.
#[derive(Clone, Debug)]
pub struct Unpaired {
    streams: Vec<Name>,
}

impl Unpaired {
    /// A camera that records `streams` (a video and an audio stream, say).
    pub fn new(streams: Vec<Name>) -> Self {
        Self { streams }
    }

    /// Takes an offer that the camera read over the local channel: makes the camera's signing key,
    /// pins the account, and seals the reply.
    ///
    /// # Errors
    /// `offer-expired`, `stream-name` if it has no stream, `crypto`.
    pub fn pair<R>(self, offer: &Offer, clock: &dyn Clock, rng: &mut R) -> Result<(Paired, Vec<u8>)>
    where
        R: CryptoRng + ?Sized,
    {
        offer.check_age(clock.wall())?;
        if self.streams.is_empty() {
            return Err(PairingError::StreamName.into());
        }
        let key = SigningKey::generate(rng)?;
        let reply = Reply {
            camera: key.verifying_key(),
            streams: self.streams.clone(),
        };
        let reply = pairing::seal_reply(offer, &reply, rng)?;
        let paired = Paired::new(offer, key, self.streams, clock);
        Ok((paired, reply))
    }
}

/// What came of an announcement.
pub enum Accepted {
    /// It is the one in force, and changes nothing.
    Same,
    /// It is in force; this is the acknowledgement to upload.
    InForce(Unstored<Vec<u8>>),
    /// It retires this camera, or names another in its place: this one records the stream no more.
    Relieved,
}

/// What the camera keeps of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    pub(super) in_force: Option<InForce>,
    /// Has the owner retired or replaced this camera? Then nothing more is taken.
    pub(super) relieved: bool,
    /// The sequence number of the last clip, 0 before the first.
    pub(super) sequence: u64,
    pub(super) previous: Option<Hash>,
}

impl Stream {
    /// Another camera records it now, or none.
    fn relieve(&mut self) {
        (self.in_force, self.relieved) = (None, true);
    }

    /// What a clip is recorded under.
    fn recording(&self) -> Result<&InForce> {
        if self.relieved {
            return Err(AnnouncementError::Relieved.into());
        }
        Ok(self.in_force.as_ref().ok_or(ClipError::NotRecording)?)
    }
}

/// The announcement that the camera goes by.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct InForce {
    #[n(0)]
    pub(super) head: Head,
    #[n(1)]
    pub(super) announcement: Announcement,
    /// Until when shared keys may be used, with extensions.
    #[n(2)]
    pub(super) lease_until: Time,
}

/// A camera of an account. What it stores opens no clip, past or to come: it wraps for public
/// keys, and a session key does not outlive its session.
pub struct Paired {
    pub(super) account: AccountId,
    pub(super) root: Option<RsaPublic>,
    pub(super) key: SigningKey,
    pub(super) streams: BTreeMap<Name, Stream>,
    /// The rosters from that of its first announcement on.
    pub(super) rosters: roster::History,
    pub(super) time: CameraClock,
}

impl Paired {
    /// A camera that has taken an offer and made its signing key.
    pub fn new(offer: &Offer, key: SigningKey, streams: Vec<Name>, clock: &dyn Clock) -> Self {
        // The offer came by the local channel: it tells when leases were not over yet.
        let begun = clock::Stored {
            lease: offer.issued,
            ..clock::Stored::default()
        };
        let mut time = CameraClock::resume(begun, clock);
        // Read once here, so that the counter goes on from the offer's time or the wall clock's.
        time.now(clock);
        let fresh = |name| (name, Stream::default());
        Self {
            account: offer.account,
            root: None,
            key,
            streams: streams.into_iter().map(fresh).collect(),
            rosters: roster::History::default(),
            time,
        }
    }

    /// The account that the camera is pinned to.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The key under which the camera signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    /// The camera's streams.
    pub fn streams(&self) -> impl Iterator<Item = &Name> {
        self.streams.keys()
    }

    /// Takes the root's public key from the cloud: it is the pinned one or it is refused.
    ///
    /// # Errors
    /// Those of [`keys::decode_root`].
    pub fn take_root(&mut self, bytes: &[u8]) -> Result<()> {
        self.root = Some(keys::decode_root(&self.account, bytes)?);
        Ok(())
    }

    /// Has the camera got its root?
    pub fn has_root(&self) -> bool {
        self.root.is_some()
    }

    /// The announcement in force on `stream`, if there is one.
    pub fn head(&self, stream: &Name) -> Option<Head> {
        Some(self.streams.get(stream)?.in_force.as_ref()?.head)
    }

    /// When shared keys lapse on `stream`.
    pub fn lease_until(&self, stream: &Name) -> Option<Time> {
        Some(self.streams.get(stream)?.in_force.as_ref()?.lease_until)
    }

    /// Has the owner retired or replaced this camera on `stream`?
    pub fn is_relieved(&self, stream: &Name) -> bool {
        self.streams.get(stream).is_some_and(|s| s.relieved)
    }

    /// The sequence number of the last clip of `stream`, 0 before the first.
    pub fn last_sequence(&self, stream: &Name) -> u64 {
        self.streams.get(stream).map_or(0, |stream| stream.sequence)
    }

    /// What the camera can tell a fresh phone of the account's state, over the local channel.
    pub fn checkpoint(&self) -> Checkpoint {
        let head = |(name, s): (&Name, &Stream)| Some((name.clone(), s.in_force.as_ref()?.head));
        Checkpoint {
            roster: self.rosters.head(),
            streams: self.streams.iter().filter_map(head).collect(),
        }
    }

    /// How many corrections of its clock the camera has obeyed.
    pub fn corrections(&self) -> u64 {
        self.time.corrections()
    }

    /// The camera's clock as it is now, for [`Self::go_on_from`].
    pub fn clock(&mut self, clock: &dyn Clock) -> CameraClock {
        self.time.now(clock);
        self.time
    }

    /// Goes on from what this camera's clock was earlier in this process, where the camera was stored
    /// and read again in between.
    pub fn go_on_from(&mut self, seen: CameraClock, clock: &dyn Clock) {
        self.time.go_on_from(seen, clock);
    }

    /// The camera's lease time.
    pub fn lease_time(&mut self, clock: &dyn Clock) -> Time {
        self.time.lease_time(clock)
    }

    /// The camera's time.
    pub fn now(&mut self, clock: &dyn Clock) -> Time {
        self.time.now(clock)
    }

    /// The latest roster that the camera obeys.
    pub fn roster(&self) -> Option<roster::Head> {
        self.rosters.head()
    }

    /// Takes the roster after [`Self::roster`], so that the camera can obey what was announced under it: it
    /// is a witness of one history, and follows no other.
    ///
    /// # Errors
    /// Those of [`roster::open`]; `roster-chain`.
    pub fn take_roster(&mut self, bytes: &[u8]) -> Result<()> {
        let root = self.root.as_ref().ok_or(StoreError::Missing)?;
        let next = roster::open(root, &self.account, bytes)?;
        self.rosters.follow(&next)?;
        Ok(())
    }

    /// Takes an announcement. A restart must not forget a revocation that the owner was told is in effect:
    /// the state is stored before the acknowledgement leaves.
    ///
    /// The checks, in this order: signature and tree path under the pinned root; account; shape; stream; that
    /// the camera is not relieved; place in the chain; camera; that the roster under which it was made is one that
    /// the camera has followed, and none before that of the announcement in force.
    ///
    /// # Errors
    /// Those of [`announcement::open`], `unknown-stream`, `camera-relieved`, those of
    /// [`announcement::begin`] and [`announcement::follow`], `wrong-camera`, `announcement-tenure`; `fork`. A
    /// refused announcement changes nothing.
    pub fn accept(&mut self, bytes: &[u8], clock: &dyn Clock) -> Result<Accepted> {
        let root = self.root.as_ref().ok_or(StoreError::Missing)?;
        let signed = announcement::open(root, &self.account, bytes)?;
        let camera = self.key.verifying_key();
        let own = signed.body.camera == Some(camera);
        let unknown = match own {
            true => AnnouncementError::UnknownStream,
            false => AnnouncementError::WrongCamera,
        };
        let (name, stream) = self
            .streams
            .iter_mut()
            .find(|(name, _)| **name == signed.body.stream)
            .ok_or(unknown)?;
        if stream.relieved {
            return Err(AnnouncementError::Relieved.into());
        }
        let head = match &stream.in_force {
            None if !own => return Err(AnnouncementError::WrongCamera.into()),
            None => announcement::begin(&signed)?,
            Some(now) => {
                let Step::Next(head) = announcement::follow(Some(&now.head), &signed)? else {
                    return Ok(Accepted::Same);
                };
                signed.body.check_tenure(&now.announcement)?;
                head
            }
        };
        let under = signed.body.roster;
        let before = stream.in_force.as_ref().map(|now| now.announcement.roster);
        let first = self.rosters.head().is_none();
        if !(first || self.rosters.contains(&under))
            || before.is_some_and(|before| !under.is_from(&before))
        {
            return Err(AnnouncementError::Fork.into());
        }
        if !own {
            stream.relieve();
            return Ok(Accepted::Relieved);
        }
        if first {
            self.rosters = roster::History::from(under);
        }
        if stream.in_force.is_none() {
            let Tenure { clips, last, .. } = signed.body.since;
            (stream.sequence, stream.previous) = (clips, last);
        }
        let lease_until = signed.body.lease_until_from(self.time.lease_time(clock));
        let ack = Acknowledgement {
            camera,
            stream: name.clone(),
            epoch: head.epoch,
            announcement: head.hash,
            first: stream.sequence.saturating_add(1),
            time: self.time.now(clock),
            roster: self.rosters.head().unwrap_or(under),
        };
        signed
            .body
            .accepted(&self.account, &camera, name, &head.hash);
        stream.in_force = Some(InForce {
            head,
            announcement: signed.body,
            lease_until,
        });
        let signed = cose::sign(&self.key, message::encode(&self.account, ack))?;
        Ok(Accepted::InForce(Unstored(signed)))
    }

    /// Signs the acknowledgement of the announcement in force again, for a cloud that lost it.
    ///
    /// # Errors
    /// `no-announcement`, `camera-relieved`, `unknown-stream`, `crypto`.
    pub fn acknowledge(&mut self, stream: &Name, clock: &dyn Clock) -> Result<Unstored<Vec<u8>>> {
        let time = self.time.now(clock);
        let kept = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let now = kept.recording()?;
        let ack = Acknowledgement {
            camera: self.key.verifying_key(),
            stream: stream.clone(),
            epoch: now.head.epoch,
            announcement: now.head.hash,
            first: kept.sequence.saturating_add(1),
            time,
            roster: self.rosters.head().unwrap_or(now.announcement.roster),
        };
        let signed = cose::sign(&self.key, message::encode(&self.account, ack))?;
        Ok(Unstored(signed))
    }

    /// Answers a phone's challenge: what the camera obeys now.
    ///
    /// # Errors
    /// `crypto`.
    pub fn answer(&mut self, challenge: &Challenge, clock: &dyn Clock) -> Result<Vec<u8>> {
        let answer = Answer {
            camera: self.key.verifying_key(),
            challenge: challenge.0,
            time: self.time.now(clock),
            roster: self.rosters.head(),
            streams: self.checkpoint().streams,
        };
        cose::sign(&self.key, message::encode(&self.account, answer))
    }

    /// Takes a lease extension.
    ///
    /// The checks, in this order: signature under the key that it names; account; camera; stream;
    /// that the announcement in force is the one it names, and lists that key; length; progress.
    ///
    /// # Errors
    /// Those of [`lease::open`], `wrong-camera`, `unknown-stream`, `lease-stale`,
    /// `lease-key`, `lease-out-of-range`, `lease-shorter`.
    pub fn extend(&mut self, bytes: &[u8], clock: &dyn Clock) -> Result<()> {
        let lease = lease::open(&self.account, bytes)?;
        if lease.camera != self.key.verifying_key() {
            return Err(AnnouncementError::WrongCamera.into());
        }
        let now = self.time.lease_time(clock);
        let stream = self
            .streams
            .get_mut(&lease.stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let in_force = stream
            .in_force
            .as_mut()
            .ok_or(AnnouncementError::LeaseStale)?;
        if in_force.head.hash != lease.announcement {
            return Err(AnnouncementError::LeaseStale.into());
        }
        if !in_force
            .announcement
            .phones
            .iter()
            .any(|phone| phone.lease == lease.key)
        {
            return Err(AnnouncementError::LeaseKey.into());
        }
        if lease.until > now.saturating_add(announcement::MAX_LEASE) {
            return Err(AnnouncementError::Lease.into());
        }
        if lease.until <= in_force.lease_until {
            return Err(AnnouncementError::LeaseShorter.into());
        }
        in_force.lease_until = lease.until;
        Ok(())
    }

    /// Takes a correction: the clock is set back, and the ends of leases with it, so that what is left
    /// of each stays as it is.
    ///
    /// The checks, in this order: signature and tree path under the pinned root; account; camera; that
    /// it is the next one.
    ///
    /// # Errors
    /// Those of [`correction::open`], `wrong-camera`, `clock-replayed`, `clock-gap`.
    pub fn correct(&mut self, bytes: &[u8], clock: &dyn Clock) -> Result<()> {
        let root = self.root.as_ref().ok_or(StoreError::Missing)?;
        let correction = correction::open(root, &self.account, bytes)?;
        if correction.camera != self.key.verifying_key() {
            return Err(AnnouncementError::WrongCamera.into());
        }
        correction.check_count(self.time.corrections())?;
        let moved = self.time.set_back(correction.back, clock);
        let streams = self.streams.values_mut();
        for in_force in streams.filter_map(|stream| stream.in_force.as_mut()) {
            in_force.lease_until = in_force.lease_until.saturating_sub(moved);
        }
        Ok(())
    }

    /// Starts a session of `stream` under the announcement in force.
    ///
    /// # Errors
    /// `unknown-stream`, `no-announcement`, `camera-relieved`.
    pub fn begin<R>(
        &mut self,
        stream: &Name,
        clock: &dyn Clock,
        rng: &mut R,
    ) -> Result<Session<Vec<u8>>>
    where
        R: CryptoRng + ?Sized,
    {
        self.begin_into(stream, Vec::new(), clock, rng)
    }

    /// [`Self::begin`] of a session whose sealed segments go into `body` as it is recorded.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn begin_into<W, R>(
        &mut self,
        stream: &Name,
        body: W,
        clock: &dyn Clock,
        rng: &mut R,
    ) -> Result<Session<W>>
    where
        W: Write,
        R: CryptoRng + ?Sized,
    {
        let kept = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let under = kept.recording()?.head.hash;
        let mut clip = [0; 16];
        rng.fill_bytes(&mut clip);
        let clip = Bytes(clip);
        let key = SessionKey::random(rng);
        let context = clip::segment_context(&self.account, &clip);
        let sealer = Sealer::new(&key, context, body);
        let start = self.time.now(clock);
        Ok(Session {
            stream: stream.clone(),
            under,
            clip,
            start,
            corrections: self.time.corrections(),
            key,
            sealer,
        })
    }

    /// Ends a session: wraps its key for everyone entitled, signs the manifest, erases the key. A
    /// restart must not give the same sequence number twice: the state is stored before the manifest
    /// leaves.
    ///
    /// # Errors
    /// `no-announcement`, `camera-relieved`, `crypto`; `local-state` if the body's last bytes cannot be written.
    pub fn finish<W, R>(
        &mut self,
        session: Session<W>,
        clock: &dyn Clock,
        rng: &mut R,
    ) -> Result<Unstored<Recorded<W>>>
    where
        W: Write,
        R: CryptoRng + ?Sized,
    {
        let Session {
            stream: name,
            under,
            clip,
            start,
            corrections,
            key,
            sealer,
        } = session;
        let sealed = sealer.finish()?;
        let end = self.time.now(clock);
        let lease_time = self.time.lease_time(clock);
        let stream = self
            .streams
            .get_mut(&name)
            .ok_or(AnnouncementError::UnknownStream)?;
        let now = stream.recording()?;
        let sequence = stream.sequence.saturating_add(1);
        // What was recorded across a change is for the owner alone: who joins with the new
        // announcement gets nothing from before it, who leaves nothing from after it; and when it
        // was recorded is not certain, if the clock was set back meanwhile.
        let steady = corrections == self.time.corrections();
        let unchanged = steady && under == now.head.hash;
        let shared = unchanged && lease_time <= now.lease_until;
        let draft = clip::Draft {
            account: &self.account,
            camera: &self.key,
            stream: &name,
            announcement: &now.announcement,
            announcement_hash: now.head.hash,
            lease_until: shared.then_some(Time::MAX),
            sequence,
            previous: stream.previous,
            clip,
            start: start.min(end),
            end,
        };
        let (hash, manifest) = draft.sign(&key, &sealed, rng)?;
        stream.sequence = sequence;
        stream.previous = Some(hash);
        Ok(Unstored(Recorded {
            stream: name,
            sequence,
            clip,
            manifest,
            body: sealed.body,
        }))
    }
}

impl Paired {
    /// Takes note of a session that was finished but perhaps not stored with the state: the camera
    /// was stopped between the two. Returns whether it was the next one.
    ///
    /// # Errors
    /// Those of [`clip::open`] if it is not this camera's.
    pub fn adopt<B>(&mut self, recorded: &Recorded<B>) -> Result<bool> {
        let camera = self.key.verifying_key();
        let name = &recorded.stream;
        let manifest = clip::open(&self.account, &camera, name, &recorded.manifest)?;
        let stream = self
            .streams
            .get_mut(name)
            .ok_or(AnnouncementError::UnknownStream)?;
        let next = manifest.body.sequence == stream.sequence.saturating_add(1)
            && manifest.body.previous == stream.previous;
        if next {
            stream.sequence = manifest.body.sequence;
            stream.previous = Some(manifest.hash);
            self.time.at_least(manifest.body.end);
        }
        Ok(next)
    }
}
