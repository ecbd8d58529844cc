//! Ready-made RSA keys, PKCS #8 in hexadecimal: no build of any library finds other primes.

/// An account signing key.
pub const ACCOUNT: &str = include_str!("keys/account.hex");
/// The account signing key of another account.
pub const OTHER: &str = include_str!("keys/other.hex");
/// A key of 1,024 bits, which no account may have.
pub const BITS_1024: &str = include_str!("keys/rsa-1024.hex");
/// A key of 3,072 bits, which no account may have.
pub const BITS_3072: &str = include_str!("keys/rsa-3072.hex");
/// A key with exponent 3, which no account may have.
pub const EXPONENT_3: &str = include_str!("keys/rsa-e3.hex");
