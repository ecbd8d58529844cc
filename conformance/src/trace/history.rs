//! Random histories: a household of the reference, and an adversary who runs the cloud, reveals keys
//! and acts with them. What every honest device did is a log of steps of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use conformance::trace::cloud::Hostile;
use conformance::trace::log::{Log, Said};
use encryptediot::action::{self, Value};
use encryptediot::camera::Paired;
use encryptediot::clip::ClipId;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::crypto::RsaSigningKey;
use encryptediot::household::{Household, name, window};
use encryptediot::keys::{kem_id, verifying_id};
use encryptediot::member::Member;
use encryptediot::message::AccountId;
use encryptediot::owner::{self, Env, Term};
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::Phone;
use encryptediot::vault::{Opened, Pdk, Ring, Work};
use encryptediot::{Result, view};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// What happens in a history. Numbers choose among what there is at that time.
#[derive(Clone, Debug)]
pub enum Op {
    /// The owner shares streams with a member: until revoked, or for a window.
    Share {
        /// Which phone.
        phone: u8,
        /// Which member.
        member: u8,
        /// Which streams, bit by bit.
        streams: u8,
        /// Which window from now, if any.
        window: Option<u8>,
    },
    /// The owner moves streams to fresh keys.
    Rotate {
        /// Which phone.
        phone: u8,
        /// Which streams, bit by bit.
        streams: u8,
    },
    /// The owner takes streams from a member.
    Revoke {
        /// Which phone.
        phone: u8,
        /// Which member.
        member: u8,
        /// Which streams, bit by bit.
        streams: u8,
    },
    /// A second phone is enrolled.
    Enroll,
    /// A camera asks the cloud what to obey.
    Sync {
        /// Which camera.
        camera: u8,
    },
    /// A camera records a clip and uploads it.
    Record {
        /// Which stream.
        stream: u8,
    },
    /// Time passes, in quarters of a window.
    Pass {
        /// How many.
        quarters: u8,
    },
    /// A phone looks at the cameras' acknowledgements.
    Status {
        /// Which phone.
        phone: u8,
    },
    /// A member reads what is new.
    Follow {
        /// Which member.
        member: u8,
    },
    /// Somebody views a clip.
    View {
        /// The phones, then the members.
        viewer: u8,
        /// Which stream.
        stream: u8,
        /// Which clip.
        clip: u8,
    },
    /// The owner makes a link to a clip that was viewed.
    Link {
        /// Which of those.
        clip: u8,
    },
    /// The adversary: a link's text becomes public.
    Publish {
        /// Which link.
        link: u8,
    },
    /// The adversary learns a member's key, an IK, a camera's key, or the passphrase.
    Reveal {
        /// Which.
        what: u8,
    },
    /// The adversary shows a device something else at a path: nothing, what was written to another
    /// one, what another account has there, or what is there with a bit changed.
    Lie {
        /// Which device.
        who: u8,
        /// Which path.
        path: u16,
        /// In which way.
        how: u8,
        /// What instead.
        other: u16,
        /// Only until the device has done its next thing.
        once: bool,
    },
    /// The adversary shows a device an earlier state of everything.
    Rewind {
        /// Which device.
        who: u8,
        /// How many writes are hidden.
        writes: u8,
        /// Only until the device has done its next thing.
        once: bool,
    },
    /// The adversary shows a device what is there.
    Restore {
        /// Which device.
        who: u8,
    },
    /// The adversary records with a stolen camera's key.
    Forge {
        /// Which camera.
        camera: u8,
    },
    /// The adversary acts as the owner, with the passphrase.
    Usurp {
        /// Which streams, bit by bit.
        streams: u8,
    },
}

