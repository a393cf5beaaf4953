//! The steps of a flow, one after the other.

use std::sync::Arc;

use crate::{Condition, Lead, Outcome, Reason, ReasonCode, RuleTrace, StepId};

/// One step of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique within the flow.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Lets a lead through, or does not.
    Filter(Filter),
}

/// A check on the way through the flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Which leads get through.
    pub check: Check,
    /// What becomes of the others.
    pub on_fail: OnFail,
}

/// Which leads get through a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is asked, and of which answer.
    pub test: CheckTest,
    /// Why the others do not; left out, a sentence made from the rules that decided.
    pub reason: Option<Arc<str>>,
}

/// Which answer of a condition lets a lead through.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckTest {
    /// The condition must hold.
    Require(Condition),
    /// The condition must not hold.
    Exclude(Condition),
}

/// What becomes of a lead that does not get through a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFail {
    /// The flow ends here, with this outcome.
    Stop(Ending),
    /// The flow goes on.
    Continue,
}

/// The outcome a filter can end a flow with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// The lead is taken; the rest of the steps is left out.
    Success,
    /// The lead is refused.
    #[default]
    Failure,
    /// Something is wrong with the lead.
    Error,
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Outcome {
        match ending {
            Ending::Success => Outcome::Success,
            Ending::Failure => Outcome::Failure,
            Ending::Error => Outcome::Error,
        }
    }
}

/// How a check went.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The rules that were looked at, in order; none when there was nothing to check.
    pub trace: RuleTrace,
    /// Why the lead does not get through; nothing when it does.
    pub refusal: Option<Reason>,
}

impl Judgement {
    /// The lead gets through.
    pub(crate) fn passed() -> Judgement {
        Judgement { trace: RuleTrace::default(), refusal: None }
    }

    /// How many rules were looked at, as filter events record it.
    pub fn rules_evaluated(&self) -> u32 {
        u32::try_from(self.trace.rules.len()).unwrap_or(u32::MAX)
    }
}

impl Check {
    /// Looks at a parsed lead.
    pub fn judge(&self, lead: &Lead) -> Judgement {
        let (verdict, passed) = match &self.test {
            CheckTest::Require(condition) => {
                let verdict = condition.evaluate(lead);
                let passed = verdict.holds;
                (verdict, passed)
            }
            CheckTest::Exclude(condition) => {
                let verdict = condition.evaluate(lead);
                let passed = !verdict.holds;
                (verdict, passed)
            }
        };
        let refusal = (!passed).then(|| {
            let text = match &self.reason {
                Some(reason) => reason.clone(),
                None if verdict.demand.is_empty() => Arc::from("Refused by an empty condition"),
                None => verdict.demand.into(),
            };
            Reason::new(ReasonCode::Criteria, text)
        });
        Judgement { trace: verdict.trace, refusal }
    }

    /// The condition behind it.
    pub fn condition(&self) -> &Condition {
        match &self.test {
            CheckTest::Require(condition) | CheckTest::Exclude(condition) => condition,
        }
    }
}
