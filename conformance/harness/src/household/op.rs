//! What happens in a history with many hands. Each thing can be drawn at random and has a line of text.

use conformance::lines;
use conformance::trace::line::{Flag, Number, One, Set};
use proptest::prelude::*;

/// The phones: three from the beginning, the others may be enrolled.
pub const PHONES: [&str; 5] = ["phone", "tablet", "laptop", "watch", "desk"];
/// How many there are in the beginning.
pub const FIRST_PHONES: usize = 3;
/// The cameras, with their streams: two from the beginning, the others may be paired.
pub const CAMERAS: [(&str, &[&str]); 7] = [
    ("door", &["x", "y"]),
    ("garden", &["z"]),
    ("attic", &["v"]),
    ("porch", &["w"]),
    ("cellar", &["u"]),
    ("shed", &["t"]),
    ("gate", &["s"]),
];
/// How many there are in the beginning.
pub const FIRST_CAMERAS: usize = 2;
/// The streams, in the order of the cameras.
pub const STREAMS: [&str; 8] = ["x", "y", "z", "v", "w", "u", "t", "s"];
/// The members.
pub const MEMBERS: [&str; 6] = ["alice", "bob", "carol", "dora", "emil", "frida"];

const CAMERA_NAMES: [&str; 7] = {
    let [a, b, c, d, e, f, g] = CAMERAS;
    [a.0, b.0, c.0, d.0, e.0, f.0, g.0]
};

/// The number of the first camera, as a device.
pub const CAMERA: usize = PHONES.len();
/// The number of the first member, as a device.
pub const MEMBER: usize = CAMERA + CAMERAS.len();
/// All devices.
pub const DEVICES: [&str; 18] = {
    let ([a, b, c, d, e], [f, g, h, i, j, k, l]) = (PHONES, CAMERA_NAMES);
    let [m, n, o, p, q, r] = MEMBERS;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r]
};

/// On what terms something is shared.
pub const TERMS: [&str; 5] = ["always", "every-stream", "now", "soon", "tomorrow"];

/// What a phone goes by when it pairs a camera.
pub const EVIDENCE: [&str; 6] = [
    "nothing",
    "answer",
    "old-answer",
    "checkpoint",
    "word",
    "cloud",
];

/// Where the provider shows something else, below the account.
pub const FOLDERS: [&str; 19] = [
    "all",
    "roster",
    "announcements",
    "announcements/x",
    "announcements/y",
    "announcements/z",
    "announcements/v",
    "members",
    "introductions",
    "acknowledgements",
    "leases",
    "unlock",
    "vault",
    "clocks",
    "manifests",
    "past",
    "challenges",
    "answers",
    "announcements/w",
];

