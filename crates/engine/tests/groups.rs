//! Leads that several buyers could have, each told as the chain of its events.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use domain::{EventKind, LeadId, Money, StepId};
use engine::{Parties, Report, ReportKind, Sale, Submission};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use testkit::HeldParties;
use wire::flow_file::FlowFile;

use crate::support::House;

/// A flow with one group of three buyers; `group` has its keys, `each` those of every recipient.
fn flow(group: &str, each: &str) -> String {
    let recipient = |id: &str| {
        format!(
            "        - {{ id: {id}, entity: buyer_{id}, integration: custom_json, request: {{ url: \
             \"https://{id}.example.com/\", fields: {{ email: \"{{{{lead.email}}}}\" }} }}, response: {{ outcome: \
             {{ path: status, term: ok }}, reason: {{ path: why }} }}, retry: {{ attempts: 3, backoff: [ 10s, 1m ] \
             }}, {each} }}\n"
        )
    };
    let recipients: String = ["north", "south", "west"].iter().map(|id| recipient(id)).collect();
    format!(
        "entities: {{ src_web: {{ kind: source, name: Web }}, buyer_north: {{ kind: buyer, name: N }}, buyer_south: \
         {{ kind: buyer, name: S }}, buyer_west: {{ kind: buyer, name: W }} }}\nflow:\n  id: flow_roofs\n  name: \
         Roofs\n  fields: {{ email: email }}\n  price: {{ fixed: 4.00 }}\n  sources: [ {{ entity: src_web, \
         key_required: false }} ]\n  steps:\n    - id: sell\n      kind: distribute\n{group}      \
         recipients:\n{recipients}    - {{ id: sold, kind: filter, require: {{ field: sell.outcome, op: is equal to, value: success }} \
         , on_fail: continue }}\n"
    )
}

const ANN: [(&str, &str); 1] = [("email", "ann@example.com")];
const YES: &str = r#"200 {"status":"ok"}"#;
const NO: &str = r#"200 {"status":"no","why":"Declined"}"#;

async fn check(group: &str, each: &str, script: &str, expected: Expect) {
    let script = script.replace("YES", YES).replace("NO", NO);
    let house = House::new(&flow(group, each), &script).await;
    let submitted = house.submit(&ANN).await;
    house.retry_all().await;
    expected.assert_eq(&house.chain(submitted.lead_id));
    house.close();
}

