//! Clips: manifest, envelopes, segments (SPEC section "Clips").

mod manifest;
pub mod segment;

pub use manifest::*;
