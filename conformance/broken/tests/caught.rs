//! Every mutant is caught by a vector.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use common::{ask, failed, files, root};
use conformance_vectors::file::File;
use encryptediot_broken::fault::{self, Fault};

/// Of what is oversized, these show a limit that is missing.
const LIMITS: [&str; 3] = [
    "message-read/size.too-large",
    "message-read/size.greatest",
    "sealed-open/too-large",
];

/// Of forms of one kind, so many fields of an operation's structures stand for all.
const FIELDS: usize = 3;

/// A sample of the vectors, by file and test: without those that take long (the full passphrase function, bytes in
/// megabytes), and with one form at few fields of an operation's structures.
///
/// What libraries do shows in one form of one field, and so it is tried on every field of all.
fn quick(files: &[File], every_field: bool) -> Vec<(usize, usize)> {
    let slow = [
        "pdk-derive/full",
        "sequences/camera.resume",
        "body-seal/257",
    ];
    let mut chosen = Vec::new();
    let mut forms: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        for (place, test) in file.tests.iter().enumerate() {
            let is = |flags: &[&str]| test.flags.iter().any(|flag| flags.contains(&&**flag));
            let large = is(&["Oversized"]) && !LIMITS.contains(&&*test.id);
            let mut enough = false;
            if is(&["Grammar", "LibraryForm", "NotDeterministic"]) {
                let form = test.id.rsplit('.').next().unwrap_or_default();
                let seen = forms.entry((&file.operation, form)).or_default();
                *seen += 1;
                enough = !every_field && *seen > FIELDS;
            }
            if !slow.contains(&&*test.id) && !large && !enough {
                chosen.push((number, place));
            }
        }
    }
    chosen
}

#[test]
fn without_a_fault_the_copy_passes_and_with_any_it_does_not() {
    let files = files();
    let (sample, chosen) = (quick(&files, false), quick(&files, true));
    let sample: BTreeSet<_> = sample.into_iter().collect();
    // A vector that does not reach a fault's place is answered alike with the fault and without it.
    let mut reaching: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for place in &chosen {
        let (report, reached) = ask(&files, &[*place], None);
        assert_eq!(failed(&report), Vec::<&str>::new());
        for name in reached {
            reaching.entry(name).or_default().push(*place);
        }
    }
    // A fault that does not exist is what one that nothing catches looks like.
    assert!(failed(&ask(&files, &chosen, Some("no such fault")).0).is_empty());
    assert!(fault::ALL.len() >= 30, "{} faults", fault::ALL.len());
    let mut caught = BTreeMap::new();
    let mut missed = Vec::new();
    for fault in fault::ALL {
        let mut chosen = reaching.remove(fault.name).unwrap_or_default();
        chosen.retain(|place| fault.library || sample.contains(place));
        let (report, _) = ask(&files, &chosen, Some(fault.name));
        let ids: Vec<String> = failed(&report).into_iter().map(str::to_owned).collect();
        if ids.is_empty() != fault.no_vector.is_some() {
            missed.push(fault.name);
        }
        caught.insert(fault.name, (fault, ids));
    }
    assert!(reaching.is_empty(), "no faults: {:?}", reaching.keys());
    assert_eq!(
        missed,
        Vec::<&str>::new(),
        "faults that no vector catches, or that one does although `no_vector` says that none can"
    );
    let (path, page) = (root().join("vectors/CAUGHT.md"), page(&caught));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "vectors/CAUGHT.md is stale: UPDATE=1 cargo test -p encryptediot-broken writes it"
    );
}

fn page(caught: &BTreeMap<&str, (&Fault, Vec<String>)>) -> String {
    let mut out = String::from(
        "# What catches which mistake\n\nMutants: the protocol with one realistic mistake each \
         (`conformance/broken/faults.toml`).\nA test runs the vectors against every one, against checks that are left \
         out a sample\nof them: at least so many catch it. A mistake that no vector catches fails the test, unless \
         it is said why none can.\n\n",
    );
    for (kind, library) in [
        ("a check left out or done wrong", false),
        ("what libraries do unless told otherwise", true),
    ] {
        let of = || {
            caught
                .values()
                .filter(|(fault, _)| fault.library == library)
        };
        let found = of().filter(|(_, ids)| !ids.is_empty()).count();
        writeln!(
            out,
            "- {kind}: {} mistakes, {found} of them caught",
            of().count()
        )
        .unwrap();
    }
    out.push_str(
        "\n| mistake | what is wrong | vectors that catch it | among them |\n|---|---|--:|---|\n",
    );
    for (fault, ids) in caught.values() {
        let some = ids.iter().take(3).map(|id| format!("`{id}`"));
        let some: Vec<String> = some.chain(fault.no_vector.map(str::to_owned)).collect();
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            fault.name,
            fault.what,
            ids.len(),
            some.join(", ")
        )
        .unwrap();
    }
    out
}
