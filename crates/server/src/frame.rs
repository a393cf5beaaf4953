//! What surrounds every request: its id, its time limit, and the form of its errors.

use std::any::Any;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::error;

use crate::Services;
use crate::error::ApiError;
use crate::limits::Limits;
use crate::state::ApiState;

/// The header that names a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: `req_` and 24 hex digits. Always our own, for a client's could be
/// anything, a person's address included, and this one is logged and recorded in the clear.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Gives the request an id, and its error the one shape.
pub(crate) async fn identify(State(services): State<Services>, mut request: Request, next: Next) -> Response {
    let mut random = [0; 12];
    services.entropy.fill(&mut random);
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let id: Arc<str> = format!("req_{hex}").into();
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let is_submission = request.uri().path().ends_with("/submit");
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let mut rendered = error.render(&id);
        // What the routing added, such as Allow, stays.
        for (name, value) in response.headers() {
            if !rendered.headers().contains_key(name) && name != header::CONTENT_LENGTH {
                rendered.headers_mut().append(name, value.clone());
            }
        }
        response = rendered;
    }
    let value = HeaderValue::from_str(&id).expect("hex digits are a header value");
    response.headers_mut().insert(REQUEST_ID, value);
    // The answer to a source is sent as recorded.
    if !is_submission {
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // What may hold personal values stays in no cache.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// Ends a request that takes too long. A lead that was being taken in goes on to its end.
pub(crate) async fn limit_time(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limits.request_time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::timeout().into_response(),
    }
}

/// Measures how long a request takes.
pub(crate) async fn measure(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let _under_way = state.metrics.begin_request();
    let (method, start) = (request.method().clone(), state.services.clock.monotonic());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let took = state.services.clock.monotonic().saturating_sub(start);
    state.metrics.request(&method, route.as_ref().map(MatchedPath::as_str), response.status(), took);
    response
}

/// A bug must not take the connection with it.
pub(crate) fn on_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    // Messages of panics are our own words; those of indexing and unwrapping may quote a value,
    // so only the first is told.
    error!("A request panicked: {}", text.split([':', '`', '"']).next().unwrap_or_default());
    ApiError::panicked().into_response()
}
