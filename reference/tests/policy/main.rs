//! Policies: what is refused, what is planned, and that applying leads exactly to what the file
//! states.

#[path = "../common/mod.rs"]
mod common;

mod examples;
mod oracle;
mod property;
mod refused;
mod world;
mod written;
