//! The table "What each moment leaves" in `docs/flow-reference.md`, row by row.

use axum::http::StatusCode;
use domain::EntityId;
use expect_test::expect;
use serde_json::json;

use crate::chain::chain;
use crate::support::Installation;
use crate::{DAY, clock, lead_of, monday, post, report, retry_all};

/// Roofs for two buyers, of whom the second is asked when the first did not take the lead.
const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  svc_phone: { kind: service, name: Phone Check }
  buyer_premier: { kind: buyer, name: Premier, caps: [ { name: Daily cap, max_leads: 100, per: day } ] }
  buyer_shingle: { kind: buyer, name: Shingle }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: { type: email, required: true }, state: state }
  duplicates: [ { name: Same address, key: "{{lead.email}}", window: 30d } ]
  price: { fixed: 10.00 }
  sources: [ { entity: src_web } ]
  steps:
    - id: phone_check
      kind: enhancement
      entity: svc_phone
      integration: custom_query
      request: { url: "https://lookup.example.com/v1", parameters: { mail: "{{lead.email}}" } }
      response: { outcome: { path: status, term: ok } }
      timeout: 5s
    - id: in_area
      kind: filter
      require: { field: lead.state, op: is included in, value: [ TX, OK ] }
      reason: State not in our area
    - id: sell
      kind: distribute
      strategy: waterfall
      on_unsold: { outcome: failure, reason: No buyer }
      recipients:
        - id: premier
          entity: buyer_premier
          integration: custom_json
          request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
          response: { outcome: { path: status, term: accepted }, reason: { path: why } }
          price: { fixed: 25.00 }
          retry: { attempts: 3, backoff: [ 1m, 5m ] }
          feedback: { returns: 7d, conversions: true }
        - id: shingle
          entity: buyer_shingle
          integration: custom_form
          request: { url: "https://buyer.example.com/post", fields: { mail: "{{lead.email}}" } }
          response: { outcome: { term: taken } }
          price: { fixed: 18.00 }
          retry: { attempts: 3, backoff: [ 5m ] }
"#;

/// What everybody answers who is not the subject of a test.
const PHONE: &str = r#"svc_phone: 200 {"status":"ok"}"#;
const PREMIER: &str = r#"buyer_premier: 200 {"status":"accepted"}"#;
const SHINGLE: &str = "buyer_shingle: 200 taken";
const ANN: &str = r#"{"email":"ann@example.com","state":"TX"}"#;

fn script(lines: [&str; 3]) -> String {
    lines.join("\n")
}

#[tokio::test]
async fn success() {
    let house = Installation::at(&monday(), FLOW, &script([PHONE, PREMIER, SHINGLE])).await;
    let answer = post(&house, ANN).await;
    assert_eq!(answer.json()["outcome"], "success");
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=10
        3 enhancement.success phone_check svc_phone success response_code=200
        4 filter.passed in_area success
        5 recipient.attempted premier buyer_premier attempt=1 caps=buyer_premier/daily_cap delivery=1
        6 recipient.delivered premier buyer_premier success attempt=1 delivery=1 price=25 response_code=200
        7 flow.completed src_web success cost=10 deliveries=1 margin=15 revenue=25 steps_run=3
    "#]]
    .assert_eq(&chain(&house, &lead_of(&answer)).await);
    house.close().await;
}

