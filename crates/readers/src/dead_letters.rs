//! Finds dead letters: deliveries without an end that nobody tries any more. The attempts of a step are used up,
//! or the last one could not be made. Which there are follows from the events, so nothing keeps them: the index
//! alone decides but for groups that have sold the lead by now, whose headers are read.

use domain::{
    Asked, EntityId, EventId, EventKind, EventType, FlowId, FlowVersion, LeadId, Offers, Reason, ReasonCode,
    SourceId, StepId, Timestamp,
};
use ledger::{Choice, Filter, Glance, Order, Reader, TypePattern, Window};
use wire::Header;

use crate::leads::LeadsError;
use crate::names::{ParameterError, cursor_name};
use crate::values::{self, LIMIT_MAX, NEWEST};

/// Most rows of the index that one page looks at: a list of few comes in short pages.
const ROWS_MAX: u64 = 500_000;
/// How often a page goes on looking for what is not there yet: those of groups that sold the lead are told from
/// their headers alone.
const ROUNDS_MAX: usize = 10;
/// The events that can leave a delivery without an end.
const LEAVING: [EventType; 3] =
    [EventType::RecipientError, EventType::RecipientSkipped, EventType::RecipientFailed];

/// Knows which leads can still be sold.
pub trait FreeSales {
    /// Whether a recipient could still get a lead that these steps have sold.
    fn is_free(&self, flow_id: &FlowId, version: FlowVersion, step_id: &StepId, sold: &[StepId]) -> bool;
}

/// What is asked of a list of dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterQuery {
    filter: Filter,
    /// Which part of them.
    pub window: Window,
}

impl Default for DeadLetterQuery {
    /// The newest.
    fn default() -> DeadLetterQuery {
        let types = LEAVING.map(|own| TypePattern::Exact(own.as_str().to_owned()));
        let filter = Filter {
            types: Choice::among(types),
            // Whoever could have the lead has it.
            reason_codes: Choice::except([ReasonCode::SoldElsewhere]),
            ..Filter::default()
        };
        DeadLetterQuery { filter, window: NEWEST }
    }
}

impl DeadLetterQuery {
    /// The parameters that say which.
    pub const FILTERS: &[&str] = DeadLetterQuery::NAMES.split_at(8).0;
    /// All parameters it knows.
    pub const NAMES: [&str; 12] = [
        "flow_id",
        "step_id",
        "entity_id",
        "source_id",
        "reason_code",
        "test",
        "start",
        "end",
        "after",
        "before",
        "limit",
        "sort",
    ];

    /// Takes one parameter, as [`EventQuery::set`](crate::EventQuery::set) does.
    ///
    /// # Errors
    /// When the value cannot be used.
    pub fn set(&mut self, name: &str, value: &str, now: Timestamp) -> Result<bool, ParameterError> {
        if !DeadLetterQuery::NAMES.contains(&name) {
            return Ok(false);
        }
        values::given(name, value)?;
        let DeadLetterQuery { filter, window } = self;
        match name {
            "flow_id" => values::choose(name, value, &mut filter.flows, str::parse)?,
            "step_id" => values::choose(name, value, &mut filter.steps, str::parse)?,
            "entity_id" => values::choose(name, value, &mut filter.entities, str::parse)?,
            "source_id" => values::choose(name, value, &mut filter.sources, str::parse)?,
            "reason_code" => {
                let read = |text: &str| values::word(text).map(ReasonCode::from);
                values::choose(name, value, &mut filter.reason_codes, |text| read(text))?;
            }
            "test" => filter.test = values::test(name, value)?,
            "start" => filter.start = Some(values::moment(name, value, now)?),
            "end" => filter.end = Some(values::moment(name, value, now)?),
            _ => return values::set_window(window, name, value),
        }
        Ok(true)
    }
}

/// A delivery without an end that nobody tries any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The place in the ledger of the event that left it so.
    pub seq: u64,
    /// That event.
    pub event_id: EventId,
    /// Its type: `recipient.error`, or another when the last retry was not made.
    pub event_type: EventType,
    /// When it was left so.
    pub at: Timestamp,
    /// The lead.
    pub lead_id: LeadId,
    /// Its flow.
    pub flow_id: FlowId,
    /// Where it came from.
    pub source_id: SourceId,
    /// The step that sends it.
    pub step_id: StepId,
    /// The buyer.
    pub entity_id: EntityId,
    /// The delivery.
    pub delivery_id: EventId,
    /// Whether the buyer may have the lead without our knowing.
    pub may_have_lead: bool,
    /// How many attempts were made.
    pub attempts: u32,
    /// What the buyer answered last with, when it did.
    pub response_code: Option<u16>,
    /// Which part failed, when one did.
    pub error_kind: Option<&'static str>,
    /// Why.
    pub reason: Reason,
    /// Whether it is of a test lead.
    pub test: bool,
}

