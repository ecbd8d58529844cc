//! `conformance prove`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;

use super::bless;
use super::cache::Cache;
use super::check::{default_cache, default_models, stop};
use super::error::{Error, Result, file};
use super::gate::{self, Options, Pins};
use super::manifest::{FILE, Manifest, Verdict};
use super::observed::{self, Observed};
use super::pages;
use super::plan::{self, Ablations, Models, Selection};
use super::prover::{INSTALL, NAME, Prover};
use super::table;
use conformance_common::process::Limits;
use conformance_common::report::{deliver, deliver_json, print};
use conformance_common::store::store;

const EXAMPLES: &str = "\
Examples:
  conformance prove                          every lemma, ablations included
  conformance prove --no-ablations           what the main job runs
  conformance prove paper/agree              one lemma of one model
  conformance prove CLAIM-ROOT 'exec_*'      what supports a claim, and all executability lemmas
  conformance prove --set NO_PIN             one set of flags (`none`: without flags)
  conformance prove paper --traces out       attacks as pictures (SVG) and in words
  conformance prove --list --json -          what there is, for machines; runs nothing
  conformance prove --partition 2/4          the second of four parts, for a CI matrix
  conformance prove --proofs out             keep the proofs, each loaded again and re-checked
  conformance prove --bless                  take what the prover says for expected; prints changes
  conformance prove --bless --alone          the same, and measure each lemma's time
  conformance prove --bless --recheck tamarin-prover-hs
                                             proofs found by one prover, verdicts by another

Exit status: 0 if all selected verdicts hold; 1 if one does not, or `--require-prover` finds none;
2 if nothing was checked: no prover, an empty selection, a wrong command line.

A lemma that was not run is \"not checked\", which is no success. \"holds if\" marks a lemma whose
proof assumes others that were not proven in this run or a former one.";

/// Run the prover on the models and judge its verdicts.
///
/// Every lemma is held against tamarin/verdicts.toml: its verdict, what its formula says, and the
/// restrictions in force. A prover that was stopped, crashed, warned or said something else counts
/// as failed.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ProveArgs {
    /// Only these: a pattern for an id (`model+FLAG/lemma`), a model, a lemma or a claim.
    #[arg(value_name = "SELECT")]
    select: Vec<String>,
    /// Only models that match.
    #[arg(long, value_name = "GLOB")]
    theory: Vec<String>,
    /// Only under these flags, as in `A+B`; `none` is no flag.
    #[arg(long, value_name = "FLAGS")]
    set: Vec<String>,
    /// Leave ablations out.
    #[arg(long, conflicts_with = "ablations_only")]
    no_ablations: bool,
    /// Nothing but ablations.
    #[arg(long)]
    ablations_only: bool,
    /// Part k of n parts that take about alike; together they are the selection.
    #[arg(long, value_name = "K/N", value_parser = partition)]
    partition: Option<(usize, usize)>,
    /// Say what is selected, and run nothing.
    #[arg(long)]
    list: bool,
    /// Write the report as JSON (`-`: to the standard output, and the table to the other).
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the traces that were found: SVG (with Graphviz), in words, JSON.
    #[arg(long, value_name = "DIR")]
    traces: Option<PathBuf>,
    /// Write the models with their proofs, load them again, and believe only what that gives.
    #[arg(long, value_name = "DIR")]
    proofs: Option<PathBuf>,
    /// Let this prover check the proofs; its verdicts are the ones that count.
    #[arg(long, value_name = "PROVER")]
    recheck: Option<PathBuf>,
    /// The prover [default: tamarin-prover on PATH].
    #[arg(long, value_name = "PATH")]
    prover: Option<PathBuf>,
    /// No prover is a failure.
    #[arg(long)]
    require_prover: bool,
    /// Run everything, whatever former runs gave.
    #[arg(long)]
    no_cache: bool,
    /// How many provers at a time [default: the number of cores].
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Each lemma in a process of its own, so that its time is measured.
    #[arg(long)]
    alone: bool,
    /// Seconds for one lemma.
    #[arg(long, value_name = "S", default_value_t = 300)]
    timeout: u64,
    /// MiB for one prover [default: most of the machine's, shared out].
    #[arg(long, value_name = "MIB")]
    memory: Option<u64>,
    /// Seconds for the checks of message derivation.
    #[arg(long, value_name = "S", default_value_t = 60)]
    derivcheck_timeout: u32,
    /// Write verdicts.toml, observed.jsonl and TABLES.md anew, and say what changed.
    #[arg(long)]
    bless: bool,
    /// Where the models are [default: the nearest directory `tamarin`].
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

