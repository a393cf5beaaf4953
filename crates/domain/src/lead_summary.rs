//! What a lead came to: the fold of its events, in order.
//!
//! [`Standing`] is the part that decides the state, and needs so little of an event that an index
//! can answer it; [`LeadSummary`] is the whole, money and buyers included.

use std::fmt;
use std::str::FromStr;

use crate::{
    Asked, EntityId, EventHead, EventId, EventKind, EventType, Feedback, FeedbackKind, FlowId, FlowVersion,
    LeadId, Money, Outcome, Price, Reason, Retry, SourceId, StepId, Timestamp,
};

/// Most points of a path; a flow has fewer steps.
pub const PATH_POINTS_MAX: usize = 200;

/// Where a lead stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeadState {
    /// The first pass through the flow has not ended.
    Running,
    /// It ended with a no.
    Rejected,
    /// It ended well, without a sale.
    Accepted,
    /// A buyer has it.
    Sold,
    /// Every buyer that took it gave it back.
    Returned,
    /// A buyer that has it made it a customer.
    Converted,
    /// It ended with a fault.
    Error,
}

impl LeadState {
    /// Every state, in the order a lead meets them.
    pub const ALL: [LeadState; 7] = [
        LeadState::Running,
        LeadState::Rejected,
        LeadState::Accepted,
        LeadState::Sold,
        LeadState::Returned,
        LeadState::Converted,
        LeadState::Error,
    ];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            LeadState::Running => "running",
            LeadState::Rejected => "rejected",
            LeadState::Accepted => "accepted",
            LeadState::Sold => "sold",
            LeadState::Returned => "returned",
            LeadState::Converted => "converted",
            LeadState::Error => "error",
        }
    }
}

impl fmt::Display for LeadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a state of a lead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a state of a lead; use running, rejected, accepted, sold, returned, converted or error"
)]
pub struct UnknownLeadState(String);

impl FromStr for LeadState {
    type Err = UnknownLeadState;

    fn from_str(text: &str) -> Result<LeadState, UnknownLeadState> {
        LeadState::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownLeadState(text.chars().take(40).collect()))
    }
}

/// What of an event bears on the state of its lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// Its type.
    pub event_type: EventType,
    /// A number that stands for its party, the same for all events of the lead; 0 for none.
    pub party: u32,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What the feedback is that it tells of.
    pub feedback: Option<FeedbackKind>,
    /// A delivery that is not a sale.
    pub copy: bool,
}

/// Where a lead stands, by the signs of its events in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    outcome: Option<Outcome>,
    parties: Vec<Party>,
}

/// What became of the lead at one party.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Party {
    number: u32,
    sales: u32,
    copies: u32,
    returns: u32,
    converted: bool,
}

impl Standing {
    /// Takes the next event. A sale after the first pass makes the outcome a success; what comes
    /// back from buyers leaves it as it is.
    pub fn after(&mut self, sign: Sign) {
        match sign.event_type {
            // A ping is over with its answer.
            EventType::FlowCompleted | EventType::SourcePinged => {
                self.outcome = self.outcome.or(sign.outcome);
            }
            EventType::RecipientDelivered if sign.copy => self.party(sign.party).copies += 1,
            EventType::RecipientDelivered => {
                self.party(sign.party).sales += 1;
                self.outcome = self.outcome.map(|_| Outcome::Success);
            }
            EventType::FeedbackProcessed if sign.outcome == Some(Outcome::Success) => match sign.feedback {
                Some(FeedbackKind::Return) => self.party(sign.party).returns += 1,
                Some(FeedbackKind::Conversion) => self.party(sign.party).converted = true,
                None => {}
            },
            EventType::FeedbackProcessed
            | EventType::SourceSubmitted
            | EventType::SourceAccepted
            | EventType::SourceRejected
            | EventType::SourceAnswered
            | EventType::FilterPassed
            | EventType::FilterFailed
            | EventType::EnhancementSuccess
            | EventType::EnhancementFailure
            | EventType::EnhancementError
            | EventType::EnhancementSkipped
            | EventType::RecipientBid
            | EventType::RecipientAttempted
            | EventType::RecipientFailed
            | EventType::RecipientError
            | EventType::RecipientSkipped
            | EventType::RetryScheduled
            | EventType::RetryAttempted
            | EventType::FeedbackReceived
            | EventType::FeedbackReturned
            | EventType::FeedbackSent
            | EventType::ConsentRevoked
            | EventType::ConsentSent
            | EventType::PrivacyErased
            | EventType::LedgerOpened
            | EventType::LedgerPruned => {}
        }
    }

