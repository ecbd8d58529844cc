//! The vectors of the runner's own protocol (`vectors/protocol`).

use std::path::Path;

use serde_json::Value;

/// Replays every conversation with a program that is started anew for each; what it answered otherwise.
pub fn replay(answer: impl Fn(&str) -> String) -> Vec<String> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/protocol/conversations.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (name, conversation) in all.as_object().unwrap() {
        let exchanges = conversation["exchanges"].as_array().unwrap();
        let line = |exchange: &Value| format!("{}\n", exchange["request"]);
        let answered = answer(&exchanges.iter().map(line).collect::<String>());
        let lines: Vec<_> = answered.lines().collect();
        assert_eq!(lines.len(), exchanges.len(), "{name}: {answered}");
        for (exchange, line) in exchanges.iter().zip(lines) {
            let given: Value = serde_json::from_str(line).unwrap();
            let mut fields = exchange["answer"].as_object().unwrap().iter();
            if fields.any(|(field, value)| given[field] != *value) {
                wrong.push(format!("{name}: {}: {line}", exchange["request"]));
            }
        }
    }
    wrong
}
