//! A household whose cloud a story takes its objects from: the library's own phones, cameras and
//! members, with a ready-made signing key, a clock that is set and randomness from a seed.

use std::collections::BTreeMap;

use encryptediot::{
    announcement::{Head, Window},
    camera::Paired,
    cbor::{decode, encode},
    checkpoint::Checkpoint,
    clock::ManualClock,
    cloud::Cloud as _,
    crypto::{KemSecret, SecretBytes, SigningKey},
    evidence::Evidence,
    keys::Name,
    member::Member,
    owner::{Counted, Env, Meeting, Owner, Term, create_account_of},
    pairing::{self, Offer, Reply},
    passphrase::Passphrase,
    vault::{Opened, Pdk, Ring, Work},
};
use encryptediot_testkit::MemoryCloud;
use encryptediot_testkit::household::{Household, name};
use rand_chacha::ChaCha20Rng;

use super::super::super::{Error, Result};
use super::super::world::{START, WORDS, World, rng, signing};
use super::objects::Objects;
use super::stage::{Camera, Phone, Stage, called, name as give_name};
use super::words::Words;

/// A household.
pub struct House {
    house: Household,
    /// The account, in hexadecimal.
    account: String,
}

/// An act of the owner.
type Act = Box<dyn FnOnce(&mut Owner<'_>, &mut Env<'_>) -> encryptediot::Result<()>>;

/// What a clip shows, unless it is said otherwise.
pub fn plaintext(stream: &str, sequence: u64) -> Vec<u8> {
    format!("clip {sequence} of {stream}").into_bytes()
}

/// Names, read.
fn names(texts: &[String]) -> Result<Vec<Name>> {
    texts.iter().map(|text| Ok(name(text)?)).collect()
}

/// `[counting CLIPS of STREAM]`: how many clips of the old camera count.
/// `[counting CLIPS of STREAM]`
pub fn counted(words: &mut Words) -> Result<Counted> {
    if !words.eat("counting") {
        return Ok(Counted::new());
    }
    let clips = words.number("a number of clips")?;
    words.need("of")?;
    Ok(Counted::from([(name(&words.word("a stream")?)?, clips)]))
}

impl House {
    /// A household with the phone `phone` and nothing else; gives the phone's private keys, too.
    fn new(world: &World, seed: u64) -> Result<(Self, Phone)> {
        let (passphrase, mut rng) = (Passphrase::parse(WORDS)?, rng(seed));
        let opened = Opened {
            signing_key: World::new()?.root,
            ring: Ring {
                keys: vec![SecretBytes::new([1; 32])],
                predecessors: Vec::new(),
            },
            pdk: Pdk::derive(&passphrase, Work::LEAST, &mut rng)?,
        };
        let mut drawn = rng.clone();
        let mut phone = create_account_of(name("phone")?, opened, START, &mut rng)?;
        let cloud = Box::new(MemoryCloud::default());
        phone.sync(&*cloud)?;
        let mut house = Self {
            house: Household {
                cloud,
                clock: ManualClock::at(START),
                rng,
                passphrase,
                work: Work::LEAST,
                phones: BTreeMap::from([(phone.name().clone(), phone)]),
                cameras: BTreeMap::new(),
                members: BTreeMap::new(),
            },
            account: hex::encode(world.account.0),
        };
        let keys = house.keys_of("phone", &mut drawn)?;
        Ok((house, keys))
    }

    /// The private keys of a phone that has drawn them first from this generator.
    fn keys_of(&mut self, phone: &str, rng: &mut ChaCha20Rng) -> Result<Phone> {
        let (instance, lease) = (KemSecret::generate(rng)?, SigningKey::generate(rng)?);
        let has = self.house.phone(phone)?.keys();
        if (has.instance, has.lease) != (instance.public(), lease.verifying_key()) {
            return Err(Error::Generate(format!("{phone} drew other keys")));
        }
        let (instance, lease) = (*instance.to_bytes(), *lease.to_bytes());
        Ok(Phone { instance, lease })
    }

    /// Everything in the cloud.
    pub fn everything(&self) -> Result<Objects> {
        let cloud = &*self.house.cloud;
        let paths = cloud.list(&self.account)?.into_iter();
        let objects = paths.map(|path| Ok((path.clone(), cloud.get(&path)?)));
        Ok(Objects(objects.collect::<Result<_>>()?))
    }

    /// What a camera stores.
    pub fn stored(&mut self, camera: &str) -> Result<Vec<u8>> {
        Ok(encode(&self.house.camera(camera)?.to_state()))
    }
}

impl Stage {
    /// The household.
    pub fn house(&mut self) -> Result<&mut House> {
        let missing = || Error::Generate("expected `given household SEED` before this".to_owned());
        self.house.as_mut().ok_or_else(missing)
    }

