//! The functions of case files. Each is a function of its arguments alone: what is random in it is
//! drawn from a seed that it is given, or from what it signs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use encryptediot::crypto::RsaSigningKey;

use super::super::super::{Error, Result};
use super::super::item::Item;
use super::super::world::{START, WORDS, World};
use super::objects;

/// Arguments of more bytes are not worth keeping.
const LARGE: usize = 1 << 20;

/// What functions need to know of the world, and what of them was computed already.
pub struct Functions<'a> {
    world: &'a World,
    other: World,
    done: RefCell<BTreeMap<Vec<u8>, Item>>,
}

/// The arguments of a call, and how many of them the function has looked at.
pub struct Arguments<'a> {
    items: &'a [Item],
    taken: Cell<usize>,
}

/// What is wrong with an argument.
fn wrong(place: usize, what: &str) -> Error {
    Error::Generate(format!("argument {} {what}", place + 1))
}

impl Arguments<'_> {
    /// An argument as it is.
    pub fn item(&self, place: usize) -> Result<&Item> {
        self.taken.set(self.taken.get().max(place + 1));
        self.items
            .get(place)
            .ok_or_else(|| wrong(place, "is missing"))
    }

    fn all(&self) -> Result<Vec<&Item>> {
        (0..self.items.len())
            .map(|place| self.item(place))
            .collect()
    }

    /// An argument as bytes: those of a string, or the encoding of anything else.
    pub fn bytes(&self, place: usize) -> Result<Vec<u8>> {
        Ok(bytes(self.item(place)?))
    }

    /// An argument of so many bytes.
    pub fn array<const N: usize>(&self, place: usize) -> Result<[u8; N]> {
        let bytes = self.bytes(place)?;
        let not = |bytes: Vec<u8>| wrong(place, &format!("has {} bytes, not {N}", bytes.len()));
        bytes.try_into().map_err(not)
    }

    /// A text.
    pub fn text(&self, place: usize) -> Result<String> {
        let text = match self.item(place)? {
            Item::Text(text) => String::from_utf8(text.clone()).ok(),
            _ => None,
        };
        text.ok_or_else(|| wrong(place, "is no text"))
    }

    /// A number.
    pub fn number(&self, place: usize) -> Result<u64> {
        match self.item(place)? {
            Item::Uint(n) => Ok(*n),
            _ => Err(wrong(place, "is no number")),
        }
    }

    /// A number as a size.
    pub fn size(&self, place: usize) -> Result<usize> {
        usize::try_from(self.number(place)?).map_err(|_| wrong(place, "is too large"))
    }

    /// The items of an array.
    pub fn list(&self, place: usize) -> Result<&[Item]> {
        match self.item(place)? {
            Item::Array(items) => Ok(items),
            _ => Err(wrong(place, "is no array")),
        }
    }

    /// A place in something of this length, from its end if it is negative.
    fn place(&self, argument: usize, length: usize) -> Result<usize> {
        let length = length as u64;
        let place = match self.item(argument)? {
            Item::Uint(n) if *n <= length => Some(*n),
            Item::Nint(n) => length.checked_sub(n + 1),
            _ => None,
        };
        let place = place.and_then(|place| usize::try_from(place).ok());
        place.ok_or_else(|| wrong(argument, "is beyond it"))
    }
}

/// The bytes of a string, or the encoding of anything else.
pub fn bytes(item: &Item) -> Vec<u8> {
    match item {
        Item::Bytes(bytes) | Item::Text(bytes) => bytes.clone(),
        other => other.encode(),
    }
}

impl<'a> Functions<'a> {
    /// The functions of a world.
    ///
    /// # Errors
    /// If the other account's key is none.
    pub fn new(world: &'a World) -> Result<Self> {
        Ok(Self {
            world,
            other: World::other()?,
            done: RefCell::default(),
        })
    }

