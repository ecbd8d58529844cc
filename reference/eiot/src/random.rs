//! The system's randomness.

use std::convert::Infallible;

use getrandom::SysRng;
use rand_core::{TryCryptoRng, TryRng};

use crate::context::tell;

/// Every draw comes from the operating system: no generator's state is kept from which an erased
/// session key could be computed again. Without randomness there is no going on, so this ends the
/// program; a draw that failed is never used.
pub struct SystemRandom;

fn or_exit<T>(drawn: Result<T, getrandom::Error>) -> Result<T, Infallible> {
    drawn.or_else(|error| {
        tell(format_args!(
            "eiot: the system gives no randomness: {error} [crypto]"
        ));
        std::process::exit(1)
    })
}

impl TryRng for SystemRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        or_exit(SysRng.try_next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        or_exit(SysRng.try_next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        or_exit(SysRng.try_fill_bytes(bytes))
    }
}

impl TryCryptoRng for SystemRandom {}
