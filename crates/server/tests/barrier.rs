//! No byte of a reply leaves before the sync that covers it: the whole API over a simulated disk whose
//! writer is driven by hand.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use domain::{Scope, Timestamp};
use engine::{Barriers, Clock, Control, Engine, EngineParts};
use ledger::{Disk, Ledger, LedgerKind, LedgerOptions, Writer};
use serde_json::Value;
use server::{Services, router};
use testkit::ledger_log::{SeededEntropy, keys};
use testkit::{FakeClock, ScriptedParties, SimDisk};
use tower::ServiceExt as _;
use wire::flow_file::FlowFile;

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier Leads }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
      price: { fixed: 20.00 }
      feedback: { returns: 7d }
"#;

struct House {
    services: Services,
    writer: Writer,
    admin: String,
    parties: Arc<ScriptedParties>,
}

type Replying = Pin<Box<dyn Future<Output = (StatusCode, Value)>>>;

impl House {
    async fn new() -> House {
        House::with(FLOW, "buyer_premier: 200").await
    }

    async fn with(flow: &str, script: &str) -> House {
        let now: Timestamp = "2024-01-15T10:00:00Z".parse().unwrap();
        let clock = Arc::new(FakeClock::at(now));
        let entropy = Arc::new(SeededEntropy::new(1));
        let parties = Arc::new(ScriptedParties::new(Arc::clone(&clock), script));
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
        let options = LedgerOptions::new("simulated", LedgerKind::Leads);
        let (leads, writer) = Ledger::open(disk, &keys(), options, entropy.clone(), now).unwrap();
        let options = LedgerOptions::new("simulated", LedgerKind::Control);
        let (control, _) =
            Ledger::start(Arc::new(SimDisk::new(2)), &keys(), options, entropy.clone(), now).unwrap();
        let clock = clock as Arc<dyn Clock>;
        let control = Control::open(control, clock.clone(), entropy.clone()).unwrap();
        let admin = control.create_key("system", "test", vec![Scope::Admin]).await.unwrap().secret;
        control.publish_flow("system", &FlowFile::read(flow).unwrap()).await.unwrap();
        let engine = Engine::new(EngineParts {
            leads: leads.clone(),
            control: control.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            parties: parties.clone(),
            barriers: Barriers::ALL,
        });
        let services = Services { engine, control, leads, clock, entropy };
        House { services, writer, admin, parties }
    }

    /// Sends a request, and lets everything run until it waits for the disk.
    async fn send(&self, target: &str, body: &str) -> Replying {
        let request = Request::post(target)
            .header("authorization", format!("Bearer {}", self.admin))
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = router(self.services.clone()).oneshot(request);
        Box::pin(async move {
            let (parts, body) = response.await.unwrap().into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            (parts.status, serde_json::from_slice(&body).unwrap())
        })
    }

    /// Writes one batch; gives how many groups became durable.
    fn write(&mut self) -> usize {
        self.writer.write_batch().unwrap()
    }
}

/// Runs everything as far as it goes without the disk; gives the reply if there is one.
async fn poll(replying: &mut Replying) -> Poll<(StatusCode, Value)> {
    for _ in 0..200 {
        tokio::task::yield_now().await;
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(reply) = replying.as_mut().poll(&mut context) {
            return Poll::Ready(reply);
        }
    }
    Poll::Pending
}

#[tokio::test]
async fn no_byte_of_a_reply_leaves_before_the_sync_that_covers_it() {
    let mut house = House::new().await;
    let mut replying =
        house.send("/flows/flow_roofs/sources/src_web/submit", r#"{"email":"ann@example.com"}"#).await;
    assert!(poll(&mut replying).await.is_pending());
    assert!(house.parties.seen().is_empty(), "nor does a byte to the buyer");
    assert!(house.write() > 0, "the attempt is durable");
    assert!(poll(&mut replying).await.is_pending());
    assert_eq!(house.parties.seen().len(), 1);
    assert!(house.write() > 0, "the end is durable");
    let Poll::Ready((status, answer)) = poll(&mut replying).await else { panic!("the reply leaves") };
    assert_eq!((status, &answer["outcome"]), (StatusCode::CREATED, &Value::from("success")));

    let lead_id = answer["lead"]["id"].as_str().unwrap();
    let target = format!("/feedback?lead_id={lead_id}&entity_id=buyer_premier");
    let mut replying = house.send(&target, r#"{"type":"return","reason":"Wrong number"}"#).await;
    assert!(poll(&mut replying).await.is_pending(), "a report is heard when it is durable");
    assert!(house.write() > 0);
    let Poll::Ready((status, answer)) = poll(&mut replying).await else { panic!("the reply leaves") };
    assert_eq!((status, &answer["outcome"]), (StatusCode::CREATED, &Value::from("success")));
}

const AUCTION: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_north: { kind: buyer, name: North }
  buyer_south: { kind: buyer, name: South }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: auction
      kind: distribute
      strategy: highest_bid
      recipients:
        - id: north
          entity: buyer_north
          integration: custom_json
          ping: { request: { url: "https://north.example.com/ping" }, response: { price: { path: bid } } }
          request: { url: "https://north.example.com/post", fields: { mail: "{{lead.email}}" } }
          price: { from: bid }
        - id: south
          entity: buyer_south
          integration: custom_json
          ping: { request: { url: "https://south.example.com/ping" }, response: { price: { path: bid } } }
          request: { url: "https://south.example.com/post", fields: { mail: "{{lead.email}}" } }
          price: { from: bid }
"#;

#[tokio::test]
async fn pings_that_leave_together_wait_for_one_barrier() {
    let script = "buyer_north: 200 {\"bid\":5} | 200\nbuyer_south: 200 {\"bid\":4}";
    let mut house = House::with(AUCTION, script).await;
    let asked = |house: &House| {
        let seen = house.parties.seen();
        seen.iter().map(|(_, request)| request.url.clone()).collect::<Vec<_>>()
    };
    let mut replying =
        house.send("/flows/flow_roofs/sources/src_web/submit", r#"{"email":"ann@example.com"}"#).await;
    assert!(poll(&mut replying).await.is_pending());
    assert_eq!(asked(&house), [""; 0], "the submission is not durable yet");
    assert!(house.write() > 0);
    assert!(poll(&mut replying).await.is_pending());
    let pings = ["https://north.example.com/ping", "https://south.example.com/ping"];
    assert_eq!(asked(&house), pings, "one write, and both leave");
    assert!(house.write() > 0, "both bids and the attempt are durable");
    assert!(poll(&mut replying).await.is_pending());
    assert_eq!(asked(&house), [&pings[..], &["https://north.example.com/post"]].concat());
    assert!(house.write() > 0);
    assert!(poll(&mut replying).await.is_ready());
}
