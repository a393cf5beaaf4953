//! Deliveries that nobody tries any more, over the API: listed, counted, and sent again.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Installation, Reply};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier Leads }
  buyer_north: { kind: buyer, name: North }
  buyer_south: { kind: buyer, name: South }
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
      price: { fixed: 10 }
    - id: sell
      kind: distribute
      strategy: waterfall
      recipients:
        - id: north
          entity: buyer_north
          integration: custom_json
          request: { url: "https://north.example.com/leads", fields: { mail: "{{lead.email}}" } }
          price: { fixed: 10 }
        - id: south
          entity: buyer_south
          integration: custom_json
          request: { url: "https://south.example.com/leads", fields: { mail: "{{lead.email}}" } }
          response: { outcome: { path: status, term: ok } }
          price: { fixed: 10 }
"#;

/// Premier is down for three attempts, north always; south takes the first lead and refuses the others.
const SCRIPT: &str = r#"
    buyer_premier: 503 | timeout | 503 | 200
    buyer_north: 503
    buyer_south: 200 {"status":"ok"} | 200 {"status":"no"}
"#;

/// Three leads, oldest first.
async fn house() -> (Installation, [String; 3]) {
    let house = Installation::with(FLOW, SCRIPT).await;
    let mut leads = Vec::new();
    for name in ["ann", "bob", "cat"] {
        leads.push(house.submit(&format!("{{\"email\":\"{name}@example.com\"}}")).await);
    }
    (house, leads.try_into().unwrap())
}

async fn resend(house: &Installation, query: &str, body: &Value) -> Reply {
    house.raw(&format!("POST /dead-letters/resend{query}\ncontent-type: application/json\n\n{body}")).await
}

