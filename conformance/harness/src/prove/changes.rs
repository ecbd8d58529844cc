//! What a bless changed, in words.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::{Manifest, Set, Theory, set_id};
use super::observed::Observed;
use super::plan;

/// The differences between pins and observations before and after.
pub fn changes(
    (old, saw): (&Manifest, &Observed),
    (new, see): (&Manifest, &Observed),
) -> Vec<String> {
    let mut all = Vec::new();
    sets(old, new, &mut all);
    statements(old, new, &mut all);
    verdicts(old, new, &mut all);
    let listed = old.verdicts();
    for id in new.verdicts().keys().filter(|id| listed.contains_key(*id)) {
        let provers = |observed: &Observed| -> BTreeSet<String> {
            observed
                .of(id)
                .map(|(prover, _)| prover.to_owned())
                .collect()
        };
        let (before, now) = (provers(saw), provers(see));
        for prover in now.difference(&before) {
            all.push(format!("{id}: seen by {prover} too"));
        }
        for prover in before.difference(&now) {
            all.push(format!(
                "{id}: what {prover} saw was of another text, and is struck out"
            ));
        }
    }
    all
}

fn sets(old: &Manifest, new: &Manifest, all: &mut Vec<String>) {
    let sets = |manifest: &Manifest| -> BTreeMap<String, Set> {
        let of = |t: &Theory| {
            let id = |s: &Set| (set_id(t.stem(), &s.flags), s.clone());
            t.sets.iter().map(id).collect::<Vec<_>>()
        };
        manifest.theories.iter().flat_map(of).collect()
    };
    let (before, now) = (sets(old), sets(new));
    for (id, set) in &now {
        match before.get(id) {
            None => all.push(format!("{id}: this set is new")),
            Some(was)
                if was.restrictions_hash != set.restrictions_hash
                    && !was.restrictions_hash.is_empty() =>
            {
                let what = plan::restrictions_changed(&was.restrictions, &set.restrictions);
                all.push(format!("{id}: {what}"));
            }
            Some(_) => {}
        }
    }
    let gone = before.keys().filter(|id| !now.contains_key(*id));
    all.extend(gone.map(|id| format!("{id}: this set is gone")));
}

fn statements(old: &Manifest, new: &Manifest, all: &mut Vec<String>) {
    for theory in &new.theories {
        let before = old.theory(&theory.file);
        for (name, now) in &theory.lemmas {
            let was = before.and_then(|t| t.lemmas.get(name));
            let mut say = |what: String| all.push(format!("{}/{name}: {what}", theory.stem()));
            let Some(was) = was else {
                say("what it states is pinned".to_owned());
                continue;
            };
            if was.quantifier != now.quantifier {
                say(format!("its quantifier is {} now", now.quantifier.word()));
            }
            if was.formula != now.formula {
                say("ITS FORMULA CHANGED".to_owned());
            }
            if was.claims != now.claims {
                say(format!("its claims are {} now", plan::list(&now.claims)));
            }
        }
    }
}

fn verdicts(old: &Manifest, new: &Manifest, all: &mut Vec<String>) {
    let (before, now) = (old.verdicts(), new.verdicts());
    for (id, verdict) in &now {
        match before.get(id) {
            None => all.push(format!("{id}: new, {}", verdict.word())),
            Some(was) if was != verdict => {
                all.push(format!("{id}: {} now, was {}", verdict.word(), was.word()));
            }
            Some(_) => {}
        }
    }
    let gone = before.keys().filter(|id| !now.contains_key(*id));
    all.extend(gone.map(|id| format!("{id}: no longer listed")));
}
