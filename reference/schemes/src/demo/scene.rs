//! Attempts: who tries what, with the outcome expected and the outcome seen.

use serde::{Serialize, Serializer};

use encryptediot::error::Error;

/// The outcome of an attempt, expected or seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The clip opened, and every byte is the one that was recorded.
    Opened,
    /// It opened, and the bytes are others.
    Differs,
    /// It was refused, and not one byte came out.
    Refused {
        /// The reason of the refusal.
        #[serde(serialize_with = "as_name")]
        reason: Error,
    },
    /// It was refused after bytes had come out.
    Leaked {
        /// The reason of the refusal.
        #[serde(serialize_with = "as_name")]
        reason: Error,
        /// How many bytes.
        bytes: usize,
    },
    /// A statement in words.
    Says {
        /// The words.
        text: String,
    },
}

fn as_name<S: Serializer>(error: &Error, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(error.reason())
}

impl Outcome {
    /// Refused, for a reason of any area.
    pub fn refused(reason: impl Into<Error>) -> Self {
        Self::Refused {
            reason: reason.into(),
        }
    }

    /// An outcome that is a sentence.
    pub fn says(text: impl Into<String>) -> Self {
        Self::Says { text: text.into() }
    }

    /// The outcome of an attempt that gave `bytes` and ended in `result`, where `truth` was recorded.
    pub fn of<T>(result: &Result<T, Error>, bytes: &[u8], truth: Option<&[u8]>) -> Self {
        match result {
            Ok(_) if truth == Some(bytes) => Self::Opened,
            Ok(_) => Self::Differs,
            Err(reason) if bytes.is_empty() => Self::Refused {
                reason: reason.clone(),
            },
            Err(reason) => Self::Leaked {
                reason: reason.clone(),
                bytes: bytes.len(),
            },
        }
    }

    /// The outcome of something that either works, as `text` says, or is refused.
    pub fn done<T>(result: &Result<T, Error>, text: impl Into<String>) -> Self {
        match result {
            Ok(_) => Self::says(text),
            Err(reason) => Self::refused(reason.clone()),
        }
    }

    /// The reason, where something was refused.
    pub fn reason(&self) -> Option<Error> {
        match self {
            Self::Refused { reason } | Self::Leaked { reason, .. } => Some(reason.clone()),
            _ => None,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Opened => f.write_str("opened"),
            Self::Differs => f.write_str("opened, but the bytes are not those recorded"),
            Self::Refused { reason } => write!(f, "refused: {}", reason.reason()),
            Self::Leaked { reason, bytes } => {
                write!(
                    f,
                    "refused: {}, after {bytes} bytes had come out",
                    reason.reason()
                )
            }
            Self::Says { text } => f.write_str(text),
        }
    }
}

/// One attempt.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The device or party that tries, by name.
    pub who: String,
    /// What: mostly a stream and its clips.
    pub what: String,
    /// The outcome expected.
    pub expected: Outcome,
    /// The outcome seen.
    pub seen: Outcome,
    /// A file that it left, or a remark.
    pub note: String,
}

impl Row {
    /// Was the outcome the one expected?
    pub fn held(&self) -> bool {
        self.expected == self.seen
    }
}

/// Attempts that belong together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scene {
    /// What happens.
    pub title: String,
    /// The attempts.
    pub rows: Vec<Row>,
}

impl Scene {
    /// A scene without an attempt.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            rows: Vec::new(),
        }
    }

    /// Was something tried, with the outcome expected each time?
    pub fn held(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(Row::held)
    }

    /// The attempts with another outcome than expected, in words.
    pub fn failures(&self) -> Vec<String> {
        if self.rows.is_empty() {
            return vec![format!("{}: nothing was tried", self.title)];
        }
        let failed = self.rows.iter().filter(|row| !row.held());
        failed
            .map(|row| {
                format!(
                    "{}, {}: expected \"{}\", but \"{}\"",
                    row.who, row.what, row.expected, row.seen
                )
            })
            .collect()
    }
}

impl std::fmt::Display for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.title)?;
        for row in &self.rows {
            let line = format!("  {:<12} {:<27} {}", row.who, row.what, row.seen);
            if row.note.is_empty() {
                f.write_str(&line)?;
            } else {
                write!(f, "{line:<73}  {}", row.note)?;
            }
            if !row.held() {
                write!(f, "   NOT AS EXPECTED (\"{}\")", row.expected)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Clip numbers, runs drawn together: `1-3, 5`.
pub fn spans(clips: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for clip in clips {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *clip => *last = *clip,
            _ => runs.push((*clip, *clip)),
        }
    }
    let text = |(first, last): &(u64, u64)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    runs.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use encryptediot::error::ClipError;

    #[test]
    fn a_scene_in_which_nothing_was_tried_does_not_hold() {
        let scene = Scene::new("empty");
        assert!(!scene.held());
        assert_eq!(scene.failures(), ["empty: nothing was tried"]);
    }

    #[test]
    fn plaintext_before_a_refusal_and_other_plaintext_are_not_what_was_expected() {
        let refused: Result<(), Error> = Err(ClipError::Segment.into());
        let clean = Outcome::of(&refused, b"", Some(b"abc"));
        assert_eq!(clean, Outcome::refused(ClipError::Segment));
        assert_ne!(Outcome::of(&refused, b"a", Some(b"abc")), clean);
        let done: Result<(), Error> = Ok(());
        assert_eq!(Outcome::of(&done, b"abc", Some(b"abc")), Outcome::Opened);
        assert_eq!(Outcome::of(&done, b"ab", Some(b"abc")), Outcome::Differs);
        assert_eq!(Outcome::of(&done, b"", None), Outcome::Differs);
    }

    #[test]
    fn clip_numbers_are_drawn_together() {
        assert_eq!(spans(&[1, 2, 3, 5, 7, 8]), "1-3, 5, 7-8");
        assert_eq!(spans(&[]), "");
    }
}
