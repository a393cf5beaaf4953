use std::str::FromStr;
use std::sync::Arc;

use domain::{Exchange, Lead, LeadId, RuleTrace, Scalar, TracedRule, Value};
use expect_test::{Expect, expect};

use super::*;

fn parse<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn event(kind: EventKind) -> Event {
    let mut lead = Lead::new();
    lead.set(parse("email"), Value::text("ann@example.com"));
    lead.set(parse("email.valid"), Value::from(true));
    Event {
        head: EventHead {
            id: parse("evt_018d0d882e837c2e9a41d06f"),
            at: parse("2024-01-15T14:30:45.123Z"),
            lead_id: parse("lead_018d0d882d57aa10f3e7715b"),
            flow_id: parse("flow_solar"),
            flow_version: FlowVersion(12),
            source_id: parse("src_web_a"),
            timing: Timing { duration_ms: 245, wait_ms: 241, total_ms: 300 },
            dims: vec![("lead.state".into(), Scalar::Text("TX".into()))],
            fields: domain::FieldStates::from_bytes(&[0b0111_0100]),
            marks: Marks::default(),
        },
        kind,
        body: EventBody { lead, ..EventBody::default() },
    }
}

fn call() -> Call {
    Call {
        step_id: parse("premier"),
        entity_id: parse("buyer_premier"),
        integration: "custom_json".into(),
        response_code: Some(200),
    }
}

fn retry() -> Retry {
    Retry { attempt: 2, delivery_id: parse("evt_018d0d882e900000000000aa") }
}

fn reason() -> Reason {
    Reason::new(ReasonCode::Declined, "Not \"good\" enough")
}

fn fault() -> Fault {
    Fault {
        kind: FaultKind::Timeout,
        reason: Reason::new(ReasonCode::Timeout, "Service timeout after 5000ms"),
    }
}

fn feedback() -> Feedback {
    Feedback {
        entity_id: parse("buyer_premier"),
        recipient_event_id: parse("evt_018d0d882e900000000000bb"),
        kind: FeedbackKind::Conversion,
        value: Some("sold".into()),
        days_to_convert: Some(3),
        reason: Some("Wrong number".into()),
        feedback_id: Some(parse("evt_018d0d882e900000000000cc")),
    }
}

fn notice(end: NoticeEnd) -> Notice {
    Notice { end, integration: Some("custom_query".into()), response_code: Some(503), attempt: 2, due: None }
}

fn completion(reason: Option<Reason>) -> Completion {
    Completion {
        final_outcome: if reason.is_some() { Outcome::Failure } else { Outcome::Success },
        reason,
        steps_run: 4,
        deliveries: 1,
        cost: parse("14"),
        revenue: parse("25.5"),
    }
}

fn header_text(event: &Event) -> String {
    let mut out = Vec::new();
    event.write_header(Place { chain_seq: Some(6), snapshot: "SNAPSHOT" }, &mut out);
    String::from_utf8(out).unwrap()
}

fn check(kind: EventKind, expected: Expect) {
    expected.assert_eq(&header_text(&event(kind)).replace(",\"", ",\n\""));
}

