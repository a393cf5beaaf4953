//! What must hold of pings: a source is offered what the buyers bid, an offer is good for one lead, and that lead
//! repeats it.

use std::collections::HashMap;

use domain::{Event, EventKind, Flow, LeadId, Money, NoBid, Outcome, ReasonCode, StepId, Value};

use super::rules::Chain;
use super::{Played, World, flow};

pub(super) fn check(
    world: &World,
    flow: &Flow,
    leads: &HashMap<LeadId, Chain>,
    pings: &HashMap<LeadId, Chain>,
    played: &mut Played,
) -> Result<(), String> {
    for chain in pings.values() {
        check_ping(world, flow, chain).map_err(|what| format!("{}: {what}", chain.lead_id))?;
        played.pings += 1;
    }
    let mut taken: HashMap<LeadId, LeadId> = HashMap::new();
    for chain in leads.values() {
        let within = |what: String| format!("{}: {what}", chain.lead_id);
        let ping = match chain.events[0].head.marks.ping_id {
            None => None,
            Some(ping_id) => {
                if let Some(other) = taken.insert(ping_id, chain.lead_id) {
                    return Err(format!("{other} and {} take up the offer of {ping_id}", chain.lead_id));
                }
                played.offers_taken += 1;
                let ping = pings.get(&ping_id);
                Some(ping.ok_or_else(|| format!("{} takes up {ping_id}, which is not there", chain.lead_id))?)
            }
        };
        if let Some(ping) = ping {
            stands(ping, chain).map_err(within)?;
        }
        check_lead(chain, ping).map_err(within)?;
    }
    check_heard(world, leads, pings, &taken)
}

/// Whether leads of this state pass the auction by.
fn passes_by(world: &World, lead: &domain::Lead) -> bool {
    world.plan.extras.auction_when && lead.get("state") == Some(&Value::text(flow::NO_AUCTION))
}

/// A ping ends once, sends the lead to nobody, and offers what the best bid leaves.
fn check_ping(world: &World, flow: &Flow, chain: &Chain) -> Result<(), String> {
    let mut bids: HashMap<&StepId, Money> = HashMap::new();
    let last = chain.events.len() - 1;
    for (place, event) in chain.events.iter().enumerate() {
        match &event.kind {
            EventKind::RecipientBid { call, bid } => {
                if passes_by(world, &event.body.lead) {
                    return Err(format!("{} is asked, and the lead would pass it by", call.step_id));
                }
                if let Ok(bid) = bid {
                    bids.insert(&call.step_id, *bid);
                }
            }
            EventKind::RecipientSkipped { step_id, .. } => _ = bids.remove(step_id),
            EventKind::RecipientFailed { .. } => {}
            EventKind::SourcePinged { answer } if place == last => {
                let best = bids.values().copied().max();
                let source = flow.source(&event.head.source_id).ok_or("its source is unknown")?;
                let is_offer = match (flow.purchase_share(source), best) {
                    (Some(share), Some(best)) => share.of(best) == answer.price,
                    (None, Some(_)) => flow::is_price(answer.price),
                    (_, None) => false,
                };
                let code = answer.reason.as_ref().map(|reason| reason.code.clone());
                let fits = match answer.outcome {
                    Outcome::Success => is_offer,
                    _ => answer.price == Money::ZERO && (code != Some(ReasonCode::NoBuyer) || best.is_none()),
                };
                if !fits {
                    return Err(format!("{best:?} is bid, and the source is told {answer:?}"));
                }
            }
            _ => return Err(format!("{} is an event of a ping", event.event_type())),
        }
    }
    Ok(())
}

/// Why an offer is not a lead's to take; nothing when it is.
fn stands(ping: &Chain, lead: &Chain) -> Result<(), String> {
    let newest = ping.events.last().ok_or("the ping has no event")?;
    let EventKind::SourcePinged { answer } = &newest.kind else {
        return Err(format!("{} was never answered", ping.lead_id));
    };
    let (own, theirs) = (&lead.events[0].head, &newest.head);
    let age_ms = lead.lead_id.drawn_at().millis_since(theirs.at);
    if answer.outcome != Outcome::Success {
        Err(format!("{} made no offer", ping.lead_id))
    } else if own.source_id != theirs.source_id || own.marks.test != theirs.marks.test {
        Err(format!("{} is of another source", ping.lead_id))
    } else if age_ms >= flow::PING_EXPIRES_MS {
        Err(format!("the offer of {} is {age_ms} ms old", ping.lead_id))
    } else {
        Ok(())
    }
}

/// A lead repeats the bids of the offer that it takes up and asks nobody again; what its source is offered is that,
/// or the price of the flow.
fn check_lead(chain: &Chain, ping: Option<&Chain>) -> Result<(), String> {
    let bid_in = |events: &[Event], id: &StepId| {
        let mut events = events.iter();
        events.find_map(|event| match &event.kind {
            EventKind::RecipientBid { call, bid } if call.step_id == *id => Some(bid.clone()),
            _ => None,
        })
    };
    for event in &chain.events {
        match &event.kind {
            EventKind::RecipientBid { call, bid } => {
                let before: Option<Result<Money, NoBid>> =
                    ping.and_then(|ping| bid_in(&ping.events, &call.step_id));
                let is_repeated = event.body.exchanges.is_empty();
                if is_repeated != before.is_some() || before.is_some_and(|before| before != *bid) {
                    return Err(format!("{} bids {bid:?}, repeated {is_repeated}", call.step_id));
                }
            }
            EventKind::SourceAccepted { price, .. } => {
                let offered = ping.and_then(|ping| match &ping.events.last()?.kind {
                    EventKind::SourcePinged { answer } => Some(answer.price),
                    _ => None,
                });
                let fits = if flow::has_share(event.head.source_id.as_str()) {
                    *price == offered
                } else {
                    price.is_some_and(flow::is_price)
                };
                if !fits {
                    return Err(format!("its source is offered {price:?}, and was offered {offered:?}"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a source was told of its ping is recorded, and a token that was sent while its offer stood was taken.
fn check_heard(
    world: &World,
    leads: &HashMap<LeadId, Chain>,
    pings: &HashMap<LeadId, Chain>,
    taken: &HashMap<LeadId, LeadId>,
) -> Result<(), String> {
    for number in 0..world.plan.leads.len() {
        let client = world.client(number);
        if let Some(offered) = &client.offered {
            let newest = pings.get(&offered.ping_id).and_then(|chain| chain.events.last());
            let recorded = newest.and_then(|event| match &event.kind {
                EventKind::SourcePinged { answer } => {
                    Some((answer, event.body.exchanges.first()?.response.as_ref()?))
                }
                _ => None,
            });
            if recorded != Some((&offered.answer, &offered.response)) {
                return Err(format!(
                    "the ping of lead {number} was not told what {} recorded",
                    offered.ping_id
                ));
            }
        }
        for told in &client.answers {
            let (Some(token), Some(lead)) = (told.token, leads.get(&told.lead_id)) else { continue };
            let Some(ping) = pings.get(&token) else { continue };
            if !taken.contains_key(&token) && stands(ping, lead).is_ok() {
                return Err(format!("{} came with {token}, whose offer stood", told.lead_id));
            }
        }
    }
    Ok(())
}
