//! Devices that remember, for sequences: cameras, members and phones, and the views of the cloud that
//! the provider gives them. Each goes by a name; `reset` forgets all of them.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clip::released;
use super::values::{Fixed, Hex, Nothing, Released, name, not, pinned, ring};
use super::{Done, Operation, Outcome, Refused};
use crate::camera::{Paired, Session};
use crate::cbor;
use crate::clip::{Manifest, OpenClip};
use crate::clock::{Clock, ManualClock};
use crate::cloud::{Cloud, ObjectCloud};
use crate::cose;
use crate::error::Error;
use crate::member::Member;
use crate::message::{self, AccountId, Time};
use crate::owner::Env;
use crate::pairing::Offer;
use crate::passphrase::Passphrase;
use crate::phone::{self, Phone};
use crate::view;

/// The devices and clouds of one sequence.
#[derive(Default)]
pub struct Devices {
    stores: BTreeMap<String, ObjectCloud>,
    cameras: BTreeMap<String, Camera>,
    members: BTreeMap<String, Member>,
    phones: BTreeMap<String, Phone>,
}

struct Camera {
    paired: Paired,
    sessions: BTreeMap<String, Session>,
}

fn here<'a, T>(all: &'a mut BTreeMap<String, T>, name: &str) -> Result<&'a mut T, Refused> {
    let missing = || Refused::Request(format!("there is no {name} here"));
    all.get_mut(name).ok_or_else(missing)
}

impl Devices {
    /// A view of the cloud, empty until something is put there.
    fn store(&mut self, name: &str) -> Result<&ObjectCloud, Refused> {
        if !self.stores.contains_key(name) {
            self.stores.insert(name.to_owned(), ObjectCloud::memory()?);
        }
        Ok(here(&mut self.stores, name)?)
    }
}

/// A device's two clocks.
struct Clocks {
    wall: Time,
    monotonic: Time,
}

impl Clock for Clocks {
    fn wall(&self) -> Time {
        self.wall
    }

    fn monotonic(&self) -> Time {
        self.monotonic
    }
}

/// Forgets all devices and clouds: a sequence starts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {}

impl Operation for Reset {
    const NAME: &'static str = "reset";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        *devices = Devices::default();
        Ok(Nothing {}.into())
    }
}

/// Puts objects into a view of the cloud, over what is there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorePut {
    /// The view, which is made if it is not there.
    store: String,
    /// The objects.
    objects: Vec<Object>,
}

/// An object in the cloud.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Object {
    /// Where it lies (SPEC section "Store").
    path: String,
    /// Its bytes.
    bytes: Hex,
}

impl Operation for StorePut {
    const NAME: &'static str = "store-put";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let store = devices.store(&self.store)?;
        for object in &self.objects {
            store.put(&object.path, &object.bytes.0)?;
        }
        Ok(Nothing {}.into())
    }
}

/// Removes objects from a view of the cloud.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreRemove {
    /// The view.
    store: String,
    /// Where the objects lie.
    paths: Vec<String>,
}

impl Operation for StoreRemove {
    const NAME: &'static str = "store-remove";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let store = devices.store(&self.store)?;
        for path in &self.paths {
            store.delete(path)?;
        }
        Ok(Nothing {}.into())
    }
}

// ---------------------------------------------------------------- cameras

/// A camera that has taken a pairing offer and has its root, and has seen no announcement.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraNew {
    /// What it goes by here.
    device: String,
    /// The text of the offer.
    offer: String,
    /// The account's root.
    root: Hex,
    /// The private half of its signing key.
    key: Fixed<32>,
    /// Its streams.
    streams: Vec<String>,
    /// Its wall clock.
    wall: u64,
    /// Its monotonic counter.
    monotonic: u64,
}

impl Operation for CameraNew {
    const NAME: &'static str = "camera-new";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let offer = Offer::from_text(&self.offer)?;
        offer.check_age(clock.wall)?;
        let streams: Result<_, _> = self.streams.iter().map(|s| name(s)).collect();
        let mut paired = Paired::new(&offer, self.key.signing()?, streams?, &clock);
        paired.take_root(&self.root.0)?;
        let sessions = BTreeMap::new();
        let camera = Camera { paired, sessions };
        devices.cameras.insert(self.device, camera);
        Ok(Nothing {}.into())
    }
}

/// Gives a camera an announcement.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraAccept {
    /// The camera.
    device: String,
    /// Its wall clock.
    wall: u64,
    /// Its monotonic counter.
    monotonic: u64,
    /// The announcement, a statement.
    announcement: Hex,
}

