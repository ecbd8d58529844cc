//! Policies on the command line.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::scene::{SAMPLE, Scene, kill, text, wait};

/// The worked example.
const EXAMPLE: &str = include_str!("../../../assets/policy.toml");

/// An account with two streams, two phones, and everyone whom the example names on this machine.
fn scene() -> Scene {
    let scene = Scene::account();
    scene.json(["camera", "pair", "door", "--streams", "video,audio"]);
    for member in ["alice", "bob", "acme", "laptop"] {
        scene.json(["member", "new", member]);
    }
    scene.write(EXAMPLE);
    scene
}

impl Scene {
    fn write(&self, policy: &str) {
        fs::write(self.path("home.toml"), policy).unwrap();
    }

    fn policy(&self, command: &str) -> (i32, Value) {
        self.ask(["policy", command, "home.toml", "--as", "anna"])
    }
}

fn kinds(json: &Value, list: &str) -> Vec<String> {
    let all = json[list].as_array().unwrap_or_else(|| panic!("{json}"));
    all.iter().map(|one| text(one, "kind")).collect()
}

#[test]
fn the_worked_example_is_planned_applied_and_checked() {
    let scene = scene();
    scene.json(["phone", "enroll", "tablet"]);
    let objects = || scene.files("eiot-store").len();
    let before = objects();
    // Planning and checking need no passphrase and write nothing.
    let without = |command| {
        let mut run = scene.command(["policy", command, "home.toml", "--as", "anna", "--json"]);
        let output = run.env_remove("EIOT_PASSPHRASE").output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), json)
    };
    let (code, plan) = without("plan");
    let steps = [
        "drop-phone",
        "all-streams",
        "add-provider",
        "grant",
        "grant",
    ];
    assert_eq!(
        (code, kinds(&plan, "steps")),
        (0, steps.map(str::to_owned).to_vec())
    );
    let gains = &plan["steps"][2]["effects"][0];
    assert_eq!(
        (&gains["who"], &gains["gains"]),
        (&"acme".into(), &true.into())
    );
    assert_eq!(gains["camera"], "door");
    let (code, drift) = without("check");
    assert_eq!((code, drift["error"].as_str()), (1, Some("drift")));
    assert!(kinds(&drift, "drift").contains(&"lost-phone".to_owned()));
    assert_eq!(objects(), before);
    assert_eq!(without("apply").0, 2, "applying needs the passphrase");

    let (code, applied) = scene.policy("apply");
    assert_eq!((code, kinds(&applied, "steps").len()), (0, steps.len()));
    assert_eq!(applied["not_acknowledged"].as_array().unwrap().len(), 2);
    let (code, drift) = scene.policy("check");
    let waiting = ["not-acknowledged", "not-acknowledged"].map(str::to_owned);
    assert_eq!((code, kinds(&drift, "drift")), (1, waiting.to_vec()));
    scene.json(["camera", "sync"]);
    let (code, drift) = scene.policy("check");
    assert_eq!((code, kinds(&drift, "drift")), (0, Vec::new()));
    let before = objects();
    let (code, again) = without("apply");
    assert_eq!(
        (code, kinds(&again, "steps").len(), objects()),
        (0, 0, before)
    );

    scene.record();
    for member in ["alice", "acme", "laptop"] {
        assert!(scene.view(member, "1,2,3") == SAMPLE, "{member}");
    }
    scene.closed("bob", "1", "no-envelope");
    scene.refused(["phone", "sync", "--as", "tablet"], "phone-not-listed");
    // Taken out of the file, taken out of the account.
    let less = EXAMPLE.replace("to = [\"alice\"]", "to = [\"bob\"]");
    scene.write(
        &less
            .replace("from = 2099", "#")
            .replace("for = \"4h\"", "#"),
    );
    let (code, applied) = scene.policy("apply");
    assert_eq!(code, 0, "{applied}");
    scene.json(["camera", "sync"]);
    scene.record();
    scene.closed("alice", "4", "no-envelope");
    assert!(scene.view("bob", "4,5,6") == SAMPLE);
}

