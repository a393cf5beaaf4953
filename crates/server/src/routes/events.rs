//! `/events`, `/flows/{flow}/events`, `/events/{id}`: what happened, masked unless whoever asks
//! may see more and says that they want to.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use domain::{EventId, FlowId, LeadId, Reveal, Scope};
use ledger::ReadError;
use readers::{DECLARED_NAMES, EventQuery, Events, ParameterError, ShowError, Sight};
use wire::json::ObjectWriter;
use wire::public_event::Shape;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::openapi::{
    Errors, ErrorsOrMissing, Event, EventFilterParameters, EventPage, SightParameters, WindowParameters,
};
use crate::parameters;
use crate::routes::json;

/// Every event.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(EventFilterParameters, WindowParameters, SightParameters),
    responses((status = 200, description = "Newest first unless asked otherwise", body = EventPage), Errors)
)]
pub(crate) async fn all(
    State(services): State<Services>,
    caller: Caller,
    Extension(request_id): Extension<RequestId>,
    uri: Uri,
) -> Result<Response, ApiError> {
    page(&services, &caller, &request_id, &uri, EventQuery::default()).await
}

/// The events of one flow.
#[utoipa::path(
    get,
    path = "/flows/{flow}/events",
    tag = "events",
    params(("flow" = String, Path, description = "`flow_…`"), EventFilterParameters, WindowParameters, SightParameters),
    responses((status = 200, description = "Newest first unless asked otherwise", body = EventPage), ErrorsOrMissing)
)]
pub(crate) async fn of_flow(
    State(services): State<Services>,
    caller: Caller,
    Extension(request_id): Extension<RequestId>,
    Path(flow): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    caller.need(&Scope::Read)?;
    let flow_id: FlowId = flow.parse().map_err(|_| ApiError::not_found("flow"))?;
    if services.control.flow(&flow_id).is_none() {
        return Err(ApiError::not_found("flow"));
    }
    let mut query = EventQuery::default();
    query.filter.flows.among.push(flow_id);
    page(&services, &caller, &request_id, &uri, query).await
}

/// One event.
#[utoipa::path(
    get,
    path = "/events/{id}",
    tag = "events",
    params(("id" = String, Path, description = "`evt_…`"), SightParameters),
    responses((status = 200, description = "The event", body = Event), ErrorsOrMissing)
)]
pub(crate) async fn one(
    State(services): State<Services>,
    caller: Caller,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let viewer = Viewer { services: &services, caller: &caller, request_id: &request_id, uri: &uri };
    let sight = viewer.sight()?;
    let id: EventId = id.parse().map_err(|_| ApiError::not_found("event"))?;
    let found = viewer
        .find(&sight, move |events| events.one(&id))
        .await?
        .ok_or_else(|| ApiError::not_found("event"))?;
    Ok(json(viewer.show(found, sight).await?))
}

/// A page of the list that `query` begins and the parameters of the request narrow.
pub(crate) async fn page(
    services: &Services,
    caller: &Caller,
    request_id: &RequestId,
    uri: &Uri,
    mut query: EventQuery,
) -> Result<Response, ApiError> {
    caller.need(&Scope::Read)?;
    let now = services.clock.now();
    let (chain, flows) = (query.filter.chain, query.filter.flows.clone());
    let mut sight = Sight::default();
    let names = [&EventQuery::NAMES[..], &DECLARED_NAMES[..], &Sight::NAMES[..]].concat();
    parameters::read(uri, &names, |name, value| {
        let known = query.set(name, value, now)? || sight.set(name, value)?;
        let refuse = |message: &str| ParameterError { name: name.to_owned(), message: message.to_owned() };
        if chain.is_some() && query.filter.chain != chain {
            return Err(refuse("the address names another lead"));
        }
        if !flows.is_all() && query.filter.flows != flows {
            return Err(refuse("the address names the flow already"));
        }
        Ok(known)
    })?;
    sight.check()?;
    query.resolve(&services.published_flows())?;
    let order = query.window.order;
    let viewer = Viewer { services, caller, request_id, uri };
    let found = viewer.find(&sight, move |events| events.list(&query)).await?;
    let next = found.next(order).map(|(name, seq)| next_page(uri, name, seq));
    let complete_to_seq = found.complete_to_seq();
    let events = viewer.show(found, sight).await?;
    Ok(page_of(&events, next.as_deref(), complete_to_seq))
}

