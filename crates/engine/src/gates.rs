//! The gates before a flow and before a buyer: what `domain` says of them, with what is remembered and
//! counted here. All is decided without waiting, and what is claimed or reserved stands in the event that
//! follows, or is given back.

use std::sync::Arc;

use domain::{
    Against, Asked, Cap, DuplicateKey, DuplicateRule, EntityId, EventKind, Flow, FlowSource, Judgement, Lead,
    LeadId, ListItem, Money, Reason, ReasonCode, Recipient, RuleTrace, Step, StepId, Timestamp, Variables,
    duplicate_reason, outside_hours,
};

use crate::asking::Party;
use crate::caps::{CapInUse, Full};
use crate::duplicates::Claimed;
use crate::run::Run;
use crate::{Entity, PublishedFlow};

/// What the gates before a flow came to.
#[derive(Debug)]
pub(crate) struct Entry {
    /// When caps were looked at: the event has this time, so that both count in one period.
    pub(crate) at: Timestamp,
    /// The rules that were looked at.
    pub(crate) trace: RuleTrace,
    pub(crate) result: Result<Admission, Rejection>,
    /// What the lead is known by from now on.
    pub(crate) keys: Vec<DuplicateKey>,
}

/// The lead is taken.
#[derive(Debug)]
pub(crate) struct Admission {
    /// What the source is offered, when that is known by now.
    pub(crate) price: Option<Money>,
    /// The caps with a unit reserved for it.
    pub(crate) caps: Vec<Arc<str>>,
}

/// The lead is not taken.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) reason: Reason,
    pub(crate) duplicate_of: Option<LeadId>,
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Rejection {
        Rejection { reason, duplicate_of: None }
    }
}

impl Run {
    /// Takes a parsed lead through the gates, in their order: required fields, hours, duplicates, lists,
    /// acceptance, price, caps.
    pub(crate) fn enter(&self, source: &FlowSource, raw: &Lead) -> Entry {
        let flow = &self.flow.flow;
        let (lead, lead_id) = (&self.story.lead, self.story.lead_id);
        let party = self.context.control.entity(&EntityId::from(source.id.clone()));
        let now = self.now();
        let at = counted_at(party.as_deref(), now);
        let mut trace = RuleTrace::default();
        let mut rejection = flow
            .missing_field(lead)
            .or_else(|| self.closed_source(source, party.as_deref()))
            .map(Rejection::from);
        // By the clock, whatever it shows: by the moment of caps the window of another lead could be over too early.
        let claims = self.claim_keys(source, now, &mut rejection);
        if rejection.is_none() {
            rejection = self.suppressed().map(Rejection::from);
        }
        if rejection.is_none() {
            let Judgement { trace: looked_at, refusal } = flow.accept(source, &self.rule_variables());
            trace = looked_at;
            rejection = refusal.map(Rejection::from);
        }
        let offered = self.offer.as_ref().map(|offer| offer.price);
        let price = flow.purchase_price(source, raw, &self.rule_variables()).or(offered);
        // What a cap decides, it decides at its moment.
        let mut decided_at = at;
        let result = match rejection {
            Some(rejection) => {
                decided_at = now;
                Err(rejection)
            }
            None if self.story.marks.test => Ok(Admission { price, caps: Vec::new() }),
            None => {
                let own = flow.gates().caps.iter().chain(&source.gates.caps);
                let caps = in_use(own, party.as_deref(), &self.rule_variables(), price);
                match self.context.caps.reserve(lead_id, None, &caps, at) {
                    Ok(caps) => Ok(Admission { price, caps }),
                    Err(Full { reason }) => Err(reason.into()),
                }
            }
        };
        let mut keys = Vec::new();
        for (key, against) in claims {
            if result.is_ok() || against == Against::Submitted {
                keys.push(key);
            } else {
                self.context.duplicates.release(key.tag, lead_id);
            }
        }
        Entry { at: decided_at, trace, result, keys }
    }

