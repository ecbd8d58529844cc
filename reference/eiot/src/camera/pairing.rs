//! `eiot camera pair`, `offer`, `accept` and `join`: the phone's offer, the camera's reply, and the act that takes
//! it.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;

use clap::Args;
use encryptediot::camera::Unpaired;
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::error::{AnnouncementError, PairingError, StoreError};
use encryptediot::evidence::Evidence;
use encryptediot::keys::Name;
use encryptediot::pairing::{OFFER_LIFE, Offer};
use encryptediot::uplink;
use encryptediot_store::Home;
use minicbor::bytes::ByteVec;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

use super::retire::{Counts, unknown};
use crate::context::{Context, Report};
use crate::devices::{self, Kind, PhoneHere};
use crate::failure::{During as _, Failure, Outcome};
use crate::fresh::{self, Fresh};
use crate::random::SystemRandom;
use crate::recorder;
use crate::times::{Length, show};

/// The phone's offer that has no reply yet.
const OFFER: &str = "offer";

/// The camera's reply that the phone may not have read yet.
const REPLY: &str = "reply";

#[derive(Args, Debug)]
pub struct Pair {
    #[command(flatten)]
    join: NewCamera,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
    #[command(flatten)]
    place: Replace,
    #[command(flatten)]
    fresh: Fresh,
}

/// Does a new camera take the place of another?
#[derive(Args, Debug)]
pub struct Replace {
    /// Take the place of the account's camera of this name, retired or not
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    counts: Counts,
}

impl Replace {
    /// The streams that the camera of that name takes over.
    fn taken_over(&self, here: &PhoneHere, name: &Name) -> Outcome<Vec<Name>> {
        let mut cameras = here.phone.roster()?.cameras.iter();
        let camera = cameras.find(|camera| self.replace && camera.name == *name);
        Ok(camera.map_or_else(Vec::new, |camera| camera.streams.clone()))
    }
}

#[derive(Args, Debug)]
pub struct NewCamera {
    /// What to call the camera
    name: Name,
    /// The streams that it records
    #[arg(long, value_delimiter = ',', required = true, value_name = "NAME,...")]
    streams: Vec<Name>,
    /// Let a camera that was paired forget that, and what it has not uploaded
    #[arg(long)]
    again: bool,
}

#[derive(Args, Debug)]
pub struct OfferArgs {
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

#[derive(Args, Debug)]
pub struct Accept {
    /// What to call the camera
    name: Name,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
    /// Wait this long for the reply
    #[arg(long, value_name = "TIME")]
    wait: Option<Length>,
    #[command(flatten)]
    place: Replace,
    #[command(flatten)]
    fresh: Fresh,
}

#[derive(Args, Debug)]
pub struct Join {
    #[command(flatten)]
    camera: NewCamera,
    /// The text in the phone's QR code
    #[arg(long, value_name = "TEXT")]
    offer: String,
}

/// The offer that waits for its reply, or a new one.
fn current_offer(context: &Context, here: &PhoneHere, keep: bool) -> Outcome<Offer> {
    if here.home.exists(OFFER) {
        let text: String = here.home.load(OFFER)?;
        let offer = Offer::from_text(&text)?;
        let usable = keep || offer.check_age(context.now()).is_ok();
        if usable && offer.account == *here.phone.account() {
            return Ok(offer);
        }
    }
    let offer = Offer::new(*here.phone.account(), context.now(), &mut SystemRandom);
    here.home.save(OFFER, &offer.to_text())?;
    Ok(offer)
}

/// The offer as a QR code that a camera can read off a terminal.
fn qr(text: &str) -> Outcome<String> {
    let code = QrCode::new(text)
        .map_err(|error| Box::<Failure>::from(StoreError::Output.because(error)))?;
    let picture = code.render::<Dense1x2>().build();
    // Black on white, whatever the terminal's colours are.
    Ok(match std::io::stdout().is_terminal() {
        true => picture
            .lines()
            .map(|line| format!("\x1b[30;47m{line}\x1b[0m\n"))
            .collect(),
        false => picture + "\n",
    })
}

pub fn offer(context: &Context, args: &OfferArgs) -> Outcome<Report> {
    let here = PhoneHere::open(context, args.phone.as_ref())?;
    let offer = Offer::new(*here.phone.account(), context.now(), &mut SystemRandom);
    here.home.save(OFFER, &offer.to_text())?;
    let (text, until) = (offer.to_text(), offer.issued + OFFER_LIFE);
    let people = format!(
        "{}\n{text}\n\nFor the camera alone, until {}. Then: eiot camera accept NAME",
        qr(&text)?,
        show(until)
    );
    Ok(Report::new(
        json!({ "offer": text, "until": show(until) }),
        people,
    ))
}

pub fn accept(context: &Context, args: &Accept) -> Outcome<Report> {
    let offered = |here: &PhoneHere| match here.home.exists(OFFER) {
        true => current_offer(context, here, true),
        false => Err(Failure::usage(
            "this phone has made no offer",
            "'eiot camera offer' makes one",
        )),
    };
    // Others may use the phone while this waits for the camera.
    let offer = offered(&PhoneHere::open(context, args.phone.as_ref())?)?;
    let (cloud, path) = (
        context.cloud()?,
        Paths(offer.account).pairing_reply(&offer.id()),
    );
    let deadline = context.now() + args.wait.map_or(0, |wait| wait.0);
    let sealed = loop {
        match cloud.find(&path)? {
            Some(sealed) => break sealed,
            None if context.now() < deadline => {
                std::thread::sleep(std::time::Duration::from_millis(500));
            }
            None => {
                return Err(Box::<Failure>::from(StoreError::Missing)
                    .because("the camera has not answered")
                    .advise(
                        "let the camera read the offer ('eiot camera join'), then run this \
                        again, with --wait",
                    ));
            }
        }
    };
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    if offered(&here)?.id() != offer.id() {
        return Err(Failure::usage(
            "this phone has made another offer in the meantime",
            "let the camera read that one",
        ));
    }
    let streams = args.place.taken_over(&here, &args.name)?;
    let evidence = fresh::evidence(context, &mut here, &args.fresh, &streams)?;
    let taken = Taken {
        name: &args.name,
        place: &args.place,
        offer: &offer,
        sealed: &sealed,
        evidence: evidence.as_ref(),
    };
    add(context, &mut here, &taken)?;
    finish_offer(context, &here, &offer)?;
    Ok(Report::new(
        json!({ "camera": args.name.as_str() }),
        format!(
            "Camera {} belongs to the account. On the camera: eiot camera sync",
            args.name
        ),
    ))
}

/// What the phone's act is about.
struct Taken<'a> {
    name: &'a Name,
    place: &'a Replace,
    offer: &'a Offer,
    sealed: &'a [u8],
    evidence: Option<&'a Evidence>,
}

