//! Histories: a household of the reference, and an adversary who runs the cloud, reveals keys and acts
//! with them and with its own. What every honest device did is a log of steps of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use conformance::trace::log::{Log, Said, WINDOW};
use encryptediot::action::{self, Value};
use encryptediot::camera::{Paired, Unpaired};
use encryptediot::clip::{ClipId, Manifest};
use encryptediot::clock::{Clock as _, ManualClock};
use encryptediot::cloud::{Cloud, Paths};
use encryptediot::contact::{self, VerifiedMember};
use encryptediot::crypto::{RsaSigningKey, sha256_concat};
use encryptediot::keys::{Name, kem_id, verifying_id};
use encryptediot::member::Member;
use encryptediot::message::{self, AccountId};
use encryptediot::owner::{self, Env, Meeting, Term};
use encryptediot::pairing::Offer;
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::Phone;
use encryptediot::segment::{Opener, SEALED_SEGMENT, SessionKey};
use encryptediot::statement::SignedStatement;
use encryptediot::vault::{Opened, Pdk, Ring, Work};
use encryptediot::{Result, cbor, uplink, view};
use encryptediot_testkit::household::{Household, name, window};
use encryptediot_testkit::keys;
use encryptediot_testkit::{Lie, MemoryCloud};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::forge::{Forger, Objects, Truth};
use super::op::{
    CAMERA, CAMERAS, MEMBER, MEMBERS, Make, Op, PASSPHRASE, PHONES, SECRETS, STREAMS, THIEF,
};

/// When histories begin: at the start of a window.
const BEGIN: u64 = 1_800_000_000_000;
/// How long a session is.
const SESSION: u64 = 1_000;

/// What came of a history.
#[derive(Default)]
pub struct Told {
    /// The log.
    pub log: Log,
    /// A clip that was shown with other bytes than were recorded.
    pub altered: Option<String>,
    /// Why something was refused, and at which place of the history, from 0.
    pub refused: Vec<(usize, &'static str)>,
    /// The time that it took.
    pub took: Duration,
}

struct Scene {
    house: Household,
    cloud: MemoryCloud,
    account: AccountId,
    /// What another account has in its own cloud.
    elsewhere: &'static BTreeMap<String, Vec<u8>>,
    other: &'static str,
    recorded: BTreeMap<ClipId, Vec<u8>>,
    /// Clips that the owner has been shown, and by which phone.
    shown: BTreeMap<ClipId, &'static str>,
    /// How many clips each stream has.
    clips: [u64; STREAMS.len()],
    links: Vec<(usize, u64)>,
    made: Vec<Vec<action::Step>>,
    published: BTreeSet<usize>,
    revealed: BTreeSet<u8>,
    stolen: BTreeMap<u8, Paired>,
    usurper: Option<Phone>,
    forger: Forger,
    log: Log,
    /// The window in which the true time lies, as far as the log says.
    window: u64,
    altered: Option<String>,
    refused: Vec<&'static str>,
    count: u32,
}

/// An RSA key that is there already: making one takes longer than a history.
fn root(hex: &str) -> Result<RsaSigningKey> {
    let digits: String = hex.split_whitespace().collect();
    let bytes = hex::decode(digits);
    Ok(RsaSigningKey::from_pkcs8(&bytes.unwrap_or_default())?)
}

fn household(cloud: Box<dyn Cloud>, key: RsaSigningKey, seed: u64) -> Result<Household> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let passphrase = Passphrase::generate(&mut rng);
    let opened = Opened {
        signing_key: key,
        ring: Ring::generate(&mut rng),
        pdk: Pdk::derive(&passphrase, Work::LEAST, &mut rng)?,
    };
    let mut first = owner::create_account_of(name(PHONES[0])?, opened, BEGIN, &mut rng)?;
    first.sync(&*cloud)?;
    let phones = BTreeMap::from([(first.name().clone(), first)]);
    Ok(Household {
        cloud,
        clock: ManualClock::at(BEGIN),
        rng,
        passphrase,
        work: Work::LEAST,
        phones,
        cameras: BTreeMap::new(),
        members: BTreeMap::new(),
    })
}

/// A store in the adversary's hands, where every device may be shown another history.
fn hostile() -> MemoryCloud {
    let cloud = MemoryCloud::default();
    cloud.fork();
    cloud
}

