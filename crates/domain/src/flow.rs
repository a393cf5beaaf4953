//! A flow: the fields, gates and steps that leads of some sources go through.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::distribution::as_recipient;
use crate::field::PATHS_OF_FIELDS_MAX;
use crate::{
    AnswerField, CAP_IDS_BYTES_MAX, Cap, CapLimit, Check, Condition, Dim, DimFault, DimKind, Distribution,
    EarlierStep, Ending, EntityId, EntitySettings, FeedbackPolicy, FieldPath, FieldStates, Fields, FlowId,
    Gates, Intake, Judgement, Lead, Mapping, Money, PING_TIMEOUT_MAX, PingLimit, PriceTable, PurchasePrice,
    RECIPIENTS_MAX, RateName, Reason, ReasonCode, Recipient, RequestSettings, SalePrice, Scalar, Share,
    SourceFeedback, SourceGates, SourceId, Step, StepId, StepKind, Strategy, Strictness, TIMEOUT_MAX,
    TimeZone, Variables, Vocabulary, gates,
};

/// A checked flow. What is in it fits together; nothing further in checks again.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    // Invariants: every rule was checked with these fields; dims have few possible
    // values, ascending by path; source and step ids are unique and free.
    parts: FlowParts,
    /// The figures of feedback that its rules look at, each once.
    rates: Vec<RateName>,
}

/// What a flow is made of, before it is checked as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowParts {
    /// Its id.
    pub id: FlowId,
    /// What people call it.
    pub name: Arc<str>,
    /// Whether it takes leads.
    pub enabled: bool,
    /// Where it is at home: moments are shown as clocks there show them.
    pub time_zone: TimeZone,
    /// What becomes `lead.…`.
    pub fields: Fields,
    /// What is kept in the clear for reports.
    pub dims: Vec<Dim>,
    /// What every lead must fulfil.
    pub accept: Option<Check>,
    /// What is paid to sources that set no price of their own; none means nothing.
    pub price: Option<PurchasePrice>,
    /// What its buyers may report back, unless a recipient says otherwise.
    pub feedback: FeedbackPolicy,
    /// Partners' words, in lower case, and the reason that is recorded in the clear for them.
    pub reasons: Vec<(Arc<str>, Arc<str>)>,
    /// Where leads come from.
    pub sources: Vec<FlowSource>,
    /// What is done with an accepted lead, in order.
    pub steps: Vec<Step>,
    /// What stands before a lead is accepted, besides rules.
    pub gates: Gates,
    /// When a source has its answer at the latest; none means when the flow ends.
    pub deadline: Option<Deadline>,
    /// How long what is recorded of its leads is to be kept.
    pub retention: Retention,
}

/// When a source has its answer at the latest, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// How long after the submission arrived.
    pub after: Duration,
    /// The answer then, unless the lead is sold.
    pub ending: Ending,
}

/// How long what is recorded of the leads of a flow is to be kept. It is on record with the flow; no part
/// of this release deletes anything by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// What can be read of a lead; none means as long as the installation keeps it.
    pub bodies: Option<Duration>,
    /// That there was a lead, and what became of it; the same.
    pub headers: Option<Duration>,
}

/// One source of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowSource {
    /// Who it is.
    pub id: SourceId,
    /// Whether a submission needs a key of the scope `submit:<source>`.
    pub key_required: bool,
    /// How its raw parameters get the names of fields.
    pub map: Vec<Mapping>,
    /// What its leads must fulfil besides.
    pub accept: Option<Check>,
    /// What it is paid; none means the flow's price.
    pub price: Option<PurchasePrice>,
    /// How its submissions are taken in and answered.
    pub intake: Intake,
    /// What becomes of feedback on its leads.
    pub feedback: SourceFeedback,
    /// What stands before its leads are accepted, besides rules.
    pub gates: SourceGates,
    /// Whether it may ask for a price before it sends a lead.
    pub ping: bool,
    /// How long an offer stands that it was given.
    pub ping_expires: Duration,
}

/// How long the offer of a ping stands, unless a source says otherwise.
pub const DEFAULT_PING_EXPIRES: Duration = Duration::from_secs(60);

/// Why a flow does not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// More of something than a flow may have.
    #[error("{place} has {count} {things}; at most {max} fit")]
    TooMany {
        /// Where: the flow, or whose condition.
        place: String,
        /// Of what.
        things: &'static str,
        /// How many.
        count: usize,
        /// How many fit.
        max: usize,
    },
    /// A report dimension that cannot be one.
    #[error("the dim {dim} {fault}")]
    Dim {
        /// The dimension.
        dim: Arc<str>,
        /// What is wrong with it.
        fault: DimFault,
    },
    /// A report dimension named twice.
    #[error("the dim {0} is named twice")]
    DimTwice(Arc<str>),
    /// A source named twice.
    #[error("the source {0} is named twice")]
    SourceTwice(SourceId),
    /// A step id used twice.
    #[error("the step id {0} is used twice")]
    StepTwice(StepId),
    /// A step id that stands for something else in rules and templates.
    #[error("the step id {0} is reserved")]
    StepReserved(StepId),
    /// Rules that were checked with other fields, or look at a step that does not run before.
    #[error("a rule of {0} was checked with other fields or steps")]
    ForeignRule(String),
    /// Groups of conditions within groups, deeper than any flow needs.
    #[error("{0} has groups nested more than {max} deep", max = crate::CONDITION_DEPTH_MAX)]
    TooDeep(String),
    /// A mapping to a field that the flow does not have.
    #[error("{place} maps to {field}, which is not a field of the flow")]
    UnknownTarget {
        /// Whose mapping.
        place: String,
        /// The field.
        field: String,
    },
    /// A party of the wrong kind.
    #[error("the step {step_id} asks {entity_id}; {wanted}")]
    Party {
        /// The step.
        step_id: StepId,
        /// The party.
        entity_id: EntityId,
        /// What it should be.
        wanted: &'static str,
    },
    /// A time limit that is none, or too long.
    #[error("the step {step_id} gives {} ms; 1 ms to {} s can be given", timeout.as_millis(), TIMEOUT_MAX.as_secs())]
    Timeout {
        /// The step.
        step_id: StepId,
        /// The limit.
        timeout: Duration,
    },
    /// Two caps, or limits of pings, whose names are the same in an id.
    #[error("two caps or limits have the id {0}; give one another name")]
    CapTwice(Arc<str>),
    /// Caps whose ids may not fit into the header of a record together.
    #[error("the ids of the caps of {place} take {bytes} bytes; at most {max} fit; shorten their names", max = CAP_IDS_BYTES_MAX)]
    CapIds {
        /// Whose caps.
        place: String,
        /// How many bytes they take.
        bytes: usize,
    },
    /// A budget for a price that is not known before it is paid.
    #[error(
        "the budget {cap} needs \"max_price\" in the price of the step {step_id}, since the reply tells what it pays"
    )]
    Unpriced {
        /// The id of the cap.
        cap: Arc<str>,
        /// The step.
        step_id: StepId,
    },
    /// A budget for leads whose price is known only once they are sold.
    #[error(
        "the budget {cap} cannot count leads of {source_id}, whose price is a share of what they are sold for"
    )]
    SharedBudget {
        /// The id of the cap.
        cap: Arc<str>,
        /// The source.
        source_id: SourceId,
    },
    /// Two rules for duplicates whose names are the same in an id.
    #[error("two rules for duplicates are called {0}; give one another name")]
    DuplicateTwice(Arc<str>),
    /// A group of recipients that does not go together.
    #[error("the group {step_id} {fault}")]
    Group {
        /// The group.
        step_id: StepId,
        /// What is wrong with it.
        fault: String,
    },
    /// A ping, or a price by it, outside of a group that sells to the highest bid.
    #[error("the recipient {0} is to be pinged; only those of a group with the strategy highest_bid are")]
    Ping(StepId),
    /// A reason that is blank or too long for the header of a record.
    #[error("the reason of {place} has {chars} characters; 1 to {max} fit", max = REASON_CHARS_MAX)]
    Reason {
        /// Whose reason.
        place: String,
        /// How long it is.
        chars: usize,
    },
}

