//! Shapes that are written by hand as JSON, described. A test holds what is served against them.

#![expect(dead_code, reason = "these describe shapes that `wire` and `intake` write")]

use std::borrow::Cow;

use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

/// Any error but a refused submission.
#[derive(ToSchema)]
pub(crate) struct Error {
    error: ErrorMember,
}

/// What went wrong.
#[derive(ToSchema)]
pub(crate) struct ErrorMember {
    /// A stable word.
    #[schema(example = "invalid_parameter")]
    code: String,
    /// What is wrong and how to mend it.
    message: String,
    /// The parameter or member that is wrong.
    #[schema(required)]
    field: Option<String>,
    /// The id of the request, which the log has too.
    request_id: String,
    /// With `invalid_flow`: each problem of the document.
    problems: Option<Vec<crate::routes::flows::ProblemReply>>,
}

/// Whether the process runs, or can take leads.
#[derive(ToSchema)]
pub(crate) struct Health {
    /// `ok` or `ready`.
    status: String,
}

/// What a source is told of its lead.
#[derive(ToSchema)]
pub(crate) struct Answer {
    outcome: Outcome,
    /// Why, when the lead was not taken.
    reason: Option<String>,
    lead: LeadName,
    /// What the source is paid.
    price: f64,
}

/// What a source is told that asks for a price.
#[derive(ToSchema)]
pub(crate) struct PingAnswer {
    outcome: Outcome,
    /// Why nothing is offered.
    reason: Option<String>,
    /// What is offered for the lead.
    price: f64,
    /// To be sent with the lead, as `ping_token`; good once, and for `ping_expires`.
    #[schema(example = "ping_018d0d882d57aa10f3e7715b")]
    ping_token: Option<String>,
}

/// What is to hold for a party in all flows, as in a flow file. What is left out no longer holds, but for
/// the name.
#[derive(ToSchema)]
pub(crate) struct EntityRequest {
    /// What people call it; left out, as before.
    name: Option<String>,
    /// How often it sends, or is asked: at a time (`concurrent`), and `per_second`, `per_minute`, `per_hour` and
    /// `per_day`.
    #[schema(value_type = Option<Object>)]
    limits: Option<String>,
    /// When a buyer or service is left alone: after so many `errors` in a row (5), for a `cool_down` (`1m`).
    #[schema(value_type = Option<Object>)]
    circuit: Option<String>,
    /// Whose clocks count for its hours and caps.
    #[schema(example = "America/Chicago")]
    time_zone: Option<String>,
    /// When it takes part.
    #[schema(value_type = Option<Object>)]
    hours: Option<String>,
    /// How many leads it sends or takes in all flows, or what they cost.
    #[schema(value_type = Option<Vec<Object>>)]
    caps: Option<String>,
}

/// What a buyer reports.
#[derive(ToSchema)]
pub(crate) struct FeedbackRequest {
    /// `return` or `conversion`; of a delivery whose end nobody knows, `sold` or `not_sold`.
    r#type: String,
    /// The buyer's own words; sealed. One of those the flow allows, where it names some.
    reason: Option<String>,
    /// One word of a conversion, such as `sold`.
    value: Option<String>,
    /// Whole days from the submission to the conversion; counted when left out.
    days_to_convert: Option<u32>,
    /// Of `sold`: what the buyer pays; left out, what the flow says.
    price: Option<f64>,
}

/// What became of a report.
#[derive(ToSchema)]
pub(crate) struct FeedbackReply {
    /// `success` when it took effect, `failure` when it was refused; null while it waits for a decision.
    #[schema(required)]
    outcome: Option<Outcome>,
    status: FeedbackStatus,
    /// Why it was refused.
    #[schema(required)]
    reason: Option<String>,
    /// The stable word to group by.
    #[schema(required)]
    reason_code: Option<String>,
    /// The event of the report, by which it is approved or declined.
    feedback_id: String,
    lead: LeadName,
}

/// What became of a report.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum FeedbackStatus {
    Accepted,
    Declined,
    Pending,
}

/// A lead by its id.
#[derive(ToSchema)]
pub(crate) struct LeadName {
    #[schema(example = "lead_018d0d882d57aa10f3e7715b")]
    id: String,
}

/// `failure`: the other side said no. `error`: no usable answer. `skip`: not asked.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Success,
    Failure,
    Error,
    Skip,
}

/// A page of a list of events.
#[derive(ToSchema)]
pub(crate) struct EventPage {
    data: Vec<Event>,
    /// The address of the next page.
    #[schema(required)]
    next: Option<String>,
    /// Everything with a smaller `seq` was looked at.
    complete_to_seq: u64,
}

