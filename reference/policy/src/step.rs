//! The steps of a plan: what is done, and who gains and who loses what by it, from when.

use std::collections::BTreeSet;

use super::state::State;
use super::wanted::term;
use crate::feature::Feature;
use crate::times::{show, show_length};
use encryptediot::announcement::Window;
use encryptediot::keys::Name;
use encryptediot::message::Time;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A lost phone is taken off the account: a fresh ring key, fresh pairwise keys for every
    /// member, fresh keys on every stream.
    DropPhone {
        /// The phone's name.
        phone: Name,
    },
    /// A stream gets new keys for the same members.
    Rotate {
        /// The stream's name.
        stream: Name,
        /// For which reason.
        why: Why,
    },
    /// A member is given the streams to come as well, or no more.
    AllStreams {
        /// The member's name.
        member: Name,
        /// Given or taken?
        on: bool,
        /// The streams that there are and that the member does not have yet.
        streams: BTreeSet<Name>,
        /// For which features, if it is the provider.
        features: Option<BTreeSet<Feature>>,
    },
    /// A member is given a stream.
    Grant {
        /// The stream's name.
        stream: Name,
        /// The member's name.
        member: Name,
        /// For a window, or until revoked.
        window: Option<Window>,
        /// For which features, if it is the provider.
        features: Option<BTreeSet<Feature>>,
    },
    /// A stream is taken from a member.
    Revoke {
        /// The stream's name.
        stream: Name,
        /// The member's name.
        member: Name,
        /// The window that is taken, or what was until revoked.
        window: Option<Window>,
        /// Is it the provider?
        provider: bool,
    },
    /// The end of a member's window moves.
    MoveWindow {
        /// The stream's name.
        stream: Name,
        /// The member's name.
        member: Name,
        /// The window as it is.
        was: Window,
        /// Its new end.
        until: Time,
    },
    /// The key of a window that has passed is announced no more. Nobody loses by it.
    EndWindow {
        /// The stream's name.
        stream: Name,
        /// The member's name.
        member: Name,
        /// The window.
        window: Window,
    },
    /// A stream's lease gets another length.
    SetLease {
        /// The stream's name.
        stream: Name,
        /// How long it is.
        was: Time,
        /// How long it is to be.
        lease: Time,
    },
    /// Clips of a window that are there already are shared with a member.
    SharePast {
        /// The stream's name.
        stream: Name,
        /// The member's name.
        member: Name,
        /// The least span that holds them.
        window: Window,
        /// How many clips the member cannot open yet.
        clips: usize,
    },
    /// A lease that ends soon, or has ended, is extended. Needs no passphrase.
    RenewLease {
        /// The stream's name.
        stream: Name,
        /// The end of the window before the step.
        was: Time,
        /// When it is to end.
        until: Time,
    },
}

/// Why a stream gets new keys though its members stay the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its camera was paired, and nothing was announced.
    NotAnnounced,
    /// The act that dropped a lost phone stopped short of it.
    PredatesLoss,
    /// Its announcement lists other phones than the account has.
    OtherPhones,
}

/// What a step gives to someone or takes from someone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The member or phone.
    pub who: Name,
    /// The stream; none for the streams to come.
    pub stream: Option<Name>,
    /// Given or taken?
    pub gains: bool,
    /// From when.
    pub since: Since,
}

/// From when an effect holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// For what is recorded once the camera has acknowledged.
    Acknowledged {
        /// The camera's name.
        camera: Name,
        /// When it holds whether or not the camera hears of it: at the end of the lease.
        at_latest: Option<Time>,
    },
    /// For what is recorded in this span.
    Window(Window),
    /// At once, for clips of this span that are there.
    AtOnce(Window),
    /// For streams that are paired from now on.
    ToCome,
}