fn add(context: &Context, here: &mut PhoneHere, taken: &Taken<'_>) -> Outcome<()> {
    let Taken {
        name,
        place,
        offer,
        sealed,
        evidence,
    } = *taken;
    if place.replace {
        return here.act(
            context,
            &format!("replacing camera {name}"),
            |owner, env| {
                owner.replace_camera(name, place.counts.get(), offer, sealed, evidence, env)
            },
        );
    }
    here.act(context, &format!("adding camera {name}"), |owner, env| {
        owner.add_camera(name.clone(), offer, sealed, evidence, env)
    })
}

/// The offer was used: neither it nor the reply is needed any more.
fn finish_offer(context: &Context, here: &PhoneHere, offer: &Offer) -> Outcome<()> {
    let path = Paths(offer.account).pairing_reply(&offer.id());
    context.cloud()?.delete(&path)?;
    Ok(here.home.remove(OFFER)?)
}

/// Makes the camera, or finds the one that was made when the command was interrupted. Its reply
/// lies beside its state until the other side is known to have it.
fn make(
    context: &Context,
    args: &NewCamera,
    home: &Home,
    offer: &Offer,
    resumed: bool,
) -> Outcome<ByteVec> {
    if resumed {
        return Ok(home.load(REPLY)?);
    }
    if home.exists(Kind::Camera.word()) && !args.again {
        return Err(Box::<Failure>::from(StoreError::LocalExists)
            .because(&args.name)
            .advise("give another name, or --again to let the camera forget its account"));
    }
    let unpaired = Unpaired::new(args.streams.clone());
    let (camera, reply) = unpaired
        .pair(offer, &context.clock, &mut SystemRandom)
        .during(|| format!("pairing camera {}", args.name))?;
    for file in home.names()? {
        home.remove(&file)?;
    }
    let reply = ByteVec::from(reply);
    home.save(REPLY, &reply)?;
    devices::save_camera(home, &camera)?;
    Ok(reply)
}

pub fn pair(context: &Context, args: &Pair) -> Outcome<Report> {
    let name = &args.join.name;
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync(context)?;
    let home = devices::home(context, Kind::Camera, name)?;
    if is_paired(context, &here, &args.join, &home)? {
        drop(home);
        return finish_pairing(context, &args.join);
    }
    let resumed = was_interrupted(context, &here, &args.join, &home)?;
    let streams = args.place.taken_over(&here, name)?;
    let evidence = fresh::evidence(context, &mut here, &args.fresh, &streams)?;
    let offer = current_offer(context, &here, resumed)?;
    if !resumed {
        match args.place.replace {
            true => check_replaced(&here, &args.join)?,
            false => check_free(&here, &args.join)?,
        }
        if !context.global.json {
            context.note(format_args!(
                "{}\n{}\n",
                qr(&offer.to_text())?,
                offer.to_text()
            ));
        }
    }
    let seen = Offer::from_text(&offer.to_text())?;
    let reply = make(context, &args.join, &home, &seen, resumed)?;
    let taken = Taken {
        name,
        place: &args.place,
        offer: &offer,
        sealed: &reply,
        evidence: evidence.as_ref(),
    };
    add(context, &mut here, &taken)?;
    drop(home);
    let report = finish_pairing(context, &args.join)?;
    // Once the reply is gone, the pairing counts as finished; an offer that is left does no harm.
    devices::home(context, Kind::Camera, name)?.remove(REPLY)?;
    finish_offer(context, &here, &offer)?;
    Ok(report)
}

