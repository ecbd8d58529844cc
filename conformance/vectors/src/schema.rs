//! The JSON Schema of the files of vectors and of the runner's protocol, from the operations' types.

use std::collections::{BTreeMap, BTreeSet};

use encryptediot::message::VERSION;
use encryptediot_shim::{Entry, OPERATIONS, Released};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::file::{File, SEQUENCES};

/// The schema of the files of vectors, from the directory of the vectors.
pub const VECTORS: &str = "schemas/vectors.schema.json";

/// The schema of a line of the runner's protocol.
pub const PROTOCOL: &str = "schemas/protocol.schema.json";

/// The schemes that have vectors; the files of all but the first lie in directories of their own.
pub const SCHEMES: [&str; 3] = ["repaired", "paper", "ring"];

/// The path of [`VECTORS`] from the files of a scheme.
pub fn of(scheme: &str) -> String {
    match scheme == SCHEMES[0] {
        true => VECTORS.to_owned(),
        false => format!("../{VECTORS}"),
    }
}

/// Does an operation belong into sequences?
pub fn is_stateful(name: &str) -> bool {
    ["reset", "store-", "camera-", "member-", "phone-", "owner-"]
        .iter()
        .any(|start| name.starts_with(start))
        && name != "member-record-open"
}

/// The schema of the files of vectors.
pub fn vectors() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let pure = OPERATIONS.iter().filter(|entry| !is_stateful(entry.name));
    let pure: Vec<Value> = pure
        .map(|entry| {
            let test = exchange(entry, &mut generator);
            when(
                entry.name,
                json!({ "properties": { "tests": { "type": "array", "items": test } } }),
            )
        })
        .collect();
    let steps = OPERATIONS
        .iter()
        .filter(|e| is_stateful(e.name) && e.name != "reset");
    let steps: Vec<Value> = steps
        .map(|entry| when(entry.name, exchange(entry, &mut generator)))
        .collect();
    let stateful: Vec<&str> = OPERATIONS
        .iter()
        .map(|e| e.name)
        .filter(|n| is_stateful(n) && *n != "reset")
        .collect();
    let operations: Vec<&str> = OPERATIONS
        .iter()
        .map(|e| e.name)
        .filter(|n| !is_stateful(n))
        .chain([SEQUENCES])
        .collect();
    let text = || json!({ "type": "string", "minLength": 1 });
    let mut step = frame(
        &["comment", "operation"],
        json!({
            "comment": text(),
            "operation": { "enum": stateful },
        }),
    );
    step["allOf"] = Value::Array(steps);
    let one = frame(&[], identity());
    let sequence = json!({
        "type": "object",
        "required": ["id", "comment", "checks", "flags", "steps"],
        "additionalProperties": false,
        "properties": with(identity(), json!({
            "steps": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/step" } },
        })),
    });
    let mut defs = generator.take_definitions(true);
    defs.insert("pieces".to_owned(), pieces());
    defs.insert("test".to_owned(), one);
    defs.insert("step".to_owned(), step);
    defs.insert("sequence".to_owned(), sequence);
    let is_sequences = json!({ "properties": { "operation": { "const": SEQUENCES } } });
    let item = |name: &str| json!({ "properties": { "tests": { "type": "array", "items": { "$ref": format!("#/$defs/{name}") } } } });
    let mut all = vec![json!({
        "if": is_sequences, "then": item("sequence"), "else": item("test"),
    })];
    all.extend(pure);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file of EncryptedIoT's test vectors",
        "type": "object",
        "required": ["schema", "spec_version", "scheme", "operation", "number_of_tests", "notes", "tests"],
        "additionalProperties": false,
        "properties": {
            "schema": { "enum": SCHEMES.map(of) },
            "spec_version": { "const": VERSION },
            "scheme": { "enum": SCHEMES },
            "operation": { "enum": operations },
            "number_of_tests": { "type": "integer", "minimum": 1 },
            "notes": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "required": ["bug_type", "effect", "reference"],
                    "additionalProperties": false,
                    "properties": {
                        "bug_type": text(), "effect": text(), "reference": text(),
                    },
                },
            },
            "shared": {
                "type": "object",
                "additionalProperties": { "type": "string", "pattern": "^([0-9a-f]{2})*$" },
            },
            "tests": { "type": "array", "minItems": 1 },
        },
        "allOf": all,
        "$defs": defs,
    });
    remove_formats(&mut schema);
    schema
}

