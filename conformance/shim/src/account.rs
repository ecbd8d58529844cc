//! Root, passphrase, vault, roster, checkpoint (SPEC section "Account").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Fixed, Head, Hex, PhoneKeys, RosterHead, from, pinned, ring, same};
use super::{Devices, Done, Outcome};
use encryptediot::announcement;
use encryptediot::cbor::Bytes;
use encryptediot::crypto::{self, KemPublic, RsaPublic, hpke_shared_secret};
use encryptediot::error::{AccountError, MessageError};
use encryptediot::evidence::{self, Challenge};
use encryptediot::keys::{self, kem_id};
use encryptediot::message::{self, Body as _};
use encryptediot::passphrase::Passphrase;
use encryptediot::roster::{self, Wrapped};
use encryptediot::unlock::{self, Unlock};
use encryptediot::vault::{self, Pdk, Ring, Vault};

/// The root, and the account that it stands for, from the modulus of an account signing key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RootMake {
    /// The modulus, big-endian.
    modulus: Hex,
}

/// A root and its account.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Root {
    /// The `COSE_Key`, 268 bytes.
    root: Hex,
    /// The account.
    account: Fixed<32>,
}

pub fn root_make(input: RootMake, _: &mut Devices) -> Outcome<Root> {
    let invalid = |_| MessageError::InvalidKey;
    let modulus = <&[u8; 256]>::try_from(&*input.modulus.0);
    let modulus = modulus.map_err(|_| MessageError::InvalidKey)?;
    let root = RsaPublic::from_modulus(modulus).map_err(invalid)?;
    let account = keys::account_id(&root).into();
    let root = keys::encode_root(&root).into();
    Ok(Root { root, account })
}

/// Reads the root of a pinned account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RootOpen {
    /// The pinned account.
    account: Fixed<32>,
    /// What is said to be its root.
    root: Hex,
}

/// An account signing key's public part.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Modulus {
    /// The modulus, big-endian.
    modulus: Hex,
}

pub fn root_open(input: RootOpen, _: &mut Devices) -> Outcome<Modulus> {
    let root = keys::decode_root(&input.account.into(), &input.root.0)?;
    let modulus = root.modulus().to_vec().into();
    Ok(Modulus { modulus })
}

/// Reads a passphrase as a person typed it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassphraseRead {
    /// What was typed.
    text: String,
}

/// A passphrase.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Words {
    /// Its canonical form.
    words: String,
}

pub fn passphrase_read(input: PassphraseRead, _: &mut Devices) -> Outcome<Words> {
    let words = Passphrase::parse(&input.text)?.words().to_owned();
    Ok(Words { words })
}

/// The parameters of the passphrase function.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Work {
    /// scrypt's N is 2 to this power.
    log_n: u8,
    /// scrypt's block size.
    r: u32,
    /// scrypt's parallelism.
    p: u32,
    /// PBKDF2's iterations.
    iterations: u32,
}

same!(
    Work,
    vault::Work {
        log_n,
        r,
        p,
        iterations
    }
);

fn scrypt(passphrase: &Passphrase, salt: &[u8; 16], work: vault::Work) -> Vec<u8> {
    let work = crypto::Work {
        log_n: work.log_n,
        r: work.r,
        p: work.p,
        iterations: work.iterations,
    };
    let stretched = crypto::scrypt(passphrase.words().as_bytes(), salt, &work);
    stretched.map_or_else(|_| Vec::new(), |key| key.as_bytes().to_vec())
}

/// The passphrase-derived key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PdkDerive {
    /// The passphrase as it was typed.
    passphrase: String,
    /// The salt.
    salt: Fixed<16>,
    /// The parameters.
    work: Work,
}

/// A passphrase-derived key.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Derived {
    /// The PDK.
    pdk: Fixed<32>,
}

pub fn pdk_derive(input: PdkDerive, _: &mut Devices) -> Outcome<Done<Derived>> {
    let passphrase = Passphrase::parse(&input.passphrase)?;
    let (work, salt) = (input.work.into(), input.salt);
    let pdk = Pdk::derive_with_salt(&passphrase, work, salt.into())?;
    let pdk = Fixed(*pdk.key().as_bytes());
    Ok(Done::from(Derived { pdk }).with("scrypt", scrypt(&passphrase, &salt.0, work)))
}

/// Opens a vault with the passphrase.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VaultOpen {
    /// The pinned account.
    account: Fixed<32>,
    /// The passphrase as it was typed.
    passphrase: String,
    /// The number under which the vault lies in the cloud.
    place: u64,
    /// The latest number that this phone has seen, 0 if none.
    seen: u64,
    /// The vault.
    vault: Hex,
}

/// What a vault holds.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct VaultOpened {
    /// The account signing key, PKCS #8.
    signing_key: Hex,
    /// The key ring.
    ring: RingKeys,
}

