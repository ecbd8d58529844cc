//! A model's file: its text with includes, and what of it is in force or handed to a prover.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::explain::explain;
use super::items::Items;
use super::lemma::REUSE;
use super::lex::{self, Kind, Token};
use super::preprocess::{self, Wrong};
use super::reading::Reading;
use crate::prove::error::{Error, Result, file};

/// A file with its includes.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// Its text, includes put in.
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
        let text = with_includes(path, 0)?;
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
    ///
    /// # Errors
    /// As [`Self::under`].
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
    Error::Model { path, line, what }
}

fn with_includes(path: &Path, depth: usize) -> Result<String> {
    let mut text = std::fs::read_to_string(path).map_err(file(path))?;
    if !text.contains("#include") {
        return Ok(text);
    }
    let wrong = |at, what: &str| model(path, &text, at, what.to_owned());
    if depth > 8 {
        return Err(wrong(0, "files that include each other without end"));
    }
    let tokens = lex::tokens(&text).map_err(|(at, what)| wrong(at, what))?;
    let mut cuts = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Directive && token.text(&text) == "#include" {
            let quotes = tokens[place + 1..].iter().filter(|t| t.kind == Kind::Quote);
            let ends: Vec<_> = quotes.take(2).map(|t| t.span.clone()).collect();
            let [open, close] = ends.as_slice() else {
                return Err(wrong(
                    token.span.start,
                    "an `#include` without its \"file\"",
                ));
            };
            let name = &text[open.end..close.start];
            let other = path.parent().unwrap_or(Path::new(".")).join(name);
            cuts.push((
                token.span.start..close.end,
                with_includes(&other, depth + 1)?,
            ));
        }
    }
    for (span, with) in cuts.into_iter().rev() {
        text.replace_range(span, &with);
    }
    Ok(text)
}
