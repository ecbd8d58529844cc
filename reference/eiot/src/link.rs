//! `eiot link`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::link::{self, Link};
use encryptediot::owner;
use encryptediot::view::read_segments;
use serde_json::json;

use crate::context::{Context, Report};
use crate::devices::PhoneHere;
use crate::failure::{During as _, Failure, Outcome};
use crate::sink::Sink;
use crate::times::{When, show};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a link to clips, for whoever holds its text
    #[command(after_help = "Example:
  eiot link make --stream video --clip 7,8 --until +7d

The clips are encrypted anew for the link. Its viewer needs no account, and still sees that they are
the camera's. The part after # is the key: whoever has it can view until the link ends or is
removed.")]
    Make(Make),
    /// View a link
    #[command(after_help = "Example:\n  eiot link view 'eiot:link:...#...' -o clip.ts")]
    View(ViewLink),
    /// Remove a link from the store; whoever copied it keeps the copy
    #[command(after_help = "Example:\n  eiot link remove 'eiot:link:...#...'")]
    Remove(Remove),
}

#[derive(Args, Debug)]
pub struct Make {
    /// The stream
    #[arg(long)]
    stream: Name,
    /// The clips, by their numbers
    #[arg(long, value_delimiter = ',', required = true, value_name = "N,...")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    clip: Vec<u64>,
    /// When the link ends
    #[arg(
        long,
        value_name = "TIME",
        default_value = "+7d",
        allow_hyphen_values = true
    )]
    until: When,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

#[derive(Args, Debug)]
pub struct ViewLink {
    /// The link's text
    link: String,
    /// Where the decrypted bytes go: a file, or - for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Args, Debug)]
pub struct Remove {
    /// The link's text
    link: String,
}

pub fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::Make(args) => make(context, &args),
        Command::View(args) => view(context, &args),
        Command::Remove(args) => remove(context, &args),
    }
}

fn make(context: &Context, args: &Make) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    let until = args.until.resolve(context.now());
    let link = here.act(context, "making the link", |owner, env| {
        owner.make_link(&args.stream, &args.clip, until, env)
    })?;
    let text = link.to_text();
    let json = json!({
        "link": text, "stream": args.stream.as_str(), "clips": args.clip, "until": show(until),
    });
    // Nobody else has the text: a link that could not be printed would lie there for nobody.
    if let Err(unsaid) = context.say(&Report::new(json, text)) {
        owner::remove_link(context.cloud()?, &link).during(|| "removing the link again".into())?;
        return Err(unsaid);
    }
    Ok(Report::printed())
}

fn view(context: &Context, args: &ViewLink) -> Outcome<Report> {
    let to_stdout = args.output.as_os_str() == "-";
    if to_stdout && context.global.json {
        return Err(Failure::usage(
            "decrypted video and a report do not share standard output",
            "give -o FILE",
        ));
    }
    let link = Link::from_text(&args.link)?;
    let (cloud, paths) = (context.cloud()?, Paths(link.account));
    let opened = cloud
        .get(&paths.link(&link.id))
        .and_then(|object| link::open(&link, &object, context.now()));
    let clips = opened.during(|| "opening the link".into())?;
    let mut sink = Sink::open(&args.output)?;
    let (mut all, mut bytes) = (Vec::new(), 0);
    for (number, clip) in clips.iter().enumerate() {
        let manifest = &clip.original.manifest;
        let path = paths.link_body(&link.id, number);
        let read = read_segments(
            cloud,
            &path,
            clip.original.segments(),
            0,
            |index| clip.original.sealed_range(index),
            |index, sealed| clip.open_segment(index, sealed),
            &mut sink,
        );
        let read = read.during(|| format!("viewing clip {} of the link", manifest.sequence))?;
        sink.flush()?;
        bytes += read;
        all.push(json!({
            "stream": manifest.stream.as_str(), "clip": manifest.sequence, "bytes": read,
            "start": show(manifest.start), "end": show(manifest.end),
        }));
    }
    sink.finish()?;
    let text = format!(
        "{} clips, {bytes} bytes, each as the camera of account {} made it.",
        all.len(),
        link.account
    );
    let json = json!({
        "account": link.account.to_string(), "clips": all, "bytes": bytes, "file": args.output,
    });
    if to_stdout {
        context.note(text);
        return Ok(Report::new(json, ""));
    }
    Ok(Report::new(json, text))
}

fn remove(context: &Context, args: &Remove) -> Outcome<Report> {
    let link = Link::from_text(&args.link)?;
    let (cloud, root) = (context.cloud()?, Paths(link.account).root());
    if cloud.find(&root)?.is_none() {
        return Err(Box::<Failure>::from(StoreError::Missing)
            .because(format_args!(
                "the store is not that of the link's account: there is no {root}"
            ))
            .at("removing the link"));
    }
    owner::remove_link(cloud, &link).during(|| "removing the link".into())?;
    let json = json!({ "link": link.id.to_string(), "removed": true });
    Ok(Report::new(
        json,
        "The link is removed. Whoever copied its objects keeps them.",
    ))
}
