//! The sections, in the order of the page.

mod backend;
mod gate;
mod stream;
mod vectors;

use crate::frame::Section;

/// All of them.
pub const ALL: [Section; 4] = [
    stream::SECTION,
    backend::SECTION,
    vectors::SECTION,
    gate::SECTION,
];
