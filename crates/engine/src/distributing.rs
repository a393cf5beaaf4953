//! Groups of recipients that share a lead: `domain` says who comes next, here it is done. A group is
//! taken up again when a late answer gives back a sale that it held.

use std::sync::Arc;

use domain::{
    Call as EventCall, Candidate, ChainId, Distribution, EventKind, Exchange, FieldPath, GroupNext,
    GroupView, Lead, LeadIdKind, Money, NoBid, Number, Offers, Reason, ReasonCode, Recipient, RuleTrace,
    Step, StepEnd, StepKind, Strictness, Value, as_recipient,
};
use ledger::RecordError;

use crate::PublishedFlow;
use crate::asking::{About, Asked, Party, Question, Taken, not_kept};
use crate::delivery::not_made;
use crate::engine::Engine;
use crate::retries::Due;
use crate::run::{Moment, Run, path};
use crate::story::{DeliveryState, Events};
use crate::turn_keeper::weighed;

/// How much text of moments is recorded as one group. As stored a text takes up to twice its size, by the
/// copy of what of it is sensitive, and escapes in JSON.
const GROUP_BYTES_AIMED: usize = ledger::GROUP_BYTES_MAX / 8;

impl Run {
    /// Offers the lead to the recipients of a group, as far as it goes by now.
    pub(crate) async fn distribute(&mut self, step: &Step, group: &Distribution) -> Result<(), RecordError> {
        self.pass_group(step, group).await?;
        self.story.progress.after(step.id.clone(), StepEnd::Distributed);
        Ok(())
    }

    /// Takes a group up again whose first pass is over: a sale that it held may have come free, or be sold.
    pub(crate) async fn go_on_with_group_of(&mut self, step: &Step) -> Result<(), RecordError> {
        let flow = Arc::clone(&self.flow);
        let Some((group_step, group)) = flow.flow.group_of(&step.id) else { return Ok(()) };
        if self.story.completed {
            self.pass_group(group_step, group).await?;
            self.wake_retries(group);
        }
        Ok(())
    }

    /// Lets the retries of a group look again that waited for a sale that was held for another.
    fn wake_retries(&self, group: &Distribution) {
        let now = self.context.clock.now();
        for delivery in &self.story.deliveries {
            if let DeliveryState::Due { attempt: _, due } = delivery.state
                && due <= now
                && group.recipients.iter().any(|step| step.id == delivery.step_id)
            {
                let (lead_id, delivery_id) = (self.story.lead_id, delivery.delivery_id);
                self.context.retries.add(Due { at: due, lead_id, delivery_id });
            }
        }
    }

    /// Takes up again every group that stopped where it could have gone on, because the process ended.
    pub(crate) async fn go_on_with_groups(mut self) -> Result<(), RecordError> {
        let flow = Arc::clone(&self.flow);
        for (step, group) in groups(&flow) {
            if self.can_go_on(group) {
                self.pass_group(step, group).await?;
            }
        }
        self.forget_when_ended();
        self.settle().await
    }

    /// Whether some group asks somebody else by now, though the first pass of the flow is over.
    pub(crate) fn has_group_to_go_on(&self) -> bool {
        self.story.completed && groups(&self.flow).any(|(_, group)| self.can_go_on(group))
    }

    fn can_go_on(&self, group: &Distribution) -> bool {
        group.may_go_on(self.story.progress.offers()) && self.group_next(group) != GroupNext::Over
    }

    async fn pass_group(&mut self, group_step: &Step, group: &Distribution) -> Result<(), RecordError> {
        loop {
            self.tell_group(group_step, group);
            match self.group_next(group) {
                GroupNext::Over => return Ok(()),
                GroupNext::Skip { step, reason, trace } => self.skip(step, reason, Some(trace)).await?,
                GroupNext::Ping(steps) => self.ping_all(group, &steps).await?,
                GroupNext::TakeTurn(candidates) => self.take_turn(group_step, group, &candidates).await?,
                GroupNext::Ask(step) => self.ask_member(step).await?,
            }
        }
    }

