//! New keys on streams: the announcement, its backup, and every member's part (paper section 4.4).

use std::collections::{BTreeMap, BTreeSet};

use super::act::{Act, Members, Unsigned, create};
use super::unlocked::{Env, Owner};
use crate::action;
use crate::announcement::{Announcement, Kind, MAX_KEYS, StreamKey, Window};
use crate::crypto::{KemSecret, VerifyingKey};
use crate::error::{AnnouncementError, GrantError, Result, StoreError};
use crate::grant::{self, Holding};
use crate::keys::{MemberId, Name, kem_id};
use crate::message::{self, Time};
use crate::phone::InForce;
use crate::roster::PhoneKeys;

/// How long shared keys may be used without a word from an owner's phone, unless the owner says
/// otherwise: seven days.
pub const DEFAULT_LEASE: Time = 7 * 24 * 60 * 60 * 1000;

/// For whom a stream is to be wrapped, beside the owner: key by kind and window, to members.
pub(super) type Plan = BTreeMap<(Kind, Option<Window>), BTreeSet<MemberId>>;

/// What is to become of a stream: at first what it is.
#[derive(Default)]
pub(super) struct Next {
    pub plan: Plan,
    /// The owner's stream key in force, unless a fresh one is due.
    pub owner: Option<Holding>,
}

/// What is to become of each stream.
pub(super) type Streams = BTreeMap<Name, Next>;

/// What the next announcement of a stream is made of.
pub(super) struct NextAnnouncement<'a> {
    pub stream: &'a Name,
    /// The camera, none if it is retired.
    pub camera: Option<VerifyingKey>,
    pub plan: &'a Plan,
    /// The owner's stream key; a fresh one if there is none.
    pub owner: Option<Holding>,
    pub phones: &'a [PhoneKeys],
    pub lease: Time,
}

