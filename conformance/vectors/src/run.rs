//! Runs vectors against a program and says where it answers otherwise.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use encryptediot_shim::protocol::Hello;
use encryptediot_shim::{Answer, OPERATIONS};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

use super::file::{Exchange, File, Note, Test};
use super::program::{Fault, Program};
use super::{Error, Result};
use conformance_common::outcome::{Counts, Outcome};

/// What came of a test.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The file's operation.
    pub file: String,
    /// The test's id.
    pub id: String,
    /// Its comment.
    pub comment: String,
    /// The claims and sections of SPEC that it checks.
    pub checks: Vec<String>,
    /// What came of it. "Not checked" is an operation that the program does not do.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What it answered otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// What it was asked, if it failed: every piece written out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Value>,
    /// What its flags mean, if it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Where an answer differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mismatch {
    /// The step of a sequence, from 1, and what happens in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<(usize, String)>,
    /// The field.
    pub field: String,
    /// What the vector has.
    pub expected: String,
    /// What the program answered.
    pub given: String,
    /// Where two byte strings differ first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_differing_byte: Option<usize>,
}

/// All that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Who was asked.
    pub program: Hello,
    /// Capabilities that no operation has, or that are there twice.
    pub unknown: Vec<String>,
    /// Test by test.
    pub findings: Vec<Finding>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Report {
    /// How many held, failed, and were not checked.
    pub fn counts(&self) -> Counts {
        self.findings.iter().map(|f| &f.outcome).collect()
    }

    /// 0 if all that ran held, 1 if something did not, 2 if nothing ran.
    pub fn exit_code(&self) -> u8 {
        self.counts().exit_code()
    }
}

/// What is wrong with these capabilities: an operation that is misspelt is not asked for, and its tests would
/// only be unsupported.
fn odd(capabilities: &[String]) -> Vec<String> {
    let mut odd = Vec::new();
    for (place, name) in capabilities.iter().enumerate() {
        if capabilities.iter().take(place).any(|before| before == name) {
            odd.push(format!("{name} is claimed twice"));
        } else if !OPERATIONS.iter().any(|entry| entry.name == name) {
            let names = OPERATIONS.iter().map(|entry| entry.name);
            let near = names.map(|known| (strsim::jaro(known, name), known));
            let near = near.max_by(|a, b| a.0.total_cmp(&b.0));
            odd.push(match near.filter(|(likeness, _)| *likeness > 0.8) {
                Some((_, known)) => format!("{name} is no operation; is {known} meant?"),
                None => format!("{name} is no operation"),
            });
        }
    }
    odd
}

/// How a run is made.
pub struct Options<'a> {
    /// Makes a program to ask; each thread has its own.
    pub program: &'a (dyn Fn() -> Box<dyn Program> + Sync),
    /// How many are asked at a time.
    pub jobs: usize,
    /// Is told of every test that was run.
    pub progress: &'a (dyn Fn() + Sync),
}

