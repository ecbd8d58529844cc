//! What shows that a phone's view of the account is recent (SPEC section "Freshness").

use clap::Args;
use encryptediot::checkpoint::Checkpoint;
use encryptediot::error::AccountError;
use encryptediot::evidence::{Challenge, Evidence};
use encryptediot::keys::Name;
use encryptediot::phone::Phone;
use encryptediot_store::Home;

use crate::context::Context;
use crate::devices::{self, Kind, PhoneHere};
use crate::failure::{During as _, Failure, Outcome};
use crate::random::SystemRandom;
use crate::times::Length;

/// How long a camera's answer is waited for unless it is said otherwise, in milliseconds.
const PATIENCE: u64 = 5_000;

/// How a phone is to show that its view is recent.
#[derive(Args, Debug)]
pub struct Fresh {
    /// What another phone or a camera has verified ('eiot camera checkpoint'), brought here by hand
    #[arg(long, value_name = "TEXT", conflicts_with = "without_evidence")]
    checkpoint: Option<String>,
    /// Wait this long for a camera of the account to answer through the store; 5s unless it is said
    #[arg(long, value_name = "TIME", conflicts_with_all = ["checkpoint", "without_evidence"])]
    ask: Option<Length>,
    /// Go on although nothing shows that this phone's view of the account is recent: a phone that was
    /// lost since, or a member who had every stream, may be let in
    #[arg(long)]
    without_evidence: bool,
}

/// Collects evidence for an act of a phone that is up to date with what the store shows: what was handed over;
/// what the account's cameras and phones on this machine have seen; what a camera answers through the store.
/// `None` where there is nothing, for a phone that needs nothing.
pub fn evidence(
    context: &Context,
    here: &mut PhoneHere,
    args: &Fresh,
    taken_over: &[Name],
) -> Outcome<Option<Evidence>> {
    let account = here.phone.account();
    if args.without_evidence {
        return Ok(Some(Evidence::OwnersWord));
    }
    if let Some(text) = &args.checkpoint {
        let read = Checkpoint::from_text(account, text);
        let read = read.during(|| "reading --checkpoint".to_owned())?;
        return Ok(Some(Evidence::Checkpoint(read)));
    }
    let shared = taken_over.iter().any(|stream| here.phone.is_shared(stream));
    if !shared && here.phone.needs_no_evidence()? {
        return Ok(None);
    }
    // All of them are asked: one that was lost may be among the phones, and agrees with what is old.
    let (camera, phone) = (cameras(context, here)?, phones(context, here)?);
    match camera.or(phone) {
        None => ask(context, here, args),
        found => Ok(found),
    }
}

/// The answer of a camera on this machine. Each is asked, and none may obey what the phone has not seen.
fn cameras(context: &Context, here: &PhoneHere) -> Outcome<Option<Evidence>> {
    let clock = &context.clock;
    let mut found = None;
    for name in devices::list(context, Kind::Camera)? {
        let home = devices::home(context, Kind::Camera, &name)?;
        let mut camera = devices::load_camera(&home, clock)?;
        let key = camera.verifying_key();
        if !here
            .phone
            .roster()?
            .cameras
            .iter()
            .any(|c| c.key == Some(key))
        {
            continue;
        }
        let challenge = Challenge::random(&mut SystemRandom);
        let signed = camera.answer(&challenge, clock)?;
        let checked = here.phone.check_answer(&challenge, &signed);
        checked.during(|| format!("comparing this phone's view with camera {name}'s"))?;
        found = Some(Evidence::Answer { challenge, signed });
    }
    Ok(found)
}

/// The checkpoint of another phone on this machine. None of them may have verified what this one has not seen.
///
/// They are looked at without their locks: two phones that act at once would wait for each other.
fn phones(context: &Context, here: &mut PhoneHere) -> Outcome<Option<Evidence>> {
    let (cloud, mut found) = (context.cloud()?, None);
    for name in devices::list(context, Kind::Phone)? {
        if name == *here.phone.name() {
            continue;
        }
        let path = devices::path(context, Kind::Phone, &name);
        let other = Phone::from_state(Home::peek(&path, Kind::Phone.word())?)?;
        let listed = here.phone.roster()?.phone(&other.keys().instance).is_some();
        if listed && other.account() == here.phone.account() {
            let checkpoint = other.checkpoint();
            let mut checked = here.phone.check(cloud, &checkpoint);
            if checked.is_err() {
                // It may have acted since this one was brought up to date.
                here.sync(context)?;
                checked = here.phone.check(cloud, &checkpoint);
            }
            checked.during(|| format!("comparing this phone's view with phone {name}'s"))?;
            found = Some(Evidence::Checkpoint(checkpoint));
        }
    }
    Ok(found)
}

/// Asks the account's cameras through the store.
fn ask(context: &Context, here: &PhoneHere, args: &Fresh) -> Outcome<Option<Evidence>> {
    let cloud = context.cloud()?;
    let patience = args.ask.as_ref().map_or(PATIENCE, |length| length.0);
    context.note("asking the account's cameras what they obey");
    let challenge = here.phone.ask(cloud, &mut SystemRandom)?;
    let deadline = context.now().saturating_add(patience);
    let answer = loop {
        match here.phone.answer(cloud, &challenge) {
            Ok(None) if context.now() < deadline => {
                std::thread::sleep(std::time::Duration::from_millis(250));
            }
            answer => break answer,
        }
    };
    // Also of one that failed: cameras would go on reading what is left.
    let withdrawn = here.phone.withdraw(cloud, &challenge);
    let answer = answer?;
    withdrawn?;
    let signed = answer.ok_or_else(|| {
        Box::<Failure>::from(AccountError::NotFresh)
            .because("no camera of the account has answered")
            .advise(
                "run this again with --ask 5m, and on one of the account's cameras 'eiot camera sync'; or \
                bring --checkpoint from it by hand; --without-evidence goes on without",
            )
    })?;
    Ok(Some(Evidence::Answer { challenge, signed }))
}