/// Longest reason a flow may give, in characters.
pub const REASON_CHARS_MAX: usize = 300;

/// Most report dimensions of a flow: they stand in the header of each event.
pub const DIMS_MAX: usize = 20;
/// Most sources of a flow.
pub const SOURCES_MAX: usize = 1_000;
/// Most steps of a flow: each leaves an event of each lead.
pub const STEPS_MAX: usize = 200;
/// Most rules of one condition: the trace of all of them is recorded.
pub const RULES_MAX: usize = 200;

/// Step ids that stand for something else in rules and templates.
pub const RESERVED_STEP_IDS: [&str; 11] = [
    "lead",
    "source",
    "feedback",
    "secret",
    "appended",
    "event_id",
    "delivery_id",
    "price",
    "ping",
    "random",
    "now",
];

impl Flow {
    /// Checks that the parts fit together; all that is wrong is told.
    ///
    /// # Errors
    /// With every fault found.
    pub fn new(mut parts: FlowParts) -> Result<Flow, Vec<FlowError>> {
        let mut errors: Vec<FlowError> = [
            ("dims", parts.dims.len(), DIMS_MAX),
            ("sources", parts.sources.len(), SOURCES_MAX),
            ("steps", parts.steps.iter().flat_map(Step::with_recipients).count(), STEPS_MAX),
        ]
        .into_iter()
        .filter(|(_, count, max)| count > max)
        .map(|(things, count, max)| FlowError::TooMany { place: "the flow".to_owned(), things, count, max })
        .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        parts.dims.sort_by(|one, other| one.path.cmp(&other.path));
        for (at, dim) in parts.dims.iter().enumerate() {
            let fault = dim.fault(&parts.fields, &parts.steps);
            errors.extend(fault.map(|fault| FlowError::Dim { dim: Arc::clone(&dim.path), fault }));
            if at > 0 && parts.dims[at - 1].path == dim.path {
                errors.push(FlowError::DimTwice(Arc::clone(&dim.path)));
            }
        }
        for (at, source) in parts.sources.iter().enumerate() {
            if parts.sources[..at].iter().any(|earlier| earlier.id == source.id) {
                errors.push(FlowError::SourceTwice(source.id.clone()));
            }
        }
        let mut ids = HashSet::new();
        for step in parts.steps.iter().flat_map(Step::with_recipients) {
            if RESERVED_STEP_IDS.contains(&step.id.as_str()) {
                errors.push(FlowError::StepReserved(step.id.clone()));
            }
            if !ids.insert(&step.id) {
                errors.push(FlowError::StepTwice(step.id.clone()));
            }
        }
        for step in &parts.steps {
            match &step.kind {
                StepKind::Distribute(group) => errors.extend(group_faults(&step.id, group)),
                StepKind::Recipient(recipient)
                    if recipient.ping.is_some() || matches!(recipient.price, SalePrice::FromBid { .. }) =>
                {
                    errors.push(FlowError::Ping(step.id.clone()));
                }
                StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_) => {}
            }
            errors.extend(step.with_recipients().filter_map(party_fault));
        }
        for source in &parts.sources {
            let unknown = source.map.iter().filter(|mapping| parts.fields.get(mapping.to.as_str()).is_none());
            errors.extend(unknown.map(|mapping| FlowError::UnknownTarget {
                place: format!("the source {}", source.id),
                field: mapping.to.to_string(),
            }));
        }
        let earlier = appended(&parts.steps);
        for (place, condition, position) in conditions(&parts) {
            if condition.is_too_deep() {
                errors.push(FlowError::TooDeep(place));
                continue;
            }
            let count = condition.rules();
            if count > RULES_MAX {
                let place = place.clone();
                errors.push(FlowError::TooMany { place, things: "rules", count, max: RULES_MAX });
            }
            let before: Vec<EarlierStep> = match position {
                Position::Raw | Position::Gate => Vec::new(),
                Position::Step(at) => earlier[..at].iter().flatten().cloned().collect(),
            };
            let vocabulary = match position {
                Position::Raw => Vocabulary::Raw,
                Position::Gate | Position::Step(_) => {
                    Vocabulary::Lead { fields: &parts.fields, steps: &before }
                }
            };
            if !condition.belongs_to(vocabulary) {
                errors.push(FlowError::ForeignRule(place));
            }
        }
        errors.extend(gate_faults(&parts));
        for (place, check) in checks(&parts) {
            if let Some(reason) = &check.reason {
                let chars = reason.chars().count();
                if reason.trim().is_empty() || chars > REASON_CHARS_MAX {
                    errors.push(FlowError::Reason { place, chars });
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut rates: Vec<RateName> = Vec::new();
        for (_, condition, _) in conditions(&parts) {
            condition.each_rule(&mut |rule| {
                if let Some(rate) = rule.rate().filter(|rate| !rates.contains(rate)) {
                    rates.push(rate);
                }
            });
        }
        let raw = raw_names(&parts);
        parts.fields = parts.fields.keeping_raw(|field| {
            let is_named = |path: &FieldPath| path.as_str().strip_prefix(field.name.as_str()) == Some(".raw");
            raw.iter().any(is_named)
        });
        let count = parts.fields.paths_count();
        if count > PATHS_OF_FIELDS_MAX {
            let (place, things) = ("the flow".to_owned(), "values of fields, with those named raw");
            return Err(vec![FlowError::TooMany { place, things, count, max: PATHS_OF_FIELDS_MAX }]);
        }
        Ok(Flow { parts, rates })
    }

    /// Its id.
    pub fn id(&self) -> &FlowId {
        &self.parts.id
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.parts.name
    }

    /// Whether it takes leads.
    pub fn enabled(&self) -> bool {
        self.parts.enabled
    }

    /// Where it is at home.
    pub fn time_zone(&self) -> &TimeZone {
        &self.parts.time_zone
    }

    /// What stands before a lead is accepted, besides rules.
    pub fn gates(&self) -> &Gates {
        &self.parts.gates
    }

    /// The recipients of a party, each with its step.
    pub fn recipients_of<'a>(&'a self, id: &'a EntityId) -> impl Iterator<Item = (&'a Step, &'a Recipient)> {
        recipients(&self.parts.steps).filter(move |(_, recipient)| recipient.entity_id == *id)
    }

    /// Budgets of a party that its prices here are not known for before they are paid.
    pub fn unpriced(&self, id: &EntityId, settings: &EntitySettings) -> Vec<FlowError> {
        let budget = settings.caps.iter().find(|cap| matches!(cap.limit, CapLimit::Spend(_)));
        let Some(cap) = budget else { return Vec::new() };
        let unpriced = self.recipients_of(id).filter(|(_, recipient)| !recipient.has_known_price());
        let unpriced = unpriced
            .map(|(step, _)| FlowError::Unpriced { cap: Arc::clone(&cap.id), step_id: step.id.clone() });
        let shared = self.sources().iter().filter(|source| {
            EntityId::from(source.id.clone()) == *id && self.purchase_share(source).is_some()
        });
        let shared = shared
            .map(|source| FlowError::SharedBudget { cap: Arc::clone(&cap.id), source_id: source.id.clone() });
        unpriced.chain(shared).collect()
    }

    /// The recipients, each with its step.
    pub fn recipients(&self) -> impl Iterator<Item = (&Step, &Recipient)> {
        recipients(&self.parts.steps)
    }

    /// The declared fields.
    pub fn fields(&self) -> &Fields {
        &self.parts.fields
    }

    /// Its sources, in order.
    pub fn sources(&self) -> &[FlowSource] {
        &self.parts.sources
    }

    /// The source of this id, when leads of it may enter.
    pub fn source(&self, id: &SourceId) -> Option<&FlowSource> {
        self.parts.sources.iter().find(|source| source.id == *id)
    }

    /// Its steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.parts.steps
    }

