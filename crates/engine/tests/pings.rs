//! Pings of sources, the offers they are given, and the leads that take those up.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use domain::{Answer, FieldPath, Lead, LeadId, Outcome, Value};
use engine::{Ping, Pinged, Submission};
use expect_test::expect;
use wire::flow_file::{EntityFile, FlowFile};

use crate::support::House;

const FLOW: &str = r#"
entities:
  src_exchange: { kind: source, name: Auto Exchange }
  src_other: { kind: source, name: Other }
  buyer_north: { kind: buyer, name: North Auto }
  buyer_south: { kind: buyer, name: South Auto }
flow:
  id: flow_roofs
  name: Auto insurance
  fields: { email: { type: email, required: true }, state: state }
  accept: { require: { field: lead.state, op: is not equal to, value: TX } }
  sources:
    - { entity: src_exchange, key_required: false, ping: true, ping_expires: 30s, price: { share: 0.80, of: bid } }
    - { entity: src_other, key_required: false, ping: true, price: { share: 0.80, of: bid } }
  steps:
    - id: auction
      kind: distribute
      strategy: highest_bid
      max_sales: 2
      ping_timeout: 800ms
      recipients:
        - id: north
          entity: buyer_north
          integration: custom_json
          ping:
            request: { url: "https://north.example.com/ping", fields: { state: "{{lead.state}}" } }
            response: { price: { path: bid }, reference: { path: token } }
          request:
            url: https://north.example.com/post
            fields: { token: "{{ping.reference}}", email: "{{lead.email}}" }
          price: { from: bid }
        - id: south
          entity: buyer_south
          integration: custom_json
          ping:
            request: { url: "https://south.example.com/bid" }
            response: { price: { path: bid } }
          request: { url: "https://south.example.com/post", fields: { email: "{{lead.email}}" } }
          price: { from: bid }
          retry: { attempts: 2, backoff: [ 10s ] }
"#;

