//! Who opens what, over random histories, against a model of entitlement that is written from the
//! words of the design and shares no code with the library.

mod history;
mod library;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use encryptediot::owner::Term;
use encryptediot::uplink;
use encryptediot_testkit::household::window;
use encryptediot_testkit::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use self::history::op;
use self::library::play;

const HOUR: u64 = 3_600_000;
/// Half seconds of an hour.
const HALVES: u64 = 7_200;
const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];
/// Cameras and their streams, in the order in which they come.
const CAMERAS: [(&str, &[&str]); 3] = [("door", &["x", "y"]), ("garden", &["z"]), ("hall", &["w"])];

/// One thing that happens. Numbers choose among what there is at that time.
#[derive(Clone, Debug)]
enum Op {
    Share {
        phone: usize,
        member: usize,
        streams: u8,
        term: Terms,
    },
    Rotate {
        phone: usize,
        streams: u8,
    },
    Revoke {
        phone: usize,
        member: usize,
        streams: u8,
    },
    ExtendWindow {
        phone: usize,
        member: usize,
        stream: usize,
        hours: i64,
    },
    ExtendLease {
        phone: usize,
        stream: usize,
        days: u64,
    },
    /// From half seconds around the start of a clip, for half seconds.
    SharePast {
        phone: usize,
        member: usize,
        stream: usize,
        clip: usize,
        from: i64,
        halves: u64,
    },
    /// The camera synchronises before the session, during it, or not at all.
    Record {
        stream: usize,
        sync: Sync,
    },
    Pass {
        hours: u64,
    },
    AddCamera {
        phone: usize,
    },
    Enroll,
    Lose,
    Compromise {
        member: usize,
    },
}

#[derive(Clone, Copy, Debug)]
enum Terms {
    UntilRevoked,
    AllStreams,
    /// From half seconds from now, for half seconds.
    Window {
        from: i64,
        halves: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sync {
    Before,
    During,
    Not,
}

/// What came of a history: what each thing that was tried answered, and who opens which clip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Facts {
    answers: Vec<&'static str>,
    /// By who looks: the clips, as stream and number.
    opened: BTreeMap<String, BTreeSet<(String, u64)>>,
}

// ---------------------------------------------------------------- the model

/// A right on one stream: until it is revoked, or for a window.
type Right = (usize, Option<(u64, u64)>);

/// What has been decided for a stream.
#[derive(Clone, Debug, Default)]
struct Decided {
    /// Counts what was decided.
    version: u64,
    rights: BTreeSet<Right>,
    /// Shared keys serve until then.
    lease: u64,
    /// How many phones had been lost.
    losses: usize,
}

struct Clip {
    stream: usize,
    number: u64,
    span: (u64, u64),
    /// Members.
    opens: BTreeSet<usize>,
    /// How many phones had been lost by what the camera knew, and by what the owner knew.
    losses: (usize, usize),
}

/// Deliberately wrong models: the histories must tell each of them from the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    RevocationAtOnce,
    NoLease,
    WindowByItsStart,
    NewcomersSeeThePast,
    NoNewStreams,
    LossAtOnce,
    AcrossAChange,
    PastByItsStart,
    RotationTakesAway,
    RevocationTakesThePast,
    ExtensionWithoutSync,
}

const WRONG: [Wrong; 11] = [
    Wrong::RevocationAtOnce,
    Wrong::NoLease,
    Wrong::WindowByItsStart,
    Wrong::NewcomersSeeThePast,
    Wrong::NoNewStreams,
    Wrong::LossAtOnce,
    Wrong::AcrossAChange,
    Wrong::PastByItsStart,
    Wrong::RotationTakesAway,
    Wrong::RevocationTakesThePast,
    Wrong::ExtensionWithoutSync,
];

struct Model {
    wrong: Option<Wrong>,
    now: u64,
    cameras: usize,
    decided: Vec<Decided>,
    /// What the camera of each stream has taken.
    obeyed: Vec<Decided>,
    clips: Vec<Clip>,
    met: BTreeSet<usize>,
    all_streams: BTreeSet<usize>,
    tablet: bool,
    losses: usize,
    compromised: BTreeSet<usize>,
    /// Each phone's last word on a lease, by stream, version and phone.
    extended: BTreeMap<(usize, u64, usize), u64>,
}

