//! `GET` and `POST /flows/{flow}/sources/{source}/submit`: a lead comes in, and is answered when
//! its events are durable.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Extension, FromRequest as _, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use domain::{AddressRange, EntityId, FlowId, FlowSource, Lead, Scope, SourceId};
use engine::{IdempotencyKey, PublishedFlow, RepeatKey, Submission, SubmitError};
use ledger::RecordError;
use wire::inbound::{AnswerWish, Door, InboundHead, is_set, read};

use crate::RemoteAddress;
use crate::auth::{Identity, identify};
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::intake::{
    BODY_BYTES_MAX, Circumstances, IDEMPOTENCY_KEY_BYTES_MAX, LeadUnderWay, Refusal, ReplyWish, SourceLimits,
    answer_format, client_address, evidence, read_reply, write_reply,
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
    params(("flow" = String, Path, description = "`flow_…`"), ("source" = String, Path, description = "`src_…`"), ("Idempotency-Key" = Option<String>, Header, description = "Makes the submission one lead however often it is sent within 24 hours; 1 to 255 bytes of visible ASCII, without blanks"), SubmitParameters),
    request_body(
        content((Object = "application/json"), (Object = "application/x-www-form-urlencoded"), (Object = "application/xml"), (Object = "text/xml")),
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
    params(("flow" = String, Path, description = "`flow_…`"), ("source" = String, Path, description = "`src_…`"), ("Idempotency-Key" = Option<String>, Header, description = "Makes the submission one lead however often it is sent within 24 hours; 1 to 255 bytes of visible ASCII, without blanks"), SubmitParameters),
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
            Err(error) => match refusal_of(error) {
                Ok(refusal) => refusal,
                Err(error) => return error.into_response(),
            },
        },
    };
    refuse(&state, refusal, flow, source, request_id, remote)
}

/// The refusal that an error of the engine is to whoever sent something.
///
/// # Errors
/// With every other, which is told as the API's errors are.
pub(super) fn refusal_of(error: SubmitError) -> Result<Refusal, ApiError> {
    match error {
        SubmitError::Record(RecordError::Stopped(_) | RecordError::Closed) => Ok(Refusal::Unavailable),
        SubmitError::TooLarge { .. } => Ok(Refusal::TooLarge),
        SubmitError::KeyReused => Ok(Refusal::KeyReused),
        error => Err(error.into()),
    }
}

