//! What lists are asked with. A test holds the names against those that are read.

#![expect(dead_code, reason = "these describe parameters that `readers` reads")]

use utoipa::IntoParams;

/// Which events, and which part of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventListParameters {
    /// One lead.
    lead_id: Option<String>,
    /// A type such as `filter.failed`, or a family: `recipient.*`. Comma lists and repeats are *or*.
    #[param(rename = "type")]
    kind: Option<Vec<String>>,
    /// `success`, `failure`, `error` or `skip`.
    outcome: Option<Vec<String>>,
    /// Parties.
    entity_id: Option<Vec<String>>,
    /// Sources.
    source_id: Option<Vec<String>>,
    /// Steps.
    step_id: Option<Vec<String>>,
    /// The first moment: `2024-01-15` (midnight UTC), RFC 3339, or back from now: `-24h`.
    start: Option<String>,
    /// The first moment after.
    end: Option<String>,
    /// Only events with a greater `seq`.
    after: Option<u64>,
    /// Only events with a smaller `seq`.
    before: Option<u64>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u32>,
    /// `seq`: oldest first; `-seq`: newest first.
    sort: Option<String>,
}

/// How events are shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SightParameters {
    /// `flat` (default) or `nested`.
    shape: Option<String>,
    /// `exchange`, `rules`, `reason_raw`, with commas between.
    expand: Option<String>,
    /// `1` shows personal values in clear, which needs the scope `pii:read` and is recorded first.
    reveal: Option<String>,
    /// Why they are asked for in clear; recorded.
    #[param(max_length = 500)]
    why: Option<String>,
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
}
