//! `/session`: pages show a key once and are known by a cookie from then on.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Caller, Identity, identify};
use crate::error::ApiError;
use crate::openapi::Errors;
use crate::parameters;
use crate::routes::{body, json_body};
use crate::session::{cookie, word};
use crate::state::ApiState;

/// The key to be known by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionRequest {
    /// `gl_…`
    key: String,
}

/// Who asks, and what is asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionReply {
    key: SessionKey,
    /// Of this server.
    version: &'static str,
    /// Whether the data is that of a demo.
    demo: bool,
}

/// The key behind a session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionKey {
    /// `key_…`
    name: String,
    label: String,
    scopes: Vec<String>,
}

/// Begins a session.
#[utoipa::path(
    post,
    path = "/session",
    tag = "sessions",
    security(()),
    request_body = SessionRequest,
    responses((status = 204, description = "The cookie `glassline_session` is set for 12 hours"), Errors)
)]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    uri: Uri,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    parameters::none(&uri)?;
    // Pages of other sites can send forms and plain text here, but not this type: none of them can
    // make a browser known by a key of theirs.
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let message = "send the key as application/json";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_body", message));
    }
    let SessionRequest { key } = json_body(&body(bytes)?)?;
    let services = &state.services;
    let key = services
        .control
        .authenticate(&key)
        .ok_or_else(|| ApiError::unauthorized("the key is not known, or was revoked"))?;
    let word = state.sessions.begin(&key.name, services.clock.monotonic(), &*services.entropy);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(Some(&word)))]).into_response())
}

/// Who asks.
#[utoipa::path(
    get,
    path = "/session",
    tag = "sessions",
    responses((status = 200, description = "Who asks", body = SessionReply), Errors)
)]
pub(crate) async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<SessionReply>, ApiError> {
    parameters::none(&uri)?;
    let key = caller.key();
    let key = SessionKey {
        name: key.name.to_string(),
        label: key.label.to_string(),
        scopes: key.scopes.iter().map(ToString::to_string).collect(),
    };
    Ok(Json(SessionReply { key, version: env!("CARGO_PKG_VERSION"), demo: state.demo }))
}

/// Ends the session that the request names, if there is one.
#[utoipa::path(
    delete,
    path = "/session",
    tag = "sessions",
    security(()),
    responses((status = 204, description = "There is no session any more"), Errors)
)]
pub(crate) async fn end(
    State(state): State<ApiState>,
    uri: Uri,
    request: axum::extract::Request,
) -> Result<Response, ApiError> {
    parameters::none(&uri)?;
    if let Identity::Forged = identify(&state, request.method(), request.headers()) {
        return Err(ApiError::forged());
    }
    if let Some(word) = word(request.headers()) {
        state.sessions.end(word);
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(None))]).into_response())
}
