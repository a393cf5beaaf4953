//! What has happened to a lead so far, folded from its events. The same fold follows a lead while it
//! runs and takes it up again after a crash, so the two cannot differ.

use domain::{
    Answer, Asked, Cost, DuplicateKey, Event, EventId, EventKind, FieldPath, Flow, Lead, LeadId, Marks,
    Money, Outcome, Price, Progress, Reason, ReasonCode, Recipient, Reports, SalePrice, Scalar, SentText,
    SourceId, Stand, Step, StepEnd, StepId, Strategy, Timestamp, Value,
};

use crate::asking::variables;
use crate::gates::Whereabouts;

/// A lead's events so far.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) lead_id: LeadId,
    pub(crate) source_id: SourceId,
    pub(crate) marks: Marks,
    /// When it was submitted.
    pub(crate) submitted_at: Timestamp,
    /// When its newest event was; the next is never earlier.
    pub(crate) last_at: Timestamp,
    /// Every raw parameter, in the clear.
    pub(crate) raw: Lead,
    /// Whether some of them are masked where they are recorded.
    raw_was_masked: bool,
    /// As it stood after the newest event, in the clear.
    pub(crate) lead: Lead,
    /// Values in the clear of what steps appended, where what is recorded of them is masked.
    pub(crate) appended: Lead,
    /// The same of the events before a restart, with what is recorded: it is masked from then on as well.
    pub(crate) repeated: Vec<SentText>,
    /// Whether values were masked whose key is destroyed: what is left of them is masked.
    pub(crate) gone: bool,
    pub(crate) stage: Stage,
    /// What the source was offered.
    pub(crate) price: Option<Money>,
    /// What the source was told, when the deadline came before the flow's end.
    pub(crate) answered: Option<Answer>,
    pub(crate) progress: Progress,
    /// One for each step that sent the lead to a buyer, oldest first.
    pub(crate) deliveries: Vec<Delivery>,
    /// What came back of it.
    pub(crate) reports: Reports,
    /// Whether the first pass through the flow has ended.
    pub(crate) completed: bool,
    /// What the lead is known by to those that come after it.
    pub(crate) duplicate_keys: Vec<DuplicateKey>,
    /// Whether buyers have it, or may yet.
    pub(crate) whereabouts: Whereabouts,
    /// How it ended.
    pub(crate) ended: Option<(Outcome, Option<Reason>)>,
}

/// What is recorded of a lead, oldest first, with the sensitive values that still open.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) events: Vec<Event>,
    /// Whether some sensitive values open no more.
    pub(crate) gone: bool,
}

/// A lead with some of its values put over what is recorded of them.
fn overlaid<'a>(recorded: &Lead, values: impl Iterator<Item = (&'a FieldPath, &'a Value)>) -> Lead {
    let mut clear = recorded.clone();
    for (path, value) in values {
        if clear.get(path.as_str()) != Some(value) {
            clear.set(path.clone(), value.clone());
        }
    }
    clear
}

/// What is masked in a record, text by text.
fn repeated(clear: &Lead, recorded: &Lead) -> Vec<SentText> {
    fn scalars(value: &Value) -> &[Scalar] {
        match value {
            Value::Scalar(scalar) => std::slice::from_ref(scalar),
            Value::List(items) => items,
        }
    }
    let text = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => text.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Null | Scalar::Bool(_) => String::new(),
    };
    let mut repeated = Vec::new();
    for (path, value) in clear.iter() {
        let name = path.as_str().rsplit('.').next().unwrap_or_default();
        let kept = recorded.get(path.as_str()).map(scalars).unwrap_or_default();
        for (at, sent) in scalars(value).iter().enumerate() {
            let (sent, recorded) = (text(sent), kept.get(at).map(text).unwrap_or_default());
            if sent != recorded {
                repeated.push(SentText { name: name.to_owned(), sent, recorded });
            }
        }
    }
    repeated
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
    /// The number of its newest attempt.
    pub(crate) attempt: u32,
    /// The events that a buyer's report may name: attempts and outcomes.
    pub(crate) event_ids: Vec<EventId>,
    /// The lead as it was first sent: every attempt sends the same.
    pub(crate) sent: Lead,
    pub(crate) state: DeliveryState,
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
    /// No attempt is left, and the buyer never gave a usable answer.
    Unanswered,
    /// It came to nothing: the buyer said no, or the lead went elsewhere.
    Ended,
}

