//! `/flows`: what leads run through, and how a new version is published.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use domain::{FlowId, FlowVersion, Scope};
use engine::PublishedFlow;
use readers::ParameterError;
use serde::Serialize;
use serde_json::value::RawValue;
use wire::flow_file::FlowFile;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::parameters;
use crate::routes::{List, body, list as list_of};

/// A published flow, as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct FlowReply {
    id: String,
    name: String,
    version: u32,
    enabled: bool,
    sources: Vec<String>,
    /// Only where one flow is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Box<RawValue>>,
    /// Only as the answer to publishing: whether a new version was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

impl FlowReply {
    fn new(published: &PublishedFlow) -> FlowReply {
        let flow = &published.flow;
        FlowReply {
            id: flow.id().to_string(),
            name: flow.name().to_owned(),
            version: published.version.0,
            enabled: flow.enabled(),
            sources: flow.sources().iter().map(|source| source.id.to_string()).collect(),
            document: None,
            changed: None,
        }
    }
}

pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<FlowReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    Ok(list_of(services.control.flows().iter().map(|published| FlowReply::new(published))))
}

/// One flow with its document; `?version=` shows an earlier one.
pub(crate) async fn one(
    State(services): State<Services>,
    caller: Caller,
    Path(flow): Path<String>,
    uri: Uri,
) -> Result<Json<FlowReply>, ApiError> {
    caller.need(&Scope::Read)?;
    let mut version = None;
    parameters::read(&uri, &["version"], |name, value| {
        if name != "version" {
            return Ok(false);
        }
        let message = "write the number of a version".to_owned();
        version = Some(
            value.parse().map(FlowVersion).map_err(|_| ParameterError { name: name.to_owned(), message })?,
        );
        Ok(true)
    })?;
    let id: FlowId = flow.parse().map_err(|_| ApiError::not_found("flow"))?;
    let published = match version {
        Some(version) => services.control.flow_version(&id, version),
        None => services.control.flow(&id),
    };
    let published = published.ok_or_else(|| ApiError::not_found("flow"))?;
    let document =
        RawValue::from_string(published.document.to_string()).map_err(|error| ApiError::internal(&error))?;
    Ok(Json(FlowReply { document: Some(document), ..FlowReply::new(&published) }))
}

/// Publishes a document, YAML or JSON: 201 for a new version, 200 when nothing changed.
pub(crate) async fn publish(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<FlowReply>), ApiError> {
    caller.need(&Scope::FlowsWrite)?;
    parameters::none(&uri)?;
    let bytes = body(bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::bad_body("the body is not UTF-8 text"))?;
    let file = FlowFile::read(text)
        .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "invalid_flow", error.to_string()))?;
    let published = services.control.publish_flow(caller.name(), &file).await?;
    let status = if published.changed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(FlowReply { changed: Some(published.changed), ..FlowReply::new(&published.flow) })))
}
