//! `/secrets`: words that other parties know the installation by. They are set, replaced and taken away
//! here, and never told.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use domain::{Scope, SecretName, SecretValue};
use engine::{Control, Secret};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::{Errors, ErrorsOrMissing};
use crate::parameters;
use crate::routes::{List, body, list as list_of};

/// A secret, as the API shows it: never with its value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretReply {
    #[schema(example = "south")]
    name: String,
    /// Which value of it, from 1.
    version: u32,
    set_at: String,
    /// The public name of the key that set it, or `system`.
    set_by: String,
    /// The flows whose newest versions list it.
    flows: Vec<String>,
}

impl SecretReply {
    fn new(secret: &Secret, flows: &Flows) -> SecretReply {
        SecretReply {
            name: secret.name.to_string(),
            version: secret.version,
            set_at: secret.set_at.to_string(),
            set_by: secret.set_by.to_string(),
            flows: flows.0.get(&secret.name).cloned().unwrap_or_default(),
        }
    }
}

/// The flows that list each secret, by id.
struct Flows(BTreeMap<SecretName, Vec<String>>);

impl Flows {
    fn of(control: &Control) -> Flows {
        let mut flows: BTreeMap<SecretName, Vec<String>> = BTreeMap::new();
        for published in control.flows() {
            for name in &published.secrets {
                flows.entry(name.clone()).or_default().push(published.flow.id().to_string());
            }
        }
        Flows(flows)
    }
}

/// What a client sends.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "described here, read by hand: no error may repeat a part of it")]
pub(crate) struct SecretRequest {
    /// One line of 4 to 4096 characters without blanks at its ends.
    #[schema(write_only)]
    value: String,
}

/// What `GET /secrets` lists, for commands that work on a data directory.
pub fn list_secrets(control: &Control) -> Vec<Value> {
    let flows = Flows::of(control);
    let reply = |secret: &Secret| {
        serde_json::to_value(SecretReply::new(secret, &flows)).expect("it has text keys and no maps")
    };
    control.secrets().iter().map(reply).collect()
}

/// Every secret that is set: names and versions, never a value.
#[utoipa::path(
    get,
    path = "/secrets",
    tag = "configuration",
    responses((status = 200, description = "By name, never with a value", body = List<SecretReply>), Errors)
)]
pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<SecretReply>>, ApiError> {
    caller.need_one(&[Scope::Read, Scope::FlowsWrite])?;
    parameters::none(&uri)?;
    let (secrets, flows) = (services.control.secrets(), Flows::of(&services.control));
    Ok(list_of(secrets.iter().map(|secret| SecretReply::new(secret, &flows))))
}

/// Sets a secret, or gives it a new value. The next request of a flow is made with it; the value before
/// is destroyed an hour later.
#[utoipa::path(
    put,
    path = "/secrets/{name}",
    tag = "configuration",
    params(("name" = String, Path, description = "1 to 64 of a-z, 0-9 and _")),
    request_body = SecretRequest,
    responses(
        (status = 201, description = "It is set for the first time", body = SecretReply),
        (status = 200, description = "It has a new value", body = SecretReply),
        Errors
    )
)]
pub(crate) async fn put(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<SecretReply>), ApiError> {
    caller.need(&Scope::FlowsWrite)?;
    parameters::none(&uri)?;
    let name: SecretName = name.parse().map_err(|_| {
        ApiError::bad_body("the name of a secret has 1 to 64 of a-z, 0-9 and _").about("name")
    })?;
    let value = value(&body(bytes)?)?;
    let secret = services.control.set_secret(caller.name(), &name, value).await?;
    let status = if secret.version == 1 { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(SecretReply::new(&secret, &Flows::of(&services.control)))))
}

/// Takes a secret away: steps that name it are skipped from then on. Its value is destroyed an hour
/// later.
#[utoipa::path(
    delete,
    path = "/secrets/{name}",
    tag = "configuration",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is taken away"), ErrorsOrMissing)
)]
pub(crate) async fn remove(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
) -> Result<StatusCode, ApiError> {
    caller.need(&Scope::FlowsWrite)?;
    parameters::none(&uri)?;
    let missing = || ApiError::not_found("secret");
    let name: SecretName = name.parse().map_err(|_| missing())?;
    if services.control.remove_secret(caller.name(), &name).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(missing())
    }
}

/// The value of `{"value": "…"}`. What is wrong is told without a word of what was sent, which may be
/// the secret itself in another form.
fn value(bytes: &[u8]) -> Result<SecretValue, ApiError> {
    let wrong = || ApiError::bad_body("send the value as {\"value\": \"…\"}, a text and nothing else");
    let Ok(Value::Object(mut members)) = serde_json::from_slice(bytes) else { return Err(wrong()) };
    let Some(Value::String(text)) = members.remove("value") else { return Err(wrong().about("value")) };
    if !members.is_empty() {
        return Err(wrong());
    }
    text.parse().map_err(|fault: domain::SecretFault| ApiError::bad_body(fault.to_string()).about("value"))
}
