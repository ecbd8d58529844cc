//! The account: its passphrase, vault and roster (SPEC section "Account").

pub mod passphrase;
pub mod roster;
pub mod vault;
