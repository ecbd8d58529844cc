//! An act of the owner as a value: everything that it writes, and what it would change. Building one
//! changes nothing on the phone; [`Owner::commit`](super::Owner) stores it, writes it, and then
//! applies it.

use std::collections::BTreeMap;

use rand_core::CryptoRng;

use crate::crypto::{RsaSigningKey, VerifyingKey};
use crate::error::Result;
use crate::grant::Member;
use crate::keys::{MemberId, Name};
use crate::message::AccountId;
use crate::pairing::OfferId;
use crate::phone::Outgoing;
use crate::roster;
use crate::statement;
use crate::vault::{Pdk, Ring};

/// Member records.
pub(super) type Members = BTreeMap<MemberId, Member>;

/// A statement to be signed.
pub(super) struct Unsigned {
    /// Where it goes.
    pub path: String,
    /// Its message.
    pub message: Vec<u8>,
}

/// What the vault that an act writes holds.
pub(super) struct NextVault {
    pub number: u64,
    pub ring: Ring,
    pub pdk: Pdk,
}

/// Everything that one act writes.
pub(super) struct Act {
    /// The key ring under which the act seals: the phone's, or the one that its roster hands out.
    pub ring: Ring,
    pub root: Option<Outgoing>,
    /// Objects named by their own hash: nobody else can have written them.
    pub named_by_hash: Vec<Outgoing>,
    pub vault: Option<Outgoing>,
    /// What that vault holds.
    pub next_vault: Option<NextVault>,
    pub grants: Vec<Unsigned>,
    pub roster: Option<Unsigned>,
    /// The place of that roster in the chain.
    pub roster_head: Option<roster::Head>,
    pub members: Vec<Unsigned>,
    pub introductions: Vec<Unsigned>,
    pub announcements: Vec<Unsigned>,
    pub past_shares: Vec<Unsigned>,
    pub corrections: Vec<Unsigned>,
    pub other: Vec<Outgoing>,
    /// Members who are new with this act.
    pub met: Members,
    /// The streams on which it announces keys.
    pub streams: Vec<Name>,
    /// The pairing offer that it uses, and the camera that is paired by it.
    pub offer: Option<(OfferId, VerifyingKey)>,
    /// How many clips of a camera that it retires or replaces count, where the owner has said it.
    pub counted: BTreeMap<Name, u64>,
}

/// An act whose statements are signed.
pub(super) struct Signed {
    /// Its writes, in order.
    pub writes: Vec<Outgoing>,
    /// What its vault holds, if it writes one.
    pub next_vault: Option<NextVault>,
    /// Members who are new with it.
    pub met: Members,
    /// The streams on which it announces keys.
    pub streams: Vec<Name>,
    /// The pairing offer that it uses, and the camera that is paired by it.
    pub offer: Option<(OfferId, VerifyingKey)>,
}

/// A write to a path where nothing may be yet.
pub(super) fn create(path: String, bytes: Vec<u8>) -> Outgoing {
    Outgoing {
        path,
        replace: false,
        bytes,
    }
}

impl Act {
    /// An act that seals under `ring` and writes nothing yet.
    pub fn under(ring: Ring) -> Self {
        Self {
            ring,
            root: None,
            named_by_hash: Vec::new(),
            vault: None,
            next_vault: None,
            grants: Vec::new(),
            roster: None,
            roster_head: None,
            members: Vec::new(),
            introductions: Vec::new(),
            announcements: Vec::new(),
            past_shares: Vec::new(),
            corrections: Vec::new(),
            other: Vec::new(),
            met: Members::new(),
            streams: Vec::new(),
            offer: None,
            counted: BTreeMap::new(),
        }
    }

    /// Signs all statements of the act with one signature and puts the writes in their order: what
    /// is found only through something later comes first; what two phones may race for comes
    /// before what depends on winning.
    ///
    /// # Errors
    /// `crypto`.
    pub fn sign<R>(self, account: &AccountId, key: &RsaSigningKey, rng: &mut R) -> Result<Signed>
    where
        R: CryptoRng + ?Sized,
    {
        let groups = [
            self.grants,
            self.roster.into_iter().collect(),
            self.members,
            self.introductions,
            self.announcements,
            self.past_shares,
            self.corrections,
        ];
        let statements = groups.into_iter().flatten();
        let (paths, leaves): (Vec<_>, Vec<_>) = statements.map(|s| (s.path, s.message)).unzip();
        let signed = match leaves.is_empty() {
            true => Vec::new(),
            false => statement::sign_all(key, account, leaves, rng)?,
        };
        let signed = paths
            .into_iter()
            .zip(signed)
            .map(|(path, bytes)| create(path, bytes));
        let mut writes: Vec<Outgoing> = self.root.into_iter().collect();
        writes.extend(self.named_by_hash);
        writes.extend(self.vault);
        writes.extend(signed);
        writes.extend(self.other);
        Ok(Signed {
            writes,
            next_vault: self.next_vault,
            met: self.met,
            streams: self.streams,
            offer: self.offer,
        })
    }
}
