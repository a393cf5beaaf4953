//! Idempotency keys: the same submission sent twice makes one lead and gets one answer.
//!
//! What is kept of a key and of what came with it are tags, keyed hashes that only this installation
//! can make. They stand in the header of `source.submitted`, so the table is rebuilt at any start.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Idempotency, LeadId, Timestamp};
use tokio::sync::watch;

/// How long a key is kept, in milliseconds.
pub(crate) const KEPT_MS: i64 = 24 * 3600 * 1000;
/// Most keys kept at a time; past this the oldest give way.
const KEYS_MAX: usize = 5_000_000;

/// All keys of the last day. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct IdempotencyKeys {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<[u8; 12], Entry>,
    /// By time, oldest first.
    order: VecDeque<(Timestamp, [u8; 12])>,
}

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    payload: [u8; 12],
    lead_id: LeadId,
    /// Set once the lead has its answer; closed when it never will.
    answered: watch::Receiver<bool>,
}

/// What became of a key.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Nobody used it: the lead goes on, and says so when it has its answer.
    New(watch::Sender<bool>),
    /// The same submission came before, or is under way.
    Twin(LeadId, watch::Receiver<bool>),
    /// It came with something else.
    Other,
}

impl IdempotencyKeys {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims a key for a lead, unless it was claimed within `kept_ms`: of two submissions at once exactly
    /// one gets it.
    pub(crate) fn claim(&self, tags: Idempotency, lead_id: LeadId, kept_ms: i64, now: Timestamp) -> Claim {
        let mut inner = self.inner();
        inner.forget_old(now);
        if let Some(entry) = inner.kept(tags, kept_ms, now) {
            return if entry.payload == tags.payload {
                Claim::Twin(entry.lead_id, entry.answered.clone())
            } else {
                Claim::Other
            };
        }
        let (sender, answered) = watch::channel(false);
        inner.add(tags, lead_id, now, answered);
        Claim::New(sender)
    }

    /// Whether the same submission of a key came within `kept_ms`.
    pub(crate) fn is_known(&self, tags: Idempotency, kept_ms: i64, now: Timestamp) -> bool {
        self.inner().kept(tags, kept_ms, now).is_some_and(|entry| entry.payload == tags.payload)
    }

    /// A key of an earlier life, in order of time. Told again, it is of a lead that is being taken to its
    /// end, which will tell of its answer.
    pub(crate) fn restore(
        &self,
        tags: Idempotency,
        lead_id: LeadId,
        at: Timestamp,
        answered: watch::Receiver<bool>,
    ) {
        let mut inner = self.inner();
        match inner.entries.get_mut(&tags.key) {
            Some(entry) if entry.lead_id == lead_id => entry.answered = answered,
            // A key that was claimed again is the later lead's.
            Some(entry) if entry.at > at => {}
            Some(_) | None => inner.add(tags, lead_id, at, answered),
        }
    }

    /// Every key by time: key, what came with it, the lead, and when.
    pub(crate) fn all(&self) -> Vec<([u8; 12], [u8; 12], LeadId, Timestamp)> {
        let inner = self.inner();
        let all = inner.entries.iter();
        let mut all: Vec<_> =
            all.map(|(key, entry)| (*key, entry.payload, entry.lead_id, entry.at)).collect();
        all.sort_unstable_by_key(|(key, _, _, at)| (*at, *key));
        all
    }

    /// Gives a key back whose lead was never recorded.
    pub(crate) fn release(&self, tags: Idempotency, lead_id: LeadId) {
        let mut inner = self.inner();
        if inner.entries.get(&tags.key).is_some_and(|entry| entry.lead_id == lead_id) {
            inner.entries.remove(&tags.key);
        }
    }
}

impl Inner {
    fn kept(&self, tags: Idempotency, kept_ms: i64, now: Timestamp) -> Option<&Entry> {
        self.entries.get(&tags.key).filter(|entry| now < entry.at.plus_millis(kept_ms))
    }

    fn add(&mut self, tags: Idempotency, lead_id: LeadId, at: Timestamp, answered: watch::Receiver<bool>) {
        self.entries.insert(tags.key, Entry { at, payload: tags.payload, lead_id, answered });
        self.order.push_back((at, tags.key));
        if self.order.len() > KEYS_MAX {
            self.forget_first();
        }
    }

    fn forget_old(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(at, _)| at.plus_millis(KEPT_MS) <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((at, key)) = self.order.pop_front() {
            // One that was claimed again since is of a later time, and has a place of its own.
            if self.entries.get(&key).is_some_and(|entry| entry.at <= at) {
                self.entries.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(key: u8, payload: u8) -> Idempotency {
        Idempotency { key: [key; 12], payload: [payload; 12] }
    }

    fn lead(number: u8) -> LeadId {
        format!("lead_{number:024x}").parse().unwrap()
    }

    #[test]
    fn a_key_is_one_leads_for_a_day() {
        let keys = IdempotencyKeys::default();
        let at = Timestamp::from_millis;
        let Claim::New(sender) = keys.claim(tags(1, 1), lead(1), KEPT_MS, at(0)) else { panic!("it is new") };
        let Claim::Twin(first, answered) = keys.claim(tags(1, 1), lead(2), KEPT_MS, at(5)) else {
            panic!("a twin")
        };
        assert_eq!((first, *answered.borrow()), (lead(1), false));
        sender.send(true).unwrap();
        assert!(*answered.borrow());
        assert!(matches!(keys.claim(tags(1, 2), lead(2), KEPT_MS, at(5)), Claim::Other));
        assert!(matches!(keys.claim(tags(2, 1), lead(2), KEPT_MS, at(5)), Claim::New(_)));
        assert!(matches!(keys.claim(tags(1, 2), lead(3), KEPT_MS, at(KEPT_MS)), Claim::New(_)));
    }

    #[test]
    fn a_key_that_is_kept_for_less_is_claimed_again_after_it() {
        let keys = IdempotencyKeys::default();
        let at = Timestamp::from_millis;
        assert!(matches!(keys.claim(tags(1, 1), lead(1), 60, at(0)), Claim::New(_)));
        assert!(keys.is_known(tags(1, 1), 60, at(59)) && !keys.is_known(tags(1, 1), 60, at(60)));
        assert!(matches!(keys.claim(tags(1, 1), lead(2), 60, at(59)), Claim::Twin(..)));
        assert!(matches!(keys.claim(tags(1, 1), lead(3), 60, at(60)), Claim::New(_)));
        // The place of the first claim runs out, that of the second does not.
        assert!(matches!(keys.claim(tags(2, 2), lead(4), 60, at(KEPT_MS)), Claim::New(_)));
        assert!(keys.is_known(tags(1, 1), KEPT_MS, at(KEPT_MS)));
    }

    #[test]
    fn a_key_whose_lead_was_never_recorded_is_free_again() {
        let keys = IdempotencyKeys::default();
        let at = Timestamp::from_millis(0);
        assert!(matches!(keys.claim(tags(1, 1), lead(1), KEPT_MS, at), Claim::New(_)));
        keys.release(tags(1, 1), lead(2));
        assert!(matches!(keys.claim(tags(1, 1), lead(2), KEPT_MS, at), Claim::Twin(..)));
        keys.release(tags(1, 1), lead(1));
        assert!(matches!(keys.claim(tags(1, 1), lead(2), KEPT_MS, at), Claim::New(_)));
    }
}