fn partition(text: &str) -> std::result::Result<(usize, usize), String> {
    let parts = text.split_once('/').map(|(k, n)| (k.parse(), n.parse()));
    match parts {
        Some((Ok(k), Ok(n))) if 1 <= k && k <= n => Ok((k, n)),
        _ => Err("a part is k/n with 1 ≤ k ≤ n, as in 2/4".to_owned()),
    }
}

fn flags(text: &str) -> BTreeSet<String> {
    let parts = text.split(['+', ',']).map(str::trim);
    let parts = parts.filter(|f| !f.is_empty() && *f != "none");
    parts.map(str::to_owned).collect()
}

/// Runs the command; gives the exit status.
pub fn run(args: &ProveArgs) -> Result<u8> {
    let directory = args.models.clone().unwrap_or_else(default_models);
    let models = Models::read(&directory)?;
    let manifest = Manifest::read(&directory)?;
    let prover = Prover::find(args.prover.as_deref())?;
    if prover.is_none() && args.require_prover {
        eprintln!("conformance: there is no {NAME} on PATH; {INSTALL}");
        return Ok(1);
    }
    let options = options(args, &directory, prover)?;
    if args.bless {
        return bless(args, &models, &manifest.unwrap_or_default(), options);
    }
    let Some(manifest) = manifest else {
        return Err(Error::NoManifest(directory.join(FILE)));
    };
    if args.list {
        return list(args, &models, &manifest, options);
    }
    if options.prover.is_none() {
        eprintln!("conformance: nothing is checked: there is no {NAME} on PATH; {INSTALL}");
    }
    let how = (Pins::Held, &BTreeSet::new());
    let report = with_progress(|progress| {
        gate::judge(&models, &manifest, &options, how, progress, &stop())
    })?;
    if report.lemmas.is_empty() && report.problems.is_empty() {
        return Err(Error::Usage("nothing is selected".to_owned()));
    }
    deliver(
        &table::people(&report),
        (args.json.as_deref(), || report.json()),
        (args.junit.as_deref(), || report.junit()),
    )?;
    Ok(report.exit_code())
}

fn options(args: &ProveArgs, directory: &Path, prover: Option<Prover>) -> Result<Options> {
    let cache = match args.no_cache {
        true => Cache::none(),
        false => default_cache(directory),
    };
    let defaults = Options::new(prover, cache);
    let jobs = args.jobs.unwrap_or(defaults.jobs).max(1);
    let recheck = match &args.recheck {
        Some(path) => Prover::find(Some(path))?,
        None => None,
    };
    for place in [&args.proofs, &args.traces].into_iter().flatten() {
        let real = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_owned());
        std::fs::create_dir_all(place).map_err(file(place))?;
        if real(place) == real(directory) {
            let place = place.display();
            return Err(Error::Usage(format!(
                "{place} has the models; write elsewhere"
            )));
        }
    }
    Ok(Options {
        recheck,
        jobs,
        limits: Limits {
            time: Duration::from_secs(args.timeout),
            memory: args.memory.unwrap_or_else(|| gate::memory() / jobs as u64),
            ..defaults.limits
        },
        derivcheck: args.derivcheck_timeout,
        proofs: args.proofs.clone(),
        traces: args.traces.clone(),
        alone: args.alone,
        selection: Selection {
            any: args.select.clone(),
            theories: args.theory.clone(),
            sets: args.set.iter().map(|s| flags(s)).collect(),
            ablations: match (args.no_ablations, args.ablations_only) {
                (true, _) => Ablations::Without,
                (_, true) => Ablations::Only,
                _ => Ablations::With,
            },
            partition: args.partition,
        },
        observed: Observed::read(directory)?,
        ..defaults
    })
}

