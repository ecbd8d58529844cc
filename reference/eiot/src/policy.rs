//! `eiot policy`: a file that says who is to see what, and what has to be done for it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use encryptediot::contact::{self, VerifiedMember};
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::message::AccountId;
use encryptediot_policy::{
    self, Contacts, Drift, Effect, Error, Plan, Policy, Refusal, Since, State, Step,
};
use serde_json::{Value, json};

use crate::context::{Context, Report};
use crate::devices::{self, Kind, MemberHere, PhoneHere};
use crate::failure::{During as _, Failure, Outcome};
use crate::share::{list, met_here};
use crate::times::show;

#[derive(Subcommand, Debug)]
#[command(after_help = "A policy, home.toml:
  lease = \"7d\"                          # how long keys serve without a word from a phone
  provider = \"acme\"                     # the member who is the provider

  [members.acme]                        # whom the account does not know yet
  card = \"EIOT:CARD:...\"
  number = \"12345 67890 ...\"            # what they read out: 'eiot member number'

  [[share]]
  to = [\"alice\"]
  streams = \"all\"                       # until revoked, those to come as well

  [[share]]
  to = [\"bob\"]
  streams = [\"video\"]
  from = 2027-03-01T18:00:00Z
  for = \"2h\"                            # or until = 2027-03-01T20:00:00Z

  [features.event-timeline]             # 'eiot policy plan --help' names the features
  streams = [\"video\"]

  [lost-phones]
  names = [\"tablet\"]
  shares = \"renew\"                      # or \"end\": nobody sees anything while a name stands here

The file states all that members may open of what is recorded from now on: whoever it does not name
loses what they have. A window speaks of clips that are there already, too. What a member could open
before stays open.")]
pub enum Command {
    /// Show what has to be done, and who gains and who loses what by it; needs no passphrase
    #[command(after_help = "Examples:
  eiot policy plan home.toml
  eiot policy plan home.toml --json

Features: those of the provider (event-timeline, preview-alerts, provider-devices, birds-eye-view)
give their streams to the provider; those of members (shared-users, website, third-party-devices)
name them with to = [\"NAME\"]; live-view takes delay = \"5s\", no less than a session; camera-previews
and quick-replies need nobody. A policy that cannot be met is refused with the line and the reason.

Members: known to the account, on this machine, or with card and number in [members.NAME].")]
    Plan(File),
    /// Do it. Interrupted, it goes on when it is run again; done, it does nothing
    #[command(after_help = "Examples:
  eiot policy apply home.toml
  eiot policy apply home.toml --as tablet

Where leases are to be extended and nothing else, no passphrase is asked for: run it every day.

In effect once each camera has acknowledged: 'eiot policy check home.toml' says so.")]
    Apply(File),
    /// Tell where the account is not as the file states, or not yet; needs no passphrase
    #[command(after_help = "Examples:
  eiot policy check home.toml
  eiot policy check home.toml --json | jq -r '.drift[].kind'

Drift is: an announcement that a camera has not acknowledged, a key of a window that has passed, a
member with more or less than stated, a lease of another length, one that ends soon or has ended, a
lost phone that is still listed, keys from before a phone was lost.

Exit codes: 0 no drift, 1 drift or refused.")]
    Check(File),
}

#[derive(Args, Debug)]
pub struct File {
    /// The policy
    file: PathBuf,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

pub fn run(context: &Context, command: Command) -> Outcome<Report> {
    match command {
        Command::Plan(args) => plan(context, &args),
        Command::Apply(args) => apply(context, &args),
        Command::Check(args) => check(context, &args),
    }
}

impl File {
    fn read(&self) -> Outcome<Policy> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).map_err(|error| {
            Box::<Failure>::from(StoreError::Input.because(error))
                .at(format!("reading {name}"))
                .advise("give the file of a policy: 'eiot policy --help' shows one")
        })?;
        Policy::parse(&text).map_err(|refusals| self.refused(&refusals))
    }

    fn refused(&self, refusals: &[Refusal]) -> Box<Failure> {
        let name = self.file.display().to_string();
        let lines: Vec<_> = refusals
            .iter()
            .map(|Refusal { place, message, .. }| {
                format!("{name}:{}:{}: {message}", place.line, place.column)
            })
            .collect();
        let all = refusals.iter().map(|refusal| {
            let Refusal {
                place,
                reason,
                message,
                advice,
            } = refusal;
            json!({
                "line": place.line, "column": place.column, "error": reason.name(),
                "message": message, "advice": advice,
            })
        });
        let advice: Vec<&str> = refusals.iter().map(|r| r.advice.as_str()).collect();
        let reason = refusals
            .first()
            .map_or("policy-syntax", |r| r.reason.name());
        Failure::of(reason, lines.join("\n      "), advice.join("\n       "))
            .at(format!("reading {name}; nothing was written"))
            .with(json!({ "file": name, "refusals": all.collect::<Vec<_>>() }))
    }

    fn failed(&self, error: Error) -> Box<Failure> {
        match error {
            Error::Refused(refusals) => self.refused(&refusals),
            Error::Failed(error) => error.into(),
        }
    }

    /// The policy, the phone, up to date, and whom it has met on this machine.
    fn open(&self, context: &Context) -> Outcome<(Policy, PhoneHere, Contacts)> {
        let policy = self.read()?;
        let mut here = PhoneHere::open(context, self.phone.as_ref())?;
        here.sync(context)?;
        let mut contacts = Contacts::new();
        for name in devices::list(context, Kind::Member)? {
            let account = here.phone.account();
            contacts.insert(name.clone(), contact_here(context, account, &name)?);
        }
        Ok((policy, here, contacts))
    }
}

/// The card of a member of this machine needs no comparison: its key is read from this disk.
fn contact_here(context: &Context, account: &AccountId, name: &Name) -> Outcome<VerifiedMember> {
    let card = MemberHere::open(context, Some(name))?.member.card();
    let number = contact::safety_number(account, &card.key);
    Ok(VerifiedMember::by_comparison(account, card, &number)?)
}

// ---------------------------------------------------------------- the commands

fn plan(context: &Context, args: &File) -> Outcome<Report> {
    let (policy, mut here, contacts) = args.open(context)?;
    let (cloud, now) = (context.cloud()?, context.now());
    let plan = Plan::of(&policy, &contacts, &mut here.phone, cloud, now);
    let plan = plan.map_err(|error| args.failed(error))?;
    here.save()?;
    let json = json!({
        "account": here.phone.account().to_string(), "file": args.file.display().to_string(),
        "steps": steps(&plan.steps, &plan.state),
    });
    Ok(Report::new(json, plan.to_string()))
}

fn apply(context: &Context, args: &File) -> Outcome<Report> {
    let (policy, mut here, contacts) = args.open(context)?;
    let (cloud, now) = (context.cloud()?, context.now());
    let plan = Plan::of(&policy, &contacts, &mut here.phone, cloud, now);
    let plan = plan.map_err(|error| args.failed(error))?;
    here.save()?;
    let account = *here.phone.account();
    for name in plan.wanted.people.keys() {
        if devices::exists(context, Kind::Member, name) {
            met_here(context, &account, name)?;
        }
    }
    let done = match plan.needs_no_passphrase() {
        true => {
            let renewed = plan.renew_leases(&here.phone, cloud);
            renewed.during(|| "extending leases".to_owned())?;
            plan.steps.clone()
        }
        false => here
            .act(context, "applying the policy", |owner, env| {
                Ok(encryptediot_policy::apply(&policy, &contacts, owner, env))
            })?
            .map_err(|error| args.failed(error))
            .during(|| "applying the policy".to_owned())?,
    };
    let status = here.phone.status(cloud)?;
    let open = status.into_iter().filter(|s| s.acknowledged.is_none());
    let waiting: Vec<Name> = open.map(|s| s.stream).collect();
    let json = json!({
        "account": account.to_string(), "file": args.file.display().to_string(),
        "steps": steps(&done, &plan.state), "not_acknowledged": list(&waiting),
    });
    let mut text = match done.is_empty() {
        true => "The account is as the policy states: nothing was done.".to_owned(),
        false => format!("{} steps done:\n", done.len()),
    };
    for step in &done {
        text.push_str(&format!("  {:<15} {}\n", step.kind(), step.describe()));
    }
    if !waiting.is_empty() {
        let waiting = devices::join(&waiting);
        text.push_str(&format!(
            "\nNOT YET IN EFFECT on {waiting}: the camera has not acknowledged. 'eiot policy check' \
            shows when it has."
        ));
    }
    Ok(Report::new(json, text))
}

fn check(context: &Context, args: &File) -> Outcome<Report> {
    let (policy, mut here, contacts) = args.open(context)?;
    let (cloud, now) = (context.cloud()?, context.now());
    let drift = encryptediot_policy::check(&policy, &contacts, &mut here.phone, cloud, now);
    let drift = drift.map_err(|error| args.failed(error))?;
    here.save()?;
    let one = |drift: &Drift| {
        json!({
            "kind": drift.kind, "stream": drift.stream.as_ref().map(Name::as_str),
            "who": drift.who.as_ref().map(Name::as_str), "message": drift.message,
        })
    };
    let name = args.file.display().to_string();
    let all: Vec<_> = drift.iter().map(one).collect();
    let json = json!({
        "account": here.phone.account().to_string(), "file": name, "drift": all,
    });
    if drift.is_empty() {
        return Ok(Report::new(json, "The account is as the policy states."));
    }
    let lines = drift
        .iter()
        .map(|d| format!("\n  {:<16} {}", d.kind, d.message));
    let message = format!(
        "the account is not as {name} states:{}",
        lines.collect::<String>()
    );
    let acknowledged = drift.iter().all(|drift| drift.kind == "not-acknowledged");
    let advice = match acknowledged {
        true => "'eiot camera sync' on the camera, or wait until it is online".to_owned(),
        false => format!("'eiot policy plan {name}' shows what is to be done"),
    };
    Err(Failure::of("drift", message, advice).with(json))
}

// ---------------------------------------------------------------- for programs

fn steps(steps: &[Step], state: &State) -> Vec<Value> {
    let one = |step: &Step| {
        let effects: Vec<_> = step.effects(state).iter().map(effect).collect();
        json!({
            "kind": step.kind(), "stream": step.stream().map(Name::as_str),
            "member": step.member().map(Name::as_str), "what": step.describe(),
            "effects": effects,
        })
    };
    steps.iter().map(one).collect()
}

fn effect(effect: &Effect) -> Value {
    let (since, from, until) = match &effect.since {
        Since::Acknowledged { at_latest, .. } => ("acknowledged", *at_latest, None),
        Since::Window(window) => ("recorded", Some(window.from), Some(window.until)),
        Since::AtOnce(window) => ("at-once", Some(window.from), Some(window.until)),
        Since::ToCome => ("to-come", None, None),
    };
    let camera = match &effect.since {
        Since::Acknowledged { camera, .. } => Some(camera.as_str()),
        _ => None,
    };
    let latest = from.filter(|_| since == "acknowledged");
    json!({
        "who": effect.who.as_str(), "stream": effect.stream.as_ref().map(Name::as_str),
        "gains": effect.gains, "since": since, "camera": camera,
        "at_latest": latest.map(show),
        "from": from.filter(|_| camera.is_none()).map(show), "until": until.map(show),
    })
}
