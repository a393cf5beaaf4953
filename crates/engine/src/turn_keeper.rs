//! Whose turn it is in the groups whose recipients take turns. Kept in memory, and folded from the
//! attempts that say so at any start.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{
    Candidate, Distribution, EventHead, EventKind, EventType, FlowId, StepId, StepKind, Strategy, Turns,
};
use ledger::{Choice, Filter, Order, TypePattern, Window};

use crate::PublishedFlow;
use crate::engine::Engine;
use crate::folds::Folds;

/// The turns of all groups. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct TurnKeeper {
    groups: Arc<Mutex<HashMap<(FlowId, StepId), Turns>>>,
}

/// Newest attempts of one group that are read for turns; those before can move no share by a whole turn.
const ATTEMPTS_READ_MAX: usize = 100_000;

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

    /// What the recipients of every group are owed, in order.
    pub(crate) fn all(&self) -> Vec<((FlowId, StepId), Vec<(StepId, i64)>)> {
        let groups = self.groups();
        let owed = |turns: &Turns| {
            let mut owed: Vec<_> = turns.all_owed().filter(|(_, owed)| *owed != 0).collect();
            owed.sort_unstable();
            owed
        };
        let all = groups.iter().map(|(group, turns)| (group.clone(), owed(turns)));
        let mut all: Vec<_> = all.filter(|(_, owed)| !owed.is_empty()).collect();
        all.sort_unstable();
        all
    }

    /// Puts a group back as it was kept.
    pub(crate) fn take_up(&self, group: (FlowId, StepId), owed: Vec<(StepId, i64)>) {
        self.groups().insert(group, Turns::owing(owed));
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
    /// The attempts in a stretch of the ledger that may have taken a turn of a published group: of each group
    /// the newest that matter.
    pub(crate) fn attempts_of_turns(&self, seqs: Range<u64>) -> Vec<u64> {
        let mut all = Vec::new();
        for published in self.control().flows() {
            for step in published.flow.steps() {
                let StepKind::Distribute(group) = &step.kind else { continue };
                if group.strategy.takes_turns() {
                    all.extend(self.attempts_of(published.flow.id(), &step.id, &seqs));
                }
            }
        }
        all
    }

    fn attempts_of(&self, flow_id: &FlowId, step_id: &StepId, seqs: &Range<u64>) -> Vec<u64> {
        let versions = self.control().flow_versions(flow_id);
        let groups = versions.iter().filter_map(|version| group_in(version, step_id));
        let recipients = groups.flat_map(|group| &group.recipients).map(|step| step.id.clone());
        let filter = Filter {
            types: Choice::among([TypePattern::Exact(EventType::RecipientAttempted.as_str().to_owned())]),
            flows: Choice::among([flow_id.clone()]),
            steps: Choice::among(recipients.collect::<BTreeSet<_>>()),
            ..Filter::default()
        };
        let after = seqs.start.checked_sub(1);
        let window =
            Window { after, before: Some(seqs.end), order: Order::NewestFirst, limit: ATTEMPTS_READ_MAX };
        self.leads().reader().list(&filter, window).seqs
    }

    /// Takes the turn into account that an attempt took. It weighs what it did in the version of the flow in
    /// which it was taken.
    pub(crate) fn fold_turn(&self, folds: &Folds, head: &EventHead, kind: &EventKind) {
        let EventKind::RecipientAttempted { call, .. } = kind else { return };
        let (turn, first) = (&head.marks.turn, &call.step_id);
        let control = self.control();
        if turn.is_empty() {
            return;
        }
        let own = control.flow_version(&head.flow_id, head.flow_version);
        let (Some(own), Some(newest)) = (own, control.flow(&head.flow_id)) else { return };
        for step in own.flow.steps() {
            let StepKind::Distribute(group) = &step.kind else { continue };
            let takes_turns =
                || group_in(&newest, &step.id).is_some_and(|group| group.strategy.takes_turns());
            if group.recipients.iter().any(|recipient| recipient.id == *first) && takes_turns() {
                let group_id = (head.flow_id.clone(), step.id.clone());
                folds.turns.restore(group_id, &weighed(group, turn), first);
            }
        }
    }
}

fn group_in<'a>(version: &'a PublishedFlow, step_id: &StepId) -> Option<&'a Distribution> {
    match version.flow.step(step_id).map(|step| &step.kind) {
        Some(StepKind::Distribute(group)) => Some(group),
        Some(StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_)) | None => None,
    }
}
