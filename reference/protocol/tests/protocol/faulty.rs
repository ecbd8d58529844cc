//! A store that does a write and does not say so, does it twice, tears it, or does it long after: at each write of
//! each act of the owner.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use encryptediot::cloud::Cloud;
use encryptediot::error::{Result, StoreError};
use encryptediot_testkit::household::Household;
use encryptediot_testkit::*;

use crate::interrupted::{ACTS, Act, everyone_goes_on, household, new_passphrase};

/// What becomes of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It is done, and the answer is lost.
    Unanswered,
    /// It is done twice, as when a request is repeated on the way.
    Twice,
    /// Half of the object is there.
    Torn,
    /// It is done after the device has given up and gone on.
    Late,
}

type Write = (String, Option<Vec<u8>>, bool);

/// A cloud with a fault at one write.
struct Faulty {
    cloud: MemoryCloud,
    fault: Fault,
    /// How many writes before it.
    left: AtomicUsize,
    late: Arc<Mutex<Vec<Write>>>,
}

fn carry_out(cloud: &MemoryCloud, (path, bytes, new): &Write) -> Result<()> {
    match (bytes, new) {
        (Some(bytes), true) => cloud.create(path, bytes),
        (Some(bytes), false) => cloud.put(path, bytes),
        (None, _) => cloud.delete(path),
    }
}

impl Faulty {
    fn write(&self, path: &str, bytes: Option<&[u8]>, new: bool) -> Result<()> {
        let write = (path.to_owned(), bytes.map(<[u8]>::to_vec), new);
        if self.left.fetch_sub(1, Ordering::Relaxed) != 0 {
            return carry_out(&self.cloud, &write);
        }
        match (self.fault, bytes) {
            (Fault::Twice, _) => {
                carry_out(&self.cloud, &write)?;
                return carry_out(&self.cloud, &write);
            }
            (Fault::Unanswered, _) => carry_out(&self.cloud, &write)?,
            (Fault::Torn, Some(bytes)) => self.cloud.put(path, &bytes[..bytes.len() / 2])?,
            (Fault::Torn, None) => {}
            (Fault::Late, _) => self.late.lock().unwrap().push(write),
        }
        Err(StoreError::Unavailable.into())
    }
}

impl Cloud for Faulty {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.cloud.find(path)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.write(path, Some(bytes), true)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.write(path, Some(bytes), false)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.cloud.list(prefix)
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.write(path, None, false)
    }
}

/// Runs `act` with a fault at one of its writes. The phone then starts from what it saved last.
fn act_with(home: &mut Home, act: Act, fault: Fault, at: usize) -> (Result<()>, Vec<Write>) {
    let late = Arc::default();
    let faulty = Faulty {
        cloud: home.cloud.clone(),
        fault,
        left: AtomicUsize::new(at),
        late: Arc::clone(&late),
    };
    let saved = std::cell::RefCell::new(store_phone(home.phone("phone").unwrap()));
    let save = |phone: &encryptediot::phone::Phone| {
        saved.replace(store_phone(phone));
        Ok(())
    };
    let honest = {
        let household: &mut Household = home;
        std::mem::replace(&mut household.cloud, Box::new(faulty))
    };
    let done = home.act_saving("phone", &save, act);
    let household: &mut Household = home;
    household.cloud = honest;
    home.phones
        .insert(n("phone"), load_phone(&saved.into_inner()));
    let late = std::mem::take(&mut *late.lock().unwrap());
    (done, late)
}

#[test]
fn a_write_that_is_unanswered_repeated_torn_or_late_loses_nothing() {
    for (name, act) in ACTS {
        let mut whole = household();
        let before = whole.cloud.writes();
        whole.act("phone", act).unwrap();
        let count = whole.cloud.writes() - before;
        for fault in [Fault::Unanswered, Fault::Twice, Fault::Torn, Fault::Late] {
            for at in 0..count {
                let what = format!("{name}, {fault:?} at write {at} of {count}");
                let mut home = household();
                let (done, late) = act_with(&mut home, act, fault, at);
                let expected = match fault {
                    Fault::Twice => "nothing was refused",
                    _ => "store-unavailable",
                };
                assert_eq!(reason(done), expected, "{what}");
                if fault != Fault::Torn {
                    everyone_goes_on(&mut home, &what);
                }
                home.sync_phone("phone")
                    .unwrap_or_else(|error| panic!("{what}: {error}"));
                if name == "change the passphrase" {
                    home.passphrase = new_passphrase();
                }
                everyone_goes_on(&mut home, &what);
                home.rotate("phone", &["x"])
                    .unwrap_or_else(|error| panic!("{what}: {error}"));
                for write in &late {
                    // What is there already stays.
                    let _ = carry_out(&home.cloud, write);
                }
                everyone_goes_on(&mut home, &what);
                home.rotate("phone", &["x", "y"])
                    .unwrap_or_else(|error| panic!("{what}: {error}"));
                everyone_goes_on(&mut home, &what);
            }
        }
    }
}
