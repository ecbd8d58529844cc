//! The program `eiot`, from the outside: every command is a process of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const SAMPLE: &[u8] = include_bytes!("../assets/sample.ts");

/// A store and two machines' homes.
struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("film.ts"), SAMPLE).unwrap();
        Self { dir }
    }

    /// An account on phone `anna`, its passphrase in `words`.
    fn account() -> Self {
        let scene = Self::empty();
        scene.json([
            "account",
            "create",
            "--phone",
            "anna",
            "--passphrase-to",
            "words",
        ]);
        scene
    }

    /// With camera `door` and its stream `video`.
    fn paired() -> Self {
        let scene = Self::account();
        scene.json(["camera", "pair", "door", "--streams", "video"]);
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eiot"));
        command.current_dir(self.dir.path()).args(args);
        command.env_clear().env("EIOT_WORK", "least");
        if self.path("words").exists() {
            command.env(
                "EIOT_PASSPHRASE",
                fs::read_to_string(self.path("words")).unwrap(),
            );
        }
        command.stdin(Stdio::null());
        command
    }

    fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command with `--json`: its exit code and its one object.
    fn ask<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> (i32, Value) {
        let output = self.command(args).arg("--json").output().unwrap();
        let json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("one object: {error}: {output:?}"));
        (output.status.code().unwrap(), json)
    }

    fn json<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Value {
        let (code, json) = self.ask(args);
        assert_eq!((code, json.get("error")), (0, None), "{json}");
        json
    }

    /// Runs a command that is refused, with this reason.
    fn refused<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>, reason: &str) -> Value {
        let (code, json) = self.ask(args);
        let expected = if reason == "usage" { 2 } else { 1 };
        assert_eq!(
            (code, json["error"].as_str()),
            (expected, Some(reason)),
            "{json}"
        );
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        json
    }

    fn record(&self) -> Value {
        self.json(["record", "--camera", "door", "--stream", "video", "film.ts"])
    }

    /// What `viewer` gets of clips `clips`.
    fn view(&self, viewer: &str, clips: &str) -> Vec<u8> {
        let out = [
            "view", "--stream", "video", "--as", viewer, "--clip", clips, "-o", "out",
        ];
        self.json(out);
        fs::read(self.path("out")).unwrap()
    }

    /// Views clips that stay closed, and leaves nothing behind.
    fn closed(&self, viewer: &str, clips: &str, reason: &str) {
        let out = [
            "view", "--stream", "video", "--as", viewer, "--clip", clips, "-o", "none",
        ];
        self.refused(out, reason);
        assert!(!self.path("none").exists());
        let left = fs::read_dir(self.dir.path()).unwrap();
        let names = left.map(|entry| entry.unwrap().file_name());
        assert!(
            names
                .into_iter()
                .all(|name| !name.to_string_lossy().starts_with(".eiot"))
        );
    }

    fn account_id(&self) -> String {
        self.json(["account", "show"])["account"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The files under a folder.
    fn files(&self, folder: &str) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.path(folder)]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }

    /// An object of the store, by the end of its path.
    fn object(&self, end: &str) -> PathBuf {
        let mut files = self.files("eiot-store");
        files.retain(|file| file.to_string_lossy().ends_with(end));
        assert_eq!(files.len(), 1, "{end}: {files:?}");
        files.remove(0)
    }
}

/// Waits until `done`, for a process that works at its own pace.
fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "waited for {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn text(json: &Value, field: &str) -> String {
    json[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {json}"))
        .to_owned()
}

