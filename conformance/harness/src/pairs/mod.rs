//! Pairs: what an ablation of a model drops, and the same dropped in the code; and attacks on what is
//! modelled with nothing dropped (`conformance/pairs.toml`).

mod ablation;
mod attack;
mod page;
mod play;

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::prove::manifest::Manifest;
use crate::trace::judge::WORLDS;

pub use ablation::{Ablation, Pair, ablations, check};
pub use attack::{Attack, Falls, check_attacks, falls};
pub use page::{caught, page};
pub use play::{SEED, attempt};

/// Models of the schemes that the paper describes: what they drop is dropped from those schemes.
pub const OTHER_SCHEMES: [&str; 2] = ["paper", "ring"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    pair: Vec<Pair>,
    attack: Vec<Attack>,
}

fn listed(root: &Path) -> Result<(Listed, Manifest), String> {
    let path = root.join("conformance/pairs.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let listed = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let manifest = Manifest::read(&root.join("tamarin")).map_err(|e| e.to_string())?;
    Ok((listed, manifest.ok_or("tamarin/verdicts.toml is missing")?))
}

/// Reads the pairs and holds them against the manifest.
///
/// # Errors
/// What cannot be read; a flag without its pair, a pair without its flag; a pair that does not say
/// all that it must.
pub fn read(root: &Path) -> Result<Vec<(Pair, Ablation)>, String> {
    let (Listed { pair, .. }, manifest) = listed(root)?;
    check(pair, ablations(&manifest))
}

/// Reads the attacks and holds them against the manifest: every lemma that falls has its attack.
///
/// # Errors
/// What cannot be read; a lemma without an attack, an attack on none; one that does not say all that
/// it must.
pub fn attacks(root: &Path) -> Result<Vec<Attack>, String> {
    let (Listed { attack, .. }, manifest) = listed(root)?;
    check_attacks(attack, falls(&manifest))
}

/// The flags of a set that do not only make the world smaller.
pub fn without_worlds(flags: &BTreeSet<String>) -> BTreeSet<String> {
    let worlds = |flag: &&String| !WORLDS.contains(&flag.as_str());
    flags.iter().filter(worlds).cloned().collect()
}
