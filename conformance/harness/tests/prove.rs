//! The gate, without a prover: a stub replays what provers printed, and each way to be wrong has to
//! be found. What stands in `recorded/README.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use conformance::prove::manifest::Manifest;
use conformance::prove::table;
use serde_json::Value;

const HASKELL: &str = "tamarin-prover 1.11.0, (C) David Basin and others\n";
const PORT: &str = "tamarin-rs 1.13.0\n";

/// What is written by hand before the first bless.
const BY_HAND: &str = r#"
    [[theory]]
    file = "small.spthy"
    what = "a small one"
    [[theory.set]]
    [[theory.set]]
    flags = ["LEAK"]
    scope = "named"
    drops = "the secrecy of the key's channel"
    lemma = [{ name = "message_secret", expect = "falsified" }]
"#;

fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recorded")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// A model, its manifest, and a stub that prints what was recorded for it.
struct Bench {
    directory: tempfile::TempDir,
}

struct Run {
    code: i32,
    text: String,
    json: Value,
}

impl Bench {
    /// As it is before the first bless.
    fn raw() -> Self {
        let bench = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for place in ["models", "stub"] {
            std::fs::create_dir(bench.path(place)).unwrap();
        }
        bench.put("models/small.spthy", &recorded("small.spthy"));
        bench.put("models/verdicts.toml", BY_HAND);
        bench.put("stub/version", HASKELL);
        bench.put("stub/out", &recorded("haskell-1.11.0.txt"));
        bench.put("stub/out+LEAK", &recorded("haskell-1.11.0+LEAK.txt"));
        bench
    }

