//! An installation for tests of the engine: real ledgers in a folder of their own, a clock that is
//! moved by hand, and other parties that answer as a script says.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::Arc;
use std::time::Duration;

use domain::{Answer, Event, FieldPath, Lead, LeadId, Timestamp, Value};
use engine::{
    Barriers, Clock, Control, Engine, EngineParts, IdempotencyKey, Parties, RepeatKey, Submission, Submitted,
};
use ledger::{DataDirectory, Ledger, LedgerKind, LedgerOptions, OsEntropy, Running};
use testkit::ledger_log::SeededEntropy;
use testkit::{FakeClock, ScriptedParties};
use wire::flow_file::FlowFile;
use wire::{BodyView, Header};

pub(crate) struct House {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) parties: Arc<ScriptedParties>,
    pub(crate) leads: Ledger,
    pub(crate) control: Control,
    pub(crate) engine: Engine,
    running: Vec<Running>,
}

pub(crate) fn start() -> Timestamp {
    "2024-01-15T10:00:00Z".parse().unwrap()
}

impl House {
    pub(crate) async fn new(flow: &str, script: &str) -> House {
        let house = House::open(tempfile::tempdir().unwrap(), start(), script);
        house.control.publish_flow("system", &FlowFile::read(flow).unwrap()).await.unwrap();
        house
    }

    pub(crate) fn open(directory: tempfile::TempDir, now: Timestamp, script: &str) -> House {
        House::open_as(directory, now, script, Barriers::ALL, None)
    }

    pub(crate) fn without(
        directory: tempfile::TempDir,
        now: Timestamp,
        script: &str,
        barriers: Barriers,
    ) -> House {
        House::open_as(directory, now, script, barriers, None)
    }

    /// Among other parties than those of a script.
    pub(crate) fn open_among(
        directory: tempfile::TempDir,
        now: Timestamp,
        others: Arc<dyn Parties>,
    ) -> House {
        House::open_as(directory, now, "", Barriers::ALL, Some(others))
    }

    fn open_as(
        directory: tempfile::TempDir,
        now: Timestamp,
        script: &str,
        barriers: Barriers,
        others: Option<Arc<dyn Parties>>,
    ) -> House {
        let data = DataDirectory::open(directory.path()).unwrap();
        let clock = Arc::new(FakeClock::at(now));
        let parties = Arc::new(ScriptedParties::new(Arc::clone(&clock), script));
        let asked = others.unwrap_or_else(|| Arc::clone(&parties) as Arc<dyn Parties>);
        let mut running = Vec::new();
        let mut start = |kind| {
            let keys = data.keys(kind, &OsEntropy).unwrap();
            let disk = Arc::new(data.disk(kind).unwrap());
            let options = LedgerOptions::new("test", kind);
            let (ledger, threads) = Ledger::start(disk, &keys, options, Arc::new(OsEntropy), now).unwrap();
            running.push(threads);
            ledger
        };
        let (leads, control) = (start(LedgerKind::Leads), start(LedgerKind::Control));
        let control =
            Control::open(control, Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(OsEntropy)).unwrap();
        let engine = Engine::new(EngineParts {
            leads: leads.clone(),
            control: control.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            // A stream of its own for each life, as ids must never repeat.
            entropy: Arc::new(SeededEntropy::new(leads.reader().next_seq())),
            parties: asked,
            barriers,
        })
        .with_state(Arc::new(data.state_disk().unwrap()));
        House { directory, clock, parties, leads, control, engine, running }
    }

    /// Closes it and gives the folder, to open it again.
    pub(crate) fn close(self) -> tempfile::TempDir {
        for running in self.running {
            running.close().unwrap();
        }
        self.directory
    }

    pub(crate) fn submission(&self, flow: &str, source: &str, parameters: &[(&str, &str)]) -> Submission {
        let raw: Lead = parameters
            .iter()
            .map(|(name, value)| (FieldPath::key(name).unwrap(), Value::text(*value)))
            .collect();
        Submission {
            flow: self.control.flow(&flow.parse().unwrap()).unwrap(),
            source_id: source.parse().unwrap(),
            raw,
            request: Arc::from(b"POST /submit HTTP/1.1".as_slice()),
            request_id: Some("req_1".into()),
            test: false,
            idempotency: None,
            ping_token: None,
            render: Box::new(|_: LeadId, answer: &Answer, _: &Lead| {
                Arc::from(format!("{} {}", answer.outcome, answer.price).into_bytes())
            }),
        }
    }

