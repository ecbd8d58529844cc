//! Secrets that were dropped are not in the process's memory any more. A binary of its own: nothing else allocates.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::ptr::from_ref;

use encryptediot::cbor;
use encryptediot::crypto::{
    Aes128Gcm, Aes256Gcm, KemSecret, RsaSigningKey, SecretBytes, SigningKey,
};
use encryptediot::link::Link;
use encryptediot::pairing::Offer;
use encryptediot::passphrase::Passphrase;
use encryptediot::vault::{Pdk, Ring, Work};
use encryptediot_testkit::{home, rng};

/// The bytes at an address of this process, whatever is there now.
fn memory(at: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let memory = File::open("/proc/self/mem").unwrap();
    // What was given back to the system is not there at all.
    let _ = memory.read_exact_at(&mut bytes, at as u64);
    bytes
}

/// Are eight bytes in a row of the secret, forwards or backwards (as in limbs), in `bytes`?
fn shows(bytes: &[u8], secret: &[u8]) -> bool {
    let backwards: Vec<u8> = secret.iter().rev().copied().collect();
    [secret, &backwards].iter().any(|secret| {
        secret
            .windows(8)
            .any(|part| bytes.windows(8).any(|is| is == part))
    })
}

/// A value on the heap, dropped there.
fn wiped<T>(what: &str, value: Box<T>, place: fn(&T) -> (usize, usize), secret: &[u8]) {
    let (at, length) = place(&value);
    assert!(
        shows(&memory(at, length), secret),
        "{what} is not where it is looked for"
    );
    drop(value);
    assert!(
        !shows(&memory(at, length), secret),
        "{what} is there after the drop"
    );
}

fn own<T>(value: &T) -> (usize, usize) {
    (from_ref(value) as usize, size_of::<T>())
}

#[test]
fn a_secret_is_gone_where_it_was() {
    let rng = &mut rng(90);
    let secret = SecretBytes::<32>::random(rng);
    let bytes = *secret.as_bytes();
    wiped("SecretBytes", Box::new(secret), own, &bytes);
    let kem = KemSecret::generate(rng).unwrap();
    wiped("KemSecret", Box::new(kem.clone()), own, &*kem.to_bytes());
    let signing = SigningKey::generate(rng).unwrap();
    let scalar = signing.to_bytes();
    wiped("SigningKey", Box::new(signing), own, &*scalar);
    let passphrase = Passphrase::generate(rng);
    let words = passphrase.words().as_bytes().to_vec();
    let place = |p: &Passphrase| (p.words().as_ptr() as usize, p.words().len());
    wiped("Passphrase", Box::new(passphrase), place, &words);
    let ring = Ring::generate(rng);
    let key = *ring.keys[0].as_bytes();
    wiped(
        "Ring",
        Box::new(ring),
        |r| (r.keys.as_ptr() as usize, 32),
        &key,
    );
    let pdk = Pdk::derive(&Passphrase::generate(rng), Work::LEAST, rng).unwrap();
    let key = *pdk.key().as_bytes();
    wiped("Pdk", Box::new(pdk), own, &key);
    let account = home().id();
    let offer = Offer::new(account, 0, rng);
    let key = *offer.secret().as_bytes();
    wiped("Offer", Box::new(offer), own, &key);
    let link = Link::generate(account, rng).unwrap();
    let key = link.secret().to_bytes();
    wiped("Link", Box::new(link), own, &*key);
    let encoded = cbor::encode_secret(&SecretBytes::<32>::random(rng));
    let bytes = encoded.to_vec();
    let place = |e: &zeroize::Zeroizing<Vec<u8>>| (e.as_ptr() as usize, e.len());
    wiped("an encoding", Box::new(encoded), place, &bytes);
}

/// Ciphers hold the keys of their rounds, the first of which is the key.
#[test]
fn a_cipher_is_gone_where_it_was() {
    let mut key = [0; 32];
    rand_core::Rng::fill_bytes(&mut rng(91), &mut key);
    let short: [u8; 16] = key[..16].try_into().unwrap();
    for (what, at, length) in [
        ciphers("AES-128-GCM", Box::new(Aes128Gcm::new(&short))),
        ciphers("AES-256-GCM", Box::new(Aes256Gcm::new(&key))),
    ] {
        assert!(!shows(&memory(at, length), &key), "{what}");
    }
}

fn ciphers<T>(what: &str, cipher: Box<T>) -> (&str, usize, usize) {
    let (at, length) = own(&*cipher);
    drop(cipher);
    (what, at, length)
}

/// That what looks would find: a key that nobody wipes.
#[test]
fn what_is_not_wiped_is_found() {
    let mut key = [0; 64];
    rand_core::Rng::fill_bytes(&mut rng(92), &mut key);
    let found = (0..100).any(|_| {
        let plain = Box::new(key);
        let (at, length) = own(&*plain);
        drop(plain);
        shows(&memory(at, length), &key)
    });
    assert!(found);
}

/// How many copies of a prime of an RSA key are in writable memory while it lives, and after it was dropped.
#[test]
fn a_dropped_signing_key_of_the_account_is_in_no_heap() {
    let mask = 0x5a;
    let (masked, alive) = {
        let key = RsaSigningKey::generate(&mut rng(93)).unwrap();
        let der = key.to_pkcs8().unwrap();
        // The private exponent is the one integer of 256 bytes after n and e: its last 64 bytes.
        let n = der
            .windows(256)
            .position(|is| is == key.public().modulus())
            .unwrap();
        let d = &der[n + 256 + 5 + 4..][..256];
        let masked: Vec<u8> = d[180..220].iter().map(|byte| byte ^ mask).collect();
        (masked.clone(), copies(&masked, mask))
    };
    let after = copies(&masked, mask);
    println!("private exponent: {alive} copies while the key lives, {after} after it was dropped");
    assert!(alive > 0, "it is not found while it lives");
    assert_eq!(after, 0);
}

/// In how many places of the heap are these bytes, or these backwards?
fn copies(masked: &[u8], mask: u8) -> usize {
    let stack = from_ref(&mask) as usize;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    // So large that it has a mapping of its own: what is read into it is not looked at.
    let mut buffer = vec![0; 1 << 21];
    let own = buffer.as_ptr() as usize..buffer.as_ptr() as usize + buffer.len();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for line in maps.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (from, to) = fields[0].split_once('-').unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        let region = number(from)..number(to);
        let is_heap = fields.len() == 5 || fields[5] == "[heap]";
        if !fields[1].starts_with("rw") || !is_heap || region.contains(&stack) {
            continue;
        }
        let mut at = region.start;
        while at < region.end {
            let length = (1 << 14).min(region.end - at);
            let overlaps = at < own.end && own.start < at + length;
            let read = memory.read_exact_at(&mut buffer[..length], at as u64);
            if read.is_ok() && !overlaps {
                let is = |part: &[u8]| {
                    let forwards = part.iter().zip(masked).all(|(a, b)| a ^ mask == *b);
                    forwards || part.iter().rev().zip(masked).all(|(a, b)| a ^ mask == *b)
                };
                found += buffer[..length]
                    .windows(masked.len())
                    .filter(|part| is(part))
                    .count();
            }
            buffer[..length].fill(0);
            at += length;
        }
    }
    found
}
