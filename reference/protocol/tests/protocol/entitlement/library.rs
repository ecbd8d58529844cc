//! A history as the library plays it.

use super::*;

/// What comes of a history.
pub(super) fn play(ops: &[Op]) -> Facts {
    let mut home = home();
    let (mut clips, mut starts) = (Vec::new(), Vec::<u64>::new());
    let mut stolen = Vec::new();
    let mut compromised = BTreeSet::new();
    let mut answers = Vec::new();
    for op in ops {
        let mut all = Vec::new();
        for (camera, streams) in CAMERAS {
            if home.cameras.contains_key(&n(camera)) {
                all.extend(streams.iter().copied());
            }
        }
        let chosen = |set: u8| {
            let some = all.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
            some.map(|(_, stream)| *stream).collect::<Vec<_>>()
        };
        let one = |stream: usize| all[stream % all.len()];
        let phones: Vec<_> = home.phones.keys().cloned().collect();
        let phone = |number: usize| phones[number % phones.len()].as_str();
        let now = home.now();

        let answer = match *op {
            Op::Share {
                phone: p,
                member,
                streams,
                term,
            } => {
                let term = match term {
                    Terms::UntilRevoked => Term::UntilRevoked,
                    Terms::AllStreams => Term::AllStreams,
                    Terms::Window { from, halves } => {
                        Term::Window(window(now.saturating_add_signed(from * 500), halves * 500))
                    }
                };
                home.share(phone(p), &chosen(streams), &[MEMBERS[member]], term)
                    .map(drop)
            }
            Op::Rotate { phone: p, streams } => home.rotate(phone(p), &chosen(streams)),
            Op::Revoke {
                phone: p,
                member,
                streams,
            } => home.revoke(phone(p), &chosen(streams), MEMBERS[member]),
            Op::ExtendWindow {
                phone: p,
                member,
                stream,
                hours,
            } => home.act(phone(p), |owner, env| {
                let member = n(MEMBERS[member]);
                let until = now.saturating_add_signed(hours * HOUR as i64);
                owner.extend_window(&n(one(stream)), &member, until, env)
            }),
            Op::ExtendLease {
                phone: p,
                stream,
                days,
            } => {
                let cloud = home.cloud.clone();
                home.sync_phone(phone(p)).and_then(|()| {
                    let until = now + days * 24 * HOUR;
                    home.phone(phone(p))?
                        .extend_lease(&cloud, &n(one(stream)), now, until)
                })
            }
            Op::SharePast {
                phone: p,
                member,
                stream,
                clip,
                from,
                halves,
            } => {
                let near = starts
                    .get(clip % starts.len().max(1))
                    .copied()
                    .unwrap_or(START);
                let window = window(near.saturating_add_signed(from * 500), halves * 500);
                home.act(phone(p), |owner, env| {
                    let members = ns(&[MEMBERS[member]]);
                    owner
                        .share_past(&n(one(stream)), &members, window, env)
                        .map(drop)
                })
            }
            Op::Record { stream, sync } => {
                let stream = one(stream);
                let (camera, _) = CAMERAS.iter().find(|(_, s)| s.contains(&stream)).unwrap();
                starts.push(now);
                let number = record(&mut home, camera, stream, sync);
                clips.push((stream.to_owned(), number));
                Ok(())
            }
            Op::Pass { hours } => {
                home.clock.advance(hours * HOUR);
                Ok(())
            }
            Op::AddCamera { phone: p } => match CAMERAS.get(home.cameras.len()) {
                Some((camera, streams)) => home.pair(phone(p), camera, streams),
                None => Ok(()),
            },
            Op::Enroll if phones.len() == 1 => home.enroll("tablet", None),
            Op::Lose if phones.len() == 2 => {
                home.sync_phone("tablet").unwrap();
                stolen.push(store_phone(home.phone("tablet").unwrap()));
                home.phones.remove(&n("tablet"));
                home.lose("phone", "tablet")
            }
            Op::Enroll | Op::Lose => Ok(()),
            Op::Compromise { member } => {
                compromised.insert(member);
                Ok(())
            }
        };
        answers.push(answer.map_or_else(|error| error.reason(), |()| "ok"));
    }
    let opened = look(&mut home, &clips, &stolen, &compromised);
    Facts { answers, opened }
}

/// Records a second of the stream's own name.
pub(super) fn record(home: &mut Home, camera: &str, stream: &str, sync: Sync) -> u64 {
    if sync == Sync::Before {
        assert_eq!(home.sync_camera(camera).unwrap().refused, []);
    }
    let (paired, clock, rng) = home.at_camera(camera);
    let mut session = paired.begin(&n(stream), clock, rng).unwrap();
    session.write(stream.as_bytes()).unwrap();
    home.clock.advance(1_000);
    if sync == Sync::During {
        assert_eq!(home.sync_camera(camera).unwrap().refused, []);
    }
    let cloud = home.cloud.clone();
    let (paired, clock, rng) = home.at_camera(camera);
    let made = paired.finish(session, clock, rng).unwrap();
    let recorded = made.store(|_| Ok(())).unwrap();
    uplink::upload(paired, &cloud, &recorded).unwrap();
    recorded.sequence
}

pub(super) fn look(
    home: &mut Home,
    clips: &[(String, u64)],
    stolen: &[Vec<u8>],
    compromised: &BTreeSet<usize>,
) -> BTreeMap<String, BTreeSet<(String, u64)>> {
    let mut opened = BTreeMap::new();
    let mut look = |who: String, open: &mut dyn FnMut(&str, u64) -> bool| {
        let seen = clips
            .iter()
            .filter(|(stream, number)| open(stream, *number));
        opened.insert(who, seen.cloned().collect());
    };
    for phone in home.phones.keys().cloned().collect::<Vec<_>>() {
        home.sync_phone(phone.as_str()).unwrap();
        look(phone.to_string(), &mut |stream, number| {
            let seen = home.view_as_phone(phone.as_str(), stream, number);
            seen.is_ok_and(|bytes| bytes == stream.as_bytes())
        });
    }
    let mut pool = Vec::new();
    for (number, member) in MEMBERS.iter().enumerate() {
        home.meet(member).unwrap();
        assert_eq!(home.sync_member(member).unwrap().refused, [], "{member}");
        look((*member).to_owned(), &mut |stream, number| {
            let seen = home.view_as_member(member, stream, number);
            seen.is_ok_and(|bytes| bytes == stream.as_bytes())
        });
        if compromised.contains(&number) {
            let stored = store_member(home.member(member).unwrap());
            pool.extend(member_keys(&stored, &home.cloud));
        }
    }
    let cloud = home.cloud.clone();
    look(
        "all who were compromised".to_owned(),
        &mut |stream, number| opens(&pool, &cloud, &n(stream), number),
    );
    for (number, stored) in stolen.iter().enumerate() {
        let keys = loot(stored).keys(&cloud);
        look(format!("thief {number}"), &mut |stream, number| {
            opens(&keys, &cloud, &n(stream), number)
        });
    }
    opened
}
