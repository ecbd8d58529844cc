//! The test vectors, and the oracle that holds random histories against the model.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::frame::cost;
use crate::frame::record::{self, Bound, quantile};
use crate::frame::{Bench, Section};

/// The section.
pub const SECTION: Section = Section {
    name: "vectors",
    title: "Vectors and the oracle",
    text: include_str!("../../text/vectors.md"),
    run,
    plots: |_: &record::Section| Vec::new(),
};

fn run(bench: &mut Bench) -> Result<()> {
    for program in [&bench.settings.conformance, &bench.settings.eiot] {
        if !program.is_file() {
            bail!(
                "{} is not there: scripts/bench builds it",
                program.display()
            );
        }
    }
    vectors(bench)?;
    oracle(bench)
}

fn rounds(bench: &Bench) -> usize {
    match bench.settings.quick {
        true => 3,
        false => bench.settings.rounds,
    }
}

/// Every vector, once in the harness's own process and once as any other implementation is asked.
fn vectors(bench: &mut Bench) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report");
    let shim = format!("'{}' shim", bench.settings.eiot.display());
    let ways = [
        ("in the harness's process", vec![]),
        ("through eiot shim", vec!["--impl", &*shim]),
    ];
    let mut times = [Vec::new(), Vec::new()];
    let mut held = [0, 0];
    for _ in 0..rounds(bench) {
        for (place, (way, more)) in ways.iter().enumerate() {
            bench.progress(&format!("all vectors, {way}"));
            let mut command = cost::quiet(&bench.settings.conformance);
            command.current_dir(&bench.settings.root);
            command.args(["vectors", "--json"]).arg(&report).args(more);
            times[place].push(cost::of_program(&mut command)?.wall);
            let found: serde_json::Value = serde_json::from_slice(&fs::read(&report)?)?;
            held[place] = found["counts"]["held"].as_u64().context("what held")?;
        }
    }
    for (place, (way, _)) in ways.iter().enumerate() {
        let table = "All vectors";
        let count = (held[place] as f64, "tests");
        bench.figure(table, (way, 0.0), "held", count, Bound::AtLeast(2000.0));
        let time = (quantile(&times[place], 0.5), "s");
        bench.figure(
            table,
            (way, 0.0),
            "time that passes",
            time,
            Bound::AtMost(5.0),
        );
    }
    Ok(())
}

/// What `conformance trace` says of itself.
#[derive(Deserialize)]
struct Traced {
    steps: u64,
    hostile: u64,
    model_steps: u64,
    playing: f64,
    judging: f64,
}

impl Traced {
    /// Processor time of the oracle and of the reference. The program has its own time for each on the wall, and works
    /// with one thread: what it was kept waiting falls on both alike.
    fn shares(&self, cpu: f64) -> (f64, f64) {
        let oracle = cpu * self.judging / (self.judging + self.playing);
        (oracle, cpu - oracle)
    }
}

fn oracle(bench: &mut Bench) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report");
    let steps = match bench.settings.quick {
        true => "1000",
        false => "20000",
    };
    let (mut rates, mut row) = ([const { Vec::new() }; 4], String::new());
    for _ in 0..rounds(bench).min(5) {
        bench.progress("random histories, and the oracle over them");
        let mut command = cost::quiet(&bench.settings.conformance);
        command
            .current_dir(&bench.settings.root)
            .args(["trace", "repaired", "--seed", "1", "--steps", steps])
            .arg("--json")
            .arg(&report);
        let cpu = cost::of_program(&mut command)?.cpu;
        let found: Vec<Traced> = serde_json::from_slice(&fs::read(&report)?)?;
        let traced = found.first().context("a report")?;
        let (oracle, reference) = traced.shares(cpu);
        let counts = [
            (traced.hostile, oracle),
            (traced.steps, oracle),
            (traced.model_steps, oracle),
            (traced.steps, reference),
        ];
        for (into, (count, seconds)) in rates.iter_mut().zip(counts) {
            into.push(count as f64 / seconds);
        }
        row = format!(
            "repaired, {} steps, {} of them the adversary's own",
            traced.steps, traced.hostile
        );
    }
    let names = [
        "the adversary's own steps, oracle",
        "all steps, oracle",
        "steps of the model, oracle",
        "all steps, reference with its primitives",
    ];
    for (place, (name, rates)) in names.into_iter().zip(&rates).enumerate() {
        let bound = match place {
            0 => Bound::AtLeast(20_000.0),
            _ => Bound::None,
        };
        let rate = (quantile(rates, 0.5), "a second");
        bench.figure("The oracle, on one core", (&row, 0.0), name, rate, bound);
    }
    Ok(())
}
