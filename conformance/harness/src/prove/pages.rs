//! `TABLES.md`: verdicts, ablations and times as tables in Markdown, from models, pins and
//! observations.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::evidence::{self, Evidence};
use super::manifest::{Manifest, Verdict};
use super::observed::{Observed, Seconds};
use super::plan::{self, Models, Unit};

/// The tables' file in the directory of models.
pub const FILE: &str = "TABLES.md";

const HEADER: &str = "\
<!-- Written by `cargo run -- prove --bless`; a test fails if it is not what the models, verdicts.toml and
     observed.jsonl give. -->

# Verdicts

Each row is reproduced by `cargo run -- prove MODEL/LEMMA`, as in `cargo run -- prove paper+SIGN/alive`.
Times are those of a lemma in a process of its own; `provisional`: no Haskell prover has seen this verdict
on this text.

## Lemmas

Under flags, the lemmas whose verdict differs from the model without flags, and those that the model has
only under these flags.

";

/// The whole file.
pub fn page(
    models: &Models,
    manifest: &Manifest,
    observed: &Observed,
) -> super::error::Result<String> {
    let cases = plan::cases(models, manifest, &BTreeSet::new())?;
    let units = plan::units(&cases);
    let mut evidence = ByCase::new();
    for case in &cases {
        evidence.insert(&case.id, evidence::of_case(case, observed));
    }
    let line = |unit| Line::new(unit, &evidence);
    let tables = Tables(units.iter().filter_map(line).collect());
    let mut out = String::from(HEADER);
    // Writing to a string does not fail.
    let _ = tables.write(&mut out);
    Ok(out)
}

/// By `stem+FLAG`, then by lemma.
type ByCase<'e, 'o> = BTreeMap<&'e str, BTreeMap<String, Evidence<'o>>>;

/// A lemma with a pinned verdict.
struct Line<'u> {
    unit: &'u Unit<'u>,
    expect: Verdict,
    evidence: &'u Evidence<'u>,
}

impl<'u> Line<'u> {
    fn new(unit: &'u Unit<'u>, evidence: &'u ByCase<'_, 'u>) -> Option<Self> {
        let of_case = evidence.get(unit.case.id.as_str())?;
        Some(Self {
            unit,
            expect: unit.expect?,
            evidence: of_case.get(unit.name)?,
        })
    }

    fn stem(&self) -> &str {
        let file = self.unit.case.file.as_str();
        file.strip_suffix(".spthy").unwrap_or(file)
    }

    fn ablation(&self) -> bool {
        self.unit.case.set.ablation()
    }

    fn verdict(&self) -> String {
        let word = match self.expect {
            Verdict::Verified => "verified",
            Verdict::Falsified => "**falsified**",
        };
        match self.evidence.provisional {
            true => format!("{word} (provisional)"),
            false => word.to_owned(),
        }
    }

    fn time(&self) -> String {
        let seen = self.evidence.seen.iter();
        let times = seen.map(|(prover, seen)| format!("{} ({prover})", seen.seconds.show()));
        times.collect::<Vec<_>>().join(", ")
    }
}

struct Tables<'u>(Vec<Line<'u>>);

