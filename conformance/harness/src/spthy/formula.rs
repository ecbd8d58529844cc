//! The formulas of lemmas and restrictions: first-order logic over action facts and time points, as
//! in the Tamarin manual.

use super::preprocess::Wrong;
use super::theory::{Parser, Pattern, Sort, Variables};

/// A formula. Variables have numbers, one for each that a quantifier binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// `T`, `F`.
    Truth(bool),
    /// `Fact(…)@i`.
    Fact {
        /// The fact's name.
        name: String,
        /// Its terms.
        args: Vec<Pattern>,
        /// The time point.
        at: usize,
    },
    /// `#i < #j`.
    Less(usize, usize),
    /// `#i = #j`.
    Same(usize, usize),
    /// `x = y`.
    Equal(Pattern, Pattern),
    /// `not F`.
    Not(Box<Formula>),
    /// `F & G`.
    And(Box<Formula>, Box<Formula>),
    /// `F | G`.
    Or(Box<Formula>, Box<Formula>),
    /// `F ==> G`.
    Implies(Box<Formula>, Box<Formula>),
    /// `All x #i. F`, `Ex x #i. F`.
    Quantified {
        /// `All`, or `Ex`.
        all: bool,
        /// The formula that is quantified.
        body: Box<Formula>,
    },
}

impl Formula {
    /// The names of its facts.
    pub fn facts(&self) -> Vec<&str> {
        match self {
            Self::Fact { name, .. } => vec![name],
            Self::Not(f) | Self::Quantified { body: f, .. } => f.facts(),
            Self::And(f, g) | Self::Or(f, g) | Self::Implies(f, g) => {
                [f.facts(), g.facts()].concat()
            }
            Self::Truth(_) | Self::Less(..) | Self::Same(..) | Self::Equal(..) => Vec::new(),
        }
    }
}

/// The variables in scope, and how many there were in all.
#[derive(Default)]
pub struct Scope {
    terms: Vec<(String, usize)>,
    times: Vec<(String, usize)>,
    /// Every variable that was bound: for terms, for time points.
    names: (Vec<String>, Vec<String>),
}

impl Scope {
    /// The names of all variables, by their numbers: for terms, for time points.
    pub fn names(self) -> (Vec<String>, Vec<String>) {
        self.names
    }

    fn time(&self, name: &str) -> Option<usize> {
        let bound = self.times.iter().rev().find(|(is, _)| is == name);
        bound.map(|(_, at)| *at)
    }
}

impl Variables for Scope {
    fn variable(&mut self, sort: Sort, name: &str) -> Result<Pattern, String> {
        let bound = self.terms.iter().rev().find(|(is, _)| is == name);
        let bound = bound.map(|(_, at)| Pattern::Var(*at, sort));
        bound.ok_or_else(|| format!("no quantifier binds {name}"))
    }
}

type Parsed<T> = Result<T, Wrong>;

/// The most `<=>` of a formula.
const EQUIVALENCES: usize = 8;

/// The most `&` and `|` of a formula.
const JOINED: usize = 1_000;

