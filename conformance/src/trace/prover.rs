//! A trace as a prover prints it (`--output-json`): its nodes in an order that no edge contradicts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::evaluate::Trace;
use super::term::{Id, Terms};
use super::theory::Theory;

#[derive(Deserialize)]
struct File {
    graphs: Vec<Graph>,
}

#[derive(Deserialize)]
struct Graph {
    #[serde(rename = "jgEdges", default)]
    edges: Vec<Edge>,
    #[serde(rename = "jgNodes", default)]
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Edge {
    #[serde(rename = "jgeSource")]
    source: String,
    #[serde(rename = "jgeTarget")]
    target: String,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "jgnId")]
    id: String,
    #[serde(rename = "jgnMetadata", default)]
    facts: Option<Facts>,
}

#[derive(Deserialize)]
struct Facts {
    #[serde(rename = "jgnActs", default)]
    actions: Vec<Fact>,
}

#[derive(Deserialize)]
struct Fact {
    #[serde(rename = "jgnFactName", default)]
    name: String,
    #[serde(rename = "jgnFactTerms", default)]
    terms: Vec<Term>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Term {
    Const {
        #[serde(rename = "jgnConst")]
        name: String,
    },
    Apply {
        #[serde(rename = "jgnFunct")]
        function: String,
        #[serde(rename = "jgnParams", default)]
        args: Vec<Term>,
    },
}

/// The traces in a prover's output. Variables that it left open stand for names of their own.
///
/// # Errors
/// What is not understood.
pub fn read(json: &str, theory: &Theory, terms: &mut Terms) -> Result<Vec<Trace>, String> {
    let file: File = serde_json::from_str(json).map_err(|e| e.to_string())?;
    file.graphs
        .iter()
        .map(|graph| trace(graph, theory, terms))
        .collect()
}

fn trace(graph: &Graph, theory: &Theory, terms: &mut Terms) -> Result<Trace, String> {
    let node = |end: &str| end.split(':').next().unwrap_or(end).to_owned();
    let mut before: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for edge in &graph.edges {
        let (from, to) = (node(&edge.source), node(&edge.target));
        if from != to {
            before.entry(to).or_default().insert(from);
        }
    }
    let mut trace = Trace::default();
    let mut open: Vec<&Node> = graph.nodes.iter().collect();
    let mut time = 0;
    while !open.is_empty() {
        let free = open.iter().position(|n| {
            let needs = before.get(&n.id);
            !needs.is_some_and(|needs| open.iter().any(|o| needs.contains(&o.id)))
        });
        let node = open.remove(free.ok_or("the edges go in a circle")?);
        time += 1;
        for fact in node.facts.iter().flat_map(|facts| &facts.actions) {
            let args = fact.terms.iter().map(|t| term(t, theory, terms));
            let args = args.collect::<Result<Vec<_>, _>>()?;
            trace.add(fact.name.trim_start_matches('!'), time, args);
        }
    }
    Ok(trace)
}

fn term(term: &Term, theory: &Theory, terms: &mut Terms) -> Result<Id, String> {
    Ok(match term {
        Term::Const { name } => match name.strip_prefix('\'').and_then(|n| n.strip_suffix('\'')) {
            Some(public) => terms.public(public),
            // A variable that stands for a public name is not the name that is written like it.
            None if name.starts_with('$') => terms.public(name),
            None => terms.fresh(name),
        },
        Term::Apply { function, args } => {
            let args = args.iter().map(|arg| self::term(arg, theory, terms));
            let args = args.collect::<Result<Vec<_>, _>>()?;
            let known = theory.functions.get(function.as_str());
            terms.app(
                known.ok_or_else(|| format!("no function is called {function}"))?,
                args,
            )
        }
    })
}
