//! Pings and the leads that follow them, over the API; why each buyer did or did not get a lead, and
//! deliveries told by hand.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{Installation, Reply};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  src_plain: { kind: source, name: Plain Form }
  buyer_north: { kind: buyer, name: North }
  buyer_south: { kind: buyer, name: South }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: { type: email, required: true }, state: state }
  sources:
    - { entity: src_web, ping: true, price: { share: 0.80, of: bid } }
    - { entity: src_plain }
  steps:
    - id: auction
      kind: distribute
      strategy: highest_bid
      recipients:
        - id: north
          entity: buyer_north
          when: { field: lead.state, op: is equal to, value: TX }
          integration: custom_json
          ping: { request: { url: "https://north.example.com/ping" }, response: { price: { path: bid } } }
          request: { url: "https://north.example.com/post", fields: { mail: "{{lead.email}}" } }
          price: { from: bid }
        - id: south
          entity: buyer_south
          integration: custom_json
          request: { url: "https://south.example.com/post", fields: { mail: "{{lead.email}}" } }
          price: { fixed: 5.00 }
"#;

async fn post(house: &Installation, key: &str, target: &str, body: &str) -> Reply {
    let request = Request::post(target)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json");
    house.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

fn read(reply: &Reply) -> Value {
    serde_json::from_str(&reply.text).unwrap()
}

const PING: &str = "/flows/flow_roofs/sources/src_web/ping";
const SUBMIT: &str = "/flows/flow_roofs/sources/src_web/submit";

#[tokio::test]
async fn a_source_asks_for_a_price_and_sends_the_lead_with_its_token() {
    let house = Installation::with(FLOW, "buyer_north: 200 {\"bid\":12.50} | 200").await;
    let pinged = post(&house, &house.admin, PING, r#"{"state":"TX"}"#).await;
    assert_eq!(pinged.status, StatusCode::OK);
    let offer = read(&pinged);
    assert_eq!((&offer["outcome"], &offer["price"]), (&json!("success"), &json!(10)));
    let token = offer["ping_token"].as_str().unwrap();
    assert!(token.starts_with("ping_") && offer.get("lead").is_none(), "{offer}");

    let lead = format!(r#"{{"email":"ann@example.com","state":"TX","ping_token":"{token}"}}"#);
    let answer = read(&post(&house, &house.admin, SUBMIT, &lead).await);
    assert_eq!((&answer["outcome"], &answer["price"]), (&json!("success"), &json!(10)));
    assert_eq!(house.parties.seen().len(), 2, "one ping, one post");

    let events = house
        .get_as(&house.admin, &format!("/events?lead_id={token}&sort=seq&expand=exchange&reveal=1"))
        .await;
    let pinged_event = &read(&events)["data"][1];
    assert_eq!((&pinged_event["type"], &pinged_event["price"]), (&json!("source.pinged"), &json!(10)));
    let response = pinged_event["exchange"][0]["response"].as_str().unwrap();
    assert!(response.contains(token), "{response}");
}

#[tokio::test]
async fn nobody_pings_without_the_right_to_it() {
    let house = Installation::with(FLOW, "").await;
    let submit_only = house.key("submit:src_web").await;
    let refused = post(&house, &submit_only, PING, "{}").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text.contains("ping:src_web"), "{}", refused.text);
    let refused = post(&house, &house.admin, "/flows/flow_roofs/sources/src_plain/ping", "{}").await;
    assert_eq!(
        (refused.status, &*refused.text),
        (StatusCode::NOT_FOUND, "The source takes no pings; set \"ping: true\" in the flow")
    );
    let ping_only = house.key("ping:src_web").await;
    // North does not answer, and South is asked for no bid: it names its price beforehand.
    let offer = read(&post(&house, &ping_only, PING, "{}").await);
    assert_eq!(offer["price"], json!(4));
    assert_eq!(post(&house, &ping_only, SUBMIT, "{}").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn it_is_told_why_each_buyer_did_or_did_not_get_a_lead_with_values_masked() {
    let house = Installation::with(FLOW, "buyer_south: 200").await;
    let lead = read(&post(&house, &house.admin, SUBMIT, r#"{"email":"ann@example.com","state":"OK"}"#).await);
    let lead_id = lead["lead"]["id"].as_str().unwrap();
    let reply = house.get_as(&house.admin, &format!("/leads/{lead_id}/explain")).await;
    let told = read(&reply);
    assert_eq!((&told["lead_id"], &told["flow_version"]), (&json!(lead_id), &json!(1)));
    let [north, south] = &told["recipients"].as_array().unwrap()[..] else { panic!("two: {told}") };
    assert_eq!((&north["status"], &north["reason_code"]), (&json!("skipped"), &json!("criteria")));
    assert_eq!(north["rules"][0]["passed"], json!(false));
    assert_eq!(
        (&south["status"], &south["price"], &south["group"]),
        (&json!("delivered"), &json!(5), &json!("auction"))
    );
    assert!(!reply.text.contains("ann@"), "{}", reply.text);
    assert_eq!(north["rules"][0]["actual"], "•••");
    let clear = format!("/leads/{lead_id}/explain?reveal=1&why=dispute");
    let told = read(&house.get_as(&house.admin, &clear).await);
    assert_eq!(told["recipients"][0]["rules"][0]["actual"], "OK");
    let reader = house.key("read").await;
    assert_eq!(house.get_as(&reader, &clear).await.status, StatusCode::FORBIDDEN);
    let reply = house.get_as(&house.admin, &format!("/leads/{lead_id}/explain?why=dispute")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let missing = house.get_as(&house.admin, "/leads/lead_018d0d882e839a41d06f0001/explain").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_delivery_of_which_nobody_knows_is_told_by_hand() {
    let house = Installation::with(FLOW, "buyer_north: 200 {\"bid\":12.50} | reset\n buyer_south: 200").await;
    let lead = read(&post(&house, &house.admin, SUBMIT, r#"{"email":"ann@example.com","state":"TX"}"#).await);
    let lead_id = lead["lead"]["id"].as_str().unwrap();
    let sale = |entity: &str| format!("/feedback?lead_id={lead_id}&entity_id={entity}");
    let told = r#"{"type":"not_sold"}"#;
    assert_eq!(post(&house, &house.admin, &sale("buyer_south"), told).await.status, StatusCode::CONFLICT);
    assert_eq!(post(&house, &house.admin, &sale("buyer_north"), told).await.status, StatusCode::CREATED);
    let told = read(&house.get_as(&house.admin, &format!("/leads/{lead_id}")).await);
    assert_eq!((&told["state"], &told["revenue"]), (&json!("sold"), &json!(5)));
}
