//! A paired camera joins the account.

use std::collections::BTreeSet;

use super::announce::{DEFAULT_LEASE, NextAnnouncement, Plan};
use super::unlocked::{Env, Owner};
use crate::action;
use crate::announcement::Kind;
use crate::error::{AccountError, PairingError, Result};
use crate::evidence::Evidence;
use crate::keys::{MemberId, Name, verifying_id};
use crate::pairing::{self, Offer};
use crate::roster::CameraEntry;

impl Owner<'_> {
    fn need_fresh(&mut self, evidence: Option<&Evidence>, env: &Env<'_>) -> Result<()> {
        let every = self.every_stream()?;
        self.follow(&every, env)?;
        match evidence {
            Some(Evidence::Answer { challenge, signed }) => {
                self.phone.check_answer(challenge, signed)
            }
            Some(Evidence::Checkpoint(checkpoint)) => self.phone.check(env.cloud, checkpoint),
            Some(Evidence::OwnersWord) => Ok(()),
            None if self.phone.needs_no_evidence()? => Ok(()),
            None => Err(AccountError::NotFresh.into()),
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
        self.need_fresh(evidence, env)?;
        let mut draft = self.next_roster(env.now)?;
        let camera = CameraEntry {
            name,
            key: reply.camera,
            streams: reply.streams.clone(),
        };
        if draft.cameras.contains(&camera) {
            // An act that got as far as the roster: what is not announced yet is.
            let mut streams = camera.streams;
            self.phone.follow_streams(env.cloud, &streams)?;
            streams.retain(|stream| !self.phone.streams.contains_key(stream));
            return match &*streams {
                [] => Ok(()),
                streams => self.rotate(streams, env),
            };
        }
        offer.check_reply_age(env.now)?;
        let used = self.phone.offers.get(&offer.id());
        if used.is_some_and(|key| *key != camera.key) {
            return Err(PairingError::OfferUsed.into());
        }
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
        action::log("Pair", || {
            let csk = action::fresh("key", verifying_id(&camera.key));
            let ask = action::fresh("root", self.phone.account);
            let account = action::name(self.phone.account);
            vec![("U", account), ("csk", csk), ("ask", ask)]
        });
        let all: BTreeSet<MemberId> = draft.private.all_streams.iter().copied().collect();
        self.read_every_record(env)?;
        draft.cameras.push(camera.clone());
        self.add_roster(&mut act, draft, env)?;
        let plan = Plan::from([((Kind::Dsk, None), all)]);
        let phones = self.phone.roster()?.phone_keys();
        for stream in &camera.streams {
            let next = NextAnnouncement {
                stream,
                camera: camera.key,
                plan: &plan,
                owner: None,
                phones: &phones,
                lease: DEFAULT_LEASE,
            };
            self.announce(&mut act, next, env)?;
        }
        act.offer = Some((offer.id(), camera.key));
        self.commit(act, env)
    }
}
