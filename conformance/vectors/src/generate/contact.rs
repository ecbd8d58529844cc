//! Names, pairing, contacts.

use encryptediot::contact::{self, Card};
use encryptediot::cose;
use encryptediot::crypto::{SecretBytes, sha256};
use encryptediot::message;
use encryptediot::pairing::{OFFER_LIFE, OFFER_PREFIX, Offer};
use encryptediot_testkit::household::name;
use serde_json::json;

use super::super::file::File;
use super::super::{Error, Result};
use super::account::texts;
use super::builder::{Builder, but, hexed};
use super::forms::sealed_faults;
use super::item::{Item, NULL};
use super::messages::{Fault, bad_points};
use super::world::{START, World, rng};

/// `name-read`.
pub fn name_read(_: &World) -> Result<File> {
    let mut b = Builder::new("name-read");
    let input = |text: &str| json!({ "text": text });
    b.about(&["SPEC#messages"], &["Valid"]);
    let longest = "a".repeat(64);
    for (name, comment, text) in [
        ("letter", "one letter", "a"),
        ("digit", "one digit", "7"),
        ("all", "every kind of character", "a-0_z.9"),
        ("ends-in-dot", "a dot at the end", "a."),
        ("dots", "dots within", "a..b"),
        ("64", "64 characters", &longest),
    ] {
        b.accept(name, comment, input(text));
    }
    b.flag("Text");
    let too_long = "a".repeat(65);
    for (name, comment, text) in [
        ("empty", "no characters", ""),
        ("65", "65 characters", &too_long),
        ("dot", "one dot", "."),
        ("two-dots", "two dots: another directory", ".."),
        ("starts-with-dot", "starting with a dot", ".a"),
        ("starts-with-hyphen", "starting with a hyphen", "-a"),
        (
            "starts-with-underscore",
            "starting with an underscore",
            "_a",
        ),
        ("upper-case", "an upper-case letter", "A"),
        ("slash", "a slash", "a/b"),
        ("backslash", "a backslash", "a\\b"),
        ("space", "a space", "a b"),
        ("space-before", "a space in front", " a"),
        ("newline", "a line feed at the end", "a\n"),
        ("nul", "a NUL at the end", "a\0"),
        ("percent", "an encoded slash", "a%2fb"),
        ("umlaut", "a letter beyond ASCII", "\u{fc}"),
        ("arabic-digit", "a digit beyond ASCII", "\u{663}"),
        ("full-width", "a full-width letter", "\u{ff41}"),
    ] {
        b.reject(name, comment, input(text), "stream-name");
    }
    b.finish()
}

/// An offer that goes with the world: its text, its message, its secret.
pub fn offer(world: &World) -> Result<(Offer, Vec<u8>)> {
    let offer = Offer::new(world.account, START, &mut rng(70));
    let text = offer.to_text();
    let code = text.strip_prefix(OFFER_PREFIX).unwrap_or_default();
    let message = data_encoding::BASE32_NOPAD.decode(code.as_bytes());
    Ok((
        offer,
        message.map_err(|error| Error::Generate(error.to_string()))?,
    ))
}

fn text_of(prefix: &str, message: &[u8]) -> String {
    format!("{prefix}{}", data_encoding::BASE32_NOPAD.encode(message))
}

/// Messages that are refused when a text holds them: what is wrong is not told.
fn messages(
    b: &mut Builder,
    prefix: &str,
    good: &[u8],
    input: impl Fn(&str) -> serde_json::Value,
    reason: &str,
) -> Result<()> {
    let item = Item::parse(good)?;
    let put = |place: usize, there: Item| item.put(&[place], there).encode();
    let cases = [
        (
            "type",
            "another type",
            "WrongType",
            put(0, Item::text("lease")),
        ),
        (
            "version",
            "version 2",
            "UnknownVersion",
            put(1, Item::Uint(2)),
        ),
        ("more", "an item more", "Grammar", item.and(NULL).encode()),
        (
            "less",
            "an item less",
            "Grammar",
            item.without_last().encode(),
        ),
        (
            "trailing",
            "a byte follows",
            "NotDeterministic",
            [good, &[0]].concat(),
        ),
        (
            "longer",
            "its length in more bytes than it needs",
            "NotDeterministic",
            item.longer().unwrap_or(NULL).encode(),
        ),
        (
            "indefinite",
            "in indefinite length",
            "NotDeterministic",
            item.indefinite().unwrap_or(NULL).encode(),
        ),
        (
            "text",
            "a text in its place",
            "Grammar",
            Item::text("x").encode(),
        ),
        (
            "map",
            "a map in its place",
            "Grammar",
            Item::Map(Vec::new()).encode(),
        ),
        ("none", "no bytes", "Grammar", Vec::new()),
    ];
    for (name, comment, flag, message) in cases {
        b.flag(flag);
        b.reject(
            &format!("message.{name}"),
            comment,
            input(&text_of(prefix, &message)),
            reason,
        );
    }
    Ok(())
}

