//! The oracle: its verdicts against the prover's on traces that the prover printed, what it finds by
//! itself, and that it finds what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use conformance::household::facts::Lemmas;
use conformance::household::search as household;
use conformance::prove::manifest::Manifest;
use conformance::spthy::theory::Theory;
use conformance::spthy::{Quantifier, Source};
use conformance::trace::cli::Profile;
use conformance::trace::evaluate::{Trace, evaluate};
use conformance::trace::history::play;
use conformance::trace::judge::{Fault, Judge};
use conformance::trace::log::{Log, Logged};
use conformance::trace::op::{self, Op};
use conformance::trace::search::{Effort, Outcome};
use conformance::trace::term::Terms;
use conformance::trace::{paper, prover};
use encryptediot::action;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn models() -> PathBuf {
    root().join("tamarin")
}

fn flags(text: &str) -> BTreeSet<String> {
    let flags = text.split('+').filter(|flag| !flag.is_empty());
    flags.map(str::to_owned).collect()
}

fn theory(file: &str, set: &BTreeSet<String>) -> Theory {
    Theory::read(&Source::read(&models().join(file)).unwrap(), set).unwrap()
}

#[test]
fn every_model_is_understood_under_every_set_of_flags() {
    let manifest = Manifest::read(&models()).unwrap().unwrap();
    for known in &manifest.theories {
        // Observational equivalence is not about traces.
        if known.file == "privacy.spthy" {
            continue;
        }
        for set in &known.sets {
            let theory = theory(&known.file, &set.flags);
            assert!(!theory.rules.is_empty() && !theory.lemmas.is_empty());
        }
    }
}

#[test]
fn verdicts_agree_with_the_prover_on_its_own_traces() {
    let manifest = Manifest::read(&models()).unwrap().unwrap();
    let (mut traces, mut verdicts) = (0, 0);
    for file in std::fs::read_dir(root().join("conformance/harness/tests/recorded/traces")).unwrap()
    {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let parts: Vec<&str> = name.split('.').collect();
        let [model, set, lemma] = parts[..] else {
            panic!("{name}: model.FLAGS.lemma.json");
        };
        let (file, set) = (format!("{model}.spthy"), flags(set));
        let theory = theory(&file, &set);
        let mut terms = Terms::default();
        let json = std::fs::read_to_string(&path).unwrap();
        let found = prover::read(&json, &theory, &mut terms).unwrap();
        assert_eq!(found.len(), 1, "{name}");
        traces += 1;
        let listed = manifest.theories.iter().filter(|t| t.file == file);
        let listed = listed.flat_map(|t| &t.sets).filter(|s| s.flags == set);
        let holds: BTreeSet<&str> = listed.flat_map(|set| set.trusted()).collect();
        for property in theory.lemmas.iter().chain(&theory.restrictions) {
            let verdict = evaluate(property, &found[0], &mut terms).unwrap();
            let witness = property.quantifier == Quantifier::ExistsTrace;
            let expected = match property.name == lemma {
                // It is printed since the lemma says so, or since it contradicts the lemma.
                true => Some(witness),
                false if witness => None,
                false if theory.restrictions.iter().any(|r| r.name == property.name) => Some(true),
                false => holds.contains(property.name.as_str()).then_some(true),
            };
            if let Some(expected) = expected {
                verdicts += 1;
                assert_eq!(verdict.holds, expected, "{name}: {}", property.name);
            }
            if property.name == lemma {
                // Of nothing at all, nothing contradicts a lemma, and nothing is a witness.
                let empty = evaluate(property, &Trace::default(), &mut terms).unwrap();
                assert_eq!(empty.holds, !witness, "{name}");
            }
        }
    }
    assert!(
        traces >= 80 && verdicts >= 500,
        "{traces} traces, {verdicts} verdicts"
    );
}

fn search(profile: Profile, steps: u64, length: usize) -> (Judge, Outcome) {
    let effort = Effort { steps, seed: 5 };
    profile.run(&models(), (effort, length), &|_| ()).unwrap()
}

