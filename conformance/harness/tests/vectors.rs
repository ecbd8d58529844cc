//! The files of vectors: they are what is generated, follow their schema and SPEC's grammar, and the
//! reference answers as they say, in this process and as any other program.

mod conversations;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use conformance_common::spec;
use conformance_vectors::file::{Body, File, Verdict};
use conformance_vectors::process::Process;
use conformance_vectors::program::{Program, Reference};
use conformance_vectors::run::{Options, Report, run};
use conformance_vectors::{generate, schema};
use serde_json::Value;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

fn files() -> Vec<File> {
    File::read_all(&directory()).unwrap()
}

fn all(files: &[File]) -> Vec<(usize, usize)> {
    let tests =
        |(number, file): (usize, &File)| (0..file.tests.len()).map(move |test| (number, test));
    files.iter().enumerate().flat_map(tests).collect()
}

fn ask(files: &[File], program: &(dyn Fn() -> Box<dyn Program> + Sync)) -> Report {
    let options = Options {
        program,
        jobs: 2,
        progress: &|| (),
    };
    run(files, &all(files), &options).unwrap()
}

fn failed(report: &Report) -> Vec<String> {
    let failed = |f: &&conformance_vectors::run::Finding| f.mismatch.is_some();
    let say = |f: &conformance_vectors::run::Finding| format!("{}: {:?}", f.id, f.outcome);
    report.findings.iter().filter(failed).map(say).collect()
}

