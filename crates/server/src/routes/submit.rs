//! `GET` and `POST /flows/{flow}/sources/{source}/submit`: a lead comes in, and is answered when
//! its events are durable.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Extension, FromRequest as _, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use domain::{EntityId, FlowId, Lead, Scope, SourceId};
use engine::{IdempotencyKey, PublishedFlow, Submission, SubmitError};
use ledger::RecordError;

use crate::RemoteAddress;
use crate::auth::{Identity, identify};
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::intake::{
    BODY_BYTES_MAX, Circumstances, IDEMPOTENCY_KEY_BYTES_MAX, Refusal, ReplyWish, evidence, is_set,
    read_lead, read_parameters, read_reply, write_reply,
};
use crate::openapi::{Answer, Refused, SubmitParameters};
use crate::refusals::RefusedSubmission;
use crate::state::ApiState;

/// Makes a submission one lead however often it is sent.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A lead comes in with its parameters in the body, the query over them.
#[utoipa::path(
    post,
    path = "/flows/{flow}/sources/{source}/submit",
    tag = "intake",
    security((), ("bearer" = []), ("basic" = []), ("session" = [])),
    params(("flow" = String, Path, description = "`flow_…`"), ("source" = String, Path, description = "`src_…`"), ("Idempotency-Key" = Option<String>, Header, description = "Makes the submission one lead however often it is sent within 24 hours; at most 255 bytes"), SubmitParameters),
    request_body(
        content((Object = "application/json"), (Object = "application/x-www-form-urlencoded")),
        description = "At most 1 MiB and 500 parameters"
    ),
    responses(
        (status = 201, description = "The outcome, whatever it is; every event is durable", body = Answer),
        (status = 303, description = "With `redir_url`: the same", body = Answer),
        (status = 422, description = "With `strict`: failure", body = Answer),
        (status = 502, description = "With `strict`: error", body = Answer),
        Refused
    )
)]
pub(crate) async fn post(
    state: State<ApiState>,
    names: Path<(String, String)>,
    request_id: Extension<RequestId>,
    request: Request,
) -> Response {
    submit(state, names, request_id, request).await
}

/// A lead comes in with all its parameters in the query.
#[utoipa::path(
    get,
    path = "/flows/{flow}/sources/{source}/submit",
    tag = "intake",
    security((), ("bearer" = []), ("basic" = [])),
    params(("flow" = String, Path, description = "`flow_…`"), ("source" = String, Path, description = "`src_…`"), ("Idempotency-Key" = Option<String>, Header, description = "Makes the submission one lead however often it is sent within 24 hours; at most 255 bytes"), SubmitParameters),
    responses(
        (status = 201, description = "The outcome, whatever it is; every event is durable", body = Answer),
        (status = 303, description = "With `redir_url`: the same", body = Answer),
        (status = 422, description = "With `strict`: failure", body = Answer),
        (status = 502, description = "With `strict`: error", body = Answer),
        Refused
    )
)]
pub(crate) async fn get(
    state: State<ApiState>,
    names: Path<(String, String)>,
    request_id: Extension<RequestId>,
    request: Request,
) -> Response {
    submit(state, names, request_id, request).await
}

/// By any method: others than these two are refused as submissions are.
pub(crate) async fn submit(
    State(state): State<ApiState>,
    Path((flow, source)): Path<(String, String)>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let remote = request.extensions().get::<RemoteAddress>().map(|remote| remote.0);
    let refusal = match admit(&state, &flow, &source, &request_id, request).await {
        Err(refusal) => refusal,
        Ok(submission) => match state.services.engine.submit(submission).await {
            Ok(submitted) => {
                let mut response =
                    read_reply(&submitted.response).unwrap_or_else(|| ApiError::panicked().into_response());
                if submitted.replayed {
                    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                } else {
                    state.metrics.submission(&flow, &source, submitted.answer.outcome.as_str());
                }
                return response;
            }
            Err(SubmitError::Record(RecordError::Stopped(_) | RecordError::Closed)) => Refusal::Unavailable,
            Err(SubmitError::TooLarge { .. }) => Refusal::TooLarge,
            Err(SubmitError::KeyReused) => Refusal::KeyReused,
            Err(error) => return ApiError::from(error).into_response(),
        },
    };
    state.metrics.refusal(refusal.status());
    state.refusals.add(RefusedSubmission {
        at: state.services.clock.now(),
        flow,
        source,
        status: refusal.status(),
        reason: refusal.kept_text(),
        request_id,
        remote,
    });
    refusal.into_response()
}

