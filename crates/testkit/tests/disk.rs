//! The simulated disk keeps what real disks promise, and loses everything else.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use ledger::disk::{Disk, DiskFile};
use proptest::prelude::*;
use testkit::SimDisk;
use testkit::disk::{
    Call, Calls, DiskDefence, Failure, Fault, Journal, PowerLoss, Recycling, SECTOR_BYTES, Survival,
};

/// A disk with one file `a`, whose name is durable and whose content is `content`, synced.
fn disk_with(seed: u64, content: &[u8]) -> (SimDisk, Arc<dyn DiskFile>) {
    let disk = SimDisk::new(seed);
    let file = disk.create("a").unwrap();
    disk.sync_directory().unwrap();
    file.write_all_at(content, 0).unwrap();
    file.sync_data().unwrap();
    (disk, file)
}

fn reopened(disk: &mut SimDisk) -> Arc<dyn DiskFile> {
    disk.restart();
    disk.open("a").unwrap()
}

fn fault(calls: Calls, nth: u64, failure: Failure) -> Fault {
    Fault { calls, nth, failure }
}

/// Sectors filled with a letter each.
fn sectors(letters: &str) -> Vec<u8> {
    letters.bytes().flat_map(|letter| [letter; SECTOR_BYTES]).collect()
}

/// The letters of whole sectors; `?` for one that is mixed, `.` for zeros.
fn letters(content: &[u8]) -> String {
    let letter = |sector: &[u8]| match sector[0] {
        first if sector.iter().any(|byte| *byte != first) => '?',
        0 => '.',
        first => char::from(first),
    };
    content.chunks(SECTOR_BYTES).map(letter).collect()
}

