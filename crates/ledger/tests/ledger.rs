//! What the ledger promises to its callers, on a real directory.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use domain::{
    ControlEvent, ControlKind, Event, EventBody, EventHead, EventId, EventKind, FlowVersion, Lead, LeadId,
    LeadIdKind, Marks, SubjectId, Timestamp, Timing, Value,
};
use ledger::{
    DataDirectory, DataDirectoryError, Defences, Disk, Filter, Ledger, LedgerKind, LedgerOptions, Order,
    OsEntropy, RecordError, Running, StoredBody, TypePattern, Window, verify,
};

const AT: Timestamp = Timestamp::MIN;

fn id(number: u8) -> EventId {
    EventId::new(AT.plus_millis(70_000_000_000_000), [0, 0, 0, 0, 0, number])
}

fn lead_id(number: u8) -> LeadId {
    LeadId::new(LeadIdKind::Lead, AT.plus_millis(70_000_000_000_000), [0, 0, 0, 0, 0, number])
}

fn event(number: u8, lead: u8, kind: EventKind) -> Event {
    let mut fields = Lead::new();
    fields.set("email".parse().unwrap(), Value::text(format!("ann{lead}@example.com")));
    fields.set("number".parse().unwrap(), Value::text(format!("{number}")));
    Event {
        head: EventHead {
            id: id(number),
            at: AT.plus_millis(70_000_000_000_000 + i64::from(number)),
            lead_id: lead_id(lead),
            flow_id: "flow_solar".parse().unwrap(),
            flow_version: FlowVersion(1),
            source_id: "src_web_a".parse().unwrap(),
            timing: Timing::default(),
            dims: vec![],
            marks: Marks::default(),
        },
        kind,
        body: EventBody { lead: fields, ..EventBody::default() },
    }
}

fn start(directory: &DataDirectory, kind: LedgerKind) -> (Ledger, Running) {
    let keys = directory.keys(kind, &OsEntropy).unwrap();
    let disk = Arc::new(directory.disk(kind).unwrap());
    Ledger::start(disk, &keys, LedgerOptions::new("test", kind), Arc::new(OsEntropy), AT).unwrap()
}

fn window(limit: usize, order: Order) -> Window {
    Window { after: None, before: None, order, limit }
}

#[tokio::test]
async fn what_is_durable_is_read_back_in_order_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let (ledger, running) = start(&data, LedgerKind::Leads);
    let mut lease = ledger.create(lead_id(1)).unwrap();
    let submitted = event(1, 1, EventKind::SourceSubmitted);
    let accepted = event(2, 1, EventKind::SourceAccepted { price: None, caps: vec![] });
    let _early = lease.record(&[&submitted]).await.unwrap();
    let ticket = lease.record(&[&accepted]).await.unwrap();
    assert_eq!(ticket.durable().await.unwrap().first_seq, 2);
    assert_eq!(lease.last_seq(), 2);
    drop(lease);

    let mut other = ledger.create(lead_id(2)).unwrap();
    other.record(&[&event(3, 2, EventKind::SourceSubmitted)]).await.unwrap().durable().await.unwrap();
    drop(other);
    let before: Vec<_> = ledger.reader().records(&[0, 1, 2, 3]).unwrap();
    running.close().unwrap();

    let (ledger, running) = start(&data, LedgerKind::Leads);
    let reader = ledger.reader();
    assert_eq!(reader.records(&[0, 1, 2, 3, 4]).unwrap(), before);
    assert_eq!(reader.chain(lead_id(1)), [1, 2]);
    assert_eq!(reader.find(&id(3)), Some(3));
    assert_eq!(reader.find(&id(9)), None);
    let StoredBody::Open(body) = &before[1].body else { panic!("the body opens") };
    assert!(str::from_utf8(body).unwrap().contains("ann1@example.com"));

    // The chain goes on where it stood.
    let mut lease = ledger.lease(lead_id(1)).await.unwrap().unwrap();
    assert_eq!(lease.last_seq(), 2);
    lease
        .record(&[&event(
            4,
            1,
            EventKind::FilterPassed { step_id: "geo".parse().unwrap(), rules_evaluated: 1 },
        )])
        .await
        .unwrap()
        .durable()
        .await
        .unwrap();
    drop(lease);
    running.close().unwrap();

    let keys = data.keys(LedgerKind::Leads, &OsEntropy).unwrap();
    let disk: Arc<dyn Disk> = Arc::new(data.disk(LedgerKind::Leads).unwrap());
    let report = verify(&disk, Some(&keys.master), Defences::ALL).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.records, report.chains, report.bodies_checked, report.slots), (5, 2, 4, 2));
    let closed = verify(&disk, None, Defences::ALL).unwrap();
    assert!(closed.is_clean());
    assert_eq!(closed.bodies_unopened, 4);
}

#[tokio::test]
async fn a_lead_has_one_owner_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let (ledger, running) = start(&data, LedgerKind::Leads);
    let mut lease = ledger.create(lead_id(1)).unwrap();
    assert!(ledger.try_lease(lead_id(1)).is_err());
    let waiting = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.lease(lead_id(1)).await.unwrap().unwrap().last_seq() }
    });
    // Dropped with a group still under way: the next owner must not start from before it.
    let _ticket = lease.record(&[&event(1, 1, EventKind::SourceSubmitted)]).await.unwrap();
    drop(lease);
    assert_eq!(waiting.await.unwrap(), 1);
    assert!(ledger.lease(lead_id(7)).await.unwrap().is_none());
    assert_eq!(ledger.vitals().open_chains, 0);
    running.close().unwrap();
}

