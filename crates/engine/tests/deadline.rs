//! A source has its answer at the deadline, whatever a buyer does; a slow buyer slows nobody else. Time stands
//! still but when everybody waits for it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use domain::Outcome;
use engine::{Answered, Asking, Barriers, Call, CapStanding, Clock, Engine, EngineParts, Parties};
use expect_test::{Expect, expect};
use ledger::OsEntropy;
use tokio::sync::Semaphore;
use wire::outbound::Reply;

use crate::support::House;

/// Buyers that answer at once, but for `buyer_slow`, which answers when it is let.
#[derive(Debug)]
struct Patient(Semaphore);

impl Parties for Patient {
    fn ask(&self, call: Call) -> Asking<'_> {
        Box::pin(async move {
            if call.entity_id.as_str() == "buyer_slow" {
                self.0.acquire().await.unwrap().forget();
            }
            let reply = Reply { status: 200, headers: vec![], body: vec![] };
            Ok(Answered { reply, redirects: Vec::new(), waited: Duration::ZERO })
        })
    }
}

fn flow(deadline: &str) -> String {
    let step = |id: &str| {
        format!(
            "    - {{ id: {id}, kind: recipient, entity: buyer_{id}, when: {{ field: lead.{id}, op: is true }}, \
             integration: custom_json, request: {{ url: \"https://{id}.example.com/\" }}, price: {{ fixed: 5 }} }}\n"
        )
    };
    format!(
        "entities: {{ src_web: {{ kind: source, name: Web }}, buyer_quick: {{ kind: buyer, name: Q }}, buyer_slow: {{ \
         kind: buyer, name: S }} }}\nflow:\n  id: flow_roofs\n  name: Roofs\n{deadline}  fields: {{ quick: boolean, \
         slow: boolean }}\n  price: {{ fixed: 2 }}\n  sources: [ {{ entity: src_web, key_required: false }} \
         ]\n  steps:\n{}{}",
        step("quick"),
        step("slow")
    )
}

async fn house(deadline: &str) -> (House, Engine, Arc<Patient>) {
    house_of(&flow(deadline)).await
}

async fn house_of(flow: &str) -> (House, Engine, Arc<Patient>) {
    let house = House::new(flow, "").await;
    let parties = Arc::new(Patient(Semaphore::new(0)));
    let engine = Engine::new(EngineParts {
        leads: house.leads.clone(),
        control: house.control.clone(),
        clock: Arc::clone(&house.clock) as Arc<dyn Clock>,
        entropy: Arc::new(OsEntropy),
        parties: Arc::clone(&parties) as Arc<dyn Parties>,
        barriers: Barriers::ALL,
    });
    (house, engine, parties)
}

async fn check(deadline: &str, quick: &str, outcome: Outcome, answer: &str, expected: Expect) {
    let (house, engine, parties) = house(deadline).await;
    let lead = [("quick", quick), ("slow", "yes")];
    let submitted = engine.submit(house.keyed("k1", &lead)).await.unwrap();
    assert_eq!(submitted.answer.outcome, outcome);
    assert_eq!(String::from_utf8_lossy(&submitted.response), answer);
    // Whoever sends the same is told the same, while the lead still runs and after.
    for _ in 0..2 {
        let again = engine.submit(house.keyed("k1", &lead)).await.unwrap();
        assert_eq!((again.lead_id, again.replayed), (submitted.lead_id, true));
        assert_eq!((&again.response, &again.answer), (&submitted.response, &submitted.answer));
        parties.0.add_permits(1);
        engine.idle().await;
    }
    expected.assert_eq(&house.chain(submitted.lead_id));
    house.close();
}

