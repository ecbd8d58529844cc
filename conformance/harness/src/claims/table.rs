//! The table of claims (`conformance/CLAIMS.md`).

use std::fmt::Write as _;

use super::check::Claim;

/// The table as Markdown.
pub fn table(claims: &[Claim]) -> String {
    let mut out = String::from(
        "| claim | paper | lemmas | tests | vectors | functions | rests on, outside |\n|---|---|--:|--:|--:|--:|---|\n",
    );
    for c in claims {
        let name = c.name.trim_start_matches("CLAIM-");
        let lemmas = match c.lemmas.len() {
            0 => "none".to_owned(),
            some => some.to_string(),
        };
        let (tests, functions) = (c.tests.len(), c.functions.len());
        let _ = writeln!(
            out,
            "| {name} | {} | {lemmas} | {tests} | {} | {functions} | {} |",
            c.paper, c.vectors, c.rests_on,
        );
    }
    out
}
