//! The cloud: an untrusted object store, and where each object lies in it (SPEC section "Store").

use std::sync::Arc;

use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, path::Path};

use crate::announcement::Head;
use crate::clip::ClipId;
use crate::error::{Result, StoreError};
use crate::keys::{KeyId, Name};
use crate::link::LinkId;
use crate::message::{AccountId, Hash};
use crate::pairing::OfferId;

/// An object store. Nothing that it returns is trusted; that it loses nothing is hoped.
pub trait Cloud {
    /// The object at `path`, or `None`.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>>;

    /// Bytes `range` of the object at `path`, fewer where it ends, or `None`.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn find_range(&self, path: &str, range: std::ops::Range<u64>) -> Result<Option<Vec<u8>>>;

    /// Writes a new object, all of it or nothing. Writing the same bytes again is no error.
    ///
    /// # Errors
    /// `conflict` if another object is there; `store-unavailable`.
    fn create(&self, path: &str, bytes: &[u8]) -> Result<()>;

    /// Writes an object, all of it or nothing, over what is there.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn put(&self, path: &str, bytes: &[u8]) -> Result<()>;

    /// The paths that start with the folder `prefix`, sorted.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn list(&self, prefix: &str) -> Result<Vec<String>>;

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// `store-unavailable`.
    fn delete(&self, path: &str) -> Result<()>;

    /// The object at `path`.
    ///
    /// # Errors
    /// `object-missing`; `store-unavailable`.
    fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.find(path)?.ok_or_else(|| StoreError::Missing.into())
    }
}

/// A [`Cloud`] over the `object_store` crate: a directory, memory, or S3.
pub struct ObjectCloud {
    store: Arc<dyn ObjectStore>,
    runtime: tokio::runtime::Runtime,
}

impl ObjectCloud {
    /// Over any store.
    ///
    /// # Errors
    /// `store-unavailable` if this process cannot wait for it.
    pub fn new(store: Arc<dyn ObjectStore>) -> Result<Self> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime
            .enable_all()
            .build()
            .map_err(|_| StoreError::Unavailable)?;
        Ok(Self { store, runtime })
    }

    /// Over a directory, which is made if it is not there.
    ///
    /// # Errors
    /// `store-unavailable`.
    pub fn directory(path: &std::path::Path) -> Result<Self> {
        let made = std::fs::create_dir_all(path).map_err(|_| StoreError::Unavailable);
        let store = object_store::local::LocalFileSystem::new_with_prefix(path);
        made.and(store.map_err(|_| StoreError::Unavailable))
            .map_err(Into::into)
            .and_then(|store| Self::new(Arc::new(store)))
    }

    /// In memory.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn memory() -> Result<Self> {
        Self::new(Arc::new(object_store::memory::InMemory::new()))
    }

    /// A bucket, from the environment variables `AWS_…` that the `object_store` crate documents.
    ///
    /// # Errors
    /// `store-unavailable`.
    #[cfg(feature = "s3")]
    pub fn s3(bucket: &str) -> Result<Self> {
        let builder = object_store::aws::AmazonS3Builder::from_env().with_bucket_name(bucket);
        let store = builder.build().map_err(|_| StoreError::Unavailable)?;
        Self::new(Arc::new(store))
    }
}

fn unavailable(_: object_store::Error) -> StoreError {
    StoreError::Unavailable
}

/// A missing object is an answer, not a failure.
fn optional<T>(result: object_store::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(unavailable(error).into()),
    }
}

impl Cloud for ObjectCloud {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.runtime.block_on(async {
            let Some(found) = optional(self.store.get(&Path::from(path)).await)? else {
                return Ok(None);
            };
            Ok(Some(found.bytes().await.map_err(unavailable)?.into()))
        })
    }

    fn find_range(&self, path: &str, range: std::ops::Range<u64>) -> Result<Option<Vec<u8>>> {
        let path = Path::from(path);
        self.runtime.block_on(async {
            let Some(meta) = optional(self.store.head(&path).await)? else {
                return Ok(None);
            };
            let range = range.start.min(meta.size)..range.end.min(meta.size);
            if range.is_empty() {
                return Ok(Some(Vec::new()));
            }
            Ok(optional(self.store.get_range(&path, range).await)?.map(Into::into))
        })
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        let (place, payload) = (Path::from(path), PutPayload::from(bytes.to_vec()));
        match self
            .runtime
            .block_on(self.store.put_opts(&place, payload, options))
        {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => {
                if self.find(path)?.as_deref() == Some(bytes) {
                    return Ok(());
                }
                Err(StoreError::Conflict.into())
            }
            Err(error) => Err(unavailable(error).into()),
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let payload = PutPayload::from(bytes.to_vec());
        self.runtime
            .block_on(self.store.put(&Path::from(path), payload))
            .map_err(unavailable)?;
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        use futures_util::TryStreamExt as _;
        let found = self.store.list(Some(&Path::from(prefix)));
        let found = found
            .map_ok(|meta| meta.location.to_string())
            .try_collect::<Vec<_>>();
        let mut paths = self.runtime.block_on(found).map_err(unavailable)?;
        paths.sort_unstable();
        Ok(paths)
    }

    fn delete(&self, path: &str) -> Result<()> {
        optional(self.runtime.block_on(self.store.delete(&Path::from(path)))).map(drop)
    }
}

