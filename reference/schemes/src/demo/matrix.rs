//! Table 1 as it was measured: extent, observation and exposure of each feature under each scheme.

use encryptediot::message::Time;
use encryptediot_policy::feature::{Extent, Feature};
use serde::Serialize;

use super::features::STREAMS;
use super::scene::spans;
use crate::scheme::Kind;

/// The measured result of a feature under a scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The scheme.
    pub scheme: Kind,
    /// How far the feature is there; none if it could not be run.
    pub extent: Option<Extent>,
    /// What was seen, in words.
    pub seen: String,
    /// What viewers waited for the first bytes, in milliseconds, where that was measured.
    pub waited: Option<Time>,
    /// Who could open what in the end, beside the owner's phones.
    pub exposure: Vec<Exposure>,
}

/// Clips of a stream that somebody could open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// The device or party that tries, by name.
    pub party: String,
    /// The name of the stream that is tried.
    pub stream: String,
    /// The clips, of four.
    pub clips: Vec<u64>,
    /// When the first of them began and the last one ended, in milliseconds from the start.
    pub from: Time,
    /// See `from`.
    pub until: Time,
}

/// A row of table 1.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The feature.
    pub feature: Feature,
    /// What the paper says of the proposed scheme.
    pub paper: Extent,
    /// What was seen, by scheme.
    pub cells: Vec<Cell>,
}

/// Table 1, with the measured results beside what the paper says.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// One row for each feature, in the order of the paper.
    pub rows: Vec<Row>,
}

impl Cell {
    /// In one or two words.
    pub fn word(&self) -> &'static str {
        self.extent.map_or("not run", Extent::word)
    }

    /// Who could open what, in words.
    pub fn cost(&self) -> String {
        let mut parties: Vec<(&str, Vec<&Exposure>)> = Vec::new();
        for exposure in &self.exposure {
            match parties.last_mut() {
                Some((party, all)) if *party == exposure.party => all.push(exposure),
                _ => parties.push((&exposure.party, vec![exposure])),
            }
        }
        let everything = |all: &[&Exposure]| {
            all.len() == STREAMS.len() && all.iter().all(|e| e.clips == [1, 2, 3, 4])
        };
        let one = |(party, all): &(&str, Vec<&Exposure>)| match everything(all) {
            true => format!("{party}: everything"),
            false => {
                let clips = all
                    .iter()
                    .map(|e| format!("{} {}", e.stream, spans(&e.clips)));
                format!("{party}: {}", clips.collect::<Vec<_>>().join(", "))
            }
        };
        match &*parties {
            [] => "nobody but the owner".to_owned(),
            all => all.iter().map(one).collect::<Vec<_>>().join("; "),
        }
    }
}

impl Matrix {
    /// The first cell whose scenario could not be run.
    pub fn not_run(&self) -> Option<&Cell> {
        let mut cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.find(|cell| cell.extent.is_none())
    }
}

impl std::fmt::Display for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let schemes = self.rows.first().map(|row| &*row.cells).unwrap_or_default();
        write!(f, "{:<21}", "feature (table 1)")?;
        for cell in schemes {
            write!(f, "{:<18}", cell.scheme.name())?;
        }
        writeln!(f, "paper: Ring, proposed")?;
        for row in &self.rows {
            write!(f, "{:<21}", row.feature.name())?;
            for cell in &row.cells {
                write!(f, "{:<18}", cell.word())?;
            }
            writeln!(f, "no, {}", row.paper.word())?;
        }
        writeln!(
            f,
            "\nWhat was seen, and who could open what (clip 1 before it was on, 2 and 3 while, 4 after)"
        )?;
        for row in &self.rows {
            writeln!(f, "{}", row.feature)?;
            for cell in &row.cells {
                writeln!(
                    f,
                    "  {:<17} {:<8} {}\n{:27} open to: {}",
                    cell.scheme.name(),
                    cell.word(),
                    cell.seen,
                    "",
                    cell.cost()
                )?;
            }
        }
        Ok(())
    }
}
