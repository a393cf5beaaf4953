//! Events that were found, and their public JSON.

use std::collections::HashMap;

use domain::{ChainId, FlowId, FlowVersion, LeadId};
use ledger::{Order, ReadError, ReadRecord, StoredBody};
use wire::mask::Policy;
use wire::public_event::{EventBody, PublicEventError, Shape, View, write_public_event};
use wire::{Header, HeaderError};

use crate::gather::{Bodies, Gathered};
use crate::names::cursor_name;
use crate::sight::Sight;

/// Knows what may be seen of the leads of a flow.
pub trait Policies {
    /// The policy of one version of a flow; none when that is not known, which hides everything.
    fn policy(&self, flow_id: &FlowId, version: FlowVersion) -> Option<Policy>;
}

/// Why events that were found cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// A header is not what headers are.
    #[error("the header of record {seq} cannot be understood")]
    Header {
        /// Which record.
        seq: u64,
        /// Why.
        source: HeaderError,
    },
    /// A record is not what records are.
    #[error("the record {seq} cannot be shown")]
    Event {
        /// Which record.
        seq: u64,
        /// Why.
        source: PublicEventError,
    },
}

/// Events that were found, in the order asked for, not shown to anybody yet.
#[derive(Debug)]
pub struct EventPage {
    records: Vec<ReadRecord>,
    before: Vec<Option<ReadRecord>>,
    /// Whether bodies were read.
    bodies: Bodies,
    next: Option<u64>,
    complete_to_seq: u64,
}

impl EventPage {
    pub(crate) fn new(found: Gathered, next: Option<u64>, complete_to_seq: u64) -> EventPage {
        let Gathered { records, before, bodies } = found;
        EventPage { records, before, bodies, next, complete_to_seq }
    }

    /// How many events it holds.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// The seqs of its events, in order.
    pub fn seqs(&self) -> impl Iterator<Item = u64> {
        self.records.iter().map(|record| record.seq)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The parameter that asks for the page after this one, name and value; none on the last.
    pub fn next(&self, order: Order) -> Option<(&'static str, u64)> {
        self.next.map(|seq| (cursor_name(order), seq))
    }

    /// All events below this seq were looked at or could have been.
    pub fn complete_to_seq(&self) -> u64 {
        self.complete_to_seq
    }

    /// The leads whose values it holds, each once, in the order of their first event.
    ///
    /// # Errors
    /// When a header cannot be understood.
    pub fn lead_ids(&self) -> Result<Vec<LeadId>, ShowError> {
        let mut leads = Vec::new();
        let mut known = std::collections::HashSet::new();
        for record in &self.records {
            let wrong = |source| ShowError::Header { seq: record.seq, source };
            let chain = Header::read(&record.header).map_err(wrong)?.chain().map_err(wrong)?;
            if let Some((ChainId::Lead(lead_id), _)) = chain
                && known.insert(lead_id)
            {
                leads.push(lead_id);
            }
        }
        Ok(leads)
    }

    /// Appends the public JSON of each event, with commas between. Each is masked by the version
    /// of the flow that produced it, unless values are asked for in clear. An event whose body does
    /// not open says that it is unreadable. Events that were read without bodies are shown without
    /// leads, whatever is asked for.
    ///
    /// # Errors
    /// When a record cannot be shown; `out` then holds a part.
    pub fn write(&self, sight: &Sight, policies: &dyn Policies, out: &mut Vec<u8>) -> Result<(), ShowError> {
        let shape = match self.bodies {
            Bodies::Read | Bodies::WithBefore => sight.shape,
            Bodies::Left => Shape::None,
        };
        let mut views: HashMap<Option<(FlowId, FlowVersion)>, View> = HashMap::new();
        for (at, record) in self.records.iter().enumerate() {
            let seq = record.seq;
            let flow = flow_of(seq, &record.header)?;
            let view = views
                .entry(flow)
                .or_insert_with_key(|flow| View { shape, ..view_of(flow.as_ref(), sight, policies) });
            if at > 0 {
                out.push(b',');
            }
            let body = body_of(&record.body);
            let before = self.before.get(at).and_then(Option::as_ref);
            let before = before.map_or(EventBody::None, |before| body_of(&before.body));
            write_public_event(seq, &record.header, body, before, view, out)
                .map_err(|source| ShowError::Event { seq, source })?;
        }
        Ok(())
    }
}

/// What may be seen of an event, by the version of the flow that produced it.
pub(crate) fn view_of(flow: Option<&(FlowId, FlowVersion)>, sight: &Sight, policies: &dyn Policies) -> View {
    let policy = match flow {
        _ if sight.reveal => Some(Policy::reveal()),
        Some((flow_id, version)) => policies.policy(flow_id, *version),
        None => None,
    };
    View { policy: policy.unwrap_or_else(Policy::hide_all), shape: sight.shape, expand: sight.expand }
}

/// A body as it is to be shown.
pub(crate) fn body_of(body: &Result<StoredBody, ReadError>) -> EventBody<'_> {
    match body {
        Ok(StoredBody::Open(body)) => EventBody::Open(body),
        Ok(StoredBody::None | StoredBody::Erased) => EventBody::None,
        Err(_) => EventBody::Unreadable,
    }
}

fn flow_of(seq: u64, header: &[u8]) -> Result<Option<(FlowId, FlowVersion)>, ShowError> {
    let header = Header::read(header).map_err(|source| ShowError::Header { seq, source })?;
    let id = header.flow_id.as_deref().and_then(|id| id.parse().ok());
    Ok(id.zip(header.flow_version.map(FlowVersion)))
}
