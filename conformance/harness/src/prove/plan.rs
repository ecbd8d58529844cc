//! The lemmas that are judged: of the models under the sets of flags, what is selected, and how they
//! are spread over processes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::Pattern;

use super::error::{Error, Result, file};
use super::manifest::{FILE, Manifest, Mode, Scope, Set, Statement, Theory, Verdict, set_id};
use super::observed::Observed;
use super::report::Problem;
use crate::spthy::{Lemma, Reading, Source, hash};

/// The `.spthy` files of a directory.
pub struct Models {
    pub directory: PathBuf,
    /// By the names of the files.
    pub sources: BTreeMap<String, Arc<Source>>,
}

impl Models {
    /// Reads the models of a directory.
    ///
    /// # Errors
    /// If there are none, or one cannot be read.
    pub fn read(directory: &Path) -> Result<Self> {
        let mut sources = BTreeMap::new();
        if directory.is_dir() {
            for entry in std::fs::read_dir(directory).map_err(file(directory))? {
                let path = entry.map_err(file(directory))?.path();
                let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
                if is_model(name) {
                    sources.insert(name.to_owned(), Arc::new(Source::read(&path)?));
                }
            }
        }
        match sources.is_empty() {
            true => Err(Error::NoModels(directory.to_owned())),
            false => Ok(Self {
                directory: directory.to_owned(),
                sources,
            }),
        }
    }
}

/// Is this the name of a model? Editors and file managers put others beside them.
fn is_model(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let stem = name.strip_suffix(".spthy").unwrap_or_default();
    !stem.is_empty() && !stem.starts_with('.') && stem.bytes().all(allowed)
}

/// A theory under a set of flags.
pub struct Case {
    /// `stem+FLAG`.
    pub id: String,
    pub file: String,
    /// How provers read it.
    pub mode: Mode,
    /// The pins of the set.
    pub set: Set,
    /// What the theory's lemmas are pinned to state.
    pub statements: Arc<BTreeMap<String, Statement>>,
    /// The file's text.
    pub source: Arc<Source>,
    /// The lemmas and restrictions in force.
    pub reading: Reading,
    /// The lemmas that are handed to the prover without their `reuse`.
    ///
    /// A prover assumes a `reuse` lemma in every later proof, even where it is false. It may
    /// assume one here only if this set expects it to be verified (and then the gate demands that
    /// it was); from all others the attribute is taken. What a trace shows holds whatever was
    /// assumed, since an assumption can hide traces but not make one up; so an ablation's
    /// "falsified" needs nothing more. A verdict that rests on there being no trace is believed
    /// only if all that it assumes was proven under the same flags.
    pub stripped: BTreeSet<String>,
}

impl Case {
    fn new(
        source: &Arc<Source>,
        theory: &Theory,
        statements: &Arc<BTreeMap<String, Statement>>,
        set: &Set,
        distrust: &BTreeSet<String>,
    ) -> Result<Self> {
        let id = set_id(theory.stem(), &set.flags);
        let reading = source.under(&set.flags, theory.mode == Mode::Diff)?;
        let trusted = set.trusted();
        let trusts = |lemma: &Lemma| {
            let listed = trusted.contains(lemma.name.as_str());
            listed && !distrust.contains(&format!("{id}/{}", lemma.name))
        };
        let reused = reading.lemmas.iter().filter(|l| l.reuse() && !trusts(l));
        Ok(Self {
            stripped: reused.map(|l| l.name.clone()).collect(),
            source: Arc::clone(source),
            file: theory.file.clone(),
            mode: theory.mode,
            statements: Arc::clone(statements),
            set: set.clone(),
            reading,
            id,
        })
    }

    /// A lemma by its name.
    pub fn lemma(&self, name: &str) -> Option<&Lemma> {
        self.reading.lemmas.iter().find(|l| l.name == name)
    }

    /// The hash of all that a verdict on a lemma depends on in this case.
    pub fn key(&self, lemma: &Lemma) -> String {
        self.reading.key(lemma, &self.stripped)
    }
}

/// The cases of a manifest; `distrust` names lemmas that must not be assumed although they are
/// expected to be verified.
pub fn cases(
    models: &Models,
    manifest: &Manifest,
    distrust: &BTreeSet<String>,
) -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for theory in &manifest.theories {
        let Some(source) = models.sources.get(&theory.file) else {
            continue;
        };
        let statements = Arc::new(theory.lemmas.clone());
        for set in &theory.sets {
            all.push(Case::new(source, theory, &statements, set, distrust)?);
        }
    }
    Ok(all)
}

