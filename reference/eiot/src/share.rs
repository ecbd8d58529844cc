//! `eiot share`, `rotate` and `revoke`: what the owner decides about streams.

use std::collections::BTreeSet;

use clap::Args;
use encryptediot::announcement::{Kind as KeyKind, Window};
use encryptediot::contact::{self, Card, VerifiedMember};
use encryptediot::error::{AnnouncementError, GrantError};
use encryptediot::keys::Name;
use encryptediot::message::AccountId;
use encryptediot::owner::{Env, Meeting, Owner, Term, TouchPayload};
use encryptediot::phone::Phone;
use serde_json::{Value, json};

use crate::context::{Context, Report};
use crate::devices::{self, Kind, MemberHere, PhoneHere, join};
use crate::failure::{During as _, Failure, Outcome};
use crate::times::{Length, When, show};

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  eiot share --stream video --to alice
  eiot share --stream video,audio --card EIOT:CARD:... --number '12345 67890 ...'
  eiot share --stream video --to alice,bob --from now --until +2h
  eiot share --all-streams --to alice
  eiot share --past --stream video --to bob --from -2h --until now

Who: --to names members that the account knows, or whose device is in this machine's --home: their
keys are read from this disk, which takes the place of the comparison, and they pin the account. Any
other member comes with --card and the --number that the member read out ('eiot member number').

What: from now until revoked; with --from and --until, clips that lie within the window; with
--all-streams, every stream, those to come as well; with --past, clips that are there already.")]
pub struct Share {
    /// The streams
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAME,...",
        required_unless_present = "all_streams"
    )]
    stream: Vec<Name>,
    /// Every stream, those to come as well
    #[arg(long, conflicts_with_all = ["stream", "from", "until", "past"])]
    all_streams: bool,
    /// Members whom the account knows or whose device is here
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAME,...",
        required_unless_present = "card"
    )]
    to: Vec<Name>,
    /// The card of a member whom the account does not know yet
    #[arg(long, value_name = "TEXT")]
    card: Vec<String>,
    /// The safety number that the member of the card read out, one for each --card
    #[arg(long, value_name = "DIGITS", conflicts_with = "touch")]
    number: Vec<String>,
    /// The devices touch (NFC): print what is to be handed over, in place of encrypting it
    #[arg(long, conflicts_with = "past")]
    touch: bool,
    /// Share clips that were recorded in the window
    #[arg(long, requires = "until", requires = "from")]
    past: bool,
    /// The window's start: now, -2h, or 2026-03-01T18:00:00Z
    #[arg(
        long,
        value_name = "TIME",
        allow_hyphen_values = true,
        requires = "until"
    )]
    from: Option<When>,
    /// The window's end; --from is now unless it is given
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<When>,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  eiot rotate
  eiot rotate --stream video

