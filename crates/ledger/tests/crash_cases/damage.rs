//! Bits that turn over, and files that are gone. Acknowledged history is never repaired in silence:
//! the ledger refuses to start, and says where.

use ledger::OpenError;
use testkit::ledger_log::Installation;
use testkit::ledger_log::hot_file::{FILE_HEADER_BYTES, HotFile};

use crate::{check_clean, refusal};

/// Three hot files with one group each, and record 0.
fn three_files() -> Installation {
    let mut installation = Installation::new(1);
    installation.options.hot_bytes_max = 600;
    installation.start().unwrap();
    for chain in 1..=3 {
        installation.append(chain, 2).unwrap();
    }
    assert_eq!(installation.hot_files().len(), 3);
    check_clean(&installation);
    installation
}

/// A bit turns over in the middle of the only hot file. The batches behind it were written when it
/// was durable, which proves that it was: this is no torn end. The ledger names file and offset.
#[test]
fn a_flipped_bit_in_the_middle_of_a_hot_file() {
    let mut installation = Installation::started(1);
    for chain in 1..=3 {
        installation.append(chain, 1).unwrap();
    }
    let (name, file) = installation.newest();
    let whole = installation.disk.snapshot();
    for pair in file.frames.windows(2).take(3) {
        let (start, end) = (pair[0].0, pair[1].0);
        for at in start..end {
            installation.disk.restore(&whole);
            installation.disk.flip_bit(&name, at, (at % 8) as u8);
            let why = refusal(&mut installation);
            assert!(why.contains(&format!("{name} is damaged at offset {start}: ")), "byte {at}: {why}");
            let finding = &installation.verify().findings[0];
            assert_eq!((finding.path.ends_with(&name), finding.offset), (true, start));
        }
    }
    installation.disk.restore(&whole);
    installation.start().unwrap();
    assert_eq!(installation.seen(), [1, 2, 3], "nothing was repaired, nothing was lost");
}

/// The same in the last batch: nothing written later proves that it was durable, so it cannot be told
/// from a torn end. It is cut, as `docs/testing.md` says.
#[test]
fn a_flipped_bit_in_the_last_batch_cannot_be_told_from_a_tear() {
    let mut installation = Installation::started(1);
    installation.append(1, 1).unwrap();
    installation.append(1, 1).unwrap();
    let (name, file) = installation.newest();
    installation.disk.flip_bit(&name, file.frames[2].0 + 50, 0);
    installation.start().unwrap();
    assert_eq!(installation.seen(), [1]);
}

/// In a file that another one follows, everything is proven: the next file was begun when all before
/// it was durable.
#[test]
fn a_flipped_bit_in_the_last_frame_of_an_earlier_file() {
    let mut installation = three_files();
    let name = installation.hot_files()[1].clone();
    let file = HotFile::read(&installation.disk.content(&name)).unwrap();
    let (offset, _) = *file.frames.last().map(|(offset, frame)| (*offset, frame)).as_ref().unwrap();
    installation.disk.flip_bit(&name, file.end - 1, 7);
    let why = refusal(&mut installation);
    assert!(why.contains(&format!("{name} is damaged at offset {offset}: ")), "{why}");
}

/// The header of the newest file is destroyed. It was synced before any record was written behind
/// it, so the records prove that it was there.
#[test]
fn a_damaged_file_header_with_records_behind_it() {
    for which in 0..3 {
        let mut installation = three_files();
        let name = installation.hot_files()[which].clone();
        let whole = installation.disk.snapshot();
        for at in 0..48 {
            installation.disk.restore(&whole);
            installation.disk.flip_bit(&name, at, 0);
            let why = refusal(&mut installation);
            assert!(
                why.contains(&format!("{name} is damaged at offset 0: its header is not valid")),
                "{why}"
            );
            assert!(!installation.verify().is_clean());
        }
    }
}

/// A record with a right CRC and a header that no release ever wrote, as a fault of the program
/// could leave. The message once named the directory and not the file.
#[test]
fn a_record_that_does_not_read_as_one_is_named() {
    let mut installation = Installation::started(1);
    installation.append(1, 1).unwrap();
    let (name, file) = installation.newest();
    let (offset, mut frame) = file.frames[1].clone();
    frame.header.fill(b'x');
    installation.disk.overwrite(&name, offset, &frame.bytes(file.epoch, offset));
    let why = refusal(&mut installation);
    assert!(
        why.contains(&format!("the record at offset {offset} of /simulated/{name} cannot be read")),
        "{why}"
    );
}

/// Somebody cleans up, and deletes the hot files but not the vault. A ledger that took this for a
/// new installation would begin again at 0, over history that was acknowledged.
#[test]
fn hot_files_deleted_while_the_vault_was_used() {
    let mut installation = three_files();
    for name in installation.hot_files() {
        ledger::Disk::remove(&installation.disk, &name).unwrap();
    }
    assert!(matches!(installation.start(), Err(OpenError::FilesMissing { .. })));
    let why = refusal(&mut installation);
    assert!(why.contains("/simulated/ holds no records, yet a ledger was in use there"), "{why}");
    assert!(!installation.verify().is_clean());
}

