//! The camera: a type per state, so that what is not paired has nothing to record with.
//!
//! [`Unpaired`] → [`Paired`] → (per session) [`Session`] → [`Recorded`].

mod paired;
mod session;
mod state;

pub use paired::{Accepted, Paired, Unpaired};
pub use session::{Recorded, Session, Unstored};
pub use state::State;
