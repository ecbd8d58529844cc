//! Sharing with many, and rotating: against the public-key calls, `age` and a tree of keys.

use std::cell::RefCell;

use age::x25519::{Identity, Recipient};
use anyhow::{Context as _, Result};

use crate::frame::plot::{Axis, Plot, lines};
use crate::frame::record::{self, Bound, Clock, Group, Unit};
use crate::frame::rounds::Rounds;
use crate::frame::{Bench, Section};
use crate::mls;
use crate::ours::default::scene::names;
use crate::ours::{aws_lc, default};

/// The section.
pub const SECTION: Section = Section {
    name: "sharing",
    title: "Sharing and rotation",
    text: include_str!("../../text/sharing.md"),
    run,
    plots,
};

const SHARE: &str = "First share";
const ROTATE: &str = "Rotation";
const WRITTEN: &str = "What a rotation writes";
const CALLS: &str = "The calls";
const READ: &str = "What a member reads after a rotation";

/// The most members whose fresh tree is rotated: that takes a seal for each of them.
const MOST_FRESH: usize = 1_000;

fn run(bench: &mut Bench) -> Result<()> {
    let mut sizes = vec![1, 10, 100, 1_000];
    if !bench.settings.quick {
        sizes.push(10_000);
    }
    let most = *sizes.last().context("a size")?;
    let bare = (
        RefCell::new(default::scene::Bare::new(most)?),
        RefCell::new(aws_lc::scene::Bare::new(most)?),
    );
    calls(bench, &bare.0)?;
    for n in &sizes {
        first_share(bench, &bare, (*n, 1))?;
    }
    for streams in [4, 16] {
        first_share(bench, &bare, (1_000, streams))?;
    }
    let none = default::scene::Account::shared(&names("stream", 1), &[])?;
    let fixed = none.rotate(&names("stream", 1))?.traffic.up as f64;
    let mut accounts = Vec::new();
    for n in sizes {
        accounts.push((n, rotation(bench, &bare, n, fixed)?));
    }
    member(bench, &mut accounts)?;
    crossings(bench, most, fixed)
}

type Bares = (RefCell<default::scene::Bare>, RefCell<aws_lc::scene::Bare>);

/// A row's name.
fn row(n: usize) -> String {
    match n {
        n if n < 1_000 => format!("N = {n}"),
        n => format!("N = {},{:03}", n / 1_000, n % 1_000),
    }
}

/// One of each, for the comparison on paper.
fn calls(bench: &mut Bench, bare: &RefCell<default::scene::Bare>) -> Result<()> {
    Rounds::new(CALLS, "default", Unit::Call)
        .budget(2)
        .contender("HPKE seal", || bare.borrow_mut().seals(1))
        .contender("key pair", || bare.borrow_mut().pair())
        .contender("signature", || bare.borrow_mut().sign())
        .run(bench)
}

fn first_share(bench: &mut Bench, bare: &Bares, (n, streams): (usize, usize)) -> Result<()> {
    let row = match streams {
        1 => row(n),
        _ => format!("{}, D = {streams}", row(n)),
    };
    bench.progress(&format!("{SHARE}, {row}: people"));
    let (streams, members) = (names("stream", streams), names("member", n));
    let mut ours = default::scene::Account::new(&streams, default::scene::Work::LEAST)?;
    let verified = ours.meet(&members)?;
    let mut fast = aws_lc::scene::Account::new(&streams, aws_lc::scene::Work::LEAST)?;
    let verified_fast = fast.meet(&members)?;
    Rounds::new(SHARE, &row, Unit::Call)
        .at(n as f64)
        .contender("calls, default", || bare.0.borrow_mut().share(n))
        .contender_timed("ours, default", || {
            Ok(ours.share(&streams, &verified)?.cost)
        })
        .contender("calls, aws-lc", || bare.1.borrow_mut().share(n))
        .contender_timed("ours, aws-lc", || {
            Ok(fast.share(&streams, &verified_fast)?.cost)
        })
        .target("ours, default", "calls, default", Bound::AtMost(1.1))
        .target("ours, aws-lc", "calls, aws-lc", Bound::AtMost(1.1))
        .run(bench)
}

