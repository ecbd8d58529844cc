//! Time, passed in.
//!
//! A camera's lease must end although whoever serves it the time of day would rather it did not:
//! [`CameraClock`] only moves forward, with the monotonic counter that nobody sets, and takes the
//! wall clock only where that is ahead (SPEC section "Time").

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

/// The camera's time.
#[derive(Clone, Debug)]
pub struct CameraClock {
    /// The time when the monotonic counter was at `anchor`.
    floor: Time,
    anchor: Time,
    /// The latest time given to [`CameraClock::at_least`].
    least: Time,
}

impl CameraClock {
    /// Starts from the time that the camera stored last: the time while it was off is known only
    /// if the wall clock tells.
    pub fn resume(floor: Time, clock: &dyn Clock) -> Self {
        Self {
            floor,
            anchor: clock.monotonic(),
            least: floor,
        }
    }

    /// The time: the wall clock, or the last time plus what has passed since, whichever is later.
    pub fn now(&mut self, clock: &dyn Clock) -> Time {
        let monotonic = clock.monotonic();
        let passed = monotonic.saturating_sub(self.anchor);
        let counted = self.floor.saturating_add(passed);
        self.floor = clock.wall().max(counted).max(self.least);
        self.anchor = monotonic;
        self.floor
    }

    /// The time to store: the latest one known.
    pub fn stored(&self) -> Time {
        self.floor.max(self.least)
    }

    /// Takes notice that it is at least `time`: an authentic message was made then.
    pub fn at_least(&mut self, time: Time) {
        self.least = self.least.max(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_though_the_wall_clock_is_held_back() {
        let clock = ManualClock::at(10_000);
        let mut camera = CameraClock::resume(0, &clock);
        assert_eq!(camera.now(&clock), 10_000);
        for _ in 0..5 {
            clock.advance(1_000);
            clock.set_wall(3_000);
            camera.now(&clock);
        }
        assert_eq!(camera.now(&clock), 15_000);
    }

    #[test]
    fn what_has_passed_before_a_message_is_not_counted_after_it() {
        let clock = ManualClock::at(10_000);
        let mut camera = CameraClock::resume(10_000, &clock);
        clock.advance(5_000);
        camera.at_least(15_000);
        assert_eq!(camera.stored(), 15_000);
        assert_eq!(camera.now(&clock), 15_000);
        camera.at_least(20_000);
        assert_eq!(camera.now(&clock), 20_000);
        clock.advance(1_000);
        assert_eq!(camera.now(&clock), 21_000);
    }

    #[test]
    fn a_reboot_goes_on_from_the_stored_time_and_the_wall_clock_may_be_ahead() {
        let clock = ManualClock::at(50);
        let mut camera = CameraClock::resume(7_000, &clock);
        assert_eq!(camera.now(&clock), 7_000);
        clock.set_wall(9_000);
        assert_eq!(camera.now(&clock), 9_000);
    }
}
