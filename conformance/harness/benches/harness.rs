//! The harness, by criterion: `cargo bench -p conformance`. `scripts/bench` measures its commands.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use conformance::prove::spthy::Source;
use conformance::trace::cli::Profile;
use conformance::trace::history::play;
use conformance::trace::judge::Judge;
use conformance::trace::op;
use conformance::trace::theory::Theory;
use conformance_vectors::file::File;
use conformance_vectors::program::{Program, Reference};
use conformance_vectors::run::{Options, run};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// All vectors, answered in this process.
fn vectors(c: &mut Criterion) {
    let files = File::read_all(&at("vectors")).unwrap();
    let numbers = files.iter().enumerate();
    let chosen: Vec<_> = numbers
        .flat_map(|(number, file)| (0..file.tests.len()).map(move |place| (number, place)))
        .collect();
    let options = Options {
        program: &|| -> Box<dyn Program> { Box::new(Reference::default()) },
        jobs: 1,
        progress: &|| (),
    };
    let mut group = c.benchmark_group("vectors");
    group.throughput(Throughput::Elements(chosen.len() as u64));
    group
        .sample_size(10)
        .bench_function("all, on one core", |b| {
            b.iter(|| black_box(run(&files, &chosen, &options).unwrap().exit_code()));
        });
    group.finish();
}

/// One history, played before, held against the model.
fn oracle(c: &mut Criterion) {
    const STEPS: usize = 100;
    let (file, flags) = Profile::Repaired.model();
    let judge = Judge::read(&at("tamarin"), file, flags).unwrap();
    let histories = proptest::collection::vec(op::op(), STEPS);
    let history = histories.new_tree(&mut TestRunner::deterministic());
    let told = play(&history.unwrap().current(), 1).unwrap();
    let mut group = c.benchmark_group("oracle");
    group.throughput(Throughput::Elements(STEPS as u64));
    group.bench_function("a history of 100 steps", |b| {
        b.iter(|| black_box(judge.judge(black_box(&told.log)).unwrap().faults.len()));
    });
    group.finish();
}

/// A model from its file, as the gate and as the oracle read it.
fn models(c: &mut Criterion) {
    let (file, flags) = Profile::Repaired.model();
    let path = at("tamarin").join(file);
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let source = Source::read(&path).unwrap();
    let mut group = c.benchmark_group(file);
    group.throughput(Throughput::Bytes(source.text.len() as u64));
    group.bench_function("for the gate", |b| {
        b.iter(|| {
            let source = Source::read(black_box(&path)).unwrap();
            source.under(&flags, false).unwrap().lemmas.len()
        });
    });
    group.bench_function("for the oracle", |b| {
        b.iter(|| {
            Theory::read(black_box(&source), &flags)
                .unwrap()
                .rules
                .len()
        });
    });
    group.finish();
}

fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_000))
        .sample_size(20)
}

criterion_group! { name = benches; config = short(); targets = vectors, oracle, models }
criterion_main!(benches);
