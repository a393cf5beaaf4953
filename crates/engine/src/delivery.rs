//! Enhancement and recipient steps: another party is asked, and what came of it becomes events. A
//! fault at a buyer is followed by retries, which the flow does not wait for.

use std::time::Duration;

use domain::{
    Asked as AskedKind, Call, Enhancement, EventId, EventKind, Exchange, Fault, Lead, Money, Outcome, Price,
    Reason, ReasonCode, Recipient, Retry, SalePrice, Step, TestRule, Timestamp, Value, as_recipient,
};
use ledger::{RecordError, Ticket};
use wire::outbound::RenderError;

use crate::asking::{About, Asked, Outgoing, Party, Question, Taken, not_kept, unknown_after_restart};
use crate::distributing::{number, with_ping};
use crate::retries::Due;
use crate::run::{Moment, Run};
use crate::story::{Delivery, DeliveryState};

impl Run {
    pub(crate) async fn enhance(
        &mut self,
        step: &Step,
        enhancement: &Enhancement,
    ) -> Result<(), RecordError> {
        let Enhancement { entity_id, request, response, timeout } = enhancement;
        if let Some(reason) = self.withheld(Party::Service, entity_id) {
            return self.skip(step, reason, None).await;
        }
        let variables = self.step_variables(step);
        if self.needs_what_is_gone(request, &variables) {
            return self.skip(step, not_kept(), None).await;
        }
        let since = self.context.clock.monotonic();
        let request = match self.rendered(request, &variables) {
            Ok(request) => request,
            Err(error) => return self.skip(step, not_made(&error), None).await,
        };
        let question = Question {
            about: About::Lead(step),
            entity_id,
            party: Party::Service,
            response,
            time_limit: *timeout,
        };
        let asked = self.ask(question, request).await?;
        self.take_in(step, &asked);
        let call = called(step, asked.response_code);
        let kind = match asked.result {
            Ok(Taken::Yes) => EventKind::EnhancementSuccess { call },
            Ok(Taken::No(reason)) => EventKind::EnhancementFailure { call, reason },
            Err(fault) => EventKind::EnhancementError { call, fault },
        };
        let moment = Moment {
            waited: asked.waited,
            exchanges: asked.exchanges,
            reason_raw: asked.reason_raw,
            ..Moment::new(kind, since)
        };
        self.record(vec![moment]).await?;
        Ok(())
    }

    /// Why nothing is sent to a party at the moment.
    pub(crate) fn withheld(&self, party: Party, entity_id: &domain::EntityId) -> Option<Reason> {
        self.revoked().or_else(|| self.context.control.is_paused(entity_id).then(|| party.paused()))
    }

    /// The first attempt of a delivery.
    pub(crate) async fn deliver(&mut self, step: &Step, recipient: &Recipient) -> Result<(), RecordError> {
        if let Some(reason) = self.closed(recipient) {
            return self.skip(step, reason, None).await;
        }
        let delivery_id = EventId::new(self.context.clock.now(), self.context.draw());
        let request = match self.delivery_request(step, recipient, &self.story.lead, delivery_id) {
            Ok(request) => request,
            Err(reason) => return self.skip(step, reason, None).await,
        };
        if self.story.marks.test && recipient.test == TestRule::Simulate {
            return self.simulate(step, recipient, request).await;
        }
        self.attempt(step, recipient, Retry { attempt: 1, delivery_id }, request).await?;
        Ok(())
    }

    /// Records that a buyer is not asked, because a cap is full at a moment; now, when none is given.
    pub(crate) async fn full(
        &mut self,
        step: &Step,
        recipient: &Recipient,
        reason: Reason,
        at: Option<Timestamp>,
    ) -> Result<Ticket, RecordError> {
        let since = self.context.clock.monotonic();
        let own = vec![
            ("outcome", Value::text(Outcome::Failure.as_str())),
            ("reason", Value::text(std::sync::Arc::clone(&reason.text))),
        ];
        self.append(&step.id, own);
        let asked = AskedKind::No { step_id: step.id.clone(), entity_id: recipient.entity_id.clone() };
        let failed = Moment::new(EventKind::RecipientFailed { asked, reason }, since);
        self.record(vec![Moment { at, ..failed }]).await
    }

