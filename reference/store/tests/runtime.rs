//! A cloud whose calls block works inside a task of another async runtime too.
#![cfg(feature = "objects")]

use std::io::Read as _;

use encryptediot::cloud::Cloud;
use encryptediot::message::MAX_MESSAGE;
use encryptediot_store::{DirectoryCloud, ObjectCloud};

fn use_it(cloud: &dyn Cloud) {
    let bytes = vec![7; 100_000];
    cloud.create("a/b/c", &bytes).unwrap();
    assert_eq!(
        cloud.create("a/b/c", b"other").unwrap_err().reason(),
        "conflict"
    );
    assert_eq!(cloud.find("a/b/c").unwrap(), Some(bytes.clone()));
    let mut read = Vec::new();
    let mut from = cloud.read("a/b/c", 1).unwrap().unwrap();
    from.read_to_end(&mut read).unwrap();
    assert_eq!(read, bytes[1..]);
    cloud.put("a/d/e", b"x").unwrap();
    assert_eq!(cloud.list("a").unwrap(), ["a/b/c", "a/d/e"]);
    assert_eq!(cloud.folders("a").unwrap(), ["b", "d"]);
    cloud.delete("a/d/e").unwrap();
    assert_eq!(cloud.find("a/d/e").unwrap(), None);
}

#[test]
fn the_calls_block_and_work_inside_and_outside_of_a_runtime() {
    let directory = tempfile::tempdir().unwrap();
    for (number, inside) in [true, false].into_iter().enumerate() {
        let place = directory.path().join(number.to_string());
        let act = || {
            use_it(&ObjectCloud::memory().unwrap());
            use_it(&DirectoryCloud::create(&place).unwrap());
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        match inside {
            // Made, used and dropped in a task.
            true => runtime.block_on(async { act() }),
            false => act(),
        }
    }
}

/// A link's copy of a clip is longer than any message, and is written again after an interruption.
#[test]
fn an_object_of_any_length_is_the_same_when_it_is_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let clouds: [Box<dyn Cloud>; 2] = [
        Box::new(ObjectCloud::memory().unwrap()),
        Box::new(DirectoryCloud::create(directory.path()).unwrap()),
    ];
    let mut bytes = vec![7; MAX_MESSAGE + 100];
    for cloud in clouds {
        cloud.create("a/b", &bytes).unwrap();
        cloud.create("a/b", &bytes).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(
            cloud.create("a/b", &bytes).unwrap_err().reason(),
            "conflict"
        );
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(cloud.find("a/b").unwrap().unwrap().len(), MAX_MESSAGE + 1);
    }
}
