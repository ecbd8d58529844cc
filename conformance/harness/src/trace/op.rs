//! What happens in a history: what honest devices do, and what the adversary does. Each can be drawn at
//! random, and each has a line of text, so that a history can be written down and played again.

use std::str::FromStr;

use conformance::lines;
use conformance::trace::line::{Flag, Inner, Number, One, Optional, OrNothing, Set, Word};
use proptest::prelude::*;

/// The cameras, with their streams. The last one is not there before it is paired.
pub const CAMERAS: [(&str, &[&str]); 3] = [
    ("door", &["x", "y"]),
    ("garden", &["z"]),
    ("attic", &["v", "w"]),
];
/// The streams, in the order of the cameras.
pub const STREAMS: [&str; 5] = ["x", "y", "z", "v", "w"];
/// The phones. The first one makes the account.
pub const PHONES: [&str; 2] = ["phone", "tablet"];
/// The members.
pub const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];

const CAMERA_NAMES: [&str; 3] = [CAMERAS[0].0, CAMERAS[1].0, CAMERAS[2].0];
const DEVICES: [&str; THIEF] = {
    let ([phone, tablet], [door, garden, attic], [alice, bob, carol]) =
        (PHONES, CAMERA_NAMES, MEMBERS);
    [phone, tablet, door, garden, attic, alice, bob, carol]
};
const VIEWERS: [&str; 5] = [PHONES[0], PHONES[1], MEMBERS[0], MEMBERS[1], MEMBERS[2]];

/// Who asks the cloud: the phones, the cameras, the members, the adversary.
pub const CAMERA: usize = PHONES.len();
/// The first member.
pub const MEMBER: usize = CAMERA + CAMERAS.len();
/// The adversary.
pub const THIEF: usize = MEMBER + MEMBERS.len();

/// What can be revealed: the members' keys, two cameras', the phone's IK, the passphrase.
pub const SECRETS: [&str; 7] = [
    "alice",
    "bob",
    "carol",
    "door",
    "garden",
    "phone",
    "passphrase",
];
/// The passphrase among [`SECRETS`].
pub const PASSPHRASE: u8 = 6;

/// What the adversary makes with keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// The next announcement of a stream, with the adversary's IK and DSK; and a grant of that DSK.
    Announcement { stream: u8, member: Option<u8> },
    /// The next clip of a stream.
    Clip { stream: u8 },
    /// An acknowledgement of the newest announcement of a stream.
    Acknowledgement { stream: u8 },
    /// The phone's next vault, and what unlocks it without a passphrase.
    Vault,
}

/// What happens in a history. Numbers choose among what there is at that time; sets of streams are bit by bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// The owner shares streams with a member: until revoked, or for a window.
    Share {
        phone: u8,
        member: u8,
        streams: u8,
        /// Which window from now, if any.
        window: Option<u8>,
    },
    /// The owner moves streams to fresh keys.
    Rotate { phone: u8, streams: u8 },
    /// The owner takes streams from a member.
    Revoke { phone: u8, member: u8, streams: u8 },
    /// A second phone is enrolled.
    Enroll,
    /// A third camera is paired.
    Pair,
    /// The phone unlocks the account with what lies in the cloud for its IK.
    Unlock,
    /// A camera asks the cloud what to obey.
    Sync { camera: u8 },
    /// A camera records a clip and uploads it.
    Record { stream: u8 },
    /// Time passes, in quarters of a window.
    Pass { quarters: u8 },
    /// A phone looks at the cameras' acknowledgements.
    Status { phone: u8 },
    /// A member reads what is new.
    Follow { member: u8 },
    /// Somebody views a clip.
    View {
        /// The phones, then the members.
        viewer: u8,
        stream: u8,
        clip: u8,
    },
    /// The owner makes a link to a clip that was viewed.
    Link { clip: u8 },
    /// The adversary: a link's text becomes public.
    Publish { link: u8 },
    /// The adversary learns one of [`SECRETS`].
    Reveal { what: u8 },
    /// The adversary shows a device something else at a path: nothing, what was written to another
    /// one, what another account has there, or what is there with a bit changed.
    Lie {
        who: u8,
        path: u16,
        how: u8,
        other: u16,
        /// Only until the device has done its next thing.
        once: bool,
    },
    /// The adversary shows a device at one path what lies at another, or nothing.
    Show {
        who: u8,
        /// Where, below the account.
        path: String,
        instead: Option<String>,
    },
    /// The adversary shows a device an earlier state of everything.
    Rewind {
        who: u8,
        /// How many writes are hidden.
        writes: u8,
        /// Only until the device has done its next thing.
        once: bool,
    },
    /// The adversary shows a device what is there.
    Restore { who: u8 },
    /// The adversary records with a stolen camera's key.
    Forge { camera: u8 },
    /// The adversary looks for session keys in what it took out of a stolen camera.
    Plunder { camera: u8 },
    /// The adversary acts as the owner, with the passphrase.
    Usurp { streams: u8 },
    /// The adversary makes something, and shows it to everybody.
    Make { what: Make },
    /// The owner meets a member and shares with it; the card that arrives is the adversary's.
    Swap { member: u8, streams: u8 },
    /// The adversary sets the wall clock back, by quarters of a window; by none: right again.
    Clock { quarters: u8 },
}

