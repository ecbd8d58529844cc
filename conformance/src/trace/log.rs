//! What the reference's devices said of their steps, in the terms of the model.

use std::collections::BTreeMap;

use super::run::{Step, Value};

/// Times within a log: the model gives windows names.
type Span = (u64, u64);

/// A log of steps.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The steps.
    pub steps: Vec<Step>,
    windows: Vec<Span>,
    /// Which window a clip was recorded in, as it was then.
    named: BTreeMap<Span, Span>,
}

/// What stands for a variable in the reference's log: its own type, or that of a copy of it.
pub enum Said {
    /// A public name.
    Name(String),
    /// A fresh name.
    Fresh(String),
    /// The public half of a fresh name.
    Public(String),
    /// From, until.
    Span(u64, u64),
}

impl Log {
    /// Adds a step.
    pub fn push<'v>(&mut self, rule: &str, values: impl IntoIterator<Item = (&'v str, Said)>) {
        let announces = rule == "New_key";
        let values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), self.value(value, announces)));
        let values = values.collect();
        let rule = rule.to_owned();
        self.steps.push(Step { rule, values });
    }

    /// A window has its times for a name; a clip lies in the window that has all of it.
    fn value(&mut self, value: Said, announces: bool) -> Value {
        match value {
            Said::Name(name) => Value::Name(name),
            Said::Fresh(name) => Value::Fresh(name),
            Said::Public(name) => Value::Public(name),
            Said::Span(from, until) => {
                if announces && !self.windows.contains(&(from, until)) {
                    self.windows.push((from, until));
                }
                let mut windows = self.windows.iter();
                let within = windows.find(|(begin, end)| *begin <= from && until <= *end);
                let within = within.copied().unwrap_or((from, until));
                let (from, until) = *self.named.entry((from, until)).or_insert(within);
                Value::Name(format!("{from}-{until}"))
            }
        }
    }
}
