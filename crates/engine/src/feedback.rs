//! What buyers report back: a lead returned, or one that became a customer. The events of the sale
//! never change; what the report does to the lead is told by events of its own.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    EntityId, EventId, EventKind, Exchange, Feedback, FeedbackKind, Flow, LeadId, Marks, Money, Outcome,
    Reason, StepKind, reason_in_the_clear,
};
use ledger::{LeaseError, ReadError, RecordError};
use wire::Header;

use crate::engine::{Engine, ResumeError};
use crate::run::{Moment, Run};
use crate::story::{Delivery, DeliveryState};

/// Which sale a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sale {
    /// The one of this event: the delivery id, any later attempt, or the event of the outcome.
    Event(EventId),
    /// The newest one of this lead to this buyer.
    Lead {
        /// The lead.
        lead_id: LeadId,
        /// The buyer.
        entity_id: EntityId,
    },
}

/// A report as it came in.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which sale.
    pub sale: Sale,
    /// Return or conversion.
    pub kind: FeedbackKind,
    /// The word that came with it, such as `sold`.
    pub value: Option<String>,
    /// The buyer's own words.
    pub reason: Option<String>,
    /// Whole days from the submission to the conversion; counted here when the buyer does not say.
    pub days_to_convert: Option<u32>,
    /// The request as received, without secrets.
    pub request: Arc<[u8]>,
    /// The id of the request.
    pub request_id: Option<Arc<str>>,
}

/// What became of a report. Its events are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The lead it was about.
    pub lead_id: LeadId,
    /// Success when it took effect, failure when it was refused.
    pub outcome: Outcome,
    /// Why it was refused.
    pub reason: Option<Reason>,
}

