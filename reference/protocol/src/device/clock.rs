//! Time, passed in.
//!
//! A camera's lease must end although whoever serves it the time of day would rather it did not:
//! [`CameraClock`] moves forward, with the monotonic counter that nobody sets, and takes the wall
//! clock only where that is ahead; its owner alone sets it back (SPEC section "Time").

use minicbor::{Decode, Encode};

use crate::message::Time;

/// A source of time.
pub trait Clock {
    /// The wall clock: milliseconds since 1970. Anyone who answers NTP may have set it.
    fn wall(&self) -> Time;

    /// Milliseconds since some start, never set by anyone; starts anew with the device.
    fn monotonic(&self) -> Time;
}

/// The device's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic counter starts now.
    pub fn start() -> Self {
        Self {
            start: std::time::Instant::now(),
        }
    }
}

fn milliseconds(duration: std::time::Duration) -> Time {
    Time::try_from(duration.as_millis()).unwrap_or(Time::MAX)
}

impl Clock for SystemClock {
    fn wall(&self) -> Time {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, milliseconds)
    }

    fn monotonic(&self) -> Time {
        milliseconds(self.start.elapsed())
    }
}

/// A clock that tests and the demo set.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall: std::cell::Cell<Time>,
    monotonic: std::cell::Cell<Time>,
}

impl ManualClock {
    /// A clock whose wall time is `wall`.
    pub fn at(wall: Time) -> Self {
        Self {
            wall: wall.into(),
            monotonic: 0.into(),
        }
    }

    /// Lets `milliseconds` pass on both clocks.
    pub fn advance(&self, milliseconds: Time) {
        self.wall.set(self.wall.get().saturating_add(milliseconds));
        self.monotonic
            .set(self.monotonic.get().saturating_add(milliseconds));
    }

    /// Sets the wall clock only, as an attacker would.
    pub fn set_wall(&self, wall: Time) {
        self.wall.set(wall);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Time {
        self.wall.get()
    }

    fn monotonic(&self) -> Time {
        self.monotonic.get()
    }
}

/// A camera's two times (SPEC section "Time"), and how often its owner has set them back.
///
/// Its **time** rests on its own clocks and on nothing that anybody signs: footage is stamped with
/// it, windows go by it. Its **lease time** began no earlier than the pairing offer and ends leases.
#[derive(Clone, Copy, Debug)]
pub struct CameraClock {
    /// The time when the monotonic counter was at `anchor`.
    time: Time,
    /// The lease time then, at least as late.
    lease: Time,
    anchor: Time,
    /// The latest time given to [`CameraClock::at_least`].
    least: Time,
    corrections: u64,
}

/// What a camera stores of its clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stored {
    /// Its time.
    #[n(0)]
    pub time: Time,
    /// Its lease time.
    #[n(1)]
    pub lease: Time,
    /// How many corrections it has obeyed.
    #[n(2)]
    pub corrections: u64,
}

impl CameraClock {
    /// Starts from what the camera stored last: the time while it was off is known only if the wall
    /// clock tells.
    pub fn resume(stored: Stored, clock: &dyn Clock) -> Self {
        Self {
            time: stored.time,
            lease: stored.lease,
            anchor: clock.monotonic(),
            least: 0,
            corrections: stored.corrections,
        }
    }

    fn read(&mut self, clock: &dyn Clock) {
        let monotonic = clock.monotonic();
        let passed = monotonic.saturating_sub(self.anchor);
        let counted = self.time.saturating_add(passed);
        self.time = clock.wall().max(counted).max(self.least);
        self.lease = self.time.max(self.lease.saturating_add(passed));
        self.anchor = monotonic;
    }

    /// The time: the wall clock, or the last time plus what has passed since, whichever is later.
    pub fn now(&mut self, clock: &dyn Clock) -> Time {
        self.read(clock);
        self.time
    }

    /// The lease time: the time, or the last lease time plus what has passed since, whichever is later.
    pub fn lease_time(&mut self, clock: &dyn Clock) -> Time {
        self.read(clock);
        self.lease
    }

    /// How many corrections it has obeyed.
    pub fn corrections(&self) -> u64 {
        self.corrections
    }

    /// What to store.
    pub fn stored(&self) -> Stored {
        Stored {
            time: self.time.max(self.least),
            lease: self.lease.max(self.least),
            corrections: self.corrections,
        }
    }