const SCRIPT: &str = "buyer_north: 200 {\"bid\":12.50,\"token\":\"t1\"} | 200
                      buyer_south: 200 {\"bid\":9.00} | reset | 200";

async fn ping(house: &House, source: &str, state: &str) -> Pinged {
    ping_with(house, source, &[("state", state)]).await
}

async fn ping_with(house: &House, source: &str, parameters: &[(&str, &str)]) -> Pinged {
    let value = |(name, value): &(&str, &str)| (FieldPath::key(name).unwrap(), Value::text(*value));
    let raw: Lead = parameters.iter().map(value).collect();
    let ping = Ping {
        flow: house.control.flow(&"flow_roofs".parse().unwrap()).unwrap(),
        source_id: source.parse().unwrap(),
        raw,
        request: Arc::from(b"POST /ping HTTP/1.1".as_slice()),
        request_id: None,
        test: false,
        render: Box::new(|token: Option<LeadId>, answer: &Answer| {
            Arc::from(format!("{} {} {}", answer.outcome, answer.price, token.is_some()).into_bytes())
        }),
    };
    house.engine.ping(ping).await.unwrap()
}

async fn post(house: &House, token: &str) -> LeadId {
    let parameters = [("email", "ana@example.com"), ("state", "CA")];
    let submission = Submission {
        ping_token: Some(token.to_owned()),
        ..house.submission("flow_roofs", "src_exchange", &parameters)
    };
    house.engine.submit(submission).await.unwrap().lead_id
}

#[tokio::test]
async fn a_post_takes_up_the_offer_of_its_ping() {
    let house = House::new(FLOW, SCRIPT).await;
    let pinged = ping(&house, "src_exchange", "CA").await;
    assert_eq!(&*pinged.response, b"success 17.2 true");
    expect![[r#"
        recipient.bid        north bid 12.5
        recipient.bid        south bid 9
        source.pinged        success price 17.2
    "#]]
    .assert_eq(&house.chain(pinged.ping_id));
    expect![[r#"
        north bid bid 12.5, 0 attempts
        south bid bid 9, 0 attempts
    "#]]
    .assert_eq(&house.explained(pinged.ping_id));
    let lead_id = post(&house, &pinged.ping_id.to_string()).await;
    house.retry_all().await;
    expect![[r#"
        source.submitted
        source.accepted      price 17.2
        recipient.bid        north bid 12.5
        recipient.bid        south bid 9
        recipient.attempted  north attempt 1
        recipient.delivered  north attempt 1 price 12.5
        recipient.attempted  south attempt 1
        recipient.error      south attempt 1 unknown (unknown: Buyer reply not complete: connection reset)
        retry.scheduled      south attempt 2 in about 11 s
        flow.completed       success, 2 steps, 1 sold, cost 10 revenue 12.5 margin 2.5
        retry.attempted      south attempt 2
        recipient.attempted  south attempt 2
        recipient.delivered  south attempt 2 price 9
    "#]]
    .assert_eq(&house.chain(lead_id));
    let seen = house.parties.seen();
    assert_eq!(seen.len(), 5, "each was pinged once");
    let post = String::from_utf8_lossy(&seen[2].1.body).into_owned();
    assert!(post.contains(r#""token":"t1""#), "{post}");
    house.close();
}

#[tokio::test]
async fn an_offer_is_good_once_in_time_and_for_its_source() {
    let house = House::new(FLOW, "buyer_north: 200 {\"bid\":5}\n buyer_south: 200 {\"bid\":1}").await;
    let asked = |house: &House| house.parties.seen().len();
    let pinged = ping(&house, "src_exchange", "CA").await;
    let other = ping(&house, "src_other", "CA").await;
    let late = ping(&house, "src_exchange", "CA").await;
    let token = pinged.ping_id.to_string();
    let before = asked(&house);
    post(&house, &token).await;
    assert_eq!(asked(&house) - before, 2, "two posts, no ping");
    for token in [token.as_str(), &other.ping_id.to_string(), "ping_018d0d882e839a41d06f0001", "x"] {
        let before = asked(&house);
        post(&house, token).await;
        assert_eq!(asked(&house) - before, 4, "{token}: two pings and two posts");
    }
    house.advance(Duration::from_secs(30));
    let before = asked(&house);
    post(&house, &late.ping_id.to_string()).await;
    assert_eq!(asked(&house) - before, 4, "it was too late");
    house.close();
}

#[tokio::test]
async fn an_offer_outlives_a_restart_and_stays_taken() {
    let script = "buyer_north: 200 {\"bid\":5}\n buyer_south: 200 {\"bid\":1}";
    let house = House::new(FLOW, script).await;
    let (one, two) = (ping(&house, "src_exchange", "CA").await, ping(&house, "src_exchange", "CA").await);
    post(&house, &one.ping_id.to_string()).await;
    let now = engine::Clock::now(&*house.clock);
    let house = House::open(house.close(), now, script);
    assert_eq!(house.engine.resume().await.unwrap(), 0, "pings are not taken up");
    post(&house, &two.ping_id.to_string()).await;
    assert_eq!(house.parties.seen().len(), 2, "it stands");
    post(&house, &one.ping_id.to_string()).await;
    assert_eq!(house.parties.seen().len(), 6, "it was taken up before");
    house.close();
}

#[tokio::test]
async fn a_ping_is_refused_by_what_is_known_and_without_bids() {
    let house = House::new(FLOW, "buyer_north: 200 {\"bid\":0}\n buyer_south: timeout").await;
    let refused = ping(&house, "src_exchange", "TX").await;
    expect![[r#"
        source.pinged        failure price 0 (criteria: State must not be equal to TX)
    "#]]
    .assert_eq(&house.chain(refused.ping_id));
    expect![[r#"
        north not_reached (criteria: State must not be equal to TX), 0 attempts
        south not_reached (criteria: State must not be equal to TX), 0 attempts
    "#]]
    .assert_eq(&house.explained(refused.ping_id));
    let unsold = ping(&house, "src_exchange", "CA").await;
    expect![[r#"
        recipient.bid        north (declined: No bid)
        recipient.bid        south (timeout: Buyer timeout after 800ms)
        source.pinged        failure price 0 (no_buyer: no bid)
    "#]]
    .assert_eq(&house.chain(unsold.ping_id));
    assert_eq!(&*unsold.response, b"failure 0 false");
    house.close();
}

#[tokio::test]
async fn a_ping_passes_the_gates_and_takes_nothing_from_them() {
    let flow = FLOW.replace(
        "  accept:",
        "  duplicates: [ { name: Same, key: \"{{lead.email}}\", window: 30d } ]\n  caps: [ { name: Few, max_leads: 1, \
         per: day } ]\n  accept:",
    );
    let house = House::new(&flow, "buyer_north: 200 {\"bid\":5}\n buyer_south: 200 {\"bid\":1}").await;
    let ana = [("email", "ana@example.com"), ("state", "CA")];
    for _ in 0..2 {
        assert_eq!(ping_with(&house, "src_exchange", &ana).await.answer.outcome, Outcome::Success);
    }
    post(&house, "").await;
    let twin = ping_with(&house, "src_exchange", &ana).await;
    let other = ping(&house, "src_exchange", "CA").await;
    expect![[r#"
        source.pinged        failure price 0 (duplicate: Duplicate: Previously submitted 2024-01-15)
        source.pinged        failure price 0 (cap_reached: Few reached (1/1))
    "#]]
    .assert_eq(&format!("{}{}", house.chain(twin.ping_id), house.chain(other.ping_id)));
    house.close();
}

#[tokio::test]
async fn a_buyer_that_may_have_no_more_is_not_pinged() {
    let flow = FLOW.replace(
        "          price: { from: bid }\n        - id: south",
        "          price: { from: bid }\n          caps: [ { name: Daily cap, max_leads: 1, per: day } ]\n        - id: south",
    );
    let house = House::new(&flow, "buyer_north: 200 {\"bid\":12.50}\n buyer_south: 200 {\"bid\":9}").await;
    post(&house, "").await;
    let before = house.parties.seen().len();
    let pinged = ping(&house, "src_exchange", "CA").await;
    assert_eq!(house.parties.seen().len() - before, 1);
    expect![[r#"
        recipient.failed     (cap_reached: Daily cap reached (1/1))
        recipient.bid        south bid 9
        source.pinged        success price 7.2
    "#]]
    .assert_eq(&house.chain(pinged.ping_id));
    house.close();
}

#[tokio::test]
async fn a_budget_cannot_count_what_is_known_only_after_the_sale() {
    let house = House::new(FLOW, "").await;
    let id = "src_exchange".parse().unwrap();
    let budget = EntityFile::read(&id, "{ caps: [ { name: Budget, max_spend: 5, per: day } ] }").unwrap();
    let error = house.control.change_entity("system", &id, None, Some(budget)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the budget src_exchange/budget cannot count leads of src_exchange, whose price is a share of what they are sold for"
    );
    house.close();
}

/// What an attempt holds whose end nobody knows is the bid that it was made for, also after a restart.
#[tokio::test]
async fn a_budget_holds_the_bid_of_a_buyer_that_may_have_the_lead() {
    let budget = "price: { from: bid }\n          caps: [ { name: Budget, max_spend: 100, per: day } ]";
    let flow = FLOW.replacen("price: { from: bid }", budget, 1);
    let script = "buyer_north: 200 {\"bid\":12.50} | reset\n buyer_south: 200 {\"bid\":9}";
    let house = House::new(&flow, script).await;
    post(&house, "").await;
    let held = "flow_roofs.north/budget 0 used 12.5 reserved of 100\n";
    assert_eq!(house.caps(), held);
    let now = engine::Clock::now(&*house.clock);
    let house = House::open(house.close(), now, script);
    house.engine.resume().await.unwrap();
    assert_eq!(house.caps(), held);
    house.close();
}

/// What looks like the number of a card is recorded with stars, so the lead cannot repeat it from the record.
#[tokio::test]
async fn a_token_that_is_recorded_with_stars_is_asked_for_again() {
    let script = "buyer_north: 200 {\"bid\":5,\"token\":\"4539578763621486\"}\n buyer_south: 200 {\"bid\":1}";
    let house = House::new(FLOW, script).await;
    let pinged = ping(&house, "src_exchange", "CA").await;
    post(&house, &pinged.ping_id.to_string()).await;
    let seen = house.parties.seen();
    assert_eq!(seen.len(), 6, "two pings, two more, two posts");
    let sent = seen.iter().map(|(_, request)| String::from_utf8_lossy(&request.body).into_owned());
    let sent: Vec<String> = sent.filter(|body| body.contains("token")).collect();
    assert_eq!(sent, [r#"{"token":"4539578763621486","email":"ana@example.com"}"#]);
    house.close();
}

/// Who is not pinged bids its own price: the offer counts it, and so does what the source is paid.
#[tokio::test]
async fn a_share_is_paid_of_prices_that_stand_beside_bids() {
    let its_ping = "          ping:\n            request: { url: \"https://south.example.com/bid\" }\n            response: { price: { path: bid } }\n";
    assert!(FLOW.contains(its_ping));
    let flow = FLOW.replace(its_ping, "").replace(
        "          price: { from: bid }\n          retry",
        "          price: { fixed: 4.00 }\n          retry",
    );
    let house = House::new(&flow, "buyer_north: 503\n buyer_south: 200").await;
    let pinged = ping_with(&house, "src_exchange", &[("state", "CA")]).await;
    assert_eq!(&*pinged.response, b"success 3.2 true");
    let lead_id = post(&house, &pinged.ping_id.to_string()).await;
    let chain = house.chain(lead_id);
    assert!(chain.contains("recipient.delivered  south attempt 1 price 4\n"), "{chain}");
    assert!(chain.contains("1 sold, cost 3.2 revenue 4 margin 0.8"), "{chain}");
    house.close();
}

#[tokio::test]
async fn a_ping_asks_only_the_groups_that_its_lead_would_come_to() {
    let flow = FLOW.replace(
        "      strategy: highest_bid\n",
        "      when: { field: lead.state, op: is equal to, value: CA }\n      strategy: highest_bid\n",
    );
    let house = House::new(&flow, "buyer_north: 200 {\"bid\":5}\n buyer_south: 200 {\"bid\":1}").await;
    let pinged = ping(&house, "src_exchange", "NY").await;
    expect![[r#"
        recipient.skipped    north (criteria: State must be equal to CA)
        recipient.skipped    south (criteria: State must be equal to CA)
        source.pinged        failure price 0 (no_buyer: no bid)
    "#]]
    .assert_eq(&house.chain(pinged.ping_id));
    // What is not known yet is not held against it.
    let pinged = ping_with(&house, "src_exchange", &[]).await;
    expect![[r#"
        recipient.bid        north bid 5
        recipient.bid        south bid 1
        source.pinged        success price 4.8
    "#]]
    .assert_eq(&house.chain(pinged.ping_id));
    house.close();
}

/// A version published meanwhile may have another buyer in the place of one that bid.
#[tokio::test]
async fn an_offer_holds_for_the_parties_that_made_it() {
    let house = House::new(FLOW, "buyer_north: 200 {\"bid\":5}\n buyer_south: 200 {\"bid\":1}").await;
    let pinged = ping(&house, "src_exchange", "CA").await;
    let other = FLOW
        .replacen("  buyer_south:", "  buyer_east: { kind: buyer, name: East Auto }\n  buyer_south:", 1)
        .replacen("entity: buyer_north", "entity: buyer_east", 1);
    house.control.publish_flow("test", &FlowFile::read(&other).unwrap()).await.unwrap();
    let lead_id = post(&house, &pinged.ping_id.to_string()).await;
    let chain = house.chain(lead_id);
    assert!(!chain.contains("recipient.bid        north bid 5"), "{chain}");
    assert!(chain.contains("recipient.bid        south bid 1"), "{chain}");
    house.close();
}
