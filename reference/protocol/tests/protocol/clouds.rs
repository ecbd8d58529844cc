//! Every cloud does the same, and gives a body piece by piece.

use encryptediot_store::{DirectoryCloud, ObjectCloud};
use std::io::{Read, Write};

use encryptediot::cloud::Cloud;
use encryptediot::segment::{SEALED_SEGMENT, SEGMENT};
use encryptediot::view;
use encryptediot_testkit::*;

/// Notes how much of the body was read when bytes came out, each time.
struct Noting(MemoryCloud, Vec<usize>);

impl Write for Noting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.push(self.0.streamed().1);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn bytes_come_a_segment_at_a_time_by_one_request_and_nothing_before_them_is_read() {
    let mut home = home();
    home.sync_phone("phone").unwrap();
    let clip = home.record("door", "x", &vec![7; 20 * SEGMENT]).unwrap();
    let (inside, id) = (home.cloud.clone(), home.id());
    let opened = home.phone("phone").unwrap();
    let opened = opened.open(&inside, &n("x"), clip).unwrap();
    for first in [0, 1, 10, 19] {
        let cloud = MemoryCloud::with(inside.objects());
        let mut out = Noting(cloud.clone(), Vec::new());
        view::read(&cloud, &id, &opened, first, &mut out).unwrap();
        let left = 20 - usize::try_from(first).unwrap();
        let expected: Vec<usize> = (1..=left).map(|count| count * SEALED_SEGMENT).collect();
        assert_eq!(out.1, expected, "from segment {first}");
        assert_eq!(cloud.streamed().0, 1);
    }
}

/// A body too large for one write goes up in parts; a directory of the same file system takes the file itself.
#[test]
fn an_object_from_a_large_file() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("file"), folder.path().join("other"));
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|i| (i / 1000) as u8).collect();
    std::fs::write(&file, &bytes).unwrap();
    std::fs::write(&other, &bytes[1..]).unwrap();
    let directory = folder.path().join("cloud");
    let clouds: [Box<dyn Cloud>; 2] = [
        Box::new(ObjectCloud::memory().unwrap()),
        Box::new(DirectoryCloud::create(&directory).unwrap()),
    ];
    for cloud in clouds {
        cloud.create_from("a/b", &file).unwrap();
        assert!(cloud.get("a/b").unwrap() == bytes);
        cloud.create_from("a/b", &file).unwrap();
        assert_eq!(reason(cloud.create_from("a/b", &other)), "conflict");
        assert!(cloud.get("a/b").unwrap() == bytes);
        let missing = cloud.create_from("a/c", &folder.path().join("missing"));
        assert_eq!(reason(missing), "local-state");
        assert_eq!(cloud.list("a").unwrap(), ["a/b"]);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let inode = |path: &std::path::Path| std::fs::metadata(path).unwrap().ino();
        assert_eq!(inode(&directory.join("a/b")), inode(&file));
    }
    std::fs::remove_file(&file).unwrap();
    let cloud = DirectoryCloud::open(&directory).unwrap();
    assert!(cloud.get("a/b").unwrap() == bytes);
}

/// What is done to a cloud, at a handful of places.
#[derive(Clone, Debug)]
enum Do {
    Create(u8, u8),
    Put(u8, u8),
    Find(u8),
    Read(u8, u8),
    CreateFrom(u8, u8),
    List(u8),
    Delete(u8),
}

impl quickcheck::Arbitrary for Do {
    fn arbitrary(g: &mut quickcheck::Gen) -> Self {
        let mut byte = || u8::arbitrary(g) % 6;
        let (kind, a, b, other) = (byte(), byte(), byte(), byte());
        match kind {
            0 if other < 3 => Self::CreateFrom(a, b),
            0 => Self::Create(a, b),
            1 => Self::Put(a, b),
            2 => Self::Find(a),
            3 => Self::Read(a, b),
            4 => Self::List(a),
            _ => Self::Delete(a),
        }
    }
}

fn done(cloud: &dyn Cloud, what: &Do) -> String {
    let path = |place: u8| ["a/b", "a/c", "ab/c", "a/d/e", "b", "c/d"][usize::from(place)];
    let bytes = |length: u8| vec![length; usize::from(length)];
    let folder = |place: u8| ["a", "ab", "a/d", "b", "c", "x"][usize::from(place)];
    match *what {
        Do::Create(place, length) => format!("{:?}", cloud.create(path(place), &bytes(length))),
        Do::Put(place, length) => format!("{:?}", cloud.put(path(place), &bytes(length))),
        Do::Find(place) => format!("{:?}", cloud.find(path(place))),
        Do::Read(place, from) => {
            let read = cloud.read(path(place), u64::from(from)).map(|found| {
                let mut bytes = Vec::new();
                found.map(|mut found| found.read_to_end(&mut bytes).map(|_| bytes).ok())
            });
            format!("{read:?}")
        }
        Do::CreateFrom(place, length) => {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes(length)).unwrap();
            format!("{:?}", cloud.create_from(path(place), file.path()))
        }
        Do::List(place) => {
            let listed = cloud.list(folder(place)).map(|mut paths| {
                paths.sort();
                paths
            });
            format!("{listed:?} {:?}", cloud.folders(folder(place)))
        }
        Do::Delete(place) => format!("{:?}", cloud.delete(path(place))),
    }
}

#[test]
fn every_cloud_does_the_same() {
    fn property(all: Vec<Do>) -> bool {
        let directory = tempfile::tempdir().unwrap();
        let clouds: [Box<dyn Cloud>; 3] = [
            Box::new(MemoryCloud::default()),
            Box::new(ObjectCloud::memory().unwrap()),
            Box::new(DirectoryCloud::open(directory.path()).unwrap()),
        ];
        all.iter().all(|what| {
            let [a, b, c] = [0, 1, 2].map(|cloud| done(&*clouds[cloud], what));
            a == b && b == c
        })
    }
    quickcheck::QuickCheck::new().quickcheck(property as fn(Vec<Do>) -> bool);
}
