//! A file of vectors: its frame, and the bytes that its tests share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use encryptediot_shim::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Error, Result, schema};

/// The operation of the file of sequences: each step names its own.
pub const SEQUENCES: &str = "sequences";

/// A file of vectors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its JSON Schema, from its directory.
    pub schema: String,
    /// The version of SPEC.
    pub spec_version: u64,
    /// The scheme whose vectors these are.
    pub scheme: String,
    /// The operation that all its tests are of, or [`SEQUENCES`].
    pub operation: String,
    /// How many tests it has.
    pub number_of_tests: usize,
    /// What the flags of its tests mean.
    pub notes: BTreeMap<String, Note>,
    /// Bytes that stand in tests by name, in hexadecimal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<String, String>,
    /// The tests.
    pub tests: Vec<Test>,
}

/// What a flag means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The kind of mistake that these tests look for.
    pub bug_type: String,
    /// What comes of the mistake.
    pub effect: String,
    /// Where it is written what is right.
    pub reference: String,
}

/// A test: one exchange, or a sequence of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Test {
    /// The file's operation and a name, for good.
    pub id: String,
    /// What is special about it.
    pub comment: String,
    /// The claims and sections of SPEC that it checks.
    pub checks: Vec<String>,
    /// What it looks for: names of notes.
    pub flags: Vec<String>,
    /// What of the grammar is broken in it, and nothing else: known where it is made.
    #[serde(skip)]
    pub breaks: Vec<Break>,
    /// What is asked, if it is one exchange.
    #[serde(flatten)]
    pub body: Body,
}

/// A place in the grammar, and the kind of rule about it.
pub type Break = (String, String);

/// What is asked and answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Body {
    /// Steps that follow on one another.
    Sequence {
        /// The steps.
        steps: Vec<Step>,
    },
    /// One exchange.
    One(Exchange),
}

/// A step of a sequence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// What happens.
    pub comment: String,
    /// The operation.
    pub operation: String,
    /// What is asked and answered.
    #[serde(flatten)]
    pub exchange: Exchange,
}

/// What is asked, and what must be answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// The input.
    pub input: Value,
    /// Accept or reject.
    pub result: Verdict,
    /// The reason of a rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Values on the way.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub intermediate: Map<String, Value>,
}

/// The two results that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The input is good.
    Accept,
    /// It is refused.
    Reject,
}

impl Exchange {
    /// An exchange with this answer; `None` if it is no answer that a vector may have.
    pub fn new(input: Value, answer: Answer) -> Option<Self> {
        let (result, reason, output, intermediate) = match answer {
            Answer::Accept {
                output,
                intermediate,
            } => (Verdict::Accept, None, Some(output), intermediate),
            Answer::Reject { reason, output } => {
                (Verdict::Reject, Some(reason), output, Map::new())
            }
            Answer::Unsupported | Answer::Error { .. } => return None,
        };
        Some(Self {
            input,
            result,
            reason,
            output,
            intermediate,
        })
    }

    /// The answer that is expected.
    pub fn answer(&self) -> Answer {
        match self.result {
            Verdict::Accept => Answer::Accept {
                output: self.output.clone().unwrap_or_default(),
                intermediate: self.intermediate.clone(),
            },
            Verdict::Reject => Answer::Reject {
                reason: self.reason.clone().unwrap_or_default(),
                output: self.output.clone(),
            },
        }
    }
}

impl Test {
    /// The exchanges, each with its operation.
    pub fn exchanges<'a>(&'a self, file: &'a File) -> Vec<(&'a str, &'a Exchange)> {
        match &self.body {
            Body::One(exchange) => vec![(&*file.operation, exchange)],
            Body::Sequence { steps } => {
                let step = |step: &'a Step| (&*step.operation, &step.exchange);
                steps.iter().map(step).collect()
            }
        }
    }

    /// Does it need devices that remember?
    pub fn is_sequence(&self) -> bool {
        matches!(self.body, Body::Sequence { .. })
    }
}

/// The files of vectors in a directory: its own and those of the other schemes, each in the order of
/// their names.
///
/// # Errors
/// If the directory cannot be read.
pub fn paths(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for scheme in schema::SCHEMES {
        let folder = match scheme == schema::SCHEMES[0] {
            true => directory.to_owned(),
            false => directory.join(scheme),
        };
        if folder != directory && !folder.is_dir() {
            continue;
        }
        let entries = std::fs::read_dir(&folder).map_err(Error::file(&folder))?;
        let mut paths: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.retain(|path| is_ours(path));
        paths.sort();
        all.append(&mut paths);
    }
    Ok(all)
}

