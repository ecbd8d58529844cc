//! The product, with each backend: what the sections measure of it, from one text.

use crate::frame::cost::Cost;

/// What was asked of a store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Requests; a listing is one for each thousand names, as S3 pages them.
    pub requests: u64,
    /// Bytes of objects written.
    pub up: u64,
    /// Bytes of objects read, and of names listed.
    pub down: u64,
}

/// What an act cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Time.
    pub cost: Cost,
    pub traffic: Traffic,
}

/// Takes one write and no second: a view ends with its first segment.
#[derive(Default)]
pub struct First(bool);

impl std::io::Write for First {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            return Err(std::io::Error::other("enough"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// With RustCrypto, as it is built by default.
pub mod default {
    use encryptediot as product;
    use encryptediot_recording as recording;
    use encryptediot_store as store;
    use encryptediot_testkit as testkit;
    include!("measured.rs");

    /// Accounts that are shared.
    pub mod scene {
        use super::{product, testkit};
        include!("scene.rs");
    }
}

#[allow(dead_code, reason = "some is asked of one backend")]
pub mod aws_lc {
    use encryptediot_aws_lc as product;
    use encryptediot_recording_aws_lc as recording;
    use encryptediot_store_aws_lc as store;
    use encryptediot_testkit_aws_lc as testkit;
    include!("measured.rs");

    /// Accounts that are shared.
    pub mod scene {
        use super::{product, testkit};
        include!("scene.rs");
    }
}
