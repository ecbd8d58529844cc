//! Store and local files: one case for each reason.

use super::*;

pub(super) fn object_missing() -> Result<()> {
    let mut home = home();
    home.cloud.drop_object(&home.paths().root());
    home.enroll("tablet", None)
}

pub(super) fn conflict() -> Result<()> {
    let mut home = home();
    home.enroll("tablet", None)?;
    // Between the moment at which `phone` reads and that at which it writes, `tablet` writes.
    let saved = Saved::of(&home);
    let ahead = std::cell::RefCell::new(saved.load(5));
    let cloud = home.cloud.clone();
    let tablet_first = |_: &encryptediot::phone::Phone| {
        let mut ahead = ahead.borrow_mut();
        ahead.rotate("tablet", &["x"])?;
        cloud.restore(ahead.cloud.objects());
        Ok(())
    };
    home.act_saving("phone", &tablet_first, |owner, env| {
        owner.rotate(&ns(&["x"]), env)
    })
}

pub(super) fn store_unavailable() -> Result<()> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "no directory").unwrap();
    encryptediot_store::DirectoryCloud::create(&file).map(drop)
}

pub(super) fn object_path() -> Result<()> {
    let mut home = home();
    home.rotate("phone", &["x"])?;
    let backups = home.cloud.under(&home.id(), "backups");
    for path in &backups {
        home.cloud.set(path, home.cloud.bytes(&backups[0]));
    }
    home.rotate("phone", &["x", "y"])
}

pub(super) fn device() -> (tempfile::TempDir, encryptediot_store::Home) {
    let directory = tempfile::tempdir().unwrap();
    let home = encryptediot_store::Home::open(&directory.path().join("device")).unwrap();
    (directory, home)
}

pub(super) fn local_state() -> Result<()> {
    let (_directory, device) = device();
    device.save("phone", &1_u64)?;
    device.load::<encryptediot::phone::State>("phone").map(drop)
}

pub(super) fn local_missing() -> Result<()> {
    let (_directory, device) = device();
    device.load::<encryptediot::phone::State>("phone").map(drop)
}

pub(super) fn local_exists() -> Result<()> {
    home().enroll("phone", None)
}

pub(super) fn output() -> Result<()> {
    let mut home = shared();
    home.sync_phone("phone")?;
    let (cloud, id) = (home.cloud.clone(), home.id());
    let clip = home.phone("phone")?.open(&cloud, &n("x"), 1)?;
    let mut full: &mut [u8] = &mut [0; 3];
    view::read(&cloud, &id, &clip, 0, &mut full).map(drop)
}
