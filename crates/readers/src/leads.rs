//! Finds leads and folds what they came to. Which leads a list shows is decided by the index
//! alone; headers are read of those that are shown, and a body only of the one lead that is asked
//! for by its id.

use domain::{LeadId, LeadSummary, Sign, Standing};
use ledger::{Glance, Order, ReadError, ReadRecord, Reader, Window};
use wire::json::ObjectWriter;
use wire::public_event::{Shape, write_snapshot};
use wire::public_lead::{LeadPlace, write_public_lead};
use wire::{Header, HeaderError};

use crate::event_page::{Policies, ShowError, body_of, view_of};
use crate::gather::{READ_BYTES_MAX, told};
use crate::lead_query::LeadQuery;
use crate::names::cursor_name;
use crate::sight::Sight;

/// Most rows of the index that one page looks at: a list that few leads are on comes in short
/// pages.
pub const LEAD_ROWS_MAX: u64 = 500_000;

/// How many leads are looked for at a time when what is asked of them is known only once they are read.
const LEADS_AT_A_TIME: usize = 256;

/// Why leads cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum LeadsError {
    /// A record cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A header is not what headers of events are.
    #[error("the header of record {seq} cannot be understood")]
    Header {
        /// Which record.
        seq: u64,
        /// Why.
        source: HeaderError,
    },
}

/// Finds the leads of one ledger. It reads files, so async callers give it a thread of its own.
#[derive(Debug, Clone)]
pub struct Leads {
    reader: Reader,
    rows_max: u64,
    read_bytes_max: usize,
}

impl Leads {
    /// The leads this reader sees.
    pub fn new(reader: Reader) -> Leads {
        Leads { reader, rows_max: LEAD_ROWS_MAX, read_bytes_max: READ_BYTES_MAX }
    }

    /// Looks at another number of rows for a page than [`LEAD_ROWS_MAX`].
    #[must_use]
    pub fn with_rows_max(self, rows_max: u64) -> Leads {
        Leads { rows_max, ..self }
    }

    /// Ends pages with the lead that takes what is read from the disk to this many bytes.
    #[must_use]
    pub fn with_read_bytes_max(self, read_bytes_max: usize) -> Leads {
        Leads { read_bytes_max, ..self }
    }

    /// One page of a list. It may be short, or empty, and still have a page after it: it ends at
    /// the limit of the query, when enough rows were looked at, or when enough was read.
    ///
    /// # Errors
    /// When a record cannot be read.
    ///
    /// # Panics
    /// When the query was not resolved.
    pub fn list(&self, query: &LeadQuery) -> Result<LeadPage, LeadsError> {
        assert!(query.declared.is_empty(), "what is asked of dims and fields is resolved first");
        let wanted = query.window.limit;
        let mut read_bytes = 0;
        let mut page = self.part(query, query.window, wanted, &mut read_bytes)?;
        // Margins are known once leads are read, and those that are asked for may be few among many.
        while query.asks_margin()
            && page.leads.len() < wanted
            && read_bytes < self.read_bytes_max
            && let Some(seq) = page.next
        {
            let mut window = Window { limit: wanted.max(LEADS_AT_A_TIME), ..query.window };
            match window.order {
                Order::OldestFirst => window.after = Some(seq),
                Order::NewestFirst => window.before = Some(seq),
            }
            let part = self.part(query, window, wanted - page.leads.len(), &mut read_bytes)?;
            page.leads.extend(part.leads);
            page.next = part.next;
        }
        Ok(page)
    }

    /// One look at the index, and the first `wanted` leads it gave.
    fn part(
        &self,
        query: &LeadQuery,
        window: Window,
        wanted: usize,
        read_bytes: &mut usize,
    ) -> Result<LeadPage, LeadsError> {
        let takes = |events: &[Glance]| query.takes(&standing(events));
        let found = self.reader.list_chains(&query.chains(), window, self.rows_max, takes);
        let mut page =
            LeadPage { leads: Vec::new(), next: found.next, complete_to_seq: found.complete_to_seq };
        for (at, seqs) in found.chains.iter().enumerate() {
            let Some(lead) = self.fold(seqs, read_bytes)? else { continue };
            let seq = lead.place.seq;
            if query.takes_margin(lead.summary.margin()) {
                page.leads.push(lead);
            }
            let is_full = *read_bytes >= self.read_bytes_max || page.leads.len() == wanted;
            if is_full && at + 1 < found.chains.len() {
                page.next = Some(seq);
                break;
            }
        }
        Ok(page)
    }

