//! What a camera stores.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::paired::{InForce, Paired, Stream};
use crate::clock::{self, CameraClock, Clock};
use crate::crypto::SigningKey;
use crate::error::Result;
use crate::keys::{self, Name};
use crate::message::{AccountId, Hash};
use crate::roster;

/// A paired camera on its own disk.
#[derive(Encode, Decode)]
#[cbor(array)]
pub struct State {
    #[n(0)]
    account: AccountId,
    #[n(1)]
    key: SigningKey,
    #[n(2)]
    root: ByteVec,
    #[n(3)]
    time: clock::Stored,
    #[n(4)]
    streams: Vec<StreamState>,
    #[n(5)]
    rosters: roster::History,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StreamState {
    #[n(0)]
    name: Name,
    #[n(1)]
    sequence: u64,
    #[n(2)]
    previous: Option<Hash>,
    #[n(3)]
    in_force: Vec<InForce>,
    #[n(4)]
    relieved: bool,
}

impl Paired {
    /// What the camera stores. It holds the signing key and no key that opens anything.
    pub fn to_state(&self) -> State {
        let stream = |(name, stream): (&Name, &Stream)| StreamState {
            name: name.clone(),
            sequence: stream.sequence,
            previous: stream.previous,
            in_force: stream.in_force.iter().cloned().collect(),
            relieved: stream.relieved,
        };
        State {
            account: self.account,
            key: self.key.clone(),
            root: self
                .root
                .as_ref()
                .map(keys::encode_root)
                .unwrap_or_default()
                .into(),
            time: self.time.stored(),
            streams: self.streams.iter().map(stream).collect(),
            rosters: self.rosters.clone(),
        }
    }

    /// Starts again from what was stored.
    ///
    /// # Errors
    /// `invalid-key`, `malformed`, `wrong-account` if the file was altered.
    pub fn from_state(state: State, clock: &dyn Clock) -> Result<Self> {
        let root = match &**state.root {
            [] => None,
            bytes => Some(keys::decode_root(&state.account, bytes)?),
        };
        let stream = |s: StreamState| {
            let kept = Stream {
                in_force: s.in_force.into_iter().next(),
                relieved: s.relieved,
                sequence: s.sequence,
                previous: s.previous,
            };
            (s.name, kept)
        };
        Ok(Self {
            account: state.account,
            root,
            key: state.key,
            streams: state.streams.into_iter().map(stream).collect(),
            rosters: state.rosters,
            time: CameraClock::resume(state.time, clock),
        })
    }
}