#[test]
fn a_member_of_another_machine_comes_with_card_and_number() {
    let scene = Scene::paired();
    let account = scene.account_id();
    let bob = |args: &[&str]| scene.json([&["--home", "bobs"], args].concat());
    let card = text(&bob(&["member", "new", "bob"]), "card");
    let number = text(&bob(&["member", "number", "--account", &account]), "number");
    let file = |number: &str| {
        format!(
            "[members.bob]\ncard = {card:?}\nnumber = {number:?}\n\
             [[share]]\nto = [\"bob\"]\nstreams = [\"video\"]\n"
        )
    };
    scene.write(&file(&number.replace('1', "2").replace('0', "1")));
    scene.refused(["policy", "apply", "home.toml"], "safety-number");
    scene.write(&file(&number));
    scene.json(["policy", "apply", "home.toml"]);
    scene.json(["camera", "sync"]);
    bob(&["member", "pin", "--account", &account, "--number", &number]);
    scene.record();
    bob(&["view", "--stream", "video", "-o", "bob.ts"]);
    assert!(fs::read(scene.path("bob.ts")).unwrap() == SAMPLE);
}

#[test]
fn what_cannot_be_met_is_refused_with_line_and_reason() {
    let scene = scene();
    let before = scene.files("eiot-store");
    let place = |file: &str, at: &str| {
        let before = &file[..file.find(at).unwrap()];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (before.matches('\n').count() + 1, before.len() - start + 1)
    };
    let all = [
        ("= \"7d\"", "= \"60d\"", "lease-out-of-range", "\"60d\""),
        ("[\"alice\"]", "[\"zoe\"]", "unverified-member", "\"zoe\""),
        ("\"audio\"]", "\"radio\"]", "unknown-stream", "\"radio\""),
        (
            "event-timeline",
            "event-line",
            "unknown-feature",
            "event-line",
        ),
        ("delay = ", "delays = ", "policy-syntax", "delays"),
        ("2099-12-24T18", "1999-12-24T18", "no-clips", "1999"),
        (
            "website]",
            "link-sharing]",
            "not-in-scheme",
            "link-sharing]",
        ),
        ("[\"bob\"]", "[\"alice\"]", "contradiction", "2099"),
        ("\"tablet\"", "\"anna\"", "this-phone", "\"anna\""),
    ];
    for (from, to, reason, at) in all {
        let file = EXAMPLE.replace(from, to);
        assert_ne!(file, EXAMPLE, "{from}");
        scene.write(&file);
        let (line, column) = place(&file, at);
        for command in ["plan", "apply", "check"] {
            let refused = scene.refused(["policy", command, "home.toml"], reason);
            let first = &refused["refusals"][0];
            let told = (&first["line"], &first["column"]);
            assert_eq!(told, (&line.into(), &column.into()), "{refused}");
            let told = text(&refused, "message");
            assert!(
                told.starts_with(&format!("home.toml:{line}:{column}: ")),
                "{told}"
            );
            assert!(!text(first, "advice").is_empty());
        }
    }
    assert_eq!(scene.files("eiot-store"), before, "nothing was written");
    let missing = scene.refused(["policy", "plan", "other.toml"], "input");
    assert!(text(&missing, "while").contains("other.toml"));
    let plain = scene.run(["policy", "check", "home.toml"]);
    let told = String::from_utf8(plain.stderr).unwrap();
    let (line, column) = place(&EXAMPLE.replace("tablet", "anna"), "\"anna\"");
    let expected = format!("home.toml:{line}:{column}: anna is the phone that acts [this-phone]");
    assert!(told.contains(&expected), "{told}");
}

#[test]
fn an_apply_that_is_killed_completes_when_it_is_run_again() {
    let scene = scene();
    let before = scene.files("eiot-store").len();
    let apply = ["policy", "apply", "home.toml"];
    let child = scene.command(apply).stdout(Stdio::null()).spawn();
    wait("a first write", || scene.files("eiot-store").len() > before);
    kill(child.unwrap());
    let (code, applied) = scene.policy("apply");
    assert_eq!(code, 0, "{applied}");
    scene.json(["camera", "sync"]);
    assert_eq!(scene.policy("check").0, 0);
}

#[test]
fn a_lease_is_extended_without_the_passphrase() {
    let scene = scene();
    scene.write(&EXAMPLE.replace("7d", "8s"));
    assert_eq!(scene.policy("apply").0, 0);
    scene.json(["camera", "sync"]);
    wait("half of the lease", || scene.policy("check").0 == 1);
    let mut apply = scene.command(["policy", "apply", "home.toml", "--json"]);
    let output = apply.env_remove("EIOT_PASSPHRASE").output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        kinds(&json, "steps"),
        ["renew-lease", "renew-lease"],
        "{json}"
    );
    assert_eq!(scene.policy("check").0, 0);
}
