//! `/leads`, `/leads/{id}`: what leads came to. `/leads/{id}/events`: the timeline of one, oldest
//! first.

use axum::extract::{Extension, Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use domain::{LeadId, Scope};
use readers::{DECLARED_NAMES, EventQuery, LeadQuery};
use wire::public_event::Expand;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::openapi::{
    Errors, ErrorsOrMissing, EventFilterParameters, EventPage, LeadFilterParameters, LeadListPage, LeadReply,
    LeadSightParameters, SightParameters, WindowParameters,
};
use crate::parameters;
use crate::routes::{events, json};

/// What leads came to.
#[utoipa::path(
    get,
    path = "/leads",
    tag = "leads",
    params(LeadFilterParameters, WindowParameters),
    responses((status = 200, description = "Newest submission first unless asked otherwise", body = LeadListPage), Errors)
)]
pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    caller.need(&Scope::Read)?;
    let (now, mut query) = (services.clock.now(), LeadQuery::default());
    let names = [&LeadQuery::NAMES[..], &DECLARED_NAMES[..]].concat();
    parameters::read(&uri, &names, |name, value| query.set(name, value, now))?;
    query.resolve(&services.published_flows())?;
    let (order, leads) = (query.window.order, services.lead_finder());
    let found = events::unblock(move || leads.list(&query)).await?;
    let next = found.next(order).map(|(name, seq)| events::next_page(&uri, name, seq));
    let mut rows = Vec::new();
    found.write(&mut rows);
    Ok(events::page_of(&rows, next.as_deref(), found.complete_to_seq()))
}

/// What one lead came to, with its newest snapshot.
#[utoipa::path(
    get,
    path = "/leads/{id}",
    tag = "leads",
    params(("id" = String, Path, description = "`lead_…`"), LeadSightParameters),
    responses((status = 200, description = "The lead", body = LeadReply), ErrorsOrMissing)
)]
pub(crate) async fn one(
    State(services): State<Services>,
    caller: Caller,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let viewer = events::Viewer { services: &services, caller: &caller, request_id: &request_id, uri: &uri };
    let sight = viewer.sight()?;
    if sight.expand != Expand::default() {
        let message = "a lead has nothing to expand; its events have: /leads/{id}/events";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", message).about("expand"));
    }
    let lead_id: LeadId = id.parse().map_err(|_| ApiError::not_found("lead"))?;
    let leads = services.lead_finder();
    let found = events::unblock(move || leads.one(lead_id)).await?;
    let found = found.ok_or_else(|| ApiError::not_found("lead"))?;
    viewer.record_reveal(&sight, || Ok(vec![lead_id])).await?;
    let mut body = Vec::new();
    found.write(&sight, &services.policies(), &mut body)?;
    Ok(json(body))
}

/// The timeline of one lead.
#[utoipa::path(
    get,
    path = "/leads/{id}/events",
    tag = "events",
    params(("id" = String, Path, description = "`lead_…`"), EventFilterParameters, WindowParameters, SightParameters),
    responses((status = 200, description = "Oldest first unless asked otherwise", body = EventPage), ErrorsOrMissing)
)]
pub(crate) async fn timeline(
    State(services): State<Services>,
    caller: Caller,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    caller.need(&Scope::Read)?;
    let lead_id: LeadId = id.parse().map_err(|_| ApiError::not_found("lead"))?;
    if services.leads.reader().chain(lead_id).is_empty() {
        return Err(ApiError::not_found("lead"));
    }
    events::page(&services, &caller, &request_id, &uri, EventQuery::timeline(lead_id)).await
}
