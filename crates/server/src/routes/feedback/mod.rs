//! `/feedback`: buyers report leads returned or converted, one by one or many in a file, and somebody decides on
//! those that wait.

pub(crate) mod bulk;
pub(crate) mod queue;
mod reading;

use axum::body::Bytes;
use axum::extract::{Extension, FromRequest as _, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use domain::{EntityId, LeadId, Scope, Value};
use engine::{Report, Reported, Sale};
use wire::inbound::{AnswerFormat, AnswerNode, Door, InboundHead, Refusal, read, write_tree};
use wire::json::ObjectWriter;

use self::reading::{Named, read_report, read_sale};
use crate::RemoteAddress;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::intake::{Circumstances, evidence};
use crate::openapi::{Error, ErrorsOrMissing, FeedbackReply, FeedbackRequest, SaleParameters};
use crate::routes::body;
use crate::state::ApiState;

/// Longest key that makes a report safe to send again, in characters.
const KEY_CHARS_MAX: usize = 255;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Whoever sends a request, and what surrounds it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    uri: Uri,
    headers: HeaderMap,
    remote: Option<std::net::SocketAddr>,
    key_name: String,
    request_id: std::sync::Arc<str>,
}

impl Asked {
    /// The request as it is recorded.
    fn evidence(&self, body: &[u8]) -> std::sync::Arc<[u8]> {
        let around = Circumstances { remote: self.remote, key_name: Some(&self.key_name) };
        evidence(&Method::POST, &self.uri, &self.headers, around, body)
    }
}

/// A buyer reports a lead returned or converted, or tells how a delivery ended that nobody else can tell of. The
/// scope is `feedback:<buyer>`. With `text/csv` many are reported in one request: a line with the names of columns
/// (`event_id`, or `lead_id` and `entity_id`; `type reason value days_to_convert price`), then a report a line. What
/// all lines share can stand in the query. The answer is a line of JSON for each, with its number, as soon as it is
/// done, and a last one with sums.
#[utoipa::path(
    post,
    path = "/feedback",
    tag = "intake",
    params(SaleParameters),
    request_body(
        content(
            (FeedbackRequest = "application/json"),
            (FeedbackRequest = "application/x-www-form-urlencoded"),
            (FeedbackRequest = "application/xml"),
            (String = "text/csv")
        )
    ),
    responses(
        (status = 201, description = "Taken, refused with a reason, or waiting for a decision; recorded in any case", content((FeedbackReply = "application/json"), (FeedbackReply = "application/xml"), (String = "text/plain"))),
        (status = 200, description = "Of `text/csv`: a line of JSON for each line", body = String, content_type = "application/x-ndjson"),
        (status = 406, description = "None of the forms of answers is accepted", body = Error),
        (status = 409, description = "The lead was not delivered to this buyer; its end is known; the Idempotency-Key came before with another report", body = Error),
        ErrorsOrMissing
    )
)]
pub(crate) async fn feedback(
    State(state): State<ApiState>,
    caller: Caller,
    Extension(RequestId(request_id)): Extension<RequestId>,
    remote: Option<Extension<RemoteAddress>>,
    request: Request,
) -> Result<Response, ApiError> {
    let asked = Asked {
        uri: request.uri().clone(),
        headers: request.headers().clone(),
        remote: remote.map(|Extension(remote)| remote.0),
        key_name: caller.name().to_owned(),
        request_id,
    };
    if is_csv(&asked.headers) {
        return bulk::report_all(state, caller, asked, request.into_body()).await;
    }
    let format = answer_format(&asked.headers)?;
    let sale = read_sale(&asked.uri)?;
    let engine = &state.services.engine;
    let buyer = engine.buyer_of(&sale)?.ok_or_else(|| ApiError::not_found("sale"))?;
    caller.need(&Scope::Feedback(buyer))?;
    let idempotency_key = idempotency_key(&asked.headers)?;
    let bytes = body(Bytes::from_request(request, &state).await)?;
    // The query names the sale; the report is the body.
    let head = InboundHead {
        method: "POST",
        query: "",
        accept: None,
        content_type: asked.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes),
        content_encoding: asked.headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes),
    };
    let refused = |refusal: Refusal| ApiError::bad_body(refusal.kept_text());
    let parameters = read(Door::Submit, &head, &bytes).map_err(refused)?;
    let report = read_report(&parameters.lead().map_err(refused)?, sale)?;
    let request = asked.evidence(&parameters.body);
    let request_id = Some(asked.request_id);
    let reported = engine.feedback(Report { idempotency_key, request, request_id, ..report }).await?;
    let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()))];
    let mut response = (StatusCode::CREATED, media_type, written_as(format, &reported)).into_response();
    if reported.repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The form of the answer that the buyer asks for; JSON where it asks for none.
