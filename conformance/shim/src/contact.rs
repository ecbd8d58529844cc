//! Names, pairing, contacts (SPEC sections "Pairing" and "Contacts").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Fixed, Hex, Nothing};
use super::{Devices, Outcome};
use encryptediot::contact::{self, Card};
use encryptediot::keys::Name;
use encryptediot::pairing::{self, Offer};

/// Reads the name of a stream, a phone, a camera or a member.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameRead {
    /// The text.
    text: String,
}

pub fn name_read(input: NameRead, _: &mut Devices) -> Outcome<Nothing> {
    input.text.parse::<Name>()?;
    Ok(Nothing {})
}

/// Reads the text of a pairing offer and takes it, as a camera does.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferRead {
    /// The text of the QR code.
    text: String,
    /// The camera's wall clock.
    now: u64,
}

/// What a pairing offer says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OfferSays {
    /// The account to pin.
    account: Fixed<32>,
    /// The pairing secret.
    secret: Fixed<32>,
    /// When it was made.
    issued: u64,
    /// The offer's id: where the reply lies.
    id: Fixed<16>,
}

pub fn offer_read(input: OfferRead, _: &mut Devices) -> Outcome<OfferSays> {
    let offer = Offer::from_text(&input.text)?;
    offer.check_age(input.now)?;
    Ok(OfferSays {
        account: offer.account.into(),
        secret: Fixed(*offer.secret().as_bytes()),
        issued: offer.issued,
        id: offer.id().into(),
    })
}

/// Opens a camera's reply under the offer that the phone made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyOpen {
    /// The text of the offer.
    offer: String,
    /// The sealed reply.
    reply: Hex,
}

/// What a camera replies.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Reply {
    /// The camera's verifying key.
    camera: Fixed<65>,
    /// Its streams.
    streams: Vec<String>,
}

pub fn reply_open(input: ReplyOpen, _: &mut Devices) -> Outcome<Reply> {
    let offer = Offer::from_text(&input.offer)?;
    let reply = pairing::open_reply(&offer, &input.reply.0)?;
    Ok(Reply {
        camera: reply.camera.into(),
        streams: reply.streams.iter().map(ToString::to_string).collect(),
    })
}

/// Reads a contact card's text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardRead {
    /// The text.
    text: String,
}

/// What a card says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CardSays {
    /// What the member calls itself.
    name: String,
    /// The member's key.
    key: Fixed<65>,
}

pub fn card_read(input: CardRead, _: &mut Devices) -> Outcome<CardSays> {
    let card = Card::from_text(&input.text)?;
    let (name, key) = (card.name.to_string(), card.key.into());
    Ok(CardSays { name, key })
}

/// The safety number of an account and a member's key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SafetyNumber {
    /// The account.
    account: Fixed<32>,
    /// The member's key.
    member: Fixed<65>,
}

/// A safety number.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Number {
    /// Twelve groups of five digits, one space between them.
    number: String,
}

pub fn safety_number(input: SafetyNumber, _: &mut Devices) -> Outcome<Number> {
    let number = contact::safety_number(&input.account.into(), &input.member.encrypting()?);
    Ok(Number { number })
}

/// Compares a safety number with what the other side reads out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SafetyNumberCheck {
    /// The account.
    account: Fixed<32>,
    /// The member's key.
    member: Fixed<65>,
    /// What was read out, digits in any grouping.
    told: String,
}

pub fn safety_number_check(input: SafetyNumberCheck, _: &mut Devices) -> Outcome<Nothing> {
    let member = input.member.encrypting()?;
    contact::check_safety_number(&input.account.into(), &member, &input.told)?;
    Ok(Nothing {})
}

/// Reads a proximity payload's text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TouchTextRead {
    /// The text.
    text: String,
}

/// What a phone hands over by touch.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Touch {
    /// The account to pin.
    account: Fixed<32>,
    /// The number under which the owner keeps the member.
    number: u64,
    /// The pairwise key.
    pairwise: Fixed<32>,
}

fn touch(payload: &[u8]) -> Outcome<Touch> {
    let (account, number, pairwise) = contact::decode_proximity(payload)?;
    let (account, pairwise) = (account.into(), Fixed(*pairwise.as_bytes()));
    Ok(Touch {
        account,
        number,
        pairwise,
    })
}

pub fn touch_text_read(input: TouchTextRead, _: &mut Devices) -> Outcome<Touch> {
    touch(&contact::proximity_from_text(&input.text)?)
}

/// Reads a proximity payload.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TouchRead {
    /// The payload.
    payload: Hex,
}

pub fn touch_read(input: TouchRead, _: &mut Devices) -> Outcome<Touch> {
    touch(&input.payload.0)
}
