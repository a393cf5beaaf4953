//! `/leads/{id}/events`: the timeline of one lead, oldest first.

use axum::extract::{Extension, Path, State};
use axum::http::Uri;
use axum::response::Response;
use domain::{LeadId, Scope};
use readers::EventQuery;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::openapi::{ErrorsOrMissing, EventListParameters, EventPage, SightParameters};
use crate::routes::events;

/// The timeline of one lead.
#[utoipa::path(
    get,
    path = "/leads/{id}/events",
    tag = "events",
    params(("id" = String, Path, description = "`lead_…`"), EventListParameters, SightParameters),
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