/// `pairing-offer-read`.
pub fn offer_read(world: &World) -> Result<File> {
    let mut b = Builder::new("pairing-offer-read");
    let (offer, message) = offer(world)?;
    let at = |text: &str, now: u64| json!({ "text": text, "now": now });
    let text = offer.to_text();
    let item = Item::parse(&message)?;
    let secret = match item.at(&[3, 0]) {
        Some(Item::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    };
    let id = sha256(&[b"eiot/1 pairing", &*secret].concat());
    let expected = json!({
        "account": hexed(world.account.0), "secret": hexed(&secret), "issued": START, "id": hexed(&id[..16]),
    });
    b.about(&["SPEC#pairing", "CLAIM-PAIRING"], &["Valid"]);
    b.accept_as(
        "good",
        "as soon as it is shown",
        at(&text, START),
        expected.clone(),
    );
    b.flag("Expiry");
    b.accept_as(
        "one-before",
        "one millisecond before ten minutes are over",
        at(&text, START + OFFER_LIFE - 1),
        expected.clone(),
    );
    b.accept_as(
        "at",
        "after exactly ten minutes",
        at(&text, START + OFFER_LIFE),
        expected.clone(),
    );
    b.reject(
        "one-after",
        "one millisecond after ten minutes",
        at(&text, START + OFFER_LIFE + 1),
        "offer-expired",
    );
    b.reject(
        "next-day",
        "a day later",
        at(&text, START + 86_400_000),
        "offer-expired",
    );
    b.flag("Clock");
    b.accept_as(
        "camera-behind",
        "the camera's clock is behind the phone's",
        at(&text, START - 3_600_000),
        expected.clone(),
    );
    b.accept_as(
        "camera-at-0",
        "the camera's clock was never set",
        at(&text, 0),
        expected,
    );
    b.flag("Text");
    texts(&mut b, OFFER_PREFIX, &message, "offer-malformed", |text| {
        at(text, START)
    });
    messages(
        &mut b,
        OFFER_PREFIX,
        &message,
        |text| at(text, START),
        "offer-malformed",
    )?;
    b.flag("Grammar");
    for (name, comment, way, there) in [
        (
            "secret-31",
            "a secret of 31 bytes",
            [3, 0],
            Item::bytes([1; 31]),
        ),
        (
            "secret-33",
            "a secret of 33 bytes",
            [3, 0],
            Item::bytes([1; 33]),
        ),
        ("issued-negative", "a negative time", [3, 1], Item::Nint(0)),
        (
            "issued-text",
            "the time is a text",
            [3, 1],
            Item::text("now"),
        ),
    ] {
        let text = text_of(OFFER_PREFIX, &item.put(&way, there).encode());
        b.reject(name, comment, at(&text, START), "offer-malformed");
    }
    b.finish()
}

/// `pairing-reply-open`.
pub fn reply_open(world: &World) -> Result<File> {
    let mut b = Builder::new("pairing-reply-open");
    let (offer, message) = offer(world)?;
    let input = |reply: &[u8]| json!({ "offer": offer.to_text(), "reply": hexed(reply) });
    let secret = match Item::parse(&message)?.at(&[3, 0]) {
        Some(Item::Bytes(bytes)) => <[u8; 32]>::try_from(bytes.as_slice()).unwrap_or_default(),
        _ => [0; 32],
    };
    let key = SecretBytes::new(secret);
    let context = message::context("pairing-reply", &world.account, offer.id());
    let camera = world.camera.verifying_key();
    let streams = |all: &[&str]| Item::Array(all.iter().map(|s| Item::text(s)).collect());
    let plain = |camera: &[u8], names: &[&str]| {
        Item::Array(vec![Item::bytes(camera), streams(names)]).encode()
    };
    let seal = |plain: &[u8]| cose::seal(&key, &context, plain, &mut rng(71));
    let good = plain(camera.as_bytes(), &["x", "y"]);
    b.about(
        &["SPEC#pairing", "CLAIM-PAIRING", "CLAIM-CAMERA-KEYS"],
        &["Valid"],
    );
    let expected = json!({ "camera": hexed(camera.as_bytes()), "streams": ["x", "y"] });
    b.accept_as(
        "good",
        "a camera with two streams",
        input(&seal(&good)?),
        expected,
    );
    b.accept(
        "one-stream",
        "a camera with one stream",
        input(&seal(&plain(camera.as_bytes(), &["x"]))?),
    );
    // Whatever is wrong, the reason is one.
    let faults = sealed_faults(&key, &context, &good)?.into_iter();
    let reason = Some("reply-open");
    b.faults(
        "form",
        faults.map(|fault| Fault { reason, ..fault }).collect(),
        input,
    );
    b.flag("WrongKey");
    let other = Offer::new(world.account, START, &mut rng(72));
    let foreign = but(&input(&seal(&good)?), json!({ "offer": other.to_text() }));
    b.reject(
        "other-offer",
        "a reply to another offer",
        foreign,
        "reply-open",
    );
    b.flag("WrongContext");
    for (name, comment, context) in [
        (
            "type",
            "sealed as a backup",
            message::context("backup", &world.account, offer.id()),
        ),
        (
            "account",
            "sealed for another account",
            message::context("pairing-reply", &World::other()?.account, offer.id()),
        ),
        (
            "place",
            "sealed for another offer's place",
            message::context("pairing-reply", &world.account, other.id()),
        ),
    ] {
        let reply = cose::seal(&key, &context, &good, &mut rng(73))?;
        b.reject(
            &format!("context.{name}"),
            comment,
            input(&reply),
            "reply-open",
        );
    }
    b.flag("InvalidKey");
    for (name, comment, point) in bad_points(camera.as_bytes()) {
        b.reject(
            &format!("camera-{name}"),
            comment,
            input(&seal(&plain(&point, &["x"]))?),
            "reply-open",
        );
    }
    b.flag("Grammar");
    for (name, comment, plain) in [
        ("plain-empty", "nothing was sealed", Vec::new()),
        (
            "plain-more",
            "a field more",
            Item::Array(vec![Item::bytes(camera.as_bytes()), streams(&["x"]), NULL]).encode(),
        ),
        (
            "plain-less",
            "no streams at all",
            Item::Array(vec![Item::bytes(camera.as_bytes())]).encode(),
        ),
        (
            "plain-trailing",
            "a byte follows",
            [&good[..], &[0]].concat(),
        ),
        (
            "streams-empty",
            "an empty list of streams",
            plain(camera.as_bytes(), &[]),
        ),
    ] {
        b.reject(name, comment, input(&seal(&plain)?), "reply-open");
    }
    b.flag("Text");
    for (name, comment, stream) in [
        ("stream-path", "a stream named with a slash", "a/b"),
        ("stream-upper-case", "a stream in upper case", "X"),
        ("stream-empty", "a stream without a name", ""),
    ] {
        b.reject(
            name,
            comment,
            input(&seal(&plain(camera.as_bytes(), &["x", stream]))?),
            "reply-open",
        );
    }
    b.finish()
}

/// `contact-card-read`.
pub fn card_read(world: &World) -> Result<File> {
    let mut b = Builder::new("contact-card-read");
    let card = Card::new(name("alice")?, world.member.public());
    let input = |text: &str| json!({ "text": text });
    let key = *world.member.public().as_bytes();
    b.about(&["SPEC#contacts", "CLAIM-GRANT-AGREEMENT"], &["Valid"]);
    b.accept_as(
        "good",
        "alice's card",
        input(&card.to_text()),
        json!({ "name": "alice", "key": hexed(key) }),
    );
    let item = |name: Item, key: &[u8]| {
        Item::Array(vec![
            Item::text("contact-card"),
            Item::Uint(1),
            name,
            Item::bytes(key),
        ])
    };
    let message = item(Item::text("alice"), &key).encode();
    texts(
        &mut b,
        contact::CARD_PREFIX,
        &message,
        "card-malformed",
        input,
    );
    messages(
        &mut b,
        contact::CARD_PREFIX,
        &message,
        input,
        "card-malformed",
    )?;
    let text = |item: Item| text_of(contact::CARD_PREFIX, &item.encode());
    b.flag("InvalidKey");
    for (name, comment, point) in bad_points(&key) {
        b.reject(
            &format!("key-{name}"),
            comment,
            input(&text(item(Item::text("alice"), &point))),
            "card-malformed",
        );
    }
    b.flag("Text");
    for (name, comment, there) in [
        ("name-empty", "an empty name", Item::text("")),
        ("name-upper-case", "an upper-case name", Item::text("Alice")),
        ("name-path", "a name with a slash", Item::text("../alice")),
        (
            "name-65",
            "a name of 65 letters",
            Item::Text(vec![b'a'; 65]),
        ),
        (
            "name-bytes",
            "the name is a byte string",
            Item::bytes("alice"),
        ),
        (
            "name-not-utf8",
            "the name is no UTF-8",
            Item::Text(vec![0xff]),
        ),
    ] {
        b.reject(
            name,
            comment,
            input(&text(item(there, &key))),
            "card-malformed",
        );
    }
    b.finish()
}

/// `safety-number` and `safety-number-check` share these: account, member's key, and the number.
fn number(account: &[u8], member: &[u8]) -> String {
    let half = |label: &[u8], value: &[u8]| -> Vec<String> {
        let hash = sha256(&[b"eiot/1 safety number ", label, b" ", value].concat());
        let group =
            |bytes: &[u8]| bytes.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte)) % 100_000;
        hash.chunks(5)
            .take(6)
            .map(|bytes| format!("{:05}", group(bytes)))
            .collect()
    };
    [half(b"account", account), half(b"member", member)]
        .concat()
        .join(" ")
}

