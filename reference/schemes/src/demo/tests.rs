use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::demo::files::Plays;

fn quick(directory: &Path, seed: u64) -> Options {
    Options {
        seed,
        work: Work::LEAST,
        ..Options::new(directory)
    }
}

fn play(directory: &Path, seed: u64) -> Report {
    run(&quick(directory, seed), &mut |_| ()).unwrap()
}

/// Every file under a directory, by its path within it.
fn files_under(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let bytes = std::fs::read(&path).unwrap();
                    found.insert(path.strip_prefix(root).unwrap().to_owned(), bytes);
                }
            }
        }
    }
    found
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

#[test]
fn the_demo_holds_and_its_report_is_true_of_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let report = play(directory.path(), 1);
    assert!(report.held, "{report}");

    let file = |name: &str| std::fs::read(directory.path().join(name)).unwrap();
    assert!(file("owner.ts") == SAMPLE && file("second-phone.ts") == SAMPLE);
    assert!(file("bob.ts") == SAMPLE && file("provider.ts") == SAMPLE);
    assert!(file("owner-audio.ts") == AUDIO && file("bob-audio.ts") == AUDIO);
    for part in ["alice.ts", "alice-past.ts", "link.ts"] {
        let bytes = file(part);
        assert!(!bytes.is_empty() && bytes.len() < SAMPLE.len());
        assert!(contains(SAMPLE, &bytes), "{part} is a part of the sample");
    }
    for listed in &report.files {
        assert_eq!(file(&listed.name).len() as u64, listed.bytes);
        assert!(listed.identical, "{}", listed.name);
        assert_eq!(
            listed.whole.is_some(),
            [SAMPLE, AUDIO].contains(&&*file(&listed.name))
        );
    }
    let json: serde_json::Value = serde_json::from_slice(&file("report.json")).unwrap();
    assert_eq!(json["held"], true);
    assert_eq!(json["files"].as_array().unwrap().len(), report.files.len());
    assert_eq!(
        json["scenes"][0]["rows"][2]["seen"]["reason"],
        "nothing-granted"
    );

    // The provider's part of the directory holds no piece of what was recorded.
    for (path, bytes) in files_under(&directory.path().join(CLOUD)) {
        let pieces = SAMPLE.chunks_exact(SAMPLE.len() / 5);
        for piece in pieces.map(|piece| &piece[1_000..1_032]) {
            assert!(!contains(&bytes, piece), "{}", path.display());
        }
    }
}

#[test]
fn a_seed_replays_a_demo_byte_for_byte_and_another_does_not() {
    let directories = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let seeds = [5, 5, 6];
    let clouds: Vec<_> = directories
        .iter()
        .zip(seeds)
        .map(|(directory, seed)| {
            play(directory.path(), seed);
            files_under(&directory.path().join(CLOUD))
        })
        .collect();
    assert!(clouds[0] == clouds[1]);
    assert!(clouds[0].keys().all(|path| !clouds[2].contains_key(path)));
}

#[test]
fn without_a_player_the_files_are_not_checked_and_not_said_to_play() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        player: "no-such-player-here".to_owned(),
        ..quick(directory.path(), 1)
    };
    let report = run(&options, &mut |_| ()).unwrap();
    assert!(report.held && report.not_played().is_some());
    assert!(
        report
            .files
            .iter()
            .all(|file| matches!(file.plays, Plays::NotChecked { .. }))
    );
    assert!(report.to_string().contains("9 not checked for playing"));
}

#[test]
fn a_report_with_a_wrong_row_or_a_wrong_file_does_not_hold() {
    let directory = tempfile::tempdir().unwrap();
    let good = play(directory.path(), 1);
    let mut row = good.clone();
    row.scenes[0].rows[0].seen = scene::Outcome::Differs;
    let mut file = good.clone();
    file.files[0].identical = false;
    let mut broken = good.clone();
    broken.files[0].plays = Plays::No {
        why: "noise".into(),
    };
    let mut empty = good;
    empty.scenes.clear();
    for bad in [row, file, broken, empty] {
        let bad = bad.conclude();
        assert!(!bad.held && !bad.failures().is_empty());
    }
}

#[test]
fn the_sample_gives_the_story_the_sessions_that_it_needs() {
    let tracks = tracks().unwrap();
    for (track, (.., bytes)) in tracks.iter().zip(STREAMS) {
        assert!(track.sessions.len() >= 4, "{}", track.stream);
        let all: Vec<u8> = track.sessions.iter().flat_map(|(b, _)| b.clone()).collect();
        assert!(all == bytes);
    }
}
