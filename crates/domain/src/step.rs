//! The steps of a flow, one after the other.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    Condition, Distribution, EarlierStep, EntityId, FeedbackPolicy, Limits, Money, NoticeSettings, Outcome,
    Reason, ReasonCode, RecipientGates, RequestSettings, ResponseSettings, RetryPolicy, RuleTrace, SalePrice,
    StepId, Strictness, Variables,
};

/// One step of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique within the flow.
    pub id: StepId,
    /// Whether it is run at all; one that is not leaves no event.
    pub enabled: bool,
    /// For which leads it is run; none means all.
    pub when: Option<Condition>,
    /// How often it asks, besides the limits of the party.
    pub limits: Limits,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Lets a lead through, or does not.
    Filter(Filter),
    /// Asks a service for more about the lead.
    Enhancement(Box<Enhancement>),
    /// Offers the lead to a buyer, or hands it to a system of one's own.
    Recipient(Box<Recipient>),
    /// Offers the lead to several recipients, of which some may have it.
    Distribute(Box<Distribution>),
}

impl Step {
    /// How later rules and templates see it; nothing for steps that append nothing. A group comes without
    /// its recipients, which are steps of their own.
    pub fn as_earlier(&self) -> Option<EarlierStep> {
        let values = match &self.kind {
            StepKind::Filter(_) => return None,
            StepKind::Enhancement(enhancement) => enhancement.response.values.clone(),
            StepKind::Recipient(recipient) => recipient.response.values.clone(),
            StepKind::Distribute(group) => {
                let ids = group.recipients.iter().map(|step| step.id.as_str().into()).collect();
                vec![("winner".into(), ids)]
            }
        };
        Some(EarlierStep { id: self.id.clone(), values })
    }

    /// The step itself, then, of a group, its recipients.
    pub fn with_recipients(&self) -> impl Iterator<Item = &Step> {
        let recipients: &[Step] = match &self.kind {
            StepKind::Distribute(group) => &group.recipients,
            StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_) => &[],
        };
        std::iter::once(self).chain(recipients)
    }

    /// The other party it asks; none for filters, and for groups, whose recipients ask.
    pub fn entity_id(&self) -> Option<&EntityId> {
        match &self.kind {
            StepKind::Filter(_) | StepKind::Distribute(_) => None,
            StepKind::Enhancement(enhancement) => Some(&enhancement.entity_id),
            StepKind::Recipient(recipient) => Some(&recipient.entity_id),
        }
    }

    /// How its reply is read; none for filters and groups.
    pub fn response(&self) -> Option<&ResponseSettings> {
        match &self.kind {
            StepKind::Filter(_) | StepKind::Distribute(_) => None,
            StepKind::Enhancement(enhancement) => Some(&enhancement.response),
            StepKind::Recipient(recipient) => Some(&recipient.response),
        }
    }

    /// How the other party is asked; none for filters and groups.
    pub fn request(&self) -> Option<&RequestSettings> {
        match &self.kind {
            StepKind::Filter(_) | StepKind::Distribute(_) => None,
            StepKind::Enhancement(enhancement) => Some(&enhancement.request),
            StepKind::Recipient(recipient) => Some(&recipient.request),
        }
    }
}

/// Asks a service for more about the lead: what it answers stands under `appended.<step>.…`.
/// Whatever comes of it, the flow goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Enhancement {
    /// The service.
    pub entity_id: EntityId,
    /// What it is sent.
    pub request: RequestSettings,
    /// How its reply is read.
    pub response: ResponseSettings,
    /// How long it may take, from the first byte to the last.
    pub timeout: Duration,
}

