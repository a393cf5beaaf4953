//! Lists and tails together show every event once, whatever is recorded meanwhile.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use domain::{EventKind, Outcome, Value};
use ledger::{Choice, Filter, Lease, Order, Window, Writer};
use proptest::collection::vec;
use proptest::prelude::*;
use readers::{
    BATCH_EVENTS_MAX, BEHIND_EVENTS_MAX, EventQuery, Events, LeadQuery, Leads, Tail, TailStart, Tailed,
};
use support::{Home, completed, event, failed, lead_id, passed};

fn successes() -> Filter {
    Filter { outcomes: Choice::among([Outcome::Success]), ..Filter::default() }
}

/// One thing that happens in a history.
#[derive(Debug, Clone)]
enum Step {
    /// So many events are recorded, each that matches or not.
    Record(Vec<bool>),
    /// The tail is asked for what comes next, and given up half-way unless it was quick.
    GiveUp,
    /// The tail is asked for what comes next, when there is something.
    Next,
    /// The client comes back with the id of the last message.
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => vec(any::<bool>(), 1..6).prop_map(Step::Record),
        1 => Just(Step::GiveUp),
        3 => Just(Step::Next),
        2 => Just(Step::Resume),
    ]
}

/// Records events of one lead and remembers the seqs of those that match.
struct Recorder {
    lease: Lease,
    writer: Writer,
    number: u32,
    matching: Vec<u64>,
}

impl Recorder {
    fn record(&mut self, kinds: &[bool]) {
        for matches in kinds {
            self.number += 1;
            let kind = if *matches { passed() } else { failed() };
            self.lease.try_record(&[&event(1, self.number, kind)]).unwrap();
            if *matches {
                self.matching.push(self.number.into());
            }
        }
        self.writer.write_batch().unwrap();
    }
}

/// Every page of a list from its newest event on; `between` runs between pages. Oldest first.
fn pages(events: &Events, mut query: EventQuery, mut between: impl FnMut()) -> Vec<u64> {
    let mut seqs = Vec::new();
    loop {
        let page = events.list(&query).unwrap();
        seqs.extend(page.seqs());
        between();
        match page.next(Order::NewestFirst) {
            Some((_, seq)) => query.window.before = Some(seq),
            None => break,
        }
    }
    seqs.reverse();
    seqs
}

async fn play(before: Vec<bool>, limit: usize, steps: Vec<Step>) {
    let home = Home::new();
    let (ledger, writer) = home.open();
    let lease = ledger.create(lead_id(1)).unwrap();
    let mut recorder = Recorder { lease, writer, number: 0, matching: Vec::new() };
    recorder.record(&before);

    // As a page does it: open the stream, then list what lies before it, while more comes in.
    let mut tail = Tail::new(&ledger, successes(), TailStart::Live);
    let window =
        Window { after: None, before: Some(tail.complete_to_seq()), order: Order::NewestFirst, limit };
    let query = EventQuery::new(successes(), window);
    let mut seen = pages(&Events::new(ledger.reader()), query, || recorder.record(&[true, false]));

    let mut last_id = tail.complete_to_seq() - 1;
    for step in steps {
        match step {
            Step::Record(kinds) => recorder.record(&kinds),
            Step::GiveUp => {
                let tailed = tokio::select! {
                    biased;
                    tailed = tail.next() => Some(tailed.unwrap()),
                    () = tokio::task::yield_now() => None,
                };
                if let Some(Tailed::Batch(batch)) = tailed {
                    seen.extend(batch.seqs());
                    last_id = batch.complete_to_seq() - 1;
                }
            }
            Step::Next if seen.len() < recorder.matching.len() => {
                let Tailed::Batch(batch) = tail.next().await.unwrap() else { panic!("no gap is due") };
                assert!(!batch.is_empty());
                seen.extend(batch.seqs());
                last_id = batch.complete_to_seq() - 1;
            }
            Step::Next => {}
            Step::Resume => tail = Tail::new(&ledger, successes(), TailStart::After(last_id)),
        }
    }
    while seen.len() < recorder.matching.len() {
        let Tailed::Batch(batch) = tail.next().await.unwrap() else { panic!("no gap is due") };
        seen.extend(batch.seqs());
    }
    assert_eq!(seen, recorder.matching);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_list_and_the_tail_behind_it_show_every_event_once(
        before in vec(any::<bool>(), 0..12),
        limit in 1..5_usize,
        steps in vec(step(), 0..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(before, limit, steps));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_skipped_or_repeated_while_many_record() {
    const LEADS: u32 = 60;
    let home = Home::new();
    let (ledger, running) = home.start();
    let follower = {
        let ledger = ledger.clone();
        let mut tail = Tail::new(&ledger, Filter::default(), TailStart::Live);
        tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < 3 * LEADS as usize {
                let Tailed::Batch(batch) = tail.next().await.unwrap() else { panic!("no gap is due") };
                seen.extend(batch.seqs());
                // The client comes back each time.
                tail = Tail::new(&ledger, Filter::default(), TailStart::After(batch.complete_to_seq() - 1));
            }
            seen
        })
    };
    let recorders: Vec<_> = (0..4)
        .map(|part| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                for lead in (0..LEADS).filter(|lead| lead % 4 == part) {
                    let mut lease = ledger.create(lead_id(lead)).unwrap();
                    let kinds = [EventKind::SourceSubmitted, passed(), completed(Outcome::Success)];
                    for (number, kind) in (lead * 3..).zip(kinds) {
                        let ticket = lease.record(&[&event(lead, number, kind)]).await.unwrap();
                        ticket.durable().await.unwrap();
                    }
                }
            })
        })
        .collect();
    let pager = {
        let ledger = ledger.clone();
        tokio::task::spawn_blocking(move || {
            let mut rounds = 0;
            while ledger.reader().next_seq() < u64::from(3 * LEADS) || rounds == 0 {
                check_pages(&ledger);
                rounds += 1;
            }
        })
    };
    for recorder in recorders {
        recorder.await.unwrap();
    }
    pager.await.unwrap();
    assert_eq!(follower.await.unwrap(), (1..=u64::from(3 * LEADS)).collect::<Vec<_>>());
    check_pages(&ledger);
    running.close().unwrap();
}

