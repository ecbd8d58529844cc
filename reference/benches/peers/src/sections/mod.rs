//! The sections, in the order of the page.

mod backend;
mod stream;

use crate::frame::Section;

/// All of them.
pub const ALL: [Section; 2] = [stream::SECTION, backend::SECTION];