/// Random things that happen.
pub fn op() -> impl Strategy<Value = Op> {
    let (phone, member, streams) = (0..2_u8, 0..3_u8, 1..8_u8);
    let (stream, clip) = (0..3_u8, 0..12_u8);
    let who = 0..u8::try_from(THIEF).unwrap_or(u8::MAX);
    let often = prop::bool::weighted(0.75);
    let make = prop_oneof![
        3 => (stream.clone(), prop::option::of(member.clone()))
            .prop_map(|(stream, member)| Make::Announcement { stream, member }),
        2 => stream.clone().prop_map(|stream| Make::Clip { stream }),
        2 => stream.clone().prop_map(|stream| Make::Acknowledgement { stream }),
        1 => Just(Make::Vault),
    ];
    let honest = prop_oneof![
        3 => (phone.clone(), member.clone(), streams.clone(), prop::option::of(0..3_u8)).prop_map(
            |(phone, member, streams, window)| Op::Share { phone, member, streams, window }),
        1 => (phone.clone(), streams.clone()).prop_map(|(phone, streams)| Op::Rotate { phone, streams }),
        2 => (phone.clone(), member.clone(), streams.clone()).prop_map(
            |(phone, member, streams)| Op::Revoke { phone, member, streams }),
        1 => Just(Op::Enroll),
        1 => Just(Op::Pair),
        6 => (0..3_u8).prop_map(|camera| Op::Sync { camera }),
        8 => (0..5_u8).prop_map(|stream| Op::Record { stream }),
        3 => (1..6_u8).prop_map(|quarters| Op::Pass { quarters }),
        4 => phone.prop_map(|phone| Op::Status { phone }),
        5 => member.clone().prop_map(|member| Op::Follow { member }),
        10 => (0..5_u8, stream, clip.clone()).prop_map(|(viewer, stream, clip)| Op::View { viewer, stream, clip }),
        1 => clip.clone().prop_map(|clip| Op::Link { clip }),
    ];
    let hostile = prop_oneof![
        1 => clip.prop_map(|link| Op::Publish { link }),
        2 => (0..14_u8).prop_map(|what| Op::Reveal { what }),
        16 => (who.clone(), any::<u16>(), 0..6_u8, any::<u16>(), often).prop_map(
            |(who, path, how, other, once)| Op::Lie { who, path, how, other, once }),
        5 => (who.clone(), 1..40_u8, often).prop_map(
            |(who, writes, once)| Op::Rewind { who, writes, once }),
        8 => who.prop_map(|who| Op::Restore { who }),
        3 => (0..2_u8).prop_map(|camera| Op::Forge { camera }),
        1 => (0..2_u8).prop_map(|camera| Op::Plunder { camera }),
        1 => streams.clone().prop_map(|streams| Op::Usurp { streams }),
        2 => make.prop_map(|what| Op::Make { what }),
        1 => (member, streams).prop_map(|(member, streams)| Op::Swap { member, streams }),
        1 => (0..4_u8).prop_map(|quarters| Op::Clock { quarters }),
        1 => Just(Op::Unlock),
    ];
    prop_oneof![44 => honest, 42 => hostile]
}

