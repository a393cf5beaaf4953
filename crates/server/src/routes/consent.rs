//! `POST /leads/{id}/revoke-consent`: a person withdraws consent.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Method, Uri};
use domain::{LeadId, Scope};
use engine::{FeedbackError, Revoke, Revoked};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::RemoteAddress;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::intake::{Circumstances, evidence};
use crate::openapi::ErrorsOrMissing;
use crate::parameters;
use crate::routes::feedback::queue::read_reason;
use crate::routes::{body, json_body};
use crate::state::ApiState;

/// Why consent is withdrawn.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeRequest {
    /// In the words of whoever reports it; sealed.
    reason: Option<String>,
}

/// A lead whose person withdrew consent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevokeReply {
    /// The event that says so.
    event_id: String,
    lead_id: String,
    /// Whether it was withdrawn before.
    repeated: bool,
    /// The buyers that have the lead, or may have it.
    buyers: Vec<RevokedBuyer>,
}

/// A buyer that has a lead whose person withdrew consent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevokedBuyer {
    entity_id: String,
    step_id: String,
    delivery_id: String,
    /// `flow`: the flow says how it is told, and it will be. `nobody`: somebody has to tell it.
    told_by: &'static str,
}

/// A person withdraws consent: no step and no retry sends the lead anywhere any more, and the buyers that have it
/// are told. The scope is `privacy:erase`.
#[utoipa::path(
    post,
    path = "/leads/{id}/revoke-consent",
    tag = "leads",
    params(("id" = String, Path, description = "`lead_…`")),
    request_body(content = Option<RevokeRequest>),
    responses((status = 200, description = "It is durable, whether or not it was withdrawn before", body = RevokeReply), ErrorsOrMissing)
)]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    Extension(RequestId(request_id)): Extension<RequestId>,
    remote: Option<Extension<RemoteAddress>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<RevokeReply>, ApiError> {
    caller.need(&Scope::PrivacyErase)?;
    parameters::none(&uri)?;
    let bytes = body(bytes)?;
    let RevokeRequest { reason } =
        if bytes.is_empty() { RevokeRequest::default() } else { json_body(&bytes)? };
    let lead_id: LeadId = id.parse().map_err(|_| ApiError::not_found("lead"))?;
    let around =
        Circumstances { remote: remote.map(|Extension(remote)| remote.0), key_name: Some(caller.name()) };
    let revoke = Revoke {
        lead_id,
        reason: read_reason(reason)?,
        request: evidence(&Method::POST, &uri, &headers, around, &bytes),
        request_id: Some(request_id),
    };
    let Revoked { event_id, buyers, repeated } =
        state.services.engine.revoke_consent(revoke).await.map_err(|error| match error {
            FeedbackError::Unknown => ApiError::not_found("lead"),
            error => error.into(),
        })?;
    let buyers = buyers.into_iter().map(|buyer| RevokedBuyer {
        entity_id: buyer.entity_id.to_string(),
        step_id: buyer.step_id.to_string(),
        delivery_id: buyer.delivery_id.to_string(),
        told_by: if buyer.by_flow { "flow" } else { "nobody" },
    });
    Ok(Json(RevokeReply {
        event_id: event_id.to_string(),
        lead_id: lead_id.to_string(),
        repeated,
        buyers: buyers.collect(),
    }))
}
