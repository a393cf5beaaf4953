//! All addresses of the API.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::frame::{identify, limit_time, measure, on_panic};
use crate::intake::BODY_BYTES_MAX;
use crate::openapi::{self, document, to_json};
use crate::routes::{
    caps, consent, dead_letters, entities, events, explain, feedback, flows, health, keys, leads, lists,
    metrics, ping, refusals, secrets, session, stream, submit, vocabulary,
};
use crate::services::Services;
use crate::state::{Api, ApiState};
use crate::ui::pages;

/// The whole API, as production uses it.
pub fn router(services: Services) -> Router {
    Api::new(services).router()
}

/// The addresses of the API with pages beside them, and what surrounds every request.
pub(crate) fn surround(routes: Router<ApiState>, state: ApiState) -> Router {
    routes
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

/// All addresses of the API, and their description as JSON. Only pages are routed elsewhere.
pub(crate) fn documented() -> (Router<ApiState>, Arc<str>) {
    let (schemas, paths, submit) = routes!(submit::get, submit::post);
    let (ping_schemas, ping_paths, ping) = routes!(ping::get, ping::post);
    let router = OpenApiRouter::with_openapi(document())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes((schemas, paths, submit.fallback(submit::submit)))
        .routes((ping_schemas, ping_paths, ping.fallback(ping::ping)))
        .routes(routes!(events::of_flow))
        .routes(routes!(events::all))
        .routes(routes!(stream::live))
        .routes(routes!(events::one))
        .routes(routes!(leads::list))
        .routes(routes!(leads::one))
        .routes(routes!(leads::timeline))
        .routes(routes!(explain::explain))
        .routes(routes!(consent::revoke))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::resend))
        .routes(routes!(feedback::queue::list, feedback::feedback))
        .routes(routes!(feedback::queue::approve))
        .routes(routes!(feedback::queue::decline))
        .routes(routes!(flows::list, flows::publish))
        .routes(routes!(flows::check))
        .routes(routes!(flows::schema))
        .routes(routes!(flows::one, flows::put_draft))
        .routes(routes!(flows::versions))
        .routes(routes!(flows::draft))
        .routes(routes!(flows::publish_one))
        .routes(routes!(vocabulary::types))
        .routes(routes!(vocabulary::fields))
        .routes(routes!(entities::list))
        .routes(routes!(entities::one, entities::put))
        .routes(routes!(entities::pause))
        .routes(routes!(entities::resume))
        .routes(routes!(caps::list))
        .routes(routes!(lists::list))
        .routes(routes!(lists::one, lists::put, lists::delete))
        .routes(routes!(lists::add, lists::remove))
        .routes(routes!(lists::check))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::put, secrets::remove))
        .routes(routes!(session::show, session::begin, session::end))
        .routes(routes!(refusals::list))
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi::openapi_json));
    let (router, document) = router.split_for_parts();
    (router, to_json(document).into())
}

async fn not_found() -> ApiError {
    ApiError::not_found("address")
}

async fn method_not_allowed() -> ApiError {
    let message = "this address does not take this method; the header Allow names those it takes";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
