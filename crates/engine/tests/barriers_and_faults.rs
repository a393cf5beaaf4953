//! The two places where a lead waits for the disk, and disks that fail while a lead is on its way, told
//! step by step on a simulated disk whose writer is driven by hand.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use domain::{Answer, EventId, EventType, FieldPath, Lead, LeadId, Timestamp, Value};
use engine::{
    Barrier, Barriers, Clock, Control, Engine, EngineParts, IdempotencyKey, Parties, RepeatKey, Submission,
    SubmitError, Submitted,
};
use expect_test::expect;
use ledger::{Defences, Disk, Ledger, LedgerKind, LedgerOptions, RecordError, Writer, verify};
use testkit::disk::{Call, Calls, Failure, Fault, PowerLoss};
use testkit::ledger_log::{SeededEntropy, keys};
use testkit::{FakeClock, ScriptedParties, SimDisk};
use tokio::task::JoinHandle;
use wire::flow_file::FlowFile;
use wire::{BodyView, Header};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier Leads }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email }
  price: { fixed: 8.00 }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
      price: { fixed: 20.00 }
      retry: { attempts: 3, backoff: [ 10s ] }
"#;

/// An installation on simulated disks: control is written at once, the leads when the test says so.
struct House {
    disk: SimDisk,
    clock: Arc<FakeClock>,
    entropy: Arc<SeededEntropy>,
    parties: Arc<ScriptedParties>,
    barriers: Barriers,
    life: Option<Life>,
}

struct Life {
    leads: Ledger,
    writer: Writer,
    control: Control,
    engine: Engine,
}

impl House {
    async fn new(barriers: Barriers, script: &str) -> House {
        let start: Timestamp = "2024-01-15T10:00:00Z".parse().unwrap();
        let clock = Arc::new(FakeClock::at(start));
        let parties = Arc::new(ScriptedParties::new(Arc::clone(&clock), script));
        let entropy = Arc::new(SeededEntropy::new(1));
        let mut house = House { disk: SimDisk::new(1), clock, entropy, parties, barriers, life: None };
        house.start().await;
        house
    }

    /// The next life, on a machine that works; what control knows is not what these tests are about.
    async fn start(&mut self) {
        self.life = None;
        self.disk.restart();
        self.disk.set_capacity(None);
        let (disk, now) = (Arc::new(self.disk.clone()) as Arc<dyn Disk>, self.clock.now());
        let options = LedgerOptions {
            reserve_bytes: 1,
            vault_block_slots: 4,
            ..LedgerOptions::new("simulated", LedgerKind::Leads)
        };
        let (leads, writer) = Ledger::open(disk, &keys(), options, self.entropy.clone(), now).unwrap();
        let control_disk = Arc::new(SimDisk::new(2));
        let options = LedgerOptions::new("simulated", LedgerKind::Control);
        let (control, control_running) =
            Ledger::start(control_disk, &keys(), options, self.entropy.clone(), now).unwrap();
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let control = Control::open(control, clock.clone(), self.entropy.clone()).unwrap();
        control.publish_flow("system", &FlowFile::read(FLOW).unwrap()).await.unwrap();
        control_running.close().unwrap();
        let engine = Engine::new(EngineParts {
            leads: leads.clone(),
            control: control.clone(),
            clock,
            entropy: self.entropy.clone(),
            parties: Arc::clone(&self.parties) as Arc<dyn Parties>,
            barriers: self.barriers,
        });
        engine.resume().await.unwrap();
        self.life = Some(Life { leads, writer, control, engine });
    }

    fn life(&mut self) -> &mut Life {
        self.life.as_mut().unwrap()
    }

    /// Submits a lead under an idempotency key, always the same.
    async fn submit(&mut self) -> JoinHandle<Result<Submitted, SubmitError>> {
        let life = self.life();
        let email = (FieldPath::key("email").unwrap(), Value::text("ann@example.com"));
        let submission = Submission {
            flow: life.control.flow(&"flow_roofs".parse().unwrap()).unwrap(),
            source_id: "src_web".parse().unwrap(),
            raw: Lead::from_iter([email]),
            request: Arc::from(b"POST /submit HTTP/1.1".as_slice()),
            request_id: None,
            test: false,
            ping_token: None,
            idempotency: Some(IdempotencyKey { key: RepeatKey::Own("1".to_owned()), payload: Vec::new() }),
            render: Box::new(|_: LeadId, answer: &Answer, _: &Lead| {
                Arc::from(answer.outcome.as_str().as_bytes())
            }),
        };
        let engine = life.engine.clone();
        let submitting = tokio::spawn(async move { engine.submit(submission).await });
        as_far_as_it_goes().await;
        submitting
    }

    /// One batch becomes durable, and everybody hears of it.
    async fn write(&mut self) -> Result<usize, ledger::Stopped> {
        let written = self.life().writer.write_batch();
        as_far_as_it_goes().await;
        written
    }

    /// Which deliveries the buyer has seen, oldest first.
    fn seen(&self) -> Vec<String> {
        let of = |headers: &[(String, String)]| {
            let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
            found.map(|(_, value)| value.clone()).unwrap()
        };
        self.parties.seen().iter().map(|(_, request)| of(&request.headers)).collect()
    }

