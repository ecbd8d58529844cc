//! A trace that a prover found, as a picture by Graphviz and in words.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use super::graph::{Fact, File, Graph, Node};
use super::plan::Unit;
use conformance_common::process::{Limits, run};
use conformance_common::store::store;

/// Keeps the trace of a lemma in a directory: `….json` and `….dot` as the prover wrote them,
/// `….md` in words, and `….svg` where Graphviz is installed. A proof without a trace leaves none.
///
/// # Errors
/// If they cannot be written.
pub fn keep(unit: &Unit<'_>, json: &Path, dot: &Path, into: &Path) -> std::io::Result<()> {
    let (json, dot) = (
        std::fs::read_to_string(json)?,
        std::fs::read_to_string(dot)?,
    );
    let Ok(File { graphs }) = serde_json::from_str::<File>(&json) else {
        return Err(std::io::Error::other(
            "the prover's trace is not understood",
        ));
    };
    let Some(graph) = graphs.first() else {
        return Ok(());
    };
    std::fs::create_dir_all(into)?;
    let base = unit.id.replace('/', ".");
    let at = |extension: &str| into.join(format!("{base}.{extension}"));
    let sentence = unit.lemma.map_or("", |l| l.sentence.as_str());
    let words = words(&unit.id, sentence, graph);
    store(&at("json"), json.as_bytes())?;
    store(&at("dot"), dot.as_bytes())?;
    store(&at("md"), words.as_bytes())?;
    if let Some(svg) = picture(&dot) {
        store(&at("svg"), &svg)?;
    }
    Ok(())
}

/// A graph in Graphviz's language as SVG, where Graphviz is installed and draws it within a minute.
fn picture(dot: &str) -> Option<Vec<u8>> {
    let directory = tempfile::tempdir().ok()?;
    let path = directory.path().join("trace.dot");
    // The first graph, if there are several.
    let end = dot
        .match_indices("\ndigraph")
        .next()
        .map_or(dot.len(), |(at, _)| at);
    std::fs::write(&path, &dot[..end]).ok()?;
    let mut command = Command::new("dot");
    command.arg("-Tsvg").arg(&path);
    let drawn = run(command, Limits::SHORT, &AtomicBool::new(false)).ok()?;
    (drawn.code == 0).then_some(drawn.output)
}

fn words(id: &str, sentence: &str, graph: &Graph) -> String {
    let mut out = format!("# Trace of `{id}`\n\n");
    if !sentence.is_empty() {
        let _ = writeln!(out, "The lemma says: {sentence}\n");
    }
    // Edges in a circle are no trace; the prover's own order is as good then as any.
    let nodes = graph.in_time().unwrap_or_else(|| graph.nodes());
    let steps = nodes.into_iter().filter_map(step);
    for (at, text) in steps.enumerate() {
        let _ = writeln!(out, "{}. {text}", at + 1);
    }
    out
}

/// A node in words, unless it is only the attacker's bookkeeping.
fn step(node: &Node) -> Option<String> {
    let facts = node.facts.as_ref()?;
    let inner = |fact: &Fact| {
        let (_, inner) = fact.show.split_once('(')?;
        Some(inner.strip_suffix(')')?.trim().to_owned())
    };
    let first = |facts: &[Fact]| facts.first().and_then(inner);
    match node.kind.as_str() {
        "isProtocolRule" => {
            let mut text = format!("**{}** runs", node.label);
            let names = |facts: &[Fact], name: &str| {
                let of = facts.iter().filter(|f| f.name == name).filter_map(inner);
                of.map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", ")
            };
            let (takes, gives) = (
                names(&facts.premises, "In"),
                names(&facts.conclusions, "Out"),
            );
            if !takes.is_empty() {
                let _ = write!(text, " on {takes} from the network");
            }
            let actions: Vec<_> = facts
                .actions
                .iter()
                .map(|f| format!("`{}`", f.show))
                .collect();
            if !actions.is_empty() {
                let _ = write!(text, ": {}", actions.join(", "));
            }
            if !gives.is_empty() {
                let _ = write!(text, "; it sends {gives}");
            }
            Some(text + ".")
        }
        "isISendRule" => Some(format!("The attacker sends `{}`.", first(&facts.actions)?)),
        "isConstrRule" => {
            let made = first(&facts.conclusions)?;
            let from: Vec<_> = facts.premises.iter().filter_map(inner).collect();
            match from.is_empty() {
                true => None,
                // A message as it came from the network.
                false if from == [made.as_str()] => None,
                false => Some(format!(
                    "The attacker makes `{made}` from `{}`.",
                    from.join("`, `")
                )),
            }
        }
        "isDestrRule" => Some(format!(
            "The attacker takes `{}` apart.",
            first(&facts.premises)?
        )),
        _ => None,
    }
}
