//! Claims: what stands behind each claim of SPEC, checked in both directions. Lemmas and vectors name
//! their claims where they are; tests, functions and what is outside are in `conformance/claims.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use globset::Glob;
use serde::{Deserialize, Serialize};

use crate::prove::manifest::Manifest;
use crate::prove::spthy::Quantifier;
use conformance_common::spec::SPEC;
use conformance_vectors::file::File;

/// Show what stands behind each claim of SPEC, and check that nothing stands for nothing.
///
/// A claim without lemma, test, vector or function; an entry that points to nothing; a lemma, test,
/// file of vectors, reject reason or public protocol function that no claim names: each is an error.
///
/// Exit status: 0 if everything corresponds, 1 if something does not, 2 if it could not be looked at.
#[derive(Args)]
pub struct ClaimsArgs {
    /// The project's folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Print the table as JSON.
    #[arg(long)]
    pub json: bool,
}

/// The modules whose public functions are steps of the protocol; what is in others carries them
/// (encodings, primitives, the store, files) or shows them.
const PROTOCOL: [&str; 16] = [
    "announcement",
    "camera",
    "clip",
    "contact",
    "grant",
    "link",
    "member",
    "owner",
    "pairing",
    "past",
    "phone",
    "roster",
    "statement",
    "uplink",
    "vault",
    "view",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    paper: String,
    functions: Vec<String>,
    tests: Vec<String>,
    rests_on: String,
    no_lemma: Option<String>,
}

/// What serves no claim, and why.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Other {
    functions: Vec<String>,
    tests: Vec<String>,
    vectors: Vec<String>,
    lemmas: Vec<String>,
    reasons: Vec<String>,
    why: String,
}

/// The names of one kind in an entry.
type Names = fn(&Other) -> &Vec<String>;

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    other: Vec<Other>,
    #[serde(flatten)]
    claims: BTreeMap<String, Entry>,
}

/// A claim and what stands behind it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// What it says.
    pub sentence: String,
    /// Where the paper speaks of it.
    pub paper: String,
    /// Lemmas, `model/lemma`.
    pub lemmas: BTreeSet<String>,
    /// Why there is none.
    pub no_lemma: Option<String>,
    /// Tests, `file::function`.
    pub tests: Vec<String>,
    /// How many vectors check it.
    pub vectors: usize,
    /// Functions, `module::function`.
    pub functions: Vec<String>,
    /// What it rests on that is outside.
    pub rests_on: String,
}

/// What there is, by the kinds of things that a claim can name.
pub struct There {
    /// Lemmas that say something: those about all traces.
    pub lemmas: BTreeMap<String, BTreeSet<String>>,
    /// Tests of `reference/tests`.
    pub tests: BTreeSet<String>,
    /// Files of vectors, with the claims that their tests check.
    pub vectors: BTreeMap<String, BTreeMap<String, usize>>,
    /// Reject reasons, with the claims of the vectors that give them.
    pub reasons: BTreeMap<String, BTreeSet<String>>,
    /// Public protocol functions.
    pub functions: BTreeSet<String>,
}