const LEASE: u64 = 7 * 24 * HOUR;

impl Model {
    fn is(&self, wrong: Wrong) -> bool {
        self.wrong == Some(wrong)
    }

    fn streams(&self) -> usize {
        CAMERAS[..self.cameras]
            .iter()
            .map(|(_, streams)| streams.len())
            .sum()
    }

    fn chosen(&self, set: u8) -> Vec<usize> {
        (0..self.streams()).filter(|s| set >> s & 1 == 1).collect()
    }

    /// The owner decides anew for a stream: windows that have passed are dropped, the lease begins
    /// again.
    fn decide(&mut self, stream: usize, change: impl FnOnce(&mut BTreeSet<Right>)) {
        let (now, losses) = (self.now, self.losses);
        let decided = &mut self.decided[stream];
        decided
            .rights
            .retain(|(_, window)| window.is_none_or(|(_, until)| until > now));
        change(&mut decided.rights);
        decided.version += 1;
        decided.lease = now + LEASE;
        decided.losses = losses;
    }

    fn pair(&mut self) {
        let (_, streams) = CAMERAS[self.cameras];
        self.cameras += 1;
        let all = if self.is(Wrong::NoNewStreams) {
            BTreeSet::new()
        } else {
            self.all_streams.clone()
        };
        for _ in streams.iter() {
            self.decided.push(Decided::default());
            let stream = self.decided.len() - 1;
            self.decide(stream, |rights| {
                rights.extend(all.iter().map(|m| (*m, None)))
            });
            self.obeyed.push(self.decided[stream].clone());
        }
    }

    fn camera_syncs(&mut self, stream: usize) {
        let camera = camera_of(stream);
        for other in 0..self.streams() {
            if camera_of(other) == camera {
                self.obeyed[other] = self.decided[other].clone();
            }
        }
    }