impl Parser<'_> {
    pub(super) fn formula(&mut self, scope: &mut Scope) -> Parsed<Formula> {
        self.within(|parser| parser.equivalence(scope))
    }

    fn equivalence(&mut self, scope: &mut Scope) -> Parsed<Formula> {
        let left = self.implication(scope)?;
        if !self.take("<=>") && !self.take("⇔") {
            return Ok(left);
        }
        let right = self.formula(scope)?;
        // Each doubles what stands on both sides.
        self.doubled += 1;
        if self.doubled > EQUIVALENCES {
            return self.wrong(format!("more than {EQUIVALENCES} `<=>` in one formula"));
        }
        let (a, b) = (Box::new(left), Box::new(right));
        let forth = Formula::Implies(a.clone(), b.clone());
        Ok(Formula::And(
            Box::new(forth),
            Box::new(Formula::Implies(b, a)),
        ))
    }

    fn implication(&mut self, scope: &mut Scope) -> Parsed<Formula> {
        let left = self.disjunction(scope)?;
        if !self.take("==>") && !self.take("⇒") {
            return Ok(left);
        }
        let right = self.within(|parser| parser.implication(scope))?;
        Ok(Formula::Implies(Box::new(left), Box::new(right)))
    }

    /// Takes one of these connectives, so many times at most in one formula.
    fn another(&mut self, connectives: &[&str]) -> Parsed<bool> {
        let is = connectives.iter().any(|text| self.take(text));
        self.joined += usize::from(is);
        match self.joined > JOINED {
            true => self.wrong(format!("more than {JOINED} parts of one formula")),
            false => Ok(is),
        }
    }

    fn disjunction(&mut self, scope: &mut Scope) -> Parsed<Formula> {
        let mut left = self.conjunction(scope)?;
        while self.another(&["|", "∨"])? {
            let right = self.conjunction(scope)?;
            left = Formula::Or(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn conjunction(&mut self, scope: &mut Scope) -> Parsed<Formula> {
        let mut left = self.negation(scope)?;
        while self.another(&["&", "∧"])? {
            let right = self.negation(scope)?;
            left = Formula::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn negation(&mut self, scope: &mut Scope) -> Parsed<Formula> {
        match self.take("not") || self.take("¬") {
            true => {
                let inner = self.within(|parser| parser.negation(scope))?;
                Ok(Formula::Not(Box::new(inner)))
            }
            false => self.atom(scope),
        }
    }

    fn atom(&mut self, scope: &mut Scope) -> Parsed<Formula> {
        let all = matches!(self.text(), "All" | "∀");
        if all || matches!(self.text(), "Ex" | "∃") {
            return self.quantified(all, scope);
        }
        for (text, truth) in [("T", true), ("F", false), ("⊤", true), ("⊥", false)] {
            if self.text() == text && self.ahead(1) != "(" {
                self.at += 1;
                return Ok(Formula::Truth(truth));
            }
        }
        if self.take("(") {
            let inner = self.formula(scope)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let is_time = self.text() == "#"
            || scope
                .time(self.text())
                .is_some_and(|_| self.ahead(1) == "<");
        if is_time {
            let left = self.time(scope)?;
            let less = self.take("<");
            if !less {
                self.expect("=")?;
            }
            let right = self.time(scope)?;
            return Ok(match less {
                true => Formula::Less(left, right),
                false => Formula::Same(left, right),
            });
        }
        let begin = self.at;
        let persistent = self.take("!");
        if self.ahead(1) == "(" && (persistent || self.is_fact()) {
            let name = self.word()?;
            let args = self.arguments(scope)?;
            self.expect("@")?;
            let at = self.time(scope)?;
            return Ok(Formula::Fact { name, args, at });
        }
        self.at = begin;
        let left = self.term(scope)?;
        self.expect("=")?;
        let right = self.term(scope)?;
        Ok(Formula::Equal(left, right))
    }

    /// Facts begin with a capital letter, functions do not.
    fn is_fact(&self) -> bool {
        self.text().starts_with(char::is_uppercase)
    }

    fn time(&mut self, scope: &Scope) -> Parsed<usize> {
        self.take("#");
        let name = self.word()?;
        match scope.time(&name) {
            Some(at) => Ok(at),
            None => self.wrong(format!("no quantifier binds #{name}")),
        }
    }

    fn quantified(&mut self, all: bool, scope: &mut Scope) -> Parsed<Formula> {
        self.at += 1;
        let (terms, times) = (scope.terms.len(), scope.times.len());
        while !self.take(".") {
            let time = self.take("#");
            if !time && !self.take("~") {
                self.take("$");
            }
            let name = self.word()?;
            if time {
                scope.times.push((name.clone(), scope.names.1.len()));
                scope.names.1.push(name);
            } else {
                scope.terms.push((name.clone(), scope.names.0.len()));
                scope.names.0.push(name);
            }
        }
        let body = Box::new(self.formula(scope)?);
        scope.terms.truncate(terms);
        scope.times.truncate(times);
        Ok(Formula::Quantified { all, body })
    }
}
