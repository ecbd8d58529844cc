//! The household: every device with its own clock and its own seat at the cloud, and what is true of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use encryptediot::Result;
use encryptediot::announcement::Head;
use encryptediot::camera::{Paired, Unpaired};
use encryptediot::clip::Manifest;
use encryptediot::clock::ManualClock;
use encryptediot::crypto::{RsaPublic, RsaSigningKey};
use encryptediot::keys::{KeyId, Name, verifying_id};
use encryptediot::member::Member;
use encryptediot::message::{AccountId, Hash, Time};
use encryptediot::owner::{self, Env};
use encryptediot::pairing::{Offer, OfferId};
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::Phone;
use encryptediot::uplink;
use encryptediot::vault::{Opened, Pdk, Ring, Work};
use encryptediot_testkit::keys::ACCOUNT;
use encryptediot_testkit::{
    load_camera, load_member, load_phone, n, ns, rng, store_camera, store_member, store_phone,
};
use rand_chacha::ChaCha20Rng;

use super::facts::Facts;
use super::ledger::{Intent, Ledger};
use super::op::{CAMERA, CAMERAS, DEVICES, FIRST_CAMERAS, FIRST_PHONES, MEMBER, MEMBERS, PHONES};
use super::provider::{Device, Provider, Seat};

/// When histories begin.
pub const BEGIN: Time = 1_800_000_000_000;
pub const MINUTE: Time = 60_000;
pub const HOUR: Time = 60 * MINUTE;

/// From this number on there are cameras that were replaced, and copies.
pub const FORMER: usize = 100;

/// The number of a camera as a device.
pub fn device_of(camera: usize) -> Device {
    match camera < FORMER {
        true => CAMERA + camera,
        false => DEVICES.len() + camera,
    }
}

/// What a camera obeys on a stream, and since when by the true time.
#[derive(Clone, Copy)]
pub struct Obeyed {
    pub head: Head,
    /// When members' keys end at the latest, by the true time.
    pub ends: Time,
}

/// A camera, and what is true of it.
pub struct Camera {
    pub device: Paired,
    pub clock: ManualClock,
    /// How far its wall clock is ahead.
    pub ahead: i64,
    /// Whether its wall clock was never wrong when that mattered.
    pub right: bool,
    pub obeyed: BTreeMap<Name, Vec<Obeyed>>,
    /// The phones whose loss the evidence told that it was paired with.
    pub told: BTreeSet<Device>,
    /// An answer that it gave to an earlier challenge.
    pub answer: Option<Vec<u8>>,
    /// Whether a phone has retired it.
    pub retired: bool,
    /// Whether it is the adversary's copy.
    pub copied: bool,
}

/// A phone, and what is true of it.
pub struct Held {
    pub device: Phone,
    pub ahead: i64,
    /// What the owner meant by an act that the phone has still to write.
    pub owed: Intent,
    /// Its latest offer, when it made it by its own clock, and the cameras that were paired by it.
    pub offer: Option<(Offer, Time)>,
    pub paired: BTreeMap<OfferId, BTreeSet<KeyId>>,
    pub passphrase: usize,
}

/// A clip as it was recorded.
pub struct Recorded {
    pub stream: Name,
    pub sequence: u64,
    pub bytes: Vec<u8>,
    /// By the true time.
    pub start: Time,
    pub end: Time,
    /// What was in force at its end.
    pub under: Hash,
    /// Until when members' keys served then, by the true time.
    pub served: Time,
    /// Whether something was obeyed while it was recorded.
    pub changed: bool,
    /// Whether the camera's clock was right.
    pub right: bool,
    /// The phones whose loss the camera obeyed on this stream, or was paired after.
    pub lost: BTreeSet<Device>,
    pub manifest: Manifest,
    pub manifest_hash: Hash,
    /// The camera, by its key, and whether this is the adversary's copy of it.
    pub by: KeyId,
    pub copied: bool,
}

