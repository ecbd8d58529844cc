//! What a policy's file states, read from its TOML alone: shares no code with the library.

use jiff::Timestamp;
use toml::{Table, Value};

/// A session, from its start to its end.
pub type Span = (u64, u64);

/// A file.
pub struct Oracle(Table);

impl Oracle {
    pub fn of(text: &str) -> Self {
        Self(text.parse().unwrap())
    }

    /// Is a session of `stream` for `member` to open?
    pub fn states(&self, member: &str, stream: &str, span: Span) -> bool {
        let open = |(to, streams, window): (Vec<String>, Value, Option<Span>)| {
            to.iter().any(|name| name == member)
                && covers(&streams, stream)
                && window.is_none_or(|(from, until)| from <= span.0 && span.1 <= until)
        };
        !self.suspended() && self.entries().into_iter().any(open)
    }

    /// Is a session that was there before the file was applied for `member` to open, whatever was
    /// before? Only windows speak of the past.
    pub fn states_past(&self, member: &str, stream: &str, span: Span) -> bool {
        let open = |(to, streams, window): (Vec<String>, Value, Option<Span>)| {
            to.iter().any(|name| name == member)
                && covers(&streams, stream)
                && window.is_some_and(|(from, until)| from <= span.0 && span.1 <= until)
        };
        !self.suspended() && self.entries().into_iter().any(open)
    }

    /// Windows of a member on a stream.
    pub fn windows(&self) -> Vec<(String, String, Span)> {
        let mut all = Vec::new();
        for (to, streams, window) in self.entries() {
            for (name, stream) in to.iter().flat_map(|n| {
                streams
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(move |s| (n, s))
            }) {
                let stream = stream.as_str().unwrap().to_owned();
                all.extend(window.map(|window| (name.clone(), stream, window)));
            }
        }
        all
    }

    /// How long shared keys serve.
    pub fn lease(&self) -> u64 {
        let days = self.0["lease"].as_str().unwrap().trim_end_matches('d');
        days.parse::<u64>().unwrap() * 24 * 3_600_000
    }

    /// The phones that are to be off the account.
    pub fn lost(&self) -> Vec<String> {
        let lost = self.0.get("lost-phones").map(|lost| names(&lost["names"]));
        lost.unwrap_or_default()
    }

    fn suspended(&self) -> bool {
        let ends = |lost: &Value| lost.get("shares").and_then(Value::as_str) == Some("end");
        !self.lost().is_empty() && self.0.get("lost-phones").is_some_and(ends)
    }

    fn entries(&self) -> Vec<(Vec<String>, Value, Option<Span>)> {
        let mut all = Vec::new();
        for share in self
            .0
            .get("share")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let from = share.get("from").map(time);
            let window = from.map(|from| {
                let length = share.get("for").map(|length| {
                    let minutes = length.as_str().unwrap().trim_end_matches('m');
                    minutes.parse::<u64>().unwrap() * 60_000
                });
                let until = share.get("until").map(time);
                (from, until.unwrap_or_else(|| from + length.unwrap()))
            });
            all.push((names(&share["to"]), share["streams"].clone(), window));
        }
        for (name, feature) in self
            .0
            .get("features")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            if ["live-view", "camera-previews", "quick-replies"].contains(&name.as_str()) {
                continue; // for the owner alone
            }
            let to = match feature.get("to") {
                Some(to) => names(to),
                None => vec![self.0["provider"].as_str().unwrap().to_owned()],
            };
            all.push((to, feature["streams"].clone(), None));
        }
        all
    }
}

fn covers(streams: &Value, stream: &str) -> bool {
    streams.as_str() == Some("all") || streams.is_array() && names(streams).contains(&stream.into())
}

fn names(value: &Value) -> Vec<String> {
    let names = value.as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn time(value: &Value) -> u64 {
    let time: Timestamp = value.as_datetime().unwrap().to_string().parse().unwrap();
    time.as_millisecond().try_into().unwrap()
}