    /// The world of an account.
    ///
    /// # Errors
    /// If it is neither.
    pub fn world(&self, account: &[u8]) -> Result<&World> {
        let worlds = [self.world, &self.other].into_iter();
        let mut found = worlds.filter(|world| world.account.0 == account);
        let unknown = || Error::Generate("nobody has this account".to_owned());
        found.next().ok_or_else(unknown)
    }

    /// What is there without a definition.
    ///
    /// # Errors
    /// If a key cannot be encoded.
    pub fn constants(&self) -> Result<Vec<(&'static str, Item)>> {
        let (world, other) = (self.world, &self.other);
        Ok(vec![
            ("start", Item::Uint(START)),
            ("words", Item::text(WORDS)),
            ("account", Item::bytes(world.account.0)),
            ("ask", Item::bytes(world.root.to_pkcs8()?)),
            ("modulus", Item::bytes(world.root.public().modulus())),
            ("other-account", Item::bytes(other.account.0)),
            ("other-ask", Item::bytes(other.root.to_pkcs8()?)),
            ("other-modulus", Item::bytes(other.root.public().modulus())),
        ])
    }

    /// The signing key of an account, from its PKCS #8.
    ///
    /// # Errors
    /// If it is neither's.
    pub fn signer(&self, private: &[u8]) -> Result<&RsaSigningKey> {
        for world in [self.world, &self.other] {
            if world.root.to_pkcs8()?[..] == *private {
                return Ok(&world.root);
            }
        }
        Err(Error::Generate("no account has this key".to_owned()))
    }

    /// Calls a function.
    ///
    /// # Errors
    /// If there is none of this name, or it is not of these arguments.
    pub fn call(&self, name: &str, items: &[Item]) -> Result<Item> {
        // What has a tag is changed under it.
        if let (Some(Item::Tag(tag, inner)), "cat" | "drop" | "item" | "slice") =
            (items.first(), name)
        {
            let under = [&[(**inner).clone()], items.get(1..).unwrap_or_default()].concat();
            let value = self.call(name, &under)?;
            return Ok(match name {
                "item" => value,
                _ => Item::Tag(*tag, Box::new(value)),
            });
        }
        let arguments = Arguments {
            items,
            taken: Cell::new(0),
        };
        let value = match simple(name, &arguments) {
            Some(value) => value?,
            None => self.kept(name, &arguments)?,
        };
        match arguments.taken.get() < items.len() {
            true => Err(wrong(arguments.taken.get(), "is one too many")),
            false => Ok(value),
        }
    }

    /// The value of a function that takes its time: computed once.
    fn kept(&self, name: &str, arguments: &Arguments<'_>) -> Result<Item> {
        let items = arguments.items;
        let key = Item::Array([&[Item::text(name)], items].concat()).encode();
        if key.len() > LARGE {
            return objects::call(self, name, arguments);
        }
        if let Some(done) = self.done.borrow().get(&key) {
            arguments.taken.set(items.len());
            return Ok(done.clone());
        }
        let value = objects::call(self, name, arguments)?;
        self.done.borrow_mut().insert(key, value.clone());
        Ok(value)
    }
}