/// A household and its provider.
pub struct House {
    pub provider: Provider,
    pub account: AccountId,
    pub root: RsaPublic,
    pub rng: ChaCha20Rng,
    /// The true time.
    pub now: Time,
    pub phones: BTreeMap<Device, Held>,
    /// What a thief has of each phone that is lost.
    pub stolen: BTreeMap<Device, Vec<u8>>,
    pub cameras: BTreeMap<usize, Camera>,
    /// Whose place the cameras from [`FORMER`] on had, or may take.
    pub places: BTreeMap<usize, usize>,
    pub members: Vec<Member>,
    pub passphrases: Vec<Passphrase>,
    pub ledger: Ledger,
    pub clips: Vec<Recorded>,
    /// What was done, for the models' lemmas.
    pub facts: Facts,
    /// What is wrong.
    pub wrong: BTreeSet<String>,
    /// What each phone had verified last: its roster, and the announcement of each stream.
    pub verified: BTreeMap<Device, BTreeMap<Option<Name>, Hash>>,
    /// What happened that is worth a word: how often.
    pub noted: BTreeMap<&'static str, u64>,
}

/// What every history begins with, as the devices stored it.
struct Begun {
    provider: Provider,
    account: AccountId,
    root: RsaPublic,
    phones: Vec<Vec<u8>>,
    cameras: Vec<Vec<u8>>,
    members: Vec<Vec<u8>>,
    passphrase: String,
    ledger: Ledger,
}

fn begin() -> Result<Begun> {
    let (provider, mut rng) = (Provider::default(), rng(1));
    let passphrase = Passphrase::generate(&mut rng);
    let digits: String = ACCOUNT.split_whitespace().collect();
    let key = RsaSigningKey::from_pkcs8(&hex::decode(digits).unwrap_or_default())?;
    let root = key.public().clone();
    let opened = Opened {
        signing_key: key,
        ring: Ring::generate(&mut rng),
        pdk: Pdk::derive(&passphrase, Work::LEAST, &mut rng)?,
    };
    let mut first = owner::create_account_of(n(PHONES[0]), opened, BEGIN, &mut rng)?;
    first.sync(&provider.seat(0))?;
    let account = *first.account();
    let mut cameras = Vec::new();
    for (number, (name, streams)) in CAMERAS[..FIRST_CAMERAS].iter().enumerate() {
        let (offer, clock) = (Offer::new(account, BEGIN, &mut rng), ManualClock::at(BEGIN));
        let (mut camera, reply) = Unpaired::new(ns(streams)).pair(&offer, &clock, &mut rng)?;
        let (seat, passphrase) = (provider.seat(0), &passphrase);
        with(
            &mut first,
            &seat,
            BEGIN,
            &mut rng,
            passphrase,
            |owner, env| owner.add_camera(n(name), &offer, &reply, None, env),
        )?;
        uplink::sync(
            &mut camera,
            &provider.seat(CAMERA + number),
            &clock,
            &|_| Ok(()),
        )?;
        cameras.push(camera);
    }
    let mut phones = vec![first];
    for (number, name) in PHONES[..FIRST_PHONES].iter().enumerate().skip(1) {
        let seat = provider.seat(number);
        let mut env = Env {
            cloud: &seat,
            now: BEGIN,
            save: &|_| Ok(()),
            rng: &mut rng,
        };
        phones.push(owner::enroll(
            n(name),
            account,
            &passphrase,
            None,
            &mut env,
        )?);
    }
    for (number, phone) in phones.iter_mut().enumerate() {
        phone.sync(&provider.seat(number))?;
    }
    for (number, camera) in cameras.iter_mut().enumerate() {
        let seat = provider.seat(CAMERA + number);
        uplink::sync(camera, &seat, &ManualClock::at(BEGIN), &|_| Ok(()))?;
    }
    let mut members = Vec::new();
    for name in MEMBERS {
        let mut member = Member::generate(n(name), &mut rng)?;
        let number = encryptediot::contact::safety_number(&account, &member.card().key);
        member.pin(account, &number)?;
        members.push(store_member(&member));
    }
    let mut ledger = Ledger::default();
    ledger.take(&account, &provider.written(), &Intent::Nothing);
    Ok(Begun {
        provider,
        account,
        root,
        phones: phones.iter().map(store_phone).collect(),
        cameras: cameras.iter().map(store_camera).collect(),
        members,
        passphrase: passphrase.words().to_owned(),
        ledger,
    })
}

/// Lets a phone act with the passphrase.
pub fn with<T>(
    phone: &mut Phone,
    cloud: &Seat,
    now: Time,
    rng: &mut ChaCha20Rng,
    passphrase: &Passphrase,
    act: impl FnOnce(&mut owner::Owner<'_>, &mut Env<'_>) -> Result<T>,
) -> Result<T> {
    let mut env = Env {
        cloud,
        now,
        save: &|_| Ok(()),
        rng,
    };
    let mut owner = phone.unlock(passphrase, &env)?;
    act(&mut owner, &mut env)
}

