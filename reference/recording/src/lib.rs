//! Cutting an endless input into sessions, so that each is a clip that plays by itself.
//!
//! An MPEG transport stream (ISO/IEC 13818-1, Rec. ITU-T H.222.0) is cut before a packet at which
//! a decoder can start (`random_access_indicator`, section 2.4.3.5) once enough time has passed by
//! the programme clock reference (PCR, section 2.4.2.2). A decoder also needs the programme tables,
//! so the cut is moved back to the last programme association table before that packet (PAT, packet
//! identifier 0, section 2.4.4.3). Packets are looked for wherever the input is none: at its
//! beginning, and again where it fell out of step. What has no packets is cut by length and by the
//! time that has passed. An input that falls silent ends its session by the clock.
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

/// So many sync bytes a packet apart are taken for packets: fewer stand in bytes of any kind.
const IN_STEP: usize = 8;

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
    /// read of anything else. An input that gives nothing for as long ends the session, too.
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

/// Cuts an input into sessions as it is read.
pub struct Cutter<'c, R> {
    input: R,
    clock: &'c dyn Clock,
    cuts: Cuts,
    /// What was read, and room behind it.
    room: Vec<u8>,
    /// How much of it was read.
    filled: usize,
    /// What is before here was given away.
    given: usize,
    /// What is before here was looked at. It is beyond `filled` where a session has ended inside a packet.
    scanned: usize,
    /// Where the session ends in `room`, once that is known.
    end: Option<usize>,
    /// The last PAT, if it was not given away.
    tables: Option<usize>,
    /// Does a packet begin at `scanned`?
    in_step: bool,
    eof: bool,
    /// How long the input was waited for since it gave something.
    quiet: Time,
    session: Session,
    pcr: Pcr,
}

/// The session that is being cut.
#[derive(Default)]
struct Session {
    /// Bytes given away.
    length: usize,
    /// When its first bytes were taken.
    start: Option<Time>,
    /// Does it have packets of a transport stream?
    packets: bool,
    /// Media time, in ticks of PCR.
    ticks: u64,
    /// How long the input was waited for since media time went on. What others wait for is not counted.
    still: Time,
}

/// The clock of the stream.
#[derive(Default)]
struct Pcr {
    pid: Option<u16>,
    last: Option<u64>,
}

