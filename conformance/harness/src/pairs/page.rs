//! The table of pairs (`conformance/PAIRS.md`).

use std::collections::BTreeMap;
use std::path::Path;

use super::ablation::{Ablation, Pair};

/// The table. `caught`: how many vectors catch each fault, or why none does.
pub fn page(
    pairs: &[(Pair, Ablation)],
    caught: &BTreeMap<String, Result<usize, String>>,
) -> String {
    let mut out = String::from(
        "# Pairs: what the models drop, dropped in the code\n\n\
         For each ablation of a model of the repaired scheme: the lemmas that are then falsified \
         (`tamarin/verdicts.toml`); its twin, a\nmutant (`conformance/broken/faults.toml`) \
         that lacks the same check; the attack, and its outcome against the twin and\nagainst the \
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
            Some("") => format!("{attack}; without effect"),
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
