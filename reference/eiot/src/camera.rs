//! `eiot camera`.

use std::io::IsTerminal as _;

use clap::{Args, Subcommand};
use encryptediot::camera::Unpaired;
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::error::{PairingError, StoreError};
use encryptediot::evidence::Evidence;
use encryptediot::keys::Name;
use encryptediot::message::Time;
use encryptediot::pairing::{OFFER_LIFE, Offer};
use encryptediot::phone::ClockDifference;
use encryptediot::uplink::{self, Synced};
use encryptediot_store::Home;
use minicbor::bytes::ByteVec;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

use crate::context::{Context, Report, refusals};
use crate::devices::{self, Kind, PhoneHere};
use crate::failure::{During as _, Failure, Outcome};
use crate::fresh::{self, Fresh};
use crate::random::SystemRandom;
use crate::recorder;
use crate::times::{Length, show, show_length};

/// The phone's offer that has no reply yet.
const OFFER: &str = "offer";

/// The camera's reply that the phone may not have read yet.
const REPLY: &str = "reply";

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Pair a camera, phone and camera both being on this machine
    #[command(after_help = "Example:
  eiot camera pair front --streams video,audio

The phone shows the QR code that the camera reads; here the camera reads it from the phone's
directory. For a camera on another machine: 'eiot camera offer' on the phone, 'eiot camera join' on
the camera, 'eiot camera accept' on the phone.")]
    Pair(Pair),
    /// On the phone: show the QR code for a camera on another machine
    #[command(after_help = "Example:
  eiot camera offer
  eiot camera accept front --wait 5m

The code holds a secret: let only the camera see it. It is good for ten minutes.")]
    Offer(OfferArgs),
    /// On the phone: take the reply of the camera that has read the offer
    #[command(after_help = "Example:\n  eiot camera accept front --wait 5m")]
    Accept(Accept),
    /// On the camera: read the phone's offer and answer it through the store
    #[command(
        after_help = "Example:\n  eiot camera join front --offer EIOT:PAIR:... --streams video"
    )]
    Join(Join),
    /// On the camera: fetch announcements and upload the clips that wait
    #[command(after_help = "Example:\n  eiot camera sync --camera front")]
    Sync(One),
    /// On the phone: set the clock of a camera back that was once ahead
    #[command(after_help = "Examples:
  eiot camera clock front
  eiot camera clock front --back 365d

A camera never goes back in time by itself. If its clock was once ahead, windows open early, and
members are shut out, since every lease is over by its time. First set the clock of the camera's
machine right. Then this sets the camera back, by what its latest clip or acknowledgement is ahead of
this phone, or by --back, but never before its own wall clock. It takes the passphrase, works once,
and is as right when it arrives late. 'eiot camera sync' on the camera fetches it; 'eiot status'
shows what came of it, and 'eiot extend' lets members see again.

It does not set a camera forward: one that is behind goes by its wall clock as soon as that is set.")]
    Clock(SetClock),
    /// List this machine's cameras
    #[command(after_help = "Example:\n  eiot camera list --json")]
    List,
    /// On the camera: print what it has verified, for a phone that is being enrolled
    #[command(after_help = "Example:\n  eiot camera checkpoint --camera front")]
    Checkpoint(One),
}

#[derive(Args, Debug)]
pub struct Pair {
    #[command(flatten)]
    join: NewCamera,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
    #[command(flatten)]
    fresh: Fresh,
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

#[derive(Args, Debug)]
pub struct SetClock {
    /// The camera
    name: Name,
    /// By how much its clock is ahead; what it has signed tells if this is not given
    #[arg(long, value_name = "TIME")]
    back: Option<Length>,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

#[derive(Args, Debug)]
pub struct One {
    /// Which of this machine's cameras; not needed if there is only one
    #[arg(long)]
    camera: Option<Name>,
}

pub fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::Pair(args) => pair(context, &args),
        Command::Offer(args) => offer(context, &args),
        Command::Accept(args) => accept(context, &args),
        Command::Join(args) => join_here(context, &args),
        Command::Sync(args) => sync(context, &args),
        Command::Clock(args) => set_clock(context, &args),
        Command::List => list(context),
        Command::Checkpoint(args) => checkpoint(context, &args),
    }
}

