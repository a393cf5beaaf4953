//! Small events, nearly all of one encoded length where their contents have one length: a frame
//! that fits exactly where a lost one stood is the hardest case for a log.

use domain::{
    Event, EventBody, EventHead, EventId, EventKind, FlowVersion, Lead, LeadId, LeadIdKind, Marks, Timestamp,
    Timing, Value,
};
use ledger::{StoredBody, StoredRecord};
use wire::{BodyView, Header};

/// How much of the content the sealed body repeats.
const BODY_CHARS: usize = 6;

/// When everything happens: 2023-11-14T22:13:20Z.
pub fn at() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

/// The lead that stands for a chain.
pub fn lead_id(chain: u8) -> LeadId {
    LeadId::new(LeadIdKind::Lead, at(), [0, 0, 0, 0, 0, chain])
}

/// The id of the event with a content that begins with this number.
pub fn event_id(number: u32) -> EventId {
    let [a, b, c, d] = number.to_be_bytes();
    EventId::new(at(), [0, 0, a, b, c, d])
}

/// An event of a chain. The content, which begins with a number of six digits that no other event
/// has, stands in the header, where nothing compresses it; its number stands in the body as well.
///
/// # Panics
/// When the content does not begin so.
pub fn event(chain: u8, content: &str) -> Event {
    let number = content.get(..BODY_CHARS).expect("a content begins with its number");
    let mut lead = Lead::new();
    lead.set("number".parse().expect("a field path"), Value::text(number));
    Event {
        head: EventHead {
            id: event_id(number.parse().expect("six digits")),
            at: at(),
            lead_id: lead_id(chain),
            flow_id: "flow_solar".parse().expect("a flow id"),
            flow_version: FlowVersion(1),
            source_id: "src_web_a".parse().expect("a source id"),
            timing: Timing::default(),
            dims: Vec::new(),
            fields: domain::FieldStates::default(),
            marks: Marks { request_id: Some(content.into()), ..Marks::default() },
        },
        kind: EventKind::SourceSubmitted,
        body: EventBody { lead, ..EventBody::default() },
    }
}

/// Chain, place in it and content of a stored record, or nothing for a record of the log's own.
///
/// # Errors
/// When header and body do not tell of one event.
pub fn content_of(record: &StoredRecord) -> Result<Option<(u8, u64, String)>, String> {
    let header = Header::read(&record.header).map_err(|error| error.to_string())?;
    let Some((chain, place)) = header.chain().map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let domain::ChainId::Lead(lead) = chain else { return Err(format!("{chain} is no lead")) };
    let content = header.request_id.as_deref().ok_or("the header has no content")?.to_owned();
    let StoredBody::Open(body) = &record.body else { return Err("the body is not there".into()) };
    let body = BodyView::read(body).map_err(|error| error.to_string())?;
    let number = body.get("lead.number").and_then(|number| number.as_str().map(str::to_owned));
    if number.as_deref() != content.get(..BODY_CHARS) {
        return Err(format!("the header tells of {content}, the body of {number:?}"));
    }
    Ok(Some((lead.as_bytes()[11], place.into(), content)))
}
