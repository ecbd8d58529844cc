//! The protocol from outside: households, hostile clouds, interrupted devices, SPEC's grammar and reasons.

mod adversary;
mod boundaries;
mod entitlement;
mod grammar;
mod interrupted;
mod lifecycle;
mod primitives;
mod reasons;
mod refused;
mod secrets;
mod snapshots;