    /// Its steps and the recipients of its groups, in order.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.parts.steps.iter().flat_map(Step::with_recipients)
    }

    /// The step of this id, be it in a group.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.all_steps().find(|step| step.id == *id)
    }

    /// Whether a recipient could still get a lead that these steps have sold.
    pub fn has_free_sale(&self, id: &StepId, sold: &[StepId]) -> bool {
        let Some((_, group)) = self.group_of(id) else { return true };
        let of_group = |id: &&StepId| group.recipients.iter().any(|step| step.id == **id);
        self.is_copy(id) || !group.are_all_sales(sold.iter().filter(of_group).count())
    }

    /// Whether a step is a recipient whose deliveries are no sales.
    pub fn is_copy(&self, id: &StepId) -> bool {
        self.step(id).and_then(as_recipient).is_some_and(|(_, recipient)| recipient.is_copy)
    }

    /// The group that a recipient belongs to, with its step; none for lone ones.
    pub fn group_of(&self, id: &StepId) -> Option<(&Step, &Distribution)> {
        self.parts.steps.iter().find_map(|step| match &step.kind {
            StepKind::Distribute(group) => {
                group.recipients.iter().any(|own| own.id == *id).then_some((step, &**group))
            }
            StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_) => None,
        })
    }

    /// When a source has its answer at the latest.
    pub fn deadline(&self) -> Option<Deadline> {
        self.parts.deadline
    }

    /// How long what is recorded of its leads is to be kept.
    pub fn retention(&self) -> Retention {
        self.parts.retention
    }

    /// The figures of feedback that its rules look at.
    pub fn rates(&self) -> &[RateName] {
        &self.rates
    }

    /// What a recipient's buyer may report back, as far as the flow says.
    pub fn feedback_of(&self, recipient: &Recipient) -> FeedbackPolicy {
        recipient.feedback.over(&self.parts.feedback)
    }

    /// The parts, to build another flow from.
    pub fn into_parts(self) -> FlowParts {
        self.parts
    }

    /// The lead as the declared fields read it at the moment it was submitted, after the mappings of
    /// its source; see [`Mapping::apply_all`] and [`Fields::parse`]. The lead of `raw` is what was
    /// submitted, and `now` when.
    pub fn parse_lead(&self, source: &FlowSource, raw: &Variables<'_>) -> Lead {
        if source.map.is_empty() {
            return self.parts.fields.parse(raw.lead, raw.now);
        }
        self.parts.fields.parse(&Mapping::apply_all(&source.map, raw), raw.now)
    }

    /// What the source is offered for a parsed lead (that of `variables`); `raw` is what it submitted. None when that is a share
    /// of what the lead is sold for.
    pub fn purchase_price(
        &self,
        source: &FlowSource,
        raw: &Lead,
        variables: &Variables<'_>,
    ) -> Option<Money> {
        self.price_of(source).map_or(Some(Money::ZERO), |price| price.price(raw, variables))
    }

    /// The share of what a lead is sold for that the source is paid, when it is paid so.
    pub fn purchase_share(&self, source: &FlowSource) -> Option<Share> {
        match self.price_of(source)? {
            PurchasePrice::Share(share) => Some(*share),
            PurchasePrice::Fixed(_) | PurchasePrice::Table(_) | PurchasePrice::FromSubmission => None,
        }
    }

    fn price_of<'a>(&'a self, source: &'a FlowSource) -> Option<&'a PurchasePrice> {
        source.price.as_ref().or(self.parts.price.as_ref())
    }

    /// The reason that the flow gives for a partner's words.
    pub fn reason_for(&self, words: &str) -> Option<&Arc<str>> {
        let words = words.trim().to_lowercase();
        self.parts.reasons.iter().find(|(own, _)| **own == *words).map(|(_, reason)| reason)
    }

    /// Why a parsed lead cannot enter at all: a required field is missing.
    pub fn missing_field(&self, lead: &Lead) -> Option<Reason> {
        let field = self.parts.fields.missing(lead).next()?;
        let text = format!("Missing required field: {}", field.name);
        Some(Reason::new(ReasonCode::MissingField, text))
    }

    /// Decides whether a parsed lead (that of `variables`) of this source enters by its values: required
    /// fields first, then what the flow asks, then what the source asks. The first refusal counts.
    pub fn accept(&self, source: &FlowSource, variables: &Variables<'_>) -> Judgement {
        if let Some(reason) = self.missing_field(variables.lead) {
            return Judgement { refusal: Some(reason), ..Judgement::passed() };
        }
        self.judge(source, Strictness::Whole, variables)
    }

    /// The same for a ping, of whose lead more is to come: no field is required, and what is not there is
    /// not held against it.
    pub fn accept_ping(&self, source: &FlowSource, variables: &Variables<'_>) -> Judgement {
        self.judge(source, Strictness::Partial, variables)
    }

    fn judge(&self, source: &FlowSource, strictness: Strictness, variables: &Variables<'_>) -> Judgement {
        let mut judgement = Judgement::passed();
        for check in self.parts.accept.iter().chain(&source.accept) {
            let Judgement { trace, refusal } = check.judge_under(strictness, variables);
            judgement.trace.rules.extend(trace.rules);
            judgement.refusal = refusal;
            if judgement.refusal.is_some() {
                break;
            }
        }
        judgement
    }

    /// What of a parsed lead is kept in the clear for reports: of the declared dimensions those
    /// with a valid value. Pairs ascending by path, as [`EventHead::dims`](crate::EventHead::dims)
    /// has them.
    pub fn dims(&self, lead: &Lead) -> Vec<(Arc<str>, Scalar)> {
        let FlowParts { fields, dims, steps, .. } = &self.parts;
        let shown = |dim: &Dim| Some((Arc::clone(&dim.path), dim.value(fields, steps, lead)?));
        dims.iter().filter_map(shown).collect()
    }

    /// The declared dimensions, ascending by path, and what kind of value each has.
    pub fn declared_dims(&self) -> impl Iterator<Item = (&Dim, DimKind)> {
        let FlowParts { fields, dims, steps, .. } = &self.parts;
        dims.iter().filter_map(|dim| Some((dim, dim.kind(fields, steps)?)))
    }

    /// Every value that a declared dimension can have, where they are few enough to choose from.
    pub fn dim_values(&self, dim: &Dim) -> Option<Vec<Arc<str>>> {
        dim.values(&self.parts.fields, &self.parts.steps)
    }

    /// What a text means as a value of a declared dimension: its normal form, so that `Texas` is `TX`. None when it
    /// can never be its value.
    pub fn dim_meant(&self, dim: &Dim, text: &str) -> Option<Scalar> {
        dim.meant(&self.parts.fields, &self.parts.steps, text)
    }

    /// Which of the declared fields a parsed lead has, and which of them are valid.
    pub fn field_states(&self, lead: &Lead) -> FieldStates {
        self.parts.fields.states(lead)
    }
}

