//! A cloud that lies: whatever it does to any one object, every device either refuses or behaves
//! as if nothing had been done, and nothing is lost once the cloud is honest again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use encryptediot::cbor;
use encryptediot::clip::OpenClip;
use encryptediot::cloud::{Cloud, Paths};
use encryptediot::error::{Result, StoreError};
use encryptediot::grant::Shard;
use encryptediot::keys::Name;
use encryptediot::link::{self, Link};
use encryptediot::message::{self, AccountId};
use encryptediot::owner::{self, Env};
use encryptediot::phone::Phone;
use encryptediot::statement::SignedStatement;
use encryptediot::{uplink, view};
use encryptediot_testkit::*;
use proptest::prelude::*;

// ---------------------------------------------------------------- the cloud

/// What the cloud does to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lie {
    /// Returns these bytes instead.
    Bytes(Vec<u8>),
    /// Lists it and does not return it.
    Withheld,
    /// Says that there is none.
    Hidden,
}

/// A cloud that is honest but for one object, and that notes what it is asked for.
struct Evil {
    honest: MemoryCloud,
    lie: Option<(String, Lie)>,
    asked: Mutex<BTreeSet<String>>,
}

impl Evil {
    fn new(honest: MemoryCloud, lie: Option<(String, Lie)>) -> Self {
        let asked = Mutex::default();
        Self { honest, lie, asked }
    }

    fn lie(&self, path: &str) -> Option<&Lie> {
        let (place, lie) = self.lie.as_ref()?;
        (place == path).then_some(lie)
    }
}

impl Cloud for Evil {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.asked.lock().unwrap().insert(path.to_owned());
        match self.lie(path) {
            Some(Lie::Bytes(bytes)) => Ok(Some(bytes.clone())),
            Some(_) => Ok(None),
            None => self.honest.find(path),
        }
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        if let Some(Lie::Bytes(there)) = self.lie(path)
            && there != bytes
        {
            return Err(StoreError::Conflict.into());
        }
        self.honest.create(path, bytes)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.honest.put(path, bytes)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let mut found = self.honest.list(prefix)?;
        self.asked.lock().unwrap().extend(found.iter().cloned());
        if let Some((path, Lie::Hidden)) = &self.lie {
            found.retain(|other| other != path);
        }
        Ok(found)
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.honest.delete(path)
    }
}

