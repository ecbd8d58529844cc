//! Announcements and leases made by hand: what no owner would make is among them.

use encryptediot::{
    acknowledgement::Acknowledgement,
    announcement::{Announcement, Kind, StreamKey, Tenure, Window, open},
    cbor::Bytes,
    correction::Correction,
    crypto::{KemSecret, SigningKey, sha256},
    keys::kem_id,
    lease::{self, Lease},
    message::{self, Hash, Time},
    pairing::Offer,
    roster::PhoneKeys,
};
use encryptediot_testkit::household::name;
use serde_json::{Value, json};

use super::super::super::{Error, Result};
use super::super::builder::hexed;
use super::super::forms::flip;
use super::super::world::{ROSTER, START, World, kem, rng, signing};
use super::stage::{Camera, Stage, called};
use super::words::Words;

/// How long leases are, unless it is said otherwise: an hour.
const LEASE: Time = 3_600_000;

/// An announcement.
#[derive(Clone)]
pub struct Announced {
    /// What it says.
    pub body: Announcement,
    /// Its hash.
    pub hash: Hash,
    /// The statement.
    pub signed: Vec<u8>,
}

/// Whose a statement is: in each place the account's, or the other account's.
#[derive(Default)]
struct Whose {
    message: bool,
    head: bool,
    root: bool,
    altered: bool,
}

impl Stage {
    /// `KEY for STREAMS`: a camera whose offer was made at the start.
    pub fn offered(&self, words: &mut Words) -> Result<Camera> {
        let key = words.number("the byte of a key")?;
        words.need("for")?;
        let streams = words.list("a stream")?;
        let offer = Offer::new(self.world.account, START, &mut rng(40)).to_text();
        Ok(Camera {
            key,
            offer,
            streams,
        })
    }

    /// `STREAM [after NAME] issued TIME [but …]`: by default the first one, or the one after another,
    /// with the owner's key and a DSK.
    pub fn announce(&self, words: &mut Words) -> Result<Announced> {
        let stream = name(&words.word("a stream")?)?;
        let before = match words.eat("after") {
            true => Some(called(&self.announcements, words, "an announcement")?),
            false => None,
        };
        words.need("issued")?;
        let issued = words.time()?;
        let epoch = before.map_or(0, |b| b.body.epoch) + 1;
        let dsk = 40_u8.saturating_add(u8::try_from(epoch).unwrap_or(u8::MAX));
        let body = Announcement {
            camera: Some(self.world.camera.verifying_key()),
            stream,
            epoch,
            previous: before.map(|b| b.hash),
            issued,
            lease: LEASE,
            phones: vec![self.world.phone_keys()],
            keys: vec![key(Kind::Owner, 9, None)?, key(Kind::Dsk, dsk, None)?],
            backup: Bytes([13; 32]),
            shard_bits: 0,
            roster: ROSTER,
            since: before.map_or(Tenure::FIRST, |b| b.body.since),
        };
        self.but(body, words)
    }

    /// `NAME [but …]`: another announcement with changes.
    pub fn changed(&self, words: &mut Words) -> Result<Announced> {
        let body = called(&self.announcements, words, "an announcement")?
            .body
            .clone();
        self.but(body, words)
    }

    /// `OBJECTS`: the announcement that the only one of them is.
    pub fn announced(&self, words: &mut Words) -> Result<Announced> {
        let (_, signed) = self.objects(words)?.only_one()?;
        let opened = open(self.world.root.public(), &self.world.account, &signed)?;
        Ok(Announced {
            body: opened.body,
            hash: opened.hash,
            signed,
        })
    }

    /// Changes, with commas between them, and the signature.
    fn but(&self, mut body: Announcement, words: &mut Words) -> Result<Announced> {
        let mut whose = Whose::default();
        let mut more = words.eat("but");
        while more {
            self.change(&mut body, &mut whose, words)?;
            more = words.eat(",");
        }
        let other = World::other()?;
        let account = |other_one: bool| match other_one {
            true => other.account,
            false => self.world.account,
        };
        let leaf = message::encode(&account(whose.message), body.clone());
        let signer = if whose.root { &other } else { &self.world };
        let mut signed = signer.sign_for(&account(whose.head), leaf.clone())?;
        if whose.altered {
            signed = flip(&signed, signed.len().saturating_sub(10));
        }
        let hash = message::hash(&leaf);
        Ok(Announced { body, hash, signed })
    }