#[test]
fn the_whole_story() {
    let scene = Scene::paired();
    assert_eq!(scene.record()["clips"], 3);
    assert!(scene.view("anna", "1,2,3") == SAMPLE);

    // From a pipe, and by the second phone, whose checkpoint comes from the first.
    let piped = scene
        .command(["record", "--json"])
        .stdin(fs::File::open(scene.path("film.ts")).unwrap())
        .output();
    assert!(piped.unwrap().status.success());
    let checkpoint = text(&scene.json(["phone", "checkpoint"]), "checkpoint");
    scene.json(["phone", "enroll", "tablet", "--checkpoint", &checkpoint]);
    assert!(scene.view("tablet", "1,2,3") == SAMPLE && scene.view("tablet", "4,5,6") == SAMPLE);
    let to_pipe = scene.run(["view", "--stream", "video", "--as", "anna"]);
    assert!(to_pipe.status.success() && to_pipe.stdout == [SAMPLE, SAMPLE].concat());

    // Alice gets what is recorded from now on, and nothing of before.
    scene.json(["member", "new", "alice"]);
    scene.refused(
        ["view", "--stream", "video", "--as", "alice", "-o", "none"],
        "usage",
    );
    scene.json([
        "share", "--stream", "video", "--to", "alice", "--as", "anna",
    ]);
    assert_eq!(scene.record()["first"], 7);
    let seen = scene.json([
        "view", "--stream", "video", "--as", "alice", "-o", "alice.ts",
    ]);
    assert_eq!(
        (&seen["opened"], &seen["new"], &seen["closed"]),
        (&3.into(), &3.into(), &6.into())
    );
    assert!(fs::read(scene.path("alice.ts")).unwrap() == SAMPLE);
    scene.closed("alice", "1", "no-envelope");
    let again = scene.json([
        "view", "--stream", "video", "--as", "alice", "-o", "alice.ts",
    ]);
    assert_eq!((&again["new"], &again["again"]), (&0.into(), &3.into()));

    // Revoked: in effect when the camera has acknowledged it, and not before.
    let revoked = scene.json(["revoke", "--member", "alice", "--as", "anna"]);
    assert_eq!(revoked["in_effect"], false);
    let status = || scene.json(["status", "--as", "anna"])["streams"][0].clone();
    assert_eq!(status()["revoked"][0]["in_effect"], false);
    assert!(status()["acknowledged"].is_null());
    scene.json(["camera", "sync"]);
    assert_eq!(status()["revoked"][0]["in_effect"], true);
    assert_eq!(scene.record()["first"], 10);
    scene.closed("alice", "10", "no-envelope");
    assert!(
        scene.view("alice", "7,8,9") == SAMPLE,
        "what was hers stays hers"
    );
    assert!(scene.view("anna", "10,11,12") == SAMPLE);

    // A link, for whoever has it, until it is removed.
    let link = [
        "link", "make", "--stream", "video", "--clip", "1,2,3", "--until", "+1h", "--as", "anna",
    ];
    let link = text(&scene.json(link), "link");
    scene.json(["link", "view", &link, "-o", "link.ts"]);
    assert!(fs::read(scene.path("link.ts")).unwrap() == SAMPLE);
    scene.json(["link", "remove", &link]);
    scene.refused(["link", "view", &link, "-o", "none"], "object-missing");

    // A lost phone; the other goes on.
    scene.json(["phone", "lose", "tablet", "--as", "anna"]);
    scene.refused(["phone", "sync", "--as", "tablet"], "phone-not-listed");
    scene.record();
    assert!(scene.view("anna", "13,14,15") == SAMPLE);
}