/// A lemma that is to be judged under a set of flags.
pub struct Unit<'c> {
    /// `stem+FLAG/lemma`.
    pub id: String,
    /// The theory under the flags.
    pub case: &'c Case,
    /// The lemma's name.
    pub name: &'c str,
    /// The verdict that it must have, if one is pinned.
    pub expect: Option<Verdict>,
    /// The lemma, if the model has it.
    pub lemma: Option<&'c Lemma>,
}

impl Unit<'_> {
    fn new<'c>(
        case: &'c Case,
        name: &'c str,
        expect: Option<Verdict>,
        lemma: Option<&'c Lemma>,
    ) -> Unit<'c> {
        Unit {
            id: format!("{}/{name}", case.id),
            case,
            name,
            expect,
            lemma,
        }
    }

    /// What it is pinned to state.
    pub fn statement(&self) -> Option<&Statement> {
        self.case.statements.get(self.name)
    }

    /// The claims that it supports: as the model says, or as pinned where the model has no such lemma.
    pub fn claims(&self) -> &[String] {
        let read = self.lemma.map(|l| l.claims.as_slice());
        read.or(self.statement().map(|s| s.claims.as_slice()))
            .unwrap_or(&[])
    }

    /// The hash of all that its verdict depends on; empty where the model has no such lemma.
    pub fn text(&self) -> String {
        self.lemma.map(|l| self.case.key(l)).unwrap_or_default()
    }

    /// How it differs from what is pinned, as far as that is seen without a prover.
    pub fn departures(&self) -> Vec<String> {
        let (Some(_), Some(lemma)) = (self.expect, self.lemma) else {
            return vec![match self.expect {
                Some(_) => format!("it is listed in {FILE}, and the model has no such lemma"),
                None => format!("it is not listed in {FILE}"),
            }];
        };
        let Some(statement) = self.statement() else {
            return vec!["what it says is not pinned yet".to_owned()];
        };
        let mut wrong = Vec::new();
        if statement.formula != lemma.hash {
            wrong.push("its formula is another one than was pinned".to_owned());
        }
        if statement.quantifier != lemma.quantifier {
            wrong.push(format!("it is {} now", lemma.quantifier.word()));
        }
        if statement.claims != lemma.claims {
            wrong.push(format!("its claims are {} now", list(&lemma.claims)));
        }
        let set = &self.case.set;
        if set.restrictions_hash != self.case.reading.restrictions_hash {
            wrong.push(restrictions_changed(
                &set.restrictions,
                &self.case.reading.restrictions,
            ));
        }
        wrong
    }
}

/// `[CLAIM-A, CLAIM-B]`.
pub fn list(claims: &[String]) -> String {
    format!("[{}]", claims.join(", "))
}

/// What changed in the restrictions in force.
pub fn restrictions_changed(before: &[String], now: &[String]) -> String {
    let (before, now): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), now.iter().collect());
    let names = |names: Vec<&&String>| {
        let names: Vec<_> = names.into_iter().map(|n| n.as_str()).collect();
        names.join(", ")
    };
    let (added, gone) = (
        now.difference(&before).collect(),
        before.difference(&now).collect(),
    );
    match (names(added), names(gone)) {
        (a, g) if a.is_empty() && g.is_empty() => {
            "a restriction in force says something else than was pinned".to_owned()
        }
        (a, g) if g.is_empty() => format!("a restriction was added: {a}"),
        (a, g) if a.is_empty() => format!("a restriction was taken away: {g}"),
        (a, g) => format!("restrictions were added ({a}) and taken away ({g})"),
    }
}

/// Every lemma of these cases with a pinned verdict, and in whole sets every other lemma: in the
/// model's order, then those that the model does not have.
pub fn units(cases: &[Case]) -> Vec<Unit<'_>> {
    let mut all = Vec::new();
    for case in cases {
        let expect = &case.set.expect;
        for lemma in &case.reading.lemmas {
            let pinned = expect.get(&lemma.name).copied();
            if pinned.is_some() || case.set.scope == Scope::Whole {
                all.push(Unit::new(case, &lemma.name, pinned, Some(lemma)));
            }
        }
        let missing = expect.iter().filter(|(name, _)| case.lemma(name).is_none());
        all.extend(missing.map(|(name, verdict)| Unit::new(case, name, Some(*verdict), None)));
    }
    all
}