impl Step {
    /// Its name in reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DropPhone { .. } => "drop-phone",
            Self::Rotate { .. } => "rotate",
            Self::AllStreams { .. } => "all-streams",
            Self::Grant { features, .. } if features.is_some() => "add-provider",
            Self::Grant { .. } => "grant",
            Self::Revoke { provider: true, .. } => "remove-provider",
            Self::Revoke { .. } => "revoke",
            Self::MoveWindow { was, until, .. } if *until > was.until => "extend-window",
            Self::MoveWindow { .. } => "shorten-window",
            Self::EndWindow { .. } => "end-window",
            Self::SetLease { .. } => "set-lease",
            Self::SharePast { .. } => "share-past",
            Self::RenewLease { .. } => "renew-lease",
        }
    }

    /// The stream that it is about, if it is one.
    pub fn stream(&self) -> Option<&Name> {
        match self {
            Self::DropPhone { .. } | Self::AllStreams { .. } => None,
            Self::Rotate { stream, .. }
            | Self::Grant { stream, .. }
            | Self::Revoke { stream, .. }
            | Self::MoveWindow { stream, .. }
            | Self::EndWindow { stream, .. }
            | Self::SetLease { stream, .. }
            | Self::SharePast { stream, .. }
            | Self::RenewLease { stream, .. } => Some(stream),
        }
    }

    /// The member that it is about, if it is one.
    pub fn member(&self) -> Option<&Name> {
        match self {
            Self::DropPhone { .. }
            | Self::Rotate { .. }
            | Self::SetLease { .. }
            | Self::RenewLease { .. } => None,
            Self::AllStreams { member, .. }
            | Self::Grant { member, .. }
            | Self::Revoke { member, .. }
            | Self::MoveWindow { member, .. }
            | Self::EndWindow { member, .. }
            | Self::SharePast { member, .. } => Some(member),
        }
    }

    /// Does it announce new keys on `stream`?
    pub(super) fn announces(&self, stream: &Name) -> bool {
        match self {
            Self::DropPhone { .. } => true,
            Self::AllStreams { streams, .. } => streams.contains(stream),
            Self::SharePast { .. } | Self::RenewLease { .. } => false,
            _ => self.stream() == Some(stream),
        }
    }

    /// What it does, in words.
    pub fn describe(&self) -> String {
        let list = |features: &Option<BTreeSet<Feature>>| match features {
            Some(features) if !features.is_empty() => {
                let names: Vec<_> = features.iter().map(|f| f.name()).collect();
                format!(", for {}", names.join(", "))
            }
            _ => String::new(),
        };
        match self {
            Self::DropPhone { phone } => {
                format!("{phone} off the account; new keys for everyone, on every stream")
            }
            Self::Rotate { stream, why } => {
                let why = match why {
                    Why::NotAnnounced => "nothing is announced yet",
                    Why::PredatesLoss => "its keys are from before a phone was lost",
                    Why::OtherPhones => "its announcement lists other phones than the account",
                };
                format!("{stream}: {why}")
            }
            Self::AllStreams {
                member,
                on: true,
                features,
                ..
            } => format!(
                "every stream to {member}, those to come as well{}",
                list(features)
            ),
            Self::AllStreams { member, .. } => format!("no stream to come to {member}"),
            Self::Grant {
                stream,
                member,
                window,
                features,
            } => format!("{stream} to {member} {}{}", term(*window), list(features)),
            Self::Revoke {
                stream,
                member,
                window,
                ..
            } => format!("{stream} from {member}, who has it {}", term(*window)),
            Self::MoveWindow {
                stream,
                member,
                was,
                until,
            } => format!(
                "{stream} to {member} until {}, not {}",
                show(*until),
                show(was.until)
            ),
            Self::EndWindow {
                stream,
                member,
                window,
            } => format!("{stream} to {member} ended at {}", show(window.until)),
            Self::SetLease { stream, was, lease } => format!(
                "{stream}: {}, not {}",
                show_length(*lease),
                show_length(*was)
            ),
            Self::SharePast {
                stream,
                member,
                window,
                clips,
            } => format!(
                "{clips} {} of {stream} to {member}, recorded {}",
                if *clips == 1 { "clip" } else { "clips" },
                term(Some(*window))
            ),
            Self::RenewLease { stream, was, until } => {
                format!("{stream} until {}, not {}", show(*until), show(*was))
            }
        }
    }

    /// Who gains and who loses what by it, in the account as it is.
    pub fn effects(&self, state: &State) -> Vec<Effect> {
        let effect = |who: &Name, stream: &Name, gains, since| Effect {
            who: who.clone(),
            stream: Some(stream.clone()),
            gains,
            since,
        };
        let acknowledged = |stream: &Name, gains: bool| {
            let stream = state.streams.get(stream);
            let announced = stream.and_then(|s| s.announced.as_ref());
            let at_latest = announced.filter(|_| !gains).map(|a| a.lease_until);
            let camera = stream.map(|s| s.camera.clone());
            camera.map(|camera| Since::Acknowledged { camera, at_latest })
        };
        let given = |who: &Name, stream: &Name, gains: bool, window: Option<Window>| {
            let since = match window {
                Some(window) if gains || window.from > state.now => Some(Since::Window(window)),
                _ => acknowledged(stream, gains),
            };
            since.map(|since| effect(who, stream, gains, since))
        };
        match self {
            Self::DropPhone { phone } => {
                let loses = |stream| {
                    // The lease covers shared keys only: a phone loses when the camera obeys.
                    let camera = state.streams.get(stream)?.camera.clone();
                    let at_latest = None;
                    let since = Since::Acknowledged { camera, at_latest };
                    Some(effect(phone, stream, false, since))
                };
                state.streams.keys().filter_map(loses).collect()
            }
            Self::AllStreams {
                member,
                on,
                streams,
                ..
            } => {
                let now = streams.iter().filter_map(|s| given(member, s, true, None));
                let to_come = Effect {
                    who: member.clone(),
                    stream: None,
                    gains: *on,
                    since: Since::ToCome,
                };
                now.chain([to_come]).collect()
            }
            Self::Grant {
                stream,
                member,
                window,
                ..
            } => given(member, stream, true, *window).into_iter().collect(),
            Self::Revoke {
                stream,
                member,
                window,
                ..
            } => given(member, stream, false, *window).into_iter().collect(),
            Self::MoveWindow {
                stream,
                member,
                was,
                until,
            } => {
                let gains = *until > was.until;
                let between = Window {
                    from: was.until.min(*until),
                    until: was.until.max(*until),
                };
                vec![effect(member, stream, gains, Since::Window(between))]
            }
            Self::SharePast {
                stream,
                member,
                window,
                ..
            } => vec![effect(member, stream, true, Since::AtOnce(*window))],
            Self::Rotate { .. }
            | Self::EndWindow { .. }
            | Self::SetLease { .. }
            | Self::RenewLease { .. } => Vec::new(),
        }
    }
}

impl Effect {
    /// The effect in words.
    pub fn describe(&self) -> String {
        let who = &self.who;
        let (verb, sign) = match self.gains {
            true => ("gains", '+'),
            false => ("loses", '-'),
        };
        let stream = self.stream.as_ref();
        let stream = stream.map_or_else(|| "the streams to come".to_owned(), Name::to_string);
        let since = match &self.since {
            Since::Acknowledged { camera, at_latest } => {
                let latest = at_latest.map(|t| format!(", at the latest at {}", show(t)));
                let latest = latest.unwrap_or_default();
                format!("once camera {camera} has acknowledged{latest}")
            }
            Since::Window(window) => format!("as recorded {}", term(Some(*window))),
            Since::AtOnce(window) => format!("at once, as recorded {}", term(Some(*window))),
            Since::ToCome => "when their cameras are paired".to_owned(),
        };
        format!("{sign} {who} {verb} {stream} {since}")
    }
}
