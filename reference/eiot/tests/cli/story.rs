//! What the program is for.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::scene::{SAMPLE, Scene, text};

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
fn a_cameras_clock_is_set_back_once() {
    let scene = Scene::paired();
    scene.record();
    let stream = |scene: &Scene| scene.json(["status"])["streams"][0].clone();
    assert_eq!(stream(&scene)["clock_ahead"], serde_json::Value::Null);
    assert_eq!(stream(&scene)["clock_behind"], serde_json::Value::Null);
    let (code, told) = scene.ask(["camera", "clock", "door"]);
    assert_eq!((code, text(&told, "error")), (2, "usage".to_owned()));
    let (code, _) = scene.ask(["camera", "clock", "attic", "--back", "1h"]);
    assert_eq!(code, 2);
    scene.json(["camera", "clock", "door", "--back", "1h"]);
    let synced = scene.json(["camera", "sync"]);
    assert_eq!(synced["corrected"], serde_json::json!([1]));
    let synced = scene.json(["camera", "sync"]);
    assert_eq!(synced["corrected"], serde_json::json!([]));
    scene.record();
    assert_eq!(stream(&scene)["clock_behind"], serde_json::Value::Null);
}

#[test]
fn a_phone_that_was_kept_unlocked_is_dropped_only_if_the_owner_knows() {
    let scene = Scene::paired();
    scene.json(["phone", "enroll", "tablet"]);
    scene.json(["phone", "keep-unlocked", "--as", "tablet"]);
    scene.json(["phone", "keep-unlocked", "--as", "tablet", "--off"]);
    let lose = ["phone", "lose", "tablet", "--as", "anna"];
    scene.refused(lose, "phone-unlocked");
    let renew = ["--new-passphrase", "--passphrase-to", "new"];
    scene.refused(lose.iter().chain(&renew), "phone-unlocked");
    scene.json(lose.iter().chain(&["--although-unlocked"]));
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

#[test]
fn two_devices_follow_through_a_rotation() {
    let scene = Scene::paired();
    scene.json(["member", "new", "alice"]);
    scene.json(["share", "--stream", "video", "--to", "alice"]);
    let follow = |viewer: &str| {
        let arguments = [
            "view", "--stream", "video", "--follow", "--from", "1", "--idle", "5s", "--as", viewer,
        ];
        let mut command = scene.command(arguments);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    scene.record();
    let followers = ["anna", "alice"].map(follow);
    scene.json(["rotate", "--stream", "video"]);
    scene.record();
    for follower in followers {
        let output = follower.wait_with_output().unwrap();
        assert!(output.status.success() && output.stdout == [SAMPLE, SAMPLE].concat());
    }
}

#[test]
fn features_are_played_and_an_unknown_one_is_refused() {
    let scene = Scene::empty();
    let arguments = [
        "features",
        "--feature",
        "shared-users",
        "--scheme",
        "ring-e2ee",
        "--scheme",
        "repaired",
    ];
    let json = scene.json(arguments);
    let cells = &json["rows"][0]["cells"];
    assert_eq!(cells[0]["extent"], "unavailable");
    assert_eq!(cells[1]["extent"], "available");
    assert_eq!(cells[1]["exposure"][0]["clips"], serde_json::json!([2, 3]));
    let without = [
        "features",
        "--feature",
        "preview-alerts",
        "--decoder",
        "none-here",
    ];
    let json = scene.json(without);
    assert!(json["rows"][0]["cells"][3]["extent"].is_null(), "not run");
    let (code, json) = scene.ask(["features", "--feature", "telepathy"]);
    assert_eq!(code, 2);
    assert!(text(&json, "message").contains("telepathy"));
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

/// A camera is given a new key, in its own place; then it is retired.
#[test]
fn a_camera_is_replaced_and_retired() {
    let scene = Scene::paired();
    scene.record();
    let before = scene.view("anna", "1,2,3");
    let other = [
        "camera",
        "pair",
        "door",
        "--streams",
        "audio",
        "--replace",
        "--again",
    ];
    scene.refused(other, "unknown-stream");
    let unknown = ["camera", "pair", "gate", "--streams", "video", "--replace"];
    scene.refused(unknown, "usage");
    scene.json([
        "camera",
        "pair",
        "door",
        "--streams",
        "video",
        "--replace",
        "--again",
    ]);
    scene.record();
    assert_eq!(scene.view("anna", "1,2,3"), before);
    assert_eq!(scene.view("anna", "4,5,6"), before);
    let status = scene.json(["status"]);
    assert_eq!(status["streams"][0]["retired"], false);
    assert_eq!(status["streams"][0]["clips"], 6);
    assert_eq!(
        status["streams"][0]["epoch"],
        status["streams"][0]["epoch_in_force"]
    );

    let none = ["camera", "retire", "door", "--clips", "video=2"];
    scene.refused(none, "no-such-clip");
    let retired = scene.json(["camera", "retire", "door", "--clips", "video=5"]);
    assert_eq!(retired["streams"][0]["clips"], 5);
    scene.refused(["camera", "retire", "door"], "wrong-camera");
    let two = scene.view("anna", "1,2");
    assert_eq!(scene.view("anna", "4,5"), two);
    scene.closed("anna", "6", "no-such-clip");
    let synced = scene.json(["camera", "sync"]);
    assert_eq!(synced["relieved"][0], "video");
    assert_eq!(
        scene.json(["camera", "list"])["cameras"][0]["streams"][0]["relieved"],
        true
    );
    let record = ["record", "--camera", "door", "--stream", "video", "film.ts"];
    scene.refused(record, "camera-relieved");
    let status = scene.json(["status"]);
    assert_eq!(status["streams"][0]["retired"], true);
    scene.json(["extend", "lease"]);
    let again = [
        "camera",
        "pair",
        "door",
        "--streams",
        "video",
        "--replace",
        "--again",
        "--without-evidence",
    ];
    scene.json(again);
    scene.record();
    assert_eq!(scene.view("anna", "6,7,8"), before);
}
