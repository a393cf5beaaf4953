//! Counts what caps let through. A unit is reserved before a lead is accepted or sent to a buyer, becomes
//! used when that succeeds, and is free again when it does not: so no cap is ever exceeded, however many
//! leads are under way. One that nobody knows the end of keeps its unit.
//!
//! The counters are the fold of the events: [`Caps::follow`] takes them in as they are recorded, and again
//! at every start. A unit counts in the period in which it was reserved, by the time of that event.

mod kept;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{
    Asked, Cap, CapLimit, EventHead, EventKind, LeadId, Money, Outcome, Reason, ReasonCode, StepId, Timestamp,
};

pub(crate) use kept::{KeptCaps, KnownCap};

/// All counters. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caps {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    counters: Vec<Counter>,
    /// By the id of the cap: places in `counters`, the newest last.
    by_id: HashMap<Arc<str>, Vec<usize>>,
    holds: HashMap<HoldKey, Hold>,
    /// How many holds there were when those of times long past were last dropped.
    holds_kept: usize,
}

/// Who holds a unit: a lead on its way through the flow, or on its way to the buyer of a step.
type HoldKey = (LeadId, Option<StepId>);

/// A cap, and what it would count for a lead.
#[derive(Debug, Clone)]
pub(crate) struct CapInUse<'a> {
    pub(crate) cap: &'a Cap,
    /// Since when it counts what it counts: what was before is not its own.
    pub(crate) since: Timestamp,
    /// What the lead would cost at most; none when that is not known.
    pub(crate) amount: Option<Money>,
}

/// A cap let a lead not through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) reason: Reason,
}

/// How a cap stands in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapCount {
    /// The first moment of the period.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
    /// What succeeded.
    pub used: CapLimit,
    /// What is under way, or has an end that nobody knows.
    pub reserved: CapLimit,
    /// How many leads it refused, since the last start at the earliest.
    pub refused: u64,
}

impl CapCount {
    /// Whether nothing more is let through.
    pub fn is_full(&self, limit: CapLimit) -> bool {
        most(self.used).saturating_add(most(self.reserved)) >= most(limit)
    }
}

/// One cap in one form: when its period or its condition change, another counter begins.
#[derive(Debug)]
struct Counter {
    cap: Cap,
    since: Timestamp,
    /// The newest periods, ascending: a clock may be set back, and a unit may be settled late.
    periods: VecDeque<Period>,
}

#[derive(Debug)]
struct Period {
    start: Timestamp,
    end: Timestamp,
    /// Leads, or millionths of money.
    used: i64,
    reserved: i64,
    refused: u64,
}

#[derive(Debug)]
struct Hold {
    /// When it was reserved.
    at: Timestamp,
    units: Vec<Unit>,
    /// Whether the other side may have acted without an answer: then it is held until one comes.
    unknown: bool,
}

#[derive(Debug)]
struct Unit {
    counter: usize,
    start: Timestamp,
    amount: i64,
    /// Whether the amount is all there is, because the header that it is restored from does not tell it.
    guessed: bool,
}

/// Periods kept of one counter.
const PERIODS_KEPT: usize = 3;
/// Holds of times long past are dropped when there are this many more than the last time.
const HOLDS_MORE: usize = 1024;

impl CapInUse<'_> {
    /// What one lead counts; none when that is not known.
    fn unit(&self) -> Option<i64> {
        match self.cap.limit {
            CapLimit::Leads(_) => Some(1),
            CapLimit::Spend(_) => self.amount.map(Money::as_millionths),
        }
    }
}

fn most(limit: CapLimit) -> i64 {
    match limit {
        CapLimit::Leads(count) => count.into(),
        CapLimit::Spend(amount) => amount.as_millionths(),
    }
}

/// A count in the unit of its cap.
fn shown(limit: CapLimit, count: i64) -> CapLimit {
    match limit {
        CapLimit::Leads(_) => CapLimit::Leads(u32::try_from(count.max(0)).unwrap_or(u32::MAX)),
        CapLimit::Spend(_) => CapLimit::Spend(Money::from_millionths(count)),
    }
}

