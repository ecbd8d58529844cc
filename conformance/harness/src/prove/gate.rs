//! Judges the provers' verdicts by the pins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::cache::{Cache, Proof};
use super::error::Result;
use super::manifest::{Manifest, Mode, Verdict};
use super::observed::{Observed, Seconds};
use super::plan::{self, Case, Models, Selection, Unit};
use super::prover::{self, Prover};
use super::report::{Report, Row};
use super::run::{Answer, Runner};
use crate::spthy::Lemma;
use conformance_common::outcome::Outcome;
use conformance_common::process::Limits;

/// How to judge.
pub struct Options {
    /// The prover, if there is one.
    pub prover: Option<Prover>,
    /// The prover that checks the proofs of the first, and whose verdicts count then.
    pub recheck: Option<Prover>,
    /// How many processes at a time.
    pub jobs: usize,
    /// For one lemma.
    pub limits: Limits,
    /// Seconds for the checks of message derivation.
    pub derivcheck: u32,
    /// Verdicts of former runs.
    pub cache: Cache,
    /// Failures of this very run, by id and text, that need not be seen again.
    pub failures: BTreeMap<(String, String), String>,
    /// Where proofs go.
    pub proofs: Option<PathBuf>,
    /// Where traces go.
    pub traces: Option<PathBuf>,
    /// Each lemma in a process of its own, so that its time is measured.
    pub alone: bool,
    /// Which lemmas are judged.
    pub selection: Selection,
    /// What former runs observed, for the time that lemmas are expected to need.
    pub observed: Observed,
}

impl Options {
    /// The defaults, with the cache in a directory.
    pub fn new(prover: Option<Prover>, cache: Cache) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            prover,
            recheck: None,
            jobs: cores,
            limits: Limits {
                time: Duration::from_secs(300),
                memory: memory() / cores as u64,
                output: 1 << 30,
            },
            derivcheck: 60,
            cache,
            failures: BTreeMap::new(),
            proofs: None,
            traces: None,
            alone: false,
            selection: Selection::default(),
            observed: Observed::default(),
        }
    }
}

/// Most of the machine's memory, in MiB.
pub fn memory() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    (system.total_memory() >> 20) * 8 / 10
}

/// Whether lemmas must agree with their pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pins {
    /// They must.
    Held,
    /// They are being pinned anew.
    Ignored,
}

