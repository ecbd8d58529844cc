//! The gate that runs the prover on the models, against the bare prover.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::frame::cost;
use crate::frame::record::{self, Bound, Clock, Unit, quantile};
use crate::frame::rounds::Rounds;
use crate::frame::{Bench, Section, Settings};
use crate::peers;

/// The section.
pub const SECTION: Section = Section {
    name: "gate",
    title: "The proofs' gate",
    text: include_str!("../../text/gate.md"),
    run,
    plots: |_: &record::Section| Vec::new(),
};

/// Processors, and so processes at a time, whoever starts them.
const PROCESSORS: u8 = 2;

/// The checks of message derivation may take this long: the gate's default.
const DERIVCHECK: &str = "--derivcheck-timeout=60";

/// The parts of the nightly job: the matrix of .github/workflows/proofs.yml.
const PARTS: usize = 4;

const GATE: &str = "gate";
const BY_FILE: &str = "a process for each model and set of flags";
const BY_LEMMA: &str = "a process for each lemma";
const BY_TURNS: &str = "one after the other, on two threads";

fn run(bench: &mut Bench) -> Result<()> {
    let folder = bench.settings.root.join("target/bench");
    fs::create_dir_all(&folder)?;
    let folder = tempfile::tempdir_in(&folder)?;
    let mut seen = BTreeSet::new();
    for name in bench.settings.provers.clone() {
        match Prover::find(&name)? {
            None => bench.note(format!(
                "`{name}` is not on PATH, and nothing was measured with it."
            )),
            // One prover may have two names.
            Some(prover) if !seen.insert(prover.id.clone()) => {}
            Some(prover) => {
                compare(bench, &prover, folder.path())?;
                unchanged(bench, &prover, folder.path())?;
            }
        }
    }
    for (kind, haskell) in [("Haskell", true), ("Rust", false)] {
        if !seen
            .iter()
            .any(|id| id.starts_with("tamarin-prover ") == haskell)
        {
            bench.note(format!("No prover in {kind} was found."));
        }
    }
    partitions(bench)
}

/// A prover on PATH.
struct Prover {
    name: String,
    /// Name and version.
    id: String,
    haskell: bool,
}

impl Prover {
    fn find(name: &str) -> Result<Option<Self>> {
        let printed = match Command::new(name).arg("--version").output() {
            Ok(printed) => String::from_utf8_lossy(&printed.stdout).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("starting {name}")),
        };
        let words = printed.lines().next().unwrap_or("").split_whitespace();
        let words: Vec<&str> = words.take(2).map(|word| word.trim_matches(',')).collect();
        let haskell = match words.first() {
            Some(&"tamarin-prover") => true,
            Some(&"tamarin-rs") => false,
            _ => bail!("{name} does not say what it is"),
        };
        Ok(Some(Self {
            name: name.to_owned(),
            id: words.join(" "),
            haskell,
        }))
    }

    /// Models that a round gets through in a minute or two; with `--long` there is more.
    fn models(&self, settings: &Settings) -> &'static [&'static str] {
        const ALL: &[&str] = &["paper", "clips", "epochs", "shares", "encryptediot"];
        match (settings.quick, self.haskell, settings.long) {
            (true, ..) | (false, true, false) => &ALL[..1],
            (false, true, true) => &ALL[..2],
            (false, false, false) => &ALL[..4],
            (false, false, true) => ALL,
        }
    }

    /// Proves these lemmas of one model under one set of flags.
    fn prove(&self, lemmas: &[&Lemma], threads: u8) -> Vec<String> {
        let first = lemmas[0];
        let mut line = vec![self.name.clone(), first.file.clone()];
        line.extend(
            lemmas
                .iter()
                .map(|lemma| format!("--prove={}", lemma.lemma)),
        );
        line.extend(first.flags.iter().map(|flag| format!("-D={flag}")));
        line.push(DERIVCHECK.to_owned());
        match self.haskell {
            true => line.extend(["+RTS".to_owned(), format!("-N{threads}"), "-RTS".to_owned()]),
            false => line.push(format!("--processors={threads}")),
        }
        line
    }
}

/// What the gate lists.
#[derive(Deserialize)]
struct Lemma {
    file: String,
    flags: Vec<String>,
    lemma: String,
    /// The time that is recorded of it.
    seconds: Option<f64>,
}

fn conformance(bench: &Bench, arguments: &[&str]) -> Result<Command> {
    let program = &bench.settings.conformance;
    if !program.is_file() {
        bail!(
            "{} is not there: scripts/bench builds it",
            program.display()
        );
    }
    let mut command = cost::quiet(program);
    command.current_dir(&bench.settings.root).args(arguments);
    Ok(command)
}

/// What the gate would do.
fn listed(bench: &Bench, select: &[&str]) -> Result<Vec<Lemma>> {
    let mut command = conformance(bench, &["prove", "--list", "--json", "-"])?;
    let output = command.args(select).stdout(Stdio::piped()).output()?;
    serde_json::from_slice(&output.stdout).context("what the gate lists")
}