    /// Whether the ledger knows an event of this id.
    fn knows(&mut self, id: &str) -> bool {
        self.life().leads.reader().find(&id.parse::<EventId>().unwrap()).is_some()
    }

    /// Runs every retry to its end, in its time.
    async fn retry_all(&mut self) {
        self.write().await.unwrap();
        while let Some(due) = self.life().engine.next_due() {
            self.clock.advance_to(due);
            let engine = self.life().engine.clone();
            let retrying = tokio::spawn(async move { engine.run_due().await });
            as_far_as_it_goes().await;
            while !retrying.is_finished() {
                self.write().await.unwrap();
            }
        }
        while self.write().await.unwrap() > 0 {}
    }

    /// The types of all events, in order, with the delivery ids cut out.
    fn events(&mut self) -> String {
        let reader = self.life().leads.reader();
        let mut told = String::new();
        for seq in 0..reader.next_seq() {
            let record = reader.record(seq).unwrap().unwrap();
            let header = Header::read(&record.header).unwrap();
            if *header.event_type == *EventType::LedgerOpened.as_str() {
                continue;
            }
            let body = BodyView::read(record.body.bytes().unwrap()).unwrap();
            let event = wire::read_event(&header, Some(&body)).unwrap();
            let reason = event.kind.reason().map_or(String::new(), |reason| format!("  ({})", reason.text));
            told += &format!("{}{reason}\n", header.event_type);
        }
        told
    }

    fn check_files(&self) {
        let mut copy = SimDisk::new(0);
        copy.restore(&self.disk.snapshot());
        let copy: Arc<dyn Disk> = Arc::new(copy);
        let report = verify(&copy, Some(&keys().master), Defences::ALL).unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
    }
}

/// Lets all tasks run until each waits for the disk. There is one thread, and none of them sleeps.
async fn as_far_as_it_goes() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_byte_reaches_a_buyer_before_its_attempt_is_durable() {
    let mut house = House::new(Barriers::ALL, "buyer_premier: 200").await;
    let submitting = house.submit().await;
    assert!(house.life().leads.vitals().queued_bytes > 0, "the attempt waits to be written");
    assert_eq!(house.seen(), [""; 0], "the buyer hears nothing meanwhile");
    house.write().await.unwrap();
    let seen = house.seen();
    assert_eq!(seen.len(), 1, "then it is asked");
    assert!(house.knows(&seen[0]));
    // And the power may go: the ledger still knows what the buyer was sent.
    house.disk.lose_power(PowerLoss::HARSHEST);
    submitting.abort();
    house.start().await;
    assert!(house.knows(&seen[0]));
}

/// The buyer has a lead under an id that nothing in the ledger knows: nobody will ever tell what
/// became of it, and the person is sent again under another.
#[tokio::test]
async fn without_its_barrier_a_buyer_has_a_lead_that_the_ledger_never_heard_of() {
    let mut house = House::new(Barriers::without(Barrier::BeforeDelivery), "buyer_premier: 200").await;
    let submitting = house.submit().await;
    let seen = house.seen();
    assert_eq!(seen.len(), 1, "nothing is durable, and the buyer is asked");
    house.disk.lose_power(PowerLoss::HARSHEST);
    submitting.abort();
    house.start().await;
    assert!(!house.knows(&seen[0]));
}

#[tokio::test]
async fn no_answer_leaves_before_its_end_is_durable() {
    let mut house = House::new(Barriers::ALL, "buyer_premier: 200").await;
    let submitting = house.submit().await;
    house.write().await.unwrap();
    assert_eq!(house.seen().len(), 1);
    assert!(!submitting.is_finished(), "the buyer has answered, the end waits to be written");
    house.write().await.unwrap();
    assert!(submitting.is_finished());
    let submitted = submitting.await.unwrap().unwrap();
    house.disk.lose_power(PowerLoss::HARSHEST);
    house.start().await;
    assert!(house.events().ends_with("flow.completed\n"));
    assert_eq!(house.life().leads.reader().chain(submitted.lead_id).len(), 5);
}

/// The client was told that its lead is sold; after the power came back the lead is one that ended with
/// a fault at the buyer.
#[tokio::test]
async fn without_its_barrier_a_client_was_told_what_never_happened() {
    let mut house = House::new(Barriers::without(Barrier::BeforeAnswer), "buyer_premier: 200").await;
    let submitting = house.submit().await;
    house.write().await.unwrap();
    assert!(submitting.is_finished(), "the end is not durable, and the client has its answer");
    let told = submitting.await.unwrap().unwrap();
    assert_eq!(told.answer.outcome, domain::Outcome::Success);
    house.disk.lose_power(PowerLoss::HARSHEST);
    house.start().await;
    assert!(!house.events().contains("recipient.delivered"));
}

