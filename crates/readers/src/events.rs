//! Finds events: one, a page of a list, or the timeline of a lead.

use std::error::Error;

use domain::EventId;
use ledger::{Order, ReadError, ReadRecord, Reader};
use tracing::error;

use crate::event_page::EventPage;
use crate::event_query::EventQuery;

/// A page ends with the event that takes its headers and bodies to this many bytes.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Finds the events of one ledger. It reads files, so async callers give it a thread of its own.
#[derive(Debug, Clone)]
pub struct Events {
    reader: Reader,
    page_bytes_max: usize,
}

impl Events {
    /// The events this reader sees.
    pub fn new(reader: Reader) -> Events {
        Events { reader, page_bytes_max: PAGE_BYTES_MAX }
    }

    /// Ends pages at another size than [`PAGE_BYTES_MAX`].
    #[must_use]
    pub fn with_page_bytes_max(self, page_bytes_max: usize) -> Events {
        Events { page_bytes_max, ..self }
    }

    /// One page of a list. It ends at the limit of the query or at the size of a page, whichever
    /// comes first, but never before its first event.
    ///
    /// # Errors
    /// When a record cannot be read. One whose body alone does not open is in the page.
    pub fn list(&self, query: &EventQuery) -> Result<EventPage, ReadError> {
        let found = self.reader.list(&query.filter, query.window);
        let mut records = Vec::new();
        let mut bytes = 0;
        // Read one by one, so that no more is held than the page and the event that ends it.
        for record in self.reader.each(&found.seqs) {
            let record = told(record?);
            bytes += bytes_of(&record);
            records.push(record);
            if bytes >= self.page_bytes_max {
                break;
            }
        }
        let last = records.last().map(|record| record.seq);
        let more = found.more || last != found.seqs.last().copied();
        let next = last.filter(|_| more);
        Ok(EventPage::new(records, next, found.complete_to_seq))
    }

    /// One event; none when there is no such event.
    ///
    /// # Errors
    /// When it cannot be read, unless it is only that its body does not open.
    pub fn one(&self, id: &EventId) -> Result<Option<EventPage>, ReadError> {
        let Some(seq) = self.reader.find(id) else { return Ok(None) };
        let records = self.reader.each(&[seq]).map(|record| record.map(told)).collect::<Result<_, _>>()?;
        Ok(Some(EventPage::new(records, None, seq + 1)))
    }
}

fn bytes_of(record: &ReadRecord) -> usize {
    let body = record.body.as_ref().ok().and_then(|body| body.bytes());
    record.header.len() + body.map_or(0, <[u8]>::len)
}

/// Tells the log of a body that does not open. What is shown says only that it is so.
fn told(record: ReadRecord) -> ReadRecord {
    if let Err(wrong) = &record.body {
        let (seq, cause) = (record.seq, wrong.source().map(|cause| format!(": {cause}")));
        error!(seq, "The body of record {seq} cannot be read: {wrong}{}", cause.unwrap_or_default());
    }
    record
}

/// The parameter that continues a list after its last event.
pub(crate) fn cursor_name(order: Order) -> &'static str {
    match order {
        Order::OldestFirst => "after",
        Order::NewestFirst => "before",
    }
}