    /// When the lead is on its way to a buyer, as its caps count that.
    pub(crate) fn attempted_at(&self, recipient: &Recipient) -> Timestamp {
        counted_at(self.context.control.entity(&recipient.entity_id).as_deref(), self.now())
    }

    /// Why nothing of a source is taken now. What counts is when the lead came.
    fn closed_source(&self, source: &FlowSource, party: Option<&Entity>) -> Option<Reason> {
        let flow = &self.flow.flow;
        let (at, zone) = (self.story.submitted_at, flow.time_zone());
        let own = party.map(|party| &party.settings);
        let own_zone = own.and_then(|own| own.time_zone.as_ref()).unwrap_or(zone);
        outside_hours(flow.gates().hours.as_ref(), at, zone)
            .or_else(|| outside_hours(source.gates.hours.as_ref(), at, own_zone))
            .or_else(|| outside_hours(own.and_then(|own| own.hours.as_ref()), at, own_zone))
    }

    /// Claims what the lead is known by. A lead that is refused by then is known as a submitted one only.
    fn claim_keys(
        &self,
        source: &FlowSource,
        at: Timestamp,
        rejection: &mut Option<Rejection>,
    ) -> Vec<(DuplicateKey, Against)> {
        let flow = &self.flow.flow;
        let mut claims = Vec::new();
        if self.story.marks.test {
            return claims;
        }
        for rule in &flow.gates().duplicates {
            if rejection.is_some() && rule.against != Against::Submitted {
                continue;
            }
            let Some((tag, window_ms)) = self.tag_of(rule, source) else { continue };
            match self.context.duplicates.claim(tag, self.story.lead_id, window_ms, at) {
                Claimed::New => {
                    claims.push((DuplicateKey { rule: Arc::clone(&rule.slug), tag }, rule.against));
                }
                Claimed::Earlier(earlier) if rejection.is_none() => {
                    let reason = duplicate_reason(earlier.drawn_at(), flow.time_zone());
                    *rejection = Some(Rejection { reason, duplicate_of: Some(earlier) });
                }
                Claimed::Earlier(_) => {}
            }
        }
        claims
    }

    /// What a lead is known by under a rule, and how long that counts, in milliseconds; none when that comes
    /// out blank.
    fn tag_of(&self, rule: &DuplicateRule, source: &FlowSource) -> Option<([u8; 12], i64)> {
        let key = rule.key_of(self.flow.flow.id(), &source.id, &self.rule_variables())?;
        let window_ms = i64::try_from(rule.window.as_millis()).expect("windows have a bound");
        Some((self.context.leads.lookup_tag("duplicate key", key.as_bytes()), window_ms))
    }

    /// Why a lead would be refused that a source asks a price for, as far as its values are known: the gates
    /// in their order, with nothing claimed or reserved.
    pub(crate) fn refusal_of_ping(&self, source: &FlowSource) -> Option<Reason> {
        let flow = &self.flow.flow;
        let party = self.context.control.entity(&EntityId::from(source.id.clone()));
        self.closed_source(source, party.as_deref())
            .or_else(|| self.duplicate_by_now(source))
            .or_else(|| self.suppressed())
            .or_else(|| flow.accept_ping(source, &self.rule_variables()).refusal)
            .or_else(|| {
                if self.story.marks.test {
                    return None;
                }
                let at = self.now();
                let own = flow.gates().caps.iter().chain(&source.gates.caps);
                let price = flow.purchase_price(source, &self.story.raw, &self.rule_variables());
                let caps = in_use(own, party.as_deref(), &self.rule_variables(), price);
                self.context.caps.look(&caps, at).map(|Full { reason }| reason)
            })
    }

