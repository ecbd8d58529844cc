//! Times and durations as people write them.

use std::str::FromStr;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use encryptediot::message::Time;

/// A moment: `now`, `+2h`, `-30m`, or a time with its offset, `2026-03-01T18:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// From now, in milliseconds.
    FromNow(i64),
    /// By the calendar.
    At(Time),
}

impl When {
    /// The moment, if it is `now`.
    pub fn resolve(self, now: Time) -> Time {
        match self {
            Self::FromNow(offset) => now.saturating_add_signed(offset),
            Self::At(time) => time,
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "now" {
            return Ok(Self::FromNow(0));
        }
        let signed = |rest, sign: i64| Ok(Self::FromNow(sign * milliseconds(rest)?));
        if let Some(rest) = text.strip_prefix('+') {
            return signed(rest, 1);
        }
        if let Some(rest) = text.strip_prefix('-') {
            return signed(rest, -1);
        }
        let time: Timestamp = text.parse().map_err(|_| {
            format!("{text:?} is no time: write now, +2h, -30m or 2026-03-01T18:00:00Z")
        })?;
        let time = Time::try_from(time.as_millisecond());
        time.map(Self::At)
            .map_err(|_| "times start in 1970".to_owned())
    }
}

/// A length of time: `90s`, `2h30m`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub Time);

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let length = Time::try_from(milliseconds(text.trim())?);
        length
            .ok()
            .filter(|length| *length > 0)
            .map(Self)
            .ok_or_else(|| "a length of time is longer than nothing".to_owned())
    }
}

fn milliseconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no length of time: write 90s, 2h30m or 7d");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let length: SignedDuration = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| wrong())?;
    i64::try_from(length.as_millis())
        .ok()
        .filter(|length| *length >= 0)
        .ok_or_else(wrong)
}

/// A time for people and for JSON: UTC, to the millisecond.
pub fn show(time: Time) -> String {
    let time = i64::try_from(time).ok();
    let time = time.and_then(|time| Timestamp::from_millisecond(time).ok());
    time.map_or_else(|| "never".to_owned(), |time| time.to_string())
}

/// A length of time for people.
pub fn show_length(length: Time) -> String {
    let seconds = length / 1000;
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if parts.is_empty() {
        return format!("{length}ms");
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let at = |text: &str| text.parse::<When>().map(|when| when.resolve(10_000_000));
        assert_eq!(at("now"), Ok(10_000_000));
        assert_eq!(at("+2h"), Ok(17_200_000));
        assert_eq!(at("-30m"), Ok(8_200_000));
        assert_eq!(at("1970-01-01T01:00:00+01:00"), Ok(0));
        assert!(at("tomorrow").is_err() && at("-").is_err() && at("+-1h").is_err());
        assert_eq!("7d".parse(), Ok(Length(7 * 24 * 3_600_000)));
        assert!("0s".parse::<Length>().is_err() && "-3s".parse::<Length>().is_err());
        assert_eq!(show(3_600_000), "1970-01-01T01:00:00Z");
        assert_eq!(show_length(93_784_000), "1d 2h 3m 4s");
    }
}
