//! Random files, and their text.

use std::fmt::Write as _;

use encryptediot::contact;
use encryptediot_policy::times::show;
use proptest::prelude::*;

use crate::world::{Clip, MEMBERS, World};

pub const MINUTE: u64 = 60_000;
/// Starts and ends of windows, in minutes from when the file is written, and how far windows of an
/// earlier file reach into those of a later one.
const GRID: [i64; 6] = [-90, -30, 0, 45, 120, 600];

/// What a file says, in indices.
#[derive(Clone, Debug)]
pub struct File {
    pub lease: u64,
    /// By member and stream.
    cells: Vec<Cell>,
    /// Members who are given every stream.
    all: Vec<bool>,
    /// The streams of a feature of the provider, as a set; all and those to come if every bit is
    /// set.
    timeline: u8,
    /// The streams that a browser sees.
    website: u8,
    /// Is the third phone lost, and do shares end then?
    lost: Option<bool>,
    /// Does it name windows that have passed though nothing was recorded in them?
    pub dares: bool,
}

#[derive(Clone, Debug)]
enum Cell {
    Nothing,
    UntilRevoked,
    /// Windows between points of the grid.
    Windows(Vec<(usize, usize)>),
}

fn cell() -> impl Strategy<Value = Cell> {
    let one = (0_usize..5, 1_usize..6).prop_map(|(from, length)| {
        let until = (from + length).min(GRID.len() - 1);
        Cell::Windows(vec![(from, until)])
    });
    prop_oneof![
        4 => Just(Cell::Nothing),
        2 => Just(Cell::UntilRevoked),
        4 => one,
        1 => Just(Cell::Windows(vec![(0, 2), (2, 3), (4, 5)])),
    ]
}

/// Random files.
pub fn file() -> impl Strategy<Value = File> {
    let cells = prop::collection::vec(cell(), MEMBERS.len() * 3);
    let all = prop::collection::vec(prop::bool::weighted(0.15), MEMBERS.len());
    let lost = prop_oneof![3 => Just(None), 1 => Just(Some(false)), 1 => Just(Some(true))];
    let lease = prop_oneof![Just(1_u64), Just(7), Just(31)];
    let dares = prop::bool::weighted(0.08);
    (lease, cells, all, 0_u8..8, 0_u8..8, lost, dares).prop_map(
        |(lease, cells, all, timeline, website, lost, dares)| File {
            lease,
            cells,
            all,
            timeline,
            website,
            lost,
            dares,
        },
    )
}

/// The streams of a set.
pub fn chosen<'a>(set: u8, streams: &[&'a str]) -> Vec<&'a str> {
    let all = streams.iter().enumerate();
    all.filter(|(i, _)| set >> i & 1 == 1)
        .map(|(_, s)| *s)
        .collect()
}

fn quoted(names: &[&str]) -> String {
    format!("{names:?}")
}

impl File {
    /// The file with the end of each window moved on the grid, and another lease.
    pub fn changed(mut self, shift: i64, lease: Option<u64>) -> Self {
        self.lease = lease.unwrap_or(self.lease);
        for cell in &mut self.cells {
            if let Cell::Windows(windows) = cell
                && let [(from, until)] = &mut **windows
            {
                let moved = until.saturating_add_signed(shift as isize);
                *until = moved.clamp(*from + 1, GRID.len() - 1);
            }
        }
        self
    }

    /// The file as text, with windows around `base`.
    pub fn text(&self, world: &mut World, base: u64) -> String {
        let streams = world.streams();
        let mut text = format!("lease = \"{}d\"\nprovider = \"acme\"\n", self.lease);
        let id = world.home.id();
        for member in &MEMBERS[3..] {
            let card = world.home.member(member).unwrap().card();
            let number = contact::safety_number(&id, &card.key);
            let card = card.to_text();
            write!(
                text,
                "[members.{member}]\ncard = {card:?}\nnumber = {number:?}\n"
            )
            .unwrap();
        }
        for (place, cell) in self.cells.iter().enumerate() {
            let (member, stream) = (place / 3, place % 3);
            let Some(stream) = streams.get(stream) else {
                continue;
            };
            let until_revoked = self.all[member]
                || member == 4 && self.timeline >> (place % 3) & 1 == 1
                || member == 3 && self.website >> (place % 3) & 1 == 1
                || member == 4 && self.timeline == 7;
            let entry = |more: String| {
                let (to, streams) = (quoted(&[MEMBERS[member]]), quoted(&[stream]));
                format!("[[share]]\nto = {to}\nstreams = {streams}\n{more}")
            };
            match cell {
                Cell::UntilRevoked => text.push_str(&entry(String::new())),
                Cell::Windows(windows) if !until_revoked => {
                    for (from, until) in windows {
                        let at = |place: usize| base.saturating_add_signed(GRID[place] * 60_000);
                        let (start, end) = (at(*from), at(*until));
                        let inside = |clip: &Clip| {
                            clip.stream == *stream && start <= clip.span.0 && clip.span.1 <= end
                        };
                        let passed = end <= world.now();
                        if passed && !self.dares && !world.clips.iter().any(inside) {
                            continue;
                        }
                        let more = match from % 2 {
                            0 => format!("from = {}\nuntil = {}\n", show(start), show(end)),
                            _ => {
                                let length = (end - start) / MINUTE;
                                format!("from = {}\nfor = \"{length}m\"\n", show(start))
                            }
                        };
                        text.push_str(&entry(more));
                    }
                }
                _ => {}
            }
        }
        let all = self.all.iter().zip(MEMBERS).filter(|(all, _)| **all);
        let all: Vec<_> = all.map(|(_, member)| member).collect();
        if !all.is_empty() {
            let to = quoted(&all);
            write!(text, "[[share]]\nto = {to}\nstreams = \"all\"\n").unwrap();
        }
        let timeline = chosen(self.timeline, &streams);
        if self.timeline == 7 {
            text.push_str("[features.event-timeline]\nstreams = \"all\"\n");
        } else if !timeline.is_empty() {
            let streams = quoted(&timeline);
            write!(text, "[features.event-timeline]\nstreams = {streams}\n").unwrap();
        }
        let website = chosen(self.website, &streams);
        if !website.is_empty() {
            let streams = quoted(&website);
            write!(
                text,
                "[features.website]\nstreams = {streams}\nto = [\"dora\"]\n"
            )
            .unwrap();
        }
        if let Some(end) = self.lost {
            let shares = if end { "end" } else { "renew" };
            write!(
                text,
                "[lost-phones]\nnames = [\"third\"]\nshares = {shares:?}\n"
            )
            .unwrap();
        }
        text
    }
}
