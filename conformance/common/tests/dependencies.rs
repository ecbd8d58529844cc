//! What the project is built on: every direct dependency has its reason in `reference/DEPENDENCIES.md`, everything is
//! of crates.io, and nothing asks for a later Rust than `Cargo.toml` says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What cargo says of the workspace under all features.
fn metadata() -> &'static Value {
    static SAID: OnceLock<Value> = OnceLock::new();
    SAID.get_or_init(ask)
}

fn ask() -> Value {
    let cargo = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--locked",
            "--all-features",
            "--format-version=1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&cargo.stderr);
    assert!(cargo.status.success(), "{said}");
    serde_json::from_slice(&cargo.stdout).unwrap()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn string<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The members of the workspace, by name.
fn members(metadata: &Value) -> BTreeMap<&str, &Value> {
    let ids = list(metadata, "workspace_members");
    let packages = list(metadata, "packages").iter();
    let members = packages.filter(|package| ids.contains(&package["id"]));
    members
        .map(|package| (string(package, "name"), package))
        .collect()
}

/// Where a dependency is, the first that fits.
const PLACES: [&str; 4] = ["program", "optional", "harness", "tests"];

/// The direct dependencies that are no members, each with its place.
fn direct(metadata: &Value) -> BTreeMap<String, &'static str> {
    let members = members(metadata);
    let (mut program, mut left) = (BTreeSet::new(), vec!["eiot"]);
    while let Some(name) = left.pop() {
        if program.insert(name) {
            let uses = list(members[name], "dependencies").iter();
            let uses = uses.filter(|is| is["kind"].is_null() && is["path"].is_string());
            left.extend(uses.map(|is| string(is, "name")));
        }
    }
    let mut found = BTreeMap::new();
    for (member, package) in &members {
        for dependency in list(package, "dependencies") {
            if dependency["path"].is_string() {
                continue;
            }
            let normal = dependency["kind"].is_null();
            let place = match string(dependency, "kind") {
                "dev" => 3,
                _ if !normal || !program.contains(member) => 2,
                _ => usize::from(dependency["optional"] == true),
            };
            let name = string(dependency, "name").to_owned();
            let least = found.entry(name).or_insert(place);
            *least = place.min(*least);
        }
    }
    let named = found.into_iter();
    named.map(|(name, place)| (name, PLACES[place])).collect()
}

/// Where the table and the workspace differ.
fn differences(page: &str, direct: &BTreeMap<String, &str>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut listed = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, place, why] = cells[..] else {
            wrong.push(format!("`{row}` is no row of this table"));
            continue;
        };
        if why.is_empty() {
            wrong.push(format!("{name} has no reason"));
        }
        if listed.insert(name, place).is_some() {
            wrong.push(format!("{name} is there twice"));
        }
        match direct.get(name) {
            None => wrong.push(format!("{name} is used no more")),
            Some(is) if *is != place => wrong.push(format!("{name} is in: {is}")),
            Some(_) => {}
        }
    }
    let missing = direct
        .keys()
        .filter(|name| !listed.contains_key(name.as_str()));
    wrong.extend(missing.map(|name| format!("{name} is not in the table")));
    wrong
}

#[test]
fn every_dependency_has_its_reason() {
    let (metadata, page) = (metadata(), text("reference/DEPENDENCIES.md"));
    let direct = direct(metadata);
    assert_eq!(differences(&page, &direct), Vec::<String>::new());
    for (from, to, error) in [
        ("| aes-gcm |", "| aes-gmc |", "aes-gcm is not in the table"),
        ("| aes-gcm |", "| aes-gmc |", "aes-gmc is used no more"),
        (
            "| aes-gcm | program",
            "| aes-gcm | tests",
            "aes-gcm is in: program",
        ),
        (
            "| aws-lc-rs | optional",
            "| aws-lc-rs | program",
            "aws-lc-rs is in: optional",
        ),
        (
            "| RFC 9180; we do not write our own |",
            "| |",
            "hpke has no reason",
        ),
    ] {
        assert!(page.contains(from), "{from}");
        let found = differences(&page.replacen(from, to, 1), &direct);
        assert!(found.iter().any(|is| is == error), "{error}: {found:?}");
    }
}

/// The packages of a lock file that are neither ours nor of crates.io with a checksum.
fn foreign(lock: &str, ours: &BTreeSet<&str>) -> Vec<String> {
    let lock: toml::Table = toml::from_str(lock).unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let is_foreign = |package: &&toml::Value| {
        let name = package["name"].as_str().unwrap_or_default();
        match package.get("source").and_then(toml::Value::as_str) {
            None => !ours.contains(name),
            Some("registry+https://github.com/rust-lang/crates.io-index") => {
                package.get("checksum").is_none()
            }
            Some(_) => true,
        }
    };
    let foreign = packages.filter(is_foreign);
    foreign.map(|package| package["name"].to_string()).collect()
}

#[test]
fn everything_comes_from_crates_io() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = members(metadata).into_keys().collect();
    let lock = text("Cargo.lock");
    assert_eq!(foreign(&lock, &ours), Vec::<String>::new());
    for (from, to) in [
        (
            "registry+https://github.com/rust-lang/crates.io-index",
            "git+https://example.org/x",
        ),
        ("\nchecksum = ", "\nother = "),
        ("\nsource = ", "\nother = "),
    ] {
        assert_eq!(
            foreign(&lock.replacen(from, to, 1), &ours).len(),
            1,
            "{from}"
        );
    }
}

/// `1.89` or `1.89.0` as numbers.
fn version(text: &str) -> Vec<u64> {
    let parts = text.split('.').map(|part| part.parse().unwrap());
    parts.chain(std::iter::repeat(0)).take(3).collect()
}

/// Packages that ask for a later Rust than `least`.
fn later(metadata: &Value, least: &str) -> Vec<String> {
    let packages = list(metadata, "packages").iter();
    let asks = packages.filter(|package| {
        let asked = package["rust_version"].as_str();
        asked.is_some_and(|asked| version(asked) > version(least))
    });
    asks.map(|package| string(package, "name").to_owned())
        .collect()
}

/// That the project itself compiles with it, `.ci/run` checks where that toolchain is installed; elsewhere clippy
/// (`incompatible_msrv`) says which function of the standard library is later.
#[test]
fn no_dependency_asks_for_a_later_rust() {
    let metadata = metadata();
    let members = members(metadata);
    let least = string(members["eiot"], "rust_version");
    assert_eq!(later(metadata, least), Vec::<String>::new());
    for (name, member) in &members {
        assert_eq!(string(member, "rust_version"), least, "{name}");
    }
    assert!(text("README.md").contains(&format!("Rust {least} or later")));
    // It is no later than it must be.
    let minor = version(least)[1];
    let before = later(metadata, &format!("1.{}", minor - 1));
    let others = before
        .iter()
        .any(|name| !members.contains_key(name.as_str()));
    assert!(others, "Rust 1.{} would do for every dependency", minor - 1);
}
