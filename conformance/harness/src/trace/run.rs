//! Is a log a run of the model? Every step must be an instance of its rule: the facts that the rule
//! needs are there, fresh names are fresh, and what comes from the network the adversary can make.

use std::collections::HashMap;

use super::evaluate::{Trace, Unguarded, Verdict, evaluate};
use super::knowledge::Knowledge;
use super::term::{Bindings, Id, Node, Terms};
use crate::spthy::theory::{Fact, Pattern, Rule, Sort, Theory};

/// What a variable of a rule stands for in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A public name.
    Name(String),
    /// A fresh name.
    Fresh(String),
    /// The public half of a fresh name.
    Public(String),
}

/// A step of a log: a rule, and what its variables stand for. What follows from the state of the
/// model, or from what is on the network, may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule's name.
    pub rule: String,
    /// What variables stand for, by their names without sorts.
    pub values: Vec<(String, Value)>,
}

/// A step that is no instance of its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Which step of the log, from 0.
    pub step: usize,
    pub rule: String,
    /// What the model does not have.
    pub why: String,
}

/// A log that is followed through the model.
pub struct Run<'t> {
    theory: &'t Theory,
    pub terms: Terms,
    /// What the steps did.
    pub trace: Trace,
    state: HashMap<String, Vec<Vec<Id>>>,
    steps: u32,
    /// The steps that are no instances.
    pub departures: Vec<Departure>,
}

impl<'t> Run<'t> {
    /// A run that has not begun.
    pub fn new(theory: &'t Theory) -> Self {
        let trace = Trace::computed();
        Self {
            theory,
            terms: Terms::default(),
            trace,
            state: HashMap::new(),
            steps: 0,
            departures: Vec::new(),
        }
    }