/// Each as lead, step and reason code; leads by their number.
fn rows(leads: &[String], page: &Value) -> Vec<String> {
    let row = |letter: &Value| {
        let lead = leads.iter().position(|lead| letter["lead_id"] == **lead).unwrap() + 1;
        format!("{lead} {} {}", letter["step_id"].as_str().unwrap(), letter["reason_code"].as_str().unwrap())
    };
    page["data"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn dead_letters_are_listed_by_filter_newest_first_and_by_page() {
    let (house, leads) = house().await;
    let list = async |query: &str| rows(&leads, &house.get(&format!("/dead-letters{query}")).await);
    // The group of the first lead has sold it, so north is no dead letter of it.
    let all =
        ["3 north status", "3 premier status", "2 north status", "2 premier timeout", "1 premier status"];
    assert_eq!(list("").await, all);
    assert_eq!(list("?sort=seq&limit=2").await, ["1 premier status", "2 premier timeout"]);
    assert_eq!(list("?step_id=premier&reason_code=-timeout").await, ["3 premier status", "1 premier status"]);
    assert_eq!(list("?entity_id=buyer_north,buyer_south").await, ["3 north status", "2 north status"]);
    assert_eq!(list("?flow_id=flow_other").await, [""; 0]);
    assert_eq!(list("?test=only").await, [""; 0]);
    assert_eq!(list("?end=2024-01-01").await, [""; 0]);
    assert_eq!(list("?start=2024-01-01&source_id=src_web").await, all);
    let (mut seen, mut next) = (Vec::new(), "/dead-letters?limit=2".to_owned());
    loop {
        let page = house.get(&next).await;
        seen.extend(rows(&leads, &page));
        match page["next"].as_str() {
            Some(address) => next = address.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, all);
    let reply = house.get_as(&house.admin, "/dead-letters?step_ids=premier").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.text.contains("did you mean \\\"step_id\\\"?"), "{}", reply.text);
    house.close().await;
}

#[tokio::test]
async fn a_dead_letter_tells_how_it_came_to_be_one() {
    let (house, leads) = house().await;
    let page = house.get("/dead-letters?step_id=premier&sort=seq").await;
    let letter = &page["data"][0];
    let events =
        house.get(&format!("/leads/{}/events?type=recipient.*&step_id=premier&shape=none", leads[0])).await;
    let [attempted, error] = events["data"].as_array().unwrap().as_slice() else { panic!("{events}") };
    for (member, wanted) in [
        ("event_id", &error["id"]),
        ("seq", &error["seq"]),
        ("timestamp", &error["timestamp"]),
        ("delivery_id", &attempted["id"]),
    ] {
        assert_eq!(&letter[member], wanted, "{member}");
    }
    for (member, wanted) in [
        ("type", json!("recipient.error")),
        ("flow_id", json!("flow_roofs")),
        ("source_id", json!("src_web")),
        ("entity_id", json!("buyer_premier")),
        ("attempts", json!(1)),
        ("response_code", json!(503)),
        ("error_kind", json!("status")),
        ("reason", json!("Buyer error: HTTP 503")),
        ("test", json!(false)),
    ] {
        assert_eq!(letter[member], wanted, "{member}");
    }
    // A complete 503 tells that the buyer does not have the lead, a time limit does not.
    let may_have = [0, 1, 2].map(|at| page["data"][at]["may_have_lead"] == true);
    assert_eq!(may_have, [false, true, false], "{page}");
    house.close().await;
}

#[tokio::test]
async fn one_is_sent_again_by_its_event_once() {
    let (house, leads) = house().await;
    let letter = house.get("/dead-letters?step_id=premier&reason_code=timeout").await["data"][0].clone();
    let body = json!({ "event_ids": [letter["event_id"], letter["delivery_id"]] });
    let dry = resend(&house, "?dry_run=1", &body).await;
    assert_eq!(dry.json(), json!({ "count": 1, "resent": 0, "not_resent": [] }));
    assert_eq!(house.services.engine.retries_waiting(), 0);
    let reply = resend(&house, "", &body).await;
    assert_eq!((reply.status, &reply.json()["resent"]), (StatusCode::OK, &json!(1)));
    // It waits, so it is none any more, and is not sent twice.
    let again = resend(&house, "", &body).await.json();
    assert_eq!((&again["count"], &again["resent"]), (&json!(0), &json!(0)));
    assert_eq!(again["not_resent"][0]["reason_code"], "not_a_dead_letter");
    assert_eq!(house.services.engine.run_due().await, 1);
    let by_place = json!({ "letters": [{ "lead_id": leads[0], "step_id": "premier" }] });
    assert_eq!(resend(&house, "", &by_place).await.json()["resent"], 1);
    house.services.engine.run_due().await;
    let last = house.get(&format!("/leads/{}/events?sort=-seq&limit=4&shape=none", leads[0])).await;
    let types: Vec<&str> =
        last["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["recipient.delivered", "recipient.attempted", "retry.attempted", "retry.scheduled"]);
    let scheduled = &last["data"][3];
    assert_eq!((&scheduled["reason_code"], &scheduled["attempt"]), (&json!("resent"), &json!(2)));
    assert_eq!(last["data"][0]["delivery_id"], scheduled["delivery_id"]);
    house.close().await;
}

#[tokio::test]
async fn a_filter_sends_as_many_as_were_counted_or_none() {
    let (house, _) = house().await;
    let filter = json!({ "entity_id": ["buyer_premier", "buyer_north"], "start": "2024-01-01" });
    let dry = resend(&house, "?dry_run=1", &json!({ "filter": filter })).await;
    assert_eq!((dry.status, &dry.json()["count"]), (StatusCode::OK, &json!(5)));
    let missing = resend(&house, "", &json!({ "filter": filter })).await;
    assert_eq!(
        (missing.status, &missing.json()["error"]["code"]),
        (StatusCode::BAD_REQUEST, &json!("count_missing"))
    );
    let other = resend(&house, "", &json!({ "filter": filter, "count": 4 })).await;
    assert_eq!(
        (other.status, &other.json()["error"]["code"]),
        (StatusCode::CONFLICT, &json!("count_differs"))
    );
    assert!(other.text.contains("takes 5 dead letters"), "{}", other.text);
    assert_eq!(house.services.engine.retries_waiting(), 0);

    house.raw("POST /entities/buyer_north/pause\n\n").await;
    let sent = resend(&house, "", &json!({ "filter": filter, "count": 5 })).await.json();
    assert_eq!((&sent["count"], &sent["resent"]), (&json!(5), &json!(3)));
    let why: Vec<&Value> =
        sent["not_resent"].as_array().unwrap().iter().map(|own| &own["reason_code"]).collect();
    assert_eq!(why, ["paused", "paused"]);
    assert_eq!(house.services.engine.run_due().await, 3);
    // Premier answered the second of three, and all others that came after it.
    let left = resend(&house, "?dry_run=1", &json!({ "filter": {} })).await.json();
    assert_eq!(left["count"], 2);
    house.close().await;
}

#[tokio::test]
async fn who_sends_again_needs_the_right_and_is_on_record_before() {
    let (house, _) = house().await;
    let reader = house.key("read").await;
    assert_eq!(house.get_as(&reader, "/dead-letters").await.status, StatusCode::OK);
    let writer = house.key("entities:write").await;
    assert_eq!(house.get_as(&writer, "/dead-letters").await.status, StatusCode::FORBIDDEN);
    let body = json!({ "filter": { "step_id": "premier" }, "count": 3 });
    let send = async |key: &str| {
        house
            .raw(&format!(
                "POST /dead-letters/resend\nauthorization: Bearer {key}\ncontent-type: application/json\n\n{body}"
            ))
            .await
    };
    assert_eq!(send(&reader).await.status, StatusCode::FORBIDDEN);
    let control = house.services.control.ledger().reader();
    let before = control.next_seq();
    assert_eq!(send(&writer).await.json()["resent"], 3);
    assert_eq!(control.next_seq(), before + 1);
    let record = control.record(before).unwrap().unwrap();
    let header: Value = serde_json::from_slice(&record.header).unwrap();
    assert_eq!((&header["type"], &header["deliveries"]), (&json!("dead_letters.resent"), &json!(3)));
    let text = String::from_utf8(record.body.bytes().unwrap().to_vec()).unwrap();
    assert!(text.contains("POST /dead-letters/resend req_"), "{text}");
    house.close().await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_told() {
    let (house, leads) = house().await;
    let unknown = "evt_018d0d882e837c2e9a41d06f";
    let submitted = house.get(&format!("/leads/{}/events?type=source.submitted&shape=none", leads[0])).await;
    for (body, status, wanted) in [
        (json!({}), 400, "one of event_ids, letters and filter"),
        (json!({ "event_ids": [] }), 400, "at least one"),
        (json!({ "event_ids": ["x"] }), 400, "not an id"),
        (json!({ "event_ids": [unknown] }), 404, unknown),
        (json!({ "event_ids": [submitted["data"][0]["id"]] }), 404, "event of a step"),
        (json!({ "letters": [{ "lead_id": leads[0] }] }), 400, "step_id"),
        (json!({ "filter": { "step": "premier" }, "count": 1 }), 400, "a filter has no"),
        (json!({ "filter": { "start": 5 }, "count": 1 }), 400, "write text"),
        (json!({ "filter": { "start": "soon" }, "count": 1 }), 400, "not a moment"),
        (json!({ "filter": {}, "event_ids": [unknown] }), 400, "one of event_ids, letters and filter"),
    ] {
        let reply = resend(&house, "", &body).await;
        assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text);
        assert!(reply.text.contains(wanted), "{body}: {}", reply.text);
    }
    assert_eq!(
        resend(&house, "?dry_run=yes", &json!({ "filter": {} })).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(house.services.engine.retries_waiting(), 0);
    house.close().await;
}
