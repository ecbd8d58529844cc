//! The reference with one realistic fault at a time, for the test that the vectors catch each of them.
//!
//! `build.rs` copies the reference's source and puts the faults of `faults.toml` into the copy. No other
//! crate depends on this one, and the reference has neither the faults nor a switch for them.

// What is left out of the copy leaves things unused, and what a fault takes out looks odd.
#![allow(warnings, clippy::all)]

#[cfg(not(debug_assertions))]
compile_error!("known-broken implementations are for tests: they are not built with optimisations");

/// Which fault is on.
pub mod fault {
    use std::cell::Cell;

    /// Every fault: its name, what is wrong, and why no vector can catch it, if none can.
    pub const ALL: &[(&str, &str, Option<&str>)] = include!(concat!(env!("OUT_DIR"), "/faults.rs"));

    thread_local! {
        static ON: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// Switches one fault on in this thread, or all off.
    pub fn switch(name: Option<&'static str>) {
        ON.with(|on| on.set(name));
    }

    /// Is this fault on in this thread?
    pub fn is(name: &str) -> bool {
        ON.with(|on| on.get() == Some(name))
    }
}

include!(concat!(env!("OUT_DIR"), "/lib.rs"));
