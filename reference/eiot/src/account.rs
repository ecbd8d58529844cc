//! `eiot account`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use encryptediot::contact::{self, Card};
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::owner;
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::Phone;
use serde_json::json;

use crate::context::{Context, Report};
use crate::devices::{self, Kind, PhoneHere, join};
use crate::failure::{During as _, Failure, Outcome};
use crate::passphrase;
use crate::random::SystemRandom;
use crate::times::show;

/// A new account's phone before the owner has seen the passphrase.
const CREATING: &str = "creating";

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Create an account on its first phone and show its passphrase, once
    #[command(after_help = "Examples:
  eiot account create
  eiot account create --phone anna --passphrase-to words.txt

The ten words are shown before anything is published. If the command is interrupted after that, run
it again: it publishes the same account.")]
    Create(Create),
    /// Show the account: its phones and cameras
    #[command(after_help = "Example:\n  eiot account show --json")]
    Show(OnPhone),
    /// Change the passphrase
    #[command(after_help = "Example:
  eiot account passphrase --passphrase-file old.txt --passphrase-to new.txt

What the old passphrase and old copies of the vault open, they still open. If someone may have
both, replace the root: 'eiot account replace-root'.")]
    Passphrase(Reveal),
    /// Start a new account in place of this one, for when its signing key may be known to others
    #[command(after_help = "Example:
  eiot account replace-root

The new account opens the old one's clips ('eiot view --account OLD'). Cameras are paired again
('eiot camera pair NAME --again') and members compare numbers again: no key of the old account can
vouch for the new one.")]
    ReplaceRoot(Reveal),
    /// Show the safety number to compare with a member
    #[command(after_help = "Example:
  eiot account number --card EIOT:CARD:...

Read it to the member, over a call or in person; the member gives it to 'eiot member pin'. The
member reads out theirs ('eiot member number'); give that one to 'eiot share --number'.")]
    Number(Number),
}

#[derive(Args, Debug)]
pub struct Create {
    /// What to call this phone
    #[arg(long, default_value = "phone")]
    phone: Name,
    /// Write the passphrase to FILE (mode 0600) and do not show it
    #[arg(long, value_name = "FILE")]
    passphrase_to: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct OnPhone {
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    pub phone: Option<Name>,
}

#[derive(Args, Debug)]
pub struct Reveal {
    #[command(flatten)]
    on: OnPhone,
    /// Write the new passphrase to FILE (mode 0600) and do not show it
    #[arg(long, value_name = "FILE")]
    passphrase_to: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Number {
    #[command(flatten)]
    on: OnPhone,
    /// The member's card, from 'eiot member card'
    #[arg(long)]
    card: String,
}

pub fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::Create(args) => create(context, &args),
        Command::Show(args) => show_account(context, &args),
        Command::Passphrase(args) => change(context, &args),
        Command::ReplaceRoot(args) => replace_root(context, &args),
        Command::Number(args) => number(context, &args),
    }
}

fn create(context: &Context, args: &Create) -> Outcome<Report> {
    context.make_cloud()?;
    let name = &args.phone;
    if devices::exists(context, Kind::Phone, name) {
        return publish_again(context, name);
    }
    let home = devices::home(context, Kind::Phone, name)?;
    if !home.exists(CREATING) {
        passphrase::check_free(args.passphrase_to.as_deref())?;
    }
    let (phone, words) = owner::create_account(
        name.clone(),
        context.work(),
        context.now(),
        &mut SystemRandom,
    )?;
    // First a draft, then the words, then the phone: never an account whose words nobody saw.
    home.save(CREATING, &phone.to_state())?;
    let about = json!({ "account": phone.account().to_string(), "phone": name.as_str() });
    passphrase::reveal(context, &words, args.passphrase_to.as_deref(), about)?;
    home.save(Kind::Phone.word(), &phone.to_state())?;
    home.remove(CREATING)?;
    let mut here = PhoneHere { home, phone };
    here.publish(context)?;
    Ok(created(&here.phone))
}

