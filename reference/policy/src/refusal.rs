//! Why a policy is refused: where in the file, for which reason, and what to do.

use std::fmt;

/// A place in the file, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// For which reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is not a policy: not TOML, an unknown key, a value of the wrong form.
    Syntax,
    /// The account has no such stream.
    Stream,
    /// There is no verified key of a member.
    Unverified,
    /// The number that a member read out is not that of the key.
    SafetyNumber,
    /// Another key goes by that name.
    OtherKey,
    /// A window is empty.
    Window,
    /// A window has passed, and nothing was recorded in it.
    NoClips,
    /// No feature goes by that name.
    Feature,
    /// The scheme cannot give it.
    Scheme,
    /// Two entries say different things of the same member and stream.
    Contradiction,
    /// The lease is empty or longer than a camera takes.
    Lease,
    /// More windows on a stream than an announcement has room for.
    Keys,
    /// The phone that is named as lost is the one that acts.
    ThisPhone,
}

impl Reason {
    /// Its name in reports. Where SPEC has a reason that says the same, it is that one's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syntax => "policy-syntax",
            Self::Stream => "unknown-stream",
            Self::Unverified => "unverified-member",
            Self::SafetyNumber => "safety-number",
            Self::OtherKey => "already-member",
            Self::Window => "window-empty",
            Self::NoClips => "no-clips",
            Self::Feature => "unknown-feature",
            Self::Scheme => "not-in-scheme",
            Self::Contradiction => "contradiction",
            Self::Lease => "lease-out-of-range",
            Self::Keys => "announcement-keys",
            Self::ThisPhone => "this-phone",
        }
    }
}

/// One thing for which a policy is refused. While there is one, nothing is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Where in the file.
    pub place: Place,
    /// For which reason.
    pub reason: Reason,
    /// What is wrong.
    pub message: String,
    /// What the author of the file can do, for people.
    pub advice: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            reason,
            message,
            advice,
        } = self;
        write!(f, "{place}: {message} [{}]; {advice}", reason.name())
    }
}

/// Gathers what is wrong, so that everything is reported at once.
#[derive(Debug, Default)]
pub(super) struct Refusals(Vec<Refusal>);

impl Refusals {
    pub(super) fn add(
        &mut self,
        place: Place,
        reason: Reason,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let (message, advice) = (message.into(), advice.into());
        self.push(Refusal {
            place,
            reason,
            message,
            advice,
        });
    }

    pub(super) fn push(&mut self, refusal: Refusal) {
        self.0.push(refusal);
    }

    /// `value`, if nothing is wrong; otherwise all that is, in the order of the file.
    pub(super) fn or<T>(mut self, value: T) -> Result<T, Vec<Refusal>> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        self.0.dedup();
        Err(self.0)
    }
}