impl There {
    /// Looks.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(root: &Path) -> Result<Self, String> {
        let manifest = Manifest::read(&root.join("tamarin")).map_err(|e| e.to_string())?;
        let manifest = manifest.ok_or("tamarin/verdicts.toml is missing")?;
        let mut lemmas: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for theory in &manifest.theories {
            let model = theory.file.trim_end_matches(".spthy");
            for (name, statement) in &theory.lemmas {
                // That something can happen is no claim; sources refine the prover's search.
                let says = statement.quantifier != Quantifier::ExistsTrace;
                if says && !name.ends_with("_sources") {
                    let claims = statement.claims.iter().cloned().collect();
                    lemmas.insert(format!("{model}/{name}"), claims);
                }
            }
        }
        let (mut vectors, mut reasons) = (BTreeMap::new(), BTreeMap::<_, BTreeSet<_>>::new());
        for (name, _) in &SPEC.reasons {
            reasons.insert(name.clone(), BTreeSet::new());
        }
        let folder = root.join("vectors");
        for file in File::read_all(&folder).map_err(|e| e.to_string())? {
            let mut named: BTreeMap<String, usize> = BTreeMap::new();
            for test in &file.tests {
                let claims = test.checks.iter().filter(|c| c.starts_with("CLAIM-"));
                let claims: Vec<_> = claims.cloned().collect();
                for claim in &claims {
                    *named.entry(claim.clone()).or_default() += 1;
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
            vectors.insert(path.trim_end_matches(".json").to_owned(), named);
        }
        Ok(Self {
            lemmas,
            tests: tests(&root.join("reference/tests"))?,
            vectors,
            reasons,
            functions: functions(&root.join("reference/src"))?,
        })
    }
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Tests by file, or folder where there is one.
fn tests(folder: &Path) -> Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // The program's own tests, and what tests share.
        if ["cli", "common", "snapshots"].contains(&stem.as_str()) && path.is_dir() {
            continue;
        }
        let files = match path.is_dir() {
            true => std::fs::read_dir(&path)
                .map_err(|e| e.to_string())?
                .flatten()
                .map(|e| e.path())
                .collect(),
            false => vec![path],
        };
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "rs"))
        {
            let source = text(file)?;
            let mut after = source.split("#[test]\n").skip(1);
            let name = |rest: &str| Some(rest.split_once("fn ")?.1.split('(').next()?.to_owned());
            found.extend(
                after
                    .by_ref()
                    .filter_map(name)
                    .map(|name| format!("{stem}::{name}")),
            );
        }
    }
    Ok(found)
}

/// Public functions of the protocol's modules, as rustfmt lays them out.
fn functions(folder: &Path) -> Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    for module in PROTOCOL {
        let source = text(&folder.join(format!("{module}.rs")))?;
        let source = source.split("\n#[cfg(test)]").next().unwrap_or_default();
        let mut of = String::new();
        for line in source.lines() {
            if let Some(rest) = line.strip_prefix("impl") {
                let rest = rest.rsplit(" for ").next().unwrap_or_default();
                // The parameters of an `impl<W: Write> Session<W>` are no part of the name.
                let rest = match rest.strip_prefix('<') {
                    Some(parameters) => parameters.split_once('>').map_or("", |(_, rest)| rest),
                    None => rest,
                };
                let rest = rest.trim_start();
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                of = rest[..end.unwrap_or(rest.len())].to_owned();
            }
            let (place, rest) = match line.strip_prefix("    pub fn ") {
                Some(rest) => (format!("{module}::{of}::"), rest),
                None => match line.strip_prefix("pub fn ") {
                    Some(rest) => (format!("{module}::"), rest),
                    None => continue,
                },
            };
            let end = rest.find(['(', '<']).unwrap_or(rest.len());
            found.insert(format!("{place}{}", &rest[..end]));
        }
    }
    Ok(found)
}

/// The table, and what does not correspond.
pub struct Checked {
    /// The claims, in SPEC's order.
    pub claims: Vec<Claim>,
    /// What is wrong.
    pub wrong: Vec<String>,
}

