//! Whole streams in one act: who is to hold which key, whatever was before. What several acts would
//! do one after the other, without the moments between them in which someone has too much or too
//! little.

use std::collections::{BTreeMap, BTreeSet};

use super::announce::Plan;
use super::unlocked::{Env, Owner};
use crate::announcement::{self, Kind, Window};
use crate::contact::VerifiedMember;
use crate::error::{AnnouncementError, Error, GrantError, Result};
use crate::keys::{MemberId, Name};
use crate::message::Time;

/// How streams are to be.
#[derive(Clone, Debug, Default)]
pub struct Arrangement {
    /// By stream: who holds what, until revoked or for a window. Streams that are not named stay.
    pub streams: BTreeMap<Name, BTreeSet<(Name, Option<Window>)>>,
    /// The members who are given the streams to come as well.
    pub all_streams: BTreeSet<Name>,
    /// How long shared keys of these streams may be used without a word from a phone.
    pub lease: Time,
    /// Members whom the account may not know yet. Whoever is new is introduced.
    pub meet: Vec<VerifiedMember>,
}

impl Owner<'_> {
    /// Announces new keys on streams, for exactly those members who are named. One act, one
    /// signature, one announcement on each stream.
    ///
    /// # Errors
    /// `lease-out-of-range`, `window-empty`, `already-member` if another key goes by a name,
    /// `unknown-member`, `announcement-keys` if there are too many windows, and those of committing.
    pub fn arrange(&mut self, arrangement: &Arrangement, env: &mut Env<'_>) -> Result<()> {
        let lease = arrangement.lease;
        if lease == 0 || lease > announcement::MAX_LEASE {
            return Err(AnnouncementError::Lease.into());
        }
        let mut act = self.begin(env)?;
        let mut draft = self.next_roster(env.now)?;
        let before = draft.private.clone();
        self.read_every_record(&act, env)?;
        for verified in &arrangement.meet {
            let (name, key) = (verified.name(), verified.key());
            if !self.is_known(&act, name, key)? {
                let private = &mut draft.private;
                self.introduce(&mut act, private, name.clone(), key, env)?;
            }
        }
        let all = self.phone.records.iter().chain(&act.met);
        let known: BTreeMap<Name, MemberId> = all.map(|(id, m)| (m.name.clone(), *id)).collect();
        let id = |name: &Name| {
            let id = known.get(name).copied();
            id.ok_or(Error::from(GrantError::UnknownMember))
        };
        let all: Result<BTreeSet<MemberId>> = arrangement.all_streams.iter().map(id).collect();
        draft.private.all_streams = all?.into_iter().collect();
        let named: Vec<Name> = arrangement.streams.keys().cloned().collect();
        let mut streams = self.streams(&named, env)?;
        for (stream, holders) in &arrangement.streams {
            let mut plan = Plan::new();
            for (name, window) in holders {
                if window.is_some_and(|w| w.from >= w.until) {
                    return Err(GrantError::Window.into());
                }
                let kind = window.map_or(Kind::Dsk, |_| Kind::Tdsk);
                let holders = plan.entry((kind, *window)).or_default();
                holders.insert(id(name)?);
            }
            streams.entry(stream.clone()).or_default().plan = plan;
        }
        if draft.private != before {
            self.add_roster(&mut act, draft, env)?;
        }
        self.announce_all(&mut act, streams, Some(lease), env)?;
        self.commit(act, env)
    }
}
