//! What must hold of caps: they let no more through than they may, refuse nobody while they have room, and count
//! what the events add up to. Here each event that reserves, uses or gives back is booked anew; the counters of the
//! engine are held against that.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{
    Asked, CapLimit, Event, EventKind, Flow, Money, Outcome, Reason, ReasonCode, SalePrice, StepId,
    Timestamp, as_recipient,
};
use engine::{CapOwner, CapStanding};

use super::rules::Chain;
use super::{Played, flow};

/// All that was reserved, used and given back, in the order of the ledger.
struct Books<'a> {
    flow: &'a Flow,
    caps: &'a [CapStanding],
    moves: Vec<Move>,
}

/// What one event does to one cap.
#[derive(Debug, Clone, Copy)]
struct Move {
    seq: u64,
    account: Account,
    reserved: i64,
    used: i64,
}

/// A cap, by its place, and the start of a period.
type Account = (usize, Timestamp);

/// What a lead holds, on its way through the flow or to a buyer.
#[derive(Debug)]
struct Hold {
    at: Timestamp,
    caps: Vec<usize>,
    amount: Option<Money>,
    /// The buyer may have the lead, and nobody knows.
    unknown: bool,
}

/// What a cap had let through, and had reserved, from an event on.
#[derive(Debug, Clone, Copy, Default)]
struct Balance {
    seq: u64,
    used: i64,
    reserved: i64,
}

pub(super) fn check(
    flow: &Flow,
    snapshots: &[Vec<CapStanding>],
    leads: &[&Chain],
    pings: &[&Chain],
    played: &mut Played,
) -> Result<(), String> {
    let caps = snapshots.first().ok_or("nobody looked at the caps")?;
    let mut books = Books { flow, caps, moves: Vec::new() };
    for chain in leads {
        books.enter(chain).map_err(|what| format!("{}: {what}", chain.lead_id))?;
    }
    let balances = books.balances()?;
    for chain in leads.iter().chain(pings) {
        books
            .check_refusals(chain, &balances, played)
            .map_err(|what| format!("{}: {what}", chain.lead_id))?;
    }
    for snapshot in snapshots {
        books.check_counters(snapshot, &balances)?;
    }
    Ok(())
}

