//! Clips: one session of a stream, its session key wrapped for everyone who may open it, and the
//! manifest by which the camera vouches for all of it (paper section 3.2.2; SPEC section "Clips").

pub mod segment;

mod envelope;
mod manifest;

mod draft;
mod opened;
mod seen;

pub(crate) use draft::Draft;
pub use envelope::{Envelope, Role, envelope_context, recipients, unwrap, wrap};
pub use manifest::{Manifest, open, sign};
pub use opened::OpenClip;
pub use seen::Seen;
pub use segment::{ClipId, MAX_SESSION, segment_context};
