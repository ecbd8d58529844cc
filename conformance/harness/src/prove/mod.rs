//! The proofs: runs a prover on every lemma of the models and judges its verdicts by the pins.
//!
//! The prover's exit code counts for nothing, since it is 0 for lemmas that are false or were not
//! proven. What counts is a complete summary of the right file, with the expected verdict for a
//! lemma that states what was pinned, under restrictions that were pinned, resting on nothing that
//! was not proven.
//!
//! [`manifest`] has the pins and [`observed`] the observations; [`spthy`](crate::spthy) reads the models; [`plan`]
//! spreads lemmas over processes, [`run`] runs them, [`gate`] judges; [`bless`] pins anew.

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
pub mod summary;
pub mod table;
pub mod trace;
