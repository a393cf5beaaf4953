//! Dead letters: deliveries that nobody tries any more though no buyer answered, and what becomes of them when an
//! operator sends them again. Each told as the chain of its events.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use domain::LeadId;
use engine::{Resent, Revoke};
use expect_test::{Expect, expect};

use crate::support::House;

/// A flow with one recipient and a group of two. `gates` has keys of the flow, `each` keys of every recipient.
fn flow(gates: &str, each: &str) -> String {
    let recipient = |id: &str| {
        format!(
            "id: {id}, entity: buyer_{id}, integration: custom_json, request: {{ url: \"https://{id}.example.com/\", \
             headers: {{ x-delivery: \"{{{{delivery_id}}}}\" }}, fields: {{ email: \"{{{{lead.email}}}}\" }} }}, \
             response: {{ outcome: {{ path: status, term: ok }}, reason: {{ path: why }} }}, price: {{ fixed: 10 }}, \
             retry: {{ attempts: 2, backoff: [ 10s ] }}{each}"
        )
    };
    let (lone, north, south) = (recipient("lone"), recipient("north"), recipient("south"));
    format!(
        "entities:
  src_web: {{ kind: source, name: Web }}
  buyer_lone: {{ kind: buyer, name: L }}
  buyer_north: {{ kind: buyer, name: N }}
  buyer_south: {{ kind: buyer, name: S }}
flow:
  id: flow_roofs
  name: Roofs
  fields: {{ email: email, ssn: ssn }}
  {gates}
  sources: [ {{ entity: src_web, key_required: false }} ]
  steps:
    - {{ kind: recipient, {lone} }}
    - id: sell
      kind: distribute
      strategy: waterfall
      recipients:
        - {{ {north} }}
        - {{ {south} }}
"
    )
}

const YES: &str = r#"200 {"status":"ok"}"#;
const NO: &str = r#"200 {"status":"no","why":"Declined"}"#;

/// What is done, one thing after the other, parted by `, `: `lead` submits one, `retries` runs all that wait, `resend
/// lone` asks for one more attempt of the first lead by that step, `due` runs what is due by now, `pause buyer_lone`,
/// `resume buyer_lone`, `wait 3600` seconds, `forget` destroys sensitive values that nobody needs, `revoke` withdraws
/// consent, `restart`. Gives what came of the resends, and the house.
async fn play(flow: &str, script: &str, what: &str) -> (String, House, Vec<LeadId>) {
    let script = script.replace("YES", YES).replace("NO", NO);
    let mut house = House::new(flow, &script).await;
    let (mut told, mut leads) = (String::new(), Vec::new());
    for what in what.split(", ") {
        let (verb, whom) = what.split_once(' ').unwrap_or((what, ""));
        match verb {
            "lead" => {
                let ann = [("email", "ann@example.com"), ("ssn", "219-09-9999")];
                leads.push(house.submit(&ann).await.lead_id);
            }
            "retries" => house.retry_all().await,
            "due" => drop(house.engine.run_due().await),
            "resend" => {
                let resent = house.engine.resend(leads[0], whom.parse().unwrap()).await.unwrap();
                told.push_str(&match resent {
                    Resent::Scheduled { delivery_id: _, attempt } => {
                        format!("{whom}: attempt {attempt} is due\n")
                    }
                    Resent::NotADeadLetter => format!("{whom}: not a dead letter\n"),
                    Resent::Refused(reason) => format!("{whom}: {} ({})\n", reason.text, reason.code),
                });
            }
            "pause" => drop(house.control.pause_entity("system", &whom.parse().unwrap()).await.unwrap()),
            "resume" => drop(house.control.resume_entity("system", &whom.parse().unwrap()).await.unwrap()),
            "wait" => house.advance(Duration::from_secs(whom.parse().unwrap())),
            "forget" => {
                for lead in &leads {
                    house.until_durable(*lead).await;
                }
                house.engine.forget_values().unwrap();
            }
            "revoke" => {
                let request = Arc::from(b"POST /".as_slice());
                let revoke = Revoke { lead_id: leads[0], reason: None, request, request_id: None };
                house.engine.revoke_consent(revoke).await.unwrap();
            }
            "restart" => {
                let now = engine::Clock::now(&*house.clock);
                house = House::open(house.close(), now, &script);
                house.engine.resume().await.unwrap();
                house.engine.idle().await;
            }
            other => panic!("{other} is not known"),
        }
    }
    (told, house, leads)
}

/// The same, and what is recorded of the first lead from the last event of its first pass on.
async fn check(flow: &str, script: &str, what: &str, expected: Expect) {
    let (told, house, leads) = play(flow, script, what).await;
    let chain = house.chain(leads[0]);
    let late = chain.split_once("flow.completed").unwrap().1.split_once('\n').unwrap().1;
    expected.assert_eq(&format!("{told}--\n{late}"));
    house.close();
}