/// `safety-number`.
pub fn safety_number(world: &World) -> Result<File> {
    let mut b = Builder::new("safety-number");
    b.about(&["SPEC#contacts", "CLAIM-GRANT-AGREEMENT"], &["Valid"]);
    let foreign = World::other()?.account;
    for (name, comment, account, key) in [
        (
            "good",
            "the account and alice",
            world.account,
            &world.member,
        ),
        (
            "other-member",
            "another member: the account's half stays",
            world.account,
            &world.stranger,
        ),
        (
            "other-account",
            "another account: the member's half stays",
            foreign,
            &world.member,
        ),
        (
            "other-both",
            "another account and another member",
            foreign,
            &world.stranger,
        ),
    ] {
        let member = *key.public().as_bytes();
        let input = json!({ "account": hexed(account.0), "member": hexed(member) });
        b.accept_as(
            name,
            comment,
            input,
            json!({ "number": number(&account.0, &member) }),
        );
    }
    b.flag("Edge");
    for byte in [0u8, 255] {
        let (account, member) = ([byte; 32], *world.member.public().as_bytes());
        let input = json!({ "account": hexed(account), "member": hexed(member) });
        b.accept_as(
            &format!("account-of-{byte}"),
            "an account of equal bytes",
            input,
            json!({ "number": number(&account, &member) }),
        );
    }
    // A group that starts with a zero: found by counting accounts up.
    let member = *world.member.public().as_bytes();
    let padded = (0u32..).map(|n| {
        let mut account = [0; 32];
        account[28..].copy_from_slice(&n.to_be_bytes());
        account
    });
    let padded = padded
        .take(100_000)
        .find(|account| number(account, &member).starts_with("000"));
    let account = padded.ok_or_else(|| Error::Generate("no such account".to_owned()))?;
    let input = json!({ "account": hexed(account), "member": hexed(member) });
    b.accept_as(
        "leading-zeros",
        "a group that starts with zeros",
        input,
        json!({ "number": number(&account, &member) }),
    );
    b.finish()
}