fn answer_format(headers: &HeaderMap) -> Result<AnswerFormat, ApiError> {
    let ranges: Vec<&[u8]> = headers.get_all(header::ACCEPT).iter().map(HeaderValue::as_bytes).collect();
    let accept = (!ranges.is_empty()).then(|| ranges.join(&b","[..]));
    AnswerFormat::of_any(accept.as_deref()).ok_or_else(|| {
        let message =
            "the answer is application/json, application/xml, text/xml or text/plain; accept one of them";
        ApiError::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", message)
    })
}

fn is_csv(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv"))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim);
    let is_visible = |key: &str| key.bytes().all(|byte| byte.is_ascii_graphic());
    match key.filter(|key| is_visible(key) && (1..=KEY_CHARS_MAX).contains(&key.len())) {
        Some(key) => Ok(Some(key.to_owned())),
        None => {
            let message = format!(
                "an Idempotency-Key has 1 to {KEY_CHARS_MAX} visible ASCII characters and no blank inside, such as return-17"
            );
            Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", message)
                .about(IDEMPOTENCY_KEY.as_str()))
        }
    }
}

/// Who may report on a sale, and which lead it is of.
fn parties_of(engine: &engine::Engine, sale: &Sale) -> Result<(EntityId, LeadId), ApiError> {
    let unknown = || ApiError::not_found("sale");
    Ok((engine.buyer_of(sale)?.ok_or_else(unknown)?, engine.lead_of_sale(sale)?.ok_or_else(unknown)?))
}

/// In a form; what has no value is null in JSON, and left out of XML and text.
fn written_as(format: AnswerFormat, reported: &Reported) -> Vec<u8> {
    if format == AnswerFormat::Json {
        return written(reported);
    }
    let text = |text: &str| AnswerNode::Value(Value::text(text));
    let outcome = reported.status.outcome().map(|outcome| text(outcome.as_str()));
    let reason = reported.reason.as_ref();
    let members = [
        ("outcome", outcome),
        ("status", Some(text(reported.status.as_str()))),
        ("reason", reason.map(|reason| text(&reason.text))),
        ("reason_code", reason.map(|reason| text(reason.code.as_str()))),
        ("feedback_id", Some(text(&reported.feedback_id.to_string()))),
        ("lead", Some(AnswerNode::Tree(vec![("id".to_owned(), text(&reported.lead_id.to_string()))]))),
    ];
    let tree = members.into_iter().filter_map(|(name, node)| Some((name.to_owned(), node?)));
    write_tree(format, tree.collect())
}

fn written(reported: &Reported) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = ObjectWriter::open(&mut out);
    write_members(reported, &mut object);
    object.close();
    out
}

fn write_members(reported: &Reported, object: &mut ObjectWriter<'_>) {
    match reported.status.outcome() {
        Some(outcome) => object.text("outcome", outcome.as_str()),
        None => object.null("outcome"),
    }
    object.text("status", reported.status.as_str());
    match &reported.reason {
        Some(reason) => {
            object.text("reason", &reason.text);
            object.text("reason_code", reason.code.as_str());
        }
        None => {
            object.null("reason");
            object.null("reason_code");
        }
    }
    object.plain("feedback_id", reported.feedback_id);
    let mut lead = ObjectWriter::open(object.value("lead"));
    lead.plain("id", reported.lead_id);
    lead.close();
}
