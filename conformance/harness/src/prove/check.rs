//! The proofs as one of the checks of the main job.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::cache::Cache;
use super::gate::{self, Options, Pins};
use super::manifest::{FILE, Manifest};
use super::observed::Observed;
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
    let read = Models::read(directory).and_then(|models| {
        let manifest = Manifest::read(directory)?;
        Ok((models, manifest, Observed::read(directory)?))
    });
    let (models, manifest, observed) = match read {
        Ok((models, Some(manifest), observed)) => (models, manifest, observed),
        Ok((models, None, _)) => {
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
        observed,
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
    let not_checked = report.counts().not_checked;
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

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "theory T begin lemma l: exists-trace \"Ex #i. A()@i\" end";

    fn outcome(directory: &Path) -> Outcome {
        let context = Context::new(1, PathBuf::new(), &|_| ());
        look(&context, directory, Ok(None))
    }

    fn not_checked(directory: &Path, why: &str) {
        match outcome(directory) {
            Outcome::NotChecked(told) if told.contains(why) => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_models_manifest_or_prover_nothing_is_checked_and_the_reason_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let models = directory.path().join("tamarin");
        not_checked(&models, "the models are not here");
        std::fs::create_dir(&models).unwrap();
        not_checked(&models, "no models yet");
        std::fs::write(models.join("t.spthy"), MODEL).unwrap();
        not_checked(&models, "1 models, and no verdicts.toml yet");
        let reading = Models::read(&models).unwrap().sources["t.spthy"]
            .under(&BTreeSet::new(), false)
            .unwrap();
        let manifest = format!(
            "[[theory]]\nfile = \"t.spthy\"\n\
             lemma.l = {{ quantifier = \"exists-trace\", formula = \"{}\" }}\n\
             [[theory.set]]\nrestrictions_hash = \"{}\"\nexpect.l = \"verified\"\n",
            reading.lemmas[0].hash, reading.restrictions_hash
        );
        std::fs::write(models.join(FILE), manifest).unwrap();
        not_checked(&models, "1 lemmas: there is no tamarin-prover on PATH");
        not_checked(&models, "brew install");
        // What can be seen without a prover is seen.
        std::fs::write(models.join("t.spthy"), MODEL.replace("A()@i", "T")).unwrap();
        assert!(matches!(outcome(&models), Outcome::Failed(_)));
        std::fs::write(models.join(FILE), "nonsense").unwrap();
        assert!(matches!(outcome(&models), Outcome::Failed(_)));
    }
}
