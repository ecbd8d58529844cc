//! What the gate reads in a model by itself, without a prover: lemmas with their formulas and what
//! explains them, restrictions, flags. It is what the manifest pins.

pub mod lex;
pub mod preprocess;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{Error, Result, file};
use lex::{Kind, Token, normal};

/// Whether a lemma speaks of all traces, or says that there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantifier {
    /// `all-traces`, the default.
    AllTraces,
    /// `exists-trace`.
    ExistsTrace,
    /// The equivalence of both sides in a `--diff` theory.
    Equivalence,
}

impl Quantifier {
    /// As provers write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::AllTraces => "all-traces",
            Self::ExistsTrace => "exists-trace",
            Self::Equivalence => "equivalence",
        }
    }
}

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
    /// The lemma in full, as [`normal`] writes it.
    pub normal: String,
    /// The sentence before it.
    pub sentence: String,
    /// The claims that the comment before it names.
    pub claims: Vec<String>,
    /// Where `[…]` stands.
    brackets: Option<Range<usize>>,
    /// Where the formula ends, its quote included.
    end: usize,
}

const REUSE: [&str; 2] = ["reuse", "diff_reuse"];

impl Lemma {
    /// Is it assumed in the proofs of the lemmas after it?
    pub fn reuse(&self) -> bool {
        self.attributes.iter().any(|a| REUSE.contains(&a.as_str()))
            && self.quantifier == Quantifier::AllTraces
    }

    /// Is it used to refine sources for every other lemma?
    pub fn sources(&self) -> bool {
        self.attributes
            .iter()
            .any(|a| a == "sources" || a == "typing")
    }

    fn hides(&self, other: &str) -> bool {
        let hidden = |a: &String| a.strip_prefix("hide_lemma=") == Some(other);
        self.attributes.iter().any(hidden)
    }
}

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

/// What is in force in a file under a set of flags.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The lemmas, in their order.
    pub lemmas: Vec<Lemma>,
    /// The names of restrictions, of predicates, and of rules with a restriction of their own.
    pub restrictions: Vec<String>,
    /// The hash of these.
    pub restrictions_hash: String,
    /// Does it compare natural numbers?
    pub naturals: bool,
    /// All but the lemmas, as [`normal`] writes it.
    pub core: String,
}

/// The first 128 bits of SHA-256, in hexadecimal.
pub fn hash<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let mut state = Sha256::new();
    for part in parts {
        state.update((part.len() as u64).to_le_bytes());
        state.update(part);
    }
    let digest = state.finalize();
    digest[..16].iter().map(|b| format!("{b:02x}")).collect()
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
        let wrong = |(at, what)| model(&self.path, &self.text, at, what);
        let kept = preprocess::in_force(&self.text, &self.tokens, flags).map_err(wrong)?;
        Items::new(&self.text, &kept).read(diff).map_err(wrong)
    }

    /// The tokens in force under these flags, comments included.
    ///
    /// # Errors
    /// As [`Self::under`].
    pub fn in_force(&self, flags: &BTreeSet<String>) -> Result<Vec<Token>> {
        let wrong = |(at, what)| model(&self.path, &self.text, at, what);
        preprocess::in_force(&self.text, &self.tokens, flags).map_err(wrong)
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

impl Reading {
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

/// The first sentence of comments, and the claims that they name.
fn explain(comments: &[&str]) -> (String, Vec<String>) {
    let strip = |c: &&str| {
        let inner = c.trim_start_matches('/').trim_end_matches('/');
        let lines = inner.lines().map(|l| l.trim().trim_matches('*').trim());
        lines.collect::<Vec<_>>().join("\n")
    };
    let text: Vec<String> = comments.iter().map(strip).collect();
    let text = text.join("\n");
    let mut claims: Vec<String> = Vec::new();
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    for (at, _) in text.match_indices("CLAIM-") {
        let rest = &text[at..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let claim = rest[..end].trim_end_matches('-').to_owned();
        if !claims.contains(&claim) {
            claims.push(claim);
        }
    }
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let mut words = Vec::new();
        for word in paragraph.split_whitespace() {
            let rule = word.chars().all(|c| !c.is_alphanumeric()) && word.len() > 2;
            if !word.contains("CLAIM-") && !rule {
                words.push(word);
            }
        }
        words.join(" ")
    });
    let paragraph = paragraphs
        .into_iter()
        .find(|p| p.chars().any(char::is_alphanumeric));
    let paragraph = paragraph.unwrap_or_default();
    let ends = |(at, stop): &(usize, &str)| {
        let (before, after) = (&paragraph[..*at], &paragraph[at + stop.len()..]);
        let short = before.ends_with("e.g") || before.ends_with("i.e");
        let begins = |c: char| c.is_uppercase() || matches!(c, '`' | '"' | '(' | '[');
        !short && after.chars().next().is_some_and(begins)
    };
    let stops = [". ", ".\" ", ".) "].map(|stop| paragraph.match_indices(stop).find(ends));
    let end = stops
        .into_iter()
        .flatten()
        .map(|(at, stop)| at + stop.len() - 1)
        .min();
    let sentence = &paragraph[..end.unwrap_or(paragraph.len())];
    let sentence = sentence.trim_start_matches([':', ',', ';', '-', ')', ']', '.', ' ']);
    let sentence = sentence.trim_end_matches(['(', '[', ' ', ':']);
    // A single word is a headline.
    let sentence = if sentence.contains(' ') { sentence } else { "" };
    (sentence.to_owned(), claims)
}

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

struct Items<'t> {
    source: &'t str,
    /// Comments included.
    tokens: &'t [Token],
    /// Places of the others.
    solid: Vec<usize>,
}