/// One thing that happened. Written once, never changed. Members beyond the first are there when
/// they say something; later releases may add more.
#[derive(ToSchema)]
pub(crate) struct Event {
    #[schema(example = "evt_018d0d882e837c2e9a41d06f")]
    id: String,
    /// Place in the ledger: gapless, the only order.
    seq: u64,
    /// Such as `recipient.delivered`.
    #[schema(rename = "type", example = "recipient.delivered")]
    kind: String,
    /// When the moment ended: UTC, milliseconds.
    #[schema(example = "2024-01-15T14:30:45.123Z")]
    timestamp: String,
    #[schema(required)]
    lead_id: Option<String>,
    /// Place among the lead's events, from 1.
    lead_seq: Option<u32>,
    #[schema(required)]
    flow_id: Option<String>,
    flow_version: Option<u32>,
    step_id: Option<String>,
    source_id: Option<String>,
    /// The source, or the other party; null for filters.
    #[schema(required)]
    entity_id: Option<String>,
    #[schema(required)]
    outcome: Option<Outcome>,
    /// For people.
    #[schema(required)]
    reason: Option<String>,
    /// The stable word to group by.
    #[schema(required)]
    reason_code: Option<String>,
    /// The step's own time.
    duration_ms: Option<u64>,
    /// The part of it spent waiting for the other side.
    wait_ms: Option<u64>,
    /// Since the submission arrived.
    total_ms: Option<u64>,
    /// `false`: the other side was not asked.
    asked: Option<bool>,
    integration: Option<String>,
    /// HTTP status of the other side's reply.
    response_code: Option<u16>,
    /// `dns connect tls timeout auth status reply unknown`.
    error_kind: Option<String>,
    /// From 1.
    attempt: Option<u32>,
    /// The id of the first attempt, which all attempts share.
    delivery_id: Option<String>,
    /// When the next attempt is due.
    due: Option<String>,
    price: Option<f64>,
    bid: Option<f64>,
    /// Of `feedback.processed`: what is taken back of the buyer's price.
    amount: Option<f64>,
    /// Of `feedback.processed`: what is taken back of the source's price.
    cost_amount: Option<f64>,
    below_floor: Option<bool>,
    /// `copy`: a delivery that is no sale.
    counts_as: Option<String>,
    caps: Option<Vec<String>>,
    duplicate_of: Option<String>,
    rule_set: Option<String>,
    rules_evaluated: Option<u32>,
    feedback: Option<Feedback>,
    /// The event of the report that this one follows from.
    feedback_id: Option<String>,
    recipient_event_id: Option<String>,
    recipient_entity_id: Option<String>,
    final_outcome: Option<Outcome>,
    steps_run: Option<u32>,
    deliveries: Option<u32>,
    cost: Option<f64>,
    revenue: Option<f64>,
    margin: Option<f64>,
    dims: Option<Dims>,
    test: Option<bool>,
    batch: Option<String>,
    resubmit_of: Option<String>,
    request_id: Option<String>,
    /// Of `ledger.opened`.
    format: Option<u32>,
    /// Of `ledger.opened`.
    ledger_id: Option<String>,
    /// Of `ledger.opened`.
    origin: Option<String>,
    /// Of `ledger.opened`.
    public_key: Option<String>,
    /// Of `ledger.opened`: the ledger it continues.
    predecessor: Option<Predecessor>,
    /// Of `ledger.pruned`.
    bodies_from: Option<u64>,
    /// Of `ledger.pruned`.
    headers_from: Option<u64>,
    /// The whole lead at that moment; null when it was forgotten, cannot be read, or there is none.
    /// Left out with `shape=none`.
    lead: Option<LeadSnapshot>,
    /// The person was forgotten.
    erased: Option<bool>,
    /// The disk damaged the values or their key.
    unreadable: Option<bool>,
    /// With `expand=exchange`: requests and answers, in order.
    exchange: Option<Vec<Exchange>>,
    /// With `expand=rules`: each rule that was looked at.
    rules: Option<Vec<RuleOutcome>>,
    /// With `expand=reason_raw`: the partner's own words.
    reason_raw: Option<String>,
    /// With `expand=changes`: what differs from the lead's event before; null for its first.
    changes: Option<Changes>,
}

/// Paths of a flat lead, ascending.
#[derive(ToSchema)]
pub(crate) struct Changes {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
}

/// A page of a list of leads. It may be short, or empty, and not be the last.
#[derive(ToSchema)]
pub(crate) struct LeadListPage {
    data: Vec<LeadReply>,
    /// The address of the next page.
    #[schema(required)]
    next: Option<String>,
    /// Everything with a smaller `seq` was looked at.
    complete_to_seq: u64,
}

