//! `GET /leads/{id}/explain`: why each buyer did or did not get a lead.

use axum::extract::{Extension, Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use domain::{EventId, Explained, LeadId, Money, Scope};
use readers::{LeadsError, Sight};
use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;
use wire::Header;
use wire::public_event::Expand;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::openapi::{ErrorsOrMissing, RevealParameters};
use crate::parameters;
use crate::routes::events;

/// Why each buyer of a flow did or did not get a lead.
#[derive(Serialize, ToSchema)]
pub(crate) struct Explanation {
    #[schema(example = "lead_018d0d882d57aa10f3e7715b")]
    lead_id: String,
    flow_id: String,
    /// The version that the lead ran through.
    flow_version: u32,
    /// One for each recipient of that version, in its order.
    recipients: Vec<RecipientExplained>,
}

/// Why one recipient did or did not get a lead.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecipientExplained {
    step_id: String,
    entity_id: String,
    /// The step of its group; null for lone ones.
    #[schema(required)]
    group: Option<String>,
    /// `delivered`, `declined` (it said no, or its cap was full), `error`, `waiting` (for a retry), `unknown` (nobody
    /// knows whether it has the lead), `skipped`, `bid` (for a ping), `outbid`, `sold_elsewhere`, `not_reached`,
    /// `disabled` or `pending`.
    status: String,
    #[schema(required)]
    reason: Option<String>,
    #[schema(required)]
    reason_code: Option<String>,
    /// What it offered in an auction: its bid when it was pinged, or its fixed price without a ping.
    #[schema(required, value_type = Option<f64>)]
    bid: Option<Number>,
    /// What it pays.
    #[schema(required, value_type = Option<f64>)]
    price: Option<Number>,
    /// Whether it has the lead, or may have it without our knowing.
    may_have_lead: bool,
    /// How many attempts were made, those included that were kept back before anything was sent.
    attempts: u32,
    /// The event that tells so; null where none does.
    #[schema(required)]
    event_id: Option<String>,
    /// The rules of that event with the values they met, masked unless asked for in clear.
    #[schema(value_type = Vec<Object>)]
    rules: serde_json::Value,
}

/// Why each buyer did or did not get a lead, by its events and the version of the flow it ran through.
#[utoipa::path(
    get,
    path = "/leads/{id}/explain",
    tag = "leads",
    params(("id" = String, Path, description = "`lead_…`"), RevealParameters),
    responses((status = 200, description = "One entry for each recipient of the flow", body = Explanation), ErrorsOrMissing)
)]
pub(crate) async fn explain(
    State(services): State<Services>,
    caller: Caller,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    caller.need(&Scope::Read)?;
    let mut sight = Sight { expand: Expand { rules: true, ..Expand::default() }, ..Sight::default() };
    parameters::read(&uri, &["reveal", "why"], |name, value| sight.set(name, value))?;
    let lead_id: LeadId = id.parse().map_err(|_| ApiError::not_found("lead"))?;
    if services.leads.reader().chain(lead_id).is_empty() {
        return Err(ApiError::not_found("lead"));
    }
    let viewer = events::Viewer { services: &services, caller: &caller, request_id: &request_id, uri: &uri };
    viewer.record_reveal(&sight, || Ok(vec![lead_id])).await?;
    let explanation = events::unblock(move || explanation(&services, lead_id, &sight)).await?;
    Ok(axum::Json(explanation).into_response())
}

fn explanation(services: &Services, lead_id: LeadId, sight: &Sight) -> Result<Explanation, ApiError> {
    let reader = services.leads.reader();
    let mut events = Vec::new();
    for read in reader.headers(&reader.chain(lead_id)) {
        let read = read?;
        let event = Header::read(&read.header).and_then(|header| wire::read_event(&header, None));
        events.push(event.map_err(|source| LeadsError::Header { seq: read.seq, source })?);
    }
    let head = events.first().map(|event| &event.head).ok_or_else(|| ApiError::not_found("lead"))?;
    let (flow_id, version) = (head.flow_id.clone(), head.flow_version);
    let published = services.control.flow_version(&flow_id, version);
    let published = published.ok_or_else(|| ApiError::not_found("flow"))?;
    let explained = published.flow.explain(&events);
    let recipients =
        explained.into_iter().map(|own| recipient(services, own, sight)).collect::<Result<_, _>>()?;
    let (lead_id, flow_id) = (lead_id.to_string(), flow_id.to_string());
    Ok(Explanation { lead_id, flow_id, flow_version: version.0, recipients })
}

fn recipient(services: &Services, own: Explained, sight: &Sight) -> Result<RecipientExplained, ApiError> {
    let rules = own.event_id.map_or(Ok(None), |id| rules_of(services, &id, sight))?;
    let (reason, reason_code) =
        own.reason.map(|reason| (reason.text.to_string(), reason.code.to_string())).unzip();
    Ok(RecipientExplained {
        step_id: own.step_id.to_string(),
        entity_id: own.entity_id.to_string(),
        group: own.group.map(|group| group.to_string()),
        status: own.fate.to_string(),
        reason,
        reason_code,
        bid: own.bid.map(amount),
        price: own.price.map(amount),
        may_have_lead: own.may_have_lead,
        attempts: own.attempts,
        event_id: own.event_id.map(|id| id.to_string()),
        rules: rules.unwrap_or_else(|| serde_json::Value::Array(Vec::new())),
    })
}

/// The rules of an event as the caller may see them.
fn rules_of(services: &Services, id: &EventId, sight: &Sight) -> Result<Option<serde_json::Value>, ApiError> {
    let Some(found) = services.events().one(id)? else { return Ok(None) };
    let mut out = Vec::new();
    found.write(sight, &services.policies(), &mut out)?;
    let event: serde_json::Value =
        serde_json::from_slice(&out).map_err(|error| ApiError::internal(&error))?;
    Ok(event.get("rules").filter(|rules| rules.is_array()).cloned())
}

/// The same number, in its shortest text.
fn amount(amount: Money) -> Number {
    amount.to_string().parse().expect("the text of an amount is a number")
}
