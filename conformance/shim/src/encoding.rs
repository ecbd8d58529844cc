//! Keys, messages, signatures, sealed records and statements, whatever they say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Fixed, Hex, pinned};
use super::{Devices, Done, Operation, Outcome, Refused};
use encryptediot::acknowledgement::Acknowledgement;
use encryptediot::announcement::Announcement;
use encryptediot::cbor;
use encryptediot::checkpoint::Checkpoint;
use encryptediot::clip::Manifest;
use encryptediot::correction::Correction;
use encryptediot::cose;
use encryptediot::crypto::VerifyingKey;
use encryptediot::error::{MessageError, Result};
use encryptediot::evidence::{Answer, Challenge};
use encryptediot::grant::{Backup, Introduction, SealedMember, Shard};
use encryptediot::keys::verifying_id;
use encryptediot::lease::Lease;
use encryptediot::message::{self, AccountId, Body};
use encryptediot::past::PastShare;
use encryptediot::roster::Roster;
use encryptediot::statement::{self, SignedStatement, TreeHead};
use encryptediot::unlock::Unlock;
use encryptediot::vault::Vault;

/// The short name of a P-256 public key, which may not be one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyId {
    /// The point: 65 bytes, if it is in good order.
    point: Hex,
}

/// What a key is called.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Id {
    /// The short name.
    id: Fixed<16>,
}

impl Operation for KeyId {
    const NAME: &'static str = "key-id";
    type Output = Id;

    fn run(self, _: &mut Devices) -> Outcome<Id> {
        let key = VerifyingKey::from_bytes(&self.point.0).map_err(|_| MessageError::InvalidKey)?;
        let id = verifying_id(&key).into();
        Ok(Id { id }.into())
    }
}

/// The type of a message that lies in the cloud or goes by text.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Type {
    TreeHead,
    Vault,
    Unlock,
    Roster,
    Member,
    Backup,
    Introduction,
    Announcement,
    Acknowledgement,
    Lease,
    Grants,
    Manifest,
    PastShare,
    Checkpoint,
    Clock,
    Challenge,
    Answer,
}

/// Reads a message of one type and of one account, by the grammar alone: what it says is not checked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageRead {
    /// The pinned account.
    account: Fixed<32>,
    /// The type that is expected.
    r#type: Type,
    /// The message.
    message: Hex,
}

/// What a message is called.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Hash {
    /// The message's hash.
    hash: Fixed<32>,
}

impl Operation for MessageRead {
    const NAME: &'static str = "message-read";
    type Output = Hash;

    fn run(self, _: &mut Devices) -> Outcome<Hash> {
        fn read<T: Body>(account: &AccountId, bytes: &[u8]) -> Result<()> {
            message::decode::<T>(account, bytes).map(drop)
        }
        let read = match self.r#type {
            Type::TreeHead => read::<TreeHead>,
            Type::Vault => read::<Vault>,
            Type::Unlock => read::<Unlock>,
            Type::Roster => read::<Roster>,
            Type::Member => read::<SealedMember>,
            Type::Backup => read::<Backup>,
            Type::Introduction => read::<Introduction>,
            Type::Announcement => read::<Announcement>,
            Type::Acknowledgement => read::<Acknowledgement>,
            Type::Lease => read::<Lease>,
            Type::Grants => read::<Shard>,
            Type::Manifest => read::<Manifest>,
            Type::PastShare => read::<PastShare>,
            Type::Checkpoint => read::<Checkpoint>,
            Type::Clock => read::<Correction>,
            Type::Challenge => read::<Challenge>,
            Type::Answer => read::<Answer>,
        };
        read(&self.account.into(), &self.message.0)?;
        let hash = message::hash(&self.message.0).into();
        Ok(Hash { hash }.into())
    }
}

/// The type of a message that a camera or a phone signs.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum SignedType {
    Acknowledgement,
    Lease,
    Manifest,
}

/// Verifies a `COSE_Sign1` under a camera's or lease key (ES256) and reads the message in it by the
/// grammar alone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign1Open {
    /// The pinned account.
    account: Fixed<32>,
    /// The type that is expected.
    r#type: SignedType,
    /// The key that must have signed it.
    key: Fixed<65>,
    /// The `COSE_Sign1`.
    signed: Hex,
}

