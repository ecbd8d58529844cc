//! Acts of the owner, with a phone that remembers and the passphrase. What they write is partly random:
//! only whether they are done is compared, and what devices then make of it.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::values::{Fixed, Hex, Nothing, name};
use super::super::{Devices, Outcome, Refused};
use super::here;
use encryptediot::announcement::Window;
use encryptediot::contact::{Card, VerifiedMember};
use encryptediot::evidence::{Challenge, Evidence};
use encryptediot::message::Time;
use encryptediot::owner::{Counted, Env, Meeting, Owner, Term};
use encryptediot::pairing::{self, Offer, Reply};
use encryptediot::passphrase::Passphrase;

/// Who acts, where and when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Act {
    /// The phone.
    device: String,
    /// The view of the cloud.
    store: String,
    /// The passphrase as it was typed.
    passphrase: String,
    /// The phone's time.
    now: u64,
}

impl Act {
    fn perform<T>(
        &self,
        devices: &mut Devices,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> encryptediot::Result<T>,
    ) -> Result<T, Refused> {
        let store = here(&mut devices.stores, &self.store)?;
        let phone = here(&mut devices.phones, &self.device)?;
        let passphrase = Passphrase::parse(&self.passphrase)?;
        // Two acts at one time would draw the same: no story has them.
        let mut rng = ChaCha20Rng::seed_from_u64(self.now);
        let mut env = Env {
            cloud: store,
            now: self.now,
            save: &|_| Ok(()),
            rng: &mut rng,
        };
        let mut owner = phone.unlock(&passphrase, &env)?;
        Ok(act(&mut owner, &mut env)?)
    }
}

/// What a camera of this key and these streams replies.
fn reply(key: &Fixed<65>, streams: &[String]) -> Result<Reply, Refused> {
    Ok(Reply {
        camera: key.verifying()?,
        streams: names(streams)?,
    })
}

fn names(texts: &[String]) -> Result<Vec<encryptediot::keys::Name>, Refused> {
    texts.iter().map(|text| name(text)).collect()
}

/// The owner pairs a camera whose reply opens.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Who acts.
    act: Act,
    /// What the camera is called.
    camera: String,
    /// The camera's key.
    key: Fixed<65>,
    /// Its streams.
    streams: Vec<String>,
    /// What shows that the phone's view of the account is recent.
    evidence: Fresh,
    /// The text of the offer that the camera replies to; without it, one that is made now.
    #[serde(default)]
    offer: Option<String>,
}

/// What shows that a phone's view of the account is recent.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Fresh {
    /// Nothing.
    None {},
    /// The owner says so.
    OwnersWord {},
    /// A camera's answer to a challenge.
    Answer {
        /// The challenge.
        challenge: Fixed<16>,
        /// The answer, a `COSE_Sign1`.
        signed: Hex,
    },
}

impl From<Fresh> for Option<Evidence> {
    fn from(fresh: Fresh) -> Self {
        Some(match fresh {
            Fresh::None {} => return None,
            Fresh::OwnersWord {} => Evidence::OwnersWord,
            Fresh::Answer { challenge, signed } => Evidence::Answer {
                challenge: Challenge(challenge.into()),
                signed: signed.0,
            },
        })
    }
}

pub fn pair(input: Pair, devices: &mut Devices) -> Outcome<Nothing> {
    let camera = name(&input.camera)?;
    let reply = reply(&input.key, &input.streams)?;
    let evidence: Option<Evidence> = input.evidence.into();
    input.act.perform(devices, |owner, env| {
        let (offer, sealed) = seal(input.offer.as_deref(), &reply, owner, env)?;
        owner.add_camera(camera, &offer, &sealed, evidence.as_ref(), env)
    })?;
    Ok(Nothing {})
}

/// The offer that a camera replies to, and its sealed reply.
fn seal(
    offer: Option<&str>,
    reply: &Reply,
    owner: &mut Owner<'_>,
    env: &Env<'_>,
) -> encryptediot::Result<(Offer, Vec<u8>)> {
    let mut rng = ChaCha20Rng::seed_from_u64(!env.now);
    let offer = match offer {
        Some(text) => Offer::from_text(text)?,
        None => Offer::new(*owner.phone().account(), env.now, &mut rng),
    };
    let sealed = pairing::seal_reply(&offer, reply, &mut rng)?;
    Ok((offer, sealed))
}

/// The owner lets a camera whose reply opens take the place of another one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// Who acts.
    act: Act,
    /// What the camera is called whose place it takes.
    camera: String,
    /// The key of the camera that takes it.
    key: Fixed<65>,
    /// Its streams.
    streams: Vec<String>,
    /// By stream, how many clips of the other camera count; those that the phone is shown where nothing is said.
    counted: BTreeMap<String, u64>,
    /// What shows that the phone's view of the account is recent.
    evidence: Fresh,
    /// The text of the offer that the camera replies to; without it, one that is made now.
    #[serde(default)]
    offer: Option<String>,
}

