//! What is counted and measured of this process, in the text form of Prometheus. Labels hold
//! names of flows, sources, routes and the like, which are few; never what a lead is or says.
//!
//! `docs/operations.md` lists every name; a test holds the list against what is served.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::Timestamp;
use engine::{CallFigures, CircuitPosition, Engine};
use ledger::{Ledger, LedgerKind};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::Services;
use crate::intake::IntakeCounters;

/// The media type of [`Metrics::text`].
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper ends of the classes of request durations, in seconds.
const DURATION_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Stands for whatever has no name of ours.
const OTHER: &str = "other";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SubmissionLabels {
    flow: String,
    source: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

/// What is counted and measured.
pub(crate) struct Metrics {
    registry: Registry,
    submissions: Family<SubmissionLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
    under_way: Gauge,
    streams: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Everything at nought, but for what the ledgers tell of themselves.
    pub(crate) fn new(services: &Services, intake: &Arc<IntakeCounters>) -> Metrics {
        let new_histogram: fn() -> Histogram = || Histogram::new(DURATION_BUCKETS);
        let mut metrics = Metrics {
            registry: Registry::with_prefix("glassline"),
            submissions: Family::default(),
            refusals: Family::default(),
            requests: Family::new_with_constructor(new_histogram),
            under_way: Gauge::default(),
            streams: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register(
            "submissions",
            "Leads that were taken in and answered, by outcome",
            metrics.submissions.clone(),
        );
        registry.register(
            "refusals",
            "Submissions that were refused before a lead existed",
            metrics.refusals.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "From the end of a request's headers to the start of its reply",
            Unit::Seconds,
            metrics.requests.clone(),
        );
        registry.register(
            "http_requests_under_way",
            "Requests without a reply yet",
            metrics.under_way.clone(),
        );
        registry.register("live_streams", "Clients that follow the events live", metrics.streams.clone());
        let build = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The release that runs", Info::new(build));
        let started: Gauge<f64, std::sync::atomic::AtomicU64> = Gauge::default();
        started.set(seconds_since_1970(services.clock.now()));
        registry.register_with_unit(
            "start_time",
            "When the server started, since 1970",
            Unit::Seconds,
            started,
        );
        let ledgers = [
            (LedgerKind::Leads, services.leads.clone()),
            (LedgerKind::Control, services.control.ledger().clone()),
        ];
        registry.register_collector(Box::new(Ledgers(ledgers)));
        registry.register_collector(Box::new(Calls(services.engine.clone())));
        registry.register_collector(Box::new(CircuitStates(services.engine.clone())));
        registry.register_collector(Box::new(LeadsUnderWay(Arc::clone(intake))));
        metrics
    }

    /// A lead was answered. Flow and source are published ones.
    pub(crate) fn submission(&self, flow: &str, source: &str, outcome: &'static str) {
        let labels = SubmissionLabels { flow: flow.to_owned(), source: source.to_owned(), outcome };
        self.submissions.get_or_create(&labels).inc();
    }

    /// A submission was refused.
    pub(crate) fn refusal(&self, status: StatusCode) {
        self.refusals.get_or_create(&RefusalLabels { status: status.as_u16() }).inc();
    }

    /// A request begins; it ends when what this gives is dropped.
    pub(crate) fn begin_request(&self) -> UnderWay {
        UnderWay::new(&self.under_way)
    }

    /// A client begins to follow the events; it ends when what this gives is dropped.
    pub(crate) fn begin_stream(&self) -> UnderWay {
        UnderWay::new(&self.streams)
    }

    /// A request was answered. `route` is the pattern of its address, if any has it.
    pub(crate) fn request(&self, method: &Method, route: Option<&str>, status: StatusCode, took: Duration) {
        let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE"].into_iter().zip(known);
        let method = known.into_iter().find(|(_, known)| known == method).map_or(OTHER, |(name, _)| name);
        let route = route.unwrap_or(OTHER).to_owned();
        let labels = RequestLabels { method, route, status: status.as_u16() };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// All of it, as Prometheus reads it.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

/// Something that goes on, counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct UnderWay(Gauge);

impl UnderWay {
    fn new(gauge: &Gauge) -> UnderWay {
        gauge.inc();
        UnderWay(gauge.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What the ledgers tell of themselves when they are asked.
#[derive(Debug)]
struct Ledgers([(LedgerKind, Ledger); 2]);

impl Collector for Ledgers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let vitals = self.0.each_ref().map(|(kind, ledger)| (kind.as_str(), ledger.vitals()));
        let mut gauge = |name, help, unit: Option<&Unit>, of: &dyn Fn(usize) -> i64| {
            let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
            for (at, (kind, _)) in vitals.iter().enumerate() {
                let value = ConstGauge::new(of(at));
                value.encode(family.encode_family(&[("ledger", *kind)])?)?;
            }
            Ok::<(), fmt::Error>(())
        };
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        gauge("ledger_durable_records", "Records that no crash takes away", None, &|at| {
            whole(vitals[at].1.next_seq)
        })?;
        gauge("ledger_queue", "Waiting to be written", Some(&Unit::Bytes), &|at| {
            whole(vitals[at].1.queued_bytes as u64)
        })?;
        gauge("ledger_open_chains", "Chains that somebody writes: of leads, those under way", None, &|at| {
            whole(vitals[at].1.open_chains as u64)
        })?;
        gauge("ledger_vault_slots", "Slots for keys ever made ready", None, &|at| {
            whole(vitals[at].1.vault_slots)
        })?;
        gauge("ledger_stopped", "1 once a write or sync failed", None, &|at| {
            i64::from(self.0[at].1.stopped().is_some())
        })?;
        let help = "Batches written, each with one sync";
        let mut batches = encoder.encode_descriptor("ledger_batches", help, None, MetricType::Counter)?;
        for (kind, vitals) in &vitals {
            ConstCounter::new(vitals.batches).encode(batches.encode_family(&[("ledger", *kind)])?)?;
        }
        Ok(())
    }
}

/// What was asked of services and buyers.
#[derive(Debug)]
struct Calls(Engine);

impl Collector for Calls {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let figures = self.0.calls();
        let mut gauge = |name, help, of: fn(&CallFigures) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for figures in &figures {
                let value = ConstGauge::new(i64::try_from(of(figures)).unwrap_or(i64::MAX));
                value.encode(family.encode_family(&[("entity", figures.entity_id.as_str())])?)?;
            }
            Ok::<(), fmt::Error>(())
        };
        gauge("calls_under_way", "Requests to services and buyers without an answer yet", |figures| {
            figures.under_way
        })?;
        gauge("calls_waiting", "Requests that wait for their turn within limits", |figures| figures.waiting)?;
        let help = "Requests to services and buyers that ended, by answered or the kind of fault";
        let mut ended = encoder.encode_descriptor("calls", help, None, MetricType::Counter)?;
        for figures in &figures {
            for (word, count) in &figures.ended {
                let labels = [("entity", figures.entity_id.as_str()), ("ended", *word)];
                ConstCounter::new(*count).encode(ended.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// Who is left alone because it gives no usable answers.
#[derive(Debug)]
struct CircuitStates(Engine);

impl Collector for CircuitStates {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let circuits = self.0.circuits();
        let help = "1 while the circuit of a service or buyer is open, half-open included";
        let mut open = encoder.encode_descriptor("circuit_open", help, None, MetricType::Gauge)?;
        for circuit in &circuits {
            let value = ConstGauge::new(i64::from(circuit.position != CircuitPosition::Closed));
            value.encode(open.encode_family(&[("entity", circuit.entity_id.as_str())])?)?;
        }
        let help = "How often the circuit of a service or buyer opened";
        let mut opened = encoder.encode_descriptor("circuit_opened", help, None, MetricType::Counter)?;
        for circuit in &circuits {
            let value = ConstCounter::new(circuit.opened);
            value.encode(opened.encode_family(&[("entity", circuit.entity_id.as_str())])?)?;
        }
        Ok(())
    }
}

/// The leads of each source that have no answer yet.
#[derive(Debug)]
struct LeadsUnderWay(Arc<IntakeCounters>);

impl Collector for LeadsUnderWay {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Leads that were taken in and have no answer yet";
        let mut family = encoder.encode_descriptor("submissions_under_way", help, None, MetricType::Gauge)?;
        for (flow_id, source_id, count) in self.0.under_way() {
            let labels = [("flow", flow_id.as_str()), ("source", source_id.as_str())];
            ConstGauge::new(i64::from(count)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn seconds_since_1970(at: Timestamp) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are below 2^53 until the year 287396"
    )]
    let millis = at.as_millis() as f64;
    millis / 1000.0
}
