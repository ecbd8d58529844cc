//! Every known-broken implementation is caught by a vector.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use conformance::vectors::file::File;
use conformance::vectors::program::{Fault, Program};
use conformance::vectors::run::{Options, Report, run};
use encryptediot_broken::fault;
use encryptediot_broken::shim::{Devices, dispatch, protocol};
use serde_json::Value;

/// The copy of the reference, with one fault or none. What it says crosses the border as JSON.
struct Broken {
    fault: Option<&'static str>,
    devices: Devices,
}

impl Program for Broken {
    fn hello(&mut self) -> Result<conformance::vectors::program::Hello, Fault> {
        let hello = serde_json::to_value(protocol::this()).unwrap();
        Ok(serde_json::from_value(hello).unwrap())
    }

    fn ask(
        &mut self,
        operation: &str,
        input: Value,
    ) -> Result<conformance::vectors::program::Answer, Fault> {
        fault::switch(self.fault);
        let devices = &mut self.devices;
        let answer = catch_unwind(AssertUnwindSafe(|| dispatch(operation, input, devices)));
        fault::switch(None);
        let answer = answer.map_err(|_| {
            self.devices = Devices::default();
            Fault::Ended(": it panicked".to_owned())
        })?;
        Ok(serde_json::from_value(serde_json::to_value(answer).unwrap()).unwrap())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files() -> Vec<File> {
    File::read_all(&root().join("vectors")).unwrap()
}

/// The tests, but for what takes long and catches nothing that others do not: the full passphrase
/// function, and bytes in megabytes.
fn quick(files: &[File]) -> Vec<(usize, usize)> {
    let slow = [
        "pdk-derive/full",
        "sequences/camera.resume",
        "body-seal/257",
    ];
    let mut chosen = Vec::new();
    for (number, file) in files.iter().enumerate() {
        for (place, test) in file.tests.iter().enumerate() {
            let large = test.flags.iter().any(|flag| flag == "Oversized");
            if !slow.contains(&&*test.id) && !large {
                chosen.push((number, place));
            }
        }
    }
    chosen
}

fn ask(files: &[File], chosen: &[(usize, usize)], fault: Option<&'static str>) -> Report {
    let program = || -> Box<dyn Program> {
        Box::new(Broken {
            fault,
            devices: Devices::default(),
        })
    };
    let options = Options {
        program: &program,
        jobs: 2,
        progress: &|| (),
    };
    run(files, chosen, &options).unwrap()
}

fn failed(report: &Report) -> Vec<&str> {
    let failed = report
        .findings
        .iter()
        .filter(|finding| finding.mismatch.is_some());
    failed.map(|finding| &*finding.id).collect()
}

#[test]
fn without_a_fault_the_copy_passes_and_with_any_it_does_not() {
    let files = files();
    let chosen = quick(&files);
    assert_eq!(failed(&ask(&files, &chosen, None)), Vec::<&str>::new());
    // A fault that is none is what one that nothing catches looks like.
    assert!(failed(&ask(&files, &chosen, Some("no such fault"))).is_empty());
    assert!(fault::ALL.len() >= 30, "{} faults", fault::ALL.len());
    let mut caught = BTreeMap::new();
    let mut missed = Vec::new();
    for (name, what) in fault::ALL {
        let report = ask(&files, &chosen, Some(name));
        let ids: Vec<String> = failed(&report).into_iter().map(str::to_owned).collect();
        if ids.is_empty() {
            missed.push(*name);
        }
        caught.insert(*name, (*what, ids));
    }
    assert_eq!(missed, Vec::<&str>::new(), "faults that no vector catches");
    let (path, page) = (root().join("vectors/CAUGHT.md"), page(&caught));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "vectors/CAUGHT.md is not what was found: UPDATE=1 cargo test -p encryptediot-broken writes it"
    );
}

fn page(caught: &BTreeMap<&str, (&str, Vec<String>)>) -> String {
    let mut out = String::from(
        "# What catches which mistake\n\nKnown-broken implementations: the reference with one realistic mistake each \
         (`conformance/broken/faults.toml`).\nA test runs the vectors against every one; a mistake that no vector \
         catches fails it.\n\n| mistake | what is wrong | vectors that catch it | among them |\n|---|---|--:|---|\n",
    );
    for (name, (what, ids)) in caught {
        let some: Vec<String> = ids.iter().take(3).map(|id| format!("`{id}`")).collect();
        writeln!(
            out,
            "| {name} | {what} | {} | {} |",
            ids.len(),
            some.join(", ")
        )
        .unwrap();
    }
    out
}

/// The dependencies are the reference's, so that the copy is the same program.
#[test]
fn the_dependencies_are_those_of_the_reference() {
    let read = |path: &str| -> toml::Table {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        text.parse().unwrap()
    };
    let (own, reference) = (
        read("conformance/broken/Cargo.toml"),
        read("reference/Cargo.toml"),
    );
    for (name, there) in reference["dependencies"].as_table().unwrap() {
        if there.get("optional").is_none() {
            assert_eq!(own["dependencies"].get(name), Some(there), "{name}");
        }
    }
}

/// The reference has no switch, so that nothing can turn one on in the program that is shipped.
#[test]
fn the_reference_has_no_switch() {
    fn look(folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("fault::is("), "{}", path.display());
            }
        }
    }
    look(&root().join("reference/src"));
    let manifest = std::fs::read_to_string(root().join("reference/Cargo.toml")).unwrap();
    assert!(!manifest.contains("broken"));
}
