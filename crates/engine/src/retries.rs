//! Retries that wait for their time. What is here can be rebuilt from the events at any start.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{EventId, LeadId, Timestamp};
use tokio::sync::Notify;

/// One attempt that is due later, in order of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    pub(crate) lead_id: LeadId,
    pub(crate) delivery_id: EventId,
}

/// All retries that wait. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retries {
    waiting: Arc<Mutex<BinaryHeap<Reverse<Due>>>>,
    /// Woken when one is added, which may be due before all others.
    added: Arc<Notify>,
}

impl Retries {
    fn waiting(&self) -> MutexGuard<'_, BinaryHeap<Reverse<Due>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, due: Due) {
        self.waiting().push(Reverse(due));
        self.added.notify_one();
    }

    /// When the first is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.waiting().peek().map(|Reverse(due)| due.at)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting().len()
    }

    /// Takes the first that is due by now.
    pub(crate) fn take_due(&self, now: Timestamp) -> Option<Due> {
        let mut waiting = self.waiting();
        let Reverse(first) = waiting.peek()?;
        if first.at > now {
            return None;
        }
        waiting.pop().map(|Reverse(due)| due)
    }

    /// Waits until one is added.
    pub(crate) async fn wait_for_more(&self) {
        self.added.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_first_comes_first_and_nothing_comes_early() {
        let retries = Retries::default();
        let due = |ms: i64| Due {
            at: Timestamp::from_millis(ms),
            lead_id: "lead_018d0d882e839a41d06f0001".parse().unwrap(),
            delivery_id: "evt_018d0d882e839a41d06f0001".parse().unwrap(),
        };
        for ms in [30, 10, 20] {
            retries.add(due(ms));
        }
        assert_eq!(retries.next(), Some(Timestamp::from_millis(10)));
        assert_eq!(retries.take_due(Timestamp::from_millis(9)), None);
        assert_eq!(retries.take_due(Timestamp::from_millis(20)), Some(due(10)));
        assert_eq!(retries.take_due(Timestamp::from_millis(20)), Some(due(20)));
        assert_eq!(retries.take_due(Timestamp::from_millis(20)), None);
        assert_eq!(retries.len(), 1);
    }
}
