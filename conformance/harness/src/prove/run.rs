//! Runs a prover on lemmas, several processes at a time, and reads its summaries.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::cache::Proof;
use super::observed::Seconds;
use super::plan::{Case, Task, Unit};
use super::prover::{Call, Prover};
use super::summary;
use super::trace;
use crate::spthy::Quantifier;
use conformance_common::process::{self, Cut, Limits};
use conformance_common::store::store;

/// The answer to whether a lemma has its verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A proof, of a verdict that may be another one than expected.
    Proof(Proof),
    /// No verdict, for this reason.
    Failed(String),
    /// It was not run, for this reason.
    NotRun(String),
}

/// How to run.
pub struct Runner<'r> {
    pub prover: &'r Prover,
    /// Limits for one process. A process with several lemmas that exceeds them is followed by
    /// one for each.
    pub limits: Limits,
    /// Seconds for the checks of message derivation.
    pub derivcheck: u32,
    /// How many processes at a time.
    pub jobs: usize,
    /// Whether the texts of proofs are wanted.
    pub proofs: bool,
    /// Where traces go.
    pub traces: Option<&'r Path>,
    /// Set when it is to stop.
    pub stop: &'r AtomicBool,
}

/// A lemma with its answer, and the text of its proof if that was wanted.
pub struct Answered {
    /// The place of its unit.
    pub unit: usize,
    pub answer: Answer,
    pub proof: Option<String>,
}

/// What runs now, for the progress line.
pub struct Live {
    running: Mutex<BTreeMap<usize, (String, Instant)>>,
    done: AtomicUsize,
    total: usize,
}

impl Live {
    fn begin(&self, worker: usize, what: String) {
        let mut running = self.running.lock().unwrap_or_else(|e| e.into_inner());
        running.insert(worker, (what, Instant::now()));
    }

    fn end(&self, worker: usize) {
        let mut running = self.running.lock().unwrap_or_else(|e| e.into_inner());
        running.remove(&worker);
    }

    /// One line: how many lemmas are done, and what runs for how long.
    pub fn line(&self) -> String {
        let done = self.done.load(Ordering::Relaxed);
        let running = self.running.lock().unwrap_or_else(|e| e.into_inner());
        let parts: Vec<String> = running
            .values()
            .map(|(what, since)| format!("{what} {} s", since.elapsed().as_secs()))
            .collect();
        format!("{done}/{} {}", self.total, parts.join(", "))
    }
}

