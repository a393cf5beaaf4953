//! Parties are paused and resumed; flows are checked, drafted and published.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::http::StatusCode;
use engine::Control;
use expect_test::expect;
use serde_json::Value;

use support::{FLOW, Installation, steady, timeline};

const SUBMIT: &str = "GET /flows/flow_roofs/sources/src_web/submit?email=ann%40example.com&state=TX";

/// How many control events of these kinds there are.
fn recorded(installation: &Installation) -> u64 {
    installation.services.control.ledger().vitals().next_seq
}

#[tokio::test]
async fn a_paused_source_sends_no_leads_until_it_is_resumed() {
    let installation = Installation::new().await;
    let paused = installation.raw("POST /entities/src_web/pause").await;
    expect![[r#"
        200 OK
        content-type: application/json
        {"id":"src_web","kind":"source","name":"Web Form","paused":true,"flows":["flow_roofs"],"limits":null,"circuit":null,"circuit_state":null,"time_zone":null,"hours":null,"caps":[]}"#]]
    .assert_eq(&paused.told());
    expect![[r#"
        503 Service Unavailable
        content-type: text/plain
        The source is paused; no leads are taken from it at the moment"#]]
    .assert_eq(&installation.raw(SUBMIT).await.told());
    let other = SUBMIT.replace("src_web", "src_open");
    assert_eq!(installation.raw(&other).await.status, StatusCode::CREATED, "others go on");
    let resumed = installation.raw("POST /entities/src_web/resume").await;
    assert_eq!((resumed.status, &resumed.json()["paused"]), (StatusCode::OK, &false.into()));
    assert_eq!(installation.raw(SUBMIT).await.status, StatusCode::CREATED);
    let events = installation.get("/events?type=source.submitted&sort=seq").await;
    assert_eq!(timeline(&events).lines().count(), 2);
    installation.close().await;
}

#[tokio::test]
async fn pausing_twice_is_one_event() {
    let installation = Installation::new().await;
    let before = recorded(&installation);
    for action in ["resume", "pause", "pause", "resume", "resume"] {
        let reply = installation.raw(&format!("POST /entities/src_web/{action}")).await;
        assert_eq!((reply.status, &reply.json()["paused"]), (StatusCode::OK, &(action == "pause").into()));
    }
    assert_eq!(recorded(&installation) - before, 2);
    installation.close().await;
}

#[tokio::test]
async fn the_list_of_parties_says_what_each_is_and_where_it_takes_part() {
    let installation = Installation::new().await;
    let second = "
entities:
  buyer_roofs: { kind: buyer, name: Roofs Ltd }
flow:
  id: flow_solar
  name: Solar
  sources:
    - { entity: src_open, key_required: false }
";
    assert_eq!(installation.raw(&format!("POST /flows\n\n{second}")).await.status, StatusCode::CREATED);
    let list = installation.get("/entities").await;
    let told: Vec<String> = list["data"].as_array().unwrap().iter().map(Value::to_string).collect();
    expect![[r#"
        {"caps":[],"circuit":null,"circuit_state":null,"flows":[],"hours":null,"id":"buyer_roofs","kind":"buyer","limits":null,"name":"Roofs Ltd","paused":false,"time_zone":null}
        {"caps":[],"circuit":null,"circuit_state":null,"flows":["flow_roofs","flow_solar"],"hours":null,"id":"src_open","kind":"source","limits":null,"name":"Open Form","paused":false,"time_zone":null}
        {"caps":[],"circuit":null,"circuit_state":null,"flows":["flow_roofs"],"hours":null,"id":"src_web","kind":"source","limits":null,"name":"Web Form","paused":false,"time_zone":null}"#]]
    .assert_eq(&told.join("\n"));
    assert_eq!(installation.get("/entities/src_open").await, list["data"][1]);
    let reader = installation.key("read").await;
    let request = format!("POST /entities/src_web/pause\nauthorization: Bearer {reader}");
    assert_eq!(installation.raw(&request).await.status, StatusCode::FORBIDDEN);
    for request in ["POST /entities/buyer_nobody/pause", "GET /entities/nobody"] {
        assert_eq!(installation.raw(request).await.status, StatusCode::NOT_FOUND, "{request}");
    }
    installation.close().await;
}

#[tokio::test]
async fn what_was_paused_and_drafted_is_so_after_a_restart() {
    let installation = Installation::new().await;
    installation.raw("POST /entities/src_web/pause").await;
    installation.raw("POST /entities/src_open/pause").await;
    installation.raw("POST /entities/src_open/resume").await;
    let draft = FLOW.replace("name: Roofs", "name: Roofs and Gutters");
    assert_eq!(installation.raw(&format!("PUT /flows/flow_roofs\n\n{draft}")).await.status, StatusCode::OK);
    let shown = installation.get("/flows/flow_roofs/draft").await;
    let services = &installation.services;
    let folded =
        Control::open(services.control.ledger().clone(), services.clock.clone(), services.entropy.clone())
            .unwrap();
    assert!(folded.is_paused(&"src_web".parse().unwrap()));
    assert!(!folded.is_paused(&"src_open".parse().unwrap()));
    let draft = folded.draft(&"flow_roofs".parse().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&draft.document).unwrap(), shown["document"]);
    installation.close().await;
}

#[tokio::test]
async fn a_draft_is_put_aside_shown_and_published() {
    let installation = Installation::new().await;
    assert_eq!(installation.raw("GET /flows/flow_roofs/draft").await.status, StatusCode::NOT_FOUND);
    assert_eq!(installation.raw("POST /flows/flow_roofs/publish").await.status, StatusCode::NOT_FOUND);
    let draft = FLOW.replace("name: Roofs", "name: Roofs of Texas");
    let before = recorded(&installation);
    for _ in 0..2 {
        let put = installation.raw(&format!("PUT /flows/flow_roofs\n\n{draft}")).await;
        assert_eq!((put.status, &put.json()["flow_id"]), (StatusCode::OK, &"flow_roofs".into()));
        assert_eq!(put.json()["document"]["flow"]["name"], "Roofs of Texas");
    }
    assert_eq!(recorded(&installation) - before, 1, "the same draft twice is one event");
    let flow = installation.get("/flows/flow_roofs").await;
    assert_eq!((&flow["name"], &flow["draft"]), (&"Roofs".into(), &true.into()), "not in effect yet");
    assert!(
        installation.get("/flows/flow_roofs/draft").await["drafted_by"].as_str().unwrap().starts_with("key_")
    );

    let published = installation.raw("POST /flows/flow_roofs/publish").await;
    assert_eq!((published.status, &published.json()["version"]), (StatusCode::CREATED, &2.into()));
    assert_eq!(published.json()["draft"], false);
    assert_eq!(installation.raw("GET /flows/flow_roofs/draft").await.status, StatusCode::NOT_FOUND);

    let body = installation.raw(&format!("POST /flows/flow_roofs/publish\n\n{FLOW}")).await;
    assert_eq!((body.status, &body.json()["version"]), (StatusCode::CREATED, &3.into()));
    let again = installation.raw(&format!("POST /flows/flow_roofs/publish\n\n{FLOW}")).await;
    assert_eq!((again.status, &again.json()["changed"]), (StatusCode::OK, &false.into()));
    let versions = installation.get("/flows/flow_roofs/versions").await;
    let versions = versions["data"].as_array().unwrap();
    let told = |version: &Value| format!("{} by {}\n", version["version"], version["published_by"]);
    expect![[r#"
        3 by "key_…"
        2 by "key_…"
        1 by "system"
    "#]]
    .assert_eq(&steady(&versions.iter().map(told).collect::<String>()));
    assert!(versions.is_sorted_by_key(|version| std::cmp::Reverse(version["published_at"].to_string())));
    installation.close().await;
}

#[tokio::test]
async fn a_draft_that_changes_nothing_is_none() {
    let installation = Installation::new().await;
    let draft = FLOW.replace("name: Roofs", "name: Roofs of Texas");
    installation.raw(&format!("PUT /flows/flow_roofs\n\n{draft}")).await;
    assert_eq!(installation.raw(&format!("PUT /flows/flow_roofs\n\n{FLOW}")).await.status, StatusCode::OK);
    assert_eq!(installation.raw("GET /flows/flow_roofs/draft").await.status, StatusCode::NOT_FOUND);
    installation.close().await;
}

#[tokio::test]
async fn a_flow_begins_as_a_draft() {
    let installation = Installation::new().await;
    let new = "{\"flow\":{\"id\":\"flow_new\",\"name\":\"New\",\"sources\":[{\"entity\":\"src_web\"}]}}";
    assert_eq!(installation.raw(&format!("PUT /flows/flow_new\n\n{new}")).await.status, StatusCode::OK);
    assert_eq!(installation.raw("GET /flows/flow_new").await.status, StatusCode::NOT_FOUND);
    expect![[r#"{"dims":[],"draft":true,"enabled":false,"fields":[],"id":"flow_new","name":"New","published_at":null,"published_by":null,"sources":[],"version":null}"#]]
        .assert_eq(&installation.get("/flows").await["data"][0].to_string());
    let published = installation.raw("POST /flows/flow_new/publish").await;
    assert_eq!((published.status, &published.json()["version"]), (StatusCode::CREATED, &1.into()));
    installation.close().await;
}

#[tokio::test]
async fn the_schema_of_documents_is_served() {
    let installation = Installation::new().await;
    let schema = installation.raw("GET /flows/schema").await;
    assert_eq!(schema.header("content-type"), "application/schema+json");
    assert_eq!(schema.json(), wire::flow_file::schema());
    installation.close().await;
}

#[tokio::test]
async fn each_problem_of_a_document_is_told_with_its_line() {
    let installation = Installation::new().await;
    let bad = FLOW.replace("dims:", "dimms:").replace("op: in", "op: inn");
    let checked = installation.raw(&format!("POST /flows/check\n\n{bad}")).await;
    assert_eq!(checked.status, StatusCode::OK);
    expect![[r#"{"ok":false,"problems":[{"line":14,"message":"the flow has no key \"dimms\"; did you mean \"dims\"?"},{"line":21,"message":"\"inn\" is not an operator; did you mean \"is included in\"?"}]}"#]]
        .assert_eq(&checked.text);
    let good = installation.raw(&format!("POST /flows/check\n\n{FLOW}")).await;
    assert_eq!(good.text, r#"{"ok":true,"problems":[]}"#);
    for request in ["PUT /flows/flow_roofs", "POST /flows/flow_roofs/publish", "POST /flows"] {
        let refused = installation.raw(&format!("{request}\n\n{bad}")).await;
        let error = &refused.json()["error"];
        assert_eq!((refused.status, &error["code"]), (StatusCode::BAD_REQUEST, &"invalid_flow".into()));
        assert_eq!(error["problems"], checked.json()["problems"], "{request}");
    }
    let other = installation.raw(&format!("PUT /flows/flow_other\n\n{FLOW}")).await;
    assert_eq!((other.status, &other.json()["error"]["field"]), (StatusCode::BAD_REQUEST, &"flow.id".into()));
    installation.close().await;
}
