//! What the engine promises about speed, end to end: leads over HTTP on loopback, through real
//! ledgers, to a service and a buyer on loopback: `cargo xtask bench flow`. Prints Markdown;
//! `--quick` is for seeing that it works.
//!
//! `house` is an installation as production wires it, `load` sends the leads, `partners` answers them,
//! `threads` tells whose the processor time was. Figures stand beside what the disk gives at the same
//! minute.

#![expect(clippy::print_stdout, reason = "a benchmark prints its report")]

mod beginning;
#[path = "../../../ledger/benches/ledger/calibration.rs"]
mod calibration;
#[path = "../../../ledger/benches/ledger/figures.rs"]
#[expect(dead_code, reason = "shared with the benchmark of the ledger, which uses all of it")]
mod figures;
#[expect(dead_code, reason = "shared with the benchmark of capacity, which uses all of it")]
mod house;
mod load;
#[path = "../../../ledger/benches/ledger/machine.rs"]
#[expect(dead_code, reason = "shared with the benchmark of the ledger, which uses all of it")]
mod machine;
mod partners;
mod threads;

use std::path::Path;
use std::time::Duration;

use ledger::Stage;

use crate::figures::{count, micros, percentile};
use crate::house::House;
use crate::load::Load;
use crate::threads::Cpu;

/// How much is done of everything.
#[derive(Debug, Clone, Copy)]
struct Scale {
    calibration_flushes: usize,
    /// Leads sent before the measurement, so that pools and caches are as in production.
    warm_up: usize,
    leads: usize,
    paced_leads: usize,
}

impl Scale {
    const FULL: Scale =
        Scale { calibration_flushes: 5_000, warm_up: 4_000, leads: 60_000, paced_leads: 10_000 };
    const QUICK: Scale = Scale { calibration_flushes: 300, warm_up: 100, leads: 1_000, paced_leads: 300 };
}

/// Connections of the load, each with one lead under way.
const CONNECTIONS: usize = 64;
/// Nobody is sent twice, or they would be duplicates.
const FIRST_WARM_UP: usize = 10_000_000;
const FIRST: usize = 20_000_000;
/// Leads a second when the engine's own time is looked at: far from its limit, so that queues are short.
const PACED_PER_SECOND: u32 = 500;

/// One way through the engine.
struct Scenario {
    name: &'static str,
    flow: &'static str,
    /// Leads a second that are aimed for on two cores.
    target: f64,
}

const SCENARIOS: [Scenario; 3] = [
    Scenario { name: "filters only (8 events)", flow: include_str!("filters.yaml"), target: 6_000.0 },
    Scenario {
        name: "one enhancement, one delivery (8 events)",
        flow: include_str!("delivery.yaml"),
        target: 2_500.0,
    },
    Scenario {
        name: "the same with hours, duplicates, a suppression list and caps (8 events)",
        flow: include_str!("gates.yaml"),
        target: 2_500.0,
    },
];

fn main() {
    let (scale, what) = beginning::asked("flow", Scale::FULL, Scale::QUICK);
    let directory = beginning::directory("flow", what, scale.calibration_flushes);
    report(scale, directory.path());
}

fn report(scale: Scale, directory: &Path) {
    let mut throughput = String::from(
        "\n| through the whole system | leads/s | target | events/s | p50 | p99 | p99.9 | cores: server | load generator | partners |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut overhead = format!(
        "\n| the engine's own time at {PACED_PER_SECOND} leads/s (partners' time taken off) | p50 | p99 | p99.9 |\n| --- | ---: | ---: | ---: |\n"
    );
    let mut stages = String::from("\n| µs of each stage, a lead | ");
    let mut columns: Vec<(&str, Vec<f64>)> = Vec::new();
    for (at, scenario) in SCENARIOS.iter().enumerate() {
        let path = directory.join(format!("house-{at}"));
        let house = House::open(&path, scenario.flow);
        house.load(Load { first: FIRST_WARM_UP, leads: scale.warm_up, connections: CONNECTIONS });
        let (events_before, cpu_before, stages_before) = (house.events(), Cpu::now(), house.stage_totals());
        let mut run = house.load(Load { first: FIRST, leads: scale.leads, connections: CONNECTIONS });
        let cpu = Cpu::now().since(&cpu_before);
        let events = house.events() - events_before;
        let per_second = figures::per_second(scale.leads, run.took);
        throughput += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {:.2} | {:.2} | {:.2} |\n",
            scenario.name,
            count(per_second),
            count(scenario.target),
            count(figures::per_second(usize::try_from(events).unwrap_or(usize::MAX), run.took)),
            millis(percentile(&mut run.times, 0.5)),
            millis(percentile(&mut run.times, 0.99)),
            millis(percentile(&mut run.times, 0.999)),
            cpu.share("server", run.took)
                + cpu.share("leads-writer", run.took)
                + cpu.share("leads-vault", run.took),
            cpu.share("load", run.took),
            cpu.share("partners", run.took),
        );
        let mut parts = Vec::new();
        for (stage, (after, before)) in
            Stage::ALL.into_iter().zip(house.stage_totals().into_iter().zip(stages_before))
        {
            let stage_time = (after - before).as_secs_f64() * 1e6 / count_of(scale.leads);
            parts.push(stage_time);
            let _ = stage;
        }
        let server_micros = cpu.time("server").as_secs_f64() * 1e6 / count_of(scale.leads);
        parts.push(server_micros);
        parts.push(cpu.time("leads-writer").as_secs_f64() * 1e6 / count_of(scale.leads));
        columns.push((scenario.name, parts));

        let mut own = house.paced(scale.paced_leads, PACED_PER_SECOND);
        overhead += &format!(
            "| {} | {} | {} | {} |\n",
            scenario.name,
            micros_text(percentile(&mut own, 0.5)),
            micros_text(percentile(&mut own, 0.99)),
            micros_text(percentile(&mut own, 0.999)),
        );
        house.close();
    }
    for (name, _) in &columns {
        stages += &format!("{name} | ");
    }
    stages += "\n| --- | ";
    stages += &"---: | ".repeat(columns.len());
    stages.push('\n');
    let names = Stage::ALL.map(|stage| format!("{stage:?}").to_lowercase());
    let names = names.into_iter().chain([
        "processor time of the server's threads (HTTP, engine, encoding)".to_owned(),
        "processor time of the writer thread".to_owned(),
    ]);
    for (row, name) in names.enumerate() {
        stages += &format!("| {name} | ");
        for (_, parts) in &columns {
            stages += &format!("{:.1} | ", parts[row]);
        }
        stages.push('\n');
    }
    println!("{}\n{}\n{}", throughput.trim_end(), overhead.trim_end(), stages.trim_end());
    println!(
        "\nLeads come over {CONNECTIONS} connections that are kept open. Load generator and partners run in the same \
         process, on the same cores. Stage times are wall-clock sums: `queue` is the wait for the writer, `sync` and \
         `write` are shared by all leads of a batch."
    );
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn micros_text(time: Duration) -> String {
    format!("{} µs", micros(time))
}

fn count_of(leads: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let leads = leads as f64;
    leads
}
