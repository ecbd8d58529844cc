//! The steps of the protocol as operations on JSON: what test vectors are made of, and what a program
//! answers that is tested with them (`eiot shim`).
//!
//! An operation is a function from its input to its output, which calls the same public steps that the
//! devices call. [`OPERATIONS`] is the list; `vectors/README.md` says it without Rust.

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
    /// The input is accepted.
    Accept {
        /// The output.
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

/// An output with values on the way.
pub struct Done<T> {
    output: T,
    intermediate: Vec<(&'static str, Vec<u8>)>,
}

impl<T> Done<T> {
    fn from(output: T) -> Self {
        let intermediate = Vec::new();
        Self {
            output,
            intermediate,
        }
    }

    /// Adds a value on the way.
    fn with(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.intermediate.push((name, bytes.into()));
        self
    }
}

/// What an operation gives: an output, or that with values on the way.
trait Give {
    /// The output.
    type Output: Serialize + JsonSchema;

    fn done(self) -> Done<Self::Output>;
}

impl<T: Serialize + JsonSchema> Give for T {
    type Output = T;

    fn done(self) -> Done<T> {
        Done::from(self)
    }
}

impl<T: Serialize + JsonSchema> Give for Done<T> {
    type Output = T;

    fn done(self) -> Done<T> {
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

/// The result of an operation.
pub type Outcome<T> = Result<T, Refused>;

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

/// The entries of operations: the name, the names of the values on the way, and the function.
macro_rules! operations {
    ($($name:literal $([$($intermediate:literal),*])? => $function:path,)*) => {
        &[$(Entry {
            name: $name,
            intermediate: &[$($($intermediate),*)?],
            run: |input, devices| run(input, devices, $function),
            input: |generator| input_schema(generator, $function),
            output: |generator| output_schema(generator, $function),
        }),*]
    };
}

type Function<I, O> = fn(I, &mut Devices) -> Outcome<O>;

fn input_schema<I: JsonSchema, O>(generator: &mut SchemaGenerator, _: Function<I, O>) -> Schema {
    generator.subschema_for::<I>()
}

fn output_schema<I, O: Give>(generator: &mut SchemaGenerator, _: Function<I, O>) -> Schema {
    generator.subschema_for::<O::Output>()
}

fn run<I: DeserializeOwned, O: Give>(
    input: Value,
    devices: &mut Devices,
    function: Function<I, O>,
) -> Answer {
    let error = |message: String| Answer::Error { message };
    let input = match serde_json::from_value(input) {
        Ok(input) => input,
        Err(why) => return error(why.to_string()),
    };
    match function(input, devices).map(Give::done) {
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
pub const OPERATIONS: &[Entry] = operations! {
    "key-id" => encoding::key_id,
    "message-read" => encoding::message_read,
    "sign1-open" ["to_be_signed"] => encoding::sign1_open,
    "sealed-open" ["associated_data"] => encoding::sealed_open,
    "statement-open" ["to_be_signed", "leaf_hash"] => encoding::statement_open,
    "root-make" => account::root_make,
    "root-open" => account::root_open,
    "passphrase-read" => account::passphrase_read,
    "pdk-derive" ["scrypt"] => account::pdk_derive,
    "vault-open" ["scrypt", "pdk", "signing_key_context", "ring_context"] => account::vault_open,
    "roster-open" => account::roster_open,
    "roster-ring-open" ["info", "shared_secret"] => account::roster_ring_open,
    "roster-private-open" => account::roster_private_open,
    "checkpoint-read" => account::checkpoint_read,
    "unlock-open" ["info", "shared_secret"] => account::unlock_open,
    "name-read" => contact::name_read,
    "pairing-offer-read" => contact::offer_read,
    "pairing-reply-open" => contact::reply_open,
    "contact-card-read" => contact::card_read,
    "safety-number" => contact::safety_number,
    "safety-number-check" => contact::safety_number_check,
    "proximity-text-read" => contact::touch_text_read,
    "proximity-read" => contact::touch_read,
    "announcement-open" => announcement::announcement_open,
    "announcement-follow" => announcement::announcement_follow,
    "recipients" => announcement::recipients,
    "answer-open" => account::answer_open,
    "acknowledgement-open" => announcement::acknowledgement_open,
    "acknowledgement-sign" => announcement::acknowledgement_sign,
    "lease-open" => announcement::lease_open,
    "lease-sign" => announcement::lease_sign,
    "clock-open" => announcement::clock_open,
    "introduction-open" ["info", "shared_secret"] => grant::introduction_open,
    "part-lookup" => grant::part_lookup,
    "part-open" => grant::part_open,
    "member-record-open" => grant::member_open,
    "backup-open" => grant::backup_open,
    "past-share-open" => grant::past_share_open,
    "body-seal" ["context"] => clip::body_seal,
    "manifest-open" => clip::manifest_open,
    "envelope-open" ["info", "shared_secret"] => clip::envelope_open,
    "body-open" => clip::body_open,
    "link-read" => link::link_read,
    "link-open" ["info"] => link::link_open,
    "link-body-open" => link::link_body_open,
    "ring-certificate-open" => scheme::certificate_open,
    "ring-wrapped-open" => scheme::wrapped_open,
    "ring-recover" => scheme::recover,
    "ring-recording-open" => scheme::recording_open,
    "paper-grant-open" => scheme::grant_open,
    "paper-keys-open" => scheme::keys_open,
    "reset" => device::reset,
    "store-put" => device::store_put,
    "store-write" => device::store_write,
    "store-remove" => device::store_remove,
    "camera-new" => device::camera::camera_new,
    "camera-accept" => device::camera::camera_accept,
    "camera-extend" => device::camera::camera_extend,
    "camera-correct" => device::camera::camera_correct,
    "camera-begin" => device::camera::camera_begin,
    "camera-write" => device::camera::camera_write,
    "camera-finish" => device::camera::camera_finish,
    "camera-upload" => device::camera::camera_upload,
    "camera-sync" => device::camera::camera_sync,
    "camera-checkpoint" => device::camera::camera_checkpoint,
    "camera-time" => device::camera::camera_time,
    "camera-restart" => device::camera::camera_restart,
    "member-new" => device::member::member_new,
    "member-pin" => device::member::member_pin,
    "member-touch" => device::member::member_touch,
    "member-sync" => device::member::member_sync,
    "member-view" => device::member::member_view,
    "member-restart" => device::member::member_restart,
    "phone-new" => device::phone::phone_new,
    "phone-recover" => device::phone::phone_recover,
    "phone-sync" => device::phone::phone_sync,
    "phone-unlock" => device::phone::phone_unlock,
    "phone-unlock-kept" => device::phone::phone_unlock_kept,
    "phone-status" => device::phone::phone_status,
    "phone-extend" => device::phone::phone_extend,
    "phone-checkpoint" => device::phone::phone_checkpoint,
    "phone-check" => device::phone::phone_check,
    "phone-view" => device::phone::phone_view,
    "phone-restart" => device::phone::phone_restart,
    "owner-pair" => device::owner::pair,
    "owner-replace" => device::owner::replace,
    "owner-retire" => device::owner::retire,
    "owner-share" => device::owner::share,
    "owner-revoke" => device::owner::revoke,
    "owner-share-past" => device::owner::share_past,
    "owner-lose-phone" => device::owner::lose_phone,
};
