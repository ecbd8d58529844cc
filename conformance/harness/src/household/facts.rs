//! What was done, as action facts of the models that have several phones or cameras, and their lemmas over it.
//!
//! A model's rules are not followed here, as `encryptediot.spthy` is by the other profiles: one household has more
//! phones, losses and histories at a time than such a model has. The lemmas are about facts alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use conformance::spthy::Source;
use conformance::spthy::theory::Theory;
use conformance::trace::evaluate::{Trace, evaluate};
use conformance::trace::term::Terms;
use encryptediot::crypto::sha256;
use encryptediot::keys::{MemberId, Name};
use encryptediot::message::Hash;
use encryptediot::vault::{self, Ring};

use super::house::House;
use super::ledger::Intent;
use super::provider::{Device, Written};

/// The lemmas. Not among them: what speaks of one history alone (`cameras/ended_once`, `losses`), of what backups name
/// (`rosters/holder_given`), and what holds of any log by the way in which it is written (`rosters/reached_by_next`,
/// `cameras/counted_first`).
const HELD: [(&str, &[&str]); 3] = [
    (
        "rosters",
        &[
            "granted_as_given",
            "in_its_history",
            "one_history",
            "one_next",
            "reached_once",
        ],
    ),
    ("cameras", &["past_is_genuine"]),
    ("vaults", &["lost_phone_reads_no_later_ring"]),
];

