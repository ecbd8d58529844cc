//! Links: clips for whoever holds a text, re-encrypted under fresh keys, and still the camera's
//! (paper table 1; SPEC section "Links").
//!
//! Re-encryption alone would take the camera's signature away, which covers the ciphertext. So
//! the link also holds each clip's own session key, for one purpose: AES-GCM is deterministic, so
//! the viewer seals what it opened again under that key, and has the very bytes whose hash the
//! camera signed.

use std::collections::BTreeMap;
use std::io::Write;

use data_encoding::BASE32_NOPAD;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::announcement;
use crate::cbor::{self, Bytes};
use crate::clip::{self, Manifest, OpenClip};
use crate::cloud::{Cloud, Paths};
use crate::cose;
use crate::crypto::{self, KemSecret, TAG_LEN};
use crate::error::{ClipError, LinkError, Result};
use crate::keys;
use crate::message::{self, AccountId, Body, Time};
use crate::roster::Wrapped;
use crate::segment::{self, Opener, Sealer, SessionKey};
use crate::view;

/// The start of a link's text.
pub const LINK_PREFIX: &str = "eiot:link:";

/// The name of a link: 16 random bytes.
pub type LinkId = Bytes<16>;

/// What whoever has the link has: where it lies, and the private half of the link's TDSK. The part
/// after `#` never goes to the provider: browsers do not send a fragment.
#[derive(Clone)]
pub struct Link {
    /// The account, and with it the root under which the clips are verified.
    pub account: AccountId,
    /// The link.
    pub id: LinkId,
    secret: KemSecret,
}

impl Link {
    /// A link with a fresh TDSK.
    ///
    /// # Errors
    /// `crypto`.
    pub fn generate<R: CryptoRng + ?Sized>(account: AccountId, rng: &mut R) -> Result<Self> {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        Ok(Self {
            account,
            id: Bytes(id),
            secret: KemSecret::generate(rng)?,
        })
    }

    /// The private half of the link's TDSK.
    pub fn secret(&self) -> &KemSecret {
        &self.secret
    }

    /// The link as text.
    pub fn to_text(&self) -> String {
        let name = BASE32_NOPAD.encode(&[&self.account.0[..], &self.id.0].concat());
        let secret = Zeroizing::new(BASE32_NOPAD.encode(&*self.secret.to_bytes()));
        format!("{LINK_PREFIX}{name}#{}", *secret)
    }

    /// Reads a link.
    ///
    /// # Errors
    /// `link-malformed`.
    pub fn from_text(text: &str) -> Result<Self> {
        Self::parse(text.trim()).ok_or_else(|| LinkError::Text.into())
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, secret) = text.strip_prefix(LINK_PREFIX)?.split_once('#')?;
        let name = BASE32_NOPAD.decode(name.as_bytes()).ok()?;
        let secret = Zeroizing::new(BASE32_NOPAD.decode(secret.as_bytes()).ok()?);
        let (account, id) = name.split_first_chunk::<32>()?;
        let secret = KemSecret::from_bytes(secret.as_slice().try_into().ok()?).ok()?;
        Some(Self {
            account: Bytes(*account),
            id: Bytes(id.try_into().ok()?),
            secret,
        })
    }

    /// The context of what is sealed for the link: the HPKE `info` of its index.
    pub fn context(&self) -> Vec<u8> {
        message::context(LinkObject::TYPE, &self.account, self.id)
    }

    fn segment_context(&self, index: u64) -> Vec<u8> {
        message::context("link-segment", &self.account, (self.id, index))
    }
}

/// The link's index as it lies in the cloud: [`Index`] sealed to the link's TDSK by HPKE.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct LinkObject {
    #[n(0)]
    id: LinkId,
    #[n(1)]
    index: Wrapped,
}

impl Body for LinkObject {
    const TYPE: &'static str = "link";
}

/// What the link's TDSK opens.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Index {
    /// Viewers stop showing the link then; what was seen stays seen.
    #[n(0)]
    until: Time,
    /// The account's root, `COSE_Key`.
    #[n(1)]
    root: ByteVec,
    /// The announcements that vouch for the camera, one at least.
    #[n(2)]
    #[cbor(decode_with = "crate::cbor::some")]
    announcements: Vec<ByteVec>,
    /// The clips.
    #[n(3)]
    #[cbor(decode_with = "crate::cbor::some")]
    clips: Vec<IndexClip>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct IndexClip {
    /// The camera's manifest, `COSE_Sign1`.
    #[n(0)]
    manifest: ByteVec,
    /// The session key under which the camera sealed the clip.
    #[n(1)]
    original: SessionKey,
    /// The session key under which the link's copy is sealed.
    #[n(2)]
    copy: SessionKey,
}

/// A clip that goes into a link.
pub struct Source {
    /// The camera's manifest.
    pub manifest: Vec<u8>,
    /// The clip's session key.
    pub key: SessionKey,
    /// The decrypted body.
    pub plaintext: Zeroizing<Vec<u8>>,
}

/// What is uploaded for a link.
pub struct Made {
    /// The index object.
    pub index: Vec<u8>,
    /// The re-encrypted bodies, in the order of the clips.
    pub bodies: Vec<Vec<u8>>,
}

