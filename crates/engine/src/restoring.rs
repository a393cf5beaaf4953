//! Caps and duplicates as the headers of events tell them, for `folds`. And how caps stand now.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Cap, DuplicateKey, EntityId, Event, EventHead, EventKind, FlowId, Money, SourceId, StepId, Timestamp,
};
use ledger::ReadHeader;
use wire::Header;

use crate::caps::{CapCount, CapInUse, Caps, KnownCap};
use crate::engine::{Engine, ResumeError};
use crate::folds::Folds;
use crate::gates::is_against_sold;
use crate::{Control, PublishedFlow};

/// Whose a cap is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapOwner {
    /// A flow's.
    Flow(FlowId),
    /// A source's, in one flow.
    Source(FlowId, SourceId),
    /// A recipient's, in one flow.
    Step(FlowId, StepId),
    /// A party's, in all flows.
    Entity(EntityId),
}

/// How a cap stands.
#[derive(Debug, Clone, PartialEq)]
pub struct CapStanding {
    /// The cap.
    pub cap: Cap,
    /// Whose it is.
    pub owner: CapOwner,
    /// What it counted in its period.
    pub count: CapCount,
}

impl Engine {
    /// How every cap stands that is in force: those of the newest versions of flows, and of parties.
    pub fn caps(&self) -> Vec<CapStanding> {
        let context = self.context();
        let now = context.clock.now();
        let stand = |(owner, cap, since): (CapOwner, &Cap, Timestamp)| CapStanding {
            count: context.caps.count(cap, since, now),
            cap: cap.clone(),
            owner,
        };
        let mut all = Vec::new();
        for flow in context.control.flows() {
            all.extend(of_flow(&flow).map(|(owner, cap)| stand((owner, cap, Timestamp::MIN))));
        }
        for entity in context.control.entities() {
            let owner = CapOwner::Entity(entity.id.clone());
            all.extend(entity.caps().map(|(cap, since)| stand((owner.clone(), cap, since))));
        }
        all
    }

    /// Every cap of every version of every flow, and of every party, in an order that depends on those alone.
    pub(crate) fn known_caps(&self) -> Vec<KnownCap> {
        let control = &self.context().control;
        let mut all = Vec::new();
        for flow in control.flows() {
            for version in control.flow_versions(flow.flow.id()) {
                let known = |cap: &Cap| KnownCap { cap: cap.clone(), since: Timestamp::MIN };
                all.extend(of_flow(&version).map(|(_, cap)| known(cap)));
            }
        }
        for entity in control.entities() {
            all.extend(entity.caps().map(|(cap, since)| KnownCap { cap: cap.clone(), since }));
        }
        all
    }

    /// Takes an event into what caps count and what leads are known by.
    pub(crate) fn fold_gates(&self, folds: &mut Folds, event: &Event) {
        let Event { head, kind, .. } = event;
        self.fold_keys(folds, event);
        folds.caps.follow(head, kind, |take| caps_of(&self.context().control, head, kind, take));
    }

    /// Of attempts that hold all of a budget, because their price is a bid, the bid: their leads have it in an
    /// earlier event. Only those that are open still are looked at.
    pub(crate) fn correct_budgets(&self, caps: &Caps, next_seq: u64) -> Result<(), ResumeError> {
        let reader = self.leads().reader();
        for (lead_id, step_id) in caps.guessed() {
            let seqs: Vec<u64> = reader.chain(lead_id).into_iter().filter(|seq| *seq < next_seq).collect();
            for read in reader.headers(&seqs) {
                let ReadHeader { seq, header, .. } = read?;
                let event = Header::read(&header).and_then(|header| wire::read_event(&header, None));
                let event = event.map_err(|source| ResumeError::Header { seq, source })?;
                if let EventKind::RecipientBid { call, bid: Ok(bid) } = event.kind
                    && call.step_id == step_id
                {
                    caps.correct(lead_id, step_id.clone(), bid);
                }
            }
        }
        Ok(())
    }

    /// The first moment from which anything counts: the start of the oldest period, or of the longest
    /// window; none when there are neither.
    pub(crate) fn counted_since(&self, now: Timestamp) -> Option<Timestamp> {
        let context = self.context();
        let flows = context.control.flows();
        let entities = context.control.entities();
        let caps = flows.iter().flat_map(|flow| of_flow(flow).map(|(_, cap)| cap));
        let caps = caps.chain(entities.iter().flat_map(|entity| &entity.settings.caps));
        let starts = caps.map(|cap| cap.period.around(now).0);
        let rules = flows.iter().flat_map(|flow| &flow.flow.gates().duplicates);
        starts.chain(rules.map(|rule| now.plus_millis(-millis(rule.window)))).min()
    }

