//! Tests of the cutter.

use proptest::prelude::*;

use super::*;
use encryptediot::clock::ManualClock;

const SAMPLE: &[u8] = include_bytes!("../../assets/sample.ts");

fn every_second() -> Cuts {
    Cuts {
        target: 1_000,
        ..Cuts::default()
    }
}

#[test]
fn the_sample_is_cut_at_its_keyframes() {
    let sessions = cut_all(SAMPLE, every_second()).unwrap();
    let durations: Vec<_> = sessions.iter().map(|(_, duration)| *duration).collect();
    assert_eq!(durations[..9], [Some(1_000); 9]);
    assert_eq!(sessions.len(), 10);
    for (bytes, _) in &sessions {
        let first = Packet::read(&bytes[..PACKET]).unwrap();
        assert!(first.starts_tables || first.pid == 0x11, "{}", first.pid);
        let packets = bytes.chunks(PACKET).filter_map(Packet::read);
        let start = packets.take(4).any(|p| p.random_access && p.pcr.is_some());
        assert!(start, "a keyframe soon after the tables");
    }
    let all: Vec<u8> = sessions.into_iter().flat_map(|(bytes, _)| bytes).collect();
    assert!(all == SAMPLE);
    let four = cut_all(SAMPLE, Cuts::default()).unwrap();
    let durations: Vec<_> = four.iter().map(|(_, duration)| *duration).collect();
    assert_eq!(durations[..2], [Some(4_000); 2]);
    assert_eq!(four.len(), 3);
}

#[test]
fn what_is_no_transport_stream_is_cut_by_length() {
    let cuts = Cuts {
        plain: 1_000,
        ..Cuts::default()
    };
    let sessions = cut_all(&vec![1; 2_500][..], cuts).unwrap();
    let lengths: Vec<_> = sessions.iter().map(|(bytes, _)| bytes.len()).collect();
    assert_eq!(lengths, [1_000, 1_000, 500]);
    assert!(cut_all(&[][..], cuts).unwrap().is_empty());
}

/// Gives a kilobyte per read; each takes a second.
struct Slow<'a>(&'a ManualClock);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.advance(1_000);
        buffer[..1_000].fill(9);
        Ok(1_000)
    }
}

#[test]
fn a_slow_input_is_cut_by_time_and_held_in_little_memory() {
    let clock = ManualClock::default();
    let mut cutter = Cutter::new(Slow(&clock), Cuts::default(), &clock);
    let (mut ends, mut length) = (0, 0);
    while ends < 3 {
        match cutter.next().unwrap().unwrap() {
            Piece::Bytes(bytes) => length += bytes.len(),
            Piece::End { duration } => {
                assert_eq!((std::mem::take(&mut length), duration), (5_000, None));
                ends += 1;
            }
        }
        assert!(cutter.room.capacity() <= 3 * READ);
    }
}

#[test]
fn packets_are_found_behind_what_is_none() {
    let whole = cut_all(SAMPLE, every_second()).unwrap();
    let inside = cut_all(&SAMPLE[101..], every_second()).unwrap();
    let lengths =
        |sessions: &[(Vec<u8>, _)]| sessions.iter().map(|s| s.0.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&inside)[0], lengths(&whole)[0] - 101);
    assert_eq!(lengths(&inside)[1..], lengths(&whole)[1..]);
    let behind = [
        &[0x47; 500][..],
        b"HTTP/1.1 200 OK

",
        SAMPLE,
    ]
    .concat();
    let behind = cut_all(&behind[..], every_second()).unwrap();
    assert_eq!(lengths(&behind)[1..], lengths(&whole)[1..]);
    // A byte is lost in the middle: the next keyframes are found all the same.
    let mut torn = SAMPLE.to_vec();
    torn.remove(lengths(&whole)[..2].iter().sum::<usize>() + 1_000);
    let torn = cut_all(&torn[..], every_second()).unwrap();
    assert_eq!(lengths(&torn)[3..], lengths(&whole)[3..]);
}

/// Gives the first `now` bytes and falls silent for a minute of looks at the clock, then gives the rest.
struct Silent<'a>(&'a ManualClock, &'a [u8], usize, usize);

impl Read for Silent<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Self(clock, bytes, now, silence) = self;
        if *now == 0 && *silence > 0 {
            *silence -= 1;
            clock.advance(100);
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = buffer.len().min(if *now > 0 { *now } else { bytes.len() });
        buffer[..count].copy_from_slice(&bytes[..count]);
        *bytes = &bytes[count..];
        *now = now.saturating_sub(count);
        Ok(count)
    }
}

