//! A group of recipients that share one lead: who is asked, in which order, and how many may have it.
//!
//! [`Distribution`] is what the flow says, [`Offers`] is how its recipients stand with one lead by the
//! events so far, and [`Distribution::next`] decides from the two, and nothing else, what comes next.
//! [`Turns`] keeps the shares of groups whose recipients take turns.

mod next;
mod offers;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use crate::{Ending, Money, Outcome, Reason, ReasonCode, Recipient, Step, StepId, StepKind};

pub use next::{Cost, GroupNext, GroupView};
pub use offers::{Offers, Stand};
pub use turns::{Candidate, Turns};

/// Offers a lead to several recipients, of which some may have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// Who comes first.
    pub strategy: Strategy,
    /// How many may have the lead; at least 1.
    pub max_sales: u32,
    /// What an offer must leave over the purchase price.
    pub min_margin: Option<Money>,
    /// How long all pings together may take.
    pub ping_timeout: Duration,
    /// How the flow ends when nobody has the lead; none means that it goes on.
    pub on_unsold: Option<Unsold>,
    /// Who is offered the lead, in order: each a step of the kind recipient.
    pub recipients: Vec<Step>,
}

/// Who comes first in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// The first of the list, then the second and so on.
    Waterfall,
    /// Each in proportion to its weight; the others follow in the order of the list.
    Weighted,
    /// Each as often as any other; the others follow in the order of the list.
    RoundRobin,
    /// Whoever bids most, then the next; ties by the order of the list.
    HighestBid,
    /// Everyone, in the order of the list.
    All,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Strategy; 5] =
        [Strategy::Waterfall, Strategy::Weighted, Strategy::RoundRobin, Strategy::HighestBid, Strategy::All];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::Waterfall => "waterfall",
            Strategy::Weighted => "weighted",
            Strategy::RoundRobin => "round_robin",
            Strategy::HighestBid => "highest_bid",
            Strategy::All => "all",
        }
    }

    /// Whether its recipients take turns at being asked first.
    pub fn takes_turns(self) -> bool {
        match self {
            Strategy::Weighted | Strategy::RoundRobin => true,
            Strategy::Waterfall | Strategy::HighestBid | Strategy::All => false,
        }
    }
}

/// How a flow ends when nobody in a group has the lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsold {
    /// The outcome.
    pub outcome: Ending,
    /// Why.
    pub reason: Arc<str>,
}

/// How long all pings of a group may take together, unless it says otherwise.
pub const DEFAULT_PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time for all pings of a group.
pub const PING_TIMEOUT_MAX: Duration = Duration::from_secs(30);
/// Most recipients of one group.
pub const RECIPIENTS_MAX: usize = 100;
/// Heaviest weight of a recipient.
pub const WEIGHT_MAX: u32 = 10_000;

/// What a group came to, as later rules and templates see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupResult {
    /// Success when somebody has the lead, error when somebody may have it or it is held for one that is asked
    /// again, else failure.
    pub outcome: Outcome,
    /// How many have it.
    pub sold: u32,
    /// What they pay together.
    pub revenue: Money,
    /// The step of the one that took it first.
    pub winner: Option<StepId>,
}

impl Distribution {
    /// The recipients that are run, in order, each with its step.
    pub fn enabled(&self) -> impl Iterator<Item = (&Step, &Recipient)> {
        self.recipients.iter().filter(|step| step.enabled).filter_map(as_recipient)
    }

    /// How the flow ends here, when nobody has the lead and that ends it. While somebody may have it, or a sale is
    /// held for one that is asked again, that is an error: whether it is sold nobody knows yet.
    pub fn unsold_end(&self, offers: &Offers) -> Option<(Outcome, Option<Reason>)> {
        let unsold = self.on_unsold.as_ref()?;
        match self.result(offers).outcome {
            Outcome::Success | Outcome::Skip => None,
            Outcome::Error => Some((Outcome::Error, Some(self.pending(offers)))),
            Outcome::Failure => {
                let outcome = Outcome::from(unsold.outcome);
                let reason = Reason::new(ReasonCode::NoBuyer, Arc::clone(&unsold.reason));
                Some((outcome, (outcome != Outcome::Success).then_some(reason)))
            }
        }
    }

    /// Why it is not known yet whether the lead is sold.
    fn pending(&self, offers: &Offers) -> Reason {
        let may_have_it = |(step, recipient): (&Step, &Recipient)| {
            offers.stand(&step.id).is_some_and(|stand| stand.may_be_sale(recipient))
        };
        if self.recipients.iter().filter_map(as_recipient).any(may_have_it) {
            Reason::new(ReasonCode::Unknown, "A buyer may have the lead; its answer is awaited")
        } else {
            let text = "No buyer has the lead yet; it is held for a buyer that is asked again";
            Reason::new(ReasonCode::NoBuyer, text)
        }
    }

    /// What it came to, so far.
    pub fn result(&self, offers: &Offers) -> GroupResult {
        let mut result =
            GroupResult { outcome: Outcome::Failure, sold: 0, revenue: Money::ZERO, winner: None };
        for (step, recipient) in self.recipients.iter().filter_map(as_recipient) {
            match offers.stand(&step.id) {
                Some(Stand::Sold(price)) if !price.copy => {
                    result.sold += 1;
                    result.revenue = result
                        .revenue
                        .checked_add(price.amount)
                        .expect("amounts of one lead are far from the limits");
                }
                // Of the second others may be asked meanwhile.
                Some(stand) if stand.holds_slot(recipient) || stand.may_be_sale(recipient) => {
                    result.outcome = Outcome::Error;
                }
                Some(_) | None => {}
            }
        }
        if result.sold > 0 {
            result.outcome = Outcome::Success;
        }
        result.winner =
            offers.sales().find(|sold| self.recipients.iter().any(|step| step.id == **sold)).cloned();
        result
    }
}

/// A step as a recipient; none when it is of another kind.
pub fn as_recipient(step: &Step) -> Option<(&Step, &Recipient)> {
    match &step.kind {
        StepKind::Recipient(recipient) => Some((step, recipient)),
        StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Distribute(_) => None,
    }
}

#[cfg(test)]
mod tests;
