//! Row twelve of the pinned rules: the process ends at any point. Every lead that was answered has its whole chain, in
//! order, and the retries that wait go on when they are due. The log is cut behind each of its groups, as the end of a
//! process leaves it; `crates/app/tests/kill.rs` kills a real process, and the simulation loses power at any call.

use std::path::Path;
use std::sync::Arc;

use expect_test::expect;
use serde_json::Value;
use tempfile::TempDir;
use testkit::FakeClock;
use testkit::ledger_log::hot_file::HotFile;

use crate::chain::chain;
use crate::support::Installation;
use crate::{clock, lead_of, monday, post, retry_all};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier }
  buyer_shingle: { kind: buyer, name: Shingle }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: { type: email, required: true } }
  price: { fixed: 10.00 }
  sources: [ { entity: src_web } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
      price: { fixed: 25.00 }
      retry: { attempts: 3, backoff: [ 1m, 5m ] }
    - id: shingle
      kind: recipient
      entity: buyer_shingle
      integration: custom_form
      request: { url: "https://buyer.example.com/post", fields: { mail: "{{lead.email}}" } }
      price: { fixed: 18.00 }
"#;

/// A life of the process that has ended.
struct Life {
    temp: TempDir,
    /// In the order in which they were sent, each with its chain.
    leads: Vec<(String, String)>,
}

/// One lead is sold at once and to a second buyer by a retry; one is rejected.
async fn life() -> Life {
    let clock = monday();
    let house = Installation::at(&clock, FLOW, "buyer_premier: 503 | 200\nbuyer_shingle: 200").await;
    let mut ids = Vec::new();
    for json in [r#"{"email":"ann@example.com"}"#, "{}"] {
        ids.push(lead_of(&post(&house, json).await));
    }
    retry_all(&house, &clock).await;
    let mut leads = Vec::new();
    for id in ids {
        let told = chain(&house, &id).await;
        leads.push((id, told));
    }
    Life { temp: house.close().await, leads }
}

const LOG: &str = "leads/00000000000000000000.hot";

impl Life {
    /// What would lie on the disk had the process ended behind so many records of leads, and when that was.
    fn cut_behind(&self, kept: usize) -> (TempDir, Arc<FakeClock>) {
        let temp = TempDir::new().unwrap();
        copy(self.temp.path(), temp.path());
        let mut content = std::fs::read(temp.path().join(LOG)).unwrap();
        let file = HotFile::read(&content).unwrap();
        let end = file.frames.get(kept).map_or(file.end, |(start, _)| *start);
        content[usize::try_from(end).unwrap()..].fill(0);
        std::fs::write(temp.path().join(LOG), content).unwrap();
        let header: Value = serde_json::from_slice(&file.frames[kept - 1].1.header).unwrap();
        (temp, clock(header["timestamp"].as_str().unwrap()))
    }

    fn records(&self) -> usize {
        HotFile::read(&std::fs::read(self.temp.path().join(LOG)).unwrap()).unwrap().frames.len()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(path, to).unwrap();
        }
    }
}

