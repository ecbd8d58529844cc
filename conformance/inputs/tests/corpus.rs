//! The corpus that is kept, on a stable compiler: each input in its time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use conformance_inputs::TARGETS;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The inputs of a target, by name.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = corpus().join(target);
    let Ok(files) = std::fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut inputs: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            (path.display().to_string(), bytes)
        })
        .collect();
    inputs.sort();
    inputs
}

/// No input takes a reader longer, in a build that checks for overflow.
const LONGEST: Duration = Duration::from_secs(10);

#[test]
fn every_input_is_read_in_its_time() {
    for target in TARGETS {
        let inputs = inputs(target.name);
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        // What is made once does not count.
        (target.run)(b"");
        for (name, bytes) in inputs {
            let begin = Instant::now();
            (target.run)(&bytes);
            assert!(begin.elapsed() < LONGEST, "{name}: {:?}", begin.elapsed());
        }
    }
}

#[test]
fn the_corpus_is_small_and_every_folder_has_its_target() {
    let mut size = 0;
    for folder in std::fs::read_dir(corpus()).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(TARGETS.iter().any(|target| target.name == name), "{name}");
        size += inputs(&name)
            .iter()
            .map(|(_, bytes)| bytes.len())
            .sum::<usize>();
    }
    assert!(size < 300_000, "{size} bytes");
}

#[test]
fn every_target_has_its_fuzzing_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for target in TARGETS {
        let name = target.name;
        let calls = std::fs::read_to_string(folder.join(format!("targets/{name}.rs"))).unwrap();
        assert!(calls.contains(&format!("run(\"{name}\", bytes)")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
    let files = std::fs::read_dir(folder.join("targets")).unwrap().count();
    assert_eq!(files, TARGETS.len());
}
