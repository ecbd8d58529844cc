//! Copies the source of the reference and puts the declared faults into the copy. The reference itself
//! has no switch for any of them.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

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
    file: String,
    find: String,
    nth: Option<usize>,
    broken: String,
    /// Where one mistake has to be made in several places to be one.
    #[serde(default)]
    and: Vec<Edit>,
    /// Why no vector can catch it.
    #[serde(default)]
    no_vector: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    find: String,
    /// Which of several places, from 1; otherwise there is one.
    nth: Option<usize>,
    broken: String,
}

/// Modules that the shim does not need: they show the reference, and their assets would have to be copied.
const LEFT_OUT: [&str; 3] = ["demo", "policy", "grammar"];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let (source, list) = (here.join("../../reference/src"), here.join("faults.toml"));
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed={}", list.display());
    let Faults { fault: faults } = toml::from_str(&fs::read_to_string(&list)?)?;
    let copy = out.join("src");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    copy_all(&source, &copy)?;
    for fault in &faults {
        let (file, find) = (fault.file.clone(), fault.find.clone());
        let broken = fault.broken.clone();
        let first = Edit {
            file,
            find,
            nth: fault.nth,
            broken,
        };
        for edit in [first].iter().chain(&fault.and) {
            put(&copy, &source, &fault.name, edit)?;
        }
    }
    fs::write(out.join("lib.rs"), root(&source, &copy)?)?;
    let mut all = String::from("&[\n");
    for Fault {
        name,
        what,
        no_vector,
        ..
    } in &faults
    {
        writeln!(all, "    ({name:?}, {what:?}, {no_vector:?}),")?;
    }
    all.push(']');
    Ok(fs::write(out.join("faults.rs"), all)?)
}

fn copy_all(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, name) = {
            let entry = entry?;
            (entry.path(), entry.file_name())
        };
        let target = to.join(&name);
        match path.is_dir() {
            true if name == "bin" => {}
            true => copy_all(&path, &target)?,
            false => fs::write(&target, modules(&path, &fs::read_to_string(&path)?))?,
        }
    }
    Ok(())
}

/// The text of a file of the copy. A module that is named by a path looks for its own modules beside itself, not in its folder.
fn modules(path: &Path, text: &str) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let folder = path.with_extension("");
    let line = |line: &str| {
        let name = line.trim_start_matches("pub ").strip_prefix("mod ");
        let name = name.and_then(|name| name.strip_suffix(';'));
        match name {
            Some(name) if stem != "mod" && folder.join(format!("{name}.rs")).exists() => {
                format!("#[path = \"{stem}/{name}.rs\"]\n{line}\n")
            }
            _ => format!("{line}\n"),
        }
    };
    // The reference's own tests run there.
    let text: String = text.lines().map(line).collect();
    text.replace("#[cfg(test)]", "#[cfg(any())]")
}

/// Puts a fault into the copy: it is there while it is switched on, otherwise all is as it was.
fn put(copy: &Path, source: &Path, name: &str, edit: &Edit) -> Result<(), Box<dyn Error>> {
    let (file, find, broken) = (&edit.file, edit.find.trim(), edit.broken.trim());
    let original = fs::read_to_string(source.join(file))
        .map_err(|why| format!("fault {name}: {file}: {why}"))?;
    let (count, nth) = (original.matches(find).count(), edit.nth.unwrap_or(1));
    if edit.nth.is_none() && count != 1 || nth > count {
        let what = format!("{count} times in {file}: {find}");
        return Err(format!("fault {name}: what it breaks is {what}").into());
    }
    let path = copy.join(file);
    let text = fs::read_to_string(&path)?;
    // A mistake in part of what another one breaks comes after it.
    let place = text.match_indices(find).nth(nth - 1);
    let (at, _) = place.ok_or(format!("fault {name}: another one has taken its place"))?;
    let switched = format!("{{ if crate::fault::is({name:?}) {{ {broken} }} else {{ {find} }} }}");
    let (before, after) = (&text[..at], &text[at + find.len()..]);
    Ok(fs::write(&path, [before, &switched, after].concat())?)
}

/// The root of the crate: its modules, from the copy.
fn root(source: &Path, copy: &Path) -> Result<String, Box<dyn Error>> {
    let text = fs::read_to_string(source.join("lib.rs"))?;
    let mut out = String::new();
    for line in text.lines() {
        let name = line.trim_start_matches("pub ").strip_prefix("mod ");
        let Some(name) = name.and_then(|name| name.strip_suffix(';')) else {
            if line.starts_with("pub use ") {
                writeln!(out, "{line}")?;
            }
            continue;
        };
        if LEFT_OUT.contains(&name) {
            continue;
        }
        let file = copy.join(format!("{name}.rs"));
        let path = if file.exists() {
            file
        } else {
            copy.join(name).join("mod.rs")
        };
        writeln!(
            out,
            "#[path = {:?}]\npub mod {name};",
            path.display().to_string()
        )?;
    }
    Ok(out)
}
