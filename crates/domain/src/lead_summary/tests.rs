//! Each case is a small script of events and what the lead came to.

use expect_test::{Expect, expect};

use super::*;
use crate::{Answer, Call, Completion, Fault, FaultKind, LeadIdKind, Marks, ReasonCode, Reversal, Timing};

fn at() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

fn event_id(number: u8) -> EventId {
    EventId::new(at(), [0, 0, 0, 0, 0, number])
}

fn head(number: u8, test: bool) -> EventHead {
    EventHead {
        id: event_id(number),
        at: at().plus_millis(i64::from(number)),
        lead_id: LeadId::new(LeadIdKind::Lead, at(), [1; 6]),
        flow_id: "flow_solar".parse().unwrap(),
        flow_version: FlowVersion(3),
        source_id: "src_web".parse().unwrap(),
        timing: Timing { total_ms: u64::from(number) * 10, ..Timing::default() },
        dims: Vec::new(),
        fields: crate::FieldStates::default(),
        marks: Marks { test, ..Marks::default() },
    }
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn reason() -> Reason {
    Reason::new(ReasonCode::Criteria, "State not in approved list")
}

/// One line of a script: the type, then words that depend on it.
fn kind(line: &str) -> EventKind {
    let words: Vec<&str> = line.split_whitespace().collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let step = |name: &str| name.parse::<StepId>().unwrap();
    let buyer = |name: &str| format!("buyer_{name}").parse::<EntityId>().unwrap();
    let call = || Call {
        step_id: step(word(1)),
        entity_id: buyer(word(1)),
        integration: "custom_json".into(),
        response_code: None,
    };
    // The delivery of a buyer is named by the first letter of its step.
    let retry = || Retry { attempt: 1, delivery_id: event_id(word(1).as_bytes()[0]) };
    let feedback = |kind: &str, entity: &str, named: &str| Feedback {
        entity_id: buyer(entity),
        recipient_event_id: event_id(named.parse().unwrap_or(0)),
        kind: if kind == "return" { FeedbackKind::Return } else { FeedbackKind::Conversion },
        value: None,
        days_to_convert: None,
        reason: None,
        feedback_id: None,
    };
    let fault = || Fault {
        kind: FaultKind::Timeout,
        reason: Reason::new(ReasonCode::Timeout, "Service timeout after 5000ms"),
    };
    let outcome = |text: &str| text.parse::<Outcome>().unwrap();
    let told = |outcome: Outcome| (outcome != Outcome::Success).then(reason);
    match word(0) {
        "submitted" => EventKind::SourceSubmitted,
        "accepted" => EventKind::SourceAccepted { price: None, caps: vec![] },
        "rejected" => EventKind::SourceRejected { reason: reason(), duplicate_of: None },
        "answered" => EventKind::SourceAnswered {
            answer: Answer {
                outcome: outcome(word(1)),
                reason: told(outcome(word(1))),
                price: money(word(2)),
            },
        },
        "passed" => EventKind::FilterPassed { step_id: step(word(1)), rules_evaluated: 1 },
        "filtered" => {
            EventKind::FilterFailed { step_id: step(word(1)), rules_evaluated: 1, reason: reason() }
        }
        "enhanced" => EventKind::EnhancementSuccess { call: call() },
        "attempted" => EventKind::RecipientAttempted { call: call(), retry: retry(), caps: vec![] },
        "delivered" => EventKind::RecipientDelivered {
            call: call(),
            retry: retry(),
            price: Price { amount: money(word(2)), below_floor: false, copy: word(3) == "copy" },
        },
        "failed" => EventKind::RecipientFailed {
            asked: Asked::Yes { call: call(), retry: retry() },
            reason: reason(),
        },
        "full" => EventKind::RecipientFailed {
            asked: Asked::No { step_id: step(word(1)), entity_id: buyer(word(1)) },
            reason: reason(),
        },
        "error" => EventKind::RecipientError { call: call(), retry: retry(), fault: fault() },
        "skipped" => EventKind::RecipientSkipped {
            step_id: step(word(1)),
            entity_id: buyer(word(1)),
            reason: reason(),
        },
        "scheduled" => EventKind::RetryScheduled {
            step_id: step(word(1)),
            entity_id: buyer(word(1)),
            retry: retry(),
            due: at(),
            reason: None,
        },
        "retried" => {
            EventKind::RetryAttempted { step_id: step(word(1)), entity_id: buyer(word(1)), retry: retry() }
        }
        "received" => EventKind::FeedbackReceived { feedback: feedback(word(1), word(2), "") },
        "returned" => EventKind::FeedbackReturned { feedback: feedback(word(1), word(2), "") },
        "processed" => EventKind::FeedbackProcessed {
            feedback: feedback(word(1), word(2), word(4)),
            result: if word(3) == "refused" {
                Err(reason())
            } else {
                let cost = if word(5).is_empty() { Money::ZERO } else { money(word(5)) };
                Ok(Reversal { revenue: money(word(3)), cost })
            },
            relay_due: None,
        },
        "revoked" => EventKind::ConsentRevoked { buyers: 0, due: None },
        "erased" => EventKind::PrivacyErased,
        "completed" => EventKind::FlowCompleted(Completion {
            final_outcome: outcome(word(1)),
            reason: told(outcome(word(1))),
            steps_run: 1,
            deliveries: 0,
            cost: money(word(2)),
            revenue: Money::ZERO,
        }),
        other => panic!("{other} is no event of a script"),
    }
}

fn fold(script: &str, test: bool) -> (LeadSummary, Standing) {
    let events: Vec<(EventHead, EventKind)> =
        (1..).zip(script.split(';')).map(|(number, line)| (head(number, test), kind(line))).collect();
    let mut standing = Standing::default();
    for (_, kind) in &events {
        // An index tells parties apart by other numbers than the summary does.
        let party = match place_of(&events[0].0, kind).1 {
            Some(entity) => 1000 + entity.as_str().bytes().map(u32::from).sum::<u32>(),
            None => 0,
        };
        standing.after(sign_of(kind, party));
    }
    (LeadSummary::of(events.iter().map(|(head, kind)| (head, kind))).unwrap(), standing)
}

fn told(summary: &LeadSummary) -> String {
    let word = |outcome: Option<Outcome>| outcome.map_or("-", Outcome::as_str);
    let mut text = format!(
        "{} {} {}\ncost {} revenue {} margin {}\n{} events, {} ms\n",
        summary.state(),
        word(summary.outcome()),
        summary.reason.as_ref().map_or("-", |reason| &reason.text),
        summary.cost,
        summary.revenue,
        summary.margin(),
        summary.events,
        summary.total_ms,
    );
    for buyer in &summary.buyers {
        text += &format!(
            "{} {} {}{}{}{}\n",
            buyer.entity_id,
            word(buyer.outcome),
            buyer.price.map_or("-".to_owned(), |price| price.to_string()),
            if buyer.copy { " copy" } else { "" },
            if buyer.returned { " returned" } else { "" },
            if buyer.converted { " converted" } else { "" },
        );
    }
    let points = summary.path.iter().map(|point| {
        let step = point.step_id.as_ref().map_or(String::new(), |step| format!(" {step}"));
        format!("{}{step} {}", point.event_type, word(point.outcome))
    });
    text + &points.collect::<Vec<_>>().join(", ") + "\n"
}

fn check(script: &str, wanted: Expect) {
    let (summary, standing) = fold(script, false);
    assert_eq!(
        (standing.state(), standing.outcome()),
        (summary.state(), summary.outcome()),
        "the signs alone give the same state"
    );
    wanted.assert_eq(&told(&summary));
}

/// Only the first lines: state, outcome, reason and money.
fn check_money(script: &str, wanted: &str) {
    let (summary, _) = fold(script, false);
    let text = told(&summary);
    let lines: Vec<&str> = text.lines().take(2).collect();
    assert_eq!(lines.join(" | "), wanted, "{script}");
}

#[test]
fn a_sale_books_revenue_and_the_answer_books_cost() {
    check(
        "submitted; accepted; passed area; enhanced phone; attempted a; delivered a 25; completed success 15",
        expect![[r#"
            sold success -
            cost 15 revenue 25 margin 10
            7 events, 70 ms
            buyer_a success 25
            source.accepted success, filter.passed area success, enhancement.success phone success, recipient.delivered a success, flow.completed success
        "#]],
    );
}

#[test]
fn a_lead_without_an_end_is_running() {
    check(
        "submitted",
        expect![[r#"
        running - -
        cost 0 revenue 0 margin 0
        1 events, 10 ms
        source.submitted -
    "#]],
    );
    check(
        "submitted; accepted; attempted a",
        expect![[r#"
        running - -
        cost 0 revenue 0 margin 0
        3 events, 30 ms
        buyer_a - -
        source.accepted success, recipient.attempted a -
    "#]],
    );
}

#[test]
fn a_refused_lead_says_why() {
    check(
        "submitted; rejected; completed failure 0",
        expect![[r#"
        rejected failure State not in approved list
        cost 0 revenue 0 margin 0
        3 events, 30 ms
        source.rejected failure, flow.completed failure
    "#]],
    );
    check(
        "submitted; accepted; filtered area; completed failure 0",
        expect![[r#"
        rejected failure State not in approved list
        cost 0 revenue 0 margin 0
        4 events, 40 ms
        source.accepted success, filter.failed area failure, flow.completed failure
    "#]],
    );
}

#[test]
fn a_flow_without_a_sale_ends_accepted_and_one_with_a_fault_in_error() {
    check_money(
        "submitted; accepted; completed success 3",
        "accepted success - | cost 3 revenue 0 margin -3",
    );
    check_money(
        "submitted; accepted; completed error 3",
        "error error State not in approved list | cost 0 revenue 0 margin 0",
    );
}

#[test]
fn each_buyer_has_its_own_chain() {
    check(
        "submitted; accepted; attempted a; failed a; full b; skipped c; attempted d; delivered d 20; attempted e; delivered e 5.5; completed success 10",
        expect![[r#"
            sold success -
            cost 10 revenue 25.5 margin 15.5
            11 events, 110 ms
            buyer_a failure -
            buyer_b failure -
            buyer_c skip -
            buyer_d success 20
            buyer_e success 5.5
            source.accepted success, recipient.failed a failure, recipient.failed b failure, recipient.skipped c skip, recipient.delivered d success, recipient.delivered e success, flow.completed success
        "#]],
    );
}

#[test]
fn a_retry_after_the_end_sells_the_lead() {
    let start = "submitted; accepted; attempted a; error a; scheduled a; completed failure 0";
    check(
        start,
        expect![[r#"
        rejected failure State not in approved list
        cost 0 revenue 0 margin 0
        6 events, 60 ms
        buyer_a error -
        source.accepted success, retry.scheduled a error, flow.completed failure
    "#]],
    );
    check(
        &format!("{start}; retried a; attempted a"),
        expect![[r#"
        rejected failure State not in approved list
        cost 0 revenue 0 margin 0
        8 events, 60 ms
        buyer_a - -
        source.accepted success, recipient.attempted a -, flow.completed failure
    "#]],
    );
    check(
        &format!("{start}; retried a; attempted a; delivered a 12"),
        expect![[r#"
        sold success -
        cost 0 revenue 12 margin 12
        9 events, 60 ms
        buyer_a success 12
        source.accepted success, recipient.delivered a success, flow.completed failure
    "#]],
    );
}

#[test]
fn the_cost_is_booked_by_the_answer_alone() {
    for (script, wanted) in [
        // The deadline came first and the source was told a success.
        (
            "submitted; accepted; answered success 7; delivered a 20; completed success 9",
            "sold success - | cost 7 revenue 20 margin 13",
        ),
        // It was told a failure: a late sale is not paid for.
        (
            "submitted; accepted; answered error 7; delivered a 20; completed success 9",
            "sold success - | cost 0 revenue 20 margin 20",
        ),
        (
            "submitted; accepted; completed failure 9; delivered a 20",
            "sold success - | cost 0 revenue 20 margin 20",
        ),
        // A sale does not make a failure before the end a success.
        (
            "submitted; accepted; delivered a 20; filtered area; completed failure 9",
            "sold failure State not in approved list | cost 0 revenue 20 margin 20",
        ),
        (
            "submitted; accepted; delivered a 1; completed success 9",
            "sold success - | cost 9 revenue 1 margin -8",
        ),
    ] {
        check_money(script, wanted);
    }
}

#[test]
fn a_copy_is_no_sale() {
    check(
        "submitted; accepted; delivered crm 4 copy; completed success 2",
        expect![[r#"
        accepted success -
        cost 2 revenue 0 margin -2
        4 events, 40 ms
        buyer_crm success 4 copy
        source.accepted success, recipient.delivered crm success, flow.completed success
    "#]],
    );
    check_money(
        "submitted; accepted; completed failure 0; delivered crm 4 copy",
        "rejected failure State not in approved list | cost 0 revenue 0 margin 0",
    );
}

#[test]
fn a_return_takes_back_what_it_names_and_no_more() {
    let sold = "submitted; accepted; delivered a 20; delivered b 30; completed success 10";
    check(
        &format!("{sold}; received return a; returned return a; processed return a 20"),
        expect![[r#"
        sold success -
        cost 10 revenue 30 margin 20
        8 events, 50 ms
        buyer_a success 20 returned
        buyer_b success 30
        source.accepted success, recipient.delivered a success, recipient.delivered b success, flow.completed success, feedback.processed success
    "#]],
    );
    check_money(
        &format!("{sold}; processed return a 20; processed return b 29.5"),
        "returned success - | cost 10 revenue 0.5 margin -9.5",
    );
    check_money(
        &format!("{sold}; received return a; processed return a refused"),
        "sold success - | cost 10 revenue 50 margin 40",
    );
}

#[test]
fn a_conversion_counts_while_its_buyer_holds_the_lead() {
    let sold = "submitted; accepted; delivered a 20; delivered b 30; completed success 10";
    check(
        &format!("{sold}; received conversion a; processed conversion a 0"),
        expect![[r#"
        converted success -
        cost 10 revenue 50 margin 40
        7 events, 50 ms
        buyer_a success 20 converted
        buyer_b success 30
        source.accepted success, recipient.delivered a success, recipient.delivered b success, flow.completed success, feedback.processed success
    "#]],
    );
    for (more, wanted) in [
        ("processed conversion a refused", "sold"),
        ("processed conversion a 0; processed return a 20", "sold"),
        ("processed conversion a 0; processed return b 30", "converted"),
        ("processed conversion a 0; processed return a 20; processed return b 30", "returned"),
    ] {
        assert_eq!(fold(&format!("{sold}; {more}"), false).0.state().as_str(), wanted, "{more}");
    }
}

#[test]
fn a_system_of_ones_own_may_report_the_conversion_of_a_sale() {
    let script =
        "submitted; delivered crm 0 copy; delivered a 20; completed success 1; processed conversion crm 0";
    assert_eq!(fold(script, false).0.state(), LeadState::Converted);
}

#[test]
fn feedback_finds_the_delivery_it_names() {
    // The same buyer twice, in two steps: the script's `delivered` events are the third and fourth.
    let (mut summary, _) =
        fold("submitted; accepted; delivered a 20; delivered b 30; completed success 0", false);
    for buyer in &mut summary.buyers {
        buyer.entity_id = "buyer_one".parse().unwrap();
    }
    let returned =
        |summary: &LeadSummary| summary.buyers.iter().map(|buyer| buyer.returned).collect::<Vec<_>>();
    for (named, wanted) in
        [(3, [true, false]), (4, [false, true]), (b'a', [true, false]), (99, [false, true])]
    {
        let mut summary = summary.clone();
        summary.after(&head(6, false), &kind(&format!("processed return one 20 {named}")));
        assert_eq!(returned(&summary), wanted, "{named}");
    }
}

#[test]
fn a_test_lead_stays_out_of_money() {
    let (summary, _) =
        fold("submitted; accepted; delivered a 20; completed success 10; processed return a 20", true);
    assert_eq!((summary.cost, summary.revenue, summary.test), (Money::ZERO, Money::ZERO, true));
    assert_eq!(summary.buyers[0].price, Some(money("20")));
}

#[test]
fn amounts_beyond_all_limits_do_no_harm() {
    let most = Money::from_millionths(i64::MAX);
    let script = format!("submitted; delivered a {most}; delivered b {most}; completed success -{most}");
    assert_eq!((fold(&script, false).0.revenue, fold(&script, false).0.margin()), (most, most));
}

#[test]
fn the_path_is_bounded_and_the_rest_is_still_counted() {
    let steps: Vec<String> = (0..250).map(|step| format!("passed s{step}")).collect();
    let script = format!("submitted; {}", steps.join("; "));
    // The numbers of events wrap; only their count matters here.
    let events: Vec<_> = script.split(';').map(|line| (head(1, false), kind(line))).collect();
    let summary = LeadSummary::of(events.iter().map(|(head, kind)| (head, kind))).unwrap();
    assert_eq!((summary.path.len(), summary.events), (PATH_POINTS_MAX, 251));
}

#[test]
fn without_events_there_is_no_lead() {
    assert_eq!(LeadSummary::of([]), None);
}

#[test]
fn states_are_read_from_their_words() {
    for state in LeadState::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    assert_eq!(
        "won".parse::<LeadState>().unwrap_err().to_string(),
        "\"won\" is not a state of a lead; use running, rejected, accepted, sold, returned, converted or error"
    );
}
