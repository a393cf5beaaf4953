//! Circuits of buyers and services: who gives no usable answers is left alone for a while. Leads are told as the
//! chains of their events.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{EntityId, Explained, FaultKind, LeadId};
use engine::{Asking, Call, CallFault, CircuitPosition, Clock, Parties, Resent};
use expect_test::{Expect, expect};
use testkit::HeldParties;
use wire::flow_file::{EntityFile, FlowFile};

use crate::support::{House, start};

/// A service, then a group of two buyers. Premier's circuit opens after two errors in a row.
const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web }
  svc_phone: { kind: service, name: Phone check, circuit: { errors: 1, cool_down: 5m } }
  buyer_premier: { kind: buyer, name: Premier, circuit: { errors: 2, cool_down: 1m } }
  buyer_shingle: { kind: buyer, name: Shingle }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: check
      kind: enhancement
      entity: svc_phone
      integration: custom_query
      request: { url: "https://lookup.example.com/v1" }
    - id: sell
      kind: distribute
      strategy: waterfall
      recipients:
        - id: premier
          entity: buyer_premier
          integration: custom_json
          request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
          response: { outcome: { path: status, term: ok }, reason: { path: why } }
          price: { fixed: 10 }
          RETRY
        - id: shingle
          entity: buyer_shingle
          integration: custom_json
          request: { url: "https://shingle.example.com/leads", fields: { mail: "{{lead.email}}" } }
          response: { outcome: { path: status, term: ok }, reason: { path: why } }
          price: { fixed: 5 }
"#;

fn flow() -> String {
    FLOW.replace("          RETRY\n", "")
}

