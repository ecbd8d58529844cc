//! `eiot phone`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use encryptediot::checkpoint::Checkpoint;
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::error::{AccountError, StoreError};
use encryptediot::keys::{Name, kem_id};
use encryptediot::message::AccountId;
use encryptediot::owner::{self, Env};
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::Phone;
use serde_json::json;

use crate::account::OnPhone;
use crate::context::{Context, Report};
use crate::devices::{self, Kind, PhoneHere, join};
use crate::failure::{During as _, Failure, Outcome};
use crate::passphrase;
use crate::random::SystemRandom;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Enroll a further phone with the passphrase
    #[command(after_help = "Examples:
  eiot phone enroll tablet
  eiot phone enroll tablet --account ID --checkpoint EIOT:CHECKPOINT:...

A fresh phone cannot tell by itself that the cloud shows it an old state of the account. Give it the
checkpoint that another phone ('eiot phone checkpoint') or a camera ('eiot camera checkpoint')
prints, over a channel that you trust.")]
    Enroll(Enroll),
    /// Print what this phone has verified, for a phone that is being enrolled
    #[command(after_help = "Example:\n  eiot phone checkpoint --as phone")]
    Checkpoint(OnPhone),
    /// Drop a lost phone: new keys on every stream, for every member and in the vault
    #[command(after_help = "Examples:
  eiot phone lose tablet
  eiot phone lose tablet --although-unlocked

It is in effect once each camera has acknowledged ('eiot status'). What the lost phone has stored
opens no later clip.

Not so if it could reach the account's signing key: the passphrase was kept with it, or it was ever
kept unlocked. No new passphrase shuts it out, since the key stays the same and a copy of the old
vault still opens. Begin a new account: 'eiot account replace-root', then pair the cameras and share
with the members again. A phone that was kept unlocked is therefore not dropped, unless you say with
--although-unlocked that you know.")]
    Lose(Lose),
    /// Bring this phone up to date, and finish what was interrupted
    #[command(after_help = "Example:\n  eiot phone sync --as phone")]
    Sync(OnPhone),
    /// Let this phone act without the passphrase; whoever has the phone then has the account
    #[command(after_help = "Examples:
  eiot phone keep-unlocked
  eiot phone keep-unlocked --off")]
    KeepUnlocked(KeepUnlocked),
    /// List the phones of the account and those of this machine
    #[command(after_help = "Example:\n  eiot phone list")]
    List(OnPhone),
}

#[derive(Args, Debug)]
pub struct Enroll {
    /// What to call the phone
    name: Name,
    /// The account; needed unless another phone of it is on this machine
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// What another device of the account has verified
    #[arg(long, value_name = "TEXT")]
    checkpoint: Option<String>,
}

#[derive(Args, Debug)]
pub struct Lose {
    /// The lost phone
    name: Name,
    #[command(flatten)]
    on: OnPhone,
    /// Change the passphrase as well; this shuts out nobody who could open the vault before
    #[arg(long)]
    new_passphrase: bool,
    /// Drop it although it was kept unlocked, and may have the account's signing key for good
    #[arg(long)]
    although_unlocked: bool,
    /// Write the new passphrase to FILE (mode 0600) and do not show it
    #[arg(long, value_name = "FILE", requires = "new_passphrase")]
    passphrase_to: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct KeepUnlocked {
    #[command(flatten)]
    on: OnPhone,
    /// Take it back: remove what lies in the cloud for this phone
    #[arg(long)]
    off: bool,
}

pub fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::Enroll(args) => enroll(context, &args),
        Command::Checkpoint(args) => checkpoint(context, &args),
        Command::Lose(args) => lose(context, &args),
        Command::Sync(args) => sync(context, &args),
        Command::KeepUnlocked(args) => keep_unlocked(context, &args),
        Command::List(args) => list(context, &args),
    }
}

/// The account of this machine's phones, if they agree.
fn account_here(context: &Context) -> Outcome<AccountId> {
    let mut found = Vec::new();
    for name in devices::list(context, Kind::Phone)? {
        found.push(*PhoneHere::open(context, Some(&name))?.phone.account());
    }
    found.sort_unstable();
    found.dedup();
    match *found {
        [account] => Ok(account),
        _ => Err(Failure::usage(
            "it is not plain which account the phone is for",
            "give --account ID; 'eiot account show' on another phone prints it",
        )),
    }
}

fn enroll(context: &Context, args: &Enroll) -> Outcome<Report> {
    let cloud = context.cloud()?;
    if devices::exists(context, Kind::Phone, &args.name)
        && let Some(report) = enrolled_before(context, args)?
    {
        return Ok(report);
    }
    let account = match args.account {
        Some(account) => account,
        None => account_here(context)?,
    };
    let checkpoint = match &args.checkpoint {
        Some(text) => Some(
            Checkpoint::from_text(&account, text).during(|| "reading --checkpoint".to_owned())?,
        ),
        None => None,
    };
    let words = passphrase::get(context)?;
    let home = devices::home(context, Kind::Phone, &args.name)?;
    let save = |phone: &Phone| home.save(Kind::Phone.word(), &phone.to_state());
    let mut env = Env {
        cloud,
        now: context.now(),
        save: &save,
        rng: &mut SystemRandom,
    };
    let phone = owner::enroll(
        args.name.clone(),
        account,
        &words,
        checkpoint.as_ref(),
        &mut env,
    );
    let phone = phone.map_err(|error| {
        let taken = error.is(StoreError::LocalExists);
        let failure = Box::<Failure>::from(error).at(format!("enrolling phone {}", args.name));
        match taken {
            true => failure.advise("the account has a phone of this name: choose another"),
            false => failure,
        }
    })?;
    let here = PhoneHere { home, phone };
    here.save()?;
    if args.checkpoint.is_none() {
        context.note(
            "Without --checkpoint, this phone takes the cloud's word that the account \
            is up to date.",
        );
    }
    Ok(enrolled(&here.phone))
}