/// Measures a rotation for `n` members. Returns the account, for its members.
fn rotation(
    bench: &mut Bench,
    bare: &Bares,
    n: usize,
    fixed: f64,
) -> Result<default::scene::Account> {
    let row = row(n);
    bench.progress(&format!("{ROTATE}, {row}: people"));
    let (streams, members) = (names("stream", 1), names("member", n));
    let ours = default::scene::Account::shared(&streams, &members)?;
    let fast = aws_lc::scene::Account::shared(&streams, &members)?;
    let recipients: Vec<Recipient> = (0..n).map(|_| Identity::generate().to_public()).collect();
    bench.progress(&format!("{ROTATE}, {row}: trees"));
    let warm = RefCell::new(mls::Group::warm(n)?);
    let mut fresh = match n <= MOST_FRESH {
        true => Some(mls::Group::fresh(n)?),
        false => None,
    };
    let written = ours.rotate(&streams)?.traffic;
    let commit = warm.borrow_mut().remove_one()?.1;
    let commit_fresh = match &mut fresh {
        Some(fresh) => Some(fresh.remove_one()?.1),
        None => None,
    };
    let many = n >= 1_000;
    let asked = |least: f64| match many {
        true => Bound::AtMost(1.0 / least),
        false => Bound::None,
    };
    let mls = match n >= 10 {
        true => Bound::AtMost(1.0),
        false => Bound::None,
    };
    let mut rounds = Rounds::new(ROTATE, &row, Unit::Call)
        .at(n as f64)
        .contender_timed("ours, default", || Ok(ours.rotate(&streams)?.cost))
        .contender("HPKE seals, default", || bare.0.borrow_mut().seals(n))
        .contender_timed("ours, aws-lc", || Ok(fast.rotate(&streams)?.cost))
        .contender("HPKE seals, aws-lc", || bare.1.borrow_mut().seals(n))
        .contender("age", || age(&recipients))
        .contender_timed("OpenMLS, warm tree", || {
            Ok(warm.borrow_mut().remove_one()?.0)
        })
        .contender("the same, not kept", || warm.borrow_mut().commit_alone());
    if let Some(fresh) = &mut fresh {
        rounds = rounds.contender_timed("OpenMLS, fresh tree", || Ok(fresh.remove_one()?.0));
    }
    rounds
        .target("ours, default", "HPKE seals, default", asked(50.0))
        .target("ours, aws-lc", "HPKE seals, aws-lc", asked(50.0))
        .target("ours, default", "age", asked(20.0))
        .target("ours, aws-lc", "age", asked(20.0))
        .target("ours, default", "OpenMLS, warm tree", mls)
        .target("ours, aws-lc", "OpenMLS, warm tree", mls)
        .target("ours, default", "the same, not kept", Bound::None)
        .run(bench)?;
    let (x, up) = (n as f64, written.up as f64);
    let mut figure = |name: &str, value: f64, unit: &str, bound| {
        bench.figure(WRITTEN, (&row, x), name, (value, unit), bound);
    };
    figure("bytes", up, "bytes", Bound::None);
    // With few members the tree paths, which are longer than for none, are no matter of the parts.
    let each = if n >= 100 {
        Bound::AtMost(64.0)
    } else {
        Bound::None
    };
    figure("a member, beyond N = 0", (up - fixed) / x, "bytes", each);
    figure("a member, of all", up / x, "bytes", Bound::None);
    figure("requests", written.requests as f64, "", Bound::None);
    figure(
        "commit, OpenMLS, warm tree",
        commit as f64,
        "bytes",
        Bound::None,
    );
    if let Some(commit) = commit_fresh {
        figure(
            "commit, OpenMLS, fresh tree",
            commit as f64,
            "bytes",
            Bound::None,
        );
    }
    Ok(ours)
}

/// A 32-byte key to all recipients.
fn age(recipients: &[Recipient]) -> Result<()> {
    let all = recipients.iter().map(|to| to as &dyn age::Recipient);
    let mut out = Vec::new();
    let mut writer = age::Encryptor::with_recipients(all)?.wrap_output(&mut out)?;
    std::io::Write::write_all(&mut writer, &[7; 32])?;
    writer.finish()?;
    std::hint::black_box(out);
    Ok(())
}

/// What a member does after a rotation, whoever else there is.
fn member(bench: &mut Bench, accounts: &mut [(usize, default::scene::Account)]) -> Result<()> {
    const MEMBER: &str = "member0";
    let streams = names("stream", 1);
    for (n, account) in &mut *accounts {
        account.sync_member(MEMBER)?;
        account.build(|owner, env| owner.rotate(&default::scene::parse(&streams)?, env))?;
        let read = account.member(MEMBER, 1)?.traffic;
        let (row, x) = (row(*n), *n as f64);
        let mut figure = |name: &str, value: u64| {
            let value = (value as f64, "");
            bench.figure(READ, (&row, x), name, value, Bound::None);
        };
        figure("requests", read.requests);
        figure("bytes read", read.down);
    }
    let mut rounds = Rounds::new(
        "A member after a rotation",
        "finds and opens its part",
        Unit::Call,
    );
    for (n, account) in &*accounts {
        rounds = rounds.contender_timed(&row(*n), || Ok(account.member(MEMBER, 1)?.cost));
    }
    for (n, _) in &*accounts {
        // A shard has about a hundred parts from there on, and between 64 and 128.
        if *n > 100 {
            rounds = rounds.target(&row(*n), &row(100), Bound::AtMost(1.2));
        }
    }
    rounds.run(bench)
}

