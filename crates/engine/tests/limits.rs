//! Limits of steps and parties: a call waits for its turn, and is told when none comes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{
    Answered, Asking, Barriers, Call, CallFigures, Engine, EngineParts, Parties, SubmitError, Submitted,
};
use expect_test::expect;
use testkit::HeldParties;
use testkit::ledger_log::SeededEntropy;
use tokio::task::JoinHandle;

use wire::flow_file::{EntityFile, FlowFile};
use wire::outbound::Reply;

use crate::support::{House, start};

/// A flow with one recipient, with these keys more.
fn flow(entity: &str, step: &str) -> String {
    format!(
        r#"
entities:
  src_web: {{ kind: source, name: Web Form A }}
  buyer_premier: {{ kind: buyer, name: Premier Leads{entity} }}
flow:
  id: flow_roofs
  name: Roofs
  fields: {{ email: email }}
  sources: [ {{ entity: src_web, key_required: false }} ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: {{ url: "https://crm.example.com/leads", fields: {{ mail: "{{{{lead.email}}}}" }} }}
      price: {{ fixed: 25.00 }}
      retry: {{ attempts: 2, backoff: [ 10s ] }}
      {step}
"#
    )
}

/// An engine whose buyers answer when they are told to.
struct Held {
    house: House,
    parties: Arc<HeldParties>,
    engine: Engine,
}

impl Held {
    async fn new(flow: &str) -> Held {
        let house = House::new(flow, "").await;
        let parties = Arc::new(HeldParties::default());
        let engine = Engine::new(EngineParts {
            leads: house.leads.clone(),
            control: house.control.clone(),
            clock: Arc::clone(&house.clock) as _,
            entropy: Arc::new(SeededEntropy::new(7)),
            parties: Arc::clone(&parties) as _,
            barriers: Barriers::ALL,
        });
        Held { house, parties, engine }
    }

    fn submit(&self) -> JoinHandle<Result<Submitted, SubmitError>> {
        let submission = self.house.submission("flow_roofs", "src_web", &[("email", "ann@example.com")]);
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.submit(submission).await })
    }

    fn figures(&self) -> CallFigures {
        self.engine.calls().into_iter().next().unwrap()
    }

    /// Waits until so many calls wait for their turn.
    async fn waiting(&self, count: u64) {
        while self.figures().waiting != count {
            tokio::task::yield_now().await;
        }
    }

    /// Three leads of which one has its turn at a time; the others come in their order.
    async fn take_turns(&self) {
        let leads = [self.submit(), self.submit(), self.submit()];
        self.parties.asked(1).await;
        self.waiting(2).await;
        assert_eq!(self.figures().under_way, 1);
        for answered in 1..=3 {
            self.parties.answer(1);
            self.parties.asked((answered + 1).min(3)).await;
        }
        for lead in leads {
            let lead_id = lead.await.unwrap().unwrap().lead_id;
            assert!(self.house.chain(lead_id).contains("recipient.delivered"));
        }
        assert_eq!(self.parties.most_at_a_time(), 1);
        let CallFigures { under_way, waiting, ended, .. } = self.figures();
        assert_eq!((under_way, waiting, ended), (0, 0, vec![("answered", 3)]));
    }
}

#[tokio::test]
async fn so_many_calls_of_a_step_are_under_way_at_a_time() {
    Held::new(&flow("", "limits: { concurrent: 1 }")).await.take_turns().await;
}

#[tokio::test]
async fn so_many_calls_to_a_party_are_under_way_at_a_time() {
    Held::new(&flow(", limits: { concurrent: 1 }", "")).await.take_turns().await;
}

/// A buyer that bids after 300 ms, and how long each call to it might have taken.
#[derive(Debug, Default)]
struct Bidder(Mutex<Vec<Duration>>);

impl Parties for Bidder {
    fn ask(&self, call: Call) -> Asking<'_> {
        self.0.lock().unwrap().push(call.time_limit);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let reply = Reply { status: 200, headers: vec![], body: br#"{"bid":0}"#.to_vec() };
            Ok(Answered { reply, redirects: Vec::new(), waited: Duration::ZERO })
        })
    }
}

