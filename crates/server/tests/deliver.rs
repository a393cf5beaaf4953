//! Leads sold over the API: the answer with its price, what buyers report, submissions sent twice.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{Installation, Reply};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier Leads }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: { type: email, required: true }, state: state }
  price: { fixed: 14.00 }
  sources: [ { entity: src_web } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
      response: { outcome: { path: status, term: accepted }, reason: { path: why }, price: { path: bid } }
      price: { from: reply }
      feedback: { returns: 7d, conversions: true }
    - id: sold
      kind: filter
      require: { field: premier.outcome, op: is equal to, value: success }
      reason: No buyer
"#;

const SOLD: &str = r#"buyer_premier: 200 {"status":"accepted","bid":"22.50"}"#;
const SUBMIT: &str = "/flows/flow_roofs/sources/src_web/submit";

async fn submit(house: &Installation, key: Option<&str>, body: &str) -> Reply {
    let mut request = Request::post(SUBMIT)
        .header("authorization", format!("Bearer {}", house.admin))
        .header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    house.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn report(house: &Installation, key: &str, target: &str, body: &str) -> Reply {
    let request = Request::post(target)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json");
    house.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

fn read(reply: &Reply) -> Value {
    serde_json::from_str(&reply.text).unwrap()
}

const ANN: &str = r#"{"email":"ann@example.com","state":"TX"}"#;

#[tokio::test]
async fn a_sold_lead_is_answered_with_its_price_and_an_unsold_one_costs_nothing() {
    let house = Installation::with(FLOW, SOLD).await;
    let reply = submit(&house, None, ANN).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let answer = read(&reply);
    assert_eq!((&answer["outcome"], &answer["price"]), (&json!("success"), &json!(14)));

    let lead_id = answer["lead"]["id"].as_str().unwrap();
    let events = house
        .get_as(&house.admin, &format!("/flows/flow_roofs/events?lead_id={lead_id}&sort=seq&expand=exchange"))
        .await;
    let types: Vec<String> = read(&events)["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| format!("{} {}", event["lead_seq"], event["type"].as_str().unwrap()))
        .collect();
    assert_eq!(
        types,
        [
            "1 source.submitted",
            "2 source.accepted",
            "3 recipient.attempted",
            "4 recipient.delivered",
            "5 filter.passed",
            "6 flow.completed"
        ]
    );

    let house =
        Installation::with(FLOW, r#"buyer_premier: 200 {"status":"no","why":"Duplicate lead"}"#).await;
    let answer = read(&submit(&house, None, ANN).await);
    assert_eq!(answer["outcome"], "failure");
    assert_eq!((&answer["reason"], &answer["price"]), (&json!("No buyer"), &json!(0)));
}

#[tokio::test]
async fn a_buyer_reports_on_its_own_sales_only() {
    let house = Installation::with(FLOW, SOLD).await;
    let answer = read(&submit(&house, None, ANN).await);
    let lead_id = answer["lead"]["id"].as_str().unwrap().to_owned();
    let sale = format!("/feedback?lead_id={lead_id}&entity_id=buyer_premier");
    let premier = house.key("feedback:buyer_premier").await;
    let shingle = house.key("feedback:buyer_shingle").await;

    let reply = report(&house, &shingle, &sale, r#"{"type":"return"}"#).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let reply = report(&house, &premier, &sale, r#"{"type":"conversion","value":"sold"}"#).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let answer = read(&reply);
    assert_eq!((&answer["outcome"], &answer["status"]), (&json!("success"), &json!("accepted")));
    assert_eq!((&answer["reason"], &answer["lead"]["id"]), (&Value::Null, &json!(lead_id)));
    let form = Request::post(&sale)
        .header("authorization", format!("Bearer {premier}"))
        .header("content-type", "application/x-www-form-urlencoded");
    let reply = house.send(form.body(Body::from("type=return&reason=Wrong+number")).unwrap()).await;
    assert_eq!(read(&reply)["outcome"], "success");
    let reply = report(&house, &premier, &sale, r#"{"type":"return"}"#).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(read(&reply)["reason"], "The lead was returned before");

    // By the event of the sale, as templates give it to the buyer.
    let events =
        house.get_as(&house.admin, &format!("/events?lead_id={lead_id}&type=recipient.delivered")).await;
    let delivery_id = read(&events)["data"][0]["delivery_id"].as_str().unwrap().to_owned();
    let by_event = format!("/feedback?event_id={delivery_id}");
    let reply = report(&house, &premier, &by_event, r#"{"type":"conversion"}"#).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let reply = report(&house, &shingle, &by_event, r#"{"type":"conversion"}"#).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_report_that_cannot_be_taken_says_why() {
    let house = Installation::with(FLOW, SOLD).await;
    let lead_id = read(&submit(&house, None, ANN).await)["lead"]["id"].as_str().unwrap().to_owned();
    let sale = format!("/feedback?lead_id={lead_id}&entity_id=buyer_premier");
    let admin = house.admin.clone();
    for (target, body, status, wanted) in [
        ("/feedback", r#"{"type":"return"}"#, 400, "name the sale in the query"),
        ("/feedback?event_id=5", r#"{"type":"return"}"#, 400, "is not an id"),
        ("/feedback?event_id=evt_018d0d882e839a41d06f0001", r#"{"type":"return"}"#, 404, "no such sale"),
        (&sale, r#"{"type":"refund"}"#, 400, "return or conversion"),
        (&sale, r#"{"type":"retrun"}"#, 400, "did you mean return?"),
        (&sale, r#"{"type":"return","price":5}"#, 400, "only what is reported sold has a price"),
        (&sale, r#"{"type":"sold","price":"-1"}"#, 400, "an amount from 0"),
        (&sale, r#"{"type":"not_sold"}"#, 409, "the buyer took the lead"),
        (&sale, r#"{"type":"return","reasn":"x"}"#, 400, "did you mean reason?"),
        (&sale, r#"{"type":"conversion","days_to_convert":"soon"}"#, 400, "whole days"),
        (&sale, "nonsense", 400, "JSON"),
        (&sale.replace("premier", "shingle"), r#"{"type":"return"}"#, 409, "not delivered to this buyer"),
    ] {
        let reply = report(&house, &admin, target, body).await;
        assert_eq!(reply.status.as_u16(), status, "{target} {body}: {}", reply.text);
        assert!(reply.text.contains(wanted), "{target} {body}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_submission_sent_twice_under_one_key_is_one_lead() {
    let house = Installation::with(FLOW, SOLD).await;
    let first = submit(&house, Some("order-1"), ANN).await;
    let again = submit(&house, Some("order-1"), ANN).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(house.parties.seen().len(), 1, "the buyer saw it once");

    let other = submit(&house, Some("order-1"), r#"{"email":"bo@example.com"}"#).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(other.header("content-type").starts_with("text/plain"));
    let refusals = house.get_as(&house.admin, "/refusals").await;
    assert_eq!(read(&refusals)["data"][0]["status"], 409);

    let empty = submit(&house, Some(""), ANN).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    let long = submit(&house, Some(&"x".repeat(256)), ANN).await;
    assert_eq!(long.status, StatusCode::BAD_REQUEST);
    assert_ne!(submit(&house, Some("order-2"), ANN).await.text, first.text);
}
