//! A request that was sent on leaves one exchange for each server that was asked, without what none of them may
//! keep.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use domain::{FaultKind, Method};
use engine::{Answered, Asking, Barriers, Call, CallFault, Engine, EngineParts, Parties, Redirect};
use expect_test::{Expect, expect};
use ledger::OsEntropy;
use wire::outbound::Reply;

use crate::support::House;

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form A }
  buyer_premier: { kind: buyer, name: Premier Leads }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email, ssn: ssn }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request:
        url: https://crm.example.com/leads
        headers: { x-key: Hush-Hush-7 }
        fields: { ssn: "{{lead.ssn}}" }
        follow_redirects: true
"#;

/// A buyer that sends every request on, and repeats what it got.
#[derive(Debug)]
struct Moved {
    ends_well: bool,
}

impl Parties for Moved {
    fn ask(&self, call: Call) -> Asking<'_> {
        let place = "https://b.example.com/leads?ssn=219-09-9999".to_owned();
        let headers = vec![("location".to_owned(), place.clone().into_bytes())];
        let redirect = Redirect {
            reply: Reply { status: 308, headers, body: Vec::new() },
            method: Method::Post,
            url: place,
            headers: call
                .request
                .headers
                .iter()
                .map(|(name, _)| name.clone())
                .filter(|name| name != "x-key")
                .collect(),
            has_body: true,
        };
        let reply = Reply { status: 200, headers: Vec::new(), body: b"ok".to_vec() };
        Box::pin(async move {
            let (redirects, waited) = (vec![redirect], Duration::from_millis(1));
            match self.ends_well {
                true => Ok(Answered { reply, redirects, waited }),
                false => {
                    Err(CallFault { redirects, ..CallFault::new(FaultKind::Unknown, "broken off", waited) })
                }
            }
        })
    }
}

async fn check(ends_well: bool, wanted: Expect) {
    let house = House::new(FLOW, "").await;
    let engine = Engine::new(EngineParts {
        leads: house.leads.clone(),
        control: house.control.clone(),
        clock: Arc::clone(&house.clock) as _,
        entropy: Arc::new(OsEntropy),
        parties: Arc::new(Moved { ends_well }),
        barriers: Barriers::ALL,
    });
    let lead = [("email", "ann@example.com"), ("ssn", "219-09-9999")];
    let submitted = engine.submit(house.submission("flow_roofs", "src_web", &lead)).await.unwrap();
    let events = house.events(submitted.lead_id);
    let event = events.iter().find(|event| {
        event.event_type().as_str().starts_with("recipient.")
            && !event.event_type().as_str().ends_with("attempted")
    });
    let mut told = String::new();
    for exchange in &event.unwrap().body.exchanges {
        for side in [&exchange.request, &exchange.response] {
            let side = side
                .as_ref()
                .map_or("none".into(), |text| String::from_utf8_lossy(text).replace("\r\n", "\n"));
            let lines = side.lines().filter(|line| !line.starts_with("Accept") && !line.starts_with("Idem"));
            told.push_str(&lines.collect::<Vec<_>>().join("\n"));
            told.push_str("\n--\n");
        }
    }
    wanted.assert_eq(&told);
}

#[tokio::test]
async fn each_server_that_was_asked_has_its_exchange() {
    check(
        true,
        expect![[r#"
        POST https://crm.example.com/leads HTTP/1.1
        Content-Type: application/json; charset=utf-8
        User-Agent: glassline/0.1.0
        x-key: Hush-Hush-7

        {"ssn":"*********"}
        --
        HTTP/1.1 308
        location: https://b.example.com/leads?ssn=***********

        --
        POST https://b.example.com/leads?ssn=*********** HTTP/1.1
        Content-Type: application/json; charset=utf-8
        User-Agent: glassline/0.1.0

        (the same body)
        --
        HTTP/1.1 200

        ok
        --
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_fault_after_a_redirect_tells_where_it_led() {
    check(
        false,
        expect![[r#"
        POST https://crm.example.com/leads HTTP/1.1
        Content-Type: application/json; charset=utf-8
        User-Agent: glassline/0.1.0
        x-key: Hush-Hush-7

        {"ssn":"*********"}
        --
        HTTP/1.1 308
        location: https://b.example.com/leads?ssn=***********

        --
        POST https://b.example.com/leads?ssn=*********** HTTP/1.1
        Content-Type: application/json; charset=utf-8
        User-Agent: glassline/0.1.0

        (the same body)
        --
        none
        --
    "#]],
    )
    .await;
}