    /// What a group does next with the lead as it stands.
    pub(crate) fn group_next<'a>(&self, group: &'a Distribution) -> GroupNext<'a> {
        let closed = |_: &Step, recipient: &Recipient| self.closed(recipient);
        let is_ping = self.story.lead_id.kind() == LeadIdKind::Ping;
        group.next(GroupView {
            offers: self.story.progress.offers(),
            variables: &self.rule_variables(),
            strictness: if is_ping { Strictness::Partial } else { Strictness::Whole },
            cost: self.cost(),
            closed: &closed,
        })
    }

    async fn ask_member(&mut self, step: &Step) -> Result<(), RecordError> {
        let Some((step, recipient)) = as_recipient(step) else {
            unreachable!("a flow was checked: groups hold recipients")
        };
        self.deliver(step, recipient).await
    }

    /// Asks whose turn it is. The attempt says so; without one, the turn was not taken.
    async fn take_turn(
        &mut self,
        group_step: &Step,
        group: &Distribution,
        candidates: &[(&Step, u32)],
    ) -> Result<(), RecordError> {
        let ids: Vec<_> = candidates.iter().map(|(step, _)| step.id.clone()).collect();
        let candidates: Vec<Candidate> = weighed(group, &ids);
        let key = (self.flow.flow.id().clone(), group_step.id.clone());
        let turns = self.context.turns.clone();
        // Test leads take nobody's turn.
        let counts = !self.story.marks.test;
        let first = if counts { turns.take(&key, &candidates) } else { turns.peek(&key, &candidates) };
        let first = first.expect("a group that takes turns has somebody to take one");
        if counts {
            self.turn = ids;
        }
        let step = group.recipients.iter().find(|step| step.id == first);
        let asked = self.ask_member(step.expect("the first is one of them")).await;
        if !self.turn.is_empty() {
            self.turn.clear();
            turns.give_back(&key, &candidates, &first);
        }
        asked
    }

    /// Records that no recipient of a group is asked, for a reason that holds for all of it.
    pub(crate) async fn skip_group(
        &mut self,
        group_step: &Step,
        group: &Distribution,
        reason: &Reason,
        trace: Option<RuleTrace>,
    ) -> Result<(), RecordError> {
        let since = self.context.clock.monotonic();
        let offers = self.story.progress.offers();
        let unmet = group.enabled().filter(|(step, _)| offers.stand(&step.id).is_none());
        let moments: Vec<Moment> = unmet
            .map(|(step, recipient)| {
                let (step_id, entity_id) = (step.id.clone(), recipient.entity_id.clone());
                let kind = EventKind::RecipientSkipped { step_id, entity_id, reason: reason.clone() };
                Moment { rules: trace.clone(), ..Moment::new(kind, since) }
            })
            .collect();
        self.record_all(moments).await?;
        self.story.progress.after(group_step.id.clone(), StepEnd::Skipped);
        Ok(())
    }

    /// Whether a group may ask somebody else yet, once a sale that it holds comes free.
    pub(crate) fn has_group_that_may_go_on(&self) -> bool {
        groups(&self.flow).any(|(_, group)| group.may_go_on(self.story.progress.offers()))
    }

    /// Puts into the lead what a group came to so far.
    fn tell_group(&mut self, step: &Step, group: &Distribution) {
        let result = group.result(self.story.progress.offers());
        let mut own = vec![
            ("outcome", Value::text(result.outcome.as_str())),
            ("sold", Value::from(Number::from(i32::try_from(result.sold).unwrap_or(i32::MAX)))),
            ("revenue", Value::from(number(result.revenue))),
        ];
        own.extend(result.winner.map(|winner| ("winner", Value::text(winner.as_str()))));
        self.append(&step.id, own);
    }

    /// Asks several buyers what they offer, all at once and within one time limit. What came of it is one
    /// group of events.
    pub(crate) async fn ping_all(
        &mut self,
        group: &Distribution,
        steps: &[&Step],
    ) -> Result<(), RecordError> {
        let since = self.context.clock.monotonic();
        let (mut skipped, mut full) = (Vec::new(), Vec::new());
        let mut moments = Vec::new();
        let (mut asked, mut questions) = (Vec::new(), Vec::new());
        for step in steps {
            let Some((recipient, ping)) = pinged(step) else { continue };
            if let Some(moment) = self.bid_before(step, recipient, since) {
                moments.push(moment);
                continue;
            }
            if let Some(reason) = self.full_by_now(step, recipient) {
                full.push((*step, recipient, reason));
                continue;
            }
            let variables = self.step_variables(step);
            let gone = self.needs_what_is_gone(&ping.request, &variables);
            match self.rendered(&ping.request, &variables) {
                Ok(_) if gone => skipped.push((*step, not_kept())),
                Ok(request) => {
                    let question = Question {
                        about: About::Bid(step),
                        entity_id: &recipient.entity_id,
                        party: Party::Buyer,
                        response: &ping.response,
                        time_limit: group.ping_timeout,
                    };
                    asked.push((*step, recipient, ping));
                    questions.push((question, request));
                }
                Err(error) => skipped.push((*step, not_made(&error))),
            }
        }
        for (step, reason) in skipped {
            self.skip(step, reason, None).await?;
        }
        for (step, recipient, reason) in full {
            self.full(step, recipient, reason, None).await?;
        }
        if !asked.is_empty() {
            // No byte of the lead leaves before what was recorded of it is durable.
            self.settle().await?;
            let answers = self.ask_all(questions).await?;
            for ((step, recipient, ping), answer) in asked.into_iter().zip(answers) {
                moments.push(self.bid(
                    step,
                    recipient,
                    &ping.request.integration.as_str().into(),
                    answer,
                    since,
                ));
            }
        }
        self.record_all(moments).await
    }

    /// Records moments of several buyers as one group; those of a big lead as several, so that none is larger
    /// than a group may be.
    async fn record_all(&mut self, moments: Vec<Moment>) -> Result<(), RecordError> {
        let mut group = Vec::new();
        let mut bytes = 0;
        for moment in moments {
            let exchanges = moment.exchanges.iter().flat_map(|own| [&own.request, &own.response]).flatten();
            let own = self.story.lead.text_bytes() + exchanges.map(|text| text.len()).sum::<usize>();
            if bytes + own > GROUP_BYTES_AIMED && !group.is_empty() {
                self.record(std::mem::take(&mut group)).await?;
                bytes = 0;
            }
            bytes += own;
            group.push(moment);
        }
        if !group.is_empty() {
            self.record(group).await?;
        }
        Ok(())
    }

    /// The bid that an answer is, with what it says put into the lead under `<step>.ping`.
    fn bid(
        &mut self,
        step: &Step,
        recipient: &Recipient,
        integration: &Arc<str>,
        answer: Asked,
        since: std::time::Duration,
    ) -> Moment {
        let offered =
            answer.reading.as_ref().and_then(|reading| reading.price).filter(|bid| *bid > Money::ZERO);
        let bid = match (&answer.result, offered) {
            (Ok(Taken::Yes), Some(bid)) => Ok(bid),
            (Ok(Taken::Yes), None) => Err(NoBid::Declined(no_bid())),
            (Ok(Taken::No(reason)), _) => Err(NoBid::Declined(reason.clone())),
            (Err(fault), _) => Err(NoBid::Fault(fault.clone())),
        };
        let place = format!("{}.ping", step.id);
        match &answer.reading {
            Some(reading) => self.append_reading_at(&place, reading, answer.own_values()),
            None => self.append_at(&place, answer.own_values()),
        }
        let call = EventCall {
            step_id: step.id.clone(),
            entity_id: recipient.entity_id.clone(),
            integration: Arc::clone(integration),
            response_code: answer.response_code,
        };
        Moment {
            waited: answer.waited,
            exchanges: answer.exchanges,
            reason_raw: answer.reason_raw,
            ..Moment::new(EventKind::RecipientBid { call, bid }, since)
        }
    }

    /// The bid that a recipient gave when the source pinged, with what it said then. A version published since
    /// may have another party in its place, which did not bid.
    fn bid_before(
        &mut self,
        step: &Step,
        recipient: &Recipient,
        since: std::time::Duration,
    ) -> Option<Moment> {
        let offer = self.offer.as_ref()?;
        let kind = offer.bids.iter().find_map(|kind| match kind {
            EventKind::RecipientBid { call, .. }
                if call.step_id == step.id && call.entity_id == recipient.entity_id =>
            {
                Some(kind.clone())
            }
            _ => None,
        })?;
        let prefix = format!("appended.{}.ping.", step.id);
        let said: Vec<(FieldPath, Value)> = offer
            .lead
            .iter()
            .filter(|(path, _)| path.as_str().starts_with(&prefix))
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect();
        for (path, value) in said {
            self.story.lead.set(path, value);
        }
        Some(Moment { exchanges: Vec::<Exchange>::new(), ..Moment::new(kind, since) })
    }
}

