//! What must hold where a person's lead is sold once: no second one is sold inside the window, and a lead that
//! nobody bought keeps nobody away.

use std::collections::HashMap;

use domain::{Event, EventKind, Flow, LeadId, Offers, ReasonCode, Stand, StepKind, Timestamp};

use super::Played;
use super::rules::Chain;

pub(super) fn check(
    flow: &Flow,
    window_s: u32,
    leads: &HashMap<LeadId, Chain>,
    played: &mut Played,
) -> Result<(), String> {
    let window = |lead_id: LeadId| lead_id.drawn_at().plus_millis(i64::from(window_s) * 1000);
    check_sold(leads, window)?;
    for chain in leads.values() {
        check_refused(flow, chain, leads, window, played)
            .map_err(|what| format!("{}: {what}", chain.lead_id))?;
    }
    Ok(())
}

/// No two leads of one person are sold inside the window of the first.
fn check_sold(leads: &HashMap<LeadId, Chain>, window: impl Fn(LeadId) -> Timestamp) -> Result<(), String> {
    let mut sold: HashMap<[u8; 12], Vec<(u64, Timestamp, LeadId)>> = HashMap::new();
    for chain in leads.values().filter(|chain| chain.is_sold()) {
        for (event, seq) in chain.with_seqs() {
            for key in &event.head.marks.duplicate_keys {
                sold.entry(key.tag).or_default().push((seq, event.head.at, chain.lead_id));
            }
        }
    }
    for same in sold.values_mut() {
        same.sort_unstable();
        for (place, (_, _, first)) in same.iter().enumerate() {
            if let Some((_, _, second)) = same[place + 1..].iter().find(|(_, at, _)| *at < window(*first)) {
                return Err(format!("{first} is sold, and {second} of the same person inside its window"));
            }
        }
    }
    Ok(())
}

/// A lead is refused as a duplicate only of one that is the same, has its window open, and is sold or may be.
fn check_refused(
    flow: &Flow,
    chain: &Chain,
    leads: &HashMap<LeadId, Chain>,
    window: impl Fn(LeadId) -> Timestamp,
    played: &mut Played,
) -> Result<(), String> {
    let mut since = 0;
    for (event, seq) in chain.with_seqs() {
        let before = std::mem::replace(&mut since, seq);
        let EventKind::SourceRejected { reason, duplicate_of } = &event.kind else { continue };
        if reason.code != ReasonCode::Duplicate {
            continue;
        }
        played.twins += 1;
        let first = duplicate_of.ok_or("it is the duplicate of nobody")?;
        let other =
            leads.get(&first).ok_or_else(|| format!("it is the duplicate of {first}, which is not there"))?;
        let email = |chain: &Chain| chain.events[0].body.lead.get("email").cloned();
        if chain.is_test() || other.is_test() || email(chain) != email(other) {
            return Err(format!("it is refused for {first}, which is another"));
        }
        if event.head.at >= window(first) {
            return Err(format!("it is refused for {first}, whose window is over"));
        }
        let known = other.with_seqs().filter(|(_, seq)| *seq <= before).map(|(event, _)| event);
        if is_unsold(flow, known) {
            return Err(format!("it is refused for {first}, which nobody bought"));
        }
    }
    Ok(())
}

/// Whether nobody has a lead by these events and nobody will.
fn is_unsold<'a>(flow: &Flow, events: impl Iterator<Item = &'a Event>) -> bool {
    let mut offers = Offers::default();
    let mut completed = false;
    for event in events {
        offers.after(&event.kind);
        completed |= matches!(event.kind, EventKind::FlowCompleted(_));
    }
    let has_it = flow.recipients().any(|(step, recipient)| match offers.stand(&step.id) {
        Some(Stand::Asked | Stand::Waiting { .. } | Stand::Unknown) => !recipient.is_copy,
        Some(Stand::Sold(price)) => !price.copy,
        Some(Stand::Bid(_) | Stand::Over) | None => false,
    });
    let goes_on = flow.steps().iter().any(|step| match &step.kind {
        StepKind::Distribute(group) => group.may_go_on(&offers),
        StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_) => false,
    });
    completed && !has_it && !goes_on
}
