//! Copies the source of the protocol and puts the declared faults into the copy. The protocol itself has no
//! switch for any of them.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use conformance_source::crates;
use conformance_source::mutant::{self, Edit};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    fault: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    name: String,
    what: String,
    /// The end of the path of the function that it is in.
    r#in: String,
    find: String,
    broken: String,
    /// Where one mistake has to be made in several places to be one.
    #[serde(default)]
    and: Vec<Place>,
    #[serde(default)]
    kind: Kind,
    /// Why no vector can catch it.
    #[serde(default)]
    no_vector: Option<String>,
}

/// Of which kind a mistake is.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// A check that is left out or done wrong.
    #[default]
    Check,
    /// What libraries do unless they are told otherwise.
    Library,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    r#in: String,
    find: String,
    broken: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let (source, list) = (
        here.join("../../reference/protocol/src"),
        here.join("faults.toml"),
    );
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed={}", list.display());
    let Faults { fault: faults } = toml::from_str(&fs::read_to_string(&list)?)?;

    let mut protocol = crates::read(&source.join("lib.rs"))?;
    // They are the library's own, and an included file has none.
    protocol.attrs.clear();
    crates::remove_tests(&mut protocol.items);
    let edits: Vec<Edit<'_>> = faults.iter().flat_map(edits).collect();
    mutant::apply(&mut protocol, &edits)
        .map_err(|why| format!("conformance/broken/faults.toml:\n{why}"))?;
    fs::write(out.join("protocol.rs"), prettyplease::unparse(&protocol))?;

    let mut all = String::from("&[\n");
    for fault in &faults {
        let (name, what, no_vector) = (&fault.name, &fault.what, &fault.no_vector);
        let library = matches!(fault.kind, Kind::Library);
        writeln!(
            all,
            "    Fault {{ name: {name:?}, what: {what:?}, library: {library}, no_vector: {no_vector:?} }},"
        )?;
    }
    all.push(']');
    Ok(fs::write(out.join("faults.rs"), all)?)
}

fn edits(fault: &Fault) -> Vec<Edit<'_>> {
    let mut places = vec![(&fault.r#in, &fault.find, &fault.broken)];
    for Place { r#in, find, broken } in &fault.and {
        places.push((r#in, find, broken));
    }
    let mut edits = Vec::new();
    for (function, find, broken) in places {
        edits.push(Edit {
            mutant: &fault.name,
            function,
            find,
            broken,
        });
    }
    edits
}
