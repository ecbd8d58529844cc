//! `conformance vectors` and `conformance generate`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use glob::{Pattern, PatternError};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::file::File;
use super::process::Process;
use super::program::{Program, Reference};
use super::run::{self, Options};
use super::{Error, Result, default_directory, generate, report};
use conformance_common::report::{deliver, print};

const EXAMPLES: &str = "\
Examples:
  conformance vectors                            the reference, in this process
  conformance vectors --impl 'eiot shim'         the reference, as any other program is asked
  conformance vectors --impl './shim --fast' 'vault-open/*'
  conformance vectors --claim CLAIM-PREFIX --flag Truncated
  conformance vectors --file sequences --list    what there is; runs nothing
  conformance vectors --show vault-open/good     what a program is asked, and what it must answer
  conformance vectors --json - | jq .counts

How a program is asked: vectors/PROTOCOL.md. Operations that it does not claim in its hello are
\"unsupported\", which is no success; one that it claims and does not do has failed.

Exit status: 0 if all that ran held; 1 if something did not; 2 if nothing ran, the program says no
hello, or the command line is wrong.";

/// Run the test vectors against a program, or against the reference.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct VectorsArgs {
    /// Only tests whose id matches one of these patterns.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// The program under test, as a shell reads it [default: the reference, in this process].
    #[arg(long = "impl", value_name = "COMMAND")]
    command: Option<String>,
    /// Only files of operations that match.
    #[arg(long, value_name = "GLOB")]
    file: Vec<String>,
    /// Only tests with a flag that matches.
    #[arg(long, value_name = "GLOB")]
    flag: Vec<String>,
    /// Only tests of claims, or sections of SPEC, that match.
    #[arg(long, value_name = "GLOB")]
    claim: Vec<String>,
    /// Say what is selected, and run nothing.
    #[arg(long)]
    list: bool,
    /// Print this test as JSON, its pieces put together: each request as a program gets it, and the answer that is
    /// expected. Runs nothing.
    #[arg(long, value_name = "ID", conflicts_with_all = ["list", "command"])]
    show: Option<String>,
    /// Write what was found as JSON (`-`: to the standard output, and the table to the other).
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write what was found as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// How many programs are asked at a time [default: the number of cores].
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Seconds that a program has for an answer.
    #[arg(long, value_name = "S", default_value_t = 30)]
    timeout: u64,
    /// Where the vectors are [default: the nearest directory `vectors`].
    #[arg(long, value_name = "DIR")]
    vectors: Option<PathBuf>,
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  conformance generate             write vectors/ anew
  conformance generate --check     say whether vectors/ is what would be written

Everything is made from fixed keys and seeds: the same bytes each time. Each test states what must
come of it; where the reference says otherwise, nothing is written.

Exit status: 0 if it was written, or is what would be; 1 if not.";

/// Make the test vectors anew.
#[derive(Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub struct GenerateArgs {
    /// Write nothing: compare.
    #[arg(long)]
    check: bool,
    /// Where the vectors are [default: the nearest directory `vectors`].
    #[arg(long, value_name = "DIR")]
    vectors: Option<PathBuf>,
}

fn globs(patterns: &[String]) -> Result<Vec<Pattern>> {
    let usage = |why: PatternError| Error::Usage(why.to_string());
    let all = patterns.iter().map(|pattern| Pattern::new(pattern));
    all.map(|glob| glob.map_err(usage)).collect()
}

/// Whether a text matches; without patterns everything does.
fn any<'a>(globs: &[Pattern], mut texts: impl Iterator<Item = &'a String>) -> bool {
    globs.is_empty() || texts.any(|text| globs.iter().any(|glob| glob.matches(text)))
}

fn choose(args: &VectorsArgs, files: &[File]) -> Result<Vec<(usize, usize)>> {
    let (ids, names) = (globs(&args.ids)?, globs(&args.file)?);
    let (flags, claims) = (globs(&args.flag)?, globs(&args.claim)?);
    let mut chosen = Vec::new();
    for (number, file) in files.iter().enumerate() {
        if !any(&names, std::iter::once(&file.operation)) {
            continue;
        }
        for (place, test) in file.tests.iter().enumerate() {
            let is = any(&ids, std::iter::once(&test.id))
                && any(&flags, test.flags.iter())
                && any(&claims, test.checks.iter());
            chosen.extend(is.then_some((number, place)));
        }
    }
    Ok(chosen)
}

