//! Where each object lies in the cloud (SPEC section "Store").

use crate::announcement::Head;
use crate::clip::ClipId;
use crate::evidence::Challenge;
use crate::keys::{KeyId, Name};
use crate::link::LinkId;
use crate::message::{AccountId, Hash};
use crate::pairing::OfferId;

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
        format!("{}{number:08}", self.vaults())
    }

    /// How the paths of all vaults begin.
    pub fn vaults(&self) -> String {
        format!("{}/vault/", self.0)
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

    /// Correction `count` of a camera's clock.
    pub fn clock(&self, camera: KeyId, count: u64) -> String {
        format!("{}/clocks/{camera}/{count:08}", self.0)
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

    /// The folder of the phones' challenges.
    pub fn challenges(&self) -> String {
        format!("{}/challenges", self.0)
    }

    /// A phone's challenge.
    pub fn challenge(&self, challenge: &Challenge) -> String {
        format!("{}/challenges/{}", self.0, challenge.0)
    }

    /// The folder of the answers to a challenge.
    pub fn answers(&self, challenge: &Challenge) -> String {
        format!("{}/answers/{}", self.0, challenge.0)
    }

    /// A camera's answer to a challenge.
    pub fn answer(&self, challenge: &Challenge, camera: KeyId) -> String {
        format!("{}/answers/{}/{camera}", self.0, challenge.0)
    }

    /// The camera's reply to a pairing offer.
    pub fn pairing_reply(&self, offer: &OfferId) -> String {
        format!("{}/pairing/{offer}", self.0)
    }
}