impl Runner<'_> {
    /// Runs these tasks; `progress` is called with a line ten times a second.
    pub fn all(
        &self,
        tasks: Vec<Task>,
        units: &[Unit<'_>],
        progress: &dyn Fn(&str),
    ) -> Vec<Answered> {
        let total = tasks.iter().map(|t| t.units.len()).sum();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = self.jobs.clamp(1, tasks.len().max(1));
        let threads = (cores / workers).max(1);
        let live = Live {
            running: Mutex::default(),
            done: AtomicUsize::new(0),
            total,
        };
        let queue = Mutex::new(VecDeque::from(tasks));
        let results = Mutex::new(Vec::new());
        let lock = |e: std::sync::PoisonError<_>| e.into_inner();
        // Tasks that are not done: one that fails may still put others into the queue.
        let open = AtomicUsize::new(queue.lock().unwrap_or_else(lock).len());
        std::thread::scope(|scope| {
            let work = |worker: usize| {
                while open.load(Ordering::SeqCst) > 0 {
                    let task = queue.lock().unwrap_or_else(lock).pop_front();
                    let Some(task) = task else {
                        std::thread::sleep(Duration::from_millis(20));
                        continue;
                    };
                    live.begin(worker, name(&task, units));
                    match self.task(&task, units, threads) {
                        Done::All(found) => {
                            live.done.fetch_add(task.units.len(), Ordering::Relaxed);
                            let mut results = results.lock().unwrap_or_else(|e| e.into_inner());
                            results.extend(found);
                        }
                        Done::Split(tasks) => {
                            open.fetch_add(tasks.len(), Ordering::SeqCst);
                            queue.lock().unwrap_or_else(lock).extend(tasks);
                        }
                    }
                    live.end(worker);
                    open.fetch_sub(1, Ordering::SeqCst);
                }
            };
            let handles: Vec<_> = (0..workers).map(|w| scope.spawn(move || work(w))).collect();
            while handles.iter().any(|h| !h.is_finished()) {
                progress(&live.line());
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        results.into_inner().unwrap_or_else(|e| e.into_inner())
    }

    fn task(&self, task: &Task, units: &[Unit<'_>], threads: usize) -> Done {
        let interrupted = || Answer::NotRun(Cut::Interrupted.to_string());
        if self.stop.load(Ordering::Relaxed) {
            return Done::All(self.each(task, |_| interrupted()));
        }
        Done::All(match self.process(task, units, threads) {
            Ok(results) => results,
            Err(Failure::Interrupted) => self.each(task, |_| interrupted()),
            // One lemma may have brought the others down: each is judged by itself.
            Err(Failure::Process(_)) if task.units.len() > 1 => {
                let alone = task.units.iter().map(|unit| Task {
                    units: vec![*unit],
                    seconds: 0.0,
                });
                return Done::Split(alone.collect());
            }
            Err(Failure::Process(why) | Failure::Theory(why)) => {
                self.each(task, |_| Answer::Failed(why.clone()))
            }
        })
    }

    fn each(&self, task: &Task, answer: impl Fn(usize) -> Answer) -> Vec<Answered> {
        let result = |unit: &usize| Answered {
            unit: *unit,
            answer: answer(*unit),
            proof: None,
        };
        task.units.iter().map(result).collect()
    }

    fn process(
        &self,
        task: &Task,
        units: &[Unit<'_>],
        threads: usize,
    ) -> Result<Vec<Answered>, Failure> {
        let case = units[task.units[0]].case;
        let lemmas: Vec<_> = task
            .units
            .iter()
            .filter_map(|at| units[*at].lemma)
            .collect();
        let directory = tempfile::tempdir().map_err(Failure::new)?;
        let at = |name: &str| directory.path().join(name);
        let (proved, json, dot) = (at("proved.spthy"), at("trace.json"), at("trace.dot"));
        let text = case
            .source
            .prepared(&case.reading, &case.stripped, &BTreeMap::new());
        let mut prove: Vec<&str> = lemmas.iter().map(|l| l.prove.as_str()).collect();
        prove.dedup();
        // The equivalence has no name that could be asked for, unless the theory gives it one.
        if lemmas
            .iter()
            .any(|l| l.quantifier == Quantifier::Equivalence)
        {
            prove = vec![""];
        }
        let traces = self.traces.filter(|_| self.prover.traces());
        let (summary, time) = self.summary(
            directory.path(),
            &text,
            Call {
                file: Path::new(&case.file),
                mode: case.mode,
                flags: &case.set.flags,
                prove,
                derivcheck: self.derivcheck,
                threads,
                output: self.proofs.then_some(proved.as_path()),
                traces: traces.map(|_| (json.as_path(), dot.as_path())),
            },
            case,
        )?;
        let proofs = match self.proofs {
            true => std::fs::read_to_string(&proved).map_err(Failure::new)?,
            false => String::new(),
        };
        let seconds = match lemmas.len() {
            1 => Seconds::Measured(time.as_secs_f64()),
            _ => Seconds::NotMeasured,
        };
        let results = self.each(task, |unit| answer(&summary, &units[unit], seconds));
        if let (Some(into), [unit]) = (traces, task.units.as_slice()) {
            trace::keep(&units[*unit], &json, &dot, into).map_err(Failure::new)?;
        }
        let with_proof = |result: Answered| Answered {
            proof: self
                .proofs
                .then(|| proof(&proofs, units[result.unit].name))
                .flatten(),
            ..result
        };
        Ok(results.into_iter().map(with_proof).collect())
    }

    /// Loads proofs into the very text that the gate reads, lets the prover check them, and reads
    /// what it makes of these lemmas. `kept` is where the file stays.
    pub fn recheck(
        &self,
        case: &Case,
        proofs: &BTreeMap<String, String>,
        lemmas: &[(usize, &Unit<'_>)],
        kept: Option<PathBuf>,
    ) -> Vec<(usize, Answer)> {
        let say = |answer: Answer| lemmas.iter().map(|(at, _)| (*at, answer.clone())).collect();
        let text = case.source.prepared(&case.reading, &case.stripped, proofs);
        let keep = |path: PathBuf| store(&path, text.as_bytes());
        if let Some(Err(error)) = kept.map(keep) {
            return say(Answer::Failed(format!("its proof cannot be kept: {error}")));
        }
        // Checking a proof takes less time than finding it, but all of them are loaded at once.
        let mut limits = self.limits;
        limits.time *= u32::try_from(proofs.len().max(1)).unwrap_or(u32::MAX);
        let runner = Self { limits, ..*self };
        let look = || {
            let directory = tempfile::tempdir().map_err(Failure::new)?;
            let call = Call {
                file: Path::new(&case.file),
                mode: case.mode,
                flags: &case.set.flags,
                prove: Vec::new(),
                derivcheck: self.derivcheck,
                threads: std::thread::available_parallelism().map_or(1, usize::from),
                output: None,
                traces: None,
            };
            runner.summary(directory.path(), &text, call, case)
        };
        match look() {
            Ok((summary, _)) => {
                let answer = |(at, unit): &(usize, &Unit<'_>)| {
                    let answer = match answer(&summary, unit, Seconds::NotMeasured) {
                        Answer::Failed(why) => Answer::Failed(format!(
                            "{} does not accept the proof: {why}",
                            self.prover.id
                        )),
                        other => other,
                    };
                    (*at, answer)
                };
                lemmas.iter().map(answer).collect()
            }
            Err(Failure::Interrupted) => say(Answer::NotRun(Cut::Interrupted.to_string())),
            Err(Failure::Process(why) | Failure::Theory(why)) => say(Answer::Failed(why)),
        }
    }

    fn summary(
        &self,
        directory: &Path,
        text: &str,
        call: Call<'_>,
        case: &Case,
    ) -> Result<(summary::Summary, Duration), Failure> {
        std::fs::write(directory.join(call.file), text).map_err(Failure::new)?;
        let mut command = self.prover.command(&call);
        command.current_dir(directory);
        let printed = match process::run(command, self.limits, self.stop) {
            Ok(printed) => printed,
            Err(Cut::Interrupted) => return Err(Failure::Interrupted),
            Err(cut) => return Err(Failure::Process(why(&cut))),
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (output, errors) = (text(&printed.output), text(&printed.errors));
        if printed.code != 0 {
            let tail = |text: &str| {
                let lines: Vec<_> = text.lines().filter(|l| !l.trim().is_empty()).collect();
                lines[lines.len().saturating_sub(4)..].join(" / ")
            };
            let last = match tail(&errors) {
                last if last.is_empty() => tail(&output),
                last => last,
            };
            let code = printed.code;
            return Err(Failure::Process(format!(
                "the prover ended with code {code}: {last}"
            )));
        }
        let summary = summary::read(&output);
        let summary = summary.map_err(|e| Failure::Process(e.to_string()))?;
        if Path::new(&summary.analyzed) != call.file {
            let other = &summary.analyzed;
            return Err(Failure::Process(format!(
                "the prover's summary is of another file: {other}"
            )));
        }
        if !summary.warnings.is_empty() {
            let warnings = summary.warnings.join(" ");
            let why = match warnings.contains("timed out") {
                true => format!(
                    "the derivation checks timed out after {} s; `--derivcheck-timeout` gives \
                     them longer",
                    self.derivcheck
                ),
                false => format!("the model is not well-formed: {warnings}"),
            };
            return Err(Failure::Theory(why));
        }
        let known = |name: &str| case.lemma(name).is_some();
        if let Some(line) = summary.lemmas.iter().find(|l| !known(&l.name)) {
            let name = &line.name;
            return Err(Failure::Theory(format!(
                "the prover reads a lemma {name} that the gate does not read in the model"
            )));
        }
        Ok((summary, printed.time))
    }
}

/// Why a prover did not end by itself, and what can be done.
fn why(cut: &Cut) -> String {
    let what = cut.to_string();
    let what = what.trim_start_matches("it ");
    match cut {
        Cut::Time(_) => {
            format!("the prover {what} without a verdict; `--timeout` gives it longer")
        }
        Cut::Memory(_) => format!("the prover {what}; `--memory` gives it more"),
        _ => format!("the prover {what}"),
    }
}

/// The answer of a summary for a lemma.
fn answer(summary: &summary::Summary, unit: &Unit<'_>, seconds: Seconds) -> Answer {
    let lines = summary.lemmas.iter().filter(|l| l.name == unit.name);
    let lines: Vec<_> = lines.collect();
    let [line] = lines.as_slice() else {
        return Answer::Failed(match lines.len() {
            0 => "the prover's summary does not mention it".to_owned(),
            _ => "the prover's summary mentions it twice".to_owned(),
        });
    };
    let quantifier = unit.lemma.map(|l| l.quantifier);
    match &line.status {
        _ if quantifier != Some(line.quantifier) => {
            let word = line.quantifier.word();
            Answer::Failed(format!("the prover reads it as {word}, unlike the gate"))
        }
        Ok(verdict) => Answer::Proof(Proof {
            verdict: *verdict,
            steps: line.steps,
            seconds,
        }),
        Err(status) => Answer::Failed(format!("no verdict: {status}")),
    }
}

/// How a task ended.
enum Done {
    /// With an answer for every lemma.
    All(Vec<Answered>),
    /// Without; these tasks replace it.
    Split(Vec<Task>),
}

enum Failure {
    /// The process: another one might fare better.
    Process(String),
    /// The theory as such.
    Theory(String),
    /// The run was interrupted.
    Interrupted,
}

impl Failure {
    fn new(error: std::io::Error) -> Self {
        Self::Process(error.to_string())
    }
}

fn name(task: &Task, units: &[Unit<'_>]) -> String {
    let first = &units[task.units[0]];
    match task.units.len() {
        1 => first.id.clone(),
        more => format!("{} ({more} lemmas)", first.case.id),
    }
}

/// The proof of a lemma in a theory that a prover has written.
fn proof(theory: &str, lemma: &str) -> Option<String> {
    const ITEMS: [&str; 7] = [
        "lemma ",
        "rule ",
        "restriction ",
        "axiom ",
        "end",
        "predicate",
        "/*\nWARN",
    ];
    let head = format!("\nlemma {lemma}");
    let borders = [' ', ':', '[', '\n'];
    let mut places = theory.match_indices(&head).map(|(at, _)| at + head.len());
    let begin = places.find(|at| theory[*at..].starts_with(borders))?;
    let rest = &theory[begin..];
    let open = rest.find('"')? + 1;
    let close = open + rest[open..].find('"')? + 1;
    let rest = &rest[close..];
    let starts = rest.match_indices('\n').map(|(at, _)| at + 1);
    let mut ends = starts.filter(|at| ITEMS.iter().any(|item| rest[*at..].starts_with(item)));
    let end = ends.next().unwrap_or(rest.len());
    // Comments out: the prover explains formulas in them.
    let mut kept = String::new();
    let mut rest = &rest[..end];
    while let Some(at) = rest.find("/*") {
        kept.push_str(&rest[..at]);
        rest = rest[at..].split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_proof_is_cut_out_of_a_theory() {
        let theory = "theory T\nlemma one:\n  all-traces \"A\"\n/*\nguarded \"B\"\n*/\nsimplify\nsolve( X )\n  case y\n  \
            by contradiction /* from formulas */\nqed\n\nrule (modulo E) R:\nlemma ones:\n exists-trace\n\"C\"\nby sorry\n\n/* ok */\n\nend\n";
        let one = super::proof(theory, "one").unwrap();
        assert!(one.starts_with("simplify") && one.ends_with("qed"), "{one}");
        assert_eq!(super::proof(theory, "ones").as_deref(), Some("by sorry"));
        assert_eq!(super::proof(theory, "on"), None);
    }
}
