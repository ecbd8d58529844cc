//! Cameras (SPEC sections "What the camera checks", "Time", "What the camera does").

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::values::{Fixed, Hex, Nothing, name, not};
use super::super::{Operation, Outcome};
use super::{Devices, Text, here};
use encryptediot::announcement::Head;
use encryptediot::camera::{Paired, Recorded, Session};
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
        let camera = Camera {
            paired,
            sessions: BTreeMap::new(),
            owed: Vec::new(),
        };
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
    /// The account's rosters after the one that it follows, oldest first, that it takes before.
    rosters: Vec<Hex>,
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
        for roster in &self.rosters {
            camera.take_roster(&roster.0)?;
        }
        let made = camera.accept(&self.announcement.0, &clock)?;
        // The shim's devices live no longer than its process.
        let signed = made.map(|ack| ack.store(|_| Ok(()))).transpose()?;
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

impl Operation for CameraCorrect {
    const NAME: &'static str = "camera-correct";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let camera = &mut here(&mut devices.cameras, &self.device)?.paired;
        camera.correct(&self.clock.0, &clock)?;
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

impl Operation for CameraBegin {
    const NAME: &'static str = "camera-begin";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let Camera {
            paired, sessions, ..
        } = here(&mut devices.cameras, &self.device)?;
        let stream = name(&self.stream)?;
        let mut rng = session_rng(paired, &stream);
        let session = paired.begin(&stream, &clock, &mut rng)?;
        sessions.insert(self.stream, session);
        Ok(Nothing {}.into())
    }
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

impl Operation for CameraWrite {
    const NAME: &'static str = "camera-write";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        let camera = here(&mut devices.cameras, &self.device)?;
        let session = camera.sessions.get_mut(&self.stream);
        let session = session.ok_or_else(|| not("a stream that is being recorded"))?;
        session.write(&self.bytes.0)?;
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

impl Operation for CameraFinish {
    const NAME: &'static str = "camera-finish";
    type Output = Finished;

    fn run(self, devices: &mut Devices) -> Outcome<Finished> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        let Camera {
            paired,
            sessions,
            owed,
        } = here(&mut devices.cameras, &self.device)?;
        let session = sessions.remove(&self.stream);
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

impl Operation for CameraSync {
    const NAME: &'static str = "camera-sync";
    type Output = Obeys;

    fn run(self, devices: &mut Devices) -> Outcome<Obeys> {
        let clock = Clocks {
            wall: self.wall,
            monotonic: self.monotonic,
        };
        devices.store(&self.store)?;
        let store = here(&mut devices.stores, &self.store)?;
        let camera = &mut here(&mut devices.cameras, &self.device)?.paired;
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
        }
        .into())
    }
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

impl Operation for CameraUpload {
    const NAME: &'static str = "camera-upload";
    type Output = Uploaded;

    fn run(self, devices: &mut Devices) -> Outcome<Uploaded> {
        devices.store(&self.store)?;
        let store = here(&mut devices.stores, &self.store)?;
        let Camera { paired, owed, .. } = here(&mut devices.cameras, &self.device)?;
        for recorded in &*owed {
            uplink::upload(paired, store, recorded)?;
        }
        let clips = owed.len();
        owed.clear();
        Ok(Uploaded { clips }.into())
    }
}

/// Asks a camera for a checkpoint of what it has seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraCheckpoint {
    /// The camera.
    device: String,
}

impl Operation for CameraCheckpoint {
    const NAME: &'static str = "camera-checkpoint";
    type Output = Text;

    fn run(self, devices: &mut Devices) -> Outcome<Text> {
        let camera = &here(&mut devices.cameras, &self.device)?.paired;
        let checkpoint = camera.checkpoint().to_text(camera.account());
        Ok(Text { checkpoint }.into())
    }
}
