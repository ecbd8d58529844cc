//! The ordinary world: full disks, other stores, torn files, signals of a terminal that ends.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::scene::{SAMPLE, Scene, wait};

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
