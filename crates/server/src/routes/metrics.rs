//! `/metrics`: how the process fares, for Prometheus.

use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use domain::Scope;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::metrics::MEDIA_TYPE;
use crate::openapi::Errors;
use crate::parameters;
use crate::state::ApiState;

/// All metrics.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = 200, description = "Metrics as Prometheus reads them", content_type = "application/openmetrics-text", body = String), Errors)
)]
pub(crate) async fn metrics(
    State(state): State<ApiState>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    let text = state.metrics.text().map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], text).into_response())
}
