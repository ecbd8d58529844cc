//! A model that differs from its pins fails, without a prover.

use crate::bench::Bench;

#[test]
fn what_a_lemma_says_is_pinned() {
    let model = "models/small.spthy";
    for (from, to, why) in [
        ("not (Ex #j. K(m)@j)\"", "T\"", "its formula is another one"),
        ("exists-trace\n", "\n", "it is all-traces now"),
        (
            "restriction Once:",
            "restriction No: \"not (Ex m #i. Sent(m)@i)\"\nrestriction Once:",
            "a restriction was added: No",
        ),
        (
            "==> #i = #j",
            "==> F",
            "says something else than was pinned",
        ),
        (
            "lemma never_sent",
            "lemma new: \"T\"\nlemma never_sent",
            "small/new",
        ),
        (
            "CLAIM-SECRECY: Nobody learns a message",
            "CLAIM-OTHER: Nobody learns a message",
            "its claims are [CLAIM-OTHER] now",
        ),
        (
            "CLAIM-SECRECY: Nobody learns a message",
            "Nobody learns a message",
            "its claims are [] now",
        ),
        (
            "lemma never_sent",
            "lemma gone_sent",
            "the model has no such lemma",
        ),
        (
            "#ifdef LEAK",
            "#ifdef LEEK",
            "uses the flag LEEK that an `#ifdef` asks for",
        ),
        (
            "#ifdef LEAK",
            "#ifdef LEEK",
            "uses the flag LEAK that no `#ifdef` asks for",
        ),
    ] {
        let bench = Bench::new();
        bench.edit(model, from, to);
        bench.fails(&[], why);
    }
    let bench = Bench::new();
    bench.put("models/other.spthy", "theory Other begin end");
    bench.fails(&[], "other.spthy: it is not listed in verdicts.toml");
    // What was not selected is not judged.
    assert_eq!(bench.judge(&["--theory", "small"]).code, 0);
    let bench = Bench::new();
    bench.put("models/other.spthy", "theory Other begin end");
    std::fs::remove_file(bench.path("models/small.spthy")).unwrap();
    bench.fails(&[], "there is no such file");
    // Layout and comments may change.
    let bench = Bench::new();
    bench.edit(
        model,
        "lemma never_sent",
        "/* Once more. */\n  lemma never_sent",
    );
    assert_eq!(bench.judge(&[]).code, 0);
}

#[test]
fn a_pin_that_is_edited_fails() {
    let pins = "models/verdicts.toml";
    for (from, to, why) in [
        (
            "expect.key_secret = \"verified\"",
            "expect.key_secret = \"falsified\"",
            "verified, and falsified was expected",
        ),
        (
            "expect.key_secret = \"verified\"\n",
            "",
            "it is not listed in verdicts.toml",
        ),
        (
            "lemma.key_secret",
            "lemma.gone",
            "what it says is not pinned yet",
        ),
        (
            "lemma.key_secret",
            "lemma.gone",
            "pins what gone states, and no set lists that lemma",
        ),
        (
            "expect.message_secret = \"falsified\"\n",
            "expect.message_secret = \"falsified\"\nexpect.gone = \"falsified\"\n",
            "the model has no such lemma",
        ),
        (
            "expect.message_secret = \"falsified\"",
            "expect.message_secret = \"verified\"",
            "expects no lemma to be falsified",
        ),
    ] {
        let bench = Bench::new();
        bench.edit(pins, from, to);
        bench.fails(&[], why);
    }
}