/// A key ring.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RingKeys {
    /// The account's keys, oldest first.
    keys: Vec<Fixed<32>>,
    /// The rings of the accounts that this one replaced.
    predecessors: Vec<Predecessor>,
}

/// The ring of an account that was replaced.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Predecessor {
    /// The account.
    account: Fixed<32>,
    /// Its keys, oldest first.
    keys: Vec<Fixed<32>>,
}

impl From<&Ring> for RingKeys {
    fn from(ring: &Ring) -> Self {
        let plain =
            |keys: &[encryptediot::cose::Key]| keys.iter().map(|k| Fixed(*k.as_bytes())).collect();
        let predecessors = ring.predecessors.iter().map(|(account, keys)| Predecessor {
            account: (*account).into(),
            keys: plain(keys),
        });
        Self {
            keys: plain(&ring.keys),
            predecessors: predecessors.collect(),
        }
    }
}

pub fn vault_open(input: VaultOpen, _: &mut Devices) -> Outcome<Done<VaultOpened>> {
    let account = input.account.into();
    let passphrase = Passphrase::parse(&input.passphrase)?;
    let vault: Vault = message::decode(&account, &input.vault.0)?;
    vault::check_place(&vault, input.place, input.seen)?;
    let (number, opened) = vault::open(&account, &passphrase, &input.vault.0)?;
    let pkcs8 = opened.signing_key.to_pkcs8();
    let pkcs8 = pkcs8.map_err(|_| AccountError::VaultOpen)?;
    let output = VaultOpened {
        signing_key: pkcs8.to_vec().into(),
        ring: (&opened.ring).into(),
    };
    let context = |kind| opened.pdk.context(kind, &account, number);
    Ok(Done::from(output)
        .with("scrypt", scrypt(&passphrase, &vault.salt.0, vault.work))
        .with("pdk", *opened.pdk.key().as_bytes())
        .with("signing_key_context", context(vault::SIGNING_KEY))
        .with("ring_context", context(vault::RING)))
}

/// Verifies a roster under the pinned root and takes it after the one that the phone has.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterOpen {
    /// The pinned root.
    root: Hex,
    /// The roster that the phone has, `null` if none.
    head: Option<RosterHead>,
    /// The roster, a statement.
    roster: Hex,
}

/// What a roster says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RosterOpened {
    /// The new head of the chain.
    head: RosterHead,
    /// When it was made.
    issued: u64,
    /// The generation of the ring's newest key.
    generation: u64,
    /// The phones.
    phones: Vec<Phone>,
    /// The cameras.
    cameras: Vec<Camera>,
}

/// A phone on the roster.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Phone {
    /// Its name.
    name: String,
    /// Its public keys.
    keys: PhoneKeys,
}

/// A camera on the roster.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Camera {
    /// Its name.
    name: String,
    /// The key under which it signs, `null` once it is retired.
    key: Option<Fixed<65>>,
    /// Its streams.
    streams: Vec<String>,
}

pub fn roster_open(input: RosterOpen, _: &mut Devices) -> Outcome<RosterOpened> {
    let (root, account) = pinned(&input.root)?;
    let next = roster::open(&root, &account, &input.roster.0)?;
    let head = roster::follow(input.head.map(Into::into), &next)?;
    let phone = |entry: &roster::PhoneEntry| Phone {
        name: entry.name.to_string(),
        keys: (&entry.keys).into(),
    };
    let camera = |entry: &roster::CameraEntry| Camera {
        name: entry.name.to_string(),
        key: entry.key.map(Into::into),
        streams: entry.streams.iter().map(ToString::to_string).collect(),
    };
    Ok(RosterOpened {
        head: head.into(),
        issued: next.roster.issued,
        generation: next.roster.generation,
        phones: next.roster.phones.iter().map(phone).collect(),
        cameras: next.roster.cameras.iter().map(camera).collect(),
    })
}

/// Opens the key ring that a roster holds for a phone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterRingOpen {
    /// The pinned root.
    root: Hex,
    /// The roster, a statement.
    roster: Hex,
    /// The private half of the phone's instance key.
    instance: Fixed<32>,
}

pub fn roster_ring_open(input: RosterRingOpen, _: &mut Devices) -> Outcome<Done<RingKeys>> {
    let (root, account) = pinned(&input.root)?;
    let instance = input.instance.decrypting()?;
    let roster = roster::open(&root, &account, &input.roster.0)?.roster;
    let ring = roster::open_ring(&account, &roster, &instance)?;
    let public: KemPublic = instance.public();
    let info = roster::ring_context(&account, roster.number, &public);
    let enc = roster.phone(&public).map(|entry| entry.ring.enc);
    let shared = hpke_shared_secret(&instance, &enc.unwrap_or(Bytes([0; 65])).0)?;
    Ok(Done::from(RingKeys::from(&ring))
        .with("info", info)
        .with("shared_secret", *shared.as_bytes()))
}