/// Holds `claims.toml` against what there is.
///
/// # Errors
/// If it is not TOML of the form that it has.
pub fn check(listed: &str, there: &There) -> Result<Checked, String> {
    let Listed {
        other,
        claims: listed,
    } = toml::from_str(listed).map_err(|e| e.to_string())?;
    let mut wrong = Vec::new();
    let mut claims = Vec::new();
    for name in listed.keys().filter(|name| !SPEC.knows(name)) {
        wrong.push(format!("{name} is no claim of SPEC"));
    }
    for (name, sentence) in &SPEC.claims {
        let Some(entry) = listed.get(name) else {
            wrong.push(format!("{name} has no entry"));
            continue;
        };
        let lemmas = there
            .lemmas
            .iter()
            .filter(|(_, named)| named.contains(name));
        let lemmas: BTreeSet<String> = lemmas.map(|(lemma, _)| lemma.clone()).collect();
        match (lemmas.is_empty(), &entry.no_lemma) {
            (true, None) => wrong.push(format!("{name}: no lemma, and not said why")),
            (false, Some(_)) => wrong.push(format!(
                "{name}: it is said why there is no lemma, and there is one"
            )),
            _ => {}
        }
        let vectors = there.vectors.values().filter_map(|named| named.get(name));
        let vectors: usize = vectors.sum();
        if vectors == 0 {
            wrong.push(format!("{name}: no vector"));
        }
        for (what, names, known) in [
            ("test", &entry.tests, &there.tests),
            ("function", &entry.functions, &there.functions),
        ] {
            if names.is_empty() {
                wrong.push(format!("{name}: no {what}"));
            }
            for missing in names.iter().filter(|is| !known.contains(*is)) {
                wrong.push(format!("{name}: there is no {what} {missing}"));
            }
        }
        if entry.paper.trim().is_empty() || entry.rests_on.trim().is_empty() {
            wrong.push(format!(
                "{name}: the paper's section, or what it rests on, is not said"
            ));
        }
        claims.push(Claim {
            name: name.clone(),
            sentence: sentence.clone(),
            paper: entry.paper.clone(),
            lemmas,
            no_lemma: entry.no_lemma.clone(),
            tests: entry.tests.clone(),
            vectors,
            functions: entry.functions.clone(),
            rests_on: entry.rests_on.clone(),
        });
    }
    let all = |of: fn(&Entry) -> &Vec<String>| -> BTreeSet<String> {
        listed.values().flat_map(of).cloned().collect()
    };
    let unclaimed = |named: &BTreeSet<String>| named.is_empty();
    let lemmas = there.lemmas.iter().filter(|(_, claims)| unclaimed(claims));
    let reasons = there.reasons.iter().filter(|(_, claims)| unclaimed(claims));
    let vectors = there.vectors.iter().filter(|(_, claims)| claims.is_empty());
    let (tests, functions) = (all(|e| &e.tests), all(|e| &e.functions));
    let kinds: [(&str, BTreeSet<String>, Names); 5] = [
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
        (
            "test",
            there.tests.difference(&tests).cloned().collect(),
            |o| &o.tests,
        ),
        (
            "function",
            there.functions.difference(&functions).cloned().collect(),
            |o| &o.functions,
        ),
    ];
    for (what, mut alone, of) in kinds {
        for pattern in other.iter().flat_map(of) {
            let glob = Glob::new(pattern)
                .map_err(|e| e.to_string())?
                .compile_matcher();
            let before = alone.len();
            alone.retain(|name| !glob.is_match(name));
            if alone.len() == before {
                wrong.push(format!(
                    "other: no {what} that no claim names is called {pattern}"
                ));
            }
        }
        wrong.extend(
            alone
                .iter()
                .map(|name| format!("no claim names the {what} {name}")),
        );
    }
    for _ in other.iter().filter(|other| other.why.trim().is_empty()) {
        wrong.push("other: an entry does not say why".to_owned());
    }
    Ok(Checked { claims, wrong })
}

/// The table as Markdown.
pub fn table(claims: &[Claim]) -> String {
    let mut out = String::from(
        "| claim | paper | lemmas | tests | vectors | functions | rests on, outside |\n|---|---|--:|--:|--:|--:|---|\n",
    );
    for c in claims {
        let name = c.name.trim_start_matches("CLAIM-");
        let lemmas = match c.lemmas.len() {
            0 => "none".to_owned(),
            some => some.to_string(),
        };
        let (tests, functions) = (c.tests.len(), c.functions.len());
        let _ = writeln!(
            out,
            "| {name} | {} | {lemmas} | {tests} | {} | {functions} | {} |",
            c.paper, c.vectors, c.rests_on,
        );
    }
    out
}

/// Reads everything and checks it.
///
/// # Errors
/// What cannot be read.
pub fn read(root: &Path) -> Result<Checked, String> {
    let there = There::read(root)?;
    check(&text(&root.join("conformance/claims.toml"))?, &there)
}