/// Pages through all events and all leads, newest first, while others record: what was there when
/// the first page was made is on exactly one page.
fn check_pages(ledger: &ledger::Ledger) {
    let window = Window { after: None, before: None, order: Order::NewestFirst, limit: 7 };
    let query = EventQuery::new(Filter::default(), window);
    let events = Events::new(ledger.reader());
    let first = events.list(&query).unwrap().complete_to_seq();
    let seen = pages(&events, query, || {});
    let newest = *seen.last().unwrap();
    assert!(newest + 1 >= first);
    assert_eq!(seen, (0..=newest).collect::<Vec<_>>());

    let leads = Leads::new(ledger.reader()).with_rows_max(20);
    let mut query = LeadQuery::default();
    query.window = Window { limit: 3, ..window };
    let mut seen = Vec::new();
    let mut complete_to_seq = None;
    loop {
        let page = leads.list(&query).unwrap();
        complete_to_seq = complete_to_seq.or(Some(page.complete_to_seq()));
        for lead in page.leads() {
            assert!(lead.place.last_seq < page.complete_to_seq(), "a page is of one moment");
            seen.push(lead.place.seq);
        }
        match page.next(Order::NewestFirst) {
            Some((_, seq)) => query.window.before = Some(seq),
            None => break,
        }
    }
    let window = Window { before: complete_to_seq, limit: 1000, ..window };
    let all = EventQuery::new(LeadQuery::default().submitted, window);
    assert_eq!(seen, events.list(&all).unwrap().seqs().collect::<Vec<_>>());
}

#[tokio::test]
async fn whoever_falls_too_far_behind_is_told_of_the_gap() {
    let home = Home::new();
    let (ledger, mut writer) = home.open();
    let mut lease = ledger.create(lead_id(1)).unwrap();
    let mut number = 0;
    let mut record = |count: u32| {
        let events: Vec<_> = (0..count)
            .map(|_| {
                number += 1;
                event(1, number, passed())
            })
            .collect();
        for group in events.chunks(100) {
            let group: Vec<&dyn wire::Record> = group.iter().map(|event| event as _).collect();
            lease.try_record(&group).unwrap();
            writer.write_batch().unwrap();
        }
    };
    let most = u32::try_from(BEHIND_EVENTS_MAX).unwrap();
    let mut tail = Tail::new(&ledger, successes(), TailStart::Live);
    record(most);
    let Tailed::Batch(batch) = tail.next().await.unwrap() else { panic!("so far behind is near enough") };
    assert_eq!((batch.len(), batch.complete_to_seq()), (BATCH_EVENTS_MAX, 501));

    record(501);
    let Tailed::Gap { from, to } = tail.next().await.unwrap() else { panic!("one more is too far") };
    assert_eq!((from, to), (501, u64::from(most) + 502));
    record(1);
    let Tailed::Batch(batch) = tail.next().await.unwrap() else { panic!("it goes on behind the gap") };
    assert_eq!(batch.seqs().collect::<Vec<_>>(), [to]);

    // What does not match does not count.
    let mut other = Tail::new(
        &ledger,
        Filter { outcomes: Choice::except([Outcome::Success]), ..Filter::default() },
        TailStart::After(0),
    );
    assert_eq!(other.complete_to_seq(), 1);
    let record_0 = Tail::new(&ledger, Filter::default(), TailStart::After(u64::MAX));
    assert_eq!(record_0.complete_to_seq(), to + 1, "a place beyond the edge is the edge");
    tokio::select! {
        biased;
        _ = other.next() => panic!("nothing matches"),
        () = async { for _ in 0..100 { tokio::task::yield_now().await; } } => {}
    }
}

#[tokio::test]
async fn a_batch_ends_before_it_grows_large() {
    let home = Home::new();
    let (ledger, mut writer) = home.open();
    let mut lease = ledger.create(lead_id(1)).unwrap();
    for number in 1..=3 {
        let mut large = event(1, number, passed());
        // Digits that do not compress would be no different: what counts is the opened body.
        large.body.lead.set("note".parse().unwrap(), Value::text("x".repeat(600 * 1024)));
        lease.try_record(&[&large]).unwrap();
        writer.write_batch().unwrap();
    }
    let batches = async |mut tail: Tail, count: usize| {
        let mut batches = Vec::new();
        for _ in 0..count {
            let Tailed::Batch(batch) = tail.next().await.unwrap() else { panic!("no gap is due") };
            batches.push(batch.seqs().collect::<Vec<_>>());
        }
        batches
    };
    let start = TailStart::After(0);
    assert_eq!(batches(Tail::new(&ledger, Filter::default(), start), 2).await, [vec![1, 2], vec![3]]);
    let tail = Tail::new(&ledger, Filter::default(), start).without_bodies();
    assert_eq!(batches(tail, 1).await, [vec![1, 2, 3]]);
}