    fn party(&mut self, number: u32) -> &mut Party {
        let at = self.parties.iter().position(|party| party.number == number).unwrap_or_else(|| {
            self.parties.push(Party { number, sales: 0, copies: 0, returns: 0, converted: false });
            self.parties.len() - 1
        });
        &mut self.parties[at]
    }

    /// How it ended, sales by late retries included; none while it runs.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// Where it stands.
    pub fn state(&self) -> LeadState {
        let Some(outcome) = self.outcome else { return LeadState::Running };
        let mut sold = self.parties.iter().filter(|party| party.sales > 0).peekable();
        if sold.peek().is_some() {
            // What a party returns is its copies last.
            let has = |party: &Party| party.returns < party.sales + party.copies;
            return if !sold.any(|party| party.returns < party.sales) {
                LeadState::Returned
            } else if self.parties.iter().any(|party| party.converted && has(party)) {
                LeadState::Converted
            } else {
                LeadState::Sold
            };
        }
        match outcome {
            Outcome::Success => LeadState::Accepted,
            Outcome::Failure | Outcome::Skip => LeadState::Rejected,
            Outcome::Error => LeadState::Error,
        }
    }
}

/// A buyer that was to have the lead, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// The buyer.
    pub entity_id: EntityId,
    /// The step that asked it.
    pub step_id: StepId,
    /// The id of the first attempt; none when it was never asked.
    pub delivery_id: Option<EventId>,
    /// How the newest attempt ended; none while it is under way.
    pub outcome: Option<Outcome>,
    /// What it pays, since it took the lead.
    pub price: Option<Money>,
    /// It got a copy, which is not a sale.
    pub copy: bool,
    /// It gave the lead back.
    pub returned: bool,
    /// It made the lead a customer.
    pub converted: bool,
    /// The event of the delivery.
    delivered: Option<EventId>,
}

impl Buyer {
    fn new(step_id: &StepId, entity_id: &EntityId) -> Buyer {
        Buyer {
            entity_id: entity_id.clone(),
            step_id: step_id.clone(),
            delivery_id: None,
            outcome: None,
            price: None,
            copy: false,
            returned: false,
            converted: false,
            delivered: None,
        }
    }

    fn hear(&mut self, outcome: Option<Outcome>, retry: Option<&Retry>) {
        self.outcome = outcome;
        self.delivery_id = self.delivery_id.or(retry.map(|retry| retry.delivery_id));
    }
}

/// One group of events on the way of a lead: a gate, a step, or a buyer with all its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPoint {
    /// The type of the newest event of the group.
    pub event_type: EventType,
    /// The step.
    pub step_id: Option<StepId>,
    /// The party.
    pub entity_id: Option<EntityId>,
    /// How it stands; none while it is under way.
    pub outcome: Option<Outcome>,
}

/// What a lead came to, by its events in order.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadSummary {
    /// The lead.
    pub lead_id: LeadId,
    /// The flow it runs through.
    pub flow_id: FlowId,
    /// Which version of it.
    pub flow_version: FlowVersion,
    /// Where it came from.
    pub source_id: SourceId,
    /// When its first event ended.
    pub submitted_at: Timestamp,
    /// When its newest event ended.
    pub updated_at: Timestamp,
    /// Why it did not go well.
    pub reason: Option<Reason>,
    /// The buyers, in the order they were asked.
    pub buyers: Vec<Buyer>,
    /// What the source is paid: booked by the event that carries an answer of success, less what was taken
    /// back.
    pub cost: Money,
    /// What the buyers pay: booked by each sale, less what was taken back.
    pub revenue: Money,
    /// Its way, at most [`PATH_POINTS_MAX`] points.
    pub path: Vec<PathPoint>,
    /// How many events it has.
    pub events: u32,
    /// From the submission to the end of the first pass, or to the newest event before that.
    pub total_ms: u64,
    /// A test lead: it stays out of money.
    pub test: bool,
    /// The person withdrew consent.
    pub consent_revoked: bool,
    standing: Standing,
    /// The source has its answer by `source.answered`.
    answered: bool,
    /// The parties the standing knows by number, the first as 1.
    parties: Vec<EntityId>,
}

