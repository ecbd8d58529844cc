//! A body in segments: AES-128-GCM in the manner of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár
//! 2015), so that it is written in one pass, read from the start or the middle, and never taken
//! for whole when it is not (SPEC section "Clips").
//!
//! The nonce of segment `i` is `i` in 11 bytes, big-endian, and one byte that is 1 for the last
//! segment and 0 for the others. Every segment but the last holds [`SEGMENT`] bytes; the last
//! holds 1 to [`SEGMENT`], or none if the whole body is empty.

use std::io::Write;

use zeroize::Zeroizing;

use crate::cbor::Bytes;
use crate::crypto::{Aes128Gcm, NONCE_LEN, SecretBytes, TAG_LEN, sha256};
use crate::error::{ClipError, Result, StoreError};
use crate::message::{self, AccountId, Hash};

/// The name of a clip: 16 random bytes.
pub type ClipId = Bytes<16>;

/// The most plaintext that one session may hold: 64 MiB, 1,024 segments.
pub const MAX_SESSION: u64 = 64 << 20;

/// Plaintext bytes in a full segment (64 KiB).
pub const SEGMENT: usize = 64 * 1024;

/// Bytes of a full sealed segment.
pub const SEALED_SEGMENT: usize = SEGMENT + TAG_LEN;

/// A session key (AES-128): one per session, erased after use.
pub type SessionKey = SecretBytes<16>;

/// The associated data of a clip's segments.
pub fn segment_context(account: &AccountId, clip: &ClipId) -> Vec<u8> {
    message::context("segment", account, *clip)
}

fn nonce(index: u64, last: bool) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[3..11].copy_from_slice(&index.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

/// How many segments a body of `length` plaintext bytes has.
pub fn count(length: u64) -> u64 {
    length.div_ceil(SEGMENT as u64).max(1)
}

/// Plaintext bytes in segment `index` of a body of `length` bytes.
pub fn plain_len(length: u64, index: u64) -> usize {
    let start = index.saturating_mul(SEGMENT as u64);
    usize::try_from(length.saturating_sub(start))
        .unwrap_or(SEGMENT)
        .min(SEGMENT)
}

/// Seals a body, segment by segment. Each goes into `sink` as it is sealed; one segment is held in memory,
/// however long the body.
pub struct Sealer<W> {
    cipher: Aes128Gcm,
    context: Vec<u8>,
    /// The plaintext of the segment that is being written.
    segment: Zeroizing<Vec<u8>>,
    hashes: Vec<Hash>,
    length: u64,
    sink: W,
}

/// A sealed body, with what the manifest says of it.
pub struct Sealed<W> {
    /// Where the sealed segments went, one after the other.
    pub body: W,
    /// SHA-256 of each sealed segment.
    pub hashes: Vec<Hash>,
    /// Plaintext bytes.
    pub length: u64,
}

impl<W: Write> Sealer<W> {
    /// Starts a body under `key`; `context` is the associated data of every segment.
    pub fn new(key: &SessionKey, context: Vec<u8>, sink: W) -> Self {
        Self {
            cipher: Aes128Gcm::new(key.as_bytes()),
            context,
            segment: Zeroizing::new(Vec::with_capacity(SEALED_SEGMENT)),
            hashes: Vec::new(),
            length: 0,
            sink,
        }
    }

    /// Plaintext bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Where the sealed segments go.
    pub fn sink(&self) -> &W {
        &self.sink
    }

    /// Appends plaintext. A segment is sealed as soon as it is known not to be the last.
    ///
    /// # Errors
    /// `local-state` if the sink takes no more; `crypto`.
    pub fn write(&mut self, mut plaintext: &[u8]) -> Result<()> {
        self.length += plaintext.len() as u64;
        while !plaintext.is_empty() {
            if self.segment.len() == SEGMENT {
                self.seal_segment(false)?;
            }
            let room = SEGMENT - self.segment.len();
            let (now, later) = plaintext.split_at(room.min(plaintext.len()));
            self.segment.extend_from_slice(now);
            plaintext = later;
        }
        Ok(())
    }

    /// Seals the last segment.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn finish(mut self) -> Result<Sealed<W>> {
        self.seal_segment(true)?;
        self.sink
            .flush()
            .map_err(|error| StoreError::LocalState.because(error))?;
        Ok(Sealed {
            body: self.sink,
            hashes: self.hashes,
            length: self.length,
        })
    }

    fn seal_segment(&mut self, last: bool) -> Result<()> {
        let nonce = nonce(self.hashes.len() as u64, last);
        let segment = &mut *self.segment;
        let tag = self.cipher.seal_in_place(&nonce, &self.context, segment)?;
        segment.extend_from_slice(&tag);
        self.hashes.push(Bytes(sha256(segment)));
        let written = self.sink.write_all(segment);
        segment.clear();
        written.map_err(|error| StoreError::LocalState.because(error))
    }
}

