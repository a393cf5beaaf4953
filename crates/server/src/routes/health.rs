//! Whether the process runs, and whether it can take leads. Open to everybody.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Services;
use crate::error::ApiError;
use crate::openapi::{Errors, Health};

/// The process runs.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    security(()),
    responses((status = 200, description = "The process runs", body = Health), Errors)
)]
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Leads can be recorded.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    security(()),
    responses((status = 200, description = "Leads can be recorded", body = Health), Errors)
)]
pub(crate) async fn readyz(State(services): State<Services>) -> Result<Json<Value>, ApiError> {
    match services.leads.stopped().or_else(|| services.control.ledger().stopped()) {
        None => Ok(Json(json!({ "status": "ready" }))),
        Some(stopped) => Err(ApiError::unavailable(&stopped)),
    }
}