    /// The request of a delivery for a lead as it was first sent, or why there is none.
    pub(crate) fn delivery_request(
        &self,
        step: &Step,
        recipient: &Recipient,
        lead: &Lead,
        delivery_id: EventId,
    ) -> Result<Outgoing, Reason> {
        let with_ping = with_ping(step, lead);
        let variables = self.delivery_variables(with_ping.as_ref().unwrap_or(lead), delivery_id);
        if self.needs_what_is_gone(&recipient.request, &variables) {
            return Err(not_kept());
        }
        self.rendered(&recipient.request, &variables).map_err(|error| not_made(&error))
    }

    /// Records what a test lead would have been sent as, to a recipient that gets none.
    async fn simulate(
        &mut self,
        step: &Step,
        recipient: &Recipient,
        outgoing: Outgoing,
    ) -> Result<(), RecordError> {
        let since = self.context.clock.monotonic();
        self.append(&step.id, vec![("outcome", Value::text(Outcome::Skip.as_str()))]);
        let reason = Reason::new(ReasonCode::Simulated, "Test lead: what would be sent is recorded");
        let (step_id, entity_id) = (step.id.clone(), recipient.entity_id.clone());
        let kind = EventKind::RecipientSkipped { step_id, entity_id, reason };
        let exchanges = vec![Exchange { request: Some(outgoing.evidence), response: None }];
        self.record(vec![Moment { exchanges, ..Moment::new(kind, since) }]).await?;
        Ok(())
    }

    /// A later attempt, when one is due, and whatever its group does then. When it returns, all of it is
    /// durable.
    pub(crate) async fn retry(&mut self, delivery_id: EventId) -> Result<(), RecordError> {
        let Some(step_id) = self.story.delivery(delivery_id).map(|delivery| delivery.step_id.clone()) else {
            return Ok(());
        };
        let before = self.last_seq();
        self.try_again(delivery_id).await?;
        if self.last_seq() > before {
            let flow = std::sync::Arc::clone(&self.flow);
            if let Some(step) = flow.flow.step(&step_id) {
                self.go_on_with_group_of(step).await?;
            }
        }
        self.settle().await
    }

    async fn try_again(&mut self, delivery_id: EventId) -> Result<(), RecordError> {
        let Some(Delivery { step_id, sent, state, .. }) = self.story.delivery(delivery_id).cloned() else {
            return Ok(());
        };
        let DeliveryState::Due { attempt, due } = state else { return Ok(()) };
        if due > self.context.clock.now() {
            // The clock was set back while this waited for the lead.
            self.context.retries.add(Due { at: due, lead_id: self.story.lead_id, delivery_id });
            return Ok(());
        }
        let flow = std::sync::Arc::clone(&self.flow);
        let Some((step, recipient)) = flow.flow.step(&step_id).and_then(as_recipient) else {
            unreachable!("a version of a flow never changes, so its steps stay in it")
        };
        if let Some((_, group)) = flow.flow.group_of(&step_id)
            && !group.is_free_for(step, recipient, self.story.progress.offers())
        {
            // A sale that is held for another may come free: the retry waits for that.
            if group.is_sold_out(self.story.progress.offers()) {
                self.skip(step, sold_elsewhere(), None).await?;
            }
            return Ok(());
        }
        if let Some(reason) = self.closed(recipient) {
            self.skip(step, reason, None).await?;
            return Ok(());
        }
        match self.delivery_request(step, recipient, &sent, delivery_id) {
            Ok(request) => {
                self.attempt(step, recipient, Retry { attempt, delivery_id }, request).await?;
            }
            Err(reason) => self.skip(step, reason, None).await?,
        }
        Ok(())
    }

