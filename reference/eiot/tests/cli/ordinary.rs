//! The ordinary world: full disks, other stores, torn files, signals of a terminal that ends.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use crate::scene::{SAMPLE, Scene, text, wait};

#[cfg(target_os = "linux")]
#[test]
fn what_nobody_could_read_is_no_success() {
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let scene = Scene::empty();
    let create = ["account", "create", "--phone", "anna"];
    let status = scene.command(create).stdout(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(scene.files("eiot-store").is_empty(), "nothing is published");
    let scene = Scene::paired();
    scene.record();
    let make = [
        "link", "make", "--stream", "video", "--clip", "1", "--until", "+1d",
    ];
    let status = scene.command(make).stdout(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    let links = scene.files("eiot-store");
    let mut links = links.iter().map(|file| file.to_string_lossy());
    assert!(
        !links.any(|file| file.contains("/links/")),
        "a link that nobody has"
    );
    let help = scene.command(["share", "--help"]).stdout(full()).status();
    assert_eq!(help.unwrap().code(), Some(1));
    for more in [None, Some("--json")] {
        let mut command = scene.command(["status"]);
        let status = command.args(more).stdout(full()).status().unwrap();
        assert_eq!(status.code(), Some(1));
    }
}

#[test]
fn clips_go_into_the_accounts_store_alone() {
    let scene = Scene::paired();
    fs::create_dir(scene.path("empty")).unwrap();
    let record = ["record", "--store", "empty", "film.ts"];
    let refused = scene.refused(record, "object-missing");
    assert_eq!(refused["waiting"], 3);
    assert!(refused["cause"].as_str().unwrap().ends_with("/root"));
    assert!(
        scene
            .files("empty")
            .iter()
            .all(|file| { !file.to_string_lossy().contains("/bodies/") })
    );
    // The same account, before its announcement.
    let root = scene.object("/root");
    let under = scene.path("empty").join(scene.account_id());
    fs::create_dir_all(&under).unwrap();
    fs::copy(root, under.join("root")).unwrap();
    scene.refused(["camera", "sync", "--store", "empty"], "object-missing");
    scene.json(["camera", "sync"]);
    assert!(scene.view("anna", "1,2,3") == SAMPLE);
}

#[test]
fn a_torn_object_at_a_clips_place_is_written_again() {
    let scene = Scene::paired();
    scene.record();
    let manifest = scene.object("manifests/video/000000000003");
    let whole = fs::read(&manifest).unwrap();
    fs::write(manifest.with_file_name("000000000004"), b"").unwrap();
    fs::write(manifest.with_file_name("000000000005"), &whole[..50]).unwrap();
    assert_eq!(scene.record()["waiting"], 0);
    assert!(scene.view("anna", "4,5,6") == SAMPLE);
    let ack = scene.object("acknowledgements/video/00000001");
    let whole = fs::read(&ack).unwrap();
    for torn in [&b""[..], &whole[..60]] {
        fs::write(&ack, torn).unwrap();
        scene.json(["camera", "sync"]);
        assert_eq!(fs::read(&ack).unwrap().len(), whole.len());
        scene.json(["status"]);
    }
}

#[test]
fn a_torn_file_on_the_camera_stops_one_clip() {
    let scene = Scene::paired();
    let away = scene.path("away");
    fs::rename(scene.path("eiot-store"), &away).unwrap();
    scene.record();
    fs::rename(&away, scene.path("eiot-store")).unwrap();
    let torn = scene.path("eiot-home/cameras/door/spool.video.000000000002");
    let whole = fs::read(&torn).unwrap();
    fs::write(&torn, b"").unwrap();
    let refused = scene.refused(["camera", "sync"], "local-state");
    assert_eq!(
        (
            refused["uploaded"].as_array().unwrap().len(),
            &refused["waiting"]
        ),
        (2, &1.into())
    );
    fs::write(&torn, whole).unwrap();
    scene.json(["camera", "sync"]);
    assert!(scene.view("anna", "1,2,3") == SAMPLE);
}

#[cfg(unix)]
#[test]
fn a_terminal_that_ends_ends_the_recording_in_order() {
    let scene = Scene::paired();
    let mut record = scene.command(["record"]);
    let mut child = record.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&SAMPLE[..60_000]).unwrap();
    let recording = || {
        let files = scene.files("eiot-home/cameras/door");
        files
            .iter()
            .any(|f| f.to_string_lossy().contains("/.body."))
    };
    wait("the session", recording);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-HUP", &id])
            .status()
            .unwrap()
            .success()
    );
    drop(input);
    assert!(child.wait().unwrap().success());
    assert!(scene.view("anna", "1") == SAMPLE[..60_000]);
}