    fn apply(&mut self, op: &Op) -> &'static str {
        match *op {
            Op::Share {
                member,
                streams,
                term,
                ..
            } => {
                let window = match term {
                    Terms::Window { from, halves } => {
                        let from = self.now.saturating_add_signed(from * 500);
                        Some((from, from + halves * 500))
                    }
                    _ => None,
                };
                if window.is_some_and(|(from, until)| from >= until || until <= self.now) {
                    return "window-empty";
                }
                self.met.insert(member);
                let streams = match term {
                    Terms::AllStreams => {
                        self.all_streams.insert(member);
                        (0..self.streams()).collect()
                    }
                    _ => self.chosen(streams),
                };
                for stream in streams {
                    self.decide(stream, |rights| rights.extend([(member, window)]));
                    if self.is(Wrong::NewcomersSeeThePast) && window.is_none() {
                        for clip in self.clips.iter_mut().filter(|clip| clip.stream == stream) {
                            clip.opens.insert(member);
                        }
                    }
                }
            }
            Op::Rotate { streams, .. } => {
                for stream in self.chosen(streams) {
                    let gone = self.is(Wrong::RotationTakesAway);
                    self.decide(stream, |rights| rights.retain(|_| !gone));
                }
            }
            Op::Revoke {
                member, streams, ..
            } => {
                if !self.met.contains(&member) {
                    return "unknown-member";
                }
                let now = self.now;
                let holds = |(of, window): &Right| {
                    *of == member && window.is_none_or(|(_, until)| until > now)
                };
                let mut streams = self.chosen(streams);
                streams.retain(|stream| self.decided[*stream].rights.iter().any(holds));
                if streams.is_empty() {
                    return "nothing-granted";
                }
                self.all_streams.remove(&member);
                for stream in streams {
                    self.decide(stream, |rights| rights.retain(|(of, _)| *of != member));
                    if self.is(Wrong::RevocationAtOnce) {
                        self.obeyed[stream].rights.retain(|(of, _)| *of != member);
                    }
                    if self.is(Wrong::RevocationTakesThePast) {
                        for clip in self.clips.iter_mut().filter(|clip| clip.stream == stream) {
                            clip.opens.remove(&member);
                        }
                    }
                }
            }
            Op::ExtendWindow {
                member,
                stream,
                hours,
                ..
            } => {
                let stream = stream % self.streams();
                let (now, until) = (
                    self.now,
                    self.now.saturating_add_signed(hours * HOUR as i64),
                );
                if !self.met.contains(&member) {
                    return "unknown-member";
                }
                let rights = self.decided[stream].rights.clone();
                let live = rights.into_iter().filter_map(|(of, window)| {
                    window.filter(|(_, until)| of == member && *until > now)
                });
                let live: Vec<_> = live.collect();
                if live.is_empty() {
                    return "nothing-granted";
                }
                if until <= now || live.iter().any(|(from, _)| until <= *from) {
                    return "window-empty";
                }
                self.decide(stream, |rights| {
                    for (from, old) in live {
                        rights.remove(&(member, Some((from, old))));
                        rights.insert((member, Some((from, until))));
                    }
                });
            }
            Op::ExtendLease {
                phone,
                stream,
                days,
            } => {
                let stream = stream % self.streams();
                let until = self.now + days * 24 * HOUR;
                let phone = phone % (1 + usize::from(self.tablet));
                let place = (stream, self.decided[stream].version, phone);
                if self
                    .extended
                    .get(&place)
                    .is_some_and(|earlier| *earlier > until)
                {
                    return "lease-shorter";
                }
                self.extended.insert(place, until);
                self.decided[stream].lease = self.decided[stream].lease.max(until);
                if self.is(Wrong::ExtensionWithoutSync) {
                    self.obeyed[stream].lease = self.obeyed[stream].lease.max(until);
                }
            }
            Op::SharePast {
                member,
                stream,
                clip,
                from,
                halves,
                ..
            } => {
                if !self.met.contains(&member) {
                    return "unknown-member";
                }
                let stream = stream % self.streams();
                let all = self.clips.len().max(1);
                let near = self.clips.get(clip % all).map_or(START, |clip| clip.span.0);
                let from = near.saturating_add_signed(from * 500);
                let until = from + halves * 500;
                let by_start = self.is(Wrong::PastByItsStart);
                let within = |(start, end): (u64, u64)| {
                    from <= start
                        && if by_start {
                            start < until
                        } else {
                            end <= until
                        }
                };
                let inside = |clip: &&mut Clip| clip.stream == stream && within(clip.span);
                let mut shared = 0;
                for clip in self.clips.iter_mut().filter(inside) {
                    clip.opens.insert(member);
                    shared += 1;
                }
                if shared == 0 {
                    return "no-clips";
                }
            }
            Op::Record { stream, sync } => {
                let stream = stream % self.streams();
                if sync == Sync::Before {
                    self.camera_syncs(stream);
                }
                let (start, version) = (self.now, self.obeyed[stream].version);
                self.now += 1_000;
                let end = self.now;
                if sync == Sync::During {
                    self.camera_syncs(stream);
                }
                let obeyed = &self.obeyed[stream];
                let one = obeyed.version == version || self.is(Wrong::AcrossAChange);
                let leased = end <= obeyed.lease || self.is(Wrong::NoLease);
                let by_start = self.is(Wrong::WindowByItsStart);
                let within = |(from, until): (u64, u64)| {
                    from <= start
                        && if by_start {
                            start < until
                        } else {
                            end <= until
                        }
                };
                let entitled = obeyed
                    .rights
                    .iter()
                    .filter(|(_, window)| window.is_none_or(within));
                let opens = entitled
                    .map(|(member, _)| *member)
                    .filter(|_| one && leased)
                    .collect();
                let number = self
                    .clips
                    .iter()
                    .filter(|clip| clip.stream == stream)
                    .count() as u64
                    + 1;
                let losses = (obeyed.losses, self.losses);
                let span = (start, end);
                self.clips.push(Clip {
                    stream,
                    number,
                    span,
                    opens,
                    losses,
                });
            }
            Op::Pass { hours } => self.now += hours * HOUR,
            Op::AddCamera { .. } => {
                if self.cameras < CAMERAS.len() {
                    self.pair();
                }
            }
            Op::Enroll | Op::Lose => {
                let lose = matches!(op, Op::Lose);
                if self.tablet == lose {
                    self.tablet = !lose;
                    self.losses += usize::from(lose);
                    (0..self.streams()).for_each(|stream| self.decide(stream, |_| {}));
                }
            }
            Op::Compromise { member } => self.compromised.extend([member]),
        }
        "ok"
    }
}