#[test]
fn an_input_that_falls_silent_ends_its_session_by_the_clock() {
    let noise = vec![1; 90_000];
    for (input, now) in [
        (SAMPLE, 20_000),
        (SAMPLE, 100),
        (SAMPLE, PACKET),
        (&noise, 50_000),
        (&noise, 1),
    ] {
        let clock = ManualClock::default();
        let mut cutter = Cutter::new(Silent(&clock, input, now, 600), every_second(), &clock);
        let (mut first, mut all, mut durations) = (None, Vec::new(), Vec::new());
        while let Some(piece) = cutter.next().unwrap() {
            match piece {
                Piece::Bytes(bytes) => all.extend_from_slice(bytes),
                Piece::End { duration } => {
                    first.get_or_insert((all.len(), clock.monotonic()));
                    durations.push(duration);
                }
            }
        }
        assert!(all == input);
        let (length, time) = first.unwrap();
        assert!(
            length == now && time <= 1_100,
            "{length} of {now} after {time} ms"
        );
        // Behind the silence the stream goes on in step.
        if input == SAMPLE {
            assert!(
                durations.iter().filter(|d| **d == Some(1_000)).count() >= 7,
                "{durations:?}"
            );
        }
    }
}

#[test]
fn a_few_sync_bytes_make_no_transport_stream() {
    let mut input = vec![0; 600_000];
    for at in [1_000, 1_188, 1_376, 1_564] {
        input[at] = SYNC_BYTE;
    }
    // Nor do many, where no clock is among them.
    for packet in 1_000..1_100 {
        input[packet * PACKET] = SYNC_BYTE;
    }
    let cuts = Cuts {
        plain: 50_000,
        ..Cuts::default()
    };
    let sessions = cut_all(&input[..], cuts).unwrap();
    let lengths: Vec<_> = sessions.iter().map(|(bytes, _)| bytes.len()).collect();
    let long = lengths.iter().filter(|length| **length > 50_000).count();
    assert!(long <= 1 && lengths.len() >= 11, "{lengths:?}");
}

#[test]
fn little_is_held_back_where_packets_end() {
    // Tables, a few packets of a stream, and then something else.
    let packets = SAMPLE[..20 * PACKET].to_vec();
    let input = [packets, vec![0; 4 << 20]].concat();
    let clock = ManualClock::default();
    let mut cutter = Cutter::new(&input[..], Cuts::default(), &clock);
    while let Some(piece) = cutter.next().unwrap() {
        if let Piece::Bytes(bytes) = piece {
            assert!(bytes.len() <= HOLD + 2 * READ, "{}", bytes.len());
        }
    }
}

/// Whoever takes the sessions waits at the beginning of each, as for a cloud: the source does not stand still then.
#[test]
fn sessions_are_cut_at_keyframes_however_long_their_taker_waits() {
    let whole = cut_all(SAMPLE, every_second()).unwrap();
    for wait in [0, 3_000, 4_500, 8_000] {
        let clock = ManualClock::default();
        let mut cutter = Cutter::new(Live(&clock, SAMPLE), every_second(), &clock);
        let (mut lengths, mut length) = (Vec::new(), 0);
        while let Some(piece) = cutter.next().unwrap() {
            match piece {
                Piece::Bytes(bytes) => {
                    if length == 0 {
                        clock.advance(wait);
                    }
                    length += bytes.len();
                }
                Piece::End { .. } => lengths.push(std::mem::take(&mut length)),
            }
        }
        let expected: Vec<_> = whole.iter().map(|(bytes, _)| bytes.len()).collect();
        assert_eq!(lengths, expected, "a wait of {wait} ms");
    }
}

/// Gives a packet every tenth of a second.
struct Live<'a>(&'a ManualClock, &'a [u8]);

impl Read for Live<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.advance(100);
        let count = PACKET.min(self.1.len());
        buffer[..count].copy_from_slice(&self.1[..count]);
        self.1 = &self.1[count..];
        Ok(count)
    }
}

