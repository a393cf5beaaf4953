//! `/entities`: who sends leads, buys them or adds to them, who is paused, and what holds for them in all
//! flows.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use domain::{EntityId, Scope};
use engine::{CircuitPosition, CircuitStanding, Control, Engine, Entity};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use wire::flow_file::EntityFile;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::{EntityRequest, Errors, ErrorsOrMissing};
use crate::parameters;
use crate::routes::{List, body, json_body, list as list_of};

/// A party, as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntityReply {
    id: String,
    /// `source`, `buyer` or `service`.
    kind: &'static str,
    name: String,
    /// Whether nothing is taken from, or sent to, it at the moment.
    paused: bool,
    /// The flows whose newest versions name it.
    flows: Vec<String>,
    /// How often it sends, or is asked, in all flows together, as in a flow file; null means as often as comes.
    #[schema(required, value_type = Option<Object>)]
    limits: Option<Value>,
    /// When it is left alone for a while because it gives no usable answers, as in a flow file; null means never.
    #[schema(required, value_type = Option<Object>)]
    circuit: Option<Value>,
    /// How its circuit stands; null where it has none.
    #[schema(required)]
    circuit_state: Option<CircuitReply>,
    /// Whose clocks count for its hours and caps; null means those of the flow, and of UTC.
    #[schema(required)]
    time_zone: Option<String>,
    /// When it takes part, as in a flow file; null means always.
    #[schema(required, value_type = Option<Object>)]
    hours: Option<Value>,
    /// How many leads it sends or takes in all flows, or what they cost, as in a flow file.
    #[schema(value_type = Vec<Object>)]
    caps: Vec<Value>,
}

/// How the circuit of a party stands. In memory: a start begins with closed circuits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CircuitReply {
    /// `closed`: all calls are let through; `open`: none; `half_open`: one, whose end closes or opens it.
    state: &'static str,
    /// Errors in a row by now, while it is closed.
    errors: u32,
    /// When one call is let through, while it is open.
    #[schema(required)]
    until: Option<String>,
    /// How often it opened since the server started.
    opened: u64,
}

impl From<CircuitStanding> for CircuitReply {
    fn from(standing: CircuitStanding) -> CircuitReply {
        let CircuitStanding { entity_id: _, position, errors, opened } = standing;
        let until = match position {
            CircuitPosition::Open { until } => Some(until.to_string()),
            CircuitPosition::Closed | CircuitPosition::HalfOpen => None,
        };
        CircuitReply { state: position.as_str(), errors, until, opened }
    }
}

impl EntityReply {
    fn new(entity: &Entity, parties: &Parties, engine: &Engine) -> EntityReply {
        let settings: Value = serde_json::from_str(&entity.settings_document).unwrap_or_default();
        EntityReply {
            id: entity.id.to_string(),
            kind: entity.kind.as_str(),
            name: entity.name.to_string(),
            paused: entity.paused,
            flows: parties.0.get(&*entity.id.to_string()).into_iter().flatten().cloned().collect(),
            limits: settings.get("limits").filter(|limits| !limits.is_null()).cloned(),
            circuit: settings.get("circuit").filter(|circuit| !circuit.is_null()).cloned(),
            circuit_state: engine.circuit(&entity.id).map(CircuitReply::from),
            time_zone: entity.settings.time_zone.as_ref().map(ToString::to_string),
            hours: settings.get("hours").filter(|hours| !hours.is_null()).cloned(),
            caps: settings.get("caps").and_then(Value::as_array).cloned().unwrap_or_default(),
        }
    }
}

/// The flows in which each party takes part.
struct Parties(BTreeMap<String, BTreeSet<String>>);

impl Parties {
    /// Reads the newest version of every flow: wherever a document names a party, it does so
    /// under the key `entity`.
    fn of(control: &Control) -> Parties {
        let mut parties = Parties(BTreeMap::new());
        for published in control.flows() {
            let flow_id = published.flow.id().to_string();
            if let Ok(document) = serde_json::from_str::<Value>(&published.document) {
                parties.add(&flow_id, &document["flow"]);
            }
        }
        parties
    }

