//! A household whose cloud the sequences take their objects from: the library's own owner, cameras and
//! members, with a ready-made signing key, a clock that is set and randomness from a seed.

use encryptediot_testkit::MemoryCloud;
use std::collections::BTreeMap;

use encryptediot::announcement::{self, Announcement};
use encryptediot::camera::Paired;
use encryptediot::cbor;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::cose::Signed;
use encryptediot::crypto::{KemSecret, SecretBytes, SigningKey};
use encryptediot::keys::Name;
use encryptediot::member::Member;
use encryptediot::message::Time;
use encryptediot::owner::{self, Env, Meeting, Owner, Term};
use encryptediot::pairing::{Offer, Reply};
use encryptediot::passphrase::Passphrase;
use encryptediot::uplink;
use encryptediot::vault::{Opened, Pdk, Ring, Work};
use encryptediot_testkit::household::{Household, name};
use rand_chacha::ChaCha20Rng;

use super::super::super::{Error, Result};
use super::super::world::{START, WORDS, World, kem, rng, signing};
use super::play::Play;

/// Objects by path.
#[derive(Clone, Debug, Default)]
pub struct Objects(pub BTreeMap<String, Vec<u8>>);

/// What devices are made of that a sequence plays with.
#[derive(Clone, Default)]
pub struct Facts {
    /// The account, in hexadecimal.
    pub account: String,
    /// Its root, in hexadecimal.
    pub root: String,
    /// The phones' private keys: instance and lease.
    pub phones: BTreeMap<String, ([u8; 32], [u8; 32])>,
    /// The members' private keys.
    pub members: BTreeMap<String, [u8; 32]>,
    /// The cameras: offer, private key, streams.
    pub cameras: BTreeMap<String, (String, [u8; 32], Vec<String>)>,
}

/// A household and what sequences know of it.
pub struct Home {
    /// The household.
    pub house: Household,
    /// The account's keys.
    pub world: World,
    /// What devices are made of.
    pub facts: Facts,
    /// What was in the cloud when it was last asked for news.
    told: BTreeMap<String, Vec<u8>>,
}

/// The keys that a phone draws next.
fn drawn(rng: &ChaCha20Rng) -> Result<(KemSecret, SigningKey)> {
    let mut rng = rng.clone();
    Ok((
        KemSecret::generate(&mut rng)?,
        SigningKey::generate(&mut rng)?,
    ))
}

/// Names.
pub fn names(texts: &[&str]) -> Result<Vec<Name>> {
    let names = texts.iter().map(|text| Ok(name(text)?));
    names.collect()
}

impl Home {
    /// A household with the phone `phone` and nothing else.
    pub fn new(seed: u64) -> Result<Self> {
        let (world, mut rng) = (World::new()?, rng(seed));
        let passphrase = Passphrase::parse(WORDS)?;
        let opened = Opened {
            signing_key: World::new()?.root,
            ring: Ring {
                keys: vec![SecretBytes::new([1; 32])],
                predecessors: Vec::new(),
            },
            pdk: Pdk::derive(&passphrase, Work::LEAST, &mut rng)?,
        };
        let keys = drawn(&rng)?;
        let mut phone = owner::create_account_of(name("phone")?, opened, START, &mut rng)?;
        let cloud = Box::new(MemoryCloud::default());
        phone.sync(&*cloud)?;
        let facts = Facts {
            account: hex::encode(world.account.0),
            root: hex::encode(world.root_bytes()),
            ..Facts::default()
        };
        let house = Household {
            cloud,
            clock: ManualClock::at(START),
            rng,
            passphrase,
            work: Work::LEAST,
            phones: BTreeMap::from([(phone.name().clone(), phone)]),
            cameras: BTreeMap::new(),
            members: BTreeMap::new(),
        };
        let told = BTreeMap::new();
        let mut home = Self {
            house,
            world,
            facts,
            told,
        };
        home.note_phone("phone", &keys)?;
        Ok(home)
    }

    fn note_phone(&mut self, phone: &str, keys: &(KemSecret, SigningKey)) -> Result<()> {
        let has = self.house.phone(phone)?.keys();
        if (has.instance, has.lease) != (keys.0.public(), keys.1.verifying_key()) {
            return Err(Error::Generate(format!("{phone} drew other keys")));
        }
        let private = (*keys.0.to_bytes(), *keys.1.to_bytes());
        self.facts.phones.insert(phone.to_owned(), private);
        Ok(())
    }

    /// A sequence with these devices.
    pub fn play(&self) -> Play {
        Play::new(self.facts.clone())
    }