/// Keeps what is told of a refused request, and refuses it.
pub(super) fn refuse(
    state: &ApiState,
    refusal: Refusal,
    flow: String,
    source: String,
    request_id: Arc<str>,
    remote: Option<SocketAddr>,
) -> Response {
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

/// What a source sent as a submission, or why it makes no lead.
async fn admit(
    state: &ApiState,
    flow: &str,
    source: &str,
    request_id: &Arc<str>,
    request: Request,
) -> Result<Submission, Refusal> {
    let entered = enter(state, Door::Submit, flow, source, request).await?;
    let Entered { flow, source_id, raw, test, request, idempotency, wish, under_way } = entered;
    let render_id = Arc::clone(request_id);
    let (mut under_way, mut written_at) = (Some(under_way), None);
    let clock = Arc::clone(&state.services.clock);
    Ok(Submission {
        source_id,
        request,
        request_id: Some(Arc::clone(request_id)),
        test,
        idempotency,
        ping_token: raw.get("ping_token").and_then(|token| Some(token.as_text()?.to_owned())),
        raw,
        flow,
        render: Box::new(move |lead_id, answer, lead| {
            // The lead counts as under way until its answer is there, whoever hears it.
            drop(under_way.take());
            let now = *written_at.get_or_insert_with(|| clock.now());
            write_reply(&wish, &render_id, now, lead_id, answer, lead)
        }),
    })
}

/// What a source sent, let in.
pub(super) struct Entered {
    pub(super) flow: Arc<PublishedFlow>,
    pub(super) source_id: SourceId,
    pub(super) raw: Lead,
    pub(super) test: bool,
    /// The request as it is recorded.
    pub(super) request: Arc<[u8]>,
    /// Pings have none.
    pub(super) idempotency: Option<IdempotencyKey>,
    pub(super) wish: ReplyWish,
    /// Its place among those of the source that are under way; repeats take none.
    pub(super) under_way: Option<LeadUnderWay>,
}

/// Everything that can refuse a request before a lead or a ping exists, in order. A repeat of an earlier
/// submission makes no lead, so the limits do not count it.
pub(super) async fn enter(
    state: &ApiState,
    door: Door,
    flow: &str,
    source: &str,
    request: Request,
) -> Result<Entered, Refusal> {
    let services = &state.services;
    let (parts, body) = request.into_parts();
    let accept = joined(&parts.headers, &header::ACCEPT);
    let head = InboundHead {
        method: parts.method.as_str(),
        query: parts.uri.query().unwrap_or_default(),
        accept: accept.as_deref(),
        content_type: parts.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes),
        content_encoding: parts.headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes),
    };
    if parts.method != Method::GET && parts.method != Method::POST {
        return Err(wire::inbound::Refusal::Method(parts.method.to_string()).into());
    }
    let flow = flow.parse::<FlowId>().ok().and_then(|id| services.control.flow(&id)).ok_or(Refusal::Flow)?;
    let source_id = source.parse::<SourceId>().map_err(|_| Refusal::Source)?;
    let source = flow.flow.source(&source_id).ok_or(Refusal::Source)?;
    let is_ping = match door {
        Door::Submit => false,
        Door::Ping if source.ping => true,
        Door::Ping => return Err(Refusal::NoPings),
    };
    let intake = &source.intake;
    let format = head.format(answer_format(intake.answer_as))?;
    let remote = parts.extensions.get::<RemoteAddress>().map(|remote| remote.0);
    allow(
        &intake.allow_from,
        remote.map(|remote| client_address(remote.ip(), &parts.headers, &state.trusted_proxies)),
    )?;
    let flow_id = flow.flow.id();
    let limits = SourceLimits {
        in_flow: intake.limits,
        in_all: services.control.limits(&EntityId::from(source_id.clone())),
    };
    let count = || state.intake.admit(flow_id, &source_id, &limits, services.clock.monotonic());
    let may_repeat =
        !is_ping && (intake.same_payload.is_some() || parts.headers.contains_key(IDEMPOTENCY_KEY));
    // Whether it is a repeat only its body tells, which nobody unknown gets read. Pings have limits of
    // their own.
    if is_ping {
        let limits = flow.flow.gates().ping_limits.iter().chain(&source.gates.ping_limits);
        let counted = state.ping_limits.count(limits, services.clock.now());
        counted.map_err(|wait| Refusal::TooManyPings { retry_after_s: wait.as_secs() + 1 })?;
    } else if !may_repeat {
        count()?;
    }
    let scope = match door {
        Door::Submit => Scope::Submit(source_id.clone()),
        Door::Ping => Scope::Ping(source_id.clone()),
    };
    let key_name = authorize(state, source, &scope, &parts)?;
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
    let idempotency =
        if is_ping { None } else { idempotency_key(&parts.headers, &parts.uri, &body, intake.same_payload)? };
    let is_repeat =
        idempotency.as_ref().is_some_and(|key| services.engine.is_repeat(flow_id, &source_id, key));
    let under_way = match is_repeat {
        true => None,
        false => Some(state.intake.begin(flow_id, &source_id, &limits)?),
    };
    if may_repeat && !is_repeat {
        count()?;
    }
    let parameters = read(door, &head, &body)?;
    let raw = parameters.lead()?;
    let strict = is_set(&raw, "strict")?;
    let answer = AnswerWish { door, format, strict, redirect: parameters.redirect };
    let wish = ReplyWish { answer, fields: intake.answer.clone() };
    let around = Circumstances { remote, key_name: key_name.as_deref() };
    let request = evidence(&parts.method, &parts.uri, &parts.headers, around, &parameters.body);
    let test = is_set(&raw, "is_test")?;
    Ok(Entered { flow, source_id, raw, test, request, idempotency, wish, under_way })
}

/// The values of a header as one, with commas.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    (!values.is_empty()).then(|| values.join(&b", "[..]))
}

/// Passes requests from where the source sends.
fn allow(ranges: &[AddressRange], client: Option<IpAddr>) -> Result<(), Refusal> {
    let is_allowed = |client: IpAddr| ranges.iter().any(|range| range.contains(client));
    if ranges.is_empty() || client.is_some_and(is_allowed) { Ok(()) } else { Err(Refusal::Address) }
}

/// What makes a repeat of this submission the same one: the key that the source sent, or, where its
/// flow says so, the payload alone.
fn idempotency_key(
    headers: &HeaderMap,
    uri: &Uri,
    body: &[u8],
    same_payload: Option<Duration>,
) -> Result<Option<IdempotencyKey>, Refusal> {
    let key = match headers.get(IDEMPOTENCY_KEY) {
        Some(value) => {
            let key = value.to_str().map_err(|_| Refusal::Key)?;
            let is_visible = key.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_visible || !(1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) {
                return Err(Refusal::Key);
            }
            RepeatKey::Own(key.to_owned())
        }
        None => match same_payload {
            Some(kept) => RepeatKey::Payload { kept_ms: i64::try_from(kept.as_millis()).unwrap_or(i64::MAX) },
            None => return Ok(None),
        },
    };
    // The query ends with a byte that it cannot hold, so that nothing can move from one to the other.
    let payload = [uri.query().unwrap_or_default().as_bytes(), b"\0", body].concat();
    Ok(Some(IdempotencyKey { key, payload }))
}

/// Gives the name of the key that came along, when one did. A session counts only for requests
/// that no page of another site can have sent, which one by GET could be.
fn authorize(
    state: &ApiState,
    source: &FlowSource,
    scope: &Scope,
    parts: &Parts,
) -> Result<Option<Arc<str>>, Refusal> {
    let refuse = |why: &str| Err(Refusal::Unauthorized(why.to_owned()));
    match identify(state, &parts.method, &parts.headers) {
        Identity::Known { key, by_cookie } if !by_cookie || parts.method == Method::POST => {
            if !source.key_required || key.allows(scope) {
                Ok(Some(Arc::clone(&key.name)))
            } else {
                Err(Refusal::Scope(scope.clone()))
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
