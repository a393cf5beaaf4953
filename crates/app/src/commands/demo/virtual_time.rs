//! A clock that goes only where it is put: a day passes in seconds.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use engine::Clock;

/// A clock for one thing after the other: everybody sees the same moment.
#[derive(Debug)]
pub(super) struct VirtualClock {
    start: Timestamp,
    now_ms: AtomicI64,
}

impl VirtualClock {
    pub(super) fn new(start: Timestamp) -> VirtualClock {
        VirtualClock { start, now_ms: AtomicI64::new(start.as_millis()) }
    }

    /// Lets time pass.
    pub(super) fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.now_ms.fetch_add(millis, Ordering::SeqCst);
    }

    /// Goes to a moment; never back.
    pub(super) fn advance_to(&self, at: Timestamp) {
        self.now_ms.fetch_max(at.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now().millis_since(self.start))
    }
}