    fn change(&self, body: &mut Announcement, whose: &mut Whose, words: &mut Words) -> Result<()> {
        let kind = |body: &mut Announcement, kind| body.keys.retain(|key| key.kind != kind);
        if words.eat("epoch") {
            body.epoch = words.number("an epoch")?;
        } else if words.eat("no predecessor") {
            body.previous = None;
        } else if words.eat("an unknown predecessor") {
            body.previous = Some(Bytes([1; 32]));
        } else if words.eat("issued") {
            body.issued = words.time()?;
        } else if words.eat("lease") {
            body.lease = words.length()?;
        } else if words.eat("after") {
            let before = called(&self.announcements, words, "an announcement")?;
            body.previous = Some(before.hash);
        } else if words.eat("roster 2") {
            body.roster = ROSTER;
        } else if words.eat("roster 3") {
            body.roster = self.world.roster_three(false)?.0;
        } else if words.eat("another roster 3") {
            body.roster = self.world.roster_three(true)?.0;
        } else if words.eat("camera key") {
            body.camera = Some(signing(words.number("the byte of a key")?)?.verifying_key());
        } else if words.eat("no camera") {
            body.camera = None;
        } else if words.eat("since epoch") {
            body.since.epoch = words.number("an epoch")?;
        } else if words.eat("since another clip") {
            body.since.clips = words.number("a number of clips")?;
            body.since.last = Some(Bytes([2; 32]));
        } else if words.eat("since clip") {
            body.since.clips = words.number("a number of clips")?;
            body.since.last = (body.since.clips > 0).then_some(Bytes([1; 32]));
        } else if words.eat("no owner key") {
            kind(body, Kind::Owner);
        } else if words.eat("no dsk") {
            kind(body, Kind::Dsk);
        } else if words.eat("no phones") {
            body.phones.clear();
        } else if words.eat("phone") {
            let phone = called(&self.phones, words, "a phone")?;
            body.phones.push(PhoneKeys {
                instance: KemSecret::from_bytes(&phone.instance)?.public(),
                lease: SigningKey::from_bytes(&phone.lease)?.verifying_key(),
            });
        } else if words.eat("tdsk") {
            let byte = words.number("the byte of a key")?;
            words.need("of")?;
            let (from, until) = words.span()?;
            body.keys
                .push(key(Kind::Tdsk, byte, Some(Window { from, until }))?);
        } else if words.eat("another backup") {
            body.backup = Bytes(sha256(b"other"));
        } else if words.eat("message of another account") {
            whose.message = true;
        } else if words.eat("head of another account") {
            whose.head = true;
        } else if words.eat("root of another account") {
            whose.root = true;
        } else if words.eat("its signature altered") {
            whose.altered = true;
        } else {
            return Err(words.expected("a change of an announcement"));
        }
        Ok(())
    }

    /// `NAME by PHONE until TIME [but …]`, `NAME by key BYTE until TIME [but …]`: a lease extension.
    pub fn lease(&self, words: &mut Words) -> Result<Vec<u8>> {
        let of = called(&self.announcements, words, "an announcement")?;
        words.need("by")?;
        let by = self.lease_key(words)?;
        words.need("until")?;
        let mut lease = Lease {
            camera: of
                .body
                .camera
                .ok_or_else(|| words.expected("an announcement with a camera"))?,
            stream: of.body.stream.clone(),
            announcement: of.hash,
            key: by.verifying_key(),
            until: words.time()?,
        };
        let mut account = self.world.account;
        if words.eat("but naming") {
            lease.key = self.lease_key(words)?.verifying_key();
        } else if words.eat("but camera key") {
            lease.camera = signing(words.number("the byte of a key")?)?.verifying_key();
        } else if words.eat("but stream") {
            lease.stream = name(&words.word("a stream")?)?;
        } else if words.eat("but of another account") {
            account = World::other()?.account;
        }
        Ok(lease::sign(&by, &account, lease)?)
    }