impl Caps {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves a unit of every cap, or of none when one is full. Gives the ids of the caps. Whoever holds
    /// units already, because nobody knows how an earlier attempt ended, goes on with those.
    pub(crate) fn reserve(
        &self,
        lead_id: LeadId,
        step_id: Option<&StepId>,
        caps: &[CapInUse<'_>],
        at: Timestamp,
    ) -> Result<Vec<Arc<str>>, Full> {
        let mut inner = self.inner();
        let key = (lead_id, step_id.cloned());
        if let Some(hold) = inner.holds.get(&key) {
            return Ok(hold
                .units
                .iter()
                .map(|unit| Arc::clone(&inner.counters[unit.counter].cap.id))
                .collect());
        }
        if caps.is_empty() {
            return Ok(Vec::new());
        }
        let mut units = Vec::with_capacity(caps.len());
        for cap in caps {
            match inner.room(cap, cap.unit(), at) {
                Ok(unit) => units.push(unit),
                Err(full) => {
                    let counter = inner.counter(cap);
                    inner.counters[counter].period(at).refused += 1;
                    return Err(full);
                }
            }
        }
        inner.hold(key, at, units);
        Ok(caps.iter().map(|cap| Arc::clone(&cap.cap.id)).collect())
    }

    /// Which of these caps would let nothing through at a moment, of a lead whose price may not be known
    /// yet. Nothing is reserved.
    pub(crate) fn look(&self, caps: &[CapInUse<'_>], at: Timestamp) -> Option<Full> {
        let mut inner = self.inner();
        // Of money, the least there is.
        caps.iter().find_map(|cap| inner.room(cap, cap.unit().or(Some(1)), at).err())
    }

    /// Takes in an event of a lead. What is reserved by it and not held, because it is of an earlier life,
    /// is held from now on: `caps_of` finds its caps as they were.
    pub(crate) fn follow(
        &self,
        head: &EventHead,
        kind: &EventKind,
        caps_of: impl FnOnce(&mut dyn FnMut(CapInUse<'_>)),
    ) {
        let lead_id = head.lead_id;
        let step = |step_id: &StepId| (lead_id, Some(step_id.clone()));
        match kind {
            EventKind::SourceAccepted { caps, .. } if !caps.is_empty() => {
                self.inner().restore((lead_id, None), head.at, caps_of);
            }
            EventKind::RecipientAttempted { call, caps, .. } if !caps.is_empty() => {
                self.inner().restore(step(&call.step_id), head.at, caps_of);
            }
            // What the source is told at the deadline stands, however the flow ends.
            EventKind::SourceAnswered { answer } if answer.outcome == Outcome::Success => {
                self.inner().settle(&(lead_id, None), Some(answer.price));
            }
            EventKind::FlowCompleted(completion) => {
                let succeeded = completion.final_outcome == Outcome::Success;
                self.inner().settle(&(lead_id, None), succeeded.then_some(completion.cost));
            }
            EventKind::RecipientDelivered { call, price, .. } => {
                self.inner().settle(&step(&call.step_id), Some(price.amount));
            }
            EventKind::RecipientFailed { asked: Asked::Yes { call, .. }, .. } => {
                self.inner().settle(&step(&call.step_id), None);
            }
            EventKind::RecipientError { call, fault, .. } => {
                let mut inner = self.inner();
                let key = step(&call.step_id);
                let Some(hold) = inner.holds.get_mut(&key) else { return };
                hold.unknown |= fault.is_unknown(call.response_code);
                if !hold.unknown {
                    inner.settle(&key, None);
                }
            }
            EventKind::SourceAccepted { .. }
            | EventKind::RecipientAttempted { .. }
            | EventKind::SourceSubmitted
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
            | EventKind::RecipientFailed { asked: Asked::No { .. }, .. }
            | EventKind::RecipientSkipped { .. }
            | EventKind::RetryScheduled { .. }
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

    /// Who was restored to hold all of a budget, because the header of its attempt does not tell the price.
    pub(crate) fn guessed(&self) -> Vec<(LeadId, StepId)> {
        let inner = self.inner();
        let guessed = inner.holds.iter().filter(|(_, hold)| hold.units.iter().any(|unit| unit.guessed));
        guessed.filter_map(|((lead_id, step_id), _)| Some((*lead_id, step_id.clone()?))).collect()
    }

    /// Puts the price in the place of what was guessed.
    pub(crate) fn correct(&self, lead_id: LeadId, step_id: StepId, price: Money) {
        let mut inner = self.inner();
        let Inner { counters, holds, .. } = &mut *inner;
        let Some(hold) = holds.get_mut(&(lead_id, Some(step_id))) else { return };
        for unit in hold.units.iter_mut().filter(|unit| unit.guessed) {
            let amount = price.as_millionths();
            if let Some(period) = counters[unit.counter].kept(unit.start) {
                period.reserved = period.reserved.saturating_sub(unit.amount).saturating_add(amount);
            }
            (unit.amount, unit.guessed) = (amount, false);
        }
    }

    /// How a cap stands in the period of a moment.
    pub(crate) fn count(&self, cap: &Cap, since: Timestamp, at: Timestamp) -> CapCount {
        let mut inner = self.inner();
        let counter = inner.counter(&CapInUse { cap, since, amount: None });
        let Period { start, end, used, reserved, refused } = *inner.counters[counter].period(at);
        CapCount { start, end, used: shown(cap.limit, used), reserved: shown(cap.limit, reserved), refused }
    }
}

impl Inner {
    /// The place of the counter of a cap, a new one where needed.
    fn counter(&mut self, wanted: &CapInUse<'_>) -> usize {
        if let Some(place) = self.known_counter(wanted) {
            return place;
        }
        let Inner { counters, by_id, .. } = self;
        by_id.entry(Arc::clone(&wanted.cap.id)).or_default().push(counters.len());
        let (cap, since) = (wanted.cap.clone(), wanted.since);
        counters.push(Counter { cap, since, periods: VecDeque::new() });
        counters.len() - 1
    }

    fn known_counter(&self, wanted: &CapInUse<'_>) -> Option<usize> {
        let own = |place: &&usize| {
            let counter = &self.counters[**place];
            counter.since == wanted.since && counter.cap.counts_as(wanted.cap)
        };
        self.by_id.get(&wanted.cap.id)?.iter().rev().find(own).copied()
    }

    /// The unit that a cap would still let through; none is when it is not known.
    fn room(&mut self, cap: &CapInUse<'_>, unit: Option<i64>, at: Timestamp) -> Result<Unit, Full> {
        let counter = self.counter(cap);
        let period = self.counters[counter].period(at);
        let count = period.used + period.reserved;
        match unit.filter(|unit| count + unit <= most(cap.cap.limit)) {
            Some(amount) => Ok(Unit { counter, start: period.start, amount, guessed: false }),
            None => {
                let text = cap.cap.full(shown(cap.cap.limit, count));
                Err(Full { reason: Reason::new(ReasonCode::CapReached, text) })
            }
        }
    }

    fn hold(&mut self, key: HoldKey, at: Timestamp, units: Vec<Unit>) {
        for unit in &units {
            if let Some(period) = self.counters[unit.counter].kept(unit.start) {
                period.reserved = period.reserved.saturating_add(unit.amount);
            }
        }
        self.holds.insert(key, Hold { at, units, unknown: false });
        if self.holds.len() > 2 * self.holds_kept + HOLDS_MORE {
            let Inner { counters, holds, .. } = self;
            holds.retain(|_, hold| {
                hold.units.iter().any(|unit| counters[unit.counter].kept(unit.start).is_some())
            });
            self.holds_kept = self.holds.len();
        }
    }

    /// What an event of an earlier life reserved.
    fn restore(&mut self, key: HoldKey, at: Timestamp, caps_of: impl FnOnce(&mut dyn FnMut(CapInUse<'_>))) {
        if self.holds.contains_key(&key) {
            return;
        }
        let mut units = Vec::new();
        caps_of(&mut |cap| {
            if at < cap.since {
                return;
            }
            let counter = self.counter(&cap);
            let start = self.counters[counter].period(at).start;
            // What is not known counts as all there is.
            let (unit, guessed) = (cap.unit(), cap.unit().is_none());
            units.push(Unit { counter, start, amount: unit.unwrap_or_else(|| most(cap.cap.limit)), guessed });
        });
        if !units.is_empty() {
            self.hold(key, at, units);
        }
    }

    /// What is held becomes used, at this price, or free again.
    fn settle(&mut self, key: &HoldKey, used: Option<Money>) {
        let Some(hold) = self.holds.remove(key) else { return };
        for unit in hold.units {
            let counter = &mut self.counters[unit.counter];
            let limit = counter.cap.limit;
            let Some(period) = counter.kept(unit.start) else { continue };
            period.reserved = period.reserved.saturating_sub(unit.amount);
            if let Some(price) = used {
                let amount = match limit {
                    CapLimit::Leads(_) => 1,
                    CapLimit::Spend(_) => price.as_millionths(),
                };
                period.used = period.used.saturating_add(amount);
            }
        }
    }
}

impl Counter {
    /// The period of a moment. One before all that are kept counts as the first of them, so that a clock
    /// that is set back far lets no more through.
    fn period(&mut self, at: Timestamp) -> &mut Period {
        let kept = self.periods.iter().rposition(|period| period.start <= at);
        let place = match kept {
            Some(place) if at < self.periods[place].end => place,
            None if self.periods.len() == PERIODS_KEPT => 0,
            Some(_) | None => {
                let (start, end) = self.cap.period.around(at);
                let place = kept.map_or(0, |place| place + 1);
                self.periods.insert(place, Period { start, end, used: 0, reserved: 0, refused: 0 });
                if self.periods.len() > PERIODS_KEPT {
                    self.periods.pop_front();
                    place - 1
                } else {
                    place
                }
            }
        };
        &mut self.periods[place]
    }

    /// The period that begins at a moment, if it is kept.
    fn kept(&mut self, start: Timestamp) -> Option<&mut Period> {
        self.periods.iter_mut().find(|period| period.start == start)
    }
}

#[cfg(test)]
mod tests;
