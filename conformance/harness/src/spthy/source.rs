//! A model's file: its text, and what of it is in force or handed to a prover.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::explain::explain;
use super::items::Items;
use super::lemma::REUSE;
use super::lex::{self, Kind, Token};
use super::preprocess::{self, Wrong};
use super::reading::Reading;

/// A file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    pub text: String,
    /// The comment that the file begins with, its first sentence.
    pub about: String,
    tokens: Vec<Token>,
    /// Every flag that an `#ifdef` asks for.
    pub asked: BTreeSet<String>,
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read or its tokens are no `.spthy`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let path = path.to_owned();
            Error::File { path, error }
        })?;
        Self::of(path, text)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// If its tokens are no `.spthy`.
    pub fn of(path: &Path, text: String) -> Result<Self> {
        let wrong = |(at, what): (usize, String)| model(path, &text, at, what);
        let tokens = lex::tokens(&text).map_err(|(at, what)| wrong((at, what.to_owned())))?;
        let asked = preprocess::asked(&text, &tokens).map_err(wrong)?;
        let first = tokens.iter().find(|t| t.kind == Kind::Comment);
        let about = first
            .map(|t| explain(&[t.text(&text)]).0)
            .unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            about,
            tokens,
            asked,
            text,
        })
    }

    /// What is in force under these flags; in a `--diff` theory lemmas stand for their sides.
    ///
    /// # Errors
    /// If the text cannot be read so that every prover would read the same.
    pub fn under(&self, flags: &BTreeSet<String>, diff: bool) -> Result<Reading> {
        let kept = self.in_force(flags)?;
        let read = Reading::of(&Items::new(&self.text, &kept), diff);
        read.map_err(|wrong| self.wrong(wrong))
    }

    /// The tokens in force under these flags, comments included.
    pub fn in_force(&self, flags: &BTreeSet<String>) -> Result<Vec<Token>> {
        let kept = preprocess::in_force(&self.text, &self.tokens, flags);
        kept.map_err(|wrong| self.wrong(wrong))
    }

    /// An error at a byte of its text.
    pub fn wrong(&self, (at, what): Wrong) -> Error {
        model(&self.path, &self.text, at, what)
    }

    /// The text for a prover: `reuse` taken from these lemmas, and proofs put behind the formulas
    /// of those.
    pub fn prepared(
        &self,
        reading: &Reading,
        strip: &BTreeSet<String>,
        proofs: &BTreeMap<String, String>,
    ) -> String {
        let mut cuts: Vec<(Range<usize>, String)> = Vec::new();
        for lemma in &reading.lemmas {
            if let (true, Some(span)) = (strip.contains(&lemma.name), lemma.brackets.clone()) {
                let kept = lemma.attributes.iter().map(String::as_str);
                let kept: Vec<_> = kept.filter(|a| !REUSE.contains(a)).collect();
                let text = match kept.is_empty() {
                    true => String::new(),
                    false => format!("[{}]", kept.join(", ")),
                };
                cuts.push((span, text));
            }
            if let Some(proof) = proofs.get(&lemma.name) {
                cuts.push((lemma.end..lemma.end, format!("\n{proof}\n")));
            }
        }
        // In a `--diff` theory both sides of a lemma stand at one place.
        cuts.sort_by_key(|(span, _)| span.start);
        cuts.dedup();
        let mut text = self.text.clone();
        for (span, with) in cuts.iter().rev() {
            text.replace_range(span.clone(), with);
        }
        text
    }
}

fn model(path: &Path, text: &str, at: usize, what: String) -> Error {
    let line = text[..at.min(text.len())].matches('\n').count() + 1;
    let path = path.to_owned();
    Error::Text { path, line, what }
}
