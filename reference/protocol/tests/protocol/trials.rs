//! What each device does with a cloud that lies about one object, and what is wrong with what it did.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use encryptediot::cbor;
use encryptediot::clip::OpenClip;
use encryptediot::cloud::{Cloud, Paths};
use encryptediot::error::Result;
use encryptediot::grant::Shard;
use encryptediot::keys::Name;
use encryptediot::link::{self, Link};
use encryptediot::message::{self, AccountId};
use encryptediot::owner::{self, Env};
use encryptediot::phone::Phone;
use encryptediot::statement::SignedStatement;
use encryptediot::{uplink, view};
use encryptediot_testkit::*;

/// The device that is lied to.
pub(crate) const VICTIM: Viewer = 1;

/// The type of the object at a path: the folder below the account's.
pub(crate) fn kind(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// Everything that is done to the object at `path`.
pub(crate) fn lies(path: &str, rich: &Rich, foreign: &Rich, thorough: bool) -> Vec<Lie> {
    let objects = &rich.saved.objects;
    let bytes = &objects[path];
    let mut lies = vec![Lie::Withheld, Lie::Hidden];
    let mut say = |bytes: Vec<u8>| lies.push(Lie::Bytes(bytes));
    for place in [
        0,
        bytes.len() / 3,
        bytes.len() / 2,
        bytes.len().saturating_sub(1),
    ] {
        let mut flipped = bytes.clone();
        if let Some(byte) = flipped.get_mut(place) {
            *byte ^= 1 << (place % 8);
            say(flipped);
        }
    }
    for length in [0, bytes.len() / 2, bytes.len().saturating_sub(1)] {
        say(bytes[..length].to_vec());
    }
    say([&bytes[..], &[0]].concat());
    say([&bytes[..], bytes].concat());
    // Grants without any part, under the genuine signature.
    if let Ok(mut statement) = cbor::decode::<SignedStatement>(bytes)
        && let Ok((account, mut shard)) = message::decode_any_account::<Shard>(&statement.leaf)
    {
        shard.parts = Vec::new().into();
        statement.leaf = message::encode(&account, shard).into();
        say(cbor::encode(&statement));
    }
    // Others of the same type: the one before, the one after, and one of another account.
    let before = objects.range(..path.to_owned()).next_back();
    let after = objects.range(path.to_owned()..).nth(1);
    for (other, bytes) in before.into_iter().chain(after) {
        if kind(other) == kind(path) {
            say(bytes.clone());
        }
    }
    let counterpart = foreign
        .saved
        .objects
        .iter()
        .find(|(other, _)| kind(other) == kind(path));
    say(counterpart.unwrap().1.clone());
    // One of each other type, or of three of them.
    let mut types = BTreeSet::from([kind(path)]);
    let others: Vec<_> = objects
        .iter()
        .filter(|(other, _)| types.insert(kind(other)))
        .collect();
    let count = if thorough { others.len() } else { 3 };
    for turn in 0..count {
        say(others[(path.len() + bytes.len() + turn) % others.len()]
            .1
            .clone());
    }
    if let Some(old) = rich.old.get(path) {
        say(old.clone());
    }
    lies.retain(|lie| *lie != Lie::Bytes(bytes.clone()));
    lies
}

/// What a device saw and what it then knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// By name: bytes, or the reason why there are none.
    pub(crate) seen: BTreeMap<String, std::result::Result<Vec<u8>, &'static str>>,
    /// What an honest cloud always leads to, and what a cloud that withholds may keep back.
    pub(crate) state: Vec<u8>,
}

/// A device that starts from its store, works with the first cloud, then with the second.
pub(crate) type Device = (
    &'static str,
    fn(&Rich, &dyn Cloud, &dyn Cloud) -> [Outcome; 2],
);

pub(crate) const GENUINE: &[u8] = b"genuine";

/// Opens every clip there is.
pub(crate) fn watch(
    rich: &Rich,
    cloud: &dyn Cloud,
    account: &AccountId,
    mut open: impl FnMut(&Name, u64) -> Result<OpenClip>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for ((stream, sequence), recorded) in &rich.clips {
        let mut out = Vec::new();
        let read =
            open(stream, *sequence).and_then(|clip| view::read(cloud, account, &clip, 0, &mut out));
        let seen = match read {
            Ok(_) => Ok(out),
            Err(_) if !recorded.starts_with(&out) => Ok(b"bytes that were not recorded".to_vec()),
            Err(error) => Err(error.reason()),
        };
        outcome
            .seen
            .insert(format!("clip {stream}/{sequence}"), seen);
    }
    outcome
}

