//! What the ledger promises to its callers, on a real directory.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use domain::{
    Call, ControlEvent, ControlKind, Event, EventBody, EventHead, EventId, EventKind, Fault, FaultKind,
    FieldState, FieldStates, FlowVersion, Lead, LeadId, LeadIdKind, Marks, Outcome, Price, Reason,
    ReasonCode, Retry, Scalar, SubjectId, Timestamp, Timing, Value,
};
use ledger::{
    ChainQuery, Choice, DataDirectory, DataDirectoryError, Defences, DimFilter, Disk, FieldFilter, Filter,
    Ledger, LedgerKind, LedgerOptions, Order, OsEntropy, RecordError, Running, StoredBody, TestLeads,
    TypePattern, Window, verify,
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
            fields: FieldStates::default(),
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

    let sources =
        Filter { types: Choice::among([TypePattern::Family("source".into())]), ..Filter::default() };
    assert_eq!(list(&sources, window(100, Order::OldestFirst)), [1, 2, 3, 4, 5, 6]);
    let submitted =
        Filter { types: Choice::among([TypePattern::Exact("source.submitted".into())]), ..Filter::default() };
    assert_eq!(list(&submitted, window(2, Order::NewestFirst)), [5, 3]);
    let unknown = Filter { flows: Choice::among(["flow_other".parse().unwrap()]), ..Filter::default() };
    assert_eq!(list(&unknown, window(100, Order::NewestFirst)), [0; 0]);
    let lead = Filter { chain: Some(lead_id(2).into()), ..sources.clone() };
    assert_eq!(list(&lead, window(100, Order::OldestFirst)), [3, 4]);
    let from = Filter { start: Some(AT.plus_millis(70_000_000_000_030)), ..sources };
    assert_eq!(list(&from, window(100, Order::OldestFirst)), [5, 6]);
    running.close().unwrap();
}

/// Records four events of one lead that differ in all that lists filter by.
async fn four_events(ledger: &Ledger) {
    let call = || Call {
        step_id: "check".parse().unwrap(),
        entity_id: "svc_check".parse().unwrap(),
        integration: "custom_json".into(),
        response_code: None,
    };
    let retry = Retry { attempt: 1, delivery_id: id(9) };
    let fault = Fault {
        kind: FaultKind::Timeout,
        reason: Reason::new(ReasonCode::Timeout, "Service timeout after 5000ms"),
    };
    let price = |text: &str| Price { amount: text.parse().unwrap(), below_floor: false, copy: false };
    let kinds = [
        EventKind::SourceSubmitted,
        EventKind::EnhancementError { call: call(), fault },
        EventKind::RecipientDelivered { call: call(), retry, price: price("17.20") },
        EventKind::RecipientDelivered { call: call(), retry, price: price("-3") },
    ];
    let mut lease = ledger.create(lead_id(1)).unwrap();
    for (number, kind) in (1..).zip(kinds) {
        let mut event = event(number, 1, kind);
        event.head.timing.duration_ms = [0, 5000, 5_000_000_000, 7][usize::from(number) - 1];
        event.head.marks.test = number == 4;
        if number > 1 {
            // The state is known of all, the owner of the last two; of three fields the last is wrong.
            event.head.dims =
                vec![("lead.state".into(), Scalar::Text(["TX", "TX", "OK"][usize::from(number) - 2].into()))];
            if number > 2 {
                event.head.dims.insert(0, ("lead.owner".into(), Scalar::Bool(number == 4)));
            }
            event.head.fields =
                FieldStates::new([FieldState::Valid, FieldState::Absent, FieldState::Invalid].into_iter());
            event.head.flow_version = FlowVersion(if number == 4 { 2 } else { 1 });
        }
        lease.record(&[&event]).await.unwrap().durable().await.unwrap();
    }
}