#[tokio::test]
async fn a_dead_letter_is_sent_again_until_the_buyer_answers() {
    check(
        &flow("", ""),
        "buyer_lone: 503 | 503 | 503 | YES
         buyer_north: NO
         buyer_south: NO",
        "lead, resend lone, retries, resend lone, resend lone, due, resend lone, wait 3600, due, resend lone, resend north",
        expect![[r#"
            lone: not a dead letter
            lone: attempt 3 is due
            lone: not a dead letter
            lone: attempt 4 is due
            lone: not a dead letter
            north: not a dead letter
            --
            retry.attempted      lone attempt 2
            recipient.attempted  lone attempt 2
            recipient.error      lone attempt 2 status (status: Buyer error: HTTP 503)
            retry.scheduled      lone attempt 3 in about 0 s (resent: An operator sends it again)
            retry.attempted      lone attempt 3
            recipient.attempted  lone attempt 3
            recipient.error      lone attempt 3 status (status: Buyer error: HTTP 503)
            retry.scheduled      lone attempt 4 in about 0 s (resent: An operator sends it again)
            retry.attempted      lone attempt 4
            recipient.attempted  lone attempt 4
            recipient.delivered  lone attempt 4 price 10
        "#]],
    )
    .await;
}

#[tokio::test]
async fn every_attempt_of_a_dead_letter_has_the_same_delivery_id_and_request() {
    let script = "buyer_lone: 503 | timeout | YES\n buyer_north: NO\n buyer_south: NO";
    let (_, house, _) = play(&flow("", ""), script, "lead, retries, resend lone, due").await;
    let seen = house.parties.seen();
    let requests: Vec<_> = seen.iter().filter(|(id, _)| id.as_str() == "buyer_lone").collect();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request == &requests[0]));
    house.close();
}