/// Where an account's objects lie. Numbers are padded, so that a listing is in their order.
#[derive(Clone, Copy, Debug)]
pub struct Paths(pub AccountId);

impl Paths {
    /// The root's public key.
    pub fn root(&self) -> String {
        format!("{}/root", self.0)
    }

    /// Vault `number`.
    pub fn vault(&self, number: u64) -> String {
        format!("{}/vault/{number:08}", self.0)
    }

    /// The PDK wrapped to a phone's instance key, where the owner chose that.
    pub fn unlock(&self, phone: KeyId) -> String {
        format!("{}/unlock/{phone}", self.0)
    }

    /// Roster `number`.
    pub fn roster(&self, number: u64) -> String {
        format!("{}/roster/{number:08}", self.0)
    }

    /// The owner's record of member `number`.
    pub fn member(&self, number: u64) -> String {
        format!("{}/members/{number:08}", self.0)
    }

    /// Does an object lie under a number that the roster has given out, so that no other phone
    /// writes there?
    pub fn is_numbered_by_roster(&self, path: &str) -> bool {
        let under = |folder| path.starts_with(&format!("{}/{folder}/", self.0));
        under("members") || under("introductions")
    }

    /// The folder of a member's introductions.
    pub fn introductions(&self, member: KeyId) -> String {
        format!("{}/introductions/{member}", self.0)
    }

    /// Introduction `number` of a member.
    pub fn introduction(&self, member: KeyId, number: u64) -> String {
        format!("{}/introductions/{member}/{number:08}", self.0)
    }

    /// The folder of all announcements.
    pub fn announcements(&self) -> String {
        format!("{}/announcements", self.0)
    }

    /// The announcement of a stream's `epoch`.
    pub fn announcement(&self, stream: &Name, epoch: u64) -> String {
        format!("{}/announcements/{stream}/{epoch:08}", self.0)
    }

    /// The acknowledgement of a stream's `epoch`.
    pub fn acknowledgement(&self, stream: &Name, epoch: u64) -> String {
        format!("{}/acknowledgements/{stream}/{epoch:08}", self.0)
    }

    /// The lease extensions of the announcement in force.
    pub fn leases(&self, stream: &Name, head: &Head) -> String {
        format!("{}/leases/{stream}/{:08}", self.0, head.epoch)
    }

    /// The latest lease extension by one phone.
    pub fn lease(&self, stream: &Name, head: &Head, phone: KeyId) -> String {
        format!("{}/leases/{stream}/{:08}/{phone}", self.0, head.epoch)
    }

    /// A backup, by its hash.
    pub fn backup(&self, hash: &Hash) -> String {
        format!("{}/backups/{hash}", self.0)
    }

    /// Part of the grants of an announcement or past share.
    pub fn shard(&self, statement: &Hash, index: u32) -> String {
        format!("{}/grants/{statement}/{index:04x}", self.0)
    }

    /// The folder of the past shares.
    pub fn past_shares(&self) -> String {
        format!("{}/past", self.0)
    }

    /// A past share, by its statement's hash.
    pub fn past_share(&self, statement: &Hash) -> String {
        format!("{}/past/{statement}", self.0)
    }

    /// The folder of a stream's manifests.
    pub fn manifests(&self, stream: &Name) -> String {
        format!("{}/manifests/{stream}", self.0)
    }

    /// The manifest of clip `sequence`.
    pub fn manifest(&self, stream: &Name, sequence: u64) -> String {
        format!("{}/manifests/{stream}/{sequence:012}", self.0)
    }

    /// A clip's body.
    pub fn body(&self, clip: &ClipId) -> String {
        format!("{}/bodies/{clip}", self.0)
    }

    /// A link's index.
    pub fn link(&self, link: &LinkId) -> String {
        format!("{}/links/{link}/index", self.0)
    }

    /// The folder of a link.
    pub fn link_folder(&self, link: &LinkId) -> String {
        format!("{}/links/{link}", self.0)
    }

    /// Body `number` of a link.
    pub fn link_body(&self, link: &LinkId, number: usize) -> String {
        format!("{}/links/{link}/{number:08}", self.0)
    }

    /// The camera's reply to a pairing offer.
    pub fn pairing_reply(&self, offer: &OfferId) -> String {
        format!("{}/pairing/{offer}", self.0)
    }
}