fn script(text: &str) -> String {
    text.replace("YES", r#"200 {"status":"ok"}"#).replace("NO", r#"200 {"status":"no","why":"Declined"}"#)
}

fn premier() -> EntityId {
    "buyer_premier".parse().unwrap()
}

const ANN: [(&str, &str); 1] = [("email", "ann@example.com")];

/// How often a party was asked.
fn asked(house: &House, id: &str) -> usize {
    house.parties.seen().iter().filter(|(entity_id, _)| entity_id.as_str() == id).count()
}

/// What became of a lead at premier and the next: types and reasons.
async fn sell(house: &House, expected: Expect) {
    let submitted = house.submit(&ANN).await;
    let chain = house.chain(submitted.lead_id);
    let of_buyers: String =
        chain.lines().filter(|line| line.starts_with("re")).map(|line| format!("{line}\n")).collect();
    expected.assert_eq(&of_buyers);
}

#[tokio::test]
async fn a_buyer_that_is_down_is_left_alone_and_leads_go_to_the_next() {
    let house = House::new(
        &flow(),
        &script("svc_phone: 200\n buyer_premier: 503 | reset | YES\n buyer_shingle: YES"),
    )
    .await;
    // `reset` leaves the end unknown, which holds the sale: not here, where the second error only counts.
    house.submit(&ANN).await;
    house.submit(&ANN).await;
    let standing = house.engine.circuit(&premier()).unwrap();
    assert_eq!((standing.position.as_str(), standing.opened), ("open", 1));
    // Each answer took a millisecond; the fifth opened it.
    assert_eq!(standing.position, CircuitPosition::Open { until: start().plus_millis(60_005) });
    house.advance(Duration::from_secs(18));
    sell(&house, expect![[r#"
        recipient.attempted  premier attempt 1
        recipient.error      premier attempt 1 circuit (circuit_open: Buyer not asked: its circuit is open after 2 errors in a row, and it is asked again in 42 s)
        recipient.attempted  shingle attempt 1
        recipient.delivered  shingle attempt 1 price 5
    "#]])
    .await;
    assert_eq!(asked(&house, "buyer_premier"), 2);
    house.advance(Duration::from_secs(42));
    assert_eq!(house.engine.circuit(&premier()).unwrap().position, CircuitPosition::HalfOpen);
    for _ in 0..2 {
        sell(
            &house,
            expect![[r#"
            recipient.attempted  premier attempt 1
            recipient.delivered  premier attempt 1 price 10
        "#]],
        )
        .await;
    }
    assert_eq!(house.engine.circuit(&premier()).unwrap().position, CircuitPosition::Closed);
    assert_eq!(asked(&house, "buyer_premier"), 4);
    house.close();
}

#[tokio::test]
async fn a_probe_that_fails_leaves_the_buyer_alone_for_another_while() {
    let house = House::new(
        &flow(),
        &script("svc_phone: 200\n buyer_premier: 503 | 503 | 503 | YES\n buyer_shingle: YES"),
    )
    .await;
    house.submit(&ANN).await;
    house.submit(&ANN).await;
    house.advance(Duration::from_secs(60));
    house.submit(&ANN).await;
    house.submit(&ANN).await;
    assert_eq!((asked(&house, "buyer_premier"), asked(&house, "buyer_shingle")), (3, 4));
    let standing = house.engine.circuit(&premier()).unwrap();
    assert_eq!(
        (standing.opened, standing.position),
        (2, CircuitPosition::Open { until: start().plus_millis(120_008) })
    );
    house.advance(Duration::from_secs(60));
    house.submit(&ANN).await;
    assert_eq!((asked(&house, "buyer_premier"), asked(&house, "buyer_shingle")), (4, 4));
    house.close();
}

#[tokio::test]
async fn a_no_is_an_answer() {
    let house = House::new(
        &flow(),
        &script("svc_phone: 200\n buyer_premier: 503 | NO | 503 | NO\n buyer_shingle: YES"),
    )
    .await;
    for _ in 0..5 {
        house.submit(&ANN).await;
    }
    assert_eq!(asked(&house, "buyer_premier"), 5);
    let standing = house.engine.circuit(&premier()).unwrap();
    assert_eq!((standing.position, standing.errors, standing.opened), (CircuitPosition::Closed, 0, 0));
    house.close();
}

#[tokio::test]
async fn a_flow_goes_on_without_a_service_that_is_down() {
    let house =
        House::new(&flow(), &script("svc_phone: timeout | 200\n buyer_premier: YES\n buyer_shingle: YES"))
            .await;
    let check = async || {
        let chain = house.chain(house.submit(&ANN).await.lead_id);
        assert!(chain.contains("delivered  premier"), "{chain}");
        chain.lines().find(|line| line.starts_with("enhancement")).unwrap().to_owned()
    };
    assert_eq!(check().await, "enhancement.error    check timeout (timeout: Service timeout after 10000ms)");
    assert_eq!(
        check().await,
        "enhancement.error    check circuit (circuit_open: Service not asked: its circuit is open after an error, and it is asked again in 300 s)"
    );
    house.advance(Duration::from_secs(300));
    assert_eq!(check().await, "enhancement.success  check http 200");
    house.close();
}

#[tokio::test]
async fn retries_wait_until_the_circuit_lets_one_through() {
    let flow = FLOW.replace("RETRY", "retry: { attempts: 4, backoff: [ 5s ] }");
    let house =
        House::new(&flow, &script("svc_phone: 200\n buyer_premier: 503 | 503 | YES\n buyer_shingle: NO"))
            .await;
    let submitted = house.submit(&ANN).await;
    house.retry_all().await;
    let chain = house.chain(submitted.lead_id);
    expect![[r#"
        source.submitted
        source.accepted      price 0
        enhancement.success  check http 200
        recipient.attempted  premier attempt 1
        recipient.error      premier attempt 1 status (status: Buyer error: HTTP 503)
        retry.scheduled      premier attempt 2 in about 5 s
        recipient.attempted  shingle attempt 1
        recipient.failed     shingle attempt 1 (declined: Declined)
        flow.completed       success, 3 steps, 0 sold, cost 0 revenue 0 margin 0
        retry.attempted      premier attempt 2
        recipient.attempted  premier attempt 2
        recipient.error      premier attempt 2 status (status: Buyer error: HTTP 503)
        retry.scheduled      premier attempt 3 in about 5 s
        retry.attempted      premier attempt 3
        recipient.attempted  premier attempt 3
        recipient.error      premier attempt 3 circuit (circuit_open: Buyer not asked: its circuit is open after 2 errors in a row, and it is asked again in 55 s)
        retry.scheduled      premier attempt 4 in about 55 s
        retry.attempted      premier attempt 4
        recipient.attempted  premier attempt 4
        recipient.delivered  premier attempt 4 price 10
    "#]]
    .assert_eq(&chain);
    house.close();
}

#[tokio::test]
async fn a_restart_begins_with_closed_circuits() {
    let script = script("svc_phone: 200\n buyer_premier: 503\n buyer_shingle: YES");
    let house = House::new(&flow(), &script).await;
    house.submit(&ANN).await;
    house.submit(&ANN).await;
    house.submit(&ANN).await;
    assert_eq!(asked(&house, "buyer_premier"), 2);
    let house = House::open(house.close(), start(), &script);
    house.engine.resume().await.unwrap();
    assert_eq!(house.engine.circuit(&premier()).unwrap().position, CircuitPosition::Closed);
    house.submit(&ANN).await;
    assert_eq!(asked(&house, "buyer_premier"), 1);
    house.close();
}

#[tokio::test]
async fn a_circuit_is_set_and_taken_away_without_publishing() {
    let house =
        House::new(&flow(), &script("svc_phone: 200\n buyer_premier: 503\n buyer_shingle: YES")).await;
    let set = async |settings: &str| {
        let file = EntityFile::read(&premier(), settings).unwrap();
        house.control.change_entity("system", &premier(), None, Some(file)).await.unwrap();
    };
    for _ in 0..3 {
        house.submit(&ANN).await;
    }
    assert_eq!(asked(&house, "buyer_premier"), 2);
    set("{}").await;
    assert_eq!(house.engine.circuit(&premier()), None);
    for _ in 0..3 {
        house.submit(&ANN).await;
    }
    assert_eq!(asked(&house, "buyer_premier"), 5);
    set(r#"{"circuit":{}}"#).await;
    for _ in 0..7 {
        house.submit(&ANN).await;
    }
    assert_eq!(asked(&house, "buyer_premier"), 10, "five errors in a row, where nothing else is said");
    house.close();
}

/// Parties that cannot be reached for a while, and then answer when they are told to.
#[derive(Debug, Default)]
struct Doors {
    shut: AtomicBool,
    held: HeldParties,
}

impl Parties for Doors {
    fn ask(&self, call: Call) -> Asking<'_> {
        if self.shut.load(Ordering::SeqCst) {
            return Box::pin(async {
                Err(CallFault::new(FaultKind::Connect, "connection refused", Duration::ZERO))
            });
        }
        self.held.ask(call)
    }
}

#[tokio::test]
async fn of_many_leads_at_once_one_tries_the_buyer() {
    let text = flow();
    let (before, rest) = text.split_once("    - id: check\n").unwrap();
    let (_, after) = rest.split_once("    - id: sell\n").unwrap();
    let text = format!("{before}    - id: sell\n{after}").replace("errors: 2", "errors: 1");
    // Anything with status 200 is a yes.
    let text = text
        .replace("          response: { outcome: { path: status, term: ok }, reason: { path: why } }\n", "");
    let text = text.split_once("        - id: shingle").unwrap().0.to_owned();
    let doors = Arc::new(Doors::default());
    let house =
        House::open_among(tempfile::tempdir().unwrap(), start(), Arc::clone(&doors) as Arc<dyn Parties>);
    house.control.publish_flow("system", &FlowFile::read(&text).unwrap()).await.unwrap();
    doors.shut.store(true, Ordering::SeqCst);
    house.submit(&ANN).await;
    assert_eq!(house.engine.circuit(&premier()).unwrap().opened, 1);
    doors.shut.store(false, Ordering::SeqCst);
    house.advance(Duration::from_secs(60));

    let (engine, submission) = (house.engine.clone(), house.submission("flow_roofs", "src_web", &ANN));
    let probe = tokio::spawn(async move { engine.submit(submission).await.unwrap() });
    doors.held.asked(1).await;
    for _ in 0..3 {
        sell(&house, expect![[r#"
            recipient.attempted  premier attempt 1
            recipient.error      premier attempt 1 circuit (circuit_open: Buyer not asked: its circuit is open after an error, and one call tries it now)
        "#]])
        .await;
    }
    assert_eq!(house.engine.circuit(&premier()).unwrap().position, CircuitPosition::HalfOpen);
    doors.held.answer(1);
    let probed = probe.await.unwrap();
    assert!(house.chain(probed.lead_id).contains("recipient.delivered  premier attempt 1"));
    assert_eq!(house.engine.circuit(&premier()).unwrap().position, CircuitPosition::Closed);
    doors.held.answer(1);
    sell(
        &house,
        expect![[r#"
        recipient.attempted  premier attempt 1
        recipient.delivered  premier attempt 1 price 10
    "#]],
    )
    .await;
    assert_eq!(doors.held.most_at_a_time(), 1);
    house.close();
}

/// An auction of two bidders. North's circuit opens after an error.
const AUCTION: &str = r#"
entities:
  src_web: { kind: source, name: Web }
  buyer_north: { kind: buyer, name: North, circuit: { errors: 1, cool_down: 30s } }
  buyer_south: { kind: buyer, name: South }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: auction
      kind: distribute
      strategy: highest_bid
      recipients:
        - id: north
          entity: buyer_north
          integration: custom_json
          ping: { request: { url: "https://north.example.com/ping" }, response: { price: { path: bid } } }
          request: { url: "https://north.example.com/post", fields: { email: "{{lead.email}}" } }
          price: { from: bid }
        - id: south
          entity: buyer_south
          integration: custom_json
          ping: { request: { url: "https://south.example.com/ping" }, response: { price: { path: bid } } }
          request: { url: "https://south.example.com/post", fields: { email: "{{lead.email}}" } }
          price: { from: bid }
"#;

/// How each recipient stands with a lead, and why, a line for each.
fn explained(house: &House, lead_id: LeadId) -> String {
    let flow = house.control.flow(&"flow_roofs".parse().unwrap()).unwrap();
    let line = |own: Explained| {
        let reason =
            own.reason.map(|reason| format!(" ({}: {})", reason.code, reason.text)).unwrap_or_default();
        format!("{} {}{reason}\n", own.step_id, own.fate)
    };
    flow.flow.explain(&house.events(lead_id)).into_iter().map(line).collect()
}

#[tokio::test]
async fn a_bidder_that_is_down_is_not_pinged_and_its_pings_try_it_again() {
    let house = House::new(
        AUCTION,
        "buyer_north: 503 | 200 {\"bid\":9} | 200
         buyer_south: 200 {\"bid\":6} | 200 | 200 {\"bid\":6} | 200 | 200 {\"bid\":6}",
    )
    .await;
    house.submit(&ANN).await;
    let lead_id = house.submit(&ANN).await.lead_id;
    expect![[r#"
        source.submitted
        source.accepted      price 0
        recipient.bid        north (circuit_open: Buyer not asked: its circuit is open after an error, and it is asked again in 30 s)
        recipient.bid        south bid 6
        recipient.attempted  south attempt 1
        recipient.delivered  south attempt 1 price 6
        flow.completed       success, 1 steps, 1 sold, cost 0 revenue 6 margin 6
    "#]]
    .assert_eq(&house.chain(lead_id));
    expect![[r#"
        north error (circuit_open: Buyer not asked: its circuit is open after an error, and it is asked again in 30 s)
        south delivered
    "#]]
    .assert_eq(&explained(&house, lead_id));
    assert_eq!(asked(&house, "buyer_north"), 1);
    house.advance(Duration::from_secs(30));
    let lead_id = house.submit(&ANN).await.lead_id;
    expect![[r#"
        source.submitted
        source.accepted      price 0
        recipient.bid        north bid 9
        recipient.bid        south bid 6
        recipient.attempted  north attempt 1
        recipient.delivered  north attempt 1 price 9
        flow.completed       success, 1 steps, 1 sold, cost 0 revenue 9 margin 9
    "#]]
    .assert_eq(&house.chain(lead_id));
    house.close();
}

#[tokio::test]
async fn it_is_explained_that_a_circuit_kept_a_lead_from_a_buyer() {
    let house =
        House::new(&flow(), &script("svc_phone: 200\n buyer_premier: 503\n buyer_shingle: YES")).await;
    house.submit(&ANN).await;
    house.submit(&ANN).await;
    let lead_id = house.submit(&ANN).await.lead_id;
    expect![[r#"
        premier error (circuit_open: Buyer not asked: its circuit is open after 2 errors in a row, and it is asked again in 60 s)
        shingle delivered
    "#]]
    .assert_eq(&explained(&house, lead_id));
    house.close();
}

#[tokio::test]
async fn a_lead_that_a_circuit_kept_from_its_only_buyer_is_a_dead_letter() {
    let text = flow().split_once("        - id: shingle").unwrap().0.to_owned();
    let house = House::new(&text, &script("svc_phone: 200\n buyer_premier: 503 | 503 | YES")).await;
    house.submit(&ANN).await;
    house.submit(&ANN).await;
    let lead_id = house.submit(&ANN).await.lead_id;
    let resend = async || {
        let resent = house.engine.resend(lead_id, "premier".parse().unwrap()).await.unwrap();
        assert!(matches!(resent, Resent::Scheduled { .. }), "{resent:?}");
        house.engine.run_due().await;
    };
    resend().await;
    house.advance(Duration::from_secs(60));
    resend().await;
    let chain = house.chain(lead_id);
    expect![[r#"
        retry.scheduled      premier attempt 2 in about 0 s (resent: An operator sends it again)
        retry.attempted      premier attempt 2
        recipient.attempted  premier attempt 2
        recipient.error      premier attempt 2 circuit (circuit_open: Buyer not asked: its circuit is open after 2 errors in a row, and it is asked again in 60 s)
        retry.scheduled      premier attempt 3 in about 0 s (resent: An operator sends it again)
        retry.attempted      premier attempt 3
        recipient.attempted  premier attempt 3
        recipient.delivered  premier attempt 3 price 10
    "#]]
    .assert_eq(&chain[chain.find("retry.scheduled").unwrap()..]);
    assert_eq!(asked(&house, "buyer_premier"), 3);
    house.close();
}

/// The process ends while a probe is under way. The next one begins with a closed circuit, and asks.
#[tokio::test]
async fn a_probe_that_a_crash_cut_short_keeps_nobody_back() {
    let text = flow().split_once("        - id: shingle").unwrap().0.to_owned();
    let (before, rest) = text.split_once("    - id: check\n").unwrap();
    let text = format!("{before}    - id: sell\n{}", rest.split_once("    - id: sell\n").unwrap().1);
    let text = text.replace("errors: 2", "errors: 1");
    let doors = Arc::new(Doors::default());
    let house =
        House::open_among(tempfile::tempdir().unwrap(), start(), Arc::clone(&doors) as Arc<dyn Parties>);
    house.control.publish_flow("system", &FlowFile::read(&text).unwrap()).await.unwrap();
    doors.shut.store(true, Ordering::SeqCst);
    house.submit(&ANN).await;
    doors.shut.store(false, Ordering::SeqCst);
    house.advance(Duration::from_secs(60));
    let (engine, submission) = (house.engine.clone(), house.submission("flow_roofs", "src_web", &ANN));
    let probe = tokio::spawn(async move { engine.submit(submission).await });
    doors.held.asked(1).await;
    assert_eq!(house.engine.circuit(&premier()).unwrap().position, CircuitPosition::HalfOpen);
    let now = Clock::now(&*house.clock);
    probe.abort();
    let house = House::open(house.close(), now, &script("buyer_premier: YES"));
    house.engine.resume().await.unwrap();
    house.engine.idle().await;
    assert_eq!(house.engine.circuit(&premier()).unwrap().position, CircuitPosition::Closed);
    let lead_id = house.submit(&ANN).await.lead_id;
    assert!(house.chain(lead_id).contains("recipient.delivered  premier attempt 1"));
    house.close();
}
