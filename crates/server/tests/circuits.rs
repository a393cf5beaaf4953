//! A buyer that is down and left alone, as operators see it: in the API, in events and in metrics.

mod support;

use axum::http::StatusCode;
use expect_test::expect;
use serde_json::{Value, json};

use crate::support::Installation;

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier Leads, circuit: { errors: 2, cool_down: 1m } }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
"#;

/// What the metrics say of circuits, and of calls that ended.
async fn metrics(house: &Installation) -> String {
    let text = house.get_as(&house.admin, "/metrics").await.text;
    let wanted = ["glassline_circuit_open", "glassline_calls_total"];
    let lines = text.lines().filter(|line| wanted.iter().any(|wanted| line.starts_with(wanted)));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn an_open_circuit_is_seen_in_the_api_in_events_and_in_metrics() {
    let house = Installation::with(FLOW, "buyer_premier: 503").await;
    let state = async || house.get("/entities/buyer_premier").await["circuit_state"].clone();
    assert_eq!(state().await, json!({ "state": "closed", "errors": 0, "until": null, "opened": 0 }));
    let submit = async || house.submit(r#"{"email":"ann@example.com"}"#).await;
    submit().await;
    assert_eq!(state().await, json!({ "state": "closed", "errors": 1, "until": null, "opened": 0 }));
    submit().await;
    let lead_id = submit().await;
    let mut open = state().await;
    assert!(open["until"].take().is_string(), "{open}");
    assert_eq!(open, json!({ "state": "open", "errors": 0, "until": null, "opened": 1 }));
    expect![[r#"
        glassline_calls_total{entity="buyer_premier",ended="answered"} 2
        glassline_calls_total{entity="buyer_premier",ended="circuit"} 1
        glassline_circuit_open{entity="buyer_premier"} 1
        glassline_circuit_opened_total{entity="buyer_premier"} 1"#]]
    .assert_eq(&metrics(&house).await);

    let events = house.get(&format!("/leads/{lead_id}/events?reason_code=circuit_open&shape=none")).await;
    let [event] = events["data"].as_array().unwrap().as_slice() else { panic!("{events}") };
    let told = ["type", "asked", "error_kind", "outcome"].map(|member| event[member].clone());
    let wanted: [Value; 4] = [json!("recipient.error"), json!(false), json!("circuit"), json!("error")];
    assert_eq!(told, wanted, "{event}");
    let explained = house.get(&format!("/leads/{lead_id}/explain")).await["recipients"][0].clone();
    assert_eq!((&explained["status"], &explained["reason_code"]), (&json!("error"), &json!("circuit_open")));

    // Whoever takes the circuit away closes it.
    let reply = house.raw("PUT /entities/buyer_premier\n\n{\"circuit\":null}").await;
    assert_eq!((reply.status, &reply.json()["circuit_state"]), (StatusCode::OK, &Value::Null));
    assert!(!metrics(&house).await.contains("circuit_open"));
    house.close().await;
}
