//! Every defence of the ledger can be taken away, and its loss is noticed: by seeded histories where
//! one can show it, by a planted case where none can.

use std::ops::Range;

use ledger::{Defence, Defences};
use testkit::disk::DiskDefence;
use testkit::histories::{Broken, History};
use testkit::ledger_log::hot_file::{FILE_HEADER_BYTES, Frame};
use testkit::ledger_log::{Installation, Missing, play};

/// Some history with a seed below this one notices.
const SEEDS_MAX: u64 = 1_000;

fn first_failure(missing: Missing) -> Option<(u64, Broken)> {
    (0..SEEDS_MAX).find_map(|seed| {
        let failed = play(&History::draw(seed), Some(missing)).err()?;
        Some((seed, failed.broken))
    })
}

#[test]
fn histories_notice_the_loss_of_a_defence() {
    for missing in [
        Missing::Disk(DiskDefence::SyncData),
        Missing::Disk(DiskDefence::SyncDirectory),
        Missing::Disk(DiskDefence::Truncation),
        Missing::Log(Defence::Crc),
        Missing::Log(Defence::GroupFlag),
        Missing::Log(Defence::SyncBeforeNextBatch),
        Missing::Log(Defence::AnswersAfterSync),
        Missing::Log(Defence::RecoverySyncs),
        Missing::Log(Defence::RecoveryRewrites),
        Missing::Log(Defence::SlotsAreBurnt),
    ] {
        let (seed, broken) = first_failure(missing)
            .unwrap_or_else(|| panic!("no history below {SEEDS_MAX} notices the loss of {missing:?}"));
        println!("without {missing:?}: seed {seed}: {broken}");
        if let Err(failed) = play(&History::draw(seed), None) {
            panic!("the seed {seed} fails with all defences on: {failed}");
        }
    }
}

/// No history turns a bit over, so the case is planted: the disk gives back one wrong bit in the
/// first of three acknowledged batches. The later ones prove that it was durable. A ledger that took
/// the bad frame for a torn end would cut all three off, and start.
#[test]
fn without_refusing_damage_acknowledged_records_vanish_in_silence() {
    let started_after_a_flip = |defences| {
        let mut installation = Installation::started(1).without(defences);
        installation.append(1, 1).unwrap();
        installation.append(1, 1).unwrap();
        installation.append(1, 1).unwrap();
        let (name, file) = installation.newest();
        installation.disk.flip_bit(&name, file.frames[1].0 + 100, 3);
        installation.start().map(|()| installation.seen())
    };
    let error = started_after_a_flip(Defences::ALL).unwrap_err();
    assert!(error.to_string().contains("is damaged at offset"), "{error}");
    let seen = started_after_a_flip(Defences::without(Defence::DamageIsRefused)).unwrap();
    assert_eq!(seen, [0_u32; 0], "nothing is left of three acknowledged records");
}

/// Nothing a history does puts an old frame exactly where it would continue a log, so the case is
/// planted: an installation is wiped and made anew on the same disk. Its new hot file gets blocks of
/// the old one, and after a power loss space that was reserved shows what stood there. The old file
/// was laid out alike, so behind record 1 of the new ledger stands record 2 of the old one: whole,
/// with the seq that comes next.
#[test]
fn without_the_place_in_the_crc_records_of_another_life_are_taken_in() {
    let next_seq_after_recycling = |defences| {
        let mut old = Installation::new(1).without(defences);
        old.start().unwrap();
        old.append(1, 1).unwrap();
        old.append(2, 1).unwrap();
        let name = old.newest().0;
        let content = old.disk.content(&name);
        let record_2 = frames(&content).pop().unwrap();

        let mut new = Installation::new(2).without(defences);
        new.start().unwrap();
        new.append(1, 1).unwrap();
        let end = frames(&new.disk.content(&name)).pop().unwrap().end;
        assert_eq!(end, record_2.start, "both are laid out alike");
        new.disk.overwrite(&name, end as u64, &content[record_2]);
        new.start().unwrap();
        new.ledger().reader().next_seq()
    };
    assert_eq!(next_seq_after_recycling(Defences::ALL), 2);
    assert_eq!(next_seq_after_recycling(Defences::without(Defence::CrcCoversPlace)), 3);
}

/// Where the frames of a hot file lie, whatever their CRCs cover.
fn frames(content: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = FILE_HEADER_BYTES;
    while let Some((_, len)) = Frame::read(&content[at..]) {
        ranges.push(at..at + len);
        at += len;
    }
    ranges
}