/// What a camera says to an announcement.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Accepted {
    /// The message in its acknowledgement, `null` where it is the one in force.
    acknowledgement: Option<Hex>,
}

impl Operation for CameraAccept {
    const NAME: &'static str = "camera-accept";
    type Output = Accepted;

    fn run(self, devices: &mut Devices) -> Outcome<Accepted> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let camera = &mut here(&mut devices.cameras, &self.device)?.paired;
        let signed = camera.accept(&self.announcement.0, &clock)?;
        let payload = signed.map(|signed| cose::unverified_payload(&signed));
        let acknowledgement = payload.transpose()?.map(Hex);
        Ok(Accepted { acknowledgement }.into())
    }
}

/// Gives a camera a lease extension.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraExtend {
    /// The camera.
    device: String,
    /// Its wall clock.
    wall: u64,
    /// Its monotonic counter.
    monotonic: u64,
    /// The lease, `COSE_Sign1`.
    lease: Hex,
}

impl Operation for CameraExtend {
    const NAME: &'static str = "camera-extend";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let camera = &mut here(&mut devices.cameras, &self.device)?.paired;
        camera.extend(&self.lease.0, &clock)?;
        Ok(Nothing {}.into())
    }
}

/// Lets a camera begin a session. It has one at a time of each stream.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraBegin {
    /// The camera.
    device: String,
    /// The stream.
    stream: String,
    /// Its wall clock.
    wall: u64,
    /// Its monotonic counter.
    monotonic: u64,
}

impl Operation for CameraBegin {
    const NAME: &'static str = "camera-begin";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let Camera { paired, sessions } = here(&mut devices.cameras, &self.device)?;
        // What is random here is told to nobody.
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let session = paired.begin(&name(&self.stream)?, &clock, &mut rng)?;
        sessions.insert(self.stream, session);
        Ok(Nothing {}.into())
    }
}

/// Lets a camera end the session of a stream: it wraps the session key and signs the manifest.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraFinish {
    /// The camera.
    device: String,
    /// The stream.
    stream: String,
    /// Its wall clock.
    wall: u64,
    /// Its monotonic counter.
    monotonic: u64,
}

/// What a camera recorded: what of the manifest is not random.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Recorded {
    /// The clip's number.
    sequence: u64,
    /// When the session began, by the camera's time.
    start: u64,
    /// When it ended.
    end: u64,
    /// The hash of the announcement in force.
    announcement: Fixed<32>,
    /// The short names of the keys that it is wrapped for, in their order.
    recipients: Vec<Fixed<16>>,
}

impl Operation for CameraFinish {
    const NAME: &'static str = "camera-finish";
    type Output = Recorded;

    fn run(self, devices: &mut Devices) -> Outcome<Recorded> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let Camera { paired, sessions } = here(&mut devices.cameras, &self.device)?;
        let session = sessions.remove(&self.stream);
        let session = session.ok_or_else(|| not("a stream that is being recorded"))?;
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let recorded = paired.finish(session, &clock, &mut rng)?;
        let payload = cose::unverified_payload(&recorded.manifest)?;
        let manifest: Manifest = message::decode(paired.account(), &payload)?;
        let recipients = manifest.envelopes.iter().map(|e| e.recipient.into());
        Ok(Recorded {
            sequence: manifest.sequence,
            start: manifest.start,
            end: manifest.end,
            announcement: manifest.announcement.into(),
            recipients: recipients.collect(),
        }
        .into())
    }
}

/// Asks a camera for its time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraTime {
    /// The camera.
    device: String,
    /// Its wall clock.
    wall: u64,
    /// Its monotonic counter.
    monotonic: u64,
}

/// A camera's time.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CameraSays {
    /// The time.
    time: u64,
}

impl Operation for CameraTime {
    const NAME: &'static str = "camera-time";
    type Output = CameraSays;

    fn run(self, devices: &mut Devices) -> Outcome<CameraSays> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let camera = &mut here(&mut devices.cameras, &self.device)?.paired;
        let time = camera.now(&clock);
        Ok(CameraSays { time }.into())
    }
}

/// Switches a camera off and on: it goes on with what it stored. A session is gone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraRestart {
    /// The camera.
    device: String,
    /// Its wall clock when it is on again.
    wall: u64,
    /// Its monotonic counter, which starts anew.
    monotonic: u64,
}

impl Operation for CameraRestart {
    const NAME: &'static str = "camera-restart";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let camera = here(&mut devices.cameras, &self.device)?;
        let stored = cbor::encode(&camera.paired.to_state());
        camera.paired = Paired::from_state(cbor::decode(&stored)?, &clock)?;
        camera.sessions.clear();
        Ok(Nothing {}.into())
    }
}

