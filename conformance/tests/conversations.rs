//! The vectors of the runner's own protocol (`vectors/protocol`): the reference and the second
//! implementation answer as they say, and a program that does nothing does not.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use encryptediot::shim::protocol::serve;
use serde_json::Value;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Replays every conversation with a program that is started anew for each; what it answered otherwise.
fn replay(answer: impl Fn(&str) -> String) -> Vec<String> {
    let path = project().join("vectors/protocol/conversations.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (name, conversation) in all.as_object().unwrap() {
        let exchanges = conversation["exchanges"].as_array().unwrap();
        let line = |exchange: &Value| format!("{}\n", exchange["request"]);
        let answered = answer(&exchanges.iter().map(line).collect::<String>());
        let lines: Vec<_> = answered.lines().collect();
        assert_eq!(lines.len(), exchanges.len(), "{name}: {answered}");
        for (exchange, line) in exchanges.iter().zip(lines) {
            let said: Value = serde_json::from_str(line).unwrap();
            let mut fields = exchange["answer"].as_object().unwrap().iter();
            if fields.any(|(field, value)| said[field] != *value) {
                wrong.push(format!("{name}: {}: {line}", exchange["request"]));
            }
        }
    }
    wrong
}

/// What a program answers to all these lines.
fn process(command: &mut Command, lines: &str) -> String {
    let mut child = command
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
}

#[test]
fn the_reference_answers_as_they_say() {
    let answer = |lines: &str| {
        let mut answers = Vec::new();
        serve(lines.as_bytes(), &mut answers).unwrap();
        String::from_utf8(answers).unwrap()
    };
    assert_eq!(replay(answer), Vec::<String>::new());
}

#[test]
fn the_second_implementation_answers_as_they_say() {
    let run = project().join("scripts/second/run");
    let started = Command::new(&run).stdin(Stdio::null()).output().unwrap();
    if started.status.code() == Some(2) {
        eprintln!("not checked: {}", String::from_utf8_lossy(&started.stderr));
        return;
    }
    let answer = |lines: &str| process(&mut Command::new(&run), lines);
    assert_eq!(replay(answer), Vec::<String>::new());
}

#[test]
fn one_that_accepts_everything_does_not() {
    let answer = |lines: &str| {
        let accept = |id| format!("{{\"id\":{id},\"result\":\"accept\"}}\n");
        (0..lines.lines().count()).map(accept).collect()
    };
    let wrong = replay(answer);
    assert!(wrong.len() > 5, "{wrong:?}");
}
