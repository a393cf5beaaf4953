//! What has happened to a lead so far, folded from its events. The same fold follows a lead while it
//! runs and takes it up again after a crash, so the two cannot differ.

use domain::{
    Asked, Event, EventId, EventKind, Feedback, FeedbackKind, FlowId, FlowVersion, Lead, LeadId, Marks,
    Money, Outcome, Price, Progress, Reason, SourceId, StepEnd, StepId, Timestamp,
};

/// A lead's events so far.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) lead_id: LeadId,
    pub(crate) flow_id: FlowId,
    pub(crate) flow_version: FlowVersion,
    pub(crate) source_id: SourceId,
    pub(crate) marks: Marks,
    /// When it was submitted.
    pub(crate) submitted_at: Timestamp,
    /// When its newest event was; the next is never earlier.
    pub(crate) last_at: Timestamp,
    /// Every raw parameter.
    pub(crate) raw: Lead,
    /// As it stood after the newest event.
    pub(crate) lead: Lead,
    pub(crate) stage: Stage,
    /// What the source was offered.
    pub(crate) price: Option<Money>,
    pub(crate) progress: Progress,
    /// One for each step that sent the lead to a buyer, oldest first.
    pub(crate) deliveries: Vec<Delivery>,
    /// Whether the first pass through the flow has ended.
    pub(crate) completed: bool,
}

/// How far a lead has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing is recorded.
    New,
    /// It was submitted; nothing is decided.
    Submitted,
    /// It was taken.
    Accepted,
    /// It was refused.
    Rejected(Reason),
}

/// A lead on its way to one buyer.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) step_id: StepId,
    pub(crate) delivery_id: EventId,
    /// The events that a buyer's report may name: attempts and outcomes.
    pub(crate) event_ids: Vec<EventId>,
    /// The lead as it was first sent: every attempt sends the same.
    pub(crate) sent: Lead,
    pub(crate) state: DeliveryState,
    /// Whether the buyer gave the lead back.
    pub(crate) returned: bool,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryState {
    /// An attempt began, and nothing tells how it ended.
    Attempted { attempt: u32 },
    /// Another attempt waits for its time.
    Due { attempt: u32, due: Timestamp },
    /// The buyer has the lead.
    Delivered { event_id: EventId, at: Timestamp, price: Price },
    /// It came to nothing.
    Ended,
}

impl Story {
    /// A lead without any event.
    pub(crate) fn new(
        lead_id: LeadId,
        flow_id: FlowId,
        flow_version: FlowVersion,
        source_id: SourceId,
        marks: Marks,
        at: Timestamp,
    ) -> Story {
        Story {
            lead_id,
            flow_id,
            flow_version,
            source_id,
            marks,
            submitted_at: at,
            last_at: at,
            raw: Lead::new(),
            lead: Lead::new(),
            stage: Stage::New,
            price: None,
            progress: Progress::new(),
            deliveries: Vec::new(),
            completed: false,
        }
    }

    /// Folds a lead's events, oldest first; nothing when there are none.
    pub(crate) fn of(events: Vec<Event>) -> Option<Story> {
        let head = &events.first()?.head;
        let mut story = Story::new(
            head.lead_id,
            head.flow_id.clone(),
            head.flow_version,
            head.source_id.clone(),
            head.marks.clone(),
            head.at,
        );
        for event in events {
            story.apply(&event);
            story.lead = event.body.lead;
        }
        Some(story)
    }

