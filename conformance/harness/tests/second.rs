//! The second implementation, in Python (`scripts/second`), written from SPEC alone: it does what it is
//! meant to do, and passes every vector of it.
//!
//! Where there is no Python or its packages cannot be had, these tests say on the standard error that
//! they did not check, and why.

mod conversations;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What it is not meant to do: acts of the owner, and the schemes that SPEC's repaired profile takes the
/// place of.
const NOT_MEANT: &[&str] = &["owner-", "paper-", "ring-"];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn second() -> PathBuf {
    project().join("scripts/second/run")
}

/// Why it cannot be started, if it cannot. Anything else that is wrong with it is a failure.
fn gave_up(run: &mut Command) -> Option<String> {
    let run = run.stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8_lossy(&run.stderr);
    let last = stderr.lines().last().unwrap_or_default();
    // An interpreter may end with 2 as well.
    if run.status.code() == Some(2) && last.starts_with("scripts/second/run: ") {
        return Some(last.to_owned());
    }
    assert!(run.status.success(), "{}: {stderr}", run.status);
    None
}

/// Can it be started? If not, says on the standard error, past the test harness, that nothing was checked.
fn is_there() -> bool {
    let why = gave_up(&mut Command::new(second()));
    if let Some(why) = &why {
        let mut past_the_harness = std::io::stderr();
        writeln!(past_the_harness, "not checked: {why}").unwrap();
    }
    why.is_none()
}

#[test]
fn without_python_it_says_what_to_do() {
    let why = gave_up(Command::new(second()).env("PYTHON", "no-such-python")).unwrap();
    assert!(why.contains("install Python 3.10 or later"), "{why}");
}

struct Report {
    code: Option<i32>,
    json: Value,
    text: String,
}

impl Report {
    fn of(vectors: &Path, selection: &[&str]) -> Self {
        Self::of_program(&second(), vectors, selection)
    }

    fn of_program(program: &Path, vectors: &Path, selection: &[&str]) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(env!("CARGO_BIN_EXE_conformance"))
            .args(["vectors", "--json", "-", "--vectors"])
            .arg(vectors)
            .arg("--impl")
            .arg(format!("'{}'", program.display()))
            .args(selection)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&stderr).into_owned();
        Self {
            code: status.code(),
            json: serde_json::from_slice(&stdout).unwrap_or_else(|e| panic!("{e}: {text}")),
            text,
        }
    }

    fn count(&self, outcome: &str) -> u64 {
        self.json["counts"][outcome].as_u64().unwrap()
    }

    fn failed(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().unwrap().iter();
        findings
            .filter(|finding| finding["outcome"] == "failed")
            .map(|finding| finding["id"].as_str().unwrap())
            .collect()
    }

    fn claimed(&self) -> Vec<String> {
        serde_json::from_value(self.json["program"]["capabilities"].clone()).unwrap()
    }
}

/// The operations that it is meant to do: all that are documented, but for those.
fn meant() -> Vec<String> {
    let documented = std::fs::read_to_string(project().join("vectors/OPERATIONS.md")).unwrap();
    documented
        .lines()
        .filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'))
        .filter(|operation| !NOT_MEANT.iter().any(|scheme| operation.starts_with(scheme)))
        .map(str::to_owned)
        .collect()
}

/// What it is meant to do and does not claim.
fn missing(claimed: &[String]) -> Vec<String> {
    let mut missing = meant();
    missing.retain(|operation| !claimed.contains(operation));
    missing
}

#[test]
fn it_passes_every_vector_of_what_it_is_meant_to_do() {
    if !is_there() {
        return;
    }
    let report = Report::of(&project().join("vectors"), &[]);
    assert_eq!(missing(&report.claimed()), Vec::<String>::new());
    assert_eq!(report.failed(), Vec::<&str>::new(), "{}", report.text);
    assert_eq!(report.code, Some(0), "{}", report.text);
    // Fewer would mean that the vectors went away, or that it claims what is not asked.
    assert!(report.count("held") > 2_000, "{}", report.text);
}

#[test]
fn it_answers_as_the_vectors_of_the_protocol_say() {
    if !is_there() {
        return;
    }
    let answer = |lines: &str| {
        let mut child = Command::new(second())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(lines.as_bytes()).unwrap();
        drop(input);
        let Output { stdout, status, .. } = child.wait_with_output().unwrap();
        assert!(status.success());
        String::from_utf8(stdout).unwrap()
    };
    assert_eq!(conversations::replay(answer), Vec::<String>::new());
}

#[test]
fn an_operation_that_is_no_longer_claimed_is_missed() {
    let mut claimed = meant();
    assert!(claimed.len() > 40, "{claimed:?}");
    assert!(missing(&claimed).is_empty());
    claimed.retain(|operation| operation != "envelope-open");
    assert_eq!(missing(&claimed), ["envelope-open"]);
}

/// What an implementer begins from: no packages are needed.
fn starts(file: &str, interpreter: &str) {
    let starter = project().join("vectors/starter").join(file);
    let lines = std::fs::read_to_string(&starter).unwrap().lines().count();
    assert!(lines < 150, "{lines} lines");
    if Command::new(interpreter).arg("--version").output().is_err() {
        let mut past_the_harness = std::io::stderr();
        writeln!(past_the_harness, "not checked: there is no {interpreter}").unwrap();
        return;
    }
    let of =
        |selection: &[&str]| Report::of_program(&starter, &project().join("vectors"), selection);
    let claimed = ["key-id/*", "part-lookup/*", "safety-number-check/*"];
    let report = of(&claimed);
    assert_eq!(
        (report.code, report.failed()),
        (Some(0), vec![]),
        "{}",
        report.text
    );
    assert_eq!(report.claimed().len(), claimed.len());
    assert!(report.count("held") > 50, "{}", report.text);
    assert_eq!(report.count("unsupported"), 0);
    // What it does not claim is not held.
    assert!(of(&["name-read/*"]).count("unsupported") > 20);
}

#[test]
fn the_starter_in_python_holds_what_it_claims_and_is_short() {
    starts("starter.py", "python3");
}

#[test]
fn the_starter_in_javascript_holds_what_it_claims_and_is_short() {
    starts("starter.mjs", "node");
}

/// Runs it on one file of vectors in which something was altered.
fn altered(operation: &str, alter: impl FnOnce(&mut Value)) -> Report {
    let directory = tempfile::tempdir().unwrap();
    let name = format!("{operation}.json");
    let file = std::fs::read(project().join("vectors").join(&name)).unwrap();
    let mut file: Value = serde_json::from_slice(&file).unwrap();
    alter(&mut file);
    std::fs::write(directory.path().join(&name), file.to_string()).unwrap();
    Report::of(directory.path(), &[])
}

#[test]
fn an_altered_expectation_fails_and_is_named() {
    if !is_there() {
        return;
    }
    let same = altered("key-id", |_| ());
    assert_eq!((same.code, same.failed()), (Some(0), vec![]));

    let other_output = altered("key-id", |file| {
        file["tests"][0]["output"]["id"] = "00000000000000000000000000000000".into();
    });
    assert_eq!(other_output.code, Some(1), "{}", other_output.text);
    assert_eq!(other_output.failed(), ["key-id/good"]);

    let other_reason = altered("key-id", |file| {
        let tests = file["tests"].as_array_mut().unwrap();
        let rejected = tests.iter_mut().find(|test| test["result"] == "reject");
        rejected.unwrap()["reason"] = "malformed".into();
    });
    assert_eq!(other_reason.code, Some(1), "{}", other_reason.text);
    assert_eq!(other_reason.failed().len(), 1);
}
