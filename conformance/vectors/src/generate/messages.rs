//! Every type of message in every form that is not it: the reason follows from what is wrong, not
//! from what the reference says.

use serde_json::json;

use super::super::Result;
use super::super::file::File;
use super::builder::{Builder, hexed};
use super::item::{Item, NULL, Way};
use super::world::World;

/// What the grammar says of the places in a message that cannot be told from an example.
pub struct Shape {
    /// The names of the body's fields.
    pub fields: &'static [&'static str],
    /// Places that may be null.
    pub nullable: &'static [&'static [usize]],
    /// Arrays that are lists of any length.
    pub lists: &'static [&'static [usize]],
    /// Those of them that may be empty.
    pub empty: &'static [&'static [usize]],
    /// Byte strings of any length.
    pub free: &'static [&'static [usize]],
    /// 65 bytes that are an encapsulated key: whether they are a point shows when they are opened.
    pub enc: &'static [&'static [usize]],
}

const NONE: Shape = Shape {
    fields: &[],
    nullable: &[],
    lists: &[],
    empty: &[],
    free: &[],
    enc: &[],
};

/// The grammar of the body of a type, by places from the body.
pub fn shape(kind: &str) -> Shape {
    match kind {
        "tree-head" => Shape {
            fields: &["root", "size"],
            ..NONE
        },
        "vault" => Shape {
            fields: &["number", "salt", "work", "signing-key", "ring"],
            free: &[&[3], &[4]],
            ..NONE
        },
        "unlock" => Shape {
            fields: &["phone", "pdk"],
            free: &[&[1, 1]],
            enc: &[&[1, 0]],
            ..NONE
        },
        "roster" => Shape {
            fields: &[
                "number",
                "previous",
                "issued",
                "generation",
                "phones",
                "cameras",
                "private",
            ],
            nullable: &[&[1]],
            lists: &[&[4], &[5], &[5, 0, 2]],
            empty: &[&[5]],
            free: &[&[6], &[4, 0, 2, 1]],
            enc: &[&[4, 0, 2, 0]],
        },
        "member" => Shape {
            fields: &["number", "generation", "sealed"],
            free: &[&[2]],
            ..NONE
        },
        "backup" => Shape {
            fields: &["generation", "stream", "sealed"],
            free: &[&[2]],
            ..NONE
        },
        "introduction" => Shape {
            fields: &["member", "number", "enc", "confirmation"],
            enc: &[&[2]],
            ..NONE
        },
        "announcement" => Shape {
            fields: &[
                "camera",
                "stream",
                "epoch",
                "previous",
                "issued",
                "lease",
                "phones",
                "keys",
                "backup",
                "shard-bits",
            ],
            nullable: &[&[3], &[7, 0, 1], &[7, 2, 1]],
            lists: &[&[6], &[7]],
            ..NONE
        },
        "acknowledgement" => Shape {
            fields: &["camera", "stream", "epoch", "announcement", "first", "time"],
            ..NONE
        },
        "lease" => Shape {
            fields: &["camera", "stream", "announcement", "key", "until"],
            ..NONE
        },
        "grants" => Shape {
            fields: &["statement", "index", "parts"],
            free: &[&[2]],
            ..NONE
        },
        "manifest" => Shape {
            fields: &[
                "camera",
                "stream",
                "sequence",
                "previous",
                "announcement",
                "clip",
                "start",
                "end",
                "length",
                "segments",
                "envelopes",
            ],
            nullable: &[&[3]],
            lists: &[&[9], &[10]],
            enc: &[&[10, 0, 1], &[10, 3, 1]],
            ..NONE
        },
        "past-share" => Shape {
            fields: &[
                "camera",
                "stream",
                "issued",
                "window",
                "key",
                "clips",
                "backup",
                "shard-bits",
            ],
            lists: &[&[5]],
            enc: &[&[5, 0, 2, 1]],
            ..NONE
        },
        "checkpoint" => Shape {
            fields: &["roster", "streams"],
            nullable: &[&[0]],
            lists: &[&[1]],
            empty: &[&[1]],
            ..NONE
        },
        _ => NONE,
    }
}