impl Held {
    /// A phone whose clock is right.
    pub fn new(device: Phone, passphrase: usize) -> Self {
        Self {
            device,
            ahead: 0,
            owed: Intent::Nothing,
            offer: None,
            paired: BTreeMap::new(),
            passphrase,
        }
    }
}

impl Camera {
    /// A camera that was paired just now.
    pub fn new(device: Paired, clock: ManualClock, ahead: i64, told: BTreeSet<Device>) -> Self {
        Self {
            device,
            clock,
            ahead,
            right: ahead == 0,
            obeyed: BTreeMap::new(),
            told,
            answer: None,
            retired: false,
            copied: false,
        }
    }

    /// The key by its short name.
    pub fn id(&self) -> KeyId {
        verifying_id(&self.device.verifying_key())
    }

    /// What is in force on a stream.
    pub fn in_force(&self, stream: &Name) -> Option<Obeyed> {
        self.obeyed.get(stream)?.last().copied()
    }
}

static BEGUN: OnceLock<std::result::Result<Begun, String>> = OnceLock::new();

impl House {
    /// The household that every history begins with: three phones, two cameras, three members who have nothing yet.
    ///
    /// # Errors
    /// If it cannot be furnished.
    pub fn new(seed: u64) -> std::result::Result<Self, String> {
        let begun = BEGUN.get_or_init(|| begin().map_err(|error| error.to_string()));
        let begun = begun.as_ref().map_err(Clone::clone)?;
        let phones = begun.phones.iter().map(|bytes| load_phone(bytes));
        let mut house = Self {
            provider: begun.provider.copied(),
            account: begun.account,
            root: begun.root.clone(),
            rng: rng(seed),
            now: BEGIN,
            phones: phones
                .map(|phone| Held::new(phone, 0))
                .enumerate()
                .collect(),
            stolen: BTreeMap::new(),
            cameras: BTreeMap::new(),
            places: BTreeMap::new(),
            members: begun
                .members
                .iter()
                .map(|bytes| load_member(bytes))
                .collect(),
            passphrases: Passphrase::parse(&begun.passphrase).into_iter().collect(),
            ledger: begun.ledger.clone(),
            clips: Vec::new(),
            facts: Facts::default(),
            wrong: BTreeSet::new(),
            verified: BTreeMap::new(),
            noted: BTreeMap::new(),
        };
        for (number, bytes) in begun.cameras.iter().enumerate() {
            let clock = ManualClock::at(BEGIN);
            let device = load_camera(bytes, &clock);
            let mut camera = Camera::new(device, clock, 0, BTreeSet::new());
            for stream in CAMERAS[number].1 {
                let (stream, device) = (n(stream), &camera.device);
                let lease = device.lease_until(&stream).unwrap_or_default();
                let obeyed = device
                    .head(&stream)
                    .map(|head| Obeyed { head, ends: lease });
                camera.obeyed.insert(stream, obeyed.into_iter().collect());
            }
            house.cameras.insert(number, camera);
        }
        Ok(house)
    }

    /// Lets time pass.
    pub fn pass(&mut self, milliseconds: Time) {
        self.now += milliseconds;
        for camera in self.cameras.values() {
            camera.clock.advance(milliseconds);
        }
    }

    /// The time by a phone's clock.
    pub fn clock_of(&self, phone: Device) -> Time {
        let ahead = self.phones.get(&phone).map_or(0, |held| held.ahead);
        self.now.saturating_add_signed(ahead)
    }

    /// The phones that are enrolled and that the owner still has.
    pub fn in_hand(&self) -> Vec<Device> {
        let phones = self.phones.keys().copied();
        phones
            .filter(|phone| !self.stolen.contains_key(phone))
            .collect()
    }

    /// A device starts again from what it stored.
    pub fn restart(&mut self, device: Device) {
        if let Some(held) = self.phones.get_mut(&device) {
            held.device = load_phone(&store_phone(&held.device));
        } else if let Some(member) = device
            .checked_sub(MEMBER)
            .and_then(|at| self.members.get_mut(at))
        {
            *member = load_member(&store_member(member));
        } else if let Some(camera) = self.cameras.get_mut(&device.wrapping_sub(CAMERA)) {
            camera.device.now(&camera.clock);
            camera.device = load_camera(&store_camera(&camera.device), &camera.clock);
        }
    }
}
