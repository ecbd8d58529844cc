//! The compared schemes, compiled against the mutants.

#[path = "../../../reference/schemes/src/oaep.rs"]
pub mod oaep;
#[path = "../../../reference/schemes/src/scheme/mod.rs"]
pub mod scheme;
