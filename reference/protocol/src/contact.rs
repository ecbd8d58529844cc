//! How owner and member come to hold each other's genuine keys (SPEC section "Contacts").
//!
//! Cards may travel by any way, the provider's included. What makes them good is one comparison
//! of a 60-digit safety number, or that they were exchanged by touch.

use data_encoding::BASE32_NOPAD;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::cbor;
use crate::cose::Key;
use crate::crypto::{KemPublic, sha256_concat};
use crate::error::{GrantError, Result};
use crate::keys::Name;
use crate::message::{self, AccountId, Body, VERSION};

/// The start of a member's card as text.
pub const CARD_PREFIX: &str = "EIOT:CARD:";

/// The start of a proximity payload as text.
pub const PROXIMITY_PREFIX: &str = "EIOT:TOUCH:";

/// What a member gives to an owner: a name to go by and the member's public key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Card {
    /// Always `contact-card`.
    #[n(0)]
    kind: String,
    /// Always [`VERSION`].
    #[n(1)]
    version: u64,
    /// What the member calls itself.
    #[n(2)]
    pub name: Name,
    /// The member's key; whether it is the member's is not known before it is verified.
    #[n(3)]
    pub key: KemPublic,
}

const CARD: &str = "contact-card";

impl Card {
    /// A card of `key`.
    pub fn new(name: Name, key: KemPublic) -> Self {
        Self {
            kind: CARD.to_owned(),
            version: VERSION,
            name,
            key,
        }
    }

    /// The card as text.
    pub fn to_text(&self) -> String {
        format!("{CARD_PREFIX}{}", BASE32_NOPAD.encode(&cbor::encode(self)))
    }

    /// Reads a card.
    ///
    /// # Errors
    /// `card-malformed`.
    pub fn from_text(text: &str) -> Result<Self> {
        let card: Self =
            cbor::decode(&from_text(CARD_PREFIX, text)?).map_err(|_| GrantError::CardMalformed)?;
        if card.kind != CARD || card.version != VERSION {
            return Err(GrantError::CardMalformed.into());
        }
        Ok(card)
    }
}

fn from_text(prefix: &str, text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(text.trim().to_ascii_uppercase());
    let text = text.strip_prefix(prefix).ok_or(GrantError::CardMalformed)?;
    let bytes = BASE32_NOPAD.decode(text.as_bytes());
    Ok(bytes
        .map(Zeroizing::new)
        .map_err(|_| GrantError::CardMalformed)?)
}

/// The number that owner and member compare: 60 digits, about 199 bits, of both keys together.
///
/// A third party between them has to find a collision for these two, about 2^99 keys and hashes;
/// no work on other pairs helps, however many there are.
pub fn safety_number(account: &AccountId, member: &KemPublic) -> String {
    let groups: Vec<String> = [b"1", b"2"]
        .into_iter()
        .flat_map(|half| half_number(half, account, member))
        .collect();
    groups.join(" ")
}

fn half_number(half: &[u8], account: &AccountId, member: &KemPublic) -> Vec<String> {
    let start = b"eiot/1 safety number ";
    let hash = sha256_concat(&[start, half, b" ", &account.0, member.as_bytes()]);
    let group = |bytes: &[u8]| {
        let value = bytes
            .iter()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        format!("{:05}", value % 100_000)
    };
    hash.chunks_exact(5).take(6).map(group).collect()
}

/// A member's key that the owner has verified out of band. There is no other way to get one, and
/// nothing is shared without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedMember {
    card: Card,
}

impl VerifiedMember {
    /// The owner compares: `told` is what the member read out, digits in any grouping.
    ///
    /// # Errors
    /// `safety-number`.
    pub fn by_comparison(account: &AccountId, card: Card, told: &str) -> Result<Self> {
        check_safety_number(account, &card.key, told)?;
        Ok(Self { card })
    }

    /// The card came from the member's own device by touch.
    pub fn by_proximity(card: Card) -> Self {
        Self { card }
    }

    /// The verified key.
    pub fn key(&self) -> &KemPublic {
        &self.card.key
    }

    /// The name on the card.
    pub fn name(&self) -> &Name {
        &self.card.name
    }
}

/// Compares what one side reads out with what the other computes.
///
/// # Errors
/// `safety-number`.
pub fn check_safety_number(account: &AccountId, member: &KemPublic, told: &str) -> Result<()> {
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    if digits(told) != digits(&safety_number(account, member)) {
        return Err(GrantError::SafetyNumber.into());
    }
    Ok(())
}

/// What the owner's phone hands to a member's by touch: the account to pin and a pairwise key, so
/// that nothing needs to be encrypted to a public key. Confidential: it must not leave the two
/// devices.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Proximity {
    #[n(0)]
    number: u64,
    #[n(1)]
    pairwise: Key,
}

impl Body for Proximity {
    const TYPE: &'static str = "proximity";
}

/// The payload as bytes, 82 of them for small numbers: an NFC Forum Type 2 tag holds 144.
pub fn encode_proximity(account: &AccountId, number: u64, pairwise: &Key) -> Zeroizing<Vec<u8>> {
    let pairwise = pairwise.clone();
    message::encode_secret(account, Proximity { number, pairwise })
}

/// The payload as text, for channels that carry text.
pub fn proximity_text(payload: &[u8]) -> String {
    format!("{PROXIMITY_PREFIX}{}", BASE32_NOPAD.encode(payload))
}

/// Reads a payload: the account, the number, the pairwise key.
///
/// # Errors
/// `card-malformed`.
pub fn decode_proximity(payload: &[u8]) -> Result<(AccountId, u64, Key)> {
    let (account, body): (_, Proximity) =
        message::decode_any_account(payload).map_err(|_| GrantError::CardMalformed)?;
    Ok((account, body.number, body.pairwise))
}

/// Reads a payload from text.
///
/// # Errors
/// `card-malformed`.
pub fn proximity_from_text(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    from_text(PROXIMITY_PREFIX, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::Bytes;
    use crate::crypto::SecretBytes;

    #[test]
    fn a_proximity_payload_fits_a_small_tag() {
        let payload = encode_proximity(
            &Bytes([1; 32]),
            u64::from(u32::MAX),
            &SecretBytes::new([2; 32]),
        );
        assert!(payload.len() <= 137, "{} bytes", payload.len());
    }
}
