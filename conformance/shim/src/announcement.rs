//! Announcements, acknowledgements, leases (SPEC section "Announcements").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Fixed, Head, Hex, PhoneKeys, Role, RosterHead, Tenure, Window, name, pinned};
use super::{Devices, Outcome};
use encryptediot::acknowledgement;
use encryptediot::announcement::{self, Step};
use encryptediot::clip;
use encryptediot::correction;
use encryptediot::cose;
use encryptediot::keys::kem_id;
use encryptediot::lease;
use encryptediot::message;

/// Verifies an announcement under the pinned root: the statement and its form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnouncementOpen {
    /// The pinned root.
    root: Hex,
    /// The announcement, a statement.
    announcement: Hex,
}

/// What an announcement says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Announced {
    /// Its hash.
    hash: Fixed<32>,
    /// The camera, `null` once it is retired.
    camera: Option<Fixed<65>>,
    /// The stream.
    stream: String,
    /// The epoch.
    epoch: u64,
    /// The hash of the announcement before, `null` for the first.
    previous: Option<Fixed<32>>,
    /// When it was made.
    issued: u64,
    /// When the lease ends.
    lease_until: u64,
    /// The owner's phones.
    phones: Vec<PhoneKeys>,
    /// The stream keys.
    keys: Vec<StreamKey>,
    /// The backup's hash.
    backup: Fixed<32>,
    /// The members' parts lie in 2 to this power objects.
    shard_bits: u8,
    /// The roster under which it was made.
    roster: RosterHead,
    /// Since when that camera records the stream.
    since: Tenure,
}

/// A stream key.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct StreamKey {
    /// `owner`, `dsk` or `tdsk`.
    kind: Role,
    /// A TDSK's window.
    window: Option<Window>,
    /// The public half.
    public: Fixed<65>,
}

pub fn announcement_open(input: AnnouncementOpen, _: &mut Devices) -> Outcome<Announced> {
    let (root, account) = pinned(&input.root)?;
    let signed = announcement::open(&root, &account, &input.announcement.0)?;
    let (hash, body) = (signed.hash.into(), signed.body);
    let key = |key: &announcement::StreamKey| StreamKey {
        kind: clip::Role::from(key.kind).into(),
        window: key.window.map(Into::into),
        public: key.public.into(),
    };
    Ok(Announced {
        hash,
        camera: body.camera.map(Into::into),
        stream: body.stream.to_string(),
        epoch: body.epoch,
        previous: body.previous.map(Into::into),
        issued: body.issued,
        lease_until: body.lease_until(),
        phones: body.phones.iter().map(Into::into).collect(),
        keys: body.keys.iter().map(key).collect(),
        backup: body.backup.into(),
        shard_bits: body.shard_bits,
        roster: body.roster.into(),
        since: body.since.into(),
    })
}

/// Takes an announcement after the one that a camera, phone or member has: the chain alone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnouncementFollow {
    /// The pinned root.
    root: Hex,
    /// The one in force, `null` if none.
    head: Option<Head>,
    /// The announcement, a statement.
    announcement: Hex,
}

/// What following the chain found.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Followed {
    /// Is it the one in force, which changes nothing?
    same: bool,
    /// The head of the chain now.
    head: Head,
}

pub fn announcement_follow(input: AnnouncementFollow, _: &mut Devices) -> Outcome<Followed> {
    let (root, account) = pinned(&input.root)?;
    let next = announcement::open(&root, &account, &input.announcement.0)?;
    let head = input.head.map(announcement::Head::from);
    let step = announcement::follow(head.as_ref(), &next)?;
    let (same, head) = match (step, head) {
        (Step::Next(head), _) => (false, head),
        (Step::Same, Some(head)) => (true, head),
        (Step::Same, None) => return Err(super::values::not("a chain")),
    };
    let head = head.into();
    Ok(Followed { same, head })
}

/// Whom a camera wraps a session key for, the announcement being in force from its start to its end.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipients {
    /// The pinned root.
    root: Hex,
    /// The announcement, a statement.
    announcement: Hex,
    /// When the lease ends.
    lease_until: u64,
    /// When the session began.
    start: u64,
    /// When it ended.
    end: u64,
}

/// The recipients of a session key.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Entitled {
    /// The phones in their order, then the keys in theirs.
    recipients: Vec<Recipient>,
}

/// A recipient.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Recipient {
    /// What the envelope is for.
    role: Role,
    /// The short name of the recipient's key.
    id: Fixed<16>,
}

pub fn recipients(input: Recipients, _: &mut Devices) -> Outcome<Entitled> {
    let (root, account) = pinned(&input.root)?;
    let body = announcement::open(&root, &account, &input.announcement.0)?.body;
    let all = clip::recipients(&body, Some(input.lease_until), input.start, input.end);
    let recipient = |(role, key): (clip::Role, encryptediot::crypto::KemPublic)| Recipient {
        role: role.into(),
        id: kem_id(&key).into(),
    };
    let recipients = all.into_iter().map(recipient).collect();
    Ok(Entitled { recipients })
}

