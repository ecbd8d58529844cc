//! Which observations count for the models as they are now, and which verdicts are provisional.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Verdict;
use super::observed::{Observation, Observed};
use super::plan::Case;
use super::prover::Prover;

/// What was observed of a lemma, on its text of now.
pub struct Evidence<'o> {
    /// The observations, by prover.
    pub seen: Vec<(&'o str, &'o Observation)>,
    /// Whether no Haskell prover has seen the verdict that is pinned.
    pub provisional: bool,
}

/// The evidence for each lemma with a pinned verdict, by its name.
///
/// A lemma's text has the `reuse` lemmas that its proof may assume. One that is provisional itself may
/// be missing there: a proof that assumes less is a proof all the same.
pub fn of_case<'o>(case: &Case, observed: &'o Observed) -> BTreeMap<String, Evidence<'o>> {
    let mut all = BTreeMap::new();
    let mut without = case.stripped.clone();
    for lemma in &case.reading.lemmas {
        let Some(verdict) = case.set.expect.get(&lemma.name).copied() else {
            continue;
        };
        let texts: BTreeSet<String> = [&case.stripped, &without]
            .map(|stripped| case.reading.key(lemma, stripped))
            .into();
        let seen = observed.of(&format!("{}/{}", case.id, lemma.name));
        let seen: Vec<_> = seen.filter(|(_, s)| texts.contains(&s.text)).collect();
        let haskell = |(prover, seen): &(&str, &Observation)| {
            Prover::is_haskell(prover) && seen.verdict == verdict
        };
        let provisional = !seen.iter().any(haskell);
        if provisional && lemma.reuse() && verdict == Verdict::Verified {
            without.insert(lemma.name.clone());
        }
        all.insert(lemma.name.clone(), Evidence { seen, provisional });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::observed::Seconds;
    use super::super::plan::{Models, cases};
    use super::*;

    const MODEL: &str = "theory T begin\n\
        lemma one [reuse]: \"T\"\nlemma two [reuse]: \"T\"\nlemma three: \"T\"\nend";
    const PINS: &str = "[[theory]]\nfile = \"t.spthy\"\n[[theory.set]]\n\
        expect = { one = \"verified\", two = \"verified\", three = \"verified\" }";

    /// Which of the lemmas are provisional, where `three` was seen without `missing`.
    fn provisional(by: [&str; 3], missing: &[&str]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("t.spthy"), MODEL).unwrap();
        let models = Models::read(directory.path()).unwrap();
        let cases = cases(&models, &toml::from_str(PINS).unwrap(), &BTreeSet::new()).unwrap();
        let mut observed = Observed::default();
        for (lemma, prover) in cases[0].reading.lemmas.iter().zip(by) {
            let missing: BTreeSet<String> = match lemma.name.as_str() {
                "three" => missing.iter().map(|m| (*m).to_owned()).collect(),
                _ => BTreeSet::new(),
            };
            let observation = Observation {
                verdict: Verdict::Verified,
                seconds: Seconds::NotMeasured,
                text: cases[0].reading.key(lemma, &missing),
            };
            observed.add(&format!("t/{}", lemma.name), prover, observation);
        }
        let all = of_case(&cases[0], &observed);
        let provisional = all.into_iter().filter(|(_, e)| e.provisional);
        provisional.map(|(name, _)| name).collect()
    }

    #[test]
    fn what_no_haskell_prover_has_seen_on_this_text_is_provisional() {
        let (haskell, port) = ("tamarin-prover 1", "tamarin-rs 1");
        let none: Vec<String> = Vec::new();
        assert_eq!(provisional([haskell; 3], &[]), none);
        assert_eq!(provisional([haskell, port, haskell], &[]), ["two"]);
        // What is provisional may be missing among what is assumed, and nothing else.
        assert_eq!(provisional([haskell, port, haskell], &["two"]), ["two"]);
        assert_eq!(provisional([haskell; 3], &["two"]), ["three"]);
        let both = provisional([haskell, port, haskell], &["one", "two"]);
        assert_eq!(both, ["three", "two"]);
    }
}