/// Opens segments of one body in any order.
pub struct Opener {
    cipher: Aes128Gcm,
    context: Vec<u8>,
    last: u64,
}

impl Opener {
    /// The opener of a body of `length` plaintext bytes.
    pub fn new(key: &SessionKey, context: Vec<u8>, length: u64) -> Self {
        Self {
            cipher: Aes128Gcm::new(key.as_bytes()),
            context,
            last: count(length) - 1,
        }
    }

    /// Opens segment `index` in place. Returns how long the plaintext is that `sealed` begins with.
    ///
    /// # Errors
    /// `segment-altered`; then `sealed` is zero.
    pub fn open(&self, index: u64, sealed: &mut [u8]) -> Result<usize> {
        let nonce = nonce(index, index == self.last);
        let opened = self.cipher.open_in_place(&nonce, &self.context, sealed);
        Ok(opened.map_err(|_| ClipError::Segment)?.len())
    }

    /// Seals segment `index` again: AES-GCM is deterministic, so this gives the very bytes that
    /// the camera hashed. A link's viewer uses it (SPEC section "Links").
    ///
    /// # Errors
    /// `crypto`.
    pub fn seal_again(&self, index: u64, plaintext: &[u8]) -> Result<Vec<u8>> {
        let nonce = nonce(index, index == self.last);
        Ok(self.cipher.seal(&nonce, &self.context, plaintext)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: &SessionKey, plain: &[u8]) -> Sealed<Vec<u8>> {
        let mut sealer = Sealer::new(key, b"place".to_vec(), Vec::new());
        for piece in plain.chunks(10_000) {
            sealer.write(piece).unwrap();
        }
        sealer.finish().unwrap()
    }

    fn open(key: &SessionKey, length: u64, body: &[u8]) -> Result<Vec<u8>> {
        let opener = Opener::new(key, b"place".to_vec(), length);
        let mut out = Vec::new();
        for (index, sealed) in body.chunks(SEALED_SEGMENT).enumerate() {
            let mut segment = sealed.to_vec();
            let plain = opener.open(index as u64, &mut segment)?;
            out.extend_from_slice(&segment[..plain]);
        }
        Ok(out)
    }

    #[test]
    fn bodies_of_every_boundary_length_come_back() {
        let key = SessionKey::new([7; 16]);
        for length in [
            0,
            1,
            SEGMENT - 1,
            SEGMENT,
            SEGMENT + 1,
            2 * SEGMENT,
            2 * SEGMENT + 5,
        ] {
            let plain: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let sealed = seal(&key, &plain);
            assert_eq!(sealed.length, length as u64);
            assert_eq!(sealed.hashes.len() as u64, count(length as u64));
            assert_eq!(open(&key, length as u64, &sealed.body).unwrap(), plain);
        }
    }

    #[test]
    fn a_body_cut_at_a_segment_is_not_taken_for_whole() {
        let key = SessionKey::new([7; 16]);
        let sealed = seal(&key, &vec![1; 3 * SEGMENT]);
        let cut = &sealed.body[..2 * SEALED_SEGMENT];
        let reason = open(&key, 2 * SEGMENT as u64, cut).unwrap_err().reason();
        assert_eq!(reason, "segment-altered");
    }

    /// What is held is one segment; what is sealed has left.
    #[test]
    fn a_segment_leaves_as_soon_as_it_is_known_not_to_be_the_last() {
        let mut sealer = Sealer::new(&SessionKey::new([7; 16]), Vec::new(), Vec::new());
        let gone = |sealer: &Sealer<Vec<u8>>| sealer.sink.len();
        sealer.write(&[1; SEGMENT]).unwrap();
        assert_eq!(gone(&sealer), 0);
        sealer.write(&[1]).unwrap();
        assert_eq!(gone(&sealer), SEALED_SEGMENT);
        for _ in 0..20 {
            sealer.write(&[1; SEGMENT]).unwrap();
        }
        assert_eq!(gone(&sealer), 21 * SEALED_SEGMENT);
        assert_eq!(sealer.segment.capacity(), SEALED_SEGMENT);
    }

    #[test]
    fn a_sink_that_is_full_is_told_of() {
        let mut room = [0; SEALED_SEGMENT];
        let mut sealer = Sealer::new(&SessionKey::new([7; 16]), Vec::new(), &mut room[..]);
        sealer.write(&[1; SEGMENT + 1]).unwrap();
        let full = sealer.write(&[1; SEGMENT]);
        assert_eq!(full.unwrap_err().reason(), "local-state");
    }

    #[test]
    fn segments_do_not_change_places() {
        let key = SessionKey::new([7; 16]);
        let sealed = seal(&key, &vec![1; 3 * SEGMENT]);
        let (a, b) = sealed.body.split_at(SEALED_SEGMENT);
        let swapped = [&b[..SEALED_SEGMENT], a, &b[SEALED_SEGMENT..]].concat();
        assert!(open(&key, 3 * SEGMENT as u64, &swapped).is_err());
    }
}
