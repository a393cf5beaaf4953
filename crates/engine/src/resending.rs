//! Dead letters sent again. A dead letter is a delivery without an end that nobody tries any more: its
//! attempts are used up, or the last one could not be made. Which there are follows from the events; here
//! one of them gets one more attempt, under the same delivery id.

use std::sync::Arc;

use domain::{
    EventId, EventKind, LeadId, Reason, ReasonCode, Recipient, Retry, Stand, Step, StepId, as_recipient,
};

use crate::delivery::sold_elsewhere;
use crate::duplicates::Claimed;
use crate::engine::Engine;
use crate::feedback::FeedbackError;
use crate::gates::is_against_sold;
use crate::retries::Due;
use crate::run::{Moment, Run};
use crate::story::{Delivery, DeliveryState};

/// What became of a dead letter that somebody sends again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resent {
    /// One more attempt is due at once. What says so is durable.
    Scheduled {
        /// The delivery.
        delivery_id: EventId,
        /// The number of the attempt.
        attempt: u32,
    },
    /// It is none: it has an end, or an attempt waits already.
    NotADeadLetter,
    /// It cannot be sent now. Nothing was recorded.
    Refused(Reason),
}

impl Engine {
    /// Sends a dead letter again: the newest delivery of a lead by a step. When it returns, what says so is
    /// durable, and the attempt is made as any retry is.
    ///
    /// # Errors
    /// When there is no such lead, or it could not be recorded.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn resend(&self, lead_id: LeadId, step_id: StepId) -> Result<Resent, FeedbackError> {
        let engine = self.clone();
        self.to_the_end(async move {
            let mut run = engine.take_up_reported(lead_id).await?.ok_or(FeedbackError::Unknown)?;
            run.resend(&step_id).await
        })
        .await
    }
}

impl Run {
    async fn resend(&mut self, step_id: &StepId) -> Result<Resent, FeedbackError> {
        let flow = Arc::clone(&self.flow);
        let newest = self.story.deliveries.iter().rev().find(|delivery| delivery.step_id == *step_id);
        let (Some(delivery), Some((step, recipient))) =
            (newest.cloned(), flow.flow.step(step_id).and_then(as_recipient))
        else {
            return Ok(Resent::NotADeadLetter);
        };
        match delivery.state {
            DeliveryState::Unanswered => {}
            DeliveryState::Attempted { .. }
            | DeliveryState::Due { .. }
            | DeliveryState::Delivered { .. }
            | DeliveryState::Ended => return Ok(Resent::NotADeadLetter),
        }
        if let Some(reason) = self.against_resending(step, recipient, &delivery) {
            return Ok(Resent::Refused(reason));
        }
        let (delivery_id, attempt) = (delivery.delivery_id, delivery.attempt + 1);
        let due = self.now();
        let scheduled = EventKind::RetryScheduled {
            step_id: step.id.clone(),
            entity_id: recipient.entity_id.clone(),
            retry: Retry { attempt, delivery_id },
            due,
            reason: Some(Reason::new(ReasonCode::Resent, "An operator sends it again")),
        };
        let moment = Moment { at: Some(due), ..Moment::new(scheduled, self.context.clock.monotonic()) };
        self.record(vec![moment]).await?;
        self.settle().await?;
        self.context.retries.add(Due { at: due, lead_id: self.story.lead_id, delivery_id });
        Ok(Resent::Scheduled { delivery_id, attempt })
    }

    /// Why a dead letter would not be sent at this moment. The attempt itself looks once more.
    fn against_resending(&self, step: &Step, recipient: &Recipient, delivery: &Delivery) -> Option<Reason> {
        let offers = self.story.progress.offers();
        if let Some((_, group)) = self.flow.flow.group_of(&step.id)
            && !group.is_free_for(step, recipient, offers)
        {
            return Some(sold_elsewhere());
        }
        if let Some(reason) = self.closed(recipient) {
            return Some(reason);
        }
        // One that may have reached the buyer holds its units of caps.
        let holds_units = offers.stand(&step.id) == Some(Stand::Unknown);
        if !holds_units && let Some(reason) = self.full_by_now(step, recipient) {
            return Some(reason);
        }
        if let Err(reason) = self.delivery_request(step, recipient, &delivery.sent, delivery.delivery_id) {
            return Some(reason);
        }
        // A copy sells it to nobody.
        if recipient.is_copy { None } else { self.take_keys_again() }
    }

    /// Claims what the lead is known by as sold, which it gave back when nobody had it; why not, when a later
    /// lead is known by it.
    fn take_keys_again(&self) -> Option<Reason> {
        let (flow, lead_id) = (&self.flow.flow, self.story.lead_id);
        let keys = &self.story.duplicate_keys;
        let now = self.context.clock.now();
        for key in keys.iter().filter(|key| is_against_sold(&self.flow, key)) {
            let rule = flow.gates().duplicates.iter().find(|rule| rule.slug == key.rule)?;
            let window_ms = i64::try_from(rule.window.as_millis()).expect("windows have a bound");
            let claimed = self.context.duplicates.claim(key.tag, lead_id, window_ms, now);
            if let Claimed::Earlier(other) = claimed {
                // What it has claimed by now is given back, for it is still unsold.
                self.give_back_keys();
                return Some(domain::duplicate_reason(other.drawn_at(), flow.time_zone()));
            }
        }
        None
    }
}