    /// The same with an idempotency key.
    pub(crate) fn keyed(&self, key: &str, parameters: &[(&str, &str)]) -> Submission {
        let payload = format!("{parameters:?}").into_bytes();
        let idempotency = Some(IdempotencyKey { key: RepeatKey::Own(key.to_owned()), payload });
        Submission { idempotency, ..self.submission("flow_roofs", "src_web", parameters) }
    }

    pub(crate) async fn submit(&self, parameters: &[(&str, &str)]) -> Submitted {
        self.engine.submit(self.submission("flow_roofs", "src_web", parameters)).await.unwrap()
    }

    /// Moves time to each retry that waits and runs it, until none is left.
    pub(crate) async fn retry_all(&self) {
        while let Some(due) = self.engine.next_due() {
            self.clock.advance_to(due);
            self.engine.run_due().await;
        }
    }

    /// Waits until everything of a lead is durable.
    pub(crate) async fn until_durable(&self, lead_id: LeadId) {
        while !self.leads.is_idle(lead_id) {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The events of a lead, oldest first.
    pub(crate) fn events(&self, lead_id: LeadId) -> Vec<Event> {
        let reader = self.leads.reader();
        let records = reader.records(&reader.chain(lead_id)).unwrap();
        records
            .iter()
            .map(|record| {
                let body = BodyView::read(record.body.bytes().unwrap()).unwrap();
                wire::read_event(&Header::read(&record.header).unwrap(), Some(&body)).unwrap()
            })
            .collect()
    }

    /// How every cap stands, a line for each.
    pub(crate) fn caps(&self) -> String {
        let line = |standing: &engine::CapStanding| {
            let engine::CapStanding { cap, count, .. } = standing;
            format!("{} {} used {} reserved of {}\n", cap.id, count.used, count.reserved, cap.limit)
        };
        self.engine.caps().iter().map(line).collect()
    }

    /// Why each recipient did or did not get a lead, a line for each.
    pub(crate) fn explained(&self, lead_id: LeadId) -> String {
        let flow = self.control.flow(&self.events(lead_id)[0].head.flow_id).unwrap();
        let line = |own: domain::Explained| {
            let reason = own.reason.map(|reason| format!(" ({}: {})", reason.code, reason.text));
            let bid = own.bid.map(|bid| format!(" bid {bid}"));
            let price = own.price.map(|price| format!(" price {price}"));
            let part = |part: Option<String>| part.unwrap_or_default();
            let (step, fate) = (own.step_id, own.fate);
            let may_have = own.may_have_lead && fate != domain::Fate::Delivered;
            let may_have = if may_have { " may have it" } else { "" };
            format!(
                "{step} {fate}{may_have}{}{}{}, {} attempts\n",
                part(bid),
                part(price),
                part(reason),
                own.attempts
            )
        };
        flow.flow.explain(&self.events(lead_id)).into_iter().map(line).collect()
    }

    /// The chain of a lead: each event on a line, with what matters of its kind.
    pub(crate) fn chain(&self, lead_id: LeadId) -> String {
        let mut told = String::new();
        let mut last = None;
        for event in &self.events(lead_id) {
            assert!(last.is_none_or(|last| last <= event.head.at), "time goes back");
            last = Some(event.head.at);
            told.push_str(line(event).trim_end());
            told.push('\n');
        }
        told
    }
}

/// `attempt 1 http 503, again in 10 s`
fn notice_line(event: &Event, notice: &domain::Notice) -> String {
    let mut text = format!("attempt {}", notice.attempt);
    if let Some(code) = notice.response_code {
        text.push_str(&format!(" http {code}"));
    }
    if let Some(due) = notice.due {
        text.push_str(&format!(", again in about {} s", due.millis_since(event.head.at) / 1000));
    }
    text
}

/// `recipient.error      premier  attempt 1: timeout, Buyer timeout after 10000ms`
fn line(event: &Event) -> String {
    use domain::{Asked, EventKind};
    let mut text = format!("{:<20}", event.event_type().as_str());
    let mut add = |part: String| {
        text.push(' ');
        text.push_str(&part);
    };
    match &event.kind {
        EventKind::SourceAccepted { price: Some(price), .. } => add(format!("price {price}")),
        EventKind::FilterPassed { step_id, .. } | EventKind::FilterFailed { step_id, .. } => {
            add(step_id.to_string());
        }
        EventKind::EnhancementSuccess { call } | EventKind::EnhancementFailure { call, .. } => {
            add(format!("{} http {:?}", call.step_id, call.response_code.unwrap_or(0)));
        }
        EventKind::EnhancementError { call, fault } => {
            add(format!("{} {}", call.step_id, fault.kind.as_str()));
        }
        EventKind::EnhancementSkipped { step_id, .. } | EventKind::RecipientSkipped { step_id, .. } => {
            add(step_id.to_string());
        }
        EventKind::RecipientBid { call, bid } => match bid {
            Ok(bid) => add(format!("{} bid {bid}", call.step_id)),
            Err(_) => add(call.step_id.to_string()),
        },
        EventKind::SourcePinged { answer } | EventKind::SourceAnswered { answer } => {
            add(format!("{} price {}", answer.outcome, answer.price));
        }
        EventKind::RecipientAttempted { call, retry, .. } => {
            add(format!("{} attempt {}", call.step_id, retry.attempt));
        }
        EventKind::RecipientDelivered { call, retry, price } => {
            add(format!("{} attempt {} price {}", call.step_id, retry.attempt, price.amount));
            if price.below_floor {
                add("below floor".to_owned());
            }
            if price.copy {
                add("copy".to_owned());
            }
        }
        EventKind::RecipientFailed { asked: Asked::Yes { call, retry }, .. } => {
            add(format!("{} attempt {}", call.step_id, retry.attempt));
        }
        EventKind::RecipientError { call, retry, fault } => {
            add(format!("{} attempt {} {}", call.step_id, retry.attempt, fault.kind.as_str()));
        }
        EventKind::RetryScheduled { step_id, retry, due, .. } => {
            let wait = due.millis_since(event.head.at) / 1000;
            add(format!("{step_id} attempt {} in about {wait} s", retry.attempt));
        }
        EventKind::RetryAttempted { step_id, retry, .. } => {
            add(format!("{step_id} attempt {}", retry.attempt));
        }
        EventKind::FeedbackReceived { feedback } | EventKind::FeedbackReturned { feedback } => {
            add(format!("{} {}", feedback.entity_id, feedback.kind.as_str()));
            if let Some(days) = feedback.days_to_convert {
                add(format!("after {days} days"));
            }
            if let Some(value) = &feedback.value {
                add(format!("value {value}"));
            }
            if let Some(reason) = &feedback.reason {
                add(format!("reason {reason}"));
            }
        }
        EventKind::FeedbackProcessed { feedback, result, relay_due: _ } => {
            add(feedback.entity_id.to_string());
            if let Ok(reversal) = result {
                add(format!("takes back {}", reversal.revenue));
                if reversal.cost != domain::Money::ZERO {
                    add(format!("and {} of the source", reversal.cost));
                }
            }
        }
        EventKind::FeedbackSent { feedback, notice } => {
            add(format!("{} of {}", feedback.kind.as_str(), feedback.entity_id));
            add(notice_line(event, notice));
        }
        EventKind::ConsentRevoked { buyers, due: _ } => add(format!("{buyers} buyers have it")),
        EventKind::ConsentSent { step_id, notice, .. } => {
            add(step_id.to_string());
            add(notice_line(event, notice));
        }
        EventKind::FlowCompleted(completion) => add(format!(
            "{}, {} steps, {} sold, cost {} revenue {} margin {}",
            completion.final_outcome,
            completion.steps_run,
            completion.deliveries,
            completion.cost,
            completion.revenue,
            completion.margin()
        )),
        _ => {}
    }
    if let Some(reason) = event.kind.reason() {
        add(format!("({}: {})", reason.code, reason.text));
    }
    text
}