    /// `given …`: something happens in the household, and is no step. What is new in the cloud, or
    /// other than it was, may be given a name.
    pub fn given(&mut self, mut words: Words) -> Result<()> {
        if words.eat("household") {
            let (house, phone) = House::new(&self.world, words.number("a seed")?)?;
            self.house = Some(house);
            give_name(&mut self.phones, "phone", phone)?;
            return words.done();
        }
        let before = self.house()?.everything()?;
        self.happens(&mut words)?;
        if words.eat("as") {
            let mut news = self.house()?.everything()?;
            news.0
                .retain(|path, bytes| before.0.get(path) != Some(bytes));
            give_name(&mut self.objects, &words.word("a name")?, news)?;
        }
        words.done()
    }

    fn happens(&mut self, words: &mut Words) -> Result<()> {
        if words.eat("the cloud is set back to") {
            let objects = called(&self.objects, words, "objects")?.clone();
            let cloud = MemoryCloud::default();
            for (path, bytes) in &objects.0 {
                cloud.put(path, bytes)?;
            }
            self.house()?.house.cloud = Box::new(cloud);
            return Ok(());
        }
        let who = words.word("who does something")?;
        if self.cameras.contains_key(&who) {
            self.camera_in_house(&who, words)
        } else if self.phones.contains_key(&who) {
            self.phone_in_house(&who, words)
        } else if self.memories.contains_key(&who) {
            words.need("has key")?;
            let key = [words.number::<u8>("the byte of a key")?; 32];
            match self.memories[&who].windows(32).any(|bytes| bytes == key) {
                true => Ok(()),
                false => Err(Error::Generate(format!("the key is not in `{who}`"))),
            }
        } else {
            Err(Error::Generate(format!("nobody is `{who}`")))
        }
    }

    /// What a camera does: it `obeys` what is announced, `records` a second, `is set back to` what it
    /// stored.
    fn camera_in_house(&mut self, camera: &str, words: &mut Words) -> Result<()> {
        if words.eat("obeys") {
            self.house()?.house.sync_camera(camera)?;
        } else if words.eat("records") {
            let stream = words.word("a stream")?;
            let shows = match words.eat("showing") {
                true => Some(words.quoted()?.into_bytes()),
                false => None,
            };
            let house = &mut self.house()?.house;
            let number = house.camera(camera)?.last_sequence(&name(&stream)?) + 1;
            let shows = shows.unwrap_or_else(|| plaintext(&stream, number));
            house.record(camera, &stream, &shows)?;
        } else if words.eat("is set back to") {
            let stored = called(&self.memories, words, "a camera's memory")?.clone();
            let house = &mut self.house()?.house;
            let paired = Paired::from_state(decode(&stored)?, &house.clock)?;
            house.cameras.insert(name(camera)?, paired);
        } else {
            return Err(words.expected("what a camera does in the household"));
        }
        Ok(())
    }

    /// What the owner does with a phone.
    fn phone_in_house(&mut self, phone: &str, words: &mut Words) -> Result<()> {
        let act: Act = if words.eat("pairs") {
            return self.pairs(phone, words, None);
        } else if words.eat("replaces") {
            let old = name(&words.word("a camera")?)?;
            words.need("by")?;
            return self.pairs(phone, words, Some(old));
        } else if words.eat("retires") {
            let old = name(&words.word("a camera")?)?;
            let counted = counted(words)?;
            Box::new(move |owner, env| owner.retire_camera(&old, counted, env))
        } else if words.eat("meets") {
            let member = words.word("a member")?;
            let key = self.members.get(&member);
            let key = KemSecret::from_bytes(key.ok_or_else(|| words.expected("a member"))?)?;
            let device = Member::with_key(name(&member)?, key);
            let house = &mut self.house()?.house;
            house.members.insert(name(&member)?, device);
            return Ok(house.meet(&member).map(drop)?);
        } else if words.eat("enrolls") {
            let new = words.word("a phone")?;
            let house = self.house()?;
            let mut drawn = house.house.rng.clone();
            house.house.enroll(&new, None)?;
            let keys = house.keys_of(&new, &mut drawn)?;
            return give_name(&mut self.phones, &new, keys);
        } else if words.eat("shares the past of") {
            let stream = name(&words.word("a stream")?)?;
            let (from, until) = words.span()?;
            words.need("with")?;
            let (members, window) = (names(&words.list("a member")?)?, Window { from, until });
            Box::new(move |owner, env| owner.share_past(&stream, &members, window, env).map(drop))
        } else if words.eat("shares") {
            return self.shares(phone, words);
        } else if words.eat("revokes") {
            let streams = names(&words.list("a stream")?)?;
            words.need("from")?;
            let member = name(&words.word("a member")?)?;
            Box::new(move |owner, env| owner.revoke(&streams, &member, env))
        } else if words.eat("rotates") {
            let streams = names(&words.list("a stream")?)?;
            Box::new(move |owner, env| owner.rotate(&streams, env))
        } else if words.eat("loses") {
            let lost = name(&words.word("a phone")?)?;
            Box::new(move |owner, env| owner.lose_phone(&lost, None, env))
        } else if words.eat("sets the clock of") {
            let camera = name(&words.word("a camera")?)?;
            words.need("back by")?;
            let back = words.length()?;
            Box::new(move |owner, env| owner.set_clock_back(&camera, back, env))
        } else if words.eat("changes the passphrase to") {
            let text = called(&self.passphrases, words, "a passphrase")?;
            let passphrase = Passphrase::parse(text)?;
            Box::new(move |owner, env| owner.change_passphrase(&passphrase, Work::LEAST, env))
        } else if words.eat("keeps itself unlocked") {
            Box::new(|owner, env| owner.keep_unlocked(env))
        } else {
            return Err(words.expected("what an owner does"));
        };
        Ok(self.house()?.house.act(phone, act)?)
    }

