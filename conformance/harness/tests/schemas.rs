//! The published schemas compile with the default options of the validators that most people have, Ajv 8 and
//! Python's jsonschema, and take the published vectors.
//!
//! Where a validator is not there and cannot be had, its test says on the standard error that nothing was
//! checked.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles both schemas and holds every file of vectors against its own; nothing may be printed.
const AJV: &str = r#"
const { readFileSync: read, readdirSync: list } = require("fs");
const Ajv = require("ajv/dist/2020").default;
const [vectors, broken] = process.argv.slice(1);
const json = (path) => JSON.parse(read(path, "utf8"));
new Ajv().compile(json(`${vectors}/schemas/protocol.schema.json`));
const schema = json(`${vectors}/schemas/vectors.schema.json`);
if (broken) schema.properties.operation.format = "uint64";
const valid = new Ajv().compile(schema);
for (const file of list(vectors).filter((name) => name.endsWith(".json")))
  if (!valid(json(`${vectors}/${file}`))) throw new Error(`${file}: ${JSON.stringify(valid.errors[0])}`);
"#;

const JSONSCHEMA: &str = r#"
import glob, json, sys
from jsonschema.validators import validator_for
vectors = sys.argv[1]
def compiled(name):
    schema = json.load(open(f"{vectors}/schemas/{name}.schema.json", encoding="utf-8"))
    if len(sys.argv) > 2: schema["type"] = "nothing"
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)
compiled("protocol")
small = compiled("vectors")
for path in sorted(glob.glob(f"{vectors}/key-*.json")):
    small.validate(json.load(open(path, encoding="utf-8")))
"#;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

/// Runs a command; says why it could not be.
fn try_run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// Says past the test harness that nothing was checked.
fn not_checked(why: &str) {
    let mut past_the_harness = std::io::stderr();
    writeln!(past_the_harness, "not checked: {why}").unwrap();
}

#[test]
fn ajv_takes_the_schemas_and_the_vectors() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ajv");
    std::fs::create_dir_all(&folder).unwrap();
    if !folder.join("node_modules/ajv").exists() {
        let mut install = Command::new("npm");
        install.args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "ajv@8.17.1",
        ]);
        if let Err(why) = try_run(install.current_dir(&folder)) {
            return not_checked(&why);
        }
    }
    let ajv = |more: &[&str]| {
        let mut node = Command::new("node");
        node.args(["-e", AJV])
            .arg(vectors())
            .args(more)
            .current_dir(&folder);
        node.output().unwrap()
    };
    let taken = ajv(&[]);
    let said = String::from_utf8_lossy(&taken.stderr);
    assert!(taken.status.success() && said.is_empty(), "{said}");
    assert!(!ajv(&["broken"]).status.success());
}

#[test]
fn pythons_jsonschema_takes_the_schemas() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jsonschema");
    let python = folder.join("bin/python");
    if !folder.join("made").exists() {
        let made = try_run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let install = ["-m", "pip", "install", "--quiet", "jsonschema==4.26.0"];
        let made = made.and_then(|()| try_run(Command::new(&python).args(install)));
        if let Err(why) = made {
            return not_checked(&why);
        }
        std::fs::write(folder.join("made"), "").unwrap();
    }
    let jsonschema = |more: &[&str]| {
        let mut run = Command::new(&python);
        try_run(run.args(["-c", JSONSCHEMA]).arg(vectors()).args(more))
    };
    jsonschema(&[]).unwrap();
    assert!(jsonschema(&["broken"]).is_err());
}
