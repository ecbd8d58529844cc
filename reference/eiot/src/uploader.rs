//! The thread beside a recording that talks to the cloud, so that the recording never waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use encryptediot::Error;
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::uplink::Synced;

use crate::context::{Traced, open_cloud};
use crate::recorder::{Recorder, Uploaded};

/// How long after a failure the cloud is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// What the recording asks of the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A session is about to begin: bring the camera up to date. Not in the middle of a session:
    /// one across which an announcement comes is for the owner alone.
    Sync,
    /// A session was finished.
    Upload,
}

/// What the thread tells the recording.
pub enum News {
    /// The camera has what the cloud has for it, or what it lacks and why.
    Synced(Result<Synced, Error>),
    /// A clip is in the cloud.
    Uploaded(u64),
    /// A clip stays on the camera for now.
    Failed(Error),
}

/// The thread's side.
pub struct Uploader<'a> {
    /// The directory of the camera that records.
    pub recorder: &'a Recorder,
    /// The stream that is being recorded.
    pub stream: Name,
    /// The store as given by `--store`.
    pub store: String,
    /// What there is to do; closed at the end of the recording.
    pub asked: Receiver<Ask>,
    /// Where the news goes.
    pub news: Sender<News>,
}

impl Uploader<'_> {
    /// Goes on until the recording ends, then tries a last time. Returns what still waits.
    pub fn run(self) -> Result<Uploaded, Error> {
        let mut cloud: Option<Traced> = None;
        let (mut failed, mut sync) = (false, false);
        loop {
            let asked = match failed {
                true => self.asked.recv_timeout(RETRY),
                false => self
                    .asked
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
            };
            let last = asked == Err(RecvTimeoutError::Disconnected);
            // One pass does for everything that was asked for until now.
            let asked = asked.into_iter().chain(self.asked.try_iter());
            sync |= asked.fold(false, |sync, asked| sync | (asked == Ask::Sync));
            let opened = match cloud.take() {
                Some(cloud) => Ok(cloud),
                None => open_cloud(&self.store, false),
            };
            let done = match opened {
                Ok(opened) => {
                    let cloud = cloud.insert(opened);
                    self.pass(cloud, std::mem::take(&mut sync))?
                }
                Err(failure) => self.offline(failure.error)?,
            };
            failed = done.failure.is_some();
            if last {
                return Ok(done);
            }
        }
    }

    fn tell(&self, news: News) {
        // Nobody listens any more once the recording is over.
        let _ = self.news.send(news);
    }

    fn pass(&self, cloud: &Traced, sync: bool) -> Result<Uploaded, Error> {
        if sync {
            self.tell(News::Synced(self.recorder.sync(cloud)));
        }
        let stream = Some(&self.stream);
        let each = |clip| self.tell(News::Uploaded(clip));
        let done = self.recorder.upload(cloud, stream, each)?;
        if let Some(error) = &done.failure {
            self.tell(News::Failed(error.clone()));
        }
        Ok(done)
    }

    /// There is no store: what was recorded waits.
    fn offline(&self, error: Option<Error>) -> Result<Uploaded, Error> {
        let error = error.unwrap_or_else(|| StoreError::Unavailable.into());
        self.tell(News::Synced(Err(error.clone())));
        let waiting = self.recorder.waiting(&self.stream)?.len();
        let failure = (waiting > 0).then_some(error);
        Ok(Uploaded {
            waiting,
            failure,
            ..Uploaded::default()
        })
    }
}
