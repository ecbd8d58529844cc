//! A model's rules, restrictions and lemmas, with their terms and formulas. Tokens, flags, items and
//! headers are read by the other files here; this is the grammar within rules and formulas.
//!
//! Understood is what the models here use: the built-in message theories without
//! exponentiation, function symbols without equations, macros, `let`, facts with attributes. Anything
//! else is an error, not a guess.

use std::collections::{BTreeMap, BTreeSet};

use super::formula::{Formula, Scope};
use super::items::Items;
use super::lex::Kind;
use super::preprocess::Wrong;
use super::{Quantifier, Source};

/// A term with variables, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A variable, and of what sort.
    Var(usize, Sort),
    /// A public name in quotes.
    Name(String),
    /// A function of patterns.
    App(&'static str, Vec<Pattern>),
}

impl Pattern {
    /// How many patterns it is made of, and how deep they are nested.
    fn measure(&self) -> (usize, usize) {
        let Self::App(_, args) = self else {
            return (1, 1);
        };
        let all = args.iter().map(Self::measure);
        all.fold((1, 1), |(size, depth), (s, d)| (size + s, depth.max(d + 1)))
    }
}

/// What a variable may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    /// Any term.
    Message,
    /// A public name (`$x`).
    Public,
    /// A fresh name (`~x`).
    Fresh,
}

/// A fact in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Whether it stays when it is used (`!`).
    pub persistent: bool,
    pub name: String,
    /// Its terms.
    pub args: Vec<Pattern>,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    /// Its variables: sort and name; patterns have their numbers.
    pub variables: Vec<(Sort, String)>,
    pub premises: Vec<Fact>,
    /// Its action facts.
    pub actions: Vec<Fact>,
    pub conclusions: Vec<Fact>,
}

impl Rule {
    /// The number of the variable of that name.
    pub fn variable(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|(_, is)| is == name)
    }
}

/// A restriction or a lemma.
#[derive(Clone, Debug)]
pub struct Property {
    pub name: String,
    /// All traces, or one.
    pub quantifier: Quantifier,
    pub formula: Formula,
    /// The names of its variables, by their numbers: for terms, for time points.
    pub names: (Vec<String>, Vec<String>),
}

/// A model under a set of flags.
#[derive(Debug)]
pub struct Theory {
    /// Its rules, in their order.
    pub rules: Vec<Rule>,
    pub restrictions: Vec<Property>,
    /// The names of the facts in restrictions.
    pub restricted: BTreeSet<String>,
    pub lemmas: Vec<Property>,
    /// Macros: name, and the names of the parameters.
    pub macros: BTreeMap<String, Vec<String>>,
    /// Function symbols.
    pub functions: BTreeSet<&'static str>,
}

struct Macro<'t> {
    parameters: Vec<String>,
    body: Vec<Word<'t>>,
}

/// A token, or half of one: `<<` and `>>` may open and close two tuples.
#[derive(Clone, Debug)]
struct Word<'t> {
    text: &'t str,
    kind: Kind,
    /// The place of the token.
    place: usize,
}

/// A scope: what the name of a variable stands for.
pub(super) trait Variables {
    /// The pattern that a variable stands for.
    fn variable(&mut self, sort: Sort, name: &str) -> Result<Pattern, String>;
}

/// The variables of a rule, and what `let` defines.
#[derive(Default)]
struct InRule {
    variables: Vec<(Sort, String)>,
    defined: BTreeMap<String, Pattern>,
}

impl Variables for InRule {
    fn variable(&mut self, sort: Sort, name: &str) -> Result<Pattern, String> {
        if let (Sort::Message, Some(pattern)) = (sort, self.defined.get(name)) {
            return Ok(pattern.clone());
        }
        let known = self.variables.iter().position(|(_, is)| is == name);
        if let Some(at) = known {
            return match self.variables[at].0 == sort {
                true => Ok(Pattern::Var(at, sort)),
                false => Err(format!("{name} is of two sorts")),
            };
        }
        self.variables.push((sort, name.to_owned()));
        Ok(Pattern::Var(self.variables.len() - 1, sort))
    }
}

/// The arguments of a macro, by its parameters.
struct InMacro<'a>(BTreeMap<&'a str, Pattern>);

impl Variables for InMacro<'_> {
    fn variable(&mut self, _: Sort, name: &str) -> Result<Pattern, String> {
        let argument = self.0.get(name).cloned();
        argument.ok_or_else(|| format!("{name} is no parameter of the macro"))
    }
}

