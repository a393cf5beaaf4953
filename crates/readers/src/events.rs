//! Finds events: one, a page of a list, or the timeline of a lead.

use domain::EventId;
use ledger::{Order, ReadError, Reader};

use crate::event_page::EventPage;
use crate::event_query::EventQuery;

/// Finds the events of one ledger. It reads files, so async callers give it a thread of its own.
#[derive(Debug, Clone)]
pub struct Events {
    reader: Reader,
}

impl Events {
    /// The events this reader sees.
    pub fn new(reader: Reader) -> Events {
        Events { reader }
    }

    /// One page of a list.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn list(&self, query: &EventQuery) -> Result<EventPage, ReadError> {
        let page = self.reader.list(&query.filter, query.window);
        let records = self.reader.records(&page.seqs)?;
        let next = page.more.then(|| page.seqs.last().copied()).flatten();
        Ok(EventPage::new(records, next, page.complete_to_seq))
    }

    /// One event; none when there is no such event.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn one(&self, id: &EventId) -> Result<Option<EventPage>, ReadError> {
        let Some(seq) = self.reader.find(id) else { return Ok(None) };
        let records = self.reader.records(&[seq])?;
        Ok(Some(EventPage::new(records, None, seq + 1)))
    }
}

/// The parameter that continues a list after its last event.
pub(crate) fn cursor_name(order: Order) -> &'static str {
    match order {
        Order::OldestFirst => "after",
        Order::NewestFirst => "before",
    }
}
