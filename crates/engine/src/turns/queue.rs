//! The turns of one party or step: first come, first served.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{LimitPeriod, Limits};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::window::Window;

/// Most calls that wait for a turn of one party or step.
const WAITING_MAX: u32 = 10_000;

/// The turns of one party or step. Limits come along with each call, since they may change any moment.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Held by who is next; others get it in the order they came.
    line: tokio::sync::Mutex<()>,
    waiting: AtomicU32,
    turns: Mutex<Turns>,
    /// A call ended.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Turns {
    under_way: u32,
    windows: Vec<(LimitPeriod, Window)>,
}

/// Which limit keeps a call from its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    AtATime(u32),
    Within { period: LimitPeriod, max: u32, until: Instant },
}

/// Why no turn came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// A limit was reached for all of the time.
    Full(Full),
    /// Others were before it for all of the time.
    Late,
    /// So many wait already.
    Crowded(u32),
}

/// The right to one call; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Queue>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.turns().under_way -= 1;
        self.0.freed.notify_one();
    }
}

/// Counts who waits.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Queue {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn within the limits, by the deadline. Who can know that none comes in time does not wait.
    pub(super) async fn turn(self: &Arc<Queue>, limits: &Limits, deadline: Instant) -> Result<Turn, NoTurn> {
        if limits.is_none() {
            self.turns().under_way += 1;
            return Ok(Turn(Arc::clone(self)));
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(NoTurn::Crowded(WAITING_MAX));
        }
        let _waiting = Waiting(&self.waiting);
        // Nothing is lost when the time ends: who is next by then looks for itself.
        match timeout_at(deadline, self.wait(limits, deadline)).await {
            Ok(Ok(())) => Ok(Turn(Arc::clone(self))),
            Ok(Err(full)) => Err(NoTurn::Full(full)),
            Err(_) => {
                let full = self.turns().full(limits, Instant::now());
                Err(full.map_or(NoTurn::Late, NoTurn::Full))
            }
        }
    }

    async fn wait(&self, limits: &Limits, deadline: Instant) -> Result<(), Full> {
        let _line = self.line.lock().await;
        loop {
            let full = self.turns().take(limits, Instant::now());
            match full {
                None => return Ok(()),
                Some(full @ Full::Within { until, .. }) if until > deadline => return Err(full),
                Some(Full::Within { until, .. }) => sleep_until(until).await,
                // A call that ended since the look left its word.
                Some(Full::AtATime(_)) => self.freed.notified().await,
            }
        }
    }
}

impl Turns {
    /// The limit that keeps the next call away; of several periods the one that lasts longest.
    fn full(&mut self, limits: &Limits, now: Instant) -> Option<Full> {
        let mut full: Option<Full> = None;
        for (period, max) in limits.rates() {
            if let Some(until) = self.window(period).full_until(max, now)
                && !matches!(full, Some(Full::Within { until: other, .. }) if other >= until)
            {
                full = Some(Full::Within { period, max, until });
            }
        }
        let at_a_time = limits.concurrent.filter(|max| self.under_way >= *max);
        full.or(at_a_time.map(Full::AtATime))
    }

    /// Begins a call, unless a limit keeps it away.
    fn take(&mut self, limits: &Limits, now: Instant) -> Option<Full> {
        let full = self.full(limits, now);
        if full.is_none() {
            self.under_way += 1;
            for (period, _) in limits.rates() {
                self.window(period).count(now);
            }
        }
        full
    }

    fn window(&mut self, period: LimitPeriod) -> &mut Window {
        let at = self.windows.iter().position(|(own, _)| *own == period).unwrap_or_else(|| {
            self.windows.push((period, Window::new(period.length())));
            self.windows.len() - 1
        });
        &mut self.windows[at].1
    }
}

impl Full {
    /// The limit in words.
    pub(super) fn limit(&self) -> String {
        match self {
            Full::AtATime(max) => format!("{max} at a time"),
            Full::Within { period, max, .. } => format!("{max} per {period}"),
        }
    }

    /// How long it lasts from a moment on, where that is known.
    pub(super) fn lasts(&self, now: Instant) -> Option<Duration> {
        match self {
            Full::AtATime(_) => None,
            Full::Within { until, .. } => Some(until.saturating_duration_since(now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_a_time(max: u32) -> Limits {
        Limits { concurrent: Some(max), ..Limits::default() }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(500)
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_in_order_as_others_end() {
        let queue = Arc::new(Queue::default());
        let held = [
            queue.turn(&at_a_time(2), soon()).await.unwrap(),
            queue.turn(&at_a_time(2), soon()).await.unwrap(),
        ];
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..5 {
            let (queue, told) = (Arc::clone(&queue), told.clone());
            tokio::spawn(async move {
                let _turn = queue.turn(&at_a_time(2), soon()).await.unwrap();
                told.send(number).unwrap();
            });
            tokio::task::yield_now().await;
        }
        assert!(order.try_recv().is_err());
        drop(held);
        for number in 0..5 {
            assert_eq!(order.recv().await, Some(number));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_in_vain_is_told_by_which_limit_and_leaves_its_place() {
        let queue = Arc::new(Queue::default());
        let held = queue.turn(&at_a_time(1), soon()).await.unwrap();
        let (start, limits) = (Instant::now(), at_a_time(1));
        let (first, second) = tokio::join!(queue.turn(&limits, soon()), queue.turn(&limits, soon()));
        assert_eq!(start.elapsed(), Duration::from_millis(500));
        for late in [first, second] {
            assert_eq!(late.unwrap_err(), NoTurn::Full(Full::AtATime(1)));
        }
        drop(held);
        queue.turn(&at_a_time(1), soon()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_lets_in_when_its_period_is_over() {
        let queue = Arc::new(Queue::default());
        let limits = Limits { per_second: Some(2), ..Limits::default() };
        let later = Instant::now() + Duration::from_secs(10);
        let start = Instant::now();
        for _ in 0..5 {
            drop(queue.turn(&limits, later).await.unwrap());
        }
        assert_eq!(start.elapsed(), Duration::from_secs(2));

        // Who can know that no turn comes in time does not wait for it.
        let hourly = Limits { per_hour: Some(1), ..Limits::default() };
        drop(queue.turn(&hourly, soon()).await.unwrap());
        let asked = Instant::now();
        let Err(NoTurn::Full(full)) = queue.turn(&hourly, soon()).await else { panic!("it had its turn") };
        assert_eq!(
            (full.limit().as_str(), full.lasts(asked)),
            ("1 per hour", Some(Duration::from_secs(3_600)))
        );
        assert_eq!(asked.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_wait_and_no_more() {
        let queue = Arc::new(Queue::default());
        let _held = queue.turn(&at_a_time(1), soon()).await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..=WAITING_MAX {
            let queue = Arc::clone(&queue);
            waiting.spawn(async move { queue.turn(&at_a_time(1), soon()).await.map(drop) });
        }
        let told = waiting.join_all().await;
        let crowded = told.iter().filter(|told| **told == Err(NoTurn::Crowded(WAITING_MAX))).count();
        assert_eq!((told.len(), crowded), (10_001, 1));
    }
}