#[test]
fn the_repaired_scheme_is_not_refuted() {
    let (_, outcome) = search(Profile::Repaired, 4_000, 100);
    assert!(
        outcome.counterexample.is_none(),
        "{:#?}",
        outcome.counterexample
    );
    // What nobody does is not tested.
    let idle = action::RULES
        .iter()
        .filter(|rule| !outcome.rules.contains_key(rule.name));
    let idle: Vec<_> = idle.map(|rule| rule.name).collect();
    assert_eq!(idle, Vec::<&str>::new(), "steps that no history makes");
    // What the owner's choice of leaving the PDK under the IK costs, and why revocation waits for
    // the acknowledgement, is found.
    for known in ["ask_secret_despite_ik", "revocation_without_ack"] {
        assert!(outcome.known.contains_key(known), "{known}");
    }
}

/// The attacks that the prover finds in the paper's own model are found in the paper's scheme.
#[test]
fn the_attacks_on_the_paper_are_found() {
    for profile in [Profile::Paper, Profile::PaperDirectory] {
        let (judge, outcome) = search(profile, 400, 12);
        assert!(
            outcome.counterexample.is_none(),
            "{:#?}",
            outcome.counterexample
        );
        let found: BTreeSet<_> = outcome.known.keys().cloned().collect();
        let missed: Vec<_> = judge.falsified.difference(&found).collect();
        assert_eq!(missed, Vec::<&String>::new(), "{profile:?}");
        assert!(found.contains("agreement") && found.contains("injective_agreement"));
    }
}

/// The paper's scheme sends the key of a stream to all who may view it; its model has a key for each
/// message. So its own lemma fails: another member's key is revealed.
#[test]
fn one_key_for_two_members_is_no_run_of_the_papers_model() {
    let judge = Judge::read(&models(), "paper.spthy", &[]).unwrap();
    let ops: Vec<paper::Op> = op::read("share alice x\nshare bob x\nreveal bob").unwrap();
    let found = judge.judge(&paper::play(&ops, 1).unwrap().log).unwrap();
    let lemma =
        |fault: &Fault| matches!(fault, Fault::Lemma(what) if what.starts_with("secret_A,"));
    let rule = |fault: &Fault| matches!(fault, Fault::Rule(what) if what.contains("not fresh"));
    assert!(
        found.faults.iter().any(lemma) && found.faults.iter().any(rule),
        "{:?}",
        found.faults
    );
}

fn judged(edit: impl FnOnce(&mut Log)) -> Vec<Fault> {
    let ops: Vec<Op> = op::read(
        "share phone alice x
        sync door
        record x
        follow alice
        view phone x 0
        view alice x 0",
    )
    .unwrap();
    let mut log = play(&ops, 3).unwrap().log;
    edit(&mut log);
    let judge = Judge::read(&models(), "encryptediot.spthy", &["CLOCK", "LINK"]).unwrap();
    judge.judge(&log).unwrap().faults
}

fn find(log: &Log, rule: &str) -> usize {
    log.steps
        .iter()
        .rposition(|step| step.rule == rule)
        .unwrap()
}