#[tokio::test]
async fn lists_are_filtered_by_what_the_index_knows_and_by_what_is_not_wanted() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let (ledger, running) = start(&data, LedgerKind::Leads);
    four_events(&ledger).await;
    running.close().unwrap();
    // The rows are the same when recovery reads them.
    let (ledger, running) = start(&data, LedgerKind::Leads);
    let all = Filter::default;
    let money = |text: &str| Some(text.parse().unwrap());
    let exact = |name: &str| TypePattern::Exact(name.into());
    let dim = |path: &str, values| Filter { dims: vec![DimFilter { path: path.into(), values }], ..all() };
    let text = |text: &str| Scalar::Text(text.into());
    let field = |states: &[FieldState], places: &[(u32, usize)]| {
        let at =
            |(version, place): &(u32, usize)| ("flow_solar".parse().unwrap(), FlowVersion(*version), *place);
        let states = states.to_vec();
        Filter { fields: vec![FieldFilter { states, places: places.iter().map(at).collect() }], ..all() }
    };
    let (absent, invalid, valid) = (FieldState::Absent, FieldState::Invalid, FieldState::Valid);
    for (filter, wanted) in [
        (dim("lead.state", Choice::among([text("tx")])), vec![2, 3]),
        (dim("lead.state", Choice::among([text("TX"), text("OK")])), vec![2, 3, 4]),
        (dim("lead.state", Choice::except([text("TX")])), vec![0, 1, 4]),
        (dim("lead.owner", Choice::among([Scalar::Bool(true)])), vec![4]),
        // The text is not the boolean.
        (dim("lead.owner", Choice::among([text("true")])), vec![]),
        (dim("lead.other", Choice::among([text("TX")])), vec![]),
        (dim("lead.other", Choice::except([text("TX")])), vec![0, 1, 2, 3, 4]),
        (field(&[valid], &[(1, 0), (2, 0)]), vec![2, 3, 4]),
        // Each version has its own order of fields.
        (field(&[valid], &[(1, 0), (2, 2)]), vec![2, 3]),
        (field(&[invalid, valid], &[(1, 2), (2, 1)]), vec![2, 3]),
        (field(&[absent], &[(1, 1)]), vec![2, 3]),
        (field(&[absent], &[(2, 1)]), vec![4]),
        (field(&[absent], &[(1, 9)]), vec![]),
        (field(&[absent], &[]), vec![]),
        (Filter { integrations: Choice::among(["custom_json".into()]), ..all() }, vec![2, 3, 4]),
        (Filter { integrations: Choice::except(["custom_json".into()]), ..all() }, vec![0, 1]),
        (Filter { integrations: Choice::except(["never_seen".into()]), ..all() }, vec![0, 1, 2, 3, 4]),
        (Filter { integrations: Choice::among(["never_seen".into()]), ..all() }, vec![]),
        (Filter { reason_codes: Choice::among([ReasonCode::Timeout]), ..all() }, vec![2]),
        (Filter { reason_codes: Choice::except([ReasonCode::Timeout]), ..all() }, vec![0, 1, 3, 4]),
        (Filter { min_ms: Some(5000), ..all() }, vec![2, 3]),
        (Filter { min_ms: Some(5001), ..all() }, vec![3]),
        (Filter { min_ms: Some(u64::MAX), ..all() }, vec![3]),
        (Filter { min_ms: Some(1), max_ms: Some(5000), ..all() }, vec![2, 4]),
        (Filter { min_price: money("17.2"), ..all() }, vec![3]),
        (Filter { max_price: money("0"), ..all() }, vec![4]),
        (Filter { min_price: money("-3"), max_price: money("100"), ..all() }, vec![3, 4]),
        (Filter { test: TestLeads::Only, ..all() }, vec![4]),
        (Filter { test: TestLeads::Without, ..all() }, vec![0, 1, 2, 3]),
        (Filter { types: Choice::except([TypePattern::Family("recipient".into())]), ..all() }, vec![0, 1, 2]),
        (Filter { outcomes: Choice::except([Outcome::Success]), ..all() }, vec![0, 1, 2]),
        (Filter { outcomes: Choice::among([Outcome::Error]), ..all() }, vec![2]),
        (Filter { steps: Choice::except(["check".parse().unwrap()]), ..all() }, vec![0, 1]),
        (
            Filter {
                types: Choice {
                    among: vec![TypePattern::Family("source".into()), exact("enhancement.error")],
                    except: vec![exact("source.submitted")],
                },
                ..all()
            },
            vec![2],
        ),
    ] {
        let found = ledger.reader().list(&filter, window(100, Order::OldestFirst)).seqs;
        assert_eq!(found, wanted, "{filter:?}");
    }
    let headers: Vec<_> = ledger.reader().headers(&[3, 9, 1]).map(Result::unwrap).collect();
    let records = ledger.reader().records(&[3, 1]).unwrap();
    assert_eq!(
        headers.iter().map(|read| (read.seq, &read.header)).collect::<Vec<_>>(),
        records.iter().map(|read| (read.seq, &read.header)).collect::<Vec<_>>()
    );
    running.close().unwrap();
}

