//! What members are given, and the owner's records of it (SPEC sections "Sharing", "Past windows").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Fixed, Hex, RosterHead, Window, name, pinned, ring};
use super::{Devices, Done, Outcome};
use encryptediot::crypto::hpke_shared_secret;
use encryptediot::grant::{self, Introduction, Lookup, Shard};
use encryptediot::past;
use encryptediot::statement;

/// Verifies an introduction under the pinned root and opens it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntroductionOpen {
    /// The pinned root.
    root: Hex,
    /// The private half of the member's key.
    member: Fixed<32>,
    /// The introduction, a statement.
    introduction: Hex,
}

/// What an introduction sets up.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Introduced {
    /// The introduction's hash: it is accepted once.
    hash: Fixed<32>,
    /// Its number.
    number: u64,
    /// The pairwise key.
    pairwise: Fixed<32>,
}

pub fn introduction_open(input: IntroductionOpen, _: &mut Devices) -> Outcome<Done<Introduced>> {
    let (root, account) = pinned(&input.root)?;
    let (member, bytes) = (input.member.decrypting()?, &input.introduction.0);
    let opened = grant::open_introduction(&root, &account, &member, bytes)?;
    let (hash, number, pairwise) = opened;
    let enc = statement::open::<Introduction>(&root, &account, bytes)?
        .body
        .enc;
    let shared = hpke_shared_secret(&member, &enc.0)?;
    let output = Introduced {
        hash: hash.into(),
        number,
        pairwise: Fixed(*pairwise.as_bytes()),
    };
    Ok(Done::from(output)
        .with("info", grant::introduction_context(&account, number))
        .with("shared_secret", *shared.as_bytes()))
}

/// Where a member looks for its part of a key, and the key that opens it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartLookup {
    /// The pairwise key.
    pairwise: Fixed<32>,
    /// The hash of the announcement or past share.
    statement: Fixed<32>,
    /// Which of its keys, from 0.
    index: u32,
    /// Its `shard-bits`, 0 to 16.
    shard_bits: u8,
}

/// Where a part is.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Place {
    /// The part's first eight bytes.
    find: Fixed<8>,
    /// The number of the object that it is in.
    shard: u32,
    /// The AES-128 key that opens the rest.
    seal: Fixed<16>,
}

pub fn part_lookup(input: PartLookup, _: &mut Devices) -> Outcome<Place> {
    let (pairwise, statement) = (input.pairwise.key(), input.statement.into());
    let lookup = Lookup::new(&pairwise, &statement, input.index, input.shard_bits)?;
    let (find, seal) = lookup.derived();
    Ok(Place {
        find: Fixed(find),
        shard: lookup.shard,
        seal: Fixed(*seal.as_bytes()),
    })
}

/// Finds and opens a member's part of one key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartOpen {
    /// The pinned root.
    root: Hex,
    /// The pairwise key.
    pairwise: Fixed<32>,
    /// The hash of the announcement or past share.
    statement: Fixed<32>,
    /// Which of its keys, from 0.
    index: u32,
    /// Its `shard-bits`.
    shard_bits: u8,
    /// The key as it is announced.
    public: Fixed<65>,
    /// The object in which the part must be, a statement.
    grants: Hex,
}

/// What a part holds.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Granted {
    /// The private key; `null` where there is no part under this pairwise key.
    private: Option<Fixed<32>>,
}

pub fn part_open(input: PartOpen, _: &mut Devices) -> Outcome<Granted> {
    let (root, account) = pinned(&input.root)?;
    let (pairwise, statement) = (input.pairwise.key(), input.statement.into());
    let lookup = Lookup::new(&pairwise, &statement, input.index, input.shard_bits)?;
    let shard = statement::open::<Shard>(&root, &account, &input.grants.0)?.body;
    let found = lookup.open(&statement, &input.public.encrypting()?, &shard)?;
    let private = found.map(|secret| Fixed(*secret.to_bytes()));
    Ok(Granted { private })
}