/// Where a condition stands, which decides what it may look at.
#[derive(Debug, Clone, Copy)]
enum Position {
    /// Before parsing: raw parameters.
    Raw,
    /// Before the first step: the fields.
    Gate,
    /// At this step: the fields, and what steps before it appended.
    Step(usize),
}

/// Every condition of a flow: whose it is, and where it stands.
type Conditions<'a> = Vec<(String, &'a Condition, Position)>;

fn conditions(parts: &FlowParts) -> Conditions<'_> {
    let mut all: Conditions<'_> = Vec::new();
    all.extend(parts.accept.iter().map(|check| ("accept".to_owned(), check.condition(), Position::Gate)));
    add_prices(&mut all, "the price", parts.price.as_ref());
    for source in &parts.sources {
        let place = format!("the source {}", source.id);
        let mapped = source.map.iter().filter_map(|mapping| mapping.when.as_ref());
        all.extend(mapped.map(|when| (place.clone(), when, Position::Raw)));
        all.extend(source.accept.iter().map(|check| (place.clone(), check.condition(), Position::Gate)));
        add_prices(&mut all, &place, source.price.as_ref());
        all.extend(gates::conditions(&source.gates.caps).map(|when| (place.clone(), when, Position::Gate)));
    }
    all.extend(gates::conditions(&parts.gates.caps).map(|when| ("caps".to_owned(), when, Position::Gate)));
    for (at, step) in parts.steps.iter().flat_map(Step::with_recipients).enumerate() {
        let place = format!("the step {}", step.id);
        let position = Position::Step(at);
        all.extend(step.when.iter().map(|when| (place.clone(), when, position)));
        match &step.kind {
            StepKind::Filter(filter) => all.push((place, filter.check.condition(), position)),
            StepKind::Enhancement(_) | StepKind::Distribute(_) => {}
            StepKind::Recipient(recipient) => {
                match &recipient.price {
                    SalePrice::Table(table) => add_rows(&mut all, &place, table, position),
                    SalePrice::Fixed(_) | SalePrice::FromReply { .. } | SalePrice::FromBid { .. } => {}
                }
                let caps = gates::conditions(&recipient.gates.caps);
                all.extend(caps.map(|when| (place.clone(), when, position)));
            }
        }
    }
    all
}

/// What rules, requests and answers name of what was sent, and other places beside.
fn raw_names(parts: &FlowParts) -> Vec<FieldPath> {
    let mut raw = Vec::new();
    for (_, condition, position) in conditions(parts) {
        match position {
            Position::Raw => {}
            Position::Gate | Position::Step(_) => {
                condition.each_rule(&mut |rule| raw.extend(rule.raw().cloned()));
            }
        }
    }
    let mut requests: Vec<&RequestSettings> = Vec::new();
    for step in parts.steps.iter().flat_map(Step::with_recipients) {
        match &step.kind {
            StepKind::Filter(_) | StepKind::Distribute(_) => {}
            StepKind::Enhancement(enhancement) => requests.push(&enhancement.request),
            StepKind::Recipient(recipient) => {
                requests.push(&recipient.request);
                requests.extend(recipient.ping.iter().map(|ping| &ping.request));
                requests.extend(recipient.on_revoked.iter().map(|notice| &notice.request));
            }
        }
    }
    requests.extend(parts.sources.iter().flat_map(|source| &source.feedback.notice).map(|own| &own.request));
    let templates = requests.into_iter().flat_map(RequestSettings::templates);
    raw.extend(templates.flat_map(|template| template.raw().iter().cloned()));
    for field in parts.sources.iter().flat_map(|source| source.intake.answer.iter().flatten()) {
        if let AnswerField::Value { path, .. } = field {
            raw.push(path.clone());
        }
    }
    raw
}

fn add_prices<'a>(all: &mut Conditions<'a>, place: &str, price: Option<&'a PurchasePrice>) {
    match price {
        Some(PurchasePrice::Table(table)) => add_rows(all, place, table, Position::Gate),
        Some(PurchasePrice::Fixed(_) | PurchasePrice::FromSubmission | PurchasePrice::Share(_)) | None => {}
    }
}

