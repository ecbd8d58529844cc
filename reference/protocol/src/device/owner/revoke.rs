//! Fresh keys on streams that are shared already: for fewer members, for another window, for another
//! lease.

use super::unlocked::{Env, Owner};
use crate::announcement::{self, Kind, Window};
use crate::error::{AnnouncementError, GrantError, Result};
use crate::keys::Name;
use crate::message::Time;

impl Owner<'_> {
    /// Moves `streams` to fresh keys for the same members.
    ///
    /// # Errors
    /// Those of committing.
    pub fn rotate(&mut self, streams: &[Name], env: &mut Env<'_>) -> Result<()> {
        let mut act = self.begin(env)?;
        let streams = self.streams(streams, env)?;
        self.announce_all(&mut act, streams, None, env)?;
        self.commit(act, env)
    }

    /// Takes `streams` away from a member. In effect once each camera has acknowledged
    /// ([`crate::phone::Phone::status`]), and at the latest when the lease ends.
    ///
    /// A member with every stream keeps those that are not named, and gets none to come.
    ///
    /// # Errors
    /// `unknown-member`, `nothing-granted` if none of the streams is shared with the member, and
    /// those of committing.
    pub fn revoke(&mut self, streams: &[Name], name: &Name, env: &mut Env<'_>) -> Result<()> {
        let mut act = self.begin(env)?;
        self.read_every_record(&act, env)?;
        let gone = self.find(name)?;
        let mut shared = self.streams(streams, env)?;
        shared.retain(|_, next| next.plan.values().any(|held| held.contains(&gone)));
        if shared.is_empty() {
            return Err(GrantError::NothingGranted.into());
        }
        for held in shared.values_mut().flat_map(|next| next.plan.values_mut()) {
            held.remove(&gone);
        }
        let mut draft = self.next_roster(env.now)?;
        if draft.private.all_streams.contains(&gone) {
            draft.private.all_streams.retain(|id| *id != gone);
            self.add_roster(&mut act, draft, env)?;
        }
        self.announce_all(&mut act, shared, None, env)?;
        self.commit(act, env)
    }

    /// Moves the end of every window that a member has on `stream`.
    ///
    /// # Errors
    /// `unknown-member`, `nothing-granted` if the member has no window there, `window-empty`, and
    /// those of committing.
    pub fn extend_window(
        &mut self,
        stream: &Name,
        name: &Name,
        until: Time,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let mut act = self.begin(env)?;
        self.read_every_record(&act, env)?;
        let id = self.find(name)?;
        let mut streams = self.streams(std::slice::from_ref(stream), env)?;
        let plan = &mut streams.entry(stream.clone()).or_default().plan;
        let held: Vec<Window> = plan
            .iter()
            .filter(|(_, holders)| holders.contains(&id))
            .filter_map(|((_, window), _)| *window)
            .collect();
        if held.is_empty() {
            return Err(GrantError::NothingGranted.into());
        }
        if until <= env.now || held.iter().any(|window| until <= window.from) {
            return Err(GrantError::Window.into());
        }
        for Window {
            from,
            until: before,
        } in held
        {
            let key = |until| (Kind::Tdsk, Some(Window { from, until }));
            plan.entry(key(before)).or_default().remove(&id);
            plan.entry(key(until)).or_default().insert(id);
        }
        self.announce_all(&mut act, streams, None, env)?;
        self.commit(act, env)
    }

    /// Sets how long shared keys of `streams` may be used without a word from a phone.
    ///
    /// # Errors
    /// `lease-out-of-range`, and those of committing.
    pub fn set_lease(&mut self, streams: &[Name], lease: Time, env: &mut Env<'_>) -> Result<()> {
        if lease == 0 || lease > announcement::MAX_LEASE {
            return Err(AnnouncementError::Lease.into());
        }
        let mut act = self.begin(env)?;
        let streams = self.streams(streams, env)?;
        self.announce_all(&mut act, streams, Some(lease), env)?;
        self.commit(act, env)
    }
}