/// The answer is 201 and says so in its body: a lead came to be, and its chain is kept.
#[tokio::test]
async fn rejection() {
    let house = Installation::at(&monday(), FLOW, &script([PHONE, PREMIER, SHINGLE])).await;
    let answer = post(&house, r#"{"state":"TX"}"#).await;
    assert_eq!(
        (&answer.json()["outcome"], &answer.json()["reason"]),
        (&json!("failure"), &json!("Missing required field: email"))
    );
    expect![[r#"
        1 source.submitted src_web
        2 source.rejected src_web failure "Missing required field: email" missing_field
        3 flow.completed src_web failure "Missing required field: email" missing_field cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
    "#]].assert_eq(&chain(&house, &lead_of(&answer)).await);
    assert_eq!(house.parties.seen(), [], "nobody is asked");
    house.close().await;
}

#[tokio::test]
async fn duplicate() {
    let clock = clock("2024-01-10T09:00:00Z");
    let house = Installation::at(&clock, FLOW, &script([PHONE, PREMIER, SHINGLE])).await;
    let first = lead_of(&post(&house, ANN).await);
    clock.advance(5 * DAY);
    let again = lead_of(&post(&house, ANN).await);
    expect![[r#"
        1 source.submitted src_web
        2 source.rejected src_web failure "Duplicate: Previously submitted 2024-01-10" duplicate duplicate_of=the first
        3 flow.completed src_web failure "Duplicate: Previously submitted 2024-01-10" duplicate cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
    "#]].assert_eq(&chain(&house, &again).await.replace(&first, "the first"));
    assert_eq!(house.parties.seen().len(), 2, "nobody is asked again");
    house.close().await;
}

#[tokio::test]
async fn enhancement_timeout() {
    let house = Installation::at(&monday(), FLOW, &script(["svc_phone: timeout", PREMIER, SHINGLE])).await;
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=10
        3 enhancement.error phone_check svc_phone error "Service timeout after 5000ms" timeout error_kind=timeout wait_ms=5000
        4 filter.passed in_area success
        5 recipient.attempted premier buyer_premier attempt=1 caps=buyer_premier/daily_cap delivery=1
        6 recipient.delivered premier buyer_premier success attempt=1 delivery=1 price=25 response_code=200
        7 flow.completed src_web success cost=10 deliveries=1 margin=15 revenue=25 steps_run=3
    "#]].assert_eq(&chain(&house, &lead_of(&post(&house, ANN).await)).await);
    house.close().await;
}

/// A cap is full when the leads that were sold reach it; the next is offered to whoever comes after.
#[tokio::test]
async fn daily_cap_of_a_buyer() {
    let clock = monday();
    let house = Installation::at(&clock, FLOW, &script([PHONE, PREMIER, SHINGLE])).await;
    let lead = |number: u32| format!(r#"{{"email":"ann{number}@example.com","state":"TX"}}"#);
    for number in 1..=99 {
        lead_of(&post(&house, &lead(number)).await);
    }
    let last = chain(&house, &lead_of(&post(&house, &lead(100)).await)).await;
    assert!(last.contains("recipient.delivered premier"), "the hundredth is within the cap: {last}");
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=10
        3 enhancement.success phone_check svc_phone success response_code=200
        4 filter.passed in_area success
        5 recipient.failed premier buyer_premier failure "Daily cap reached (100/100)" cap_reached asked=false
        6 recipient.attempted shingle buyer_shingle attempt=1 delivery=1
        7 recipient.delivered shingle buyer_shingle success attempt=1 delivery=1 price=18 response_code=200
        8 flow.completed src_web success cost=10 deliveries=1 margin=8 revenue=18 steps_run=4
    "#]]
    .assert_eq(&chain(&house, &lead_of(&post(&house, &lead(101)).await)).await);
    let asked = house.parties.seen().iter().filter(|(who, _)| who.as_str() == "buyer_premier").count();
    assert_eq!(asked, 100, "it did not hear of the last one");
    clock.advance(DAY);
    let next = chain(&house, &lead_of(&post(&house, &lead(102)).await)).await;
    assert!(next.contains("recipient.delivered premier"), "another day: {next}");
    house.close().await;
}

/// The source has its answer at once, and the retries follow it.
#[tokio::test]
async fn technical_fault() {
    let clock = monday();
    let premier = r#"buyer_premier: 503 | timeout | 200 {"status":"accepted"}"#;
    let house = Installation::at(&clock, FLOW, &script([PHONE, premier, "buyer_shingle: 200 no"])).await;
    let answer = post(&house, ANN).await;
    assert_eq!(answer.json()["reason"], "No buyer");
    let lead_id = lead_of(&answer);
    retry_all(&house, &clock).await;
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=10
        3 enhancement.success phone_check svc_phone success response_code=200
        4 filter.passed in_area success
        5 recipient.attempted premier buyer_premier attempt=1 caps=buyer_premier/daily_cap delivery=1
        6 recipient.error premier buyer_premier error "Buyer error: HTTP 503" status attempt=1 delivery=1 error_kind=status response_code=503
        7 retry.scheduled premier buyer_premier attempt=2 delivery=1 due=in 1m
        8 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
        9 recipient.failed shingle buyer_shingle failure "Buyer gave no reason" declined asked=true attempt=1 delivery=2 response_code=200
        10 flow.completed src_web failure "No buyer" no_buyer cost=0 deliveries=0 margin=0 revenue=0 steps_run=4
        11 retry.attempted premier buyer_premier attempt=2 delivery=1
        12 recipient.attempted premier buyer_premier attempt=2 caps=buyer_premier/daily_cap delivery=1
        13 recipient.error premier buyer_premier error "Buyer timeout after 10000ms" timeout attempt=2 delivery=1 error_kind=timeout wait_ms=10000
        14 retry.scheduled premier buyer_premier attempt=3 delivery=1 due=in 5m
        15 retry.attempted premier buyer_premier attempt=3 delivery=1
        16 recipient.attempted premier buyer_premier attempt=3 caps=buyer_premier/daily_cap delivery=1
        17 recipient.delivered premier buyer_premier success attempt=3 delivery=1 price=25 response_code=200
    "#]].assert_eq(&chain(&house, &lead_id).await);
    let events = house.get(&format!("/events?lead_id={lead_id}&type=recipient.delivered")).await;
    assert_eq!(
        sent_under(&house, "buyer_premier"),
        vec![events["data"][0]["delivery_id"].as_str().unwrap(); 3],
        "the buyer knows each attempt for the same delivery"
    );
    let lead = house.get(&format!("/leads/{lead_id}")).await;
    assert_eq!((&lead["state"], &lead["revenue"]), (&json!("sold"), &json!(25)));
    house.close().await;
}

/// The keys under which a buyer was sent something, oldest first.
fn sent_under(house: &Installation, buyer: &str) -> Vec<String> {
    let buyer: EntityId = buyer.parse().unwrap();
    let seen = house.parties.seen();
    let own = seen.iter().filter(|(who, _)| *who == buyer);
    let key = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("idempotency-key");
    own.map(|(_, request)| request.headers.iter().find(key).unwrap().1.clone()).collect()
}

/// What somebody else bought in the meantime is not offered again.
#[tokio::test]
async fn technical_fault_of_a_lead_that_was_sold_elsewhere() {
    let clock = monday();
    let house = Installation::at(&clock, FLOW, &script([PHONE, "buyer_premier: 503", SHINGLE])).await;
    let lead_id = lead_of(&post(&house, ANN).await);
    retry_all(&house, &clock).await;
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=10
        3 enhancement.success phone_check svc_phone success response_code=200
        4 filter.passed in_area success
        5 recipient.attempted premier buyer_premier attempt=1 caps=buyer_premier/daily_cap delivery=1
        6 recipient.error premier buyer_premier error "Buyer error: HTTP 503" status attempt=1 delivery=1 error_kind=status response_code=503
        7 retry.scheduled premier buyer_premier attempt=2 delivery=1 due=in 1m
        8 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
        9 recipient.delivered shingle buyer_shingle success attempt=1 delivery=2 price=18 response_code=200
        10 flow.completed src_web success cost=10 deliveries=1 margin=8 revenue=18 steps_run=4
        11 recipient.skipped premier buyer_premier skip "Sold elsewhere" sold_elsewhere asked=false
    "#]].assert_eq(&chain(&house, &lead_id).await);
    house.close().await;
}

/// Each buyer has a chain of its own within that of the lead; who it is tells them apart.
#[tokio::test]
async fn several_buyers() {
    let clock = monday();
    let flow = FLOW.replace("strategy: waterfall", "strategy: all");
    let premier = r#"buyer_premier: 503 | 200 {"status":"no","why":"Duplicate lead"}"#;
    let house =
        Installation::at(&clock, &flow, &script([PHONE, premier, "buyer_shingle: dns | 200 taken"])).await;
    let lead_id = lead_of(&post(&house, ANN).await);
    retry_all(&house, &clock).await;
    let told = chain(&house, &lead_id).await;
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=10
        3 enhancement.success phone_check svc_phone success response_code=200
        4 filter.passed in_area success
        5 recipient.attempted premier buyer_premier attempt=1 caps=buyer_premier/daily_cap delivery=1
        6 recipient.error premier buyer_premier error "Buyer error: HTTP 503" status attempt=1 delivery=1 error_kind=status response_code=503
        7 retry.scheduled premier buyer_premier attempt=2 delivery=1 due=in 1m
        8 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
        9 recipient.error shingle buyer_shingle error "Buyer address not found: no such host" connection attempt=1 delivery=2 error_kind=dns
        10 retry.scheduled shingle buyer_shingle attempt=2 delivery=2 due=in 5m
        11 flow.completed src_web failure "No buyer" no_buyer cost=0 deliveries=0 margin=0 revenue=0 steps_run=4
        12 retry.attempted premier buyer_premier attempt=2 delivery=1
        13 recipient.attempted premier buyer_premier attempt=2 caps=buyer_premier/daily_cap delivery=1
        14 recipient.failed premier buyer_premier failure "Duplicate lead" duplicate asked=true attempt=2 delivery=1 response_code=200
        15 retry.attempted shingle buyer_shingle attempt=2 delivery=2
        16 recipient.attempted shingle buyer_shingle attempt=2 delivery=2
        17 recipient.delivered shingle buyer_shingle success attempt=2 delivery=2 price=18 response_code=200
    "#]].assert_eq(&told);
    let of = |buyer: &str| told.lines().filter(|line| line.contains(buyer)).count();
    assert_eq!((of("buyer_premier"), of("buyer_shingle")), (6, 6));
    house.close().await;
}

const AUCTION: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_north: { kind: buyer, name: North }
  buyer_south: { kind: buyer, name: South }
  buyer_west: { kind: buyer, name: West }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email, state: state }
  sources: [ { entity: src_web, price: { share: 0.80, of: bid } } ]
  steps:
    - id: auction
      kind: distribute
      strategy: highest_bid
      max_sales: 2
      ping_timeout: 800ms
      recipients:
        - { id: north, entity: buyer_north, NORTH }
        - { id: south, entity: buyer_south, SOUTH }
        - { id: west, entity: buyer_west, WEST }
"#;

fn auction() -> String {
    ["north", "south", "west"].into_iter().fold(AUCTION.to_owned(), |flow, name| {
        let own = format!(
            "integration: custom_json, price: {{ from: bid }}, ping: {{ request: {{ url: \"https://{name}.example.com/ping\", \
             fields: {{ state: \"{{{{lead.state}}}}\" }} }}, response: {{ price: {{ path: bid }} }} }}, \
             request: {{ url: \"https://{name}.example.com/post\", fields: {{ mail: \"{{{{lead.email}}}}\" }} }}"
        );
        flow.replace(&name.to_uppercase(), &own)
    })
}

/// All are asked for a bid before anybody is sent the lead, and what they bid is recorded in one group: in a row, and at
/// one moment. That the requests leave together behind one barrier is told by `barrier.rs`.
#[tokio::test]
async fn several_buyers_that_are_pinged_at_once() {
    let bids = "buyer_north: 200 {\"bid\":12.50} | 200\nbuyer_south: 200 {\"bid\":14} | 503\nbuyer_west: slow 900 200 {\"bid\":99}";
    let house = Installation::at(&monday(), &auction(), bids).await;
    let answer = post(&house, ANN).await;
    assert_eq!(answer.json()["price"], json!(10));
    let lead_id = lead_of(&answer);
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success
        3 recipient.bid north buyer_north success bid=12.5 response_code=200
        4 recipient.bid south buyer_south success bid=14 response_code=200
        5 recipient.bid west buyer_west error "Buyer timeout after 800ms" timeout error_kind=timeout wait_ms=799
        6 recipient.attempted south buyer_south attempt=1 delivery=1
        7 recipient.error south buyer_south error "Buyer error: HTTP 503" status attempt=1 delivery=1 error_kind=status response_code=503
        8 recipient.attempted north buyer_north attempt=1 delivery=2
        9 recipient.delivered north buyer_north success attempt=1 delivery=2 price=12.5 response_code=200
        10 flow.completed src_web success cost=10 deliveries=1 margin=2.5 revenue=12.5 steps_run=2
    "#]].assert_eq(&chain(&house, &lead_id).await);
    let asked: Vec<String> = house
        .parties
        .seen()
        .iter()
        .map(|(_, request)| request.url.rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(asked, ["ping", "ping", "ping", "post", "post"]);
    let bids = house.get(&format!("/events?lead_id={lead_id}&type=recipient.bid&sort=seq")).await;
    let bids = bids["data"].as_array().unwrap();
    assert!(
        bids.windows(2).all(|pair| pair[0]["seq"].as_u64().unwrap() + 1 == pair[1]["seq"].as_u64().unwrap())
    );
    assert!(bids.iter().all(|bid| bid["timestamp"] == bids[0]["timestamp"]));
    house.close().await;
}

/// A lead that Premier bought, and so long a wait.
async fn sold_before(wait: std::time::Duration) -> (Installation, String) {
    let clock = monday();
    let house = Installation::at(&clock, FLOW, &script([PHONE, PREMIER, SHINGLE])).await;
    let lead_id = lead_of(&post(&house, ANN).await);
    clock.advance(wait);
    (house, lead_id)
}

/// The chain of a lead from the first report on, since what was before does not change.
async fn after_the_sale(house: &Installation, lead_id: &str) -> String {
    let told = chain(house, lead_id).await;
    let (sale, after) = told.split_at(told.find("7 flow.completed").unwrap());
    assert!(sale.contains("6 recipient.delivered premier"), "{told}");
    after.to_owned()
}

#[tokio::test]
async fn feedback_of_a_conversion() {
    let (house, lead_id) = sold_before(3 * DAY).await;
    let answer = report(&house, &lead_id, "buyer_premier", r#"{"type":"conversion","value":"sold"}"#).await;
    assert_eq!(answer.json()["outcome"], "success");
    expect![[r#"
        7 flow.completed src_web success cost=10 deliveries=1 margin=15 revenue=25 steps_run=3
        8 feedback.received buyer_premier success feedback=(days_to_convert=3 type=conversion value=sold) of=6
        9 feedback.processed buyer_premier success amount=0 feedback=(days_to_convert=3 type=conversion value=sold) follows=8 of=6
    "#]].assert_eq(&after_the_sale(&house, &lead_id).await);
    assert_eq!(house.get(&format!("/leads/{lead_id}")).await["state"], "converted");
    house.close().await;
}

#[tokio::test]
async fn feedback_of_a_return_that_is_accepted() {
    let (house, lead_id) = sold_before(3 * DAY).await;
    let answer =
        report(&house, &lead_id, "buyer_premier", r#"{"type":"return","reason":"Wrong number"}"#).await;
    assert_eq!(answer.json()["outcome"], "success");
    expect![[r#"
        7 flow.completed src_web success cost=10 deliveries=1 margin=15 revenue=25 steps_run=3
        8 feedback.received buyer_premier success feedback=(reason=Wrong number type=return) of=6
        9 feedback.returned buyer_premier success feedback=(reason=Wrong number type=return) follows=8 of=6
        10 feedback.processed buyer_premier success amount=25 cost_amount=10 feedback=(reason=Wrong number type=return) follows=8 of=6
    "#]].assert_eq(&after_the_sale(&house, &lead_id).await);
    let lead = house.get(&format!("/leads/{lead_id}")).await;
    assert_eq!((&lead["state"], &lead["revenue"], &lead["cost"]), (&json!("returned"), &json!(0), &json!(0)));
    house.close().await;
}

/// What was refused is recorded all the same, and is no return.
#[tokio::test]
async fn feedback_of_a_return_that_is_refused() {
    let (house, lead_id) = sold_before(8 * DAY).await;
    let answer =
        report(&house, &lead_id, "buyer_premier", r#"{"type":"return","reason":"Wrong number"}"#).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.json()["reason"], "Must be returned within 7 days");
    expect![[r#"
        7 flow.completed src_web success cost=10 deliveries=1 margin=15 revenue=25 steps_run=3
        8 feedback.received buyer_premier success feedback=(reason=Wrong number type=return) of=6
        9 feedback.processed buyer_premier failure "Must be returned within 7 days" feedback_refused feedback=(reason=Wrong number type=return) follows=8 of=6
    "#]].assert_eq(&after_the_sale(&house, &lead_id).await);
    let lead = house.get(&format!("/leads/{lead_id}")).await;
    assert_eq!((&lead["state"], &lead["revenue"], &lead["cost"]), (&json!("sold"), &json!(25), &json!(10)));
    house.close().await;
}
