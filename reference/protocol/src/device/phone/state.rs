//! What a phone stores.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::enrolled::{Outgoing, Phone};
use crate::cose::Key;
use crate::crypto::{KemPublic, KemSecret, SigningKey, VerifyingKey};
use crate::error::Result;
use crate::grant;
use crate::keys::{self, Name, member_id};
use crate::message::AccountId;
use crate::pairing::OfferId;
use crate::roster::{self, Roster};
use crate::vault::Ring;
use crate::view::Followed;

/// A phone on its own disk.
#[derive(Encode, Decode)]
#[cbor(array)]
pub struct State {
    #[n(0)]
    name: Name,
    #[n(1)]
    account: AccountId,
    #[n(2)]
    root: ByteVec,
    #[n(3)]
    instance: KemSecret,
    #[n(4)]
    lease: SigningKey,
    #[cbor(n(5), with = "embedded_ring")]
    ring: Ring,
    #[n(6)]
    vault: u64,
    #[n(7)]
    rosters: Vec<Roster>,
    #[n(12)]
    history: roster::History,
    #[n(8)]
    streams: BTreeMap<Name, Followed>,
    #[n(9)]
    outbox: Vec<Outgoing>,
    #[n(10)]
    records: BTreeMap<u64, Record>,
    #[n(11)]
    records_read: u64,
    #[n(13)]
    offers: BTreeMap<OfferId, VerifyingKey>,
}

/// The ring in the phone's state: a byte string that holds its encoding.
mod embedded_ring {
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use crate::vault::Ring;

    pub fn encode<C, W: Write>(
        ring: &Ring,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(&ring.to_bytes())?.ok()
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Ring, DecodeError> {
        Ring::from_bytes(d.bytes()?).map_err(|_| DecodeError::message("not a ring"))
    }
}

/// What the owner calls a member, the member's key, the pairwise key, the generation.
type Record = (Name, KemPublic, Key, u64);

impl Phone {
    /// What the phone stores.
    pub fn to_state(&self) -> State {
        let record = |member: &grant::Member| {
            let (name, pairwise) = (member.name.clone(), member.pairwise.clone());
            (
                member.number,
                (name, member.key, pairwise, member.generation),
            )
        };
        State {
            name: self.name.clone(),
            account: self.account,
            root: keys::encode_root(&self.root).into(),
            instance: self.instance.clone(),
            lease: self.lease.clone(),
            ring: self.ring.clone(),
            vault: self.vault,
            rosters: self.roster.iter().cloned().collect(),
            history: self.history.clone(),
            streams: self.streams.clone(),
            outbox: self.outbox.clone(),
            records: self.records.values().map(record).collect(),
            records_read: self.records_read,
            offers: self.offers.clone(),
        }
    }

    /// Starts again from what was stored.
    ///
    /// # Errors
    /// `invalid-key`, `malformed`, `wrong-account` if the file was altered.
    pub fn from_state(state: State) -> Result<Self> {
        let record = |(number, (name, key, pairwise, generation)): (u64, Record)| {
            let member = grant::Member {
                number,
                generation,
                name,
                key,
                pairwise,
            };
            (member_id(&key), member)
        };
        Ok(Self {
            name: state.name,
            account: state.account,
            root: keys::decode_root(&state.account, &state.root)?,
            instance: state.instance,
            lease: state.lease,
            ring: state.ring,
            vault: state.vault,
            roster: state.rosters.into_iter().next(),
            history: state.history,
            streams: state.streams,
            outbox: state.outbox,
            records: state.records.into_iter().map(record).collect(),
            records_read: state.records_read,
            offers: state.offers,
        })
    }
}
