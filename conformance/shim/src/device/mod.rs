//! Devices that remember, for sequences: cameras, members and phones, and the views of the cloud that
//! the provider gives them. Each goes by a name; `reset` forgets all of them.

mod camera;
mod member;
mod owner;
mod phone;

use encryptediot_testkit::MemoryCloud;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clip::released;
use super::values::{Fixed, Hex, Nothing, Released};
use super::{Done, Operation, Outcome, Refused};
use encryptediot::clip::{Manifest, OpenClip};
use encryptediot::cloud::Cloud;
use encryptediot::member::Member;
use encryptediot::message::AccountId;
use encryptediot::phone::Phone;
use encryptediot::view;

use camera::Camera;
pub use camera::{
    CameraAccept, CameraBegin, CameraCheckpoint, CameraCorrect, CameraExtend, CameraFinish,
    CameraNew, CameraRestart, CameraSync, CameraTime, CameraUpload, CameraWrite,
};
pub use member::{MemberNew, MemberPin, MemberRestart, MemberSync, MemberTouch, MemberView};
pub use owner::{LosePhone, Pair, Revoke, Share, SharePast};
pub use phone::{
    PhoneCheck, PhoneCheckpoint, PhoneExtend, PhoneNew, PhoneRecover, PhoneRestart, PhoneStatus,
    PhoneSync, PhoneUnlock, PhoneUnlockKept, PhoneView,
};

/// The devices and clouds of one sequence.
#[derive(Default)]
pub struct Devices {
    stores: BTreeMap<String, MemoryCloud>,
    cameras: BTreeMap<String, Camera>,
    members: BTreeMap<String, Member>,
    phones: BTreeMap<String, Phone>,
}

fn here<'a, T>(all: &'a mut BTreeMap<String, T>, name: &str) -> Result<&'a mut T, Refused> {
    let missing = || Refused::Request(format!("there is no {name} here"));
    all.get_mut(name).ok_or_else(missing)
}

impl Devices {
    /// A view of the cloud, empty until something is put there.
    fn store(&mut self, name: &str) -> Result<&MemoryCloud, Refused> {
        if !self.stores.contains_key(name) {
            self.stores.insert(name.to_owned(), MemoryCloud::default());
        }
        Ok(here(&mut self.stores, name)?)
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

/// Writes an object that is written once into a view of the cloud, as devices do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreWrite {
    /// The view, which is made if it is not there.
    store: String,
    /// Where it lies.
    path: String,
    /// Its bytes.
    bytes: Hex,
}

impl Operation for StoreWrite {
    const NAME: &'static str = "store-write";
    type Output = Nothing;

    fn run(self, devices: &mut Devices) -> Outcome<Nothing> {
        devices
            .store(&self.store)?
            .create(&self.path, &self.bytes.0)?;
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

/// A checkpoint.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Text {
    /// Its text.
    checkpoint: String,
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
