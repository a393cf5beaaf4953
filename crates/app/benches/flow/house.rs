//! An installation as production wires it, with threads that can be told apart.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::{FieldPath, Lead, Value};
use engine::{
    Asking, Barriers, Call, Clock, Control, Engine, EngineParts, HttpOptions, HttpParties, Parties,
    Submission, SystemClock,
};
use ledger::{
    Access, Entropy, Ledger, LedgerKeys, LedgerKind, LedgerOptions, OsEntropy, RealDisk, Running, SecretKey,
    Stage, Stages,
};
use server::{Services, router};
use tokio::runtime::Runtime;
use wire::flow_file::FlowFile;

use crate::load::{self, Load, Run};
use crate::partners;

/// An installation under load.
pub(crate) struct House {
    services: Services,
    stages: Arc<Stages>,
    waits: Arc<Waits>,
    address: SocketAddr,
    server: Runtime,
    load: Runtime,
    partners: Runtime,
    running: Vec<Running>,
}

fn runtime(name: &str, threads: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .enable_all()
        .build()
        .expect("threads can be started")
}

impl House {
    /// With one flow, in a new folder; `PARTNERS` in the flow stands for where partners listen.
    pub(crate) fn open(path: &Path, flow: &str) -> House {
        let (server, load, partners) = (runtime("server", 2), runtime("load", 1), runtime("partners", 1));
        let (listener, partners_address) = partners.block_on(partners::listen());
        partners.spawn(partners::serve(listener));
        let stages = Arc::new(Stages::default());
        let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
            (Arc::new(SystemClock::default()), Arc::new(OsEntropy));
        let mut running = Vec::new();
        let mut start = |kind: LedgerKind, stages: Option<Arc<Stages>>| {
            let disk =
                RealDisk::open(&path.join(kind.as_str()), Access::Write).expect("the folder can be made");
            let keys = LedgerKeys {
                master: SecretKey::from_bytes([1; 32]),
                signing: SecretKey::from_bytes([2; 32]),
            };
            let options = LedgerOptions { stages, ..LedgerOptions::new("bench", kind) };
            let (ledger, threads) =
                Ledger::start(Arc::new(disk), &keys, options, Arc::clone(&entropy), clock.now())
                    .expect("the ledger opens");
            running.push(threads);
            ledger
        };
        let control = start(LedgerKind::Control, None);
        let leads = start(LedgerKind::Leads, Some(Arc::clone(&stages)));
        let control =
            Control::open(control, Arc::clone(&clock), Arc::clone(&entropy)).expect("a new ledger reads");
        let options = HttpOptions { allow_hosts: vec!["127.0.0.1".to_owned()], ..HttpOptions::default() };
        let waits = Arc::new(Waits {
            parties: HttpParties::new(options).expect("TLS can be set up"),
            waited: AtomicU64::new(0),
        });
        let engine = Engine::new(EngineParts {
            leads: leads.clone(),
            control: control.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            parties: Arc::clone(&waits) as Arc<dyn Parties>,
            barriers: Barriers::ALL,
        });
        let flow = flow.replace("PARTNERS", &partners_address.to_string());
        let file = FlowFile::read(&flow).expect("the flow is good");
        server.block_on(control.publish_flow("bench", &file)).expect("the flow is published");
        let services = Services { engine, control, leads, clock, entropy };
        let listener =
            server.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("loopback can be bound");
        let address = listener.local_addr().expect("it has an address");
        server.spawn(server::serve(listener, router(services.clone()), std::future::pending::<()>()));
        House { services, stages, waits, address, server, load, partners, running }
    }

    /// Events so far.
    pub(crate) fn events(&self) -> u64 {
        self.services.leads.vitals().next_seq
    }

    pub(crate) fn stage_totals(&self) -> Vec<Duration> {
        Stage::ALL.into_iter().map(|stage| self.stages.total(stage)).collect()
    }