impl Story {
    /// A lead without any event.
    pub(crate) fn new(lead_id: LeadId, source_id: SourceId, marks: Marks, at: Timestamp) -> Story {
        Story {
            lead_id,
            source_id,
            marks,
            submitted_at: at,
            last_at: at,
            raw: Lead::new(),
            raw_was_masked: false,
            lead: Lead::new(),
            appended: Lead::new(),
            repeated: Vec::new(),
            gone: false,
            stage: Stage::New,
            price: None,
            answered: None,
            progress: Progress::new(),
            deliveries: Vec::new(),
            reports: Reports::default(),
            completed: false,
            duplicate_keys: Vec::new(),
            whereabouts: Whereabouts::default(),
            ended: None,
        }
    }

    /// Folds a lead's events, oldest first; nothing when there are none. With the flow, what is masked in
    /// them and still kept is in the clear again.
    pub(crate) fn of(Events { events, gone }: Events, flow: Option<&Flow>) -> Option<Story> {
        let head = &events.first()?.head;
        let mut story = Story::new(head.lead_id, head.source_id.clone(), head.marks.clone(), head.at);
        story.gone = gone;
        // The parsed lead in the clear.
        let mut fields = Lead::new();
        for event in events {
            let clear = match (&event.kind, flow) {
                (EventKind::SourceSubmitted, _) => {
                    let values = event.body.sensitive.iter().flat_map(Lead::iter);
                    overlaid(&event.body.lead, values)
                }
                (EventKind::SourceAccepted { .. } | EventKind::SourceRejected { .. }, Some(flow))
                    if !gone && story.raw_was_masked =>
                {
                    if let Some(source) = flow.source(&story.source_id) {
                        let raw = variables(flow, story.lead_id, None, &story.raw, story.submitted_at);
                        fields = flow.parse_lead(source, &raw);
                    }
                    overlaid(&event.body.lead, fields.iter())
                }
                (_, _) => {
                    if let Some(appended) = &event.body.sensitive {
                        story.appended = appended.clone();
                        story.repeated.extend(repeated(appended, &event.body.lead));
                    }
                    let own = fields.iter().filter(|(path, _)| event.body.lead.get(path.as_str()).is_some());
                    overlaid(&event.body.lead, own.chain(story.appended.iter()))
                }
            };
            story.raw_was_masked |= event.body.sensitive.is_some();
            story.apply(&event, &clear);
            story.lead = clear;
        }
        Some(story)
    }

    /// Whether a step or retry is still to come.
    pub(crate) fn goes_on(&self) -> bool {
        !self.completed
            || self.deliveries.iter().any(|delivery| match delivery.state {
                DeliveryState::Attempted { .. } | DeliveryState::Due { .. } => true,
                DeliveryState::Delivered { .. } | DeliveryState::Unanswered | DeliveryState::Ended => false,
            })
    }

