//! What happens in a history: what honest devices do, and what the adversary does. Each can be drawn at
//! random, and each has a line of text, so that a history can be written down and played again.

use std::fmt;
use std::str::FromStr;

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
    Announcement {
        /// Which stream.
        stream: u8,
        /// Which member is granted the DSK.
        member: Option<u8>,
    },
    /// The next clip of a stream.
    Clip {
        /// Which stream.
        stream: u8,
    },
    /// An acknowledgement of the newest announcement of a stream.
    Acknowledgement {
        /// Which stream.
        stream: u8,
    },
    /// The phone's next vault, and what unlocks it without a passphrase.
    Vault,
}

/// What happens in a history. Numbers choose among what there is at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// The owner shares streams with a member: until revoked, or for a window.
    Share {
        /// Which phone.
        phone: u8,
        /// Which member.
        member: u8,
        /// Which streams, bit by bit.
        streams: u8,
        /// Which window from now, if any.
        window: Option<u8>,
    },
    /// The owner moves streams to fresh keys.
    Rotate {
        /// Which phone.
        phone: u8,
        /// Which streams, bit by bit.
        streams: u8,
    },
    /// The owner takes streams from a member.
    Revoke {
        /// Which phone.
        phone: u8,
        /// Which member.
        member: u8,
        /// Which streams, bit by bit.
        streams: u8,
    },
    /// A second phone is enrolled.
    Enroll,
    /// A third camera is paired.
    Pair,
    /// The phone unlocks the account with what lies in the cloud for its IK.
    Unlock,
    /// A camera asks the cloud what to obey.
    Sync {
        /// Which camera.
        camera: u8,
    },
    /// A camera records a clip and uploads it.
    Record {
        /// Which stream.
        stream: u8,
    },
    /// Time passes, in quarters of a window.
    Pass {
        /// How many.
        quarters: u8,
    },
    /// A phone looks at the cameras' acknowledgements.
    Status {
        /// Which phone.
        phone: u8,
    },
    /// A member reads what is new.
    Follow {
        /// Which member.
        member: u8,
    },
    /// Somebody views a clip.
    View {
        /// The phones, then the members.
        viewer: u8,
        /// Which stream.
        stream: u8,
        /// Which clip, from 0.
        clip: u8,
    },
    /// The owner makes a link to a clip that was viewed.
    Link {
        /// Which of those.
        clip: u8,
    },
    /// The adversary: a link's text becomes public.
    Publish {
        /// Which link.
        link: u8,
    },
    /// The adversary learns one of [`SECRETS`].
    Reveal {
        /// Which.
        what: u8,
    },
    /// The adversary shows a device something else at a path: nothing, what was written to another
    /// one, what another account has there, or what is there with a bit changed.
    Lie {
        /// Which device.
        who: u8,
        /// Which path.
        path: u16,
        /// In which way.
        how: u8,
        /// What instead.
        other: u16,
        /// Only until the device has done its next thing.
        once: bool,
    },
    /// The adversary shows a device at one path what lies at another, or nothing.
    Show {
        /// Which device.
        who: u8,
        /// Where, below the account.
        path: String,
        /// What.
        instead: Option<String>,
    },
    /// The adversary shows a device an earlier state of everything.
    Rewind {
        /// Which device.
        who: u8,
        /// How many writes are hidden.
        writes: u8,
        /// Only until the device has done its next thing.
        once: bool,
    },
    /// The adversary shows a device what is there.
    Restore {
        /// Which device.
        who: u8,
    },
    /// The adversary records with a stolen camera's key.
    Forge {
        /// Which camera.
        camera: u8,
    },
    /// The adversary looks for session keys in what it took out of a stolen camera.
    Plunder {
        /// Which camera.
        camera: u8,
    },
    /// The adversary acts as the owner, with the passphrase.
    Usurp {
        /// Which streams, bit by bit.
        streams: u8,
    },
    /// The adversary makes something, and shows it to everybody.
    Make(Make),
    /// The owner meets a member and shares with it; the card that arrives is the adversary's.
    Swap {
        /// Which member.
        member: u8,
        /// Which streams, bit by bit.
        streams: u8,
    },
    /// The adversary sets the wall clock back, by quarters of a window; by none: right again.
    Clock {
        /// How many.
        quarters: u8,
    },
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
        2 => make.prop_map(Op::Make),
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
                | Self::Make(_)
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

// ---------------------------------------------------------------- a line of text