#[cfg(unix)]
#[test]
fn nothing_takes_the_place_of_what_is_no_regular_file() {
    use std::os::unix::fs::{FileTypeExt as _, symlink};

    let scene = Scene::paired();
    scene.record();
    let view = |to: &std::path::Path| {
        let mut command = scene.command([
            "view", "--stream", "video", "--as", "anna", "--clip", "1", "-o",
        ]);
        command.arg(to).output().unwrap().status.code()
    };
    let null = scene.path("null");
    symlink("/dev/null", &null).unwrap();
    assert_eq!(view(&null), Some(0));
    assert!(fs::metadata(&null).unwrap().file_type().is_char_device());
    // A link to a file stays a link; one to nothing is refused.
    let (file, link) = (scene.path("seen.ts"), scene.path("link"));
    fs::write(&file, "before").unwrap();
    symlink(&file, &link).unwrap();
    assert_eq!(view(&link), Some(0));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read(&file).unwrap().len() > 1_000);
    let dangling = scene.path("dangling");
    symlink(scene.path("nowhere"), &dangling).unwrap();
    assert_eq!(view(&dangling), Some(1));
    assert!(!scene.path("nowhere").exists());
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_source_that_falls_silent_ends_its_session_and_hears_the_first_signal() {
    let scene = Scene::paired();
    let pipe = scene.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for (clip, before) in [(1, SAMPLE), (2, &[7; 50_000][..])] {
        let mut record = scene.command(["record", "--session", "1s", "pipe"]);
        let mut child = record.spawn().unwrap();
        let mut input = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        input.write_all(&before[..20_000]).unwrap();
        let manifest = format!("manifests/video/{clip:012}");
        wait("the clip", || {
            let files = scene.files("eiot-store");
            files
                .iter()
                .any(|file| file.to_string_lossy().ends_with(&manifest))
        });
        assert!(scene.view("anna", &clip.to_string()) == before[..20_000]);
        signal(&child, "-TERM");
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    // Nobody has opened the pipe for writing yet.
    let mut child = scene.command(["record", "pipe"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_stream_that_begins_inside_a_packet_is_cut_at_keyframes() {
    let scene = Scene::paired();
    let whole = scene.record();
    fs::write(scene.path("cut.ts"), &SAMPLE[101..]).unwrap();
    let cut = scene.json(["record", "cut.ts"]);
    assert_eq!(cut["clips"], whole["clips"]);
    assert!(scene.view("anna", "2,3") == scene.view("anna", "5,6"));
}

#[test]
fn what_a_failed_command_has_begun_is_said_when_it_fails_and_when_it_is_finished() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    let scene = Scene::paired();
    let other = [
        "account", "create", "--phone", "b", "--home", "h2", "--store", "s2",
    ];
    let created = scene.command(other).output().unwrap();
    assert!(created.stderr.is_empty(), "{created:?}");
    let vaults = scene.object("/vault/00000001").parent().unwrap().to_owned();
    let change = ["account", "passphrase", "--passphrase-to", "new"];
    let mut command = scene.command(change);
    // The store takes nothing new; to the superuser it would.
    let mode = |mode| fs::set_permissions(&vaults, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    if fs::metadata(scene.path("")).unwrap().uid() == 0 {
        let (program, all) = (scene.path("eiot"), scene.path(""));
        fs::copy(env!("CARGO_BIN_EXE_eiot"), &program).unwrap();
        let given = Command::new("chown")
            .args(["-R", "65534"])
            .arg(all)
            .status();
        assert!(given.unwrap().success());
        std::os::unix::fs::chown(&vaults, Some(0), None).unwrap();
        command = scene.run_by(&program, change);
        command.uid(65534);
    }
    let output = command.output().unwrap();
    mode(0o755);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("begun and not undone") && said.contains("the old one counts"),
        "{said}"
    );
    let output = scene.command(["phone", "sync"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("is finished") && said.contains("the new one counts"),
        "{said}"
    );
    let output = scene.command(["phone", "sync"]).output().unwrap();
    assert!(
        !String::from_utf8(output.stderr)
            .unwrap()
            .contains("finished")
    );
}

#[test]
fn clips_of_a_file_that_was_not_written_are_not_seen() {
    let scene = Scene::paired();
    scene.record();
    let body = scene
        .files("eiot-store")
        .into_iter()
        .rfind(|file| file.to_string_lossy().contains("/bodies/"));
    let body = body.unwrap();
    let whole = fs::read(&body).unwrap();
    fs::write(&body, &whole[..100]).unwrap();
    let view = ["view", "--stream", "video", "-o", "film"];
    let (code, failed) = scene.ask(view);
    assert_eq!(code, 1, "{failed}");
    assert!(!scene.path("film").exists());
    fs::write(&body, &whole).unwrap();
    assert_eq!(scene.json(view)["new"], 3, "none was seen before");
    assert_eq!(scene.json(view)["again"], 3);
}

#[test]
fn following_outlives_a_store_that_goes_away() {
    let scene = Scene::paired();
    scene.record();
    let follow = [
        "view", "--stream", "video", "--follow", "--from", "1", "--idle", "6s", "-o", "film",
    ];
    let child = scene
        .command(follow)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let (store, away) = (scene.path("eiot-store"), scene.path("away"));
    // What was opened before stays open: the account's folder goes.
    let id = scene.account_id();
    fs::rename(store.join(&id), &away).unwrap();
    fs::write(store.join(&id), "no folder").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    fs::remove_file(store.join(&id)).unwrap();
    fs::rename(&away, store.join(&id)).unwrap();
    scene.record();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("waiting for the store"));
    assert!(fs::read(scene.path("film")).unwrap() == [SAMPLE, SAMPLE].concat());
}

/// The store is away for one object in the middle of what is viewed: a manifest, then a body.
#[test]
fn following_takes_up_the_clip_that_broke_off() {
    let scene = Scene::paired();
    scene.record();
    let bodies = scene.files("eiot-store").into_iter();
    let mut body = bodies.filter(|file| file.to_string_lossy().contains("/bodies/"));
    let away = [
        scene.object("manifests/video/000000000002"),
        body.next_back().unwrap(),
    ];
    let kept = |object: &std::path::Path| object.with_extension("kept~");
    for object in &away {
        fs::rename(object, kept(object)).unwrap();
        fs::create_dir(object).unwrap();
    }
    let follow = [
        "view", "--stream", "video", "--follow", "--from", "1", "--idle", "5s", "--json", "-o",
        "film",
    ];
    let mut view = scene.command(follow);
    let child = view.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    for object in &away {
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        fs::remove_dir(object).unwrap();
        fs::rename(kept(object), object).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["opened"], &json["new"]),
        (&3.into(), &3.into()),
        "{json}"
    );
    assert!(fs::read(scene.path("film")).unwrap() == SAMPLE);
}

#[test]
fn a_camera_without_room_uploads_what_fills_it() {
    let scene = Scene::paired();
    let away = scene.path("away");
    fs::rename(scene.path("eiot-store"), &away).unwrap();
    scene.record();
    let full = ["record", "--spool-bytes", "1000", "film.ts"];
    let refused = scene.refused(full, "local-state");
    assert!(refused["cause"].as_str().unwrap().contains("--spool-bytes"));
    fs::rename(&away, scene.path("eiot-store")).unwrap();
    // A file that is written anew is another file.
    let state = || {
        let about = fs::metadata(scene.path("eiot-home/cameras/door/camera"));
        std::os::unix::fs::MetadataExt::ino(&about.unwrap())
    };
    let before = state();
    assert_eq!(scene.json(["camera", "sync"])["waiting"], 0);
    assert_eq!(state(), before, "uploading needs no room on the camera");
    assert!(scene.view("anna", "1,2,3") == SAMPLE);
}

#[test]
fn nothing_is_said_to_be_done_in_an_empty_store() {
    let scene = Scene::paired();
    scene.record();
    let make = ["link", "make", "--stream", "video", "--clip", "1"];
    let link = text(&scene.json(make), "link");
    fs::create_dir(scene.path("empty")).unwrap();
    let elsewhere = |args: &[&str]| {
        let args = args.iter().copied().chain(["--store", "empty"]);
        let (code, json) = scene.ask(args);
        assert_eq!(code, 1, "{json}");
        assert!(scene.files("empty").is_empty());
    };
    elsewhere(&["link", "remove", &link]);
    elsewhere(&["phone", "keep-unlocked", "--off"]);
    elsewhere(&["camera", "sync"]);
    elsewhere(&["phone", "sync"]);
    let offer = text(&scene.json(["camera", "offer"]), "offer");
    let join = [
        "camera",
        "join",
        "attic",
        "--streams",
        "attic",
        "--offer",
        &offer,
    ];
    elsewhere(&join);
    scene.json(join);
    scene.json(["link", "remove", &link]);
}

#[test]
fn an_object_beyond_every_limit_is_not_taken_into_memory() {
    let scene = Scene::paired();
    let roster = scene.object("/roster/00000002").with_file_name("00000003");
    let file = fs::File::create(&roster).unwrap();
    file.set_len(1 << 40).unwrap();
    let (code, json) = scene.ask(["phone", "sync"]);
    assert_eq!((code, &json["error"]), (1, &"too-large".into()), "{json}");
}

#[test]
fn a_members_keys_are_exported_for_another_implementation() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::paired();
    scene.json(["member", "new", "alice"]);
    scene.json(["share", "--stream", "video", "--to", "alice"]);
    scene.json(["member", "sync", "--as", "alice"]);
    let export = ["member", "export", "--as", "alice", "--to", "keys"];
    scene.json(export);
    let file = scene.path("keys");
    let keys: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let is_key = |key: &serde_json::Value| key.as_str().is_some_and(|key| key.len() == 64);
    assert!(is_key(&keys["key"]));
    assert_eq!(keys["accounts"][0]["account"], scene.account_id());
    let pairwise = keys["accounts"][0]["pairwise"].as_object().unwrap();
    assert!(pairwise.len() == 1 && pairwise.values().all(is_key));
    scene.refused(export, "output");
}

#[test]
fn one_offer_is_answered_by_one_camera() {
    let scene = Scene::account();
    let offer = text(&scene.json(["camera", "offer"]), "offer");
    let join = |name: &str| -> Vec<String> {
        let args = [
            "camera",
            "join",
            name,
            "--streams",
            name,
            "--offer",
            &offer,
            "--home",
            name,
        ];
        args.map(str::to_owned).to_vec()
    };
    scene.json(join("first"));
    scene.refused(join("second"), "conflict");
    scene.json(["camera", "accept", "first"]);
    let cameras = scene.json(["account", "show"]);
    assert_eq!(cameras["cameras"][0]["streams"][0], "first", "{cameras}");
}

/// Two phones of one machine that pair at the same time: neither waits for the other's directory.
#[test]
fn two_phones_that_act_at_once_do_not_wait_for_each_other() {
    let scene = Scene::paired();
    scene.json(["phone", "enroll", "tablet"]);
    for round in 0..3 {
        let pair = |phone: &str| {
            let name = format!("{phone}{round}");
            let args = ["camera", "pair", &name, "--streams", &name, "--as", phone];
            let mut command = scene.command(args);
            let child = command.stdout(Stdio::null()).stderr(Stdio::piped());
            child.spawn().unwrap()
        };
        let mut both = [pair("anna"), pair("tablet")];
        wait("both phones", || {
            both.iter_mut()
                .all(|child| child.try_wait().unwrap().is_some())
        });
        let ended = both.map(|child| child.wait_with_output().unwrap());
        let done = ended.iter().filter(|output| output.status.success());
        assert!(done.count() >= 1, "{ended:?}");
        for output in ended.iter().filter(|output| !output.status.success()) {
            // One of them may have been first; nobody is told not to trust the store.
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("[conflict]"), "{said}");
        }
    }
}

/// A camera was stopped between a clip and its state, and its disk is full: what it owes goes up all the same.
#[test]
fn a_clip_that_the_state_does_not_know_is_uploaded() {
    let scene = Scene::paired();
    let state = scene.path("eiot-home/cameras/door/camera");
    let before = fs::read(&state).unwrap();
    let away = scene.path("away");
    fs::rename(scene.path("eiot-store"), &away).unwrap();
    scene.json(["record", "--session", "20s", "film.ts"]);
    fs::rename(&away, scene.path("eiot-store")).unwrap();
    fs::write(&state, &before).unwrap();
    assert_eq!(scene.json(["camera", "sync"])["waiting"], 0);
    assert!(
        fs::read(&state).unwrap() != before,
        "the number is not given out again"
    );
    assert!(scene.view("anna", "1") == SAMPLE);
    assert_eq!(scene.record()["first"], 2);
}