/// Problems of models and manifest that are not of one lemma.
pub fn problems(models: &Models, manifest: &Manifest) -> Vec<Problem> {
    let mut all = Vec::new();
    let mut say = |file: &str, what: String, mend: &str| {
        all.push(Problem {
            file: file.to_owned(),
            what,
            mend: mend.to_owned(),
        });
    };
    for (file, source) in &models.sources {
        let Some(theory) = manifest.theory(file) else {
            say(
                file,
                format!("it is not listed in {FILE}"),
                "list it with `conformance prove --bless`",
            );
            continue;
        };
        if theory.sets.iter().all(|s| s.expect.is_empty()) {
            let what = format!("{FILE} lists no lemma of it");
            say(
                file,
                what,
                "write them down with `conformance prove --bless`",
            );
        }
        let used: BTreeSet<&String> = theory.sets.iter().flat_map(|s| &s.flags).collect();
        let names = |flags: Vec<&String>| {
            let names: Vec<&str> = flags.into_iter().map(String::as_str).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        let unused = source.asked.iter().filter(|f| !used.contains(f));
        if let Some(names) = names(unused.collect()) {
            let what = format!("no set of {FILE} uses the flag {names} that an `#ifdef` asks for");
            say(file, what, "name a lemma that it changes, or remove it");
        }
        let unknown = used.iter().copied().filter(|f| !source.asked.contains(*f));
        if let Some(names) = names(unknown.collect()) {
            let what = format!("a set of {FILE} uses the flag {names} that no `#ifdef` asks for");
            say(file, what, "mend its spelling, or remove the set");
        }
        for set in &theory.sets {
            if set.ablation() && set.falsified().next().is_none() {
                let id = set_id(theory.stem(), &set.flags);
                let what = format!("the ablation {id} expects no lemma to be falsified");
                say(
                    file,
                    what,
                    "name a lemma that breaks, or remove what is not needed",
                );
            }
        }
    }
    for theory in &manifest.theories {
        let listed = |name: &String| theory.sets.iter().any(|s| s.expect.contains_key(name));
        if let Some(name) = theory.lemmas.keys().find(|name| !listed(name)) {
            let what = format!("{FILE} pins what {name} states, and no set lists that lemma");
            say(&theory.file, what, "list it in a set, or remove it");
        }
        if !models.sources.contains_key(&theory.file) {
            let what = format!("{FILE} lists it, and there is no such file");
            say(
                &theory.file,
                what,
                "remove it with `conformance prove --bless`",
            );
        }
    }
    all
}

/// Which lemmas are selected. An empty field selects all.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Patterns for an id, a set, a theory, a lemma, or a claim.
    pub any: Vec<String>,
    /// Patterns for theories.
    pub theories: Vec<String>,
    /// Sets of flags.
    pub sets: Vec<BTreeSet<String>>,
    /// With ablations, without them, or nothing else.
    pub ablations: Ablations,
    /// Part k of n, from 1.
    pub partition: Option<(usize, usize)>,
}

/// Whether ablations are selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ablations {
    /// As well.
    #[default]
    With,
    /// Without them.
    Without,
    /// Nothing else.
    Only,
}

fn matchers(globs: &[String]) -> Result<Vec<Pattern>> {
    let matcher = |glob: &String| {
        let usage = |why| Error::Usage(format!("`{glob}` is no pattern: {why}"));
        Pattern::new(glob).map_err(usage)
    };
    globs.iter().map(matcher).collect()
}

impl Selection {
    /// Whether it is less than everything.
    pub fn narrows(&self) -> bool {
        let Self {
            any,
            theories,
            sets,
            ..
        } = self;
        !(any.is_empty() && theories.is_empty() && sets.is_empty())
            || self.ablations != Ablations::With
            || self.partition.is_some()
    }

    /// Whether it chooses whole sets, so that nothing in a set is left out.
    pub fn by_set(&self) -> bool {
        self.any.is_empty() && self.partition.is_none()
    }

