//! How long requests may take, how large they may be, and how a server ends. Nothing sleeps: either
//! tokio's clock is paused, so that it jumps to the next limit, or a limit is short and the test
//! waits for what it brings about.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use expect_test::expect;
use hyper::body::{Body as HttpBody, Frame};
use server::{Api, BODY_BYTES_MAX, Limits, serve_within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use support::{Installation, timeline};

const SUBMIT: &str = "/flows/flow_roofs/sources/src_open/submit";
/// Far longer than any of these tests takes.
const NEVER: Duration = Duration::from_secs(60 * 60);
/// A limit that passes at once.
const SOON: Duration = Duration::from_millis(10);
/// When nothing happens for so long, nothing will.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that comes in these parts, and then stays open.
struct Unending(Vec<&'static [u8]>);

impl HttpBody for Unending {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.0.pop() {
            Some(part) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(part))))),
            None => Poll::Pending,
        }
    }
}

/// A body of one part again and again, for ever.
struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 8192])))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_lead_whose_body_does_not_end_is_refused_after_twenty_seconds() {
    let installation = Installation::new().await;
    let start = tokio::time::Instant::now();
    let body = Body::new(Unending(vec![b"email=ann%40example.com"]));
    let request = Request::post(SUBMIT).header("content-type", "application/x-www-form-urlencoded");
    let reply = installation.send(request.body(body).unwrap()).await;
    expect![[r#"
        408 Request Timeout
        content-type: text/plain
        The body did not arrive in time"#]]
    .assert_eq(&reply.told());
    assert_eq!(start.elapsed().as_secs(), 20);
    let events = installation.get("/events").await;
    assert_eq!(timeline(&events).lines().count(), 1, "only ledger.opened");
    let refusals = installation.get("/refusals").await;
    assert_eq!(refusals["data"][0]["status"], 408);
    installation.close().await;
}

#[tokio::test(start_paused = true)]
async fn any_other_request_ends_after_sixty_seconds() {
    let installation = Installation::new().await;
    for target in ["POST /flows", "POST /keys", "PUT /flows/flow_roofs", "POST /flows/check"] {
        let (method, uri) = target.split_once(' ').unwrap();
        let start = tokio::time::Instant::now();
        let request = Request::builder().method(method).uri(uri);
        let request = request.header("authorization", format!("Bearer {}", installation.admin));
        let reply = installation.send(request.body(Body::new(Unending(vec![b"{"]))).unwrap()).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{target}");
        assert_eq!(reply.json()["error"]["code"], "timeout", "{target}");
        assert_eq!(start.elapsed().as_secs(), 60, "{target}");
    }
    installation.close().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_without_being_read_to_its_end() {
    let installation = Installation::new().await;
    let admin = format!("Bearer {}", installation.admin);
    for (target, media_type) in
        [(SUBMIT, "text/plain"), ("/flows", "application/json"), ("/keys", "application/json")]
    {
        let request = Request::post(target)
            .header("content-type", "application/json")
            .header("authorization", &admin)
            .body(Body::new(Endless));
        let reply = installation.send(request.unwrap()).await;
        assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{target}");
        assert_eq!(reply.header("content-type"), media_type, "{target}");
        assert!(reply.text.contains(&BODY_BYTES_MAX.to_string()), "{target}: {}", reply.text);
    }
    installation.close().await;
}

/// A server on a port of its own.
struct Server {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(installation: &Installation, limits: Limits) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Api::new(installation.services.clone()).limits(limits).router();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(serve_within(listener, router, limits, async {
            let _ = stopped.await;
        }));
        Server { address, stop, ended }
    }

    /// Sends bytes on a connection of their own.
    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// Waits, but not for ever.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it never happened")
}

/// All that comes until the other side closes.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A close that resets is one too.
    let _ = soon(stream.read_to_end(&mut text)).await;
    String::from_utf8(text).unwrap()
}

/// All that comes until these bytes did.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let byte = soon(stream.read_u8()).await;
        text.push(char::from(byte.unwrap_or_else(|error| panic!("{error} after {text}"))));
    }
    text
}

