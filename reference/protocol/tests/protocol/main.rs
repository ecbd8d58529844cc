//! The protocol from outside: households, hostile clouds, interrupted devices, SPEC's grammar and reasons.

mod adversary;
mod boundaries;
mod cameras;
mod clocks;
mod clouds;
mod entitlement;
mod faulty;
mod forked;
mod grammar;
mod interrupted;
mod interrupted_camera;
mod lifecycle;
mod limits;
mod lost_phone;
mod primitives;
mod readers;
mod reasons;
mod refused;
mod replays;
mod secrets;
mod single_bits;
mod snapshots;
mod times;
mod trials;