/// Verifies the owner's record of a member and opens it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberOpen {
    /// The pinned root.
    root: Hex,
    /// The keys of the ring, oldest first.
    ring: Vec<Fixed<32>>,
    /// The number under which it lies.
    number: u64,
    /// The record, a statement.
    record: Hex,
}

/// What the owner keeps of a member.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Member {
    /// What the owner calls the member.
    name: String,
    /// The member's key.
    key: Fixed<65>,
    /// The pairwise key.
    pairwise: Fixed<32>,
}

pub fn member_open(input: MemberOpen, _: &mut Devices) -> Outcome<Member> {
    let (root, account) = pinned(&input.root)?;
    let ring = ring(&input.ring);
    let member = grant::open_member(&root, &account, &ring, input.number, &input.record.0)?;
    Ok(Member {
        name: member.name.to_string(),
        key: member.key.into(),
        pairwise: Fixed(*member.pairwise.as_bytes()),
    })
}

/// Opens the backup that a statement names, and holds the private keys against the statement's.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupOpen {
    /// The pinned account.
    account: Fixed<32>,
    /// The keys of the ring, oldest first.
    ring: Vec<Fixed<32>>,
    /// The stream.
    stream: String,
    /// The hash that the statement gives.
    hash: Fixed<32>,
    /// The statement's keys, in their order.
    announced: Vec<Fixed<65>>,
    /// The backup.
    backup: Hex,
}

/// What a backup holds.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Backup {
    /// Key by key.
    holdings: Vec<Holding>,
}

/// A private key and who holds it.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Holding {
    /// The private key.
    private: Fixed<32>,
    /// The members who hold it: SHA-256 over the key of each.
    members: Vec<Fixed<32>>,
}

pub fn backup_open(input: BackupOpen, _: &mut Devices) -> Outcome<Backup> {
    let (account, hash) = (input.account.into(), input.hash.into());
    let (ring, stream) = (ring(&input.ring), name(&input.stream)?);
    let (_, held) = grant::open_backup(&account, &ring, &stream, &hash, &input.backup.0)?;
    let announced: Result<Vec<_>, _> = input.announced.iter().map(Fixed::encrypting).collect();
    grant::check_holdings(&held, announced?.into_iter())?;
    let holding = |h: grant::Holding| Holding {
        private: Fixed(*h.secret.to_bytes()),
        members: h.members.into_iter().map(Fixed::from).collect(),
    };
    let holdings = held.into_iter().map(holding).collect();
    Ok(Backup { holdings })
}

/// Verifies a past share under the pinned root: the statement and its form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PastShareOpen {
    /// The pinned root.
    root: Hex,
    /// The past share, a statement.
    past_share: Hex,
}

/// What a past share says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PastShare {
    /// Its hash.
    hash: Fixed<32>,
    /// The stream.
    stream: String,
    /// The window.
    window: Window,
    /// The TDSK.
    key: Fixed<65>,
    /// The clips.
    clips: Vec<PastClip>,
    /// The roster under which it was made.
    roster: RosterHead,
}

/// A clip of a past share.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct PastClip {
    /// Its number.
    sequence: u64,
    /// Its manifest's hash.
    manifest: Fixed<32>,
}

pub fn past_share_open(input: PastShareOpen, _: &mut Devices) -> Outcome<PastShare> {
    let (root, account) = pinned(&input.root)?;
    let signed = past::open(&root, &account, &input.past_share.0)?;
    let (hash, body) = (signed.hash.into(), signed.body);
    let clip = |clip: &past::PastClip| PastClip {
        sequence: clip.sequence,
        manifest: clip.manifest.into(),
    };
    Ok(PastShare {
        hash,
        stream: body.stream.to_string(),
        window: body.window.into(),
        key: body.key.into(),
        clips: body.clips.iter().map(clip).collect(),
        roster: body.roster.into(),
    })
}
