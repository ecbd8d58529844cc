//! Attacks on what is modelled, with nothing dropped: every lemma that falls has its attack.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{OTHER_SCHEMES, without_worlds};
use crate::prove::manifest::{Manifest, Verdict};
use crate::spthy::Quantifier;

/// An attack on what a model is of, without anything dropped: on the schemes that the paper describes,
/// and what the repaired one does not promise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attack {
    /// The model, without `.spthy`.
    pub model: String,
    /// Its flags, but for those that make its world smaller.
    pub flags: BTreeSet<String>,
    /// The lemmas that it refutes: falsified ones, and verified ones that state that an attack exists.
    pub lemmas: Vec<String>,
    /// The attack as a history of the scheme.
    pub program: Option<String>,
    /// The attack as a test that is written by hand, by the end of its path.
    pub test: Option<String>,
    /// Why it has none.
    pub no_attack: Option<String>,
    /// The same attempt against the repaired scheme, as a history.
    pub repaired: Option<String>,
    /// The reason for which that is refused.
    pub refused: Option<String>,
    /// What happens instead, where nothing is refused.
    pub instead: Option<String>,
    /// Why the run does not contain the prover's trace.
    pub other_trace: Option<String>,
}

/// What falls where nothing is dropped, by model and flags.
pub type Falls = BTreeMap<(String, BTreeSet<String>), BTreeSet<String>>;

/// Of the schemes that the paper describes, what is implemented. The other sets of flags mend them by
/// half.
const IMPLEMENTED: [(&str, &str); 4] = [
    ("paper", ""),
    ("paper", "NO_PKI"),
    ("ring", ""),
    ("ring", "LITERAL"),
];

/// Every lemma that is falsified although nothing is dropped from the scheme that its model is of; and
/// every one that states that an attack exists, and is verified.
pub fn falls(manifest: &Manifest) -> Falls {
    let mut found = Falls::new();
    for theory in &manifest.theories {
        for set in &theory.sets {
            let flags = without_worlds(&set.flags);
            let named: Vec<&str> = flags.iter().map(String::as_str).collect();
            let (stem, named) = (theory.stem(), named.join("+"));
            let whole = match OTHER_SCHEMES.contains(&stem) {
                true => IMPLEMENTED.contains(&(stem, &*named)),
                // `PAPER` drops all at once that the paper does not have: that is the paper's scheme.
                false => set.drops.is_none() || flags.contains("PAPER"),
            };
            let attack = |name: &str, verdict: Verdict| {
                let statement = theory.lemmas.get(name);
                match statement.is_some_and(|s| s.quantifier == Quantifier::ExistsTrace) {
                    true => name.starts_with("attack_") && verdict == Verdict::Verified,
                    false => verdict == Verdict::Falsified,
                }
            };
            let lemmas = set.expect.iter().filter(|(name, v)| attack(name, **v));
            let lemmas: BTreeSet<String> = lemmas.map(|(name, _)| name.clone()).collect();
            if whole && !lemmas.is_empty() {
                let place = (stem.to_owned(), flags);
                found.entry(place).or_default().extend(lemmas);
            }
        }
    }
    found
}

/// Holds attacks against what falls.
pub fn check_attacks(attacks: Vec<Attack>, mut open: Falls) -> Result<Vec<Attack>, String> {
    let mut wrong = Vec::new();
    for attack in &attacks {
        let place = (attack.model.clone(), attack.flags.clone());
        let name = format!("{} {:?}", attack.model, attack.flags);
        for lemma in &attack.lemmas {
            if !open
                .get_mut(&place)
                .is_some_and(|lemmas| lemmas.remove(lemma))
            {
                wrong.push(format!("{name}: {lemma} does not fall, or has two attacks"));
            }
        }
        let ways = [&attack.program, &attack.test, &attack.no_attack];
        if ways.iter().filter(|way| way.is_some()).count() != 1 {
            wrong.push(format!(
                "{name}: exactly one of `program`, `test` and `no_attack`"
            ));
        }
        let either = attack.refused.is_some() != attack.instead.is_some();
        if attack.program.is_some() && !either {
            wrong.push(format!(
                "{name}: either `refused`, the reason, or `instead`"
            ));
        }
    }
    for ((model, flags), lemmas) in open.iter().filter(|(_, lemmas)| !lemmas.is_empty()) {
        wrong.push(format!("{model} {flags:?}: no attack for {lemmas:?}"));
    }
    match &*wrong {
        [] => Ok(attacks),
        wrong => Err(wrong.join("; ")),
    }
}
