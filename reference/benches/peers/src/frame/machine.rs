//! Where and with what it is measured.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::record::Machine;

/// The lock file of this program: the versions that are linked.
const LOCK: &str = include_str!("../../Cargo.lock");

/// This machine, now.
///
/// # Errors
/// If the lock file cannot be read. What the machine does not tell is `unknown`.
pub fn here(quick: bool) -> Result<Machine> {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = information
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or_else(unknown, |(_, name)| name.to_owned());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    Ok(Machine {
        date: jiff::Timestamp::now()
            .to_string()
            .chars()
            .take(10)
            .collect(),
        processor,
        processors: std::thread::available_parallelism().map_or(0, Into::into),
        kernel: first_line(Command::new("uname").arg("-sr")),
        compiler: first_line(Command::new("rustc").arg("--version")),
        load: load.split(' ').next().map_or_else(unknown, str::to_owned),
        commit: first_line(Command::new("git").args(["describe", "--always", "--dirty"])),
        versions: versions()?,
        quick,
    })
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn first_line(command: &mut Command) -> String {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.and_then(|text| text.lines().next().map(str::to_owned))
        .unwrap_or_else(unknown)
}

/// The direct dependencies' versions, and OpenSSL's own.
fn versions() -> Result<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
        #[serde(default)]
        dependencies: Vec<String>,
    }
    let lock: Lock = toml::from_str(LOCK).context("reading Cargo.lock")?;
    let ours = lock.package.iter().find(|package| package.name == "bench");
    let direct = ours
        .map(|package| package.dependencies.clone())
        .unwrap_or_default();
    let named = |package: &&Package| {
        let versioned = format!("{} {}", package.name, package.version);
        direct.contains(&package.name)
            || direct.contains(&versioned)
            || package.name == "openssl-src"
    };
    let used = lock.package.iter().filter(named);
    Ok(used
        .map(|package| (package.name.clone(), package.version.clone()))
        .collect())
}
