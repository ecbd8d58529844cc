//! What every part of the harness needs: outcomes, processes, files written whole, and reports.

pub mod outcome;
pub mod process;
pub mod report;
pub mod store;