/// A page of a list, of rows that are written already with commas between.
pub(crate) fn page_of(rows: &[u8], next: Option<&str>, complete_to_seq: u64) -> Response {
    let mut body = Vec::with_capacity(rows.len() + 200);
    let mut object = ObjectWriter::open(&mut body);
    let data = object.value("data");
    data.push(b'[');
    data.extend_from_slice(rows);
    data.push(b']');
    match next {
        Some(next) => object.text("next", next),
        None => object.null("next"),
    }
    object.number("complete_to_seq", complete_to_seq);
    object.close();
    json(body)
}

/// The address of the page after this one.
pub(crate) fn next_page(uri: &Uri, name: &str, seq: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters::pairs(uri).filter(|(own, _)| own != name));
    query.append_pair(name, &seq.to_string());
    format!("{}?{}", uri.path(), query.finish())
}

/// Finds and shows events for one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer<'a> {
    pub(crate) services: &'a Services,
    pub(crate) caller: &'a Caller,
    pub(crate) request_id: &'a RequestId,
    pub(crate) uri: &'a Uri,
}

impl Viewer<'_> {
    /// How one event or lead is to be shown, to somebody who may see it.
    pub(crate) fn sight(&self) -> Result<Sight, ApiError> {
        self.caller.need(&Scope::Read)?;
        let mut sight = Sight::default();
        parameters::read(self.uri, &Sight::NAMES, |name, value| sight.set(name, value))?;
        sight.check()?;
        Ok(sight)
    }

    /// Reads files, so on a thread of its own.
    async fn find<T: Send + 'static>(
        &self,
        sight: &Sight,
        find: impl FnOnce(Events) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let mut events = self.services.events();
        if sight.shape == Shape::None {
            events = events.without_bodies();
        } else if sight.expand.changes {
            events = events.with_before();
        }
        Ok(unblock(move || find(events)).await?)
    }

    /// The public JSON of what was found. When values are asked for in clear, that is durable in
    /// the control ledger before any is written.
    async fn show(&self, found: readers::EventPage, sight: Sight) -> Result<Vec<u8>, ApiError> {
        self.record_reveal(&sight, || found.lead_ids()).await?;
        let policies = self.services.policies();
        let write = move || {
            let mut out = Vec::new();
            found.write(&sight, &policies, &mut out).map(|()| out)
        };
        Ok(unblock(write).await?)
    }

    /// Records who is about to see values of which leads, when they are asked for in clear and
    /// there are any to be seen.
    pub(crate) async fn record_reveal(
        &self,
        sight: &Sight,
        lead_ids: impl FnOnce() -> Result<Vec<LeadId>, ShowError>,
    ) -> Result<(), ApiError> {
        if sight.reveal {
            self.caller.need(&Scope::PiiRead)?;
            let lead_ids = if sight.shape == Shape::None { Vec::new() } else { lead_ids()? };
            if !lead_ids.is_empty() {
                let request = format!("{} {} {}", Method::GET, self.uri.path(), self.request_id.0);
                let reveal = Reveal { request: Arc::from(request), lead_ids, why: sight.why.clone() };
                self.services.control.record_reveal(self.caller.name(), reveal).await?;
            }
        } else if sight.why.is_some() {
            let message = "a reason goes with reveal=1";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", message).about("why"));
        }
        Ok(())
    }
}

pub(crate) async fn unblock<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
