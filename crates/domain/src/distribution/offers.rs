//! How the recipients of a lead stand with it, folded from its events.

use crate::{Asked, EventKind, Money, Price, Recipient, SlotRule, StepId};

/// How the recipients of one lead stand with it: lone ones and those of groups alike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offers {
    /// In the order in which the lead met them.
    stands: Vec<(StepId, Known)>,
    /// Those that took it, in order.
    sold: Vec<StepId>,
    /// Those that were sent it, in order of their first attempt.
    asked: Vec<StepId>,
}

/// What is known of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    bid: Option<Money>,
    stand: Stand,
    /// Some attempt may have reached it unseen, and nothing since tells.
    unknown: bool,
}

/// How one recipient stands with a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It answered a ping with this offer.
    Bid(Money),
    /// The lead is on its way to it.
    Asked,
    /// Its last attempt met a fault, and another one waits.
    Waiting {
        /// An attempt may have reached it unseen.
        unknown: bool,
    },
    /// No attempt is left, and nobody knows whether it has the lead.
    Unknown,
    /// It has the lead.
    Sold(Price),
    /// It does not have the lead: it said no, failed for good, or was not asked.
    Over,
}

impl Stand {
    /// Whether the recipient has the lead, or may have it without our knowing.
    pub fn may_have_lead(&self) -> bool {
        match self {
            Stand::Asked | Stand::Unknown | Stand::Sold(_) => true,
            Stand::Waiting { unknown } => *unknown,
            Stand::Bid(_) | Stand::Over => false,
        }
    }

    /// Whether the lead is sold to it; a copy is no sale.
    pub fn is_sale(&self) -> bool {
        matches!(self, Stand::Sold(price) if !price.copy)
    }

    /// Whether the lead is sold to it, or may be without our knowing.
    pub fn may_be_sale(&self, recipient: &Recipient) -> bool {
        self.may_have_lead() && !recipient.is_copy
    }

    /// Whether it takes one of the group's sales that is not sold: somebody may have the lead, or may yet
    /// get it.
    pub fn holds_slot(&self, recipient: &Recipient) -> bool {
        let rule = match self {
            Stand::Asked => return !recipient.is_copy,
            Stand::Waiting { unknown: true } | Stand::Unknown => recipient.on_unknown,
            Stand::Waiting { unknown: false } => recipient.on_error,
            Stand::Bid(_) | Stand::Sold(_) | Stand::Over => return false,
        };
        rule == SlotRule::Hold && !recipient.is_copy
    }
}

impl Offers {
    /// How a recipient stands; none when nothing happened between it and the lead.
    pub fn stand(&self, step_id: &StepId) -> Option<Stand> {
        self.known(step_id).map(|known| known.stand)
    }

    /// What it offered when it was pinged.
    pub fn bid(&self, step_id: &StepId) -> Option<Money> {
        self.known(step_id).and_then(|known| known.bid)
    }

    /// The steps of those that took the lead, in order.
    pub fn sales(&self) -> impl Iterator<Item = &StepId> {
        self.sold.iter()
    }

    /// The steps of those that were sent the lead, in order of their first attempts.
    pub fn asked(&self) -> impl Iterator<Item = &StepId> {
        self.asked.iter()
    }

    /// Takes the next event of the lead.
    pub fn after(&mut self, kind: &EventKind) {
        match kind {
            EventKind::RecipientBid { call, bid } => {
                let known = self.of(&call.step_id);
                known.bid = bid.as_ref().ok().copied();
                known.stand = known.bid.map_or(Stand::Over, Stand::Bid);
            }
            EventKind::RecipientAttempted { call, retry, .. } => {
                if retry.attempt == 1 {
                    self.asked.push(call.step_id.clone());
                }
                self.of(&call.step_id).stand = Stand::Asked;
            }
            EventKind::RecipientDelivered { call, price, .. } => {
                let known = self.of(&call.step_id);
                known.unknown = false;
                known.stand = Stand::Sold(*price);
                if !price.copy {
                    self.sold.push(call.step_id.clone());
                }
            }
            EventKind::RecipientFailed { asked: Asked::Yes { call, .. }, reason: _ } => {
                let known = self.of(&call.step_id);
                known.unknown = false;
                known.stand = Stand::Over;
            }
            // Not asked now, which tells nothing of what was sent before.
            EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, reason: _ }
            | EventKind::RecipientSkipped { step_id, .. } => {
                let known = self.of(step_id);
                known.stand = if known.unknown { Stand::Unknown } else { Stand::Over };
            }
            EventKind::RecipientError { call, fault, .. } => {
                let known = self.of(&call.step_id);
                known.unknown |= fault.is_unknown(call.response_code);
                known.stand = if known.unknown { Stand::Unknown } else { Stand::Over };
            }
            EventKind::RetryScheduled { step_id, .. } => {
                let known = self.of(step_id);
                known.stand = Stand::Waiting { unknown: known.unknown };
            }
            EventKind::RetryAttempted { .. }
            | EventKind::SourceSubmitted
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
            | EventKind::FeedbackReceived { .. }
            | EventKind::FeedbackReturned { .. }
            | EventKind::FeedbackProcessed { .. }
            | EventKind::FeedbackSent { .. }
            | EventKind::ConsentRevoked { .. }
            | EventKind::ConsentSent { .. }
            | EventKind::FlowCompleted(_)
            | EventKind::PrivacyErased => {}
        }
    }

    fn known(&self, step_id: &StepId) -> Option<&Known> {
        self.stands.iter().find(|(id, _)| id == step_id).map(|(_, known)| known)
    }

    fn of(&mut self, step_id: &StepId) -> &mut Known {
        let at = self.stands.iter().position(|(id, _)| id == step_id).unwrap_or_else(|| {
            let known = Known { bid: None, stand: Stand::Over, unknown: false };
            self.stands.push((step_id.clone(), known));
            self.stands.len() - 1
        });
        &mut self.stands[at].1
    }
}
