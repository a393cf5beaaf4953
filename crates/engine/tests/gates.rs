//! Leads before the gates of a flow and of buyers: hours, duplicates, lists, caps and budgets; each told as
//! the chain of its events.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{ChainId, EventKind, FaultKind, ListItem, Money, Outcome};
use engine::{Answered, Asking, Call, CallFault, Parties, Submission};
use expect_test::{Expect, expect};
use wire::flow_file::{EntityFile, FlowFile};
use wire::outbound::Reply;

use crate::support::{House, start};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form A }
  src_call: { kind: source, name: Call Centre }
  buyer_premier: { kind: buyer, name: Premier Leads }
flow:
  id: flow_roofs
  name: Roofs
  time_zone: America/Chicago
  fields:
    email: { type: email, required: true }
    phone_1: phone
    state: state
  GATES
  accept: { require: { field: lead.email, op: format is valid }, reason: Incomplete contact data }
  price: { fixed: 8.00 }
  sources:
    - { entity: src_web, key_required: false SOURCE }
    - { entity: src_call, key_required: false }
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
      response: { price: { path: bid, fallback: 25 }, outcome: { path: status, term: accepted } }
      price: { from: reply, max_price: 30.00 }
      retry: { attempts: 3, backoff: [ 10s ] }
      RECIPIENT
    - { id: sold, kind: filter, require: { field: premier.outcome, op: is equal to, value: success }, reason: No buyer }
"#;

/// What stands in the places of the flow's text: `gates: hours: {}`, `source: caps: []`.
fn flow(gates: &str, source: &str, recipient: &str) -> String {
    let source = if source.is_empty() { String::new() } else { format!(", {source}") };
    FLOW.replace("GATES", gates).replace(" SOURCE", &source).replace("RECIPIENT", recipient)
}

const ANN: [(&str, &str); 3] = [("email", "ann@example.com"), ("phone_1", "512-555-0143"), ("state", "TX")];
const YES: &str = "buyer_premier: 200 {\"status\":\"accepted\",\"bid\":25}";

/// One lead, once the house stands so.
async fn check(flow: &str, script: &str, lead: &[(&str, &str)], expected: Expect) {
    let house = House::new(flow, script).await;
    let submitted = house.submit(lead).await;
    house.retry_all().await;
    expected.assert_eq(&house.chain(submitted.lead_id));
    house.close();
}