/// Judges what is selected. `distrust` are lemmas that are not to be assumed.
///
/// # Errors
/// If there is nothing that can be judged.
pub fn judge(
    models: &Models,
    manifest: &Manifest,
    options: &Options,
    (pins, distrust): (Pins, &BTreeSet<String>),
    progress: &dyn Fn(&str),
    stop: &AtomicBool,
) -> Result<Report> {
    let begin = Instant::now();
    let cases = plan::cases(models, manifest, distrust)?;
    let units = options
        .selection
        .of(plan::units(&cases), &options.observed)?;
    let mut findings = Findings::new(&units, options, pins);
    findings.recall();
    findings.run(progress, stop);

    let rows: Vec<Row> = (0..units.len()).map(|at| findings.row(at)).collect();
    let mut problems = plan::problems(models, manifest);
    if options.selection.narrows() {
        let files: BTreeSet<&str> = units.iter().map(|u| u.case.file.as_str()).collect();
        problems.retain(|p| files.contains(p.file.as_str()));
    }
    let provers = [&options.prover, &options.recheck];
    let mut warnings: Vec<String> = Vec::new();
    for prover in provers.into_iter().flatten() {
        warnings.extend(prover.warnings());
    }
    if options.recheck.is_some() {
        warnings.retain(|w| !w.contains("provisional"));
    }
    Ok(Report {
        prover: options.prover.as_ref().map(|p| p.id.clone()),
        recheck: options.recheck.as_ref().map(|p| p.id.clone()),
        warnings,
        interrupted: stop.load(Ordering::Relaxed),
        problems,
        lemmas: rows,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

struct Findings<'f> {
    units: &'f [Unit<'f>],
    options: &'f Options,
    /// By unit: how it departs from its pins.
    pinned: Vec<Vec<String>>,
    answers: BTreeMap<usize, Answer>,
    cached: BTreeSet<usize>,
}

impl<'f> Findings<'f> {
    fn new(units: &'f [Unit<'f>], options: &'f Options, pins: Pins) -> Self {
        let pinned = units.iter().map(|unit| match pins {
            Pins::Held => unit.departures(),
            Pins::Ignored => Vec::new(),
        });
        Self {
            pinned: pinned.collect(),
            answers: BTreeMap::new(),
            cached: BTreeSet::new(),
            options,
            units,
        }
    }

    /// The prover whose verdict on a unit counts.
    fn judge(&self, unit: &Unit<'_>) -> std::result::Result<&'f Prover, String> {
        let options = self.options;
        let Some(first) = &options.prover else {
            return Err(format!("there is no {}", prover::NAME));
        };
        let best = options.recheck.as_ref().unwrap_or(first);
        match best.unfit(&unit.case.reading, unit.case.mode) {
            Some(why) => Err(why.to_owned()),
            None => Ok(best),
        }
    }

    fn key(&self, unit: &Unit<'_>) -> Option<String> {
        let prover = self.judge(unit).ok()?;
        plan::cache_key(unit, prover, self.options.derivcheck)
    }

    fn recall(&mut self) {
        for (at, unit) in self.units.iter().enumerate() {
            if let Some(why) = self.options.failures.get(&(unit.id.clone(), unit.text())) {
                self.answers.insert(at, Answer::Failed(why.clone()));
                continue;
            }
            let proof = self.key(unit).and_then(|key| self.options.cache.get(&key));
            let Some(proof) = proof else { continue };
            let quantifier = unit.lemma.map(|l| l.quantifier);
            let traced = quantifier.is_some_and(|q| proof.verdict.by_trace(q));
            let wanted = self.options.proofs.is_some()
                || self.options.traces.is_some() && traced
                || self.options.alone && proof.seconds == Seconds::NotMeasured;
            if !wanted {
                self.answers.insert(at, Answer::Proof(proof));
                self.cached.insert(at);
            }
        }
    }

    fn run(&mut self, progress: &dyn Fn(&str), stop: &AtomicBool) {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for (at, unit) in self.units.iter().enumerate() {
            if self.answers.contains_key(&at) || !self.pinned[at].is_empty() || unit.lemma.is_none()
            {
                continue;
            }
            match (self.judge(unit), &self.options.prover) {
                (Err(why), _) => {
                    self.answers.insert(at, Answer::NotRun(why));
                }
                // What the first cannot do, or cannot hand over a proof of, the one that has the
                // last word does by itself.
                (Ok(_), Some(prover))
                    if self.options.recheck.is_some()
                        && (unit.case.mode == Mode::Diff
                            || prover.unfit(&unit.case.reading, unit.case.mode).is_some()) =>
                {
                    second.push((at, unit));
                }
                (Ok(_), _) => first.push((at, unit)),
            }
        }
        let runner = |prover: &'f Prover, proofs: bool| Runner {
            limits: self.options.limits,
            derivcheck: self.options.derivcheck,
            jobs: self.options.jobs,
            traces: self.options.traces.as_deref(),
            prover,
            proofs,
            stop,
        };
        let recheck = self.options.recheck.as_ref();
        let mut proofs: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
        let mut proven = Vec::new();
        let alone = self.options.alone || self.options.traces.is_some();
        let wanted = recheck.is_some() || self.options.proofs.is_some();
        let passes = [
            (self.options.prover.as_ref(), first, recheck.is_none()),
            (recheck, second, true),
        ];
        for (prover, units, last_word) in passes {
            let Some(prover) = prover else { continue };
            let known = |lemma: &str| self.options.observed.seconds_with(lemma, &prover.id);
            let tasks = plan::tasks(&units, self.options.jobs, alone, &known);
            for result in runner(prover, wanted).all(tasks, self.units, progress) {
                let unit = &self.units[result.unit];
                if let Some(proof) = result.proof {
                    let of_case = proofs.entry(&unit.case.id).or_default();
                    of_case.insert(unit.name.to_owned(), proof);
                }
                if last_word || !matches!(result.answer, Answer::Proof(_)) {
                    self.keep(unit, &result.answer);
                } else {
                    proven.push((result.unit, unit));
                }
                self.answers.insert(result.unit, result.answer);
            }
        }
        let checker = recheck.or(self.options.prover.as_ref()).filter(|_| wanted);
        let Some(checker) = checker else { return };
        // With proofs wanted and nobody else to check them, their own prover loads them again.
        if recheck.is_none() {
            let with = |at: &usize| {
                let traces = self.units[*at].case.mode == Mode::Trace;
                traces && !self.cached.contains(at) && matches!(self.answers[at], Answer::Proof(_))
            };
            let all = self.answers.keys().filter(|at| with(at));
            proven = all.map(|at| (*at, &self.units[*at])).collect();
        }
        let mut by_case: BTreeMap<&str, Vec<(usize, &Unit<'_>)>> = BTreeMap::new();
        for (at, unit) in proven {
            by_case.entry(&unit.case.id).or_default().push((at, unit));
        }
        for (id, lemmas) in by_case {
            progress(&format!("{} checks the proofs of {id}", checker.id));
            let case: &Case = lemmas[0].1.case;
            // A proof that is not there is not accepted either.
            let none = BTreeMap::new();
            let found = proofs.get(id).unwrap_or(&none);
            let place = self.options.proofs.as_ref();
            let place = place.map(|d| d.join(format!("{id}.spthy")));
            for (at, answer) in runner(checker, false).recheck(case, found, &lemmas, place) {
                self.keep(&self.units[at], &answer);
                self.answers.insert(at, answer);
            }
        }
    }

    fn keep(&self, unit: &Unit<'_>, answer: &Answer) {
        if let (Answer::Proof(proof), Some(key)) = (answer, self.key(unit)) {
            self.options.cache.put(&key, proof);
        }
    }

    fn proof(&self, at: usize) -> Option<Proof> {
        match self.answers.get(&at)? {
            Answer::Proof(proof) => Some(*proof),
            _ => None,
        }
    }

    fn row(&self, at: usize) -> Row {
        let unit = &self.units[at];
        let proof = self.proof(at);
        let (outcome, conditional_on) = self.outcome(at);
        let sentence = unit.lemma.map(|l| l.sentence.clone());
        Row {
            id: unit.id.clone(),
            file: unit.case.file.clone(),
            flags: unit.case.set.flags.clone(),
            drops: unit.case.set.drops.clone(),
            lemma: unit.name.to_owned(),
            quantifier: unit.lemma.map(|l| l.quantifier),
            claims: unit.claims().to_vec(),
            sentence: sentence.unwrap_or_default(),
            expect: unit.expect,
            outcome,
            prover: self.judge(unit).ok().map(|p| p.id.clone()),
            verdict: proof.map(|s| s.verdict),
            steps: proof.map(|s| s.steps),
            seconds: proof.map_or(Seconds::NotMeasured, |s| s.seconds),
            cached: self.cached.contains(&at),
            text: unit.text(),
            conditional_on,
        }
    }

    fn outcome(&self, at: usize) -> (Outcome, Vec<String>) {
        let unit = &self.units[at];
        let failed = |why: String| (Outcome::Failed(why), Vec::new());
        if !self.pinned[at].is_empty() {
            let why = self.pinned[at].join("; ");
            return failed(format!(
                "{why}; if that is meant, `conformance prove --bless` pins it"
            ));
        }
        let proof = match self.answers.get(&at) {
            Some(Answer::Proof(proof)) => proof,
            Some(Answer::Failed(why)) => return failed(why.clone()),
            Some(Answer::NotRun(why)) => return (Outcome::NotChecked(why.clone()), Vec::new()),
            None => return (Outcome::NotChecked("it was not run".to_owned()), Vec::new()),
        };
        let (Some(lemma), verdict) = (unit.lemma, proof.verdict) else {
            return failed("the model has no such lemma".to_owned());
        };
        if let Some(expected) = unit.expect.filter(|e| *e != verdict) {
            return failed(format!(
                "{}, and {} was expected",
                verdict.word(),
                expected.word()
            ));
        }
        if verdict.by_trace(lemma.quantifier) {
            return (Outcome::Held, Vec::new());
        }
        let mut open = Vec::new();
        for assumed in closure(unit.case, lemma) {
            match self.standing(unit.case, assumed) {
                Standing::Proven => {}
                Standing::Open => open.push(format!("{}/{}", unit.case.id, assumed.name)),
                Standing::Wrong(why) => {
                    let name = &assumed.name;
                    return failed(format!("it rests on {name}, and {why}"));
                }
            }
        }
        (Outcome::Held, open)
    }

    /// How a lemma stands that others assume.
    fn standing(&self, case: &Case, lemma: &Lemma) -> Standing {
        let id = format!("{}/{}", case.id, lemma.name);
        if let Some(at) = self.units.iter().position(|u| u.id == id) {
            return match self.answers.get(&at) {
                _ if !self.pinned[at].is_empty() => {
                    Standing::Wrong("that does not say what was pinned".to_owned())
                }
                Some(Answer::Proof(proof)) if proof.verdict == Verdict::Verified => {
                    Standing::Proven
                }
                Some(Answer::Proof(_)) => Standing::Wrong("that is false".to_owned()),
                Some(Answer::Failed(_)) => Standing::Wrong("that was not proven".to_owned()),
                Some(Answer::NotRun(_)) | None => Standing::Open,
            };
        }
        let listed = case.set.expect.get(&lemma.name).copied();
        let unit = Unit {
            id,
            case,
            name: &lemma.name,
            expect: listed,
            lemma: Some(lemma),
        };
        match (
            listed,
            self.key(&unit).and_then(|key| self.options.cache.get(&key)),
        ) {
            (_, Some(proof)) if proof.verdict == Verdict::Verified => Standing::Proven,
            (_, Some(_)) => Standing::Wrong("that is false".to_owned()),
            (None, None) => Standing::Wrong("that is not listed under these flags".to_owned()),
            (Some(_), None) => Standing::Open,
        }
    }
}

enum Standing {
    /// Proven here, or in a former run.
    Proven,
    /// Not looked at.
    Open,
    /// Not proven, for this reason.
    Wrong(String),
}

/// All that a proof assumes, and all that the proofs of these assume.
fn closure<'c>(case: &'c Case, lemma: &'c Lemma) -> Vec<&'c Lemma> {
    let (mut found, mut names) = (Vec::new(), BTreeSet::new());
    let mut open = vec![lemma];
    while let Some(next) = open.pop() {
        for assumed in case.reading.rests_on(next, &case.stripped) {
            if assumed.name != lemma.name && names.insert(assumed.name.as_str()) {
                found.push(assumed);
                open.push(assumed);
            }
        }
    }
    found
}
