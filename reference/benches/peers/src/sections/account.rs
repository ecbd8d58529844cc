//! What an operation costs in an account that has been in use, against its size.

use anyhow::{Context as _, Result};

use crate::frame::plot::{Axis, Plot};
use crate::frame::record::{self, Bound, Unit};
use crate::frame::rounds::Rounds;
use crate::frame::{Bench, Section};
use crate::ours::Spent;
use crate::ours::default::scene::{Account, FEW, LARGE, SMALL, Size, names};

/// The section.
pub const SECTION: Section = Section {
    name: "account",
    title: "A big account",
    text: include_str!("../../text/account.md"),
    run,
    plots,
};

const TIME: &str = "Time of an operation";
const ASKED: &str = "Requests of an operation";

/// What a request takes that goes to an object store, in seconds.
const REQUEST: f64 = 0.02;

type Operation = Box<dyn Fn(&Account) -> Result<Spent>>;

/// What is done, and whether it touches only what is the same at every size.
fn operations() -> Vec<(&'static str, bool, Operation)> {
    let small = || names("stream", 1);
    let large = || vec![LARGE.to_owned()];
    let member = format!("member{}", FEW - 1);
    let leaving = member.clone();
    let operation = |act: fn(&Account) -> Result<Spent>| -> Operation { Box::new(act) };
    vec![
        (
            "list a stream of ten clips",
            true,
            operation(|account| account.list(SMALL)),
        ),
        (
            "open a clip, read its first segment",
            true,
            operation(|account| account.open(SMALL, FEW as u64)),
        ),
        (
            "share a stream with a new member",
            true,
            Box::new(move |account| account.share(&small(), &[account.stranger()?])),
        ),
        (
            "revoke a member on a stream",
            true,
            Box::new(move |account| account.revoke(&small(), &leaving)),
        ),
        (
            "rotate a stream",
            true,
            Box::new(move |account| account.rotate(&small())),
        ),
        ("unlock the phone", true, operation(Account::unlock)),
        (
            "sync the phone, nothing new",
            false,
            operation(Account::sync),
        ),
        ("status of every stream", false, operation(Account::status)),
        ("enroll a second phone", false, operation(Account::enroll)),
        (
            "first sync of a member of every stream",
            false,
            Box::new(move |account| account.member(&member, FEW)),
        ),
        (
            "list the largest stream",
            false,
            operation(|account| account.list(LARGE)),
        ),
        (
            "open a clip of the largest stream",
            false,
            operation(|account| account.open(LARGE, 1)),
        ),
        (
            "share the largest stream with a new member",
            false,
            Box::new(move |account| account.share(&large(), &[account.stranger()?])),
        ),
        (
            "revoke a member on the largest stream",
            false,
            operation(|account| account.revoke(&[LARGE.to_owned()], "member0")),
        ),
    ]
}

fn run(bench: &mut Bench) -> Result<()> {
    let size = |clips, streams, members, rotations| Size {
        clips,
        streams,
        members,
        rotations,
    };
    let mut sizes = vec![
        ("small", size(100, 2, 10, 10)),
        ("medium", size(1_000, 10, 100, 100)),
    ];
    if !bench.settings.quick {
        sizes.push(("large", size(10_000, 100, 1_000, 730)));
    }
    let mut accounts = Vec::new();
    for (name, size) in sizes {
        bench.progress(&format!("building the {name} account"));
        accounts.push((
            name,
            size.build()
                .with_context(|| format!("the {name} account"))?,
        ));
    }
    let (least, most) = match (accounts.first(), accounts.last()) {
        (Some(least), Some(most)) => (least.0, most.0),
        _ => unreachable!("there are some"),
    };
    for (operation, same, run) in &operations() {
        let time = if *same {
            Bound::AtMost(1.5)
        } else {
            Bound::None
        };
        let mut rounds = Rounds::new(TIME, operation, Unit::Call).budget(6);
        for (name, account) in &accounts {
            rounds = rounds.contender_timed(name, || Ok(run(account)?.cost));
        }
        rounds.target(most, least, time).run(bench)?;
        traffic(bench, &accounts, (operation, *same, run))?;
    }
    Ok(())
}

/// Counts what an operation asks of the store.
fn traffic(
    bench: &mut Bench,
    accounts: &[(&str, Account)],
    (operation, same, run): (&str, bool, &Operation),
) -> Result<()> {
    let mut requests = Vec::new();
    for (x, (name, account)) in (1..).zip(accounts) {
        let asked = run(account)?.traffic;
        requests.push(asked.requests as f64);
        let row = format!("{operation}, {name}");
        let mut figure = |name: &str, value: f64, unit: &str| {
            let (row, value) = ((&*row, f64::from(x)), (value, unit));
            bench.figure(
                "What an operation asks of the store",
                row,
                name,
                value,
                Bound::None,
            );
        };
        figure("requests", asked.requests as f64, "");
        figure("bytes written", asked.up as f64, "");
        figure("bytes read", asked.down as f64, "");
        figure("at 20 ms a request", asked.requests as f64 * REQUEST, "s");
    }
    if let ([least, ..], [.., most], true) = (&*requests, &*requests, same) {
        let value = (most / least, "");
        bench.figure(
            ASKED,
            (operation, 0.0),
            "largest over smallest",
            value,
            Bound::AtMost(1.0),
        );
    }
    Ok(())
}

fn plots(recorded: &record::Section) -> Vec<Plot> {
    let median = |group: &record::Group, place: usize| {
        let contender = group.contenders.get(place)?;
        Some((place as f64 + 1.0, contender.median(record::Clock::Cpu)))
    };
    let line = |group: &record::Group| {
        let points = (0..group.contenders.len()).filter_map(|place| median(group, place));
        (group.row.clone(), points.collect())
    };
    let wanted = |group: &&record::Group| {
        [
            "open a clip, r",
            "share a",
            "revoke a member on a",
            "sync",
            "first",
            "status",
            "enroll",
        ]
        .iter()
        .any(|start| group.row.starts_with(start))
    };
    vec![Plot {
        file: "account",
        title: "An operation against the size of the account".to_owned(),
        x: Axis::linear("small (1), medium (2), large (3)"),
        y: Axis::logarithmic("seconds of processor time"),
        lines: recorded.groups.iter().filter(wanted).map(line).collect(),
    }]
}