    /// Those that are selected, in their order.
    ///
    /// # Errors
    /// If a pattern cannot be read.
    pub fn of<'c>(&self, units: Vec<Unit<'c>>, observed: &Observed) -> Result<Vec<Unit<'c>>> {
        let (any, theories) = (matchers(&self.any)?, matchers(&self.theories)?);
        let hit = |globs: &[Pattern], texts: &[&str]| {
            globs.is_empty() || globs.iter().any(|g| texts.iter().any(|t| g.matches(t)))
        };
        let mut chosen: Vec<Unit<'c>> = Vec::new();
        for unit in units {
            let file = unit.case.file.as_str();
            let stem = file.strip_suffix(".spthy").unwrap_or(file);
            let mut all = vec![unit.id.as_str(), &unit.case.id, file, stem, unit.name];
            all.extend(unit.claims().iter().map(String::as_str));
            let ablation = unit.case.set.ablation();
            let wanted = match self.ablations {
                Ablations::With => true,
                Ablations::Without => !ablation,
                Ablations::Only => ablation,
            };
            if wanted
                && hit(&any, &all)
                && hit(&theories, &[stem, file])
                && (self.sets.is_empty() || self.sets.contains(&unit.case.set.flags))
            {
                chosen.push(unit);
            }
        }
        if let Some((part, of)) = self.partition {
            let places: Vec<(usize, &Unit<'c>)> = chosen.iter().enumerate().collect();
            // What would share a process stays together; the longest first, each to the part that has least.
            let mut parts = vec![Task::default(); of];
            for task in tasks(&places, of, false, &|id| observed.seconds(id)) {
                if let Some(least) = least(&mut parts) {
                    least.seconds += task.seconds;
                    least.units.extend(task.units);
                }
            }
            let mine: BTreeSet<usize> = parts
                .into_iter()
                .nth(part - 1)
                .into_iter()
                .flat_map(|part| part.units)
                .collect();
            let mut at = 0..;
            chosen.retain(|_| at.next().is_some_and(|at| mine.contains(&at)));
        }
        Ok(chosen)
    }
}

/// The seconds that a lemma is taken to need of which nothing is known.
const UNKNOWN: f64 = 3.0;

/// The seconds that one process is given to do, if there are more processes to be had. Below it,
/// what a process repeats (reading, sources, well-formedness) costs more than it saves.
const GRAIN: f64 = 10.0;

/// Lemmas of one case for one process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// The places of its units.
    pub units: Vec<usize>,
    /// The seconds that it is expected to need.
    pub seconds: f64,
}

/// The task that takes least time.
fn least(tasks: &mut [Task]) -> Option<&mut Task> {
    let shorter = |a: &&mut Task, b: &&mut Task| a.seconds.total_cmp(&b.seconds);
    tasks.iter_mut().min_by(shorter)
}

/// Spreads units over processes: those of one case share one, unless they need long enough that
/// it pays to share them out; longest first. `known` gives the seconds that a lemma needed before.
pub fn tasks(
    units: &[(usize, &Unit<'_>)],
    jobs: usize,
    alone: bool,
    known: &dyn Fn(&str) -> Option<f64>,
) -> Vec<Task> {
    let mut by_case: BTreeMap<&str, Vec<(usize, f64)>> = BTreeMap::new();
    for (place, unit) in units {
        let seconds = known(&unit.id).unwrap_or(UNKNOWN);
        by_case
            .entry(&unit.case.id)
            .or_default()
            .push((*place, seconds));
    }
    let mut all: Vec<Task> = Vec::new();
    for (_, mut lemmas) in by_case {
        lemmas.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let total: f64 = lemmas.iter().map(|l| l.1).sum();
        let shares = match alone {
            true => lemmas.len(),
            false => ((total / GRAIN).ceil() as usize).clamp(1, jobs.min(lemmas.len()).max(1)),
        };
        let mut bins = vec![Task::default(); shares];
        for (place, seconds) in lemmas {
            if let Some(bin) = least(&mut bins) {
                bin.units.push(place);
                bin.seconds += seconds;
            }
        }
        all.extend(bins);
    }
    all.iter_mut().for_each(|task| task.units.sort_unstable());
    all.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then(a.units.cmp(&b.units)));
    all
}

/// The key of a verdict in the cache.
pub fn cache_key(
    unit: &Unit<'_>,
    prover: &super::prover::Prover,
    derivcheck: u32,
) -> Option<String> {
    let lemma = unit.lemma?;
    let mode = match unit.case.mode {
        Mode::Trace => "trace",
        Mode::Diff => "diff",
    };
    let text = unit.case.key(lemma);
    let derivcheck = derivcheck.to_string();
    Some(hash([
        "1",
        &prover.id,
        &prover.build,
        mode,
        &derivcheck,
        &lemma.name,
        &text,
    ]))
}

#[cfg(test)]
mod tests {
    use super::is_model;

    #[test]
    fn what_editors_put_beside_models_is_none() {
        for name in ["account.spthy", "two-phones_2.spthy"] {
            assert!(is_model(name), "{name}");
        }
        let foreign = [
            ".#account.spthy",
            "._account.spthy",
            "account copy.spthy",
            "account.spthy~",
            ".spthy",
        ];
        for name in foreign {
            assert!(!is_model(name), "{name}");
        }
    }
}