/// The type of the object at a path: the folder below the account's.
fn kind(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// Everything that is done to the object at `path`.
fn lies(path: &str, rich: &Rich, foreign: &Rich, thorough: bool) -> Vec<Lie> {
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

// ---------------------------------------------------------------- what devices do

/// What a device saw and what it then knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// By name: bytes, or the reason why there are none.
    seen: BTreeMap<String, std::result::Result<Vec<u8>, &'static str>>,
    /// What an honest cloud always leads to, and what a cloud that withholds may keep back.
    state: Vec<u8>,
}

/// A device that starts from its store, works with the first cloud, then with the second.
type Device = (
    &'static str,
    fn(&Rich, &dyn Cloud, &dyn Cloud) -> [Outcome; 2],
);

const GENUINE: &[u8] = b"genuine";

/// Opens every clip there is.
fn watch(
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

fn account(rich: &Rich) -> AccountId {
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

fn watch_phone(rich: &Rich, phone: &mut Phone, cloud: &dyn Cloud) -> Outcome {
    let synced = phone.sync(cloud).map_err(|error| error.reason());
    let status = phone.status(cloud);
    let account = *phone.account();
    let mut outcome = watch(rich, cloud, &account, |s, n| phone.open(cloud, s, n));
    let acknowledged = status.map(|all| all.iter().any(|s| s.acknowledged.is_some()));
    outcome.state = format!("{synced:?} {acknowledged:?} {:?}", phone.checkpoint()).into();
    outcome
}

fn phone_of(saved: &Saved, name: &str) -> Phone {
    load_phone(
        &saved
            .phones
            .iter()
            .find(|(n, _)| n.as_str() == name)
            .unwrap()
            .1,
    )
}

fn phone(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let mut phone = phone_of(&rich.saved, "phone");
    [first, then].map(|cloud| watch_phone(rich, &mut phone, cloud))
}

fn old_phone(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let mut phone = phone_of(&rich.early, "tablet");
    [first, then].map(|cloud| watch_phone(rich, &mut phone, cloud))
}

fn watch_member(name: &str, saved: &Saved, rich: &Rich, clouds: [&dyn Cloud; 2]) -> [Outcome; 2] {
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

fn alice(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    watch_member("alice", &rich.saved, rich, [first, then])
}

fn new_bob(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    watch_member("bob", &rich.early, rich, [first, then])
}

fn new_carol(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    watch_member("carol", &rich.early, rich, [first, then])
}

fn new_dora(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    watch_member("dora", &rich.early, rich, [first, then])
}

fn camera(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
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

fn link_viewer(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
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
fn act(
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
        result.map(|()| GENUINE.to_vec()).map_err(|e| e.reason()),
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

fn passphrase(rich: &Rich) -> encryptediot::passphrase::Passphrase {
    rich.saved.passphrase()
}

fn revoking(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let passphrase = passphrase(rich);
    act(rich, first, then, |phone, env| {
        phone
            .unlock(&passphrase, env)?
            .revoke(&ns(&["x", "y"]), &n("bob"), env)
    })
}

fn losing(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
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
fn enrolling(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
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

// ---------------------------------------------------------------- the property

/// Runs `devices` with every lie about every object that one of them asks for, each lie told to one
/// of those that ask, in turn. Of the lies, one in `of` is told, beginning with number `part`; with
/// `THOROUGH` in the environment all are, to all of them.
///
/// Gives what went wrong.
fn trials(devices: &[Device], part: usize, of: usize) -> Vec<String> {
    let (rich, foreign) = (rich(), other_rich());
    let thorough = std::env::var_os("THOROUGH").is_some();
    let memory = || MemoryCloud::with(rich.saved.objects.clone());
    let honest = devices.iter().map(|(_, device)| {
        let cloud = memory();
        let honest = Evil::new(cloud.clone(), None);
        (
            device(rich, &honest, &cloud),
            honest.asked.into_inner().unwrap(),
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
                let evil = Evil::new(cloud.clone(), Some((path.clone(), lie.clone())));
                let ran = catch_unwind(AssertUnwindSafe(|| device(rich, &evil, &cloud)));
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
fn faults(expected: &[Outcome; 2], [lied, after]: &[Outcome; 2], what: &str) -> Vec<String> {
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

fn withstand(devices: &[Device], part: usize, of: usize) {
    let failures = trials(devices, part, of);
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn short(lie: &Lie) -> String {
    match lie {
        Lie::Bytes(bytes) => {
            let start: String = bytes.iter().take(12).map(|b| format!("{b:02x}")).collect();
            format!("{} bytes {start}", bytes.len())
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn phones_withstand_every_lie() {
    withstand(
        &[("phone", phone), ("a phone that was away", old_phone)],
        0,
        3,
    );
}

#[test]
fn a_camera_withstands_every_lie() {
    withstand(&[("camera", camera)], 0, 1);
}

#[test]
fn members_withstand_every_lie() {
    let new: [Device; 3] = [
        ("bob, new", new_bob),
        ("carol, new", new_carol),
        ("dora, new", new_dora),
    ];
    withstand(&[&new[..], &[("alice", alice)]].concat(), 1, 2);
}

#[test]
fn a_link_withstands_every_lie() {
    withstand(&[("link", link_viewer)], 0, 1);
}

#[test]
fn acts_of_the_owner_withstand_every_lie() {
    let acts: [Device; 3] = [
        ("revoking", revoking),
        ("losing a phone", losing),
        ("enrolling", enrolling),
    ];
    withstand(&acts, 1, 5);
}

/// One object that is listed and not returned keeps out nothing but what is in it.
#[test]
fn what_is_withheld_keeps_nothing_else_out() {
    let rich = rich();
    let objects = &rich.saved.objects;
    let account = account(rich);
    let withheld = |path: &String| {
        let honest = MemoryCloud::with(objects.clone());
        Evil::new(honest, Some((path.clone(), Lie::Withheld)))
    };
    let member = |name: &str| {
        let stored = rich.early.members.iter().find(|(n, _)| n.as_str() == name);
        load_member(&stored.unwrap().1)
    };
    let listed = ["introductions", "past", "leases"];
    for path in objects.keys().filter(|path| listed.contains(&kind(path))) {
        let cloud = withheld(path);
        for name in ["alice", "bob", "carol", "dora"] {
            assert!(member(name).sync(&cloud).is_ok(), "{name}, {path}");
        }
        let home = rich.early.load(1);
        let mut camera = load_camera(&rich.early.cameras[0].1, &home.clock);
        uplink::sync(&mut camera, &cloud, &home.clock, &|_| Ok(())).unwrap();
        let all = objects
            .keys()
            .filter(|path| path.contains("/announcements/y/"))
            .count();
        assert_eq!(camera.head(&n("y")).unwrap().epoch, all as u64, "{path}");
    }
    // Carol was given everything in every epoch but the first.
    let opens = |cloud: &dyn Cloud| {
        let mut carol = member("carol");
        carol.sync(cloud).unwrap();
        let open = |s: &Name, n: u64| carol.open(cloud, &account, s, n);
        let seen = watch(rich, cloud, &account, open).seen;
        seen.into_iter()
            .filter(|(_, seen)| seen.is_ok())
            .map(|(clip, _)| clip)
            .collect()
    };
    let all: BTreeSet<String> = opens(&MemoryCloud::with(objects.clone()));
    let mut fewer = 0;
    for path in objects.keys().filter(|path| kind(path) == "grants") {
        let hash = path.split('/').nth(2).unwrap();
        let under = |clip: &&String| {
            let (stream, sequence) = clip[5..].split_once('/').unwrap();
            let manifest = Paths(account).manifest(&n(stream), sequence.parse().unwrap());
            let payload = encryptediot::cose::unverified_payload(&objects[&manifest]).unwrap();
            let manifest: encryptediot::clip::Manifest =
                message::decode(&account, &payload).unwrap();
            manifest.announcement.to_string() == hash
        };
        let expected: BTreeSet<String> = all.iter().filter(|c| !under(c)).cloned().collect();
        fewer += usize::from(expected != all);
        assert_eq!(opens(&withheld(path)), expected, "{path}");
    }
    assert!(fewer > 2, "this test is about nothing");
}

/// A viewer that takes the cloud's word: the trials must find out about it.
fn gullible(rich: &Rich, first: &dyn Cloud, then: &dyn Cloud) -> [Outcome; 2] {
    let paths = Paths(account(rich));
    let mut cached = None;
    [first, then].map(|cloud| {
        let root = cached.get_or_insert_with(|| cloud.get(&paths.root()).unwrap_or_default());
        Outcome {
            seen: BTreeMap::from([("root".to_owned(), Ok(root.clone()))]),
            state: Vec::new(),
        }
    })
}

#[test]
fn the_trials_find_a_device_that_believes_the_cloud() {
    let failures = trials(&[("gullible", gullible)], 0, 1);
    assert!(failures.iter().any(|failure| failure.contains("is taken")));
    assert!(
        failures
            .iter()
            .any(|failure| failure.contains("not as before"))
    );
}

// ---------------------------------------------------------------- parsers

/// Everything that reads bytes or a text of others, with keys and places that are as good as any.
struct Readers {
    account: AccountId,
    root: encryptediot::crypto::RsaPublic,
    camera: encryptediot::crypto::VerifyingKey,
    member: encryptediot::crypto::KemSecret,
    ring: encryptediot::vault::Ring,
    pdk: encryptediot::vault::Pdk,
    link: Link,
    offer: encryptediot::pairing::Offer,
}

fn readers() -> Readers {
    use encryptediot::crypto::KemSecret;
    use encryptediot::vault::{Pdk, Work};

    let home = rich().saved.load(1);
    Readers {
        account: home.id(),
        root: home.root(),
        camera: home.cameras[&n("door")].verifying_key(),
        member: KemSecret::from_bytes(&[7; 32]).unwrap(),
        ring: home.opened().ring,
        pdk: Pdk::derive(&home.passphrase, Work::LEAST, &mut rng(1)).unwrap(),
        link: Link::from_text(&rich().link).unwrap(),
        offer: encryptediot::pairing::Offer::new(home.id(), START, &mut rng(2)),
    }
}

impl Readers {
    /// Reads `bytes` in every way there is. Gives the reasons for which they were refused.
    fn read(&self, bytes: &[u8]) -> Vec<&'static str> {
        use encryptediot::checkpoint::{self, Checkpoint};
        use encryptediot::contact::{self, Card};
        use encryptediot::message::{self, Body};
        use encryptediot::{acknowledgement, announcement, camera, cbor, clip, cose, grant, keys};
        use encryptediot::{lease, member, pairing, past, roster, statement, unlock, vault};

        fn message<T: Body>(readers: &Readers, bytes: &[u8]) -> Result<()> {
            message::decode_any_account::<T>(bytes)?;
            message::decode::<T>(&readers.account, bytes).map(drop)
        }
        let (id, root, x) = (&self.account, &self.root, &n("x"));
        let text = String::from_utf8_lossy(bytes);
        let base32 = data_encoding::BASE32_NOPAD.encode(bytes);
        let hash = message::hash(bytes);
        let clock = encryptediot::clock::ManualClock::at(START);
        let lookup = grant::Lookup::new(self.ring.key(1).unwrap(), &hash, 1, 3).unwrap();
        let shard = |shard: grant::Shard| lookup.open(&hash, &self.member.public(), &shard);
        let all = [
            message::<vault::Vault>(self, bytes),
            message::<unlock::Unlock>(self, bytes),
            message::<roster::Roster>(self, bytes),
            message::<announcement::Announcement>(self, bytes),
            message::<lease::Lease>(self, bytes),
            message::<acknowledgement::Acknowledgement>(self, bytes),
            message::<grant::Introduction>(self, bytes),
            message::<grant::Shard>(self, bytes),
            message::<grant::SealedMember>(self, bytes),
            message::<grant::Backup>(self, bytes),
            message::<past::PastShare>(self, bytes),
            message::<clip::Manifest>(self, bytes),
            message::<statement::TreeHead>(self, bytes),
            message::<checkpoint::Checkpoint>(self, bytes),
            message::decode(id, bytes).and_then(shard).map(drop),
            statement::open::<roster::Roster>(root, id, bytes).map(drop),
            roster::open(root, id, bytes).map(drop),
            announcement::open(root, id, bytes).map(drop),
            lease::open(id, bytes).map(drop),
            acknowledgement::open(id, &self.camera, x, bytes).map(drop),
            past::open(root, id, bytes).map(drop),
            clip::open(id, &self.camera, x, bytes).map(drop),
            grant::open_introduction(root, id, &self.member, bytes).map(drop),
            grant::open_member(root, id, &self.ring, 1, bytes).map(drop),
            grant::open_backup(id, &self.ring, x, &hash, bytes).map(drop),
            vault::open_kept(id, self.pdk.clone(), bytes).map(drop),
            vault::Ring::from_bytes(bytes).map(drop),
            keys::decode_root(id, bytes).map(drop),
            cose::unverified_payload(bytes).map(drop),
            cose::unseal(self.ring.key(1).unwrap(), b"", bytes).map(drop),
            pairing::open_reply(&self.offer, bytes).map(drop),
            link::open(&self.link, bytes, START).map(drop),
            contact::decode_proximity(bytes).map(drop),
            contact::proximity_from_text(&text).map(drop),
            Card::from_text(&text).map(drop),
            Card::from_text(&format!("{}{base32}", contact::CARD_PREFIX)).map(drop),
            pairing::Offer::from_text(&text).map(drop),
            pairing::Offer::from_text(&format!("{}{base32}", pairing::OFFER_PREFIX)).map(drop),
            Checkpoint::from_text(id, &format!("{}{base32}", checkpoint::CHECKPOINT_PREFIX))
                .map(drop),
            Link::from_text(&text).map(drop),
            Link::from_text(&format!("{}{base32}#{base32}", link::LINK_PREFIX)).map(drop),
            encryptediot::passphrase::Passphrase::parse(&text).map(drop),
            text.parse::<Name>().map(drop).map_err(Into::into),
            text.parse::<AccountId>().map(drop).map_err(Into::into),
            cbor::decode(bytes).and_then(Phone::from_state).map(drop),
            cbor::decode(bytes)
                .and_then(member::Member::from_state)
                .map(drop),
            cbor::decode(bytes)
                .and_then(|state| camera::Paired::from_state(state, &clock))
                .map(drop),
            cbor::decode::<camera::Recorded<()>>(bytes).map(drop),
        ];
        all.into_iter()
            .filter_map(|read| read.err().map(|error| error.reason()))
            .collect()
    }
}

/// Everything that a household writes, sends and stores, and the messages inside.
fn samples() -> Vec<Vec<u8>> {
    let rich = rich();
    let mut samples: Vec<_> = rich
        .saved
        .objects
        .values()
        .filter(|bytes| bytes.len() < 9_000)
        .cloned()
        .collect();
    for bytes in samples.clone() {
        let statement = encryptediot::cbor::decode::<encryptediot::statement::SignedStatement>;
        samples.extend(
            statement(&bytes)
                .ok()
                .map(|statement| statement.leaf.to_vec()),
        );
        samples.extend(encryptediot::cose::unverified_payload(&bytes));
    }
    for stored in [&rich.saved.phones, &rich.saved.cameras, &rich.saved.members] {
        samples.extend(stored.iter().map(|(_, bytes)| bytes.clone()));
    }
    samples.push(rich.link.clone().into_bytes());
    samples
}

/// Bytes that are nearly right.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0_u8..5, any::<u8>());
    (
        any::<prop::sample::Index>(),
        prop::collection::vec(change, 1..4),
    )
        .prop_map(|(which, changes)| {
            static SAMPLES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
            let mut bytes = which.get(SAMPLES.get_or_init(samples)).clone();
            for (place, kind, byte) in changes {
                let place = place.index(bytes.len() + 1);
                match (kind, bytes.get_mut(place)) {
                    (0, Some(at)) => *at = byte,
                    (1, Some(at)) => *at = at.wrapping_add(1),
                    (2, Some(_)) => drop(
                        bytes.drain(place..(place + 1 + usize::from(byte) % 9).min(bytes.len())),
                    ),
                    (3, _) => bytes.insert(place, byte),
                    _ => bytes.truncate(place.max(1)),
                }
            }
            bytes
        })
}

fn cases(cases: u32) -> ProptestConfig {
    let told = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: told.unwrap_or(cases),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Nobody's bytes make a reader panic, or are said to be this device's own failure.
fn never_panics(strategy: impl Strategy<Value = Vec<u8>>, count: u32) {
    let readers = readers();
    let mut runner = proptest::test_runner::TestRunner::new(cases(count));
    let result = runner.run(&strategy, |bytes| {
        prop_assert!(!readers.read(&bytes).contains(&"crypto"));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn no_reader_panics_on_any_bytes() {
    never_panics(prop::collection::vec(any::<u8>(), 0..200), 400);
}

#[test]
fn no_reader_panics_on_bytes_that_are_nearly_right() {
    never_panics(nearly(), 1_500);
}

#[test]
fn the_readers_read_what_is_right() {
    let readers = readers();
    let most = readers.read(b"").len();
    let read = samples()
        .iter()
        .filter(|bytes| readers.read(bytes).len() < most)
        .count();
    assert!(read * 2 > samples().len(), "{read} of {}", samples().len());
}

// ---------------------------------------------------------------- single bits

/// Flips every bit of `bytes`, one at a time: all of them are refused.
fn every_bit_counts(what: &str, bytes: &[u8], read: impl Fn(&[u8]) -> Result<()>) {
    assert_eq!(read(bytes), Ok(()), "{what}");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&flipped).is_err(), "{what}: bit {bit} does not count");
    }
}

/// The first object of a type.
fn first(home: &Home, folder: &str) -> Vec<u8> {
    home.cloud.bytes(&home.cloud.under(&home.id(), folder)[0])
}

#[test]
fn every_bit_of_what_the_account_signs_counts() {
    use encryptediot::statement;

    let home = rich().saved.load(1);
    let (id, root) = (home.id(), home.root());
    every_bit_counts("announcement", &first(&home, "announcements"), |bytes| {
        encryptediot::announcement::open(&root, &id, bytes).map(drop)
    });
    every_bit_counts("roster", &first(&home, "roster"), |bytes| {
        encryptediot::roster::open(&root, &id, bytes).map(drop)
    });
    every_bit_counts("introduction", &first(&home, "introductions"), |bytes| {
        statement::open::<encryptediot::grant::Introduction>(&root, &id, bytes).map(drop)
    });
    every_bit_counts("grants", &first(&home, "grants"), |bytes| {
        statement::open::<encryptediot::grant::Shard>(&root, &id, bytes).map(drop)
    });
    let ring = home.opened().ring;
    every_bit_counts("member", &first(&home, "members"), |bytes| {
        encryptediot::grant::open_member(&root, &id, &ring, 1, bytes).map(drop)
    });
    every_bit_counts("root", &first_root(&home), |bytes| {
        encryptediot::keys::decode_root(&id, bytes).map(drop)
    });
}

fn first_root(home: &Home) -> Vec<u8> {
    home.cloud.bytes(&home.paths().root())
}

#[test]
fn every_bit_of_what_cameras_and_phones_sign_counts() {
    let home = rich().saved.load(1);
    let (id, x) = (home.id(), n("x"));
    let camera = home.cameras[&n("door")].verifying_key();
    every_bit_counts("manifest", &first(&home, "manifests/x"), |bytes| {
        encryptediot::clip::open(&id, &camera, &x, bytes).map(drop)
    });
    every_bit_counts(
        "acknowledgement",
        &first(&home, "acknowledgements/x"),
        |bytes| encryptediot::acknowledgement::open(&id, &camera, &x, bytes).map(drop),
    );
    // Under the key that a lease names itself: the camera checks that it lists that key.
    let lease = first(&home, "leases");
    let key = encryptediot::lease::open(&id, &lease).unwrap().key;
    every_bit_counts("lease", &lease, |bytes| {
        let lease = encryptediot::lease::open(&id, bytes)?;
        assert!(lease.key == key);
        Ok(())
    });
}

#[test]
fn every_bit_of_what_is_sealed_counts() {
    use encryptediot::vault::{self, Pdk, Work};

    let home = rich().saved.load(1);
    let (id, opened, mut rng) = (home.id(), home.opened(), rng(3));
    let pdk = Pdk::derive(&home.passphrase, Work::LEAST, &mut rng).unwrap();
    let bytes = vault::seal(3, &pdk, &opened.signing_key, &opened.ring, &mut rng).unwrap();
    every_bit_counts("vault", &bytes, |bytes| {
        let (number, _) = vault::open_kept(&id, pdk.clone(), bytes)?;
        assert_eq!(number, 3);
        Ok(())
    });
    let link = Link::from_text(&rich().link).unwrap();
    let object = &rich().saved.objects[&Paths(id).link(&link.id)];
    every_bit_counts("link", object, |bytes| {
        link::open(&link, bytes, START).map(drop)
    });
    let offer = encryptediot::pairing::Offer::new(id, START, &mut rng);
    let streams = ns(&["z"]);
    let camera = encryptediot::camera::Unpaired::new(streams);
    let (_, reply) = camera.pair(&offer, &home.clock, &mut rng).unwrap();
    every_bit_counts("pairing reply", &reply, |bytes| {
        encryptediot::pairing::open_reply(&offer, bytes).map(drop)
    });
}

// ---------------------------------------------------------------- a lost phone and the provider

/// A lost phone knows a key of the ring. With it, it makes the provider a member's record that
/// holds a pairwise key of its own: the owner must not grant anything under that.
#[test]
fn a_lost_phone_makes_no_member_records() {
    use encryptediot::cbor;
    use encryptediot::crypto::SecretBytes;
    use encryptediot::grant::{self, Member};
    use encryptediot::message;
    use encryptediot::statement::SignedStatement;

    let mut home = rich().saved.load(1);
    home.sync_phone("tablet").unwrap();
    let thief = loot(&store_phone(home.phone("tablet").unwrap()));
    home.lose("phone", "tablet").unwrap();
    let id = home.id();
    for path in home.cloud.under(&id, "members") {
        let genuine = home.cloud.bytes(&path);
        let number = path.rsplit('/').next().unwrap().parse().unwrap();
        let forged = Member {
            number,
            name: n("alice"),
            key: home.members[&n("alice")].card().key,
            pairwise: SecretBytes::new([66; 32]),
        };
        let forged = grant::seal_member(&id, &thief.ring, &forged, &mut rng(4)).unwrap();
        // As it is, and in place of the message in the genuine statement.
        let mut statement: SignedStatement = cbor::decode(&genuine).unwrap();
        statement.leaf = forged.clone().into();
        for bytes in [forged, cbor::encode(&statement)] {
            home.cloud.set(&path, bytes);
            // Refused, unless it is a number that stands for nobody any more.
            let _ = home.rotate("phone", &["x", "y", "z"]);
            let pairwise = SecretBytes::new([66; 32]);
            for path in home.cloud.under(&id, "announcements") {
                let statement: SignedStatement = cbor::decode(&home.cloud.bytes(&path)).unwrap();
                let hash = message::hash(&statement.leaf);
                for index in 0..4 {
                    let lookup = grant::Lookup::new(&pairwise, &hash, index, 0).unwrap();
                    let shard = home.cloud.bytes(&home.paths().shard(&hash, lookup.shard));
                    let shard: SignedStatement = cbor::decode(&shard).unwrap();
                    let shard = message::decode(&id, &shard.leaf).unwrap();
                    let public = thief_public();
                    let found = lookup.open(&hash, &public, &shard);
                    assert!(matches!(found, Ok(None)), "{path}: a part for the thief");
                }
            }
        }
        home.cloud.set(&path, genuine);
    }
    home.rotate("phone", &["x", "y", "z"]).unwrap();
}

fn thief_public() -> encryptediot::crypto::KemPublic {
    encryptediot::crypto::KemSecret::from_bytes(&[66; 32])
        .unwrap()
        .public()
}

/// A member who has nothing when a phone is lost is given something later: the lost phone, which
/// knows the member's pairwise key of then, opens none of it.
#[test]
fn a_lost_phone_opens_nothing_that_is_shared_anew_with_an_old_member() {
    use encryptediot::owner::Term;
    use encryptediot_testkit::household::window;

    let mut home = home();
    home.enroll("tablet", None).unwrap();
    home.share("phone", &["y"], &["alice"], Term::UntilRevoked)
        .unwrap();
    home.share("phone", &["y"], &["bob"], Term::UntilRevoked)
        .unwrap();
    home.revoke("phone", &["y"], "alice").unwrap();
    home.sync_phone("tablet").unwrap();
    let thief = store_phone(home.phone("tablet").unwrap());
    home.lose("phone", "tablet").unwrap();
    home.sync_camera("door").unwrap();
    let start = home.now();
    let past = home.record("door", "x", b"past").unwrap();
    home.share("phone", &["x"], &["alice", "bob"], Term::UntilRevoked)
        .unwrap();
    let both = ns(&["alice", "bob"]);
    home.act("phone", |owner, env| {
        owner.share_past(&n("x"), &both, window(start, 1_000), env)
    })
    .unwrap();
    home.sync_camera("door").unwrap();
    let later = home.record("door", "x", b"later").unwrap();
    let keys = loot(&thief).keys(&home.cloud);
    for clip in [past, later] {
        for member in ["alice", "bob"] {
            assert_eq!(home.sync_member(member).unwrap().refused, []);
            assert!(
                home.view_as_member(member, "x", clip).is_ok(),
                "{member}, {clip}"
            );
        }
        assert!(!opens(&keys, &home.cloud, &n("x"), clip), "{clip}");
    }
}
