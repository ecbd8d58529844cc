//! Sharing: streams for members, on terms.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::act::Act;
use super::unlocked::{Env, Owner};
use crate::announcement::{Kind, Window};
use crate::contact::{self, VerifiedMember};
use crate::cose::Key;
use crate::error::{GrantError, Result};
use crate::grant::Member;
use crate::keys::{Name, member_id};
use crate::roster::Private;

/// On what terms something is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// From now until it is revoked (DSK).
    UntilRevoked,
    /// As [`Term::UntilRevoked`], on every stream, those to come as well (paper section 4.3).
    AllStreams,
    /// For a window (TDSK).
    Window(Window),
}

/// How the owner meets a new member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// The pairwise key is encrypted to the member's public key.
    Remote,
    /// The pairwise key goes from device to device by touch.
    Touch,
}

/// What sharing gives the owner to hand over by touch. Confidential: it must not leave the two devices.
pub struct TouchPayload {
    /// Whom to.
    pub member: Name,
    /// The payload ([`contact::encode_proximity`]).
    pub payload: Zeroizing<Vec<u8>>,
}

impl Owner<'_> {
    /// Shares `streams` with `members`, all in one act: one signature, one public-key operation
    /// for each member who is new. Every stream moves to fresh keys (paper section 4.4).
    ///
    /// With [`Meeting::Touch`], what to hand to each new member comes back.
    ///
    /// # Errors
    /// `already-member` if another key goes by that name or another name by that key, `window-empty`, and those of committing.
    pub fn share(
        &mut self,
        streams: &[Name],
        members: &[VerifiedMember],
        term: Term,
        meeting: Meeting,
        env: &mut Env<'_>,
    ) -> Result<Vec<TouchPayload>> {
        if let Term::Window(window) = term
            && (window.from >= window.until || window.until <= env.now)
        {
            return Err(GrantError::Window.into());
        }
        let mut act = self.begin(env)?;
        let (mut draft, mut payloads) = (self.next_roster(env.now)?, Vec::new());
        let before = draft.private.clone();
        self.read_every_record(&act, env)?;
        let mut ids = BTreeSet::new();
        for verified in members {
            if !self.is_known(&act, verified.name(), verified.key())? {
                self.meet(
                    &mut act,
                    &mut draft.private,
                    verified,
                    meeting,
                    &mut payloads,
                    env,
                )?;
            }
            ids.insert(member_id(verified.key()));
        }
        if term == Term::AllStreams {
            draft.private.all_streams.extend(&ids);
            draft.private.all_streams.sort_unstable();
            draft.private.all_streams.dedup();
        }
        let streams = match term {
            Term::AllStreams => self.every_stream()?,
            _ => streams.to_vec(),
        };
        let key = match term {
            Term::Window(window) => (Kind::Tdsk, Some(window)),
            _ => (Kind::Dsk, None),
        };
        let mut streams = self.streams(&streams, env)?;
        for next in streams.values_mut() {
            next.plan.entry(key).or_default().extend(&ids);
        }
        if draft.private != before {
            self.add_roster(&mut act, draft, env)?;
        }
        self.announce_all(&mut act, streams, None, env)?;
        self.commit(act, env)?;
        Ok(payloads)
    }

    fn meet(
        &self,
        act: &mut Act,
        private: &mut Private,
        verified: &VerifiedMember,
        meeting: Meeting,
        payloads: &mut Vec<TouchPayload>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let (name, key) = (verified.name().clone(), *verified.key());
        if meeting == Meeting::Remote {
            return self.introduce(act, private, name, &key, env);
        }
        private.members += 1;
        let pairwise = Key::random(env.rng);
        let member = Member {
            number: private.members,
            generation: act.ring.generation(),
            name,
            key,
            pairwise,
        };
        let payload =
            contact::encode_proximity(&self.phone.account, member.number, &member.pairwise);
        payloads.push(TouchPayload {
            member: member.name.clone(),
            payload,
        });
        self.record(act, member, env)
    }
}
