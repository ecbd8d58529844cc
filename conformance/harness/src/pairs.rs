//! Pairs: what an ablation of a model drops, and the same dropped in the code (`conformance/pairs.toml`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::prove::manifest::{Manifest, Verdict};
use crate::prove::spthy::Quantifier;
use crate::trace::judge::{Judge, WORLDS};
use crate::trace::{history, op};

/// Models of the schemes that the paper describes: what they drop is dropped from those schemes.
pub const OTHER_SCHEMES: [&str; 2] = ["paper", "ring"];

/// An ablation and its twin.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pair {
    /// The model, without `.spthy`.
    pub model: String,
    /// The flag that drops something.
    pub flag: String,
    /// The fault that drops the same in the code.
    pub twin: Option<String>,
    /// Why there is none.
    pub no_twin: Option<String>,
    /// The attack as a history.
    pub program: Option<String>,
    /// The attack as a test vector, by its id.
    pub vector: Option<String>,
    /// The attack as a program that is written by hand, by its name.
    pub by_hand: Option<String>,
    /// Why there is none.
    pub no_attack: Option<String>,
    /// The lemmas that the run of the program refutes.
    pub breaks: Vec<String>,
    /// The reason for which the reference refuses what the attack needs.
    pub refused: Option<String>,
    /// What happens there instead, where nothing is refused.
    pub instead: Option<String>,
    /// The reason for which the twin refuses it as well; empty if it says none.
    pub twin_refuses: Option<String>,
    /// Why the run is none of the model with the flag.
    pub departs: Option<String>,
    /// Why the run does not contain the prover's trace.
    pub other_trace: Option<String>,
}

/// An attack on what a model is of, without anything dropped: on the schemes that the paper describes,
/// and what the repaired one does not promise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attack {
    /// The model, without `.spthy`.
    pub model: String,
    /// Its flags, but for those that make its world smaller.
    pub flags: BTreeSet<String>,
    /// The lemmas that it refutes: falsified ones, and those that say that there is an attack.
    pub lemmas: Vec<String>,
    /// The attack as a history of the scheme.
    pub program: Option<String>,
    /// The attack as a test that is written by hand, `file::function` of `reference/tests`.
    pub test: Option<String>,
    /// Why there is none.
    pub no_attack: Option<String>,
    /// The same attempt against the repaired scheme, as a history.
    pub repaired: Option<String>,
    /// The reason for which that is refused.
    pub refused: Option<String>,
    /// What happens there instead, where nothing is refused.
    pub instead: Option<String>,
    /// Why the run does not contain the prover's trace.
    pub other_trace: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    pair: Vec<Pair>,
    attack: Vec<Attack>,
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
/// every one that says that there is an attack, and is verified.
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

/// Reads the attacks and holds them against the manifest: every lemma that falls has its attack.
///
/// # Errors
/// What cannot be read; a lemma without an attack, an attack on none; one that does not say all that
/// it must.
pub fn attacks(root: &Path) -> Result<Vec<Attack>, String> {
    let (Listed { attack, .. }, manifest) = listed(root)?;
    check_attacks(attack, falls(&manifest))
}

