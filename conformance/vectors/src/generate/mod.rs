//! Makes the vectors. Every test states what must come of it; the reference is asked, and where it
//! says otherwise nothing is written.

mod builder;
pub(crate) mod engine;
mod forms;
mod item;
mod notes;
pub mod protocol;
mod sequences;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use super::file::File;
use super::{Error, Result, coverage, schema};
use conformance_common::store::store;

/// Every file of vectors.
///
/// # Errors
/// Every test of which the reference says something else than the test states.
pub fn files() -> Result<Vec<File>> {
    let world = world::World::new()?;
    let mut made = engine::files(&world)?;
    made.push(sequences::sequences(&world));
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for file in made {
        match file {
            Ok(file) => files.push(file),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    match wrong.is_empty() {
        true => Ok(files),
        false => Err(Error::Generate(wrong.join("\n"))),
    }
}

/// Everything that is generated, by its path from the directory of the vectors.
///
/// # Errors
/// As [`files`].
pub fn pages() -> Result<BTreeMap<String, String>> {
    let files = files()?;
    let pretty = |value: &serde_json::Value| -> Result<String> {
        Ok(serde_json::to_string_pretty(value)? + "\n")
    };
    let mut pages = BTreeMap::from([
        (schema::VECTORS.to_owned(), pretty(&schema::vectors())?),
        (schema::PROTOCOL.to_owned(), pretty(&schema::protocol())?),
        ("OPERATIONS.md".to_owned(), schema::operations_page(&files)),
    ]);
    for file in &files {
        let text = serde_json::to_string_pretty(file)? + "\n";
        pages.insert(file.path(), text);
    }
    let conversations = pretty(&protocol::page(&world::World::new()?)?)?;
    pages.insert(protocol::PATH.to_owned(), conversations);
    pages.insert("COVERAGE.md".to_owned(), coverage::page(&files)?);
    Ok(pages)
}

/// The pages that are not there as they are here, and files of vectors that nothing makes.
///
/// # Errors
/// If the directory cannot be read.
pub fn changes(pages: &BTreeMap<String, String>, directory: &Path) -> Result<Vec<String>> {
    let there = |path: &str| std::fs::read_to_string(directory.join(path)).ok();
    let differs = pages
        .iter()
        .filter(|(path, text)| there(path).as_ref() != Some(*text));
    let mut changed: Vec<String> = differs.map(|(path, _)| path.clone()).collect();
    if directory.is_dir() {
        let made = super::file::paths(directory)?;
        let names = made
            .iter()
            .filter_map(|path| path.strip_prefix(directory).ok()?.to_str());
        changed.extend(
            names
                .filter(|name| !pages.contains_key(*name))
                .map(str::to_owned),
        );
    }
    Ok(changed)
}

/// Writes what has changed, each file whole, and removes what nothing makes.
///
/// # Errors
/// If something cannot be written.
pub fn write(pages: &BTreeMap<String, String>, directory: &Path, changed: &[String]) -> Result<()> {
    for name in changed {
        let path = directory.join(name);
        let folder = path.parent().unwrap_or(directory);
        std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
        match pages.get(name) {
            Some(text) => store(&path, text.as_bytes()).map_err(Error::file(&path))?,
            None => std::fs::remove_file(&path).map_err(Error::file(&path))?,
        }
    }
    Ok(())
}
