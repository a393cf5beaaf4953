//! What has come back of one lead so far, folded from its events: who holds it, what they reported, what was
//! decided, and who is still to be told.

use std::sync::Arc;

use crate::{
    Asked, Call, EntityId, Event, EventId, EventKind, FaultKind, Feedback, FeedbackKind, Idempotency, Money,
    Notice, Outcome, Price, Reason, Retry, Reversal, StepId, Timestamp,
};

/// What has come back of one lead so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reports {
    holdings: Vec<Holding>,
    open: Vec<OpenEnd>,
    reports: Vec<TakenReport>,
    revocation: Option<Revocation>,
    /// What the source is paid, less what it gave back.
    cost: Money,
    /// Whether an event carried the answer of the source, which is what books the cost.
    answered: bool,
}

/// A buyer that took the lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The step that sent it.
    pub step_id: StepId,
    /// The buyer.
    pub entity_id: EntityId,
    /// The id of the first attempt.
    pub delivery_id: EventId,
    /// The event that says it took the lead.
    pub event_id: EventId,
    /// When it did.
    pub at: Timestamp,
    /// What it pays.
    pub price: Price,
    /// It gave the lead back.
    pub returned: bool,
    /// It made the lead a customer.
    pub converted: bool,
}

/// A delivery of which nobody knows whether the buyer took the lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEnd {
    /// Whom we asked.
    pub call: Call,
    /// The newest attempt whose end is not known.
    pub retry: Retry,
}

/// A report that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenReport {
    /// The event that says so.
    pub id: EventId,
    /// When it came.
    pub at: Timestamp,
    /// What it says.
    pub feedback: Feedback,
    /// The buyer's own words.
    pub words: Option<Arc<str>>,
    /// What tells it apart from other reports.
    pub tags: Option<Idempotency>,
    /// What was decided; none while it waits for somebody to do so.
    pub decision: Option<Result<Reversal, Reason>>,
    /// When the source is to be told of it next; none when it was, or is not to be.
    pub relay: Option<Owed>,
}

/// Something that somebody is still to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// Not before.
    pub due: Timestamp,
    /// The number of the coming attempt, 1 for the first.
    pub attempt: u32,
}

impl Owed {
    /// What is left to do after an attempt.
    fn after(notice: &Notice) -> Option<Owed> {
        notice.due.map(|due| Owed { due, attempt: notice.attempt + 1 })
    }
}

/// The person withdrew consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The event that says so.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Why, in the words of whoever reported it.
    pub words: Option<Arc<str>>,
    /// One for each buyer that has the lead, or may have it.
    pub notices: Vec<RevocationNotice>,
}

/// A buyer that is told of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationNotice {
    /// The step that sent it the lead.
    pub step_id: StepId,
    /// The buyer.
    pub entity_id: EntityId,
    /// The delivery by which it has the lead.
    pub delivery_id: EventId,
    /// When it is to be told next; none when it was, or cannot be.
    pub owed: Option<Owed>,
}

impl Reports {
    /// Takes the next event.
    pub fn after(&mut self, event: &Event) {
        let (id, at) = (event.head.id, event.head.at);
        let words = event.body.reason_raw.clone();
        match &event.kind {
            EventKind::SourceAnswered { answer } => {
                self.book(answer.outcome, answer.price, event.head.marks.test);
            }
            EventKind::FlowCompleted(completion) => {
                self.book(completion.final_outcome, completion.cost, event.head.marks.test);
            }
            EventKind::RecipientDelivered { call, retry, price } => {
                self.close(retry.delivery_id);
                if self.holdings.iter().all(|own| own.delivery_id != retry.delivery_id) {
                    self.holdings.push(Holding {
                        step_id: call.step_id.clone(),
                        entity_id: call.entity_id.clone(),
                        delivery_id: retry.delivery_id,
                        event_id: id,
                        at,
                        price: *price,
                        returned: false,
                        converted: false,
                    });
                }
            }
            EventKind::RecipientFailed { asked: Asked::Yes { retry, .. }, .. } => {
                self.close(retry.delivery_id);
            }
            EventKind::RecipientError { call, retry, fault } => match fault.kind {
                // Bytes were sent, so the buyer may have taken the lead.
                FaultKind::Timeout | FaultKind::Unknown | FaultKind::Reply => {
                    self.close(retry.delivery_id);
                    self.open.push(OpenEnd { call: call.clone(), retry: *retry });
                }
                FaultKind::Dns
                | FaultKind::Connect
                | FaultKind::Tls
                | FaultKind::Auth
                | FaultKind::Status
                | FaultKind::Limit
                | FaultKind::Circuit => {}
            },
            EventKind::FeedbackReceived { feedback } => self.reports.push(TakenReport {
                id,
                at,
                feedback: feedback.clone(),
                words,
                tags: event.head.marks.idempotency,
                decision: None,
                relay: None,
            }),
            EventKind::FeedbackProcessed { feedback, result, relay_due } => {
                self.decide(feedback, result, relay_due.map(|due| Owed { due, attempt: 1 }));
            }
            EventKind::FeedbackSent { feedback, notice } => {
                if let Some(report) = self.report_of(feedback) {
                    report.relay = Owed::after(notice);
                }
            }
            EventKind::ConsentRevoked { due, buyers: _ } => {
                let owed = due.map(|due| Owed { due, attempt: 1 });
                let notices = self.who_has_it().filter(|_| owed.is_some());
                let notices = notices.map(|notice| RevocationNotice { owed, ..notice }).collect();
                self.revocation.get_or_insert(Revocation { id, at, words, notices });
            }
            EventKind::ConsentSent { delivery_id, notice, .. } => {
                let mut notices = self.revocation.iter_mut().flat_map(|revocation| &mut revocation.notices);
                if let Some(own) = notices.find(|own| own.delivery_id == *delivery_id) {
                    own.owed = Owed::after(notice);
                }
            }
            EventKind::SourceSubmitted
            | EventKind::SourceAccepted { .. }
            | EventKind::SourceRejected { .. }
            | EventKind::SourcePinged { .. }
            | EventKind::FilterPassed { .. }
            | EventKind::FilterFailed { .. }
            | EventKind::EnhancementSuccess { .. }
            | EventKind::EnhancementFailure { .. }
            | EventKind::EnhancementError { .. }
            | EventKind::EnhancementSkipped { .. }
            | EventKind::RecipientBid { .. }
            | EventKind::RecipientAttempted { .. }
            | EventKind::RecipientFailed { asked: Asked::No { .. }, .. }
            | EventKind::RecipientSkipped { .. }
            | EventKind::RetryScheduled { .. }
            | EventKind::RetryAttempted { .. }
            | EventKind::FeedbackReturned { .. }
            | EventKind::PrivacyErased => {}
        }
    }

