//! The sections, in the order of the page.

mod account;
mod backend;
mod enrollment;
mod sharing;
mod stream;

use crate::frame::Section;

/// All of them.
pub const ALL: [Section; 5] = [
    stream::SECTION,
    sharing::SECTION,
    enrollment::SECTION,
    account::SECTION,
    backend::SECTION,
];