#[test]
fn a_delivery_reads_as_the_design_shows() {
    check(
        EventKind::RecipientDelivered {
            call: call(),
            retry: retry(),
            price: Price { amount: parse("25.00"), below_floor: false, copy: false },
        },
        expect![[r#"
            {"v":1,
            "id":"evt_018d0d882e837c2e9a41d06f",
            "type":"recipient.delivered",
            "timestamp":"2024-01-15T14:30:45.123Z",
            "lead_id":"lead_018d0d882d57aa10f3e7715b",
            "lead_seq":6,
            "flow_id":"flow_solar",
            "flow_version":12,
            "step_id":"premier",
            "source_id":"src_web_a",
            "entity_id":"buyer_premier",
            "outcome":"success",
            "duration_ms":245,
            "wait_ms":241,
            "total_ms":300,
            "integration":"custom_json",
            "response_code":200,
            "price":"25",
            "attempt":2,
            "delivery_id":"evt_018d0d882e900000000000aa",
            "dims":{"lead.state":"TX"},
            "fields":"dA",
            "snapshot":"SNAPSHOT"}"#]],
    );
}

/// One event of every kind and of every branch inside a kind.
fn every_kind() -> Vec<EventKind> {
    let step_id: StepId = parse("geographic_filter");
    let entity_id: EntityId = parse("buyer_premier");
    let due: Timestamp = parse("2024-01-15T14:31:00.000Z");
    let answer = |outcome, reason| Answer { outcome, reason, price: parse("17.2") };
    vec![
        EventKind::SourceSubmitted,
        EventKind::SourceAccepted { price: None, caps: vec![] },
        EventKind::SourceAccepted { price: Some(parse("14")), caps: vec!["flow_solar/monthly_cap".into()] },
        EventKind::SourceRejected { reason: reason(), duplicate_of: None },
        EventKind::SourceRejected {
            reason: reason(),
            duplicate_of: Some(parse("lead_018d0d882d57aa10f3e77100")),
        },
        EventKind::SourcePinged { answer: answer(Outcome::Success, None) },
        EventKind::SourcePinged { answer: answer(Outcome::Failure, Some(reason())) },
        EventKind::SourceAnswered { answer: answer(Outcome::Error, Some(reason())) },
        EventKind::FilterPassed { step_id: step_id.clone(), rules_evaluated: 2 },
        EventKind::FilterFailed { step_id: step_id.clone(), rules_evaluated: 2, reason: reason() },
        EventKind::EnhancementSuccess { call: call() },
        EventKind::EnhancementFailure { call: Call { response_code: None, ..call() }, reason: reason() },
        EventKind::EnhancementError { call: call(), fault: fault() },
        EventKind::EnhancementSkipped {
            step_id: step_id.clone(),
            entity_id: entity_id.clone(),
            reason: reason(),
        },
        EventKind::RecipientBid { call: call(), bid: Ok(parse("12.50")) },
        EventKind::RecipientBid { call: call(), bid: Err(NoBid::Declined(reason())) },
        EventKind::RecipientBid { call: call(), bid: Err(NoBid::Fault(fault())) },
        EventKind::RecipientAttempted {
            call: call(),
            retry: retry(),
            caps: vec!["buyer_premier/daily_cap".into()],
        },
        EventKind::RecipientDelivered {
            call: call(),
            retry: retry(),
            price: Price { amount: parse("0.000001"), below_floor: true, copy: true },
        },
        EventKind::RecipientFailed { asked: Asked::Yes { call: call(), retry: retry() }, reason: reason() },
        EventKind::RecipientFailed {
            asked: Asked::No { step_id: step_id.clone(), entity_id: entity_id.clone() },
            reason: Reason::new(ReasonCode::CapReached, "Daily cap reached (100/100)"),
        },
        EventKind::RecipientError { call: call(), retry: retry(), fault: fault() },
        EventKind::RecipientSkipped {
            step_id: step_id.clone(),
            entity_id: entity_id.clone(),
            reason: reason(),
        },
        EventKind::RetryScheduled {
            step_id: step_id.clone(),
            entity_id: entity_id.clone(),
            retry: retry(),
            due,
            reason: None,
        },
        EventKind::RetryScheduled {
            step_id: step_id.clone(),
            entity_id: entity_id.clone(),
            retry: retry(),
            due,
            reason: Some(Reason::new(ReasonCode::Resent, "An operator sends it again")),
        },
        EventKind::RetryAttempted { step_id, entity_id, retry: retry() },
        EventKind::FeedbackReceived { feedback: Feedback { feedback_id: None, ..feedback() } },
        EventKind::FeedbackReturned {
            feedback: Feedback {
                kind: FeedbackKind::Return,
                value: None,
                days_to_convert: None,
                reason: None,
                ..feedback()
            },
        },
        EventKind::FeedbackProcessed {
            feedback: feedback(),
            result: Ok(Reversal { revenue: parse("25"), cost: parse("14") }),
            relay_due: Some(due),
        },
        EventKind::FeedbackProcessed {
            feedback: feedback(),
            result: Ok(Reversal::default()),
            relay_due: None,
        },
        EventKind::FeedbackProcessed { feedback: feedback(), result: Err(reason()), relay_due: None },
        EventKind::FeedbackSent { feedback: feedback(), notice: notice(NoticeEnd::Taken) },
        EventKind::FeedbackSent {
            feedback: feedback(),
            notice: Notice { response_code: None, due: Some(due), ..notice(NoticeEnd::Fault(fault())) },
        },
        EventKind::ConsentRevoked { buyers: 0, due: None },
        EventKind::ConsentRevoked { buyers: 2, due: Some(due) },
        EventKind::ConsentSent {
            step_id: parse("premier"),
            entity_id: parse("buyer_premier"),
            delivery_id: retry().delivery_id,
            notice: notice(NoticeEnd::Refused(reason())),
        },
        EventKind::ConsentSent {
            step_id: parse("premier"),
            entity_id: parse("buyer_premier"),
            delivery_id: retry().delivery_id,
            notice: Notice {
                integration: None,
                response_code: None,
                ..notice(NoticeEnd::NotAsked(Reason::new(ReasonCode::NoNotice, "Not told by this flow")))
            },
        },
        EventKind::FlowCompleted(completion(None)),
        EventKind::FlowCompleted(completion(Some(Reason::new(
            ReasonCode::Other("later_word".into()),
            "Later",
        )))),
        EventKind::PrivacyErased,
    ]
}

#[test]
fn every_kind_is_read_back_as_it_was_written() {
    let mut types: Vec<EventType> = every_kind().iter().map(EventKind::event_type).collect();
    types.dedup();
    assert_eq!(types.len(), EventType::ALL.len() - 2, "all but the two of the ledger itself");

    for kind in every_kind() {
        let mut written = event(kind);
        written.head.marks = Marks {
            test: true,
            batch: Some("import \"7\"".into()),
            resubmit_of: Some(parse::<LeadId>("lead_018d0d882d57aa10f3e77100")),
            request_id: Some("req_1".into()),
            idempotency: Some(domain::Idempotency { key: [0xa1; 12], payload: [7; 12] }),
            duplicate_keys: vec![domain::DuplicateKey { rule: "same_phone".into(), tag: [0xb2; 12] }],
            ping_id: Some(parse::<LeadId>("ping_018d0d882d57aa10f3e77100")),
            turn: vec![parse("premier"), parse("shingle")],
        };
        written.body.exchanges = vec![
            Exchange { request: Some(Arc::from(b"GET / HTTP/1.1".as_slice())), response: None },
            Exchange { request: None, response: Some(Arc::from(b"\xff\xfe".as_slice())) },
        ];
        written.body.rules = Some(RuleTrace {
            rules: vec![TracedRule {
                rule: "state is TX".into(),
                actual: Scalar::Null,
                passed: false,
                decided: true,
            }],
        });
        written.body.reason_raw = Some("their words".into());
        let header = header_text(&written);
        let body = written.body(None).unwrap();
        let view = body.as_ref().map(|body| BodyView::read(body.bytes()).unwrap());
        let read = read_event(&Header::read(header.as_bytes()).unwrap(), view.as_ref()).unwrap();
        if written.kind == EventKind::PrivacyErased {
            written.body = EventBody::default();
        }
        assert_eq!(read, written, "{header}");
    }
}

#[test]
fn a_header_that_lacks_what_its_type_requires_is_refused() {
    for kind in every_kind() {
        let text = header_text(&event(kind));
        let whole: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        for member in
            ["step_id", "integration", "attempt", "reason", "price", "feedback", "final_outcome", "flow_id"]
        {
            let mut less = whole.clone();
            if less.remove(member).is_none() {
                continue;
            }
            let json = serde_json::to_vec(&less).unwrap();
            // Optional in its kind, or refused by name: never a panic, never another member.
            if let Err(error) = read_event(&Header::read(&json).unwrap(), None) {
                assert!(error.to_string().contains(member), "{error} without {member} in {text}");
            }
        }
    }
}
