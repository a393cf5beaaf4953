//! What leads came to, as a list and one by one.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::http::StatusCode;
use domain::{
    Answer, Asked, Call, Completion, EntityId, Event, EventBody, EventHead, EventId, EventKind, Fault,
    FaultKind, Feedback, FeedbackKind, FlowVersion, Lead, LeadId, LeadIdKind, Marks, Money, Outcome, Price,
    Reason, ReasonCode, Retry, Reversal, Timestamp, Timing, Value as LeadValue,
};
use expect_test::expect;
use serde_json::Value;

use support::{Installation, steady};

const ANN: &str = r#"{"email":"ann.example@example.com","state":"TX","first_name":"Annabel"}"#;

fn at() -> Timestamp {
    "2024-01-15T14:00:00Z".parse().unwrap()
}

fn event_id(lead: u8, number: u8) -> EventId {
    EventId::new(at(), [0, 0, 0, 0, lead, number])
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// One event of a script: what happened, and words that depend on it.
fn kind(lead: u8, words: &str) -> EventKind {
    let words: Vec<&str> = words.split_whitespace().collect();
    let word = |at: usize| words.get(at).copied().unwrap_or("0");
    let buyer = || format!("buyer_{}", word(1)).parse::<EntityId>().unwrap();
    let call = || Call {
        step_id: word(1).parse().unwrap(),
        entity_id: buyer(),
        integration: "custom_json".into(),
        response_code: Some(200),
    };
    let retry = Retry { attempt: 1, delivery_id: event_id(lead, 200) };
    let reason = |text: &str| Reason::new(ReasonCode::Declined, text);
    let outcome = || word(1).parse::<Outcome>().unwrap();
    let feedback = |kind| Feedback {
        entity_id: buyer(),
        recipient_event_id: retry.delivery_id,
        kind,
        value: None,
        days_to_convert: None,
        reason: None,
        feedback_id: None,
    };
    match word(0) {
        "submitted" => EventKind::SourceSubmitted,
        "accepted" => EventKind::SourceAccepted { price: Some(money("3")), caps: vec![] },
        "answered" => EventKind::SourceAnswered {
            answer: Answer { outcome: outcome(), reason: None, price: money(word(2)) },
        },
        "attempted" => EventKind::RecipientAttempted { call: call(), retry, caps: vec![] },
        "delivered" => EventKind::RecipientDelivered {
            call: call(),
            retry,
            price: Price { amount: money(word(2)), below_floor: false, copy: false },
        },
        "declined" => EventKind::RecipientFailed {
            asked: Asked::Yes { call: call(), retry },
            reason: reason("Not interested"),
        },
        "error" => EventKind::RecipientError {
            call: call(),
            retry,
            fault: Fault { kind: FaultKind::Timeout, reason: reason("No answer within 5000ms") },
        },
        "returned" => EventKind::FeedbackProcessed {
            feedback: feedback(FeedbackKind::Return),
            result: Ok(Reversal { revenue: money(word(2)), cost: Money::ZERO }),
            relay_due: None,
        },
        "converted" => EventKind::FeedbackProcessed {
            feedback: feedback(FeedbackKind::Conversion),
            result: Ok(Reversal::default()),
            relay_due: None,
        },
        "completed" => EventKind::FlowCompleted(Completion {
            final_outcome: outcome(),
            reason: (outcome() != Outcome::Success).then(|| reason("No buyer took the lead")),
            steps_run: 1,
            deliveries: 1,
            cost: money(word(2)),
            revenue: Money::ZERO,
        }),
        other => panic!("{other} is no event of a script"),
    }
}

/// Records the events of one lead, as an engine would.
async fn record(installation: &Installation, lead: u8, script: &str, test: bool) -> LeadId {
    let lead_id = LeadId::new(LeadIdKind::Lead, at(), [0, 0, 0, 0, 0, lead]);
    let mut lease = installation.services.leads.create(lead_id).unwrap();
    for (number, words) in (1..).zip(script.split(';')) {
        let mut fields = Lead::new();
        fields.set("email".parse().unwrap(), LeadValue::text("ann.example@example.com"));
        let event = Event {
            head: EventHead {
                id: event_id(lead, number),
                at: at().plus_millis(i64::from(lead) * 1000 + i64::from(number)),
                lead_id,
                flow_id: "flow_roofs".parse().unwrap(),
                flow_version: FlowVersion(1),
                source_id: "src_web".parse().unwrap(),
                timing: Timing { total_ms: u64::from(number), ..Timing::default() },
                dims: Vec::new(),
                fields: domain::FieldStates::default(),
                marks: Marks { test, ..Marks::default() },
            },
            kind: kind(lead, words),
            body: EventBody { lead: fields, ..EventBody::default() },
        };
        lease.record(&[&event]).await.unwrap().durable().await.unwrap();
    }
    lead_id
}

/// Eight leads, one of each fate.
async fn with_leads() -> Installation {
    let installation = Installation::new().await;
    let sold = "submitted; accepted; attempted a; delivered a 25; completed success 10";
    for (lead, script, test) in [
        (1, sold.to_owned(), false),
        (2, "submitted; accepted".to_owned(), false),
        (3, "submitted; accepted; attempted a; declined a; completed failure".to_owned(), false),
        (4, "submitted; accepted; completed success 2".to_owned(), false),
        (5, format!("{sold}; returned a 25"), false),
        (6, format!("{sold}; converted a"), false),
        (
            7,
            "submitted; accepted; attempted b; error b; completed error; attempted b; delivered b 30"
                .to_owned(),
            false,
        ),
        (8, "submitted; accepted; attempted b; error b; completed error".to_owned(), true),
    ] {
        record(&installation, lead, &script, test).await;
    }
    installation
}

/// One line a lead.
fn told(list: &Value) -> String {
    let line = |lead: &Value| {
        let word = |key: &str| lead[key].as_str().unwrap_or("-").to_owned();
        let buyers = lead["buyers"].as_array().unwrap().iter().map(|buyer| {
            format!("{}={}", buyer["entity_id"].as_str().unwrap(), buyer["outcome"].as_str().unwrap_or("-"))
        });
        format!(
            "{} {} {} {}-{}={} [{}] {}\n",
            lead["seq"],
            word("state"),
            word("outcome"),
            lead["revenue"],
            lead["cost"],
            lead["margin"],
            buyers.collect::<Vec<_>>().join(" "),
            word("reason"),
        )
    };
    list["data"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn leads_are_listed_newest_first_and_by_what_they_came_to() {
    let installation = with_leads().await;
    let mut text = String::new();
    for query in [
        "",
        "?sort=seq&limit=2",
        "?state=sold,converted",
        "?state=-sold,-running&test=without",
        "?outcome=success",
        "?outcome=-success",
        "?state=running",
        "?entity_id=buyer_b",
        "?entity_id=-buyer_a,-buyer_b",
        "?source_id=src_open",
        "?flow_id=-flow_roofs",
        "?min_margin=15",
        "?max_margin=-2",
        "?test=only",
        "?start=2024-01-15T14:00:06Z&end=2024-01-15T14:00:07Z",
    ] {
        text += &format!("/leads{query}\n{}\n", told(&installation.get(&format!("/leads{query}")).await));
    }
    expect![[r#"
        /leads
        35 error error 0-0=0 [buyer_b=error] No buyer took the lead
        28 sold success 30-0=30 [buyer_b=success] -
        22 converted success 25-10=15 [buyer_a=success] -
        16 returned success 0-10=-10 [buyer_a=success] -
        13 accepted success 0-2=-2 [] -
        8 rejected failure 0-0=0 [buyer_a=failure] No buyer took the lead
        6 running - 0-0=0 [] -
        1 sold success 25-10=15 [buyer_a=success] -

        /leads?sort=seq&limit=2
        1 sold success 25-10=15 [buyer_a=success] -
        6 running - 0-0=0 [] -

        /leads?state=sold,converted
        28 sold success 30-0=30 [buyer_b=success] -
        22 converted success 25-10=15 [buyer_a=success] -
        1 sold success 25-10=15 [buyer_a=success] -

        /leads?state=-sold,-running&test=without
        22 converted success 25-10=15 [buyer_a=success] -
        16 returned success 0-10=-10 [buyer_a=success] -
        13 accepted success 0-2=-2 [] -
        8 rejected failure 0-0=0 [buyer_a=failure] No buyer took the lead

        /leads?outcome=success
        28 sold success 30-0=30 [buyer_b=success] -
        22 converted success 25-10=15 [buyer_a=success] -
        16 returned success 0-10=-10 [buyer_a=success] -
        13 accepted success 0-2=-2 [] -
        1 sold success 25-10=15 [buyer_a=success] -

        /leads?outcome=-success
        35 error error 0-0=0 [buyer_b=error] No buyer took the lead
        8 rejected failure 0-0=0 [buyer_a=failure] No buyer took the lead
        6 running - 0-0=0 [] -

        /leads?state=running
        6 running - 0-0=0 [] -

        /leads?entity_id=buyer_b
        35 error error 0-0=0 [buyer_b=error] No buyer took the lead
        28 sold success 30-0=30 [buyer_b=success] -

        /leads?entity_id=-buyer_a,-buyer_b
        13 accepted success 0-2=-2 [] -
        6 running - 0-0=0 [] -

        /leads?source_id=src_open

        /leads?flow_id=-flow_roofs

        /leads?min_margin=15
        28 sold success 30-0=30 [buyer_b=success] -
        22 converted success 25-10=15 [buyer_a=success] -
        1 sold success 25-10=15 [buyer_a=success] -

        /leads?max_margin=-2
        16 returned success 0-10=-10 [buyer_a=success] -
        13 accepted success 0-2=-2 [] -

        /leads?test=only
        35 error error 0-0=0 [buyer_b=error] No buyer took the lead

        /leads?start=2024-01-15T14:00:06Z&end=2024-01-15T14:00:07Z
        22 converted success 25-10=15 [buyer_a=success] -

    "#]]
    .assert_eq(&text);
    installation.close().await;
}

#[tokio::test]
async fn a_lead_tells_its_whole_story() {
    let installation = with_leads().await;
    let list = installation.get("/leads?entity_id=buyer_b&limit=1&test=without").await;
    expect![[r#"
        {
          "buyers": [
            {
              "converted": false,
              "delivery_id": "evt_…",
              "entity_id": "buyer_b",
              "outcome": "success",
              "price": 30,
              "returned": false,
              "step_id": "b"
            }
          ],
          "cost": 0,
          "events": 7,
          "flow_id": "flow_roofs",
          "flow_version": 1,
          "id": "lead_…",
          "last_seq": 34,
          "margin": 30,
          "outcome": "success",
          "path": [
            {
              "entity_id": "src_web",
              "outcome": "success",
              "step_id": null,
              "type": "source.accepted"
            },
            {
              "entity_id": "buyer_b",
              "outcome": "success",
              "step_id": "b",
              "type": "recipient.delivered"
            },
            {
              "entity_id": "src_web",
              "outcome": "error",
              "step_id": null,
              "type": "flow.completed"
            }
          ],
          "reason": null,
          "reason_code": null,
          "revenue": 30,
          "seq": 28,
          "source_id": "src_web",
          "state": "sold",
          "submitted_at": "2024-01-15T14:00:07.001Z",
          "test": false,
          "total_ms": 5,
          "updated_at": "2024-01-15T14:00:07.007Z"
        }"#]]
    .assert_eq(&steady(&serde_json::to_string_pretty(&list["data"][0]).unwrap()));
    installation.close().await;
}

#[tokio::test]
async fn pages_of_leads_follow_one_another() {
    let installation = with_leads().await;
    for sort in ["seq", "-seq"] {
        for filter in ["", "&state=sold", "&entity_id=buyer_a"] {
            let whole = installation.get(&format!("/leads?sort={sort}{filter}")).await;
            assert_eq!(whole["next"], Value::Null);
            let mut next = Some(format!("/leads?limit=1&sort={sort}{filter}"));
            let mut paged = String::new();
            while let Some(target) = next {
                let page = installation.get(&target).await;
                paged += &told(&page);
                next = page["next"].as_str().map(str::to_owned);
            }
            assert_eq!(paged, told(&whole), "{sort} {filter}");
        }
    }
    installation.close().await;
}

#[tokio::test]
async fn leads_that_arrive_meanwhile_disturb_no_page() {
    let installation = Installation::new().await;
    let mut submitted = Vec::new();
    for _ in 0..5 {
        submitted.push(installation.submit(ANN).await);
    }
    let (mut next, mut seen) = (Some("/leads?limit=2".to_owned()), Vec::new());
    while let Some(target) = next {
        let page = installation.get(&target).await;
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|lead| lead["id"].as_str().unwrap().to_owned()),
        );
        next = page["next"].as_str().map(str::to_owned);
        installation.submit(ANN).await;
    }
    submitted.reverse();
    assert_eq!(seen, submitted);
    // Seen from the oldest on, what arrived is at the end.
    let list = installation.get("/leads?sort=seq&limit=1000").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 8);
    installation.close().await;
}

#[tokio::test]
async fn one_lead_is_masked_unless_values_are_asked_for_and_that_is_recorded() {
    let installation = Installation::new().await;
    let ann = installation.submit(ANN).await;
    let reader = installation.key("read pii:read").await;
    let control = installation.services.control.ledger().reader();
    let before = control.next_seq();

    let masked = installation.get_as(&reader, &format!("/leads/{ann}")).await.json();
    assert_eq!(
        (&masked["id"], &masked["state"], &masked["events"]),
        (&ann.as_str().into(), &"accepted".into(), &4.into())
    );
    assert_eq!(masked["lead"]["email"], "a•••@example.com");
    let outline = installation.get_as(&reader, &format!("/leads/{ann}?shape=none&reveal=1")).await.json();
    assert_eq!(outline.get("lead"), None);
    assert_eq!(control.next_seq(), before, "nothing was shown in clear so far");

    let revealed =
        installation.get_as(&reader, &format!("/leads/{ann}?reveal=1&why=a+call&shape=nested")).await;
    assert_eq!(revealed.json()["lead"]["email"]["value"], "ann.example@example.com");
    let record = control.record(before).unwrap().expect("durable before the reply");
    let body = String::from_utf8(record.body.bytes().unwrap().to_vec()).unwrap();
    for wanted in [&*ann, "a call", &format!("GET /leads/{ann} req_")] {
        assert!(body.contains(wanted), "{wanted} in {body}");
    }

    let plain = installation.key("read").await;
    let reply = installation.get_as(&plain, &format!("/leads/{ann}?reveal=1")).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let reply = installation.get_as(&reader, &format!("/leads/{ann}?expand=exchange")).await;
    assert_eq!(reply.json()["error"]["field"], "expand");
    for target in ["/leads/lead_018d0d882d57aa10f3e7715b", "/leads/5"] {
        assert_eq!(installation.get_as(&reader, target).await.status, StatusCode::NOT_FOUND);
    }
    installation.close().await;
}

#[tokio::test]
async fn a_lead_whose_key_is_damaged_is_told_without_its_values() {
    let installation = Installation::new().await;
    let ann = installation.submit(ANN).await;
    installation.damage_first_key();
    let lead = installation.get(&format!("/leads/{ann}")).await;
    assert_eq!(
        (&lead["state"], &lead["lead"], &lead["unreadable"]),
        (&"accepted".into(), &Value::Null, &true.into())
    );
    let list = installation.get("/leads").await;
    assert_eq!(list["data"][0]["id"], *ann, "a list opens no body");
    // Events without leads need no key either.
    let events = installation.get("/events?shape=none").await;
    for event in events["data"].as_array().unwrap() {
        assert_eq!((event.get("lead"), event.get("unreadable")), (None, None));
    }
    assert_eq!(events["data"].as_array().unwrap().len(), 5);
    installation.close().await;
}

#[tokio::test]
async fn what_cannot_be_asked_of_leads_is_told() {
    let installation = Installation::new().await;
    let mut told = String::new();
    for target in [
        "/leads?state=won",
        "/leads?stat=sold",
        "/leads?reveal=1",
        "/leads?limit=0",
        "/events?shape=none&expand=rules",
        "/flows/flow_roofs/events?flow_id=flow_other",
    ] {
        let reply = installation.get_as(&installation.admin, target).await;
        told += &format!("{target} -> {} {}\n", reply.status, reply.json()["error"]["message"]);
    }
    expect![[r#"
        /leads?state=won -> 400 Bad Request "\"won\" is not a state of a lead; use running, rejected, accepted, sold, returned, converted or error"
        /leads?stat=sold -> 400 Bad Request "there is no parameter \"stat\"; did you mean \"state\"?"
        /leads?reveal=1 -> 400 Bad Request "there is no parameter \"reveal\"; known are flow_id, source_id, entity_id, outcome, state, min_margin, max_margin, test, start, end, after, before, limit, sort, dim.<path>, has.<field>, valid.<field>"
        /leads?limit=0 -> 400 Bad Request "write a number from 1 to 1000"
        /events?shape=none&expand=rules -> 400 Bad Request "with shape=none nothing but the header is read"
        /flows/flow_roofs/events?flow_id=flow_other -> 400 Bad Request "the address names the flow already"
    "#]].assert_eq(&told);
    installation.close().await;
}
