//! Reference implementation of EncryptedIoT: end-to-end encryption of home-camera streams that keeps
//! sharing, windows of time and links. `SPEC.md` says what is done, in which order, in the same words.
//!
//! The crate is the protocol alone: no files, no network, no runtime, no clock and no randomness of its
//! own. A [`cloud::Cloud`] holds the objects, a [`clock::Clock`] tells the time, an `rng` is passed in;
//! what a device must remember is handed to the caller, who stores it before anything leaves that
//! depends on it.
//!
//! # From an account to a decrypted clip
//!
//! ```
//! use encryptediot::camera::Unpaired;
//! use encryptediot::clock::{Clock as _, ManualClock};
//! use encryptediot::owner::{self, Env};
//! use encryptediot::pairing::Offer;
//! use encryptediot::vault::Work;
//! use encryptediot::{uplink, view};
//! # use encryptediot_testkit::MemoryCloud;
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # fn main() -> encryptediot::Result<()> {
//! # let (cloud, mut rng) = (MemoryCloud::default(), ChaCha20Rng::seed_from_u64(1));
//! # let (clock, stream) = (ManualClock::at(1_800_000_000_000), "video".parse()?);
//! // The owner's phone makes the account and shows its passphrase once. `Work::DEFAULT` outside of examples.
//! let (mut phone, passphrase) =
//!     owner::create_account("phone".parse()?, Work::LEAST, clock.wall(), &mut rng)?;
//! phone.sync(&cloud)?;
//!
//! // A camera scans the phone's offer and replies; with the passphrase the owner adds it.
//! let offer = Offer::new(*phone.account(), clock.wall(), &mut rng);
//! let camera = Unpaired::new(vec![stream]);
//! # let stream = "video".parse()?;
//! let (mut camera, reply) = camera.pair(&offer, &clock, &mut rng)?;
//! let mut env = Env { cloud: &cloud, now: clock.wall(), save: &|_| Ok(()), rng: &mut rng };
//! phone
//!     .unlock(&passphrase, &env)?
//!     .add_camera("door".parse()?, &offer, &reply, None, &mut env)?;
//! uplink::sync(&mut camera, &cloud, &clock, &|_| Ok(()))?;
//!
//! // The camera records a session, stores its own state, and uploads the clip.
//! let mut session = camera.begin(&stream, &clock, &mut rng)?;
//! session.write(b"what the camera saw")?;
//! let recorded = camera.finish(session, &clock, &mut rng)?.store(|_| Ok(()))?;
//! uplink::upload(&camera, &cloud, &recorded)?;
//!
//! // The phone verifies the clip, opens its session key and reads it.
//! phone.sync(&cloud)?;
//! let clip = phone.open(&cloud, &stream, recorded.sequence)?;
//! let mut seen = Vec::new();
//! view::read(&cloud, phone.account(), &clip, 0, &mut seen)?;
//! assert_eq!(seen, b"what the camera saw");
//! # Ok(())
//! # }
//! ```
//!
//! # The modules, in the order of SPEC
//!
//! | module | what it is |
//! |---|---|
//! | [`crypto`] | the primitives, and nothing above them |
//! | [`message`], [`cbor`], [`cose`], [`statement`], [`keys`] | how everything is encoded, signed and named |
//! | [`passphrase`], [`vault`], [`roster`], [`unlock`], [`checkpoint`], [`evidence`] | the account: ASK, PDK, key ring, phones and cameras |
//! | [`pairing`], [`contact`] | how a camera and how a member is met |
//! | [`announcement`], [`acknowledgement`], [`lease`] | which keys are in force on a stream, and until when |
//! | [`grant`], [`past`], [`link`] | how a (T)DSK reaches a member, and clips that are shared afterwards |
//! | [`clip`], [`segment`] | manifest, envelopes, sealed segments |
//! | [`camera`], [`phone`], [`owner`], [`member`], [`uplink`], [`view`] | the devices: what each keeps and does |
//! | [`cloud`], [`clock`] | what the caller provides |
//! | [`action`] | the steps as instances of the models' rules |
//! | [`error`] | the reasons of SPEC |

// What comes from outside is refused, and never a reason to stop.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::todo,
        clippy::unreachable
    )
)]

mod account;
pub mod action;
pub mod clip;
pub mod cloud;
pub mod contact;
pub mod crypto;
mod device;
pub mod error;
pub mod pairing;
mod sharing;
mod stream;
mod wire;

pub use account::{checkpoint, evidence, passphrase, roster, unlock, vault};
pub use clip::segment;
pub use device::{camera, clock, member, owner, phone, uplink, view};
pub use error::{Error, ErrorKind, Result};
pub use sharing::{grant, link, past};
pub use stream::{acknowledgement, announcement, correction, lease};
pub use wire::{cbor, cose, keys, message, statement};
