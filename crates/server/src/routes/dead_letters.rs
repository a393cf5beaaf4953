//! `/dead-letters`: deliveries without an end that nobody tries any more, and how they are sent again.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{Method, StatusCode, Uri};
use domain::{EventId, LeadId, Resending, Scope, StepId};
use engine::{FeedbackError, Resent};
use futures_util::StreamExt as _;
use readers::{DeadLetter, DeadLetterQuery, DeadLetters, LeadsError, ParameterError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::openapi::{
    DeadLetterParameters, Error, Errors, ErrorsOrMissing, ResendParameters, WindowParameters,
};
use crate::parameters;
use crate::routes::events::{next_page, unblock};
use crate::routes::{body, json_body};

/// Most dead letters that one request sends again.
const RESEND_MAX: usize = 10_000;
/// Of those, most that are looked at at a time.
const RESEND_AT_A_TIME: usize = 64;

/// A delivery without an end that nobody tries any more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterReply {
    /// The event that left it so.
    #[schema(example = "evt_018d0d882e837c2e9a41d06f")]
    event_id: String,
    /// The place of that event in the ledger.
    seq: u64,
    /// Its type: `recipient.error`, or `recipient.skipped` or `recipient.failed` when the last retry was not made.
    r#type: &'static str,
    timestamp: String,
    lead_id: String,
    flow_id: String,
    source_id: String,
    step_id: String,
    /// The buyer.
    entity_id: String,
    delivery_id: String,
    /// Whether the buyer may have the lead without our knowing: an attempt was sent, and what came of it is unknown.
    may_have_lead: bool,
    /// How many attempts were made.
    attempts: u32,
    #[schema(required)]
    response_code: Option<u16>,
    #[schema(required)]
    error_kind: Option<&'static str>,
    reason_code: String,
    reason: String,
    test: bool,
}

impl From<&DeadLetter> for DeadLetterReply {
    fn from(letter: &DeadLetter) -> DeadLetterReply {
        DeadLetterReply {
            event_id: letter.event_id.to_string(),
            seq: letter.seq,
            r#type: letter.event_type.as_str(),
            timestamp: letter.at.to_string(),
            lead_id: letter.lead_id.to_string(),
            flow_id: letter.flow_id.to_string(),
            source_id: letter.source_id.to_string(),
            step_id: letter.step_id.to_string(),
            entity_id: letter.entity_id.to_string(),
            delivery_id: letter.delivery_id.to_string(),
            may_have_lead: letter.may_have_lead,
            attempts: letter.attempts,
            response_code: letter.response_code,
            error_kind: letter.error_kind,
            reason_code: letter.reason.code.as_str().to_owned(),
            reason: letter.reason.text.to_string(),
            test: letter.test,
        }
    }
}

/// A page of dead letters. It may be short, or empty, and have one after it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterPage {
    data: Vec<DeadLetterReply>,
    /// The address of the next page.
    #[schema(required)]
    next: Option<String>,
    /// All events below this `seq` were looked at, or could have been.
    complete_to_seq: u64,
}

/// Deliveries without an end that nobody tries any more: their attempts are used up, or the last one could not be made.
#[utoipa::path(
    get,
    path = "/dead-letters",
    tag = "leads",
    params(DeadLetterParameters, WindowParameters),
    responses((status = 200, description = "Newest first unless asked otherwise", body = DeadLetterPage), Errors)
)]
pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<DeadLetterPage>, ApiError> {
    caller.need(&Scope::Read)?;
    let (now, mut query) = (services.clock.now(), DeadLetterQuery::default());
    parameters::read(&uri, &DeadLetterQuery::NAMES, |name, value| query.set(name, value, now))?;
    let order = query.window.order;
    let found = look(&services, move |letters| letters.list(&query)).await?;
    Ok(Json(DeadLetterPage {
        data: found.letters.iter().map(DeadLetterReply::from).collect(),
        next: found.next(order).map(|(name, seq)| next_page(&uri, name, seq)),
        complete_to_seq: found.complete_to_seq,
    }))
}

/// Which dead letters are sent again: those of some events, of some leads and steps, or all that a filter takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResendRequest {
    /// Any event of each delivery: the one that left it so, an attempt, or the delivery id.
    event_ids: Option<Vec<String>>,
    /// Each by its lead and step.
    letters: Option<Vec<LetterPlace>>,
    /// The parameters of the list that say which, as text or lists of texts; `{}` takes all.
    #[schema(value_type = Option<Object>, example = json!({"entity_id": "buyer_premier", "start": "-24h"}))]
    filter: Option<BTreeMap<String, Value>>,
    /// With a filter: how many it takes, as `?dry_run=1` told. Refused when they are not so many by now.
    count: Option<usize>,
}

/// A delivery by its lead and step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterPlace {
    lead_id: String,
    step_id: String,
}

/// What became of dead letters that were to be sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResendReply {
    /// How many dead letters the request names.
    count: usize,
    /// How many are sent again: the next attempt of each is due at once, and survives a crash.
    resent: usize,
    /// Those that are not, and why.
    not_resent: Vec<NotResent>,
}

