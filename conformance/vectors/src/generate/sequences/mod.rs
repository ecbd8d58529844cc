//! Devices that remember: stories of an owner, members, cameras, and a provider that withholds, swaps,
//! rolls back and forks. What each device must say to each step is stated here, from SPEC.

mod chain;
mod door;
mod home;
mod lease;
mod owner;
mod phones;
mod play;
mod sharing;
mod time;
mod viewing;
mod window;

use super::super::Result;
use super::super::file::{File, SEQUENCES};
use super::builder::{Builder, hoist};
use super::world::World;

/// Bytes of more than this many hexadecimal digits stand once in the file.
const LONG: usize = 300;

/// Every sequence.
///
/// # Errors
/// Every step of which the reference says something else than is stated here.
pub fn sequences(_: &World) -> Result<File> {
    let mut out = Builder::new(SEQUENCES);
    let topics: &[fn(&mut Builder) -> Result<()>] = &[
        chain::sequences,
        lease::sequences,
        time::sequences,
        window::sequences,
        sharing::sequences,
        viewing::sequences,
        phones::sequences,
        owner::sequences,
    ];
    for topic in topics {
        topic(&mut out)?;
    }
    let mut file = out.finish()?;
    hoist(&mut file, LONG);
    Ok(file)
}