fn named(of: &[&'static str], number: u8) -> &'static str {
    of.get(usize::from(number)).copied().unwrap_or("nothing")
}

fn camera_names() -> [&'static str; 3] {
    CAMERAS.map(|(name, _)| name)
}

/// Everybody who asks the cloud, but the adversary.
fn devices() -> Vec<&'static str> {
    let cameras = camera_names();
    [&PHONES[..], &cameras, &MEMBERS].concat()
}

fn set(streams: u8) -> String {
    let chosen = STREAMS.iter().enumerate();
    let chosen = chosen.filter(|(at, _)| streams >> at & 1 == 1);
    let names: Vec<_> = chosen.map(|(_, name)| *name).collect();
    names.join(",")
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cameras, devices) = (camera_names(), devices());
        let until = |once: &bool| if *once { " once" } else { "" };
        match self {
            Self::Share {
                phone,
                member,
                streams,
                window,
            } => {
                let (phone, member) = (named(&PHONES, *phone), named(&MEMBERS, *member));
                write!(f, "share {phone} {member} {}", set(*streams))?;
                window.map_or(Ok(()), |window| write!(f, " {window}"))
            }
            Self::Rotate { phone, streams } => {
                write!(f, "rotate {} {}", named(&PHONES, *phone), set(*streams))
            }
            Self::Revoke {
                phone,
                member,
                streams,
            } => {
                let (phone, member) = (named(&PHONES, *phone), named(&MEMBERS, *member));
                write!(f, "revoke {phone} {member} {}", set(*streams))
            }
            Self::Enroll => write!(f, "enroll"),
            Self::Pair => write!(f, "pair"),
            Self::Unlock => write!(f, "unlock"),
            Self::Sync { camera } => write!(f, "sync {}", named(&cameras, *camera)),
            Self::Record { stream } => write!(f, "record {}", named(&STREAMS, *stream)),
            Self::Pass { quarters } => write!(f, "pass {quarters}"),
            Self::Status { phone } => write!(f, "status {}", named(&PHONES, *phone)),
            Self::Follow { member } => write!(f, "follow {}", named(&MEMBERS, *member)),
            Self::View {
                viewer,
                stream,
                clip,
            } => {
                let viewer = named(&viewers(), *viewer);
                write!(f, "view {viewer} {} {clip}", named(&STREAMS, *stream))
            }
            Self::Link { clip } => write!(f, "link {clip}"),
            Self::Publish { link } => write!(f, "publish {link}"),
            Self::Reveal { what } => write!(f, "reveal {}", named(&SECRETS, *what)),
            Self::Lie {
                who,
                path,
                how,
                other,
                once,
            } => {
                let who = named(&devices, *who);
                write!(f, "lie {who} {path} {how} {other}{}", until(once))
            }
            Self::Show { who, path, instead } => {
                let instead = instead.as_deref().unwrap_or("nothing");
                write!(f, "show {} {path} {instead}", named(&devices, *who))
            }
            Self::Rewind { who, writes, once } => {
                write!(
                    f,
                    "rewind {} {writes}{}",
                    named(&devices, *who),
                    until(once)
                )
            }
            Self::Restore { who } => write!(f, "restore {}", named(&devices, *who)),
            Self::Forge { camera } => write!(f, "forge {}", named(&cameras, *camera)),
            Self::Plunder { camera } => write!(f, "plunder {}", named(&cameras, *camera)),
            Self::Usurp { streams } => write!(f, "usurp {}", set(*streams)),
            Self::Make(Make::Announcement { stream, member }) => {
                write!(f, "make announcement {}", named(&STREAMS, *stream))?;
                member.map_or(Ok(()), |member| write!(f, " {}", named(&MEMBERS, member)))
            }
            Self::Make(Make::Clip { stream }) => {
                write!(f, "make clip {}", named(&STREAMS, *stream))
            }
            Self::Make(Make::Acknowledgement { stream }) => {
                write!(f, "make acknowledgement {}", named(&STREAMS, *stream))
            }
            Self::Make(Make::Vault) => write!(f, "make vault"),
            Self::Swap { member, streams } => {
                write!(f, "swap {} {}", named(&MEMBERS, *member), set(*streams))
            }
            Self::Clock { quarters } => write!(f, "clock {quarters}"),
        }
    }
}

fn viewers() -> [&'static str; 5] {
    let [phone, tablet] = PHONES;
    let [alice, bob, carol] = MEMBERS;
    [phone, tablet, alice, bob, carol]
}

/// The words of a line.
struct Words<'l>(std::str::SplitWhitespace<'l>);

