//! What lists are asked with. A test holds the names against those that are read.

#![expect(dead_code, reason = "these describe parameters that `readers` reads")]

use utoipa::IntoParams;

/// Which events. Comma lists and repeats are *or*, a leading `-` is *not*.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventFilterParameters {
    /// One lead.
    lead_id: Option<String>,
    /// A type such as `filter.failed`, or a family: `recipient.*`.
    #[param(rename = "type")]
    kind: Option<Vec<String>>,
    /// `success`, `failure`, `error` or `skip`.
    outcome: Option<Vec<String>>,
    /// Flows.
    flow_id: Option<Vec<String>>,
    /// Parties.
    entity_id: Option<Vec<String>>,
    /// Sources.
    source_id: Option<Vec<String>>,
    /// Steps.
    step_id: Option<Vec<String>>,
    /// How another party was asked, such as `custom_json`.
    integration: Option<Vec<String>>,
    /// Why it ended so, such as `timeout`.
    reason_code: Option<Vec<String>>,
    /// Events that took at least so long.
    min_ms: Option<u64>,
    /// Events that took at most so long.
    max_ms: Option<u64>,
    /// Events with a price of at least so much.
    min_price: Option<f64>,
    /// Events with a price of at most so much.
    max_price: Option<f64>,
    /// `with` (default), `without` or `only` test leads.
    test: Option<String>,
    /// The first moment: `2024-01-15` (midnight UTC), RFC 3339, or back from now: `-24h`.
    start: Option<String>,
    /// The first moment after.
    end: Option<String>,
    /// A dim that flows declare, such as `dim.lead.state=TX`.
    #[param(rename = "dim.<path>")]
    dim: Option<Vec<String>>,
    /// Whether a declared field is there: `true` or `false`, such as `has.email=false`.
    #[param(rename = "has.<field>")]
    has: Option<bool>,
    /// Whether a declared field that is there has a value of its type: `true` or `false`.
    #[param(rename = "valid.<field>")]
    valid: Option<bool>,
}

/// Which leads. Comma lists and repeats are *or*, a leading `-` is *not*.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LeadFilterParameters {
    /// Flows.
    flow_id: Option<Vec<String>>,
    /// Sources.
    source_id: Option<Vec<String>>,
    /// Parties that had to do with the lead: source, services and buyers.
    entity_id: Option<Vec<String>>,
    /// `success`, `failure` or `error`, late sales included.
    outcome: Option<Vec<String>>,
    /// `running`, `rejected`, `accepted`, `sold`, `returned`, `converted` or `error`.
    state: Option<Vec<String>>,
    /// Leads with a margin of at least so much; pages can be short.
    min_margin: Option<f64>,
    /// Leads with a margin of at most so much.
    max_margin: Option<f64>,
    /// `with` (default), `without` or `only` test leads.
    test: Option<String>,
    /// Submitted from this moment on: `2024-01-15` (midnight UTC), RFC 3339, or back from now: `-24h`.
    start: Option<String>,
    /// Submitted before this moment.
    end: Option<String>,
    /// A dim that flows declare, such as `dim.lead.state=TX`.
    #[param(rename = "dim.<path>")]
    dim: Option<Vec<String>>,
    /// Whether a declared field is there: `true` or `false`, such as `has.email=false`.
    #[param(rename = "has.<field>")]
    has: Option<bool>,
    /// Whether a declared field that is there has a value of its type: `true` or `false`.
    #[param(rename = "valid.<field>")]
    valid: Option<bool>,
}

/// Which dead letters. Comma lists and repeats are *or*, a leading `-` is *not*.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLetterParameters {
    /// Flows.
    flow_id: Option<Vec<String>>,
    /// Steps.
    step_id: Option<Vec<String>>,
    /// Buyers.
    entity_id: Option<Vec<String>>,
    /// Sources.
    source_id: Option<Vec<String>>,
    /// Why the last attempt came to nothing, such as `timeout`.
    reason_code: Option<Vec<String>>,
    /// `with` (default), `without` or `only` test leads.
    test: Option<String>,
    /// Left without an end from this moment on: `2024-01-15` (midnight UTC), RFC 3339, or back from now: `-24h`.
    start: Option<String>,
    /// Left so before this moment.
    end: Option<String>,
}

/// Whether anything is sent.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResendParameters {
    /// With `1` nothing is sent; it is told how many dead letters are named.
    dry_run: Option<String>,
}

/// Which part of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WindowParameters {
    /// Only what has a greater `seq`.
    after: Option<u64>,
    /// Only what has a smaller `seq`.
    before: Option<u64>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u32>,
    /// `seq`: oldest first; `-seq`: newest first.
    sort: Option<String>,
}

/// Where a stream begins, and how its events are shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParameters {
    /// Begins behind this `seq`; left out, at the live edge. The header `Last-Event-ID` wins.
    after: Option<u64>,
    /// `flat` (default), `nested` or `none`.
    shape: Option<String>,
    /// `exchange`, `rules`, `reason_raw`, `changes`, with commas between.
    expand: Option<String>,
}

/// How a lead is shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LeadSightParameters {
    /// `flat` (default), `nested`, or `none`: without its snapshot.
    shape: Option<String>,
    /// `1` shows personal values in clear, which needs the scope `pii:read` and is recorded first.
    reveal: Option<String>,
    /// Why they are asked for in clear; recorded.
    #[param(max_length = 500)]
    why: Option<String>,
}

/// How events are shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SightParameters {
    /// `flat` (default), `nested`, or `none`: without the lead.
    shape: Option<String>,
    /// `exchange`, `rules`, `reason_raw`, `changes`, with commas between.
    expand: Option<String>,
    /// `1` shows personal values in clear, which needs the scope `pii:read` and is recorded first.
    reveal: Option<String>,
    /// Why they are asked for in clear; recorded.
    #[param(max_length = 500)]
    why: Option<String>,
}

/// How the values are shown that rules met.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevealParameters {
    /// `1` shows personal values in clear, which needs the scope `pii:read` and is recorded first.
    reveal: Option<String>,
    /// Why they are asked for in clear; recorded.
    #[param(max_length = 500)]
    why: Option<String>,
}

/// Which reports a list shows. Comma lists and repeats are *or*.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PendingParameters {
    /// Buyers.
    entity_id: Option<Vec<String>>,
    /// Flows.
    flow_id: Option<Vec<String>>,
    /// `return` or `conversion`.
    #[param(rename = "type")]
    kind: Option<Vec<String>>,
    /// Only what came after this `feedback_id`.
    after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u32>,
}

/// Which sale a report is about: `event_id`, or `lead_id` and `entity_id`. With `text/csv` each line names its own,
/// and `entity_id` and `type` can stand for all of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SaleParameters {
    /// The delivery id, any later attempt, or the event of the outcome: `evt_…`.
    event_id: Option<String>,
    /// `lead_…`; means the newest sale of this lead to this buyer.
    lead_id: Option<String>,
    /// `buyer_…`.
    entity_id: Option<String>,
    /// Of `text/csv` only: `return`, `conversion`, `sold` or `not_sold`.
    #[param(rename = "type")]
    kind: Option<String>,
}

/// What a submission says besides the lead. Every other parameter is one of the lead.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SubmitParameters {
    /// `1`: 422 for failure, 502 for error.
    strict: Option<String>,
    /// Where to send the person; the answer is then 303.
    redir_url: Option<String>,
    /// `1`: a lead that is marked as a test.
    is_test: Option<String>,
    /// The token of a ping whose offer the lead takes up.
    ping_token: Option<String>,
}
