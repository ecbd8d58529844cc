//! The demo on real video: that everyone opens what they may and no more, that what they get
//! plays, and that a seed replays it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use encryptediot::vault::Work;
use encryptediot_schemes::demo::{self, CLOUD, Options};

use crate::check::{Check, Context, Outcome};

/// The demo's checks.
pub fn checks() -> Vec<Check> {
    vec![
        Check::new(
            "demo",
            "real video is recorded; everyone opens what they may, byte for byte, and no more",
            held,
        ),
        Check::new(
            "playback",
            "every frame of every decrypted file is decoded without a complaint",
            playback,
        ),
        Check::new(
            "replay",
            "the same seed gives the same objects in the cloud, byte for byte",
            replay,
        ),
    ]
}

fn held(context: &Context<'_>) -> Outcome {
    match context.report() {
        Ok(report) => {
            context.show(report.to_string(), report);
            match report.held {
                true => Outcome::Held,
                false => Outcome::Failed(report.failures().join("; ")),
            }
        }
        Err(why) => Outcome::Failed(why),
    }
}

fn playback(context: &Context<'_>) -> Outcome {
    use encryptediot_schemes::demo::Plays;
    let Ok(report) = context.report() else {
        return Outcome::NotChecked("the demo did not run to its end".to_owned());
    };
    let bad = report.files.iter().find_map(|file| match &file.plays {
        Plays::No { why } => Some(format!("{}: {why}", file.name)),
        _ => None,
    });
    match (bad, report.not_played()) {
        (Some(bad), _) => Outcome::Failed(bad),
        (None, Some(why)) => Outcome::NotChecked(why.to_owned()),
        (None, None) if report.files.is_empty() => Outcome::Failed("no file".to_owned()),
        (None, None) => Outcome::Held,
    }
}

fn replay(context: &Context<'_>) -> Outcome {
    let play = || -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let options = Options {
            seed: context.seed,
            // What is replayed does not depend on the cost of the passphrase function.
            work: Work::LEAST,
            player: String::new(),
            ..Options::new(directory.path())
        };
        demo::run(&options, &mut |_| ()).map_err(|failure| failure.to_string())?;
        let cloud = directory.path().join(CLOUD);
        files_under(&cloud).map_err(|error| error.to_string())
    };
    match (play(), play()) {
        (Ok(one), Ok(two)) if one == two && !one.is_empty() => Outcome::Held,
        (Ok(_), Ok(_)) => Outcome::Failed("two runs differ".to_owned()),
        (Err(why), _) | (_, Err(why)) => Outcome::Failed(why),
    }
}

/// Every file under a directory, by its path within it.
fn files_under(root: &Path) -> std::io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(place) = path.strip_prefix(root) {
                found.insert(place.to_owned(), std::fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::run;

    fn context(directory: &Path) -> Context<'static> {
        let mut context = Context::new(2, directory.to_owned(), &|_| ());
        context.demo.work = Work::LEAST;
        context
    }

    #[test]
    fn the_demo_holds_and_without_a_player_playback_is_not_checked() {
        let directory = tempfile::tempdir().unwrap();
        let mut context = context(directory.path());
        context.demo.player = "no-such-player-here".to_owned();
        let summary = run(&checks(), &context);
        let counts = summary.counts();
        let counts = (counts.held, counts.failed, counts.not_checked);
        assert_eq!(counts, (2, 0, 1), "{summary:?}");
        assert!(matches!(
            summary.findings[1].outcome,
            Outcome::NotChecked(_)
        ));
        assert!(summary.findings[0].detail["files"].is_array());
    }

    #[test]
    fn a_demo_that_cannot_run_has_failed() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("other"), "").unwrap();
        let context = context(directory.path());
        assert!(matches!(held(&context), Outcome::Failed(_)));
        assert!(matches!(playback(&context), Outcome::NotChecked(_)));
    }
}
