//! A policy: a file that says who is to see which streams, for how long, and what is to happen when
//! a phone is lost. From it and the account as it is follows what has to be done.
//!
//! The protocol knows nothing of policies: what is done are the owner's ordinary acts. The file
//! states the whole of what members may open of what is recorded from now on; whoever it does not
//! name loses what they have. What a member could open already stays open.

mod check;
pub mod feature;
mod file;
mod plan;
mod read;
mod refusal;
mod state;
mod step;
pub mod times;
mod wanted;

use std::collections::BTreeMap;

pub use check::{Drift, check};
pub use file::{AfterLoss, Entry, Identity, LiveView, Placed, Policy, Streams};
pub use plan::{Plan, apply};
pub use refusal::{Place, Reason, Refusal};
pub use state::{Announced, Clip, Right, State, Stream};
pub use step::{Effect, Since, Step, Why};
pub use wanted::Wanted;

use encryptediot::contact::VerifiedMember;
use encryptediot::keys::Name;

/// Members whose keys were verified on this phone and whom the account may not know yet.
pub type Contacts = BTreeMap<Name, VerifiedMember>;

/// Why a policy was not planned or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It cannot be met; nothing was written.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<Refusal>),
    /// Reading the account or acting on it failed.
    #[error(transparent)]
    Failed(encryptediot::Error),
}

impl From<encryptediot::Error> for Error {
    fn from(error: encryptediot::Error) -> Self {
        Self::Failed(error)
    }
}