    /// How many steps there were.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    fn knowledge(&self) -> &Knowledge {
        static NONE: std::sync::LazyLock<Knowledge> = std::sync::LazyLock::new(Knowledge::default);
        self.trace.knowledge.as_ref().unwrap_or(&NONE)
    }

    /// Makes a step. If it is no instance of its rule that is noted, and what it says of itself is
    /// taken down nevertheless: the lemmas are about what was done.
    pub fn step(&mut self, step: &Step) {
        self.steps += 1;
        let Some(rule) = self.theory.rule(&step.rule) else {
            return self.depart(step, "the model has no such rule".to_owned());
        };
        let mut bound: Bindings = vec![None; rule.variables.len()];
        for (name, value) in &step.values {
            let Some(variable) = rule.variable(name) else {
                let why = format!("the rule has no variable {name}");
                return self.depart(step, why);
            };
            let sort = rule.variables[variable].0;
            let id = match value {
                Value::Name(name) => self.terms.public(name),
                Value::Fresh(name) => self.terms.fresh(name),
                Value::Public(name) => {
                    let private = self.terms.fresh(name);
                    self.terms.app("pk", vec![private])
                }
            };
            let fits = match sort {
                Sort::Message => true,
                Sort::Public => matches!(self.terms.node(id), Node::Public(_)),
                Sort::Fresh => matches!(self.terms.node(id), Node::Fresh(_)),
            };
            if !fits {
                let why = format!("{name} cannot stand for {}", self.terms.show(id));
                return self.depart(step, why);
            }
            bound[variable] = Some(id);
        }
        let mut search = Instance {
            run: self,
            rule,
            bound,
            used: Vec::new(),
            furthest: 0,
            best: None,
        };
        let is_instance = search.premises(0);
        let (found, best, furthest) = (search.bound, search.best, search.furthest);
        let used = search.used;
        let mut bound = if is_instance {
            found
        } else {
            best.unwrap_or(found)
        };
        for (number, (sort, name)) in rule.variables.iter().enumerate() {
            // What nobody has seen has no name in the log.
            if *sort == Sort::Fresh && bound[number].is_none() {
                let name = format!("{name} of step {}", self.steps);
                bound[number] = Some(self.terms.fresh(&name));
            }
        }
        if is_instance {
            self.consume(rule, &used);
        } else {
            let why = self.missing(rule, furthest, &bound);
            self.depart(step, why);
        }
        self.conclude(rule, &bound);
    }

    fn depart(&mut self, step: &Step, why: String) {
        self.departures.push(Departure {
            step: self.steps as usize - 1,
            rule: step.rule.clone(),
            why,
        });
    }

    fn missing(&self, rule: &Rule, furthest: usize, bound: &Bindings) -> String {
        match ordered(rule).get(furthest) {
            Some(fact) => {
                let text = self.show(rule, fact, bound);
                match fact.name.as_str() {
                    "In" => format!("the adversary cannot make what is received: {text}"),
                    "Fr" => format!("not fresh: {text}"),
                    _ => format!("nothing made {text}"),
                }
            }
            None => "the premises contradict each other".to_owned(),
        }
    }

    fn show(&self, rule: &Rule, fact: &Fact, bound: &Bindings) -> String {
        let args: Vec<_> = fact
            .args
            .iter()
            .map(|a| self.show_pattern(rule, a, bound))
            .collect();
        format!("{}({})", fact.name, args.join(", "))
    }

    fn show_pattern(&self, rule: &Rule, pattern: &Pattern, bound: &Bindings) -> String {
        match pattern {
            Pattern::Var(at, _) => match bound[*at] {
                Some(id) => self.terms.show(id),
                None => format!("{}?", rule.variables[*at].1),
            },
            Pattern::Name(name) => format!("'{name}'"),
            Pattern::App(function, args) => {
                let args = args.iter().map(|a| self.show_pattern(rule, a, bound));
                let args: Vec<_> = args.collect();
                format!("{function}({})", args.join(", "))
            }
        }
    }

    fn consume(&mut self, rule: &Rule, used: &[(usize, Vec<Id>)]) {
        for (place, args) in used {
            let fact = ordered(rule)[*place];
            if fact.persistent || matches!(fact.name.as_str(), "In" | "Fr") {
                continue;
            }
            if let Some(there) = self.state.get_mut(&fact.name)
                && let Some(at) = there.iter().position(|is| is == args)
            {
                there.swap_remove(at);
            }
        }
    }

    /// Time points of steps are even, what the adversary learns from a step lies after it.
    fn conclude(&mut self, rule: &Rule, bound: &Bindings) {
        let time = 2 * self.steps;
        for fact in rule.premises.iter().filter(|fact| fact.name == "Fr") {
            if let Some(id) = fact
                .args
                .first()
                .and_then(|arg| self.terms.build(arg, bound))
                && let Some(knowledge) = &mut self.trace.knowledge
            {
                knowledge.make(id);
            }
        }
        for fact in &rule.actions {
            if let Some(args) = self.build(fact, bound) {
                self.trace.add(&fact.name, time, args);
            }
        }
        for fact in &rule.conclusions {
            let Some(args) = self.build(fact, bound) else {
                continue;
            };
            if fact.name == "Out" {
                if let (Some(knowledge), Some(id)) = (&mut self.trace.knowledge, args.first()) {
                    knowledge.learn(&self.terms, *id, time + 1);
                }
                continue;
            }
            let there = self.state.entry(fact.name.clone()).or_default();
            if !fact.persistent || !there.contains(&args) {
                there.push(args);
            }
        }
    }

    fn build(&mut self, fact: &Fact, bound: &Bindings) -> Option<Vec<Id>> {
        let args = fact.args.iter().map(|arg| self.terms.build(arg, bound));
        args.collect()
    }

    /// The restrictions that the run does not keep: it is no run of the model then.
    pub fn broken_restrictions(&mut self) -> Result<Vec<(String, Verdict)>, Unguarded> {
        let mut broken = Vec::new();
        for restriction in &self.theory.restrictions {
            let verdict = evaluate(restriction, &self.trace, &mut self.terms)?;
            if !verdict.holds {
                broken.push((restriction.name.clone(), verdict));
            }
        }
        Ok(broken)
    }

    /// What each lemma says of the run.
    pub fn lemmas(&mut self) -> Result<Vec<(&'t str, Verdict)>, Unguarded> {
        let mut all = Vec::new();
        for lemma in &self.theory.lemmas {
            let verdict = evaluate(lemma, &self.trace, &mut self.terms)?;
            all.push((lemma.name.as_str(), verdict));
        }
        Ok(all)
    }
}

/// The premises in the order in which they are looked at: state, fresh names, then the network.
fn ordered(rule: &Rule) -> Vec<&Fact> {
    let rank = |fact: &&Fact| match fact.name.as_str() {
        "In" => 2,
        "Fr" => 1,
        _ => 0,
    };
    let mut premises: Vec<&Fact> = rule.premises.iter().collect();
    premises.sort_by_key(rank);
    premises
}

/// The search for what the variables of a rule stand for.
struct Instance<'r, 't> {
    run: &'r mut Run<'t>,
    rule: &'t Rule,
    bound: Bindings,
    used: Vec<(usize, Vec<Id>)>,
    furthest: usize,
    best: Option<Bindings>,
}

