//! `claims.toml` against the project.

use std::collections::BTreeSet;

use conformance_common::spec::SPEC;
use conformance_source::function::Function;
use conformance_source::name::{Name, resolve};
use glob::Pattern;
use serde::Serialize;

use super::listed::{Entry, Listed, Other};
use super::project::Project;

/// A claim and what supports it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    pub name: String,
    /// What it says.
    pub sentence: String,
    /// Where the paper speaks of it.
    pub paper: String,
    /// Lemmas, `model/lemma`.
    pub lemmas: BTreeSet<String>,
    /// Why there is none.
    pub no_lemma: Option<String>,
    /// Tests, each by the end of its path.
    pub tests: Vec<String>,
    /// How many vectors check it.
    pub vectors: usize,
    /// Public functions of the protocol, each by the end of its path.
    pub functions: Vec<String>,
    /// What it rests on that is outside.
    pub rests_on: String,
}

/// The claims, and what does not correspond.
pub struct Checked {
    /// The claims, in SPEC's order.
    pub claims: Vec<Claim>,
    pub wrong: Vec<String>,
}

/// Holds the text of `claims.toml` against the project.
///
/// # Errors
/// If it is not TOML of the form that it has.
pub fn check(listed: &str, project: &Project) -> Result<Checked, String> {
    let Listed { other, claims } = toml::from_str(listed).map_err(|e| e.to_string())?;
    let public = project.functions.iter().filter(|function| function.public);
    let public: Vec<Name> = public.map(|function| function.name.clone()).collect();
    let mut functions = Names::new("function", &public);
    let mut tests = Names::new("test", &project.tests);
    let mut checked = Checked {
        claims: Vec::new(),
        wrong: Vec::new(),
    };
    let wrong = &mut checked.wrong;
    for name in claims.keys().filter(|name| !SPEC.knows(name)) {
        wrong.push(format!("{name} is no claim of SPEC"));
    }
    for (name, sentence) in &SPEC.claims {
        let Some(entry) = claims.get(name) else {
            wrong.push(format!("{name} has no entry"));
            continue;
        };
        for (ends, names) in [
            (&entry.tests, &mut tests),
            (&entry.functions, &mut functions),
        ] {
            if ends.is_empty() {
                wrong.push(format!("{name}: no {}", names.what));
            }
            let errors = ends.iter().filter_map(|end| names.claim(end).err());
            wrong.extend(errors.map(|why| format!("{name}: {why}")));
        }
        let claim = claim(name, sentence, entry, project);
        wrong.extend(incomplete(&claim).map(|what| format!("{name}: {what}")));
        checked.claims.push(claim);
    }
    wrong.extend(unclaimed(&other, project, &functions, &tests));
    for _ in other.iter().filter(|other| other.why.trim().is_empty()) {
        wrong.push("other: an entry does not say why".to_owned());
    }
    wrong.extend(no_steps(&project.steps, &project.functions));
    wrong.extend(no_steps(&project.paper_steps, &project.schemes));
    Ok(checked)
}

fn claim(name: &str, sentence: &str, entry: &Entry, project: &Project) -> Claim {
    let lemmas = project.lemmas.iter();
    let lemmas = lemmas.filter(|(_, claims)| claims.contains(name));
    let vectors = project.vectors.values().filter_map(|file| file.get(name));
    Claim {
        name: name.to_owned(),
        sentence: sentence.to_owned(),
        paper: entry.paper.clone(),
        lemmas: lemmas.map(|(lemma, _)| lemma.clone()).collect(),
        no_lemma: entry.no_lemma.clone(),
        tests: entry.tests.clone(),
        vectors: vectors.sum(),
        functions: entry.functions.clone(),
        rests_on: entry.rests_on.clone(),
    }
}

/// What a claim lacks, of lemmas, vectors and words.
fn incomplete(claim: &Claim) -> impl Iterator<Item = &'static str> {
    let lemma = match (claim.lemmas.is_empty(), &claim.no_lemma) {
        (true, None) => Some("no lemma, and no reason why"),
        (false, Some(_)) => Some("a reason why it has no lemma, and a lemma"),
        _ => None,
    };
    let vector = (claim.vectors == 0).then_some("no vector");
    let silent = claim.paper.trim().is_empty() || claim.rests_on.trim().is_empty();
    let words = silent.then_some("the paper's section, or what it rests on, is missing");
    [lemma, vector, words].into_iter().flatten()
}

