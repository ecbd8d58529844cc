//! Lemmas as oracles: `conformance trace` holds runs of the reference against the models' own rules
//! and lemmas. It can refute and never prove.

pub mod adversary;
pub mod cli;
pub mod embed;
pub mod evaluate;
pub mod forge;
pub mod history;
pub mod judge;
pub mod knowledge;
pub mod line;
pub mod log;
pub mod op;
pub mod paper;
pub mod prover;
pub mod run;
pub mod search;
pub mod term;
pub mod translate;
pub mod world;