/// Functions that rearrange; `None` if it is none of them.
fn simple(name: &str, a: &Arguments<'_>) -> Option<Result<Item>> {
    Some(match name {
        "cbor" => a.item(0).map(|item| Item::Bytes(item.encode())),
        "parse" => a.bytes(0).and_then(|bytes| Item::parse(&bytes)),
        "raw" => a.bytes(0).map(Item::Raw),
        "bytes" => a.bytes(0).map(Item::Bytes),
        "text" => a.bytes(0).map(Item::Text),
        "longer" => a.item(0).and_then(|item| formed(item.longer())),
        "indefinite" => a.item(0).and_then(|item| formed(item.indefinite())),
        "fill" => fill(a),
        "repeat" => repeat(a),
        "cat" => cat(a),
        "slice" => slice(a),
        "cut" => within(a, |list, _| {
            list.pop();
            Ok(())
        }),
        "drop" => within(a, |list, a| {
            let place = a.place(1, list.len())?;
            list.drain(place..(place + 1).min(list.len()));
            Ok(())
        }),
        "insert" => within(a, |list, a| {
            list.insert(a.place(1, list.len())?, a.item(2)?.clone());
            Ok(())
        }),
        "swap" => within(a, |list, a| {
            let (one, other) = (a.place(1, list.len())?, a.place(2, list.len())?);
            match one.max(other) < list.len() {
                true => list.swap(one, other),
                false => return Err(wrong(1, "or the next is beyond it")),
            }
            Ok(())
        }),
        "numbered" => a
            .list(0)
            .map(|items| Item::Map((0..).map(Item::Uint).zip(items.iter().cloned()).collect())),
        "chunks" => chunks(a),
        "join" => join(a),
        "sort" => within(a, |list, _| {
            list.sort_by_key(bytes);
            Ok(())
        }),
        "reverse" => within(a, |list, _| {
            list.reverse();
            Ok(())
        }),
        "flip" => flip(a),
        "item" => item(a),
        "short-tag" => short_tag(a),
        "double" => double(a),
        "half" => half(a),
        "numbers" => a
            .bytes(0)
            .map(|bytes| Item::Array(bytes.into_iter().map(|b| Item::Uint(b.into())).collect())),
        "keyed" => a.list(0).map(|items| {
            let key = |place: usize| Item::text(&place.to_string());
            Item::Map((0..).map(key).zip(items.iter().cloned()).collect())
        }),
        "untag" => match a.item(0) {
            Ok(Item::Tag(_, inner)) => Ok((**inner).clone()),
            _ => Err(Error::Generate("there is no tag".to_owned())),
        },
        "given" => match (a.item(0), a.item(1)) {
            (Ok(one), Ok(other)) if one == other => a.item(2).cloned(),
            _ => Err(Error::Generate("these two are to be the same".to_owned())),
        },
        "number" => a
            .bytes(0)
            .map(|bytes| Item::Uint(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))),
        "big-endian" => big_endian(a),
        "subtract" => subtract(a),
        "der" => a.array(0).map(|signature| Item::Bytes(der(&signature))),
        "odd" => a
            .bytes(0)
            .map(|bytes| Item::Uint(u64::from(bytes.last().unwrap_or(&0) & 1))),
        "length" => a.item(0).map(|item| match item {
            Item::Array(items) => Item::Uint(items.len() as u64),
            other => Item::Uint(bytes(other).len() as u64),
        }),
        "hex" => a.bytes(0).map(|bytes| Item::text(&hex::encode(bytes))),
        "base32" => a
            .bytes(0)
            .map(|bytes| Item::text(&data_encoding::BASE32_NOPAD.encode(&bytes))),
        "next-letter" => a.text(0).map(|text| Item::text(&next_letter(&text))),
        "decimal" => a.number(0).map(|n| Item::text(&n.to_string())),
        "upper" => a.text(0).map(|text| Item::text(&text.to_uppercase())),
        "lower" => a.text(0).map(|text| Item::text(&text.to_lowercase())),
        "replace" => replace(a),
        "split" => split(a),
        _ => return None,
    })
}

fn formed(form: Option<Item>) -> Result<Item> {
    form.ok_or_else(|| Error::Generate("it has no such form".to_owned()))
}

/// `fill(byte, n)`: so many bytes of one value; of a text, so many times the text.
fn fill(a: &Arguments<'_>) -> Result<Item> {
    let count = a.size(1)?;
    match a.item(0)? {
        Item::Text(text) => Ok(Item::Text(text.repeat(count))),
        Item::Uint(byte @ 0..=255) => Ok(Item::Bytes(vec![*byte as u8; count])),
        _ => Err(Error::Generate("no byte".to_owned())),
    }
}

/// `item(list, i)`: one of an array.
fn item(a: &Arguments<'_>) -> Result<Item> {
    let list = a.list(0)?;
    let found = list.get(a.place(1, list.len())?);
    found.cloned().ok_or_else(|| wrong(1, "is beyond it"))
}

