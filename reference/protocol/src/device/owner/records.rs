//! The owner's records of the members, and how a member is met.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::act::{Act, Members, Unsigned};
use super::unlocked::{Env, Owner};
use crate::crypto::KemPublic;
use crate::error::{GrantError, Result};
use crate::grant::{self, Member};
use crate::keys::{Name, kem_id};
use crate::message;
use crate::roster::Private;

impl Owner<'_> {
    /// Reads the records of `numbers` that this phone does not have yet.
    pub(super) fn read_records(
        &mut self,
        numbers: impl Iterator<Item = u64>,
        env: &Env<'_>,
    ) -> Result<()> {
        for number in numbers {
            if !self.phone.records.contains_key(&number) {
                let member = self.phone.member(env.cloud, number)?;
                self.phone.records.insert(number, member);
            }
        }
        Ok(())
    }

    pub(super) fn read_every_record(&mut self, env: &Env<'_>) -> Result<()> {
        let members = self.phone.private()?.members;
        self.read_records(1..=members, env)
    }

    /// Every member that was ever introduced, by number.
    ///
    /// # Errors
    /// `object-missing`, `sealed-open`.
    pub fn all_members(&mut self, env: &Env<'_>) -> Result<Vec<Member>> {
        self.read_every_record(env)?;
        Ok(self.phone.records.values().cloned().collect())
    }

    /// The latest record of the member called `name`, once every record has been read.
    pub(super) fn find(&self, name: &Name) -> Option<&Member> {
        let mut latest_first = self.phone.records.values().rev();
        latest_first.find(|member| member.name == *name)
    }

    /// The number of each member's latest introduction, by the number of every one.
    pub(super) fn latest_numbers(&mut self, env: &Env<'_>) -> Result<BTreeMap<u64, u64>> {
        self.read_every_record(env)?;
        let all = self.phone.records.values();
        let latest: BTreeMap<_, _> = all.map(|m| ((&m.name, m.key), m.number)).collect();
        let all = self.phone.records.values();
        Ok(all.map(|m| (m.number, latest[&(&m.name, m.key)])).collect())
    }

    /// The latest number and the key of every member who was introduced.
    pub(super) fn latest_by_name(&self) -> BTreeMap<Name, (u64, KemPublic)> {
        let all = self.phone.records.values();
        all.map(|m| (m.name.clone(), (m.number, m.key))).collect()
    }

    pub(super) fn numbers_of(&mut self, name: &Name, env: &Env<'_>) -> Result<BTreeSet<u64>> {
        self.read_every_record(env)?;
        let all = self.phone.records.values();
        let numbers: BTreeSet<u64> = all.filter(|m| m.name == *name).map(|m| m.number).collect();
        if numbers.is_empty() {
            return Err(GrantError::UnknownMember.into());
        }
        Ok(numbers)
    }

    /// The record of a member who is new with an act, or was before.
    pub(super) fn record_of<'a>(&'a self, number: u64, met: &'a Members) -> Option<&'a Member> {
        met.get(&number).or_else(|| self.phone.records.get(&number))
    }

    /// Adds a member's introduction by public key, and the owner's record of it, to an act.
    pub(super) fn introduce(
        &self,
        act: &mut Act,
        private: &mut Private,
        name: Name,
        key: &KemPublic,
        env: &mut Env<'_>,
    ) -> Result<u64> {
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
            name,
            key: *key,
            pairwise,
        };
        self.record(act, member, env)?;
        Ok(number)
    }

    /// Adds the owner's record of a member to an act.
    pub(super) fn record(&self, act: &mut Act, member: Member, env: &mut Env<'_>) -> Result<()> {
        let message = grant::seal_member(&self.phone.account, &act.ring, &member, env.rng)?;
        let path = self.phone.paths().member(member.number);
        act.members.push(Unsigned { path, message });
        act.met.insert(member.number, member);
        Ok(())
    }
}
