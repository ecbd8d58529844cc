//! What is in force on a stream: announcements, acknowledgements, leases, corrections of clocks.

pub mod acknowledgement;
pub mod announcement;
pub mod correction;
pub mod lease;