/// The account has the camera: it fetches its first announcements.
fn finish_pairing(context: &Context, args: &NewCamera) -> Outcome<Report> {
    let name = &args.name;
    recorder::of(context, name)
        .sync(context.cloud()?)
        .during(|| format!("bringing camera {name} up to date"))?;
    let streams: Vec<&str> = args.streams.iter().map(Name::as_str).collect();
    Ok(Report::new(
        json!({ "camera": name.as_str(), "streams": streams }),
        format!(
            "Camera {name} belongs to the account. Next: eiot record --camera {name} --stream {} \
            FILE",
            args.streams.first().map_or("NAME", Name::as_str)
        ),
    ))
}

/// Is there nothing left to do of this pairing?
fn is_paired(context: &Context, here: &PhoneHere, args: &NewCamera, home: &Home) -> Outcome<bool> {
    if args.again || home.exists(REPLY) || !home.exists(Kind::Camera.word()) {
        return Ok(false);
    }
    let camera = devices::load_camera(home, &context.clock)?;
    let (key, name) = (camera.verifying_key(), &args.name);
    let mut cameras = here.phone.roster()?.cameras.iter();
    Ok(cameras.any(|c| c.key == Some(key) && c.name == *name && same(&c.streams, &args.streams)))
}

/// Was this very pairing interrupted? With `--again` it was if the account has the camera already.
fn was_interrupted(
    context: &Context,
    here: &PhoneHere,
    args: &NewCamera,
    home: &Home,
) -> Outcome<bool> {
    if !home.exists(REPLY) || !home.exists(Kind::Camera.word()) {
        return Ok(false);
    }
    let camera = devices::load_camera(home, &context.clock)?;
    let key = camera.verifying_key();
    let listed = here
        .phone
        .roster()?
        .cameras
        .iter()
        .any(|c| c.key == Some(key));
    let ours = camera.account() == here.phone.account();
    let offer = current_offer(context, here, true)?;
    if ours && !listed && offer.check_reply_age(context.now()).is_err() {
        // Its reply comes too late now. No account has it, so it has nothing to forget.
        for file in home.names()? {
            home.remove(&file)?;
        }
        return Ok(false);
    }
    Ok(ours && (listed || !args.again))
}

/// Finds out before the camera is made that the account would not take it.
fn check_free(here: &PhoneHere, args: &NewCamera) -> Outcome<()> {
    for camera in &here.phone.roster()?.cameras {
        let taken = args
            .streams
            .iter()
            .find(|stream| camera.streams.contains(stream));
        if camera.name == args.name || taken.is_some() {
            let what = taken.unwrap_or(&args.name);
            return Err(Box::<Failure>::from(PairingError::StreamTaken).because(what));
        }
    }
    Ok(())
}

/// Are these the same streams?
fn same(a: &[Name], b: &[Name]) -> bool {
    a.len() == b.len() && a.iter().collect::<BTreeSet<_>>() == b.iter().collect()
}

/// Finds out before the camera is made that it would not take the place of the one that it names.
fn check_replaced(here: &PhoneHere, args: &NewCamera) -> Outcome<()> {
    let mut cameras = here.phone.roster()?.cameras.iter();
    let camera = cameras.find(|camera| camera.name == args.name);
    let camera = camera.ok_or_else(|| unknown(&args.name))?;
    if same(&camera.streams, &args.streams) {
        return Ok(());
    }
    let streams: Vec<&str> = camera.streams.iter().map(Name::as_str).collect();
    let why = format!("camera {} records {}", camera.name, streams.join(", "));
    let advice = format!("name the same: --streams {}", streams.join(","));
    let failure = Box::<Failure>::from(AnnouncementError::UnknownStream);
    Err(failure.because(why).advise(advice))
}

pub fn join_here(context: &Context, args: &Join) -> Outcome<Report> {
    let name = &args.camera.name;
    let offer = Offer::from_text(&args.offer).during(|| "reading --offer".into())?;
    let home = devices::home(context, Kind::Camera, name)?;
    let resumed = home.exists(REPLY)
        && !args.camera.again
        && devices::load_camera(&home, &context.clock)
            .is_ok_and(|camera| *camera.account() == offer.account);
    let reply = make(context, &args.camera, &home, &offer, resumed)?;
    uplink::answer_offer(context.cloud()?, &offer, &reply)
        .during(|| "answering the offer".into())?;
    home.remove(REPLY)?;
    Ok(Report::new(
        json!({ "camera": name.as_str(), "account": offer.account.to_string() }),
        format!("Camera {name} has answered. On the phone: eiot camera accept {name}"),
    ))
}
