//! `/flows`: what leads run through; how a new version is checked, put aside as a draft and
//! published.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use domain::{Dim, DimKind, Flow, FlowId, FlowVersion, Scope};
use engine::{Control, Draft, PublishedFlow};
use readers::ParameterError;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use wire::flow_file::{self, FlowFile, FlowFileError};
use wire::json::ObjectWriter;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::{Errors, ErrorsOrMissing};
use crate::parameters;
use crate::routes::{List, body, list as list_of};

/// A flow, as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlowReply {
    id: String,
    name: String,
    /// The newest version, or the one that was asked for; null as long as there is only a draft.
    #[schema(required)]
    version: Option<u32>,
    /// Whether it takes leads.
    enabled: bool,
    /// Who may submit to it.
    sources: Vec<String>,
    /// What the version keeps in the clear: lists can be filtered by it as `dim.<path>`.
    dims: Vec<DimReply>,
    /// The fields that the version declares: lists can be filtered by `has.<field>` and
    /// `valid.<field>`.
    fields: Vec<String>,
    /// When the version was published.
    #[schema(required)]
    published_at: Option<String>,
    /// The public name of the key that published it, or `system`.
    #[schema(required)]
    published_by: Option<String>,
    /// Whether something else than the newest version is put aside as a draft.
    draft: bool,
    /// Only where one flow is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    document: Option<Box<RawValue>>,
    /// Only as the answer to publishing: whether a new version was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

/// A report dimension of a flow.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DimReply {
    #[schema(example = "lead.state")]
    path: String,
    /// `boolean` or `text`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Every value it can have, where they are few enough to choose from; else null.
    #[schema(required)]
    values: Option<Vec<String>>,
}

impl DimReply {
    fn new(flow: &Flow, dim: &Dim, kind: DimKind) -> DimReply {
        let values = flow.dim_values(dim);
        DimReply {
            path: dim.path.to_string(),
            kind: match kind {
                DimKind::Boolean => "boolean",
                DimKind::Text => "text",
            },
            values: values.map(|values| values.iter().map(ToString::to_string).collect()),
        }
    }
}

impl FlowReply {
    fn new(control: &Control, published: &PublishedFlow) -> FlowReply {
        let flow = &published.flow;
        FlowReply {
            id: flow.id().to_string(),
            name: flow.name().to_owned(),
            version: Some(published.version.0),
            enabled: flow.enabled(),
            sources: flow.sources().iter().map(|source| source.id.to_string()).collect(),
            dims: flow.declared_dims().map(|(dim, kind)| DimReply::new(flow, dim, kind)).collect(),
            fields: flow.fields().iter().map(|field| field.name.to_string()).collect(),
            published_at: Some(published.published_at.to_string()),
            published_by: Some(published.published_by.to_string()),
            draft: control.draft(flow.id()).is_some(),
            document: None,
            changed: None,
        }
    }

    /// Every flow, by id.
    fn all(control: &Control) -> Vec<FlowReply> {
        let mut flows: Vec<_> =
            control.flows().iter().map(|published| FlowReply::new(control, published)).collect();
        let drafts = control.drafts();
        let new = drafts.iter().filter(|(id, _)| control.flow(id).is_none());
        flows.extend(new.map(|(id, draft)| FlowReply::of_draft(id, draft)));
        flows.sort_by(|left, right| left.id.cmp(&right.id));
        flows
    }

    /// A flow that was never published.
    fn of_draft(id: &FlowId, draft: &Draft) -> FlowReply {
        let document: serde_json::Value = serde_json::from_str(&draft.document).unwrap_or_default();
        FlowReply {
            id: id.to_string(),
            name: document["flow"]["name"].as_str().unwrap_or(id.as_str()).to_owned(),
            version: None,
            enabled: false,
            sources: Vec::new(),
            dims: Vec::new(),
            fields: Vec::new(),
            published_at: None,
            published_by: None,
            draft: true,
            document: None,
            changed: None,
        }
    }
}

/// One version of a flow.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionReply {
    version: u32,
    published_at: String,
    /// The public name of a key, or `system`.
    published_by: String,
}

/// What a flow may become.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftReply {
    flow_id: String,
    drafted_at: String,
    /// The public name of a key, or `system`.
    drafted_by: String,
    #[schema(value_type = Object)]
    document: Box<RawValue>,
}

impl DraftReply {
    fn new(id: &FlowId, draft: &Draft) -> Result<DraftReply, ApiError> {
        Ok(DraftReply {
            flow_id: id.to_string(),
            drafted_at: draft.drafted_at.to_string(),
            drafted_by: draft.drafted_by.to_string(),
            document: raw(&draft.document)?,
        })
    }
}

/// Whether a document can be published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckReply {
    ok: bool,
    problems: Vec<ProblemReply>,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ProblemReply {
    /// The first line is 1.
    line: u64,
    message: String,
}

