//! The gate, without a prover: a stub replays what provers printed, and each way to be wrong has to
//! be found. The recorded outputs are explained in `recorded/README.md`.

mod bench;
mod bless;
mod models;
mod pins;
mod runs;
mod verdicts;
