//! Handing keys to members: introductions, parts, backups, past shares, links.

pub mod grant;
pub mod link;
pub mod past;
