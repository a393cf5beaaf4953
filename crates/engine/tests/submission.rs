//! A lead on its way through a flow, told as the chain of its events.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;

use domain::LeadId;
use engine::{ControlError, SubmitError};
use expect_test::{Expect, expect};
use ledger::{DataDirectory, Defences, Disk, Filter, LedgerKind, Order, OsEntropy, Window, verify};
use wire::Header;
use wire::flow_file::FlowFile;

use crate::support::{House, start};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form A }
flow:
  id: flow_roofs
  name: Roofs
  fields:
    first_name: first_name
    email: { type: email, required: true }
    state: state
  dims: [ lead.state ]
  accept: { require: { field: lead.email, op: format is valid }, reason: Incomplete contact data }
  sources:
    - { entity: src_web, key_required: false }
  steps:
    - id: geographic_filter
      kind: filter
      require: { field: lead.state, op: is included in, value: [ TX, OK ] }
      reason: State not in approved list
"#;

/// Each event of a lead on a line: place, type, step, outcome, reason, then the snapshot.
fn bodies(house: &House, lead_id: LeadId) -> String {
    let reader = house.leads.reader();
    let mut told = String::new();
    for record in reader.records(&reader.chain(lead_id)).unwrap() {
        let header = Header::read(&record.header).unwrap();
        let word = |text: &Option<wire::Text<'_>>| text.as_deref().unwrap_or("-").to_owned();
        told.push_str(&format!(
            "{} {} {} {} {}\n  {}\n",
            header.lead_seq.unwrap(),
            &*header.event_type,
            word(&header.step_id),
            word(&header.outcome),
            word(&header.reason),
            str::from_utf8(record.body.bytes().unwrap()).unwrap(),
        ));
    }
    told
}

async fn check(parameters: &[(&str, &str)], expected: Expect) {
    let house = House::new(FLOW, "").await;
    let submitted = house.engine.submit(house.submission("flow_roofs", "src_web", parameters)).await.unwrap();
    expected.assert_eq(&bodies(&house, submitted.lead_id));
    house.close();
}