/// A message that is not quite what it should be.
pub struct Fault {
    /// What it goes by.
    pub name: String,
    /// What is wrong with it.
    pub comment: String,
    /// What it shows.
    pub flag: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The reason for which it is refused; none if it is good in spite of it.
    pub reason: Option<&'static str>,
}

/// Collects faults of one message.
struct Faults<'a> {
    whole: Item,
    shape: &'a Shape,
    all: Vec<Fault>,
}

const BAD: Option<&str> = Some("malformed");
const FORM: Option<&str> = Some("not-deterministic");

/// The ways in which a P-256 point is not one, from a good one.
pub fn bad_points(good: &[u8]) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let tagged = |tag: u8| [&[tag], good.get(1..).unwrap_or_default()].concat();
    let mut off_curve = good.to_vec();
    if let Some(last) = off_curve.last_mut() {
        *last ^= 1;
    }
    let odd = good.last().is_some_and(|last| last & 1 == 1);
    let x = good.get(1..33).unwrap_or_default();
    let y = good.get(33..).unwrap_or_default();
    let p = hex::decode("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    let p = p.unwrap_or_default();
    // The point with x = 0: p in its place is the same point in another coordinate.
    let y_of_0 = hex::decode("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
    let y_of_0 = y_of_0.unwrap_or_default();
    vec![
        (
            "off-curve",
            "the last bit of y is flipped: not on the curve",
            off_curve,
        ),
        (
            "swapped",
            "x and y have changed places",
            [&[4], y, x].concat(),
        ),
        (
            "compressed",
            "in compressed form",
            [&[2 + u8::from(odd)], x].concat(),
        ),
        ("hybrid", "in hybrid form", tagged(6 + u8::from(odd))),
        ("tag-5", "starting with 5", tagged(5)),
        ("tag-0", "starting with 0", tagged(0)),
        ("raw", "without its first byte", [x, y].concat()),
        (
            "one-byte-more",
            "with a byte after it",
            [good, &[0]].concat(),
        ),
        ("empty", "no bytes", Vec::new()),
        ("infinity", "the point at infinity", vec![0]),
        ("zeros", "65 zeros", vec![0; 65]),
        (
            "zero-zero",
            "x = 0 and y = 0",
            [&[4][..], &[0; 64]].concat(),
        ),
        (
            "x-is-p",
            "x is the prime: a coordinate is below it",
            [&[4], &*p, &*y_of_0].concat(),
        ),
        (
            "y-too-large",
            "y is 2^256 - 1",
            [&[4], x, &[255; 32]].concat(),
        ),
    ]
}

impl Faults<'_> {
    fn add(
        &mut self,
        name: &str,
        comment: &str,
        flag: &'static str,
        item: Item,
        reason: Option<&'static str>,
    ) {
        self.add_bytes(name, comment, flag, item.encode(), reason);
    }

    fn add_bytes(
        &mut self,
        name: &str,
        comment: &str,
        flag: &'static str,
        bytes: Vec<u8>,
        reason: Option<&'static str>,
    ) {
        self.all.push(Fault {
            name: name.to_owned(),
            comment: comment.to_owned(),
            flag,
            bytes,
            reason,
        });
    }

    /// What may be wrong with the bytes as a whole.
    fn whole(&mut self) {
        let (whole, good) = (self.whole.clone(), self.whole.encode());
        let most = good.split_last().map_or(&[][..], |(_, rest)| rest).to_vec();
        let half = good.get(..good.len() / 2).unwrap_or_default().to_vec();
        self.add_bytes("empty", "no bytes", "Grammar", Vec::new(), BAD);
        self.add_bytes(
            "cut-by-one",
            "the last byte is missing",
            "Grammar",
            most,
            BAD,
        );
        self.add_bytes(
            "cut-in-half",
            "the second half is missing",
            "Grammar",
            half,
            BAD,
        );
        self.add_bytes(
            "break",
            "a break that belongs to nothing",
            "Grammar",
            vec![0xff],
            BAD,
        );
        let reserved = vec![0x9c];
        self.add_bytes(
            "reserved",
            "additional information 28",
            "Grammar",
            reserved,
            BAD,
        );
        let more = [&*good, &[0]].concat();
        self.add_bytes(
            "trailing-byte",
            "a byte follows",
            "NotDeterministic",
            more,
            FORM,
        );
        let half = [&*good, &[0x82]].concat();
        self.add_bytes(
            "trailing-garbage",
            "bytes follow that are no CBOR themselves",
            "NotDeterministic",
            half,
            FORM,
        );
        self.add_bytes(
            "simple-in-two-bytes",
            "null in two bytes, which is not well-formed, and a byte that follows",
            "Grammar",
            vec![0xf8, 0x16, 0x00],
            BAD,
        );
        self.add_bytes(
            "text-in-bytes",
            "a byte string in pieces of which one is a text, which is not well-formed",
            "Grammar",
            vec![0x5f, 0x61, 0x61, 0xff],
            BAD,
        );
        let twice = [&*good, &*good].concat();
        self.add_bytes(
            "twice",
            "the message follows once more",
            "NotDeterministic",
            twice,
            FORM,
        );
        self.forms("outer", "the message", &[]);
        self.add(
            "outer.item-more",
            "an item after the body",
            "Grammar",
            whole.and(NULL),
            BAD,
        );
        let less = whole.without_last();
        self.add("outer.item-less", "without its body", "Grammar", less, BAD);
        self.add(
            "outer.null",
            "null in place of the message",
            "Grammar",
            NULL,
            BAD,
        );
        let wrapped = Item::bytes(&good);
        self.add(
            "outer.in-bytes",
            "the message in a byte string",
            "Grammar",
            wrapped,
            BAD,
        );
        let tagged = Item::Tag(55_799, Box::new(whole));
        self.add(
            "outer.tagged",
            "with the tag of self-described CBOR",
            "Grammar",
            tagged,
            BAD,
        );
    }

    /// What may be wrong with type, version and account.
    fn start(&mut self, kind: &str) {
        let whole = self.whole.clone();
        let put = |place: usize, item: Item| whole.put(&[place], item);
        let other = if kind == "lease" { "manifest" } else { "lease" };
        let text = |text: &str| put(0, Item::text(text));
        let wrong = Some("wrong-type");
        self.add(
            "type.other",
            "the type of another message",
            "WrongType",
            text(other),
            wrong,
        );
        let upper = text(&kind.to_uppercase());
        self.add(
            "type.upper-case",
            "its type in upper case",
            "WrongType",
            upper,
            wrong,
        );
        let longer = text(&format!("{kind} "));
        self.add(
            "type.space",
            "a space after its type",
            "WrongType",
            longer,
            wrong,
        );
        self.add("type.none", "an empty type", "WrongType", text(""), wrong);
        let bytes = put(0, Item::bytes(kind));
        self.add(
            "type.bytes",
            "its type as a byte string",
            "Grammar",
            bytes,
            BAD,
        );
        let number = put(0, Item::Uint(1));
        self.add(
            "type.number",
            "a number for its type",
            "Grammar",
            number,
            BAD,
        );
        self.forms("type", "the type", &[0]);
        for (name, version) in [("0", 0), ("2", 2), ("257", 257), ("2-to-32", 1 << 32)] {
            let comment = format!("version {version}");
            let item = put(1, Item::Uint(version));
            let unknown = Some("unknown-version");
            self.add(
                &format!("version.{name}"),
                &comment,
                "UnknownVersion",
                item,
                unknown,
            );
        }
        let bad = [
            ("negative", "version -1", Item::Nint(0)),
            ("text", "the version as text", Item::text("1")),
            ("true", "true for version 1", Item::Simple(21)),
            (
                "float",
                "version 1.0, a float",
                Item::Raw(vec![0xf9, 0x3c, 0]),
            ),
            ("null", "null for the version", NULL),
        ];
        for (name, comment, item) in bad {
            self.add(
                &format!("version.{name}"),
                comment,
                "Grammar",
                put(1, item),
                BAD,
            );
        }
        self.forms("version", "the version", &[1]);
        let account = match whole.at(&[2]) {
            Some(Item::Bytes(account)) => account.clone(),
            _ => Vec::new(),
        };
        let mut flipped = account.clone();
        if let Some(last) = flipped.last_mut() {
            *last ^= 1;
        }
        let foreign = put(2, Item::Bytes(flipped));
        let wrong = Some("wrong-account");
        self.add(
            "account.other",
            "another account: its last bit",
            "WrongAccount",
            foreign,
            wrong,
        );
        let short = account.split_last().map_or(&[][..], |(_, rest)| rest);
        let bad = [
            ("short", "31 bytes of account", Item::bytes(short)),
            (
                "long",
                "33 bytes of account",
                Item::bytes([&*account, &[0]].concat()),
            ),
            (
                "text",
                "the account in hexadecimal",
                Item::text(&hex::encode(&account)),
            ),
            ("null", "null for the account", NULL),
        ];
        for (name, comment, item) in bad {
            self.add(
                &format!("account.{name}"),
                comment,
                "Grammar",
                put(2, item),
                BAD,
            );
        }
        self.forms("account", "the account", &[2]);
    }

    /// The forms of one item that are not the deterministic one.
    fn forms(&mut self, name: &str, what: &str, way: &[usize]) {
        let whole = self.whole.clone();
        let Some(item) = whole.at(way) else { return };
        let comment = match item {
            Item::Uint(_) => format!("{what}: the number in more bytes than it needs"),
            _ => format!("{what}: its length in more bytes than it needs"),
        };
        let flag = "NotDeterministic";
        if let Some(longer) = item.longer() {
            let longer = whole.put(way, longer);
            self.add(&format!("{name}.longer"), &comment, flag, longer, FORM);
        }
        if let Some(indefinite) = item.indefinite() {
            let comment = format!("{what}: in indefinite length");
            let item = whole.put(way, indefinite);
            self.add(&format!("{name}.indefinite"), &comment, flag, item, FORM);
        }
    }

    /// What may be wrong with the item at a way from the body, and with those in it.
    fn item(&mut self, name: &str, within: &Way) {
        let way: Way = [&[3], &within[..]].concat();
        let whole = self.whole.clone();
        let Some(item) = whole.at(&way) else { return };
        let is = |places: &[&[usize]]| places.iter().any(|place| *place == &within[..]);
        let named = |what: &str| format!("{name}.{what}");
        let put = |item: Item| whole.put(&way, item);
        self.forms(name, name, &way);
        if !is(self.shape.nullable) {
            let comment = format!("{name}: null");
            self.add(&named("null"), &comment, "Grammar", put(NULL), BAD);
        }
        let mut bad: Vec<(&str, String, Item)> = Vec::new();
        match item {
            Item::Uint(n) => {
                bad.push(("negative", "a negative number".into(), Item::Nint(*n)));
                bad.push(("text", "a text".into(), Item::text(&n.to_string())));
                bad.push((
                    "bytes",
                    "a byte string".into(),
                    Item::bytes(n.to_be_bytes()),
                ));
                bad.push(("true", "true".into(), Item::Simple(21)));
                let bignum = Item::Tag(2, Box::new(Item::bytes([1, 0, 0, 0, 0, 0, 0, 0, 0])));
                bad.push(("bignum", "2^64 as a bignum".into(), bignum));
            }
            Item::Text(text) => {
                let letters = |n| Item::Text(vec![b'a'; n]);
                bad.push(("bytes", "a byte string".into(), Item::Bytes(text.clone())));
                bad.push(("none", "an empty name".into(), letters(0)));
                bad.push(("65-letters", "a name of 65 letters".into(), letters(65)));
                bad.push(("upper-case", "a name in upper case".into(), Item::text("X")));
                bad.push(("path", "a name with a slash".into(), Item::text("x/y")));
                bad.push(("dots", "two dots for a name".into(), Item::text("..")));
                bad.push((
                    "not-utf8",
                    "a byte that is no UTF-8".into(),
                    Item::Text(vec![0xff]),
                ));
                bad.push(("nul", "a NUL after the name".into(), Item::text("x\0")));
            }
            Item::Bytes(bytes) if !is(self.shape.free) => {
                let text = hex::encode(bytes);
                bad.push(("text", "a text".into(), Item::text(&text)));
                let key = bytes.len() == 65 && !is(self.shape.enc);
                if key {
                    for (point, comment, bytes) in bad_points(bytes) {
                        let (point, comment) = (named(point), format!("{name}: {comment}"));
                        let reason = Some("invalid-key");
                        self.add(
                            &point,
                            &comment,
                            "InvalidKey",
                            put(Item::Bytes(bytes)),
                            reason,
                        );
                    }
                } else {
                    let (short, mut long) = (bytes.split_last(), bytes.clone());
                    long.push(0);
                    let short = short.map_or(Vec::new(), |(_, rest)| rest.to_vec());
                    bad.push(("short", "a byte too few".into(), Item::Bytes(short)));
                    bad.push(("long", "a byte too many".into(), Item::Bytes(long)));
                    bad.push(("none", "no bytes".into(), Item::Bytes(Vec::new())));
                }
            }
            Item::Bytes(bytes) => {
                bad.push(("text", "a text".into(), Item::text(&hex::encode(bytes))));
                bad.push(("array", "an array".into(), Item::Array(Vec::new())));
            }
            Item::Array(items) => {
                bad.push((
                    "item-more",
                    "an item more than it has".into(),
                    item.and(NULL),
                ));
                if !is(self.shape.lists) {
                    bad.push(("item-less", "an item less".into(), item.without_last()));
                }
                let none = Item::Array(Vec::new());
                match is(self.shape.empty) {
                    true => {
                        let comment = format!("{name}: no items, which may be");
                        self.add(&named("none"), &comment, "Edge", put(none), None);
                    }
                    false => bad.push(("none", "no items".into(), none)),
                }
                let numbered = (0..).map(Item::Uint).zip(items.iter().cloned());
                bad.push((
                    "map",
                    "a map with its items".into(),
                    Item::Map(numbered.collect()),
                ));
                bad.push((
                    "in-bytes",
                    "encoded in a byte string".into(),
                    Item::bytes(item.encode()),
                ));
            }
            _ => bad.push(("number", "a number".into(), Item::Uint(0))),
        }
        for (what, comment, item) in bad {
            let comment = format!("{name}: {comment}");
            self.add(&named(what), &comment, "Grammar", put(item), BAD);
        }
        let Item::Array(items) = item else { return };
        // Of a list, the first and the last are as good as those between.
        let list = is(self.shape.lists);
        for place in 0..items.len() {
            if list && place != 0 && place + 1 != items.len() {
                continue;
            }
            let inner = match within.is_empty() {
                true => self
                    .shape
                    .fields
                    .get(place)
                    .map(|field| (*field).to_owned()),
                false => Some(format!("{name}.{place}")),
            };
            if let Some(inner) = inner {
                self.item(&inner, &[&within[..], &[place]].concat());
            }
        }
    }
}

/// Everything that may be wrong with a good message of a type.
pub fn faults(kind: &str, good: &[u8]) -> Result<Vec<Fault>> {
    let shape = shape(kind);
    let mut faults = Faults {
        whole: Item::parse(good)?,
        shape: &shape,
        all: Vec::new(),
    };
    faults.whole();
    faults.start(kind);
    faults.item("body", &Vec::new());
    Ok(faults.all)
}

/// `message-read`.
pub fn message_read(world: &World) -> Result<File> {
    let mut b = Builder::new("message-read");
    let account = hexed(world.account.0);
    for (kind, good) in world.messages()? {
        let input =
            |bytes: &[u8]| json!({ "account": account, "type": kind, "message": hexed(bytes) });
        b.about(&["SPEC#messages"], &["Valid"]);
        b.accept(kind, &format!("a good {kind}"), input(&good));
        for fault in faults(kind, &good)? {
            let name = format!("{kind}.{}", fault.name);
            b.flag(fault.flag);
            b.expect(&name, &fault.comment, input(&fault.bytes), fault.reason);
        }
    }
    b.finish()
}
