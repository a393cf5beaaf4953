//! What to do next for one lead: decided here, carried out by `engine`.

use crate::{Flow, OnFail, Outcome, Reason, Step, StepId, StepKind};

/// What to do next for one lead.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<'a> {
    /// Run this step and tell how it went by [`Progress::after`].
    Run(&'a Step),
    /// The first pass through the flow is over.
    Finish {
        /// How it went.
        outcome: Outcome,
        /// Why, unless it went well.
        reason: Option<Reason>,
    },
}

/// How far an accepted lead has come. It can be rebuilt from the lead's events: one
/// [`after`](Progress::after) for each step that has its event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    ended: Vec<(StepId, StepEnd)>,
}

/// How one step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepEnd {
    /// A filter let the lead through.
    Passed,
    /// A filter did not, and why.
    Failed(Reason),
}

impl Progress {
    /// A lead that was just accepted.
    pub fn new() -> Progress {
        Progress::default()
    }

    /// Notes how a step ended. A step told twice keeps its first end.
    pub fn after(&mut self, step_id: StepId, end: StepEnd) {
        if self.end_of(&step_id).is_none() {
            self.ended.push((step_id, end));
        }
    }

    /// How many steps were run.
    pub fn steps_run(&self) -> u32 {
        u32::try_from(self.ended.len()).unwrap_or(u32::MAX)
    }

    fn end_of(&self, step_id: &StepId) -> Option<&StepEnd> {
        self.ended.iter().find(|(id, _)| id == step_id).map(|(_, end)| end)
    }
}

impl Flow {
    /// What to do next for an accepted lead that has come this far: the first step that has not
    /// run, unless one before it ended the flow.
    pub fn next(&self, progress: &Progress) -> Next<'_> {
        for step in self.steps() {
            let Some(end) = progress.end_of(&step.id) else { return Next::Run(step) };
            match (&step.kind, end) {
                (StepKind::Filter(filter), StepEnd::Failed(reason)) => match filter.on_fail {
                    OnFail::Continue => {}
                    OnFail::Stop(ending) => {
                        let outcome = Outcome::from(ending);
                        let reason = (outcome != Outcome::Success).then(|| reason.clone());
                        return Next::Finish { outcome, reason };
                    }
                },
                (StepKind::Filter(_), StepEnd::Passed) => {}
            }
        }
        Next::Finish { outcome: Outcome::Success, reason: None }
    }
}