/// `safety-number-check`.
pub fn safety_number_check(world: &World) -> Result<File> {
    let mut b = Builder::new("safety-number-check");
    let member = *world.member.public().as_bytes();
    let good = number(&world.account.0, &member);
    let input = |told: &str| json!({ "account": hexed(world.account.0), "member": hexed(member), "told": told });
    b.about(&["SPEC#contacts", "CLAIM-GRANT-AGREEMENT"], &["Valid"]);
    b.accept("good", "as it is shown", input(&good));
    b.accept("together", "without spaces", input(&good.replace(' ', "")));
    b.accept("lines", "a group a line", input(&good.replace(' ', "\n")));
    b.accept(
        "hyphens",
        "hyphens between the groups",
        input(&good.replace(' ', "-")),
    );
    b.flag("SafetyNumber");
    let groups: Vec<&str> = good.split(' ').collect();
    for place in 0..12 {
        let mut changed: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        changed[place] = match &*changed[place] {
            "00000" => "00001".to_owned(),
            _ => "00000".to_owned(),
        };
        b.reject(
            &format!("group-{}", place + 1),
            &format!("group {} differs", place + 1),
            input(&changed.join(" ")),
            "safety-number",
        );
    }
    let stranger = *world.stranger.public().as_bytes();
    let foreign = World::other()?.account;
    let halves = [&groups[6..], &groups[..6]].concat().join(" ");
    for (name, comment, told) in [
        ("empty", "nothing was read out", String::new()),
        ("first-half", "the first half alone", groups[..6].join(" ")),
        (
            "second-half",
            "the second half alone",
            groups[6..].join(" "),
        ),
        ("swapped", "the halves have changed places", halves),
        (
            "cut",
            "the last digit is missing",
            good.chars().take(good.len() - 1).collect(),
        ),
        ("digit-more", "a digit more", format!("{good}0")),
        ("twice", "twice", format!("{good} {good}")),
        (
            "other-member",
            "the number of another member's key",
            number(&world.account.0, &stranger),
        ),
        (
            "other-account",
            "the number of another account",
            number(&foreign.0, &member),
        ),
        ("letters", "letters for digits", good.replace('0', "O")),
    ] {
        b.reject(name, comment, input(&told), "safety-number");
    }
    b.finish()
}

