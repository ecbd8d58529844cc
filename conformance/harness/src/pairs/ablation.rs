//! Ablations of the models, and the pair of each: the same dropped in the code.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::OTHER_SCHEMES;
use crate::prove::manifest::Manifest;

/// An ablation and its twin.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pair {
    /// The model, without `.spthy`.
    pub model: String,
    /// The flag that drops something.
    pub flag: String,
    /// The mutant that drops the same in the code.
    pub twin: Option<String>,
    /// Why no mutant does.
    pub no_twin: Option<String>,
    /// The attack as a history.
    pub program: Option<String>,
    /// The attack as a test vector, by its id.
    pub vector: Option<String>,
    /// The attack as a program that is written by hand, by its name.
    pub by_hand: Option<String>,
    /// Why it has no attack.
    pub no_attack: Option<String>,
    /// The lemmas that the run of the program refutes.
    pub breaks: Vec<String>,
    /// The reason for which the reference refuses what the attack needs.
    pub refused: Option<String>,
    /// What happens in the reference instead, where nothing is refused.
    pub instead: Option<String>,
    /// The reason for which the twin refuses it as well; empty if it says none.
    pub twin_refuses: Option<String>,
    /// Why the run is none of the model with the flag.
    pub departs: Option<String>,
    /// Why the run does not contain the prover's trace.
    pub other_trace: Option<String>,
}

/// An ablation that the manifest lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ablation {
    /// What is dropped.
    pub drops: String,
    /// The lemmas that fall, with the flags under which the prover found their traces.
    pub falls: BTreeMap<String, BTreeSet<String>>,
}

/// Every ablation of the repaired scheme's models: by model and flag.
pub fn ablations(manifest: &Manifest) -> BTreeMap<(String, String), Ablation> {
    let mut found: BTreeMap<_, Ablation> = BTreeMap::new();
    let others = |model: &str| OTHER_SCHEMES.contains(&model);
    for theory in manifest.theories.iter().filter(|t| !others(t.stem())) {
        let dropping = theory.sets.iter().filter(|set| set.drops.is_some());
        for set in dropping.filter(|set| !set.flags.contains("PAPER")) {
            let flags = set
                .flags
                .iter()
                .filter(|flag| flag.starts_with("NO_") || *flag == "REVEAL");
            // Two at once are one ablation, by the name of the first; it has its own pair by that name.
            let Some(flag) = flags.min() else { continue };
            let ablation = found
                .entry((theory.stem().to_owned(), flag.clone()))
                .or_default();
            if ablation.drops.is_empty() {
                ablation.drops = set.drops.clone().unwrap_or_default();
            }
            for lemma in set.falsified() {
                ablation
                    .falls
                    .entry(lemma.to_owned())
                    .or_insert_with(|| set.flags.clone());
            }
        }
    }
    found
}

/// Joins pairs with the ablations that they are of.
pub fn check(
    pairs: Vec<Pair>,
    mut ablations: BTreeMap<(String, String), Ablation>,
) -> Result<Vec<(Pair, Ablation)>, String> {
    let mut wrong = Vec::new();
    let mut joined = Vec::new();
    for pair in pairs {
        let name = format!("{}/{}", pair.model, pair.flag);
        let Some(ablation) = ablations.remove(&(pair.model.clone(), pair.flag.clone())) else {
            wrong.push(format!(
                "{name}: no ablation of the manifest, or two pairs of one"
            ));
            continue;
        };
        wrong.extend(incomplete(&pair, &ablation).map(|what| format!("{name}: {what}")));
        joined.push((pair, ablation));
    }
    let missing = ablations
        .keys()
        .map(|(model, flag)| format!("{model}/{flag}: no pair"));
    wrong.extend(missing);
    match &*wrong {
        [] => Ok(joined),
        wrong => Err(wrong.join("; ")),
    }
}

fn incomplete(pair: &Pair, ablation: &Ablation) -> Option<String> {
    let one = |of: &[bool]| of.iter().filter(|is| **is).count() == 1;
    let attacks = [
        pair.program.is_some(),
        pair.vector.is_some(),
        pair.by_hand.is_some(),
        pair.no_attack.is_some(),
    ];
    if !one(&[pair.twin.is_some(), pair.no_twin.is_some()]) {
        return Some("either `twin` or `no_twin`".to_owned());
    }
    if pair.no_twin.is_some() {
        let more = attacks.contains(&true);
        return more.then(|| "`no_twin` excludes an attack".to_owned());
    }
    if !one(&attacks) {
        return Some("exactly one program, `vector`, `by_hand` or `no_attack`".to_owned());
    }
    if pair.no_attack.is_none() && !one(&[pair.refused.is_some(), pair.instead.is_some()]) {
        return Some("either `refused`, the reason, or `instead`".to_owned());
    }
    let says = pair.program.is_some() && pair.twin_refuses.is_none();
    if says == pair.breaks.is_empty() {
        return Some(
            "`breaks`, the lemmas that a program refutes, and of a program alone".to_owned(),
        );
    }
    let strange = pair
        .breaks
        .iter()
        .find(|l| !ablation.falls.contains_key(*l));
    strange.map(|lemma| format!("{lemma} is not falsified under this flag"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ablation() -> BTreeMap<(String, String), Ablation> {
        let mut ablation = Ablation::default();
        ablation.falls.insert("origin".to_owned(), BTreeSet::new());
        let name = |text: &str| text.to_owned();
        BTreeMap::from([((name("model"), name("NO_SIG")), ablation)])
    }

    fn wrong(edit: impl FnOnce(&mut Pair)) -> Option<String> {
        let some = |text: &str| Some(text.to_owned());
        let mut pair = Pair {
            model: "model".to_owned(),
            flag: "NO_SIG".to_owned(),
            twin: some("any-signature"),
            program: some("record x"),
            breaks: vec!["origin".to_owned()],
            refused: some("invalid-signature"),
            ..Pair::default()
        };
        edit(&mut pair);
        check(vec![pair], ablation()).err()
    }

    #[test]
    fn a_pair_says_all_that_it_must() {
        assert_eq!(wrong(|_| ()), None);
        assert!(wrong(|p| p.flag.clear()).unwrap().contains("no ablation"));
        assert!(wrong(|p| p.twin = None).unwrap().contains("`twin`"));
        assert!(wrong(|p| p.program = None).unwrap().contains("one program"));
        assert!(wrong(|p| p.refused = None).unwrap().contains("reason"));
        assert!(wrong(|p| p.breaks.clear()).unwrap().contains("lemmas"));
        let strange = wrong(|p| p.breaks = vec!["other".to_owned()]);
        assert!(strange.unwrap().contains("other is not falsified"));
        assert!(
            check(Vec::new(), ablation())
                .unwrap_err()
                .contains("no pair")
        );
    }
}