/// Runs the command.
///
/// # Errors
/// What cannot be read.
pub fn run(args: &ClaimsArgs) -> Result<u8, String> {
    let Checked { claims, wrong } = read(&args.root)?;
    match args.json {
        true => println!(
            "{}",
            serde_json::to_string_pretty(&claims).map_err(|e| e.to_string())?
        ),
        false => print!("{}", table(&claims)),
    }
    for what in &wrong {
        eprintln!("{what}");
    }
    Ok(u8::from(!wrong.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    #[test]
    fn everything_corresponds() {
        assert_eq!(read(root()).unwrap().wrong, Vec::<String>::new());
    }

    /// What is wrong with the file after a change, or with what is there.
    fn wrong(from: &str, to: &str, change: impl FnOnce(&mut There)) -> Vec<String> {
        let listed = text(&root().join("conformance/claims.toml")).unwrap();
        assert!(from.is_empty() || listed.contains(from), "{from}");
        let mut there = There::read(root()).unwrap();
        change(&mut there);
        check(
            &listed.replacen(from, to, usize::from(!from.is_empty())),
            &there,
        )
        .unwrap()
        .wrong
    }

    #[test]
    fn what_points_to_nothing_is_told() {
        let says = |from, to, what: &str| {
            let found = wrong(from, to, |_| ());
            assert!(
                found.iter().any(|is| is.contains(what)),
                "{what}: {found:?}"
            );
        };
        says("[CLAIM-ROOT]", "[CLAIM-ROUTE]", "CLAIM-ROUTE is no claim");
        says("[CLAIM-ROOT]", "[CLAIM-ROUTE]", "CLAIM-ROOT has no entry");
        says(
            "owner::enroll",
            "owner::unroll",
            "no function owner::unroll",
        );
        says(
            "lifecycle::a_second",
            "lifecycle::b_second",
            "no test lifecycle::b_second",
        );
        says("paper = \"5\"", "paper = \"\"", "is not said");
        says("\"key-id\"", "\"key-idea\"", "is called key-idea");
        says(
            "\"key-id\", ",
            "",
            "no claim names the file of vectors key-id",
        );
        says(
            "why = \"say what",
            "why = \"\" # say what",
            "does not say why",
        );
    }

    #[test]
    fn what_no_claim_names_is_told() {
        let says = |change: fn(&mut There), what: &str| {
            let found = wrong("", "", change);
            assert!(
                found.iter().any(|is| is.contains(what)),
                "{what}: {found:?}"
            );
        };
        fn none() -> BTreeSet<String> {
            BTreeSet::new()
        }
        says(
            |t| drop(t.lemmas.insert("clips/new".into(), none())),
            "lemma clips/new",
        );
        says(
            |t| drop(t.reasons.insert("new".into(), none())),
            "reason new",
        );
        says(
            |t| {
                t.tests.insert("lifecycle::new".into());
            },
            "test lifecycle::new",
        );
        says(
            |t| {
                t.functions.insert("owner::new".into());
            },
            "function owner::new",
        );
        says(
            |t| drop(t.vectors.insert("new".into(), BTreeMap::new())),
            "file of vectors new",
        );
        says(
            |t| {
                t.lemmas.values_mut().for_each(|c| {
                    c.remove("CLAIM-ROOT");
                })
            },
            "CLAIM-ROOT: no lemma",
        );
        says(
            |t| {
                let claims = BTreeSet::from(["CLAIM-RESUME".to_owned()]);
                t.lemmas.insert("clips/resumes".into(), claims);
            },
            "CLAIM-RESUME: it is said why there is no lemma, and there is one",
        );
        says(
            |t| {
                t.vectors.values_mut().for_each(|c| {
                    c.remove("CLAIM-LINK");
                })
            },
            "CLAIM-LINK: no vector",
        );
    }

    /// The table in the README is what is found.
    #[test]
    fn the_readme_has_the_table() {
        let readme = text(&root().join("README.md")).unwrap();
        let (path, table) = (
            root().join("README.md"),
            table(&read(root()).unwrap().claims),
        );
        let (before, rest) = readme.split_once("<!-- claims -->\n").unwrap();
        let (there, after) = rest.split_once("<!-- /claims -->").unwrap();
        if std::env::var_os("UPDATE").is_some() {
            let new = format!("{before}<!-- claims -->\n{table}<!-- /claims -->{after}");
            std::fs::write(path, new).unwrap();
            return;
        }
        assert!(
            there == table,
            "UPDATE=1 cargo test -p conformance writes the README's table of claims"
        );
    }
}
