//! Limits of sources at a time, and what metrics say of them and of the calls to services and buyers.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::{Barriers, Engine, EngineParts};
use expect_test::expect;
use ledger::OsEntropy;
use server::{Api, Services};
use testkit::HeldParties;
use tokio::task::JoinHandle;

use crate::support::{Installation, Reply};

/// A flow whose source has these limits, and its entity those.
fn flow(limits: &str, of_entity: &str) -> String {
    format!(
        r#"
entities:
  src_web: {{ kind: source, name: Web Form{of_entity} }}
  buyer_premier: {{ kind: buyer, name: Premier Leads }}
flow:
  id: flow_roofs
  name: Roofs
  fields: {{ email: email }}
  sources: [ {{ entity: src_web, key_required: false{limits} }} ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: {{ url: "https://crm.example.com/leads", fields: {{ mail: "{{{{lead.email}}}}" }} }}
"#
    )
}

const SUBMIT: &str = "/flows/flow_roofs/sources/src_web/submit?email=ann%40example.com";

/// An installation whose buyer answers when it is told to.
struct Held {
    house: Arc<Installation>,
    parties: Arc<HeldParties>,
    router: Router,
}

impl Held {
    async fn new(flow: &str) -> Held {
        let house = Installation::with(flow, "").await;
        let parties = Arc::new(HeldParties::default());
        let services = house.services.clone();
        let engine = Engine::new(EngineParts {
            leads: services.leads.clone(),
            control: services.control.clone(),
            clock: services.clock.clone(),
            entropy: Arc::new(OsEntropy),
            parties: Arc::clone(&parties) as _,
            barriers: Barriers::ALL,
        });
        let router = Api::new(Services { engine, ..services }).router();
        Held { house: Arc::new(house), parties, router }
    }

    fn submit(&self, idempotency_key: &str) -> JoinHandle<Reply> {
        let (house, router) = (Arc::clone(&self.house), self.router.clone());
        let request = Request::get(SUBMIT).header("idempotency-key", idempotency_key);
        let request = request.body(Body::empty()).unwrap();
        tokio::spawn(async move { house.send_to(&router, request).await })
    }

    async fn metrics(&self) -> String {
        let request =
            Request::get("/metrics").header("authorization", format!("Bearer {}", self.house.admin));
        let text = self.house.send_to(&self.router, request.body(Body::empty()).unwrap()).await.text;
        let wanted = ["glassline_calls", "glassline_submissions_under_way{", "glassline_refusals_total{"];
        let lines = text.lines().filter(|line| wanted.iter().any(|wanted| line.starts_with(wanted)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Two leads are under way, and a third is not taken.
    async fn a_third_lead_is_one_too_many(self) {
        let leads = [self.submit("1"), self.submit("2")];
        self.parties.asked(2).await;
        let reply = self.submit("3").await.unwrap();
        assert_eq!(
            reply.told(),
            "429 Too Many Requests\ncontent-type: text/plain\nToo many submissions at a time: this source may have 2 under \
             way; try again in 1 s"
        );
        assert_eq!(reply.header("retry-after"), "1");
        expect![[r#"
            glassline_refusals_total{status="429"} 1
            glassline_calls_under_way{entity="buyer_premier"} 2
            glassline_calls_waiting{entity="buyer_premier"} 0
            glassline_submissions_under_way{flow="flow_roofs",source="src_web"} 2"#]]
        .assert_eq(&self.metrics().await);

        self.parties.answer(2);
        for lead in leads {
            assert_eq!(lead.await.unwrap().status, StatusCode::CREATED);
        }
        self.parties.answer(1);
        assert_eq!(self.submit("3").await.unwrap().status, StatusCode::CREATED);
        expect![[r#"
            glassline_refusals_total{status="429"} 1
            glassline_calls_under_way{entity="buyer_premier"} 0
            glassline_calls_waiting{entity="buyer_premier"} 0
            glassline_calls_total{entity="buyer_premier",ended="answered"} 3
            glassline_submissions_under_way{flow="flow_roofs",source="src_web"} 0"#]]
        .assert_eq(&self.metrics().await);
    }
}

#[tokio::test]
async fn a_source_has_so_many_leads_under_way_in_a_flow() {
    Held::new(&flow(", limits: { concurrent: 2 }", "")).await.a_third_lead_is_one_too_many().await;
}

#[tokio::test]
async fn a_source_has_so_many_leads_under_way_in_all_flows() {
    Held::new(&flow("", ", limits: { concurrent: 2 }")).await.a_third_lead_is_one_too_many().await;
}

#[tokio::test]
async fn a_repeat_waits_for_the_first_answer_and_takes_no_place() {
    let held = Held::new(&flow(", limits: { concurrent: 1 }", "")).await;
    let first = held.submit("1");
    held.parties.asked(1).await;
    let repeat = held.submit("1");
    let other = held.submit("2").await.unwrap();
    assert_eq!(other.status, StatusCode::TOO_MANY_REQUESTS);
    held.parties.answer(1);
    let (first, repeat) = (first.await.unwrap(), repeat.await.unwrap());
    assert_eq!((first.status, repeat.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(first.text, repeat.text);
}

#[tokio::test]
async fn a_lead_whose_client_hung_up_keeps_its_place() {
    let held = Held::new(&flow(", limits: { concurrent: 1 }", "")).await;
    let gone = held.submit("1");
    held.parties.asked(1).await;
    gone.abort();
    assert!(gone.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(held.submit("2").await.unwrap().status, StatusCode::TOO_MANY_REQUESTS);
    held.parties.answer(2);
    while held.submit("2").await.unwrap().status == StatusCode::TOO_MANY_REQUESTS {
        tokio::task::yield_now().await;
    }
}
