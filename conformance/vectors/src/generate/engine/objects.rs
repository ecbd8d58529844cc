//! Functions that make objects of which the reference draws several random parts in a row.

use encryptediot::cloud::Cloud as _;
use encryptediot::crypto::{KemPublic, SecretBytes, VerifyingKey};
use encryptediot::link::{self, Link, Source};
use encryptediot::roster::{CameraEntry, Draft, PhoneKeys};
use encryptediot_schemes::oaep::OaepPublic;
use encryptediot_schemes::scheme::World as Bare;
use encryptediot_schemes::scheme::envelope::{self, Recipient};
use encryptediot_testkit::household::name;
use zeroize::Zeroizing;

use super::super::super::{Error, Result};
use super::super::item::Item;
use super::super::world::{START, World, rng};
use super::crypto;
use super::functions::{Arguments, Functions, bytes};

/// Calls a function of this name.
///
/// # Errors
/// If there is none, or it is not of these arguments.
pub fn call(functions: &Functions<'_>, name: &str, a: &Arguments<'_>) -> Result<Item> {
    Ok(match name {
        // Vault 2 of an account.
        "vault-of" => Item::parse(&functions.world(&a.bytes(0)?)?.vault()?)?,
        // So many bytes in which no two segments are alike.
        "pattern" => {
            let byte = |i: usize| ((i >> 16) as u8) ^ (i as u8);
            Item::Bytes((0..a.size(0)?).map(byte).collect())
        }
        "link-of" => link_of(a)?,
        "roster-of" => roster(functions.world(&a.bytes(0)?)?, a)?,
        "ring-recording" => recording(a)?,
        _ => return crypto::call(functions, name, a),
    })
}

/// The object of a link of one clip, and the copy's body: the link's text, its end, root,
/// announcement, signed manifest, session key, plaintext.
fn link_of(a: &Arguments<'_>) -> Result<Item> {
    let source = Source {
        manifest: a.bytes(4)?,
        key: SecretBytes::new(a.array(5)?),
        plaintext: Zeroizing::new(a.bytes(6)?),
    };
    let (link, until) = (Link::from_text(&a.text(0)?)?, a.number(1)?);
    let (root, announced) = (a.bytes(2)?, vec![a.bytes(3)?]);
    let made = link::make(&link, until, root, announced, vec![source], &mut rng(100))?;
    let body = made.bodies.into_iter().next().unwrap_or_default();
    Ok(Item::Array(vec![
        Item::Bytes(made.index),
        Item::Bytes(body),
    ]))
}

/// A roster's message: account, number, previous, phones as `[name, instance, lease]`, cameras as
/// `[name, key, streams]`.
fn roster(world: &World, a: &Arguments<'_>) -> Result<Item> {
    let odd = || Error::Generate("no entry of a roster".to_owned());
    let parts = |item: &Item| match item {
        Item::Array(parts) => <[Item; 3]>::try_from(parts.clone()).map_err(|_| odd()),
        _ => Err(odd()),
    };
    let named = |item: &Item| Ok::<_, Error>(name(&String::from_utf8_lossy(&bytes(item)))?);
    let phone = |item: &Item| {
        let [name, instance, lease] = parts(item)?;
        let keys = PhoneKeys {
            instance: KemPublic::from_bytes(&bytes(&instance))?,
            lease: VerifyingKey::from_bytes(&bytes(&lease))?,
        };
        Ok((named(&name)?, keys))
    };
    let camera = |item: &Item| {
        let [name, key, Item::Array(streams)] = parts(item)? else {
            return Err(odd());
        };
        Ok(CameraEntry {
            name: named(&name)?,
            key: match &key {
                Item::Bytes(key) => Some(VerifyingKey::from_bytes(key)?),
                _ => None,
            },
            streams: streams.iter().map(named).collect::<Result<_>>()?,
        })
    };
    let draft = Draft {
        number: a.number(1)?,
        previous: match a.item(2)? {
            Item::Bytes(_) => Some(encryptediot::cbor::Bytes(a.array(2)?)),
            _ => None,
        },
        phones: a.list(3)?.iter().map(phone).collect::<Result<_>>()?,
        cameras: a.list(4)?.iter().map(camera).collect::<Result<_>>()?,
        ..world.roster_draft()?
    };
    Item::parse(&world.roster(draft)?)
}

/// Manifest and video of the paper's scheme: seed, plaintext, points to wrap for, and perhaps a
/// modulus.
fn recording(a: &Arguments<'_>) -> Result<Item> {
    let recipient = |item: &Item| -> Result<Recipient> {
        let key = bytes(item);
        Ok(match <&[u8; 256]>::try_from(&key[..]) {
            Ok(modulus) => Recipient::Rsa(Box::new(OaepPublic::from_modulus(modulus)?)),
            Err(_) => Recipient::Ecc(KemPublic::from_bytes(&key)?),
        })
    };
    let recipients: Vec<_> = a.list(2)?.iter().map(recipient).collect::<Result<_>>()?;
    let (mut bare, plain) = (Bare::new(a.number(0)?)?, a.bytes(1)?);
    envelope::record(&mut bare, "x", &plain, (START, START + 1_000), &recipients)?;
    let objects = [envelope::manifest("x", 1), envelope::video("x", 1)];
    let objects = objects.map(|path| bare.cloud.get(&path).map(Item::bytes));
    Ok(Item::Array(
        objects.into_iter().collect::<std::result::Result<_, _>>()?,
    ))
}