    /// Sends leads over HTTP.
    pub(crate) fn load(&self, load: Load) -> Run {
        self.load.block_on(async {
            tokio::spawn(load::run(self.address, load)).await.expect("the load ends well")
        })
    }

    /// Its services, and threads to use them from.
    pub(crate) fn services(&self) -> (&Services, &Runtime) {
        (&self.services, &self.server)
    }

    /// Submits leads to the engine at an even pace, however many are under way, and does not wait for their
    /// answers.
    pub(crate) fn send_on(&self, source: &'static str, leads: usize, per_second: u32) {
        let services = self.services.clone();
        self.server.spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            for number in 0..leads {
                ticks.tick().await;
                let submission = submission(&services, source, OTHERS + number);
                let engine = services.engine.clone();
                tokio::spawn(async move { engine.submit(submission).await.expect("the lead is taken") });
            }
        });
    }

    /// Ends without waiting for leads under way.
    pub(crate) fn abandon(self) {
        self.load.shutdown_background();
        self.server.shutdown_background();
        self.partners.shutdown_background();
    }

    /// Submits leads to the engine itself at an even pace, one at a time under way; gives the time each
    /// took less what was spent waiting for partners.
    pub(crate) fn paced(&self, leads: usize, per_second: u32) -> Vec<Duration> {
        let (services, waits) = (self.services.clone(), Arc::clone(&self.waits));
        let own = Arc::new(Mutex::new(Vec::with_capacity(leads)));
        let into = Arc::clone(&own);
        self.server.block_on(async move {
            let run = async move {
                let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                for number in 0..leads {
                    ticks.tick().await;
                    let submission = submission(&services, "src_bench", number);
                    let before = waits.waited.load(Ordering::Relaxed);
                    let start = Instant::now();
                    services.engine.submit(submission).await.expect("the lead is taken");
                    let took = start.elapsed();
                    let waited = Duration::from_nanos(waits.waited.load(Ordering::Relaxed) - before);
                    into.lock().unwrap_or_else(PoisonError::into_inner).push(took.saturating_sub(waited));
                }
            };
            tokio::spawn(run).await.expect("the paced run ends well");
        });
        let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut own)
    }

    pub(crate) fn close(self) {
        self.load.shutdown_background();
        self.server.block_on(self.services.engine.drain());
        self.server.shutdown_background();
        self.partners.shutdown_background();
        for running in self.running {
            running.close().expect("the ledger ends well");
        }
    }
}

/// Where the numbers begin of leads that nobody waits for, so that they are other people.
const OTHERS: usize = 1_000_000;

pub(crate) fn submission(services: &Services, source: &str, number: usize) -> Submission {
    let raw: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&load::lead(number)).expect("the lead is JSON");
    let raw: Lead = raw
        .iter()
        .map(|(name, value)| {
            let path = FieldPath::key(name).expect("names are short");
            (path, Value::text(value.as_str().unwrap_or_default()))
        })
        .collect();
    Submission {
        flow: services.control.flow(&"flow_bench".parse().expect("an id")).expect("the flow was published"),
        source_id: source.parse().expect("an id"),
        raw,
        request: Arc::from(load::lead(number).into_bytes()),
        request_id: Some("req_bench".into()),
        test: false,
        idempotency: None,
        ping_token: None,
        render: Box::new(|lead_id, answer, _| {
            Arc::from(format!("{lead_id} {}", answer.outcome).into_bytes())
        }),
    }
}

/// The other parties, with the time spent waiting for them added up.
#[derive(Debug)]
struct Waits {
    parties: HttpParties,
    waited: AtomicU64,
}

impl Parties for Waits {
    fn ask(&self, call: Call) -> Asking<'_> {
        Box::pin(async move {
            let start = Instant::now();
            let answer = self.parties.ask(call).await;
            let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.waited.fetch_add(nanos, Ordering::Relaxed);
            answer
        })
    }
}