impl ProblemReply {
    /// Appends it as JSON.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.number("line", self.line);
        object.text("message", &self.message);
        object.close();
    }

    pub(crate) fn all(error: &FlowFileError) -> Vec<ProblemReply> {
        let reply = |problem: &flow_file::Problem| ProblemReply {
            line: problem.line,
            message: problem.message.clone(),
        };
        error.problems().iter().map(reply).collect()
    }
}

/// What `GET /flows` lists, for commands that work on a data directory.
pub fn list_flows(control: &Control) -> Vec<serde_json::Value> {
    let as_json = |flow| serde_json::to_value(flow).expect("it has text keys and no maps");
    FlowReply::all(control).into_iter().map(as_json).collect()
}

/// The newest version of every flow, and the drafts of flows that were never published.
#[utoipa::path(
    get,
    path = "/flows",
    tag = "configuration",
    responses((status = 200, description = "By id", body = List<FlowReply>), Errors)
)]
pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<FlowReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    Ok(list_of(FlowReply::all(&services.control)))
}

/// One flow with its document; `?version=` shows an earlier one.
#[utoipa::path(
    get,
    path = "/flows/{flow}",
    tag = "configuration",
    params(("flow" = String, Path, description = "`flow_…`"), ("version" = Option<u32>, Query, description = "An earlier one")),
    responses((status = 200, description = "With its document", body = FlowReply), ErrorsOrMissing)
)]
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
    let id = read_id(&flow)?;
    let published = match version {
        Some(version) => services.control.flow_version(&id, version),
        None => services.control.flow(&id),
    };
    let published = published.ok_or_else(|| ApiError::not_found("flow"))?;
    let document = Some(raw(&published.document)?);
    Ok(Json(FlowReply { document, ..FlowReply::new(&services.control, &published) }))
}

/// The versions of a flow, newest first.
#[utoipa::path(
    get,
    path = "/flows/{flow}/versions",
    tag = "configuration",
    params(("flow" = String, Path, description = "`flow_…`")),
    responses((status = 200, description = "Newest first", body = List<VersionReply>), ErrorsOrMissing)
)]
pub(crate) async fn versions(
    State(services): State<Services>,
    caller: Caller,
    Path(flow): Path<String>,
    uri: Uri,
) -> Result<Json<List<VersionReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    let versions = services.control.flow_versions(&read_id(&flow)?);
    if versions.is_empty() {
        return Err(ApiError::not_found("flow"));
    }
    Ok(list_of(versions.iter().rev().map(|published| VersionReply {
        version: published.version.0,
        published_at: published.published_at.to_string(),
        published_by: published.published_by.to_string(),
    })))
}

/// What is wrong with a document, YAML or JSON; nothing is kept.
#[utoipa::path(
    post,
    path = "/flows/check",
    tag = "configuration",
    request_body(content((Object = "application/json"), (String = "application/yaml")), description = "A flow document, JSON or YAML 1.2 whatever the type says"),
    responses((status = 200, description = "Whether it can be published", body = CheckReply), Errors)
)]
pub(crate) async fn check(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<CheckReply>, ApiError> {
    caller.need_one(&[Scope::Read, Scope::FlowsWrite])?;
    parameters::none(&uri)?;
    let bytes = body(bytes)?;
    let text = text(&bytes)?;
    let read = match caller.need(&Scope::FlowsWrite) {
        Ok(()) => services.engine.read_flow(text).await,
        // Who only reads makes the server ask nobody.
        Err(_) => services.engine.check_flow(text),
    };
    let checked = read.and_then(|file| services.control.check_secrets(&file));
    let problems = checked.map_or_else(|error| ProblemReply::all(&error), |()| Vec::new());
    Ok(Json(CheckReply { ok: problems.is_empty(), problems }))
}

/// What a document may say, as JSON Schema.
#[utoipa::path(
    get,
    path = "/flows/schema",
    tag = "configuration",
    responses(
        (status = 200, description = "JSON Schema of flow documents", content_type = "application/schema+json", body = Object),
        Errors
    )
)]
pub(crate) async fn schema(caller: Caller, uri: Uri) -> Result<Response, ApiError> {
    caller.need_one(&[Scope::Read, Scope::FlowsWrite])?;
    parameters::none(&uri)?;
    let json = HeaderValue::from_static("application/schema+json");
    Ok(([(header::CONTENT_TYPE, json)], flow_file::schema().to_string()).into_response())
}

