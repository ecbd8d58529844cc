//! What a run found, as it is kept in JSON. Tables, plots and the page are made from this alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that was measured, section by section.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// By name.
    pub sections: BTreeMap<String, Section>,
}

/// What one section found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Section {
    /// Where, when and with what.
    pub machine: Machine,
    /// Comparisons, in their order.
    pub groups: Vec<Group>,
    /// Single figures, in their order.
    pub figures: Vec<Figure>,
    /// What was not measured and why, and what else is to be said of this run.
    pub notes: Vec<String>,
}

/// Where, when and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// When, in UTC.
    pub date: String,
    /// The processor's name.
    pub processor: String,
    /// How many processors this process may use.
    pub processors: usize,
    pub kernel: String,
    pub compiler: String,
    /// Runnable processes on average in the minute before: others' load.
    pub load: String,
    /// The commit that was measured.
    pub commit: String,
    /// The versions that were linked, by crate.
    pub versions: BTreeMap<String, String>,
    /// Was it a quick look, with few rounds and small inputs?
    pub quick: bool,
}

/// Contenders that did the same work in interleaved rounds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Groups of one table are shown together, one row each.
    pub table: String,
    /// What this row is: `64 KiB`, `N = 1,000`.
    pub row: String,
    /// Where the row stands on a plot's axis.
    pub x: f64,
    /// What one call is.
    pub unit: Unit,
    /// Who did it.
    pub contenders: Vec<Measured>,
    /// What is asked of them.
    pub targets: Vec<Target>,
}

/// What one call does, and so how its time is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// It goes through this many bytes: shown as GB/s.
    Bytes(u64),
    /// It is one piece of work: shown as a time.
    Call,
}

/// One contender's rounds; seconds for one call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    pub name: String,
    /// Processor time.
    pub cpu: Vec<f64>,
    /// Time on the wall.
    pub wall: Vec<f64>,
    /// The most memory in bytes in any round, of programs.
    pub memory: Option<u64>,
}

/// What is asked of two contenders of one group: `ours / over` within a bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// Above the line.
    pub ours: String,
    /// Below it.
    pub over: String,
    /// Which time counts.
    pub clock: Clock,
    /// What the ratio is to be.
    pub bound: Bound,
}

/// Which time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clock {
    /// Processor time: the default on a machine with others on it.
    Cpu,
    /// Time on the wall: where work is spread over processors.
    Wall,
}

/// What a ratio or a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    /// No more.
    AtMost(f64),
    /// No less.
    AtLeast(f64),
    /// Nothing is asked; it is shown.
    None,
}

impl Bound {
    /// Is it held? None where nothing is asked.
    pub fn held(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(most) => Some(value <= most),
            Self::AtLeast(least) => Some(value >= least),
            Self::None => None,
        }
    }
}

/// A figure that is counted or measured once: bytes, requests, memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// Figures of one table are shown together, one row each.
    pub table: String,
    pub row: String,
    /// Where the row stands on a plot's axis.
    pub x: f64,
    pub name: String,
    pub value: f64,
    /// Of what: `bytes`, `requests`, `MiB`.
    pub unit: String,
    pub bound: Bound,
}

/// A ratio over the rounds of a group.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    /// The median of the rounds' ratios.
    pub median: f64,
    /// The quartiles around it.
    pub quartiles: (f64, f64),
}

impl Measured {
    /// The rounds by this clock.
    pub fn times(&self, clock: Clock) -> &[f64] {
        match clock {
            Clock::Cpu => &self.cpu,
            Clock::Wall => &self.wall,
        }
    }

    /// The median of the rounds, in seconds for one call.
    pub fn median(&self, clock: Clock) -> f64 {
        quantile(self.times(clock), 0.5)
    }
}

impl Group {
    pub fn contender(&self, name: &str) -> Option<&Measured> {
        self.contenders
            .iter()
            .find(|contender| contender.name == name)
    }

