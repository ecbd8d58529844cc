//! The cloud over the `object_store` crate: an S3 bucket, or objects in memory.

use std::io::{Cursor, Read};
use std::sync::Arc;

use encryptediot::cloud::Cloud;
use encryptediot::error::{Error, Result, StoreError};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, PutPayload, WriteMultipart,
};
use tokio::runtime::{Handle, Runtime};

use crate::{local_state, read_message, same};

/// A [`Cloud`] over the `object_store` crate: S3, or memory.
///
/// Each call blocks the calling thread until the store has answered. The store's client is driven
/// by a runtime of this value's own. Inside a task of another tokio runtime the calls work too, at
/// the price of one thread per call, and still block: use `tokio::task::spawn_blocking`.
pub struct ObjectCloud {
    store: Arc<dyn ObjectStore>,
    driver: Driver,
}

impl ObjectCloud {
    /// Over any store.
    ///
    /// # Errors
    /// `store-unavailable` if the system gives no event queue to wait with.
    pub fn new(store: Arc<dyn ObjectStore>) -> Result<Self> {
        Ok(Self {
            store,
            driver: Driver::new()?,
        })
    }

    /// In memory.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn memory() -> Result<Self> {
        Self::new(Arc::new(object_store::memory::InMemory::new()))
    }

    /// A bucket, from the environment variables `AWS_…` that the `object_store` crate documents. A request that
    /// fails is tried again for twenty seconds: a person waits, and what waits on a device is not lost.
    ///
    /// # Errors
    /// `store-unavailable`.
    #[cfg(feature = "s3")]
    pub fn s3(bucket: &str) -> Result<Self> {
        let builder = object_store::aws::AmazonS3Builder::from_env().with_bucket_name(bucket);
        let retry = object_store::RetryConfig {
            retry_timeout: std::time::Duration::from_secs(20),
            ..Default::default()
        };
        let store = builder.with_retry(retry).build().map_err(unavailable)?;
        Self::new(Arc::new(store))
    }
}

/// Runs the futures of the store's client to their end.
struct Driver {
    /// There until this value is dropped.
    runtime: Option<Runtime>,
}

impl Driver {
    fn new() -> Result<Self> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Unavailable.because(error))?;
        Ok(Self {
            runtime: Some(runtime),
        })
    }

    /// Blocks until the future has ended. A thread that runs a task of another runtime may not enter
    /// this one, so a thread of its own does.
    fn wait<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        let runtime = self.runtime.as_ref().expect("there until the drop");
        if Handle::try_current().is_err() {
            return runtime.block_on(future);
        }
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| runtime.block_on(future));
            waiter
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// A runtime that waits for its threads may not be dropped in a task of another one.
impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Bytes of a part of an object that is uploaded from a file; S3 takes none below 5 MiB but the last.
const PART: usize = 8 << 20;

impl ObjectCloud {
    /// What a store has found, as it comes.
    fn as_it_comes<'a>(&'a self, found: GetResult) -> Result<Box<dyn Read + 'a>> {
        match found.payload {
            GetResultPayload::Stream(stream) => Ok(Box::new(Streamed {
                driver: &self.driver,
                stream,
                chunk: None,
            })),
        }
    }

    /// Is the object these very bytes, however many they are?
    fn must_be(&self, path: &str, bytes: impl Read) -> Result<()> {
        let object = self.read(path, 0)?.ok_or(StoreError::Conflict)?;
        match same(bytes, object) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Conflict.into()),
            Err(error) => Err(StoreError::Unavailable.because(error)),
        }
    }
}

/// The chunks in which a store answers, one after the other.
struct Streamed<'a, B> {
    driver: &'a Driver,
    stream: BoxStream<'static, object_store::Result<B>>,
    chunk: Option<Cursor<B>>,
}

impl<B: AsRef<[u8]> + Send> Read for Streamed<'_, B> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if let Some(chunk) = &mut self.chunk {
                let count = chunk.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            match self.driver.wait(self.stream.next()) {
                Some(Ok(next)) => self.chunk = Some(Cursor::new(next)),
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(0),
            }
        }
    }
}

