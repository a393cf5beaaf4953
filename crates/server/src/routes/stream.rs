//! `/events/stream`: events as they become durable, as server-sent events.
//!
//! Each message is made when the connection takes it, so a client that is slow holds no more than
//! the batch under way; one that is too slow is told of a gap.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::Scope;
use futures_util::stream;
use readers::{
    BATCH_EVENTS_MAX, DECLARED_NAMES, EventPage, EventQuery, ParameterError, Sight, Tail, TailStart, Tailed,
};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::error;
use wire::json::ObjectWriter;
use wire::public_event::Shape;

use crate::auth::{Caller, Identity, identify};
use crate::connections::Stopping;
use crate::error::{ApiError, chain};
use crate::metrics::UnderWay;
use crate::openapi::{Errors, EventFilterParameters, StreamParameters};
use crate::parameters;
use crate::routes::events::unblock;
use crate::state::ApiState;

/// How often a comment shows that the stream lives.
const BEAT: Duration = Duration::from_secs(15);
/// How long a stream waits after a batch that was not full, so that what comes close together
/// goes together.
const PAUSE: Duration = Duration::from_millis(50);
/// What lists take and streams do not.
const OF_LISTS: [&str; 3] = ["before", "limit", "sort"];
/// The header a client resumes by.
const LAST_EVENT_ID: &str = "last-event-id";

/// Events as they become durable, as server-sent events: `open`, then `batch` and, when too much came
/// since, `gap`. The id of a message is the last `seq` that was looked at.
#[utoipa::path(
    get,
    path = "/events/stream",
    tag = "events",
    params(EventFilterParameters, StreamParameters),
    responses(
        (status = 200, description = "Messages until the client, its key or the server goes", content_type = "text/event-stream", body = String),
        Errors
    )
)]
pub(crate) async fn live(
    State(state): State<ApiState>,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    caller.need(&Scope::Read)?;
    let services = &state.services;
    let (asked, sight) = read_query(&request, services.clock.now())?;
    let (mut query, flows) = (asked.clone(), services.published_flows());
    query.resolve(&flows)?;
    let last = request.headers().get(LAST_EVENT_ID).filter(|value| !value.is_empty());
    let last = last.map(|value| value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(wrong_id));
    let after = last.transpose()?.or(query.window.after);
    let start = after.map_or(TailStart::Live, TailStart::After);
    let place = state.streams.clone().try_acquire_owned().map_err(|_| {
        let message = "as many streams are open as may be; close one, or try again later";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", message)
    })?;
    let mut tail = Tail::new(&services.leads, query.filter, start);
    if sight.shape == Shape::None {
        tail = tail.without_bodies();
    } else if sight.expand.changes {
        tail = tail.with_before();
    }
    if asked.asks_of_flows() {
        // A version that is published meanwhile may declare its fields in another order.
        tail = tail.refreshed(move || {
            let mut query = asked.clone();
            query.resolve(&flows).ok().map(|()| query.filter)
        });
    }
    let now = Instant::now();
    let live = Live {
        tail,
        sight,
        signed: [header::AUTHORIZATION, header::COOKIE]
            .into_iter()
            .filter_map(|name| Some((name.clone(), request.headers().get(name)?.clone())))
            .collect(),
        stopping: request.extensions().get::<Stopping>().cloned(),
        _counted: state.metrics.begin_stream(),
        state,
        opened: false,
        beat: now + BEAT,
        pause: now,
        _place: place,
    };
    let messages = stream::unfold(live, |live| async {
        let (message, live) = live.next().await?;
        Some((Ok::<_, Infallible>(message), live))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(messages)).into_response())
}

/// What is to be followed, and how it is shown.
fn read_query(request: &Request, now: domain::Timestamp) -> Result<(EventQuery, Sight), ApiError> {
    let (mut query, mut sight) = (EventQuery::default(), Sight::default());
    let names = EventQuery::NAMES.into_iter().filter(|name| !OF_LISTS.contains(name));
    let names: Vec<_> = names.chain(DECLARED_NAMES).chain(["shape", "expand"]).collect();
    parameters::read(request.uri(), &names, |name, value| {
        if OF_LISTS.contains(&name) {
            return Ok(false);
        }
        let known = query.set(name, value, now)? || sight.set(name, value)?;
        if sight.reveal || sight.why.is_some() {
            let message = "a stream shows no values in clear; ask for the events that need it: GET /events?reveal=1&after=…";
            return Err(ParameterError { name: name.to_owned(), message: message.to_owned() });
        }
        Ok(known)
    })?;
    sight.check()?;
    Ok((query, sight))
}

