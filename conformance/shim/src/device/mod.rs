//! Devices that remember, for sequences: cameras, members and phones, and the views of the cloud that
//! the provider gives them. Each goes by a name; `reset` forgets all of them.

pub mod camera;
pub mod member;
pub mod owner;
pub mod phone;

use encryptediot_testkit::MemoryCloud;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clip::released;
use super::values::{Fixed, Hex, Nothing, Released};
use super::{Outcome, Refused};
use encryptediot::clip::{Manifest, OpenClip};
use encryptediot::cloud::Cloud;
use encryptediot::member::Member;
use encryptediot::message::AccountId;
use encryptediot::phone::Phone;
use encryptediot::view;

use camera::Camera;

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

pub fn reset(_: Reset, devices: &mut Devices) -> Outcome<Nothing> {
    *devices = Devices::default();
    Ok(Nothing {})
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

pub fn store_put(input: StorePut, devices: &mut Devices) -> Outcome<Nothing> {
    let store = devices.store(&input.store)?;
    for object in &input.objects {
        store.put(&object.path, &object.bytes.0)?;
    }
    Ok(Nothing {})
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

pub fn store_write(input: StoreWrite, devices: &mut Devices) -> Outcome<Nothing> {
    devices
        .store(&input.store)?
        .create(&input.path, &input.bytes.0)?;
    Ok(Nothing {})
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

pub fn store_remove(input: StoreRemove, devices: &mut Devices) -> Outcome<Nothing> {
    let store = devices.store(&input.store)?;
    for path in &input.paths {
        store.delete(path)?;
    }
    Ok(Nothing {})
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
    let Released { released, sha256 } = released(|out| view::read(store, account, clip, 0, out))?;
    let new = show(&clip.manifest);
    Ok(Viewed {
        released,
        sha256,
        new,
    })
}
