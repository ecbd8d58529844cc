//! Pins what the models and provers say now, and tells in words what changed.
//!
//! Only a verdict is pinned: a lemma that was not proven, ran out of time, or rests on something
//! false keeps its pins, or gets none. What an ablation must break is written by hand and stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use super::cache::Cache;
use super::changes::changes;
use super::error::{Error, Result};
use super::gate::{self, Options, Pins};
use super::manifest::{Manifest, Mode, Scope, Set, Statement, Theory, Verdict, set_id};
use super::observed::{Observation, Observed};
use super::plan::{self, Models};
use super::prover::Prover;
use super::report::{Report, Row};
use crate::spthy::Reading;
use conformance_common::outcome::Outcome;

/// Pins and observations after a run.
pub struct Blessed {
    /// The pins.
    pub manifest: Manifest,
    pub observed: Observed,
    /// What changed, in words.
    pub changes: Vec<String>,
    /// What could not be pinned, and other problems.
    pub open: Vec<String>,
}

/// Pins anew what is selected, which is by sets.
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
    let mut recorder = Recorder {
        rows: report.lemmas.iter().map(|r| (r.id.as_str(), r)).collect(),
        observed: options.observed.clone(),
        open: Vec::new(),
        old,
        readings: &readings,
    };
    let manifest = recorder.manifest(models, &draft);
    let Recorder {
        observed, mut open, ..
    } = recorder;
    let mut problems = plan::problems(models, &manifest);
    if options.selection.narrows() {
        problems.retain(|p| report.lemmas.iter().any(|r| r.file == p.file));
    }
    open.extend(problems.into_iter().map(|p| {
        let (file, what, mend) = (p.file, p.what, p.mend);
        format!("{file}: {what}; {mend}")
    }));
    Ok(Blessed {
        changes: changes((old, &options.observed), (&manifest, &observed)),
        manifest,
        observed,
        open,
    })
}

/// The readings of all sets, by `stem+FLAG`.
type Readings = BTreeMap<String, Reading>;

/// All sets of the models' files, with the verdicts that were pinned before, or "verified".
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
            let reading = source.under(&set.flags, theory.mode == Mode::Diff)?;
            if set.scope == Scope::Whole {
                let pinned = |name: &String| {
                    let verdict = set.expect.get(name).copied();
                    (name.clone(), verdict.unwrap_or(Verdict::Verified))
                };
                set.expect = reading.lemmas.iter().map(|l| pinned(&l.name)).collect();
            }
            readings.insert(set_id(&stem, &set.flags), reading);
        }
        manifest.theories.push(theory);
    }
    Ok((manifest, readings))
}

/// Takes over the verdicts seen; true if lemmas may now be assumed that were not, or the other way.
fn settle(draft: &mut Manifest, distrust: &mut BTreeSet<String>, report: &Report) -> bool {
    let mut changed = false;
    let rows: BTreeMap<&str, &Row> = report.lemmas.iter().map(|r| (r.id.as_str(), r)).collect();
    for theory in &mut draft.theories {
        let stem = theory.stem().to_owned();
        for set in &mut theory.sets {
            let id = set_id(&stem, &set.flags);
            // Where no lemma has a verdict, the model is what is wrong, and not what its proofs assume.
            let row = |name: &String| rows.get(format!("{id}/{name}").as_str());
            let has_verdict = |name| row(name).is_some_and(|row| row.verdict.is_some());
            if !set.expect.keys().any(has_verdict) {
                continue;
            }
            for (name, expect) in &mut set.expect {
                let id = format!("{id}/{name}");
                let Some(row) = rows.get(id.as_str()) else {
                    continue;
                };
                match row.verdict {
                    Some(seen) if set.scope == Scope::Whole => {
                        changed |= *expect != seen;
                        *expect = seen;
                    }
                    Some(Verdict::Verified) => {}
                    _ => changed |= distrust.insert(id),
                }
            }
        }
    }
    changed
}

/// Decides what is pinned of a report.
struct Recorder<'r> {
    old: &'r Manifest,
    readings: &'r Readings,
    rows: BTreeMap<&'r str, &'r Row>,
    observed: Observed,
    open: Vec<String>,
}