/// Re-encrypts clips for a link.
///
/// # Errors
/// `crypto`.
pub fn make<R>(
    link: &Link,
    until: Time,
    root: Vec<u8>,
    announcements: Vec<Vec<u8>>,
    sources: Vec<Source>,
    rng: &mut R,
) -> Result<Made>
where
    R: CryptoRng + ?Sized,
{
    let (mut bodies, mut clips) = (Vec::new(), Vec::new());
    for (number, source) in sources.into_iter().enumerate() {
        let copy = SessionKey::random(rng);
        let mut sealer = Sealer::new(&copy, link.segment_context(number as u64), Vec::new());
        sealer.write(&source.plaintext)?;
        bodies.push(sealer.finish()?.body);
        clips.push(IndexClip {
            manifest: source.manifest.into(),
            original: source.key,
            copy,
        });
    }
    let announcements = announcements.into_iter().map(ByteVec::from).collect();
    let index = Index {
        until,
        root: root.into(),
        announcements,
        clips,
    };
    let plain = cbor::encode_secret(&index);
    let (enc, ciphertext) =
        crypto::hpke_seal(&link.secret.public(), &link.context(), &[], &plain, rng)?;
    let index = Wrapped {
        enc: Bytes(enc),
        ciphertext: ciphertext.into(),
    };
    let object = LinkObject { id: link.id, index };
    Ok(Made {
        index: message::encode(&link.account, object),
        bodies,
    })
}

/// A clip of a link, ready to be shown.
pub struct LinkClip {
    /// The camera's clip: what the plaintext is checked against.
    pub original: OpenClip,
    copy: Opener,
}

impl LinkClip {
    /// Opens sealed segment `index` of the link's copy in place and checks that it is what the
    /// camera recorded.
    ///
    /// Returns how long the plaintext is that `sealed` begins with.
    ///
    /// # Errors
    /// `body-truncated`, `segment-altered`; then `sealed` holds no plaintext.
    pub fn open_segment(&self, index: u64, sealed: &mut [u8]) -> Result<usize> {
        let plain = segment::plain_len(self.original.manifest.length, index);
        if sealed.len() < plain + TAG_LEN {
            return Err(ClipError::Truncated.into());
        }
        let plain = self.copy.open(index, sealed)?;
        let same = self.original.check_plaintext(index, &sealed[..plain]);
        same.inspect_err(|_| sealed.fill(0)).map(|()| plain)
    }
}

/// Opens a link's index and verifies, for each clip, that a camera of the account made it.
///
/// # Errors
/// Those of the message; `link-open`; `link-expired`; `link-root`; `link-clip`.
pub fn open(link: &Link, object: &[u8], now: Time) -> Result<Vec<LinkClip>> {
    let found: LinkObject = message::decode(&link.account, object)?;
    if found.id != link.id {
        return Err(LinkError::Open.into());
    }
    let Wrapped { enc, ciphertext } = &found.index;
    let plain = crypto::hpke_open(&link.secret, &enc.0, &link.context(), &[], ciphertext)
        .map_err(|_| LinkError::Open)?;
    let index: Index = cbor::decode(&plain).map_err(|_| LinkError::Open)?;
    if now >= index.until {
        return Err(LinkError::Expired.into());
    }
    let root = keys::decode_root(&link.account, &index.root).map_err(|_| LinkError::Root)?;
    let mut announced = BTreeMap::new();
    for statement in &index.announcements {
        let opened = announcement::open(&root, &link.account, statement);
        let opened = opened.map_err(|_| LinkError::Clip)?;
        announced.insert(opened.hash, opened.body);
    }
    let mut clips = Vec::new();
    for (number, clip) in index.clips.iter().enumerate() {
        // Which announcement it names is read first: whoever made the link chose how many there are of both.
        let open = || {
            let unverified = cose::unverified_payload(&clip.manifest)?;
            let named = message::decode::<Manifest>(&link.account, &unverified)?.announcement;
            let vouches = announced.get(&named).ok_or(LinkError::Clip)?;
            let camera = vouches.camera.ok_or(LinkError::Clip)?;
            clip::open(&link.account, &camera, &vouches.stream, &clip.manifest)
        };
        let manifest = open().map_err(|_| LinkError::Clip)?.body;
        let context = link.segment_context(number as u64);
        let copy = Opener::new(&clip.copy, context, manifest.length);
        let original = OpenClip::new(&link.account, manifest, &clip.original);
        clips.push(LinkClip { original, copy });
    }
    Ok(clips)
}

/// Shows a link's clips to whoever has its text: each segment is verified before its bytes are
/// written.
///
/// # Errors
/// Those of [`Link::from_text`], [`open`] and [`view::read_segments`]; `object-missing`.
pub fn read(cloud: &dyn Cloud, text: &str, now: Time, out: &mut dyn Write) -> Result<()> {
    let link = Link::from_text(text)?;
    let paths = Paths(link.account);
    let index = cloud.get(&paths.link(&link.id))?;
    for (number, clip) in open(&link, &index, now)?.into_iter().enumerate() {
        let (path, total) = (paths.link_body(&link.id, number), clip.original.segments());
        let range = |index| clip.original.sealed_range(index);
        let open = |index, sealed: &mut [u8]| clip.open_segment(index, sealed);
        view::read_segments(cloud, &path, total, 0, range, open, out)?;
    }
    Ok(())
}