    /// `NUMBER of LENGTH [but camera key BYTE | but root of another account]`: a correction of a
    /// camera's clock.
    pub fn correction(&self, words: &mut Words) -> Result<Vec<u8>> {
        let count = words.number("the number of a correction")?;
        words.need("of")?;
        let mut correction = Correction {
            camera: self.world.camera.verifying_key(),
            count,
            back: words.length()?,
        };
        if words.eat("but camera key") {
            correction.camera = signing(words.number("the byte of a key")?)?.verifying_key();
        }
        let leaf = message::encode(&self.world.account, correction);
        match words.eat("but root of another account") {
            true => World::other()?.sign_for(&self.world.account, leaf),
            false => self.world.sign_for(&self.world.account, leaf),
        }
    }

    fn lease_key(&self, words: &mut Words) -> Result<SigningKey> {
        match words.eat("key") {
            true => signing(words.number("the byte of a key")?),
            false => Ok(SigningKey::from_bytes(
                &called(&self.phones, words, "a phone")?.lease,
            )?),
        }
    }

    /// The acknowledgement of the announcement that a camera is asked to take, from this clip and at
    /// this time of the camera.
    pub fn acknowledgement(&self, input: &Value, first: u64, time: Time) -> Result<Value> {
        let mut all = self.announcements.values();
        let taken = all.find(|one| hexed(&one.signed) == input["announcement"]);
        let taken = taken.ok_or_else(|| Error::Generate("this is no announcement".to_owned()))?;
        Ok(hexed(self.world.encode(Acknowledgement {
            camera: self.world.camera.verifying_key(),
            stream: taken.body.stream.clone(),
            epoch: taken.body.epoch,
            announcement: taken.hash,
            first,
            time,
            roster: taken.body.roster,
        })))
    }

    /// `under NAME for KEYS`: what a camera says of a clip that lies between these times.
    pub fn clip(
        &self,
        sequence: u64,
        (start, end): (Time, Time),
        words: &mut Words,
    ) -> Result<Value> {
        words.need("under")?;
        let under = called(&self.announcements, words, "an announcement")?;
        words.need("for")?;
        let mut recipients = Vec::new();
        loop {
            recipients.push(self.recipient(&under.body, words)?);
            if !words.eat(",") {
                break;
            }
        }
        Ok(json!({
            "sequence": sequence, "start": start, "end": end,
            "announcement": under.hash.to_string(), "recipients": recipients,
        }))
    }

    /// The short name of a key that is announced: `owner`, `dsk`, `tdsk BYTE`, or a phone's.
    fn recipient(&self, announced: &Announcement, words: &mut Words) -> Result<String> {
        let missing = words.expected("a key of this announcement");
        let mut keys = announced.keys.iter();
        let key = if words.eat("owner") {
            keys.find(|key| key.kind == Kind::Owner)
        } else if words.eat("dsk") {
            keys.find(|key| key.kind == Kind::Dsk)
        } else if words.eat("tdsk") {
            let public = kem(words.number("the byte of a key")?)?.public();
            keys.find(|key| key.kind == Kind::Tdsk && key.public == public)
        } else {
            let instance = &called(&self.phones, words, "a phone")?.instance;
            let public = KemSecret::from_bytes(instance)?.public();
            let mut phones = announced.phones.iter();
            let phone = phones.find(|phone| phone.instance == public);
            return phone
                .map(|phone| kem_id(&phone.instance).to_string())
                .ok_or(missing);
        };
        key.map(|key| kem_id(&key.public).to_string())
            .ok_or(missing)
    }
}

/// A key of a stream; its private half has 32 times this byte.
fn key(kind: Kind, byte: u8, window: Option<Window>) -> Result<StreamKey> {
    Ok(StreamKey {
        kind,
        window,
        public: kem(byte)?.public(),
    })
}
