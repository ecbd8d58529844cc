//! Pairing a camera over the local channel (SPEC section "Pairing").
//!
//! The phone shows an offer as a QR code, the camera reads it; its reply goes through the cloud,
//! sealed under the offer's secret. Whoever sees neither the QR code nor the secret can neither
//! read nor make a reply, so both sides have the other's key from the owner's own hands.

use data_encoding::BASE32_NOPAD;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::cbor::{self, Bytes};
use crate::cose::{self, Key};
use crate::crypto::{SecretBytes, VerifyingKey, sha256_concat};
use crate::error::{PairingError, Result};
use crate::keys::Name;
use crate::message::{self, AccountId, Body, Time};

/// How long an offer may be taken after it was made: ten minutes.
pub const OFFER_LIFE: Time = 10 * 60 * 1000;

/// The start of the text in the QR code; upper case, so that QR's alphanumeric mode applies.
pub const OFFER_PREFIX: &str = "EIOT:PAIR:";

#[derive(Encode, Decode)]
#[cbor(array)]
struct OfferBody {
    #[n(0)]
    secret: Key,
    #[n(1)]
    issued: Time,
}

impl Body for OfferBody {
    const TYPE: &'static str = "pairing-offer";
}

/// What the phone shows to the camera.
#[derive(Clone)]
pub struct Offer {
    /// The account, and with it the root that the camera pins.
    pub account: AccountId,
    /// When it was made.
    pub issued: Time,
    secret: Key,
}

/// Where the reply to one offer lies in the cloud: 16 bytes that do not tell the secret.
pub type OfferId = Bytes<16>;

impl Offer {
    /// Makes an offer.
    pub fn new<R: CryptoRng + ?Sized>(account: AccountId, now: Time, rng: &mut R) -> Self {
        Self {
            account,
            issued: now,
            secret: SecretBytes::random(rng),
        }
    }

    /// The text of the QR code, 161 characters.
    pub fn to_text(&self) -> String {
        let body = OfferBody {
            secret: self.secret.clone(),
            issued: self.issued,
        };
        let bytes = message::encode_secret(&self.account, body);
        format!("{OFFER_PREFIX}{}", BASE32_NOPAD.encode(&bytes))
    }

    /// Reads the text of the QR code.
    ///
    /// # Errors
    /// `offer-malformed`.
    pub fn from_text(text: &str) -> Result<Self> {
        let malformed = |_| PairingError::OfferMalformed;
        let text = Zeroizing::new(text.trim().to_ascii_uppercase());
        let text = text
            .strip_prefix(OFFER_PREFIX)
            .ok_or(PairingError::OfferMalformed)?;
        let bytes = BASE32_NOPAD.decode(text.as_bytes()).map_err(malformed)?;
        let bytes = Zeroizing::new(bytes);
        let (account, body): (_, OfferBody) =
            message::decode_any_account(&bytes).map_err(|_| PairingError::OfferMalformed)?;
        Ok(Self {
            account,
            issued: body.issued,
            secret: body.secret,
        })
    }

    /// The secret that seals the reply.
    pub fn secret(&self) -> &Key {
        &self.secret
    }

    /// The name of the offer.
    pub fn id(&self) -> OfferId {
        let mut id = [0; 16];
        let hash = sha256_concat(&[b"eiot/1 pairing", self.secret.as_bytes()]);
        id.copy_from_slice(&hash[..16]);
        Bytes(id)
    }

    /// May the camera take the offer at `now`?
    ///
    /// # Errors
    /// `offer-expired`.
    pub fn check_age(&self, now: Time) -> Result<()> {
        if now > self.issued.saturating_add(OFFER_LIFE) {
            return Err(PairingError::OfferExpired.into());
        }
        Ok(())
    }

    /// May the phone that made the offer take a reply at `now`? If the phone's clock has gone back
    /// since, it cannot tell how old the offer is.
    ///
    /// # Errors
    /// `offer-expired`.
    pub fn check_reply_age(&self, now: Time) -> Result<()> {
        if now.abs_diff(self.issued) > OFFER_LIFE {
            return Err(PairingError::OfferExpired.into());
        }
        Ok(())
    }
}

/// What the camera answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reply {
    /// The camera's verifying key.
    #[n(0)]
    pub camera: VerifyingKey,
    /// The streams that it records.
    #[n(1)]
    #[cbor(decode_with = "crate::cbor::some")]
    pub streams: Vec<Name>,
}

/// The type in the sealed reply's associated data.
const REPLY: &str = "pairing-reply";

fn reply_context(offer: &Offer) -> Vec<u8> {
    message::context(REPLY, &offer.account, offer.id())
}

/// Seals the camera's reply: `COSE_Encrypt0` under the offer's secret.
///
/// # Errors
/// `crypto`.
pub fn seal_reply<R>(offer: &Offer, reply: &Reply, rng: &mut R) -> Result<Vec<u8>>
where
    R: CryptoRng + ?Sized,
{
    cose::seal(
        &offer.secret,
        &reply_context(offer),
        &cbor::encode(reply),
        rng,
    )
}

/// Opens the camera's reply. Whether the offer may still be used,
/// [`add_camera`](crate::owner::Owner::add_camera) checks.
///
/// # Errors
/// `reply-open`.
pub fn open_reply(offer: &Offer, sealed: &[u8]) -> Result<Reply> {
    let refused = |_| PairingError::ReplyOpen;
    let plain = cose::unseal(&offer.secret, &reply_context(offer), sealed).map_err(refused)?;
    Ok(cbor::decode(&plain).map_err(refused)?)
}
