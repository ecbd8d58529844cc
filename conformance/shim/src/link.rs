//! Links (SPEC section "Links").

use encryptediot_testkit::MemoryCloud;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clip::released;
use super::values::{Fixed, Hex, Released, not};
use super::{Devices, Done, Outcome};
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::link::{self, Link, LinkClip};
use encryptediot::view;

/// Reads a link's text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRead {
    /// The text.
    text: String,
}

/// What a link's text says.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LinkSays {
    /// The account to pin.
    account: Fixed<32>,
    /// The link.
    id: Fixed<16>,
    /// The private half of its TDSK.
    private: Fixed<32>,
}

pub fn link_read(input: LinkRead, _: &mut Devices) -> Outcome<LinkSays> {
    let link = Link::from_text(&input.text)?;
    Ok(LinkSays {
        account: link.account.into(),
        id: link.id.into(),
        private: Fixed(*link.secret().to_bytes()),
    })
}

/// Opens a link's index and verifies that its clips are the camera's.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkOpen {
    /// The link's text.
    text: String,
    /// The object `link`.
    object: Hex,
    /// The time.
    now: u64,
}

/// What a link shows.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LinkClips {
    /// Its clips.
    clips: Vec<Shown>,
}

/// A clip of a link.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Shown {
    /// The stream.
    stream: String,
    /// The clip's number.
    sequence: u64,
    /// The clip.
    clip: Fixed<16>,
    /// Bytes of plaintext.
    length: u64,
}

pub fn link_open(input: LinkOpen, _: &mut Devices) -> Outcome<Done<LinkClips>> {
    let link = Link::from_text(&input.text)?;
    let clips = link::open(&link, &input.object.0, input.now)?;
    let shown = |clip: &LinkClip| Shown {
        stream: clip.original.manifest.stream.to_string(),
        sequence: clip.original.manifest.sequence,
        clip: clip.original.manifest.clip.into(),
        length: clip.original.manifest.length,
    };
    let clips = clips.iter().map(shown).collect();
    Ok(Done::from(LinkClips { clips }).with("info", link.context()))
}

/// Reads a clip of a link: each segment is opened, held against the camera's manifest, then released.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBodyOpen {
    /// The link's text.
    text: String,
    /// The object `link`: a good one.
    object: Hex,
    /// The time.
    now: u64,
    /// The number of the clip in the link, from 0.
    number: usize,
    /// The copy's body as the cloud returns it, `null` if it does not.
    body: Option<Hex>,
}

pub fn link_body_open(input: LinkBodyOpen, _: &mut Devices) -> Outcome<Released> {
    let link = Link::from_text(&input.text)?;
    let clips = link::open(&link, &input.object.0, input.now)?;
    let clip = clips.get(input.number).ok_or_else(|| not("a clip"))?;
    let (cloud, paths) = (MemoryCloud::default(), Paths(link.account));
    let path = paths.link_body(&link.id, input.number);
    if let Some(body) = &input.body {
        cloud.put(&path, &body.0)?;
    }
    let (total, range) = (clip.original.segments(), |i| clip.original.sealed_range(i));
    let open = |index, sealed: &mut [u8]| clip.open_segment(index, sealed);
    released(|out| view::read_segments(&cloud, &path, total, 0, range, open, out))
}