#[tokio::test]
async fn an_accepted_lead_is_raw_first_and_parsed_after() {
    check(
        &[("first_name", "ann"), ("email", " Ann@Example.com "), ("state", "texas"), ("utm", "x")],
        expect![[r#"
            1 source.submitted - - -
              [["exchange.0.request","POST /submit HTTP/1.1"],["lead.email"," Ann@Example.com "],["lead.first_name","ann"],["lead.state","texas"],["lead.utm","x"]]
            2 source.accepted - success -
              [["lead.email","ann@example.com"],["lead.email.domain","example.com"],["lead.email.host","example"],["lead.email.is_disposable",false],["lead.email.is_free",false],["lead.email.tld","com"],["lead.email.user","Ann"],["lead.email.valid",true],["lead.first_name","ann"],["lead.source.name","Web Form A"],["lead.state","TX"],["lead.state.name","Texas"],["lead.state.valid",true],["rules",[{"rule":"email format is valid","actual":"ann@example.com","passed":true,"decided":true}]]]
            3 filter.passed geographic_filter success -
              [["lead.email","ann@example.com"],["lead.email.domain","example.com"],["lead.email.host","example"],["lead.email.is_disposable",false],["lead.email.is_free",false],["lead.email.tld","com"],["lead.email.user","Ann"],["lead.email.valid",true],["lead.first_name","ann"],["lead.source.name","Web Form A"],["lead.state","TX"],["lead.state.name","Texas"],["lead.state.valid",true],["rules",[{"rule":"state is included in TX, OK","actual":"TX","passed":true,"decided":true}]]]
            4 flow.completed - success -
              [["exchange.0.response","success 0"],["lead.email","ann@example.com"],["lead.email.domain","example.com"],["lead.email.host","example"],["lead.email.is_disposable",false],["lead.email.is_free",false],["lead.email.tld","com"],["lead.email.user","Ann"],["lead.email.valid",true],["lead.first_name","ann"],["lead.source.name","Web Form A"],["lead.state","TX"],["lead.state.name","Texas"],["lead.state.valid",true]]
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_lead_without_a_required_field_is_rejected() {
    check(
        &[("first_name", "ann")],
        expect![[r#"
        1 source.submitted - - -
          [["exchange.0.request","POST /submit HTTP/1.1"],["lead.first_name","ann"]]
        2 source.rejected - failure Missing required field: email
          [["lead.first_name","ann"],["lead.source.name","Web Form A"]]
        3 flow.completed - failure Missing required field: email
          [["exchange.0.response","failure 0"],["lead.first_name","ann"],["lead.source.name","Web Form A"]]
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_filter_that_fails_ends_the_flow() {
    check(&[("email", "ann@example.com"), ("state", "NY")], expect![[r#"
        1 source.submitted - - -
          [["exchange.0.request","POST /submit HTTP/1.1"],["lead.email","ann@example.com"],["lead.state","NY"]]
        2 source.accepted - success -
          [["lead.email","ann@example.com"],["lead.email.domain","example.com"],["lead.email.host","example"],["lead.email.is_disposable",false],["lead.email.is_free",false],["lead.email.tld","com"],["lead.email.user","ann"],["lead.email.valid",true],["lead.source.name","Web Form A"],["lead.state","NY"],["lead.state.name","New York"],["lead.state.valid",true],["rules",[{"rule":"email format is valid","actual":"ann@example.com","passed":true,"decided":true}]]]
        3 filter.failed geographic_filter failure State not in approved list
          [["lead.email","ann@example.com"],["lead.email.domain","example.com"],["lead.email.host","example"],["lead.email.is_disposable",false],["lead.email.is_free",false],["lead.email.tld","com"],["lead.email.user","ann"],["lead.email.valid",true],["lead.source.name","Web Form A"],["lead.state","NY"],["lead.state.name","New York"],["lead.state.valid",true],["rules",[{"rule":"state is included in TX, OK","actual":"NY","passed":false,"decided":true}]]]
        4 flow.completed - failure State not in approved list
          [["exchange.0.response","failure 0"],["lead.email","ann@example.com"],["lead.email.domain","example.com"],["lead.email.host","example"],["lead.email.is_disposable",false],["lead.email.is_free",false],["lead.email.tld","com"],["lead.email.user","ann"],["lead.email.valid",true],["lead.source.name","Web Form A"],["lead.state","NY"],["lead.state.name","New York"],["lead.state.valid",true]]
    "#]]).await;
}

#[tokio::test]
async fn what_was_published_and_made_is_there_after_a_restart() {
    let house = House::open(tempfile::tempdir().unwrap(), start(), "");
    let file = FlowFile::read(FLOW).unwrap();
    let first = house.control.publish_flow("system", &file).await.unwrap();
    assert!(first.changed);
    assert!(!house.control.publish_flow("system", &file).await.unwrap().changed);
    let other = FlowFile::read(&FLOW.replace("[ TX, OK ]", "[ TX ]")).unwrap();
    assert_eq!(house.control.publish_flow("system", &other).await.unwrap().flow.version.0, 2);
    assert!(!house.control.has_admin());
    let admin = house.control.create_key("system", "first", vec![domain::Scope::Admin]).await.unwrap();
    let reader = house.control.create_key("system", "desk", vec![domain::Scope::Read]).await.unwrap();
    assert!(matches!(
        house.control.adopt_key("system", "again", vec![], &admin.secret).await,
        Err(ControlError::KeyExists(_))
    ));
    assert!(matches!(
        house.control.adopt_key("system", "x", vec![], "gl_short").await,
        Err(ControlError::KeyForm)
    ));
    assert!(house.control.revoke_key(&admin.name, &reader.name).await.unwrap());
    assert!(!house.control.revoke_key(&admin.name, &reader.name).await.unwrap());

    let house = House::open(house.close(), start(), "");
    let flow_id = "flow_roofs".parse().unwrap();
    assert_eq!(house.control.flow(&flow_id).unwrap().version.0, 2);
    assert_eq!(
        house.control.flow_version(&flow_id, first.flow.version).unwrap().document,
        first.flow.document
    );
    assert_eq!(house.control.entity_name(&"src_web".parse().unwrap()).as_deref(), Some("Web Form A"));
    assert!(house.control.has_admin());
    let key = house.control.authenticate(&admin.secret).unwrap();
    assert!(key.allows(&domain::Scope::PiiRead));
    assert!(house.control.authenticate(&reader.secret).is_none());
    house.close();
}

#[tokio::test]
async fn a_lead_that_a_crash_interrupted_is_taken_to_its_end() {
    let house = House::new(FLOW, "").await;
    let submitted = house
        .engine
        .submit(house.submission("flow_roofs", "src_web", &[("email", "ann@example.com"), ("state", "TX")]))
        .await
        .unwrap();
    let whole: Vec<String> = types(&house, submitted.lead_id);
    let directory = house.close();
    // Every durable beginning of the chain: the newest file is cut behind each of its frames, as a
    // crash leaves it.
    let leads = directory.path().join("leads").join("00000000000000000000.hot");
    let content = std::fs::read(&leads).unwrap();
    let mut ends = vec![64];
    loop {
        let at = *ends.last().unwrap();
        let len = u32::from_le_bytes(content[at..at + 4].try_into().unwrap()) as usize;
        if len == 0 {
            break;
        }
        ends.push(at + 8 + len);
    }
    assert_eq!(ends.len(), 1 + 1 + whole.len(), "record 0 and the chain");
    let mut directory = directory;
    for kept in (2..ends.len()).rev() {
        std::fs::write(&leads, &content[..ends[kept]]).unwrap();
        let house = House::open(directory, start(), "");
        assert_eq!(house.engine.resume().await.unwrap(), u64::from(kept < ends.len() - 1));
        house.engine.idle().await;
        assert_eq!(types(&house, submitted.lead_id), whole, "cut behind {kept} records");
        assert_eq!(house.engine.resume().await.unwrap(), 0);
        directory = house.close();
        let data = DataDirectory::open(directory.path()).unwrap();
        let disk: Arc<dyn Disk> = Arc::new(data.disk(LedgerKind::Leads).unwrap());
        let master = data.keys(LedgerKind::Leads, &OsEntropy).unwrap().master;
        let report = verify(&disk, Some(&master), Defences::ALL).unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
    }
}

fn types(house: &House, lead_id: LeadId) -> Vec<String> {
    let reader = house.leads.reader();
    let records = reader.records(&reader.chain(lead_id)).unwrap();
    records.iter().map(|record| Header::read(&record.header).unwrap().event_type.to_string()).collect()
}

#[tokio::test]
async fn a_caller_who_gives_up_waiting_does_not_stop_the_lead() {
    let house = House::new(FLOW, "").await;
    let submission =
        house.submission("flow_roofs", "src_web", &[("email", "ann@example.com"), ("state", "TX")]);
    let mut submit = Box::pin(house.engine.submit(submission));
    // Polled once, then dropped: the client hung up.
    assert!(futures_poll(&mut submit).is_none());
    drop(submit);
    house.engine.drain().await;
    let page = house.leads.reader().list(
        &Filter::default(),
        Window { after: None, before: None, order: Order::OldestFirst, limit: 100 },
    );
    assert_eq!(page.seqs.len(), 5, "record 0, submitted, accepted, filter, completed");
    house.close();
}

fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_lead_that_a_record_may_not_hold_is_refused_before_anything_is_recorded() {
    let house = House::new(FLOW, "").await;
    // Control characters take six bytes each in a record.
    let large = "\u{1}".repeat(300_000);
    let error = house
        .engine
        .submit(house.submission("flow_roofs", "src_web", &[("email", &large)]))
        .await
        .unwrap_err();
    assert!(matches!(error, SubmitError::TooLarge { bytes: 1_800_000.. }), "{error}");
    assert_eq!(house.leads.reader().next_seq(), 1, "record 0 only");
    // What is let in is taken to its end, however much parsing makes of it.
    let url = format!("https://example.com/{0}?{0}#{0}", "\u{e9}".repeat(120_000));
    let submitted = house
        .engine
        .submit(house.submission("flow_roofs", "src_web", &[("email", &url), ("state", "TX")]))
        .await
        .unwrap();
    assert_eq!(submitted.answer.outcome.as_str(), "failure");
    assert_eq!(house.engine.resume().await.unwrap(), 0);
    house.close();
}

/// An earlier release published flows that this one would not.
#[tokio::test]
async fn a_flow_that_could_not_be_published_again_still_takes_leads_after_a_restart() {
    let older = FLOW.replace("[ TX, OK ]", "[ TX, OK, Texsa ]");
    assert!(FlowFile::read(&older).is_err());
    let house = House::new(FLOW, "").await;
    house.control.publish_flow("ops", &FlowFile::read_published(&older).unwrap()).await.unwrap();
    let house = House::open(house.close(), start(), "");
    assert_eq!(house.control.flow(&"flow_roofs".parse().unwrap()).unwrap().version.0, 2);
    let lead = house.submission("flow_roofs", "src_web", &[("email", "ann@example.com"), ("state", "TX")]);
    assert_eq!(house.engine.submit(lead).await.unwrap().answer.outcome.as_str(), "success");
    house.close();
}