/// Where a scheme whose cost grows with the logarithm of N takes over, by what was measured in this run.
fn crossings(bench: &mut Bench, most: usize, fixed: f64) -> Result<()> {
    const TABLE: &str = "On paper, by this run's times";
    let at = |name: &str, n| bench.median(ROTATE, &row(n), name, Clock::Cpu);
    let call = |name: &str| bench.median(CALLS, "default", name, Clock::Cpu);
    let (few, many) = (at("ours, default", 10)?, at("ours, default", most)?);
    // Ours is a + b N.
    let b = (many - few) / (most - 10) as f64;
    let a = few - 10.0 * b;
    let (seal, pair, signature) = (call("HPKE seal")?, call("key pair")?, call("signature")?);
    let levels = |n: f64| n.log2().ceil();
    let tree = |n: f64| signature + levels(n) * (seal + pair);
    // From where on ours costs more for good.
    let crossing = |theirs: &dyn Fn(f64) -> f64, ours: &dyn Fn(f64) -> f64| {
        let mut all = (1..1_000_000_u32).rev().map(f64::from);
        all.find(|n| ours(*n) <= theirs(*n)).unwrap_or(0.0) + 1.0
    };
    let time = crossing(&tree, &|n| a + b * n);
    let written = |name: &str, n: usize| {
        let figure = bench.value(WRITTEN, &row(n), name);
        figure.with_context(|| format!("{name} at {n}"))
    };
    let ours = |n: usize| written("bytes", n);
    let theirs = |n: usize| written("commit, OpenMLS, warm tree", n);
    let level = (theirs(most)? - theirs(10)?) / (most as f64 / 10.0).log2();
    let base = theirs(10)? - 10_f64.log2() * level;
    let slope = (ours(most)? - fixed) / most as f64;
    let bytes = crossing(&|n| base + level * n.log2(), &|n| fixed + slope * n);
    let ms = |seconds: f64| (seconds * 1e3, "ms");
    let size = most as f64;
    let rows = [
        ("ours: a + b N, a", ms(a)),
        ("ours: a + b N, b", (b * 1e6, "µs")),
        ("ours, N at which b N is as much as a", (a / b, "members")),
        ("tree: a signature, and for each level", ms(seal + pair)),
        ("tree overtakes ours in time from N =", (time, "members")),
        ("tree, time at the largest N", ms(tree(size))),
        (
            "key tree, time at the largest N",
            ms(a + 2.0 * b * levels(size)),
        ),
        ("ours, time at the largest N", ms(many)),
        ("tree: bytes for each level", (level, "bytes")),
        ("tree overtakes ours in bytes from N =", (bytes, "members")),
    ];
    for (name, value) in rows {
        bench.figure(TABLE, (name, 0.0), "value", value, Bound::None);
    }
    Ok(())
}

fn plots(recorded: &record::Section) -> Vec<Plot> {
    let of = |table: &str| -> Vec<&Group> {
        let groups = recorded.groups.iter();
        groups.filter(|group| group.table == table).collect()
    };
    let bytes = |name: &str| {
        let figures = recorded.figures.iter();
        let figures = figures.filter(|figure| figure.table == WRITTEN && figure.name == name);
        figures.map(|f| (f.x, f.value)).collect::<Vec<_>>()
    };
    let written = [
        ("ours", "bytes"),
        ("OpenMLS, warm tree", "commit, OpenMLS, warm tree"),
        ("OpenMLS, fresh tree", "commit, OpenMLS, fresh tree"),
    ];
    vec![
        Plot {
            file: "rotation",
            title: "Rotation for N members".to_owned(),
            x: Axis::logarithmic("members"),
            y: Axis::logarithmic("seconds of processor time"),
            lines: lines(&of(ROTATE), Clock::Cpu, |_, seconds| seconds),
        },
        Plot {
            file: "rotation-bytes",
            title: "What a rotation writes".to_owned(),
            x: Axis::logarithmic("members"),
            y: Axis::logarithmic("bytes"),
            lines: written
                .map(|(line, name)| (line.to_owned(), bytes(name)))
                .into(),
        },
    ]
}
