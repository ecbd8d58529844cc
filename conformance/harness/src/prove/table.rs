//! A report as a table for people.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::manifest::Verdict;
use super::report::{Report, Row};
use conformance_common::outcome::{Counts, Outcome};

/// What was found: failures and what was not checked last, where they are seen.
pub fn people(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if let Some((_, columns)) = console::Term::stdout().size_checked() {
        table.set_width(columns);
    }
    table.set_header([
        "",
        "lemma",
        "verdict",
        "steps",
        "time",
        "what it says, or why not",
    ]);
    let mut rows: Vec<&Row> = report.lemmas.iter().collect();
    rows.sort_by_key(|r| match r.outcome {
        Outcome::Held => 0,
        Outcome::NotChecked(_) => 1,
        Outcome::Failed(_) => 2,
    });
    for row in rows {
        let (mark, text) = match &row.outcome {
            Outcome::Held if row.conditional_on.is_empty() => ("holds", row.sentence.clone()),
            Outcome::Held => {
                let rests = row.conditional_on.join(", ");
                (
                    "holds if",
                    format!("CONDITIONAL on {rests}, not proven in this run"),
                )
            }
            Outcome::NotChecked(why) => ("not checked", why.clone()),
            Outcome::Failed(why) => ("FAILED", why.clone()),
        };
        let time = match row.cached {
            true => "cached".to_owned(),
            false => row
                .seconds
                .known()
                .map_or(String::new(), |s| format!("{s:.1} s")),
        };
        let verdict = row.verdict.map_or("", Verdict::word).to_owned();
        let steps = row.steps.map_or(String::new(), |s| s.to_string());
        table.add_row([mark.to_owned(), row.id.clone(), verdict, steps, time, text]);
    }
    let mut out = String::new();
    // Writing to a string does not fail.
    if !report.lemmas.is_empty() {
        let _ = writeln!(out, "{table}");
    }
    for problem in &report.problems {
        let (file, what, mend) = (&problem.file, &problem.what, &problem.mend);
        let _ = writeln!(out, "FAILED {file}: {what}; {mend}");
    }
    let prover = report.prover.as_deref().unwrap_or("no prover");
    let recheck = report
        .recheck
        .iter()
        .map(|r| format!(", proofs checked by {r}"));
    let _ = writeln!(out, "{}", summary(report));
    let _ = writeln!(out, "prover: {prover}{}", recheck.collect::<String>());
    for warning in &report.warnings {
        let _ = writeln!(out, "note: {warning}");
    }
    out
}

/// One line.
pub fn summary(report: &Report) -> String {
    let Counts {
        held,
        failed,
        not_checked,
    } = report.counts();
    let conditional = report
        .lemmas
        .iter()
        .filter(|r| !r.conditional_on.is_empty())
        .count();
    let cached = report.lemmas.iter().filter(|r| r.cached).count();
    let mut line = format!("{not_checked} not checked, {failed} failed, {held} hold");
    let _ = match (conditional, report.interrupted) {
        (_, true) => write!(line, "; INTERRUPTED"),
        (0, _) => Ok(()),
        (some, _) => write!(line, " ({some} of them conditional)"),
    };
    let _ = write!(line, ", in {:.1} s ({cached} cached)", report.seconds);
    line
}