/// What a lead came to, folded from its events.
#[derive(ToSchema)]
pub(crate) struct LeadReply {
    #[schema(example = "lead_018d0d882d57aa10f3e7715b")]
    id: String,
    /// Of its submission.
    seq: u64,
    submitted_at: String,
    /// When its newest event ended.
    updated_at: String,
    flow_id: String,
    flow_version: u32,
    source_id: String,
    state: LeadState,
    /// Late sales included; null while it runs.
    #[schema(required)]
    outcome: Option<Outcome>,
    #[schema(required)]
    reason: Option<String>,
    #[schema(required)]
    reason_code: Option<String>,
    /// In the order they were asked.
    buyers: Vec<LeadBuyer>,
    /// What the source is paid.
    cost: f64,
    /// What the buyers pay, less what was taken back.
    revenue: f64,
    margin: f64,
    /// One point for each gate, step and buyer, all its attempts together.
    path: Vec<LeadPoint>,
    /// How many events it has.
    events: u32,
    /// Of its newest event.
    last_seq: u64,
    /// The time of the first pass.
    total_ms: u64,
    test: bool,
    /// The person withdrew consent; left out as long as nobody did.
    consent_revoked: Option<bool>,
    /// Of one lead: its newest snapshot; null when it was forgotten or cannot be read. Left out with
    /// `shape=none`.
    lead: Option<LeadSnapshot>,
    /// The person was forgotten.
    erased: Option<bool>,
    /// The disk damaged the values or their key.
    unreadable: Option<bool>,
}

/// Where a lead stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum LeadState {
    Running,
    Rejected,
    Accepted,
    Sold,
    Returned,
    Converted,
    Error,
}

/// A buyer that was to have the lead, and what came of it.
#[derive(ToSchema)]
pub(crate) struct LeadBuyer {
    entity_id: String,
    step_id: String,
    /// The id of the first attempt; null when it was never asked.
    #[schema(required)]
    delivery_id: Option<String>,
    /// How the newest attempt ended; null while it is under way.
    #[schema(required)]
    outcome: Option<Outcome>,
    /// What it pays, since it took the lead.
    #[schema(required)]
    price: Option<f64>,
    returned: bool,
    converted: bool,
    /// `copy`: a delivery that is no sale.
    counts_as: Option<String>,
}

/// A point on the way of a lead.
#[derive(ToSchema)]
pub(crate) struct LeadPoint {
    /// Of the newest event.
    #[schema(rename = "type", example = "recipient.delivered")]
    kind: String,
    #[schema(required)]
    step_id: Option<String>,
    #[schema(required)]
    entity_id: Option<String>,
    #[schema(required)]
    outcome: Option<Outcome>,
}

/// What a partner reported.
#[derive(ToSchema)]
pub(crate) struct Feedback {
    /// `return` or `conversion`.
    #[schema(rename = "type")]
    kind: String,
    value: Option<String>,
    days_to_convert: Option<u32>,
    reason: Option<String>,
}

/// The ledger that a new one continues.
#[derive(ToSchema)]
pub(crate) struct Predecessor {
    origin: String,
    size: u64,
    root: String,
}

/// A request and its answer as text; an outline without the right to see values.
#[derive(ToSchema)]
pub(crate) struct Exchange {
    request: Option<ExchangeText>,
    response: Option<ExchangeText>,
}

/// A rule of a filter, as it was looked at.
#[derive(ToSchema)]
pub(crate) struct RuleOutcome {
    /// The rule in words.
    rule: String,
    actual: LeadScalar,
    passed: bool,
    /// Whether it settled the outcome: one rule of each condition does. False on events of releases
    /// that did not tell.
    decided: bool,
}

fn any_of(types: impl IntoIterator<Item = Type>) -> SchemaType {
    SchemaType::Array(types.into_iter().collect())
}

/// Defines a shape that no Rust type has.
macro_rules! shape {
    ($(#[doc = $doc:literal])* $name:ident, $schema:expr) => {
        $(#[doc = $doc])*
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let description: String = [$($doc.trim()),*].join(" ");
                RefOr::T(Schema::Object($schema.description(Some(description)).build()))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

shape!(
    /// The lead's id, then every field and component under its dotted name (`email`, `email.valid`);
    /// with `shape=nested` a tree. Masked unless revealed.
    LeadSnapshot,
    ObjectBuilder::new()
        .property("id", ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)))
        .required("id")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
);

shape!(
    /// The fields that the flow declares for reports, by dotted name.
    Dims,
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true)))
);

shape!(
    /// A plain value.
    LeadScalar,
    ObjectBuilder::new().schema_type(any_of([Type::String, Type::Number, Type::Boolean, Type::Null]))
);

shape!(
    /// The text, or what is left of one that was too long: `{"cut": …, "bytes": …, "sha256": …}`.
    ExchangeText,
    ObjectBuilder::new()
        .schema_type(any_of([Type::String, Type::Object]))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
);