    fn add(&mut self, flow_id: &str, part: &Value) {
        match part {
            Value::Object(members) => {
                for (key, value) in members {
                    match value {
                        Value::String(id) if key == "entity" => {
                            self.0.entry(id.clone()).or_default().insert(flow_id.to_owned());
                        }
                        _ => self.add(flow_id, value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add(flow_id, item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Every party.
#[utoipa::path(
    get,
    path = "/entities",
    tag = "configuration",
    responses((status = 200, description = "By id", body = List<EntityReply>), Errors)
)]
pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<EntityReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    let parties = Parties::of(&services.control);
    Ok(list_of(
        services.control.entities().iter().map(|entity| EntityReply::new(entity, &parties, &services.engine)),
    ))
}

/// One party.
#[utoipa::path(
    get,
    path = "/entities/{id}",
    tag = "configuration",
    params(("id" = String, Path, description = "`src_…`, `buyer_…` or `svc_…`")),
    responses((status = 200, description = "The party", body = EntityReply), ErrorsOrMissing)
)]
pub(crate) async fn one(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<EntityReply>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    let entity = services.control.entity(&read_id(&id)?).ok_or_else(not_found)?;
    Ok(Json(EntityReply::new(&entity, &Parties::of(&services.control), &services.engine)))
}

/// Gives a party another name, hours, caps, limits and circuit. Nothing is published for it, and it has effect at once.
/// A cap whose maximum changes goes on with its count; one whose period changes begins anew.
#[utoipa::path(
    put,
    path = "/entities/{id}",
    tag = "configuration",
    params(("id" = String, Path, description = "`src_…`, `buyer_…` or `svc_…`")),
    request_body(content = EntityRequest),
    responses((status = 200, description = "The party, whether or not it changed", body = EntityReply), ErrorsOrMissing)
)]
pub(crate) async fn put(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<EntityReply>, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    parameters::none(&uri)?;
    let id = read_id(&id)?;
    let mut settings: serde_json::Map<String, Value> = json_body(&body(bytes)?)?;
    let invalid = |message: String| ApiError::new(StatusCode::BAD_REQUEST, "invalid_entity", message);
    let name = match settings.remove("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(invalid("a name is text".to_owned()).about("name")),
    };
    if let Some(name) = &name
        && (name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control))
    {
        return Err(invalid("a name has 1 to 200 characters on one line".to_owned()).about("name"));
    }
    let entity = services.control.entity(&id).ok_or_else(not_found)?;
    let stands: serde_json::Map<String, Value> =
        serde_json::from_str(&entity.settings_document).map_err(|error| ApiError::internal(&error))?;
    // Or whoever sets one of them would take the others away, caps among them.
    for (key, value) in stands {
        settings.entry(key).or_insert(value);
    }
    let file = EntityFile::read(&id, &Value::Object(settings).to_string()).map_err(|error| {
        // The document is one line.
        let told: Vec<&str> = error.problems().iter().map(|problem| problem.message.as_str()).collect();
        invalid(told.join("; "))
    })?;
    let changed =
        services.control.change_entity(caller.name(), &id, name.map(Into::into), Some(file)).await?;
    let entity = changed.ok_or_else(not_found)?;
    Ok(Json(EntityReply::new(&entity, &Parties::of(&services.control), &services.engine)))
}

/// Takes a party out until it is resumed.
#[utoipa::path(
    post,
    path = "/entities/{id}/pause",
    tag = "configuration",
    params(("id" = String, Path, description = "`src_…`, `buyer_…` or `svc_…`")),
    responses((status = 200, description = "The party, whether or not it changed", body = EntityReply), ErrorsOrMissing)
)]
pub(crate) async fn pause(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<EntityReply>, ApiError> {
    change(&services, &caller, &uri, &id, Change::Pause).await
}

/// Lets a party take part again.
#[utoipa::path(
    post,
    path = "/entities/{id}/resume",
    tag = "configuration",
    params(("id" = String, Path, description = "`src_…`, `buyer_…` or `svc_…`")),
    responses((status = 200, description = "The party, whether or not it changed", body = EntityReply), ErrorsOrMissing)
)]
pub(crate) async fn resume(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<EntityReply>, ApiError> {
    change(&services, &caller, &uri, &id, Change::Resume).await
}

/// What becomes of a party.
#[derive(Debug, Clone, Copy)]
enum Change {
    Pause,
    Resume,
}

async fn change(
    services: &Services,
    caller: &Caller,
    uri: &Uri,
    id: &str,
    change: Change,
) -> Result<Json<EntityReply>, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    parameters::none(uri)?;
    let (control, id) = (&services.control, read_id(id)?);
    let entity = match change {
        Change::Pause => control.pause_entity(caller.name(), &id).await?,
        Change::Resume => control.resume_entity(caller.name(), &id).await?,
    };
    let entity = entity.ok_or_else(not_found)?;
    Ok(Json(EntityReply::new(&entity, &Parties::of(control), &services.engine)))
}

fn read_id(id: &str) -> Result<EntityId, ApiError> {
    id.parse().map_err(|_| not_found())
}

fn not_found() -> ApiError {
    ApiError::not_found("entity")
}
