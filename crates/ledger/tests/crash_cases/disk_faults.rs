//! Disks that say no: full, read-only, failing. The ledger stops for good and says why; whoever waits
//! is told; what was acknowledged is there after the restart.

use ledger::RecordError;
use testkit::disk::{Call, Calls, Failure, Fault};
use testkit::ledger_log::Installation;

use crate::{causes, check_clean, refusal};

const READ_ONLY: &str = "Read-only file system";
const NO_SPACE: &str = "No space left on device";
const IO_ERROR: &str = "Input/output error";

/// A running ledger meets a fault at its next call of one kind. It stops, and says what it was doing
/// to which file and why; the ticket and everybody who comes later hear the same. The next life has
/// all that was acknowledged, and goes on.
fn check_stop(call: Call, failure: Failure, action: &str, cause: &str) {
    let mut installation = Installation::new(1);
    // A little more is set aside than a group takes, so that every kind of call comes up.
    installation.options.reserve_bytes = 600;
    installation.start().unwrap();
    installation.append(1, 2).unwrap();
    installation.disk.plan(Fault { calls: Calls::Only(call), nth: 1, failure });

    let mut ticket = installation.hand_over(1, 2).unwrap();
    let mut behind = installation.hand_over(1, 1).unwrap();
    let stopped = installation.write().unwrap_err();
    let (name, _) = installation.newest();
    assert_eq!(causes(&stopped), format!("the ledger stopped: cannot {action} /simulated/{name}: {cause}"));
    for ticket in [&mut ticket, &mut behind] {
        let error = ticket.try_durable().unwrap().unwrap_err();
        assert!(matches!(error, RecordError::Stopped(_)), "{error}");
        assert!(causes(&error).contains(cause), "{error}");
    }
    // Nothing is tried again, nothing more is taken.
    assert_eq!(installation.ledger().stopped().unwrap().file(), stopped.file());
    assert!(matches!(installation.write(), Err(again) if again.file() == stopped.file()));
    assert!(matches!(installation.hand_over(1, 1), Err(RecordError::Stopped(_))));
    assert!(installation.ledger().try_lease(testkit::ledger_log::lead_id(9)).is_err());
    assert_eq!(installation.seen(), [1, 2], "readers go on, and see what is durable");

    installation.disk.set_read_only(false);
    installation.start().unwrap();
    assert!(installation.seen().starts_with(&[1, 2]));
    installation.append(2, 1).unwrap();
    check_clean(&installation);
}

#[test]
fn an_io_error_on_write_stops_the_ledger() {
    check_stop(Call::Write, Failure::Eio, "write", &format!("{IO_ERROR} (os error 5)"));
}

#[test]
fn an_io_error_on_sync_stops_the_ledger() {
    check_stop(Call::Sync, Failure::Eio, "sync", &format!("{IO_ERROR} (os error 5)"));
}

#[test]
fn an_io_error_on_reserving_space_stops_the_ledger() {
    check_stop(Call::Reserve, Failure::Eio, "reserve space in", &format!("{IO_ERROR} (os error 5)"));
}

#[test]
fn no_space_on_reserve_stops_the_ledger() {
    check_stop(Call::Reserve, Failure::Enospc, "reserve space in", &format!("{NO_SPACE} (os error 28)"));
}

#[test]
fn no_space_on_write_stops_the_ledger() {
    check_stop(Call::Write, Failure::Enospc, "write", &format!("{NO_SPACE} (os error 28)"));
}

#[test]
fn a_disk_that_turns_read_only_stops_the_ledger() {
    check_stop(Call::Write, Failure::ReadOnly, "write", &format!("{READ_ONLY} (os error 30)"));
}

/// The disk fills up under a ledger. Every ticket is answered, acknowledged or not; once there is
/// space again, the restart has everything acknowledged, and as long as there is none, it can at
/// least be read.
#[test]
fn a_disk_that_fills_up() {
    let mut installation = Installation::started(1);
    installation.options.hot_bytes_max = 40_000;
    installation.options.reserve_bytes = 4_096;
    installation.start().unwrap();
    installation.disk.set_capacity(Some(100_000));
    let mut acknowledged = Vec::new();
    let error = loop {
        let next = acknowledged.len() as u32 * 2 + 1;
        match installation.append(1 + (acknowledged.len() % 7) as u8, 2) {
            Ok(_) => acknowledged.push(next),
            Err(error) => break error,
        }
    };
    assert!(acknowledged.len() > 50);
    let why = causes(&error);
    assert!(why.contains("cannot reserve space in /simulated/") && why.contains(NO_SPACE), "{why}");
    let all: Vec<u32> = acknowledged.iter().flat_map(|first| [*first, first + 1]).collect();

    // On the full disk: it starts, since a start needs no more space, and all can be read.
    installation.start().unwrap();
    assert_eq!(installation.seen(), all);

    installation.disk.set_capacity(None);
    installation.start().unwrap();
    assert_eq!(installation.seen(), all);
    installation.append(1, 1).unwrap();
    check_clean(&installation);
}

/// The disk is full when a lead needs a key: the vault is named.
#[test]
fn no_space_for_a_new_key() {
    let mut installation = Installation::started(1);
    installation.append(1, 1).unwrap();
    installation.options.vault_block_slots = 64;
    installation.start().unwrap();
    installation.disk.plan(Fault { calls: Calls::Only(Call::Write), nth: 1, failure: Failure::Enospc });
    let error = installation.hand_over(2, 1).unwrap_err();
    assert!(matches!(error, RecordError::Stopped(_)));
    let why = causes(&error);
    assert!(why.contains("cannot write /simulated/vault") && why.contains(NO_SPACE), "{why}");
    installation.start().unwrap();
    assert_eq!(installation.seen(), [1]);
    installation.append(2, 1).unwrap();
    check_clean(&installation);
}

/// The data directory is mounted read-only, by mistake or because the file system found errors. The
/// message names the file and says so.
#[test]
fn a_read_only_mount() {
    let mut installation = Installation::started(1);
    installation.append(1, 1).unwrap();
    installation.disk.set_read_only(true);
    let (name, _) = installation.newest();
    let why = refusal(&mut installation);
    assert!(why.contains(&format!("/simulated/{name}")) && why.contains(READ_ONLY), "{why}");
    assert!(installation.verify().is_clean(), "verify only reads");
    installation.disk.set_read_only(false);
    installation.start().unwrap();
    assert_eq!(installation.seen(), [1]);

    let mut new = Installation::new(2);
    new.disk.set_read_only(true);
    let why = refusal(&mut new);
    assert!(why.contains("/simulated/keks.new") && why.contains(READ_ONLY), "{why}");
}

/// The same through the operating system: a disk opened for reading only refuses every write, and
/// says so in words.
#[test]
fn a_real_directory_that_is_opened_for_reading() {
    use ledger::{Access, Disk, RealDisk};
    let directory = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(directory.path(), Access::Read).unwrap();
    for error in [disk.create("a").err(), disk.remove("a").err(), disk.sync_directory().err()] {
        assert_eq!(error.unwrap().kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    }
}
