//! Statements of the account: what the account signing key vouches for (SPEC section
//! "Statements").
//!
//! One act of the owner makes many statements (an announcement per stream, an introduction per
//! member) and one signature: over the head of a hash tree (RFC 9162 section 2.1) whose leaves
//! are the statements. Each statement travels with its own path, and says nothing of the others.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::cbor::{self, Bytes};
use crate::cose::{self, Signed};
use crate::crypto::{RsaPublic, RsaSigningKey, sha256_concat};
use crate::error::{MessageError, Result};
use crate::message::{self, AccountId, Body, Hash, MAX_MESSAGE};

/// What the account signing key signs: the head of a tree of statements.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct TreeHead {
    /// Merkle tree hash of the leaves.
    #[n(0)]
    pub root: Hash,
    /// Number of leaves, at least 1.
    #[n(1)]
    pub size: u64,
}

impl Body for TreeHead {
    const TYPE: &'static str = "tree-head";
}

/// A statement as it is stored and sent: the message, its place in the tree, the signed head.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedStatement {
    /// The message that is the leaf.
    #[n(0)]
    pub leaf: ByteVec,
    /// The leaf's index, from 0.
    #[n(1)]
    pub index: u64,
    /// The hashes beside the way from the leaf to the root, lowest first (RFC 9162 section 2.1.3).
    #[n(2)]
    pub path: Vec<Hash>,
    /// `COSE_Sign1` (PS256) of the [`TreeHead`].
    #[n(3)]
    pub head: ByteVec,
}

/// Signs `leaves` (messages, at least one) with one signature. Returns the statements in the order
/// of the leaves.
///
/// # Errors
/// `crypto` if the signature cannot be made.
pub fn sign_all<R>(
    key: &RsaSigningKey,
    account: &AccountId,
    leaves: Vec<Vec<u8>>,
    rng: &mut R,
) -> Result<Vec<Vec<u8>>>
where
    R: CryptoRng + ?Sized,
{
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| message::hash(leaf)).collect();
    let (root, paths) = tree(&hashes);
    let head = TreeHead {
        root,
        size: leaves.len() as u64,
    };
    let head = ByteVec::from(cose::sign_root(key, message::encode(account, head), rng)?);
    let statements = leaves
        .into_iter()
        .zip(paths)
        .enumerate()
        .map(|(index, (leaf, path))| {
            let (leaf, index) = (ByteVec::from(leaf), index as u64);
            cbor::encode(&SignedStatement {
                leaf,
                index,
                path,
                head: head.clone(),
            })
        });
    Ok(statements.collect())
}

/// Verifies a statement under the pinned root and reads its message.
///
/// # Errors
/// `malformed`, `not-deterministic`, `too-large`; those of the tree head's signature;
/// `invalid-tree-path`; and those of the message itself.
pub fn open<T: Body>(root: &RsaPublic, account: &AccountId, bytes: &[u8]) -> Result<Signed<T>> {
    if bytes.len() > MAX_MESSAGE {
        return Err(MessageError::TooLarge.into());
    }
    let statement: SignedStatement = cbor::decode(bytes)?;
    let head: TreeHead = cose::open_root(root, account, &statement.head)?;
    let hash = message::hash(&statement.leaf);
    if root_from_path(hash, statement.index, head.size, &statement.path) != Some(head.root) {
        return Err(MessageError::InvalidTreePath.into());
    }
    Ok(Signed {
        hash,
        body: message::decode(account, &statement.leaf)?,
    })
}

/// RFC 9162 section 2.1.1.
fn node(left: &Hash, right: &Hash) -> Hash {
    Bytes(sha256_concat(&[&[1], &left.0, &right.0]))
}

/// The tree hash of `leaves` and the path of each of them, computed level by level: the last node
/// of an odd level moves up unchanged, which gives the tree of RFC 9162 section 2.1.1.
fn tree(leaves: &[Hash]) -> (Hash, Vec<Vec<Hash>>) {
    let mut paths = vec![Vec::new(); leaves.len()];
    let mut level = leaves.to_vec();
    let mut height = 0;
    while level.len() > 1 {
        for (index, path) in paths.iter_mut().enumerate() {
            path.extend(level.get((index >> height) ^ 1));
        }
        let up = |pair: &[Hash]| match pair {
            [left, right] => node(left, right),
            odd => odd[0],
        };
        level = level.chunks(2).map(up).collect();
        height += 1;
    }
    (level.first().copied().unwrap_or(Bytes([0; 32])), paths)
}

/// RFC 9162 section 2.1.3.2: the root that `path` leads to, or `None` if the path's length does
/// not fit the place.
fn root_from_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            hash = node(beside, &hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, beside);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(n: u8) -> Vec<Hash> {
        (0..n).map(|i| message::hash(&[i])).collect()
    }

    /// RFC 9162 section 2.1.1, by its recursive definition.
    fn definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            many => {
                let split = many.len().next_power_of_two() / 2;
                node(&definition(&many[..split]), &definition(&many[split..]))
            }
        }
    }

    #[test]
    fn every_path_leads_to_the_root_and_no_other_place_does() {
        for n in 1..40_u8 {
            let leaves = leaves(n);
            let (root, paths) = tree(&leaves);
            assert_eq!(root, definition(&leaves));
            for (i, path) in paths.iter().enumerate() {
                for place in 0..u64::from(n) + 1 {
                    let found = root_from_path(leaves[i], place, u64::from(n), path);
                    assert_eq!(
                        found == Some(root),
                        place == i as u64,
                        "{n} leaves, {i} at {place}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_path_is_neither_longer_nor_shorter_than_its_place() {
        let leaves = leaves(7);
        let (root, paths) = tree(&leaves);
        let mut longer = paths[3].clone();
        longer.push(root);
        assert_eq!(root_from_path(leaves[3], 3, 7, &longer), None);
        assert_ne!(root_from_path(leaves[3], 3, 7, &paths[3][..2]), Some(root));
    }
}
