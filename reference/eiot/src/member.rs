//! `eiot member`: the side of someone whom an owner shares with.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use encryptediot::contact;
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::member::{Member, News};
use encryptediot::message::AccountId;
use serde_json::json;
use zeroize::Zeroizing;

use crate::context::{Context, Report, refusals};
use crate::devices::{self, Kind, MemberHere, join};
use crate::failure::{During as _, Failure, Outcome};
use crate::random::SystemRandom;
use crate::share::{show_kind, terms};
use crate::temporary;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a member's device
    #[command(after_help = "Example:\n  eiot member new alice")]
    New(New),
    /// Print the card to send to owners
    #[command(after_help = "Example:
  eiot member card --as alice

The card may go any way. What makes it good is the comparison of the safety number that follows.")]
    Card(OnMember),
    /// Print the safety number to read to an owner
    #[command(after_help = "Example:\n  eiot member number --as alice --account ID")]
    Number(Number),
    /// Pin an account after the owner has read out the safety number
    #[command(after_help = "Example:
  eiot member pin --as alice --account ID --number '12345 67890 ...'

The number is what the owner reads out ('eiot account number'), not what this device computes.")]
    Pin(Pin),
    /// Take what the owner's phone hands over by touch (NFC), as text
    #[command(after_help = "Example:\n  eiot member touch --as alice EIOT:TOUCH:...")]
    Touch(Touch),
    /// Fetch what owners have shared
    #[command(after_help = "Example:\n  eiot member sync --as alice")]
    Sync(OnMember),
    /// Write a member's keys into a file, for another implementation
    #[command(after_help = "Example:
  eiot member export --as alice --to alice.json

The file is JSON: the member's name, its private key, and for each account the pairwise keys by the
numbers of their introductions; all keys are 32 bytes in hexadecimal. Whoever has it is the member. It
is a new file, readable by its owner alone.")]
    Export(Export),
    /// List this machine's members and what they hold
    #[command(after_help = "Example:\n  eiot member list --json")]
    List,
}

#[derive(Args, Debug)]
pub struct New {
    /// What the member calls itself
    name: Name,
}

#[derive(Args, Debug)]
pub struct OnMember {
    /// Which of this machine's members
    #[arg(long = "as", value_name = "MEMBER")]
    member: Option<Name>,
}

#[derive(Args, Debug)]
pub struct Number {
    #[command(flatten)]
    on: OnMember,
    /// The owner's account, from 'eiot account show'
    #[arg(long, value_name = "ID")]
    account: AccountId,
}

#[derive(Args, Debug)]
pub struct Pin {
    #[command(flatten)]
    of: Number,
    /// What the owner read out
    #[arg(long, value_name = "DIGITS")]
    number: String,
}

#[derive(Args, Debug)]
pub struct Touch {
    #[command(flatten)]
    on: OnMember,
    /// The payload
    payload: String,
}

#[derive(Args, Debug)]
pub struct Export {
    #[command(flatten)]
    on: OnMember,
    /// Where the keys go: a new file
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::New(args) => new(context, &args),
        Command::Card(args) => card(context, &args),
        Command::Number(args) => number(context, &args),
        Command::Pin(args) => pin(context, &args),
        Command::Touch(args) => touch(context, &args),
        Command::Sync(args) => sync(context, &args),
        Command::Export(args) => export(context, &args),
        Command::List => list(context),
    }
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(HEXLOWER.encode(bytes))
}

fn export(context: &Context, args: &Export) -> Outcome<Report> {
    let here = MemberHere::open(context, args.on.member.as_ref())?;
    let (member, card) = (&here.member, here.member.card());
    // By hand, since a value of JSON would not be wiped. No name or number needs an escape.
    let key = hex(&*member.private_key().to_bytes());
    let accounts = member
        .accounts()
        .map(|account| 1 + member.pairwise_keys(account).count());
    // A text that grew would leave copies behind.
    let room = 256 * (1 + accounts.sum::<usize>());
    let mut text = Zeroizing::new(String::with_capacity(room));
    let _ = write!(
        text,
        "{{\"name\":\"{}\",\"key\":\"{}\",\"accounts\":[",
        card.name, *key
    );
    for (place, account) in member.accounts().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        let _ = write!(text, "{comma}{{\"account\":\"{account}\",\"pairwise\":{{");
        for (place, (number, key)) in member.pairwise_keys(account).enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let _ = write!(text, "{comma}\"{number}\":\"{}\"", *hex(key.as_bytes()));
        }
        text.push_str("}}");
    }
    text.push_str("]}");
    debug_assert!(text.len() <= room, "the text has grown");
    temporary::write_secret(&args.to, &text).map_err(|error| {
        Box::<Failure>::from(StoreError::Output.because(error))
            .at(format!("writing the keys to {}", args.to.display()))
            .advise("give a new file")
    })?;
    Ok(Report::new(
        json!({ "member": card.name.as_str(), "file": args.to }),
        format!("The keys of {} are in {}.", card.name, args.to.display()),
    ))
}

