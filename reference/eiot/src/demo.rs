//! `eiot demo`: the whole story on real video, in a directory of its own.

use std::path::PathBuf;

use clap::Args;
use encryptediot_schemes::demo::{self, Options};
use serde_json::json;

use crate::context::{Context, Report};
use crate::failure::{Failure, Outcome};

#[derive(Args, Debug)]
#[command(after_help = "Example:
  eiot demo --dir /tmp/demo && ffplay /tmp/demo/owner.ts

It uses neither --store nor --home: its cloud, its decrypted files and report.json are in DIR.")]
pub struct Demo {
    /// Where everything goes: a new or empty directory, or a former demo's
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The same seed gives the same keys, clips and objects, byte for byte
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(context: &Context, args: Demo) -> Outcome<Report> {
    let directory = args.dir.unwrap_or_else(demo::default_directory);
    let options = Options {
        seed: args.seed,
        ..Options::new(&directory)
    };
    let mut progress = |scene: &str| {
        if !context.global.json {
            crate::context::tell(format_args!("… {scene}"));
        }
    };
    let report = demo::run(&options, &mut progress).map_err(|error| {
        let advice = "give a directory that is new, empty or a former demo's: --dir DIR";
        match error {
            demo::Failure::Protocol(error) => error.into(),
            other => Failure::usage(other.to_string(), advice),
        }
    })?;
    if !report.held {
        let mut failure = Failure::usage(report.to_string(), "report it, with the seed");
        (failure.reason, failure.usage) = ("demo", false);
        return Err(failure);
    }
    let json = serde_json::to_value(&report).unwrap_or_else(|_| json!({ "held": report.held }));
    Ok(Report::new(json, report.to_string()))
}