The same members get new keys. The camera uses them once it has acknowledged: 'eiot status'.")]
pub struct Rotate {
    /// The streams; all of them unless some are named
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    stream: Vec<Name>,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  eiot revoke --member alice
  eiot revoke --member alice --stream video --wait 30s

It is in effect once the camera has acknowledged, at the latest when the lease ends. What the member
has decrypted stays decrypted, and clips of before stay open to a member who kept the keys.")]
pub struct Revoke {
    /// The member
    #[arg(long)]
    member: Name,
    /// The streams; all that the member has unless some are named
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    stream: Vec<Name>,
    /// Wait this long for the cameras to acknowledge
    #[arg(long, value_name = "TIME")]
    wait: Option<Length>,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

// ---------------------------------------------------------------- whom

/// Someone to share with: a card and how its key was verified.
enum Who {
    Verified(VerifiedMember),
    /// The account has the member's verified key on record.
    Known(Name),
}

/// Members of this machine pin the account, and their cards need no comparison.
pub fn met_here(context: &Context, account: &AccountId, name: &Name) -> Outcome<VerifiedMember> {
    let mut here = MemberHere::open(context, Some(name))?;
    let card = here.member.card();
    let number = contact::safety_number(account, &card.key);
    here.member.pin(*account, &number)?;
    here.save()?;
    Ok(VerifiedMember::by_comparison(account, card, &number)?)
}

fn whom(context: &Context, account: &AccountId, args: &Share) -> Outcome<Vec<Who>> {
    if !args.touch && args.card.len() != args.number.len() {
        return Err(Failure::usage(
            "each --card needs the --number that its member read out",
            "'eiot member number' on the member's device shows it; or let the devices touch: \
            --touch",
        ));
    }
    let mut all = Vec::new();
    for name in &args.to {
        all.push(match devices::exists(context, Kind::Member, name) {
            true => Who::Verified(met_here(context, account, name)?),
            false => Who::Known(name.clone()),
        });
    }
    for (place, text) in args.card.iter().enumerate() {
        let card = Card::from_text(text).during(|| "reading --card".into())?;
        let verified = match args.number.get(place) {
            Some(told) => {
                let name = card.name.clone();
                VerifiedMember::by_comparison(account, card, told)
                    .during(|| format!("comparing the safety number of {name}"))?
            }
            None => VerifiedMember::by_proximity(card),
        };
        all.push(Who::Verified(verified));
    }
    Ok(all)
}

/// Looks up those whom the account has on record: what is there was verified when it was written.
fn resolve(
    account: &AccountId,
    who: &[Who],
    owner: &mut Owner<'_>,
    env: &Env<'_>,
) -> encryptediot::Result<Vec<VerifiedMember>> {
    let all = owner.phone().members(env.cloud)?;
    let known = |name: &Name| {
        let member = all.values().find(|member| member.name == *name);
        let member = member.ok_or(GrantError::UnknownMember)?;
        let number = contact::safety_number(account, &member.key);
        VerifiedMember::by_comparison(account, Card::new(name.clone(), member.key), &number)
    };
    who.iter()
        .map(|who| match who {
            Who::Verified(member) => Ok(member.clone()),
            Who::Known(name) => known(name),
        })
        .collect()
}

// ---------------------------------------------------------------- the acts

/// The streams that were named, or all.
pub fn streams(phone: &Phone, named: &[Name]) -> Outcome<Vec<Name>> {
    let all: Vec<Name> = phone.roster()?.streams().cloned().collect();
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        return Err(Box::<Failure>::from(AnnouncementError::UnknownStream)
            .because(format_args!("the account has no stream {unknown}"))
            .advise(format!("its streams: {}", join(&all))));
    }
    let named: BTreeSet<Name> = named.iter().cloned().collect();
    Ok(match named.is_empty() {
        true => phone.streams().map(|(name, _)| name.clone()).collect(),
        false => named.into_iter().collect(),
    })
}

pub fn share(context: &Context, args: Share) -> Outcome<Report> {
    let now = context.now();
    let window = args.until.map(|until| Window {
        from: args.from.map_or(now, |from| from.resolve(now)),
        until: until.resolve(now),
    });
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync_streams(context, &args.stream)?;
    let account = *here.phone.account();
    let streams = streams(&here.phone, &args.stream)?;
    let who = whom(context, &account, &args)?;
    let meeting = match args.touch {
        true => Meeting::Touch,
        false => Meeting::Remote,
    };
    let term = match window {
        _ if args.all_streams => Term::AllStreams,
        Some(window) => Term::Window(window),
        None => Term::UntilRevoked,
    };
    let (names, payloads, clips) = here.act(context, "sharing", |owner, env| {
        let members = resolve(&account, &who, owner, env)?;
        let names: Vec<Name> = members.iter().map(|m| m.name().clone()).collect();
        if let (true, Some(window)) = (args.past, window) {
            // Whoever is new is introduced first; that gives no key of any stream.
            owner.share(&[], &members, Term::UntilRevoked, meeting, env)?;
            let mut clips = Vec::new();
            for stream in &streams {
                clips.push((
                    stream.clone(),
                    owner.share_past(stream, &names, window, env)?,
                ));
            }
            return Ok((names, Vec::new(), clips));
        }
        owner.share(&streams, &members, term, meeting, env)?;
        // What is handed over is read from the record: it is there again if this is run again.
        let touched = owner.phone().members(env.cloud)?.into_values();
        let touched = touched.filter(|m| args.touch && names.contains(&m.name));
        let payload = |m: encryptediot::grant::Member| TouchPayload {
            payload: contact::encode_proximity(&account, m.number, &m.pairwise),
            member: m.name,
        };
        let payloads = touched.map(payload).collect();
        Ok((names, payloads, Vec::new()))
    })?;
    let handed = hand_over(context, &payloads)?;
    let count =
        |(stream, count): &(Name, usize)| json!({ "stream": stream.as_str(), "clips": count });
    let counts: Vec<_> = clips.iter().map(count).collect();
    let json = json!({
        "account": account.to_string(), "members": list(&names), "streams": list(&streams),
        "window": window.map(|w| json!({ "from": show(w.from), "until": show(w.until) })),
        "all_streams": args.all_streams, "past": args.past, "touch": handed.0,
        "clips": counts,
    });
    let mut text = format!("{} shared with {}", join(&streams), join(&names));
    match window {
        Some(w) => text.push_str(&format!(" from {} until {}", show(w.from), show(w.until))),
        None => text.push_str(" until revoked"),
    }
    for (stream, count) in &clips {
        text.push_str(&format!("\n  {stream}: {count} clips"));
    }
    if !args.past {
        text.push_str("\nIn effect once the camera has acknowledged: 'eiot status'.");
    }
    text.push_str(&handed.1);
    Ok(Report::new(json, text))
}

/// Members of this machine take what they are handed at once; for the others it is printed.
fn hand_over(context: &Context, payloads: &[TouchPayload]) -> Outcome<(Vec<Value>, String)> {
    let (mut all, mut text) = (Vec::new(), String::new());
    for TouchPayload {
        member: name,
        payload,
    } in payloads
    {
        let here = devices::exists(context, Kind::Member, name);
        if here {
            let mut here = MemberHere::open(context, Some(name))?;
            here.member.touch(payload)?;
            here.save()?;
        }
        let (size, printed) = (payload.len(), contact::proximity_text(payload));
        text.push_str(&format!(
            "\nBy touch to {name}, {size} bytes, for no other device:\n  {printed}"
        ));
        if here {
            text.push_str("\n  (done: the device is on this machine)");
        }
        all.push(
            json!({ "member": name.as_str(), "bytes": size, "payload": printed, "done": here }),
        );
    }
    Ok((all, text))
}

/// Names, for programs.
pub fn list(names: &[Name]) -> Vec<&str> {
    names.iter().map(Name::as_str).collect()
}

pub fn rotate(context: &Context, args: Rotate) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync_streams(context, &args.stream)?;
    let streams = streams(&here.phone, &args.stream)?;
    here.act(context, "rotating", |owner, env| {
        owner.rotate(&streams, env)
    })?;
    let text = format!(
        "New keys for {}. In use once the camera has acknowledged: 'eiot status'.",
        join(&streams)
    );
    Ok(Report::new(json!({ "streams": list(&streams) }), text))
}