/// One hot file is missing between two others.
#[test]
fn a_missing_middle_file() {
    let mut installation = three_files();
    let names = installation.hot_files();
    ledger::Disk::remove(&installation.disk, &names[1]).unwrap();
    let why = refusal(&mut installation);
    assert!(why.contains(&format!("{} is damaged at offset", names[0])), "{why}");
    assert!(why.contains("no valid record 3 is there, yet the next file begins with 5"), "{why}");
    assert!(!installation.verify().is_clean());
}

/// The oldest hot file is missing. The ledger started on the others once, with holes in every
/// timeline that reached back into it.
#[test]
fn a_missing_first_file() {
    let mut installation = three_files();
    let names = installation.hot_files();
    ledger::Disk::remove(&installation.disk, &names[0]).unwrap();
    let why = refusal(&mut installation);
    assert!(why.contains(&format!("{} is damaged", names[1])), "{why}");
    assert!(why.contains("it begins with seq 3, yet no file before it holds 0"), "{why}");
    assert!(!installation.verify().is_clean());
}

/// A file of another ledger is put among those of this one.
#[test]
fn a_file_of_another_ledger() {
    let mut installation = Installation::started(1);
    installation.append(1, 1).unwrap();
    let mut other = Installation::started(2);
    other.append(1, 1).unwrap();
    let (name, file) = other.newest();
    let content = other.disk.content(&name);
    installation.disk.overwrite(&name, 0, &content[..file.end as usize]);
    let why = refusal(&mut installation);
    assert!(why.contains("/simulated/vault is damaged: it belongs to another ledger"), "{why}");
}

/// The wrapped keys are damaged: no body can ever be read without them, so the file is named.
#[test]
fn a_damaged_file_of_keys() {
    let mut installation = Installation::started(1);
    installation.append(1, 1).unwrap();
    let whole = installation.disk.snapshot();
    for at in 0..installation.disk.content("keks").len() as u64 {
        installation.disk.restore(&whole);
        installation.disk.flip_bit("keks", at, 5);
        let why = refusal(&mut installation);
        assert!(why.contains("/simulated/keks is damaged: "), "byte {at}: {why}");
        assert!(!installation.verify().is_clean());
    }
}

/// The header of the vault is damaged, or one of its slots. A slot is read when somebody needs it,
/// and damage is an error, never the same as a person who was forgotten.
#[test]
fn a_damaged_vault() {
    let mut installation = Installation::started(1);
    installation.append(1, 1).unwrap();
    let whole = installation.disk.snapshot();
    for at in 0..32 {
        installation.disk.restore(&whole);
        installation.disk.flip_bit("vault", at, 5);
        let why = refusal(&mut installation);
        assert!(why.contains("/simulated/vault is damaged: "), "byte {at}: {why}");
    }
    for at in 64..64 + 60 {
        installation.disk.restore(&whole);
        installation.disk.flip_bit("vault", at, 5);
        installation.start().unwrap();
        let why = installation.ledger().reader().record(1).unwrap_err().to_string();
        assert!(why.contains("/simulated/vault is damaged: slot 1 "), "byte {at}: {why}");
        let why = installation.ledger().try_lease(testkit::ledger_log::lead_id(1)).unwrap_err().to_string();
        assert!(why.contains("/simulated/vault is damaged: slot 1 "), "byte {at}: {why}");
        let findings = installation.verify().findings;
        assert!(findings[0].what.contains("slot 1 "), "{findings:?}");
    }
}

/// The vault is an older one, from a backup: it ends before slots that records name. Its next slots
/// would be handed out a second time, and two leads would share a number that must serve one.
#[test]
fn a_vault_older_than_the_records() {
    let mut installation = Installation::new(1);
    installation.options.vault_block_slots = 1;
    installation.start().unwrap();
    installation.append(1, 1).unwrap();
    installation.append(2, 1).unwrap();
    let file = ledger::Disk::open(&installation.disk, "vault").unwrap();
    file.set_len((FILE_HEADER_BYTES + 64) as u64).unwrap();
    let why = refusal(&mut installation);
    assert!(
        why.contains("/simulated/vault is damaged: it ends after slot 1, yet a record uses slot 2"),
        "{why}"
    );
}

/// A file the ledger needs is gone.
#[test]
fn a_missing_vault_or_file_of_keys() {
    for name in ["vault", "keks"] {
        let mut installation = Installation::started(1);
        installation.append(1, 1).unwrap();
        ledger::Disk::remove(&installation.disk, name).unwrap();
        let why = refusal(&mut installation);
        assert!(why.contains(&format!("cannot open /simulated/{name}")), "{why}");
    }
}