    /// The clock by which it is shown: that of its targets.
    pub fn clock(&self) -> Clock {
        let mut clocks = self.targets.iter().map(|target| target.clock);
        match clocks.next() {
            Some(first) if clocks.all(|clock| clock == first) => first,
            _ => Clock::Cpu,
        }
    }

    /// The ratio that a target speaks of; none if one of the two was not measured.
    pub fn ratio(&self, target: &Target) -> Option<Ratio> {
        let ours = self.contender(&target.ours)?.times(target.clock);
        let over = self.contender(&target.over)?.times(target.clock);
        let ratios: Vec<f64> = ours.iter().zip(over).map(|(a, b)| a / b).collect();
        (!ratios.is_empty()).then(|| Ratio {
            median: quantile(&ratios, 0.5),
            quartiles: (quantile(&ratios, 0.25), quantile(&ratios, 0.75)),
        })
    }
}

impl Section {
    /// The tables of groups, in the order in which they were measured.
    pub fn tables(&self) -> Vec<(&str, Vec<&Group>)> {
        in_order(&self.groups, |group| &group.table)
    }

    pub fn figure_tables(&self) -> Vec<(&str, Vec<&Figure>)> {
        in_order(&self.figures, |figure| &figure.table)
    }

    /// For everything that was asked: held or missed.
    pub fn verdicts(&self) -> Vec<bool> {
        let ratios = self.groups.iter().flat_map(|group| {
            let held = |target: &Target| target.bound.held(group.ratio(target)?.median);
            group.targets.iter().filter_map(held)
        });
        let figures = self.figures.iter();
        ratios
            .chain(figures.filter_map(|figure| figure.bound.held(figure.value)))
            .collect()
    }
}

fn in_order<T>(all: &[T], table: impl Fn(&T) -> &String) -> Vec<(&str, Vec<&T>)> {
    let mut tables: Vec<(&str, Vec<&T>)> = Vec::new();
    for one in all {
        match tables.iter_mut().find(|(name, _)| name == table(one)) {
            Some((_, rows)) => rows.push(one),
            None => tables.push((table(one), vec![one])),
        }
    }
    tables
}

/// The `q`-quantile, between two values on the line through them; not a number where there are none.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = q * last as f64;
    let (low, high) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    low + (high - low) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, cpu: &[f64]) -> Measured {
        Measured {
            name: name.into(),
            cpu: cpu.into(),
            wall: cpu.into(),
            memory: None,
        }
    }

    #[test]
    fn quantiles() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[4.0, 1.0], 0.5), 2.5);
        assert!(quantile(&[], 0.5).is_nan());
    }

    /// The ratio is taken round by round: a slow minute in which both were slow does not count.
    #[test]
    fn ratios_are_of_rounds() {
        let target = |bound| Target {
            ours: "a".into(),
            over: "b".into(),
            clock: Clock::Cpu,
            bound,
        };
        let group = Group {
            table: String::new(),
            row: String::new(),
            x: 0.0,
            unit: Unit::Call,
            contenders: vec![
                measured("a", &[1.0, 30.0, 3.0]),
                measured("b", &[1.0, 10.0, 2.0]),
            ],
            targets: vec![
                target(Bound::AtMost(1.5)),
                target(Bound::AtMost(1.4)),
                target(Bound::AtLeast(1.6)),
            ],
        };
        let ratio = |target| group.ratio(target).map(|ratio| ratio.median);
        assert_eq!(ratio(&group.targets[0]), Some(1.5));
        assert_eq!(
            ratio(&Target {
                ours: "c".into(),
                ..group.targets[0].clone()
            }),
            None
        );
        let section = Section {
            machine: super::super::machine::here(true).unwrap(),
            groups: vec![group],
            figures: Vec::new(),
            notes: Vec::new(),
        };
        assert_eq!(section.verdicts(), [true, false, false]);
    }
}
