//! What the harness and the runner of vectors share: outcomes, processes, files written whole, reports,
//! and SPEC as data.

pub mod outcome;
pub mod process;
pub mod report;
pub mod spec;
pub mod store;

pub use outcome::{Counts, Outcome};