fn add_rows<'a>(all: &mut Conditions<'a>, place: &str, table: &'a PriceTable, position: Position) {
    let conditions = table.rows.iter().filter_map(|row| row.when.as_ref());
    all.extend(conditions.map(|when| (place.to_owned(), when, position)));
}

fn checks(parts: &FlowParts) -> Vec<(String, &Check)> {
    let mut checks: Vec<(String, &Check)> =
        parts.accept.iter().map(|check| ("accept".to_owned(), check)).collect();
    for source in &parts.sources {
        checks.extend(source.accept.iter().map(|check| (format!("the source {}", source.id), check)));
    }
    for step in &parts.steps {
        match &step.kind {
            StepKind::Filter(filter) => checks.push((format!("the step {}", step.id), &filter.check)),
            StepKind::Enhancement(_) | StepKind::Recipient(_) | StepKind::Distribute(_) => {}
        }
    }
    checks
}

fn recipients(steps: &[Step]) -> impl Iterator<Item = (&Step, &Recipient)> {
    steps.iter().flat_map(Step::with_recipients).filter_map(as_recipient)
}

/// What is wrong with caps, limits and rules for duplicates as a whole.
fn gate_faults(parts: &FlowParts) -> Vec<FlowError> {
    let mut errors = Vec::new();
    let mut owners: Vec<(String, &[Cap], &[PingLimit])> =
        vec![("the flow".to_owned(), &parts.gates.caps, &parts.gates.ping_limits)];
    for source in &parts.sources {
        let SourceGates { caps, ping_limits, .. } = &source.gates;
        if let Some(PurchasePrice::Share(_)) = source.price.as_ref().or(parts.price.as_ref()) {
            let budgets =
                parts.gates.caps.iter().chain(caps).filter(|cap| matches!(cap.limit, CapLimit::Spend(_)));
            errors.extend(budgets.map(|cap| FlowError::SharedBudget {
                cap: Arc::clone(&cap.id),
                source_id: source.id.clone(),
            }));
        }
        owners.push((format!("the source {}", source.id), caps, ping_limits));
    }
    for (step, recipient) in recipients(&parts.steps) {
        let caps = &recipient.gates.caps;
        owners.push((format!("the step {}", step.id), caps, &[]));
        let budget = caps.iter().find(|cap| matches!(cap.limit, CapLimit::Spend(_)));
        if let Some(cap) = budget.filter(|_| !recipient.has_known_price()) {
            errors.push(FlowError::Unpriced { cap: Arc::clone(&cap.id), step_id: step.id.clone() });
        }
    }
    for (place, caps, limits) in owners {
        let ids: Vec<&Arc<str>> =
            caps.iter().map(|cap| &cap.id).chain(limits.iter().map(|limit| &limit.id)).collect();
        let twice = ids.iter().enumerate().filter(|(at, id)| ids[..*at].contains(id));
        errors.extend(twice.map(|(_, id)| FlowError::CapTwice(Arc::clone(id))));
        let bytes = caps.iter().map(|cap| cap.id.len()).sum();
        if bytes > CAP_IDS_BYTES_MAX {
            errors.push(FlowError::CapIds { place, bytes });
        }
    }
    let rules = &parts.gates.duplicates;
    let twice = rules
        .iter()
        .enumerate()
        .filter(|(at, rule)| rules[..*at].iter().any(|earlier| earlier.slug == rule.slug));
    errors.extend(twice.map(|(_, rule)| FlowError::DuplicateTwice(Arc::clone(&rule.name))));
    errors
}

/// What becomes known by each step and recipient, in the order of [`Flow::all_steps`]: a group is known by
/// what came of it once its last recipient is.
fn appended(steps: &[Step]) -> Vec<Vec<EarlierStep>> {
    let mut appended: Vec<Vec<EarlierStep>> = Vec::new();
    for step in steps {
        match &step.kind {
            StepKind::Distribute(group) => {
                appended.push(Vec::new());
                appended.extend(group.recipients.iter().map(|own| own.as_earlier().into_iter().collect()));
                appended.last_mut().expect("one was pushed").extend(step.as_earlier());
            }
            StepKind::Filter(_) | StepKind::Enhancement(_) | StepKind::Recipient(_) => {
                appended.push(step.as_earlier().into_iter().collect());
            }
        }
    }
    appended
}

fn group_faults(step_id: &StepId, group: &Distribution) -> Vec<FlowError> {
    let mut faults = Vec::new();
    let count = group.recipients.len();
    if count == 0 || count > RECIPIENTS_MAX {
        faults.push(format!("has {count} recipients; 1 to {RECIPIENTS_MAX} fit"));
    }
    if group.max_sales == 0 {
        faults.push("sells to nobody; \"max_sales\" is at least 1".to_owned());
    }
    let timeout = group.ping_timeout;
    if timeout.is_zero() || timeout > PING_TIMEOUT_MAX {
        let (given, most) = (timeout.as_millis(), PING_TIMEOUT_MAX.as_secs());
        faults.push(format!("gives pings {given} ms; 1 ms to {most} s can be given"));
    }
    let bids = group.strategy == Strategy::HighestBid;
    for step in &group.recipients {
        let Some((_, recipient)) = as_recipient(step) else {
            faults.push(format!("has the step {}, which is not a recipient", step.id));
            continue;
        };
        faults.extend(
            bid_fault(bids, recipient).map(|fault| format!("has the recipient {}, {fault}", step.id)),
        );
    }
    if group.strategy == Strategy::Weighted && !group.enabled().any(|(_, recipient)| recipient.weight > 0) {
        faults.push("is weighted, but no recipient has a weight".to_owned());
    }
    faults.into_iter().map(|fault| FlowError::Group { step_id: step_id.clone(), fault }).collect()
}

/// What is wrong with how a recipient of a group offers.
fn bid_fault(bids: bool, recipient: &Recipient) -> Option<&'static str> {
    let from_bid = matches!(recipient.price, SalePrice::FromBid { .. });
    match (bids, &recipient.ping) {
        (false, Some(_)) => Some("which has a ping; only the strategy highest_bid pings"),
        (false, None) if from_bid => Some("which pays its bid; only the strategy highest_bid asks for bids"),
        (true, None) if from_bid => Some("which pays its bid, but has no \"ping\" that asks for it"),
        (true, None) if matches!(recipient.price, SalePrice::FromReply { .. }) => {
            Some("whose price is known only after it has the lead; give it a \"ping\" to bid by")
        }
        (true, Some(ping)) if ping.response.price.is_none() => {
            Some("whose ping needs \"price\" in its response, which says where the bid stands")
        }
        (true | false, Some(_) | None) => None,
    }
}

