//! Circuits of buyers and services: who gives no usable answers is left alone for a while. Leads are told as the
//! chains of their events.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{EntityId, FaultKind};
use engine::{Asking, Call, CallFault, CircuitPosition, Parties};
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
    assert_eq!(standing.position, CircuitPosition::Open { until: start().plus_millis(60_000) });
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
        (2, CircuitPosition::Open { until: start().plus_millis(120_000) })
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
    assert_eq!(check().await, "enhancement.error    check timeout (timeout: Service timeout after 5000ms)");
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
        source.accepted
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
