//! `eiot extend`: what ends, later.

use clap::{Args, Subcommand};
use encryptediot::keys::Name;
use serde_json::json;

use crate::context::{Context, Report};
use crate::devices::{PhoneHere, join};
use crate::failure::{During as _, Outcome};
use crate::share::{list, streams};
use crate::times::{Length, When, show, show_length};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Let shared keys be used for longer; needs no passphrase
    #[command(after_help = "Example:
  eiot extend lease --stream video --for 7d

Without a word from a phone, the camera records for the owner alone once the lease has ended.")]
    Lease(ExtendLease),
    /// Move the end of a member's window
    #[command(after_help = "Example:
  eiot extend window --member bob --stream video --until +2h")]
    Window(ExtendWindow),
    /// Set how long a lease is, from the next announcement on
    #[command(after_help = "Example:\n  eiot extend length --stream video --lease 3d")]
    Length(LeaseLength),
}

#[derive(Args, Debug)]
pub struct ExtendLease {
    /// The streams; all of them unless some are named
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    stream: Vec<Name>,
    /// For how long from now
    #[arg(long = "for", value_name = "TIME", default_value = "7d")]
    length: Length,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

#[derive(Args, Debug)]
pub struct ExtendWindow {
    /// The member
    #[arg(long)]
    member: Name,
    /// The stream
    #[arg(long)]
    stream: Name,
    /// The window's new end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: When,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

#[derive(Args, Debug)]
pub struct LeaseLength {
    /// The streams; all of them unless some are named
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    stream: Vec<Name>,
    /// The length of the lease, at most 31d
    #[arg(long, value_name = "TIME")]
    lease: Length,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

pub fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::Lease(args) => extend_lease(context, &args),
        Command::Window(args) => extend_window(context, &args),
        Command::Length(args) => lease_length(context, &args),
    }
}

fn extend_lease(context: &Context, args: &ExtendLease) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync_streams(context, &args.stream)?;
    let mut streams = streams(&here.phone, &args.stream)?;
    if args.stream.is_empty() {
        // Nobody records what a retired camera did.
        let phone = &here.phone;
        streams.retain(|s| phone.followed(s).is_none_or(|f| f.camera().is_some()));
    }
    let (cloud, now) = (context.cloud()?, context.now());
    let until = now.saturating_add(args.length.0);
    for stream in &streams {
        here.phone
            .extend_lease(cloud, stream, now, until)
            .during(|| format!("extending the lease of {stream}"))?;
    }
    let text = format!(
        "The lease of {} is extended until {}, once the camera has fetched it.",
        join(&streams),
        show(until)
    );
    Ok(Report::new(
        json!({ "streams": list(&streams), "until": show(until) }),
        text,
    ))
}

fn extend_window(context: &Context, args: &ExtendWindow) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    let stream = std::slice::from_ref(&args.stream);
    here.sync_streams(context, stream)?;
    streams(&here.phone, stream)?;
    let until = args.until.resolve(context.now());
    here.act(context, "extending the window", |owner, env| {
        owner.extend_window(&args.stream, &args.member, until, env)
    })?;
    let json = json!({
        "member": args.member.as_str(), "stream": args.stream.as_str(), "until": show(until),
    });
    let text = format!(
        "{}'s window on {} ends at {}.",
        args.member,
        args.stream,
        show(until)
    );
    Ok(Report::new(json, text))
}

fn lease_length(context: &Context, args: &LeaseLength) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync_streams(context, &args.stream)?;
    let streams = streams(&here.phone, &args.stream)?;
    here.act(context, "setting the lease", |owner, env| {
        owner.set_lease(&streams, args.lease.0, env)
    })?;
    let text = format!(
        "The lease of {} is {} from now on.",
        join(&streams),
        show_length(args.lease.0)
    );
    Ok(Report::new(
        json!({ "streams": list(&streams), "lease_ms": args.lease.0 }),
        text,
    ))
}
