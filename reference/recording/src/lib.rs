//! Cutting an endless input into sessions, so that each is a clip that plays by itself.
//!
//! An MPEG transport stream (ISO/IEC 13818-1, Rec. ITU-T H.222.0) is cut before a packet at which
//! a decoder can start (`random_access_indicator`, section 2.4.3.5) once enough time has passed by
//! the programme clock reference (PCR, section 2.4.2.2). A decoder also needs the programme tables,
//! so the cut is moved back to the last programme association table before that packet (PAT, packet
//! identifier 0, section 2.4.4.3). Anything else is cut by length and by the time that has passed.
//!
//! No byte is changed, lost or added: the sessions, one after the other, are the input. Memory is
//! bounded whatever the input holds.

use std::io::{ErrorKind, Read};

use encryptediot::clip;
use encryptediot::clock::Clock;
use encryptediot::message::Time;

/// Bytes in a transport stream packet (ISO/IEC 13818-1 section 2.4.3.2).
pub const PACKET: usize = 188;

/// The first byte of every packet, `sync_byte` (section 2.4.3.3).
pub const SYNC_BYTE: u8 = 0x47;

/// At most this much is held back before a packet at which a decoder can start.
const HOLD: usize = 512 * 1024;

/// How much is read at a time.
const READ: usize = 64 * 1024;

/// PCR counts 27 MHz: 33 bits of 90 kHz, times 300, and a remainder (section 2.4.2.2).
const TICKS_PER_MS: u64 = 27_000;

/// Where PCR starts again.
const PCR_MODULUS: u64 = (1 << 33) * 300;

/// A step of PCR beyond this (ten seconds; the standard allows a tenth of one) is a break in the
/// stream, not time that has passed.
const PCR_BREAK: u64 = 10_000 * TICKS_PER_MS;

/// How an input is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// The length of a session: media time of a transport stream, the time that passes while it is
    /// read of anything else.
    pub target: Time,
    /// The most bytes of a session of a transport stream.
    pub most: usize,
    /// The most bytes of a session of anything else.
    pub plain: usize,
}

/// A session holds a packet at least, and no more than the camera takes; what is left at the end of a
/// transport stream, less than a packet, goes into the last one.
const MOST: usize = clip::MAX_SESSION as usize - PACKET;

impl Default for Cuts {
    /// Four seconds, and as much in them as a session holds.
    fn default() -> Self {
        Self {
            target: 4_000,
            most: MOST,
            plain: MOST,
        }
    }
}

/// What [`Cutter::next`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The next bytes of the session.
    Bytes(&'a [u8]),
    /// The session is complete. It has at least one byte.
    End {
        /// How long it plays, in milliseconds, if the input says so; for the last session, up to
        /// its last clock reference.
        duration: Option<Time>,
    },
}

/// What the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An MPEG transport stream.
    TransportStream,
    /// Bytes of which nothing is known.
    Plain,
}

/// Cuts an input into sessions as it is read.
pub struct Cutter<'c, R> {
    input: R,
    clock: &'c dyn Clock,
    cuts: Cuts,
    format: Option<Format>,
    /// What was read, and room behind it.
    room: Vec<u8>,
    /// How much of it was read.
    filled: usize,
    /// What is before here was given away.
    given: usize,
    /// What is before here was looked at.
    scanned: usize,
    /// Where the session ends in `buffer`, once that is known.
    end: Option<usize>,
    /// The last PAT, if it was not given away.
    tables: Option<usize>,
    in_step: bool,
    eof: bool,
    session: Session,
    pcr: Pcr,
}

/// The session that is being cut.
#[derive(Default)]
struct Session {
    /// Bytes given away.
    length: usize,
    /// When its first byte was given away.
    start: Option<Time>,
    /// Media time, in ticks of PCR.
    ticks: u64,
}

/// The clock of the stream.
#[derive(Default)]
struct Pcr {
    pid: Option<u16>,
    last: Option<u64>,
}

impl<'c, R: Read> Cutter<'c, R> {
    /// Cuts `input`; `clock` tells the time that passes where the input does not.
    pub fn new(input: R, cuts: Cuts, clock: &'c dyn Clock) -> Self {
        let cuts = Cuts {
            target: cuts.target.max(1),
            most: cuts.most.clamp(PACKET, MOST),
            plain: cuts.plain.clamp(PACKET, MOST),
        };
        Self {
            input,
            clock,
            cuts,
            format: None,
            room: Vec::new(),
            filled: 0,
            given: 0,
            scanned: 0,
            end: None,
            tables: None,
            in_step: true,
            eof: false,
            session: Session::default(),
            pcr: Pcr::default(),
        }
    }

