//! The ground truth: what the owner meant by each act, by the hash of every statement that came of it.
//!
//! It reads the bytes that a phone wrote and nothing that a phone says. Who is to hold a key follows from the
//! statement's predecessor and from what the owner asked for at the phone that made it: the member whose key is K.

use std::collections::{BTreeMap, BTreeSet};

use encryptediot::announcement::{Announcement, Kind, Tenure, Window};
use encryptediot::cbor;
use encryptediot::keys::{KeyId, MemberId, Name, kem_id, verifying_id};
use encryptediot::message::{self, AccountId, Body, Hash};
use encryptediot::past::PastShare;
use encryptediot::roster::{self, Roster};
use encryptediot::statement::SignedStatement;

use super::provider::{Device, Written};

/// What a key is for.
pub type Use = (Kind, Option<Window>);

/// What the owner means by an act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// Nothing that changes who may open what.
    #[default]
    Nothing,
    /// A member is given streams, or all of them and those to come.
    Share {
        member: MemberId,
        streams: Option<BTreeSet<Name>>,
        of: Use,
    },
    /// A member loses the streams that the act announces, and those to come.
    Revoke { member: MemberId },
    /// A member is given clips of the past.
    Past { member: MemberId },
    /// A phone is dropped; with the explicit word, as one that was kept unlocked.
    Lose { lost: Device, word: bool },
    /// A phone is kept unlocked.
    Keep { phone: Device },
}

/// A roster that was published.
#[derive(Clone)]
pub struct Listed {
    pub number: u64,
    pub previous: Option<Hash>,
    pub cameras: BTreeSet<KeyId>,
    pub phones: BTreeSet<KeyId>,
    /// The members who are to have the streams to come.
    all: BTreeSet<MemberId>,
    /// The phones that were lost by then.
    pub lost: BTreeSet<Device>,
    /// The phones that were ever kept unlocked by then.
    unlocked: BTreeSet<Device>,
    /// The phones that were dropped without a word although they had been.
    passed_over: BTreeSet<Device>,
}

/// An announcement that was published.
#[derive(Clone)]
pub struct Announced {
    /// The phone that announced it.
    pub by: Device,
    pub stream: Name,
    pub epoch: u64,
    pub previous: Option<Hash>,
    pub roster: roster::Head,
    /// The camera that records under it, none if it is retired, and since when.
    pub camera: Option<KeyId>,
    pub since: Tenure,
    pub lease: u64,
    /// Who is to hold which key.
    pub holders: BTreeMap<Use, BTreeSet<MemberId>>,
    /// The phones that were lost by then.
    pub lost: BTreeSet<Device>,
}

/// Where a key was announced.
#[derive(Clone)]
pub struct Place {
    pub statement: Hash,
    pub stream: Name,
    pub of: Use,
    /// Whether it is the key of a past share.
    pub past: bool,
}

/// What was published and meant so far.
#[derive(Clone, Default)]
pub struct Ledger {
    pub rosters: BTreeMap<Hash, Listed>,
    pub announced: BTreeMap<Hash, Announced>,
    /// Past shares, and whom each is meant for.
    pub past: BTreeMap<Hash, (PastShare, BTreeSet<MemberId>)>,
    /// Every public key that was announced.
    pub keys: BTreeMap<KeyId, Place>,
    /// The phones that were kept unlocked, whoever has been shown that.
    unlocked: BTreeSet<Device>,
    /// What the acts themselves did that is promised never to be done.
    pub wrong: Vec<String>,
}

fn leaf<T: Body>(account: &AccountId, bytes: &[u8]) -> Option<(Hash, T)> {
    let statement: SignedStatement = cbor::decode(bytes).ok()?;
    let body = message::decode(account, &statement.leaf).ok()?;
    Some((message::hash(&statement.leaf), body))
}

impl Ledger {
    /// Takes in what a phone wrote in an act.
    pub fn take(&mut self, account: &AccountId, written: &[Written], intent: &Intent) {
        for Written { path, bytes, by } in written {
            match path.split('/').nth(1) {
                Some("roster") => {
                    if let Some((hash, roster)) = leaf(account, bytes) {
                        self.roster(hash, &roster, intent);
                    }
                }
                Some("announcements") => {
                    if let Some((hash, body)) = leaf(account, bytes) {
                        self.announcement(hash, body, *by, intent);
                    }
                }
                Some("past") => {
                    if let Some((hash, share)) = leaf(account, bytes) {
                        self.past_share(hash, share, intent);
                    }
                }
                _ => {}
            }
        }
    }

