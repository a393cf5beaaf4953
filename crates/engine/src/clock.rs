//! Time as the engine sees it: a clock for people and one for measuring.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use domain::Timestamp;

/// A clock; tests give their own.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The moment, for people. It may jump.
    fn now(&self) -> Timestamp;

    /// Time since some fixed start, for measuring. It never goes back.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let millis = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Timestamp::from_millis(millis)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}
