//! The sections, in the order of the page.

mod account;
mod backend;
mod enrollment;
mod gate;
mod sharing;
mod stream;
mod vectors;

use crate::frame::Section;

/// All of them.
pub const ALL: [Section; 7] = [
    stream::SECTION,
    sharing::SECTION,
    enrollment::SECTION,
    account::SECTION,
    backend::SECTION,
    vectors::SECTION,
    gate::SECTION,
];
