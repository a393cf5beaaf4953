//! What must hold once a history is over: the ledger, after a last loss of power, against the buyers'
//! books and what clients were told.

use std::collections::{HashMap, HashSet};

use domain::{
    Asked, ChainId, Event, EventId, EventKind, EventType, Fate, FaultKind, FeedbackKind, Flow, LeadId,
    LeadIdKind, LeadSummary, Money, Offers, Outcome, Price, ReasonCode, Retry, StepId, StepKind, Timestamp,
    Value,
};
use ledger::Ledger;
use wire::{BodyView, Header};

use super::clients::{SENT_AS, SSN_START};
use super::world::{Entry, ResendEnd, Says, Told};
use super::{
    DiskName, Extras, Played, World, cap_rules, duplicate_rules, feedback_rules, flow, life, ping_rules,
};

/// The events of one lead or ping, oldest first.
pub(super) struct Chain {
    pub(super) lead_id: LeadId,
    pub(super) events: Vec<Event>,
    /// Their places in the ledger.
    seqs: Vec<u64>,
}

pub(super) fn check(world: &World) -> Result<Played, String> {
    let ledger = life::after_all(world)?;
    let (chains, pings) = read(&ledger)?;
    let extras = &world.plan.extras;
    // Versions differ in a price alone.
    let flow = flow::flow(extras, 1);
    let book = world.book();
    let mut played = Played {
        lives: world.plan.lives.len() as u64 + 1,
        faults: world.struck(),
        checkpoints: world.checkpoints().made,
        checkpoint_faults: world.disk(DiskName::State).faults_struck(),
        from_checkpoints: world.checkpoints().began_from,
        leads: chains.len() as u64,
        requests: book.len() as u64,
        ..Played::default()
    };
    for chain in chains.values() {
        let within = |what: String| format!("{}: {what}", chain.lead_id);
        chain.check_order().map_err(within)?;
        chain.check_deliveries(&flow, &book, &mut played).map_err(within)?;
        chain.check_money(&flow, &mut played).map_err(within)?;
        chain.check_returns().map_err(within)?;
        feedback_rules::check_lead(&chain.events, &mut played).map_err(within)?;
        chain.check_summary().map_err(within)?;
        chain.check_groups(&flow, extras, &mut played).map_err(within)?;
        played.events += chain.events.len() as u64;
    }
    let of = |chains| -> Vec<&Chain> { HashMap::values(chains).collect() };
    ping_rules::check(world, &flow, &chains, &pings, &mut played)?;
    if let Some(window_s) = extras.sold_once_s {
        duplicate_rules::check(&flow, window_s, &chains, &mut played)?;
    }
    cap_rules::check(&flow, &world.caps(), &of(&chains), &of(&pings), &mut played)?;
    check_book(&book, &chains)?;
    check_answers(world, &chains, &mut played)?;
    check_keys(&chains)?;
    check_reports(world, &chains, &mut played)?;
    check_resends(world, &chains)?;
    let events: Vec<&[Event]> = chains.values().map(|chain| &*chain.events).collect();
    feedback_rules::check_limits(&events)?;
    feedback_rules::check_heard(world, &events)?;
    Ok(played)
}

/// Leads, or pings.
pub(super) type Chains = HashMap<LeadId, Chain>;

