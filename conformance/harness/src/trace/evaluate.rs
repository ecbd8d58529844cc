//! Formulas over a finite trace.

use std::collections::HashMap;

use super::knowledge::Knowledge;
use super::term::{Bindings, Id, Terms};
use crate::spthy::Quantifier;
use crate::spthy::formula::Formula;
use crate::spthy::theory::{Pattern, Property};

/// An action fact in a trace.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// When.
    pub time: u32,
    /// Its terms.
    pub args: Vec<Id>,
}

/// A trace: action facts, and what the adversary knows when.
#[derive(Debug, Default)]
pub struct Trace {
    facts: HashMap<String, Vec<Occurrence>>,
    /// What the adversary knows. A trace as a prover prints it says it by facts instead.
    pub knowledge: Option<Knowledge>,
}

impl Trace {
    /// An empty trace of which the adversary's knowledge is computed.
    pub fn computed() -> Self {
        Self {
            knowledge: Some(Knowledge::default()),
            ..Self::default()
        }
    }

    /// Adds an action fact.
    pub fn add(&mut self, name: &str, time: u32, args: Vec<Id>) {
        let at = Occurrence { time, args };
        match self.facts.get_mut(name) {
            Some(all) => all.push(at),
            None => {
                self.facts.insert(name.to_owned(), vec![at]);
            }
        }
    }

    /// All action facts, with their names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Occurrence)> {
        let each = self.facts.iter();
        each.flat_map(|(name, all)| all.iter().map(move |at| (name.as_str(), at)))
    }

    /// All action facts of that name.
    pub fn of(&self, name: &str) -> &[Occurrence] {
        self.facts.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A formula that cannot be evaluated, since a variable is bound by no fact.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not guarded: a variable stands in no fact that holds")]
pub struct Unguarded(String);

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Does the formula hold of this trace?
    pub holds: bool,
    /// Where it does not (or, of an `exists-trace` formula, where it does): what its variables stand for.
    pub witness: Vec<(String, String)>,
}

/// Evaluates a property over a trace.
///
/// # Errors
/// If its formula is not guarded.
pub fn evaluate(
    property: &Property,
    trace: &Trace,
    terms: &mut Terms,
) -> Result<Verdict, Unguarded> {
    let (messages, times) = &property.names;
    let mut search = Search {
        trace,
        terms,
        bound: vec![None; messages.len()],
        times: vec![None; times.len()],
        witness: None,
        depth: 0,
    };
    // Of a formula about all traces we look for what contradicts it.
    let wanted = property.quantifier == Quantifier::ExistsTrace;
    let found = search
        .solve(vec![(wanted, &property.formula)])
        .map_err(|Stuck| Unguarded(property.name.clone()))?;
    let (bound, when) = search.witness.unwrap_or_default();
    let named = messages.iter().zip(bound);
    let named = named.filter_map(|(name, id)| Some((name.clone(), terms.show(id?))));
    let timed = times.iter().zip(when);
    let timed = timed.filter_map(|(name, time)| Some((format!("#{name}"), time?.to_string())));
    Ok(Verdict {
        holds: found == wanted,
        witness: named.chain(timed).collect(),
    })
}

struct Stuck;

/// What must be, or must not be.
type Goal<'f> = (bool, &'f Formula);

struct Search<'a> {
    trace: &'a Trace,
    terms: &'a mut Terms,
    bound: Bindings,
    times: Vec<Option<u32>>,
    witness: Option<(Bindings, Vec<Option<u32>>)>,
    depth: usize,
}

/// How a goal can be dealt with.
enum Way {
    Decided(bool),
    /// It binds variables, in about so many ways.
    Binds(usize),
    /// One of two must be.
    Branches,
    /// It speaks of all, so it waits until everything else is bound.
    Waits,
    /// It says nothing while something is not bound.
    Later,
}

