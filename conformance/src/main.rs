//! Conformance harness of EncryptedIoT.
fn main() {}