impl Books<'_> {
    fn limit(&self, cap: usize) -> i64 {
        millionths(self.caps[cap].cap.limit)
    }

    /// What one lead counts.
    fn unit(&self, cap: usize, amount: Option<Money>) -> Result<i64, String> {
        match self.caps[cap].cap.limit {
            CapLimit::Leads(_) => Ok(1),
            CapLimit::Spend(_) => amount
                .map(Money::as_millionths)
                .ok_or_else(|| format!("{} counts a lead whose price nobody knows", self.caps[cap].cap.id)),
        }
    }

    /// The caps that count a lead which enters, or which goes to a buyer.
    fn counting(&self, event: &Event, step: Option<&StepId>) -> Vec<usize> {
        let buyer = step.and_then(|step| self.flow.step(step)?.entity_id());
        let counts = |owner: &CapOwner| match (owner, step) {
            (CapOwner::Flow(_), None) => true,
            (CapOwner::Source(_, source), None) => *source == event.head.source_id,
            (CapOwner::Entity(party), None) => party.as_str() == event.head.source_id.as_str(),
            (CapOwner::Step(_, own), Some(step)) => own == step,
            (CapOwner::Entity(party), Some(_)) => Some(party) == buyer,
            (CapOwner::Flow(_) | CapOwner::Source(..), Some(_)) | (CapOwner::Step(..), None) => false,
        };
        let caps = self.caps.iter().enumerate();
        caps.filter(|(_, standing)| counts(&standing.owner)).map(|(place, _)| place).collect()
    }

    /// The most that a buyer pays for a lead: what is reserved.
    fn most(&self, step: &StepId, bid: Option<Money>) -> Option<Money> {
        let (_, recipient) = self.flow.step(step).and_then(as_recipient)?;
        match &recipient.price {
            SalePrice::Fixed(amount) => Some(*amount),
            SalePrice::FromReply { .. } => recipient.gates.max_price,
            SalePrice::FromBid { .. } => bid,
            SalePrice::Table(_) => None,
        }
    }

    /// Books the events of a lead.
    fn enter(&mut self, chain: &Chain) -> Result<(), String> {
        let mut holds: HashMap<Option<StepId>, Hold> = HashMap::new();
        let mut told = false;
        for (event, seq) in chain.with_seqs() {
            match &event.kind {
                EventKind::SourceAccepted { price, caps } => {
                    self.reserve(&mut holds, (event, seq), None, caps, *price)?;
                }
                EventKind::RecipientAttempted { call, caps, .. } => {
                    let (step, amount) = (&call.step_id, self.most(&call.step_id, chain.bid(&call.step_id)));
                    self.reserve(&mut holds, (event, seq), Some(step), caps, amount)?;
                }
                EventKind::SourceAnswered { answer } => told |= answer.outcome == Outcome::Success,
                EventKind::FlowCompleted(completion) => {
                    // What the source was told at its deadline stands.
                    let counts = told || completion.final_outcome == Outcome::Success;
                    self.settle(&mut holds, seq, None, counts.then_some(completion.cost))?;
                }
                EventKind::RecipientDelivered { call, price, .. } => {
                    self.settle(&mut holds, seq, Some(&call.step_id), Some(price.amount))?;
                }
                EventKind::RecipientFailed { asked: Asked::Yes { call, .. }, .. } => {
                    self.settle(&mut holds, seq, Some(&call.step_id), None)?;
                }
                EventKind::RecipientError { call, fault, .. } => {
                    let hold = holds.get_mut(&Some(call.step_id.clone()));
                    let is_kept = hold.is_some_and(|hold| {
                        hold.unknown |= fault.is_unknown(call.response_code);
                        hold.unknown
                    });
                    if !is_kept {
                        self.settle(&mut holds, seq, Some(&call.step_id), None)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn reserve(
        &mut self,
        holds: &mut HashMap<Option<StepId>, Hold>,
        (event, seq): (&Event, u64),
        step: Option<&StepId>,
        named: &[Arc<str>],
        amount: Option<Money>,
    ) -> Result<(), String> {
        let is_test = event.head.marks.test;
        let caps = if is_test { Vec::new() } else { self.counting(event, step) };
        let ids: Vec<&str> = caps.iter().map(|cap| &*self.caps[*cap].cap.id).collect();
        if named.iter().map(AsRef::as_ref).ne(ids.iter().copied()) {
            return Err(format!("{} names the caps {named:?}, not {ids:?}", event.event_type()));
        }
        let key = step.cloned();
        if caps.is_empty() || holds.contains_key(&key) {
            return Ok(());
        }
        let at = event.head.at;
        for cap in &caps {
            let (account, reserved) = ((*cap, self.start(*cap, at)), self.unit(*cap, amount)?);
            self.moves.push(Move { seq, account, reserved, used: 0 });
        }
        holds.insert(key, Hold { at, caps, amount, unknown: false });
        Ok(())
    }

    fn settle(
        &mut self,
        holds: &mut HashMap<Option<StepId>, Hold>,
        seq: u64,
        step: Option<&StepId>,
        used: Option<Money>,
    ) -> Result<(), String> {
        let Some(hold) = holds.remove(&step.cloned()) else { return Ok(()) };
        for cap in hold.caps {
            let account = (cap, self.start(cap, hold.at));
            let reserved = self.unit(cap, hold.amount)?;
            let used = used.map_or(Ok(0), |price| self.unit(cap, Some(price)))?;
            if used > reserved {
                return Err(format!("{} counts more than was reserved for it", self.caps[cap].cap.id));
            }
            self.moves.push(Move { seq, account, reserved: -reserved, used });
        }
        Ok(())
    }

    fn start(&self, cap: usize, at: Timestamp) -> Timestamp {
        self.caps[cap].cap.period.around(at).0
    }

    /// What each cap came to, event by event; an error when it lets more through than it may.
    fn balances(&self) -> Result<HashMap<Account, Vec<Balance>>, String> {
        let mut moves = self.moves.clone();
        moves.sort_by_key(|one| one.seq);
        let mut balances: HashMap<Account, Vec<Balance>> = HashMap::new();
        for Move { seq, account, reserved, used } in moves {
            let own = balances.entry(account).or_default();
            let before = own.last().copied().unwrap_or_default();
            let after = Balance { seq, used: before.used + used, reserved: before.reserved + reserved };
            own.push(after);
            let (total, limit) = (after.used + after.reserved, self.limit(account.0));
            if reserved > 0 && total > limit {
                let id = &self.caps[account.0].cap.id;
                return Err(format!("the cap {id} lets {total} through, of {limit}, at record {seq}"));
            }
        }
        Ok(balances)
    }

    /// Who is refused by a cap finds no room in one.
    fn check_refusals(
        &self,
        chain: &Chain,
        balances: &HashMap<Account, Vec<Balance>>,
        played: &mut Played,
    ) -> Result<(), String> {
        let mut before = None;
        for (event, seq) in chain.with_seqs() {
            let since = before.replace(seq).unwrap_or(seq);
            let (step, reason): (Option<&StepId>, &Reason) = match &event.kind {
                EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, reason } => {
                    (Some(step_id), reason)
                }
                EventKind::SourceRejected { reason, .. } => (None, reason),
                EventKind::SourcePinged { answer } => match &answer.reason {
                    Some(reason) => (None, reason),
                    None => continue,
                },
                _ => continue,
            };
            if reason.code != ReasonCode::CapReached {
                continue;
            }
            played.capped += 1;
            // Of a price that no event tells, the most that it can be; of one that nobody knows yet, the least.
            let amount = match step {
                Some(step) => self.most(step, chain.bid(step)).unwrap_or(Money::from_millionths(1)),
                None => flow::price_most(),
            };
            let is_full = |cap: &usize| {
                let account = (*cap, self.start(*cap, event.head.at));
                let own = balances.get(&account).map_or(&[][..], Vec::as_slice);
                let earlier = own.iter().rfind(|balance| balance.seq <= since);
                let meanwhile = own.iter().filter(|balance| balance.seq > since && balance.seq < seq);
                let totals = earlier.into_iter().chain(meanwhile);
                let most = totals.map(|balance| balance.used + balance.reserved).max().unwrap_or(0);
                self.unit(*cap, Some(amount)).is_ok_and(|unit| most + unit > self.limit(*cap))
            };
            if !self.counting(event, step).iter().any(is_full) {
                return Err(format!("{} with room in each cap: {}", event.event_type(), reason.text));
            }
        }
        Ok(())
    }

    /// The counters of the engine are what the events add up to.
    fn check_counters(
        &self,
        snapshot: &[CapStanding],
        balances: &HashMap<Account, Vec<Balance>>,
    ) -> Result<(), String> {
        for (place, CapStanding { cap, count, .. }) in snapshot.iter().enumerate() {
            if self.caps.get(place).is_none_or(|own| own.cap != *cap) {
                return Err(format!("the cap {} is another after a restart", cap.id));
            }
            let own = balances.get(&(place, count.start)).and_then(|own| own.last()).copied();
            let Balance { used, reserved, .. } = own.unwrap_or_default();
            let counted = (millionths(count.used), millionths(count.reserved));
            if counted != (used, reserved) {
                return Err(format!(
                    "the counter of {} says {counted:?} used and reserved, its events {:?}",
                    cap.id,
                    (used, reserved)
                ));
            }
        }
        Ok(())
    }
}

/// Leads, or millionths of money.
fn millionths(limit: CapLimit) -> i64 {
    match limit {
        CapLimit::Leads(count) => count.into(),
        CapLimit::Spend(amount) => amount.as_millionths(),
    }
}
