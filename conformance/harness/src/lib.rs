//! The conformance harness of EncryptedIoT: it runs every check that there is, says which held,
//! which failed and which could not be made, and never takes the last for the first.
//!
//! A check is a [`check::Check`]; [`checks::all`] is the list to which later ones are added.

// It is the harness's own crate, and a field's name is not said again.
#![allow(missing_docs)]

// The histories are compiled for copies of the reference too, outside this crate.
extern crate self as conformance;

pub mod check;
pub mod checks;
pub mod claims;
pub mod household;
#[cfg(test)]
mod limits;
pub mod output;
pub mod pairs;
pub mod prove;
pub mod spthy;
pub mod trace;
