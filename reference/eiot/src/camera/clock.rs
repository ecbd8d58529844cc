//! `eiot camera clock`.

use clap::Args;
use encryptediot::keys::Name;
use encryptediot::message::Time;
use encryptediot::phone::ClockDifference;
use serde_json::json;

use crate::context::{Context, Report};
use crate::devices::PhoneHere;
use crate::failure::{Failure, Outcome};
use crate::times::{Length, show_length};

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

/// By how much the camera is ahead of this phone, by what it has signed of its streams.
fn ahead(context: &Context, here: &PhoneHere, name: &Name) -> Outcome<Option<Time>> {
    let mut cameras = here.phone.roster()?.cameras.iter();
    let camera = cameras.find(|camera| camera.name == *name);
    let camera = camera.ok_or_else(|| super::retire::unknown(name))?;
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

pub fn set_clock(context: &Context, args: &SetClock) -> Outcome<Report> {
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