/// Why there is nothing to report on.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    /// No such event, or no such lead.
    #[error("there is no such sale")]
    Unknown,
    /// The lead did not go to that buyer.
    #[error("the lead was not delivered to this buyer")]
    NotDelivered,
    /// The person was forgotten.
    #[error("the person of this lead was forgotten")]
    Forgotten,
    /// Its events cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its events cannot be understood.
    #[error(transparent)]
    Understand(#[from] ResumeError),
    /// The lead cannot be taken over.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Its events could not be recorded, or it is not known whether they were.
    #[error(transparent)]
    Record(#[from] RecordError),
}

const DAY_MS: u64 = 24 * 3600 * 1000;

impl Engine {
    /// Whose sale it is, so that the caller's right to report on it can be checked; none when there is no
    /// such event.
    ///
    /// # Errors
    /// When the event cannot be read.
    pub fn buyer_of(&self, sale: &Sale) -> Result<Option<EntityId>, ReadError> {
        match sale {
            Sale::Lead { entity_id, .. } => Ok(Some(entity_id.clone())),
            Sale::Event(id) => self.of_event(id, |header| header.entity_id.as_deref()?.parse().ok()),
        }
    }

    /// Takes a report in. When it returns, its events are durable.
    ///
    /// # Errors
    /// When there is no such sale, or its events could not be recorded.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn feedback(&self, report: Report) -> Result<Reported, FeedbackError> {
        let engine = self.clone();
        let task = self.under_way().spawn(async move { engine.take_report(report).await });
        match task.await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    async fn take_report(&self, report: Report) -> Result<Reported, FeedbackError> {
        let lead_id = match &report.sale {
            Sale::Lead { lead_id, .. } => *lead_id,
            Sale::Event(id) => {
                let lead_id = self.of_event(id, |header| header.lead_id.as_deref()?.parse().ok())?;
                lead_id.ok_or(FeedbackError::Unknown)?
            }
        };
        let lease = self.leads().lease(lead_id).await?.ok_or(FeedbackError::Unknown)?;
        let mut run = self.take_up(lease, lead_id)?.ok_or(FeedbackError::Forgotten)?;
        run.report(report).await
    }

    /// What the header of an event says; nothing when there is no such event.
    fn of_event<T>(
        &self,
        id: &EventId,
        said: impl FnOnce(&Header<'_>) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        let reader = self.leads().reader();
        let record = reader.find(id).map(|seq| reader.record(seq)).transpose()?.flatten();
        Ok(record.and_then(|record| said(&Header::read(&record.header).ok()?)))
    }
}

impl Run {
    async fn report(&mut self, report: Report) -> Result<Reported, FeedbackError> {
        let since = self.context.clock.monotonic();
        let flow = Arc::clone(&self.flow);
        let Report { sale, kind, value, reason, days_to_convert, request, request_id } = report;
        let guard = self.secret_guard(&[]);
        let without = |words: String| guard.masked_text(&words).unwrap_or(words);
        let (value, reason) = (value.map(without), reason.map(without));
        let request = guard.masked(&request).map_or(request, Arc::from);
        let delivery = match &sale {
            Sale::Event(id) => {
                self.story.deliveries.iter().find(|delivery| delivery.event_ids.contains(id)).cloned()
            }
            Sale::Lead { entity_id, .. } => {
                let to_them = |delivery: &&Delivery| {
                    let step = flow.flow.step(&delivery.step_id);
                    step.and_then(|step| step.entity_id()) == Some(entity_id)
                        && matches!(delivery.state, DeliveryState::Delivered { .. })
                };
                self.story.deliveries.iter().rev().find(to_them).cloned()
            }
        };
        let Some(Delivery { step_id, state, returned, .. }) = delivery else {
            return Err(FeedbackError::NotDelivered);
        };
        let DeliveryState::Delivered { event_id, at, price } = state else {
            return Err(FeedbackError::NotDelivered);
        };
        let Some(StepKind::Recipient(recipient)) = flow.flow.step(&step_id).map(|step| &step.kind) else {
            unreachable!("a version of a flow never changes, so its steps stay in it")
        };
        let now = self.story.last_at.max(self.context.clock.now());
        let days = u32::try_from(now.millis_since(self.story.submitted_at) / DAY_MS).unwrap_or(u32::MAX);
        let feedback = Feedback {
            entity_id: recipient.entity_id.clone(),
            recipient_event_id: event_id,
            kind,
            value: value.map(|value| clear_value(&value, &flow.flow)),
            days_to_convert: match kind {
                FeedbackKind::Conversion => Some(days_to_convert.unwrap_or(days)),
                FeedbackKind::Return => days_to_convert,
            },
        };
        let age = Duration::from_millis(now.millis_since(at));
        let refusal = recipient.feedback.refusal(&feedback, age, returned);
        // What the report does is told by its own request, not by that of the submission.
        self.story.marks = Marks { request_id, ..self.story.marks.clone() };
        let received = EventKind::FeedbackReceived { feedback: feedback.clone() };
        let mut moments = vec![Moment {
            exchanges: vec![Exchange { request: Some(request), response: None }],
            reason_raw: reason.map(Arc::from),
            ..Moment::new(received, since)
        }];
        if refusal.is_none() && kind == FeedbackKind::Return {
            moments.push(Moment::new(EventKind::FeedbackReturned { feedback: feedback.clone() }, since));
        }
        let taken_back = match kind {
            FeedbackKind::Return if !price.copy && !self.story.marks.test => price.amount,
            FeedbackKind::Return | FeedbackKind::Conversion => Money::ZERO,
        };
        let result = refusal.clone().map_or(Ok(taken_back), Err);
        moments.push(Moment::new(EventKind::FeedbackProcessed { feedback, result }, since));
        let ticket = self.record(moments).await?;
        ticket.durable().await?;
        let outcome = if refusal.is_none() { Outcome::Success } else { Outcome::Failure };
        Ok(Reported { lead_id: self.story.lead_id, outcome, reason: refusal })
    }
}

/// The word that came with a report, as it may stand in the clear.
fn clear_value(value: &str, flow: &Flow) -> Arc<str> {
    reason_in_the_clear(value, flow).text
}
