//! Makes a file of tests: each states what must come of it, and the reference must say the same.

use std::collections::BTreeMap;

use encryptediot::message::VERSION;
use encryptediot_shim::{Answer, Devices, dispatch};
use serde_json::{Map, Value, json};

use super::super::file::{Body, Break, Exchange, File, Test};
use super::super::schema;
use super::super::{Error, Result};
use super::notes;

/// What must come of a test.
#[derive(Debug)]
pub enum Expected {
    /// It is accepted; its output is the reference's.
    Accept,
    /// It is accepted with this output.
    AcceptAs(Value),
    /// It is refused for a reason.
    Reject(String),
    /// It is refused for a reason after so many bytes were released.
    RejectAfter(String, Value),
}

impl Expected {
    fn is(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Self::Accept, Answer::Accept { .. }) => true,
            (Self::AcceptAs(expected), Answer::Accept { output, .. }) => expected == output,
            (Self::Reject(expected), Answer::Reject { reason, .. }) => expected == reason,
            (Self::RejectAfter(expected, released), Answer::Reject { reason, output }) => {
                let after = output.as_ref().map(|output| &output["released"]);
                expected == reason && after == Some(released)
            }
            _ => false,
        }
    }
}

/// A file that is being made.
pub struct Builder {
    file: File,
    checks: Vec<String>,
    flags: Vec<String>,
    wrong: Vec<String>,
    /// What of the grammar the next case breaks.
    pub breaks: Vec<Break>,
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
            breaks: Vec::new(),
        }
    }

    /// Shares bytes under a name.
    pub fn share(&mut self, name: &str, bytes: &[u8]) {
        self.file.shared.insert(name.to_owned(), hex::encode(bytes));
    }

    /// A test from a case, whose origin is told where the reference says something else.
    pub fn case(
        &mut self,
        origin: &str,
        (name, comment): (&str, &str),
        (checks, flag): (&[String], &str),
        input: Value,
        expected: Expected,
    ) {
        (self.checks, self.flags) = (checks.to_vec(), vec![flag.to_owned()]);
        let operation = self.file.operation.clone();
        let id = format!("{operation}/{name}");
        let answer = match self.file.resolve(&input) {
            Ok(input) => dispatch(&operation, input, &mut Devices::default()),
            Err(error) => return self.wrong(&format!("{origin}: {id}: {error}")),
        };
        if !expected.is(&answer) {
            let told = format!("expected {expected:?}, given {answer:?}");
            self.wrong(&format!("{origin}: {id}: {told}"));
        }
        match Exchange::new(input, answer) {
            Some(exchange) => self.add(id, comment, Body::One(exchange)),
            None => self.wrong(&format!("{origin}: {id}: no answer for a vector")),
        }
    }

    /// Something is wrong with what the file is made of.
    pub fn wrong(&mut self, what: &str) {
        self.wrong.push(what.to_owned());
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
            breaks: std::mem::take(&mut self.breaks),
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
