//! Follows the ledger: what matches a filter, in order, from a place on, as it becomes durable.
//!
//! It knows nothing of HTTP and holds no events between calls, so a reader that is slow costs
//! nothing but its own delay.

use std::fmt;
use std::sync::Arc;

use ledger::{Filter, Ledger, Order, ReadError, Reader, Window};
use tokio::sync::watch;

use crate::event_page::EventPage;
use crate::gather::{Bodies, gather};

/// Most events of one batch.
pub const BATCH_EVENTS_MAX: usize = 500;
/// A batch ends with the event that takes its headers and bodies to this many bytes.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Whoever has fallen more than this many matching events behind is told of a gap.
pub const BEHIND_EVENTS_MAX: usize = 10_000;

/// Where a tail begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailStart {
    /// With what becomes durable from now on.
    Live,
    /// Behind this seq; at the live edge where that lies beyond it.
    After(u64),
}

/// What comes next.
#[derive(Debug)]
pub enum Tailed {
    /// Events that match, oldest first; [`EventPage::complete_to_seq`] is the seq it goes on with.
    Batch(EventPage),
    /// Too much has come since: the events from `from` on are left out, and it goes on with `to`.
    Gap {
        /// The first seq that was not looked at.
        from: u64,
        /// The seq it goes on with.
        to: u64,
    },
}

/// Follows one ledger.
#[derive(Debug)]
pub struct Tail {
    look: Look,
    durable: watch::Receiver<u64>,
    refresh: Option<Refresh>,
}

/// Gives the filter anew; none where it cannot.
struct Refresh(Box<dyn Fn() -> Option<Filter> + Send + Sync>);

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refresh")
    }
}

/// What a look takes along to its thread.
#[derive(Debug, Clone)]
struct Look {
    reader: Reader,
    filter: Arc<Filter>,
    bodies: Bodies,
    /// The first seq that was not looked at.
    next_seq: u64,
}

impl Tail {
    /// Follows what matches.
    pub fn new(ledger: &Ledger, filter: Filter, start: TailStart) -> Tail {
        let reader = ledger.reader();
        let edge = reader.next_seq();
        let next_seq = match start {
            TailStart::Live => edge,
            TailStart::After(seq) => seq.saturating_add(1).min(edge),
        };
        let look = Look { reader, filter: Arc::new(filter), bodies: Bodies::Read, next_seq };
        Tail { look, durable: ledger.watch_durable(), refresh: None }
    }

    /// Asks for the filter again before it looks: what a filter names can stand elsewhere in the next
    /// version of a flow. Without an answer the last one stays.
    #[must_use]
    pub fn refreshed(mut self, filter: impl Fn() -> Option<Filter> + Send + Sync + 'static) -> Tail {
        self.refresh = Some(Refresh(Box::new(filter)));
        self
    }

    /// Opens no body: what is found can be shown without leads only.
    #[must_use]
    pub fn without_bodies(mut self) -> Tail {
        self.look.bodies = Bodies::Left;
        self
    }

    /// Reads of each event the one before it in its lead, to tell what changed.
    #[must_use]
    pub fn with_before(mut self) -> Tail {
        self.look.bodies = Bodies::WithBefore;
        self
    }

    /// All events below this seq were looked at: a tail that begins after the one before it goes
    /// on without gap or repeat.
    pub fn complete_to_seq(&self) -> u64 {
        self.look.next_seq
    }

    /// Waits for what comes next. Files are read on a thread for that. Dropped half-way, it loses
    /// nothing: the next call looks at the same again.
    ///
    /// # Errors
    /// When a record cannot be read. One whose body alone does not open is in the batch.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn next(&mut self) -> Result<Tailed, ReadError> {
        loop {
            let next_seq = self.look.next_seq;
            let durable = self.durable.wait_for(|durable| *durable > next_seq).await;
            drop(durable.expect("the reader keeps the ledger, and with it the watermark"));
            if let Some(filter) = self.refresh.as_ref().and_then(|refresh| (refresh.0)()) {
                self.look.filter = Arc::new(filter);
            }
            let look = self.look.clone();
            let looked = match tokio::task::spawn_blocking(move || look.next()).await {
                Ok(looked) => looked?,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            let (next_seq, tailed) = looked;
            self.look.next_seq = next_seq;
            if let Some(tailed) = tailed {
                return Ok(tailed);
            }
        }
    }
}

impl Look {
    /// What there is, and the first seq that was not looked at.
    fn next(&self) -> Result<(u64, Option<Tailed>), ReadError> {
        let from = self.next_seq;
        let edge = self.reader.next_seq();
        let window = |limit| Window {
            after: from.checked_sub(1),
            before: Some(edge),
            order: Order::OldestFirst,
            limit,
        };
        let behind = edge.saturating_sub(from);
        if behind > BEHIND_EVENTS_MAX as u64 && self.reader.list(&self.filter, window(BEHIND_EVENTS_MAX)).more
        {
            return Ok((edge, Some(Tailed::Gap { from, to: edge })));
        }
        let found = self.reader.list(&self.filter, window(BATCH_EVENTS_MAX));
        let gathered = gather(&self.reader, &found.seqs, self.bodies, BATCH_BYTES_MAX)?;
        let last = gathered.records.last().map(|record| record.seq);
        let next_seq = match last {
            Some(last) if found.more || found.seqs.last() != Some(&last) => last + 1,
            Some(_) | None => edge,
        };
        let batch = last.map(|_| Tailed::Batch(EventPage::new(gathered, None, next_seq)));
        Ok((next_seq, batch))
    }
}
