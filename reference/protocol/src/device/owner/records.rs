//! The owner's records of the members, and how a member is met.

use super::act::{Act, Members, Unsigned};
use super::unlocked::{Env, Owner};
use crate::crypto::KemPublic;
use crate::error::{AnnouncementError, GrantError, Result};
use crate::grant::{self, Member};
use crate::keys::{MemberId, Name, kem_id, member_id};
use crate::message;
use crate::roster::Private;

impl Owner<'_> {
    /// Reads the records that this phone does not have yet, for an act.
    ///
    /// # Errors
    /// `fork` if the latest that is shown of a member was made before a phone was lost, which has its pairwise key: a
    /// loss makes one of every member. Those of [`Phone::members`](crate::phone::Phone::members).
    pub(super) fn read_every_record(&mut self, act: &Act, env: &Env<'_>) -> Result<()> {
        let new = self.phone.new_members(env.cloud)?;
        let generation = act.ring.generation();
        let latest = |(id, member)| act.met.get(id).or_else(|| new.get(id)).unwrap_or(member);
        let mut all = self.phone.records.iter().chain(&new).map(latest);
        if all.any(|member| member.generation < generation) {
            return Err(AnnouncementError::Fork.into());
        }
        self.phone.take_records(new);
        Ok(())
    }

    /// The member called `name`, once every record has been read.
    ///
    /// # Errors
    /// `unknown-member`.
    pub(super) fn find(&self, name: &Name) -> Result<MemberId> {
        let mut all = self.phone.records.iter();
        let found = all.find(|(_, member)| member.name == *name);
        Ok(*found.ok_or(GrantError::UnknownMember)?.0)
    }

    /// The members whom an act may name: those with a record, and of `met` those who are new.
    ///
    /// # Errors
    /// `already-member` if another key goes by a name, or another name by a key.
    pub(super) fn is_known(&self, act: &Act, name: &Name, key: &KemPublic) -> Result<bool> {
        let id = member_id(key);
        let all = || self.phone.records.iter().chain(&act.met);
        match all().find(|(_, member)| member.name == *name) {
            Some((known, _)) if *known == id => Ok(true),
            Some(_) => Err(GrantError::AlreadyMember.into()),
            None if all().any(|(known, _)| *known == id) => Err(GrantError::AlreadyMember.into()),
            None => Ok(false),
        }
    }

    /// The record of a member who is new with an act, or was before.
    pub(super) fn record_of<'a>(&'a self, id: &MemberId, met: &'a Members) -> Option<&'a Member> {
        met.get(id).or_else(|| self.phone.records.get(id))
    }

    /// Adds a member's introduction by public key, and the owner's record of it, to an act.
    pub(super) fn introduce(
        &self,
        act: &mut Act,
        private: &mut Private,
        name: Name,
        key: &KemPublic,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let (account, paths) = (&self.phone.account, self.phone.paths());
        private.members += 1;
        let number = private.members;
        let (introduction, pairwise) = grant::introduce(account, key, number, env.rng)?;
        act.introductions.push(Unsigned {
            path: paths.introduction(kem_id(key), number),
            message: message::encode(account, introduction),
        });
        let member = Member {
            number,
            generation: act.ring.generation(),
            name,
            key: *key,
            pairwise,
        };
        self.record(act, member, env)
    }

    /// Adds the owner's record of a member to an act.
    pub(super) fn record(&self, act: &mut Act, member: Member, env: &mut Env<'_>) -> Result<()> {
        let message = grant::seal_member(&self.phone.account, &act.ring, &member, env.rng)?;
        let path = self.phone.paths().member(member.number);
        act.members.push(Unsigned { path, message });
        act.met.insert(member_id(&member.key), member);
        Ok(())
    }
}