#[test]
fn a_programme_whose_clock_stops_is_cut_by_the_time_that_passes() {
    let mut input = SAMPLE[..200 * PACKET].to_vec();
    for packet in input.chunks_mut(PACKET).skip(20) {
        // No adaptation field, and so no clock.
        packet[3] &= !0x20;
    }
    let clock = ManualClock::default();
    let mut cutter = Cutter::new(Live(&clock, &input), every_second(), &clock);
    let mut lengths = vec![0];
    while let Some(piece) = cutter.next().unwrap() {
        match piece {
            Piece::Bytes(bytes) => *lengths.last_mut().unwrap() += bytes.len() / PACKET,
            Piece::End { .. } => lengths.push(0),
        }
    }
    assert!(lengths.iter().all(|packets| *packets <= 62), "{lengths:?}");
}

/// Fails after `left` bytes of the sample.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.min(buffer.len());
        buffer[..count].copy_from_slice(&SAMPLE[..count]);
        self.0 -= count;
        if count == 0 {
            return Err(ErrorKind::ConnectionReset.into());
        }
        Ok(count)
    }
}

#[test]
fn what_was_read_before_a_failure_is_still_given() {
    let clock = ManualClock::default();
    let mut cutter = Cutter::new(Failing(10_000), Cuts::default(), &clock);
    let (mut length, mut failures, mut ends) = (0, 0, 0);
    loop {
        match cutter.next() {
            Ok(Some(Piece::Bytes(bytes))) => length += bytes.len(),
            Ok(Some(Piece::End { .. })) => ends += 1,
            Ok(None) => break,
            Err(_) => failures += 1,
        }
    }
    assert_eq!((length, failures, ends), (10_000, 1, 1));
}

/// Reads in pieces of the given lengths, over and over.
struct Pieces<'a>(&'a [u8], std::iter::Cycle<std::vec::IntoIter<usize>>);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let next = self.1.next().unwrap_or(1);
        let (now, later) = self.0.split_at(next.min(self.0.len()).min(buffer.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.0 = later;
        Ok(now.len())
    }
}

fn check(input: &[u8], cuts: Cuts, pieces: Vec<usize>) {
    let clock = ManualClock::default();
    let reader = Pieces(input, pieces.into_iter().cycle());
    let mut cutter = Cutter::new(reader, cuts, &clock);
    let (mut all, mut session) = (Vec::new(), 0);
    while let Some(piece) = cutter.next().unwrap() {
        match piece {
            Piece::Bytes(bytes) => {
                assert!(!bytes.is_empty());
                session += bytes.len();
                all.extend_from_slice(bytes);
            }
            Piece::End { .. } => {
                assert!(session > 0 && session < cuts.most.max(cuts.plain) + PACKET);
                session = 0;
            }
        }
    }
    assert_eq!(session, 0, "the last session has an end");
    assert!(all == input);
}

/// Where, which byte, and whether it is put over, taken out or put in.
fn change() -> impl Strategy<Value = (prop::sample::Index, u8, u8)> {
    (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A part of the sample with bytes changed, left out and put in, read in odd pieces.
    #[test]
    fn no_byte_is_lost_or_changed(
        from in 0..SAMPLE.len(), length in 0..60_000_usize,
        changes in prop::collection::vec(change(), 0..40),
        pieces in prop::collection::vec(1..70_000_usize, 1..8),
        target in 1..3_000_u64, most in PACKET..40_000_usize, plain in PACKET..40_000_usize,
    ) {
        let mut input = SAMPLE[from..].iter().copied().take(length).collect::<Vec<_>>();
        for (place, byte, kind) in changes {
            match kind {
                _ if input.is_empty() => {}
                0 => *place.get_mut(&mut input) = byte,
                1 => drop(input.remove(place.index(input.len()))),
                _ => input.insert(place.index(input.len()), byte),
            }
        }
        check(&input, Cuts { target, most, plain }, pieces);
    }

    #[test]
    fn garbage_goes_through(
        mut input in prop::collection::vec(prop_oneof![Just(SYNC_BYTE), any::<u8>()], 0..5_000),
        pieces in prop::collection::vec(1..1_000_usize, 1..4),
        stream in any::<bool>(),
    ) {
        // Something that looks like a stream at first is looked at more closely.
        for at in [0, PACKET, 2 * PACKET].into_iter().filter(|_| stream) {
            if let Some(byte) = input.get_mut(at) {
                *byte = SYNC_BYTE;
            }
        }
        check(&input, Cuts { target: 1, most: 1_000, plain: 700 }, pieces);
    }
}