impl Engine {
    /// Whether a group of a lead may ask somebody else yet; also when it cannot be told.
    pub(crate) fn has_group_that_may_go_on(&self, chain: ChainId) -> bool {
        let Ok(Events { events, .. }) = self.events(chain) else { return true };
        let Some(head) = events.first().map(|event| &event.head) else { return false };
        let Some(flow) = self.control().flow_version(&head.flow_id, head.flow_version) else { return true };
        let mut offers = Offers::default();
        events.iter().for_each(|event| offers.after(&event.kind));
        groups(&flow).any(|(_, group)| group.may_go_on(&offers))
    }
}

/// The groups of a flow that are run, each with its step.
pub(crate) fn groups(flow: &PublishedFlow) -> impl Iterator<Item = (&Step, &Distribution)> {
    flow.flow.steps().iter().filter(|step| step.enabled).filter_map(|step| match &step.kind {
        StepKind::Distribute(group) => Some((step, &**group)),
        StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_) => None,
    })
}

/// What a lead was offered for when its source pinged.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// Each a `recipient.bid`.
    pub(crate) bids: Vec<EventKind>,
    /// What the buyers said, below `appended.<step>.ping`.
    pub(crate) lead: Lead,
    /// What the source was offered.
    pub(crate) price: Money,
}

/// The lead as the templates of a recipient see it, which name what its ping brought as `ping.…`.
pub(crate) fn with_ping(step: &Step, lead: &Lead) -> Option<Lead> {
    pinged(step)?;
    let prefix = format!("appended.{}.ping.", step.id);
    let mut seen = lead.clone();
    for (own, value) in lead.iter() {
        if let Some(below) = own.as_str().strip_prefix(&prefix) {
            seen.set(path(&format!("appended.ping.{below}")), value.clone());
        }
    }
    Some(seen)
}

pub(crate) fn no_bid() -> Reason {
    Reason::new(ReasonCode::Declined, "No bid")
}

pub(crate) fn number(amount: Money) -> Number {
    amount.to_string().parse().expect("an amount is a decimal")
}

fn pinged(step: &Step) -> Option<(&Recipient, &domain::Ping)> {
    let (_, recipient) = as_recipient(step)?;
    Some((recipient, recipient.ping.as_ref()?))
}
