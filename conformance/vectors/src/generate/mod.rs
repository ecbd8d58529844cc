//! Makes the vectors. Every test states what must come of it; the reference is asked, and where it
//! says otherwise nothing is written.

mod account;
mod announcement;
mod builder;
mod clip;
mod contact;
mod encoding;
mod forms;
mod grant;
mod item;
mod link;
mod messages;
mod notes;
pub mod protocol;
mod roster;
mod scheme;
mod sequences;
mod statement;
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
    let makers: &[fn(&world::World) -> Result<File>] = &[
        encoding::key_id,
        messages::message_read,
        encoding::sign1_open,
        encoding::sealed_open,
        statement::statement_open,
        account::root_make,
        account::root_open,
        account::passphrase_read,
        account::pdk_derive,
        account::vault_open,
        roster::roster_open,
        roster::roster_ring_open,
        roster::roster_private_open,
        account::checkpoint_read,
        account::unlock_open,
        contact::name_read,
        contact::offer_read,
        contact::reply_open,
        contact::card_read,
        contact::safety_number,
        contact::safety_number_check,
        contact::touch_text_read,
        contact::touch_read,
        announcement::announcement_open,
        announcement::announcement_follow,
        announcement::recipients,
        announcement::acknowledgement_open,
        announcement::acknowledgement_sign,
        announcement::lease_open,
        announcement::lease_sign,
        grant::introduction_open,
        grant::part_lookup,
        grant::part_open,
        grant::member_open,
        grant::backup_open,
        grant::past_share_open,
        clip::body_seal,
        clip::manifest_open,
        clip::envelope_open,
        clip::body_open,
        link::link_read,
        link::link_open,
        link::link_body_open,
        scheme::certificate_open,
        scheme::wrapped_open,
        scheme::recover,
        scheme::recording_open,
        scheme::grant_open,
        scheme::keys_open,
        sequences::sequences,
    ];
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for make in makers {
        match make(&world) {
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
        ("OPERATIONS.md".to_owned(), schema::operations_page()),
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