    /// Takes in the next event. `lead` is left to the caller.
    pub(crate) fn apply(&mut self, event: &Event) {
        self.last_at = self.last_at.max(event.head.at);
        let outcome = event.kind.outcome();
        match &event.kind {
            EventKind::SourceSubmitted => {
                self.stage = Stage::Submitted;
                self.submitted_at = event.head.at;
                self.raw = event.body.lead.clone();
            }
            EventKind::SourceAccepted { price, caps: _ } => {
                self.stage = Stage::Accepted;
                self.price = *price;
            }
            EventKind::SourceRejected { reason, duplicate_of: _ } => {
                self.stage = Stage::Rejected(reason.clone());
            }
            EventKind::FilterPassed { step_id, .. } => self.progress.after(step_id.clone(), StepEnd::Passed),
            EventKind::FilterFailed { step_id, reason, .. } => {
                self.progress.after(step_id.clone(), StepEnd::Failed(reason.clone()));
            }
            EventKind::EnhancementSuccess { call }
            | EventKind::EnhancementFailure { call, .. }
            | EventKind::EnhancementError { call, .. } => {
                let outcome = outcome.expect("what comes of an enhancement has an outcome");
                self.progress.after(call.step_id.clone(), StepEnd::Asked(outcome));
            }
            EventKind::EnhancementSkipped { step_id, .. } => {
                self.progress.after(step_id.clone(), StepEnd::Skipped);
            }
            EventKind::RecipientSkipped { step_id, .. } => {
                self.progress.after(step_id.clone(), StepEnd::Skipped);
                if let Some(delivery) = self.delivery_of(step_id) {
                    delivery.state = DeliveryState::Ended;
                }
            }
            EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, reason: _ } => {
                self.progress.after(step_id.clone(), StepEnd::Asked(Outcome::Failure));
            }
            EventKind::RecipientAttempted { call, retry, caps: _ } => {
                let state = DeliveryState::Attempted { attempt: retry.attempt };
                let id = event.head.id;
                match self.delivery(retry.delivery_id) {
                    Some(delivery) => {
                        delivery.event_ids.push(id);
                        delivery.state = state;
                    }
                    None => self.deliveries.push(Delivery {
                        step_id: call.step_id.clone(),
                        delivery_id: retry.delivery_id,
                        event_ids: vec![id],
                        sent: event.body.lead.clone(),
                        state,
                        returned: false,
                    }),
                }
            }
            EventKind::RecipientDelivered { call, retry, price } => {
                self.progress.after(call.step_id.clone(), StepEnd::Asked(Outcome::Success));
                self.progress.delivered(*price);
                let (event_id, at) = (event.head.id, event.head.at);
                self.attempt_ended(event_id, retry.delivery_id, DeliveryState::Delivered {
                    event_id,
                    at,
                    price: *price,
                });
            }
            EventKind::RecipientFailed { asked: Asked::Yes { call, retry }, reason: _ } => {
                self.progress.after(call.step_id.clone(), StepEnd::Asked(Outcome::Failure));
                self.attempt_ended(event.head.id, retry.delivery_id, DeliveryState::Ended);
            }
            EventKind::RecipientError { call, retry, fault: _ } => {
                self.progress.after(call.step_id.clone(), StepEnd::Asked(Outcome::Error));
                // What follows, if anything, is a scheduled retry.
                self.attempt_ended(event.head.id, retry.delivery_id, DeliveryState::Ended);
            }
            EventKind::RetryScheduled { retry, due, .. } => {
                if let Some(delivery) = self.delivery(retry.delivery_id) {
                    delivery.state = DeliveryState::Due { attempt: retry.attempt, due: *due };
                }
            }
            EventKind::FeedbackProcessed { feedback, result: Ok(_) } => {
                if feedback.kind == FeedbackKind::Return
                    && let Some(delivery) = self.reported(feedback)
                {
                    delivery.returned = true;
                }
            }
            EventKind::FlowCompleted(_) => self.completed = true,
            EventKind::SourcePinged { .. }
            | EventKind::SourceAnswered { .. }
            | EventKind::RecipientBid { .. }
            // The attempt follows in the same group.
            | EventKind::RetryAttempted { .. }
            | EventKind::FeedbackReceived { .. }
            | EventKind::FeedbackReturned { .. }
            | EventKind::FeedbackProcessed { result: Err(_), .. }
            | EventKind::FeedbackSent { .. }
            | EventKind::ConsentRevoked
            | EventKind::PrivacyErased => {}
        }
    }

    /// The delivery of this id.
    pub(crate) fn delivery(&mut self, delivery_id: EventId) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().find(|delivery| delivery.delivery_id == delivery_id)
    }

    fn delivery_of(&mut self, step_id: &StepId) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().rev().find(|delivery| delivery.step_id == *step_id)
    }

    fn reported(&mut self, feedback: &Feedback) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().find(|delivery| delivery.event_ids.contains(&feedback.recipient_event_id))
    }

    fn attempt_ended(&mut self, event_id: EventId, delivery_id: EventId, state: DeliveryState) {
        if let Some(delivery) = self.delivery(delivery_id) {
            delivery.event_ids.push(event_id);
            delivery.state = state;
        }
    }
}
