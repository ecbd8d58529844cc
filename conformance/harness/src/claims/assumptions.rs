//! What the models assume (`tamarin/assumptions.toml`), and what stands behind each assumption.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use conformance_common::spec;
use serde::Deserialize;

use crate::pairs;
use crate::prove::manifest::{Manifest, Verdict};
use crate::spthy::Quantifier;

/// How a header begins its paragraph of what it does not prove.
const GIVEN: &str = "Taken as given";
/// What may follow these words.
const ELSEWHERE: &str = ", and proven elsewhere";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    restriction: Vec<Restriction>,
    given: Vec<Given>,
    restates: Vec<Restates>,
}

/// Restrictions of models, `model/name`, with one heir.
#[derive(Deserialize)]
struct Restriction {
    names: Vec<String>,
    #[serde(flatten)]
    heir: Heir,
}

/// A sentence that a model's header takes as given.
#[derive(Deserialize)]
struct Given {
    model: String,
    says: String,
    #[serde(flatten)]
    heir: Heir,
}

/// A lemma that says what a restriction says, as a whole or in `half`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restates {
    lemma: String,
    restriction: String,
    half: Option<String>,
}

/// What stands behind an assumption.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Heir {
    lemmas: Vec<String>,
    pair: Option<String>,
    spec: Option<String>,
    why: Option<String>,
    flag: Option<String>,
}

/// What the project has, of the kinds of things that the list names.
pub struct Facts {
    /// Restrictions, `model/name`.
    pub restrictions: BTreeSet<String>,
    /// Of each restriction the sets of flags under which it is in force.
    pub in_force: BTreeMap<String, Vec<BTreeSet<String>>>,
    /// What the header of each model takes as given, white space as single spaces.
    pub given: BTreeMap<String, String>,
    /// Lemmas about all traces that are pinned as verified in a set that drops nothing, `model/lemma`.
    pub verified: BTreeSet<String>,
    /// Lemmas that support a claim.
    pub claimed: BTreeSet<String>,
    /// Ablations with their pair, `model/FLAG`.
    pub pairs: BTreeSet<String>,
    /// Headings of SPEC.
    pub sections: BTreeSet<String>,
}

impl Facts {
    /// Reads the project at `root`.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(root: &Path) -> Result<Self, String> {
        let models = root.join("tamarin");
        let manifest = Manifest::read(&models).map_err(|e| e.to_string())?;
        let manifest = manifest.ok_or("tamarin/verdicts.toml is missing")?;
        let pairs = pairs::read(root)?;
        let names = |(pair, _): (pairs::Pair, _)| format!("{}/{}", pair.model, pair.flag);
        let mut facts = Self {
            restrictions: BTreeSet::new(),
            in_force: BTreeMap::new(),
            given: BTreeMap::new(),
            verified: BTreeSet::new(),
            claimed: BTreeSet::new(),
            pairs: pairs.into_iter().map(names).collect(),
            sections: sections(spec::TEXT),
        };
        for theory in &manifest.theories {
            let model = theory.stem();
            let path = models.join(&theory.file);
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|e| format!("{}: {e}", path.display()))?;
            let names = restrictions(&text).map(|name| format!("{model}/{name}"));
            facts.restrictions.extend(names);
            if let Some(says) = given(&text) {
                facts.given.insert(model.to_owned(), says);
            }
            for set in &theory.sets {
                for name in &set.restrictions {
                    // Also one that the text does not say in a line of its own.
                    facts.restrictions.insert(format!("{model}/{name}"));
                    let sets = facts.in_force.entry(format!("{model}/{name}"));
                    sets.or_default().push(set.flags.clone());
                }
                let holds = set.expect.iter().filter(|(_, v)| **v == Verdict::Verified);
                if set.drops.is_none() {
                    // That something can happen says nothing of what cannot.
                    let all = |lemma: &str| {
                        let is = theory.lemmas.get(lemma);
                        is.is_some_and(|is| is.quantifier != Quantifier::ExistsTrace)
                    };
                    let holds = holds.filter(|(lemma, _)| all(lemma));
                    let names = holds.map(|(lemma, _)| format!("{model}/{lemma}"));
                    facts.verified.extend(names);
                }
            }
            let claimed = theory.lemmas.iter().filter(|(_, is)| !is.claims.is_empty());
            let claimed = claimed.map(|(lemma, _)| format!("{model}/{lemma}"));
            facts.claimed.extend(claimed);
        }
        Ok(facts)
    }

    fn heir(&self, of: &str, names: &[String], heir: &Heir) -> Vec<String> {
        let Heir {
            lemmas,
            pair,
            spec,
            why,
            flag,
        } = heir;
        let kinds = [
            !lemmas.is_empty(),
            pair.is_some(),
            spec.is_some(),
            flag.is_some(),
        ];
        if kinds.iter().filter(|is| **is).count() != 1 {
            return vec![format!(
                "{of}: exactly one of `lemmas`, `pair`, `spec` and `flag`"
            )];
        }
        let mut wrong = Vec::new();
        for lemma in lemmas
            .iter()
            .filter(|lemma| !self.verified.contains(*lemma))
        {
            wrong.push(format!("{of}: no lemma {lemma} is pinned as verified"));
        }
        let own = |lemma: &&String| {
            let model = |name: &str| name.split('/').next().map(str::to_owned);
            names.iter().any(|name| model(name) == model(lemma))
        };
        for lemma in lemmas.iter().filter(own) {
            wrong.push(format!("{of}: {lemma} is of the model that assumes it"));
        }
        for pair in pair.iter().filter(|pair| !self.pairs.contains(*pair)) {
            wrong.push(format!("{of}: there is no pair {pair}"));
        }
        for section in spec
            .iter()
            .filter(|section| !self.sections.contains(*section))
        {
            wrong.push(format!("{of}: SPEC has no section {section}"));
        }
        if spec.is_some() && why.as_ref().is_none_or(|why| why.trim().is_empty()) {
            wrong.push(format!("{of}: `why` is missing"));
        }
        for (flag, name) in flag
            .iter()
            .flat_map(|flag| names.iter().map(move |n| (flag, n)))
        {
            let sets = self.in_force.get(name);
            if sets.is_none() {
                wrong.push(format!(
                    "{name}: in force in no set, so that {flag} says nothing"
                ));
            }
            let mut sets = sets.into_iter().flatten();
            if sets.any(|flags| !flags.contains(flag)) {
                wrong.push(format!("{name}: in force without {flag}"));
            }
        }
        wrong
    }
}