#[tokio::test]
async fn a_waterfall_sells_to_the_first_that_takes_it() {
    check(
        "      strategy: waterfall\n",
        "price: { fixed: 10 }",
        "buyer_north: NO\n buyer_south: YES\n buyer_west: YES",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.attempted  north attempt 1
            recipient.failed     north attempt 1 (declined: Declined)
            recipient.attempted  south attempt 1
            recipient.delivered  south attempt 1 price 10
            filter.passed        sold
            flow.completed       success, 3 steps, 1 sold, cost 4 revenue 10 margin 6
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_known_fault_goes_to_the_next_and_its_retry_finds_the_lead_sold() {
    check(
        "      strategy: waterfall\n",
        "price: { fixed: 10 }",
        "buyer_north: 503 | YES\n buyer_south: YES\n buyer_west: YES",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.attempted  north attempt 1
            recipient.error      north attempt 1 status (status: Buyer error: HTTP 503)
            retry.scheduled      north attempt 2 in about 11 s
            recipient.attempted  south attempt 1
            recipient.delivered  south attempt 1 price 10
            filter.passed        sold
            flow.completed       success, 3 steps, 1 sold, cost 4 revenue 10 margin 6
            recipient.skipped    north (sold_elsewhere: Sold elsewhere)
        "#]],
    )
    .await;
}

#[tokio::test]
async fn an_unknown_end_holds_the_lead_until_a_retry_tells() {
    check(
        "      strategy: waterfall\n      on_unsold: { reason: Nobody }\n",
        "price: { fixed: 10 }",
        "buyer_north: reset | NO\n buyer_south: YES\n buyer_west: YES",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.attempted  north attempt 1
            recipient.error      north attempt 1 unknown (unknown: Buyer reply not complete: connection reset)
            retry.scheduled      north attempt 2 in about 11 s
            flow.completed       error, 1 steps, 0 sold, cost 0 revenue 0 margin 0 (unknown: A buyer may have the lead; its answer is awaited)
            retry.attempted      north attempt 2
            recipient.attempted  north attempt 2
            recipient.failed     north attempt 2 (declined: Declined)
            recipient.attempted  south attempt 1
            recipient.delivered  south attempt 1 price 10
        "#]],
    )
    .await;
}

/// A whole reply of 500 says that the buyer does not have the lead.
#[tokio::test]
async fn a_sale_that_is_held_for_a_retry_is_told_as_that() {
    check(
        "      strategy: waterfall\n      on_unsold: { reason: Nobody }\n",
        "price: { fixed: 10 }, on_error: hold",
        "buyer_north: 500 | YES\n buyer_south: YES\n buyer_west: YES",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.attempted  north attempt 1
            recipient.error      north attempt 1 status (status: Buyer error: HTTP 500)
            retry.scheduled      north attempt 2 in about 11 s
            flow.completed       error, 1 steps, 0 sold, cost 0 revenue 0 margin 0 (no_buyer: No buyer has the lead yet; it is held for a buyer that is asked again)
            retry.attempted      north attempt 2
            recipient.attempted  north attempt 2
            recipient.delivered  north attempt 2 price 10
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_retry_waits_for_a_sale_that_is_held_for_another() {
    check(
        "      strategy: waterfall\n",
        "price: { fixed: 10 }",
        "buyer_north: 500 | YES\n buyer_south: reset | reset | NO\n buyer_west: NO",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.attempted  north attempt 1
            recipient.error      north attempt 1 status (status: Buyer error: HTTP 500)
            retry.scheduled      north attempt 2 in about 11 s
            recipient.attempted  south attempt 1
            recipient.error      south attempt 1 unknown (unknown: Buyer reply not complete: connection reset)
            retry.scheduled      south attempt 2 in about 10 s
            filter.failed        sold (criteria: Sell outcome must be equal to success)
            flow.completed       success, 3 steps, 0 sold, cost 4 revenue 0 margin -4
            retry.attempted      south attempt 2
            recipient.attempted  south attempt 2
            recipient.error      south attempt 2 unknown (unknown: Buyer reply not complete: connection reset)
            retry.scheduled      south attempt 3 in about 65 s
            retry.attempted      south attempt 3
            recipient.attempted  south attempt 3
            recipient.failed     south attempt 3 (declined: Declined)
            recipient.attempted  west attempt 1
            recipient.failed     west attempt 1 (declined: Declined)
            retry.attempted      north attempt 2
            recipient.attempted  north attempt 2
            recipient.delivered  north attempt 2 price 10
        "#]],
    )
    .await;
    check(
        "      strategy: waterfall\n",
        "price: { fixed: 10 }",
        "buyer_north: 500 | YES\n buyer_south: reset | reset | YES\n buyer_west: NO",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.attempted  north attempt 1
            recipient.error      north attempt 1 status (status: Buyer error: HTTP 500)
            retry.scheduled      north attempt 2 in about 11 s
            recipient.attempted  south attempt 1
            recipient.error      south attempt 1 unknown (unknown: Buyer reply not complete: connection reset)
            retry.scheduled      south attempt 2 in about 10 s
            filter.failed        sold (criteria: Sell outcome must be equal to success)
            flow.completed       success, 3 steps, 0 sold, cost 4 revenue 0 margin -4
            retry.attempted      south attempt 2
            recipient.attempted  south attempt 2
            recipient.error      south attempt 2 unknown (unknown: Buyer reply not complete: connection reset)
            retry.scheduled      south attempt 3 in about 65 s
            retry.attempted      south attempt 3
            recipient.attempted  south attempt 3
            recipient.delivered  south attempt 3 price 10
            recipient.skipped    north (sold_elsewhere: Sold elsewhere)
        "#]],
    )
    .await;
}

/// All that a group says at once is one write, which has a bound.
#[tokio::test]
async fn a_group_of_many_buyers_takes_a_lead_as_big_as_leads_may_be() {
    let members = |name: &str, price: &str| -> String {
        let member = |i| {
            format!(
                "        - {{ id: {name}_{i}, entity: buyer_b, integration: custom_json, request: {{ url: \
                 \"https://b.example.com/\" }}, {price} }}\n"
            )
        };
        (0..30).map(member).collect()
    };
    let ping = "price: { from: bid }, ping: { request: { url: \"https://b.example.com/ping\", fields: { notes: \
                \"{{lead.notes}}\" } }, response: { price: { path: bid } } }";
    let flow = format!(
        "entities: {{ src_web: {{ kind: source, name: Web }}, buyer_b: {{ kind: buyer, name: B }} }}\nflow:\n  id: \
         flow_roofs\n  name: Roofs\n  fields: {{ notes: string }}\n  price: {{ fixed: 4.00 }}\n  sources: [ {{ \
         entity: src_web, key_required: false }} ]\n  steps:\n    - id: passed_by\n      kind: distribute\n      \
         when: {{ field: lead.notes, op: is blank }}\n      strategy: waterfall\n      recipients:\n{}    - id: \
         auction\n      kind: distribute\n      strategy: highest_bid\n      recipients:\n{}",
        members("p", "price: { fixed: 1 }"),
        members("a", ping)
    );
    let house = House::new(&flow, "buyer_b: 200 {\"bid\":0}").await;
    // Text that does not get smaller when it is stored.
    let mut state: u64 = 7;
    let letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'0' + u8::try_from(state >> 58).unwrap())
    };
    let notes: String = std::iter::repeat_with(letter).take(1_000_000).collect();
    let lead_id = house.submit(&[("notes", &notes)]).await.lead_id;
    let chain = house.chain(lead_id);
    let count = |kind: &str| chain.lines().filter(|line| line.starts_with(kind)).count();
    assert_eq!((count("recipient.skipped"), count("recipient.bid"), count("flow.completed")), (30, 30, 1));
    house.close();
}

#[tokio::test]
async fn a_buyer_that_took_the_lead_and_did_not_answer_sells_it_by_the_retry() {
    check(
        "      strategy: waterfall\n",
        "price: { fixed: 10 }, on_error: hold",
        "buyer_north: timeout | YES\n buyer_south: YES\n buyer_west: YES",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.attempted  north attempt 1
            recipient.error      north attempt 1 timeout (timeout: Buyer timeout after 10000ms)
            retry.scheduled      north attempt 2 in about 11 s
            filter.failed        sold (criteria: Sell outcome must be equal to success)
            flow.completed       success, 2 steps, 0 sold, cost 4 revenue 0 margin -4
            retry.attempted      north attempt 2
            recipient.attempted  north attempt 2
            recipient.delivered  north attempt 2 price 10
        "#]],
    )
    .await;
}

#[tokio::test]
async fn everybody_may_have_the_lead_but_no_more_than_may_have_it() {
    check(
        "      strategy: all\n      max_sales: 2\n",
        "price: { fixed: 10 }",
        "buyer_north: YES\n buyer_south: YES\n buyer_west: YES",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.attempted  north attempt 1
            recipient.delivered  north attempt 1 price 10
            recipient.attempted  south attempt 1
            recipient.delivered  south attempt 1 price 10
            filter.passed        sold
            flow.completed       success, 3 steps, 2 sold, cost 4 revenue 20 margin 16
        "#]],
    )
    .await;
}

#[tokio::test]
async fn an_unsold_group_ends_the_flow_as_it_says() {
    check(
        "      strategy: waterfall\n      min_margin: 7\n      on_unsold: { outcome: failure, reason: Nobody }\n",
        "price: { fixed: 10 }",
        "",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.skipped    north (price: Offer 10 leaves 6 over the purchase price; at least 7 is asked for)
            recipient.skipped    south (price: Offer 10 leaves 6 over the purchase price; at least 7 is asked for)
            recipient.skipped    west (price: Offer 10 leaves 6 over the purchase price; at least 7 is asked for)
            flow.completed       failure, 0 steps, 0 sold, cost 0 revenue 0 margin 0 (no_buyer: Nobody)
        "#]],
    )
    .await;
}

#[tokio::test]
async fn the_highest_bid_in_time_has_the_lead() {
    let ping = "ping: { request: { url: \"https://x.example.com/ping\" }, response: { price: { path: bid }, reference: \
                { path: id } } }, price: { from: bid, floor: 3 }";
    check(
        "      strategy: highest_bid\n      ping_timeout: 800ms\n",
        ping,
        "buyer_north: slow 900 200 {\"bid\":50} | YES
         buyer_south: slow 700 200 {\"bid\":9,\"id\":\"s1\"} | YES
         buyer_west: 200 {\"bid\":\"2.50\"} | YES",
        expect![[r#"
            source.submitted
            source.accepted      price 4
            recipient.bid        north (timeout: Buyer timeout after 800ms)
            recipient.bid        south bid 9
            recipient.bid        west bid 2.5
            recipient.skipped    west (price: Offer 2.5 is below the floor 3)
            recipient.attempted  south attempt 1
            recipient.delivered  south attempt 1 price 9
            filter.passed        sold
            flow.completed       success, 2 steps, 1 sold, cost 4 revenue 9 margin 5
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_paused_buyer_is_passed_over_and_later_ones_are_asked() {
    let house = House::new(
        &flow("      strategy: round_robin\n", "price: { fixed: 10 }"),
        &"buyer_north: YES\n buyer_south: YES\n buyer_west: NO".replace("YES", YES).replace("NO", NO),
    )
    .await;
    house.control.pause_entity("system", &"buyer_north".parse().unwrap()).await.unwrap();
    let mut buyers = Vec::new();
    for _ in 0..4 {
        buyers.push(winner(&house, house.submit(&ANN).await.lead_id).unwrap().to_string());
    }
    assert_eq!(buyers, ["south", "south", "south", "south"]);
    house.close();
}

async fn check_explained(group: &str, each: &str, script: &str, expected: Expect) {
    let script = script.replace("YES", YES).replace("NO", NO);
    let house = House::new(&flow(group, each), &script).await;
    house.control.pause_entity("system", &"buyer_west".parse().unwrap()).await.unwrap();
    let lead_id = house.submit(&ANN).await.lead_id;
    expected.assert_eq(&house.explained(lead_id));
    house.close();
}

#[tokio::test]
async fn it_is_explained_why_each_buyer_did_or_did_not_get_a_lead() {
    check_explained(
        "      strategy: waterfall\n",
        "price: { fixed: 10 }",
        "buyer_north: NO\n buyer_south: YES",
        expect![[r#"
            north declined (declined: Declined), 1 attempts
            south delivered price 10, 1 attempts
            west sold_elsewhere (sold_elsewhere: Sold to south), 0 attempts
        "#]],
    )
    .await;
    check_explained(
        "      strategy: waterfall\n",
        "price: { fixed: 10 }",
        "buyer_north: reset\n buyer_south: YES",
        expect![[r#"
            north waiting may have it (unknown: Buyer reply not complete: connection reset), 1 attempts
            south sold_elsewhere (sold_elsewhere: Held for north), 0 attempts
            west sold_elsewhere (sold_elsewhere: Held for north), 0 attempts
        "#]],
    )
    .await;
    let ping = "ping: { request: { url: \"https://x.example.com/ping\" }, response: { price: { path: bid } } }, price: { \
                from: bid }";
    check_explained(
        "      strategy: highest_bid\n",
        ping,
        "buyer_north: 200 {\"bid\":5}\n buyer_south: 200 {\"bid\":6} | YES",
        expect![[r#"
            north outbid bid 5 (sold_elsewhere: Sold to south), 0 attempts
            south delivered bid 6 price 6, 1 attempts
            west skipped (paused: Buyer is paused), 0 attempts
        "#]],
    )
    .await;
    check_explained(
        "      strategy: highest_bid\n",
        "price: { fixed: 10 }",
        "buyer_north: YES",
        expect![[r#"
            north delivered bid 10 price 10, 1 attempts
            south outbid bid 10 (sold_elsewhere: Sold to north), 0 attempts
            west skipped (paused: Buyer is paused), 0 attempts
        "#]],
    )
    .await;
    check_explained(
        "      strategy: round_robin\n",
        "price: { fixed: 10 }",
        "buyer_north: YES\n buyer_south: YES",
        expect![[r#"
            north delivered price 10, 1 attempts
            south sold_elsewhere (sold_elsewhere: Sold to north), 0 attempts
            west skipped (paused: Buyer is paused), 0 attempts
        "#]],
    )
    .await;
    check_explained(
        "      strategy: round_robin\n",
        "price: { fixed: 10 }, enabled: false",
        "",
        expect![[r#"
            north disabled (disabled: The flow does not run it), 0 attempts
            south disabled (disabled: The flow does not run it), 0 attempts
            west disabled (disabled: The flow does not run it), 0 attempts
        "#]],
    )
    .await;
}

/// Who has a lead.
fn winner(house: &House, lead_id: LeadId) -> Option<StepId> {
    house.events(lead_id).into_iter().find_map(|event| match event.kind {
        EventKind::RecipientDelivered { call, .. } => Some(call.step_id),
        _ => None,
    })
}

fn report(lead_id: LeadId, kind: ReportKind) -> Report {
    Report {
        sale: Sale::Lead { lead_id, entity_id: "buyer_north".parse().unwrap() },
        kind,
        reason: None,
        value: None,
        days_to_convert: None,
        idempotency_key: None,
        request: b"POST /feedback HTTP/1.1".as_slice().into(),
        request_id: None,
    }
}

#[tokio::test]
async fn a_sale_nobody_knows_of_is_held_until_somebody_tells() {
    let script = "buyer_north: timeout\n buyer_south: YES".replace("YES", YES);
    for (end, told) in [
        (
            ReportKind::NotSold,
            "recipient.failed     north attempt 3 (declined: The buyer reports that it did not take \
             the lead)\nrecipient.attempted  south attempt 1\nrecipient.delivered  south attempt 1 price 10\n",
        ),
        (ReportKind::Sold(None), "recipient.delivered  north attempt 3 price 10\n"),
    ] {
        let house = House::new(&flow("      strategy: waterfall\n", "price: { fixed: 10 }"), &script).await;
        let lead_id = house.submit(&ANN).await.lead_id;
        house.retry_all().await;
        let before = house.chain(lead_id);
        assert!(before.trim_end().ends_with("Buyer timeout after 10000ms)"), "{before}");
        // A restart keeps what is held.
        let house = House::open(house.close(), support::start(), &script);
        house.advance(std::time::Duration::from_secs(3600));
        assert_eq!(house.engine.resume().await.unwrap(), 0);
        assert_eq!(house.chain(lead_id), before);
        house.engine.feedback(report(lead_id, end)).await.unwrap();
        assert_eq!(house.chain(lead_id).strip_prefix(&before), Some(told));
        let after = house.chain(lead_id);
        assert!(house.engine.feedback(report(lead_id, end)).await.unwrap().repeated);
        assert_eq!(house.chain(lead_id), after);
        house.close();
    }
}

/// The data of a house as it stands, as a crash would leave it.
fn copied(house: &House) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let copied = tempfile::tempdir().unwrap();
    copy(house.directory.path(), copied.path());
    copied
}

#[tokio::test]
async fn a_buyer_that_a_crash_cut_off_is_asked_again_under_the_same_id_and_nobody_else_meanwhile() {
    let house = House::new(&flow("      strategy: waterfall\n", "price: { fixed: 10 }"), "").await;
    let directory = house.close();
    let parties = Arc::new(HeldParties::default());
    let house = House::open_among(directory, support::start(), Arc::clone(&parties) as Arc<dyn Parties>);
    let (engine, lead) = (house.engine.clone(), house.submission("flow_roofs", "src_web", &ANN));
    let submitting = tokio::spawn(async move { engine.submit(lead).await });
    parties.asked(1).await;
    let left = copied(&house);
    submitting.abort();
    let script = "buyer_north: YES\n buyer_south: YES".replace("YES", YES);
    let house = House::open(left, support::start(), &script);
    assert_eq!(house.engine.resume().await.unwrap(), 1);
    house.engine.idle().await;
    house.retry_all().await;
    let domain::ChainId::Lead(lead_id) = house.leads.reader().chains()[0].0 else { panic!("a lead") };
    expect![[r#"
        source.submitted
        source.accepted      price 4
        recipient.attempted  north attempt 1
        recipient.error      north attempt 1 unknown (unknown: Outcome unknown after restart)
        retry.scheduled      north attempt 2 in about 11 s
        filter.failed        sold (criteria: Sell outcome must be equal to success)
        flow.completed       success, 2 steps, 0 sold, cost 4 revenue 0 margin -4
        retry.attempted      north attempt 2
        recipient.attempted  north attempt 2
        recipient.delivered  north attempt 2 price 10
    "#]]
    .assert_eq(&house.chain(lead_id));
    let first = house.events(lead_id)[2].head.id.to_string();
    let seen = house.parties.seen();
    let id = seen[0].1.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
    assert_eq!((seen.len(), id.map(|(_, id)| id)), (1, Some(&first)));
    house.close();
}

/// A late answer gives a sale back that its group held, and the process may end before the group could go on.
#[tokio::test]
async fn whatever_a_crash_leaves_of_a_lead_its_group_sells_it_once() {
    let script = |north: &str| {
        format!("buyer_north: {north}\n buyer_south: YES").replace("YES", YES).replace("NO", NO)
    };
    let flow = flow("      strategy: waterfall\n", "price: { fixed: 10 }");
    let house = House::new(&flow, &script("reset | NO")).await;
    let lead_id = house.submit(&ANN).await.lead_id;
    house.retry_all().await;
    let whole = house.chain(lead_id);
    let now = engine::Clock::now(&*house.clock);
    let mut log = Vec::new();
    let mut stops = HashSet::new();
    for cut in (1..).map(|parts| parts * 150) {
        let left = copied(&house);
        let path = fs::read_dir(left.path().join("leads")).unwrap().map(|entry| entry.unwrap().path());
        let path = path.into_iter().find(|path| path.extension().is_some_and(|own| own == "hot")).unwrap();
        if log.is_empty() {
            log = fs::read(&path).unwrap();
            log.truncate(log.iter().rposition(|byte| *byte != 0).unwrap() + 1);
        }
        let kept = log.len() - cut;
        fs::write(&path, &log[..kept]).unwrap();
        let later = House::open(left, now, &script("NO"));
        let before = later.chain(lead_id);
        assert!(whole.starts_with(&before), "{before}");
        if before.is_empty() {
            later.close();
            break;
        }
        later.engine.resume().await.unwrap();
        later.engine.idle().await;
        later.retry_all().await;
        let after = later.chain(lead_id);
        let sold: Vec<&str> = after.lines().filter(|line| line.starts_with("recipient.delivered")).collect();
        assert!(matches!(sold[..], [one] if one.contains("south")), "of\n{before}came\n{after}");
        stops.insert(before.lines().count());
        later.close();
    }
    // It stopped before and after each event, and most of all where the group is to go on.
    let freed = whole.lines().position(|line| line.starts_with("recipient.failed")).unwrap() + 1;
    assert!(stops.contains(&freed), "{stops:?}");
    house.close();
}

#[tokio::test]
async fn a_test_lead_may_be_simulated_and_takes_nobodys_turn() {
    let house = House::new(
        &flow("      strategy: round_robin\n", "price: { fixed: 10 }, test: simulate"),
        &"buyer_north: YES".replace("YES", YES),
    )
    .await;
    let submission = Submission { test: true, ..house.submission("flow_roofs", "src_web", &ANN) };
    let lead_id = house.engine.submit(submission).await.unwrap().lead_id;
    expect![[r#"
        source.submitted
        source.accepted      price 4
        recipient.skipped    north (simulated: Test lead: what would be sent is recorded)
        recipient.skipped    south (simulated: Test lead: what would be sent is recorded)
        recipient.skipped    west (simulated: Test lead: what would be sent is recorded)
        filter.failed        sold (criteria: Sell outcome must be equal to success)
        flow.completed       success, 1 steps, 0 sold, cost 0 revenue 0 margin 0
    "#]]
    .assert_eq(&house.chain(lead_id));
    assert!(house.parties.seen().is_empty());
    let skipped = &house.events(lead_id)[2];
    let request = skipped.body.exchanges[0].request.as_deref().unwrap();
    assert!(String::from_utf8_lossy(request).starts_with("POST "));
    assert_eq!(winner(&house, house.submit(&ANN).await.lead_id).unwrap().as_str(), "north");
    house.close();
}

/// Leads of each buyer, by the attempts that were first in their group.
fn shares(house: &House) -> HashMap<String, usize> {
    let reader = house.leads.reader();
    let mut shares = HashMap::new();
    for (chain, _) in reader.chains() {
        let domain::ChainId::Lead(lead_id) = chain else { continue };
        let events = house.events(lead_id);
        let first = events.iter().find(|event| !event.head.marks.turn.is_empty());
        let EventKind::RecipientAttempted { call, .. } = &first.unwrap().kind else {
            panic!("only an attempt takes a turn")
        };
        *shares.entry(call.step_id.to_string()).or_default() += 1;
    }
    shares
}

/// 10,000 leads in ten lives, a hundred at a time.
async fn ten_lives(group: &str, recipients: &str, wanted: [usize; 3]) {
    let script = ["north", "south", "west"].map(|id| format!("buyer_{id}: {YES}")).join("\n");
    let mut flow = flow(group, "price: { fixed: 10 }");
    for (id, weight) in ["north", "south", "west"].iter().zip(recipients.split(' ')) {
        flow = flow.replace(&format!("id: {id},"), &format!("id: {id}, weight: {weight},"));
    }
    let mut house = House::new(&flow, &script).await;
    for life in 0..10 {
        for _ in 0..10 {
            let leads: Vec<_> = (0..100)
                .map(|_| {
                    let (engine, lead) =
                        (house.engine.clone(), house.submission("flow_roofs", "src_web", &ANN));
                    tokio::spawn(async move { engine.submit(lead).await.unwrap() })
                })
                .collect();
            for lead in leads {
                lead.await.unwrap();
            }
        }
        if life < 9 {
            let now = engine::Clock::now(&*house.clock);
            house = House::open(house.close(), now, &script);
            house.engine.resume().await.unwrap();
        }
    }
    let shares = shares(&house);
    for (id, wanted) in ["north", "south", "west"].iter().zip(wanted) {
        assert!(shares[*id].abs_diff(wanted) <= 1, "{shares:?}");
    }
    house.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_are_shared_to_one_over_ten_thousand_leads_and_ten_lives() {
    ten_lives("      strategy: round_robin\n", "1 1 1", [3333, 3333, 3333]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_kept_to_one_over_ten_thousand_leads_and_ten_lives() {
    ten_lives("      strategy: weighted\n", "5 3 2", [5000, 3000, 2000]).await;
}

/// Who has each of some leads whose flow gets other weights in the middle of them.
async fn winners_around_a_change(restarted: bool) -> Vec<String> {
    let script = ["north", "south", "west"].map(|id| format!("buyer_{id}: {YES}")).join("\n");
    let flow = flow("      strategy: weighted\n", "price: { fixed: 10 }");
    let heavy =
        flow.replace("id: north,", "id: north, weight: 7,").replace("id: west,", "id: west, weight: 2,");
    let mut house = House::new(&heavy, &script).await;
    let mut winners = Vec::new();
    for number in 0..25 {
        if number == 8 {
            house.control.publish_flow("system", &FlowFile::read(&flow).unwrap()).await.unwrap();
        }
        if number == 9 && restarted {
            let now = engine::Clock::now(&*house.clock);
            house = House::open(house.close(), now, &script);
            house.engine.resume().await.unwrap();
        }
        winners.push(winner(&house, house.submit(&ANN).await.lead_id).unwrap().to_string());
    }
    house.close();
    winners
}

#[tokio::test]
async fn a_turn_weighs_what_it_did_when_it_was_taken() {
    assert_eq!(winners_around_a_change(true).await, winners_around_a_change(false).await);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_best_bid_in_time_always_wins(bids in prop::collection::vec((1_u32..500, 1_u64..1_600), 3)) {
        let ping = "ping: { request: { url: \"https://x.example.com/ping\" }, response: { price: { path: bid } } }, \
                    price: { from: bid }";
        let script: String = ["north", "south", "west"]
            .iter()
            .zip(&bids)
            .map(|(id, (bid, after))| format!("buyer_{id}: slow {after} 200 {{\"bid\":{bid}}} | {YES}\n"))
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let told = runtime.block_on(async {
            let house =
                House::new(&flow("      strategy: highest_bid\n      ping_timeout: 800ms\n", ping), &script).await;
            let lead_id = house.submit(&ANN).await.lead_id;
            let sold = house.events(lead_id).into_iter().find_map(|event| match event.kind {
                EventKind::RecipientDelivered { call, price, .. } => {
                    Some((call.step_id.to_string(), price.amount))
                }
                _ => None,
            });
            house.close();
            sold
        });
        let in_time = ["north", "south", "west"].iter().zip(&bids).filter(|(_, (_, after))| *after < 800);
        // Ties go by the list, so the last of equals is not taken.
        let best = in_time.rev().max_by_key(|(_, (bid, _))| *bid);
        let wanted = best.map(|(id, (bid, _))| {
            ((*id).to_owned(), bid.to_string().parse::<Money>().unwrap())
        });
        prop_assert_eq!(told, wanted);
    }
}
