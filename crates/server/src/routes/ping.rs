//! `GET` and `POST /flows/{flow}/sources/{source}/ping`: a source asks what a lead would be worth.

use std::sync::Arc;

use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use engine::Ping;
use wire::inbound::Door;

use crate::RemoteAddress;
use crate::error::ApiError;
use crate::frame::RequestId;
use crate::intake::{read_reply, write_ping_reply};
use crate::openapi::{PingAnswer, Refused, SubmitParameters};
use crate::routes::submit::{Entered, enter, refusal_of, refuse};
use crate::state::ApiState;

/// A source asks what a lead would be worth, with what it knows of it. The scope is `ping:<source>`.
#[utoipa::path(
    post,
    path = "/flows/{flow}/sources/{source}/ping",
    tag = "intake",
    security((), ("bearer" = []), ("basic" = []), ("session" = [])),
    params(("flow" = String, Path, description = "`flow_…`"), ("source" = String, Path, description = "`src_…`"), SubmitParameters),
    request_body(
        content((Object = "application/json"), (Object = "application/x-www-form-urlencoded"), (Object = "application/xml"), (Object = "text/xml")),
        description = "At most 1 MiB and 500 parameters"
    ),
    responses(
        (status = 200, description = "The offer, or why there is none; its events are durable", body = PingAnswer),
        Refused
    )
)]
pub(crate) async fn post(
    state: State<ApiState>,
    names: Path<(String, String)>,
    request_id: Extension<RequestId>,
    request: Request,
) -> Response {
    ping(state, names, request_id, request).await
}

/// The same with all parameters in the query.
#[utoipa::path(
    get,
    path = "/flows/{flow}/sources/{source}/ping",
    tag = "intake",
    security((), ("bearer" = []), ("basic" = [])),
    params(("flow" = String, Path, description = "`flow_…`"), ("source" = String, Path, description = "`src_…`"), SubmitParameters),
    responses(
        (status = 200, description = "The offer, or why there is none; its events are durable", body = PingAnswer),
        Refused
    )
)]
pub(crate) async fn get(
    state: State<ApiState>,
    names: Path<(String, String)>,
    request_id: Extension<RequestId>,
    request: Request,
) -> Response {
    ping(state, names, request_id, request).await
}

/// By any method: others than these two are refused as pings are.
pub(crate) async fn ping(
    State(state): State<ApiState>,
    Path((flow, source)): Path<(String, String)>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let remote = request.extensions().get::<RemoteAddress>().map(|remote| remote.0);
    let refusal = match enter(&state, Door::Ping, &flow, &source, request).await {
        Err(refusal) => refusal,
        Ok(entered) => match state.services.engine.ping(asked(&state, entered, &request_id)).await {
            Ok(pinged) => {
                return read_reply(&pinged.response).unwrap_or_else(|| ApiError::panicked().into_response());
            }
            Err(error) => match refusal_of(error) {
                Ok(refusal) => refusal,
                Err(error) => return error.into_response(),
            },
        },
    };
    refuse(&state, refusal, flow, source, request_id, remote)
}

fn asked(state: &ApiState, entered: Entered, request_id: &Arc<str>) -> Ping {
    let Entered { flow, source_id, raw, test, request, idempotency: _, wish, under_way } = entered;
    let render_id = Arc::clone(request_id);
    let clock = Arc::clone(&state.services.clock);
    Ping {
        flow,
        source_id,
        raw,
        request,
        request_id: Some(Arc::clone(request_id)),
        test,
        render: Box::new(move |token, answer| {
            drop(under_way);
            write_ping_reply(&wish, &render_id, clock.now(), token, answer)
        }),
    }
}