/// A delivery that is not sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotResent {
    lead_id: String,
    step_id: String,
    /// `not_a_dead_letter`, `erased`, or why the buyer cannot be asked now, such as `paused` or `cap_reached`.
    reason_code: String,
    reason: String,
}

/// Sends dead letters again, under the same delivery ids. With `dry_run=1` it is only told how many there are; a
/// filter goes with that count. The scope is `entities:write`.
#[utoipa::path(
    post,
    path = "/dead-letters/resend",
    tag = "leads",
    params(ResendParameters),
    request_body(content = ResendRequest),
    responses(
        (status = 200, description = "What is sent again is durable", body = ResendReply),
        (status = 409, description = "The filter takes another number of dead letters by now", body = Error),
        ErrorsOrMissing
    )
)]
pub(crate) async fn resend(
    State(services): State<Services>,
    caller: Caller,
    Extension(RequestId(request_id)): Extension<RequestId>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<ResendReply>, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    let dry_run = read_dry_run(&uri)?;
    let named = Named::read(&services, json_body(&body(bytes)?)?, dry_run)?;
    let (letters, mut not_resent) = named.find(&services).await?;
    let count = letters.len();
    if dry_run || letters.is_empty() {
        return Ok(Json(ResendReply { count, resent: 0, not_resent }));
    }
    let resending = Resending {
        request: Arc::from(format!("{} {} {request_id}", Method::POST, uri.path())),
        delivery_ids: letters.iter().map(|letter| letter.delivery_id).collect(),
    };
    services.control.record_resending(caller.name(), resending).await?;
    let mut resent = 0;
    for (letter, result) in send(services, letters).await? {
        let DeadLetter { lead_id, step_id, .. } = &letter;
        match result {
            Ok(Resent::Scheduled { .. }) => resent += 1,
            Ok(Resent::NotADeadLetter) => not_resent.push(NotResent::none(*lead_id, step_id)),
            Ok(Resent::Refused(reason)) => {
                let (code, text) = (reason.code.as_str(), reason.text.to_string());
                not_resent.push(NotResent::new(*lead_id, step_id, code, text));
            }
            Err(error @ FeedbackError::Forgotten) => {
                not_resent.push(NotResent::new(*lead_id, step_id, "erased", error.to_string()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(ResendReply { count, resent, not_resent }))
}

/// What came of each, in order.
type Results = Vec<(DeadLetter, Result<Resent, FeedbackError>)>;

/// Sends each again, in a task of its own: a client that hangs up does not leave the rest behind.
async fn send(services: Services, letters: Vec<DeadLetter>) -> Result<Results, ApiError> {
    let all = tokio::spawn(async move {
        let each = futures_util::stream::iter(letters.into_iter().map(|letter| {
            let engine = services.engine.clone();
            async move {
                let result = engine.resend(letter.lead_id, letter.step_id.clone()).await;
                (letter, result)
            }
        }));
        each.buffered(RESEND_AT_A_TIME).collect::<Vec<_>>().await
    });
    match all.await {
        Ok(results) => Ok(results),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

impl NotResent {
    fn new(lead_id: LeadId, step_id: &StepId, code: &str, reason: String) -> NotResent {
        let (lead_id, step_id) = (lead_id.to_string(), step_id.to_string());
        NotResent { lead_id, step_id, reason_code: code.to_owned(), reason }
    }

    fn none(lead_id: LeadId, step_id: &StepId) -> NotResent {
        let reason = "It has an end, or its next attempt waits already".to_owned();
        NotResent::new(lead_id, step_id, "not_a_dead_letter", reason)
    }
}

/// Which dead letters a request names.
enum Named {
    Events(Vec<EventId>),
    Places(Vec<(LeadId, StepId)>),
    Filter {
        query: Box<DeadLetterQuery>,
        /// How many they are to be; none when it is only asked.
        count: Option<usize>,
    },
}

impl Named {
    fn read(services: &Services, request: ResendRequest, dry_run: bool) -> Result<Named, ApiError> {
        let ResendRequest { event_ids, letters, filter, count } = request;
        let few = |len: usize, field: &str| {
            if (1..=RESEND_MAX).contains(&len) { Ok(()) } else { Err(too_many(len).about(field)) }
        };
        match (event_ids, letters, filter) {
            (Some(ids), None, None) => {
                few(ids.len(), "event_ids")?;
                let read = |id: &String| {
                    id.parse().map_err(|error| ApiError::bad_body(format!("{error}")).about("event_ids"))
                };
                Ok(Named::Events(ids.iter().map(read).collect::<Result<_, _>>()?))
            }
            (None, Some(places), None) => {
                few(places.len(), "letters")?;
                let read = |place: &LetterPlace| {
                    let lead_id: Result<LeadId, _> = place.lead_id.parse();
                    let step_id: Result<StepId, _> = place.step_id.parse();
                    let wrong = |message: String| ApiError::bad_body(message).about("letters");
                    Ok((
                        lead_id.map_err(|error| wrong(error.to_string()))?,
                        step_id.map_err(|error| wrong(error.to_string()))?,
                    ))
                };
                Ok(Named::Places(places.iter().map(read).collect::<Result<_, ApiError>>()?))
            }
            (None, None, Some(filter)) => {
                if count.is_none() && !dry_run {
                    let message =
                        "a filter goes with the count of dead letters that it takes, as ?dry_run=1 tells";
                    return Err(
                        ApiError::new(StatusCode::BAD_REQUEST, "count_missing", message).about("count")
                    );
                }
                let query = Box::new(read_filter(services, &filter)?);
                Ok(Named::Filter { query, count: count.filter(|_| !dry_run) })
            }
            _ => Err(ApiError::bad_body("name dead letters by one of event_ids, letters and filter")),
        }
    }

    /// The dead letters, each once, and what is none.
    async fn find(self, services: &Services) -> Result<(Vec<DeadLetter>, Vec<NotResent>), ApiError> {
        let places = match self {
            Named::Filter { query, count } => {
                let letters = look(services, move |letters| letters.all(&query, RESEND_MAX)).await?;
                let found = letters.len();
                if found > RESEND_MAX {
                    return Err(too_many(found).about("filter"));
                }
                if count.is_some_and(|count| count != found) {
                    let message = format!(
                        "the filter takes {found} dead letters by now; look at them, and send that count"
                    );
                    return Err(ApiError::new(StatusCode::CONFLICT, "count_differs", message).about("count"));
                }
                return Ok((letters, Vec::new()));
            }
            Named::Places(places) => places,
            Named::Events(ids) => {
                let find = move |letters: &DeadLetters<'_>| {
                    let place = |id: &EventId| Ok((*id, letters.place_of(id)?));
                    ids.iter().map(place).collect::<Result<Vec<_>, LeadsError>>()
                };
                let found = look(services, find).await?;
                let place = |(id, place): (EventId, Option<_>)| {
                    place.ok_or_else(|| {
                        ApiError::not_found(&format!("event of a step as {id}")).about("event_ids")
                    })
                };
                found.into_iter().map(place).collect::<Result<_, _>>()?
            }
        };
        look(services, move |letters| {
            let (mut found, mut none) = (Vec::new(), Vec::new());
            let mut seen = HashSet::new();
            for (lead_id, step_id) in places {
                if !seen.insert((lead_id, step_id.clone())) {
                    continue;
                }
                match letters.of_step(lead_id, &step_id)? {
                    Some(letter) => found.push(letter),
                    None => none.push(NotResent::none(lead_id, &step_id)),
                }
            }
            Ok((found, none))
        })
        .await
    }
}

fn too_many(count: usize) -> ApiError {
    let message = if count == 0 {
        "name at least one".to_owned()
    } else {
        format!("at most {RESEND_MAX} dead letters are sent again by one request; name fewer")
    };
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_body", message)
}

fn read_filter(services: &Services, filter: &BTreeMap<String, Value>) -> Result<DeadLetterQuery, ApiError> {
    let (now, mut query) = (services.clock.now(), DeadLetterQuery::default());
    for (name, value) in filter {
        let values: Vec<&str> = match value {
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        if values.is_empty() || value.as_array().is_some_and(|items| items.len() != values.len()) {
            return Err(ApiError::bad_body("write text, or a list of texts").about(format!("filter.{name}")));
        }
        if !DeadLetterQuery::FILTERS.contains(&name.as_str()) {
            let shown: String = name.chars().take(40).collect();
            let known = DeadLetterQuery::FILTERS.join(", ");
            let message = format!("a filter has no {shown:?}; known are {known}");
            return Err(ApiError::bad_body(message).about(format!("filter.{shown}")));
        }
        for value in values {
            query.set(name, value, now).map_err(|ParameterError { name, message }| {
                ApiError::bad_body(message).about(format!("filter.{name}"))
            })?;
        }
    }
    Ok(query)
}

fn read_dry_run(uri: &Uri) -> Result<bool, ApiError> {
    let mut dry_run = false;
    parameters::read(uri, &["dry_run"], |name, value| {
        if name != "dry_run" {
            return Ok(false);
        }
        dry_run = match value {
            "1" | "true" => true,
            "0" | "false" => false,
            _ => {
                let message = "write 1, or leave the parameter out".to_owned();
                return Err(ParameterError { name: name.to_owned(), message });
            }
        };
        Ok(true)
    })?;
    Ok(dry_run)
}

/// Reads files, so on a thread of its own.
async fn look<T: Send + 'static>(
    services: &Services,
    find: impl FnOnce(&DeadLetters<'_>) -> Result<T, LeadsError> + Send + 'static,
) -> Result<T, ApiError> {
    let (reader, sales) = (services.leads.reader(), services.free_sales());
    Ok(unblock(move || find(&DeadLetters::new(reader, &sales))).await?)
}