impl Instance<'_, '_> {
    fn premises(&mut self, place: usize) -> bool {
        let premises = ordered(self.rule);
        let Some(fact) = premises.get(place) else {
            return true;
        };
        if self.best.is_none() || place > self.furthest {
            (self.furthest, self.best) = (place, Some(self.bound.clone()));
        }
        match fact.name.as_str() {
            "Fr" => {
                let made = fact
                    .args
                    .first()
                    .and_then(|arg| self.run.terms.build(arg, &self.bound));
                // A fresh name of which nothing is said is one that nobody sees.
                let fresh = made.is_none_or(|id| !self.run.knowledge().is_made(id));
                fresh && self.premises(place + 1)
            }
            "In" => {
                let before = self.bound.clone();
                self.signatures();
                // Now also what a signature must have been is known.
                self.best = Some(self.bound.clone()).filter(|_| place >= self.furthest);
                let mut parts = Vec::new();
                fact.args.iter().for_each(|arg| components(arg, &mut parts));
                let found = self.received(&parts, place);
                if !found {
                    self.bound = before;
                }
                found
            }
            _ => {
                let there = self.run.state.get(&fact.name).cloned().unwrap_or_default();
                let mut any = false;
                for args in there {
                    let mut trail = Vec::new();
                    let mut both = fact.args.iter().zip(&args);
                    let fits = fact.args.len() == args.len()
                        && both.all(|(pattern, id)| {
                            self.run
                                .terms
                                .fits(pattern, *id, &mut self.bound, &mut trail)
                        });
                    self.used.push((place, args.clone()));
                    if fits && self.premises(place + 1) {
                        any = true;
                        break;
                    }
                    self.used.pop();
                    for variable in trail {
                        self.bound[variable] = None;
                    }
                }
                any
            }
        }
    }

    /// Each part of what is received: made by the adversary, or one of what went over the network.
    fn received(&mut self, parts: &[&Pattern], place: usize) -> bool {
        let ready = parts.iter().position(|part| part.is_bound(&self.bound));
        if let Some(at) = ready {
            let id = self.run.terms.build(parts[at], &self.bound);
            let known = id.and_then(|id| self.run.knowledge().since(&self.run.terms, id));
            let mut rest = parts.to_vec();
            rest.swap_remove(at);
            return known.is_some() && self.received(&rest, place);
        }
        let open = |part: &&Pattern| matches!(part, Pattern::App(..));
        let Some(at) = parts.iter().position(open) else {
            // What is left are variables of which nothing is said: the adversary chooses.
            return self.premises(place + 1);
        };
        let mut rest = parts.to_vec();
        let part = rest.swap_remove(at);
        let Pattern::App(function, _) = part else {
            return false;
        };
        for id in self.run.knowledge().of_function(function).to_vec() {
            let mut trail = Vec::new();
            if self.run.terms.fits(part, id, &mut self.bound, &mut trail)
                && self.received(&rest, place)
            {
                return true;
            }
            for variable in trail {
                self.bound[variable] = None;
            }
        }
        // Or the adversary makes it, with names of its own where nothing says what is there.
        let before = self.bound.clone();
        part.variables(&mut |at| {
            let own = format!("chosen {at} in step {}", self.run.steps);
            let own = match self.rule.variables[at].0 {
                Sort::Public => self.run.terms.public(&own),
                Sort::Message | Sort::Fresh => self.run.terms.fresh(&own),
            };
            self.bound[at].get_or_insert(own);
        });
        let found = self.received(parts, place);
        if !found {
            self.bound = before;
        }
        found
    }

    /// A signature that the rule verifies under a key is the signature with its private half; unless
    /// the model, under these flags, has nobody look at what the verification says.
    fn signatures(&mut self) {
        let checked = |fact: &&Fact| self.run.theory.restricted.contains(&fact.name);
        for fact in self.rule.actions.iter().filter(checked) {
            for arg in &fact.args {
                let Pattern::App("verify", args) = arg else {
                    continue;
                };
                let [Pattern::Var(at, _), message, key] = args.as_slice() else {
                    continue;
                };
                let terms = &mut self.run.terms;
                let message = terms.build(message, &self.bound);
                let key = terms.build(key, &self.bound);
                let key = key.and_then(|key| terms.argument(key, "pk", 0));
                if let (None, Some(message), Some(key)) = (self.bound[*at], message, key) {
                    self.bound[*at] = Some(terms.app("sign", vec![message, key]));
                }
            }
        }
    }
}

/// The parts of a tuple.
fn components<'p>(pattern: &'p Pattern, parts: &mut Vec<&'p Pattern>) {
    match pattern {
        Pattern::App("pair", args) => args.iter().for_each(|arg| components(arg, parts)),
        other => parts.push(other),
    }
}
