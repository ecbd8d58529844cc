//! Exit statuses, the cache, selections, interruption, reports.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Bench, Run};

#[test]
fn exit_statuses_tell_what_was_checked() {
    let bench = Bench::new();
    assert_eq!(bench.judge(&["no-such-lemma"]).code, 2);
    assert_eq!(bench.judge(&["--partition", "3/2"]).code, 2);
    assert_eq!(bench.judge(&["--prover", "no-such-prover"]).code, 2);
    // Without any prover.
    let bare = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command
            .arg("prove")
            .args(arguments)
            .args(["--json", "-", "--models"])
            .arg(bench.path("models"));
        Run::new(command.env("PATH", bench.path("stub")).output().unwrap())
    };
    let run = bare(&[]);
    assert_eq!(run.code, 2);
    assert_eq!(run.json["counts"]["not-checked"], 5);
    assert!(run.text.contains("nothing is checked") && run.text.contains("brew install"));
    assert_eq!(bare(&["--require-prover"]).code, 1);
    assert_eq!(bare(&["--list"]).code, 0);
    // What can be seen without a prover is seen.
    bench.edit("models/small.spthy", "not (Ex #j. K(m)@j)\"", "T\"");
    let run = bare(&[]);
    assert_eq!(
        (run.code, run.outcome("small/message_secret").as_str()),
        (1, "failed")
    );
    std::fs::remove_file(bench.path("models/verdicts.toml")).unwrap();
    assert_eq!(bare(&[]).code, 2);
}

#[test]
fn an_unchanged_model_is_judged_again_in_no_time() {
    let bench = Bench::new();
    let begin = Instant::now();
    let run = bench.command(&[]);
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(run.code, 0, "{}", run.text);
    assert!(run.text.contains("(5 cached)"), "{}", run.text);
    assert_eq!(bench.get("stub/calls"), "");
    // A rule that changes is another model, and another version another prover.
    bench.edit(
        "models/small.spthy",
        "Out(senc(~m, k))",
        "Out(senc(~m, k)), Out('x')",
    );
    assert!(bench.command(&[]).text.contains("(0 cached)"));
    bench.put("stub/version", "tamarin-prover 1.12.0, (C)\n");
    let run = bench.command(&[]);
    assert!(
        run.text.contains("(0 cached)") && run.text.contains("untested"),
        "{}",
        run.text
    );
}

#[test]
fn selections_and_parts_cover_everything_exactly_once() {
    let bench = Bench::new();
    let ids = |arguments: &[&str]| -> Vec<String> {
        let run = bench.command(&[arguments, &["--list", "--json", "-"]].concat());
        let rows = run.json.as_array().cloned().unwrap_or_default();
        rows.iter()
            .map(|r| r["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = ids(&[]);
    assert_eq!(all.len(), 5);
    for parts in 1..=6 {
        let part = |k| ids(&["--partition", &format!("{k}/{parts}")]);
        let mut together: Vec<String> = (1..=parts).flat_map(part).collect();
        together.sort();
        let mut expected = all.clone();
        expected.sort();
        assert_eq!(together, expected);
    }
    assert_eq!(ids(&["CLAIM-SECRECY"]).len(), 3);
    assert_eq!(ids(&["CLAIM-EXEC"]), ["small/can_send"]);
    assert_eq!(ids(&["--set", "LEAK"]), ["small+LEAK/message_secret"]);
    assert_eq!(ids(&["--set", "none", "*_secret"]).len(), 2);
    assert_eq!(ids(&["--no-ablations"]).len(), 4);
    assert_eq!(ids(&["--ablations-only"]).len(), 1);
    assert_eq!(ids(&["small/*"]).len(), 4);
}

#[test]
fn an_interrupted_run_leaves_a_report_of_what_it_has() {
    use nix::sys::signal::{Signal, kill};
    let bench = Bench::new();
    // The ablation answers, the rest does not.
    bench.put("stub/act", "[ $out = out ] && sleep 60");
    let mut command = bench.start(&["--no-cache", "--json", "report.json", "--jobs", "8"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !bench.get("stub/calls").contains("LEAK") && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(id, Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let report: Value = serde_json::from_str(&bench.get("report.json")).unwrap();
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["counts"]["held"], 1);
    assert_eq!(report["counts"]["not-checked"], 4);
}

#[test]
fn reports_are_valid_and_whole_or_absent() {
    let bench = Bench::new();
    bench.edit(
        "stub/out",
        "never_sent (all-traces): falsified - found trace",
        "never_sent (all-traces): verified",
    );
    let run = bench.judge(&["--junit", "report.xml"]);
    assert_eq!(run.json["exit_code"], 1);
    let report = quick_junit::Report::deserialize_from_str(&bench.get("report.xml")).unwrap();
    assert_eq!((report.tests, report.failures), (5, 1));
    let run = bench.command(&["--json", "no/such/directory.json"]);
    assert_eq!(run.code, 2);
}
