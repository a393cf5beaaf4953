//! Submissions that are made to hurt, through the whole API: each is refused in words, soon, and makes no lead; what is
//! only odd gets between no lines of an answer. That bodies which drip or never end are cut off stands in
//! `limits.rs`, how much memory reading takes in `wire`.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::Write as _;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use expect_test::expect;
use flate2::Compression;
use flate2::write::GzEncoder;
use server::BODY_BYTES_MAX;

use crate::support::{FLOW, Installation};

const SUBMIT: &str = "/flows/flow_roofs/sources/src_open/submit";
const FORM: &str = "application/x-www-form-urlencoded";

/// Longest time for one of them, in a debug build on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(10);

async fn told(installation: &Installation, content_type: &str, encoding: &str, body: Vec<u8>) -> String {
    let mut request = Request::post(SUBMIT).header("content-type", content_type);
    if !encoding.is_empty() {
        request = request.header("content-encoding", encoding);
    }
    let began = Instant::now();
    let reply = installation.send(request.body(Body::from(body)).unwrap()).await;
    assert!(began.elapsed() < TIME_MAX, "{:?}", began.elapsed());
    format!("{} {}", reply.status.as_u16(), reply.text)
}

#[tokio::test]
async fn what_is_made_to_hurt_is_refused_and_makes_no_lead() {
    let installation = Installation::new().await;
    let entities: String =
        (1..30).map(|at| format!("<!ENTITY e{at} \"&e{};&e{};\">", at - 1, at - 1)).collect();
    let million: String = (0..1_000_000).map(|at| format!("{at:x}=&")).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![b'a'; 64 * BODY_BYTES_MAX]).unwrap();
    let mut lines = Vec::new();
    for (content_type, encoding, body) in [
        ("text/xml", "", format!("<!DOCTYPE l [<!ENTITY e0 \"ha\">{entities}]><l>&e29;</l>").into_bytes()),
        ("application/json", "", "{\"a\":".repeat(10_000).into_bytes()),
        ("text/xml", "", "<a>".repeat(10_000).into_bytes()),
        (FORM, "", million.clone().into_bytes()[..BODY_BYTES_MAX].to_vec()),
        (FORM, "", million.into_bytes()),
        (FORM, "gzip", gzip.finish().unwrap()),
        (FORM, "br", b"a=1".to_vec()),
        ("application/json; charset=utf-7", "", b"{}".to_vec()),
    ] {
        lines.push(told(&installation, content_type, encoding, body).await);
    }
    expect![[r#"
        400 Body does not contain XML or XML is unparseable -- Error: Invalid character entity Line: 0 Column: 765 Char: ;.
        400 The parameters nest deeper than 64 levels
        400 The parameters nest deeper than 64 levels
        400 There are more than 500 parameters, or 10000 values in them
        413 The lead is too large; the body may have 1048576 bytes
        413 The lead is too large; the body may have 1048576 bytes
        415 The Content-Encoding "br" is not supported. Send the body as it is, or by gzip.
        415 The charset "utf-7" is not supported. Send UTF-8."#]].assert_eq(&lines.join("\n"));

    let refusals = installation.get("/refusals").await;
    let reasons: Vec<&str> = refusals["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| refusal["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons.len(), lines.len());
    let events = installation.get("/events?type=source.submitted").await;
    assert!(events["data"].as_array().unwrap().is_empty());
    installation.close().await;
}

#[tokio::test]
async fn line_ends_in_values_part_no_lines_of_an_answer() {
    let answer = "key_required: false, answer_as: text, answer: [ outcome, lead.first_name ]";
    let installation = Installation::with(&FLOW.replace("key_required: false", answer), "").await;
    let values = "first_name=Ann%0D%0ASet-Cookie%3A+a%3D1%0D%0A%0D%0Aoutcome%3A+success&email=a%0D%0A%40example.com&state=NY";
    let reply = installation.raw(&format!("GET {SUBMIT}?{values}")).await;
    assert_eq!(reply.header("set-cookie"), "");
    assert_eq!(reply.text, "outcome: failure\nlead_first_name: Ann  Set-Cookie: a=1    outcome: success\n");

    let place = "https%3A%2F%2Fa.example.com%2F%0D%0ASet-Cookie%3A+a%3D1";
    let reply = installation.raw(&format!("GET {SUBMIT}?{values}&redir_url={place}")).await;
    assert_eq!((reply.status.as_u16(), reply.header("set-cookie")), (303, ""));
    assert_eq!(reply.header("location"), "https://a.example.com/Set-Cookie:%20a=1");
    installation.close().await;
}