/// Dead letters that were found, in the order asked for. A page may be short, or empty, and still have one after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterPage {
    /// Those.
    pub letters: Vec<DeadLetter>,
    next: Option<u64>,
    /// All events below this seq were looked at or could have been.
    pub complete_to_seq: u64,
}

impl DeadLetterPage {
    /// The parameter that asks for the page after this one, name and value; none on the last.
    pub fn next(&self, order: Order) -> Option<(&'static str, u64)> {
        self.next.map(|seq| (cursor_name(order), seq))
    }
}

/// Finds the dead letters of one ledger. It reads files, so async callers give it a thread of its own.
pub struct DeadLetters<'a> {
    reader: Reader,
    sales: &'a dyn FreeSales,
}

impl<'a> DeadLetters<'a> {
    /// Those that this reader sees.
    pub fn new(reader: Reader, sales: &'a dyn FreeSales) -> DeadLetters<'a> {
        DeadLetters { reader, sales }
    }

    /// One page of a list.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn list(&self, query: &DeadLetterQuery) -> Result<DeadLetterPage, LeadsError> {
        let DeadLetterQuery { filter, mut window } = query.clone();
        let limit = window.limit;
        let mut page: Option<DeadLetterPage> = None;
        for _ in 0..ROUNDS_MAX {
            let found = self.reader.list_in_chains(&filter, window, ROWS_MAX, is_left);
            let page = page.get_or_insert_with(|| DeadLetterPage {
                letters: Vec::new(),
                next: None,
                complete_to_seq: found.complete_to_seq,
            });
            for (seq, chain) in &found.events {
                page.letters.extend(self.letter(*seq, chain)?);
            }
            page.next = found.next;
            // One that ended for the rows it looked at comes short.
            let goes_on = found.events.len() == window.limit && page.letters.len() < limit;
            let Some(next) = found.next.filter(|_| goes_on) else { break };
            match window.order {
                Order::OldestFirst => {
                    window.after = Some(next);
                    let complete = page.complete_to_seq;
                    window.before = Some(window.before.map_or(complete, |before| before.min(complete)));
                }
                Order::NewestFirst => window.before = Some(next),
            }
            window.limit = limit - page.letters.len();
        }
        Ok(page.expect("there is a round"))
    }

