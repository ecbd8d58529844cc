//! The graph of a trace, as a prover prints it (`--output-json`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// What a prover prints for a lemma.
#[derive(Deserialize)]
pub struct File {
    /// Its traces.
    pub graphs: Vec<Graph>,
}

/// One trace.
#[derive(Deserialize)]
pub struct Graph {
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

/// A step.
#[derive(Deserialize)]
pub struct Node {
    #[serde(rename = "jgnId")]
    id: String,
    /// The rule's name.
    #[serde(rename = "jgnLabel", default)]
    pub label: String,
    /// The rule's kind.
    #[serde(rename = "jgnType", default)]
    pub kind: String,
    #[serde(rename = "jgnMetadata", default)]
    pub facts: Option<Facts>,
}

/// The facts of a step.
#[derive(Deserialize)]
pub struct Facts {
    #[serde(rename = "jgnActs", default)]
    pub actions: Vec<Fact>,
    #[serde(rename = "jgnPrems", default)]
    pub premises: Vec<Fact>,
    #[serde(rename = "jgnConcs", default)]
    pub conclusions: Vec<Fact>,
}

#[derive(Deserialize)]
pub struct Fact {
    #[serde(rename = "jgnFactName", default)]
    pub name: String,
    /// All of it, as a person reads it.
    #[serde(rename = "jgnFactShow", default)]
    pub show: String,
    /// Its terms, which not every reader must understand.
    #[serde(rename = "jgnFactTerms", default)]
    pub terms: Vec<serde_json::Value>,
}

impl Graph {
    /// The nodes as they are printed.
    pub fn nodes(&self) -> Vec<&Node> {
        self.nodes.iter().collect()
    }

    /// The nodes in an order that no edge contradicts, of those that are free the first by place;
    /// `None` if the edges go in a circle, which no trace's do.
    pub fn in_time(&self) -> Option<Vec<&Node>> {
        let node = |end: &str| end.split(':').next().unwrap_or(end).to_owned();
        let mut before: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for edge in &self.edges {
            let (from, to) = (node(&edge.source), node(&edge.target));
            if from != to {
                before.entry(to).or_default().insert(from);
            }
        }
        let mut open = self.nodes();
        let mut order = Vec::new();
        while !open.is_empty() {
            let free = open.iter().position(|n| {
                let needs = before.get(&n.id);
                !needs.is_some_and(|needs| open.iter().any(|o| needs.contains(&o.id)))
            });
            order.push(open.remove(free?));
        }
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(edges: &str) -> Option<String> {
        let json = format!(
            r#"{{"jgNodes":[{{"jgnId":"a"}},{{"jgnId":"b"}},{{"jgnId":"c"}}],"jgEdges":[{edges}]}}"#
        );
        let graph: Graph = serde_json::from_str(&json).unwrap();
        Some(graph.in_time()?.iter().map(|n| n.id.as_str()).collect())
    }

    #[test]
    fn no_edge_is_contradicted() {
        let edge =
            |from: &str, to: &str| format!(r#"{{"jgeSource":"{from}:0","jgeTarget":"{to}:1"}}"#);
        assert_eq!(order("").unwrap(), "abc");
        assert_eq!(order(&edge("c", "a")).unwrap(), "bca");
        assert_eq!(order(&edge("a", "a")).unwrap(), "abc");
        let circle = [edge("a", "b"), edge("b", "a")].join(",");
        assert_eq!(order(&circle), None);
    }
}