#[test]
fn members_windows_and_what_has_passed() {
    let scene = Scene::paired();
    scene.record();
    let account = scene.account_id();
    // Bob's device is on another machine: cards and numbers go by hand.
    let bob = |args: &[&str]| scene.json([&["--home", "bobs"], args].concat());
    let card = text(&bob(&["member", "new", "bob"]), "card");
    let told = text(&bob(&["member", "number", "--account", &account]), "number");
    let ours = text(
        &scene.json(["account", "number", "--card", &card]),
        "number",
    );
    assert_eq!(told, ours);
    let wrong = told.replace('1', "2").replace('0', "1");
    let share = |number: &str| {
        [
            "share", "--stream", "video", "--card", &card, "--number", number, "--until", "+1h",
        ]
        .map(str::to_owned)
    };
    scene.refused(share(&wrong), "safety-number");
    scene.refused(["share", "--stream", "video", "--card", &card], "usage");
    scene.json(share(&told));
    bob(&["member", "pin", "--account", &account, "--number", &ours]);
    assert_eq!(bob(&["member", "sync"])["introductions"], 1);
    scene.record();
    let view = |clip: &str| {
        scene.ask([
            "--home", "bobs", "view", "--stream", "video", "--clip", clip, "-o", "bob.ts",
        ])
    };
    assert_eq!((view("4").0, view("5").0, view("1").0), (0, 0, 1));
    // The clips of before, without encrypting them again.
    let past = scene.json([
        "share", "--past", "--stream", "video", "--to", "bob", "--from", "-1h", "--until", "now",
    ]);
    assert!(past["clips"][0]["clips"].as_u64() >= Some(3), "{past}");
    assert_eq!(view("1,2,3").0, 0);
    assert!(fs::read(scene.path("bob.ts")).unwrap() == SAMPLE);
    scene.refused(
        [
            "share", "--stream", "video", "--to", "bob", "--until", "-1h",
        ],
        "window-empty",
    );
    scene.json([
        "extend", "window", "--member", "bob", "--stream", "video", "--until", "+2h",
    ]);
    scene.json(["extend", "length", "--lease", "2d"]);
    scene.json(["rotate", "--stream", "video"]);
    let lease = scene
        .command(["extend", "lease", "--for", "9d", "--json"])
        .env_remove("EIOT_PASSPHRASE")
        .output()
        .unwrap();
    assert!(lease.status.success(), "no passphrase is needed");
    assert_eq!(scene.json(["camera", "sync"])["extended"][0], "video");
    scene.refused(["extend", "lease", "--for", "40d"], "lease-out-of-range");
    let status = scene.json(["status"]);
    assert_eq!(status["streams"][0]["shared"][0]["members"][0], "bob");
    assert!(status["streams"][0]["lease_extended_until"].is_string());
    // By touch: nothing is encrypted to a public key, and the payload is small.
    let card = text(&bob(&["member", "new", "carol"]), "card");
    let touch = scene.json(["share", "--stream", "video", "--card", &card, "--touch"]);
    let touch = &touch["touch"][0];
    assert!(touch["bytes"].as_u64() <= Some(137) && touch["done"] == false);
    bob(&["member", "touch", "--as", "carol", &text(touch, "payload")]);
    assert_eq!(bob(&["member", "sync", "--as", "carol"])["grants"], 1);
    scene.refused(
        ["share", "--stream", "video", "--to", "dave"],
        "unknown-member",
    );
    scene.refused(["revoke", "--member", "dave"], "unknown-member");
}

