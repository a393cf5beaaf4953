//! What must hold of what comes back: money is taken back once and whole, no buyer gives back more than it may, and
//! sources hear of what was accepted and of nothing else.

use std::collections::{HashMap, HashSet};

use domain::{
    Call, Day, EntityId, Event, EventId, EventKind, FeedbackKind, Money, Outcome, Price, Retry, TimeZone,
};

use super::world::Entry;
use super::{Played, World, flow};

/// What holds of one lead.
pub(super) fn check_lead(events: &[Event], played: &mut Played) -> Result<(), String> {
    check_cost(events)?;
    check_links(events)?;
    check_told(events, played)
}

/// What the source was paid is taken back once, by the return that leaves no buyer with the lead, or not at all.
fn check_cost(events: &[Event]) -> Result<(), String> {
    let mut booked = Money::ZERO;
    let mut has: HashSet<EventId> = HashSet::new();
    let is_told = flow::is_told(events[0].head.source_id.as_str());
    for event in events {
        match &event.kind {
            EventKind::FlowCompleted(completion) => booked = completion.cost,
            EventKind::RecipientDelivered { price, .. } if !price.copy => _ = has.insert(event.head.id),
            EventKind::FeedbackProcessed { feedback, result: Ok(reversal), .. } => {
                let gives_back =
                    feedback.kind == FeedbackKind::Return && has.remove(&feedback.recipient_event_id);
                let may = gives_back && has.is_empty() && is_told;
                if reversal.cost != Money::ZERO && (!may || reversal.cost != booked) {
                    return Err(format!(
                        "{} is taken back of the source, which is paid {booked}",
                        reversal.cost
                    ));
                }
                booked = booked.checked_sub(reversal.cost).ok_or("too little money")?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What follows from a report names it, and one report is decided once.
fn check_links(events: &[Event]) -> Result<(), String> {
    let mut received: HashMap<EventId, bool> = HashMap::new();
    for event in events {
        match &event.kind {
            EventKind::FeedbackReceived { .. } => _ = received.insert(event.head.id, false),
            EventKind::FeedbackProcessed { feedback, .. } => {
                let decided = feedback.feedback_id.and_then(|id| received.get_mut(&id));
                match decided {
                    Some(decided) if !*decided => *decided = true,
                    _ => {
                        return Err("a decision is about no report, or about one that was decided".to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    match received.iter().find(|(_, decided)| !**decided) {
        Some((id, _)) => Err(format!("the report {id} is left without a decision")),
        None => Ok(()),
    }
}

/// Whoever is to be told is told until it answers or the attempts end, in their order.
fn check_told(events: &[Event], played: &mut Played) -> Result<(), String> {
    let mut owed: HashMap<EventId, u32> = HashMap::new();
    for event in events {
        match &event.kind {
            EventKind::FeedbackProcessed { feedback, relay_due: Some(_), .. } => {
                owed.extend(feedback.feedback_id.map(|id| (id, 1)));
            }
            EventKind::FeedbackSent { feedback, notice } => {
                let id = feedback.feedback_id.ok_or("a source is told of no report")?;
                if owed.remove(&id) != Some(notice.attempt) {
                    return Err(format!("attempt {} to tell of {id} is out of turn", notice.attempt));
                }
                if notice.due.is_some() {
                    owed.insert(id, notice.attempt + 1);
                }
                played.told += u64::from(event.kind.outcome() == Some(Outcome::Success));
            }
            _ => {}
        }
    }
    match owed.iter().next() {
        Some((id, attempt)) => Err(format!("attempt {attempt} to tell of {id} was never made")),
        None => Ok(()),
    }
}

/// A delivery that its buyer reports on is a sale, for what the flow says where no reply did.
pub(super) fn check_found(
    call: &Call,
    retry: Retry,
    price: Price,
    bid: Option<Money>,
    book: &[Entry],
) -> Result<(), String> {
    let took = book.iter().any(|entry| entry.delivery_id == retry.delivery_id && entry.took);
    let amount = |text: &str| text.parse().ok();
    let wanted = match call.step_id.as_str() {
        "bid" => amount("0"),
        "fix" => amount("25"),
        "red" | "green" | "blue" => amount("3"),
        "north" | "south" => bid,
        _ => amount("1"),
    };
    if took && Some(price.amount) == wanted {
        Ok(())
    } else {
        Err(format!("{} is found sold at {}, and its buyer took it: {took}", call.step_id, price.amount))
    }
}

/// No buyer gives back more of what it bought on a day than it may.
pub(super) fn check_limits(leads: &[&[Event]]) -> Result<(), String> {
    let mut days: HashMap<(EntityId, Day), (u64, u64)> = HashMap::new();
    for events in leads.iter().filter(|events| !events[0].head.marks.test) {
        let mut sold: HashMap<EventId, (EntityId, Day)> = HashMap::new();
        for event in *events {
            match &event.kind {
                EventKind::RecipientDelivered { call, price, .. } if !price.copy => {
                    let day = (call.entity_id.clone(), Day::at(event.head.at, &TimeZone::UTC));
                    days.entry(day.clone()).or_default().0 += 1;
                    sold.insert(event.head.id, day);
                }
                EventKind::FeedbackReturned { feedback } => {
                    if let Some(day) = sold.get(&feedback.recipient_event_id) {
                        days.entry(day.clone()).or_default().1 += 1;
                    }
                }
                _ => {}
            }
        }
    }
    for ((buyer, day), (sold, returned)) in days {
        if returned > flow::returns_max(&buyer, sold) {
            return Err(format!("{buyer} gives back {returned} of {sold} leads of {day:?}"));
        }
    }
    Ok(())
}

/// What a source was told is recorded as accepted: nothing was taken back by a crash.
pub(super) fn check_heard(world: &World, leads: &[&[Event]]) -> Result<(), String> {
    let accepted: HashSet<EventId> = leads
        .iter()
        .flat_map(|events| events.iter())
        .filter_map(|event| match &event.kind {
            EventKind::FeedbackProcessed { feedback, result: Ok(_), relay_due: Some(_) } => {
                feedback.feedback_id
            }
            _ => None,
        })
        .collect();
    match world.heard().into_iter().find(|key| !accepted.contains(key)) {
        Some(key) => Err(format!("a source was told of {key}, which was not accepted")),
        None => Ok(()),
    }
}
