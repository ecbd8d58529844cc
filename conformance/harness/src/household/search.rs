//! The search: random histories, each drawn from the seed and its own number, so that one alone can be played again;
//! what is wrong is shrunk.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use encryptediot_testkit::n;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Serialize;

use super::facts::Lemmas;
use super::house::House;
use super::judge::ONLY_LIES;
use super::op::{self, MEMBERS, Op, PHONES, STREAMS};
use super::play::camera_of;

/// How much is to be tried.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Until so many things have happened.
    pub steps: u64,
    /// What everything random is drawn from.
    pub seed: u64,
    /// Things that happen in one history, at most.
    pub length: usize,
    /// Only the history of this number, from 1.
    pub only: Option<u64>,
    /// Only what is wrong and starts so, where the reference is a copy of which something else is known.
    pub about: &'static str,
}

/// What is wrong, with the shortest history that was found for it.
#[derive(Clone, Debug, Serialize)]
pub struct Counterexample {
    pub what: Vec<String>,
    /// The number of the history that it was found in.
    pub number: u64,
    /// What happened, line by line.
    pub history: Vec<String>,
}

/// How often something was done, and how often it was refused.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Count {
    pub done: u64,
    pub refused: u64,
}

/// What a search found.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    pub histories: u64,
    pub steps: u64,
    /// Steps of the adversary.
    pub hostile: u64,
    pub seconds: f64,
    /// Of those, in judging.
    pub judging: f64,
    pub clips: u64,
    /// What was done, by its word.
    pub things: BTreeMap<String, Count>,
    /// Why something was refused, and how often.
    pub refused: BTreeMap<&'static str, u64>,
    /// What nobody promises never to happen, and how often it did.
    pub noted: BTreeMap<&'static str, u64>,
    /// What is wrong, if anything is: the search ends with it.
    pub counterexample: Option<Counterexample>,
}

/// A history that was played.
pub struct Played {
    pub wrong: Vec<String>,
    /// Why each thing was refused, if it was.
    pub refused: Vec<Option<&'static str>>,
    pub noted: BTreeMap<&'static str, u64>,
    pub clips: u64,
    pub judging: Duration,
}

/// Shrinking ends after so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Of so many histories one is played by an honest provider, and must then complete, and in three a phone falls behind.
const KINDS: u64 = 8;

/// Plays a history in a fresh household.
///
/// # Errors
/// If the household cannot be furnished.
pub fn play(ops: &[Op], seed: u64, lemmas: &Lemmas) -> Result<Played, String> {
    let mut house = House::new(seed)?;
    let honest = !ops.iter().any(Op::is_hostile);
    let mut refused = Vec::new();
    for op in ops {
        if let Op::View { viewer, .. } = op
            && honest
        {
            // Who does not know that a camera was replaced takes the new one's clips for forged.
            let _ = house.play(&reading(*viewer));
        }
        let reason = house.play(op).err().map(|error| error.reason());
        house.watch();
        if let Some(reason) = reason.filter(|reason| honest && ONLY_LIES.contains(reason)) {
            house.wrong.insert(format!(
                "RESUME: `{op}` was refused with {reason} though nobody lies"
            ));
        }
        refused.push(reason);
    }
    if honest {
        house.complete();
    } else {
        // What nobody records, nobody opens.
        for stream in 0..STREAMS.len() as u8 {
            let _ = house.play(&Op::Record { stream });
        }
    }
    let begin = Instant::now();
    house.watch();
    house.judge();
    let broken = lemmas.broken(&house.facts)?;
    let wrong = house.wrong.iter().chain(&house.ledger.wrong).chain(&broken);
    Ok(Played {
        wrong: wrong.cloned().collect(),
        refused,
        noted: house.noted.clone(),
        clips: house.clips.len() as u64,
        judging: begin.elapsed(),
    })
}

/// A viewer reads what is new.
fn reading(viewer: u8) -> Op {
    match viewer.checked_sub(PHONES.len() as u8) {
        None => Op::Status { phone: viewer },
        Some(member) => Op::Follow { member },
    }
}

impl House {
    /// Where nobody has lied, the owner moves every stream to fresh keys, every camera obeys, and whoever is to see
    /// the next clip sees it.
    fn complete(&mut self) {
        for held in self.phones.values_mut() {
            held.ahead = 0;
        }
        let mut ops = vec![Op::Rotate {
            phone: 0,
            streams: u8::MAX,
        }];
        let cameras: Vec<u8> = self
            .cameras
            .keys()
            .filter_map(|c| u8::try_from(*c).ok())
            .collect();
        ops.extend(cameras.into_iter().map(|camera| Op::Sync { camera }));
        let members = 0..MEMBERS.len() as u8;
        ops.extend(members.map(|member| Op::Follow { member }));
        for op in ops {
            if let Err(error) = self.play(&op) {
                let reason = error.reason();
                self.wrong.insert(format!(
                    "RESUME: `{op}` was refused with {reason} though nobody lies"
                ));
            }
        }
        for stream in 0..STREAMS.len() as u8 {
            let name = n(STREAMS[usize::from(stream)]);
            let camera = self.cameras.get(&camera_of(stream));
            if camera.is_none_or(|camera| camera.retired) {
                continue;
            }
            match self.play(&Op::Record { stream }) {
                Ok(()) => self.complete_clip(name),
                Err(error) => {
                    let reason = error.reason();
                    self.wrong
                        .insert(format!("RESUME: {name} is not recorded: {reason}"));
                }
            }
        }
    }