/// Runs the tests that are chosen.
///
/// # Errors
/// If the program says no hello, or a file's shared bytes are not there.
pub fn run(files: &[File], chosen: &[(usize, usize)], options: &Options<'_>) -> Result<Report> {
    let begin = Instant::now();
    let no_hello = |fault: Fault| Error::NoHello(fault.to_string());
    let program = (options.program)().hello().map_err(no_hello)?;
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<()> {
        let mut asked = (options.program)();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some((file, test)) = chosen.get(place) else {
                return Ok(());
            };
            let found = files
                .get(*file)
                .and_then(|f| Some((f, f.tests.get(*test)?)));
            let Some((file, test)) = found else { continue };
            let finding = judge(file, test, &program, &mut *asked)?;
            if let Ok(mut done) = done.lock() {
                done.push((place, finding));
            }
            (options.progress)();
        }
    };
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..options.jobs.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        let panicked = |_| Error::Generate("a thread of the runner panicked".to_owned());
        let mut all = workers.into_iter().map(|w| w.join().map_err(panicked));
        all.try_for_each(|worked| worked?)
    })?;
    let mut findings = done.into_inner().unwrap_or_default();
    findings.sort_by_key(|(place, _)| *place);
    Ok(Report {
        unknown: odd(&program.capabilities),
        program,
        findings: findings.into_iter().map(|(_, finding)| finding).collect(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// Runs one test.
///
/// # Errors
/// If shared bytes are not there.
pub fn judge(file: &File, test: &Test, who: &Hello, program: &mut dyn Program) -> Result<Finding> {
    let begin = Instant::now();
    let (outcome, mismatch) = ask_all(file, test, who, program)?;
    let failed = matches!(outcome, Outcome::Failed(_));
    let step = mismatch.as_ref().and_then(|m| m.step.as_ref());
    let exchanges = test.exchanges(file);
    let exchange = match step {
        Some((number, _)) => exchanges.get(number - 1),
        // What comes before the first step is no exchange of the test.
        None if test.is_sequence() => None,
        None => exchanges.first(),
    };
    let asked = match exchange {
        None if failed => Some(json!({ "operation": "reset", "input": {} })),
        Some((operation, exchange)) if failed => {
            let input = file.resolve(&exchange.input)?;
            Some(json!({ "operation": operation, "input": input }))
        }
        _ => None,
    };
    let notes = test.flags.iter().filter(|_| failed);
    Ok(Finding {
        file: file.operation.clone(),
        id: test.id.clone(),
        comment: test.comment.clone(),
        checks: test.checks.clone(),
        outcome,
        mismatch,
        asked,
        notes: notes
            .filter_map(|flag| file.notes.get(flag).cloned())
            .collect(),
        seconds: seconds(begin.elapsed()),
    })
}

/// Seconds to a tenth of a millisecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10_000.0
}

fn ask_all(
    file: &File,
    test: &Test,
    who: &Hello,
    program: &mut dyn Program,
) -> Result<(Outcome, Option<Mismatch>)> {
    let exchanges = test.exchanges(file);
    let does = |operation: &str| who.capabilities.iter().any(|c| c == operation);
    let needs_reset = test.is_sequence().then_some("reset");
    let mut all = needs_reset
        .into_iter()
        .chain(exchanges.iter().map(|(o, _)| *o));
    if let Some(missing) = all.find(|operation| !does(operation)) {
        let why = format!("it does not claim {missing}");
        return Ok((Outcome::NotChecked(why), None));
    }
    let failed = |mismatch: Mismatch| (Outcome::Failed(mismatch.to_string()), Some(mismatch));
    if test.is_sequence() {
        let fresh = program.ask("reset", Value::Object(Map::new()));
        if let Some(mismatch) = told(&fresh).or_else(|| compare_reset(&fresh)) {
            return Ok(failed(mismatch));
        }
    }
    for (number, (operation, exchange)) in exchanges.iter().enumerate() {
        let given = program.ask(operation, file.resolve(&exchange.input)?);
        if let Some(mut mismatch) = told(&given).or_else(|| compare(exchange, given.ok()?)) {
            if let super::file::Body::Sequence { steps } = &test.body {
                let comment = steps.get(number).map(|step| step.comment.clone());
                mismatch.step = Some((number + 1, comment.unwrap_or_default()));
            }
            return Ok(failed(mismatch));
        }
    }
    Ok((Outcome::Held, None))
}

/// What is wrong if there is no answer at all, or none that may be given.
fn told(given: &std::result::Result<Answer, Fault>) -> Option<Mismatch> {
    let given = match given {
        Err(fault) => fault.to_string(),
        Ok(Answer::Unsupported) => "unsupported, though it claims the operation".to_owned(),
        Ok(Answer::Error { message }) => format!("error: {message}"),
        Ok(_) => return None,
    };
    Some(Mismatch::of("result", "an answer".to_owned(), given))
}

fn compare_reset(given: &std::result::Result<Answer, Fault>) -> Option<Mismatch> {
    match given {
        Ok(Answer::Accept { .. }) => None,
        other => {
            let given = format!("{other:?}");
            Some(Mismatch::of("result", "accept of reset".to_owned(), given))
        }
    }
}

/// Where an answer differs from the vector. Values on the way are compared where the program gives
/// them, and before the output: they tell where it went wrong.
pub fn compare(expected: &Exchange, given: Answer) -> Option<Mismatch> {
    match (expected.answer(), given) {
        (
            Answer::Accept {
                output,
                intermediate,
            },
            Answer::Accept {
                output: given,
                intermediate: on_the_way,
            },
        ) => {
            let way = intermediate.iter().find_map(|(name, value)| {
                differ(
                    &format!("intermediate.{name}"),
                    value,
                    on_the_way.get(name)?,
                )
            });
            let result = differ("output", &output, &given);
            match result {
                None => None,
                wrong => way.or(wrong),
            }
        }
        (
            Answer::Reject { reason, output },
            Answer::Reject {
                reason: given_reason,
                output: given,
            },
        ) => {
            if reason != given_reason {
                return Some(Mismatch::of("reason", reason, given_reason));
            }
            let (output, given) = (output?, given.unwrap_or_default());
            differ("output", &output, &given)
        }
        (expected, given) => {
            let say = |answer: &Answer| match answer {
                Answer::Reject { reason, .. } => format!("reject, {reason}"),
                _ => "accept".to_owned(),
            };
            Some(Mismatch::of("result", say(&expected), say(&given)))
        }
    }
}

/// The first field in which two values differ.
fn differ(field: &str, expected: &Value, given: &Value) -> Option<Mismatch> {
    match (expected, given) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            let mut keys = keys.map(|key| (key, a.get(key), b.get(key)));
            keys.find_map(|(key, a, b)| match (a, b) {
                (Some(a), Some(b)) => differ(&format!("{field}.{key}"), a, b),
                (a, b) => Some(Mismatch::of(
                    &format!("{field}.{key}"),
                    a.map_or("no such field".to_owned(), Value::to_string),
                    b.map_or("no such field".to_owned(), Value::to_string),
                )),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut items = a.iter().zip(b).enumerate();
            items.find_map(|(i, (a, b))| differ(&format!("{field}[{i}]"), a, b))
        }
        (a, b) if a == b => None,
        (Value::Number(a), Value::Number(b)) if is_same_integer(a, b) => None,
        (Value::String(a), Value::String(b)) => {
            let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
            let first = a.bytes().zip(b.bytes()).position(|(a, b)| a != b);
            let first = first.unwrap_or(a.len().min(b.len())) / 2;
            let mut mismatch = Mismatch::of(field, a.clone(), b.clone());
            mismatch.first_differing_byte = (hex(a) && hex(b)).then_some(first);
            Some(mismatch)
        }
        (a, b) => Some(Mismatch::of(field, a.to_string(), b.to_string())),
    }
}

/// Are these one integer, written `1` and `1.0`? JSON Schema says so of its integers.
fn is_same_integer(a: &Number, b: &Number) -> bool {
    let exact = |n: &Number| n.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < EXACT);
    exact(a).is_some() && exact(a) == exact(b)
}

/// Below this, a double is every integer.
const EXACT: f64 = (1_u64 << 53) as f64;

impl Mismatch {
    fn of(field: &str, expected: String, given: String) -> Self {
        Self {
            step: None,
            field: field.to_owned(),
            expected,
            given,
            first_differing_byte: None,
        }
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some((number, comment)) = &self.step {
            write!(f, "step {number} ({comment}): ")?;
        }
        let (field, expected, given) = (&self.field, &self.expected, &self.given);
        write!(f, "{field}: expected {expected}, given {given}")?;
        match self.first_differing_byte {
            Some(byte) => write!(f, " (first differing byte: {byte})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(output: Value) -> Answer {
        let intermediate = Map::new();
        Answer::Accept {
            output,
            intermediate,
        }
    }

    fn expected(answer: Answer) -> Exchange {
        Exchange::new(json!({}), answer).unwrap()
    }

    #[test]
    fn the_field_and_the_first_differing_byte_are_told() {
        let vector = expected(accept(json!({ "a": 1, "b": [{ "c": "00112233" }] })));
        let same = accept(json!({ "b": [{ "c": "00112233" }], "a": 1 }));
        assert_eq!(compare(&vector, same), None);
        let other = accept(json!({ "a": 1, "b": [{ "c": "00112333" }] }));
        let mismatch = compare(&vector, other).unwrap();
        assert_eq!(mismatch.field, "output.b[0].c");
        assert_eq!(mismatch.first_differing_byte, Some(2));
        let more = accept(json!({ "a": 1, "b": [{ "c": "00112233", "d": 0 }] }));
        assert_eq!(compare(&vector, more).unwrap().field, "output.b[0].d");
    }

    #[test]
    fn an_integer_is_the_same_however_it_is_written() {
        let vector = |n: &str| expected(accept(serde_json::from_str(n).unwrap()));
        for (a, b, same) in [
            ("0", "0.0", true),
            ("7", "7e0", true),
            ("7", "7.5", false),
            ("-0.0", "0", true),
            ("9007199254740993", "9007199254740992.0", false),
        ] {
            let given = accept(serde_json::from_str(b).unwrap());
            assert_eq!(compare(&vector(a), given).is_none(), same, "{a} {b}");
        }
    }

    #[test]
    fn capabilities_that_are_no_operations_are_named() {
        let claimed = ["key-id", "key-ids", "key-id", "something-else"].map(str::to_owned);
        let odd = odd(&claimed);
        assert_eq!(odd.len(), 3);
        assert!(
            odd[0].contains("is key-id meant") && odd[1].contains("twice"),
            "{odd:?}"
        );
        assert_eq!(odd[2], "something-else is no operation");
    }

    #[test]
    fn a_reason_a_result_and_what_was_released_are_compared() {
        let reject = |reason: &str, released: Option<u64>| Answer::Reject {
            reason: reason.to_owned(),
            output: released.map(|released| json!({ "released": released })),
        };
        let vector = expected(reject("malformed", Some(3)));
        assert_eq!(compare(&vector, reject("malformed", Some(3))), None);
        let wrong = compare(&vector, reject("too-large", Some(3))).unwrap();
        assert_eq!((&*wrong.field, &*wrong.given), ("reason", "too-large"));
        let wrong = compare(&vector, reject("malformed", Some(4))).unwrap();
        assert_eq!(wrong.field, "output.released");
        assert!(compare(&vector, reject("malformed", None)).is_some());
        assert_eq!(compare(&vector, accept(json!({}))).unwrap().field, "result");
    }

    #[test]
    fn a_value_on_the_way_tells_where_it_went_wrong_and_may_be_left_out() {
        let way = |pdk: &str, output: &str| Answer::Accept {
            output: json!({ "x": output }),
            intermediate: json!({ "pdk": pdk }).as_object().unwrap().clone(),
        };
        let vector = expected(way("00", "11"));
        assert_eq!(compare(&vector, accept(json!({ "x": "11" }))), None);
        let wrong = compare(&vector, way("01", "12")).unwrap();
        assert_eq!(wrong.field, "intermediate.pdk");
        let wrong = compare(&vector, way("00", "12")).unwrap();
        assert_eq!(wrong.field, "output.x");
    }
}
