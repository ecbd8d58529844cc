//! Tables for people: what was found, and what the manifest says, for the models' README.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::manifest::{Entry, Manifest, Set, Theory, Verdict};
use super::report::{Report, Row};
use conformance_common::Outcome;

/// Where the table begins in a README.
pub const BEGIN: &str = "<!-- verdicts: begin (written by `cargo run -- prove --bless`) -->";
/// Where it ends.
pub const END: &str = "<!-- verdicts: end -->";

/// What was found: failures and what was not checked last, where they are seen.
pub fn people(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
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
    let (held, failed, not_checked) = report.counts();
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

/// Whether this says under flags what it says without them.
fn as_without_flags(theory: &Theory, set: &Set, entry: &Entry) -> bool {
    let mut plain = theory.sets.iter().filter(|s| s.flags.is_empty());
    !set.flags.is_empty()
        && plain.any(|s| {
            let mut same = s.lemmas.iter().filter(|e| e.name == entry.name);
            same.any(|e| e.expect == entry.expect)
        })
}

/// What the manifest says, as three tables in Markdown: under flags what differs from the model
/// without them, under ablations what breaks, and the provers' time.
pub fn readme(manifest: &Manifest) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_readme(manifest, &mut out);
    out
}

fn write_readme(manifest: &Manifest, out: &mut String) -> std::fmt::Result {
    let sets = |ablations: bool| {
        let of = move |t: &'_ Theory| {
            let chosen = t.sets.iter().filter(move |s| s.ablation() == ablations);
            chosen.map(|s| (t.clone(), s.clone())).collect::<Vec<_>>()
        };
        manifest.theories.iter().flat_map(of)
    };
    writeln!(out, "| claim in words | lemma | model | verdict | time |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for (theory, set) in sets(false) {
        for entry in set
            .lemmas
            .iter()
            .filter(|e| !as_without_flags(&theory, &set, e))
        {
            let mut words = entry.sentence.clone();
            if !entry.claims.is_empty() {
                let _ = write!(words, " ({})", entry.claims.join(", "));
            }
            let name = model(&theory, &set);
            row(
                out,
                &[
                    &words,
                    &code(&entry.name),
                    &code(&name),
                    &verdict(entry),
                    &time(entry),
                ],
            )?;
        }
    }
    if sets(true).next().is_some() {
        writeln!(
            out,
            "\n| flag | what is dropped | lemma that breaks | verdict | time |"
        )?;
        writeln!(out, "|---|---|---|---|---|")?;
    }
    for (theory, set) in sets(true) {
        let breaks = |e: &&Entry| e.expect == Verdict::Falsified;
        for entry in set.lemmas.iter().filter(breaks) {
            let drops = set.drops.as_deref().unwrap_or("");
            let name = model(&theory, &set);
            row(
                out,
                &[
                    &code(&name),
                    drops,
                    &code(&entry.name),
                    &verdict(entry),
                    &time(entry),
                ],
            )?;
        }
    }
    write_times(manifest, out)
}

/// For each model and prover: how many verdicts it gave, and the time of those that were measured, each
/// lemma in a process of its own.
fn write_times(manifest: &Manifest, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "\n| model | prover | verdicts | measured alone | together | longest |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for theory in &manifest.theories {
        for ablations in [false, true] {
            let sets = theory.sets.iter().filter(|s| s.ablation() == ablations);
            let entries: Vec<_> = sets.flat_map(|s| &s.lemmas).collect();
            let provers: BTreeSet<_> = entries
                .iter()
                .flat_map(|e| e.seen.iter().map(|s| &s.prover))
                .collect();
            for prover in provers {
                let by = |e: &&&Entry| e.seen.iter().any(|s| s.prover == *prover);
                let alone = entries.iter().filter_map(|e| {
                    let seen = e.seen.iter().find(|s| s.prover == *prover)?;
                    Some((seen.seconds.known()?, &e.name))
                });
                let alone: Vec<_> = alone.collect();
                let sum = alone.iter().fold(0.0, |sum, (seconds, _)| sum + seconds);
                let longest = alone.iter().max_by(|a, b| a.0.total_cmp(&b.0));
                let longest = longest.map_or("not measured".to_owned(), |(seconds, name)| {
                    format!("{seconds:.1} s ({})", code(name))
                });
                let which = if ablations { ", ablations" } else { "" };
                row(
                    out,
                    &[
                        &format!("{}{which}", code(theory.stem())),
                        prover,
                        &entries.iter().filter(by).count().to_string(),
                        &alone.len().to_string(),
                        &format!("{:.1} min", sum / 60.0),
                        &longest,
                    ],
                )?;
            }
        }
    }
    Ok(())
}