#[tokio::test]
async fn outside_the_hours_of_the_flow_a_lead_is_rejected() {
    // The clock stands at four in the morning in Chicago, on a Monday.
    check(&flow("hours: { mon-fri: [ \"06:00-22:00\" ] }", "", ""), YES, &ANN, expect![[r#"
        source.submitted
        source.rejected      (outside_hours: Outside hours of operation)
        flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (outside_hours: Outside hours of operation)
    "#]]).await;
    check(
        &flow("hours: { mon: [ \"03:00-05:00\" ] }", "", ""),
        YES,
        &ANN,
        expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.attempted  premier attempt 1
        recipient.delivered  premier attempt 1 price 25
        filter.passed        sold
        flow.completed       success, 2 steps, 1 sold, cost 8 revenue 25 margin 17
    "#]],
    )
    .await;
    check(&flow("", "hours: { tue: [ 24h ] }", ""), YES, &ANN, expect![[r#"
        source.submitted
        source.rejected      (outside_hours: Outside hours of operation)
        flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (outside_hours: Outside hours of operation)
    "#]]).await;
}

#[tokio::test]
async fn outside_the_hours_of_a_buyer_it_is_not_asked() {
    check(
        &flow("", "", "hours: { mon: [ \"05:00-06:00\" ] }"),
        YES,
        &ANN,
        expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.skipped    premier (outside_hours: Outside hours of operation)
        filter.failed        sold (criteria: No buyer)
        flow.completed       failure, 1 steps, 0 sold, cost 0 revenue 0 margin 0 (criteria: No buyer)
    "#]],
    )
    .await;
    let house = House::new(&flow("", "", ""), YES).await;
    // Ten in the morning where the buyer is.
    set(&house, "buyer_premier", "{ time_zone: UTC, hours: { mon: [ \"09:00-11:00\" ] } }").await;
    let open = house.submit(&ANN).await;
    house.advance(Duration::from_secs(3600));
    let closed = house.submit(&[("email", "bob@example.com")]).await;
    expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.attempted  premier attempt 1
        recipient.delivered  premier attempt 1 price 25
        filter.passed        sold
        flow.completed       success, 2 steps, 1 sold, cost 8 revenue 25 margin 17
        source.submitted
        source.accepted      price 8
        recipient.skipped    premier (outside_hours: Outside hours of operation)
        filter.failed        sold (criteria: No buyer)
        flow.completed       failure, 1 steps, 0 sold, cost 0 revenue 0 margin 0 (criteria: No buyer)
    "#]]
    .assert_eq(&format!("{}{}", house.chain(open.lead_id), house.chain(closed.lead_id)));
    house.close();
}

async fn set(house: &House, entity: &str, settings: &str) {
    let id = entity.parse().unwrap();
    let file = EntityFile::read(&id, settings).unwrap_or_else(|error| panic!("{error}"));
    house.control.change_entity("system", &id, None, Some(file)).await.unwrap().unwrap();
}

const SAME_PHONE: &str = "duplicates: [ { name: Same phone, key: \"{{lead.phone_1}}\", window: 30d, scope: SCOPE, against: AGAINST } ]";

fn same_phone(scope: &str, against: &str) -> String {
    flow(&SAME_PHONE.replace("SCOPE", scope).replace("AGAINST", against), "", "")
}

#[tokio::test]
async fn a_duplicate_is_rejected_and_names_the_earlier_lead() {
    let house = House::new(&same_phone("flow", "accepted"), YES).await;
    let first = house.submit(&ANN).await;
    house.advance(Duration::from_secs(3 * 24 * 3600));
    let twin = house.submit(&[("email", "other@example.com"), ("phone_1", "+1 (512) 555-0143")]).await;
    expect![[r#"
        source.submitted
        source.rejected      (duplicate: Duplicate: Previously submitted 2024-01-15)
        flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (duplicate: Duplicate: Previously submitted 2024-01-15)
    "#]].assert_eq(&house.chain(twin.lead_id));
    let events = house.events(twin.lead_id);
    let EventKind::SourceRejected { duplicate_of, .. } = &events[1].kind else { panic!("it is rejected") };
    assert_eq!(*duplicate_of, Some(first.lead_id));
    // A key that is blank is like no other, and a window has an end.
    for _ in 0..2 {
        assert_eq!(house.submit(&[("email", "ann@example.com")]).await.answer.outcome, Outcome::Success);
    }
    house.advance(Duration::from_secs(28 * 24 * 3600));
    assert_eq!(house.submit(&ANN).await.answer.outcome, Outcome::Success);
    house.close();
}

/// A copy is no sale: whether its recipient got one says nothing of who has the lead.
#[tokio::test]
async fn a_copy_that_may_have_been_made_keeps_no_later_lead_away() {
    let copy = r#"    - id: crm
      kind: recipient
      entity: buyer_crm
      counts_as: copy
      integration: custom_json
      request: { url: "https://own.example.com/copies", fields: { mail: "{{lead.email}}" } }
      retry: { attempts: 1 }
    - { id: sold,"#;
    let flow = same_phone("flow", "sold")
        .replace("  buyer_premier:", "  buyer_crm: { kind: buyer, name: Own Records }\n  buyer_premier:")
        .replace("    - { id: sold,", copy);
    let script = "buyer_premier: 200 {\"status\":\"no\"}\n buyer_crm: reset";
    let house = House::new(&flow, script).await;
    house.submit(&ANN).await;
    let second = house.chain(house.submit(&ANN).await.lead_id);
    let house = House::open(house.close(), start(), script);
    house.engine.resume().await.unwrap();
    let third = house.chain(house.submit(&ANN).await.lead_id);
    expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.attempted  premier attempt 1
        recipient.failed     premier attempt 1 (declined: Buyer gave no reason)
        recipient.attempted  crm attempt 1
        recipient.error      crm attempt 1 unknown (unknown: Buyer reply not complete: connection reset)
        filter.failed        sold (criteria: No buyer)
        flow.completed       failure, 3 steps, 0 sold, cost 0 revenue 0 margin 0 (criteria: No buyer)
    "#]]
    .assert_eq(&second);
    assert_eq!(third, second);
    house.close();
}

/// Windows are kept by the second, and yet a lead counts to the end of its own.
#[tokio::test]
async fn a_lead_counts_for_the_last_part_of_a_second_of_its_window_too() {
    let house = House::new(&same_phone("flow", "accepted"), YES).await;
    house.advance(Duration::from_millis(500));
    let first = house.submit(&ANN).await;
    let over = first.lead_id.drawn_at().plus_millis(30 * 24 * 3600 * 1000);
    house.clock.advance_to(over.plus_millis(-300));
    let twin = house.submit(&ANN).await;
    house.clock.advance_to(over);
    let later = house.submit(&ANN).await;
    expect![[r#"
        source.submitted
        source.rejected      (duplicate: Duplicate: Previously submitted 2024-01-15)
        flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (duplicate: Duplicate: Previously submitted 2024-01-15)
        source.submitted
        source.accepted      price 8
        recipient.attempted  premier attempt 1
        recipient.delivered  premier attempt 1 price 25
        filter.passed        sold
        flow.completed       success, 2 steps, 1 sold, cost 8 revenue 25 margin 17
    "#]].assert_eq(&format!("{}{}", house.chain(twin.lead_id), house.chain(later.lead_id)));
    house.close();
}

/// Submissions in order, each `source phone`, to a buyer that answers so; what each came to, before and
/// after a restart: `+` success, `-` failure, `d` duplicate.
async fn duplicates(flow: &str, script: &str, leads: &str, wanted: &str) {
    let mut house = House::new(flow, script).await;
    let mut told = String::new();
    for lead in leads.split(", ") {
        if lead == "restart" {
            house = House::open(house.close(), start(), script);
            house.engine.resume().await.unwrap();
            house.engine.idle().await;
            continue;
        }
        if lead == "retries" {
            house.retry_all().await;
            continue;
        }
        let (source, phone) = lead.split_once(' ').unwrap();
        let (test, phone) = phone.strip_prefix("test ").map_or((false, phone), |phone| (true, phone));
        let parameters =
            [("email", if phone == "bad" { "no" } else { "a@example.com" }), ("phone_1", "512-555-0143")];
        let submission = Submission { test, ..house.submission("flow_roofs", source, &parameters) };
        let submitted = house.engine.submit(submission).await.unwrap();
        let is_duplicate = submitted.answer.reason.is_some_and(|reason| reason.code.as_str() == "duplicate");
        told.push(match submitted.answer.outcome {
            Outcome::Success => '+',
            _ if is_duplicate => 'd',
            _ => '-',
        });
    }
    house.close();
    assert_eq!(told, wanted, "{leads}");
}

#[tokio::test]
async fn what_counts_as_a_duplicate_is_what_the_rule_says_also_after_a_restart() {
    let no = "buyer_premier: 200 {\"status\":\"no\"}";
    let accepted = same_phone("flow", "accepted");
    duplicates(&accepted, YES, "src_web a, src_call b, restart, src_web c", "+dd").await;
    // Refused by a rule: not accepted, so the next one is no duplicate.
    duplicates(&accepted, YES, "src_web bad, src_web a, src_web bad", "-+d").await;
    duplicates(&accepted, no, "src_web a, src_web b, restart, src_web c", "-dd").await;
    let by_source = same_phone("source", "accepted");
    duplicates(&by_source, YES, "src_web a, src_call b, restart, src_web c, src_call d", "++dd").await;
    let submitted = same_phone("flow", "submitted");
    duplicates(&submitted, YES, "src_web bad, src_web a, restart, src_web b", "-dd").await;
    let sold = same_phone("flow", "sold");
    duplicates(&sold, no, "src_web a, src_web b, restart, src_web c", "---").await;
    duplicates(&sold, YES, "src_web a, src_web b, restart, src_web c", "+dd").await;
    // A buyer that may have it: nobody knows, so it counts.
    let unknown = "buyer_premier: timeout | timeout | timeout | 200 {\"status\":\"no\"}";
    duplicates(&sold, unknown, "src_web a, src_web b, restart, src_web c", "-dd").await;
    // The same where no retry and no cap tell of it: after the restart it was taken for unsold.
    let once = sold.replace("retry: { attempts: 3, backoff: [ 10s ] }", "");
    assert_ne!(once, sold);
    let unknown = "buyer_premier: timeout | 200 {\"status\":\"no\"}";
    duplicates(&once, unknown, "src_web a, src_web b, restart, src_web c", "-dd").await;
    // Retries end with a no.
    let late = "buyer_premier: refused | 200 {\"status\":\"no\"}";
    duplicates(&sold, late, "src_web a, src_web b, retries, src_web c", "-d-").await;
    // Test leads stay out.
    duplicates(&accepted, YES, "src_web test a, src_web b, src_web test c", "+++").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_identical_leads_at_once_exactly_one_is_accepted() {
    let house = House::new(&same_phone("flow", "accepted"), YES).await;
    let mut tasks = Vec::new();
    for _ in 0..1000 {
        let (engine, submission) = (house.engine.clone(), house.submission("flow_roofs", "src_web", &ANN));
        tasks.push(tokio::spawn(async move { engine.submit(submission).await.unwrap() }));
    }
    let mut outcomes: HashMap<&str, u32> = HashMap::new();
    let mut accepted = Vec::new();
    let mut earlier = Vec::new();
    for task in tasks {
        let submitted = task.await.unwrap();
        *outcomes.entry(submitted.answer.outcome.as_str()).or_default() += 1;
        match &house.events(submitted.lead_id)[1].kind {
            EventKind::SourceAccepted { .. } => accepted.push(submitted.lead_id),
            EventKind::SourceRejected { duplicate_of, .. } => earlier.push(duplicate_of.unwrap()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((outcomes["success"], outcomes["failure"]), (1, 999));
    assert_eq!((accepted.len(), earlier.len()), (1, 999));
    assert!(earlier.iter().all(|lead| *lead == accepted[0]));
    house.close();
}

#[tokio::test]
async fn a_lead_on_a_suppression_list_is_rejected() {
    let suppress = "suppress: [ { list: dnc, value: \"{{lead.phone_1}}\", reason: On do-not-call list }, { list: old, value: \"{{lead.email}}\" } ]";
    let house = House::new(&flow(suppress, "", ""), YES).await;
    let add = async |list: &str, value: &str| {
        let items = vec![ListItem::read(value).unwrap()];
        house.control.add_to_list("system", &list.parse().unwrap(), items).await.unwrap().unwrap()
    };
    assert_eq!(house.submit(&ANN).await.answer.outcome, Outcome::Success);
    assert_eq!(add("dnc", "512.555.0143").await.items, 1);
    // SHA-256 of bob@example.com.
    add("old", "5ff860bf1190596c7188ab851db691f0f3169c453936e9e1eba2f9a47f7a0018").await;
    let phone = house.submit(&ANN).await;
    let email = house.submit(&[("email", "Bob@Example.com")]).await;
    expect![[r#"
        source.submitted
        source.rejected      (suppressed: On do-not-call list)
        flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (suppressed: On do-not-call list)
        source.submitted
        source.rejected      (suppressed: On suppression list old)
        flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (suppressed: On suppression list old)
    "#]].assert_eq(&format!("{}{}", house.chain(phone.lead_id), house.chain(email.lead_id)));

    // What is on a list is there after a restart, and what was taken off is not.
    let house = House::open(house.close(), start(), YES);
    assert_eq!(house.submit(&ANN).await.answer.outcome, Outcome::Failure);
    let dnc = "dnc".parse().unwrap();
    house
        .control
        .remove_from_list("system", &dnc, vec![ListItem::read("5125550143").unwrap()])
        .await
        .unwrap();
    assert_eq!(house.submit(&ANN).await.answer.outcome, Outcome::Success);
    assert!(matches!(
        house.control.delete_list("system", &dnc).await,
        Err(engine::ControlError::ListInUse { .. })
    ));
    house.control.publish_flow("system", &FlowFile::read(&flow("", "", "")).unwrap()).await.unwrap();
    assert!(house.control.delete_list("system", &dnc).await.unwrap());
    let house = House::open(house.close(), start(), YES);
    assert!(house.control.list(&dnc).is_none());
    house.close();
}

#[tokio::test]
async fn a_list_is_never_recorded_in_the_clear() {
    let house = House::new(&flow("", "", ""), YES).await;
    let name = "dnc".parse().unwrap();
    house.control.put_list("system", &name, Some(3_600_000)).await.unwrap();
    let items = ["512-555-0143", "ann@example.com"].map(|text| ListItem::read(text).unwrap());
    house.control.add_to_list("system", &name, items.to_vec()).await.unwrap();
    let found = |house: &House, text: &str| {
        house.control.find_on_list(&name, &ListItem::read(text).unwrap()).is_some()
    };
    assert!(found(&house, "ANN@example.com"));
    house.advance(Duration::from_secs(3700));
    assert!(!found(&house, "ANN@example.com"), "it stays for an hour");
    let reader = house.control.ledger().reader();
    let seqs: Vec<u64> = (0..reader.next_seq()).collect();
    for record in reader.records(&seqs).unwrap() {
        let text = String::from_utf8_lossy(&record.header).into_owned()
            + &String::from_utf8_lossy(record.body.bytes().unwrap_or_default());
        assert!(!text.contains("5125550143") && !text.contains("ann@example.com"), "{text}");
    }
    house.close();
}

/// A clock that is set back shows a moment before the cap was made. What is counted then is counted after the
/// next start as well.
#[tokio::test]
async fn a_cap_of_a_party_counts_what_came_after_it_whatever_the_clock_shows() {
    let plain = flow("", "", "");
    let house = House::new(&plain, YES).await;
    set(&house, "buyer_premier", "{ caps: [ { name: Budget, max_spend: 60, per: day, every: 1000 } ] }")
        .await;
    set(&house, "src_web", "{ caps: [ { name: Few, max_leads: 5, per: day, every: 1000 } ] }").await;
    let back = start().plus_millis(-60_000);
    let house = House::open(house.close(), back, YES);
    let lead = house.submit(&ANN).await;
    expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.attempted  premier attempt 1
        recipient.delivered  premier attempt 1 price 25
        filter.passed        sold
        flow.completed       success, 2 steps, 1 sold, cost 8 revenue 25 margin 17
    "#]]
    .assert_eq(&house.chain(lead.lead_id));
    let wanted = expect![[r#"
        buyer_premier/budget 25 used 0 reserved of 60
        src_web/few 1 used 0 reserved of 5
    "#]];
    wanted.assert_eq(&house.caps());
    let house = House::open(house.close(), back, YES);
    house.engine.resume().await.unwrap();
    wanted.assert_eq(&house.caps());
    let other = || house.submission("flow_roofs", "src_call", &ANN);
    house.engine.submit(other()).await.unwrap();
    let full = house.engine.submit(other()).await.unwrap();
    expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.failed     (cap_reached: Budget reached (50/60))
        filter.failed        sold (criteria: No buyer)
        flow.completed       failure, 2 steps, 0 sold, cost 0 revenue 0 margin 0 (criteria: No buyer)
    "#]]
    .assert_eq(&house.chain(full.lead_id));
    let at = |place: usize| house.events(full.lead_id)[place].head.at;
    assert!(at(1) < start() && at(2) >= start(), "it is refused at a moment at which the budget was full");
    house.close();
}

/// The cap counts the lead at a later moment than the clock shows, at which the window of the earlier one is over.
#[tokio::test]
async fn a_cap_made_before_the_clock_was_set_back_ends_no_window_of_duplicates() {
    let house = House::new(&same_phone("flow", "accepted"), YES).await;
    set(&house, "src_web", "{ caps: [ { name: Few, max_leads: 5, per: day, every: 1000 } ] }").await;
    let back = start().plus_millis(-40 * 24 * 3600 * 1000);
    let house = House::open(house.close(), back, YES);
    let first = house.submission("flow_roofs", "src_call", &ANN);
    assert_eq!(house.engine.submit(first).await.unwrap().answer.outcome, Outcome::Success);
    for _ in 0..2 {
        let twin = house.submit(&ANN).await;
        assert_eq!(twin.answer.reason.unwrap().code, domain::ReasonCode::Duplicate);
        assert!(house.events(twin.lead_id)[1].head.at < start(), "it is refused when it comes");
    }
    house.close();
}

#[tokio::test]
async fn a_full_cap_of_a_flow_or_a_source_rejects_and_no_other_counts() {
    let both = flow(
        "caps: [ { name: Monthly cap, max_leads: 2, per: month } ]",
        "caps: [ { name: Hourly cap, max_leads: 1, per: hour } ]",
        "",
    );
    let house = House::new(&both, YES).await;
    let lead = async |source: &str| {
        let submission = house.submission("flow_roofs", source, &ANN);
        house.engine.submit(submission).await.unwrap().lead_id
    };
    lead("src_web").await;
    let full = lead("src_web").await;
    assert_eq!(
        house.caps(),
        "flow_roofs/monthly_cap 1 used 0 reserved of 2\nflow_roofs.src_web/hourly_cap 1 used 0 reserved of 1\n"
    );
    lead("src_call").await;
    let month = lead("src_call").await;
    expect![[r#"
        source.submitted
        source.rejected      (cap_reached: Hourly cap reached (1/1))
        flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (cap_reached: Hourly cap reached (1/1))
        source.submitted
        source.rejected      (cap_reached: Monthly cap reached (2/2))
        flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (cap_reached: Monthly cap reached (2/2))
    "#]].assert_eq(&format!("{}{}", house.chain(full), house.chain(month)));
    house.close();
}

#[tokio::test]
async fn a_lead_that_ends_in_failure_counts_in_no_cap_of_its_flow() {
    let cap = flow("caps: [ { name: Daily cap, max_leads: 1, per: day } ]", "", "");
    let script = "buyer_premier: 200 {\"status\":\"no\"} | 200 {\"status\":\"accepted\"}";
    let house = House::new(&cap, script).await;
    assert_eq!(house.submit(&ANN).await.answer.outcome, Outcome::Failure);
    assert_eq!(house.caps(), "flow_roofs/daily_cap 0 used 0 reserved of 1\n");
    assert_eq!(house.submit(&ANN).await.answer.outcome, Outcome::Success);
    assert_eq!(house.submit(&ANN).await.answer.reason.unwrap().text.as_ref(), "Daily cap reached (1/1)");
    let house = House::open(house.close(), start(), script);
    house.engine.resume().await.unwrap();
    assert_eq!(house.caps(), "flow_roofs/daily_cap 1 used 0 reserved of 1\n");
    house.close();
}

#[tokio::test]
async fn a_full_cap_of_a_buyer_fails_without_asking_and_the_flow_goes_on() {
    let house = House::new(&flow("", "", ""), YES).await;
    set(&house, "buyer_premier", "{ caps: [ { name: Daily cap, max_leads: 1, per: day } ] }").await;
    house.submit(&ANN).await;
    let full = house.submit(&ANN).await;
    expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.failed     (cap_reached: Daily cap reached (1/1))
        filter.failed        sold (criteria: No buyer)
        flow.completed       failure, 2 steps, 0 sold, cost 0 revenue 0 margin 0 (criteria: No buyer)
    "#]]
    .assert_eq(&house.chain(full.lead_id));
    assert_eq!(house.parties.seen().len(), 1);
    // Another maximum goes on with the count, another period begins anew.
    set(&house, "buyer_premier", "{ caps: [ { name: Daily cap, max_leads: 2, per: day } ] }").await;
    assert_eq!(house.caps(), "buyer_premier/daily_cap 1 used 0 reserved of 2\n");
    let house = House::open(house.close(), start().plus_millis(60_000), YES);
    house.engine.resume().await.unwrap();
    assert_eq!(house.caps(), "buyer_premier/daily_cap 1 used 0 reserved of 2\n");
    set(&house, "buyer_premier", "{ caps: [ { name: Daily cap, max_leads: 2, per: week } ] }").await;
    assert_eq!(house.caps(), "buyer_premier/daily_cap 0 used 0 reserved of 2\n");
    house.close();
}

#[tokio::test]
async fn a_unit_is_held_while_nobody_knows_and_given_back_when_it_is_known() {
    let one = "caps: [ { name: Daily cap, max_leads: 1, per: day } ]";
    // A known fault gives the unit back; by the time of the retry it is another lead's.
    let house = House::new(&flow("", "", one), &format!("buyer_premier: refused | {}", &YES[15..])).await;
    let first = house.submit(&ANN).await;
    let second = house.submit(&ANN).await;
    house.retry_all().await;
    expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.attempted  premier attempt 1
        recipient.error      premier attempt 1 connect (connection: Buyer not reachable: connection refused)
        retry.scheduled      premier attempt 2 in about 11 s
        filter.failed        sold (criteria: No buyer)
        flow.completed       failure, 2 steps, 0 sold, cost 0 revenue 0 margin 0 (criteria: No buyer)
        recipient.failed     (cap_reached: Daily cap reached (1/1))
    "#]]
    .assert_eq(&house.chain(first.lead_id));
    assert_eq!(second.answer.outcome, Outcome::Success);
    house.close();
    // After a time-out the buyer may have it: the unit is held until a retry tells.
    let script = format!("buyer_premier: timeout | {}", &YES[15..]);
    let house = House::new(&flow("", "", one), &script).await;
    let first = house.submit(&ANN).await;
    let second = house.submit(&ANN).await;
    assert_eq!(second.answer.outcome, Outcome::Failure);
    assert_eq!(house.caps(), "flow_roofs.premier/daily_cap 0 used 1 reserved of 1\n");
    let house = House::open(house.close(), start(), YES);
    house.engine.resume().await.unwrap();
    assert_eq!(house.caps(), "flow_roofs.premier/daily_cap 0 used 1 reserved of 1\n");
    house.retry_all().await;
    assert_eq!(house.caps(), "flow_roofs.premier/daily_cap 1 used 0 reserved of 1\n");
    expect![[r#"
        source.submitted
        source.accepted      price 8
        recipient.attempted  premier attempt 1
        recipient.error      premier attempt 1 timeout (timeout: Buyer timeout after 10000ms)
        retry.scheduled      premier attempt 2 in about 11 s
        filter.failed        sold (criteria: No buyer)
        flow.completed       failure, 2 steps, 0 sold, cost 0 revenue 0 margin 0 (criteria: No buyer)
        retry.attempted      premier attempt 2
        recipient.attempted  premier attempt 2
        recipient.delivered  premier attempt 2 price 25
    "#]]
    .assert_eq(&house.chain(first.lead_id));
    house.close();
}

#[tokio::test]
async fn a_budget_reserves_the_most_and_pays_the_price_and_is_never_overspent() {
    let budget = "caps: [ { name: Budget, max_spend: 100, per: day } ]";
    let script = "buyer_premier: 200 {\"status\":\"accepted\",\"bid\":12.50} | 200 {\"status\":\"no\"} | 200 {\"status\":\"accepted\",\"bid\":99}";
    let house = House::new(&flow("", "", budget), script).await;
    let mut paid = Vec::new();
    for _ in 0..7 {
        let lead = house.submit(&ANN).await;
        for event in house.events(lead.lead_id) {
            match event.kind {
                EventKind::RecipientDelivered { price, .. } => paid.push(price.amount.to_string()),
                EventKind::RecipientFailed { reason, .. } => paid.push(reason.text.to_string()),
                _ => {}
            }
        }
    }
    // A reply that names 99 counts as the 30 that were agreed on.
    assert_eq!(
        paid,
        [
            "12.5",
            "Buyer gave no reason",
            "30",
            "30",
            "Budget reached (72.5/100)",
            "Budget reached (72.5/100)",
            "Budget reached (72.5/100)"
        ]
    );
    assert_eq!(house.caps(), "flow_roofs.premier/budget 72.5 used 0 reserved of 100\n");
    house.close();
}

/// Or a buyer that names less than nothing now and then would buy more than its budget allows.
#[tokio::test]
async fn a_reply_that_names_less_than_nothing_gives_no_budget_back() {
    let budget = "caps: [ { name: Budget, max_spend: 100, per: day } ]";
    let named = |bid: &str| format!("200 {{\"status\":\"accepted\",\"bid\":{bid}}}");
    let script = format!("buyer_premier: {} | {} | {}", named("30"), named("-30"), named("30"));
    let house = House::new(&flow("", "", budget), &script).await;
    let mut used = Vec::new();
    for _ in 0..3 {
        house.submit(&ANN).await;
        used.push(house.caps());
    }
    let at = |used: &str| format!("flow_roofs.premier/budget {used} used 0 reserved of 100\n");
    assert_eq!(used, [at("30"), at("30"), at("60")]);
    house.close();
}

#[tokio::test]
async fn test_leads_count_in_no_cap() {
    let all = flow(
        "caps: [ { name: Daily cap, max_leads: 0, per: day } ]",
        "",
        "caps: [ { name: Daily cap, max_leads: 0, per: day } ]",
    );
    let house = House::new(&all, YES).await;
    let submission = Submission { test: true, ..house.submission("flow_roofs", "src_web", &ANN) };
    let submitted = house.engine.submit(submission).await.unwrap();
    assert_eq!(submitted.answer.outcome, Outcome::Success);
    assert!(house.caps().lines().all(|line| line.ends_with("0 used 0 reserved of 0")), "{}", house.caps());
    house.close();
}

#[tokio::test]
async fn a_budget_of_a_party_needs_prices_that_are_known() {
    let open = flow("", "", "").replace(", max_price: 30.00", "");
    let house = House::new(&open, YES).await;
    let id = "buyer_premier".parse().unwrap();
    let budget = EntityFile::read(&id, "{ caps: [ { name: Budget, max_spend: 5, per: day } ] }").unwrap();
    let error = house.control.change_entity("system", &id, None, Some(budget.clone())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the budget buyer_premier/budget needs \"max_price\" in the price of the step premier, since the reply tells what it pays"
    );
    let known = FlowFile::read(&flow("", "", "")).unwrap();
    house.control.publish_flow("system", &known).await.unwrap();
    house.control.change_entity("system", &id, None, Some(budget)).await.unwrap().unwrap();
    let error = house.control.publish_flow("system", &FlowFile::read(&open).unwrap()).await.unwrap_err();
    assert!(error.to_string().starts_with("the budget buyer_premier/budget needs"), "{error}");
    house.close();
}

/// A buyer with a book. What it says to a delivery is drawn from its id and how often it came; once it took
/// a lead, it has it.
#[derive(Debug, Default)]
struct Buyer {
    /// By delivery id: how often it came, and whether it was taken.
    book: Mutex<HashMap<String, (u32, bool)>>,
}

impl Buyer {
    fn taken(&self) -> usize {
        self.book.lock().unwrap().values().filter(|(_, taken)| *taken).count()
    }
}

impl Parties for Buyer {
    fn ask(&self, call: Call) -> Asking<'_> {
        let reply = |status, body: &str| {
            let headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
            let reply = Reply { status, headers, body: body.as_bytes().to_vec() };
            Ok(Answered { reply, redirects: Vec::new(), waited: Duration::ZERO })
        };
        let fault = |kind| Err(CallFault::new(kind, "so it is", Duration::ZERO));
        let mut headers = call.request.headers.iter();
        let (_, id) = headers.find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key")).unwrap();
        let id = id.clone();
        let mut book = self.book.lock().unwrap();
        let (times, taken) = book.entry(id.clone()).or_default();
        *times += 1;
        let draw = id.bytes().map(u32::from).sum::<u32>().wrapping_add(*times * 7) % 12;
        let answer = match draw {
            _ if *taken => reply(200, "{\"status\":\"accepted\",\"bid\":25}"),
            0..=3 => reply(200, "{\"status\":\"no\"}"),
            4 if *times == 1 => reply(503, ""),
            5 if *times == 1 => fault(FaultKind::Connect),
            // It took the lead, and nobody heard of it.
            6 if *times == 1 => {
                *taken = true;
                fault(FaultKind::Timeout)
            }
            _ => {
                *taken = true;
                reply(200, "{\"status\":\"accepted\",\"bid\":25}")
            }
        };
        drop(book);
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        })
    }
}

/// A cap of 100 and a budget as large, 64 senders at a time, a third of the answers a no and some none at
/// all; the process ends in the middle of it ten times. What stands in the buyer's book is what counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cap_is_never_exceeded_and_is_reached_through_ten_crashes() {
    let capped = flow(
        "caps: [ { name: Flow cap, max_leads: 120, per: day } ]",
        "",
        "caps: [ { name: Hundred, max_leads: 100, per: day }, { name: Budget, max_spend: 3000, per: day } ]",
    )
    // So many attempts that none ends without an answer, whatever crashes between.
    .replace("attempts: 3", "attempts: 20");
    let buyer = Arc::new(Buyer::default());
    let among = || Arc::clone(&buyer) as Arc<dyn Parties>;
    let mut now = start();
    let mut house = House::open_among(tempfile::tempdir().unwrap(), now, among());
    house.control.publish_flow("system", &FlowFile::read(&capped).unwrap()).await.unwrap();
    let mut lives = 0_usize;
    loop {
        let mut senders = Vec::new();
        for _ in 0..64 {
            let (engine, submission) =
                (house.engine.clone(), house.submission("flow_roofs", "src_web", &ANN));
            senders.push(tokio::spawn(async move { engine.submit(submission).await }));
        }
        if lives < 10 {
            // As many are answered as there were lives; then the log ends wherever the others are.
            for sender in senders.drain(..3 + lives) {
                sender.await.unwrap().unwrap();
            }
        } else {
            for sender in senders {
                sender.await.unwrap().unwrap();
            }
            house.engine.idle().await;
            house.retry_all().await;
            let sold = check_sold(&house, &buyer);
            assert!(lives < 60, "the cap is reached some day: {sold} are sold");
            if sold == 100 {
                break;
            }
        }
        lives += 1;
        now = now.plus_millis(60_000);
        house = House::open_among(house.close(), now, among());
        house.engine.resume().await.unwrap();
        house.engine.idle().await;
        assert!(buyer.taken() <= 100, "{} are in the buyer's book", buyer.taken());
    }
    assert_eq!(buyer.taken(), 100);
    assert!(
        house.caps().contains("flow_roofs.premier/hundred 100 used 0 reserved of 100"),
        "{}",
        house.caps()
    );
    house.close();
}

/// How many leads were delivered by the events: as many as the counter says, and the buyer's book.
fn check_sold(house: &House, buyer: &Buyer) -> usize {
    let reader = house.leads.reader();
    let mut sold = 0;
    let mut spent = Money::ZERO;
    for (chain, _) in reader.chains() {
        let ChainId::Lead(lead_id) = chain else { continue };
        for event in house.events(lead_id) {
            if let EventKind::RecipientDelivered { price, .. } = event.kind {
                sold += 1;
                spent = spent.checked_add(price.amount).unwrap();
            }
        }
    }
    let count = |name: &str| {
        let standing = house.engine.caps().into_iter().find(|standing| &*standing.cap.name == name).unwrap();
        (standing.count.used.to_string(), standing.count.reserved.to_string())
    };
    assert!(
        sold <= 100 && sold <= buyer.taken() && buyer.taken() <= 100,
        "{sold} sold, {} taken",
        buyer.taken()
    );
    assert_eq!(count("Hundred").0, sold.to_string());
    assert_eq!(count("Budget").0, spent.to_string());
    sold
}
