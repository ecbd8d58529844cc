//! Lengths, counts and numbers from outside, on both sides of their bounds (`reference/LIMITS.md`).

use std::time::{Duration, Instant};

use encryptediot::announcement::{
    self, Announcement, Kind, MAX_KEYS, MAX_LEASE, StreamKey, Window,
};
use encryptediot::cbor;
use encryptediot::cose;
use encryptediot::crypto::{self, KemSecret, SigningKey};
use encryptediot::grant::{self, Backup};
use encryptediot::link::{self, Link, Source};
use encryptediot::message::{self, MAX_MESSAGE};
use encryptediot::roster::PhoneKeys;
use encryptediot::segment::SessionKey;
use encryptediot::statement::SignedStatement;
use encryptediot::{keys, uplink};
use encryptediot_testkit::*;
use zeroize::Zeroizing;

#[test]
fn a_message_and_what_is_signed_have_16_mebibytes_at_most() {
    let account = home().id();
    let backup = |length: usize| {
        let sealed = vec![7; length].into();
        let stream = n("x");
        message::encode(
            &account,
            Backup {
                generation: 1,
                stream,
                sealed,
            },
        )
    };
    let frame = backup(MAX_MESSAGE / 2).len() - MAX_MESSAGE / 2;
    for (length, is) in [
        (MAX_MESSAGE, "nothing was refused"),
        (MAX_MESSAGE + 1, "too-large"),
    ] {
        let bytes = backup(length - frame);
        assert_eq!(bytes.len(), length);
        assert_eq!(reason(message::decode::<Backup>(&account, &bytes)), is);
    }
    let key = SigningKey::generate(&mut rng(1)).unwrap();
    let signed = |length: usize| cose::sign(&key, vec![7; length]).unwrap();
    let frame = signed(MAX_MESSAGE / 2).len() - MAX_MESSAGE / 2;
    for (length, is) in [
        (MAX_MESSAGE, "nothing was refused"),
        (MAX_MESSAGE + 1, "too-large"),
    ] {
        assert_eq!(
            reason(cose::unverified_payload(&signed(length - frame))),
            is
        );
    }
}

#[test]
fn the_work_of_a_vault_lies_between_its_bounds() {
    let least = crypto::Work {
        log_n: 10,
        r: 8,
        p: 1,
        iterations: 1_000,
    };
    let most = crypto::Work {
        log_n: 20,
        iterations: 10_000_000,
        ..least
    };
    for (work, good) in [
        (least, true),
        (most, true),
        (crypto::Work { log_n: 9, ..least }, false),
        (crypto::Work { log_n: 21, ..least }, false),
        (
            crypto::Work {
                log_n: u8::MAX,
                ..least
            },
            false,
        ),
        (crypto::Work { r: 7, ..least }, false),
        (crypto::Work { r: 9, ..least }, false),
        (crypto::Work { p: 0, ..least }, false),
        (crypto::Work { p: 2, ..least }, false),
        (
            crypto::Work {
                iterations: 999,
                ..least
            },
            false,
        ),
        (
            crypto::Work {
                iterations: 10_000_001,
                ..least
            },
            false,
        ),
        (
            crypto::Work {
                iterations: u32::MAX,
                ..least
            },
            false,
        ),
    ] {
        assert_eq!(work.check().is_ok(), good, "{work:?}");
    }
}

#[test]
fn an_announcement_has_64_phones_64_keys_and_16_bits_at_most() {
    let home = home();
    let bytes = home.cloud.bytes(&home.paths().announcement(&n("x"), 1));
    let first = announcement::open(&home.root(), &home.id(), &bytes)
        .unwrap()
        .body;
    let rng = &mut rng(1);
    let mut point = || KemSecret::generate(rng).unwrap().public();
    let mut keys = vec![first.keys[0].clone()];
    keys.extend((0..MAX_KEYS as u64).map(|n| StreamKey {
        kind: Kind::Tdsk,
        window: Some(Window {
            from: n,
            until: u64::MAX,
        }),
        public: point(),
    }));
    let lease = first.phones[0].lease;
    let phones: Vec<_> = (0..=MAX_KEYS)
        .map(|_| PhoneKeys {
            instance: point(),
            lease,
        })
        .collect();
    let opened = |change: &dyn Fn(&mut Announcement)| {
        let mut made = first.clone();
        change(&mut made);
        let signed = home.forge(message::encode(&home.id(), made));
        reason(announcement::open(&home.root(), &home.id(), &signed))
    };
    for (beyond, is) in [(0, "nothing was refused"), (1, "announcement-keys")] {
        assert_eq!(opened(&|a| a.keys = keys[..MAX_KEYS + beyond].to_vec()), is);
        assert_eq!(
            opened(&|a| a.phones = phones[..MAX_KEYS + beyond].to_vec()),
            is
        );
        assert_eq!(opened(&|a| a.shard_bits = 16 + beyond as u8), is);
    }
    assert_eq!(opened(&|a| a.shard_bits = u8::MAX), "announcement-keys");
    for (lease, is) in [
        (0, "lease-out-of-range"),
        (1, "nothing was refused"),
        (MAX_LEASE, "nothing was refused"),
        (MAX_LEASE + 1, "lease-out-of-range"),
        (u64::MAX, "lease-out-of-range"),
    ] {
        assert_eq!(opened(&|a| a.lease = lease), is, "{lease}");
    }
}

