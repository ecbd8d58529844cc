//! The oracle itself: its verdicts against the prover's, on traces that the prover printed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use conformance::prove::spthy::{Quantifier, Source};
use conformance::trace::evaluate::evaluate;
use conformance::trace::prover;
use conformance::trace::term::Terms;
use conformance::trace::theory::Theory;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn theory(file: &str, flags: &[&str]) -> Theory {
    let source = Source::read(&root().join("tamarin").join(file)).unwrap();
    let flags: BTreeSet<String> = flags.iter().map(|f| (*f).to_owned()).collect();
    Theory::read(&source, &flags).unwrap()
}

#[test]
fn every_model_is_understood() {
    for file in std::fs::read_dir(root().join("tamarin")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Observational equivalence is not about traces.
        if path.extension().is_some_and(|e| e == "spthy") && name != "privacy.spthy" {
            let theory = theory(&name, &[]);
            assert!(
                !theory.rules.is_empty() && !theory.lemmas.is_empty(),
                "{name}"
            );
        }
    }
}

#[test]
fn prover_traces() {
    for file in std::env::var("TRACES")
        .into_iter()
        .flat_map(|d| std::fs::read_dir(d).unwrap())
    {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let parts: Vec<&str> = name.split('.').collect();
        let flags: Vec<&str> = parts[1].split('+').filter(|f| !f.is_empty()).collect();
        let theory = theory(&format!("{}.spthy", parts[0]), &flags);
        let mut terms = Terms::default();
        let traces = prover::read(
            &std::fs::read_to_string(&path).unwrap(),
            &theory,
            &mut terms,
        )
        .unwrap();
        for trace in &traces {
            for p in theory.lemmas.iter().filter(|l| l.name == parts[2]) {
                let v = evaluate(p, trace, &mut terms);
                println!("{name}: {:?} {v:?}", p.quantifier);
            }
            for p in &theory.restrictions {
                let v = evaluate(p, trace, &mut terms).unwrap();
                if !v.holds {
                    println!("   restriction {} {v:?}", p.name);
                }
            }
        }
    }
    let _ = Quantifier::AllTraces;
}

#[test]
fn histories() {
    use conformance::trace::history::{op, play};
    use conformance::trace::judge::Judge;
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let judge = Judge::read(&root().join("tamarin"), "encryptediot.spthy", &["LINK"]).unwrap();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec(op(), 60..=120);
    let (mut rules, mut reached, mut known) = (
        std::collections::BTreeMap::new(),
        BTreeSet::new(),
        BTreeSet::new(),
    );
    let (mut played, mut judged, mut steps) = (0.0, 0.0, 0);
    for seed in 0..std::env::var("N").map_or(5, |n| n.parse().unwrap()) {
        let ops = strategy.new_tree(&mut runner).unwrap().current();
        let told = play(&ops, seed).unwrap();
        let found = judge.judge(&told.log).unwrap();
        for fault in &found.faults {
            println!("{seed}: {fault}");
        }
        if let Some(a) = told.altered {
            println!("{a}");
        }
        for (rule, n) in found.rules {
            *rules.entry(rule).or_insert(0) += n;
        }
        reached.extend(found.reached);
        known.extend(found.known);
        played += told.took.as_secs_f64();
        judged += found.took.as_secs_f64();
        steps += told.log.steps.len();
    }
    println!(
        "{rules:?}\n{reached:?}\n{known:?} played {played:.2} judged {judged:.2} steps {steps}"
    );
}
