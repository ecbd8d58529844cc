//! Writes what fuzzing begins with into a folder: what a household stores, the vectors, the models, the recorded output
//! of provers. `scripts/fuzz` runs it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use encryptediot::cbor;
use encryptediot::cose;
use encryptediot::statement::SignedStatement;
use encryptediot_testkit::rich;
use serde_json::Value;

/// Longer ones are too slow to begin with.
const LONGEST: usize = 4_000;

struct Seeds(PathBuf);

impl Seeds {
    fn add(&self, target: &str, bytes: &[u8]) {
        if bytes.len() > LONGEST {
            return;
        }
        let folder = self.0.join(target);
        std::fs::create_dir_all(&folder).unwrap();
        let name = encryptediot::message::hash(bytes).to_string();
        std::fs::write(folder.join(&name[..16]), bytes).unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Every text in a JSON value.
fn texts<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => drop(found.insert(text)),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

fn main() {
    let folder = std::env::args_os().nth(1).expect("a folder");
    let seeds = Seeds(folder.into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rich = rich();
    for bytes in rich.saved.objects.values() {
        seeds.add("messages", bytes);
        seeds.add("containers", bytes);
        if let Ok(statement) = cbor::decode::<SignedStatement>(bytes) {
            seeds.add("messages", &statement.leaf);
        }
        if let Ok(payload) = cose::unverified_payload(bytes) {
            seeds.add("messages", &payload);
        }
    }
    for stored in [&rich.saved.phones, &rich.saved.cameras, &rich.saved.members] {
        stored
            .iter()
            .for_each(|(_, bytes)| seeds.add("states", bytes));
    }
    let opened = rich.saved.load(1).opened();
    seeds.add("sealed", &[&[2][..], &opened.ring.to_bytes()].concat());
    seeds.add(
        "sealed",
        &[&[6][..], &opened.signing_key.to_pkcs8().unwrap()].concat(),
    );
    seeds.add("texts", rich.link.as_bytes());
    for path in files(&root.join("vectors")) {
        if path.extension().is_none_or(|ends| ends != "json") {
            continue;
        }
        let json: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut found = BTreeSet::new();
        texts(&json["tests"], &mut found);
        let short = path.file_stem().unwrap().to_string_lossy().into_owned();
        for text in found {
            match hex::decode(text) {
                Ok(bytes) if bytes.len() > 16 => {
                    seeds.add("messages", &bytes);
                    seeds.add("containers", &bytes);
                    for which in 0..7 {
                        if short.starts_with(
                            ["pairing", "roster", "vault", "backup", "unlock", "link"][which % 6],
                        ) {
                            seeds.add("sealed", &[&[which as u8][..], &bytes].concat());
                        }
                    }
                }
                _ if short.ends_with("-read") || short.starts_with("safety") => {
                    seeds.add("texts", text.as_bytes());
                }
                _ => {}
            }
        }
    }
    for which in 0..36_u8 {
        let step = |at: u8| [3, which.wrapping_mul(at), at, which % 5, at, which];
        let steps: Vec<u8> = (0..which % 8).flat_map(step).collect();
        seeds.add("roles", &[&[which, which / 3, 1][..], &steps].concat());
    }
    let recorded = root.join("conformance/harness/tests/recorded");
    for path in files(&recorded) {
        let bytes = std::fs::read(&path).unwrap();
        match path.extension().and_then(|ends| ends.to_str()) {
            Some("txt") => seeds.add("summaries", &bytes),
            Some("json") => seeds.add("traces", &bytes),
            Some("spthy") => seeds.add("models", &bytes),
            _ => {}
        }
    }
    // The parts of the models, each as a model.
    for path in files(&root.join("tamarin")) {
        if path.extension().is_some_and(|ends| ends == "spthy") {
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("\n\n") {
                let model = format!("theory T begin builtins: hashing, signing\n{part}\nend");
                seeds.add("models", model.as_bytes());
            }
        }
    }
    for history in [
        "share phone alice x\nrecord x\nview alice x 0",
        "share phone bob x,y window 2\nrotate phone x\nrevoke phone alice x\nenroll\npair",
        "unlock\nsync door\npass 3\nstatus phone\nfollow alice\nlink 0\npublish 0\nreveal 1",
        "lie phone 3 1 2 once\nshow phone vault/1 nothing\nrewind phone 2 once\nrestore phone",
        "forge door\nplunder door\nusurp x\nmake announcement x alice\nswap alice x\nclock 2",
    ] {
        seeds.add("histories", history.as_bytes());
    }
    for answer in [
        r#"{"id":0,"result":"accept","output":{"x":1}}"#,
        r#"{"id":0.0,"result":"reject","reason":"malformed"}"#,
        r#"{"id":0,"result":"unsupported"}"#,
    ] {
        seeds.add("answers", answer.as_bytes());
    }
    let assets = root.join("reference/assets");
    seeds.add(
        "policies",
        &std::fs::read(assets.join("policy.toml")).unwrap(),
    );
    for sample in ["sample.ts", "audio.ts"] {
        let bytes = std::fs::read(assets.join(sample)).unwrap();
        seeds.add("recordings", &bytes[..bytes.len().min(20 * 188)]);
    }
}
