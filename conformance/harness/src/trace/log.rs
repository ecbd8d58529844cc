//! The log of a run: the steps of the reference's devices, in the terms of the model.

use super::run::{Step, Value};

/// Windows follow upon each other: milliseconds.
pub const WINDOW: u64 = 3_600_000;

/// A log of steps.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub steps: Vec<Step>,
}

/// What stands for a variable in the reference's log: its own type, or that of a copy of it.
pub enum Logged {
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
    pub fn push<'v>(&mut self, rule: &str, values: impl IntoIterator<Item = (&'v str, Logged)>) {
        let values = values.into_iter();
        let values = values.map(|(name, logged)| (name.to_owned(), value(logged)));
        let values = values.collect();
        let rule = rule.to_owned();
        self.steps.push(Step { rule, values });
    }
}

/// A window has a number for a name. A clip lies in the window in which it begins: none here crosses
/// from one to the next.
fn value(logged: Logged) -> Value {
    match logged {
        Logged::Name(name) => Value::Name(name),
        Logged::Fresh(name) => Value::Fresh(name),
        Logged::Public(name) => Value::Public(name),
        Logged::Span(from, _) => Value::Name(format!("window {}", from / WINDOW)),
    }
}