/// The schema of a line of the protocol: a request or an answer.
pub fn protocol() -> Value {
    let hello = json!({
        "type": "object",
        "required": ["name", "version", "capabilities"],
        "additionalProperties": false,
        "properties": {
            "name": { "type": "string" },
            "version": { "type": "string" },
            "capabilities": { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
        },
    });
    let line = |required: Value, properties: Value| {
        json!({
            "type": "object",
            "required": required,
            "additionalProperties": false,
            "properties": with(json!({ "id": { "type": "integer", "minimum": 0 } }), properties),
        })
    };
    let answer = |result: &str, required: &[&str], properties: Value| {
        let required: Vec<&str> = [&["id", "result"], required].concat();
        line(
            json!(required),
            with(json!({ "result": { "const": result } }), properties),
        )
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of the protocol between the runner of test vectors and the program under test",
        "oneOf": [
            line(json!(["id", "operation", "input"]), json!({
                "operation": { "type": "string" },
                "input": { "type": "object" },
            })),
            answer("accept", &["output"], json!({
                "output": { "type": "object" },
                "intermediate": {
                    "type": "object",
                    "additionalProperties": { "type": "string", "pattern": "^([0-9a-f]{2})*$" },
                },
            })),
            answer("reject", &["reason"], json!({
                "reason": { "type": "string" },
                "output": { "type": "object" },
            })),
            answer("unsupported", &[], json!({})),
            answer("error", &["message"], json!({ "message": { "type": "string" } })),
        ],
        "$defs": { "hello": hello },
    })
}

/// Removes the formats of integers (`uint64` and the like): validators that know none refuse the whole schema.
fn remove_formats(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("format").is_some_and(Value::is_string) {
                fields.remove("format");
            }
            fields.values_mut().for_each(remove_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_formats),
        _ => {}
    }
}

fn when(operation: &str, then: Value) -> Value {
    json!({
        "if": { "type": "object", "properties": { "operation": { "const": operation } } },
        "then": then,
    })
}

fn with(one: Value, more: Value) -> Value {
    match (one, more) {
        (Value::Object(mut one), Value::Object(more)) => {
            one.extend(more);
            Value::Object(one)
        }
        (one, _) => one,
    }
}

fn identity() -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true });
    let mut checks = texts.clone();
    checks["minItems"] = 1.into();
    json!({
        "id": { "type": "string", "pattern": "^[a-z0-9-]+/[a-z0-9.+-]+$" },
        "comment": { "type": "string", "minLength": 1 },
        "checks": checks,
        "flags": texts,
    })
}

/// The frame of an exchange: its input and output are the operation's.
fn frame(required: &[&str], properties: Value) -> Value {
    let identity: Vec<&str> = match properties.get("id") {
        Some(_) => vec!["id", "comment", "checks", "flags"],
        None => Vec::new(),
    };
    let required: Vec<&str> = [&identity, required, &["input", "result"]].concat();
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": with(properties, json!({
            "input": {},
            "result": { "enum": ["accept", "reject"] },
            "reason": { "enum": reasons() },
            "output": {},
            "intermediate": {},
        })),
        "if": { "properties": { "result": { "const": "accept" } } },
        "then": { "required": ["output"], "properties": { "reason": false } },
        "else": { "required": ["reason"], "properties": { "intermediate": false } },
    })
}

fn reasons() -> Vec<&'static str> {
    encryptediot::error::ErrorKind::all()
        .map(|error| error.reason())
        .collect()
}

