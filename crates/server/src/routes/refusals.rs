//! `/refusals`: submissions that made no lead, newest first.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::Errors;
use crate::parameters;
use crate::routes::{List, list as list_of};
use crate::state::ApiState;

/// A submission that made no lead.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusalReply {
    at: String,
    /// The flow that the address named.
    flow: String,
    /// The source that the address named.
    source: String,
    status: u16,
    /// Why, without anything that it held.
    reason: String,
    request_id: String,
    /// Address and port it came from.
    #[schema(required)]
    remote: Option<String>,
}

/// The newest thousand.
#[utoipa::path(
    get,
    path = "/refusals",
    tag = "operation",
    responses((status = 200, description = "Newest first, at most a thousand", body = List<RefusalReply>), Errors)
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<RefusalReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    Ok(list_of(state.refusals.newest_first().into_iter().map(|refused| RefusalReply {
        at: refused.at.to_string(),
        flow: refused.flow,
        source: refused.source,
        status: refused.status.as_u16(),
        reason: refused.reason,
        request_id: refused.request_id.to_string(),
        remote: refused.remote.map(|remote| remote.to_string()),
    })))
}