fn model(theory: &Theory, set: &Set) -> String {
    super::manifest::set_id(theory.stem(), &set.flags)
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn verdict(entry: &Entry) -> String {
    let word = match entry.expect {
        Verdict::Verified => "verified",
        Verdict::Falsified => "**falsified**",
    };
    match entry.provisional {
        true => format!("{word} (provisional)"),
        false => word.to_owned(),
    }
}

fn time(entry: &Entry) -> String {
    let of: Vec<_> = entry
        .seen
        .iter()
        .map(|s| format!("{} ({})", s.seconds.show(), s.prover))
        .collect();
    of.join(", ")
}

fn row(out: &mut String, cells: &[&str]) -> std::fmt::Result {
    for cell in cells {
        write!(out, "| {} ", cell.replace('|', "\\|").replace('\n', " "))?;
    }
    writeln!(out, "|")
}

/// A README with the tables between its markers; `None` if it has none.
pub fn inserted(readme: &str, tables: &str) -> Option<String> {
    let begin = readme.find(BEGIN)? + BEGIN.len();
    let end = begin + readme[begin..].find(END)?;
    Some(format!(
        "{}\n\n{tables}\n{}",
        &readme[..begin],
        &readme[end..]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Under FLAG one lemma says what it says without flags, one differs, one is there only under
    /// it; the ablation breaks one lemma, and another holds all the same.
    const TEXT: &str = r#"
        [[theory]]
        file = "a.spthy"
        [[theory.set]]
        lemma = [
            { name = "same", expect = "verified" },
            { name = "broken_anyway", expect = "falsified" },
            { name = "differs", expect = "verified" }]
        [[theory.set]]
        flags = ["FLAG"]
        lemma = [
            { name = "same", expect = "verified" },
            { name = "broken_anyway", expect = "falsified" },
            { name = "differs", expect = "falsified" },
            { name = "only_here", expect = "verified" }]
        [[theory.set]]
        flags = ["NO_CHECK"]
        scope = "named"
        drops = "the check"
        lemma = [
            { name = "same", expect = "falsified" },
            { name = "broken_anyway", expect = "falsified" },
            { name = "differs", expect = "verified" }]
        [[theory]]
        file = "b.spthy"
        [[theory.set]]
        lemma = [{ name = "only_here", expect = "verified" }]
    "#;

    /// The model and the lemma of each line, in the table of verdicts and in that of ablations.
    fn lines(text: &str) -> [Vec<String>; 2] {
        let manifest: Manifest = toml::from_str(text).unwrap();
        let readme = readme(&manifest);
        let (tables, _) = readme.split_once("\n| model | prover |").unwrap();
        let (verdicts, ablations) = tables.split_once("\n\n").unwrap_or((tables, ""));
        let id = |table: &str, model: usize, lemma: usize| {
            let rows = table.lines().skip(2).map(|line| {
                let cells: Vec<_> = line
                    .split('|')
                    .map(|c| c.trim_matches([' ', '`']))
                    .collect();
                format!("{}/{}", cells[model], cells[lemma])
            });
            rows.collect()
        };
        [id(verdicts, 3, 2), id(ablations, 1, 3)]
    }

    #[test]
    fn times_are_added_where_they_were_measured() {
        let seen = "same\", expect = \"verified\", seen = [\
            { prover = \"p 1\", verdict = \"verified\", seconds = 60, text = \"x\" }, \
            { prover = \"q 1\", verdict = \"verified\", seconds = \"not measured\", text = \"x\" }]";
        let text = TEXT.replacen("same\", expect = \"verified\"", seen, 2);
        let readme = readme(&toml::from_str(&text).unwrap());
        let (_, times) = readme.split_once("|---|---|---|---|---|---|\n").unwrap();
        let lines: Vec<_> = times.lines().collect();
        assert_eq!(
            lines,
            [
                "| `a` | p 1 | 2 | 2 | 2.0 min | 60.0 s (`same`) |",
                "| `a` | q 1 | 2 | 0 | 0.0 min | not measured |",
            ]
        );
    }

    #[test]
    fn under_flags_stands_what_differs_from_the_model_without_them() {
        let [verdicts, _] = lines(TEXT);
        let without_flags = ["a/same", "a/broken_anyway", "a/differs"];
        let under_flags = ["a+FLAG/differs", "a+FLAG/only_here"];
        let other_model = ["b/only_here"];
        let expected = [&without_flags[..], &under_flags, &other_model].concat();
        assert_eq!(verdicts, expected);
    }

    #[test]
    fn what_agrees_is_left_out_only_because_the_model_without_flags_says_it() {
        let alone = TEXT.replacen("[[theory.set]]", "[[theory.set]]\nflags = [\"OTHER\"]", 1);
        let [verdicts, _] = lines(&alone);
        assert!(verdicts.contains(&"a+FLAG/same".to_owned()), "{verdicts:?}");
        assert!(verdicts.contains(&"a+FLAG/broken_anyway".to_owned()));
    }

    #[test]
    fn under_ablations_stands_what_is_falsified() {
        let [verdicts, ablations] = lines(TEXT);
        assert_eq!(ablations, ["a+NO_CHECK/same", "a+NO_CHECK/broken_anyway"]);
        assert!(!verdicts.iter().any(|id| id.contains("NO_CHECK")));
        let unbroken = TEXT.replace("drops = \"the check\"", "");
        let [verdicts, ablations] = lines(&unbroken);
        assert!(ablations.is_empty());
        assert!(verdicts.contains(&"a+NO_CHECK/same".to_owned()));
        assert!(!verdicts.contains(&"a+NO_CHECK/broken_anyway".to_owned()));
    }
}