fn camera_of(stream: usize) -> usize {
    stream.saturating_sub(1)
}

fn stream_name(stream: usize) -> &'static str {
    ["x", "y", "z", "w"][stream]
}

/// What must come of a history.
fn predict(ops: &[Op], wrong: Option<Wrong>) -> Facts {
    let mut model = Model {
        wrong,
        now: START,
        cameras: 0,
        decided: Vec::new(),
        obeyed: Vec::new(),
        clips: Vec::new(),
        met: BTreeSet::new(),
        all_streams: BTreeSet::new(),
        tablet: false,
        losses: 0,
        compromised: BTreeSet::new(),
        extended: BTreeMap::new(),
    };
    model.pair();
    let answers = ops.iter().map(|op| model.apply(op)).collect();
    let set = |opens: &dyn Fn(&Clip) -> bool| {
        let clips = model.clips.iter().filter(|clip| opens(clip));
        clips
            .map(|clip| (stream_name(clip.stream).to_owned(), clip.number))
            .collect()
    };
    let mut opened = BTreeMap::new();
    for (member, name) in MEMBERS.iter().enumerate() {
        opened.insert(
            (*name).to_owned(),
            set(&|clip| clip.opens.contains(&member)),
        );
    }
    opened.insert("phone".to_owned(), set(&|_| true));
    if model.tablet {
        opened.insert("tablet".to_owned(), set(&|_| true));
    }
    for loss in 0..model.losses {
        let at_once = model.is(Wrong::LossAtOnce);
        let before = |clip: &Clip| if at_once { clip.losses.1 } else { clip.losses.0 } <= loss;
        opened.insert(format!("thief {loss}"), set(&before));
    }
    let pool = |clip: &Clip| {
        clip.opens
            .iter()
            .any(|member| model.compromised.contains(member))
    };
    opened.insert("all who were compromised".to_owned(), set(&pool));
    Facts { answers, opened }
}

// ---------------------------------------------------------------- the property

/// The first difference, in words.
fn difference(expected: &Facts, found: &Facts) -> Option<String> {
    let mut answers = expected.answers.iter().zip(&found.answers).enumerate();
    if let Some((place, (expected, found))) = answers.find(|(_, (a, b))| a != b) {
        return Some(format!("number {place} answers {found}, not {expected}"));
    }
    let mut all = expected.opened.iter();
    let (who, right) = all.find(|(who, right)| found.opened.get(*who) != Some(*right))?;
    let opened = found.opened.get(who).cloned().unwrap_or_default();
    let more: Vec<_> = opened.difference(right).collect();
    let fewer: Vec<_> = right.difference(&opened).collect();
    Some(format!(
        "{who} opens {more:?} without right, and not {fewer:?}"
    ))
}

#[test]
fn everyone_opens_exactly_what_the_history_entitles_them_to() {
    let told = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: told.unwrap_or(18),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let mut runner = match told {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let refuted = RefCell::new(BTreeSet::new());
    let histories = prop::collection::vec(op(), 1..120);
    let result = runner.run(&histories, |ops| {
        let facts = play(&ops);
        for wrong in WRONG {
            if difference(&predict(&ops, Some(wrong)), &facts).is_some() {
                refuted.borrow_mut().insert(wrong);
            }
        }
        match difference(&predict(&ops, None), &facts) {
            Some(difference) => Err(TestCaseError::fail(difference)),
            None => Ok(()),
        }
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // The histories are worth something only if they tell wrong models from the right one.
    let refuted = refuted.into_inner();
    let missed: Vec<_> = WRONG
        .iter()
        .filter(|wrong| !refuted.contains(wrong))
        .collect();
    assert!(missed.is_empty(), "no history refutes {missed:?}");
}