/// The input and the output of an operation.
fn exchange(entry: &Entry, generator: &mut SchemaGenerator) -> Value {
    let hex = json!({ "type": "string", "pattern": "^([0-9a-f]{2})*$" });
    let intermediate: Map<String, Value> = entry
        .intermediate
        .iter()
        .map(|name| ((*name).to_owned(), hex.clone()))
        .collect();
    // Of what is refused, what was released before is all that there is to say.
    let (output, released) = (
        (entry.output)(generator),
        generator.subschema_for::<Released>(),
    );
    json!({
        "type": "object",
        "if": { "type": "object", "properties": { "result": { "const": "accept" } } },
        "then": { "type": "object", "properties": { "output": output } },
        "else": { "type": "object", "properties": { "output": released } },
        "properties": {
            "input": (entry.input)(generator),
            "intermediate": {
                "type": "object",
                "additionalProperties": false,
                "properties": intermediate,
                "required": entry.intermediate,
            },
        },
    })
}

/// Bytes in pieces, of which some are shared.
fn pieces() -> Value {
    let place = json!({ "type": "integer", "minimum": 0 });
    json!({
        "description": "Pieces of bytes, one after the other: hexadecimal, or bytes `from` up to, not \
                        including, `until` of what the file shares under a name.",
        "type": "object",
        "required": ["pieces"],
        "additionalProperties": false,
        "properties": { "pieces": { "type": "array", "items": { "anyOf": [
            { "type": "string", "pattern": "^([0-9a-f]{2})*$" },
            {
                "type": "object",
                "required": ["of"],
                "additionalProperties": false,
                "properties": { "of": { "type": "string" }, "from": place, "until": place },
            },
        ] } } },
    })
}

/// The page of the operations: what each is asked and what it answers, from the same types, and the reasons for
/// which the vectors have it refuse.
pub fn operations_page(files: &[File]) -> String {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in files {
        for (operation, exchange) in file.tests.iter().flat_map(|test| test.exchanges(file)) {
            let of = reasons.entry(operation).or_default();
            of.extend(exchange.reason.as_deref());
        }
    }
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let schemas: Vec<_> = OPERATIONS
        .iter()
        .map(|entry| {
            (
                (entry.input)(&mut generator),
                (entry.output)(&mut generator),
            )
        })
        .collect();
    let defs = generator.take_definitions(true);
    let mut page = String::from(PAGE);
    for (entry, (input, output)) in OPERATIONS.iter().zip(schemas) {
        let (input, output) = (
            lookup(&defs, input.as_value()),
            lookup(&defs, output.as_value()),
        );
        let about = input["description"]
            .as_str()
            .unwrap_or_default()
            .replace('\n', " ");
        page.push_str(&format!("## `{}`\n\n{about}\n\n", entry.name));
        page.push_str(&fields("Input", &defs, input));
        page.push_str(&fields("Output", &defs, output));
        if !entry.intermediate.is_empty() {
            let names: Vec<_> = entry
                .intermediate
                .iter()
                .map(|n| format!("`{n}`"))
                .collect();
            page.push_str(&format!("Intermediate: {}.\n\n", names.join(", ")));
        }
        if let Some(of) = reasons.get(entry.name).filter(|of| !of.is_empty()) {
            let names: Vec<_> = of.iter().map(|reason| format!("`{reason}`")).collect();
            page.push_str(&format!("Reasons: {}.\n\n", names.join(", ")));
        }
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

const PAGE: &str = "# Operations

Written by `conformance generate` from the types of the operations; the same as JSON Schema is in
`schemas/`. `bytes` is hexadecimal in lower case, `bytes32` that of 32 bytes, `integer` a number below 2^53, and
`'x'` the text x itself. A field is there unless it is said what its absence means; `or null` says that it may be null.
`Reasons` are all for which the vectors have an operation refuse, by itself or as a step. How files and tests are read
is in `README.md`.

An RSA public key is its modulus in 256 bytes, big-endian; the exponent is 65537. A private one is PKCS #8, as SPEC has
it (section \"Vault and ring\"). Where a scheme of the paper wraps under RSA, that is RSAES-OAEP with SHA-256, MGF1 with
SHA-256 and an empty label (RFC 8017 section 7.1).

";

fn lookup<'a>(defs: &'a Map<String, Value>, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next());
    name.and_then(|name| defs.get(name)).unwrap_or(schema)
}

fn fields(title: &str, defs: &Map<String, Value>, schema: &Value) -> String {
    let mut out = format!("{title}:\n\n");
    list(&mut out, defs, schema, 0);
    if out.ends_with(":\n\n") {
        out = format!("{title}: nothing, `{{}}`.\n");
    }
    out.push('\n');
    out
}

fn list(out: &mut String, defs: &Map<String, Value>, schema: &Value, depth: usize) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for (name, field) in properties {
        let about = field["description"]
            .as_str()
            .unwrap_or_default()
            .replace('\n', " ");
        let (text, inner) = kind(defs, field);
        let indent = "  ".repeat(depth);
        out.push_str(&format!("{indent}- `{name}` ({text}): {about}\n"));
        if let Some(inner) = inner {
            list(out, defs, inner, depth + 1);
        }
    }
}