    /// Everything in the cloud, whatever was told of it.
    pub fn everything(&self) -> Result<Objects> {
        Ok(Objects(self.there()?))
    }

    fn there(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let cloud = &*self.house.cloud;
        let paths = cloud.list(&self.facts.account)?;
        let object = |path: String| Ok((path.clone(), cloud.get(&path)?));
        paths.into_iter().map(object).collect()
    }

    /// What is new or other in the cloud since this was last asked.
    pub fn news(&mut self) -> Result<Objects> {
        let now = self.there()?;
        let told = std::mem::replace(&mut self.told, now);
        let news = self
            .told
            .iter()
            .filter(|(path, b)| told.get(*path) != Some(b));
        Ok(Objects(news.map(|(p, b)| (p.clone(), b.clone())).collect()))
    }

    /// Everything in the cloud.
    pub fn all(&mut self) -> Result<Objects> {
        self.news()?;
        Ok(Objects(self.told.clone()))
    }

    /// A copy of the cloud as it is; the household goes on in the other.
    pub fn fork(&self) -> Result<Box<dyn Cloud>> {
        let copy = Box::new(MemoryCloud::default());
        for (path, bytes) in self.there()? {
            copy.put(&path, &bytes)?;
        }
        Ok(copy)
    }

    /// Goes on in another cloud; gives the one so far.
    pub fn move_to(&mut self, cloud: Box<dyn Cloud>) -> Result<Box<dyn Cloud>> {
        let before = std::mem::replace(&mut self.house.cloud, cloud);
        self.told = self.there()?;
        Ok(before)
    }

    /// An act of the owner with the phone `phone`.
    pub fn act(
        &mut self,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> encryptediot::Result<()>,
    ) -> Result<Objects> {
        self.act_with("phone", act)
    }

    /// An act of the owner with any phone.
    pub fn act_with(
        &mut self,
        phone: &str,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> encryptediot::Result<()>,
    ) -> Result<Objects> {
        self.house.act(phone, act)?;
        self.news()
    }

    /// Pairs a camera whose key has 32 times this byte; it takes its first announcements.
    pub fn pair(&mut self, camera: &str, key: u8, streams: &[&str]) -> Result<Objects> {
        let now = self.house.now();
        let offer = Offer::new(self.world.account, now, &mut self.house.rng);
        let (names, named) = (names(streams)?, name(camera)?);
        let paired = Paired::new(&offer, signing(key)?, names.clone(), &self.house.clock);
        let reply = Reply {
            camera: paired.verifying_key(),
            streams: names,
        };
        let add =
            |owner: &mut Owner<'_>, env: &mut Env<'_>| owner.add_camera(named.clone(), &reply, env);
        self.house.act("phone", add)?;
        self.house.cameras.insert(name(camera)?, paired);
        self.house.sync_camera(camera)?;
        let streams = streams.iter().map(|s| (*s).to_owned()).collect();
        let facts = (offer.to_text(), [key; 32], streams);
        self.facts.cameras.insert(camera.to_owned(), facts);
        self.news()
    }

    /// The camera takes what is announced, and acknowledges it.
    pub fn obey(&mut self, camera: &str) -> Result<Objects> {
        self.house.sync_camera(camera)?;
        self.news()
    }

    /// Adds a member whose key has 32 times this byte, and who compares safety numbers.
    pub fn meet(&mut self, member: &str, key: u8) -> Result<()> {
        let device = Member::with_key(name(member)?, kem(key)?);
        self.house.members.insert(name(member)?, device);
        self.house.meet(member)?;
        self.facts.members.insert(member.to_owned(), [key; 32]);
        Ok(())
    }

    /// Shares streams with members.
    pub fn share(&mut self, streams: &[&str], members: &[&str], term: Term) -> Result<Objects> {
        self.house.share("phone", streams, members, term)?;
        self.news()
    }

    /// Shares by touch; gives the payload too.
    pub fn touch(&mut self, streams: &[&str], member: &str) -> Result<(Objects, Vec<u8>)> {
        let (streams, member) = (names(streams)?, self.house.meet(member)?);
        let mut payloads = Vec::new();
        let news = self.act(|owner, env| {
            let (members, term) = ([member], Term::UntilRevoked);
            payloads = owner.share(&streams, &members, term, Meeting::Touch, env)?;
            Ok(())
        })?;
        let first = payloads.into_iter().next();
        let touch = first.ok_or_else(|| Error::Generate("no payload".to_owned()))?;
        Ok((news, touch.payload.to_vec()))
    }