// ---------------------------------------------------------------- members

/// A member with nothing but its own key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberNew {
    /// What it goes by here.
    device: String,
    /// The private half of its key.
    key: Fixed<32>,
}

impl Operation for MemberNew {
    const NAME: &'static str = "member-new";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let member = Member::with_key(name(&self.device)?, self.key.decrypting()?);
        devices.members.insert(self.device, member);
        Ok(Nothing {}.into())
    }
}

/// Lets a member pin an account after it compared safety numbers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberPin {
    /// The member.
    device: String,
    /// The account.
    account: Fixed<32>,
    /// What the owner read out.
    told: String,
}

impl Operation for MemberPin {
    const NAME: &'static str = "member-pin";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let member = here(&mut devices.members, &self.device)?;
        member.pin(self.account.into(), &self.told)?;
        Ok(Nothing {}.into())
    }
}

/// Hands a member a proximity payload.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberTouch {
    /// The member.
    device: String,
    /// The payload.
    payload: Hex,
}

impl Operation for MemberTouch {
    const NAME: &'static str = "member-touch";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        here(&mut devices.members, &self.device)?.touch(&self.payload.0)?;
        Ok(Nothing {}.into())
    }
}

/// Lets a member read what is new in a view of the cloud.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberSync {
    /// The member.
    device: String,
    /// The view.
    store: String,
}

/// What a member found.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct News {
    /// How many introductions it accepted.
    introductions: usize,
    /// How many private keys it accepted.
    grants: usize,
    /// The reasons for which it refused anything, each once, ascending.
    refused: BTreeSet<String>,
}

impl Operation for MemberSync {
    const NAME: &'static str = "member-sync";
    type Output = News;

    fn run(self, devices: &mut Devices) -> Outcome<News> {
        devices.store(&self.store)?;
        let store = here(&mut devices.stores, &self.store)?;
        let news = here(&mut devices.members, &self.device)?.sync(store)?;
        let reason = |(_, error): &(String, Error)| error.reason().to_owned();
        Ok(News {
            introductions: news.introductions,
            grants: news.grants,
            refused: news.refused.iter().map(reason).collect(),
        }
        .into())
    }
}

/// Lets a member view a clip.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberView {
    /// The member.
    device: String,
    /// The view of the cloud.
    store: String,
    /// The account.
    account: Fixed<32>,
    /// The stream.
    stream: String,
    /// The clip's number.
    sequence: u64,
}

/// What is shown of a clip.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Viewed {
    /// How many bytes of plaintext.
    released: u64,
    /// SHA-256 over them.
    sha256: Fixed<32>,
    /// Is this a new event? A clip is shown as one once.
    new: bool,
}

fn viewed(
    store: &dyn Cloud,
    account: &AccountId,
    clip: &OpenClip,
    show: impl FnOnce(&Manifest) -> bool,
) -> Outcome<Viewed> {
    let Done {
        output: Released { released, sha256 },
        ..
    } = released(|out| view::read(store, account, clip, 0, out))?;
    let new = show(&clip.manifest);
    Ok(Done::from(Viewed {
        released,
        sha256,
        new,
    }))
}

impl Operation for MemberView {
    const NAME: &'static str = "member-view";
    type Output = Viewed;

    fn run(self, devices: &mut Devices) -> Outcome<Viewed> {
        let store = here(&mut devices.stores, &self.store)?;
        let member = here(&mut devices.members, &self.device)?;
        let (account, stream) = (self.account.into(), name(&self.stream)?);
        let clip = member.open(store, &account, &stream, self.sequence)?;
        viewed(store, &account, &clip, |m| member.show(&account, m))
    }
}

/// Switches a member's device off and on: it goes on with what it stored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberRestart {
    /// The member.
    device: String,
}

impl Operation for MemberRestart {
    const NAME: &'static str = "member-restart";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let member = here(&mut devices.members, &self.device)?;
        let stored = cbor::encode(&member.to_state());
        *member = Member::from_state(cbor::decode(&stored)?)?;
        Ok(Nothing {}.into())
    }
}

// ---------------------------------------------------------------- phones

/// A phone of the owner that is on the roster, and has seen nothing but its vault.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneNew {
    /// What it goes by here.
    device: String,
    /// The pinned root.
    root: Hex,
    /// The private half of its instance key.
    instance: Fixed<32>,
    /// The private half of its lease key.
    lease: Fixed<32>,
    /// The keys of the ring that it has, oldest first.
    ring: Vec<Fixed<32>>,
    /// The latest vault that it has seen.
    vault: u64,
}