/// `short-tag(x, n)`: a COSE_Encrypt0, encoded, without the last n bytes of its tag.
fn short_tag(a: &Arguments<'_>) -> Result<Item> {
    let (sealed, cut) = (Item::parse(&a.bytes(0)?)?, a.size(1)?);
    let Some(Item::Bytes(text)) = sealed.at(&[0, 2]) else {
        return Err(wrong(0, "is not sealed"));
    };
    let kept = text.len().saturating_sub(cut);
    let short = Item::bytes(text.get(..kept).unwrap_or_default());
    Ok(Item::Bytes(sealed.put(&[0, 2], short).encode()))
}

/// `double(n)`: a number as a float of 64 bits.
fn double(a: &Arguments<'_>) -> Result<Item> {
    let float = a.number(0)? as f64;
    Ok(Item::Raw([&[0xfb][..], &float.to_be_bytes()].concat()))
}

/// `half(n)`: a number below 2,049 as a float of 16 bits.
fn half(a: &Arguments<'_>) -> Result<Item> {
    let number = u16::try_from(a.number(0)?).unwrap_or(u16::MAX);
    let bits = match number.checked_ilog2() {
        None => 0,
        Some(log @ 0..=10) => ((log as u16 + 15) << 10) + ((number - (1 << log)) << (10 - log)),
        Some(_) => 0x6800,
    };
    Ok(Item::Raw([&[0xf9][..], &bits.to_be_bytes()].concat()))
}

/// `repeat(x, n)`: an array of n times x.
fn repeat(a: &Arguments<'_>) -> Result<Item> {
    Ok(Item::Array(vec![a.item(0)?.clone(); a.size(1)?]))
}

/// `cat(a, b, …)`: arrays, texts or bytes, one after the other.
fn cat(a: &Arguments<'_>) -> Result<Item> {
    if let Item::Array(_) = a.item(0)? {
        let lists = (0..a.items.len()).map(|place| a.list(place));
        return Ok(Item::Array(lists.collect::<Result<Vec<_>>>()?.concat()));
    }
    let items = a.all()?;
    let text = items.iter().all(|item| matches!(item, Item::Text(_)));
    let all: Vec<u8> = items.into_iter().flat_map(bytes).collect();
    Ok(if text {
        Item::Text(all)
    } else {
        Item::Bytes(all)
    })
}

/// `chunks(x, n)`: bytes in pieces of n, of which the last may be shorter.
fn chunks(a: &Arguments<'_>) -> Result<Item> {
    let (bytes, size) = (a.bytes(0)?, a.size(1)?.max(1));
    Ok(Item::Array(bytes.chunks(size).map(Item::bytes).collect()))
}

/// `join(list)`: the strings of a list, one after the other, or `join(list, separator)`.
fn join(a: &Arguments<'_>) -> Result<Item> {
    let (list, separator) = (a.list(0)?, a.bytes(1).unwrap_or_default());
    let text = matches!(list.first(), Some(Item::Text(_)));
    let all = list
        .iter()
        .map(bytes)
        .collect::<Vec<_>>()
        .join(&separator[..]);
    Ok(if text {
        Item::Text(all)
    } else {
        Item::Bytes(all)
    })
}

/// `big-endian(n, width)`: a number in so many bytes.
fn big_endian(a: &Arguments<'_>) -> Result<Item> {
    let (bytes, width) = (a.number(0)?.to_be_bytes(), a.size(1)?);
    let skip = bytes.len().checked_sub(width);
    let wide = || Error::Generate("more than 8 bytes".to_owned());
    Ok(Item::bytes(&bytes[skip.ok_or_else(wide)?..]))
}