impl<'l> Words<'l> {
    fn next(&mut self) -> Result<&'l str, String> {
        self.0.next().ok_or_else(|| "it ends too early".to_owned())
    }

    fn index(&mut self, of: &[&str]) -> Result<u8, String> {
        let word = self.next()?;
        index(of, word)
    }

    fn number<N: FromStr>(&mut self) -> Result<N, String> {
        let word = self.next()?;
        word.parse()
            .map_err(|_| format!("{word} is no number here"))
    }

    fn set(&mut self) -> Result<u8, String> {
        let each = self.next()?.split(',').map(|name| index(&STREAMS, name));
        each.map(|at| at.map(|at| 1 << at))
            .try_fold(0, |set, bit| bit.map(|bit: u8| set | bit))
    }

    /// Is there one more word, and is it this one?
    fn flag(&mut self, is: &str) -> Result<bool, String> {
        match self.0.next() {
            None => Ok(false),
            Some(word) if word == is => Ok(true),
            Some(word) => Err(format!("{word} is not understood")),
        }
    }
}

fn index(of: &[&str], word: &str) -> Result<u8, String> {
    let at = of.iter().position(|name| *name == word);
    let at = at.and_then(|at| u8::try_from(at).ok());
    at.ok_or_else(|| format!("{word} is none of {}", of.join(", ")))
}

impl FromStr for Op {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut words = Words(line.split_whitespace());
        let op = one(&mut words).map_err(|why| format!("`{line}`: {why}"))?;
        match words.0.next() {
            None => Ok(op),
            Some(more) => Err(format!("`{line}`: {more} is too much")),
        }
    }
}

fn one(words: &mut Words<'_>) -> Result<Op, String> {
    let (cameras, devices) = (camera_names(), devices());
    Ok(match words.next()? {
        "share" => Op::Share {
            phone: words.index(&PHONES)?,
            member: words.index(&MEMBERS)?,
            streams: words.set()?,
            window: match words.0.next() {
                None => None,
                Some(word) => Some(word.parse().map_err(|_| format!("{word} is no window"))?),
            },
        },
        "rotate" => Op::Rotate {
            phone: words.index(&PHONES)?,
            streams: words.set()?,
        },
        "revoke" => Op::Revoke {
            phone: words.index(&PHONES)?,
            member: words.index(&MEMBERS)?,
            streams: words.set()?,
        },
        "enroll" => Op::Enroll,
        "pair" => Op::Pair,
        "unlock" => Op::Unlock,
        "sync" => Op::Sync {
            camera: words.index(&cameras)?,
        },
        "record" => Op::Record {
            stream: words.index(&STREAMS)?,
        },
        "pass" => Op::Pass {
            quarters: words.number()?,
        },
        "status" => Op::Status {
            phone: words.index(&PHONES)?,
        },
        "follow" => Op::Follow {
            member: words.index(&MEMBERS)?,
        },
        "view" => Op::View {
            viewer: words.index(&viewers())?,
            stream: words.index(&STREAMS)?,
            clip: words.number()?,
        },
        "link" => Op::Link {
            clip: words.number()?,
        },
        "publish" => Op::Publish {
            link: words.number()?,
        },
        "reveal" => Op::Reveal {
            what: words.index(&SECRETS)?,
        },
        "lie" => Op::Lie {
            who: words.index(&devices)?,
            path: words.number()?,
            how: words.number()?,
            other: words.number()?,
            once: words.flag("once")?,
        },
        "show" => Op::Show {
            who: words.index(&devices)?,
            path: words.next()?.to_owned(),
            instead: Some(words.next()?.to_owned()).filter(|instead| instead != "nothing"),
        },
        "rewind" => Op::Rewind {
            who: words.index(&devices)?,
            writes: words.number()?,
            once: words.flag("once")?,
        },
        "restore" => Op::Restore {
            who: words.index(&devices)?,
        },
        "forge" => Op::Forge {
            camera: words.index(&cameras)?,
        },
        "plunder" => Op::Plunder {
            camera: words.index(&cameras)?,
        },
        "usurp" => Op::Usurp {
            streams: words.set()?,
        },
        "make" => Op::Make(match words.next()? {
            "announcement" => Make::Announcement {
                stream: words.index(&STREAMS)?,
                member: words
                    .0
                    .next()
                    .map(|word| index(&MEMBERS, word))
                    .transpose()?,
            },
            "clip" => Make::Clip {
                stream: words.index(&STREAMS)?,
            },
            "acknowledgement" => Make::Acknowledgement {
                stream: words.index(&STREAMS)?,
            },
            "vault" => Make::Vault,
            other => return Err(format!("nobody makes a {other}")),
        }),
        "swap" => Op::Swap {
            member: words.index(&MEMBERS)?,
            streams: words.set()?,
        },
        "clock" => Op::Clock {
            quarters: words.number()?,
        },
        other => return Err(format!("{other} is not understood")),
    })
}

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
