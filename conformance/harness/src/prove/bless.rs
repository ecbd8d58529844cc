//! Writes the manifest anew from what the provers say now, and tells in words what changed.
//!
//! Nothing becomes a verdict that is none: a lemma that was not proven, ran out of time, or rests
//! on something false keeps its old entry, or gets none. What an ablation is expected to break is
//! written by hand and stays as it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use super::cache::Cache;
use super::error::{Error, Result};
use super::gate::{self, Options, Pins};
use super::manifest::{Entry, Manifest, Scope, Seconds, Seen, Set, Theory, Verdict, set_id};
use super::plan::{self, Models};
use super::prover::Prover;
use super::report::{Report, Row};
use super::spthy::Reading;
use conformance_common::Outcome;

/// A manifest that was written anew.
pub struct Blessed {
    /// It.
    pub manifest: Manifest,
    /// What changed, in words.
    pub changes: Vec<String>,
    /// What stays to be done.
    pub open: Vec<String>,
}

/// Writes the manifest anew for what is selected, which is by sets.
///
/// # Errors
/// If the provers cannot be run, or were interrupted.
pub fn bless(
    models: &Models,
    old: &Manifest,
    mut options: Options,
    progress: &dyn Fn(&str),
    stop: &AtomicBool,
) -> Result<Blessed> {
    if options.prover.is_none() {
        let install = super::prover::INSTALL;
        return Err(Error::Prover(format!(
            "a prover is needed to bless; {install}"
        )));
    }
    // Sets are judged until nothing changes any more: what was seen once is not proven again.
    let scratch = tempfile::tempdir().map_err(|e| Error::Report(e.to_string()))?;
    let uncached = std::mem::replace(&mut options.cache, Cache::at(scratch.path().to_owned()));
    if !uncached.is_none() {
        options.cache = uncached;
    }
    let (mut draft, readings) = draft(models, old)?;
    let mut distrust = BTreeSet::new();
    let report = loop {
        let how = (Pins::Ignored, &distrust);
        let report = gate::judge(models, &draft, &options, how, progress, stop)?;
        if report.lemmas.is_empty() {
            return Err(Error::Usage("nothing is selected".to_owned()));
        }
        if report.interrupted {
            return Err(Error::Report("interrupted; nothing was written".to_owned()));
        }
        if !settle(&mut draft, &mut distrust, &report) {
            break report;
        }
        // The second look is at what the first has found, and only at what is another text now.
        options.alone = false;
        for row in report.lemmas {
            if let (Outcome::Failed(why), None) = (row.outcome, row.verdict) {
                options.failures.insert((row.id, row.text), why);
            }
        }
    };
    let (manifest, mut open) = record(models, old, &draft, &report, &readings);
    let mut problems = plan::problems(models, &manifest);
    if options.selection.narrows() {
        problems.retain(|p| report.lemmas.iter().any(|r| r.file == p.file));
    }
    open.extend(problems.into_iter().map(|p| {
        let (file, what, mend) = (p.file, p.what, p.mend);
        format!("{file}: {what}; {mend}")
    }));
    Ok(Blessed {
        changes: changes(old, &manifest),
        manifest,
        open,
    })
}

type Readings = BTreeMap<String, Reading>;

/// What is there, with the verdicts that were expected before, or "verified".
fn draft(models: &Models, old: &Manifest) -> Result<(Manifest, Readings)> {
    let (mut manifest, mut readings) = (Manifest::default(), Readings::new());
    // Theories that were listed keep their order.
    let mut files: Vec<&String> = old.theories.iter().map(|t| &t.file).collect();
    files.extend(models.sources.keys().filter(|f| old.theory(f).is_none()));
    for file in files {
        let Some(source) = models.sources.get(file) else {
            continue;
        };
        let mut theory = old.theory(file).cloned().unwrap_or_default();
        theory.file.clone_from(file);
        if theory.what.is_empty() {
            theory.what.clone_from(&source.about);
        }
        if theory.sets.is_empty() {
            theory.sets.push(Set::default());
        }
        let stem = theory.stem().to_owned();
        for set in &mut theory.sets {
            let diff = theory.mode == super::manifest::Mode::Diff;
            let reading = source.under(&set.flags, diff)?;
            if set.scope == Scope::Whole {
                let entry = |name: &String| {
                    let known = set.lemmas.iter().find(|e| e.name == *name).cloned();
                    known.unwrap_or_else(|| Entry::new(name, Verdict::Verified))
                };
                set.lemmas = reading.lemmas.iter().map(|l| entry(&l.name)).collect();
            }
            readings.insert(set_id(&stem, &set.flags), reading);
        }
        manifest.theories.push(theory);
    }
    Ok((manifest, readings))
}

