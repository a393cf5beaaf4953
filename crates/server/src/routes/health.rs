//! Whether the process runs, and whether it can take leads. Open to everybody.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Services;
use crate::error::ApiError;

/// The process runs.
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Leads can be recorded.
pub(crate) async fn readyz(State(services): State<Services>) -> Result<Json<Value>, ApiError> {
    match services.leads.stopped().or_else(|| services.control.ledger().stopped()) {
        None => Ok(Json(json!({ "status": "ready" }))),
        Some(stopped) => Err(ApiError::unavailable(&stopped)),
    }
}
