//! The primitives that more than one library has, and the choice between them, made here and nowhere else.
//!
//! Every backend is a module with the same names and the same bytes. `rust_crypto` is the default: portable,
//! and to be read. `aws_lc` is faster; `--features aws-lc` chooses it. What needs a given generator of
//! randomness, or what AWS-LC does not offer, or not faster, is not here and stays with RustCrypto either way:
//! making keys, ECDSA's signing with the nonce of RFC 6979, RSA's signing and decryption, scrypt, HKDF, whose
//! inputs are short.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(any(not(feature = "aws-lc"), test))]
#[cfg_attr(feature = "aws-lc", expect(dead_code, reason = "to compare with"))]
mod rust_crypto;

#[cfg(feature = "aws-lc")]
pub use aws_lc::*;
#[cfg(not(feature = "aws-lc"))]
pub use rust_crypto::*;

#[cfg(all(test, feature = "aws-lc"))]
mod tests;
