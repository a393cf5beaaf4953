//! Why each buyer of a flow did or did not get a lead: the version of the flow beside the lead's events.

use std::fmt;

use crate::{
    Asked, EntityId, Event, EventId, EventKind, Flow, Money, NoBid, OnFail, Reason, ReasonCode, SalePrice,
    Stand, Step, StepId, StepKind, Strategy, as_recipient,
};

/// Why one recipient of a flow did or did not get a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its step.
    pub step_id: StepId,
    /// The party.
    pub entity_id: EntityId,
    /// The group that it belongs to; none for lone ones.
    pub group: Option<StepId>,
    /// How it stands with the lead.
    pub fate: Fate,
    /// Why; none where the fate says all.
    pub reason: Option<Reason>,
    /// What it offered in an auction: its bid when it was pinged, or its fixed price without a ping. Prices of
    /// tables are not told: they follow from the lead, which events alone do not show whole.
    pub bid: Option<Money>,
    /// What it pays.
    pub price: Option<Money>,
    /// Whether it has the lead, or may have it without our knowing.
    pub may_have_lead: bool,
    /// How many attempts were made, those included that were kept back before anything was sent.
    pub attempts: u32,
    /// The event that tells so, whose rules show what was looked at; none where no event does.
    pub event_id: Option<EventId>,
}