    /// Takes in the next event; `clear` is its lead in the clear. `lead` is left to the caller.
    pub(crate) fn apply(&mut self, event: &Event, clear: &Lead) {
        self.last_at = self.last_at.max(event.head.at);
        let outcome = event.kind.outcome();
        self.reports.after(event);
        self.whereabouts.after(&event.kind);
        self.progress.hear(&event.kind);
        match &event.kind {
            EventKind::SourceSubmitted => {
                self.stage = Stage::Submitted;
                self.submitted_at = event.head.at;
                self.raw = clear.clone();
            }
            EventKind::SourceAccepted { price, caps: _ } => {
                self.stage = Stage::Accepted;
                self.price = *price;
                self.duplicate_keys = event.head.marks.duplicate_keys.clone();
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
            EventKind::RecipientSkipped { step_id, reason, .. } => {
                self.progress.after(step_id.clone(), StepEnd::Skipped);
                if let Some(delivery) = self.delivery_of(step_id) {
                    delivery.state = match reason.code {
                        ReasonCode::SoldElsewhere => DeliveryState::Ended,
                        _ => DeliveryState::Unanswered,
                    };
                }
            }
            EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, reason: _ } => {
                self.progress.after(step_id.clone(), StepEnd::Asked(Outcome::Failure));
                if let Some(delivery) = self.delivery_of(step_id) {
                    delivery.state = DeliveryState::Unanswered;
                }
            }
            EventKind::RecipientAttempted { call, retry, caps: _ } => {
                let state = DeliveryState::Attempted { attempt: retry.attempt };
                let id = event.head.id;
                match self.delivery(retry.delivery_id) {
                    Some(delivery) => {
                        delivery.event_ids.push(id);
                        delivery.attempt = retry.attempt;
                        delivery.state = state;
                    }
                    None => self.deliveries.push(Delivery {
                        step_id: call.step_id.clone(),
                        delivery_id: retry.delivery_id,
                        attempt: retry.attempt,
                        event_ids: vec![id],
                        sent: clear.clone(),
                        state,
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
                self.attempt_ended(event.head.id, retry.delivery_id, DeliveryState::Unanswered);
            }
            EventKind::RetryScheduled { retry, due, .. } => {
                if let Some(delivery) = self.delivery(retry.delivery_id) {
                    delivery.state = DeliveryState::Due { attempt: retry.attempt, due: *due };
                }
            }
            EventKind::FlowCompleted(completion) => {
                self.completed = true;
                self.ended = Some((completion.final_outcome, completion.reason.clone()));
            }
            EventKind::SourceAnswered { answer } => self.answered = Some(answer.clone()),
            // A ping is over with its answer.
            EventKind::SourcePinged { .. } => self.completed = true,
            EventKind::RecipientBid { .. }
            // The attempt follows in the same group.
            | EventKind::RetryAttempted { .. }
            | EventKind::FeedbackReceived { .. }
            | EventKind::FeedbackReturned { .. }
            | EventKind::FeedbackProcessed { .. }
            | EventKind::FeedbackSent { .. }
            | EventKind::ConsentRevoked { .. }
            | EventKind::ConsentSent { .. }
            | EventKind::PrivacyErased => {}
        }
    }

    /// What the source is told when the lead ends so by now.
    pub(crate) fn answer(&self, flow: &Flow, outcome: Outcome, reason: Option<Reason>) -> Answer {
        let price = match (outcome, self.cost(flow)) {
            (Outcome::Success, Cost::Known(amount)) => amount,
            (Outcome::Success, Cost::Share(share)) => share.of(self.bids_sold(flow)),
            (Outcome::Failure | Outcome::Error | Outcome::Skip, _) => Money::ZERO,
        };
        Answer { outcome, reason, price }
    }

    /// What the source was told, when the newest event carries that.
    pub(crate) fn told(&self, flow: &Flow) -> Option<Answer> {
        let end = self.ended.clone();
        self.answered.clone().or_else(|| end.map(|(outcome, reason)| self.answer(flow, outcome, reason)))
    }

    /// What the lead costs when it is sold.
    pub(crate) fn cost(&self, flow: &Flow) -> Cost {
        let share = flow.source(&self.source_id).and_then(|source| flow.purchase_share(source));
        share.map_or(Cost::Known(self.price.unwrap_or(Money::ZERO)), Cost::Share)
    }

    /// The sum of the bids that are sold. In an auction a recipient without a ping bids its own price.
    fn bids_sold(&self, flow: &Flow) -> Money {
        let offers = self.progress.offers();
        let bid = |(step, recipient): (&Step, &Recipient)| match offers.stand(&step.id) {
            Some(Stand::Sold(price)) if !price.copy => {
                let group = flow.group_of(&step.id).map(|(_, group)| group.strategy);
                let is_bid = group == Some(Strategy::HighestBid)
                    || matches!(recipient.price, SalePrice::FromBid { .. });
                is_bid.then_some(price.amount)
            }
            Some(_) | None => None,
        };
        flow.recipients().filter_map(bid).fold(Money::ZERO, |sum, bid| {
            sum.checked_add(bid).expect("amounts of one lead are far from the limits")
        })
    }

    /// The delivery of this id.
    pub(crate) fn delivery(&mut self, delivery_id: EventId) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().find(|delivery| delivery.delivery_id == delivery_id)
    }

    fn delivery_of(&mut self, step_id: &StepId) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().rev().find(|delivery| delivery.step_id == *step_id)
    }

    fn attempt_ended(&mut self, event_id: EventId, delivery_id: EventId, state: DeliveryState) {
        if let Some(delivery) = self.delivery(delivery_id) {
            delivery.event_ids.push(event_id);
            delivery.state = state;
        }
    }
}