/// Has it the name of a file of vectors? Editors and file managers put others beside them.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.and_then(|name| name.strip_suffix(".json"));
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.is_some_and(|name| name.bytes().all(allowed) && !name.is_empty())
}

impl File {
    /// Where it lies, from the directory of the vectors.
    pub fn path(&self) -> String {
        match self.scheme == schema::SCHEMES[0] {
            true => format!("{}.json", self.operation),
            false => format!("{}/{}.json", self.scheme, self.operation),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read or is no file of vectors.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::file(path))?;
        let wrong = |why: String| Error::File {
            path: path.to_owned(),
            why,
        };
        let file: Self = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        if file.tests.len() != file.number_of_tests {
            let (said, there) = (file.number_of_tests, file.tests.len());
            let why = format!("it says that it has {said} tests, and has {there}");
            return Err(wrong(why));
        }
        if !path.ends_with(format!("{}.json", file.operation)) {
            let why = format!(
                "it has the vectors of {}, whose file has another name",
                file.operation
            );
            return Err(wrong(why));
        }
        Ok(file)
    }

    /// Reads all files of a directory, in the order of their names.
    ///
    /// # Errors
    /// If one of them cannot be read, or there is none.
    pub fn read_all(directory: &Path) -> Result<Vec<Self>> {
        let paths = paths(directory)?;
        if paths.is_empty() {
            let why = "there are no vectors here; name their directory with --vectors".to_owned();
            let path = directory.to_owned();
            return Err(Error::File { path, why });
        }
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// The input with every shared piece written out.
    ///
    /// # Errors
    /// If a name or range is not there.
    pub fn resolve(&self, input: &Value) -> Result<Value> {
        resolve(&self.shared, input)
    }
}

/// `input` with every piece of what is `shared` written out.
///
/// # Errors
/// If a name or range is not there.
pub fn resolve(shared: &BTreeMap<String, String>, input: &Value) -> Result<Value> {
    match input {
        Value::Object(object) => match object.get("pieces") {
            Some(Value::Array(pieces)) if object.len() == 1 => {
                let whole: Result<String> = pieces.iter().map(|p| piece(shared, p)).collect();
                Ok(Value::String(whole?))
            }
            _ => {
                let field = |(k, v): (&String, &Value)| Ok((k.clone(), resolve(shared, v)?));
                let fields: Result<Map<_, _>> = object.iter().map(field).collect();
                Ok(Value::Object(fields?))
            }
        },
        Value::Array(items) => {
            let items: Result<Vec<_>> = items.iter().map(|item| resolve(shared, item)).collect();
            Ok(Value::Array(items?))
        }
        other => Ok(other.clone()),
    }
}

fn piece(shared: &BTreeMap<String, String>, piece: &Value) -> Result<String> {
    if let Value::String(hex) = piece {
        return Ok(hex.clone());
    }
    let name = piece["of"].as_str().unwrap_or_default();
    let missing = || Error::Generate(format!("no shared bytes {piece}"));
    let whole = shared.get(name).ok_or_else(missing)?;
    let place = |key: &str, default: usize| {
        let given = piece.get(key).and_then(Value::as_u64);
        let given = given.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        given.unwrap_or(default).saturating_mul(2)
    };
    let range = place("from", 0)..place("until", whole.len() / 2);
    Ok(whole.get(range).ok_or_else(missing)?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shared_pieces_are_written_out_and_wrong_ones_are_told() {
        let shared = BTreeMap::from([("a".to_owned(), "00112233".to_owned())]);
        let file = File {
            schema: String::new(),
            spec_version: 1,
            scheme: String::new(),
            operation: String::new(),
            number_of_tests: 0,
            notes: BTreeMap::new(),
            shared,
            tests: Vec::new(),
        };
        let input = json!({ "x": [{ "pieces": [{ "of": "a", "from": 1, "until": 3 }, "ff", { "of": "a" }] }] });
        assert_eq!(
            file.resolve(&input).unwrap(),
            json!({ "x": ["1122ff00112233"] })
        );
        for bad in [
            json!({ "pieces": [{ "of": "b" }] }),
            json!({ "pieces": [{ "of": "a", "from": 3, "until": 9 }] }),
        ] {
            assert!(file.resolve(&bad).is_err());
        }
    }
}
