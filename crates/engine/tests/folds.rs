//! Checkpoints of what a start rebuilds: a start from one, and what came after it, is a start from nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use domain::{Answer, FieldPath, Lead, LeadId, Timestamp, Value};
use engine::{Engine, FoldsFrom, Pace, Ping, RebuiltFolds, Submission};
use ledger::Disk;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use testkit::disk::{Calls, Failure, Fault, PowerLoss, SimDisk};
use wire::flow_file::{EntityFile, FlowFile};

use crate::support::{House, start};

/// Every fold has something to do in it; `CAP` and `GROUP` change from version to version.
const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web }
  buyer_north: { kind: buyer, name: North }
  buyer_south: { kind: buyer, name: South }
  buyer_auction: { kind: buyer, name: Auction }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email, phone_1: phone }
  price: { fixed: 4.00 }
  caps: [ { name: Daily, max_leads: CAP, per: day }, { name: Spent, max_spend: 60, per: hour } ]
  duplicates:
    - { name: Mails, key: "{{lead.email}}", window: 20d, against: sold }
    - { name: Phones, key: "{{lead.phone_1}}", window: 30d, against: submitted }
  sources:
    - { entity: src_web, key_required: false, ping: true, ping_expires: 10m, caps: [ { name: Web, max_leads: 9, per: hour } ] }
  steps:
    - id: sell
      kind: distribute
      strategy: round_robin
      recipients:
        - { id: north, entity: buyer_north, integration: custom_json, request: { url: "https://north.example.com/", fields: { email: "{{lead.email}}" } }, response: { outcome: { path: status, term: ok } }, price: { fixed: 10 }, retry: { attempts: 2, backoff: [ 10s ] }, caps: [ { name: North, max_leads: 6, per: day } ] }
        - { id: south, entity: buyer_south, integration: custom_json, request: { url: "https://south.example.com/", fields: { email: "{{lead.email}}" } }, response: { outcome: { path: status, term: ok } }, price: { fixed: 9 }, retry: { attempts: 3, backoff: [ 10s, 1h ] } }
    - id: auction
      kind: distribute
      strategy: highest_bid
      ping_timeout: 800ms
      recipients:
        - { id: late, entity: buyer_auction, integration: custom_json, ping: { request: { url: "https://auction.example.com/ping" }, response: { price: { path: bid } } }, request: { url: "https://auction.example.com/", fields: { email: "{{lead.email}}" } }, response: { outcome: { path: status, term: ok } }, price: { from: bid } }
"#;

const SCRIPT: &str = r#"
buyer_north: 200 {"status":"ok"} | 503 | 200 {"status":"no"} | reset | 200 {"status":"ok"} | timeout | 503 | 503 | 200 {"status":"no"} | 200 {"status":"ok"}
buyer_south: 200 {"status":"no"} | 200 {"status":"ok"} | reset | reset | 503 | 200 {"status":"no"} | 200 {"status":"ok"} | 200 {"status":"no"} | 503 | 200 {"status":"no"}
buyer_auction: 200 {"bid":12,"status":"ok"} | 200 {"bid":8,"status":"no"} | 200 {"bid":3,"status":"no"} | 503 | 200 {"bid":7,"status":"ok"}
"#;

fn flow(version: u32) -> FlowFile {
    FlowFile::read(&FLOW.replace("CAP", &(30 + version).to_string())).unwrap()
}

fn number(rng: &mut ChaCha8Rng, below: u32) -> u32 {
    rng.random_range(0..below)
}