pub(crate) fn account(rich: &Rich) -> AccountId {
    rich.saved
        .objects
        .keys()
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

pub(crate) fn watch_phone(rich: &Rich, phone: &mut Phone, cloud: &dyn Cloud) -> Outcome {
    let synced = phone.sync(cloud).map_err(|error| error.reason());
    let status = phone.status(cloud);
    let account = *phone.account();
    let mut outcome = watch(rich, cloud, &account, |s, n| phone.open(cloud, s, n));
    let acknowledged = status.map(|all| all.iter().any(|s| s.acknowledged.is_some()));
    outcome.state = format!("{synced:?} {acknowledged:?} {:?}", phone.checkpoint()).into();
    outcome
}

pub(crate) fn phone_of(saved: &Saved, name: &str) -> Phone {
    load_phone(
        &saved
            .phones
            .iter()
            .find(|(n, _)| n.as_str() == name)
            .unwrap()
            .1,
    )
}

pub(crate) fn phone(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let mut phone = phone_of(&rich.saved, "phone");
    [first, then].map(|cloud| watch_phone(rich, &mut phone, cloud))
}

pub(crate) fn old_phone(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let mut phone = phone_of(&rich.early, "tablet");
    [first, then].map(|cloud| watch_phone(rich, &mut phone, cloud))
}

pub(crate) fn watch_member(
    name: &str,
    saved: &Saved,
    rich: &Rich,
    clouds: [&dyn Cloud; 2],
) -> [Outcome; 2] {
    let account = account(rich);
    let stored = &saved
        .members
        .iter()
        .find(|(n, _)| n.as_str() == name)
        .unwrap()
        .1;
    let mut member = load_member(stored);
    clouds.map(|cloud| {
        let news = member.sync(cloud).map(|news| news.refused);
        let mut outcome = watch(rich, cloud, &account, |s, n| {
            member.open(cloud, &account, s, n)
        });
        let streams = member.streams(&account);
        let held = streams
            .iter()
            .map(|s| (s, member.grants(&account, s).len()));
        outcome.state = format!("{news:?} {:?}", held.collect::<Vec<_>>()).into();
        outcome
    })
}

pub(crate) fn alice(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    watch_member("alice", &rich.saved, rich, [first, then])
}

pub(crate) fn new_bob(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    watch_member("bob", &rich.early, rich, [first, then])
}

pub(crate) fn new_carol(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    watch_member("carol", &rich.early, rich, [first, then])
}

pub(crate) fn new_dora(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    watch_member("dora", &rich.early, rich, [first, then])
}

pub(crate) fn camera(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let home = rich.early.load(1);
    let paths = Paths(account(rich));
    let mut camera = load_camera(&rich.early.cameras[0].1, &home.clock);
    [first, then].map(|cloud| {
        let synced = uplink::sync(&mut camera, cloud, &home.clock, &|_| Ok(()));
        let mut outcome = Outcome::default();
        for stream in ["x", "y"] {
            let head = camera.head(&n(stream)).unwrap();
            let made = &rich.saved.objects[&paths.announcement(&n(stream), head.epoch)];
            let made: encryptediot::statement::SignedStatement =
                encryptediot::cbor::decode(made).unwrap();
            let genuine = encryptediot::message::hash(&made.leaf) == head.hash;
            let genuine = if genuine { GENUINE } else { b"foreign" };
            outcome
                .seen
                .insert(format!("head {stream}"), Ok(genuine.to_vec()));
            let lease = (stream, head, camera.lease_until(&n(stream)));
            outcome.state.extend(format!("{lease:?}").bytes());
        }
        let refused = synced
            .map(|synced| synced.refused)
            .map_err(|error| error.reason());
        outcome.state.extend(format!("{refused:?}").bytes());
        outcome
    })
}

pub(crate) fn link_viewer(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let link = Link::from_text(&rich.link).unwrap();
    let recorded = &rich.clips[&(n("x"), 1)];
    [first, then].map(|cloud| {
        let paths = Paths(link.account);
        let mut out = Vec::new();
        let shown = cloud.get(&paths.link(&link.id)).and_then(|object| {
            let clips = link::open(&link, &object, START)?;
            let clip = &clips[0];
            view::read_segments(
                cloud,
                &paths.link_body(&link.id, 0),
                clip.original.segments(),
                0,
                |i| clip.original.sealed_range(i),
                |i, sealed| clip.open_segment(i, sealed),
                &mut out,
            )
        });
        let seen = match shown {
            Ok(_) => Ok(out),
            Err(_) if !recorded.starts_with(&out) => Ok(b"bytes that were not recorded".to_vec()),
            Err(error) => Err(error.reason()),
        };
        Outcome {
            seen: BTreeMap::from([("link".to_owned(), seen)]),
            state: Vec::new(),
        }
    })
}

/// An act of the owner, tried with the first cloud and, where that refused, again with the second;
/// then a camera obeys, records, and everyone looks.
pub(crate) fn act(
    rich: &Rich,
    first: &dyn Cloud,
    then: &dyn Cloud,
    act: impl Fn(&mut Phone, &mut Env<'_>) -> Result<()>,
) -> [Outcome; 2] {
    let mut home = rich.saved.load(9);
    let mut phone = phone_of(&rich.saved, "phone");
    let now = home.now();
    let mut rng = rng(10);
    let mut once = |cloud| {
        let save: owner::Save<'_> = &|_| Ok(());
        act(
            &mut phone,
            &mut Env {
                cloud,
                now,
                save,
                rng: &mut rng,
            },
        )
    };
    let mut outcome = Outcome::default();
    let result = once(first);
    outcome.seen.insert(
        "act".to_owned(),
        result
            .as_ref()
            .map(|()| GENUINE.to_vec())
            .map_err(|e| e.reason()),
    );
    if result.is_err() {
        once(then).unwrap();
    }
    let camera = home.cameras.get_mut(&n("door")).unwrap();
    let clock = encryptediot::clock::ManualClock::at(now);
    let synced = uplink::sync(camera, then, &clock, &|_| Ok(())).unwrap();
    assert_eq!(synced.refused, []);
    let session = camera.begin(&n("x"), &clock, &mut rng).unwrap();
    let made = camera.finish(session, &clock, &mut rng).unwrap();
    let recorded = made.store(|_| Ok(())).unwrap();
    uplink::upload(camera, then, &recorded).unwrap();
    let mut last = Outcome::default();
    let account = account(rich);
    for (name, stored) in &rich.saved.members {
        let mut member = load_member(stored);
        let news = member.sync(then).unwrap();
        assert_eq!(news.refused, [], "{name}");
        let opened = member.open(then, &account, &n("x"), recorded.sequence);
        let seen = opened
            .map(|_| GENUINE.to_vec())
            .map_err(|error| error.reason());
        last.seen.insert(name.to_string(), seen);
    }
    let opened = phone.open(then, &n("x"), recorded.sequence);
    let seen = opened
        .map(|_| GENUINE.to_vec())
        .map_err(|error| error.reason());
    last.seen.insert("phone".to_owned(), seen);
    [outcome, last]
}

pub(crate) fn passphrase(rich: &Rich) -> encryptediot::passphrase::Passphrase {
    rich.saved.passphrase()
}

pub(crate) fn revoking(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let passphrase = passphrase(rich);
    act(rich, first, then, |phone, env| {
        phone
            .unlock(&passphrase, env)?
            .revoke(&ns(&["x", "y"]), &n("bob"), env)
    })
}

pub(crate) fn losing(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let passphrase = passphrase(rich);
    act(rich, first, then, |phone, env| {
        // What could not be written at once is written by the next synchronisation.
        let lost = phone
            .unlock(&passphrase, env)?
            .lose_phone(&n("tablet"), None, env);
        match lost {
            Err(error) if error.reason() == "unknown-phone" => Ok(()),
            other => other,
        }
    })
}

/// A fresh phone, from the passphrase alone.
pub(crate) fn enrolling(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let (passphrase, account, now) = (passphrase(rich), account(rich), rich.saved.load(1).now());
    let mut rng = rng(10);
    let stored = RefCell::new(None);
    let save = |phone: &Phone| {
        stored.replace(Some(store_phone(phone)));
        Ok(())
    };
    let mut enroll = |cloud| {
        let mut env = Env {
            cloud,
            now,
            save: &save,
            rng: &mut rng,
        };
        owner::enroll(n("third"), account, &passphrase, None, &mut env)
    };
    let mut outcome = Outcome::default();
    let enrolled = enroll(first);
    let seen = enrolled
        .as_ref()
        .map(|_| GENUINE.to_vec())
        .map_err(|error| error.reason());
    outcome.seen.insert("act".to_owned(), seen);
    let mut phone = match enrolled {
        Ok(phone) => phone,
        // What it stored goes on; if it stored nothing, or another was first, it starts again.
        Err(_) => {
            let kept = stored.take().map(|bytes| load_phone(&bytes));
            match kept.map(|mut phone| phone.sync(then).map(|()| phone)) {
                Some(Ok(phone)) => phone,
                _ => enroll(then).unwrap(),
            }
        }
    };
    let mut last = watch_phone(rich, &mut phone, then);
    last.state.clear();
    [outcome, last]
}

/// Runs `devices` with every lie about every object that one of them asks for, each lie told to one
/// of those that ask, in turn. Of the lies, one in `of` is told, beginning with number `part`; with
/// `THOROUGH` in the environment all are, to all of them.
///
/// Gives what went wrong.
pub(crate) fn trials(devices: &[Device], part: usize, of: usize) -> Vec<String> {
    let (rich, foreign) = (rich(), other_rich());
    let thorough = std::env::var_os("THOROUGH").is_some();
    let memory = || MemoryCloud::with(rich.saved.objects.clone());
    let honest = devices.iter().map(|(_, device)| {
        let cloud = memory();
        (
            device(rich, &cloud.seen_by(VICTIM), &cloud),
            cloud.asked_by(VICTIM),
        )
    });
    let honest: Vec<_> = honest.collect();
    let mut failures = Vec::new();
    let mut turn = 0;
    for path in rich.saved.objects.keys() {
        let all = devices.iter().zip(&honest);
        let asking: Vec<_> = all.filter(|(_, (_, asked))| asked.contains(path)).collect();
        if asking.is_empty() {
            continue;
        }
        for lie in lies(path, rich, foreign, thorough) {
            turn += 1;
            if !thorough && turn % of != part {
                continue;
            }
            let chosen = if thorough { 0..asking.len() } else { 0..1 };
            for ((name, device), (expected, _)) in
                chosen.map(|i| asking[(turn / of + i) % asking.len()])
            {
                let cloud = memory();
                cloud.lie(VICTIM, path, lie.clone());
                let lying = cloud.seen_by(VICTIM);
                let ran = catch_unwind(AssertUnwindSafe(|| device(rich, &lying, &cloud)));
                let what = format!("{name}, {path}, {}", short(&lie));
                match ran {
                    Ok(ran) => failures.extend(faults(expected, &ran, &what)),
                    Err(_) => failures.push(format!("{what}: panics")),
                }
            }
        }
    }
    assert!(turn > 0, "nothing was tried");
    failures
}

/// What is wrong with a device that saw `lied`, then `after` with the honest cloud.
pub(crate) fn faults(
    expected: &[Outcome; 2],
    [lied, after]: &[Outcome; 2],
    what: &str,
) -> Vec<String> {
    let taken = |(item, seen): (&String, &std::result::Result<Vec<u8>, _>)| {
        let wrong = seen.is_ok() && Some(seen) != expected[0].seen.get(item);
        wrong.then(|| format!("{what}: {item} is taken"))
    };
    let mut faults: Vec<_> = lied.seen.iter().filter_map(taken).collect();
    if *after != expected[1] {
        let differs = after
            .seen
            .iter()
            .find(|(k, v)| expected[1].seen.get(*k) != Some(v));
        faults.push(format!("{what}: not as before afterwards: {differs:?}"));
    }
    faults
}

pub(crate) fn withstand(devices: &[Device], part: usize, of: usize) {
    let failures = trials(devices, part, of);
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

pub(crate) fn short(lie: &Lie) -> String {
    match lie {
        Lie::Bytes(bytes) => {
            let start: String = bytes.iter().take(12).map(|b| format!("{b:02x}")).collect();
            format!("{} bytes {start}", bytes.len())
        }
        other => format!("{other:?}"),
    }
}