impl Operation for PhoneNew {
    const NAME: &'static str = "phone-new";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let (root, account) = pinned(&self.root)?;
        let phone = Phone {
            name: name(&self.device)?,
            account,
            root,
            instance: self.instance.decrypting()?,
            lease: self.lease.signing()?,
            ring: ring(&self.ring),
            vault: self.vault,
            roster: None,
            streams: BTreeMap::new(),
            outbox: Vec::new(),
        };
        devices.phones.insert(self.device, phone);
        Ok(Nothing {}.into())
    }
}

/// Lets a phone read what is new in a view of the cloud: rosters, ring, announcements.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneSync {
    /// The phone.
    device: String,
    /// The view.
    store: String,
}

impl Operation for PhoneSync {
    const NAME: &'static str = "phone-sync";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        devices.store(&self.store)?;
        let store = here(&mut devices.stores, &self.store)?;
        here(&mut devices.phones, &self.device)?.sync(store)?;
        Ok(Nothing {}.into())
    }
}

/// Lets a phone read what is new and open the newest vault with the passphrase.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneUnlock {
    /// The phone.
    device: String,
    /// The view of the cloud.
    store: String,
    /// The passphrase as it was typed.
    passphrase: String,
}

impl Operation for PhoneUnlock {
    const NAME: &'static str = "phone-unlock";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let store = here(&mut devices.stores, &self.store)?;
        let phone = here(&mut devices.phones, &self.device)?;
        let passphrase = Passphrase::parse(&self.passphrase)?;
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let env = Env {
            cloud: &*store,
            now: ManualClock::default().wall(),
            save: &|_| Ok(()),
            rng: &mut rng,
        };
        phone.unlock(&passphrase, &env)?;
        Ok(Nothing {}.into())
    }
}

/// Asks a phone what is announced, and what of it is in effect.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneStatus {
    /// The phone.
    device: String,
    /// The view of the cloud.
    store: String,
}

/// What a phone knows.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Status {
    /// Its streams, ascending by name.
    streams: Vec<StreamStatus>,
}

/// What a phone knows of a stream.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct StreamStatus {
    /// The stream.
    stream: String,
    /// The epoch of the latest announcement.
    epoch: u64,
    /// Has the camera acknowledged it? Only then is a revocation in effect.
    in_effect: bool,
}

impl Operation for PhoneStatus {
    const NAME: &'static str = "phone-status";
    type Output = Status;

    fn run(self, devices: &mut Devices) -> Outcome<Status> {
        let store = here(&mut devices.stores, &self.store)?;
        let all = here(&mut devices.phones, &self.device)?.status(store)?;
        let stream = |status: &phone::StreamStatus| StreamStatus {
            stream: status.stream.to_string(),
            epoch: status.head.epoch,
            in_effect: status.acknowledged.is_some(),
        };
        let streams = all.iter().map(stream).collect();
        Ok(Status { streams }.into())
    }
}

/// Lets a phone compare what the cloud shows with a checkpoint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneCheck {
    /// The phone.
    device: String,
    /// The view of the cloud.
    store: String,
    /// The checkpoint's text.
    checkpoint: String,
}

impl Operation for PhoneCheck {
    const NAME: &'static str = "phone-check";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let store = here(&mut devices.stores, &self.store)?;
        let phone = here(&mut devices.phones, &self.device)?;
        let checkpoint = phone::checkpoint_from_text(phone.account(), &self.checkpoint)?;
        phone.check(store, &checkpoint)?;
        Ok(Nothing {}.into())
    }
}

/// Lets a phone view a clip.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneView {
    /// The phone.
    device: String,
    /// The view of the cloud.
    store: String,
    /// The stream.
    stream: String,
    /// The clip's number.
    sequence: u64,
}

impl Operation for PhoneView {
    const NAME: &'static str = "phone-view";
    type Output = Viewed;

    fn run(self, devices: &mut Devices) -> Outcome<Viewed> {
        let store = here(&mut devices.stores, &self.store)?;
        let phone = here(&mut devices.phones, &self.device)?;
        let (account, stream) = (*phone.account(), name(&self.stream)?);
        let clip = phone.open(store, &stream, self.sequence)?;
        viewed(store, &account, &clip, |m| phone.show(m))
    }
}

/// Switches a phone off and on: it goes on with what it stored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneRestart {
    /// The phone.
    device: String,
}

impl Operation for PhoneRestart {
    const NAME: &'static str = "phone-restart";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let phone = here(&mut devices.phones, &self.device)?;
        let stored = cbor::encode(&phone.to_state());
        *phone = Phone::from_state(cbor::decode(&stored)?)?;
        Ok(Nothing {}.into())
    }
}
