//! Members (SPEC sections "Sharing" and "Viewing").

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Outcome;
use super::super::values::{Fixed, Hex, Nothing, name};
use super::{Devices, Viewed, here, viewed};
use encryptediot::cbor;
use encryptediot::error::Error;
use encryptediot::member::Member;

/// A member with nothing but its own key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberNew {
    /// What it goes by here.
    device: String,
    /// The private half of its key.
    key: Fixed<32>,
}

pub fn member_new(input: MemberNew, devices: &mut Devices) -> Outcome<Nothing> {
    let member = Member::with_key(name(&input.device)?, input.key.decrypting()?);
    devices.members.insert(input.device, member);
    Ok(Nothing {})
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

pub fn member_pin(input: MemberPin, devices: &mut Devices) -> Outcome<Nothing> {
    let member = here(&mut devices.members, &input.device)?;
    member.pin(input.account.into(), &input.told)?;
    Ok(Nothing {})
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

pub fn member_touch(input: MemberTouch, devices: &mut Devices) -> Outcome<Nothing> {
    here(&mut devices.members, &input.device)?.touch(&input.payload.0)?;
    Ok(Nothing {})
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

pub fn member_sync(input: MemberSync, devices: &mut Devices) -> Outcome<News> {
    devices.store(&input.store)?;
    let store = here(&mut devices.stores, &input.store)?;
    let news = here(&mut devices.members, &input.device)?.sync(store)?;
    let reason = |(_, error): &(String, Error)| error.reason().to_owned();
    Ok(News {
        introductions: news.introductions,
        grants: news.grants,
        refused: news.refused.iter().map(reason).collect(),
    })
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

pub fn member_view(input: MemberView, devices: &mut Devices) -> Outcome<Viewed> {
    let store = here(&mut devices.stores, &input.store)?;
    let member = here(&mut devices.members, &input.device)?;
    let (account, stream) = (input.account.into(), name(&input.stream)?);
    let clip = member.open(store, &account, &stream, input.sequence)?;
    viewed(store, &account, &clip, |m| member.show(&account, m))
}

/// Switches a member's device off and on: it goes on with what it stored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberRestart {
    /// The member.
    device: String,
}

pub fn member_restart(input: MemberRestart, devices: &mut Devices) -> Outcome<Nothing> {
    let member = here(&mut devices.members, &input.device)?;
    let stored = cbor::encode(&member.to_state());
    *member = Member::from_state(cbor::decode(&stored)?)?;
    Ok(Nothing {})
}