/// Functions of the built-in theories that are understood, with their numbers of arguments.
const BUILTINS: [(&str, &[(&str, usize)]); 5] = [
    (
        "signing",
        &[("sign", 2), ("verify", 3), ("pk", 1), ("true", 0)],
    ),
    (
        "revealing-signing",
        &[
            ("revealSign", 2),
            ("revealVerify", 3),
            ("getMessage", 1),
            ("pk", 1),
            ("true", 0),
        ],
    ),
    (
        "asymmetric-encryption",
        &[("aenc", 2), ("adec", 2), ("pk", 1)],
    ),
    ("symmetric-encryption", &[("senc", 2), ("sdec", 2)]),
    ("hashing", &[("h", 1)]),
];

/// Reads rules and formulas.
pub(super) struct Parser<'t> {
    items: Items<'t>,
    words: Vec<Word<'t>>,
    /// The number of the next word.
    pub at: usize,
    functions: BTreeMap<&'static str, usize>,
    macros: BTreeMap<String, Macro<'t>>,
    /// How deep the term or formula that is read is nested, and how many there were.
    depth: usize,
    read: usize,
    /// How many `<=>`, and how many `&` and `|`, the formula has so far.
    pub(super) doubled: usize,
    pub(super) joined: usize,
}

/// Deeper terms and formulas are refused: a reader that follows them all has no end of its own.
const DEPTH: usize = 200;

/// More terms and formulas than any model has, macros written out.
const READ: usize = 1_000_000;

const TOO_MUCH: &str = "too much within one another, or macros that call one another without end";

type Parsed<T> = Result<T, Wrong>;

impl Theory {
    /// Reads what is in force under `flags`.
    pub fn read(source: &Source, flags: &BTreeSet<String>) -> Result<Self, String> {
        let tokens = source.in_force(flags).map_err(|wrong| wrong.to_string())?;
        let read = Parser::new(Items::new(&source.text, &tokens)).theory();
        read.map_err(|wrong| source.wrong(wrong).to_string())
    }

    /// The rule of that name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }
}

impl<'t> Parser<'t> {
    fn new(items: Items<'t>) -> Self {
        let mut words = Vec::new();
        for (place, token) in items.all().enumerate() {
            let (text, kind) = (items.text(place), token.kind);
            let parts = match text {
                "<<" | ">>" => text.split_at(1),
                _ => (text, ""),
            };
            let parts = [parts.0, parts.1].into_iter().filter(|p| !p.is_empty());
            words.extend(parts.map(|text| Word { text, kind, place }));
        }
        let functions = BTreeMap::from([("pair", 2), ("fst", 1), ("snd", 1)]);
        Self {
            items,
            words,
            at: 0,
            functions,
            macros: BTreeMap::new(),
            depth: 0,
            read: 0,
            doubled: 0,
            joined: 0,
        }
    }