    /// Takes notice that it is at least `time`: the camera itself has stamped something with it.
    pub fn at_least(&mut self, time: Time) {
        self.least = self.least.max(time);
    }

    /// Goes on from what the same camera's clock was earlier in this process: the counter has run on
    /// since. A clock that was set back in the meantime is another one.
    pub fn go_on_from(&mut self, mut seen: Self, clock: &dyn Clock) {
        if seen.corrections != self.corrections {
            return;
        }
        seen.read(clock);
        self.read(clock);
        self.time = self.time.max(seen.time);
        self.lease = self.lease.max(seen.lease);
    }

    /// Sets both times back by `back` milliseconds, the time not before the wall clock. Returns by how
    /// much the lease time went back.
    pub fn set_back(&mut self, back: Time, clock: &dyn Clock) -> Time {
        self.read(clock);
        let before = self.lease;
        self.time = self.time.saturating_sub(back).max(clock.wall());
        self.lease = self.lease.saturating_sub(back).max(self.time);
        self.least = 0;
        self.corrections = self.corrections.saturating_add(1);
        before.saturating_sub(self.lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: Time, lease: Time, clock: &ManualClock) -> CameraClock {
        let stored = Stored {
            time,
            lease,
            corrections: 0,
        };
        CameraClock::resume(stored, clock)
    }

    #[test]
    fn time_passes_though_the_wall_clock_is_held_back() {
        let clock = ManualClock::at(10_000);
        let mut camera = at(0, 0, &clock);
        assert_eq!(camera.now(&clock), 10_000);
        for _ in 0..5 {
            clock.advance(1_000);
            clock.set_wall(3_000);
            camera.now(&clock);
        }
        assert_eq!(camera.now(&clock), 15_000);
    }

    #[test]
    fn what_has_passed_before_a_stamp_is_not_counted_after_it() {
        let clock = ManualClock::at(10_000);
        let mut camera = at(10_000, 10_000, &clock);
        clock.advance(5_000);
        camera.at_least(15_000);
        assert_eq!(camera.stored().time, 15_000);
        assert_eq!(camera.now(&clock), 15_000);
        camera.at_least(20_000);
        assert_eq!(camera.now(&clock), 20_000);
        clock.advance(1_000);
        assert_eq!(camera.now(&clock), 21_000);
    }

    #[test]
    fn a_reboot_goes_on_from_the_stored_time_and_the_wall_clock_may_be_ahead() {
        let clock = ManualClock::at(50);
        let mut camera = at(7_000, 7_000, &clock);
        assert_eq!(camera.now(&clock), 7_000);
        clock.set_wall(9_000);
        assert_eq!(camera.now(&clock), 9_000);
    }

    #[test]
    fn the_lease_time_is_never_behind_and_goes_on_with_the_counter() {
        let clock = ManualClock::at(50);
        let mut camera = at(50, 7_000, &clock);
        clock.advance(1_000);
        assert_eq!(
            (camera.now(&clock), camera.lease_time(&clock)),
            (1_050, 8_000)
        );
        clock.set_wall(9_000);
        assert_eq!(
            (camera.now(&clock), camera.lease_time(&clock)),
            (9_000, 9_000)
        );
    }

    #[test]
    fn a_clock_that_is_set_back_is_not_behind_the_wall_clock_and_goes_on_from_no_earlier_reading() {
        let clock = ManualClock::at(100_000);
        let mut camera = at(0, 0, &clock);
        camera.now(&clock);
        clock.set_wall(20_000);
        let seen = camera;
        assert_eq!(camera.set_back(50_000, &clock), 50_000);
        assert_eq!(camera.now(&clock), 50_000);
        assert_eq!(camera.set_back(50_000, &clock), 30_000);
        assert_eq!((camera.now(&clock), camera.corrections()), (20_000, 2));
        camera.go_on_from(seen, &clock);
        assert_eq!(camera.now(&clock), 20_000);
        let seen = camera;
        clock.advance(5_000);
        clock.set_wall(0);
        let mut again = CameraClock::resume(camera.stored(), &clock);
        again.go_on_from(seen, &clock);
        assert_eq!(
            (again.now(&clock), again.lease_time(&clock)),
            (25_000, 25_000)
        );
    }
}