    fn book(&mut self, outcome: Outcome, price: Money, test: bool) {
        let carries = !std::mem::replace(&mut self.answered, true);
        if carries && outcome == Outcome::Success && !test {
            self.cost = price;
        }
    }

    fn close(&mut self, delivery_id: EventId) {
        self.open.retain(|own| own.retry.delivery_id != delivery_id);
    }

    fn decide(&mut self, feedback: &Feedback, result: &Result<Reversal, Reason>, relay: Option<Owed>) {
        if let Some(report) = self.report_of(feedback) {
            report.decision = Some(result.clone());
            report.relay = relay;
        }
        let Ok(reversal) = result else { return };
        self.cost = self.cost.checked_sub(reversal.cost).unwrap_or(Money::ZERO);
        let named = self.holdings.iter_mut().find(|own| own.event_id == feedback.recipient_event_id);
        if let Some(holding) = named {
            match feedback.kind {
                FeedbackKind::Return => holding.returned = true,
                FeedbackKind::Conversion => holding.converted = true,
            }
        }
    }

    /// The report that an event speaks of: the one it names, or, in records of releases that named none, the
    /// newest one about the same.
    fn report_of(&mut self, feedback: &Feedback) -> Option<&mut TakenReport> {
        let is_it = |own: &TakenReport| match feedback.feedback_id {
            Some(id) => own.id == id,
            None => {
                own.feedback.recipient_event_id == feedback.recipient_event_id
                    && own.feedback.kind == feedback.kind
            }
        };
        self.reports.iter_mut().rev().find(|own| is_it(own))
    }

    /// How many buyers have the lead, or may have it.
    pub fn holders(&self) -> u32 {
        u32::try_from(self.who_has_it().count()).unwrap_or(u32::MAX)
    }

    fn who_has_it(&self) -> impl Iterator<Item = RevocationNotice> {
        let held = self.holdings.iter().filter(|own| !own.returned);
        let held = held.map(|own| (&own.step_id, &own.entity_id, own.delivery_id));
        let may = self.open.iter().map(|own| (&own.call.step_id, &own.call.entity_id, own.retry.delivery_id));
        held.chain(may).map(|(step_id, entity_id, delivery_id)| RevocationNotice {
            step_id: step_id.clone(),
            entity_id: entity_id.clone(),
            delivery_id,
            owed: None,
        })
    }

    /// Every buyer that took the lead, in the order they did.
    pub fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    /// The buyer that took the lead by this event.
    pub fn holding(&self, event_id: EventId) -> Option<&Holding> {
        self.holdings.iter().find(|own| own.event_id == event_id)
    }

    /// A delivery whose end nobody knows.
    pub fn open_end(&self, delivery_id: EventId) -> Option<&OpenEnd> {
        self.open.iter().find(|own| own.retry.delivery_id == delivery_id)
    }

    /// Every delivery whose end nobody knows.
    pub fn open_ends(&self) -> &[OpenEnd] {
        &self.open
    }

    /// Every report, in the order they came.
    pub fn reports(&self) -> &[TakenReport] {
        &self.reports
    }

    /// One report.
    pub fn report(&self, id: EventId) -> Option<&TakenReport> {
        self.reports.iter().find(|own| own.id == id)
    }

    /// The newest report of the same key.
    pub fn same_key(&self, tags: Idempotency) -> Option<&TakenReport> {
        self.reports.iter().rev().find(|own| own.tags.is_some_and(|own| own.key == tags.key))
    }

    /// Whether no buyer has the lead any more once this one gives it back. Copies do not count.
    pub fn is_last(&self, event_id: EventId) -> bool {
        let sales = || self.holdings.iter().filter(|own| !own.price.copy);
        sales().any(|own| own.event_id == event_id)
            && sales().all(|own| own.event_id == event_id || own.returned)
    }

    /// What the source is paid, less what it gave back.
    pub fn cost(&self) -> Money {
        self.cost
    }

    /// When the person withdrew consent, and who is told of it.
    pub fn revocation(&self) -> Option<&Revocation> {
        self.revocation.as_ref()
    }

    /// Everything that somebody is still to be told: the report or the revocation, and when the first of it is
    /// due.
    pub fn owed(&self) -> impl Iterator<Item = (EventId, Timestamp)> {
        let relays = self.reports.iter().filter_map(|own| Some((own.id, own.relay?.due)));
        let notices = self.revocation.iter().filter_map(|own| {
            let due = own.notices.iter().filter_map(|notice| Some(notice.owed?.due)).min()?;
            Some((own.id, due))
        });
        relays.chain(notices)
    }
}