impl Op {
    /// Is it the adversary who does this?
    pub fn is_hostile(&self) -> bool {
        matches!(
            self,
            Self::Publish { .. }
                | Self::Reveal { .. }
                | Self::Lie { .. }
                | Self::Show { .. }
                | Self::Rewind { .. }
                | Self::Restore { .. }
                | Self::Forge { .. }
                | Self::Plunder { .. }
                | Self::Usurp { .. }
                | Self::Make { .. }
                | Self::Swap { .. }
                | Self::Clock { .. }
        )
    }
}

/// A history, a line for each thing; what follows `#` is a remark.
///
/// # Errors
/// The first line that is not understood.
pub fn read<O: FromStr<Err = String>>(text: &str) -> Result<Vec<O>, String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::parse).collect()
}

lines!(Make {
    "announcement" => Announcement { stream: One(&STREAMS), member: Optional(One(&MEMBERS)) },
    "clip" => Clip { stream: One(&STREAMS) },
    "acknowledgement" => Acknowledgement { stream: One(&STREAMS) },
    "vault" => Vault,
});

lines!(Op {
    "share" => Share {
        phone: One(&PHONES), member: One(&MEMBERS), streams: Set(&STREAMS), window: Optional(Number)
    },
    "rotate" => Rotate { phone: One(&PHONES), streams: Set(&STREAMS) },
    "revoke" => Revoke { phone: One(&PHONES), member: One(&MEMBERS), streams: Set(&STREAMS) },
    "enroll" => Enroll,
    "pair" => Pair,
    "unlock" => Unlock,
    "sync" => Sync { camera: One(&CAMERA_NAMES) },
    "record" => Record { stream: One(&STREAMS) },
    "pass" => Pass { quarters: Number },
    "status" => Status { phone: One(&PHONES) },
    "follow" => Follow { member: One(&MEMBERS) },
    "view" => View { viewer: One(&VIEWERS), stream: One(&STREAMS), clip: Number },
    "link" => Link { clip: Number },
    "publish" => Publish { link: Number },
    "reveal" => Reveal { what: One(&SECRETS) },
    "lie" => Lie { who: One(&DEVICES), path: Number, how: Number, other: Number, once: Flag("once") },
    "show" => Show { who: One(&DEVICES), path: Word, instead: OrNothing },
    "rewind" => Rewind { who: One(&DEVICES), writes: Number, once: Flag("once") },
    "restore" => Restore { who: One(&DEVICES) },
    "forge" => Forge { camera: One(&CAMERA_NAMES) },
    "plunder" => Plunder { camera: One(&CAMERA_NAMES) },
    "usurp" => Usurp { streams: Set(&STREAMS) },
    "make" => Make { what: Inner },
    "swap" => Swap { member: One(&MEMBERS), streams: Set(&STREAMS) },
    "clock" => Clock { quarters: Number },
});

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        /// What was played can be written down and played again.
        #[test]
        fn a_line_says_all(op in op()) {
            // What is revealed beyond the list is nothing, whichever number it has.
            prop_assume!(!matches!(op, Op::Reveal { what } if usize::from(what) >= SECRETS.len()));
            prop_assert_eq!(op.to_string().parse(), Ok(op));
        }
    }

    #[test]
    fn a_line_that_is_wrong_says_where() {
        for (line, why) in [
            ("record q", "q is none of"),
            ("sync", "too early"),
            ("sync door twice", "twice is too much"),
            ("pass many", "no number"),
            ("dance", "not understood"),
        ] {
            let wrong = read::<Op>(&format!("enroll\n# a remark\n{line}")).unwrap_err();
            assert!(wrong.contains(line) && wrong.contains(why), "{wrong}");
        }
    }
}
