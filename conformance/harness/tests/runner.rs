//! The runner with programs that misbehave: each is reported as what it is, and the run goes on.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use conformance::check::Outcome;
use conformance_vectors::file::File;
use conformance_vectors::process::Process;
use conformance_vectors::run::{Options, Report, run};

const HELLO: &str =
    r#"{"id":0,"result":"accept","output":{"name":"odd","version":"0","capabilities":["key-id"]}}"#;

/// A program that says `hello`, then does `body` for each request, whose number is `$n`.
fn program(folder: &Path, hello: &str, body: &str) -> PathBuf {
    let path = folder.join("program");
    let text = format!(
        "#!/bin/sh\nread -r line\necho '{hello}'\nn=1\nwhile read -r line; do\n{body}\nn=$((n+1))\ndone\n"
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn key_id() -> File {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    File::read(&vectors.join("key-id.json")).unwrap()
}

/// Asks three tests, one program at a time.
fn ask(hello: &str, body: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let command = program(folder.path(), hello, body).display().to_string();
    let made = || Box::new(Process::new(command.clone(), Duration::from_millis(400))) as _;
    let options = Options {
        program: &made,
        jobs: 1,
        progress: &|| (),
    };
    run(&[key_id()], &[(0, 0), (0, 1), (0, 2)], &options).unwrap()
}

/// What was said of each test: every one of them was judged.
fn reasons(body: &str) -> Vec<String> {
    let report = ask(HELLO, body);
    assert_eq!(
        (report.findings.len(), report.exit_code()),
        (3, 1),
        "{body}"
    );
    let why = |outcome: &Outcome| match outcome {
        Outcome::Failed(why) => why.clone(),
        other => format!("{other:?}"),
    };
    report
        .findings
        .iter()
        .map(|finding| why(&finding.outcome))
        .collect()
}

#[test]
fn each_fault_is_told_as_what_it_is_and_the_run_goes_on() {
    for (body, expected) in [
        ("sleep 60", "hangs"),
        ("exit 3", "ended without an answer"),
        ("exec 1>&-; sleep 60", "ended without an answer"),
        ("echo nonsense", "no answer: nonsense"),
        ("echo '[1,2]'", "no answer"),
        ("echo '{\"result\":\"unsupported\"}'", "no answer"),
        (
            "echo \"{\\\"id\\\":$n,\\\"result\\\":\\\"maybe\\\"}\"",
            "no answer",
        ),
        (
            "echo '{\"id\":99,\"result\":\"unsupported\"}'",
            "out of order: request 1, answer 99",
        ),
        (
            "echo \"{\\\"id\\\":$n,\\\"result\\\":\\\"unsupported\\\"}\"",
            "unsupported, though it claims",
        ),
        (
            "echo \"{\\\"id\\\":$n,\\\"result\\\":\\\"error\\\",\\\"message\\\":\\\"no idea\\\"}\"",
            "no idea",
        ),
        (
            "echo \"{\\\"id\\\":$n,\\\"result\\\":\\\"accept\\\",\\\"output\\\":{}}\"",
            "expected",
        ),
    ] {
        for why in reasons(body) {
            assert!(why.contains(expected), "{body}: {why}");
        }
    }
}

/// A longer one would cost thirty times its bytes once it is read.
#[test]
fn an_answer_has_4_mebibytes_at_most() {
    let folder = tempfile::tempdir().unwrap();
    for (length, is) in [(4 << 20, "no answer"), ((4 << 20) - 100, "xxxx")] {
        let body = format!(
            "printf '{{\"id\":%s,\"result\":\"error\",\"message\":\"' $n; head -c {length} /dev/zero | tr '\\0' x; \
             printf '\"}}\\n'"
        );
        let command = program(folder.path(), HELLO, &body).display().to_string();
        let made = || Box::new(Process::new(command.clone(), Duration::from_secs(30))) as _;
        let options = Options {
            program: &made,
            jobs: 1,
            progress: &|| (),
        };
        let report = run(&[key_id()], &[(0, 0)], &options).unwrap();
        let Outcome::Failed(why) = &report.findings[0].outcome else {
            panic!("{length}")
        };
        assert!(why.contains(is), "{length}: {}", &why[..why.len().min(200)]);
    }
}

/// Fine at first, then dead: what was answered counts, and the next test has a fresh program.
#[test]
fn a_program_that_dies_is_started_anew() {
    let good = key_id().tests[0].clone();
    let conformance_vectors::file::Body::One(exchange) = good.body else {
        panic!("one exchange");
    };
    let output = exchange.output.unwrap().to_string();
    let body = format!(
        "[ $n -gt 1 ] && exit 1\necho \"{{\\\"id\\\":$n,\\\"result\\\":\\\"accept\\\",\\\"output\\\":$(echo '{output}')}}\""
    );
    let report = ask(HELLO, &body);
    assert_eq!(report.findings[0].outcome, Outcome::Held);
    assert!(matches!(&report.findings[1].outcome, Outcome::Failed(_)));
    // The third one is asked of a fresh program, which answers its first request: with the first one's output.
    let Outcome::Failed(why) = &report.findings[2].outcome else {
        panic!("{:?}", report.findings[2].outcome);
    };
    assert!(!why.contains("ended"), "{why}");
}

#[test]
fn what_is_not_claimed_is_not_checked_and_nothing_held() {
    let none = HELLO.replace("\"key-id\"", "");
    let report = ask(&none, "exit 1");
    let counts = report.counts();
    assert_eq!((counts.held, counts.failed, counts.not_checked), (0, 0, 3));
    assert_eq!(report.exit_code(), 2);
}

#[test]
fn what_a_program_leaves_behind_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("child");
    let body = format!("sleep 300 &\necho $! > '{}'\nsleep 60", mark.display());
    reasons(&body);
    let child = fs::read_to_string(&mark).unwrap();
    let alive = || Path::new("/proc").join(child.trim()).join("stat").exists();
    // It may be there for a moment as a process that is over and was not yet waited for.
    let state = || {
        fs::read_to_string(Path::new("/proc").join(child.trim()).join("stat")).unwrap_or_default()
    };
    for _ in 0..50 {
        if !alive() || state().contains(") Z ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{child} is still there");
}

fn conformance(arguments: &[&str]) -> std::process::Output {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command
        .args(["vectors", "--vectors"])
        .arg(vectors)
        .args(arguments);
    command.output().unwrap()
}

#[test]
fn exit_codes_can_be_trusted_and_outputs_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let xml = folder.path().join("vectors.xml");
    let held = conformance(&[
        "key-id/*",
        "--json",
        "-",
        "--junit",
        &xml.display().to_string(),
    ]);
    assert_eq!(
        held.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&held.stderr)
    );
    let json: serde_json::Value = serde_json::from_slice(&held.stdout).unwrap();
    assert_eq!(
        (&json["exit_code"], &json["counts"]["held"]),
        (&0.into(), &16.into())
    );
    assert!(fs::read_to_string(&xml).unwrap().contains("key-id/good"));
    // A program that says no hello is not run at all.
    for silent in ["true", "cat", "/no/such/program"] {
        let output = conformance(&["--impl", silent, "--timeout", "1", "key-id/*"]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{silent}: {stderr}");
        assert!(
            stderr.contains("hello") && stderr.contains("PROTOCOL.md"),
            "{silent}: {stderr}"
        );
    }
    assert_eq!(conformance(&["no-such-test/*"]).status.code(), Some(2));
    assert_eq!(conformance(&["--no-such-option"]).status.code(), Some(2));
    let listed = conformance(&[
        "--file",
        "key-id",
        "--flag",
        "InvalidKey",
        "--claim",
        "SPEC#primitives",
        "--list",
    ]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.contains("key-id/off-curve") && !listed.contains("key-id/good"),
        "{listed}"
    );
    let odd = program(folder.path(), HELLO, "echo nonsense")
        .display()
        .to_string();
    let failed = conformance(&["--impl", &odd, "key-id/*"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stdout).contains("FAILED key-id/good"));
}

/// What a shell takes is taken: a variable before the program, and more than one command.
#[test]
fn a_command_is_what_a_shell_takes() {
    let folder = tempfile::tempdir().unwrap();
    let body = "echo \"{\\\"id\\\":$n,\\\"result\\\":\\\"error\\\",\\\"message\\\":\\\"$SAID in $PWD\\\"}\"";
    let path = program(folder.path(), HELLO, body).display().to_string();
    let place = folder.path().display().to_string();
    for command in [
        format!("SAID=hello {path}"),
        format!("export SAID=hello; {path}"),
        format!("cd {place} && SAID=hello ./program"),
    ] {
        let made = || Box::new(Process::new(command.clone(), Duration::from_millis(400))) as _;
        let options = Options {
            program: &made,
            jobs: 1,
            progress: &|| (),
        };
        let report = run(&[key_id()], &[(0, 0)], &options).unwrap();
        let why = format!("{:?}", report.findings[0].outcome);
        assert!(why.contains("hello in "), "{command}: {why}");
    }
}

/// A result that nobody got is none: one line, and status 1.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_a_failure() {
    for args in [
        &["list"][..],
        &["vectors", "--list"],
        &["vectors", "key-id/*"],
        &["claims"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_conformance"))
            .args(args)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .stdout(full)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(1), "{args:?}: {stderr}");
        let lines = stderr
            .lines()
            .filter(|line| line.contains("standard output"));
        assert_eq!(lines.count(), 1, "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
    }
}

/// A test is shown as a program gets it, and so is the input of one that failed.
#[test]
fn a_test_is_shown_whole() {
    let shown = conformance(&["--show", "key-id/good"]);
    let json: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let exchange = &json["exchanges"][0];
    assert_eq!(exchange["request"]["operation"], "key-id");
    assert_eq!(exchange["answer"]["result"], "accept");
    // What the help shows can be typed.
    let help = conformance(&["--help"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let example = help
        .split("--show ")
        .find_map(|rest| rest.split_whitespace().next().filter(|id| id.contains('/')));
    let example = conformance(&["--show", example.unwrap()]);
    assert_eq!(example.status.code(), Some(0), "{example:?}");
    let misspelt = conformance(&["--show", "key-id/goood"]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&misspelt.stderr).contains("key-id/good"));
    let folder = tempfile::tempdir().unwrap();
    let body = "echo \"{\\\"id\\\":$n,\\\"result\\\":\\\"reject\\\",\\\"reason\\\":\\\"x\\\\u001b[31m\\\"}\"";
    let wrong = program(folder.path(), HELLO, body).display().to_string();
    let failed = conformance(&["--impl", &wrong, "key-id/good", "--json", "-"]);
    let json: serde_json::Value = serde_json::from_slice(&failed.stdout).unwrap();
    assert_eq!(
        json["findings"][0]["asked"]["input"],
        exchange["request"]["input"]
    );
    let table = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(
        table.contains("asked") && table.contains("--show key-id/good"),
        "{table}"
    );
    assert!(
        !table.contains('\u{1b}'),
        "no colours of the program under test: {table:?}"
    );
}

/// However the runner ends, the program under test and its children end with it.
#[test]
fn a_runner_that_is_killed_leaves_no_process() {
    for (signal, shell) in [("-KILL", false), ("-INT", true), ("-TERM", false)] {
        let folder = tempfile::tempdir().unwrap();
        let path = program(
            folder.path(),
            HELLO,
            "sleep 600 & echo $! >child; echo $$ >self; sleep 600",
        );
        let path = path.display();
        let command = match shell {
            true => format!("cd {} && {path}", folder.path().display()),
            false => path.to_string(),
        };
        let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
        let mut run = Command::new(env!("CARGO_BIN_EXE_conformance"));
        run.args([
            "vectors",
            "--impl",
            &command,
            "--jobs",
            "1",
            "key-id/good",
            "--vectors",
        ]);
        let mut run = run.arg(vectors).current_dir(folder.path()).spawn().unwrap();
        let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        for _ in 0..500 {
            if file("self").ends_with('\n') {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let stop = Command::new("kill")
            .args([signal, &run.id().to_string()])
            .status();
        assert!(stop.unwrap().success());
        run.wait().unwrap();
        for id in [file("child"), file("self")] {
            let alive = || {
                let asked = Command::new("kill")
                    .args(["-0", id.trim()])
                    .stderr(Stdio::null())
                    .status();
                asked.unwrap().success()
            };
            assert!(!id.is_empty());
            for _ in 0..100 {
                if !alive() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(!alive(), "{signal}: {id} is still there");
        }
    }
}

/// What editors and file managers put beside the vectors is no vector.
#[test]
fn foreign_files_beside_the_vectors_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/key-id.json");
    fs::copy(&from, folder.path().join("key-id.json")).unwrap();
    for foreign in [
        "._key-id.json",
        ".#key-id.json",
        "key-id copy.json",
        "key-id (1).json",
        "#key-id.json#",
        "key-id.json~",
    ] {
        fs::write(folder.path().join(foreign), "no vectors").unwrap();
    }
    let run = || {
        let mut run = Command::new(env!("CARGO_BIN_EXE_conformance"));
        run.args(["vectors", "--vectors"])
            .arg(folder.path())
            .output()
            .unwrap()
    };
    assert_eq!(run().status.code(), Some(0), "{:?}", run());
    fs::copy(&from, folder.path().join("key-id-old.json")).unwrap();
    let twice = run();
    assert_eq!(twice.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&twice.stderr).contains("key-id-old.json"));
}
