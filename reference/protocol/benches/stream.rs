//! A session from its first byte to its manifest, and its view, by criterion: `cargo bench -p encryptediot --bench
//! stream`. `scripts/bench` measures longer ones beside the peers.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use encryptediot::segment::SEGMENT;
use encryptediot::view;
use encryptediot_testkit::household::{Household, name};

const LENGTH: usize = 16 << 20;

fn home() -> Household {
    let mut home = Household::in_memory(1).unwrap();
    home.pair("phone", "door", &["video"]).unwrap();
    home
}

fn record(c: &mut Criterion) {
    let (mut home, plain, stream) = (home(), vec![1; LENGTH], name("video").unwrap());
    let Household {
        cameras,
        clock,
        rng,
        ..
    } = &mut home;
    let camera = cameras.values_mut().next().unwrap();
    let mut group = c.benchmark_group("record");
    for (label, length) in [("16 MiB", LENGTH), ("one segment", SEGMENT)] {
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(label, |b| {
            b.iter(|| {
                let mut session = camera
                    .begin_into(&stream, std::io::sink(), clock, rng)
                    .unwrap();
                for piece in plain[..length].chunks(SEGMENT) {
                    session.write(piece).unwrap();
                }
                let made = camera.finish(session, clock, rng).unwrap();
                black_box(made.store(|_| Ok(())).unwrap().manifest)
            });
        });
    }
    group.finish();
}

fn watch(c: &mut Criterion) {
    let (mut home, stream) = (home(), name("video").unwrap());
    let clip = home.record("door", "video", &vec![1; LENGTH]).unwrap();
    home.sync_phone("phone").unwrap();
    let Household { phones, cloud, .. } = &mut home;
    let phone = phones.values_mut().next().unwrap();
    let account = *phone.account();
    let mut group = c.benchmark_group("view");
    group.throughput(Throughput::Bytes(LENGTH as u64));
    group.bench_function("16 MiB", |b| {
        b.iter(|| {
            let opened = phone.open(&**cloud, &stream, clip).unwrap();
            view::read(&**cloud, &account, &opened, 0, &mut std::io::sink()).unwrap()
        });
    });
    let opened = phone.open(&**cloud, &stream, clip).unwrap();
    let last = opened.segments() - 1;
    group.throughput(Throughput::Bytes(SEGMENT as u64));
    group.bench_function("the last segment", |b| {
        b.iter(|| view::read(&**cloud, &account, &opened, last, &mut std::io::sink()).unwrap());
    });
    group.finish();
}

fn short() -> Criterion {
    let time = Duration::from_millis;
    Criterion::default()
        .warm_up_time(time(300))
        .measurement_time(time(1_500))
        .sample_size(10)
}

criterion_group! { name = benches; config = short(); targets = record, watch }
criterion_main!(benches);
