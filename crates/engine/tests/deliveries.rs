//! Leads on their way to services and buyers, each told as the chain of its events.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::task::Poll;
use std::time::Duration;

use domain::EventKind;
use engine::SubmitError;
use expect_test::{Expect, expect};

use crate::support::{House, start};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form A }
  svc_phone: { kind: service, name: Phone check }
  buyer_premier: { kind: buyer, name: Premier Leads }
  buyer_shingle: { kind: buyer, name: Shingle Co }
flow:
  id: flow_roofs
  name: Roofs
  fields:
    first_name: first_name
    email: { type: email, required: true }
    phone_1: phone
    state: state
  reasons: { "acct closed": Account closed }
  price:
    table:
      - { amount: 8.00 }
      - { amount: 14.00, when: { field: lead.state, op: is equal to, value: TX } }
  sources:
    - { entity: src_web, key_required: false, map: [ { to: first_name, value: "{{fname}}" } ] }
  steps:
    - id: phone_check
      kind: enhancement
      entity: svc_phone
      integration: custom_query
      request: { url: "https://lookup.example.com/v1", parameters: { number: "{{lead.phone_1}}" } }
      response:
        outcome: { path: status, term: ok }
        reason: { path: error.message, default: Not found }
        values: { line_type: [ mobile, landline, voip ] }
      timeout: 5s
    - id: premier
      kind: recipient
      entity: buyer_premier
      when: { field: phone_check.line_type, op: is not equal to, value: landline }
      integration: custom_json
      request:
        url: https://crm.example.com/leads
        headers: { x-delivery: "{{delivery_id}}" }
        fields: { contact.mail: "{{lead.email}}", name: "{{lead.first_name}}" }
      response:
        outcome: { path: status, term: accepted }
        reason: { path: "errors.*.message" }
        price: { path: bid }
        reference: { path: id }
      price: { from: reply, floor: 5.00 }
      timeout: 10s
      retry: { attempts: 4, backoff: [ 10s, 1m, 5m ] }
      feedback: { returns: 7d, conversions: true }
    - id: shingle
      kind: recipient
      entity: buyer_shingle
      integration: custom_form
      request: { url: "https://buyer.example.com/post", fields: { email: "{{lead.email}}" } }
      price: { fixed: 25.00 }
      retry: { attempts: 2, backoff: [ 2s ] }
    - id: sold
      kind: filter
      require:
        any:
          - { field: premier.outcome, op: is equal to, value: success }
          - { field: shingle.outcome, op: is equal to, value: success }
      reason: No buyer
"#;

const ANN: [(&str, &str); 4] =
    [("fname", "ann"), ("email", "ann@example.com"), ("phone_1", "512-555-0143"), ("state", "TX")];

const PHONE_OK: &str = r#"svc_phone: 200 {"status":"ok","line_type":"mobile","carrier":"Example Mobile"}"#;

/// Submits one lead to parties that answer so, then runs every retry.
async fn check(script: &str, expected: Expect) {
    let house = House::new(FLOW, script).await;
    let submitted = house.submit(&ANN).await;
    house.retry_all().await;
    expected.assert_eq(&house.chain(submitted.lead_id));
    house.close();
}

