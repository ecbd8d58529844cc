//! What goes wrong, and what then happens.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::scene::{SAMPLE, Scene, kill, text, wait};

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
    use encryptediot::owner;
    use encryptediot::vault::Work;
    use encryptediot_store::Home;
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
    scene.json(pair);
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
    fs::write(scene.path("file"), b"no directory").unwrap();
    let create = [
        "--store",
        "file/store",
        "account",
        "create",
        "--phone",
        "ben",
    ];
    let broken = scene.refused(create, "store-unavailable");
    assert!(text(&broken, "cause").contains("Not a directory"));
    scene.refused(["view", "--stream", "video", "-o", "out"], "unknown-stream");
    fs::write(scene.path("eiot-home/phones/anna/phone"), b"garbage").unwrap();
    let broken = scene.refused(["status"], "local-state");
    assert!(text(&broken, "while").contains("phones/anna/phone"));
}

#[test]
fn decrypted_bytes_that_a_killed_command_left_are_removed() {
    let scene = Scene::paired();
    scene.record();
    fs::write(scene.path(".out.eiot-abcdef"), b"a part").unwrap();
    fs::write(scene.path(".other.eiot-abcdef"), b"another's").unwrap();
    assert!(scene.view("anna", "1,2,3") == SAMPLE);
    assert!(!scene.path(".out.eiot-abcdef").exists() && scene.path(".other.eiot-abcdef").exists());
}

/// What a killed recording has left of the session that it was in goes with the next recording; so does a body
/// whose manifest was never kept. What waits is not touched.
#[test]
fn what_a_killed_recording_leaves_is_removed() {
    let scene = Scene::paired();
    let home = scene.path("eiot-home/cameras/door");
    let bodies = || -> Vec<String> {
        let entries = fs::read_dir(&home).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.contains("body")).collect();
        names.sort();
        names
    };
    let mut recording = scene
        .command(["record", "--camera", "door", "--stream", "video"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = recording.stdin.take().unwrap();
    input.write_all(&[1; 300_000]).unwrap();
    wait("a session", || bodies().len() == 1);
    // A recording beside it, of the same camera, leaves it alone.
    assert_eq!(scene.record()["clips"], 3);
    assert_eq!(bodies().len(), 1);
    kill(recording);
    drop(input);
    fs::write(home.join("spool.video.000000000009.body"), b"never kept").unwrap();
    assert_eq!(bodies().len(), 2);
    // The store is away: what is recorded waits, each session with its body.
    fs::rename(scene.path("eiot-store"), scene.path("away")).unwrap();
    scene.record();
    let kept: Vec<String> = (4..=6)
        .map(|n| format!("spool.video.{n:012}.body"))
        .collect();
    assert_eq!(bodies(), kept);
    fs::rename(scene.path("away"), scene.path("eiot-store")).unwrap();
    scene.json(["camera", "sync"]);
    assert_eq!(bodies(), Vec::<String>::new());
    assert!(scene.view("anna", "4,5,6") == SAMPLE);
}

#[test]
fn a_command_that_waits_for_a_phone_says_for_whom() {
    let scene = Scene::account();
    let sync = |scene: &Scene| {
        let mut command = scene.command(["phone", "sync"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let lock = fs::File::options()
        .write(true)
        .open(scene.path("eiot-home/phones/anna/lock"))
        .unwrap();
    lock.lock().unwrap();
    write!(&lock, "4711").unwrap();
    let mut waiting = sync(&scene);
    let mut said = String::new();
    let mut from = std::io::BufReader::new(waiting.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut from, &mut said).unwrap();
    assert!(
        said.contains("process 4711") && said.contains("anna"),
        "{said}"
    );
    lock.unlock().unwrap();
    assert!(waiting.wait().unwrap().success());
    // Where nobody has it, there is nothing to say.
    let output = sync(&scene).wait_with_output().unwrap();
    assert!(
        !String::from_utf8(output.stderr)
            .unwrap()
            .contains("waiting")
    );
}

#[test]
fn a_command_that_waits_for_a_camera_keeps_no_other_from_the_phone() {
    let scene = Scene::paired();
    scene.json(["member", "new", "alice"]);
    scene.json(["share", "--stream", "video", "--to", "alice"]);
    scene.json(["camera", "sync"]);
    let lock = scene.path("eiot-home/phones/anna/lock");
    let waits = |args: &[&str]| {
        let child = scene.command(args).spawn().unwrap();
        let pid = child.id().to_string();
        // It has had the phone, and does not have it any more.
        wait("the phone", || {
            fs::read_to_string(&lock).unwrap() == pid
                && fs::File::open(&lock).unwrap().try_lock().is_ok()
        });
        scene.json(["phone", "sync"]);
        child
    };
    let mut revoke = waits(&["revoke", "--member", "alice", "--wait", "1m"]);
    assert_eq!(revoke.try_wait().unwrap(), None, "it waits");
    scene.json(["camera", "sync"]);
    assert!(revoke.wait().unwrap().success());
    scene.json(["camera", "offer"]);
    let mut accept = waits(&["camera", "accept", "shed", "--wait", "1m"]);
    assert_eq!(accept.try_wait().unwrap(), None, "it waits");
    kill(accept);
}

/// A power cut may keep the removal of a body and lose that of its manifest.
#[test]
fn a_clip_whose_manifest_comes_back_after_its_upload_stops_nothing() {
    let scene = Scene::paired();
    let away = scene.path("away");
    fs::rename(scene.path("eiot-store"), &away).unwrap();
    scene.record();
    fs::rename(&away, scene.path("eiot-store")).unwrap();
    let spooled = scene.path("eiot-home/cameras/door/spool.video.000000000001");
    let manifest = fs::read(&spooled).unwrap();
    scene.json(["camera", "sync"]);
    fs::write(&spooled, &manifest).unwrap();
    assert_eq!(scene.json(["camera", "sync"])["waiting"], 0);
    assert!(!spooled.exists());
    // If the cloud does not have it, it is not taken for uploaded.
    fs::write(&spooled, &manifest).unwrap();
    fs::remove_file(scene.object("manifests/video/000000000001")).unwrap();
    scene.refused(["camera", "sync"], "local-state");
    assert!(spooled.exists());
}
