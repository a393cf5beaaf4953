//! What a source may set about its submissions: whence, how often, what is answered and how; and forms of
//! bodies that only a router can be asked about.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use server::{Api, RemoteAddress};
use std::io::Write as _;
use support::{Installation, Reply};

const OPEN: &str = "/flows/flow_roofs/sources/src_open/submit";

/// The flow of all tests, its open source set so.
async fn with_source(keys: &str) -> Installation {
    let flow = support::FLOW.replace("key_required: false", &format!("key_required: false, {keys}"));
    assert!(flow.contains(keys));
    Installation::with(&flow, "").await
}

/// A submission from an address, by GET.
async fn from(installation: &Installation, address: &str, forwarded: &str) -> Reply {
    let router =
        Api::new(installation.services.clone()).trusted_proxies(vec!["10.0.0.0/8".parse().unwrap()]).router();
    let mut request = Request::get(format!("{OPEN}?email=ann%40example.com&state=TX"));
    if !forwarded.is_empty() {
        request = request.header("x-forwarded-for", forwarded);
    }
    let mut request = request.body(Body::empty()).unwrap();
    let address: SocketAddr = format!("{address}:4711").parse().unwrap();
    request.extensions_mut().insert(RemoteAddress(address));
    installation.send_to(&router, request).await
}

#[tokio::test]
async fn only_addresses_that_a_source_names_may_send() {
    let installation = with_source("allow_from: [ 203.0.113.0/24 ]").await;
    for (address, forwarded, wanted) in [
        ("203.0.113.9", "", StatusCode::CREATED),
        ("198.51.100.9", "", StatusCode::FORBIDDEN),
        ("198.51.100.9", "203.0.113.9", StatusCode::FORBIDDEN),
        ("10.0.0.1", "203.0.113.9", StatusCode::CREATED),
        ("10.0.0.1", "203.0.113.9, 198.51.100.9", StatusCode::FORBIDDEN),
        ("10.0.0.1", "", StatusCode::FORBIDDEN),
    ] {
        let reply = from(&installation, address, forwarded).await;
        assert_eq!(reply.status, wanted, "{address} {forwarded} {}", reply.text);
    }
    let reply = installation.raw(&format!("GET {OPEN}?state=TX")).await;
    assert_eq!(
        reply.told(),
        "403 Forbidden\ncontent-type: text/plain\nThis source takes no submissions from this address"
    );
    let refusals = installation.get("/refusals").await;
    assert_eq!(refusals["data"][0]["status"], 403);
    let events = installation.get("/events?type=source.submitted").await;
    assert_eq!(events["data"].as_array().unwrap().len(), 2, "what is refused leaves no lead");
    installation.close().await;
}