/// Takes over what was seen; true if lemmas may now be assumed that were not, or the other way.
fn settle(draft: &mut Manifest, distrust: &mut BTreeSet<String>, report: &Report) -> bool {
    let mut changed = false;
    let rows: BTreeMap<&str, &Row> = report.lemmas.iter().map(|r| (r.id.as_str(), r)).collect();
    for theory in &mut draft.theories {
        let stem = theory.stem().to_owned();
        for set in &mut theory.sets {
            let id = set_id(&stem, &set.flags);
            for entry in &mut set.lemmas {
                let id = format!("{id}/{}", entry.name);
                let Some(row) = rows.get(id.as_str()) else {
                    continue;
                };
                match row.verdict {
                    Some(seen) if set.scope == Scope::Whole => {
                        changed |= entry.expect != seen;
                        entry.expect = seen;
                    }
                    Some(Verdict::Verified) => {}
                    _ => changed |= distrust.insert(id),
                }
            }
        }
    }
    changed
}

fn record(
    models: &Models,
    old: &Manifest,
    draft: &Manifest,
    report: &Report,
    readings: &Readings,
) -> (Manifest, Vec<String>) {
    let known = old.entries();
    let rows: BTreeMap<&str, &Row> = report.lemmas.iter().map(|r| (r.id.as_str(), r)).collect();
    let (mut manifest, mut open) = (Manifest::default(), Vec::new());
    for theory in &draft.theories {
        let mut kept = Theory {
            sets: Vec::new(),
            ..theory.clone()
        };
        for set in &theory.sets {
            let id = set_id(theory.stem(), &set.flags);
            let reading = &readings[&id];
            let mut new = Set {
                lemmas: Vec::new(),
                ..set.clone()
            };
            let mut looked = false;
            for entry in &set.lemmas {
                let id = format!("{id}/{}", entry.name);
                let before = known.get(&id).copied();
                let row = rows.get(id.as_str());
                looked |= row.is_some();
                let lemma = reading.lemmas.iter().find(|l| l.name == entry.name);
                if let Some(why) = row.zip(before).and_then(|(r, b)| overruled(r, b)) {
                    open.push(format!("{id}: not recorded: {why}"));
                    new.lemmas.extend(before.cloned());
                    continue;
                }
                match (row.map(|r| (r, &r.outcome)), lemma) {
                    (Some((row, Outcome::Held)), Some(lemma)) if row.conditional_on.is_empty() => {
                        new.lemmas.push(Entry {
                            quantifier: Some(lemma.quantifier),
                            claims: lemma.claims.clone(),
                            sentence: lemma.sentence.clone(),
                            formula_hash: lemma.hash.clone(),
                            ..seen(entry, row)
                        });
                    }
                    (row, _) => {
                        if let Some((row, outcome)) = row {
                            let why = match outcome {
                                Outcome::Failed(why) | Outcome::NotChecked(why) => why.clone(),
                                Outcome::Held => {
                                    format!("it rests on {}", row.conditional_on.join(", "))
                                }
                            };
                            open.push(format!("{id}: not recorded: {why}"));
                        }
                        new.lemmas.extend(before.cloned());
                    }
                }
            }
            if looked {
                new.restrictions.clone_from(&reading.restrictions);
                new.restrictions_hash.clone_from(&reading.restrictions_hash);
            } else if old.theory(&theory.file).is_none() {
                // A theory that was not selected and is not listed stays unlisted.
                continue;
            }
            kept.sets.push(new);
        }
        let listed = old.theory(&theory.file);
        if let (Some(before), false) = (listed, kept.sets.iter().any(|s| !s.lemmas.is_empty())) {
            manifest.theories.push(before.clone());
        } else if !kept.sets.is_empty() {
            manifest.theories.push(kept);
        }
    }
    let gone = |t: &&Theory| !models.sources.contains_key(&t.file);
    for theory in old.theories.iter().filter(gone) {
        open.push(format!(
            "{}: there is no such file any more; it was taken out",
            theory.file
        ));
    }
    (manifest, open)
}

