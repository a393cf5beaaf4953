//! What a group does next with one lead.

use super::{Distribution, Offers, Stand, Strategy, as_recipient};
use crate::{
    Money, Reason, ReasonCode, Recipient, RuleTrace, SalePrice, Share, Step, StepId, Strictness, Variables,
};

/// What a group does next with one lead.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupNext<'a> {
    /// Ping these, all at once.
    Ping(Vec<&'a Step>),
    /// One of these is asked first: whose turn it is says [`Turns`](super::Turns). In the order of the
    /// list, with their weights.
    TakeTurn(Vec<(&'a Step, u32)>),
    /// Send the lead to this one.
    Ask(&'a Step),
    /// Do not ask this one.
    Skip {
        /// Whom.
        step: &'a Step,
        /// Why not.
        reason: Reason,
        /// The rules that were looked at.
        trace: RuleTrace,
    },
    /// Nobody is asked any more, unless a sale that is held comes free.
    Over,
}

/// All that a group decides from.
#[derive(Clone, Copy)]
pub struct GroupView<'a> {
    /// How its recipients stand.
    pub offers: &'a Offers,
    /// The lead at its moment.
    pub variables: &'a Variables<'a>,
    /// Whether all of the lead is there, or more of it is to come, as after a ping.
    pub strictness: Strictness,
    /// What the lead costs.
    pub cost: Cost,
    /// Why a recipient cannot be asked at this moment: it is paused, or outside its hours.
    pub closed: &'a dyn Fn(&Step, &Recipient) -> Option<Reason>,
}

/// What a lead costs when it is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// This amount.
    Known(Money),
    /// A share of what it is sold for.
    Share(Share),
}

impl Cost {
    /// What is left of an offer.
    pub fn margin(self, offer: Money) -> Money {
        let cost = match self {
            Cost::Known(amount) => amount,
            Cost::Share(share) => share.of(offer),
        };
        offer.checked_sub(cost).expect("amounts of one lead are far from the limits")
    }
}

impl Distribution {
    /// What comes next. A group never has more sales, sold and held together, than it may have: whoever
    /// does as this says, one thing after the other, cannot sell a lead too often.
    pub fn next<'a>(&'a self, view: GroupView<'_>) -> GroupNext<'a> {
        if self.taken(view.offers) >= self.max_sales {
            return GroupNext::Over;
        }
        match self.strategy {
            Strategy::Waterfall | Strategy::All => self.in_order(0, view),
            Strategy::Weighted | Strategy::RoundRobin => self.in_turn(view),
            Strategy::HighestBid => self.by_bid(view),
        }
    }

    /// How many sales are sold or held.
    pub fn taken(&self, offers: &Offers) -> u32 {
        let takes = |(step, recipient): &(&Step, &Recipient)| {
            offers.stand(&step.id).is_some_and(|stand| stand.is_sale() || stand.holds_slot(recipient))
        };
        let taken = self.recipients.iter().filter_map(as_recipient).filter(takes).count();
        u32::try_from(taken).unwrap_or(u32::MAX)
    }

    /// Whether a retry may run: its recipient holds a sale, or one is free.
    pub fn is_free_for(&self, step: &Step, recipient: &Recipient, offers: &Offers) -> bool {
        let holds = offers.stand(&step.id).is_some_and(|stand| stand.holds_slot(recipient));
        holds || recipient.is_copy || self.taken(offers) < self.max_sales
    }

    /// Whether somebody may be asked yet who was not: all that may have the lead do not have it, and a sale
    /// that is held may come free.
    pub fn may_go_on(&self, offers: &Offers) -> bool {
        let unmet =
            |(step, _): (&Step, &Recipient)| matches!(offers.stand(&step.id), None | Some(Stand::Bid(_)));
        // A group that asked nobody was not reached, or is over.
        let has_asked = offers.asked().any(|id| self.recipients.iter().any(|step| step.id == *id));
        has_asked && !self.is_sold_out(offers) && self.enabled().any(unmet)
    }

    /// Whether all that may have the lead have it: nothing that is held comes free any more.
    pub fn is_sold_out(&self, offers: &Offers) -> bool {
        let sold = |step: &&Step| offers.stand(&step.id).is_some_and(|stand| stand.is_sale());
        self.are_all_sales(self.recipients.iter().filter(sold).count())
    }

    /// Whether so many sales are all that there may be.
    pub(crate) fn are_all_sales(&self, sales: usize) -> bool {
        u32::try_from(sales).is_ok_and(|sales| sales >= self.max_sales)
    }

    /// Whether the price of a sale is less than the group asks for.
    pub fn is_below_margin(&self, amount: Money, cost: Cost) -> bool {
        self.min_margin.is_some_and(|least| cost.margin(amount) < least)
    }

    /// The first one that was not met, from a place in the list on and around.
    fn in_order<'a>(&'a self, start: usize, view: GroupView<'_>) -> GroupNext<'a> {
        let (before, from) = self.recipients.split_at(start.min(self.recipients.len()));
        let mut unmet = from.iter().chain(before).filter(|step| step.enabled).filter_map(as_recipient);
        let Some((step, recipient)) = unmet.find(|(step, _)| view.offers.stand(&step.id).is_none()) else {
            return GroupNext::Over;
        };
        match self.against(step, recipient, view) {
            None => GroupNext::Ask(step),
            Some((reason, trace)) => GroupNext::Skip { step, reason, trace },
        }
    }

    /// Whose turn it is, then as a waterfall that begins there.
    fn in_turn<'a>(&'a self, view: GroupView<'_>) -> GroupNext<'a> {
        let place = |id: &StepId| self.recipients.iter().position(|step| step.id == *id);
        if let Some(first) = view.offers.asked().find_map(place) {
            return self.in_order(first, view);
        }
        let weight = |recipient: &Recipient| match self.strategy {
            Strategy::Weighted => recipient.weight,
            Strategy::RoundRobin | Strategy::Waterfall | Strategy::HighestBid | Strategy::All => 1,
        };
        let mut candidates = Vec::new();
        for (step, recipient) in self.enabled().filter(|(step, _)| view.offers.stand(&step.id).is_none()) {
            // Whoever cannot take the turn loses it here, and its event says why.
            if let Some((reason, trace)) = self.against(step, recipient, view) {
                return GroupNext::Skip { step, reason, trace };
            }
            let weight = weight(recipient);
            if weight > 0 {
                candidates.push((step, weight));
            }
        }
        if candidates.is_empty() { self.in_order(0, view) } else { GroupNext::TakeTurn(candidates) }
    }

    /// Pings first, then whoever offers most.
    fn by_bid<'a>(&'a self, view: GroupView<'_>) -> GroupNext<'a> {
        let mut pings = Vec::new();
        let mut best: Option<(Money, &Step)> = None;
        for (step, recipient) in self.enabled() {
            let rank = match view.offers.stand(&step.id) {
                None => {
                    if let Some((reason, trace)) = self.against(step, recipient, view) {
                        return GroupNext::Skip { step, reason, trace };
                    }
                    if recipient.ping.is_some() {
                        pings.push(step);
                        continue;
                    }
                    recipient.price.offer(view.variables, None).unwrap_or(Money::ZERO)
                }
                Some(Stand::Bid(bid)) => {
                    let offer = recipient.price.offer(view.variables, Some(bid)).unwrap_or(bid);
                    if let Some(reason) = self.too_low(recipient, offer, view.cost) {
                        return GroupNext::Skip { step, reason, trace: RuleTrace::default() };
                    }
                    bid
                }
                Some(
                    Stand::Asked | Stand::Waiting { .. } | Stand::Unknown | Stand::Sold(_) | Stand::Over,
                ) => continue,
            };
            if best.is_none_or(|(most, _)| rank > most) {
                best = Some((rank, step));
            }
        }
        if !pings.is_empty() {
            return GroupNext::Ping(pings);
        }
        best.map_or(GroupNext::Over, |(_, step)| GroupNext::Ask(step))
    }

    /// Why one that was not met is not asked, before anybody asks it.
    fn against(
        &self,
        step: &Step,
        recipient: &Recipient,
        view: GroupView<'_>,
    ) -> Option<(Reason, RuleTrace)> {
        if let Some(when) = &step.when {
            let verdict = when.evaluate(view.strictness, view.variables);
            if !verdict.holds && !verdict.unknown {
                return Some((Reason::new(ReasonCode::Criteria, verdict.demand()), verdict.trace));
            }
        }
        let plain = |reason| (reason, RuleTrace::default());
        if let Some(reason) = (view.closed)(step, recipient) {
            return Some(plain(reason));
        }
        let offer = recipient.price.offer(view.variables, None)?;
        self.too_low(recipient, offer, view.cost).map(plain)
    }

    /// Why an offer that is known before the lead is sent is not taken.
    fn too_low(&self, recipient: &Recipient, offer: Money, cost: Cost) -> Option<Reason> {
        let text = match &recipient.price {
            SalePrice::FromBid { floor: Some(floor) } if offer < *floor => {
                format!("Offer {offer} is below the floor {floor}")
            }
            SalePrice::Fixed(_)
            | SalePrice::Table(_)
            | SalePrice::FromReply { .. }
            | SalePrice::FromBid { .. } => {
                let least = self.min_margin.filter(|_| !recipient.is_copy)?;
                let margin = cost.margin(offer);
                if margin >= least {
                    return None;
                }
                format!(
                    "Offer {offer} leaves {margin} over the purchase price; at least {least} is asked for"
                )
            }
        };
        Some(Reason::new(ReasonCode::Price, text))
    }
}