    /// The next word; empty after the last.
    pub fn text(&self) -> &'t str {
        self.ahead(0)
    }

    /// The word after so many others.
    pub fn ahead(&self, by: usize) -> &'t str {
        self.words.get(self.at + by).map_or("", |word| word.text)
    }

    /// The place of the next word's token.
    fn place(&self) -> usize {
        self.words
            .get(self.at)
            .map_or(usize::MAX, |word| word.place)
    }

    /// Goes on at the token of that place.
    fn seek(&mut self, place: usize) {
        self.at = self.words.partition_point(|word| word.place < place);
    }

    fn kind(&self) -> Option<Kind> {
        self.words.get(self.at).map(|word| word.kind)
    }

    /// An error at the next word.
    pub fn wrong<T>(&self, what: impl Into<String>) -> Parsed<T> {
        self.items.wrong(self.place(), what)
    }

    /// Takes the next word if it is this one.
    pub fn take(&mut self, text: &str) -> bool {
        let is = self.text() == text && self.at < self.words.len();
        self.at += usize::from(is);
        is
    }

    /// Takes the next word, which must be this one.
    pub fn expect(&mut self, text: &str) -> Parsed<()> {
        match self.take(text) {
            true => Ok(()),
            false => self.wrong(format!("`{text}` is missing before `{}`", self.text())),
        }
    }

    /// Takes the next word, which must be a name.
    pub fn word(&mut self) -> Parsed<String> {
        if self.kind() != Some(Kind::Word) {
            return self.wrong(format!("a name is missing before `{}`", self.text()));
        }
        self.at += 1;
        Ok(self.words[self.at - 1].text.to_owned())
    }

    fn theory(mut self) -> Parsed<Theory> {
        let (mut rules, mut restrictions, mut lemmas) = (Vec::new(), Vec::new(), Vec::new());
        self.expect("theory")?;
        self.word()?;
        self.expect("begin")?;
        loop {
            match self.text() {
                "end" => break,
                "builtins" => self.builtins()?,
                "functions" => self.functions()?,
                "macros" => self.macros()?,
                "rule" => rules.push(self.rule()?),
                "restriction" | "axiom" => restrictions.push(self.property()?),
                "lemma" => lemmas.push(self.property()?),
                // How proofs are searched for says nothing of what holds.
                "heuristic" | "tactic" => self.seek(self.items.next_item(self.place() + 1)),
                other => return self.wrong(format!("`{other}` is not understood")),
            }
        }
        let macros = self.macros.into_iter();
        let macros: BTreeMap<_, _> = macros.map(|(name, is)| (name, is.parameters)).collect();
        let restricted = restrictions
            .iter()
            .flat_map(|r: &Property| r.formula.facts());
        let restricted = restricted.map(str::to_owned).collect();
        Ok(Theory {
            rules,
            restrictions,
            restricted,
            lemmas,
            macros,
            functions: self.functions.into_keys().collect(),
        })
    }

    fn builtins(&mut self) -> Parsed<()> {
        self.at += 1;
        self.expect(":")?;
        loop {
            let name = self.word()?;
            let known = BUILTINS.iter().find(|(is, _)| *is == name);
            let Some((_, functions)) = known else {
                return self.wrong(format!("the built-in theory {name} is not understood"));
            };
            self.functions.extend(functions.iter().copied());
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    fn functions(&mut self) -> Parsed<()> {
        self.at += 1;
        self.expect(":")?;
        loop {
            let name = self.word()?;
            self.expect("/")?;
            let arity = self.word()?;
            let Ok(arity) = arity.parse() else {
                return self.wrong(format!("{arity} is no number of arguments"));
            };
            if self.take("[") {
                return self.wrong("attributes of functions are not understood");
            }
            // The models are few and read once.
            self.functions.insert(String::leak(name), arity);
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    fn macros(&mut self) -> Parsed<()> {
        self.at += 1;
        self.expect(":")?;
        loop {
            let name = self.word()?;
            self.expect("(")?;
            let mut parameters = Vec::new();
            while !self.take(")") {
                parameters.push(self.word()?);
                self.take(",");
            }
            self.expect("=")?;
            let begin = self.at;
            // Read once with the parameters as variables, to find its end and what is wrong in it.
            self.term(&mut InRule::default())?;
            let body = self.words[begin..self.at].to_vec();
            self.macros.insert(name, Macro { parameters, body });
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    /// Reads a part of what is being read, within limits.
    pub(super) fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.read += 1;
        if self.depth == DEPTH || self.read > READ {
            return self.wrong(TOO_MUCH);
        }
        self.depth += 1;
        let part = read(self);
        self.depth -= 1;
        part
    }

    pub fn term(&mut self, variables: &mut dyn Variables) -> Parsed<Pattern> {
        self.within(|parser| parser.term_here(variables))
    }

    fn term_here(&mut self, variables: &mut dyn Variables) -> Parsed<Pattern> {
        if self.take("<") {
            let mut parts = vec![self.term(variables)?];
            while self.take(",") {
                parts.push(self.term(variables)?);
            }
            self.expect(">")?;
            let last = parts.pop();
            let pair = |rest, part| Pattern::App("pair", vec![part, rest]);
            let Some(last) = last else {
                return self.wrong("an empty tuple");
            };
            return Ok(parts.into_iter().rev().fold(last, pair));
        }
        if self.take("(") {
            let inner = self.term(variables)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.kind() == Some(Kind::Name) {
            let name = self.text().trim_matches('\'').to_owned();
            self.at += 1;
            return Ok(Pattern::Name(name));
        }
        let sort = match self.text() {
            "~" => Sort::Fresh,
            "$" => Sort::Public,
            _ => Sort::Message,
        };
        self.at += usize::from(sort != Sort::Message);
        let name = self.word()?;
        if self.text() != "(" || sort != Sort::Message {
            if let (Some((function, 0)), Sort::Message) = (self.function(&name), sort) {
                return Ok(Pattern::App(function, Vec::new()));
            }
            return match variables.variable(sort, &name) {
                Ok(pattern) => self.counted(pattern),
                Err(what) => self.wrong(what),
            };
        }
        let args = self.arguments(variables)?;
        if let Some(known) = self.macros.get(&name) {
            if known.parameters.len() != args.len() {
                return self.wrong(format!("{name} has another number of parameters"));
            }
            let names = known.parameters.clone();
            let body = known.body.clone();
            let given = names.iter().map(String::as_str).zip(args);
            let mut inner = InMacro(given.collect());
            // The body is read in the place of the call.
            let (words, at) = (std::mem::replace(&mut self.words, body), self.at);
            self.at = 0;
            let read = self.term(&mut inner);
            (self.words, self.at) = (words, at);
            return self.counted(read?);
        }
        match self.function(&name) {
            Some((function, arity)) if arity == args.len() => Ok(Pattern::App(function, args)),
            _ => self.wrong(format!("no function is called {name}/{}", args.len())),
        }
    }

    /// A pattern that may be an argument written out, within the limits of what was read.
    fn counted(&mut self, pattern: Pattern) -> Parsed<Pattern> {
        let (size, depth) = pattern.measure();
        self.read += size;
        match self.read > READ || depth > DEPTH {
            true => self.wrong(TOO_MUCH),
            false => Ok(pattern),
        }
    }

    fn function(&self, name: &str) -> Option<(&'static str, usize)> {
        let known = self.functions.get_key_value(name);
        known.map(|(name, arity)| (*name, *arity))
    }

    /// Terms in parentheses.
    pub fn arguments(&mut self, variables: &mut dyn Variables) -> Parsed<Vec<Pattern>> {
        self.expect("(")?;
        let mut args = Vec::new();
        while !self.take(")") {
            args.push(self.term(variables)?);
            if !self.take(",") && self.text() != ")" {
                return self.wrong(format!("`{}` within arguments", self.text()));
            }
        }
        Ok(args)
    }

    fn facts(&mut self, variables: &mut InRule, end: &str) -> Parsed<Vec<Fact>> {
        let mut facts = Vec::new();
        while !self.take(end) {
            let persistent = self.take("!");
            let name = self.word()?;
            if name == "_restrict" {
                return self.wrong("restrictions within rules are not understood");
            }
            let args = self.arguments(variables)?;
            if self.take("[") {
                // How the prover deals with the fact.
                while !self.take("]") {
                    if self.kind().is_none() {
                        return self.wrong("`]` is missing before the end");
                    }
                    self.at += 1;
                }
            }
            facts.push(Fact {
                persistent,
                name,
                args,
            });
            if !self.take(",") && self.text() != end {
                return self.wrong(format!("`{}` within facts", self.text()));
            }
        }
        Ok(facts)
    }

    fn rule(&mut self) -> Parsed<Rule> {
        self.at += 1;
        let name = self.word()?;
        let (_, end) = self.items.attributes(self.place())?;
        self.seek(end);
        self.expect(":")?;
        let mut variables = InRule::default();
        if self.take("let") {
            while !self.take("in") {
                let defined = self.word()?;
                self.expect("=")?;
                let pattern = self.term(&mut variables)?;
                variables.defined.insert(defined, pattern);
            }
        }
        self.expect("[")?;
        let premises = self.facts(&mut variables, "]")?;
        let actions = match self.take("-->") {
            true => Vec::new(),
            false => {
                self.expect("--[")?;
                self.facts(&mut variables, "]->")?
            }
        };
        self.expect("[")?;
        let conclusions = self.facts(&mut variables, "]")?;
        let variables = variables.variables;
        Ok(Rule {
            name,
            variables,
            premises,
            actions,
            conclusions,
        })
    }

    fn property(&mut self) -> Parsed<Property> {
        let header = self.items.header(self.place())?;
        self.seek(header.formula.start);
        let mut scope = Scope::default();
        (self.doubled, self.joined) = (0, 0);
        let formula = self.formula(&mut scope)?;
        if self.place() != header.formula.end {
            return self.wrong(format!("`{}` within a formula", self.text()));
        }
        self.seek(header.end);
        Ok(Property {
            name: header.name,
            quantifier: header.quantifier,
            formula,
            names: scope.names(),
        })
    }
}
