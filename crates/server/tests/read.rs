//! Events are read: lists, one event, masks and what lifts them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::http::StatusCode;
use expect_test::{Expect, expect};
use ledger::{Order, Window};
use readers::{EventQuery, Events, PAGE_BYTES_MAX};
use serde_json::Value;

use support::{Installation, steady, timeline};

const ANN: &str = r#"{"email":"ann.example@example.com","state":"TX","first_name":"Annabel","phone_1":"512-555-0143","note":"call after six","product":"roof"}"#;
const BOB: &str = r#"{"email":"bob@example.com","state":"NY"}"#;

async fn with_two_leads() -> (Installation, String, String) {
    let installation = Installation::new().await;
    let (ann, bob) = (installation.submit(ANN).await, installation.submit(BOB).await);
    (installation, ann, bob)
}

/// One member a line.
fn members(event: &Value) -> String {
    event.as_object().unwrap().iter().map(|(key, value)| steady(&format!("{key}: {value}\n"))).collect()
}

#[tokio::test]
async fn lists_are_newest_first_and_filtered() {
    let (installation, ann, _) = with_two_leads().await;
    let mut told = String::new();
    for query in [
        "/flows/flow_roofs/events",
        "/flows/flow_roofs/events?type=filter.*",
        "/flows/flow_roofs/events?type=filter.failed,source.submitted&sort=seq",
        "/events?outcome=failure",
        "/events?step_id=in_area&entity_id=src_web",
        "/events?source_id=src_open",
        "/events?start=2024-01-16",
        "/events?type=ledger.opened&end=-0s",
        &format!("/flows/flow_roofs/events?lead_id={ann}"),
    ] {
        let list = installation.get(query).await;
        told += &format!("{}\n{}\n", steady(query), timeline(&list));
    }
    expect![[r#"
        /flows/flow_roofs/events
        8 4 flow.completed step=- outcome=failure State not in our area
        7 3 filter.failed step=in_area outcome=failure State not in our area
        6 2 source.accepted step=- outcome=success -
        5 1 source.submitted step=- outcome=- -
        4 4 flow.completed step=- outcome=success -
        3 3 filter.passed step=in_area outcome=success -
        2 2 source.accepted step=- outcome=success -
        1 1 source.submitted step=- outcome=- -

        /flows/flow_roofs/events?type=filter.*
        7 3 filter.failed step=in_area outcome=failure State not in our area
        3 3 filter.passed step=in_area outcome=success -

        /flows/flow_roofs/events?type=filter.failed,source.submitted&sort=seq
        1 1 source.submitted step=- outcome=- -
        5 1 source.submitted step=- outcome=- -
        7 3 filter.failed step=in_area outcome=failure State not in our area

        /events?outcome=failure
        8 4 flow.completed step=- outcome=failure State not in our area
        7 3 filter.failed step=in_area outcome=failure State not in our area

        /events?step_id=in_area&entity_id=src_web

        /events?source_id=src_open

        /events?start=2024-01-16

        /events?type=ledger.opened&end=-0s
        0 null ledger.opened step=- outcome=- -

        /flows/flow_roofs/events?lead_id=lead_…
        4 4 flow.completed step=- outcome=success -
        3 3 filter.passed step=in_area outcome=success -
        2 2 source.accepted step=- outcome=success -
        1 1 source.submitted step=- outcome=- -

    "#]]
    .assert_eq(&told);
    installation.close().await;
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repeat() {
    let (installation, ..) = with_two_leads().await;
    for sort in ["seq", "-seq"] {
        let mut next = format!("/events?limit=2&sort={sort}");
        let mut seqs = Vec::new();
        loop {
            let list = installation.get(&next).await;
            seqs.extend(list["data"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()));
            match list["next"].as_str() {
                Some(more) => next = more.to_owned(),
                None => break,
            }
        }
        if sort == "-seq" {
            seqs.reverse();
        }
        assert_eq!(seqs, (0..9).collect::<Vec<_>>());
    }
    installation.close().await;
}

/// Follows `next` from the first address; gives the seqs of each page.
async fn pages(installation: &Installation, first: &str) -> Vec<Vec<u64>> {
    let mut pages = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(target) = next {
        let list = installation.get(&target).await;
        let seqs = list["data"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap());
        pages.push(seqs.collect());
        next = list["next"].as_str().map(str::to_owned);
    }
    pages
}

#[tokio::test]
async fn a_page_of_large_events_ends_before_its_limit() {
    let installation = Installation::new().await;
    let note = "x".repeat(900 * 1024);
    for _ in 0..10 {
        installation.submit(&format!(r#"{{"email":"ann@example.com","state":"TX","note":"{note}"}}"#)).await;
    }
    let target = "/events?type=source.submitted&limit=500&expand=exchange&sort";
    let up = pages(&installation, &format!("{target}=seq")).await;
    assert!(up.len() > 1 && up.iter().all(|page| !page.is_empty()), "{up:?}");
    let mut down = pages(&installation, &format!("{target}=-seq")).await.concat();
    down.reverse();
    assert_eq!((up.concat().len(), up.concat()), (10, down));
    installation.close().await;
}

#[tokio::test]
async fn a_page_has_an_event_however_small_its_bound() {
    let (installation, ann, _) = with_two_leads().await;
    let events = |bytes_max| Events::new(installation.services.leads.reader()).with_page_bytes_max(bytes_max);
    let mut query = EventQuery::timeline(ann.parse().unwrap());
    for (order, seqs) in [(Order::OldestFirst, [1, 2, 3, 4]), (Order::NewestFirst, [4, 3, 2, 1])] {
        query.window = Window { after: None, before: None, order, limit: 4 };
        for seq in seqs {
            let found = events(1).list(&query).unwrap();
            let next = found.next(order).map(|(_, next)| next);
            assert_eq!(next, Some(seq).filter(|seq| *seq != seqs[3]), "only the last page has no next");
            match order {
                Order::OldestFirst => query.window.after = next,
                Order::NewestFirst => query.window.before = next,
            }
        }
        assert_eq!(events(PAGE_BYTES_MAX).list(&query).unwrap().next(order), None);
    }
    installation.close().await;
}

/// One damaged slot of the vault once made every page with an event of that lead a 500.
#[tokio::test]
async fn an_event_whose_key_is_damaged_is_shown_without_its_lead() {
    let (installation, ann, bob) = with_two_leads().await;
    let whole = installation.get("/events").await;
    installation.damage_first_key();
    let list = installation.get("/events?expand=exchange").await;
    assert_eq!(timeline(&list), timeline(&whole), "headers are whole");
    for event in list["data"].as_array().unwrap() {
        let damaged = event["lead_id"] == *ann;
        assert_eq!(event.get("unreadable"), damaged.then_some(&Value::Bool(true)), "{event}");
        assert_eq!(event["lead"].is_object(), event["lead_id"] == *bob, "{event}");
        assert_eq!(event.get("erased"), None);
    }
    let one = installation.get(&format!("/events/{}", list["data"][4]["id"].as_str().unwrap())).await;
    assert_eq!((&one["lead_id"], &one["unreadable"]), (&ann.into(), &true.into()));
    let revealed = installation.get("/events?reveal=1").await;
    assert_eq!(timeline(&revealed), timeline(&whole));
    installation.close().await;
}

#[tokio::test]
async fn one_event_is_masked_unless_values_are_asked_for() {
    let (installation, ann, _) = with_two_leads().await;
    let list = installation.get(&format!("/leads/{ann}/events?type=source.accepted")).await;
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    let masked = installation.get(&format!("/events/{id}")).await;
    expect![[r#"
        dims: {"lead.product":"roof","lead.state":"TX"}
        duration_ms: 0
        entity_id: "src_web"
        flow_id: "flow_roofs"
        flow_version: 1
        id: "evt_…"
        lead: {"email":"a•••@example.com","email.domain":"example.com","email.host":"•••","email.is_disposable":false,"email.is_free":false,"email.tld":"•••","email.user":"•••","email.valid":true,"first_name":"A•••","id":"lead_…","phone_1":"(•••) •••-0143","phone_1.area":"•••","phone_1.country_calling_code":"•••","phone_1.country_code":"US","phone_1.exchange":"•••","phone_1.is_tollfree":false,"phone_1.line":"•••","phone_1.number":"•••","phone_1.valid":true,"product":"roof","product.valid":true,"source.name":"Web Form","state":"TX","state.name":"Texas","state.valid":true}
        lead_id: "lead_…"
        lead_seq: 2
        outcome: "success"
        price: 0
        reason: null
        reason_code: null
        request_id: "req_…"
        seq: 2
        source_id: "src_web"
        timestamp: "2024-01-15T14:30:00.011Z"
        total_ms: 1
        type: "source.accepted"
        wait_ms: 0
    "#]].assert_eq(&members(&masked));
    let nested = installation.get(&format!("/events/{id}?shape=nested&expand=exchange,rules")).await;
    expect![[r#"
        dims: {"lead.product":"roof","lead.state":"TX"}
        duration_ms: 0
        entity_id: "src_web"
        exchange: []
        flow_id: "flow_roofs"
        flow_version: 1
        id: "evt_…"
        lead: {"email":{"domain":"example.com","host":"•••","is_disposable":false,"is_free":false,"tld":"•••","user":"•••","valid":true,"value":"a•••@example.com"},"first_name":"A•••","id":"lead_…","phone_1":{"area":"•••","country_calling_code":"•••","country_code":"US","exchange":"•••","is_tollfree":false,"line":"•••","number":"•••","valid":true,"value":"(•••) •••-0143"},"product":{"valid":true,"value":"roof"},"source":{"name":"Web Form"},"state":{"name":"Texas","valid":true,"value":"TX"}}
        lead_id: "lead_…"
        lead_seq: 2
        outcome: "success"
        price: 0
        reason: null
        reason_code: null
        request_id: "req_…"
        rules: []
        seq: 2
        source_id: "src_web"
        timestamp: "2024-01-15T14:30:00.011Z"
        total_ms: 1
        type: "source.accepted"
        wait_ms: 0
    "#]].assert_eq(&members(&nested));
    let revealed = installation.get(&format!("/events/{id}?reveal=1&why=a+call")).await;
    expect![[r#"
        dims: {"lead.product":"roof","lead.state":"TX"}
        duration_ms: 0
        entity_id: "src_web"
        flow_id: "flow_roofs"
        flow_version: 1
        id: "evt_…"
        lead: {"email":"ann.example@example.com","email.domain":"example.com","email.host":"example","email.is_disposable":false,"email.is_free":false,"email.tld":"com","email.user":"ann.example","email.valid":true,"first_name":"Annabel","id":"lead_…","phone_1":"5125550143","phone_1.area":"512","phone_1.country_calling_code":1,"phone_1.country_code":"US","phone_1.exchange":"555","phone_1.is_tollfree":false,"phone_1.line":"0143","phone_1.number":"5550143","phone_1.valid":true,"product":"roof","product.valid":true,"source.name":"Web Form","state":"TX","state.name":"Texas","state.valid":true}
        lead_id: "lead_…"
        lead_seq: 2
        outcome: "success"
        price: 0
        reason: null
        reason_code: null
        request_id: "req_…"
        seq: 2
        source_id: "src_web"
        timestamp: "2024-01-15T14:30:00.011Z"
        total_ms: 1
        type: "source.accepted"
        wait_ms: 0
    "#]].assert_eq(&members(&revealed));
    installation.close().await;
}

#[tokio::test]
async fn who_sees_values_is_recorded_first() {
    let (installation, ann, bob) = with_two_leads().await;
    let reader = installation.key("read pii:read").await;
    let control = installation.services.control.ledger().reader();
    let before = control.next_seq();
    let reply = installation.get_as(&reader, "/flows/flow_roofs/events?reveal=1&why=complaint+17").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.text.contains("ann.example@example.com"));
    let record = control.record(before).unwrap().expect("one more record, durable before the reply");
    assert_eq!(control.next_seq(), before + 1, "one request is one record");
    let header: Value = serde_json::from_slice(&record.header).unwrap();
    assert_eq!((&header["type"], &header["leads"]), (&"pii.revealed".into(), &2.into()));
    let body = String::from_utf8(record.body.bytes().unwrap().to_vec()).unwrap();
    for wanted in [&*ann, &*bob, "complaint 17", "GET /flows/flow_roofs/events req_"] {
        assert!(body.contains(wanted), "{wanted} in {body}");
    }
    assert!(!body.contains("example.com"));
    installation.close().await;
}

#[tokio::test]
async fn without_the_right_nothing_is_shown_in_clear() {
    let (installation, ann, _) = with_two_leads().await;
    let reader = installation.key("read").await;
    let before = installation.services.control.ledger().reader().next_seq();
    for target in [format!("/leads/{ann}/events?reveal=1"), "/events?reveal=1".into()] {
        let reply = installation.get_as(&reader, &target).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert!(!reply.text.contains("example.com"));
    }
    let reply =
        installation.get_as(&reader, &format!("/leads/{ann}/events?expand=exchange,rules,reason_raw")).await;
    // Short digits alone would be found in a random id now and then.
    for value in
        ["ann.example", "Annabel", "512-555", "5125550143", "\"512\"", "\"555\"", "call after six", "TX\\\""]
    {
        assert!(!reply.text.contains(value), "{value} in {}", reply.text);
    }
    assert_eq!(installation.services.control.ledger().reader().next_seq(), before);
    installation.close().await;
}

/// Sends requests and shows what each is told.
async fn check(requests: &[&str], wanted: Expect) {
    let installation = Installation::new().await;
    let mut told = String::new();
    for request in requests {
        told +=
            &format!("{} -> {}\n\n", request.lines().next().unwrap(), installation.raw(request).await.told());
    }
    wanted.assert_eq(&told);
    installation.close().await;
}

#[tokio::test]
async fn errors_have_one_shape_and_say_how_to_mend_them() {
    check(
        &[
            "GET /nowhere",
            "DELETE /events",
            "GET /events?typ=filter.failed",
            "GET /events?colour=red",
            "GET /flows?x=1",
            "GET /events?type=filter.faled",
            "GET /events?limit=1001",
            "GET /events?start=",
            "GET /events?why=x",
            "GET /events/evt_1",
            "GET /events/evt_018d0d882d57aa10f3e7715b",
            "GET /events/evt_018d0d882d57aa10f3e7715b?shape=round",
            "GET /flows/flow_other/events",
            "GET /leads/lead_018d0d882d57aa10f3e7715b/events",
            "GET /events\nauthorization: Bearer gl_wrong",
            "GET /events\nauthorization: Basic eDpnbF93cm9uZw==",
            "POST /flows\n\nflow:\n  id: flow_x\n  name: X\n  feilds: {}",
            "POST /keys\n\n{\"scopes\":[\"everything\"]}",
            "POST /keys\n\n{\"scopes\":[]}",
            "POST /keys\n\n{\"scope\":\"read\"}",
            "DELETE /keys/key_none",
        ],
        expect![[r#"
            GET /nowhere -> 404 Not Found
            content-type: application/json
            {"error":{"code":"not_found","message":"there is no such address","field":null,"request_id":"req_…"}}

            DELETE /events -> 405 Method Not Allowed
            content-type: application/json
            allow: GET,HEAD
            {"error":{"code":"method_not_allowed","message":"this address does not take this method; the header Allow names those it takes","field":null,"request_id":"req_…"}}

            GET /events?typ=filter.failed -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"unknown_parameter","message":"there is no parameter \"typ\"; did you mean \"type\"?","field":"typ","request_id":"req_…"}}

            GET /events?colour=red -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"unknown_parameter","message":"there is no parameter \"colour\"; known are lead_id, type, outcome, flow_id, entity_id, source_id, step_id, integration, reason_code, min_ms, max_ms, min_price, max_price, test, start, end, after, before, limit, sort, dim.<path>, has.<field>, valid.<field>, shape, expand, reveal, why","field":"colour","request_id":"req_…"}}

            GET /flows?x=1 -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"unknown_parameter","message":"there is no parameter \"x\"; this address takes none","field":"x","request_id":"req_…"}}

            GET /events?type=filter.faled -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_parameter","message":"\"filter.faled\" is not a type of event; did you mean filter.failed?","field":"type","request_id":"req_…"}}

            GET /events?limit=1001 -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_parameter","message":"write a number from 1 to 1000","field":"limit","request_id":"req_…"}}

            GET /events?start= -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_parameter","message":"write a value, or leave the parameter out","field":"start","request_id":"req_…"}}

            GET /events?why=x -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_parameter","message":"a reason goes with reveal=1","field":"why","request_id":"req_…"}}

            GET /events/evt_1 -> 404 Not Found
            content-type: application/json
            {"error":{"code":"not_found","message":"there is no such event","field":null,"request_id":"req_…"}}

            GET /events/evt_018d0d882d57aa10f3e7715b -> 404 Not Found
            content-type: application/json
            {"error":{"code":"not_found","message":"there is no such event","field":null,"request_id":"req_…"}}

            GET /events/evt_018d0d882d57aa10f3e7715b?shape=round -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_parameter","message":"\"round\" is not a shape: flat, nested or none","field":"shape","request_id":"req_…"}}

            GET /flows/flow_other/events -> 404 Not Found
            content-type: application/json
            {"error":{"code":"not_found","message":"there is no such flow","field":null,"request_id":"req_…"}}

            GET /leads/lead_018d0d882d57aa10f3e7715b/events -> 404 Not Found
            content-type: application/json
            {"error":{"code":"not_found","message":"there is no such lead","field":null,"request_id":"req_…"}}

            GET /events -> 401 Unauthorized
            content-type: application/json
            www-authenticate: Bearer
            {"error":{"code":"unauthorized","message":"the key is not known, or was revoked","field":null,"request_id":"req_…"}}

            GET /events -> 401 Unauthorized
            content-type: application/json
            www-authenticate: Bearer
            {"error":{"code":"unauthorized","message":"the key is not known, or was revoked","field":null,"request_id":"req_…"}}

            POST /flows -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_flow","message":"line 4: the flow has no key \"feilds\"; did you mean \"fields\"?","field":null,"request_id":"req_…","problems":[{"line":4,"message":"the flow has no key \"feilds\"; did you mean \"fields\"?"}]}}

            POST /keys -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_body","message":"\"everything\" is not a scope; use submit:<source>, ping:<source>, feedback:<entity>, read, pii:read, export, flows:write, entities:write, privacy:erase, audit:read or admin","field":"scopes","request_id":"req_…"}}

            POST /keys -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_body","message":"a key has at least one scope","field":"scopes","request_id":"req_…"}}

            POST /keys -> 400 Bad Request
            content-type: application/json
            {"error":{"code":"invalid_body","message":"unknown field `scope`, expected `label` or `scopes` at line 1 column 8","field":null,"request_id":"req_…"}}

            DELETE /keys/key_none -> 404 Not Found
            content-type: application/json
            {"error":{"code":"not_found","message":"there is no such key","field":null,"request_id":"req_…"}}

        "#]],
    )
    .await;
}

#[tokio::test]
async fn health_is_open_to_everybody() {
    let installation = Installation::new().await;
    for target in ["/healthz", "/readyz"] {
        let request = axum::http::Request::get(target).body(axum::body::Body::empty()).unwrap();
        assert_eq!(installation.send(request).await.status, StatusCode::OK);
    }
    let request = axum::http::Request::get("/events").body(axum::body::Body::empty()).unwrap();
    assert_eq!(installation.send(request).await.status, StatusCode::UNAUTHORIZED);
    installation.close().await;
}