/// What happens in a history. A phone that is lost or not enrolled is another one that is neither, and a stream or
/// camera that is not there is another that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// The owner shares streams with a member.
    Share {
        phone: u8,
        member: u8,
        streams: u8,
        term: u8,
        touch: bool,
    },
    /// The owner moves streams to fresh keys.
    Rotate { phone: u8, streams: u8 },
    /// The owner takes streams from a member.
    Revoke { phone: u8, member: u8, streams: u8 },
    /// The owner sets for how many hours keys serve without a word from a phone.
    Term { phone: u8, streams: u8, hours: u16 },
    /// A phone, or a thief who has one, extends a lease by so many hours.
    Extend { phone: u8, stream: u8, hours: u16 },
    /// A further phone is enrolled.
    Enroll { phone: u8 },
    /// A phone is lost, and the owner drops it at another one: with the explicit word or without, with a new
    /// passphrase or without.
    Lose {
        phone: u8,
        lost: u8,
        word: bool,
        passphrase: bool,
    },
    /// The owner lets a phone be kept unlocked.
    Keep { phone: u8 },
    /// The owner changes the passphrase.
    Passphrase { phone: u8 },
    /// A phone makes an offer, a camera answers it, and so many minutes later by the phone's clock the phone takes
    /// the reply.
    Pair {
        phone: u8,
        camera: u8,
        evidence: u8,
        minutes: i16,
    },
    /// A phone takes the reply of another camera, which has a photograph of the phone's last offer.
    Reuse { phone: u8, camera: u8, evidence: u8 },
    /// The owner lets a new camera take the place of another one, whose clips count up to this number less one, or,
    /// where it is 0, those that the phone is shown. The other is shown nothing new from then on, or all of it.
    Replace {
        phone: u8,
        camera: u8,
        evidence: u8,
        count: u8,
        unaware: bool,
    },
    /// The owner retires a camera.
    Retire { phone: u8, camera: u8, count: u8 },
    /// The camera that had a stream before, or the last copy of one, records a clip, and perhaps asks the cloud first.
    Former { stream: u8, copy: bool, asks: bool },
    /// The owner sets a camera's clock back: by so many hours, or by as much as it is ahead.
    Correct { phone: u8, camera: u8, hours: u16 },
    /// The owner shares the clips of the last hours with a member.
    Past {
        phone: u8,
        member: u8,
        stream: u8,
        hours: u16,
    },
    /// A camera asks the cloud what to obey.
    Sync { camera: u8 },
    /// A camera records a clip and uploads it.
    Record { stream: u8 },
    /// A camera records a clip, and asks the cloud while it does.
    Across { stream: u8 },
    /// A phone reads what is new, and looks at the acknowledgements.
    Status { phone: u8 },
    /// A member reads what is new.
    Follow { member: u8 },
    /// Phones and members view a clip.
    View { viewer: u8, stream: u8, clip: u8 },
    /// A device starts again from what it stored.
    Restart { device: u8 },
    /// Time passes, in minutes.
    Pass { minutes: u32 },
    /// The adversary: shows a device nothing new from now on, nor the last writes.
    Freeze { who: u8, back: u8 },
    /// Shows a device what is there.
    Thaw { who: u8 },
    /// Shows a device a folder as it is shown to another one.
    Lend { who: u8, folder: u8, of: u8 },
    /// Shows a device nothing in a folder.
    Hide { who: u8, folder: u8 },
    /// Shows a device at one path an older version, or nothing.
    Except { who: u8, path: u16, version: u8 },
    /// Sets a device's wall clock so many hours ahead, or back.
    Clock { who: u8, hours: i32 },
    /// Copies what a camera stores, its key among it: the copy is shown nothing new from then on.
    Copy { camera: u8 },
}

/// Kinds of things, each with how often it happens.
type Kinds = Vec<(u32, BoxedStrategy<Op>)>;

/// Random things that happen. Of the kinds of things that are done, those whose bit is not in `kinds` are left out:
/// a history in which few kinds happen goes further with them than one in which all do.
pub fn op(kinds: u64) -> impl Strategy<Value = Op> {
    let hostile = chosen(hostile(), kinds >> 32);
    prop_oneof![52 => honest(kinds), 48 => hostile]
}

/// A history in which one phone falls behind: it is shown nothing new from some moment on, then perhaps a stream as
/// another phone sees it, and at the end it is the one that acts.
pub fn behind(kinds: u64, length: usize) -> impl Strategy<Value = Vec<Op>> {
    let some = || prop::collection::vec(honest(kinds), 1..=(length / 4).max(1));
    let lend = prop::option::of((3..7_u8, 0..3_u8));
    (some(), 0..3_u8, some(), some(), lend, some()).prop_map(
        |(mut ops, who, others, own, lend, more)| {
            ops.push(Op::Freeze { who, back: 0 });
            ops.extend(others.into_iter().map(|op| match op.phone() {
                Some(phone) if phone == who => op.at((who + 1) % 3),
                _ => op,
            }));
            ops.extend(own.into_iter().map(|op| op.at(who)));
            ops.extend(lend.map(|(folder, of)| Op::Lend { who, folder, of }));
            ops.extend(more.into_iter().map(|op| op.at(who)));
            ops
        },
    )
}

/// What is done by the owner, the members and the cameras, whose clocks are right and whose provider is honest.
pub fn honest(kinds: u64) -> impl Strategy<Value = Op> {
    let (camera, stream) = (0..7_u8, 0..8_u8);
    let always = vec![
        (12, stream.prop_map(|stream| Op::Record { stream }).boxed()),
        (10, camera.prop_map(|camera| Op::Sync { camera }).boxed()),
        (3, (0..5_u8).prop_map(|phone| Op::Status { phone }).boxed()),
    ];
    prop_oneof![1 => chosen(always, u64::MAX), 2 => chosen(owners(), kinds)]
}