#[tokio::test]
async fn a_dead_letter_that_was_sent_again_is_sent_after_a_crash() {
    let script = "buyer_lone: 503\n buyer_north: NO\n buyer_south: NO";
    check(
        &flow("", ""),
        script,
        "lead, retries, resend lone, restart, resend lone, due, resend lone, restart, due",
        expect![[r#"
        lone: attempt 3 is due
        lone: not a dead letter
        lone: attempt 4 is due
        --
        retry.attempted      lone attempt 2
        recipient.attempted  lone attempt 2
        recipient.error      lone attempt 2 status (status: Buyer error: HTTP 503)
        retry.scheduled      lone attempt 3 in about 0 s (resent: An operator sends it again)
        retry.attempted      lone attempt 3
        recipient.attempted  lone attempt 3
        recipient.error      lone attempt 3 status (status: Buyer error: HTTP 503)
        retry.scheduled      lone attempt 4 in about 0 s (resent: An operator sends it again)
        retry.attempted      lone attempt 4
        recipient.attempted  lone attempt 4
        recipient.error      lone attempt 4 status (status: Buyer error: HTTP 503)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_lead_that_its_group_sold_is_not_sent_to_another() {
    check(
        &flow("", ", on_error: hold"),
        "buyer_lone: NO\n buyer_north: 503\n buyer_south: YES",
        "lead, retries, resend north",
        expect![[r#"
            north: Sold elsewhere (sold_elsewhere)
            --
            retry.attempted      north attempt 2
            recipient.attempted  north attempt 2
            recipient.error      north attempt 2 status (status: Buyer error: HTTP 503)
            recipient.attempted  south attempt 1
            recipient.delivered  south attempt 1 price 10
        "#]],
    )
    .await;
}

#[tokio::test]
async fn of_two_dead_letters_of_a_group_one_sells_the_lead() {
    check(
        &flow("", ""),
        "buyer_lone: NO\n buyer_north: 503 | 503 | YES\n buyer_south: 503",
        "lead, retries, resend north, resend south, due, resend south",
        expect![[r#"
            north: attempt 3 is due
            south: attempt 3 is due
            south: not a dead letter
            --
            retry.attempted      north attempt 2
            recipient.attempted  north attempt 2
            recipient.error      north attempt 2 status (status: Buyer error: HTTP 503)
            retry.attempted      south attempt 2
            recipient.attempted  south attempt 2
            recipient.error      south attempt 2 status (status: Buyer error: HTTP 503)
            retry.scheduled      north attempt 3 in about 0 s (resent: An operator sends it again)
            retry.scheduled      south attempt 3 in about 0 s (resent: An operator sends it again)
            retry.attempted      north attempt 3
            recipient.attempted  north attempt 3
            recipient.delivered  north attempt 3 price 10
            recipient.skipped    south (sold_elsewhere: Sold elsewhere)
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_sale_that_somebody_may_have_is_held_for_its_own_dead_letter() {
    check(
        &flow("", ""),
        "buyer_lone: NO\n buyer_north: timeout | 503 | 503 | NO\n buyer_south: YES",
        "lead, retries, resend north, due, resend north, due",
        expect![[r#"
            north: attempt 3 is due
            north: attempt 4 is due
            --
            retry.attempted      north attempt 2
            recipient.attempted  north attempt 2
            recipient.error      north attempt 2 status (status: Buyer error: HTTP 503)
            retry.scheduled      north attempt 3 in about 0 s (resent: An operator sends it again)
            retry.attempted      north attempt 3
            recipient.attempted  north attempt 3
            recipient.error      north attempt 3 status (status: Buyer error: HTTP 503)
            retry.scheduled      north attempt 4 in about 0 s (resent: An operator sends it again)
            retry.attempted      north attempt 4
            recipient.attempted  north attempt 4
            recipient.failed     north attempt 4 (declined: Declined)
            recipient.attempted  south attempt 1
            recipient.delivered  south attempt 1 price 10
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_buyer_that_is_paused_gets_it_once_it_is_resumed() {
    check(
        &flow("", ""),
        "buyer_lone: 503 | YES\n buyer_north: NO\n buyer_south: NO",
        "lead, pause buyer_lone, retries, resend lone, resume buyer_lone, resend lone, pause buyer_lone, due, resume buyer_lone, resend lone, due",
        expect![[r#"
            lone: Buyer is paused (paused)
            lone: attempt 2 is due
            lone: attempt 2 is due
            --
            recipient.skipped    lone (paused: Buyer is paused)
            retry.scheduled      lone attempt 2 in about 0 s (resent: An operator sends it again)
            recipient.skipped    lone (paused: Buyer is paused)
            retry.scheduled      lone attempt 2 in about 0 s (resent: An operator sends it again)
            retry.attempted      lone attempt 2
            recipient.attempted  lone attempt 2
            recipient.delivered  lone attempt 2 price 10
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_full_cap_keeps_dead_letters_back_until_its_next_period() {
    let flow = flow("", ", caps: [ { name: Daily, max_leads: 1, per: day } ]");
    let (told, house, leads) = play(
        &flow,
        "buyer_lone: 503 | 503 | YES\n buyer_north: NO\n buyer_south: NO",
        "lead, retries, lead, resend lone, wait 86400, resend lone, due",
    )
    .await;
    expect![[r#"
        lone: Daily reached (1/1) (cap_reached)
        lone: attempt 3 is due
    "#]]
    .assert_eq(&told);
    assert!(house.chain(leads[0]).ends_with("recipient.delivered  lone attempt 3 price 10\n"));
    house.close();
}

#[tokio::test]
async fn nothing_is_sent_again_of_a_person_who_withdrew_consent() {
    check(
        &flow("", ""),
        "buyer_lone: 503\n buyer_north: NO\n buyer_south: NO",
        "lead, retries, revoke, resend lone",
        expect![[r#"
            lone: The person withdrew consent (consent_revoked)
            --
            retry.attempted      lone attempt 2
            recipient.attempted  lone attempt 2
            recipient.error      lone attempt 2 status (status: Buyer error: HTTP 503)
            consent.revoked      0 buyers have it
        "#]],
    )
    .await;
}

#[tokio::test]
async fn stars_are_not_sent_in_place_of_values_that_are_gone() {
    let flow = flow("", "").replace("{{lead.email}}", "{{lead.ssn}}");
    check(
        &flow,
        "buyer_lone: 503\n buyer_north: NO\n buyer_south: NO",
        "lead, retries, forget, resend lone",
        expect![[r#"
            lone: Sensitive values are no longer kept (request)
            --
            retry.attempted      lone attempt 2
            recipient.attempted  lone attempt 2
            recipient.error      lone attempt 2 status (status: Buyer error: HTTP 503)
        "#]],
    )
    .await;
}

const SOLD_ONCE: &str =
    "duplicates: [ { name: Same, key: \"{{lead.email}}\", window: 30d, scope: flow, against: sold } ]";

#[tokio::test]
async fn a_lead_whose_like_was_sold_meanwhile_is_a_duplicate() {
    check(
        &flow(SOLD_ONCE, ""),
        "buyer_lone: 503 | 503 | YES\n buyer_north: NO\n buyer_south: NO",
        "lead, retries, lead, resend lone",
        expect![[r#"
            lone: Duplicate: Previously submitted 2024-01-15 (duplicate)
            --
            retry.attempted      lone attempt 2
            recipient.attempted  lone attempt 2
            recipient.error      lone attempt 2 status (status: Buyer error: HTTP 503)
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_lead_that_is_sent_again_is_known_by_its_keys_again() {
    let script = "buyer_lone: 503 | 503 | YES\n buyer_north: NO\n buyer_south: NO";
    for what in ["resend lone, lead, due", "resend lone, due, lead", "resend lone, due, restart, lead"] {
        let what = format!("lead, retries, {what}");
        let (_, house, leads) = play(&flow(SOLD_ONCE, ""), script, &what).await;
        let second = house.chain(leads[1]);
        assert!(second.contains("source.rejected      (duplicate"), "{what}: {second}");
        house.close();
    }
}
