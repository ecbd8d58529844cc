//! The steps of the protocol as operations on JSON: what test vectors are made of, and what a program
//! answers that is tested with them (`eiot shim`).
//!
//! An operation is a type: its fields are the input, [`Operation::run`] calls the same public steps
//! that the devices call. [`OPERATIONS`] is the list; `vectors/README.md` says it without Rust.

mod account;
mod announcement;
mod clip;
mod contact;
mod device;
mod encoding;
mod grant;
mod link;
pub mod protocol;
mod scheme;
mod values;

use data_encoding::HEXLOWER;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use encryptediot::error::Error;

pub use device::Devices;
pub use values::Released;

/// What a program says to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// The input is good, and this is what comes of it.
    Accept {
        /// What comes of it.
        output: Value,
        /// Values on the way, as hexadecimal: an implementation may leave them out.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        intermediate: Map<String, Value>,
    },
    /// The input is refused.
    Reject {
        /// The name of the reason in SPEC's table.
        reason: String,
        /// What was released before it was refused, where the operation reads a body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Value>,
    },
    /// This program does not do this operation.
    Unsupported,
    /// The request is not one that the operation could be asked.
    Error {
        /// What is wrong with it.
        message: String,
    },
}

/// What an operation gives.
pub struct Done<T> {
    output: T,
    intermediate: Vec<(&'static str, Vec<u8>)>,
}

impl<T> From<T> for Done<T> {
    fn from(output: T) -> Self {
        let intermediate = Vec::new();
        Self {
            output,
            intermediate,
        }
    }
}

impl<T> Done<T> {
    /// Adds a value on the way.
    fn with(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.intermediate.push((name, bytes.into()));
        self
    }
}

/// Why an operation gives nothing.
pub enum Refused {
    /// The input is refused, for one of SPEC's reasons; bodies say what was released before.
    Reason(Error, Option<Released>),
    /// The request makes no sense: what a vector never holds.
    Request(String),
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Reason(error.into(), None)
    }
}

/// What comes of an operation.
pub type Outcome<T> = Result<Done<T>, Refused>;

/// An operation: its fields are the input.
pub trait Operation: DeserializeOwned + JsonSchema {
    /// Its name.
    const NAME: &'static str;
    /// The names of the values on the way, in their order.
    const INTERMEDIATE: &'static [&'static str] = &[];
    /// What comes of it.
    type Output: Serialize + JsonSchema;

    /// Does it.
    ///
    /// # Errors
    /// Why it was refused.
    fn run(self, devices: &mut Devices) -> Outcome<Self::Output>;
}

/// An operation in the list.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The names of the values on the way.
    pub intermediate: &'static [&'static str],
    /// Does it on an input as JSON.
    pub run: fn(Value, &mut Devices) -> Answer,
    /// The JSON Schema of the input; its description is what the operation is.
    pub input: fn(&mut SchemaGenerator) -> Schema,
    /// The JSON Schema of the output.
    pub output: fn(&mut SchemaGenerator) -> Schema,
}

impl Entry {
    const fn of<O: Operation>() -> Self {
        Self {
            name: O::NAME,
            intermediate: O::INTERMEDIATE,
            run: run::<O>,
            input: SchemaGenerator::subschema_for::<O>,
            output: SchemaGenerator::subschema_for::<O::Output>,
        }
    }
}

fn run<O: Operation>(input: Value, devices: &mut Devices) -> Answer {
    let error = |message: String| Answer::Error { message };
    let operation: O = match serde_json::from_value(input) {
        Ok(operation) => operation,
        Err(why) => return error(why.to_string()),
    };
    match operation.run(devices) {
        Ok(done) => match serde_json::to_value(done.output) {
            Ok(output) => {
                let hex =
                    |(name, bytes): (&str, Vec<u8>)| (name.into(), HEXLOWER.encode(&bytes).into());
                let intermediate = done.intermediate.into_iter().map(hex).collect();
                Answer::Accept {
                    output,
                    intermediate,
                }
            }
            Err(why) => error(why.to_string()),
        },
        Err(Refused::Reason(reason, released)) => Answer::Reject {
            reason: reason.reason().to_owned(),
            output: released.and_then(|released| serde_json::to_value(released).ok()),
        },
        Err(Refused::Request(message)) => error(message),
    }
}

/// Does the operation of this name.
pub fn dispatch(name: &str, input: Value, devices: &mut Devices) -> Answer {
    match OPERATIONS.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.run)(input, devices),
        None => Answer::Unsupported,
    }
}