    fn fold_keys(&self, folds: &mut Folds, event: &Event) {
        let Event { head, kind, .. } = event;
        let control = &self.context().control;
        let Folds { duplicates, whereabouts, .. } = folds;
        for key in &head.marks.duplicate_keys {
            let own = control.flow_version(&head.flow_id, head.flow_version);
            let Some(window) = window_of(control, own.as_deref(), &head.flow_id, key) else { continue };
            duplicates.claim(key.tag, head.lead_id, millis(window), head.at);
            if own.is_some_and(|flow| is_against_sold(&flow, key)) {
                whereabouts.entry(head.lead_id).or_default().1.push(key.clone());
            }
        }
        let Some((whereabouts, keys)) = whereabouts.get_mut(&head.lead_id) else { return };
        whereabouts.after(kind);
        let own = control.flow_version(&head.flow_id, head.flow_version);
        if own.as_deref().is_some_and(|own| whereabouts.is_unsold(&own.flow)) {
            for key in keys {
                duplicates.release(key.tag, head.lead_id);
            }
        } else if matches!(kind, EventKind::RetryScheduled { reason: Some(_), .. }) {
            // It is sent again, and had given its keys back.
            for key in keys {
                let window = window_of(control, own.as_deref(), &head.flow_id, key);
                window.map(|window| duplicates.claim(key.tag, head.lead_id, millis(window), head.at));
            }
        }
    }
}

/// For how long a key counts: as the newest version of its flow says, or else as its own does.
fn window_of(
    control: &Control,
    own: Option<&PublishedFlow>,
    flow_id: &FlowId,
    key: &DuplicateKey,
) -> Option<Duration> {
    let newest = control.flow(flow_id);
    let mut flows = newest.as_deref().into_iter().chain(own);
    flows.find_map(|flow| {
        let rules = &flow.flow.gates().duplicates;
        rules.iter().find(|rule| rule.slug == key.rule).map(|rule| rule.window)
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("windows have a bound")
}

/// Every cap of a flow.
fn of_flow(flow: &PublishedFlow) -> impl Iterator<Item = (CapOwner, &Cap)> {
    let flow = &flow.flow;
    let own = flow.gates().caps.iter().map(move |cap| (CapOwner::Flow(flow.id().clone()), cap));
    let sources = flow.sources().iter().flat_map(move |source| {
        let owner = CapOwner::Source(flow.id().clone(), source.id.clone());
        source.gates.caps.iter().map(move |cap| (owner.clone(), cap))
    });
    let steps = flow.recipients().flat_map(move |(step, recipient)| {
        let owner = CapOwner::Step(flow.id().clone(), step.id.clone());
        recipient.gates.caps.iter().map(move |cap| (owner.clone(), cap))
    });
    own.chain(sources).chain(steps)
}

/// The caps that an event names, as they were when it was recorded, with the most that it can have cost.
fn caps_of(control: &Control, head: &EventHead, kind: &EventKind, take: &mut dyn FnMut(CapInUse<'_>)) {
    let own = control.flow_version(&head.flow_id, head.flow_version);
    let (ids, party, amount): (&[Arc<str>], EntityId, Option<Money>) =
        if let EventKind::SourceAccepted { caps, price } = kind {
            (caps, head.source_id.clone().into(), *price)
        } else if let EventKind::RecipientAttempted { call, caps, .. } = kind {
            let amount = own.as_ref().and_then(|flow| {
                let mut recipients = flow.flow.recipients();
                recipients.find(|(step, _)| step.id == call.step_id)?.1.price_of_any()
            });
            (caps, call.entity_id.clone(), amount)
        } else {
            return;
        };
    if let Some(flow) = own {
        for (_, cap) in of_flow(&flow).filter(|(_, cap)| ids.contains(&cap.id)) {
            take(CapInUse { cap, since: Timestamp::MIN, amount });
        }
    }
    if let Some(entity) = control.entity(&party) {
        for (cap, since) in entity.caps().filter(|(cap, _)| ids.contains(&cap.id)) {
            take(CapInUse { cap, since, amount });
        }
    }
}
