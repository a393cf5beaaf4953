//! One request on an open connection, and its reply to the last byte.

use std::error::Error;
use std::io;

use domain::FaultKind;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Request, Response};
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};
use wire::outbound::{CodingError, OutboundRequest, Reply};

use super::Fault;
use super::connection::{Connection, HEAD_BYTES_MAX};

/// What became of a request.
pub(super) enum Sent {
    /// It has a reply.
    Replied(Reply),
    /// It has none, and may have been sent.
    Failed(Fault),
    /// Not one byte of it was sent.
    Nothing,
}

/// Sends a request and reads its reply. What is left of a reply when it fails ends with the connection.
pub(super) async fn send(
    connection: &mut Connection,
    url: &Url,
    request: &OutboundRequest,
    deadline: Instant,
    body_bytes_max: usize,
) -> Sent {
    let Ok(Ok(())) = timeout_at(deadline, connection.sender.ready()).await else { return Sent::Nothing };
    let request = match http_request(url, request) {
        Ok(request) => request,
        Err(fault) => return Sent::Failed(fault),
    };
    let late = || Sent::Failed(Fault::new(FaultKind::Timeout, "no whole reply within the time limit"));
    let response = match timeout_at(deadline, connection.sender.try_send_request(request)).await {
        Err(_) => return late(),
        Ok(Ok(response)) => response,
        Ok(Err(mut error)) => {
            // A request that comes back was never begun.
            return match error.take_message() {
                Some(_) => Sent::Nothing,
                None => Sent::Failed(fault_of(error.error())),
            };
        }
    };
    match timeout_at(deadline, read(response, body_bytes_max)).await {
        Err(_) => late(),
        Ok(Ok(reply)) => Sent::Replied(reply),
        Ok(Err(fault)) => Sent::Failed(fault),
    }
}

fn http_request(url: &Url, request: &OutboundRequest) -> Result<Request<Full<Bytes>>, Fault> {
    let mut builder = Request::builder()
        .method(request.method.as_str())
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header("host", &url[Position::BeforeHost..Position::AfterPort]);
    for (name, value) in &request.headers {
        builder = builder.header(name.as_str(), value.as_bytes());
    }
    builder
        .body(Full::new(Bytes::from(request.body.clone())))
        .map_err(|_| Fault::new(FaultKind::Connect, "the request cannot be written as HTTP"))
}

async fn read(response: Response<Incoming>, body_bytes_max: usize) -> Result<Reply, Fault> {
    let too_large = || {
        let size = match body_bytes_max {
            1_048_576 => "1 MiB".to_owned(),
            bytes => format!("{bytes} bytes"),
        };
        Fault::new(FaultKind::Reply, format!("the reply is larger than {size}"))
    };
    let (head, mut incoming) = response.into_parts();
    if incoming.size_hint().lower() > u64::try_from(body_bytes_max).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| fault_of(&error))?;
        if let Some(data) = frame.data_ref() {
            if body.len() + data.len() > body_bytes_max {
                return Err(too_large());
            }
            body.extend_from_slice(data);
        }
    }
    let headers =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let reply = Reply { status: head.status.as_u16(), headers: headers.collect(), body };
    reply.without_compression(body_bytes_max).map_err(|error| match error {
        CodingError::TooLarge => too_large(),
        CodingError::Broken | CodingError::TooMany => Fault::new(FaultKind::Reply, error.to_string()),
    })
}

/// What broke off: bytes may have been sent in all of these.
fn fault_of(error: &hyper::Error) -> Fault {
    if error.is_parse_too_large() {
        return Fault::new(
            FaultKind::Reply,
            format!("the head of the reply is larger than {HEAD_BYTES_MAX} bytes"),
        );
    }
    if error.is_parse() {
        return Fault::new(FaultKind::Reply, "the reply is not HTTP");
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return match cause.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                    Fault::new(FaultKind::Reply, "the body of the reply is not HTTP")
                }
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted => {
                    Fault::new(FaultKind::Unknown, "the connection was reset before the reply was whole")
                }
                _ => Fault::new(FaultKind::Unknown, "the connection was closed before the reply was whole"),
            };
        }
        source = cause.source();
    }
    Fault::new(FaultKind::Unknown, "the connection was closed before the reply was whole")
}
