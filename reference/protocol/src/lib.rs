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

mod account;
pub mod action;
pub mod clip;
pub mod cloud;
pub mod contact;
pub mod crypto;
mod device;
pub mod error;
pub mod pairing;
mod sharing;
mod stream;
mod wire;

pub use account::{checkpoint, passphrase, roster, unlock, vault};
pub use clip::segment;
pub use device::{camera, clock, member, owner, phone, uplink, view};
pub use error::{Error, ErrorKind, Result};
pub use sharing::{grant, link, past};
pub use stream::{acknowledgement, announcement, lease};
pub use wire::{cbor, cose, keys, message, statement};
