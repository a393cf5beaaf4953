//! The API described as OpenAPI 3.1: served at `/openapi.json` and committed as
//! `crates/server/openapi.json`, from which clients and pages have their types.
//!
//! Handlers say beside themselves what they take and answer; `shapes` describes what is written
//! by hand as JSON, `parameters` what lists are asked with, `errors` what any of them may answer.

mod errors;
mod parameters;
mod shapes;

use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, SecurityRequirement};
use utoipa::{Modify, OpenApi as _};

pub(crate) use errors::{Errors, ErrorsOrMissing, Refused};
pub(crate) use parameters::{
    DeadLetterParameters, EventFilterParameters, LeadFilterParameters, LeadSightParameters,
    PendingParameters, ResendParameters, RevealParameters, SaleParameters, SightParameters, StreamParameters,
    SubmitParameters, WindowParameters,
};
pub(crate) use shapes::{
    Answer, EntityRequest, Error, Event, EventPage, FeedbackReply, FeedbackRequest, Health, LeadListPage,
    LeadReply, PingAnswer,
};

use crate::error::ApiError;
use crate::parameters as query;
use crate::state::ApiState;

#[derive(utoipa::OpenApi)]
#[openapi(
    components(schemas(Error)),
    modifiers(&About),
    tags(
        (name = "intake", description = "Leads come in"),
        (name = "events", description = "What happened, masked by default"),
        (name = "leads", description = "What leads came to"),
        (name = "feedback", description = "What buyers report, and waits for a decision"),
        (name = "configuration", description = "Flows, parties and keys"),
        (name = "sessions", description = "How pages are known"),
        (name = "operation", description = "How the process fares"),
    )
)]
struct Document;

/// What is true of the whole document.
struct About;

impl Modify for About {
    fn modify(&self, document: &mut OpenApi) {
        document.info = Info::builder()
            .title("Glassline")
            .description(Some(
                "Takes leads in, runs each through a flow and keeps every moment of it as an event. \
                 JSON at the root of the server's address.",
            ))
            .version(env!("CARGO_PKG_VERSION"))
            .license(Some(
                utoipa::openapi::LicenseBuilder::new()
                    .name("Apache-2.0 OR MIT")
                    .identifier(Some("Apache-2.0 OR MIT"))
                    .build(),
            ))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
        let cookie = ApiKeyValue::with_description(
            "glassline_session",
            "For pages. What is neither GET nor HEAD carries the header `x-glassline: 1` as well.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        for (name, response) in errors::components() {
            components.responses.insert(name.to_owned(), response.into());
        }
        let none: [&str; 0] = [];
        document.security = Some(
            ["bearer", "basic", "session"].map(|scheme| SecurityRequirement::new(scheme, none)).to_vec(),
        );
    }
}

/// What the paths are added to.
pub(crate) fn document() -> OpenApi {
    Document::openapi()
}

/// The document as it is served and committed.
pub(crate) fn to_json(mut document: OpenApi) -> String {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(operation_id(method, path));
            }
        }
    }
    let mut text = document.to_pretty_json().expect("a document of texts and numbers is JSON");
    text.push('\n');
    text
}

/// A name for an operation, unique because method and address are.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |id, word| id + "_" + word)
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operation",
    security(()),
    responses((status = 200, description = "The description of the API", body = Object), Errors)
)]
pub(crate) async fn openapi_json(State(state): State<ApiState>, uri: Uri) -> Result<Response, ApiError> {
    query::none(&uri)?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], state.openapi.to_string()).into_response())
}
