//! `eiot camera`.

mod clock;
mod pairing;
mod retire;

use clap::{Args, Subcommand};
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::uplink::Synced;
use serde_json::json;

use crate::context::{Context, Report, refusals};
use crate::devices::{self, Kind};
use crate::failure::{During as _, Failure, Outcome};
use crate::recorder;
use crate::times::show;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Pair a camera, phone and camera both being on this machine
    #[command(after_help = "Example:
  eiot camera pair front --streams video,audio

The phone shows the QR code that the camera reads; here the camera reads it from the phone's
directory. For a camera on another machine: 'eiot camera offer' on the phone, 'eiot camera join' on
the camera, 'eiot camera accept' on the phone.

With --replace it takes the place of the account's camera of that name, for those who have its
streams now, after the clips that are there. What the other one signs counts no more: a camera whose
key may have been copied is paired --again with --replace.")]
    Pair(pairing::Pair),
    /// On the phone: show the QR code for a camera on another machine
    #[command(after_help = "Example:
  eiot camera offer
  eiot camera accept front --wait 5m

The code holds a secret: let only the camera see it. It is good for ten minutes.")]
    Offer(pairing::OfferArgs),
    /// On the phone: take the reply of the camera that has read the offer
    #[command(after_help = "Examples:
  eiot camera accept front --wait 5m
  eiot camera accept front --replace

With --replace the new camera takes the place of the account's camera of that name, as with
'eiot camera pair'.")]
    Accept(pairing::Accept),
    /// On the camera: read the phone's offer and answer it through the store
    #[command(
        after_help = "Example:\n  eiot camera join front --offer EIOT:PAIR:... --streams video"
    )]
    Join(pairing::Join),
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
    Clock(clock::SetClock),
    /// On the phone: nobody records a camera's streams any more
    #[command(after_help = "Examples:
  eiot camera retire front
  eiot camera retire front --clips video=40,audio=38

For a camera that is sold, broken or stolen, or whose key may have been copied. What was recorded can
be viewed as before, up to the last clip that this phone is shown, or up to the one that --clips
names: what the camera's key signs besides counts no more, with whoever has read this. It takes the
passphrase. Another camera takes its place with 'eiot camera accept front --replace'.")]
    Retire(retire::Retire),
    /// List this machine's cameras
    #[command(after_help = "Example:\n  eiot camera list --json")]
    List,
    /// On the camera: print what it has verified, for a phone that is being enrolled
    #[command(after_help = "Example:\n  eiot camera checkpoint --camera front")]
    Checkpoint(One),
}

#[derive(Args, Debug)]
pub struct One {
    /// Which of this machine's cameras; not needed if there is only one
    #[arg(long)]
    camera: Option<Name>,
}

pub fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::Pair(args) => pairing::pair(context, &args),
        Command::Offer(args) => pairing::offer(context, &args),
        Command::Accept(args) => pairing::accept(context, &args),
        Command::Join(args) => pairing::join_here(context, &args),
        Command::Sync(args) => sync(context, &args),
        Command::Clock(args) => clock::set_clock(context, &args),
        Command::Retire(args) => retire::retire(context, &args),
        Command::List => list(context),
        Command::Checkpoint(args) => checkpoint(context, &args),
    }
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
        "relieved": synced.relieved.iter().map(Name::as_str).collect::<Vec<_>>(),
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
    let relieved = synced.relieved.iter().map(|stream| {
        format!(" It records {stream} no more: the owner has retired or replaced it.")
    });
    let relieved: String = relieved.collect();
    let text = format!(
        "Camera {name}: {} announcements accepted, {} leases extended, {} clips uploaded.{set_back}{relieved}",
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
                .map(|s| {
                    let lease = camera.lease_until(s).map(show);
                    let relieved = camera.is_relieved(s);
                    (s.clone(), camera.last_sequence(s), lease, relieved)
                })
                .collect();
            Ok((*camera.account(), streams))
        })?;
        text.push_str(&format!("{name} of account {account}\n"));
        let mut all = Vec::new();
        for (stream, last, lease, relieved) in streams {
            let waiting = recorder.waiting(&stream)?.len();
            let state = match (&lease, relieved) {
                (_, true) => "retired or replaced by the owner".to_owned(),
                (Some(until), _) => format!("shared keys until {until}"),
                (None, _) => "no announcement yet".to_owned(),
            };
            text.push_str(&format!(
                "  {stream}: {last} clips, {waiting} not uploaded, {state}\n"
            ));
            all.push(json!({
                "stream": stream.as_str(), "clips": last, "waiting": waiting,
                "lease_until": lease, "relieved": relieved,
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