fn party_fault(step: &Step) -> Option<FlowError> {
    let (entity_id, timeout, good, wanted) = match &step.kind {
        StepKind::Filter(_) | StepKind::Distribute(_) => return None,
        StepKind::Enhancement(enhancement) => (
            &enhancement.entity_id,
            enhancement.timeout,
            enhancement.entity_id.as_str().starts_with("svc_"),
            "an enhancement asks a service (svc_…)",
        ),
        StepKind::Recipient(recipient) => (
            &recipient.entity_id,
            recipient.timeout,
            !recipient.entity_id.as_str().starts_with("src_"),
            "a recipient is a buyer (buyer_…) or a service (svc_…)",
        ),
    };
    let step_id = step.id.clone();
    if !good {
        return Some(FlowError::Party { step_id, entity_id: entity_id.clone(), wanted });
    }
    let in_bounds = timeout >= Duration::from_millis(1) && timeout <= TIMEOUT_MAX;
    (!in_bounds).then_some(FlowError::Timeout { step_id, timeout })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CheckTest, Condition, Ending, Field, FieldType, Filter, Next, OnFail, Operator, Outcome, Progress,
        Rule, StepEnd, StepKind, Value,
    };

    fn fields() -> Fields {
        let field = |name: &str, field_type| Field::new(name.parse().unwrap(), field_type);
        Fields::new(vec![
            Field { required: true, ..field("email", FieldType::Email) },
            field("state", FieldType::State),
            field("owner", FieldType::Boolean),
            Field { values: vec!["roof".into(), "solar".into()], ..field("product", FieldType::String) },
            field("note", FieldType::String),
        ])
        .unwrap()
    }

    fn state_in(codes: &str) -> Condition {
        Rule::new(&fields(), "lead.state", Operator::IncludedIn, Some(&Value::text(codes))).unwrap().into()
    }

    fn require(condition: Condition, reason: Option<&str>) -> Check {
        Check { test: CheckTest::Require(condition), reason: reason.map(Arc::from) }
    }

    fn filter(id: &str, check: Check, on_fail: OnFail) -> Step {
        let kind = StepKind::Filter(Filter { check, on_fail });
        Step { id: id.parse().unwrap(), enabled: true, when: None, limits: crate::Limits::default(), kind }
    }

    fn parts() -> FlowParts {
        FlowParts {
            id: "flow_solar".parse().unwrap(),
            name: "Roofs".into(),
            enabled: true,
            time_zone: TimeZone::UTC,
            fields: fields(),
            dims: ["lead.state", "lead.product", "lead.owner"].map(Dim::new).to_vec(),
            accept: Some(require(state_in("TX, OK, CA"), None)),
            price: None,
            feedback: FeedbackPolicy::default(),
            reasons: vec![],
            sources: vec![FlowSource {
                id: "src_web".parse().unwrap(),
                key_required: true,
                map: vec![],
                accept: Some(require(state_in("TX, OK"), Some("Not from there"))),
                price: None,
                intake: Intake::default(),
                feedback: SourceFeedback::default(),
                gates: SourceGates::default(),
                ping: false,
                ping_expires: DEFAULT_PING_EXPIRES,
            }],
            steps: vec![
                filter("soft", require(state_in("OK"), None), OnFail::Continue),
                filter("hard", require(state_in("TX"), None), OnFail::Stop(Ending::Failure)),
            ],
            gates: Gates::default(),
            deadline: None,
            retention: Retention::default(),
        }
    }

    fn lead(flow: &Flow, pairs: &[(&str, &str)]) -> Lead {
        let pairs = pairs.iter().map(|(path, raw)| (path.parse().unwrap(), Value::text(*raw)));
        flow.parse_lead(&flow.sources()[0], &Variables::of(&pairs.collect()))
    }

    fn refusal(pairs: &[(&str, &str)]) -> Option<String> {
        let flow = Flow::new(parts()).unwrap();
        let judgement = flow.accept(&flow.sources()[0], &Variables::of(&lead(&flow, pairs)));
        judgement.refusal.map(|reason| format!("{}: {}", reason.code, reason.text))
    }

    #[test]
    fn required_fields_come_first_then_the_flow_then_the_source() {
        let missing = Some("missing_field: Missing required field: email".to_owned());
        assert_eq!(refusal(&[("state", "TX")]), missing);
        assert_eq!(refusal(&[("state", "TX"), ("email", "  ")]), missing);
        assert_eq!(
            refusal(&[("state", "NY"), ("email", "a@example.com")]),
            Some("criteria: State must be included in TX, OK or CA".to_owned())
        );
        assert_eq!(
            refusal(&[("state", "CA"), ("email", "a@example.com")]),
            Some("criteria: Not from there".to_owned())
        );
        assert_eq!(refusal(&[("state", "TX"), ("email", "wrong is not missing")]), None);
    }

    #[test]
    fn the_trace_of_acceptance_has_the_rules_of_flow_and_source() {
        let flow = Flow::new(parts()).unwrap();
        let judgement =
            flow.accept(&flow.sources()[0], &Variables::of(&lead(&flow, &[("state", "TX"), ("email", "a")])));
        assert_eq!(judgement.rules_evaluated(), 2);
        let judgement =
            flow.accept(&flow.sources()[0], &Variables::of(&lead(&flow, &[("state", "NY"), ("email", "a")])));
        assert_eq!(judgement.rules_evaluated(), 1);
    }

    #[test]
    fn a_required_number_that_cannot_be_read_is_wrong_but_not_missing() {
        let age = Field { required: true, ..Field::new("age".parse().unwrap(), FieldType::Number) };
        let fields = Fields::new(vec![age]).unwrap();
        let missing = |raw: &str| {
            let raw: Lead = [("age".parse().unwrap(), Value::text(raw))].into_iter().collect();
            fields.missing(&fields.parse(&raw, crate::Timestamp::MAX)).count()
        };
        assert_eq!((missing("old"), missing(""), missing("40")), (0, 1, 0));
    }

    #[test]
    fn dims_are_valid_values_of_closed_types_only() {
        let flow = Flow::new(parts()).unwrap();
        let shown = |pairs: &[(&str, &str)]| {
            let dims = flow.dims(&lead(&flow, pairs));
            dims.iter().map(|(path, value)| format!("{path}={value:?}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            shown(&[
                ("product", "ROOF"),
                ("state", "texas"),
                ("owner", "yes"),
                ("note", "x"),
                ("email", "a@example.com")
            ]),
            "lead.owner=Bool(true) lead.product=Text(\"roof\") lead.state=Text(\"TX\")"
        );
        assert_eq!(shown(&[("product", "Ann's house"), ("state", "Ann"), ("owner", "Ann")]), "");
        // Put in by some other way than parsing.
        let forged: Lead = [("state".parse().unwrap(), Value::text("Ann Example"))].into_iter().collect();
        assert_eq!(flow.dims(&forged), []);
    }

    #[test]
    fn what_was_sent_is_kept_of_the_fields_that_are_asked_for_it() {
        let mut parts = parts();
        let rule = |place: &str, operand: &str| -> Condition {
            Rule::new(&fields(), place, Operator::Equal, Some(&Value::text(operand))).unwrap().into()
        };
        let when = rule("lead.state.raw", "{{lead.email.raw}}{{uppercase lead.note.raw}}");
        parts.steps.push(filter("spelled", require(when, None), OnFail::Continue));
        let mut request = RequestSettings::new(
            crate::Integration::CustomForm,
            crate::Template::literal("https://check.example.com/"),
        );
        let vocabulary = Vocabulary::from(&parts.fields);
        let template = crate::Template::read("{{lead.owner.raw}}", vocabulary).unwrap();
        request.fields.push(("owner".into(), template.clone()));
        parts.steps.push(Step {
            kind: StepKind::Enhancement(Box::new(crate::Enhancement {
                entity_id: "svc_check".parse().unwrap(),
                request,
                response: crate::ResponseSettings::default(),
                timeout: Duration::from_secs(1),
            })),
            ..filter("check", require(state_in("TX"), None), OnFail::Continue)
        });
        let flow = Flow::new(parts).unwrap();
        let sent = [("state", "texas"), ("email", "A@Example.com"), ("owner", "y"), ("product", "ROOF")];
        let lead = lead(&flow, &sent);
        let raw = |name: &str| lead.get(&format!("{name}.raw")).and_then(Value::as_text);
        assert_eq!(
            ["state", "email", "owner", "note", "product"].map(raw),
            [Some("texas"), Some("A@Example.com"), Some("y"), None, None]
        );
        assert_eq!(template.value(&Variables::of(&lead)), Some(Value::text("y")));
        let again = Flow::new(flow.clone().into_parts()).unwrap();
        assert_eq!(again, flow);
    }

    /// What the dims of a flow with an enhancement say of a lead.
    fn dims_of(pairs: &[(&str, Value)]) -> String {
        let declared: Vec<Arc<str>> = ["Mobile", "landline"].map(Arc::from).to_vec();
        let enhancement = crate::Enhancement {
            entity_id: "svc_check".parse().unwrap(),
            request: RequestSettings::new(
                crate::Integration::CustomQuery,
                crate::Template::literal("https://check.example.com/"),
            ),
            response: crate::ResponseSettings {
                values: vec![("line_type".into(), declared)],
                ..crate::ResponseSettings::default()
            },
            timeout: Duration::from_secs(1),
        };
        let mut parts = parts();
        let field = |name: &str, field_type| Field::new(name.parse().unwrap(), field_type);
        let fields = [
            field("email", FieldType::Email),
            field("phone_1", FieldType::Phone),
            field("loan_amount", FieldType::Number),
            field("state", FieldType::State),
        ];
        parts.fields = Fields::new(fields.to_vec()).unwrap();
        (parts.accept, parts.sources, parts.steps) = (None, vec![parts.sources[0].clone()], vec![]);
        parts.sources[0].accept = None;
        parts.steps.push(Step {
            id: "check".parse().unwrap(),
            enabled: true,
            when: None,
            limits: crate::Limits::default(),
            kind: StepKind::Enhancement(Box::new(enhancement)),
        });
        let bounds = ["100000", "250000"].map(|bound| bound.parse().unwrap()).to_vec();
        parts.dims = [
            "lead.email.domain",
            "lead.email.is_free",
            "lead.phone_1.type",
            "lead.state.name",
            "appended.check.line_type",
        ]
        .map(Dim::new)
        .to_vec();
        parts.dims.push(Dim { buckets: bounds, ..Dim::new("lead.loan_amount") });
        let flow = Flow::new(parts).unwrap();
        let is_raw = |path: &str| !path.starts_with("appended.");
        let pair = |(path, value): &(&str, Value)| (path.parse().unwrap(), value.clone());
        let raw: Lead = pairs.iter().filter(|(path, _)| is_raw(path)).map(pair).collect();
        let mut lead = flow.parse_lead(&flow.sources()[0], &Variables::of(&raw));
        for (path, value) in pairs.iter().filter(|(path, _)| !is_raw(path)).map(pair) {
            lead.set(path, value);
        }
        let dims = flow.dims(&lead);
        dims.iter()
            .map(|(path, value)| match value {
                Scalar::Text(text) => format!("{path}={text}"),
                Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => format!("{path}={value:?}"),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn components_buckets_and_declared_words_of_steps_are_dims() {
        assert_eq!(
            dims_of(&[
                ("email", Value::text("Ann@GMAIL.com")),
                ("phone_1", Value::text("(512) 555-0134 m")),
                ("loan_amount", Value::text("250k")),
                ("state", Value::text("tx")),
                ("appended.check.line_type", Value::text(" MOBILE ")),
            ]),
            "appended.check.line_type=Mobile lead.email.domain=gmail.com lead.email.is_free=Bool(true) \
             lead.loan_amount=≥250000 lead.phone_1.type=mobile lead.state.name=Texas"
        );
        let own_domain = dims_of(&[
            ("email", Value::text("ann@ann-example.example.com")),
            ("loan_amount", Value::text("a lot")),
            ("appended.check.line_type", Value::text("Ann's own line")),
        ]);
        assert_eq!(
            own_domain,
            "appended.check.line_type=other lead.email.domain=other lead.email.is_free=Bool(false)"
        );
        // A domain below a provider's can be called like a person.
        let below = dims_of(&[("email", Value::text("ann@ann-example.gmail.com"))]);
        assert!(below.starts_with("lead.email.domain=other"), "{below}");
        assert_eq!(dims_of(&[("email", Value::text("no address")), ("state", Value::text("Ann"))]), "");
    }

    #[test]
    fn a_dim_of_a_step_has_declared_values() {
        let mut parts = parts();
        parts.dims = vec![Dim::new("appended.soft.word"), Dim::new("appended.none.word"), Dim::new("lead")];
        let errors = Flow::new(parts).unwrap_err();
        assert!(errors.iter().all(|error| error.to_string().contains("nor a value of a step")), "{errors:?}");
        assert_eq!(errors.len(), 3);
    }

    #[test]
    fn field_states_say_what_is_there_and_what_is_valid() {
        let flow = Flow::new(parts()).unwrap();
        // email, state, owner, product, note
        for (pairs, wanted) in [
            (&[("email", "a@example.com"), ("note", "x")][..], "VAAAV"),
            (&[("email", "wrong"), ("state", "Narnia"), ("owner", "what?"), ("product", "floor")], "IIIIA"),
            (&[("email", "  "), ("owner", ""), ("product", "roof"), ("note", " ")], "AAAVA"),
        ] {
            let states = flow.field_states(&lead(&flow, pairs));
            let letter = |place| match states.get(place).unwrap() {
                crate::FieldState::Absent => 'A',
                crate::FieldState::Invalid => 'I',
                crate::FieldState::Valid => 'V',
            };
            assert_eq!((0..5).map(letter).collect::<String>(), wanted, "{pairs:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_all_named() {
        let foreign = Fields::new(vec![Field::new("state".parse().unwrap(), FieldType::Email)]).unwrap();
        let foreign = Rule::new(&foreign, "lead.state", Operator::Valid, None).unwrap().into();
        let mut parts = parts();
        parts.dims = ["lead.email", "lead.email.user", "lead.note", "lead.zip", "lead.state", "lead.state"]
            .map(Dim::new)
            .to_vec();
        parts.accept = Some(require(foreign, Some(" ")));
        parts.sources.push(parts.sources[0].clone());
        parts.steps.push(filter("soft", require(state_in("OK"), None), OnFail::Continue));
        parts.steps.push(filter("lead", require(state_in("OK"), None), OnFail::Continue));
        let errors: Vec<String> = Flow::new(parts).unwrap_err().iter().map(ToString::to_string).collect();
        let open = |dim: &str, field_type: &str| {
            format!(
                "the dim {dim} has the type {field_type}, which can be anything, and dims are kept in the clear; a dim is \
                 a state, country or boolean, a string with declared values, a number with buckets, or a component of \
                 few values such as lead.email.domain, lead.email.is_free, lead.phone_1.type"
            )
        };
        assert_eq!(
            errors,
            [
                open("lead.email", "email"),
                open("lead.email.user", "email"),
                open("lead.note", "string"),
                "the dim lead.state is named twice".to_owned(),
                "the dim lead.zip is not a field of the flow, nor a value of a step; write lead.<field>, \
                 lead.<field>.<component> or appended.<step>.<value>"
                    .to_owned(),
                "the source src_web is named twice".to_owned(),
                "the step id soft is used twice".to_owned(),
                "the step id lead is reserved".to_owned(),
                "a rule of accept was checked with other fields or steps".to_owned(),
                "the reason of accept has 1 characters; 1 to 300 fit".to_owned(),
            ]
        );
    }

    #[test]
    fn a_flow_has_bounds() {
        let mut long = parts();
        long.steps = (0..201)
            .map(|number| filter(&format!("s{number}"), require(state_in("OK"), None), OnFail::Continue))
            .collect();
        assert_eq!(Flow::new(long).unwrap_err()[0].to_string(), "the flow has 201 steps; at most 200 fit");
        let mut long = parts();
        long.accept = Some(require(Condition::Any((0..201).map(|_| state_in("OK")).collect()), None));
        assert_eq!(Flow::new(long).unwrap_err()[0].to_string(), "accept has 201 rules; at most 200 fit");
    }

    /// Runs the steps as `engine` does: `soft failed, hard passed: success`.
    fn run(flow: &Flow, state: &str) -> String {
        let lead = lead(flow, &[("email", "a@example.com"), ("state", state)]);
        let mut progress = Progress::new();
        let mut told = Vec::new();
        loop {
            match flow.next(&progress, &Variables::of(&lead)) {
                Next::Skip { .. } => panic!("filters are never skipped"),
                Next::Run(step) => {
                    let StepKind::Filter(filter) = &step.kind else { panic!("only filters are here") };
                    let end = match filter.check.judge(&Variables::of(&lead)).refusal {
                        Some(reason) => StepEnd::Failed(reason),
                        None => StepEnd::Passed,
                    };
                    let word = if end == StepEnd::Passed { "passed" } else { "failed" };
                    told.push(format!("{} {word}", step.id));
                    progress.after(step.id.clone(), end);
                }
                Next::Finish { outcome, reason } => {
                    let reason = reason.map(|reason| format!(" ({})", reason.text)).unwrap_or_default();
                    return format!("{}: {outcome}{reason}", told.join(", "));
                }
            }
        }
    }

    #[test]
    fn steps_run_in_order_until_one_stops_the_flow() {
        let flow = Flow::new(parts()).unwrap();
        assert_eq!(run(&flow, "TX"), "soft failed, hard passed: success");
        assert_eq!(run(&flow, "OK"), "soft passed, hard failed: failure (State must be included in TX)");
        let mut parts = parts();
        parts.steps.rotate_left(1);
        assert_eq!(
            run(&Flow::new(parts.clone()).unwrap(), "OK"),
            "hard failed: failure (State must be included in TX)"
        );
        parts.steps.clear();
        assert_eq!(run(&Flow::new(parts).unwrap(), "TX"), ": success");
    }

    #[test]
    fn a_filter_may_stop_with_success_and_then_gives_no_reason() {
        let mut parts = parts();
        let check =
            Check { test: CheckTest::Exclude(state_in("TX")), reason: Some("In our own hands".into()) };
        parts.steps = vec![filter("ours", check.clone(), OnFail::Stop(Ending::Success))];
        assert_eq!(run(&Flow::new(parts.clone()).unwrap(), "TX"), "ours failed: success");
        assert_eq!(run(&Flow::new(parts.clone()).unwrap(), "OK"), "ours passed: success");
        parts.steps = vec![filter("ours", check, OnFail::Stop(Ending::Error))];
        assert_eq!(run(&Flow::new(parts).unwrap(), "TX"), "ours failed: error (In our own hands)");
    }

    #[test]
    fn progress_is_rebuilt_from_the_steps_that_have_their_event() {
        let flow = Flow::new(parts()).unwrap();
        let mut progress = Progress::new();
        progress.after("soft".parse().unwrap(), StepEnd::Passed);
        let lead = Lead::new();
        let Next::Run(step) = flow.next(&progress, &Variables::of(&lead)) else {
            panic!("the second step is next")
        };
        assert_eq!(step.id.as_str(), "hard");
        let reason = Reason::new(ReasonCode::Criteria, "No");
        progress.after("hard".parse().unwrap(), StepEnd::Failed(reason.clone()));
        progress.after("hard".parse().unwrap(), StepEnd::Passed);
        let finish = Next::Finish { outcome: Outcome::Failure, reason: Some(reason) };
        assert_eq!(flow.next(&progress, &Variables::of(&lead)), finish);
        assert_eq!(progress.steps_run(), 2);
    }
}
