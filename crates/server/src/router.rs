//! All addresses of the API.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, delete, get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::ApiError;
use crate::frame::{identify, limit_time, measure, on_panic};
use crate::intake::BODY_BYTES_MAX;
use crate::routes::{entities, events, flows, health, keys, leads, metrics, refusals, session, submit};
use crate::services::Services;
use crate::state::{Api, ApiState};
use crate::ui::pages;

/// The whole API, as production uses it.
pub fn router(services: Services) -> Router {
    Api::new(services).router()
}

/// All addresses over what they share.
pub(crate) fn build(state: ApiState) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/flows/{flow}/sources/{source}/submit", any(submit::submit))
        .route("/flows/{flow}/events", get(events::of_flow))
        .route("/events", get(events::all))
        .route("/events/{id}", get(events::one))
        .route("/leads/{id}/events", get(leads::timeline))
        .route("/flows", get(flows::list).post(flows::publish))
        .route("/flows/check", post(flows::check))
        .route("/flows/{flow}", get(flows::one).put(flows::put_draft))
        .route("/flows/{flow}/versions", get(flows::versions))
        .route("/flows/{flow}/draft", get(flows::draft))
        .route("/flows/{flow}/publish", post(flows::publish_one))
        .route("/entities", get(entities::list))
        .route("/entities/{id}", get(entities::one))
        .route("/entities/{id}/pause", post(entities::pause))
        .route("/entities/{id}/resume", post(entities::resume))
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{name}", delete(keys::revoke))
        .route("/session", get(session::show).post(session::begin).delete(session::end))
        .route("/refusals", get(refusals::list))
        .route("/metrics", get(metrics::metrics))
        .merge(pages())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(state.clone(), limit_time))
        .layer(CatchPanicLayer::custom(on_panic))
        .layer(from_fn_with_state(state.clone(), measure))
        .layer(from_fn_with_state(state.clone(), identify))
        .with_state(state)
}

async fn not_found() -> ApiError {
    ApiError::not_found("address")
}

async fn method_not_allowed() -> ApiError {
    let message = "this address does not take this method; the header Allow names those it takes";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
