//! A camera's life: it joins the account, takes the place of another, is retired.

use std::collections::{BTreeMap, BTreeSet};

use super::act::Act;
use super::announce::{DEFAULT_LEASE, NextAnnouncement, Plan};
use super::unlocked::{Env, Owner};
use crate::action;
use crate::announcement::{Kind, Tenure};
use crate::crypto::VerifyingKey;
use crate::error::{AccountError, AnnouncementError, ClipError, PairingError, Result, StoreError};
use crate::evidence::Evidence;
use crate::keys::{MemberId, Name, verifying_id};
use crate::pairing::{self, Offer, Reply};
use crate::roster::{CameraEntry, Draft};
use crate::view;

/// How many clips of each stream count that a camera recorded before it was retired or replaced. Of a stream
/// that is not named: as many as the phone is shown.
pub type Counted = BTreeMap<Name, u64>;

impl Owner<'_> {
    /// Is there evidence that this phone's view is recent, of the streams too that a camera is to take over?
    fn need_fresh(
        &mut self,
        evidence: Option<&Evidence>,
        taken_over: &[Name],
        env: &Env<'_>,
    ) -> Result<()> {
        let every = self.every_stream()?;
        self.follow(&every, env)?;
        let seen = match evidence {
            Some(Evidence::Answer { challenge, signed }) => {
                self.phone.check_answer(challenge, signed)?.streams
            }
            Some(Evidence::Checkpoint(checkpoint)) => {
                self.phone.check(env.cloud, checkpoint)?;
                checkpoint.streams.clone()
            }
            Some(Evidence::OwnersWord) => return Ok(()),
            None if self.phone.needs_no_evidence()?
                && !taken_over.iter().any(|stream| self.phone.is_shared(stream)) =>
            {
                return Ok(());
            }
            None => return Err(AccountError::NotFresh.into()),
        };
        let known = |stream: &Name| seen.iter().any(|(name, _)| name == stream);
        match taken_over.iter().all(known) {
            true => Ok(()),
            false => Err(AccountError::NotFresh.into()),
        }
    }

    /// Takes the sealed reply to an offer that this phone made: puts the camera on the roster and
    /// announces the first keys of its streams, with those members who are given every stream. An
    /// offer serves for ten minutes and for one camera; what was interrupted goes on at any time.
    ///
    /// A new camera knows no history that could be held against a phone with an old view, which would let it
    /// wrap for a phone that was lost, or for a member who has every stream no more. So there must be
    /// evidence that the view is recent, unless this phone is the only one and no member has every stream.
    ///
    /// # Errors
    /// `reply-open`, `offer-expired`, `offer-used`, `stream-taken`; `not-fresh` without evidence; those of
    /// [`Phone::check_answer`](crate::phone::Phone) and of committing.
    pub fn add_camera(
        &mut self,
        name: Name,
        offer: &Offer,
        sealed: &[u8],
        evidence: Option<&Evidence>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let reply = pairing::open_reply(offer, sealed)?;
        let mut act = self.begin(env)?;
        self.need_fresh(evidence, &[], env)?;
        let mut draft = self.next_roster(env.now)?;
        let camera = CameraEntry {
            name,
            key: Some(reply.camera),
            streams: reply.streams.clone(),
        };
        if draft.cameras.contains(&camera) {
            return self.go_on(act, &camera, Counted::new(), env);
        }
        self.check_offer(offer, &reply, env)?;
        let taken = |stream| draft.cameras.iter().any(|c| c.streams.contains(stream));
        let again = (1..)
            .zip(&camera.streams)
            .any(|(i, s)| camera.streams[i..].contains(s));
        if again
            || camera.streams.iter().any(taken)
            || draft.cameras.iter().any(|c| c.name == camera.name)
        {
            return Err(PairingError::StreamTaken.into());
        }
        self.log_paired(&reply.camera);
        let all: BTreeSet<MemberId> = draft.private.all_streams.iter().copied().collect();
        self.read_every_record(&act, env)?;
        draft.cameras.push(camera);
        self.add_roster(&mut act, draft, env)?;
        let plan = Plan::from([((Kind::Dsk, None), all)]);
        let phones = self.phone.roster()?.phone_keys();
        for stream in &reply.streams {
            let next = NextAnnouncement {
                stream,
                camera: Some(reply.camera),
                plan: &plan,
                owner: None,
                phones: &phones,
                lease: DEFAULT_LEASE,
            };
            self.announce(&mut act, next, env)?;
        }
        act.offer = Some((offer.id(), reply.camera));
        self.commit(act, env)
    }

    /// Takes the sealed reply of a camera that is to take the place of the one called `name`, retired or not:
    /// it goes on with that one's streams for those who have them, from the clip after those that count. What
    /// the other's key signs then counts no more. A camera that makes a new key takes its own place.
    ///
    /// # Errors
    /// As [`Self::add_camera`], where evidence must also tell of the streams; `wrong-camera` if there is no such
    /// camera, `unknown-stream` if the new one records other streams; those of [`Self::retire_camera`].
    pub fn replace_camera(
        &mut self,
        name: &Name,
        counted: Counted,
        offer: &Offer,
        sealed: &[u8],
        evidence: Option<&Evidence>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let reply = pairing::open_reply(offer, sealed)?;
        let mut act = self.begin(env)?;
        let mut draft = self.next_roster(env.now)?;
        let camera = listed(&mut draft, name, &counted)?;
        let sorted = |streams: &[Name]| streams.iter().cloned().collect::<BTreeSet<_>>();
        if reply.streams.len() != camera.streams.len()
            || sorted(&reply.streams) != sorted(&camera.streams)
        {
            return Err(AnnouncementError::UnknownStream.into());
        }
        self.need_fresh(evidence, &reply.streams, env)?;
        if camera.key == Some(reply.camera) {
            let camera = camera.clone();
            return self.go_on(act, &camera, counted, env);
        }
        self.check_offer(offer, &reply, env)?;
        self.log_paired(&reply.camera);
        camera.key = Some(reply.camera);
        act.offer = Some((offer.id(), reply.camera));
        self.add_roster(&mut act, draft, env)?;
        self.hand_over(act, &reply.streams, Some(reply.camera), counted, env)
    }

    /// Retires the camera called `name`: nobody records its streams from now on, and of what it signed as many
    /// clips count as `counted` says.
    ///
    /// # Errors
    /// `wrong-camera` if the account has no such camera or has retired it; `no-such-clip` and those of viewing
    /// if the last clip that is to count is not shown; those of committing.
    pub fn retire_camera(
        &mut self,
        name: &Name,
        counted: Counted,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let mut act = self.begin(env)?;
        let mut draft = self.next_roster(env.now)?;
        let camera = listed(&mut draft, name, &counted)?;
        let was = camera.key.take();
        let camera = camera.clone();
        if was.is_none() {
            self.follow(&camera.streams, env)?;
            return match self.unannounced(&camera).is_empty() {
                true => Err(AnnouncementError::WrongCamera.into()),
                false => self.go_on(act, &camera, counted, env),
            };
        }
        self.add_roster(&mut act, draft, env)?;
        self.hand_over(act, &camera.streams, None, counted, env)
    }

    /// Announces on streams that from now on `camera` records them, or nobody.
    fn hand_over(
        &mut self,
        mut act: Act,
        streams: &[Name],
        camera: Option<VerifyingKey>,
        counted: Counted,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let streams = self.streams(streams, env)?;
        let phones = self.phone.roster()?.phone_keys();
        act.counted = counted;
        self.read_every_record(&act, env)?;
        for (stream, next) in streams {
            let lease = self.lease_of(&stream);
            let next = NextAnnouncement {
                stream: &stream,
                camera,
                plan: &next.plan,
                owner: next.owner,
                phones: &phones,
                lease,
            };
            self.announce(&mut act, next, env)?;
        }
        self.commit(act, env)
    }

    /// Since when `camera` records a stream if the next announcement names it: as the last one says if that
    /// named it, too, and otherwise from now on, after the clips that count.
    pub(super) fn tenure(
        &mut self,
        act: &Act,
        stream: &Name,
        camera: Option<VerifyingKey>,
        env: &Env<'_>,
    ) -> Result<Tenure> {
        let Some(followed) = self.phone.streams.get_mut(stream) else {
            return Ok(Tenure::FIRST);
        };
        let before = followed.current.since;
        if followed.camera() == camera {
            return Ok(before);
        }
        let account = &self.phone.account;
        let (clips, last) = match act.counted.get(stream) {
            Some(0) => (0, None),
            Some(clips) if *clips == before.clips => (before.clips, before.last),
            Some(clips) => {
                let (manifest, _) = followed.manifest(env.cloud, account, stream, *clips)?;
                (*clips, Some(manifest.hash))
            }
            None => {
                let mut shown = view::list(env.cloud, account, stream)?;
                shown.retain(|clip| *clip > before.clips);
                shown.sort_unstable();
                let mut last = (before.clips, before.last);
                // What the cloud put after the last genuine one is passed over.
                for clip in shown.into_iter().rev() {
                    match followed.manifest(env.cloud, account, stream, clip) {
                        Ok((manifest, _)) => {
                            last = (clip, Some(manifest.hash));
                            break;
                        }
                        Err(error) if error.is(StoreError::Unavailable) => return Err(error),
                        Err(_) => {}
                    }
                }
                last
            }
        };
        if clips < before.clips {
            return Err(ClipError::NoSuchClip.into());
        }
        let epoch = followed.head.epoch.saturating_add(1);
        Ok(Tenure { epoch, clips, last })
    }

    /// An offer serves for ten minutes and for one camera.
    fn check_offer(&self, offer: &Offer, reply: &Reply, env: &Env<'_>) -> Result<()> {
        offer.check_reply_age(env.now)?;
        let used = self.phone.offers.get(&offer.id());
        if used.is_some_and(|key| *key != reply.camera) {
            return Err(PairingError::OfferUsed.into());
        }
        Ok(())
    }

    /// Goes on with an act that got as far as the roster.
    ///
    /// # Errors
    /// `conflict` if another phone has announced meanwhile that other clips count.
    fn go_on(
        &mut self,
        act: Act,
        camera: &CameraEntry,
        mut counted: Counted,
        env: &mut Env<'_>,
    ) -> Result<()> {
        self.follow(&camera.streams, env)?;
        let streams = self.unannounced(camera);
        let other = |(stream, clips): (&Name, &u64)| {
            let followed = self.phone.streams.get(stream);
            !streams.contains(stream) && followed.is_some_and(|f| f.current.since.clips != *clips)
        };
        if counted.iter().any(other) {
            return Err(StoreError::Conflict.into());
        }
        counted.retain(|stream, _| streams.contains(stream));
        match streams.is_empty() {
            true => Ok(()),
            false => self.hand_over(act, &streams, camera.key, counted, env),
        }
    }

    /// Those of a camera's streams on which no announcement says yet what the roster does.
    fn unannounced(&self, camera: &CameraEntry) -> Vec<Name> {
        let says = |stream: &&Name| {
            let followed = self.phone.streams.get(*stream);
            followed.is_some_and(|f| f.camera() == camera.key)
        };
        let streams = camera.streams.iter();
        streams.filter(|stream| !says(stream)).cloned().collect()
    }

    fn log_paired(&self, camera: &VerifyingKey) {
        action::log("Pair", || {
            let csk = action::fresh("key", verifying_id(camera));
            let ask = action::fresh("root", self.phone.account);
            let account = action::name(self.phone.account);
            vec![("U", account), ("csk", csk), ("ask", ask)]
        });
    }
}

/// The camera of that name, which has the streams that are counted.
fn listed<'a>(draft: &'a mut Draft, name: &Name, counted: &Counted) -> Result<&'a mut CameraEntry> {
    let mut cameras = draft.cameras.iter_mut();
    let camera = cameras.find(|camera| camera.name == *name);
    let camera = camera.ok_or(AnnouncementError::WrongCamera)?;
    match counted.keys().all(|stream| camera.streams.contains(stream)) {
        true => Ok(camera),
        false => Err(AnnouncementError::UnknownStream.into()),
    }
}
