//! Makes a file of tests: each states what must come of it, and the reference must say the same.

use std::collections::BTreeMap;

use encryptediot::message::VERSION;
use encryptediot_shim::{Answer, Devices, dispatch};
use serde_json::{Map, Value, json};

use super::super::file::{Body, Exchange, File, Test};
use super::super::schema;
use super::super::{Error, Result};
use super::messages::Fault;
use super::notes;

/// A file that is being made.
pub struct Builder {
    file: File,
    checks: Vec<String>,
    flags: Vec<String>,
    wrong: Vec<String>,
}

impl Builder {
    /// A file of one operation, or of sequences.
    pub fn new(operation: &str) -> Self {
        Self::of(schema::SCHEMES[0], operation)
    }

    /// A file of an operation of one of the schemes.
    pub fn of(scheme: &str, operation: &str) -> Self {
        let file = File {
            schema: schema::of(scheme),
            spec_version: VERSION,
            scheme: scheme.to_owned(),
            operation: operation.to_owned(),
            number_of_tests: 0,
            notes: BTreeMap::new(),
            shared: BTreeMap::new(),
            tests: Vec::new(),
        };
        Self {
            file,
            checks: Vec::new(),
            flags: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// What the tests that follow check, and what they look for.
    pub fn about(&mut self, checks: &[&str], flags: &[&str]) -> &mut Self {
        let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
        (self.checks, self.flags) = (owned(checks), owned(flags));
        self
    }

    /// What the tests that follow look for.
    pub fn flag(&mut self, flag: &str) -> &mut Self {
        self.flags = vec![flag.to_owned()];
        self
    }

    /// Shares bytes under a name.
    pub fn share(&mut self, name: &str, bytes: &[u8]) {
        self.file.shared.insert(name.to_owned(), hex::encode(bytes));
    }

    /// A test that must be accepted; its output is the reference's.
    pub fn accept(&mut self, name: &str, comment: &str, input: Value) {
        self.test(name, comment, input, |answer| match answer {
            Answer::Accept { .. } => None,
            _ => Some("accept".to_owned()),
        });
    }

    /// A test that must be accepted with this output.
    pub fn accept_as(&mut self, name: &str, comment: &str, input: Value, expected: Value) {
        self.test(name, comment, input, |answer| match answer {
            Answer::Accept { output, .. } if *output == expected => None,
            _ => Some(format!("accept with {expected}")),
        });
    }

    /// A test that must be refused for this reason.
    pub fn reject(&mut self, name: &str, comment: &str, input: Value, expected: &str) {
        self.test(name, comment, input, |answer| match answer {
            Answer::Reject { reason, .. } if reason == expected => None,
            _ => Some(format!("reject for {expected}")),
        });
    }

    /// A test that must be refused for this reason after this much was released.
    pub fn reject_after(
        &mut self,
        name: &str,
        comment: &str,
        input: Value,
        (expected, released): (&str, u64),
    ) {
        self.test(name, comment, input, |answer| match answer {
            Answer::Reject {
                reason,
                output: Some(output),
            } if reason == expected && output["released"] == released => None,
            _ => Some(format!("reject for {expected} after {released} bytes")),
        });
    }

    /// As [`Self::accept`] without a reason, as [`Self::reject`] with one.
    pub fn expect(&mut self, name: &str, comment: &str, input: Value, reason: Option<&str>) {
        match reason {
            None => self.accept(name, comment, input),
            Some(reason) => self.reject(name, comment, input, reason),
        }
    }

    /// A test for each of these faults, of an input made with its bytes.
    pub fn faults(&mut self, name: &str, faults: Vec<Fault>, input: impl Fn(&[u8]) -> Value) {
        for fault in faults {
            let name = format!("{name}.{}", fault.name);
            self.flag(fault.flag);
            self.expect(&name, &fault.comment, input(&fault.bytes), fault.reason);
        }
    }

    fn test(
        &mut self,
        name: &str,
        comment: &str,
        input: Value,
        wrong: impl FnOnce(&Answer) -> Option<String>,
    ) {
        let operation = self.file.operation.clone();
        let id = format!("{operation}/{name}");
        let answer = match self.file.resolve(&input) {
            Ok(input) => dispatch(&operation, input, &mut Devices::default()),
            Err(error) => {
                return self.wrong.push(format!("{id}: {error}"));
            }
        };
        if let Some(expected) = wrong(&answer) {
            self.wrong
                .push(format!("{id}: expected {expected}, given {answer:?}"));
        }
        match Exchange::new(input, answer) {
            Some(exchange) => self.add(id, comment, Body::One(exchange)),
            None => self.wrong.push(format!("{id}: no answer for a vector")),
        }
    }

    fn add(&mut self, id: String, comment: &str, body: Body) {
        if self.file.tests.iter().any(|test| test.id == id) {
            self.wrong.push(format!("{id} is there twice"));
        }
        self.file.tests.push(Test {
            id,
            comment: comment.to_owned(),
            checks: self.checks.clone(),
            flags: self.flags.clone(),
            body,
        });
    }

    /// The file.
    ///
    /// # Errors
    /// Every test of which the reference says something else than the test states.
    pub fn finish(mut self) -> Result<File> {
        for test in &self.file.tests {
            for flag in &test.flags {
                match notes::note(flag) {
                    Some(note) => {
                        self.file.notes.insert(flag.clone(), note);
                    }
                    None => self.wrong.push(format!("{}: no note on {flag}", test.id)),
                }
            }
        }
        if !self.wrong.is_empty() {
            return Err(Error::Generate(self.wrong.join("\n")));
        }
        self.file.number_of_tests = self.file.tests.len();
        Ok(self.file)
    }
}

/// Bytes as they stand in an input.
pub fn hexed(bytes: impl AsRef<[u8]>) -> Value {
    hex::encode(bytes).into()
}

/// An input that is another with some of its fields changed.
pub fn but(input: &Value, changes: Value) -> Value {
    let mut changed = input.clone();
    if let (Value::Object(fields), Value::Object(changes)) = (&mut changed, changes) {
        fields.extend(changes);
    }
    changed
}

/// Moves bytes that stand in a file's inputs more than once, and are long, into what it shares. A
/// name is the start of the bytes' hash, so that it stays when others come.
pub fn hoist(file: &mut File, longest: usize) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for exchange in exchanges(file) {
        strings(&mut exchange.input, &mut |text| {
            if text.len() > longest && text.bytes().all(|b| b.is_ascii_hexdigit()) {
                *count.entry(text.clone()).or_default() += 1;
            }
            None
        });
    }
    let name = |text: &str| {
        let hash = encryptediot::crypto::sha256(text.as_bytes());
        hex::encode(hash.get(..8).unwrap_or_default())
    };
    let twice: BTreeMap<String, String> = count
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(text, _)| (text.clone(), name(&text)))
        .collect();
    for exchange in exchanges(file) {
        strings(&mut exchange.input, &mut |text| {
            let name = twice.get(text)?;
            Some(json!({ "pieces": [{ "of": name }] }))
        });
    }
    let shared = twice.into_iter().map(|(text, name)| (name, text));
    file.shared.extend(shared);
}

fn exchanges(file: &mut File) -> Vec<&mut Exchange> {
    let mut all = Vec::new();
    for test in &mut file.tests {
        match &mut test.body {
            Body::One(exchange) => all.push(exchange),
            Body::Sequence { steps } => all.extend(steps.iter_mut().map(|s| &mut s.exchange)),
        }
    }
    all
}

/// Calls `each` with every string of a value that is not a piece, and puts what it gives in its place.
fn strings(value: &mut Value, each: &mut impl FnMut(&mut String) -> Option<Value>) {
    let other = match value {
        Value::String(text) => each(text),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| strings(item, each));
            None
        }
        Value::Object(fields) if !fields.contains_key("pieces") => {
            let fields: &mut Map<String, Value> = fields;
            fields.values_mut().for_each(|field| strings(field, each));
            None
        }
        _ => None,
    };
    if let Some(other) = other {
        *value = other;
    }
}
