//! What `--bless` pins, keeps and tells.

use crate::bench::{Bench, HASKELL, PORT, recorded};

#[test]
fn bless_makes_no_verdict_of_none_and_keeps_what_is_written_by_hand() {
    let bench = Bench::raw();
    bench.put("stub/out", &recorded("haskell-1.11.0-bound.txt"));
    let run = bench.command(&["--bless"]);
    assert_eq!(run.code, 1, "{}", run.text);
    assert!(
        run.text
            .contains("not recorded: no verdict: analysis incomplete"),
        "{}",
        run.text
    );
    let text = bench.get("models/verdicts.toml");
    let listed = |name: &str| text.contains(&format!("expect.{name} = "));
    assert!(!listed("key_secret") || !listed("never_sent"), "{text}");

    // An ablation that breaks nothing stays as it was written, and red.
    let bench = Bench::raw();
    bench.edit(
        "stub/out+LEAK",
        "message_secret (all-traces): falsified - found trace",
        "message_secret (all-traces): verified",
    );
    assert_eq!(bench.command(&["--bless"]).code, 1);
    assert!(
        bench
            .get("models/verdicts.toml")
            .contains("drops = \"the secrecy of the key's channel\"")
    );
    bench.fails(&[], "small+LEAK/message_secret");

    // What changes is told in words.
    let bench = Bench::new();
    bench.edit("models/small.spthy", "not (Ex #j. K(m)@j)\"", "T\"");
    bench.edit(
        "models/small.spthy",
        "restriction Once:",
        "restriction No: \"T\"\nrestriction Once:",
    );
    bench.edit(
        "stub/out",
        "never_sent (all-traces): falsified - found trace",
        "never_sent (all-traces): verified",
    );
    let run = bench.command(&["--bless"]);
    for words in [
        "small: a restriction was added: No",
        "small/message_secret: ITS FORMULA CHANGED",
        "small/never_sent: verified now, was falsified",
    ] {
        assert!(run.text.contains(words), "{words}: {}", run.text);
    }
    assert_eq!(bench.command(&["--bless"]).text.trim(), "nothing changed");
    // A set is pinned as a whole.
    assert_eq!(bench.command(&["--bless", "can_send"]).code, 2);
}

/// Proofs without the lemmas that they reuse may take for ever; a model that is not well-formed has none at all.
#[test]
fn a_model_that_is_not_well_formed_is_proven_once() {
    let bench = Bench::raw();
    let lemma = "lemma message_secret:";
    bench.edit("models/small.spthy", lemma, "lemma message_secret [reuse]:");
    for out in ["stub/out", "stub/out+LEAK"] {
        bench.put(out, &recorded("haskell-1.11.0-warning.txt"));
    }
    let run = bench.command(&["--bless", "--jobs", "1"]);
    assert_eq!(run.code, 1, "{}", run.text);
    assert!(run.text.contains("not well-formed"), "{}", run.text);
    let calls = bench.get("stub/calls");
    let of_the_set = |line: &&str| !line.contains("-D=LEAK");
    assert_eq!(calls.lines().filter(of_the_set).count(), 1, "{calls}");
}

#[test]
fn what_only_the_port_has_seen_is_provisional() {
    let bench = Bench::raw();
    bench.put("stub/version", PORT);
    assert_eq!(bench.command(&["--bless"]).code, 0);
    let tables = bench.get("models/TABLES.md");
    assert!(tables.contains("verified (provisional)"), "{tables}");
    bench.put("stub/version", HASKELL);
    let run = bench.command(&["--bless"]);
    assert!(
        run.text.contains("seen by tamarin-prover 1.11.0 too"),
        "{}",
        run.text
    );
    assert!(!bench.get("models/TABLES.md").contains("(provisional)"));
    let observed = bench.get("models/observed.jsonl");
    assert_eq!(observed.lines().count(), 10, "{observed}");
    assert_eq!(observed.matches("tamarin-rs 1.13.0").count(), 5);
    // Where they disagree on one text, the Haskell prover has the last word.
    bench.put("stub/version", PORT);
    let files = ["models/verdicts.toml", "models/observed.jsonl"];
    let before = files.map(|file| bench.get(file));
    let agrees = bench.get("stub/out");
    bench.edit("stub/out", "falsified - found trace", "verified");
    let run = bench.command(&["--bless", "--no-cache"]);
    assert!(
        run.code == 1 && run.text.contains("saw on the same text"),
        "{}",
        run.text
    );
    assert_eq!(files.map(|file| bench.get(file)), before);
    bench.put("stub/out", &agrees);
    // The port is not believed on natural numbers.
    bench.edit(
        "models/small.spthy",
        "builtins: ",
        "builtins: natural-numbers, ",
    );
    let run = bench.judge(&[]);
    assert_eq!(
        (run.code, run.outcome("small/can_send").as_str()),
        (2, "not-checked")
    );
    assert!(run.text.contains("natural-numbers"));
}

/// A verdict that was seen of one formula must not come to stand for another one.
#[test]
fn a_changed_formula_is_pinned_only_with_a_new_verdict_in_every_set() {
    let bench = Bench::new();
    bench.edit("models/small.spthy", "not (Ex #j. K(m)@j)\"", "T\"");
    let before = bench.get("models/verdicts.toml");
    let run = bench.command(&["--bless", "--no-ablations"]);
    let why = "small/message_secret: not recorded: ITS FORMULA CHANGED, and it has no new verdict";
    assert_eq!(run.code, 1, "{}", run.text);
    assert!(run.text.contains(why), "{}", run.text);
    assert_eq!(bench.get("models/verdicts.toml"), before);
    bench.fails(&[], "its formula is another one");
    // Its claims need no prover's verdict.
    let bench = Bench::new();
    let from = "CLAIM-SECRECY: Nobody learns a message";
    bench.edit(
        "models/small.spthy",
        from,
        "CLAIM-X: Nobody learns a message",
    );
    let run = bench.command(&["--bless", "--no-ablations"]);
    assert_eq!(run.code, 0, "{}", run.text);
    let words = "small/message_secret: its claims are [CLAIM-X] now";
    assert!(run.text.contains(words), "{}", run.text);
    assert_eq!(bench.judge(&[]).code, 0);
    // One name, one statement.
    let bench = Bench::raw();
    let lemma = "lemma message_secret:\n  \"All m #i. Sent(m)@i ==> not (Ex #j. K(m)@j)\"";
    let twice = format!("#ifdef LEAK\nlemma message_secret: \"T\"\n#else\n{lemma}\n#endif");
    bench.edit("models/small.spthy", lemma, &twice);
    let run = bench.command(&["--bless"]);
    assert_eq!(run.code, 1);
    assert!(
        run.text.contains("it states something else"),
        "{}",
        run.text
    );
}