/// Every content that the same history leaves over many seeds.
fn outcomes(history: impl Fn(u64) -> String) -> Vec<String> {
    let mut all: Vec<String> = (0..2_000).map(history).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn what_was_synced_survives_and_what_was_not_can_be_lost() {
    let (mut disk, file) = disk_with(1, b"kept");
    file.write_all_at(b" lost", 4).unwrap();
    assert_eq!(disk.content("a"), b"kept lost");
    assert_eq!(disk.durable_content("a").unwrap(), b"kept");
    disk.lose_power(PowerLoss::HARSHEST);
    assert_eq!(reopened(&mut disk).read_all().unwrap(), b"kept");
    assert!(!disk.has_unsynced());
}

#[test]
fn the_death_of_the_process_loses_nothing_and_syncs_nothing() {
    let (mut disk, file) = disk_with(1, b"kept");
    file.write_all_at(b" seen", 4).unwrap();
    disk.create("b").unwrap();
    disk.kill();
    assert!(file.len().is_err(), "a handle dies with its process");
    assert_eq!(reopened(&mut disk).read_all().unwrap(), b"kept seen");
    assert_eq!(disk.files(), ["a", "b"]);
    disk.lose_power(PowerLoss::HARSHEST);
    assert_eq!(reopened(&mut disk).read_all().unwrap(), b"kept");
    assert_eq!(disk.files(), ["a"]);
}

#[test]
fn a_name_needs_a_sync_of_the_directory_and_content_a_sync_of_the_file() {
    let mut disk = SimDisk::new(1);
    disk.create("named").unwrap().write_all_at(b"x", 0).unwrap();
    disk.sync_directory().unwrap();
    let synced = disk.create("synced").unwrap();
    synced.write_all_at(b"x", 0).unwrap();
    synced.sync_data().unwrap();
    disk.lose_power(PowerLoss::HARSHEST);
    disk.restart();
    assert_eq!(disk.files(), ["named"]);
    assert_eq!(disk.content("named"), b"");
}

#[test]
fn a_rename_is_atomic_and_durable_only_with_the_directory() {
    let renamed = |seed| {
        let (mut disk, _) = disk_with(seed, b"old");
        let new = disk.create("new").unwrap();
        new.write_all_at(b"new", 0).unwrap();
        new.sync_data().unwrap();
        disk.rename("new", "a").unwrap();
        disk.lose_power(PowerLoss { data: Survival::Nothing, metadata: Journal::Independent });
        disk.restart();
        format!("{:?} {}", disk.files(), String::from_utf8(disk.content("a")).unwrap())
    };
    assert_eq!(outcomes(renamed), [r#"["a", "new"] old"#, r#"["a"] new"#, r#"["a"] old"#]);
}

#[test]
fn sectors_survive_each_by_itself_in_any_of_their_versions() {
    let torn = |data| {
        outcomes(move |seed| {
            let (mut disk, file) = disk_with(seed, &sectors("aaa"));
            file.write_all_at(&sectors("bbb"), 0).unwrap();
            file.write_all_at(&sectors("c"), 0).unwrap();
            disk.lose_power(PowerLoss { data, metadata: Journal::Everything });
            letters(&reopened(&mut disk).read_all().unwrap())
        })
    };
    assert_eq!(torn(Survival::Nothing), ["aaa"]);
    assert_eq!(torn(Survival::Everything), ["cbb"]);
    assert_eq!(torn(Survival::Prefix), ["aaa", "bbb", "cbb"]);
    assert_eq!(torn(Survival::Last), ["caa", "cbb"]);
    let all = ["aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb", "caa", "cab", "cba", "cbb"];
    assert_eq!(torn(Survival::Subset), all);
    assert_eq!(torn(Survival::Torn), ["aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb", "cbb"]);
    let inside = torn(Survival::TornSector);
    assert!(inside.contains(&"b?a".to_owned()) && inside.contains(&"?bb".to_owned()), "{inside:?}");
}

#[test]
fn length_and_data_are_lost_independently() {
    let survived = |data, metadata| {
        let (mut disk, file) = disk_with(3, &sectors("a"));
        file.write_all_at(&sectors("b"), SECTOR_BYTES as u64).unwrap();
        disk.lose_power(PowerLoss { data, metadata });
        letters(&reopened(&mut disk).read_all().unwrap())
    };
    assert_eq!(survived(Survival::Everything, Journal::Nothing), "a");
    assert_eq!(survived(Survival::Nothing, Journal::Everything), "a.");
    assert_eq!(survived(Survival::Everything, Journal::Everything), "ab");
}

#[test]
fn an_ordered_journal_keeps_a_prefix_and_an_independent_one_any_mixture() {
    let names = |metadata| {
        outcomes(move |seed| {
            let mut disk = SimDisk::new(seed);
            for name in ["a", "b", "c"] {
                disk.create(name).unwrap();
            }
            disk.lose_power(PowerLoss { data: Survival::Nothing, metadata });
            disk.restart();
            disk.files().concat()
        })
    };
    assert_eq!(names(Journal::Ordered), ["", "a", "ab", "abc"]);
    assert_eq!(names(Journal::Independent), ["", "a", "ab", "abc", "ac", "b", "bc", "c"]);
}

#[test]
fn an_unsynced_cut_takes_what_was_written_behind_it_along() {
    let cut = |seed| {
        let (mut disk, file) = disk_with(seed, &sectors("aaaa"));
        file.set_len(SECTOR_BYTES as u64).unwrap();
        file.write_all_at(&sectors("bb"), SECTOR_BYTES as u64).unwrap();
        disk.lose_power(PowerLoss { data: Survival::Subset, metadata: Journal::Ordered });
        letters(&reopened(&mut disk).read_all().unwrap())
    };
    assert_eq!(outcomes(cut), ["a", "a..", "a.b", "aaaa", "ab.", "abb"]);
}

#[test]
fn a_cut_clears_what_a_later_growth_shows() {
    let (mut disk, file) = disk_with(1, b"abcdef");
    file.set_len(3).unwrap();
    file.set_len(6).unwrap();
    assert_eq!(file.read_all().unwrap(), b"abc\0\0\0");
    file.sync_data().unwrap();
    disk.lose_power(PowerLoss::HARSHEST);
    assert_eq!(reopened(&mut disk).read_all().unwrap(), b"abc\0\0\0");
}

#[test]
fn reserved_space_reads_as_zeros_and_costs_no_memory() {
    let (mut disk, file) = disk_with(1, b"a");
    file.reserve(0, 1 << 40).unwrap();
    assert_eq!(file.len().unwrap(), 1 << 40);
    let mut bytes = [1; 3];
    file.read_exact_at(&mut bytes, (1 << 40) - 3).unwrap();
    assert_eq!(bytes, [0; 3]);
    file.sync_data().unwrap();
    disk.lose_power(PowerLoss::HARSHEST);
    assert_eq!(reopened(&mut disk).len().unwrap(), 1 << 40);
}

#[test]
fn after_a_failed_sync_a_later_good_one_does_not_write_what_was_lost() {
    // The story of PostgreSQL in 2018: fsync failed, was called again, said yes, and the data was gone.
    let synced_again = |rewrite: bool| {
        outcomes(move |seed| {
            let (mut disk, file) = disk_with(seed, &sectors("aaa"));
            file.write_all_at(&sectors("bbb"), 0).unwrap();
            disk.plan(fault(Calls::Only(Call::Sync), 1, Failure::Eio));
            assert!(file.sync_data().is_err());
            assert_eq!(letters(&disk.content("a")), "bbb", "reads still show it");
            if rewrite {
                file.write_all_at(&sectors("bbb"), 0).unwrap();
            }
            file.sync_data().unwrap();
            disk.lose_power(PowerLoss::MILDEST);
            letters(&reopened(&mut disk).read_all().unwrap())
        })
    };
    assert_eq!(synced_again(false), ["aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"]);
    assert_eq!(synced_again(true), ["bbb"]);
}

#[test]
fn eviction_after_a_failed_sync_shows_the_old_content() {
    let (disk, file) = disk_with(5, &sectors("aaaaaaaa"));
    file.write_all_at(&sectors("bbbbbbbb"), 0).unwrap();
    disk.evict_cache();
    assert_eq!(letters(&disk.content("a")), "bbbbbbbb", "what is not clean cannot be evicted");
    disk.plan(fault(Calls::Only(Call::Sync), 1, Failure::Eio));
    assert!(file.sync_data().is_err());
    file.write_all_at(&sectors("c"), 0).unwrap();
    disk.evict_cache();
    let shown = letters(&disk.content("a"));
    assert!(shown.starts_with('c') && shown.contains('a'), "{shown}");
    assert_eq!(shown[1..], letters(&disk.durable_content("a").unwrap())[1..]);
}

#[test]
fn a_fault_strikes_the_nth_call_once() {
    let (disk, file) = disk_with(1, b"");
    disk.plan(fault(Calls::Only(Call::Write), 3, Failure::Eio));
    let failed: Vec<bool> = (0..6)
        .map(|index| {
            file.sync_data().unwrap();
            file.write_all_at(b"x", index).is_err()
        })
        .collect();
    assert_eq!(failed, [false, false, true, false, false, false]);
    assert!(!disk.has_plan());
    let count = |calls| disk.calls(calls);
    assert_eq!(count(Calls::Only(Call::Write)), 7);
    assert_eq!(count(Calls::Changes), 7 + 7 + 2);
}

#[test]
fn each_kind_of_call_can_fail_with_the_error_of_a_real_disk() {
    let errors = Call::ALL.map(|call| {
        let (disk, file) = disk_with(1, b"abc");
        disk.plan(fault(Calls::Only(call), 1, Failure::Enospc));
        let results = [
            disk.list().map(drop),
            disk.create("b").map(drop),
            disk.open("a").map(drop),
            disk.rename("a", "c"),
            disk.rename("c", "a"),
            disk.remove("a"),
            disk.sync_directory(),
            file.len().map(drop),
            file.read_at(&mut [0], 0).map(drop),
            file.write_all_at(b"x", 0),
            file.reserve(0, 10),
            file.set_len(1),
            file.sync_data(),
        ];
        results.into_iter().filter_map(Result::err).map(|error| error.kind()).collect::<Vec<_>>()
    });
    for (call, errors) in Call::ALL.iter().zip(errors) {
        assert_eq!(errors[0], ErrorKind::StorageFull, "{call}");
        // Where the first rename fails, there is nothing for the second one to take back.
        assert_eq!(errors.len(), if *call == Call::Rename { 2 } else { 1 }, "{call}");
    }
}

#[test]
fn a_failing_write_leaves_any_beginning_of_itself() {
    let short = outcomes(|seed| {
        let (disk, file) = disk_with(seed, b"");
        disk.plan(fault(Calls::Only(Call::Write), 1, Failure::Eio));
        assert!(file.write_all_at(b"abc", 0).is_err());
        String::from_utf8(disk.content("a")).unwrap()
    });
    assert_eq!(short, ["", "a", "ab", "abc"]);
}

#[test]
fn a_read_only_disk_refuses_every_change_and_answers_every_question() {
    let (disk, file) = disk_with(1, b"abc");
    disk.plan(fault(Calls::Changes, 2, Failure::ReadOnly));
    file.write_all_at(b"x", 0).unwrap();
    let refused = |result: std::io::Result<()>| result.unwrap_err().kind() == ErrorKind::ReadOnlyFilesystem;
    assert!(refused(file.write_all_at(b"y", 0)));
    assert!(
        refused(disk.create("b").map(drop)) && refused(disk.sync_directory()) && refused(file.sync_data())
    );
    assert_eq!(file.read_all().unwrap(), b"xbc");
    disk.set_read_only(false);
    file.write_all_at(b"y", 0).unwrap();
    assert_eq!(disk.list().unwrap(), ["a"]);
}

#[test]
fn a_full_disk_takes_what_fits_and_what_was_reserved() {
    let (disk, file) = disk_with(1, b"abc");
    file.reserve(0, 8).unwrap();
    disk.set_capacity(Some(10));
    let full = |result: std::io::Result<()>| result.unwrap_err().kind() == ErrorKind::StorageFull;
    file.write_all_at(b"defgh", 3).unwrap();
    assert!(full(file.write_all_at(b"ijkl", 8)));
    assert_eq!(disk.content("a"), b"abcdefghij");
    assert!(full(file.reserve(0, 11)));
    let other = disk.create("b").unwrap();
    assert!(full(other.write_all_at(b"x", 0)));
    file.set_len(4).unwrap();
    other.write_all_at(b"x", 0).unwrap();
}

#[test]
fn the_machine_can_go_off_at_any_call_and_stays_off() {
    let script = |disk: &SimDisk| -> std::io::Result<()> {
        let file = disk.create("a")?;
        disk.sync_directory()?;
        file.reserve(0, 4096)?;
        file.write_all_at(&sectors("ab"), 0)?;
        file.sync_data()?;
        assert_eq!(letters(&file.read_all()?), "ab......");
        disk.rename("a", "b")?;
        disk.sync_directory()
    };
    let unharmed = SimDisk::new(0);
    script(&unharmed).unwrap();
    let count = unharmed.calls(Calls::Any);
    assert_eq!(count, 9);
    for nth in 1..=count {
        for failure in [Failure::PowerLoss(PowerLoss::HARSHEST), Failure::Kill] {
            let mut disk = SimDisk::new(nth);
            disk.plan(fault(Calls::Any, nth, failure));
            assert!(script(&disk).is_err(), "call {nth}");
            assert!(!disk.is_running());
            assert!(disk.list().is_err() && disk.create("x").is_err());
            assert_eq!(disk.calls(Calls::Any), nth, "calls of the dead are not counted");
            disk.restart();
            assert!(disk.list().is_ok() && disk.is_running());
        }
    }
}

#[test]
fn handles_of_a_dead_process_stay_dead_when_the_next_one_lives() {
    let (mut disk, file) = disk_with(1, b"abc");
    let zombie = disk.clone();
    disk.kill();
    disk.restart();
    assert!(file.write_all_at(b"x", 0).is_err() && zombie.create("b").is_err());
    assert!(disk.create("b").is_ok());
    assert_eq!((disk.life(), disk.content("a")), (2, b"abc".to_vec()));
}

#[test]
fn a_removed_file_can_be_read_until_it_is_closed_and_can_come_back_after_a_power_loss() {
    let (mut disk, file) = disk_with(1, b"abc");
    disk.remove("a").unwrap();
    assert_eq!(disk.open("a").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(file.read_all().unwrap(), b"abc");
    disk.create("a").unwrap();
    disk.lose_power(PowerLoss::HARSHEST);
    assert_eq!(reopened(&mut disk).read_all().unwrap(), b"abc");
}

#[test]
fn planted_bytes_stand_in_the_cached_and_in_the_durable_content() {
    let (mut disk, file) = disk_with(1, b"abc");
    file.write_all_at(b"def", 3).unwrap();
    disk.flip_bit("a", 0, 1);
    disk.overwrite("a", 2, b"XY");
    assert_eq!(disk.content("a"), b"cbXYef");
    assert_eq!(disk.durable_content("a").unwrap(), b"cbX");
    file.sync_data().unwrap();
    disk.lose_power(PowerLoss::HARSHEST);
    assert_eq!(reopened(&mut disk).read_all().unwrap(), b"cbXYef");
}

#[test]
#[should_panic(expected = "a ends at byte 3")]
fn planting_past_the_end_is_the_tests_mistake() {
    disk_with(1, b"abc").0.overwrite("a", 2, b"XY");
}

#[test]
fn a_snapshot_holds_also_what_is_not_synced() {
    let (mut disk, file) = disk_with(1, b"abc");
    file.write_all_at(b"def", 3).unwrap();
    let snapshot = disk.snapshot();
    file.sync_data().unwrap();
    disk.remove("a").unwrap();
    for _ in 0..2 {
        disk.restore(&snapshot);
        assert_eq!(disk.open("a").unwrap().read_all().unwrap(), b"abcdef");
        disk.lose_power(PowerLoss::HARSHEST);
        disk.restart();
        assert_eq!(disk.content("a"), b"abc");
    }
}

#[test]
fn recycled_blocks_show_what_was_removed_in_unsynced_space_only() {
    let shown = |recycling, sync: bool| {
        outcomes(move |seed| {
            let (mut disk, file) = disk_with(seed, &sectors("abc"));
            disk.set_recycling(recycling);
            file.set_len(SECTOR_BYTES as u64).unwrap();
            file.sync_data().unwrap();
            file.reserve(0, 3 * SECTOR_BYTES as u64).unwrap();
            assert_eq!(letters(&disk.content("a")), "a..", "never while the machine runs");
            if sync {
                file.sync_data().unwrap();
            }
            disk.lose_power(PowerLoss::MILDEST);
            letters(&reopened(&mut disk).read_all().unwrap())
        })
    };
    assert_eq!(shown(Recycling::Never, false), ["a.."]);
    assert_eq!(shown(Recycling::SamePlace, false), ["abc"]);
    assert_eq!(shown(Recycling::OtherPlaces, false), ["a..", "a.b", "ac.", "acb"]);
    assert_eq!(shown(Recycling::SamePlace, true), ["a.."]);
}

#[test]
fn each_defence_that_is_taken_away_leaves_only_its_answer() {
    let (mut disk, file) = disk_with(1, b"abc");
    disk.take_away(DiskDefence::SyncData);
    file.write_all_at(b"x", 0).unwrap();
    file.sync_data().unwrap();
    disk.take_away(DiskDefence::SyncDirectory);
    disk.create("b").unwrap();
    disk.sync_directory().unwrap();
    disk.take_away(DiskDefence::Truncation);
    file.set_len(0).unwrap();
    assert_eq!(disk.content("a"), b"xbc");
    file.set_len(5).unwrap();
    assert_eq!(disk.content("a"), b"xbc\0\0");
    disk.lose_power(PowerLoss::HARSHEST);
    disk.restart();
    assert_eq!((disk.files(), disk.content("a")), (vec!["a".to_owned()], b"abc".to_vec()));
}

#[test]
fn every_write_is_seen_also_one_that_is_lost() {
    let (mut disk, file) = disk_with(1, b"");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    disk.on_write(move |write| {
        log.lock().unwrap().push(format!(
            "{} {} {} {}",
            write.life,
            write.file,
            write.offset,
            String::from_utf8_lossy(write.bytes)
        ));
    });
    disk.plan(fault(Calls::Only(Call::Write), 1, Failure::Eio));
    assert!(file.write_all_at(b"one", 0).is_err());
    file.write_all_at(b"two", 3).unwrap();
    disk.lose_power(PowerLoss::HARSHEST);
    assert!(file.write_all_at(b"off", 0).is_err());
    reopened(&mut disk).write_all_at(b"three", 0).unwrap();
    assert_eq!(*seen.lock().unwrap(), ["1 a 0 one", "1 a 3 two", "2 a 0 three"]);
}

#[test]
fn the_trace_tells_the_story() {
    let (mut disk, file) = disk_with(1, b"abc");
    disk.plan("sync 1 eio".parse().unwrap());
    file.reserve(0, 4096).unwrap();
    assert!(file.sync_data().is_err());
    file.set_len(3).unwrap();
    assert!(disk.open("b").is_err());
    disk.lose_power("data=torn metadata=ordered".parse().unwrap());
    disk.restart();
    expect_test::expect![[r#"
        create         a
        sync-directory 
        write          a 0..3
        sync           a
        -- planned: sync 1 eio
        reserve        a 0..4096
        sync           a  (FAULT)
        set-len        a 3
        open           b  (refused)
        -- power lost: data=torn metadata=ordered
        -- life 2 begins
    "#]]
    .assert_eq(&disk.trace());
}

#[test]
fn faults_have_a_text_form() {
    let mut failures = vec![Failure::Eio, Failure::Enospc, Failure::ReadOnly, Failure::Kill];
    for data in Survival::ALL {
        failures.extend(Journal::ALL.map(|metadata| Failure::PowerLoss(PowerLoss { data, metadata })));
    }
    let mut counted = vec![Calls::Any, Calls::Changes];
    counted.extend(Call::ALL.map(Calls::Only));
    for failure in failures {
        for calls in &counted {
            let fault = Fault { calls: *calls, nth: 17, failure };
            assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault);
        }
    }
    for wrong in ["", "write", "write 1", "write x eio", "wrote 1 eio", "any 1 power-loss", "any 1 boom"] {
        assert!(wrong.parse::<Fault>().is_err(), "{wrong:?}");
    }
}

/// One step of a random life of one file, to hold the disk against a plain model.
#[derive(Debug, Clone)]
enum Step {
    Write { offset: u16, bytes: u16 },
    SetLen(u16),
    Reserve(u16),
    Sync,
    PowerLoss(PowerLoss),
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let loss = (0..Survival::ALL.len(), 0..Journal::ALL.len()).prop_map(|(data, metadata)| PowerLoss {
        data: Survival::ALL[data],
        metadata: Journal::ALL[metadata],
    });
    let step = prop_oneof![
        6 => (0..3000u16, 0..2000u16).prop_map(|(offset, bytes)| Step::Write { offset, bytes }),
        1 => (0..4000u16).prop_map(Step::SetLen),
        1 => (0..4000u16).prop_map(Step::Reserve),
        3 => Just(Step::Sync),
        2 => loss.prop_map(Step::PowerLoss),
        1 => Just(Step::Kill),
    ];
    proptest::collection::vec(step, 0..40)
}

/// Runs the steps and holds everything read against a model of one plain vector and, for each byte, the
/// values it may have after a power loss.
fn run(seed: u64, steps: &[Step]) -> Result<String, TestCaseError> {
    let (mut disk, mut file) = disk_with(seed, b"");
    let mut cached: Vec<u8> = Vec::new();
    // Since the last sync: every length, and every content at each of those moments.
    let mut lengths = vec![0];
    let mut versions: Vec<Vec<u8>> = vec![Vec::new()];
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Write { offset, bytes } => {
                // One pattern for each step tells who wrote a byte.
                let bytes = vec![number as u8 + 1; usize::from(*bytes)];
                let offset = usize::from(*offset);
                file.write_all_at(&bytes, offset as u64).unwrap();
                if !bytes.is_empty() {
                    cached.resize(cached.len().max(offset + bytes.len()), 0);
                    cached[offset..offset + bytes.len()].copy_from_slice(&bytes);
                }
            }
            Step::SetLen(bytes) => {
                file.set_len(u64::from(*bytes)).unwrap();
                cached.resize(usize::from(*bytes), 0);
            }
            Step::Reserve(bytes) => {
                file.reserve(0, u64::from(*bytes)).unwrap();
                cached.resize(cached.len().max(usize::from(*bytes)), 0);
            }
            Step::Sync => {
                file.sync_data().unwrap();
                (lengths, versions) = (vec![cached.len()], vec![cached.clone()]);
            }
            Step::Kill => {
                disk.kill();
                file = reopened(&mut disk);
            }
            Step::PowerLoss(loss) => {
                disk.lose_power(*loss);
                file = reopened(&mut disk);
                let content = file.read_all().unwrap();
                prop_assert!(lengths.contains(&content.len()), "length {} was never set", content.len());
                for (at, byte) in content.iter().enumerate() {
                    let allowed =
                        versions.iter().any(|version| version.get(at).copied().unwrap_or(0) == *byte);
                    prop_assert!(allowed, "byte {at} is {byte}, which it never was since the last sync");
                }
                if *loss == PowerLoss::HARSHEST {
                    prop_assert_eq!(&content, &versions[0]);
                }
                if *loss == PowerLoss::MILDEST {
                    prop_assert_eq!(&content, &cached);
                }
                cached = content;
                (lengths, versions) = (vec![cached.len()], vec![cached.clone()]);
            }
        }
        lengths.push(cached.len());
        versions.push(cached.clone());
        prop_assert_eq!(file.read_all().unwrap(), &cached[..]);
    }
    Ok(disk.trace())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_show_the_newest_and_a_power_loss_leaves_only_what_once_was(seed: u64, steps in steps()) {
        run(seed, &steps)?;
    }

    #[test]
    fn one_seed_gives_one_outcome(seed: u64, steps in steps()) {
        prop_assert_eq!(run(seed, &steps)?, run(seed, &steps)?);
    }
}