    /// Every one that a query asks for, whatever its window, newest first, but no more than `max` and one.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn all(&self, query: &DeadLetterQuery, max: usize) -> Result<Vec<DeadLetter>, LeadsError> {
        let mut letters = Vec::new();
        let mut window = Window { limit: LIMIT_MAX, ..NEWEST };
        while letters.len() <= max {
            let page = self.list(&DeadLetterQuery { window, ..query.clone() })?;
            letters.extend(page.letters);
            let Some(next) = page.next else { break };
            window.before = Some(next);
        }
        letters.truncate(max + 1);
        Ok(letters)
    }

    /// The one of a lead and a step; none when there is none.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn of_step(&self, lead_id: LeadId, step_id: &StepId) -> Result<Option<DeadLetter>, LeadsError> {
        let chain = self.reader.glances(lead_id);
        for own in chain.iter().filter(|own| is_left(own, &chain)) {
            if let Some(letter) = self.letter(own.seq, &chain)?.filter(|letter| letter.step_id == *step_id) {
                return Ok(Some(letter));
            }
        }
        Ok(None)
    }

    /// The lead and the step that an event is of; none when there is no such event, or it is of no step.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn place_of(&self, event_id: &EventId) -> Result<Option<(LeadId, StepId)>, LeadsError> {
        let Some(seq) = self.reader.find(event_id) else { return Ok(None) };
        let Some(bytes) = self.reader.header_bytes(seq)? else { return Ok(None) };
        let header = Header::read(&bytes).map_err(|source| LeadsError::Header { seq, source })?;
        let lead_id = header.lead_id.as_deref().and_then(|id| id.parse().ok());
        Ok(lead_id.zip(header.step_id.as_deref().and_then(|id| id.parse().ok())))
    }

    /// The dead letter that an event left, unless the lead is sold by now to as many as may have it, or the
    /// attempt was given up for that.
    fn letter(&self, seq: u64, chain: &[Glance]) -> Result<Option<DeadLetter>, LeadsError> {
        let Some(event) = self.event(seq)? else { return Ok(None) };
        let (step_id, entity_id, retry, fault, response_code, reason) = match event.kind {
            EventKind::RecipientError { call, retry, fault } => {
                let reason = fault.reason.clone();
                (call.step_id, call.entity_id, Some(retry), Some(fault), call.response_code, reason)
            }
            EventKind::RecipientSkipped { step_id, entity_id, reason }
            | EventKind::RecipientFailed { asked: Asked::No { step_id, entity_id }, reason } => {
                (step_id, entity_id, None, None, None, reason)
            }
            _ => return Ok(None),
        };
        if reason.code == ReasonCode::SoldElsewhere {
            return Ok(None);
        }
        let mut sold = Vec::new();
        for sale in chain.iter().filter(|own| own.event_type == Some(EventType::RecipientDelivered)) {
            if let Some(EventKind::RecipientDelivered { call, price, .. }) =
                self.event(sale.seq)?.map(|event| event.kind)
                && !price.copy
            {
                sold.push(call.step_id);
            }
        }
        let head = event.head;
        if !sold.is_empty() && !self.sales.is_free(&head.flow_id, head.flow_version, &step_id, &sold) {
            return Ok(None);
        }
        let retry = match retry {
            Some(retry) => retry,
            None => match self.last_attempt(seq, chain)? {
                Some(retry) => retry,
                None => return Ok(None),
            },
        };
        let may_have_lead = self.may_have_lead(seq, &step_id, chain)?;
        Ok(Some(DeadLetter {
            seq,
            event_id: head.id,
            event_type: chain
                .iter()
                .find(|own| own.seq == seq)
                .and_then(|own| own.event_type)
                .unwrap_or(EventType::RecipientError),
            at: head.at,
            lead_id: head.lead_id,
            flow_id: head.flow_id,
            source_id: head.source_id,
            step_id,
            entity_id,
            delivery_id: retry.delivery_id,
            may_have_lead,
            attempts: retry.attempt,
            response_code,
            error_kind: fault.map(|fault| fault.kind.as_str()),
            reason,
            test: head.marks.test,
        }))
    }

    /// Whether the recipient of the step of an event may have the lead, by all that is recorded of the step.
    fn may_have_lead(&self, seq: u64, step_id: &StepId, chain: &[Glance]) -> Result<bool, LeadsError> {
        let step = chain.iter().find(|own| own.seq == seq).map(|own| own.step);
        let mut offers = Offers::default();
        for own in chain.iter().filter(|own| Some(own.step) == step) {
            if let Some(event) = self.event(own.seq)? {
                offers.after(&event.kind);
            }
        }
        Ok(offers.stand(step_id).is_some_and(|stand| stand.may_have_lead()))
    }

    /// The newest attempt of the step of an event.
    fn last_attempt(&self, seq: u64, chain: &[Glance]) -> Result<Option<domain::Retry>, LeadsError> {
        let step = chain.iter().find(|own| own.seq == seq).map(|own| own.step);
        let is_attempt = |own: &&Glance| {
            own.event_type == Some(EventType::RecipientAttempted) && Some(own.step) == step && own.seq < seq
        };
        let Some(attempt) = chain.iter().rev().find(is_attempt) else { return Ok(None) };
        Ok(match self.event(attempt.seq)?.map(|event| event.kind) {
            Some(EventKind::RecipientAttempted { retry, .. }) => Some(retry),
            _ => None,
        })
    }

    fn event(&self, seq: u64) -> Result<Option<domain::Event>, LeadsError> {
        let Some(bytes) = self.reader.header_bytes(seq)? else { return Ok(None) };
        let event = Header::read(&bytes).and_then(|header| wire::read_event(&header, None));
        event.map(Some).map_err(|source| LeadsError::Header { seq, source })
    }
}

/// Whether an event left a delivery without an end, and nobody tries it any more: it is the last of its step, of
/// which an attempt was made, and the person has neither withdrawn consent nor asked to be forgotten.
fn is_left(event: &Glance, chain: &[Glance]) -> bool {
    let of_step = |own: &&Glance| own.step == event.step;
    let is_left = match event.event_type {
        Some(EventType::RecipientError) => true,
        Some(EventType::RecipientSkipped | EventType::RecipientFailed) => {
            // What was not asked after an attempt; the buyer's own no is an end.
            !event.asked
                && chain
                    .iter()
                    .filter(of_step)
                    .any(|own| own.seq < event.seq && own.event_type == Some(EventType::RecipientAttempted))
        }
        _ => false,
    };
    let goes_on = |own: &Glance| {
        matches!(
            own.event_type,
            Some(
                EventType::RecipientAttempted
                    | EventType::RecipientDelivered
                    | EventType::RecipientFailed
                    | EventType::RecipientError
                    | EventType::RecipientSkipped
                    | EventType::RetryScheduled
                    | EventType::RetryAttempted
            )
        )
    };
    let is_gone =
        |own: &Glance| matches!(own.event_type, Some(EventType::ConsentRevoked | EventType::PrivacyErased));
    is_left
        && !chain.iter().any(is_gone)
        && !chain.iter().filter(of_step).any(|own| own.seq > event.seq && goes_on(own))
}
