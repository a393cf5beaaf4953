//! A clock that stands still until it is moved.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use engine::Clock;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock {
    start_ms: i64,
    /// What the wall would show had nobody set it back.
    now_ms: AtomicI64,
    /// How far it was set back in all.
    back_ms: AtomicI64,
}

impl FakeClock {
    /// Stands at this moment.
    pub fn at(now: Timestamp) -> FakeClock {
        FakeClock {
            start_ms: now.as_millis(),
            now_ms: AtomicI64::new(now.as_millis()),
            back_ms: AtomicI64::new(0),
        }
    }

    /// Moves on.
    pub fn advance(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).expect("tests move by days at most");
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Moves to a moment, never back.
    pub fn advance_to(&self, at: Timestamp) {
        self.now_ms.fetch_max(at.as_millis() + self.back_ms.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Sets the clock for people back; the one for measuring goes on.
    pub fn set_back(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).expect("tests move by days at most");
        self.back_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::SeqCst) - self.back_ms.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        let since = self.now_ms.load(Ordering::SeqCst) - self.start_ms;
        Duration::from_millis(u64::try_from(since).expect("the clock never goes back"))
    }
}