/// A line that says what runs; none where nobody watches.
fn with_progress<T>(run: impl FnOnce(&dyn Fn(&str)) -> T) -> T {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let last = RefCell::new(std::time::Instant::now());
    let watched = std::io::stderr().is_terminal();
    let result = run(&|line: &str| {
        if watched {
            bar.set_message(line.to_owned());
        } else if last.borrow().elapsed() > Duration::from_secs(60) {
            // A log gets a line once a minute.
            last.replace(std::time::Instant::now());
            eprintln!("conformance: {line}");
        }
    });
    bar.finish_and_clear();
    result
}

fn list(args: &ProveArgs, models: &Models, manifest: &Manifest, options: Options) -> Result<u8> {
    let cases = plan::cases(models, manifest, &BTreeSet::new())?;
    let units = options
        .selection
        .of(plan::units(&cases), &options.observed)?;
    if units.is_empty() {
        return Err(Error::Usage("nothing is selected".to_owned()));
    }
    let all: Vec<serde_json::Value> = units
        .iter()
        .map(|unit| {
            serde_json::json!({
                "id": unit.id,
                "file": unit.case.file,
                "flags": unit.case.set.flags,
                "lemma": unit.name,
                "claims": unit.claims(),
                "expect": unit.expect,
                "ablation": unit.case.set.ablation(),
                "seconds": options.observed.seconds(&unit.id),
            })
        })
        .collect();
    let mut text = String::new();
    for unit in &units {
        let expect = unit.expect.map_or("not listed", Verdict::word);
        let seconds = options.observed.seconds(&unit.id);
        let seconds = seconds.map_or("-".to_owned(), |s| format!("{s:.1} s"));
        let (id, claims) = (&unit.id, unit.claims().join(" "));
        let _ = writeln!(text, "{expect:<10} {seconds:>8}  {id} {claims}");
    }
    // The list is the report: where it is wanted as JSON, it is not printed as well.
    if args.json.is_some() {
        text.clear();
    }
    let json = || serde_json::to_string_pretty(&all);
    deliver_json(&text, args.json.as_deref(), json)?;
    Ok(0)
}

fn bless(args: &ProveArgs, models: &Models, old: &Manifest, options: Options) -> Result<u8> {
    if args.json.is_some() || args.junit.is_some() {
        return Err(Error::Usage("`--bless` writes no report".to_owned()));
    }
    if !options.selection.by_set() {
        return Err(Error::Usage(
            "what a set says is pinned as a whole: `--bless` takes `--theory`, `--set` and \
             ablations as a selection, nothing finer"
                .to_owned(),
        ));
    }
    let blessed = with_progress(|progress| bless::bless(models, old, options, progress, &stop()))?;
    let observed = blessed.observed.json_lines();
    let observed = observed.map_err(|e| Error::Report(e.to_string()))?;
    let tables = pages::page(models, &blessed.manifest, &blessed.observed)?;
    for (name, text) in [
        (FILE, blessed.manifest.toml()),
        (observed::FILE, observed),
        (pages::FILE, tables),
    ] {
        let path = models.directory.join(name);
        store(&path, text.as_bytes()).map_err(file(&path))?;
    }
    let mut lines = blessed.changes;
    if lines.is_empty() {
        lines.push("nothing changed".to_owned());
    }
    let text = lines.join("\n");
    print(format_args!("{text}\n"));
    for line in &blessed.open {
        print(format_args!("STILL OPEN {line}\n"));
    }
    Ok(u8::from(!blessed.open.is_empty()))
}