impl<'f> Search<'_> {
    /// Is there something that the variables can stand for, so that all goals are as they must be?
    fn solve(&mut self, goals: Vec<Goal<'f>>) -> Result<bool, Stuck> {
        let mut open = Vec::with_capacity(goals.len());
        for goal in goals {
            if !flatten(goal, &mut open) {
                return Ok(false);
            }
        }
        let mut best: Option<(usize, usize)> = None;
        let mut at = 0;
        while at < open.len() {
            let rank = match self.way(open[at]) {
                Way::Decided(false) => return Ok(false),
                Way::Decided(true) => {
                    open.swap_remove(at);
                    // What was last has taken its place.
                    best = best.filter(|(_, place)| *place != open.len());
                    if best.is_none() {
                        at = 0;
                    }
                    continue;
                }
                Way::Binds(ways) => ways,
                Way::Branches => usize::MAX - 2,
                Way::Waits => usize::MAX - 1,
                Way::Later => usize::MAX,
            };
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, at));
            }
            at += 1;
        }
        let Some((rank, place)) = best else {
            if self.depth == 0 {
                self.witness = Some((self.bound.clone(), self.times.clone()));
            }
            return Ok(true);
        };
        if rank == usize::MAX {
            return Err(Stuck);
        }
        let goal = open.swap_remove(place);
        match goal {
            (true, Formula::Fact { name, args, at }) => self.bind_fact(name, args, *at, &open),
            (true, Formula::Equal(a, b)) => self.bind_equal(a, b, &open),
            (true, Formula::Same(a, b)) => {
                let (from, to) = match self.times[*a] {
                    Some(_) => (*a, *b),
                    None => (*b, *a),
                };
                self.times[to] = self.times[from];
                let found = self.solve(open);
                self.times[to] = None;
                found
            }
            (wanted, Formula::Or(a, b) | Formula::And(a, b)) => {
                self.either((wanted, a), (wanted, b), open)
            }
            (true, Formula::Implies(a, b)) => self.either((false, a), (true, b), open),
            // For all that the body speaks of: nothing makes it otherwise.
            (wanted, Formula::Quantified { body, .. }) => {
                self.depth += 1;
                let contradicted = self.solve(vec![(!wanted, body)]);
                self.depth -= 1;
                match contradicted? {
                    true => Ok(false),
                    false => self.solve(open),
                }
            }
            _ => Err(Stuck),
        }
    }

    fn either(&mut self, a: Goal<'f>, b: Goal<'f>, open: Vec<Goal<'f>>) -> Result<bool, Stuck> {
        let with = |goal| {
            let mut goals = open.clone();
            goals.push(goal);
            goals
        };
        Ok(self.solve(with(a))? || self.solve(with(b))?)
    }

    fn way(&mut self, (wanted, formula): Goal<'f>) -> Way {
        match formula {
            Formula::Fact { name, args, at } => {
                let bound = args.iter().all(|arg| arg.is_bound(&self.bound));
                match (bound, self.times[*at]) {
                    (true, Some(time)) => Way::Decided(self.occurs(name, args, time) == wanted),
                    _ if !wanted => Way::Later,
                    (true, None) if self.learns(name) => Way::Binds(1),
                    (false, _) if self.learns(name) => Way::Binds(usize::MAX / 2),
                    (_, Some(_)) => Way::Binds(2),
                    (true, None) => Way::Binds(3),
                    (false, None) => {
                        let free = args.iter().filter(|arg| !arg.is_bound(&self.bound));
                        Way::Binds(4 + free.count() + self.trace.of(name).len())
                    }
                }
            }
            Formula::Less(a, b) => match (self.times[*a], self.times[*b]) {
                (Some(a), Some(b)) => Way::Decided((a < b) == wanted),
                _ => Way::Later,
            },
            Formula::Same(a, b) => match (self.times[*a], self.times[*b]) {
                (Some(a), Some(b)) => Way::Decided((a == b) == wanted),
                (None, None) => Way::Later,
                _ if wanted => Way::Binds(0),
                _ => Way::Later,
            },
            Formula::Equal(a, b) => {
                let (left, right) = (
                    self.terms.build(a, &self.bound),
                    self.terms.build(b, &self.bound),
                );
                match (left, right) {
                    (Some(a), Some(b)) => Way::Decided((a == b) == wanted),
                    (None, None) => Way::Later,
                    _ if wanted => Way::Binds(0),
                    _ => Way::Later,
                }
            }
            Formula::Quantified { .. } => Way::Waits,
            _ => Way::Branches,
        }
    }

    /// Does the fact say what the adversary knows, and do we compute that?
    fn learns(&self, name: &str) -> bool {
        matches!(name, "KU" | "K") && self.trace.knowledge.is_some()
    }

    fn since(&self, id: Id) -> Option<u32> {
        let knowledge = self.trace.knowledge.as_ref()?;
        knowledge.since(self.terms, id)
    }

    fn occurs(&mut self, name: &str, args: &'f [Pattern], time: u32) -> bool {
        let built = args
            .iter()
            .map(|arg| self.terms.build(arg, &self.bound))
            .collect::<Option<Vec<_>>>();
        let Some(built) = built else { return false };
        if self.learns(name) {
            return built.first().and_then(|id| self.since(*id)) == Some(time);
        }
        let mut all = self.trace.of(name).iter();
        all.any(|o| o.time == time && o.args == built)
    }

    fn bind_fact(
        &mut self,
        name: &str,
        args: &'f [Pattern],
        at: usize,
        open: &[Goal<'f>],
    ) -> Result<bool, Stuck> {
        let before = self.times[at];
        if self.learns(name) {
            let [pattern] = args else { return Err(Stuck) };
            let known: Vec<(Id, u32)> = match self.terms.build(pattern, &self.bound) {
                Some(id) => self.since(id).map(|time| (id, time)).into_iter().collect(),
                None => match &self.trace.knowledge {
                    Some(knowledge) => knowledge.learnt().collect(),
                    None => Vec::new(),
                },
            };
            for (id, time) in known {
                if before.is_none_or(|before| before == time)
                    && self.attempt(std::slice::from_ref(pattern), &[id], (at, time), open)?
                {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        // The trace outlives the search.
        let trace = self.trace;
        for occurrence in trace.of(name) {
            let (time, terms) = (occurrence.time, &occurrence.args);
            if before.is_none_or(|before| before == time)
                && terms.len() == args.len()
                && self.attempt(args, terms, (at, time), open)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn attempt(
        &mut self,
        args: &'f [Pattern],
        terms: &[Id],
        (at, time): (usize, u32),
        open: &[Goal<'f>],
    ) -> Result<bool, Stuck> {
        let (before, mut trail) = (self.times[at], Vec::new());
        let mut both = args.iter().zip(terms);
        let fits = both.all(|(arg, id)| match arg {
            // Equations may apply within: what is bound is compared as it is reduced.
            Pattern::App(..) if arg.is_bound(&self.bound) => {
                self.terms.build(arg, &self.bound) == Some(*id)
            }
            _ => self.terms.fits(arg, *id, &mut self.bound, &mut trail),
        });
        self.times[at] = Some(time);
        let found = match fits {
            true => self.solve(open.to_vec()),
            false => Ok(false),
        };
        self.times[at] = before;
        for variable in trail {
            self.bound[variable] = None;
        }
        found
    }

    fn bind_equal(
        &mut self,
        a: &'f Pattern,
        b: &'f Pattern,
        open: &[Goal<'f>],
    ) -> Result<bool, Stuck> {
        let (id, pattern) = match self.terms.build(a, &self.bound) {
            Some(id) => (id, b),
            None => (self.terms.build(b, &self.bound).ok_or(Stuck)?, a),
        };
        let mut trail = Vec::new();
        let found = match self.terms.fits(pattern, id, &mut self.bound, &mut trail) {
            true => self.solve(open.to_vec()),
            false => Ok(false),
        };
        for variable in trail {
            self.bound[variable] = None;
        }
        found
    }
}

/// Takes goals apart into those that stand side by side. Says whether none contradicts.
fn flatten<'f>((wanted, formula): Goal<'f>, open: &mut Vec<Goal<'f>>) -> bool {
    match (wanted, formula) {
        (_, Formula::Truth(truth)) => *truth == wanted,
        (_, Formula::Not(inner)) => flatten((!wanted, inner), open),
        (true, Formula::And(a, b)) => flatten((true, a), open) && flatten((true, b), open),
        (false, Formula::Or(a, b)) => flatten((false, a), open) && flatten((false, b), open),
        (false, Formula::Implies(a, b)) => flatten((true, a), open) && flatten((false, b), open),
        // Each quantifier has variables of its own.
        (_, Formula::Quantified { all, body }) if *all != wanted => flatten((wanted, body), open),
        _ => {
            open.push((wanted, formula));
            true
        }
    }
}
