//! Durable appends by many writers, each of which waits until its event is durable before it goes
//! on, beside a bare log that writes as many bytes.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ledger::{EncodedGroup, Lease, Stages};
use wire::Record;

use crate::bare_log::BareLog;
use crate::figures::{count, median, per_second};
use crate::leads::{EVENTS, Leads};
use crate::record::stage_table;
use crate::{Directory, Scale, runtime, start};

const WRITERS: [usize; 3] = [1, 64, 512];

pub(crate) fn run(directory: &Directory, scale: Scale) -> String {
    let leads = Arc::new(Leads::new());
    let bytes = encoded_bytes(&directory.sub("sizes"), &leads);
    let mut report = format!(
        "\n### Durable appends per second\n\n\
         Writers are tasks on two tokio threads; each waits for the durability of its event before the next. \
         The bare log has a thread, a queue, one `pwrite` and one `fdatasync` a batch and an answer to each, nothing else; \
         it writes as many bytes ({} an event). Middle of {} runs taken in turns.\n\n\
         | Writers | bare log | encoded ahead | of the bare log | encoding included | of the bare log |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        bytes, scale.rounds
    );
    for writers in WRITERS {
        let appends = if writers == 1 { scale.appends_alone } else { scale.appends_shared };
        let (mut bare, mut ahead, mut included) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..scale.rounds {
            let sub = |what: &str| directory.sub(&format!("{what}-{writers}-{round}"));
            let paths = [sub("bare"), sub("ahead"), sub("included")];
            bare.push(per_second(appends, bare_appends(&paths[0], writers, appends, bytes)));
            ahead.push(per_second(appends, encoded_ahead(&paths[1], &leads, writers, appends)));
            included.push(per_second(appends, encoding_included(&paths[2], &leads, writers, appends, None)));
            for path in paths {
                std::fs::remove_dir_all(path).expect("own files can be removed");
            }
        }
        let [bare, ahead, included] = [bare, ahead, included].map(|mut rates| median(&mut rates));
        report += &format!(
            "| {writers} | {} | {} | {:.0} % | {} | {:.0} % |\n",
            count(bare),
            count(ahead),
            ahead / bare * 100.0,
            count(included),
            included / bare * 100.0
        );
    }

    let [few, many] = [64, 512].map(|writers| {
        let stages = Arc::new(Stages::default());
        let path = directory.sub(&format!("stages-{writers}"));
        encoding_included(&path, &leads, writers, scale.appends_shared, Some(Arc::clone(&stages)));
        stages
    });
    report += "\n### µs per stage and event, encoding included\n\nStages of different threads overlap.\n\n";
    report += &stage_table(&[
        ("64 writers", &few, scale.appends_shared),
        ("512 writers", &many, scale.appends_shared),
    ]);
    report
}

/// Mean bytes of an event of eight in the log.
fn encoded_bytes(directory: &Path, leads: &Leads) -> usize {
    let (ledger, running) = start(directory, None);
    let mut bytes = 0;
    for number in 0..64 {
        let mut lease = ledger.create(Leads::id(number)).expect("the ledger runs");
        let events = leads.events(number);
        let events: Vec<&dyn Record> = events.iter().map(|event| event as &dyn Record).collect();
        bytes += lease.encode(&events).expect("events can be encoded").bytes();
    }
    running.close().expect("the ledger runs");
    bytes / (64 * EVENTS)
}

/// Runs as many tasks as there are writers to their end, and times them.
fn timed<F: Future<Output = ()> + Send + 'static>(writers: usize, task: impl Fn(usize) -> F) -> Duration {
    runtime().block_on(async {
        let start = Instant::now();
        let tasks: Vec<_> = (0..writers).map(|writer| tokio::spawn(task(writer))).collect();
        for task in tasks {
            task.await.expect("no writer panics");
        }
        start.elapsed()
    })
}

fn share(appends: usize, writers: usize, writer: usize) -> usize {
    appends / writers + usize::from(writer < appends % writers)
}

fn bare_appends(directory: &Path, writers: usize, appends: usize, bytes: usize) -> Duration {
    let (log, thread) = BareLog::start(directory);
    let took = timed(writers, |writer| {
        let log = log.clone();
        async move {
            for _ in 0..share(appends, writers, writer) {
                log.append(vec![0x5a; bytes]).await;
            }
        }
    });
    log.close();
    thread.join().expect("the bare log does not panic");
    took
}

/// A lease encodes one group ahead, so every append is the only event of a lead of its own.
fn encoded_ahead(directory: &Path, leads: &Leads, writers: usize, appends: usize) -> Duration {
    let (ledger, running) = start(directory, None);
    let mut number = 0;
    let mut ready: Vec<Vec<(Lease, EncodedGroup)>> = Vec::new();
    for writer in 0..writers {
        let mut own = Vec::new();
        for _ in 0..share(appends, writers, writer) {
            let mut lease = ledger.create(Leads::id(number)).expect("the ledger runs");
            let group = lease.encode(&[&leads.one(number)]).expect("events can be encoded");
            own.push((lease, group));
            number += 1;
        }
        ready.push(own);
    }
    let ready: Vec<_> = ready.into_iter().map(|own| std::sync::Mutex::new(Some(own))).collect();
    // What is done with is kept until the end: giving leases back is not part of an append.
    let done = Arc::new(std::sync::Mutex::new(Vec::new()));
    let took = timed(writers, |writer| {
        let own = ready[writer].lock().expect("nobody panics").take().expect("each writer starts once");
        let done = Arc::clone(&done);
        async move {
            let mut leases = Vec::with_capacity(own.len());
            for (mut lease, group) in own {
                let ticket = lease.record_encoded(group).await.expect("the ledger runs");
                ticket.durable().await.expect("the ledger runs");
                leases.push(lease);
            }
            done.lock().expect("nobody panics").push(leases);
        }
    });
    drop(done);
    running.close().expect("the ledger runs");
    took
}

/// Each writer takes whole leads through their events.
fn encoding_included(
    directory: &Path,
    leads: &Arc<Leads>,
    writers: usize,
    appends: usize,
    stages: Option<Arc<Stages>>,
) -> Duration {
    let (ledger, running) = start(directory, stages);
    let next = Arc::new(AtomicU64::new(0));
    let took = timed(writers, |writer| {
        let (ledger, leads, next) = (ledger.clone(), Arc::clone(leads), Arc::clone(&next));
        async move {
            let mut left = share(appends, writers, writer);
            while left > 0 {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let mut lease = ledger.create(Leads::id(number)).expect("the ledger runs");
                for event in leads.events(number).iter().take(left) {
                    let ticket = lease.record(&[event]).await.expect("the ledger runs");
                    ticket.durable().await.expect("the ledger runs");
                    left -= 1;
                }
            }
        }
    });
    running.close().expect("the ledger runs");
    took
}
