//! A camera `door` and announcements made for it by hand: what no owner would make is among them.

use std::collections::BTreeMap;

use encryptediot::acknowledgement::Acknowledgement;
use encryptediot::announcement::{Announcement, Kind, StreamKey, Window};
use encryptediot::cbor::Bytes;
use encryptediot::crypto::SigningKey;
use encryptediot::keys::kem_id;
use encryptediot::lease::{self, Lease};
use encryptediot::message::{self, Hash, Time};
use encryptediot::pairing::Offer;
use encryptediot_testkit::household::name;
use serde_json::{Value, json};

use super::super::super::{Error, Result};
use super::super::world::{START, World, kem, rng, x};
use super::home::Facts;
use super::play::Play;

/// How long leases are here, unless it is said otherwise.
pub const LEASE: Time = 3_600_000;

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

/// The camera `door` with the streams `x` and `y`, and those who speak to it.
pub struct Door {
    /// The account's keys.
    pub world: World,
    facts: Facts,
}

/// A window from the start of everything.
pub fn window(from: Time, until: Time) -> Window {
    Window {
        from: START + from,
        until: START + until,
    }
}

/// A TDSK whose private half has 32 times this byte.
pub fn tdsk(byte: u8, window: Window) -> Result<StreamKey> {
    Ok(StreamKey {
        kind: Kind::Tdsk,
        window: Some(window),
        public: kem(byte)?.public(),
    })
}

impl Door {
    /// The camera, its offer made at the start of everything.
    pub fn new() -> Result<Self> {
        let world = World::new()?;
        let offer = Offer::new(world.account, START, &mut rng(40));
        let streams = vec!["x".to_owned(), "y".to_owned()];
        let door = (offer.to_text(), [5; 32], streams);
        let facts = Facts {
            account: hex::encode(world.account.0),
            root: hex::encode(world.root_bytes()),
            phones: BTreeMap::from([("phone".to_owned(), ([7; 32], [6; 32]))]),
            members: BTreeMap::new(),
            cameras: BTreeMap::from([("door".to_owned(), door)]),
        };
        Ok(Self { world, facts })
    }

    /// What devices are made of.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A sequence about the camera.
    pub fn play(&self) -> Play {
        Play::new(self.facts.clone())
    }

    /// An announcement of `x` by hand: the one after `before`, with the owner's key and a DSK, issued
    /// so long after the start of everything; then changed.
    pub fn announce(
        &self,
        before: Option<&Announced>,
        issued: Time,
        change: impl FnOnce(&mut Announcement) -> Result<()>,
    ) -> Result<Announced> {
        let epoch = before.map_or(0, |b| b.body.epoch) + 1;
        let dsk = 40_u8.saturating_add(u8::try_from(epoch).unwrap_or(u8::MAX));
        let key = |kind, byte| -> Result<_> {
            let (window, public) = (None, kem(byte)?.public());
            Ok(StreamKey {
                kind,
                window,
                public,
            })
        };
        let mut body = Announcement {
            camera: self.world.camera.verifying_key(),
            stream: x()?,
            epoch,
            previous: before.map(|b| b.hash),
            issued: START + issued,
            lease: LEASE,
            phones: vec![self.world.phone_keys()],
            keys: vec![key(Kind::Owner, 9)?, key(Kind::Dsk, dsk)?],
            backup: Bytes([13; 32]),
            shard_bits: 0,
        };
        change(&mut body)?;
        let leaf = self.world.encode(body.clone());
        Ok(Announced {
            body,
            hash: message::hash(&leaf),
            signed: self.world.sign(leaf)?,
        })
    }

    /// The announcement as it comes.
    pub fn next(&self, before: Option<&Announced>, issued: Time) -> Result<Announced> {
        self.announce(before, issued, |_| Ok(()))
    }

    /// The first announcement of another stream.
    pub fn first_of(&self, stream: &str, issued: Time) -> Result<Announced> {
        self.announce(None, issued, |a| {
            a.stream = name(stream)?;
            Ok(())
        })
    }

    /// The acknowledgement of an announcement: the first clip under it, and the camera's time.
    pub fn ack(&self, of: &Announced, first: u64, time: Time) -> Vec<u8> {
        self.world.encode(Acknowledgement {
            camera: of.body.camera,
            stream: of.body.stream.clone(),
            epoch: of.body.epoch,
            announcement: of.hash,
            first,
            time,
        })
    }

    /// A lease extension until so long after the start, by a key; then changed.
    pub fn lease(
        &self,
        of: &Announced,
        by: &SigningKey,
        until: Time,
        change: impl FnOnce(&mut Lease) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let mut lease = Lease {
            camera: of.body.camera,
            stream: of.body.stream.clone(),
            announcement: of.hash,
            key: by.verifying_key(),
            until: START + until,
        };
        change(&mut lease)?;
        Ok(lease::sign(by, &self.world.account, lease)?)
    }

    /// The lease extension of the phone.
    pub fn phones_lease(&self, of: &Announced, until: Time) -> Result<Vec<u8>> {
        self.lease(of, &self.world.lease, until, |_| Ok(()))
    }
}

/// What a camera says of a session that lay between these times after the start of everything, and was
/// wrapped for these: `phone 0`, `owner`, `dsk`, `tdsk 0` …, as the announcement lists them.
pub fn clip(
    sequence: u64,
    (start, end): (Time, Time),
    under: &Announced,
    recipients: &[&str],
) -> Result<Value> {
    let named = recipients.iter().map(|who| recipient(&under.body, who));
    let named: Result<Vec<String>> = named.collect();
    Ok(json!({
        "sequence": sequence, "start": START + start, "end": START + end,
        "announcement": under.hash.to_string(), "recipients": named?,
    }))
}

/// The short name of a key of an announcement.
fn recipient(announced: &Announcement, who: &str) -> Result<String> {
    let missing = || Error::Generate(format!("no {who} is announced"));
    let (kind, number) = who.split_once(' ').unwrap_or((who, "0"));
    let number: usize = number.parse().map_err(|_| missing())?;
    let of = |kind| announced.keys.iter().filter(move |key| key.kind == kind);
    let key = match kind {
        "phone" => announced.phones.get(number).map(|phone| phone.instance),
        "owner" => of(Kind::Owner).next().map(|key| key.public),
        "dsk" => of(Kind::Dsk).next().map(|key| key.public),
        "tdsk" => of(Kind::Tdsk).nth(number).map(|key| key.public),
        _ => None,
    };
    Ok(kem_id(&key.ok_or_else(missing)?).to_string())
}

/// For the owner alone.
pub const ALONE: &[&str] = &["phone 0", "owner"];

/// For the owner and who has the DSK.
pub const SHARED: &[&str] = &["phone 0", "owner", "dsk"];