#[test]
fn what_is_there_is_what_is_generated_and_a_change_is_told() {
    let pages = generate::pages().unwrap();
    assert_eq!(
        generate::changes(&pages, &directory()).unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(
        generate::pages().unwrap(),
        pages,
        "the same bytes each time"
    );
    let copy = tempfile::tempdir().unwrap();
    let everything: Vec<String> = pages.keys().cloned().collect();
    generate::write(&pages, copy.path(), &everything).unwrap();
    std::fs::write(copy.path().join("key-id.json"), "{}").unwrap();
    std::fs::write(copy.path().join("ring/other.json"), "{}").unwrap();
    std::fs::remove_file(copy.path().join("COVERAGE.md")).unwrap();
    let changed = generate::changes(&pages, copy.path()).unwrap();
    assert_eq!(changed, ["COVERAGE.md", "key-id.json", "ring/other.json"]);
    generate::write(&pages, copy.path(), &changed).unwrap();
    assert_eq!(
        generate::changes(&pages, copy.path()).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn every_file_follows_its_schema_and_one_that_does_not_is_told() {
    let validator = jsonschema::validator_for(&schema::vectors()).unwrap();
    for path in conformance_vectors::file::paths(&directory()).unwrap() {
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if let Err(error) = validator.validate(&file) {
            panic!("{}: {error} at {}", path.display(), error.instance_path());
        }
        for (field, value) in [
            ("more", Value::from(1)),
            ("operation", "none".into()),
            ("tests", Value::Null),
        ] {
            let mut wrong = file.clone();
            wrong[field] = value;
            assert!(!validator.is_valid(&wrong), "{}: {field}", path.display());
        }
        let mut wrong = file.clone();
        wrong["tests"][0]["more"] = 1.into();
        assert!(
            !validator.is_valid(&wrong),
            "{}: a field more in a test",
            path.display()
        );
    }
}

#[test]
fn ids_are_there_once_and_every_flag_has_its_note() {
    let mut ids = BTreeSet::new();
    for file in files() {
        for test in &file.tests {
            assert!(ids.insert(test.id.clone()), "{} is there twice", test.id);
            for flag in &test.flags {
                assert!(file.notes.contains_key(flag), "{}: {flag}", test.id);
            }
            for check in &test.checks {
                assert!(spec::SPEC.knows(check), "{}: {check}", test.id);
            }
        }
        let used: BTreeSet<_> = file.tests.iter().flat_map(|test| &test.flags).collect();
        assert_eq!(
            used.len(),
            file.notes.len(),
            "{}: a note that no test has",
            file.operation
        );
    }
    assert!(ids.len() > 2_000, "{} tests", ids.len());
}

/// The references of notes are in SPEC.
#[test]
fn notes_refer_to_what_is_there() {
    for file in files() {
        for (flag, note) in &file.notes {
            let words = note.reference.split([' ', ',']);
            for section in words.filter(|word| word.starts_with("SPEC#")) {
                assert!(spec::SPEC.knows(section), "{flag}: {section}");
            }
            let words = note.reference.split([' ', ',']);
            let erratum = |word: &&str| word.starts_with('E') && word[1..].parse::<u8>().is_ok();
            for erratum in words.filter(erratum) {
                assert!(spec::SPEC.errata.contains_key(erratum), "{flag}: {erratum}");
            }
        }
    }
}

/// SPEC's grammar, with `rule` in the first place, which is what is matched.
fn grammar(rule: &str) -> String {
    let blocks = spec::TEXT.split("```cddl\n").skip(1);
    let blocks: String = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    format!("start = {rule}\n{blocks}")
}

/// The rule for an object in the cloud.
fn rule(path: &str) -> Option<&'static str> {
    Some(match path.split('/').nth(1)? {
        "root" => "root",
        "vault" => "vault",
        "unlock" => "unlock",
        "grants" | "roster" | "members" | "introductions" | "announcements" | "past" => {
            "signed-statement"
        }
        "acknowledgements" | "leases" | "manifests" => "sign1",
        "backups" => "backup",
        _ => return None,
    })
}

#[test]
fn every_accepted_message_follows_the_grammar_of_spec() {
    let mut messages: BTreeMap<Vec<u8>, &str> = BTreeMap::new();
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap_or_default()).unwrap_or_default();
    let files = files();
    let named = [
        ("statement-open", "statement", "signed-statement"),
        ("sign1-open", "signed", "sign1"),
        ("sealed-open", "sealed", "sealed"),
        ("root-open", "root", "root"),
        ("vault-open", "vault", "vault"),
        ("roster-open", "roster", "signed-statement"),
        ("unlock-open", "unlock", "unlock"),
        ("announcement-open", "announcement", "signed-statement"),
        ("acknowledgement-open", "acknowledgement", "sign1"),
        ("lease-open", "lease", "sign1"),
        ("introduction-open", "introduction", "signed-statement"),
        ("part-open", "grants", "signed-statement"),
        ("member-record-open", "record", "signed-statement"),
        ("backup-open", "backup", "backup"),
        ("past-share-open", "past_share", "signed-statement"),
        ("manifest-open", "manifest", "sign1"),
        ("link-open", "object", "link"),
        ("pairing-reply-open", "reply", "sealed"),
    ];
    for file in &files {
        for test in &file.tests {
            for (operation, exchange) in test.exchanges(file) {
                if exchange.result != Verdict::Accept {
                    continue;
                }
                let input = file.resolve(&exchange.input).unwrap();
                if operation == "message-read" {
                    let rule = input["type"].as_str().unwrap();
                    let rule = schema_type(rule);
                    messages.insert(bytes(&input["message"]), rule);
                }
                if let Some((_, field, rule)) = named.iter().find(|(name, ..)| *name == operation) {
                    messages.insert(bytes(&input[*field]), rule);
                }
            }
        }
    }
    // What lies in the cloud of a sequence is good at first: later steps alter it.
    let Some(sequences) = files.iter().find(|f| f.operation == "sequences") else {
        panic!("no sequences");
    };
    for test in &sequences.tests {
        let put = test
            .exchanges(sequences)
            .into_iter()
            .find(|(operation, _)| *operation == "store-put");
        let Some((_, exchange)) = put else { continue };
        let input = sequences.resolve(&exchange.input).unwrap();
        for object in input["objects"].as_array().unwrap() {
            if let Some(rule) = rule(object["path"].as_str().unwrap()) {
                messages.insert(bytes(&object["bytes"]), rule);
            }
        }
    }
    assert!(messages.len() > 150, "{} messages", messages.len());
    let mut grammars: BTreeMap<&str, String> = BTreeMap::new();
    for (message, rule) in &messages {
        let grammar = grammars.entry(rule).or_insert_with(|| grammar(rule));
        if let Err(error) = cddl::validate_cbor_from_slice(grammar, message, None) {
            panic!("{} is no {rule}: {error}", hex::encode(message));
        }
        // The check can fail: the same without its last byte.
        let cut = message.split_last().map_or(&[][..], |(_, rest)| rest);
        assert!(cddl::validate_cbor_from_slice(grammar, cut, None).is_err());
    }
}

fn schema_type(name: &str) -> &'static str {
    let types = spec::SPEC.structures.keys();
    let mut types = types.filter(|rule| *rule == name);
    types.next().expect("a type of SPEC")
}

