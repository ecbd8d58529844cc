//! A lemma of a model.

use std::ops::Range;

use super::items::Items;
use super::preprocess::Wrong;
use super::{Quantifier, hash};

/// A lemma that is in force under a set of flags.
#[derive(Clone, Debug)]
pub struct Lemma {
    /// Its name. In a `--diff` theory with the side, as in `secret (LHS)`.
    pub name: String,
    /// The name that `--prove` takes.
    pub prove: String,
    /// All traces or one.
    pub quantifier: Quantifier,
    /// Attributes, as in `hide_lemma=secret`.
    pub attributes: Vec<String>,
    /// The formula's hash.
    pub hash: String,
    /// The lemma in full, in its normal form (no comments, white space folded).
    pub normal: String,
    /// The sentence before it.
    pub sentence: String,
    /// The claims that the comment before it names.
    pub claims: Vec<String>,
    /// Where `[…]` stands in the text, in bytes.
    pub(super) brackets: Option<Range<usize>>,
    /// Where the formula ends in the text, in bytes, its quote included.
    pub(super) end: usize,
}

/// The attributes that make provers assume a lemma in the proofs of those after it.
pub(super) const REUSE: [&str; 2] = ["reuse", "diff_reuse"];

impl Lemma {
    /// The lemma at a place, and the place after it.
    ///
    /// # Errors
    /// If it is none that provers read.
    pub(super) fn read(items: &Items<'_>, item: usize) -> Result<(Self, usize), Wrong> {
        let header = items.header(item)?;
        let (sentence, claims) = items.comment_before(item);
        // A lemma of one side states something else than the same formula of both.
        let sides = header.attributes.iter().map(String::as_str);
        let sides = sides.filter(|a| matches!(*a, "left" | "right"));
        let formula = match header.quantifier {
            Quantifier::Equivalence => header.name.clone(),
            _ => items.normal(header.formula.clone()),
        };
        let lemma = Self {
            prove: header.name.clone(),
            hash: hash(sides.chain([formula.as_str()])),
            name: header.name,
            quantifier: header.quantifier,
            attributes: header.attributes,
            normal: items.normal(item..header.end),
            sentence,
            claims,
            brackets: header.brackets,
            end: items.token(header.end - 1).map_or(0, |t| t.span.end),
        };
        Ok((lemma, header.end))
    }

    /// The equivalence that a `--diff` theory without a `diffLemma` is about.
    pub(super) fn equivalence() -> Self {
        let name = "Observational_equivalence".to_owned();
        Self {
            prove: name.clone(),
            quantifier: Quantifier::Equivalence,
            attributes: Vec::new(),
            hash: hash([name.as_str()]),
            normal: name.clone(),
            sentence: "The two sides cannot be told apart.".to_owned(),
            claims: Vec::new(),
            brackets: None,
            end: 0,
            name,
        }
    }

    /// Whether it is assumed in the proofs of the lemmas after it.
    pub fn reuse(&self) -> bool {
        self.attributes.iter().any(|a| REUSE.contains(&a.as_str()))
            && self.quantifier == Quantifier::AllTraces
    }

    /// Whether it refines the sources for every other lemma.
    pub fn sources(&self) -> bool {
        self.attributes
            .iter()
            .any(|a| a == "sources" || a == "typing")
    }

    /// Whether its proof does without that `reuse` lemma.
    pub(super) fn hides(&self, other: &str) -> bool {
        let hidden = |a: &String| a.strip_prefix("hide_lemma=") == Some(other);
        self.attributes.iter().any(hidden)
    }

    /// The lemmas that it stands for in a `--diff` theory: one on each side, unless it names its side.
    pub(super) fn sides(self) -> Vec<Self> {
        if self.quantifier == Quantifier::Equivalence {
            return vec![self];
        }
        let has = |side: &str| self.attributes.iter().any(|a| a == side);
        let chosen: &[&str] = match (has("left"), has("right")) {
            (true, false) => &["LHS"],
            (false, true) => &["RHS"],
            _ => &["LHS", "RHS"],
        };
        let on = |side: &&str| Self {
            name: format!("{} ({side})", self.name),
            ..self.clone()
        };
        chosen.iter().map(on).collect()
    }
}
