//! The proofs as one of the checks of the main job.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::cache::Cache;
use super::gate::{self, Options, Pins};
use super::manifest::{FILE, Manifest};
use super::plan::{Ablations, Models, Selection};
use super::prover::{INSTALL, NAME, Prover};
use super::table;
use crate::check::{Check, Context, Outcome};

/// The directory of the models: the nearest `tamarin`, upwards from here.
pub fn default_models() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let near = here
        .ancestors()
        .map(|d| d.join("tamarin"))
        .find(|d| d.is_dir());
    near.unwrap_or_else(|| PathBuf::from("tamarin"))
}

/// Where verdicts of former runs are kept: beside what cargo builds.
pub fn default_cache(models: &Path) -> Cache {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let beside = || models.parent().unwrap_or(Path::new(".")).join("target");
    Cache::at(target.unwrap_or_else(beside).join("verdicts"))
}

/// Set when somebody wants us to stop: Ctrl-C, or a request to end.
pub fn stop() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    // If a handler is there already, this run just cannot be stopped in order.
    let _ = ctrlc::set_handler(move || seen.store(true, std::sync::atomic::Ordering::SeqCst));
    stop
}

/// The check.
pub fn proofs() -> Check {
    let shows = "the security claims of SPEC are proven in the symbolic model, ablations aside";
    Check::new("proofs", shows, |context| {
        look(context, &default_models(), Prover::find(None))
    })
}

fn look(
    context: &Context<'_>,
    directory: &Path,
    prover: super::error::Result<Option<Prover>>,
) -> Outcome {
    let not = |why: String| Outcome::NotChecked(why);
    if !directory.is_dir() {
        return not("the models are not here: there is no directory tamarin".to_owned());
    }
    let read = Models::read(directory).and_then(|m| Ok((m, Manifest::read(directory)?)));
    let (models, manifest) = match read {
        Ok((models, Some(manifest))) => (models, manifest),
        Ok((models, None)) => {
            let count = models.sources.len();
            return not(format!(
                "{count} models, and no {FILE} yet that says what they prove"
            ));
        }
        Err(super::error::Error::NoModels(_)) => return not("there are no models yet".to_owned()),
        Err(why) => return Outcome::Failed(why.to_string()),
    };
    let prover = match prover {
        Ok(prover) => prover,
        Err(why) => return Outcome::Failed(why.to_string()),
    };
    let missing = prover.is_none();
    let options = Options {
        selection: Selection {
            ablations: Ablations::Without,
            ..Selection::default()
        },
        ..Options::new(prover, default_cache(directory))
    };
    let progress = |line: &str| context.progress(&format!("proofs: {line}"));
    let how = (Pins::Held, &BTreeSet::new());
    let report = gate::judge(&models, &manifest, &options, how, &progress, &stop());
    let report = match report {
        Ok(report) => report,
        Err(why) => return Outcome::Failed(why.to_string()),
    };
    context.show(table::people(&report), &report);
    let (_, _, not_checked) = report.counts();
    let total = report.lemmas.len();
    match report.exit_code() {
        1 if !report.interrupted => {
            let problems = report
                .problems
                .iter()
                .map(|p| format!("{}: {}", p.file, p.what));
            let failed = report.lemmas.iter().filter_map(|row| match &row.outcome {
                Outcome::Failed(why) => Some(format!("{}: {why}", row.id)),
                _ => None,
            });
            let all: Vec<String> = problems.chain(failed).collect();
            let more = match all.len() {
                0..=3 => String::new(),
                n => format!("; and {} more, see `conformance prove`", n - 3),
            };
            Outcome::Failed(all[..all.len().min(3)].join("; ") + &more)
        }
        _ if missing => not(format!(
            "{total} lemmas: there is no {NAME} on PATH; {INSTALL}"
        )),
        _ if report.interrupted => not("interrupted".to_owned()),
        _ if not_checked > 0 => {
            let first = report.lemmas.iter().find_map(|row| match &row.outcome {
                Outcome::NotChecked(why) => Some(format!("{}: {why}", row.id)),
                _ => None,
            });
            let first = first.unwrap_or_default();
            not(format!(
                "{not_checked} of {total} lemmas, the others hold; {first}"
            ))
        }
        _ => Outcome::Held,
    }
}
