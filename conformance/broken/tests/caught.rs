//! Every known-broken implementation is caught by a vector.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use common::{ask, failed, files, root};
use conformance::vectors::file::File;
use encryptediot_broken::fault;

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
    for (name, what, no_vector) in fault::ALL {
        let report = ask(&files, &chosen, Some(name));
        let ids: Vec<String> = failed(&report).into_iter().map(str::to_owned).collect();
        if ids.is_empty() != no_vector.is_some() {
            missed.push(*name);
        }
        caught.insert(*name, (*what, ids, *no_vector));
    }
    assert_eq!(
        missed,
        Vec::<&str>::new(),
        "faults that no vector catches, or that one does although it is said that none can"
    );
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

type Caught<'c> = BTreeMap<&'c str, (&'c str, Vec<String>, Option<&'c str>)>;

fn page(caught: &Caught<'_>) -> String {
    let mut out = String::from(
        "# What catches which mistake\n\nKnown-broken implementations: the reference with one realistic mistake each \
         (`conformance/broken/faults.toml`).\nA test runs the vectors against every one; a mistake that no vector \
         catches fails it,\nunless it is said why none can.\n\n| mistake | what is wrong | vectors that catch it | among them |\n|---|---|--:|---|\n",
    );
    for (name, (what, ids, no_vector)) in caught {
        let some = ids.iter().take(3).map(|id| format!("`{id}`"));
        let some: Vec<String> = some.chain(no_vector.map(str::to_owned)).collect();
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
