//! One test: an installation of its own, in memory, whose time passes only where somebody waits.
//!
//! The engine is the real one. Time is tokio's, paused: whoever sleeps is woken at once, and the clock stands
//! where it would by then. So a limit, a deadline and a retry of tomorrow come in their order, and take no
//! time.

use std::sync::Arc;

use anyhow::Context as _;
use domain::{Answer, Event, LeadId, Outcome, SecretValue, Timestamp, Value};
use engine::{Barriers, Clock, Control, Engine, EngineParts, Ping, Pinged, Submission};
use ledger::{Entropy, Ledger, LedgerKeys, LedgerKind, LedgerOptions, OsEntropy, Running, SecretKey};
use tokio::time::Instant;
use wire::flow_file::{EventLine, FlowFile, FlowTest};
use wire::{BodyView, Header};

use super::memory_disk::MemoryDisk;
use super::parties::GivenParties;
use crate::chance::{Chance, SeededEntropy};
use crate::commands::serve::SYSTEM;

/// What came of a test.
#[derive(Debug)]
pub(super) struct Played {
    /// The events of its ping and of its lead, oldest first.
    pub(super) came: Vec<EventLine>,
    /// Whom no reply is given for.
    pub(super) unanswered: Vec<String>,
}

/// Plays a test to the last retry.
pub(super) fn play(file: &FlowFile, test: &FlowTest) -> anyhow::Result<Played> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let house = House::open(test)?;
        let played = house.play(file, test).await;
        let closed = house.close();
        let played = played?;
        closed?;
        Ok(played)
    })
}

/// Time that passes where somebody waits.
#[derive(Debug)]
struct PausedClock {
    at: Timestamp,
    start: Instant,
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        self.at.plus_millis(i64::try_from(self.monotonic().as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> std::time::Duration {
        self.start.elapsed()
    }
}

/// An installation in memory.
struct House {
    clock: Arc<PausedClock>,
    parties: Arc<GivenParties>,
    leads: Ledger,
    control: Control,
    engine: Engine,
    running: Vec<Running>,
}

/// The raw parameter by which a lead takes up an offer.
const PING_TOKEN: &str = "ping_token";
/// Space set aside in a ledger at a time, in bytes: what a test writes.
const RESERVE_BYTES: u64 = 64 * 1024;
/// Vault slots made ready at a time: more than a test has leads.
const VAULT_BLOCK_SLOTS: u64 = 16;

/// What is kept of a request that nobody sent.
fn request() -> Arc<[u8]> {
    Arc::from(b"POST / HTTP/1.1\r\n\r\n".as_slice())
}

/// What is kept of an answer that nobody reads.
fn as_sent(answer: &Answer) -> Arc<[u8]> {
    Arc::from(answer.outcome.as_str().as_bytes())
}

impl House {
    fn open(test: &FlowTest) -> anyhow::Result<House> {
        let clock = Arc::new(PausedClock { at: test.at, start: Instant::now() });
        let parties = Arc::new(GivenParties::new(test.replies.clone()));
        let system: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let mut running = Vec::new();
        let mut start = |kind| -> anyhow::Result<Ledger> {
            let key = || {
                let mut bytes = [0; 32];
                system.fill(&mut bytes);
                SecretKey::from_bytes(bytes)
            };
            let keys = LedgerKeys { master: key(), signing: key() };
            let options = LedgerOptions {
                reserve_bytes: RESERVE_BYTES,
                vault_block_slots: VAULT_BLOCK_SLOTS,
                ..LedgerOptions::new("test", kind)
            };
            let disk = Arc::new(MemoryDisk::default());
            let (ledger, threads) = Ledger::start(disk, &keys, options, Arc::clone(&system), test.at)?;
            running.push(threads);
            Ok(ledger)
        };
        let (leads, control) = (start(LedgerKind::Leads)?, start(LedgerKind::Control)?);
        let clock_of_all: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let control = Control::open(control, Arc::clone(&clock_of_all), system)?;
        let engine = Engine::new(EngineParts {
            leads: leads.clone(),
            control: control.clone(),
            clock: clock_of_all,
            // The same test has the same ids and waits the same times.
            entropy: Arc::new(SeededEntropy::of(Chance::of(0, &["test", &test.name]))),
            parties: Arc::clone(&parties) as _,
            barriers: Barriers::ALL,
        });
        Ok(House { clock, parties, leads, control, engine, running })
    }

    async fn play(&self, file: &FlowFile, test: &FlowTest) -> anyhow::Result<Played> {
        for secret in &file.secrets {
            let value: SecretValue = format!("stand-in-for-{}", secret.name).parse()?;
            self.control.set_secret(SYSTEM, &secret.name, value).await?;
        }
        let flow = self.control.publish_flow(SYSTEM, file).await?.flow;
        let (mut came, mut token) = (Vec::new(), None);
        if let Some(sent) = &test.ping {
            let ping = Ping {
                flow: Arc::clone(&flow),
                source_id: test.source_id.clone(),
                raw: sent.raw.clone(),
                request: request(),
                request_id: None,
                test: sent.test,
                render: Box::new(|_, answer| as_sent(answer)),
            };
            let Pinged { ping_id, answer, .. } =
                self.engine.ping(ping).await.context("the ping is not taken")?;
            self.engine.idle().await;
            token = (answer.outcome == Outcome::Success).then_some(ping_id);
            came.extend(self.events(ping_id)?);
        }
        if let Some(sent) = &test.submit {
            let mut raw = sent.raw.clone();
            let own = raw.get(PING_TOKEN).and_then(|own| own.as_text().map(str::to_owned));
            let ping_token = own.or_else(|| token.map(|token| token.to_string()));
            if let Some(token) = &ping_token {
                raw.set(PING_TOKEN.parse()?, Value::text(token.as_str()));
            }
            let submission = Submission {
                flow,
                source_id: test.source_id.clone(),
                raw,
                request: request(),
                request_id: None,
                test: sent.test,
                idempotency: None,
                ping_token,
                render: Box::new(|_, answer, _| as_sent(answer)),
            };
            let submitted = self.engine.submit(submission).await.context("the lead is not taken")?;
            self.retry_all().await;
            came.extend(self.events(submitted.lead_id)?);
        }
        let came = came.iter().map(|event| EventLine::of(&event.kind)).collect();
        Ok(Played { came, unanswered: self.parties.unanswered() })
    }

    /// Lets time pass until no retry waits.
    async fn retry_all(&self) {
        self.engine.idle().await;
        while let Some(due) = self.engine.next_due() {
            let wait = due.millis_since(self.clock.now());
            tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
            self.engine.run_due().await;
        }
        self.engine.idle().await;
    }

    /// The events of a lead, oldest first.
    fn events(&self, lead_id: LeadId) -> anyhow::Result<Vec<Event>> {
        let reader = self.leads.reader();
        let records = reader.records(&reader.chain(lead_id))?;
        records
            .iter()
            .map(|record| {
                let body = record.body.bytes().map(BodyView::read).transpose()?;
                Ok(wire::read_event(&Header::read(&record.header)?, body.as_ref())?)
            })
            .collect()
    }

    fn close(self) -> anyhow::Result<()> {
        let House { engine, control, leads, running, .. } = self;
        drop((engine, control, leads));
        for running in running {
            running.close()?;
        }
        Ok(())
    }
}