impl<'c, R: Read> Cutter<'c, R> {
    /// Cuts `input`; `clock` tells the time that passes where the input does not.
    ///
    /// An input that may fall silent says so by [`ErrorKind::WouldBlock`], from time to time as long as
    /// it lasts: it should wait a little before it does. Sessions then end by the clock.
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
            room: Vec::new(),
            filled: 0,
            given: 0,
            scanned: 0,
            end: None,
            tables: None,
            in_step: false,
            eof: false,
            quiet: 0,
            session: Session::default(),
            pcr: Pcr::default(),
        }
    }

    /// The next piece, `None` after the end of the last session.
    ///
    /// # Errors
    /// What reading the input gives. The bytes that were read before it are given away on the next
    /// call, and then the session's end, as if the input ended there.
    #[allow(clippy::should_implement_trait)] // the piece borrows the cutter
    pub fn next(&mut self) -> std::io::Result<Option<Piece<'_>>> {
        // Whoever takes the first bytes may have waited for somebody: that is not the session's time.
        if self.session.length > 0 && self.session.start.is_none() {
            self.session.start = Some(self.clock.monotonic());
        }
        loop {
            if self.end.is_none() {
                self.scan();
            }
            let until = match self.end {
                Some(end) => end,
                None if self.eof => self.filled,
                None => self.tables.unwrap_or(self.scanned).min(self.scanned),
            };
            let until = until.min(self.filled);
            if until > self.given {
                let from = std::mem::replace(&mut self.given, until);
                self.session.length += until - from;
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
        let waiting = self.clock.monotonic();
        let read = loop {
            let free = &mut self.room[self.filled..][..READ];
            match self.input.read(free) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let waited = self.clock.monotonic().saturating_sub(waiting);
        self.session.still += waited;
        if matches!(&read, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            self.quiet += waited;
            self.silent();
            return Ok(());
        }
        if self.session.length == 0 && self.filled == 0 {
            // Until now there was no session.
            self.session.still = 0;
        }
        self.quiet = 0;
        let count = *read.as_ref().unwrap_or(&0);
        self.filled += count;
        self.eof = count == 0;
        read.map(drop)
    }

    /// Ends the session if the input has given nothing for too long: with all that it gave.
    fn silent(&mut self) {
        let target = self.cuts.target;
        let over = self.quiet >= target || (!self.session.packets && self.passed() >= target);
        if over && (self.filled > self.given || self.session.length > 0) {
            if self.in_step && self.scanned < self.filled {
                // The rest of this packet is yet to come; the next one begins behind it.
                self.scanned += PACKET;
            }
            self.cut(self.filled);
        }
    }

    /// How long the session lasts, by the clock.
    fn passed(&self) -> Time {
        let start = self.session.start;
        start.map_or(0, |start| self.clock.monotonic().saturating_sub(start))
    }

    /// Looks at what is new, up to the next cut.
    fn scan(&mut self) {
        while self.end.is_none() {
            let more = match self.in_step {
                true => self.scan_packet(),
                false => self.search(),
            };
            if !more {
                break;
            }
        }
        let target = self.cuts.target;
        let over = match self.session.packets {
            false => self.passed() >= target,
            true => !self.in_step && self.session.still >= target.saturating_mul(4),
        };
        if self.end.is_none() && over {
            self.cut(self.scanned.min(self.filled));
        }
    }

    fn cut(&mut self, at: usize) {
        self.end = Some(at);
        self.scanned = self.scanned.max(at);
        self.tables = None;
    }

    /// Goes on to where packets begin, or to the end of what was read. Is there more to look at?
    fn search(&mut self) -> bool {
        let most = match self.session.packets {
            true => self.cuts.most,
            false => self.cuts.plain,
        };
        let limit = self.given + most.saturating_sub(self.session.length);
        let bytes = self.room[..self.filled].get(self.scanned..).unwrap_or(&[]);
        let mut marks = memchr::memchr_iter(SYNC_BYTE, bytes);
        let found = marks.find_map(|at| match begins(&bytes[at..], self.eof) {
            Some(false) => None,
            known => Some((at, known == Some(true))),
        });
        let (passed, in_step) = found.unwrap_or((bytes.len(), false));
        if self.scanned + passed >= limit {
            self.cut(limit);
            return false;
        }
        self.scanned += passed;
        self.in_step = in_step;
        in_step
    }

    /// Looks at one packet. Is there more to look at?
    fn scan_packet(&mut self) -> bool {
        let Some(bytes) = self.room[..self.filled].get(self.scanned..self.scanned + PACKET) else {
            return false;
        };
        if bytes[0] != SYNC_BYTE {
            self.in_step = false;
            // Tables of packets that ended here are for none; what has no clock may not have been packets.
            self.tables = None;
            self.session.packets = self.session.ticks > 0;
            return true;
        }
        let packet = Packet::read(bytes);
        let length = self.session.length + (self.scanned - self.given);
        if length > 0 && length + PACKET > self.cuts.most {
            self.cut(self.scanned);
            return false;
        }
        self.session.packets = true;
        if self.tables.is_some_and(|at| self.scanned - at > HOLD) {
            self.tables = None;
        }
        if let Some(packet) = packet {
            if packet.starts_tables {
                self.tables = Some(self.scanned);
            }
            let step = self.pcr.step(&packet);
            if step > 0 {
                self.session.ticks += step;
                self.session.still = 0;
            }
            let at = self.tables.unwrap_or(self.scanned);
            if self.session.length + (at - self.given) > 0 && self.may_cut(&packet) {
                self.cut(at);
                self.scanned += PACKET;
                return false;
            }
            // These tables are for a packet that did not become a cut.
            if packet.random_access {
                self.tables = None;
            }
        }
        self.scanned += PACKET;
        true
    }

    /// Should the session end at this packet? The programme's own random access points are those
    /// that carry its PCR (section 2.4.3.5); an input without them is cut all the same, later.
    fn may_cut(&mut self, packet: &Packet) -> bool {
        let (target, ticks) = (self.cuts.target, self.session.ticks / TICKS_PER_MS);
        if self.session.still >= target.saturating_mul(4) {
            // This programme's clock may have ended: another one's will do.
            self.pcr = Pcr::default();
            return true;
        }
        let at_clock = packet.random_access && packet.pcr.is_some() && self.pcr.is_of(packet);
        (at_clock && ticks >= target)
            || (packet.random_access && ticks >= target.saturating_mul(2))
            || ticks >= target.saturating_mul(4)
    }
}

/// Do packets begin here? Not known yet if too little was read. At the end of the input one whole packet is
/// enough.
fn begins(bytes: &[u8], eof: bool) -> Option<bool> {
    let marks = bytes.iter().step_by(PACKET).take(IN_STEP);
    let count = marks.len();
    if !marks.into_iter().all(|byte| *byte == SYNC_BYTE) {
        return Some(false);
    }
    match count {
        IN_STEP => Some(true),
        _ if eof => Some(bytes.len() >= PACKET),
        _ => None,
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