/// Fills the disk, or breaks it, while a buyer has a lead and its answer waits to be written. The engine
/// stops and says so; the next start takes the lead to its end under the delivery id it had.
async fn a_disk_fails_while_a_delivery_is_under_way(break_disk: impl FnOnce(&SimDisk)) {
    let mut house = House::new(Barriers::ALL, "buyer_premier: 200").await;
    let submitting = house.submit().await;
    house.write().await.unwrap();
    assert_eq!(house.seen().len(), 1);
    break_disk(&house.disk);
    let stopped = house.write().await.unwrap_err();
    assert!(house.life().leads.stopped().is_some(), "{stopped}");
    let told = submitting.await.unwrap();
    assert!(matches!(told, Err(SubmitError::Record(RecordError::Stopped(_)))), "{told:?}");
    let refused = house.submit().await.await.unwrap();
    assert!(matches!(refused, Err(SubmitError::Record(RecordError::Stopped(_)))), "{refused:?}");
    house.disk.kill();
    // What the system calls clean, and never reached the disk, is forgotten sooner or later.
    house.disk.evict_cache();

    house.start().await;
    house.retry_all().await;
    let seen = house.seen();
    assert_eq!(seen.len(), 2, "the buyer is asked again");
    assert_eq!(seen[0], seen[1], "under the delivery id it knows");
    expect![[r#"
        source.submitted
        source.accepted
        recipient.attempted
        recipient.error  (Outcome unknown after restart)
        retry.scheduled
        flow.completed
        retry.attempted
        recipient.attempted
        recipient.delivered
    "#]]
    .assert_eq(&house.events());
    house.check_files();
}

#[tokio::test]
async fn a_disk_that_is_full_during_a_delivery_stops_the_engine_and_costs_no_second_id() {
    a_disk_fails_while_a_delivery_is_under_way(|disk| disk.set_capacity(Some(0))).await;
}

#[tokio::test]
async fn a_sync_that_fails_during_a_delivery_stops_the_engine_and_costs_no_second_id() {
    let fault = Fault { calls: Calls::Only(Call::Sync), nth: 1, failure: Failure::Eio };
    a_disk_fails_while_a_delivery_is_under_way(|disk| disk.plan(fault)).await;
}

#[tokio::test]
async fn a_power_loss_during_the_sync_of_an_attempt_leaves_a_buyer_that_was_never_asked() {
    let mut house = House::new(Barriers::ALL, "buyer_premier: 200").await;
    let submitting = house.submit().await;
    let failure = Failure::PowerLoss(PowerLoss::HARSHEST);
    house.disk.plan(Fault { calls: Calls::Only(Call::Sync), nth: 1, failure });
    house.write().await.unwrap_err();
    assert!(submitting.await.unwrap().is_err());
    assert_eq!(house.seen(), [""; 0]);
    house.start().await;
    assert_eq!(house.events(), "", "nobody was told of the lead, and nobody has it");
}

/// One read of the disk failed when a retry was due, and the retry was forgotten until the next start, which
/// may be months away. Found by the simulation, seed 12.
#[tokio::test]
async fn a_read_that_fails_once_delays_a_retry_and_does_not_lose_it() {
    let mut house = House::new(Barriers::ALL, "buyer_premier: 503 | 200").await;
    let submitting = house.submit().await;
    while house.write().await.unwrap() > 0 {}
    submitting.await.unwrap().unwrap();
    let before = house.events();
    let due = house.life().engine.next_due().unwrap();
    house.disk.plan(Fault { calls: Calls::Only(Call::Read), nth: 1, failure: Failure::Eio });
    house.clock.advance_to(due);
    assert_eq!(house.life().engine.clone().run_due().await, 1);
    assert!(!house.disk.has_plan(), "the read failed");
    assert_eq!((house.seen().len(), house.events()), (1, before));
    assert_eq!(house.life().engine.next_due(), Some(due.plus_millis(60_000)));
    house.retry_all().await;
    let seen = house.seen();
    assert_eq!((seen.len(), &seen[0]), (2, &seen[1]));
    assert!(house.events().ends_with("recipient.delivered\n"));
}

/// The lead was sold and had its answer. Asked for again under its key, one read of the disk failed, and the
/// client was told that the same lead is worth nothing. Found by the simulation, seed 111.
#[tokio::test]
async fn an_answer_given_again_is_the_same_or_an_error_whatever_the_disk_does() {
    let mut house = House::new(Barriers::ALL, "buyer_premier: 200").await;
    let submitting = house.submit().await;
    while house.write().await.unwrap() > 0 {}
    let first = submitting.await.unwrap().unwrap();
    assert_eq!(first.answer.price.to_string(), "8");
    let mut failed = 0;
    for nth in 1.. {
        house.disk.plan(Fault { calls: Calls::Only(Call::Read), nth, failure: Failure::Eio });
        match house.submit().await.await.unwrap() {
            Ok(again) => {
                assert_eq!((again.answer, again.response), (first.answer.clone(), first.response.clone()));
            }
            Err(error) => {
                assert!(matches!(error, SubmitError::Read(_)), "{error}");
                failed += 1;
            }
        }
        if house.disk.has_plan() {
            break;
        }
    }
    assert!(failed > 3, "only {failed} reads were there to fail");
}
