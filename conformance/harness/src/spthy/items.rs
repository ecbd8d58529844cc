//! The items of a theory that are in force: what begins them, where they end, and the headers of
//! lemmas and restrictions.

use std::ops::Range;

use super::Quantifier;
use super::explain::explain;
use super::lex::{Kind, Token, normal};
use super::preprocess::Wrong;

/// Words that begin an item, so that what stands before them has ended.
const ITEMS: [&str; 24] = [
    "lemma",
    "diffLemma",
    "restriction",
    "axiom",
    "rule",
    "macros",
    "functions",
    "equations",
    "builtins",
    "predicate",
    "predicates",
    "heuristic",
    "tactic",
    "process",
    "let",
    "export",
    "options",
    "section",
    "text",
    "end",
    "test",
    "configuration",
    "equivLemma",
    "function",
];

/// The tokens of a theory. A place is the number of a token, comments not counted.
pub struct Items<'t> {
    source: &'t str,
    /// Comments included.
    tokens: &'t [Token],
    /// Places of the others.
    solid: Vec<usize>,
}

/// A lemma or a restriction up to its formula.
pub struct Header {
    pub name: String,
    /// Its attributes, as in `hide_lemma=secret`.
    pub attributes: Vec<String>,
    /// Where `[…]` stands in the text, in bytes.
    pub brackets: Option<Range<usize>>,
    /// All traces or one; equivalence for a `diffLemma`.
    pub quantifier: Quantifier,
    /// The places of its formula, without the quotes; empty for a `diffLemma`.
    pub formula: Range<usize>,
    /// The place after it.
    pub end: usize,
}

impl<'t> Items<'t> {
    /// Of these tokens, comments included.
    pub fn new(source: &'t str, tokens: &'t [Token]) -> Self {
        let is_solid = |at: &usize| tokens[*at].kind != Kind::Comment;
        let solid = (0..tokens.len()).filter(is_solid).collect();
        Self {
            source,
            tokens,
            solid,
        }
    }

    /// The tokens, in their places.
    pub fn all(&self) -> impl Iterator<Item = &'t Token> {
        self.solid.iter().map(|place| &self.tokens[*place])
    }

    /// The token at a place.
    pub fn token(&self, at: usize) -> Option<&'t Token> {
        self.solid.get(at).map(|place| &self.tokens[*place])
    }

    /// The text at a place; empty after the last.
    pub fn text(&self, at: usize) -> &'t str {
        self.token(at).map_or("", |t| t.text(self.source))
    }

    /// Whether there is a word at a place.
    pub fn is_word(&self, at: usize) -> bool {
        self.token(at).is_some_and(|t| t.kind == Kind::Word)
    }

    /// These places as [`normal`] writes them.
    pub fn normal(&self, range: Range<usize>) -> String {
        let tokens = range.filter_map(|at| self.token(at));
        normal(tokens, self.source)
    }

    /// An error at a place.
    pub fn wrong<T>(&self, at: usize, what: impl Into<String>) -> Result<T, Wrong> {
        let place = self.token(at).map_or(self.source.len(), |t| t.span.start);
        Err((place, what.into()))
    }

    /// From `(` or `[` to after its partner.
    ///
    /// # Errors
    /// If it has none.
    pub fn closing(&self, open: usize) -> Result<usize, Wrong> {
        let mut depth = 0usize;
        for at in open..self.solid.len() {
            match self.text(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return Ok(at + 1);
            }
        }
        self.wrong(open, "a bracket that is not closed")
    }

    /// The place of the next item, or after the last token.
    pub fn next_item(&self, from: usize) -> usize {
        let mut at = from;
        let mut in_formula = false;
        while let Some(token) = self.token(at) {
            let text = token.text(self.source);
            in_formula ^= text == "\"";
            if !in_formula && ITEMS.contains(&text) {
                return at;
            }
            at += 1;
        }
        at
    }

    /// The attributes at a place, if it is a `[`, and the place after them.
    ///
    /// # Errors
    /// If the bracket is not closed.
    pub fn attributes(&self, at: usize) -> Result<(Vec<String>, usize), Wrong> {
        if self.text(at) != "[" {
            return Ok((Vec::new(), at));
        }
        let end = self.closing(at)?;
        let inner: String = (at + 1..end - 1).map(|at| self.text(at)).collect();
        let all = inner.split(',').map(|a| a.trim().to_owned());
        Ok((all.filter(|a| !a.is_empty()).collect(), end))
    }

    /// The header of the lemma or restriction at a place.
    ///
    /// # Errors
    /// If it is none that provers read.
    pub fn header(&self, item: usize) -> Result<Header, Wrong> {
        let name = self.text(item + 1).to_owned();
        let mut at = item + 2;
        if self.text(at) == "(" {
            at = self.closing(at)?;
        }
        let (attributes, end) = self.attributes(at)?;
        let brackets = match end > at {
            true => self.token(at).zip(self.token(end - 1)),
            false => None,
        };
        let brackets = brackets.map(|(first, last)| first.span.start..last.span.end);
        at = end;
        if self.text(at) != ":" {
            let what = self.text(item);
            return self.wrong(
                at,
                format!("`:` is missing after the name of {what} {name}"),
            );
        }
        let (quantifier, formula, end) = match (self.text(item), self.text(at + 1)) {
            ("diffLemma", _) => (Quantifier::Equivalence, at + 1..at + 1, at + 1),
            (_, first) => {
                let quantifier = match first {
                    "exists-trace" => Quantifier::ExistsTrace,
                    _ => Quantifier::AllTraces,
                };
                let quote =
                    |from: usize| (from..self.solid.len()).find(|at| self.text(*at) == "\"");
                let open = quote(at + 1);
                let close = open.and_then(|open| quote(open + 1));
                let (Some(open), Some(close)) = (open, close) else {
                    return self.wrong(at, "its formula is missing");
                };
                (quantifier, open + 1..close, close + 1)
            }
        };
        Ok(Header {
            name,
            attributes,
            brackets,
            quantifier,
            formula,
            end,
        })
    }

    /// What the comments say that stand right before an item, without an empty line between: the
    /// first sentence, and the claims.
    pub fn comment_before(&self, item: usize) -> (String, Vec<String>) {
        let mut place = self.solid[item];
        let mut comments = Vec::new();
        while place > 0 && self.tokens[place - 1].kind == Kind::Comment {
            let between = self.tokens[place - 1].span.end..self.tokens[place].span.start;
            if self.source[between].matches('\n').count() > 1 {
                break;
            }
            place -= 1;
            comments.push(self.tokens[place].text(self.source));
        }
        comments.reverse();
        explain(&comments)
    }
}
