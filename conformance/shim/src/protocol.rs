//! The runner's protocol: a request a line, an answer a line, both JSON (`vectors/PROTOCOL.md`).

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Devices, OPERATIONS, dispatch};
use encryptediot::message::VERSION;

/// The version of the runner's protocol.
pub const PROTOCOL: u64 = 1;

/// The first request's operation.
pub const HELLO: &str = "hello";

/// A request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Counts the requests; the answer has the same.
    pub id: u64,
    /// What is asked for.
    pub operation: String,
    /// What it is asked of.
    pub input: Value,
}

/// Who a program is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// What the program is called.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The operations that it does.
    pub capabilities: Vec<String>,
}

/// What a runner says first.
pub fn hello() -> Value {
    json!({ "protocol": PROTOCOL, "spec_version": VERSION })
}

/// Who this implementation is.
pub fn this() -> Hello {
    Hello {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        capabilities: OPERATIONS
            .iter()
            .map(|entry| entry.name.to_owned())
            .collect(),
    }
}

fn greet(input: &Value) -> Answer {
    if *input != hello() {
        let message = format!("this program speaks {}", hello());
        return Answer::Error { message };
    }
    match serde_json::to_value(this()) {
        Ok(output) => Answer::Accept {
            output,
            intermediate: serde_json::Map::new(),
        },
        Err(why) => Answer::Error {
            message: why.to_string(),
        },
    }
}

/// Answers requests until there are no more.
///
/// # Errors
/// If reading or writing fails, or a line is no request: to whom should be answered then?
pub fn serve(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut devices = Devices::default();
    for line in input.lines() {
        let Request {
            id,
            operation,
            input,
        } = serde_json::from_str(&line?)?;
        let answer = match &*operation {
            HELLO => greet(&input),
            operation => dispatch(operation, input, &mut devices),
        };
        let mut answer = serde_json::to_value(answer)?;
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("id".to_owned(), id.into());
        }
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}
