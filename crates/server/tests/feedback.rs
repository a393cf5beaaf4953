//! What comes back of leads over the API: reports that come again or wait for a decision, files of many, and consent
//! that is withdrawn.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::support::{Installation, Reply, steady};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier Leads }
  buyer_shingle: { kind: buyer, name: Shingle Co }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: { type: email, required: true }, state: state }
  price: { fixed: 14.00 }
  feedback: { returns: 7d, conversions: true }
  sources: [ { entity: src_web } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
      response: { outcome: { path: status, term: accepted } }
      price: { fixed: 25.00 }
      feedback: { FEEDBACK }
      on_revoked:
        integration: custom_json
        request: { url: "https://crm.example.com/revoked", fields: { id: "{{delivery_id}}" } }
    - id: shingle
      kind: recipient
      entity: buyer_shingle
      when: { field: lead.state, op: is equal to, value: OK }
      integration: custom_form
      request: { url: "https://buyer.example.com/post", fields: { mail: "{{lead.email}}" } }
      price: { fixed: 5.00 }
"#;

const SELLS: &str = "buyer_premier: 200 {\"status\":\"accepted\"}\n buyer_shingle: 200";

async fn house(feedback: &str) -> Installation {
    Installation::with(&FLOW.replace("FEEDBACK", feedback), SELLS).await
}

async fn post(house: &Installation, key: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = Request::post(target).header("authorization", format!("Bearer {key}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    house.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

const JSON: (&str, &str) = ("content-type", "application/json");

async fn report(house: &Installation, lead_id: &str, body: &str) -> Reply {
    let target = format!("/feedback?lead_id={lead_id}&entity_id=buyer_premier");
    post(house, &house.admin, &target, &[JSON], body).await
}

/// Submits a lead; gives its id.
async fn submit(house: &Installation, name: &str) -> String {
    house.submit(&format!(r#"{{"email":"{name}@example.com","state":"TX"}}"#)).await
}

#[tokio::test]
async fn a_report_that_comes_again_is_answered_as_before() {
    let house = house("").await;
    let lead_id = submit(&house, "ann").await;
    let first = report(&house, &lead_id, r#"{"type":"conversion","value":"sold"}"#).await;
    let again = report(&house, &lead_id, r#"{"value":"sold","type":"conversion"}"#).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));

    let target = format!("/feedback?lead_id={lead_id}&entity_id=buyer_premier");
    let keyed = |key: &'static str| [JSON, ("idempotency-key", key)];
    let body = r#"{"type":"conversion","value":"sold"}"#;
    let own = post(&house, &house.admin, &target, &keyed("k1"), body).await;
    assert_ne!(own.text, first.text, "a key of its own makes it another report");
    let other = post(&house, &house.admin, &target, &keyed("k1"), r#"{"type":"conversion"}"#).await;
    assert_eq!((other.status, &other.json()["error"]["code"]), (StatusCode::CONFLICT, &json!("conflict")));
    let long = "k".repeat(256);
    for key in ["", long.as_str(), "return 17"] {
        let reply = post(&house, &house.admin, &target, &[JSON, ("idempotency-key", key)], body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
    }
    house.close().await;
}

/// The answer was JSON whatever the buyer accepted.
#[tokio::test]
async fn a_buyer_is_answered_in_the_form_that_it_accepts() {
    let house = house("").await;
    let lead_id = submit(&house, "ann").await;
    let target = format!("/feedback?lead_id={lead_id}&entity_id=buyer_premier");
    let xml = "<report><type>conversion</type><value>sold</value></report>";
    let report = async |accept: &str| {
        let headers = [("content-type", "text/xml"), ("accept", accept)];
        post(&house, &house.admin, &target, &headers, xml).await
    };
    let refused = report("image/png").await;
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (StatusCode::NOT_ACCEPTABLE, &json!("not_acceptable"))
    );
    let told = report("*/*").await;
    assert_eq!((told.status, told.header("content-type")), (StatusCode::CREATED, "application/json"));
    assert_eq!(told.header("idempotent-replayed"), "", "what was refused was not recorded");
    let id = told.json()["feedback_id"].as_str().unwrap().to_owned();
    for accept in ["application/xml", "text/xml;q=0.9, application/json;q=0.1"] {
        let told = report(accept).await;
        assert!(accept.starts_with(told.header("content-type")), "{}", told.header("content-type"));
        assert_eq!(
            told.text,
            format!(
                "<?xml version=\"1.0\"?>\n<result>\n  <outcome>success</outcome>\n  <status>accepted</status>\n  \
                 <feedback_id>{id}</feedback_id>\n  <lead>\n    <id>{lead_id}</id>\n  </lead>\n</result>"
            )
        );
    }
    let told = report("text/plain").await;
    assert_eq!(told.header("content-type"), "text/plain");
    assert_eq!(
        told.text,
        format!("outcome: success\nstatus: accepted\nfeedback_id: {id}\nlead_id: {lead_id}\n")
    );
    house.close().await;
}

#[tokio::test]
async fn reports_wait_until_somebody_decides() {
    let house = house("approve: manual").await;
    let (ann, bo) = (submit(&house, "ann").await, submit(&house, "bo").await);
    let answer = report(&house, &ann, r#"{"type":"return","reason":"Wrong number"}"#).await.json();
    assert_eq!((&answer["outcome"], &answer["status"]), (&Value::Null, &json!("pending")));
    let first = answer["feedback_id"].as_str().unwrap().to_owned();
    let answer = report(&house, &bo, r#"{"type":"conversion","value":"sold"}"#).await.json();
    let second = answer["feedback_id"].as_str().unwrap().to_owned();

    let reader = house.key("read").await;
    let page = house.get_as(&reader, "/feedback?limit=1").await.json();
    let own = &page["data"][0];
    assert_eq!((&own["feedback_id"], &own["lead_id"]), (&json!(first), &json!(ann)));
    assert_eq!(
        (&own["type"], &own["reason"], &own["value"]),
        (&json!("return"), &json!("Wrong number"), &Value::Null)
    );
    let next = house.get(page["next"].as_str().unwrap()).await;
    assert_eq!((&next["data"][0]["feedback_id"], &next["next"]), (&json!(second), &Value::Null));
    let conversions = house.get("/feedback?type=conversion&entity_id=buyer_premier&flow_id=flow_roofs").await;
    assert_eq!(conversions["data"].as_array().unwrap().len(), 1);
    assert_eq!(house.get("/feedback?entity_id=buyer_shingle").await["data"], json!([]));

    let approve = format!("/feedback/{first}/approve");
    assert_eq!(post(&house, &reader, &approve, &[], "").await.status, StatusCode::FORBIDDEN);
    let clerk = house.key("entities:write").await;
    let reply = post(&house, &clerk, &approve, &[], "").await;
    assert_eq!((reply.status, &reply.json()["status"]), (StatusCode::OK, &json!("accepted")));
    assert_eq!(post(&house, &clerk, &approve, &[], "").await.text, reply.text, "once more changes nothing");
    let declined = format!("/feedback/{first}/decline");
    let reply = post(&house, &clerk, &declined, &[], "").await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (StatusCode::CONFLICT, &json!("decided")));
    let reply =
        post(&house, &clerk, &format!("/feedback/{second}/decline"), &[JSON], r#"{"reason":"Not sold"}"#)
            .await;
    assert_eq!(reply.json()["reason_code"], "feedback_declined");
    assert_eq!(house.get("/feedback").await["data"], json!([]));
    let lead = house.get(&format!("/leads/{ann}")).await;
    assert_eq!((&lead["state"], &lead["revenue"], &lead["cost"]), (&json!("returned"), &json!(0), &json!(0)));
    let events = house
        .get(&format!("/leads/{ann}/events?type=feedback.processed&expand=exchange&reveal=1&why=x"))
        .await;
    let request = events["data"][0]["exchange"][0]["request"].as_str().unwrap();
    assert!(
        request.starts_with(&format!("POST {approve} HTTP/1.1\r\n"))
            && request.contains("glassline-key: key_")
    );

    for (target, body, status) in [
        ("/feedback/x/approve".to_owned(), "", 404),
        ("/feedback/evt_018d0d882e839a41d06f0001/approve".to_owned(), "", 404),
        (declined.clone(), "nonsense", 400),
        (declined.clone(), r#"{"why":"x"}"#, 400),
        (format!("{declined}?x=1"), "", 400),
    ] {
        let reply = post(&house, &clerk, &target, &[JSON], body).await;
        assert_eq!(reply.status.as_u16(), status, "{target} {body}: {}", reply.text);
    }
    for target in
        ["/feedback?limit=0", "/feedback?type=refund", "/feedback?entity_id=premier", "/feedback?buyer=x"]
    {
        assert_eq!(house.get_as(&reader, target).await.status, StatusCode::BAD_REQUEST, "{target}");
    }
    house.close().await;
}

/// Sends a file; gives the answers without what is drawn at random.
async fn import(house: &Installation, key: &str, target: &str, file: &str) -> String {
    let reply = post(house, key, target, &[("content-type", "text/csv; charset=utf-8")], file).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (StatusCode::OK, "application/x-ndjson"),
        "{}",
        reply.text
    );
    let lines = reply.text.lines().map(|line| {
        let mut answer: Value = serde_json::from_str(line).unwrap();
        for needless in ["lead", "feedback_id", "reason_code", "outcome"] {
            answer.as_object_mut().unwrap().remove(needless);
        }
        if let Some(error) = answer.get_mut("error").and_then(Value::as_object_mut) {
            error.remove("request_id");
        }
        format!("{answer}\n")
    });
    steady(&lines.collect::<String>())
}

#[tokio::test]
async fn a_file_of_reports_is_answered_line_by_line_and_changes_nothing_when_it_comes_again() {
    let house = house("reasons: [ Wrong number ]").await;
    let (ann, bo) = (submit(&house, "ann").await, submit(&house, "bo").await);
    let file = format!(
        "\u{feff}lead_id,entity_id,type,reason,value\r\n{ann},buyer_premier,conversion,,sold\r\n{ann},buyer_premier,return,Wrong number,\r\n\
         {bo},buyer_premier,return,\"Rude, and\nloud\",\r\n\r\n{bo},buyer_premier,refund,,\r\n{bo},buyer_shingle,return,,\r\n{bo},,return,,\r\n\
         lead_018d0d882e839a41d06f0001,buyer_premier,return,,\r\ntoo,few\r\n{bo},buyer_premier,conversion,,sold"
    );
    let told = import(&house, &house.admin, "/feedback", &file).await;
    expect![[r#"
        {"line":2,"reason":null,"repeated":false,"status":"accepted"}
        {"line":3,"reason":null,"repeated":false,"status":"accepted"}
        {"line":4,"reason":"A return needs one of the reasons Wrong number","repeated":false,"status":"declined"}
        {"error":{"code":"invalid_body","field":"type","message":"write return or conversion, or, where nobody knows how a delivery ended, sold or not_sold"},"line":7}
        {"error":{"code":"not_delivered","field":null,"message":"the lead was not delivered to this buyer"},"line":8}
        {"error":{"code":"invalid_parameter","field":"event_id","message":"name the sale in the line: event_id=evt_…, or lead_id=lead_… and entity_id=buyer_…"},"line":9}
        {"error":{"code":"not_found","field":null,"message":"there is no such sale"},"line":10}
        {"error":{"code":"invalid_body","field":null,"message":"the line has 2 fields, and there are 5 columns"},"line":11}
        {"line":12,"reason":null,"repeated":false,"status":"accepted"}
        {"accepted":3,"declined":1,"lines":9,"pending":0,"refused":5,"repeated":0}
    "#]].assert_eq(&told);
    let events = house.get("/events?limit=1").await["complete_to_seq"].clone();
    let again = import(&house, &house.admin, "/feedback", &file).await;
    assert!(again.contains(r#""repeated":4"#), "{again}");
    assert_eq!(house.get("/events?limit=1").await["complete_to_seq"], events, "nothing was recorded");
    house.close().await;
}

#[tokio::test]
async fn what_all_lines_share_stands_in_the_query_and_rights_are_those_of_each_line() {
    let house = house("").await;
    let lead_id = house.submit(r#"{"email":"ann@example.com","state":"OK"}"#).await;
    let events = house.get(&format!("/leads/{lead_id}/events?type=recipient.delivered")).await;
    let ids: Vec<&str> =
        events["data"].as_array().unwrap().iter().map(|own| own["id"].as_str().unwrap()).collect();
    let premier = house.key("feedback:buyer_premier").await;
    let file = format!("event_id\n{}\n{}\n", ids[0], ids[1]);
    let told = import(&house, &premier, "/feedback?type=conversion", &file).await;
    expect![[r#"
        {"line":2,"reason":null,"repeated":false,"status":"accepted"}
        {"error":{"code":"forbidden","field":null,"message":"this key lacks the scope feedback:buyer_shingle"},"line":3}
        {"accepted":1,"declined":0,"lines":2,"pending":0,"refused":1,"repeated":0}
    "#]].assert_eq(&told);

    let kind = [("content-type", "text/csv")];
    for (target, file, wanted) in [
        ("/feedback", "", "the first line has the names of the columns"),
        ("/feedback", "\n\n", "the first line has the names of the columns"),
        ("/feedback", "event,type\n", "did you mean event_id?"),
        ("/feedback", "event_id,event_id\n", "event_id stands twice"),
        ("/feedback?type=return", "event_id,type\n", "type stands twice"),
        ("/feedback?reason=x", "event_id,type\n", "there is no parameter"),
    ] {
        let reply = post(&house, &premier, target, &kind, file).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{target} {file:?}: {}", reply.text);
        assert!(reply.text.contains(wanted), "{target} {file:?}: {}", reply.text);
    }
    house.close().await;
}

/// A file whose connection breaks may end within a line; what is there of that is not taken for all of it.
#[tokio::test]
async fn the_last_line_of_a_file_that_breaks_off_is_not_applied() {
    let house = house("").await;
    let (ann, bo) = (submit(&house, "ann").await, submit(&house, "bo").await);
    let text = format!("lead_id,entity_id,type\n{ann},buyer_premier,return\n{bo},buyer_premier,return");
    let pieces = [Ok(Bytes::from(text)), Err(std::io::Error::other("the connection broke"))];
    let request = Request::post("/feedback")
        .header("authorization", format!("Bearer {}", house.admin))
        .header("content-type", "text/csv");
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let reply = house.send(request.body(body).unwrap()).await;
    let last: Value = serde_json::from_str(reply.text.lines().last().unwrap()).unwrap();
    assert_eq!((&last["accepted"], &last["lines"]), (&json!(1), &json!(1)), "{}", reply.text);
    assert_eq!(last["error"]["code"], "invalid_body");
    assert_eq!(house.get(&format!("/leads/{bo}")).await["state"], "sold");
    house.close().await;
}

/// Two lines on one lead are taken in their order, however many others are under way.
#[tokio::test]
async fn many_lines_are_taken_in_their_order() {
    let house = house("").await;
    let mut file = "lead_id,entity_id,type,value\n".to_owned();
    for number in 0..100 {
        let lead_id = submit(&house, &format!("ann{number}")).await;
        file += &format!("{lead_id},buyer_premier,return,\n{lead_id},buyer_premier,conversion,sold\n");
    }
    let told = import(&house, &house.admin, "/feedback", &file).await;
    let answers: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [lines @ .., sums] = &answers[..] else { panic!("no answers") };
    assert_eq!((&sums["accepted"], &sums["declined"], lines.len()), (&json!(100), &json!(100), 200));
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["line"], json!(at + 2));
        assert_eq!(line["status"], if at % 2 == 0 { "accepted" } else { "declined" });
    }
    house.close().await;
}

async fn revoke(house: &Installation, key: &str, lead_id: &str, body: &str, expected: Expect) {
    let reply = post(house, key, &format!("/leads/{lead_id}/revoke-consent"), &[JSON], body).await;
    expected.assert_eq(&reply.told());
}

#[tokio::test]
async fn consent_is_withdrawn_once_and_by_whom_may() {
    let house = house("").await;
    let lead_id = house.submit(r#"{"email":"ann@example.com","state":"OK"}"#).await;
    let reader = house.key("read").await;
    let officer = house.key("privacy:erase").await;
    revoke(&house, &reader, &lead_id, "", expect![[r#"
        403 Forbidden
        content-type: application/json
        {"error":{"code":"forbidden","message":"this key lacks the scope privacy:erase","field":null,"request_id":"req_…"}}"#]]).await;
    revoke(&house, &officer, &lead_id, r#"{"reason":"Wrote to us"}"#, expect![[r#"
        200 OK
        content-type: application/json
        {"event_id":"evt_…","lead_id":"lead_…","repeated":false,"buyers":[{"entity_id":"buyer_premier","step_id":"premier","delivery_id":"evt_…","told_by":"flow"},{"entity_id":"buyer_shingle","step_id":"shingle","delivery_id":"evt_…","told_by":"nobody"}]}"#]]).await;
    revoke(&house, &officer, &lead_id, "", expect![[r#"
        200 OK
        content-type: application/json
        {"event_id":"evt_…","lead_id":"lead_…","repeated":true,"buyers":[{"entity_id":"buyer_premier","step_id":"premier","delivery_id":"evt_…","told_by":"flow"},{"entity_id":"buyer_shingle","step_id":"shingle","delivery_id":"evt_…","told_by":"nobody"}]}"#]]).await;
    revoke(&house, &officer, "lead_018d0d882e839a41d06f0001", "", expect![[r#"
        404 Not Found
        content-type: application/json
        {"error":{"code":"not_found","message":"there is no such lead","field":null,"request_id":"req_…"}}"#]]).await;
    revoke(&house, &officer, &lead_id, r#"{"why":"x"}"#, expect![[r#"
        400 Bad Request
        content-type: application/json
        {"error":{"code":"invalid_body","message":"unknown field `why`, expected `reason` at line 1 column 6","field":null,"request_id":"req_…"}}"#]]).await;
    assert_eq!(house.get(&format!("/leads/{lead_id}")).await["consent_revoked"], true);
    house.services.engine.run_due().await;
    let events = house.get(&format!("/leads/{lead_id}/events?type=consent.*")).await;
    let told: Vec<String> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| format!("{} {} {} {}", own["type"], own["entity_id"], own["outcome"], own["reason_code"]))
        .collect();
    assert_eq!(
        told,
        [
            r#""consent.revoked" null null null"#,
            r#""consent.sent" "buyer_premier" "success" null"#,
            r#""consent.sent" "buyer_shingle" "skip" "no_notice""#,
        ]
    );
    house.close().await;
}
