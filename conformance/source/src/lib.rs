//! The project's Rust as syntax trees: the functions of a crate, the tests of the workspace, and mutants.
//!
//! Functions and tests are named by the end of their path (`Owner::share`, `announcement::open`), which must
//! fit exactly one of them; see [`name::resolve`].

pub mod crates;
pub mod function;
pub mod mutant;
pub mod name;
pub mod test;