impl LeadSummary {
    /// Folds the events of one lead, oldest first; none without events.
    pub fn of<'a>(events: impl IntoIterator<Item = (&'a EventHead, &'a EventKind)>) -> Option<LeadSummary> {
        let mut summary: Option<LeadSummary> = None;
        for (head, kind) in events {
            summary.get_or_insert_with(|| LeadSummary::begin(head)).after(head, kind);
        }
        summary
    }

    /// A lead of which no event was taken yet; `head` is that of its first.
    pub fn begin(head: &EventHead) -> LeadSummary {
        LeadSummary {
            lead_id: head.lead_id,
            flow_id: head.flow_id.clone(),
            flow_version: head.flow_version,
            source_id: head.source_id.clone(),
            submitted_at: head.at,
            updated_at: head.at,
            reason: None,
            buyers: Vec::new(),
            cost: Money::ZERO,
            revenue: Money::ZERO,
            path: Vec::new(),
            events: 0,
            total_ms: 0,
            test: head.marks.test,
            consent_revoked: false,
            standing: Standing::default(),
            answered: false,
            parties: Vec::new(),
        }
    }

    /// Takes the next event.
    pub fn after(&mut self, head: &EventHead, kind: &EventKind) {
        let (step_id, entity_id) = place_of(head, kind);
        let completed = self.outcome().is_some();
        let party = entity_id.as_ref().map_or(0, |entity| self.party(entity));
        self.standing.after(sign_of(kind, party));
        self.events += 1;
        self.updated_at = head.at;
        if !completed {
            self.total_ms = head.timing.total_ms;
        }
        self.take(head, kind, completed);
        if self.outcome() == Some(Outcome::Success) {
            self.reason = None;
        }
        self.walk(kind, step_id, entity_id);
    }

    /// What the event does to money, buyers and reason.
    fn take(&mut self, head: &EventHead, kind: &EventKind, completed: bool) {
        match kind {
            EventKind::SourceAnswered { answer } => self.answer(answer.outcome, answer.price),
            EventKind::SourcePinged { answer } => self.reason.clone_from(&answer.reason),
            EventKind::FlowCompleted(completion) => {
                self.answer(completion.final_outcome, completion.cost);
                if !completed {
                    self.reason.clone_from(&completion.reason);
                }
            }
            EventKind::RecipientAttempted { call, retry, .. } => {
                self.buyer(&call.step_id, &call.entity_id).hear(None, Some(retry));
            }
            EventKind::RecipientDelivered { call, retry, price } => {
                let buyer = self.buyer(&call.step_id, &call.entity_id);
                buyer.hear(Some(Outcome::Success), Some(retry));
                buyer.price = Some(price.amount);
                buyer.copy = price.copy;
                buyer.delivered = Some(head.id);
                if !price.copy {
                    self.earn(price.amount);
                }
            }
            EventKind::RecipientFailed { asked: Asked::Yes { call, retry }, .. } => {
                self.buyer(&call.step_id, &call.entity_id).hear(Some(Outcome::Failure), Some(retry));
            }
            EventKind::RecipientFailed { asked: Asked::No { step_id, entity_id }, .. } => {
                self.buyer(step_id, entity_id).hear(Some(Outcome::Failure), None);
            }
            EventKind::RecipientError { call, retry, .. } => {
                self.buyer(&call.step_id, &call.entity_id).hear(Some(Outcome::Error), Some(retry));
            }
            EventKind::RecipientSkipped { step_id, entity_id, .. } => {
                self.buyer(step_id, entity_id).hear(Some(Outcome::Skip), None);
            }
            EventKind::FeedbackProcessed { feedback, result: Ok(reversal), .. } => {
                if feedback.kind == FeedbackKind::Return {
                    self.earn(-reversal.revenue);
                }
                if !self.test {
                    self.cost = sum(self.cost, -reversal.cost);
                }
                self.report(feedback);
            }
            EventKind::ConsentRevoked { .. } => self.consent_revoked = true,
            EventKind::FeedbackProcessed { result: Err(_), .. }
            | EventKind::SourceSubmitted
            | EventKind::SourceAccepted { .. }
            | EventKind::SourceRejected { .. }
            | EventKind::FilterPassed { .. }
            | EventKind::FilterFailed { .. }
            | EventKind::EnhancementSuccess { .. }
            | EventKind::EnhancementFailure { .. }
            | EventKind::EnhancementError { .. }
            | EventKind::EnhancementSkipped { .. }
            | EventKind::RecipientBid { .. }
            | EventKind::RetryScheduled { .. }
            | EventKind::RetryAttempted { .. }
            | EventKind::FeedbackReceived { .. }
            | EventKind::FeedbackReturned { .. }
            | EventKind::FeedbackSent { .. }
            | EventKind::ConsentSent { .. }
            | EventKind::PrivacyErased => {}
        }
    }

    /// How it ended, sales by late retries included; none while it runs.
    pub fn outcome(&self) -> Option<Outcome> {
        self.standing.outcome()
    }

    /// Where it stands.
    pub fn state(&self) -> LeadState {
        self.standing.state()
    }

    /// Revenue less cost.
    pub fn margin(&self) -> Money {
        sum(self.revenue, -self.cost)
    }

    fn party(&mut self, entity_id: &EntityId) -> u32 {
        let at = self.parties.iter().position(|known| known == entity_id).unwrap_or_else(|| {
            self.parties.push(entity_id.clone());
            self.parties.len() - 1
        });
        u32::try_from(at + 1).unwrap_or(u32::MAX)
    }

    /// Books what the source is paid. Its answer is carried once: by `source.answered` when the
    /// deadline came first, else by `flow.completed`.
    fn answer(&mut self, outcome: Outcome, price: Money) {
        let carries = !std::mem::replace(&mut self.answered, true);
        if carries && outcome == Outcome::Success && !self.test {
            self.cost = sum(self.cost, price);
        }
    }

    fn earn(&mut self, amount: Money) {
        if !self.test {
            self.revenue = sum(self.revenue, amount);
        }
    }

    fn buyer(&mut self, step_id: &StepId, entity_id: &EntityId) -> &mut Buyer {
        let known = |own: &Buyer| own.entity_id == *entity_id && own.step_id == *step_id;
        let at = self.buyers.iter().position(known).unwrap_or_else(|| {
            self.buyers.push(Buyer::new(step_id, entity_id));
            self.buyers.len() - 1
        });
        &mut self.buyers[at]
    }

    /// What accepted feedback says of its buyer: the one whose delivery it names, else the one of
    /// the party that took the lead last.
    fn report(&mut self, feedback: &Feedback) {
        let named = Some(feedback.recipient_event_id);
        let is_named = |own: &Buyer| own.delivered == named || own.delivery_id == named;
        let found = self
            .buyers
            .iter_mut()
            .filter(|own| own.entity_id == feedback.entity_id)
            .filter(|own| own.delivered.is_some() || is_named(own))
            .max_by_key(|own| is_named(own));
        if let Some(buyer) = found {
            match feedback.kind {
                FeedbackKind::Return => buyer.returned = true,
                FeedbackKind::Conversion => buyer.converted = true,
            }
        }
    }

    /// Adds an event to the path: a group has one point, which shows how it stands.
    fn walk(&mut self, kind: &EventKind, step_id: Option<StepId>, entity_id: Option<EntityId>) {
        let event_type = kind.event_type();
        let group = group_of(event_type);
        let known = self.path.iter().position(|point| {
            group_of(point.event_type) == group && point.step_id == step_id && point.entity_id == entity_id
        });
        let waits = matches!(event_type, EventType::RetryScheduled | EventType::RetryAttempted);
        match known {
            Some(at) => {
                let point = &mut self.path[at];
                point.event_type = event_type;
                if !waits {
                    point.outcome = kind.outcome();
                }
            }
            None if self.path.len() < PATH_POINTS_MAX => {
                self.path.push(PathPoint { event_type, step_id, entity_id, outcome: kind.outcome() });
            }
            None => {}
        }
    }
}

