//! What the project has, by the kinds of things that a claim can name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use conformance_common::spec::SPEC;
use conformance_source::function::{self, Function};
use conformance_source::name::Name;
use conformance_source::{crates, test};
use conformance_vectors::file::File;
use encryptediot::action::{self, Rule};
use encryptediot_schemes::scheme::paper;

use crate::prove::manifest::Manifest;
use crate::spthy::Quantifier;

/// Lemmas, vectors, reasons, functions, tests and steps of the project.
pub struct Project {
    /// Lemmas about all traces, `model/lemma`, with the claims that they support.
    pub lemmas: BTreeMap<String, BTreeSet<String>>,
    /// Files of vectors, with the number of tests that check each claim.
    pub vectors: BTreeMap<String, BTreeMap<String, usize>>,
    /// Reject reasons, with the claims of the vectors that give them.
    pub reasons: BTreeMap<String, BTreeSet<String>>,
    /// The protocol's functions.
    pub functions: Vec<Function>,
    /// The functions of the schemes that it is compared with.
    pub schemes: Vec<Function>,
    /// The tests of the workspace.
    pub tests: Vec<Name>,
    /// The rules of the models that are steps of the protocol, each with the function that makes it.
    pub steps: Vec<(String, String)>,
    /// Likewise of the paper's scheme.
    pub paper_steps: Vec<(String, String)>,
}

impl Project {
    /// Reads the project at `root`.
    pub fn read(root: &Path) -> Result<Self, String> {
        let (vectors, reasons) = vectors(root)?;
        Ok(Self {
            lemmas: lemmas(root)?,
            vectors,
            reasons,
            functions: functions(root, "reference/protocol/src/lib.rs")?,
            schemes: functions(root, "reference/schemes/src/lib.rs")?,
            tests: test::all(root)?,
            steps: steps(&action::RULES),
            paper_steps: steps(&paper::RULES),
        })
    }
}

fn functions(root: &Path, path: &str) -> Result<Vec<Function>, String> {
    Ok(function::all(&mut crates::read(&root.join(path))?))
}

fn steps(rules: &[Rule]) -> Vec<(String, String)> {
    let step = |rule: &Rule| (rule.name.to_owned(), rule.step.to_owned());
    rules.iter().map(step).collect()
}

fn lemmas(root: &Path) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let manifest = Manifest::read(&root.join("tamarin")).map_err(|e| e.to_string())?;
    let manifest = manifest.ok_or("tamarin/verdicts.toml is missing")?;
    let mut lemmas = BTreeMap::new();
    for theory in &manifest.theories {
        for (name, statement) in &theory.lemmas {
            // That something can happen is no claim; sources refine the prover's search.
            let about_all = statement.quantifier != Quantifier::ExistsTrace;
            if about_all && !name.ends_with("_sources") {
                let claims = statement.claims.iter().cloned().collect();
                lemmas.insert(format!("{}/{name}", theory.stem()), claims);
            }
        }
    }
    Ok(lemmas)
}

type Vectors = BTreeMap<String, BTreeMap<String, usize>>;
type Reasons = BTreeMap<String, BTreeSet<String>>;

fn vectors(root: &Path) -> Result<(Vectors, Reasons), String> {
    let (mut vectors, mut reasons) = (Vectors::new(), Reasons::new());
    for (name, _) in &SPEC.reasons {
        reasons.insert(name.clone(), BTreeSet::new());
    }
    for file in File::read_all(&root.join("vectors")).map_err(|e| e.to_string())? {
        let mut checked: BTreeMap<String, usize> = BTreeMap::new();
        for test in &file.tests {
            let claims = test.checks.iter().filter(|c| c.starts_with("CLAIM-"));
            let claims: Vec<_> = claims.cloned().collect();
            for claim in &claims {
                *checked.entry(claim.clone()).or_default() += 1;
            }
            for (_, exchange) in test.exchanges(&file) {
                let listed = exchange
                    .output
                    .as_ref()
                    .and_then(|o| o["refused"].as_array());
                let listed = listed.into_iter().flatten().filter_map(|r| r.as_str());
                for reason in exchange.reason.as_deref().into_iter().chain(listed) {
                    let named = reasons.entry(reason.to_owned()).or_default();
                    named.extend(claims.iter().cloned());
                }
            }
        }
        let path = file.path();
        vectors.insert(path.trim_end_matches(".json").to_owned(), checked);
    }
    Ok((vectors, reasons))
}