#[tokio::test]
async fn chains_are_listed_by_their_first_event_and_judged_by_all() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let (ledger, running) = start(&data, LedgerKind::Leads);
    for lead in 1..=6 {
        let mut lease = ledger.create(lead_id(lead)).unwrap();
        let submitted = event(lead * 10, lead, EventKind::SourceSubmitted);
        let refused = EventKind::SourceRejected {
            reason: Reason::new(ReasonCode::MissingField, "Missing required field: email"),
            duplicate_of: None,
        };
        let accepted = EventKind::SourceAccepted { price: None, caps: vec![] };
        let second = event(lead * 10 + 1, lead, if lead % 2 == 0 { refused } else { accepted });
        lease.record(&[&submitted, &second]).await.unwrap().durable().await.unwrap();
    }
    let reader = ledger.reader();
    let query = ChainQuery::default();
    let refused = |events: &[ledger::Glance]| events.last().unwrap().outcome == Some(Outcome::Failure);
    let page = reader.list_chains(&query, window(10, Order::NewestFirst), 1000, refused);
    assert_eq!((page.chains, page.next), (vec![vec![11, 12], vec![7, 8], vec![3, 4]], None));
    let page = reader.list_chains(&query, window(2, Order::OldestFirst), 1000, |_| true);
    assert_eq!((page.chains, page.next), (vec![vec![1, 2], vec![3, 4]], Some(3)));
    let page = reader.list_chains(&query, window(6, Order::OldestFirst), 1000, |_| true);
    assert_eq!((page.chains.len(), page.next, page.complete_to_seq), (6, None, 13));
    let touches = |code| Filter { reason_codes: Choice::among([code]), ..Filter::default() };
    let touching = |code| ChainQuery { touches: Some(touches(code)), ..ChainQuery::default() };
    let page =
        reader
            .list_chains(&touching(ReasonCode::MissingField), window(10, Order::OldestFirst), 1000, |_| true);
    assert_eq!(page.chains, [[3, 4], [7, 8], [11, 12]]);
    let page =
        reader.list_chains(&touching(ReasonCode::Erased), window(10, Order::OldestFirst), 1000, |_| true);
    assert_eq!((page.chains.len(), page.next), (0, None));

    for (code, wanted) in
        [(ReasonCode::MissingField, vec![1, 5, 9]), (ReasonCode::Erased, vec![1, 3, 5, 7, 9, 11])]
    {
        let query = ChainQuery { avoids: Some(touches(code)), ..ChainQuery::default() };
        let page = reader.list_chains(&query, window(10, Order::OldestFirst), 1000, |_| true);
        assert_eq!(page.chains.iter().map(|chain| chain[0]).collect::<Vec<_>>(), wanted);
    }

    // However few rows a page may look at, the pages together have every chain once.
    for order in [Order::OldestFirst, Order::NewestFirst] {
        for rows_max in 1..20 {
            let (mut found, mut window) = (Vec::new(), window(10, order));
            loop {
                let page = reader.list_chains(&query, window, rows_max, refused);
                found.extend(page.chains.iter().map(|chain| chain[0]));
                match (page.next, order) {
                    (None, _) => break,
                    (next, Order::OldestFirst) => window.after = next,
                    (next, Order::NewestFirst) => window.before = next,
                }
            }
            if order == Order::NewestFirst {
                found.reverse();
            }
            assert_eq!(found, [3, 7, 11], "{rows_max} rows at a time, {order:?}");
        }
    }
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
