//! The primitives of `crypto`, by criterion: `cargo bench -p encryptediot --bench primitives`, and with
//! `--features aws-lc`. `scripts/bench` measures them beside the peers.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use encryptediot::crypto::{
    Aes128Gcm, KemSecret, RsaSigningKey, SigningKey, hkdf_expand, hpke_open, hpke_seal, sha256,
};
use encryptediot::segment::SEGMENT;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

/// Over a segment.
fn bulk(c: &mut Criterion) {
    let mut group = c.benchmark_group("segment");
    group.throughput(Throughput::Bytes(SEGMENT as u64));
    let (aead, aad) = (Aes128Gcm::new(&[7; 16]), [9; 60]);
    let mut buffer = vec![1; SEGMENT];
    group.bench_function("seal", |b| {
        b.iter(|| aead.seal_in_place(&[1; 12], &aad, black_box(&mut buffer)));
    });
    let sealed = aead.seal(&[1; 12], &aad, &[1; SEGMENT]).unwrap();
    let mut buffer = sealed.clone();
    group.bench_function("copy and open", |b| {
        b.iter(|| {
            buffer.copy_from_slice(&sealed);
            black_box(aead.open_in_place(&[1; 12], &aad, &mut buffer).is_ok())
        });
    });
    group.bench_function("SHA-256", |b| b.iter(|| sha256(black_box(&sealed))));
    group.finish();
}

/// Of a fixed size.
fn single(c: &mut Criterion) {
    let mut group = c.benchmark_group("call");
    group.bench_function("SHA-256 of 64 bytes", |b| {
        b.iter(|| sha256(black_box(&[1; 64])));
    });
    group.bench_function("HKDF-Expand to 16 bytes", |b| {
        b.iter(|| hkdf_expand(black_box(&[1; 32]), &[b"info"], &mut [0; 16]));
    });
    let key = SigningKey::generate(&mut rng()).unwrap();
    let (public, signature) = (key.verifying_key(), key.sign(b"message").unwrap());
    group.bench_function("ES256, sign", |b| {
        b.iter(|| key.sign(black_box(b"message")))
    });
    group.bench_function("ES256, verify", |b| {
        b.iter(|| public.verify(black_box(b"message"), &signature));
    });
    let key = RsaSigningKey::generate(&mut rng()).unwrap();
    let signature = key.sign(&mut rng(), b"message").unwrap();
    group.bench_function("PS256, verify", |b| {
        b.iter(|| key.public().verify(black_box(b"message"), &signature));
    });
    let (secret, mut random) = (KemSecret::generate(&mut rng()).unwrap(), rng());
    let public = secret.public();
    group.bench_function("HPKE, seal", |b| {
        b.iter(|| hpke_seal(&public, b"info", b"", black_box(&[1; 16]), &mut random));
    });
    let (enc, sealed) = hpke_seal(&public, b"info", b"", &[1; 16], &mut random).unwrap();
    group.bench_function("HPKE, open", |b| {
        b.iter(|| hpke_open(&secret, &enc, b"info", b"", black_box(&sealed)));
    });
    group.finish();
}

fn short() -> Criterion {
    let time = Duration::from_millis;
    Criterion::default()
        .warm_up_time(time(300))
        .measurement_time(time(1_000))
        .sample_size(20)
}

criterion_group! { name = benches; config = short(); targets = bulk, single }
criterion_main!(benches);
