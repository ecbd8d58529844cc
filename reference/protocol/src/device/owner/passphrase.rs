//! The passphrase: another one, or the PDK kept for this phone.

use super::unlocked::{Env, Owner};
use crate::error::Result;
use crate::keys::kem_id;
use crate::passphrase::Passphrase;
use crate::phone::Outgoing;
use crate::unlock;
use crate::vault::{Pdk, Work};

impl Owner<'_> {
    /// Seals the vault under a new passphrase. What the old passphrase and the old vaults open,
    /// they still open (SPEC section "Loss").
    ///
    /// # Errors
    /// `work-out-of-range`, `conflict`, and those of committing.
    pub fn change_passphrase(
        &mut self,
        passphrase: &Passphrase,
        work: Work,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let mut act = self.begin(env)?;
        let pdk = Pdk::derive(passphrase, work, env.rng)?;
        let ring = match self.opened.ring.continues(&act.ring) {
            true => self.opened.ring.clone(),
            false => act.ring.clone(),
        };
        self.add_vault(&mut act, ring, pdk, env)?;
        self.commit(act, env)
    }

    /// Leaves the passphrase-derived key in the cloud, wrapped to this phone's instance key (paper
    /// section 3.2.1). Whoever has this phone then has the account, for good: the roster notes it for
    /// the other phones, and comes before the key. Every stream is announced anew under that roster, so that cameras
    /// refuse what a phone announces that is not shown it.
    ///
    /// # Errors
    /// `crypto`, and those of committing.
    pub fn keep_unlocked(&mut self, env: &mut Env<'_>) -> Result<()> {
        let mut act = self.begin(env)?;
        let instance = self.phone.instance.public();
        let id = kem_id(&instance);
        let mut draft = self.next_roster(env.now)?;
        let account = &self.phone.account;
        let bytes = unlock::seal(account, &instance, &self.opened.pdk, env.rng)?;
        act.other.push(Outgoing {
            path: self.phone.paths().unlock(id),
            replace: true,
            bytes,
        });
        if draft.private.unlocked.contains(&id) {
            return self.commit(act, env);
        }
        draft.private.unlocked.push(id);
        self.republish(act, draft, None, env)
    }
}