impl Tables<'_> {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        self.lemmas(out)?;
        self.ablations(out)?;
        self.times(out)
    }

    fn lemmas(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "| claim in words | lemma | model | verdict | time |")?;
        writeln!(out, "|---|---|---|---|---|")?;
        let shown = |l: &&Line<'_>| !l.ablation() && !self.as_without_flags(l);
        for line in self.0.iter().filter(shown) {
            let unit = line.unit;
            let mut words = unit.lemma.map_or(String::new(), |l| l.sentence.clone());
            if !unit.claims().is_empty() {
                write!(words, " ({})", unit.claims().join(", "))?;
            }
            let (lemma, model) = (code(unit.name), code(&unit.case.id));
            row(
                out,
                &[&words, &lemma, &model, &line.verdict(), &line.time()],
            )?;
        }
        Ok(())
    }

    /// Whether a lemma has under flags the verdict that it has without them.
    fn as_without_flags(&self, line: &Line<'_>) -> bool {
        !line.unit.case.set.flags.is_empty()
            && self.0.iter().any(|other| {
                other.unit.case.set.flags.is_empty()
                    && other.unit.case.file == line.unit.case.file
                    && other.unit.name == line.unit.name
                    && other.expect == line.expect
            })
    }

    fn ablations(&self, out: &mut String) -> std::fmt::Result {
        if !self.0.iter().any(Line::ablation) {
            return Ok(());
        }
        writeln!(
            out,
            "\n## Ablations\n\n| flag | what is dropped | lemma that breaks | verdict | time |"
        )?;
        writeln!(out, "|---|---|---|---|---|")?;
        let breaks = |l: &&Line<'_>| l.ablation() && l.expect == Verdict::Falsified;
        for line in self.0.iter().filter(breaks) {
            let drops = line.unit.case.set.drops.as_deref().unwrap_or("");
            let (model, lemma) = (code(&line.unit.case.id), code(line.unit.name));
            row(out, &[&model, drops, &lemma, &line.verdict(), &line.time()])?;
        }
        Ok(())
    }

    /// For each model and prover: how many verdicts it gave, and the time of those that were
    /// measured, each lemma in a process of its own.
    fn times(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\n## Times\n\n| model | prover | verdicts | measured alone | together | longest |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        let mut done = BTreeSet::new();
        for first in &self.0 {
            if !done.insert(&first.unit.case.file) {
                continue;
            }
            for ablations in [false, true] {
                let of = |l: &&Line<'_>| {
                    l.unit.case.file == first.unit.case.file && l.ablation() == ablations
                };
                let lines: Vec<_> = self.0.iter().filter(of).collect();
                let seen = lines.iter().flat_map(|l| &l.evidence.seen);
                let provers: BTreeSet<&str> = seen.map(|(prover, _)| *prover).collect();
                for prover in provers {
                    let which = if ablations { ", ablations" } else { "" };
                    let model = format!("{}{which}", code(first.stem()));
                    times_of(&model, prover, &lines, out)?;
                }
            }
        }
        Ok(())
    }
}

