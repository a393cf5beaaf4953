//! Finds events: one, a page of a list, or the timeline of a lead.

use domain::EventId;
use ledger::{ReadError, Reader};

use crate::event_page::EventPage;
use crate::event_query::EventQuery;
use crate::gather::{Bodies, gather};

/// A page ends with the event that takes its headers and bodies to this many bytes.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Finds the events of one ledger. It reads files, so async callers give it a thread of its own.
#[derive(Debug, Clone)]
pub struct Events {
    reader: Reader,
    page_bytes_max: usize,
    bodies: Bodies,
}

impl Events {
    /// The events this reader sees.
    pub fn new(reader: Reader) -> Events {
        Events { reader, page_bytes_max: PAGE_BYTES_MAX, bodies: Bodies::Read }
    }

    /// Ends pages at another size than [`PAGE_BYTES_MAX`].
    #[must_use]
    pub fn with_page_bytes_max(self, page_bytes_max: usize) -> Events {
        Events { page_bytes_max, ..self }
    }

    /// Opens no body: what is found can be shown without leads only.
    #[must_use]
    pub fn without_bodies(self) -> Events {
        Events { bodies: Bodies::Left, ..self }
    }

    /// Reads of each event the one before it in its lead, to tell what changed.
    #[must_use]
    pub fn with_before(self) -> Events {
        Events { bodies: Bodies::WithBefore, ..self }
    }

    /// One page of a list. It ends at the limit of the query or at the size of a page, whichever
    /// comes first, but never before its first event.
    ///
    /// # Errors
    /// When a record cannot be read. One whose body alone does not open is in the page.
    ///
    /// # Panics
    /// When the query was not resolved.
    pub fn list(&self, query: &EventQuery) -> Result<EventPage, ReadError> {
        assert!(query.declared.is_empty(), "what is asked of dims and fields is resolved first");
        let found = self.reader.list(&query.filter, query.window);
        let gathered = gather(&self.reader, &found.seqs, self.bodies, self.page_bytes_max)?;
        let last = gathered.records.last().map(|record| record.seq);
        let more = found.more || last != found.seqs.last().copied();
        let next = last.filter(|_| more);
        Ok(EventPage::new(gathered, next, found.complete_to_seq))
    }

    /// One event; none when there is no such event.
    ///
    /// # Errors
    /// When it cannot be read, unless it is only that its body does not open.
    pub fn one(&self, id: &EventId) -> Result<Option<EventPage>, ReadError> {
        let Some(seq) = self.reader.find(id) else { return Ok(None) };
        let gathered = gather(&self.reader, &[seq], self.bodies, self.page_bytes_max)?;
        Ok(Some(EventPage::new(gathered, None, seq + 1)))
    }
}
