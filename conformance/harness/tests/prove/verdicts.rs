//! What a prover prints, and how it ends.

use crate::bench::{Bench, HASKELL, PORT, recorded};

#[test]
fn what_is_as_expected_holds_with_every_prover_that_was_recorded() {
    for (version, out, leak) in [
        (HASKELL, "haskell-1.11.0.txt", "haskell-1.11.0+LEAK.txt"),
        (PORT, "port-1.13.0.txt", "port-1.13.0+LEAK.txt"),
        (
            "tamarin-prover 1.8.0, (C)\n",
            "synthetic-1.8.0.txt",
            "haskell-1.11.0+LEAK.txt",
        ),
    ] {
        let bench = Bench::new();
        bench.put("stub/version", version);
        bench.put("stub/out", &recorded(out));
        bench.put("stub/out+LEAK", &recorded(leak));
        let run = bench.judge(&[]);
        assert_eq!(run.code, 0, "{}", run.text);
        assert_eq!(run.json["counts"]["held"], 5);
        assert_eq!(run.outcome("small+LEAK/message_secret"), "held");
    }
}

#[test]
fn a_wrong_verdict_fails() {
    let bench = Bench::new();
    bench.edit("stub/out", "falsified - found trace", "verified");
    bench.fails(&[], "verified, and falsified was expected");
    // All red, as a prover prints it with an exit status of 0.
    let bench = Bench::new();
    bench.edit(
        "stub/out",
        "all-traces): verified",
        "all-traces): falsified - found trace",
    );
    bench.edit(
        "stub/out",
        "exists-trace): verified",
        "exists-trace): falsified - no trace found",
    );
    let run = bench.judge(&["--no-ablations"]);
    assert_eq!(
        (run.code, run.json["counts"]["failed"].as_u64()),
        (1, Some(3))
    );
    // An ablation that no longer breaks anything.
    let bench = Bench::new();
    bench.edit(
        "stub/out+LEAK",
        "message_secret (all-traces): falsified - found trace",
        "message_secret (all-traces): verified",
    );
    bench.fails(&[], "small+LEAK/message_secret");
}

#[test]
fn a_prover_that_does_not_say_all_fails() {
    let incomplete = recorded("haskell-1.11.0-bound.txt");
    let whole = recorded("haskell-1.11.0.txt");
    let lines: Vec<&str> = whole.lines().collect();
    let truncated = lines[..lines.len() - 1].join("\n");
    let missing = whole.replace("  message_secret (all-traces): verified (4 steps)\n", "");
    let extra = whole.replace(
        "  never_sent",
        "  unknown (all-traces): verified (4 steps)\n  never_sent",
    );
    for (out, why) in [
        (incomplete, "no verdict: analysis incomplete"),
        (
            recorded("port-1.13.0-selected.txt"),
            "no verdict: analysis incomplete",
        ),
        (truncated, "truncated"),
        (missing, "does not mention it"),
        (extra, "that the gate does not read"),
        (String::new(), "printed no summary"),
        (
            whole.replace("analyzed: small", "analyzed: other"),
            "is of another file: other.spthy",
        ),
        (
            whole.replace("verified (4 steps)", "proven in 4 steps"),
            "not understood",
        ),
        (
            whole.replace("can_send (exists-trace)", "can_send (all-traces)"),
            "unlike the gate",
        ),
        (
            recorded("haskell-1.11.0-warning.txt"),
            "Failed to derive Variable(s): x",
        ),
        (
            recorded("synthetic-derivation.txt"),
            "the derivation checks timed out",
        ),
    ] {
        let bench = Bench::new();
        bench.put("stub/out", &out);
        bench.fails(&[], why);
    }
}

#[test]
fn a_prover_that_does_not_end_well_fails() {
    for (act, arguments, why) in [
        ("kill -9 $$", &[][..], "killed by signal 9"),
        (
            "echo 'cannot parse' >&2; exit 1",
            &[],
            "ended with code 1: cannot parse",
        ),
        ("cat \"$STUB/$out\"; exit 3", &[], "ended with code 3"),
        (
            "sleep 30",
            &["--timeout", "1", "--no-ablations", "can_send"],
            "stopped after 1 s",
        ),
        (
            "sleep 30",
            &["--memory", "0", "--no-ablations"],
            "more than 0 MiB",
        ),
    ] {
        let bench = Bench::new();
        bench.put("stub/act", act);
        bench.fails(arguments, why);
    }
}

#[test]
fn one_lemma_that_brings_the_prover_down_is_told_from_the_others() {
    let bench = Bench::new();
    bench.put("stub/act", "case \"$*\" in *never_sent*) kill -9 $$;; esac");
    let run = bench.judge(&["--no-ablations"]);
    assert_eq!(run.json["counts"]["failed"], 1, "{}", run.text);
    assert_eq!(run.outcome("small/never_sent"), "failed");
}

#[test]
fn a_proof_stands_on_what_it_assumes() {
    let bench = Bench::new();
    let run = bench.judge(&["small/message_secret"]);
    assert_eq!(run.code, 0, "{}", run.text);
    assert_eq!(
        run.json["lemmas"][0]["conditional_on"][0],
        "small/key_secret"
    );
    assert!(run.text.contains("CONDITIONAL on small/key_secret"));
    // A former run has proven it.
    let run = bench.command(&["small/message_secret", "--json", "-"]);
    assert_eq!(
        run.json["lemmas"][0]["conditional_on"],
        serde_json::json!([])
    );
    // What rests on something false is not proven, whatever the prover says.
    bench.edit(
        "stub/out",
        "key_secret (all-traces): verified",
        "key_secret (all-traces): falsified - found trace",
    );
    let run = bench.judge(&[]);
    assert!(
        run.text
            .contains("it rests on key_secret, and that is false"),
        "{}",
        run.text
    );
    assert_eq!(run.outcome("small/message_secret"), "failed");
    // In an ablation nothing is assumed that it does not list as verified.
    let bench = Bench::new();
    bench.put("stub/act", "cp small.spthy \"$STUB/saw$out\"");
    assert_eq!(bench.judge(&[]).code, 0);
    assert!(
        bench
            .get("stub/sawout")
            .contains("lemma key_secret [reuse]:")
    );
    assert!(bench.get("stub/sawout+LEAK").contains("lemma key_secret :"));
}

#[test]
fn a_proof_is_believed_if_the_other_prover_accepts_it() {
    let bench = Bench::new();
    bench.put("stub/act", r#"
        for a in "$@"; do case $a in --output=*) cp "$STUB/$out" "${a#--output=}";; esac; done
        case "$*" in *--prove*) ;; *) cp small.spthy "$STUB/loaded$out"; [ -f "$STUB/refuse" ] && out=refuse;; esac"#);
    let proofs = bench.path("proofs").display().to_string();
    let run = bench.judge(&["--proofs", &proofs]);
    assert_eq!(run.code, 0, "{}", run.text);
    // Our own text was loaded, with the proofs in it.
    let loaded = bench.get("stub/loadedout");
    assert!(
        loaded.contains("/* A key, and messages under it.") && loaded.contains("SOLVED"),
        "{loaded}"
    );
    assert_eq!(loaded, bench.get("proofs/small.spthy"));
    bench.put("stub/refuse", &recorded("port-1.13.0-selected.txt"));
    bench.fails(
        &["--proofs", &proofs],
        "does not accept the proof: no verdict",
    );
    // Not among the models, which would have one more then.
    let models = bench.path("models").display().to_string();
    assert_eq!(bench.judge(&["--proofs", &models]).code, 2);
}
