//! What one caller feels of `record()`, and where the time of an append goes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::{Stage, Stages};
use wire::Record;

use crate::figures::{micros, percentile};
use crate::leads::{EVENTS, Leads, sixty_paths};
use crate::{Directory, runtime, start};

/// One caller takes leads through all their events and waits for durability only after the last.
pub(crate) fn run(directory: &Directory, leads: usize) -> String {
    let mut report = String::from(
        "\n### `record()` as a caller sees it\n\n\
         One caller, one event a call, encoding and sealing included; it waits for durability after each lead, outside these times.\n\n\
         | Event | calls | p50 µs | p99 µs | p99.9 µs |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    let mut row = |what: &str, mut times: Vec<Duration>| {
        report += &format!(
            "| {what} | {} | {} | {} | {} |\n",
            times.len(),
            micros(percentile(&mut times, 0.5)),
            micros(percentile(&mut times, 0.99)),
            micros(percentile(&mut times, 0.999)),
        );
    };
    row("any of a lead's eight, 25 fields", eight_events(&directory.sub("record-8"), leads, None));
    row("`source.accepted` with 60 paths, all new", accepted_sixty(&directory.sub("record-60"), leads));

    let stages = Arc::new(Stages::default());
    let times = eight_events(&directory.sub("record-stages"), leads, Some(Arc::clone(&stages)));
    report += "\n### µs per stage and event, the same caller\n\n";
    report += &stage_table(&[("one caller", &stages, times.len())]);
    report
}

fn eight_events(directory: &Path, leads: usize, stages: Option<Arc<Stages>>) -> Vec<Duration> {
    let (ledger, running) = start(directory, stages);
    let all = Leads::new();
    let mut times = Vec::with_capacity(leads * EVENTS);
    runtime().block_on(async {
        for number in 0..leads as u64 {
            let events = all.events(number);
            let mut lease = ledger.create(Leads::id(number)).expect("the ledger runs");
            let mut last = None;
            for event in &events {
                let start = Instant::now();
                last = Some(lease.record(&[event as &dyn Record]).await.expect("the ledger runs"));
                times.push(start.elapsed());
            }
            last.expect("a lead has events").durable().await.expect("the ledger runs");
        }
    });
    running.close().expect("the ledger runs");
    times
}

fn accepted_sixty(directory: &Path, leads: usize) -> Vec<Duration> {
    let (ledger, running) = start(directory, None);
    let mut times = Vec::with_capacity(leads);
    runtime().block_on(async {
        for number in 0..leads as u64 {
            let [submitted, accepted] = sixty_paths(number);
            let mut lease = ledger.create(Leads::id(number)).expect("the ledger runs");
            let _ticket = lease.record(&[&submitted]).await.expect("the ledger runs");
            let start = Instant::now();
            let ticket = lease.record(&[&accepted]).await.expect("the ledger runs");
            times.push(start.elapsed());
            ticket.durable().await.expect("the ledger runs");
        }
    });
    running.close().expect("the ledger runs");
    times
}

/// Times of every stage, divided by the events that passed it; one column a run.
pub(crate) fn stage_table(runs: &[(&str, &Stages, usize)]) -> String {
    let mut table = String::from("| Stage |");
    for (name, _, events) in runs {
        table += &format!(" {name}, {events} events |");
    }
    table += &format!("\n| --- |{}\n", " ---: |".repeat(runs.len()));
    for stage in Stage::ALL {
        table += &format!("| {} |", name(stage));
        for (_, stages, events) in runs {
            let nanos = stages.total(stage).as_nanos() / (*events).max(1) as u128;
            let each = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            table += &format!(" {} |", micros(each));
        }
        table.push('\n');
    }
    table
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Encode => "encode: body, header, row, leaf",
        Stage::Commit => "commit: `c` and snapshot",
        Stage::Compress => "compress",
        Stage::Seal => "seal: nonce, AES-GCM, frame",
        Stage::Queue => "queue: waiting for the writer",
        Stage::Write => "write: seq, CRC, `pwrite`",
        Stage::Sync => "sync: `fdatasync`, shared by its batch",
        Stage::Index => "index, and answers",
    }
}