/// Everything that can refuse a request before a lead exists, in order.
async fn admit(
    state: &ApiState,
    flow: &str,
    source: &str,
    request_id: &Arc<str>,
    request: Request,
) -> Result<Submission, Refusal> {
    let services = &state.services;
    let (parts, body) = request.into_parts();
    if parts.method != Method::GET && parts.method != Method::POST {
        return Err(Refusal::Method(parts.method));
    }
    if !takes_json(&parts.headers) {
        return Err(Refusal::Accept);
    }
    let flow = flow.parse::<FlowId>().ok().and_then(|id| services.control.flow(&id)).ok_or(Refusal::Flow)?;
    let source_id = source.parse::<SourceId>().map_err(|_| Refusal::Source)?;
    let key_name = authorize(state, &flow, &source_id, &parts)?;
    if !flow.flow.enabled() {
        return Err(Refusal::Disabled);
    }
    if services.control.is_paused(&EntityId::from(source_id.clone())) {
        return Err(Refusal::Paused);
    }
    let body = if parts.method == Method::POST {
        read_body(body, state.limits.body_time).await?
    } else {
        Bytes::new()
    };
    let idempotency = idempotency_key(&parts.headers, &parts.uri, &body)?;
    let query = parts.uri.query().unwrap_or_default();
    let raw = read_lead(&read_parameters(query, &parts.headers, &body)?)?;
    let wish = ReplyWish { strict: is_set(&raw, "strict")?, redirect: redirect(&raw)? };
    let remote = parts.extensions.get::<RemoteAddress>().map(|remote| remote.0);
    let around = Circumstances { remote, key_name: key_name.as_deref() };
    let render_id = Arc::clone(request_id);
    let clock = Arc::clone(&services.clock);
    Ok(Submission {
        source_id,
        request: evidence(&parts.method, &parts.uri, &parts.headers, around, &body),
        request_id: Some(Arc::clone(request_id)),
        test: is_set(&raw, "is_test")?,
        idempotency,
        raw,
        flow,
        render: Box::new(move |lead_id, answer| write_reply(&wish, &render_id, clock.now(), lead_id, answer)),
    })
}

/// The key that the source sent, with all that must be the same when it is.
fn idempotency_key(headers: &HeaderMap, uri: &Uri, body: &[u8]) -> Result<Option<IdempotencyKey>, Refusal> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().map_err(|_| Refusal::Key)?;
    if !(1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) {
        return Err(Refusal::Key);
    }
    // The query ends with a byte that it cannot hold, so that nothing can move from one to the other.
    let payload = [uri.query().unwrap_or_default().as_bytes(), b"\0", body].concat();
    Ok(Some(IdempotencyKey { key: key.to_owned(), payload }))
}

/// Gives the name of the key that came along, when one did. A session counts only for requests
/// that no page of another site can have sent, which one by GET could be.
fn authorize(
    state: &ApiState,
    flow: &PublishedFlow,
    source_id: &SourceId,
    parts: &Parts,
) -> Result<Option<Arc<str>>, Refusal> {
    let source = flow.flow.source(source_id).ok_or(Refusal::Source)?;
    let scope = Scope::Submit(source_id.clone());
    let refuse = |why: &str| Err(Refusal::Unauthorized(why.to_owned()));
    match identify(state, &parts.method, &parts.headers) {
        Identity::Known { key, by_cookie } if !by_cookie || parts.method == Method::POST => {
            if !source.key_required || key.allows(&scope) {
                Ok(Some(Arc::clone(&key.name)))
            } else {
                refuse(&format!("This key lacks the scope {scope}"))
            }
        }
        Identity::Nobody | Identity::Known { .. } | Identity::Forged if !source.key_required => Ok(None),
        Identity::Nobody | Identity::Known { .. } | Identity::Forged => {
            refuse("This source needs a key: send Authorization: Bearer gl_...")
        }
        Identity::Unknown => refuse("The key is not known, or was revoked"),
    }
}

async fn read_body(body: Body, time_max: Duration) -> Result<Bytes, Refusal> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(BODY_BYTES_MAX).apply(&mut request);
    match tokio::time::timeout(time_max, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Refusal::TooLarge),
        Ok(Err(_)) => Err(Refusal::Broken),
        Err(_) => Err(Refusal::Slow),
    }
}

/// Whether the client takes an answer in JSON, the only form there is.
fn takes_json(headers: &HeaderMap) -> bool {
    let mut wanted =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if wanted.peek().is_none() {
        return true;
    }
    wanted.flat_map(|value| value.split(',')).any(|range| {
        let media_type = range.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", "application/json"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(media_type))
    })
}

/// Where the source wants the person sent; only to an address of the web.
fn redirect(raw: &Lead) -> Result<Option<String>, Refusal> {
    let Some(value) = raw.get("redir_url") else { return Ok(None) };
    let url = value.as_text().and_then(|text| url::Url::parse(text).ok());
    match url {
        Some(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url.into())),
        Some(_) | None => Err(Refusal::Redirect),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_answered_to_whoever_takes_it() {
        for (accept, wanted) in [
            (None, true),
            (Some("*/*"), true),
            (Some("application/*"), true),
            (Some("text/html, application/json;q=0.9"), true),
            (Some("text/html"), false),
            (Some("image/png"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(takes_json(&headers), wanted, "{accept:?}");
        }
    }

    #[test]
    fn people_are_sent_to_the_web_only() {
        for (url, good) in [
            ("https://example.com/thanks", true),
            ("example.com", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            let raw: Lead = [("redir_url".parse().unwrap(), domain::Value::text(url))].into_iter().collect();
            assert_eq!(redirect(&raw).is_ok(), good, "{url}");
        }
        assert_eq!(redirect(&Lead::new()), Ok(None));
    }
}