/// What a flow may become.
#[utoipa::path(
    get,
    path = "/flows/{flow}/draft",
    tag = "configuration",
    params(("flow" = String, Path, description = "`flow_…`")),
    responses((status = 200, description = "The draft", body = DraftReply), ErrorsOrMissing)
)]
pub(crate) async fn draft(
    State(services): State<Services>,
    caller: Caller,
    Path(flow): Path<String>,
    uri: Uri,
) -> Result<Json<DraftReply>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    let id = read_id(&flow)?;
    let draft = services.control.draft(&id).ok_or_else(|| ApiError::not_found("draft"))?;
    Ok(Json(DraftReply::new(&id, &draft)?))
}

/// Puts a document aside as the draft of the flow.
#[utoipa::path(
    put,
    path = "/flows/{flow}",
    tag = "configuration",
    params(("flow" = String, Path, description = "`flow_…`")),
    request_body(content((Object = "application/json"), (String = "application/yaml")), description = "A flow document, JSON or YAML 1.2 whatever the type says"),
    responses((status = 200, description = "The draft", body = DraftReply), ErrorsOrMissing)
)]
pub(crate) async fn put_draft(
    State(services): State<Services>,
    caller: Caller,
    Path(flow): Path<String>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<DraftReply>, ApiError> {
    caller.need(&Scope::FlowsWrite)?;
    parameters::none(&uri)?;
    let id = read_id(&flow)?;
    let file = read_file_of(&services, &id, text(&body(bytes)?)?).await?;
    let draft = services.control.draft_flow(caller.name(), &file).await?;
    Ok(Json(DraftReply::new(&id, &draft)?))
}

/// Publishes the draft of the flow, or the document in the body.
#[utoipa::path(
    post,
    path = "/flows/{flow}/publish",
    tag = "configuration",
    params(("flow" = String, Path, description = "`flow_…`")),
    request_body(content((Object = "application/json"), (String = "application/yaml")), description = "A flow document, JSON or YAML 1.2 whatever the type says"),
    responses((status = 201, description = "A new version", body = FlowReply), (status = 200, description = "Nothing changed", body = FlowReply), ErrorsOrMissing)
)]
pub(crate) async fn publish_one(
    State(services): State<Services>,
    caller: Caller,
    Path(flow): Path<String>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<FlowReply>), ApiError> {
    caller.need(&Scope::FlowsWrite)?;
    parameters::none(&uri)?;
    let id = read_id(&flow)?;
    let bytes = body(bytes)?;
    let file = if bytes.trim_ascii().is_empty() {
        let message = "the flow has no draft; save one with PUT /flows/{flow}, or send the document here";
        let missing = || ApiError::new(StatusCode::NOT_FOUND, "not_found", message);
        let draft = services.control.draft(&id).ok_or_else(missing)?;
        read_file_of(&services, &id, &draft.document).await?
    } else {
        read_file_of(&services, &id, text(&bytes)?).await?
    };
    publish_file(&services, &caller, &file).await
}

/// Publishes a document, YAML or JSON.
#[utoipa::path(
    post,
    path = "/flows",
    tag = "configuration",
    request_body(content((Object = "application/json"), (String = "application/yaml")), description = "A flow document, JSON or YAML 1.2 whatever the type says"),
    responses((status = 201, description = "A new version", body = FlowReply), (status = 200, description = "Nothing changed", body = FlowReply), Errors)
)]
pub(crate) async fn publish(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<FlowReply>), ApiError> {
    caller.need(&Scope::FlowsWrite)?;
    parameters::none(&uri)?;
    let file = read_file(&services, text(&body(bytes)?)?).await?;
    publish_file(&services, &caller, &file).await
}

async fn publish_file(
    services: &Services,
    caller: &Caller,
    file: &FlowFile,
) -> Result<(StatusCode, Json<FlowReply>), ApiError> {
    let published = services.control.publish_flow(caller.name(), file).await?;
    let status = if published.changed { StatusCode::CREATED } else { StatusCode::OK };
    let reply = FlowReply::new(&services.control, &published.flow);
    Ok((status, Json(FlowReply { changed: Some(published.changed), ..reply })))
}

fn read_id(flow: &str) -> Result<FlowId, ApiError> {
    flow.parse().map_err(|_| ApiError::not_found("flow"))
}

fn text(bytes: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(bytes).map_err(|_| ApiError::bad_body("the body is not UTF-8 text"))
}

fn raw(document: &str) -> Result<Box<RawValue>, ApiError> {
    RawValue::from_string(document.to_owned()).map_err(|error| ApiError::internal(&error))
}

async fn read_file(services: &Services, text: &str) -> Result<FlowFile, ApiError> {
    services.engine.read_flow(text).await.map_err(|error| ApiError::invalid_flow(&error))
}

/// A document of the flow that the address names.
async fn read_file_of(services: &Services, id: &FlowId, text: &str) -> Result<FlowFile, ApiError> {
    let file = read_file(services, text).await?;
    let own = file.flow.id();
    if own != id {
        let message = format!("the document is of {own}, the address of {id}");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_flow", message).about("flow.id"));
    }
    Ok(file)
}
