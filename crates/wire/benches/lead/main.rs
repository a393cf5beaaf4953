//! What one lead costs in processor time and memory, without disk and network: reading it, parsing it,
//! judging it, making a delivery of it and reading the reply: `cargo xtask bench lead`. Prints Markdown;
//! `--quick` is for seeing that it works.

#![expect(clippy::print_stdout, reason = "a benchmark prints its report")]

mod allocations;
#[path = "../../../ledger/benches/ledger/figures.rs"]
#[expect(dead_code, reason = "shared with the benchmark of the ledger, which uses all of it")]
mod figures;
#[path = "../../../ledger/benches/ledger/machine.rs"]
#[expect(dead_code, reason = "shared with the benchmark of the ledger, which uses all of it")]
mod machine;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use domain::{Flow, FlowSource, Lead, Recipient, TimeZone, Timestamp, Variables};
use wire::flow_file::FlowFile;
use wire::inbound::{Door, InboundHead};
use wire::outbound::{Reply, read_reply, render};

use crate::figures::{median, percentile};

const FLOW: &str = include_str!("flow.yaml");
const RAW: &str = include_str!("raw.json");
const REPLY: &str = r#"{"status": "accepted", "bid": 12.5, "id": "r-77120", "errors": []}"#;
/// What the parts that DESIGN promises together may take, in µs.
const TARGET_MICROS: f64 = 40.0;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => report(20_000, "full"),
        ["--quick"] => report(200, "quick: figures of so short a run mean nothing"),
        _ => {
            println!("usage: cargo xtask bench lead -- [--quick]");
            std::process::exit(2);
        }
    }
}

fn report(leads: usize, what: &str) {
    let file = FlowFile::read(FLOW).expect("the flow of the benchmark is one");
    let bench = Bench { flow: &file.flow, source: &file.flow.sources()[0], leads };
    println!("{}", machine::description(Path::new("."), what));
    println!("Middle of {leads} leads, one after the other on one thread.\n");
    println!("| Part | µs, p50 | µs, p99 | allocations | bytes allocated |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let parts = bench.parts();
    for part in &parts {
        println!(
            "| {} | {:.1} | {:.1} | {} | {} |",
            part.name, part.micros, part.micros_p99, part.allocations, part.bytes
        );
    }
    let sum = |names: &[&str]| -> f64 {
        parts.iter().filter(|part| names.contains(&part.name)).map(|part| part.micros).sum()
    };
    println!(
        "\nParse, accept and render together: {:.1} µs ({TARGET_MICROS} wanted). Read (form), render 25 fields and \
         reply together: {:.1} µs ({TARGET_MICROS} wanted).",
        sum(&[PARSE, ACCEPT, RENDER]),
        sum(&[FORM, RENDER_ALL, READ_REPLY]),
    );
}

const FORM: &str = "read a form of 25 fields";
const JSON: &str = "read JSON of 25 fields";
const XML: &str = "read XML of 25 fields";
const PARSE: &str = "parse 25 fields";
const ACCEPT: &str = "accept: five rules";
const RENDER: &str = "render a delivery: ten templates and its JSON";
const RENDER_ALL: &str = "render a delivery of 25 fields: 25 templates and its JSON";
const READ_REPLY: &str = "read a reply";

struct Bench<'a> {
    flow: &'a Flow,
    source: &'a FlowSource,
    leads: usize,
}

struct Part {
    name: &'static str,
    micros: f64,
    micros_p99: f64,
    allocations: u64,
    bytes: u64,
}

impl Bench<'_> {
    fn parts(&self) -> Vec<Part> {
        let raw: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(RAW).expect("the lead of the benchmark is JSON");
        let pairs: Vec<(&str, &str)> =
            raw.iter().map(|(name, value)| (name.as_str(), value.as_str().expect("it is text"))).collect();
        let form: String = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encoding::utf8_percent_encode(value, FORM_SET)))
            .collect::<Vec<_>>()
            .join("&");
        let xml: String = pairs
            .iter()
            .map(|(name, value)| format!("<{name}>{}</{name}>", value.replace('&', "&amp;")))
            .collect();
        let xml = format!("<?xml version=\"1.0\"?><lead>{xml}</lead>");
        let raw = read(FORM_TYPE, form.as_bytes());
        let submitted = self.variables(&raw);
        let lead = self.flow.parse_lead(self.source, &submitted);
        let parsed = self.variables(&lead);
        assert!(self.flow.accept(self.source, &parsed).refusal.is_none(), "the lead of the benchmark passes");
        let (recipient, whole) = (self.recipient("one"), self.recipient("whole"));
        let reply = Reply {
            status: 200,
            headers: vec![("content-type".into(), b"application/json".to_vec())],
            body: REPLY.as_bytes().to_vec(),
        };
        vec![
            self.measure(FORM, || drop(black_box(read(FORM_TYPE, form.as_bytes())))),
            self.measure(JSON, || drop(black_box(read("application/json", RAW.as_bytes())))),
            self.measure(XML, || drop(black_box(read("text/xml", xml.as_bytes())))),
            self.measure(PARSE, || drop(black_box(self.flow.parse_lead(self.source, &submitted)))),
            self.measure(ACCEPT, || drop(black_box(self.flow.accept(self.source, &parsed)))),
            self.measure(RENDER, || drop(black_box(render(&recipient.request, &parsed)))),
            self.measure(RENDER_ALL, || drop(black_box(render(&whole.request, &parsed)))),
            self.measure(READ_REPLY, || drop(black_box(read_reply(&recipient.response, &reply)))),
        ]
    }

    fn variables<'a>(&self, lead: &'a Lead) -> Variables<'a> {
        static CHICAGO: std::sync::LazyLock<TimeZone> =
            std::sync::LazyLock::new(|| "America/Chicago".parse().expect("it is a time zone"));
        let now: Timestamp = "2026-01-15T16:00:00Z".parse().expect("it is a moment");
        Variables { now, time_zone: &CHICAGO, ..Variables::of(lead) }
    }

    fn recipient(&self, id: &str) -> &Recipient {
        let recipient =
            self.flow.recipients().find(|(step, _)| step.id.as_str() == id).map(|(_, recipient)| recipient);
        recipient.expect("the flow of the benchmark has this recipient")
    }

    /// Times one call after the other; the clock's own time is in the figures.
    fn measure(&self, name: &'static str, mut call: impl FnMut()) -> Part {
        for _ in 0..self.leads / 10 {
            call();
        }
        let mut times = Vec::with_capacity(self.leads);
        for _ in 0..self.leads {
            let start = Instant::now();
            call();
            times.push(start.elapsed());
        }
        let (allocations, bytes) = allocations::of(call);
        let mut micros: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
        Part {
            name,
            micros: median(&mut micros),
            micros_p99: percentile(&mut times, 0.99).as_secs_f64() * 1e6,
            allocations,
            bytes,
        }
    }
}

const FORM_TYPE: &str = "application/x-www-form-urlencoded";
const FORM_SET: &percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC;

fn read(content_type: &str, body: &[u8]) -> Lead {
    let head = InboundHead {
        method: "POST",
        query: "",
        accept: None,
        content_type: Some(content_type.as_bytes()),
        content_encoding: None,
    };
    let parameters = wire::inbound::read(Door::Submit, &head, body).expect("it is a submission");
    parameters.lead().expect("it is a lead")
}