#[tokio::test(start_paused = true)]
async fn an_unsold_lead_is_answered_as_the_flow_says() {
    check(
        "  deadline: 20ms\n",
        "no",
        Outcome::Error,
        "error 0",
        expect![[r#"
            source.submitted
            source.accepted      price 2
            recipient.skipped    quick (criteria: Quick must be true)
            recipient.attempted  slow attempt 1
            source.answered      error price 0 (deadline: No result within 20ms)
            recipient.delivered  slow attempt 1 price 5
            flow.completed       success, 1 steps, 1 sold, cost 0 revenue 5 margin 5
        "#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_lead_sold_by_then_is_a_success() {
    check(
        "  deadline: 20ms\n  on_deadline: failure\n",
        "yes",
        Outcome::Success,
        "success 2",
        expect![[r#"
            source.submitted
            source.accepted      price 2
            recipient.attempted  quick attempt 1
            recipient.delivered  quick attempt 1 price 5
            recipient.attempted  slow attempt 1
            source.answered      success price 2
            recipient.delivered  slow attempt 1 price 5
            flow.completed       success, 2 steps, 2 sold, cost 2 revenue 10 margin 8
        "#]],
    )
    .await;
}

/// The source was told that its lead is taken, so it counts, whatever the rest of the flow comes to.
#[tokio::test(start_paused = true)]
async fn what_the_source_was_told_counts_in_its_caps() {
    let flow = flow("  deadline: 20ms\n").replace(
        "key_required: false }",
        "key_required: false, caps: [ { name: Leads, max_leads: 5, per: day }, { name: Spent, max_spend: 50, per: day } ] }",
    ) + "    - { id: late, kind: filter, require: { field: lead.slow, op: is false }, reason: Too slow }\n";
    let (house, engine, parties) = house_of(&flow).await;
    let lead = house.submission("flow_roofs", "src_web", &[("quick", "yes"), ("slow", "yes")]);
    let submitted = engine.submit(lead).await.unwrap();
    let caps = |engine: &Engine| -> Vec<String> {
        let line = |own: CapStanding| format!("{} used {} reserved", own.count.used, own.count.reserved);
        engine.caps().into_iter().map(line).collect()
    };
    let counted = ["1 used 0 reserved", "2 used 0 reserved"];
    assert_eq!(caps(&engine), counted);
    parties.0.add_permits(1);
    engine.idle().await;
    expect![[r#"
        source.submitted
        source.accepted      price 2
        recipient.attempted  quick attempt 1
        recipient.delivered  quick attempt 1 price 5
        recipient.attempted  slow attempt 1
        source.answered      success price 2
        recipient.delivered  slow attempt 1 price 5
        filter.failed        late (criteria: Too slow)
        flow.completed       failure, 3 steps, 2 sold, cost 2 revenue 10 margin 8 (criteria: Too slow)
    "#]]
    .assert_eq(&house.chain(submitted.lead_id));
    assert_eq!(caps(&engine), counted);
    house.engine.resume().await.unwrap();
    assert_eq!(caps(&house.engine), counted, "also after a restart");
    house.close();
}

#[tokio::test(start_paused = true)]
async fn a_lead_done_in_time_has_one_answer() {
    let (house, engine, _) = house("  deadline: 10m\n").await;
    let lead = house.submission("flow_roofs", "src_web", &[("quick", "yes"), ("slow", "no")]);
    let lead_id = engine.submit(lead).await.unwrap().lead_id;
    assert!(!house.chain(lead_id).contains("source.answered"));
    house.close();
}

#[tokio::test(start_paused = true)]
async fn a_slow_buyer_slows_no_other_lead() {
    let (house, engine, parties) = house("").await;
    let slow: Vec<_> = (0..100)
        .map(|_| {
            let (engine, lead) = (
                engine.clone(),
                house.submission("flow_roofs", "src_web", &[("quick", "no"), ("slow", "yes")]),
            );
            tokio::spawn(async move { engine.submit(lead).await.unwrap() })
        })
        .collect();
    for _ in 0..100 {
        let lead = house.submission("flow_roofs", "src_web", &[("quick", "yes"), ("slow", "no")]);
        assert_eq!(engine.submit(lead).await.unwrap().answer.outcome, Outcome::Success);
    }
    assert!(slow.iter().all(|lead| !lead.is_finished()), "all of them still wait");
    parties.0.add_permits(100);
    for lead in slow {
        lead.await.unwrap();
    }
    house.close();
}