impl<'t> Items<'t> {
    fn new(source: &'t str, tokens: &'t [Token]) -> Self {
        let is_solid = |at: &usize| tokens[*at].kind != Kind::Comment;
        let solid = (0..tokens.len()).filter(is_solid).collect();
        Self {
            source,
            tokens,
            solid,
        }
    }

    fn token(&self, at: usize) -> Option<&'t Token> {
        self.solid.get(at).map(|place| &self.tokens[*place])
    }

    fn text(&self, at: usize) -> &'t str {
        self.token(at).map_or("", |t| t.text(self.source))
    }

    fn normal(&self, range: Range<usize>) -> String {
        let tokens = range.filter_map(|at| self.token(at));
        normal(tokens, self.source)
    }

    fn wrong<T>(
        &self,
        at: usize,
        what: impl Into<String>,
    ) -> std::result::Result<T, preprocess::Wrong> {
        let place = self.token(at).map_or(self.source.len(), |t| t.span.start);
        Err((place, what.into()))
    }

    fn read(&self, diff: bool) -> std::result::Result<Reading, preprocess::Wrong> {
        let (mut lemmas, mut restrictions, mut pinned) = (Vec::new(), Vec::new(), Vec::new());
        let (mut core, mut naturals) = (Vec::new(), false);
        let (mut at, mut in_formula, mut rule) = (0, false, "");
        let mut equivalence = false;
        while let Some(token) = self.token(at) {
            let (text, next) = (token.text(self.source), at + 1);
            let named = self.token(next).is_some_and(|t| t.kind == Kind::Word);
            let begin = at;
            match text {
                "\"" => in_formula = !in_formula,
                "lemma" | "diffLemma" if !in_formula && named => {
                    let (lemma, end) = self.lemma(at)?;
                    equivalence |= lemma.quantifier == Quantifier::Equivalence;
                    lemmas.extend(sides(lemma, diff));
                    at = end;
                    continue;
                }
                "restriction" | "axiom" if !in_formula && named => {
                    restrictions.push(self.text(next).to_owned());
                    at = self.formula(at)?.1;
                    pinned.push(self.normal(begin..at));
                }
                "predicate" | "predicates" if !in_formula => {
                    restrictions.push("predicates".to_owned());
                    at = self.next_item(next);
                    pinned.push(self.normal(begin..at));
                }
                "rule" if !in_formula && named => rule = self.text(next),
                "_restrict" if !in_formula => {
                    restrictions.push(format!("in rule {rule}"));
                    let end = self.closing(next)?;
                    pinned.push(format!("{rule} {}", self.normal(begin..end)));
                }
                "natural-numbers" => naturals = true,
                _ => {}
            }
            at = at.max(next);
            core.push(self.normal(begin..at));
        }
        if diff && !equivalence {
            lemmas.push(Lemma {
                name: "Observational_equivalence".to_owned(),
                prove: "Observational_equivalence".to_owned(),
                quantifier: Quantifier::Equivalence,
                attributes: Vec::new(),
                hash: hash(["Observational_equivalence"]),
                normal: "Observational_equivalence".to_owned(),
                sentence: "The two sides cannot be told apart.".to_owned(),
                claims: Vec::new(),
                brackets: None,
                end: 0,
            });
        }
        pinned.sort();
        restrictions.sort();
        restrictions.dedup();
        Ok(Reading {
            lemmas,
            restrictions,
            restrictions_hash: hash(pinned.iter().map(String::as_str)),
            naturals,
            core: core.join(" "),
        })
    }

    /// From `(` or `[` to after its partner.
    fn closing(&self, open: usize) -> std::result::Result<usize, preprocess::Wrong> {
        let mut depth = 0usize;
        for at in open.. {
            match self.text(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "" => return self.wrong(open, "a bracket that is not closed"),
                _ => {}
            }
            if depth == 0 {
                return Ok(at + 1);
            }
        }
        unreachable!("the tokens end")
    }

    fn next_item(&self, from: usize) -> usize {
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

    /// The formula of the item at a place: from after its quote, and to after its closing quote.
    fn formula(&self, item: usize) -> std::result::Result<(usize, usize), preprocess::Wrong> {
        let quote = |from: usize| (from..self.solid.len()).find(|at| self.text(*at) == "\"");
        let open = quote(item + 1);
        let close = open.and_then(|open| quote(open + 1));
        match (open, close) {
            (Some(open), Some(close)) => Ok((open + 1, close + 1)),
            _ => self.wrong(item, "its formula is missing"),
        }
    }

    fn lemma(&self, item: usize) -> std::result::Result<(Lemma, usize), preprocess::Wrong> {
        let name = self.text(item + 1).to_owned();
        let mut at = item + 2;
        if self.text(at) == "(" {
            at = self.closing(at)?;
        }
        let (mut attributes, mut brackets) = (Vec::new(), None);
        if self.text(at) == "[" {
            let end = self.closing(at)?;
            let inner = (at + 1..end - 1).map(|at| self.text(at));
            let inner: String = inner.collect();
            attributes = inner.split(',').map(|a| a.trim().to_owned()).collect();
            attributes.retain(|a| !a.is_empty());
            let (first, last) = (self.token(at), self.token(end - 1));
            brackets = first.zip(last).map(|(f, l)| f.span.start..l.span.end);
            at = end;
        }
        if self.text(at) != ":" {
            return self.wrong(at, format!("`:` is missing after the name of lemma {name}"));
        }
        let equivalence = self.text(item) == "diffLemma";
        let (quantifier, formula, end) = if equivalence {
            (Quantifier::Equivalence, name.clone(), at + 1)
        } else {
            let quantifier = match self.text(at + 1) {
                "exists-trace" => Quantifier::ExistsTrace,
                _ => Quantifier::AllTraces,
            };
            let (begin, end) = self.formula(at)?;
            (quantifier, self.normal(begin..end - 1), end)
        };
        let (sentence, claims) = self.comment_before(item);
        let sides = attributes.iter().map(String::as_str);
        let sides = sides.filter(|a| matches!(*a, "left" | "right"));
        let lemma = Lemma {
            prove: name.clone(),
            name,
            quantifier,
            hash: hash(sides.chain([formula.as_str()])),
            attributes,
            normal: self.normal(item..end),
            sentence,
            claims,
            brackets,
            end: self.token(end - 1).map_or(0, |t| t.span.end),
        };
        Ok((lemma, end))
    }

    /// What the comments say that stand right before an item, without an empty line between.
    fn comment_before(&self, item: usize) -> (String, Vec<String>) {
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

/// A lemma of a `--diff` theory stands for one on each side, unless it names its side.
fn sides(lemma: Lemma, diff: bool) -> Vec<Lemma> {
    if !diff || lemma.quantifier == Quantifier::Equivalence {
        return vec![lemma];
    }
    let has = |side: &str| lemma.attributes.iter().any(|a| a == side);
    let chosen: &[&str] = match (has("left"), has("right")) {
        (true, false) => &["LHS"],
        (false, true) => &["RHS"],
        _ => &["LHS", "RHS"],
    };
    let on = |side: &&str| Lemma {
        name: format!("{} ({side})", lemma.name),
        ..lemma.clone()
    };
    chosen.iter().map(on).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, flags: &[&str]) -> Reading {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.spthy");
        std::fs::write(&path, text).unwrap();
        let flags = flags.iter().map(|f| (*f).to_owned()).collect();
        Source::read(&path).unwrap().under(&flags, false).unwrap()
    }

    const MODEL: &str = r#"theory T begin
        /* Header. More. */
        restriction Eq: "All x y #i. Eq(x,y)@i ==> x = y"
        rule R: [ Fr(~x) ] --[ _restrict( A('a') ), S(~x) ]-> [ Out(~x) ]

        /* Other. */

        /* CLAIM-ONE, CLAIM-TWO: Nobody learns x, i.e. it is secret. It is.
           ------
           More. */
        lemma one [reuse, hide_lemma=zero]:
          "All x #i. S(x)@i ==> not (Ex #j. K(x)@j)"
        // It can be done. (CLAIM-THREE)
        lemma two: exists-trace "Ex x #i. S(x)@i"
        #ifdef X
        lemma three [sources]: "T"
        #endif
        end"#;

    #[test]
    fn lemmas_are_read_with_what_explains_them() {
        let reading = read(MODEL, &[]);
        let [one, two] = reading.lemmas.as_slice() else {
            panic!("{:?}", reading.lemmas)
        };
        assert_eq!(one.sentence, "Nobody learns x, i.e. it is secret.");
        assert_eq!(one.claims, ["CLAIM-ONE", "CLAIM-TWO"]);
        assert_eq!(two.sentence, "It can be done.");
        assert_eq!(two.claims, ["CLAIM-THREE"]);
        assert_eq!(two.quantifier, Quantifier::ExistsTrace);
        assert!(one.reuse() && one.hides("zero"));
        assert_eq!(reading.restrictions, ["Eq", "in rule R"]);
        assert_eq!(reading.rests_on(two, &BTreeSet::new())[0].name, "one");
        let stripped = BTreeSet::from(["one".to_owned()]);
        assert!(reading.rests_on(two, &stripped).is_empty());
        let reading = read(MODEL, &["X"]);
        let rests: Vec<_> = reading.rests_on(&reading.lemmas[0], &stripped);
        assert_eq!(rests[0].name, "three");
    }

    #[test]
    fn what_changes_the_meaning_changes_a_hash_and_layout_does_not() {
        let (base, none) = (read(MODEL, &[]), BTreeSet::new());
        let other = read(&MODEL.replace("not (Ex", "not  /* x */ (Ex"), &[]);
        assert_eq!(base.lemmas[0].hash, other.lemmas[0].hash);
        let weaker = read(&MODEL.replace("==> not", "==> T | not"), &[]);
        assert_ne!(base.lemmas[0].hash, weaker.lemmas[0].hash);
        assert_eq!(base.restrictions_hash, weaker.restrictions_hash);
        // The second rests on the first.
        let key = |r: &Reading| r.key(&r.lemmas[1], &none);
        assert_ne!(key(&base), key(&weaker));
        for (from, to) in [("A('a')", "A('b')"), ("x = y", "y = x")] {
            let added = read(&MODEL.replace(from, to), &[]);
            assert_ne!(base.restrictions_hash, added.restrictions_hash);
            assert_eq!(base.lemmas[0].hash, added.lemmas[0].hash);
            assert_ne!(key(&base), key(&added));
        }
        let rule = read(&MODEL.replace("Out(~x)", "Out(h(~x))"), &[]);
        assert_eq!(base.restrictions_hash, rule.restrictions_hash);
        assert_ne!(key(&base), key(&rule));
        // A lemma after it, or one that it does not rest on, changes nothing.
        let less = read(
            &MODEL.replace("#ifdef X", "lemma four: \"F\" #ifdef X"),
            &[],
        );
        assert_eq!(key(&base), key(&less));
    }

    #[test]
    fn reuse_is_taken_away_and_proofs_are_put_in() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.spthy");
        std::fs::write(&path, MODEL).unwrap();
        let source = Source::read(&path).unwrap();
        let reading = source.under(&BTreeSet::new(), false).unwrap();
        let strip = BTreeSet::from(["one".to_owned()]);
        let proofs = BTreeMap::from([("two".to_owned(), "by sorry".to_owned())]);
        let text = source.prepared(&reading, &strip, &proofs);
        assert!(text.contains("lemma one [hide_lemma=zero]:"), "{text}");
        assert!(text.contains("S(x)@i\"\nby sorry\n"), "{text}");
    }

    #[test]
    fn includes_are_put_in_and_sides_of_a_diff_theory_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.spthy");
        std::fs::write(directory.path().join("i.spthy"), "lemma i: \"T\"").unwrap();
        let text = "theory T begin #include \"i.spthy\"\nlemma j [left]: \"T\" end";
        std::fs::write(&path, text).unwrap();
        let reading = Source::read(&path)
            .unwrap()
            .under(&BTreeSet::new(), true)
            .unwrap();
        let names: Vec<_> = reading.lemmas.iter().map(|l| l.name.as_str()).collect();
        let all = ["i (LHS)", "i (RHS)", "j (LHS)", "Observational_equivalence"];
        assert_eq!(names, all);
    }
}
