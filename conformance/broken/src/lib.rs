//! The protocol with one realistic fault at a time: mutants, of which the vectors must catch each.
//!
//! `build.rs` copies the source of `reference/protocol` and puts the faults of `faults.toml` into the copy.
//! Only tests depend on this crate, and the protocol itself has neither the faults nor a switch for them.

// The copy has been checked where it is from; what a fault takes out leaves things unused.
#![allow(warnings, clippy::all)]

pub mod fault;
pub mod lenient;

include!(concat!(env!("OUT_DIR"), "/protocol.rs"));
