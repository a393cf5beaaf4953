//! How long sensitive values are kept: as long as the lead may still need them, and never longer than
//! three days.
//!
//! They are sealed under a short-lived key of their own (`EventBody::sensitive`). Here stands which of
//! these keys live and whose they are; [`Engine::forget_values`] destroys those that nobody needs. What
//! is here can be rebuilt from the ledger at any start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{ChainId, LeadId, Timestamp};
use ledger::RecordError;
use tokio::runtime::{Handle, RuntimeFlavor};
use tracing::warn;

use crate::Engine;

/// How long sensitive values are kept at most, in milliseconds: three days.
const KEPT_MAX_MS: i64 = 72 * 3600 * 1000;
/// How often keys that nobody needs are destroyed, in milliseconds: well within the minute that is
/// promised.
pub(crate) const FORGET_EVERY_MS: i64 = 20_000;
/// Most keys destroyed with one sync.
const FORGET_AT_A_TIME_MAX: usize = 4096;

/// A key that lives.
#[derive(Debug, Clone, Copy)]
struct Kept {
    lead_id: LeadId,
    since: Timestamp,
    /// Whether the lead needs it no more.
    ended: bool,
}

/// The short-lived keys by their slots. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct SensitiveKeys {
    kept: Arc<Mutex<HashMap<u64, Kept>>>,
}

impl SensitiveKeys {
    fn kept(&self) -> MutexGuard<'_, HashMap<u64, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a key in use.
    pub(crate) fn add(&self, slot: u64, lead_id: LeadId, since: Timestamp) {
        self.kept().entry(slot).or_insert(Kept { lead_id, since, ended: false });
    }

    /// The lead had its last step or retry.
    pub(crate) fn ended(&self, slot: u64) {
        if let Some(kept) = self.kept().get_mut(&slot) {
            kept.ended = true;
        }
    }

    /// Those that may be destroyed; `is_idle` says whether everything of a lead is durable, since a lead
    /// whose end a crash takes back needs its values again.
    fn due(&self, now: Timestamp, is_idle: impl Fn(LeadId) -> bool) -> Vec<u64> {
        let kept = self.kept();
        let due = kept.iter().filter(|(_, kept)| {
            kept.since.plus_millis(KEPT_MAX_MS) <= now || (kept.ended && is_idle(kept.lead_id))
        });
        due.map(|(slot, _)| *slot).take(FORGET_AT_A_TIME_MAX).collect()
    }

    fn forget(&self, slots: &[u64]) {
        let mut kept = self.kept();
        for slot in slots {
            kept.remove(slot);
        }
    }

    fn len(&self) -> usize {
        self.kept().len()
    }
}

impl Engine {
    /// Destroys the keys of sensitive values that no lead needs any more, and of those that are three days
    /// old; gives how many. Whatever was sealed under them can never be read again.
    /// [`keep_retrying`](Engine::keep_retrying) does it several times a minute.
    ///
    /// # Errors
    /// When the vault cannot be written; the ledger has then stopped.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn forget_values(&self) -> Result<usize, RecordError> {
        let (keys, leads) = (&self.context().sensitive, self.leads());
        let mut forgotten = 0;
        loop {
            let due = keys.due(self.context().clock.now(), |lead_id| leads.is_idle(lead_id));
            if due.is_empty() {
                return Ok(forgotten);
            }
            match Handle::current().runtime_flavor() {
                // Others go on while this thread waits for the disk.
                RuntimeFlavor::MultiThread => {
                    tokio::task::block_in_place(|| leads.erase_sensitive(&due))?;
                }
                _ => leads.erase_sensitive(&due)?,
            }
            keys.forget(&due);
            forgotten += due.len();
        }
    }

    /// How many leads have sensitive values that are kept.
    pub fn sensitive_leads(&self) -> usize {
        self.context().sensitive.len()
    }

    /// Takes up the keys that an earlier life left; those of leads that are not open are not needed.
    pub(crate) fn restore_sensitive_keys(
        &self,
        is_open: impl Fn(ChainId) -> bool,
    ) -> Result<(), RecordError> {
        let keys = &self.context().sensitive;
        for slot in self.leads().sensitive_slots() {
            let ChainId::Lead(lead_id) = slot.chain else { continue };
            keys.add(slot.slot, lead_id, slot.since);
            if !is_open(slot.chain) {
                keys.ended(slot.slot);
            }
        }
        self.forget_values().map(drop)
    }

    /// The same for whoever repeats it: a failure is told by the ledger, which has stopped.
    pub(crate) fn forget_values_or_tell(&self) {
        if let Err(error) = self.forget_values() {
            warn!(error = &error as &dyn std::error::Error, "Sensitive values are not destroyed");
        }
    }
}
