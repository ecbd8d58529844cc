//! What is in force on a stream: announcements, acknowledgements, leases.

pub mod announcement;