fn wrong_id() -> ApiError {
    let message = "the header Last-Event-ID is the id of a message of this stream, a whole number";
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", message).about(LAST_EVENT_ID)
}

/// One client's stream.
#[derive(Debug)]
struct Live {
    tail: Tail,
    sight: Sight,
    state: ApiState,
    /// What the client signed its request with.
    signed: HeaderMap,
    /// None where nothing ever stops it: without a socket.
    stopping: Option<Stopping>,
    /// Whether the first message was sent.
    opened: bool,
    /// When the next comment is due.
    beat: Instant,
    /// Not before this moment does the next batch begin.
    pause: Instant,
    _place: OwnedSemaphorePermit,
    /// Counted for as long as it lives.
    _counted: UnderWay,
}

/// What comes first.
enum First {
    Stop,
    Beat,
    Tailed(Result<Tailed, ledger::ReadError>),
}

impl Live {
    /// The next message, or the end.
    async fn next(mut self) -> Option<(Bytes, Live)> {
        if !self.opened {
            self.opened = true;
            let message = open(self.tail.complete_to_seq());
            return Some((message, self));
        }
        // Dropping one half-way loses nothing: the tail looks at the same again.
        let first = tokio::select! {
            biased;
            () = stopped(self.stopping.as_mut()) => First::Stop,
            () = tokio::time::sleep_until(self.beat) => First::Beat,
            tailed = next_after(&mut self.tail, self.pause) => First::Tailed(tailed),
        };
        match first {
            First::Stop => None,
            First::Beat if !self.may_go_on() => None,
            First::Beat => {
                self.beat = Instant::now() + BEAT;
                Some((Bytes::from_static(b":\n\n"), self))
            }
            First::Tailed(Ok(Tailed::Gap { from, to })) => Some((gap(from, to), self)),
            First::Tailed(Ok(Tailed::Batch(events))) => {
                if events.len() < BATCH_EVENTS_MAX {
                    self.pause = Instant::now() + PAUSE;
                }
                let message = self.batch(events).await?;
                Some((message, self))
            }
            First::Tailed(Err(error)) => {
                error!("A live stream ends: {}", chain(&error));
                None
            }
        }
    }

    /// Whether the key still exists and may read: a stream outlives neither its key nor its session.
    fn may_go_on(&self) -> bool {
        match identify(&self.state, &Method::GET, &self.signed) {
            Identity::Known { key, .. } => key.allows(&Scope::Read),
            Identity::Nobody | Identity::Unknown | Identity::Forged => false,
        }
    }

    async fn batch(&self, events: EventPage) -> Option<Bytes> {
        let (sight, policies) = (self.sight.clone(), self.state.services.policies());
        let written = unblock(move || {
            let next_seq = events.complete_to_seq();
            let mut out = head("batch", Some(next_seq));
            let mut object = ObjectWriter::open(&mut out);
            let data = object.value("data");
            data.push(b'[');
            events.write(&sight, &policies, data)?;
            data.push(b']');
            object.number("complete_to_seq", next_seq);
            object.close();
            Ok::<_, readers::ShowError>(end(out))
        });
        written.await.map_err(|error| error!("A live stream ends: {}", chain(&error))).ok()
    }
}

async fn stopped(stopping: Option<&mut Stopping>) {
    match stopping {
        Some(stopping) => stopping.stopped().await,
        None => std::future::pending().await,
    }
}

async fn next_after(tail: &mut Tail, pause: Instant) -> Result<Tailed, ledger::ReadError> {
    tokio::time::sleep_until(pause).await;
    tail.next().await
}

/// A message up to its data. The id is the last seq that was looked at.
fn head(event: &str, next_seq: Option<u64>) -> Vec<u8> {
    let id = next_seq.and_then(|seq| seq.checked_sub(1)).map_or(String::new(), |seq| format!("id: {seq}\n"));
    format!("{id}event: {event}\ndata: ").into_bytes()
}

fn end(mut message: Vec<u8>) -> Bytes {
    message.extend_from_slice(b"\n\n");
    message.into()
}

fn open(next_seq: u64) -> Bytes {
    let mut out = head("open", Some(next_seq));
    let mut object = ObjectWriter::open(&mut out);
    object.number("complete_to_seq", next_seq);
    object.close();
    end(out)
}

fn gap(from: u64, to: u64) -> Bytes {
    let mut out = head("gap", Some(to));
    let mut object = ObjectWriter::open(&mut out);
    object.number("from", from);
    object.number("to", to);
    object.close();
    end(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_says_what_is_missing_and_where_it_goes_on() {
        assert_eq!(gap(3, 9), "id: 8\nevent: gap\ndata: {\"from\":3,\"to\":9}\n\n");
    }
}
