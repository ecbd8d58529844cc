//! Households, clouds and clocks for tests of EncryptedIoT: a whole household in one process, a cloud in
//! memory that the test holds, and what a thief of stored state can open.
//!
//! What is asked for wrongly here panics: it is for tests.

pub mod cloud;
pub mod fixture;
pub mod household;
pub mod keys;
pub mod theft;

use encryptediot::error::{ErrorKind, Result};
use encryptediot::keys::Name;
use encryptediot::member::News;
use encryptediot::uplink::Synced;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

pub use cloud::{Lie, MemoryCloud, Objects, Viewer};
pub use fixture::{
    Home, Rich, START, Saved, camera_key, enrich, home, load_camera, load_member, load_phone,
    other_home, other_rich, rich, store_camera, store_member, store_phone,
};
pub use theft::{Loot, granted, lease_key, loot, member_keys, opens};

/// The name of the reason of a refusal.
pub fn reason<T>(result: Result<T>) -> &'static str {
    match result {
        Ok(_) => "nothing was refused",
        Err(error) => error.reason(),
    }
}

/// A name that is known to be one.
pub fn n(text: &str) -> Name {
    text.parse().unwrap()
}

/// Names that are known to be such.
pub fn ns(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| n(text)).collect()
}

/// A generator from a seed.
pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// The bytes of a range, fewer where the object ends.
pub fn cut(bytes: &[u8], range: std::ops::Range<u64>) -> Vec<u8> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (place(range.start), place(range.end));
    bytes[start..end.max(start)].to_vec()
}

/// The first thing that a synchronisation refused, as an error.
pub fn first_refusal(news: Result<News>) -> Result<()> {
    match news?.refused.first() {
        Some((_, error)) => Err(error.clone()),
        None => Ok(()),
    }
}

/// Likewise for a camera.
pub fn camera_refusal(synced: Result<Synced>) -> Result<()> {
    match synced?.refused.first() {
        Some((_, error)) => Err(error.clone()),
        None => Ok(()),
    }
}

/// Every reason by its name.
pub fn reasons() -> Vec<&'static str> {
    ErrorKind::all().map(|error| error.reason()).collect()
}
