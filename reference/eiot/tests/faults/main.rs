//! Faults of the system under the program: a kill before each call that changes a file, each such call failing, and
//! the power cut after each, over every command. What is done to the calls is strace's work; without it these tests
//! say "not checked".

mod cases;
mod disk;
mod history;
mod trace;
mod world;

use std::collections::BTreeMap;
use std::fs;

use cases::{CASES, Case};
use disk::{Disk, Tree, digest};
use trace::{Call, Fault, Op};
use world::{Done, Ended, World};

/// A run of a command that nothing disturbed.
struct Run {
    start: Tree,
    done: Done,
    calls: Vec<Call>,
    said: Ended,
}

/// Runs a command, and holds the model of the disk against what it did.
fn run(case: &Case) -> Run {
    let (start, done) = case.start();
    let world = World::of(&start);
    let log = tempfile::NamedTempFile::new().unwrap();
    let said = World::end(&mut trace::logged(&world.command(case.line), log.path()));
    assert!(said.done(), "{}: {said:?}", case.line);
    let calls = trace::read(&fs::read_to_string(log.path()).unwrap(), world.place());
    let mut disk = Disk::of(&start);
    calls.iter().for_each(|call| disk.run(&call.op));
    let (model, real) = (disk.now(), world.tree());
    let differs = model
        .iter()
        .find(|(path, bytes)| real.get(*path) != Some(bytes));
    assert_eq!(differs.map(|(path, _)| path), None, "{}", case.line);
    assert_eq!(model.len(), real.len(), "{}", case.line);
    Run {
        start,
        done,
        calls,
        said,
    }
}

/// How often what was done, and what did not hold after it.
#[derive(Default)]
struct Tally {
    faults: BTreeMap<&'static str, usize>,
    /// Faults in calls to which a run did not come: threads are not always in the same order.
    not_reached: usize,
    lost: Vec<String>,
}

impl Tally {
    fn add(&mut self, kind: &'static str, what: impl FnOnce() -> String, held: Result<(), String>) {
        *self.faults.entry(kind).or_default() += 1;
        if let Err(error) = held {
            let text = format!("{}: {error}", what());
            eprintln!("{text}");
            self.lost.push(text);
        }
    }

    fn none_lost(&self) {
        let all: usize = self.faults.values().sum();
        println!(
            "{:?}, of {all} not reached: {}",
            self.faults, self.not_reached
        );
        assert!(self.not_reached * 20 < all, "the faults do not happen");
        assert!(
            self.lost.is_empty(),
            "{} of {:?}: {:#?}",
            self.lost.len(),
            self.faults,
            self.lost
        );
    }
}

/// The errors that a call may meet.
fn errors(op: &Op) -> &'static [&'static str] {
    match op {
        Op::Sync(_) => &["EIO"],
        Op::Remove(_) => &["EIO", "EROFS"],
        _ => &["ENOSPC", "EIO"],
    }
}

/// Puts faults into one call of a run.
fn disturb(case: &Case, run: &Run, call: &Call, tally: &mut Tally) {
    let mut faults = vec![("kill", Fault::Kill)];
    faults.extend(
        errors(&call.op)
            .iter()
            .map(|error| (*error, Fault::Fails(error))),
    );
    faults.push(("error from then on", Fault::FailsFrom(errors(&call.op)[0])));
    for (kind, fault) in faults {
        let world = World::of(&run.start);
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut faulty = trace::faulty(&world.command(case.line), call, fault, log.path());
        let said = World::end(&mut faulty);
        if !trace::happened(&fs::read_to_string(log.path()).unwrap()) {
            tally.not_reached += 1;
        }
        let held = case.judge(&world, &said, run.done.clone());
        tally.add(
            kind,
            || {
                format!(
                    "{}, {kind} at {} {}: {:?}",
                    case.line,
                    call.name,
                    call.nth,
                    short(&call.op)
                )
            },
            held,
        );
    }
}

fn short(op: &Op) -> String {
    match op {
        Op::Append(path, bytes) => format!("Append({}, {} bytes)", path.display(), bytes.len()),
        op => format!("{op:?}"),
    }
}

/// The disks that a power cut may leave in the course of a run: each with the number of calls that were done.
fn cuts(run: &Run, calls: &[Call]) -> Vec<(usize, Tree)> {
    let mut disk = Disk::of(&run.start);
    let (mut cuts, mut seen) = (Vec::new(), std::collections::HashSet::new());
    for (at, call) in calls.iter().enumerate() {
        disk.run(&call.op);
        // What was said when all was done counts for the last ones.
        let last = at + 1 == calls.len();
        cuts.extend(
            disk.cuts()
                .into_iter()
                .filter(|tree| seen.insert((last, digest(tree))))
                .map(|tree| (at + 1, tree)),
        );
    }
    cuts
}