/// A log that was changed in one place is refuted by the rule or lemma that speaks of it.
#[test]
fn what_is_wrong_in_a_log_is_found() {
    assert_eq!(judged(|_| ()), []);
    let names = |faults: Vec<Fault>| -> Vec<String> {
        let name = |fault: &Fault| match fault {
            Fault::Lemma(what) | Fault::Restriction(what) => {
                what.split(',').next().unwrap_or_default().to_owned()
            }
            Fault::Rule(what) => what.split(['(', ')']).nth(1).unwrap_or_default().to_owned(),
        };
        faults.iter().map(name).collect()
    };
    let without = |rule: &'static str| {
        names(judged(move |log| {
            log.steps.retain(|step| step.rule != rule)
        }))
    };
    for (left_out, broken) in [
        ("New_key", "camera_accepts_announced"),
        ("Grant", "grant_agreement"),
        ("Record", "clip_origin"),
        ("Camera_accept", "Envelope_DSK"),
        ("Accept_grant", "View_member"),
        ("Phone_new", "Enroll"),
        ("Unlock", "New_epoch"),
        ("Pair", "New_epoch"),
    ] {
        let found = without(left_out);
        assert!(found.iter().any(|is| is == broken), "{left_out}: {found:?}");
    }
    let twice = |rule: &'static str| {
        names(judged(move |log| {
            let step = log.steps[find(log, rule)].clone();
            log.steps.push(step);
        }))
    };
    for (again, broken) in [
        ("View_owner", "view_injective"),
        ("View_member", "restriction seen"),
        ("Accept_grant", "grant_injective"),
        ("Record", "Record"),
    ] {
        let found = twice(again);
        assert!(found.iter().any(|is| is == broken), "{again}: {found:?}");
    }
    let unknown = judged(|log| log.push("No_such_rule", [("x", Logged::Name("y".to_owned()))]));
    assert!(matches!(&unknown[..], [Fault::Rule(_)]));
    let misnamed =
        judged(|log| log.push("Reveal_passphrase", [("x", Logged::Name("y".to_owned()))]));
    assert!(matches!(&misnamed[..], [Fault::Rule(what)] if what.contains("no variable x")));
}

/// Every rule of the composite is a step of the reference or the adversary's, every step is a rule,
/// and each says variables that the rule has. That the steps are functions is checked with the claims.
#[test]
fn steps_and_rules_correspond() {
    // What the adversary does, who is no part of the reference; a grant to the provider, which in the
    // reference is a member like any other; and the passing of time.
    const OTHERS: [&str; 7] = [
        "Reveal_member",
        "Reveal_ik",
        "Reveal_passphrase",
        "Reveal_camera",
        "Grant_provider",
        "Link_public",
        "Tick",
    ];
    let composite = theory("encryptediot.spthy", &flags("CLOCK+LINK"));
    let paper = theory("paper.spthy", &flags("NO_PKI"));
    for (theory, steps, others) in [
        (&composite, &action::RULES[..], &OTHERS[..]),
        (
            &paper,
            &encryptediot_schemes::scheme::paper::RULES[..],
            &["Reveal_ltk", "Provider_serves_key"][..],
        ),
    ] {
        let rules: BTreeSet<&str> = theory.rules.iter().map(|rule| rule.name.as_str()).collect();
        let named: BTreeSet<&str> = steps
            .iter()
            .map(|step| step.name)
            .chain(others.iter().copied())
            .collect();
        assert_eq!(rules, named);
        for step in steps {
            let rule = theory.rule(step.name).unwrap();
            for variable in step.variables {
                assert!(
                    rule.variable(variable).is_some(),
                    "{}: {variable}",
                    step.name
                );
            }
        }
    }
}

/// Every step in a log says exactly the variables that are declared for its rule.
#[test]
fn steps_say_what_is_declared() {
    let ops: Vec<Op> = op::read(
        "enroll
        share phone alice x 0
        sync door
        record x
        status phone
        view phone x 0
        view alice x 0
        link 0",
    )
    .unwrap();
    let log = play(&ops, 3).unwrap().log;
    let paper: Vec<paper::Op> = op::read("share alice\nreceive alice").unwrap();
    let other = paper::play(&paper, 3).unwrap().log;
    let declared = || {
        action::RULES
            .iter()
            .chain(&encryptediot_schemes::scheme::paper::RULES)
    };
    for step in log.steps.iter().chain(&other.steps[1..]) {
        if step.rule == "Tick" {
            continue;
        }
        let rule = declared().find(|rule| rule.name == step.rule).unwrap();
        let logged: BTreeSet<&str> = step.values.iter().map(|(name, _)| name.as_str()).collect();
        let expected: BTreeSet<&str> = rule.variables.iter().copied().collect();
        assert_eq!(logged, expected, "{}", step.rule);
    }
}

