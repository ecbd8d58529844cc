//! SHA-256 (FIPS 180-4).

use core::fmt;

use super::backend;

/// A SHA-256 digest, 32 bytes.
pub type Hash = [u8; 32];

/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> Hash {
    backend::sha256(data)
}

/// SHA-256 of the parts, one after the other, with nothing in between.
///
/// The boundaries of the parts are not hashed: a caller whose parts vary in
/// length must encode the lengths.
pub fn sha256_concat(parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finish()
}

/// SHA-256 of a stream.
#[derive(Clone, Default)]
pub struct Sha256(backend::Sha256);

impl Sha256 {
    /// The hash of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `data`.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of everything appended.
    pub fn finish(self) -> Hash {
        self.0.finish()
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::hex_array;
    use super::*;

    #[test]
    fn fips_180_4_abc() {
        let abc = hex_array("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sha256(b"abc"), abc);
        assert_eq!(sha256_concat(&[b"a", b"", b"bc"]), abc);
        let mut stream = Sha256::new();
        stream.update(b"ab");
        stream.update(b"c");
        assert_eq!(stream.finish(), abc);
    }
}