    /// Takes streams from a member.
    pub fn revoke(&mut self, streams: &[&str], member: &str) -> Result<Objects> {
        self.house.revoke("phone", streams, member)?;
        self.news()
    }

    /// Fresh keys.
    pub fn rotate(&mut self, streams: &[&str]) -> Result<Objects> {
        let streams = names(streams)?;
        self.act(|owner, env| owner.rotate(&streams, env))
    }

    /// Enrolls a phone with the passphrase.
    pub fn enroll(&mut self, phone: &str) -> Result<Objects> {
        let keys = drawn(&self.house.rng)?;
        self.house.enroll(phone, None)?;
        self.note_phone(phone, &keys)?;
        self.news()
    }

    /// Records a second of what [`plaintext`] says.
    pub fn record(&mut self, camera: &str, stream: &str) -> Result<Objects> {
        let number = self.house.camera(camera)?.last_sequence(&name(stream)?) + 1;
        self.record_bytes(camera, stream, &plaintext(stream, number), 1_000)
    }

    /// Records bytes for a time.
    pub fn record_bytes(
        &mut self,
        camera: &str,
        stream: &str,
        bytes: &[u8],
        length: Time,
    ) -> Result<Objects> {
        let recorded = self.house.record_only(camera, stream, bytes, length)?;
        let device = self.house.cameras.get(&name(camera)?);
        let device = device.ok_or_else(|| Error::Generate(format!("no {camera}")))?;
        uplink::upload(device, &*self.house.cloud, &recorded)?;
        self.news()
    }

    /// What a camera stores.
    pub fn stored_camera(&mut self, camera: &str) -> Result<Vec<u8>> {
        Ok(cbor::encode(&self.house.camera(camera)?.to_state()))
    }

    /// Sets a camera back to what it stored.
    pub fn restore_camera(&mut self, camera: &str, stored: &[u8]) -> Result<()> {
        let state = cbor::decode(stored)?;
        let paired = Paired::from_state(state, &self.house.clock)?;
        self.house.cameras.insert(name(camera)?, paired);
        Ok(())
    }

    /// An announcement of the account, read.
    pub fn announcement(&self, bytes: &[u8]) -> Result<Signed<Announcement>> {
        let root = self.world.root.public();
        Ok(announcement::open(root, &self.world.account, bytes)?)
    }
}

/// What a clip shows, unless it is said otherwise.
pub fn plaintext(stream: &str, sequence: u64) -> Vec<u8> {
    format!("clip {sequence} of {stream}").into_bytes()
}

impl Objects {
    /// Those whose path has this in it.
    pub fn only(&self, part: &str) -> Self {
        let kept = self.0.iter().filter(|(path, _)| path.contains(part));
        Self(kept.map(|(p, b)| (p.clone(), b.clone())).collect())
    }

    /// Those whose path has this not in it.
    pub fn without(&self, part: &str) -> Self {
        let kept = self.0.iter().filter(|(path, _)| !path.contains(part));
        Self(kept.map(|(p, b)| (p.clone(), b.clone())).collect())
    }

    /// These, and others over them.
    pub fn and(&self, others: &Self) -> Self {
        let mut all = self.clone();
        all.0.extend(others.0.clone());
        all
    }

    /// The one whose path has this in it.
    pub fn one(&self, part: &str) -> Result<(String, Vec<u8>)> {
        let found = self.only(part).0;
        match found.len() {
            1 => Ok(found.into_iter().next().unwrap_or_default()),
            many => Err(Error::Generate(format!("{many} objects at {part}"))),
        }
    }

    /// Its bytes.
    pub fn bytes(&self, part: &str) -> Result<Vec<u8>> {
        Ok(self.one(part)?.1)
    }

    /// Its path.
    pub fn path(&self, part: &str) -> Result<String> {
        Ok(self.one(part)?.0)
    }

    /// These bytes at the one path that has this in it.
    pub fn at(&self, part: &str, bytes: &[u8]) -> Result<Self> {
        Ok(Self(BTreeMap::from([(self.path(part)?, bytes.to_vec())])))
    }

    /// The bytes of two objects, each in the place of the other.
    pub fn swapped(&self, one: &str, other: &str) -> Result<Self> {
        let there = self.at(one, &self.bytes(other)?)?;
        Ok(there.and(&self.at(other, &self.bytes(one)?)?))
    }

    /// One object.
    pub fn just(path: String, bytes: Vec<u8>) -> Self {
        Self(BTreeMap::from([(path, bytes)]))
    }
}