#[tokio::test]
async fn row_12_wherever_the_process_ends_every_answered_lead_has_its_whole_chain_and_retries_go_on() {
    let life = life().await;
    let whole: Vec<&str> = life.leads.iter().map(|(_, told)| told.as_str()).collect();
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=10
        3 recipient.attempted premier buyer_premier attempt=1 delivery=1
        4 recipient.error premier buyer_premier error "Buyer error: HTTP 503" status attempt=1 delivery=1 error_kind=status response_code=503
        5 retry.scheduled premier buyer_premier attempt=2 delivery=1 due=in 1m
        6 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
        7 recipient.delivered shingle buyer_shingle success attempt=1 delivery=2 price=18 response_code=200
        8 flow.completed src_web success cost=10 deliveries=1 margin=8 revenue=18 steps_run=2
        9 retry.attempted premier buyer_premier attempt=2 delivery=1
        10 recipient.attempted premier buyer_premier attempt=2 delivery=1
        11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        --
        1 source.submitted src_web
        2 source.rejected src_web failure "Missing required field: email" missing_field
        3 flow.completed src_web failure "Missing required field: email" missing_field cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
    "#]].assert_eq(&whole.join("--\n"));
    let mut story = String::new();
    // The first record is the ledger's own.
    for kept in 2..=life.records() {
        let (temp, clock) = life.cut_behind(kept);
        let house = Installation::reopened(temp, &clock, "buyer_premier: 200\nbuyer_shingle: 200").await;
        let before = chains(&house, &life).await;
        house.services.engine.resume().await.unwrap();
        house.services.engine.idle().await;
        retry_all(&house, &clock).await;
        let after = chains(&house, &life).await;
        story.push_str(&format!("the process ends behind event {}\n", kept - 1));
        for (number, ((before, after), whole)) in before.iter().zip(&after).zip(&whole).enumerate() {
            assert!(whole.starts_with(before.as_str()), "what was durable is there, in order: {before}");
            let late =
                after.strip_prefix(before.as_str()).expect("nothing before the end of the process changes");
            assert_eq!(after.is_empty(), before.is_empty());
            assert!(after.is_empty() || after.contains("flow.completed"), "{after}");
            for line in late.lines() {
                story.push_str(&format!("  lead {}: {line}\n", number + 1));
            }
        }
        house.close().await;
    }
    expect![[r#"
        the process ends behind event 1
          lead 1: 2 source.accepted src_web success price=10
          lead 1: 3 recipient.attempted premier buyer_premier attempt=1 delivery=1
          lead 1: 4 recipient.delivered premier buyer_premier success attempt=1 delivery=1 price=25 response_code=200
          lead 1: 5 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
          lead 1: 6 recipient.delivered shingle buyer_shingle success attempt=1 delivery=2 price=18 response_code=200
          lead 1: 7 flow.completed src_web success cost=10 deliveries=2 margin=33 revenue=43 steps_run=2
        the process ends behind event 2
          lead 1: 3 recipient.attempted premier buyer_premier attempt=1 delivery=1
          lead 1: 4 recipient.delivered premier buyer_premier success attempt=1 delivery=1 price=25 response_code=200
          lead 1: 5 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
          lead 1: 6 recipient.delivered shingle buyer_shingle success attempt=1 delivery=2 price=18 response_code=200
          lead 1: 7 flow.completed src_web success cost=10 deliveries=2 margin=33 revenue=43 steps_run=2
        the process ends behind event 3
          lead 1: 4 recipient.error premier buyer_premier error "Outcome unknown after restart" unknown attempt=1 delivery=1 error_kind=unknown
          lead 1: 5 retry.scheduled premier buyer_premier attempt=2 delivery=1 due=in 1m
          lead 1: 6 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
          lead 1: 7 recipient.delivered shingle buyer_shingle success attempt=1 delivery=2 price=18 response_code=200
          lead 1: 8 flow.completed src_web success cost=10 deliveries=1 margin=8 revenue=18 steps_run=2
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        the process ends behind event 4
          lead 1: 4 recipient.error premier buyer_premier error "Outcome unknown after restart" unknown attempt=1 delivery=1 error_kind=unknown
          lead 1: 5 retry.scheduled premier buyer_premier attempt=2 delivery=1 due=in 1m
          lead 1: 6 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
          lead 1: 7 recipient.delivered shingle buyer_shingle success attempt=1 delivery=2 price=18 response_code=200
          lead 1: 8 flow.completed src_web success cost=10 deliveries=1 margin=8 revenue=18 steps_run=2
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        the process ends behind event 5
          lead 1: 6 recipient.attempted shingle buyer_shingle attempt=1 delivery=2
          lead 1: 7 recipient.delivered shingle buyer_shingle success attempt=1 delivery=2 price=18 response_code=200
          lead 1: 8 flow.completed src_web success cost=10 deliveries=1 margin=8 revenue=18 steps_run=2
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        the process ends behind event 6
          lead 1: 7 recipient.error shingle buyer_shingle error "Outcome unknown after restart" unknown attempt=1 delivery=2 error_kind=unknown
          lead 1: 8 flow.completed src_web success cost=10 deliveries=0 margin=-10 revenue=0 steps_run=2
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        the process ends behind event 7
          lead 1: 8 flow.completed src_web success cost=10 deliveries=1 margin=8 revenue=18 steps_run=2
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        the process ends behind event 8
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        the process ends behind event 9
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
          lead 2: 2 source.rejected src_web failure "Missing required field: email" missing_field
          lead 2: 3 flow.completed src_web failure "Missing required field: email" missing_field cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
        the process ends behind event 10
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
          lead 2: 3 flow.completed src_web failure "Missing required field: email" missing_field cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
        the process ends behind event 11
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        the process ends behind event 12
          lead 1: 9 retry.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 10 recipient.attempted premier buyer_premier attempt=2 delivery=1
          lead 1: 11 recipient.delivered premier buyer_premier success attempt=2 delivery=1 price=25 response_code=200
        the process ends behind event 13
          lead 1: 11 recipient.error premier buyer_premier error "Outcome unknown after restart" unknown attempt=2 delivery=1 error_kind=unknown
          lead 1: 12 retry.scheduled premier buyer_premier attempt=3 delivery=1 due=in 5m
          lead 1: 13 retry.attempted premier buyer_premier attempt=3 delivery=1
          lead 1: 14 recipient.attempted premier buyer_premier attempt=3 delivery=1
          lead 1: 15 recipient.delivered premier buyer_premier success attempt=3 delivery=1 price=25 response_code=200
        the process ends behind event 14
    "#]].assert_eq(&story);
}

/// The chain of each lead; empty for one that is not there.
async fn chains(house: &Installation, life: &Life) -> Vec<String> {
    let mut told = Vec::new();
    for (id, _) in &life.leads {
        told.push(chain(house, id).await);
    }
    told
}
