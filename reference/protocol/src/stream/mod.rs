//! What is in force on a stream: announcements, acknowledgements, leases.

pub mod acknowledgement;
pub mod announcement;
pub mod lease;
