//! A refusal of the store or of a device's files has SPEC's reason, and the system's error as its source.

use std::error::Error as _;
use std::io::ErrorKind;
use std::path::Path;

use encryptediot::Error;
use encryptediot::cloud::Cloud;
use encryptediot::error::StoreError;
use encryptediot_store::{DirectoryCloud, Home};

/// The reason of an error, and the kind of the system's error at the end of its chain of sources.
fn told(error: &Error) -> (&'static str, Option<ErrorKind>) {
    let mut source = error.source();
    let mut kind = None;
    while let Some(error) = source {
        let io = error.downcast_ref::<std::io::Error>();
        kind = io.map(std::io::Error::kind).or(kind);
        source = error.source();
    }
    (error.reason(), kind)
}

fn refused<T>(result: Result<T, Error>) -> Error {
    match result {
        Ok(_) => panic!("nothing was refused"),
        Err(error) => error,
    }
}

#[test]
fn a_store_whose_directory_cannot_be_made_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, b"no directory").unwrap();
    let error = refused(DirectoryCloud::create(&file.join("store")));
    let expected = ("store-unavailable", Some(ErrorKind::NotADirectory));
    assert_eq!(told(&error), expected);
    // By value the reason is as it was.
    assert_eq!(error, StoreError::Unavailable.into());
    assert_eq!(error.to_string(), StoreError::Unavailable.to_string());
}

/// Nobody makes a directory in /sys, not root either.
#[cfg(target_os = "linux")]
#[test]
fn a_permission_that_is_missing_is_said() {
    let error = refused(DirectoryCloud::create(Path::new("/sys/eiot")));
    let expected = ("store-unavailable", Some(ErrorKind::PermissionDenied));
    assert_eq!(told(&error), expected);
    let error = refused(Home::open(Path::new("/sys/eiot")));
    let expected = ("local-state", Some(ErrorKind::PermissionDenied));
    assert_eq!(told(&error), expected);
}

#[test]
fn an_object_that_cannot_be_written_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = DirectoryCloud::create(directory.path()).unwrap();
    cloud.create("account/object", b"a file").unwrap();
    for error in [
        refused(cloud.create("account/object/below", b"x")),
        refused(cloud.put("account/object/below", b"x")),
    ] {
        assert_eq!(error.reason(), "store-unavailable");
        assert!(error.source().is_some());
    }
    // A name longer than any file system takes.
    let error = refused(cloud.put(&"x".repeat(5_000), b"x"));
    let expected = ("store-unavailable", Some(ErrorKind::InvalidFilename));
    assert_eq!(told(&error), expected);
}

#[test]
fn a_file_that_cannot_be_uploaded_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = DirectoryCloud::create(&directory.path().join("store")).unwrap();
    let error = refused(cloud.create_from("a", &directory.path().join("missing")));
    assert_eq!(told(&error), ("local-state", Some(ErrorKind::NotFound)));
    let error = refused(cloud.create_from("a", directory.path()));
    assert_eq!(told(&error), ("local-state", Some(ErrorKind::IsADirectory)));
}

#[test]
fn a_state_that_cannot_be_read_or_written_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("home");
    let home = Home::open(&path).unwrap();
    std::fs::create_dir(path.join("folder")).unwrap();
    let error = refused(home.load::<u64>("folder"));
    assert_eq!(told(&error), ("local-state", Some(ErrorKind::IsADirectory)));
    // A file that is simply not there is an answer.
    let error = refused(home.load::<u64>("nothing"));
    assert_eq!(told(&error), ("local-missing", None));
    std::fs::write(path.join("other"), b"not CBOR").unwrap();
    assert!(refused(home.load::<u64>("other")).source().is_some());
    std::fs::remove_dir_all(&path).unwrap();
    for error in [refused(home.save("a", &1_u64)), refused(home.names())] {
        assert_eq!(told(&error), ("local-state", Some(ErrorKind::NotFound)));
    }
}