/// Verifies a camera's acknowledgement, and that it is of the head of the phone's own chain.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgementOpen {
    /// The pinned account.
    account: Fixed<32>,
    /// The camera's key.
    camera: Fixed<65>,
    /// The stream.
    stream: String,
    /// The head of the phone's chain.
    head: Head,
    /// The `COSE_Sign1`.
    acknowledgement: Hex,
}

/// What an acknowledgement says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Acknowledged {
    /// The number of the first clip under the announcement.
    first: u64,
    /// The camera's time.
    time: u64,
    /// The latest roster that the camera has followed.
    roster: RosterHead,
}

pub fn acknowledgement_open(input: AcknowledgementOpen, _: &mut Devices) -> Outcome<Acknowledged> {
    let (camera, stream) = (input.camera.verifying()?, name(&input.stream)?);
    let (account, bytes) = (input.account.into(), &input.acknowledgement.0);
    let ack = acknowledgement::open(&account, &camera, &stream, bytes)?;
    ack.check_head(&input.head.into())?;
    Ok(Acknowledged {
        first: ack.first,
        time: ack.time,
        roster: ack.roster.into(),
    })
}

/// Makes a camera's acknowledgement (ES256 is deterministic here, RFC 6979).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgementSign {
    /// The account.
    account: Fixed<32>,
    /// The private half of the camera's key.
    camera: Fixed<32>,
    /// The stream.
    stream: String,
    /// The announcement's epoch.
    epoch: u64,
    /// Its hash.
    announcement: Fixed<32>,
    /// The number of the first clip under it.
    first: u64,
    /// The camera's time.
    time: u64,
    /// The latest roster that the camera has followed.
    roster: RosterHead,
}

/// A signed message.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Signed {
    /// The `COSE_Sign1`.
    signed: Hex,
}

pub fn acknowledgement_sign(input: AcknowledgementSign, _: &mut Devices) -> Outcome<Signed> {
    let key = input.camera.signing()?;
    let ack = acknowledgement::Acknowledgement {
        camera: key.verifying_key(),
        stream: name(&input.stream)?,
        epoch: input.epoch,
        announcement: input.announcement.into(),
        first: input.first,
        time: input.time,
        roster: input.roster.into(),
    };
    let signed = cose::sign(&key, message::encode(&input.account.into(), ack))?.into();
    Ok(Signed { signed })
}

/// Verifies a lease extension under the key that it names, which the camera is still to check.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseOpen {
    /// The pinned account.
    account: Fixed<32>,
    /// The `COSE_Sign1`.
    lease: Hex,
}

/// What a lease extension says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Lease {
    /// The camera.
    camera: Fixed<65>,
    /// The stream.
    stream: String,
    /// The hash of the announcement that must be in force.
    announcement: Fixed<32>,
    /// The lease key that signed it.
    key: Fixed<65>,
    /// The end.
    until: u64,
}

pub fn lease_open(input: LeaseOpen, _: &mut Devices) -> Outcome<Lease> {
    let lease = lease::open(&input.account.into(), &input.lease.0)?;
    Ok(Lease {
        camera: lease.camera.into(),
        stream: lease.stream.to_string(),
        announcement: lease.announcement.into(),
        key: lease.key.into(),
        until: lease.until,
    })
}

/// Makes a lease extension (ES256 is deterministic here, RFC 6979).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseSign {
    /// The account.
    account: Fixed<32>,
    /// The private half of the phone's lease key.
    key: Fixed<32>,
    /// The camera's key.
    camera: Fixed<65>,
    /// The stream.
    stream: String,
    /// The hash of the announcement in force.
    announcement: Fixed<32>,
    /// The end.
    until: u64,
}

pub fn lease_sign(input: LeaseSign, _: &mut Devices) -> Outcome<Signed> {
    let key = input.key.signing()?;
    let lease = lease::Lease {
        camera: input.camera.verifying()?,
        stream: name(&input.stream)?,
        announcement: input.announcement.into(),
        key: key.verifying_key(),
        until: input.until,
    };
    let signed = lease::sign(&key, &input.account.into(), lease)?.into();
    Ok(Signed { signed })
}

/// Verifies a correction of a camera's clock. Which camera it is for, and whether it is the next one,
/// the camera checks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockOpen {
    /// The pinned root.
    root: Hex,
    /// The correction, a statement.
    clock: Hex,
}

/// What a correction says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Correction {
    /// The camera's key.
    camera: Fixed<65>,
    /// Its number, from 1.
    count: u64,
    /// By how many milliseconds the clock is set back.
    back: u64,
}

pub fn clock_open(input: ClockOpen, _: &mut Devices) -> Outcome<Correction> {
    let (root, account) = pinned(&input.root)?;
    let said = correction::open(&root, &account, &input.clock.0)?;
    Ok(Correction {
        camera: said.camera.into(),
        count: said.count,
        back: said.back,
    })
}
