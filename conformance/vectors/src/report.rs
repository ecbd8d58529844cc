//! A report as a table, as JSON, and as JUnit's XML.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use super::run::{Finding, Report};
use conformance_common::outcome::{Counts, Outcome};
use conformance_common::report::{self, printable};

/// How many failures the table shows in full.
const SHOWN: usize = 20;

/// The table for people: what failed, then how many of each file held.
pub fn table(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_failures(&mut out, report);
    let _ = write_counts(&mut out, report);
    out
}

fn write_failures(out: &mut String, report: &Report) -> fmt::Result {
    let failed = |f: &&Finding| matches!(f.outcome, Outcome::Failed(_));
    let all: Vec<&Finding> = report.findings.iter().filter(failed).collect();
    for finding in all.iter().take(SHOWN) {
        writeln!(out, "FAILED {}: {}", finding.id, finding.comment)?;
        if let Some(mismatch) = &finding.mismatch {
            if let Some((number, comment)) = &mismatch.step {
                writeln!(out, "  step {number}: {comment}")?;
            }
            writeln!(out, "  {}", mismatch.field)?;
            if let Some(asked) = &finding.asked {
                writeln!(out, "    asked    {}", shorten(&asked.to_string()))?;
            }
            writeln!(out, "    expected {}", shorten(&mismatch.expected))?;
            writeln!(out, "    given    {}", shorten(&mismatch.given))?;
            if let Some(byte) = mismatch.first_differing_byte {
                writeln!(out, "    first differing byte: {byte}")?;
            }
        }
        for note in &finding.notes {
            writeln!(
                out,
                "  {}: {} ({})",
                note.bug_type, note.effect, note.reference
            )?;
        }
        writeln!(out, "  checks {}", finding.checks.join(", "))?;
        writeln!(
            out,
            "  all of it: conformance vectors --show {}\n",
            finding.id
        )?;
    }
    if all.len() > SHOWN {
        let more = all.len() - SHOWN;
        writeln!(out, "and {more} more that failed; --json has them all\n")?;
    }
    Ok(())
}

fn shorten(text: &str) -> String {
    let text = &*printable(text);
    match text.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}

fn write_counts(out: &mut String, report: &Report) -> fmt::Result {
    let mut files: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for finding in &report.findings {
        let counts = files.entry(&finding.file).or_default();
        counts[match finding.outcome {
            Outcome::Held => 0,
            Outcome::Failed(_) => 1,
            Outcome::NotChecked(_) => 2,
        }] += 1;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["operation", "held", "failed", "unsupported"]);
    for (file, counts) in files {
        let counts = counts.map(|n| match n {
            0 => "-".to_owned(),
            n => n.to_string(),
        });
        table.add_row([&[file.to_owned()], &counts[..]].concat());
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    writeln!(out, "{table}")?;
    let Counts {
        held,
        failed,
        not_checked: unsupported,
    } = report.counts();
    let (who, time) = (&report.program, report.seconds);
    for unknown in &report.unknown {
        writeln!(out, "the program's capabilities: {}", printable(unknown))?;
    }
    let (name, version) = (printable(&who.name), printable(&who.version));
    writeln!(
        out,
        "{name} {version}: {held} held, {failed} failed, {unsupported} unsupported, in {time:.1} s",
    )
}

/// Everything, as JSON.
///
/// # Errors
/// None that is known: every part is plain data.
pub fn json(report: &Report) -> serde_json::Result<String> {
    let code = Some(report.exit_code());
    report::json(report, report.counts(), "unsupported", code)
}

/// JUnit's XML: what the program does not do is "skipped" there.
///
/// # Errors
/// If a text cannot stand in XML.
pub fn junit(report: &Report) -> Result<String, report::SerializeError> {
    let cases = report.findings.iter().map(|finding| report::Case {
        class: &finding.file,
        name: &finding.id,
        outcome: finding.outcome.clone(),
        time: Some(Duration::from_secs_f64(finding.seconds)),
    });
    report::junit("EncryptedIoT vectors", "vectors", None, cases)
}
