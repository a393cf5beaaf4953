//! Power losses and killed processes.

use ledger::{Defence, Defences};
use testkit::disk::{Call, Calls, DiskDefence, Failure, Fault, PowerLoss, SECTOR_BYTES};
use testkit::ledger_log::Installation;

use crate::check_clean;

const SEEDS: std::ops::Range<u64> = 0..40;

/// Takes bytes of the newest hot file back to what they were before they were written.
fn unwrite(installation: &Installation, range: std::ops::Range<u64>) {
    let (name, _) = installation.newest();
    let zeros = vec![0; usize::try_from(range.end - range.start).unwrap()];
    installation.disk.overwrite(&name, range.start, &zeros);
}

/// A power loss leaves the second frame of an unsynced batch and not the first. The ledger starts
/// before both, and writes a record of exactly the length of the lost one. Then the power goes
/// again. The frame that had survived would continue the log perfectly: right place, right seq, right
/// CRC. It was never acknowledged and no start has shown it, so it must not come back.
#[test]
fn two_crashes_in_a_row_with_a_replacement_of_equal_length() {
    let seen_at_last = |missing: Option<DiskDefence>| {
        let mut installation = Installation::started(1);
        installation.append(1, 1).unwrap();
        let _lost = installation.hand_over(1, 1).unwrap();
        let _survived = installation.hand_over(2, 1).unwrap();
        assert_eq!(installation.write().unwrap(), 2);
        let (_, file) = installation.newest();
        unwrite(&installation, file.frames[2].0..file.frames[3].0);
        if let Some(missing) = missing {
            installation.disk.take_away(missing);
        }
        installation.start().unwrap();
        assert_eq!(installation.seen(), [1]);

        installation.append(1, 1).unwrap();
        let (_, replaced) = installation.newest();
        assert_eq!(replaced.frames[2].1.bytes(0, 0).len() as u64, file.frames[3].0 - file.frames[2].0);
        installation.disk.lose_power(PowerLoss::HARSHEST);
        installation.start().unwrap();
        installation.seen()
    };
    assert_eq!(seen_at_last(None), [1, 4]);
    assert_eq!(seen_at_last(Some(DiskDefence::Truncation)), [1, 4, 3], "the planted case is a case");
}

/// The power goes while the last frame is written, and the disk keeps any number of its first bytes.
/// The start cuts them off and shows what came before.
#[test]
fn a_last_frame_torn_at_every_byte() {
    let mut installation = Installation::started(1);
    installation.append(1, 2).unwrap();
    installation.append(2, 1).unwrap();
    let (name, file) = installation.newest();
    let (start, end) = (file.frames[3].0, file.end);
    let whole = installation.disk.snapshot();
    for cut in start..end {
        installation.disk.restore(&whole);
        unwrite(&installation, cut..end);
        let torn_bytes = installation.verify().torn_bytes;
        assert!(installation.verify().is_clean() && torn_bytes <= cut - start, "cut at {cut}");
        if installation.disk.content(&name)[cut as usize - 1] != 0 {
            assert_eq!(torn_bytes, cut - start);
        }
        installation.start().unwrap();
        assert_eq!(installation.seen(), [1, 2], "cut at {cut}");
        check_clean(&installation);
        if cut % 50 == 0 {
            assert_eq!(installation.append(2, 1).unwrap().first_seq, 3);
            check_clean(&installation);
        }
    }
}

/// Of a group of three, the power loss leaves one frame, or two, whole and valid. Half an append
/// never happened: none of the three is there.
#[test]
fn a_group_cut_in_the_middle_vanishes_whole() {
    for kept in 1..3 {
        let seen_after_cut = |defences| {
            let mut installation = Installation::started(1).without(defences);
            installation.append(1, 1).unwrap();
            installation.append(2, 3).unwrap();
            let (_, file) = installation.newest();
            unwrite(&installation, file.frames[2 + kept].0..file.end);
            installation.start().unwrap();
            installation.seen()
        };
        assert_eq!(seen_after_cut(Defences::ALL), [1]);
        assert_eq!(seen_after_cut(Defences::without(Defence::GroupFlag)).len(), 1 + kept);
    }
}

