//! The clocks of one life: virtual time, and a wall clock that somebody may set wrong.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use engine::Clock;
use tokio::time::Instant;

/// Follows tokio's paused time. Made and read inside a runtime only.
#[derive(Debug)]
pub(super) struct VirtualClock {
    start: Instant,
    /// What the wall showed at the start, with all that it was moved since.
    wall_ms: AtomicI64,
}

impl VirtualClock {
    pub(super) fn at(now: Timestamp) -> VirtualClock {
        VirtualClock { start: Instant::now(), wall_ms: AtomicI64::new(now.as_millis()) }
    }

    /// Sets the wall clock forward, or back.
    pub(super) fn jump(&self, by_ms: i64) {
        self.wall_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let since = i64::try_from(self.monotonic().as_millis()).expect("lives are short");
        Timestamp::from_millis(self.wall_ms.load(Ordering::SeqCst) + since)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}