/// Starts the machine again on one of them.
fn start_again(case: &Case, run: &Run, cut: &(usize, Tree), all: usize) -> Result<(), String> {
    let nothing = Ended {
        code: None,
        json: serde_json::Value::Null,
    };
    let said = if cut.0 == all { &run.said } else { &nothing };
    case.judge(&World::of(&cut.1), said, run.done.clone())
}

/// All faults of all commands, or one in so many.
fn play(every_fault: usize, every_case: usize) -> Tally {
    let mut tally = Tally::default();
    let only = std::env::var("EIOT_FAULTS_ONLY").unwrap_or_default();
    for (number, case) in CASES
        .iter()
        .enumerate()
        .step_by(every_case)
        .filter(|(_, case)| case.line.contains(&only))
    {
        let run = run(case);
        for call in run
            .calls
            .iter()
            .skip(number % every_fault)
            .step_by(every_fault)
        {
            disturb(case, &run, call, &mut tally);
        }
        let cuts = cuts(&run, &run.calls);
        for cut in cuts.iter().skip(number % every_fault).step_by(every_fault) {
            let held = start_again(case, &run, cut, run.calls.len());
            tally.add(
                "power cut",
                || {
                    format!(
                        "{}, power cut after {} of {} calls",
                        case.line,
                        cut.0,
                        run.calls.len()
                    )
                },
                held,
            );
        }
        println!(
            "{}: {} calls, {} disks after a cut; so far {:?}",
            case.line,
            run.calls.len(),
            cuts.len(),
            tally.faults
        );
    }
    tally
}

fn checked() -> bool {
    let works = trace::works();
    if !works {
        println!("not checked: there is no strace, or it may not trace here");
    }
    works
}

/// What is found where it is made to happen: the checks can fail.
#[test]
fn what_is_lost_is_found() {
    let (tree, done) = cases::base();
    assert_eq!(World::of(tree).house(done), Ok(()));
    let harmed = |harm: &dyn Fn(&World)| {
        let world = World::of(tree);
        harm(&world);
        world.house(done).unwrap_err()
    };
    let under = |world: &World, part: &str| {
        let of = |path: &&std::path::PathBuf| path.to_string_lossy().contains(part);
        world.place().join(tree.keys().rfind(of).unwrap())
    };
    let told = harmed(&|world| fs::remove_file(under(world, "/bodies/")).unwrap());
    assert!(told.contains("clip"), "{told}");
    let told = harmed(&|world| fs::write(under(world, "anna/phone"), "torn").unwrap());
    assert!(told.contains("does not open"), "{told}");
    let told = harmed(&|world| fs::write(world.place().join(".part"), "left").unwrap());
    assert!(told.contains("temporary"), "{told}");
    let told = harmed(&|world| drop(world.must("share --stream x --to bob --as anna").unwrap()));
    assert!(told.contains("not refused"), "{told}");
    let told = harmed(&|world| drop(world.must("revoke --member alice --as anna").unwrap()));
    assert!(told.contains("--as alice"), "{told}");
}

/// A program that reports success and has synchronised nothing loses it in a power cut.
#[test]
fn what_is_not_synchronised_is_found() {
    if !checked() {
        return;
    }
    for case in CASES.iter().filter(|case| {
        ["record", "revoke"]
            .iter()
            .any(|word| case.line.starts_with(word))
    }) {
        let run = run(case);
        let mut calls = run.calls.clone();
        calls.retain(|call| !matches!(call.op, Op::Sync(_)));
        let lost = |calls: &[Call]| {
            let cuts = cuts(&run, calls);
            let mut last = cuts.iter().filter(|cut| cut.0 == calls.len());
            last.any(|cut| start_again(case, &run, cut, calls.len()).is_err())
        };
        assert!(lost(&calls), "{}: not found", case.line);
        assert!(
            !lost(&run.calls),
            "{}: found where nothing is lost",
            case.line
        );
    }
}

/// A sample; `scripts/faults` plays all.
#[test]
fn a_sample_of_faults_loses_nothing() {
    if checked() {
        let mut tally = play(60, 6);
        history::play(1, 4, &mut tally);
        tally.none_lost();
    }
}

#[test]
#[ignore = "an hour; scripts/faults runs it"]
fn no_fault_loses_anything() {
    if checked() {
        let every = std::env::var("EIOT_FAULTS_EVERY");
        let every = every.map_or(1, |every| every.parse().expect("a number"));
        let mut tally = play(every, 1);
        for seed in 0..(40 / every as u64).max(1) {
            history::play(seed, 25, &mut tally);
        }
        tally.none_lost();
    }
}
