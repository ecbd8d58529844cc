//! `eiot`: EncryptedIoT on the command line.
//!
//! A store directory stands for the cloud, a home directory for the devices of this machine. Every
//! command may be killed at any time and completes when it is run again.

mod account;
mod camera;
mod context;
mod demo;
mod devices;
mod extend;
mod failure;
mod features;
mod fresh;
mod link;
mod member;
mod passphrase;
mod phone;
mod policy;
mod random;
mod record;
mod recorder;
mod share;
mod shim;
mod signals;
mod sink;
mod status;
mod temporary;
mod uploader;
mod view;
mod viewer;

use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use encryptediot_policy::times;

use context::{Context, Global, Report, tell};
use failure::{Failure, Outcome};

/// End-to-end encrypted camera streams that can be shared, windowed and revoked
#[derive(Parser, Debug)]
#[command(
    name = "eiot",
    version,
    arg_required_else_help = true,
    after_help = "Five minutes:
  eiot account create
  eiot camera pair front --streams video
  eiot record --camera front --stream video film.ts
  eiot view --stream video -o copy.ts
  eiot member new alice
  eiot share --stream video --to alice
  eiot revoke --member alice && eiot status

Exit codes: 0 done, 1 refused or failed, 2 the command line is not a proper one."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Create, show and recover the account
    #[command(subcommand)]
    Account(account::Command),
    /// The owner's phones: enroll, drop, bring up to date
    #[command(subcommand)]
    Phone(phone::Command),
    /// Cameras: pair them, bring them up to date
    #[command(subcommand)]
    Camera(camera::Command),
    /// Someone whom an owner shares with: keys, safety numbers, what is held
    #[command(subcommand)]
    Member(member::Command),
    /// Record a file or a pipe
    Record(record::Record),
    /// Decrypt clips to a file or a pipe
    View(view::View),
    /// Share streams with members
    Share(share::Share),
    /// Give streams new keys
    Rotate(share::Rotate),
    /// Take streams away from a member
    Revoke(share::Revoke),
    /// Extend a lease or a member's window
    #[command(subcommand)]
    Extend(extend::Command),
    /// Links: clips for whoever holds a text
    #[command(subcommand)]
    Link(link::Command),
    /// A file that says who sees what: plan it, apply it, check for drift
    #[command(subcommand)]
    Policy(policy::Command),
    /// What is announced, what is in effect, who holds what
    Status(status::Status),
    /// Play the whole story on real video, in a directory of its own
    Demo(demo::Demo),
    /// Play the paper's table 1 under every scheme: what works, and what it exposes
    Features(features::Features),
    /// Answer the runner of test vectors
    Shim(shim::Shim),
}

fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::Account(command) => account::run(context, command),
        Command::Phone(command) => phone::run(context, command),
        Command::Camera(command) => camera::run(context, command),
        Command::Member(command) => member::run(context, command),
        Command::Record(args) => record::run(context, args),
        Command::View(args) => view::run(context, args),
        Command::Share(args) => share::share(context, args),
        Command::Rotate(args) => share::rotate(context, args),
        Command::Revoke(args) => share::revoke(context, args),
        Command::Extend(command) => extend::run(context, command),
        Command::Link(command) => link::run(context, command),
        Command::Policy(command) => policy::run(context, command),
        Command::Status(args) => status::run(context, args),
        Command::Demo(args) => demo::run(context, args),
        Command::Features(args) => features::run(context, args),
        Command::Shim(args) => shim::run(context, args),
    }
}

/// The command line is not a proper one, or asks for help.
fn usage(error: &clap::Error) -> ExitCode {
    let help = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
    let wanted = help.contains(&error.kind());
    if !wanted && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let (message, advice) = text.split_once('\n').unwrap_or((&text, ""));
        let message = message.trim_start_matches("error: ");
        let failure = Failure::usage(message, advice.trim()).to_json();
        let _ = writeln!(std::io::stdout(), "{failure}");
    } else {
        let printed = error.print();
        if wanted && let Err(error) = printed.and_then(|()| std::io::stdout().flush()) {
            tell(format_args!("eiot: the help cannot be written: {error}"));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::from(if wanted { 0 } else { 2 })
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let context = Context::new(cli.global);
    match run(&context, cli.command) {
        Ok(report) => match context.say(&report) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                tell(failure.to_text());
                ExitCode::FAILURE
            }
        },
        Err(failure) => {
            let code = if failure.usage { 2 } else { 1 };
            context.fail(*failure);
            ExitCode::from(code)
        }
    }
}
