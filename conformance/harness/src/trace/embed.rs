//! Does a run contain the steps of a trace that a prover found? Each step of the trace must be one of
//! the run, with other names: one name of the run for each of the trace.

use std::collections::BTreeMap;

use super::evaluate::Trace;
use super::term::{Id, Node, Terms};

/// The action facts of one step.
type Step = Vec<(String, Vec<Id>)>;

/// The first step of the trace that the run does not have, whichever steps stand for those before.
///
/// What the adversary does by itself (its knowledge) is no step, and neither is a check (`true` on one
/// side): an attack gets past it.
///
/// # Errors
/// That step.
pub fn contains(
    (run, run_terms): (&Trace, &Terms),
    (trace, trace_terms): (&Trace, &Terms),
) -> Result<(), String> {
    let wanted: Vec<Step> = steps(trace, trace_terms);
    let there: Vec<Step> = steps(run, run_terms);
    let mut search = Search {
        run: run_terms,
        trace: trace_terms,
        there: &there,
        used: vec![false; there.len()],
        names: BTreeMap::new(),
        furthest: 0,
    };
    if search.from(&wanted) {
        return Ok(());
    }
    let step = &wanted[wanted.len() - search.furthest.max(1)..];
    let facts = step.first().into_iter().flatten();
    let facts = facts.map(|(name, args)| {
        let args: Vec<_> = args.iter().map(|arg| trace_terms.show(*arg)).collect();
        format!("{name}({})", args.join(", "))
    });
    Err(facts.collect::<Vec<_>>().join(", "))
}

fn steps(trace: &Trace, terms: &Terms) -> Vec<Step> {
    let mut by_time: BTreeMap<u32, Step> = BTreeMap::new();
    for (name, occurrence) in trace.all() {
        let is_true = |arg: &Id| matches!(terms.node(*arg), Node::App("true", _));
        let check = occurrence.args.iter().any(is_true);
        if !check && !["K", "KU"].contains(&name) {
            let step = by_time.entry(occurrence.time).or_default();
            step.push((name.to_owned(), occurrence.args.clone()));
        }
    }
    by_time.into_values().collect()
}

struct Search<'s> {
    run: &'s Terms,
    trace: &'s Terms,
    there: &'s [Step],
    used: Vec<bool>,
    /// What the names of the trace stand for.
    names: BTreeMap<Id, Id>,
    /// How few steps were left at best.
    furthest: usize,
}

impl Search<'_> {
    fn from(&mut self, wanted: &[Step]) -> bool {
        let [first, rest @ ..] = wanted else {
            return true;
        };
        if self.furthest == 0 || wanted.len() < self.furthest {
            self.furthest = wanted.len();
        }
        for at in 0..self.there.len() {
            if self.used[at] {
                continue;
            }
            self.used[at] = true;
            if self.step(first, at, rest) {
                return true;
            }
            self.used[at] = false;
        }
        false
    }

    /// The facts of a step, each one of those of the step that is to stand for it; then what is left.
    fn step(&mut self, wanted: &[(String, Vec<Id>)], at: usize, rest: &[Step]) -> bool {
        let [(name, args), more @ ..] = wanted else {
            return self.from(rest);
        };
        let there = self.there;
        for (is, of) in &there[at] {
            let before = self.names.clone();
            let mut both = args.iter().zip(of);
            let fits = is == name && args.len() == of.len();
            if fits && both.all(|(a, b)| self.term(*a, *b)) && self.step(more, at, rest) {
                return true;
            }
            self.names = before;
        }
        false
    }

    /// Names that the prover left open stand for anything; a fresh one for no other's.
    fn term(&mut self, wanted: Id, there: Id) -> bool {
        match self.trace.node(wanted) {
            Node::App(function, args) => match self.run.node(there) {
                Node::App(is, of) if is == function && args.len() == of.len() => {
                    let mut both = args.iter().zip(of);
                    both.all(|(a, b)| self.term(*a, *b))
                }
                _ => false,
            },
            Node::Public(name) if !name.starts_with('$') => {
                matches!(self.run.node(there), Node::Public(is) if is == name)
            }
            node => match self.names.get(&wanted) {
                Some(known) => *known == there,
                None => {
                    let fresh = matches!(node, Node::Fresh(_));
                    let taken = |(own, is): (&Id, &Id)| {
                        *is == there && matches!(self.trace.node(*own), Node::Fresh(_))
                    };
                    let free = !fresh || !self.names.iter().any(taken);
                    if free {
                        self.names.insert(wanted, there);
                    }
                    free
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_and_more_steps_but_no_other_structure() {
        let (mut a, mut b) = (Terms::default(), Terms::default());
        let (mut trace, mut run) = (Trace::default(), Trace::default());
        let (user, key, kind) = (a.public("$U"), a.fresh("key"), a.public("DSK"));
        let public = a.app("pk", vec![key]);
        trace.add("NewKey", 1, vec![user, kind, public]);
        trace.add("Record", 2, vec![user, key]);
        let (own, d, other) = (b.public("account"), b.fresh("d"), b.fresh("other"));
        let (dsk, tdsk) = (b.public("DSK"), b.public("TDSK"));
        let (half, strange) = (b.app("pk", vec![d]), b.app("pk", vec![other]));
        run.add("NewKey", 2, vec![own, dsk, strange]);
        run.add("NewKey", 4, vec![own, tdsk, half]);
        run.add("Record", 8, vec![own, d]);
        let missing = contains((&run, &b), (&trace, &a)).unwrap_err();
        assert_eq!(missing, "Record('$U', ~key)");
        run.add("NewKey", 6, vec![own, dsk, half]);
        assert_eq!(contains((&run, &b), (&trace, &a)), Ok(()));
    }
}