impl Recorder<'_> {
    fn manifest(&mut self, models: &Models, draft: &Manifest) -> Manifest {
        let mut manifest = Manifest::default();
        for theory in &draft.theories {
            let before = self.old.theory(&theory.file);
            let kept = self.theory(theory);
            match before {
                Some(before) if kept.sets.iter().all(|s| s.expect.is_empty()) => {
                    manifest.theories.push(before.clone());
                }
                _ if !kept.sets.is_empty() => manifest.theories.push(kept),
                _ => {}
            }
        }
        for theory in &self.old.theories {
            if !models.sources.contains_key(&theory.file) {
                let file = &theory.file;
                self.open.push(format!(
                    "{file}: there is no such file any more; it was taken out"
                ));
            }
        }
        let verdicts = manifest.verdicts();
        self.observed.retain(|lemma| verdicts.contains_key(lemma));
        manifest
    }

    fn theory(&mut self, draft: &Theory) -> Theory {
        let before = self.old.theory(&draft.file).cloned().unwrap_or_default();
        let mut kept = Theory {
            lemmas: BTreeMap::new(),
            sets: Vec::new(),
            ..draft.clone()
        };
        let names: BTreeSet<&String> = draft.sets.iter().flat_map(|s| s.expect.keys()).collect();
        // By lemma: the sets in which its verdict is pinned as it was seen now.
        let mut recorded: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for name in names {
            let sets = self.recorded(draft, name);
            let pinned = before.lemmas.get(name);
            match self.statement(draft, name, pinned, &sets) {
                Ok(now) => {
                    kept.lemmas.extend(now.map(|now| (name.clone(), now)));
                    recorded.insert(name, sets);
                }
                Err(why) => {
                    let stem = draft.stem();
                    self.open
                        .push(format!("{stem}/{name}: not recorded: {why}"));
                    kept.lemmas
                        .extend(pinned.map(|before| (name.clone(), before.clone())));
                }
            }
        }
        for set in &draft.sets {
            let id = set_id(draft.stem(), &set.flags);
            let was = before.sets.iter().find(|s| s.flags == set.flags);
            let mut new = Set {
                expect: BTreeMap::new(),
                ..set.clone()
            };
            let mut judged = false;
            for (name, verdict) in &set.expect {
                let lemma = format!("{id}/{name}");
                let row = self.rows.get(lemma.as_str()).copied();
                judged |= row.is_some();
                let seen =
                    row.filter(|_| recorded.get(name.as_str()).is_some_and(|s| s.contains(&id)));
                let pinned = match seen {
                    Some(row) => {
                        self.observe(row);
                        Some(*verdict)
                    }
                    None => was.and_then(|set| set.expect.get(name)).copied(),
                };
                new.expect
                    .extend(pinned.map(|verdict| (name.clone(), verdict)));
            }
            if judged {
                let reading = &self.readings[&id];
                new.restrictions.clone_from(&reading.restrictions);
                new.restrictions_hash.clone_from(&reading.restrictions_hash);
            } else if self.old.theory(&draft.file).is_none() {
                // A theory that was not selected and is not listed stays unlisted.
                continue;
            }
            kept.sets.push(new);
        }
        let listed = |name: &String| kept.sets.iter().any(|s| s.expect.contains_key(name));
        kept.lemmas.retain(|name, _| listed(name));
        kept
    }

    /// The sets in which a lemma was judged and its verdict can be pinned; tells why for the others.
    fn recorded(&mut self, draft: &Theory, name: &str) -> BTreeSet<String> {
        let mut sets = BTreeSet::new();
        for set in draft.sets.iter().filter(|s| s.expect.contains_key(name)) {
            let id = set_id(draft.stem(), &set.flags);
            let lemma = format!("{id}/{name}");
            let Some(row) = self.rows.get(lemma.as_str()) else {
                continue;
            };
            let why = match &row.outcome {
                _ if self.overruled(row).is_some() => self.overruled(row),
                Outcome::Failed(why) | Outcome::NotChecked(why) => Some(why.clone()),
                Outcome::Held if !row.conditional_on.is_empty() => {
                    Some(format!("it rests on {}", row.conditional_on.join(", ")))
                }
                Outcome::Held => None,
            };
            match why {
                Some(why) => self.open.push(format!("{lemma}: not recorded: {why}")),
                None => drop(sets.insert(id)),
            }
        }
        sets
    }

    /// What a lemma is pinned to state from now on.
    ///
    /// # Errors
    /// Why it cannot be pinned: it differs by flags, or it changed and was not judged in every set
    /// that lists it, where the old verdict would then stand for the new formula.
    fn statement(
        &self,
        draft: &Theory,
        name: &str,
        pinned: Option<&Statement>,
        recorded: &BTreeSet<String>,
    ) -> std::result::Result<Option<Statement>, String> {
        let (mut now, mut unrecorded, mut judged) = (None::<Statement>, None, false);
        for set in draft.sets.iter().filter(|s| s.expect.contains_key(name)) {
            let id = set_id(draft.stem(), &set.flags);
            judged |= self.rows.contains_key(format!("{id}/{name}").as_str());
            let lemma = self.readings[&id].lemmas.iter().find(|l| l.name == name);
            let states = lemma.map(Statement::of);
            if let (Some(one), Some(other)) = (&now, &states)
                && one != other
            {
                return Err(format!(
                    "it states something else in {id} than in another set: give it another name"
                ));
            }
            now = now.or(states);
            if !recorded.contains(&id) {
                unrecorded = Some(id);
            }
        }
        match (now, pinned, unrecorded) {
            _ if !judged => Ok(pinned.cloned()),
            (Some(now), Some(pinned), Some(id)) if !now.same_proposition(pinned) => Err(format!(
                "ITS FORMULA CHANGED, and it has no new verdict in {id}"
            )),
            (Some(_), None, _) if recorded.is_empty() => Ok(None),
            (Some(now), ..) => Ok(Some(now)),
            (None, pinned, _) => Ok(pinned.cloned()),
        }
    }

    /// Why a verdict does not count against what was observed: on the same text, a Haskell prover
    /// has the last word.
    fn overruled(&self, row: &Row) -> Option<String> {
        let (prover, verdict) = (row.prover.as_deref()?, row.verdict?);
        if Prover::is_haskell(prover) {
            return None;
        }
        let mut others = self.observed.on(&row.id, &row.text);
        let (other, seen) =
            others.find(|(id, seen)| Prover::is_haskell(id) && seen.verdict != verdict)?;
        Some(format!(
            "{prover} says {}, and {other} saw on the same text that it is {}",
            verdict.word(),
            seen.verdict.word()
        ))
    }

    fn observe(&mut self, row: &Row) {
        if let (Some(prover), Some(verdict)) = (&row.prover, row.verdict) {
            let observation = Observation {
                verdict,
                seconds: row.seconds,
                text: row.text.clone(),
            };
            self.observed.add(&row.id, prover, observation);
        }
    }
}