    fn roster(&mut self, hash: Hash, roster: &Roster, intent: &Intent) {
        if self.rosters.contains_key(&hash) {
            return;
        }
        let before = roster.previous.and_then(|hash| self.rosters.get(&hash));
        let mut listed = Listed {
            number: roster.number,
            previous: roster.previous,
            cameras: roster
                .cameras
                .iter()
                .filter_map(|c| c.key.as_ref().map(verifying_id))
                .collect(),
            phones: roster
                .phones
                .iter()
                .map(|p| kem_id(&p.keys.instance))
                .collect(),
            all: before.map(|b| b.all.clone()).unwrap_or_default(),
            lost: before.map(|b| b.lost.clone()).unwrap_or_default(),
            unlocked: before.map(|b| b.unlocked.clone()).unwrap_or_default(),
            passed_over: before.map(|b| b.passed_over.clone()).unwrap_or_default(),
        };
        match intent {
            Intent::Share {
                member,
                streams: None,
                ..
            } => drop(listed.all.insert(*member)),
            Intent::Revoke { member } => drop(listed.all.remove(member)),
            Intent::Lose { lost, word } => {
                if !word && listed.unlocked.contains(lost) {
                    self.wrong.push(format!(
                        "ACCOUNT-SECRETS, LOST-PHONE: a phone that had been shown that phone {lost} was kept \
                         unlocked dropped it without the explicit word"
                    ));
                }
                if !word && self.unlocked.contains(lost) {
                    listed.passed_over.insert(*lost);
                }
                listed.lost.insert(*lost);
            }
            Intent::Keep { phone } => {
                listed.unlocked.insert(*phone);
                self.unlocked.insert(*phone);
            }
            _ => {}
        }
        self.rosters.insert(hash, listed);
    }

    fn announcement(&mut self, hash: Hash, body: Announcement, by: Device, intent: &Intent) {
        if self.announced.contains_key(&hash) {
            return;
        }
        let before = body.previous.and_then(|hash| self.announced.get(&hash));
        let listed = self.rosters.get(&body.roster.hash);
        let mut lost = before.map(|b| b.lost.clone()).unwrap_or_default();
        lost.extend(listed.into_iter().flat_map(|listed| &listed.lost));
        let mut holders = match before {
            Some(before) => before.holders.clone(),
            // A new stream is for those who were given the streams to come.
            None => {
                let all = listed.map(|listed| listed.all.clone()).unwrap_or_default();
                BTreeMap::from([((Kind::Dsk, None), all)])
            }
        };
        match intent {
            Intent::Share {
                member,
                streams,
                of,
            } if streams
                .as_ref()
                .is_none_or(|named| named.contains(&body.stream)) =>
            {
                holders.entry(*of).or_default().insert(*member);
            }
            Intent::Revoke { member } => holders.values_mut().for_each(|held| {
                held.remove(member);
            }),
            Intent::Lose { lost: phone, .. } => drop(lost.insert(*phone)),
            _ => {}
        }
        for key in &body.keys {
            let place = Place {
                statement: hash,
                stream: body.stream.clone(),
                of: (key.kind, key.window),
                past: false,
            };
            self.keys.insert(kem_id(&key.public), place);
        }
        let announced = Announced {
            by,
            stream: body.stream,
            epoch: body.epoch,
            previous: body.previous,
            roster: body.roster,
            camera: body.camera.as_ref().map(verifying_id),
            since: body.since,
            lease: body.lease,
            holders,
            lost,
        };
        self.announced.insert(hash, announced);
    }

    fn past_share(&mut self, hash: Hash, share: PastShare, intent: &Intent) {
        let members = match intent {
            Intent::Past { member } => BTreeSet::from([*member]),
            _ => BTreeSet::new(),
        };
        let place = Place {
            statement: hash,
            stream: share.stream.clone(),
            of: (Kind::Tdsk, Some(share.window)),
            past: true,
        };
        self.keys.insert(kem_id(&share.key), place);
        self.past.entry(hash).or_insert((share, members));
    }

    /// Is a roster the other one, or does it come before it?
    pub fn precedes(&self, earlier: &Hash, later: &Hash) -> bool {
        let mut at = Some(*later);
        while let Some(hash) = at {
            if hash == *earlier {
                return true;
            }
            at = self.rosters.get(&hash).and_then(|listed| listed.previous);
        }
        false
    }

    /// Likewise for announcements.
    pub fn announced_before(&self, earlier: &Hash, later: &Hash) -> bool {
        let mut at = Some(*later);
        while let Some(hash) = at {
            if hash == *earlier {
                return true;
            }
            at = self.announced.get(&hash).and_then(|one| one.previous);
        }
        false
    }

    /// The phones whose loss an announcement takes in that passed over, somewhere on the way to its roster, that
    /// they were kept unlocked: in another history, which the phone that dropped them was not shown.
    pub fn passed_over(&self, announcement: &Hash) -> BTreeSet<Device> {
        let announced = self.announced.get(announcement);
        let listed = announced.and_then(|one| self.rosters.get(&one.roster.hash));
        listed
            .map(|listed| listed.passed_over.clone())
            .unwrap_or_default()
    }
}
