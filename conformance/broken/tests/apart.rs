//! The mutants are the protocol's program, and no part of any other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use conformance_source::crates;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn manifest(folder: &Path) -> toml::Table {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

/// The dependencies that are not the project's own, but for optional ones.
fn dependencies(folder: &str) -> BTreeMap<String, toml::Value> {
    let manifest = manifest(&root().join(folder));
    let all = manifest["dependencies"].as_table().unwrap().clone();
    let foreign = |(name, entry): &(String, toml::Value)| {
        !name.starts_with("encryptediot") && entry.get("optional").is_none()
    };
    all.into_iter().filter(foreign).collect()
}

#[test]
fn the_dependencies_are_those_of_the_originals() {
    for (copy, original) in [
        ("conformance/broken", "reference/protocol"),
        ("conformance/broken/testkit", "reference/testkit"),
        ("conformance/broken/shim", "conformance/shim"),
    ] {
        assert_eq!(dependencies(copy), dependencies(original), "{copy}");
    }
    let schemes = dependencies("reference/schemes");
    for (name, entry) in dependencies("conformance/broken/schemes") {
        assert_eq!(schemes.get(&name), Some(&entry), "{name}");
    }
}

/// Nothing can turn a fault on in the program that is shipped: there is no switch in the protocol, and no
/// package depends on one that has it.
#[test]
fn the_reference_has_no_switch() {
    let packages = crates::packages(&root()).unwrap();
    let mutants = root().join("conformance/broken");
    let (copies, others): (Vec<_>, Vec<_>) = packages
        .iter()
        .partition(|package| package.folder.starts_with(&mutants));
    assert_eq!(copies.len(), 4, "{copies:?}");
    for package in others {
        let manifest = manifest(&package.folder).to_string();
        assert!(!manifest.contains("broken"), "{}", package.name);
    }
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
    look(&root().join("reference/protocol/src"));
}
