//! What a model says under a set of flags, as far as pins and verdicts depend on it.

use std::collections::BTreeSet;

use super::items::Items;
use super::lemma::Lemma;
use super::preprocess::Wrong;
use super::{Quantifier, hash};

/// What is in force in a file under a set of flags.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The lemmas, in their order.
    pub lemmas: Vec<Lemma>,
    /// The names of restrictions, of predicates, and of rules with a restriction of their own.
    pub restrictions: Vec<String>,
    /// The hash of these.
    pub restrictions_hash: String,
    /// Whether it compares natural numbers.
    pub naturals: bool,
    /// All but the lemmas, as [`super::lex::normal`] writes it.
    pub core: String,
}

impl Reading {
    /// What these tokens say. In a `--diff` theory lemmas stand for their sides.
    ///
    /// # Errors
    /// If an item is none that provers read.
    pub(super) fn of(items: &Items<'_>, diff: bool) -> Result<Self, Wrong> {
        let (mut lemmas, mut restrictions, mut pinned) = (Vec::new(), Vec::new(), Vec::new());
        let (mut core, mut naturals) = (Vec::new(), false);
        let (mut at, mut in_formula, mut rule) = (0, false, "");
        while items.token(at).is_some() {
            let (text, next, begin) = (items.text(at), at + 1, at);
            let named = items.is_word(next);
            match text {
                "\"" => in_formula = !in_formula,
                "lemma" | "diffLemma" if !in_formula && named => {
                    let (lemma, end) = Lemma::read(items, at)?;
                    match diff {
                        true => lemmas.extend(lemma.sides()),
                        false => lemmas.push(lemma),
                    }
                    at = end;
                    continue;
                }
                "restriction" | "axiom" if !in_formula && named => {
                    let header = items.header(at)?;
                    restrictions.push(header.name);
                    at = header.end;
                    pinned.push(items.normal(begin..at));
                }
                "predicate" | "predicates" if !in_formula => {
                    restrictions.push("predicates".to_owned());
                    at = items.next_item(next);
                    pinned.push(items.normal(begin..at));
                }
                "rule" if !in_formula && named => rule = items.text(next),
                "_restrict" if !in_formula => {
                    restrictions.push(format!("in rule {rule}"));
                    let end = items.closing(next)?;
                    pinned.push(format!("{rule} {}", items.normal(begin..end)));
                }
                "natural-numbers" => naturals = true,
                _ => {}
            }
            at = at.max(next);
            core.push(items.normal(begin..at));
        }
        let equivalence = |l: &Lemma| l.quantifier == Quantifier::Equivalence;
        if diff && !lemmas.iter().any(equivalence) {
            lemmas.push(Lemma::equivalence());
        }
        pinned.sort();
        restrictions.sort();
        restrictions.dedup();
        Ok(Self {
            lemmas,
            restrictions,
            restrictions_hash: hash(pinned.iter().map(String::as_str)),
            naturals,
            core: core.join(" "),
        })
    }

    /// What a proof of this lemma rests on: `sources` lemmas (except for the proof of one), and
    /// the `reuse` lemmas before it that it does not hide. Provers assume these unseen.
    pub fn rests_on<'r>(&'r self, lemma: &'r Lemma, stripped: &BTreeSet<String>) -> Vec<&'r Lemma> {
        let place = self.lemmas.iter().position(|l| l.name == lemma.name);
        let before = place.unwrap_or(self.lemmas.len());
        let assumed = |(at, other): &(usize, &&Lemma)| {
            let reused = other.reuse()
                && *at < before
                && !stripped.contains(&other.name)
                && !lemma.hides(&other.prove)
                && (!lemma.sources() || other.sources());
            let refines = other.sources() && !lemma.sources();
            other.name != lemma.name && (reused || refines)
        };
        let lemmas: Vec<&Lemma> = self.lemmas.iter().collect();
        let assumed = lemmas.iter().enumerate().filter(assumed);
        assumed.map(|(_, other)| *other).collect()
    }

    /// A hash of all that a verdict on this lemma depends on within the file.
    pub fn key(&self, lemma: &Lemma, stripped: &BTreeSet<String>) -> String {
        let assumed = self.rests_on(lemma, stripped);
        let parts = [self.core.as_str(), lemma.normal.as_str()];
        let parts = parts
            .into_iter()
            .chain(assumed.iter().map(|l| l.normal.as_str()));
        hash(parts)
    }
}