/// A message whose signature is good.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Verified {
    /// The message's hash.
    hash: Fixed<32>,
    /// The message.
    message: Hex,
}

impl Verified {
    fn new(message: Vec<u8>) -> Self {
        let hash = message::hash(&message).into();
        let message = message.into();
        Self { hash, message }
    }
}

impl Operation for Sign1Open {
    const NAME: &'static str = "sign1-open";
    const INTERMEDIATE: &'static [&'static str] = &["to_be_signed"];
    type Output = Verified;

    fn run(self, _: &mut Devices) -> Outcome<Verified> {
        let (account, key) = (self.account.into(), self.key.verifying()?);
        let signed = &self.signed.0;
        match self.r#type {
            SignedType::Acknowledgement => {
                cose::open::<Acknowledgement>(&key, &account, signed).map(drop)
            }
            SignedType::Lease => cose::open::<Lease>(&key, &account, signed).map(drop),
            SignedType::Manifest => cose::open::<Manifest>(&key, &account, signed).map(drop),
        }?;
        let tbs = cose::to_be_signed(signed).unwrap_or_default();
        let verified = Verified::new(cose::unverified_payload(signed)?);
        Ok(Done::from(verified).with("to_be_signed", tbs))
    }
}

/// Opens a `COSE_Encrypt0` under a 32-byte key at the place that a context names.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedOpen {
    /// The key.
    key: Fixed<32>,
    /// The context: the external associated data.
    context: Hex,
    /// The `COSE_Encrypt0`.
    sealed: Hex,
}

/// What was sealed.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Plaintext {
    /// What was sealed.
    plaintext: Hex,
}

impl Operation for SealedOpen {
    const NAME: &'static str = "sealed-open";
    const INTERMEDIATE: &'static [&'static str] = &["associated_data"];
    type Output = Plaintext;

    fn run(self, _: &mut Devices) -> Outcome<Plaintext> {
        let context = &self.context.0;
        let plaintext = cose::unseal(&self.key.key(), context, &self.sealed.0)?;
        let plaintext = plaintext.to_vec().into();
        let aad = cose::associated_data(context);
        Ok(Done::from(Plaintext { plaintext }).with("associated_data", aad))
    }
}

/// The type of a message that the account signing key vouches for.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum StatementType {
    Roster,
    Announcement,
    Introduction,
    PastShare,
    Grants,
    Member,
}

/// Verifies a statement under the pinned root (tree head's PS256 signature, way through the hash tree)
/// and reads the message in it by the grammar alone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementOpen {
    /// The pinned root, 268 bytes.
    root: Hex,
    /// The type that is expected.
    r#type: StatementType,
    /// The statement.
    statement: Hex,
}

impl Operation for StatementOpen {
    const NAME: &'static str = "statement-open";
    const INTERMEDIATE: &'static [&'static str] = &["to_be_signed", "leaf_hash"];
    type Output = Verified;

    fn run(self, _: &mut Devices) -> Outcome<Verified> {
        let (root, account) = pinned(&self.root)?;
        let bytes = &self.statement.0;
        let open = |statement| -> std::result::Result<(), Refused> {
            match statement {
                StatementType::Roster => statement::open::<Roster>(&root, &account, bytes)?.hash,
                StatementType::Announcement => {
                    statement::open::<Announcement>(&root, &account, bytes)?.hash
                }
                StatementType::Introduction => {
                    statement::open::<Introduction>(&root, &account, bytes)?.hash
                }
                StatementType::PastShare => {
                    statement::open::<PastShare>(&root, &account, bytes)?.hash
                }
                StatementType::Grants => statement::open::<Shard>(&root, &account, bytes)?.hash,
                StatementType::Member => {
                    statement::open::<SealedMember>(&root, &account, bytes)?.hash
                }
            };
            Ok(())
        };
        open(self.r#type)?;
        let statement: SignedStatement = cbor::decode(bytes)?;
        let tbs = cose::to_be_signed(&statement.head).unwrap_or_default();
        let verified = Verified::new(statement.leaf.to_vec());
        let hash = verified.hash.0;
        let done = Done::from(verified).with("to_be_signed", tbs);
        Ok(done.with("leaf_hash", hash))
    }
}
