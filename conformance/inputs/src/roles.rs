//! Devices that are shown a sequence of clouds, each made of what a household wrote.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use encryptediot::clip;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::{uplink, view};
use encryptediot_testkit::{MemoryCloud, Rich, load_camera, load_member, load_phone, n, rich};

/// Takes numbers from the input, zeros when it is used up.
struct Input<'b>(&'b [u8]);

impl Input<'_> {
    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first)
    }

    fn of(&mut self, count: usize) -> usize {
        (self.byte() << 8 | self.byte()) % count.max(1)
    }
}

/// When the household was as it is at the end.
fn now() -> u64 {
    static NOW: OnceLock<u64> = OnceLock::new();
    *NOW.get_or_init(|| rich().saved.load(1).now())
}

/// The most that is done in one run.
const ROUNDS: usize = 6;
const CHANGES: usize = 12;

/// A device, by the first byte, syncs with up to [`ROUNDS`] clouds, each of them the household's with up to [`CHANGES`]
/// objects moved, taken away, replaced by an old version or altered in one byte.
///
/// # Panics
/// If a clip that opens is not the one that was recorded.
pub fn roles(bytes: &[u8]) {
    let (rich, mut input) = (rich(), Input(bytes));
    let objects: Vec<_> = rich.saved.objects.iter().collect();
    let device = input.byte();
    let early = input.byte() % 2 == 0;
    let saved = if early { &rich.early } else { &rich.saved };
    let clouds = (0..=input.byte() % ROUNDS).map(|_| {
        let mut shown: BTreeMap<String, Vec<u8>> = rich.saved.objects.clone();
        for _ in 0..input.byte() % CHANGES {
            let path = objects[input.of(objects.len())].0.clone();
            match input.byte() % 5 {
                0 => drop(shown.remove(&path)),
                1 => drop(shown.insert(path, objects[input.of(objects.len())].1.clone())),
                2 => drop(
                    rich.old
                        .get(&path)
                        .map(|old| shown.insert(path, old.clone())),
                ),
                3 => {
                    let object = shown.entry(path).or_default();
                    let place = input.of(object.len());
                    if let Some(byte) = object.get_mut(place) {
                        *byte ^= 1 << (input.byte() % 8);
                    }
                }
                // A path that nobody wrote: the next number, say.
                _ => {
                    let mut path = path.into_bytes();
                    if let Some(last) = path.last_mut() {
                        *last = b"0123456789abcdef"[input.byte() % 16];
                    }
                    let path = String::from_utf8_lossy(&path).into_owned();
                    shown.insert(path, objects[input.of(objects.len())].1.clone());
                }
            }
        }
        MemoryCloud::with(shown)
    });
    let clouds: Vec<_> = clouds.collect();
    match device % 3 {
        0 => {
            let clock = ManualClock::at(now());
            let mut camera = load_camera(&saved.cameras[0].1, &clock);
            for cloud in &clouds {
                let _ = uplink::sync(&mut camera, cloud, &clock, &|_| Ok(()));
            }
        }
        1 => {
            let mut phone = load_phone(&saved.phones[device / 3 % saved.phones.len()].1);
            let account = *phone.account();
            for cloud in &clouds {
                let _ = (phone.sync(cloud), phone.status(cloud).map(drop));
                watch(rich, cloud, &account, |stream, number| {
                    phone.open(cloud, &n(stream), number)
                });
            }
        }
        _ => {
            let mut member = load_member(&saved.members[device / 3 % saved.members.len()].1);
            let phone = load_phone(&rich.saved.phones[0].1);
            let account = *phone.account();
            for cloud in &clouds {
                let _ = member.sync(cloud).map(drop);
                watch(rich, cloud, &account, |stream, number| {
                    member.open(cloud, &account, &n(stream), number)
                });
            }
        }
    }
}

/// Two clips are enough to see what is believed.
fn watch(
    rich: &Rich,
    cloud: &dyn Cloud,
    account: &encryptediot::message::AccountId,
    mut open: impl FnMut(&str, u64) -> encryptediot::Result<clip::OpenClip>,
) {
    for ((stream, number), recorded) in rich.clips.iter().take(2) {
        if let Ok(clip) = open(stream.as_str(), *number) {
            let mut out = Vec::new();
            let read = view::read(cloud, account, &clip, 0, &mut out);
            assert!(recorded.starts_with(&out), "bytes that were not recorded");
            assert!(read.is_err() || out == *recorded, "a part for the whole");
        }
    }
}
