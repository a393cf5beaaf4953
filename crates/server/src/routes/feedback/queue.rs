//! `GET /feedback`, `/feedback/{id}/approve`, `/feedback/{id}/decline`: the reports that wait for a decision.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use domain::{EntityId, EventId, FeedbackKind, FlowId, Scope};
use engine::{Decision, PendingReport, Verdict};
use readers::ParameterError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Asked, written};
use crate::RemoteAddress;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::openapi::{Error, Errors, ErrorsOrMissing, FeedbackReply, PendingParameters};
use crate::parameters;
use crate::routes::{body, json, json_body};
use crate::state::ApiState;

/// Most reports of one page.
const LIMIT_MAX: usize = 1000;
const LIMIT: usize = 50;
/// Longest reason for a decision, in characters.
const REASON_CHARS_MAX: usize = 500;
const NAMES: [&str; 5] = ["entity_id", "flow_id", "type", "after", "limit"];

/// A report that waits for a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PendingReply {
    #[schema(example = "evt_018d0d882e837c2e9a41d06f")]
    feedback_id: String,
    lead_id: String,
    flow_id: String,
    source_id: String,
    /// The buyer.
    entity_id: String,
    /// The event of the delivery.
    recipient_event_id: String,
    /// `return` or `conversion`.
    r#type: &'static str,
    #[schema(required)]
    value: Option<String>,
    /// Without words of a person's own; the buyer's whole words are on the event.
    #[schema(required)]
    reason: Option<String>,
    #[schema(required)]
    days_to_convert: Option<u32>,
    received_at: String,
}

/// A page of reports that wait, in the order they came.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PendingPage {
    data: Vec<PendingReply>,
    /// The address of the next page.
    #[schema(required)]
    next: Option<String>,
}

impl From<&PendingReport> for PendingReply {
    fn from(report: &PendingReport) -> PendingReply {
        let PendingReport { feedback_id, lead_id, flow_id, source_id, received_at, feedback } = report;
        PendingReply {
            feedback_id: feedback_id.to_string(),
            lead_id: lead_id.to_string(),
            flow_id: flow_id.to_string(),
            source_id: source_id.to_string(),
            entity_id: feedback.entity_id.to_string(),
            recipient_event_id: feedback.recipient_event_id.to_string(),
            r#type: feedback.kind.as_str(),
            value: feedback.value.as_deref().map(str::to_owned),
            reason: feedback.reason.as_deref().map(str::to_owned),
            days_to_convert: feedback.days_to_convert,
            received_at: received_at.to_string(),
        }
    }
}

/// Which reports a list shows.
#[derive(Debug)]
struct Query {
    entities: Vec<EntityId>,
    flows: Vec<FlowId>,
    kinds: Vec<FeedbackKind>,
    after: Option<EventId>,
    limit: usize,
}