    /// Sends the lead to a buyer, once what says so is durable, and records what came of it.
    async fn attempt(
        &mut self,
        step: &Step,
        recipient: &Recipient,
        retry: Retry,
        outgoing: Outgoing,
    ) -> Result<Ticket, RecordError> {
        let since = self.context.clock.monotonic();
        let first = retry.attempt == 1;
        let at = self.attempted_at(recipient);
        let caps = match self.reserve(step, recipient, at) {
            Ok(caps) => caps,
            Err(reason) => return self.full(step, recipient, reason, Some(at)).await,
        };
        let attempted = EventKind::RecipientAttempted { call: called(step, None), retry, caps };
        let attempted = Moment {
            exchanges: vec![Exchange { request: Some(outgoing.evidence.clone()), response: None }],
            id: first.then_some(retry.delivery_id),
            at: Some(at),
            ..Moment::new(attempted, since)
        };
        let mut moments = vec![attempted];
        if !first {
            let (step_id, entity_id) = (step.id.clone(), recipient.entity_id.clone());
            let begun = EventKind::RetryAttempted { step_id, entity_id, retry };
            moments.insert(0, Moment { at: Some(at), ..Moment::new(begun, since) });
        }
        let ticket = self.record(moments).await?;
        if self.context.barriers.before_delivery {
            ticket.durable().await?;
        }
        let question = Question {
            about: About::Lead(step),
            entity_id: &recipient.entity_id,
            party: Party::Buyer,
            response: &recipient.response,
            time_limit: recipient.timeout,
        };
        let asked = self.ask(question, outgoing).await?;
        self.take_in(step, &asked);
        let call = called(step, asked.response_code);
        let kind = match asked.result {
            Ok(Taken::Yes) => {
                let replied = asked.reading.as_ref().and_then(|reading| reading.price);
                let price = self.sale(step, recipient, replied);
                EventKind::RecipientDelivered { call, retry, price }
            }
            Ok(Taken::No(reason)) => {
                EventKind::RecipientFailed { asked: AskedKind::Yes { call, retry }, reason }
            }
            Err(fault) => EventKind::RecipientError { call, retry, fault },
        };
        let failed = matches!(kind, EventKind::RecipientError { .. });
        let outcome = Moment {
            waited: asked.waited,
            exchanges: asked.exchanges,
            reason_raw: asked.reason_raw,
            ..Moment::new(kind, since)
        };
        let again = if failed { self.again(step, recipient, retry, asked.retry_after) } else { None };
        self.record_outcome(outcome, again).await
    }

    /// The price of a lead that a buyer took; from then on the lead says so.
    pub(crate) fn sale(&mut self, step: &Step, recipient: &Recipient, replied: Option<Money>) -> Price {
        // A reply that names more than can be asked for counts as that, or a budget would be overspent.
        let replied = replied.map(|price| recipient.gates.max_price.map_or(price, |most| price.min(most)));
        let named = match &recipient.price {
            SalePrice::FromBid { .. } => self.story.progress.offers().bid(&step.id),
            SalePrice::Fixed(_) | SalePrice::Table(_) | SalePrice::FromReply { .. } => replied,
        };
        let (amount, mut below_floor) = recipient.price.price(&self.rule_variables(), named);
        if let (SalePrice::FromReply { .. }, Some((_, group))) =
            (&recipient.price, self.flow.flow.group_of(&step.id))
        {
            below_floor |= group.is_below_margin(amount, self.cost());
        }
        let path = crate::run::path(&format!("appended.{}.price", step.id));
        self.story.lead.set(path, Value::from(number(amount)));
        Price { amount, below_floor, copy: recipient.is_copy }
    }

