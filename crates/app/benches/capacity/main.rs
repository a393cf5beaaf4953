//! What a running system holds, and what of it others feel: leads beside a buyer that takes ten seconds, leads
//! that wait for buyers, suppression lists of millions: `cargo xtask bench capacity`. Prints Markdown; `--quick`
//! is for seeing that it works.
//!
//! The house, its partners and what they are measured by are those of the benchmark `flow`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its report")]

#[path = "../flow/beginning.rs"]
mod beginning;
#[path = "../../../ledger/benches/ledger/calibration.rs"]
mod calibration;
#[path = "../../../ledger/benches/ledger/figures.rs"]
#[expect(dead_code, reason = "shared with the benchmark of the ledger, which uses all of it")]
mod figures;
#[path = "../flow/house.rs"]
#[expect(dead_code, reason = "shared with the benchmark of whole leads, which uses all of it")]
mod house;
#[path = "../flow/load.rs"]
#[expect(dead_code, reason = "shared with the benchmark of whole leads, which uses all of it")]
mod load;
#[path = "../../../ledger/benches/ledger/machine.rs"]
#[expect(dead_code, reason = "shared with the benchmark of the ledger, which uses all of it")]
mod machine;
#[path = "../flow/partners.rs"]
mod partners;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::{ListItem, ListName};

use crate::figures::{count, micros, percentile};
use crate::house::House;
use crate::partners::SLOW_TAKES;

/// How much is done of everything.
#[derive(Debug, Clone, Copy)]
struct Scale {
    calibration_flushes: usize,
    paced_leads: usize,
    open_leads: usize,
    entries: usize,
    lookups: usize,
}

impl Scale {
    const FULL: Scale = Scale {
        calibration_flushes: 5_000,
        paced_leads: 6_000,
        open_leads: 10_000,
        entries: 5_000_000,
        lookups: 200_000,
    };
    const QUICK: Scale = Scale {
        calibration_flushes: 300,
        paced_leads: 200,
        open_leads: 200,
        entries: 20_000,
        lookups: 2_000,
    };
}

const FLOW: &str = include_str!("slow.yaml");
/// Leads a second that are timed, and such as a slow buyer has beside them.
const PACED_PER_SECOND: u32 = 150;
const SLOW_PER_SECOND: u32 = 40;
/// How fast the leads come that are to wait.
const OPEN_PER_SECOND: u32 = 400;

fn main() {
    let (scale, what) = beginning::asked("capacity", Scale::FULL, Scale::QUICK);
    let directory = beginning::directory("capacity", what, scale.calibration_flushes);
    report(scale, directory.path());
}

fn report(scale: Scale, directory: &Path) {
    slow_buyer(&directory.join("slow"), scale);
    open_leads(&directory.join("open"), scale);
    suppression(&directory.join("lists"), scale);
}

/// The same leads without and with a slow buyer beside them.
fn slow_buyer(path: &Path, scale: Scale) {
    let house = House::open(path, FLOW);
    // So that connections are there and code is warm.
    house.paced(scale.paced_leads / 10, PACED_PER_SECOND);
    println!(
        "\n| {PACED_PER_SECOND} leads/s to a buyer that answers at once, the engine's own time | p50 | p99 | p99.9 |\n\
         | --- | ---: | ---: | ---: |"
    );
    let tell = |name: &str, mut own: Vec<Duration>| {
        let mut at = |part| micros(percentile(&mut own, part));
        println!("| {name} | {} µs | {} µs | {} µs |", at(0.5), at(0.99), at(0.999));
    };
    tell("alone", house.paced(scale.paced_leads, PACED_PER_SECOND));
    let busy = u32::try_from(scale.paced_leads).expect("some thousands") / PACED_PER_SECOND + 1;
    let beside = usize::try_from((busy + 12) * SLOW_PER_SECOND).expect("some thousands");
    house.send_on("src_slow", beside, SLOW_PER_SECOND);
    // Until as many wait as will.
    std::thread::sleep(SLOW_TAKES + Duration::from_secs(1));
    let waiting = house.services().0.engine.in_flight();
    tell(
        &format!(
            "beside {SLOW_PER_SECOND} leads/s to one that takes {} s ({waiting} waiting)",
            SLOW_TAKES.as_secs()
        ),
        house.paced(scale.paced_leads, PACED_PER_SECOND),
    );
    house.abandon();
}

