//! Cameras (SPEC sections "What the camera checks", "Time", "What the camera does").

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Outcome;
use super::super::values::{Fixed, Hex, Nothing, name, not};
use super::{Devices, Text, here};
use encryptediot::announcement::Head;
use encryptediot::camera::{self, Paired, Recorded, Session};
use encryptediot::cbor;
use encryptediot::clip::Manifest;
use encryptediot::clock::Clock;
use encryptediot::cose;
use encryptediot::crypto::sha256_concat;
use encryptediot::error::Error;
use encryptediot::keys::Name;
use encryptediot::message::{self, Time};
use encryptediot::pairing::Offer;
use encryptediot::uplink;

/// A camera with the sessions that it records, and the finished ones that it owes to the cloud.
pub struct Camera {
    paired: Paired,
    sessions: BTreeMap<String, Session>,
    owed: Vec<Recorded>,
}

/// A device's two clocks.
struct Clocks {
    wall: Time,
    monotonic: Time,
}

impl Clocks {
    fn new(wall: Time, monotonic: Time) -> Self {
        Self { wall, monotonic }
    }
}

impl Clock for Clocks {
    fn wall(&self) -> Time {
        self.wall
    }

    fn monotonic(&self) -> Time {
        self.monotonic
    }
}

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

pub fn camera_new(input: CameraNew, devices: &mut Devices) -> Outcome<Nothing> {
    let clock = Clocks::new(input.wall, input.monotonic);
    let offer = Offer::from_text(&input.offer)?;
    offer.check_age(clock.wall)?;
    let streams: Result<_, _> = input.streams.iter().map(|s| name(s)).collect();
    let mut paired = Paired::new(&offer, input.key.signing()?, streams?, &clock);
    paired.take_root(&input.root.0)?;
    let camera = Camera {
        paired,
        sessions: BTreeMap::new(),
        owed: Vec::new(),
    };
    devices.cameras.insert(input.device, camera);
    Ok(Nothing {})
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
    /// The account's rosters after the one that it follows, oldest first, that it takes before.
    rosters: Vec<Hex>,
    /// The announcement, a statement.
    announcement: Hex,
}

/// What a camera says to an announcement.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Accepted {
    /// The message in its acknowledgement, `null` where it is the one in force or relieves the camera.
    acknowledgement: Option<Hex>,
    /// Is the camera retired by it, or replaced?
    relieved: bool,
}

pub fn camera_accept(input: CameraAccept, devices: &mut Devices) -> Outcome<Accepted> {
    let clock = Clocks::new(input.wall, input.monotonic);
    let camera = &mut here(&mut devices.cameras, &input.device)?.paired;
    for roster in &input.rosters {
        camera.take_roster(&roster.0)?;
    }
    let (acknowledgement, relieved) = match camera.accept(&input.announcement.0, &clock)? {
        camera::Accepted::Same => (None, false),
        camera::Accepted::Relieved => (None, true),
        camera::Accepted::InForce(ack) => {
            // The shim's devices live no longer than its process.
            let signed = ack.store(|_| Ok(()))?;
            (Some(Hex(cose::unverified_payload(&signed)?)), false)
        }
    };
    Ok(Accepted {
        acknowledgement,
        relieved,
    })
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

pub fn camera_extend(input: CameraExtend, devices: &mut Devices) -> Outcome<Nothing> {
    let clock = Clocks::new(input.wall, input.monotonic);
    let camera = &mut here(&mut devices.cameras, &input.device)?.paired;
    camera.extend(&input.lease.0, &clock)?;
    Ok(Nothing {})
}

/// Gives a camera a correction of its clock.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraCorrect {
    /// The camera.
    device: String,
    /// Its wall clock.
    wall: u64,
    /// Its monotonic counter.
    monotonic: u64,
    /// The correction, a statement.
    clock: Hex,
}

pub fn camera_correct(input: CameraCorrect, devices: &mut Devices) -> Outcome<Nothing> {
    let clock = Clocks::new(input.wall, input.monotonic);
    let camera = &mut here(&mut devices.cameras, &input.device)?.paired;
    camera.correct(&input.clock.0, &clock)?;
    Ok(Nothing {})
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

/// The randomness of a camera's next session: the shim has none but what follows from its inputs.
fn session_rng(paired: &Paired, stream: &Name) -> ChaCha20Rng {
    let (camera, number) = (paired.verifying_key(), paired.last_sequence(stream));
    let seed = [
        camera.as_bytes(),
        stream.as_str().as_bytes(),
        &number.to_be_bytes(),
    ];
    ChaCha20Rng::from_seed(sha256_concat(&seed))
}

pub fn camera_begin(input: CameraBegin, devices: &mut Devices) -> Outcome<Nothing> {
    let clock = Clocks::new(input.wall, input.monotonic);
    let Camera {
        paired, sessions, ..
    } = here(&mut devices.cameras, &input.device)?;
    let stream = name(&input.stream)?;
    let mut rng = session_rng(paired, &stream);
    let session = paired.begin(&stream, &clock, &mut rng)?;
    sessions.insert(input.stream, session);
    Ok(Nothing {})
}

/// Lets a camera record bytes in the session of a stream.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraWrite {
    /// The camera.
    device: String,
    /// The stream.
    stream: String,
    /// The bytes.
    bytes: Hex,
}

