//! Deliveries of which nobody knows whether the buyer took the lead, until somebody who knows tells: the buyer by
//! a report, or an operator.

use std::sync::Arc;

use domain::{
    Asked, EventId, EventKind, Exchange, Money, OpenEnd, Outcome, Reason, ReasonCode, Value, as_recipient,
    reason_in_the_clear,
};

use crate::feedback::{FeedbackError, ReportStatus, Reported};
use crate::run::{Moment, Run};
use crate::story::DeliveryState;

/// How a delivery turned out to have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The buyer has the lead, for this price; without one, for what the flow says.
    Sold(Option<Money>),
    /// It has not, in these words.
    NotSold(Option<Arc<str>>),
}

impl Run {
    /// Tells what became of a delivery whose end nobody knew. When it returns, that is durable.
    pub(super) async fn tell_end(
        &mut self,
        delivery_id: EventId,
        end: End,
        exchange: Exchange,
    ) -> Result<Reported, FeedbackError> {
        let lead_id = self.story.lead_id;
        if let Some(known) = self.known_end(delivery_id, &end)? {
            let (feedback_id, status) = (known, ReportStatus::Accepted);
            return Ok(Reported { lead_id, feedback_id, status, reason: None, repeated: true });
        }
        let feedback_id = EventId::new(self.now(), self.context.draw());
        let found = self.end_of(delivery_id, end).ok_or(FeedbackError::NotDelivered)?;
        let found = Moment { exchanges: vec![exchange], id: Some(feedback_id), ..found };
        self.record_end(delivery_id, found).await?;
        self.settle().await?;
        let status = ReportStatus::Accepted;
        Ok(Reported { lead_id, feedback_id, status, reason: None, repeated: false })
    }

    /// Records the end of a delivery. Its group, if it has one, goes on.
    pub(super) async fn record_end(
        &mut self,
        delivery_id: EventId,
        found: Moment,
    ) -> Result<(), FeedbackError> {
        self.record(vec![found]).await?;
        let flow = Arc::clone(&self.flow);
        let delivery = self.story.deliveries.iter().find(|own| own.delivery_id == delivery_id);
        if let Some(step) = delivery.and_then(|own| flow.flow.step(&own.step_id)) {
            self.go_on_with_group_of(step).await?;
        }
        Ok(())
    }

    /// The event that told the same end before; an error when it is known to have ended otherwise.
    fn known_end(&self, delivery_id: EventId, end: &End) -> Result<Option<EventId>, FeedbackError> {
        if self.story.reports.open_end(delivery_id).is_some() {
            return Ok(None);
        }
        let delivery = self.story.deliveries.iter().find(|own| own.delivery_id == delivery_id);
        let delivery = delivery.ok_or(FeedbackError::NotDelivered)?;
        let newest = delivery.event_ids.last().copied().unwrap_or(delivery_id);
        match (delivery.state, end) {
            (DeliveryState::Delivered { event_id, .. }, End::Sold(_)) => Ok(Some(event_id)),
            (DeliveryState::Delivered { .. }, End::NotSold(_)) => {
                Err(FeedbackError::EndKnown("the buyer took the lead; report a return or a conversion"))
            }
            (DeliveryState::Unanswered | DeliveryState::Ended, End::NotSold(_)) => Ok(Some(newest)),
            (DeliveryState::Unanswered | DeliveryState::Ended, End::Sold(_)) => {
                Err(FeedbackError::EndKnown("the buyer did not take the lead"))
            }
            (DeliveryState::Attempted { .. } | DeliveryState::Due { .. }, _) => {
                Err(FeedbackError::EndKnown("the buyer did not take the lead, and is asked again"))
            }
        }
    }

    /// What a delivery whose end nobody knew turned out to be; nothing when its end is known.
    pub(crate) fn end_of(&mut self, delivery_id: EventId, end: End) -> Option<Moment> {
        let OpenEnd { call, retry } = self.story.reports.open_end(delivery_id)?.clone();
        let flow = Arc::clone(&self.flow);
        let (step, recipient) = flow.flow.step(&call.step_id).and_then(as_recipient)?;
        let call = domain::Call { response_code: None, ..call };
        let (kind, words) = match end {
            End::Sold(price) => {
                self.append(&step.id, vec![("outcome", Value::text(Outcome::Success.as_str()))]);
                let price = self.sale(step, recipient, price);
                (EventKind::RecipientDelivered { call, retry, price }, None)
            }
            End::NotSold(words) => {
                self.append(&step.id, vec![("outcome", Value::text(Outcome::Failure.as_str()))]);
                let reason = match &words {
                    Some(words) => reason_in_the_clear(&self.redacted(words), &flow.flow),
                    None => {
                        Reason::new(ReasonCode::Declined, "The buyer reports that it did not take the lead")
                    }
                };
                (EventKind::RecipientFailed { asked: Asked::Yes { call, retry }, reason }, words)
            }
        };
        Some(Moment { reason_raw: words, ..Moment::new(kind, self.context.clock.monotonic()) })
    }
}