pub fn revoke(context: &Context, args: Revoke) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync_streams(context, &args.stream)?;
    let streams = streams(&here.phone, &args.stream)?;
    here.act(
        context,
        &format!("revoking {}", args.member),
        |owner, env| owner.revoke(&streams, &args.member, env),
    )?;
    // Nothing is kept from here on: other commands need not wait for this one.
    let PhoneHere { home, phone } = here;
    drop(home);
    let deadline = context.now() + args.wait.map_or(0, |wait| wait.0);
    let waiting = loop {
        let status = phone.status(context.cloud()?)?;
        let open = status.into_iter().filter(|s| s.acknowledged.is_none());
        let open: Vec<Name> = open
            .map(|s| s.stream)
            .filter(|s| streams.contains(s))
            .collect();
        if open.is_empty() || context.now() >= deadline {
            break open;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    };
    let in_effect = waiting.is_empty();
    let json = json!({
        "member": args.member.as_str(), "streams": list(&streams), "in_effect": in_effect,
        "not_acknowledged": list(&waiting),
    });
    let text = match in_effect {
        true => format!(
            "{} is revoked on {}: in effect.",
            args.member,
            join(&streams)
        ),
        false => format!(
            "{}'s revocation is announced, NOT YET in effect on {}: the camera has not \
            acknowledged it. 'eiot status' shows when it has.",
            args.member,
            join(&waiting)
        ),
    };
    Ok(Report::new(json, text))
}

// ---------------------------------------------------------------- terms, for people and programs

/// On what terms a key is held, for people.
pub fn show_kind(kind: KeyKind, window: Option<Window>) -> String {
    match (kind, window) {
        (_, Some(w)) => format!("from {} until {}", show(w.from), show(w.until)),
        (KeyKind::Owner, None) => "owner".to_owned(),
        (_, None) => "until revoked".to_owned(),
    }
}

/// Distinct terms, for programs.
pub fn terms(keys: impl Iterator<Item = (KeyKind, Option<Window>)>) -> impl Iterator<Item = Value> {
    let distinct: BTreeSet<_> = keys.collect();
    distinct.into_iter().map(|(_, window)| match window {
        Some(w) => json!({ "from": show(w.from), "until": show(w.until) }),
        None => json!("until-revoked"),
    })
}
