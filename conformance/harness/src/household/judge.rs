//! What must be true of a household, by what its devices store and what lies in the cloud: which key opens which
//! clip, and whether the owner ever gave that key to who has it.

use std::collections::{BTreeMap, BTreeSet};

use encryptediot::announcement::Kind;
use encryptediot::cbor;
use encryptediot::clip::{self, Envelope, Role};
use encryptediot::crypto::{KemSecret, SecretBytes};
use encryptediot::grant;
use encryptediot::keys::{KeyId, MemberId, Name, kem_id, member_id};
use encryptediot::message::{self, Hash};
use encryptediot::roster;
use encryptediot::statement::SignedStatement;
use encryptediot::vault::Ring;
use encryptediot_testkit::theft::{self, Loot};
use encryptediot_testkit::{MemoryCloud, Objects, loot};

use super::house::{House, Recorded};
use super::ledger::Place;
use super::op::PHONES;

/// Private keys by the short names of their public halves.
type Keys = BTreeMap<KeyId, KemSecret>;

fn by_name(keys: impl IntoIterator<Item = KemSecret>) -> Keys {
    keys.into_iter()
        .map(|key| (kem_id(&key.public()), key))
        .collect()
}

/// Every key that a thief can come by.
fn thief_keys(instance: &KemSecret, rings: Vec<Ring>, cloud: &MemoryCloud) -> Keys {
    // A ring that continues another one opens what that one opens.
    let all = rings.clone();
    let longest = rings.into_iter().filter(|ring| {
        let mut longer = all
            .iter()
            .filter(|other| other.keys.len() > ring.keys.len());
        !longer.any(|other| other.continues(ring))
    });
    let of = |ring| {
        let instance = KemSecret::from_bytes(&instance.to_bytes());
        instance.map(|instance| Loot { instance, ring }.keys(cloud))
    };
    by_name(longest.flat_map(|ring| of(ring).unwrap_or_default()))
}

/// What no lie of the provider's, no clock and no act of the owner's is a reason for.
pub const ONLY_LIES: [&str; 22] = [
    "malformed",
    "invalid-signature",
    "invalid-tree-path",
    "vault-rollback",
    "root-mismatch",
    "sealed-open",
    "roster-rollback",
    "roster-chain",
    "checkpoint-mismatch",
    "wrong-camera",
    "not-first",
    "announcement-rollback",
    "epoch-gap",
    "announcement-fork",
    "fork",
    "ack-unknown",
    "issued-backwards",
    "clock-replayed",
    "manifest-fork",
    "object-missing",
    "conflict",
    "object-path",
];

impl House {
    /// After each thing: no phone goes back, and none goes by what was announced under a roster of another history.
    pub fn watch(&mut self) {
        self.log_made();
        let House {
            phones,
            ledger,
            wrong,
            verified,
            ..
        } = self;
        for (device, held) in phones.iter() {
            let now = held.device.checkpoint();
            let before = verified.entry(*device).or_default();
            let Some(roster) = now.roster else { continue };
            let mut moved =
                |of: Option<Name>, hash: Hash| before.insert(of, hash).filter(|was| *was != hash);
            if let Some(was) = moved(None, roster.hash)
                && !ledger.precedes(&was, &roster.hash)
            {
                wrong.insert("NO-ROLLBACK: a phone went back behind a roster".to_owned());
            }
            for (stream, head) in now.streams {
                let was = moved(Some(stream.clone()), head.hash);
                if was.is_some_and(|was| !ledger.announced_before(&was, &head.hash)) {
                    wrong
                        .insert("NO-ROLLBACK: a phone went back behind an announcement".to_owned());
                }
                let under = ledger
                    .announced
                    .get(&head.hash)
                    .map(|announced| announced.roster.hash);
                if !under.is_some_and(|under| ledger.precedes(&under, &roster.hash)) {
                    wrong.insert(
                        "NO-FORK: a phone goes by what was announced under a roster of another history".to_owned(),
                    );
                }
            }
        }
    }

    /// At the end: who can open what.
    pub fn judge(&mut self) {
        let everything = self.provider.everything();
        let cloud = MemoryCloud::with(everything.clone());
        for number in 0..self.members.len() {
            let keys = self.member_keys(number, &everything, &cloud);
            self.judge_member(number, &keys);
        }
        let stolen: Vec<_> = self.stolen.iter().map(|(d, s)| (*d, s.clone())).collect();
        for (device, stored) in stolen {
            let (instance, rings) = self.thief_rings(&stored, &everything);
            for ring in &rings {
                self.log_read(device, ring);
            }
            let keys = thief_keys(&instance, rings, &cloud);
            let after = |clip: &&Recorded| !clip.copied && clip.lost.contains(&device);
            for clip in self.clips.iter().filter(after) {
                if let Some((_, role)) = self.openings(clip, &keys).first() {
                    self.wrong.insert(format!(
                        "LOST-PHONE: what {} stored opens, as {role:?}, a clip that was recorded after its loss was \
                         obeyed or known to the camera",
                        PHONES[device]
                    ));
                }
            }
        }
    }

    /// Every key that a member can come by with all that was ever written.
    fn member_keys(&self, number: usize, everything: &Objects, cloud: &MemoryCloud) -> Keys {
        let member = &self.members[number];
        let own = member.private_key();
        let folder = format!("{}/introductions/{}/", self.account, kem_id(&own.public()));
        let introductions = everything
            .iter()
            .filter(|(path, _)| path.starts_with(&folder));
        let opened = introductions.filter_map(|(_, bytes)| {
            let opened = grant::open_introduction(&self.root, &self.account, own, bytes);
            Some(opened.ok()?.2)
        });
        let touched = member
            .pairwise_keys(&self.account)
            .map(|(_, key)| key.clone());
        let mut pairwise: Vec<SecretBytes<32>> = opened.chain(touched).collect();
        pairwise.dedup();
        by_name(theft::granted(&pairwise, cloud))
    }

