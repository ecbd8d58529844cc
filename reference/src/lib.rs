//! Reference implementation of EncryptedIoT; `SPEC.md` beside this crate says what it does and in
//! which order, in the same words.

pub mod announcement;
pub mod camera;
pub mod cbor;
pub mod clip;
pub mod clock;
pub mod cose;
pub mod crypto;
pub mod error;
pub mod grant;
pub mod keys;
pub mod message;
pub mod pairing;
pub mod passphrase;
pub mod roster;
pub mod segment;
pub mod statement;
pub mod vault;

pub use error::{Error, Result};