/// A test, whole.
fn show(files: &[File], id: &str) -> Result<String> {
    let all = files
        .iter()
        .flat_map(|file| file.tests.iter().map(move |test| (file, test)));
    let Some((file, test)) = all.clone().find(|(_, test)| test.id == id) else {
        let near = all
            .max_by(|(_, a), (_, b)| strsim::jaro(&a.id, id).total_cmp(&strsim::jaro(&b.id, id)));
        let near = near.map_or("", |(_, test)| &test.id);
        return Err(Error::Usage(format!(
            "no test is called {id}; the nearest is {near}"
        )));
    };
    let reset = test
        .is_sequence()
        .then(|| json!({ "request": { "operation": "reset", "input": {} } }));
    let mut exchanges: Vec<Value> = reset.into_iter().collect();
    for (operation, exchange) in test.exchanges(file) {
        let input = file.resolve(&exchange.input)?;
        let request = json!({ "operation": operation, "input": input });
        exchanges.push(json!({ "request": request, "answer": exchange.answer() }));
    }
    for (number, exchange) in exchanges.iter_mut().enumerate() {
        exchange["request"]["id"] = json!(number + 1);
    }
    let whole = json!({
        "id": test.id, "comment": test.comment, "checks": test.checks, "flags": test.flags,
        "exchanges": exchanges,
    });
    Ok(format!("{whole:#}\n"))
}

/// Runs `conformance vectors`; gives the exit status.
///
/// # Errors
/// Why nothing could be run.
pub fn run(args: &VectorsArgs) -> Result<u8> {
    let directory = args.vectors.clone().unwrap_or_else(default_directory);
    let files = File::read_all(&directory)?;
    if let Some(id) = &args.show {
        print(show(&files, id)?);
        return Ok(0);
    }
    let chosen = choose(args, &files)?;
    if chosen.is_empty() {
        return Err(Error::Usage("nothing is selected: see --list".to_owned()));
    }
    if args.list {
        for (file, test) in &chosen {
            if let Some(test) = files.get(*file).and_then(|f| f.tests.get(*test)) {
                print(format_args!("{:<50} {}\n", test.id, test.comment));
            }
        }
        return Ok(0);
    }
    let bar = ProgressBar::new(chosen.len() as u64);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let timeout = Duration::from_secs(args.timeout);
    let program = || -> Box<dyn Program> {
        match &args.command {
            Some(command) => Box::new(Process::new(command, timeout)),
            None => Box::new(Reference::default()),
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options {
        program: &program,
        jobs: args.jobs.unwrap_or(cores),
        progress: &|| bar.inc(1),
    };
    let found = run::run(&files, &chosen, &options)?;
    bar.finish_and_clear();
    deliver(
        &report::table(&found),
        (args.json.as_deref(), || report::json(&found)),
        (args.junit.as_deref(), || report::junit(&found)),
    )?;
    Ok(found.exit_code())
}

/// Runs `conformance generate`; gives the exit status.
///
/// # Errors
/// What is wrong with a vector, or why nothing can be written.
pub fn generate(args: &GenerateArgs) -> Result<u8> {
    let directory = args.vectors.clone().unwrap_or_else(default_directory);
    let pages = generate::pages()?;
    let changed = generate::changes(&pages, &directory)?;
    if args.check {
        for path in &changed {
            print(format_args!(
                "differs: {}\n",
                directory.join(path).display()
            ));
        }
        let (count, all) = (changed.len(), pages.len());
        print(format_args!(
            "{count} of {all} files differ from what would be written\n"
        ));
        return Ok(u8::from(!changed.is_empty()));
    }
    generate::write(&pages, &directory, &changed)?;
    for path in &changed {
        print(format_args!(
            "written: {}\n",
            directory.join(path).display()
        ));
    }
    print(format_args!(
        "{} of {} files changed\n",
        changed.len(),
        pages.len()
    ));
    Ok(0)
}
