//! Random histories with many hands: several phones, cameras and members, each of which is shown a cloud of its own,
//! and each with a clock of its own. What must hold is judged by what was done: by the keys that devices store, the
//! clips that they open and the hashes that were signed, against what the owner meant by each act.
//!
//! Copies of the reference with known faults are searched by the same files.

pub mod facts;
pub mod house;
pub mod judge;
pub mod ledger;
pub mod obey;
pub mod op;
pub mod pairing;
pub mod play;
pub mod provider;
pub mod report;
pub mod search;