    fn complete_clip(&mut self, stream: encryptediot::keys::Name) {
        let Some(clip) = self.clips.last() else {
            return;
        };
        let (sequence, start, end) = (clip.sequence, clip.manifest.start, clip.manifest.end);
        let announced = self.ledger.announced.get(&clip.under);
        let holders = announced.map(|one| one.holders.clone()).unwrap_or_default();
        let in_window = |window: &Option<encryptediot::announcement::Window>| {
            window.is_none_or(|window| window.contains(start, end))
        };
        let due = holders.iter().filter(|((_, window), _)| in_window(window));
        let due: std::collections::BTreeSet<_> = due.flat_map(|(_, held)| held.iter()).collect();
        let account = self.account;
        for (number, member) in self.members.iter_mut().enumerate() {
            let seat = self.provider.seat(op::MEMBER + number);
            let is_due = due.contains(&encryptediot::keys::member_id(&member.card().key));
            let opened = member.open(&seat, &account, &stream, sequence);
            if let (true, Err(error)) = (is_due, opened) {
                let reason = error.reason();
                self.wrong.insert(format!(
                    "RESUME: a member does not see what was granted: {reason}"
                ));
            }
        }
        for device in self.in_hand() {
            let seat = self.provider.seat(device);
            let Some(held) = self.phones.get_mut(&device) else {
                continue;
            };
            let opened = held.device.sync(&seat);
            if let Err(error) = opened.and_then(|()| held.device.open(&seat, &stream, sequence)) {
                let reason = error.reason();
                self.wrong.insert(format!(
                    "RESUME: a phone does not see the next clip: {reason}"
                ));
            }
        }
    }
}

/// The runner and the strategy of one history.
fn runner(effort: &Effort, number: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&effort.seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config::default(), rng)
}

/// Plays histories until so many things have happened, or one is wrong.
///
/// # Errors
/// If a household cannot be furnished.
pub fn search(
    effort: &Effort,
    lemmas: &Lemmas,
    progress: &dyn Fn(&Outcome),
) -> Result<Outcome, String> {
    let begin = Instant::now();
    let mut outcome = Outcome::default();
    let lengths = 1..=effort.length.max(1);
    let mut number = effort.only.unwrap_or(1);
    while outcome.steps < effort.steps {
        let mut runner = runner(effort, number);
        let kinds = runner.rng().random::<u64>();
        let new = match number % KINDS {
            0 => vec(op::honest(kinds), lengths.clone()).boxed(),
            1..=3 => op::behind(kinds, effort.length).boxed(),
            _ => vec(op::op(kinds), lengths.clone()).boxed(),
        };
        let tree = new.new_tree(&mut runner).map_err(|why| why.to_string())?;
        let ops = tree.current();
        let mut played = play(&ops, effort.seed ^ number, lemmas)?;
        played.wrong.retain(|what| what.starts_with(effort.about));
        outcome.add(&ops, &played);
        outcome.seconds = begin.elapsed().as_secs_f64();
        if !played.wrong.is_empty() {
            outcome.counterexample = Some(shrink(tree, (effort, lemmas), number, played.wrong)?);
            break;
        }
        if effort.only.is_some() {
            break;
        }
        number += 1;
        progress(&outcome);
    }
    Ok(outcome)
}

impl Outcome {
    fn add(&mut self, ops: &[Op], played: &Played) {
        self.histories += 1;
        self.steps += ops.len() as u64;
        self.hostile += ops.iter().filter(|op| op.is_hostile()).count() as u64;
        self.clips += played.clips;
        self.judging += played.judging.as_secs_f64();
        for (op, refused) in ops.iter().zip(&played.refused) {
            let line = op.to_string();
            let word = line.split(' ').next().unwrap_or_default();
            let count = self.things.entry(word.to_owned()).or_default();
            match refused {
                None => count.done += 1,
                Some(reason) => {
                    count.refused += 1;
                    *self.refused.entry(reason).or_default() += 1;
                }
            }
        }
        for (what, count) in &played.noted {
            *self.noted.entry(what).or_default() += count;
        }
    }
}

fn shrink(
    mut tree: Box<dyn ValueTree<Value = Vec<Op>>>,
    (effort, lemmas): (&Effort, &Lemmas),
    number: u64,
    mut what: Vec<String>,
) -> Result<Counterexample, String> {
    let mut best = tree.current();
    let begin = Instant::now();
    let mut more = tree.simplify();
    while more && begin.elapsed() < PATIENCE {
        let ops = tree.current();
        let mut wrong = play(&ops, effort.seed ^ number, lemmas)?.wrong;
        wrong.retain(|what| what.starts_with(effort.about));
        more = if wrong.is_empty() {
            tree.complicate()
        } else {
            (best, what) = (ops, wrong);
            tree.simplify()
        };
    }
    let history = best.iter().map(ToString::to_string).collect();
    Ok(Counterexample {
        what,
        number,
        history,
    })
}