fn furnished(cloud: &MemoryCloud, key: RsaSigningKey, seed: u64) -> Result<Household> {
    let mut house = household(Box::new(cloud.clone()), key, seed)?;
    for (camera, streams) in &CAMERAS[..2] {
        house.pair(PHONES[0], camera, streams)?;
    }
    for member in MEMBERS {
        house.meet(member)?;
    }
    Ok(house)
}

/// An account of other people, and what it has in its cloud.
static ELSEWHERE: OnceLock<(String, BTreeMap<String, Vec<u8>>)> = OnceLock::new();

fn elsewhere() -> Result<(String, BTreeMap<String, Vec<u8>>)> {
    let cloud = hostile();
    let key = RsaSigningKey::generate(&mut ChaCha20Rng::seed_from_u64(1))?;
    let (made, _) = action::observe(|| {
        let mut house = furnished(&cloud, key, 1)?;
        house.share(PHONES[0], &STREAMS[..3], &MEMBERS[..1], Term::UntilRevoked)?;
        house.record(CAMERAS[0].0, STREAMS[0], b"elsewhere")?;
        house.account()
    });
    let objects = cloud.paths().into_iter();
    let objects = objects.filter_map(|path| Some((path.clone(), cloud.find(&path).ok()??)));
    Ok((made?.to_string(), objects.collect()))
}

