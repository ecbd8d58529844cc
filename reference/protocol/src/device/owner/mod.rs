//! The owner at work: an enrolled phone with the account signing key (ASK) at hand for one act at
//! a time. Every statement that others must believe is made here.
//!
//! An act is built as a value (`act`), stored on the phone as a whole, then written to the cloud
//! object by object: one that is interrupted goes on where it stopped ([`Phone::sync`]).
//!
//! [`Phone::sync`]: crate::phone::Phone::sync

mod act;
mod unlocked;

mod create;
mod enroll;
mod passphrase;
mod phones;

mod announce;
mod cameras;
mod clock;
mod records;

mod arrange;
mod links;
mod past;
mod revoke;
mod share;

pub use announce::DEFAULT_LEASE;
pub use arrange::Arrangement;
pub use cameras::Counted;
pub use create::{create_account, create_account_of};
pub use enroll::{enroll, recover};
pub use links::remove_link;
pub use share::{Meeting, Term, TouchPayload};
pub use unlocked::{Env, Owner, Save};