/// Random things that happen.
pub fn op() -> impl Strategy<Value = Op> {
    let (phone, member, streams) = (0..2_u8, 0..3_u8, 1..8_u8);
    let (stream, clip, who) = (0..3_u8, 0..12_u8, 0..7_u8);
    let often = prop::bool::weighted(0.75);
    prop_oneof![
        3 => (phone.clone(), member.clone(), streams.clone(), prop::option::of(0..3_u8)).prop_map(
            |(phone, member, streams, window)| Op::Share { phone, member, streams, window }),
        1 => (phone.clone(), streams.clone()).prop_map(|(phone, streams)| Op::Rotate { phone, streams }),
        2 => (phone.clone(), member.clone(), streams.clone()).prop_map(
            |(phone, member, streams)| Op::Revoke { phone, member, streams }),
        1 => Just(Op::Enroll),
        6 => (0..2_u8).prop_map(|camera| Op::Sync { camera }),
        8 => stream.clone().prop_map(|stream| Op::Record { stream }),
        3 => (1..6_u8).prop_map(|quarters| Op::Pass { quarters }),
        4 => phone.prop_map(|phone| Op::Status { phone }),
        5 => member.prop_map(|member| Op::Follow { member }),
        10 => (0..5_u8, stream, clip.clone()).prop_map(|(viewer, stream, clip)| Op::View { viewer, stream, clip }),
        1 => clip.clone().prop_map(|clip| Op::Link { clip }),
        1 => clip.prop_map(|link| Op::Publish { link }),
        2 => (0..20_u8).prop_map(|what| Op::Reveal { what }),
        16 => (who.clone(), any::<u16>(), 0..6_u8, any::<u16>(), often).prop_map(
            |(who, path, how, other, once)| Op::Lie { who, path, how, other, once }),
        5 => (who.clone(), 1..40_u8, often).prop_map(
            |(who, writes, once)| Op::Rewind { who, writes, once }),
        6 => who.prop_map(|who| Op::Restore { who }),
        3 => (0..2_u8).prop_map(|camera| Op::Forge { camera }),
        1 => streams.prop_map(|streams| Op::Usurp { streams }),
    ]
}

impl Op {
    /// Is it the adversary who does this?
    pub fn is_hostile(&self) -> bool {
        matches!(
            self,
            Self::Publish { .. }
                | Self::Reveal { .. }
                | Self::Lie { .. }
                | Self::Rewind { .. }
                | Self::Restore { .. }
                | Self::Forge { .. }
                | Self::Usurp { .. }
        )
    }
}

const CAMERAS: [(&str, &[&str]); 2] = [("door", &["x", "y"]), ("garden", &["z"])];
const STREAMS: [&str; 3] = ["x", "y", "z"];
const PHONES: [&str; 2] = ["phone", "tablet"];
const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];
/// Who asks the cloud: two phones, two cameras, three members, the adversary.
const CAMERA: usize = 2;
const MEMBER: usize = 4;
const THIEF: usize = 7;
/// Windows follow upon each other.
const WINDOW: u64 = 3_600_000;
/// When histories begin: at the start of a window.
const BEGIN: u64 = 1_800_000_000_000;

/// What came of a history.
#[derive(Default)]
pub struct Told {
    /// The log.
    pub log: Log,
    /// A clip that was shown with other bytes than were recorded.
    pub altered: Option<String>,
    /// The time that it took.
    pub took: Duration,
}

struct Scene {
    house: Household,
    cloud: Hostile,
    account: AccountId,
    /// What another account has in its own cloud.
    elsewhere: &'static BTreeMap<String, Vec<u8>>,
    other: &'static str,
    recorded: BTreeMap<ClipId, Vec<u8>>,
    /// Clips that the owner has been shown, and by which phone.
    shown: BTreeSet<ClipId>,
    /// How many clips each stream has.
    clips: [u64; 3],
    links: Vec<(usize, u64)>,
    made: Vec<Vec<action::Step>>,
    published: BTreeSet<usize>,
    revealed: BTreeSet<u8>,
    stolen: BTreeMap<u8, Paired>,
    usurper: Option<Phone>,
    log: Log,
    altered: Option<String>,
    count: u32,
}

/// An RSA key that is there already: making one takes longer than a history.
fn root(hex: &str) -> Result<RsaSigningKey> {
    let digits: String = hex.split_whitespace().collect();
    let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes());
    Ok(RsaSigningKey::from_pkcs8(&bytes.unwrap_or_default())?)
}