#[test]
fn the_reference_answers_as_the_vectors_say() {
    let files = files();
    let report = ask(&files, &|| Box::<Reference>::default());
    assert_eq!(failed(&report), Vec::<String>::new());
    let counts = report.counts();
    assert_eq!((counts.failed, counts.not_checked), (0, 0));
    assert_eq!(counts.held, all(&files).len());
    assert!(
        report.seconds < 60.0,
        "{} s, in a debug build",
        report.seconds
    );
}

#[test]
fn a_vector_that_says_otherwise_fails_and_is_named() {
    let mut files = files();
    let file = files.iter_mut().find(|f| f.operation == "key-id").unwrap();
    let conformance_vectors::file::Body::One(exchange) = &mut file.tests[0].body else {
        panic!("one exchange");
    };
    exchange.output = Some(serde_json::json!({ "id": "00".repeat(16) }));
    let report = ask(&files, &|| Box::<Reference>::default());
    assert_eq!(report.exit_code(), 1);
    let failed = failed(&report);
    assert_eq!(failed.len(), 1);
    assert!(failed[0].starts_with("key-id/good"), "{failed:?}");
}

/// What no test asks, no test holds: every operation that the reference offers is asked by some.
#[test]
fn every_operation_is_asked() {
    let files = files();
    let of_file = files.iter().map(|file| file.operation.clone());
    let steps = files.iter().flat_map(|file| &file.tests);
    let steps = steps.filter_map(|test| match &test.body {
        Body::Sequence { steps } => Some(steps.iter().map(|step| step.operation.clone())),
        Body::One(_) => None,
    });
    let asked: BTreeSet<String> = of_file.chain(steps.flatten()).collect();
    let unasked = |offered: &[String]| -> Vec<String> {
        let missing = offered.iter().filter(|name| !asked.contains(*name));
        missing.cloned().collect()
    };
    let mut offered = encryptediot_shim::protocol::this().capabilities;
    // The runner itself asks this one, before each sequence.
    offered.retain(|name| name != "reset");
    assert_eq!(unasked(&offered), Vec::<String>::new());
    offered.push("of-which-there-is-no-file".to_owned());
    assert_eq!(unasked(&offered), ["of-which-there-is-no-file"]);
}

/// `eiot shim`, asked as any other program is. It is built beside this test when the workspace is tested.
#[test]
fn the_reference_answers_the_same_as_a_process() {
    let eiot = Path::new(env!("CARGO_BIN_EXE_conformance")).with_file_name("eiot");
    if !eiot.exists() {
        eprintln!(
            "not checked: {} is not built; run the tests of the whole workspace",
            eiot.display()
        );
        return;
    }
    let command = format!("'{}' shim", eiot.display());
    let hello = Process::new(command.clone(), Duration::from_secs(60)).hello();
    let older = "eiot is older than this test: cargo build --bin eiot";
    assert_eq!(
        hello.unwrap(),
        encryptediot_shim::protocol::this(),
        "{older}"
    );
    let files = files();
    let report = ask(&files, &|| {
        Box::new(Process::new(command.clone(), Duration::from_secs(60)))
    });
    assert_eq!(failed(&report), Vec::<String>::new());
    assert_eq!(report.counts().held, all(&files).len());
    assert_eq!(report.findings.len(), all(&files).len());
}

/// What the README says of them is so.
#[test]
fn the_readme_says_how_many_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let files = files();
    let (tests, operations) = (all(&files).len(), files.len() - 1);
    let thousands = format!("{},{:03}", tests / 1_000, tests % 1_000);
    let says = format!("{thousands} tests, of {operations} operations");
    assert!(readme.contains(&says), "the README does not say: {says}");
    let faults = std::fs::read_to_string(root.join("conformance/broken/faults.toml")).unwrap();
    let says = format!("{} known-broken ones", faults.matches("[[fault]]").count());
    assert!(readme.contains(&says), "the README does not say: {says}");
}

#[test]
fn the_reference_answers_as_the_vectors_of_the_protocol_say() {
    let answer = |lines: &str| {
        let mut answers = Vec::new();
        encryptediot_shim::protocol::serve(lines.as_bytes(), &mut answers).unwrap();
        String::from_utf8(answers).unwrap()
    };
    assert_eq!(conversations::replay(answer), Vec::<String>::new());
}

#[test]
fn a_program_that_accepts_everything_does_not() {
    let answer = |lines: &str| {
        let accept = |id| format!("{{\"id\":{id},\"result\":\"accept\"}}\n");
        (0..lines.lines().count()).map(accept).collect()
    };
    let wrong = conversations::replay(answer);
    assert!(wrong.len() > 5, "{wrong:?}");
}