#[tokio::test]
async fn an_event_of_another_lead_is_refused_and_leaves_the_chain_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let (ledger, running) = start(&data, LedgerKind::Leads);
    let mut lease = ledger.create(lead_id(1)).unwrap();
    let good = event(1, 1, EventKind::SourceSubmitted);
    let error = lease.record(&[&good, &event(2, 2, EventKind::SourceSubmitted)]).await.unwrap_err();
    assert!(error.to_string().contains("does not belong to lead_"), "{error}");
    assert!(matches!(lease.record(&[]).await, Err(RecordError::GroupSize { bytes: 0 })));
    assert_eq!(lease.last_seq(), 0);
    assert_eq!(lease.record(&[&good]).await.unwrap().durable().await.unwrap().first_seq, 1);
    running.close().unwrap();
}

#[tokio::test]
async fn lists_filter_and_page_in_both_orders() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let (ledger, running) = start(&data, LedgerKind::Leads);
    for lead in 1..=3 {
        let mut lease = ledger.create(lead_id(lead)).unwrap();
        let submitted = event(lead * 10, lead, EventKind::SourceSubmitted);
        let accepted = event(lead * 10 + 1, lead, EventKind::SourceAccepted { price: None, caps: vec![] });
        lease.record(&[&submitted, &accepted]).await.unwrap().durable().await.unwrap();
    }
    let reader = ledger.reader();
    let list = |filter: &Filter, window| reader.list(filter, window).seqs;
    let all = Filter::default();
    assert_eq!(list(&all, window(100, Order::NewestFirst)), [6, 5, 4, 3, 2, 1, 0]);
    let page = reader.list(&all, window(2, Order::OldestFirst));
    assert_eq!((page.seqs, page.more, page.complete_to_seq), (vec![0, 1], true, 7));
    let next = Window { after: Some(1), ..window(5, Order::OldestFirst) };
    assert_eq!(list(&all, next), [2, 3, 4, 5, 6]);
    assert!(!reader.list(&all, next).more);
    let earlier = Window { before: Some(3), ..window(100, Order::NewestFirst) };
    assert_eq!(list(&all, earlier), [2, 1, 0]);

    let sources = Filter { types: vec![TypePattern::Family("source".into())], ..Filter::default() };
    assert_eq!(list(&sources, window(100, Order::OldestFirst)), [1, 2, 3, 4, 5, 6]);
    let submitted =
        Filter { types: vec![TypePattern::Exact("source.submitted".into())], ..Filter::default() };
    assert_eq!(list(&submitted, window(2, Order::NewestFirst)), [5, 3]);
    let unknown = Filter { flows: vec!["flow_other".parse().unwrap()], ..Filter::default() };
    assert_eq!(list(&unknown, window(100, Order::NewestFirst)), [0; 0]);
    let lead = Filter { chain: Some(lead_id(2).into()), ..sources.clone() };
    assert_eq!(list(&lead, window(100, Order::OldestFirst)), [3, 4]);
    let from = Filter { start: Some(AT.plus_millis(70_000_000_000_030)), ..sources };
    assert_eq!(list(&from, window(100, Order::OldestFirst)), [5, 6]);
    running.close().unwrap();
}

#[tokio::test]
async fn the_control_ledger_is_a_second_instance() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let (leads, leads_running) = start(&data, LedgerKind::Leads);
    let (control, control_running) = start(&data, LedgerKind::Control);
    assert_ne!(leads.id(), control.id());
    let subject_id = SubjectId::new(AT.plus_millis(70_000_000_000_000), [1; 6]);
    let published = ControlEvent {
        id: id(1),
        at: AT.plus_millis(70_000_000_000_000),
        subject_id,
        actor: "system".into(),
        kind: ControlKind::FlowPublished {
            flow_id: "flow_solar".parse().unwrap(),
            version: FlowVersion(1),
            document: "{}".into(),
        },
    };
    let mut lease = control.create(subject_id).unwrap();
    lease.record(&[&published]).await.unwrap().durable().await.unwrap();
    let record = control.reader().record(1).unwrap().unwrap();
    assert!(String::from_utf8(record.header).unwrap().contains("\"subject_seq\":1"));
    assert_eq!(leads.reader().next_seq(), 1);
    leads_running.close().unwrap();
    control_running.close().unwrap();
}

#[test]
fn two_processes_cannot_have_one_directory() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let error = DataDirectory::open(directory.path()).unwrap_err();
    assert!(matches!(&error, DataDirectoryError::InUse { holder: Some(_), .. }), "{error}");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(DataDirectory::open_to_read(directory.path()).unwrap().is_live());
    drop(data);
    assert!(!DataDirectory::open_to_read(directory.path()).unwrap().is_live());
    DataDirectory::open(directory.path()).unwrap();
}

#[test]
fn a_lost_key_is_told_and_not_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    start(&data, LedgerKind::Leads).1.close().unwrap();
    let path = directory.path().join("keys/master.key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_file(&path).unwrap();
    let error = data.keys(LedgerKind::Leads, &OsEntropy).unwrap_err();
    assert!(matches!(error, DataDirectoryError::KeyMissing { .. }), "{error}");
    std::fs::write(&path, "not a key").unwrap();
    assert!(matches!(data.keys(LedgerKind::Leads, &OsEntropy), Err(DataDirectoryError::Key { .. })));
    std::fs::write(&path, "00".repeat(32)).unwrap();
    let keys = data.keys(LedgerKind::Leads, &OsEntropy).unwrap();
    let disk = Arc::new(data.disk(LedgerKind::Leads).unwrap());
    let options = LedgerOptions::new("test", LedgerKind::Leads);
    let error = Ledger::start(disk, &keys, options, Arc::new(OsEntropy), AT).unwrap_err();
    assert!(error.to_string().contains("the master key does not open"), "{error}");
}