/// Names of one kind, and which of them no claim names.
struct Names<'n> {
    what: &'static str,
    names: &'n [Name],
    unclaimed: BTreeSet<&'n Name>,
}

impl<'n> Names<'n> {
    fn new(what: &'static str, names: &'n [Name]) -> Self {
        let unclaimed = names.iter().collect();
        Self {
            what,
            names,
            unclaimed,
        }
    }

    /// A claim names what ends with `end`.
    fn claim(&mut self, end: &str) -> Result<(), String> {
        let place = resolve(self.what, end, self.names.iter())?;
        self.unclaimed.remove(&self.names[place]);
        Ok(())
    }

    /// The names that no claim names; and as which of them `other` lists each end of a path.
    fn unclaimed(&self, other: &[Other], of: Of) -> (BTreeSet<String>, Vec<String>) {
        let (mut listed, mut wrong) = (Vec::new(), Vec::new());
        for pattern in other.iter().flat_map(of) {
            match resolve(self.what, pattern, self.names.iter()) {
                _ if pattern.contains('*') => listed.push(pattern.clone()),
                Ok(place) => listed.push(self.names[place].public.clone()),
                Err(why) => wrong.push(format!("other: {why}")),
            }
        }
        let alone = self.unclaimed.iter().map(|name| name.public.clone());
        let mut alone = alone.collect();
        let patterns = listed.iter().map(String::as_str);
        wrong.extend(leave_out(self.what, &mut alone, patterns));
        (alone, wrong)
    }
}

/// The names of one kind in an entry.
type Of = fn(&Other) -> &Vec<String>;

/// What no claim names and `other` does not list; what `other` lists and a claim names, or that does not exist.
fn unclaimed(
    other: &[Other],
    project: &Project,
    functions: &Names<'_>,
    tests: &Names<'_>,
) -> Vec<String> {
    let lemmas = project.lemmas.iter().filter(|(_, c)| c.is_empty());
    let reasons = project.reasons.iter().filter(|(_, c)| c.is_empty());
    let vectors = project.vectors.iter().filter(|(_, c)| c.is_empty());
    let by_name: [(&str, BTreeSet<String>, Of); 3] = [
        (
            "lemma",
            lemmas.map(|(name, _)| name.clone()).collect(),
            |o| &o.lemmas,
        ),
        (
            "reason",
            reasons.map(|(name, _)| name.clone()).collect(),
            |o| &o.reasons,
        ),
        (
            "file of vectors",
            vectors.map(|(name, _)| name.clone()).collect(),
            |o| &o.vectors,
        ),
    ];
    let mut found = Vec::new();
    for (what, mut alone, of) in by_name {
        let patterns = other.iter().flat_map(of).map(String::as_str);
        found.extend(leave_out(what, &mut alone, patterns));
        found.extend(alone.iter().map(|name| no_claim(what, name)));
    }
    let by_path: [(&Names<'_>, Of); 2] = [(functions, |o| &o.functions), (tests, |o| &o.tests)];
    for (names, of) in by_path {
        let (alone, wrong) = names.unclaimed(other, of);
        found.extend(wrong);
        found.extend(alone.iter().map(|name| no_claim(names.what, name)));
    }
    found
}

fn no_claim(what: &str, name: &str) -> String {
    format!("no claim names the {what} {name}")
}

/// Takes what a pattern fits off the names that no claim names; which patterns fit none, or are none.
fn leave_out<'p>(
    what: &str,
    alone: &mut BTreeSet<String>,
    patterns: impl Iterator<Item = &'p str>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for pattern in patterns {
        let glob = match Pattern::new(pattern) {
            Ok(glob) => glob,
            Err(why) => {
                wrong.push(format!("other: {why}"));
                continue;
            }
        };
        let before = alone.len();
        alone.retain(|name| !glob.matches(name));
        if alone.len() == before {
            wrong.push(format!(
                "other: no {what} that no claim names is called {pattern}"
            ));
        }
    }
    wrong
}

/// Rules of a model whose step is no function, or more than one.
fn no_steps(steps: &[(String, String)], functions: &[Function]) -> Vec<String> {
    let names = functions.iter().map(|function| &function.name);
    let wrong = |(rule, step): &(String, String)| {
        let why = resolve("function", step, names.clone()).err()?;
        Some(format!("rule {rule}: {why}"))
    };
    steps.iter().filter_map(wrong).collect()
}
