//! CBOR as a tree, with the forms that are not deterministic: what malformed vectors are made of.

use super::super::{Error, Result};

/// A CBOR item.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An unsigned integer.
    Uint(u64),
    /// −1 − n.
    Nint(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string, whose bytes may be no UTF-8.
    Text(Vec<u8>),
    /// An array.
    Array(Vec<Item>),
    /// A map, in the order of its entries.
    Map(Vec<(Item, Item)>),
    /// A tag and what it is on.
    Tag(u64, Box<Item>),
    /// A simple value: 20 false, 21 true, 22 null.
    Simple(u8),
    /// Encoded already.
    Raw(Vec<u8>),
}

/// Null.
pub const NULL: Item = Item::Simple(22);

/// The way from the outermost item to one within it, by places in arrays, and of entries in maps,
/// whose values these are; a tag has its item at 0.
pub type Way = Vec<usize>;

fn head(major: u8, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let (info, skip) = match value {
        0..=23 => return vec![major << 5 | bytes[7]],
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    [&[major << 5 | info], &bytes[skip..]].concat()
}

/// One size longer than it needs to be.
fn longer_head(major: u8, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let (info, skip) = match value {
        0..=23 => (24, 7),
        24..=0xff => (25, 6),
        0x100..=0xffff => (26, 4),
        _ => (27, 0),
    };
    [&[major << 5 | info], &bytes[skip..]].concat()
}

impl Item {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }

    /// A byte string.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }

    fn start(&self) -> (u8, u64) {
        match self {
            Self::Uint(n) => (0, *n),
            Self::Nint(n) => (1, *n),
            Self::Bytes(bytes) => (2, bytes.len() as u64),
            Self::Text(bytes) => (3, bytes.len() as u64),
            Self::Array(items) => (4, items.len() as u64),
            Self::Map(entries) => (5, entries.len() as u64),
            Self::Tag(tag, _) => (6, *tag),
            Self::Simple(value) => (7, u64::from(*value)),
            Self::Raw(_) => (7, 31),
        }
    }

    fn content(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) | Self::Text(bytes) => bytes.clone(),
            Self::Array(items) => items.iter().flat_map(Self::encode).collect(),
            Self::Map(entries) => {
                let both = |(k, v): &(Self, Self)| [k.encode(), v.encode()].concat();
                entries.iter().flat_map(both).collect()
            }
            Self::Tag(_, item) => item.encode(),
            _ => Vec::new(),
        }
    }

    /// Deterministic, as long as there is nothing raw in it and maps are in order.
    pub fn encode(&self) -> Vec<u8> {
        if let Self::Raw(bytes) = self {
            return bytes.clone();
        }
        let (major, value) = self.start();
        [head(major, value), self.content()].concat()
    }

    /// The same, its number or length in more bytes than it needs. `None` for what has no number, or
    /// needs all eight.
    pub fn longer(&self) -> Option<Self> {
        let (major, value) = self.start();
        let can = major != 7 && value < 1 << 32;
        can.then(|| Self::Raw([longer_head(major, value), self.content()].concat()))
    }

    /// The same with indefinite length: strings in two chunks. `None` for what has no length.
    pub fn indefinite(&self) -> Option<Self> {
        let (major, _) = self.start();
        let content = match self {
            Self::Bytes(bytes) | Self::Text(bytes) => {
                let (a, b) = bytes.split_at(bytes.len() / 2);
                let chunk = |part: &[u8]| [head(major, part.len() as u64), part.to_vec()].concat();
                [chunk(a), chunk(b)].concat()
            }
            Self::Array(_) | Self::Map(_) => self.content(),
            _ => return None,
        };
        Some(Self::Raw(
            [&[major << 5 | 31][..], &content, &[0xff]].concat(),
        ))
    }

    /// Reads what is deterministic.
    ///
    /// # Errors
    /// If it is not.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let wrong = || Error::Generate("this is not deterministic CBOR".to_owned());
        let (item, rest) = Self::read(bytes).ok_or_else(wrong)?;
        if !rest.is_empty() || item.encode() != bytes {
            return Err(wrong());
        }
        Ok(item)
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (first, rest) = bytes.split_first()?;
        let (major, info) = (first >> 5, first & 0x1f);
        let width = match info {
            0..=23 => 0,
            24..=27 => 1 << (info - 24),
            _ => return None,
        };
        let (argument, mut rest) = rest.split_at_checked(width)?;
        let value = match width {
            0 => u64::from(info),
            _ => argument.iter().fold(0, |v, b| v << 8 | u64::from(*b)),
        };
        let length = usize::try_from(value).ok()?;
        let mut item = || {
            let (item, after) = Self::read(rest)?;
            rest = after;
            Some(item)
        };
        let read = match major {
            0 => Self::Uint(value),
            1 => Self::Nint(value),
            4 => Self::Array((0..length).map(|_| item()).collect::<Option<_>>()?),
            5 => {
                let entry = |_| Some((item()?, item()?));
                Self::Map((0..length).map(entry).collect::<Option<_>>()?)
            }
            6 => Self::Tag(value, Box::new(item()?)),
            7 => Self::Simple(u8::try_from(value).ok()?),
            _ => {
                let (content, after) = rest.split_at_checked(length)?;
                rest = after;
                match major {
                    2 => Self::Bytes(content.to_vec()),
                    _ => Self::Text(content.to_vec()),
                }
            }
        };
        Some((read, rest))
    }

    /// The item at the end of a way.
    pub fn at(&self, way: &[usize]) -> Option<&Self> {
        let Some((first, rest)) = way.split_first() else {
            return Some(self);
        };
        match self {
            Self::Array(items) => items.get(*first)?.at(rest),
            Self::Map(entries) => entries.get(*first)?.1.at(rest),
            Self::Tag(_, item) if *first == 0 => item.at(rest),
            _ => None,
        }
    }

    /// The same with another item at the end of a way.
    pub fn put(&self, way: &[usize], item: Self) -> Self {
        let Some((first, rest)) = way.split_first() else {
            return item;
        };
        let mut whole = self.clone();
        match &mut whole {
            Self::Array(items) => {
                if let Some(inner) = items.get_mut(*first) {
                    *inner = inner.put(rest, item);
                }
            }
            Self::Map(entries) => {
                if let Some((_, inner)) = entries.get_mut(*first) {
                    *inner = inner.put(rest, item);
                }
            }
            Self::Tag(_, inner) => **inner = inner.put(rest, item),
            _ => {}
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same_and_other_forms_are_not_read() {
        let item = Item::Array(vec![
            Item::Uint(24),
            Item::Nint(255),
            Item::bytes([1; 300]),
            Item::text("a"),
            Item::Map(vec![(Item::Uint(1), NULL)]),
            Item::Tag(18, Box::new(Item::Uint(u64::MAX))),
        ]);
        let bytes = item.encode();
        assert_eq!(Item::parse(&bytes).unwrap(), item);
        assert!(encryptediot::cbor::check(&bytes).is_ok());
        for way in [vec![], vec![0], vec![1], vec![2], vec![3], vec![4]] {
            let inner = item.at(&way).unwrap();
            for form in [inner.longer(), inner.indefinite()].into_iter().flatten() {
                let bytes = item.put(&way, form).encode();
                assert!(Item::parse(&bytes).is_err(), "{way:?}");
                let reason = encryptediot::cbor::check(&bytes).unwrap_err().reason();
                assert_eq!(reason, "not-deterministic", "{way:?}");
            }
        }
    }
}
