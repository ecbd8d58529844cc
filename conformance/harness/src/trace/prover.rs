//! A trace as a prover prints it (`--output-json`): its nodes in an order that no edge contradicts.

use std::path::Path;

use serde::Deserialize;

use super::evaluate::Trace;
use super::term::{Id, Terms};
use crate::prove::graph::{File, Graph};
use crate::spthy::theory::Theory;

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

/// A trace that a prover printed and that is kept, with its name: that by which it falsified, or found, a lemma
/// of a model under these flags. Of lemmas that fall for the same reason one is kept.
///
/// # Errors
/// If the folder of kept traces is not there, or the trace cannot be read.
pub fn kept(
    root: &Path,
    (model, flags, lemma): (&str, &str, &str),
) -> Result<Option<(String, String)>, String> {
    let folder = root.join("conformance/harness/tests/recorded/traces");
    if !folder.is_dir() {
        return Err(format!("{}: there is no such folder", folder.display()));
    }
    let name = format!("{model}.{flags}.{lemma}.json");
    let path = folder.join(&name);
    match std::fs::read_to_string(&path) {
        Ok(json) => Ok(Some((name, json))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// The traces in a prover's output. Variables that it left open stand for names of their own.
pub fn read(json: &str, theory: &Theory, terms: &mut Terms) -> Result<Vec<Trace>, String> {
    let file: File = serde_json::from_str(json).map_err(|e| e.to_string())?;
    file.graphs
        .iter()
        .map(|graph| trace(graph, theory, terms))
        .collect()
}

fn trace(graph: &Graph, theory: &Theory, terms: &mut Terms) -> Result<Trace, String> {
    let mut trace = Trace::default();
    let nodes = graph.in_time().ok_or("the edges go in a circle")?;
    for (time, node) in (1..).zip(nodes) {
        for fact in node.facts.iter().flat_map(|facts| &facts.actions) {
            let args = fact.terms.iter().map(|t| {
                let t = Term::deserialize(t).map_err(|e| e.to_string())?;
                term(&t, theory, terms)
            });
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