pub fn replace(input: Replace, devices: &mut Devices) -> Outcome<Nothing> {
    let (camera, counted) = (name(&input.camera)?, clips(&input.counted)?);
    let reply = reply(&input.key, &input.streams)?;
    let evidence: Option<Evidence> = input.evidence.into();
    input.act.perform(devices, |owner, env| {
        let (offer, sealed) = seal(input.offer.as_deref(), &reply, owner, env)?;
        owner.replace_camera(&camera, counted, &offer, &sealed, evidence.as_ref(), env)
    })?;
    Ok(Nothing {})
}

/// The owner retires a camera.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retire {
    /// Who acts.
    act: Act,
    /// The camera.
    camera: String,
    /// By stream, how many of its clips count; those that the phone is shown where nothing is said.
    counted: BTreeMap<String, u64>,
}

pub fn retire(input: Retire, devices: &mut Devices) -> Outcome<Nothing> {
    let (camera, counted) = (name(&input.camera)?, clips(&input.counted)?);
    input.act.perform(devices, |owner, env| {
        owner.retire_camera(&camera, counted, env)
    })?;
    Ok(Nothing {})
}

fn clips(counted: &BTreeMap<String, u64>) -> Result<Counted, Refused> {
    let entry = |(stream, clips): (&String, &u64)| Ok((name(stream)?, *clips));
    counted.iter().map(entry).collect()
}

/// Until when something is shared.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Until {
    /// Until it is revoked.
    Revoked {},
    /// Until it is revoked, on every stream, also those to come.
    RevokedEverywhere {},
    /// For a window.
    Window {
        /// The first millisecond in it.
        from: u64,
        /// The first millisecond after it.
        until: u64,
    },
}

/// The owner shares streams with a member whose safety number was read out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Who acts.
    act: Act,
    /// The streams.
    streams: Vec<String>,
    /// What the member is called.
    member: String,
    /// The member's key.
    key: Fixed<65>,
    /// What was read out.
    told: String,
    /// Until when.
    until: Until,
}

pub fn share(input: Share, devices: &mut Devices) -> Outcome<Nothing> {
    let (streams, card) = (
        names(&input.streams)?,
        Card::new(name(&input.member)?, input.key.encrypting()?),
    );
    let account = *here(&mut devices.phones, &input.act.device)?.account();
    let member = VerifiedMember::by_comparison(&account, card, &input.told)?;
    let term = match input.until {
        Until::Revoked {} => Term::UntilRevoked,
        Until::RevokedEverywhere {} => Term::AllStreams,
        Until::Window { from, until } => Term::Window(Window { from, until }),
    };
    input.act.perform(devices, |owner, env| {
        owner.share(&streams, &[member], term, Meeting::Remote, env)
    })?;
    Ok(Nothing {})
}

/// The owner takes streams from a member.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// Who acts.
    act: Act,
    /// The streams.
    streams: Vec<String>,
    /// The member.
    member: String,
}

pub fn revoke(input: Revoke, devices: &mut Devices) -> Outcome<Nothing> {
    let (streams, member) = (names(&input.streams)?, name(&input.member)?);
    input
        .act
        .perform(devices, |owner, env| owner.revoke(&streams, &member, env))?;
    Ok(Nothing {})
}

/// The owner shares a window that has passed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharePast {
    /// Who acts.
    act: Act,
    /// The stream.
    stream: String,
    /// The member.
    member: String,
    /// The first millisecond in the window.
    from: Time,
    /// The first millisecond after it.
    until: Time,
}

/// What was shared.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Shared {
    /// How many clips.
    clips: usize,
}

pub fn share_past(input: SharePast, devices: &mut Devices) -> Outcome<Shared> {
    let (stream, member) = (name(&input.stream)?, name(&input.member)?);
    let (from, until) = (input.from, input.until);
    let window = Window { from, until };
    let clips = input.act.perform(devices, |owner, env| {
        owner.share_past(&stream, &[member], window, env)
    })?;
    Ok(Shared { clips })
}

/// The owner drops a phone that was lost.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LosePhone {
    /// Who acts.
    act: Act,
    /// The phone that was lost.
    lost: String,
}

pub fn lose_phone(input: LosePhone, devices: &mut Devices) -> Outcome<Nothing> {
    let lost = name(&input.lost)?;
    input
        .act
        .perform(devices, |owner, env| owner.lose_phone(&lost, None, env))?;
    Ok(Nothing {})
}
