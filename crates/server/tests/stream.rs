//! Events are followed live.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use expect_test::expect;
use futures_util::StreamExt as _;
use serde_json::Value;
use server::{Api, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

use support::{Installation, steady};

const ANN: &str = r#"{"email":"ann.example@example.com","state":"TX","first_name":"Annabel"}"#;
const BOB: &str = r#"{"email":"bob@example.com","state":"NY"}"#;

/// A stream that is open.
struct Open {
    body: BodyDataStream,
    text: String,
}

impl Open {
    async fn at(router: &Router, key: &str, target: &str, headers: &[(&str, &str)]) -> Open {
        let mut request = Request::get(target).header("authorization", format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Open { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next message, without the empty line behind it; none at the end.
    async fn message(&mut self) -> Option<String> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(message);
            }
            let bytes = self.body.next().await?.unwrap();
            self.text += str::from_utf8(&bytes).unwrap();
        }
    }

    /// Reads until an event with this seq was there; gives every message as lines.
    async fn until(&mut self, seq: u64) -> String {
        let mut told = String::new();
        loop {
            let message = self.message().await.unwrap();
            let data = message.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or("{}");
            let data: Value = serde_json::from_str(data).unwrap();
            for line in message.lines().filter(|line| !line.starts_with("data: ")) {
                told += &format!("{line}\n");
            }
            let events = data["data"].as_array().cloned().unwrap_or_default();
            for event in &events {
                let lead = event.get("lead").map_or("-".to_owned(), |lead| steady(&lead.to_string()));
                told += &format!("  {} {} {lead}\n", event["seq"], event["type"].as_str().unwrap());
            }
            told += &format!("  complete to {}\n", data["complete_to_seq"]);
            if events.iter().any(|event| event["seq"] == seq) {
                return told;
            }
        }
    }
}

#[tokio::test]
async fn events_come_as_they_happen_filtered_and_masked() {
    let installation = Installation::new().await;
    installation.submit(BOB).await;
    let router = installation.router();
    let mut all = Open::at(&router, &installation.admin, "/events/stream?type=source.*", &[]).await;
    let mut told = all.message().await.unwrap() + "\n";
    installation.submit(ANN).await;
    told += &all.until(6).await;
    expect![[r#"
        id: 4
        event: open
        data: {"complete_to_seq":5}
        id: 8
        event: batch
          5 source.submitted {"email":"a•••@example.com","first_name":"A•••","id":"lead_…","state":"•••"}
          6 source.accepted {"email":"a•••@example.com","email.domain":"example.com","email.host":"•••","email.is_disposable":false,"email.is_free":false,"email.tld":"•••","email.user":"•••","email.valid":true,"first_name":"A•••","id":"lead_…","source.name":"Web Form","state":"TX","state.name":"Texas","state.valid":true}
          complete to 9
    "#]].assert_eq(&told);
    installation.close().await;
}

#[tokio::test]
async fn a_stream_resumes_behind_the_last_event_id() {
    let installation = Installation::new().await;
    installation.submit(ANN).await;
    let router = installation.router();
    let open = async |target: &str, headers: &[(&str, &str)]| {
        Open::at(&router, &installation.admin, target, headers).await.until(4).await
    };
    let after = open("/events/stream?after=2&shape=none", &[]).await;
    expect![[r#"
        id: 2
        event: open
          complete to 3
        id: 4
        event: batch
          3 filter.passed -
          4 flow.completed -
          complete to 5
    "#]]
    .assert_eq(&after);
    assert_eq!(open("/events/stream?after=0&shape=none", &[("last-event-id", "2")]).await, after);
    assert_eq!(open("/events/stream?after=2&shape=none", &[("last-event-id", "")]).await, after);
    installation.close().await;
}

#[tokio::test]
async fn what_a_stream_cannot_do_is_refused() {
    let installation = Installation::new().await;
    let mut told = String::new();
    for request in [
        "GET /events/stream?reveal=1",
        "GET /events/stream?why=x",
        "GET /events/stream?limit=5",
        "GET /events/stream?befor=5",
        "GET /events/stream?shape=none&expand=rules",
        "GET /events/stream\nlast-event-id: five",
        "GET /events/stream\nauthorization: Bearer gl_wrong",
    ] {
        let reply = installation.raw(request).await;
        told += &format!("{request} -> {}\n{}\n", reply.status, steady(&reply.text));
    }
    expect![[r#"
        GET /events/stream?reveal=1 -> 400 Bad Request
        {"error":{"code":"invalid_parameter","message":"a stream shows no values in clear; ask for the events that need it: GET /events?reveal=1&after=…","field":"reveal","request_id":"req_…"}}
        GET /events/stream?why=x -> 400 Bad Request
        {"error":{"code":"invalid_parameter","message":"a stream shows no values in clear; ask for the events that need it: GET /events?reveal=1&after=…","field":"why","request_id":"req_…"}}
        GET /events/stream?limit=5 -> 400 Bad Request
        {"error":{"code":"unknown_parameter","message":"there is no parameter \"limit\"; known are lead_id, type, outcome, flow_id, entity_id, source_id, step_id, integration, reason_code, min_ms, max_ms, min_price, max_price, test, start, end, after, dim.<path>, has.<field>, valid.<field>, shape, expand","field":"limit","request_id":"req_…"}}
        GET /events/stream?befor=5 -> 400 Bad Request
        {"error":{"code":"unknown_parameter","message":"there is no parameter \"befor\"; known are lead_id, type, outcome, flow_id, entity_id, source_id, step_id, integration, reason_code, min_ms, max_ms, min_price, max_price, test, start, end, after, dim.<path>, has.<field>, valid.<field>, shape, expand","field":"befor","request_id":"req_…"}}
        GET /events/stream?shape=none&expand=rules -> 400 Bad Request
        {"error":{"code":"invalid_parameter","message":"with shape=none nothing but the header is read","field":"expand","request_id":"req_…"}}
        GET /events/stream
        last-event-id: five -> 400 Bad Request
        {"error":{"code":"invalid_parameter","message":"the header Last-Event-ID is the id of a message of this stream, a whole number","field":"last-event-id","request_id":"req_…"}}
        GET /events/stream
        authorization: Bearer gl_wrong -> 401 Unauthorized
        {"error":{"code":"unauthorized","message":"the key is not known, or was revoked","field":null,"request_id":"req_…"}}
    "#]].assert_eq(&told);
    let submitter = installation.key("submit:src_web").await;
    let reply = installation.get_as(&submitter, "/events/stream").await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    installation.close().await;
}

#[tokio::test]
async fn no_more_streams_are_open_than_may_be() {
    let installation = Installation::new().await;
    let limits = Limits { streams: 2, ..Limits::default() };
    let router = Api::new(installation.services.clone()).limits(limits).router();
    let open = async || Open::at(&router, &installation.admin, "/events/stream", &[]).await;
    let (first, mut second) = (open().await, open().await);
    let request = || {
        let key = format!("Bearer {}", installation.admin);
        Request::get("/events/stream").header("authorization", key).body(Body::empty()).unwrap()
    };
    let reply = installation.send_to(&router, request()).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.json()["error"]["code"], "too_many_streams");
    // A client that goes makes room.
    drop(first);
    let mut third = open().await;
    assert!(second.message().await.unwrap().contains("event: open"));
    assert!(third.message().await.unwrap().contains("event: open"));
    installation.close().await;
}

/// The clock is still, and jumps to whatever is due next when nothing else is to do.
#[tokio::test(start_paused = true)]
async fn a_comment_shows_that_a_quiet_stream_lives_until_its_key_is_revoked() {
    let installation = Installation::new().await;
    let key =
        installation.services.control.create_key("system", "wall", vec![domain::Scope::Read]).await.unwrap();
    let router = installation.router();
    let start = tokio::time::Instant::now();
    let mut open = Open::at(&router, &key.secret, "/events/stream", &[]).await;
    assert!(open.message().await.unwrap().contains("event: open"));
    // Longer than a request may take.
    for beat in 1..=8 {
        assert_eq!(open.message().await.as_deref(), Some(":"));
        assert_eq!(start.elapsed().as_secs(), 15 * beat);
    }
    installation.services.control.revoke_key("system", &key.name).await.unwrap();
    assert_eq!(open.message().await, None);
    assert_eq!(start.elapsed().as_secs(), 15 * 9);
    installation.close().await;
}

#[tokio::test]
async fn a_stream_does_not_hold_up_the_end_of_the_server() {
    let installation = Installation::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(server::serve(listener, installation.router(), async {
        stopped.await.unwrap();
    }));
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /events/stream HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        installation.admin
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains("event: open") {
        assert_ne!(client.read_buf(&mut text).await.unwrap(), 0, "the stream opens");
    }
    let start = std::time::Instant::now();
    stop.send(()).unwrap();
    client.read_to_end(&mut text).await.unwrap();
    served.await.unwrap();
    assert!(start.elapsed().as_secs() < 10, "it ends at once, not at the limit of a shutdown");
    assert!(String::from_utf8_lossy(&text).ends_with("0\r\n\r\n"), "the reply is whole");
    installation.close().await;
}