/// The models.
pub struct Lemmas(Vec<(&'static str, Theory)>);

impl Lemmas {
    /// Reads them from the directory of the models.
    ///
    /// # Errors
    /// If a model cannot be read, or has no such lemma.
    pub fn read(models: &Path) -> Result<Self, String> {
        let read = |(model, names): (&'static str, &[&str])| {
            let source = Source::read(&models.join(format!("{model}.spthy")));
            let source = source.map_err(|error| error.to_string())?;
            let mut theory = Theory::read(&source, &BTreeSet::new())?;
            theory.lemmas.retain(|lemma| names.contains(&&*lemma.name));
            match theory.lemmas.len() == names.len() {
                true => Ok((model, theory)),
                false => Err(format!("{model} lacks one of the lemmas {names:?}")),
            }
        };
        HELD.into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The lemmas that do not hold of what was done.
    ///
    /// # Errors
    /// If a formula cannot be evaluated.
    pub fn broken(&self, facts: &Facts) -> Result<Vec<String>, String> {
        let (mut terms, mut trace) = (Terms::default(), Trace::default());
        for (time, fact, args) in &facts.log {
            let args = args.iter().map(|name| terms.public(name)).collect();
            trace.add(fact, *time, args);
        }
        let mut broken = Vec::new();
        for (model, theory) in &self.0 {
            for lemma in &theory.lemmas {
                let verdict = evaluate(lemma, &trace, &mut terms).map_err(|e| e.to_string())?;
                if !verdict.holds {
                    broken.push(format!("lemma {model}/{}", lemma.name));
                }
            }
        }
        Ok(broken)
    }
}

/// Action facts, each with its time.
#[derive(Default)]
pub struct Facts {
    log: Vec<(u32, &'static str, Vec<String>)>,
    /// The rosters and announcements that were logged.
    made: BTreeSet<Hash>,
    /// The roster that each phone was seen to have last.
    reached: BTreeMap<Device, Hash>,
}

impl Facts {
    /// Facts at one time, after all before.
    fn add<const N: usize>(&mut self, facts: [(&'static str, Vec<String>); N]) {
        let time = self.log.last().map_or(1, |(last, ..)| last + 1);
        let facts = facts.into_iter();
        self.log
            .extend(facts.map(|(fact, args)| (time, fact, args)));
    }
}

const ACCOUNT: &str = "account";

fn ring_key(ring: &Ring, place: usize) -> Option<String> {
    Some(hex::encode(sha256(ring.keys.get(place)?.as_bytes())))
}

impl House {
    /// What the owner asked for, and what a loss has sealed.
    pub(super) fn log_act(&mut self, written: &[Written], intent: &Intent) {
        match intent {
            Intent::Share {
                member, streams, ..
            } => match streams {
                None => {
                    let (d, m) = (member.to_string(), member.to_string());
                    self.facts
                        .add([("GivesAll", vec![ACCOUNT.to_owned(), d, m])]);
                }
                Some(streams) => {
                    for stream in streams {
                        let (d, m) = (member.to_string(), member.to_string());
                        let args = vec![ACCOUNT.to_owned(), d, m, stream.to_string()];
                        self.facts.add([("Gives", args)]);
                    }
                }
            },
            Intent::Lose { lost, .. } => {
                let vaults = written.iter().filter(|w| w.path.contains("/vault/"));
                for vault in vaults {
                    let mut words = self.passphrases.iter().rev();
                    let opened = words
                        .find_map(|words| vault::open(&self.account, words, &vault.bytes).ok());
                    if let Some((_, opened)) = opened
                        && let Some(key) = ring_key(&opened.ring, opened.ring.keys.len() - 1)
                    {
                        self.facts.add([("Drop", vec![lost.to_string(), key])]);
                    }
                }
            }
            _ => {}
        }
    }

    /// What was made, and what the phones have, since this was asked last.
    pub(super) fn log_made(&mut self) {
        let House {
            facts,
            ledger,
            phones,
            ..
        } = self;
        let new = |facts: &Facts, hash: &Hash| !facts.made.contains(hash);
        let mut rosters: Vec<_> = ledger
            .rosters
            .iter()
            .filter(|(hash, _)| new(facts, hash))
            .collect();
        rosters.sort_by_key(|(_, roster)| roster.number);
        for (hash, roster) in rosters {
            facts.made.insert(*hash);
            if let Some(previous) = roster.previous {
                facts.add([("Made", vec![previous.to_string(), hash.to_string()])]);
            }
        }
        for (device, held) in phones.iter() {
            let Some(head) = held.device.checkpoint().roster else {
                continue;
            };
            let (mut path, mut at) = (Vec::new(), Some(head.hash));
            while let Some(hash) = at.filter(|hash| facts.reached.get(device) != Some(hash)) {
                at = ledger.rosters.get(&hash).and_then(|roster| roster.previous);
                path.push((at, hash));
            }
            for (previous, hash) in path.into_iter().rev() {
                let reach = ("Reach", vec![device.to_string(), hash.to_string()]);
                match previous {
                    None => facts.add([reach]),
                    Some(previous) => {
                        let args = vec![device.to_string(), previous.to_string(), hash.to_string()];
                        facts.add([("Next", args), reach]);
                    }
                }
            }
            facts.reached.insert(*device, head.hash);
        }
        let mut announced: Vec<_> = ledger
            .announced
            .iter()
            .filter(|(hash, _)| new(facts, hash))
            .collect();
        announced.sort_by_key(|(_, one)| one.epoch);
        for (hash, one) in announced {
            facts.made.insert(*hash);
            let before = one
                .previous
                .and_then(|hash| Some((hash, ledger.announced.get(&hash)?)));
            let Some((previous, before)) = before else {
                continue;
            };
            if phones.contains_key(&one.by) {
                let (p, b) = (one.by.to_string(), previous.to_string());
                facts.add([("GoesOn", vec![p, b, before.roster.hash.to_string()])]);
            }
            if let Some(last) = one.since.last.filter(|_| one.since.epoch == one.epoch) {
                let tenure = format!("until {hash}");
                let args = vec![
                    one.stream.to_string(),
                    tenure,
                    hash.to_string(),
                    last.to_string(),
                ];
                facts.add([("Counts", args)]);
            }
        }
    }

    /// The last clip was recorded, by a camera and no copy of it.
    pub(super) fn log_recorded(&mut self) {
        if let Some(clip) = self.clips.last().filter(|clip| !clip.copied) {
            let (camera, manifest) = (clip.by.to_string(), clip.manifest_hash.to_string());
            let args = vec![camera, clip.stream.to_string(), manifest];
            self.facts.add([("Recorded", args)]);
        }
    }

    /// A viewer who has followed a stream up to an announcement takes a clip of the camera before that one's.
    pub(super) fn log_viewed(
        &mut self,
        viewer: usize,
        stream: &Name,
        sequence: u64,
        at: Hash,
        shown: (String, Hash),
    ) {
        let mut first = at;
        // The first announcement of the tenure, and what its predecessor's tenure began with.
        let before = loop {
            let Some(one) = self.ledger.announced.get(&first) else {
                return;
            };
            let Some(previous) = one.previous else { return };
            if one.since.epoch == one.epoch {
                break self
                    .ledger
                    .announced
                    .get(&previous)
                    .map(|before| (one.since, before.since));
            }
            first = previous;
        };
        let Some((since, earlier)) = before else {
            return;
        };
        if (earlier.clips + 1..=since.clips).contains(&sequence) {
            let (v, s, a) = (
                viewer.to_string(),
                stream.to_string(),
                format!("until {first}"),
            );
            let (camera, manifest) = shown;
            self.facts
                .add([("ViewsBefore", vec![v, s, a, camera, manifest.to_string()])]);
        }
    }

    /// A member holds a key of a stream.
    pub(super) fn log_granted(&mut self, member: &MemberId, stream: &Name) {
        let args = vec![ACCOUNT.to_owned(), member.to_string(), stream.to_string()];
        self.facts.add([("Granted", args)]);
    }

    /// A phone that was lost reads a ring.
    pub(super) fn log_read(&mut self, lost: Device, ring: &Ring) {
        for place in 0..ring.keys.len() {
            if let Some(key) = ring_key(ring, place) {
                self.facts.add([("Reads", vec![lost.to_string(), key])]);
            }
        }
    }
}