/// Every operation, in the order of SPEC.
pub const OPERATIONS: &[Entry] = &[
    Entry::of::<encoding::KeyId>(),
    Entry::of::<encoding::MessageRead>(),
    Entry::of::<encoding::Sign1Open>(),
    Entry::of::<encoding::SealedOpen>(),
    Entry::of::<encoding::StatementOpen>(),
    Entry::of::<account::RootMake>(),
    Entry::of::<account::RootOpen>(),
    Entry::of::<account::PassphraseRead>(),
    Entry::of::<account::PdkDerive>(),
    Entry::of::<account::VaultOpen>(),
    Entry::of::<account::RosterOpen>(),
    Entry::of::<account::RosterRingOpen>(),
    Entry::of::<account::RosterPrivateOpen>(),
    Entry::of::<account::CheckpointRead>(),
    Entry::of::<account::UnlockOpen>(),
    Entry::of::<contact::NameRead>(),
    Entry::of::<contact::OfferRead>(),
    Entry::of::<contact::ReplyOpen>(),
    Entry::of::<contact::CardRead>(),
    Entry::of::<contact::SafetyNumber>(),
    Entry::of::<contact::SafetyNumberCheck>(),
    Entry::of::<contact::TouchTextRead>(),
    Entry::of::<contact::TouchRead>(),
    Entry::of::<announcement::AnnouncementOpen>(),
    Entry::of::<announcement::AnnouncementFollow>(),
    Entry::of::<announcement::Recipients>(),
    Entry::of::<account::AnswerOpen>(),
    Entry::of::<announcement::AcknowledgementOpen>(),
    Entry::of::<announcement::AcknowledgementSign>(),
    Entry::of::<announcement::LeaseOpen>(),
    Entry::of::<announcement::LeaseSign>(),
    Entry::of::<announcement::ClockOpen>(),
    Entry::of::<grant::IntroductionOpen>(),
    Entry::of::<grant::PartLookup>(),
    Entry::of::<grant::PartOpen>(),
    Entry::of::<grant::MemberOpen>(),
    Entry::of::<grant::BackupOpen>(),
    Entry::of::<grant::PastShareOpen>(),
    Entry::of::<clip::BodySeal>(),
    Entry::of::<clip::ManifestOpen>(),
    Entry::of::<clip::EnvelopeOpen>(),
    Entry::of::<clip::BodyOpen>(),
    Entry::of::<link::LinkRead>(),
    Entry::of::<link::LinkOpen>(),
    Entry::of::<link::LinkBodyOpen>(),
    Entry::of::<scheme::CertificateOpen>(),
    Entry::of::<scheme::WrappedOpen>(),
    Entry::of::<scheme::Recover>(),
    Entry::of::<scheme::RecordingOpen>(),
    Entry::of::<scheme::GrantOpen>(),
    Entry::of::<scheme::KeysOpen>(),
    Entry::of::<device::Reset>(),
    Entry::of::<device::StorePut>(),
    Entry::of::<device::StoreWrite>(),
    Entry::of::<device::StoreRemove>(),
    Entry::of::<device::CameraNew>(),
    Entry::of::<device::CameraAccept>(),
    Entry::of::<device::CameraExtend>(),
    Entry::of::<device::CameraCorrect>(),
    Entry::of::<device::CameraBegin>(),
    Entry::of::<device::CameraWrite>(),
    Entry::of::<device::CameraFinish>(),
    Entry::of::<device::CameraUpload>(),
    Entry::of::<device::CameraSync>(),
    Entry::of::<device::CameraCheckpoint>(),
    Entry::of::<device::CameraTime>(),
    Entry::of::<device::CameraRestart>(),
    Entry::of::<device::MemberNew>(),
    Entry::of::<device::MemberPin>(),
    Entry::of::<device::MemberTouch>(),
    Entry::of::<device::MemberSync>(),
    Entry::of::<device::MemberView>(),
    Entry::of::<device::MemberRestart>(),
    Entry::of::<device::PhoneNew>(),
    Entry::of::<device::PhoneRecover>(),
    Entry::of::<device::PhoneSync>(),
    Entry::of::<device::PhoneUnlock>(),
    Entry::of::<device::PhoneUnlockKept>(),
    Entry::of::<device::PhoneStatus>(),
    Entry::of::<device::PhoneExtend>(),
    Entry::of::<device::PhoneCheckpoint>(),
    Entry::of::<device::PhoneCheck>(),
    Entry::of::<device::PhoneView>(),
    Entry::of::<device::PhoneRestart>(),
    Entry::of::<device::Pair>(),
    Entry::of::<device::Share>(),
    Entry::of::<device::Revoke>(),
    Entry::of::<device::SharePast>(),
    Entry::of::<device::LosePhone>(),
];