/// What a lead takes in memory that waits for its buyer.
fn open_leads(path: &Path, scale: Scale) {
    // A host gets some hundreds of requests at a time: whoever asked it something else would wait behind the buyer's.
    let held = FLOW
        .replace("/slow", "/held")
        .replace("timeout: 30s", "timeout: 2m")
        .replace("kind: enhancement\n", "kind: enhancement\n      enabled: false\n")
        .replace("{ id: line, ", "{ id: line, enabled: false, ");
    let house = House::open(path, &held);
    house.paced(200.min(scale.paced_leads), PACED_PER_SECOND);
    let before = resident();
    house.send_on("src_slow", scale.open_leads, OPEN_PER_SECOND);
    let engine = &house.services().0.engine;
    let patience = Instant::now() + Duration::from_secs(120);
    let (mut most, mut bytes) = (0, 0);
    // When not all are in by the time that the first has its answer, what counts is the moment of most.
    while Instant::now() < patience && most < scale.open_leads {
        let waiting = engine.in_flight();
        if waiting < most {
            break;
        }
        (most, bytes) = (waiting, resident().saturating_sub(before));
        std::thread::sleep(Duration::from_millis(20));
    }
    println!(
        "\n| leads of 25 fields that wait for their buyer | memory more than before | a lead |\n| ---: | ---: | ---: |\n\
         | {} | {:.1} MB | {:.1} KB |",
        count(most as f64),
        bytes as f64 / 1e6,
        bytes as f64 / most.max(1) as f64 / 1e3,
    );
    house.abandon();
}

/// Numbers that were given to nobody, as a list has them.
fn entry(number: usize) -> ListItem {
    ListItem::Value(format!("1555{number:07}"))
}

fn suppression(path: &Path, scale: Scale) {
    let house = House::open(path, FLOW);
    let (services, runtime) = house.services();
    let control = &services.control;
    let name: ListName = "dnc".parse().expect("a name");
    let before = resident();
    let began = Instant::now();
    runtime.block_on(async {
        control.put_list("bench", &name, None).await.expect("the list is made");
        for first in (0..scale.entries).step_by(100_000) {
            let items = (first..(first + 100_000).min(scale.entries)).map(entry).collect();
            control.add_to_list("bench", &name, items).await.expect("they are recorded");
        }
    });
    let took = began.elapsed();
    let (list, grown) = (control.list(&name).expect("it is there"), resident().saturating_sub(before));
    assert_eq!(list.items, scale.entries, "each is another number");
    let times = |first: usize, is_there: bool| {
        let mut times: Vec<Duration> = (0..scale.lookups)
            .map(|at| {
                // Spread over the whole table.
                let item = entry(first + at.wrapping_mul(7_919) % scale.entries);
                let start = Instant::now();
                let found = black_box(control.find_on_list(&name, &item));
                let took = start.elapsed();
                assert_eq!(found.is_some(), is_there);
                took
            })
            .collect();
        format!(
            "{} | {}",
            fine_micros(percentile(&mut times, 0.5)),
            fine_micros(percentile(&mut times, 0.99))
        )
    };
    let there = times(0, true);
    let not_there = times(scale.entries, false);
    println!(
        "\n| entries of a suppression list | its tables | memory more than before | recorded in | look-up, there: p50 | p99 | not there: p50 | p99 |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n\
         | {} | {:.1} MB | {:.1} MB | {:.1} s | {there} | {not_there} |",
        count(scale.entries as f64),
        list.bytes as f64 / 1e6,
        grown as f64 / 1e6,
        took.as_secs_f64(),
    );
    house.abandon();
}

fn fine_micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

/// What the process has in memory, in bytes. `statm` counts pages, of 4 KiB on the machines this runs on.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux tells what a process has");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages are a number") * 4096
}
