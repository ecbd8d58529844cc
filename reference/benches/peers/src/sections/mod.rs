//! The sections, in the order of the page.

mod backend;

use crate::frame::Section;

/// All of them.
pub const ALL: [Section; 1] = [backend::SECTION];
