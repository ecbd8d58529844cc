//! Measures EncryptedIoT and its peers side by side, in interleaved rounds, and writes the page
//! `reference/BENCHMARKS.md`. `scripts/bench` builds what it needs and starts it.

mod frame;
mod libraries;
mod mls;
mod ours;
mod peers;
mod sections;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Parser;

use frame::record::Record;
use frame::{Bench, Places, Settings, plot, render};

/// Measures EncryptedIoT and its peers side by side, in one run.
///
/// Every comparison is made in interleaved rounds; its ratio is the median of the rounds' ratios, of processor
/// time unless it says otherwise. The tables go to standard output, and with the plots into
/// reference/BENCHMARKS.md; what was measured, round by round, into reference/benches/results.json. A section
/// that is measured again takes the place of what was measured before, the others stay. With --quick all of
/// this goes to target/bench instead.
///
/// Exit status: 0 if every target was held, 1 if one was missed or something failed, 2 if nothing was measured
/// or the command line is wrong.
#[derive(Parser)]
#[command(after_help = "Examples:
  scripts/bench                      # everything, ten minutes, and with provers half an hour more
  scripts/bench --quick              # does it work, and about where are we
  scripts/bench --only stream        # one section
  scripts/bench --render             # the page and the plots anew, from what was measured")]
struct Arguments {
    /// Only these sections
    #[arg(long, value_name = "SECTION", value_delimiter = ',')]
    only: Vec<String>,
    /// Few rounds and small inputs; nothing is written into the repository
    #[arg(long)]
    quick: bool,
    /// Also what takes very long: a stream of 100 GiB, the proofs of the largest model
    #[arg(long)]
    long: bool,
    /// The most rounds of a comparison
    #[arg(long, default_value_t = 11, value_name = "N", value_parser = clap::value_parser!(u64).range(3..))]
    rounds: u64,
    /// List the sections
    #[arg(long)]
    list: bool,
    /// Measure nothing: write page and plots from what was measured before
    #[arg(long, conflicts_with_all = ["only", "quick", "long", "list"])]
    render: bool,
    /// The repository
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// The program eiot, as it is released
    #[arg(long, default_value = "target/release/eiot", value_name = "FILE")]
    eiot: PathBuf,
    /// The program eiot with the backend aws-lc
    #[arg(long, default_value = "target/bench/eiot-aws-lc", value_name = "FILE")]
    eiot_aws_lc: PathBuf,
    /// The conformance harness
    #[arg(
        long,
        default_value = "target/release/conformance",
        value_name = "FILE"
    )]
    conformance: PathBuf,
    /// Provers on PATH; may be given more than once
    #[arg(long, default_values = ["tamarin-prover", "tamarin-prover-hs"], value_name = "PROVER")]
    prover: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match peers::run(&arguments) {
        Some(done) => done.map(|()| ExitCode::SUCCESS),
        None => run(&Arguments::parse()),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.list {
        for section in &sections::ALL {
            println!("{:12} {}", section.name, section.title);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let known: BTreeSet<&str> = sections::ALL.iter().map(|section| section.name).collect();
    if let Some(name) = arguments
        .only
        .iter()
        .find(|name| !known.contains(name.as_str()))
    {
        eprintln!("bench: there is no section {name}; --list names them");
        return Ok(ExitCode::from(2));
    }
    let places = Places::new(&arguments.root, !arguments.quick);
    let mut record = read(&places.record)?;
    let mut failed = false;
    let settings = settings(arguments)?;
    let wanted =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let mut verdicts = Vec::new();
    for section in sections::ALL
        .iter()
        .filter(|section| !arguments.render && wanted(section.name))
    {
        match Bench::measure(section, &settings) {
            Ok(measured) => {
                println!("\n## {}\n{}", section.title, render::tables(&measured));
                verdicts.extend(measured.verdicts());
                record.sections.insert(section.name.to_owned(), measured);
                // What was measured is kept even if a later section fails.
                write_whole(
                    &places.record,
                    &format!("{}\n", serde_json::to_string_pretty(&record)?),
                )?;
            }
            Err(error) => {
                eprintln!("bench: section {}: {error:#}", section.name);
                failed = true;
            }
        }
    }
    for section in &sections::ALL {
        let plots = record
            .sections
            .get(section.name)
            .map(section.plots)
            .unwrap_or_default();
        plots
            .iter()
            .try_for_each(|drawing| plot::draw(&places.plots, drawing))?;
    }
    write_whole(&places.page, &render::page(&sections::ALL, &record))?;
    eprintln!("written: {}", places.page.display());
    let missed = verdicts.iter().filter(|held| !**held).count();
    if !arguments.render {
        println!(
            "\n{} targets held, {missed} missed.",
            verdicts.len() - missed
        );
    }
    Ok(
        match (
            failed || missed > 0,
            verdicts.is_empty() && !arguments.render,
        ) {
            (true, _) => ExitCode::FAILURE,
            (false, true) => ExitCode::from(2),
            (false, false) => ExitCode::SUCCESS,
        },
    )
}

fn settings(arguments: &Arguments) -> Result<Settings> {
    let root = arguments.root.canonicalize().context("the repository")?;
    if !root.join("reference/SPEC.md").is_file() {
        bail!("{} is not the repository: give --root", root.display());
    }
    Ok(Settings {
        quick: arguments.quick,
        rounds: usize::try_from(arguments.rounds)?,
        long: arguments.long,
        eiot: root.join(&arguments.eiot),
        eiot_aws_lc: root.join(&arguments.eiot_aws_lc),
        conformance: root.join(&arguments.conformance),
        provers: arguments.prover.clone(),
        root,
    })
}

fn read(path: &Path) -> Result<Record> {
    match std::fs::read(path) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).with_context(|| format!("reading {}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Record::default()),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, text: &str) -> Result<()> {
    let written = || -> Result<()> {
        let folder = path.parent().context("a file has a folder")?;
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    written().with_context(|| format!("writing {}", path.display()))
}
