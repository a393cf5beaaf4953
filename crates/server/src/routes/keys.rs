//! `/keys`: who may do what. For administrators only.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use domain::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::{Errors, ErrorsOrMissing};
use crate::parameters;
use crate::routes::{List, body, json_body, list as list_of};

/// Longest label of a key.
const LABEL_CHARS_MAX: usize = 100;

/// A key, as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyReply {
    name: String,
    label: String,
    scopes: Vec<String>,
    /// Only when it was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// What a client asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    #[serde(default)]
    label: String,
    scopes: Vec<String>,
}

/// Every key, without its secret.
#[utoipa::path(
    get,
    path = "/keys",
    tag = "configuration",
    responses((status = 200, description = "By name, never with a secret", body = List<KeyReply>), Errors)
)]
pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<KeyReply>>, ApiError> {
    caller.need(&Scope::Admin)?;
    parameters::none(&uri)?;
    Ok(list_of(services.control.keys().iter().map(|key| KeyReply {
        name: key.name.to_string(),
        label: key.label.to_string(),
        scopes: key.scopes.iter().map(ToString::to_string).collect(),
        secret: None,
    })))
}

/// Makes a key. Its secret is told here and never again.
#[utoipa::path(
    post,
    path = "/keys",
    tag = "configuration",
    request_body = KeyRequest,
    responses((status = 201, description = "With its secret, this once", body = KeyReply), Errors)
)]
pub(crate) async fn create(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<KeyReply>), ApiError> {
    caller.need(&Scope::Admin)?;
    parameters::none(&uri)?;
    let KeyRequest { label, scopes: words } = json_body(&body(bytes)?)?;
    if label.chars().count() > LABEL_CHARS_MAX {
        let message = format!("at most {LABEL_CHARS_MAX} characters fit");
        return Err(ApiError::bad_body(message).about("label"));
    }
    if words.is_empty() {
        return Err(ApiError::bad_body("a key has at least one scope").about("scopes"));
    }
    let scopes = words
        .iter()
        .map(|word| {
            word.parse::<Scope>().map_err(|error| ApiError::bad_body(error.to_string()).about("scopes"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let made = services.control.create_key(caller.name(), &label, scopes).await?;
    let reply = KeyReply { name: made.name.to_string(), label, scopes: words, secret: Some(made.secret) };
    Ok((StatusCode::CREATED, Json(reply)))
}

/// Takes a key back.
#[utoipa::path(
    delete,
    path = "/keys/{name}",
    tag = "configuration",
    params(("name" = String, Path, description = "`key_…`")),
    responses((status = 204, description = "It is taken back"), ErrorsOrMissing)
)]
pub(crate) async fn revoke(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
) -> Result<StatusCode, ApiError> {
    caller.need(&Scope::Admin)?;
    parameters::none(&uri)?;
    if services.control.revoke_key(caller.name(), &name).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("key"))
    }
}