    fn duplicate_by_now(&self, source: &FlowSource) -> Option<Reason> {
        if self.story.marks.test {
            return None;
        }
        let flow = &self.flow.flow;
        flow.gates().duplicates.iter().find_map(|rule| {
            let (tag, window_ms) = self.tag_of(rule, source)?;
            let earlier = self.context.duplicates.find(tag, window_ms, self.story.submitted_at)?;
            Some(duplicate_reason(earlier.drawn_at(), flow.time_zone()))
        })
    }

    /// Why a lead is refused that is on a list.
    fn suppressed(&self) -> Option<Reason> {
        self.flow.flow.gates().suppress.iter().find_map(|rule| {
            let value = rule.value.render(&self.rule_variables());
            // What cannot stand on a list is on none.
            let item = ListItem::read(&value).ok()?;
            self.context.control.find_on_list(&rule.list, &item)?;
            let reason = rule.reason.clone();
            let reason = reason.unwrap_or_else(|| format!("On suppression list {}", rule.list).into());
            Some(Reason::new(ReasonCode::Suppressed, reason))
        })
    }

    /// Why a buyer is not asked at this moment: it is paused, or outside its hours.
    pub(crate) fn closed(&self, recipient: &Recipient) -> Option<Reason> {
        let control = &self.context.control;
        if let Some(reason) = self.withheld(Party::Buyer, &recipient.entity_id) {
            return Some(reason);
        }
        let at = self.now();
        let party = control.entity(&recipient.entity_id);
        let own = party.as_ref().map(|party| &party.settings);
        let zone = own.and_then(|own| own.time_zone.as_ref()).unwrap_or(self.flow.flow.time_zone());
        outside_hours(own.and_then(|own| own.hours.as_ref()), at, zone)
            .or_else(|| outside_hours(recipient.gates.hours.as_ref(), at, zone))
    }

