//! The main job: runs what can be checked, shows the demo, and says what was found.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use conformance::check::{self, Check, Context, Summary};
use conformance::prove::cli::ProveArgs;
use conformance::{checks, claims, output, prove, trace};
use conformance_common::report::{deliver, print};
use conformance_vectors as vectors;
use indicatif::ProgressBar;

/// Runs every check of EncryptedIoT that can be made here, the demo among them.
///
/// Exit status: 0 if all that was checked held, 1 if something failed, 2 if nothing was checked
/// or the command line is wrong.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {
    /// List the checks and what each shows.
    List,
    Prove(Box<ProveArgs>),
    Vectors(Box<vectors::cli::VectorsArgs>),
    Generate(vectors::cli::GenerateArgs),
    Trace(trace::cli::TraceArgs),
    Claims(claims::ClaimsArgs),
}

#[derive(clap::Args)]
struct Run {
    /// Only these checks.
    #[arg(value_name = "CHECK")]
    only: Vec<String>,
    /// What everything random is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the demo's files go: new, empty, or a former demo's [default: target/eiot-demo, or
    /// eiot-demo where there is no target].
    #[arg(long, value_name = "DIR")]
    demo: Option<PathBuf>,
    /// Show what each check showed, not only the demo's table and the matrix of features.
    #[arg(long, short)]
    verbose: bool,
    /// Write what was found as JSON (`-`: to the standard output, and the table to the standard
    /// error).
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write what was found as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Bad usage, or an output that cannot be written.
const BAD: u8 = 2;

fn main() -> ExitCode {
    let Arguments { command, run } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(wrong) if wrong.use_stderr() => wrong.exit(),
        Err(help) => {
            print(help.render());
            return ExitCode::SUCCESS;
        }
    };
    let result = match command {
        Some(Command::List) => {
            for Check { name, shows, .. } in checks::all() {
                print(format_args!("{name:<10} {shows}\n"));
            }
            Ok(0)
        }
        Some(Command::Prove(args)) => prove::cli::run(&args).map_err(|e| e.to_string()),
        Some(Command::Vectors(args)) => vectors::cli::run(&args).map_err(|e| e.to_string()),
        Some(Command::Generate(args)) => vectors::cli::generate(&args).map_err(|e| e.to_string()),
        Some(Command::Trace(args)) => trace::cli::run(&args),
        Some(Command::Claims(args)) => claims::run(&args),
        None => main_job(&run),
    };
    match result {
        Ok(code) => code.into(),
        Err(why) => {
            eprintln!("conformance: {why}");
            BAD.into()
        }
    }
}

fn main_job(run: &Run) -> Result<u8, String> {
    let all = checks::all();
    if let Some(unknown) = run.only.iter().find(|o| !all.iter().any(|c| c.name == **o)) {
        return Err(format!(
            "no check is called {unknown}; see `conformance list`"
        ));
    }
    let chosen = |check: &Check| run.only.is_empty() || run.only.contains(&check.name);
    let chosen: Vec<Check> = all.into_iter().filter(chosen).collect();

    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let progress = |text: &str| bar.set_message(text.to_owned());
    let directory = run
        .demo
        .clone()
        .unwrap_or_else(encryptediot_schemes::demo::default_directory);
    let context = Context::new(run.seed, directory, &progress);
    let summary = check::run(&chosen, &context);
    bar.finish_and_clear();

    write(run, &summary)?;
    Ok(summary.exit_code())
}

fn write(run: &Run, summary: &Summary) -> Result<(), String> {
    let mut text = String::new();
    let shown = summary.findings.iter().filter(|f| !f.text.is_empty());
    for finding in shown.filter(|f| run.verbose || f.name == "demo") {
        text.push_str(finding.text.trim_end());
        text.push_str("\n\n");
    }
    text.push_str(&output::table(summary));
    // The folder may not be there yet: `target` is elsewhere where CARGO_TARGET_DIR says so.
    for path in [&run.junit, &run.json].into_iter().flatten() {
        let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    deliver(
        &text,
        (run.json.as_deref(), || output::json(summary)),
        (run.junit.as_deref(), || output::junit(summary)),
    )
    .map_err(|e| e.to_string())
}
