//! The schemes that EncryptedIoT is compared with (the provider's, Ring's, the paper's own), and the features
//! of the paper's table 1 played under each with real video.

pub mod demo;
pub mod oaep;
pub mod scheme;
