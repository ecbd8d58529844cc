//! Random sequences of commands, each of which may be disturbed.

use std::fs;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::Tally;
use crate::cases::base;
use crate::disk::Disk;
use crate::trace::{self, Fault};
use crate::world::{Ended, World};

const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];

fn pick<'a, T>(rng: &mut ChaCha20Rng, all: &'a [T]) -> &'a T {
    let count = u32::try_from(all.len()).expect("few");
    &all[(rng.next_u32() % count) as usize]
}

/// A house in which so many commands are run one after the other, from a seed.
pub fn play(seed: u64, steps: usize, tally: &mut Tally) {
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    let (tree, done) = base();
    let (mut world, mut done, mut story) = (World::of(tree), done.clone(), Vec::new());
    for _ in 0..steps {
        let (member, phone) = (*pick(rng, &MEMBERS), *pick(rng, &["anna", "tablet"]));
        let line = match rng.next_u32() % 8 {
            0 | 1 => "record --camera door --stream x film".to_owned(),
            2 => format!("share --stream x --to {member} --as {phone}"),
            3 => format!("revoke --member {member} --as {phone}"),
            4 => format!("rotate --as {phone}"),
            5 => "camera sync --camera door".to_owned(),
            6 => format!("phone sync --as {phone}"),
            _ => format!("extend lease --for 3d --as {phone}"),
        };
        let (kind, said) = disturbed(&mut world, &line, rng);
        story.push(format!("{line} ({kind})"));
        let held = finish(&world, &line, said).and_then(|json| {
            if let (Some(first), Some(last)) = (json["first"].as_u64(), json["last"].as_u64()) {
                done.clips.extend(first..=last);
            }
            let (gains, loses) = (line.starts_with("share"), line.starts_with("revoke"));
            if gains {
                done.see.insert(member.to_owned());
                done.revoked.remove(member);
            } else if loses {
                done.see.remove(member);
                done.revoked.insert(member.to_owned());
            }
            world.house(&done)
        });
        let failed = held.is_err();
        tally.add(kind, || format!("seed {seed}: {}", story.join("; ")), held);
        if failed {
            return;
        }
    }
}

/// Runs a command with a fault or none, and gives what was done to it and what it said.
fn disturbed(world: &mut World, line: &str, rng: &mut ChaCha20Rng) -> (&'static str, Ended) {
    let start = world.tree();
    let copy = World::of(&start);
    let log = tempfile::NamedTempFile::new().unwrap();
    let said = World::end(&mut trace::logged(&copy.command(line), log.path()));
    let calls = trace::read(&fs::read_to_string(log.path()).unwrap(), copy.place());
    let faults = [
        ("no fault", None),
        ("kill", Some(Fault::Kill)),
        ("EIO", Some(Fault::Fails("EIO"))),
        ("error from then on", Some(Fault::FailsFrom("ENOSPC"))),
    ];
    let (kind, fault) = *pick(rng, &faults);
    if calls.is_empty() || rng.next_u32().is_multiple_of(4) {
        // The copy had the power cut, after one of its calls.
        let after = (rng.next_u32() as usize) % (calls.len() + 1);
        let mut disk = Disk::of(&start);
        calls.iter().take(after).for_each(|call| disk.run(&call.op));
        *world = World::of(pick(rng, &disk.cuts()));
        let nothing = Ended {
            code: None,
            json: serde_json::Value::Null,
        };
        return (
            "power cut",
            if after == calls.len() { said } else { nothing },
        );
    }
    let command = world.command(line);
    let said = match fault {
        None => World::end(&mut { command }),
        Some(fault) => {
            let call = pick(rng, &calls);
            World::end(&mut trace::faulty(&command, call, fault, log.path()))
        }
    };
    (kind, said)
}

/// Runs the command again until it is done, or refused since it is done.
fn finish(world: &World, line: &str, said: Ended) -> Result<serde_json::Value, String> {
    if said.done() {
        return Ok(said.json);
    }
    let mut again = world.run(line);
    if again.json["error"] == "conflict" {
        again = world.run(line);
    }
    let already = ["nothing-granted", "unknown-member"];
    let is = |reason: &&str| again.json["error"] == **reason;
    match again.done() || already.iter().any(is) {
        true => Ok(again.json),
        false => Err(format!(
            "it does not complete: {:?} {}",
            again.code, again.json
        )),
    }
}
