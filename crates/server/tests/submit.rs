//! Leads come in: what is answered, and which events stand behind the answer.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::http::StatusCode;
use expect_test::{Expect, expect};

use support::{Installation, timeline};

/// Submits JSON and shows the answer and the events.
async fn check(json: &str, wanted: Expect) {
    let installation = Installation::new().await;
    let reply = installation
        .raw(&format!(
            "POST /flows/flow_roofs/sources/src_web/submit\ncontent-type: application/json\n\n{json}"
        ))
        .await;
    let lead_id = reply.json()["lead"]["id"].as_str().unwrap().to_owned();
    let events = installation.get(&format!("/leads/{lead_id}/events")).await;
    wanted.assert_eq(&format!("{}\n{}", reply.told(), timeline(&events)));
    installation.close().await;
}

#[tokio::test]
async fn a_lead_that_passes_leaves_four_events_in_order() {
    check(
        r#"{"email":"ann@example.com","state":"Texas","first_name":"Ann"}"#,
        expect![[r#"
        201 Created
        content-type: application/json
        {"outcome":"success","lead":{"id":"lead_…"},"price":0}
        1 1 source.submitted step=- outcome=- -
        2 2 source.accepted step=- outcome=success -
        3 3 filter.passed step=in_area outcome=success -
        4 4 flow.completed step=- outcome=success -
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_lead_without_a_required_field_is_rejected() {
    check(
        r#"{"state":"TX"}"#,
        expect![[r#"
        201 Created
        content-type: application/json
        {"outcome":"failure","reason":"Missing required field: email","lead":{"id":"lead_…"},"price":0}
        1 1 source.submitted step=- outcome=- -
        2 2 source.rejected step=- outcome=failure Missing required field: email
        3 3 flow.completed step=- outcome=failure Missing required field: email
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_lead_that_a_filter_stops_is_completed_with_its_reason() {
    check(
        r#"{"email":"ann@example.com","state":"NY"}"#,
        expect![[r#"
        201 Created
        content-type: application/json
        {"outcome":"failure","reason":"State not in our area","lead":{"id":"lead_…"},"price":0}
        1 1 source.submitted step=- outcome=- -
        2 2 source.accepted step=- outcome=success -
        3 3 filter.failed step=in_area outcome=failure State not in our area
        4 4 flow.completed step=- outcome=failure State not in our area
    "#]],
    )
    .await;
}

#[tokio::test]
async fn seq_goes_on_without_gaps_over_all_leads() {
    let installation = Installation::new().await;
    for state in ["TX", "NY", "OK"] {
        installation.submit(&format!(r#"{{"email":"ann@example.com","state":"{state}"}}"#)).await;
    }
    let events = installation.get("/events?sort=seq&limit=100").await;
    let seqs: Vec<u64> =
        events["data"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (0..13).collect::<Vec<_>>());
    assert_eq!(events["complete_to_seq"], 13);
    installation.close().await;
}

#[tokio::test]
async fn what_is_answered_is_durable_and_is_what_was_recorded() {
    let installation = Installation::new().await;
    let reply = installation
        .raw("POST /flows/flow_roofs/sources/src_web/submit?state=TX\ncontent-type: application/x-www-form-urlencoded\n\nemail=ann%40example.com&state=NY")
        .await;
    // Everything a reader sees is durable; all four events are there the moment the answer is.
    let lead_id = reply.json()["lead"]["id"].as_str().unwrap().to_owned();
    let target = format!("/leads/{lead_id}/events?reveal=1&why=test&expand=exchange,rules");
    let events = installation.get(&target).await;
    assert_eq!(events["data"].as_array().unwrap().len(), 4);
    let recorded = events["data"][3]["exchange"][0]["response"].as_str().unwrap();
    let (head, body) = recorded.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, reply.text);
    assert!(head.starts_with("HTTP/1.1 201 Created\r\n"));
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap();
        assert_eq!(reply.header(name), value, "{name} is sent as it was recorded");
    }
    let request = events["data"][0]["exchange"][0]["request"].as_str().unwrap();
    assert!(request.starts_with("POST /flows/flow_roofs/sources/src_web/submit?state=TX HTTP/1.1\r\n"));
    assert!(request.contains("authorization: …\r\n") && !request.contains(&installation.admin));
    assert!(request.contains("glassline-key: key_"));
    assert!(request.ends_with("\r\n\r\nemail=ann%40example.com&state=NY"));
    assert_eq!(events["data"][0]["lead"]["state"], "TX", "the query lies over the body");
    assert_eq!(events["data"][0]["lead"].get("email.valid"), None, "submitted is raw");
    assert_eq!(events["data"][1]["lead"]["email.valid"], true, "accepted is parsed");
    assert_eq!(events["data"][1]["lead"]["source.name"], "Web Form");
    assert_eq!(events["data"][2]["rules"][0]["actual"], "TX");
    installation.close().await;
}

#[tokio::test]
async fn a_lead_comes_by_get_too() {
    let installation = Installation::new().await;
    let reply = installation
        .raw("GET /flows/flow_roofs/sources/src_open/submit?email=ann%40example.com&state=TX&is_test=1")
        .await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let lead_id = reply.json()["lead"]["id"].as_str().unwrap().to_owned();
    let events = installation.get(&format!("/leads/{lead_id}/events")).await;
    assert_eq!(events["data"][0]["test"], true);
    let reply = installation
        .raw("GET /flows/flow_roofs/sources/src_open/submit?redir_url=https%3A%2F%2Fexample.com%2Fthanks")
        .await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (StatusCode::SEE_OTHER, "https://example.com/thanks")
    );
    let reply = installation.raw("GET /flows/flow_roofs/sources/src_open/submit?strict=1").await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    installation.close().await;
}

#[tokio::test]
async fn what_makes_no_lead_is_refused_in_plain_text() {
    let installation = Installation::new().await;
    let submit = "/flows/flow_roofs/sources/src_web/submit";
    let form = "content-type: application/x-www-form-urlencoded";
    let large = "a".repeat(server::BODY_BYTES_MAX + 1);
    let other = installation.key("submit:src_open read").await;
    let mut told = String::new();
    for request in [
        format!("PUT {submit}"),
        format!("HEAD {submit}"),
        "POST /flows/flow_other/sources/src_web/submit".into(),
        "POST /flows/flow_roofs/sources/src_other/submit".into(),
        "POST /flows/Roofs/sources/x/submit".into(),
        format!("POST {submit}\nauthorization: Bearer gl_wrong"),
        format!("POST {submit}\nauthorization: Bearer {other}"),
        format!("POST {submit}\n\na=1"),
        format!("POST {submit}\ncontent-type: text/plain\n\na=1"),
        format!("POST {submit}\naccept: text/html\n{form}\n\na=1"),
        format!("POST {submit}\ncontent-type: application/json\n\n{{\"a\":1,}}"),
        format!("POST {submit}\ncontent-type: application/json\n\n[{{]"),
        format!("POST {submit}\nidempotency-key: order 17\n{form}\n\na=1"),
        format!("POST {submit}\nidempotency-key: order\t17\n{form}\n\na=1"),
        format!("POST {submit}\n{form}\n\na=1&a.b=2"),
        format!("POST {submit}\n{form}\n\na%00b=2"),
        format!("POST {submit}\n{form}\n\n{}=2", "x".repeat(300)),
        format!("POST {submit}\n{form}\n\na={large}"),
        format!("GET {submit}?redir_url=example.com"),
    ] {
        let reply = installation.raw(&request).await;
        let start: String = request.lines().next().unwrap().replace(submit, "…");
        told += &format!("{start} -> {}\n\n", reply.told());
    }
    expect![[r#"
        PUT … -> 405 Method Not Allowed
        content-type: text/plain
        allow: GET, POST
        The PUT method is not allowed

        HEAD … -> 405 Method Not Allowed
        content-type: text/plain
        allow: GET, POST


        POST /flows/flow_other/sources/src_web/submit -> 404 Not Found
        content-type: text/plain
        There is no such flow

        POST /flows/flow_roofs/sources/src_other/submit -> 404 Not Found
        content-type: text/plain
        The flow has no such source

        POST /flows/Roofs/sources/x/submit -> 404 Not Found
        content-type: text/plain
        There is no such flow

        POST … -> 401 Unauthorized
        content-type: text/plain
        www-authenticate: Bearer
        The key is not known, or was revoked

        POST … -> 403 Forbidden
        content-type: text/plain
        This key lacks the scope submit:src_web

        POST … -> 415 Unsupported Media Type
        content-type: text/plain
        Content-Type header is required

        POST … -> 406 Not Acceptable
        content-type: text/plain
        MIME type in Content-Type header is not supported. Use only application/x-www-form-urlencoded, application/json, application/xml, text/xml.

        POST … -> 406 Not Acceptable
        content-type: text/plain
        Not capable of generating content according to the Accept header

        POST … -> 400 Bad Request
        content-type: text/plain
        Unable to parse JSON -- SyntaxError: Error: "{"a":1,}" is not valid JSON

        POST … -> 400 Bad Request
        content-type: text/plain
        Unable to parse JSON -- SyntaxError: Error: "[{]" is not valid JSON

        POST … -> 400 Bad Request
        content-type: text/plain
        The Idempotency-Key must have 1 to 255 bytes of visible ASCII and no blank inside, such as order-17

        POST … -> 400 Bad Request
        content-type: text/plain
        The Idempotency-Key must have 1 to 255 bytes of visible ASCII and no blank inside, such as order-17

        POST … -> 400 Bad Request
        content-type: text/plain
        The parameter "a.b" is both a value and a parent of others

        POST … -> 400 Bad Request
        content-type: text/plain
        A parameter cannot be recorded: the name "a\0b" holds a control character

        POST … -> 400 Bad Request
        content-type: text/plain
        A parameter cannot be recorded: the name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"… is too long

        POST … -> 413 Payload Too Large
        content-type: text/plain
        The lead is too large; the body may have 1048576 bytes

        GET …?redir_url=example.com -> 400 Bad Request
        content-type: text/plain
        Invalid redir_url

    "#]].assert_eq(&told);
    let events = installation.get("/events").await;
    assert_eq!(events["data"].as_array().unwrap().len(), 1, "only ledger.opened: none of these left a lead");
    installation.close().await;
}

#[tokio::test]
async fn a_flow_that_is_disabled_takes_no_leads() {
    let installation = Installation::new().await;
    let disabled = support::FLOW.replace("name: Roofs", "name: Roofs\n  enabled: false");
    let reply = installation.raw(&format!("POST /flows\n\n{disabled}")).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let reply = installation.raw("GET /flows/flow_roofs/sources/src_web/submit?email=a").await;
    expect![[r#"
        503 Service Unavailable
        content-type: text/plain
        The flow takes no leads at the moment"#]]
    .assert_eq(&reply.told());
    installation.close().await;
}

#[tokio::test]
async fn the_largest_body_that_is_taken_is_recorded() {
    let installation = Installation::new().await;
    let note = "é".repeat((server::BODY_BYTES_MAX - 100) / 2);
    let lead_id =
        installation.submit(&format!(r#"{{"email":"ann@example.com","state":"TX","note":"{note}"}}"#)).await;
    let events = installation.get(&format!("/leads/{lead_id}/events?reveal=1")).await;
    assert_eq!(events["data"][0]["lead"]["note"].as_str().unwrap().len(), note.len());
    installation.close().await;
}

#[tokio::test]
async fn a_ledger_that_is_closed_refuses_leads_and_says_so() {
    let installation = Installation::new().await;
    let services = installation.services.clone();
    let admin = installation.admin.clone();
    installation.close().await;
    let request = axum::http::Request::get("/flows/flow_roofs/sources/src_web/submit?email=a&state=TX")
        .header("authorization", format!("Bearer {admin}"))
        .body(axum::body::Body::empty())
        .unwrap();
    let response = tower::ServiceExt::oneshot(server::router(services), request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}
