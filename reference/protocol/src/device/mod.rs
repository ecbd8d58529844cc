//! The devices: what each does, in the order in which it does it.

pub mod camera;
pub mod clock;
pub mod member;
pub mod owner;
pub mod phone;
pub mod uplink;
pub mod view;