const OWN: &str = include_str!("../../../reference/tests/root.pkcs8.hex");

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

fn furnished(cloud: &Hostile, key: RsaSigningKey, seed: u64) -> Result<Household> {
    let mut house = household(Box::new(cloud.clone()), key, seed)?;
    for (camera, streams) in CAMERAS {
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
    let cloud = Hostile::default();
    let key = RsaSigningKey::generate(&mut ChaCha20Rng::seed_from_u64(1))?;
    let (made, _) = action::observe(|| {
        let mut house = furnished(&cloud, key, 1)?;
        house.share(PHONES[0], &STREAMS, &MEMBERS[..1], Term::UntilRevoked)?;
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
    for op in ops {
        let ((), steps) = action::observe(|| scene.apply(op));
        note(&mut scene.log, &steps);
        scene.cloud.served();
    }
    Ok(Told {
        log: scene.log,
        altered: scene.altered,
        took: begin.elapsed(),
    })
}

impl Scene {
    fn new(seed: u64) -> Result<Self> {
        let mut log = Log::default();
        let cloud = Hostile::default();
        let (house, steps) = action::observe(|| furnished(&cloud, root(OWN)?, seed));
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
            shown: BTreeSet::new(),
            clips: [0; 3],
            links: Vec::new(),
            made: Vec::new(),
            published: BTreeSet::new(),
            revealed: BTreeSet::new(),
            stolen: BTreeMap::new(),
            usurper: None,
            log,
            altered: None,
            count: 0,
        })
    }

    fn streams(set: u8) -> Vec<&'static str> {
        let chosen = STREAMS.iter().enumerate();
        chosen
            .filter(|(at, _)| set >> at & 1 == 1)
            .map(|(_, s)| *s)
            .collect()
    }

    fn phone(&self, phone: u8) -> usize {
        usize::from(phone).min(self.house.phones.len() - 1)
    }

    /// What a device refuses is no matter here: the lemmas speak of what is accepted.
    fn apply(&mut self, op: &Op) {
        let _ = match *op {
            Op::Share {
                phone,
                member,
                streams,
                window: after,
            } => {
                let phone = self.phone(phone);
                self.cloud.serves(phone);
                let now = self.house.now();
                let from = now - now % WINDOW;
                let term = after.map_or(Term::UntilRevoked, |after| {
                    Term::Window(window(from + u64::from(after) * WINDOW, WINDOW - 1))
                });
                let member = MEMBERS[usize::from(member)];
                self.house
                    .share(PHONES[phone], &Self::streams(streams), &[member], term)
                    .map(drop)
            }
            Op::Rotate { phone, streams } => {
                let phone = self.phone(phone);
                self.cloud.serves(phone);
                let names: Vec<_> = Self::streams(streams)
                    .into_iter()
                    .filter_map(|s| name(s).ok())
                    .collect();
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
            Op::Sync { camera } => {
                self.cloud.serves(CAMERA + usize::from(camera));
                self.house
                    .sync_camera(CAMERAS[usize::from(camera)].0)
                    .map(drop)
            }
            Op::Record { stream } => self.record(stream),
            Op::Pass { quarters } => {
                self.house.clock.advance(u64::from(quarters) * WINDOW / 4);
                Ok(())
            }
            Op::Status { phone } => {
                let phone = self.phone(phone);
                self.cloud.serves(phone);
                let known = self.house.phone(PHONES[phone]);
                let cloud = self.cloud.clone();
                known.and_then(|phone| {
                    phone.sync(&cloud)?;
                    phone.status(&cloud).map(drop)
                })
            }
            Op::Follow { member } => {
                self.cloud.serves(MEMBER + usize::from(member));
                self.house
                    .sync_member(MEMBERS[usize::from(member)])
                    .map(drop)
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
            Op::Rewind { who, writes, once } => {
                let kept = self.cloud.writes().saturating_sub(writes.into());
                self.cloud.rewind(who.into(), kept);
                self.cloud.until_next(who.into(), once);
                Ok(())
            }
            Op::Restore { who } => {
                self.cloud.restore(who.into());
                Ok(())
            }
            Op::Forge { camera } => self.forge(camera),
            Op::Usurp { streams } => self.usurp(streams),
        };
    }

    /// Every clip has bytes of its own, so that clips can be told apart.
    fn content(&mut self) -> Vec<u8> {
        self.count += 1;
        self.count.to_le_bytes().to_vec()
    }

    fn record(&mut self, stream: u8) -> Result<()> {
        let camera = usize::from(stream == 2);
        self.cloud.serves(CAMERA + camera);
        let bytes = self.content();
        let (number, camera) = (usize::from(stream), CAMERAS[camera].0);
        let stream = STREAMS[number];
        let recorded = self.house.record_only(camera, stream, &bytes, 1_000)?;
        self.recorded.insert(recorded.clip, bytes);
        self.clips[number] = recorded.sequence;
        let cloud = self.cloud.clone();
        encryptediot::uplink::upload(self.house.camera(camera)?, &cloud, &recorded)
    }

    fn view(&mut self, viewer: u8, stream: u8, clip: u64) -> Result<()> {
        let (cloud, account) = (self.cloud.clone(), self.account);
        let sequence = 1 + clip % self.clips[usize::from(stream)].max(1);
        let stream = name(STREAMS[usize::from(stream)])?;
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
        if second && (wrapped || self.shown.contains(&clip)) || !second && !wrapped {
            return Ok(());
        }
        let first_time = self.shown.insert(clip);
        if first_time && self.house.phone(phone)?.show(&open.manifest) && !second {
            self.links.push((
                usize::from(stream.as_str() == "y") + 2 * usize::from(stream.as_str() == "z"),
                sequence,
            ));
        }
        Ok(())
    }

    fn link(&mut self, clip: u8) -> Result<()> {
        let Some((stream, sequence)) = self.links.get(usize::from(clip)).copied() else {
            return Ok(());
        };
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
        if !self.revealed.insert(what) {
            return Ok(());
        }
        match what {
            0..=5 => {
                let member: &Member = self.house.member(MEMBERS[usize::from(what % 3)])?;
                let id = kem_id(&member.card().key);
                let values = vec![("M", Value::Name(id.to_string())), ("ltk", secret(id))];
                push(&mut self.log, "Reveal_member", values);
            }
            6..=7 => {
                let camera = self.house.camera(CAMERAS[usize::from(what - 6)].0)?;
                let id = verifying_id(&camera.verifying_key());
                let clock = ManualClock::at(BEGIN);
                let copy = Paired::from_state(camera.to_state(), &clock)?;
                self.stolen.insert(what - 6, copy);
                push(
                    &mut self.log,
                    "Reveal_camera",
                    vec![account, ("csk", secret(id))],
                );
            }
            8 => {
                let phone = self.house.phone(PHONES[0])?;
                let ik = kem_id(&phone.keys().instance);
                push(
                    &mut self.log,
                    "Reveal_ik",
                    vec![account, ("ik", secret(ik))],
                );
            }
            9 => push(&mut self.log, "Reveal_passphrase", vec![account]),
            _ => {}
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
        self.cloud.lie(who, path, instead);
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
            thief.finish(session, &clock, &mut self.house.rng)
        });
        let recorded = recorded?;
        let aside = Hostile::default();
        encryptediot::uplink::upload(thief, &aside, &recorded)?;
        for path in aside.paths() {
            for who in (0..CAMERA).chain(MEMBER..THIEF) {
                self.cloud.lie(who, &path, aside.find(&path)?);
            }
        }
        Ok(())
    }

    /// A thief who has the passphrase enrolls a phone and moves streams to keys of its own.
    fn usurp(&mut self, streams: u8) -> Result<()> {
        if !self.revealed.contains(&9) {
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
            let names: Vec<_> = Self::streams(streams)
                .into_iter()
                .filter_map(|s| name(s).ok())
                .collect();
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
