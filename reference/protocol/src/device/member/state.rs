//! What a member stores.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::membership::{Granted, Membership, Shared};
use super::person::Member;
use crate::announcement::{Kind, Window};
use crate::cose::Key;
use crate::crypto::KemSecret;
use crate::error::Result;
use crate::keys::{self, Name};
use crate::message::{AccountId, Hash};
use crate::past;
use crate::view::Followed;

/// A member on its own disk.
#[derive(Encode, Decode)]
#[cbor(array)]
pub struct State {
    #[n(0)]
    name: Name,
    #[n(1)]
    key: KemSecret,
    #[n(2)]
    accounts: Vec<AccountState>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct AccountState {
    #[n(0)]
    account: AccountId,
    #[n(1)]
    root: ByteVec,
    #[n(2)]
    pairwise: BTreeMap<u64, Key>,
    #[n(3)]
    introductions: BTreeSet<Hash>,
    #[n(4)]
    streams: Vec<StreamState>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StreamState {
    #[n(0)]
    name: Name,
    #[n(1)]
    followed: Option<Followed>,
    #[n(2)]
    grants: Vec<GrantState>,
    #[n(3)]
    past: BTreeMap<Hash, past::PastShare>,
    #[n(4)]
    searched: BTreeMap<u64, u64>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct GrantState {
    #[n(0)]
    statement: Hash,
    #[n(1)]
    index: u32,
    #[n(2)]
    kind: Kind,
    #[n(3)]
    window: Option<Window>,
    #[n(4)]
    secret: KemSecret,
}

impl Member {
    /// What the member stores.
    pub fn to_state(&self) -> State {
        let account = |(account, m): (&AccountId, &Membership)| AccountState {
            account: *account,
            root: m
                .root
                .as_ref()
                .map(keys::encode_root)
                .unwrap_or_default()
                .into(),
            pairwise: m.pairwise.clone(),
            introductions: m.introductions.clone(),
            streams: m.streams.iter().map(stream_state).collect(),
        };
        State {
            name: self.name.clone(),
            key: self.key.clone(),
            accounts: self.accounts.iter().map(account).collect(),
        }
    }

    /// Starts again from what was stored.
    ///
    /// # Errors
    /// `invalid-key`, `malformed`, `wrong-account` if the file was altered.
    pub fn from_state(state: State) -> Result<Self> {
        let mut accounts = BTreeMap::new();
        for a in state.accounts {
            let root = match &**a.root {
                [] => None,
                bytes => Some(keys::decode_root(&a.account, bytes)?),
            };
            let pairwise = a.pairwise;
            let mut streams = BTreeMap::new();
            for s in a.streams {
                let (followed, past, searched) = (s.followed, s.past, s.searched);
                let mut grants = BTreeMap::new();
                for g in s.grants {
                    let granted = Granted {
                        kind: g.kind,
                        window: g.window,
                        secret: g.secret,
                    };
                    grants.insert((g.statement, g.index), granted);
                }
                streams.insert(
                    s.name,
                    Shared {
                        followed,
                        grants,
                        past,
                        searched,
                    },
                );
            }
            let introductions = a.introductions;
            accounts.insert(
                a.account,
                Membership {
                    root,
                    pairwise,
                    introductions,
                    streams,
                },
            );
        }
        Ok(Self {
            name: state.name,
            key: state.key,
            accounts,
        })
    }
}

fn stream_state((name, shared): (&Name, &Shared)) -> StreamState {
    let grant = |((statement, index), granted): (&(Hash, u32), &Granted)| GrantState {
        statement: *statement,
        index: *index,
        kind: granted.kind,
        window: granted.window,
        secret: granted.secret.clone(),
    };
    StreamState {
        name: name.clone(),
        followed: shared.followed.clone(),
        grants: shared.grants.iter().map(grant).collect(),
        past: shared.past.clone(),
        searched: shared.searched.clone(),
    }
}