/// A row of the table of times.
fn times_of(model: &str, prover: &str, lines: &[&Line<'_>], out: &mut String) -> std::fmt::Result {
    let seen = lines.iter().filter_map(|line| {
        let mut all = line.evidence.seen.iter();
        let (_, seen) = all.find(|(id, _)| *id == prover)?;
        Some((seen.seconds, line.unit.name))
    });
    let seen: Vec<(Seconds, &str)> = seen.collect();
    let alone = seen
        .iter()
        .filter_map(|(s, name)| Some((s.known()?, *name)));
    let alone: Vec<(f64, &str)> = alone.collect();
    let sum = alone.iter().fold(0.0, |sum, (seconds, _)| sum + seconds);
    let longest = alone.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let longest = longest.map_or("not measured".to_owned(), |(seconds, name)| {
        format!("{seconds:.1} s ({})", code(name))
    });
    row(
        out,
        &[
            model,
            prover,
            &seen.len().to_string(),
            &alone.len().to_string(),
            &format!("{:.1} min", sum / 60.0),
            &longest,
        ],
    )
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn row(out: &mut String, cells: &[&str]) -> std::fmt::Result {
    for cell in cells {
        write!(out, "| {} ", cell.replace('|', "\\|").replace('\n', " "))?;
    }
    writeln!(out, "|")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two models; the first has a lemma that is only there under FLAG.
    const MODELS: [(&str, &str); 2] = [
        (
            "a.spthy",
            "theory A begin lemma same: \"T\" lemma broken_anyway: \"T\" lemma differs: \"T\"\n\
             #ifdef FLAG\nlemma only_here: \"T\"\n#endif\nend",
        ),
        ("b.spthy", "theory B begin lemma only_here: \"T\" end"),
    ];

    /// Under FLAG one lemma says what it says without flags, one differs, one is there only under
    /// it; the ablation breaks one lemma, and another holds all the same.
    const PINS: &str = r#"
        [[theory]]
        file = "a.spthy"
        [[theory.set]]
        expect = { same = "verified", broken_anyway = "falsified", differs = "verified" }
        [[theory.set]]
        flags = ["FLAG"]
        expect = { same = "verified", broken_anyway = "falsified", differs = "falsified", only_here = "verified" }
        [[theory.set]]
        flags = ["NO_CHECK"]
        scope = "named"
        drops = "the check"
        expect = { same = "falsified", broken_anyway = "falsified", differs = "verified" }
        [[theory]]
        file = "b.spthy"
        [[theory.set]]
        expect = { only_here = "verified" }
    "#;

    fn models() -> (tempfile::TempDir, Models) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in MODELS {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let models = Models::read(directory.path()).unwrap();
        (directory, models)
    }

    fn page_of(pins: &str, observed: &Observed) -> String {
        page(&models().1, &toml::from_str(pins).unwrap(), observed).unwrap()
    }

    /// The model and the lemma of each line, in the table of verdicts and in that of ablations.
    fn lines(pins: &str) -> [Vec<String>; 2] {
        let page = page_of(pins, &Observed::default());
        let (_, tables) = page.split_once("\n| claim in words").unwrap();
        let (tables, _) = tables.split_once("\n## Times").unwrap();
        let (verdicts, ablations) = tables
            .split_once("\n## Ablations\n")
            .unwrap_or((tables, ""));
        let id = |table: &str, model: usize, lemma: usize| {
            let rows = table.lines().filter(|line| line.contains('`'));
            let rows = rows.map(|line| {
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
    fn times_are_added_where_they_were_measured_on_the_text_of_now() {
        let (_directory, models) = models();
        let manifest: Manifest = toml::from_str(PINS).unwrap();
        let cases = plan::cases(&models, &manifest, &BTreeSet::new()).unwrap();
        let mut observed = Observed::default();
        for unit in plan::units(&cases) {
            let seen = |seconds, text: &str| super::super::observed::Observation {
                verdict: Verdict::Verified,
                seconds,
                text: text.to_owned(),
            };
            match (unit.id.as_str(), unit.text()) {
                ("a/same" | "a+FLAG/same", text) => {
                    observed.add(&unit.id, "p 1", seen(Seconds::Measured(60.0), &text));
                    observed.add(&unit.id, "q 1", seen(Seconds::NotMeasured, &text));
                }
                ("a/differs", _) => {
                    observed.add(&unit.id, "p 1", seen(Seconds::Measured(1.0), "another"));
                }
                _ => {}
            }
        }
        let page = page_of(PINS, &observed);
        let (_, times) = page.split_once("|---|---|---|---|---|---|\n").unwrap();
        let lines: Vec<_> = times.lines().collect();
        assert_eq!(
            lines,
            [
                "| `a` | p 1 | 2 | 2 | 2.0 min | 60.0 s (`same`) |",
                "| `a` | q 1 | 2 | 0 | 0.0 min | not measured |",
            ]
        );
        assert!(page.contains("| verified (provisional) | 60.0 s (p 1), not measured (q 1) |"));
    }

    #[test]
    fn under_flags_stands_what_differs_from_the_model_without_them() {
        let [verdicts, _] = lines(PINS);
        let without_flags = ["a/same", "a/broken_anyway", "a/differs"];
        let under_flags = ["a+FLAG/differs", "a+FLAG/only_here"];
        let other_model = ["b/only_here"];
        let expected = [&without_flags[..], &under_flags, &other_model].concat();
        assert_eq!(verdicts, expected);
    }

    #[test]
    fn what_agrees_is_left_out_only_because_the_model_without_flags_says_it() {
        let alone = PINS.replacen("[[theory.set]]", "[[theory.set]]\nflags = [\"OTHER\"]", 1);
        let [verdicts, _] = lines(&alone);
        assert!(verdicts.contains(&"a+FLAG/same".to_owned()), "{verdicts:?}");
        assert!(verdicts.contains(&"a+FLAG/broken_anyway".to_owned()));
    }

    #[test]
    fn under_ablations_stands_what_is_falsified() {
        let [verdicts, ablations] = lines(PINS);
        assert_eq!(ablations, ["a+NO_CHECK/same", "a+NO_CHECK/broken_anyway"]);
        assert!(!verdicts.iter().any(|id| id.contains("NO_CHECK")));
        let unbroken = PINS.replace("drops = \"the check\"", "");
        let [verdicts, ablations] = lines(&unbroken);
        assert!(ablations.is_empty());
        assert!(verdicts.contains(&"a+NO_CHECK/same".to_owned()));
        assert!(!verdicts.contains(&"a+NO_CHECK/broken_anyway".to_owned()));
    }
}
