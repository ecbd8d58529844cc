//! How everything is encoded: CBOR, COSE, the form of a message, statements, names.

pub mod cbor;
pub mod cose;
pub mod keys;
pub mod message;
pub mod statement;