/// One of few people, so that they come again.
fn person(rng: &mut ChaCha8Rng) -> [(&'static str, String); 2] {
    let email = format!("ann{}@example.com", number(rng, 12));
    [("email", email), ("phone_1", format!("512-555-01{:02}", number(rng, 40)))]
}

async fn submit(house: &House, rng: &mut ChaCha8Rng, ping_token: Option<String>) {
    let person = person(rng);
    let parameters: Vec<(&str, &str)> = person.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let submission = match number(rng, 3) {
        0 => house.keyed(&format!("order {}", number(rng, 8)), &parameters),
        _ => house.submission("flow_roofs", "src_web", &parameters),
    };
    // A key that comes again with another lead is refused.
    drop(house.engine.submit(Submission { ping_token, ..submission }).await);
}

async fn ping(house: &House, rng: &mut ChaCha8Rng) -> Option<String> {
    let person = person(rng);
    let value = |(name, value): &(&str, String)| (FieldPath::key(name).unwrap(), Value::text(value.as_str()));
    let raw: Lead = person.iter().map(value).collect();
    let ping = Ping {
        flow: house.control.flow(&"flow_roofs".parse().unwrap()).unwrap(),
        source_id: "src_web".parse().unwrap(),
        raw,
        request: Arc::from(b"POST /ping HTTP/1.1".as_slice()),
        request_id: None,
        test: false,
        render: Box::new(|_: Option<LeadId>, _: &Answer| Arc::from(b"".as_slice())),
    };
    Some(house.engine.ping(ping).await.unwrap().ping_id.to_string())
}

async fn set_party(house: &House, settings: &str) {
    let id = "buyer_south".parse().unwrap();
    let file = EntityFile::read(&id, settings).unwrap_or_else(|error| panic!("{error}"));
    house.control.change_entity("system", &id, None, Some(file)).await.unwrap().unwrap();
}

/// A start from nothing, and one from a checkpoint: the same.
fn check_same(engine: &Engine, seed: u64) -> RebuiltFolds {
    let nothing = engine.rebuilt_folds(FoldsFrom::Nothing).unwrap();
    let rebuilt = engine.rebuilt_folds(FoldsFrom::Checkpoint).unwrap();
    assert_eq!(nothing.from, None);
    assert_told_the_same(seed, &nothing.told, &rebuilt.told, rebuilt.from);
    rebuilt
}

/// With which checkpoint a start begins, and which it passes over.
fn beginning(engine: &Engine) -> String {
    let RebuiltFolds { from, passed_over, .. } = check_same(engine, 0);
    format!("from {from:?} {passed_over:?}")
}

/// What [`beginning`] says.
fn told(from: Option<u64>, passed_over: &[(u64, &str)]) -> String {
    let passed_over: Vec<String> = passed_over.iter().map(|(seq, why)| format!("{seq}: {why}")).collect();
    format!("from {from:?} {passed_over:?}")
}

fn assert_told_the_same(seed: u64, nothing: &str, rebuilt: &str, from: Option<u64>) {
    let (left, right): (Vec<&str>, Vec<&str>) = (nothing.lines().collect(), rebuilt.lines().collect());
    let only = |these: &[&str], those: &[&str]| -> String {
        these.iter().filter(|line| !those.contains(line)).map(|line| format!("  {line}\n")).collect()
    };
    assert!(
        nothing == rebuilt,
        "seed {seed}, checkpoint {from:?}\nonly from nothing:\n{}only from the checkpoint:\n{}",
        only(&left, &right),
        only(&right, &left)
    );
}

/// One thing that happens to an installation.
async fn step(house: &House, rng: &mut ChaCha8Rng, version: &mut u32) {
    match number(rng, 20) {
        0..=9 => submit(house, rng, None).await,
        10..=11 => {
            let token = ping(house, rng).await;
            submit(house, rng, token).await;
        }
        12..=13 => house.retry_all().await,
        14 => house.advance(Duration::from_secs(60 * u64::from(number(rng, 300)))),
        15 => house.advance(Duration::from_secs(24 * 3600 * u64::from(number(rng, 9)))),
        16..=17 => _ = house.engine.keep_folds().unwrap(),
        18 => {
            *version += 1;
            house.control.publish_flow("system", &flow(*version)).await.unwrap();
        }
        _ => {
            let most = 3 + number(rng, 2);
            set_party(house, &format!("{{ caps: [ {{ name: South, max_leads: {most}, per: week }} ] }}"))
                .await;
        }
    }
    house.engine.idle().await;
    until_durable(house).await;
}

/// Until the ledger has nothing more to write.
async fn until_durable(house: &House) {
    for (chain, _) in house.leads.reader().chains() {
        while !house.leads.is_idle(chain) {
            tokio::task::yield_now().await;
        }
    }
}

/// What caps count, without what they refused, which no start knows.
fn counts(house: &House) -> Vec<String> {
    let told = |standing: engine::CapStanding| {
        let count = standing.count;
        format!("{}: {} used {} reserved from {}", standing.cap.id, count.used, count.reserved, count.start)
    };
    house.engine.caps().into_iter().map(told).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_from_a_checkpoint_is_a_start_from_nothing() {
    let (mut used, mut lines) = (0, String::new());
    for seed in 0..24 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut house = House::open(tempfile::tempdir().unwrap(), start(), SCRIPT);
        let mut version = 0;
        house.control.publish_flow("system", &flow(version)).await.unwrap();
        for _ in 0..50 {
            if number(&mut rng, 8) == 0 {
                let now = house.clock_now();
                let before = counts(&house);
                house = House::open(house.close(), now, SCRIPT);
                check_same(&house.engine, seed);
                house.engine.resume().await.unwrap();
                assert_eq!(counts(&house), before, "seed {seed}: nothing was under way");
            } else {
                step(&house, &mut rng, &mut version).await;
            }
            let rebuilt = check_same(&house.engine, seed);
            used += usize::from(rebuilt.from.is_some_and(|from| from > 1));
            lines.push_str(&rebuilt.told);
        }
        house.close();
    }
    assert!(used > 300, "only {used} of 1200 starts had a checkpoint to go on from");
    for fold in
        ["cap flow", "hold lead_", "duplicate [", "key [", "offer ping_", "turns (", "whereabouts lead_"]
    {
        assert!(lines.lines().any(|line| line.starts_with(fold)), "no history has anything like `{fold}`");
    }
}

/// An installation with two checkpoints, and events after both.
async fn two_checkpoints(disk: &SimDisk) -> (House, Engine, u64, u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let house = House::open(tempfile::tempdir().unwrap(), start(), SCRIPT);
    house.control.publish_flow("system", &flow(0)).await.unwrap();
    let engine = house.engine.clone().with_state(Arc::new(disk.clone()));
    let mut kept = Vec::new();
    for _ in 0..2 {
        for _ in 0..6 {
            let token = ping(&house, &mut rng).await;
            submit(&house, &mut rng, token).await;
        }
        until_durable(&house).await;
        kept.push(engine.keep_folds().unwrap().unwrap());
    }
    submit(&house, &mut rng, None).await;
    until_durable(&house).await;
    (house, engine, kept[0], kept[1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_whose_writing_is_cut_off_anywhere_changes_nothing() {
    let losses = [
        Failure::Kill,
        Failure::Eio,
        Failure::Enospc,
        Failure::PowerLoss(PowerLoss::HARSHEST),
        Failure::PowerLoss(PowerLoss::MILDEST),
    ];
    let torn = (0..8).map(|seed| Failure::PowerLoss(PowerLoss::draw(&mut ChaCha8Rng::seed_from_u64(seed))));
    for (seed, failure) in losses.into_iter().chain(torn).enumerate() {
        let mut struck = 0;
        for nth in 1.. {
            let mut disk = SimDisk::new(seed as u64);
            let (house, engine, _, second) = two_checkpoints(&disk).await;
            disk.plan(Fault { calls: Calls::Changes, nth, failure });
            // It fails, or the fault comes after it: either is told, and nothing else.
            drop(engine.keep_folds());
            let has_struck = disk.faults_struck() > 0;
            disk.clear_plan();
            disk.restart();
            let engine = engine.with_state(Arc::new(disk.clone()));
            let rebuilt = check_same(&engine, seed as u64);
            assert!(rebuilt.from >= Some(second), "{failure:?} at {nth}: the one before is still good");
            submit(&house, &mut ChaCha8Rng::seed_from_u64(3), None).await;
            until_durable(&house).await;
            let newest = engine.keep_folds().unwrap();
            assert!(newest > Some(second), "{failure:?} at {nth}");
            assert_eq!(check_same(&engine, seed as u64).from, newest, "{failure:?} at {nth}");
            assert_eq!(disk.files().len(), 2, "{:?}", disk.files());
            house.close();
            if !has_struck {
                break;
            }
            struck += 1;
        }
        // Make, write, sync, rename, sync of names, removal of the oldest.
        assert!(struck >= 6, "{failure:?} struck {struck} times");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_damaged_or_of_another_release_or_gone_is_passed_over() {
    let mut disk = SimDisk::new(1);
    let (house, engine, first, second) = two_checkpoints(&disk).await;
    let whole = disk.snapshot();
    let mut names = disk.files();
    names.sort_unstable();
    let content = disk.content(&names[1]);
    let passed_over = |why: &str| told(Some(first), &[(second, why)]);
    assert_eq!(beginning(&engine), told(Some(second), &[]));
    // Magic, version and CRC byte for byte, then here and there.
    for at in (0..16).chain((16..content.len()).step_by(content.len() / 97)) {
        disk.restore(&whole);
        let engine = engine.clone().with_state(Arc::new(disk.clone()));
        disk.flip_bit(&names[1], at as u64, (at % 8) as u8);
        let why = match at {
            0..8 => "it is no checkpoint",
            8..12 => "another release made it",
            _ => "it is damaged",
        };
        assert_eq!(beginning(&engine), passed_over(why), "a bit of byte {at}");
        disk.restore(&whole);
        let engine = engine.clone().with_state(Arc::new(disk.clone()));
        Disk::open(&disk, &names[1]).unwrap().set_len(at as u64).unwrap();
        let why = if at < 16 { "it is no checkpoint" } else { "it is damaged" };
        assert_eq!(beginning(&engine), passed_over(why), "cut to {at} bytes");
    }
    disk.restore(&whole);
    let engine = engine.clone().with_state(Arc::new(disk.clone()));
    // An older version of the content, whole.
    disk.overwrite(&names[1], 8, &0_u32.to_le_bytes());
    assert_eq!(beginning(&engine), passed_over("another release made it"));
    disk.overwrite(&names[0], 100, &[0xff]);
    let both = [(second, "another release made it"), (first, "it is damaged")];
    assert_eq!(beginning(&engine), told(None, &both));
    Disk::remove(&disk, &names[1]).unwrap();
    assert_eq!(beginning(&engine), told(None, &both[1..]));
    Disk::remove(&disk, &names[0]).unwrap();
    assert_eq!(beginning(&engine), told(None, &[]));
    house.close();
}

/// The whole folder of an installation, as a backup has it.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A crash takes records back that a checkpoint was made of, or others come in their place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_ahead_of_the_ledger_or_of_another_one_is_passed_over() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let house = House::open(tempfile::tempdir().unwrap(), start(), SCRIPT);
    house.control.publish_flow("system", &flow(0)).await.unwrap();
    submit(&house, &mut rng, None).await;
    until_durable(&house).await;
    let earlier = house.engine.keep_folds().unwrap().unwrap();
    let now = house.clock_now();
    let directory = house.close();
    let behind = tempfile::tempdir().unwrap();
    copy(directory.path(), behind.path());

    let house = House::open(directory, now, SCRIPT);
    house.engine.resume().await.unwrap();
    submit(&house, &mut rng, None).await;
    until_durable(&house).await;
    let ahead = house.engine.keep_folds().unwrap().unwrap();
    assert!(ahead > earlier);
    assert_eq!(beginning(&house.engine), told(Some(ahead), &[]));
    let directory = house.close();

    copy(&directory.path().join("state"), &behind.path().join("state"));
    let house = House::open(behind, now, SCRIPT);
    let future = [(ahead, "it reaches to records that are not there")];
    assert_eq!(beginning(&house.engine), told(Some(earlier), &future));
    house.engine.resume().await.unwrap();
    // Other ids: the engine of this life draws others.
    house.advance(Duration::from_secs(1));
    for _ in 0..4 {
        submit(&house, &mut rng, None).await;
    }
    until_durable(&house).await;
    assert!(house.leads.reader().next_seq() > ahead);
    let other_record = [(ahead, "the record that it reaches to is another one")];
    assert_eq!(beginning(&house.engine), told(Some(earlier), &other_record));
    let newest = house.engine.keep_folds().unwrap();
    assert_eq!(beginning(&house.engine), told(newest, &[]));
    house.close();

    let other = House::open(tempfile::tempdir().unwrap(), now, SCRIPT);
    other.control.publish_flow("system", &flow(0)).await.unwrap();
    for _ in 0..9 {
        submit(&other, &mut rng, None).await;
    }
    until_durable(&other).await;
    copy(&directory.path().join("state"), &other.directory.path().join("state"));
    let foreign = "it is of another ledger";
    assert_eq!(beginning(&other.engine), told(None, &[(ahead, foreign), (earlier, foreign)]));
    other.close();
}

/// What was published since, or a clock that was set back, makes a checkpoint a wrong beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_other_rules_or_of_a_later_time_is_passed_over() {
    let disk = SimDisk::new(1);
    let (house, engine, first, second) = two_checkpoints(&disk).await;
    let changed = "flows or caps of parties were changed since";
    assert_eq!(beginning(&engine), told(Some(second), &[]));
    set_party(&house, "{ caps: [ { name: South, max_leads: 2, per: month } ] }").await;
    assert_eq!(beginning(&engine), told(None, &[(second, changed), (first, changed)]));
    let third = engine.keep_folds().unwrap().unwrap();
    assert!(third > second);
    assert_eq!(beginning(&engine), told(Some(third), &[]));
    house.control.publish_flow("system", &flow(1)).await.unwrap();
    assert_eq!(beginning(&engine), told(None, &[(third, changed), (second, changed)]));
    let now = house.clock_now();
    house.advance(Duration::from_secs(3600));
    // Of the same record, by the rules of now.
    assert_eq!(engine.keep_folds().unwrap(), Some(third));
    assert_eq!(beginning(&engine), told(Some(third), &[]));

    let earlier = House::open(house.close(), now, SCRIPT);
    let engine = earlier.engine.clone().with_state(Arc::new(disk.clone()));
    let passed_over = [(third, "the clock was set back since"), (second, changed)];
    assert_eq!(beginning(&engine), told(None, &passed_over));
    earlier.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_made_beside_the_work_and_anew_when_the_rules_change() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let house = House::open(tempfile::tempdir().unwrap(), start(), SCRIPT);
    house.control.publish_flow("system", &flow(0)).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let engine = house.engine.clone();
    let pace = Pace { events: 12, look_every: Duration::from_millis(1) };
    let keeping =
        tokio::spawn(async move { engine.keep_checkpoints(pace, async { drop(stopped.await) }).await });
    let until_one_fits = async || {
        loop {
            if let Some(from) = house.engine.rebuilt_folds(FoldsFrom::Checkpoint).unwrap().from {
                return from;
            }
            tokio::task::yield_now().await;
        }
    };
    while house.leads.reader().next_seq() < 30 {
        submit(&house, &mut rng, None).await;
        until_durable(&house).await;
    }
    assert!(until_one_fits().await >= 12);
    let all = house.leads.reader().next_seq();
    house.control.publish_flow("system", &flow(1)).await.unwrap();
    assert_eq!(until_one_fits().await, all, "no event came, yet the last was of other rules");
    check_same(&house.engine, 4);
    stop.send(()).unwrap();
    keeping.await.unwrap();
    house.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_person_stands_in_a_checkpoint() {
    let disk = SimDisk::new(1);
    let house = House::open(tempfile::tempdir().unwrap(), start(), SCRIPT);
    house.control.publish_flow("system", &flow(0)).await.unwrap();
    let parameters = [("email", "Zoe.Quill@example.com"), ("phone_1", "512-555-0143")];
    house.engine.submit(house.keyed("order-7741", &parameters)).await.unwrap();
    until_durable(&house).await;
    let engine = house.engine.clone().with_state(Arc::new(disk.clone()));
    assert!(engine.keep_folds().unwrap().is_some());
    let told = check_same(&engine, 0).told;
    assert!(told.contains("duplicate [") && told.contains("key ["), "{told}");
    for name in disk.files() {
        let content = disk.content(&name).to_ascii_lowercase();
        for word in ["zoe", "quill", "example.com", "5550143", "555-0143", "512555", "order-7741", "7741"] {
            let found = content.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{word} stands in {name}");
        }
        assert!(content.windows(10).any(|window| window == b"flow_roofs"), "the search finds what is there");
    }
    house.close();
}

/// Fills an installation with a million events of leads that all folds know, prints when a start there can take
/// leads, and leaves it where it says, so that a server can be started there; `--ignored --nocapture` shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, to be read by people; takes minutes and 2 GB"]
async fn what_a_start_over_a_million_events_rebuilds() {
    const EVENTS: u64 = 1_000_000;
    /// Less than a running server leaves to the next start.
    const TAIL: u64 = 40_000;
    let now = engine::Clock::now(&engine::SystemClock::default());
    let script = r#"buyer_north: 200 {"status":"ok"}
                    buyer_south: 200 {"status":"ok"}
                    buyer_auction: 503"#;
    let house = House::open(tempfile::tempdir().unwrap(), now, script);
    let text =
        FLOW.replace("max_leads: CAP", "max_leads: 1000000").replace("max_leads: 9", "max_leads: 900000");
    let text =
        text.replace("max_leads: 6", "max_leads: 900000").replace("max_spend: 60", "max_spend: 9000000");
    house.control.publish_flow("system", &FlowFile::read(&text).unwrap()).await.unwrap();
    let (mut leads, mut kept) = (0_u64, None);
    while house.leads.reader().next_seq() < EVENTS {
        if kept.is_none() && house.leads.reader().next_seq() > EVENTS - TAIL {
            kept = house.engine.keep_folds().unwrap();
        }
        let mut under_way = Vec::new();
        for _ in 0..64 {
            leads += 1;
            let email = format!("ann{leads}@example.com");
            let phone = format!("{}{:07}", 212 + leads / 7_000_000, 2_000_000 + leads % 7_000_000);
            let submission =
                house.keyed(&format!("order {leads}"), &[("email", &email), ("phone_1", &phone)]);
            let engine = house.engine.clone();
            under_way.push(tokio::spawn(async move { engine.submit(submission).await.unwrap() }));
        }
        for lead in under_way {
            lead.await.unwrap();
        }
    }
    until_durable(&house).await;
    assert!(kept.is_some());
    eprintln!("{leads} leads, {} events", house.leads.reader().next_seq());
    let now = house.clock_now();
    let mut directory = house.close();
    directory = started("rows and a checkpoint", directory, now, script).await;
    remove(&directory.path().join("state"), ".folds");
    directory = started("rows", directory, now, script).await;
    remove(&directory.path().join("state"), ".folds");
    remove(&directory.path().join("leads"), ".rows");
    directory = started("nothing", directory, now, script).await;
    eprintln!("left in {}", directory.keep().display());
}

/// Starts an installation, files in the page cache, and prints when it could take leads.
#[expect(clippy::print_stderr, reason = "they are figures for people")]
async fn started(
    what: &str,
    directory: tempfile::TempDir,
    now: Timestamp,
    script: &str,
) -> tempfile::TempDir {
    let began = std::time::Instant::now();
    let house = House::open(directory, now, script);
    let opened = began.elapsed();
    house.engine.resume().await.unwrap();
    eprintln!("with {what}: open after {opened:?}, takes leads after {:?}", began.elapsed());
    let rebuilt = house.engine.rebuilt_folds(FoldsFrom::Checkpoint).unwrap();
    eprintln!("  its folds from {:?} by {} headers", rebuilt.from, rebuilt.headers);
    house.close()
}

/// Removes the files whose names end so.
fn remove(folder: &std::path::Path, end: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().is_some_and(|name| name.ends_with(end)) {
            std::fs::remove_file(path).unwrap();
        }
    }
}
