//! What a member is given: one introduction by public key, then its part of every announcement
//! under the pairwise key that the introduction set up; and what the owner records of both (SPEC
//! section "Sharing").

mod backup;
mod introduction;
mod member;
mod part;

pub use backup::{Backup, Holding, check_holdings, open_backup, seal_backup};
pub use introduction::{Introduction, introduce, introduction_context, open_introduction};
pub use member::{Member, SealedMember, open_member, seal_member};
pub(crate) use part::facts;
pub use part::{Lookup, PART_LEN, Shard, part, shard_bits, shards};
