//! What to do next for one lead: decided here, carried out by `engine`.

use crate::{
    EventKind, Flow, Money, Offers, OnFail, Outcome, Price, Reason, ReasonCode, RuleTrace, Step, StepId,
    StepKind, Strictness, Variables,
};

/// What to do next for one lead.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<'a> {
    /// Run this step and tell how it went by [`Progress::after`].
    Run(&'a Step),
    /// Do not ask the party of this step; tell so by [`Progress::after`].
    Skip {
        /// The step.
        step: &'a Step,
        /// Why not.
        reason: Reason,
        /// The rules that were looked at.
        trace: RuleTrace,
    },
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
    deliveries: u32,
    revenue: Money,
    offers: Offers,
}

/// How the first pass of one step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepEnd {
    /// A filter let the lead through.
    Passed,
    /// A filter did not, and why.
    Failed(Reason),
    /// Another party was asked; a fault may be followed by retries, which the flow does not wait for.
    Asked(Outcome),
    /// The other party was not asked.
    Skipped,
    /// A group asks nobody any more. No event tells so: how its recipients stand does.
    Distributed,
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

    /// Notes what an event says of the recipients.
    pub fn hear(&mut self, kind: &EventKind) {
        self.offers.after(kind);
    }

    /// How the recipients stand.
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Notes that a buyer took the lead. Copies count for nothing.
    pub fn delivered(&mut self, price: Price) {
        if !price.copy {
            self.deliveries += 1;
            self.revenue =
                self.revenue.checked_add(price.amount).expect("amounts of one lead are far from the limits");
        }
    }

    /// How many buyers have taken the lead.
    pub fn deliveries(&self) -> u32 {
        self.deliveries
    }

    /// What they pay together.
    pub fn revenue(&self) -> Money {
        self.revenue
    }

    /// How many steps were run; those skipped are not. Of a group its recipients count, not itself.
    pub fn steps_run(&self) -> u32 {
        let is_run = |end: &StepEnd| match end {
            StepEnd::Passed | StepEnd::Failed(_) | StepEnd::Asked(_) => true,
            StepEnd::Skipped | StepEnd::Distributed => false,
        };
        let run = self.ended.iter().filter(|(_, end)| is_run(end)).count();
        u32::try_from(run).unwrap_or(u32::MAX)
    }

    fn end_of(&self, step_id: &StepId) -> Option<&StepEnd> {
        self.ended.iter().find(|(id, _)| id == step_id).map(|(_, end)| end)
    }
}

impl Flow {
    /// What to do next for an accepted lead (that of `variables`) that has come this far: the first step that has not
    /// run, unless one before it ended the flow. Disabled steps, and filters that are not meant for
    /// the lead, are passed over without a trace. A flow that comes to its end has succeeded,
    /// whether or not anybody bought the lead: a filter on `<step>.outcome` says otherwise, or
    /// `on_unsold` of a group.
    pub fn next(&self, progress: &Progress, variables: &Variables<'_>) -> Next<'_> {
        for step in self.steps().iter().filter(|step| step.enabled) {
            let Some(end) = progress.end_of(&step.id) else {
                let when = step.when.as_ref().filter(|when| !when.holds(variables));
                let Some(when) = when else { return Next::Run(step) };
                match step.kind {
                    StepKind::Filter(_) => continue,
                    StepKind::Enhancement(_) | StepKind::Recipient(_) | StepKind::Distribute(_) => {
                        let verdict = when.evaluate(Strictness::Whole, variables);
                        let reason = Reason::new(ReasonCode::Criteria, verdict.demand());
                        return Next::Skip { step, reason, trace: verdict.trace };
                    }
                }
            };
            match (&step.kind, end) {
                (StepKind::Filter(filter), StepEnd::Failed(reason)) => match filter.on_fail {
                    OnFail::Continue => {}
                    OnFail::Stop(ending) => {
                        let outcome = Outcome::from(ending);
                        let reason = (outcome != Outcome::Success).then(|| reason.clone());
                        return Next::Finish { outcome, reason };
                    }
                },
                (StepKind::Distribute(group), StepEnd::Distributed) => {
                    if let Some((outcome, reason)) = group.unsold_end(&progress.offers) {
                        return Next::Finish { outcome, reason };
                    }
                }
                (
                    StepKind::Filter(_),
                    StepEnd::Passed | StepEnd::Asked(_) | StepEnd::Skipped | StepEnd::Distributed,
                )
                | (StepKind::Enhancement(_) | StepKind::Recipient(_), _)
                | (
                    StepKind::Distribute(_),
                    StepEnd::Passed | StepEnd::Failed(_) | StepEnd::Asked(_) | StepEnd::Skipped,
                ) => {}
            }
        }
        Next::Finish { outcome: Outcome::Success, reason: None }
    }
}