#[tokio::test]
async fn a_connection_that_does_not_finish_its_headers_is_closed() {
    let installation = Installation::new().await;
    let server = Server::start(&installation, Limits { headers_time: SOON, ..Limits::default() }).await;
    for start in ["", "GET /healthz HTTP/1.1\r\nhost: example.com\r\n", "GET /heal"] {
        let mut stream = server.send(start).await;
        let told = to_the_end(&mut stream).await;
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 408"), "{start:?} -> {told}");
    }
    installation.close().await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_more_is_asked_is_closed() {
    let installation = Installation::new().await;
    let server = Server::start(&installation, Limits { headers_time: SOON, ..Limits::default() }).await;
    let mut stream = server.send("GET /healthz HTTP/1.1\r\nhost: example.com\r\n\r\n").await;
    let told = to_the_end(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 200 OK") && told.ends_with(r#"{"status":"ok"}"#), "{told}");
    installation.close().await;
}

#[tokio::test]
async fn beyond_the_most_connections_the_next_waits_until_one_ends() {
    let installation = Installation::new().await;
    let limits = Limits { headers_time: NEVER, connections: 1, ..Limits::default() };
    let server = Server::start(&installation, limits).await;
    let ask = "GET /healthz HTTP/1.1\r\nhost: example.com\r\n\r\n";
    let mut first = server.send(ask).await;
    until(&mut first, r#"{"status":"ok"}"#).await;
    let mut second = server.send(ask).await;
    first.write_all(ask.as_bytes()).await.unwrap();
    until(&mut first, r#"{"status":"ok"}"#).await;
    // Had it been accepted, it would be answered by now.
    let error = second.try_read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    until(&mut second, r#"{"status":"ok"}"#).await;
    installation.close().await;
}

#[tokio::test]
async fn an_idle_connection_ends_when_the_server_stops() {
    let installation = Installation::new().await;
    let limits = Limits { headers_time: NEVER, shutdown_time: NEVER, ..Limits::default() };
    let server = Server::start(&installation, limits).await;
    let mut used = server.send("GET /healthz HTTP/1.1\r\nhost: example.com\r\n\r\n").await;
    until(&mut used, r#"{"status":"ok"}"#).await;
    server.stop.send(()).unwrap();
    assert_eq!(to_the_end(&mut used).await, "");
    soon(server.ended).await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    installation.close().await;
}

#[tokio::test]
async fn a_lead_under_way_is_answered_in_full_when_the_server_stops() {
    let installation = Installation::new().await;
    let limits = Limits { headers_time: NEVER, shutdown_time: NEVER, ..Limits::default() };
    let server = Server::start(&installation, limits).await;
    let body = r#"{"email":"ann@example.com","state":"TX"}"#;
    let head = format!(
        "POST {SUBMIT} HTTP/1.1\r\nhost: example.com\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut stream = server.send(&head).await;
    // The server says this when it begins to read the body, so the request is under way.
    until(&mut stream, "100 Continue\r\n\r\n").await;
    server.stop.send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {
        // It still listens: the stop did not reach it yet.
        tokio::task::yield_now().await;
    }
    stream.write_all(body.as_bytes()).await.unwrap();
    let told = to_the_end(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 201 Created"), "{told}");
    assert!(told.contains("connection: close") && told.contains(r#""outcome":"success""#), "{told}");
    soon(server.ended).await.unwrap();
    expect![[r#"
        1 1 source.submitted step=- outcome=- -
        2 2 source.accepted step=- outcome=success -
        3 3 filter.passed step=in_area outcome=success -
        4 4 flow.completed step=- outcome=success -
    "#]]
    .assert_eq(&timeline(&installation.get("/flows/flow_roofs/events?sort=seq").await));
    installation.close().await;
}

#[tokio::test]
async fn a_request_that_does_not_end_holds_a_stop_up_only_so_long() {
    let installation = Installation::new().await;
    let limits = Limits { headers_time: NEVER, body_time: NEVER, shutdown_time: SOON, ..Limits::default() };
    let server = Server::start(&installation, limits).await;
    let head = format!(
        "POST {SUBMIT} HTTP/1.1\r\nhost: example.com\r\ncontent-type: application/json\r\n\
         content-length: 10\r\nexpect: 100-continue\r\n\r\n"
    );
    let mut stream = server.send(&head).await;
    until(&mut stream, "100 Continue\r\n\r\n").await;
    server.stop.send(()).unwrap();
    soon(server.ended).await.unwrap();
    installation.close().await;
}

/// Who sends all of a large body before it reads the answer found the connection reset, and no answer.
#[tokio::test]
async fn who_reads_only_once_all_is_sent_gets_the_refusal() {
    let installation = Installation::new().await;
    let limits = Limits { linger_time: NEVER, body_time: NEVER, ..Limits::default() };
    let server = Server::start(&installation, limits).await;
    let (part, parts) = ([b'x'; 64 * 1024], 150);
    for (target, status) in [
        (SUBMIT, "413 Payload Too Large"),
        ("/flows/flow_roofs/sources/src_none/submit", "404 Not Found"),
        ("/nothing", "404 Not Found"),
        ("/flows", "401 Unauthorized"),
    ] {
        for is_chunked in [false, true] {
            let framing = if is_chunked {
                "transfer-encoding: chunked".to_owned()
            } else {
                format!("content-length: {}", part.len() * parts)
            };
            let head = format!(
                "POST {target} HTTP/1.1\r\nhost: example.com\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
            );
            let mut stream = server.send(&head).await;
            for _ in 0..parts {
                if is_chunked {
                    soon(stream.write_all(format!("{:x}\r\n", part.len()).as_bytes())).await.unwrap();
                }
                soon(stream.write_all(&part)).await.unwrap();
                if is_chunked {
                    soon(stream.write_all(b"\r\n")).await.unwrap();
                }
            }
            if is_chunked {
                soon(stream.write_all(b"0\r\n\r\n")).await.unwrap();
            }
            let told = until(&mut stream, "\r\n\r\n").await;
            assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{target} {framing}: {told}");
        }
    }
    installation.close().await;
}

#[tokio::test]
async fn what_nobody_reads_is_read_only_so_long() {
    let installation = Installation::new().await;
    let server = Server::start(&installation, Limits { linger_time: SOON, ..Limits::default() }).await;
    let head = "POST /nothing HTTP/1.1\r\nhost: example.com\r\ncontent-length: 10000000\r\n\r\nx";
    let mut stream = server.send(head).await;
    let told = to_the_end(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 404 Not Found"), "{told}");
    installation.close().await;
}
