//! Reference implementation of EncryptedIoT; `SPEC.md` beside this crate says what it does and in
//! which order, in the same words.

// What comes from outside is refused, and never a reason to stop.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::todo,
        clippy::unreachable
    )
)]

pub mod action;
pub mod announcement;
pub mod camera;
pub mod cbor;
pub mod clip;
pub mod clock;
pub mod cloud;
pub mod contact;
pub mod cose;
pub mod crypto;
#[cfg(feature = "cli")]
pub mod demo;
pub mod error;
pub mod feature;
pub mod grant;
pub mod household;
pub mod keys;
pub mod link;
pub mod local;
pub mod media;
pub mod member;
pub mod message;
pub mod owner;
pub mod pairing;
pub mod passphrase;
pub mod past;
pub mod phone;
pub mod policy;
pub mod roster;
pub mod scheme;
pub mod segment;
#[cfg(feature = "cli")]
pub mod shim;
pub mod statement;
pub mod times;
pub mod uplink;
pub mod vault;
pub mod view;

pub use error::{Error, Result};
#[cfg(test)]
mod grammar;