#[test]
fn a_camera_and_a_phone_on_two_machines() {
    let scene = Scene::account();
    let shown = scene.run(["camera", "offer"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains('█'), "a QR code");
    let offer = shown
        .lines()
        .find(|line| line.starts_with("EIOT:PAIR:"))
        .unwrap();
    scene.refused(["camera", "accept", "shed"], "object-missing");
    let join = [
        "--home",
        "shed",
        "camera",
        "join",
        "cam",
        "--streams",
        "video,audio",
        "--offer",
    ];
    scene.json(join.iter().chain([&offer]));
    scene.json(["camera", "accept", "shed", "--wait", "5s"]);
    scene.refused(["camera", "accept", "shed"], "usage");
    let record =
        |stream: &str| scene.ask(["--home", "shed", "record", "--stream", stream, "film.ts"]);
    assert_eq!((record("video").0, record("audio").0), (0, 0));
    assert_eq!(record("smoke").1["error"], "unknown-stream");
    assert!(scene.view("anna", "1,2,3") == SAMPLE);
    scene.refused(
        ["camera", "pair", "other", "--streams", "video"],
        "stream-taken",
    );
    scene.refused(join.iter().chain([&"EIOT:PAIR:AAAA"]), "offer-malformed");
    let checkpoint = scene.json(["--home", "shed", "camera", "checkpoint"]);
    let enroll = [
        "phone",
        "enroll",
        "tablet",
        "--checkpoint",
        &text(&checkpoint, "checkpoint"),
    ];
    scene.json(enroll);
}

#[test]
fn passphrases_right_wrong_and_missing() {
    let scene = Scene::paired();
    let words = fs::read_to_string(scene.path("words")).unwrap();
    let rotate = |words: &str| {
        let output = scene
            .command(["rotate", "--json"])
            .env("EIOT_PASSPHRASE", words)
            .output();
        let output = output.unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        (
            output.status.code().unwrap(),
            json["error"].as_str().map(str::to_owned),
        )
    };
    let refusal = |reason: &str| (1, Some(reason.to_owned()));
    let mut other: Vec<&str> = words.split_whitespace().collect();
    other.reverse();
    assert_eq!(rotate(&other.join(" ")), refusal("vault-open"));
    assert_eq!(rotate("one two"), refusal("word-count"));
    assert_eq!(rotate(&"encryptediot ".repeat(10)), refusal("unknown-word"));
    assert_eq!(rotate(&words.to_uppercase()), (0, None));
    let none = scene
        .command(["rotate"])
        .env_remove("EIOT_PASSPHRASE")
        .output()
        .unwrap();
    assert_eq!(none.status.code(), Some(2), "no terminal to ask at");
    // Changed: the old one no longer acts. A file that may hold a passphrase is not overwritten.
    scene.refused(
        ["account", "passphrase", "--passphrase-to", "words"],
        "output",
    );
    scene.json(["account", "passphrase", "--passphrase-to", "new"]);
    assert_eq!(rotate(&words), refusal("vault-open"));
    assert_eq!(
        rotate(&fs::read_to_string(scene.path("new")).unwrap()),
        (0, None)
    );
    fs::rename(scene.path("new"), scene.path("words")).unwrap();
    // Kept unlocked, and not any more.
    scene.json(["phone", "keep-unlocked"]);
    let without = || {
        scene
            .command(["rotate"])
            .env_remove("EIOT_PASSPHRASE")
            .output()
            .unwrap()
    };
    assert_eq!(without().status.code(), Some(0));
    scene.json(["phone", "keep-unlocked", "--off"]);
    assert_eq!(without().status.code(), Some(2));
    // On the terminal once; with --json in the one object.
    let shown = scene.json(["--home", "second", "account", "create"]);
    assert_eq!(text(&shown, "passphrase").split(' ').count(), 10);
}

#[test]
fn a_new_root_opens_what_the_old_one_opened() {
    let scene = Scene::paired();
    scene.record();
    let old = scene.account_id();
    scene.json(["account", "replace-root", "--passphrase-to", "new"]);
    fs::rename(scene.path("new"), scene.path("words")).unwrap();
    assert_ne!(scene.account_id(), old);
    scene.json(["view", "--account", &old, "--stream", "video", "-o", "out"]);
    assert!(fs::read(scene.path("out")).unwrap() == SAMPLE);
    scene.refused(
        ["camera", "pair", "door", "--streams", "video"],
        "local-exists",
    );
    scene.json(["camera", "pair", "door", "--streams", "video", "--again"]);
    scene.record();
    assert!(scene.view("anna", "1,2,3") == SAMPLE);
}

#[test]
fn recording_goes_on_while_the_store_is_away() {
    let scene = Scene::paired();
    let away = scene.path("away");
    fs::rename(scene.path("eiot-store"), &away).unwrap();
    let recorded = scene.record();
    assert_eq!(
        (&recorded["clips"], &recorded["waiting"]),
        (&3.into(), &3.into())
    );
    assert_eq!(
        scene.json(["camera", "list"])["cameras"][0]["streams"][0]["waiting"],
        3
    );
    scene.refused(["camera", "sync"], "store-unavailable");
    fs::rename(&away, scene.path("eiot-store")).unwrap();
    // The next recording takes along what waits.
    let recorded = scene.record();
    assert_eq!(
        (&recorded["first"], &recorded["waiting"]),
        (&4.into(), &0.into())
    );
    assert!(scene.view("anna", "1,2,3") == SAMPLE && scene.view("anna", "4,5,6") == SAMPLE);
}

#[test]
fn a_recording_that_is_killed_loses_no_finished_clip() {
    let scene = Scene::paired();
    let mut child = scene
        .command(["record", "--session", "1s"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&SAMPLE[..120_000]).unwrap();
    input.flush().unwrap();
    let clips = || {
        let list = scene.json(["camera", "list"]);
        list["cameras"][0]["streams"][0]["clips"].as_u64().unwrap()
    };
    wait("four sessions", || clips() == 4);
    kill(child);
    scene.json(["camera", "sync"]);
    let before = scene.view("anna", "1,2,3,4");
    assert!(before.len() > 80_000 && SAMPLE.starts_with(&before));

    // Killed between keeping a session and keeping the state: the state is an old one.
    let state = scene.path("eiot-home/cameras/door/camera");
    let old = fs::read(&state).unwrap();
    let away = scene.path("away");
    fs::rename(scene.path("eiot-store"), &away).unwrap();
    assert_eq!(
        scene.json(["record", "--session", "1h", "film.ts"])["first"],
        5
    );
    fs::write(&state, old).unwrap();
    fs::rename(&away, scene.path("eiot-store")).unwrap();
    let recorded = scene.json(["record", "--session", "1h", "film.ts"]);
    assert_eq!(
        (&recorded["first"], &recorded["waiting"]),
        (&6.into(), &0.into())
    );
    assert!(scene.view("anna", "5") == SAMPLE && scene.view("anna", "6") == SAMPLE);
}

#[cfg(unix)]
#[test]
fn a_recording_that_is_interrupted_ends_with_its_session() {
    let scene = Scene::paired();
    let mut child = scene
        .command(["record"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&SAMPLE[..60_000]).unwrap();
    let sealed = scene.path("eiot-home/cameras/door/camera");
    wait("the announcement", || {
        fs::metadata(&sealed).unwrap().len() > 0
    });
    std::thread::sleep(Duration::from_millis(500));
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    drop(input);
    assert!(child.wait().unwrap().success());
    assert!(scene.view("anna", "1") == SAMPLE[..60_000]);
}

#[test]
fn what_was_begun_is_finished() {
    use encryptediot::local::Home;
    use encryptediot::owner;
    use encryptediot::vault::Work;
    use rand_core::SeedableRng as _;

    // An account whose command was killed after its passphrase was shown: nothing is published.
    let scene = Scene::empty();
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let name = "anna".parse().unwrap();
    let (phone, words) = owner::create_account(name, Work::LEAST, 1, &mut rng).unwrap();
    let home = Home::open(&scene.path("eiot-home/phones/anna")).unwrap();
    home.save("phone", &phone.to_state()).unwrap();
    drop(home);
    fs::write(scene.path("words"), words.words()).unwrap();
    let created = scene.json(["account", "create", "--phone", "anna"]);
    assert_eq!(text(&created, "account"), phone.account().to_string());
    scene.refused(["account", "create", "--phone", "anna"], "local-exists");

    // A pairing that was killed before the phone had added the camera, and after.
    let pair = ["camera", "pair", "door", "--streams", "video"];
    let wrong = "abandon ".repeat(10);
    let killed = scene
        .command(pair)
        .env("EIOT_PASSPHRASE", wrong)
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), Some(1));
    assert!(scene.path("eiot-home/cameras/door/reply").exists());
    scene.json(pair);
    assert!(!scene.path("eiot-home/cameras/door/reply").exists());
    scene.record();
    assert!(scene.view("anna", "1,2,3") == SAMPLE);

    // A phone that is enrolled twice under one name is enrolled once.
    scene.json(["phone", "enroll", "tablet"]);
    scene.json(["phone", "enroll", "tablet"]);
    assert_eq!(
        scene.json(["phone", "list", "--as", "anna"])["phones"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_store_that_alters_or_withholds_clips_is_found_out() {
    let scene = Scene::paired();
    scene.record();
    let all = |more: &[&str]| {
        let _ = fs::remove_file(scene.path("out"));
        scene.ask([&["view", "--stream", "video", "-o", "out"], more].concat())
    };
    assert_eq!(all(&[]).0, 0);
    // The largest body is the first clip's.
    let mut bodies = scene.files("eiot-store");
    bodies.retain(|file| file.to_string_lossy().contains("/bodies/"));
    let body = bodies
        .iter()
        .max_by_key(|file| fs::metadata(file).unwrap().len())
        .unwrap();
    let genuine = fs::read(body).unwrap();
    let mut altered = genuine.clone();
    altered[70_000] ^= 1;
    for (bytes, reason) in [
        (&altered[..], "segment-altered"),
        (&genuine[..70_000], "body-truncated"),
        (&[&genuine[..], b"x"].concat(), "body-trailing"),
    ] {
        fs::write(body, bytes).unwrap();
        let (code, json) = all(&[]);
        assert_eq!((code, json["error"].as_str()), (1, Some(reason)));
        assert!(text(&json, "object").contains("/bodies/") && !scene.path("out").exists());
    }
    let (code, json) = all(&["--keep-going"]);
    assert_eq!((code, &json["opened"]), (1, &2.into()));
    let kept = fs::read(scene.path("out")).unwrap();
    assert!(
        SAMPLE.ends_with(&kept) && !kept.is_empty(),
        "the two others"
    );
    fs::write(body, genuine).unwrap();
    // A withheld clip in the middle, and at the end.
    for (clip, name) in [
        (2, "manifests/video/000000000002"),
        (3, "manifests/video/000000000003"),
    ] {
        let manifest = scene.object(name);
        let hidden = scene.path("hidden");
        fs::rename(&manifest, &hidden).unwrap();
        let (code, json) = all(&[]);
        assert_eq!(
            (code, json["error"].as_str()),
            (1, Some("clip-missing")),
            "{json}"
        );
        assert_eq!(json["gaps"][0]["from"], clip);
        assert!(!scene.path("out").exists());
        fs::rename(&hidden, &manifest).unwrap();
    }
    // One served in another's place.
    let (one, two) = (
        scene.object("video/000000000001"),
        scene.object("video/000000000002"),
    );
    fs::copy(&two, &one).unwrap();
    scene.closed("anna", "1", "wrong-sequence");
}

#[test]
fn following_gets_new_clips_as_they_come() {
    let scene = Scene::paired();
    scene.record();
    let follow = [
        "view", "--stream", "video", "--follow", "--from", "1", "--idle", "3s",
    ];
    let child = scene
        .command(follow)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    scene.record();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout == [SAMPLE, SAMPLE].concat());
    let part = scene.run([
        "view", "--stream", "video", "--clip", "1", "--seek", "70001",
    ]);
    assert!(part.status.success() && SAMPLE[70_001..].starts_with(&part.stdout));
    assert!(!part.stdout.is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn an_endless_pipe_takes_little_memory() {
    let scene = Scene::paired();
    let record = ["record", "--session-bytes", "1000000", "--session", "1h"];
    let mut child = scene
        .command(record)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut peaks = Vec::new();
    for _ in 0..2 {
        for _ in 0..24 {
            input.write_all(&vec![5; 1_000_000]).unwrap();
        }
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let peak = peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
        peaks.push(peak);
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    assert!(peaks[1] < 48 * 1024, "peaks of {peaks:?} kB for 48 MB");
}

#[cfg(unix)]
#[test]
fn what_is_private_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::paired();
    scene.json(["member", "new", "alice"]);
    scene.record();
    scene.view("anna", "1");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in [
        "phones/anna/phone",
        "cameras/door/camera",
        "members/alice/member",
    ] {
        let file = scene.path("eiot-home").join(name);
        assert_eq!(
            (mode(&file), mode(file.parent().unwrap())),
            (0o600, 0o700),
            "{name}"
        );
    }
    assert_eq!(
        (mode(&scene.path("words")), mode(&scene.path("out"))),
        (0o600, 0o600)
    );
}

#[test]
fn a_wrong_command_line_is_refused_with_what_to_do() {
    let scene = Scene::empty();
    for (args, code) in [
        (&["--help"][..], 0),
        (&["share", "--help"], 0),
        (&["nonsense"], 2),
        (&["view"], 2),
        (&["view", "--stream", "video"], 1),
        (&["camera", "pair", "Door", "--streams", "video"], 2),
        (&["link", "make", "--stream", "video", "--clip", "0"], 2),
        (&["status"], 1),
    ] {
        let output = scene.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
    }
    let help = String::from_utf8(scene.run(["share", "--help"]).stdout).unwrap();
    assert!(help.contains("eiot share --stream video --to alice"));
    scene.refused(["nonsense"], "usage");
    let missing = scene.refused(["status"], "local-missing");
    assert!(text(&missing, "advice").contains("eiot account create"));
    scene.json([
        "account",
        "create",
        "--phone",
        "anna",
        "--passphrase-to",
        "words",
    ]);
    let nowhere = scene.refused(["--store", "nowhere", "status"], "store-unavailable");
    assert!(text(&nowhere, "message").contains("nowhere") && !scene.path("nowhere").exists());
    scene.refused(["view", "--stream", "video", "-o", "out"], "unknown-stream");
    fs::write(scene.path("eiot-home/phones/anna/phone"), b"garbage").unwrap();
    let broken = scene.refused(["status"], "local-state");
    assert!(text(&broken, "while").contains("phones/anna/phone"));
}