fn chosen(kinds: Kinds, mask: u64) -> BoxedStrategy<Op> {
    let of = |mask: u64| -> Kinds {
        let all = kinds.iter().enumerate();
        let chosen = all.filter(|(at, _)| mask >> at & 1 == 1);
        chosen.map(|(_, kind)| kind.clone()).collect()
    };
    let some = of(mask);
    let some = if some.is_empty() { kinds.clone() } else { some };
    prop::strategy::Union::new_weighted(some).boxed()
}

fn owners() -> Kinds {
    let (phone, member) = (0..5_u8, 0..6_u8);
    let streams = prop_oneof![2 => (0..4_u8).prop_map(|stream| 1 << stream), 1 => 1..16_u8];
    let (camera, stream, clip) = (0..7_u8, 0..8_u8, 0..12_u8);
    let hours = prop_oneof![1..4_u16, Just(24), Just(24 * 7), Just(24 * 31)];
    let rarely = prop::bool::weighted(0.2);
    let minutes = prop_oneof![
        8 => Just(0_i16),
        1 => Just(10),
        1 => Just(11),
        1 => Just(600),
        1 => Just(-11),
    ];
    let pass = prop_oneof![
        4 => 1..90_u32,
        2 => Just(60 * 12),
        1 => Just(60 * 24),
        1 => Just(60 * 24 * 8),
    ];
    let evidence = prop_oneof![2 => Just(0), 2 => 1..3_u8, 1 => 3..EVIDENCE.len() as u8];
    let back = prop_oneof![Just(0_u16), 1..50_u16];
    let share = (
        phone.clone(),
        member.clone(),
        streams.clone(),
        0..5_u8,
        rarely,
    );
    let lost = prop_oneof![4 => 0..3_u8, 1 => 3..5_u8];
    let lose = (phone.clone(), lost, rarely, rarely);
    let revoke = (phone.clone(), member.clone(), streams.clone());
    let term = (phone.clone(), streams.clone(), hours.clone());
    let extend = (phone.clone(), stream.clone(), hours.clone());
    let pair = (phone.clone(), 2..7_u8, evidence.clone(), minutes);
    let reuse = (phone.clone(), 2..7_u8, evidence);
    let correct = (phone.clone(), camera, back);
    let past = (phone.clone(), member.clone(), stream.clone(), hours);
    let rotate = (phone.clone(), streams);
    let count = prop_oneof![2 => Just(0_u8), 1 => 1..4_u8];
    let places = prop_oneof![2 => 0..2_u8, 1 => 2..7_u8];
    let replace = (
        phone.clone(),
        places.clone(),
        prop_oneof![1 => 1..3_u8, 1 => 3..EVIDENCE.len() as u8],
        count.clone(),
        any::<bool>(),
    );
    let retire = (phone.clone(), places, count);
    let former = (stream.clone(), any::<bool>(), any::<bool>());
    let across = stream.clone();
    let view = (0..11_u8, stream, clip);
    vec![
        (
            10,
            share
                .prop_map(|(phone, member, streams, term, touch)| Op::Share {
                    phone,
                    member,
                    streams,
                    term,
                    touch,
                })
                .boxed(),
        ),
        (
            4,
            rotate
                .prop_map(|(phone, streams)| Op::Rotate { phone, streams })
                .boxed(),
        ),
        (
            4,
            revoke
                .prop_map(|(phone, member, streams)| Op::Revoke {
                    phone,
                    member,
                    streams,
                })
                .boxed(),
        ),
        (
            1,
            term.prop_map(|(phone, streams, hours)| Op::Term {
                phone,
                streams,
                hours,
            })
            .boxed(),
        ),
        (
            2,
            extend
                .prop_map(|(phone, stream, hours)| Op::Extend {
                    phone,
                    stream,
                    hours,
                })
                .boxed(),
        ),
        (1, (3..5_u8).prop_map(|phone| Op::Enroll { phone }).boxed()),
        (
            5,
            lose.prop_map(|(phone, lost, word, passphrase)| Op::Lose {
                phone,
                lost,
                word,
                passphrase,
            })
            .boxed(),
        ),
        (
            2,
            phone.clone().prop_map(|phone| Op::Keep { phone }).boxed(),
        ),
        (1, phone.prop_map(|phone| Op::Passphrase { phone }).boxed()),
        (
            8,
            pair.prop_map(|(phone, camera, evidence, minutes)| Op::Pair {
                phone,
                camera,
                evidence,
                minutes,
            })
            .boxed(),
        ),
        (
            2,
            reuse
                .prop_map(|(phone, camera, evidence)| Op::Reuse {
                    phone,
                    camera,
                    evidence,
                })
                .boxed(),
        ),
        (
            2,
            correct
                .prop_map(|(phone, camera, hours)| Op::Correct {
                    phone,
                    camera,
                    hours,
                })
                .boxed(),
        ),
        (
            3,
            past.prop_map(|(phone, member, stream, hours)| Op::Past {
                phone,
                member,
                stream,
                hours,
            })
            .boxed(),
        ),
        (3, across.prop_map(|stream| Op::Across { stream }).boxed()),
        (3, member.prop_map(|member| Op::Follow { member }).boxed()),
        (
            4,
            view.prop_map(|(viewer, stream, clip)| Op::View {
                viewer,
                stream,
                clip,
            })
            .boxed(),
        ),
        (
            2,
            (0..18_u8).prop_map(|device| Op::Restart { device }).boxed(),
        ),
        (6, pass.prop_map(|minutes| Op::Pass { minutes }).boxed()),
        (
            4,
            replace
                .prop_map(|(phone, camera, evidence, count, unaware)| Op::Replace {
                    phone,
                    camera,
                    evidence,
                    count,
                    unaware,
                })
                .boxed(),
        ),
        (
            1,
            retire
                .prop_map(|(phone, camera, count)| Op::Retire {
                    phone,
                    camera,
                    count,
                })
                .boxed(),
        ),
        (
            4,
            former
                .prop_map(|(stream, copy, asks)| Op::Former { stream, copy, asks })
                .boxed(),
        ),
    ]
}

