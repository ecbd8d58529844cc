//! The account: its passphrase, vault, roster and checkpoints (SPEC section "Account").

pub mod checkpoint;
pub mod evidence;
pub mod passphrase;
pub mod roster;
pub mod unlock;
pub mod vault;