    /// Reserves a unit of every cap that counts a lead on its way to a buyer, or tells which one is full.
    pub(crate) fn reserve(
        &self,
        step: &Step,
        recipient: &Recipient,
        at: Timestamp,
    ) -> Result<Vec<Arc<str>>, Reason> {
        let (caps, lead_id) = (&self.context.caps, self.story.lead_id);
        let reserve = |of_buyer: &[CapInUse<'_>]| caps.reserve(lead_id, Some(&step.id), of_buyer, at);
        self.with_caps(step, recipient, reserve).map_err(|Full { reason }| reason)
    }

    /// Why a buyer is not even asked what it offers: a cap of its is full.
    pub(crate) fn full_by_now(&self, step: &Step, recipient: &Recipient) -> Option<Reason> {
        let at = self.now();
        let look = |of_buyer: &[CapInUse<'_>]| self.context.caps.look(of_buyer, at);
        self.with_caps(step, recipient, look).map(|Full { reason }| reason)
    }

    /// The caps that count a lead on its way to a buyer: none count test leads.
    fn with_caps<T>(&self, step: &Step, recipient: &Recipient, ask: impl FnOnce(&[CapInUse<'_>]) -> T) -> T {
        if self.story.marks.test {
            return ask(&[]);
        }
        let variables = self.rule_variables();
        let party = self.context.control.entity(&recipient.entity_id);
        let amount = recipient.price_at_most(&variables, self.story.progress.offers().bid(&step.id));
        ask(&in_use(recipient.gates.caps.iter(), party.as_deref(), &variables, amount))
    }

    /// Gives back what a lead is known by as sold, once nobody has it and nobody will.
    pub(crate) fn give_back_keys(&self) {
        // A sale that came free may go to somebody else yet.
        let none = self.story.duplicate_keys.is_empty() || !self.story.whereabouts.is_unsold(&self.flow.flow);
        if none || self.has_group_that_may_go_on() {
            return;
        }
        for key in &self.story.duplicate_keys {
            if is_against_sold(&self.flow, key) {
                self.context.duplicates.release(key.tag, self.story.lead_id);
            }
        }
    }
}

/// The moment of what the caps of a party count: not before they began to count, though the clock may have
/// been set back since. A start takes in what is not older than its cap.
fn counted_at(party: Option<&Entity>, now: Timestamp) -> Timestamp {
    let since = party.into_iter().flat_map(Entity::caps).map(|(_, since)| since);
    since.fold(now, Timestamp::max)
}

/// Whether a key is known only as long as a lead is sold, or may be.
pub(crate) fn is_against_sold(flow: &PublishedFlow, key: &DuplicateKey) -> bool {
    let rules = &flow.flow.gates().duplicates;
    rules.iter().any(|rule| rule.slug == key.rule && rule.against == Against::Sold)
}

/// The caps that count a lead: a party's in all flows, and others whose condition holds.
fn in_use<'a>(
    own: impl Iterator<Item = &'a Cap>,
    party: Option<&'a Entity>,
    variables: &Variables<'_>,
    amount: Option<Money>,
) -> Vec<CapInUse<'a>> {
    let counted = |cap: &&Cap| cap.when.as_ref().is_none_or(|when| when.holds(variables));
    let own = own.filter(counted).map(|cap| (cap, Timestamp::MIN));
    let of_party = party.into_iter().flat_map(Entity::caps);
    own.chain(of_party).map(|(cap, since)| CapInUse { cap, since, amount }).collect()
}

/// Whether buyers have a lead, or may yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whereabouts {
    pub(crate) completed: bool,
    pub(crate) sold: bool,
    /// Steps whose buyers have it under way, and whether one may have it without an answer.
    pub(crate) open: Vec<(StepId, bool)>,
}

impl Whereabouts {
    /// Takes in the next event.
    pub(crate) fn after(&mut self, kind: &EventKind) {
        match kind {
            EventKind::FlowCompleted(_) => self.completed = true,
            EventKind::RecipientAttempted { call, .. } => {
                if !self.open.iter().any(|(step, _)| *step == call.step_id) {
                    self.open.push((call.step_id.clone(), false));
                }
            }
            EventKind::RetryScheduled { step_id, .. } => {
                if !self.open.iter().any(|(step, _)| step == step_id) {
                    self.open.push((step_id.clone(), false));
                }
            }
            EventKind::RecipientDelivered { call, price, .. } => {
                self.sold |= !price.copy;
                self.close(&call.step_id, true);
            }
            EventKind::RecipientFailed { asked: Asked::Yes { call, .. }, .. } => {
                self.close(&call.step_id, true);
            }
            EventKind::RecipientError { call, fault, .. } => {
                if fault.is_unknown(call.response_code) {
                    self.open
                        .iter_mut()
                        .filter(|(step, _)| *step == call.step_id)
                        .for_each(|open| open.1 = true);
                }
                self.close(&call.step_id, false);
            }
            EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, .. }
            | EventKind::RecipientSkipped { step_id, .. } => self.close(step_id, false),
            EventKind::SourceSubmitted
            | EventKind::SourceAccepted { .. }
            | EventKind::SourceRejected { .. }
            | EventKind::SourcePinged { .. }
            | EventKind::SourceAnswered { .. }
            | EventKind::FilterPassed { .. }
            | EventKind::FilterFailed { .. }
            | EventKind::EnhancementSuccess { .. }
            | EventKind::EnhancementFailure { .. }
            | EventKind::EnhancementError { .. }
            | EventKind::EnhancementSkipped { .. }
            | EventKind::RecipientBid { .. }
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

    fn close(&mut self, step_id: &StepId, answered: bool) {
        self.open.retain(|(step, unknown)| step != step_id || *unknown && !answered);
    }

    /// Whether nobody has it and nobody will. A copy is no sale, whatever becomes of it.
    pub(crate) fn is_unsold(&self, flow: &Flow) -> bool {
        self.completed && !self.sold && self.open.iter().all(|(step, _)| flow.is_copy(step))
    }
}
