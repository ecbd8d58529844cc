//! The outcome of a check, a lemma or a test vector.

use serde::Serialize;

/// The outcome of a check. In JSON: `"outcome"`, and `"why"` unless it held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "why", rename_all = "kebab-case")]
pub enum Outcome {
    /// It passed.
    Held,
    /// It failed, for this reason.
    Failed(String),
    /// It could not be made, for this reason. This is no success.
    NotChecked(String),
}

/// How many outcomes there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub held: usize,
    /// Failed.
    pub failed: usize,
    /// Not made.
    pub not_checked: usize,
}

impl<'o> FromIterator<&'o Outcome> for Counts {
    fn from_iter<I: IntoIterator<Item = &'o Outcome>>(outcomes: I) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            *match outcome {
                Outcome::Held => &mut counts.held,
                Outcome::Failed(_) => &mut counts.failed,
                Outcome::NotChecked(_) => &mut counts.not_checked,
            } += 1;
        }
        counts
    }
}

impl Counts {
    /// The exit status: 1 if something failed, 2 if nothing was checked, else 0.
    pub fn exit_code(self) -> u8 {
        match (self.held, self.failed) {
            (_, 1..) => 1,
            (0, _) => 2,
            _ => 0,
        }
    }
}