impl Owner<'_> {
    /// Follows the streams that an act goes by.
    ///
    /// # Errors
    /// `conflict` if another phone has published a later roster than the one under which the act was begun.
    pub(super) fn follow(&mut self, streams: &[Name], env: &Env<'_>) -> Result<()> {
        let head = self.phone.history.head();
        self.phone.follow_streams(env.cloud, streams)?;
        if self.phone.history.head() != head {
            self.interrupted = true;
            return Err(StoreError::Conflict.into());
        }
        Ok(())
    }

    /// What is in force on `streams`, which are followed first, without windows that have passed. Of
    /// a stream that another phone has paired and not yet announced: what every new stream begins with.
    pub(super) fn streams(&mut self, streams: &[Name], env: &Env<'_>) -> Result<Streams> {
        self.follow(streams, env)?;
        let mut all = Streams::new();
        for stream in streams {
            let Some(followed) = self.phone.streams.get(stream) else {
                let members = self.phone.private()?.all_streams.into_iter().collect();
                let plan = Plan::from([((Kind::Dsk, None), members)]);
                all.insert(stream.clone(), Next { plan, owner: None });
                continue;
            };
            let InForce {
                predates_loss,
                holdings,
            } = self.phone.in_force(env.cloud, stream)?;
            let mut next = Next::default();
            for (key, holding) in followed.current.keys.iter().zip(holdings) {
                let passed = key.window.is_some_and(|window| window.until <= env.now);
                if key.kind == Kind::Owner {
                    next.owner = (!predates_loss).then_some(holding);
                } else if !passed {
                    let members = holding.members.into_iter().collect();
                    next.plan.insert((key.kind, key.window), members);
                }
            }
            all.insert(stream.clone(), next);
        }
        Ok(all)
    }

    /// Adds the next announcement of a stream to an act: fresh keys for `plan`, wrapped for the
    /// members that it names (paper section 4.4).
    pub(super) fn announce(
        &mut self,
        act: &mut Act,
        next: NextAnnouncement<'_>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let NextAnnouncement { stream, phones, .. } = next;
        let since = self.tenure(act, stream, next.camera, env)?;
        let account = &self.phone.account;
        let followed = self.phone.streams.get(stream);
        let owner = match next.owner {
            Some(kept) => kept,
            None => Holding {
                secret: KemSecret::generate(env.rng)?,
                members: Vec::new(),
            },
        };
        let mut holdings = vec![owner];
        let mut kinds = vec![(Kind::Owner, None)];
        for (key, members) in next.plan.iter().filter(|(_, members)| !members.is_empty()) {
            let members = members.iter().copied().collect();
            holdings.push(Holding {
                secret: KemSecret::generate(env.rng)?,
                members,
            });
            kinds.push(*key);
        }
        if holdings.len() > MAX_KEYS {
            return Err(AnnouncementError::Keys.into());
        }
        let keys = kinds
            .iter()
            .zip(&holdings)
            .map(|((kind, window), holding)| StreamKey {
                kind: *kind,
                window: *window,
                public: holding.secret.public(),
            });
        let (backup, bytes) = grant::seal_backup(account, &act.ring, stream, &holdings, env.rng)?;
        act.named_by_hash
            .push(create(self.phone.paths().backup(&backup), bytes));
        let parts = holdings.iter().map(|holding| holding.members.len()).sum();
        let shard_bits = grant::shard_bits(parts);
        let announcement = Announcement {
            camera: next.camera,
            stream: stream.clone(),
            epoch: followed.map_or(1, |f| f.head.epoch + 1),
            previous: followed.map(|f| f.head.hash),
            issued: followed.map_or(env.now, |f| env.now.max(f.head.issued)),
            lease: next.lease,
            phones: phones.to_vec(),
            keys: keys.collect(),
            backup,
            shard_bits,
            roster: self.roster_of(act)?,
            since,
        };
        let path = self.phone.paths().announcement(stream, announcement.epoch);
        let leaf = message::encode(account, announcement.clone());
        let hash = message::hash(&leaf);
        self.log(&announcement, &hash, &holdings, &act.met);
        self.grant(act, &hash, shard_bits, &holdings)?;
        act.announcements.push(Unsigned {
            path,
            message: leaf,
        });
        act.streams.push(stream.clone());
        Ok(())
    }

    /// Notes an epoch of a stream, its keys, and who is granted each.
    pub(super) fn log(
        &self,
        announcement: &Announcement,
        hash: &message::Hash,
        holdings: &[Holding],
        met: &Members,
    ) {
        let account = &self.phone.account;
        action::log("New_epoch", || announcement.facts(account, hash));
        for (index, (key, holding)) in (0_u32..).zip(announcement.keys.iter().zip(holdings)) {
            action::log("New_key", || {
                let mut values = announcement.facts(account, hash);
                values.extend(key.place());
                values.push(("d", key.fact(hash).private()));
                values
            });
            for member in holding
                .members
                .iter()
                .filter_map(|id| self.record_of(id, met))
            {
                let id = kem_id(&member.key);
                action::log("Grant", || {
                    let mut values = grant::facts(account, announcement, hash, index, key, id);
                    values.push(("pkM", action::public("key", id)));
                    values
                });
            }
        }
    }

    /// Adds every member's part of a statement's keys to an act.
    pub(super) fn grant(
        &self,
        act: &mut Act,
        statement: &message::Hash,
        shard_bits: u8,
        holdings: &[Holding],
    ) -> Result<()> {
        let mut parts = Vec::new();
        for (index, holding) in (0_u32..).zip(holdings) {
            for id in &holding.members {
                let member = self.record_of(id, &act.met);
                let member = member.ok_or(GrantError::UnknownMember)?;
                parts.push(grant::part(
                    &member.pairwise,
                    statement,
                    index,
                    &holding.secret,
                )?);
            }
        }
        for shard in grant::shards(statement, shard_bits, parts) {
            act.grants.push(Unsigned {
                path: self.phone.paths().shard(statement, shard.index),
                message: message::encode(&self.phone.account, shard),
            });
        }
        Ok(())
    }

    /// Announces new keys on streams, for the phones on the roster and those whom each is to have.
    pub(super) fn announce_all(
        &mut self,
        act: &mut Act,
        streams: Streams,
        lease: Option<Time>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let phones = self.phone.roster()?.phone_keys();
        self.announce_to(act, streams, &phones, lease, env)
    }

    pub(super) fn announce_to(
        &mut self,
        act: &mut Act,
        streams: Streams,
        phones: &[PhoneKeys],
        lease: Option<Time>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        if streams.values().any(|next| !next.plan.is_empty()) {
            self.read_every_record(act, env)?;
        }
        for (stream, Next { plan, owner }) in streams {
            let next = NextAnnouncement {
                stream: &stream,
                camera: self.phone.camera_of(&stream)?,
                plan: &plan,
                owner,
                phones,
                lease: lease.unwrap_or_else(|| self.lease_of(&stream)),
            };
            self.announce(act, next, env)?;
        }
        Ok(())
    }

    pub(super) fn lease_of(&self, stream: &Name) -> Time {
        self.phone
            .streams
            .get(stream)
            .map_or(DEFAULT_LEASE, |f| f.current.lease)
    }

    pub(super) fn every_stream(&self) -> Result<Vec<Name>> {
        Ok(self.phone.roster()?.streams().cloned().collect())
    }
}
