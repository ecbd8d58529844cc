//! Phones of the owner (SPEC sections "Account", "Acknowledgement" and "Viewing").

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Outcome;
use super::super::values::{Fixed, Hex, Nothing, name, pinned, ring};
use super::{Devices, Text, Viewed, here, viewed};
use encryptediot::cbor;
use encryptediot::checkpoint::Checkpoint;
use encryptediot::cloud::Cloud;
use encryptediot::owner::{Env, recover};
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::{self, Phone};

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

pub fn phone_new(input: PhoneNew, devices: &mut Devices) -> Outcome<Nothing> {
    let (root, _) = pinned(&input.root)?;
    let (instance, lease) = (input.instance.decrypting()?, input.lease.signing()?);
    let phone = Phone::new(
        name(&input.device)?,
        root,
        ring(&input.ring),
        instance,
        lease,
    );
    let phone = phone.having_seen_vault(input.vault);
    devices.phones.insert(input.device, phone);
    Ok(Nothing {})
}

/// Lets a fresh phone get the account from the passphrase and follow it from its first roster, and
/// hold it against a checkpoint where one is given: the first part of enrolling, up to where the phone
/// publishes itself. What the account has can be viewed from then on; a roster that lists the phone
/// comes later.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneRecover {
    /// What it goes by here.
    device: String,
    /// The view of the cloud.
    store: String,
    /// The account.
    account: Fixed<32>,
    /// The passphrase as it was typed.
    passphrase: String,
    /// The checkpoint's text, `null` if there is none.
    checkpoint: Option<String>,
    /// The private half of its instance key.
    instance: Fixed<32>,
    /// The private half of its lease key.
    lease: Fixed<32>,
}

pub fn phone_recover(input: PhoneRecover, devices: &mut Devices) -> Outcome<Nothing> {
    devices.store(&input.store)?;
    let store = here(&mut devices.stores, &input.store)?;
    let (name, account) = (name(&input.device)?, input.account.into());
    let passphrase = Passphrase::parse(&input.passphrase)?;
    let read = |text: String| Checkpoint::from_text(&account, &text);
    let checkpoint = input.checkpoint.map(read).transpose()?;
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let recovered = recover(
        name,
        account,
        &passphrase,
        checkpoint.as_ref(),
        store,
        &mut rng,
    );
    let (phone, _) = recovered?;
    let phone = phone.with_keys(input.instance.decrypting()?, input.lease.signing()?);
    devices.phones.insert(input.device, phone);
    Ok(Nothing {})
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

pub fn phone_sync(input: PhoneSync, devices: &mut Devices) -> Outcome<Nothing> {
    devices.store(&input.store)?;
    let store = here(&mut devices.stores, &input.store)?;
    here(&mut devices.phones, &input.device)?.sync(store)?;
    Ok(Nothing {})
}

/// What unlocking needs of the world: it asks for no time and draws nothing.
fn env<'a>(cloud: &'a dyn Cloud, rng: &'a mut ChaCha20Rng) -> Env<'a> {
    Env {
        cloud,
        now: 0,
        save: &|_| Ok(()),
        rng,
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

pub fn phone_unlock(input: PhoneUnlock, devices: &mut Devices) -> Outcome<Nothing> {
    let store = here(&mut devices.stores, &input.store)?;
    let phone = here(&mut devices.phones, &input.device)?;
    let passphrase = Passphrase::parse(&input.passphrase)?;
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    phone.unlock(&passphrase, &env(store, &mut rng))?;
    Ok(Nothing {})
}

/// Lets a phone read what is new and open the newest vault with the PDK that its owner left for it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneUnlockKept {
    /// The phone.
    device: String,
    /// The view of the cloud.
    store: String,
}

pub fn phone_unlock_kept(input: PhoneUnlockKept, devices: &mut Devices) -> Outcome<Nothing> {
    let store = here(&mut devices.stores, &input.store)?;
    let phone = here(&mut devices.phones, &input.device)?;
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    phone.unlock_kept(&env(store, &mut rng))?;
    Ok(Nothing {})
}

/// Lets a phone extend the lease of a stream, and write this to a view of the cloud.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneExtend {
    /// The phone.
    device: String,
    /// The view.
    store: String,
    /// The stream.
    stream: String,
    /// The phone's time.
    now: u64,
    /// The new end.
    until: u64,
}

pub fn phone_extend(input: PhoneExtend, devices: &mut Devices) -> Outcome<Nothing> {
    let store = here(&mut devices.stores, &input.store)?;
    let phone = here(&mut devices.phones, &input.device)?;
    phone.extend_lease(store, &name(&input.stream)?, input.now, input.until)?;
    Ok(Nothing {})
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

pub fn phone_status(input: PhoneStatus, devices: &mut Devices) -> Outcome<Status> {
    let store = here(&mut devices.stores, &input.store)?;
    let all = here(&mut devices.phones, &input.device)?.status(store)?;
    let stream = |status: &phone::StreamStatus| StreamStatus {
        stream: status.stream.to_string(),
        epoch: status.head.epoch,
        in_effect: status.acknowledged.is_some(),
    };
    let streams = all.iter().map(stream).collect();
    Ok(Status { streams })
}

/// Asks a phone for a checkpoint of what it has seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneCheckpoint {
    /// The phone.
    device: String,
}

pub fn phone_checkpoint(input: PhoneCheckpoint, devices: &mut Devices) -> Outcome<Text> {
    let phone = here(&mut devices.phones, &input.device)?;
    let checkpoint = phone.checkpoint().to_text(phone.account());
    Ok(Text { checkpoint })
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

pub fn phone_check(input: PhoneCheck, devices: &mut Devices) -> Outcome<Nothing> {
    let store = here(&mut devices.stores, &input.store)?;
    let phone = here(&mut devices.phones, &input.device)?;
    let checkpoint = Checkpoint::from_text(phone.account(), &input.checkpoint)?;
    phone.check(store, &checkpoint)?;
    Ok(Nothing {})
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

pub fn phone_view(input: PhoneView, devices: &mut Devices) -> Outcome<Viewed> {
    let store = here(&mut devices.stores, &input.store)?;
    let phone = here(&mut devices.phones, &input.device)?;
    let (account, stream) = (*phone.account(), name(&input.stream)?);
    let clip = phone.open(store, &stream, input.sequence)?;
    viewed(store, &account, &clip, |m| phone.show(m))
}

/// Switches a phone off and on: it goes on with what it stored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneRestart {
    /// The phone.
    device: String,
}

pub fn phone_restart(input: PhoneRestart, devices: &mut Devices) -> Outcome<Nothing> {
    let phone = here(&mut devices.phones, &input.device)?;
    let stored = cbor::encode(&phone.to_state());
    *phone = Phone::from_state(cbor::decode(&stored)?)?;
    Ok(Nothing {})
}