/// What a proximity payload must say.
fn touched(world: &World) -> serde_json::Value {
    json!({ "account": hexed(world.account.0), "number": 3, "pairwise": hexed(world.pairwise().as_bytes()) })
}

/// `proximity-text-read`.
pub fn touch_text_read(world: &World) -> Result<File> {
    let mut b = Builder::new("proximity-text-read");
    let input = |text: &str| json!({ "text": text });
    let message = contact::encode_proximity(&world.account, 3, &world.pairwise());
    b.about(&["SPEC#contacts", "CLAIM-GRANT-AGREEMENT"], &["Valid"]);
    b.accept_as(
        "good",
        "what alice is handed",
        input(&contact::proximity_text(&message)),
        touched(world),
    );
    texts(
        &mut b,
        contact::PROXIMITY_PREFIX,
        &message,
        "card-malformed",
        input,
    );
    messages(
        &mut b,
        contact::PROXIMITY_PREFIX,
        &message,
        input,
        "card-malformed",
    )?;
    b.finish()
}

/// `proximity-read`.
pub fn touch_read(world: &World) -> Result<File> {
    let mut b = Builder::new("proximity-read");
    let input = |payload: &[u8]| json!({ "payload": hexed(payload) });
    let good = contact::encode_proximity(&world.account, 3, &world.pairwise());
    b.about(&["SPEC#contacts", "CLAIM-GRANT-AGREEMENT"], &["Valid"]);
    b.accept_as(
        "good",
        "what alice is handed: 82 bytes",
        input(&good),
        touched(world),
    );
    let item = Item::parse(&good)?;
    b.flag("Edge");
    for number in [0, 23, 24, 255, 256, 65_535, 65_536, (1 << 53) - 1] {
        let payload = item.put(&[3, 0], Item::Uint(number)).encode();
        b.accept(
            &format!("number-{number}"),
            &format!("member {number}"),
            input(&payload),
        );
    }
    let (way_number, way_key) = ([3, 0], [3, 1]);
    for (name, comment, flag, payload) in [
        ("empty", "no bytes", "Grammar", Vec::new()),
        (
            "cut",
            "the last byte is missing",
            "Grammar",
            super::forms::cut(&good),
        ),
        (
            "type",
            "another type",
            "WrongType",
            item.put(&[0], Item::text("lease")).encode(),
        ),
        (
            "version",
            "version 2",
            "UnknownVersion",
            item.put(&[1], Item::Uint(2)).encode(),
        ),
        (
            "account-31",
            "31 bytes of account",
            "Grammar",
            item.put(&[2], Item::bytes([1; 31])).encode(),
        ),
        (
            "pairwise-31",
            "a key of 31 bytes",
            "Grammar",
            item.put(&way_key, Item::bytes([1; 31])).encode(),
        ),
        (
            "pairwise-33",
            "a key of 33 bytes",
            "Grammar",
            item.put(&way_key, Item::bytes([1; 33])).encode(),
        ),
        (
            "pairwise-text",
            "the key is a text",
            "Grammar",
            item.put(&way_key, Item::text("key")).encode(),
        ),
        (
            "number-negative",
            "a negative number",
            "Grammar",
            item.put(&way_number, Item::Nint(0)).encode(),
        ),
        (
            "number-longer",
            "the number in more bytes than it needs",
            "NotDeterministic",
            item.put(&way_number, Item::Raw(vec![0x18, 3])).encode(),
        ),
        (
            "trailing",
            "a byte follows, as on a tag that was not cleared",
            "NotDeterministic",
            [&good[..], &[0]].concat(),
        ),
        (
            "indefinite",
            "in indefinite length",
            "NotDeterministic",
            item.indefinite().unwrap_or(NULL).encode(),
        ),
    ] {
        b.flag(flag);
        b.reject(name, comment, input(&payload), "card-malformed");
    }
    b.finish()
}
