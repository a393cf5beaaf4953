//! Events as the index knows them, for folds that need little of many: no file is opened.

use domain::{ChainId, EventId, EventType, FeedbackKind, Outcome, Timestamp};

use crate::index::{self, Flags, Row, Word};
use crate::reader::{ROWS_AT_A_TIME, Reader};

/// One event as the index knows it. Words are numbers, the same throughout one process and 0 for none;
/// [`Reader::word`] spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Its place in the ledger.
    pub seq: u64,
    /// Its id.
    pub id: EventId,
    /// The chain it belongs to.
    pub chain: Option<ChainId>,
    /// When the moment ended.
    pub at: Timestamp,
    /// Its type; none for one that this release does not know.
    pub event_type: Option<EventType>,
    /// The flow.
    pub flow: u32,
    /// The source.
    pub source: u32,
    /// The party it is about.
    pub party: u32,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What the feedback is that it tells of.
    pub feedback: Option<FeedbackKind>,
    /// A delivery that is not a sale.
    pub copy: bool,
    /// Of a test lead.
    pub test: bool,
}

impl Sighting {
    fn of(seq: u64, row: &Row) -> Sighting {
        let draft = &row.draft;
        Sighting {
            seq,
            id: draft.id,
            chain: draft.chain.map(|(chain, _)| chain),
            at: draft.at,
            event_type: index::event_type_of(draft.event_type),
            flow: draft.flow,
            source: draft.source,
            party: draft.entity,
            outcome: draft.outcome,
            feedback: draft.feedback,
            copy: draft.flags.has(Flags::COPY),
            test: draft.flags.has(Flags::TEST),
        }
    }
}

impl Reader {
    /// Shows every event of some types, oldest first. One pass over the rows, in stretches, so that the writer
    /// never waits for long.
    pub fn sightings(&self, types: &[EventType], mut show: impl FnMut(Sighting)) {
        let wanted: Vec<Word> =
            types.iter().filter_map(|event_type| self.words().find(event_type.as_str())).collect();
        let mut stretch = self.index().read().first_seq()..self.next_seq();
        while !stretch.is_empty() {
            let end = stretch.end.min(stretch.start + ROWS_AT_A_TIME);
            let found: Vec<Sighting> = {
                let index = self.index().read();
                let row = |seq| index.get(seq).map(|row| (seq, row));
                let rows = (stretch.start..end).filter_map(row);
                rows.filter(|(_, row)| wanted.contains(&row.draft.event_type))
                    .map(|(seq, row)| Sighting::of(seq, row))
                    .collect()
            };
            found.into_iter().for_each(&mut show);
            stretch.start = end;
        }
    }

    /// One event.
    pub fn sighting(&self, id: &EventId) -> Option<Sighting> {
        let index = self.index().read();
        let seq = index.find(id)?;
        index.get(seq).map(|row| Sighting::of(seq, row))
    }

    /// What a number of a sighting stands for.
    pub fn word(&self, number: u32) -> Option<std::sync::Arc<str>> {
        self.words().word(number)
    }
}