    /// One lead with its newest snapshot; none when there is no such lead.
    ///
    /// # Errors
    /// When a record cannot be read, unless it is only that its body does not open.
    pub fn one(&self, lead_id: LeadId) -> Result<Option<LeadDetail>, LeadsError> {
        let seqs = self.reader.chain(lead_id);
        let Some(lead) = self.fold(&seqs, &mut 0)? else { return Ok(None) };
        let newest = self.reader.each(&seqs[seqs.len() - 1..]).next().transpose()?.map(told);
        Ok(newest.map(|newest| LeadDetail { lead, newest }))
    }

    /// Folds the events of a lead, oldest first.
    fn fold(&self, seqs: &[u64], read_bytes: &mut usize) -> Result<Option<FoundLead>, LeadsError> {
        let mut summary: Option<LeadSummary> = None;
        for read in self.reader.headers(seqs) {
            let read = read?;
            *read_bytes += read.stored_bytes;
            let event = Header::read(&read.header)
                .and_then(|header| wire::read_event(&header, None))
                .map_err(|source| LeadsError::Header { seq: read.seq, source })?;
            summary.get_or_insert_with(|| LeadSummary::begin(&event.head)).after(&event.head, &event.kind);
        }
        let place = seqs.first().zip(seqs.last()).map(|(seq, last)| LeadPlace { seq: *seq, last_seq: *last });
        Ok(summary.zip(place).map(|(summary, place)| FoundLead { summary, place }))
    }
}

/// Where a lead stands by its events as the index knows them.
fn standing(events: &[Glance]) -> Standing {
    let mut standing = Standing::default();
    for Glance { event_type, party, outcome, feedback, copy, seq: _, step: _, asked: _ } in events {
        if let Some(event_type) = *event_type {
            let (party, outcome, feedback, copy) = (*party, *outcome, *feedback, *copy);
            standing.after(Sign { event_type, party, outcome, feedback, copy });
        }
    }
    standing
}

/// A lead that was found.
#[derive(Debug)]
pub struct FoundLead {
    /// What it came to.
    pub summary: LeadSummary,
    /// Where its events lie.
    pub place: LeadPlace,
}

/// Leads that were found, in the order asked for.
#[derive(Debug)]
pub struct LeadPage {
    leads: Vec<FoundLead>,
    next: Option<u64>,
    complete_to_seq: u64,
}

impl LeadPage {
    /// The leads.
    pub fn leads(&self) -> &[FoundLead] {
        &self.leads
    }

    /// The parameter that asks for the page after this one, name and value; none on the last.
    pub fn next(&self, order: Order) -> Option<(&'static str, u64)> {
        self.next.map(|seq| (cursor_name(order), seq))
    }

    /// All events below this seq were looked at or could have been; none of the others is part of
    /// this answer.
    pub fn complete_to_seq(&self) -> u64 {
        self.complete_to_seq
    }

    /// Appends the public JSON of each lead, with commas between.
    pub fn write(&self, out: &mut Vec<u8>) {
        for (at, FoundLead { summary, place }) in self.leads.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            let mut object = ObjectWriter::open(out);
            write_public_lead(summary, *place, &mut object);
            object.close();
        }
    }
}

/// One lead with its newest snapshot, not shown to anybody yet.
#[derive(Debug)]
pub struct LeadDetail {
    lead: FoundLead,
    newest: ReadRecord,
}

impl LeadDetail {
    /// Appends its public JSON. The snapshot is masked by the version of the flow that produced it,
    /// unless values are asked for in clear.
    ///
    /// # Errors
    /// When the snapshot cannot be shown; `out` then holds a part.
    pub fn write(&self, sight: &Sight, policies: &dyn Policies, out: &mut Vec<u8>) -> Result<(), ShowError> {
        let LeadDetail { lead: FoundLead { summary, place }, newest } = self;
        let mut object = ObjectWriter::open(out);
        write_public_lead(summary, *place, &mut object);
        if sight.shape != Shape::None {
            let flow = (summary.flow_id.clone(), summary.flow_version);
            let view = view_of(Some(&flow), sight, policies);
            write_snapshot(&newest.header, body_of(&newest.body), &view, &mut object)
                .map_err(|source| ShowError::Event { seq: newest.seq, source })?;
        }
        object.close();
        Ok(())
    }
}