fn hostile() -> Kinds {
    // Phones and cameras are worth more lies than members.
    let who = prop_oneof![6 => 0..5_u8, 4 => 5..12_u8, 1 => 12..18_u8];
    let folder = prop_oneof![1 => 0..FOLDERS.len() as u8, 1 => 3..7_u8];
    let of = prop_oneof![4 => 0..5_u8, 1 => 5..12_u8];
    let back = prop_oneof![3 => Just(0_u8), 1 => 1..40_u8];
    let hours = prop_oneof![
        3 => Just(0_i32),
        2 => Just(1),
        2 => Just(25),
        1 => Just(24 * 365),
        1 => Just(-1),
        1 => Just(-25),
        1 => Just(-24 * 365),
    ];
    let (freeze, hide) = ((who.clone(), back), (who.clone(), folder.clone()));
    let lend = (0..12_u8, folder, of);
    let except = (who.clone(), any::<u16>(), 0..4_u8);
    vec![
        (
            8,
            freeze
                .prop_map(|(who, back)| Op::Freeze { who, back })
                .boxed(),
        ),
        (8, who.clone().prop_map(|who| Op::Thaw { who }).boxed()),
        (
            12,
            lend.prop_map(|(who, folder, of)| Op::Lend { who, folder, of })
                .boxed(),
        ),
        (
            4,
            hide.prop_map(|(who, folder)| Op::Hide { who, folder })
                .boxed(),
        ),
        (
            6,
            except
                .prop_map(|(who, path, version)| Op::Except { who, path, version })
                .boxed(),
        ),
        (
            6,
            (who, hours)
                .prop_map(|(who, hours)| Op::Clock { who, hours })
                .boxed(),
        ),
        (2, (0..7_u8).prop_map(|camera| Op::Copy { camera }).boxed()),
    ]
}

impl Op {
    /// The phone that does this, if one does.
    fn phone(&self) -> Option<u8> {
        let mut copy = self.clone();
        copy.place().map(|phone| *phone)
    }

    /// The same at another phone.
    fn at(mut self, device: u8) -> Self {
        if let Some(phone) = self.place() {
            *phone = device;
        }
        self
    }

