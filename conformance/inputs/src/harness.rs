//! The readers of the harness, of the policy file and of recordings.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use conformance::prove::summary;
use conformance::spthy::Source;
use conformance::spthy::theory::Theory;
use conformance::trace::op::{self, Op};
use conformance::trace::prover;
use conformance::trace::term::Terms;
use conformance_vectors::process;
use encryptediot_policy::Policy;
use encryptediot_recording::{Cuts, PACKET, cut_all};

/// A model, under no flag and under every flag that it asks for.
pub fn models(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let Ok(source) = Source::of(Path::new("fuzzed.spthy"), text) else {
        return;
    };
    for flags in [BTreeSet::new(), source.asked.clone()] {
        let reading = source.under(&flags, false);
        let _ = source.under(&flags, true);
        if let Ok(reading) = &reading {
            drop(source.prepared(reading, &BTreeSet::new(), &Default::default()));
        }
        let _ = Theory::read(&source, &flags);
    }
}

/// What a prover printed.
pub fn summaries(bytes: &[u8]) {
    let _ = summary::read(&String::from_utf8_lossy(bytes));
}

/// The traces that a prover printed.
pub fn traces(bytes: &[u8]) {
    static THEORY: OnceLock<Theory> = OnceLock::new();
    let theory = THEORY.get_or_init(|| {
        let path = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tamarin/paper.spthy"
        ));
        Theory::read(&Source::read(path).unwrap(), &BTreeSet::new()).unwrap()
    });
    let _ = prover::read(
        &String::from_utf8_lossy(bytes),
        theory,
        &mut Terms::default(),
    );
}

/// A history, which is written as it was read.
pub fn histories(bytes: &[u8]) {
    if let Ok(ops) = op::read::<Op>(&String::from_utf8_lossy(bytes)) {
        let lines: Vec<String> = ops.iter().map(ToString::to_string).collect();
        let again = op::read::<Op>(&lines.join("\n")).unwrap();
        let again: Vec<String> = again.iter().map(ToString::to_string).collect();
        assert_eq!(again, lines);
    }
}

/// The answer of a program under test.
pub fn answers(bytes: &[u8]) {
    let _ = process::read(0, bytes);
}

/// A policy file.
pub fn policies(bytes: &[u8]) {
    if let Err(refusals) = Policy::parse(&String::from_utf8_lossy(bytes)) {
        assert!(!refusals.is_empty());
    }
}

/// What a camera delivers, cut into sessions: nothing is lost on the way.
pub fn recordings(bytes: &[u8]) {
    let cuts = Cuts {
        target: 4_000,
        most: 8 * PACKET,
        plain: 1_000,
    };
    let whole: Vec<u8> = cut_all(bytes, cuts)
        .unwrap()
        .into_iter()
        .flat_map(|(piece, _)| piece)
        .collect();
    assert_eq!(whole, bytes);
}
