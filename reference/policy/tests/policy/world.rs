//! A household to which policies are applied, and who opens which clip in it.

use std::collections::BTreeSet;

use encryptediot::error::Error as Reason;
use encryptediot::uplink;
use encryptediot_policy::{Contacts, Plan, Policy, Step};

use crate::oracle::{Oracle, Span};
use encryptediot_testkit::*;

/// Everyone with whom something may be shared. The first three were met before; the others come
/// with card and number in the file.
pub const MEMBERS: [&str; 5] = ["alice", "bob", "carol", "dora", "acme"];
/// Cameras and their streams; the last may come later.
pub const CAMERAS: [(&str, &[&str]); 2] = [("door", &["x", "y"]), ("garden", &["z"])];

/// Every kind of step.
pub const KINDS: [&str; 13] = [
    "drop-phone",
    "rotate",
    "all-streams",
    "grant",
    "add-provider",
    "revoke",
    "remove-provider",
    "extend-window",
    "shorten-window",
    "end-window",
    "set-lease",
    "share-past",
    "renew-lease",
];

/// A session that was uploaded.
#[derive(Clone, Debug)]
pub struct Clip {
    pub stream: &'static str,
    pub number: u64,
    pub span: Span,
}

/// Who opens which clip, by its place in the log.
pub type Access = BTreeSet<(usize, &'static str)>;

/// The household and the log of its clips.
pub struct World {
    pub home: Home,
    pub clips: Vec<Clip>,
    pub contacts: Contacts,
    /// What was stored on a phone that was lost.
    pub stolen: Vec<Vec<u8>>,
    /// The kinds of steps that were done.
    pub steps: BTreeSet<&'static str>,
    seed: u64,
}

impl World {
    /// The phones `phone`, `tablet` and `third`; the camera `door`; nothing is shared.
    pub fn new() -> Self {
        static SAVED: std::sync::OnceLock<Saved> = std::sync::OnceLock::new();
        let saved = SAVED.get_or_init(|| {
            let mut home = home();
            home.enroll("tablet", None).unwrap();
            home.enroll("third", None).unwrap();
            for member in MEMBERS {
                home.meet(member).unwrap();
            }
            home.sync_camera("door").unwrap();
            for phone in ["phone", "tablet"] {
                home.sync_phone(phone).unwrap();
            }
            Saved::of(&home)
        });
        Self::load(saved, 61, Vec::new(), Vec::new())
    }

    /// Randomness never goes on from a seed that was used before: keys would be made twice.
    fn load(saved: &Saved, seed: u64, clips: Vec<Clip>, stolen: Vec<Vec<u8>>) -> Self {
        let mut home = saved.load(seed);
        let met = MEMBERS[..3].iter();
        let contacts = met.map(|m| (n(m), home.meet(m).unwrap())).collect();
        Self {
            home,
            clips,
            contacts,
            stolen,
            steps: BTreeSet::new(),
            seed,
        }
    }

    /// The same world once more, to try something in.
    pub fn copy(&mut self) -> Self {
        let (clips, stolen) = (self.clips.clone(), self.stolen.clone());
        let mut copy = Self::load(&Saved::of(&self.home), self.seed + 1, clips, stolen);
        (copy.seed, self.seed) = (self.seed + 2, self.seed + 1);
        copy.steps.clone_from(&self.steps);
        copy
    }

    pub fn now(&self) -> u64 {
        self.home.now()
    }

    pub fn streams(&self) -> Vec<&'static str> {
        let there = |camera: &&(&str, _)| self.home.cameras.contains_key(&n(camera.0));
        let there = CAMERAS.iter().filter(there);
        there
            .flat_map(|(_, streams)| streams.iter().copied())
            .collect()
    }

    pub fn sync_cameras(&mut self) {
        for (camera, _) in CAMERAS {
            if self.home.cameras.contains_key(&n(camera)) {
                assert_eq!(self.home.sync_camera(camera).unwrap().refused, []);
            }
        }
    }

    /// Records a session of a second and uploads it.
    pub fn record(&mut self, stream: &'static str) -> usize {
        let start = self.now();
        let camera = camera_of(stream);
        let recorded = self
            .home
            .record_only(camera, stream, b"clip", 1_000)
            .unwrap();
        let cloud = self.home.cloud.clone();
        uplink::upload(self.home.camera(camera).unwrap(), &cloud, &recorded).unwrap();
        let span = (start, self.now());
        let number = recorded.sequence;
        self.clips.push(Clip {
            stream,
            number,
            span,
        });
        self.clips.len() - 1
    }

    /// Who opens which clip, tried out.
    pub fn access(&mut self, from: usize) -> Access {
        let mut access = Access::new();
        for member in MEMBERS {
            assert_eq!(self.home.sync_member(member).unwrap().refused, []);
            for (place, clip) in self.clips.iter().enumerate().skip(from) {
                let seen = self.home.view_as_member(member, clip.stream, clip.number);
                match &seen {
                    Ok(bytes) => assert_eq!(bytes, b"clip"),
                    Err(error) => {
                        let closed = ["no-envelope", "nothing-granted"];
                        assert!(closed.contains(&error.reason()), "{error}");
                    }
                }
                if seen.is_ok() {
                    access.insert((place, member));
                }
            }
        }
        access
    }

    /// Lets a phone plan.
    pub fn plan(
        &mut self,
        phone: &str,
        policy: &Policy,
    ) -> Result<Plan, encryptediot_policy::Error> {
        let (now, cloud) = (self.now(), self.home.cloud.clone());
        let phone = self.home.phone(phone).unwrap();
        phone.sync(&cloud)?;
        Plan::of(policy, &self.contacts, phone, &cloud, now)
    }

    /// Lets a phone apply a policy.
    pub fn apply(
        &mut self,
        phone: &str,
        policy: &Policy,
    ) -> Result<Vec<Step>, encryptediot_policy::Error> {
        let Self { home, contacts, .. } = self;
        let applied = home.act(phone, |owner, env| {
            Ok(encryptediot_policy::apply(policy, contacts, owner, env))
        })?;
        let done = applied.iter().flatten();
        self.steps.extend(done.map(Step::kind));
        applied
    }

    /// Does what a plan says, leaving out some of its steps, until only those are left.
    pub fn apply_without(&mut self, phone: &str, policy: &Policy, left_out: &str) {
        for _ in 0..4 {
            let mut plan = self.plan(phone, policy).unwrap();
            plan.steps.retain(|step| step.kind() != left_out);
            if plan.steps.is_empty() {
                return;
            }
            let perform = self.home.act(phone, |owner, env| plan.perform(owner, env));
            perform.unwrap();
        }
        panic!("steps are left beside {left_out}");
    }

    /// Lets a phone look for drift.
    pub fn drift(&mut self, phone: &str, policy: &Policy) -> Vec<encryptediot_policy::Drift> {
        let (now, cloud) = (self.now(), self.home.cloud.clone());
        let phone = self.home.phone(phone).unwrap();
        phone.sync(&cloud).unwrap();
        encryptediot_policy::check(policy, &self.contacts, phone, &cloud, now).unwrap()
    }

    /// Is everything as the file states, now that it was applied? `before` is who opened what until
    /// then. Cameras synchronise, sessions are recorded at once, around the edges of windows, when
    /// half of the lease is over, and after its end. The first difference, in words.
    pub fn differs(&mut self, oracle: &Oracle, before: &Access) -> Option<String> {
        self.sync_cameras();
        let old = self.clips.len();
        let mut expected = Access::new();
        for (place, clip) in self.clips.iter().enumerate() {
            for member in MEMBERS {
                let had = before.contains(&(place, member));
                if had || oracle.states_past(member, clip.stream, clip.span) {
                    expected.insert((place, member));
                }
            }
        }
        let (applied, lease) = (self.now(), oracle.lease());
        for stream in self.streams() {
            let clip = self.record(stream);
            self.expect(oracle, clip, &mut expected);
        }
        if let Some(difference) = self.thieves(oracle, old) {
            return Some(difference);
        }
        let mut edges = BTreeSet::new();
        for (_, stream, (from, until)) in oracle.windows() {
            edges.extend([from, until].map(|edge| (edge, stream.clone())));
        }
        for (edge, name) in edges {
            let streams = self.streams();
            let Some(stream) = streams.into_iter().find(|stream| *stream == name) else {
                continue;
            };
            // Up to the edge, across it, from it on.
            for start in [edge - 1_000, edge - 500, edge] {
                if self.now() <= start && start + 1_000 < applied + lease / 2 {
                    self.wait_until(start);
                    let clip = self.record(stream);
                    self.expect(oracle, clip, &mut expected);
                }
            }
        }
        self.wait_until(applied + lease / 2 - 20_000);
        for stream in self.streams() {
            let clip = self.record(stream);
            self.expect(oracle, clip, &mut expected);
        }
        // Without a word from a phone, this is for the owner alone.
        self.wait_until(applied + lease);
        for stream in self.streams() {
            self.record(stream);
        }
        let found = self.access(0);
        let wrong = found.symmetric_difference(&expected).next()?;
        let clip = &self.clips[wrong.0];
        let verb = match found.contains(wrong) {
            true => "opens",
            false => "does not open",
        };
        let (Clip { stream, number, .. }, from) = (clip, clip.span.0 as i64 - applied as i64);
        Some(format!(
            "{} {verb} {stream}/{number}, recorded at {from} ms",
            wrong.1
        ))
    }

    fn wait_until(&mut self, time: u64) {
        let wait = time.saturating_sub(self.now());
        self.home.clock.advance(wait);
    }

    fn expect(&self, oracle: &Oracle, place: usize, expected: &mut Access) {
        let clip = &self.clips[place];
        for member in MEMBERS {
            if oracle.states(member, clip.stream, clip.span) {
                expected.insert((place, member));
            }
        }
    }

    /// Does a phone that is lost, by the file or because it is off the account, open what was
    /// recorded since?
    fn thieves(&mut self, oracle: &Oracle, since: usize) -> Option<String> {
        self.home.sync_phone("phone").unwrap();
        let named = oracle.lost().iter().any(|phone| phone == "third");
        let roster = self.home.phones[&n("phone")].roster().unwrap();
        let listed = roster.phones.iter().any(|phone| phone.name == n("third"));
        let cloud = &self.home.cloud;
        for stored in self.stolen.iter().filter(|_| named || !listed) {
            let keys = loot(stored).keys(cloud);
            let mut clips = self.clips.iter().skip(since);
            let opened = clips.find(|clip| opens(&keys, cloud, &n(clip.stream), clip.number));
            if let Some(clip) = opened {
                return Some(format!(
                    "a lost phone opens {}/{}",
                    clip.stream, clip.number
                ));
            }
        }
        None
    }
}

pub fn camera_of(stream: &str) -> &'static str {
    let found = CAMERAS
        .iter()
        .find(|(_, streams)| streams.contains(&stream));
    found.unwrap().0
}

/// Is this the failure of `reason`?
pub fn failed_with(error: &encryptediot_policy::Error, reasons: &[&str]) -> bool {
    match error {
        encryptediot_policy::Error::Failed(error) => reasons.contains(&Reason::reason(error)),
        encryptediot_policy::Error::Refused(_) => false,
    }
}
