//! Whose turn it is in the groups whose recipients take turns. Kept in memory, and folded from the
//! attempts that say so at any start.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Candidate, Distribution, EventType, FlowId, StepId, StepKind, Strategy, Turns};
use ledger::{Choice, Filter, Order, TypePattern, Window};
use wire::Header;

use crate::PublishedFlow;
use crate::engine::{Engine, ResumeError};

/// The turns of all groups. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct TurnKeeper {
    groups: Arc<Mutex<HashMap<(FlowId, StepId), Turns>>>,
}

/// Newest turns of one group that are read at a start; those before can move no share by a whole turn.
const TURNS_READ_MAX: usize = 100_000;
/// Attempts looked at for turns at a time.
const TURNS_AT_A_TIME: usize = 1_000;

impl TurnKeeper {
    fn groups(&self) -> MutexGuard<'_, HashMap<(FlowId, StepId), Turns>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is, without taking it.
    pub(crate) fn peek(&self, group: &(FlowId, StepId), candidates: &[Candidate]) -> Option<StepId> {
        self.groups().entry(group.clone()).or_default().choose(candidates)
    }

    /// Takes the next turn: of two leads at once each gets its own.
    pub(crate) fn take(&self, group: &(FlowId, StepId), candidates: &[Candidate]) -> Option<StepId> {
        let mut groups = self.groups();
        let turns = groups.entry(group.clone()).or_default();
        let first = turns.choose(candidates)?;
        turns.take(candidates, &first);
        Some(first)
    }

    /// Gives a turn back in which nobody was asked.
    pub(crate) fn give_back(&self, group: &(FlowId, StepId), candidates: &[Candidate], first: &StepId) {
        self.groups().entry(group.clone()).or_default().give_back(candidates, first);
    }

    fn restore(&self, group: (FlowId, StepId), candidates: &[Candidate], first: &StepId) {
        self.groups().entry(group).or_default().take(candidates, first);
    }
}

/// What a turn of these recipients weighs.
pub(crate) fn weighed(group: &Distribution, ids: &[StepId]) -> Vec<Candidate> {
    let weight = |id: &StepId| {
        let mut all = group.enabled();
        let own = all.find(|(step, _)| step.id == *id).map_or(1, |(_, recipient)| recipient.weight);
        match group.strategy {
            Strategy::Weighted => own,
            Strategy::RoundRobin | Strategy::Waterfall | Strategy::HighestBid | Strategy::All => 1,
        }
    };
    ids.iter().map(|id| (id.clone(), weight(id))).filter(|(_, weight)| *weight > 0).collect()
}

impl Engine {
    /// Folds the turns of every group of the published flows from the attempts that took them.
    pub(crate) fn restore_turns(&self) -> Result<(), ResumeError> {
        for published in self.control().flows() {
            for step in published.flow.steps() {
                let StepKind::Distribute(group) = &step.kind else { continue };
                if group.strategy.takes_turns() {
                    self.restore_turns_of(published.flow.id(), &step.id)?;
                }
            }
        }
        Ok(())
    }

    /// Each turn weighs what it did in the version of the flow in which it was taken.
    fn restore_turns_of(&self, flow_id: &FlowId, step_id: &StepId) -> Result<(), ResumeError> {
        let reader = self.leads().reader();
        let versions = self.control().flow_versions(flow_id);
        let group_in = |version: &PublishedFlow| match version.flow.step(step_id).map(|step| &step.kind) {
            Some(StepKind::Distribute(group)) => Some((**group).clone()),
            Some(StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_)) | None => None,
        };
        let groups: HashMap<u32, Distribution> =
            versions.iter().filter_map(|own| Some((own.version.0, group_in(own)?))).collect();
        let recipients = groups.values().flat_map(|group| &group.recipients).map(|step| step.id.clone());
        let filter = Filter {
            types: Choice::among([TypePattern::Exact(EventType::RecipientAttempted.as_str().to_owned())]),
            flows: Choice::among([flow_id.clone()]),
            steps: Choice::among(recipients.collect::<BTreeSet<_>>()),
            ..Filter::default()
        };
        let (mut before, mut read) = (None, 0);
        while read < TURNS_READ_MAX {
            let window = Window { after: None, before, order: Order::NewestFirst, limit: TURNS_AT_A_TIME };
            let page = reader.list(&filter, window);
            for seq in &page.seqs {
                let Some(bytes) = reader.header_bytes(*seq)? else { continue };
                let header =
                    Header::read(&bytes).map_err(|source| ResumeError::Header { seq: *seq, source })?;
                let ids: Vec<StepId> =
                    header.turn.iter().flatten().filter_map(|id| id.parse().ok()).collect();
                let first = header.step_id.as_deref().and_then(|id| id.parse::<StepId>().ok());
                let group = header.flow_version.and_then(|version| groups.get(&version));
                if let (false, Some(first), Some(group)) = (ids.is_empty(), first, group) {
                    self.turns().restore((flow_id.clone(), step_id.clone()), &weighed(group, &ids), &first);
                    read += 1;
                }
            }
            before = page.seqs.last().copied();
            if !page.more {
                break;
            }
        }
        Ok(())
    }
}