/// All leads, and all pings.
fn read(ledger: &Ledger) -> Result<(Chains, Chains), String> {
    let reader = ledger.reader();
    let (mut chains, mut pings) = (HashMap::new(), HashMap::new());
    for (chain, _) in reader.chains() {
        let ChainId::Lead(lead_id) = chain else { continue };
        let records = reader.records(&reader.chain(lead_id)).map_err(|error| error.to_string())?;
        let mut events = Vec::new();
        for (place, record) in records.iter().enumerate() {
            let header = Header::read(&record.header).map_err(|error| error.to_string())?;
            if header.lead_seq.map(|seq| seq as usize) != Some(place + 1) {
                return Err(format!("{lead_id} has {:?} at place {}", header.lead_seq, place + 1));
            }
            let body = record.body.bytes().ok_or("a body is gone")?;
            let dashed = body.windows(SSN_START.len()).any(|window| window == SSN_START.as_bytes());
            if dashed || ssn_at(body).is_some() {
                return Err(format!("{} of {lead_id} holds a sensitive value", header.event_type));
            }
            let body = BodyView::read(body).map_err(|error| error.to_string())?;
            events.push(wire::read_event(&header, Some(&body)).map_err(|error| error.to_string())?);
        }
        let kind = match lead_id.kind() {
            LeadIdKind::Lead => &mut chains,
            LeadIdKind::Ping => &mut pings,
        };
        let seqs = records.iter().map(|record| record.seq).collect();
        kind.insert(lead_id, Chain { lead_id, events, seqs });
    }
    Ok((chains, pings))
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stand {
    Attempted(u32),
    Failed(u32),
    Scheduled(u32, Timestamp),
    Begun(u32),
    /// Nobody answered, and nobody asks any more: this would be the next attempt.
    Left(u32),
    Ended,
}

impl Chain {
    fn completed(&self) -> Option<&Event> {
        self.events.iter().find(|event| event.event_type() == EventType::FlowCompleted)
    }

    /// The answer at the deadline.
    fn answered(&self) -> Option<&Event> {
        self.events.iter().find(|event| event.event_type() == EventType::SourceAnswered)
    }

    pub(super) fn is_test(&self) -> bool {
        self.events[0].head.marks.test
    }

    /// Its events, each with its place in the ledger.
    pub(super) fn with_seqs(&self) -> impl Iterator<Item = (&Event, u64)> {
        self.events.iter().zip(self.seqs.iter().copied())
    }

    /// Whether somebody bought it.
    pub(super) fn is_sold(&self) -> bool {
        let sold =
            |kind: &EventKind| matches!(kind, EventKind::RecipientDelivered { price, .. } if !price.copy);
        self.events.iter().any(|event| sold(&event.kind))
    }

    /// It begins with its submission, its flow ends once, and time does not go back.
    fn check_order(&self) -> Result<(), String> {
        let of_type = |wanted| self.events.iter().filter(|event| event.event_type() == wanted).count();
        if self.events.first().map(Event::event_type) != Some(EventType::SourceSubmitted)
            || of_type(EventType::SourceSubmitted) != 1
        {
            return Err("it does not begin with its one submission".to_owned());
        }
        if of_type(EventType::SourceAccepted) + of_type(EventType::SourceRejected) != 1 {
            return Err("it is not accepted or rejected once".to_owned());
        }
        if of_type(EventType::FlowCompleted) != 1 {
            return Err(format!("its flow ends {} times", of_type(EventType::FlowCompleted)));
        }
        if let Some(back) = self.events.windows(2).find(|pair| pair[1].head.at < pair[0].head.at) {
            return Err(format!("time goes back to {}", back[1].head.at));
        }
        Ok(())
    }

    /// Each attempt has its outcome, each retry that is scheduled comes or is skipped, unless the sale stays held
    /// for another, no step has two deliveries, only what was left without an answer is sent again, and what is
    /// recorded is what the buyer answered.
    fn check_deliveries(&self, flow: &Flow, book: &[Entry], played: &mut Played) -> Result<(), String> {
        let mut stands: HashMap<StepId, (EventId, Stand)> = HashMap::new();
        let mut resent: HashSet<(EventId, u32)> = HashSet::new();
        for event in &self.events {
            match &event.kind {
                EventKind::RecipientAttempted { call, retry, .. } => {
                    let Retry { attempt, delivery_id } = *retry;
                    let fits = match stands.get(&call.step_id) {
                        None => attempt == 1 && event.head.id == delivery_id,
                        Some((id, Stand::Begun(begun))) => *id == delivery_id && *begun == attempt,
                        Some(_) => false,
                    };
                    let most = flow::attempts_max(call.step_id.as_str());
                    if !fits || attempt > most && !resent.contains(&(delivery_id, attempt)) {
                        return Err(format!("attempt {attempt} of {} is out of turn", call.step_id));
                    }
                    let request = event.body.exchanges.first().and_then(|exchange| exchange.request.clone());
                    let sent = book.iter().filter(|entry| entry.delivery_id == delivery_id);
                    for entry in sent {
                        let (recorded, had_it) = as_recorded(&entry.request);
                        if Some(&*recorded) != request.as_deref() {
                            return Err(format!("{} got another request than recorded", call.step_id));
                        }
                        if call.step_id.as_str() == "bid" && !had_it {
                            return Err(format!("{} got no social security number", call.step_id));
                        }
                    }
                    stands.insert(call.step_id.clone(), (delivery_id, Stand::Attempted(attempt)));
                }
                // Nobody answered, and later its buyer reported on it.
                EventKind::RecipientDelivered { call, retry, price } if event.body.exchanges.is_empty() => {
                    feedback_rules::check_found(call, *retry, *price, self.bid(&call.step_id), book)?;
                    match stands.insert(call.step_id.clone(), (retry.delivery_id, Stand::Ended)) {
                        Some((id, Stand::Left(_) | Stand::Scheduled(..))) if id == retry.delivery_id => {}
                        other => return Err(format!("{} is found sold at {other:?}", call.step_id)),
                    }
                    played.found += 1;
                }
                EventKind::RecipientDelivered { call, retry, price } => {
                    self.end(&mut stands, &call.step_id, *retry, Stand::Ended)?;
                    check_sale(event, &call.step_id, *retry, *price, self.bid(&call.step_id), book)?;
                    played.sales += 1;
                }
                EventKind::RecipientFailed { asked: Asked::Yes { call, retry }, .. } => {
                    self.end(&mut stands, &call.step_id, *retry, Stand::Ended)?;
                    if let Some(Says::Yes(_)) = said(event, *retry, book)? {
                        return Err(format!("{} said yes, and no is recorded", call.step_id));
                    }
                }
                EventKind::RecipientError { call, retry, fault } => {
                    let last = retry.attempt >= flow::attempts_max(call.step_id.as_str());
                    let next = retry.attempt + 1;
                    let stand = if last { Stand::Left(next) } else { Stand::Failed(retry.attempt) };
                    self.end(&mut stands, &call.step_id, *retry, stand)?;
                    if let Some(Says::Yes(_) | Says::No) = said(event, *retry, book)? {
                        return Err(format!("{} answered, and {:?} is recorded", call.step_id, fault.kind));
                    }
                    played.kept_back += u64::from(fault.kind == FaultKind::Circuit);
                    played.unknown += u64::from(&*fault.reason.text == "Outcome unknown after restart");
                }
                EventKind::RetryScheduled { step_id, retry, due, reason, .. } => {
                    let Retry { attempt, delivery_id } = *retry;
                    let after = match reason {
                        None => Stand::Failed(attempt.wrapping_sub(1)),
                        Some(_) => Stand::Left(attempt),
                    };
                    if stands.get(step_id) != Some(&(delivery_id, after)) {
                        return Err(format!("retry {attempt} of {step_id} does not follow {after:?}"));
                    }
                    if reason.is_some() {
                        resent.insert((delivery_id, attempt));
                        played.resent += 1;
                    }
                    stands.insert(step_id.clone(), (delivery_id, Stand::Scheduled(attempt, *due)));
                    played.retries += 1;
                }
                EventKind::RetryAttempted { step_id, retry, .. } => {
                    let Retry { attempt, delivery_id } = *retry;
                    match stands.get(step_id) {
                        Some((id, Stand::Scheduled(scheduled, due)))
                            if *id == delivery_id && *scheduled == attempt && *due <= event.head.at => {}
                        other => return Err(format!("retry {attempt} of {step_id} begins at {other:?}")),
                    }
                    stands.insert(step_id.clone(), (delivery_id, Stand::Begun(attempt)));
                }
                EventKind::RecipientSkipped { step_id, reason, .. }
                | EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, reason } => {
                    match stands.get_mut(step_id) {
                        None => {}
                        Some((_, stand @ Stand::Scheduled(..)))
                            if reason.code == ReasonCode::SoldElsewhere =>
                        {
                            *stand = Stand::Ended;
                        }
                        Some((_, stand)) => match *stand {
                            Stand::Scheduled(next, _) => *stand = Stand::Left(next),
                            other => return Err(format!("{step_id} is skipped at {other:?}")),
                        },
                    }
                }
                _ => {}
            }
        }
        let is_left = |step: &StepId, stand: Stand| match stand {
            Stand::Ended | Stand::Left(_) => false,
            Stand::Scheduled(..) => !self.waits_for_another(flow, step),
            Stand::Attempted(_) | Stand::Failed(_) | Stand::Begun(_) => true,
        };
        match stands.iter().find(|(step, (_, stand))| is_left(step, *stand)) {
            Some((step, (id, stand))) => Err(format!("{id} of {step} is left at {stand:?}")),
            None => Ok(()),
        }
    }

    /// Whether the sales of a recipient's group are held for others that may have the lead, or sold.
    fn waits_for_another(&self, flow: &Flow, step: &StepId) -> bool {
        let Some((_, group)) = flow.group_of(step) else { return false };
        let mut offers = Offers::default();
        self.events.iter().for_each(|event| offers.after(&event.kind));
        let own = flow.step(step).and_then(domain::as_recipient);
        own.is_some_and(|(step, recipient)| !group.is_free_for(step, recipient, &offers))
    }

    fn end(
        &self,
        stands: &mut HashMap<StepId, (EventId, Stand)>,
        step: &StepId,
        retry: Retry,
        stand: Stand,
    ) -> Result<(), String> {
        let before = stands.insert(step.clone(), (retry.delivery_id, stand));
        if before == Some((retry.delivery_id, Stand::Attempted(retry.attempt))) {
            Ok(())
        } else {
            Err(format!("attempt {} of {step} ends at {before:?}", retry.attempt))
        }
    }

    /// No group sells a lead too often, who bid most had it first, and what is explained is what happened.
    fn check_groups(&self, flow: &Flow, extras: &Extras, played: &mut Played) -> Result<(), String> {
        let is_passed_by = extras.auction_when
            && self.events[0].body.lead.get("state") == Some(&Value::text(flow::NO_AUCTION));
        let sold = |id: &StepId| {
            self.events.iter().any(|event| {
                matches!(&event.kind, EventKind::RecipientDelivered { call, .. } if call.step_id == *id)
            })
        };
        for (group_id, most) in flow::GROUPS {
            let members: Vec<&StepId> = flow
                .all_steps()
                .map(|step| &step.id)
                .filter(|id| flow.group_of(id).is_some_and(|(group, _)| group.id.as_str() == group_id))
                .collect();
            // Who is not waited for and turns out to have it is one too many, as the flow allows.
            let extra = members.iter().filter(|id| id.as_str() == "green" && self.is_found(id)).count();
            let sales = members.iter().filter(|id| sold(id)).count();
            if sales > most + extra {
                return Err(format!("{group_id} sold it {sales} times"));
            }
            played.group_sales += sales as u64;
            let stopped = self.stopped(flow, group_id);
            if stopped {
                return Err(format!("{group_id} has a sale to give, and asks nobody"));
            }
            if group_id == "auction" {
                self.check_auction(&members)?;
                if is_passed_by {
                    played.passed_by += u64::from(self.check_passed_by(&members)?);
                }
            }
        }
        let attempts = |id: &StepId| {
            let attempts = self.events.iter().filter_map(|event| match &event.kind {
                EventKind::RecipientAttempted { call, retry, .. } if call.step_id == *id => {
                    Some(retry.attempt)
                }
                _ => None,
            });
            attempts.max().unwrap_or(0)
        };
        let price = |id: &StepId| {
            self.events.iter().find_map(|event| match &event.kind {
                EventKind::RecipientDelivered { call, price, .. } if call.step_id == *id => {
                    Some(price.amount)
                }
                _ => None,
            })
        };
        for explained in flow.explain(&self.events) {
            let id = &explained.step_id;
            let told = (explained.bid, explained.price, explained.attempts);
            if told != (self.bid(id), price(id), attempts(id)) {
                return Err(format!("{id} is explained with {told:?}"));
            }
            let delivered = explained.fate == Fate::Delivered;
            if delivered != sold(&explained.step_id) {
                return Err(format!("{} is explained as {}", explained.step_id, explained.fate));
            }
            let met = self.events.iter().any(|event| step_of(&event.kind) == Some(&explained.step_id));
            let unmet = [Fate::SoldElsewhere, Fate::NotReached].contains(&explained.fate);
            if met == unmet || explained.reason.is_none() != delivered {
                return Err(format!(
                    "{} is explained as {} ({:?}), met {met}",
                    explained.step_id, explained.fate, explained.reason
                ));
            }
        }
        Ok(())
    }

    /// Who is passed by is not asked. Gives whether the lead came as far.
    fn check_passed_by(&self, members: &[&StepId]) -> Result<bool, String> {
        let mut own = self.events.iter().filter_map(|event| Some((event, step_of(&event.kind)?)));
        let mut came = false;
        for (event, step) in own.by_ref().filter(|(_, step)| members.contains(step)) {
            if !matches!(event.kind, EventKind::RecipientSkipped { .. }) {
                return Err(format!("{step} is asked of a lead that passes it by"));
            }
            came = true;
        }
        Ok(came)
    }

    /// Whether a buyer has it by its report, and not by its answer.
    fn is_found(&self, id: &StepId) -> bool {
        self.events.iter().any(|event| {
            matches!(&event.kind, EventKind::RecipientDelivered { call, .. } if call.step_id == *id)
                && event.body.exchanges.is_empty()
        })
    }

    /// Whether a group that asked somebody has a free sale, and somebody left whom it did not ask.
    fn stopped(&self, flow: &Flow, group_id: &str) -> bool {
        let mut offers = Offers::default();
        self.events.iter().for_each(|event| offers.after(&event.kind));
        flow.steps().iter().filter(|step| step.id.as_str() == group_id).any(|step| match &step.kind {
            StepKind::Distribute(group) => group.may_go_on(&offers) && group.taken(&offers) < group.max_sales,
            StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_) => false,
        })
    }

    /// Nobody is asked before one that bid more, unless that one was asked before.
    fn check_auction(&self, members: &[&StepId]) -> Result<(), String> {
        let mut bids: Vec<(&StepId, Money)> = Vec::new();
        for event in &self.events {
            match &event.kind {
                EventKind::RecipientBid { call, bid: Ok(bid) } => bids.push((&call.step_id, *bid)),
                EventKind::RecipientAttempted { call, retry, .. }
                    if retry.attempt == 1 && members.contains(&&call.step_id) =>
                {
                    let own = bids.iter().find(|(id, _)| *id == &call.step_id).map(|(_, bid)| *bid);
                    let own = own.ok_or_else(|| format!("{} is asked without a bid", call.step_id))?;
                    bids.retain(|(id, _)| *id != &call.step_id);
                    if let Some((other, bid)) = bids.iter().find(|(_, bid)| *bid > own) {
                        return Err(format!(
                            "{} bid {own} and is asked before {other} with {bid}",
                            call.step_id
                        ));
                    }
                }
                EventKind::RecipientSkipped { step_id, .. }
                | EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, .. } => {
                    bids.retain(|(id, _)| *id != step_id);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What a buyer bid.
    pub(super) fn bid(&self, step: &StepId) -> Option<Money> {
        self.events.iter().find_map(|event| match &event.kind {
            EventKind::RecipientBid { call, bid: Ok(bid) } if call.step_id == *step => Some(*bid),
            _ => None,
        })
    }

    /// The end of the flow counts what was sold until then; what the source is paid follows its answer.
    fn check_money(&self, flow: &Flow, played: &mut Played) -> Result<(), String> {
        let mut revenue = Money::ZERO;
        let mut sold = 0;
        let mut offered = Money::ZERO;
        // Who is paid a share is paid it of the bids that are sold by then.
        let share =
            flow.source(&self.events[0].head.source_id).and_then(|source| flow.purchase_share(source));
        let mut answered = None;
        for event in &self.events {
            match &event.kind {
                EventKind::SourceAccepted { price, .. } if share.is_none() => {
                    offered = price.unwrap_or(Money::ZERO);
                }
                EventKind::SourceAnswered { answer } => {
                    let wanted =
                        if sold > 0 { (Outcome::Success, offered) } else { (Outcome::Failure, Money::ZERO) };
                    if (answer.outcome, answer.price) != wanted || answered.is_some() {
                        return Err(format!("{wanted:?} was due at the deadline, not {answer:?}"));
                    }
                    answered = Some((answer.outcome, answer.price));
                }
                EventKind::RecipientDelivered { call, price, .. } if !price.copy => {
                    revenue = revenue.checked_add(price.amount).ok_or("too much money")?;
                    sold += 1;
                    if let (Some(share), Some(_)) = (share, self.bid(&call.step_id)) {
                        offered = share.of(price.amount);
                    }
                }
                EventKind::FlowCompleted(completion) => {
                    let (told, price) = answered.unwrap_or((completion.final_outcome, offered));
                    let (cost, revenue) = match (self.is_test(), told == Outcome::Success) {
                        (true, _) => (Money::ZERO, Money::ZERO),
                        (false, true) => (price, revenue),
                        (false, false) => (Money::ZERO, revenue),
                    };
                    played.shares += u64::from(share.is_some() && cost > Money::ZERO);
                    if (completion.cost, completion.revenue) != (cost, revenue) {
                        return Err(format!(
                            "it costs {} and earns {}, and its events say {cost} and {revenue}",
                            completion.cost, completion.revenue
                        ));
                    }
                    if completion.deliveries != sold {
                        return Err(format!("{} are sold, and {sold} delivered", completion.deliveries));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What readers make of the lead is what its events say.
    fn check_summary(&self) -> Result<(), String> {
        let events = self.events.iter().map(|event| (&event.head, &event.kind));
        let summary = LeadSummary::of(events).ok_or("it has no summary")?;
        let mut cost = Money::ZERO;
        let mut revenue = Money::ZERO;
        let mut outcome = None;
        for event in &self.events {
            let change = match &event.kind {
                EventKind::RecipientDelivered { price, .. } if !price.copy => {
                    outcome = outcome.map(|_| Outcome::Success);
                    price.amount
                }
                EventKind::FeedbackProcessed { result: Ok(reversal), .. } => {
                    cost = cost.checked_sub(reversal.cost).ok_or("too little money")?;
                    -reversal.revenue
                }
                EventKind::FlowCompleted(completion) => {
                    outcome = Some(completion.final_outcome);
                    cost = completion.cost;
                    continue;
                }
                _ => continue,
            };
            let counted = if self.is_test() { Money::ZERO } else { change };
            revenue = revenue.checked_add(counted).ok_or("too much money")?;
        }
        if (summary.cost, summary.revenue, summary.outcome()) == (cost, revenue, outcome) {
            Ok(())
        } else {
            Err(format!(
                "its events cost {cost}, earn {revenue} and end with {outcome:?}, its summary says {}, {} and {:?}",
                summary.cost,
                summary.revenue,
                summary.outcome()
            ))
        }
    }

    /// What is given back was delivered, is given back once, and takes back what was paid.
    fn check_returns(&self) -> Result<(), String> {
        let mut prices: HashMap<EventId, Price> = HashMap::new();
        for event in &self.events {
            match &event.kind {
                EventKind::RecipientDelivered { price, .. } => _ = prices.insert(event.head.id, *price),
                EventKind::FeedbackProcessed { feedback, result: Ok(reversal), .. }
                    if feedback.kind == FeedbackKind::Return =>
                {
                    let amount = reversal.revenue;
                    let price = prices
                        .remove(&feedback.recipient_event_id)
                        .ok_or("what comes back was not sold, or came back before")?;
                    let paid = if price.copy || self.is_test() { Money::ZERO } else { price.amount };
                    if amount != paid {
                        return Err(format!("{amount} is taken back of {paid}"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where a social security number stands in its nine digits. Five of them are found in some id of some thousand
/// histories, so a number is one only where it is no part of a longer word.
fn ssn_at(text: &[u8]) -> Option<usize> {
    let start = SSN_START.replace('-', "");
    let is_of_a_word =
        |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    text.windows(9).enumerate().position(|(at, window)| {
        window.starts_with(start.as_bytes())
            && window.iter().all(u8::is_ascii_digit)
            && !is_of_a_word(at.checked_sub(1))
            && !is_of_a_word(Some(at + 9))
    })
}

/// A request as it is recorded, and whether it held a social security number.
fn as_recorded(request: &[u8]) -> (Vec<u8>, bool) {
    let mut recorded = request.to_vec();
    let at = ssn_at(request);
    if let Some(digits) = at.and_then(|at| recorded.get_mut(at..at + 9)) {
        digits.fill(b'*');
    }
    (recorded, at.is_some())
}

/// The recipient that an event tells of.
fn step_of(kind: &EventKind) -> Option<&StepId> {
    match kind {
        EventKind::RecipientBid { call, .. }
        | EventKind::RecipientAttempted { call, .. }
        | EventKind::RecipientDelivered { call, .. }
        | EventKind::RecipientError { call, .. }
        | EventKind::RecipientFailed { asked: Asked::Yes { call, .. }, .. } => Some(&call.step_id),
        EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, .. }
        | EventKind::RecipientSkipped { step_id, .. } => Some(step_id),
        _ => None,
    }
}

/// What the buyer meant by the reply that an outcome holds; none without a reply.
fn said(event: &Event, retry: Retry, book: &[Entry]) -> Result<Option<Says>, String> {
    let Some(reply) = event.body.exchanges.first().and_then(|exchange| exchange.response.clone()) else {
        return Ok(None);
    };
    let given = book.iter().filter(|entry| entry.delivery_id == retry.delivery_id);
    let mut given = given.filter_map(|entry| entry.given.as_ref());
    match given.find(|(bytes, _)| *bytes == reply) {
        Some((_, says)) => Ok(Some(*says)),
        None => Err(format!("nobody gave the reply of attempt {}", retry.attempt)),
    }
}

fn check_sale(
    event: &Event,
    step: &StepId,
    retry: Retry,
    price: Price,
    bid: Option<Money>,
    book: &[Entry],
) -> Result<(), String> {
    let fixed = |text: &str| text.parse::<Money>().expect("an amount");
    let paid = match (said(event, retry, book)?, step.as_str()) {
        (Some(Says::Yes(Some(amount))), "bid") => Some(amount.clamp(Money::ZERO, flow::bid_most())),
        (Some(Says::Yes(None)), "fix") => Some(fixed("25")),
        (Some(Says::Yes(None)), "copy") => Some(fixed("1")),
        (Some(Says::Yes(None)), "red" | "green" | "blue") => Some(fixed("3")),
        (Some(Says::Yes(None)), "north" | "south") => bid,
        (Some(Says::Unclear), "bid") => Some(Money::ZERO),
        _ => None,
    };
    if paid == Some(price.amount) && price.copy == (step.as_str() == "copy") {
        Ok(())
    } else {
        Err(format!("{step} is delivered at {}, and the buyer says {paid:?}", price.amount))
    }
}

/// Each request in a buyer's book has its attempt in the ledger.
fn check_book(book: &[Entry], chains: &HashMap<LeadId, Chain>) -> Result<(), String> {
    let mut requests: HashMap<EventId, (LeadId, usize)> = HashMap::new();
    for entry in book {
        requests.entry(entry.delivery_id).or_insert((entry.lead_id, 0)).1 += 1;
    }
    for (delivery_id, (lead_id, count)) in requests {
        let events = chains.get(&lead_id).map_or(&[][..], |chain| &chain.events);
        let attempts = events.iter().filter(|event| {
            matches!(&event.kind, EventKind::RecipientAttempted { retry, .. } if retry.delivery_id == delivery_id)
        });
        // While its circuit is open nothing is sent.
        let kept_back = events.iter().filter(|event| {
            matches!(&event.kind, EventKind::RecipientError { retry, fault, .. }
                if retry.delivery_id == delivery_id && fault.kind == FaultKind::Circuit)
        });
        let attempts = attempts.count() - kept_back.count();
        if attempts < count {
            return Err(format!(
                "{delivery_id} was sent {count} times, and {attempts} attempts are recorded"
            ));
        }
    }
    Ok(())
}

/// What clients were told stands in the ledger.
fn check_answers(world: &World, chains: &HashMap<LeadId, Chain>, played: &mut Played) -> Result<(), String> {
    for number in 0..world.plan.leads.len() {
        let mut first: Option<Told> = None;
        for told in world.client(number).answers {
            let Told { lead_id, cost, response, replayed, token: _ } = &told;
            played.answers += 1;
            played.replays += u64::from(*replayed);
            let chain = chains.get(lead_id);
            let Some(completed) = chain.and_then(Chain::completed) else {
                return Err(format!("lead {number} was answered as {lead_id}, which has no end"));
            };
            let carries = chain.and_then(Chain::answered).unwrap_or(completed);
            played.at_deadline += u64::from(carries.event_type() == EventType::SourceAnswered);
            let recorded = carries.body.exchanges.first().and_then(|exchange| exchange.response.as_ref());
            match recorded {
                Some(recorded) if recorded == response => {}
                // A restart came before the end, so nobody waited; whoever asks later gets it written anew.
                None if *replayed => {}
                _ => return Err(format!("lead {number} was not told what {lead_id} recorded")),
            }
            let EventKind::FlowCompleted(completion) = &completed.kind else { unreachable!("it is one") };
            if completion.cost != *cost {
                return Err(format!("{lead_id} costs {}, and {cost} was told", completion.cost));
            }
            if let Some(first) = &first
                && (first.lead_id != *lead_id || same_part(&first.response) != same_part(response))
            {
                return Err(format!("lead {number} was told two things"));
            }
            first.get_or_insert(told);
        }
        let client = world.client(number);
        if world.plan.leads[number].keyed && client.answers.is_empty() {
            return Err(format!("lead {number} never had an answer"));
        }
    }
    Ok(())
}

/// An answer without what only one sending of it has.
fn same_part(response: &[u8]) -> String {
    let text = String::from_utf8_lossy(response);
    text.split(SENT_AS).next().unwrap_or_default().to_owned()
}

/// A key is one lead's.
fn check_keys(chains: &HashMap<LeadId, Chain>) -> Result<(), String> {
    let mut leads: HashMap<[u8; 12], LeadId> = HashMap::new();
    for chain in chains.values() {
        if let Some(tags) = chain.events[0].head.marks.idempotency
            && let Some(other) = leads.insert(tags.key, chain.lead_id)
        {
            return Err(format!("{other} and {} have one idempotency key", chain.lead_id));
        }
    }
    Ok(())
}

/// Each dead letter that is said to be sent again is, as often, and no other. One whose retry came to nothing before
/// it was made is sent again under the same number.
fn check_resends(world: &World, chains: &HashMap<LeadId, Chain>) -> Result<(), String> {
    let resends = world.resends();
    let mut told: HashMap<(EventId, u32), usize> = HashMap::new();
    for resend in &resends {
        if let ResendEnd::Scheduled(delivery_id, attempt) = resend.told {
            *told.entry((delivery_id, attempt)).or_default() += 1;
        }
    }
    let take = |left: Option<&mut usize>| {
        left.and_then(|left| left.checked_sub(1).map(|less| *left = less)).is_some()
    };
    for chain in chains.values() {
        let mut unheard: HashMap<&StepId, usize> = HashMap::new();
        let own = resends.iter().filter(|resend| resend.lead_id == chain.lead_id);
        for resend in own.filter(|resend| resend.told == ResendEnd::Unheard) {
            *unheard.entry(&resend.step_id).or_default() += 1;
        }
        for event in &chain.events {
            let EventKind::RetryScheduled { step_id, retry, reason: Some(_), .. } = &event.kind else {
                continue;
            };
            let asked_for =
                take(told.get_mut(&(retry.delivery_id, retry.attempt))) || take(unheard.get_mut(step_id));
            if !asked_for {
                return Err(format!("nobody had {step_id} of {} sent again", chain.lead_id));
            }
        }
    }
    match told.iter().find(|(_, left)| **left > 0) {
        Some(((delivery_id, attempt), _)) => {
            Err(format!("attempt {attempt} of {delivery_id} was to be made again, and nothing says so"))
        }
        None => Ok(()),
    }
}

/// A report that was taken stands in the ledger.
fn check_reports(world: &World, chains: &HashMap<LeadId, Chain>, played: &mut Played) -> Result<(), String> {
    for report in world.reports() {
        if report.answered != Some(true) {
            continue;
        }
        let events = chains.get(&report.lead_id).map_or(&[][..], |chain| &chain.events);
        let taken = events.iter().any(|event| {
            matches!(&event.kind, EventKind::FeedbackProcessed { feedback, result: Ok(_), .. }
                if feedback.kind == report.kind && feedback.entity_id == report.entity_id)
        });
        if !taken {
            return Err(format!("the report on {} was taken, and is not recorded", report.delivery_id));
        }
        played.returns += u64::from(report.kind == FeedbackKind::Return);
    }
    Ok(())
}