/// Why a verdict does not count against the one that is recorded: on the same text, a Haskell
/// prover has the last word.
fn overruled(row: &Row, before: &Entry) -> Option<String> {
    let (prover, verdict) = (row.prover.as_deref()?, row.verdict?);
    let haskell = before.seen.iter().filter(|s| Prover::is_haskell(&s.prover));
    let mut against = haskell.filter(|s| s.text == row.text && s.verdict != verdict);
    let other = against.next().filter(|_| !Prover::is_haskell(prover))?;
    Some(format!(
        "{prover} says {}, and {} saw on the same text that it is {}",
        verdict.word(),
        other.prover,
        other.verdict.word()
    ))
}

/// An entry with what was seen now; what other provers saw stays if it was on the same text.
fn seen(entry: &Entry, row: &Row) -> Entry {
    let mut entry = entry.clone();
    let (Some(prover), Some(verdict)) = (row.prover.clone(), row.verdict) else {
        return entry;
    };
    let same = |s: &&Seen| s.prover == prover && s.text == row.text;
    let before = entry.seen.iter().find(same).map(|s| s.seconds);
    let seconds = match row.seconds {
        Seconds::Measured(_) => row.seconds,
        Seconds::NotMeasured => before.unwrap_or_default(),
    };
    entry
        .seen
        .retain(|s| s.prover != prover && s.text == row.text && s.verdict == verdict);
    entry.seen.push(Seen {
        prover,
        verdict,
        seconds,
        text: row.text.clone(),
    });
    entry.seen.sort_by(|a, b| a.prover.cmp(&b.prover));
    entry.provisional = !entry.seen.iter().any(|s| Prover::is_haskell(&s.prover));
    entry
}

/// The difference in words.
pub fn changes(old: &Manifest, new: &Manifest) -> Vec<String> {
    let mut all = Vec::new();
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
            Some(was) if was.restrictions_hash != set.restrictions_hash => {
                if !was.restrictions_hash.is_empty() {
                    let what = plan::restrictions_changed(&was.restrictions, &set.restrictions);
                    all.push(format!("{id}: {what}"));
                }
            }
            Some(_) => {}
        }
    }
    all.extend(
        before
            .keys()
            .filter(|id| !now.contains_key(*id))
            .map(|id| format!("{id}: this set is gone")),
    );
    let (before, now) = (old.entries(), new.entries());
    for (id, entry) in &now {
        let Some(was) = before.get(id) else {
            all.push(format!("{id}: new, {}", entry.expect.word()));
            continue;
        };
        let mut say = |what: String| all.push(format!("{id}: {what}"));
        if was.expect != entry.expect {
            say(format!(
                "{} now, was {}",
                entry.expect.word(),
                was.expect.word()
            ));
        }
        if was.formula_hash.is_empty() && !entry.formula_hash.is_empty() {
            say(format!("pinned, {}", entry.expect.word()));
            continue;
        }
        if was.quantifier != entry.quantifier {
            let word = entry.quantifier.map_or("", |q| q.word());
            say(format!("its quantifier is {word} now"));
        }
        if was.formula_hash != entry.formula_hash {
            say("ITS FORMULA CHANGED".to_owned());
        }
        if was.claims != entry.claims {
            say(format!("its claims are [{}] now", entry.claims.join(", ")));
        }
        if was.sentence != entry.sentence {
            say(format!("its sentence is now: {}", entry.sentence));
        }
        let provers = |e: &Entry| {
            e.seen
                .iter()
                .map(|s| s.prover.clone())
                .collect::<BTreeSet<_>>()
        };
        let (saw, see) = (provers(was), provers(entry));
        for prover in see.difference(&saw) {
            say(format!("seen by {prover} too"));
        }
        for prover in saw.difference(&see) {
            say(format!(
                "what {prover} saw was of another text, and is struck out"
            ));
        }
    }
    all.extend(
        before
            .keys()
            .filter(|id| !now.contains_key(*id))
            .map(|id| format!("{id}: no longer listed")),
    );
    all
}