impl Query {
    fn read(uri: &Uri) -> Result<Query, ApiError> {
        let mut query = Query { entities: vec![], flows: vec![], kinds: vec![], after: None, limit: LIMIT };
        parameters::read(uri, &NAMES, |name, value| query.set(name, value))?;
        Ok(query)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<bool, ParameterError> {
        let wrong = |message: String| ParameterError { name: name.to_owned(), message };
        let words = || value.split(',').filter(|word| !word.is_empty());
        match name {
            "entity_id" => {
                for word in words() {
                    self.entities.push(word.parse().map_err(|error| wrong(format!("{error}")))?);
                }
            }
            "flow_id" => {
                for word in words() {
                    self.flows.push(word.parse().map_err(|error| wrong(format!("{error}")))?);
                }
            }
            "type" => {
                for word in words() {
                    let kinds = [FeedbackKind::Return, FeedbackKind::Conversion];
                    let kind = kinds.into_iter().find(|kind| kind.as_str() == word);
                    self.kinds.push(kind.ok_or_else(|| wrong("write return or conversion".to_owned()))?);
                }
            }
            "after" => self.after = Some(value.parse().map_err(|error| wrong(format!("{error}")))?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                self.limit = limit.ok_or_else(|| wrong(format!("write a number from 1 to {LIMIT_MAX}")))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn takes(&self, report: &PendingReport) -> bool {
        let feedback = &report.feedback;
        (self.entities.is_empty() || self.entities.contains(&feedback.entity_id))
            && (self.flows.is_empty() || self.flows.contains(&report.flow_id))
            && (self.kinds.is_empty() || self.kinds.contains(&feedback.kind))
            && self.after.is_none_or(|after| report.feedback_id > after)
    }
}

/// The reports that wait for a decision, in the order they came.
#[utoipa::path(
    get,
    path = "/feedback",
    tag = "feedback",
    params(PendingParameters),
    responses((status = 200, description = "In the order they came", body = PendingPage), Errors)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<PendingPage>, ApiError> {
    caller.need(&Scope::Read)?;
    let query = Query::read(&uri)?;
    let mut reports = state.services.engine.pending_reports();
    reports.retain(|report| query.takes(report));
    let is_more = reports.len() > query.limit;
    reports.truncate(query.limit);
    let last = reports.last().filter(|_| is_more).map(|report| report.feedback_id.to_string());
    let next = last.map(|last| {
        let mut next = form_urlencoded::Serializer::new(String::new());
        next.extend_pairs(parameters::pairs(&uri).filter(|(name, _)| name != "after"));
        next.append_pair("after", &last);
        format!("{}?{}", uri.path(), next.finish())
    });
    Ok(Json(PendingPage { data: reports.iter().map(PendingReply::from).collect(), next }))
}

/// Lets a report take effect. What was approved before is told again.
#[utoipa::path(
    post,
    path = "/feedback/{id}/approve",
    tag = "feedback",
    params(("id" = String, Path, description = "Its `feedback_id`, `evt_…`")),
    responses(
        (status = 200, description = "It took effect", body = FeedbackReply),
        (status = 409, description = "It was declined before, or its buyer has given back as much as it may", body = Error),
        ErrorsOrMissing
    )
)]
pub(crate) async fn approve(
    State(state): State<ApiState>,
    caller: Caller,
    Extension(RequestId(request_id)): Extension<RequestId>,
    remote: Option<Extension<RemoteAddress>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let remote = remote.map(|Extension(remote)| remote.0);
    let asked = Asked { uri, headers, remote, key_name: caller.name().to_owned(), request_id };
    decide(&state, &caller, asked, &id, Verdict::Approve, &[]).await
}

/// Why a report is declined.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclineRequest {
    /// For the buyer; on the event without words of a person's own.
    reason: Option<String>,
}

/// Refuses a report. What was declined before is told again.
#[utoipa::path(
    post,
    path = "/feedback/{id}/decline",
    tag = "feedback",
    params(("id" = String, Path, description = "Its `feedback_id`, `evt_…`")),
    request_body(content = Option<DeclineRequest>),
    responses(
        (status = 200, description = "It is refused", body = FeedbackReply),
        (status = 409, description = "It was approved before", body = Error),
        ErrorsOrMissing
    )
)]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn decline(
    State(state): State<ApiState>,
    caller: Caller,
    Extension(RequestId(request_id)): Extension<RequestId>,
    remote: Option<Extension<RemoteAddress>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let bytes = body(bytes)?;
    let DeclineRequest { reason } =
        if bytes.is_empty() { DeclineRequest::default() } else { json_body(&bytes)? };
    let reason = read_reason(reason)?;
    let remote = remote.map(|Extension(remote)| remote.0);
    let asked = Asked { uri, headers, remote, key_name: caller.name().to_owned(), request_id };
    decide(&state, &caller, asked, &id, Verdict::Decline(reason), &bytes).await
}

/// A reason that somebody gives for what they do.
pub(crate) fn read_reason(reason: Option<String>) -> Result<Option<String>, ApiError> {
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
        let message = format!("at most {REASON_CHARS_MAX} characters fit");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_body", message).about("reason"));
    }
    Ok(reason)
}

async fn decide(
    state: &ApiState,
    caller: &Caller,
    asked: Asked,
    id: &str,
    verdict: Verdict,
    body: &[u8],
) -> Result<Response, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    parameters::none(&asked.uri)?;
    let feedback_id: EventId = id.parse().map_err(|_| ApiError::not_found("report"))?;
    let request = asked.evidence(body);
    let request_id = Some(asked.request_id);
    let decision = Decision { feedback_id, verdict, request, request_id };
    Ok(json(written(&state.services.engine.decide(decision).await?)))
}
