//! The primitives, through our `crypto` and bare.

use std::hint::black_box;

use aes_gcm::{AeadInOut as _, KeyInit as _};
use anyhow::{Result, anyhow};
use aws_lc_rs::aead as aws;
use encryptediot::crypto;
use ring::aead as ring_aead;

use crate::frame::plot::{Axis, Plot, lines};
use crate::frame::record::{self, Bound, Clock, Group, Unit};
use crate::frame::rounds::Rounds;
use crate::frame::{Bench, Section};

/// The section.
pub const SECTION: Section = Section {
    name: "backend",
    title: "Primitives and backends",
    text: include_str!("../../text/backend.md"),
    run,
    plots,
};

const SEAL: &str = "AES-128-GCM, seal";

const KEY: [u8; 16] = [7; 16];
const AAD: [u8; 60] = [9; 60];

fn run(bench: &mut Bench) -> Result<()> {
    for (row, length) in [
        ("16 KiB", 16 << 10),
        ("64 KiB", 64 << 10),
        ("1 MiB", 1 << 20),
    ] {
        seal(bench, row, length)?;
    }
    Ok(())
}

/// A nonce that has not been used before.
fn fresh(counter: &mut u64) -> [u8; 12] {
    *counter += 1;
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    nonce
}

fn seal(bench: &mut Bench, row: &str, length: usize) -> Result<()> {
    let buffer = || (vec![1_u8; length], 0_u64);
    let ours = crypto::Aes128Gcm::new(&KEY);
    let (mut b0, mut n0) = buffer();
    let rust_crypto = aes_gcm::Aes128Gcm::new(&KEY.into());
    let (mut b1, mut n1) = buffer();
    let key = aws::UnboundKey::new(&aws::AES_128_GCM, &KEY).map_err(|_| anyhow!("key"))?;
    let aws_lc = aws::LessSafeKey::new(key);
    let (mut b2, mut n2) = buffer();
    let key =
        ring_aead::UnboundKey::new(&ring_aead::AES_128_GCM, &KEY).map_err(|_| anyhow!("key"))?;
    let ring = ring_aead::LessSafeKey::new(key);
    let (mut b3, mut n3) = buffer();
    let (mut b4, mut n4) = buffer();
    let mut out = vec![0; length + 16];
    let mut context = openssl::cipher_ctx::CipherCtx::new()?;
    context.encrypt_init(
        Some(openssl::cipher::Cipher::aes_128_gcm()),
        Some(&KEY),
        None,
    )?;
    Rounds::new(SEAL, row, Unit::Bytes(length as u64))
        .at(length as f64)
        .contender("ours, default", || {
            black_box(ours.seal_in_place(&fresh(&mut n0), &AAD, &mut b0)?);
            Ok(())
        })
        .contender("aes-gcm", || {
            let nonce = fresh(&mut n1).into();
            let tag = rust_crypto.encrypt_inout_detached(&nonce, &AAD, b1.as_mut_slice().into());
            black_box(tag.map_err(|_| anyhow!("seal"))?);
            Ok(())
        })
        .contender("aws-lc-rs", || {
            let nonce = aws::Nonce::assume_unique_for_key(fresh(&mut n2));
            let tag = aws_lc.seal_in_place_separate_tag(nonce, aws::Aad::from(&AAD), &mut b2);
            let _ = black_box(tag.map_err(|_| anyhow!("seal"))?);
            Ok(())
        })
        .contender("ring", || {
            let nonce = ring_aead::Nonce::assume_unique_for_key(fresh(&mut n3));
            let tag = ring.seal_in_place_separate_tag(nonce, ring_aead::Aad::from(&AAD), &mut b3);
            let _ = black_box(tag.map_err(|_| anyhow!("seal"))?);
            Ok(())
        })
        .contender("OpenSSL", || {
            context.encrypt_init(None, None, Some(&fresh(&mut n4)))?;
            context.cipher_update(&AAD, None)?;
            context.cipher_update(&b4, Some(&mut out))?;
            let mut tag = [0; 16];
            context.cipher_final(&mut [0; 16])?;
            context.tag(&mut tag)?;
            b4[0] = black_box(tag[0]);
            Ok(())
        })
        .target("ours, default", "aes-gcm", Bound::AtMost(1.05))
        .target("ours, default", "aws-lc-rs", Bound::None)
        .run(bench)
}

fn plots(recorded: &record::Section) -> Vec<Plot> {
    let groups: Vec<&Group> = recorded
        .groups
        .iter()
        .filter(|group| group.table == SEAL)
        .collect();
    let through = |group: &Group, seconds: f64| match group.unit {
        Unit::Bytes(bytes) => bytes as f64 / seconds / 1e9,
        Unit::Call => f64::NAN,
    };
    vec![Plot {
        file: "seal",
        title: "AES-128-GCM, sealing in place".to_owned(),
        x: Axis::logarithmic("bytes"),
        y: Axis::linear("GB/s"),
        lines: lines(&groups, Clock::Cpu, through),
    }]
}