    fn place(&mut self) -> Option<&mut u8> {
        match self {
            Self::Share { phone, .. }
            | Self::Rotate { phone, .. }
            | Self::Revoke { phone, .. }
            | Self::Term { phone, .. }
            | Self::Lose { phone, .. }
            | Self::Keep { phone }
            | Self::Passphrase { phone }
            | Self::Pair { phone, .. }
            | Self::Reuse { phone, .. }
            | Self::Replace { phone, .. }
            | Self::Retire { phone, .. }
            | Self::Correct { phone, .. }
            | Self::Past { phone, .. }
            | Self::Status { phone } => Some(phone),
            _ => None,
        }
    }

    /// Is it the adversary who does this?
    pub fn is_hostile(&self) -> bool {
        matches!(
            self,
            Self::Freeze { .. }
                | Self::Thaw { .. }
                | Self::Lend { .. }
                | Self::Hide { .. }
                | Self::Except { .. }
                | Self::Clock { .. }
                | Self::Copy { .. }
        )
    }
}

lines!(Op {
    "share" => Share {
        phone: One(&PHONES), member: One(&MEMBERS), streams: Set(&STREAMS), term: One(&TERMS), touch: Flag("touch")
    },
    "rotate" => Rotate { phone: One(&PHONES), streams: Set(&STREAMS) },
    "revoke" => Revoke { phone: One(&PHONES), member: One(&MEMBERS), streams: Set(&STREAMS) },
    "term" => Term { phone: One(&PHONES), streams: Set(&STREAMS), hours: Number },
    "extend" => Extend { phone: One(&PHONES), stream: One(&STREAMS), hours: Number },
    "enroll" => Enroll { phone: One(&PHONES) },
    "lose" => Lose {
        phone: One(&PHONES), lost: One(&PHONES), word: Flag("word"), passphrase: Flag("passphrase")
    },
    "keep" => Keep { phone: One(&PHONES) },
    "passphrase" => Passphrase { phone: One(&PHONES) },
    "pair" => Pair {
        phone: One(&PHONES), camera: One(&CAMERA_NAMES), evidence: One(&EVIDENCE), minutes: Number
    },
    "reuse" => Reuse { phone: One(&PHONES), camera: One(&CAMERA_NAMES), evidence: One(&EVIDENCE) },
    "replace" => Replace {
        phone: One(&PHONES), camera: One(&CAMERA_NAMES), evidence: One(&EVIDENCE), count: Number,
        unaware: Flag("unaware")
    },
    "retire" => Retire { phone: One(&PHONES), camera: One(&CAMERA_NAMES), count: Number },
    "former" => Former { stream: One(&STREAMS), copy: Flag("copy"), asks: Flag("asks") },
    "copy" => Copy { camera: One(&CAMERA_NAMES) },
    "correct" => Correct { phone: One(&PHONES), camera: One(&CAMERA_NAMES), hours: Number },
    "past" => Past { phone: One(&PHONES), member: One(&MEMBERS), stream: One(&STREAMS), hours: Number },
    "sync" => Sync { camera: One(&CAMERA_NAMES) },
    "record" => Record { stream: One(&STREAMS) },
    "across" => Across { stream: One(&STREAMS) },
    "status" => Status { phone: One(&PHONES) },
    "follow" => Follow { member: One(&MEMBERS) },
    "view" => View { viewer: One(&VIEWERS), stream: One(&STREAMS), clip: Number },
    "restart" => Restart { device: One(&DEVICES) },
    "pass" => Pass { minutes: Number },
    "freeze" => Freeze { who: One(&DEVICES), back: Number },
    "thaw" => Thaw { who: One(&DEVICES) },
    "lend" => Lend { who: One(&DEVICES), folder: One(&FOLDERS), of: One(&DEVICES) },
    "hide" => Hide { who: One(&DEVICES), folder: One(&FOLDERS) },
    "except" => Except { who: One(&DEVICES), path: Number, version: Number },
    "clock" => Clock { who: One(&DEVICES), hours: Number },
});

const VIEWERS: [&str; 11] = {
    let ([a, b, c, d, e], [f, g, h, i, j, k]) = (PHONES, MEMBERS);
    [a, b, c, d, e, f, g, h, i, j, k]
};

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        /// What was played can be written down and played again.
        #[test]
        fn a_line_says_all_of_what_many_hands_do(op in op(u64::MAX)) {
            prop_assert_eq!(op.to_string().parse(), Ok(op));
        }
    }
}