fn sections(spec: &str) -> BTreeSet<String> {
    let headings = spec.lines().filter(|line| line.starts_with("##"));
    let names = headings.map(|line| line.trim_start_matches('#').trim().to_owned());
    names.collect()
}

fn restrictions(text: &str) -> impl Iterator<Item = &str> {
    let rest = text
        .lines()
        .filter_map(|line| line.strip_prefix("restriction "));
    rest.filter_map(|rest| rest.split(':').next())
        .map(str::trim)
}

/// The paragraph of the header that begins with [`GIVEN`], without these words.
fn given(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(GIVEN)?;
    let paragraph = rest.lines().take_while(|line| !line.trim().is_empty());
    let words: Vec<_> = paragraph.flat_map(str::split_whitespace).collect();
    let words = words.join(" ");
    let words = words.strip_prefix(ELSEWHERE).unwrap_or(&words);
    Some(words.trim_start_matches(':').trim().to_owned())
}

/// Reads the list and the project, and says what does not correspond.
///
/// # Errors
/// What cannot be read.
pub fn read(root: &Path) -> Result<Vec<String>, String> {
    check(&list(root)?, &Facts::read(root)?)
}

pub(super) fn list(root: &Path) -> Result<String, String> {
    let path = root.join("tamarin/assumptions.toml");
    std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Holds the text of the list against the project.
///
/// # Errors
/// If it is not TOML of the form that it has.
pub fn check(listed: &str, facts: &Facts) -> Result<Vec<String>, String> {
    let listed: Listed =
        toml::from_str(listed).map_err(|e| format!("tamarin/assumptions.toml: {e}"))?;
    let mut wrong = Vec::new();
    let mut missing = facts.restrictions.clone();
    for entry in &listed.restriction {
        for name in entry.names.iter().filter(|name| !missing.remove(*name)) {
            wrong.push(format!("no restriction {name}, or two entries of one"));
        }
        wrong.extend(facts.heir(&entry.names.join(", "), &entry.names, &entry.heir));
    }
    wrong.extend(
        missing
            .iter()
            .map(|name| format!("the restriction {name} has no entry")),
    );
    let mut rest = facts.given.clone();
    for entry in &listed.given {
        match rest.get_mut(&entry.model) {
            Some(text) if text.contains(&entry.says) => *text = text.replacen(&entry.says, "", 1),
            _ => wrong.push(format!(
                "{} does not take as given: {}",
                entry.model, entry.says
            )),
        }
        let names = [format!("{}/", entry.model)];
        wrong.extend(facts.heir(&format!("{}, given", entry.model), &names, &entry.heir));
    }
    for (model, text) in rest.iter().filter(|(_, text)| !text.trim().is_empty()) {
        wrong.push(format!(
            "{model} takes as given, without an entry: {}",
            text.trim()
        ));
    }
    for Restates {
        lemma,
        restriction,
        half,
    } in &listed.restates
    {
        if !facts.verified.contains(lemma) {
            wrong.push(format!("restates: no lemma {lemma} is pinned as verified"));
        }
        if !facts.restrictions.contains(restriction) {
            wrong.push(format!("restates: there is no restriction {restriction}"));
        }
        if half.is_none() && facts.claimed.contains(lemma) {
            wrong.push(format!(
                "a claim counts {lemma}, which repeats {restriction}"
            ));
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    #[test]
    fn every_assumption_has_its_heir() {
        assert_eq!(read(root()).unwrap(), Vec::<String>::new());
    }

    /// Edits of the list, each with what is then wrong.
    #[test]
    fn an_entry_that_is_missing_or_names_nothing_is_an_error() {
        let (list, facts) = (list(root()).unwrap(), Facts::read(root()).unwrap());
        for (from, to, error) in [
            (
                "\"clips/Follows\"",
                "",
                "the restriction clips/Follows has no entry",
            ),
            (
                "\"clips/Follows\"",
                "\"clips/Leads\"",
                "no restriction clips/Leads",
            ),
            (
                "pair = \"clips/NO_CHAIN\"",
                "pair = \"clips/NO_LINK\"",
                "there is no pair clips/NO_LINK",
            ),
            ("pair = \"clips/NO_CHAIN\"", "", "exactly one of"),
            (
                "\"epochs/never_back\"",
                "\"epochs/ever_back\"",
                "no lemma epochs/ever_back",
            ),
            (
                "\"epochs/never_back\"",
                "\"epochs/exec_in_effect\"",
                "no lemma epochs/exec_in_effect",
            ),
            (
                "\"epochs/never_back\"",
                "\"account/pairing\"",
                "is of the model that assumes it",
            ),
            (
                "spec = \"Time\"",
                "spec = \"Tide\"",
                "SPEC has no section Tide",
            ),
            (
                "why = \"the camera's wall",
                "why = \"\" # the camera's wall",
                "`why` is missing",
            ),
            (
                "flag = \"GENUINE\"",
                "flag = \"UNSHARED\"",
                "encryptediot/genuine: in force without UNSHARED",
            ),
            (
                "says = \"pairing's offer",
                "says = \"offers",
                "losses does not take as given: offers",
            ),
            (
                "says = \"pairing's offer",
                "says = \"offers",
                "losses takes as given, without an entry: pairing's",
            ),
            (
                "lemma = \"clips/no_other_clip\"",
                "lemma = \"clips/no_clip\"",
                "restates: no lemma",
            ),
            (
                "restriction = \"epochs/Lease\"",
                "restriction = \"epochs/Lent\"",
                "restates: there is no",
            ),
        ] {
            assert!(list.contains(from), "{from}");
            let found = check(&list.replacen(from, to, 1), &facts).unwrap();
            let named = found.iter().any(|is| is.contains(error));
            assert!(named, "{error}: {found:?}");
        }
    }

    #[test]
    fn a_claim_that_counts_a_lemma_that_repeats_a_restriction_is_an_error() {
        let (list, mut facts) = (list(root()).unwrap(), Facts::read(root()).unwrap());
        facts.claimed.insert("clips/no_other_clip".to_owned());
        let found = check(&list, &facts).unwrap();
        let error = "a claim counts clips/no_other_clip, which repeats clips/Same_manifest";
        assert_eq!(found, [error]);
    }

    #[test]
    fn a_new_restriction_needs_an_entry() {
        let (list, mut facts) = (list(root()).unwrap(), Facts::read(root()).unwrap());
        let text = "restriction New: \"T\"\n";
        let names = restrictions(text).map(|name| format!("clips/{name}"));
        facts.restrictions.extend(names);
        let found = check(&list, &facts).unwrap();
        assert_eq!(found, ["the restriction clips/New has no entry"]);
    }
}