#[tokio::test]
async fn a_lead_is_enriched_and_sold_to_two_buyers() {
    check(
        &format!(
            "{PHONE_OK}
             buyer_premier: 200 {{\"status\":\"Accepted\",\"bid\":\"12.50\",\"id\":\"p-1\"}}
             buyer_shingle: 200"
        ),
        expect![[r#"
            source.submitted
            source.accepted      price 14
            enhancement.success  phone_check http 200
            recipient.attempted  premier attempt 1
            recipient.delivered  premier attempt 1 price 12.5
            recipient.attempted  shingle attempt 1
            recipient.delivered  shingle attempt 1 price 25
            filter.passed        sold
            flow.completed       success, 4 steps, 2 sold, cost 14 revenue 37.5 margin 23.5
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_service_that_times_out_does_not_stop_the_flow() {
    check(
        "svc_phone: timeout
         buyer_premier: 200 {\"status\":\"rejected\",\"errors\":[{\"message\":\"Daily cap reached (100/100)\"}]}
         buyer_shingle: 200",
        expect![[r#"
            source.submitted
            source.accepted      price 14
            enhancement.error    phone_check timeout (timeout: Service timeout after 5000ms)
            recipient.attempted  premier attempt 1
            recipient.failed     premier attempt 1 (cap_reached: Daily cap reached (100/100))
            recipient.attempted  shingle attempt 1
            recipient.delivered  shingle attempt 1 price 25
            filter.passed        sold
            flow.completed       success, 4 steps, 1 sold, cost 14 revenue 25 margin 11
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_fault_is_retried_and_the_retry_sells() {
    check(
        &format!(
            "{PHONE_OK}
             buyer_premier: timeout | 503 | 200 {{\"status\":\"accepted\",\"bid\":12.5}}
             buyer_shingle: 200 no"
        ),
        expect![[r#"
            source.submitted
            source.accepted      price 14
            enhancement.success  phone_check http 200
            recipient.attempted  premier attempt 1
            recipient.error      premier attempt 1 timeout (timeout: Buyer timeout after 10000ms)
            retry.scheduled      premier attempt 2 in about 11 s
            recipient.attempted  shingle attempt 1
            recipient.delivered  shingle attempt 1 price 25
            filter.passed        sold
            flow.completed       success, 4 steps, 1 sold, cost 14 revenue 25 margin 11
            retry.attempted      premier attempt 2
            recipient.attempted  premier attempt 2
            recipient.error      premier attempt 2 status (status: Buyer error: HTTP 503)
            retry.scheduled      premier attempt 3 in about 63 s
            retry.attempted      premier attempt 3
            recipient.attempted  premier attempt 3
            recipient.delivered  premier attempt 3 price 12.5
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_decline_is_never_retried_and_a_fault_only_so_often() {
    check(
        &format!(
            "{PHONE_OK}
             buyer_premier: 200 {{\"status\":\"no\",\"errors\":[{{\"message\":\"Acct closed\"}}]}}
             buyer_shingle: reset | refused"
        ),
        expect![[r#"
            source.submitted
            source.accepted      price 14
            enhancement.success  phone_check http 200
            recipient.attempted  premier attempt 1
            recipient.failed     premier attempt 1 (declined: Account closed)
            recipient.attempted  shingle attempt 1
            recipient.error      shingle attempt 1 unknown (unknown: Buyer reply not complete: connection reset)
            retry.scheduled      shingle attempt 2 in about 2 s
            filter.failed        sold (criteria: No buyer)
            flow.completed       failure, 4 steps, 0 sold, cost 0 revenue 0 margin 0 (criteria: No buyer)
            retry.attempted      shingle attempt 2
            recipient.attempted  shingle attempt 2
            recipient.error      shingle attempt 2 connect (connection: Buyer not reachable: connection refused)
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_landline_skips_a_buyer_who_wants_none() {
    check(
        "svc_phone: 200 {\"status\":\"ok\",\"line_type\":\"landline\"}
         buyer_shingle: 200",
        expect![[r#"
            source.submitted
            source.accepted      price 14
            enhancement.success  phone_check http 200
            recipient.skipped    premier (criteria: Phone check line type must not be equal to landline)
            recipient.attempted  shingle attempt 1
            recipient.delivered  shingle attempt 1 price 25
            filter.passed        sold
            flow.completed       success, 3 steps, 1 sold, cost 14 revenue 25 margin 11
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_price_below_the_floor_is_flagged_and_a_loss_is_told() {
    check(
        &format!(
            "{PHONE_OK}\n buyer_premier: 200 {{\"status\":\"accepted\",\"bid\":4}}\n buyer_shingle: 503"
        ),
        expect![[r#"
            source.submitted
            source.accepted      price 14
            enhancement.success  phone_check http 200
            recipient.attempted  premier attempt 1
            recipient.delivered  premier attempt 1 price 4 below floor
            recipient.attempted  shingle attempt 1
            recipient.error      shingle attempt 1 status (status: Buyer error: HTTP 503)
            retry.scheduled      shingle attempt 2 in about 2 s
            filter.passed        sold
            flow.completed       success, 4 steps, 1 sold, cost 14 revenue 4 margin -10
            retry.attempted      shingle attempt 2
            recipient.attempted  shingle attempt 2
            recipient.error      shingle attempt 2 status (status: Buyer error: HTTP 503)
        "#]],
    )
    .await;
}

#[tokio::test]
async fn retry_after_is_honoured() {
    check(
        &format!("{PHONE_OK}\n buyer_premier: retry-after 120 503 | 200 {{\"status\":\"accepted\",\"bid\":9}}\n buyer_shingle: 200"),
        expect![[r#"
            source.submitted
            source.accepted      price 14
            enhancement.success  phone_check http 200
            recipient.attempted  premier attempt 1
            recipient.error      premier attempt 1 status (status: Buyer error: HTTP 503)
            retry.scheduled      premier attempt 2 in about 121 s
            recipient.attempted  shingle attempt 1
            recipient.delivered  shingle attempt 1 price 25
            filter.passed        sold
            flow.completed       success, 4 steps, 1 sold, cost 14 revenue 25 margin 11
            retry.attempted      premier attempt 2
            recipient.attempted  premier attempt 2
            recipient.delivered  premier attempt 2 price 9
        "#]],
    )
    .await;
}

#[tokio::test]
async fn who_is_paused_is_not_asked() {
    let house = House::new(FLOW, &format!("{PHONE_OK}\n buyer_shingle: 200")).await;
    for entity in ["svc_phone", "buyer_premier"] {
        house.control.pause_entity("system", &entity.parse().unwrap()).await.unwrap();
    }
    let submitted = house.submit(&ANN).await;
    expect![[r#"
        source.submitted
        source.accepted      price 14
        enhancement.skipped  phone_check (paused: Service is paused)
        recipient.skipped    premier (paused: Buyer is paused)
        recipient.attempted  shingle attempt 1
        recipient.delivered  shingle attempt 1 price 25
        filter.passed        sold
        flow.completed       success, 2 steps, 1 sold, cost 14 revenue 25 margin 11
    "#]]
    .assert_eq(&house.chain(submitted.lead_id));
    house.close();
}

#[tokio::test]
async fn what_is_sent_and_answered_is_kept_and_appended() {
    let house = House::new(
        FLOW,
        &format!("{PHONE_OK}\n buyer_premier: 200 {{\"status\":\"accepted\",\"bid\":\"12.50\",\"id\":\"p-1\"}}\n buyer_shingle: 200"),
    )
    .await;
    let submitted = house.submit(&ANN).await;
    let events = house.events(submitted.lead_id);
    let delivered =
        events.iter().find(|event| matches!(event.kind, EventKind::RecipientDelivered { .. })).unwrap();
    let values: Vec<String> = delivered
        .body
        .lead
        .iter()
        .filter(|(path, _)| path.as_str().starts_with("appended."))
        .map(|(path, value)| format!("{path} = {value:?}"))
        .collect();
    expect![[r#"
        appended.phone_check.carrier = Scalar(Text("Example Mobile"))
        appended.phone_check.line_type = Scalar(Text("mobile"))
        appended.phone_check.outcome = Scalar(Text("success"))
        appended.phone_check.reason = Scalar(Text("Not found"))
        appended.phone_check.status = Scalar(Text("ok"))
        appended.premier.bid = Scalar(Text("12.50"))
        appended.premier.id = Scalar(Text("p-1"))
        appended.premier.outcome = Scalar(Text("success"))
        appended.premier.price = Scalar(Number(12.5))
        appended.premier.reference = Scalar(Text("p-1"))
        appended.premier.status = Scalar(Text("accepted"))"#]]
    .assert_eq(&values.join("\n"));
    let exchange = &delivered.body.exchanges[0];
    let text =
        |bytes: &Option<std::sync::Arc<[u8]>>| String::from_utf8(bytes.as_deref().unwrap().to_vec()).unwrap();
    let EventKind::RecipientDelivered { retry, .. } = delivered.kind else { unreachable!() };
    let told = format!("{}\n--\n{}", text(&exchange.request), text(&exchange.response))
        .replace(&retry.delivery_id.to_string(), "evt_…")
        .replace("\r\n", "\n");
    expect![[r#"
        POST https://crm.example.com/leads HTTP/1.1
        Content-Type: application/json; charset=utf-8
        Accept: application/json;q=0.9,text/xml;q=0.8,application/xml;q=0.7,text/html;q=0.6,text/plain;q=0.5
        User-Agent: glassline/0.1.0
        Idempotency-Key: evt_…
        x-delivery: evt_…

        {"contact":{"mail":"ann@example.com"},"name":"ann"}
        --
        HTTP/1.1 200
        content-type: application/json

        {"status":"accepted","bid":"12.50","id":"p-1"}"#]]
    .assert_eq(&told);
    house.close();
}

#[tokio::test]
async fn every_attempt_of_a_delivery_sends_the_same_under_the_same_id() {
    let name = "name: \"{{lead.first_name}}\" }";
    let flow = FLOW.replace(name, r#"name: '{{now}} {{random}} {{math "rand()"}}' }"#);
    assert_ne!(flow, FLOW);
    let house = House::new(
        &flow,
        &format!("{PHONE_OK}\n buyer_premier: reset | timeout | 200 {{\"status\":\"accepted\",\"bid\":9}}\n buyer_shingle: 200"),
    )
    .await;
    let submitted = house.submit(&ANN).await;
    house.retry_all().await;
    let premier = "buyer_premier".parse().unwrap();
    let seen: Vec<_> = house
        .parties
        .seen()
        .into_iter()
        .filter(|(party, _)| *party == premier)
        .map(|(_, request)| request)
        .collect();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|request| *request == seen[0]), "{seen:#?}");
    let events = house.events(submitted.lead_id);
    let first =
        events.iter().find(|event| matches!(event.kind, EventKind::RecipientAttempted { .. })).unwrap();
    let key = seen[0].headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key")).unwrap();
    assert_eq!(key.1, first.head.id.to_string(), "the delivery id is the id of the first attempt");
    house.close();
}

#[tokio::test]
async fn the_same_submission_twice_is_one_lead_also_after_a_restart() {
    let script =
        format!("{PHONE_OK}\n buyer_premier: 200 {{\"status\":\"accepted\",\"bid\":9}}\n buyer_shingle: 200");
    let house = House::new(FLOW, &script).await;
    let (first, twin) = tokio::join!(
        house.engine.submit(house.keyed("k1", &ANN)),
        house.engine.submit(house.keyed("k1", &ANN))
    );
    let (first, twin) = (first.unwrap(), twin.unwrap());
    assert_eq!((first.replayed, twin.replayed), (false, true));
    assert_eq!((first.lead_id, &first.answer, &first.response), (twin.lead_id, &twin.answer, &twin.response));
    let other = house.engine.submit(house.keyed("k1", &ANN[..3])).await.unwrap_err();
    assert!(matches!(other, SubmitError::KeyReused), "{other}");
    let free = house.engine.submit(house.keyed("k2", &ANN[..3])).await.unwrap();
    assert!(!free.replayed);

    let house = House::open(house.close(), start(), &script);
    house.engine.resume().await.unwrap();
    let again = house.engine.submit(house.keyed("k1", &ANN)).await.unwrap();
    assert_eq!((again.lead_id, &again.response), (first.lead_id, &first.response));
    assert!(again.replayed);
    // A day later the key is free.
    house.advance(Duration::from_secs(24 * 3600 + 60));
    assert!(!house.engine.submit(house.keyed("k1", &ANN)).await.unwrap().replayed);
    house.close();
}

#[tokio::test]
async fn retries_that_wait_are_armed_again_after_a_restart() {
    let script = |premier: &str| format!("{PHONE_OK}\n buyer_premier: {premier}\n buyer_shingle: 200 no");
    let house = House::new(FLOW, &script("reset")).await;
    let lead_id = house.submit(&ANN).await.lead_id;
    assert!(house.engine.next_due().is_some());
    let house = House::open(house.close(), start(), &script("200 {\"status\":\"accepted\",\"bid\":9}"));
    assert_eq!(house.engine.resume().await.unwrap(), 0, "its first pass has ended");
    house.retry_all().await;
    let chain = house.chain(lead_id);
    let (_, told) = chain.split_once("flow.completed").unwrap();
    expect![[r#"
               success, 4 steps, 1 sold, cost 14 revenue 25 margin 11
        retry.attempted      premier attempt 2
        recipient.attempted  premier attempt 2
        recipient.delivered  premier attempt 2 price 9
    "#]]
    .assert_eq(told);
    house.close();
}

/// A retry was due and waited for its lead, which its buyer's report held. Meanwhile somebody set the clock
/// back, and the retry was recorded before the moment that its own event names. Found by the simulation,
/// seed 1333.
#[tokio::test]
async fn no_retry_begins_before_it_is_due_though_the_clock_is_set_back() {
    let script = format!(
        "{PHONE_OK}\nbuyer_premier: 503 | 200 {{\"status\":\"accepted\",\"bid\":9}}\nbuyer_shingle: 200"
    );
    let house = House::new(FLOW, &script).await;
    let lead_id = house.submit(&ANN).await.lead_id;
    let before = house.chain(lead_id);
    let due = house.engine.next_due().unwrap();
    house.clock.advance_to(due);
    let lease = house.leads.lease(lead_id).await.unwrap().unwrap();
    let engine = house.engine.clone();
    let mut retrying = Box::pin(async move { engine.run_due().await });
    let waits =
        std::future::poll_fn(|context| Poll::Ready(retrying.as_mut().poll(context).is_pending())).await;
    assert!(waits, "the retry waits for its lead");
    house.clock.set_back(Duration::from_secs(5));
    drop(lease);
    retrying.await;
    assert_eq!(house.chain(lead_id), before, "it is not due any more");
    assert_eq!(house.engine.next_due(), Some(due), "and not lost");
    house.retry_all().await;
    assert!(house.chain(lead_id).ends_with("recipient.delivered  premier attempt 2 price 9\n"));
    house.close();
}