    /// With a manifest that its prover agrees with.
    fn new() -> Self {
        let bench = Self::raw();
        let blessed = bench.command(&["--bless"]);
        assert_eq!(blessed.code, 0, "{}", blessed.text);
        std::fs::remove_file(bench.path("stub/calls")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn get(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.get(name);
        assert!(text.contains(from), "{name} has no `{from}`");
        self.put(name, &text.replace(from, to));
    }

    fn start(&self, arguments: &[&str]) -> Command {
        let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stub-prover.sh");
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command
            .arg("prove")
            .args(arguments)
            .arg("--models")
            .arg(self.path("models"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("STUB", self.path("stub"))
            .current_dir(self.directory.path());
        if !arguments.contains(&"--prover") {
            command.arg("--prover").arg(stub);
        }
        command
    }

    /// Runs a command that writes no report.
    fn command(&self, arguments: &[&str]) -> Run {
        Run::new(self.start(arguments).output().unwrap())
    }

    /// Judges, without what former runs gave.
    fn judge(&self, arguments: &[&str]) -> Run {
        let arguments = [arguments, &["--no-cache", "--json", "-"]].concat();
        self.command(&arguments)
    }

    /// Judges; expects a failure for this reason.
    fn fails(&self, arguments: &[&str], why: &str) {
        let run = self.judge(arguments);
        assert!(
            run.code == 1 && run.text.contains(why),
            "{why}: {}\n{}",
            run.code,
            run.text
        );
        assert!(
            run.json["counts"]["failed"].as_u64() > Some(0) || run.json["problems"][0].is_object()
        );
    }
}

impl Run {
    fn new(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let out = text(&output.stdout);
        Self {
            code: output.status.code().unwrap_or(-1),
            json: serde_json::from_str(&out).unwrap_or_default(),
            text: out + &text(&output.stderr),
        }
    }

    fn outcome(&self, id: &str) -> String {
        let rows = self.json["lemmas"].as_array().cloned().unwrap_or_default();
        let row = rows
            .iter()
            .find(|r| r["id"] == id)
            .cloned()
            .unwrap_or_default();
        row["outcome"].as_str().unwrap_or("absent").to_owned()
    }
}

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
            &["--timeout", "1", "--no-ablations", "--lemma", "can_send"],
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
    let listed = |name: &str| text.contains(&format!("name = \"{name}\""));
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
    assert_eq!(
        bench.command(&["--bless"]).text.trim(),
        "nothing changed\nthere is no README.md for the table"
    );
    // A set is pinned as a whole.
    assert_eq!(bench.command(&["--bless", "--lemma", "can_send"]).code, 2);
}

#[test]
fn what_only_the_port_has_seen_is_provisional() {
    let bench = Bench::raw();
    bench.put("stub/version", PORT);
    assert_eq!(bench.command(&["--bless"]).code, 0);
    assert!(
        bench
            .get("models/verdicts.toml")
            .contains("provisional = true")
    );
    bench.put("stub/version", HASKELL);
    let run = bench.command(&["--bless"]);
    assert!(
        run.text.contains("seen by tamarin-prover 1.11.0 too"),
        "{}",
        run.text
    );
    let text = bench.get("models/verdicts.toml");
    assert!(!text.contains("provisional = true") && text.contains("tamarin-rs 1.13.0"));
    // Where they disagree on one text, the Haskell prover has the last word.
    bench.put("stub/version", PORT);
    let before = bench.get("models/verdicts.toml");
    let agrees = bench.get("stub/out");
    bench.edit("stub/out", "falsified - found trace", "verified");
    let run = bench.command(&["--bless", "--no-cache"]);
    assert!(
        run.code == 1 && run.text.contains("saw on the same text"),
        "{}",
        run.text
    );
    assert_eq!(bench.get("models/verdicts.toml"), before);
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
    assert_eq!(ids(&["--claim", "CLAIM-EXEC"]), ["small/can_send"]);
    assert_eq!(ids(&["--set", "LEAK"]), ["small+LEAK/message_secret"]);
    assert_eq!(ids(&["--set", "none", "--lemma", "*_secret"]).len(), 2);
    assert_eq!(ids(&["--no-ablations"]).len(), 4);
    assert_eq!(ids(&["--ablations-only"]).len(), 1);
    assert_eq!(ids(&["small/*"]).len(), 4);
}

/// As the workflow `proofs` has them.
#[test]
fn parts_of_the_models_take_alike_and_share_out_few_sets() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tamarin");
    let models = models.to_str().unwrap();
    for which in ["--no-ablations", "--ablations-only"] {
        let (mut seconds, mut sets) = (Vec::new(), Vec::new());
        for part in 1..=4 {
            let part = format!("{part}/4");
            let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
            command.args(["prove", "--list", "--json", "-", "--models", models]);
            let output = command
                .args([which, "--partition", &part])
                .output()
                .unwrap();
            let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
            // What has no time yet is taken to need 3 s.
            let times = rows
                .iter()
                .map(|row| row["seconds"].as_f64().unwrap_or(3.0));
            seconds.push(times.sum::<f64>());
            let names = rows
                .iter()
                .map(|row| format!("{} {}", row["file"], row["flags"]));
            sets.push(names.collect::<BTreeSet<_>>());
        }
        let (least, most) = seconds
            .iter()
            .fold((f64::MAX, 0.0_f64), |(least, most), part| {
                (least.min(*part), most.max(*part))
            });
        assert!(most <= 1.1 * least, "{which}: {seconds:?}");
        let all: BTreeSet<&String> = sets.iter().flatten().collect();
        let begun: usize = sets.iter().map(BTreeSet::len).sum();
        // The longest sets are shared out among all parts.
        assert!(begun <= 3 * all.len(), "{which}: {begun} for {}", all.len());
    }
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

#[test]
fn the_table_of_the_models_readme_is_the_one_that_the_manifest_gives() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tamarin");
    let Ok(Some(manifest)) = Manifest::read(&models) else {
        assert!(
            !models.join("verdicts.toml").exists(),
            "a manifest that cannot be read"
        );
        return;
    };
    let readme = std::fs::read_to_string(models.join("README.md")).unwrap_or_default();
    let Some(again) = table::inserted(&readme, &table::readme(&manifest)) else {
        return;
    };
    assert_eq!(
        readme, again,
        "write it anew with `conformance prove --bless`"
    );
    assert_eq!(
        std::fs::read_to_string(models.join("verdicts.toml")).unwrap(),
        manifest.toml()
    );
}
