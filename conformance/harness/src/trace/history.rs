//! Histories: a household of the reference, and an adversary who runs the cloud, reveals keys and acts
//! with them and with its own. What every honest device did is a log of steps of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use conformance::trace::log::{Log, Logged, WINDOW};
use encryptediot::action::{self, Value};
use encryptediot::camera::{Paired, Unpaired};
use encryptediot::clip::ClipId;
use encryptediot::clock::Clock as _;
use encryptediot::cloud::Cloud as _;
use encryptediot::keys::{Name, kem_id};
use encryptediot::message::{self, AccountId};
use encryptediot::owner::{Env, Term};
use encryptediot::pairing::Offer;
use encryptediot::phone::Phone;
use encryptediot::statement::SignedStatement;
use encryptediot::{Result, cbor, uplink, view};
use encryptediot_testkit::household::{Household, name, window};
use encryptediot_testkit::{MemoryCloud, keys};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::forge::Forger;
use super::op::{CAMERA, CAMERAS, MEMBER, MEMBERS, Op, PHONES, STREAMS};
use super::world::{BEGIN, elsewhere, furnished, hostile, root};

/// How long a session is.
const SESSION: u64 = 1_000;

/// A history that was played.
#[derive(Default)]
pub struct Played {
    pub log: Log,
    /// A clip that was shown with other bytes than were recorded.
    pub altered: Option<String>,
    /// Why something was refused, and at which place of the history, from 0.
    pub refused: Vec<(usize, &'static str)>,
    /// The time that it took.
    pub took: Duration,
}

/// A household and its adversary, within a history.
pub(super) struct Scene {
    pub(super) house: Household,
    pub(super) cloud: MemoryCloud,
    pub(super) account: AccountId,
    /// What another account has in its own cloud.
    pub(super) elsewhere: &'static BTreeMap<String, Vec<u8>>,
    pub(super) other: &'static str,
    pub(super) recorded: BTreeMap<ClipId, Vec<u8>>,
    /// Clips that the owner has been shown, and by which phone.
    pub(super) shown: BTreeMap<ClipId, &'static str>,
    /// How many clips each stream has.
    pub(super) clips: [u64; STREAMS.len()],
    pub(super) links: Vec<(usize, u64)>,
    pub(super) made: Vec<Vec<action::Step>>,
    pub(super) published: BTreeSet<usize>,
    pub(super) revealed: BTreeSet<u8>,
    pub(super) stolen: BTreeMap<u8, Paired>,
    pub(super) usurper: Option<Phone>,
    pub(super) forger: Forger,
    pub(super) log: Log,
    /// The window in which the true time lies, as far as the log says.
    pub(super) window: u64,
    pub(super) altered: Option<String>,
    pub(super) refused: Vec<&'static str>,
    pub(super) count: u32,
}

/// Adds a step to a log.
pub fn push(log: &mut Log, rule: &str, values: Vec<(&'static str, Value)>) {
    let logged = |value| match value {
        Value::Name(name) => Logged::Name(name),
        Value::Fresh(name) => Logged::Fresh(name),
        Value::Public(name) => Logged::Public(name),
        Value::Span(from, until) => Logged::Span(from, until),
    };
    let values = values.into_iter();
    log.push(rule, values.map(|(name, value)| (name, logged(value))));
}

/// Adds what was observed to a log.
pub fn note(log: &mut Log, steps: &[action::Step]) {
    for step in steps {
        push(log, step.rule, step.values.clone());
    }
}

/// Plays a history.
pub fn play(ops: &[Op], seed: u64) -> Result<Played> {
    let begin = Instant::now();
    let mut scene = Scene::new(seed)?;
    let mut refused = Vec::new();
    for (place, op) in ops.iter().enumerate() {
        let (done, steps) = action::observe(|| scene.apply(op));
        note(&mut scene.log, &steps);
        scene.cloud.served();
        refused.extend(done.err().map(|error| (place, error.reason())));
        let more = scene.refused.drain(..);
        refused.extend(more.map(|reason| (place, reason)));
    }
    Ok(Played {
        log: scene.log,
        altered: scene.altered,
        refused,
        took: begin.elapsed(),
    })
}

impl Scene {
    fn new(seed: u64) -> Result<Self> {
        let mut log = Log::default();
        let cloud = hostile();
        let (house, steps) = action::observe(|| furnished(&cloud, root(keys::ACCOUNT)?, seed));
        note(&mut log, &steps);
        let house = house?;
        let (other, elsewhere) = elsewhere();
        Ok(Self {
            account: house.account()?,
            other,
            elsewhere,
            house,
            cloud,
            recorded: BTreeMap::new(),
            shown: BTreeMap::new(),
            clips: [0; STREAMS.len()],
            links: Vec::new(),
            made: Vec::new(),
            published: BTreeSet::new(),
            revealed: BTreeSet::new(),
            stolen: BTreeMap::new(),
            usurper: None,
            forger: Forger::new(root(keys::OTHER)?, seed)?,
            log,
            window: 0,
            altered: None,
            refused: Vec::new(),
            count: 0,
        })
    }

    /// The time that it is, whatever the wall clock says.
    pub(super) fn now(&self) -> u64 {
        BEGIN + self.house.clock.monotonic()
    }

    /// The model's `Tick`: a window begins.
    fn tick(&mut self) {
        let now = self.now();
        if self.window != now / WINDOW {
            self.window = now / WINDOW;
            push(&mut self.log, "Tick", vec![("w", Value::Span(now, now))]);
        }
    }

    fn streams(set: u8) -> Vec<&'static str> {
        let chosen = STREAMS.iter().enumerate();
        chosen
            .filter(|(at, _)| set >> at & 1 == 1)
            .map(|(_, s)| *s)
            .collect()
    }

    pub(super) fn names(set: u8) -> Result<Vec<Name>> {
        Self::streams(set).into_iter().map(name).collect()
    }

    pub(super) fn phone(&self, phone: u8) -> usize {
        usize::from(phone).min(self.house.phones.len() - 1)
    }

    fn apply(&mut self, op: &Op) -> Result<()> {
        self.tick();
        match *op {
            Op::Share {
                phone,
                member,
                streams,
                window: after,
            } => {
                let phone = self.phone(phone);
                self.cloud.serves(phone);
                let term = self.term(after);
                let member = MEMBERS[usize::from(member)];
                self.house
                    .share(PHONES[phone], &Self::streams(streams), &[member], term)
                    .map(drop)
            }
            Op::Rotate { phone, streams } => {
                let phone = self.phone(phone);
                self.cloud.serves(phone);
                let names = Self::names(streams)?;
                self.house
                    .act(PHONES[phone], |owner, env| owner.rotate(&names, env))
            }
            Op::Revoke {
                phone,
                member,
                streams,
            } => {
                let phone = self.phone(phone);
                self.cloud.serves(phone);
                let member = MEMBERS[usize::from(member)];
                self.house
                    .revoke(PHONES[phone], &Self::streams(streams), member)
            }
            Op::Enroll if self.house.phones.len() < PHONES.len() => {
                self.cloud.serves(1);
                self.house.enroll(PHONES[1], None)
            }
            Op::Enroll => Ok(()),
            Op::Pair => self.pair(),
            Op::Unlock => self.unlock(),
            Op::Sync { camera } => self.sync(camera.into()),
            Op::Record { stream } => self.record(stream.into()),
            Op::Pass { quarters } => {
                self.house.clock.advance(u64::from(quarters) * WINDOW / 4);
                self.tick();
                Ok(())
            }
            Op::Status { phone } => {
                let phone = self.phone(phone);
                self.cloud.serves(phone);
                let known = self.house.phone(PHONES[phone])?;
                known.sync(&self.cloud)?;
                known.status(&self.cloud).map(drop)
            }
            Op::Follow { member } => {
                self.cloud.serves(MEMBER + usize::from(member));
                let news = self.house.sync_member(MEMBERS[usize::from(member)])?;
                let refused = news.refused.iter().map(|(_, why)| why.reason());
                self.refused.extend(refused);
                Ok(())
            }
            Op::View {
                viewer,
                stream,
                clip,
            } => self.view(viewer, stream, clip.into()),
            Op::Link { clip } => self.link(clip),
            Op::Publish { link } => self.publish(link),
            Op::Reveal { what } => self.reveal(what),
            Op::Lie {
                who,
                path,
                how,
                other,
                once,
            } => {
                self.lie(usize::from(who), path.into(), how, other.into());
                self.cloud.until_next(who.into(), once);
                Ok(())
            }
            Op::Show {
                who,
                ref path,
                ref instead,
            } => {
                let path = self.path(path)?;
                let instead = instead.as_ref().map(|instead| self.path(instead));
                self.cloud.redirect(who.into(), &path, instead.transpose()?);
                Ok(())
            }
            Op::Rewind { who, writes, once } => {
                let kept = self.cloud.writes().saturating_sub(writes.into());
                self.cloud.rewind(who.into(), kept);
                self.cloud.until_next(who.into(), once);
                Ok(())
            }
            Op::Restore { who } => {
                self.cloud.honest(who.into());
                Ok(())
            }
            Op::Forge { camera } => self.forge(camera),
            Op::Plunder { camera } => self.plunder(camera),
            Op::Usurp { streams } => self.usurp(streams),
            Op::Make { what } => self.make(what),
            Op::Swap { member, streams } => self.swap(member, streams),
            Op::Clock { quarters } => {
                let back = u64::from(quarters) * WINDOW / 4;
                self.house.clock.set_wall(self.now() - back);
                Ok(())
            }
        }
    }

    /// A path below the account. In braces: a member, for the short name of its key; or the path of a
    /// statement, for its hash.
    fn path(&mut self, text: &str) -> Result<String> {
        let mut path = format!("{}/", self.account);
        for (at, part) in text.split(['{', '}']).enumerate() {
            if at % 2 == 0 {
                path += part;
            } else if MEMBERS.contains(&part) {
                path += &kem_id(&self.house.member(part)?.card().key).to_string();
            } else {
                let bytes = self.cloud.get(&format!("{}/{part}", self.account))?;
                let statement: SignedStatement = cbor::decode(&bytes)?;
                path += &message::hash(&statement.leaf).to_string();
            }
        }
        Ok(path)
    }

    fn term(&self, window_from_now: Option<u8>) -> Term {
        let from = self.now() - self.now() % WINDOW;
        window_from_now.map_or(Term::UntilRevoked, |after| {
            Term::Window(window(from + u64::from(after) * WINDOW, WINDOW - 1))
        })
    }

    /// Pairs the last camera. Its clock is right then: what it has seen of time later holds it up.
    fn pair(&mut self) -> Result<()> {
        let (camera, streams) = CAMERAS[2];
        if self.house.cameras.contains_key(&name(camera)?) {
            return Ok(());
        }
        self.house.clock.set_wall(self.now());
        self.cloud.serves(0);
        let streams = streams.iter().map(|stream| name(stream));
        let unpaired = Unpaired::new(streams.collect::<Result<_>>()?);
        let offer = Offer::new(self.account, self.now(), &mut self.house.rng);
        let (paired, reply) = unpaired.pair(&offer, &self.house.clock, &mut self.house.rng)?;
        let camera = name(camera)?;
        let evidence = self.house.evidence()?;
        self.house.act(PHONES[0], |owner, env| {
            owner.add_camera(camera.clone(), &offer, &reply, Some(&evidence), env)
        })?;
        self.house.cameras.insert(camera, paired);
        self.sync(2)
    }

    fn sync(&mut self, camera: usize) -> Result<()> {
        self.cloud.serves(CAMERA + camera);
        let synced = self.house.sync_camera(CAMERAS[camera].0)?;
        let refused = synced.refused.iter().map(|(_, why)| why.reason());
        self.refused.extend(refused);
        Ok(())
    }

    /// The phone unlocks the account by its IK: no owner here chose that, so what lies there for it
    /// is the adversary's.
    fn unlock(&mut self) -> Result<()> {
        self.cloud.serves(0);
        let (cloud, now) = (self.cloud.clone(), self.house.now());
        let rng = &mut ChaCha20Rng::seed_from_u64(now);
        let env = Env {
            cloud: &cloud,
            now,
            save: &|_| Ok(()),
            rng,
        };
        self.house.phone(PHONES[0])?.unlock_kept(&env).map(drop)
    }

    /// Every clip has bytes of its own, so that clips can be told apart.
    pub(super) fn content(&mut self) -> Vec<u8> {
        self.count += 1;
        self.count.to_le_bytes().to_vec()
    }

    fn record(&mut self, number: usize) -> Result<()> {
        let stream = STREAMS[number];
        let of = CAMERAS.iter().position(|(_, of)| of.contains(&stream));
        let camera = of.unwrap_or_default();
        self.cloud.serves(CAMERA + camera);
        // The model has every clip in one window.
        if self.now() % WINDOW + SESSION >= WINDOW - 1 {
            self.house.clock.advance(2 * SESSION);
            self.tick();
        }
        let (bytes, camera) = (self.content(), CAMERAS[camera].0);
        let recorded = self.house.record_only(camera, stream, &bytes, SESSION)?;
        self.recorded.insert(recorded.clip, bytes);
        self.clips[number] = recorded.sequence;
        uplink::upload(self.house.camera(camera)?, &self.cloud, &recorded)
    }

    fn view(&mut self, viewer: u8, stream: u8, clip: u64) -> Result<()> {
        let (cloud, account) = (self.cloud.clone(), self.account);
        let number = usize::from(stream);
        let sequence = 1 + clip % self.clips[number].max(1);
        let stream = name(STREAMS[number])?;
        let (open, member) = match usize::from(viewer).checked_sub(PHONES.len()) {
            None => {
                let phone = self.phone(viewer);
                self.cloud.serves(phone);
                let phone = self.house.phone(PHONES[phone])?;
                let _ = phone.sync(&cloud);
                (phone.open(&cloud, &stream, sequence)?, None)
            }
            Some(member) => {
                self.cloud.serves(MEMBER + member);
                let member = self.house.member(MEMBERS[member])?;
                member.sync(&cloud)?;
                (
                    member.open(&cloud, &account, &stream, sequence)?,
                    Some(viewer),
                )
            }
        };
        let mut bytes = Vec::new();
        view::read(&cloud, &account, &open, 0, &mut bytes)?;
        let clip = open.manifest.clip;
        if self
            .recorded
            .get(&clip)
            .is_some_and(|there| *there != bytes)
        {
            self.altered = Some(format!(
                "clip {clip} was shown with other bytes than were recorded"
            ));
        }
        if member.is_some() {
            let member = self
                .house
                .member(MEMBERS[usize::from(viewer) - PHONES.len()])?;
            member.show(&account, &open.manifest);
            return Ok(());
        }
        // The model has one owner, not phones, who remembers what was shown; and one phone for
        // which a clip is wrapped.
        let phone = PHONES[self.phone(viewer)];
        let second = phone == PHONES[1];
        let keys = self.house.phone(phone)?.keys();
        let ik = kem_id(&keys.instance);
        let wrapped = open.manifest.envelopes.iter().any(|e| e.recipient == ik);
        let by = *self.shown.entry(clip).or_insert(phone);
        if by != phone || second == wrapped {
            return Ok(());
        }
        if self.house.phone(phone)?.show(&open.manifest) && !second {
            self.links.push((number, sequence));
        }
        Ok(())
    }

    fn link(&mut self, clip: u8) -> Result<()> {
        let Some(at) = usize::from(clip).checked_rem(self.links.len()) else {
            return Ok(());
        };
        let (stream, sequence) = self.links[at];
        self.cloud.serves(0);
        let (stream, until) = (name(STREAMS[stream])?, self.house.now() + WINDOW);
        let (link, steps) = action::observe(|| {
            self.house.act(PHONES[0], |owner, env| {
                owner.make_link(&stream, &[sequence], until, env)
            })
        });
        note(&mut self.log, &steps);
        link?;
        self.made.push(steps);
        Ok(())
    }
}