// ---------------------------------------------------------------- the phone's side

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

fn offer(context: &Context, args: &OfferArgs) -> Outcome<Report> {
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

fn accept(context: &Context, args: &Accept) -> Outcome<Report> {
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
    let evidence = fresh::evidence(context, &mut here, &args.fresh)?;
    add(
        context,
        &mut here,
        &args.name,
        &offer,
        &sealed,
        evidence.as_ref(),
    )?;
    finish_offer(context, &here, &offer)?;
    Ok(Report::new(
        json!({ "camera": args.name.as_str() }),
        format!(
            "Camera {} belongs to the account. On the camera: eiot camera sync",
            args.name
        ),
    ))
}

fn add(
    context: &Context,
    here: &mut PhoneHere,
    name: &Name,
    offer: &Offer,
    sealed: &[u8],
    evidence: Option<&Evidence>,
) -> Outcome<()> {
    here.act(context, &format!("adding camera {name}"), |owner, env| {
        owner.add_camera(name.clone(), offer, sealed, evidence, env)
    })
}

/// By how much the camera is ahead of this phone, by what it has signed of its streams.
fn ahead(context: &Context, here: &PhoneHere, name: &Name) -> Outcome<Option<Time>> {
    let mut cameras = here.phone.roster()?.cameras.iter();
    let Some(camera) = cameras.find(|camera| camera.name == *name) else {
        return Err(Failure::usage(
            format!("the account has no camera {name}"),
            "'eiot status' shows the account's cameras",
        ));
    };
    let mut most = None;
    for stream in &camera.streams {
        let now = context.now();
        let differs = here.phone.camera_clock(context.cloud()?, stream, now)?;
        if let Some(ClockDifference::Ahead(by)) = differs {
            most = most.max(Some(by));
        }
    }
    Ok(most)
}

fn set_clock(context: &Context, args: &SetClock) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync(context)?;
    let ahead = ahead(context, &here, &args.name)?;
    let Some(back) = args.back.as_ref().map(|back| back.0).or(ahead) else {
        return Err(Failure::usage(
            format!(
                "nothing that camera {} has signed is of a time to come",
                args.name
            ),
            "if its clock is ahead all the same, say by how much: --back",
        ));
    };
    here.act(context, "setting the camera's clock back", |owner, env| {
        owner.set_clock_back(&args.name, back, env)
    })?;
    let text = format!(
        "Camera {} is to set its clock back by {}. Set its own wall clock right, then on the camera: \
        eiot camera sync. 'eiot status' shows what came of it.",
        args.name,
        show_length(back)
    );
    Ok(Report::new(
        json!({ "camera": args.name.as_str(), "back": back }),
        text,
    ))
}

/// The offer was used: neither it nor the reply is needed any more.
fn finish_offer(context: &Context, here: &PhoneHere, offer: &Offer) -> Outcome<()> {
    let path = Paths(offer.account).pairing_reply(&offer.id());
    context.cloud()?.delete(&path)?;
    Ok(here.home.remove(OFFER)?)
}

// ---------------------------------------------------------------- the camera's side

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

