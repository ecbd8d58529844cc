//! Members (SPEC sections "Sharing" and "Viewing").

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::values::{Fixed, Hex, Nothing, name};
use super::super::{Operation, Outcome};
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