    /// `CAMERA with key BYTE for STREAMS [counting CLIPS of STREAM]`: the camera takes its first announcements, in the
    /// place of another or of none.
    fn pairs(&mut self, phone: &str, words: &mut Words, old: Option<Name>) -> Result<()> {
        let camera = words.word("a camera")?;
        words.need("with key")?;
        let key = words.number("the byte of a key")?;
        words.need("for")?;
        let streams = words.list("a stream")?;
        let (counted, account) = (counted(words)?, self.world.account);
        let house = &mut self.house()?.house;
        let offer = Offer::new(account, house.now(), &mut house.rng);
        let (named, names) = (name(&camera)?, names(&streams)?);
        let paired = Paired::new(&offer, signing(key)?, names.clone(), &house.clock);
        let reply = Reply {
            camera: paired.verifying_key(),
            streams: names,
        };
        let reply = pairing::seal_reply(&offer, &reply, &mut house.rng)?;
        house.act(phone, |owner, env| {
            let word = Some(&Evidence::OwnersWord);
            match &old {
                Some(old) => owner.replace_camera(old, counted, &offer, &reply, word, env),
                None => owner.add_camera(named.clone(), &offer, &reply, word, env),
            }
        })?;
        house.cameras.insert(named, paired);
        house.sync_camera(&camera)?;
        let offer = offer.to_text();
        let made = Camera {
            key,
            offer,
            streams,
        };
        give_name(&mut self.cameras, &camera, made)
    }

    /// `STREAMS with MEMBERS [for TIME..TIME | and every stream to come] [by touch handing over NAME]`
    fn shares(&mut self, phone: &str, words: &mut Words) -> Result<()> {
        let streams = names(&words.list("a stream")?)?;
        words.need("with")?;
        let members = words.list("a member")?;
        let term = if words.eat("and every stream to come") {
            Term::AllStreams
        } else if words.eat("for") {
            let (from, until) = words.span()?;
            Term::Window(Window { from, until })
        } else {
            Term::UntilRevoked
        };
        let touch = match words.eat("by touch handing over") {
            true => Some(words.word("a name")?),
            false => None,
        };
        let meeting = if touch.is_some() {
            Meeting::Touch
        } else {
            Meeting::Remote
        };
        let house = &mut self.house()?.house;
        let verified = members.iter().map(|member| Ok(house.meet(member)?));
        let verified = verified.collect::<Result<Vec<_>>>()?;
        let payloads = house.act(phone, |owner, env| {
            owner.share(&streams, &verified, term, meeting, env)
        })?;
        if let Some(touch) = touch {
            let payload = payloads
                .into_iter()
                .next()
                .map(|handed| handed.payload.to_vec());
            let payload = payload.ok_or_else(|| Error::Generate("no payload".to_owned()))?;
            give_name(&mut self.messages, &touch, payload)?;
        }
        Ok(())
    }

    /// `PHONE`, or `STREAM at ANNOUNCEMENT` for a camera: the checkpoint of where it is.
    pub fn reached(&mut self, words: &mut Words) -> Result<Checkpoint> {
        let who = words.word("a phone, or a stream")?;
        if !words.eat("at") {
            return Ok(self.house()?.house.phone(&who)?.checkpoint());
        }
        let at = called(&self.announcements, words, "an announcement")?;
        let head = Head {
            epoch: at.body.epoch,
            hash: at.hash,
            issued: at.body.issued,
        };
        Ok(Checkpoint {
            roster: Some(at.body.roster),
            streams: vec![(name(&who)?, head)],
        })
    }
}
