//! What an operator sees: metrics and refusals.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use expect_test::expect;
use tower::ServiceExt as _;

use support::{Installation, Reply, steady};

const SUBMIT: &str = "/flows/flow_roofs/sources/src_web/submit";

/// Sends as the administrator to one router.
async fn ask(installation: &Installation, router: &Router, method: &str, target: &str) -> Reply {
    let key = format!("Bearer {}", installation.admin);
    let request = Request::builder().method(method).uri(target).header("authorization", key);
    installation.send_to(router, request.body(Body::empty()).unwrap()).await
}

async fn metrics(installation: &Installation, router: &Router) -> String {
    let reply = ask(installation, router, "GET", "/metrics").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    reply.text
}

/// The lines of one metric.
fn lines(text: &str, name: &str) -> String {
    text.lines().filter(|line| line.starts_with(name)).map(|line| format!("{line}\n")).collect()
}

/// Three leads, three refusals, and addresses that nobody knows.
async fn some_traffic(installation: &Installation, router: &Router) {
    for query in ["email=ann%40example.com&state=TX", "state=TX"] {
        let reply = ask(installation, router, "GET", &format!("{SUBMIT}?{query}")).await;
        assert_eq!(reply.status, StatusCode::CREATED);
    }
    let lead_id = installation.submit(r#"{"email":"bob@example.com","state":"NY"}"#).await;
    ask(installation, router, "GET", &format!("/leads/{lead_id}/events")).await;
    for target in [
        "/flows/flow_other/sources/src_web/submit",
        "/flows/flow_roofs/sources/nobody/submit",
        "/flows/flow_roofs/sources/src_web/submit?a=1&a.b=2",
    ] {
        ask(installation, router, "GET", target).await;
    }
    for (method, target) in [("GET", "/no/such/address/ann@example.com"), ("BREW", "/events")] {
        ask(installation, router, method, target).await;
    }
}

#[tokio::test]
async fn leads_refusals_and_requests_are_counted_by_what_is_few() {
    let installation = Installation::new().await;
    let router = installation.router();
    some_traffic(&installation, &router).await;
    let text = metrics(&installation, &router).await;
    let mut told: Vec<_> = [
        "glassline_submissions_total",
        "glassline_refusals_total",
        "glassline_http_request_duration_seconds_count",
        "glassline_ledger_durable",
    ]
    .iter()
    .flat_map(|name| lines(&text, name).lines().map(str::to_owned).collect::<Vec<_>>())
    .collect();
    told.sort();
    expect![[r#"
        glassline_http_request_duration_seconds_count{method="GET",route="/flows/{flow}/sources/{source}/submit",status="201"} 2
        glassline_http_request_duration_seconds_count{method="GET",route="/flows/{flow}/sources/{source}/submit",status="400"} 1
        glassline_http_request_duration_seconds_count{method="GET",route="/flows/{flow}/sources/{source}/submit",status="404"} 2
        glassline_http_request_duration_seconds_count{method="GET",route="/leads/{id}/events",status="200"} 1
        glassline_http_request_duration_seconds_count{method="GET",route="other",status="404"} 1
        glassline_http_request_duration_seconds_count{method="POST",route="/flows/{flow}/sources/{source}/submit",status="201"} 1
        glassline_http_request_duration_seconds_count{method="other",route="/events",status="405"} 1
        glassline_ledger_durable_records{ledger="control"} 5
        glassline_ledger_durable_records{ledger="leads"} 12
        glassline_refusals_total{status="400"} 1
        glassline_refusals_total{status="404"} 2
        glassline_submissions_total{flow="flow_roofs",source="src_web",outcome="failure"} 2
        glassline_submissions_total{flow="flow_roofs",source="src_web",outcome="success"} 1"#]].assert_eq(&told.join("\n"));
    for secret in ["lead_", "evt_", "ann@", "no/such", "flow_other", "nobody"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    installation.close().await;
}

#[tokio::test]
async fn the_names_of_metrics_are_those_that_are_documented() {
    let installation = Installation::new().await;
    let router = installation.router();
    some_traffic(&installation, &router).await;
    let text = metrics(&installation, &router).await;
    assert!(text.ends_with("# EOF\n"));
    let served: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let documented: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `glassline_")?.split_once('`'))
        .map(|(name, _)| format!("glassline_{name}"))
        .collect();
    assert_eq!(served, documented);
    // Every label that is served stands in the row of its metric.
    for name in &served {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}`"))).unwrap();
        let sample = text.lines().find(|line| {
            line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name}_count{{"))
        });
        for label in sample.into_iter().flat_map(|line| line.split_once('{').unwrap().1.split(',')) {
            let (label, _) = label.split_once('=').unwrap();
            assert!(row.contains(&format!("`{label}`")), "{name} has the label {label}: {row}");
        }
    }
    installation.close().await;
}

#[tokio::test]
async fn clients_that_follow_live_are_counted_until_they_go() {
    let installation = Installation::new().await;
    let router = installation.router();
    let key = format!("Bearer {}", installation.admin);
    let request = Request::get("/events/stream").header("authorization", key).body(Body::empty()).unwrap();
    let stream = router.clone().oneshot(request).await.unwrap();
    assert_eq!(stream.status(), StatusCode::OK);
    let name = "glassline_live_streams";
    assert_eq!(lines(&metrics(&installation, &router).await, name), format!("{name} 1\n"));
    drop(stream);
    assert_eq!(lines(&metrics(&installation, &router).await, name), format!("{name} 0\n"));
    installation.close().await;
}

#[tokio::test]
async fn metrics_need_the_right_to_read() {
    let installation = Installation::new().await;
    let other = installation.key("submit:src_web").await;
    assert_eq!(installation.get_as(&other, "/metrics").await.status, StatusCode::FORBIDDEN);
    let nobody = Request::get("/metrics").body(Body::empty()).unwrap();
    assert_eq!(installation.send(nobody).await.status, StatusCode::UNAUTHORIZED);
    installation.close().await;
}

#[tokio::test]
async fn refusals_are_listed_newest_first_without_what_they_held() {
    let installation = Installation::new().await;
    let router = installation.router();
    some_traffic(&installation, &router).await;
    // A body that is sent under the wrong type becomes the name of a parameter.
    let request = Request::post(SUBMIT)
        .header("authorization", format!("Bearer {}", installation.admin))
        .header("content-type", "application/x-www-form-urlencoded")
        .extension(server::RemoteAddress("192.0.2.7:4711".parse().unwrap()));
    let body = format!("{{\"email\":\"ann@example.com\",\"note\":\"{}\"}}", "x".repeat(300));
    let refused = installation.send_to(&router, request.body(Body::from(body)).unwrap()).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let list = ask(&installation, &router, "GET", "/refusals").await;
    assert!(!list.text.contains("example.com"), "{}", list.text);
    let mut list = list.json();
    assert_eq!(list["data"][0]["request_id"], refused.header("x-request-id"));
    let told: Vec<String> = list["data"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .map(|refused| {
            assert!(refused["at"].take().as_str().unwrap().starts_with("2024-01-15T14:30:00."));
            steady(&refused.to_string())
        })
        .collect();
    expect![[r#"
        {"at":null,"flow":"flow_roofs","reason":"The name of a parameter cannot be recorded","remote":"192.0.2.7:4711","request_id":"req_…","source":"src_web","status":400}
        {"at":null,"flow":"flow_roofs","reason":"A parameter is both a value and a parent of others","remote":null,"request_id":"req_…","source":"src_web","status":400}
        {"at":null,"flow":"flow_roofs","reason":"The flow has no such source","remote":null,"request_id":"req_…","source":"nobody","status":404}
        {"at":null,"flow":"flow_other","reason":"There is no such flow","remote":null,"request_id":"req_…","source":"src_web","status":404}"#]].assert_eq(&told.join("\n"));
    installation.close().await;
}