fn pair(context: &Context, args: &Pair) -> Outcome<Report> {
    let name = &args.join.name;
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync(context)?;
    let home = devices::home(context, Kind::Camera, name)?;
    if is_paired(context, &here, &args.join, &home)? {
        drop(home);
        return finish_pairing(context, &args.join);
    }
    let resumed = was_interrupted(context, &here, &args.join, &home)?;
    let evidence = fresh::evidence(context, &mut here, &args.fresh)?;
    let offer = current_offer(context, &here, resumed)?;
    if !resumed {
        check_free(&here, &args.join)?;
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
    add(context, &mut here, name, &offer, &reply, evidence.as_ref())?;
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
    Ok(cameras.any(|c| c.key == key && c.name == *name && c.streams == args.streams))
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
    let listed = here.phone.roster()?.cameras.iter().any(|c| c.key == key);
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

fn join_here(context: &Context, args: &Join) -> Outcome<Report> {
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

fn sync(context: &Context, args: &One) -> Outcome<Report> {
    let name = devices::choose(context, Kind::Camera, args.camera.as_ref())?;
    let (camera, cloud) = (recorder::of(context, &name), context.cloud()?);
    let mut synced = camera.sync(cloud);
    let uploaded = camera.upload(cloud, None, |_| ())?;
    if !uploaded.clips.is_empty() && is_local(&synced) {
        // The disk was full of what is uploaded now.
        synced = camera.sync(cloud);
    }
    let synced = synced.during(|| format!("bringing camera {name} up to date"))?;
    let accepted: Vec<_> = synced
        .accepted
        .iter()
        .map(|(stream, head)| json!({ "stream": stream.as_str(), "epoch": head.epoch }))
        .collect();
    let extended: Vec<&str> = synced.extended.iter().map(Name::as_str).collect();
    let refused = refusals(&synced.refused);
    let clips: Vec<_> = uploaded
        .clips
        .iter()
        .map(|(stream, clip)| json!({ "stream": stream.as_str(), "clip": clip }))
        .collect();
    let json = json!({
        "camera": name.as_str(), "accepted": accepted, "extended": extended, "refused": refused,
        "corrected": synced.corrected, "uploaded": clips, "waiting": uploaded.waiting,
    });
    if let Some(error) = uploaded.failure {
        let failure = Box::<Failure>::from(error).at("uploading");
        return Err(failure.with(json));
    }
    // A camera that refuses what the store has for it goes on, but not without saying so.
    if let Some((path, error)) = synced.refused.first() {
        let failure = Box::<Failure>::from(error.clone()).at(format!("reading {path}"));
        return Err(failure.with(json));
    }
    let set_back = match synced.corrected.is_empty() {
        true => "",
        false => " Its clock was set back.",
    };
    let text = format!(
        "Camera {name}: {} announcements accepted, {} leases extended, {} clips uploaded.{set_back}",
        synced.accepted.len(),
        synced.extended.len(),
        uploaded.clips.len()
    );
    Ok(Report::new(json, text))
}

fn is_local(synced: &encryptediot::Result<Synced>) -> bool {
    matches!(synced, Err(error) if error.is(StoreError::LocalState))
}

fn list(context: &Context) -> Outcome<Report> {
    let (mut cameras, mut text) = (Vec::new(), String::new());
    for name in devices::list(context, Kind::Camera)? {
        let recorder = recorder::of(context, &name);
        let (account, streams) = recorder.locked(|camera, _| {
            let streams: Vec<_> = camera
                .streams()
                .map(|s| (s.clone(), camera.last_sequence(s), camera.lease_until(s)))
                .collect();
            Ok((*camera.account(), streams))
        })?;
        text.push_str(&format!("{name} of account {account}\n"));
        let mut all = Vec::new();
        for (stream, last, lease) in streams {
            let waiting = recorder.waiting(&stream)?.len();
            let until = lease.map_or("no announcement yet".to_owned(), show);
            text.push_str(&format!(
                "  {stream}: {last} clips, {waiting} not uploaded, shared keys until {until}\n"
            ));
            all.push(json!({
                "stream": stream.as_str(), "clips": last, "waiting": waiting,
                "lease_until": lease.map(show),
            }));
        }
        cameras.push(
            json!({ "camera": name.as_str(), "account": account.to_string(), "streams": all }),
        );
    }
    if cameras.is_empty() {
        text = format!("No camera in {}.", context.global.home.display());
    }
    Ok(Report::new(json!({ "cameras": cameras }), text))
}

fn checkpoint(context: &Context, args: &One) -> Outcome<Report> {
    let name = devices::choose(context, Kind::Camera, args.camera.as_ref())?;
    let text = recorder::of(context, &name)
        .locked(|camera, _| Ok(camera.checkpoint().to_text(camera.account())))?;
    Ok(Report::new(json!({ "checkpoint": text }), text))
}