/// Holds attacks against what falls.
///
/// # Errors
/// As [`attacks`].
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
                "{name}: a program, a test, or why there is neither"
            ));
        }
        let said = attack.refused.is_some() != attack.instead.is_some();
        if attack.program.is_some() && !said {
            wrong.push(format!(
                "{name}: the reason of refusal, or what happens instead"
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

fn listed(root: &Path) -> Result<(Listed, Manifest), String> {
    let path = root.join("conformance/pairs.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let listed = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let manifest = Manifest::read(&root.join("tamarin")).map_err(|e| e.to_string())?;
    Ok((listed, manifest.ok_or("tamarin/verdicts.toml is missing")?))
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

/// The flags of a set that do not only make the world smaller.
pub fn without_worlds(flags: &BTreeSet<String>) -> BTreeSet<String> {
    let worlds = |flag: &&String| !WORLDS.contains(&flag.as_str());
    flags.iter().filter(worlds).cloned().collect()
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

/// Joins pairs with the ablations that they are of.
///
/// # Errors
/// As [`read`].
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
                "{name}: no ablation of the manifest, or there twice"
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

/// Plays a history of the repaired scheme that means it harm; what is not as it should be: it is
/// refuted by no lemma and no rule, and something is refused for this reason, or nothing at all.
///
/// # Errors
/// A history or a model that is not understood.
pub fn attempt(root: &Path, program: &str, refused: Option<&str>) -> Result<Vec<String>, String> {
    let models = root.join("tamarin");
    let judge = Judge::read(&models, "encryptediot.spthy", &["CLOCK", "LINK"])?;
    let ops: Vec<op::Op> = op::read(program)?;
    let told = history::play(&ops, SEED).map_err(|error| error.to_string())?;
    let found = judge.judge(&told.log)?;
    let mut wrong: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    let reasons: BTreeSet<&str> = told.refused.iter().map(|(_, reason)| *reason).collect();
    let as_said = match refused {
        Some(reason) => reasons.contains(reason),
        None => reasons.is_empty(),
    };
    if !as_said {
        wrong.push(format!("refused is {reasons:?}, and not {refused:?}"));
    }
    Ok(wrong)
}

/// The seed of the households that attacks are played in.
pub const SEED: u64 = 7;

/// The table. `caught`: how many vectors catch each fault, or why none does.
pub fn page(
    pairs: &[(Pair, Ablation)],
    caught: &BTreeMap<String, Result<usize, String>>,
) -> String {
    let mut out = String::from(
        "# Pairs: what the models drop, dropped in the code\n\n\
         For each ablation of a model of the repaired scheme: the lemmas that are then falsified \
         (`tamarin/verdicts.toml`); its twin, a known-broken\nimplementation (`conformance/broken/faults.toml`) \
         that lacks the same check; the attack, and what comes of it against the twin and\nagainst the \
         reference; how many test vectors catch the twin ([which](../vectors/CAUGHT.md)). Written by \
         `conformance/broken/tests/pairs.rs`,\nwhich runs every attack; the declarations are in `pairs.toml`.\n\n\
         A history is refuted by the lemmas that are set in bold, evaluated over what the twin's devices \
         did; where a trace of\nthe prover is kept, the run contains its steps. \u{2020}: the run is \
         none of the model with the flag, or contains not all of the trace; the\nreason is in `pairs.toml`.\n\n\
         | model | dropped | falsified | twin | attack on the twin | against the reference | vectors |\n\
         |---|---|---|---|---|---|--:|\n",
    );
    for (pair, ablation) in pairs {
        let code = |text: &str| format!("`{text}`");
        let falls = ablation
            .falls
            .keys()
            .map(|lemma| match pair.breaks.contains(lemma) {
                true => format!("**`{lemma}`**"),
                false => code(lemma),
            });
        let falls: Vec<_> = falls.collect();
        let mark = match pair.departs.is_some() || pair.other_trace.is_some() {
            true => " \u{2020}",
            false => "",
        };
        let attack = match (&pair.program, &pair.vector, &pair.by_hand) {
            (Some(program), ..) => {
                let lines: Vec<_> = program.trim().lines().map(code).collect();
                lines.join(", ") + mark
            }
            (_, Some(id), _) => format!("vector {}", code(id)),
            (.., Some(name)) => name.replace('_', " "),
            _ => pair.no_attack.clone().unwrap_or_default(),
        };
        let attack = match pair.twin_refuses.as_deref() {
            None => attack,
            Some("") => format!("{attack}; nothing comes of it"),
            Some(reason) => format!("{attack}; refused as {}, by another check", code(reason)),
        };
        let refused = pair.refused.as_ref().map(|reason| code(reason));
        let reference = refused.or(pair.instead.clone()).unwrap_or_default();
        let vectors = pair.twin.as_ref().and_then(|twin| caught.get(twin));
        let vectors = match vectors {
            Some(Ok(count)) => count.to_string(),
            Some(Err(why)) => why.clone(),
            None => String::new(),
        };
        let twin = pair.twin.as_ref().map(|twin| code(twin));
        let twin = twin.or(pair.no_twin.clone()).unwrap_or_default();
        out += &format!(
            "| {}, {} | {} | {} | {twin} | {attack} | {reference} | {vectors} |\n",
            pair.model,
            code(&pair.flag),
            ablation.drops,
            falls.join(", "),
        );
    }
    out
}

/// How many vectors catch each fault, as `vectors/CAUGHT.md` has it.
///
/// # Errors
/// What cannot be read.
pub fn caught(root: &Path) -> Result<BTreeMap<String, Result<usize, String>>, String> {
    let path = root.join("vectors/CAUGHT.md");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut caught = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, count, why] = cells[..] else {
            return Err(format!("{}: {line}", path.display()));
        };
        let count: usize = count
            .parse()
            .map_err(|_| format!("{}: {line}", path.display()))?;
        let entry = match count {
            0 => Err(why.to_owned()),
            some => Ok(some),
        };
        caught.insert(name.to_owned(), entry);
    }
    Ok(caught)
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
        return Some("a twin, or why there is none".to_owned());
    }
    if pair.no_twin.is_some() {
        let more = attacks.contains(&true);
        return more.then(|| "what there is no twin of cannot be attacked".to_owned());
    }
    if !one(&attacks) {
        return Some("one program, vector or program by hand, or why there is none".to_owned());
    }
    if pair.no_attack.is_none() && !one(&[pair.refused.is_some(), pair.instead.is_some()]) {
        return Some("the reason of refusal, or what happens instead".to_owned());
    }
    let says = pair.program.is_some() && pair.twin_refuses.is_none();
    if says == pair.breaks.is_empty() {
        return Some("the lemmas that a program breaks, and only those of a program".to_owned());
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
        assert!(wrong(|p| p.twin = None).unwrap().contains("a twin"));
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
