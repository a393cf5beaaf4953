//! A start over a large hot part: time, and memory of the index. It runs in a process of its own,
//! so that memory is that of the start alone.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ledger::StoredBody;
use wire::Record;

use crate::figures::{count, per_second};
use crate::leads::{EVENTS, Leads};
use crate::machine::{megabytes, memory_bytes};
use crate::{keep_rows, runtime, start};

/// The argument that makes this program a process that only starts a ledger.
pub(crate) const CHILD: &str = "--start";

pub(crate) fn run(directory: &Path, leads: u64) -> String {
    let (bytes, took) = fill(directory, leads);
    let events = usize::try_from(leads).expect("leads are counted in millions") * EVENTS;
    keep_rows(directory);
    let (files, file_bytes) = forget_cached(directory);
    let cold = child(directory);
    let warm = child(directory);
    remove_rows(directory);
    forget_cached(directory);
    let cold_without = child(directory);
    remove_rows(directory);
    let warm_without = child(directory);

    let mut report = format!(
        "\n### Start over {} events in hot files\n\n\
         Leads of {EVENTS} events, recorded without waiting for each: {} events/s. Hot files: {files}, {} in all.\n\n\
         | Start | seconds | events/s | memory before | at rest after | peak | at rest, an event |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        count(per_second(events, std::time::Duration::from_secs(1))),
        count(per_second(events, took)),
        megabytes(file_bytes),
    );
    for (name, start) in [
        ("rows kept, files not in the page cache", cold),
        ("rows kept, files in the page cache", warm),
        ("no rows, files not in the page cache", cold_without),
        ("no rows, files in the page cache", warm_without),
    ] {
        let each = (start.after.saturating_sub(start.before)) / events as u64;
        report += &format!(
            "| {name} | {:.2} | {} | {} | {} | {} | {each} B |\n",
            start.seconds,
            count(per_second(events, std::time::Duration::from_secs_f64(start.seconds))),
            megabytes(start.before),
            megabytes(start.after),
            megabytes(start.peak),
        );
    }
    report += &sizes(directory, bytes, events);
    report
}

/// What a starting process saw.
struct Start {
    seconds: f64,
    before: u64,
    after: u64,
    peak: u64,
}

fn child(directory: &Path) -> Start {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program)
        .arg(CHILD)
        .arg(directory)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started again");
    assert!(output.status.success(), "the start failed");
    let text = String::from_utf8(output.stdout).expect("it prints numbers");
    let mut numbers = text.split_whitespace().map(|word| word.parse::<f64>().expect("it prints numbers"));
    let mut next = || numbers.next().expect("it prints four numbers");
    let seconds = next();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers of bytes")]
    let mut bytes = || next() as u64;
    Start { seconds, before: bytes(), after: bytes(), peak: bytes() }
}

/// What [`child`] runs: starts the ledger and prints seconds and memory before, after and at most.
pub(crate) fn start_in_this_process(directory: &Path) {
    let before = memory_bytes("VmRSS");
    let begin = Instant::now();
    let (ledger, running) = start(directory, None);
    let seconds = begin.elapsed().as_secs_f64();
    assert!(ledger.reader().next_seq() > 1, "there are events");
    println!("{seconds} {before} {} {}", memory_bytes("VmRSS"), memory_bytes("VmHWM"));
    running.close().expect("the ledger runs");
}

/// Records leads on two threads; gives the bytes of their frames and the time.
fn fill(directory: &Path, leads: u64) -> (usize, std::time::Duration) {
    let (ledger, running) = start(directory, None);
    let all = Arc::new(Leads::new());
    let next = Arc::new(AtomicU64::new(0));
    let begin = Instant::now();
    let bytes = runtime().block_on(async {
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let (ledger, all, next) = (ledger.clone(), Arc::clone(&all), Arc::clone(&next));
                tokio::spawn(async move {
                    let mut bytes = 0;
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= leads {
                            return bytes;
                        }
                        let mut lease = ledger.create(Leads::id(number)).expect("the ledger runs");
                        for event in &all.events(number) {
                            let group = lease.encode(&[event as &dyn Record]).expect("events can be encoded");
                            bytes += group.bytes();
                            lease.record_encoded(group).await.expect("the ledger runs");
                        }
                    }
                })
            })
            .collect();
        let mut bytes = 0;
        for task in tasks {
            bytes += task.await.expect("no task panics");
        }
        bytes
    });
    running.close().expect("the ledger runs");
    (bytes, begin.elapsed())
}

fn remove_rows(directory: &Path) {
    for entry in std::fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("the directory can be read").path();
        if path.extension().is_some_and(|extension| extension == "rows") {
            std::fs::remove_file(path).expect("the file can be removed");
        }
    }
}

/// Takes the files of the ledger out of the page cache; gives how many hot ones there are and their length.
fn forget_cached(directory: &Path) -> (usize, u64) {
    let mut files = 0;
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("the directory can be read").path();
        let is_hot = path.extension().is_some_and(|extension| extension == "hot");
        if is_hot || path.extension().is_some_and(|extension| extension == "rows") {
            let file = std::fs::File::open(&path).expect("the file is there");
            file.sync_all().expect("the file syncs");
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("this is a file");
            files += usize::from(is_hot);
            bytes += if is_hot { file.metadata().expect("the file is there").len() } else { 0 };
        }
    }
    (files, bytes)
}

/// What an event takes on disk, and of what.
fn sizes(directory: &Path, bytes: usize, events: usize) -> String {
    let (ledger, running) = start(directory, None);
    let reader = ledger.reader();
    let (mut headers, mut bodies, mut records) = (0, 0, 0);
    for number in 0..200 {
        for record in reader.records(&reader.chain(Leads::id(number))).expect("records can be read") {
            headers += record.header.len();
            bodies += match &record.body {
                StoredBody::Open(body) => body.len(),
                StoredBody::None | StoredBody::Erased => 0,
            };
            records += 1;
        }
    }
    let vault = ledger.vitals().vault_slots * 64;
    running.close().expect("the ledger runs");
    let (each, header) = (bytes / events, headers / records);
    // A frame's head, a nonce and a tag.
    let frame = 45 + 12 + 16;
    format!(
        "\n### Bytes per event on disk, hot\n\n\
         | frame | of it: header | sealed body | frame head, nonce, tag | body before compression | vault, a lead |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: |\n\
         | {each} | {header} | {} | {frame} | {} | {} |\n",
        each.saturating_sub(header + frame),
        bodies / records,
        vault / (events / EVENTS) as u64,
    )
}