    /// What the input is, once its first bytes were read.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The next piece, `None` after the end of the last session.
    ///
    /// # Errors
    /// What reading the input gives. The bytes that were read before it are given away on the next
    /// call, and then the session's end, as if the input ended there.
    #[allow(clippy::should_implement_trait)] // the piece borrows the cutter
    pub fn next(&mut self) -> std::io::Result<Option<Piece<'_>>> {
        loop {
            if self.end.is_none() {
                self.scan();
            }
            let until = match self.end {
                Some(end) => end,
                None if self.eof => self.filled,
                None => self.tables.unwrap_or(self.scanned).min(self.scanned),
            };
            if until > self.given {
                let from = std::mem::replace(&mut self.given, until);
                self.session.length += until - from;
                if self.session.start.is_none() {
                    self.session.start = Some(self.clock.monotonic());
                }
                return Ok(Some(Piece::Bytes(&self.room[from..until])));
            }
            if self.end.take().is_some() || (self.eof && self.session.length > 0) {
                return Ok(Some(self.finish()));
            }
            if self.eof {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn finish(&mut self) -> Piece<'static> {
        let Session { ticks, .. } = std::mem::take(&mut self.session);
        Piece::End {
            duration: (ticks > 0).then_some(ticks / TICKS_PER_MS),
        }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        self.room.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.scanned -= self.given.min(self.scanned);
        self.tables = self.tables.and_then(|at| at.checked_sub(self.given));
        self.given = 0;
        if self.room.len() < self.filled + READ {
            self.room.resize(self.filled + READ, 0);
        }
        let read = loop {
            let free = &mut self.room[self.filled..][..READ];
            match self.input.read(free) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.filled += count;
        self.eof = count == 0;
        read.map(drop)
    }

    /// Looks at what is new in the buffer, up to the next cut.
    fn scan(&mut self) {
        let Some(format) = self.detect() else { return };
        match format {
            Format::Plain => self.scan_plain(),
            Format::TransportStream => self.scan_packets(),
        }
    }

    /// Three packets in step make a transport stream; so do fewer if the input ends there.
    fn detect(&mut self) -> Option<Format> {
        if self.format.is_none() && (self.eof || self.filled > 2 * PACKET) {
            let mut starts = self.room[..self.filled].iter().step_by(PACKET).take(3);
            let stream = self.filled >= PACKET && starts.all(|byte| *byte == SYNC_BYTE);
            self.format = Some(if stream {
                Format::TransportStream
            } else {
                Format::Plain
            });
        }
        self.format
    }

    fn passed(&self) -> Time {
        let start = self.session.start;
        start.map_or(0, |start| self.clock.monotonic().saturating_sub(start))
    }

    fn scan_plain(&mut self) {
        self.scanned = self.filled;
        let room = self.cuts.plain.saturating_sub(self.session.length);
        if self.filled - self.given >= room {
            self.cut(self.given + room);
        } else if self.passed() >= self.cuts.target {
            self.cut(self.filled);
        }
    }

    fn cut(&mut self, at: usize) {
        self.end = Some(at);
        self.scanned = self.scanned.max(at);
        self.tables = None;
    }

    /// Goes through whole packets. Where they are out of step, it goes on byte by byte until two
    /// sync bytes stand a packet apart.
    fn scan_packets(&mut self) {
        while let Some(packet) = self.room[..self.filled].get(self.scanned..self.scanned + PACKET) {
            if !self.in_step {
                match self.room[..self.filled].get(self.scanned + PACKET) {
                    Some(&SYNC_BYTE) if packet[0] == SYNC_BYTE => self.in_step = true,
                    Some(_) => {}
                    None if self.eof => self.in_step = packet[0] == SYNC_BYTE,
                    None => return,
                }
            }
            if packet[0] != SYNC_BYTE {
                self.in_step = false;
            }
            let packet = Packet::read(packet).filter(|_| self.in_step);
            let length = if self.in_step { PACKET } else { 1 };
            let session = self.session.length + (self.scanned - self.given);
            if session > 0 && session + length > self.cuts.most {
                return self.cut(self.scanned);
            }
            if self.tables.is_some_and(|at| self.scanned - at > HOLD) {
                self.tables = None;
            }
            if let Some(packet) = packet {
                if packet.starts_tables {
                    self.tables = Some(self.scanned);
                }
                self.session.ticks += self.pcr.step(&packet);
                let at = self.tables.unwrap_or(self.scanned);
                if self.session.length + (at - self.given) > 0 && self.may_cut(&packet) {
                    self.cut(at);
                    self.scanned += PACKET;
                    return;
                }
                // These tables are for a packet that did not become a cut.
                if packet.random_access {
                    self.tables = None;
                }
            }
            self.scanned += length;
        }
    }

    /// Should the session end at this packet? The programme's own random access points are those
    /// that carry its PCR (section 2.4.3.5); an input without them is cut all the same, later.
    fn may_cut(&self, packet: &Packet) -> bool {
        let (target, ticks) = (self.cuts.target, self.session.ticks / TICKS_PER_MS);
        let at_clock = packet.random_access && packet.pcr.is_some() && self.pcr.is_of(packet);
        (at_clock && ticks >= target)
            || (packet.random_access && ticks >= target.saturating_mul(2))
            || ticks >= target.saturating_mul(4)
            || (ticks == 0 && self.passed() >= target.saturating_mul(4))
    }
}

impl Pcr {
    fn is_of(&self, packet: &Packet) -> bool {
        self.pid == Some(packet.pid)
    }

    /// How much time has passed at `packet`: the first programme with a clock is the one that
    /// counts.
    fn step(&mut self, packet: &Packet) -> u64 {
        let Some(pcr) = packet.pcr else { return 0 };
        if *self.pid.get_or_insert(packet.pid) != packet.pid {
            return 0;
        }
        let last = self.last.replace(pcr).filter(|_| !packet.discontinuity);
        let step = last.map_or(0, |last| (pcr + PCR_MODULUS - last) % PCR_MODULUS);
        if step > PCR_BREAK { 0 } else { step }
    }
}

/// What matters here of a packet.
struct Packet {
    pid: u16,
    starts_tables: bool,
    random_access: bool,
    discontinuity: bool,
    pcr: Option<u64>,
}

impl Packet {
    /// Reads a packet's header and adaptation field (sections 2.4.3.2 to 2.4.3.5), none if it is
    /// marked as damaged.
    fn read(bytes: &[u8]) -> Option<Self> {
        let [_, b1, b2, b3, rest @ ..] = bytes else {
            return None;
        };
        if b1 & 0x80 != 0 {
            return None;
        }
        let pid = u16::from(b1 & 0x1f) << 8 | u16::from(*b2);
        let field = match rest {
            [length, field @ ..] if b3 & 0x20 != 0 => field.get(..usize::from(*length))?,
            _ => &[],
        };
        let flags = field.first().copied().unwrap_or(0);
        let pcr = match field {
            [_, p0, p1, p2, p3, p4, p5, ..] if flags & 0x10 != 0 => {
                let base = u64::from(u32::from_be_bytes([*p0, *p1, *p2, *p3])) << 1;
                let base = base | u64::from(p4 >> 7);
                let extension = u64::from(p4 & 1) << 8 | u64::from(*p5);
                Some((base * 300 + extension) % PCR_MODULUS)
            }
            _ => None,
        };
        Some(Self {
            pid,
            starts_tables: pid == 0 && b1 & 0x40 != 0,
            discontinuity: flags & 0x80 != 0,
            random_access: flags & 0x40 != 0,
            pcr,
        })
    }
}

/// Cuts a whole input: each session's bytes, and how long it plays if that is known. For inputs
/// that fit in memory; the time that passes does not count.
///
/// # Errors
/// What reading the input gives.
pub fn cut_all(input: impl Read, cuts: Cuts) -> std::io::Result<Vec<(Vec<u8>, Option<Time>)>> {
    let stopped = encryptediot::clock::ManualClock::default();
    let mut cutter = Cutter::new(input, cuts, &stopped);
    let (mut sessions, mut bytes) = (Vec::new(), Vec::new());
    while let Some(piece) = cutter.next()? {
        match piece {
            Piece::Bytes(more) => bytes.extend_from_slice(more),
            Piece::End { duration } => sessions.push((std::mem::take(&mut bytes), duration)),
        }
    }
    Ok(sessions)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