    /// What a thief of a phone has: its key, and its rings, with those that were handed out to the phone later too.
    fn thief_rings(&self, stored: &[u8], everything: &Objects) -> (KemSecret, Vec<Ring>) {
        let Loot { instance, ring } = loot(stored);
        let mut rings = vec![ring];
        let folder = format!("{}/roster/", self.account);
        for (_, bytes) in everything
            .iter()
            .filter(|(path, _)| path.starts_with(&folder))
        {
            let Ok(statement) = cbor::decode::<SignedStatement>(bytes) else {
                continue;
            };
            let Ok(roster) = message::decode::<roster::Roster>(&self.account, &statement.leaf)
            else {
                continue;
            };
            let ring = roster::open_ring(&self.account, &roster, &instance);
            rings.extend(
                ring.ok()
                    .filter(|ring| !rings.iter().any(|r| r.to_bytes() == ring.to_bytes())),
            );
        }
        (instance, rings)
    }

    /// The keys that open a clip, each in the role in which it does.
    fn openings(&self, clip: &Recorded, keys: &Keys) -> Vec<(KeyId, Role)> {
        let mut found = Vec::new();
        let mut attempt = |statement: &Hash, envelopes: &[Envelope], roles: &[Role]| {
            for envelope in envelopes {
                let Some(key) = keys.get(&envelope.recipient) else {
                    continue;
                };
                let opens = |role: &&Role| {
                    let (account, id) = (&self.account, &clip.manifest.clip);
                    let alone = std::slice::from_ref(envelope);
                    clip::unwrap(account, &clip.stream, statement, id, alone, **role, key).is_ok()
                };
                let role = roles.iter().find(opens);
                found.extend(role.map(|role| (envelope.recipient, *role)));
            }
        };
        let roles = [Role::Instance, Role::Owner, Role::Dsk, Role::Tdsk];
        attempt(
            &clip.manifest.announcement,
            &clip.manifest.envelopes,
            &roles,
        );
        for (share, _) in self.ledger.past.values() {
            let listed = share
                .clips
                .iter()
                .filter(|listed| listed.manifest == clip.manifest_hash);
            for listed in listed {
                let envelope = std::slice::from_ref(&listed.envelope);
                attempt(&clip.manifest_hash, envelope, &[Role::Past]);
            }
        }
        found
    }

    fn judge_member(&mut self, number: usize, keys: &Keys) {
        let card = self.members[number].card();
        let (name, id) = (card.name.as_str(), member_id(&card.key));
        let mut wrong = Vec::new();
        let mut granted = BTreeSet::new();
        for key in keys.keys() {
            let place = self.ledger.keys.get(key);
            let stream = place.filter(|place| !place.past).map(|place| &place.stream);
            granted.extend(stream.cloned());
            if !place.is_some_and(|place| self.was_granted(place, &id)) {
                let what = place.map_or("a key that nobody announced".to_owned(), |place| {
                    format!(
                        "a key of {} ({:?}), which no act granted to its key",
                        place.stream, place.of.0
                    )
                });
                wrong.push(format!("STREAM-KEYS, GRANT-AGREEMENT: {name} holds {what}"));
            }
        }
        // Of what a copied camera seals nothing is promised.
        for clip in self.clips.iter().filter(|clip| !clip.copied) {
            for (key, _) in self.openings(clip, keys) {
                let Some(place) = self.ledger.keys.get(&key) else {
                    continue;
                };
                let why = self.unpromised(clip, place);
                wrong.extend(why.map(|why| format!("{why} ({name}, stream {})", clip.stream)));
            }
        }
        self.wrong.extend(wrong);
        for stream in granted {
            self.log_granted(&id, &stream);
        }
    }

    /// Did the owner ever ask for this key to be this member's?
    fn was_granted(&self, place: &Place, member: &MemberId) -> bool {
        let holders = match place.past {
            true => self
                .ledger
                .past
                .get(&place.statement)
                .map(|(_, holders)| holders),
            false => {
                let announced = self.ledger.announced.get(&place.statement);
                announced.and_then(|announced| announced.holders.get(&place.of))
            }
        };
        holders.is_some_and(|holders| holders.contains(member))
    }

    /// Why a key of this place should not open a clip, if it should not.
    fn unpromised(&self, clip: &Recorded, place: &Place) -> Option<&'static str> {
        let (start, end) = (clip.manifest.start, clip.manifest.end);
        if place.stream != clip.stream {
            return Some("STREAM-ISOLATION: a key of another stream opens a clip");
        }
        if let (Kind::Tdsk, Some(window)) = place.of {
            if !window.contains(start, end) {
                return Some(
                    "WINDOW: a TDSK opens a clip that by its own stamps is not in the window",
                );
            }
            if clip.right && !window.contains(clip.start, clip.end) {
                return Some(
                    "WINDOW: a TDSK opens a clip outside its window, of a camera whose clock was never wrong",
                );
            }
        }
        if place.past {
            return None;
        }
        if place.statement != clip.under {
            return Some(
                "REVOCATION, LATE-JOINER: a key of another epoch than the one in force opens a clip",
            );
        }
        if clip.changed {
            return Some(
                "WINDOW: a member's key opens a session across which the camera obeyed something",
            );
        }
        if clip.end > clip.served {
            return Some("LEASE: a member's key opens a clip after the lease is over");
        }
        None
    }
}