/// What does not correspond between the macros of the model and the structures of SPEC, as it is
/// declared beside the steps in the code.
fn differences(
    macros: &BTreeMap<String, Vec<String>>,
    structures: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let declared = |name: &String| action::MESSAGES.iter().find(|m| m.name == name.as_str());
    for (name, parameters) in macros {
        let own: Vec<_> = declared(name)
            .into_iter()
            .flat_map(|message| message.arguments)
            .map(|(argument, _)| (*argument).to_owned())
            .collect();
        if own != *parameters {
            wrong.push(format!("macro {name}: {parameters:?}, declared {own:?}"));
        }
    }
    let missing = action::MESSAGES
        .iter()
        .filter(|m| !macros.contains_key(m.name));
    wrong.extend(missing.map(|message| format!("the model has no macro {}", message.name)));
    let arguments = action::MESSAGES
        .iter()
        .flat_map(|message| message.arguments);
    let named = arguments.map(|(_, is)| *is).filter(|is| is.contains('.'));
    let named: BTreeSet<&str> = named.collect();
    let left_out: BTreeSet<&str> = action::NOT_IN_THE_MODEL.iter().map(|(is, _)| *is).collect();
    for both in named.intersection(&left_out) {
        wrong.push(format!("{both} is in the model, and declared not to be"));
    }
    let all: BTreeSet<&str> = named.union(&left_out).copied().collect();
    let of: BTreeSet<&str> = all.iter().filter_map(|is| is.split('.').next()).collect();
    let fields = structures
        .iter()
        .filter(|(name, _)| of.contains(name.as_str()));
    let fields =
        fields.flat_map(|(name, fields)| fields.iter().map(move |field| format!("{name}.{field}")));
    let fields: BTreeSet<String> = fields.collect();
    for field in fields.iter().filter(|field| !all.contains(field.as_str())) {
        wrong.push(format!("SPEC has {field}, which is not declared"));
    }
    for field in all.iter().filter(|field| !fields.contains(**field)) {
        wrong.push(format!("SPEC has no {field}"));
    }
    wrong
}

/// Every message of the model is one of SPEC's structures, field by field; and a name or a field that
/// changes on one side alone is noticed.
#[test]
fn messages_and_structures_correspond() {
    let macros = theory("encryptediot.spthy", &flags("CLOCK+LINK")).macros;
    let structures = &conformance_common::spec::SPEC.structures;
    assert_eq!(differences(&macros, structures), Vec::<String>::new());
    let edited = |edit: &dyn Fn(&mut Vec<String>)| {
        let (mut model, mut spec) = (macros.clone(), structures.clone());
        edit(model.get_mut("manifest").unwrap());
        edit(spec.get_mut("manifest").unwrap());
        (differences(&model, structures), differences(&macros, &spec))
    };
    let more = edited(&|fields| fields.push("colour".to_owned()));
    assert!(more.0[0].contains("colour") && more.1[0].contains("manifest.colour"));
    let fewer = edited(&|fields| drop(fields.pop()));
    assert!(fewer.0.len() == 1 && fewer.1[0].contains("no manifest.envelopes"));
    let swapped = edited(&|fields| fields.swap(0, 1));
    assert_eq!((swapped.0.len(), swapped.1.len()), (1, 0));
    let mut renamed = macros.clone();
    let link = renamed.remove("link").unwrap();
    renamed.insert("tie".to_owned(), link);
    assert_eq!(differences(&renamed, structures).len(), 2);
}

#[test]
fn many_hands_open_nothing_that_was_not_given() {
    let effort = household::Effort {
        steps: 2_500,
        seed: 41,
        length: 100,
        only: None,
        about: "",
    };
    let lemmas = Lemmas::read(&models()).unwrap();
    let outcome = household::search(&effort, &lemmas, &|_| ()).unwrap();
    assert!(
        outcome.counterexample.is_none(),
        "{:#?}",
        outcome.counterexample
    );
    // What is never done is not tested. That a second camera is paired by an offer takes a first one that was refused.
    let idle = outcome.things.iter();
    let idle = idle.filter(|(word, count)| count.done == 0 && *word != "reuse");
    assert_eq!(
        idle.map(|(word, _)| word).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}
