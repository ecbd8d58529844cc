//! Interleaved rounds: in each, every contender does its work once, beginning with another one each time, so
//! that what the machine does in the meantime falls on all of them alike.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::Bench;
use super::cost::{self, Clocks, Cost};
use super::record::{Bound, Clock, Group, Measured, Target, Unit};

/// In each round a contender of this process works for at least this long: the CPU clock is read twice, and
/// short work would measure that.
const LEAST: Duration = Duration::from_millis(20);

/// So much is made before work on it: few, that it is still in the cache, and many, that the clock costs little.
const BATCH: u32 = 16;

type Sample<'a> = Box<dyn FnMut(u32) -> Result<Cost> + 'a>;

struct Contender<'a> {
    name: String,
    sample: Sample<'a>,
    /// Does it make one call a round, as programs do?
    once: bool,
}

/// A group that is being put together.
pub struct Rounds<'a> {
    table: String,
    row: String,
    x: f64,
    unit: Unit,
    contenders: Vec<Contender<'a>>,
    targets: Vec<Target>,
    budget: Duration,
}

impl<'a> Rounds<'a> {
    /// A row of `table`. Its rounds take about eight seconds at most, in a quick run one.
    pub fn new(table: &str, row: &str, unit: Unit) -> Self {
        Self {
            table: table.to_owned(),
            row: row.to_owned(),
            x: 0.0,
            unit,
            contenders: Vec::new(),
            targets: Vec::new(),
            budget: Duration::from_secs(8),
        }
    }

    /// Where the row stands on a plot's axis.
    pub fn at(mut self, x: f64) -> Self {
        self.x = x;
        self
    }

    /// How long all rounds together may take; three are made in any case.
    pub fn budget(mut self, seconds: u64) -> Self {
        self.budget = Duration::from_secs(seconds);
        self
    }

    /// Work of this process.
    pub fn contender(self, name: &str, mut run: impl FnMut() -> Result<()> + 'a) -> Self {
        self.with(name, false, move |calls| {
            let clocks = Clocks::start()?;
            for _ in 0..calls {
                run()?;
            }
            clocks.stop()
        })
    }

    /// Work of this process on something that is made before, and dropped after, outside of the measurement.
    pub fn contender_on<T>(
        self,
        name: &str,
        mut make: impl FnMut() -> Result<T> + 'a,
        mut run: impl FnMut(&mut T) -> Result<()> + 'a,
    ) -> Self {
        self.with(name, false, move |calls| {
            let (mut spent, mut left) = (Cost::default(), calls);
            while left > 0 {
                let batch = left.min(BATCH);
                let mut made = (0..batch).map(|_| make()).collect::<Result<Vec<T>>>()?;
                let clocks = Clocks::start()?;
                for one in &mut made {
                    run(one)?;
                }
                spent.add(clocks.stop()?);
                left -= batch;
            }
            Ok(spent)
        })
    }

    /// Work of this process that says itself what it cost: what it makes before and drops after is not in that.
    pub fn contender_timed(self, name: &str, mut run: impl FnMut() -> Result<Cost> + 'a) -> Self {
        self.with(name, false, move |calls| {
            let mut sum = Cost::default();
            for _ in 0..calls {
                sum.add(run()?);
            }
            Ok(sum)
        })
    }

    /// A program, run once a round; `prepare` says how, and may clear away what the last round left.
    pub fn program(self, name: &str, mut prepare: impl FnMut() -> Result<Command> + 'a) -> Self {
        self.with(name, true, move |_| cost::of_program(&mut prepare()?))
    }

    fn with(
        mut self,
        name: &str,
        once: bool,
        sample: impl FnMut(u32) -> Result<Cost> + 'a,
    ) -> Self {
        self.contenders.push(Contender {
            name: name.to_owned(),
            sample: Box::new(sample),
            once,
        });
        self
    }

    /// Everybody so far makes one call a round, however short it is.
    pub fn once(mut self) -> Self {
        for contender in &mut self.contenders {
            contender.once = true;
        }
        self
    }

    /// What is asked: the processor time of `ours` over that of `over`.
    pub fn target(self, ours: &str, over: &str, bound: Bound) -> Self {
        self.target_by(Clock::Cpu, ours, over, bound)
    }

    /// What is asked, by either clock.
    pub fn target_by(mut self, clock: Clock, ours: &str, over: &str, bound: Bound) -> Self {
        let (ours, over) = (ours.to_owned(), over.to_owned());
        self.targets.push(Target {
            ours,
            over,
            clock,
            bound,
        });
        self
    }

    /// Makes the rounds and adds their measurements to the section.
    ///
    /// # Errors
    /// Those of a contender, with its name.
    pub fn run(mut self, bench: &mut Bench) -> Result<()> {
        let (most, budget) = match bench.settings.quick {
            true => (3, self.budget / 8),
            false => (bench.settings.rounds, self.budget),
        };
        // The round that warms up says how many calls a round takes.
        let mut calls = Vec::new();
        for contender in &mut self.contenders {
            bench.progress(&format!("{}, {}: {}", self.table, self.row, contender.name));
            calls.push(calibrate(contender)?);
        }
        let measured = self.contenders.iter().map(|contender| Measured {
            name: contender.name.clone(),
            ..Measured::default()
        });
        let mut measured: Vec<Measured> = measured.collect();
        let start = Instant::now();
        for round in 0..most {
            if round >= 3 && start.elapsed() > budget {
                break;
            }
            bench.progress(&format!(
                "{}, {}: round {} of {most}",
                self.table,
                self.row,
                round + 1
            ));
            for turn in 0..self.contenders.len() {
                let place = (round + turn) % self.contenders.len();
                let cost = self.contenders[place].sample(calls[place])?;
                let count = f64::from(calls[place]);
                let into = &mut measured[place];
                into.cpu.push(cost.cpu / count);
                into.wall.push(cost.wall / count);
                into.memory = into.memory.max(cost.memory);
            }
        }
        bench.add(Group {
            table: self.table,
            row: self.row,
            x: self.x,
            unit: self.unit,
            contenders: measured,
            targets: self.targets,
        });
        Ok(())
    }
}

impl Contender<'_> {
    fn sample(&mut self, calls: u32) -> Result<Cost> {
        (self.sample)(calls).with_context(|| format!("measuring {}", self.name))
    }
}

fn calibrate(contender: &mut Contender) -> Result<u32> {
    let mut calls = 1;
    loop {
        let spent = contender.sample(calls)?.wall;
        if contender.once || spent >= LEAST.as_secs_f64() {
            return Ok(calls);
        }
        let wanted = f64::from(calls) * LEAST.as_secs_f64() * 1.2 / spent.max(1e-9);
        calls = (wanted as u32).clamp(calls + 1, calls.saturating_mul(100));
    }
}