/// A disk writes sectors in any order. When the power goes before the sync, later sectors of a batch
/// may be there and earlier ones not. Nothing of that batch was acknowledged, so this is a tear like
/// any other, and a ledger that took it for damage would refuse to start after an ordinary crash.
#[test]
fn later_sectors_of_an_unsynced_batch_without_earlier_ones() {
    let mut installation = Installation::started(1);
    installation.content_bytes = 700;
    installation.append(1, 1).unwrap();
    let batch = [1, 2, 3, 4].map(|chain| installation.hand_over(chain, 1).unwrap());
    assert_eq!(installation.write().unwrap(), batch.len());
    let (_, file) = installation.newest();
    let (start, end) = (file.frames[2].0, file.end);
    let whole = installation.disk.snapshot();
    let sector_bytes = SECTOR_BYTES as u64;
    for first in start / sector_bytes..=end / sector_bytes {
        installation.disk.restore(&whole);
        let sector = first * sector_bytes..(first + 1) * sector_bytes;
        let lost = sector.start.max(start)..sector.end.min(end);
        if lost.is_empty() {
            continue;
        }
        unwrite(&installation, lost.clone());
        installation.start().unwrap();
        let kept = file.frames.windows(2).skip(1).take_while(|pair| pair[1].0 <= lost.start).count();
        assert_eq!(installation.seen(), (1..=kept as u32).collect::<Vec<_>>(), "lost {lost:?}");
        check_clean(&installation);
    }
}

/// The process is killed between writing and syncing. What it wrote is in the cache of the system, so
/// the next life finds and serves it, though no sync ever covered it. Then the power goes.
#[test]
fn what_is_served_after_a_kill_survives_the_power_loss_that_follows() {
    let mut lost_without_sync = 0;
    for seed in SEEDS {
        let seen_before_and_after = |defences| {
            let mut installation = Installation::started(seed).without(defences);
            installation.append(1, 1).unwrap();
            let fault = Fault { calls: Calls::Only(Call::Sync), nth: 1, failure: Failure::Kill };
            let _ticket = installation.hand_over(1, 2).unwrap();
            installation.disk.plan(fault);
            installation.write().unwrap_err();
            installation.start().unwrap();
            let served = installation.seen();
            installation.disk.lose_power(PowerLoss::HARSHEST);
            installation.start().unwrap();
            (served, installation.seen())
        };
        let (served, left) = seen_before_and_after(Defences::ALL);
        assert_eq!(served, [1, 2, 3]);
        assert_eq!(left, served);
        let (served, left) = seen_before_and_after(Defences::without(Defence::RecoverySyncs));
        lost_without_sync += u32::from(served != left);
    }
    assert!(lost_without_sync > 0, "the planted case is a case");
}

/// A sync fails. Linux then calls the pages clean that never reached the disk: reads show them, and
/// no later sync writes them. The ledger stops; the next life reads the records from the cache and
/// serves them. Then the power goes ("fsyncgate", 2018).
#[test]
fn what_is_served_after_a_failed_sync_survives_the_power_loss_that_follows() {
    let mut lost_without_rewriting = 0;
    for seed in SEEDS {
        let seen_before_and_after = |defences| {
            let mut installation = Installation::started(seed).without(defences);
            installation.append(1, 1).unwrap();
            let fault = Fault { calls: Calls::Only(Call::Sync), nth: 1, failure: Failure::Eio };
            let mut ticket = installation.hand_over(1, 2).unwrap();
            installation.disk.plan(fault);
            installation.write().unwrap_err();
            assert!(ticket.try_durable().unwrap().is_err());
            installation.start().unwrap();
            let served = installation.seen();
            installation.disk.lose_power(PowerLoss::HARSHEST);
            installation.start().map(|()| (served, installation.seen()))
        };
        let (served, left) = seen_before_and_after(Defences::ALL).unwrap();
        assert_eq!(served, [1, 2, 3]);
        assert_eq!(left, served);
        let without = seen_before_and_after(Defences::without(Defence::RecoveryRewrites));
        lost_without_rewriting += u32::from(without.is_ok_and(|(served, left)| served != left));
    }
    assert!(lost_without_rewriting > 0, "the planted case is a case");
}

/// The power goes while a new hot file is begun: its name is there, its header is not. No record
/// was ever in it, so `verify` calls it unfinished, and the start takes it away. (`verify` called it
/// damage once, where the ledger started without a word.)
#[test]
fn a_hot_file_that_was_never_finished_is_no_damage() {
    let mut installation = Installation::new(1);
    installation.options.hot_bytes_max = 600;
    installation.start().unwrap();
    installation.append(1, 2).unwrap();
    installation.append(1, 2).unwrap();
    assert_eq!(installation.hot_files().len(), 2);
    let (name, file) = installation.newest();
    let headers = [0..64, 10..64, 30..40];
    for lost in headers {
        unwrite(&installation, file.frames[0].0..file.end);
        unwrite(&installation, lost);
        let report = installation.verify();
        assert!(report.is_clean() && report.torn_bytes > 0, "{report:?}");
        installation.start().unwrap();
        assert!(!installation.hot_files().contains(&name));
        assert_eq!(installation.seen(), [1, 2]);
        installation.append(1, 2).unwrap();
        check_clean(&installation);
    }
}