fn new(context: &Context, args: &New) -> Outcome<Report> {
    let home = devices::home(context, Kind::Member, &args.name)?;
    if home.exists(Kind::Member.word()) {
        return Err(Box::<Failure>::from(StoreError::LocalExists).because(&args.name));
    }
    let member = Member::generate(args.name.clone(), &mut SystemRandom)?;
    let here = MemberHere { home, member };
    here.save()?;
    let card = here.member.card().to_text();
    let text = format!(
        "Member {}. The card to send to an owner:\n{card}",
        args.name
    );
    Ok(Report::new(
        json!({ "member": args.name.as_str(), "card": card }),
        text,
    ))
}

fn card(context: &Context, args: &OnMember) -> Outcome<Report> {
    let here = MemberHere::open(context, args.member.as_ref())?;
    let card = here.member.card();
    let text = card.to_text();
    Ok(Report::new(
        json!({ "member": card.name.as_str(), "card": text }),
        text,
    ))
}

fn number(context: &Context, args: &Number) -> Outcome<Report> {
    let here = MemberHere::open(context, args.on.member.as_ref())?;
    let card = here.member.card();
    let number = contact::safety_number(&args.account, &card.key);
    let json = json!({
        "member": card.name.as_str(), "account": args.account.to_string(), "number": number,
    });
    Ok(Report::new(
        json,
        format!("Safety number with account {}:\n  {number}", args.account),
    ))
}

fn pin(context: &Context, args: &Pin) -> Outcome<Report> {
    let mut here = MemberHere::open(context, args.of.on.member.as_ref())?;
    let account = args.of.account;
    here.member
        .pin(account, &args.number)
        .during(|| format!("pinning account {account}"))?;
    here.save()?;
    let name = here.member.card().name;
    Ok(Report::new(
        json!({ "member": name.as_str(), "account": account.to_string() }),
        format!("{name} has pinned account {account}."),
    ))
}

fn touch(context: &Context, args: &Touch) -> Outcome<Report> {
    let mut here = MemberHere::open(context, args.on.member.as_ref())?;
    let account = contact::proximity_from_text(&args.payload)
        .and_then(|payload| here.member.touch(&payload))
        .during(|| "reading the payload".into())?;
    here.save()?;
    let name = here.member.card().name;
    Ok(Report::new(
        json!({ "member": name.as_str(), "account": account.to_string() }),
        format!("{name} has pinned account {account}. Next: eiot member sync --as {name}"),
    ))
}

fn sync(context: &Context, args: &OnMember) -> Outcome<Report> {
    let mut here = MemberHere::open(context, args.member.as_ref())?;
    let name = here.member.card().name;
    let news = here
        .member
        .sync(context.cloud()?)
        .during(|| format!("bringing {name} up to date"))?;
    here.save()?;
    let News {
        introductions,
        grants,
        refused,
    } = &news;
    let all = refusals(refused);
    let json = json!({
        "member": name.as_str(), "introductions": introductions, "grants": grants, "refused": all,
        "accounts": held(&here.member),
    });
    if let Some((path, error)) = refused.first() {
        let failure = Box::<Failure>::from(error.clone()).at(format!("reading {path}"));
        return Err(failure.with(json));
    }
    let text = format!(
        "{name}: {grants} new keys, {introductions} introductions.\n{}",
        describe(&here.member)
    );
    Ok(Report::new(json, text))
}

/// What a member holds, for programs.
fn held(member: &Member) -> Vec<serde_json::Value> {
    let stream = |account: &AccountId, name: &Name| {
        let grants = member.grants(account, name);
        let keys: Vec<_> = terms(grants.iter().map(|g| (g.kind, g.window))).collect();
        json!({ "stream": name.as_str(), "keys": grants.len(), "terms": keys })
    };
    let account = |account: &AccountId| {
        let streams = member.streams(account);
        let streams: Vec<_> = streams.iter().map(|name| stream(account, name)).collect();
        json!({ "account": account.to_string(), "streams": streams })
    };
    member.accounts().map(account).collect()
}

/// What a member holds, for people.
fn describe(member: &Member) -> String {
    let mut text = String::new();
    for account in member.accounts() {
        text.push_str(&format!("  account {account}\n"));
        for stream in member.streams(account) {
            let grants = member.grants(account, &stream);
            let mut terms: Vec<_> = grants.iter().map(|g| show_kind(g.kind, g.window)).collect();
            terms.sort_unstable();
            terms.dedup();
            let line = format!(
                "    {stream}: {} keys: {}\n",
                grants.len(),
                terms.join("; ")
            );
            text.push_str(&line);
        }
    }
    text
}

fn list(context: &Context) -> Outcome<Report> {
    let (mut members, mut text) = (Vec::new(), String::new());
    let names = devices::list(context, Kind::Member)?;
    for name in &names {
        let here = MemberHere::open(context, Some(name))?;
        text.push_str(&format!("{name}\n{}", describe(&here.member)));
        members.push(json!({ "member": name.as_str(), "accounts": held(&here.member) }));
    }
    if names.is_empty() {
        text = format!("No member in {}.", context.global.home.display());
    } else {
        context.note(format_args!("Members here: {}", join(&names)));
    }
    Ok(Report::new(json!({ "members": members }), text))
}