/// `store-unavailable`, with what the store's client said.
fn unavailable(error: object_store::Error) -> Error {
    StoreError::Unavailable.because(error)
}

/// A missing object is an answer, not a failure; a missing bucket is one.
fn optional<T>(result: object_store::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(object_store::Error::NotFound { source, .. })
            if !source.to_string().contains("NoSuchBucket") =>
        {
            Ok(None)
        }
        Err(error) => Err(unavailable(error)),
    }
}

impl Cloud for ObjectCloud {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(object) = self.read(path, 0)? else {
            return Ok(None);
        };
        let bytes = read_message(object);
        bytes
            .map(Some)
            .map_err(|error| StoreError::Unavailable.because(error))
    }

    fn read<'a>(&'a self, path: &str, from: u64) -> Result<Option<Box<dyn Read + 'a>>> {
        let path = Path::from(path);
        let options = GetOptions {
            range: (from > 0).then_some(GetRange::Offset(from)),
            ..GetOptions::default()
        };
        let found = self.driver.wait(self.store.get_opts(&path, options));
        match found {
            Ok(found) => self.as_it_comes(found).map(Some),
            // Stores differ in how they refuse to begin where an object has ended.
            Err(error) if from > 0 => match optional(self.driver.wait(self.store.head(&path)))? {
                Some(meta) if meta.size > from => Err(unavailable(error)),
                Some(_) => Ok(Some(Box::new(std::io::empty()))),
                None => Ok(None),
            },
            Err(error) => optional(Err(error)),
        }
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        let (place, payload) = (Path::from(path), PutPayload::from(bytes.to_vec()));
        match self
            .driver
            .wait(self.store.put_opts(&place, payload, options))
        {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => self.must_be(path, bytes),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// A larger file goes up in parts.
    fn create_from(&self, path: &str, file: &std::path::Path) -> Result<()> {
        let place = Path::from(path);
        let mut from = std::fs::File::open(file).map_err(local_state)?;
        if from.metadata().map_err(local_state)?.len() <= PART as u64 {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).map_err(local_state)?;
            return self.create(path, &bytes);
        }
        if optional(self.driver.wait(self.store.head(&place)))?.is_some() {
            return self.must_be(path, from);
        }
        self.driver.wait(async {
            let upload = self.store.put_multipart(&place).await;
            let upload = upload.map_err(unavailable)?;
            let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let count = match from.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => count,
                    Err(error) => {
                        // What went up is no object; where this fails, the store forgets it in its own time.
                        let _ = parts.abort().await;
                        return Err(local_state(error));
                    }
                };
                if let Err(error) = parts.wait_for_capacity(1).await {
                    let _ = parts.abort().await;
                    return Err(unavailable(error));
                }
                parts.write(&buffer[..count]);
            }
            // It aborts what it cannot finish.
            parts.finish().await.map_err(unavailable)?;
            Ok(())
        })
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let payload = PutPayload::from(bytes.to_vec());
        self.driver
            .wait(self.store.put(&Path::from(path), payload))
            .map_err(unavailable)?;
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let found = self.store.list(Some(&Path::from(prefix)));
        let found = found
            .map_ok(|meta| meta.location.to_string())
            .try_collect::<Vec<_>>();
        let mut paths = self.driver.wait(found).map_err(unavailable)?;
        paths.sort_unstable();
        Ok(paths)
    }

    fn folders(&self, prefix: &str) -> Result<Vec<String>> {
        let prefix = Path::from(prefix);
        let listed = self.store.list_with_delimiter(Some(&prefix));
        let listed = self.driver.wait(listed).map_err(unavailable)?;
        let names = listed.common_prefixes.iter();
        let mut names: Vec<String> = names
            .filter_map(|path| Some(path.filename()?.to_owned()))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    fn delete(&self, path: &str) -> Result<()> {
        optional(self.driver.wait(self.store.delete(&Path::from(path)))).map(drop)
    }
}
