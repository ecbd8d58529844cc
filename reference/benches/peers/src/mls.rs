//! A group of OpenMLS: what a tree of keys costs its owner.

use anyhow::{Result, bail};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::*;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::frame::cost::{Clocks, Cost};

/// The suite with our curve, hash and cipher.
const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256;

/// Commits are signed and not encrypted besides: the cheaper way.
const POLICY: WireFormatPolicy = PURE_PLAINTEXT_WIRE_FORMAT_POLICY;

struct Person {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
}

impl Person {
    fn new(number: usize) -> Result<Self> {
        let signer = SignatureKeyPair::new(SUITE.signature_algorithm())?;
        let credential = CredentialWithKey {
            credential: BasicCredential::new(number.to_be_bytes().to_vec()).into(),
            signature_key: signer.public().into(),
        };
        Ok(Self {
            provider: OpenMlsRustCrypto::default(),
            signer,
            credential,
        })
    }

    fn package(&self) -> Result<KeyPackage> {
        let credential = self.credential.clone();
        let bundle =
            KeyPackage::builder().build(SUITE, &self.provider, &self.signer, credential)?;
        Ok(bundle.key_package().clone())
    }
}

/// A group, as its owner has it: the first leaf.
pub struct Group {
    owner: Person,
    group: MlsGroup,
}

impl Group {
    fn alone() -> Result<Self> {
        let owner = Person::new(0)?;
        // The tree goes to who joins beside the commit, so that a commit never carries it.
        let group = MlsGroup::builder()
            .ciphersuite(SUITE)
            .with_wire_format_policy(POLICY)
            .build(&owner.provider, &owner.signer, owner.credential.clone())?;
        Ok(Self { owner, group })
    }

    /// Adds people, and returns the first of them with the welcome.
    fn add(&mut self, numbers: std::ops::Range<usize>) -> Result<(Person, MlsMessageOut)> {
        let first = Person::new(numbers.start)?;
        let mut packages = vec![first.package()?];
        for number in numbers.skip(1) {
            packages.push(Person::new(number)?.package()?);
        }
        let provider = &self.owner.provider;
        let (_, welcome, _) = self
            .group
            .add_members(provider, &self.owner.signer, &packages)?;
        self.group.merge_pending_commit(provider)?;
        Ok((first, welcome))
    }

    /// The owner has added everybody in one commit, and nobody has said anything since: the nodes above the
    /// members are blank.
    pub fn fresh(members: usize) -> Result<Self> {
        let mut group = Self::alone()?;
        group.add(1..members + 1)?;
        Ok(group)
    }

    /// The best case: every node beside the owner's path has a key. The group doubles; each time one of the new
    /// half updates, which fills the node above that half.
    pub fn warm(members: usize) -> Result<Self> {
        let mut this = Self::alone()?;
        let (mut start, all) = (1, members + 1);
        while start < all {
            let end = (2 * start).min(all);
            let (person, welcome) = this.add(start..end)?;
            let MlsMessageBodyIn::Welcome(welcome) = again(&welcome)?.extract() else {
                bail!("no welcome");
            };
            let tree = this.group.export_ratchet_tree().into();
            let config = MlsGroupJoinConfig::builder().wire_format_policy(POLICY);
            let (provider, signer) = (&person.provider, &person.signer);
            let staged =
                StagedWelcome::new_from_welcome(provider, &config.build(), welcome, Some(tree))?;
            let mut theirs = staged.into_group(provider)?;
            let update = theirs.self_update(provider, signer, LeafNodeParameters::default())?;
            let message = again(update.commit())?.try_into_protocol_message()?;
            let provider = &this.owner.provider;
            let processed = this.group.process_message(provider, message)?;
            let ProcessedMessageContent::StagedCommitMessage(commit) = processed.into_content()
            else {
                bail!("no commit");
            };
            this.group.merge_staged_commit(provider, *commit)?;
            start = end;
        }
        Ok(this)
    }

    /// Removes the member beside the owner, and takes it back unmeasured. Returns the bytes of the commit too.
    pub fn remove_one(&mut self) -> Result<(Cost, usize)> {
        let provider = &self.owner.provider;
        let clocks = Clocks::start()?;
        let beside = [LeafNodeIndex::new(1)];
        let (commit, ..) = self
            .group
            .remove_members(provider, &self.owner.signer, &beside)?;
        let bytes = commit.tls_serialize_detached()?.len();
        let cost = clocks.stop()?;
        self.group.clear_pending_commit(provider.storage())?;
        Ok((cost, bytes))
    }

    /// The computation of such a commit alone: nothing is made known to the group or its storage.
    pub fn commit_alone(&mut self) -> Result<()> {
        let Person {
            provider, signer, ..
        } = &self.owner;
        let builder = self
            .group
            .commit_builder()
            .propose_removals([LeafNodeIndex::new(1)])
            .load_psks(provider.storage())?
            .build(provider.rand(), provider.crypto(), signer, |_| true)?;
        std::hint::black_box(&builder);
        Ok(())
    }
}

/// A message as the other side reads it.
fn again(message: &MlsMessageOut) -> Result<MlsMessageIn> {
    let bytes = message.tls_serialize_detached()?;
    Ok(MlsMessageIn::tls_deserialize(&mut bytes.as_slice())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With 16 leaves, an update path has a seal for each of three levels of a warm tree, the removed one's level
    /// having nobody, and 14 of a fresh one.
    #[test]
    fn a_warm_tree_is_the_better_case() {
        let bytes = |mut group: Group| group.remove_one().unwrap().1;
        let (warm, fresh) = (Group::warm(15).unwrap(), Group::fresh(15).unwrap());
        let seal = 65 + 32 + 16;
        let less = bytes(fresh) - bytes(warm);
        assert!(
            (10 * seal..13 * seal).contains(&less),
            "{less} bytes less, of {seal} each"
        );
    }
}
