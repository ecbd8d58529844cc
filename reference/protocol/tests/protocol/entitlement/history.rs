//! Random histories.

use super::*;

pub(super) fn op() -> impl Strategy<Value = Op> {
    let terms = prop_oneof![
        3 => Just(Terms::UntilRevoked),
        2 => Just(Terms::AllStreams),
        2 => (-4_i64..48, 0_u64..72).prop_map(|(from, hours)| Terms::Window {
            from: from * HALVES as i64,
            halves: hours * HALVES,
        }),
        2 => (-2_i64..6, 1_u64..12).prop_map(|(from, halves)| Terms::Window { from, halves }),
    ];
    let sync = prop_oneof![3 => Just(Sync::Before), 1 => Just(Sync::During), 2 => Just(Sync::Not)];
    let (p, m, s, set) = (0_usize..2, 0_usize..3, 0_usize..4, 1_u8..16);
    prop_oneof![
        4 => (p.clone(), m.clone(), set.clone(), terms)
            .prop_map(|(phone, member, streams, term)| Op::Share { phone, member, streams, term }),
        1 => (p.clone(), set.clone()).prop_map(|(phone, streams)| Op::Rotate { phone, streams }),
        3 => (p.clone(), m.clone(), set)
            .prop_map(|(phone, member, streams)| Op::Revoke { phone, member, streams }),
        2 => (p.clone(), m.clone(), s.clone(), -2_i64..60).prop_map(
            |(phone, member, stream, hours)| Op::ExtendWindow { phone, member, stream, hours }
        ),
        4 => (p.clone(), s.clone(), 1_u64..31)
            .prop_map(|(phone, stream, days)| Op::ExtendLease { phone, stream, days }),
        2 => (p.clone(), m.clone(), s.clone(), 0_usize..20, -3_i64..3, 1_u64..9).prop_map(
            |(phone, member, stream, clip, from, halves)| {
                Op::SharePast { phone, member, stream, clip, from, halves }
            }
        ),
        12 => (s, sync).prop_map(|(stream, sync)| Op::Record { stream, sync }),
        3 => prop_oneof![2 => 1_u64..30, 1 => 100_u64..300].prop_map(|hours| Op::Pass { hours }),
        1 => p.prop_map(|phone| Op::AddCamera { phone }),
        1 => Just(Op::Enroll),
        1 => Just(Op::Lose),
        1 => m.prop_map(|member| Op::Compromise { member }),
    ]
}