pub fn camera_write(input: CameraWrite, devices: &mut Devices) -> Outcome<Nothing> {
    let camera = here(&mut devices.cameras, &input.device)?;
    let session = camera.sessions.get_mut(&input.stream);
    let session = session.ok_or_else(|| not("a stream that is being recorded"))?;
    session.write(&input.bytes.0)?;
    Ok(Nothing {})
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
pub struct Finished {
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

pub fn camera_finish(input: CameraFinish, devices: &mut Devices) -> Outcome<Finished> {
    let clock = Clocks::new(input.wall, input.monotonic);
    let Camera {
        paired,
        sessions,
        owed,
    } = here(&mut devices.cameras, &input.device)?;
    let session = sessions.remove(&input.stream);
    let session = session.ok_or_else(|| not("a stream that is being recorded"))?;
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let made = paired.finish(session, &clock, &mut rng)?;
    let recorded = made.store(|_| Ok(()))?;
    let payload = cose::unverified_payload(&recorded.manifest)?;
    let manifest: Manifest = message::decode(paired.account(), &payload)?;
    let recipients = manifest.envelopes.iter().map(|e| e.recipient.into());
    owed.push(recorded);
    Ok(Finished {
        sequence: manifest.sequence,
        start: manifest.start,
        end: manifest.end,
        announcement: manifest.announcement.into(),
        recipients: recipients.collect(),
    })
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

pub fn camera_time(input: CameraTime, devices: &mut Devices) -> Outcome<CameraSays> {
    let clock = Clocks::new(input.wall, input.monotonic);
    let camera = &mut here(&mut devices.cameras, &input.device)?.paired;
    let time = camera.now(&clock);
    Ok(CameraSays { time })
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

pub fn camera_restart(input: CameraRestart, devices: &mut Devices) -> Outcome<Nothing> {
    let clock = Clocks::new(input.wall, input.monotonic);
    let camera = here(&mut devices.cameras, &input.device)?;
    let stored = cbor::encode(&camera.paired.to_state());
    camera.paired = Paired::from_state(cbor::decode(&stored)?, &clock)?;
    camera.sessions.clear();
    Ok(Nothing {})
}

/// Lets a camera fetch what it is to obey from a view of the cloud, and upload its acknowledgements:
/// the announcements that follow those in force, stream by stream, then lease extensions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraSync {
    /// The camera.
    device: String,
    /// The view.
    store: String,
    /// Its wall clock.
    wall: u64,
    /// Its monotonic counter.
    monotonic: u64,
}

/// What a camera found.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Obeys {
    /// The announcements that it accepted, in that order.
    accepted: Vec<Taken>,
    /// The streams whose lease it extended, each once, ascending.
    extended: BTreeSet<String>,
    /// The reasons for which it refused anything, each once, ascending. Of a stream whose next
    /// announcement is refused, nothing later is read. A lease that extends nothing is passed over.
    refused: BTreeSet<String>,
}

/// An announcement that a camera accepted.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Taken {
    /// The stream.
    stream: String,
    /// The epoch.
    epoch: u64,
}

pub fn camera_sync(input: CameraSync, devices: &mut Devices) -> Outcome<Obeys> {
    let clock = Clocks::new(input.wall, input.monotonic);
    devices.store(&input.store)?;
    let store = here(&mut devices.stores, &input.store)?;
    let camera = &mut here(&mut devices.cameras, &input.device)?.paired;
    let synced = uplink::sync(camera, store, &clock, &|_| Ok(()))?;
    let taken = |(stream, head): &(Name, Head)| Taken {
        stream: stream.to_string(),
        epoch: head.epoch,
    };
    let reason = |(_, error): &(String, Error)| error.reason().to_owned();
    Ok(Obeys {
        accepted: synced.accepted.iter().map(taken).collect(),
        extended: synced.extended.iter().map(ToString::to_string).collect(),
        refused: synced.refused.iter().map(reason).collect(),
    })
}

/// Lets a camera upload the sessions that it has finished and not yet uploaded, each body before its
/// manifest.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraUpload {
    /// The camera.
    device: String,
    /// The view of the cloud.
    store: String,
}

/// What a camera uploaded.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Uploaded {
    /// How many sessions.
    clips: usize,
}

pub fn camera_upload(input: CameraUpload, devices: &mut Devices) -> Outcome<Uploaded> {
    devices.store(&input.store)?;
    let store = here(&mut devices.stores, &input.store)?;
    let Camera { paired, owed, .. } = here(&mut devices.cameras, &input.device)?;
    for recorded in &*owed {
        uplink::upload(paired, store, recorded)?;
    }
    let clips = owed.len();
    owed.clear();
    Ok(Uploaded { clips })
}

/// Asks a camera for a checkpoint of what it has seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraCheckpoint {
    /// The camera.
    device: String,
}

pub fn camera_checkpoint(input: CameraCheckpoint, devices: &mut Devices) -> Outcome<Text> {
    let camera = &here(&mut devices.cameras, &input.device)?.paired;
    let checkpoint = camera.checkpoint().to_text(camera.account());
    Ok(Text { checkpoint })
}