/// What a field holds, and where that is an object, its schema.
fn kind<'a>(defs: &'a Map<String, Value>, field: &'a Value) -> (String, Option<&'a Value>) {
    if let Some(name) = field["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        if name.starts_with("bytes") {
            return (name.to_owned(), None);
        }
        return kind(defs, defs.get(name).unwrap_or(&Value::Null));
    }
    if let Some(any) = field["anyOf"].as_array() {
        let some = any
            .iter()
            .find(|s| s["type"] != "null")
            .unwrap_or(&Value::Null);
        let (text, inner) = kind(defs, some);
        return (format!("{text} or null"), inner);
    }
    let values = |all: &Vec<Value>| {
        let texts: Vec<_> = all.iter().filter_map(Value::as_str).collect();
        texts.join(" | ")
    };
    if let Some(all) = field["enum"].as_array() {
        return (values(all), None);
    }
    if let Some(all) = field["oneOf"].as_array() {
        let each: Vec<String> = all.iter().map(|one| alternative(defs, one)).collect();
        return (each.join(" | "), None);
    }
    match &field["type"] {
        Value::String(t) if t == "array" => {
            let (text, inner) = kind(defs, &field["items"]);
            (format!("list of {text}"), inner)
        }
        Value::String(t) if t == "object" => ("object".to_owned(), Some(field)),
        Value::String(t) => (t.clone(), None),
        Value::Array(ts) => (values(ts).replace(" | null", " or null"), None),
        _ => ("object".to_owned(), None),
    }
}

/// One of several: a text, or an object of one field, with what is in that.
fn alternative(defs: &Map<String, Value>, one: &Value) -> String {
    if let Some(text) = one["const"].as_str() {
        return text.to_owned();
    }
    if let Some(all) = one["enum"].as_array() {
        let texts: Vec<_> = all.iter().filter_map(Value::as_str).collect();
        return texts.join(" | ");
    }
    let Some(properties) = one["properties"].as_object() else {
        return kind(defs, one).0;
    };
    let field = |(name, inner): (&String, &Value)| {
        let inner = lookup(defs, inner);
        match inner["properties"].as_object() {
            Some(_) => format!("{name}: {}", alternative(defs, inner)),
            None => format!("{name}: {}", kind(defs, inner).0),
        }
    };
    let fields: Vec<String> = properties.iter().map(field).collect();
    format!("{{{}}}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use encryptediot_shim::Answer;

    use super::*;

    #[test]
    fn every_answer_follows_the_schema_and_nothing_else_does() {
        let schema = jsonschema::validator_for(&protocol()).unwrap();
        let intermediate = json!({ "pdk": "00" }).as_object().unwrap().clone();
        let answers = [
            Answer::Accept {
                output: json!({ "x": 1 }),
                intermediate,
            },
            Answer::Reject {
                reason: "malformed".to_owned(),
                output: None,
            },
            Answer::Unsupported,
            Answer::Error {
                message: String::new(),
            },
        ];
        for answer in answers {
            let mut line = serde_json::to_value(answer).unwrap();
            assert!(!schema.is_valid(&line));
            line["id"] = 3.into();
            assert!(schema.is_valid(&line), "{line}");
            line["more"] = 3.into();
            assert!(!schema.is_valid(&line), "{line}");
        }
    }
}