/// Opens what the owner's phones alone know of the members.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterPrivateOpen {
    /// The pinned root.
    root: Hex,
    /// The roster, a statement.
    roster: Hex,
    /// The keys of the ring, oldest first.
    ring: Vec<Fixed<32>>,
}

/// What the owner's phones alone know of the members.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RosterPrivate {
    /// How many member records there are.
    members: u64,
    /// The members who are given every stream: SHA-256 over the key of each.
    all_streams: Vec<Fixed<32>>,
    /// The short names of the instance keys of phones that are or were kept unlocked.
    unlocked: Vec<Fixed<16>>,
}

pub fn roster_private_open(input: RosterPrivateOpen, _: &mut Devices) -> Outcome<RosterPrivate> {
    let (root, account) = pinned(&input.root)?;
    let roster = roster::open(&root, &account, &input.roster.0)?.roster;
    let private = roster::open_private(&account, &roster, &ring(&input.ring))?;
    Ok(RosterPrivate {
        members: private.members,
        all_streams: private.all_streams.into_iter().map(Fixed::from).collect(),
        unlocked: private.unlocked.into_iter().map(Fixed::from).collect(),
    })
}

/// Reads a checkpoint's text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointRead {
    /// The pinned account.
    account: Fixed<32>,
    /// The text.
    text: String,
}

/// What a checkpoint says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Checkpoint {
    /// The latest roster, `null` from a camera.
    roster: Option<RosterHead>,
    /// The latest announcement of each stream.
    streams: Vec<StreamHead>,
}

/// The latest announcement of a stream.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct StreamHead {
    /// The stream.
    stream: String,
    /// The latest announcement.
    head: Head,
}

impl From<(keys::Name, announcement::Head)> for StreamHead {
    fn from((stream, head): (keys::Name, announcement::Head)) -> Self {
        let (stream, head) = (stream.to_string(), head.into());
        Self { stream, head }
    }
}

pub fn checkpoint_read(input: CheckpointRead, _: &mut Devices) -> Outcome<Checkpoint> {
    let checkpoint =
        encryptediot::checkpoint::Checkpoint::from_text(&input.account.into(), &input.text)?;
    let roster = checkpoint.roster.map(RosterHead::from);
    let streams = checkpoint.streams.into_iter();
    let streams = streams.map(StreamHead::from).collect();
    Ok(Checkpoint { roster, streams })
}

/// Verifies a camera's answer to a phone's challenge.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerOpen {
    /// The account.
    account: Fixed<32>,
    /// The camera's key, from the roster.
    camera: Fixed<65>,
    /// The phone's challenge.
    challenge: Fixed<16>,
    /// The `COSE_Sign1`.
    answer: Hex,
}

/// What a camera obeys.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Answered {
    /// The camera's time.
    time: u64,
    /// The latest roster that it has followed.
    roster: Option<RosterHead>,
    /// The announcement in force on each of its streams.
    streams: Vec<StreamHead>,
}

pub fn answer_open(input: AnswerOpen, _: &mut Devices) -> Outcome<Answered> {
    let (account, camera) = (input.account.into(), input.camera.verifying()?);
    let challenge = Challenge(input.challenge.into());
    let answer = evidence::open(&account, &camera, &challenge, &input.answer.0)?;
    Ok(Answered {
        time: answer.time,
        roster: answer.roster.map(RosterHead::from),
        streams: answer.streams.into_iter().map(StreamHead::from).collect(),
    })
}

/// Opens the passphrase-derived key that was wrapped to a phone's instance key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlockOpen {
    /// The pinned account.
    account: Fixed<32>,
    /// The private half of the phone's instance key.
    instance: Fixed<32>,
    /// The object `unlock`.
    unlock: Hex,
}

/// A passphrase-derived key and its origin.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Unlocked {
    /// The PDK.
    pdk: Fixed<32>,
}

pub fn unlock_open(input: UnlockOpen, _: &mut Devices) -> Outcome<Done<Unlocked>> {
    let (account, instance) = (input.account.into(), input.instance.decrypting()?);
    let pdk = unlock::open(&account, &instance, &input.unlock.0)?;
    let pdk = Fixed(*pdk.key().as_bytes());
    let Unlock {
        pdk: Wrapped { enc, .. },
        ..
    } = message::decode(&account, &input.unlock.0)?;
    let info = message::context(Unlock::TYPE, &account, kem_id(&instance.public()));
    let shared = hpke_shared_secret(&instance, &enc.0)?;
    Ok(Done::from(Unlocked { pdk })
        .with("info", info)
        .with("shared_secret", *shared.as_bytes()))
}