/// The phone is here: the command was interrupted, there is nothing left to do, or the account has
/// dropped the phone since, and it is enrolled anew.
fn enrolled_before(context: &Context, args: &Enroll) -> Outcome<Option<Report>> {
    let mut here = PhoneHere::open(context, Some(&args.name))?;
    if args
        .account
        .is_some_and(|account| account != *here.phone.account())
    {
        return Err(Box::<Failure>::from(StoreError::LocalExists)
            .because(format_args!("{} is of another account", args.name))
            .advise("choose another name"));
    }
    match here.sync(context) {
        Ok(()) => Ok(Some(enrolled(&here.phone))),
        Err(failure) => match &failure.error {
            Some(error)
                if error.is(StoreError::Conflict) || error.is(AccountError::PhoneNotListed) =>
            {
                Ok(None)
            }
            _ => Err(failure),
        },
    }
}

fn enrolled(phone: &Phone) -> Report {
    let (account, name) = (phone.account(), phone.name());
    Report::new(
        json!({ "account": account.to_string(), "phone": name.as_str() }),
        format!(
            "Phone {name} is enrolled on account {account}, with access to its clips of the past."
        ),
    )
}

fn checkpoint(context: &Context, args: &OnPhone) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync(context)?;
    let text = here.phone.checkpoint().to_text(here.phone.account());
    Ok(Report::new(json!({ "checkpoint": text }), text))
}

fn lose(context: &Context, args: &Lose) -> Outcome<Report> {
    let to = args.passphrase_to.as_deref();
    passphrase::check_free(to)?;
    let mut here = PhoneHere::open(context, args.on.phone.as_ref())?;
    let about = json!({ "lost": args.name.as_str() });
    let words = match args.new_passphrase {
        true => {
            here.act(context, "checking the passphrase", |_, _| Ok(()))?;
            let words = Passphrase::generate(&mut SystemRandom);
            passphrase::reveal(context, &words, to, about.clone())?;
            Some(words)
        }
        false => None,
    };
    let renewed = words.as_ref().map(|words| (words, context.work()));
    here.act(
        context,
        "dropping the lost phone",
        |owner, env| match args.although_unlocked {
            true => owner.lose_unlocked_phone(&args.name, renewed, env),
            false => owner.lose_phone(&args.name, renewed, env),
        },
    )
    .map_err(|failure| {
        let refused = [AccountError::UnknownPhone, AccountError::PhoneUnlocked];
        let nothing = refused.map(|e| Some(e.into())).contains(&failure.error);
        match nothing && words.is_some() {
            true => failure.because("nothing was changed, the new passphrase does not count"),
            false => failure,
        }
    })?;
    let text = format!(
        "Phone {} is dropped and every stream has new keys. In effect once each camera has \
        acknowledged: 'eiot status'.",
        args.name
    );
    Ok(Report::new(about, text))
}

fn sync(context: &Context, args: &OnPhone) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync(context)?;
    let streams: Vec<_> = here
        .phone
        .streams()
        .map(|(name, followed)| json!({ "stream": name.as_str(), "epoch": followed.head.epoch }))
        .collect();
    let text = format!(
        "Phone {} is up to date: {} streams.",
        here.phone.name(),
        streams.len()
    );
    let json = json!({ "phone": here.phone.name().as_str(), "streams": streams });
    Ok(Report::new(json, text))
}

fn keep_unlocked(context: &Context, args: &KeepUnlocked) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.on.phone.as_ref())?;
    let name = here.phone.name().clone();
    let report = |on: bool, text| {
        Ok(Report::new(
            json!({ "phone": name.as_str(), "unlocked": on }),
            text,
        ))
    };
    if args.off {
        let id = kem_id(&here.phone.keys().instance);
        let cloud = context.cloud()?;
        let path = Paths(*here.phone.account()).unlock(id);
        if cloud.find(&path)?.is_none() {
            // Perhaps it is not there because this is another store.
            here.sync(context)?;
        }
        cloud.delete(&path)?;
        return report(
            false,
            format!(
                "Phone {name} asks for the passphrase again. Whoever copied what lay in the \
                cloud still has it: if this phone was ever out of your hands, begin a new account, 'eiot account \
                replace-root'."
            ),
        );
    }
    here.act(context, "leaving the key in the cloud", |owner, env| {
        owner.keep_unlocked(env)
    })?;
    report(
        true,
        format!(
            "Phone {name} acts without the passphrase from now on. Whoever has this phone has \
            the account."
        ),
    )
}

fn list(context: &Context, args: &OnPhone) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync(context)?;
    let local = devices::list(context, Kind::Phone)?;
    let phones: Vec<_> = here
        .phone
        .roster()?
        .phones
        .iter()
        .map(|p| &p.name)
        .collect();
    let text = format!(
        "On the account: {}\nOn this machine: {}",
        join(phones.iter().copied()),
        join(&local)
    );
    let phones: Vec<_> = phones
        .iter()
        .map(|name| json!({ "phone": name.as_str(), "here": local.contains(name) }))
        .collect();
    Ok(Report::new(json!({ "phones": phones }), text))
}
