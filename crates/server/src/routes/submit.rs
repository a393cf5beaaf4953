//! `GET` and `POST /flows/{flow}/sources/{source}/submit`: a lead comes in, and is answered when
//! its events are durable.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Extension, FromRequest as _, Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::{EntityId, FlowId, Lead, Scope, SourceId};
use engine::{PublishedFlow, Submission, SubmitError};
use ledger::RecordError;

use crate::auth::{Identity, identify};
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::intake::{
    BODY_BYTES_MAX, Circumstances, Refusal, ReplyWish, evidence, is_set, read_lead, read_parameters,
    read_reply, write_reply,
};
use crate::{RemoteAddress, Services};

/// Longest time for a source to send its body.
const BODY_TIME_MAX: Duration = Duration::from_secs(20);

pub(crate) async fn submit(
    State(services): State<Services>,
    Path((flow, source)): Path<(String, String)>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let submission = match admit(&services, &flow, &source, &request_id, request).await {
        Ok(submission) => submission,
        Err(refusal) => return refusal.into_response(),
    };
    match services.engine.submit(submission).await {
        Ok(submitted) => {
            read_reply(&submitted.response).unwrap_or_else(|| ApiError::panicked().into_response())
        }
        Err(SubmitError::Record(RecordError::Stopped(_) | RecordError::Closed)) => {
            Refusal::Unavailable.into_response()
        }
        Err(SubmitError::TooLarge { .. }) => Refusal::TooLarge.into_response(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Everything that can refuse a request before a lead exists, in order.
async fn admit(
    services: &Services,
    flow: &str,
    source: &str,
    request_id: &Arc<str>,
    request: Request,
) -> Result<Submission, Refusal> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::GET && parts.method != Method::POST {
        return Err(Refusal::Method(parts.method));
    }
    if !takes_json(&parts.headers) {
        return Err(Refusal::Accept);
    }
    let flow = flow.parse::<FlowId>().ok().and_then(|id| services.control.flow(&id)).ok_or(Refusal::Flow)?;
    let source_id = source.parse::<SourceId>().map_err(|_| Refusal::Source)?;
    let key_name = authorize(services, &flow, &source_id, &parts.headers)?;
    if !flow.flow.enabled() {
        return Err(Refusal::Disabled);
    }
    if services.control.is_paused(&EntityId::from(source_id.clone())) {
        return Err(Refusal::Paused);
    }
    let body = if parts.method == Method::POST { read_body(body).await? } else { Bytes::new() };
    let query = parts.uri.query().unwrap_or_default();
    let raw = read_lead(&read_parameters(query, &parts.headers, &body)?)?;
    let wish = ReplyWish { strict: is_set(&raw, "strict"), redirect: redirect(&raw)? };
    let remote = parts.extensions.get::<RemoteAddress>().map(|remote| remote.0);
    let around = Circumstances { remote, key_name: key_name.as_deref() };
    let render_id = Arc::clone(request_id);
    let clock = Arc::clone(&services.clock);
    Ok(Submission {
        source_id,
        request: evidence(&parts.method, &parts.uri, &parts.headers, around, &body),
        request_id: Some(Arc::clone(request_id)),
        test: is_set(&raw, "is_test"),
        raw,
        flow,
        render: Box::new(move |lead_id, answer| write_reply(&wish, &render_id, clock.now(), lead_id, answer)),
    })
}

/// Gives the name of the key that came along, when one did.
fn authorize(
    services: &Services,
    flow: &PublishedFlow,
    source_id: &SourceId,
    headers: &HeaderMap,
) -> Result<Option<Arc<str>>, Refusal> {
    let source = flow.flow.source(source_id).ok_or(Refusal::Source)?;
    match identify(headers, &services.control) {
        Identity::Known(key) if !source.key_required || key.allows(&Scope::Submit(source_id.clone())) => {
            Ok(Some(Arc::clone(&key.name)))
        }
        Identity::Nobody if !source.key_required => Ok(None),
        Identity::Known(_) => Err(Refusal::Unauthorized("This key may not submit as this source")),
        Identity::Nobody => {
            Err(Refusal::Unauthorized("This source needs a key: send Authorization: Bearer gl_..."))
        }
        Identity::Unknown => Err(Refusal::Unauthorized("The key is not known, or was revoked")),
    }
}

async fn read_body(body: Body) -> Result<Bytes, Refusal> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(BODY_BYTES_MAX).apply(&mut request);
    match tokio::time::timeout(BODY_TIME_MAX, Bytes::from_request(request, &())).await {
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
