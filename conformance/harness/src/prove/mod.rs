//! The proofs: runs a prover on every lemma of the models and judges what it says against the
//! manifest of expected verdicts.
//!
//! The prover's exit code counts for nothing, since it is 0 for lemmas that are false or were not
//! proven. What counts is a complete summary of the right file, with the expected verdict for a
//! lemma that says what was pinned, under restrictions that were pinned, resting on nothing that
//! was not proven.

pub mod bless;
pub mod cache;
pub mod changes;
pub mod check;
pub mod cli;
pub mod error;
pub mod evidence;
pub mod gate;
pub mod graph;
pub mod manifest;
pub mod observed;
pub mod pages;
pub mod plan;
pub mod prover;
pub mod report;
pub mod run;
pub mod spthy;
pub mod summary;
pub mod table;
pub mod trace;
