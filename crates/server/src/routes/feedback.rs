//! `POST /feedback`: a buyer reports a lead returned or converted.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use domain::{EntityId, EventId, FeedbackKind, Lead, LeadId, Scalar, Scope, Value};
use engine::{Report, Reported, Sale};
use readers::ParameterError;
use wire::inbound::{Door, InboundHead, Refusal, read};
use wire::json::ObjectWriter;

use crate::RemoteAddress;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::intake::{Circumstances, evidence};
use crate::openapi::{Error, ErrorsOrMissing, FeedbackReply, FeedbackRequest, SaleParameters};
use crate::parameters;
use crate::routes::{body, json};
use crate::state::ApiState;

/// Longest word or reason of a report, in characters.
const WORDS_CHARS_MAX: usize = 500;
/// The members of a report.
const MEMBERS: [&str; 4] = ["type", "reason", "value", "days_to_convert"];

/// A buyer reports a lead returned or converted. The scope is `feedback:<buyer>`.
#[utoipa::path(
    post,
    path = "/feedback",
    tag = "intake",
    params(SaleParameters),
    request_body(
        content((FeedbackRequest = "application/json"), (FeedbackRequest = "application/x-www-form-urlencoded"))
    ),
    responses(
        (status = 201, description = "Taken, or refused with a reason; recorded either way", body = FeedbackReply),
        (status = 409, description = "The lead was not delivered to this buyer", body = Error),
        ErrorsOrMissing
    )
)]
pub(crate) async fn feedback(
    State(state): State<ApiState>,
    caller: Caller,
    Extension(RequestId(request_id)): Extension<RequestId>,
    remote: Option<Extension<RemoteAddress>>,
    headers: HeaderMap,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let sale = read_sale(&uri)?;
    let engine = &state.services.engine;
    let buyer = engine.buyer_of(&sale)?.ok_or_else(|| ApiError::not_found("sale"))?;
    caller.need(&Scope::Feedback(buyer))?;
    let bytes = body(bytes)?;
    // The query names the sale; the report is the body.
    let head = InboundHead {
        method: "POST",
        query: "",
        accept: None,
        content_type: headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes),
        content_encoding: headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes),
    };
    let refused = |refusal: Refusal| ApiError::bad_body(refusal.kept_text());
    let parameters = read(Door::Submit, &head, &bytes).map_err(refused)?;
    let sent = parameters.lead().map_err(refused)?;
    let remote = remote.map(|Extension(remote)| remote.0);
    let around = Circumstances { remote, key_name: Some(caller.name()) };
    let report = read_report(&sent, sale)?;
    let reported = engine
        .feedback(Report {
            request: evidence(&Method::POST, &uri, &headers, around, &parameters.body),
            request_id: Some(request_id),
            ..report
        })
        .await?;
    Ok((StatusCode::CREATED, json(written(&reported))).into_response())
}

fn read_sale(uri: &Uri) -> Result<Sale, ApiError> {
    let (mut event_id, mut lead_id, mut entity_id) = (None::<EventId>, None::<LeadId>, None::<EntityId>);
    parameters::read(uri, &["event_id", "lead_id", "entity_id"], |name, value| {
        let wrong = |message: String| ParameterError { name: name.to_owned(), message };
        match name {
            "event_id" => {
                event_id = Some(value.parse().map_err(|error: domain::IdError| wrong(error.to_string()))?);
            }
            "lead_id" => {
                lead_id = Some(value.parse().map_err(|error: domain::IdError| wrong(error.to_string()))?);
            }
            "entity_id" => {
                entity_id = Some(value.parse().map_err(|error: domain::NameError| wrong(error.to_string()))?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    match (event_id, lead_id, entity_id) {
        (Some(id), None, None) => Ok(Sale::Event(id)),
        (None, Some(lead_id), Some(entity_id)) => Ok(Sale::Lead { lead_id, entity_id }),
        _ => {
            let message =
                "name the sale in the query: event_id=evt_…, or lead_id=lead_… and entity_id=buyer_…";
            Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", message).about("event_id"))
        }
    }
}

fn read_report(sent: &Lead, sale: Sale) -> Result<Report, ApiError> {
    for (path, _) in sent.iter() {
        if !MEMBERS.contains(&path.as_str()) {
            let name: String = path.as_str().chars().take(60).collect();
            let hint = wire::nearest(&name, MEMBERS).map(|near| format!("; did you mean {near}?"));
            let message = format!("a report has no member {name:?}{}", hint.unwrap_or_default());
            return Err(ApiError::bad_body(message).about(name));
        }
    }
    let words = |name: &'static str| -> Result<Option<String>, ApiError> {
        let text = match sent.get(name) {
            None | Some(Value::Scalar(Scalar::Null)) => return Ok(None),
            Some(Value::Scalar(Scalar::Text(text))) => text.trim().to_owned(),
            Some(Value::Scalar(Scalar::Number(number))) => number.as_str().to_owned(),
            Some(Value::Scalar(Scalar::Bool(value))) => value.to_string(),
            Some(Value::List(_)) => return Err(ApiError::bad_body("write one text").about(name)),
        };
        if text.chars().count() > WORDS_CHARS_MAX {
            return Err(ApiError::bad_body(format!("at most {WORDS_CHARS_MAX} characters fit")).about(name));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    };
    let kind = match words("type")?.as_deref() {
        Some("return") => FeedbackKind::Return,
        Some("conversion") => FeedbackKind::Conversion,
        Some(_) | None => return Err(ApiError::bad_body("write return or conversion").about("type")),
    };
    let days = words("days_to_convert")?.map(|text| {
        text.parse::<u32>()
            .map_err(|_| ApiError::bad_body("write a number of whole days").about("days_to_convert"))
    });
    Ok(Report {
        sale,
        kind,
        value: words("value")?,
        reason: words("reason")?,
        days_to_convert: days.transpose()?,
        request: std::sync::Arc::from([].as_slice()),
        request_id: None,
    })
}

fn written(reported: &Reported) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = ObjectWriter::open(&mut out);
    object.text("outcome", reported.outcome.as_str());
    match &reported.reason {
        Some(reason) => object.text("reason", &reason.text),
        None => object.null("reason"),
    }
    let mut lead = ObjectWriter::open(object.value("lead"));
    lead.plain("id", reported.lead_id);
    lead.close();
    object.close();
    out
}