/// `slice(x, from)` or `slice(x, from, until)`.
fn slice(a: &Arguments<'_>) -> Result<Item> {
    let range = |length: usize| -> Result<std::ops::Range<usize>> {
        let until = match a.items.len() {
            2 => length,
            _ => a.place(2, length)?,
        };
        Ok(a.place(1, length)?.min(until)..until)
    };
    Ok(match a.item(0)? {
        Item::Array(items) => Item::Array(items[range(items.len())?].to_vec()),
        Item::Text(text) => Item::Text(text[range(text.len())?].to_vec()),
        other => {
            let bytes = bytes(other);
            Item::Bytes(bytes[range(bytes.len())?].to_vec())
        }
    })
}

/// Changes an array, or the bytes of a string as if they were one of numbers.
fn within(
    a: &Arguments<'_>,
    change: impl FnOnce(&mut Vec<Item>, &Arguments<'_>) -> Result<()>,
) -> Result<Item> {
    let item = a.item(0)?;
    let mut list = match item {
        Item::Array(items) => items.clone(),
        other => bytes(other)
            .into_iter()
            .map(|b| Item::Uint(u64::from(b)))
            .collect(),
    };
    change(&mut list, a)?;
    if let Item::Array(_) = item {
        return Ok(Item::Array(list));
    }
    let byte = |item: &Item| match item {
        Item::Uint(n @ 0..=255) => Ok(*n as u8),
        _ => Err(Error::Generate("no byte".to_owned())),
    };
    let bytes: Vec<u8> = list.iter().map(byte).collect::<Result<_>>()?;
    Ok(match item {
        Item::Text(_) => Item::Text(bytes),
        _ => Item::Bytes(bytes),
    })
}

/// `flip(x, n)`: the lowest bit of byte n flipped.
fn flip(a: &Arguments<'_>) -> Result<Item> {
    let mut bytes = a.bytes(0)?;
    let place = a.place(1, bytes.len())?;
    let beyond = || Error::Generate("there is no such byte".to_owned());
    *bytes.get_mut(place).ok_or_else(beyond)? ^= 1;
    Ok(Item::Bytes(bytes))
}

/// The next letter of Base32's alphabet; after the last, `B`.
fn next_letter(letter: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let next = alphabet
        .find(letter)
        .and_then(|at| alphabet.chars().nth(at + 1));
    next.unwrap_or('B').to_string()
}

/// `replace(text, old, new)`: each old, or with a number after it, so many.
fn replace(a: &Arguments<'_>) -> Result<Item> {
    let (text, old, new) = (a.text(0)?, a.text(1)?, a.text(2)?);
    Ok(Item::text(&match a.items.len() {
        3 => text.replace(&old, &new),
        _ => text.replacen(&old, &new, a.size(3)?),
    }))
}

/// `split(text, separator)`: its parts.
fn split(a: &Arguments<'_>) -> Result<Item> {
    let (text, separator) = (a.text(0)?, a.text(1)?);
    Ok(Item::Array(
        text.split(&*separator).map(Item::text).collect(),
    ))
}

/// `subtract(a, b)`: of two numbers of as many bytes, big-endian, a not below b.
fn subtract(a: &Arguments<'_>) -> Result<Item> {
    let (from, what) = (a.bytes(0)?, a.bytes(1)?);
    let mut borrow = false;
    let digit = |(a, b): (&u8, &u8)| {
        let (digit, first) = a.overflowing_sub(*b);
        let (digit, second) = digit.overflowing_sub(u8::from(borrow));
        borrow = first || second;
        digit
    };
    let mut digits: Vec<u8> = from
        .iter()
        .rev()
        .zip(what.iter().rev())
        .map(digit)
        .collect();
    digits.reverse();
    Ok(Item::Bytes(digits))
}

/// An ECDSA signature in DER.
fn der(signature: &[u8; 64]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = number.get(zeros..).unwrap_or_default();
        let sign: &[u8] = match digits.first() {
            Some(0x80..) => &[0],
            _ => &[],
        };
        [&[2, (sign.len() + digits.len()) as u8], sign, digits].concat()
    };
    let (r, s) = signature.split_at(32);
    let both = [integer(r), integer(s)].concat();
    [&[0x30, both.len() as u8], &*both].concat()
}
