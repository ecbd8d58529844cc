//! Drift: where the account is not as the policy states, or not yet.

use super::file::Policy;
use super::plan::Plan;
use super::step::Step;
use super::{Contacts, Error};
use crate::times::show;
use encryptediot::cloud::Cloud;
use encryptediot::keys::Name;
use encryptediot::message::Time;
use encryptediot::phone::Phone;

/// One thing that is not as the policy states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What kind of thing.
    pub kind: &'static str,
    /// The stream that it is about, if it is one.
    pub stream: Option<Name>,
    /// The member or phone that it is about, if it is one.
    pub who: Option<Name>,
    /// What it is, in words.
    pub message: String,
}

/// Compares the account with a policy, on a phone that is up to date. Without drift, members open
/// exactly what the policy states.
///
/// # Errors
/// As [`Plan::of`], and those of [`Phone::status`].
pub fn check(
    policy: &Policy,
    contacts: &Contacts,
    phone: &mut Phone,
    cloud: &dyn Cloud,
    now: Time,
) -> Result<Vec<Drift>, Error> {
    let plan = Plan::of(policy, contacts, phone, cloud, now)?;
    let mut drift: Vec<_> = plan.steps.iter().map(|step| of(step, now)).collect();
    for status in phone.status(cloud)? {
        if status.acknowledged.is_none() {
            let camera = plan.state.streams.get(&status.stream);
            let camera = camera.map(|stream| stream.camera.to_string());
            let message = format!(
                "camera {} has not acknowledged announcement {} of {}, made at {}",
                camera.unwrap_or_default(),
                status.head.epoch,
                status.stream,
                show(status.head.issued)
            );
            drift.push(Drift {
                kind: "not-acknowledged",
                stream: Some(status.stream),
                who: None,
                message,
            });
        }
    }
    Ok(drift)
}

/// The drift that a step would take away.
fn of(step: &Step, now: Time) -> Drift {
    let what = step.describe();
    let (kind, message) = match step {
        Step::DropPhone { phone } => ("lost-phone", format!("{phone} is lost and still listed")),
        Step::Rotate { .. } => ("stale-keys", what),
        Step::Revoke { .. } | Step::AllStreams { on: false, .. } => {
            ("more", format!("not stated, and held: {what}"))
        }
        Step::MoveWindow { was, until, .. } if *until < was.until => {
            ("more", format!("stated to be shorter: {what}"))
        }
        Step::AllStreams { .. }
        | Step::Grant { .. }
        | Step::MoveWindow { .. }
        | Step::SharePast { .. } => ("less", format!("stated, and not held: {what}")),
        Step::EndWindow { .. } => ("past-window", format!("still announced: {what}")),
        Step::SetLease { .. } => ("lease-length", format!("stated to be otherwise: {what}")),
        Step::RenewLease { stream, was, .. } => {
            let over = *was <= now;
            let verb = if over { "ended" } else { "ends" };
            let message = format!("the lease of {stream} {verb} at {}", show(*was));
            (if over { "lease-over" } else { "lease-ends" }, message)
        }
    };
    let who = match step {
        Step::DropPhone { phone } => Some(phone.clone()),
        step => step.member().cloned(),
    };
    Drift {
        kind,
        stream: step.stream().cloned(),
        who,
        message,
    }
}