/// Offers the lead to a buyer.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipient {
    /// The buyer, or a service of one's own for copies.
    pub entity_id: EntityId,
    /// What it is sent.
    pub request: RequestSettings,
    /// How its reply is read.
    pub response: ResponseSettings,
    /// How long it may take, from the first byte to the last.
    pub timeout: Duration,
    /// What it pays.
    pub price: SalePrice,
    /// When a fault is followed by another attempt.
    pub retry: RetryPolicy,
    /// What it may report back, where that is not as the flow says.
    pub feedback: FeedbackPolicy,
    /// How it is told that a person whose lead it has withdrew consent.
    pub on_revoked: Option<NoticeSettings>,
    /// A delivery that is not a sale: out of revenue and sold counts.
    pub is_copy: bool,
    /// What stands before it is asked.
    pub gates: RecipientGates,
    /// How often it is asked first, beside the others of a weighted group.
    pub weight: u32,
    /// How it is asked what it offers, in a group that sells to the highest bid.
    pub ping: Option<Ping>,
    /// What becomes of its place in a group while another attempt waits after a known fault.
    pub on_error: SlotRule,
    /// What becomes of its place in a group while nobody knows whether it has the lead.
    pub on_unknown: SlotRule,
    /// What it gets of test leads.
    pub test: TestRule,
}

impl Recipient {
    /// Whether the most that it can pay is known before it is asked.
    pub fn has_known_price(&self) -> bool {
        match &self.price {
            SalePrice::Fixed(_) | SalePrice::Table(_) | SalePrice::FromBid { .. } => true,
            SalePrice::FromReply { .. } => self.gates.max_price.is_some(),
        }
    }

    /// The most that it can pay for a lead (that of `variables`), for which it bid so when it was pinged; none
    /// when that is not known.
    pub fn price_at_most(&self, variables: &Variables<'_>, bid: Option<Money>) -> Option<Money> {
        match &self.price {
            SalePrice::Fixed(amount) => Some(*amount),
            SalePrice::Table(table) => Some(table.price(variables).unwrap_or(Money::ZERO)),
            SalePrice::FromReply { .. } => self.gates.max_price,
            SalePrice::FromBid { .. } => bid,
        }
    }

    /// The most that it can pay for any lead; none when that is not known.
    pub fn price_of_any(&self) -> Option<Money> {
        match &self.price {
            SalePrice::Fixed(amount) => Some(*amount),
            SalePrice::Table(table) => {
                Some(table.rows.iter().map(|row| row.amount).max().unwrap_or(Money::ZERO))
            }
            SalePrice::FromReply { .. } => self.gates.max_price,
            SalePrice::FromBid { .. } => None,
        }
    }
}

/// Asks a buyer what it offers, before it has the lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Ping {
    /// What it is sent.
    pub request: RequestSettings,
    /// How its reply is read; its price is the bid.
    pub response: ResponseSettings,
}

/// What becomes of a recipient's place in a group that it may yet need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotRule {
    /// It goes to the next one.
    Next,
    /// It is held.
    Hold,
}

/// What a recipient gets of test leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TestRule {
    /// The lead, as of any other.
    #[default]
    Deliver,
    /// Nothing: what would have been sent is recorded.
    Simulate,
}

/// How long another party may take, unless a step says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time a step may give another party.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(120);

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
    /// Looks at a parsed lead at a moment.
    pub fn judge(&self, variables: &Variables<'_>) -> Judgement {
        self.judge_under(Strictness::Whole, variables)
    }

    /// The same for a lead of which more may be to come. What says nothing about it lets it through.
    pub fn judge_under(&self, strictness: Strictness, variables: &Variables<'_>) -> Judgement {
        let verdict = self.condition().evaluate(strictness, variables);
        let wanted = match &self.test {
            CheckTest::Require(_) => true,
            CheckTest::Exclude(_) => false,
        };
        let passed = verdict.unknown || verdict.holds == wanted;
        let refusal = (!passed).then(|| {
            let demand = verdict.demand();
            let text = match &self.reason {
                Some(reason) => reason.clone(),
                None if demand.is_empty() => Arc::from("Refused by an empty condition"),
                None => demand.into(),
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