#[tokio::test]
async fn a_source_that_sends_too_much_is_told_when_to_send_again() {
    let installation = with_source("limits: { per_day: 2 }").await;
    let submit = format!("GET {OPEN}?email=ann%40example.com&state=TX");
    let keyed = format!("{submit}\nidempotency-key: 1");
    assert_eq!(installation.raw(&submit).await.status, StatusCode::CREATED);
    assert_eq!(installation.raw(&keyed).await.status, StatusCode::CREATED);
    let reply = installation.raw(&submit).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(reply.text, "Too many submissions: this source may send 2 a day; try again in 86400 s");
    assert_eq!(reply.header("retry-after"), "86400");
    let repeat = installation.raw(&keyed).await;
    assert_eq!((repeat.status, repeat.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    let other = installation.raw(&format!("{submit}\nidempotency-key: 2")).await;
    assert_eq!(other.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(installation.get("/refusals").await["data"][0]["status"], 429);
    // Limits of one source are no other's.
    installation.submit(r#"{"email":"ann@example.com","state":"TX"}"#).await;
    installation.close().await;
}

#[tokio::test]
async fn an_identical_submission_gets_the_first_answer_where_a_source_says_so() {
    let installation = with_source("same_payload: 60s").await;
    let submit = |state: &str| {
        format!(
            "POST {OPEN}\ncontent-type: application/json\n\n{{\"email\":\"ann@example.com\",\"state\":\"{state}\"}}"
        )
    };
    let first = installation.raw(&submit("TX")).await;
    let second = installation.raw(&submit("TX")).await;
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    assert_eq!(first.text, second.text);
    let other = installation.raw(&submit("OK")).await;
    assert_ne!(other.json()["lead"], first.json()["lead"]);
    let keyed = submit("TX").replacen("\ncontent-type", "\nidempotency-key: 1\ncontent-type", 1);
    assert_ne!(installation.raw(&keyed).await.json()["lead"], first.json()["lead"], "a key of its own wins");
    let events = installation.get("/events?type=source.submitted").await;
    assert_eq!(events["data"].as_array().unwrap().len(), 3);
    installation.close().await;
}

#[tokio::test]
async fn a_source_says_what_it_is_told_and_in_which_form() {
    let keys = "answer: [ outcome, lead.email, lead.email.domain, lead.state, source.name, lead.id, price ]";
    let without_clash = keys.replace("lead.email.domain, ", "");
    let installation = with_source(&format!("{without_clash}, answer_as: xml")).await;
    let submit = format!("GET {OPEN}?email=ann%40example.com&state=TX");
    let reply = installation.raw(&submit).await;
    let wanted = "201 Created\ncontent-type: application/xml\n<?xml version=\"1.0\"?>\n<result>\n  <outcome>success</outcome>\n  \
                  <lead>\n    <email>ann@example.com</email>\n    <state>TX</state>\n    <id>lead_…</id>\n  </lead>\n  <source>\n    <name>Open Form</name>\n  </source>\n  <price>0</price>\n</result>";
    assert_eq!(reply.told(), wanted);
    let reply = installation.raw(&format!("{submit}\naccept: application/json")).await;
    assert_eq!(reply.json()["lead"]["email"], "ann@example.com");
    assert_eq!(reply.header("content-length"), reply.text.len().to_string());
    let reply = installation.raw(&format!("{submit}\naccept: text/plain")).await;
    assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE);
    installation.close().await;
}

#[tokio::test]
async fn xml_comes_in_and_goes_out() {
    let installation = Installation::new().await;
    let submit = "POST /flows/flow_roofs/sources/src_web/submit?strict=1\ncontent-type: text/xml\naccept: text/xml\n\n";
    let reply =
        installation.raw(&format!("{submit}<l email=\"ann@example.com\"><state>NÝ</state></l>")).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reply.header("content-type"), "text/xml");
    assert!(
        reply.text.contains("\n  <outcome>failure</outcome>\n  <reason>State not in our area</reason>\n")
    );
    let reply = installation.raw(&format!("{submit}<l><email>")).await;
    assert_eq!(
        reply.told(),
        "400 Bad Request\ncontent-type: text/plain\nBody does not contain XML or XML is unparseable -- Error: Unclosed root tag Line: 0 Column: 10 Char: ."
    );
    installation.close().await;
}

#[tokio::test]
async fn a_compressed_body_is_recorded_as_it_reads() {
    let installation = Installation::new().await;
    let gzip = |text: &[u8]| {
        let mut writer = GzEncoder::new(Vec::new(), Compression::best());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    };
    let post = |body: Vec<u8>| {
        Request::post("/flows/flow_roofs/sources/src_open/submit")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-encoding", "gzip")
            .body(Body::from(body))
            .unwrap()
    };
    let reply = installation.send(post(gzip(b"email=ann%40example.com&state=TX"))).await;
    let lead_id = reply.json()["lead"]["id"].as_str().unwrap().to_owned();
    let events =
        installation.get(&format!("/leads/{lead_id}/events?reveal=1&why=test&expand=exchange")).await;
    let request = events["data"][0]["exchange"][0]["request"].as_str().unwrap();
    assert!(request.ends_with("\r\n\r\nemail=ann%40example.com&state=TX"), "{request}");
    let bomb = gzip(&vec![b'a'; 64 * server::BODY_BYTES_MAX]);
    assert!(bomb.len() < server::BODY_BYTES_MAX);
    let reply = installation.send(post(bomb)).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", reply.text);
    installation.close().await;
}
