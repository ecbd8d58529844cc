//! Policies: what is refused, what is planned, and that applying leads exactly to what the file
//! states.

mod examples;
mod oracle;
mod property;
mod refused;
mod world;
mod written;