/// How a recipient stands with a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It has the lead.
    Delivered,
    /// It said no, to the lead or to a ping, or its cap was full.
    Declined,
    /// It gave no usable answer, and no attempt is left.
    Error,
    /// Another attempt waits.
    Waiting,
    /// Nobody knows whether it has the lead.
    Unknown,
    /// It was not asked, and its event says why.
    Skipped,
    /// It bid for a ping, which sells nothing yet.
    Bid,
    /// It was in the auction, and others that offered more, or as much and come first, have the lead.
    Outbid,
    /// The lead was gone, or held for another, before it was asked.
    SoldElsewhere,
    /// The lead did not come as far as this.
    NotReached,
    /// The flow does not run it.
    Disabled,
    /// The lead is still on its way.
    Pending,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Fate; 12] = [
        Fate::Delivered,
        Fate::Declined,
        Fate::Error,
        Fate::Waiting,
        Fate::Unknown,
        Fate::Skipped,
        Fate::Bid,
        Fate::Outbid,
        Fate::SoldElsewhere,
        Fate::NotReached,
        Fate::Disabled,
        Fate::Pending,
    ];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Fate::Delivered => "delivered",
            Fate::Declined => "declined",
            Fate::Error => "error",
            Fate::Waiting => "waiting",
            Fate::Unknown => "unknown",
            Fate::Skipped => "skipped",
            Fate::Bid => "bid",
            Fate::Outbid => "outbid",
            Fate::SoldElsewhere => "sold_elsewhere",
            Fate::NotReached => "not_reached",
            Fate::Disabled => "disabled",
            Fate::Pending => "pending",
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Flow {
    /// Explains a lead that ran through this version of the flow, by all its events in order: one entry for
    /// each recipient, in the order of the flow.
    pub fn explain(&self, events: &[Event]) -> Vec<Explained> {
        let offers = events.iter().fold(crate::Offers::default(), |mut offers, event| {
            offers.after(&event.kind);
            offers
        });
        let stop = self.stop(events);
        let recipients = self.all_steps().filter_map(|step| match &step.kind {
            StepKind::Recipient(recipient) => Some((step, &recipient.entity_id)),
            StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Distribute(_) => None,
        });
        recipients
            .map(|(step, entity_id)| {
                let mut own = told(step, entity_id, events);
                own.group = self.group_of(&step.id).map(|(group, _)| group.id.clone());
                own.bid = offers.bid(&step.id);
                own.may_have_lead = offers.stand(&step.id).is_some_and(|stand| stand.may_have_lead());
                if own.attempts > 0 {
                    own.bid = own.bid.or_else(|| self.unpinged_offer(step));
                }
                match offers.stand(&step.id) {
                    None => self.unmet(&mut own, step, &offers, &stop),
                    Some(Stand::Bid(_)) => self.outbid(&mut own, &offers, &stop),
                    Some(Stand::Asked) => own.fate = Fate::Pending,
                    Some(Stand::Waiting { .. }) => own.fate = Fate::Waiting,
                    Some(Stand::Unknown) => own.fate = Fate::Unknown,
                    Some(Stand::Sold(_) | Stand::Over) => {}
                }
                own
            })
            .collect()
    }

    /// One that the lead never met.
    fn unmet(&self, own: &mut Explained, step: &Step, offers: &crate::Offers, stop: &Stop) {
        let group = self.group_of(&step.id);
        if !step.enabled || group.is_some_and(|(group, _)| !group.enabled) {
            own.fate = Fate::Disabled;
            own.reason = Some(Reason::new(ReasonCode::Disabled, "The flow does not run it"));
        } else if let Some(reason) = group.and_then(|(group, _)| self.taken_by(&group.id, offers)) {
            // An auction weighs everyone before it asks anyone.
            let is_outbid = group.is_some_and(|(_, group)| group.strategy == Strategy::HighestBid);
            own.fate = if is_outbid { Fate::Outbid } else { Fate::SoldElsewhere };
            own.bid = self.unpinged_offer(step);
            own.reason = Some(reason);
        } else {
            stop.tell(own);
        }
    }

    /// What a recipient of an auction that is not pinged is weighed by, where it is the same for every lead.
    fn unpinged_offer(&self, step: &Step) -> Option<Money> {
        let (_, group) = self.group_of(&step.id)?;
        let (_, recipient) = as_recipient(step)?;
        match recipient.price {
            SalePrice::Fixed(amount)
                if group.strategy == Strategy::HighestBid && recipient.ping.is_none() =>
            {
                Some(amount)
            }
            _ => None,
        }
    }

    fn outbid(&self, own: &mut Explained, offers: &crate::Offers, stop: &Stop) {
        if stop.of_ping {
            own.fate = Fate::Bid;
            return;
        }
        match own.group.as_ref().and_then(|group| self.taken_by(group, offers)) {
            Some(reason) => {
                own.fate = Fate::Outbid;
                own.reason = Some(reason);
            }
            None => stop.tell(own),
        }
    }

    /// Who has all that a group may sell, or holds it.
    fn taken_by(&self, group_id: &StepId, offers: &crate::Offers) -> Option<Reason> {
        let StepKind::Distribute(group) = &self.step(group_id)?.kind else { return None };
        if group.taken(offers) < group.max_sales {
            return None;
        }
        let (mut sold, mut held) = (Vec::new(), Vec::new());
        for step in &group.recipients {
            let StepKind::Recipient(recipient) = &step.kind else { continue };
            match offers.stand(&step.id) {
                Some(stand) if stand.is_sale() => sold.push(step.id.as_str()),
                Some(stand) if stand.holds_slot(recipient) => held.push(step.id.as_str()),
                Some(_) | None => {}
            }
        }
        let text = match (sold.is_empty(), held.is_empty()) {
            (false, true) => format!("Sold to {}", sold.join(", ")),
            (true, _) => format!("Held for {}", held.join(", ")),
            (false, false) => format!("Sold to {}, held for {}", sold.join(", "), held.join(", ")),
        };
        Some(Reason::new(ReasonCode::SoldElsewhere, text))
    }

    /// Where the lead stopped before it met everyone.
    fn stop(&self, events: &[Event]) -> Stop {
        let mut stop = Stop { fate: Fate::Pending, of_ping: false, reason: None, event_id: None };
        for event in events {
            let ends = match &event.kind {
                EventKind::SourceRejected { .. } => true,
                EventKind::FilterFailed { step_id, .. } => self.step(step_id).is_some_and(|step| {
                    matches!(&step.kind, StepKind::Filter(filter) if matches!(filter.on_fail, OnFail::Stop(_)))
                }),
                EventKind::FlowCompleted(_) | EventKind::SourcePinged { .. } => {
                    stop.fate = Fate::NotReached;
                    stop.of_ping = matches!(event.kind, EventKind::SourcePinged { .. });
                    stop.reason.is_none()
                }
                EventKind::SourceSubmitted
                | EventKind::SourceAccepted { .. }
                | EventKind::SourceAnswered { .. }
                | EventKind::FilterPassed { .. }
                | EventKind::EnhancementSuccess { .. }
                | EventKind::EnhancementFailure { .. }
                | EventKind::EnhancementError { .. }
                | EventKind::EnhancementSkipped { .. }
                | EventKind::RetryScheduled { .. }
                | EventKind::RetryAttempted { .. }
                | EventKind::FeedbackReceived { .. }
                | EventKind::FeedbackReturned { .. }
                | EventKind::FeedbackProcessed { .. }
                | EventKind::FeedbackSent { .. }
                | EventKind::ConsentRevoked { .. }
                | EventKind::ConsentSent { .. }
                | EventKind::PrivacyErased
                | EventKind::RecipientBid { .. }
                | EventKind::RecipientAttempted { .. }
                | EventKind::RecipientDelivered { .. }
                | EventKind::RecipientFailed { .. }
                | EventKind::RecipientError { .. }
                | EventKind::RecipientSkipped { .. } => false,
            };
            if ends {
                stop.reason = event.kind.reason().cloned();
                stop.event_id = Some(event.head.id);
            }
        }
        stop
    }
}

