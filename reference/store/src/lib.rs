//! Where things are kept: the cloud as a directory or an S3 bucket, and a device's own files.

mod directory;
mod local;
mod objects;

pub use directory::DirectoryCloud;
pub use local::Home;
pub use objects::ObjectCloud;