/// The time of pings is for all of them together, so one that waits for its turn has what is left.
#[tokio::test(start_paused = true)]
async fn a_ping_that_waits_for_its_turn_has_the_rest_of_its_time() {
    let ping =
        "ping: { request: { url: \"https://crm.example.com/ping\" }, response: { price: { path: bid } } }";
    let member = |id: &str| {
        format!(
            "        - {{ id: {id}, entity: buyer_premier, integration: custom_json, request: {{ url: \
             \"https://crm.example.com/leads\" }}, price: {{ from: bid }}, {ping} }}\n"
        )
    };
    let flow = format!(
        "entities: {{ src_web: {{ kind: source, name: Web }}, buyer_premier: {{ kind: buyer, name: P, limits: {{ \
         concurrent: 1 }} }} }}\nflow:\n  id: flow_roofs\n  name: Roofs\n  fields: {{ email: email }}\n  sources: [ \
         {{ entity: src_web, key_required: false }} ]\n  steps:\n    - id: auction\n      kind: distribute\n      \
         strategy: highest_bid\n      ping_timeout: 800ms\n      recipients:\n{}{}{}{}",
        member("a"),
        member("b"),
        member("c"),
        member("d")
    );
    let house = House::new(&flow, "").await;
    let bidder = Arc::new(Bidder::default());
    let engine = Engine::new(EngineParts {
        leads: house.leads.clone(),
        control: house.control.clone(),
        clock: Arc::clone(&house.clock) as _,
        entropy: Arc::new(SeededEntropy::new(7)),
        parties: Arc::clone(&bidder) as _,
        barriers: Barriers::ALL,
    });
    let lead = house.submission("flow_roofs", "src_web", &[("email", "ann@example.com")]);
    let lead_id = engine.submit(lead).await.unwrap().lead_id;
    let limits: Vec<u128> = bidder.0.lock().unwrap().iter().map(Duration::as_millis).collect();
    assert_eq!(limits, [800, 500, 200], "the last has no turn in time");
    expect![[r#"
        source.submitted
        source.accepted      price 0
        recipient.bid        a (declined: No bid)
        recipient.bid        b (declined: No bid)
        recipient.bid        c (declined: No bid)
        recipient.bid        d (limit: Buyer not asked: its limit is 1 at a time, and no turn came within 800ms)
        flow.completed       success, 0 steps, 0 sold, cost 0 revenue 0 margin 0
    "#]].assert_eq(&house.chain(lead_id));
    house.close();
}

#[tokio::test]
async fn a_call_whose_turn_does_not_come_is_not_made_and_tried_again() {
    let held = Held::new(&flow(", limits: { concurrent: 1 }", "timeout: 50ms")).await;
    let first = held.submit();
    held.parties.asked(1).await;
    let late = held.submit().await.unwrap().unwrap().lead_id;
    expect![[r#"
        source.submitted
        source.accepted      price 0
        recipient.attempted  premier attempt 1
        recipient.error      premier attempt 1 limit (limit: Buyer not asked: its limit is 1 at a time, and no turn came within 50ms)
        retry.scheduled      premier attempt 2 in about 10 s
        flow.completed       success, 1 steps, 0 sold, cost 0 revenue 0 margin 0
    "#]]
    .assert_eq(&held.house.chain(late));
    held.parties.answer(1);
    first.await.unwrap().unwrap();
    assert_eq!(held.figures().ended, [("answered", 1), ("limit", 1)]);

    // The retry is a call like any other.
    held.house.clock.advance_to(held.engine.next_due().unwrap());
    held.parties.answer(1);
    held.engine.run_due().await;
    assert!(held.house.chain(late).contains("recipient.delivered  premier attempt 2"));
}

#[tokio::test]
async fn a_limit_of_a_day_says_at_once_when_the_next_turn_comes() {
    let day = "limits: { per_day: 1 }";
    for flow in [flow("", day), flow(&format!(", {day}"), "")] {
        let whose = if flow.contains("Leads,") { "its limit" } else { "the limit of the step" };
        let house = House::new(&flow, "buyer_premier: 200").await;
        assert!(
            house.chain(house.submit(&[("email", "ann@example.com")]).await.lead_id).contains("delivered")
        );
        let late = house.chain(house.submit(&[("email", "bob@example.com")]).await.lead_id);
        let wanted = format!(
            "recipient.error      premier attempt 1 limit (limit: Buyer not asked: {whose} is 1 per day, and the next \
             turn comes in 86400 s)\nretry.scheduled      premier attempt 2 in about 86"
        );
        assert!(late.contains(&wanted), "{late}");
        assert_eq!(house.parties.seen().len(), 1, "the second was not asked");
    }
}

#[tokio::test]
async fn the_limits_of_a_party_are_changed_without_publishing_and_outlive_a_restart() {
    let flow = flow(", limits: { concurrent: 1 }", "");
    let held = Held::new(&flow).await;
    let premier = "buyer_premier".parse().unwrap();
    let first = held.submit();
    held.parties.asked(1).await;
    let wider = EntityFile::read(&premier, r#"{"limits":{"concurrent":2}}"#).unwrap();
    let control = &held.house.control;
    let changed = control.change_entity("key_1", &premier, None, Some(wider.clone())).await.unwrap().unwrap();
    assert_eq!((&*changed.name, changed.settings.limits.concurrent), ("Premier Leads", Some(2)));
    let second = held.submit();
    held.parties.asked(2).await;
    held.parties.answer(2);
    for lead in [first, second] {
        lead.await.unwrap().unwrap();
    }

    // The same again changes nothing, and the file of a flow leaves alone what exists.
    let records = control.ledger().vitals().next_seq;
    control.change_entity("key_1", &premier, None, Some(wider)).await.unwrap();
    control.publish_flow("key_1", &FlowFile::read(&flow).unwrap()).await.unwrap();
    assert_eq!(control.ledger().vitals().next_seq, records);
    let Held { house, engine, .. } = held;
    engine.drain().await;
    drop(engine);
    let house = House::open(house.close(), start(), "");
    assert_eq!(house.control.limits(&premier).concurrent, Some(2));
    let nobody = "buyer_nobody".parse().unwrap();
    assert!(house.control.change_entity("key_1", &nobody, None, None).await.unwrap().is_none());
}