/// Where a lead stopped.
struct Stop {
    fate: Fate,
    /// Whether it was a ping, which ends with its answer.
    of_ping: bool,
    reason: Option<Reason>,
    event_id: Option<EventId>,
}

impl Stop {
    fn tell(&self, own: &mut Explained) {
        own.fate = self.fate;
        if self.fate == Fate::NotReached {
            own.reason.clone_from(&self.reason);
            own.event_id = self.event_id;
        }
    }
}

/// What the events of a recipient say by themselves: the newest counts.
fn told(step: &Step, entity_id: &EntityId, events: &[Event]) -> Explained {
    let mut own = Explained {
        step_id: step.id.clone(),
        entity_id: entity_id.clone(),
        group: None,
        fate: Fate::Pending,
        reason: None,
        bid: None,
        price: None,
        may_have_lead: false,
        attempts: 0,
        event_id: None,
    };
    for event in events {
        let (step_id, fate) = match &event.kind {
            EventKind::RecipientAttempted { call, retry, .. } if call.step_id == step.id => {
                own.attempts = own.attempts.max(retry.attempt);
                continue;
            }
            EventKind::RecipientDelivered { call, price, .. } => {
                if call.step_id == step.id {
                    own.price = Some(price.amount);
                }
                (&call.step_id, Fate::Delivered)
            }
            EventKind::RecipientFailed { asked: Asked::Yes { call, .. }, .. } => {
                (&call.step_id, Fate::Declined)
            }
            EventKind::RecipientFailed { asked: Asked::No { step_id, .. }, .. } => (step_id, Fate::Declined),
            EventKind::RecipientError { call, .. } => (&call.step_id, Fate::Error),
            EventKind::RecipientSkipped { step_id, .. } => (step_id, Fate::Skipped),
            EventKind::RecipientBid { call, bid } => match bid {
                Ok(_) => (&call.step_id, Fate::Pending),
                Err(NoBid::Declined(_)) => (&call.step_id, Fate::Declined),
                Err(NoBid::Fault(_)) => (&call.step_id, Fate::Error),
            },
            EventKind::SourceSubmitted
            | EventKind::SourceAccepted { .. }
            | EventKind::SourcePinged { .. }
            | EventKind::SourceAnswered { .. }
            | EventKind::FilterPassed { .. }
            | EventKind::EnhancementSuccess { .. }
            | EventKind::EnhancementFailure { .. }
            | EventKind::EnhancementError { .. }
            | EventKind::EnhancementSkipped { .. }
            | EventKind::RetryScheduled { .. }
            | EventKind::RetryAttempted { .. }
            | EventKind::FeedbackReceived { .. }
            | EventKind::FeedbackReturned { .. }
            | EventKind::FeedbackProcessed { .. }
            | EventKind::FeedbackSent { .. }
            | EventKind::ConsentRevoked { .. }
            | EventKind::ConsentSent { .. }
            | EventKind::PrivacyErased
            | EventKind::RecipientAttempted { .. }
            | EventKind::SourceRejected { .. }
            | EventKind::FilterFailed { .. }
            | EventKind::FlowCompleted(_) => continue,
        };
        if *step_id == step.id {
            own.fate = fate;
            own.reason = event.kind.reason().cloned();
            own.event_id = Some(event.head.id);
        }
    }
    own
}