/// Adds a step to a log.
pub fn push(log: &mut Log, rule: &str, values: Vec<(&'static str, Value)>) {
    let said = |value| match value {
        Value::Name(name) => Said::Name(name),
        Value::Fresh(name) => Said::Fresh(name),
        Value::Public(name) => Said::Public(name),
        Value::Span(from, until) => Said::Span(from, until),
    };
    log.push(
        rule,
        values.into_iter().map(|(name, value)| (name, said(value))),
    );
}

/// Adds what was observed to a log.
pub fn note(log: &mut Log, steps: &[action::Step]) {
    for step in steps {
        push(log, step.rule, step.values.clone());
    }
}

/// Plays a history.
///
/// # Errors
/// If the household cannot be furnished.
pub fn play(ops: &[Op], seed: u64) -> Result<Told> {
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
    Ok(Told {
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
        let (other, elsewhere) = ELSEWHERE.get_or_init(|| elsewhere().unwrap_or_default());
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
    fn now(&self) -> u64 {
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

    fn names(set: u8) -> Result<Vec<Name>> {
        Self::streams(set).into_iter().map(name).collect()
    }

    fn phone(&self, phone: u8) -> usize {
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
            Op::Make(make) => self.make(make),
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
    fn content(&mut self) -> Vec<u8> {
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

    /// The model's `Link_public`: the text of a link that was made.
    fn publish(&mut self, link: u8) -> Result<()> {
        let at = usize::from(link);
        let Some(steps) = self.made.get(at) else {
            return Ok(());
        };
        let made = steps.iter().filter(|step| step.rule == "Link");
        let public = made.map(|step| {
            let wanted = |(name, _): &&(&str, Value)| ["U", "clip", "tl"].contains(name);
            step.values.iter().filter(wanted).cloned().collect()
        });
        let public: Vec<Vec<_>> = public.collect();
        if self.published.insert(at) {
            for values in public {
                push(&mut self.log, "Link_public", values);
            }
        }
        Ok(())
    }

    /// The model's reveals. What the adversary then does with the keys is left to [`Self::forge`] and
    /// [`Self::usurp`], and to deduction.
    fn reveal(&mut self, what: u8) -> Result<()> {
        let account = ("U", Value::Name(self.account.to_string()));
        let secret = |id: encryptediot::keys::KeyId| Value::Fresh(format!("key:{id}"));
        if usize::from(what) >= SECRETS.len() || !self.revealed.insert(what) {
            return Ok(());
        }
        match what {
            0..=2 => {
                let member: &Member = self.house.member(MEMBERS[usize::from(what)])?;
                let id = kem_id(&member.card().key);
                let values = vec![("M", Value::Name(id.to_string())), ("ltk", secret(id))];
                push(&mut self.log, "Reveal_member", values);
            }
            3..=4 => {
                let camera = self.house.camera(CAMERAS[usize::from(what - 3)].0)?;
                let id = verifying_id(&camera.verifying_key());
                let clock = ManualClock::at(BEGIN);
                let copy = Paired::from_state(camera.to_state(), &clock)?;
                self.stolen.insert(what - 3, copy);
                push(
                    &mut self.log,
                    "Reveal_camera",
                    vec![account, ("csk", secret(id))],
                );
            }
            5 => {
                let phone = self.house.phone(PHONES[0])?;
                let ik = kem_id(&phone.keys().instance);
                push(
                    &mut self.log,
                    "Reveal_ik",
                    vec![account, ("ik", secret(ik))],
                );
            }
            _ => push(&mut self.log, "Reveal_passphrase", vec![account]),
        }
        Ok(())
    }

    fn lie(&mut self, who: usize, path: usize, how: u8, other: usize) {
        let paths = self.cloud.paths();
        let Some(path) = paths.get(path % paths.len().max(1)) else {
            return;
        };
        let kind = |path: &str| path.split('/').nth(1).map(str::to_owned);
        let instead = match how {
            0 => None,
            // What was written under a path of the same kind, lately more often than long ago.
            1..=3 => {
                let same = (0..self.cloud.writes()).filter_map(|at| self.cloud.write(at));
                let same: Vec<_> = same.filter(|(is, _)| kind(is) == kind(path)).collect();
                same.get(other % same.len().max(1))
                    .map(|(_, bytes)| bytes.clone())
            }
            4 => {
                let theirs = path.replace(&self.account.to_string(), self.other);
                self.elsewhere.get(&theirs).cloned()
            }
            _ => self.cloud.find(path).ok().flatten().map(|mut bytes| {
                let at = other % (8 * bytes.len()).max(1);
                if let Some(byte) = bytes.get_mut(at / 8) {
                    *byte ^= 1 << (at % 8);
                }
                bytes
            }),
        };
        self.cloud
            .lie(who, path, instead.map_or(Lie::Hidden, Lie::Bytes));
    }

    /// A thief records with the stolen camera's key, and everybody is shown that clip.
    fn forge(&mut self, camera: u8) -> Result<()> {
        let bytes = [self.content(), vec![0xff]].concat();
        let Some(thief) = self.stolen.get_mut(&camera) else {
            return Ok(());
        };
        let stream = name(CAMERAS[usize::from(camera)].1[0])?;
        let clock = ManualClock::at(self.house.now());
        let (recorded, _) = action::observe(|| {
            let mut session = thief.begin(&stream, &clock, &mut self.house.rng)?;
            session.write(&bytes)?;
            clock.advance(1_000);
            let made = thief.finish(session, &clock, &mut self.house.rng)?;
            made.store(|_| Ok(()))
        });
        let recorded = recorded?;
        let paths = Paths(self.account);
        let objects = vec![
            (paths.body(&recorded.clip), recorded.body),
            (
                paths.manifest(&stream, recorded.sequence),
                recorded.manifest,
            ),
        ];
        self.spread(objects, (0..CAMERA).chain(MEMBER..THIEF));
        Ok(())
    }

    fn spread(&mut self, objects: Objects, to: impl Iterator<Item = usize> + Clone) {
        for (path, bytes) in objects {
            for who in to.clone() {
                self.cloud.lie(who, &path, Lie::Bytes(bytes.clone()));
            }
        }
    }

    fn make(&mut self, make: Make) -> Result<()> {
        let (root, cloud) = (root(keys::ACCOUNT)?, self.cloud.clone());
        cloud.serves(THIEF);
        let truth = Truth {
            cloud: &cloud,
            account: self.account,
            root: root.public(),
            now: self.now(),
        };
        let named = |stream: u8| name(STREAMS[usize::from(stream)]);
        // It is shown to those who read such things; who writes them would notice at once.
        match make {
            Make::Announcement { stream, member } => {
                let member = match member {
                    Some(at) => Some(self.house.member(MEMBERS[usize::from(at)])?.card().key),
                    None => None,
                };
                let made = self.forger.announcement(&truth, &named(stream)?, member)?;
                self.spread(made, CAMERA..THIEF);
            }
            Make::Clip { stream } => {
                let (bytes, number) = ([self.content(), vec![0xee]].concat(), usize::from(stream));
                let next = self.clips[number] + 1;
                let made = self.forger.clip(&truth, &named(stream)?, next, &bytes)?;
                self.clips[number] = next;
                self.spread(made, (0..CAMERA).chain(MEMBER..THIEF));
            }
            Make::Acknowledgement { stream } => {
                let made = self.forger.acknowledgement(&truth, &named(stream)?)?;
                self.spread(made, 0..CAMERA);
            }
            Make::Vault => {
                let phone = self.house.phone(PHONES[0])?.keys().instance;
                let made = self.forger.vault(&truth, &phone)?;
                self.spread(made, 0..1);
            }
        }
        Ok(())
    }

    /// The owner compares safety numbers with a member whose card was replaced on the way.
    fn swap(&mut self, member: u8, streams: u8) -> Result<()> {
        let member = MEMBERS[usize::from(member)];
        let own = self.house.member(member)?.card();
        let told = contact::safety_number(&self.account, &own.key);
        let card = self.forger.card(name(member)?);
        let verified = VerifiedMember::by_comparison(&self.account, card, &told)?;
        let names = Self::names(streams)?;
        self.cloud.serves(0);
        self.house.act(PHONES[0], |owner, env| {
            let term = Term::UntilRevoked;
            owner.share(&names, &[verified], term, Meeting::Remote, env)
        })?;
        Ok(())
    }

    /// Were session keys made from what a stolen camera stores, its clips open. The model's
    /// `Reveal_camera_sessions`.
    fn plunder(&mut self, camera: u8) -> Result<()> {
        let Some(thief) = self.stolen.get(&camera) else {
            return Ok(());
        };
        // Account and signing key lead what a camera stores, each with two bytes before it.
        let stored = cbor::encode(&thief.to_state());
        let secret = stored.get(37..69).unwrap_or_default();
        let id = thief.verifying_key();
        let paths = Paths(self.account);
        self.cloud.serves(THIEF);
        for path in self.cloud.paths() {
            let Some((_, stream)) = path.split_once("/manifests/") else {
                continue;
            };
            let stream = name(stream.split('/').next().unwrap_or_default())?;
            let bytes = self.cloud.get(&path)?;
            let Ok(signed) = encryptediot::clip::open(&self.account, &id, &stream, &bytes) else {
                continue;
            };
            let manifest: Manifest = signed.body;
            let hash = sha256_concat(&[secret, &manifest.clip.0]);
            let key: [u8; 16] = std::array::from_fn(|at| hash[at]);
            let context = encryptediot::clip::segment_context(&self.account, &manifest.clip);
            let opener = Opener::new(&SessionKey::new(key), context, manifest.length);
            let body = self.cloud.get(&paths.body(&manifest.clip))?;
            let mut first = body[..body.len().min(SEALED_SEGMENT)].to_vec();
            if opener.open(0, &mut first).is_ok() {
                let says = |value| ("sk", value);
                let session = says(Value::Fresh(format!("session:{}", manifest.clip)));
                push(&mut self.log, "Reveal_camera_sessions", vec![session]);
            }
        }
        Ok(())
    }

    /// A thief who has the passphrase enrolls a phone and moves streams to keys of its own.
    fn usurp(&mut self, streams: u8) -> Result<()> {
        if !self.revealed.contains(&PASSPHRASE) {
            return Ok(());
        }
        self.cloud.serves(THIEF);
        let now = self.house.now();
        let (account, rng) = (self.account, &mut self.house.rng);
        let cloud = self.cloud.clone();
        let (done, _) = action::observe(|| {
            let mut env = Env {
                cloud: &cloud,
                now,
                save: &|_| Ok(()),
                rng,
            };
            if self.usurper.is_none() {
                let phone = owner::enroll(
                    name("mallory")?,
                    account,
                    &self.house.passphrase,
                    None,
                    &mut env,
                )?;
                self.usurper = Some(phone);
            }
            let names = Self::names(streams)?;
            match &mut self.usurper {
                Some(phone) => phone
                    .unlock(&self.house.passphrase, &env)?
                    .rotate(&names, &mut env),
                None => Ok(()),
            }
        });
        done
    }
}
