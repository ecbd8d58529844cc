//! The primitives, through our `crypto` and bare.

use std::hint::black_box;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use crate::frame::plot::{Axis, Plot, lines};
use crate::frame::record::{self, Bound, Clock, Group, Unit};
use crate::frame::rounds::Rounds;
use crate::frame::{Bench, Section};
use crate::libraries::{self, Library, ROWS};

/// The section.
pub const SECTION: Section = Section {
    name: "backend",
    title: "Primitives and backends",
    text: include_str!("../../text/backend.md"),
    run,
    plots,
};

const SEAL: &str = "AES-128-GCM, seal";
const OPEN: &str = "AES-128-GCM, open";
const HASHES: &str = "A segment's hash, and a faster one";
const OTHERS: &str = "Other primitives, one call";

fn run(bench: &mut Bench) -> Result<()> {
    let mut all = libraries::all()?;
    for (row, length) in [
        ("16 KiB", 16 << 10),
        ("64 KiB", 64 << 10),
        ("1 MiB", 1 << 20),
    ] {
        seal(bench, &mut all, row, length)?;
        open(bench, &mut all, row, length)?;
    }
    ROWS.iter()
        .try_for_each(|row| other(bench, &mut all, row))?;
    hashes(bench)
}

/// What binds a segment's bytes, and what could instead.
fn hashes(bench: &mut Bench) -> Result<()> {
    let segment = vec![5; 64 << 10];
    Rounds::new(HASHES, "64 KiB", Unit::Bytes(segment.len() as u64))
        .contender("SHA-256", || {
            black_box(Sha256::digest(black_box(&segment)));
            Ok(())
        })
        .contender("BLAKE3", || {
            black_box(blake3::hash(black_box(&segment)));
            Ok(())
        })
        .target("BLAKE3", "SHA-256", Bound::None)
        .run(bench)
}

/// A nonce that has not been used before.
fn fresh(counter: &mut u64) -> [u8; 12] {
    *counter += 1;
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    nonce
}

fn seal(bench: &mut Bench, all: &mut [Library], row: &str, length: usize) -> Result<()> {
    let mut rounds = aead(SEAL, row, length);
    for Library { name, seal, .. } in all {
        let (mut counter, mut buffer) = (0, vec![1; length + 16]);
        rounds = rounds.contender(name, move || seal(&fresh(&mut counter), &mut buffer));
    }
    rounds.run(bench)
}

fn open(bench: &mut Bench, all: &mut [Library], row: &str, length: usize) -> Result<()> {
    let mut rounds = aead(OPEN, row, length);
    for library in all {
        let Library {
            name, seal, open, ..
        } = library;
        let mut counter = 0;
        let sealed = move || {
            let (nonce, mut buffer) = (fresh(&mut counter), vec![1; length + 16]);
            seal(&nonce, &mut buffer).map(|()| (nonce, buffer))
        };
        rounds = rounds.contender_on(name, sealed, |(nonce, buffer)| open(nonce, buffer));
    }
    rounds.run(bench)
}

fn aead<'a>(table: &str, row: &str, length: usize) -> Rounds<'a> {
    Rounds::new(table, row, Unit::Bytes(length as u64))
        .at(length as f64)
        .target("ours, aws-lc", "aws-lc-rs", Bound::AtMost(1.15))
        .target("ours, aws-lc", "OpenSSL", Bound::AtMost(1.15))
        .target("ours, default", "RustCrypto", Bound::AtMost(1.05))
        .target("ours, default", "aws-lc-rs", Bound::None)
}

fn other(bench: &mut Bench, all: &mut [Library], row: &str) -> Result<()> {
    let mut rounds = Rounds::new(OTHERS, row, Unit::Call).budget(4);
    let has = |name: &str| {
        all.iter()
            .any(|it| it.name == name && it.calls.contains_key(row))
    };
    for (ours, over) in [
        ("ours, default", "RustCrypto"),
        ("ours, aws-lc", "aws-lc-rs"),
        ("ours, aws-lc", "ours, default"),
    ] {
        if has(ours) && has(over) {
            rounds = rounds.target(ours, over, Bound::None);
        }
    }
    for Library { name, calls, .. } in all {
        if let Some(call) = calls.get_mut(row) {
            rounds = rounds.contender(name, call);
        }
    }
    rounds.run(bench)
}

fn plots(recorded: &record::Section) -> Vec<Plot> {
    let through = |group: &Group, seconds: f64| match group.unit {
        Unit::Bytes(bytes) => bytes as f64 / seconds / 1e9,
        Unit::Call => f64::NAN,
    };
    let plot = |file, table, title: &str| {
        let groups = recorded.groups.iter().filter(|group| group.table == table);
        Plot {
            file,
            title: title.to_owned(),
            x: Axis::logarithmic("bytes"),
            y: Axis::linear("GB/s"),
            lines: lines(&groups.collect::<Vec<_>>(), Clock::Cpu, through),
        }
    };
    vec![
        plot("seal", SEAL, "AES-128-GCM, sealing in place"),
        plot("open", OPEN, "AES-128-GCM, opening in place"),
    ]
}
