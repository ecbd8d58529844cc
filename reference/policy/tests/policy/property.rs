//! The property: from whatever state, interrupted however often, on whichever phone, applying leads
//! exactly to what the file states.

use std::cell::RefCell;
use std::collections::BTreeSet;

use encryptediot::owner::Term;
use encryptediot_policy::{Policy, Reason};
use encryptediot_testkit::household::window;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::oracle::Oracle;
use crate::world::{Access, CAMERAS, KINDS, MEMBERS, World, camera_of, failed_with};
use crate::written::{File, MINUTE, chosen, file};
use encryptediot_testkit::*;

const PHONES: [&str; 2] = ["phone", "tablet"];
/// One thing that happens. Numbers choose among what there is at that time.
#[derive(Clone, Debug)]
enum Op {
    Share {
        member: usize,
        streams: u8,
        term: u8,
    },
    Revoke {
        member: usize,
        streams: u8,
    },
    Rotate {
        phone: usize,
        stream: usize,
    },
    Record {
        stream: usize,
    },
    SyncCameras,
    Pass {
        minutes: u64,
    },
    AddCamera,
    /// A phone is stolen; dropping it by hand may stop short of a stream.
    Steal {
        half_dropped: bool,
    },
    Apply {
        file: File,
        /// The writes that come through until the cloud fails, and the phone that acts.
        faults: Vec<(usize, usize)>,
        phone: usize,
    },
    /// Hours later, the file that was applied last, perhaps with its windows longer or shorter or
    /// with another lease.
    Again {
        hours: u64,
        shift: i64,
        lease: Option<u64>,
        faults: Vec<(usize, usize)>,
        phone: usize,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let faults = || prop::collection::vec((0_usize..24, 0_usize..2), 0..4);
    let other_lease = prop_oneof![2 => Just(None), 1 => (1_u64..32).prop_map(Some)];
    let hours = prop_oneof![2 => Just(0_u64), 1 => 10_u64..200];
    prop_oneof![
        3 => (0_usize..4, 1_u8..8, 0_u8..4)
            .prop_map(|(member, streams, term)| Op::Share { member, streams, term }),
        2 => (0_usize..5, 1_u8..8).prop_map(|(member, streams)| Op::Revoke { member, streams }),
        1 => (0_usize..2, 0_usize..3).prop_map(|(phone, stream)| Op::Rotate { phone, stream }),
        4 => (0_usize..3).prop_map(|stream| Op::Record { stream }),
        2 => Just(Op::SyncCameras),
        2 => prop_oneof![3 => 1_u64..100, 1 => 1_000_u64..12_000]
            .prop_map(|minutes| Op::Pass { minutes }),
        1 => Just(Op::AddCamera),
        1 => any::<bool>().prop_map(|half_dropped| Op::Steal { half_dropped }),
        5 => (file(), faults(), 0_usize..2)
            .prop_map(|(file, faults, phone)| Op::Apply { file, faults, phone }),
        5 => (hours, -1_i64..2, other_lease, faults(), 0_usize..2).prop_map(
            |(hours, shift, lease, faults, phone)| Op::Again { hours, shift, lease, faults, phone }
        ),
    ]
}

/// A hand-made act, which may be refused.
fn by_hand(world: &mut World, op: &Op) {
    let streams = world.streams();
    match op {
        Op::Share {
            member,
            streams: set,
            term,
        } => {
            let from = world.now().saturating_sub(10 * MINUTE) / MINUTE * MINUTE;
            let term = match term {
                0 => Term::AllStreams,
                1 => Term::UntilRevoked,
                2 => Term::Window(window(from, 3 * MINUTE)),
                _ => Term::Window(window(from, 55 * MINUTE)),
            };
            let streams = chosen(*set, &streams);
            let _ = world
                .home
                .share("phone", &streams, &[MEMBERS[*member]], term);
        }
        Op::Revoke {
            member,
            streams: set,
        } => {
            let _ = world
                .home
                .revoke("phone", &chosen(*set, &streams), MEMBERS[*member]);
        }
        Op::Rotate { phone, stream } => {
            let stream = streams[stream % streams.len()];
            world.home.rotate(PHONES[*phone], &[stream]).unwrap();
        }
        Op::Record { stream } => {
            world.record(streams[stream % streams.len()]);
        }
        Op::SyncCameras => world.sync_cameras(),
        Op::Pass { minutes } => world.home.clock.advance(minutes * MINUTE),
        Op::AddCamera => {
            let (camera, streams) = CAMERAS[1];
            if !world.home.cameras.contains_key(&n(camera)) {
                world.home.pair("phone", camera, streams).unwrap();
            }
        }
        Op::Steal { half_dropped } => {
            let Some(third) = world.home.phones.remove(&n("third")) else {
                return;
            };
            world.stolen.push(store_phone(&third));
            if *half_dropped {
                let mut whole = world.copy();
                let before = whole.home.cloud.writes();
                if whole.home.lose("phone", "third").is_err() {
                    return;
                }
                let writes = whole.home.cloud.writes() - before;
                // All comes through but the last announcement.
                world.home.cloud.lie_after(writes - 1);
                assert_eq!(reason(world.home.lose("phone", "third")), "conflict");
                world.home.cloud.work_again();
            }
        }
        Op::Apply { .. } | Op::Again { .. } => {}
    }
}

/// A file is refused if it dares to, for windows alone.
fn may_be_refused(file: &File, error: &encryptediot_policy::Error) -> bool {
    match error {
        encryptediot_policy::Error::Refused(all) => {
            file.dares && all.iter().all(|r| r.reason == Reason::NoClips)
        }
        encryptediot_policy::Error::Failed(_) => false,
    }
}

/// Lets phones go on after interruptions until one has applied the policy. Returns nothing if it
/// is refused.
fn apply(
    world: &mut World,
    file: &File,
    policy: &Policy,
    faults: &[(usize, usize)],
    last: usize,
) -> Result<Option<()>, TestCaseError> {
    let writes = world.home.cloud.writes();
    let go_on = ["store-unavailable", "conflict", "object-missing"];
    for (count, phone) in faults {
        world.home.cloud.fail_after(*count);
        let result = world.apply(PHONES[*phone], policy);
        world.home.cloud.work_again();
        if let Err(error) = result {
            let goes_on = failed_with(&error, &go_on) || may_be_refused(file, &error);
            prop_assert!(goes_on, "{error}");
        }
    }
    // Whoever waits for another phone to finish lets it: at most each once more.
    for turn in 0..6 {
        let phone = PHONES[(last + turn) % 2];
        match world.apply(phone, policy) {
            Ok(_) => return Ok(Some(())),
            Err(error) if may_be_refused(file, &error) => {
                if faults.is_empty() {
                    prop_assert_eq!(world.home.cloud.writes(), writes, "nothing is written");
                }
                return Ok(None);
            }
            Err(error) => prop_assert!(failed_with(&error, &go_on[1..]), "{error}"),
        }
    }
    Err(TestCaseError::fail("it is never applied"))
}

/// Applies a file, and compares the resulting rights with those that the file states.
fn applied(
    world: &mut World,
    file: &File,
    base: u64,
    faults: &[(usize, usize)],
    last: usize,
    caught: &RefCell<BTreeSet<&'static str>>,
) -> Result<(), TestCaseError> {
    let text = file.text(world, base);
    let (oracle, policy) = (Oracle::of(&text), Policy::parse(&text));
    let policy = policy.map_err(|refusals| TestCaseError::fail(format!("{refusals:?}")))?;
    let before = world.access(0);
    leave_out(world, &policy, &oracle, &before, caught);
    if apply(world, file, &policy, faults, last)?.is_none() {
        return Ok(());
    }
    // The other phone has nothing left to do, nor has the same one.
    for phone in PHONES {
        // It may have owed something that another one was first with.
        let _ = world.home.sync_phone(phone);
        let writes = world.home.cloud.writes();
        let again = world.apply(phone, &policy);
        prop_assert_eq!(again.as_deref(), Ok(&[][..]), "{} again", phone);
        prop_assert_eq!(world.home.cloud.writes(), writes, "{} writes again", phone);
    }
    // Before cameras obey, that shows as drift; then there is none.
    let waiting = world.drift("phone", &policy);
    for stream in world.streams() {
        let head = world
            .home
            .camera(camera_of(stream))
            .unwrap()
            .head(&n(stream));
        let phone = world.home.phone("phone").unwrap();
        let latest = phone.streams().find(|(name, _)| **name == n(stream));
        let obeyed = head == latest.map(|(_, followed)| followed.head);
        let reported = waiting.iter().any(|d| d.stream == Some(n(stream)));
        prop_assert_eq!(reported, !obeyed, "{}", stream);
    }
    prop_assert!(waiting.iter().all(|d| d.kind == "not-acknowledged"));
    let saved = world.copy();
    match world.differs(&oracle, &before) {
        Some(difference) => {
            return Err(TestCaseError::fail(format!("{difference}\n{text}")));
        }
        // What comes later goes on from when it was applied.
        None => *world = saved,
    }
    world.sync_cameras();
    prop_assert_eq!(world.drift("phone", &policy), []);
    Ok(())
}

/// Applies a file to copies, each time with one kind of step left out, and notes if that is found
/// out.
fn leave_out(
    world: &mut World,
    policy: &Policy,
    oracle: &Oracle,
    before: &Access,
    caught: &RefCell<BTreeSet<&'static str>>,
) {
    let Ok(plan) = world.plan("phone", policy) else {
        return;
    };
    let mut kinds: BTreeSet<_> = plan.steps.iter().map(|step| step.kind()).collect();
    kinds.retain(|kind| !caught.borrow().contains(kind));
    for kind in kinds {
        let mut broken = world.copy();
        broken.apply_without("phone", policy, kind);
        if broken.differs(oracle, before).is_some() {
            caught.borrow_mut().insert(kind);
        }
    }
}

#[test]
fn applying_leads_exactly_to_what_the_file_states() {
    let cases = std::env::var("PROPTEST_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: cases.unwrap_or(24),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let mut runner = match cases {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let last = (
        file(),
        prop::collection::vec((0_usize..24, 0_usize..2), 0..4),
        0_usize..2,
    );
    let histories = (prop::collection::vec(op(), 0..14), last);
    let (steps, caught) = (RefCell::default(), RefCell::default());
    let result = runner.run(&histories, |(ops, (file, faults, phone))| {
        let (mut world, mut last) = (World::new(), None);
        let end = Op::Apply {
            file,
            faults,
            phone,
        };
        for op in ops.into_iter().chain([end]) {
            let minute = world.now() / MINUTE * MINUTE;
            let (file, base, faults, phone) = match (op, last.clone()) {
                (
                    Op::Apply {
                        file,
                        faults,
                        phone,
                    },
                    _,
                ) => (file, minute, faults, phone),
                (
                    Op::Again {
                        hours,
                        shift,
                        lease,
                        faults,
                        phone,
                    },
                    Some((file, base)),
                ) => {
                    world.home.clock.advance(hours * 60 * MINUTE);
                    (File::changed(file, shift, lease), base, faults, phone)
                }
                (op, _) => {
                    by_hand(&mut world, &op);
                    continue;
                }
            };
            applied(&mut world, &file, base, &faults, phone, &caught)?;
            last = Some((file, base));
        }
        BTreeSet::extend(&mut *steps.borrow_mut(), world.steps);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // The histories are worth something only if they need every kind of step, and tell an account
    // to which one kind was not done from one to which all were.
    let missed = |done: BTreeSet<&'static str>| -> Vec<_> {
        KINDS
            .into_iter()
            .filter(|kind| !done.contains(kind))
            .collect()
    };
    assert_eq!(
        missed(steps.into_inner()),
        [] as [&str; 0],
        "no history needs these"
    );
    // A stream that wants new keys and nothing else is rare: see `examples`.
    let mut caught = missed(caught.into_inner());
    caught.retain(|kind| *kind != "rotate");
    assert_eq!(
        caught,
        [] as [&str; 0],
        "no history shows that these are left out"
    );
}