/// The sum, as near to it as an amount can be.
fn sum(left: Money, right: Money) -> Money {
    Money::from_millionths(left.as_millionths().saturating_add(right.as_millionths()))
}

/// What stands for the group of an event on the path, besides its step and party.
fn group_of(event_type: EventType) -> &'static str {
    match event_type {
        EventType::SourceAnswered | EventType::SourcePinged | EventType::RecipientBid => event_type.as_str(),
        EventType::RetryScheduled | EventType::RetryAttempted => EventType::RecipientAttempted.family(),
        _ => event_type.family(),
    }
}

fn sign_of(kind: &EventKind, party: u32) -> Sign {
    let feedback = if let EventKind::FeedbackReceived { feedback }
    | EventKind::FeedbackReturned { feedback }
    | EventKind::FeedbackProcessed { feedback, .. }
    | EventKind::FeedbackSent { feedback, .. } = kind
    {
        Some(feedback.kind)
    } else {
        None
    };
    let copy = matches!(kind, EventKind::RecipientDelivered { price: Price { copy: true, .. }, .. });
    Sign { event_type: kind.event_type(), party, outcome: kind.outcome(), feedback, copy }
}

/// The step and the party of an event. Feedback is the buyer's, also where it is relayed.
fn place_of(head: &EventHead, kind: &EventKind) -> (Option<StepId>, Option<EntityId>) {
    match kind {
        EventKind::SourceSubmitted
        | EventKind::SourceAccepted { .. }
        | EventKind::SourceRejected { .. }
        | EventKind::SourcePinged { .. }
        | EventKind::SourceAnswered { .. }
        | EventKind::FlowCompleted(_) => (None, Some(head.source_id.clone().into())),
        EventKind::FilterPassed { step_id, .. } | EventKind::FilterFailed { step_id, .. } => {
            (Some(step_id.clone()), None)
        }
        EventKind::EnhancementSuccess { call }
        | EventKind::EnhancementFailure { call, .. }
        | EventKind::EnhancementError { call, .. }
        | EventKind::RecipientBid { call, .. }
        | EventKind::RecipientAttempted { call, .. }
        | EventKind::RecipientDelivered { call, .. }
        | EventKind::RecipientFailed { asked: Asked::Yes { call, .. }, .. }
        | EventKind::RecipientError { call, .. } => {
            (Some(call.step_id.clone()), Some(call.entity_id.clone()))
        }
        EventKind::RecipientFailed { asked: Asked::No { step_id, entity_id }, .. }
        | EventKind::EnhancementSkipped { step_id, entity_id, .. }
        | EventKind::RecipientSkipped { step_id, entity_id, .. }
        | EventKind::RetryScheduled { step_id, entity_id, .. }
        | EventKind::RetryAttempted { step_id, entity_id, .. } => {
            (Some(step_id.clone()), Some(entity_id.clone()))
        }
        EventKind::FeedbackReceived { feedback }
        | EventKind::FeedbackReturned { feedback }
        | EventKind::FeedbackProcessed { feedback, .. }
        | EventKind::FeedbackSent { feedback, .. } => (None, Some(feedback.entity_id.clone())),
        EventKind::ConsentSent { step_id, entity_id, .. } => (Some(step_id.clone()), Some(entity_id.clone())),
        EventKind::ConsentRevoked { .. } | EventKind::PrivacyErased => (None, None),
    }
}

#[cfg(test)]
mod tests;
