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
    /// `None` if the edges go in a circle, which no trace's do. An edge is for all the nodes of its ends' names.
    pub fn in_time<'g>(&'g self) -> Option<Vec<&'g Node>> {
        let node = |end: &'g str| end.split(':').next().unwrap_or(end);
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            places.entry(&node.id).or_default().push(at);
        }
        let at = |name| places.get(name).map_or(&[][..], Vec::as_slice);
        let edges = self.edges.iter();
        let edges = edges.map(|edge| (node(&edge.source), node(&edge.target)));
        let edges: BTreeSet<_> = edges.filter(|(from, to)| from != to).collect();
        // For each node, how many others are still to come before it, and which it is before.
        let mut before = vec![0; self.nodes.len()];
        let mut after = vec![Vec::new(); self.nodes.len()];
        for (from, to) in edges {
            for (from, to) in at(from)
                .iter()
                .flat_map(|from| at(to).iter().map(move |to| (*from, *to)))
            {
                before[to] += 1;
                after[from].push(to);
            }
        }
        let free = (0..before.len()).filter(|place| before[*place] == 0);
        let mut free: BTreeSet<usize> = free.collect();
        let mut order = Vec::new();
        while let Some(place) = free.pop_first() {
            order.push(&self.nodes[place]);
            for later in &after[place] {
                before[*later] -= 1;
                if before[*later] == 0 {
                    free.insert(*later);
                }
            }
        }
        (order.len() == self.nodes.len()).then_some(order)
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
        let twice = [edge("c", "a"), edge("c", "a"), edge("b", "c")].join(",");
        assert_eq!(order(&twice).unwrap(), "bca");
    }

    /// A chain against the order in which it is printed: each node is looked at once.
    #[test]
    fn a_long_trace_takes_no_longer_than_reading_it() {
        let nodes: Vec<String> = (0..20_000)
            .map(|n| format!(r#"{{"jgnId":"{n}"}}"#))
            .collect();
        let edge = |n| format!(r#"{{"jgeSource":"{}","jgeTarget":"{n}"}}"#, n + 1);
        let edges: Vec<String> = (0..19_999).map(edge).collect();
        let (nodes, edges) = (nodes.join(","), edges.join(","));
        let json = format!(r#"{{"jgNodes":[{nodes}],"jgEdges":[{edges}]}}"#);
        let graph: Graph = serde_json::from_str(&json).unwrap();
        let begin = std::time::Instant::now();
        assert_eq!(graph.in_time().unwrap()[0].id, "19999");
        assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
    }
}