fn compare(bench: &mut Bench, prover: &Prover, folder: &Path) -> Result<()> {
    let models = prover.models(&bench.settings);
    let mut select = vec!["--no-ablations", "--prover", &prover.name];
    select.extend(models.iter().flat_map(|model| ["--theory", model]));
    let lemmas = listed(bench, &select)?;
    let same = |a: &Lemma, b: &Lemma| (&a.file, &a.flags) == (&b.file, &b.flags);
    let cases: Vec<Vec<&Lemma>> = lemmas
        .chunk_by(same)
        .map(|case| case.iter().collect())
        .collect();
    let each: Vec<_> = lemmas
        .iter()
        .map(|lemma| prover.prove(&[lemma], 1))
        .collect();
    let turns: Vec<_> = cases
        .iter()
        .map(|case| prover.prove(case, PROCESSORS))
        .collect();
    let cases: Vec<_> = cases.iter().map(|case| prover.prove(case, 1)).collect();
    let [each, cases, turns] =
        [("each", each), ("cases", cases), ("turns", turns)].map(|(name, lines)| {
            let path = folder.join(name);
            fs::write(&path, serde_json::to_string(&lines)?)?;
            anyhow::Ok(path)
        });
    let (each, cases, turns) = (each?, cases?, turns?);
    let settings = bench.settings.clone();
    let gate = |more: &[&str]| {
        let mut command = cost::quiet(&settings.conformance);
        command
            .current_dir(&settings.root)
            .args(["prove", "--no-cache", "--jobs", &PROCESSORS.to_string()])
            .args(&select)
            .args(more);
        Ok(command)
    };
    let bare = |lines: &Path, jobs: u8| {
        let mut command = cost::quiet(std::env::current_exe()?);
        command
            .current_dir(settings.root.join("tamarin"))
            .env("LC_ALL", "C.UTF-8")
            .args([peers::AS_DRIVER, &jobs.to_string()])
            .arg(lines);
        Ok(command)
    };
    let row = format!(
        "{}: {} lemmas of {}",
        prover.id,
        lemmas.len(),
        models.join(", ")
    );
    Rounds::new("The same lemmas on two processors", &row, Unit::Call)
        .budget(150)
        .program(GATE, || gate(&[]))
        .program(BY_FILE, || bare(&cases, PROCESSORS))
        .program(BY_LEMMA, || bare(&each, PROCESSORS))
        .program(BY_TURNS, || bare(&turns, 1))
        .target_by(Clock::Wall, GATE, BY_FILE, Bound::AtMost(1.0))
        .target_by(Clock::Wall, GATE, BY_LEMMA, Bound::AtMost(1.0))
        .target_by(Clock::Wall, GATE, BY_TURNS, Bound::None)
        .run(bench)?;
    Rounds::new("What the gate adds to the prover", &row, Unit::Call)
        .budget(100)
        .program("gate, --alone", || gate(&["--alone"]))
        .program(BY_LEMMA, || bare(&each, PROCESSORS))
        .target("gate, --alone", BY_LEMMA, Bound::AtMost(1.03))
        .run(bench)
}

/// A second look at models that nobody has touched.
fn unchanged(bench: &mut Bench, prover: &Prover, folder: &Path) -> Result<()> {
    let mut select = vec!["prove", "--no-ablations", "--prover", &prover.name];
    // The Haskell prover takes hours over all of them.
    let all = !prover.haskell && !bench.settings.quick;
    let models = prover.models(&bench.settings);
    if !all {
        select.extend(models.iter().flat_map(|model| ["--theory", model]));
    }
    let report = folder.join("report");
    let report = report.to_str().context("a path")?;
    select.extend(["--json", report]);
    // With all of them this keeps the verdicts beside the build, for the next time: it takes minutes.
    let look = |bench: &Bench| -> Result<Command> {
        let mut command = conformance(bench, &select)?;
        if !all {
            command.env("CARGO_TARGET_DIR", folder);
        }
        Ok(command)
    };
    bench.progress("the first look at all models");
    if let Err(error) = cost::of_program(&mut look(bench)?) {
        bench.note(format!(
            "{}: the models do not all hold, so a second look was not measured: {error:#}",
            prover.id
        ));
        return Ok(());
    }
    let mut times = Vec::new();
    for _ in 0..bench.settings.rounds.min(5) {
        times.push(cost::of_program(&mut look(bench)?)?.wall);
    }
    let found: serde_json::Value = serde_json::from_slice(&fs::read(report)?)?;
    let held = found["counts"]["held"].as_u64().context("what held")?;
    let row = match all {
        true => format!(
            "{}: all models but their ablations, {held} lemmas",
            prover.id
        ),
        false => format!("{}: {}, {held} lemmas", prover.id, models.join(", ")),
    };
    bench.figure(
        "Models that have not changed",
        (&row, 0.0),
        "time that passes",
        (quantile(&times, 0.5), "s"),
        Bound::AtMost(1.0),
    );
    Ok(())
}

/// The parts of the nightly job, by the times that are recorded.
fn partitions(bench: &mut Bench) -> Result<()> {
    let table = "Ablations by night, in parts";
    let mut sums = Vec::new();
    for part in 1..=PARTS {
        let name = format!("{part}/{PARTS}");
        let lemmas = listed(bench, &["--ablations-only", "--partition", &name])?;
        let unknown = lemmas
            .iter()
            .filter(|lemma| lemma.seconds.is_none())
            .count();
        let minutes = lemmas.iter().filter_map(|lemma| lemma.seconds).sum::<f64>() / 60.0;
        sums.push(minutes);
        let row = format!("part {name}, {} lemmas", lemmas.len());
        for (what, value, unit) in [
            ("recorded", minutes, "min"),
            ("without a recorded time", unknown as f64, "lemmas"),
        ] {
            bench.figure(table, (&row, part as f64), what, (value, unit), Bound::None);
        }
    }
    let mean = sums.iter().sum::<f64>() / sums.len() as f64;
    let longest = sums.iter().fold(0.0, |a: f64, b| a.max(*b));
    bench.figure(
        table,
        ("the longest part", 0.0),
        "over the mean",
        (longest / mean, ""),
        Bound::None,
    );
    Ok(())
}
