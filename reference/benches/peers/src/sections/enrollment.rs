//! Creating an account and enrolling a second phone, against the two slow steps alone.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use encryptediot::crypto::RsaSigningKey;
use encryptediot::keys::account_id;
use encryptediot::owner::create_account;
use encryptediot::passphrase::{ENTROPY_BITS, Passphrase};
use encryptediot::vault::{Pdk, Ring, Work};
use encryptediot_testkit::household::name;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::frame::plot::Plot;
use crate::frame::record::{self, Bound, Clock, Unit};
use crate::frame::rounds::Rounds;
use crate::frame::{Bench, Section};
use crate::ours::default::scene::{Account, names};

/// The section.
pub const SECTION: Section = Section {
    name: "enrollment",
    title: "Enrollment",
    text: include_str!("../../text/enrollment.md"),
    run,
    plots: |_: &record::Section| -> Vec<Plot> { Vec::new() },
};

const CREATE: &str = "Creating an account";
const ROW: &str = "the same seed for all in a round";
const SECOND: &str = "A second phone";
const PDK: &str = "passphrase function alone";

fn run(bench: &mut Bench) -> Result<()> {
    create(bench)?;
    second(bench)?;
    guessing(bench)
}

/// What [`create_account`] draws, up to its two slow steps.
fn draws(seed: u64) -> (ChaCha20Rng, Passphrase) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    Ring::generate(&mut rng);
    let passphrase = Passphrase::generate(&mut rng);
    // The salt.
    rng.fill_bytes(&mut [0; 16]);
    (rng, passphrase)
}

fn key_of(seed: u64) -> Result<RsaSigningKey> {
    let (mut rng, _) = draws(seed);
    Ok(RsaSigningKey::generate(&mut rng)?)
}

fn pdk_of(seed: u64) -> Result<()> {
    let (mut rng, passphrase) = draws(seed);
    black_box(Pdk::derive(&passphrase, Work::DEFAULT, &mut rng)?);
    Ok(())
}

/// One contender's seeds, another for each round.
#[derive(Default)]
struct Seeds(Cell<u64>);

impl Seeds {
    fn next(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

fn create(bench: &mut Bench) -> Result<()> {
    // For each seed: does its key take longer than the passphrase function? Found out before it counts.
    let longer = RefCell::new(BTreeMap::new());
    let key_is_longer = |seed: u64| -> Result<bool> {
        if let Some(longer) = longer.borrow().get(&seed) {
            return Ok(*longer);
        }
        let start = Instant::now();
        black_box(key_of(seed)?);
        let key = start.elapsed();
        pdk_of(seed)?;
        let is = key > start.elapsed() - key;
        longer.borrow_mut().insert(seed, is);
        Ok(is)
    };
    let seeds = [(); 4].map(|()| Seeds::default());
    let account = |seed| {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        create_account(name("phone")?, Work::DEFAULT, 1_800_000_000_000, &mut rng)
    };
    Rounds::new(CREATE, ROW, Unit::Call)
        .budget(40)
        .contender("ours", || {
            black_box(account(seeds[0].next())?);
            Ok(())
        })
        .contender("key generation alone", || {
            black_box(key_of(seeds[1].next())?);
            Ok(())
        })
        .contender(PDK, || pdk_of(seeds[2].next()))
        .contender_on(
            "the longer of both, alone",
            || {
                let seed = seeds[3].next();
                Ok((seed, key_is_longer(seed)?))
            },
            |(seed, key)| match key {
                true => key_of(*seed).map(drop),
                false => pdk_of(*seed),
            },
        )
        .once()
        .target_by(
            Clock::Wall,
            "ours",
            "the longer of both, alone",
            Bound::AtMost(1.05),
        )
        .target_by(Clock::Wall, "ours", PDK, Bound::None)
        .run(bench)?;
    let made = seeds.each_ref().map(|seeds| seeds.0.get());
    ensure!(
        made.iter().all(|count| *count == made[0]),
        "not everybody had the same seeds: {made:?}"
    );
    // That the seeds gave the same keys.
    let key = key_of(1)?;
    ensure!(
        account_id(key.public()) == *account(1)?.0.account(),
        "another key than the account's"
    );
    let longer = longer.into_inner();
    let count = longer.values().filter(|key| **key).count();
    let share = count as f64 / longer.len() as f64 * 100.0;
    bench.figure(
        "Which takes longer",
        ("of the seeds of this run", 0.0),
        "key generation",
        (share, "%"),
        Bound::None,
    );
    Ok(())
}

fn second(bench: &mut Bench) -> Result<()> {
    let streams = names("stream", 2);
    let mut account = Account::new(&streams, Work::DEFAULT)?;
    let verified = account.meet(&names("member", 10))?;
    account.build(|owner, env| {
        use encryptediot::owner::{Meeting, Term};
        let streams = crate::ours::default::scene::parse(&streams)?;
        owner
            .share(
                &streams,
                &verified,
                Term::UntilRevoked,
                Meeting::Remote,
                env,
            )
            .map(drop)
    })?;
    Rounds::new(SECOND, "two streams, ten members", Unit::Call)
        .budget(10)
        .contender_timed("ours", || Ok(account.enroll()?.cost))
        .contender(PDK, || pdk_of(1))
        .target("ours", PDK, Bound::AtMost(1.05))
        .run(bench)
}

/// What it costs to guess.
fn guessing(bench: &mut Bench) -> Result<()> {
    let one = bench.median(SECOND, "two streams, ten members", PDK, Clock::Cpu)?;
    let Work {
        log_n,
        r,
        p,
        iterations,
    } = Work::DEFAULT;
    let memory = f64::from(128 * r) * f64::from(1_u32 << log_n) / f64::from(1 << 20);
    let year = 365.25 * 24.0 * 3600.0;
    let table = "The passphrase function's parameters";
    let row = format!("scrypt N = 2^{log_n}, r = {r}, p = {p}; PBKDF2 {iterations} times");
    for (name, value) in [
        ("a guess", (one * 1e3, "ms of a core")),
        ("and", (memory, "MiB")),
    ] {
        bench.figure(table, (&row, 0.0), name, value, Bound::None);
    }
    let table = "Guessing a passphrase, on average half of all";
    let words = |count: usize| format!("{count} words of 2,048, {} bits", count * 11);
    let generated = ENTROPY_BITS / 11;
    let rows = [
        (words(3), 33),
        (words(4), 44),
        (words(5), 55),
        (words(7), 77),
        (format!("{}: ours", words(generated)), ENTROPY_BITS),
    ];
    for (row, bits) in rows {
        let guesses = 2_f64.powi(i32::try_from(bits)? - 1);
        let power = |years: f64| (years.log10(), "(log₁₀)");
        let columns = [
            ("core-years with this function", power(guesses * one / year)),
            (
                "years at 10¹² guesses a second",
                power(guesses / 1e12 / year),
            ),
        ];
        for (name, value) in columns {
            bench.figure(table, (&row, bits as f64), name, value, Bound::None);
        }
    }
    Ok(())
}