#[test]
fn a_part_is_looked_up_under_any_number_of_bits() {
    let (pairwise, hash) = (cose::Key::new([1; 32]), message::hash(b"statement"));
    for bits in 0..=u8::MAX {
        let lookup = grant::Lookup::new(&pairwise, &hash, u32::MAX, bits).unwrap();
        assert!(u64::from(lookup.shard) < 1 << bits.min(32), "{bits}");
    }
    assert_eq!((grant::shard_bits(512), grant::shard_bits(513)), (0, 1));
    assert_eq!(grant::shard_bits(usize::MAX / 2), 16);
}

/// Whoever makes a link chooses how many announcements and clips it has.
#[test]
fn a_link_of_many_announcements_and_clips_is_opened_in_the_time_of_their_sum() {
    let mut home = home();
    home.record("door", "x", b"clip").unwrap();
    let (paths, link) = (
        home.paths(),
        Link::generate(home.id(), &mut rng(1)).unwrap(),
    );
    let announced = home.cloud.bytes(&paths.announcement(&n("x"), 1));
    let source = || Source {
        manifest: home.cloud.bytes(&paths.manifest(&n("x"), 1)),
        key: SessionKey::new([0; 16]),
        plaintext: Zeroizing::new(b"clip".to_vec()),
    };
    let other = home.cloud.bytes(&paths.announcement(&n("y"), 1));
    let count = 400;
    let mut statements = vec![other; count];
    statements.push(announced);
    let sources = (0..count).map(|_| source()).collect();
    let root = keys::encode_root(&home.root());
    let made = link::make(&link, u64::MAX, root, statements, sources, &mut rng(2)).unwrap();
    let begin = Instant::now();
    assert_eq!(link::open(&link, &made.index, 0).unwrap().len(), count);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// The places of unsigned integers in CBOR, and where each ends.
fn integers(bytes: &[u8]) -> Vec<(usize, usize)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(head) = bytes.get(at) {
        let width = match head & 31 {
            0..=23 => 0,
            width => 1 << (width - 24),
        };
        let argument = match width {
            0 => u64::from(head & 31),
            _ => bytes[at + 1..][..width]
                .iter()
                .fold(0, |n, byte| n << 8 | u64::from(*byte)),
        };
        let end = at + 1 + width;
        if head >> 5 == 0 {
            found.push((at, end));
        }
        let inside = if matches!(head >> 5, 2 | 3) {
            argument
        } else {
            0
        };
        at = end + usize::try_from(inside).unwrap();
    }
    found
}

/// Every integer of every message, at its end and one before, genuinely signed: devices take it or refuse it.
#[test]
fn integers_up_to_their_end_stop_no_device() {
    let rich = rich();
    let home = rich.saved.load(1);
    let camera = camera_key(&home.cameras[&n("door")]);
    let mut of_type: std::collections::BTreeMap<&str, Vec<&String>> = Default::default();
    for path in rich.saved.objects.keys() {
        of_type
            .entry(path.split('/').nth(1).unwrap())
            .or_default()
            .push(path);
    }
    let mut tried = 0;
    // Of each type the first and the last.
    let paths = of_type
        .into_values()
        .flat_map(|paths| [paths[0], paths[paths.len() - 1]]);
    for path in paths.collect::<std::collections::BTreeSet<_>>() {
        let bytes = &rich.saved.objects[path];
        let statement = cbor::decode::<SignedStatement>(bytes);
        let message = match &statement {
            Ok(statement) => statement.leaf.to_vec(),
            Err(_) => cose::unverified_payload(bytes).unwrap_or_else(|_| bytes.clone()),
        };
        if cbor::check(&message).is_err() || message.len() > 4_000 {
            continue;
        }
        for (from, to) in integers(&message) {
            for value in [u64::MAX - 1, u64::MAX] {
                let number = [&[0x1b][..], &value.to_be_bytes()].concat();
                let changed = [&message[..from], &number, &message[to..]].concat();
                let shown = if statement.is_ok() {
                    home.forge(changed)
                } else if *bytes == message {
                    changed
                } else {
                    cose::sign(&camera, changed).unwrap()
                };
                show(rich, path, shown);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

fn show(rich: &Rich, path: &str, bytes: Vec<u8>) {
    let mut objects = rich.saved.objects.clone();
    objects.insert(path.to_owned(), bytes);
    let cloud = MemoryCloud::with(objects);
    let clock = encryptediot::clock::ManualClock::at(START);
    for saved in [&rich.early, &rich.saved] {
        let mut camera = load_camera(&saved.cameras[0].1, &clock);
        let _ = uplink::sync(&mut camera, &cloud, &clock, &|_| Ok(()));
        let mut phone = load_phone(&saved.phones[0].1);
        let _ = (phone.sync(&cloud), phone.status(&cloud).map(drop));
        let _ = phone.open(&cloud, &n("x"), 1).map(drop);
        let mut member = load_member(&saved.members[0].1);
        let _ = member.sync(&cloud).map(drop);
        let _ = member.open(&cloud, phone.account(), &n("x"), 1).map(drop);
    }
}
