//! What every section works with: interleaved rounds, a record of them, tables, plots, the page.

pub mod cost;
pub mod machine;
pub mod plot;
pub mod record;
pub mod render;
pub mod rounds;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};

use plot::Plot;
use record::{Bound, Clock, Figure, Group, Section as Recorded};

/// A part of the run. To add one: its module in `sections`, its name in `sections::ALL`, what is said of it in
/// `text/NAME.md`. The module measures with [`rounds::Rounds`]; see `sections/backend.rs`.
pub struct Section {
    /// For `--only`, and the name of its prose in `text`.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What is said before its tables: `include_str!("../../text/NAME.md")`.
    pub text: &'static str,
    /// Measures: groups by [`rounds::Rounds::run`], figures by [`Bench::figure`], and by [`Bench::note`] what
    /// could not be measured.
    pub run: fn(&mut Bench) -> Result<()>,
    /// What is drawn of it, from the record alone.
    pub plots: fn(&Recorded) -> Vec<Plot>,
}

/// How to measure.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A quick look: few rounds, small inputs. Nothing of it is written into the repository.
    pub quick: bool,
    /// The most rounds of a group.
    pub rounds: usize,
    /// Also what takes very long.
    pub long: bool,
    /// The repository.
    pub root: PathBuf,
    /// The program `eiot` with the default backend, as it is released.
    pub eiot: PathBuf,
    /// The same with the backend aws-lc.
    pub eiot_aws_lc: PathBuf,
    /// The conformance harness.
    pub conformance: PathBuf,
    /// Provers on PATH; those that are not there are left out.
    pub provers: Vec<String>,
}

/// A section that is being measured.
pub struct Bench {
    /// How.
    pub settings: Settings,
    recorded: Recorded,
    bar: ProgressBar,
}

impl Bench {
    /// Measures a section.
    ///
    /// # Errors
    /// Those of the section.
    pub fn measure(section: &Section, settings: &Settings) -> Result<Recorded> {
        let style = ProgressStyle::with_template("{spinner} {elapsed} {prefix}: {wide_msg}")?;
        let bar = ProgressBar::new_spinner()
            .with_style(style)
            .with_prefix(section.name);
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        let mut bench = Self {
            settings: settings.clone(),
            recorded: Recorded {
                machine: machine::here(settings.quick)?,
                groups: Vec::new(),
                figures: Vec::new(),
                notes: Vec::new(),
            },
            bar,
        };
        let ran = (section.run)(&mut bench);
        bench.bar.finish_and_clear();
        ran.map(|()| bench.recorded)
    }

    /// Says what is being done, on a terminal.
    pub fn progress(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Adds a comparison.
    pub fn add(&mut self, group: Group) {
        self.bar.suspend(|| eprintln!("{}", render::line(&group)));
        self.recorded.groups.push(group);
    }

    /// The median of a contender that was measured, in seconds.
    ///
    /// # Errors
    /// If it was not.
    pub fn median(&self, table: &str, row: &str, name: &str, clock: Clock) -> Result<f64> {
        let mut groups = self.recorded.groups.iter();
        let group = groups.find(|group| (&*group.table, &*group.row) == (table, row));
        let measured = group.and_then(|group| group.contender(name));
        let measured = measured.with_context(|| format!("{table}, {row}: {name}"))?;
        Ok(measured.median(clock))
    }

    /// A figure that was added.
    pub fn value(&self, table: &str, row: &str, name: &str) -> Option<f64> {
        let mut figures = self.recorded.figures.iter();
        let here = |f: &&Figure| (&*f.table, &*f.row, &*f.name) == (table, row, name);
        figures.find(here).map(|figure| figure.value)
    }

    /// Adds a figure.
    pub fn figure(
        &mut self,
        table: &str,
        (row, x): (&str, f64),
        name: &str,
        (value, unit): (f64, &str),
        bound: Bound,
    ) {
        self.recorded.figures.push(Figure {
            table: table.to_owned(),
            row: row.to_owned(),
            x,
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
            bound,
        });
    }

    /// Says what could not be measured and why.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.bar.suspend(|| eprintln!("{text}"));
        self.recorded.notes.push(text);
    }
}

/// Where things are in the repository.
pub struct Places {
    /// What was measured.
    pub record: PathBuf,
    pub page: PathBuf,
    pub plots: PathBuf,
}

impl Places {
    /// Those that are kept in the repository, or, of a quick look, those beside the build.
    pub fn new(root: &Path, keep: bool) -> Self {
        let (page, benches) = match keep {
            true => (root.join("reference"), root.join("reference/benches")),
            false => (root.join("target/bench"), root.join("target/bench/benches")),
        };
        Self {
            record: benches.join("results.json"),
            page: page.join("BENCHMARKS.md"),
            plots: benches.join("plots"),
        }
    }
}
