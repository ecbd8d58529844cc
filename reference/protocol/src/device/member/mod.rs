//! A member: someone whom an owner shares with; the provider is one like any other (paper
//! section 4).

mod membership;
mod person;
mod state;

pub use membership::{Granted, News};
pub use person::Member;
pub use state::State;
