//! The rows of hot files that others follow are kept beside them, so that a start need not read those
//! files. They are derived: without them, and with any that do not fit, a start sees the same.

use testkit::ledger_log::Installation;
use testkit::ledger_log::hot_file::HotFile;

use crate::{causes, check_clean, refusal};

/// Six hot files with chains that go on over several of them, rows kept.
fn rows_kept() -> Installation {
    let mut installation = Installation::new(1);
    installation.options.hot_bytes_max = 1200;
    installation.start().unwrap();
    for round in 0..5 {
        for chain in 1..=3 {
            installation.append(chain, 1 + round % 2).unwrap();
        }
    }
    installation.keep_rows();
    let (hot, rows) = (installation.hot_files(), installation.rows_files());
    assert!(hot.len() >= 5, "{hot:?}");
    let beside = |name: &String| name.replace(".hot", ".rows");
    assert_eq!(rows, hot[..hot.len() - 1].iter().map(beside).collect::<Vec<_>>(), "all but the newest");
    installation
}

/// All that a reader tells, and what a chain goes on from.
fn told(installation: &mut Installation) -> String {
    let seen = installation.seen();
    let reader = installation.ledger().reader();
    let chains: Vec<_> = (1..=3).map(|chain| reader.chain(testkit::ledger_log::lead_id(chain))).collect();
    format!("{seen:?} {chains:?} {:?}", installation.ledger().vitals().next_seq)
}

#[test]
fn a_start_with_kept_rows_sees_what_one_without_them_sees() {
    let mut installation = rows_kept();
    let before = told(&mut installation);
    let whole = installation.disk.snapshot();
    installation.start().unwrap();
    assert_eq!(told(&mut installation), before);
    installation.append(2, 1).unwrap();
    check_clean(&installation);

    installation.disk.restore(&whole);
    for name in installation.rows_files() {
        ledger::Disk::remove(&installation.disk, &name).unwrap();
    }
    installation.start().unwrap();
    assert_eq!(told(&mut installation), before);
}

/// A start takes a file with kept rows on trust, but not for long: it is read again behind the start, and
/// what is damaged stops the ledger, with file and offset. Without rows, the start itself refuses.
#[test]
fn damage_in_a_file_with_kept_rows_stops_the_ledger_after_the_start() {
    let mut installation = rows_kept();
    let name = installation.hot_files()[1].clone();
    let file = HotFile::read(&installation.disk.content(&name)).unwrap();
    let (offset, _) = file.frames[0];
    installation.disk.flip_bit(&name, offset + 60, 3);
    installation.start().unwrap();
    assert!(installation.ledger().stopped().is_none());
    installation.keep_rows();
    let stopped = causes(&installation.ledger().stopped().unwrap());
    assert!(stopped.contains(&format!("{name} is damaged at offset {offset}: ")), "{stopped}");

    for rows in installation.rows_files() {
        ledger::Disk::remove(&installation.disk, &rows).unwrap();
    }
    let why = refusal(&mut installation);
    assert!(why.contains(&format!("{name} is damaged at offset {offset}: ")), "{why}");
}

/// What a start does look at in a file it does not read: its header, and that its last record stands where
/// the rows say. Cut short or begun wrongly, it is read, and refused.
#[test]
fn a_file_that_is_cut_or_has_no_header_is_refused_at_the_start_in_spite_of_its_rows() {
    let mut installation = rows_kept();
    let name = installation.hot_files()[1].clone();
    let whole = installation.disk.snapshot();
    let len = installation.disk.content(&name).len() as u64;
    for cut in [0, 30, 64, 100, len - 1] {
        installation.disk.restore(&whole);
        ledger::Disk::open(&installation.disk, &name).unwrap().set_len(cut).unwrap();
        let why = refusal(&mut installation);
        assert!(why.contains(&format!("{name} is damaged at offset ")), "{cut}: {why}");
    }
    for at in [0, 20, 30, len - 3] {
        installation.disk.restore(&whole);
        installation.disk.flip_bit(&name, at, 1);
        let why = refusal(&mut installation);
        assert!(why.contains(&format!("{name} is damaged at offset ")), "{at}: {why}");
    }
}

/// Rows that were cut short, that lost a bit, or that are another file's are passed over.
#[test]
fn rows_that_do_not_fit_are_passed_over() {
    let mut installation = rows_kept();
    let before = told(&mut installation);
    let whole = installation.disk.snapshot();
    let names = installation.rows_files();
    let content = installation.disk.content(&names[1]);
    for at in (0..content.len()).step_by(7) {
        installation.disk.restore(&whole);
        installation.disk.flip_bit(&names[1], at as u64, (at % 8) as u8);
        installation.start().unwrap();
        assert_eq!(told(&mut installation), before, "a bit of byte {at}");
        installation.keep_rows();
        assert!(installation.ledger().stopped().is_none(), "a bit of byte {at}");
        assert_eq!(installation.disk.content(&names[1]), content, "they are made anew");
    }
    for cut in (0..content.len()).step_by(11) {
        installation.disk.restore(&whole);
        ledger::Disk::open(&installation.disk, &names[1]).unwrap().set_len(cut as u64).unwrap();
        installation.start().unwrap();
        assert_eq!(told(&mut installation), before, "cut to {cut} bytes");
    }
    installation.disk.restore(&whole);
    ledger::Disk::rename(&installation.disk, &names[2], &names[1]).unwrap();
    installation.start().unwrap();
    assert_eq!(told(&mut installation), before, "another file's");
}

/// Rows that somebody altered with care, so that they read well and lie: the check behind the start
/// notices, removes all that are kept, and stops the ledger; the next start reads the files.
#[test]
fn rows_that_lie_are_found_out() {
    let mut installation = rows_kept();
    let before = told(&mut installation);
    let name = installation.rows_files()[1].clone();
    let mut content = installation.disk.content(&name);
    let word = b"source.submitted";
    let at = content.windows(word.len()).position(|window| window == word).unwrap();
    content[at] = b'S';
    let crc = crc32c::crc32c(&content[16..]).to_le_bytes();
    content[12..16].copy_from_slice(&crc);
    installation.disk.overwrite(&name, 0, &content);

    installation.start().unwrap();
    installation.keep_rows();
    let stopped = causes(&installation.ledger().stopped().unwrap());
    assert!(stopped.contains("all files of that kind are removed now, start again"), "{stopped}");
    assert!(installation.rows_files().is_empty());
    installation.start().unwrap();
    assert_eq!(told(&mut installation), before);
}

/// Rows are kept so that a start is quick; a disk that is full, or that fails, takes nothing but that.
#[test]
fn a_disk_that_is_full_takes_the_rows_and_nothing_else() {
    let mut installation = rows_kept();
    for name in installation.rows_files() {
        ledger::Disk::remove(&installation.disk, &name).unwrap();
    }
    let before = told(&mut installation);
    installation.disk.set_capacity(Some(0));
    installation.keep_rows();
    assert!(installation.ledger().stopped().is_none());
    installation.disk.set_capacity(None);
    installation.start().unwrap();
    assert_eq!(told(&mut installation), before);
}
