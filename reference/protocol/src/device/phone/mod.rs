//! A phone of the owner: what it can do without the passphrase. With it, see [`crate::owner`].

mod enrolled;

mod clips;
mod fresh;
mod shares;
mod state;
mod status;
mod sync;

pub use enrolled::{Outgoing, Phone};
pub use shares::InForce;
pub use state::State;
pub use status::{ClockDifference, StreamStatus};