fn created(phone: &Phone) -> Report {
    let (account, name) = (phone.account(), phone.name());
    Report::new(
        json!({ "account": account.to_string(), "phone": name.as_str() }),
        format!(
            "Account {account}\nPhone {name} is its first. Next: eiot camera pair front \
            --streams video"
        ),
    )
}

/// The phone is here: the command was interrupted, or there is nothing to create.
fn publish_again(context: &Context, name: &Name) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, Some(name))?;
    if here.phone.roster().is_ok() {
        return Err(Box::<Failure>::from(StoreError::LocalExists)
            .because(name)
            .advise("give --phone another name, or --home another place"));
    }
    here.sync(context)?;
    Ok(created(&here.phone))
}

fn show_account(context: &Context, args: &OnPhone) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync(context)?;
    let (account, roster) = (*here.phone.account(), here.phone.roster()?);
    let phones: Vec<&str> = roster.phones.iter().map(|p| p.name.as_str()).collect();
    let cameras: Vec<_> = roster
        .cameras
        .iter()
        .map(|camera| {
            let streams: Vec<&str> = camera.streams.iter().map(Name::as_str).collect();
            json!({ "camera": camera.name.as_str(), "streams": streams })
        })
        .collect();
    let mut text = format!(
        "Account {account}\n  roster {} of {}, key generation {}\n  phones: {}\n",
        roster.number,
        show(roster.issued),
        roster.generation,
        phones.join(", "),
    );
    for camera in &roster.cameras {
        let line = format!("  camera {}: {}\n", camera.name, join(&camera.streams));
        text.push_str(&line);
    }
    let json = json!({
        "account": account.to_string(), "roster": roster.number, "issued": show(roster.issued),
        "generation": roster.generation, "phones": phones, "cameras": cameras,
    });
    Ok(Report::new(json, text))
}

fn change(context: &Context, args: &Reveal) -> Outcome<Report> {
    let to = args.passphrase_to.as_deref();
    passphrase::check_free(to)?;
    let mut here = PhoneHere::open(context, args.on.phone.as_ref())?;
    // The old passphrase is checked before a new one is shown.
    here.act(context, "checking the passphrase", |_, _| Ok(()))?;
    let words = Passphrase::generate(&mut SystemRandom);
    let account = here.phone.account().to_string();
    let about = json!({ "account": account });
    passphrase::reveal(context, &words, to, about.clone())?;
    here.act(context, "changing the passphrase", |owner, env| {
        owner.change_passphrase(&words, context.work(), env)
    })?;
    Ok(Report::new(
        about,
        "The passphrase is changed. What the old one opened with an old copy of the vault, it \
        still opens.",
    ))
}

fn replace_root(context: &Context, args: &Reveal) -> Outcome<Report> {
    let to = args.passphrase_to.as_deref();
    passphrase::check_free(to)?;
    let mut here = PhoneHere::open(context, args.on.phone.as_ref())?;
    let old = *here.phone.account();
    let work = context.work();
    let (phone, words) = here.act(context, "making the new account", |owner, env| {
        owner.replace_root(work, env)
    })?;
    let account = phone.account().to_string();
    let about = json!({ "account": account, "replaced": old.to_string() });
    passphrase::reveal(context, &words, to, about.clone())?;
    here.phone = phone;
    here.save()?;
    here.publish(context)?;
    let text = format!(
        "Account {account} takes the place of {old}.\nPair the cameras again ('eiot camera pair \
        NAME --again') and compare numbers with members again."
    );
    Ok(Report::new(about, text))
}

fn number(context: &Context, args: &Number) -> Outcome<Report> {
    let here = PhoneHere::open(context, args.on.phone.as_ref())?;
    let card = Card::from_text(&args.card).during(|| "reading --card".into())?;
    let number = contact::safety_number(here.phone.account(), &card.key);
    let json = json!({
        "account": here.phone.account().to_string(), "member": card.name.as_str(), "number": number,
    });
    Ok(Report::new(
        json,
        format!("Safety number with {}:\n  {number}", card.name),
    ))
}
