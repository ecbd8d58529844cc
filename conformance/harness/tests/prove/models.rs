//! The project's own models, pins and tables.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use conformance::prove::evidence;
use conformance::prove::manifest::Manifest;
use conformance::prove::observed::Observed;
use conformance::prove::pages;
use conformance::prove::plan::{self, Models};
use serde_json::Value;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tamarin")
}

/// As the workflow `proofs` has them.
#[test]
fn parts_of_the_models_take_alike_and_share_out_few_sets() {
    let models = models();
    for which in ["--no-ablations", "--ablations-only"] {
        let (mut seconds, mut sets) = (Vec::new(), Vec::new());
        for part in 1..=4 {
            let part = format!("{part}/4");
            let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
            command.args(["prove", "--list", "--json", "-", "--models"]);
            let output = command
                .arg(&models)
                .args([which, "--partition", &part])
                .output()
                .unwrap();
            let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
            // What has no time yet is taken to need 3 s.
            let times = rows
                .iter()
                .map(|row| row["seconds"].as_f64().unwrap_or(3.0));
            seconds.push(times.sum::<f64>());
            let names = rows
                .iter()
                .map(|row| format!("{} {}", row["file"], row["flags"]));
            sets.push(names.collect::<BTreeSet<_>>());
        }
        let (least, most) = seconds
            .iter()
            .fold((f64::MAX, 0.0_f64), |(least, most), part| {
                (least.min(*part), most.max(*part))
            });
        assert!(most <= 1.1 * least, "{which}: {seconds:?}");
        let all: BTreeSet<&String> = sets.iter().flatten().collect();
        let begun: usize = sets.iter().map(BTreeSet::len).sum();
        // The longest sets are shared out among all parts.
        assert!(begun <= 3 * all.len(), "{which}: {begun} for {}", all.len());
    }
}

#[test]
fn pins_observations_and_tables_agree_with_the_models_and_each_other() {
    let directory = models();
    let models = Models::read(&directory).unwrap();
    let manifest = Manifest::read(&directory).unwrap().unwrap();
    let observed = Observed::read(&directory).unwrap();
    let file = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    assert_eq!(file("verdicts.toml"), manifest.toml());
    assert_eq!(file("observed.jsonl"), observed.json_lines().unwrap());
    let cases = plan::cases(&models, &manifest, &BTreeSet::new()).unwrap();
    let mut observations = 0;
    for unit in plan::units(&cases) {
        assert_eq!(unit.departures(), Vec::<String>::new(), "{}", unit.id);
    }
    for case in &cases {
        for (lemma, evidence) in evidence::of_case(case, &observed) {
            let pinned = case.set.expect[&lemma];
            let agree = evidence.seen.iter().all(|(_, s)| s.verdict == pinned);
            assert!(agree, "{}/{lemma}: another verdict was observed", case.id);
            observations += evidence.seen.len();
        }
    }
    let lines = file("observed.jsonl").lines().count();
    assert_eq!(
        observations, lines,
        "observations on texts that are not those of now"
    );
    assert_eq!(
        file("TABLES.md"),
        pages::page(&models, &manifest, &observed).unwrap(),
        "write it anew with `conformance prove --bless`"
    );
}