    /// The attempts that have no outcome, because the process ended meanwhile: each becomes a fault,
    /// and is tried again like any other.
    pub(crate) async fn close_unknown(&mut self) -> Result<(), RecordError> {
        let flow = std::sync::Arc::clone(&self.flow);
        for Delivery { step_id, delivery_id, state, .. } in self.story.deliveries.clone() {
            let DeliveryState::Attempted { attempt } = state else { continue };
            let Some((step, recipient)) = flow.flow.step(&step_id).and_then(as_recipient) else {
                unreachable!("a version of a flow never changes, so its steps stay in it")
            };
            let fault = unknown_after_restart();
            let outcome = Value::text(Outcome::Error.as_str());
            let reason = Value::text(std::sync::Arc::clone(&fault.reason.text));
            self.append(&step_id, vec![("outcome", outcome), ("reason", reason)]);
            self.record_unknown(step, recipient, Retry { attempt, delivery_id }, fault).await?;
        }
        Ok(())
    }

    async fn record_unknown(
        &mut self,
        step: &Step,
        recipient: &Recipient,
        retry: Retry,
        fault: Fault,
    ) -> Result<(), RecordError> {
        let since = self.context.clock.monotonic();
        let kind = EventKind::RecipientError { call: called(step, None), retry, fault };
        let again = self.again(step, recipient, retry, None);
        self.record_outcome(Moment::new(kind, since), again).await?;
        Ok(())
    }

    /// The retry that follows a fault, when the policy has one more.
    fn again(
        &self,
        step: &Step,
        recipient: &Recipient,
        failed: Retry,
        asked: Option<Duration>,
    ) -> Option<EventKind> {
        let chance = u32::from_le_bytes(self.context.draw());
        let wait = recipient.retry.wait_after(failed.attempt, asked, chance)?;
        let wait_ms = i64::try_from(wait.as_millis()).expect("waits have a bound");
        let now = self.now();
        Some(EventKind::RetryScheduled {
            step_id: step.id.clone(),
            entity_id: recipient.entity_id.clone(),
            retry: Retry { attempt: failed.attempt + 1, ..failed },
            due: now.plus_millis(wait_ms),
            reason: None,
        })
    }

    /// Records an outcome and the retry that follows as one group, so that no crash parts them.
    async fn record_outcome(
        &mut self,
        outcome: Moment,
        again: Option<EventKind>,
    ) -> Result<Ticket, RecordError> {
        let due = match &again {
            Some(EventKind::RetryScheduled { retry, due, .. }) => {
                Some(Due { at: *due, lead_id: self.story.lead_id, delivery_id: retry.delivery_id })
            }
            _ => None,
        };
        let since = self.context.clock.monotonic();
        let mut moments = vec![outcome];
        moments.extend(again.map(|kind| Moment::new(kind, since)));
        let ticket = self.record(moments).await?;
        if let Some(due) = due {
            self.context.retries.add(due);
        }
        Ok(ticket)
    }

    /// Puts what came of a step into the lead.
    fn take_in(&mut self, step: &Step, asked: &Asked) {
        match &asked.reading {
            Some(reading) => self.append_reading(&step.id, reading, asked.own_values()),
            None => self.append(&step.id, asked.own_values()),
        }
    }
}

/// The call of a step as its events tell it.
pub(crate) fn called(step: &Step, response_code: Option<u16>) -> Call {
    let (Some(entity_id), Some(request)) = (step.entity_id(), step.request()) else {
        unreachable!("filters ask nobody")
    };
    Call {
        step_id: step.id.clone(),
        entity_id: entity_id.clone(),
        integration: request.integration.as_str().into(),
        response_code,
    }
}

/// Why a retry is not made: whoever may have the lead has it.
pub(crate) fn sold_elsewhere() -> Reason {
    Reason::new(ReasonCode::SoldElsewhere, "Sold elsewhere")
}

/// Why a step asks nobody: its request cannot be made from this lead.
pub(crate) fn not_made(error: &RenderError) -> Reason {
    Reason::new(ReasonCode::Request, format!("The request cannot be made: {error}"))
}
